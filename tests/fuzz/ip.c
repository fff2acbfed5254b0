/* Fuzzes the written forms of addresses: what {ip} takes is an address, and
 * its steering name leads back to it. */
#include "rewrite/pattern.h"
#include "rewrite/steer.h"
#include "rewrite/substitution.h"
#include "rewrite/written.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct slice written)
{
	struct address a, back;
	struct buf name = {0};
	if (!written_address(written, &a))
		abort();
	steer_name(&name, &a, SLICE(STEER_ZONE));
	if (!steer_address(buf_slice(&name), SLICE(STEER_ZONE), &back) ||
	    !address_equal(&a, &back))
		abort();
	buf_release(&name);
}

static void check_all(const struct pattern *p, struct matcher *m,
		      struct slice text)
{
	size_t at = 0;
	while (pattern_find(p, m, text, at, false) == PATTERN_FOUND) {
		struct slice host = matcher_group(m, 2);
		check(host);
		at = (size_t)(host.data + host.len - text.data);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct substitution s = {.all = true};
	static struct matcher *m;
	struct slice text = {data, size};
	struct fault fault = {0};
	struct buf out = {0};
	size_t count;
	if (!m) {
		m = matcher_new();
		s.pattern = pattern_new(SLICE("({link})({ip})"), PATTERN_NOCASE,
					&fault);
		s.template =
		    template_new(SLICE("$1${steer:2}"), s.pattern, &fault);
	}
	matcher_begin(m, 1);
	check_all(s.pattern, m, text);
	if (substitute(&s, m, text, SLICE(STEER_ZONE), &out, &count) ==
		PATTERN_FOUND &&
	    !count)
		abort();
	buf_release(&out);
	return 0;
}
