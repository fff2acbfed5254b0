/* P1, P2, P3, P5: what happens to the packets of a connection between the
 * wire and the file. */
#include "scene.h"

#include <string.h>

#define HOST "www.packets.example"
#define SERVER4 "198.51.100.81"

/* An exchange said on both sides, no packet of it sent yet. */
static void say_page(struct scene *s, struct conn *c, const char *target,
		     size_t len, const char *state)
{
	const struct ask ask = {.host = HOST, .target = target};
	struct str request = {0}, response = {0}, payload = {0}, page = {0};

	page_write(&page, target, "", len, net_random(&s->net));
	ask_write(&request, &ask);
	answer_write(&response, &payload,
		     &(struct answer){.type = "text/html",
				      .body = page.data,
				      .body_len = page.len});
	truth_add(&s->truth, c,
		  &(struct fate){.host = ask.host,
				 .target = ask.target,
				 .status = 200,
				 .body = payload,
				 .state = state},
		  &request, &response);
	conn_say(c, CLIENT, request.data, request.len);
	conn_say(c, SERVER, response.data, response.len);
	str_free(&request);
	str_free(&response);
	str_free(&payload);
	str_free(&page);
}

/* P1: the capture begins after the handshake; variant: bytes of an answer
 * whose beginning was not seen. */
static void mid_connection(struct scene *s)
{
	struct conn c =
	    conn_begin(&s->net, scene_client(s, VICTIM), end_of(SERVER4, 80));
	struct str rest = {0};

	words_write(&rest, (size_t)s->variant, 7);
	conn_say(&c, SERVER, rest.data, rest.len);
	conn_flush(&c, SERVER);
	scene_page(s, &c, HOST, "/seen.html", 4000);
	scene_page(s, &c, HOST, "/seen-too.html", 500);
	conn_close(&c, CLIENT);
	str_free(&rest);
}

/* P2: the client's acknowledgement stands before what it acknowledges. */
static void ack_first(struct scene *s)
{
	struct conn c = scene_connect(s, SERVER4, 80);
	size_t sent;

	say_page(s, &c, "/acknowledged.html", 9000, NULL);
	conn_flush(&c, CLIENT);
	conn_lose(&c, SERVER, c.said[SERVER].len);
	conn_flags(&c, CLIENT, ACK);
	c.sent[SERVER] = 0;
	conn_flush(&c, SERVER);
	conn_forget(&c);

	/* the answer stands before the question, and its end before both */
	say_page(s, &c, "/backwards.html", 6000, NULL);
	for (sent = c.said[SERVER].len; sent > 1000; sent -= 1000)
		conn_segment(&c, SERVER, sent - 1000, 1000);
	conn_segment(&c, SERVER, 0, sent);
	conn_flush(&c, CLIENT);
	scene_page(s, &c, HOST, "/after.html", 100);
	conn_close(&c, SERVER);
}

/* P2: the FIN stands before the last segments; variant: bytes of them that
 * never come. */
static void fin_first(struct scene *s)
{
	struct conn c = scene_connect(s, SERVER4, 80);
	size_t lost = (size_t)s->variant, len;

	say_page(s, &c, "/last.html", 8000, lost ? "gap" : NULL);
	conn_flush(&c, CLIENT);
	conn_push(&c, SERVER, 2);
	len = c.said[SERVER].len;
	conn_lose(&c, SERVER, len - c.sent[SERVER]);
	conn_fin(&c, SERVER);
	conn_segment(&c, SERVER, len - 1460, 1460);
	conn_segment(&c, SERVER, 2920, len - 2920 - 1460 - lost);
	conn_fin(&c, CLIENT);
	conn_flags(&c, SERVER, ACK);
	conn_abandon(&c);
}

/* Pairs of segments in the wrong order, one of them twice. */
static void disorder(struct scene *s)
{
	struct conn c = scene_connect(s, SERVER4, 80);
	size_t at, len;

	say_page(s, &c, "/disorder.html", 20000, NULL);
	conn_flush(&c, CLIENT);
	len = c.said[SERVER].len / 1000 * 1000;
	for (at = 0; at + 2000 <= len; at += 2000) {
		conn_segment(&c, SERVER, at + 1000, 1000);
		conn_segment(&c, SERVER, at, 1000);
		conn_segment(&c, SERVER, at + 500, 1000);
	}
	conn_flush(&c, SERVER);
	scene_page(s, &c, HOST, "/after.html", 100);
	conn_close(&c, CLIENT);
}

/* A segment in the middle of a body is not in the capture. */
static void lost_segment(struct scene *s)
{
	struct conn c = scene_connect(s, SERVER4, 80);

	say_page(s, &c, "/holed.html", 12000, "gap");
	conn_flush(&c, CLIENT);
	conn_push(&c, SERVER, 3);
	conn_lose(&c, SERVER, 1460);
	conn_flush(&c, SERVER);
	scene_page(s, &c, HOST, "/whole.html", 3000);
	conn_close(&c, CLIENT);
}

/* Sequence numbers pass 2^32 inside the body. */
static void wrap(struct scene *s)
{
	struct conn c =
	    conn_begin(&s->net, scene_client(s, VICTIM), end_of(SERVER4, 80));

	c.first[CLIENT] = UINT32_MAX - 100;
	c.first[SERVER] = UINT32_MAX - 5000;
	conn_handshake(&c);
	scene_page(s, &c, HOST, "/wrapped.html", 12000);
	scene_page(s, &c, HOST, "/after.html", 1200);
	conn_close(&c, CLIENT);
}

static void ordinary_pages(struct scene *s)
{
	struct conn c = scene_connect(s, SERVER4, 80);

	scene_page(s, &c, HOST, "/one.html", 30000);
	scene_page(s, &c, HOST, "/two.html", 10);
	scene_get(s, &c, HOST, "/three.txt", NULL, "3\n");
	scene_page(s, &c, HOST, "/four.html", 3000);
	conn_close(&c, SERVER);
}

/* P3 */
static void offloaded(struct scene *s)
{
	s->net.mss = 14600;
	s->net.faults.length_zero = true;
	ordinary_pages(s);
}

static void padded(struct scene *s)
{
	s->net.faults.padding = true;
	ordinary_pages(s);
}

static void wrong_checksums(struct scene *s)
{
	s->net.faults.bad_checksums = true;
	ordinary_pages(s);
}

static void captured_twice(struct scene *s)
{
	s->net.faults.twice = 1000;
	ordinary_pages(s);
}

/* Heads fit, long bodies do not. */
static void snapped(struct scene *s)
{
	struct conn c;

	s->writer.snap = 600;
	c = scene_connect(s, SERVER4, 80);
	say_page(s, &c, "/long.html", 5000, "gap");
	conn_flush(&c, CLIENT);
	conn_flush(&c, SERVER);
	scene_get(s, &c, HOST, "/short.txt", NULL, "short enough\n");
	conn_forget(&c);
	say_page(s, &c, "/longer.html", 9000, "gap");
	conn_flush(&c, CLIENT);
	conn_flush(&c, SERVER);
	scene_get(s, &c, HOST, "/short-too.txt", NULL, "this one too\n");
	conn_close(&c, CLIENT);
}

/* P5: the same place of the stream twice, with other bytes. */
static void conflict(struct scene *s)
{
	static const char forged[] = "<p>FORGED FORGED FORGED FORGED</p>";
	struct conn c = scene_connect(s, SERVER4, 80);

	say_page(s, &c, "/disputed.html", 6000, NULL);
	conn_flush(&c, CLIENT);
	conn_push(&c, SERVER, 2);
	conn_forge(&c, SERVER, 1500, forged, sizeof(forged) - 1);
	conn_flush(&c, SERVER);
	conn_forge(&c, SERVER, 4400, forged, sizeof(forged) - 1);
	scene_page(s, &c, HOST, "/after.html", 100);
	conn_close(&c, CLIENT);
}

/* P5: the forged answer wins the race. */
static void injection(struct scene *s)
{
	static const char body[] = "forged, and first\n";
	const struct ask ask = {.host = HOST, .target = "/raced.txt"};
	struct conn c = scene_connect(s, SERVER4, 80);
	struct str request = {0}, response = {0}, payload = {0};

	ask_write(&request, &ask);
	answer_write(&response, &payload,
		     &(struct answer){.type = "text/plain",
				      .body = body,
				      .body_len = sizeof(body) - 1});
	scene_raw(s, &c, &request, &response,
		  &(struct fate){.host = ask.host,
				 .target = ask.target,
				 .status = 200,
				 .body = payload});
	memset(response.data + response.len - payload.len, 'r',
	       payload.len - 1);
	conn_forge(&c, SERVER, 0, response.data, response.len);
	conn_close(&c, CLIENT);
	str_free(&request);
	str_free(&response);
	str_free(&payload);
}

const struct scenario packet_scenarios[] = {
    {"p01-mid-connection", "no handshake", mid_connection, 0},
    {"p01-mid-body", "begins inside an answer", mid_connection, 2500},
    {"p02-ack-first", "ACK before its data, answer before its question",
     ack_first, 0},
    {"p02-fin-first", "FIN before the last segments", fin_first, 0},
    {"p02-fin-gap", "the same, and some never come", fin_first, 700},
    {"p02-disorder", "segments reordered and overlapping", disorder, 0},
    {"p02-lost", "a lost segment, then another exchange", lost_segment, 0},
    {"p02-wrap", "sequence numbers pass 2^32", wrap, 0},
    {"p03-length-zero", "large segments with IP length 0", offloaded, 0},
    {"p03-padding", "Ethernet padding that is no data", padded, 0},
    {"p03-checksums", "wrong checksums", wrong_checksums, 0},
    {"p03-twice", "every packet captured twice", captured_twice, 0},
    {"p03-snap", "snap length 600", snapped, 0},
    {"p05-conflict", "retransmissions with other bytes", conflict, 0},
    {"p05-injection", "a forged answer before the real one", injection, 0},
    {0},
};
