/* libevent's memory and messages, as ours. */
#include "server_libevent.h"

#include "capture/log.h"

#include <event2/event.h>

#include <stdlib.h>

static void *resize(void *old, size_t len)
{
	return xreallocarray(old, len, 1);
}

static void tell(int severity, const char *message)
{
	(void)severity;
	log_debug("%s", message);
}

static void end(int error)
{
	log_fatal("events cannot be waited for (libevent: %d)", error);
}

void server_libevent(void)
{
	event_set_mem_functions(xmalloc, resize, free);
	event_set_log_callback(tell);
	event_set_fatal_callback(end);
}
