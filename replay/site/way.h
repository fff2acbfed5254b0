/* By which way a request came. */
#ifndef SITE_WAY_H
#define SITE_WAY_H

#include "match.h"

enum way {
	WAY_UNKNOWN,  /* its Host is nobody's, and the address at which we
			 listen tells nothing */
	WAY_NAME,     /* its Host is a recorded name */
	WAY_STEERING, /* ... a steering name */
	WAY_ADDRESS,  /* ... an IP address */
	WAY_MEANT,    /* only the address to which the client connected tells
			 whom it meant */
	WAY_PROXY,    /* it was asked of a proxy: an absolute or CONNECT target,
			 or in such a tunnel */
};

/* others: a second table whose hosts are known too; NULL: none. */
enum way way_of(const struct request *r, const struct table *t,
		const struct table *others);
const char *way_name(enum way way);

#endif
