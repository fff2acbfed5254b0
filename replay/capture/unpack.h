/* Bytes of a capture that cannot be mapped as they are: compressed ones, and
 * those that come through a pipe. They go to an unlinked temporary file. */
#ifndef CAPTURE_UNPACK_H
#define CAPTURE_UNPACK_H

#include "bytes.h"

struct progress;

/* Whether a file that begins so is worth unpacking. */
struct unpack_rules {
	const char *name; /* of the file, for messages */
	bool (*wanted)(struct slice start);
	struct progress *progress; /* NULL: nobody wants to know */
};

bool unpack_is_gzip(struct slice bytes);
bool unpack_is_zstd(struct slice bytes);

/* Each returns the descriptor of a temporary file that holds what could be
 * read, which may be less than all (warned of), or -1 after having said why.
 * Stops at once if what comes out is not wanted, and gives that much. */
int unpack_gzip(struct slice packed, const struct unpack_rules *rules);
int unpack_zstd(struct slice packed, const struct unpack_rules *rules);
int unpack_pipe(int fd, const struct unpack_rules *rules);

#endif
