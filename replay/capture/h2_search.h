/* Where the frames of an HTTP/2 connection begin again behind missing bytes. */
#ifndef CAPTURE_H2_SEARCH_H
#define CAPTURE_H2_SEARCH_H

#include "h2_frames.h"
#include "h2_streams.h"

/* Moves on from missing bytes, or from where they begin before long, to the
 * next place where frames stand in a row that neither chance nor a body makes:
 * eight, or three up to the next missing bytes, or any that end with the
 * stream; each with the flags that its type has, and of a stream that there is.
 * asks: it is the client's direction. False if there is none, within the
 * longest frame usual. */
bool h2_search(struct cursor *c, const struct h2_streams *streams, bool asks);

#endif
