/* Heads of answers as the fields of HTTP/2. */
#ifndef SITE_HTTP2_FIELDS_H
#define SITE_HTTP2_FIELDS_H

#include "capture/http.h"

#include <nghttp2/nghttp2.h>

/* Each says what is to go out on a stream, and returns whether that can be
 * said. Fields that HTTP/2 forbids are left out: those of a connection (RFC
 * 9113 8.2.2), and such with other bytes than it allows (8.2.1).
 *
 * An interim head; */
bool http2_fields_interim(nghttp2_session *session, int32_t stream,
			  const struct message *m);
/* a final one: body is NULL if there is none; */
bool http2_fields_answer(nghttp2_session *session, int32_t stream,
			 const struct message *m,
			 const nghttp2_data_provider *body);
/* a trailer section, as field lines. False also if nothing of it is left. */
bool http2_fields_trailers(nghttp2_session *session, int32_t stream,
			   struct slice lines);

#endif
