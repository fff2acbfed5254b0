/* P6, P7, P20, P23 to P25: messages whose framing or timing needs care. */
#include "scene.h"

#define HOST "www.messages.example"
#define SERVER4 "198.51.100.82"
#define OK "HTTP/1.1 200 OK\r\n"
#define GET_HEAD(target) "GET " target " HTTP/1.1\r\nHost: " HOST "\r\n"
#define GET(target) GET_HEAD(target) "\r\n"

static struct fate fate_of(const char *target, int status, const char *body)
{
	return (struct fate){.host = HOST,
			     .target = target,
			     .status = status,
			     .body = str_of(body)};
}

static struct conn meet(struct scene *s)
{
	return scene_connect(s, SERVER4, 80);
}

/* Two texts, one exchange, a connection of its own. The
 * server closes it. */
static void lone(struct scene *s, const char *request, const char *response,
		 const struct fate *fate)
{
	struct conn c = meet(s);

	scene_text(s, &c, request, response, fate);
	conn_close(&c, SERVER);
}

static void pipelining(struct scene *s)
{
	static const char *const targets[] = {"/1.txt", "/2.txt", "/3.txt",
					      "/4.txt"};
	struct conn c = meet(s);
	struct str request = {0}, response = {0}, payload = {0};
	struct fate fate;
	size_t i, a, b;

	for (i = 0; i < 4; i++) {
		a = request.len;
		b = response.len;
		ask_write(&request,
			  &(struct ask){.host = HOST, .target = targets[i]});
		answer_write(&response, &payload,
			     &(struct answer){.type = "text/plain",
					      .body = targets[i],
					      .body_len = i + 3});
		fate = fate_of(targets[i], 200, "");
		fate.body = payload;
		truth_add(
		    &s->truth, &c, &fate,
		    &(struct str){request.data + a, request.len - a, 0},
		    &(struct str){response.data + b, response.len - b, 0});
	}
	conn_say(&c, CLIENT, request.data, request.len);
	conn_flush(&c, CLIENT);
	conn_say(&c, SERVER, response.data, response.len);
	conn_flush(&c, SERVER);
	conn_close(&c, CLIENT);
	str_free(&request);
	str_free(&response);
	str_free(&payload);
}

/* The answer comes while the body is still on its way. */
static void early_response(struct scene *s)
{
	const struct ask ask = {.method = "POST",
				.host = HOST,
				.target = "/upload",
				.body = "",
				.body_len = 0};
	static const char answer[] = "HTTP/1.1 413 Payload Too Large\r\n"
				     "Content-Length: 4\r\n\r\nbig\n";
	const struct str response = {(char *)answer, sizeof(answer) - 1, 0};
	struct fate fate = fate_of(ask.target, 413, "big\n");
	struct conn c = meet(s);
	struct str request = {0}, body = {0};

	words_write(&body, 100000, 5);
	ask_write(&request, &(struct ask){.method = ask.method,
					  .host = ask.host,
					  .target = ask.target,
					  .body = body.data,
					  .body_len = body.len});
	fate.method = ask.method;
	truth_add(&s->truth, &c, &fate, &request, &response);
	conn_say(&c, CLIENT, request.data, request.len);
	conn_push(&c, CLIENT, 5);
	conn_say(&c, SERVER, answer, sizeof(answer) - 1);
	conn_flush(&c, SERVER);
	conn_flush(&c, CLIENT);
	scene_page(s, &c, HOST, "/after.html", 2000);
	conn_close(&c, CLIENT);
	str_free(&request);
	str_free(&body);
}

/* Two 100, one 103, then the answer: each leaves by itself. */
static void interim(struct scene *s)
{
	static const char request[] =
	    "POST /form HTTP/1.1\r\nHost: " HOST "\r\nExpect: 100-continue\r\n"
	    "Content-Length: 7\r\n\r\na=1&b=2";
	static const char response[] =
	    "HTTP/1.1 100 Continue\r\n\r\n"
	    "HTTP/1.1 100 Continue\r\nX-Again: 1\r\n\r\n"
	    "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n" OK
	    "Content-Length: 5\r\n\r\ndone\n";
	const struct str a = str_of(request), b = str_of(response);
	struct fate fate = fate_of("/form", 200, "done\n");
	struct conn c = meet(s);

	fate.method = "POST";
	truth_add(&s->truth, &c, &fate, &a, &b);
	conn_say(&c, CLIENT, a.data, a.len - 7);
	conn_flush(&c, CLIENT);
	conn_say(&c, SERVER, b.data, 25);
	conn_flush(&c, SERVER);
	conn_say(&c, CLIENT, a.data + a.len - 7, 7);
	conn_flush(&c, CLIENT);
	conn_say(&c, SERVER, b.data + 25, b.len - 25);
	conn_flush(&c, SERVER);
	scene_page(s, &c, HOST, "/after.html", 500);
	conn_close(&c, CLIENT);
}

static void bodiless(struct scene *s)
{
	static const struct {
		const char *method, *target, *fields;
		int status;
	} rows[] = {
	    {"HEAD", "/page", "Content-Length: 5000\r\n", 200},
	    {"HEAD", "/chunked", "Transfer-Encoding: chunked\r\n", 200},
	    {"GET", "/beacon", "", 204},
	    {"GET", "/cached", "Content-Length: 777\r\nETag: \"1\"\r\n", 304},
	    {"OPTIONS", "*", "Content-Length: 0\r\nAllow: GET\r\n", 200},
	};
	struct conn c = meet(s);
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		scene_exchange(s, &c,
			       &(struct ask){.method = rows[i].method,
					     .host = HOST,
					     .target = rows[i].target},
			       &(struct answer){.status = rows[i].status,
						.fields = rows[i].fields,
						.framing = NO_BODY});
	scene_page(s, &c, HOST, "/after.html", 500);
	conn_close(&c, SERVER);
}

/* What a tunnel carries is a flow of its own, here in clear. */
static void connect_tunnel(struct scene *s)
{
	struct fate fate = {.method = "CONNECT",
			    .host = "inner.example:80",
			    .target = "inner.example:80",
			    .status = 200};
	struct conn c = scene_connect(s, "198.51.100.90", 3128);

	scene_text(s, &c,
		   "CONNECT inner.example:80 HTTP/1.1\r\n"
		   "Host: inner.example:80\r\n\r\n",
		   "HTTP/1.1 200 Connection established\r\n\r\n", &fate);
	scene_page(s, &c, "inner.example", "/inside.html", 3000);
	scene_page(s, &c, "inner.example", "/inside-too.html", 300);
	conn_close(&c, CLIENT);
}

static void upgrade(struct scene *s)
{
	static const char frames[] = "\x81\x05hello\x81\x03GET";
	struct fate fate = fate_of("/socket", 101, "");
	struct conn c = meet(s);

	scene_page(s, &c, HOST, "/before.html", 1000);
	scene_text(s, &c,
		   GET_HEAD("/socket") "Connection: Upgrade\r\n"
				       "Upgrade: websocket\r\n"
				       "Sec-WebSocket-Version: 13\r\n"
				       "Sec-WebSocket-Key: "
				       "dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
		   "HTTP/1.1 101 Switching Protocols\r\n"
		   "Connection: Upgrade\r\nUpgrade: websocket\r\n"
		   "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
		   "\r\n\r\n",
		   &fate);
	conn_say(&c, SERVER, frames, sizeof(frames) - 1);
	conn_flush(&c, SERVER);
	conn_close(&c, SERVER);
}

static void until_close(struct scene *s)
{
	struct fate fate = fate_of("/close", 200, "until the end\n");

	lone(s, GET("/close"), OK "Connection: close\r\n\r\nuntil the end\n",
	     &fate);
	fate = fate_of("/old", 200, "HTTP/1.0\n");
	lone(s, "GET /old HTTP/1.0\r\nHost: " HOST "\r\n\r\n",
	     "HTTP/1.0 200 OK\r\n\r\nHTTP/1.0\n", &fate);
	fate = fate_of("/nothing", 200, "");
	lone(s, GET("/nothing"), OK "Connection: close\r\n\r\n", &fate);
}

/* P7 */
static void broken(struct scene *s, const char *request, const char *response,
		   const char *target, const char *state)
{
	struct fate fate = fate_of(target, 200, "");

	fate.state = state;
	lone(s, request, response, &fate);
}

static void short_bodies(struct scene *s)
{
	broken(s, GET("/short"), OK "Content-Length: 500\r\n\r\nonly this",
	       "/short", "cut");
	broken(s, GET("/no-last-chunk"),
	       OK "Transfer-Encoding: chunked\r\n\r\n9\r\nsome more\r\n",
	       "/no-last-chunk", "cut");
	broken(s, GET("/half-chunk"),
	       OK "Transfer-Encoding: chunked\r\n\r\nff\r\nsome", "/half-chunk",
	       "cut");
	broken(s, GET("/half-head"), OK "Content-Type: text/ht", "/half-head",
	       "cut");
}

static void lengths(struct scene *s)
{
	struct fate fate = fate_of("/same", 200, "alike");

	broken(s, GET("/two-lengths"),
	       OK "Content-Length: 5\r\nContent-Length: 7\r\n\r\nfive!",
	       "/two-lengths", "malformed");
	broken(s, GET("/no-number"), OK "Content-Length: many\r\n\r\nfive!",
	       "/no-number", "malformed");
	lone(s, GET("/same"),
	     OK "Content-Length: 5\r\nContent-Length: 5\r\n\r\nalike", &fate);
	fate = fate_of("/list", 200, "alike");
	lone(s, GET("/list"), OK "Content-Length: 5, 5\r\n\r\nalike", &fate);
	fate = fate_of("/chunked", 200, "chunk wins");
	lone(s, GET("/chunked"),
	     OK "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
		"a\r\nchunk wins\r\n0\r\n\r\n",
	     &fate);
}

static void codings(struct scene *s)
{
	static const enum coding all[] = {GZIP, DEFLATE, BROTLI, ZSTD};
	static const char *const targets[] = {"/gzip", "/deflate", "/br",
					      "/zstd"};
	struct conn c = meet(s);
	struct fate fate = fate_of("/not-gzip", 200, "plain all the same");
	struct str page = {0};
	size_t i;

	page_write(&page, "Coded", "", 8000, 6);
	for (i = 0; i < 4; i++)
		scene_exchange(
		    s, &c, &(struct ask){.host = HOST, .target = targets[i]},
		    &(struct answer){.type = "text/html",
				     .body = page.data,
				     .body_len = page.len,
				     .coding = all[i],
				     .framing = i % 2 ? LENGTH : CHUNKED});
	scene_text(s, &c, GET("/not-gzip"),
		   OK "Content-Encoding: gzip\r\nContent-Length: 18\r\n\r\n"
		      "plain all the same",
		   &fate);
	conn_close(&c, SERVER);
	str_free(&page);
}

/* P20 */
static void odd_fields(struct scene *s)
{
	struct fate fate = fate_of("/odd", 200, "odd");
	struct conn c = meet(s);

	scene_text(s, &c, GET("/odd"),
		   OK "sErVeR: x\r\nSet-Cookie: a=1\r\nX-One:1\r\n"
		      "Set-Cookie: b=2\r\nx-one:   2   \r\nX-Empty:\r\n"
		      "X-Folded: one\r\n two\r\n\tthree\r\n"
		      "CONTENT-LENGTH: 3\r\nset-cookie: c=3\r\n\r\nodd",
		   &fate);
	fate = fate_of("/trailers", 200, "with trailers");
	scene_text(s, &c, GET("/trailers"),
		   OK "Trailer: X-Sum\r\ntransfer-ENCODING: chUnked\r\n\r\n"
		      "005;name=\"v\"\r\nwith \r\n8\r\ntrailers\r\n000\r\n"
		      "X-Sum: 13\r\nX-Last: yes\r\n\r\n",
		   &fate);
	fate = fate_of("/head", 200, "");
	fate.method = "HEAD";
	scene_text(s, &c, "HEAD /head HTTP/1.1\r\nHost: " HOST "\r\n\r\n",
		   OK "Content-Length: 123456\r\n\r\n", &fate);
	fate = fate_of("/bare", 200, "LF alone");
	scene_text(s, &c, "GET /bare HTTP/1.1\nHost: " HOST "\n\n",
		   "HTTP/1.1 200\nContent-Length: 8\n\nLF alone", &fate);
	conn_close(&c, CLIENT);
}

/* P23 */
static void no_answers(struct scene *s)
{
	struct fate fate = fate_of("/silence", 0, "");
	struct conn c = meet(s);

	fate.state = "no-response";
	scene_text(s, &c, GET("/silence"), "", &fate);
	scene_wait(s, 60000 * MS);
	conn_close(&c, CLIENT);
	c = meet(s);
	fate.target = "/reset";
	scene_text(s, &c, GET("/reset"), "", &fate);
	conn_reset(&c, SERVER);
	c = meet(s);
	fate.target = "/closed";
	scene_text(s, &c, GET("/closed"), "", &fate);
	conn_close(&c, SERVER);
	c = meet(s);
	fate.target = "/recording-ends";
	scene_text(s, &c, GET("/recording-ends"), "", &fate);
	conn_abandon(&c);
}

static void resets(struct scene *s)
{
	struct fate fate = fate_of("/half", 200, "");
	struct conn c = meet(s);

	scene_page(s, &c, HOST, "/whole.html", 3000);
	fate.state = "cut";
	scene_text(s, &c, GET("/half"),
		   OK "Content-Length: 1000\r\n\r\nthe first of it", &fate);
	conn_reset(&c, SERVER);
	c = meet(s);
	scene_page(s, &c, HOST, "/reset-after.html", 3000);
	conn_reset(&c, CLIENT);
}

/* P24 */
static void slow(struct scene *s)
{
	struct fate fate = fate_of("/slow", 200, "at last\n");
	struct conn c = meet(s);
	const struct str request = str_of(GET("/slow"));
	const struct str response =
	    str_of(OK "Content-Length: 8\r\n\r\nat last\n");

	truth_add(&s->truth, &c, &fate, &request, &response);
	conn_say(&c, CLIENT, request.data, request.len);
	conn_flush(&c, CLIENT);
	scene_wait(s, 2000 * MS);
	conn_say(&c, SERVER, response.data, response.len);
	conn_flush(&c, SERVER);
	scene_page(s, &c, HOST, "/quick.html", 300);
	conn_close(&c, CLIENT);
}

/* P25 */
static void large(struct scene *s)
{
	struct conn c = meet(s);
	struct str body = {0}, target = {0};
	int i;

	words_write(&body, 8 << 20, 8);
	scene_exchange(s, &c,
		       &(struct ask){.host = HOST, .target = "/large.bin"},
		       &(struct answer){.type = "application/octet-stream",
					.body = body.data,
					.body_len = body.len});
	conn_forget(&c);
	for (i = 0; i < 200; i++) {
		target.len = 0;
		str_printf(&target, "/small/%d.txt%c", i, 0);
		scene_get(s, &c, HOST, target.data, NULL, target.data);
	}
	conn_close(&c, CLIENT);
	str_free(&body);
	str_free(&target);
}

const struct scenario message_scenarios[] = {
    {"p06-pipelining", "four requests at once", pipelining, 0},
    {"p06-early-response", "answered before the request is whole",
     early_response, 0},
    {"p06-continue", "two 100 and a 103 before the answer", interim, 0},
    {"p06-no-body", "HEAD, 204, 304 with lengths", bodiless, 0},
    {"p06-connect", "a tunnel that carries HTTP", connect_tunnel, 0},
    {"p06-upgrade", "101, then WebSocket frames", upgrade, 0},
    {"p06-until-close", "bodies that end with the connection", until_close, 0},
    {"p07-short", "bodies and heads that end early", short_bodies, 0},
    {"p07-lengths", "several Content-Length, or with chunks", lengths, 0},
    {"p07-codings", "gzip, deflate, br, zstd, and a lie", codings, 0},
    {"p20-fields", "case, order, folding, trailers, bare LF", odd_fields, 0},
    {"p23-no-response", "never answered, in four ways", no_answers, 0},
    {"p23-reset", "reset inside and after a body", resets, 0},
    {"p24-slow", "two seconds to the first byte", slow, 0},
    {"p25-large", "8 MiB, then 200 small bodies", large, 0},
    {0},
};
