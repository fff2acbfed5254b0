/* The bytes of one answer, in the order in which they are sent: recorded ones
 * as they lie in the recording, and what little is our own. */
#include "answer.h"

#include "rewrite/coding.h"

#define DECODED_MAX ((size_t)64 << 20)

static void begin(struct answer *a, uint16_t status)
{
	struct buf own = a->own;
	buf_clear(&own);
	a->status = status;
	a->close = a->reset = a->decoded = false;
	a->note = NULL;
	a->from = a->to = 0;
	a->own = own;
	a->start = (struct slice){0};
	a->raw.left = 0;
	a->part_count = 0;
	a->left = 0;
}

void answer_release(struct answer *a)
{
	buf_release(&a->own);
}

/* Whether the head says that the connection ends (RFC 9112 9.3). */
static bool says_close(const struct exchange *e)
{
	struct slice rest = head_fields(e->response_head);
	struct field f;
	bool close = false, keep = false;
	while (head_field_next(&rest, SLICE("connection"), &f)) {
		close |= http_has_token(f.value, SLICE("close"));
		keep |= http_has_token(f.value, SLICE("keep-alive"));
	}
	bool old = slice_starts(e->response_head, SLICE("HTTP/1.0"));
	return close || (old && !keep);
}

static const char *state_note(const struct exchange *e)
{
	switch ((enum exchange_state)e->state) {
	case EXCHANGE_COMPLETE:
		return NULL;
	case EXCHANGE_NO_RESPONSE:
		return "no response was recorded";
	case EXCHANGE_CUT:
		return "the recorded response was cut";
	case EXCHANGE_GAP:
		return "the recorded response has a gap";
	case EXCHANGE_MALFORMED:
		return "the recorded response is malformed";
	}
	return NULL;
}

static void begin_recorded(struct answer *a, const struct exchange *e)
{
	begin(a, e->status);
	a->note = state_note(e);
	a->close = e->state != EXCHANGE_COMPLETE || says_close(e) ||
		   e->response_framing == HTTP_UNTIL_CLOSE;
}

/* A head that was cut is kept with an end of its own, to be read; only behind
 * a whole one the body has a place. */
static bool head_is_whole(const struct exchange *e)
{
	struct place body = e->response_body.start;
	return e->response_head.data && (body.piece || body.skip);
}

/* How many bytes of the response stand before its final head. */
static uint64_t interim_len(const struct exchange *e)
{
	uint64_t final = e->response_head.len + e->response_body.len;
	return head_is_whole(e) && final < e->response.len
		   ? e->response.len - final
		   : 0;
}

static struct span_reader response_reader(const struct exchange *e)
{
	return span_read(&e->flow->streams[!e->client], e->response);
}

void answer_recorded(struct answer *a, const struct exchange *e,
		     bool interim_sent, bool head_alone)
{
	begin_recorded(a, e);
	if (head_alone && head_is_whole(e)) {
		a->start = e->response_head;
		if (e->state == EXCHANGE_COMPLETE)
			a->close = says_close(e);
		return;
	}
	if (e->status == 101) {
		a->close = true;
		a->note = "what follows an upgrade is not answered";
	}
	a->raw = response_reader(e);
	if (interim_sent && interim_len(e)) {
		a->start = e->response_head;
		a->raw =
		    span_read(&e->flow->streams[!e->client], e->response_body);
	}
}

bool answer_interim(struct answer *a, const struct exchange *e)
{
	if (!interim_len(e))
		return false;
	begin(a, 100);
	a->raw = response_reader(e);
	a->raw.left = interim_len(e);
	return true;
}

/* Appends the field lines of a head but for those named. */
static void copy_fields(struct buf *out, struct slice head,
			const struct slice *without, size_t count)
{
	struct slice rest = head_fields(head);
	bool dropped = false;
	while (rest.len) {
		struct slice line = slice_to(rest, slice_find(rest, '\n') + 1);
		rest = slice_from(rest, line.len);
		if (line.data[0] == '\n' || line.data[0] == '\r')
			return;
		/* a folded line goes with the one before it */
		bool folded = line.data[0] == ' ' || line.data[0] == '\t';
		struct slice name =
		    slice_trim(slice_to(line, slice_find(line, ':')));
		if (!folded)
			dropped = false;
		for (size_t i = 0; i < count && !folded; i++)
			dropped |= slice_equal_nocase(name, without[i]);
		if (!dropped)
			buf_add(out, line);
	}
}

static struct slice status_line(struct slice head)
{
	struct slice fields = head_fields(head);
	return slice_to(head, (size_t)(fields.data - head.data));
}

void answer_parts(struct answer *a, const struct table *t,
		  const struct match *m, bool head_alone)
{
	static const struct slice framing[] = {
	    SLICE("Content-Length"), SLICE("Content-Range"),
	    SLICE("Transfer-Encoding"), SLICE("Trailer")};
	const struct exchange *e = table_exchange(t, m->exchange);
	begin_recorded(a, e);
	a->status = m->partial ? 206 : 200;
	a->close = says_close(e);
	buf_add_string(&a->own, m->partial ? "HTTP/1.1 206 Partial Content\r\n"
					   : "HTTP/1.1 200 OK\r\n");
	copy_fields(&a->own, e->response_head, framing,
		    sizeof framing / sizeof *framing);
	if (m->partial)
		buf_printf(&a->own, "Content-Range: bytes %llu-%llu/%llu\r\n",
			   (unsigned long long)m->first,
			   (unsigned long long)m->last,
			   (unsigned long long)m->total);
	unsigned long long len = m->last - m->first + 1;
	buf_printf(&a->own, "Content-Length: %llu\r\n\r\n", len);
	a->start = buf_slice(&a->own);
	if (head_alone)
		return;
	a->table = t;
	a->parts = m->parts;
	a->part_count = m->part_count;
}

/* The value of all Content-Encoding fields as one list (RFC 9110 5.3). */
static void content_encoding(struct slice head, struct buf *out)
{
	struct slice rest = head_fields(head);
	struct field f;
	while (head_field_next(&rest, SLICE("content-encoding"), &f)) {
		if (out->len)
			buf_add_string(out, ", ");
		http_unfold(out, f.value);
	}
}

static bool decode(const struct exchange *e, struct slice encoding,
		   struct buf *out)
{
	struct coding *coding;
	struct slice bytes;
	struct body_reader r = exchange_response_body(e);
	enum coding_result result = coding_open(&coding, encoding, DECODED_MAX);
	if (result == CODING_UNKNOWN)
		return false;
	while (result == CODING_OK && body_next(&r, &bytes))
		result = coding_feed(coding, bytes, out);
	if (result == CODING_OK || result == CODING_TRAILING)
		result = coding_finish(coding);
	coding_free(coding);
	return result == CODING_OK || result == CODING_TRAILING;
}

bool answer_decoded(struct answer *a, const struct exchange *e,
		    struct slice accept)
{
	static const struct slice framing[] = {
	    SLICE("Content-Length"), SLICE("Content-Encoding"),
	    SLICE("Transfer-Encoding"), SLICE("Trailer")};
	struct buf encoding = {0}, body = {0};
	content_encoding(e->response_head, &encoding);
	if (!accept.data) /* curl, nc: RFC 9110 lets us, but they decode none */
		accept = SLICE("identity");
	bool done = e->state == EXCHANGE_COMPLETE && e->status != 206 &&
		    e->response_body.len && encoding.len &&
		    !coding_accepted(accept, buf_slice(&encoding)) &&
		    decode(e, buf_slice(&encoding), &body);
	if (done) {
		begin_recorded(a, e);
		a->decoded = true;
		a->close = says_close(e);
		buf_add(&a->own, status_line(e->response_head));
		copy_fields(&a->own, e->response_head, framing,
			    sizeof framing / sizeof *framing);
		buf_printf(&a->own, "Content-Length: %zu\r\n\r\n", body.len);
		buf_add(&a->own, buf_slice(&body));
		a->start = buf_slice(&a->own);
	}
	buf_release(&encoding);
	buf_release(&body);
	return done;
}

void answer_refusal(struct answer *a, const char *status, struct slice asked,
		    bool head_alone)
{
	struct buf body = {0};
	uint64_t number = 0;
	slice_number(slice_to(slice_of(status), 3), 999, &number);
	begin(a, (uint16_t)number);
	buf_printf(&body, "%s\n", status);
	buf_add_escaped(&body, asked);
	if (asked.len)
		buf_add_byte(&body, '\n');
	buf_printf(&a->own,
		   "HTTP/1.1 %s\r\nContent-Type: text/plain\r\n"
		   "Content-Length: %zu\r\n",
		   status, body.len);
	a->close = number != 404;
	if (a->close)
		buf_add_string(&a->own, "Connection: close\r\n");
	buf_add_string(&a->own, "\r\n");
	if (!head_alone)
		buf_add(&a->own, buf_slice(&body));
	a->start = buf_slice(&a->own);
	buf_release(&body);
}

void answer_continue(struct answer *a)
{
	begin(a, 100);
	a->start = SLICE("HTTP/1.1 100 Continue\r\n\r\n");
}

void answer_nothing(struct answer *a, const struct exchange *e)
{
	begin_recorded(a, e);
	a->reset = e->flow->streams[!e->client].end == STREAM_RESET;
}

/* The next bytes of the parts, in the pieces in which they lie. */
static bool part_next(struct answer *a, struct slice *bytes)
{
	while (a->left || a->part_count) {
		if (!a->left) {
			a->body = exchange_response_body(
			    table_exchange(a->table, a->parts->exchange));
			a->skip = a->parts->skip;
			a->left = a->parts->len;
			a->parts++;
			a->part_count--;
		}
		if (!body_next(&a->body, bytes) || !bytes->data)
			break;
		if (bytes->len <= a->skip) {
			a->skip -= bytes->len;
			continue;
		}
		*bytes = slice_from(*bytes, (size_t)a->skip);
		*bytes = slice_to(*bytes, a->left < SIZE_MAX ? (size_t)a->left
							     : SIZE_MAX);
		a->skip = 0;
		a->left -= bytes->len;
		return true;
	}
	/* short of what was promised: the end must not look like one */
	a->close |= a->left > 0;
	a->left = 0;
	a->part_count = 0;
	return false;
}

static bool next(struct answer *a, struct slice *bytes)
{
	if (a->start.len) {
		*bytes = a->start;
		a->start = (struct slice){0};
		return true;
	}
	if (!span_next(&a->raw, bytes))
		return part_next(a, bytes);
	if (bytes->data)
		return true;
	/* a gap: what comes after it is not what would follow */
	a->raw.left = 0;
	a->close = true;
	return false;
}

bool answer_fill(struct answer *a)
{
	if (a->from == a->to)
		a->from = a->to = 0;
	while (a->to < ANSWER_READY && next(a, &a->ready[a->to]))
		a->to += a->ready[a->to].len > 0;
	return a->from < a->to;
}

void answer_sent(struct answer *a, size_t bytes)
{
	while (bytes) {
		struct slice *piece = &a->ready[a->from];
		size_t n = bytes < piece->len ? bytes : piece->len;
		*piece = slice_from(*piece, n);
		bytes -= n;
		a->from += !piece->len;
	}
}
