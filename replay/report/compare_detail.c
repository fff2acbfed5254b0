/* The last column of --compare, in words. */
#include "compare_detail.h"

#include "compare_why.h"

#include <stdlib.h>

#define AS_MAX 16U  /* ways of asking that are looked at */
#define AS_SHOWN 3U /* and told */
#define AS_LEN 200U /* bytes of each */

static void next_part(struct buf *out)
{
	if (out->len)
		buf_add_string(out, "; ");
}

static const struct asking *next_asking(const struct comparison *c,
					const struct asking *a)
{
	return a->next == COMPARE_NONE ? NULL : &c->askings[a->next];
}

static const struct asking *first_asking(const struct comparison *c,
					 const struct row *r)
{
	return r->asked ? &c->askings[r->first] : NULL;
}

const struct asking *row_asking(const struct comparison *c, const struct row *r)
{
	const struct asking *a = first_asking(c, r);
	while (a && a->result != r->result)
		a = next_asking(c, a);
	return a;
}

static const struct exchange *live_of(const struct comparison *c,
				      const struct asking *a)
{
	return &c->replayed->exchanges[a - c->askings];
}

void compare_name(const struct recording *r, uint32_t i, struct buf *out)
{
	const struct exchange *e = &r->exchanges[i];
	struct url url = exchange_url(e);
	buf_printf(out, "#%u ", i + 1);
	buf_add(out, exchange_method(e));
	buf_add_byte(out, ' ');
	url_print(out, &url);
}

/* ---- what came back ---- */

static const char *ordinal(uint32_t n)
{
	if (n / 10 % 10 == 1)
		return "th";
	switch (n % 10) {
	case 1:
		return "st";
	case 2:
		return "nd";
	case 3:
		return "rd";
	}
	return "th";
}

/* Of several askings, which one. */
static void tell_asked(const struct comparison *c, const struct row *r,
		       struct buf *out)
{
	uint32_t n = 1;
	if (r->asked < 2)
		return;
	next_part(out);
	buf_printf(out, "asked %u times", r->asked);
	if (r->result != COMPARE_DIFFERENT)
		return;
	const struct asking *a = first_asking(c, r);
	for (; a->result != COMPARE_DIFFERENT; n++)
		a = next_asking(c, a);
	buf_printf(out, ", the %u%s time", n, ordinal(n));
}

static void tell_state(const struct exchange *e, struct buf *out)
{
	switch ((enum exchange_state)e->state) {
	case EXCHANGE_COMPLETE:
		break;
	case EXCHANGE_NO_RESPONSE:
		buf_add_string(out, "no answer, as recorded");
		break;
	case EXCHANGE_CUT:
		buf_add_string(out, "cut as recorded");
		break;
	case EXCHANGE_GAP:
		buf_add_string(out, "with a gap as recorded");
		break;
	case EXCHANGE_MALFORMED:
		buf_add_string(out, "malformed as recorded");
		break;
	}
}

static void tell_result(const struct comparison *c, uint32_t i, struct buf *out)
{
	const struct row *r = &c->rows[i];
	const struct asking *a = row_asking(c, r);
	switch (r->result) {
	case COMPARE_SAME:
		tell_state(&c->recorded->exchanges[i], out);
		tell_asked(c, r, out);
		break;
	case COMPARE_REWRITTEN:
		buf_add(out, buf_slice(&a->told));
		tell_asked(c, r, out);
		break;
	case COMPARE_DIFFERENT:
		tell_asked(c, r, out);
		if (out->len)
			buf_add_string(out, ": ");
		buf_add(out, buf_slice(&a->where));
		break;
	case COMPARE_NOT_ASKED:
		compare_why_tell(c, i, out);
		break;
	case COMPARE_NOT_RECORDED:
		break;
	}
}

/* ---- how it was asked ---- */

static bool differs_in(const struct asking *a, enum differ_kind from,
		       enum differ_kind to)
{
	for (size_t i = 0; i < a->difference_count; i++)
		if (a->differences[i].kind >= from &&
		    a->differences[i].kind <= to)
			return true;
	return false;
}

static bool differs_in_field(const struct asking *a, struct slice name)
{
	for (size_t i = 0; i < a->difference_count; i++)
		if (a->differences[i].kind == DIFFERS_FIELD &&
		    slice_equal(a->differences[i].name, name))
			return true;
	return false;
}

/* By what a request was told apart from the recorded one. */
static void add_way(const struct comparison *c, const struct asking *a,
		    struct buf *out)
{
	const struct exchange *e = live_of(c, a);
	struct url url = exchange_url(e);
	struct slice range = head_range(e->request_head);
	if (differs_in(a, DIFFERS_METHOD, DIFFERS_METHOD)) {
		buf_add_string(out, "as ");
		buf_add(out, slice_to(exchange_method(e), AS_LEN));
	} else if (differs_in(a, DIFFERS_SCHEME, DIFFERS_PORT)) {
		buf_add_string(out, "as ");
		url.target = slice_to(url.target, AS_LEN);
		url_print(out, &url);
	} else if (differs_in(a, DIFFERS_PATH, DIFFERS_PARAMETER)) {
		buf_add_string(out, "as ");
		buf_add(out, slice_to(url.target, AS_LEN));
	} else if (differs_in(a, DIFFERS_BODY, DIFFERS_BODY_FIELD)) {
		buf_add_string(out, "with another body");
	} else if (differs_in_field(a, trait_name(TRAIT_RANGE))) {
		buf_add_string(out,
			       range.data ? "with Range: " : "without Range");
		buf_add(out, slice_to(range, AS_LEN));
	} else {
		buf_add_string(out, "otherwise");
	}
	buf_printf(out, " (%s)", match_step_name(a->step));
}

static int by_text(const void *a, const void *b)
{
	return slice_compare(buf_slice(a), buf_slice(b));
}

static void put_ways(struct buf *ways, size_t count, struct buf *out)
{
	size_t told = 0;
	qsort(ways, count, sizeof *ways, by_text);
	for (size_t i = 0; i < count && told < AS_SHOWN; i++) {
		if (i && !by_text(&ways[i], &ways[i - 1]))
			continue;
		if (!told++) {
			next_part(out);
			buf_add_string(out, "asked ");
		} else {
			buf_add_string(out, ", ");
		}
		buf_add(out, buf_slice(&ways[i]));
	}
}

/* Each way once, sorted: their order in time tells nothing. */
static void tell_ways(const struct comparison *c, const struct row *r,
		      struct buf *out)
{
	struct buf ways[AS_MAX] = {0};
	size_t count = 0;
	const struct asking *a = first_asking(c, r);
	for (; a && count < AS_MAX; a = next_asking(c, a))
		if (a->step != MATCH_EXACT)
			add_way(c, a, &ways[count++]);
	put_ways(ways, count, out);
	for (size_t i = 0; i < count; i++)
		buf_release(&ways[i]);
}

static bool any_differs_in_field(const struct comparison *c,
				 const struct row *r, struct slice name)
{
	const struct asking *a = first_asking(c, r);
	while (a && !differs_in_field(a, name))
		a = next_asking(c, a);
	return a;
}

static void tell_fields(const struct comparison *c, const struct row *r,
			struct buf *out)
{
	bool any = false;
	for (enum trait t = 0; t < TRAITS; t++) {
		if (!any_differs_in_field(c, r, trait_name(t)))
			continue;
		if (any) {
			buf_add_string(out, ", ");
		} else {
			next_part(out);
			buf_add_string(out, "request differs in ");
		}
		buf_add(out, trait_name(t));
		any = true;
	}
}

static void tell_order(const struct comparison *c, uint32_t i, struct buf *out)
{
	const struct row *r = &c->rows[i];
	if (r->before_cause) {
		next_part(out);
		buf_printf(out, "asked before #%u, which leads to it",
			   c->chains[0].links[i].cause + 1);
	} else if (r->before != COMPARE_NONE) {
		next_part(out);
		buf_printf(out, "asked before #%u", r->before + 1);
	}
}

void compare_detail(const struct comparison *c, uint32_t row, struct buf *out)
{
	const struct row *r = &c->rows[row];
	tell_result(c, row, out);
	tell_ways(c, r, out);
	tell_fields(c, r, out);
	tell_order(c, row, out);
}

/* ---- what was not recorded ---- */

static void tell_difference(const struct difference *d, struct buf *out)
{
	if (d->kind != DIFFERS_FIELD) {
		buf_add_string(out, differ_kind_name(d->kind));
		if (d->name.data)
			buf_add_byte(out, ' ');
	}
	buf_add(out, slice_to(d->name, AS_LEN));
}

static void tell_nearest(const struct comparison *c, const struct asking *a,
			 struct buf *out)
{
	if (a->nearest == COMPARE_NONE) {
		buf_add_string(out, "nothing like it was recorded");
		return;
	}
	buf_add_string(out, "nearest ");
	compare_name(c->recorded, a->nearest, out);
	for (size_t i = 0; i < a->difference_count; i++) {
		buf_add_string(out, i ? ", " : "; differs in ");
		tell_difference(&a->differences[i], out);
	}
}

void compare_miss_detail(const struct comparison *c, uint32_t asking,
			 struct buf *out)
{
	const struct asking *a = &c->askings[asking];
	if (a->own)
		buf_printf(out, "the client's own: %s", own_kind_name(a->own));
	else if (a->only_304)
		buf_add_string(out, "only a 304 of it was recorded: the body "
				    "was in the victim's cache");
	else
		tell_nearest(c, a, out);
}
