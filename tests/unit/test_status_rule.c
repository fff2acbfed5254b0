/* The rule that joins a request with a recorded one, read and applied by the
 * engine that will: whatever stands in both targets. */
#include "unit.h"

#include "rules_text.h"

#include "site/status_rule.h"

#include "rewrite/apply.h"

#include <stdlib.h>

#define HOST "www.a.example"

/* What the target becomes under those lines. */
static struct buf under(const char *lines, struct slice target)
{
	struct rules *rules = rules_of(lines);
	struct matcher *m = matcher_new();
	struct buf out = {0};
	const struct subject s = {
	    .method = SLICE("GET"), .host = SLICE(HOST), .target = target};
	if (!apply_target(rules, m, &s, &out))
		buf_add(&out, target);
	matcher_free(m);
	rules_free(rules);
	return out;
}

static void assert_same(struct slice got, struct slice want)
{
	assert_int_equal(got.len, want.len);
	assert_memory_equal(got.data, want.data, got.len);
}

/* Both become one, and the recorded one stays as it is. */
static void assert_joined(struct slice asked, struct slice recorded, bool alone)
{
	struct buf lines = {0};
	assert_true(rule_targets(SLICE(HOST), url_path(asked), asked, recorded,
				 alone, &lines));
	buf_add_byte(&lines, 0);
	struct buf a = under((const char *)lines.data, asked);
	struct buf b = under((const char *)lines.data, recorded);
	assert_same(buf_slice(&a), recorded);
	assert_same(buf_slice(&b), recorded);
	buf_release(&a);
	buf_release(&b);
	buf_release(&lines);
}

static void assert_lines(const char *asked, const char *recorded, bool alone,
			 const char *want)
{
	struct buf lines = {0};
	struct slice path = url_path(slice_of(asked));
	assert_true(rule_targets(SLICE(HOST), path, slice_of(asked),
				 slice_of(recorded), alone, &lines));
	buf_add_byte(&lines, 0);
	assert_string_equal((const char *)lines.data, want);
	buf_release(&lines);
	assert_joined(slice_of(asked), slice_of(recorded), alone);
}

static void rule_lines(void **state)
{
	(void)state;
	assert_lines("/g.php?t=9&k=a", "/g.php?t=1&k=a", true,
		     "host=" HOST " path=/g.php target "
		     "s{([?&]t=)[^&]*}{${1}1}\n");
	assert_lines("/g.php?t=9&k=a", "/g.php?t=1&k=a", false,
		     "host=" HOST " path=/g.php target "
		     "s{([?&]t=)9(?=&|$)}{${1}1}\n");
	assert_lines("/x?a=1&_=17&b=2", "/x?a=1&b=2", true,
		     "host=" HOST " path=/x target s{([?&])_=[^&]*&}{$1}\n");
	assert_lines("/x?_=17", "/x", true,
		     "host=" HOST " path=/x target s{[?&]_=[^&]*$}{}\n");
	assert_lines("/nothing", "/", true,
		     "host=" HOST " target s{^/nothing$}{/}\n");
}

static void rule_parameters(void **state)
{
	static const char *const both[][2] = {
	    {"/x?a=1", "/x?a=2"},
	    {"/x?a=1&b=2", "/x?a=3&b=4"},
	    {"/x?_=1&a=1", "/x?a=1"},
	    {"/x?_=1&a=1&u=3", "/x?a=1"},
	    {"/x?a=1&u=3&v=4&b=2&w=5", "/x?a=1&b=2"},
	    {"/x?a=1", "/x?a=1&b=2"},
	    {"/x?a=1&a=2", "/x?a=2&a=1"},
	    {"/x?a=&b", "/x?a=1&b"},
	    {"/x?", "/x"},
	    {"/x", "/x?"},
	    {"/x?a=1", "/x?"},
	    {"/x?a.b=1", "/x?a.b=$1\\"},
	    {"/x?aXb=1&a.b=2", "/x?aXb=1&a.b=3"},
	    {"/x?a=1?b=2", "/x?a=1?b=3"},
	    {"/x?a[]=1", "/x?a[]=2"},
	    {"/a*b?c=1", "/a*b?c=2"},
	    {"/a,b?c=1", "/a,b?c=2"},
	    {"/~x?c=1", "/~x?c=2"},
	    {"/a#b?c=1", "/a#b?c=2"},
	    {"/{ip}?q={link}", "/{ip}?q=}{"},
	    {"/x?q=a b", "/x?q=#"},
	    {"*", "/"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof both / sizeof *both; i++) {
		assert_joined(slice_of(both[i][0]), slice_of(both[i][1]), true);
		assert_joined(slice_of(both[i][0]), slice_of(both[i][1]),
			      false);
	}
}

/* Bytes of any kind, made of few so that they meet. */
static struct slice random_target(uint8_t *out, size_t max)
{
	static const char likely[] = "/?&=a1_$\\{}[]()|*+.^#%, \t\"'x{ip}\x80";
	size_t len = 1 + (size_t)rand() % (max - 1);
	for (size_t i = 0; i < len; i++)
		out[i] =
		    rand() % 8
			? (uint8_t)likely[(size_t)rand() % (sizeof likely - 1)]
			: (uint8_t)(1 + rand() % 255);
	for (size_t i = 0; i < len; i++) /* no target has one */
		if (out[i] == '\n' || out[i] == '\r')
			out[i] = '?';
	out[0] = '/';
	return (struct slice){out, len};
}

static void rule_hostile(void **state)
{
	uint8_t a[40], b[40];
	(void)state;
	srand(7);
	for (size_t i = 0; i < 3000; i++) {
		struct slice asked = random_target(a, sizeof a);
		struct slice recorded = random_target(b, sizeof b);
		if (!slice_equal(asked, recorded))
			assert_joined(asked, recorded, i & 1);
	}
}

/* One line each, with nothing in it that drives a terminal. */
static void rule_is_text(void **state)
{
	uint8_t all[256];
	struct buf lines = {0};
	(void)state;
	for (size_t i = 0; i < sizeof all; i++)
		all[i] = (uint8_t)i;
	struct slice target = {all, sizeof all};
	assert_true(rule_targets(SLICE("a\nb"), target, target, SLICE("/"),
				 true, &lines));
	for (size_t i = 0; i + 1 < lines.len; i++)
		assert_in_range(lines.data[i], 0x20, 0x7e);
	assert_int_equal(lines.data[lines.len - 1], '\n');
	buf_release(&lines);
}

static void rule_too_long(void **state)
{
	static uint8_t long_one[5000];
	struct buf lines = {0};
	(void)state;
	memset(long_one, 'a', sizeof long_one);
	struct slice target = {long_one, sizeof long_one};
	assert_false(rule_targets(SLICE(HOST), target, target, SLICE("/"), true,
				  &lines));
	assert_int_equal(lines.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rule_lines),    cmocka_unit_test(rule_parameters),
	    cmocka_unit_test(rule_hostile),  cmocka_unit_test(rule_is_text),
	    cmocka_unit_test(rule_too_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
