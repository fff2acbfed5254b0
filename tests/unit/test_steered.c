/* Steering names put back to addresses, in targets and Referer fields. */
#include "unit.h"

#include "site/steered.h"

#define ZONE SLICE("ip.test")

/* NULL: it holds none. */
static void check(const char *text, const char *want)
{
	struct buf out = {0};
	bool found = steered_back(slice_of(text), ZONE, &out);
	assert_int_equal(found, want != NULL);
	if (want) {
		assert_true(steered_maybe(slice_of(text), ZONE));
		buf_add_byte(&out, 0);
		assert_string_equal((char *)out.data, want);
	} else {
		assert_int_equal(out.len, 0);
	}
	buf_release(&out);
}

static void names_are_put_back(void **state)
{
	(void)state;
	check("http://192-0-2-7.ip.test/", "http://192.0.2.7/");
	check("/go?u=http://192-0-2-7.ip.test/x&v=1",
	      "/go?u=http://192.0.2.7/x&v=1");
	check("192-0-2-7.ip.test", "192.0.2.7");
	check("192-0-2-7.ip.test:8080/", "192.0.2.7:8080/");
	check("/?a=192-0-2-7.ip.test&b=192-0-2-8.ip.test",
	      "/?a=192.0.2.7&b=192.0.2.8");
	check("/?h=192-0-2-7.ip.test.", "/?h=192.0.2.7.");
}

static void behind_percent_encoding(void **state)
{
	(void)state;
	/* "%2F" ends in a digit of a label */
	check("/?u=http%3A%2F%2F192-0-2-7.ip.test%2Fx",
	      "/?u=http%3A%2F%2F192.0.2.7%2Fx");
	check("/?u=%2f%2f2001-db8-0-0-0-0-0-1.ip.test%2f",
	      "/?u=%2f%2f%5B2001%3Adb8%3A%3A1%5D%2f");
	check("%2F1-2-3-4.ip.test", "%2F1.2.3.4");
}

static void ipv6_gets_brackets(void **state)
{
	(void)state;
	check("http://2001-db8-0-0-0-0-0-1.ip.test:81/x",
	      "http://[2001:db8::1]:81/x");
}

static void others_stay(void **state)
{
	(void)state;
	check("", NULL);
	check("ip.test", NULL);
	check(".ip.test", NULL);
	check("/?u=http://www.ip.test/", NULL);
	check("http://192-0-2-7.ip.testing/", NULL);
	check("http://192-0-2-7.ip.test.example/", NULL);
	check("http://x192-0-2-7.ip.test/", NULL);
	check("http://a.192-0-2-7.ip.test/", NULL);
	check("http://192-0-2-07.ip.test/", NULL);
	check("http://192-0-2-256.ip.test/", NULL);
	check("http://192-0-2-7-ip.test/", NULL);
	check("0-0-0-0-0-0-0-0-0-0-0-0-0-0-0-0-0-0-0-0-0-0-0.ip.test", NULL);
	check("ip.test.ip.test", NULL);
	check("192-0-2-7.ip.testip.test", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(names_are_put_back),
	    cmocka_unit_test(behind_percent_encoding),
	    cmocka_unit_test(ipv6_gets_brackets),
	    cmocka_unit_test(others_stay),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
