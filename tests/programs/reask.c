/* Asks a running replay for every complete exchange of captures, as it was
 * recorded, and holds the very bytes that come back against the recorded ones.
 *
 *   reask PORT CAPTURE... */
#include "capture/log.h"
#include "capture/recording.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE 20000 /* ms */

static void add_span(struct buf *out, const struct stream *s, struct span span)
{
	struct span_reader r = span_read(s, span);
	struct slice bytes;
	while (span_next(&r, &bytes))
		if (bytes.data)
			buf_add(out, bytes);
}

static int dial(uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (fd < 0 || (connect(fd, (struct sockaddr *)&to, sizeof to) < 0 &&
		       errno != EINPROGRESS))
		log_fatal("cannot connect to port %u: %s", port,
			  strerror(errno));
	return fd;
}

/* Sends all, ends its side, and reads to the end. What it reads is what came
 * before whatever trouble there was. */
static void talk(int fd, struct slice request, struct buf *answer)
{
	struct pollfd p = {fd, POLLIN | POLLOUT, 0};
	while (poll(&p, 1, PATIENCE) > 0) {
		if (p.revents & POLLOUT) {
			ssize_t n =
			    send(fd, request.data, request.len, MSG_NOSIGNAL);
			if (n > 0)
				request = slice_from(request, (size_t)n);
			if (!request.len || (n < 0 && errno != EAGAIN)) {
				shutdown(fd, SHUT_WR);
				p.events = POLLIN;
			}
		}
		if (!(p.revents & (POLLIN | POLLHUP | POLLERR)))
			continue;
		ssize_t n = read(fd, buf_reserve(answer, 65536), 65536);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			return;
		answer->len += n > 0 ? (size_t)n : 0;
	}
}

/* number: as in the table. */
static bool ask(const struct exchange *e, size_t number, uint16_t port)
{
	struct buf request = {0}, expected = {0}, answer = {0};
	buf_add(&request, e->request_head);
	add_span(&request, &e->flow->streams[e->client], e->request_body);
	add_span(&expected, &e->flow->streams[!e->client], e->response);
	int fd = dial(port);
	talk(fd, buf_slice(&request), &answer);
	close(fd);
	bool same = slice_equal(buf_slice(&answer), buf_slice(&expected));
	if (!same) {
		struct slice a = buf_slice(&answer), b = buf_slice(&expected);
		size_t at = 0;
		while (at < a.len && at < b.len && a.data[at] == b.data[at])
			at++;
		struct buf line = {0};
		buf_printf(&line, "#%zu ", number);
		buf_add_escaped(&line, slice_to(exchange_target(e), 100));
		buf_add_string(&line, ": got \"");
		buf_add_escaped(&line, slice_to(slice_from(a, at), 60));
		buf_add_string(&line, "\", recorded \"");
		buf_add_escaped(&line, slice_to(slice_from(b, at), 60));
		printf("%.*s\" at byte %zu of %zu\n", (int)line.len, line.data,
		       at, b.len);
		buf_release(&line);
	}
	buf_release(&request);
	buf_release(&expected);
	buf_release(&answer);
	return same;
}

int main(int argc, char **argv)
{
	log_init(argv[0]);
	log_set_level(LOG_QUIET);
	if (argc < 3)
		log_usage("a port and captures are needed");
	uint16_t port = (uint16_t)atoi(argv[1]);
	struct recording *r = recording_read(NULL, argv + 2, (size_t)argc - 2);
	if (!r)
		return EXIT_FAILURE;
	size_t asked = 0, same = 0;
	for (size_t i = 0; i < r->count; i++) {
		if (r->exchanges[i].state != EXCHANGE_COMPLETE)
			continue;
		asked++;
		same += ask(&r->exchanges[i], i + 1, port);
	}
	printf("%zu of %zu exchanges came back byte for byte\n", same, asked);
	recording_free(r);
	return same == asked ? EXIT_SUCCESS : EXIT_FAILURE;
}
