/* Who may look at the status page, and what an answer is. */
#include "unit.h"

#include "site/status_page.h"

static enum status_wish wish_of(const char *head)
{
	struct message m;
	assert_int_equal(http_request(slice_of(head), &m), HTTP_DONE);
	return status_wish(&m);
}

static enum status_wish wish_at(const char *host)
{
	char head[256];
	snprintf(head, sizeof head,
		 "GET /status.json HTTP/1.1\r\nHost:%s\r\n\r\n", host);
	return wish_of(head);
}

static void page_by_name(void **state)
{
	static const char *const own[] = {
	    "127.0.0.1", "127.0.0.1:1", "localhost",     "LocalHost:8081",
	    "[::1]",     "[::1]:8081",  "192.0.2.7:8081"};
	static const char *const others[] = {
	    "",           "evil.example", "localhost.evil", "127.0.0.1.evil",
	    "0x7f000001", "127.1",        "evil@127.0.0.1", "localhost,evil"};
	(void)state;
	for (size_t i = 0; i < COUNT(own); i++)
		assert_int_equal(wish_at(own[i]), WISH_JSON);
	for (size_t i = 0; i < COUNT(others); i++)
		assert_int_equal(wish_at(others[i]), WISH_STRANGER);
	assert_int_equal(wish_of("GET / HTTP/1.0\r\n\r\n"), WISH_STRANGER);
}

#define AT " HTTP/1.1\r\nHost: localhost\r\n"

static void page_by_method_and_path(void **state)
{
	(void)state;
	assert_int_equal(wish_of("GET /" AT "\r\n"), WISH_PAGE);
	assert_int_equal(wish_of("HEAD /?x" AT "\r\n"), WISH_PAGE);
	assert_int_equal(wish_of("GET /status.json?1" AT "\r\n"), WISH_JSON);
	assert_int_equal(wish_of("GET /status.jso" AT "\r\n"), WISH_NOTHING);
	assert_int_equal(wish_of("GET //" AT "\r\n"), WISH_NOTHING);
	assert_int_equal(wish_of("GET http://localhost/" AT "\r\n"),
			 WISH_NOTHING);
	assert_int_equal(wish_of("POST /" AT "\r\n"), WISH_METHOD);
	assert_int_equal(wish_of("get /status.json" AT "\r\n"), WISH_METHOD);
}

/* A link may lead to the page; nothing of another site may ask for more. */
static void page_by_site(void **state)
{
	(void)state;
	assert_int_equal(
	    wish_of("GET /" AT "Sec-Fetch-Site: cross-site\r\n\r\n"),
	    WISH_PAGE);
	assert_int_equal(
	    wish_of("GET /status.json" AT "sec-fetch-site: cross-site\r\n\r\n"),
	    WISH_STRANGER);
	assert_int_equal(wish_of("GET /status.json" AT
				 "Sec-Fetch-Site: same-origin\r\n\r\n"),
			 WISH_JSON);
}

/* One head, one body as long as it says; the policy has the digests of what is
 * in the page. */
static void page_answers(void **state)
{
	struct status_page p;
	struct buf out = {0};
	struct message m;
	(void)state;
	status_page_make(&p);
	for (enum status_wish w = WISH_PAGE; w <= WISH_STRANGER; w++) {
		buf_clear(&out);
		status_answer(&p, w, SLICE("{}\n"), false, &out);
		assert_int_equal(
		    http_response(buf_slice(&out), SLICE("GET"), &m),
		    HTTP_DONE);
		assert_int_equal(m.length, out.len - m.head.len);
		assert_true(m.close);
		size_t head = m.head.len;
		uint64_t length = m.length;
		buf_clear(&out);
		status_answer(&p, w, SLICE("{}\n"), true, &out);
		assert_int_equal(
		    http_response(buf_slice(&out), SLICE("HEAD"), &m),
		    HTTP_DONE);
		assert_int_equal(out.len, head);
		uint64_t said;
		assert_true(
		    slice_number(http_field(m.fields, SLICE("Content-Length")),
				 SIZE_MAX, &said));
		assert_int_equal(said, length);
	}
	buf_add_byte(&p.policy, 0);
	buf_add_byte(&p.html, 0);
	const char *policy = (const char *)p.policy.data;
	const char *html = (const char *)p.html.data;
	assert_non_null(strstr(policy, "script-src 'sha256-"));
	assert_non_null(strstr(policy, "style-src 'sha256-"));
	assert_null(strstr(policy, "unsafe"));
	/* what would end the script before its end */
	assert_ptr_equal(strstr(strstr(html, "<script>") + 1, "</script"),
			 html + strlen(html) - strlen("</script>\n</html>\n"));
	assert_null(strstr(html, "innerHTML"));
	buf_release(&out);
	status_page_release(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(page_by_name),
	    cmocka_unit_test(page_by_method_and_path),
	    cmocka_unit_test(page_by_site),
	    cmocka_unit_test(page_answers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
