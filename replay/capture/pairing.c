/* Finds the exchanges of all connections, on every core: each worker takes some
 * connections at a time, what all found is put in order in the end. */
#include "pairing.h"

#include "cores.h"
#include "h2.h"
#include "hello.h"
#include "log.h"
#include "progress.h"
#include "ranks.h"
#include "tls.h"
#include "tls_handshake.h"

#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define WORKERS_MAX CORES_RUN_MAX
#define TRIES_MAX 4 /* to open what resumes a session of another connection */
#define MANY 50000  /* segments: less is not worth to be given back */
#define TAKE 64     /* connections at a time; one if they may be decrypted */

/* A talk that may be opened once another is, whose session it resumes. */
struct waiting {
	uint32_t flow;
	struct talk talk;
	struct flow *unused; /* NULL, or a connection in which nothing was
				found so far */
};

/* What was found beside the exchanges, and in which connection. */
struct beside {
	uint32_t flow;
	uint32_t turn; /* of all that one worker found */
	struct conversation conversation;
};

struct worker {
	struct pairing *all;
	struct exchange *found;
	size_t count, room;
	struct beside *beside;
	size_t beside_count, beside_room;
	uint64_t unkept, unkept_bytes; /* conversations past the bound */
	struct spool *heads;
	struct buf scratch;
	struct flow_counts counts;
	struct shelf shelf; /* for pieces */
	struct tls_opened **opened;
	size_t opened_count, opened_room;

	const struct flow *in_hand; /* a connection */
	bool in_use;                /* by exchanges that were found */
	struct flow **made;         /* in which others lie */
	size_t made_count, made_room;
	struct waiting *waiting;
	size_t waiting_count, waiting_room;
	struct talk *later; /* tunnels of HTTP/2 yet to be read */
	size_t later_count;
	struct h2_lost lost;
	struct progress *progress; /* of all of them, told by one */
};

struct pairing {
	struct flows *flows;
	const struct source *source;
	const struct spool *spool;
	const struct secrets *secrets; /* NULL: no TLS can be opened */
	struct names *names;           /* while there are threads, under lock */
	pthread_mutex_t lock;
	struct certificates *certificates;
	atomic_uint next; /* connection that nobody took yet */
	uint32_t take;    /* how many a worker takes */
	bool last_try;    /* talks wait no more */
	struct worker workers[WORKERS_MAX];
	unsigned worker_count;
	struct exchange *exchanges;
	size_t count;
	struct flow_counts counts;
	struct h2_lost lost;
};

/* Of a byte of the captures, or of what was taken out of TLS. */
static uint64_t position_of(const void *context, const uint8_t *byte)
{
	const struct worker *w = context;
	uint64_t position;
	if (spool_position(w->all->spool, byte, &position) ||
	    spool_position(w->heads, byte, &position))
		return position;
	return source_position(w->all->source, byte);
}

static void take(void *context, const struct exchange *e, const uint8_t *first)
{
	struct worker *w = context;
	if (w->count == w->room) {
		w->room = w->room ? w->room * 2 : 256;
		w->found = xreallocarray(w->found, w->room, sizeof *e);
		expect_full(w->found, w->room * sizeof *e);
	}
	w->in_use |= e->flow == w->in_hand;
	w->found[w->count] = *e;
	w->found[w->count++].position = position_of(w, first);
}

static void take_server_names(struct names *names, const struct conversation *c)
{
	for (int i = 0; i < 2; i++)
		if (handshake_begins(c->first[i]) == HANDSHAKE_CLIENT_HELLO)
			names_add_tls(names, c->first[i], &c->ends[!i]);
}

/* Past the bound, where nothing is kept to be put in order. */
static void leave_beside(struct worker *w, const struct conversation *c)
{
	w->unkept++;
	w->unkept_bytes += c->bytes[0] + c->bytes[1];
	pthread_mutex_lock(&w->all->lock);
	take_server_names(w->all->names, c);
	pthread_mutex_unlock(&w->all->lock);
}

static void keep_beside(struct worker *w, uint32_t flow,
			const struct conversation *c)
{
	/* The first of all are among the first of each worker. */
	if (w->beside_count == CONVERSATIONS_MAX) {
		leave_beside(w, c);
		return;
	}
	if (w->beside_count == w->beside_room) {
		w->beside_room = w->beside_room ? w->beside_room * 2 : 64;
		w->beside =
		    xreallocarray(w->beside, w->beside_room, sizeof *w->beside);
	}
	w->beside[w->beside_count] =
	    (struct beside){flow, (uint32_t)w->beside_count, *c};
	w->beside_count++;
}

/* A talk as it is read: what TLS carries where that could be opened. */
struct reading {
	struct talk talk;
	bool is_tls;
	enum tls_result result; /* if so */
};

static void keep_opened(struct worker *w, struct tls_opened *opened)
{
	if (w->opened_count == w->opened_room) {
		w->opened_room = w->opened_room ? w->opened_room * 2 : 16;
		w->opened = xreallocarray(w->opened, w->opened_room,
					  sizeof(struct tls_opened *));
	}
	w->opened[w->opened_count++] = opened;
}

static struct reading open_talk(struct worker *w, const struct talk *talk)
{
	struct reading r = {.talk = *talk, .result = TLS_NO_SECRETS};
	struct tls_opened *opened = NULL;
	r.is_tls = tls_begins(talk->flow, talk->from);
	if (!r.is_tls || !w->all->secrets)
		return r;
	const struct tls_means means = {w->all->secrets, w->heads, position_of,
					w};
	r.result = tls_open(talk->flow, talk->from, &means, &opened);
	if (!opened)
		return r;
	keep_opened(w, opened);
	r.talk = (struct talk){.flow = &opened->flow, .tunnel = talk->tunnel};
	return r;
}

/* What TLS told of a connection that was opened. */
static void take_facts(struct worker *w, struct conversation *c,
		       const struct tls_facts *facts)
{
	struct slice chain = facts->chain, der;
	c->decrypted = true;
	c->asks_certificate |= facts->asks_certificate;
	if (tls_certificate_next(&chain, &der))
		c->certificate = certificates_keep(w->all->certificates, der);
}

/* A talk that was read, whether exchanges were found in it or not. */
static void look_beside(struct worker *w, uint32_t i, const struct talk *talk,
			const struct reading *r, bool found)
{
	struct conversation c;
	if ((found && !r->is_tls) ||
	    !conversation_read(&c, talk, w->heads, w->all->certificates,
			       &w->scratch))
		return;
	c.has_exchanges = found;
	if (r->is_tls)
		c.unread = tls_result_words(r->result);
	if (r->talk.flow->tls)
		take_facts(w, &c, r->talk.flow->tls);
	keep_beside(w, i, &c);
}

static void keep_made(struct worker *w, struct flow *flow)
{
	if (w->made_count == w->made_room) {
		w->made_room = w->made_room ? w->made_room * 2 : 16;
		w->made = xreallocarray(w->made, w->made_room, sizeof *w->made);
	}
	w->made[w->made_count++] = flow;
}

/* Tunnels are kept for later: how deep they may be nested is the capture's to
 * say. */
static void read_h2(struct worker *w, const struct talk *talk)
{
	const struct tls_facts *tls = talk->flow->tls;
	/* the padding of CBC hides how much of a lost record was data */
	const struct h2_terms terms = {
	    .https = tls,
	    .loose_gaps = tls && strstr(tls->cipher, "_CBC_"),
	    .client = -1,
	};
	struct h2_found found = h2_find(talk, w->heads, &terms, take, w);
	if (found.flow)
		keep_made(w, found.flow);
	for (size_t i = 0; i < found.tunnel_count; i++)
		keep_made(w, (struct flow *)found.tunnels[i].flow);
	size_t all = w->later_count + found.tunnel_count;
	if (found.tunnel_count)
		w->later = xreallocarray(w->later, all, sizeof *w->later);
	for (size_t i = 0; i < found.tunnel_count; i++)
		w->later[w->later_count++] = found.tunnels[i];
	free(found.tunnels);
	w->lost.rests += found.lost.rests;
	w->lost.gaps += found.lost.gaps;
	w->lost.blocks += found.lost.blocks;
}

/* Returns whether the talk goes on: see exchanges_find. */
static bool find_exchanges(struct worker *w, struct talk *talk)
{
	if (!h2_begins(talk))
		return exchanges_find(talk, w->heads, take, w);
	read_h2(w, talk);
	return false;
}

static void keep_waiting(struct worker *w, uint32_t i, const struct talk *talk)
{
	if (w->waiting_count == w->waiting_room) {
		w->waiting_room = w->waiting_room ? w->waiting_room * 2 : 16;
		w->waiting = xreallocarray(w->waiting, w->waiting_room,
					   sizeof *w->waiting);
	}
	w->waiting[w->waiting_count++] = (struct waiting){i, *talk, NULL};
}

static void read_talk(struct worker *w, uint32_t i, struct talk talk)
{
	bool more;
	do {
		struct talk begin = talk;
		size_t found = w->count;
		struct reading r = open_talk(w, &talk);
		if (r.result == TLS_NO_SECRETS_YET && !w->all->last_try) {
			keep_waiting(w, i, &talk);
			return;
		}
		talk = r.talk;
		/* Only chance makes HTTP of what stays encrypted. */
		more =
		    (!r.is_tls || talk.flow->tls) && find_exchanges(w, &talk);
		look_beside(w, i, &begin, &r, w->count > found);
	} while (more);
}

/* Reads a talk and those that lie in it. flow: the connection if nothing else
 * needs that, else NULL. */
static void read_whole(struct worker *w, uint32_t i, struct talk talk,
		       struct flow *flow)
{
	size_t waiting = w->waiting_count;
	w->in_hand = flow;
	w->in_use = false;
	read_talk(w, i, talk);
	while (w->later_count)
		read_talk(w, i, w->later[--w->later_count]);
	if (w->in_use || !flow)
		return;
	if (w->waiting_count == waiting)
		flow_unkeep(flow, &w->shelf);
	else if (w->waiting_count == waiting + 1)
		w->waiting[waiting].unused = flow;
}

static void read_flow(struct worker *w, uint32_t i)
{
	struct flow *flow =
	    flows_finish(w->all->flows, i, &w->counts, &w->shelf);
	read_whole(w, i, (struct talk){.flow = flow}, flow);
}

static void read_waiting(struct worker *w)
{
	struct waiting *list = w->waiting;
	size_t count = w->waiting_count;
	w->waiting = NULL;
	w->waiting_count = w->waiting_room = 0;
	for (size_t k = 0; k < count; k++)
		read_whole(w, list[k].flow, list[k].talk, list[k].unused);
	free(list);
}

static int by_flow(const void *a, const void *b)
{
	const struct beside *x = a, *y = b;
	if (x->flow != y->flow)
		return x->flow < y->flow ? -1 : 1;
	return x->turn < y->turn ? -1 : x->turn > y->turn;
}

/* The talks that waited, which another may have told the secrets for: as long
 * as there is any hope, within bounds. One after the other, since they may
 * depend on each other. */
static void read_all_waiting(struct pairing *p)
{
	size_t waited = 0;
	for (unsigned i = 0; i < p->worker_count; i++)
		waited += p->workers[i].waiting_count;
	if (!waited)
		return;
	struct tls_resumption *sessions = p->secrets->sessions;
	uint64_t known = 0;
	for (int tries = 1; !p->last_try; tries++) {
		uint64_t now = tls_resumption_count(sessions);
		p->last_try = tries == TRIES_MAX || now == known;
		known = now;
		for (unsigned i = 0; i < p->worker_count; i++)
			read_waiting(&p->workers[i]);
	}
	for (unsigned i = 0; i < p->worker_count; i++)
		if (p->workers[i].beside_count)
			qsort(p->workers[i].beside, p->workers[i].beside_count,
			      sizeof *p->workers[i].beside, by_flow);
}

static void *work(void *context)
{
	struct worker *w = context;
	uint32_t len = flows_len(w->all->flows), take_len = w->all->take, from;
	while ((from = atomic_fetch_add(&w->all->next, take_len)) < len) {
		uint32_t to = len - from < take_len ? len : from + take_len;
		for (uint32_t i = from; i < to; i++) {
			flows_expect(w->all->flows, i + 1, to);
			read_flow(w, i);
		}
		progress_at(w->progress, from);
	}
	return NULL;
}

static void run_workers(struct pairing *p)
{
	unsigned count = cores_usable(WORKERS_MAX);
	struct progress *progress = source_progress(p->source);
	p->take = p->secrets ? 1 : TAKE;
	if (flows_len(p->flows) <= p->take)
		count = 1;
	progress_phase(progress, p->secrets ? "decrypting" : "putting in order",
		       NULL, flows_len(p->flows), "connections");
	for (unsigned i = 0; i < count; i++) {
		p->workers[i].all = p;
		p->workers[i].heads = spool_new();
	}
	p->workers[0].progress = progress;
	p->worker_count = count;
	cores_run(work, p->workers, sizeof *p->workers, count);
}

/* Exchanges were found flow by flow, and are told in the order of their
 * requests. */
static void put_in_order(struct pairing *p)
{
	struct ranked lists[WORKERS_MAX];
	for (unsigned i = 0; i < p->worker_count; i++)
		lists[i] =
		    (struct ranked){p->workers[i].found, p->workers[i].count};
	p->exchanges = ranked_join(lists, p->worker_count, &p->count);
}

/* An old client's hello (RFC 5246 E.2) names nobody either. */
static void note_certificate(struct certificates *all,
			     const struct conversation *c, struct buf *name)
{
	static const struct address none;
	if (!c->certificate.len)
		return;
	int client = handshake_begins(c->first[1]) == HANDSHAKE_CLIENT_HELLO ||
		     handshake_begins(c->first[0]) == HANDSHAKE_SERVER_HELLO;
	hello_server_name(c->first[client], name);
	certificates_note(all, buf_slice(name),
			  c->tunneled ? &none : &c->ends[!client].address,
			  c->certificate);
}

/* Hands over what was found beside, flow by flow as the exchanges: in the
 * order of the flows, of which each worker took its own in that order. */
static void put_beside(struct pairing *p, struct conversations *all)
{
	size_t at[WORKERS_MAX] = {0};
	struct buf name = {0};
	for (;;) {
		const struct beside *next = NULL;
		unsigned from = 0;
		for (unsigned i = 0; i < p->worker_count; i++) {
			const struct worker *w = &p->workers[i];
			if (at[i] == w->beside_count ||
			    (next && w->beside[at[i]].flow > next->flow))
				continue;
			next = &w->beside[at[i]];
			from = i;
		}
		if (!next)
			break;
		conversations_add_tcp(all, &next->conversation);
		take_server_names(p->names, &next->conversation);
		note_certificate(p->certificates, &next->conversation, &name);
		at[from]++;
	}
	buf_release(&name);
	for (unsigned i = 0; i < p->worker_count; i++)
		conversations_add_rest(all, p->workers[i].unkept,
				       p->workers[i].unkept_bytes);
}

/* What the workers need no more. */
static void dismiss(struct pairing *p)
{
	for (unsigned i = 0; i < p->worker_count; i++) {
		struct worker *w = &p->workers[i];
		p->counts.gaps += w->counts.gaps;
		p->counts.stray += w->counts.stray;
		p->counts.conflicts += w->counts.conflicts;
		p->lost.rests += w->lost.rests;
		p->lost.gaps += w->lost.gaps;
		p->lost.blocks += w->lost.blocks;
		free(w->found);
		w->found = NULL;
		free(w->beside);
		w->beside = NULL;
		free(w->later);
		w->later = NULL;
		free(w->waiting);
		w->waiting = NULL;
		buf_release(&w->scratch);
	}
}

struct pairing *pairing_run(struct flows *flows, struct names *names,
			    const struct source *source,
			    const struct spool *spool, struct secrets *secrets,
			    struct conversations *beside)
{
	struct pairing *p = xcalloc(1, sizeof *p);
	/* What grows large grows where it is, by mremap. */
	mallopt(M_MMAP_THRESHOLD, 2 << 20);
	p->flows = flows;
	p->names = names;
	p->source = source;
	p->spool = spool;
	p->secrets = secrets && secrets_prepare(secrets) ? secrets : NULL;
	p->certificates = certificates_new();
	pthread_mutex_init(&p->lock, NULL);
	run_workers(p);
	read_all_waiting(p);
	put_in_order(p);
	put_beside(p, beside);
	dismiss(p);
	flows_settle(flows);
	/* Most of what reading needed is free now. */
	if (flows_counts(flows)->segments >= MANY)
		malloc_trim(0);
	return p;
}

struct exchange *pairing_exchanges(const struct pairing *p, size_t *count)
{
	*count = p->count;
	return p->exchanges;
}

const struct flow_counts *pairing_counts(const struct pairing *p)
{
	return &p->counts;
}

struct certificates *pairing_certificates(const struct pairing *p)
{
	return p->certificates;
}

const struct h2_lost *pairing_lost(const struct pairing *p)
{
	return &p->lost;
}

static void forget_made(struct worker *w)
{
	for (size_t i = 0; i < w->made_count; i++)
		h2_flow_free(w->made[i]);
	free(w->made);
}

void pairing_free(struct pairing *p)
{
	if (!p)
		return;
	for (unsigned i = 0; i < p->worker_count; i++) {
		struct worker *w = &p->workers[i];
		forget_made(w);
		shelf_release(&w->shelf);
		for (size_t k = 0; k < w->opened_count; k++)
			tls_opened_free(w->opened[k]);
		free(w->opened);
		spool_free(w->heads);
	}
	certificates_free(p->certificates);
	pthread_mutex_destroy(&p->lock);
	free(p->exchanges);
	free(p);
}
