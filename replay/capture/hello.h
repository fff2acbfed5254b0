/* The server name in a TLS ClientHello (RFC 6066 3), from bytes. */
#ifndef CAPTURE_HELLO_H
#define CAPTURE_HELLO_H

#include "bytes.h"

/* Reads the first bytes of a client's stream. Whether they are a ClientHello
 * that names its server, as far as it is there: what stands behind the name
 * may be cut. name is set to the name: any bytes, at least one. */
bool hello_server_name(struct slice stream, struct buf *name);

#endif
