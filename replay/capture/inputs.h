/* What goes into a recording beside the captures: the options that the programs
 * have in common. */
#ifndef CAPTURE_INPUTS_H
#define CAPTURE_INPUTS_H

#include "options.h"
#include "secrets.h"

enum inputs_key {
	INPUTS_KEYLOG = 512, /* above the programs' own */
	INPUTS_KEY,
};

/* For a program's table of options. */
#define INPUTS_SPECS                                                           \
	{INPUTS_KEYLOG, "keylog", "FILE",                                      \
	 "secrets of TLS connections, as SSLKEYLOGFILE holds\n"                \
	 "them; may be repeated. Those in a pcapng file are\n"                 \
	 "taken by themselves"},                                               \
	{                                                                      \
		INPUTS_KEY, "key", "FILE",                                     \
		    "a server's RSA private key in PEM, for TLS without\n"     \
		    "forward secrecy; may be repeated"                         \
	}

struct inputs {
	const char **keylogs, **keys;
	size_t keylog_count, key_count;
	struct secrets *secrets; /* after inputs_read */
};

/* Takes an option. False if it is none of these. */
bool inputs_take(struct inputs *i, int key, const char *value);

/* Reads the files, once all options are known. Returns 0, or -1 after having
 * said why. */
int inputs_read(struct inputs *i);
void inputs_release(struct inputs *i);

#endif
