/* Bytes of a capture for people at a terminal. */
#include "visible.h"

#define SEQUENCE_MAX 4 /* RFC 3629 3 */

/* Characters that are not seen, or change how others are: control characters
 * (C1), marks of direction, joiners, line separators, tags. */
static const struct {
	uint32_t first, last;
} unseen[] = {
    {0x80, 0x9f},     {0xad, 0xad},       {0x61c, 0x61c},   {0x180e, 0x180e},
    {0x200b, 0x200f}, {0x2028, 0x202e},   {0x2060, 0x206f}, {0xfeff, 0xfeff},
    {0xfff0, 0xfffb}, {0xe0000, 0xe0fff},
};

static bool is_unseen(uint32_t c)
{
	for (size_t i = 0; i < sizeof unseen / sizeof *unseen; i++)
		if (c >= unseen[i].first && c <= unseen[i].last)
			return true;
	return (c & 0xfffe) == 0xfffe; /* no character in any plane */
}

static bool is_continuation(uint8_t c)
{
	return (c & 0xc0) == 0x80;
}

/* The length of the visible character of several bytes that s begins with; 0
 * if there is none. */
static size_t character_len(struct slice s)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint8_t first = s.data[0];
	size_t len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
	if (first < 0xc2 || first > 0xf4 || s.len < len)
		return 0;
	uint32_t c = first & (0x7fU >> len);
	for (size_t i = 1; i < len; i++) {
		if (!is_continuation(s.data[i]))
			return 0;
		c = c << 6 | (s.data[i] & 0x3f);
	}
	bool surrogate = c >= 0xd800 && c <= 0xdfff;
	if (c < least[len] || c > 0x10ffff || surrogate || is_unseen(c))
		return 0;
	return len;
}

size_t visible_len(struct slice s)
{
	uint8_t c = s.data[0];
	if (c >= 0x80)
		return character_len(s);
	return c == '\t' || (c >= 0x20 && c != 0x7f);
}

void visible_print(FILE *out, struct slice text)
{
	size_t plain = 0, i = 0;
	while (i < text.len) {
		size_t len = visible_len(slice_from(text, i));
		i += len;
		if (len)
			continue;
		fwrite(text.data + plain, 1, i - plain, out);
		fprintf(out, "\\x%02X", text.data[i]);
		plain = ++i;
	}
	if (i > plain)
		fwrite(text.data + plain, 1, i - plain, out);
}

size_t visible_back(struct slice text, size_t at)
{
	size_t from = at;
	for (size_t n = 1; n < SEQUENCE_MAX && from > 0 && from < text.len &&
			   is_continuation(text.data[from]);
	     n++)
		from--;
	return from;
}

size_t visible_ahead(struct slice text, size_t at)
{
	size_t to = at;
	for (size_t n = 1; n < SEQUENCE_MAX && to < text.len &&
			   is_continuation(text.data[to]);
	     n++)
		to++;
	return to;
}
