/* Matches replaced. pcre2_substitute() is not used: it cannot make steering
 * names, nor leave a match as it is. */
#include "substitution.h"

#include "steer.h"
#include "written.h"

#include <ctype.h>
#include <stdlib.h>

/* What may be made of one subject: templates repeat what they match. */
#define OUTPUT_MAX ((size_t)256 << 20)

enum piece_kind { PIECE_TEXT, PIECE_GROUP, PIECE_STEER };

struct piece {
	enum piece_kind kind;
	unsigned group;
	size_t at, len; /* of the text, in texts */
};

struct template
{
	struct piece *pieces;
	size_t count;
	struct buf texts;
};

struct parser {
	struct slice text;
	size_t at;
	const struct pattern *pattern;
	struct template *template;
	struct fault *fault;
};

static bool refuse(struct parser *p, size_t at, const char *why)
{
	buf_add_string(&p->fault->text, why);
	p->fault->at = at;
	return false;
}

static struct slice rest(const struct parser *p)
{
	return slice_from(p->text, p->at);
}

static struct piece *add_piece(struct template *t, enum piece_kind kind)
{
	t->pieces = xreallocarray(t->pieces, t->count + 1, sizeof *t->pieces);
	struct piece *piece = &t->pieces[t->count++];
	*piece = (struct piece){.kind = kind, .at = t->texts.len};
	return piece;
}

static void add_byte(struct template *t, uint8_t c)
{
	struct piece *last = t->count ? &t->pieces[t->count - 1] : NULL;
	if (!last || last->kind != PIECE_TEXT)
		last = add_piece(t, PIECE_TEXT);
	buf_add_byte(&t->texts, c);
	last->len++;
}

static bool is_word(uint8_t c)
{
	return c < 0x80 && (isalnum(c) || c == '_');
}

/* A number or a name; empty if there is neither. */
static struct slice read_word(struct parser *p)
{
	struct slice s = rest(p);
	size_t len = 0;
	bool number = s.len && isdigit(s.data[0]);
	while (len < s.len &&
	       (number ? isdigit(s.data[len]) != 0 : is_word(s.data[len])))
		len++;
	p->at += len;
	return slice_to(s, len);
}

/* The group that a word at that offset names. */
static bool find_group(struct parser *p, struct slice word, size_t at,
		       unsigned *group)
{
	uint64_t number;
	if (!isdigit(word.data[0])) {
		*group = pattern_group(p->pattern, word);
		if (*group)
			return true;
	} else if (slice_number(word, UINT16_MAX, &number) &&
		   number <= pattern_groups(p->pattern)) {
		*group = (unsigned)number;
		return true;
	}
	refuse(p, at, "the expression has no group ");
	buf_add_escaped(&p->fault->text, word);
	return false;
}

static bool add_group(struct parser *p, enum piece_kind kind)
{
	size_t at = p->at;
	unsigned group;
	struct slice word = read_word(p);
	if (!word.len)
		return refuse(p, at,
			      "the name or number of a group is missing");
	if (!find_group(p, word, at, &group))
		return false;
	add_piece(p->template, kind)->group = group;
	return true;
}

/* "${1}", "${name}", "${steer:1}"; behind the brace. */
static bool parse_braces(struct parser *p, size_t dollar)
{
	static const char steer[] = "steer:";
	enum piece_kind kind = PIECE_GROUP;
	if (slice_starts(rest(p), SLICE("steer:"))) {
		p->at += strlen(steer);
		kind = PIECE_STEER;
	}
	if (!add_group(p, kind))
		return false;
	if (!slice_starts(rest(p), SLICE("}")))
		return refuse(p, dollar, "${ without }");
	p->at++;
	return true;
}

static bool parse_dollar(struct parser *p)
{
	size_t dollar = p->at++;
	struct slice s = rest(p);
	uint8_t c = s.len ? s.data[0] : 0;
	if (is_word(c))
		return add_group(p, PIECE_GROUP);
	if (c != '$' && c != '&' && c != '{')
		return refuse(p, dollar,
			      "$ names no group; write \\$ for a dollar sign");
	p->at++;
	if (c == '{')
		return parse_braces(p, dollar);
	if (c == '&')
		add_piece(p->template, PIECE_GROUP);
	else
		add_byte(p->template, '$');
	return true;
}

static bool parse_hex(struct parser *p, size_t backslash)
{
	struct slice s = rest(p);
	int high = s.len > 1 ? byte_hex(s.data[0]) : -1;
	int low = s.len > 1 ? byte_hex(s.data[1]) : -1;
	if (high < 0 || low < 0)
		return refuse(p, backslash, "\\x wants two hexadecimal digits");
	add_byte(p->template, (uint8_t)(high << 4 | low));
	p->at += 2;
	return true;
}

static bool parse_backslash(struct parser *p)
{
	static const char from[] = "nrt0", to[] = "\n\r\t";
	size_t backslash = p->at++;
	struct slice s = rest(p);
	if (!s.len)
		return refuse(p, backslash, "a backslash ends the replacement");
	uint8_t c = s.data[0];
	const char *found = c ? strchr(from, c) : NULL;
	p->at++;
	if (c == 'x')
		return parse_hex(p, backslash);
	if (c >= '1' && c <= '9')
		return refuse(p, backslash, "write $1 for a group, not \\1");
	if (!found && is_word(c))
		return refuse(p, backslash,
			      "only \\n \\r \\t \\0 \\xHH are known here");
	add_byte(p->template, found ? (uint8_t)to[found - from] : c);
	return true;
}

static bool parse(struct parser *p)
{
	bool ok = true;
	while (ok && p->at < p->text.len) {
		uint8_t c = p->text.data[p->at];
		if (c == '$') {
			ok = parse_dollar(p);
		} else if (c == '\\') {
			ok = parse_backslash(p);
		} else {
			add_byte(p->template, c);
			p->at++;
		}
	}
	return ok;
}

struct template *template_new(struct slice text, const struct pattern *p,
			      struct fault *fault)
{
	struct template *t = xcalloc(1, sizeof *t);
	struct parser parser = {
	    .text = text, .pattern = p, .template = t, .fault = fault};
	if (parse(&parser))
		return t;
	template_free(t);
	return NULL;
}

void template_free(struct template *t)
{
	if (!t)
		return;
	free(t->pieces);
	buf_release(&t->texts);
	free(t);
}

void substitution_release(struct substitution *s)
{
	pattern_free(s->pattern);
	template_free(s->template);
	*s = (struct substitution){0};
}

/* The steering name of a host; a dot at its end is kept. */
static bool add_steered(struct slice host, struct slice zone, struct buf *out)
{
	struct address a;
	struct buf plain = {0};
	if (!written_address(host, &a))
		return false;
	steer_name(out, &a, zone);
	written_read(host, &plain);
	if (plain.len && plain.data[plain.len - 1] == '.')
		buf_add_byte(out, '.');
	buf_release(&plain);
	return true;
}

enum filling { FILLED, NOT_AN_ADDRESS, TOO_LONG };

/* What takes the place of the last match, appended to out. */
static enum filling fill(const struct template *t, const struct matcher *m,
			 struct slice zone, size_t room, struct buf *out)
{
	struct slice texts = buf_slice(&t->texts);
	for (size_t i = 0; i < t->count; i++) {
		const struct piece *piece = &t->pieces[i];
		struct slice s = matcher_group(m, piece->group);
		switch (piece->kind) {
		case PIECE_TEXT:
			s = slice_to(slice_from(texts, piece->at), piece->len);
			break;
		case PIECE_GROUP:
			break;
		case PIECE_STEER:
			if (!add_steered(s, zone, out))
				return NOT_AN_ADDRESS;
			s.len = 0;
			break;
		}
		if (out->len > room || s.len > room - out->len)
			return TOO_LONG;
		buf_add(out, s);
	}
	return FILLED;
}

/* A substitution under way. */
struct progress {
	struct slice subject;
	struct buf *out;
	size_t start; /* length of out before */
	size_t kept;  /* so much of the subject is in out */
	size_t count;
	struct buf filling;
};

static size_t room_left(const struct progress *p)
{
	size_t made = p->out->len - p->start;
	return made < OUTPUT_MAX ? OUTPUT_MAX - made : 0;
}

/* Appends the subject up to there. False if it becomes too much. */
static bool keep(struct progress *p, size_t end)
{
	struct slice s = slice_from(slice_to(p->subject, end), p->kept);
	if (s.len > room_left(p))
		return false;
	buf_add(p->out, s);
	p->kept = end;
	return true;
}

/* Puts the filling in place of what the subject has there. */
static bool replace(struct progress *p, size_t at, size_t len)
{
	if (!keep(p, at) || p->filling.len > room_left(p))
		return false;
	buf_add(p->out, buf_slice(&p->filling));
	p->kept = at + len;
	p->count++;
	return true;
}

static enum pattern_result run(const struct substitution *s, struct matcher *m,
			       struct slice zone, struct progress *p)
{
	size_t from = 0;
	bool again = false;
	while (s->all || !p->count) {
		enum pattern_result result =
		    pattern_find(s->pattern, m, p->subject, from, again);
		if (result != PATTERN_FOUND)
			return result;
		struct slice whole = matcher_group(m, 0);
		size_t at = (size_t)(whole.data - p->subject.data);
		buf_clear(&p->filling);
		enum filling filling =
		    fill(s->template, m, zone, room_left(p), &p->filling);
		if (filling == TOO_LONG ||
		    (filling == FILLED && !replace(p, at, whole.len)))
			return PATTERN_LIMIT;
		from = at + whole.len;
		again = !whole.len;
	}
	return PATTERN_FOUND;
}

enum pattern_result substitute(const struct substitution *s, struct matcher *m,
			       struct slice subject, struct slice zone,
			       struct buf *out, size_t *count)
{
	struct progress p = {.out = out, .start = out->len};
	p.subject = subject.data ? subject : SLICE("");
	enum pattern_result result = run(s, m, zone, &p);
	if (result <= PATTERN_FOUND) {
		result = p.count ? PATTERN_FOUND : PATTERN_NONE;
		if (p.count && !keep(&p, p.subject.len))
			result = PATTERN_LIMIT;
	}
	if (result > PATTERN_FOUND) {
		out->len = p.start;
		p.count = 0;
	}
	*count = p.count;
	buf_release(&p.filling);
	return result;
}
