/* Where clients are waited for: addresses, ports, sockets.
 *
 * With several loops each has a socket of its own at each address and port,
 * and the kernel deals the connections out (SO_REUSEPORT). That another program
 * listens there already must be told all the same: the first socket is bound
 * as one that shares with nobody, and only then becomes one of many. */
#ifndef SITE_SERVER_LISTEN_H
#define SITE_SERVER_LISTEN_H

#include "server_loop.h"

#include "capture/recording.h"

struct sockaddr;

struct endpoint socket_end(const struct sockaddr *sa);
struct endpoint socket_local(int fd);

/* A socket bound to that place alone, to be listened on. -1 after having said
 * why not. */
int listen_bound(const struct address *a, uint16_t port);

/* Opens the listeners of all loops; the list of addresses and ports is appended
 * to where. *for_tls: some are listened on for the sake of TLS alone. Returns
 * 0, or -1 after having said why. */
int listen_all(struct loop *loops, size_t count, const struct recording *r,
	       struct buf *where, bool *for_tls);

#endif
