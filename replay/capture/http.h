/* One HTTP/1 message from bytes, recorded and live alike: pure functions that
 * keep nothing and point into the caller's bytes. RFC 9112, read with the
 * leniency that its section 2.2 allows (LF alone, empty lines before a
 * request). */
#ifndef CAPTURE_HTTP_H
#define CAPTURE_HTTP_H

#include "bytes.h"

/* A head longer than this is none. */
#define HTTP_HEAD_MAX (1U << 20)

enum http_result {
	HTTP_DONE,
	HTTP_MORE, /* so far it is one, but it is not whole */
	HTTP_BAD,  /* whatever follows, this is none */
};

/* How the body's end is found (RFC 9112 6.3). */
enum http_framing {
	HTTP_NO_BODY,
	HTTP_LENGTH,
	HTTP_CHUNKED,
	HTTP_UNTIL_CLOSE, /* responses only */
};

struct field {
	struct slice name;
	struct slice value; /* trimmed; a folded one (obs-fold, 5.2) still holds
			       its line breaks: see http_unfold */
};

struct message {
	struct slice head;   /* start line to empty line, both included, and
				empty lines before a request line */
	struct slice fields; /* the field lines alone: for http_field_next */

	struct slice method, target; /* of a request */
	uint16_t status;             /* of a response */
	struct slice reason;         /* of a response, may be empty */
	uint8_t minor;               /* HTTP/1.minor */

	struct slice host; /* the Host field's value; data NULL if none */
	enum http_framing framing;
	uint64_t length; /* of the body, for HTTP_LENGTH */
	bool malformed;  /* the framing is an unrecoverable error: section
			    6.3, invalid or conflicting Content-Length */
	bool close;      /* the sender closes after this message: 9.3 */
	bool expect;     /* Expect: 100-continue */
	bool range;      /* there is a Range field */
};

/* Parses a head from the start of in. On HTTP_DONE m->head.len bytes were
 * used. Call again with more bytes after HTTP_MORE. */
enum http_result http_request(struct slice in, struct message *m);

/* The same for a response. method is that of its request, which decides
 * whether there is a body; an interim (1xx) response is a message of its
 * own, HTTP_NO_BODY. A 2xx to CONNECT and a 101 end HTTP: HTTP_NO_BODY. */
enum http_result http_response(struct slice in, struct slice method,
			       struct message *m);

/* Whether an empty line may have ended a head since its first bytes, so many,
 * were seen: if not, parsing it again is of no use. */
bool http_empty_line(struct slice in, size_t seen);

/* The next field line of rest, which shrinks; begin with a message's fields.
 * Lines without a colon are passed over. */
bool http_field_next(struct slice *rest, struct field *f);

/* The value of the first field of that name; data NULL if there is none. */
struct slice http_field(struct slice fields, struct slice name);

/* Appends a folded value as the one line that it stands for. */
void http_unfold(struct buf *out, struct slice value);

/* Whether a comma-separated list (RFC 9110 5.6.1) has that token, without
 * case and parameters. */
bool http_has_token(struct slice list, struct slice token);

/* Takes the chunk framing off (RFC 9112 7.1), piece by piece. Begin with
 * {0}. */
struct chunked {
	uint8_t state;
	uint8_t digits;
	uint64_t left; /* of the chunk */
};

/* Consumes from in. HTTP_MORE: data holds the next bytes of the body (empty
 * if in is used up). HTTP_DONE: the trailer section has ended, what is left
 * of in is behind the message. HTTP_BAD: not chunked. */
enum http_result chunked_next(struct chunked *c, struct slice *in,
			      struct slice *data);

/* Where the next byte stands. */
enum chunked_place {
	CHUNKED_FRAMING,
	CHUNKED_DATA,
	CHUNKED_TRAILERS, /* the trailer section, its empty line included */
};

enum chunked_place chunked_place(const struct chunked *c);

/* Steps over n bytes that are missing. False if they are not all inside the
 * data of one chunk: then the framing is lost. */
bool chunked_skip(struct chunked *c, uint64_t n);

#endif
