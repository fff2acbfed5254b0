/* Finds the exchanges of all connections, on every core. */
#ifndef CAPTURE_PAIRING_H
#define CAPTURE_PAIRING_H

#include "conversations.h"
#include "h2.h"
#include "names.h"
#include "secrets.h"

struct pairing;

/* Finishes the flows and finds their exchanges, in the order of their requests
 * in the recording; those in TLS too for which there are secrets. Server names
 * that TLS clients sent go to names, and what holds no exchange to beside,
 * which is valid as long as the result. Borrows all, as long as the result
 * lives; spool is that of the packets. */
struct pairing *pairing_run(struct flows *flows, struct names *names,
			    const struct source *source,
			    const struct spool *spool, struct secrets *secrets,
			    struct conversations *beside);

struct exchange *pairing_exchanges(const struct pairing *p, size_t *count);
const struct flow_counts *pairing_counts(const struct pairing *p);
/* Those of the connections in TLS, by who showed them. */
struct certificates *pairing_certificates(const struct pairing *p);
const struct h2_lost *pairing_lost(const struct pairing *p);
void pairing_free(struct pairing *p); /* and the exchanges */

#endif
