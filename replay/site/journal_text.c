/* A line of the log for people. */
#include "journal_line.h"
#include "tls.h"

#include "capture/colour.h"
#include "capture/hostname.h"
#include "capture/log.h"

static void text_value(struct buf *out, struct slice value)
{
	if (value.data)
		buf_add_escaped(out, value);
	else
		buf_add_string(out, "nothing");
}

/* "parameter id (2 for 1)"; of the header only names. */
static void text_difference(struct buf *out, const struct difference *d)
{
	if (d->kind != DIFFERS_FIELD)
		buf_add_string(out, differ_kind_name(d->kind));
	if (d->name.data) {
		if (d->kind != DIFFERS_FIELD)
			buf_add_byte(out, ' ');
		buf_add_escaped(out, d->name);
	}
	if (d->kind == DIFFERS_FIELD || (!d->asked.data && !d->recorded.data))
		return;
	buf_add_string(out, " (");
	text_value(out, d->asked);
	buf_add_string(out, " for ");
	text_value(out, d->recorded);
	buf_add_byte(out, ')');
}

static void text_differences(struct buf *out, const struct differences *d)
{
	for (size_t i = 0; d && i < d->count; i++) {
		buf_add_string(out, i ? ", " : "; differs in ");
		text_difference(out, &d->list[i]);
	}
}

static void add_coloured(struct buf *out, const char *text, enum colour colour)
{
	buf_add_string(out, colour_begin(log_colours(), colour));
	buf_add_string(out, text);
	buf_add_string(out, colour_end(log_colours(), colour));
}

static void text_status(struct buf *out, uint16_t status)
{
	enum colour colour = status >= 400   ? COLOUR_DOUBT
			     : status >= 300 ? COLOUR_PLACE
			     : status        ? COLOUR_GOOD
					     : COLOUR_BAD;
	buf_add_string(out, colour_begin(log_colours(), colour));
	if (status)
		buf_add_number(out, status);
	else
		buf_add_byte(out, '-');
	buf_add_string(out, colour_end(log_colours(), colour));
}

/* Where the client went, if nothing else tells whom it meant. */
static void text_meant(struct buf *out, const struct record *r)
{
	if (!r->request || r->way != WAY_MEANT)
		return;
	buf_add_string(out, " at ");
	endpoint_print(out, &r->local);
}

static void text_found(struct buf *out, const struct record *r)
{
	buf_add_string(out, r->supplement ? " supplement #" : " #");
	buf_add_number(out, r->exchange + 1);
	buf_add_byte(out, ' ');
	buf_add_string(out, match_step_name(r->match->step));
	text_meant(out, r);
}

static void text_missed(struct buf *out, const struct record *r)
{
	add_coloured(out, " not recorded", COLOUR_BAD);
	text_meant(out, r);
	if (r->exchange == TABLE_NONE) {
		buf_add_string(out, "; nothing is near");
		return;
	}
	buf_add_string(out, "; nearest #");
	buf_add_number(out, r->exchange + 1);
}

static void text_match(struct buf *out, const struct record *r)
{
	if (!r->match) {
		text_meant(out, r);
		return;
	}
	if (r->match->step)
		text_found(out, r);
	else
		text_missed(out, r);
	text_differences(out, r->differences);
}

static void text_rewritten(struct buf *out, const struct record *r)
{
	if (r->rewritten)
		buf_add_string(out, "; rewritten");
	else if (r->decoded)
		buf_add_string(out, "; decoded");
	if (!r->told.len)
		return;
	buf_add_string(out, r->rewritten ? ": " : "; ");
	buf_add_escaped(out, r->told);
}

/* The server that TLS named, if the Host names another one. */
static void text_tls(struct buf *out, const struct record *r)
{
	struct slice host = {0};
	if (!r->tls)
		return;
	if (r->tls->failure) {
		add_coloured(out, "; TLS handshake failed: ", COLOUR_BAD);
		buf_add_string(out, r->tls->failure);
	}
	if (r->request)
		host = hostname_of(r->request->host_field);
	if (!r->tls->sni.data || slice_equal_nocase(host, r->tls->sni))
		return;
	buf_add_string(out, "; server name ");
	buf_add_escaped(out, r->tls->sni);
}

void line_text(struct line *l, struct slice stamp, struct slice url,
	       const struct record *r)
{
	struct buf *out = &l->text;
	buf_clear(out);
	buf_add(out, stamp);
	buf_add_string(out, "Z ");
	line_address(out, &r->client.address);
	buf_add_byte(out, ' ');
	if (r->request) {
		buf_add_escaped(out, r->request->method);
		buf_add_byte(out, ' ');
		buf_add_escaped(out, url);
	} else {
		buf_add_string(out, "- -");
	}
	buf_add_byte(out, ' ');
	text_status(out, r->status);
	buf_add_byte(out, ' ');
	l->text_hole = out->len;
	text_match(out, r);
	text_rewritten(out, r);
	text_tls(out, r);
	if (r->note) {
		buf_add_string(out, "; ");
		buf_add_string(out, r->note);
	}
}

void line_text_end(struct buf *out, const struct line *l, uint64_t bytes,
		   const char *reason)
{
	struct slice line = buf_slice(&l->text);
	buf_add(out, slice_to(line, l->text_hole));
	buf_add_number(out, bytes);
	buf_add(out, slice_from(line, l->text_hole));
	if (reason) {
		buf_add_string(out, "; ");
		buf_add_string(out, reason);
	}
	buf_add_byte(out, '\n');
}
