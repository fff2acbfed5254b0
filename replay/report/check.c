/* replay --check: what can be brought back and what cannot, and why. */
#include "check.h"

#include "literals.h"
#include "value.h"

#include "rewrite/visible.h"

#include "capture/log.h"

#include <errno.h>
#include <stdlib.h>

/* Of one answer so many links are told; all are counted. */
#define LINKS_SHOWN 100U
/* As replay reads requests, see client.c. */
#define REQUEST_HEAD_MAX ((size_t)256 << 10)
#define REQUEST_BODY_MAX ((uint64_t)64 << 20)
#define STATES (EXCHANGE_MALFORMED + 1)

enum finding_kind {
	FOUND_INCOMPLETE,
	FOUND_CACHED,
	FOUND_UPGRADE,
	FOUND_TUNNEL,
	FOUND_TOO_LARGE,
	FOUND_EVENTS,
	FOUND_UNSEARCHED,
	FOUND_BARE,
	FOUND_STEERED,
};

static const struct {
	const char *heading, *key;
} kinds[] = {
    [FOUND_INCOMPLETE] = {"not whole:", "incomplete"},
    [FOUND_CACHED] = {"only a 304 was recorded, the body was in the victim's "
		      "cache:",
		      "only_304"},
    [FOUND_UPGRADE] = {"what follows the 101 is not replayed:", "upgrades"},
    [FOUND_TUNNEL] = {"tunnels, whose own exchanges count alone:", "tunnels"},
    [FOUND_TOO_LARGE] = {"requests larger than replay reads:", "too_large"},
    [FOUND_EVENTS] = {"event streams, sent at once:", "event_streams"},
    [FOUND_UNSEARCHED] = {"not searched for links to bare addresses:",
			  "unsearched"},
    [FOUND_BARE] = {"links to bare addresses that no rule steers:",
		    "ip_targets"},
    [FOUND_STEERED] = {"links to bare addresses that a rule steers:",
		       "ip_targets_steered"},
};
#define KINDS (sizeof kinds / sizeof *kinds)

struct finding {
	enum finding_kind kind;
	size_t i;        /* of the exchange */
	struct buf text; /* why; of a link, how it is written; may be empty */
	/* of a link */
	struct buf type, field; /* field empty: in the body */
	size_t line, at;
};

/* Sorted. */
struct hashes {
	uint64_t *list;
	size_t count;
};

struct check {
	const struct recording *recording;
	const struct check_options *options;
	struct finding *findings;
	size_t count, room;

	size_t states[STATES];
	size_t reproducible;
	size_t with_http;          /* connections */
	struct hashes whole_urls;  /* that have a 200 */
	struct hashes https_hosts; /* that were read */

	size_t i;             /* the exchange in hand */
	size_t shown;         /* of its links */
	size_t bare, steered; /* links of all */
};

static struct finding *add(struct check *c, enum finding_kind kind)
{
	if (c->count == c->room) {
		c->room = c->room ? 2 * c->room : 64;
		c->findings =
		    xreallocarray(c->findings, c->room, sizeof *c->findings);
	}
	struct finding *f = &c->findings[c->count++];
	*f = (struct finding){.kind = kind, .i = c->i};
	return f;
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
	switch (e->flow->streams[!e->client].end) {
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
	if (!o.head.len || http_response(o.head, e->method, &m) != HTTP_DONE) {
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
	for (size_t i = 0; i < host.len; i++) {
		uint8_t c = host.data[i];
		buf_add_byte(&b, c >= 'A' && c <= 'Z' ? c | 0x20 : c);
	}
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
	struct message m;
	if (!e->response_head.len ||
	    http_response(e->response_head, e->method, &m) != HTTP_DONE)
		return (struct slice){0};
	return http_field(m.fields, name);
}

static bool is_tunnel(const struct exchange *e)
{
	return e->status / 100 == 2 && slice_equal(e->method, SLICE("CONNECT"));
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

static void check_complete(struct check *c, const struct exchange *e)
{
	if (e->status == 101) {
		struct finding *f = add(c, FOUND_UPGRADE);
		buf_add(&f->text, response_field(e, SLICE("Upgrade")));
	} else if (is_tunnel(e)) {
		add(c, FOUND_TUNNEL);
	} else if (e->status == 304 &&
		   !hashes_have(&c->whole_urls, url_hash(e))) {
		add(c, FOUND_CACHED);
	} else if (is_too_large(e)) {
		add(c, FOUND_TOO_LARGE);
	} else {
		c->reproducible++;
		if (is_event_stream(e))
			add(c, FOUND_EVENTS);
	}
}

static void take_link(void *context, const struct literal *l)
{
	struct check *c = context;
	c->bare += !l->steered;
	c->steered += l->steered;
	bool wanted = !l->steered || c->options->verbose || c->options->json;
	if (!wanted || c->shown++ >= LINKS_SHOWN)
		return;
	struct finding *f = add(c, l->steered ? FOUND_STEERED : FOUND_BARE);
	buf_add(&f->text, l->text);
	buf_add(&f->type, l->type);
	buf_add(&f->field, l->field);
	f->line = l->line;
	f->at = l->at;
}

static void check_links(struct check *c, struct literals *literals,
			const struct exchange *e)
{
	struct buf trouble = {0};
	c->shown = 0;
	literals_find(literals, e, take_link, c, &trouble);
	if (c->shown > LINKS_SHOWN)
		buf_printf(&trouble, "%s%zu links more than shown",
			   trouble.len ? "; " : "", c->shown - LINKS_SHOWN);
	if (trouble.len)
		add(c, FOUND_UNSEARCHED)->text = trouble;
}

static void check_exchange(struct check *c, struct literals *literals)
{
	const struct exchange *e = &c->recording->exchanges[c->i];
	c->states[e->state]++;
	if (e->state == EXCHANGE_COMPLETE)
		check_complete(c, e);
	else
		explain(e, &add(c, FOUND_INCOMPLETE)->text);
	if (e->response_head.len)
		check_links(c, literals, e);
}

static void check_all(struct check *c)
{
	struct literals *literals = literals_new(c->options->rules);
	c->with_http = count_connections(c->recording);
	c->whole_urls = hashes_of(c->recording, is_200, url_hash);
	c->https_hosts = hashes_of(c->recording, is_https, exchange_host_hash);
	for (c->i = 0; c->i < c->recording->count; c->i++)
		check_exchange(c, literals);
	literals_free(literals);
}

static void check_release(struct check *c)
{
	for (size_t i = 0; i < c->count; i++) {
		buf_release(&c->findings[i].text);
		buf_release(&c->findings[i].type);
		buf_release(&c->findings[i].field);
	}
	free(c->findings);
	free(c->whole_urls.list);
	free(c->https_hosts.list);
}

/* ---- encrypted connections ---- */

/* The next name of a TLS server of which nothing was read. */
static const struct name *encrypted_next(const struct check *c, size_t *at)
{
	const struct names *names = c->recording->names;
	while (*at < names_count(names)) {
		const struct name *n = names_get(names, (*at)++);
		if (n->kind == NAME_TLS &&
		    !hashes_have(&c->https_hosts, host_hash(n->text)))
			return n;
	}
	return NULL;
}

/* ---- for people ---- */

static unsigned per_mille(size_t part, size_t whole)
{
	return whole ? (unsigned)(part * 1000 / whole) : 0;
}

static void put_url(const struct exchange *e, struct buf *out)
{
	struct url url = exchange_url(e);
	url_print(out, &url);
}

static void put_place(const struct finding *f)
{
	fputs(" (", stdout);
	visible_print(stdout,
		      f->type.len ? buf_slice(&f->type) : SLICE("no type"));
	fputs(") ", stdout);
	if (f->field.len)
		visible_print(stdout, buf_slice(&f->field));
	else
		printf("body line %zu", f->line);
	printf(", byte %zu", f->at);
}

static void put_finding(const struct check *c, const struct finding *f)
{
	const struct exchange *e = &c->recording->exchanges[f->i];
	struct buf url = {0};
	put_url(e, &url);
	printf("  #%zu ", f->i + 1);
	visible_print(stdout, e->method);
	putchar(' ');
	visible_print(stdout, buf_slice(&url));
	if (f->type.len || f->field.len || f->line)
		put_place(f);
	if (f->kind == FOUND_INCOMPLETE)
		printf(": %s",
		       exchange_state_name((enum exchange_state)e->state));
	if (f->text.len)
		fputs(": ", stdout);
	visible_print(stdout, buf_slice(&f->text));
	putchar('\n');
	buf_release(&url);
}

static void put_findings(const struct check *c, enum finding_kind kind)
{
	bool any = false;
	for (size_t i = 0; i < c->count; i++) {
		if (c->findings[i].kind != kind)
			continue;
		if (!any)
			printf("\n%s\n", kinds[kind].heading);
		any = true;
		put_finding(c, &c->findings[i]);
	}
}

static void put_encrypted(const struct check *c)
{
	const struct name *n;
	bool any = false;
	for (size_t at = 0; (n = encrypted_next(c, &at));) {
		struct buf address = {0};
		if (!any)
			puts("\nencrypted: not read:");
		any = true;
		address_print(&address, &n->address);
		fputs("  ", stdout);
		visible_print(stdout, n->text);
		fputs(" at ", stdout);
		visible_print(stdout, buf_slice(&address));
		putchar('\n');
		buf_release(&address);
	}
}

static void put_text(const struct check *c)
{
	size_t count = c->recording->count;
	unsigned share = per_mille(c->reproducible, count);
	printf("connections: %u, with HTTP: %zu\n",
	       flows_len(c->recording->flows), c->with_http);
	printf("exchanges: %zu\n", count);
	for (int state = 0; state < STATES; state++)
		if (c->states[state])
			printf("  %s: %zu\n",
			       exchange_state_name((enum exchange_state)state),
			       c->states[state]);
	for (enum finding_kind kind = 0; kind < FOUND_UNSEARCHED; kind++)
		put_findings(c, kind);
	put_encrypted(c);
	for (enum finding_kind kind = FOUND_UNSEARCHED; kind < KINDS; kind++)
		put_findings(c, kind);
	printf("\nlinks to bare addresses: %zu steered, %zu not\n", c->steered,
	       c->bare);
	printf("reproducible: %zu of %zu exchanges (%u.%u %%)\n",
	       c->reproducible, count, share / 10, share % 10);
}

/* ---- for programs ---- */

static json_t *number(size_t n)
{
	return json_integer((json_int_t)n);
}

static void add_place(json_t *o, const struct finding *f)
{
	bool field = f->field.len;
	json_object_set_new(o, "type", value_text(buf_slice(&f->type)));
	json_object_set_new(
	    o, "field", field ? value_text(buf_slice(&f->field)) : json_null());
	json_object_set_new(o, "line", field ? json_null() : number(f->line));
	json_object_set_new(o, "byte", number(f->at));
	json_object_set_new(o, "text", value_text(buf_slice(&f->text)));
}

static const char *text_key(enum finding_kind kind)
{
	return kind == FOUND_UPGRADE ? "protocol" : "reason";
}

static json_t *finding_value(const struct check *c, const struct finding *f)
{
	const struct exchange *e = &c->recording->exchanges[f->i];
	struct buf url = {0};
	json_t *o = json_object();
	put_url(e, &url);
	json_object_set_new(o, "no", number(f->i + 1));
	json_object_set_new(o, "method", value_text(e->method));
	json_object_set_new(o, "url", value_text(buf_slice(&url)));
	buf_release(&url);
	if (f->kind == FOUND_INCOMPLETE)
		json_object_set_new(o, "state",
				    json_string(exchange_state_name(
					(enum exchange_state)e->state)));
	if (f->kind == FOUND_BARE || f->kind == FOUND_STEERED)
		add_place(o, f);
	else if (f->text.len)
		json_object_set_new(o, text_key(f->kind),
				    value_text(buf_slice(&f->text)));
	return o;
}

static json_t *states_value(const struct check *c)
{
	json_t *o = json_object();
	for (int state = 0; state < STATES; state++)
		json_object_set_new(
		    o, exchange_state_name((enum exchange_state)state),
		    number(c->states[state]));
	return o;
}

static json_t *encrypted_value(const struct check *c)
{
	json_t *list = json_array();
	const struct name *n;
	for (size_t at = 0; (n = encrypted_next(c, &at));) {
		struct buf address = {0};
		address_print(&address, &n->address);
		json_array_append_new(
		    list,
		    json_pack("{s:o,s:o}", "name", value_text(n->text),
			      "address", value_text(buf_slice(&address))));
		buf_release(&address);
	}
	return list;
}

static void add_findings(json_t *o, const struct check *c)
{
	json_t *lists[KINDS];
	for (size_t kind = 0; kind < KINDS; kind++) {
		lists[kind] = json_array();
		json_object_set_new(o, kinds[kind].key, lists[kind]);
	}
	for (size_t i = 0; i < c->count; i++)
		json_array_append_new(lists[c->findings[i].kind],
				      finding_value(c, &c->findings[i]));
}

static void put_json(const struct check *c)
{
	size_t count = c->recording->count;
	struct buf line = {0};
	json_t *o = json_object();
	json_object_set_new(o, "capture",
			    value_text(slice_of(c->options->capture)));
	json_object_set_new(o, "connections",
			    number(flows_len(c->recording->flows)));
	json_object_set_new(o, "connections_with_http", number(c->with_http));
	json_object_set_new(o, "exchanges", number(count));
	json_object_set_new(o, "states", states_value(c));
	json_object_set_new(o, "encrypted", encrypted_value(c));
	add_findings(o, c);
	json_object_set_new(o, "bare_links", number(c->bare));
	json_object_set_new(o, "steered_links", number(c->steered));
	json_object_set_new(o, "reproducible", number(c->reproducible));
	json_object_set_new(
	    o, "percent", json_real(per_mille(c->reproducible, count) / 10.0));
	value_line(&line, o);
	fwrite(line.data, 1, line.len, stdout);
	buf_release(&line);
}

int check_print(const struct recording *r, const struct check_options *o)
{
	struct check c = {.recording = r, .options = o};
	check_all(&c);
	if (o->json)
		put_json(&c);
	else
		put_text(&c);
	check_release(&c);
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	log_warn("cannot write to standard output: %s", strerror(errno));
	return -1;
}
