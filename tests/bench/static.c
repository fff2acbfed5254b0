/* The floor under serving: libevent, and one answer from memory to whatever
 * is asked. */
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct answer {
	char *data;
	size_t len;
};

static void answer_requests(struct bufferevent *client, void *context)
{
	const struct answer *a = context;
	struct evbuffer *in = bufferevent_get_input(client);
	struct evbuffer_ptr end;

	for (;;) {
		end = evbuffer_search(in, "\r\n\r\n", 4, NULL);
		if (end.pos < 0)
			return;
		evbuffer_drain(in, (size_t)end.pos + 4);
		evbuffer_add_reference(bufferevent_get_output(client), a->data,
				       a->len, NULL, NULL);
	}
}

static void close_client(struct bufferevent *client, short what, void *context)
{
	(void)what;
	(void)context;
	bufferevent_free(client);
}

static void accept_client(struct evconnlistener *listener, evutil_socket_t fd,
			  struct sockaddr *from, int len, void *context)
{
	struct bufferevent *client = bufferevent_socket_new(
	    evconnlistener_get_base(listener), fd, BEV_OPT_CLOSE_ON_FREE);

	int yes = 1;

	(void)from;
	(void)len;
	if (!client)
		return;
	/* or the last segment of an answer waits for a delayed ACK */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	bufferevent_setcb(client, answer_requests, NULL, close_client, context);
	bufferevent_enable(client, EV_READ | EV_WRITE);
}

static struct answer make_answer(size_t len)
{
	struct answer a;
	int head;

	a.data = malloc(len + 256);
	if (!a.data)
		exit(1);
	head = snprintf(a.data, 256,
			"HTTP/1.1 200 OK\r\nServer: static\r\n"
			"Content-Type: application/octet-stream\r\n"
			"Content-Length: %zu\r\n\r\n",
			len);
	memset(a.data + head, 'x', len);
	a.len = (size_t)head + len;
	return a;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	struct answer a =
	    make_answer(argc == 2 ? strtoul(argv[1], NULL, 10) : 1000);
	struct event_base *base = event_base_new();
	struct evconnlistener *listener = evconnlistener_new_bind(
	    base, accept_client, &a, LEV_OPT_CLOSE_ON_FREE, -1,
	    (struct sockaddr *)&address, sizeof(address));

	if (!listener || getsockname(evconnlistener_get_fd(listener),
				     (struct sockaddr *)&address, &len)) {
		fputs("static: cannot listen\n", stderr);
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	fprintf(stderr, "static: serving on ports %u\n",
		ntohs(address.sin_port));
	return event_base_dispatch(base);
}
