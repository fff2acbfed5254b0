/* Growing bytes, and the one way to give up. */
#include "str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fail(const char *fmt, ...)
{
	va_list args;

	fputs("make-capture: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

char *str_reserve(struct str *s, size_t more)
{
	size_t cap = s->cap ? s->cap : 256;
	char *data;

	while (cap - s->len < more)
		cap *= 2;
	if (cap != s->cap) {
		data = realloc(s->data, cap);
		if (!data)
			fail("out of memory");
		s->data = data;
		s->cap = cap;
	}
	return s->data + s->len;
}

void str_add(struct str *s, const void *data, size_t len)
{
	if (!len)
		return;
	memcpy(str_reserve(s, len), data, len);
	s->len += len;
}

void str_text(struct str *s, const char *text)
{
	str_add(s, text, strlen(text));
}

void str_byte(struct str *s, uint8_t byte)
{
	str_add(s, &byte, 1);
}

void str_u16(struct str *s, uint16_t value)
{
	str_byte(s, value >> 8);
	str_byte(s, value & 0xff);
}

void str_u32(struct str *s, uint32_t value)
{
	str_u16(s, value >> 16);
	str_u16(s, value & 0xffff);
}

void str_printf(struct str *s, const char *fmt, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, fmt);
	len = vasprintf(&text, fmt, args);
	va_end(args);
	if (len < 0)
		fail("out of memory");
	str_add(s, text, (size_t)len);
	free(text);
}

void str_free(struct str *s)
{
	free(s->data);
	*s = (struct str){0};
}
