/* The range: classes in which the web is not all, or not request and response
 * alone. */
#include "dns.h"
#include "visit.h"

#include <string.h>

#define WWW "www.start.example"
#define WWW_IP "198.51.100.110"
#define LIVE "live.panel.example"
#define LIVE_IP "203.0.113.140"

static void start_page(struct scene *s, const char *inner)
{
	struct conn c;

	dns_lookup(&s->net, VICTIM, WWW, NULL, WWW_IP);
	c = scene_connect(s, WWW_IP, 80);
	scene_exchange(
	    s, &c, &(struct ask){.host = WWW, .target = "/", .agent = CHROME56},
	    &(struct answer){
		.type = "text/html", .body = inner, .body_len = strlen(inner)});
	conn_close(&c, CLIENT);
}

static struct conn meet(struct scene *s, const char *name, const char *address,
			uint16_t port)
{
	if (name)
		dns_lookup(&s->net, VICTIM, name, NULL, address);
	return scene_connect(s, address, port);
}

static void say(struct scene *s, struct conn *c, enum side side,
		const void *data, size_t len)
{
	conn_say(c, side, data, len);
	conn_flush(c, side);
	scene_wait(s, 25 * MS);
}

/* RFC 6455: the handshake, then a conversation in frames, the client's masked
 * with zeros (5.3 wants them random). */
static void websocket(struct scene *s)
{
	static const char up[] =
	    "GET /live HTTP/1.1\r\nHost: " LIVE "\r\nOrigin: http://" WWW "\r\n"
	    "Connection: Upgrade\r\nUpgrade: websocket\r\n"
	    "Sec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
	static const char accepted[] =
	    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
	    "Upgrade: websocket\r\n"
	    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
	static const char hello[] = "\x81\x85\0\0\0\0hello";
	static const char task[] = "\x81\x0brun: calc 1";
	static const char bye[] = "\x88\x82\0\0\0\0\x03\xe8";
	struct fate fate = {.host = LIVE, .target = "/live", .status = 101};
	struct conn c;

	start_page(s, "<script>new WebSocket('ws://" LIVE "/live')</script>\n");
	c = meet(s, LIVE, LIVE_IP, 80);
	scene_text(s, &c, up, accepted, &fate);
	say(s, &c, CLIENT, hello, sizeof(hello) - 1);
	say(s, &c, SERVER, task, sizeof(task) - 1);
	say(s, &c, CLIENT, bye, sizeof(bye) - 1);
	truth_unread(&s->truth, &c);
	conn_close(&c, SERVER);
}

/* A chunk each, as soon as it happens. */
static void say_events(struct scene *s, struct conn *c, const char *head,
		       const char *const *events, struct str *all)
{
	struct str chunk = {0};

	say(s, c, SERVER, head, strlen(head));
	for (; *events; events++) {
		str_text(all, *events);
		chunk.len = 0;
		str_printf(&chunk, "%zx\r\n%s\r\n", strlen(*events), *events);
		scene_wait(s, 2000 * MS);
		say(s, c, SERVER, chunk.data, chunk.len);
	}
	say(s, c, SERVER, "0\r\n\r\n", 5);
	str_free(&chunk);
}

/* WHATWG HTML 9.2: an answer that goes on, an event every two seconds. */
static void event_stream(struct scene *s)
{
	static const char *const events[] = {"data: wait 60\n\n",
					     "data: wait 30\n\n",
					     "data: load /x 1\n\n", NULL};
	static const char request[] = "GET /events HTTP/1.1\r\nHost: " LIVE
				      "\r\nAccept: text/event-stream\r\n\r\n";
	struct fate fate = {.host = LIVE, .target = "/events", .status = 200};
	struct conn c;

	start_page(s, "<script>new EventSource('http://" LIVE
		      "/events')</script>\n");
	c = meet(s, LIVE, LIVE_IP, 80);
	say(s, &c, CLIENT, request, sizeof(request) - 1);
	say_events(s, &c,
		   "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
		   "Cache-Control: no-store\r\n"
		   "Transfer-Encoding: chunked\r\n\r\n",
		   events, &fate.body);
	truth_add(&s->truth, &c, &fate, &c.said[CLIENT], &c.said[SERVER]);
	conn_close(&c, CLIENT);
	str_free(&fate.body);
}

struct line {
	enum side side;
	const char *text;
};

/* A conversation that is no web. */
static void talk(struct scene *s, const char *name, const char *address,
		 uint16_t port, const struct line *lines, size_t count)
{
	struct conn c = meet(s, name, address, port);
	size_t i;

	for (i = 0; i < count; i++)
		say(s, &c, lines[i].side, lines[i].text, strlen(lines[i].text));
	truth_unread(&s->truth, &c);
	conn_close(&c, CLIENT);
}

static const struct line smtp[] = {
    {SERVER, "220 mx.spam.example ESMTP\r\n"},
    {CLIENT, "EHLO victim\r\n"},
    {SERVER, "250-mx.spam.example\r\n250 8BITMIME\r\n"},
    {CLIENT, "MAIL FROM:<a@start.example>\r\n"},
    {SERVER, "250 OK\r\n"},
    {CLIENT, "QUIT\r\n"},
    {SERVER, "221 Bye\r\n"},
};

static const struct line irc[] = {
    {CLIENT, "NICK v4711\r\nUSER v 8 * :v\r\n"},
    {SERVER, ":irc.bots.example 001 v4711 :Welcome\r\n"},
    {CLIENT, "JOIN #tasks\r\n"},
    {SERVER, ":m!m@bots.example PRIVMSG #tasks :sleep\r\n"},
};

static const struct line ftp[] = {
    {SERVER, "220 files.drop.example FTP\r\n"},
    {CLIENT, "USER drop\r\n"},
    {SERVER, "331 Password\r\n"},
    {CLIENT, "PASS drop\r\n"},
    {SERVER, "230 In\r\n"},
    {CLIENT, "QUIT\r\n"},
};

/* No protocol that anybody knows. */
static const struct line raw[] = {
    {CLIENT, "\x01\x02\xfe\xed victim-4711"},
    {SERVER, "\x01\x02\xfe\xed\x7f sleep"},
};

static void datagram(struct scene *s, const char *server, uint16_t port,
		     const struct str *sent, const struct str *received)
{
	const struct end from = scene_client(s, VICTIM);
	const struct end to = end_of(server, port);

	net_udp(&s->net, &from, &to, sent->data, sent->len);
	scene_wait(s, 20 * MS);
	net_udp(&s->net, &to, &from, received->data, received->len);
}

/* RFC 5905 7.3: version 4, mode client, then server */
static void ntp(struct scene *s)
{
	char ask[48] = {0x23}, answer[48] = {0x24, 1};

	memcpy(ask + 40, "\xdc\x73\x11\x75\0\0\0", 8);
	memcpy(answer + 24, ask + 40, 8);
	memcpy(answer + 40, ask + 40, 8);
	dns_lookup(&s->net, VICTIM, "time.clock.example", NULL,
		   "198.51.100.123");
	datagram(s, "198.51.100.123", 123, &(struct str){ask, sizeof(ask), 0},
		 &(struct str){answer, sizeof(answer), 0});
}

static void protocols(struct scene *s)
{
	start_page(s, "<p>The page that began it.</p>\n");
	talk(s, "mx.spam.example", "203.0.113.150", 25, STEPS(smtp));
	talk(s, "irc.bots.example", "203.0.113.151", 6667, STEPS(irc));
	talk(s, "files.drop.example", "203.0.113.152", 21, STEPS(ftp));
	talk(s, NULL, "203.0.113.153", 4444, STEPS(raw));
	ntp(s);
}

const struct scenario range_other_scenarios[] = {
    {"range-websocket",
     "the handshake is back, the frames behind it are not: they answer what a "
     "client says",
     websocket, 0},
    {"range-event-stream", "all events are back, at once and not in their time",
     event_stream, 0},
    {"range-protocols",
     "SMTP, IRC, FTP, an unknown one, NTP: none is back, the page is",
     protocols, 0},
    {0},
};
