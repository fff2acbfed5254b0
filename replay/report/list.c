/* replay --list: the table, one exchange a line. */
#include "list.h"

#include "columns.h"
#include "list_csv.h"
#include "output.h"
#include "sums.h"
#include "value.h"

#include "capture/cores.h"
#include "capture/stamp.h"

#include <stdlib.h>
#include <string.h>

#define FLUSH_AT ((size_t)1 << 16)
#define THREADS_MAX 8

/* What a row tells beyond the exchange itself. */
struct row {
	const struct exchange *e;
	size_t no;
	const struct body_sum *sum;
	bool digest; /* the body has one: without a hole, and wanted */
};

static struct slice digest_of_row(const struct row *row)
{
	return (struct slice){row->sum->sha256, DIGEST_LEN};
}

static bool has_head(const struct exchange *e)
{
	return e->response_head.len > 0;
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
	output_cell(out, exchange_method(e));
	output_cell(out, exchange_host(e));
	output_cell(out, exchange_target(e));
	if (e->status)
		buf_add_number(out, e->status);
	else
		buf_add_byte(out, '-');
	buf_add_byte(out, '\t');
	if (has_head(e)) {
		buf_add_number(out, row->sum->bytes);
		buf_add_byte(out, '\t');
		if (row->digest)
			buf_add_hex(out, digest_of_row(row));
		else
			buf_add_byte(out, '-');
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

static json_t *json_digest(const struct row *row)
{
	struct buf text = {0};
	if (!row->digest)
		return json_null();
	buf_add_hex(&text, digest_of_row(row));
	json_t *s = json_buf(&text);
	buf_release(&text);
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
		    http_response(e->response_head, exchange_method(e), &m) ==
			HTTP_DONE;
	json_object_set_new(o, "status",
			    e->status ? json_integer(e->status) : json_null());
	json_object_set_new(o, "reason", json_or_null(m.reason));
	json_object_set_new(o, "bytes",
			    head ? json_integer((json_int_t)row->sum->bytes)
				 : json_null());
	json_object_set_new(o, "sha256", head ? json_digest(row) : json_null());
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
	json_object_set_new(o, "method", value_text(exchange_method(e)));
	json_object_set_new(o, "host", json_or_null(exchange_host(e)));
	json_object_set_new(o, "target", value_text(exchange_target(e)));
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

/* In the order of put_tsv. A digest's start tells bodies apart, as a commit's
 * does. */
static const struct column columns[] = {
    {"no", .rank = 14, .right = true},
    {"time", .rank = 5},
    {"stream", .rank = 2, .right = true},
    {"client", .rank = 4},
    {"server", .rank = 6},
    {"scheme", .rank = 7},
    {"method", .rank = 9},
    {"host", .rank = 12, .least = 16, .middle = true},
    {"target", .rank = 13, .least = 16},
    {"status", .rank = 11, .words = columns_statuses},
    {"bytes", .rank = 8, .right = true},
    {"sha256", .rank = 1, .least = 12},
    {"state", .rank = 10, .words = columns_states},
    {"version", .rank = 3},
};
#define COLUMNS (sizeof columns / sizeof *columns)

static void put_names(struct buf *out, enum list_format format)
{
	struct buf names = {0};
	columns_names(columns, COLUMNS, &names);
	if (format == LIST_TSV)
		buf_add(out, buf_slice(&names));
	if (format == LIST_CSV)
		list_csv(out, buf_slice(&names));
	buf_release(&names);
}

static void put_row(struct buf *out, struct buf *line, const struct row *row,
		    enum list_format format)
{
	if (format == LIST_JSON)
		put_json(out, row);
	else if (format == LIST_CSV)
		put_csv(out, line, row);
	else
		put_tsv(out, row);
}

/* sums NULL: digests are not wanted, the length alone is worked out. */
static void read_row(struct row *row, const struct recording *r, size_t i,
		     struct sums *sums, struct body_sum *length)
{
	*row = (struct row){.e = &r->exchanges[i], .no = i + 1, .sum = length};
	if (!sums) {
		body_measure(row->e, length);
		return;
	}
	row->sum = sums_next(sums);
	row->digest = row->sum->whole;
}

/* While rows appear on a terminal, they tell how far it is. */
static struct progress *progress_of(const struct recording *r,
				    const struct list_options *o)
{
	bool silent = o->display && !o->display->width;
	return silent && o->digests ? r->progress : NULL;
}

int list_print(const struct recording *r, const struct list_options *o)
{
	struct buf out = {0}, line = {0};
	struct sums *sums =
	    o->digests ? sums_new(r, cores_usable(THREADS_MAX)) : NULL;
	struct columns *fitted = NULL;
	struct progress *progress = progress_of(r, o);
	int result = 0;
	if (o->format == LIST_COLUMNS)
		fitted = columns_new(columns, COLUMNS, o->display);
	put_names(&out, o->format);
	progress_phase(progress, "digests", NULL, r->count, "exchanges");
	for (size_t i = 0; i < r->count && !result; i++) {
		struct body_sum length;
		struct row row;
		size_t from = out.len;
		read_row(&row, r, i, sums, &length);
		put_row(&out, &line, &row, o->format);
		columns_take(fitted, &out, from);
		progress_at(progress, i);
		if (out.len >= FLUSH_AT)
			result = output_flush(&out);
	}
	progress_end(progress);
	columns_end(fitted, &out);
	if (!result)
		result = output_flush(&out);
	columns_tell(fitted);
	columns_free(fitted);
	sums_free(sums);
	buf_release(&line);
	buf_release(&out);
	return result;
}
