/* A client that visits: exchanges with many servers, one after another, each
 * server on a connection that stays open. */
#ifndef CAPTURES_VISIT_H
#define CAPTURES_VISIT_H

#include "scene.h"

/* Windows 7, March 2017 */
#define CHROME56                                                               \
	"Mozilla/5.0 (Windows NT 6.1; Win64; x64) AppleWebKit/537.36 "         \
	"(KHTML, like Gecko) Chrome/56.0.2924.87 Safari/537.36"

#define VISIT_SERVERS 32

/* One exchange. The name in ask.host is looked up when its server is met
 * first, unless it is the address itself. */
struct step {
	const char *server; /* address */
	const char *also;   /* another address of the name, or NULL */
	uint16_t port;      /* 0: 80 */
	struct ask ask;
	const char *sent; /* body of the request, or NULL */
	struct answer answer;
	const char *text; /* body of the answer; NULL: answer's own */
	size_t noise;     /* that many harmless bytes are the body */
};

struct visit {
	struct scene *scene;
	const char *agent; /* of steps that name none; NULL: ask_write's */
	struct conn conns[VISIT_SERVERS];
	unsigned count;
};

struct visit visit_begin(struct scene *s, const char *agent);
void visit_step(struct visit *v, const struct step *step);
void visit_steps(struct visit *v, const struct step *steps, size_t count);
/* The connection to that server, looked up by name and opened if need be. */
struct conn *visit_conn(struct visit *v, const char *name, const char *server,
			const char *also, uint16_t port);
/* Closes all connections. */
void visit_end(struct visit *v);

/* The steps, from begin to end. */
void visit_play(struct scene *s, const char *agent, const struct step *steps,
		size_t count);

/* Bytes that look like nothing and do nothing, a plain sentence first. */
void noise_write(struct str *out, size_t len, uint64_t seed);

#define STEPS(array) array, sizeof(array) / sizeof(*(array))

#endif
