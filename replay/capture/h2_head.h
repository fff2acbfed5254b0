/* Heads in the form of HTTP/1.1 out of HTTP/2's fields (RFC 9113 8.2 and 8.3).
 *
 * "host" out of :authority stands first, then the fields in their order, their
 * names as sent; crumbs of a cookie are joined (8.2.3). Fields that concern a
 * connection are left out (8.2.2), for what HTTP/1.1 would make of them. */
#ifndef CAPTURE_H2_HEAD_H
#define CAPTURE_H2_HEAD_H

#include "http.h"

/* A longer list of fields is cut here, and malformed; as HPACK counts. */
#define H2_LIST_MAX (1U << 20)

enum h2_head_kind { H2_REQUEST, H2_RESPONSE, H2_TRAILERS };

/* Begin each with h2_head_begin, also a new one, which is {0}; at last
 * h2_head_release. */
struct h2_head {
	enum h2_head_kind kind;
	bool malformed; /* as a whole: RFC 9113 8.1.1 */

	/* Pseudo-fields; present tells which. */
	struct buf method, authority, path, protocol;
	uint8_t present;
	uint16_t status;

	struct buf lines, cookie;
	size_t cookie_at; /* in lines */
	size_t size;
	bool regular; /* a field that is none of these came */
	bool ranged, has_length;
	uint64_t length; /* Content-Length */

	struct buf text; /* the head, by h2_head_text */
};

void h2_head_begin(struct h2_head *h, enum h2_head_kind kind);
void h2_head_release(struct h2_head *h);

/* A field, as h2_field_taker. */
void h2_head_take(void *head, struct slice name, struct slice value);

/* CONNECT without :protocol: the target is the authority. */
bool h2_head_connects(const struct h2_head *h);

/* The head's text in out, which is valid until the next one begins. False if it
 * lacks what makes one: a method and a target, or a status. The text of
 * trailers are the lines alone. */
bool h2_head_text(struct h2_head *h, struct slice *out);

/* Whether the name, in any case, is that of a field that concerns a connection:
 * RFC 9113 8.2.2. */
bool h2_head_of_connection(struct slice name);

/* The parts of a request's text, or of a copy of it: head, method, target and
 * host. */
struct message h2_head_request(const struct h2_head *h, struct slice text);

#endif
