/* What a recording has that cannot be brought back, and what leads out of the
 * replay. */
#include "findings.h"

#include "literals.h"
#include "opened.h"

#include "capture/progress.h"

#include <stdlib.h>

/* Of one answer so many links are told; all are counted. */
#define LINKS_SHOWN 100U
/* As replay reads requests, see client.c. */
#define REQUEST_HEAD_MAX ((size_t)256 << 10)
#define REQUEST_BODY_MAX ((uint64_t)64 << 20)

/* The exchange in hand. */
struct check {
	struct findings *findings;
	struct literals *literals;
	bool steered_too;
	size_t i;
	const struct exchange *e;
	size_t shown; /* of its links */
};

static struct finding *add(struct check *c, enum finding_kind kind)
{
	struct findings *f = c->findings;
	if (f->count == f->room) {
		f->room = f->room ? 2 * f->room : 64;
		f->list = xreallocarray(f->list, f->room, sizeof *f->list);
	}
	struct finding *new = &f->list[f->count++];
	*new = (struct finding){.kind = kind, .i = c->i};
	return new;
}

/* ---- why an exchange is not whole ---- */

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void put_bytes(struct buf *out, uint64_t n)
{
	buf_printf(out, "%llu byte%s", (unsigned long long)n, plural(n));
}

static bool request_is_whole(const struct exchange *e)
{
	struct message m;
	return http_request(e->request_head, &m) == HTTP_DONE;
}

static uint64_t missing_bytes(const struct exchange *e)
{
	struct body_reader r = exchange_response_body(e);
	struct slice bytes;
	uint64_t missing = 0;
	while (body_next(&r, &bytes))
		missing += bytes.data ? 0 : bytes.len;
	return missing;
}

static void explain_silence(const struct exchange *e, struct buf *out)
{
	switch (exchange_end(e)) {
	case STREAM_OPEN:
		buf_add_string(out, "nothing more was recorded");
		break;
	case STREAM_FIN:
		buf_add_string(out, "the server closed the connection");
		break;
	case STREAM_RESET:
		buf_add_string(out, "the connection was reset");
		break;
	}
}

/* What was recorded of a body that ends early. */
static void explain_cut(const struct exchange *e, struct buf *out)
{
	struct message m;
	struct body_reader reader;
	struct original o = original_of(e, &reader);
	if (!o.head.len ||
	    http_response(o.head, exchange_method(e), &m) != HTTP_DONE) {
		buf_add_string(out, "the response's head is not whole");
		return;
	}
	put_bytes(out, e->body_bytes);
	switch (m.framing) {
	case HTTP_NO_BODY:
	case HTTP_UNTIL_CLOSE:
		break;
	case HTTP_LENGTH:
		buf_printf(out, " of %llu", (unsigned long long)m.length);
		break;
	case HTTP_CHUNKED:
		buf_add_string(out, " without the last chunk");
		break;
	}
	buf_add_string(out, ", ");
	explain_silence(e, out);
}

static void explain_gap(const struct exchange *e, struct buf *out)
{
	uint64_t missing = missing_bytes(e);
	if (!e->status) {
		buf_add_string(out, "the response's start is missing from the "
				    "capture");
		return;
	}
	if (!missing) {
		buf_add_string(out, "bytes are missing from the capture");
		return;
	}
	put_bytes(out, missing);
	buf_add_string(out, " of the body missing from the capture");
}

static void explain(const struct exchange *e, struct buf *out)
{
	if (e->state != EXCHANGE_NO_RESPONSE && !request_is_whole(e)) {
		buf_add_string(out, "the request is not whole");
		return;
	}
	switch ((enum exchange_state)e->state) {
	case EXCHANGE_COMPLETE:
		break;
	case EXCHANGE_NO_RESPONSE:
		explain_silence(e, out);
		break;
	case EXCHANGE_CUT:
		explain_cut(e, out);
		break;
	case EXCHANGE_GAP:
		explain_gap(e, out);
		break;
	case EXCHANGE_MALFORMED:
		buf_add_string(out, e->status
					? "its framing is contradictory or "
					  "broken"
					: "what answers is no HTTP response");
		break;
	}
}

/* ---- what else was recorded of a URL, of a host ---- */

static uint64_t url_hash(const struct exchange *e)
{
	struct buf b = {0};
	struct url url = exchange_url(e);
	url_print(&b, &url);
	uint64_t hash = slice_hash(buf_slice(&b), 0);
	buf_release(&b);
	return hash;
}

/* Without case. */
static uint64_t host_hash(struct slice host)
{
	struct buf b = {0};
	buf_add_lower(&b, host);
	uint64_t hash = slice_hash(buf_slice(&b), 0);
	buf_release(&b);
	return hash;
}

static int compare_hashes(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static bool hashes_have(const struct hashes *h, uint64_t hash)
{
	return h->count &&
	       bsearch(&hash, h->list, h->count, sizeof hash, compare_hashes);
}

static struct hashes hashes_of(const struct recording *r,
			       bool (*wanted)(const struct exchange *e),
			       uint64_t (*hash)(const struct exchange *e))
{
	struct hashes h = {.list =
			       xreallocarray(NULL, r->count, sizeof *h.list)};
	for (size_t i = 0; i < r->count; i++)
		if (wanted(&r->exchanges[i]))
			h.list[h.count++] = hash(&r->exchanges[i]);
	if (h.count)
		qsort(h.list, h.count, sizeof *h.list, compare_hashes);
	return h;
}

static bool is_200(const struct exchange *e)
{
	return e->status == 200;
}

static bool is_https(const struct exchange *e)
{
	return e->https;
}

static uint64_t exchange_host_hash(const struct exchange *e)
{
	return host_hash(exchange_url(e).host);
}

static uint64_t flow_number(const struct exchange *e)
{
	return e->flow->number;
}

static bool is_any(const struct exchange *e)
{
	return e->flow;
}

static size_t count_connections(const struct recording *r)
{
	struct hashes numbers = hashes_of(r, is_any, flow_number);
	size_t count = 0;
	for (size_t i = 0; i < numbers.count; i++)
		count += i == 0 || numbers.list[i] != numbers.list[i - 1];
	free(numbers.list);
	return count;
}

/* ---- an exchange ---- */

static struct slice response_field(const struct exchange *e, struct slice name)
{
	return http_field(opened_fields(e), name);
}

static bool is_tunnel(const struct exchange *e)
{
	return e->status / 100 == 2 &&
	       slice_equal(exchange_method(e), SLICE("CONNECT"));
}

static bool is_too_large(const struct exchange *e)
{
	return e->request_head.len > REQUEST_HEAD_MAX ||
	       e->request_body.len > REQUEST_BODY_MAX;
}

static bool is_event_stream(const struct exchange *e)
{
	return slice_starts_nocase(response_field(e, SLICE("Content-Type")),
				   SLICE("text/event-stream"));
}

static enum reason state_reason(const struct exchange *e)
{
	bool open = exchange_end(e) == STREAM_OPEN;
	switch ((enum exchange_state)e->state) {
	case EXCHANGE_COMPLETE:
		break;
	case EXCHANGE_NO_RESPONSE:
		return open ? REASON_NO_RESPONSE : REASON_UNANSWERED;
	case EXCHANGE_CUT:
		return open ? REASON_CUT : REASON_BROKEN_OFF;
	case EXCHANGE_GAP:
		return REASON_GAP;
	case EXCHANGE_MALFORMED:
		return REASON_MALFORMED;
	}
	return REASON_NONE;
}

/* whole_urls: see struct findings. */
static enum reason reason_of(const struct hashes *whole_urls,
			     const struct exchange *e)
{
	if (e->state != EXCHANGE_COMPLETE)
		return state_reason(e);
	if (e->status == 101)
		return http_has_token(response_field(e, SLICE("Upgrade")),
				      SLICE("websocket"))
			   ? REASON_WEBSOCKET
			   : REASON_UPGRADE;
	if (is_tunnel(e))
		return REASON_TUNNEL;
	if (e->status == 304 && !hashes_have(whole_urls, url_hash(e)))
		return REASON_CACHED;
	return is_too_large(e) ? REASON_TOO_LARGE : REASON_NONE;
}

static void tell_reason(struct check *c, enum reason reason)
{
	switch (reason) {
	case REASON_NONE:
		c->findings->reproducible++;
		if (is_event_stream(c->e))
			add(c, FOUND_EVENTS);
		break;
	case REASON_WEBSOCKET:
	case REASON_UPGRADE:
		buf_add(&add(c, FOUND_UPGRADE)->text,
			response_field(c->e, SLICE("Upgrade")));
		break;
	case REASON_TUNNEL:
		add(c, FOUND_TUNNEL);
		break;
	case REASON_CACHED:
		add(c, FOUND_CACHED);
		break;
	case REASON_TOO_LARGE:
		add(c, FOUND_TOO_LARGE);
		break;
	default:
		explain(c->e, &add(c, FOUND_INCOMPLETE)->text);
	}
}

bool *findings_all_reproducible(const struct recording *r)
{
	bool *fit = xcalloc(r->count + 1, sizeof *fit);
	struct hashes whole_urls = hashes_of(r, is_200, url_hash);
	for (size_t i = 0; i < r->count; i++)
		fit[i] =
		    reason_of(&whole_urls, &r->exchanges[i]) == REASON_NONE;
	free(whole_urls.list);
	return fit;
}

/* ---- what its text does ---- */

/* Behind the name of a variable: that it is set, and not only compared. */
static bool is_assigned(struct slice s)
{
	while (s.len && (*s.data == ' ' || *s.data == '\t'))
		s = slice_from(s, 1);
	return s.len > 1 && s.data[0] == '=' && s.data[1] != '=';
}

/* Minified scripts call the document by other names. */
static bool sets_cookie(struct slice text)
{
	static const struct slice name = SLICE(".cookie");
	const uint8_t *at;
	while (text.len &&
	       (at = memmem(text.data, text.len, name.data, name.len))) {
		text = slice_from(text, (size_t)(at - text.data) + name.len);
		if (is_assigned(text))
			return true;
	}
	return false;
}

static bool registers_worker(struct slice text)
{
	static const struct slice words = SLICE("serviceWorker.register");
	return text.len && memmem(text.data, text.len, words.data, words.len);
}

static void take_text(void *context, struct slice text)
{
	struct check *c = context;
	uint8_t *marks = &c->findings->marks[c->i];
	if (sets_cookie(text))
		*marks |= MARK_SETS_COOKIE;
	if (registers_worker(text))
		*marks |= MARK_WORKER;
}

/* ---- its links ---- */

static void take_link(void *context, const struct literal *l)
{
	struct check *c = context;
	if (l->steered)
		c->findings->steered++;
	else
		c->findings->bare++;
	if (l->steered && !c->steered_too)
		return;
	if (c->shown++ >= LINKS_SHOWN)
		return;
	struct finding *f = add(c, l->steered ? FOUND_STEERED : FOUND_BARE);
	buf_add(&f->text, l->text);
	buf_add(&f->type, l->type);
	buf_add(&f->field, l->field);
	f->line = l->line;
	f->at = l->at;
}

static void check_links(struct check *c)
{
	struct buf trouble = {0};
	c->shown = 0;
	struct literal_takers takers = {take_link, take_text, c};
	literals_find(c->literals, c->e, &takers, &trouble);
	if (c->shown > LINKS_SHOWN)
		buf_printf(&trouble, "%s%zu links more than shown",
			   trouble.len ? "; " : "", c->shown - LINKS_SHOWN);
	if (trouble.len)
		add(c, FOUND_UNSEARCHED)->text = trouble;
}

static void check_exchange(struct check *c)
{
	enum reason reason = reason_of(&c->findings->whole_urls, c->e);
	c->findings->states[c->e->state]++;
	c->findings->reasons[c->i] = (uint8_t)reason;
	tell_reason(c, reason);
	if (c->e->response_head.len)
		check_links(c);
}

void findings_collect(struct findings *f, const struct recording *r,
		      const struct rules *rules, bool steered_too)
{
	struct check c = {.findings = f,
			  .literals = literals_new(rules),
			  .steered_too = steered_too};
	*f = (struct findings){.recording = r};
	f->reasons = xcalloc(r->count, sizeof *f->reasons);
	f->marks = xcalloc(r->count, sizeof *f->marks);
	f->with_http = count_connections(r);
	f->whole_urls = hashes_of(r, is_200, url_hash);
	f->https_hosts = hashes_of(r, is_https, exchange_host_hash);
	progress_phase(r->progress, "looking into bodies", NULL, r->count,
		       "exchanges");
	for (; c.i < r->count; c.i++) {
		c.e = &r->exchanges[c.i];
		check_exchange(&c);
		progress_at(r->progress, c.i);
	}
	progress_end(r->progress);
	literals_free(c.literals);
}

void findings_release(struct findings *f)
{
	for (size_t i = 0; i < f->count; i++) {
		buf_release(&f->list[i].text);
		buf_release(&f->list[i].type);
		buf_release(&f->list[i].field);
	}
	free(f->list);
	free(f->reasons);
	free(f->marks);
	free(f->whole_urls.list);
	free(f->https_hosts.list);
	*f = (struct findings){0};
}

bool findings_reproducible(const struct findings *f, size_t i)
{
	return f->reasons[i] == REASON_NONE;
}

enum reason findings_reason(const struct findings *f, size_t i)
{
	return (enum reason)f->reasons[i];
}

const struct finding *findings_of(const struct findings *f, size_t i)
{
	size_t from = 0, to = f->count;
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (f->list[middle].i < i)
			from = middle + 1;
		else
			to = middle;
	}
	/* why it is not whole stands before its links */
	if (from < f->count && f->list[from].i == i &&
	    f->list[from].kind < FOUND_UNSEARCHED)
		return &f->list[from];
	return NULL;
}

uint64_t findings_bytes(const struct exchange *e)
{
	if (e->state != EXCHANGE_GAP)
		return e->body_bytes;
	struct body_reader r = exchange_response_body(e);
	struct slice bytes;
	uint64_t recorded = 0;
	while (body_next(&r, &bytes))
		recorded += bytes.data ? bytes.len : 0;
	return recorded;
}

const struct name *findings_encrypted(const struct findings *f, size_t *at)
{
	const struct names *names = f->recording->names;
	while (*at < names_count(names)) {
		const struct name *n = names_get(names, (*at)++);
		if (n->kind == NAME_TLS &&
		    !hashes_have(&f->https_hosts, host_hash(n->text)))
			return n;
	}
	return NULL;
}
