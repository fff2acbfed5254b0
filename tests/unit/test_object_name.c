/* Names of files for what was recorded. */
#include "exchanges.h"

#include "replay/report/object_name.h"

static int teardown(void **state)
{
	(void)state;
	forget_exchanges();
	return 0;
}

static void expect_name(const char *host, const char *target, const char *name)
{
	struct buf b = {0}, out = {0};
	buf_printf(&b, "GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", target, host);
	buf_add_byte(&b, 0);
	object_name(&out, 7, &exchanges[record((const char *)b.data, NULL)],
		    OBJECT_RESPONSE, "txt");
	assert_text(buf_slice(&out), name);
	assert_true(out.len <= OBJECT_NAME_MAX);
	buf_release(&b);
	buf_release(&out);
}

static void test_plain_names(void **state)
{
	(void)state;
	expect_name("h.example", "/", "0007-h.example-index.txt");
	expect_name("h.example:8080", "/a/b", "0007-h.example-b.txt");
	expect_name("h", "/a/b.php?c=/d/e", "0007-h-b.php.txt");
	expect_name("h", "/b.txt", "0007-h-b.txt");
	expect_name("h", "/b.TXT", "0007-h-b.txt");
	expect_name("h", "/.txt", "0007-h-txt.txt");
	expect_name("h", "http://i.example/x", "0007-i.example-x.txt");
	expect_name("[2001:db8::1]", "/x", "0007-2001-db8-1-x.txt");
	expect_name("", "/x", "0007-192.0.2.1-x.txt");
}

static void test_hostile_names(void **state)
{
	(void)state;
	expect_name("../../etc", "/..", "0007-etc-index.txt");
	expect_name("..", "/%2e%2e%2fpasswd",
		    "0007-192.0.2.1-2e-2e-2fpasswd"
		    ".txt");
	expect_name("h", "/a\\..\\b", "0007-h-a-b.txt");
	expect_name("h", "/a..b...c.", "0007-h-a-b-c.txt");
	expect_name("h", "/-rf.--x-", "0007-h-rf-x.txt");
	expect_name("h", "/\x01\x1b[2J\xe2\x80\xae\xe2\x80\xac",
		    "0007-h-2J.txt");
	expect_name("h", "/$(id);`x`|&'\"", "0007-h-id-x.txt");
	expect_name("h", "/COM1", "0007-h-COM1.txt");
}

static void test_long_names(void **state)
{
	(void)state;
	struct buf host = {0}, target = {0}, name = {0};
	buf_add_byte(&target, '/');
	for (int i = 0; i < 5000; i++) {
		buf_add_string(&host, "h.");
		buf_add_string(&target, "n-");
	}
	buf_add_byte(&host, 0);
	buf_add_byte(&target, 0);
	buf_add_string(&name, "0007-");
	for (int i = 0; i < 32; i++)
		buf_add_string(&name, i ? ".h" : "h");
	buf_add_string(&name, ".h-");
	for (int i = 0; i < 32; i++)
		buf_add_string(&name, i ? "-n" : "n");
	buf_add_string(&name, "-n.txt");
	buf_add_byte(&name, 0);
	expect_name((const char *)host.data, (const char *)target.data,
		    (const char *)name.data);
	buf_release(&host);
	buf_release(&target);
	buf_release(&name);
}

static void test_requests(void **state)
{
	(void)state;
	struct buf out = {0};
	uint32_t i = record("GET /a HTTP/1.1\r\nHost: h\r\n\r\n", NULL);
	object_name(&out, 123456, &exchanges[i], OBJECT_REQUEST, "bin");
	assert_text(buf_slice(&out), "123456-h-a-request.bin");
	buf_release(&out);
}

static void test_extensions(void **state)
{
	(void)state;
	static const struct {
		const char *content_type, *detected, *extension;
	} cases[] = {
	    {"text/html", "application/x-dosexec", "exe"},
	    {"image/png", "image/jpeg", "jpg"},
	    {"Application/JavaScript; charset=x", "text/plain", "js"},
	    {"application/javascript", "text/html", "js"},
	    {"text/css", "text/x-c", "css"},
	    {NULL, "text/x-c", "txt"},
	    {NULL, "text/html", "html"},
	    {"image/png", "text/plain", "txt"},
	    {"text/html", "application/octet-stream", "bin"},
	    {"application/ocsp-response", "application/octet-stream", "ocsp"},
	    {"application/java-archive", "application/zip", "jar"},
	    {"application/x-msdownload", "application/zip", "zip"},
	    {"application/x-msdownload", "application/octet-stream", "exe"},
	    {"application/x-unheard-of", "application/octet-stream", "bin"},
	    {NULL, "application/x-unheard-of", "bin"},
	    {"", "image/svg+xml", "svg"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *said = cases[i].content_type;
		struct object o = {0};
		if (said)
			o.content_type = slice_of(said);
		assert_string_equal(object_extension(&o, cases[i].detected),
				    cases[i].extension);
	}
	/* without libmagic */
	struct object o = {.type = SLICE("text/html")};
	assert_string_equal(object_extension(&o, NULL), "html");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_plain_names, teardown),
	    cmocka_unit_test_teardown(test_hostile_names, teardown),
	    cmocka_unit_test_teardown(test_long_names, teardown),
	    cmocka_unit_test_teardown(test_requests, teardown),
	    cmocka_unit_test(test_extensions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
