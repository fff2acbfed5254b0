/* What the loops noted, as one JSON document for the page and for programs. */
#include "status_json.h"

#include "differ.h"
#include "json.h"
#include "status_near.h"
#include "status_rule.h"

#include <time.h>

#define SEEN_TOLD 100
#define MISSES_TOLD 50
#define VALUE_TOLD 2000  /* bytes of what was asked or recorded */
#define NEAR_SEARCHED 30 /* of these misses: a search takes up to a ms */

static void number(struct buf *out, const char *name, uint64_t value)
{
	buf_printf(out, "\"%s\":%llu,", name, (unsigned long long)value);
}

static void text(struct buf *out, const char *name, struct slice value)
{
	buf_printf(out, "\"%s\":", name);
	json_add(out, value);
	buf_add_byte(out, ',');
}

/* Of a capture or a client: 120 exchanges with heads of 1 MiB would be told
 * each second. */
static void clipped(struct buf *out, const char *name, struct slice of)
{
	buf_printf(out, "\"%s\":", name);
	json_add_start(out, of, VALUE_TOLD);
	buf_add_byte(out, ',');
}

static void flag(struct buf *out, const char *name, bool value)
{
	buf_printf(out, "\"%s\":%s,", name, value ? "true" : "false");
}

static void stamp(struct buf *out, const char *name, int64_t time)
{
	char date[32];
	time_t seconds = time / 1000000;
	struct tm tm;
	gmtime_r(&seconds, &tm);
	strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
	buf_printf(out, "\"%s\":\"%s.%06dZ\",", name, date,
		   (int)(time % 1000000));
}

/* Instead of the last comma. */
static void end(struct buf *out, char close)
{
	if (out->data[out->len - 1] == ',')
		out->len--;
	buf_add_byte(out, (uint8_t)close);
	buf_add_byte(out, ',');
}

static void client(struct buf *out, const struct address *a)
{
	struct buf name = {0};
	address_print(&name, a);
	text(out, "client", buf_slice(&name));
	buf_release(&name);
}

/* ---- all loops together ---- */

/* Where the next to be told stands in each. */
struct merge {
	struct notes *const *notes; /* at most SITE_LOOPS_MAX */
	size_t count;
	size_t at[SITE_LOOPS_MAX];
};

static const struct seen *seen_at(const struct notes *n, size_t back)
{
	size_t there = n->seen_count < NOTES_SEEN ? n->seen_count : NOTES_SEEN;
	if (back >= there)
		return NULL;
	return &n->seen[(n->seen_count - 1 - back) % NOTES_SEEN];
}

/* The latest that was not taken yet; NULL at the end. */
static const struct seen *next_seen(struct merge *m)
{
	const struct seen *latest = NULL;
	size_t from = 0;
	for (size_t i = 0; i < m->count; i++) {
		const struct seen *s =
		    m->notes[i] ? seen_at(m->notes[i], m->at[i]) : NULL;
		if (!s || (latest && s->time <= latest->time))
			continue;
		latest = s;
		from = i;
	}
	m->at[from] += latest != NULL;
	return latest;
}

/* The same, and the table it was held against. */
static const struct miss *next_miss(struct merge *m, const struct table **table)
{
	const struct miss *latest = NULL;
	size_t from = 0;
	for (size_t i = 0; i < m->count; i++) {
		struct notes *n = m->notes[i];
		if (!n || m->at[i] == n->miss_count)
			continue;
		const struct miss *s = &n->misses[m->at[i]];
		if (latest && s->time <= latest->time)
			continue;
		latest = s;
		from = i;
	}
	if (!latest)
		return NULL;
	m->at[from]++;
	*table = m->notes[from]->table;
	return latest;
}

static struct counts sum(struct notes *const notes[], size_t count,
			 size_t *open)
{
	struct counts c = {0};
	for (size_t i = 0; i < count; i++) {
		const struct counts *one;
		if (!notes[i])
			continue;
		one = &notes[i]->counts;
		c.requests += one->requests;
		c.refused += one->refused;
		c.failed += one->failed;
		c.rewritten += one->rewritten;
		c.bytes += one->bytes;
		c.connections += one->connections;
		*open += notes[i]->open;
		for (size_t k = 0; k < NOTES_STEPS; k++)
			c.steps[k] += one->steps[k];
	}
	return c;
}

/* ---- a miss ---- */

static void add_differences(struct buf *out, const struct table *t,
			    const struct request *r, uint32_t i)
{
	struct differences d = {0};
	differ(t, r, i, &d);
	buf_add_string(out, "\"differs\":[");
	for (size_t k = 0; k < d.count; k++) {
		const struct difference *one = &d.list[k];
		buf_add_byte(out, '{');
		text(out, "in", slice_of(differ_kind_name(one->kind)));
		if (one->name.data)
			clipped(out, "name", one->name);
		if (one->asked.data || one->recorded.data) {
			clipped(out, "asked", one->asked);
			clipped(out, "recorded", one->recorded);
		}
		end(out, '}');
	}
	end(out, ']');
	differences_release(&d);
}

static void add_rule(struct buf *out, const struct status_facts *f,
		     const struct table *t, const struct request *r, uint32_t i)
{
	struct buf lines = {0};
	const char *why = NULL;
	switch (rule_suggest(t, r, i, f->options->exact, &lines, &why)) {
	case RULE_LINES:
		text(out, "rule", buf_slice(&lines));
		break;
	case RULE_NOW:
		flag(out, "joined", true);
		break;
	case RULE_NONE:
		text(out, "no_rule", slice_of(why));
		break;
	}
	buf_release(&lines);
}

static void add_near(struct buf *out, const struct status_facts *f,
		     const struct table *t, const struct request *r, uint32_t i)
{
	const struct exchange *e = table_exchange(t, i);
	struct url u = table_url(t, i);
	struct buf url = {0};
	url_print(&url, &u);
	buf_add_byte(out, '{');
	number(out, "exchange", i + 1);
	clipped(out, "method", exchange_method(e));
	clipped(out, "url", buf_slice(&url));
	number(out, "status", e->status);
	number(out, "bytes", e->body_bytes);
	add_differences(out, t, r, i);
	add_rule(out, f, t, r, i);
	end(out, '}');
	buf_release(&url);
}

/* As far as what is kept of it tells. */
static bool is_of(const struct seen *s, const struct request *r)
{
	struct url u = seen_url(s);
	return u.https == r->url.https && u.port == r->url.port &&
	       slice_equal(seen_method(s), slice_to(r->method, NOTES_METHOD)) &&
	       slice_equal(u.host, slice_to(r->url.host, u.host.len)) &&
	       (s->cut ? slice_starts(r->url.target, u.target)
		       : slice_equal(u.target, r->url.target));
}

/* The latest answer to the same method and URL since then. */
static void add_answered(struct buf *out, const struct miss *m,
			 struct notes *const notes[], size_t count)
{
	const struct seen *s;
	struct merge seen = {.notes = notes, .count = count};
	while ((s = next_seen(&seen)) && s->time > m->time) {
		if (s->kind != SEEN_ANSWERED || !is_of(s, &m->request))
			continue;
		buf_add_string(out, "\"answered\":{");
		stamp(out, "time", s->time);
		text(out, "step", slice_of(match_step_name(s->step)));
		number(out, "exchange", s->exchange + 1);
		end(out, '}');
		return;
	}
}

static void add_miss(struct buf *out, const struct status_facts *f,
		     const struct miss *m, const struct table *t, bool search)
{
	const struct request *r = &m->request;
	uint32_t near[NEAR_LIST];
	size_t count = search && !m->cut ? near_list(t, r, near) : 0;
	struct buf url = {0};
	url_print(&url, &r->url);
	stamp(out, "time", m->time);
	client(out, &r->client.address);
	clipped(out, "method", r->method);
	clipped(out, "url", buf_slice(&url));
	if (m->note.len)
		text(out, "note", buf_slice(&m->note));
	flag(out, "cut", m->cut);
	flag(out, "cached", m->cached);
	buf_add_string(out, "\"near\":[");
	for (size_t i = 0; i < count; i++)
		add_near(out, f, t, r, near[i]);
	end(out, ']');
	buf_release(&url);
}

/* How often all loops were asked for it; 0: another one was later, and tells
 * it. */
static uint64_t times(const struct miss *m, struct notes *const notes[],
		      size_t count)
{
	uint64_t all = m->count;
	for (size_t i = 0; i < count; i++)
		for (size_t k = 0; notes[i] && k < notes[i]->miss_count; k++) {
			const struct miss *other = &notes[i]->misses[k];
			if (other == m || other->hash != m->hash)
				continue;
			if (other->time > m->time ||
			    (other->time == m->time && other < m))
				return 0;
			all += other->count;
		}
	return all;
}

static void add_misses(struct buf *out, const struct status_facts *f,
		       struct notes *const notes[], size_t count)
{
	struct merge merge = {.notes = notes, .count = count};
	const struct table *t = NULL;
	const struct miss *m;
	size_t told = 0;
	buf_add_string(out, "\"misses\":[");
	while (told < MISSES_TOLD && (m = next_miss(&merge, &t))) {
		uint64_t asked = times(m, notes, count);
		if (!asked)
			continue;
		buf_add_byte(out, '{');
		number(out, "count", asked);
		add_answered(out, m, notes, count);
		add_miss(out, f, m, t, told++ < NEAR_SEARCHED);
		end(out, '}');
	}
	end(out, ']');
}

/* ---- the rest ---- */

static void add_asked(struct buf *out, const struct seen *s)
{
	struct url u = seen_url(s);
	struct buf url = {0};
	url_print(&url, &u);
	text(out, "method", seen_method(s));
	text(out, "url", s->asks ? buf_slice(&url) : SLICE(""));
	buf_release(&url);
}

static void add_one_seen(struct buf *out, const struct seen *s)
{
	static const char *const kinds[] = {
	    [SEEN_ANSWERED] = "answered",
	    [SEEN_MISSED] = "missed",
	    [SEEN_REFUSED] = "refused",
	    [SEEN_FAILED] = "failed",
	};
	stamp(out, "time", s->time);
	client(out, &s->client);
	text(out, "kind", slice_of(kinds[s->kind]));
	if (s->kind == SEEN_FAILED)
		text(out, "server_name", seen_server_name(s));
	else
		add_asked(out, s);
	flag(out, "cut", s->cut);
	number(out, "status", s->status);
	if (s->kind == SEEN_ANSWERED || s->kind == SEEN_MISSED)
		text(out, "step", slice_of(match_step_name(s->step)));
	if (s->exchange != TABLE_NONE)
		number(out, "exchange", s->exchange + 1);
	flag(out, "supplement", s->supplement);
	flag(out, "rewritten", s->rewritten);
	if (s->note)
		text(out, "note", slice_of(s->note));
}

static void add_seen(struct buf *out, struct notes *const notes[], size_t count)
{
	struct merge merge = {.notes = notes, .count = count};
	const struct seen *s;
	buf_add_string(out, "\"recent\":[");
	for (size_t i = 0; i < SEEN_TOLD && (s = next_seen(&merge)); i++) {
		buf_add_byte(out, '{');
		add_one_seen(out, s);
		end(out, '}');
	}
	end(out, ']');
}

static void add_counts(struct buf *out, struct notes *const notes[],
		       size_t count)
{
	size_t open = 0;
	struct counts c = sum(notes, count, &open);
	number(out, "requests", c.requests);
	number(out, "answered", c.requests - c.refused - c.steps[MATCH_NONE]);
	number(out, "missed", c.steps[MATCH_NONE]);
	number(out, "refused", c.refused);
	number(out, "handshakes_failed", c.failed);
	number(out, "rewritten", c.rewritten);
	number(out, "bytes", c.bytes);
	buf_add_string(out, "\"connections\":{");
	number(out, "open", open);
	number(out, "all", c.connections);
	end(out, '}');
	buf_add_string(out, "\"steps\":{");
	for (size_t i = MATCH_NONE + 1; i < NOTES_STEPS; i++)
		if (c.steps[i])
			number(out, match_step_name(i), c.steps[i]);
	end(out, '}');
}

static void add_facts(struct buf *out, const struct status_facts *f)
{
	const struct site_options *o = f->options;
	text(out, "program", SLICE("replay " REENACT_VERSION));
	stamp(out, "started", f->started);
	text(out, "where", f->where);
	number(out, "exchanges", f->exchanges);
	number(out, "hosts", f->hosts);
	flag(out, "exact", o->exact);
	buf_add_string(out, "\"rules\":[");
	for (size_t i = 0; i < o->rule_count; i++) {
		json_add(out, slice_of(o->rules[i]));
		buf_add_byte(out, ',');
	}
	end(out, ']');
}

void status_json(const struct status_facts *f, struct notes *const notes[],
		 size_t count, int64_t now, int64_t up, struct buf *out)
{
	buf_add_byte(out, '{');
	add_facts(out, f);
	stamp(out, "time", now);
	number(out, "uptime", (uint64_t)up / 1000000);
	number(out, "loops", count);
	add_counts(out, notes, count);
	add_misses(out, f, notes, count);
	add_seen(out, notes, count);
	end(out, '}');
	out->data[out->len - 1] = '\n';
}
