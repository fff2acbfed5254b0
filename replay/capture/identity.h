/* As whom a program that was started by root goes on. */
#ifndef CAPTURE_IDENTITY_H
#define CAPTURE_IDENTITY_H

#include <stdbool.h>
#include <sys/types.h>

struct identity {
	const char *name; /* borrowed */
	uid_t uid;
	gid_t gid;
	bool change; /* else everything stays as it is */
};

/* Looks the user up, which may read files: before anything is confined. NULL:
 * nobody when started by root, else whoever started it. Exits with EXIT_USAGE
 * if there is no such user, or if it is another one and we are not root. */
struct identity identity_find(const char *name);

/* Becomes that user, its group and no other, without a way back, and gives up
 * every capability, also one that was not root's. Returns 0, or -1 after having
 * said why. Capabilities are those of the calling thread and of those that it
 * will start. */
int identity_take(const struct identity *i);

#endif
