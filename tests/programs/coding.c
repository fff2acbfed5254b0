/* Puts content codings on and takes them off, for tests: "coding encode br"
 * reads bodies from standard input, each behind its length (32 bits,
 * big-endian), and writes what they become in the same way. */
#include "rewrite/coding.h"

#include <stdlib.h>

#define BODY_MAX ((size_t)64 << 20)

/* False at the end of the input. */
static bool read_exactly(struct buf *b, size_t len)
{
	uint8_t *to = buf_reserve(b, len);
	if (fread(to, 1, len, stdin) != len)
		return false;
	b->len += len;
	return true;
}

static bool read_body(struct buf *body)
{
	buf_clear(body);
	if (!read_exactly(body, 4))
		return false;
	struct reader r = reader_of(buf_slice(body));
	uint32_t len = reader_u32(&r);
	buf_clear(body);
	return len <= BODY_MAX && read_exactly(body, len);
}

static void write_body(struct slice body)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		putchar((int)(body.len >> shift & 0xFF));
	fwrite(body.data, 1, body.len, stdout);
}

static bool convert(bool encode, struct slice coding, struct slice body,
		    struct buf *out)
{
	if (encode)
		return coding_encode(coding, body, out);
	return coding_decode(coding, body, BODY_MAX, out) == CODING_OK;
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fputs("usage: coding encode|decode CODING\n", stderr);
		return 2;
	}
	struct buf body = {0}, out = {0};
	int status = EXIT_SUCCESS;
	while (status == EXIT_SUCCESS && read_body(&body)) {
		buf_clear(&out);
		if (!convert(!strcmp(argv[1], "encode"), slice_of(argv[2]),
			     buf_slice(&body), &out))
			status = EXIT_FAILURE;
		write_body(buf_slice(&out));
	}
	buf_release(&body);
	buf_release(&out);
	return status;
}
