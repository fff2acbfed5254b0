/* The TLS connections of a report: those that were opened, those that were not
 * and why. */
#include "html_page.h"

#include "capture/certificate.h"
#include "capture/tls.h"
#include "capture/tls_handshake.h"

#include <stdlib.h>

#define SEALED_MAX 1000U /* of each kind */

/* What is known of one, from either side of the wall. */
struct sealed_row {
	uint32_t stream; /* UINT32_MAX: several, or UDP */
	const struct endpoint *client, *server;
	struct slice name, certificate, alpn;
	uint16_t version;
	bool offered;             /* the version is what the client offered */
	const char *cipher, *why; /* why NULL: it was opened */
	const struct fingerprint *print;
	size_t connections;
	uint64_t bytes;
};

/* ---- words ---- */

static void put_version(struct buf *out, const struct sealed_row *r)
{
	static const char *const names[] = {"SSL 3.0", "TLS 1.0", "TLS 1.1",
					    "TLS 1.2", "TLS 1.3"};
	if (r->version >= 0x0300 && r->version <= 0x0304)
		buf_printf(out, "%s%s", r->offered ? "offers " : "",
			   names[r->version - 0x0300]);
	else
		buf_add_byte(out, '-');
}

static void put_line(struct page *p, const char *name, struct slice value)
{
	if (!value.len)
		return;
	buf_printf(&p->out, "<div><dt>%s</dt><dd>", name);
	html_add_clipped(&p->out, value, HTML_CLIPPED);
	buf_add_string(&p->out, "</dd></div>");
}

static void put_print(struct page *p, const char *name, const char *print)
{
	if (!*print)
		return;
	buf_printf(&p->out,
		   "<div><dt>%s</dt><dd><code class=\"d\">%s</code></dd></div>",
		   name, print);
}

static void put_certificate(struct page *p, struct slice der)
{
	struct certificate c = {0};
	uint8_t digest[DIGEST_MAX];
	struct buf *out = &p->out;
	if (!der.len)
		return;
	if (certificate_read(&c, der)) {
		put_line(p, "Certificate for", buf_slice(&c.subject));
		put_line(p, "Issued by", buf_slice(&c.issuer));
		if (c.has_times) {
			buf_add_string(out, "<div><dt>Valid</dt><dd>");
			html_seconds(out, c.not_before);
			buf_add_string(out, " to ");
			html_seconds(out, c.not_after);
			buf_add_string(out, "</dd></div>");
		}
	} else {
		put_line(p, "Certificate", SLICE("bytes that are none"));
	}
	buf_add_string(out, "<div><dt>Its SHA-256</dt><dd>");
	html_digest(out, digest, digest_of(DIGEST_SHA256, der, digest));
	buf_add_string(out, "</dd></div>");
	certificate_release(&c);
}

/* ---- one ---- */

static void put_ends(struct page *p, const struct sealed_row *r)
{
	struct buf *out = &p->out;
	buf_add_string(out, "<td>");
	if (r->stream != UINT32_MAX)
		buf_printf(out, "%" PRIu32, r->stream);
	else
		words_count(out, r->connections, "connection");
	buf_add_string(out, "</td><td>");
	html_endpoint(out, r->client);
	buf_add_string(out, "<br>");
	html_endpoint(out, r->server);
	buf_add_string(out, "</td>");
}

static void put_row(struct page *p, const struct sealed_row *r)
{
	struct buf *out = &p->out;
	buf_printf(out, "<tr%s>", r->why ? " class=\"lost\"" : "");
	put_ends(p, r);
	buf_printf(out, "<td>%s</td><td>", r->why ? r->why : "opened");
	put_version(out, r);
	buf_add_string(out, "</td><td><code class=\"u\">");
	html_add_clipped(out, r->name.len ? r->name : SLICE("no name"),
			 HTML_CLIPPED);
	buf_add_string(out, "</code><dl class=\"digests\">");
	if (r->cipher)
		put_line(p, "Cipher", slice_of(r->cipher));
	put_line(p, "ALPN", r->alpn);
	if (r->print) {
		put_print(p, "JA3", r->print->ja3);
		put_print(p, "JA4", r->print->ja4);
	}
	put_certificate(p, r->certificate);
	buf_add_string(out, "</dl></td><td>");
	words_bytes(out, r->bytes);
	buf_add_string(out, "</td></tr>\n");
	page_flush(p, (size_t)1 << 16);
}

/* ---- those that were opened ---- */

/* Hellos stand with what was recorded beside the exchanges. */
static bool find_print(const struct page *p, const struct flow *flow,
		       struct fingerprint *print, uint64_t *bytes)
{
	size_t count = 0;
	const struct conversation *list =
	    p->recording->beside
		? conversations_list(p->recording->beside, &count)
		: NULL;
	for (size_t i = 0; i < count; i++) {
		const struct conversation *c = &list[i];
		if (c->udp || c->stream != flow->number)
			continue;
		*bytes = c->bytes[0] + c->bytes[1];
		return fingerprint_read(c->first[0], print) ||
		       fingerprint_read(c->first[1], print);
	}
	return false;
}

static void put_opened(struct page *p, const struct flow *flow)
{
	const struct tls_facts *t = flow->tls;
	struct slice chain = t->chain, der = {0};
	struct fingerprint print;
	struct sealed_row r = {
	    .stream = flow->number,
	    .client = &flow->ends[0],
	    .server = &flow->ends[1],
	    .name = t->server_name,
	    .alpn = t->alpn,
	    .version = t->version,
	    .cipher = t->cipher,
	    .connections = 1,
	};
	if (tls_certificate_next(&chain, &der))
		r.certificate = der;
	if (find_print(p, flow, &print, &r.bytes))
		r.print = &print;
	put_row(p, &r);
}

static int by_stream(const void *a, const void *b)
{
	const struct flow *const *x = a, *const *y = b;
	return ((*x)->number > (*y)->number) - ((*x)->number < (*y)->number);
}

/* Connections, each once. Returns how many were left out. */
static size_t put_all_opened(struct page *p)
{
	const struct recording *r = p->recording;
	const struct flow **flows = xcalloc(r->count + 1, sizeof(*flows));
	size_t all = 0, count = 0;
	for (size_t i = 0; i < r->count; i++)
		if (r->exchanges[i].flow->tls)
			flows[all++] = r->exchanges[i].flow;
	qsort((void *)flows, all, sizeof(*flows), by_stream);
	for (size_t i = 0; i < all; i++) {
		if (i && flows[i]->number == flows[i - 1]->number)
			continue;
		if (++count <= SEALED_MAX)
			put_opened(p, flows[i]);
	}
	free((void *)flows);
	return count > SEALED_MAX ? count - SEALED_MAX : 0;
}

/* ---- those that were not ---- */

static void put_closed(struct page *p, const struct traffic *t)
{
	struct sealed_row r = {
	    .stream = t->udp || t->connections > 1 ? UINT32_MAX : t->stream,
	    .client = &t->client,
	    .server = &t->server,
	    .name = t->name,
	    .certificate = t->certificate,
	    .alpn = {t->print.alpn, t->print.alpn_len},
	    .version = *t->print.ja4 ? t->print.version : 0,
	    .offered = true,
	    .why = t->why   ? t->why
		   : t->udp ? "QUIC, not read"
			    : "not read",
	    .print = &t->print,
	    .connections = t->connections,
	    .bytes = t->bytes,
	};
	put_row(p, &r);
}

static bool is_sealed(const struct traffic *t)
{
	return t->kind == TRAFFIC_TLS || t->kind == TRAFFIC_QUIC;
}

static size_t put_all_closed(struct page *p)
{
	const struct traffics *t = &p->survey.traffics;
	size_t count = 0;
	for (size_t i = 0; i < t->count; i++) {
		if (is_sealed(&t->list[i]) && ++count <= SEALED_MAX)
			put_closed(p, &t->list[i]);
	}
	return count > SEALED_MAX ? count - SEALED_MAX : 0;
}

static void put_table_begin(struct page *p)
{
	buf_add_string(
	    &p->out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
		     "aria-label=\"Table of TLS connections\">\n<table>\n"
		     "<caption>Connections in TLS and QUIC: opened with a key "
		     "log, or why not</caption>\n<thead><tr><th scope=\"col\">"
		     "Stream</th><th scope=\"col\">Client, server</th><th "
		     "scope=\"col\">Read</th><th scope=\"col\">Version</th>"
		     "<th scope=\"col\">Server name</th><th scope=\"col\">"
		     "Bytes</th></tr></thead>\n<tbody>\n");
}

static bool any_sealed(const struct page *p)
{
	const struct traffics *t = &p->survey.traffics;
	for (size_t i = 0; i < p->recording->count; i++)
		if (p->recording->exchanges[i].flow->tls)
			return true;
	for (size_t i = 0; i < t->count; i++)
		if (is_sealed(&t->list[i]))
			return true;
	return false;
}

void html_sealed(struct page *p)
{
	buf_add_string(&p->out, "<section id=\"tls\"><h2>TLS</h2>\n");
	if (!any_sealed(p)) {
		buf_add_string(&p->out, "<p>None was recorded.</p>\n"
					"</section>\n");
		return;
	}
	put_table_begin(p);
	size_t rest = put_all_opened(p);
	rest += put_all_closed(p);
	buf_add_string(&p->out, "</tbody></table></div>\n");
	if (rest)
		buf_printf(&p->out,
			   "<p class=\"note\">%zu more are not in this table; "
			   "<code>replay --check -v</code> has them.</p>\n",
			   rest);
	buf_add_string(&p->out, "</section>\n");
}
