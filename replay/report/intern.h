/* Texts kept once each, by number. */
#ifndef REPORT_INTERN_H
#define REPORT_INTERN_H

#include "capture/bytes.h"

#define INTERN_NONE UINT32_MAX

/* {0} is an empty one. */
struct intern {
	struct intern_text {
		uint64_t hash;
		size_t at;
		uint32_t len;
	} * list;
	uint32_t count, room;
	uint32_t *slots; /* number + 1; 0: free */
	uint32_t slot_count;
	struct buf text;
};

void intern_release(struct intern *n);

/* The number of a text, from 0 on; new ones are copied. */
uint32_t intern_add(struct intern *n, struct slice text);
/* INTERN_NONE: it was never added. */
uint32_t intern_find(const struct intern *n, struct slice text);

#endif
