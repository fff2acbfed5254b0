/* One HTTP/1 message from bytes, recorded and live alike (RFC 9112). */
#include "http.h"

#include <string.h>

enum { TOKEN = 1, DIGIT = 2, HEX = 4 };

/* Characters of a token (RFC 9110 5.6.2), of numbers. */
static const uint8_t classes[256] = {
    ['!'] = TOKEN,
    ['#' ... '\''] = TOKEN,
    ['*'] = TOKEN,
    ['+'] = TOKEN,
    ['-'] = TOKEN,
    ['.'] = TOKEN,
    ['0' ... '9'] = TOKEN | DIGIT | HEX,
    ['A' ... 'F'] = TOKEN | HEX,
    ['G' ... 'Z'] = TOKEN,
    ['^' ... '`'] = TOKEN,
    ['a' ... 'f'] = TOKEN | HEX,
    ['g' ... 'z'] = TOKEN,
    ['|'] = TOKEN,
    ['~'] = TOKEN,
};

static bool is_token(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!(classes[s.data[i]] & TOKEN))
			return false;
	return s.len > 0;
}

/* The next line of rest without its line break; LF alone ends one too
 * (RFC 9112 2.2). False if no line break is there. */
static bool line_next(struct slice *rest, struct slice *line)
{
	size_t n = slice_find(*rest, '\n');
	if (n == rest->len)
		return false;
	*line = slice_to(*rest, n);
	*rest = slice_from(*rest, n + 1);
	if (line->len && line->data[line->len - 1] == '\r')
		line->len--;
	return true;
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

bool http_empty_line(struct slice in, size_t seen)
{
	size_t at = seen > 2 ? seen - 2 : 0;
	for (;;) {
		at += slice_find(slice_from(in, at), '\n') + 1;
		if (at >= in.len)
			return false;
		if (in.data[at] == '\n' ||
		    (in.data[at] == '\r' && at + 1 < in.len &&
		     in.data[at + 1] == '\n'))
			return true;
	}
}

bool http_field_next(struct slice *rest, struct field *f)
{
	struct slice line;
	while (line_next(rest, &line)) {
		size_t colon = slice_find(line, ':');
		if (colon == line.len || is_blank(line.data[0]))
			continue;
		/* obs-fold: lines that begin with white space go on (5.2) */
		const uint8_t *end = line.data + line.len;
		while (rest->len && is_blank(rest->data[0])) {
			struct slice more;
			if (!line_next(rest, &more))
				break;
			end = more.data + more.len;
		}
		f->name = slice_trim(slice_to(line, colon));
		f->value.data = line.data + colon + 1;
		f->value.len = (size_t)(end - f->value.data);
		f->value = slice_trim(f->value);
		return true;
	}
	return false;
}

struct slice http_field(struct slice fields, struct slice name)
{
	struct field f;
	while (http_field_next(&fields, &f))
		if (slice_equal_nocase(f.name, name))
			return f.value;
	return (struct slice){0};
}

void http_unfold(struct buf *out, struct slice value)
{
	struct slice line;
	while (line_next(&value, &line)) {
		buf_add(out, slice_trim(line));
		buf_add_byte(out, ' ');
	}
	buf_add(out, slice_trim(value));
}

/* The next element of a comma-separated list, trimmed. */
static bool list_next(struct slice *list, struct slice *element)
{
	if (!list->len)
		return false;
	size_t comma = slice_find(*list, ',');
	*element = slice_to(*list, comma);
	*list = slice_from(*list, comma + 1);
	while (element->len &&
	       (is_blank(element->data[0]) || element->data[0] == '\r' ||
		element->data[0] == '\n'))
		*element = slice_from(*element, 1);
	*element = slice_trim(*element);
	return true;
}

bool http_has_token(struct slice list, struct slice token)
{
	struct slice element;
	while (list_next(&list, &element)) {
		element =
		    slice_trim(slice_to(element, slice_find(element, ';')));
		if (slice_equal_nocase(element, token))
			return true;
	}
	return false;
}

/* What the field lines say of framing and of the connection. */
struct wishes {
	bool has_length, bad_length, has_coding;
	bool close, keep_alive, chunked;
	uint64_t length;
};

/* Repeated Content-Length fields and lists are well as long as all say the
 * same (RFC 9112 6.3, 5). */
static void take_length(struct wishes *w, struct slice value)
{
	struct slice element;
	bool any = false;
	while (list_next(&value, &element)) {
		uint64_t n;
		if (!slice_number(element, INT64_MAX, &n) ||
		    (w->has_length && n != w->length)) {
			w->bad_length = true;
			return;
		}
		w->length = n;
		w->has_length = any = true;
	}
	w->bad_length |= !any;
}

/* Only whether chunked is the last coding matters for framing (6.1); a list
 * over several lines is one list. "identity" of RFC 2616 is none. */
static void take_coding(struct wishes *w, struct slice value)
{
	struct slice element;
	while (list_next(&value, &element)) {
		if (!element.len ||
		    slice_equal_nocase(element, SLICE("identity")))
			continue;
		w->has_coding = true;
		element =
		    slice_trim(slice_to(element, slice_find(element, ';')));
		w->chunked = slice_equal_nocase(element, SLICE("chunked"));
	}
}

static void take_field(struct message *m, struct wishes *w,
		       const struct field *f)
{
	/* Few names matter: their length tells most others apart. */
	switch (f->name.len) {
	case 4:
		if (!m->host.data && slice_equal_nocase(f->name, SLICE("host")))
			m->host = f->value;
		break;
	case 5:
		m->range |= slice_equal_nocase(f->name, SLICE("range"));
		break;
	case 6:
		if (slice_equal_nocase(f->name, SLICE("expect")))
			m->expect =
			    http_has_token(f->value, SLICE("100-continue"));
		break;
	case 10:
		if (!slice_equal_nocase(f->name, SLICE("connection")))
			break;
		w->close |= http_has_token(f->value, SLICE("close"));
		w->keep_alive |= http_has_token(f->value, SLICE("keep-alive"));
		break;
	case 14:
		if (slice_equal_nocase(f->name, SLICE("content-length")))
			take_length(w, f->value);
		break;
	case 17:
		if (slice_equal_nocase(f->name, SLICE("transfer-encoding")))
			take_coding(w, f->value);
		break;
	}
}

/* Whether a line may be a field that take_field wants: its first letter and the
 * place of its colon tell nearly all others apart, at a glance. */
static bool may_matter(struct slice line)
{
	static const uint8_t lengths[32][2] = {
	    ['h' & 31] = {4},      /* Host */
	    ['r' & 31] = {5},      /* Range */
	    ['e' & 31] = {6},      /* Expect */
	    ['c' & 31] = {10, 14}, /* Connection, Content-Length */
	    ['t' & 31] = {17},     /* Transfer-Encoding */
	};
	const uint8_t *len = lengths[line.data[0] & 31];
	for (int i = 0; i < 2 && len[i]; i++) {
		if (line.len <= len[i])
			continue;
		uint8_t c = line.data[len[i]];
		if (c == ':' || is_blank(c))
			return true;
	}
	return false;
}

/* A field line is finished once the next line is seen to be no continuation of
 * it. */
static void finish_field(struct message *m, struct wishes *w, struct slice line)
{
	if (!may_matter(line))
		return;
	size_t colon = slice_find(line, ':');
	if (colon == line.len)
		return;
	struct field f = {slice_trim(slice_to(line, colon)),
			  slice_trim(slice_from(line, colon + 1))};
	take_field(m, w, &f);
}

/* Reads the field lines up to the empty line in one pass: recordings hold
 * hundreds of thousands of heads. rest begins behind the start line of the
 * message that begins at start. */
static enum http_result read_fields(const uint8_t *start, struct slice rest,
				    struct message *m, struct wishes *w)
{
	struct slice line, held = {0};
	m->fields = (struct slice){rest.data, 0};
	for (;;) {
		const uint8_t *at = rest.data;
		if (!line_next(&rest, &line))
			return (size_t)(at + rest.len - start) > HTTP_HEAD_MAX
				   ? HTTP_BAD
				   : HTTP_MORE;
		if (held.len && line.len && is_blank(line.data[0])) {
			held.len = (size_t)(line.data + line.len - held.data);
			continue;
		}
		if (held.len)
			finish_field(m, w, held);
		held = line;
		if (line.len)
			continue;
		m->fields.len = (size_t)(at - m->fields.data);
		m->head = (struct slice){start, (size_t)(rest.data - start)};
		m->close = w->close || (m->minor == 0 && !w->keep_alive);
		return m->head.len > HTTP_HEAD_MAX ? HTTP_BAD : HTTP_DONE;
	}
}

/* "HTTP/1.x" at the start of s. */
static bool read_version(struct slice s, uint8_t *minor)
{
	if (s.len < 8 || !slice_starts(s, SLICE("HTTP/1.")) ||
	    !(classes[s.data[7]] & DIGIT))
		return false;
	*minor = (uint8_t)(s.data[7] - '0');
	return true;
}

/* method SP target SP version (RFC 9112 3). Targets with spaces in them are
 * seen in the wild: the last word is the version, the first the method. */
static bool read_request_line(struct slice line, struct message *m)
{
	while (line.len && is_blank(line.data[line.len - 1]))
		line.len--;
	if (line.len < sizeof "X X HTTP/1.1" - 1)
		return false;
	struct slice version = slice_from(line, line.len - 8);
	if (!read_version(version, &m->minor) ||
	    !is_blank(line.data[line.len - 9]))
		return false;
	size_t space = 0;
	while (space < line.len && !is_blank(line.data[space]))
		space++;
	m->method = slice_to(line, space);
	if (!is_token(m->method) || space > line.len - 9)
		return false;
	m->target = (struct slice){line.data + space, line.len - 8 - space};
	m->target = slice_trim(m->target);
	return m->target.len > 0;
}

/* Whether bytes without a line break may yet become a request line. */
static enum http_result request_prefix(struct slice s)
{
	size_t i = 0;
	while (i < s.len && (classes[s.data[i]] & TOKEN))
		i++;
	if (i < s.len && (i == 0 || !is_blank(s.data[i])))
		return HTTP_BAD;
	return s.len > HTTP_HEAD_MAX ? HTTP_BAD : HTTP_MORE;
}

enum http_result http_request(struct slice in, struct message *m)
{
	struct slice rest = in, line;
	struct wishes w = {0};
	*m = (struct message){0};
	/* empty lines before a request line are ignored (2.2) */
	while (rest.len && (rest.data[0] == '\r' || rest.data[0] == '\n'))
		rest = slice_from(rest, 1);
	if (in.len - rest.len > HTTP_HEAD_MAX)
		return HTTP_BAD;
	struct slice from = rest;
	if (!line_next(&rest, &line))
		return request_prefix(from);
	if (!read_request_line(line, m))
		return HTTP_BAD;
	enum http_result r = read_fields(in.data, rest, m, &w);
	if (r != HTTP_DONE)
		return r;
	if (w.has_coding) {
		/* A request whose last coding is another is an error (6.3) */
		m->framing = w.chunked ? HTTP_CHUNKED : HTTP_NO_BODY;
		m->malformed = !w.chunked;
	} else if (w.bad_length) {
		m->malformed = true;
	} else if (w.has_length && w.length) {
		m->framing = HTTP_LENGTH;
		m->length = w.length;
	}
	return HTTP_DONE;
}

/* version SP status SP reason (RFC 9112 4); the space before an absent reason
 * is often forgotten. */
static bool read_status_line(struct slice line, struct message *m)
{
	if (!read_version(line, &m->minor))
		return false;
	line = slice_from(line, 8);
	if (!line.len || !is_blank(line.data[0]))
		return false;
	line = slice_trim(line);
	uint64_t status;
	if (line.len < 3 || !slice_number(slice_to(line, 3), 999, &status) ||
	    status < 100 || (line.len > 3 && !is_blank(line.data[3])))
		return false;
	m->status = (uint16_t)status;
	m->reason = slice_trim(slice_from(line, 3));
	return true;
}

static bool has_no_body(const struct message *m, struct slice method)
{
	return m->status < 200 || m->status == 204 || m->status == 304 ||
	       slice_equal(method, SLICE("HEAD")) ||
	       (m->status < 300 && slice_equal(method, SLICE("CONNECT")));
}

enum http_result http_response(struct slice in, struct slice method,
			       struct message *m)
{
	struct slice rest = in, line;
	struct wishes w = {0};
	*m = (struct message){0};
	struct slice mark = SLICE("HTTP/1.");
	if (!slice_equal(slice_to(in, mark.len), slice_to(mark, in.len)))
		return HTTP_BAD;
	if (!line_next(&rest, &line))
		return in.len > HTTP_HEAD_MAX ? HTTP_BAD : HTTP_MORE;
	if (!read_status_line(line, m))
		return HTTP_BAD;
	enum http_result r = read_fields(in.data, rest, m, &w);
	if (r != HTTP_DONE || has_no_body(m, method))
		return r;
	/* The order is that of section 6.3: coding, length, close. */
	if (w.has_coding) {
		m->framing = w.chunked ? HTTP_CHUNKED : HTTP_UNTIL_CLOSE;
	} else if (w.bad_length) {
		m->malformed = true;
	} else if (w.has_length) {
		m->framing = w.length ? HTTP_LENGTH : HTTP_NO_BODY;
		m->length = w.length;
	} else {
		m->framing = HTTP_UNTIL_CLOSE;
	}
	m->close |= m->framing == HTTP_UNTIL_CLOSE;
	return HTTP_DONE;
}

/* Chunked transfer coding: a machine over single bytes, but for the data. */
enum chunk_state {
	CHUNK_SIZE,      /* digits of the size */
	CHUNK_EXTENSION, /* up to the line break */
	CHUNK_DATA,
	CHUNK_DATA_CR,    /* the line break behind the data */
	CHUNK_TRAILER,    /* at the start of a trailer line */
	CHUNK_TRAILER_CR, /* CR at the start of a line: the empty one */
	CHUNK_TRAILER_LINE,
	CHUNK_DONE,
};

static bool size_digit(struct chunked *c, uint8_t byte)
{
	uint8_t digit = byte <= '9' ? byte - '0' : (byte | 0x20) - 'a' + 10;
	if (c->left >> 59)
		return false;
	c->left = c->left << 4 | digit;
	c->digits = 1;
	return true;
}

static enum chunk_state after_size(struct chunked *c)
{
	c->digits = 0;
	return c->left ? CHUNK_DATA : CHUNK_TRAILER;
}

/* One byte outside of the data. False: not chunked. */
static bool chunk_byte(struct chunked *c, uint8_t byte)
{
	switch ((enum chunk_state)c->state) {
	case CHUNK_SIZE:
		if (classes[byte] & HEX)
			return size_digit(c, byte);
		if (!c->digits)
			return false;
		if (byte == '\n')
			c->state = after_size(c);
		else if (byte == ';' || byte == '\r' || is_blank(byte))
			c->state = CHUNK_EXTENSION;
		else
			return false;
		return true;
	case CHUNK_EXTENSION:
		if (byte == '\n')
			c->state = after_size(c);
		return true;
	case CHUNK_DATA_CR:
		if (byte == '\n')
			c->state = CHUNK_SIZE;
		return byte == '\n' || byte == '\r';
	case CHUNK_TRAILER:
		if (byte == '\n')
			c->state = CHUNK_DONE;
		else if (byte == '\r')
			c->state = CHUNK_TRAILER_CR;
		else
			c->state = CHUNK_TRAILER_LINE;
		return true;
	case CHUNK_TRAILER_CR:
		c->state = byte == '\n' ? CHUNK_DONE : CHUNK_TRAILER_LINE;
		return true;
	case CHUNK_TRAILER_LINE:
		if (byte == '\n')
			c->state = CHUNK_TRAILER;
		return true;
	case CHUNK_DATA:
	case CHUNK_DONE:
		break;
	}
	return true;
}

enum http_result chunked_next(struct chunked *c, struct slice *in,
			      struct slice *data)
{
	*data = (struct slice){in->data, 0};
	while (c->state != CHUNK_DONE && in->len) {
		if (c->state == CHUNK_DATA) {
			*data = slice_to(*in, c->left);
			*in = slice_from(*in, data->len);
			c->left -= data->len;
			if (!c->left)
				c->state = CHUNK_DATA_CR;
			return HTTP_MORE;
		}
		uint8_t byte = in->data[0];
		if (!chunk_byte(c, byte))
			return HTTP_BAD;
		*in = slice_from(*in, 1);
	}
	return c->state == CHUNK_DONE ? HTTP_DONE : HTTP_MORE;
}

enum chunked_place chunked_place(const struct chunked *c)
{
	switch ((enum chunk_state)c->state) {
	case CHUNK_DATA:
		return CHUNKED_DATA;
	case CHUNK_TRAILER:
	case CHUNK_TRAILER_CR:
	case CHUNK_TRAILER_LINE:
		return CHUNKED_TRAILERS;
	case CHUNK_SIZE:
	case CHUNK_EXTENSION:
	case CHUNK_DATA_CR:
	case CHUNK_DONE:
		break;
	}
	return CHUNKED_FRAMING;
}

bool chunked_skip(struct chunked *c, uint64_t n)
{
	if (c->state != CHUNK_DATA || n > c->left)
		return false;
	c->left -= n;
	if (!c->left)
		c->state = CHUNK_DATA_CR;
	return true;
}
