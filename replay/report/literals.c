/* Links of recorded answers that lead to bare IP addresses. */
#include "literals.h"

#include "opened.h"

#include "rewrite/diff.h"
#include "rewrite/sniff.h"

#include "capture/log.h"

#include <stdlib.h>

#define SCHEME_MAX 10 /* bytes of a scheme that are told */

/* Where an address makes a link. The last group is the address, and what is
 * told begins with the first. */
static const struct kind {
	struct slice field; /* data NULL: any other, and the body */
	const char *text;
} kinds[] = {
    {{0}, "({link})({ip})"},
    {SLICE("Content-Security-Policy"),
     "(?:^|[\\s;,])((?:[a-z][a-z0-9+.-]*://)?({ip}))(?=[:/\\s;,]|$)"},
    {SLICE("Content-Security-Policy-Report-Only"),
     "(?:^|[\\s;,])((?:[a-z][a-z0-9+.-]*://)?({ip}))(?=[:/\\s;,]|$)"},
    {SLICE("Set-Cookie"), ";\\s*domain\\s*=\\s*(({ip}))"},
};
#define KINDS (sizeof kinds / sizeof *kinds)

struct literals {
	const struct rules *rules;
	struct matcher *m;
	struct pattern *patterns[KINDS];
};

/* One answer, or a text of it. */
struct search {
	struct literals *l;
	const struct literal_takers *takers;
	struct buf *trouble;
	struct slice type;
	/* To tell what the rules led elsewhere: only links inside what they
	 * changed count. NULL: all count, and are not steered. */
	const struct diff *changed;
};

struct literals *literals_new(const struct rules *rules)
{
	struct literals *l = xcalloc(1, sizeof *l);
	l->rules = rules;
	l->m = matcher_new();
	for (size_t i = 0; i < KINDS; i++) {
		struct fault fault = {0};
		l->patterns[i] = pattern_new(slice_of(kinds[i].text),
					     PATTERN_NOCASE, &fault);
		if (!l->patterns[i])
			log_fatal("%.*s", (int)fault.text.len,
				  (const char *)fault.text.data);
	}
	return l;
}

void literals_free(struct literals *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < KINDS; i++)
		pattern_free(l->patterns[i]);
	matcher_free(l->m);
	free(l);
}

static void tell(struct buf *trouble, const char *what)
{
	if (trouble->len)
		buf_add_string(trouble, "; ");
	buf_add_string(trouble, what);
}

/* ---- one text ---- */

/* A text that is searched: a body, or the value of a field, which begins at a
 * place of the head. */
struct subject_text {
	struct slice text;
	struct slice field;
	size_t place;
	const struct pattern *pattern;
};

static bool is_scheme(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') || c == '+' || c == '-' || c == '.';
}

static bool ends_link(uint8_t c)
{
	return c <= ' ' || c == '"' || c == '\'' || c == '<' || c == '>' ||
	       c == '`' || c == 0x7f;
}

/* What is told of a link, from before the address on. */
static struct slice link_text(struct slice text, size_t at, size_t address)
{
	size_t end = address;
	for (size_t n = 0; n < SCHEME_MAX && at > 0; n++) {
		if (!is_scheme(text.data[at - 1]))
			break;
		at--;
	}
	while (end < text.len && end - at < LITERAL_SHOWN &&
	       !ends_link(text.data[end]))
		end++;
	return slice_to(slice_from(text, at), end - at);
}

/* Whether a part of the text lies in what changed. *next is the first change
 * that does not lie before it, and moves on. */
static bool has_changed(const struct diff *d, size_t *next, size_t from,
			size_t to)
{
	while (*next < d->count &&
	       d->changes[*next].at + d->changes[*next].len <= from)
		++*next;
	return *next < d->count && d->changes[*next].at < to;
}

static void search_text(const struct search *s, const struct subject_text *t)
{
	struct literal found = {.type = s->type,
				.field = t->field,
				.line = t->field.data ? 0 : 1,
				.steered = s->changed};
	size_t counted = 0, next = 0, from = 0;
	while (from <= t->text.len) {
		enum pattern_result r =
		    pattern_find(t->pattern, s->l->m, t->text, from, false);
		if (r == PATTERN_LIMIT)
			tell(s->trouble, "not searched to its end");
		if (r != PATTERN_FOUND)
			return;
		struct slice first = matcher_group(s->l->m, 1);
		struct slice address = matcher_group(s->l->m, 2);
		size_t host = (size_t)(address.data - t->text.data);
		size_t at = (size_t)(first.data - t->text.data);
		from = host + address.len;
		if (s->changed &&
		    !has_changed(s->changed, &next, t->place + host,
				 t->place + from))
			continue;
		found.text = link_text(t->text, at, from);
		found.at = (size_t)(found.text.data - t->text.data);
		for (; !t->field.data && counted < found.at; counted++)
			found.line += t->text.data[counted] == '\n';
		s->takers->link(s->takers->context, &found);
	}
}

/* ---- heads ---- */

static const struct pattern *pattern_for(const struct literals *l,
					 struct slice name)
{
	for (size_t i = 1; i < KINDS; i++)
		if (slice_equal_nocase(kinds[i].field, name))
			return l->patterns[i];
	return l->patterns[0];
}

static void search_head(const struct search *s, struct slice head)
{
	struct slice lines = slice_from(head, slice_find(head, '\n') + 1);
	struct field f;
	while (http_field_next(&lines, &f)) {
		struct subject_text t = {
		    .text = f.value,
		    .field = f.name,
		    .place = (size_t)(f.value.data - head.data),
		    .pattern = pattern_for(s->l, f.name),
		};
		search_text(s, &t);
	}
}

static void search_body(const struct search *s, struct slice text)
{
	struct subject_text t = {.text = text, .pattern = s->l->patterns[0]};
	search_text(s, &t);
}

/* ---- what the rules changed ---- */

typedef void searcher(const struct search *s, struct slice text);

static void search_changed(const struct search *s, searcher *search,
			   struct slice recorded, struct slice rewritten)
{
	size_t effort = DIFF_EFFORT;
	struct diff changed;
	struct search before = *s;
	diff_find(&changed, recorded, rewritten, DIFF_WORDS, &effort);
	before.changed = &changed;
	search(&before, recorded);
	search(s, rewritten);
	diff_release(&changed);
}

/* ---- bodies as recorded ---- */

static void read_body(const struct exchange *e, struct opened *o,
		      struct buf *trouble)
{
	struct content *c = &o->content;
	struct slice type = http_field(opened_fields(e), SLICE("Content-Type"));
	struct buf scratch = {0};
	bool well =
	    opened_body(o, e, APPLY_BODY_MAX) && content_read(c, SIZE_MAX);
	if (well)
		well = content_convert(
		    c, type, sniff_type(type, buf_slice(&c->plain), &scratch));
	if (!well && e->response_body.len)
		content_trouble(c, trouble);
	buf_release(&scratch);
}

static void take_text(const struct search *s, struct slice text)
{
	if (s->takers->text)
		s->takers->text(s->takers->context, text);
}

/* The body that the rules made, and the one before them. */
static void search_rewritten(const struct search *s, const struct rewritten *w)
{
	struct buf text = {0};
	struct slice body = buf_slice(&w->body);
	take_text(s, buf_slice(&w->plain));
	if (charset_is_utf16(w->charset) &&
	    charset_decode(w->charset, body, &text))
		body = buf_slice(&text);
	search_changed(s, search_body, buf_slice(&w->plain), body);
	buf_release(&text);
}

static void search_recorded(struct search *s, const struct exchange *e)
{
	struct opened o;
	struct buf type = {0};
	read_body(e, &o, s->trouble);
	s->type =
	    sniff_type(http_field(opened_fields(e), SLICE("Content-Type")),
		       buf_slice(&o.content.plain), &type);
	take_text(s, content_text(&o.content));
	search_body(s, content_text(&o.content));
	content_release(&o.content);
	buf_release(&type);
}

void literals_find(struct literals *l, const struct exchange *e,
		   const struct literal_takers *takers, struct buf *trouble)
{
	struct slice declared =
	    http_field(opened_fields(e), SLICE("Content-Type"));
	struct body_reader reader;
	struct original o = original_of(e, &reader);
	struct rewritten w = {.keep_plain = true};
	struct buf type = {0};
	struct search s = {.l = l, .takers = takers, .trouble = trouble};
	if (l->rules && o.head.len)
		apply(l->rules, l->m, &o, false, NULL, &w);
	s.type = sniff_type(declared, buf_slice(&w.plain), &type);
	matcher_begin(l->m, APPLY_SECONDS);
	if (w.head_changed)
		search_changed(&s, search_head, o.head, buf_slice(&w.head));
	else
		search_head(&s, o.head);
	if (w.body_changed)
		search_rewritten(&s, &w);
	else
		search_recorded(&s, e);
	rewritten_release(&w);
	buf_release(&type);
}
