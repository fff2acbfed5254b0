/* Flows become exchanges: a request and the response that belongs to it, by
 * the grammar of messages and never by turns of talk. */
#ifndef CAPTURE_EXCHANGE_H
#define CAPTURE_EXCHANGE_H

#include "flow.h"
#include "http.h"
#include "url.h"

enum exchange_state {
	EXCHANGE_COMPLETE,
	EXCHANGE_NO_RESPONSE, /* nothing of a response was recorded */
	EXCHANGE_CUT,         /* connection or recording ended before it did */
	EXCHANGE_GAP,         /* bytes of it are missing from the capture */
	EXCHANGE_MALFORMED,   /* its framing is an unrecoverable error */
};

/* A part of a request's head. Of an absent one both are 0: none is at the
 * start but the method, which is never empty. */
struct head_part {
	uint32_t at, len; /* bytes; no head has more than HTTP_HEAD_MAX */
};

/* Slices point into the recording. 400,000 of these are kept at once: what can
 * be found again from the heads is not stored.
 *
 * One recorded over HTTP/2 reads as if it had come over HTTP/1.1: its heads
 * stand in that form, its flow's streams hold heads and bodies in one run each.
 * Its response has a length or none, hence HTTP_UNTIL_CLOSE, never chunks;
 * response_framing and the fields are what was sent, also where the body's end
 * was told by other means. */
struct exchange {
	const struct flow *flow;
	uint64_t position;   /* of the request's first byte: source_position */
	int64_t time;        /* of the request's first byte, ns since epoch */
	int64_t answer_time; /* of the response's first byte; 0 if none */
	int64_t end_time;    /* of the last byte recorded of it */

	struct slice request_head;  /* in one piece */
	struct slice response_head; /* of the final response; data NULL: none */
	struct slice tunnel; /* target of the CONNECT it came through, if any */
	struct request_parts {
		struct head_part method, target, host;
	} parts; /* where they are: see exchange_method */

	struct span request_body;  /* raw: with its chunk framing */
	struct span response;      /* all that answered: interim responses, head
				      and body, raw */
	struct span response_body; /* raw */
	uint64_t body_bytes; /* of the response, transfer coding taken off */

	uint16_t status; /* 0: none */
	uint8_t state;   /* enum exchange_state */
	uint8_t client;  /* the client is flow->ends[client] */
	uint8_t request_framing, response_framing; /* enum http_framing */
	bool https;  /* the scheme; http otherwise */
	bool ranged; /* the request has a Range field */

	uint8_t version; /* of the request, 10 times: 11 for HTTP/1.1 */
	bool pushed;     /* HTTP/2: the server promised it, no client asked */
	bool reset;      /* HTTP/2: the stream was, before the response's end */
	bool trailers;   /* HTTP/2: see exchange_trailers */
	uint32_t stream_id; /* HTTP/2 */
};

#define EXCHANGE_HTTP2 20 /* version */

const char *exchange_state_name(enum exchange_state state);

/* "HTTP/1.1", "HTTP/2". */
void exchange_version_print(struct buf *out, const struct exchange *e);
const struct endpoint *exchange_client(const struct exchange *e);
const struct endpoint *exchange_server(const struct exchange *e);

/* Of the request. The Host field's value: data NULL if there is none. */
struct slice exchange_method(const struct exchange *e);
struct slice exchange_target(const struct exchange *e);
struct slice exchange_host(const struct exchange *e);

/* Takes the parts of a request that stand in its head: it is borrowed. */
void exchange_ask(struct exchange *e, const struct message *m);

/* The port for which the connection stands: its server's, but inside a tunnel
 * that of the CONNECT target, since the connection's own is the proxy's. */
uint16_t exchange_port(const struct exchange *e);

/* Of the request. What it leaves open is filled from the connection, or from
 * the CONNECT target of the tunnel it came through. */
struct url exchange_url(const struct exchange *e);

/* Whether the response's head is whole. One that was cut is kept with an end of
 * its own, to be read; only behind a whole one the body has a place. */
bool exchange_head_whole(const struct exchange *e);

/* How the side that answers ended: its connection, or the stream in it. */
enum stream_end exchange_end(const struct exchange *e);

/* Whether an HTTP/2 frame alone told where the response's body ends, which was
 * recorded whole: HTTP/1.1 needs a length for that. */
bool exchange_lacks_length(const struct exchange *e);

/* The field lines of the trailer section of an HTTP/2 response; those of
 * HTTP/1 stand in its raw body. Empty if there is none. */
struct slice exchange_trailers(const struct exchange *e);

/* What is still to be read of a flow. Begin with {.flow = flow}. */
struct talk {
	const struct flow *flow;
	struct place from[2]; /* in flow->streams */
	struct slice tunnel;  /* the CONNECT target whose tunnel this is */

	/* A request that changed to HTTP/2 (RFC 7540 3.2), which is to answer
	 * it; flow NULL: none. asked: its first byte. */
	struct exchange upgraded;
	const uint8_t *asked;
};

/* Called for each exchange in the order of the requests; e is valid during the
 * call only. first is the first byte of the request in the recording. */
typedef void exchange_taker(void *context, const struct exchange *e,
			    const uint8_t *first);

/* Finds the exchanges of a talk in HTTP/1. Heads that cross pieces are copied
 * to the spool. Returns true if it ended with a CONNECT that succeeded: talk
 * then stands at what the tunnel carries, to be read as a flow of its own. Also
 * if it went over to HTTP/2, see h2_find: talk->upgraded. */
bool exchanges_find(struct talk *talk, struct spool *spool,
		    exchange_taker *take, void *context);

/* Walks a body with its transfer coding taken off, as span_next does; with
 * data NULL: a gap. */
struct body_reader {
	struct span_reader span;
	struct slice bytes; /* of the piece in hand */
	struct chunked chunked;
	enum http_framing framing;
};

struct body_reader exchange_request_body(const struct exchange *e);
struct body_reader exchange_response_body(const struct exchange *e);
bool body_next(struct body_reader *r, struct slice *bytes);

#endif
