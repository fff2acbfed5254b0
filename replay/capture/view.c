/* Mapped files, read through a window from front to back. */
#include "view.h"

#include <stdlib.h>
#include <unistd.h>

/* A part of the processor's second cache. */
#define WINDOW ((size_t)256 << 10)

struct view view_open(struct slice file, int fd)
{
	return (struct view){.file = file, .fd = fd};
}

/* Reads on from at. False if that gives less than len bytes. */
static bool move_to(struct view *v, size_t at, size_t len)
{
	if (v->fd < 0 || len > WINDOW)
		return false;
	if (!v->window)
		v->window = xmalloc(WINDOW);
	ssize_t n = pread(v->fd, v->window, WINDOW, (off_t)at);
	v->at = at;
	v->len = n > 0 ? (size_t)n : 0;
	return v->len >= len;
}

const uint8_t *view_bytes(struct view *v, size_t at, size_t len)
{
	bool held = v->len && at >= v->at && at - v->at <= v->len &&
		    len <= v->len - (at - v->at);
	if (!held && !move_to(v, at, len))
		return v->file.data + at;
	return v->window + (at - v->at);
}

const uint8_t *view_home(const struct view *v, const uint8_t *byte)
{
	size_t offset = (uintptr_t)byte - (uintptr_t)v->window;
	return v->len && offset <= v->len ? v->file.data + v->at + offset
					  : byte;
}

void view_close(struct view *v)
{
	if (v->fd >= 0)
		close(v->fd);
	free(v->window);
	*v = (struct view){.file = v->file, .fd = -1};
}
