/* Fuzzes the written forms of addresses: what {ip} takes is an address, its
 * steering name leads back to it, and steered text holds none any more. */
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

/* Steers text; returns how many addresses. */
static size_t steer(struct matcher *m, struct slice text, struct buf *out)
{
	static struct substitution s;
	struct fault fault = {0};
	size_t count = 0;
	if (!s.pattern) {
		s.all = true;
		s.pattern = pattern_new(SLICE("({link})({ip})"), PATTERN_NOCASE,
					&fault);
		s.template =
		    template_new(SLICE("$1${steer:2}"), s.pattern, &fault);
	}
	matcher_begin(m, 1);
	if (pattern_find(s.pattern, m, text, 0, false) == PATTERN_FOUND)
		check(matcher_group(m, 2));
	substitute(&s, m, text, SLICE(STEER_ZONE), out, &count);
	return count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct matcher *m;
	struct buf once = {0}, twice = {0};
	if (!m)
		m = matcher_new();
	if (steer(m, (struct slice){data, size}, &once) &&
	    steer(m, buf_slice(&once), &twice))
		abort();
	buf_release(&once);
	buf_release(&twice);
	return 0;
}
