/* A stream of HTTP/2: a request, written as HTTP/1 would have it, and its
 * answer, taken apart into fields and data. */
#ifndef SITE_CLIENT_HTTP2_STREAM_H
#define SITE_CLIENT_HTTP2_STREAM_H

#include "client_wire.h"
#include "intake.h"
#include "unframed.h"

#include "capture/h2_head.h"

#include <nghttp2/nghttp2.h>

struct http2_stream {
	struct http2_stream *next, *before; /* the caller's */
	struct client *client;
	nghttp2_session *session;
	/* An answer that was waited for is there: something is to be sent. */
	void (*ready)(struct client *c);
	int32_t id;
	int64_t since;       /* when its head began: client_ticks */
	struct event *timer; /* for --pace; NULL: none */

	struct h2_head head; /* whose text message points into */
	bool too_long;       /* the head */
	bool bodied;         /* a body comes, or came */
	bool asked;          /* the request is there whole */
	bool answered;       /* the answer is under way, or was refused */
	bool interim_sent;
	bool dropped; /* by the client; the caller's to set */
	struct message message;
	struct live live;
	struct intake body;

	struct reply reply;
	struct unframed answer;
};

/* All of them only say what is to be sent; none sends it. */
struct http2_stream *http2_stream_new(struct client *c,
				      nghttp2_session *session, int32_t id,
				      void (*ready)(struct client *c));
/* reason: see line_end; NULL if the connection goes on. */
void http2_stream_free(struct http2_stream *s, const char *reason);

/* The next field of the head, then its end; bodied: a body follows. */
void http2_stream_field(struct http2_stream *s, struct slice name,
			struct slice value);
void http2_stream_head(struct http2_stream *s, bool bodied);
void http2_stream_data(struct http2_stream *s, struct slice bytes);
/* The request is whole. */
void http2_stream_asked(struct http2_stream *s);
/* Refuses a request whose body comes too slowly. Returns whether it did. */
bool http2_stream_look(struct http2_stream *s);

/* Whether the answer is still being made, or held back. */
bool http2_stream_waits(const struct http2_stream *s);
/* It is held back no longer. */
void http2_stream_hurry(struct http2_stream *s);

#endif
