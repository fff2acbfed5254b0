/* Heads in the form of HTTP/1.1 out of HTTP/2's fields (RFC 9113 8.2, 8.3). */
#include "h2_head.h"

#include "http.h"

#define ENTRY_EXTRA 32U /* RFC 9113 10.5.1: of each field, beside its bytes */

enum pseudo {
	METHOD = 1,
	SCHEME = 2,
	AUTHORITY = 4,
	PATH = 8,
	PROTOCOL = 16,
	STATUS = 32,
};

void h2_head_begin(struct h2_head *h, enum h2_head_kind kind)
{
	struct buf *bufs[] = {&h->method, &h->authority, &h->path, &h->protocol,
			      &h->lines,  &h->cookie,    &h->text};
	for (size_t i = 0; i < sizeof bufs / sizeof *bufs; i++)
		buf_clear(bufs[i]);
	h->kind = kind;
	h->malformed = h->regular = h->ranged = h->has_length = false;
	h->present = 0;
	h->status = 0;
	h->cookie_at = h->size = 0;
	h->length = 0;
}

void h2_head_release(struct h2_head *h)
{
	struct buf *bufs[] = {&h->method, &h->authority, &h->path, &h->protocol,
			      &h->lines,  &h->cookie,    &h->text};
	for (size_t i = 0; i < sizeof bufs / sizeof *bufs; i++)
		buf_release(bufs[i]);
}

/* ---- what may stand where ---- */

/* RFC 9113 8.2.1; and no colon but the first of a pseudo-field's. Upper case is
 * malformed too. */
static bool is_name(struct slice name)
{
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.data[i];
		if (c <= 0x20 || c >= 0x7f || c == ':' ||
		    (c >= 'A' && c <= 'Z'))
			return false;
	}
	return name.len > 0;
}

/* What would end a line must not come into one. */
static bool is_value(struct slice value)
{
	return slice_find(value, '\0') == value.len &&
	       slice_find(value, '\r') == value.len &&
	       slice_find(value, '\n') == value.len;
}

/* Without what parts the words of a request line. */
static bool is_word(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.data[i] <= ' ' || s.data[i] == 0x7f)
			return false;
	return s.len > 0;
}

/* A token: RFC 9110 5.6.2. */
static bool is_method(struct slice s)
{
	static const char others[] = "!#$%&'*+-.^_`|~";
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = byte_lower(s.data[i]);
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    !(c && strchr(others, c)))
			return false;
	}
	return s.len > 0;
}

bool h2_head_of_connection(struct slice name)
{
	return slice_equal_nocase(name, SLICE("connection")) ||
	       slice_equal_nocase(name, SLICE("keep-alive")) ||
	       slice_equal_nocase(name, SLICE("proxy-connection")) ||
	       slice_equal_nocase(name, SLICE("transfer-encoding")) ||
	       slice_equal_nocase(name, SLICE("upgrade"));
}

/* ---- fields ---- */

static enum pseudo pseudo_of(struct slice name, enum h2_head_kind kind)
{
	static const struct {
		struct slice name;
		enum pseudo pseudo;
	} known[] = {
	    {SLICE(":method"), METHOD},     {SLICE(":path"), PATH},
	    {SLICE(":scheme"), SCHEME},     {SLICE(":authority"), AUTHORITY},
	    {SLICE(":protocol"), PROTOCOL}, {SLICE(":status"), STATUS},
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		bool response = known[i].pseudo == STATUS;
		if (kind != H2_TRAILERS && response == (kind == H2_RESPONSE) &&
		    slice_equal(known[i].name, name))
			return known[i].pseudo;
	}
	return 0;
}

static void take_status(struct h2_head *h, struct slice value)
{
	uint64_t status;
	if (value.len == 3 && slice_number(value, 999, &status) &&
	    status >= 100)
		h->status = (uint16_t)status;
	else
		h->malformed = true;
}

static void take_pseudo(struct h2_head *h, struct slice name,
			struct slice value)
{
	enum pseudo p = pseudo_of(name, h->kind);
	if (!p || h->regular || h->present & p || !is_value(value)) {
		h->malformed = true;
		return;
	}
	h->present |= (uint8_t)p;
	switch (p) {
	case METHOD:
		buf_add(&h->method, value);
		break;
	case AUTHORITY:
		buf_add(&h->authority, value);
		break;
	case PATH:
		buf_add(&h->path, value);
		break;
	case PROTOCOL:
		buf_add(&h->protocol, value);
		break;
	case STATUS:
		take_status(h, value);
		break;
	case SCHEME: /* that of the connection counts */
		break;
	}
}

static void take_length(struct h2_head *h, struct slice value)
{
	uint64_t length;
	if (!slice_number(value, INT64_MAX, &length) ||
	    (h->has_length && length != h->length)) {
		h->malformed = true;
		return;
	}
	h->has_length = true;
	h->length = length;
}

static void add_crumb(struct h2_head *h, struct slice value)
{
	if (!h->cookie.len)
		h->cookie_at = h->lines.len;
	buf_add(&h->cookie, h->cookie.len ? SLICE("; ") : SLICE("cookie: "));
	buf_add(&h->cookie, value);
}

static void take_regular(struct h2_head *h, struct slice name,
			 struct slice value)
{
	h->regular = true;
	if (!is_name(name) || !is_value(value)) {
		h->malformed = true;
		return;
	}
	if (h2_head_of_connection(name))
		return;
	if (h->kind == H2_REQUEST && slice_equal(name, SLICE("cookie"))) {
		add_crumb(h, value);
		return;
	}
	/* :authority counts (RFC 9113 8.3.1) */
	if (slice_equal(name, SLICE("host")) && h->present & AUTHORITY)
		return;
	if (slice_equal(name, SLICE("content-length")))
		take_length(h, value);
	h->ranged |= slice_equal(name, SLICE("range"));
	buf_add(&h->lines, name);
	buf_add(&h->lines, SLICE(": "));
	buf_add(&h->lines, value);
	buf_add(&h->lines, SLICE("\r\n"));
}

void h2_head_take(void *head, struct slice name, struct slice value)
{
	struct h2_head *h = head;
	h->size += name.len + value.len + ENTRY_EXTRA;
	if (h->size > H2_LIST_MAX)
		h->malformed = true;
	else if (name.len && name.data[0] == ':')
		take_pseudo(h, name, value);
	else
		take_regular(h, name, value);
}

/* ---- the text ---- */

static bool is_connect(const struct h2_head *h)
{
	return slice_equal(buf_slice(&h->method), SLICE("CONNECT"));
}

bool h2_head_connects(const struct h2_head *h)
{
	return is_connect(h) && !(h->present & PROTOCOL);
}

static struct slice target_of(const struct h2_head *h)
{
	return buf_slice(h2_head_connects(h) ? &h->authority : &h->path);
}

static void add_fields(struct h2_head *h)
{
	struct slice lines = buf_slice(&h->lines);
	size_t before = h->cookie.len ? h->cookie_at : 0;
	buf_add(&h->text, slice_to(lines, before));
	if (h->cookie.len) {
		buf_add(&h->text, buf_slice(&h->cookie));
		buf_add(&h->text, SLICE("\r\n"));
	}
	buf_add(&h->text, slice_from(lines, before));
}

/* A host of none is no field, an empty one is. */
static const char host_name[] = "host: ";

static bool add_request(struct h2_head *h)
{
	struct slice method = buf_slice(&h->method), target = target_of(h);
	if (!is_method(method) || !is_word(target))
		return false;
	if (!(h->present & SCHEME) && !h2_head_connects(h))
		h->malformed = true; /* 8.3.1 */
	buf_add(&h->text, method);
	buf_add_byte(&h->text, ' ');
	buf_add(&h->text, target);
	buf_add(&h->text, SLICE(" HTTP/1.1\r\n"));
	if (h->present & AUTHORITY) {
		buf_add_string(&h->text, host_name);
		buf_add(&h->text, buf_slice(&h->authority));
		buf_add(&h->text, SLICE("\r\n"));
	}
	return true;
}

bool h2_head_text(struct h2_head *h, struct slice *out)
{
	buf_clear(&h->text);
	if (h->kind == H2_REQUEST && !add_request(h))
		return false;
	if (h->kind == H2_RESPONSE) {
		if (!h->status)
			return false;
		buf_printf(&h->text, "HTTP/1.1 %u \r\n", h->status);
	}
	add_fields(h);
	if (h->kind != H2_TRAILERS)
		buf_add(&h->text, SLICE("\r\n"));
	*out = buf_slice(&h->text);
	return true;
}

struct message h2_head_request(const struct h2_head *h, struct slice text)
{
	struct message r = {.head = text};
	size_t target = h->method.len + 1;
	size_t line = target + target_of(h).len + sizeof " HTTP/1.1\r\n" - 1;
	r.method = slice_to(text, h->method.len);
	r.target = slice_to(slice_from(text, target), target_of(h).len);
	if (h->present & AUTHORITY)
		r.host = slice_trim(
		    slice_to(slice_from(text, line + sizeof host_name - 1),
			     h->authority.len));
	else
		r.host = http_field(slice_from(text, line), SLICE("host"));
	return r;
}
