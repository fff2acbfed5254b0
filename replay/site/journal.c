/* The log of answers: one line a request, as text on standard error and as
 * JSON in a file. */
#include "journal.h"

#include "json.h"
#include "tls.h"

#include "capture/colour.h"
#include "capture/hostname.h"
#include "capture/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct sink {
	int fd; /* -1: nobody reads */
	const char *name;
	/* under the lock */
	struct buf rest; /* of a line whose start was written */
	bool failed;     /* and that was said */
};

/* What all journals share. */
struct sinks {
	pthread_mutex_t lock;
	struct sink text, json;
	char *path;
	unsigned journals;
};

struct journal {
	struct sinks *sinks;
	struct buf text, json; /* lines to be written */
	int64_t second;        /* whose date is in stamp */
	char stamp[48];        /* "2026-01-31T23:59:59.123456Z" */
	size_t stamp_len;
};

static struct journal *add_journal(struct sinks *l)
{
	struct journal *j = xcalloc(1, sizeof *j);
	j->sinks = l;
	l->journals++;
	return j;
}

struct journal *journal_new(const char *path, int fd, bool text)
{
	struct sinks *l = xcalloc(1, sizeof *l);
	pthread_mutex_init(&l->lock, NULL);
	l->path = path ? xstrdup(path) : NULL;
	l->text = (struct sink){.fd = text ? STDERR_FILENO : -1,
				.name = "standard error"};
	l->json = (struct sink){.fd = path ? fd : -1, .name = l->path};
	return add_journal(l);
}

struct journal *journal_beside(struct journal *j)
{
	return add_journal(j->sinks);
}

static void sink_fail(struct sink *s)
{
	if (!s->failed && s->fd != STDERR_FILENO)
		log_warn("%s: %s; log lines are lost", s->name,
			 strerror(errno));
	s->failed = true;
}

/* Returns what could not be written. */
static struct slice sink_write(struct sink *s, struct slice bytes)
{
	while (bytes.len) {
		ssize_t n = write(s->fd, bytes.data, bytes.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			sink_fail(s);
			break;
		}
		bytes = slice_from(bytes, (size_t)n);
	}
	return bytes;
}

/* After a failure the lines that nobody got are lost, but one that was begun
 * is ended first when writing works again: each line is to be whole. */
static void sink_flush(struct sink *s, struct slice lines)
{
	struct slice rest = sink_write(s, buf_slice(&s->rest));
	if (rest.len) {
		memmove(s->rest.data, rest.data, rest.len);
		s->rest.len = rest.len;
		return;
	}
	buf_clear(&s->rest);
	rest = sink_write(s, lines);
	if (rest.len && rest.len < lines.len && rest.data[-1] != '\n')
		buf_add(&s->rest, slice_to(rest, slice_find(rest, '\n') + 1));
}

bool journal_wanted(const struct journal *j)
{
	return j->sinks->text.fd >= 0 || j->sinks->json.fd >= 0;
}

bool journal_waits(const struct journal *j)
{
	return j->text.len || j->json.len;
}

void journal_flush(struct journal *j)
{
	pthread_mutex_lock(&j->sinks->lock);
	sink_flush(&j->sinks->text, buf_slice(&j->text));
	sink_flush(&j->sinks->json, buf_slice(&j->json));
	pthread_mutex_unlock(&j->sinks->lock);
	buf_clear(&j->text);
	buf_clear(&j->json);
}

static void sinks_free(struct sinks *l)
{
	if (l->json.fd >= 0)
		close(l->json.fd);
	buf_release(&l->text.rest);
	buf_release(&l->json.rest);
	pthread_mutex_destroy(&l->lock);
	free(l->path);
	free(l);
}

void journal_free(struct journal *j)
{
	if (!j)
		return;
	journal_flush(j);
	buf_release(&j->text);
	buf_release(&j->json);
	if (!--j->sinks->journals)
		sinks_free(j->sinks);
	free(j);
}

/* Most lines come in the same second as the one before. */
static void stamp(struct journal *j, int64_t time)
{
	int64_t second = time / 1000000;
	if (!j->stamp_len || second != j->second) {
		time_t seconds = second;
		struct tm tm;
		gmtime_r(&seconds, &tm);
		j->second = second;
		j->stamp_len = strftime(j->stamp, sizeof j->stamp,
					"%Y-%m-%dT%H:%M:%S.000000Z", &tm);
	}
	uint64_t fraction = (uint64_t)(time % 1000000);
	for (size_t i = 2; i < 8 && i <= j->stamp_len; i++, fraction /= 10)
		j->stamp[j->stamp_len - i] = (char)('0' + fraction % 10);
}

static struct slice stamp_slice(const struct journal *j)
{
	return (struct slice){(const uint8_t *)j->stamp, j->stamp_len};
}

static void add_address(struct buf *out, const struct address *a)
{
	if (a->version != 4) {
		address_print(out, a);
		return;
	}
	for (size_t i = 0; i < 4; i++) {
		if (i)
			buf_add_byte(out, '.');
		buf_add_number(out, a->bytes[i]);
	}
}

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

static void text_begin(const struct journal *j, struct line *l,
		       const struct record *r)
{
	struct buf url = {0};
	buf_clear(&l->text);
	buf_add(&l->text, stamp_slice(j));
	buf_add_byte(&l->text, ' ');
	add_address(&l->text, &r->client.address);
	buf_add_byte(&l->text, ' ');
	if (r->request) {
		buf_add_escaped(&l->text, r->request->method);
		buf_add_byte(&l->text, ' ');
		url_print(&url, &r->request->url);
		buf_add_escaped(&l->text, buf_slice(&url));
		buf_release(&url);
	} else {
		buf_add_string(&l->text, "- -");
	}
	buf_add_byte(&l->text, ' ');
	text_status(&l->text, r->status);
	buf_add_byte(&l->text, ' ');
	l->text_hole = l->text.len;
	text_match(&l->text, r);
	text_rewritten(&l->text, r);
	text_tls(&l->text, r);
	if (r->note) {
		buf_add_string(&l->text, "; ");
		buf_add_string(&l->text, r->note);
	}
}

static void json_member(struct buf *out, const char *name, struct slice value)
{
	buf_add_string(out, ",\"");
	buf_add_string(out, name);
	buf_add_string(out, "\":");
	json_add(out, value);
}

static void json_differences(struct buf *out, const struct differences *d)
{
	buf_add_string(out, ",\"differs\":[");
	for (size_t i = 0; d && i < d->count; i++) {
		const struct difference *one = &d->list[i];
		buf_add_string(out, i ? ",{\"in\":" : "{\"in\":");
		json_add(out, slice_of(differ_kind_name(one->kind)));
		if (one->name.data)
			json_member(out, "name", one->name);
		if (one->asked.data || one->recorded.data) {
			json_member(out, "asked", one->asked);
			json_member(out, "recorded", one->recorded);
		}
		buf_add_byte(out, '}');
	}
	buf_add_byte(out, ']');
}

static void json_match(struct buf *out, const struct record *r)
{
	if (!r->match)
		return;
	if (r->match->step)
		buf_add_string(out, r->supplement
					? ",\"source\":\"supplement\""
					: ",\"source\":\"recording\"");
	if (r->exchange != TABLE_NONE) {
		buf_add_string(out, r->match->step ? ",\"exchange\":"
						   : ",\"nearest\":");
		buf_add_number(out, r->exchange + 1);
	}
	buf_add_string(out, ",\"step\":\"");
	buf_add_string(out, match_step_name(r->match->step));
	buf_add_byte(out, '"');
	json_differences(out, r->differences);
}

/* From where to where the connection leads. */
static void json_ends(struct buf *out, const struct record *r)
{
	bool v6 = r->local.address.version == 6;
	add_address(out, &r->client.address);
	buf_add_string(out, "\",\"peer\":");
	buf_add_number(out, r->client.port);
	buf_add_string(out, v6 ? ",\"local\":\"[" : ",\"local\":\"");
	add_address(out, &r->local.address);
	buf_add_string(out, v6 ? "]:" : ":");
	buf_add_number(out, r->local.port);
	buf_add_byte(out, '"');
	if (r->request) {
		buf_add_string(out, ",\"way\":\"");
		buf_add_string(out, way_name(r->way));
		buf_add_byte(out, '"');
	}
}

static void json_text(struct buf *out, const char *name, const char *value)
{
	if (value)
		json_member(out, name, slice_of(value));
}

static void json_tls(struct buf *out, const struct tls_told *t)
{
	buf_add_string(out, ",\"tls\":{\"sni\":");
	json_add(out, t->sni);
	json_text(out, "version", t->version);
	json_text(out, "cipher", t->cipher);
	if (t->h2)
		json_text(out, "alpn", "h2");
	json_text(out, "failure", t->failure);
	buf_add_byte(out, '}');
}

static void json_begin(const struct journal *j, struct line *l,
		       const struct record *r)
{
	struct buf *out = &l->json;
	buf_clear(out);
	buf_add_string(out, "{\"time\":\"");
	buf_add(out, stamp_slice(j));
	buf_add_string(out, "\",\"client\":\"");
	json_ends(out, r);
	if (r->request) {
		struct buf url = {0};
		url_print(&url, &r->request->url);
		json_member(out, "method", r->request->method);
		json_member(out, "url", buf_slice(&url));
		buf_release(&url);
	}
	if (r->status) {
		buf_add_string(out, ",\"status\":");
		buf_add_number(out, r->status);
	}
	buf_add_string(out, ",\"bytes\":");
	l->json_hole = out->len;
	json_match(out, r);
	if (r->rewritten)
		buf_add_string(out, ",\"rewritten\":true");
	if (r->decoded)
		buf_add_string(out, ",\"decoded\":true");
	if (r->told.len)
		json_member(out, "told", r->told);
	if (r->note)
		json_member(out, "note", slice_of(r->note));
	if (r->tls)
		json_tls(out, r->tls);
}

void line_begin(struct journal *j, struct line *l, const struct record *r)
{
	stamp(j, r->time);
	if (j->sinks->text.fd >= 0)
		text_begin(j, l, r);
	if (j->sinks->json.fd >= 0)
		json_begin(j, l, r);
}

static void fill_hole(struct buf *out, const struct buf *line, size_t hole,
		      uint64_t bytes)
{
	buf_add(out, slice_to(buf_slice(line), hole));
	buf_add_number(out, bytes);
	buf_add(out, slice_from(buf_slice(line), hole));
}

void line_end(struct journal *j, struct line *l, uint64_t bytes,
	      const char *reason)
{
	if (l->text.len) {
		fill_hole(&j->text, &l->text, l->text_hole, bytes);
		if (reason) {
			buf_add_string(&j->text, "; ");
			buf_add_string(&j->text, reason);
		}
		buf_add_byte(&j->text, '\n');
	}
	if (l->json.len) {
		fill_hole(&j->json, &l->json, l->json_hole, bytes);
		if (reason)
			json_member(&j->json, "ended", slice_of(reason));
		buf_add_string(&j->json, "}\n");
	}
	buf_clear(&l->text);
	buf_clear(&l->json);
}

void line_release(struct line *l)
{
	buf_release(&l->text);
	buf_release(&l->json);
}
