/* Header blocks of one direction of an HTTP/2 connection (RFC 7541), decoded by
 * nghttp2. */
#include "h2_hpack.h"

#include "log.h"

#include <nghttp2/nghttp2.h>

#include <stdlib.h>

#define TABLE_DEFAULT 4096U    /* RFC 9113 6.5.2 */
#define TABLE_MAX (1U << 20)   /* of what a receiver may allow */
#define TABLE_LATE (64U << 10) /* of one that is not known */

struct h2_hpack {
	nghttp2_hd_inflater *inflater;
	bool late;
};

static nghttp2_hd_inflater *inflater_new(void)
{
	nghttp2_hd_inflater *inflater;
	if (nghttp2_hd_inflate_new(&inflater) != 0)
		log_fatal("out of memory");
	return inflater;
}

/* Allows a table that is not known to be large: it holds the newest entries of
 * the sender's, and one too many does no harm, since nothing refers to it. */
static void widen(struct h2_hpack *h)
{
	/* a size update (RFC 7541 6.3) to TABLE_LATE: 31 and 65505 */
	static const uint8_t update[] = {0x3f, 0xe1, 0xff, 0x03};
	nghttp2_nv nv;
	int flags = 0;
	nghttp2_hd_inflate_change_table_size(h->inflater, TABLE_LATE);
	nghttp2_hd_inflate_hd2(h->inflater, &nv, &flags, update, sizeof update,
			       1);
	nghttp2_hd_inflate_end_headers(h->inflater);
	nghttp2_hd_inflate_change_table_size(h->inflater, TABLE_MAX);
}

static void begin_anew(struct h2_hpack *h)
{
	nghttp2_hd_inflate_del(h->inflater);
	h->inflater = inflater_new();
	widen(h);
}

struct h2_hpack *h2_hpack_new(bool late)
{
	struct h2_hpack *h = xcalloc(1, sizeof *h);
	h->inflater = inflater_new();
	h->late = late;
	if (late)
		widen(h);
	return h;
}

void h2_hpack_free(struct h2_hpack *h)
{
	if (!h)
		return;
	nghttp2_hd_inflate_del(h->inflater);
	free(h);
}

void h2_hpack_limit(struct h2_hpack *h, uint32_t size)
{
	nghttp2_hd_inflate_change_table_size(
	    h->inflater, size < TABLE_MAX ? size : TABLE_MAX);
}

void h2_hpack_limit_unknown(struct h2_hpack *h)
{
	nghttp2_hd_inflate_change_table_size(h->inflater, TABLE_MAX);
}

void h2_hpack_lose(struct h2_hpack *h, bool gap)
{
	h->late |= gap;
	begin_anew(h);
}

bool h2_hpack_is_late(const struct h2_hpack *h)
{
	return h->late;
}

static bool inflate(struct h2_hpack *h, struct slice in, bool last,
		    h2_field_taker *take, void *context)
{
	for (;;) {
		nghttp2_nv nv;
		int flags = 0;
		ssize_t used = nghttp2_hd_inflate_hd2(h->inflater, &nv, &flags,
						      in.data, in.len, last);
		if (used < 0) {
			begin_anew(h);
			return false;
		}
		in = slice_from(in, (size_t)used);
		if (flags & NGHTTP2_HD_INFLATE_EMIT)
			take(context, (struct slice){nv.name, nv.namelen},
			     (struct slice){nv.value, nv.valuelen});
		if (flags & NGHTTP2_HD_INFLATE_FINAL)
			return !nghttp2_hd_inflate_end_headers(h->inflater);
		if (!(flags & NGHTTP2_HD_INFLATE_EMIT) && !in.len)
			return true;
	}
}

bool h2_hpack_feed(struct h2_hpack *h, struct slice bytes, h2_field_taker *take,
		   void *context)
{
	return inflate(h, bytes, false, take, context);
}

bool h2_hpack_end(struct h2_hpack *h, h2_field_taker *take, void *context)
{
	return inflate(h, SLICE(""), true, take, context);
}
