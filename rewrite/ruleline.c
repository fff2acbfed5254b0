/* One line of a rule file. */
#include "ruleline.h"

#include "condition.h"
#include "scan.h"
#include "word.h"

#include <stdlib.h>

/* Far more than anybody writes; holds a rule's time down. */
#define CONDITIONS_MAX 64
#define STATUS_LEN 3
#define NOWHERE SIZE_MAX

static bool is_token_byte(uint8_t c)
{
	/* RFC 9110 5.6.2 */
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	       (c >= 'a' && c <= 'z') ||
	       (c && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static const struct part {
	const char *name;
	bool named;
	unsigned actions; /* bits 1 << enum rule_action */
} parts[] = {
    [PART_BODY] = {"body", false,
		   1 << ACTION_SUBSTITUTE | 1 << ACTION_SET |
		       1 << ACTION_DELETE},
    [PART_HEADER] = {"header", true,
		     1 << ACTION_SUBSTITUTE | 1 << ACTION_SET |
			 1 << ACTION_DELETE},
    [PART_TARGET] = {"target", false, 1 << ACTION_SUBSTITUTE | 1 << ACTION_SET},
    [PART_STATUS] = {"status", false, 1 << ACTION_SUBSTITUTE | 1 << ACTION_SET},
    [PART_DATE] = {"date", true, 1 << ACTION_SHIFT},
};
#define PART_COUNT (sizeof parts / sizeof *parts)

static const char *const actions[] = {
    [ACTION_SUBSTITUTE] = "s",
    [ACTION_SET] = "set",
    [ACTION_DELETE] = "delete",
    [ACTION_SHIFT] = "shift",
};
#define ACTION_COUNT (sizeof actions / sizeof *actions)

#define INCLUDE "include"
#define PARTS_TEXT "body, header NAME, target, status, date NAME"

/* Fields that replay writes itself, after the rules. */
static const struct {
	const char *name, *instead;
} framing[] = {
    {"Content-Length", "replay makes it true after the rules"},
    {"Transfer-Encoding", "replay makes it true after the rules"},
    {"Trailer", "replay makes it true after the rules"},
    {"Connection", "replay says itself how its connection goes on"},
    {"Content-Encoding",
     "rules see bodies without their coding, and replay puts it on again"},
};

static const char *const dated[] = {
    "Set-Cookie", "Expires", "Last-Modified", "Date", "Retry-After", "*",
};

/* The word at s->at names nothing. names: what it could have been. */
static bool unknown(struct scan *s, const char *what, struct slice word,
		    const char *const *names, size_t count, const char *known)
{
	const char *near = word_nearest(word, names, count);
	if (near)
		return scan_fault(s, s->at,
				  "unknown %s \"%.*s\" (did you mean %s?)",
				  what, SCAN_WORD(word), near);
	return scan_fault(s, s->at, "unknown %s \"%.*s\" (there are %s)", what,
			  SCAN_WORD(word), known);
}

/* What only answers have: nothing of it can decide about a target. */
static bool of_answer(const struct condition *c)
{
	return c->key == CONDITION_TYPE || c->key == CONDITION_STATUS;
}

/* *answer: where the first condition stands that only answers can meet;
 * NOWHERE if there is none. */
static bool parse_conditions(struct scan *s, struct rule *r, size_t *answer)
{
	struct condition list[CONDITIONS_MAX];
	bool good = true;
	*answer = NOWHERE;
	for (; condition_begins(s); scan_space(s)) {
		if (r->condition_count == CONDITIONS_MAX)
			good = scan_fault(s, s->at, "more than %d conditions",
					  CONDITIONS_MAX);
		size_t begin = s->at;
		struct condition *c = &list[r->condition_count];
		if (!good || !condition_parse(s, c)) {
			good = false;
			break;
		}
		if (*answer == NOWHERE && of_answer(c))
			*answer = begin;
		r->condition_count++;
	}
	if (r->condition_count) {
		r->conditions =
		    xreallocarray(NULL, r->condition_count, sizeof *list);
		memcpy(r->conditions, list, r->condition_count * sizeof *list);
	}
	return good;
}

/* "s" and a delimiter. */
static bool substitution_begins(struct slice word)
{
	return word.len > 1 && word.data[0] == 's' &&
	       scan_delimiter(word.data[1]);
}

static bool find_action(struct slice word, enum rule_action *action)
{
	if (substitution_begins(word)) {
		*action = ACTION_SUBSTITUTE;
		return true;
	}
	for (size_t i = ACTION_SET; i < ACTION_COUNT; i++) {
		if (!slice_equal(word, slice_of(actions[i])))
			continue;
		*action = (enum rule_action)i;
		return true;
	}
	return false;
}

static bool unknown_part(struct scan *s, struct slice word, bool first)
{
	enum rule_action action;
	const char *names[PART_COUNT + 1];
	size_t count = 0;
	if (find_action(word, &action))
		return scan_fault(s, s->at,
				  "the part is missing before \"%s\" "
				  "(" PARTS_TEXT ")",
				  actions[action]);
	if (condition_is_key(word))
		return scan_fault(s, s->at,
				  "a condition is written %.*s=VALUE "
				  "or %.*s!=VALUE, without white space",
				  SCAN_WORD(word), SCAN_WORD(word));
	for (; count < PART_COUNT; count++)
		names[count] = parts[count].name;
	if (first)
		names[count++] = INCLUDE;
	return unknown(s, "part", word, names, count, PARTS_TEXT);
}

static bool parse_part(struct scan *s, struct rule *r)
{
	if (scan_done(s))
		return scan_fault(s, s->at,
				  "the part is missing (" PARTS_TEXT ")");
	size_t begin = s->at;
	struct slice word = scan_word(s);
	for (size_t i = 0; i < PART_COUNT; i++) {
		if (!slice_equal(word, slice_of(parts[i].name)))
			continue;
		r->part = (enum rule_part)i;
		return true;
	}
	s->at = begin;
	return unknown_part(s, word, !r->condition_count);
}

static bool check_header_name(struct scan *s, size_t begin, struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.data[i];
		if (c == '*')
			return scan_fault(s, begin + i,
					  "no shell patterns in "
					  "the name of a field");
		if (!is_token_byte(c))
			return scan_fault(s, begin + i,
					  "no name of a field has \"%c\"", c);
	}
	for (size_t i = 0; i < sizeof framing / sizeof *framing; i++)
		if (slice_equal_nocase(name, slice_of(framing[i].name)))
			return scan_fault(s, begin, "no rule for %s: %s",
					  framing[i].name, framing[i].instead);
	return true;
}

static bool check_date_name(struct scan *s, size_t begin, struct slice name)
{
	for (size_t i = 0; i < sizeof dated / sizeof *dated; i++)
		if (slice_equal_nocase(name, slice_of(dated[i])))
			return true;
	s->at = begin;
	return unknown(s, "field with a date", name, dated,
		       sizeof dated / sizeof *dated,
		       "Set-Cookie, Expires, Last-Modified, Date, Retry-After, "
		       "and * for all");
}

static bool parse_name(struct scan *s, struct rule *r)
{
	scan_space(s);
	size_t begin = s->at;
	if (scan_done(s) || substitution_begins(scan_rest(s)))
		return scan_fault(s, begin,
				  "the name of a field is missing "
				  "after \"%s\"",
				  parts[r->part].name);
	r->name = scan_word(s);
	if (r->part == PART_DATE)
		return check_date_name(s, begin, r->name);
	return check_header_name(s, begin, r->name);
}

/* The replacement, behind the pattern. */
static bool scan_replacement(struct scan *s, const struct delimited *pattern,
			     struct delimited *d)
{
	if (pattern->open == pattern->close)
		return scan_second(s, "replacement", pattern->close, d);
	scan_space(s);
	if (s->at == s->line.len || !scan_delimiter(s->line.data[s->at]))
		return scan_fault(s, s->at,
				  "the replacement is missing: "
				  "s%c...%c%c...%c",
				  pattern->open, pattern->close, pattern->open,
				  pattern->close);
	return scan_delimited(s, "replacement", d);
}

static bool compile(struct scan *s, const struct delimited *pattern,
		    const struct delimited *replacement, unsigned flags,
		    struct substitution *sub)
{
	struct buf plain = {0};
	sub->pattern = scan_pattern(s, pattern, flags);
	if (!sub->pattern)
		return false;
	delimited_plain(replacement, SCAN_MEANING_TEMPLATE, &plain);
	sub->template = template_new(buf_slice(&plain), sub->pattern, s->fault);
	buf_release(&plain);
	if (!sub->template)
		s->fault->at = delimited_place(
		    replacement, SCAN_MEANING_TEMPLATE, s->fault->at);
	return sub->template != NULL;
}

/* At the 's'. */
static bool parse_substitution(struct scan *s, struct substitution *sub)
{
	struct delimited pattern = {0}, replacement = {0};
	unsigned flags = 0;
	s->at++;
	if (!scan_delimited(s, "pattern", &pattern))
		return false;
	if (!pattern.text.len)
		return scan_fault(s, pattern.begin, "an empty pattern");
	if (!scan_replacement(s, &pattern, &replacement) ||
	    !scan_flags(s, replacement.close, &flags, &sub->all))
		return false;
	if (!scan_done(s) && scan_delimiter(s->line.data[s->at]))
		return scan_fault(s, s->at,
				  "this stands behind the "
				  "substitution (\"%c\" inside is written "
				  "\"\\%c\")",
				  replacement.close, replacement.close);
	return compile(s, &pattern, &replacement, flags, sub);
}

/* The end of a value: of the line, or white space before a comment. */
static size_t value_end(struct slice line, size_t at)
{
	for (size_t i = at; i < line.len; i++)
		if (line.data[i] == '#' &&
		    (line.data[i - 1] == ' ' || line.data[i - 1] == '\t'))
			return i;
	return line.len;
}

/* "\#" is a number sign. */
static void unescape(struct slice text, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] != '\\' || i + 1 == text.len ||
		    text.data[i + 1] != '#')
			buf_add_byte(out, text.data[i]);
}

static bool is_control(uint8_t c)
{
	return (c < 0x20 && c != '\t') || c == 0x7f;
}

static size_t find_control(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (is_control(text.data[i]))
			return i;
	return text.len;
}

static bool is_status_line(struct slice value)
{
	uint64_t number;
	return slice_number(slice_to(value, STATUS_LEN), 599, &number) &&
	       number >= 200 && value.len > STATUS_LEN + 1 &&
	       value.data[STATUS_LEN] == ' ';
}

static bool check_value(struct scan *s, const struct rule *r,
			struct slice value)
{
	size_t begin = (size_t)(value.data - s->line.data);
	size_t control = find_control(value);
	size_t space = slice_find(value, ' ');
	if (r->part == PART_BODY) {
		if (!value.len)
			return scan_fault(s, begin,
					  "no value (\"body delete\" "
					  "empties it)");
		return true;
	}
	if (control < value.len)
		return scan_fault(s, begin + control, "a control byte");
	if (r->part == PART_STATUS && !is_status_line(value))
		return scan_fault(s, begin,
				  "a status is set to 200-599 and a "
				  "reason, as \"404 Not Found\"");
	if (r->part == PART_TARGET && !slice_starts(value, SLICE("/")))
		return scan_fault(s, begin, "a target begins with \"/\"");
	if (r->part == PART_TARGET && space < value.len)
		return scan_fault(s, begin + space,
				  "white space is in no target (write %%20)");
	return true;
}

/* Behind "set". */
static bool parse_value(struct scan *s, struct ruleline *l)
{
	size_t end = value_end(s->line, s->at);
	struct slice value = slice_trim(slice_to(scan_rest(s), end - s->at));
	if (!value.len)
		value = slice_to(scan_rest(s), 0);
	s->at = end;
	if (!check_value(s, &l->rule, value))
		return false;
	if (memmem(value.data, value.len, "\\#", 2)) {
		unescape(value, &l->value);
		value = buf_slice(&l->value);
	}
	l->rule.value = value;
	return true;
}

/* "s", and then nothing that could delimit. */
static bool lacks_delimiter(struct slice word)
{
	uint8_t next = word.len > 1 ? word.data[1] | 0x20 : 0;
	return word.data[0] == 's' && !substitution_begins(word) &&
	       (next < 'a' || next > 'z');
}

static bool find_allowed(struct scan *s, size_t begin, struct slice word,
			 struct rule *r)
{
	const char *names[ACTION_COUNT];
	struct buf known = {0};
	size_t count = 0;
	for (size_t i = 0; i < ACTION_COUNT; i++) {
		if (!(parts[r->part].actions & 1U << i))
			continue;
		buf_printf(&known, "%s%s", count ? ", " : "", actions[i]);
		names[count++] = actions[i];
	}
	buf_add_byte(&known, 0);
	s->at = begin;
	if (!word.len)
		scan_fault(s, begin, "the action is missing (%s)", known.data);
	else if (lacks_delimiter(word))
		scan_fault(s, begin + 1, "no delimiter (as in s/.../.../)");
	else if (!find_action(word, &r->action))
		unknown(s, "action", word, names, count,
			(const char *)known.data);
	else if (!(parts[r->part].actions & 1U << r->action))
		scan_fault(s, begin,
			   "\"%s\" is no action for %s (there are "
			   "%s)",
			   actions[r->action], parts[r->part].name, known.data);
	buf_release(&known);
	return !s->fault->text.len;
}

static bool parse_action(struct scan *s, struct ruleline *l)
{
	struct rule *r = &l->rule;
	scan_space(s);
	size_t begin = s->at;
	struct slice word = {0};
	if (!scan_done(s))
		word = scan_word(s);
	if (!find_allowed(s, begin, word, r))
		return false;
	switch (r->action) {
	case ACTION_SUBSTITUTE:
		return parse_substitution(s, &r->substitution);
	case ACTION_SET:
		s->at = begin + word.len;
		return parse_value(s, l);
	case ACTION_DELETE:
	case ACTION_SHIFT:
		s->at = begin + word.len;
		return true;
	}
	return false;
}

static bool parse_end(struct scan *s, struct ruleline *l)
{
	scan_space(s);
	if (!scan_done(s))
		return scan_fault(s, s->at, "this stands behind the rule");
	if (s->at < s->line.len)
		l->comment = scan_rest(s);
	return true;
}

static bool parse_rule(struct scan *s, struct ruleline *l)
{
	size_t begin = s->at, answer;
	if (!parse_conditions(s, &l->rule, &answer))
		return false;
	if (!parse_part(s, &l->rule))
		return false;
	if (parts[l->rule.part].named && !parse_name(s, &l->rule))
		return false;
	if (l->rule.part == PART_TARGET && answer != NOWHERE)
		return scan_fault(s, answer,
				  "a rule for targets cannot ask "
				  "for what only answers have");
	if (!parse_action(s, l))
		return false;
	l->rule.text =
	    slice_trim(slice_to(slice_from(s->line, begin), s->at - begin));
	return parse_end(s, l);
}

/* Behind the word "include". */
static bool parse_include(struct scan *s, struct ruleline *l)
{
	scan_space(s);
	if (scan_done(s))
		return scan_fault(s, s->at, "the file is missing");
	size_t begin = s->at;
	uint8_t quote = s->line.data[s->at];
	if (quote != '"' && quote != '\'') {
		l->include = scan_word(s);
	} else {
		struct slice rest = slice_from(s->line, begin + 1);
		size_t len = slice_find(rest, quote);
		if (len == rest.len)
			return scan_fault(s, begin, "this quote has no end");
		if (!len)
			return scan_fault(s, begin, "the file has no name");
		l->include = slice_to(rest, len);
		s->at = begin + len + 2;
	}
	scan_space(s);
	if (!scan_done(s))
		return scan_fault(s, s->at,
				  "this stands behind the name of "
				  "the file (names with spaces are quoted)");
	return parse_end(s, l);
}

static bool include_begins(const struct scan *s)
{
	struct scan ahead = *s;
	return slice_equal(scan_word(&ahead), SLICE(INCLUDE));
}

enum ruleline_kind ruleline_parse(struct slice line, struct ruleline *l,
				  struct fault *fault)
{
	struct scan s = {line, 0, fault};
	*l = (struct ruleline){0};
	scan_space(&s);
	if (scan_done(&s)) {
		parse_end(&s, l);
		return RULELINE_NOTHING;
	}
	bool include = include_begins(&s);
	if (include)
		s.at += strlen(INCLUDE);
	if (include ? parse_include(&s, l) : parse_rule(&s, l))
		return include ? RULELINE_INCLUDE : RULELINE_RULE;
	rule_release(&l->rule);
	buf_release(&l->value);
	return RULELINE_FAULTY;
}

void rule_release(struct rule *r)
{
	for (size_t i = 0; i < r->condition_count; i++)
		condition_release(&r->conditions[i]);
	free(r->conditions);
	substitution_release(&r->substitution);
	*r = (struct rule){0};
}
