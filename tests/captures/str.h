/* Growing bytes. The generator shares no code with what it tests. */
#ifndef CAPTURES_STR_H
#define CAPTURES_STR_H

#include <stddef.h>
#include <stdint.h>

/* {0} is empty. Not NUL-terminated, 8-bit clean; str_free leaves it empty. */
struct str {
	char *data;
	size_t len;
	size_t cap;
};

void str_add(struct str *s, const void *data, size_t len);
void str_text(struct str *s, const char *text);
void str_byte(struct str *s, uint8_t byte);
void str_u16(struct str *s, uint16_t value); /* big-endian */
void str_u32(struct str *s, uint32_t value); /* big-endian */
void str_printf(struct str *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Makes room for more bytes behind len; returns where they go. */
char *str_reserve(struct str *s, size_t more);
void str_free(struct str *s);

/* "make-capture: message", exit status 1. */
void fail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif
