/* Links found in recorded answers: each place where one may stand, and what is
 * none. */
#include "exchanges.h"

#include "report/links_scan.h"

#include "rewrite/coding.h"

#include <stdio.h>
#include <time.h>

#define REQUEST "GET /a/b.html?q HTTP/1.1\r\nHost: h.example\r\n\r\n"
#define BASE "http://h.example"

static struct links *links;
static struct buf found; /* one link a line */
static enum answer_form form;

static int setup(void **state)
{
	(void)state;
	count = 0;
	links = links_new();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	links_free(links);
	buf_release(&found);
	forget_exchanges();
	return 0;
}

static void note(void *context, enum link_kind kind, struct slice url)
{
	static const char kinds[] = "RLCNSP"; /* of enum link_kind */
	(void)context;
	buf_add_byte(&found, (uint8_t)kinds[kind]);
	buf_add_byte(&found, ' ');
	if (slice_starts(url, SLICE(BASE "/")))
		url = slice_from(url, strlen(BASE));
	buf_add(&found, url);
	buf_add_byte(&found, '\n');
}

static void answer(const char *head, struct slice body)
{
	struct buf text = {0};
	buf_add_string(&text, head);
	buf_printf(&text, "Content-Length: %zu\r\n\r\n", body.len);
	buf_add(&text, body);
	uint32_t i = record_bytes(REQUEST, buf_slice(&text));
	buf_clear(&found);
	form = links_find(links, &exchanges[i], note, NULL);
	buf_release(&text);
	forget_exchanges();
}

static void body_of(const char *type, struct slice body)
{
	char head[200];
	snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\n",
		 type);
	answer(head, body);
}

/* A body, and the links in it: "L /x\n" and so on, in any order of lines that
 * links_find has; those that are only possible are left out if expected has
 * none. */
struct page {
	const char *body, *expected;
};

static void drop_possible(void)
{
	struct buf kept = {0};
	struct slice rest = buf_slice(&found);
	while (rest.len) {
		size_t len = slice_find(rest, '\n') + 1;
		if (rest.data[0] != 'P')
			buf_add(&kept, slice_to(rest, len));
		rest = slice_from(rest, len);
	}
	buf_release(&found);
	found = kept;
}

static void check_found(const char *what, const char *expected)
{
	if (!strstr(expected, "P "))
		drop_possible();
	if (!slice_equal(buf_slice(&found), slice_of(expected)))
		fail_msg("%s\nfound:\n%.*sexpected:\n%s", what, (int)found.len,
			 found.len ? (const char *)found.data : "", expected);
}

static void check(const char *type, const struct page *pages, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		body_of(type, slice_of(pages[i].body));
		check_found(pages[i].body, pages[i].expected);
	}
}

#define CHECK(type, pages) check(type, pages, COUNT(pages))

static void test_elements(void **state)
{
	static const struct page pages[] = {
	    {"<a href=x.html>", "C /a/x.html\n"},
	    {"<A HREF='../x'>", "C /x\n"},
	    {"<area href=//o.example/x>", "C http://o.example/x\n"},
	    {"<img src=\"/i.png\" lowsrc=/l.png>", "L /i.png\nL /l.png\n"},
	    {"<img dynsrc=m.avi>", "L /a/m.avi\n"},
	    {"<img srcset='1.png 1x, /2.png 2x'>", "N /a/1.png\nN /2.png\n"},
	    {"<img srcset='1.png, 2.png 2x,3.png'>",
	     "N /a/1.png\nN /a/2.png\nN /a/3.png\n"},
	    {"<script src=s.js></script>", "L /a/s.js\n"},
	    {"<iframe src='http://o.example/?a&amp;b'></iframe>",
	     "L http://o.example/?a&b\n"},
	    {"<frame src=f><frame src=g>", "L /a/f\nL /a/g\n"},
	    {"<iframe srcdoc=\"<img src='/x'>\">", "L /x\n"},
	    {"<iframe srcdoc=\"&lt;img src=/x?a&amp;amp;b&gt;\">",
	     "L /x?a&b\n"},
	    {"<embed src=m.swf>", "L /a/m.swf\n"},
	    {"<object data=m.swf>", "L /a/m.swf\n"},
	    {"<video poster=p.jpg><source src=v.mp4><track src=t.vtt>",
	     "L /a/p.jpg\nL /a/v.mp4\nL /a/t.vtt\n"},
	    {"<body background=b.gif><table background=c.gif>",
	     "L /a/b.gif\nL /a/c.gif\n"},
	    {"<form action=/post><button formaction=/other>",
	     "C /post\nC /other\n"},
	    {"<form action=''><a href=''><img src=''>", ""},
	    {"<link rel=stylesheet href=s.css>", "L /a/s.css\n"},
	    {"<link rel='SHORTCUT ICON' href=/i.ico>", "L /i.ico\n"},
	    {"<link rel=\"alternate stylesheet\" href=s.css>", "C /a/s.css\n"},
	    {"<link rel=next href=n.html>", "C /a/n.html\n"},
	    {"<link href=n.html>", "C /a/n.html\n"}, /* nothing loads it */
	    {"<link rel=dns-prefetch href=//o.example>", ""},
	    {"<blockquote cite=/c>", "C /c\n"},
	    {"<svg><image xlink:href=i.png /><a xlink:href=x></a></svg>",
	     "L /a/i.png\nC /a/x\n"},
	    {"<a href='#top'><a href='mailto:a@b.example'>", ""},
	    {"<a href=\"javascript:open('http://o.example/x')\">",
	     "S http://o.example/x\n"},
	    {"<a href='x y'>", "C /a/x%20y\n"},
	    {"<a href='\n x\n y '>", "C /a/x%20y\n"},
	    {"<a href=\"x?a=1&lt=2&copy;&amp;b\">",
	     "C /a/x?a=1&lt=2&copy;&b\n"},
	    {"<a href=&#47;x&#x2F;y>", "C /x/y\n"},
	    {"<a data-x=1 href=x", ""}, /* the tag does not end */
	    {"</a href=x>", ""},
	};
	(void)state;
	CHECK("text/html", pages);
	assert_int_equal(form, ANSWER_PAGE);
}

/* Java, Flash, ActiveX: what drive-by downloads came in. */
static void test_plugins(void **state)
{
	static const struct page pages[] = {
	    {"<applet archive=a.jar code=A.class>",
	     "L /a/a.jar\nN /a/A.class\n"},
	    {"<applet code=a.b.C codebase=/j archive='x.jar, y.jar'>",
	     "N /j/a/b/C.class\nL /j/x.jar\nL /j/y.jar\n"},
	    {"<applet codebase=http://o.example/j/><param name=archive "
	     "value=p.jar>",
	     "L http://o.example/j/p.jar\n"},
	    {"<applet><param name='jnlp_href' value='x.jnlp'>",
	     "L /a/x.jnlp\n"},
	    {"<object classid='clsid:D27CDB6E' "
	     "codebase='http://o.example/f.cab#version=9'>"
	     "<param name=movie value=/m.swf>",
	     "N http://o.example/f.cab\nL http://o.example/m.swf\n"},
	    {"<object><param name=url value='http://o.example/x'>",
	     "L http://o.example/x\nS http://o.example/x\n"},
	    {"<param name=exec value='http://o.example/e?x=1'>",
	     "S http://o.example/e?x=1\n"},
	    {"<param name=FlashVars value='a=1&amp;u=http://o.example/"
	     "x&amp;v=https://p.example/y'>",
	     "S http://o.example/x\nS https://p.example/y\n"},
	    {"<embed type=application/x-java-applet java_code=A "
	     "java_archive=b.jar>",
	     "N /a/A.class\nL /a/b.jar\n"},
	};
	(void)state;
	CHECK("text/html", pages);
}

static void test_base_and_refresh(void **state)
{
	static const struct page pages[] = {
	    {"<a href=1><base href='http://o.example/d/'><a href=2>"
	     "<base href=/ignored/><a href=3>",
	     "C /a/1\nC http://o.example/d/2\nC http://o.example/d/3\n"},
	    {"<base target=_top><base href=/d/><img src=x>", "L /d/x\n"},
	    {"<meta http-equiv=refresh content='0; url=/x'>", "R /x\n"},
	    {"<META HTTP-EQUIV='Refresh' CONTENT='3.5;URL=\"x y\"'>",
	     "R /a/x%20y\n"},
	    {"<meta http-equiv=refresh content=\"0;url='http://o.example/'\">",
	     "R http://o.example/\n"},
	    {"<meta http-equiv=refresh content='0; /x'>", "R /x\n"},
	    {"<meta http-equiv=refresh content='5'>", ""},
	    {"<meta name=refresh content='0;url=/x'>", ""},
	    {"<meta property=og:image content=http://o.example/i.png>",
	     "P http://o.example/i.png\n"},
	};
	(void)state;
	CHECK("text/html; charset=utf-8", pages);
}

static void test_conditions(void **state)
{
	static const struct page pages[] = {
	    {"<!-- <img src=x> --><img src=y>", "L /a/y\n"},
	    {"<!--[if lt IE 9]><script src=x.js></script><![endif]-->",
	     "N /a/x.js\n"},
	    {"<!--[if !IE]><!--><img src=y><!--<![endif]-->", "L /a/y\n"},
	    {"<noscript><img src=x><a href=y></noscript><img src=z>",
	     "N /a/x\nC /a/y\nL /a/z\n"},
	    {"<textarea><img src=x></textarea><title><a href=y></title>", ""},
	};
	(void)state;
	CHECK("text/html", pages);
}

static void test_styles(void **state)
{
	static const struct page pages[] = {
	    {"@import 'a.css'; @import url(/b.css);", "L /a/a.css\nL /b.css\n"},
	    {"@import url(\"c.css\") print;", "L /a/c.css\n"},
	    {"p { background: url( x.png ) url('y.png'),url(\"z.png\") }",
	     "N /a/x.png\nN /a/y.png\nN /a/z.png\n"},
	    {"/* url(x) */ p { src: URL(../f.woff?#iefix) }", "N /f.woff?\n"},
	    {"p { background: url(\\78\\2e png) }", "N /a/x.png\n"},
	    {"p { background: url(data:image/png;base64,AA) }", ""},
	    {"p { background: url(", ""},
	    {"/* never closed url(x)", ""},
	    {"@import url(a", "L /a/a\n"},
	    {"p{filter:AlphaImageLoader(src='i.png')}", "P /a/i.png\n"},
	};
	static const struct page in_pages[] = {
	    {"<style>@import 's.css';p{background:url(b.png)}</style>",
	     "L /a/s.css\nN /a/b.png\n"},
	    {"<p style=\"background:url('b.png')\">", "N /a/b.png\n"},
	    {"<p style='background:url(&quot;b.png&quot;)'>", "N /a/b.png\n"},
	};
	(void)state;
	CHECK("text/css", pages);
	assert_int_equal(form, ANSWER_STYLE);
	CHECK("text/html", in_pages);
}

static void test_scripts(void **state)
{
	static const struct page pages[] = {
	    {"location = 'http://o.example/x?y=1';",
	     "S http://o.example/x?y=1\n"},
	    {"var u=\"https:\\/\\/o.example\\/x\";", "S https://o.example/x\n"},
	    {"u='\\x68\\x74\\x74\\x70\\x3a\\x2f\\x2fo.example\\x2fx'",
	     "S http://o.example/x\n"},
	    {"u='http\\u003a\\u002f\\u002fo.example/x'",
	     "S http://o.example/x\n"},
	    {"u = '//o.example/x.js';", "S http://o.example/x.js\n"},
	    {"u = \"//192.0.2.1/x\"; // http://o.example/c",
	     "S http://192.0.2.1/x\nS http://o.example/c\n"},
	    {"f('x') //o.example/comment\n", ""},
	    {"f('') //o.example/y'", ""},
	    {"var url = 'http://' + host + '/x';", ""},
	    {"u = 'http://o.example/x?r=' + r;", "P http://o.example/x?r=\n"},
	    {"u = `http://o.example/${x}`", "P http://o.example/$%7Bx%7D\n"},
	    {"xhttp://o.example/", ""},
	    {"ns = 'http://www.w3.org/2000/svg'",
	     "P http://www.w3.org/2000/svg\n"},
	    {"load('x.php?id=1'); a = 'word';", "P /a/x.php?id=1\n"},
	    {"w('<iframe src=\"/in.php\"></iframe>')", "P /in.php\n"},
	    {"w(\"<img src=\\\"i/x.gif\\\">\")", "P /a/i/x.gif\n"},
	    {"u = 'a b.html'", ""},
	    {"u='http://o.example/go?to=http://p.example/x'",
	     "S http://o.example/go?to=http://p.example/x\n"
	     "P http://p.example/x\n"},
	    {"u='/share?u=http%3A%2F%2Fp.example%2Fx%2520y&t=1'",
	     "P /share?u=http%3A%2F%2Fp.example%2Fx%2520y&t=1\n"
	     "P http://p.example/x%20y\n"},
	    {"unescape('%68%74%74%70%3a%2f%2fo.example%2fx')",
	     "P http://o.example/x\n"},
	    {"/^https?:\\/\\/(.*)/", ""},
	};
	static const struct page data[] = {
	    {"{\"u\":\"http:\\/\\/o.example\\/x\",\"v\":\"\\/y.json\"}",
	     "S http://o.example/x\nP /y.json\n"},
	    {"[\"//o.example/x\", \"plain\"]", "S http://o.example/x\n"},
	};
	static const struct page text[] = {
	    {"See http://o.example/x, or (https://p.example/y).\n",
	     "S http://o.example/x\nS https://p.example/y\n"},
	    {"http://o.example/1\nhttp://o.example/2",
	     "S http://o.example/1\nS http://o.example/2\n"},
	};
	static const struct page in_pages[] = {
	    {"<script>var u = 'http://o.example/a&b';</script>",
	     "S http://o.example/a&b\n"},
	    {"<script>document.write(\"<img src='http://o.example/a&amp;b'>"
	     "\")</script>",
	     "S http://o.example/a&b\n"},
	    {"<body onload=\"go(&quot;http://o.example/x&quot;)\">",
	     "S http://o.example/x\n"},
	    {"<img data-src='l.png'>", "P /a/l.png\n"},
	};
	(void)state;
	CHECK("application/javascript", pages);
	assert_int_equal(form, ANSWER_TEXT);
	CHECK("application/json", data);
	CHECK("text/plain", text);
	CHECK("text/html", in_pages);
}

static void test_xml(void **state)
{
	static const struct page pages[] = {
	    {"<svg xmlns='http://www.w3.org/2000/svg'><image "
	     "xlink:href='i.png'/><a href='x'/></svg>",
	     "L /a/i.png\nC /a/x\n"},
	    {"<?xml-stylesheet type='text/xsl' href='s.xsl'?><x/>",
	     "L /a/s.xsl\n"},
	    {"<rss><link>http://o.example/x</link></rss>",
	     "S http://o.example/x\n"},
	    {"<jnlp codebase='http://o.example/d/' href='l.jnlp'><jar "
	     "href='a.jar'/></jnlp>",
	     "L http://o.example/d/l.jnlp\nL http://o.example/d/a.jar\n"},
	};
	(void)state;
	CHECK("image/svg+xml", pages);
	CHECK("application/xml", pages);
	CHECK("application/x-java-jnlp-file", pages);
}

static void test_fields(void **state)
{
	static const struct page heads[] = {
	    {"HTTP/1.1 302 Found\r\nLocation: ../x\r\n", "R /x\n"},
	    {"HTTP/1.1 301 M\r\nlocation: http://o.example\r\n",
	     "R http://o.example/\n"},
	    {"HTTP/1.1 307 T\r\nLocation: //o.example/x#y\r\n",
	     "R http://o.example/x\n"},
	    {"HTTP/1.1 308 P\r\nLocation: ?z\r\n", "R /a/b.html?z\n"},
	    {"HTTP/1.1 201 Created\r\nLocation: /new\r\n", "P /new\n"},
	    {"HTTP/1.1 200 OK\r\nRefresh: 0; url=/x\r\n", "R /x\n"},
	    {"HTTP/1.1 200 OK\r\nRefresh: 5;URL='x'\r\n", "R /a/x\n"},
	    {"HTTP/1.1 200 OK\r\nLink: </s.css>; rel=preload; as=style, "
	     "</n>; rel=\"next\"\r\n",
	     "L /s.css\nC /n\n"},
	    {"HTTP/1.1 200 OK\r\nLink: <x\r\n", ""},
	    {"HTTP/1.1 200 OK\r\nContent-Location: /x.en\r\n", "P /x.en\n"},
	    {"HTTP/1.1 302 Found\r\nLocation: javascript:x\r\n", ""},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(heads); i++) {
		answer(heads[i].body, (struct slice){0});
		check_found(heads[i].body, heads[i].expected);
	}
}

/* Codings are taken off, as far as they go; what is no text is left alone. */
static void test_bodies(void **state)
{
	static const char page[] = "<img src=x><a href=y>";
	static const char wide[] = "\xff\xfe<\0a\0 \0h\0r\0e\0f\0=\0x\0>\0";
	static const char html[] = "<html><img src=x>";
	static const char jpeg[] = "\xff\xd8\xff\xe0 'http://o.example/x'";
	struct buf coded = {0};
	(void)state;
	assert_true(coding_encode(SLICE("gzip"), slice_of(page), &coded));
	answer("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
	       "Content-Encoding: gzip\r\n",
	       buf_slice(&coded));
	check_found("gzip", "L /a/x\nC /a/y\n");
	answer("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
	       "Content-Encoding: gzip\r\n",
	       slice_to(buf_slice(&coded), coded.len - 9));
	check_found("gzip, cut", "L /a/x\nC /a/y\n");
	buf_release(&coded);
	body_of("text/html",
		(struct slice){(const uint8_t *)wide, sizeof wide - 1});
	check_found("UTF-16", "C /a/x\n");
	answer("HTTP/1.1 200 OK\r\n", slice_of(html));
	check_found("no type", "L /a/x\n");
	body_of("image/jpeg", slice_of(jpeg));
	check_found("a picture", "");
	assert_int_equal(form, ANSWER_OTHER);
	body_of("text/html", (struct slice){0});
	assert_int_equal(form, ANSWER_PAGE);
	body_of("text/html", slice_of(jpeg));
	check_found("a picture that says to be a page", "");
}

static void ignore(void *context, enum link_kind kind, struct slice url)
{
	(void)kind;
	(void)url;
	++*(size_t *)context;
}

/* Bodies made to take long: each within its bounds. */
static void test_hostile(void **state)
{
	static const struct {
		const char *type, *part;
	} parts[] = {
	    {"text/html", "<a href=x>"},
	    {"text/html", "<"},
	    {"text/html", "<!--[if"},
	    {"text/html", "<!--[if]><iframe srcdoc='"},
	    {"text/html", "<script>"},
	    {"text/html", "<a x='"},
	    {"text/html", "<a &amp; "},
	    {"text/html", "<a href='&amp"},
	    {"text/html", "<object codebase=x archive='a,"},
	    {"text/html", "<noscript>"},
	    {"application/javascript", "http://"},
	    {"application/javascript", "'http://a.b/"},
	    {"application/javascript", "'\\"},
	    {"application/javascript", "'.'"},
	    {"application/javascript", "\\x68ttp:\\/\\/"},
	    {"application/javascript", "%68ttp%3a%2f%2fa.b"},
	    {"application/javascript", "/../'"},
	    {"text/css", "url("},
	    {"text/css", "url('x')"},
	    {"text/css", "/*"},
	    {"text/css", "@import "},
	    {"text/xml", "<?xml-stylesheet "},
	    {"text/xml", "<x>http://a.b/"},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(parts); i++) {
		struct buf text = {0};
		size_t links_count = 0;
		buf_printf(&text, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\n\r\n",
			   parts[i].type);
		while (text.len < LINKS_BODY_MAX / 4)
			buf_add_string(&text, parts[i].part);
		uint32_t at = record_bytes(REQUEST, buf_slice(&text));
		clock_t start = clock();
		links_find(links, &exchanges[at], ignore, &links_count);
		double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
		if (seconds > 10) /* under sanitizers */
			fail_msg("%s: %.1f s", parts[i].part, seconds);
		assert_true(links_count <= LINKS_COUNT_MAX);
		buf_release(&text);
		forget_exchanges();
	}
}

/* Once all bodies together were long enough, only the start of each is read. */
static void test_budget(void **state)
{
	struct buf text = {0};
	(void)state;
	buf_add_string(&text, "<a href=x>");
	while (text.len < LINKS_BODY_MIN)
		buf_add_string(&text, "          ");
	buf_add_string(&text, "<a href=y>");
	links->budget = text.len;
	body_of("text/html", buf_slice(&text));
	check_found("within the budget", "C /a/x\nC /a/y\n");
	assert_int_equal(links->budget, 0);
	body_of("text/html", buf_slice(&text));
	check_found("past it", "C /a/x\n");
	buf_release(&text);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_elements, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_plugins, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_base_and_refresh, setup,
					    teardown),
	    cmocka_unit_test_setup_teardown(test_conditions, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_styles, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_scripts, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_xml, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_fields, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_bodies, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_budget, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_hostile, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
