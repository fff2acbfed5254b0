/* Who led to whom: each kind of evidence, and which counts where several are
 * there. */
#include "exchanges.h"

#include "report/chain.h"

#include <stdio.h>

static struct chain chain;
static int64_t now; /* of the next request; answers come 5 later */

static int setup(void **state)
{
	(void)state;
	count = 0;
	now = 100;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	chain_release(&chain);
	forget_exchanges();
	return 0;
}

static uint32_t timed(uint32_t i)
{
	exchanges[i].time = now;
	exchanges[i].answer_time = exchanges[i].status ? now + 5 : 0;
	exchanges[i].end_time = now + 7;
	now += 10;
	return i;
}

/* url: "host/path"; referer NULL: none; answer: the response but for its last
 * lines, which tell the length, and body. */
static uint32_t ask(const char *url, const char *referer, const char *answer,
		    const char *body)
{
	char request[4000];
	struct buf response = {0};
	const char *path = strchr(url, '/');
	snprintf(request, sizeof request,
		 "GET %s HTTP/1.1\r\nHost: %.*s\r\n%s%s%s\r\n", path,
		 (int)(path - url), url, referer ? "Referer: " : "",
		 referer ? referer : "", referer ? "\r\n" : "");
	if (!answer)
		return timed(record(request, NULL));
	buf_printf(&response, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s",
		   answer, strlen(body), body);
	uint32_t i = record_bytes(request, buf_slice(&response));
	buf_release(&response);
	return timed(i);
}

#define HTML "200 OK\r\nContent-Type: text/html"
#define CSS "200 OK\r\nContent-Type: text/css"
#define JS "200 OK\r\nContent-Type: text/javascript"
#define GIF "200 OK\r\nContent-Type: image/gif"
#define TO(url) "302 Found\r\nLocation: " url

static uint32_t page(const char *url, const char *referer, const char *body)
{
	return ask(url, referer, HTML, body);
}

static uint32_t picture(const char *url, const char *referer)
{
	return ask(url, referer, GIF, "GIF89a");
}

static void build(void)
{
	struct recording r = recorded();
	chain_build(&chain, &r);
	assert_int_equal(chain.count, count);
}

static void check(uint32_t i, enum chain_by by, uint32_t cause)
{
	const struct chain_link *l = &chain.links[i];
	if (l->by != by || l->cause != cause)
		fail_msg("exchange %u: %s of %d, not %s of %d", i,
			 chain_by_name(l->by), (int)l->cause, chain_by_name(by),
			 (int)cause);
}

/* ---- one kind of evidence ---- */

static void test_links(void **state)
{
	(void)state;
	uint32_t a = page("h.example/", NULL,
			  "<script src=s.js></script><img src=/i.gif>"
			  "<iframe src='//o.example/f?a=1&amp;b=2'></iframe>");
	uint32_t s = ask("h.example/s.js", "http://h.example/", JS,
			 "x.src = \"http:\\/\\/p.example\\/x\"; load('y.php')");
	uint32_t i = picture("h.example/i.gif", NULL);
	uint32_t f = page("o.example/f?a=1&b=2", "http://h.example/", "");
	uint32_t x = picture("p.example/x", NULL);
	uint32_t y = picture("h.example/y.php", NULL);
	build();
	check(a, CHAIN_START, CHAIN_NONE);
	check(s, CHAIN_LINK, a);
	check(i, CHAIN_LINK, a);
	check(f, CHAIN_LINK, a);
	check(x, CHAIN_LINK, s);
	check(y, CHAIN_LINK, s); /* a string that was relative to its page */
	assert_int_equal(chain.first_page, a);
}

static void test_redirects(void **state)
{
	static const char *const answers[] = {
	    "301 Moved\r\nLocation: /n",
	    "302 Found\r\nLocation: http://h.example/n",
	    "303 Other\r\nLocation: n",
	    "307 Again\r\nLocation: //h.example/n",
	    "308 Moved\r\nLocation: ./x/../n#part",
	    "200 OK\r\nRefresh: 0;url=/n",
	};
	(void)state;
	for (size_t k = 0; k < COUNT(answers); k++) {
		uint32_t a = ask("h.example/", NULL, answers[k], "");
		uint32_t n = page("h.example/n", NULL, "");
		build();
		check(n, CHAIN_REDIRECT, a);
		chain_release(&chain);
		forget_exchanges();
	}
	uint32_t a = page("h.example/", NULL,
			  "<meta http-equiv=refresh content='0;url=/n'>");
	uint32_t n = page("h.example/n", "http://h.example/", "");
	build();
	check(n, CHAIN_REDIRECT, a);
}

static void test_referers(void **state)
{
	(void)state;
	uint32_t a = page("h.example/a?x", "http://search.example/?q=h", "");
	uint32_t b =
	    picture("o.example/made-by-script", "http://H.example/a?x");
	uint32_t c = picture("o.example/x", "http://not-recorded.example/");
	uint32_t d = picture("o.example/y", "about:blank");
	build();
	check(a, CHAIN_OUTSIDE, CHAIN_NONE);
	check(b, CHAIN_REFERER, a);
	check(c, CHAIN_OUTSIDE, CHAIN_NONE);
	check(d, CHAIN_START, CHAIN_NONE);
	assert_int_equal(chain.first_page, a);
}

static void test_own_and_icon(void **state)
{
	(void)state;
	uint32_t n =
	    ask("www.msftncsi.com/ncsi.txt", NULL,
		"200 OK\r\nContent-Type: text/plain", "Microsoft NCSI");
	uint32_t a = page("h.example/", NULL, "");
	uint32_t o = page("other.example/", NULL, "");
	uint32_t i = picture("h.example/favicon.ico", NULL);
	uint32_t j = picture("third.example/favicon.ico", NULL);
	build();
	check(n, CHAIN_OWN, CHAIN_NONE);
	check(i, CHAIN_LINK, a);
	check(j, CHAIN_START, CHAIN_NONE);
	check(o, CHAIN_START, CHAIN_NONE);
	assert_int_equal(chain.first_page, a);
}

/* ---- which counts ---- */

/* The Referer's page has the link, and so has another that is nearer. */
static void test_referer_and_links(void **state)
{
	(void)state;
	uint32_t a = page("h.example/a", NULL, "<a href=/x>");
	uint32_t b = page("h.example/b", NULL, "<a href=/x>");
	uint32_t x = page("h.example/x", "http://h.example/a", "");
	uint32_t y = page("h.example/x", NULL, "");
	uint32_t c = page("h.example/c", NULL, "");
	uint32_t z = page("h.example/x", "http://h.example/c", "");
	build();
	check(x, CHAIN_LINK, a);
	check(y, CHAIN_LINK, b);
	check(c, CHAIN_START, CHAIN_NONE);
	check(z, CHAIN_REFERER, c);
}

/* What a page loads may send the page's Referer. */
static void test_loaded_for_a_page(void **state)
{
	(void)state;
	uint32_t a = page("h.example/", NULL,
			  "<link rel=stylesheet href=s.css>"
			  "<iframe src=/f.html></iframe>");
	uint32_t s = ask("h.example/s.css", "http://h.example/", CSS,
			 "@import 't.css';");
	uint32_t t = ask("h.example/t.css", "http://h.example/s.css", CSS,
			 "p{background:url(i.gif)} q{background:url(j.gif)}");
	uint32_t f =
	    page("h.example/f.html", "http://h.example/", "<img src=k.gif>");
	uint32_t i = picture("h.example/i.gif", "http://h.example/");
	uint32_t j = picture("h.example/j.gif", "http://h.example/t.css");
	uint32_t k = picture("h.example/k.gif", "http://h.example/");
	build();
	check(s, CHAIN_LINK, a);
	check(t, CHAIN_LINK, s);
	check(f, CHAIN_LINK, a);
	check(i, CHAIN_LINK, t);
	check(j, CHAIN_LINK, t);
	check(k, CHAIN_REFERER, a); /* a frame sends its own */
}

/* Redirects keep the Referer of what they answer, and are followed once. */
static void test_redirect_and_referer(void **state)
{
	(void)state;
	uint32_t a = page("h.example/", NULL, "<iframe src=/r></iframe>");
	uint32_t r = ask("h.example/r", "http://h.example/", TO("/x"), "");
	uint32_t q = ask("h.example/q", NULL, TO("http://o.example/y"), "");
	uint32_t x = page("h.example/x", "http://h.example/",
			  "<a href=/x><a href='http://o.example/y'>");
	uint32_t again = page("h.example/x", "http://h.example/x", "");
	uint32_t y = page("o.example/y", "http://h.example/x", "");
	uint32_t retry = page("h.example/x", "http://h.example/", "");
	build();
	check(r, CHAIN_LINK, a);
	check(q, CHAIN_START, CHAIN_NONE);
	check(x, CHAIN_REDIRECT, r);
	check(again, CHAIN_LINK, x);
	check(y, CHAIN_LINK, x); /* q's redirect came from elsewhere */
	check(retry, CHAIN_LINK, r);
}

static void test_redirect_chain(void **state)
{
	(void)state;
	uint32_t a = ask("a.example/", NULL, TO("http://b.example/"), "");
	uint32_t b = ask("b.example/", NULL, TO("http://b.example/"), "");
	uint32_t c = ask("b.example/", NULL, TO("http://c.example:8080/x"), "");
	uint32_t d = page("c.example:8080/x", NULL, "");
	build();
	check(b, CHAIN_REDIRECT, a);
	check(c, CHAIN_REDIRECT, b); /* to itself, with a cookie */
	check(d, CHAIN_REDIRECT, c);
	assert_int_equal(chain.first_page, a);
}

/* strict-origin-when-cross-origin */
static void test_cut_referers(void **state)
{
	(void)state;
	uint32_t root = page("h.example/", NULL, "<a href=/p>");
	uint32_t p = page("h.example/p", "http://h.example/",
			  "<img src=http://o.example/i>");
	uint32_t i = picture("o.example/i", "http://h.example/");
	uint32_t j = picture("o.example/j", "http://h.example/");
	uint32_t q = page("k.example/q", NULL, "");
	uint32_t k = picture("o.example/k", "http://k.example/");
	uint32_t same = picture("k.example/l", "http://k.example/");
	build();
	check(p, CHAIN_LINK, root);
	check(i, CHAIN_LINK, p);
	check(j, CHAIN_REFERER, root);
	check(k, CHAIN_REFERER, q);
	check(same, CHAIN_OUTSIDE, CHAIN_NONE); /* within a site none is cut */
}

/* Plug-ins cut long Referers in the query. */
static void test_begun_referers(void **state)
{
	(void)state;
	uint32_t a = page("h.example/view?id=0123456789&more=1", NULL, "");
	uint32_t x =
	    picture("h.example/x", "http://h.example/view?id=01234567");
	uint32_t y = picture("h.example/y", "http://h.example/vi");
	build();
	check(x, CHAIN_REFERER, a);
	check(y, CHAIN_OUTSIDE, CHAIN_NONE);
}

/* The page was in the client's cache: what it held before is shown again. */
static void test_revalidated(void **state)
{
	(void)state;
	uint32_t a = page("h.example/", NULL, "<img src=i.gif>");
	uint32_t i = picture("h.example/i.gif", "http://h.example/");
	uint32_t b = ask("h.example/", NULL, "304 Not Modified", "");
	uint32_t j = picture("h.example/i.gif", "http://h.example/");
	uint32_t k = picture("h.example/favicon.ico", NULL);
	build();
	check(i, CHAIN_LINK, a);
	check(b, CHAIN_START, CHAIN_NONE);
	check(j, CHAIN_LINK, b);
	check(k, CHAIN_LINK, b);
}

/* ---- who can be a cause ---- */

static void test_time_and_clients(void **state)
{
	(void)state;
	uint32_t x = picture("h.example/x", NULL);
	uint32_t a = page("h.example/", NULL, "<img src=x><img src=y>");
	uint32_t early = picture("h.example/y", NULL);
	uint32_t other = picture("h.example/x", "http://h.example/");
	uint32_t late = picture("h.example/y", NULL);
	exchanges[early].time = exchanges[a].answer_time - 1;
	flows[other].ends[0].address.bytes[3]++;
	build();
	check(x, CHAIN_START, CHAIN_NONE);
	check(early, CHAIN_START, CHAIN_NONE);
	check(other, CHAIN_OUTSIDE, CHAIN_NONE);
	check(late, CHAIN_LINK, a);
}

/* Recordings made without times: the order counts. */
static void test_no_times(void **state)
{
	(void)state;
	uint32_t a = page("h.example/", NULL, "<img src=x>");
	uint32_t x = picture("h.example/x", NULL);
	for (size_t i = 0; i < count; i++)
		exchanges[i].time = exchanges[i].answer_time =
		    exchanges[i].end_time = 0;
	build();
	check(x, CHAIN_LINK, a);
}

static void test_nearest(void **state)
{
	(void)state;
	page("h.example/", NULL, "<img src=x>");
	uint32_t b = page("h.example/", NULL, "<img src=x>");
	uint32_t c = page("h.example/c", NULL, "f('x')");
	uint32_t x = picture("h.example/x", "http://h.example/");
	uint32_t y = picture("h.example/x", NULL);
	build();
	check(b, CHAIN_START, CHAIN_NONE); /* not of its own link */
	check(c, CHAIN_START, CHAIN_NONE);
	check(x, CHAIN_LINK, b);
	check(y, CHAIN_LINK, b);
}

/* ---- how URLs are compared ---- */

static void test_same_urls(void **state)
{
	static const struct {
		const char *link, *url;
	} same[] =
	    {
		{"http://H.EXAMPLE:80/x", "h.example/x"},
		{"/a/../x#part", "h.example/x"},
		{"http://h.example./x", "h.example:80/x"},
		{"/%7Ex?%2f", "h.example/~x?%2F"},
		{"/~x", "h.example/%7ex"},
		{"/a b", "h.example/a%20b"},
		{"http://h.example?q", "h.example/?q"},
		{"http://0300.0.2.1/x", "192.0.2.1/x"},
	    },
	  other[] = {
	      {"/x", "h.example/X"},       {"/x?a", "h.example/x"},
	      {"/x", "h.example:8080/x"},  {"/x/", "h.example/x"},
	      {"/a%2Fb", "h.example/a/b"},
	  };
	(void)state;
	for (size_t k = 0; k < COUNT(same) + COUNT(other); k++) {
		bool is_same = k < COUNT(same);
		const char *link =
		    is_same ? same[k].link : other[k - COUNT(same)].link;
		const char *url =
		    is_same ? same[k].url : other[k - COUNT(same)].url;
		char body[200];
		snprintf(body, sizeof body, "<a href=\"%s\">", link);
		uint32_t a = page("h.example/page", NULL, body);
		uint32_t x = page(url, NULL, "");
		build();
		if (is_same != (chain.links[x].by == CHAIN_LINK))
			fail_msg("%s and %s", link, url);
		assert_int_equal(chain.links[x].cause,
				 is_same ? a : CHAIN_NONE);
		chain_release(&chain);
		forget_exchanges();
	}
}

/* The raw form counts first. */
static void test_raw_first(void **state)
{
	(void)state;
	uint32_t a = page("h.example/a", NULL, "<a href='/x%2f'>");
	uint32_t b = page("h.example/b", NULL, "<a href='/x%2F'>");
	uint32_t x = page("h.example/x%2f", NULL, "");
	uint32_t y = page("h.example/x%2F", NULL, "");
	build();
	check(x, CHAIN_LINK, a);
	check(y, CHAIN_LINK, b);
}

/* Browsers ask links to http as https (P38). */
static void test_upgraded(void **state)
{
	(void)state;
	uint32_t a = page("h.example/", NULL, "<a href='http://s.example/x'>");
	uint32_t x = page("s.example/x", NULL, "");
	exchanges[x].https = true;
	flows[x].ends[1].port = 443;
	build();
	check(x, CHAIN_LINK, a);
	assert_int_equal(chain.unfollowed_all[FOLLOW_CLICKED], 0);
}

/* ---- trees ---- */

static void test_first_page(void **state)
{
	(void)state;
	picture("cdn.example/lone.gif", NULL);
	page("small.example/", NULL, "<img src=1>");
	picture("small.example/1", NULL);
	uint32_t r = ask("tds.example/", "http://search.example/",
			 TO("http://kit.example/"), "");
	uint32_t k = page("kit.example/", "http://search.example/",
			  "<img src=1><img src=2>");
	picture("kit.example/1", "http://kit.example/");
	picture("kit.example/2", "http://kit.example/");
	/* the largest tree, but it begins with no page */
	ask("c2.example/tasks", NULL,
	    "200 OK\r\nContent-Type: application/json",
	    "[\"/1\",\"/2\",\"/3\",\"/4\",\"/5\"]");
	picture("c2.example/1", NULL);
	picture("c2.example/2", NULL);
	picture("c2.example/3", NULL);
	picture("c2.example/4", NULL);
	picture("c2.example/5", NULL);
	build();
	check(r, CHAIN_OUTSIDE, CHAIN_NONE);
	check(k, CHAIN_REDIRECT, r);
	assert_int_equal(chain.first_page, r);
}

static void test_no_first_page(void **state)
{
	(void)state;
	picture("h.example/x", NULL);
	page("captive.apple.com/", NULL, "<img src=/i>");
	picture("captive.apple.com/i", "http://captive.apple.com/");
	build();
	assert_int_equal(chain.first_page, CHAIN_NONE);
	chain_release(&chain);
	forget_exchanges();
	build(); /* nothing recorded at all */
	assert_int_equal(chain.first_page, CHAIN_NONE);
}

/* ---- links that nobody followed ---- */

static void test_unfollowed(void **state)
{
	(void)state;
	uint32_t a = page("h.example/", NULL,
			  "<img src=x><img src=/y><img src=/y>"
			  "<a href=https://o.example/z>"
			  "<script>u='http://p.example/s';v='maybe.js'"
			  "</script><a href=ftp://h.example/f>");
	picture("h.example/x", "http://h.example/");
	uint32_t b = ask("h.example/r", NULL, TO("/gone"), "");
	build();
	static const struct {
		enum follow_kind kind;
		const char *url;
	} expected[] = {
	    {FOLLOW_LOADED, "http://h.example/y"},
	    {FOLLOW_CLICKED, "https://o.example/z"},
	    {FOLLOW_SCRIPTED, "http://p.example/s"},
	    {FOLLOW_LOADED, "http://h.example/gone"},
	};
	assert_int_equal(chain.unfollowed_count, COUNT(expected));
	for (size_t i = 0; i < COUNT(expected); i++) {
		const struct unfollowed *u = &chain.unfollowed[i];
		assert_text(u->url, expected[i].url);
		assert_string_equal(follow_kind_name(u->kind),
				    follow_kind_name(expected[i].kind));
		assert_int_equal(u->exchange, i < 3 ? a : b);
	}
	assert_int_equal(chain.unfollowed_all[FOLLOW_LOADED], 2);
	assert_int_equal(chain.unfollowed_all[FOLLOW_CLICKED], 1);
	assert_int_equal(chain.unfollowed_all[FOLLOW_SCRIPTED], 1);
}

static void test_many_unfollowed(void **state)
{
	(void)state;
	struct buf body = {0};
	for (unsigned i = 0; i < 5000; i++)
		buf_printf(&body, "<img src=/%u><a href=/%u>", i, i);
	buf_add_byte(&body, 0);
	page("h.example/", NULL, (const char *)body.data);
	build();
	assert_int_equal(chain.unfollowed_count, 1000);
	assert_text(chain.unfollowed[999].url, "http://h.example/999");
	assert_int_equal(chain.unfollowed_all[FOLLOW_LOADED], 5000);
	assert_int_equal(chain.unfollowed_all[FOLLOW_CLICKED], 0);
	buf_release(&body);
}

/* Requests that are no visits, and answers that are none. */
static void test_odd_exchanges(void **state)
{
	(void)state;
	uint32_t o = timed(record("OPTIONS * HTTP/1.1\r\nHost: h.example\r\n"
				  "Referer: http://h.example/\r\n\r\n",
				  "HTTP/1.1 204 No\r\n\r\n"));
	uint32_t c = timed(record("CONNECT h.example:443 HTTP/1.1\r\n\r\n",
				  "HTTP/1.1 200 OK\r\n\r\n"));
	uint32_t n = timed(record("GET /n HTTP/1.0\r\n\r\n",
				  "HTTP/1.0 302 F\r\nLocation: m\r\n\r\n"));
	uint32_t m = timed(record("GET /m HTTP/1.0\r\n\r\n", NULL));
	uint32_t p = timed(record("GET http://h.example/m HTTP/1.1\r\n"
				  "Referer: http://192.0.2.1/m\r\n\r\n",
				  NULL));
	build();
	check(o, CHAIN_START, CHAIN_NONE);
	check(c, CHAIN_START, CHAIN_NONE);
	check(n, CHAIN_START, CHAIN_NONE);
	check(m, CHAIN_REDIRECT, n); /* the host is the server's address */
	check(p, CHAIN_REFERER, m);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
	    TEST(test_links),
	    TEST(test_redirects),
	    TEST(test_referers),
	    TEST(test_own_and_icon),
	    TEST(test_referer_and_links),
	    TEST(test_loaded_for_a_page),
	    TEST(test_redirect_and_referer),
	    TEST(test_redirect_chain),
	    TEST(test_cut_referers),
	    TEST(test_begun_referers),
	    TEST(test_revalidated),
	    TEST(test_time_and_clients),
	    TEST(test_no_times),
	    TEST(test_nearest),
	    TEST(test_same_urls),
	    TEST(test_raw_first),
	    TEST(test_upgraded),
	    TEST(test_first_page),
	    TEST(test_no_first_page),
	    TEST(test_unfollowed),
	    TEST(test_many_unfollowed),
	    TEST(test_odd_exchanges),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
