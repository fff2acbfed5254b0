/* Captures to measure with: many connections at once, bodies of log-normal
 * length, some packets captured twice. Memory stays bounded. */
#include "h2.h"
#include "scene.h"

#include <math.h>
#include <string.h>

#define AT_ONCE 256
#define EXCHANGES 8
#define TWICE 5    /* in 1000 packets */
#define SIGMA 1.24 /* the mean is 2.16 times the median */
#define BODY_MAX (16U << 20)
#define POOL_LEN (BODY_MAX + (1U << 20))
#define HOSTS 40
#define SERVER_NET 0xc6336400U /* 198.51.100.0 */
#define CLIENT_NET 0xc0000200U /* 192.0.2.0 */
#define CROWD_NET 0x0a000000U  /* 10.0.0.0 */
#define PORTS 60000            /* of each of the crowd */

/* One of the connections that talk at once. */
struct visit {
	struct conn conn;
	unsigned left;  /* exchanges to come */
	size_t waiting; /* length of the answer on its way */
	bool answering; /* the response is on its way */
	bool open;
};

struct crowd {
	struct visit visits[AT_ONCE];
	struct str pool;  /* bodies are cut out of it */
	uint64_t number;  /* of the next exchange */
	uint64_t waiting; /* bytes of answers on their way */
	bool full;        /* no further exchange is begun */
};

static double random_unit(struct net *n)
{
	return ((double)(net_random(n) >> 11) + 0.5) / 9007199254740992.0;
}

/* Box and Muller's way to a normal number. */
static double random_normal(struct net *n)
{
	double radius = sqrt(-2 * log(random_unit(n)));

	return radius * cos(2 * 3.14159265358979323846 * random_unit(n));
}

static size_t body_length(struct net *n, double median)
{
	double len = median * exp(SIGMA * random_normal(n));

	return len > BODY_MAX ? BODY_MAX : (size_t)len;
}

static struct end end_in(uint32_t network, uint32_t host, uint16_t port)
{
	struct end e = {.version = 4, .port = port};
	uint32_t ip = network + host;

	e.ip[0] = ip >> 24;
	e.ip[1] = (ip >> 16) & 0xff;
	e.ip[2] = (ip >> 8) & 0xff;
	e.ip[3] = ip & 0xff;
	return e;
}

/* Client ports come round after 16,000 connections of a client: by then the
 * old connection has long been closed. */
static struct conn visit_conn(struct scene *s)
{
	uint64_t r = net_random(&s->net);
	struct end client = end_in(CLIENT_NET, 10 + r % 8, s->next_port++);
	struct end server = end_in(SERVER_NET, 10 + (r >> 8) % HOSTS, 80);

	if (s->next_port < 49152)
		s->next_port = 49152;
	return conn_open(&s->net, client, server);
}

static void say_request(struct scene *s, struct conn *c, const char *host,
			const char *target)
{
	struct str request = {0};

	ask_write(&request, &(struct ask){.host = host, .target = target});
	conn_say(c, CLIENT, request.data, request.len);
	conn_flush(c, CLIENT);
	scene_wait(s, s->net.step);
	str_free(&request);
}

/* Returns the body, which is borrowed from the pool. */
static struct str say_response(struct scene *s, struct crowd *crowd,
			       struct conn *c)
{
	size_t len = body_length(&s->net, s->variant);
	size_t offset = net_random(&s->net) % (crowd->pool.len - len);
	struct str body = {crowd->pool.data + offset, len, 0};
	struct str head = {0};

	str_printf(&head,
		   "HTTP/1.1 200 OK\r\nDate: Tue, 14 Mar 2017 10:12:06 GMT\r\n"
		   "Server: nginx/1.10.2\r\nContent-Type: text/html\r\n"
		   "Content-Length: %zu\r\nConnection: keep-alive\r\n\r\n",
		   len);
	conn_say(c, SERVER, head.data, head.len);
	conn_say(c, SERVER, body.data, body.len);
	str_free(&head);
	return body;
}

/* The request is sent, the answer waits. */
static void begin_exchange(struct scene *s, struct crowd *crowd,
			   struct visit *v)
{
	char host[64], target[96];
	struct fate fate = {.host = host, .target = target, .status = 200};

	snprintf(host, sizeof(host), "h%u.bench.example",
		 v->conn.ends[SERVER].ip[3]);
	snprintf(target, sizeof(target), "/dir%u/page-%llu.html?id=%llu",
		 (unsigned)(net_random(&s->net) % 16),
		 (unsigned long long)crowd->number++,
		 (unsigned long long)(net_random(&s->net) >> 40));
	say_request(s, &v->conn, host, target);
	fate.body = say_response(s, crowd, &v->conn);
	truth_add(&s->truth, &v->conn, &fate, &v->conn.said[CLIENT],
		  &v->conn.said[SERVER]);
	v->waiting = fate.body.len;
	crowd->waiting += v->waiting;
	v->answering = true;
}

/* One turn of talk: a request, or up to four segments of its answer. */
static void visit_step(struct scene *s, struct crowd *crowd, struct visit *v)
{
	if (!v->answering) {
		begin_exchange(s, crowd, v);
		return;
	}
	if (conn_push(&v->conn, SERVER, 1 + net_random(&s->net) % 4))
		return;
	conn_forget(&v->conn);
	crowd->waiting -= v->waiting;
	v->answering = false;
	if (--v->left && !crowd->full)
		return;
	conn_close(&v->conn, CLIENT);
	v->open = false;
}

static void visit_turn(struct scene *s, struct crowd *crowd)
{
	struct visit *v = &crowd->visits[net_random(&s->net) % AT_ONCE];

	if (!v->open && crowd->full)
		return;
	if (!v->open) {
		v->conn = visit_conn(s);
		v->left = EXCHANGES;
		v->open = true;
	}
	visit_step(s, crowd, v);
}

static bool anybody_open(const struct crowd *crowd)
{
	size_t i;

	for (i = 0; i < AT_ONCE; i++)
		if (crowd->visits[i].open)
			return true;
	return false;
}

static void pages(struct scene *s)
{
	static struct crowd crowd;

	s->net.faults.twice = TWICE;
	s->net.step = 9000;
	words_write(&crowd.pool, POOL_LEN, 11);
	while (!crowd.full || anybody_open(&crowd)) {
		visit_turn(s, &crowd);
		crowd.full = s->writer.written + crowd.waiting >= s->size;
	}
	str_free(&crowd.pool);
}

static void many_connections(struct scene *s)
{
	struct conn c;
	unsigned i;

	s->net.step = 9000;
	for (i = 0; i < s->connections; i++) {
		c = visit_conn(s);
		scene_get(s, &c, "nconn.bench.example", "/n", NULL, "answer\n");
		conn_close(&c, CLIENT);
	}
}

/* A connection of which one segment was captured. */
static void lone_segment(struct scene *s, unsigned i, struct str *request)
{
	struct end client =
	    end_in(CROWD_NET, 1 + i / PORTS, (uint16_t)(1024 + i % PORTS));
	struct end server = end_in(SERVER_NET, 10 + i % HOSTS, 80);
	struct conn c = conn_begin(&s->net, client, server);
	const struct fate fate = {.state = "no-response",
				  .host = "lone.bench.example",
				  .target = "/never"};
	static const struct str nothing;

	conn_say(&c, CLIENT, request->data, request->len);
	truth_add(&s->truth, &c, &fate, request, &nothing);
	conn_segment(&c, CLIENT, 0, request->len);
	conn_abandon(&c);
}

/* Behind one whole exchange, so that there is something to ask for. */
static void lone_segments(struct scene *s)
{
	const struct ask ask = {.host = "lone.bench.example",
				.target = "/never"};
	struct conn c = visit_conn(s);
	struct str request = {0};
	unsigned i;

	s->net.step = 9000;
	scene_get(s, &c, "lone.bench.example", "/once", NULL, "answer\n");
	conn_close(&c, CLIENT);
	ask_write(&request, &ask);
	for (i = 0; i < s->connections; i++)
		lone_segment(s, i, &request);
	str_free(&request);
}

static void blob(struct scene *s, struct conn *c, const char *target,
		 size_t len)
{
	struct str body = {0};

	words_write(&body, len, 12);
	scene_exchange(s, c,
		       &(struct ask){.host = "bench.example", .target = target},
		       &(struct answer){.type = "application/octet-stream",
					.body = body.data,
					.body_len = body.len});
	conn_forget(c);
	str_free(&body);
}

static void blobs(struct scene *s)
{
	struct conn c = scene_connect(s, "198.51.100.99", 80);
	char target[32];
	unsigned i;

	if (!s->body) {
		blob(s, &c, "/1k", 1000);
		blob(s, &c, "/20k", 20000);
		blob(s, &c, "/1m", 1000000);
	}
	for (i = 0; s->body && i < s->count; i++) {
		snprintf(target, sizeof(target), "/%u", i);
		blob(s, &c, target, s->body);
	}
	conn_close(&c, CLIENT);
}

static void h2_blob(struct str *asked, struct str *answered, uint32_t stream,
		    const char *target, size_t len)
{
	struct str body = {0};

	words_write(&body, len, 12);
	h2_get(asked, stream, "http", "bench.example", target);
	h2_answer(answered, stream, "application/octet-stream", body.data,
		  body.len);
	str_free(&body);
}

static void h2_blobs(struct scene *s)
{
	struct conn c = scene_connect(s, "198.51.100.99", 80);
	struct str asked = {0}, answered = {0};

	str_text(&asked, H2_PREFACE);
	h2_frame(&asked, H2_SETTINGS, 0, 0, "", 0);
	h2_frame(&answered, H2_SETTINGS, 0, 0, "", 0);
	h2_blob(&asked, &answered, 1, "/1k", 1000);
	h2_blob(&asked, &answered, 3, "/20k", 20000);
	h2_blob(&asked, &answered, 5, "/1m", 1000000);
	conn_say(&c, CLIENT, asked.data, asked.len);
	conn_flush(&c, CLIENT);
	conn_say(&c, SERVER, answered.data, answered.len);
	conn_flush(&c, SERVER);
	truth_unread(&s->truth, &c);
	conn_close(&c, CLIENT);
	str_free(&asked);
	str_free(&answered);
}

const struct scenario bench_scenarios[] = {
    {"pages", "--size: 256 connections at once, bodies of median 20 kB", pages,
     20000},
    {"tiny", "--size: the same with bodies of median 400 bytes", pages, 400},
    {"nconn", "--connections of one small exchange each", many_connections, 0},
    {"lone", "--connections of one segment each, a request", lone_segments, 0},
    {"blob", "/1k, /20k, /1m; or --count times --body", blobs, 0},
    {"blob-h2", "/1k, /20k, /1m in HTTP/2", h2_blobs, 0},
    {0},
};
