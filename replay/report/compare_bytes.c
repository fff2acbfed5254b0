/* Where the bytes of two answers first differ, in words. */
#include "compare_bytes.h"

#include "rewrite/fields.h"

#include "capture/http.h"

#define SHOWN 80U /* bytes of a value */

/* One side, and how far it was read. */
struct lane {
	const struct wire *wire;
	struct slice piece; /* data NULL: a gap */
	struct buf head;    /* the message in hand */
	struct message message;
	bool parsed; /* message is one */
};

struct sides {
	struct lane asked, wanted;
	const struct wire_terms *terms;
	struct buf *where;
};

static void put_value(struct buf *out, struct slice value)
{
	buf_add(out, slice_to(value, SHOWN));
	if (value.len > SHOWN)
		buf_add_string(out, "...");
}

/* "what: asked, recorded wanted" */
static void tell(const struct sides *s, const char *what, struct slice asked,
		 struct slice wanted)
{
	buf_printf(s->where, "%s: ", what);
	put_value(s->where, asked);
	buf_printf(s->where, ", %s ", s->terms->wanted);
	put_value(s->where, wanted);
}

/* ---- bytes ---- */

static void lane_rewind(struct lane *l)
{
	l->wire->rewind(l->wire->context);
	l->piece = (struct slice){0};
	buf_clear(&l->head);
	l->parsed = false;
}

/* Has bytes, or a gap, in hand. False at the end. */
static bool lane_fill(struct lane *l)
{
	while (!l->piece.len)
		if (!l->wire->next(l->wire->context, &l->piece))
			return false;
	return true;
}

static void lane_use(struct lane *l, size_t n)
{
	if (l->piece.data)
		l->piece.data += n;
	l->piece.len -= n;
}

/* Takes a body's chunk framing off what next gives. */
struct unchunked {
	struct lane *from;
	struct chunked state;
};

static bool unchunked_next(void *context, struct slice *bytes)
{
	struct unchunked *u = context;
	struct lane *l = u->from;
	enum http_result r = HTTP_MORE;
	while (r == HTTP_MORE && lane_fill(l)) {
		if (!l->piece.data) {
			*bytes = l->piece;
			l->piece.len = 0;
			return chunked_skip(&u->state, bytes->len);
		}
		r = chunked_next(&u->state, &l->piece, bytes);
		if (bytes->len)
			return true;
	}
	return false;
}

/* Where two lanes part. */
enum meeting {
	MEET_NOT, /* they are equal to their ends */
	MEET_BYTE,
	MEET_ASKED_ENDS,
	MEET_WANTED_ENDS,
	MEET_ASKED_LACKS, /* bytes that the other has: a gap */
	MEET_WANTED_LACKS,
};

static size_t shared(const uint8_t *a, const uint8_t *b, size_t len)
{
	size_t i = 0;
	if (!memcmp(a, b, len))
		return len;
	while (a[i] == b[i])
		i++;
	return i;
}

/* Goes along both. *at: how many bytes are equal. */
static enum meeting meet(struct lane *asked, struct lane *wanted, uint64_t *at)
{
	*at = 0;
	for (;;) {
		bool a = lane_fill(asked), b = lane_fill(wanted);
		if (!a || !b)
			return a == b ? MEET_NOT
			       : a    ? MEET_WANTED_ENDS
				      : MEET_ASKED_ENDS;
		struct slice x = asked->piece, y = wanted->piece;
		size_t len = x.len < y.len ? x.len : y.len;
		if (!x.data != !y.data)
			return x.data ? MEET_WANTED_LACKS : MEET_ASKED_LACKS;
		size_t same = x.data ? shared(x.data, y.data, len) : len;
		*at += same;
		lane_use(asked, same);
		lane_use(wanted, same);
		if (same < len)
			return MEET_BYTE;
	}
}

/* Bytes to the end. */
static uint64_t count_rest(struct lane *l)
{
	uint64_t count = 0;
	for (; lane_fill(l); l->piece.len = 0)
		count += l->piece.len;
	return count;
}

static void tell_meeting(const struct sides *s, const char *what,
			 enum meeting how, struct lane *asked,
			 struct lane *wanted, uint64_t at)
{
	unsigned long long n = at, all;
	buf_add_string(s->where, how == MEET_NOT ? "" : what);
	switch (how) {
	case MEET_NOT:
		break;
	case MEET_BYTE:
		buf_printf(s->where, " byte %llu: 0x%02X, %s 0x%02X", n,
			   asked->piece.data[0], s->terms->wanted,
			   wanted->piece.data[0]);
		break;
	case MEET_ASKED_ENDS:
		all = n + count_rest(wanted);
		buf_printf(s->where, " ends after %llu of %llu bytes", n, all);
		break;
	case MEET_WANTED_ENDS:
		all = n + count_rest(asked);
		buf_printf(s->where, " has %llu bytes, %s %llu", all,
			   s->terms->wanted, n);
		break;
	case MEET_ASKED_LACKS:
		buf_printf(s->where,
			   " byte %llu: missing from the replay's capture", n);
		break;
	case MEET_WANTED_LACKS:
		buf_printf(s->where, " byte %llu: missing from the recording",
			   n);
		break;
	}
}

/* ---- heads ---- */

/* How much of bytes belongs to a head, of which *breaks line feeds in a row
 * came last; *begun: behind any empty lines before it. */
static size_t head_part(struct slice bytes, unsigned *breaks, bool *begun)
{
	size_t i = 0;
	while (i < bytes.len && *breaks < 2) {
		uint8_t c = bytes.data[i++];
		if (c != '\n' && c != '\r')
			*begun = true;
		if (c == '\n' && *begun)
			++*breaks;
		else if (c != '\r')
			*breaks = 0;
	}
	return i;
}

/* Reads the next head, or what there is of one. */
static void read_head(struct lane *l, struct slice method)
{
	unsigned breaks = 0;
	bool begun = false;
	buf_clear(&l->head);
	while (breaks < 2 && l->head.len <= HTTP_HEAD_MAX && lane_fill(l) &&
	       l->piece.data) {
		size_t n = head_part(l->piece, &breaks, &begun);
		buf_add(&l->head, slice_to(l->piece, n));
		lane_use(l, n);
	}
	l->parsed = breaks == 2 && http_response(buf_slice(&l->head), method,
						 &l->message) == HTTP_DONE;
}

static bool is_interim(const struct lane *l)
{
	return l->parsed && l->message.status < 200 && l->message.status != 101;
}

static void read_heads(const struct sides *s, struct lane *l)
{
	do
		read_head(l, s->terms->method);
	while (s->terms->any_interim && is_interim(l));
}

/* A word of a status line, taken off it. */
static struct slice take_word(struct slice *line)
{
	struct slice word = slice_to(*line, slice_find(*line, ' '));
	*line = slice_from(*line, word.len + 1);
	return word;
}

static struct slice without_break(struct slice line)
{
	while (line.len && (line.data[line.len - 1] == '\n' ||
			    line.data[line.len - 1] == '\r'))
		line.len--;
	return line;
}

static bool status_lines_differ(const struct sides *s, struct slice asked,
				struct slice wanted)
{
	static const char *const words[] = {"version", "status"};
	if (slice_equal(asked, wanted))
		return false;
	struct slice a = without_break(asked), b = without_break(wanted);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct slice x = take_word(&a), y = take_word(&b);
		if (!slice_equal(x, y)) {
			tell(s, words[i], x, y);
			return true;
		}
	}
	if (slice_equal(a, b))
		buf_add_string(s->where, "status line: other line break");
	else
		tell(s, "reason", a, b);
	return true;
}

/* A field of one head, and the whole head of the other. */
static bool has_line(const struct fields *f, size_t from, struct slice line)
{
	for (; from < f->count; from++)
		if (slice_equal(f->lines[from].bytes, line))
			return true;
	return false;
}

static bool has_name(const struct fields *f, size_t from, struct slice name)
{
	return fields_find(f, name, from) < f->count;
}

static void tell_one(const struct sides *s, const struct fields *f, size_t i,
		     bool missing)
{
	buf_add_string(s->where, "field ");
	put_value(s->where, fields_name(f, i));
	if (missing)
		buf_printf(s->where, " missing, %s ", s->terms->wanted);
	else
		buf_add_string(s->where, " extra: ");
	put_value(s->where, fields_value(f, i));
}

static void tell_order(const struct sides *s, struct slice asked,
		       struct slice wanted)
{
	tell(s, "order of fields", asked, wanted);
}

/* Line i of both is a field of that name, and not the same. */
static void tell_same_name(const struct sides *s, const struct fields *a,
			   const struct fields *b, size_t i)
{
	struct slice x = fields_value(a, i), y = fields_value(b, i);
	bool kept = has_line(b, i, a->lines[i].bytes);
	bool there = has_line(a, i, b->lines[i].bytes);
	if (kept != there) {
		tell_one(s, kept ? b : a, i, kept);
	} else if (kept) {
		tell_order(s, x, y);
	} else if (!slice_equal(x, y)) {
		buf_add_string(s->where, "field ");
		put_value(s->where, fields_name(b, i));
		tell(s, "", x, y);
	} else if (!slice_equal(fields_name(a, i), fields_name(b, i))) {
		tell(s, "field name", fields_name(a, i), fields_name(b, i));
	} else {
		buf_add_string(s->where, "field ");
		put_value(s->where, fields_name(a, i));
		buf_add_string(s->where, ": other spaces or line break");
	}
}

static void tell_other_name(const struct sides *s, const struct fields *a,
			    const struct fields *b, size_t i)
{
	struct slice x = fields_name(a, i), y = fields_name(b, i);
	if (!has_name(a, i, y))
		tell_one(s, b, i, true);
	else if (!has_name(b, i, x))
		tell_one(s, a, i, false);
	else
		tell_order(s, x, y);
}

static void tell_fields(const struct sides *s, const struct fields *a,
			const struct fields *b)
{
	size_t i = 1;
	while (i < a->count && i < b->count &&
	       slice_equal(a->lines[i].bytes, b->lines[i].bytes))
		i++;
	bool x = i < a->count && a->lines[i].name_len;
	bool y = i < b->count && b->lines[i].name_len;
	if (!x && !y)
		buf_printf(s->where, "head line %zu: other bytes", i + 1);
	else if (!x || !y)
		tell_one(s, x ? a : b, i, y);
	else if (slice_equal_nocase(fields_name(a, i), fields_name(b, i)))
		tell_same_name(s, a, b, i);
	else
		tell_other_name(s, a, b, i);
}

/* Both are whole heads of responses. */
static bool heads_differ(const struct sides *s)
{
	struct slice asked = buf_slice(&s->asked.head);
	struct slice wanted = buf_slice(&s->wanted.head);
	struct fields a, b;
	if (slice_equal(asked, wanted))
		return false;
	if (status_lines_differ(s, slice_to(asked, slice_find(asked, '\n') + 1),
				slice_to(wanted, slice_find(wanted, '\n') + 1)))
		return true;
	bool read = fields_read(&a, asked, NULL, 0);
	if (read && fields_read(&b, wanted, NULL, 0)) {
		tell_fields(s, &a, &b);
		fields_release(&b);
	} else {
		buf_add_string(s->where, "head: other bytes");
	}
	if (read)
		fields_release(&a);
	return true;
}

/* ---- bodies ---- */

static struct lane lane_of(const struct wire *wire)
{
	return (struct lane){.wire = wire};
}

static void no_rewind(void *context)
{
	(void)context;
}

/* From behind the heads, framing off. */
static enum meeting meet_unchunked(struct sides *s, bool told)
{
	struct unchunked a = {.from = &s->asked}, b = {.from = &s->wanted};
	struct wire x = {unchunked_next, no_rewind, &a};
	struct wire y = {unchunked_next, no_rewind, &b};
	struct lane asked = lane_of(&x), wanted = lane_of(&y);
	uint64_t at;
	enum meeting how = meet(&asked, &wanted, &at);
	if (told)
		tell_meeting(s, "body", how, &asked, &wanted, at);
	return how;
}

static void skip_heads(struct sides *s)
{
	struct lane *lanes[] = {&s->asked, &s->wanted};
	for (size_t i = 0; i < 2; i++) {
		lane_rewind(lanes[i]);
		do
			read_head(lanes[i], s->terms->method);
		while (is_interim(lanes[i]));
	}
}

/* Heads are equal, and their bodies chunked. */
static bool chunked_differ(struct sides *s)
{
	uint64_t at;
	enum meeting how = meet(&s->asked, &s->wanted, &at);
	if (how == MEET_NOT)
		return false;
	skip_heads(s);
	if (meet_unchunked(s, true) != MEET_NOT)
		return true;
	if (how == MEET_ASKED_ENDS)
		buf_add_string(s->where, "body without its last chunk");
	else
		buf_printf(s->where,
			   "chunk framing at byte %llu of the body as sent; "
			   "its content is the same",
			   (unsigned long long)at);
	return true;
}

static bool bodies_differ(struct sides *s)
{
	uint64_t at;
	if (s->asked.message.framing == HTTP_CHUNKED)
		return chunked_differ(s);
	enum meeting how = meet(&s->asked, &s->wanted, &at);
	tell_meeting(s, "body", how, &s->asked, &s->wanted, at);
	return how != MEET_NOT;
}

/* ---- all of it ---- */

/* Nothing, a part of a head, or no HTTP is on one side at least. */
static bool others_differ(struct sides *s)
{
	struct lane *a = &s->asked, *b = &s->wanted;
	uint64_t at;
	bool some = a->head.len || lane_fill(a);
	if (!some && b->parsed) {
		buf_printf(s->where, "no answer, %s %u", s->terms->wanted,
			   b->message.status);
		return true;
	}
	if (a->parsed && !b->head.len && !lane_fill(b)) {
		buf_printf(s->where, "status: %u, %s no answer",
			   a->message.status, s->terms->wanted);
		return true;
	}
	lane_rewind(a);
	lane_rewind(b);
	enum meeting how = meet(a, b, &at);
	tell_meeting(s, "answer", how, a, b, at);
	return how != MEET_NOT;
}

/* They are known not to be equal throughout. */
static bool explain(struct sides *s)
{
	do {
		read_heads(s, &s->asked);
		read_heads(s, &s->wanted);
		if (!s->asked.parsed || !s->wanted.parsed)
			return others_differ(s);
		if (heads_differ(s))
			return true;
	} while (is_interim(&s->asked));
	return bodies_differ(s);
}

bool wires_differ(const struct wire *asked, const struct wire *wanted,
		  const struct wire_terms *terms, struct buf *where)
{
	struct sides s = {.asked = lane_of(asked),
			  .wanted = lane_of(wanted),
			  .terms = terms,
			  .where = where};
	uint64_t at;
	lane_rewind(&s.asked);
	lane_rewind(&s.wanted);
	bool differ = meet(&s.asked, &s.wanted, &at) != MEET_NOT;
	if (differ) {
		lane_rewind(&s.asked);
		lane_rewind(&s.wanted);
		differ = explain(&s);
	}
	buf_release(&s.asked.head);
	buf_release(&s.wanted.head);
	return differ;
}
