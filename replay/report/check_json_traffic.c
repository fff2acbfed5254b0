/* replay --check --format json: what was not read. */
#include "check_json.h"

#include "capture/certificate.h"
#include "capture/digest.h"

static const char *traffic_kind_key(enum traffic_kind kind)
{
	static const char *const names[SURVEY_TRAFFIC_KINDS] = {
	    [TRAFFIC_TLS] = "tls",
	    [TRAFFIC_QUIC] = "quic",
	    [TRAFFIC_HTTP2_CLEAR] = "http2-clear",
	    [TRAFFIC_OTHER] = "other",
	    [TRAFFIC_UNKNOWN] = "unknown",
	    [TRAFFIC_SILENT] = "silent",
	};
	return names[kind];
}

static json_t *print_value(const char *print)
{
	return value_words(*print ? print : NULL);
}

static json_t *digest_value(enum digest_kind kind, struct slice bytes)
{
	uint8_t digest[DIGEST_MAX];
	struct buf text = {0};
	size_t len = digest_of(kind, bytes, digest);
	buf_add_hex(&text, (struct slice){digest, len});
	json_t *value = len ? value_text(buf_slice(&text)) : json_null();
	buf_release(&text);
	return value;
}

/* Its time is that of a calendar, whatever year it has. */
static json_t *date_value(const struct certificate *c, int64_t seconds)
{
	return c->has_times ? json_integer((json_int_t)seconds) : json_null();
}

static json_t *certificate_value(struct slice der)
{
	struct certificate c = {0};
	if (!der.len)
		return json_null();
	json_t *o = json_object();
	bool read = certificate_read(&c, der);
	value_set(o, "subject",
		  read ? value_text(buf_slice(&c.subject)) : json_null());
	value_set(o, "issuer",
		  read ? value_text(buf_slice(&c.issuer)) : json_null());
	value_set(o, "not_before", date_value(&c, c.not_before));
	value_set(o, "not_after", date_value(&c, c.not_after));
	value_set(o, "sha1", digest_value(DIGEST_SHA1, der));
	value_set(o, "sha256", digest_value(DIGEST_SHA256, der));
	value_set(o, "bytes", value_number(der.len));
	certificate_release(&c);
	return o;
}

/* Wireshark's number, where the entry is one connection. */
static json_t *stream_value(const struct traffic *t)
{
	return t->udp || t->connections > 1 ? json_null()
					    : value_number(t->stream);
}

static json_t *traffic_value(const struct traffic *t)
{
	json_t *o = json_object();
	struct slice alpn = {t->print.alpn, t->print.alpn_len};
	value_set(o, "kind", json_string(traffic_kind_key(t->kind)));
	value_set(o, "protocol", value_words(t->protocol));
	value_set(o, "by_bytes", json_boolean(t->by_bytes));
	value_set(o, "udp", json_boolean(t->udp));
	value_set(o, "asks_certificate", json_boolean(t->asks_certificate));
	value_set(o, "stream", stream_value(t));
	value_set(o, "client", value_endpoint(&t->client));
	value_set(o, "server", value_endpoint(&t->server));
	value_set(o, "why", value_words(t->why));
	value_set(o, "name", t->name.data ? value_text(t->name) : json_null());
	value_set(o, "connections", value_number(t->connections));
	value_set(o, "bytes", value_number(t->bytes));
	value_set(o, "sent", value_number(t->sent));
	value_set(o, "received", value_number(t->received));
	value_set(o, "begins", value_seconds(t->begins));
	value_set(o, "ends", value_seconds(t->ends));
	value_set(o, "ja3", print_value(t->print.ja3));
	value_set(o, "ja4", print_value(t->print.ja4));
	value_set(o, "alpn",
		  t->print.alpn_len ? value_text(alpn) : json_null());
	value_set(o, "certificate", certificate_value(t->certificate));
	return o;
}

void json_traffic(json_t *o, json_t *left_out, const struct survey *s)
{
	struct list l = list_of(LISTED_MAX);
	for (size_t i = 0; i < s->traffics.count; i++)
		if (list_has_room(&l))
			json_array_append_new(
			    l.array, traffic_value(&s->traffics.list[i]));
	l.left_out += s->traffics.more_connections;
	list_end(o, left_out, "traffic", &l);
}
