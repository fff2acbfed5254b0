/* What every scenario works with: the wire, its options, the truth. */
#ifndef CAPTURES_SCENE_H
#define CAPTURES_SCENE_H

#include "site.h"
#include "truth.h"

#define VICTIM "192.0.2.100"
#define MS 1000000LL /* ns */

struct scene {
	struct net net;
	struct writer writer;
	struct truth truth;
	uint16_t next_port;
	FILE *keylog; /* secrets of TLS, NULL: not wanted */

	int variant; /* from the scenario's table row */
	uint64_t size, body;
	unsigned connections, count;
};

/* One row of the table that --list prints. */
struct scenario {
	const char *name;
	const char *about;
	void (*play)(struct scene *s);
	int variant; /* handed to play in the scene */
};

/* Tables, each ended by a row without a name. */
extern const struct scenario drive_by_scenarios[];
extern const struct scenario packet_scenarios[];
extern const struct scenario link_scenarios[];
extern const struct scenario message_scenarios[];
extern const struct scenario hostile_scenarios[];
extern const struct scenario matching_scenarios[];
extern const struct scenario address_scenarios[];
extern const struct scenario bench_scenarios[];
extern const struct scenario sealed_scenarios[];
extern const struct scenario lab_scenarios[];
extern const struct scenario connectivity_scenarios[];
extern const struct scenario range_scenarios[];
extern const struct scenario range_other_scenarios[];
extern const struct scenario range_sealed_scenarios[];

/* The next free port of that client. */
struct end scene_client(struct scene *s, const char *address);
/* A connection of the victim's, its handshake done. */
struct conn scene_connect(struct scene *s, const char *server, uint16_t port);
void scene_wait(struct scene *s, int64_t ns);

/* A whole exchange, recorded as complete. */
void scene_exchange(struct scene *s, struct conn *c, const struct ask *ask,
		    const struct answer *answer);

/* Its messages written out, and what is known of it. */
struct messages {
	struct str request, response, payload;
	struct fate fate;
};

void messages_write(struct messages *p, const struct ask *ask,
		    const struct answer *answer);
void messages_free(struct messages *p);

/* An exchange whose messages are written out: says and flushes request, then
 * response, and records it as told. */
void scene_raw(struct scene *s, struct conn *c, const struct str *request,
	       const struct str *response, const struct fate *fate);

/* scene_raw for plain strings; without a body in the response. */
void scene_text(struct scene *s, struct conn *c, const char *request,
		const char *response, const struct fate *fate);

/* A str that borrows. */
struct str str_of(const char *text);

/* GET with more field lines (or NULL), answered by a text. */
void scene_get(struct scene *s, struct conn *c, const char *host,
	       const char *target, const char *fields, const char *text);

/* An exchange of a page: GET target at host. */
void scene_page(struct scene *s, struct conn *c, const char *host,
		const char *target, size_t len);

#endif
