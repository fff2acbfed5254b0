/* The memory of an HTTP/2 session: what its frames are written in holds pages
 * only while it is used. */
#include "client_http2_memory.h"

#include "capture/log.h"

#include <stdlib.h>
#include <sys/mman.h>

#define PAGE 4096U
#define FRAME_MIN (16U << 10) /* the only block as large as a frame */

static size_t whole_pages(size_t len)
{
	return (len + PAGE - 1) / PAGE * PAGE;
}

/* What madvise says is of no use: then the pages stay. */
static void give_back(uint8_t *pages, size_t len)
{
	(void)madvise(pages, len, MADV_DONTNEED);
}

static void *new_frame(struct http2_memory *m, size_t len)
{
	void *p;
	m->frame_cap = whole_pages(len);
	if (posix_memalign(&p, PAGE, m->frame_cap))
		return NULL;
	/* what was freed before lies in it */
	give_back(p, m->frame_cap);
	m->frame = p;
	return p;
}

static void *checked(void *p)
{
	if (!p)
		log_fatal("out of memory");
	return p;
}

static void *take(size_t len, void *context)
{
	(void)context;
	return checked(malloc(len));
}

static void *take_zeroed(size_t count, size_t len, void *context)
{
	(void)context;
	return checked(calloc(count, len));
}

static void *resize(void *old, size_t len, void *context)
{
	struct http2_memory *m = context;
	if (old && old == m->frame)
		m->frame = NULL; /* it is like all others from here on */
	if (!old && !m->frame && len > FRAME_MIN)
		return checked(new_frame(m, len));
	return checked(realloc(old, len));
}

static void drop(void *p, void *context)
{
	struct http2_memory *m = context;
	if (p && p == m->frame)
		m->frame = NULL;
	free(p);
}

nghttp2_mem http2_memory_calls(struct http2_memory *m)
{
	return (nghttp2_mem){m, take, drop, take_zeroed, resize};
}

void http2_memory_idle(struct http2_memory *m)
{
	if (!m->used || !m->frame)
		return;
	m->used = false;
	give_back(m->frame, m->frame_cap);
}
