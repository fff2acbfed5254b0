/* Each exchange of a report with all of it. */
#include "compare_detail.h"
#include "html_body.h"
#include "html_page.h"
#include "html_rewriter.h"

#include "capture/stamp.h"

#define CAUSED_MAX 20U /* exchanges that one led to, and are told */
#define VALUE_MAX 2000U
#define HEAD_MAX ((size_t)16 << 10) /* bytes of the page */

/* ---- lines of facts ---- */

static void fact(struct page *p, const char *name)
{
	buf_printf(&p->out, "<div><dt>%s</dt><dd>", name);
}

static void fact_end(struct page *p)
{
	buf_add_string(&p->out, "</dd></div>\n");
}

static void put_cause(struct page *p, uint32_t i)
{
	static const char *const words[CHAIN_BYS] = {
	    [CHAIN_REDIRECT] = "redirected by ",
	    [CHAIN_LINK] = "a link in ",
	    [CHAIN_REFERER] = "Referer names ",
	    [CHAIN_OUTSIDE] = "its Referer names a page that was not recorded",
	    [CHAIN_OWN] = "clients ask that on their own",
	    [CHAIN_START] = "nothing recorded led to it",
	};
	const struct chain_link *l = &p->survey.chain.links[i];
	fact(p, "Cause");
	buf_add_string(&p->out, words[l->by]);
	if (l->cause != CHAIN_NONE)
		page_exchange(p, l->cause);
	fact_end(p);
}

static void put_effects(struct page *p, uint32_t i)
{
	uint32_t shown = 0, direct = 0;
	if (p->effect[i] == CHAIN_NONE)
		return;
	fact(p, "Led to");
	for (uint32_t k = p->effect[i]; k != CHAIN_NONE;
	     k = p->next_effect[k]) {
		direct++;
		if (shown == CAUSED_MAX)
			continue;
		if (shown++)
			buf_add_string(&p->out, ", ");
		page_number(p, k);
	}
	if (direct > shown)
		buf_printf(&p->out, " and %" PRIu32 " more", direct - shown);
	if (p->survey.trail.sizes[i] - 1 > direct)
		buf_printf(&p->out, "; with theirs %" PRIu32,
			   p->survey.trail.sizes[i] - 1);
	fact_end(p);
}

static void put_stamp(struct page *p, const char *name, int64_t time,
		      int64_t since)
{
	if (!time)
		return;
	fact(p, name);
	html_time(&p->out, time);
	buf_add_string(&p->out, " <code class=\"stamp\">");
	stamp_print(&p->out, time);
	buf_add_string(&p->out, "</code>");
	if (since) {
		buf_add_string(&p->out, ", after ");
		html_duration(&p->out, time - since);
	}
	fact_end(p);
}

static void put_connection(struct page *p, const struct exchange *e)
{
	struct buf *out = &p->out;
	fact(p, "Connection");
	html_endpoint(out, exchange_client(e));
	buf_add_string(out, " to ");
	html_endpoint(out, exchange_server(e));
	buf_printf(out, ", <code>tcp.stream eq %" PRIu32 "</code>, ",
		   e->flow->number);
	exchange_version_print(out, e);
	if (e->stream_id)
		buf_printf(out, " stream %" PRIu32, e->stream_id);
	if (e->flow->tls)
		buf_add_string(out, ", <a href=\"#tls\">TLS</a>");
	if (e->pushed)
		buf_add_string(out, ", pushed by the server");
	fact_end(p);
}

static void put_state(struct page *p, uint32_t i)
{
	const struct exchange *e = &p->recording->exchanges[i];
	const struct finding *f = findings_of(&p->survey.findings, i);
	enum reason why = findings_reason(&p->survey.findings, i);
	struct buf *out = &p->out;
	fact(p, "State");
	buf_printf(out, "<span class=\"s s-%s\">%s</span>",
		   exchange_state_name((enum exchange_state)e->state),
		   exchange_state_name((enum exchange_state)e->state));
	if (why == REASON_NONE) {
		buf_add_string(out, ", comes back");
	} else {
		buf_printf(out, ", <strong>does not come back</strong>: %s",
			   reason_info(why)->sentence);
		if (f && f->text.len) {
			buf_add_string(out, ": ");
			html_add_clipped(out, buf_slice(&f->text), 300);
		}
	}
	fact_end(p);
	for (enum reason r = 0; r < REASONS; r++)
		if (reason_info(r)->scope == SCOPE_DOUBT &&
		    survey_has(&p->survey, i, r)) {
			fact(p, "Mind");
			buf_add_string(out, reason_info(r)->sentence);
			fact_end(p);
		}
}

static void put_digests(struct page *p, const struct glance *g)
{
	if (g->has_sha256 && g->bytes) {
		fact(p, g->decoded ? "SHA-256 as sent" : "SHA-256");
		html_digest(&p->out, g->sha256, DIGEST_LEN);
		fact_end(p);
	}
	if (!g->has_digests)
		return;
	if (g->decoded) {
		fact(p, "SHA-256 decoded");
		html_digest(&p->out, g->digests.sha256, DIGEST_LEN);
		fact_end(p);
	}
	fact(p, "SHA-1, MD5");
	html_digest(&p->out, g->digests.sha1, 20);
	buf_add_byte(&p->out, ' ');
	html_digest(&p->out, g->digests.md5, g->digests.md5_len);
	fact_end(p);
}

static void put_compared(struct page *p, uint32_t i)
{
	const struct comparison *c = p->options->compared;
	struct buf detail = {0};
	if (!c)
		return;
	const char *name = compare_result_name(c->rows[i].result);
	compare_detail(c, i, &detail);
	fact(p, "Replay");
	buf_printf(&p->out, "<span class=\"r r-%s\">%s</span>", name, name);
	if (detail.len) {
		buf_add_string(&p->out, ": ");
		html_add_clipped(&p->out, buf_slice(&detail), VALUE_MAX);
	}
	fact_end(p);
	buf_release(&detail);
}

static void put_facts(struct page *p, const struct glance *g, uint32_t i)
{
	const struct exchange *e = &p->recording->exchanges[i];
	buf_add_string(&p->out, "<dl class=\"facts\">\n");
	put_cause(p, i);
	put_effects(p, i);
	put_state(p, i);
	put_compared(p, i);
	put_stamp(p, "Asked", e->time, 0);
	put_stamp(p, "Answered", e->answer_time, e->time);
	put_stamp(p, "Ended", e->end_time, e->time);
	put_connection(p, e);
	put_digests(p, g);
	buf_add_string(&p->out, "</dl>\n");
}

/* ---- heads ---- */

static void put_field(struct buf *out, const struct field *f,
		      struct buf *scratch)
{
	buf_clear(scratch);
	http_unfold(scratch, f->value);
	buf_add_string(out, "<div><dt>");
	html_add_clipped(out, f->name, 200);
	buf_add_string(out, "</dt><dd>");
	html_add_clipped(out, buf_slice(scratch), VALUE_MAX);
	buf_add_string(out, "</dd></div>\n");
}

static void put_fields(struct page *p, struct slice fields)
{
	size_t end = p->out.len + allowance_share(&p->fields, HEAD_MAX);
	size_t left = 0;
	struct buf scratch = {0};
	struct field f;
	if (!fields.len)
		return;
	size_t before = p->out.len;
	buf_add_string(&p->out, "<dl class=\"fields\">\n");
	while (http_field_next(&fields, &f))
		if (p->out.len < end)
			put_field(&p->out, &f, &scratch);
		else
			left++;
	buf_add_string(&p->out, "</dl>\n");
	if (left) {
		buf_add_string(&p->out, "<p class=\"note\">And ");
		words_count(&p->out, left, "field");
		buf_add_string(&p->out, " more.</p>\n");
	}
	allowance_use(&p->fields, p->out.len - before);
	buf_release(&scratch);
}

/* The first line of a head; the target is told by the summary and here whole.
 */
static void put_start_line(struct page *p, struct slice head)
{
	while (head.len && (head.data[0] == '\r' || head.data[0] == '\n'))
		head = slice_from(head, 1);
	struct slice line = slice_to(head, slice_find(head, '\n'));
	if (line.len && line.data[line.len - 1] == '\r')
		line.len--;
	buf_add_string(&p->out, "<p class=\"start\"><code class=\"u\">");
	html_add_clipped(&p->out, line, 8192);
	buf_add_string(&p->out, "</code></p>\n");
}

static void put_request(struct page *p, uint32_t i)
{
	const struct exchange *e = &p->recording->exchanges[i];
	struct message m = {0};
	buf_add_string(&p->out, "<h4>Request</h4>\n");
	put_start_line(p, e->request_head);
	http_request(e->request_head, &m);
	put_fields(p, m.fields);
	html_body(p, i, OBJECT_REQUEST);
}

static void put_response(struct page *p, uint32_t i)
{
	const struct exchange *e = &p->recording->exchanges[i];
	struct message m = {0};
	buf_add_string(&p->out, "<h4>Response</h4>\n");
	if (!e->response_head.len) {
		buf_add_string(&p->out, "<p>None was recorded.</p>\n");
		return;
	}
	put_start_line(p, e->response_head);
	if (http_response(e->response_head, exchange_method(e), &m) ==
	    HTTP_DONE)
		put_fields(p, m.fields);
	if (e->trailers) {
		buf_add_string(&p->out, "<h5>Trailers</h5>\n");
		put_fields(p, exchange_trailers(e));
	}
	html_body(p, i, OBJECT_RESPONSE);
}

/* ---- the whole ---- */

static void put_title(struct page *p, const struct glance *g, uint32_t i)
{
	const struct exchange *e = &p->recording->exchanges[i];
	bool lost = !findings_reproducible(&p->survey.findings, i);
	struct buf *out = &p->out;
	buf_printf(out,
		   "<details class=\"x%s\" id=\"e%" PRIu32
		   "\"><summary><h3><span "
		   "class=\"no\">#%" PRIu32 "</span> <i class=\"k-%s\"></i>"
		   "<code class=\"m\">",
		   lost ? " lost" : "", i + 1, i + 1, html_kind_name(g->kind));
	html_add_clipped(out, exchange_method(e), 20);
	buf_add_string(out, "</code> ");
	page_url(p, e, HTML_CLIPPED);
	buf_add_string(out, " <span class=\"n\">");
	if (e->status)
		buf_printf(out, "%u, ", e->status);
	buf_add_string(out, html_kind_name(g->kind));
	if (g->has_head && g->bytes) {
		buf_add_string(out, ", ");
		words_bytes(out, g->bytes);
	}
	if (lost)
		buf_printf(
		    out, ", <span class=\"bad\">%s</span>",
		    reason_info(findings_reason(&p->survey.findings, i))->name);
	buf_add_string(out, "</span></h3></summary>\n");
}

void html_exchanges(struct page *p)
{
	buf_add_string(&p->out, "<section id=\"details\"><h2>Details</h2>\n");
	for (uint32_t k = 0; k < p->listed_count; k++) {
		uint32_t i = p->listed[k];
		put_title(p, &p->glances[k], i);
		put_facts(p, &p->glances[k], i);
		put_request(p, i);
		put_response(p, i);
		html_rewritten(p, i);
		buf_printf(&p->out,
			   "<p class=\"back\"><a href=\"#r%" PRIu32
			   "\">#%" PRIu32 " in the table</a></p></details>\n",
			   i + 1, i + 1);
		page_flush(p, (size_t)1 << 16);
	}
	buf_add_string(&p->out, "</section>\n");
}
