/* Rule files become rules. */
#include "rules.h"

#include "condition.h"
#include "mistake.h"
#include "ruleline.h"

#include "capture/log.h"

#include <stdlib.h>

/* Includes in includes. */
#define DEPTH_MAX 16
/* For all files of one reading: an include in two files of two includes ...
 * would make ever more of them. */
#define FILES_MAX 1000
#define BYTES_MAX ((size_t)64 << 20)
/* Each is compiled, and asked about every answer. */
#define RULES_MAX 10000

/* A file that is being read, and the one that includes it. */
struct level {
	struct rulefile file;
	const struct level *outer; /* NULL: named by rules_read's caller */
	unsigned depth;
};

struct reading {
	struct rules *rules;
	struct mistakes mistakes;
	size_t files;
	size_t bytes;
	bool full; /* RULES_MAX is passed: nothing more is read */
};

/* Room for one more, in an array that grows by doubling. */
static void *grow(void *list, size_t count, size_t size)
{
	if (count & (count - 1))
		return list;
	return xreallocarray(list, count ? 2 * count : 1, size);
}

/* Takes what b owns. */
static struct slice keep_text(struct rules *r, struct buf *b)
{
	r->texts = grow(r->texts, r->text_count, sizeof *r->texts);
	r->texts[r->text_count++] = *b;
	*b = (struct buf){0};
	return buf_slice(&r->texts[r->text_count - 1]);
}

static void add_rule(struct reading *r, const struct rulefile *f,
		     struct ruleline *l)
{
	struct rules *rules = r->rules;
	l->rule.file = f->name;
	l->rule.line = f->number;
	if (l->value.data)
		l->rule.value = keep_text(rules, &l->value);
	rules->list = grow(rules->list, rules->count, sizeof *rules->list);
	rules->list[rules->count++] = l->rule;
	rules->has_targets |= l->rule.part == PART_TARGET;
}

static void fail(struct reading *r, const struct level *l, struct slice at,
		 struct buf *text)
{
	mistake_at(&r->mistakes, &l->file, at.data, buf_slice(text));
	buf_clear(text);
}

/* The name of an included file, as seen from where the program runs. With a
 * NUL. */
static struct buf included_path(const struct rulefile *from, struct slice name)
{
	struct buf path = {0};
	const uint8_t *slash = memrchr(from->name.data, '/', from->name.len);
	if (slash && name.data[0] != '/')
		buf_add(&path, slice_to(from->name,
					(size_t)(slash + 1 - from->name.data)));
	buf_add(&path, name);
	buf_add_byte(&path, 0);
	return path;
}

static bool is_open(const struct level *l, const struct rulefile *f)
{
	for (; l; l = l->outer)
		if (l->file.device == f->device && l->file.inode == f->inode)
			return true;
	return false;
}

/* Opens what path (which it takes, with its NUL) names; outer is NULL for what
 * rules_read was given. */
static bool level_open(struct reading *r, struct buf *path,
		       const struct level *outer, struct level *l,
		       struct buf *why)
{
	*l = (struct level){.outer = outer, .depth = 1};
	if (outer)
		l->depth = outer->depth + 1;
	struct slice name = keep_text(r->rules, path);
	if (l->depth > DEPTH_MAX) {
		buf_printf(why, "more than %d files deep", DEPTH_MAX);
		return false;
	}
	if (r->files++ >= FILES_MAX) {
		buf_printf(why, "more than %d files", FILES_MAX);
		return false;
	}
	if (!rulefile_open(&l->file, (const char *)name.data, outer, why))
		return false;
	r->bytes += l->file.bytes.len;
	if (is_open(outer, &l->file))
		buf_add_string(why, "includes itself");
	else if (r->bytes > BYTES_MAX)
		buf_printf(why, "all files together are larger than %zu MiB",
			   BYTES_MAX >> 20);
	if (why->len)
		rulefile_release(&l->file);
	return !why->len;
}

static void level_read(struct reading *r, struct level *l);

static void read_include(struct reading *r, const struct level *l,
			 struct slice name)
{
	struct level inner;
	struct buf why = {0}, text = {0};
	struct buf path = included_path(&l->file, name);
	if (level_open(r, &path, l, &inner, &why)) {
		level_read(r, &inner);
	} else {
		buf_add(&text, name);
		buf_add_string(&text, ": ");
		buf_add(&text, buf_slice(&why));
		fail(r, l, name, &text);
	}
	buf_release(&why);
	buf_release(&text);
}

static void take_rule(struct reading *r, const struct level *l,
		      struct ruleline *line)
{
	struct buf text = {0};
	if (r->rules->count < RULES_MAX) {
		add_rule(r, &l->file, line);
		return;
	}
	buf_printf(&text, "more than %d rules", RULES_MAX);
	fail(r, l, line->rule.text, &text);
	r->full = true;
	rule_release(&line->rule);
	buf_release(&line->value);
	buf_release(&text);
}

static void warn_swallowed(const struct rulefile *f, struct slice comment)
{
	unsigned line = 0;
	if (comment.data)
		line = rulefile_swallowed(f, comment.data);
	if (line)
		log_warn("%.*s:%u: this line belongs to the comment before it, "
			 "which ends with \"\\\"",
			 (int)f->name.len, (const char *)f->name.data, line);
}

static void read_line(struct reading *r, struct level *l)
{
	struct ruleline line;
	struct fault fault = {0};
	switch (ruleline_parse(l->file.line, &line, &fault)) {
	case RULELINE_NOTHING:
		break;
	case RULELINE_RULE:
		take_rule(r, l, &line);
		break;
	case RULELINE_INCLUDE:
		read_include(r, l, line.include);
		break;
	case RULELINE_FAULTY:
		fail(r, l, slice_from(l->file.line, fault.at), &fault.text);
		break;
	}
	warn_swallowed(&l->file, line.comment);
	buf_release(&fault.text);
}

/* Closes it as well. */
static void level_read(struct reading *r, struct level *l)
{
	while (!r->full && rulefile_next(&l->file))
		read_line(r, l);
	keep_text(r->rules, &l->file.text);
	rulefile_release(&l->file);
}

static void read_file(struct reading *r, const char *name)
{
	struct level l;
	struct buf why = {0}, path = {0};
	size_t rules = r->rules->count, mistakes = r->mistakes.count;
	buf_add_string(&path, name);
	buf_add_byte(&path, 0);
	if (!level_open(r, &path, NULL, &l, &why)) {
		mistake_in(&r->mistakes, name, buf_slice(&why));
		buf_release(&why);
		return;
	}
	level_read(r, &l);
	if (rules == r->rules->count && mistakes == r->mistakes.count)
		log_warn("%s: there is no rule in it", name);
}

struct rules *rules_read(const char *const paths[], size_t count,
			 struct slice zone)
{
	struct reading r = {.rules = xcalloc(1, sizeof *r.rules)};
	r.rules->zone = zone;
	for (size_t i = 0; i < count; i++)
		read_file(&r, paths[i]);
	mistakes_end(&r.mistakes);
	if (!r.mistakes.count)
		return r.rules;
	rules_free(r.rules);
	return NULL;
}

void rules_free(struct rules *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->count; i++)
		rule_release(&r->list[i]);
	for (size_t i = 0; i < r->text_count; i++)
		buf_release(&r->texts[i]);
	free(r->list);
	free(r->texts);
	free(r);
}

/* The next rule for targets from *at on; NULL at the end. */
static const struct rule *next_target(const struct rules *r, size_t *at)
{
	while (r && *at < r->count)
		if (r->list[(*at)++].part == PART_TARGET)
			return &r->list[*at - 1];
	return NULL;
}

/* A rule's text has its conditions in it. */
bool rules_same_targets(const struct rules *a, const struct rules *b)
{
	size_t i = 0, j = 0;
	const struct rule *x, *y;
	do {
		x = next_target(a, &i);
		y = next_target(b, &j);
		if (!x || !y)
			return x == y;
	} while (slice_equal(x->text, y->text) &&
		 slice_equal_nocase(a->zone, b->zone));
	return false;
}

/* Conditions on the type last, since it makes a difference which fails. */
static bool conditions_hold(const struct rule *r, struct matcher *m,
			    const struct subject *s, bool of_type)
{
	for (size_t i = 0; i < r->condition_count; i++) {
		const struct condition *c = &r->conditions[i];
		if ((c->key == CONDITION_TYPE) == of_type &&
		    !condition_holds(c, m, s))
			return false;
	}
	return true;
}

enum rule_fit rule_fits(const struct rule *r, struct matcher *m,
			const struct subject *s)
{
	if (!conditions_hold(r, m, s, false))
		return FIT_NO;
	return conditions_hold(r, m, s, true) ? FIT_YES : FIT_BUT_TYPE;
}
