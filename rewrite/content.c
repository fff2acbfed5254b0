/* The content of an answer as text for rules. */
#include "content.h"

#include "told.h"

/* No text goes through a decoder for so long before it is found out. */
#define RAW_LEN ((size_t)64 << 10)

static bool is_coded(struct slice encoding)
{
	return encoding.len && !slice_equal_nocase(encoding, SLICE("identity"));
}

bool content_open(struct content *c, const struct original *original,
		  struct slice encoding, size_t max)
{
	*c = (struct content){.original = original, .max = max};
	if (is_coded(encoding))
		buf_add(&c->encoding, encoding);
	c->keep_raw = c->encoding.len > 0;
	c->result = coding_open(&c->coding, encoding, max);
	/* Of a body without a length its coding tells the end. */
	if (c->result == CODING_OK && c->encoding.len && original &&
	    original->cut && original->framing != HTTP_UNTIL_CLOSE)
		c->result = CODING_CUT;
	return c->result == CODING_OK;
}

void content_release(struct content *c)
{
	coding_free(c->coding);
	buf_release(&c->encoding);
	buf_release(&c->raw);
	buf_release(&c->plain);
	buf_release(&c->converted);
	*c = (struct content){0};
}

/* Compressed data is not: gzip begins with a control byte, others have some
 * among their first bytes. */
static bool is_text(struct slice raw)
{
	if (slice_starts(raw, SLICE("\x28\xb5\x2f\xfd"))) /* RFC 8878 3.1.1 */
		return false;
	raw = slice_to(raw, CONTENT_START_LEN);
	for (size_t i = 0; i < raw.len; i++) {
		uint8_t byte = raw.data[i];
		/* WHATWG MIME Sniffing 3, "binary data byte" */
		if (byte <= 0x08 || byte == 0x0b ||
		    (byte >= 0x0e && byte <= 0x1f && byte != 0x1b))
			return false;
	}
	return raw.len > 0;
}

/* A coding that was named for nothing is taken to be none. */
static void set_right(struct content *c)
{
	if (!c->keep_raw || !is_text(buf_slice(&c->raw)))
		return;
	coding_free(c->coding);
	buf_clear(&c->encoding);
	buf_clear(&c->plain);
	c->misnamed = true;
	c->keep_raw = false;
	coding_open(&c->coding, buf_slice(&c->encoding), c->max);
	c->result = coding_feed(c->coding, buf_slice(&c->raw), &c->plain);
	buf_release(&c->raw);
}

static void feed(struct content *c, struct slice bytes)
{
	if (c->keep_raw)
		buf_add(&c->raw, bytes);
	c->result = coding_feed(c->coding, bytes, &c->plain);
	if (c->result == CODING_BROKEN)
		set_right(c);
	if (c->keep_raw && c->raw.len > RAW_LEN) {
		buf_release(&c->raw);
		c->keep_raw = false;
	}
}

static void end(struct content *c)
{
	c->ended = true;
	c->result = coding_finish(c->coding);
	if (c->result == CODING_CUT && !c->plain.len)
		set_right(c);
}

bool content_read(struct content *c, size_t enough)
{
	const struct original *o = c->original;
	struct slice bytes;
	while (!c->ended && c->plain.len < enough &&
	       c->result <= CODING_TRAILING) {
		if (o && o->next(o->context, &bytes))
			feed(c, bytes);
		else
			end(c);
	}
	return c->result <= CODING_TRAILING;
}

bool content_convert(struct content *c, struct slice content_type,
		     struct slice type)
{
	c->charset = charset_of(content_type, type, buf_slice(&c->plain));
	if (!charset_is_utf16(c->charset))
		return true;
	c->odd =
	    !charset_decode(c->charset, buf_slice(&c->plain), &c->converted);
	return !c->odd;
}

struct slice content_text(const struct content *c)
{
	return buf_slice(charset_is_utf16(c->charset) ? &c->converted
						      : &c->plain);
}

void content_trouble(const struct content *c, struct buf *told)
{
	struct slice name = slice_to(buf_slice(&c->encoding), 64);
	const char *why = c->odd ? NULL : coding_trouble(c->result);
	told_note(told, "%.*s%sbody %s: left as recorded", (int)name.len,
		  name.len ? (const char *)name.data : "", name.len ? " " : "",
		  why ? why : "ends inside a character");
}
