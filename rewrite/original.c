/* A recorded answer, as rules take it. */
#include "original.h"

#define NS_PER_SECOND 1000000000

/* Bytes behind a gap are not what would follow. */
static bool next_bytes(void *context, struct slice *bytes)
{
	return body_next(context, bytes) && bytes->data;
}

/* Transfer codings but chunked are not taken off. */
static bool is_only_chunked(struct slice fields)
{
	struct field f;
	while (http_field_next(&fields, &f))
		if (slice_equal_nocase(f.name, SLICE("Transfer-Encoding")) &&
		    !slice_equal_nocase(f.value, SLICE("chunked")) &&
		    !slice_equal_nocase(f.value, SLICE("identity")))
			return false;
	return true;
}

static bool has_body(const struct exchange *e, const struct message *m)
{
	return e->state != EXCHANGE_MALFORMED && e->status >= 200 &&
	       e->status != 204 && e->status != 206 && e->status != 304 &&
	       !slice_equal(exchange_method(e), SLICE("HEAD")) &&
	       !slice_equal(exchange_method(e), SLICE("CONNECT")) &&
	       is_only_chunked(m->fields);
}

/* Whether a body ends early, in which case next gives no more than *bytes; a
 * request that was cut makes a whole answer's state no better. */
static bool is_cut(const struct exchange *e, const struct message *m,
		   uint64_t *bytes)
{
	if (e->state == EXCHANGE_COMPLETE)
		return false;
	struct body_reader r = exchange_response_body(e);
	struct slice piece, none = {0};
	*bytes = 0;
	while (next_bytes(&r, &piece))
		*bytes += piece.len;
	switch (m->framing) {
	case HTTP_NO_BODY:
		return false;
	case HTTP_LENGTH:
		return *bytes < m->length;
	case HTTP_CHUNKED:
		return chunked_next(&r.chunked, &none, &piece) != HTTP_DONE;
	case HTTP_UNTIL_CLOSE:
		break;
	}
	return true;
}

struct original original_of(const struct exchange *e,
			    struct body_reader *reader)
{
	struct url url = exchange_url(e);
	struct message m;
	struct original o = {
	    .method = exchange_method(e),
	    .host = url.host,
	    .target = url.target,
	    .https = e->https,
	    .time = e->answer_time / NS_PER_SECOND,
	    .status = e->status,
	    .framing = (enum http_framing)e->response_framing,
	};
	if (!exchange_head_whole(e) ||
	    http_response(e->response_head, exchange_method(e), &m) !=
		HTTP_DONE)
		return o;
	if (exchange_lacks_length(e))
		o.framing = HTTP_LENGTH;
	o.head = m.head;
	if (!has_body(e, &m))
		return o;
	*reader = exchange_response_body(e);
	o.next = next_bytes;
	o.context = reader;
	uint64_t bytes;
	o.cut = is_cut(e, &m, &bytes);
	if (o.cut && m.framing == HTTP_LENGTH)
		o.missing = m.length - bytes;
	return o;
}
