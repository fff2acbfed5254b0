/* The memory of an HTTP/2 session: what its frames are written in holds pages
 * only while it is used. */
#ifndef SITE_CLIENT_HTTP2_MEMORY_H
#define SITE_CLIENT_HTTP2_MEMORY_H

#include <nghttp2/nghttp2.h>
#include <stdbool.h>

/* {0} before the session is made. */
struct http2_memory {
	uint8_t *frame; /* where nghttp2 writes each frame that it sends */
	size_t frame_cap;
	bool used; /* since http2_memory_idle; the caller's to set */
};

/* For nghttp2_session_server_new3; m must stay as long as the session. */
nghttp2_mem http2_memory_calls(struct http2_memory *m);
/* No frame is being written: its pages go back. */
void http2_memory_idle(struct http2_memory *m);

#endif
