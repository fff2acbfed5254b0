/* A rewritten answer as it goes out. */
#include "finish.h"

#include "coding.h"
#include "fields.h"
#include "told.h"

#include "capture/digest.h"

#include <stdlib.h>

/* ---- digests of the body (RFC 1864, RFC 3230, RFC 9530) ---- */

/* Appends the digest of bytes in base64. False if nobody knows how. */
static bool add_digest(struct slice algorithm, struct slice bytes,
		       struct buf *out)
{
	static const struct {
		struct slice name;
		enum digest_kind kind;
	} known[] = {
	    {SLICE("md5"), DIGEST_MD5},
	    {SLICE("sha"), DIGEST_SHA1},
	    {SLICE("sha-256"), DIGEST_SHA256},
	    {SLICE("sha-512"), DIGEST_SHA512},
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (!slice_equal_nocase(algorithm, known[i].name))
			continue;
		uint8_t digest[DIGEST_MAX];
		size_t len = digest_of(known[i].kind, bytes, digest);
		base64_add(out, (struct slice){digest, len});
		return len > 0;
	}
	return false;
}

/* A list "algorithm=digest" made true; what cannot be made is left out.
 * around: what encloses a digest. */
static void mend_list(struct slice list, struct slice body, const char *around,
		      struct buf *out)
{
	while (list.len) {
		struct slice item = slice_to(list, slice_find(list, ','));
		list = slice_from(list, item.len + 1);
		item = slice_trim(slice_to(item, slice_find(item, '=')));
		struct buf digest = {0};
		if (add_digest(item, body, &digest)) {
			if (out->len)
				buf_add_string(out, ", ");
			buf_add(out, item);
			buf_add_byte(out, '=');
			buf_add_string(out, around);
			buf_add(out, buf_slice(&digest));
			buf_add_string(out, around);
		}
		buf_release(&digest);
	}
}

enum digest_form { FORM_BARE, FORM_LIST, FORM_STRUCTURED };

static const struct {
	struct slice name;
	enum digest_form form;
} digest_fields[] = {
    {SLICE("Content-MD5"), FORM_BARE},
    {SLICE("Digest"), FORM_LIST},
    {SLICE("Content-Digest"), FORM_STRUCTURED},
    {SLICE("Repr-Digest"), FORM_STRUCTURED},
};

static void mend_digest(enum digest_form form, struct slice value,
			struct slice body, struct buf *out)
{
	switch (form) {
	case FORM_BARE:
		add_digest(SLICE("md5"), body, out);
		break;
	case FORM_LIST:
		mend_list(value, body, "", out);
		break;
	case FORM_STRUCTURED:
		mend_list(value, body, ":", out);
		break;
	}
}

/* Fields of one name. A digest of a body that is cut nobody can make. */
static void mend_fields(struct fields *f, struct slice name,
			enum digest_form form, struct slice body, bool cut,
			struct buf *told)
{
	struct buf value = {0};
	const char *done = NULL;
	for (size_t i = fields_find(f, name, 0); i < f->count;
	     i = fields_find(f, name, i + 1)) {
		buf_clear(&value);
		if (!cut)
			mend_digest(form, fields_value(f, i), body, &value);
		if (value.len && fields_replace(f, i, buf_slice(&value))) {
			done = "made true";
			continue;
		}
		fields_drop(f, i);
		done = done ? done : "taken out";
	}
	buf_release(&value);
	if (done)
		told_note(told, "%.*s %s", (int)name.len,
			  (const char *)name.data, done);
}

static void mend_digests(struct fields *f, struct slice body, bool cut,
			 struct buf *told)
{
	for (size_t i = 0; i < sizeof digest_fields / sizeof *digest_fields;
	     i++)
		mend_fields(f, digest_fields[i].name, digest_fields[i].form,
			    body, cut, told);
}

/* RFC 9110 8.8.1: a weak one survives a change of bytes. */
static void drop_etag(struct fields *f, struct buf *told)
{
	struct slice name = SLICE("ETag");
	bool dropped = false;
	for (size_t i = fields_find(f, name, 0); i < f->count;
	     i = fields_find(f, name, i + 1)) {
		if (slice_starts(fields_value(f, i), SLICE("W/")))
			continue;
		fields_drop(f, i);
		dropped = true;
	}
	if (dropped)
		told_note(told, "ETag taken out");
}

/* ---- length and framing ---- */

/* In the place of the old length, else of the chunk framing, else at the end.
 */
static void set_length(struct fields *f, uint64_t length)
{
	static const struct slice name = SLICE("Content-Length");
	static const struct slice coding = SLICE("Transfer-Encoding");
	struct buf value = {0};
	buf_printf(&value, "%llu", (unsigned long long)length);
	size_t at = fields_find(f, coding, 0);
	if (at < f->count && fields_find(f, name, 0) == f->count)
		fields_exchange(f, at, name, buf_slice(&value));
	else
		fields_set(f, name, buf_slice(&value));
	fields_delete(f, coding, 0);
	fields_delete(f, SLICE("Trailer"), 0);
	buf_release(&value);
}

/* One chunk, and no last one. */
static void chunk(struct slice bytes, struct buf *out)
{
	if (!bytes.len)
		return;
	buf_printf(out, "%zx\r\n", bytes.len);
	buf_add(out, bytes);
	buf_add_string(out, "\r\n");
}

static void frame(const struct rewritten *w, struct fields *f,
		  struct finished *out)
{
	uint64_t length = out->body.len;
	out->close = w->cut;
	switch (w->framing) {
	case HTTP_NO_BODY:
		if (!length)
			return;
		break;
	case HTTP_LENGTH:
		length += w->cut ? w->missing : 0;
		break;
	case HTTP_CHUNKED:
		if (!w->cut)
			break;
		struct buf bytes = out->body;
		out->body = (struct buf){0};
		chunk(buf_slice(&bytes), &out->body);
		buf_release(&bytes);
		return;
	case HTTP_UNTIL_CLOSE:
		out->close = true;
		return;
	}
	set_length(f, length);
}

/* ---- all of it ---- */

static void set_coding(const struct rewritten *w, bool coded, struct fields *f,
		       struct buf *told)
{
	if (coded && w->encoding.len)
		return;
	fields_delete(f, SLICE("Content-Encoding"), 0);
	if (w->encoding.len)
		told_note(told, "decoded for this client");
}

bool rewritten_finish(const struct rewritten *w, bool coded, struct finished *f)
{
	struct finished new = {.body_changed = w->body_changed};
	struct fields fields;
	if (w->body_changed && coded && w->encoding.len) {
		if (!coding_encode(buf_slice(&w->encoding), buf_slice(&w->body),
				   &new.body))
			return false;
	} else if (w->body_changed) {
		buf_add(&new.body, buf_slice(&w->body));
	}
	buf_add(&new.told, buf_slice(&w->told));
	if (!fields_read(&fields, buf_slice(&w->head), w->dates,
			 w->date_count)) {
		finished_release(&new);
		return false;
	}
	if (w->body_changed) {
		set_coding(w, coded, &fields, &new.told);
		mend_digests(&fields, buf_slice(&new.body), w->cut, &new.told);
		drop_etag(&fields, &new.told);
		frame(w, &fields, &new);
	}
	fields_write(&fields, &new.head, &new.dates, &new.date_count);
	fields_release(&fields);
	*f = new;
	return true;
}

void finished_release(struct finished *f)
{
	buf_release(&f->head);
	buf_release(&f->body);
	buf_release(&f->told);
	free(f->dates);
	*f = (struct finished){0};
}
