/* The terminal that a descriptor leads to, if it does, and how wide text stands
 * on one. */
#include "terminal.h"

#include <limits.h>
#include <locale.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#define WIDTH 80       /* of a terminal that does not say */
#define WIDTH_LEAST 10 /* what is less is no width that anybody chose */
#define ELLIPSIS "\xe2\x80\xa6"

bool terminal_is(int fd)
{
	const char *term = getenv("TERM");
	return isatty(fd) && !(term && !strcmp(term, "dumb"));
}

bool terminal_is_ours(int fd)
{
	pid_t group = tcgetpgrp(fd); /* -1: it is nobody's */
	return group < 0 || group == getpgrp();
}

size_t terminal_width(int fd)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size = {0};
	uint64_t n;
	if (columns && slice_number(slice_of(columns), USHRT_MAX, &n) &&
	    n >= WIDTH_LEAST)
		return (size_t)n;
	if (ioctl(fd, TIOCGWINSZ, &size) || size.ws_col < WIDTH_LEAST)
		return WIDTH;
	return size.ws_col;
}

void terminal_begin(void)
{
	setlocale(LC_CTYPE, "C.UTF-8");
}

/* ---- the width of text ---- */

/* Bytes of the character that text, which is not empty, begins with. */
static size_t next_character(struct slice text, size_t *columns)
{
	mbstate_t state = {0};
	wchar_t c;
	size_t len;
	*columns = 1;
	if (text.data[0] < 0x80)
		return 1;
	len = mbrtowc(&c, (const char *)text.data, text.len, &state);
	if (!len || len > text.len) /* an error is a large number */
		return 1;
	int width = wcwidth(c);
	*columns = width < 0 ? 1 : (size_t)width;
	return len;
}

size_t terminal_columns(struct slice text)
{
	size_t all = 0, columns;
	while (text.len) {
		text = slice_from(text, next_character(text, &columns));
		all += columns;
	}
	return all;
}

struct slice terminal_start(struct slice text, size_t max)
{
	size_t used = 0, columns, at = 0;
	while (at < text.len) {
		size_t len = next_character(slice_from(text, at), &columns);
		if (used + columns > max)
			break;
		used += columns;
		at += len;
	}
	return slice_to(text, at);
}

struct slice terminal_end(struct slice text, size_t max)
{
	size_t all = terminal_columns(text), columns;
	while (all > max) {
		text = slice_from(text, next_character(text, &columns));
		all -= columns;
	}
	/* what combines with a character that is gone */
	while (text.len && next_character(text, &columns) && !columns)
		text = slice_from(text, next_character(text, &columns));
	return text;
}

bool terminal_cut(struct buf *out, struct slice text, size_t max, bool middle)
{
	if (terminal_columns(text) <= max) {
		buf_add(out, text);
		return false;
	}
	if (!max)
		return true;
	size_t tail = middle ? (max - 1) / 2 : 0;
	buf_add(out, terminal_start(text, max - 1 - tail));
	buf_add_string(out, ELLIPSIS);
	buf_add(out, terminal_end(text, tail));
	return true;
}
