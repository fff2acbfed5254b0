/* Rules applied: to a request's target, and to an answer. */
#include "apply.h"

#include "sniff.h"
#include "told.h"
#include "work.h"

#include "capture/log.h"

#include <stdlib.h>

/* ---- targets ---- */

/* One rule, on what text holds. False if it ran into its limit. */
static bool target_rule(const struct rules *rules, const struct rule *r,
			struct matcher *m, struct buf *text)
{
	struct buf made = {0};
	size_t n = 1;
	enum pattern_result result = PATTERN_FOUND;
	switch (r->action) {
	case ACTION_SUBSTITUTE:
		result = substitute(&r->substitution, m, buf_slice(text),
				    rules->zone, &made, &n);
		break;
	case ACTION_SET:
		buf_add(&made, r->value);
		break;
	case ACTION_DELETE:
	case ACTION_SHIFT:
		n = 0;
		break;
	}
	if (result == PATTERN_LIMIT || !n) {
		buf_release(&made);
		return result != PATTERN_LIMIT;
	}
	buf_release(text);
	*text = made;
	return true;
}

bool apply_target(const struct rules *rules, struct matcher *m,
		  const struct subject *s, struct buf *out)
{
	struct buf text = {0};
	struct subject subject = *s;
	bool well = true;
	if (!rules || !rules->has_targets)
		return false;
	subject.status = 0;
	subject.type = (struct slice){0};
	matcher_begin(m, APPLY_TARGET_SECONDS);
	buf_add(&text, s->target);
	for (size_t i = 0; well && i < rules->count; i++) {
		const struct rule *r = &rules->list[i];
		if (r->part == PART_TARGET &&
		    rule_fits(r, m, &subject) != FIT_NO)
			well = target_rule(rules, r, m, &text);
	}
	bool changed = well && !slice_equal(buf_slice(&text), s->target);
	if (changed)
		buf_add(out, buf_slice(&text));
	buf_release(&text);
	return changed;
}

/* ---- answers ---- */

void work_refuse(struct work *w, const struct rule *r, const char *why,
		 struct slice what)
{
	what = slice_to(what, 64);
	if (w->noted != r)
		told_note(&w->notes, "%.*s:%u not applied, %s%s%.*s",
			  (int)r->file.len, (const char *)r->file.data, r->line,
			  why, what.len ? " " : "", (int)what.len,
			  what.len ? (const char *)what.data : "");
	w->noted = r;
}

/* Of several the last counts (Fetch 3.3.4). */
static struct slice last_value(const struct fields *f, struct slice name)
{
	size_t last = f->count;
	for (size_t i = fields_find(f, name, 0); i < f->count;
	     i = fields_find(f, name, i + 1))
		last = i;
	return fields_value(f, last);
}

static bool begin(struct work *w, struct buf *declared)
{
	const struct original *o = w->original;
	if (!fields_read(&w->fields, o->head, NULL, 0))
		return false;
	fields_list(&w->fields, SLICE("Content-Encoding"), &w->encoding);
	w->content_type = last_value(&w->fields, SLICE("Content-Type"));
	w->subject = (struct subject){.method = o->method,
				      .host = o->host,
				      .target = o->target,
				      .https = o->https,
				      .status = o->status};
	w->subject.type = sniff_declared(w->content_type, declared);
	if (w->rules)
		w->counts = xcalloc(w->rules->count, sizeof *w->counts);
	return true;
}

static void work_release(struct work *w)
{
	fields_release(&w->fields);
	free(w->counts);
	buf_release(&w->notes);
	buf_release(&w->encoding);
	buf_release(&w->type_text);
	content_release(&w->content);
	buf_release(&w->made);
}

static bool is_head_part(enum rule_part part)
{
	switch (part) {
	case PART_HEADER:
	case PART_STATUS:
	case PART_DATE:
		return true;
	case PART_BODY:
	case PART_TARGET:
		break;
	}
	return false;
}

static enum rule_fit fit_of(const struct work *w, const struct rule *r)
{
	struct subject s = w->subject;
	if (r->part == PART_BODY)
		s.type = w->type;
	return rule_fits(r, w->m, &s);
}

static bool head_rules(struct work *w)
{
	for (size_t i = 0; w->rules && i < w->rules->count; i++) {
		const struct rule *r = &w->rules->list[i];
		if (is_head_part(r->part) && fit_of(w, r) == FIT_YES &&
		    !work_head_rule(w, r, &w->counts[i]))
			return false;
	}
	return true;
}

static bool body_rules(struct work *w)
{
	for (size_t i = 0; w->rules && i < w->rules->count; i++) {
		const struct rule *r = &w->rules->list[i];
		if (r->part == PART_BODY && fit_of(w, r) == FIT_YES &&
		    !work_body_rule(w, r, &w->counts[i]))
			return false;
	}
	return true;
}

/* Last of all: their places must be right. */
static void date_rules(struct work *w, bool shift_all)
{
	if (w->original->dates_stay)
		return;
	for (size_t i = 0; w->rules && i < w->rules->count; i++) {
		const struct rule *r = &w->rules->list[i];
		if (r->part == PART_DATE && fit_of(w, r) == FIT_YES)
			w->counts[i] = work_shift(w, r->name);
	}
	uint32_t rest = shift_all ? work_shift(w, SLICE("*")) : 0;
	if (rest)
		told_note(&w->notes, "%u dates moved", rest);
}

/* Whether there is a body to work on, be it one that a new status brings. */
static bool has_body(const struct work *w, const struct rewritten *out)
{
	if (out->body_changed)
		return out->framing != HTTP_NO_BODY;
	return w->original->next;
}

/* False if a rule ran into its limit. */
static bool apply_all(struct work *w, bool shift_all, bool trial,
		      struct rewritten *out)
{
	if (!head_rules(w))
		return false;
	work_status(w, out);
	if (has_body(w, out))
		work_read(w, trial);
	if (w->has_text && !body_rules(w))
		return false;
	work_mend(w);
	if (w->has_text)
		work_body_out(w, out);
	date_rules(w, shift_all);
	return true;
}

/* The rule's count on a head that nobody keeps. */
static uint32_t head_trial(struct work *w, const struct rule *r,
			   struct slice head)
{
	struct work trial = {.rules = w->rules,
			     .m = w->m,
			     .original = w->original,
			     .subject = w->subject};
	uint32_t count = 0;
	if (!fields_read(&trial.fields, head, NULL, 0))
		return 0;
	if (r->part == PART_DATE)
		count = work_shift(&trial, r->name);
	else
		work_head_rule(&trial, r, &count);
	work_release(&trial);
	return count;
}

/* What rules would match, were it not for the type: last, with time of their
 * own, so that they change nothing. */
static void try_rules(struct work *w, struct slice head, struct tally *tallies)
{
	matcher_begin(w->m, APPLY_SECONDS);
	for (size_t i = 0; i < w->rules->count; i++) {
		const struct rule *r = &w->rules->list[i];
		if (fit_of(w, r) != FIT_BUT_TYPE)
			continue;
		if (is_head_part(r->part))
			tallies[i].but_type += head_trial(w, r, head);
		else if (r->part == PART_BODY && w->has_text)
			tallies[i].but_type += work_body_trial(w, r);
	}
}

static void tell_rules(const struct work *w, struct buf *told)
{
	const char *between = "";
	for (size_t i = 0; w->rules && i < w->rules->count; i++) {
		const struct rule *r = &w->rules->list[i];
		if (!w->counts[i])
			continue;
		buf_add_string(told, between);
		buf_add_escaped(told, r->file);
		buf_printf(told, ":%u", r->line);
		if (w->counts[i] > 1)
			buf_printf(told, " %ux", w->counts[i]);
		between = ", ";
	}
}

static void tell(const struct work *w, struct rewritten *out)
{
	if (out->head_changed || out->body_changed)
		tell_rules(w, &out->told);
	if (out->told.len && w->notes.len)
		buf_add_string(&out->told, "; ");
	buf_add(&out->told, buf_slice(&w->notes));
}

/* Once for each rule, whichever thread comes first. */
static void warn_of_limit(struct rule *r)
{
	if (!atomic_exchange(&r->warned, true))
		log_warn("%.*s:%u: ran into its limit: answers on which it "
			 "does are left as recorded",
			 (int)r->file.len, (const char *)r->file.data, r->line);
}

static void leave_as_recorded(struct work *w, struct rewritten *out)
{
	const struct rule *r = w->limit;
	bool keep_plain = out->keep_plain;
	rewritten_release(out);
	out->keep_plain = keep_plain;
	told_note(&out->told, "%.*s:%u ran into its limit: left as recorded",
		  (int)r->file.len, (const char *)r->file.data, r->line);
	warn_of_limit(&w->rules->list[r - w->rules->list]);
}

static void take_plain(struct work *w, struct rewritten *out)
{
	if (out->keep_plain && w->has_text)
		buf_add(&out->plain, content_text(&w->content));
}

static void take_head(struct work *w, struct rewritten *out)
{
	fields_write(&w->fields, &out->head, &out->dates, &out->date_count);
	out->head_changed =
	    out->date_count ||
	    !slice_equal(buf_slice(&out->head), w->original->head);
}

static void count(struct work *w, struct slice head, struct tally *tallies)
{
	if (!tallies || !w->rules)
		return;
	for (size_t i = 0; i < w->rules->count; i++)
		tallies[i].matches += w->counts[i];
	try_rules(w, head, tallies);
}

bool apply(const struct rules *rules, struct matcher *m,
	   const struct original *o, bool shift_all, struct tally *tallies,
	   struct rewritten *out)
{
	struct work w = {.rules = rules, .m = m, .original = o};
	struct buf declared = {0};
	out->framing = o->framing;
	out->cut = o->cut;
	out->missing = o->missing;
	if ((!rules && !shift_all) || !begin(&w, &declared))
		goto out;
	matcher_begin(m, APPLY_SECONDS);
	if (!apply_all(&w, shift_all, tallies != NULL, out)) {
		leave_as_recorded(&w, out);
		goto out;
	}
	take_plain(&w, out);
	take_head(&w, out);
	tell(&w, out);
	count(&w, buf_slice(&out->head), tallies);
out:
	work_release(&w);
	buf_release(&declared);
	return out->head_changed || out->body_changed;
}

void rewritten_release(struct rewritten *w)
{
	buf_release(&w->head);
	buf_release(&w->body);
	buf_release(&w->plain);
	buf_release(&w->encoding);
	buf_release(&w->told);
	free(w->dates);
	*w = (struct rewritten){0};
}
