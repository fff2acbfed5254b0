/* The packets of a recording, decoded ahead of whoever takes them: by a thread
 * of its own, if there are many and a core is free for it. */
#ifndef CAPTURE_PACKETS_AHEAD_H
#define CAPTURE_PACKETS_AHEAD_H

#include "packet.h"

struct packets_ahead;

/* Borrows the packets: until packets_ahead_free they, their source and their
 * spool may be another thread's. */
struct packets_ahead *packets_ahead_new(struct packets *packets);

/* As packets_next; NULL at the end. Valid until the next call. */
const struct packet *packets_ahead_next(struct packets_ahead *a);

/* At any time, before the end too. */
void packets_ahead_free(struct packets_ahead *a);

#endif
