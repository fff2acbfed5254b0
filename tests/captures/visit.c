/* A client that visits: exchanges with many servers, one after another. */
#include "visit.h"

#include "dns.h"

#include <string.h>

#define BETWEEN (40 * MS)

void noise_write(struct str *out, size_t len, uint64_t seed)
{
	size_t end = out->len + len;

	str_text(out, "HARMLESS TEST DATA, random bytes follow.\n");
	while (out->len < end) {
		seed = seed * 6364136223846793005u + 1442695040888963407u;
		str_u32(out, seed >> 32);
	}
	out->len = end;
}

struct visit visit_begin(struct scene *s, const char *agent)
{
	return (struct visit){.scene = s, .agent = agent};
}

static void look_up(struct visit *v, const char *name, const char *server,
		    const char *also)
{
	if (!strcmp(name, server) || *name == '[')
		return;
	dns_lookup(&v->scene->net, VICTIM, name, NULL, server);
	if (also)
		dns_lookup(&v->scene->net, VICTIM, name, NULL, also);
}

static bool same_end(const struct end *a, const struct end *b)
{
	return a->version == b->version && a->port == b->port &&
	       !memcmp(a->ip, b->ip, sizeof(a->ip));
}

struct conn *visit_conn(struct visit *v, const char *name, const char *server,
			const char *also, uint16_t port)
{
	const struct end end = end_of(server, port);
	unsigned i;

	for (i = 0; i < v->count; i++)
		if (same_end(&v->conns[i].ends[SERVER], &end))
			return &v->conns[i];
	if (i == VISIT_SERVERS)
		fail("too many servers in a visit");
	look_up(v, name, server, also);
	v->conns[v->count] = scene_connect(v->scene, server, port);
	return &v->conns[v->count++];
}

/* Of what may be "name:port", "name" or "[address]:port". */
static void host_name(struct str *out, const char *host)
{
	str_add(out, host, *host == '[' ? strlen(host) : strcspn(host, ":"));
	str_byte(out, 0);
}

void visit_step(struct visit *v, const struct step *step)
{
	struct ask ask = step->ask;
	struct answer answer = step->answer;
	struct str noise = {0}, name = {0};
	struct conn *c;

	host_name(&name, ask.host);
	c = visit_conn(v, name.data, step->server, step->also,
		       step->port ? step->port : 80);
	ask.agent = ask.agent ? ask.agent : v->agent;
	if (step->sent) {
		ask.body = step->sent;
		ask.body_len = strlen(step->sent);
	}
	if (step->noise)
		noise_write(&noise, step->noise, step->noise);
	if (step->text || step->noise) {
		answer.body = step->text ? step->text : noise.data;
		answer.body_len = step->text ? strlen(step->text) : noise.len;
	}
	scene_exchange(v->scene, c, &ask, &answer);
	scene_wait(v->scene, BETWEEN);
	str_free(&noise);
	str_free(&name);
}

void visit_steps(struct visit *v, const struct step *steps, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		visit_step(v, &steps[i]);
}

void visit_end(struct visit *v)
{
	unsigned i;

	for (i = 0; i < v->count; i++)
		conn_close(&v->conns[i], CLIENT);
	v->count = 0;
}

void visit_play(struct scene *s, const char *agent, const struct step *steps,
		size_t count)
{
	struct visit v = visit_begin(s, agent);

	visit_steps(&v, steps, count);
	visit_end(&v);
}
