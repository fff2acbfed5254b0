/* DNS questions and answers over UDP (RFC 1035). */
#ifndef CAPTURES_DNS_H
#define CAPTURES_DNS_H

#include "wire.h"

/* Asks for the address and is answered; alias: a CNAME on the way, or NULL;
 * address NULL: the name does not exist. */
void dns_lookup(struct net *n, const char *client, const char *name,
		const char *alias, const char *address);

#endif
