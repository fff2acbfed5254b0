/* The victim's client as a recipe: what a client in the lab has to be for it to
 * look the same to a page. One entry for each client address, which may still
 * be several programs. */
#ifndef REPORT_TWIN_H
#define REPORT_TWIN_H

#include "roll.h"

#include "capture/recording.h"

enum twin_value {
	TWIN_AGENT,    /* User-Agent; an empty text: none was sent */
	TWIN_LANGUAGE, /* Accept-Language */
	TWIN_ACCEPT,   /* Accept, where a page was answered */
	TWIN_PLUGIN,   /* place is the field, or what the User-Agent names */
	TWIN_HINT,     /* sec-ch-ua...: place is the field */
};
#define TWIN_VALUES (TWIN_HINT + 1)

struct twin_client {
	struct address address;
	size_t exchanges;
	struct roll values[TWIN_VALUES];
};

struct twin {
	struct twin_client *clients; /* in the order of their requests */
	size_t count;
	size_t left_out; /* exchanges of further addresses */
};

void twin_collect(struct twin *t, const struct recording *r);
void twin_release(struct twin *t);

/* "user_agents", "languages", "accept", "plugins", "hints". */
const char *twin_value_name(enum twin_value v);
/* The field, for people; "" where place has it. */
const char *twin_value_field(enum twin_value v);

/* The User-Agent that a request sent, empty if none. */
struct slice twin_agent(const struct exchange *e);
/* Whether a User-Agent is that of a browser or of a plug-in in one. */
bool twin_is_browser(struct slice agent);

#endif
