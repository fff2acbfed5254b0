/* Regular expressions: what a person wrote becomes an expression of PCRE2.
 *
 * {ip} and {link} become a first look at what they may begin with, a callout
 * that asks written.c or link.c how much of the text they take, and a loop that
 * steps up to there. So the very parser that reads addresses decides what one
 * is. Callouts work in JIT code too. */
#include "compiled.h"

#include <ctype.h>
#include <stdlib.h>

#define PATTERN_MAX ((size_t)1 << 16) /* bytes, as written */
#define NEST_MAX 100
#define NAME_MAX_LEN 32 /* of a group, in PCRE2 */

/* PCRE2 does not count steps for "(a|b)": of so many the ways to go through
 * them cost little. */
#define FORKS_FREE 6

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
