/* A recorded answer as it goes out under the rules. */
#include "made.h"

#include "pieces.h"

#include "rewrite/coding.h"
#include "rewrite/sniff.h"
#include "rewrite/told.h"

/* The value of all Content-Encoding fields as one list (RFC 9110 5.3). */
static void add_codings(struct slice head, struct buf *out)
{
	struct slice rest = head_fields(head);
	struct field f;
	while (head_field_next(&rest, SLICE("content-encoding"), &f)) {
		if (out->len)
			buf_add_string(out, ", ");
		http_unfold(out, f.value);
	}
}

bool made_accepted(const struct exchange *e, struct slice accept)
{
	struct buf codings = {0};
	add_codings(e->response_head, &codings);
	bool accepted =
	    !codings.len ||
	    coding_accepted(accept.data ? accept : SLICE("identity"),
			    buf_slice(&codings));
	buf_release(&codings);
	return accepted;
}

bool made_secure(const struct exchange *e)
{
	struct slice rest = head_fields(e->response_head);
	struct field f;
	bool found = false;
	while (!found && head_field_next(&rest, SLICE("content-encoding"), &f))
		found = http_has_token(f.value, SLICE("br")) ||
			http_has_token(f.value, SLICE("zstd"));
	return found;
}

static void set_changes(const struct maker *by, struct original *o)
{
	o->changed = by->changes ? changes_map : NULL;
	o->changed_context = by->changes;
}

/* ---- pieces ---- */

static bool next_of_whole(void *context, struct slice *bytes)
{
	return parts_next(context, bytes);
}

static bool body_rule_fits(const struct rules *rules, struct matcher *m,
			   const struct original *o)
{
	struct buf type = {0};
	struct slice declared =
	    http_field(head_fields(o->head), SLICE("Content-Type"));
	const struct subject s = {.method = o->method,
				  .host = o->host,
				  .target = o->target,
				  .https = o->https,
				  .status = o->status,
				  .type = sniff_declared(declared, &type)};
	bool fits = false;
	matcher_begin(m, APPLY_SECONDS);
	for (size_t i = 0; rules && i < rules->count && !fits; i++)
		fits = rules->list[i].part == PART_BODY &&
		       rule_fits(&rules->list[i], m, &s) == FIT_YES;
	buf_release(&type);
	return fits;
}

/* A piece is made of its whole. False if that was not recorded. parts are the
 * whole's, to be released. */
static bool begin_whole(const struct maker *by, uint32_t i, struct match *parts,
			struct parts_reader *reader, struct original *o)
{
	if (!pieces_whole(by->table, i, parts))
		return false;
	*reader = (struct parts_reader){.table = by->table,
					.parts = parts->parts,
					.count = parts->part_count};
	o->next = next_of_whole;
	o->context = reader;
	o->framing = HTTP_LENGTH;
	return true;
}

/* ---- decoding ---- */

static bool decode(const struct exchange *e, struct slice codings,
		   struct buf *out)
{
	struct coding *coding;
	struct slice bytes;
	struct body_reader r = exchange_response_body(e);
	enum coding_result result =
	    coding_open(&coding, codings, APPLY_BODY_MAX);
	if (result == CODING_UNKNOWN)
		return false;
	while (result == CODING_OK && body_next(&r, &bytes))
		result = coding_feed(coding, bytes, out);
	if (result == CODING_OK || result == CODING_TRAILING)
		result = coding_finish(coding);
	coding_free(coding);
	return result == CODING_OK || result == CODING_TRAILING;
}

/* Takes the coding off a body that no rule changed. */
static bool recode(const struct exchange *e, struct rewritten *w)
{
	struct buf codings = {0}, body = {0};
	add_codings(e->response_head, &codings);
	bool done = e->state == EXCHANGE_COMPLETE && e->status != 206 &&
		    e->response_body.len && codings.len && !w->body_changed &&
		    decode(e, buf_slice(&codings), &body);
	buf_release(&codings);
	if (!done) {
		buf_release(&body);
		return false;
	}
	if (!w->head.len)
		buf_add(&w->head, e->response_head);
	buf_release(&w->body);
	w->body = body;
	w->body_changed = true;
	w->framing = HTTP_LENGTH;
	return true;
}

/* ---- HEAD ---- */

/* The whole answer to GET of the same, TABLE_NONE if it was not recorded. */
static uint32_t find_get(const struct table *t, uint32_t i)
{
	const struct entry *head = table_entry(t, i);
	const struct key k = {.method = SLICE("GET"),
			      .host = head->host,
			      .target = table_url(t, i).target};
	uint32_t get = table_find(t, &k);
	while (get != TABLE_NONE) {
		const struct entry *n = table_entry(t, get);
		if (n->complete && n->status == head->status &&
		    n->port == head->port && n->https == head->https)
			break;
		get = n->next;
	}
	return get;
}

/* A recorded HEAD tells the length of what GET gets: of the body that the
 * rules made of that, if they changed it. */
static bool take_body_of_get(const struct maker *by, uint32_t i,
			     struct matcher *matcher, struct rewritten *w)
{
	const struct exchange *e = table_exchange(by->table, i);
	struct body_reader reader;
	struct rewritten get = {0};
	uint32_t twin = slice_equal(exchange_method(e), SLICE("HEAD"))
			    ? find_get(by->table, i)
			    : TABLE_NONE;
	if (twin == TABLE_NONE || w->body_changed)
		return false;
	struct original o =
	    original_of(table_exchange(by->table, twin), &reader);
	set_changes(by, &o);
	apply(by->rules, matcher, &o, false, NULL, &get);
	if (get.body_changed) {
		if (!w->head.len)
			buf_add(&w->head, e->response_head);
		w->body = get.body;
		w->encoding = get.encoding;
		get.body = get.encoding = (struct buf){0};
		buf_add(&w->told, w->told.len ? SLICE("; ") : SLICE(""));
		buf_add(&w->told, buf_slice(&get.told));
		w->body_changed = true;
		w->framing = HTTP_LENGTH;
	}
	rewritten_release(&get);
	return w->body_changed;
}

/* ---- all of it ---- */

static uint16_t status_of(const struct made *m, const struct exchange *e)
{
	struct message head;
	if (http_response(buf_slice(&m->finished.head), exchange_method(e),
			  &head) == HTTP_DONE)
		return head.status;
	return e->status;
}

static bool finish(const struct rewritten *w, bool coded, struct finished *f)
{
	return rewritten_finish(w, coded, f) ||
	       (coded && rewritten_finish(w, false, f));
}

/* What the rules told is enough of an answer that they left alone. */
static void set_told(struct made *m, struct slice told)
{
	buf_clear(&m->finished.told);
	buf_add(&m->finished.told, told);
}

void made_by(const struct maker *by, uint32_t i, bool coded,
	     struct matcher *matcher, struct made *m)
{
	const struct exchange *e = table_exchange(by->table, i);
	struct body_reader reader;
	struct parts_reader whole;
	struct match parts = {0};
	struct rewritten w = {0};
	struct original o = original_of(e, &reader);
	set_changes(by, &o);
	o.dates_stay = by->dates_stay;
	bool piece = e->status == 206 && o.head.len &&
		     !begin_whole(by, i, &parts, &whole, &o) &&
		     body_rule_fits(by->rules, matcher, &o);
	m->rewritten = apply(by->rules, matcher, &o, by->shift_dates, NULL, &w);
	if (piece)
		told_note(&w.told,
			  "only parts of it were recorded: not rewritten");
	bool head_alone = take_body_of_get(by, i, matcher, &w);
	m->rewritten |= head_alone;
	bool recoded = by->recode && !coded && recode(e, &w);
	m->decoded = recoded || (w.body_changed && !coded && w.encoding.len);
	if ((m->rewritten || recoded) && finish(&w, coded, &m->finished))
		m->status = status_of(m, e);
	else
		m->rewritten = m->decoded = false;
	if (head_alone) {
		buf_release(&m->finished.body);
		m->finished.body_changed = false;
	}
	if (!m->rewritten)
		set_told(m, buf_slice(&w.told));
	rewritten_release(&w);
	match_release(&parts);
}

bool made_differs(const struct made *m)
{
	return m->rewritten || m->decoded || m->finished.told.len;
}

void made_release(struct made *m)
{
	finished_release(&m->finished);
	*m = (struct made){0};
}
