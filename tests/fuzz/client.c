/* Fuzzes what clients say to the site: HTTP/1 and HTTP/2, in clear. Whatever
 * it is, the connection ends, and no more comes back than was recorded for as
 * many requests as fit in.
 *
 * The input's first byte says how it is said (see below), the second how many
 * bytes at a time. */
#include "site/client.h"

#include "site/http2_hosts.h"
#include "site/status_json.h"
#include "site/tls.h"

#include "capture/recording.h"

#include <event2/event.h>
#include <jansson.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	HTTP2 = 1, /* HTTP/2's preface stands before it */
	CLOSE = 2, /* then the client will say no more */
	DEAF = 4,  /* and reads nothing before */
	LOOK = 8,  /* somebody looks at the status page */
};

#define FRAME(type, flags, stream, len) "\0\0" len type flags "\0\0\0" stream
#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" FRAME("\4", "\0", "\0", "\0")
#define ASKED                                                                  \
	"GET / HTTP/1.1\r\nHost: a\r\n\r\n"                                    \
	"GET /chunked HTTP/1.1\r\nHost: a\r\n\r\n"                             \
	"POST /in HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"          \
	"GET /cut HTTP/1.1\r\nHost: a\r\n\r\n"
#define ANSWERED                                                               \
	"HTTP/1.1 103 Early Hints\r\nLink: b\r\n\r\n"                          \
	"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-A: b\r\n c\r\n\r\nbody"     \
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"                \
	"3\r\nabc\r\n0\r\nX-End: 1\r\n\r\n"                                    \
	"HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"                    \
	"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut"
#define STREAM_ASKED                                                           \
	FRAME("\1", "\5", "\1", "\x0f") "\x82\x86\x41\1a\0\5:path\2/2"
#define STREAM_ANSWERED                                                        \
	FRAME("\4", "\0", "\0", "\0")                                          \
	FRAME("\1", "\4", "\1", "\1")                                          \
	"\x88" FRAME("\0", "\1", "\1", "\2") "ok"

static struct recording *recording;
static struct site_options options = {.quiet = true};
static struct clients clients = {.site = {.options = &options}};

/* ---- the recording ---- */

static void add_u16(struct buf *out, uint16_t value)
{
	buf_add_byte(out, (uint8_t)(value >> 8));
	buf_add_byte(out, (uint8_t)value);
}

static void add_u32(struct buf *out, uint32_t value)
{
	add_u16(out, (uint16_t)(value >> 16));
	add_u16(out, (uint16_t)value);
}

/* A big-endian pcap of raw IPv4, of one segment. */
static void add_segment(struct buf *out, uint16_t port, bool answers,
			uint8_t flags, struct slice bytes)
{
	static uint32_t seconds = 1489486325;
	uint32_t len = (uint32_t)(40 + bytes.len);
	uint32_t number = flags & 2 ? 0 : 1; /* SYN counts */
	add_u32(out, seconds++);
	add_u32(out, 0);
	add_u32(out, len);
	add_u32(out, len);
	add_u32(out, 0x45000000 | len);
	add_u32(out, 0);
	add_u32(out, 0x40060000);
	add_u32(out, answers ? 0xc0000201 : 0xc0000202);
	add_u32(out, answers ? 0xc0000202 : 0xc0000201);
	add_u16(out, answers ? 80 : port);
	add_u16(out, answers ? port : 80);
	add_u32(out, number);
	add_u32(out, flags == 2 ? 0 : 1);
	add_u16(out, (uint16_t)(0x5000 | flags));
	add_u16(out, 0xffff);
	add_u32(out, 0);
	buf_add(out, bytes);
}

static void add_talk(struct buf *out, uint16_t port, struct slice asked,
		     struct slice answered)
{
	add_segment(out, port, false, 0x02, (struct slice){0});
	add_segment(out, port, true, 0x12, (struct slice){0});
	add_segment(out, port, false, 0x18, asked);
	add_segment(out, port, true, 0x18, answered);
}

static struct recording *read_own(void)
{
	char path[] = "/tmp/fuzz-client.XXXXXX";
	char *paths[] = {path};
	struct buf file = {0};
	int fd = mkstemp(path);
	add_u32(&file, 0xa1b2c3d4);
	add_u32(&file, 0x00020004);
	add_u32(&file, 0);
	add_u32(&file, 0);
	add_u32(&file, 65535);
	add_u32(&file, 101);
	add_talk(&file, 4000, SLICE(ASKED), SLICE(ANSWERED));
	add_talk(&file, 4001, SLICE(PREFACE STREAM_ASKED),
		 SLICE(STREAM_ANSWERED));
	if (fd < 0 || write(fd, file.data, file.len) != (ssize_t)file.len)
		abort();
	close(fd);
	buf_release(&file);
	struct recording *r = recording_read(NULL, paths, 1);
	unlink(path);
	if (!r || r->count != 5)
		abort();
	return r;
}

/* ---- the site ---- */

static void nothing(evutil_socket_t fd, short what, void *context)
{
	(void)fd, (void)what, (void)context;
	journal_flush(clients.site.journal);
}

static void none_left(void *context)
{
	(void)context;
}

/* What was said, as the status page has it, is JSON whatever it was. */
static void look(void)
{
	const struct status_facts facts = {.options = &options};
	struct site *s = &clients.site;
	struct notes *copy = notes_copy(s->notes, s->edition->table);
	struct buf out = {0};
	status_json(&facts, &copy, 1, 0, 0, &out);
	json_t *value =
	    json_loadb((const char *)out.data, out.len, JSON_ALLOW_NUL, NULL);
	if (!json_is_object(value))
		abort();
	json_decref(value);
	buf_release(&out);
	notes_free(copy);
	notes_free(s->notes); /* the next input is told alone */
	s->notes = notes_new();
}

static void begin(void)
{
	struct site *s = &clients.site;
	recording = read_own();
	options.zone = SLICE("ip.test");
	s->journal =
	    journal_new("/dev/null", open("/dev/null", O_WRONLY), false);
	s->edition =
	    edition_new(table_new(recording, NULL), NULL, &options, NULL);
	s->places = places_new(recording->count);
	s->notes = notes_new();
	s->h2 = http2_hosts_new(recording, NULL);
	s->tls = tls_site_new(&options.tls, 0, 0);
	clients.base = event_base_new();
	clients.flush = event_new(clients.base, -1, 0, nothing, NULL);
	clients.left = clients.none_left = none_left;
}

/* ---- a client ---- */

#define TURNS 8
#define BACK_MAX (16U << 20)

static size_t hear(int fd)
{
	static uint8_t part[65536];
	size_t heard = 0;
	ssize_t n;
	while ((n = read(fd, part, sizeof part)) > 0)
		heard += (size_t)n;
	return heard;
}

static void turn(void)
{
	for (int i = 0; i < TURNS; i++)
		event_base_loop(clients.base, EVLOOP_NONBLOCK);
}

/* Returns how many bytes came back. False writes: the other end is gone. */
static size_t say(int fd, struct slice bytes, size_t step, bool deaf)
{
	size_t heard = 0;
	while (bytes.len) {
		struct slice part = slice_to(bytes, step);
		ssize_t n = send(fd, part.data, part.len, MSG_NOSIGNAL);
		if (n <= 0 && errno != EAGAIN)
			break;
		if (n <= 0 && deaf) /* nobody reads on either side */
			break;
		bytes = slice_from(bytes, n > 0 ? (size_t)n : 0);
		turn();
		if (!deaf)
			heard += hear(fd);
	}
	return heard;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct arrival arrival = {
	    .client = {{4, {192, 0, 2, 2}}, 5000},
	    .local = {{4, {192, 0, 2, 1}}, 80},
	    .port = 80,
	};
	int ends[2];
	if (!recording)
		begin();
	if (size < 2)
		return 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends))
		abort();
	uint8_t how = data[0];
	size_t step = data[1] + 1U, heard = 0;
	client_new(&clients, ends[0], &arrival);
	if (how & HTTP2)
		heard += say(ends[1], SLICE(PREFACE), step, how & DEAF);
	heard += say(ends[1], (struct slice){data + 2, size - 2}, step * step,
		     how & DEAF);
	if (how & CLOSE)
		shutdown(ends[1], SHUT_WR);
	turn();
	heard += hear(ends[1]);
	turn();
	if (heard > BACK_MAX)
		abort();
	clients_free(&clients);
	if (clients.count || clients.first)
		abort();
	close(ends[1]);
	if (how & LOOK)
		look();
	places_reset(clients.site.places);
	return 0;
}
