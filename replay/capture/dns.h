/* One DNS response from bytes (RFC 1035 4): the name that was asked for, the
 * aliases it went through and the addresses they led to. */
#ifndef CAPTURE_DNS_H
#define CAPTURE_DNS_H

#include "address.h"

#define DNS_NAME_MAX 255 /* RFC 1035 2.3.4, in its wire form */
#define DNS_CHAIN_MAX 16 /* names in a row of CNAMEs, the first included */
#define DNS_FOUND_MAX 256

/* A name as text: labels joined by dots, none at the end. Labels may hold any
 * bytes; a dot or a backslash inside one gets a backslash before it. */
struct dns_name {
	uint8_t text[2 * DNS_NAME_MAX];
	size_t len;
};

struct dns_reply {
	struct dns_name chain[DNS_CHAIN_MAX]; /* [0] was asked for, each next
						 one is its alias */
	size_t names;                         /* at least 1 */
	bool missing;                         /* NXDOMAIN */
	struct dns_found {
		struct address address;
		size_t owner; /* index into chain */
	} found[DNS_FOUND_MAX];
	size_t count;
};

/* Takes what is whole of a message that is cut. False if it is no response to
 * a question about a name of the Internet class. */
bool dns_parse(struct slice message, struct dns_reply *reply);

struct slice dns_text(const struct dns_name *name);

#endif
