/* In which frame of which capture file an exchange begins: what is not kept
 * while reading is looked for once more. */
#ifndef REPORT_FRAMES_H
#define REPORT_FRAMES_H

#include "capture/recording.h"

struct frame_place {
	uint64_t number; /* frame.number of Wireshark; 0: not found */
	size_t file;     /* in the order in which the captures were named */
};

/* One for each exchange, of its request's first byte; of one out of TLS or
 * HTTP/2 that of the frame in which it was carried. Reads all frames again. The
 * caller frees. */
struct frame_place *frames_find(const struct recording *r);

#endif
