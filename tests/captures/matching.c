/* P11 to P17: recordings that hold several answers to what looks like one
 * question. */
#include "scene.h"

#include <string.h>

#define HOST "www.matching.example"
#define SERVER4 "198.51.100.83"
#define OTHER "192.0.2.101"

static struct conn meet(struct scene *s)
{
	return scene_connect(s, SERVER4, 80);
}

/* A row of a scenario: GET, and what came back. */
struct pair {
	const char *target, *fields, *text;
};

static void play_pairs(struct scene *s, const struct pair *pairs, size_t count)
{
	struct conn c = meet(s);
	size_t i;

	for (i = 0; i < count; i++)
		scene_get(s, &c, HOST, pairs[i].target, pairs[i].fields,
			  pairs[i].text);
	conn_close(&c, CLIENT);
}

#define PLAY(s, pairs) play_pairs(s, pairs, sizeof(pairs) / sizeof(*(pairs)))

/* P11 */
static void tunnel(struct scene *s, struct conn *c, const char *name,
		   const char *response, int status, const char *body)
{
	struct fate fate = {.method = "CONNECT",
			    .host = name,
			    .target = name,
			    .status = status,
			    .body = str_of(body)};
	struct str request = {0};
	const struct str answer = str_of(response);

	str_printf(&request, "CONNECT %s HTTP/1.1\r\nHost: %s\r\n\r\n", name,
		   name);
	scene_raw(s, c, &request, &answer, &fate);
	str_free(&request);
}

static void proxy(struct scene *s)
{
	static const char denied[] = "<h1>Log in to the proxy</h1>\n";
	static const char absent[] = "<h1>No such host</h1>\n";
	static const char sealed[] = "\x16\x03\x01\x00\x02\x01\x00";
	struct conn c = scene_connect(s, "192.0.2.8", 3128);

	scene_exchange(
	    s, &c, &(struct ask){.host = HOST, .target = "http://" HOST "/"},
	    &(struct answer){.status = 407,
			     .type = "text/html",
			     .fields = "Proxy-Authenticate: Basic "
				       "realm=\"proxy\"\r\n",
			     .body = denied,
			     .body_len = sizeof(denied) - 1});
	scene_page(s, &c, HOST, "http://" HOST "/", 3000);
	scene_page(s, &c, HOST ":8080", "http://" HOST ":8080/odd?q=1", 2000);
	scene_exchange(s, &c,
		       &(struct ask){.host = "gone.example",
				     .target = "http://gone.example/x"},
		       &(struct answer){.status = 502,
					.type = "text/html",
					.body = absent,
					.body_len = sizeof(absent) - 1});
	tunnel(s, &c, "secret.example:443",
	       "HTTP/1.1 407 Proxy Authentication Required\r\n"
	       "Content-Length: 4\r\n\r\nauth",
	       407, "auth");
	tunnel(s, &c, "secret.example:443",
	       "HTTP/1.1 200 Connection established\r\n\r\n", 200, "");
	conn_say(&c, CLIENT, sealed, sizeof(sealed) - 1);
	conn_flush(&c, CLIENT);
	conn_close(&c, CLIENT);
}

/* P12 */
static void repeats(struct scene *s)
{
	static const struct pair pairs[] = {
	    {"/poll", NULL, "first\n"},  {"/other", NULL, "other\n"},
	    {"/poll", NULL, "second\n"}, {"/poll", NULL, "third\n"},
	    {"/other", NULL, "other\n"},
	};

	PLAY(s, pairs);
}

static void failed_first(struct scene *s)
{
	struct fate fate = {
	    .host = HOST, .target = "/tool.bin", .status = 200, .state = "cut"};
	struct conn c = meet(s);

	scene_text(s, &c, "GET /tool.bin HTTP/1.1\r\nHost: " HOST "\r\n\r\n",
		   "HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\nhalf of",
		   &fate);
	conn_reset(&c, SERVER);
	c = meet(s);
	fate.state = "no-response";
	fate.status = 0;
	scene_text(s, &c, "GET /tool.bin HTTP/1.1\r\nHost: " HOST "\r\n\r\n",
		   "", &fate);
	conn_reset(&c, SERVER);
	c = meet(s);
	scene_get(s, &c, HOST, "/tool.bin", NULL, "the whole tool\n");
	conn_close(&c, CLIENT);
}

static void two_clients(struct scene *s)
{
	static const char *const texts[] = {
	    "to a, 1\n", "to b, 1\n", "to a, 2\n", "to b, 2\n", "to b, 3\n"};
	static const int whose[] = {0, 1, 0, 1, 1};
	struct conn c[2] = {meet(s), conn_open(&s->net, scene_client(s, OTHER),
					       end_of(SERVER4, 80))};
	size_t i;

	for (i = 0; i < 5; i++)
		scene_get(s, &c[whose[i]], HOST, "/task", NULL, texts[i]);
	conn_close(&c[0], CLIENT);
	conn_close(&c[1], CLIENT);
}

/* P14 */
static void cache_busters(struct scene *s)
{
	static const struct pair pairs[] = {
	    {"/ad.js?_=1489486325001", NULL, "ad 1\n"},
	    {"/ad.js?_=1489486327440", NULL, "ad 2\n"},
	    {"/pixel?r=0.7734021&c=9", NULL, "pixel\n"},
	    {"/page?jsessionid=8A1F", NULL, "page\n"},
	    {"/stamp/1489486325/x", NULL, "stamp\n"},
	};

	PLAY(s, pairs);
}

static void query_order(struct scene *s)
{
	static const struct pair pairs[] = {
	    {"/q?a=1&b=2&c=3", NULL, "one two three\n"},
	    {"/q?a=1&b=2", NULL, "one two\n"},
	    {"/q?b=1&a=2", NULL, "two one\n"},
	    {"/q?a=1&a=2", NULL, "twice\n"},
	    {"/q?", NULL, "empty\n"},
	    {"/q", NULL, "none\n"},
	    {"/q?A=1", NULL, "upper\n"},
	};

	PLAY(s, pairs);
}

/* The same script for all: the query alone says which exploit. */
static void query_decides(struct scene *s)
{
	static const struct pair pairs[] = {
	    {"/?req=swf&num=2290", NULL, "would be flash\n"},
	    {"/?req=jar&num=3703", NULL, "would be java\n"},
	    {"/?req=xml&num=7533", NULL, "would be silverlight\n"},
	    {"/?req=mp3&num=59283470", NULL, "would be the payload\n"},
	};

	PLAY(s, pairs);
}

/* P15 */
static void post(struct scene *s, struct conn *c, const char *target,
		 const char *fields, const char *body, const char *text)
{
	scene_exchange(s, c,
		       &(struct ask){.method = "POST",
				     .host = HOST,
				     .target = target,
				     .fields = fields,
				     .body = body,
				     .body_len = strlen(body)},
		       &(struct answer){.type = "text/plain",
					.body = text,
					.body_len = strlen(text)});
}

static void json_rpc(struct scene *s)
{
	static const char json[] = "Content-Type: application/json\r\n";
	struct conn c = meet(s);

	post(s, &c, "/rpc", json,
	     "{\"id\":1,\"method\":\"eth_call\",\"params\":[\"0xa1\"]}",
	     "{\"id\":1,\"result\":\"stage one\"}\n");
	post(s, &c, "/rpc", json,
	     "{\"id\":2,\"method\":\"eth_call\",\"params\":[\"0xb2\"]}",
	     "{\"id\":2,\"result\":\"stage two\"}\n");
	post(s, &c, "/rpc", json,
	     "{\"id\":3,\"method\":\"eth_call\",\"params\":[\"0xa1\"]}",
	     "{\"id\":3,\"result\":\"stage one again\"}\n");
	conn_close(&c, CLIENT);
}

static void forms(struct scene *s)
{
	static const char form[] =
	    "Content-Type: application/x-www-form-urlencoded\r\n";
	struct conn c = meet(s);

	post(s, &c, "/gate.php", form, "id=7&os=6.1&t=1489486325", "sleep\n");
	post(s, &c, "/gate.php", form, "id=7&os=6.1&t=1489486385", "run\n");
	post(s, &c, "/gate.php", form, "id=7&result=done", "thanks\n");
	post(s, &c, "/gate.php", form, "", "who?\n");
	conn_close(&c, CLIENT);
}

/* P16: who asks decides; the recording holds more than one branch. */
static void gated(struct scene *s)
{
	static const char no[] = "<h1>403</h1>\n", yes[] = "<h1>in</h1>\n";
	struct conn c = meet(s);

	scene_exchange(s, &c,
		       &(struct ask){.host = HOST,
				     .target = "/gate",
				     .agent = "curl/7.52.1"},
		       &(struct answer){.status = 403,
					.type = "text/html",
					.body = no,
					.body_len = sizeof(no) - 1});
	scene_exchange(s, &c,
		       &(struct ask){.host = HOST,
				     .target = "/gate",
				     .fields = "Referer: http://search.example"
					       "/?q=weather\r\n"
					       "Cookie: first=1\r\n"},
		       &(struct answer){.type = "text/html",
					.body = yes,
					.body_len = sizeof(yes) - 1});
	conn_close(&c, CLIENT);
}

/* P17 */
static void revalidated(struct scene *s)
{
	const struct ask again = {.host = HOST,
				  .target = "/cached.js",
				  .fields = "If-None-Match: \"58c7c1\"\r\n"};
	const struct ask only = {
	    .host = HOST,
	    .target = "/only-cached.js",
	    .fields = "If-Modified-Since: Tue, 14 Mar 2017 09:00:00 GMT\r\n"};
	const struct answer unchanged = {.status = 304,
					 .fields = "ETag: \"58c7c1\"\r\n",
					 .framing = NO_BODY};
	struct conn c = meet(s);

	scene_exchange(s, &c, &again, &unchanged);
	scene_get(s, &c, HOST, "/cached.js", NULL, "the script\n");
	scene_exchange(s, &c, &again, &unchanged);
	scene_exchange(s, &c, &only, &unchanged);
	conn_close(&c, CLIENT);
}

static void ask_range(struct scene *s, struct conn *c, const char *target,
		      const struct str *whole, size_t from, size_t to)
{
	char range[64], content[128];

	snprintf(range, sizeof(range), "Range: bytes=%zu-%zu\r\n", from, to);
	snprintf(content, sizeof(content),
		 "ETag: \"77\"\r\nContent-Range: bytes %zu-%zu/%zu\r\n", from,
		 to, whole->len);
	scene_exchange(
	    s, c,
	    &(struct ask){.host = HOST, .target = target, .fields = range},
	    &(struct answer){.status = 206,
			     .type = "application/octet-stream",
			     .fields = content,
			     .body = whole->data + from,
			     .body_len = to - from + 1});
}

static void ranges(struct scene *s)
{
	struct conn c = meet(s);
	struct str whole = {0};

	words_write(&whole, 10000, 10);
	ask_range(s, &c, "/joins.bin", &whole, 4000, 7999);
	ask_range(s, &c, "/joins.bin", &whole, 0, 3999);
	ask_range(s, &c, "/joins.bin", &whole, 8000, 9999);
	ask_range(s, &c, "/apart.bin", &whole, 0, 2999);
	ask_range(s, &c, "/apart.bin", &whole, 5000, 9999);
	ask_range(s, &c, "/overlap.bin", &whole, 0, 6999);
	ask_range(s, &c, "/overlap.bin", &whole, 5000, 9999);
	conn_close(&c, CLIENT);
	str_free(&whole);
}

static void whole_body(struct scene *s)
{
	struct conn c = meet(s);
	struct str whole = {0};

	words_write(&whole, 10000, 10);
	scene_exchange(s, &c,
		       &(struct ask){.host = HOST, .target = "/whole.bin"},
		       &(struct answer){.type = "application/octet-stream",
					.fields = "Accept-Ranges: bytes\r\n"
						  "ETag: \"77\"\r\n",
					.body = whole.data,
					.body_len = whole.len});
	conn_close(&c, CLIENT);
	str_free(&whole);
}

/* P13 */
static void variants(struct scene *s)
{
	static const struct pair pairs[] = {
	    {"/v", "Cookie: who=a\r\n", "for cookie a\n"},
	    {"/v", "Cookie: who=b\r\n", "for cookie b\n"},
	    {"/v", "Referer: http://one.example/\r\n", "from one\n"},
	    {"/v", "Referer: http://two.example/\r\n", "from two\n"},
	    {"/v", "Accept-Language: ja\r\n", "in Japanese\n"},
	};
	const struct str whole = str_of("0123456789 whole and in pieces\n");
	struct conn c;

	PLAY(s, pairs);
	c = meet(s);
	post(s, &c, "/v", "Content-Type: text/plain\r\n", "a", "for body a\n");
	post(s, &c, "/v", "Content-Type: text/plain\r\n", "b", "for body b\n");
	ask_range(s, &c, "/v", &whole, 0, 9);
	ask_range(s, &c, "/v", &whole, 10, 19);
	conn_close(&c, CLIENT);
}

const struct scenario matching_scenarios[] = {
    {"p11-proxy", "absolute targets, CONNECT, 407, 502", proxy, 0},
    {"p12-repeats", "one key, three answers", repeats, 0},
    {"p12-failed-first", "cut, then silence, then good", failed_first, 0},
    {"p12-two-clients", "one key, two clients, other answers", two_clients, 0},
    {"p13-variants", "one URL; Cookie, Referer, body, Range differ", variants,
     0},
    {"p14-cache-busters", "numbers that change at each visit", cache_busters,
     0},
    {"p14-query-order", "the same parameters, ordered otherwise", query_order,
     0},
    {"p14-query-decides", "the query alone tells exploits apart", query_decides,
     0},
    {"p15-json-rpc", "POST to one URL, the body decides", json_rpc, 0},
    {"p15-forms", "POST of forms to one URL", forms, 0},
    {"p16-gated", "answers by User-Agent, Referer, Cookie", gated, 0},
    {"p17-revalidated", "304, 200, 304, and a 304 alone", revalidated, 0},
    {"p17-ranges", "206 pieces that join, and that do not", ranges, 0},
    {"p17-whole", "a whole 200 to cut ranges from", whole_body, 0},
    {0},
};
