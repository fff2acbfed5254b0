/* Substitutions: templates, empty matches, and above all which written
 * addresses are steered and which look-alikes are left alone. */
#include "unit.h"

#include "rewrite/steer.h"
#include "rewrite/substitution.h"

#include <stdlib.h>

#define STEERED "192-0-2-7.ip.test"

static struct substitution make(const char *pattern, const char *template,
				const char *flags)
{
	unsigned set = 0;
	struct fault fault = {0};
	for (const char *f = flags; *f; f++)
		set |= *f == 'i'   ? PATTERN_NOCASE
		       : *f == 'm' ? PATTERN_MULTILINE
		       : *f == 's' ? PATTERN_DOTALL
		       : *f == 'x' ? PATTERN_EXTENDED
		       : *f == 'u' ? PATTERN_UTF
				   : 0;
	struct substitution s = {.all = strchr(flags, 'g') != NULL};
	s.pattern = pattern_new(slice_of(pattern), set, &fault);
	assert_non_null(s.pattern);
	s.template = template_new(slice_of(template), s.pattern, &fault);
	assert_non_null(s.template);
	return s;
}

/* Appends what becomes of text; returns how many were replaced. */
static size_t run(const struct substitution *s, struct slice text,
		  struct buf *out)
{
	size_t count;
	struct matcher *m = matcher_new();
	size_t before = out->len;
	matcher_begin(m, 10);
	enum pattern_result result =
	    substitute(s, m, text, SLICE(STEER_ZONE), out, &count);
	assert_int_equal(result, count ? PATTERN_FOUND : PATTERN_NONE);
	if (!count) {
		assert_int_equal(out->len, before);
		buf_add(out, text);
	}
	matcher_free(m);
	return count;
}

static void assert_becomes(const struct substitution *s, const char *text,
			   const char *expected, size_t count)
{
	struct buf out = {0};
	size_t replaced = run(s, slice_of(text), &out);
	if (replaced != count || out.len != strlen(expected) ||
	    memcmp(out.data, expected, out.len) != 0)
		fail_msg("%s\nbecame %.*s\nnot    %s", text, (int)out.len,
			 (const char *)out.data, expected);
	buf_release(&out);
}

static struct substitution steering(const char *flags)
{
	return make("({link})({ip})", "$1${steer:2}", flags);
}

/* ---- What is steered. ---- */

/* Each before "192.0.2.7" in any of its forms, and what follows. */
static const struct {
	const char *before, *after;
} places[] = {
    {"<a href=\"http://", "/x\">"},
    {"<a href='http://", "/x'>"},
    {"<a href=http://", "/x>"},
    {"<A HREF=\"HTTP://", "\">"},
    {"<a href=\"https://", ":8443/\">"},
    {"<a href=\" http://", "/ \">"},
    {"<a href=\"//", "/x\">"},
    {"<a href='//", "'>"},
    {"<a href=//", "/x>"},
    {"<a href=//", " class=b>"},
    {"<a href=\" //", "/x\">"},
    {"<a href=\"http://user@", "/\">"},
    {"<a href=\"http://user:pass@", "/\">"},
    {"<a href=\"http://www.bank.example@", "/login\">"},
    {"<a href=\"http://a@b@", "/\">"},
    {"<a href=\"http://user:p%40ss@", "/\">"},
    {"<a href=\"//user@", "/\">"},
    {"<a href=\"ftp://", "/x\">"},
    {"<a href=\"http:\\\\", "\\x\">"},
    {"<a href=\"http:/\\", "/x\">"},
    {"<a href=\"\\\\", "\\x\">"},
    {"<a href=\"http:///", "/x\">"},
    {"<a href=\"http:////", "/x\">"},
    {"<iframe src=\"http://", "\" width=0>"},
    {"<script src=//", "/a.js></script>"},
    {"<form action='https://", "/gate.php' method=post>"},
    {"<img srcset=\"a.png 1x, //", "/b.png 2x\">"},
    {"<img srcset=\"//", "/a.png 1x, c.png 2x\">"},
    {"<img srcset=\"a.png 640w,\n\t//", "/b.png 1280w\">"},
    {"<img srcset=\"a.png, //", "/b.png 2x\">"},
    {"<img srcset=\"a.png 1x, http://", "/b.png 2x\">"},
    {"<meta http-equiv=refresh content=\"0;url=http://", "/\">"},
    {"<meta http-equiv=refresh content=\"0;url=//", "/\">"},
    {"<meta http-equiv=refresh content=\"0; URL='//", "/'\">"},
    {"<meta http-equiv=refresh content=\"5; //", "/\">"},
    {"<base href=\"http://", "/\" target=_top>"},
    {"<object data=\"http://", "/x.swf\"></object>"},
    {"<param name=movie value=\"http://", "/x.swf\">"},
    {"<p>http://", "</p>"},
    {"see http://", " for more"},
    {"see http://", ", or not"},
    {"(http://", ")"},
    {"<loc>http://", "/a</loc>"},
    {"<loc>//", "/a</loc>"},
    {"<image xlink:href=\"http://", "/a.png\"/>"},
    {"<![CDATA[http://", "/x]]>"},
    {"<!-- http://", "/x -->"},
    {"body{background:url(http://", "/a.png)}"},
    {"body{background:url(//", "/a.png)}"},
    {"body{background:url( //", "/a.png )}"},
    {"body{background:url('//", "/a.png')}"},
    {"@import \"//", "/a.css\";"},
    {"@import url(http://", "/a.css);"},
    {"location=\"http://", "/\";"},
    {"location='//", "';"},
    {"location=`//", "/${x}`;"},
    {"location=\"//", "/\" + x;"},
    {"return \"//", "/x\";"},
    {"f(\"//", "/x y\")"},
    {"f(a,'//", "/x')"},
    {"[\"//", "/x\"]"},
    {"a?\"//", "/x\":\"\""},
    {"x=>\"//", "/x\""},
    {"s=proto+\"://", "/x\""},
    {"s=`${proto}://", "/x`"},
    {"location.protocol+\"//", "/x\""},
    {"new WebSocket('ws://", ":9000/')"},
    {"new WebSocket(\"wss://", "\")"},
    {"document.write(\"<a href=\\\"//", "/\\\">\")"},
    {"document.write('<a href=\\'http://", "/\\'>')"},
    {"document.write('<a href=\\x22//", "/\\x22>')"},
    {"document.write('<a href=\\u0022//", "/\\u0022>')"},
    {"eval('x=\\x27http://", "/\\x27')"},
    {"{\"url\":\"http://", "/x\"}"},
    {"{\"url\":\"//", "/x\"}"},
    {"{\"url\": \"//", "/x\"}"},
    {"{\"url\":\"http:\\/\\/", "\\/x\"}"},
    {"{\"url\":\"\\/\\/", "\\/x\"}"},
    {"{\"url\":\"http:\\\\\\\\", "\\\\x\"}"},
    {"{\"html\":\"<a href=\\\"http:\\/\\/", "\\/\\\">\"}"},
    {"{\"html\":\"\\u003ca href=\\u0022\\/\\/", "\\/\\u0022\\u003e\"}"},
    {"\"http\\u003a\\u002f\\u002f", "\\u002fx\""},
    {"\"http\\x3a\\x2f\\x2f", "\\x2fx\""},
    {"\"\\x68\\x74\\x74\\x70\\x3a\\x2f\\x2f", "\\x2f\""},
    {"\"\\u0068\\u0074\\u0074\\u0070\\u003a\\u002f\\u002f", "/\""},
    {"\"http\\72\\57\\57", "\\57x\""},
    {"\"http\\072\\057\\057", "/x\""},
    {"\"\\u{68}ttp\\u{3a}\\u{2f}\\u{2f}", "/x\""},
    {"<a href=\"http&#58;//", "/\">"},
    {"<a href=\"http&#58//", "/\">"},
    {"<a href=\"http&#x3a;//", "/\">"},
    {"<a href=\"http&#X3A;//", "/\">"},
    {"<a href=\"http&#0058;//", "/\">"},
    {"<a href=\"http&colon;//", "/\">"},
    {"<a href=\"http&colon;&sol;&sol;", "&sol;\">"},
    {"<a href=\"http:&#47;&#47;", "/\">"},
    {"<a href=\"http:&#x2f;&#x2F;", "/\">"},
    {"<a href=\"http:&bsol;&bsol;", "/\">"},
    {"<a href=\"&#104;&#116;&#116;&#112;&#58;//", "/\">"},
    {"<a href=\"&#x68;ttp://", "/\">"},
    {"<a href=\"&#47;&#47;", "/\">"},
    {"<a href=\"http://user&#64;", "/\">"},
    {"<a onclick=\"location=&quot;//", "/&quot;\">"},
    {"<a onclick=\"location=&#39;//", "/&#39;\">"},
    {"<a onclick=\"location=&apos;//", "/&apos;\">"},
    {"<a onclick='location=&#x22;http://", "/&#x22;'>"},
    {"&lt;a href=&quot;http://", "/&quot;&gt;"},
    {"a{background:url(http\\3a //", "/x)}"},
    {"a{background:url(http\\3a \\2f \\2f ", "/x)}"},
    {"a{background:url(http\\00003a\\00002f\\00002f ", "/x)}"},
    {"go?u=http%3A%2F%2F", "%2Fx"},
    {"go?u=http%3a%2f%2f", "%2fx&v=1"},
    {"go?u=%68ttp%3a//", "/"},
    {"go?u=http://", "/x"},
    {"go?u=//", "/x"},
    {"go?u=%2F%2F", "%2Fx"},
    {"go?u=https%3A%2F%2Fa%40", "%2Fx"},
    {"unescape('%68%74%74%70%3a%2f%2f", "%2f')"},
    {"unescape('%u0068ttp%u003a%u002f%u002f", "/')"},
    {"#EXTM3U\n#EXTINF:9,\nhttp://", "/a.ts\n"},
    {"<a href = \"//", "/a b\">"},
    {"<a href=\n\"//", "/\">"},
    {"<a href=\"///", "/\">"},
    {"<a href=\"/\\", "/\">"},
    {"<a href=\"/\\/", "/\">"},
    {"<a href = //", "/x>"},
    {"x = '//", "/a b'"},
    {"import x from '//", "/x.js'"},
    {"'http:' + '//", "/x'"},
    {"a{background:url(\\2f\\2f ", "/x)}"},
    {"eval('\\150\\164\\164\\160\\072\\057\\057", "')"},
    {"\"{\\\"u\\\":\\\"http:\\\\/\\\\/", "\\\\/x\\\"}\""},
    {"\"{\\\"u\\\":\\\"\\\\/\\\\/", "\\\\/x\\\"}\""},
    {"#EXT-X-KEY:METHOD=AES-128,URI=\"//", "/key\""},
    {"file://", "/share/x.exe"},
    {"crumb=location:\\\\", "\\share"},
    {"script-src http://", " 'self'"},
    {"http://", ";jsessionid=1"},
    {"rtsp://", ":554/live"},
    {"rtmp://", "/live"},
    {"mms://", "/a.wmv"},
    {"evil://", "/x"},
    {"view-source:http://", "/x"},
    {"<http://", "/x>; rel=preload"},
    {"<//", "/x>; rel=preload"},
    {"http://", ""},
    {"https://", ":444/a?b#c"},
    {"//", "/x"},
    {"//", ""},
    {"\\\\", "\\x"},
    {"0; url=http://", "/"},
    {"0;url=//", "/"},
    {"0; //", "/"},
    {"http://", "?x"},
    {"http://", "#x"},
    {"http://", ":80"},
    {"http://", ":/"},
    {"http://", "&amp;x"},
    {"http://", "\nnext"},
    {"http://", "\\nnext"},
    {"http://", "\\\""},
    {"http://", "|b"},
    {"http://", "%20x"},
    {"PROXY a:1; http://", ":3128"},
    {"jar:http://", "/a.jar!/b"},
    {"\"http://", "/\",\"mail\":\"a@b.example\""},
    {"url(//", ")}@media print{"},
};

static const struct {
	const char *written, *name; /* NULL: STEERED */
} forms[] = {
    {"192.0.2.7", NULL},
    {"192.0.519", NULL},
    {"192.519", NULL},
    {"3221225991", NULL},
    {"0xc0000207", NULL},
    {"0xC0000207", NULL},
    {"0Xc0000207", NULL},
    {"0x0000c0000207", NULL},
    {"030000001007", NULL},
    {"0030000001007", NULL},
    {"0300.0000.0002.0007", NULL},
    {"0xc0.0x00.0x02.0x07", NULL},
    {"0xc0.0.0x2.7", NULL},
    {"0300.0x0.2.07", NULL},
    {"0xc0.519", NULL},
    {"192.0.0x207", NULL},
    {"192.0.01007", NULL},
    {"00000000300.0.2.7", NULL},
    {"192.0.2.7.", "192-0-2-7.ip.test."},
    {"%31%39%32.0.2.7", NULL},
    {"192%2e0%2E2.7", NULL},
    {"%31%39%32%2E%30%2E%32%2E%37", NULL},
    {"19%32.0.2.7", NULL},
    {"192&#46;0&#46;2&#46;7", NULL},
    {"192&#460.2.7", "192&#460.2.7"},
    {"192&#46 0.2.7", "0-0-0-192.ip.test. 0.2.7"},
    {"192&#x2e;0&#x2E;2&#X2e;7", NULL},
    {"192&#0046;0.2.7", NULL},
    {"192&#x002e;0.2.7", NULL},
    {"192&period;0&period;2&period;7", NULL},
    {"&#49;&#57;&#50;.0.2.7", NULL},
    {"&#x31;&#x39;&#x32;.0.2.7", NULL},
    {"&#37;31&#37;39&#37;32.0.2.7", NULL},
    {"192\\x2e0\\x2E2\\x2e7", NULL},
    {"\\x31\\x39\\x32\\x2e\\x30\\x2e\\x32\\x2e\\x37", NULL},
    {"192\\u002e0\\u002E2.7", NULL},
    {"\\u0031\\u0039\\u0032.0.2.7", NULL},
    {"192\\u{2e}0\\u{00002e}2.7", NULL},
    {"192\\0560\\0562\\0567", NULL},
    {"\\061\\071\\062.0.2.7", NULL},
    {"192\\.0\\.2\\.7", NULL},
    {"192\\2e 0\\2e 2\\2e 7", NULL},
    {"192\\00002e0\\00002e2\\00002e7", NULL},
    {"\\31 92.0.2.7", NULL},
    {"%u0031%u0039%u0032.0.2.7", NULL},
    /* full width, the other dots, circled, raised, mathematical */
    {"\xef\xbc\x91\xef\xbc\x99\xef\xbc\x92.0.2.7", NULL},
    {"192\xe3\x80\x82"
     "0\xef\xbc\x8e"
     "2\xef\xbd\xa1"
     "7",
     NULL},
    {"\xef\xbc\x90\xef\xbd\x98\xef\xbd\x83"
     "0000207",
     NULL},
    {"%EF%BC%91%EF%BC%99%EF%BC%92.0.2.7", NULL},
    {"&#65297;&#65305;&#xff12;.0.2.7", NULL},
    {"\\uff11\\uff19\\uff12\\u30020.2.7", NULL},
    {"\xe2\x91\xa0\xe2\x91\xa8\xe2\x91\xa1.\xe2\x93\xaa.2.7", NULL},
    {"\xc2\xb9\xe2\x81\xb9\xc2\xb2.0.2.7", NULL},
    {"\xf0\x9d\x9f\x8f\xf0\x9d\x9f\xa1\xf0\x9d\x9f\x90.0.2.7", NULL},
    {"192.0.2.\xc2\xad"
     "7",
     NULL},
    {"192.0.2.&shy;7", NULL},
    {"192.0.2.\xe2\x80\x8b"
     "7",
     NULL},
    {"[2001:db8::1]", "2001-db8-0-0-0-0-0-1.ip.test"},
    {"[2001:DB8:0:0:0:0:0:1]", "2001-db8-0-0-0-0-0-1.ip.test"},
    {"[2001:0db8:0000:0000:0000:0000:0000:0001]",
     "2001-db8-0-0-0-0-0-1.ip.test"},
    {"[::ffff:192.0.2.7]", "0-0-0-0-0-ffff-c000-207.ip.test"},
    {"[::ffff:c000:207]", "0-0-0-0-0-ffff-c000-207.ip.test"},
    {"[::]", "0-0-0-0-0-0-0-0.ip.test"},
    {"[::1]", "0-0-0-0-0-0-0-1.ip.test"},
    {"[64:ff9b::192.0.2.7]", "64-ff9b-0-0-0-0-c000-207.ip.test"},
    {"%5B2001:db8::1%5D", "2001-db8-0-0-0-0-0-1.ip.test"},
    {"%5b2001%3adb8%3a%3a1%5d", "2001-db8-0-0-0-0-0-1.ip.test"},
    {"&#91;2001&#58;db8::1&#93;", "2001-db8-0-0-0-0-0-1.ip.test"},
    {"&lsqb;2001:db8&colon;:1&rsqb;", "2001-db8-0-0-0-0-0-1.ip.test"},
    {"\\u005b2001\\u003adb8::1\\x5d", "2001-db8-0-0-0-0-0-1.ip.test"},
    {"0", "0-0-0-0.ip.test"},
    {"0x7f.1", "127-0-0-1.ip.test"},
    {"127.1", "127-0-0-1.ip.test"},
    {"017700000001", "127-0-0-1.ip.test"},
    {"4294967295", "255-255-255-255.ip.test"},
    {"10.0.0.1", "10-0-0-1.ip.test"},
};

static void assert_steered(const struct substitution *s, const char *before,
			   const char *written, const char *name,
			   const char *after)
{
	struct buf text = {0}, expected = {0};
	buf_printf(&text, "%s%s%s%c", before, written, after, 0);
	buf_printf(&expected, "%s%s%s%c", before, name, after, 0);
	assert_becomes(s, (const char *)text.data, (const char *)expected.data,
		       strcmp(written, name) != 0);
	buf_release(&text);
	buf_release(&expected);
}

static const char *name_of(size_t form)
{
	return forms[form].name ? forms[form].name : STEERED;
}

static void test_places(void **state)
{
	(void)state;
	struct substitution s = steering("gi");
	for (size_t i = 0; i < COUNT(places); i++)
		assert_steered(&s, places[i].before, "192.0.2.7", STEERED,
			       places[i].after);
	substitution_release(&s);
}

static void test_forms(void **state)
{
	(void)state;
	struct substitution s = steering("gi");
	for (size_t i = 0; i < COUNT(forms); i++)
		assert_steered(&s, "<a href=\"http://", forms[i].written,
			       name_of(i), "/x\">");
	substitution_release(&s);
}

/* Not where one thing hides the other. */
static bool go_together(size_t place, size_t form)
{
	const char *before = places[place].before;
	const char *written = forms[form].written;
	size_t len = strlen(before);
	return !strstr(written, "&#46") &&
	       strcmp(written, "0") && /* without a scheme no address */
	       (before[len - 1] != '\\' || written[0] != '\\');
}

/* Also with flag u, where bytes are looked at as characters. */
static void test_forms_in_places(void **state)
{
	(void)state;
	static const char *const flags[] = {"gi", "giu"};
	assert_true(COUNT(forms) + COUNT(places) >= 150);
	for (size_t f = 0; f < COUNT(flags); f++) {
		struct substitution s = steering(flags[f]);
		for (size_t i = 0; i < COUNT(places) * COUNT(forms); i++) {
			size_t place = i / COUNT(forms);
			size_t form = i % COUNT(forms);
			if (go_together(place, form))
				assert_steered(&s, places[place].before,
					       forms[form].written,
					       name_of(form),
					       places[place].after);
		}
		substitution_release(&s);
	}
}

static void test_many_in_one(void **state)
{
	(void)state;
	struct substitution s = steering("gi");
	assert_becomes(&s,
		       "<a href=http://192.0.2.7/><a href=\"//0x7f.1\">"
		       "<a href='http://www.example/'>http://192.0.2.8:80",
		       "<a href=http://192-0-2-7.ip.test/><a "
		       "href=\"//127-0-0-1.ip.test\">"
		       "<a href='http://www.example/'>http://"
		       "192-0-2-8.ip.test:80",
		       3);
	substitution_release(&s);
	s = steering("i");
	assert_becomes(&s, "http://192.0.2.7/ http://192.0.2.7/",
		       "http://192-0-2-7.ip.test/ http://192.0.2.7/", 1);
	substitution_release(&s);
}

/* ---- What is left alone. ---- */

static const char *const look_alikes[] = {
    "192.0.2.7",
    "version 1.2.3.4 of",
    "jquery-1.2.3.4.min.js",
    "/lib/1.2.3.4/x.js",
    "src=\"/lib/1.2.3.4/x.js\"",
    "src=\"lib//1.2.3.4/x.js\"",
    "OID 1.3.6.1.4.1.311",
    "1.3.6.1.4.1.311.2.1.12",
    "http://1.3.6.1.4.1.311/",
    "http://1.2.3.4.5/",
    "http://1.2.3.4.example/",
    "http://192.0.2.7.example/",
    "http://192.0.2.7.example.test:80/",
    "http://x-192.0.2.7/",
    "http://x.192.0.2.7.example/",
    "http://192.0.2.7-beta/",
    "http://192.0.2.7_x/",
    "http://a192.0.2.7/",
    "http://192.0.2.7a/",
    "http://192-0-2-7.ip.test/",
    "http://192.0.2.7@host.example/",
    "http://192.0.2.7:80@host.example/",
    "http://192.0.2.7:pass@host.example/",
    "http://192.0.2.7&#64;host.example/",
    "http%3A%2F%2F192.0.2.7%40host.example%2F",
    "http://host.example/192.0.2.7/",
    "http://host.example/?ip=192.0.2.7",
    "http://host.example/a//192.0.2.7/b",
    "http://host.example#192.0.2.7",
    "?ip=192.0.2.7",
    "?ip=192.0.2.7&v=3221225991",
    "v=192.0.2.7",
    "ip:192.0.2.7",
    "\"ip\":\"192.0.2.7\"",
    "http://256.1.1.1/",
    "http://1.1.1.256/",
    "http://08.1.1.1/",
    "http://1.2.3.09/",
    "http://0x1g/",
    "http://4294967296/",
    "http://0x100000000/",
    "http://040000000000/",
    "http://1..2/",
    "http://.1.2.3.4/",
    "http://192.0.2.7../",
    "http://[1.2.3.4]/",
    "http://[::1/",
    "http://[::1]x]/",
    "http://[::g]/",
    "http://[fe80::1%25eth0]/",
    "http://[1:2:3:4:5:6:7:8:9]/",
    "http://::1/",
    "http://www.example/",
    "http://localhost/",
    "http://user:1.2.3.4@host.example/",
    "http://1.2.3.4,x@host.example/",
    "x = 1; //1.2.3.4 fixed",
    "//1.2.3.4 fixed",
    "//1.2.3.4 fixed\nvar x;",
    "// 1.2",
    "// 1.2.3.4",
    "x = 1 // 1.2.3.4",
    "{ //1.2.3.4 fixed",
    "}//1.2.3.4 fixed",
    "f() //1.2.3.4",
    "f()//1.2.3.4",
    "f(a, //1.2.3.4 fixed\nb)",
    "f( //1.2.3.4 fixed",
    "f(//1.2.3.4 fixed",
    "x = //1.2.3.4 fixed\n1",
    "x=//1.2.3.4 fixed\n1",
    "x=\"a\" //1.2.3.4 fixed",
    "x=\"a\"//1.2.3.4 fixed",
    "x=\"\"//1.2.3.4 fixed",
    "x=','//1.2.3.4 fixed",
    "x=\":\" //1.2.3.4 fixed",
    "'use strict'//1.2.3.4",
    "\"use strict\";//1.2.3.4 fixed",
    "x=3;//1.2.3.4 fixed",
    "case 1://1.2.3.4 fixed",
    "default://1.2.3.4 fixed",
    "a?b://1.2.3.4 fixed\nc",
    "{a://1.2.3.4 fixed\n1}",
    "{\"a\"://1.2.3.4 fixed\n1}",
    "*/ //1.2.3.4 fixed",
    "if(a<//1.2.3.4 fixed",
    "if(a>//1.2.3.4 fixed",
    "[//1.2.3.4 fixed",
    "x=>//1.2.3.4 fixed",
    "a/1.2/3",
    "a=1/2;b=3//4",
    "s.match(/\\/1.2.3.4/)",
    "s.replace(/\\/\\/1.2.3.4 /,1)",
    "\"path\":\"\\/192.0.2.7\\/x\"",
    "href=\"/192.0.2.7/x\"",
    "href=\"192.0.2.7/x\"",
    "href=\"http:/path/192.0.2.7\"",
    "C:\\\\192.0.2.7\\x",
    "user@192.0.2.7",
    "mailto:user@192.0.2.7",
    "a@1.2.3.4.example",
    "2026-11-25",
    "25.11.2026",
    "//25.11.2026 made",
    "11/25/2026",
    "12:30:45",
    "1.5em",
    "width:1.2.3.4",
    "100.000.000",
    "1,234.56",
    "10.1145/3292500.3330701",
    "M0 0L1.2.3.4z",
    "#1234",
    "&#8226;&#160;1.2.3.4",
    "\\u002f1.2.3.4",
    "href=\"/&#47host/1.2.3.4\"",
    "http://%68ost.example/",
    "http://192.0.2.7%2eexample/",
    "http://192.0.2.7&#46;example/",
    "http://192.0.2.7\\x2eexample/",
    "http://192.0.2.7\\u002eexample/",
    "http://\\x78192.0.2.7/",
    "http://192.0.2.7\xc3\xa9/",
    "http://",
    "http://\"192.0.2.7\"",
    "http:// 192.0.2.7",
    "http: //192.0.2.7 x",
    "javascript://1.2.3.4/x",
    "{a:/\\/\\/1.2.3.4/}",
    "return /\\/\\/1.2.3.4/",
    "\"a\": //1.2.3.4 fixed",
    "a ? //1.2.3.4 fixed",
    "x=\", \"//1.2.3.4 fixed",
    "x = \", \" //1.2.3.4 fixed",
    "x=\"a \"//1.2.3.4 fixed",
    "D://1.2.3.4/x",
    "://1.2.3.4 x",
    "1://1.2.3.4/x",
    "http:192.0.2.7",
};

static void test_look_alikes(void **state)
{
	(void)state;
	struct substitution s = steering("gi");
	assert_true(COUNT(look_alikes) >= 60);
	for (size_t i = 0; i < COUNT(look_alikes); i++)
		assert_becomes(&s, look_alikes[i], look_alikes[i], 0);
	substitution_release(&s);
}

/* All of them in one text, with links between. */
static void test_look_alikes_among_links(void **state)
{
	(void)state;
	struct substitution s = steering("gi");
	struct buf text = {0}, out = {0};
	for (size_t i = 0; i < COUNT(look_alikes); i++)
		buf_printf(&text, "\n%s\n<a href=\"http://192.0.2.7/\">",
			   look_alikes[i]);
	assert_int_equal(run(&s, buf_slice(&text), &out), COUNT(look_alikes));
	buf_release(&text);
	buf_release(&out);
	substitution_release(&s);
}

/* Expressions that begin with {link} skip what cannot match without PCRE2;
 * others, which mean the same, do not. */
static void test_both_ways(void **state)
{
	(void)state;
	struct buf text = {0}, fast = {0}, slow = {0};
	for (size_t i = 0; i < COUNT(places); i++)
		buf_printf(&text, "\n%s%s%s\n%s", places[i].before,
			   forms[i % COUNT(forms)].written, places[i].after,
			   look_alikes[i % COUNT(look_alikes)]);
	struct substitution s = steering("gi");
	size_t count = run(&s, buf_slice(&text), &fast);
	assert_true(count > COUNT(places) / 2);
	substitution_release(&s);
	s = make("(?:({link})({ip}))", "$1${steer:2}", "gi");
	assert_int_equal(run(&s, buf_slice(&text), &slow), count);
	assert_true(slice_equal(buf_slice(&fast), buf_slice(&slow)));
	substitution_release(&s);
	buf_release(&text);
	buf_release(&fast);
	buf_release(&slow);
}

/* ---- Rules as people write them. ---- */

static void test_plain_rules(void **state)
{
	(void)state;
	struct substitution s =
	    make("(https?:)//({ip})", "$1//${steer:2}", "gi");
	assert_becomes(&s, "<a href=\"HTTP://3221225991/\">",
		       "<a href=\"HTTP://192-0-2-7.ip.test/\">", 1);
	assert_becomes(&s, "http://192.0.2.7@h/ http://192.0.2.7.h/ //1.2.3.4",
		       "http://192.0.2.7@h/ http://192.0.2.7.h/ //1.2.3.4", 0);
	substitution_release(&s);
	s = make("^http://({ip})", "http://${steer:1}", "i");
	assert_becomes(&s, "http://[::1]:8080/x",
		       "http://0-0-0-0-0-0-0-1.ip.test:8080/x", 1);
	assert_becomes(&s, "x http://192.0.2.7/", "x http://192.0.2.7/", 0);
	substitution_release(&s);
	s = make("([?&])_=\\d+", "${1}_=0", "");
	assert_becomes(&s, "/a?b=1&_=1234567&c", "/a?b=1&_=0&c", 1);
	substitution_release(&s);
	s = make(" integrity=\"[^\"]*\"", "", "gi");
	assert_becomes(&s, "<a INTEGRITY=\"sha256-x\" b integrity=\"\">",
		       "<a b>", 2);
	substitution_release(&s);
	s = make("PROXY\\s+({ip})", "PROXY ${steer:1}", "g");
	assert_becomes(&s, "PROXY 192.0.2.7:3128; PROXY p.example:1",
		       "PROXY 192-0-2-7.ip.test:3128; PROXY p.example:1", 1);
	substitution_release(&s);
}

/* Results as perl 5.36 gives them. */
static void test_as_perl(void **state)
{
	(void)state;
	static const struct {
		const char *pattern, *template, *flags, *text, *expected;
		size_t count;
	} cases[] = {
	    {"x*", "-", "g", "abc", "-a-b-c-", 4},
	    {"x*", "-", "g", "xab", "--a-b-", 4},
	    {"x*", "-", "g", "axb", "-a--b-", 4},
	    {"", "-", "g", "", "-", 1},
	    {"$", "!", "g", "ab\n", "ab!\n!", 2},
	    {"$", "!", "gm", "a\nb", "a!\nb!", 2},
	    {"^", "> ", "gm", "a\nb\n", "> a\n> b\n", 2},
	    {"\\b", "|", "g", "ab cd", "|ab| |cd|", 4},
	    {"(?=b)", "-", "g", "abb", "a-b-b", 2},
	    {"a|", "x", "g", "ba", "xbxx", 3},
	    {"(?<=a)b", "-", "g", "abab", "a-a-", 2},
	    {"a\\Kb", "-", "g", "abab", "a-a-", 2},
	    {"(a)(b)?", "[$1$2]", "g", "aba", "[ab][a]", 2},
	    {"(?<first>a)(?<rest>.*)", "$rest${first}", "", "abc", "bca", 1},
	    {"b", "[$&]", "", "abc", "a[b]c", 1},
	    {"b", "[$0]", "", "abc", "a[b]c", 1},
	    {"(b)", "$1$1${1}0", "", "abc", "abbb0c", 1},
	    {"b", "\\n\\r\\t\\x41\\\\\\$$$\\/", "", "abc", "a\n\r\tA\\$$/c", 1},
	    {"b", "\\{\\}", "", "abc", "a{}c", 1},
	    {"a.c", "x", "g", "abc a\nc", "x a\nc", 1},
	    {"a.c", "x", "gs", "abc a\nc", "x x", 2},
	    {"a b # c", "x", "x", "ab", "x", 1},
	    {"\xc3\xa9", "e", "g", "caf\xc3\xa9", "cafe", 1},
	    {".", "x", "gu", "\xc3\xa9\xc3\xa9", "xx", 2},
	    {".", "x", "g", "\xc3\xa9", "xx", 2},
	    {"x*", "-", "gu", "\xc3\xa9", "-\xc3\xa9-", 2},
	    {"\\w", "x", "gu", "\xc3\xa9", "x", 1},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct substitution s =
		    make(cases[i].pattern, cases[i].template, cases[i].flags);
		assert_becomes(&s, cases[i].text, cases[i].expected,
			       cases[i].count);
		substitution_release(&s);
	}
}

static void test_zero_byte(void **state)
{
	(void)state;
	struct substitution s = make("b", "\\0", "");
	struct buf out = {0};
	run(&s, SLICE("abc"), &out);
	assert_int_equal(out.len, 3);
	assert_memory_equal(out.data, "a\0c", 3);
	buf_clear(&out);
	assert_int_equal(run(&s, SLICE("a\0b"), &out), 1);
	assert_memory_equal(out.data, "a\0\0", 3);
	buf_release(&out);
	substitution_release(&s);
}

/* A match that is no address stays, and the next one is taken. */
static void test_not_an_address(void **state)
{
	(void)state;
	struct substitution s = make("@(\\S+)", "@${steer:1}", "");
	assert_becomes(&s, "@host @192.0.2.7 @192.0.2.8",
		       "@host @192-0-2-7.ip.test @192.0.2.8", 1);
	substitution_release(&s);
	s = make("(?<a>x)?y", "${steer:a}", "g");
	assert_becomes(&s, "y xy", "y xy", 0);
	substitution_release(&s);
}

static void test_appends(void **state)
{
	(void)state;
	struct substitution s = make("b", "x", "g");
	struct buf out = {0};
	buf_add_string(&out, "before ");
	run(&s, SLICE("abc"), &out);
	assert_text(buf_slice(&out), "before axc");
	buf_release(&out);
	substitution_release(&s);
	s = make("", "x", "g");
	assert_int_equal(run(&s, (struct slice){0}, &out), 1);
	assert_text(buf_slice(&out), "x");
	buf_release(&out);
	substitution_release(&s);
}

static void test_faults(void **state)
{
	(void)state;
	static const struct {
		const char *template, *text;
		size_t at;
	} faults[] = {
	    {"a$2", "the expression has no group 2", 2},
	    {"a${2}", "the expression has no group 2", 3},
	    {"$99999999999999999999",
	     "the expression has no group 99999999999999999999", 1},
	    {"$nam", "the expression has no group nam", 1},
	    {"${steer:nam}", "the expression has no group nam", 8},
	    {"${steer:3}", "the expression has no group 3", 8},
	    {"ab${1", "${ without }", 2},
	    {"ab${1;}", "${ without }", 2},
	    {"${}", "the name or number of a group is missing", 2},
	    {"${steer:}", "the name or number of a group is missing", 8},
	    {"a$", "$ names no group; write \\$ for a dollar sign", 1},
	    {"a$ b", "$ names no group; write \\$ for a dollar sign", 1},
	    {"a\\", "a backslash ends the replacement", 1},
	    {"a\\q", "only \\n \\r \\t \\0 \\xHH are known here", 1},
	    {"a\\1", "write $1 for a group, not \\1", 1},
	    {"a\\x4", "\\x wants two hexadecimal digits", 1},
	    {"a\\xzz", "\\x wants two hexadecimal digits", 1},
	};
	struct fault fault = {0};
	struct pattern *p = pattern_new(SLICE("(a)|(?<name>b){0}"), 0, &fault);
	assert_non_null(p);
	pattern_free(p);
	p = pattern_new(SLICE("(a)"), 0, &fault);
	assert_non_null(p);
	for (size_t i = 0; i < COUNT(faults); i++) {
		struct fault f = {0};
		assert_null(template_new(slice_of(faults[i].template), p, &f));
		assert_text(buf_slice(&f.text), faults[i].text);
		assert_int_equal(f.at, faults[i].at);
		buf_release(&f.text);
	}
	pattern_free(p);
	template_free(NULL);
}

/* ---- Limits. ---- */

static struct buf row_of(char c, size_t len)
{
	struct buf b = {0};
	memset(buf_reserve(&b, len), c, len);
	b.len = len;
	return b;
}

/* A megabyte that would become a million of them. */
static void test_output_is_bounded(void **state)
{
	(void)state;
	struct substitution s = make("(?<=(a{1000}))a", "$1$1$1$1", "g");
	struct buf text = row_of('a', 1 << 20), out = {0};
	struct matcher *m = matcher_new();
	size_t count = 1;
	buf_add_string(&out, "kept");
	matcher_begin(m, 30);
	assert_int_equal(substitute(&s, m, buf_slice(&text), SLICE(STEER_ZONE),
				    &out, &count),
			 PATTERN_LIMIT);
	assert_int_equal(count, 0);
	assert_text(buf_slice(&out), "kept");
	matcher_free(m);
	buf_release(&text);
	buf_release(&out);
	substitution_release(&s);
}

static void test_not_utf(void **state)
{
	(void)state;
	struct substitution s = make("a", "b", "gu");
	struct matcher *m = matcher_new();
	struct buf out = {0};
	size_t count = 1;
	assert_int_equal(
	    substitute(&s, m, SLICE("aa\xff"), SLICE(STEER_ZONE), &out, &count),
	    PATTERN_NOT_UTF);
	assert_int_equal(count, 0);
	assert_int_equal(out.len, 0);
	matcher_free(m);
	buf_release(&out);
	substitution_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_places),
	    cmocka_unit_test(test_forms),
	    cmocka_unit_test(test_forms_in_places),
	    cmocka_unit_test(test_many_in_one),
	    cmocka_unit_test(test_look_alikes),
	    cmocka_unit_test(test_look_alikes_among_links),
	    cmocka_unit_test(test_both_ways),
	    cmocka_unit_test(test_plain_rules),
	    cmocka_unit_test(test_as_perl),
	    cmocka_unit_test(test_zero_byte),
	    cmocka_unit_test(test_not_an_address),
	    cmocka_unit_test(test_appends),
	    cmocka_unit_test(test_faults),
	    cmocka_unit_test(test_output_is_bounded),
	    cmocka_unit_test(test_not_utf),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
