/* Matching that ends in time, whatever the expression and the text. */
#include "compiled.h"

#include "link.h"
#include "written.h"

#include <ctype.h>
#include <stdlib.h>
#include <time.h>

#define MATCH_LIMIT 10000000
#define DEPTH_LIMIT 100000
#define HEAP_LIMIT 20480 /* KiB */
#define STACK_MIN ((size_t)32 << 10)
#define STACK_MAX ((size_t)1 << 20)
#define GROUPS_MIN 32

/* What one call of PCRE2 may cost, about, in steps of a nanosecond: it cannot
 * be interrupted. */
#define CALL_COST ((uint64_t)1 << 29)
/* A look at what may be a link, at most. */
#define LINK_COST 4096
#define FORK_COST 256

struct matcher {
	pcre2_match_context *context;
	pcre2_jit_stack *stack;
	pcre2_match_data *data;
	pcre2_code *any; /* checks UTF-8 */
	unsigned room;   /* groups that data has room for */
	unsigned found;  /* groups of the last match */
	struct slice subject;
	bool checked, is_utf; /* the subject */

	/* Of callouts: of a pair the first sets what the second looks at. */
	size_t host_end, link_end;
	size_t place;        /* that is being tried */
	uint64_t place_cost; /* at most */

	int64_t wall_end, cpu_end; /* nanoseconds */
	uint64_t spent; /* at most, since the last look at the clock */
};

static int64_t now(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Nanoseconds left; 0: none. The processor's clock is a system call, and never
 * ahead of the other. */
static int64_t time_left(struct matcher *m)
{
	int64_t wall = now(CLOCK_MONOTONIC);
	m->spent = 0;
	if (wall < m->wall_end)
		return m->wall_end - wall;
	int64_t left = m->cpu_end - now(CLOCK_THREAD_CPUTIME_ID);
	if (left <= 0)
		return 0;
	m->wall_end = wall + left;
	return left;
}

static bool has_time(struct matcher *m, uint64_t cost)
{
	m->spent += cost;
	return m->spent < CALL_COST || time_left(m) > 0;
}

static bool host_ends(struct slice text, size_t at, size_t *end)
{
	static const char hiding[] = "[&%\\";
	struct address a;
	uint8_t first = at < text.len ? text.data[at] : 0;
	if (first < 0x80 && !isdigit(first) &&
	    !memchr(hiding, first, sizeof hiding - 1))
		return false;
	if (!written_boundary(text, at))
		return false;
	for (int breaks = 1; breaks >= 0; breaks--) {
		*end = at + written_host(text, at, breaks);
		if (written_address(slice_from(slice_to(text, *end), at), &a))
			return !link_user_ends(text, *end);
	}
	return false;
}

/* Returns 0 to go on, 1 to let this way of matching fail,
 * an error to end the search. */
static int answer_callout(pcre2_callout_block *block, void *matcher)
{
	struct matcher *m = matcher;
	struct slice text = {block->subject, block->subject_length};
	size_t at = block->current_position, len;
	switch ((enum callout)block->callout_number) {
	case CALLOUT_FORK:
		return has_time(m, FORK_COST) ? 0 : PCRE2_ERROR_CALLOUT;
	case CALLOUT_PLACE:
		m->place = block->start_match;
		return has_time(m, m->place_cost) ? 0 : PCRE2_ERROR_CALLOUT;
	case CALLOUT_LINK:
		len = link_length(text, at);
		m->link_end = at + len;
		return !len;
	case CALLOUT_LINK_END:
		return at != m->link_end;
	case CALLOUT_HOST:
		return !host_ends(text, at, &m->host_end);
	case CALLOUT_HOST_END:
		return at != m->host_end;
	}
	return 1;
}

static void *or_exit(void *p)
{
	/* bytes.c alone ends the program for want of memory. */
	return p ? p : xmalloc(SIZE_MAX / 2);
}

struct matcher *matcher_new(void)
{
	int error;
	PCRE2_SIZE at;
	struct matcher *m = xcalloc(1, sizeof *m);
	m->context = or_exit(pcre2_match_context_create(NULL));
	m->any = or_exit(
	    pcre2_compile((PCRE2_SPTR) "", 0, PCRE2_UTF, &error, &at, NULL));
	m->room = GROUPS_MIN;
	m->data = or_exit(pcre2_match_data_create(m->room, NULL));
	m->stack = pcre2_jit_stack_create(STACK_MIN, STACK_MAX, NULL);
	if (m->stack)
		pcre2_jit_stack_assign(m->context, NULL, m->stack);
	pcre2_set_depth_limit(m->context, DEPTH_LIMIT);
	pcre2_set_heap_limit(m->context, HEAP_LIMIT);
	pcre2_set_callout(m->context, answer_callout, m);
	matcher_begin(m, 1);
	return m;
}

void matcher_free(struct matcher *m)
{
	if (!m)
		return;
	pcre2_match_data_free(m->data);
	pcre2_jit_stack_free(m->stack);
	pcre2_code_free(m->any);
	pcre2_match_context_free(m->context);
	free(m);
}

void matcher_begin(struct matcher *m, double seconds)
{
	int64_t length = (int64_t)(seconds * 1e9);
	m->wall_end = now(CLOCK_MONOTONIC) + length;
	m->cpu_end = now(CLOCK_THREAD_CPUTIME_ID) + length;
	m->spent = 0;
	m->found = 0;
	m->subject = (struct slice){0};
	m->checked = false;
}

/* How much is tried in one call: that many places at which a match may begin,
 * with so many steps for each (JIT code counts them anew at each place, and not
 * in all loops). */
struct pace {
	size_t places;
	uint32_t steps;
	uint64_t cost; /* of a place, at most */
};

/* narrow: each makes it half as many places with twice the steps. */
static struct pace pace_of(const struct pattern *p, size_t left,
			   unsigned narrow)
{
	static const uint32_t few[] = {
	    [GROWTH_NONE] = 4096, [GROWTH_LINEAR] = 32768, [GROWTH_STEEP] = 64};
	uint64_t steps = (uint64_t)few[p->growth] << narrow;
	struct pace pace = {.steps = MATCH_LIMIT};
	if (steps < MATCH_LIMIT)
		pace.steps = (uint32_t)steps;
	switch (p->growth) {
	case GROWTH_NONE:
		pace.cost = steps * p->ways;
		break;
	case GROWTH_LINEAR:
		pace.cost = steps * p->ways + (left << narrow);
		break;
	case GROWTH_STEEP:
		pace.cost = steps * (p->ways + left);
		pace.places = narrow || p->link_led ? 1 : left + 1;
		return pace;
	}
	pace.places = (size_t)(CALL_COST / pace.cost);
	if (pace.places > left)
		pace.places = left + 1;
	if (!pace.places || p->link_led)
		pace.places = 1;
	return pace;
}

static size_t whole_character(const struct pattern *p, struct slice subject,
			      size_t at)
{
	while (p->utf && at < subject.len && (subject.data[at] & 0xc0) == 0x80)
		at++;
	return at;
}

/* Where to try on after all places before next have been tried. */
static size_t next_place(const struct pattern *p, struct slice subject,
			 size_t next)
{
	if (p->by_line)
		next += slice_find(slice_from(subject, next - 1), '\n');
	return whole_character(p, subject, next);
}

/* If it is not the one of the call before, nothing is known about it. */
static void take_subject(struct matcher *m, struct slice subject, size_t from)
{
	if (!from || m->subject.data != subject.data ||
	    m->subject.len != subject.len)
		m->checked = false;
	m->subject = subject;
}

static bool is_utf(struct matcher *m)
{
	if (!m->checked)
		m->is_utf = pcre2_match(m->any, m->subject.data, m->subject.len,
					0, 0, m->data, NULL) >= 0;
	m->checked = true;
	return m->is_utf;
}

static void make_room(struct matcher *m, unsigned groups)
{
	if (groups < m->room)
		return;
	pcre2_match_data_free(m->data);
	m->room = groups + 1;
	m->data = or_exit(pcre2_match_data_create(m->room, NULL));
}

/* After the steps were not enough: whether to try with more, for fewer places.
 * With one place alone the time is not bounded beforehand: it has begun at
 * began, and what four times the steps may take must fit into what is left. */
static bool try_harder(struct matcher *m, struct pace pace, int64_t began,
		       unsigned *narrow)
{
	if (pace.steps == MATCH_LIMIT)
		return false;
	*narrow += pace.places > 4 ? 3 : 2;
	if (pace.places > 1)
		return true;
	return 16 * (now(CLOCK_MONOTONIC) - began) < time_left(m);
}

/* After a call that went well. */
static unsigned widen(const struct pattern *p, size_t left, unsigned narrow)
{
	if (p->growth == GROWTH_STEEP || !narrow)
		return 0;
	narrow--;
	while (narrow && pace_of(p, left, narrow - 1).places < 2)
		narrow--;
	return narrow;
}

/* Goes on to where a pattern that begins with {link} may match, or beyond the
 * end. False: no time. */
static bool next_link(const struct pattern *p, struct matcher *m, size_t *at)
{
	struct slice text = m->subject;
	for (;; ++*at) {
		*at = link_next(text, *at);
		size_t end, len = *at < text.len ? link_length(text, *at) : 0;
		if (*at == text.len)
			++*at;
		if (*at > text.len || (len && !p->ip_next) ||
		    (len && host_ends(text, *at + len, &end)))
			return true;
		if (!has_time(m, LINK_COST))
			return false;
	}
}

static int match(const struct pattern *p, struct matcher *m, size_t at,
		 struct pace pace, uint32_t options)
{
	/* Cost of all its places is counted before, or of each in a callout. */
	bool hooked = p->growth == GROWTH_STEEP;
	m->place = at;
	m->place_cost = pace.cost;
	if (!has_time(m, hooked ? 0 : pace.cost * pace.places))
		return PCRE2_ERROR_CALLOUT;
	pcre2_set_offset_limit(m->context, at + pace.places - 1);
	pcre2_set_match_limit(m->context, pace.steps);
	return pcre2_match(p->code, m->subject.data, m->subject.len, at,
			   options, m->data, m->context);
}

/* Looks on from at, piece by piece; returns as pcre2_match does. */
static int find_on(const struct pattern *p, struct matcher *m, size_t at,
		   uint32_t options)
{
	size_t len = m->subject.len;
	unsigned narrow = 0;
	for (;;) {
		if (p->link_led && !next_link(p, m, &at))
			return PCRE2_ERROR_CALLOUT;
		if (at > len)
			return PCRE2_ERROR_NOMATCH;
		struct pace pace = pace_of(p, len - at, narrow);
		int64_t began = pace.places > 1 ? 0 : now(CLOCK_MONOTONIC);
		int result = match(p, m, at, pace, options);
		if (result == PCRE2_ERROR_MATCHLIMIT &&
		    try_harder(m, pace, began, &narrow)) {
			if (at != m->place)
				options &= ~PCRE2_NOTEMPTY_ATSTART;
			at = m->place;
			continue;
		}
		if (result != PCRE2_ERROR_NOMATCH || p->anchored)
			return result;
		at = next_place(p, m->subject, at + pace.places);
		options &= ~PCRE2_NOTEMPTY_ATSTART;
		narrow = at > len ? 0 : widen(p, len - at, narrow);
	}
}

static enum pattern_result result_of(int result)
{
	if (result > 0)
		return PATTERN_FOUND;
	return result == PCRE2_ERROR_NOMATCH ? PATTERN_NONE : PATTERN_LIMIT;
}

enum pattern_result pattern_find(const struct pattern *p, struct matcher *m,
				 struct slice subject, size_t from, bool again)
{
	uint32_t options = PCRE2_NO_UTF_CHECK;
	m->found = 0;
	if (from > subject.len)
		return PATTERN_NONE;
	if (!subject.data)
		subject = SLICE("");
	make_room(m, p->groups);
	take_subject(m, subject, from);
	if (p->utf && !is_utf(m))
		return PATTERN_NOT_UTF;
	if (again)
		options |= PCRE2_NOTEMPTY_ATSTART;
	int result = find_on(p, m, whole_character(p, subject, from), options);
	if (result > 0)
		m->found = (unsigned)result;
	return result_of(result);
}

struct slice matcher_group(const struct matcher *m, unsigned group)
{
	const PCRE2_SIZE *places = pcre2_get_ovector_pointer(m->data);
	if (group >= m->found || places[2 * group] == PCRE2_UNSET)
		return (struct slice){0};
	return slice_from(slice_to(m->subject, places[2 * group + 1]),
			  places[2 * group]);
}
