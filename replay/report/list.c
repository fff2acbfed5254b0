/* replay --list: the table, one exchange a line. */
#include "list.h"

#include "list_csv.h"
#include "output.h"
#include "value.h"

#include "capture/digest.h"
#include "capture/stamp.h"

#include <stdlib.h>
#include <string.h>

#define FLUSH_AT ((size_t)1 << 16)

/* What a row tells beyond the exchange itself. */
struct row {
	const struct exchange *e;
	size_t no;
	uint64_t bytes;                  /* of the body, without missing ones */
	char sha256[2 * DIGEST_LEN + 1]; /* or "-" */
};

/* A body with a hole has no digest, and its length is what was captured. */
static void read_body(struct row *row, struct digest *digest)
{
	struct body_reader r = exchange_response_body(row->e);
	struct slice bytes;
	uint8_t sum[DIGEST_LEN];
	bool whole = true;
	row->bytes = 0;
	if (digest)
		digest_start(digest);
	while (body_next(&r, &bytes)) {
		if (!bytes.data) {
			whole = false;
			continue;
		}
		row->bytes += bytes.len;
		if (digest)
			digest_add(digest, bytes);
	}
	strcpy(row->sha256, "-");
	if (!digest || !whole)
		return;
	digest_finish(digest, sum);
	for (size_t i = 0; i < DIGEST_LEN; i++)
		snprintf(row->sha256 + 2 * i, 3, "%02x", sum[i]);
}

static bool has_head(const struct exchange *e)
{
	return e->response_head.len > 0;
}

static void put_text(struct buf *out, struct slice text)
{
	if (text.len)
		buf_add_escaped(out, text);
	else
		buf_add_byte(out, '-');
	buf_add_byte(out, '\t');
}

static void put_tsv(struct buf *out, const struct row *row)
{
	const struct exchange *e = row->e;
	buf_add_number(out, row->no);
	buf_add_byte(out, '\t');
	stamp_print(out, e->time);
	buf_add_byte(out, '\t');
	buf_add_number(out, e->flow->number);
	buf_add_byte(out, '\t');
	endpoint_print(out, exchange_client(e));
	buf_add_byte(out, '\t');
	endpoint_print(out, exchange_server(e));
	buf_add_string(out, e->https ? "\thttps\t" : "\thttp\t");
	put_text(out, e->method);
	put_text(out, e->host);
	put_text(out, e->target);
	if (e->status)
		buf_add_number(out, e->status);
	else
		buf_add_byte(out, '-');
	buf_add_byte(out, '\t');
	if (has_head(e)) {
		buf_add_number(out, row->bytes);
		buf_add_byte(out, '\t');
		buf_add_string(out, row->sha256);
		buf_add_byte(out, '\t');
	} else {
		buf_add_string(out, "-\t-\t");
	}
	buf_add_string(out, exchange_state_name((enum exchange_state)e->state));
	buf_add_byte(out, '\t');
	exchange_version_print(out, e);
	buf_add_byte(out, '\n');
}

static json_t *json_buf(struct buf *b)
{
	json_t *s = value_text(buf_slice(b));
	buf_clear(b);
	return s;
}

static json_t *json_or_null(struct slice text)
{
	return text.data ? value_text(text) : json_null();
}

static void put_request(json_t *o, const struct exchange *e)
{
	struct message m;
	http_request(e->request_head, &m);
	json_object_set_new(o, "request_fields", value_fields(m.fields));
}

static void put_response(json_t *o, const struct row *row)
{
	const struct exchange *e = row->e;
	struct message m = {0};
	bool head = has_head(e) &&
		    http_response(e->response_head, e->method, &m) == HTTP_DONE;
	json_object_set_new(o, "status",
			    e->status ? json_integer(e->status) : json_null());
	json_object_set_new(o, "reason", json_or_null(m.reason));
	json_object_set_new(o, "bytes",
			    head ? json_integer((json_int_t)row->bytes)
				 : json_null());
	json_object_set_new(o, "sha256",
			    head && row->sha256[0] != '-'
				? json_string(row->sha256)
				: json_null());
	json_object_set_new(o, "response_fields",
			    head ? value_fields(m.fields) : json_null());
}

static void put_version(json_t *o, const struct exchange *e)
{
	struct buf b = {0};
	exchange_version_print(&b, e);
	json_object_set_new(o, "version", json_buf(&b));
	buf_release(&b);
	json_object_set_new(o, "stream_id",
			    e->stream_id ? json_integer(e->stream_id)
					 : json_null());
	json_object_set_new(o, "pushed", json_boolean(e->pushed));
	json_object_set_new(o, "trailer_fields",
			    e->trailers ? value_fields(exchange_trailers(e))
					: json_null());
}

static json_t *json_stamp(struct buf *scratch, int64_t time)
{
	if (!time)
		return json_null();
	stamp_print(scratch, time);
	return json_buf(scratch);
}

/* Times are strings: a double would round their nanoseconds. */
static void put_json(struct buf *out, const struct row *row)
{
	const struct exchange *e = row->e;
	struct buf b = {0};
	json_t *o = json_object();
	json_object_set_new(o, "no", json_integer((json_int_t)row->no));
	stamp_print(&b, e->time); /* zero in captures without times */
	json_object_set_new(o, "time", json_buf(&b));
	json_object_set_new(o, "answer_time", json_stamp(&b, e->answer_time));
	json_object_set_new(o, "end_time", json_stamp(&b, e->end_time));
	json_object_set_new(o, "stream", json_integer(e->flow->number));
	endpoint_print(&b, exchange_client(e));
	json_object_set_new(o, "client", json_buf(&b));
	endpoint_print(&b, exchange_server(e));
	json_object_set_new(o, "server", json_buf(&b));
	json_object_set_new(o, "scheme",
			    json_string(e->https ? "https" : "http"));
	json_object_set_new(o, "method", value_text(e->method));
	json_object_set_new(o, "host", json_or_null(e->host));
	json_object_set_new(o, "target", value_text(e->target));
	put_response(o, row);
	json_object_set_new(
	    o, "state",
	    json_string(exchange_state_name((enum exchange_state)e->state)));
	put_request(o, e);
	put_version(o, e);
	value_line(out, o);
	buf_release(&b);
}

/* line is scratch. */
static void put_csv(struct buf *out, struct buf *line, const struct row *row)
{
	buf_clear(line);
	put_tsv(line, row);
	list_csv(out, buf_slice(line));
}

static void put_names(struct buf *out, enum list_format format)
{
	static const struct slice names =
	    SLICE("no\ttime\tstream\tclient\tserver\tscheme\tmethod\thost\t"
		  "target\tstatus\tbytes\tsha256\tstate\tversion\n");
	if (format == LIST_TSV)
		buf_add(out, names);
	if (format == LIST_CSV)
		list_csv(out, names);
}

static void put_row(struct buf *out, struct buf *line, const struct row *row,
		    enum list_format format)
{
	if (format == LIST_TSV)
		put_tsv(out, row);
	else if (format == LIST_CSV)
		put_csv(out, line, row);
	else
		put_json(out, row);
}

int list_print(const struct recording *r, enum list_format format, bool digests)
{
	struct buf out = {0}, line = {0};
	struct digest digest = {0};
	int result = 0;
	put_names(&out, format);
	for (size_t i = 0; i < r->count && !result; i++) {
		struct row row = {.e = &r->exchanges[i], .no = i + 1};
		read_body(&row, digests ? &digest : NULL);
		put_row(&out, &line, &row, format);
		if (out.len >= FLUSH_AT)
			result = output_flush(&out);
	}
	if (!result)
		result = output_flush(&out);
	digest_release(&digest);
	buf_release(&line);
	buf_release(&out);
	return result;
}
