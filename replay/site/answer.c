/* The bytes of one answer, in the order in which they are sent: recorded ones
 * as they lie in the recording, and what little is our own. */
#include "answer.h"

static void begin(struct answer *a, uint16_t status)
{
	struct buf own = a->own;
	buf_clear(&own);
	a->status = status;
	a->close = a->reset = a->cut = a->rewritten = a->decoded = false;
	a->note = NULL;
	a->head = (struct slice){0};
	a->before = 0;
	a->from = a->to = 0;
	a->own = own;
	a->start = a->rest = (struct slice){0};
	a->interim.left = a->raw.left = 0;
	a->parts.count = 0;
	a->parts.left = 0;
}

void answer_release(struct answer *a)
{
	buf_release(&a->own);
}

/* Whether the head says that the connection ends (RFC 9112 9.3). */
static bool says_close(struct slice head)
{
	struct slice rest = head_fields(head);
	struct field f;
	bool close = false, keep = false;
	while (head_field_next(&rest, SLICE("connection"), &f)) {
		close |= http_has_token(f.value, SLICE("close"));
		keep |= http_has_token(f.value, SLICE("keep-alive"));
	}
	bool old = slice_starts(head, SLICE("HTTP/1.0"));
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

static bool ends_by_close(const struct exchange *e)
{
	return e->response_framing == HTTP_UNTIL_CLOSE &&
	       !exchange_lacks_length(e);
}

/* A whole head with the length that it lacks. Its bytes may be those of
 * a->own. */
static void start_with_length(struct answer *a, const struct exchange *e,
			      struct slice head)
{
	struct buf out = {0};
	buf_add(&out, slice_to(head, head.len - 2)); /* the empty line */
	buf_printf(&out, "content-length: %llu\r\n\r\n",
		   (unsigned long long)e->body_bytes);
	buf_release(&a->own);
	a->own = out;
	a->start = buf_slice(&a->own);
}

static void begin_recorded(struct answer *a, const struct exchange *e)
{
	begin(a, e->status);
	a->note = state_note(e);
	a->cut = e->state != EXCHANGE_COMPLETE;
	a->close = e->state != EXCHANGE_COMPLETE ||
		   says_close(e->response_head) || ends_by_close(e);
}

/* How many bytes of the response stand before its final head. */
static uint64_t interim_len(const struct exchange *e)
{
	uint64_t final = e->response_head.len + e->response_body.len;
	return exchange_head_whole(e) && final < e->response.len
		   ? e->response.len - final
		   : 0;
}

static struct span_reader response_reader(const struct exchange *e)
{
	return span_read(&e->flow->streams[!e->client], e->response);
}

/* The interim responses as the first bytes of an answer. */
static void begin_interim(struct answer *a, const struct exchange *e)
{
	a->interim = response_reader(e);
	a->interim.left = interim_len(e);
}

/* What the log tells of the head. Interim responses are in raw, or apart. */
static void tell_head(struct answer *a, const struct exchange *e)
{
	a->head = a->start.len ? a->start : e->response_head;
	a->before = a->head.len;
	if (!exchange_head_whole(e))
		a->before = UINT64_MAX;
	else
		a->before += a->start.len ? a->interim.left : interim_len(e);
}

static void take_recorded(struct answer *a, const struct exchange *e,
			  bool interim_sent, bool head_alone)
{
	begin_recorded(a, e);
	if (head_alone && exchange_head_whole(e)) {
		a->start = e->response_head;
		if (exchange_lacks_length(e))
			start_with_length(a, e, a->start);
		if (e->state == EXCHANGE_COMPLETE)
			a->close = says_close(e->response_head);
		return;
	}
	if (e->status == 101) {
		a->close = true;
		a->note = "what follows an upgrade is not answered";
	}
	a->raw = response_reader(e);
	if (!exchange_lacks_length(e) && !(interim_sent && interim_len(e)))
		return;
	a->start = e->response_head;
	if (exchange_lacks_length(e))
		start_with_length(a, e, a->start);
	a->raw = span_read(&e->flow->streams[!e->client], e->response_body);
	if (!interim_sent)
		begin_interim(a, e);
}

void answer_recorded(struct answer *a, const struct exchange *e,
		     bool interim_sent, bool head_alone)
{
	take_recorded(a, e, interim_sent, head_alone);
	tell_head(a, e);
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

/* The head of an answer made of parts, from that of one of them. */
static void parts_head(struct answer *a, const struct match *m,
		       struct slice head)
{
	static const struct slice framing[] = {
	    SLICE("Content-Length"), SLICE("Content-Range"),
	    SLICE("Transfer-Encoding"), SLICE("Trailer")};
	a->status = m->partial ? 206 : 200;
	a->close = says_close(head);
	buf_add_string(&a->own, m->partial ? "HTTP/1.1 206 Partial Content\r\n"
					   : "HTTP/1.1 200 OK\r\n");
	copy_fields(&a->own, head, framing, sizeof framing / sizeof *framing);
	if (m->partial)
		buf_printf(&a->own, "Content-Range: bytes %llu-%llu/%llu\r\n",
			   (unsigned long long)m->first,
			   (unsigned long long)m->last,
			   (unsigned long long)m->total);
	unsigned long long len = m->last - m->first + 1;
	buf_printf(&a->own, "Content-Length: %llu\r\n\r\n", len);
	a->start = buf_slice(&a->own);
}

static void add_parts(struct answer *a, const struct table *t,
		      const struct match *m)
{
	a->parts.table = t;
	a->parts.parts = m->parts;
	a->parts.count = m->part_count;
}

void answer_parts(struct answer *a, const struct table *t,
		  const struct match *m, bool head_alone)
{
	const struct exchange *e = table_exchange(t, m->exchange);
	begin_recorded(a, e);
	parts_head(a, m, e->response_head);
	tell_head(a, e);
	if (!head_alone)
		add_parts(a, t, m);
}

static void begin_made(struct answer *a, const struct exchange *e,
		       const struct made *m)
{
	begin_recorded(a, e);
	a->status = m->status;
	a->rewritten = m->rewritten;
	a->decoded = m->decoded;
}

/* The head at that time; in out if it is another than was made. */
static struct slice made_head(const struct finished *f, int64_t now,
			      struct buf *out)
{
	if (!f->date_count)
		return buf_slice(&f->head);
	buf_add(out, buf_slice(&f->head));
	dates_move(out->data, f->dates, f->date_count, now);
	return buf_slice(out);
}

static void take_made(struct answer *a, const struct exchange *e,
		      const struct made *m, bool interim_sent, bool head_alone,
		      int64_t now)
{
	const struct finished *f = &m->finished;
	begin_made(a, e, m);
	a->start = made_head(f, now, &a->own);
	bool close = says_close(a->start);
	if (exchange_lacks_length(e) && !f->body_changed)
		start_with_length(a, e, a->start);
	if (head_alone) {
		a->close = close || e->state != EXCHANGE_COMPLETE;
		return;
	}
	a->close = close || e->state != EXCHANGE_COMPLETE ||
		   (f->body_changed ? f->close : ends_by_close(e));
	if (f->body_changed)
		a->rest = buf_slice(&f->body);
	else
		a->raw =
		    span_read(&e->flow->streams[!e->client], e->response_body);
	if (!interim_sent)
		begin_interim(a, e);
}

void answer_made(struct answer *a, const struct exchange *e,
		 const struct made *m, bool interim_sent, bool head_alone,
		 int64_t now)
{
	take_made(a, e, m, interim_sent, head_alone, now);
	tell_head(a, e);
}

void answer_made_parts(struct answer *a, const struct table *t,
		       const struct match *m, const struct made *made,
		       bool head_alone, int64_t now)
{
	const struct exchange *e = table_exchange(t, m->exchange);
	const struct finished *f = &made->finished;
	struct buf moved = {0};
	begin_made(a, e, made);
	parts_head(a, m, made_head(f, now, &moved));
	tell_head(a, e);
	buf_release(&moved);
	if (head_alone)
		return;
	if (!f->body_changed) {
		add_parts(a, t, m);
		return;
	}
	a->rest = slice_from(buf_slice(&f->body), (size_t)m->first);
	a->rest = slice_to(a->rest, (size_t)(m->last - m->first + 1));
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
	a->before = a->own.len;
	if (!head_alone)
		buf_add(&a->own, buf_slice(&body));
	a->start = buf_slice(&a->own);
	a->head = slice_to(a->start, a->before);
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
	a->reset = exchange_end(e) == STREAM_RESET;
}

/* Short of what was promised: the end must not look like one. */
static bool part_next(struct answer *a, struct slice *bytes)
{
	if (parts_next(&a->parts, bytes))
		return true;
	a->cut |= a->parts.left > 0;
	a->close |= a->cut;
	a->parts.left = 0;
	return false;
}

/* The next bytes as recorded. At a gap it ends: what comes after it is not
 * what would follow. */
static bool raw_next(struct answer *a, struct span_reader *raw,
		     struct slice *bytes)
{
	if (!span_next(raw, bytes))
		return false;
	if (bytes->data)
		return true;
	raw->left = 0;
	a->close = a->cut = true;
	return false;
}

static bool take(struct slice *from, struct slice *bytes)
{
	*bytes = *from;
	*from = (struct slice){0};
	return bytes->len;
}

static bool next(struct answer *a, struct slice *bytes)
{
	return raw_next(a, &a->interim, bytes) || take(&a->start, bytes) ||
	       take(&a->rest, bytes) || raw_next(a, &a->raw, bytes) ||
	       part_next(a, bytes);
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
