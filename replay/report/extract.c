/* What was sent and answered, as files. */
#include "extract.h"

#include "detect.h"
#include "object.h"
#include "object_name.h"
#include "output.h"

#include "capture/digest.h"
#include "capture/log.h"
#include "capture/stamp.h"

#include <stdlib.h>

#define DIGESTS 3

/* What is needed to read a body once more. */
struct again {
	struct extraction *of;
	const struct exchange *e;
	enum object_side side;
};

struct extraction {
	struct archive *archive;
	struct detector *detector;
	struct object again;  /* the one being read once more */
	struct again *places; /* of those written, room for all */
	size_t place_count;
	struct buf index;
	size_t written, left_out, not_decoded;
	bool failed; /* no more can be written */
};

/* A body in hand. */
struct body {
	size_t no; /* of its exchange */
	const struct exchange *e;
	enum object_side side;
	struct object object;
	const char *detected;
	struct buf name; /* with a NUL; empty: not written */
};

/* ---- the index ---- */

static void put_url(struct buf *out, const struct exchange *e)
{
	struct buf url_text = {0};
	struct url url = exchange_url(e);
	url_print(&url_text, &url);
	output_cell(out, buf_slice(&url_text));
	buf_release(&url_text);
}

static void put_digests(struct buf *out, struct slice bytes)
{
	static const enum digest_kind kinds[DIGESTS] = {DIGEST_MD5, DIGEST_SHA1,
							DIGEST_SHA256};
	uint8_t sum[DIGEST_MAX];
	for (size_t i = 0; i < DIGESTS; i++) {
		size_t len = digest_of(kinds[i], bytes, sum);
		buf_add_hex(out, (struct slice){sum, len});
		if (!len) /* OpenSSL is set up to refuse it */
			buf_add_byte(out, '-');
		buf_add_byte(out, '\t');
	}
}

/* "decoded gzip", "coded gzip: is broken", "plain: is cut". */
static void put_coding(struct buf *out, const struct object *o)
{
	buf_add_string(out, object_coding_name(o->coding));
	if (o->codings.len) {
		buf_add_byte(out, ' ');
		buf_add_escaped(out, o->codings);
	}
	if (o->trouble)
		buf_printf(out, ": %s", o->trouble);
}

static void put_names(struct buf *out)
{
	buf_add_string(out, "no\ttime\tmessage\turl\tstatus\tcontent_type\t"
			    "magic\tsize\tmd5\tsha1\tsha256\tfile\tstate\t"
			    "decoded\n");
}

static void put_row(struct buf *out, const struct body *p)
{
	const struct exchange *e = p->e;
	bool request = p->side == OBJECT_REQUEST;
	buf_printf(out, "%zu\t", p->no);
	stamp_print(out, request ? e->time : e->answer_time);
	buf_add_string(out, request ? "\trequest\t" : "\tresponse\t");
	put_url(out, e);
	if (e->status && !request)
		buf_printf(out, "%u\t", e->status);
	else
		buf_add_string(out, "-\t");
	output_cell(out, p->object.content_type);
	output_cell(out,
		    p->detected ? slice_of(p->detected) : (struct slice){0});
	buf_printf(out, "%zu\t", p->object.bytes.len);
	put_digests(out, p->object.bytes);
	buf_printf(out, "%s\t%s\t",
		   p->name.len ? (const char *)p->name.data : "-",
		   exchange_state_name((enum exchange_state)e->state));
	put_coding(out, &p->object);
	buf_add_byte(out, '\n');
}

/* ---- bodies ---- */

/* The very bytes of a bomb are evidence, its zeros are not. */
static void read_object(struct object *o, const struct exchange *e,
			enum object_side side)
{
	object_read(o, e, side, EXTRACT_BODY_MAX);
	if (!o->too_large || o->coding != OBJECT_DECODED)
		return;
	object_release(o);
	object_read_coded(o, e, side, EXTRACT_BODY_MAX);
	if (!o->trouble)
		o->trouble = "is too large";
}

static struct slice read_again(void *context)
{
	const struct again *a = context;
	object_release(&a->of->again);
	read_object(&a->of->again, a->e, a->side);
	return a->of->again.bytes;
}

static void done_again(void *context)
{
	object_release(&((const struct again *)context)->of->again);
}

static void write_object(struct extraction *x, struct body *p)
{
	struct again *place = &x->places[x->place_count++];
	*place = (struct again){x, p->e, p->side};
	object_name(&p->name, p->no, p->e, p->side,
		    object_extension(&p->object, p->detected));
	buf_add_byte(&p->name, '\0');
	const struct archive_file file = {
	    .name = (const char *)p->name.data,
	    .time = p->side == OBJECT_REQUEST ? p->e->time : p->e->answer_time,
	    .bytes = p->object.bytes,
	    .again = read_again,
	    .done = done_again,
	    .context = place,
	};
	switch (archive_add(x->archive, &file)) {
	case ARCHIVE_DONE:
		x->written++;
		x->not_decoded += p->object.coding == OBJECT_CODED;
		return;
	case ARCHIVE_EXISTS:
		break;
	case ARCHIVE_FAILED:
		x->failed = true;
		break;
	}
	x->left_out++;
	buf_clear(&p->name);
}

static void extract_object(struct extraction *x, const struct exchange *e,
			   size_t no, enum object_side side)
{
	struct body p = {.no = no, .e = e, .side = side};
	read_object(&p.object, e, side);
	if (p.object.bytes.len) {
		p.detected = detector_type(x->detector, p.object.bytes);
		write_object(x, &p);
		put_row(&x->index, &p);
	}
	object_release(&p.object);
	buf_release(&p.name);
}

int extract(const struct recording *r, struct archive *a)
{
	struct extraction x = {.archive = a, .detector = detector_new()};
	x.places = xreallocarray(NULL, 2 * r->count + 1, sizeof *x.places);
	put_names(&x.index);
	for (size_t i = 0; i < r->count && !x.failed; i++) {
		const struct exchange *e = &r->exchanges[i];
		extract_object(&x, e, i + 1, OBJECT_REQUEST);
		if (!x.failed)
			extract_object(&x, e, i + 1, OBJECT_RESPONSE);
	}
	int64_t time = r->count ? r->exchanges[0].time : 0;
	int result = archive_end(a, buf_slice(&x.index), time);
	log_info("%zu files of %zu exchanges%s", x.written, r->count,
		 result ? ", and not all" : "");
	if (x.not_decoded)
		log_info("%zu of them as recorded: their coding cannot be "
			 "taken off",
			 x.not_decoded);
	detector_free(x.detector);
	free(x.places);
	buf_release(&x.index);
	return result;
}
