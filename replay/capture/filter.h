/* Filter expressions in libpcap's language, as in tcpdump. */
#ifndef CAPTURE_FILTER_H
#define CAPTURE_FILTER_H

#include "source.h"

struct filter;

/* A faulty expression ends the program with EXIT_USAGE. */
struct filter *filter_new(const char *expression);
/* Compiles the expression at the first frame of a link type; one for which
 * it means nothing is told once, and no frame of it matches. */
bool filter_match(struct filter *f, const struct frame *frame);
void filter_free(struct filter *f);

#endif
