/* What rules make of an exchange, as a diff in a report. */
#include "html_rewriter.h"

#include "rewrite/apply.h"
#include "rewrite/unified.h"
#include "rewrite/vouched.h"

#include <stdlib.h>
#include <time.h>

#define DIFF_MAX ((size_t)32 << 10) /* bytes of one diff */
#define DIFF_MIN ((size_t)4 << 10)
#define EFFORT_MAX (3 * DIFF_EFFORT) /* for all of them */

struct html_rewriter {
	const struct recording *recording;
	const struct rules *rules;
	bool shift_dates;
	struct matcher *m;
	struct digest_map *changed; /* NULL: not asked for yet */
	size_t effort;              /* that is left for diffs */
};

struct html_rewriter *html_rewriter_new(const struct recording *r,
					const struct rules *rules,
					bool shift_dates)
{
	struct html_rewriter *w = xcalloc(1, sizeof *w);
	w->recording = r;
	w->rules = rules;
	w->shift_dates = shift_dates;
	w->m = matcher_new();
	w->effort = EFFORT_MAX;
	return w;
}

void html_rewriter_free(struct html_rewriter *w)
{
	if (!w)
		return;
	matcher_free(w->m);
	digest_map_free(w->changed);
	free(w);
}

static const struct digest_map *find_changed(void *context)
{
	struct html_rewriter *w = context;
	if (!w->changed)
		w->changed = vouched_all(w->recording, w->rules);
	return w->changed;
}

/* ---- diffs ---- */

static const char *class_of(struct slice line)
{
	if (slice_starts(line, SLICE("@@")))
		return "at";
	if (line.data[0] == '-')
		return "del";
	if (line.data[0] == '+')
		return "ins";
	return NULL;
}

void html_add_diff(struct buf *out, struct slice diff)
{
	while (diff.len) {
		struct slice line = slice_to(diff, slice_find(diff, '\n'));
		const char *class = line.len ? class_of(line) : NULL;
		diff = slice_from(diff, line.len + 1);
		if (class)
			buf_printf(out, "<span class=\"%s\">", class);
		html_add(out, line);
		buf_add_string(out, class ? "</span>\n" : "\n");
	}
}

/* Into text of that size; returns how much. What is longer is left out: the
 * stream is full then, and nothing more is looked for. */
static size_t print_diff(struct html_rewriter *w, struct slice old,
			 struct slice new, char *text, size_t size, bool *cut)
{
	FILE *out = fmemopen(text, size, "w");
	size_t effort = w->effort < DIFF_EFFORT ? w->effort : DIFF_EFFORT;
	size_t left = effort;
	long len = 0;
	if (!out)
		return 0;
	setvbuf(out, NULL, _IONBF, 0);
	const struct unified u = {.out = out};
	unified_print(&u, old, new, &left);
	w->effort -= effort - left;
	*cut = ferror(out);
	len = ftell(out);
	fclose(out);
	return len > 0 ? (size_t)len : 0;
}

/* Few exchanges are rewritten: each may take a good part of what is left. */
static size_t diff_room(const struct page *p)
{
	size_t room = p->diffs / 8 > DIFF_MIN ? p->diffs / 8 : DIFF_MIN;
	room = room < DIFF_MAX ? room : DIFF_MAX;
	return room < p->diffs ? room : p->diffs;
}

static void put_diff(struct page *p, const char *part, struct slice old,
		     struct slice new)
{
	size_t room = diff_room(p);
	char *text = xmalloc(room + 1);
	bool cut = true;
	size_t len =
	    room ? print_diff(p->rewriter, old, new, text, room, &cut) : 0;
	size_t before = p->out.len;
	buf_printf(&p->out,
		   "<h5>%s, recorded and rewritten</h5>\n<pre class=\"diff\" "
		   "tabindex=\"0\">\n",
		   part);
	html_add_diff(&p->out, (struct slice){(const uint8_t *)text, len});
	buf_add_string(&p->out, "</pre>\n");
	if (cut)
		buf_printf(&p->out,
			   "<p class=\"note\">The first %zu bytes; <code>"
			   "rewrite</code> shows all that differs.</p>\n",
			   len);
	size_t used = p->out.len - before;
	p->diffs -= used < p->diffs ? used : p->diffs;
	free(text);
}

static void put_body(struct page *p, const struct rewritten *w)
{
	struct buf text = {0};
	struct slice body = buf_slice(&w->body);
	if (charset_is_utf16(w->charset) &&
	    charset_decode(w->charset, body, &text))
		body = buf_slice(&text);
	if (!slice_equal(buf_slice(&w->plain), body))
		put_diff(p, "Body", buf_slice(&w->plain), body);
	buf_release(&text);
}

/* ---- an exchange ---- */

static void put_heading(struct page *p, bool *any)
{
	if (!*any)
		buf_add_string(&p->out, "<h4>Rewritten by the rules</h4>\n");
	*any = true;
}

static void put_target(struct page *p, const struct exchange *e, bool *any)
{
	struct url url = exchange_url(e);
	struct subject s = {.method = exchange_method(e),
			    .host = url.host,
			    .target = url.target,
			    .https = url.https};
	struct buf target = {0};
	if (!apply_target(p->rewriter->rules, p->rewriter->m, &s, &target))
		return;
	put_heading(p, any);
	buf_add_string(&p->out, "<p>Target: <code class=\"u\">");
	html_add_clipped(&p->out, s.target, HTML_CLIPPED);
	buf_add_string(&p->out, "</code> \xe2\x86\x92 <code class=\"u\">");
	html_add_clipped(&p->out, buf_slice(&target), HTML_CLIPPED);
	buf_add_string(&p->out, "</code></p>\n");
	buf_release(&target);
}

static void put_answer(struct page *p, const struct exchange *e, bool *any)
{
	struct html_rewriter *h = p->rewriter;
	struct body_reader reader;
	struct original o = original_of(e, &reader);
	struct rewritten w = {.keep_plain = true};
	if (!o.head.len)
		return;
	o.changed = find_changed;
	o.changed_context = h;
	bool changed = apply(h->rules, h->m, &o, h->shift_dates, NULL, &w);
	if (changed || w.told.len) {
		put_heading(p, any);
		buf_add_string(&p->out,
			       changed ? "<p>" : "<p>Left as recorded: ");
		html_add_clipped(&p->out, buf_slice(&w.told), 1000);
		buf_add_string(&p->out, "</p>\n");
	}
	if (changed)
		dates_move(w.head.data, w.dates, w.date_count, time(NULL));
	if (w.head_changed)
		put_diff(p, "Head", e->response_head, buf_slice(&w.head));
	if (w.body_changed)
		put_body(p, &w);
	rewritten_release(&w);
}

void html_rewritten(struct page *p, uint32_t i)
{
	const struct exchange *e = &p->recording->exchanges[i];
	bool any = false;
	if (!p->rewriter)
		return;
	put_target(p, e, &any);
	put_answer(p, e, &any);
}
