/* Regular expressions: the words that are added to PCRE2's language, and
 * matching that ends in time.
 *
 * {ip} and {link} become a first look at what they may begin with, a callout
 * that asks written.c or link.c how much of the text they take, and a loop that
 * steps up to there. So the very parser that reads addresses decides what one
 * is. Callouts work in JIT code too. */
#include "pattern.h"

#include "link.h"
#include "written.h"

#include <ctype.h>
#include <stdlib.h>
#include <time.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define PATTERN_MAX ((size_t)1 << 16) /* bytes, as written */
#define NEST_MAX 100
#define NAME_MAX_LEN 32 /* of a group, in PCRE2 */

#define MATCH_LIMIT 10000000
#define DEPTH_LIMIT 100000
#define HEAP_LIMIT 20480 /* KiB */
/* PCRE2 does not count steps for "(a|b)": of so many the ways to go through
 * them cost little. */
#define FORKS_FREE 6
#define STACK_MIN ((size_t)32 << 10)
#define STACK_MAX ((size_t)1 << 20)
#define GROUPS_MIN 32

/* What one call of PCRE2 may cost, about, in steps of a nanosecond: it cannot
 * be interrupted. */
#define CALL_COST ((uint64_t)1 << 29)
/* A look at what may be a link, at most. */
#define LINK_COST 4096
#define FORK_COST 256

/* How the cost of trying one place grows with the length of the subject. */
enum growth { GROWTH_NONE, GROWTH_LINEAR, GROWTH_STEEP };

/* GROWTH_NONE and GROWTH_LINEAR: so many places are tried in one call that its
 * cost is bounded. GROWTH_STEEP: a callout looks at the clock between places;
 * then PCRE2 finds them more slowly. */

struct pattern {
	pcre2_code *code;
	enum growth growth;
	unsigned ways; /* through alternatives, at most, that are no steps */
	bool utf;
	bool anchored; /* matches at one place, if at all */
	bool by_line;  /* only at the beginnings of lines: begins with .* */
	bool link_led; /* begins with {link}, ... */
	bool ip_next;  /* ... which {ip} follows */
	unsigned groups;
};

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

/* ---- What a person wrote becomes an expression of PCRE2. ---- */

enum callout {
	CALLOUT_FORK = 250, /* an alternative is tried */
	CALLOUT_PLACE,      /* a place is tried */
	CALLOUT_LINK,
	CALLOUT_LINK_END,
	CALLOUT_HOST,
	CALLOUT_HOST_END
};

/* The loops take all characters, '.' being so under s; with U they would begin
 * at the end. No white space and no bare '#': flag x would take them away. */
#define TAKE_ALL "(?>(?s-U)"
#define LINK_BEGINS                                                            \
	"(?=:[/\\\\&%]|/[/\\\\&%]|\\\\(?:[/\\\\&%:0-7]|x[235]|u[0{])|&[#bcs]|" \
	"%[235u])"
#define LINK TAKE_ALL LINK_BEGINS "(?C252).+?(?C253))"
#define HOST(high) TAKE_ALL "(?=[0-9[&%\\\\" high "])(?C254).+?(?C255))"

static const struct word {
	const char *name, *bytes, *characters; /* flag u */
} words[] = {
    {"{ip}", HOST("\\x80-\\xff"), HOST("\\x{80}-\\x{10ffff}")},
    {"{link}", LINK, LINK},
};

/* A word's place in the expression and in the text. */
struct place {
	size_t expanded, expanded_end;
	size_t written, written_end;
};

struct expansion {
	struct slice text;
	size_t at;
	unsigned flags;
	struct buf out;
	struct place *places;
	size_t place_count, place_room;
	unsigned loops; /* what lets one place cost more with more text */
	unsigned forks; /* alternatives */
	bool count_forks;
	struct fault *fault;
};

static bool at_text(const struct expansion *e, const char *text)
{
	return slice_starts(slice_from(e->text, e->at), slice_of(text));
}

static void copy(struct expansion *e, size_t len)
{
	struct slice s = slice_to(slice_from(e->text, e->at), len);
	buf_add(&e->out, s);
	e->at += s.len;
}

/* Up to and with the next of that text, or to the end. */
static void copy_through(struct expansion *e, const char *end)
{
	while (e->at < e->text.len && !at_text(e, end))
		copy(e, 1);
	copy(e, strlen(end));
}

static bool refuse(const struct expansion *e, size_t at, const char *why)
{
	buf_add_string(&e->fault->text, why);
	e->fault->at = at;
	return false;
}

/* Puts text in place of the next len bytes. */
static void put(struct expansion *e, size_t len, const char *text)
{
	if (e->place_count == e->place_room) {
		e->place_room = 2 * e->place_room + 16;
		e->places =
		    xreallocarray(e->places, e->place_room, sizeof *e->places);
	}
	struct place *p = &e->places[e->place_count++];
	*p = (struct place){.expanded = e->out.len, .written = e->at};
	buf_add_string(&e->out, text);
	e->at += len;
	p->expanded_end = e->out.len;
	p->written_end = e->at;
}

static bool expand_word(struct expansion *e)
{
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (!at_text(e, words[i].name))
			continue;
		put(e, strlen(words[i].name),
		    e->flags & PATTERN_UTF ? words[i].characters
					   : words[i].bytes);
		return true;
	}
	return false;
}

static bool copy_escape(struct expansion *e)
{
	size_t at = e->at;
	uint8_t c = at + 1 < e->text.len ? e->text.data[at + 1] : 0;
	if (c == 'Q') {
		copy_through(e, "\\E");
		return true;
	}
	copy(e, 2);
	if (c == 'G')
		return refuse(e, at, "\\G is not known here");
	if (c == 'X' || c == 'k' || (c >= '1' && c <= '9'))
		e->loops++;
	if (c == 'g') /* perhaps a recursion */
		e->loops += 2;
	if (at_text(e, "{") && c && strchr("gkpPxoN", c))
		copy_through(e, "}");
	return true;
}

static bool copy_class(struct expansion *e)
{
	copy(e, at_text(e, "[^") ? 2 : 1);
	if (at_text(e, "]"))
		copy(e, 1);
	while (e->at < e->text.len && !at_text(e, "]")) {
		if (at_text(e, "[:"))
			copy_through(e, ":]");
		else if (at_text(e, "\\Q"))
			copy_through(e, "\\E");
		else
			copy(e, at_text(e, "\\") ? 2 : 1);
	}
	copy(e, 1);
	return true;
}

static bool copy_verb(struct expansion *e)
{
	copy(e, 2);
	/* SKIP and COMMIT speak of places beyond the one that is tried; the
	 * others would change limits, options or the meaning of flags. */
	static const char *const bad[] = {
	    "SKIP", "COMMIT", "LIMIT_", "NO_", "NOTEMPTY", "UTF",
	    "UCP",  "CR",     "LF",     "NUL", "ANY",      "BSR_",
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (at_text(e, bad[i]))
			return refuse(e, e->at, "this verb is not known here");
	return true;
}

/* What follows "(?": "(?R)", "(?1)", "(?-1)", "(?&name)", "(?P>name)"; or a
 * reference, "(?P=name)". */
static bool is_recursion(struct slice s)
{
	if (s.len > 1 && (s.data[0] == '-' || s.data[0] == '+'))
		s = slice_from(s, 1);
	return s.len &&
	       (s.data[0] == 'R' || s.data[0] == '&' || isdigit(s.data[0]) ||
		slice_starts(s, SLICE("P>")) || slice_starts(s, SLICE("P=")));
}

static bool copy_parenthesis(struct expansion *e)
{
	if (at_text(e, "(?#")) {
		copy_through(e, ")");
		return true;
	}
	if (at_text(e, "(?C"))
		return refuse(e, e->at + 2, "callouts are not known here");
	if (at_text(e, "(*"))
		return copy_verb(e);
	bool question = at_text(e, "(?");
	copy(e, question ? 2 : 1);
	if (question && is_recursion(slice_from(e->text, e->at)))
		e->loops += 2;
	return true;
}

static void copy_quantifier(struct expansion *e)
{
	e->loops++;
	copy(e, 1);
	if (at_text(e, "+")) /* possessive */
		copy(e, 1);
}

static bool expand(struct expansion *e)
{
	bool ok = true;
	size_t forks = 0;
	if (e->text.len > PATTERN_MAX)
		return refuse(e, PATTERN_MAX, "the expression is too long");
	for (size_t i = 0; i < e->text.len; i++)
		forks += e->text.data[i] == '|';
	e->count_forks = forks > FORKS_FREE;
	while (ok && e->at < e->text.len) {
		switch (e->text.data[e->at]) {
		case '\\':
			ok = copy_escape(e);
			break;
		case '[':
			ok = copy_class(e);
			break;
		case '(':
			ok = copy_parenthesis(e);
			break;
		case '{':
			if (!expand_word(e))
				copy_quantifier(e);
			break;
		case '*':
		case '+':
			copy_quantifier(e);
			break;
		case '|':
			e->forks++;
			copy(e, 1);
			if (e->count_forks)
				put(e, 0, "(?C250)");
			break;
		case '#':
			if (e->flags & PATTERN_EXTENDED)
				copy_through(e, "\n");
			else
				copy(e, 1);
			break;
		default:
			copy(e, 1);
		}
	}
	return ok;
}

/* The place in the text that a place in the expression comes from. */
static size_t written_place(const struct expansion *e, size_t at)
{
	size_t i = e->place_count;
	while (i && e->places[i - 1].expanded >= at)
		i--;
	if (i) {
		const struct place *p = &e->places[i - 1];
		if (at < p->expanded_end)
			return p->written;
		at = p->written_end + (at - p->expanded_end);
	}
	return at < e->text.len ? at : e->text.len;
}

static uint32_t compile_options(unsigned flags)
{
	static const struct {
		unsigned flag;
		uint32_t option;
	} table[] = {
	    {PATTERN_NOCASE, PCRE2_CASELESS},
	    {PATTERN_MULTILINE, PCRE2_MULTILINE},
	    {PATTERN_DOTALL, PCRE2_DOTALL},
	    {PATTERN_EXTENDED, PCRE2_EXTENDED},
	    {PATTERN_UTF, PCRE2_UTF | PCRE2_UCP},
	};
	uint32_t options = PCRE2_NEVER_BACKSLASH_C | PCRE2_USE_OFFSET_LIMIT;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (flags & table[i].flag)
			options |= table[i].option;
	if (!(flags & PATTERN_UTF))
		options |= PCRE2_NEVER_UTF | PCRE2_NEVER_UCP;
	return options;
}

static pcre2_code *compile(struct slice text, unsigned flags, int *error,
			   PCRE2_SIZE *at)
{
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	if (!context)
		return NULL;
	pcre2_set_parens_nest_limit(context, NEST_MAX);
	pcre2_set_newline(context, PCRE2_NEWLINE_LF);
	pcre2_code *code =
	    pcre2_compile(text.len ? text.data : (PCRE2_SPTR) "", text.len,
			  compile_options(flags), error, at, context);
	pcre2_compile_context_free(context);
	return code;
}

/* The same with a callout at each place that is tried; first \Q or a comment
 * at its end is closed. */
static pcre2_code *compile_hooked(const struct expansion *e, int *error)
{
	static const char *const ends[] = {"\\E)", "\\E\n)"};
	pcre2_code *code = NULL;
	PCRE2_SIZE at;
	for (size_t i = 0; i < 2 && !code; i++) {
		struct buf text = {0};
		buf_add_string(&text, "(?C251)(?:");
		buf_add(&text, buf_slice(&e->out));
		buf_add_string(&text, ends[i]);
		code = compile(buf_slice(&text), e->flags, error, &at);
		buf_release(&text);
	}
	return code;
}

static pcre2_code *compile_expansion(const struct expansion *e)
{
	int error = 0;
	PCRE2_SIZE at = 0;
	pcre2_code *code = compile(buf_slice(&e->out), e->flags, &error, &at);
	if (code && e->loops > 1) {
		/* The bare one has shown that its parentheses match. */
		pcre2_code_free(code);
		code = compile_hooked(e, &error);
		at = 0;
	}
	if (!code) {
		PCRE2_UCHAR message[256];
		pcre2_get_error_message(error, message, sizeof message);
		refuse(e, written_place(e, at), (const char *)message);
	}
	return code;
}

static uint32_t info(const pcre2_code *code, uint32_t what)
{
	uint32_t value = 0;
	pcre2_pattern_info(code, what, &value);
	return value;
}

/* Rules that steer begin so. Places where they cannot match are then passed
 * over without PCRE2, which needs four times as long for that. */
static void find_lead(struct pattern *p, struct slice text)
{
	static const struct {
		const char *text;
		bool ip_next;
	} leads[] = {
	    {"({link})({ip})", true}, {"({link}){ip}", true},
	    {"{link}({ip})", true},   {"{link}{ip}", true},
	    {"({link})", false},      {"{link}", false},
	};
	for (size_t i = 0; i < sizeof leads / sizeof *leads; i++) {
		struct slice lead = slice_of(leads[i].text);
		struct slice rest = slice_from(text, lead.len);
		if (!slice_starts(text, lead) ||
		    slice_starts(rest, SLICE("(?#")) ||
		    (rest.len && strchr("?*+{", rest.data[0])))
			continue;
		p->link_led = true;
		p->ip_next = leads[i].ip_next;
		return;
	}
}

static struct pattern *pattern_of(pcre2_code *code, const struct expansion *e)
{
	struct pattern *p = xcalloc(1, sizeof *p);
	/* Without JIT it is slower, and the limits hold all the same. */
	pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
	p->code = code;
	p->growth = e->loops > 1 ? GROWTH_STEEP
		    : e->loops   ? GROWTH_LINEAR
				 : GROWTH_NONE;
	p->ways = 1U << (e->forks < FORKS_FREE ? e->forks : FORKS_FREE);
	p->utf = e->flags & PATTERN_UTF;
	p->anchored = info(code, PCRE2_INFO_ALLOPTIONS) & PCRE2_ANCHORED;
	p->by_line = info(code, PCRE2_INFO_FIRSTCODETYPE) == 2;
	p->groups = info(code, PCRE2_INFO_CAPTURECOUNT);
	if (slice_find(e->text, '|') == e->text.len &&
	    !(e->flags & PATTERN_EXTENDED))
		find_lead(p, e->text);
	return p;
}

struct pattern *pattern_new(struct slice text, unsigned flags,
			    struct fault *fault)
{
	struct expansion e = {.text = text, .flags = flags, .fault = fault};
	struct pattern *p = NULL;
	pcre2_code *code = expand(&e) ? compile_expansion(&e) : NULL;
	if (code)
		p = pattern_of(code, &e);
	buf_release(&e.out);
	free(e.places);
	return p;
}

void pattern_free(struct pattern *p)
{
	if (!p)
		return;
	pcre2_code_free(p->code);
	free(p);
}

bool pattern_utf(const struct pattern *p)
{
	return p->utf;
}

unsigned pattern_groups(const struct pattern *p)
{
	return p->groups;
}

unsigned pattern_group(const struct pattern *p, struct slice name)
{
	PCRE2_UCHAR copy[NAME_MAX_LEN + 1] = {0};
	if (!name.len || name.len > NAME_MAX_LEN)
		return 0;
	memcpy(copy, name.data, name.len);
	int group = pcre2_substring_number_from_name(p->code, copy);
	return group > 0 ? (unsigned)group : 0;
}

/* ---- Matching. ---- */

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
