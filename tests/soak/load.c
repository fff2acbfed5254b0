/* The busy clients of the soak: connections that each ask at a fixed pace and
 * compare every byte of every answer. Prints what came of it as one line of
 * JSON, with how late the load itself was.
 *
 *   load PORT DIRECTORY FIRST COUNT CONNECTIONS INTERVAL_US SECONDS
 *
 * DIRECTORY holds N.request and N.response, FIRST to FIRST + COUNT - 1. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BUCKETS 100000 /* of 10 microseconds each: one second */
#define BUCKET_US 10
#define PATIENCE_US 20000000

struct bytes {
	char *data;
	size_t len;
};

struct talk {
	struct bytes request, response;
};

struct connection {
	int fd; /* -1: to be opened */
	const struct talk *talk;
	size_t got;
	int64_t due, sent; /* sent 0: nothing is asked for */
};

struct load {
	struct sockaddr_in server;
	struct talk *talks;
	size_t count, next;
	struct connection *connections;
	size_t connection_count;
	int64_t interval;
	int epoll;
	uint64_t answers, wrong, lost;
	uint64_t latency[BUCKETS], lag[BUCKETS];
};

static int64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static struct bytes read_file(const char *directory, size_t n, const char *kind)
{
	char path[4096];
	struct bytes b = {NULL, 0};
	snprintf(path, sizeof path, "%s/%02zu.%s", directory, n, kind);
	FILE *file = fopen(path, "rb");
	if (!file)
		die(path);
	for (;;) {
		b.data = realloc(b.data, b.len + 65536);
		if (!b.data)
			die(path);
		size_t part = fread(b.data + b.len, 1, 65536, file);
		b.len += part;
		if (!part)
			break;
	}
	fclose(file);
	return b;
}

static void count_time(uint64_t *buckets, int64_t us)
{
	int64_t bucket = us < 0 ? 0 : us / BUCKET_US;
	buckets[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
}

/* In microseconds, the end of the bucket. */
static int64_t percentile(const uint64_t *buckets, double part)
{
	uint64_t all = 0, seen = 0;
	for (size_t i = 0; i < BUCKETS; i++)
		all += buckets[i];
	for (size_t i = 0; i < BUCKETS; i++) {
		seen += buckets[i];
		if (all && (double)seen >= part * (double)all)
			return (int64_t)(i + 1) * BUCKET_US;
	}
	return 0;
}

static void open_connection(struct load *l, struct connection *c)
{
	int on = 1;
	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (c->fd < 0 ||
	    connect(c->fd, (struct sockaddr *)&l->server, sizeof l->server))
		die("connect");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
	if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, c->fd, &e))
		die("epoll_ctl");
}

static void lose(struct load *l, struct connection *c)
{
	l->lost += c->sent > 0;
	close(c->fd);
	c->fd = -1;
	c->sent = 0;
}

static void ask(struct load *l, struct connection *c, int64_t now)
{
	if (c->fd < 0)
		open_connection(l, c);
	c->talk = &l->talks[l->next++ % l->count];
	c->got = 0;
	count_time(l->lag, now - c->due);
	c->due += l->interval;
	if (c->due < now) /* what was missed is not made up for */
		c->due = now + l->interval;
	c->sent = now_us();
	const struct bytes *r = &c->talk->request;
	if (send(c->fd, r->data, r->len, MSG_NOSIGNAL) != (ssize_t)r->len)
		lose(l, c);
}

static void take(struct load *l, struct connection *c)
{
	char part[65536];
	ssize_t n = recv(c->fd, part, sizeof part, MSG_DONTWAIT);
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0 || !c->sent) {
		l->wrong += n > 0; /* nobody asked */
		lose(l, c);
		return;
	}
	const struct bytes *want = &c->talk->response;
	if ((size_t)n > want->len - c->got ||
	    memcmp(part, want->data + c->got, (size_t)n) != 0) {
		l->wrong++;
		lose(l, c);
		return;
	}
	c->got += (size_t)n;
	if (c->got < want->len)
		return;
	l->answers++;
	count_time(l->latency, now_us() - c->sent);
	c->sent = 0;
}

/* Returns when the next one is due. */
static int64_t ask_all(struct load *l)
{
	int64_t now = now_us(), first = now + 100000;
	for (size_t i = 0; i < l->connection_count; i++) {
		struct connection *c = &l->connections[i];
		if (c->sent && now - c->sent > PATIENCE_US)
			lose(l, c);
		if (!c->sent && c->due <= now)
			ask(l, c, now_us());
		if (!c->sent && c->due < first)
			first = c->due;
	}
	return first;
}

static void run(struct load *l, double seconds)
{
	struct epoll_event events[256];
	int64_t begin = now_us(), end = begin + (int64_t)(seconds * 1e6);
	for (size_t i = 0; i < l->connection_count; i++) {
		open_connection(l, &l->connections[i]);
		l->connections[i].due =
		    begin +
		    l->interval * (int64_t)i / (int64_t)l->connection_count;
	}
	while (now_us() < end) {
		int64_t wait = ask_all(l) - now_us();
		struct timespec t = {0, wait > 0 ? wait * 1000 : 0};
		int n = epoll_pwait2(l->epoll, events, 256, &t, NULL);
		for (int i = 0; i < n; i++)
			take(l, events[i].data.ptr);
	}
}

static void print(const struct load *l)
{
	printf("{\"answers\": %llu, \"wrong\": %llu, \"lost\": %llu, "
	       "\"p50_us\": %lld, \"p99_us\": %lld, \"late_p99_us\": %lld}\n",
	       (unsigned long long)l->answers, (unsigned long long)l->wrong,
	       (unsigned long long)l->lost,
	       (long long)percentile(l->latency, 0.5),
	       (long long)percentile(l->latency, 0.99),
	       (long long)percentile(l->lag, 0.99));
}

int main(int argc, char **argv)
{
	static struct load l;
	if (argc != 8) {
		fprintf(stderr, "usage: load PORT DIRECTORY FIRST COUNT "
				"CONNECTIONS INTERVAL_US SECONDS\n");
		return 2;
	}
	size_t first = strtoul(argv[3], NULL, 10);
	l.server.sin_family = AF_INET;
	l.server.sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10));
	l.server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	l.count = strtoul(argv[4], NULL, 10);
	l.talks = calloc(l.count, sizeof *l.talks);
	l.connection_count = strtoul(argv[5], NULL, 10);
	l.connections = calloc(l.connection_count, sizeof *l.connections);
	l.interval = strtol(argv[6], NULL, 10);
	l.epoll = epoll_create1(0);
	if (!l.talks || !l.connections || l.epoll < 0)
		die("start");
	for (size_t i = 0; i < l.count; i++) {
		l.talks[i].request = read_file(argv[2], first + i, "request");
		l.talks[i].response = read_file(argv[2], first + i, "response");
	}
	run(&l, strtod(argv[7], NULL));
	print(&l);
	return 0;
}
