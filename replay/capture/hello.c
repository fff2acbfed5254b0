/* TLS handshake messages in clear, from bytes. */
#include "hello.h"

#define RECORD_HANDSHAKE 22   /* RFC 8446 5.1 */
#define RECORD_MAX (1U << 14) /* a plaintext record's fragment */
#define RECORD_HEAD 5
#define MESSAGE_HEAD 4 /* RFC 8446 4 */
#define RANDOM_LEN 32
#define EXTENSION_SERVER_NAME 0 /* RFC 6066 3 */
#define NAME_TYPE_HOST 0

/* The fragment of a handshake record, cut to what is there of it. False if
 * what follows is none. */
static bool next_fragment(struct reader *r, struct slice *fragment)
{
	uint8_t type = reader_u8(r);
	uint8_t major = reader_u8(r);
	reader_skip(r, 1);
	size_t len = reader_u16(r);
	if (r->short_read || type != RECORD_HANDSHAKE || major != 3 || !len ||
	    len > RECORD_MAX)
		return false;
	*fragment = slice_to(reader_rest(r), len);
	reader_skip(r, fragment->len);
	return true;
}

/* Joins the fragments of the handshake messages that begin the stream, up to
 * the first record of another type: one may lie in several records (RFC 8446
 * 5.1), even a name may cross them. */
static void join_records(struct slice stream, struct buf *handshake)
{
	struct reader r = reader_of(stream);
	struct slice fragment;
	while (handshake->len < HELLO_MAX && next_fragment(&r, &fragment))
		buf_add(handshake, fragment);
}

int handshake_begins(struct slice stream)
{
	struct reader r = reader_of(stream);
	struct slice fragment;
	if (!next_fragment(&r, &fragment) || !fragment.len)
		return HANDSHAKE_NONE;
	return fragment.data[0];
}

size_t handshake_extent(struct slice stream)
{
	struct reader r = reader_of(stream);
	reader_skip(&r, 3);
	size_t fragment = reader_u16(&r);
	reader_skip(&r, 1); /* type */
	size_t len = (size_t)reader_u8(&r) << 16;
	len |= reader_u16(&r);
	if (r.short_read || fragment < MESSAGE_HEAD + len)
		return HELLO_MAX;
	return RECORD_HEAD + MESSAGE_HEAD + len;
}

struct slice hello_vector(struct slice *rest, int length_bytes)
{
	struct reader r = reader_of(*rest);
	size_t len = length_bytes == 1 ? reader_u8(&r) : reader_u16(&r);
	*rest = reader_rest(&r);
	struct slice vector = slice_to(*rest, len);
	*rest = slice_from(*rest, len);
	return vector;
}

bool hello_extension(struct slice *rest, uint16_t *type, struct slice *body)
{
	struct reader r = reader_of(*rest);
	*type = reader_u16(&r);
	if (r.short_read || reader_left(&r) < 2)
		return false;
	*rest = reader_rest(&r);
	*body = hello_vector(rest, 2);
	return true;
}

/* Whether the extensions fill their vector. */
static bool extensions_fit(struct slice extensions)
{
	struct reader r = reader_of(extensions);
	while (!r.short_read && reader_left(&r)) {
		reader_skip(&r, 2);
		reader_skip(&r, reader_u16(&r));
	}
	return !r.short_read;
}

/* Behind the compression methods. Before TLS 1.2 a hello could end there. */
static bool read_extensions(struct hello *h, struct reader *r)
{
	if (!reader_left(r))
		return true;
	size_t len = reader_u16(r);
	h->extensions = slice_to(reader_rest(r), len);
	return !r->short_read && h->extensions.len == len &&
	       extensions_fit(h->extensions);
}

bool hello_parse(struct hello *h, struct slice message)
{
	*h = (struct hello){0};
	struct reader r = reader_of(message);
	if (!reader_left(&r) || reader_u8(&r) != HANDSHAKE_CLIENT_HELLO)
		return false;
	size_t len = (size_t)reader_u8(&r) << 16;
	len |= reader_u16(&r);
	bool there = len <= reader_left(&r);
	r = reader_of(slice_to(reader_rest(&r), len));
	h->version = reader_u16(&r);
	h->random = reader_take(&r, RANDOM_LEN);
	h->session = reader_take(&r, reader_u8(&r));
	h->ciphers = reader_take(&r, reader_u16(&r));
	reader_skip(&r, reader_u8(&r)); /* compression */
	h->whole = !r.short_read && read_extensions(h, &r) && there;
	return true;
}

bool hello_read(struct hello *h, struct slice stream)
{
	struct buf joined = {0};
	join_records(stream, &joined);
	bool found = hello_parse(h, buf_slice(&joined));
	h->joined = joined;
	return found;
}

void hello_release(struct hello *h)
{
	buf_release(&h->joined);
	*h = (struct hello){0};
}

static struct slice host_name(struct slice list)
{
	while (list.len) {
		uint8_t type = list.data[0];
		list = slice_from(list, 1);
		struct reader r = reader_of(list);
		size_t len = reader_u16(&r);
		struct slice name = hello_vector(&list, 2);
		if (name.len != len)
			break;
		if (type == NAME_TYPE_HOST)
			return name;
	}
	return (struct slice){0};
}

struct slice hello_name(const struct hello *h)
{
	struct slice rest = h->extensions, body;
	uint16_t type;
	while (hello_extension(&rest, &type, &body))
		if (type == EXTENSION_SERVER_NAME)
			return host_name(hello_vector(&body, 2));
	return (struct slice){0};
}

bool hello_server_name(struct slice stream, struct buf *name)
{
	struct hello h;
	buf_clear(name);
	if (hello_read(&h, stream))
		buf_add(name, hello_name(&h));
	hello_release(&h);
	return name->len > 0;
}

/* The next handshake message's body, cut to what is there of it; its length is
 * what it says. False at the end. */
static bool next_message(struct reader *r, uint8_t *type, size_t *len,
			 struct slice *body)
{
	*type = reader_u8(r);
	*len = (size_t)reader_u8(r) << 16;
	*len |= reader_u16(r);
	*body = slice_to(reader_rest(r), *len);
	reader_skip(r, body->len);
	return !r->short_read;
}

bool hello_asks_certificate(struct slice stream)
{
	struct buf joined = {0};
	bool asks = false;
	uint8_t type;
	size_t len;
	struct slice body;
	join_records(stream, &joined);
	struct reader r = reader_of(buf_slice(&joined));
	while (!asks && next_message(&r, &type, &len, &body))
		asks = type == HANDSHAKE_CERTIFICATE_REQUEST && body.len == len;
	buf_release(&joined);
	return asks;
}

/* The first of the list: RFC 5246 7.4.2. */
static struct slice first_certificate(struct slice body)
{
	struct reader r = reader_of(body);
	reader_skip(&r, 3);
	size_t len = (size_t)reader_u8(&r) << 16;
	len |= reader_u16(&r);
	return reader_take(&r, len);
}

bool hello_certificate(struct slice stream, struct buf *der)
{
	struct buf joined = {0};
	uint8_t type;
	size_t len;
	struct slice body;
	buf_clear(der);
	join_records(stream, &joined);
	struct reader r = reader_of(buf_slice(&joined));
	while (!der->len && next_message(&r, &type, &len, &body))
		if (type == HANDSHAKE_CERTIFICATE)
			buf_add(der, first_certificate(body));
	buf_release(&joined);
	return der->len > 0;
}
