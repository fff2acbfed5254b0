/* What is told of an answer in the log. */
#include "told.h"

#include <stdarg.h>

#define NOTE_LEN 256

void told_note(struct buf *told, const char *fmt, ...)
{
	char note[NOTE_LEN];
	va_list args;
	va_start(args, fmt);
	vsnprintf(note, sizeof note, fmt, args);
	va_end(args);
	if (told->len)
		buf_add_string(told, "; ");
	buf_add_escaped(told, slice_of(note));
}
