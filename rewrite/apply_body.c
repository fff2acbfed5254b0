/* Rules applied to a response's body: whether and as what it is read, the text
 * that they make of it, and its way back. */
#include "work.h"

#include "sniff.h"
#include "told.h"

#define BINARY SLICE("application/octet-stream")

static bool contains(struct slice s, struct slice word)
{
	return memmem(s.data, s.len, word.data, word.len) != NULL;
}

/* Types in which digests of other resources are found. type: lower case. */
static bool is_text(struct slice type)
{
	return slice_starts(type, SLICE("text/")) ||
	       contains(type, SLICE("xml")) || contains(type, SLICE("json")) ||
	       contains(type, SLICE("javascript"));
}

static bool is_html(struct slice type)
{
	return slice_equal(type, SLICE("text/html")) ||
	       slice_equal(type, SLICE("application/xhtml+xml"));
}

static enum rule_fit fits_as(const struct work *w, const struct rule *r,
			     struct slice type)
{
	struct subject s = w->subject;
	s.type = type;
	return rule_fits(r, w->m, &s);
}

/* ---- whether it is read ---- */

/* Whether any rule fits a body of that type. all: but for the type. */
static bool some_rule_fits(const struct work *w, struct slice type, bool all)
{
	for (size_t i = 0; w->rules && i < w->rules->count; i++) {
		const struct rule *r = &w->rules->list[i];
		if (r->part != PART_BODY)
			continue;
		enum rule_fit fit = fits_as(w, r, type);
		if (fit == FIT_YES || (all && fit == FIT_BUT_TYPE))
			return true;
	}
	return false;
}

/* Whether the body must be looked at as far as its type is known; the one that
 * it is said to have may yet prove to be none. */
static bool is_wanted(const struct work *w, struct slice type, bool said,
		      bool all)
{
	bool open = said && !type.len;
	if (w->original->changed && (open || is_text(type)))
		return true;
	return some_rule_fits(w, type, all || open) ||
	       (said && some_rule_fits(w, BINARY, false));
}

static bool read_wanted(struct work *w, bool all)
{
	struct content *c = &w->content;
	if (!content_read(c, CONTENT_START_LEN))
		return false;
	w->type =
	    sniff_type(w->content_type, buf_slice(&c->plain), &w->type_text);
	return is_wanted(w, w->type, false, all) && content_read(c, SIZE_MAX) &&
	       content_convert(c, w->content_type, w->type);
}

void work_read(struct work *w, bool all)
{
	const struct original *o = w->original;
	struct content *c = &w->content;
	w->type = w->subject.type;
	if (!is_wanted(w, w->type, true, all))
		return;
	bool open = content_open(c, o->next ? o : NULL, buf_slice(&w->encoding),
				 APPLY_BODY_MAX);
	w->has_text = open && read_wanted(w, all);
	if (w->has_text)
		w->text = content_text(c);
	else if ((c->result > CODING_TRAILING || c->odd) &&
		 some_rule_fits(w, w->type, false))
		content_trouble(c, &w->notes);
}

/* ---- rules ---- */

static void replace_text(struct work *w, struct buf *made)
{
	buf_release(&w->made);
	w->made = *made;
	w->text = buf_slice(&w->made);
}

/* Rules that speak of characters need a body that says which they are. */
static bool has_characters(const struct work *w, const struct rule *r)
{
	return w->content.charset != CHARSET_BYTES ||
	       !pattern_utf(r->substitution.pattern);
}

static bool substitute_text(struct work *w, const struct rule *r,
			    uint32_t *count)
{
	struct buf made = {0};
	size_t n = 0;
	if (!has_characters(w, r)) {
		work_refuse(w, r, "the body does not say that it is UTF-8",
			    (struct slice){0});
		return true;
	}
	switch (substitute(&r->substitution, w->m, w->text, w->rules->zone,
			   &made, &n)) {
	case PATTERN_NONE:
	case PATTERN_FOUND:
		break;
	case PATTERN_LIMIT:
		w->limit = r;
		break;
	case PATTERN_NOT_UTF:
		work_refuse(w, r, "the body is not UTF-8, as it says",
			    (struct slice){0});
		break;
	}
	if (made.len > APPLY_BODY_MAX)
		w->limit = r;
	if (!n || w->limit) {
		buf_release(&made);
		return !w->limit;
	}
	*count = n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
	replace_text(w, &made);
	return true;
}

bool work_body_rule(struct work *w, const struct rule *r, uint32_t *count)
{
	struct buf made = {0};
	switch (r->action) {
	case ACTION_SUBSTITUTE:
		return substitute_text(w, r, count);
	case ACTION_SET:
		buf_add(&made, r->value);
		break;
	case ACTION_DELETE:
		break;
	case ACTION_SHIFT:
		return true;
	}
	*count = !slice_equal(buf_slice(&made), w->text);
	replace_text(w, &made);
	return true;
}

uint32_t work_body_trial(const struct work *w, const struct rule *r)
{
	struct buf made = {0};
	size_t n = 0;
	if (r->action != ACTION_SUBSTITUTE)
		return 1;
	if (has_characters(w, r))
		substitute(&r->substitution, w->m, w->text, w->rules->zone,
			   &made, &n);
	buf_release(&made);
	return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

/* ---- digests ---- */

/* Fields that name digests of scripts and styles (CSP 2.4, RFC 8288 with
 * integrity). */
static const struct slice vouching[] = {
    SLICE("Content-Security-Policy"),
    SLICE("Content-Security-Policy-Report-Only"),
    SLICE("Link"),
};
#define VOUCHING (sizeof vouching / sizeof *vouching)

static bool names_digests(const struct work *w)
{
	struct buf values = {0};
	for (size_t i = 0; i < VOUCHING; i++)
		fields_list(&w->fields, vouching[i], &values);
	bool named =
	    integrity_named(buf_slice(&values)) ||
	    (w->has_text && is_text(w->type) && integrity_named(w->text));
	buf_release(&values);
	return named;
}

static size_t mend_field(struct fields *f, size_t line,
			 const struct digest_map *map)
{
	struct buf made = {0};
	size_t n = integrity_mend(map, fields_value(f, line), &made);
	if (n && !fields_replace(f, line, buf_slice(&made)))
		n = 0;
	buf_release(&made);
	return n;
}

static size_t mend(struct work *w, const struct digest_map *map)
{
	struct fields *f = &w->fields;
	struct buf made = {0};
	size_t count = 0;
	for (size_t i = 0; i < VOUCHING; i++)
		for (size_t line = fields_find(f, vouching[i], 0);
		     line < f->count;
		     line = fields_find(f, vouching[i], line + 1))
			count += mend_field(f, line, map);
	if (!w->has_text || !is_text(w->type))
		return count;
	size_t n = integrity_mend(map, w->text, &made);
	if (n)
		replace_text(w, &made);
	else
		buf_release(&made);
	return count + n;
}

/* A page's own scripts, whose digests its policy names (P40). */
static size_t mend_inline(struct work *w)
{
	struct slice recorded = content_text(&w->content);
	if (!w->has_text || !is_html(w->type) || slice_equal(w->text, recorded))
		return 0;
	struct digest_map *own = digest_map_new();
	integrity_add_inline(own, recorded, w->text);
	size_t count = mend(w, own);
	digest_map_free(own);
	return count;
}

void work_mend(struct work *w)
{
	const struct original *o = w->original;
	size_t count = 0;
	if (!names_digests(w))
		return;
	const struct digest_map *changed =
	    o->changed ? o->changed(o->changed_context) : NULL;
	if (changed)
		count += mend(w, changed);
	count += mend_inline(w);
	if (count)
		told_note(&w->notes, "integrity of %zu made true", count);
}

/* ---- the way out ---- */

static bool has_no_body(uint16_t status)
{
	return status < 200 || status == 204 || status == 304;
}

void work_status(struct work *w, struct rewritten *out)
{
	static const struct slice framing[] = {
	    SLICE("Content-Length"), SLICE("Transfer-Encoding"),
	    SLICE("Content-Encoding"), SLICE("Trailer")};
	uint64_t status;
	bool without = has_no_body(w->original->status);
	if (slice_equal(w->subject.method, SLICE("HEAD")) ||
	    !slice_number(slice_to(fields_value(&w->fields, 0), 3), 999,
			  &status) ||
	    has_no_body((uint16_t)status) == without)
		return;
	/* The body that was sent to nobody becomes an empty one. */
	out->body_changed = true;
	out->cut = false;
	out->framing = without ? HTTP_LENGTH : HTTP_NO_BODY;
	if (without)
		return;
	told_note(&w->notes, "status %u has no body", (unsigned)status);
	for (size_t i = 0; i < sizeof framing / sizeof *framing; i++)
		fields_delete(&w->fields, framing[i], 0);
}

static bool encode(struct work *w, struct rewritten *out)
{
	if (charset_is_utf16(out->charset))
		return charset_encode(out->charset, w->text, &out->body);
	if (w->made.data) {
		out->body = w->made;
		w->made = (struct buf){0};
	} else {
		buf_add(&out->body, w->text);
	}
	return true;
}

void work_body_out(struct work *w, struct rewritten *out)
{
	struct content *c = &w->content;
	out->charset = c->charset;
	if (slice_equal(w->text, content_text(c)))
		return;
	if (!encode(w, out)) {
		told_note(&w->notes, "the rules make no UTF-16 of the body: "
				     "left as recorded");
		return;
	}
	out->body_changed = true;
	if (c->misnamed)
		told_note(&w->notes, "content coding was named but not "
				     "applied: taken out");
	buf_add(&out->encoding, buf_slice(&c->encoding));
}
