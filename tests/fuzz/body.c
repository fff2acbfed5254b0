/* Fuzzes answers under the default rules: whatever their head and body, what
 * goes out has a true length and stands in the coding that it names.
 *
 * The input is a response head up to its empty line, then the body; its first
 * byte says how it is to be taken. */
#include "rewrite/apply.h"
#include "rewrite/finish.h"
#include "rewrite/steer.h"

#include "capture/http.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct rest {
	struct slice left;
	size_t step;
};

static bool rest_next(void *context, struct slice *bytes)
{
	struct rest *rest = context;
	*bytes = slice_to(rest->left, rest->step);
	rest->left = slice_from(rest->left, bytes->len);
	return bytes->len > 0;
}

static void check(const struct rewritten *w, bool coded)
{
	struct finished f = {0};
	struct message m;
	if (!rewritten_finish(w, coded, &f))
		return;
	if (http_response(buf_slice(&f.head), SLICE("GET"), &m) == HTTP_DONE &&
	    f.body_changed && !f.close && m.framing == HTTP_LENGTH &&
	    m.length != f.body.len)
		abort();
	dates_move(f.head.data, f.dates, f.date_count, 1795000000);
	finished_release(&f);
}

static void run(const struct rules *rules, struct matcher *m, uint8_t how,
		struct slice text)
{
	struct message message;
	if (http_response(text, SLICE("GET"), &message) != HTTP_DONE)
		return;
	struct rest rest = {slice_from(text, message.head.len),
			    how & 1 ? 1 + (size_t)(how >> 4) : SIZE_MAX};
	struct original o = {
	    .method = SLICE("GET"),
	    .host = SLICE("www.example"),
	    .target = SLICE("/a"),
	    .time = 1400000000,
	    .head = message.head,
	    .status = message.status,
	    .next = rest_next,
	    .context = &rest,
	    .cut = how & 2,
	    .missing = how & 2 ? 100 : 0,
	    .framing = how & 4 ? HTTP_CHUNKED : message.framing,
	};
	struct rewritten w = {.keep_plain = how & 8};
	if (apply(rules, m, &o, how & 8, NULL, &w)) {
		check(&w, true);
		check(&w, false);
	}
	rewritten_release(&w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rules *rules;
	static struct matcher *m;
	static const char *const paths[] = {"etc/rules.conf"};
	if (!rules) {
		rules = rules_read(paths, 1, SLICE(STEER_ZONE));
		m = matcher_new();
	}
	if (!rules)
		abort(); /* not started in the project's folder */
	if (size)
		run(rules, m, data[0], (struct slice){data + 1, size - 1});
	return 0;
}
