/* Rules applied to a response's head: fields, status, dates. */
#include "work.h"

#include "capture/http.h"

/* A date so late means "never", and one that leaves the four digits of years
 * on its way would not be a date: neither moves. */
#define SHIFT_MAX ((int64_t)100 * 366 * 86400)

static void add_count(uint32_t *count, size_t n)
{
	*count = n < UINT32_MAX - *count ? *count + (uint32_t)n : UINT32_MAX;
}

/* Three digits of a final response, then the reason if there is one. */
static bool is_status(struct slice text)
{
	uint64_t status;
	return slice_number(slice_to(text, 3), 999, &status) && status >= 200 &&
	       (text.len == 3 || (text.len > 3 && text.data[3] == ' '));
}

static bool put(struct work *w, const struct rule *r, size_t line,
		struct slice value)
{
	if (r->part == PART_STATUS && !is_status(value))
		work_refuse(w, r, "this is no status:", value);
	else if (fields_replace(&w->fields, line, value))
		return true;
	else
		work_refuse(w, r, "this would split or overfill",
			    r->part == PART_STATUS ? SLICE("the status")
						   : r->name);
	return false;
}

/* Substitution in the value of a line. */
static bool substitute_line(struct work *w, const struct rule *r, size_t line,
			    uint32_t *count)
{
	struct buf value = {0}, made = {0};
	size_t n = 0;
	http_unfold(&value, fields_value(&w->fields, line));
	enum pattern_result result =
	    substitute(&r->substitution, w->m, buf_slice(&value),
		       w->rules->zone, &made, &n);
	if (result == PATTERN_LIMIT)
		w->limit = r;
	else if (n && put(w, r, line, buf_slice(&made)))
		add_count(count, n);
	buf_release(&value);
	buf_release(&made);
	return result != PATTERN_LIMIT;
}

static bool substitute_fields(struct work *w, const struct rule *r,
			      uint32_t *count)
{
	for (size_t i = fields_find(&w->fields, r->name, 0);
	     i < w->fields.count; i = fields_find(&w->fields, r->name, i + 1))
		if (!substitute_line(w, r, i, count))
			return false;
	return true;
}

static void set_field(struct work *w, const struct rule *r, uint32_t *count)
{
	if (fields_set(&w->fields, r->name, r->value))
		add_count(count, 1);
	else
		work_refuse(w, r, "this would split or overfill", r->name);
}

static bool header_rule(struct work *w, const struct rule *r, uint32_t *count)
{
	switch (r->action) {
	case ACTION_SUBSTITUTE:
		return substitute_fields(w, r, count);
	case ACTION_SET:
		set_field(w, r, count);
		break;
	case ACTION_DELETE:
		add_count(count, fields_delete(&w->fields, r->name, 0));
		break;
	case ACTION_SHIFT:
		break;
	}
	return true;
}

bool work_head_rule(struct work *w, const struct rule *r, uint32_t *count)
{
	switch (r->part) {
	case PART_HEADER:
		return header_rule(w, r, count);
	case PART_STATUS:
		if (r->action == ACTION_SUBSTITUTE)
			return substitute_line(w, r, 0, count);
		if (r->action == ACTION_SET && put(w, r, 0, r->value))
			add_count(count, 1);
		break;
	case PART_DATE:
	case PART_BODY:
	case PART_TARGET:
		break;
	}
	return true;
}

/* A cookie's date in the past takes the cookie away, and shall. */
static bool may_shift(const struct work *w, struct slice name, int64_t seconds)
{
	uint8_t out[DATE_LEN];
	if (slice_equal_nocase(name, SLICE("Set-Cookie")) &&
	    seconds <= w->original->time)
		return false;
	return date_write(seconds, out) && date_write(seconds + SHIFT_MAX, out);
}

static bool shift_line(struct work *w, size_t line, struct slice name)
{
	struct buf value = {0}, made = {0};
	size_t at, len;
	int64_t seconds;
	bool done = false;
	http_unfold(&value, fields_value(&w->fields, line));
	struct slice text = buf_slice(&value);
	if (date_in_field(name, text, &at, &len) &&
	    date_read(slice_to(slice_from(text, at), len), &seconds) &&
	    may_shift(w, name, seconds)) {
		buf_add(&made, slice_to(text, at));
		date_write(seconds, buf_reserve(&made, DATE_LEN));
		made.len += DATE_LEN;
		buf_add(&made, slice_from(text, at + len));
		done = fields_replace(&w->fields, line, buf_slice(&made));
	}
	if (done)
		fields_mark_date(&w->fields, line, at,
				 seconds - w->original->time);
	buf_release(&value);
	buf_release(&made);
	return done;
}

static uint32_t shift_fields(struct work *w, struct slice name)
{
	struct fields *f = &w->fields;
	uint32_t count = 0;
	for (size_t i = fields_find(f, name, 0); i < f->count;
	     i = fields_find(f, name, i + 1))
		if (!f->lines[i].dated)
			count += shift_line(w, i, name);
	return count;
}

uint32_t work_shift(struct work *w, struct slice name)
{
	/* Never one of them alone, unless a rule says so (P27). */
	static const struct slice all[] = {
	    SLICE("Date"), SLICE("Expires"), SLICE("Last-Modified"),
	    SLICE("Retry-After"), SLICE("Set-Cookie")};
	uint32_t count = 0;
	if (!slice_equal(name, SLICE("*")))
		return shift_fields(w, name);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		count += shift_fields(w, all[i]);
	return count;
}
