/* What every unit test includes: cmocka with all that it wants first. */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "capture/bytes.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Fails unless s holds just the text. */
static inline void assert_text(struct slice s, const char *expected)
{
	assert_int_equal(s.len, strlen(expected));
	if (s.len)
		assert_memory_equal(s.data, expected, s.len);
}

#endif
