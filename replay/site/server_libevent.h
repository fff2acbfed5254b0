/* libevent's memory and messages, as ours. */
#ifndef SITE_SERVER_LIBEVENT_H
#define SITE_SERVER_LIBEVENT_H

/* Before any other call of libevent's. Without memory it ends the program as
 * we do, since some of its functions go on with what they did not get; its
 * warnings are told when verbose, and do not begin lines of their own. */
void server_libevent(void);

#endif
