/* The closed list of what makes a recording hard or impossible to bring back,
 * each with the fact behind it and with what would help; and the classes of
 * incidents, which are those of them that tell what kind of incident it is. */
#ifndef REPORT_REASONS_H
#define REPORT_REASONS_H

#include <stdbool.h>

enum reason {
	REASON_NONE, /* it comes back */
	/* an exchange does not come back whole */
	REASON_NO_RESPONSE, /* the recording ended before it */
	REASON_UNANSWERED,  /* the connection did */
	REASON_CUT,         /* the recording ended in it */
	REASON_BROKEN_OFF,  /* the connection did */
	REASON_GAP,
	REASON_MALFORMED,
	REASON_CACHED,
	REASON_WEBSOCKET,
	REASON_UPGRADE,
	REASON_TUNNEL,
	REASON_TOO_LARGE,
	/* a connection is not read at all */
	REASON_TLS,
	REASON_CLIENT_CERTIFICATE,
	REASON_QUIC,
	REASON_HTTP2_CLEAR,
	REASON_OTHER_PROTOCOL,
	REASON_UNKNOWN_PROTOCOL,
	/* a link leads to what is not there */
	REASON_NOT_RECORDED,
	/* an exchange comes back, but a client may not find it, or not so */
	REASON_BARE_ADDRESS,
	REASON_SCRIPT_MADE,
	REASON_ONE_SHOT,
	REASON_NO_BROWSER,
	REASON_EVENTS,
	REASON_HELD_BACK,
	REASON_PUSHED,
	REASON_GRPC,
	/* classes in which nothing stands in the way */
	REASON_PLAIN,
	REASON_TLS_READ,
};
#define REASONS (REASON_TLS_READ + 1)

enum reason_scope {
	SCOPE_NONE,
	SCOPE_EXCHANGE, /* exchanges that do not come back */
	SCOPE_TRAFFIC,  /* connections that are not read */
	SCOPE_LINK,     /* links that lead nowhere */
	SCOPE_DOUBT,    /* exchanges that come back, with a condition */
	SCOPE_WELL,     /* exchanges; a class alone */
};

struct reason_info {
	const char *name; /* for programs */
	enum reason_scope scope;
	bool is_class;
	const char *words;    /* of a class, for people */
	const char *sentence; /* what is so */
	const char *fact;     /* why, with the RFC */
	const char *helps;    /* "a key log", "a longer capture", "a capture
				 without losses", "a rule", "another client",
				 "nothing" */
};

const struct reason_info *reason_info(enum reason r);
/* "none", "exchange", "traffic", "link", "doubt", "well". */
const char *reason_scope_name(enum reason_scope s);

#endif
