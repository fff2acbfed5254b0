/* Asks a DNS server on loopback, for tests: "ask PORT NAME TYPE" prints
 * "NOERROR 192.0.2.1 192.0.2.2", "ask --free-port" a port that nobody has. */
#include "capture/address.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TRIES 50
#define TRY_MS 100

static const struct {
	const char *name;
	uint16_t type;
} types[] = {{"A", 1}, {"AAAA", 28}, {"HTTPS", 65}, {"TXT", 16}, {"PTR", 12}};

static int loopback_socket(int type, uint16_t port, struct sockaddr_in *address)
{
	*address = (struct sockaddr_in){.sin_family = AF_INET,
					.sin_port = htons(port)};
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return socket(AF_INET, type | SOCK_CLOEXEC, 0);
}

/* Free for UDP and TCP alike. */
static int print_free_port(void)
{
	struct sockaddr_in address;
	socklen_t len = sizeof address;
	for (int i = 0; i < TRIES; i++) {
		int tcp = loopback_socket(SOCK_STREAM, 0, &address);
		if (bind(tcp, (struct sockaddr *)&address, len) ||
		    getsockname(tcp, (struct sockaddr *)&address, &len))
			return EXIT_FAILURE;
		uint16_t port = ntohs(address.sin_port);
		int udp = loopback_socket(SOCK_DGRAM, port, &address);
		int failed = bind(udp, (struct sockaddr *)&address, len);
		close(udp);
		close(tcp);
		if (failed)
			continue;
		printf("%u\n", port);
		return EXIT_SUCCESS;
	}
	return EXIT_FAILURE;
}

static void add_u16(struct buf *b, uint16_t value)
{
	buf_add_byte(b, (uint8_t)(value >> 8));
	buf_add_byte(b, (uint8_t)value);
}

static void add_question(struct buf *b, struct slice name, uint16_t type)
{
	static const uint16_t header[] = {1, 0x0100, 1, 0, 0, 0};
	for (size_t i = 0; i < 6; i++)
		add_u16(b, header[i]);
	while (name.len) {
		size_t dot = slice_find(name, '.');
		buf_add_byte(b, (uint8_t)dot);
		buf_add(b, slice_to(name, dot));
		name = slice_from(name, dot + 1);
	}
	buf_add_byte(b, 0);
	add_u16(b, type);
	add_u16(b, 1); /* IN */
}

/* The server may still be starting: asks until it answers. */
static ssize_t ask(uint16_t port, struct slice question, uint8_t *answer,
		   size_t room)
{
	struct sockaddr_in address;
	for (int i = 0; i < TRIES; i++) {
		int fd = loopback_socket(SOCK_DGRAM, port, &address);
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		ssize_t len = -1;
		sendto(fd, question.data, question.len, 0,
		       (struct sockaddr *)&address, sizeof address);
		if (poll(&wait, 1, TRY_MS) == 1)
			len = recv(fd, answer, room, 0);
		close(fd);
		if (len >= 0)
			return len;
	}
	return -1;
}

static void skip_name(struct reader *r)
{
	uint8_t len;
	while ((len = reader_u8(r)) && len < 0xc0)
		reader_skip(r, len);
	if (len)
		reader_skip(r, 1);
}

static void print_answer(struct slice message)
{
	static const char *const rcodes[] = {"NOERROR",  "FORMERR", "SERVFAIL",
					     "NXDOMAIN", "NOTIMP",  "REFUSED"};
	struct reader r = reader_of(message);
	reader_skip(&r, 2);
	uint16_t rcode = reader_u16(&r) & 15;
	reader_skip(&r, 2);
	uint16_t answers = reader_u16(&r);
	reader_skip(&r, 4);
	skip_name(&r);
	reader_skip(&r, 4);
	fputs(rcode < 6 ? rcodes[rcode] : "?", stdout);
	for (uint16_t i = 0; i < answers; i++) {
		struct address a = {0};
		struct buf text = {0};
		skip_name(&r);
		uint16_t type = reader_u16(&r);
		reader_skip(&r, 6);
		struct slice data = reader_take(&r, reader_u16(&r));
		a.version = type == 28 ? 6 : type == 1 ? 4 : 0;
		if (data.len && data.len <= sizeof a.bytes)
			memcpy(a.bytes, data.data, data.len);
		address_print(&text, &a);
		printf(" %.*s", (int)text.len, (const char *)text.data);
		buf_release(&text);
	}
	putchar('\n');
}

int main(int argc, char **argv)
{
	uint8_t answer[65535];
	struct buf question = {0};
	uint64_t port;
	if (argc == 2 && !strcmp(argv[1], "--free-port"))
		return print_free_port();
	if (argc != 4 || !slice_number(slice_of(argv[1]), 65535, &port))
		return 2;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (!strcmp(types[i].name, argv[3]))
			add_question(&question, slice_of(argv[2]),
				     types[i].type);
	if (!question.len)
		return 2;
	ssize_t len =
	    ask((uint16_t)port, buf_slice(&question), answer, sizeof answer);
	buf_release(&question);
	if (len < 0) {
		puts("TIMEOUT");
		return EXIT_FAILURE;
	}
	print_answer((struct slice){answer, (size_t)len});
	return EXIT_SUCCESS;
}
