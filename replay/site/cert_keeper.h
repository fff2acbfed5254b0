/* The certificate authority of the usual place is made by a process of its own.
 *
 * It is made only where a capture turns out to need one, and once captures are
 * read nothing may be written any more. So where there is none yet, a small
 * process is left outside before anything hostile was read. It takes one order,
 * which holds nothing that could be chosen: to make the authority. It ends
 * after that, when it is told to, and when replay does. */
#ifndef SITE_CERT_KEEPER_H
#define SITE_CERT_KEEPER_H

#include <stdbool.h>

/* Starts it; there is one at most. Returns 0, or -1 after having said why. */
int cert_keeper_start(void);

/* Whether the authority can be read in its place now. False where there is no
 * such process, and after it has said why it could not. */
bool cert_keeper_make(void);

/* It is needed no more. */
void cert_keeper_end(void);

#endif
