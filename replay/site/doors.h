/* What serving needs of the file system: opened, or made, before anything
 * hostile is read, since nothing may be written after that. */
#ifndef SITE_DOORS_H
#define SITE_DOORS_H

#include "site.h"

/* Opens the log, the file of secrets and the certificate authority that the
 * options name; of the usual place the authority that is there, and where there
 * is none the process that can still make it. Returns 0, or -1 after having
 * said why. */
int doors_open(struct site_options *o);

/* Frees what is left of it. */
void doors_close(struct site_options *o);

#endif
