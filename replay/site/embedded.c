/* What lets files that are part of the program into pages. */
#include "embedded.h"

#include "capture/digest.h"

void embedded_source(struct buf *out, struct slice file)
{
	uint8_t digest[DIGEST_MAX];
	size_t len = digest_of(DIGEST_SHA256, file, digest);
	buf_add_string(out, "'sha256-");
	base64_add(out, (struct slice){digest, len});
	buf_add_byte(out, '\'');
}
