/* HTTP/2 written plainly. */
#include "h2.h"

#include <string.h>

void h2_frame(struct str *out, uint8_t type, uint8_t flags, uint32_t stream,
	      const void *payload, size_t len)
{
	str_byte(out, (uint8_t)(len >> 16));
	str_u16(out, (uint16_t)len);
	str_byte(out, type);
	str_byte(out, flags);
	str_u32(out, stream);
	str_add(out, payload, len);
}

void h2_field(struct str *block, const char *name, const char *value)
{
	str_byte(block, 0);
	str_byte(block, (uint8_t)strlen(name));
	str_text(block, name);
	str_byte(block, (uint8_t)strlen(value));
	str_text(block, value);
}

void h2_get(struct str *out, uint32_t stream, const char *scheme,
	    const char *host, const char *target)
{
	struct str block = {0};

	h2_field(&block, ":method", "GET");
	h2_field(&block, ":scheme", scheme);
	h2_field(&block, ":authority", host);
	h2_field(&block, ":path", target);
	h2_field(&block, "user-agent", "made-up/1.0");
	h2_frame(out, H2_HEADERS, H2_END_STREAM | H2_END_HEADERS, stream,
		 block.data, block.len);
	str_free(&block);
}

void h2_answer(struct str *out, uint32_t stream, const char *type,
	       const void *body, size_t len)
{
	struct str block = {0};
	const char *at = body;
	size_t part;

	h2_field(&block, ":status", "200");
	h2_field(&block, "content-type", type);
	h2_frame(out, H2_HEADERS, H2_END_HEADERS, stream, block.data,
		 block.len);
	str_free(&block);
	do {
		part = len < H2_PAYLOAD_MAX ? len : H2_PAYLOAD_MAX;
		len -= part;
		h2_frame(out, H2_DATA, len ? 0 : H2_END_STREAM, stream, at,
			 part);
		at += part;
	} while (len);
}
