/* The streams of one HTTP/2 connection, out of whose interleaved frames a flow
 * is made in which each has its bytes in one run. */
#ifndef CAPTURE_H2_STREAMS_H
#define CAPTURE_H2_STREAMS_H

#include "exchange.h"

struct h2_stream {
	struct exchange e;    /* spans, flow and state are set at last */
	const uint8_t *first; /* of the request */
	struct slice trailers;
	uint64_t heads_len;         /* of all heads that answer */
	uint64_t length;            /* that the response told, if has_length */
	uint32_t heads;             /* pieces of them */
	uint32_t run[2], pieces[2]; /* in the flow: of request, response */

	bool interim; /* some response began */
	bool has_length;
	bool bodiless; /* the response can have no body */
	bool connects; /* CONNECT to an authority: what follows is a tunnel */
	bool false_request;
	bool asked, answered; /* END_STREAM was seen */
	bool gap, malformed;  /* the response */
	bool torn[2];         /* of request, response: frames of it may be
				 missing, so that what comes is not joined */
	bool reset_asked;     /* by the client */
};

/* A piece of one stream. */
struct h2_part {
	uint32_t stream; /* in the list */
	struct piece piece;
};

struct h2_parts {
	struct h2_part *list;
	size_t count, room;
};

/* Begin with {0}. */
struct h2_streams {
	struct h2_stream *list; /* those of the client by number, then those
				   that the server promised by theirs */
	uint32_t count, room;
	uint32_t asked;           /* of the client */
	struct h2_parts parts[2]; /* of requests, of responses */
};

/* Adds a stream; all of the client before any that was promised. NULL if its
 * number is not above that of the last: a false one. Like the result of find,
 * valid until the next is added. */
struct h2_stream *h2_streams_add(struct h2_streams *s, uint32_t id,
				 bool pushed);
struct h2_stream *h2_streams_find(const struct h2_streams *s, uint32_t id);

/* The next bytes of a stream's request or response. */
void h2_streams_part(struct h2_streams *s, const struct h2_stream *stream,
		     bool response, struct piece piece);

/* Frames of one direction are missing, nobody knows which: tears all that have
 * not ended. */
void h2_streams_tear(struct h2_streams *s, bool response);

/* After all: a new flow, of which the exchanges are now parts, for a connection
 * of that talk; the caller frees its pieces and itself. cut: how responses end
 * of which no end was seen. */
struct flow *h2_streams_flow(struct h2_streams *s, const struct talk *talk,
			     enum exchange_state cut);

/* The exchanges in the order of their requests. */
void h2_streams_tell(const struct h2_streams *s, exchange_taker *take,
		     void *context);

/* Whether a stream became a tunnel, and if so what it carried, as a new flow to
 * be read. */
bool h2_stream_tunnel(const struct h2_stream *stream, struct talk *tunnel);

void h2_streams_release(struct h2_streams *s);

#endif
