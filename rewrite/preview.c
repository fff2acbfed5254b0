/* What rules change of a recording, shown without serving it. */
#include "preview.h"

#include "apply.h"
#include "sniff.h"
#include "unified.h"
#include "capture/visible.h"
#include "vouched.h"

#include "capture/log.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#define RULE_SHOWN 60 /* bytes of a rule in the summary */

/* What a rule did in the whole recording. */
struct deeds {
	uint64_t matches, answers, targets;
	uint64_t but_type, but_type_answers;
	size_t example; /* an exchange, for but_type */
	struct buf example_type;
};

struct preview {
	const struct recording *recording;
	const struct rules *rules;
	const struct preview_options *options;
	struct unified unified;
	struct matcher *m;
	struct digest_map *changed; /* NULL: not asked for yet */

	struct deeds *deeds;   /* one for each rule */
	struct tally *tallies; /* of the answer in hand */
	uint64_t answers, answers_changed, targets_changed;
	struct buf left; /* lines about answers left as recorded */
	bool titled;     /* the exchange in hand has its title */
	bool any;        /* some exchange had one */
};

/* ---- the exchange in hand ---- */

static void put_text(struct slice s)
{
	visible_print(stdout, s);
}

static void put_url(const struct exchange *e)
{
	struct buf b = {0};
	struct url url = exchange_url(e);
	url_print(&b, &url);
	put_text(buf_slice(&b));
	buf_release(&b);
}

/* The value of Content-Type; data NULL: none. */
static struct slice content_type(const struct exchange *e)
{
	struct message m;
	if (!e->response_head.len ||
	    http_response(e->response_head, exchange_method(e), &m) !=
		HTTP_DONE)
		return (struct slice){0};
	return http_field(m.fields, SLICE("Content-Type"));
}

static void put_exchange(const struct preview *p, size_t i)
{
	const struct exchange *e = &p->recording->exchanges[i];
	printf("#%zu ", i + 1);
	put_text(exchange_method(e));
	putchar(' ');
	put_url(e);
}

static void put_title(struct preview *p, size_t i)
{
	const struct exchange *e = &p->recording->exchanges[i];
	struct slice type = content_type(e);
	if (p->titled)
		return;
	p->titled = true;
	if (p->any)
		putchar('\n');
	p->any = true;
	unified_begin(&p->unified, COLOUR_TITLE);
	put_exchange(p, i);
	if (e->status)
		printf(" %u ", e->status);
	else
		fputs(" - ", stdout);
	put_text(type.len ? slice_trim(slice_to(type, slice_find(type, ';')))
			  : SLICE("-"));
	unified_end(&p->unified);
	putchar('\n');
}

static void put_place(const struct rule *r)
{
	put_text(r->file);
	printf(":%u", r->line);
}

static void put_times(uint64_t count)
{
	if (count > 1)
		printf("%llu times", (unsigned long long)count);
	else
		fputs("once", stdout);
}

/* ---- targets ---- */

/* Counts the target rules that have a part in what the target becomes. rules
 * is a beginning of them all, the longer by one each time. */
static void count_targets(struct preview *p, const struct subject *s)
{
	struct rules some = *p->rules;
	struct buf before = {0}, now = {0};
	const char *between = " (";
	buf_add(&before, s->target);
	for (size_t i = 0; i < p->rules->count; i++) {
		if (p->rules->list[i].part != PART_TARGET)
			continue;
		some.count = i + 1;
		buf_clear(&now);
		if (!apply_target(&some, p->m, s, &now))
			buf_add(&now, s->target);
		if (slice_equal(buf_slice(&before), buf_slice(&now)))
			continue;
		p->deeds[i].targets++;
		struct buf spare = before;
		before = now;
		now = spare;
		if (p->options->summary_only)
			continue;
		fputs(between, stdout);
		put_place(&p->rules->list[i]);
		between = ", ";
	}
	buf_release(&before);
	buf_release(&now);
}

static void preview_target(struct preview *p, size_t i)
{
	const struct exchange *e = &p->recording->exchanges[i];
	struct url url = exchange_url(e);
	struct subject s = {.method = exchange_method(e),
			    .host = url.host,
			    .target = url.target,
			    .https = url.https};
	struct buf target = {0};
	if (!apply_target(p->rules, p->m, &s, &target))
		return;
	p->targets_changed++;
	if (!p->options->summary_only) {
		put_title(p, i);
		fputs("target: ", stdout);
		put_text(s.target);
		fputs(" -> ", stdout);
		put_text(buf_slice(&target));
	}
	count_targets(p, &s);
	if (!p->options->summary_only)
		puts(")");
	buf_release(&target);
}

/* ---- answers ---- */

static const struct digest_map *find_changed(void *context)
{
	struct preview *p = context;
	if (!p->changed)
		p->changed = vouched_all(p->recording, p->rules);
	return p->changed;
}

/* The two lines that name the texts, then what differs. */
static void put_diff(struct preview *p, const struct exchange *e,
		     const char *part, struct slice old, struct slice new)
{
	static const struct {
		enum colour colour;
		const char *text;
	} names[] = {{COLOUR_BAD, "--- recorded"},
		     {COLOUR_GOOD, "+++ rewritten"}};
	size_t effort = DIFF_EFFORT;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		unified_begin(&p->unified, names[i].colour);
		printf("%s %s of ", names[i].text, part);
		put_url(e);
		unified_end(&p->unified);
		putchar('\n');
	}
	unified_print(&p->unified, old, new, &effort);
}

static void put_body(struct preview *p, const struct exchange *e,
		     const struct rewritten *w)
{
	struct buf text = {0};
	struct slice body = buf_slice(&w->body);
	if (charset_is_utf16(w->charset) &&
	    charset_decode(w->charset, body, &text))
		body = buf_slice(&text);
	if (!slice_equal(buf_slice(&w->plain), body))
		put_diff(p, e, "body", buf_slice(&w->plain), body);
	buf_release(&text);
}

static void put_changes(struct preview *p, size_t i, struct rewritten *w)
{
	const struct exchange *e = &p->recording->exchanges[i];
	put_title(p, i);
	put_text(buf_slice(&w->told));
	putchar('\n');
	dates_move(w->head.data, w->dates, w->date_count, time(NULL));
	if (w->head_changed)
		put_diff(p, e, "head", e->response_head, buf_slice(&w->head));
	if (w->body_changed)
		put_body(p, e, w);
}

/* An answer that a rule would have matched, were it not for its type. */
static void note_example(struct deeds *d, size_t i, const struct exchange *e,
			 const struct rewritten *w)
{
	struct buf scratch = {0};
	d->example = i;
	buf_add(&d->example_type,
		sniff_type(content_type(e), buf_slice(&w->plain), &scratch));
	buf_release(&scratch);
}

static void count_answer(struct preview *p, size_t i, const struct rewritten *w)
{
	for (size_t k = 0; k < p->rules->count; k++) {
		const struct tally *t = &p->tallies[k];
		struct deeds *d = &p->deeds[k];
		d->matches += t->matches;
		d->answers += t->matches > 0;
		if (t->but_type && !d->but_type)
			note_example(d, i, &p->recording->exchanges[i], w);
		d->but_type += t->but_type;
		d->but_type_answers += t->but_type > 0;
	}
}

static void note_left(struct preview *p, size_t i, const struct rewritten *w)
{
	const struct exchange *e = &p->recording->exchanges[i];
	struct url url = exchange_url(e);
	buf_printf(&p->left, "  #%zu ", i + 1);
	buf_add_escaped(&p->left, exchange_method(e));
	buf_add_byte(&p->left, ' ');
	struct buf text = {0};
	url_print(&text, &url);
	buf_add_escaped(&p->left, buf_slice(&text));
	buf_release(&text);
	buf_add_string(&p->left, ": ");
	buf_add_escaped(&p->left, buf_slice(&w->told));
	buf_add_byte(&p->left, '\n');
}

static void preview_answer(struct preview *p, size_t i)
{
	const struct exchange *e = &p->recording->exchanges[i];
	struct body_reader reader;
	struct original o = original_of(e, &reader);
	struct rewritten w = {.keep_plain = true};
	if (!o.head.len)
		return;
	o.changed = find_changed;
	o.changed_context = p;
	p->answers++;
	memset(p->tallies, 0, p->rules->count * sizeof *p->tallies);
	bool changed =
	    apply(p->rules, p->m, &o, p->options->shift_dates, p->tallies, &w);
	p->answers_changed += changed;
	count_answer(p, i, &w);
	if (changed && !p->options->summary_only)
		put_changes(p, i, &w);
	if (!changed && w.told.len)
		note_left(p, i, &w);
	rewritten_release(&w);
}

/* ---- the summary ---- */

static void put_heading(const struct preview *p, const char *text)
{
	unified_begin(&p->unified, COLOUR_TITLE);
	fputs(text, stdout);
	unified_end(&p->unified);
	putchar('\n');
}

static void put_rule(const struct rule *r)
{
	fputs("  ", stdout);
	put_place(r);
	fputs("  ", stdout);
}

/* The start of a rule's text, its blanks made few. */
static void put_start(struct slice text)
{
	struct buf start = {0};
	for (size_t i = 0; i < text.len && start.len <= RULE_SHOWN; i++) {
		bool blank = text.data[i] == ' ' || text.data[i] == '\t';
		bool again = !start.len || start.data[start.len - 1] == ' ';
		if (!blank || !again)
			buf_add_byte(&start, blank ? ' ' : text.data[i]);
	}
	size_t len = visible_back(buf_slice(&start), RULE_SHOWN);
	put_text(slice_to(buf_slice(&start), len));
	puts(start.len > len ? "\xe2\x80\xa6" : "");
	buf_release(&start);
}

static bool did_anything(const struct deeds *d)
{
	return d->matches || d->targets;
}

static void put_deeds(const struct deeds *d)
{
	if (d->matches) {
		put_times(d->matches);
		printf(" in %llu %s", (unsigned long long)d->answers,
		       d->answers == 1 ? "answer" : "answers");
	}
	if (d->targets)
		printf("%s%llu %s", d->matches ? ", " : "",
		       (unsigned long long)d->targets,
		       d->targets == 1 ? "target" : "targets");
	putchar('\n');
}

static void put_matched(const struct preview *p)
{
	bool any = false;
	for (size_t i = 0; i < p->rules->count; i++) {
		if (!did_anything(&p->deeds[i]))
			continue;
		if (!any)
			put_heading(p, "matched:");
		any = true;
		put_rule(&p->rules->list[i]);
		put_deeds(&p->deeds[i]);
	}
}

static void put_never_matched(const struct preview *p)
{
	bool any = false;
	for (size_t i = 0; i < p->rules->count; i++) {
		const struct rule *r = &p->rules->list[i];
		if (did_anything(&p->deeds[i]))
			continue;
		if (!any)
			put_heading(p, "never matched:");
		any = true;
		put_rule(r);
		put_start(r->text);
	}
}

static void put_but_type(const struct preview *p)
{
	bool any = false;
	for (size_t i = 0; i < p->rules->count; i++) {
		const struct deeds *d = &p->deeds[i];
		if (!d->but_type)
			continue;
		if (!any)
			put_heading(p,
				    "would match, were it not for the type:");
		any = true;
		put_rule(&p->rules->list[i]);
		put_times(d->but_type);
		printf(" in %llu %s, as ",
		       (unsigned long long)d->but_type_answers,
		       d->but_type_answers == 1 ? "answer" : "answers");
		put_exchange(p, d->example);
		fputs(" (", stdout);
		put_text(d->example_type.len ? buf_slice(&d->example_type)
					     : SLICE("no type"));
		puts(")");
	}
}

static void put_summary(const struct preview *p)
{
	if (p->any)
		putchar('\n');
	put_matched(p);
	put_never_matched(p);
	put_but_type(p);
	if (p->left.len) {
		put_heading(p, "left as recorded:");
		fwrite(p->left.data, 1, p->left.len, stdout);
	}
	printf("%llu of %llu answers changed, %llu of %zu targets\n",
	       (unsigned long long)p->answers_changed,
	       (unsigned long long)p->answers,
	       (unsigned long long)p->targets_changed, p->recording->count);
}

static void preview_release(struct preview *p)
{
	for (size_t i = 0; i < p->rules->count; i++)
		buf_release(&p->deeds[i].example_type);
	free(p->deeds);
	free(p->tallies);
	buf_release(&p->left);
	digest_map_free(p->changed);
	matcher_free(p->m);
}

int preview_print(const struct recording *r, const struct rules *rules,
		  const struct preview_options *options)
{
	struct preview p = {
	    .recording = r,
	    .rules = rules,
	    .options = options,
	    .unified = {.out = stdout,
			.colour = options->colour,
			.full = options->full},
	    .m = matcher_new(),
	    .deeds = xcalloc(rules->count, sizeof *p.deeds),
	    .tallies = xcalloc(rules->count, sizeof *p.tallies),
	};
	progress_phase(options->progress, "rewriting", NULL, r->count,
		       "exchanges");
	for (size_t i = 0; i < r->count && !ferror(stdout); i++) {
		p.titled = false;
		preview_target(&p, i);
		preview_answer(&p, i);
		progress_at(options->progress, i);
	}
	progress_end(options->progress);
	put_summary(&p);
	preview_release(&p);
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	log_warn("cannot write to standard output: %s", strerror(errno));
	return -1;
}
