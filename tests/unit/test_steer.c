/* IP literals in all their forms, and their steering names. */
#include "unit.h"

#include "rewrite/steer.h"

static const struct slice zone = SLICE(STEER_ZONE);

static const struct {
	const char *address, *name;
} pairs[] = {
    {"192.0.2.7", "192-0-2-7.ip.test"},
    {"0.0.0.0", "0-0-0-0.ip.test"},
    {"255.255.255.255", "255-255-255-255.ip.test"},
    {"2001:db8::1", "2001-db8-0-0-0-0-0-1.ip.test"},
    {"::", "0-0-0-0-0-0-0-0.ip.test"},
    {"::ffff:192.0.2.7", "0-0-0-0-0-ffff-c000-207.ip.test"},
};

static void test_pairs(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		struct address a, back;
		struct buf name = {0};
		assert_true(address_parse(slice_of(pairs[i].address), &a));
		steer_name(&name, &a, zone);
		assert_text(buf_slice(&name), pairs[i].name);
		assert_true(steer_address(buf_slice(&name), zone, &back));
		assert_true(address_equal(&a, &back));
		buf_release(&name);
	}
}

static void test_inverse(void **state)
{
	(void)state;
	struct address a;
	static const char *const good[] = {
	    "192-0-2-7.IP.Test",
	    "192-0-2-7.ip.test.",
	    "2001-DB8-0-0-0-0-0-1.ip.test",
	};
	static const char *const bad[] = {
	    "",
	    ".",
	    "ip.test",
	    ".ip.test",
	    "192-0-2.ip.test",
	    "192-0-2-7-9.ip.test",
	    "192-0-2-256.ip.test",
	    "192-0-2-07.ip.test",
	    "192-0--7.ip.test",
	    "192-0-2-.ip.test",
	    "-192-0-2-7.ip.test",
	    "192-0-2-7",
	    "192-0-2-7.",
	    "192-0-2-7.ip.test..",
	    "192-0-2-7.ip.tests",
	    "192-0-2-7.xip.test",
	    "x.192-0-2-7.ip.test",
	    "192.0.2.7.ip.test",
	    "2001-db8--1.ip.test",
	    "2001-db8-0-0-0-0-0-01.ip.test",
	    "2001-db8-0-0-0-0-0-10000.ip.test",
	    "2001-db8-0-0-0-0-0-g.ip.test",
	    "192-0-2-a.ip.test",
	};
	for (size_t i = 0; i < COUNT(good); i++)
		assert_true(steer_address(slice_of(good[i]), zone, &a));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(steer_address(slice_of(bad[i]), zone, &a));
	assert_false(steer_address(
	    (struct slice){(const uint8_t *)"192-0-2-7\0.ip.test", 18}, zone,
	    &a));
}

static void test_literals(void **state)
{
	(void)state;
	/* From the tests of the URL standard, and their like. */
	static const struct {
		const char *host, *address;
	} literals[] = {
	    {"192.0.2.7", "192.0.2.7"},
	    {"192.0.2.7.", "192.0.2.7"},
	    {"3221225991", "192.0.2.7"},
	    {"0xC0000207", "192.0.2.7"},
	    {"030000001007", "192.0.2.7"},
	    {"0300.0.2.07", "192.0.2.7"},
	    {"0xc0.0x0.0x2.0X7", "192.0.2.7"},
	    {"192.519", "192.0.2.7"},
	    {"192.0.519", "192.0.2.7"},
	    {"0x7f.1", "127.0.0.1"},
	    {"0", "0.0.0.0"},
	    {"0x", "0.0.0.0"},
	    {"0x.0x.0", "0.0.0.0"},
	    {"00.0", "0.0.0.0"},
	    {"4294967295", "255.255.255.255"},
	    {"000000000000000000000000000000000000000001", "0.0.0.1"},
	    {"[2001:db8::1]", "2001:db8::1"},
	    {"[::ffff:1.2.3.4]", "::ffff:1.2.3.4"},
	};
	for (size_t i = 0; i < COUNT(literals); i++) {
		struct address a, expected;
		assert_true(steer_literal(slice_of(literals[i].host), &a));
		assert_true(
		    address_parse(slice_of(literals[i].address), &expected));
		assert_true(address_equal(&a, &expected));
	}
}

static void test_no_literals(void **state)
{
	(void)state;
	struct address a;
	static const char *const names[] = {
	    "",
	    ".",
	    "..",
	    "example",
	    "1.2.3.4.5",
	    "1.2.3.256",
	    "256.1.1.1",
	    "1..2",
	    ".1.2.3",
	    "4294967296",
	    "1.16777216",
	    "1.2.65536",
	    "08",
	    "0x1g",
	    "1.2.3.4..",
	    "1.2.3.4 ",
	    "-1",
	    "+1",
	    "1e3",
	    "x0.1",
	    "[1.2.3.4]",
	    "[::1",
	    "::1",
	    "[]",
	    "[::1%lo]",
	    "[::1]:80",
	    "1.2.3.4:80",
	    "0xx1",
	    "99999999999",
	    "0x100000000",
	    "040000000000",
	    "1.2.3.a",
	};
	for (size_t i = 0; i < COUNT(names); i++)
		assert_false(steer_literal(slice_of(names[i]), &a));
	assert_false(
	    steer_literal((struct slice){(const uint8_t *)"1\0", 2}, &a));
	assert_false(steer_literal((struct slice){NULL, 0}, &a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_pairs),
	    cmocka_unit_test(test_inverse),
	    cmocka_unit_test(test_literals),
	    cmocka_unit_test(test_no_literals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
