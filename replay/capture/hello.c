/* The server name in a TLS ClientHello, from bytes. */
#include "hello.h"

#define RECORD_HANDSHAKE 22      /* RFC 8446 5.1 */
#define RECORD_MAX (1U << 14)    /* a plaintext record's fragment */
#define HANDSHAKE_CLIENT_HELLO 1 /* RFC 8446 4 */
#define RANDOM_LEN 32
#define EXTENSION_SERVER_NAME 0 /* RFC 6066 3 */
#define NAME_TYPE_HOST 0
/* Real ones are below 4 kB, with large post-quantum key shares. */
#define HELLO_MAX (1U << 16)

/* Joins the fragments of the handshake message that begins the stream: it may
 * lie in several records (RFC 8446 5.1), even the name may cross them. */
static void join_records(struct slice stream, struct buf *handshake)
{
	struct reader r = reader_of(stream);
	while (handshake->len < HELLO_MAX && reader_left(&r)) {
		uint8_t type = reader_u8(&r);
		uint8_t major = reader_u8(&r);
		reader_skip(&r, 1);
		size_t len = reader_u16(&r);
		if (r.short_read || type != RECORD_HANDSHAKE || major != 3 ||
		    !len || len > RECORD_MAX)
			return;
		if (len > reader_left(&r))
			len = reader_left(&r);
		buf_add(handshake, reader_take(&r, len));
	}
}

/* A vector, cut to what is there of it. */
static struct reader take_vector(struct reader *r, size_t len)
{
	struct slice rest = slice_to(reader_rest(r), len);
	reader_skip(r, len);
	return reader_of(rest);
}

static struct slice host_name(struct reader list)
{
	while (!list.short_read && reader_left(&list)) {
		uint8_t type = reader_u8(&list);
		struct slice name = reader_take(&list, reader_u16(&list));
		if (type == NAME_TYPE_HOST)
			return name;
	}
	return (struct slice){0};
}

static struct slice find_server_name(struct slice handshake)
{
	struct reader r = reader_of(handshake);
	if (reader_u8(&r) != HANDSHAKE_CLIENT_HELLO)
		return (struct slice){0};
	size_t len = (size_t)reader_u8(&r) << 16;
	len |= reader_u16(&r);
	struct reader hello = take_vector(&r, len);
	reader_skip(&hello, 2 + RANDOM_LEN);     /* version, random */
	reader_skip(&hello, reader_u8(&hello));  /* session */
	reader_skip(&hello, reader_u16(&hello)); /* cipher suites */
	reader_skip(&hello, reader_u8(&hello));  /* compression */
	struct reader extensions = take_vector(&hello, reader_u16(&hello));
	while (!extensions.short_read && reader_left(&extensions)) {
		uint16_t type = reader_u16(&extensions);
		size_t size = reader_u16(&extensions);
		struct reader body = take_vector(&extensions, size);
		if (type != EXTENSION_SERVER_NAME)
			continue;
		return host_name(take_vector(&body, reader_u16(&body)));
	}
	return (struct slice){0};
}

bool hello_server_name(struct slice stream, struct buf *name)
{
	struct buf handshake = {0};
	join_records(stream, &handshake);
	struct slice found = find_server_name(buf_slice(&handshake));
	buf_clear(name);
	buf_add(name, found);
	buf_release(&handshake);
	return found.len > 0;
}
