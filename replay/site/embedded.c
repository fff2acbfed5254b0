/* Files that are part of the program, and what lets them into pages. */
#include "embedded.h"

#include "capture/digest.h"

struct slice embedded_between(const uint8_t *from, const uint8_t *to)
{
	return (struct slice){from, (size_t)(to - from)};
}

void embedded_source(struct buf *out, struct slice file)
{
	uint8_t digest[DIGEST_MAX];
	size_t len = digest_of(DIGEST_SHA256, file, digest);
	buf_add_string(out, "'sha256-");
	base64_add(out, (struct slice){digest, len});
	buf_add_byte(out, '\'');
}
