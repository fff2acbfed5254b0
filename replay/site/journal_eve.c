/* A line of the log for programs, in the names of Suricata's EVE. */
#include "journal_line.h"
#include "json.h"
#include "tls.h"

#include "capture/hostname.h"

/* Bytes of a value that differs: what a recorded head holds is told again for
 * each request that is held against it. */
#define VALUE_MAX ((size_t)8 << 10)

/* Most of a line are names: these are copied without having been measured. */
#define ADD(out, text) add(out, SLICE(text))

static inline void add(struct buf *out, struct slice s)
{
	if (s.len > out->cap - out->len)
		buf_reserve(out, s.len);
	memcpy(out->data + out->len, s.data, s.len);
	out->len += s.len;
}

/* name: with its quotes and colon, and what stands before it. */
#define MEMBER(out, name, value)                                               \
	do {                                                                   \
		ADD(out, name);                                                \
		json_add(out, value);                                          \
	} while (0)

#define NUMBER(out, name, value)                                               \
	do {                                                                   \
		ADD(out, name);                                                \
		buf_add_number(out, value);                                    \
	} while (0)

static void optional(struct buf *out, struct slice name, struct slice value)
{
	if (!value.data)
		return;
	add(out, name);
	json_add(out, value);
}

static void eve_flow(struct buf *out, struct slice stamp,
		     const struct record *r, bool tls)
{
	ADD(out, "{\"timestamp\":\"");
	add(out, stamp);
	NUMBER(out, "+0000\",\"flow_id\":", r->flow);
	if (tls)
		ADD(out, ",\"event_type\":\"tls\",\"src_ip\":\"");
	else
		ADD(out, ",\"event_type\":\"http\",\"src_ip\":\"");
	line_address(out, &r->client.address);
	NUMBER(out, "\",\"src_port\":", r->client.port);
	ADD(out, ",\"dest_ip\":\"");
	line_address(out, &r->local.address);
	NUMBER(out, "\",\"dest_port\":", r->local.port);
	ADD(out, ",\"proto\":\"TCP\"");
}

/* "TLS 1.3" of OpenSSL's "TLSv1.3"; both say TLSv1. */
static void eve_tls_version(struct buf *out, const char *version)
{
	struct slice name = slice_of(version);
	bool minor = slice_starts(name, SLICE("TLSv1."));
	ADD(out, ",\"version\":\"");
	if (minor)
		ADD(out, "TLS ");
	add(out, slice_from(name, minor ? 4 : 0));
	ADD(out, "\"");
}

static void eve_tls(struct buf *out, const struct tls_told *t)
{
	ADD(out, ",\"tls\":{");
	size_t first = out->len;
	optional(out, SLICE(",\"sni\":"), t->sni);
	if (t->version)
		eve_tls_version(out, t->version);
	if (t->h2)
		ADD(out, ",\"server_alpns\":[\"h2\"]");
	if (out->len > first) /* its comma */
		memmove(out->data + first, out->data + first + 1,
			--out->len - first);
	ADD(out, "}");
}

/* As it was asked for: not the address behind a steering name. */
static struct slice hostname(const struct request *q)
{
	return q->steered && q->host_field.data ? hostname_of(q->host_field)
						: q->url.host;
}

static void eve_request(struct buf *out, const struct request *q)
{
	struct slice host = hostname(q);
	if (host.len)
		MEMBER(out, "\"hostname\":", host);
	if (host.len && q->url.names_port)
		NUMBER(out, ",\"http_port\":", q->url.port);
	if (host.len)
		ADD(out, ",");
	MEMBER(out, "\"url\":", q->url.target);
	optional(out, SLICE(",\"http_user_agent\":"),
		 q->traits.value[TRAIT_AGENT]);
	optional(out, SLICE(",\"http_refer\":"), q->referer);
	MEMBER(out, ",\"http_method\":", q->method);
	if (q->version == 20)
		ADD(out, ",\"version\":\"2\",");
	else if (q->version == 10)
		ADD(out, ",\"protocol\":\"HTTP/1.0\",");
	else
		ADD(out, ",\"protocol\":\"HTTP/1.1\",");
}

/* Content-Type without its parameters, and Location; in one look at the head,
 * of which few lines begin so. */
static void eve_response(struct buf *out, struct slice head)
{
	struct slice rest = head_fields(head);
	struct slice type = {0}, location = {0};
	struct field f;
	while (rest.len) {
		struct slice line = rest;
		rest = slice_from(line, slice_find(line, '\n') + 1);
		uint8_t first = line.data[0] | 0x20;
		if ((first != 'c' && first != 'l') ||
		    !http_field_next(&line, &f))
			continue;
		if (!type.data &&
		    slice_equal_nocase(f.name, SLICE("Content-Type")))
			type = f.value;
		else if (!location.data &&
			 slice_equal_nocase(f.name, SLICE("Location")))
			location = f.value;
	}
	type.len = slice_find(type, ';');
	optional(out, SLICE("\"http_content_type\":"), type);
	if (type.data)
		ADD(out, ",");
	optional(out, SLICE("\"redirect\":"), location);
	if (location.data)
		ADD(out, ",");
}

static void eve_http(struct buf *out, const struct record *r)
{
	ADD(out, ",\"http\":{");
	if (r->request)
		eve_request(out, r->request);
	if (r->head.len)
		eve_response(out, r->head);
	if (r->status) {
		NUMBER(out, "\"status\":", r->status);
		ADD(out, ",");
	}
	ADD(out, "\"length\":");
}

static void eve_value(struct buf *out, struct slice name, struct slice value)
{
	add(out, name);
	json_add_start(out, value, VALUE_MAX);
}

static void eve_difference(struct buf *out, const struct difference *d)
{
	MEMBER(out, "{\"in\":", slice_of(differ_kind_name(d->kind)));
	if (d->name.data)
		eve_value(out, SLICE(",\"name\":"), d->name);
	if (d->asked.data || d->recorded.data) {
		eve_value(out, SLICE(",\"asked\":"), d->asked);
		eve_value(out, SLICE(",\"recorded\":"), d->recorded);
	}
	ADD(out, "}");
}

static void eve_match(struct buf *out, const struct record *r)
{
	const struct differences *d = r->differences;
	if (!r->match)
		return;
	if (r->match->step && r->supplement)
		ADD(out, ",\"source\":\"supplement\"");
	else if (r->match->step)
		ADD(out, ",\"source\":\"recording\"");
	if (r->exchange != TABLE_NONE && r->match->step)
		NUMBER(out, ",\"exchange\":", r->exchange + 1);
	else if (r->exchange != TABLE_NONE)
		NUMBER(out, ",\"nearest\":", r->exchange + 1);
	ADD(out, ",\"step\":\"");
	add(out, slice_of(match_step_name(r->match->step)));
	ADD(out, "\",\"differs\":[");
	for (size_t i = 0; d && i < d->count; i++) {
		if (i)
			ADD(out, ",");
		eve_difference(out, &d->list[i]);
	}
	ADD(out, "]");
}

static void eve_text(struct buf *out, struct slice name, const char *value)
{
	if (value)
		optional(out, name, slice_of(value));
}

/* What EVE has no name for. */
static void eve_own(struct buf *out, struct slice url, const struct record *r)
{
	optional(out, SLICE(",\"url\":"), url);
	if (r->request)
		eve_text(out, SLICE(",\"way\":"), way_name(r->way));
	eve_match(out, r);
	if (r->rewritten)
		ADD(out, ",\"rewritten\":true");
	if (r->decoded)
		ADD(out, ",\"decoded\":true");
	if (r->told.len)
		MEMBER(out, ",\"told\":", r->told);
	eve_text(out, SLICE(",\"note\":"), r->note);
	if (!r->tls)
		return;
	eve_text(out, SLICE(",\"cipher\":"), r->tls->cipher);
	eve_text(out, SLICE(",\"failure\":"), r->tls->failure);
}

void line_eve(struct line *l, struct slice stamp, struct slice url,
	      const struct record *r)
{
	struct buf *out = &l->json;
	bool failed = r->tls && r->tls->failure;
	buf_clear(out);
	eve_flow(out, stamp, r, failed);
	if (r->tls)
		eve_tls(out, r->tls);
	l->before = r->before;
	l->http = !failed;
	if (l->http)
		eve_http(out, r);
	l->json_hole = out->len;
	eve_own(out, url, r);
}

void line_eve_end(struct buf *out, const struct line *l, uint64_t bytes,
		  const char *reason)
{
	struct slice line = buf_slice(&l->json);
	add(out, slice_to(line, l->json_hole));
	if (l->http) {
		buf_add_number(out, bytes > l->before ? bytes - l->before : 0);
		ADD(out, "}");
	}
	NUMBER(out, ",\"reenact\":{\"bytes\":", bytes);
	add(out, slice_from(line, l->json_hole));
	eve_text(out, SLICE(",\"ended\":"), reason);
	ADD(out, "}}\n");
}
