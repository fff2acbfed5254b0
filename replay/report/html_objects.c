/* What was delivered: each body once, by its digests. */
#include "html_page.h"

#include <stdlib.h>

#define OBJECTS_MAX 1000U
#define SOURCES_MAX 8U /* exchanges that brought the same, and are told */

/* Listed exchanges by their bodies: those of the same body one after the
 * other, in recorded order. */
struct objects {
	const struct page *p;
	uint32_t *sorted; /* of page.listed */
	uint32_t sorted_count;
	struct object_group {
		uint32_t at, count; /* of sorted */
	} * groups;
	uint32_t count;
};

static int by_digest(const void *a, const void *b, void *context)
{
	const struct page *p = context;
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	int order = memcmp(p->glances[i].digests.sha256,
			   p->glances[k].digests.sha256, DIGEST_LEN);
	return order ? order : (i > k) - (i < k);
}

static const struct glance *first_of(const struct objects *o,
				     const struct object_group *g)
{
	return &o->p->glances[o->sorted[g->at]];
}

/* What runs, or holds what runs, comes first. */
static int rank(enum html_kind kind)
{
	return kind == HTML_FILE ? 0 : kind == HTML_PLUGIN ? 1 : 2;
}

static int by_rank(const void *a, const void *b, void *context)
{
	const struct objects *o = context;
	const struct object_group *x = a, *y = b;
	int order = rank(first_of(o, x)->kind) - rank(first_of(o, y)->kind);
	uint32_t i = o->sorted[x->at], k = o->sorted[y->at];
	return order ? order : (i > k) - (i < k);
}

static void objects_find(struct objects *o)
{
	const struct page *p = o->p;
	size_t room = (size_t)p->listed_count + 1;
	o->sorted = xcalloc(room, sizeof *o->sorted);
	o->groups = xcalloc(room, sizeof *o->groups);
	for (uint32_t k = 0; k < p->listed_count; k++)
		if (p->glances[k].has_digests)
			o->sorted[o->sorted_count++] = k;
	qsort_r(o->sorted, o->sorted_count, sizeof *o->sorted, by_digest,
		(void *)p);
	for (uint32_t k = 0; k < o->sorted_count; k++) {
		const struct glance *g = &p->glances[o->sorted[k]];
		if (!o->count ||
		    memcmp(
			first_of(o, &o->groups[o->count - 1])->digests.sha256,
			g->digests.sha256, DIGEST_LEN) != 0)
			o->groups[o->count++] = (struct object_group){k, 0};
		o->groups[o->count - 1].count++;
	}
	qsort_r(o->groups, o->count, sizeof *o->groups, by_rank, o);
}

/* ---- one ---- */

static void put_digest(struct page *p, const char *name, const uint8_t *digest,
		       size_t len)
{
	if (!len)
		return;
	buf_printf(&p->out, "<div><dt>%s</dt><dd>", name);
	html_digest(&p->out, digest, len);
	buf_add_string(&p->out, "</dd></div>");
}

static void put_sources(struct page *p, const struct objects *o,
			const struct object_group *g)
{
	for (uint32_t k = 0; k < g->count && k < SOURCES_MAX; k++) {
		if (k)
			buf_add_string(&p->out, ", ");
		page_number(p, p->listed[o->sorted[g->at + k]]);
	}
	if (g->count > SOURCES_MAX)
		buf_printf(&p->out, " and %" PRIu32 " more",
			   g->count - SOURCES_MAX);
}

static void put_object(struct page *p, const struct objects *o,
		       const struct object_group *group)
{
	const struct glance *g = first_of(o, group);
	const struct glance_digests *d = &g->digests;
	uint32_t i = p->listed[o->sorted[group->at]];
	buf_printf(&p->out, "<tr class=\"k%d\"><td>", rank(g->kind));
	put_sources(p, o, group);
	buf_printf(&p->out, "</td><td><i class=\"k-%s\"></i>%s <br>",
		   html_kind_name(g->kind), html_kind_name(g->kind));
	html_add_clipped(&p->out, page_type(p, g), 60);
	if (g->image.width)
		buf_printf(&p->out, " <br>%" PRIu32 " \xc3\x97 %" PRIu32,
			   g->image.width, g->image.height);
	buf_add_string(&p->out, "</td><td>");
	words_bytes(&p->out, g->size);
	buf_add_string(&p->out, "</td><td>");
	page_url(p, &p->recording->exchanges[i], 200);
	buf_add_string(&p->out, "<dl class=\"digests\">");
	put_digest(p, "SHA-256", d->sha256, DIGEST_LEN);
	put_digest(p, "SHA-1", d->sha1, 20);
	put_digest(p, "MD5", d->md5, d->md5_len);
	buf_add_string(&p->out, "</dl></td></tr>\n");
}

void html_objects(struct page *p)
{
	struct objects o = {.p = p};
	uint32_t k = 0;
	objects_find(&o);
	buf_add_string(&p->out, "<section id=\"objects\"><h2>Objects</h2>\n");
	if (!o.count)
		buf_add_string(&p->out, "<p>No body came whole.</p>\n");
	else
		buf_add_string(
		    &p->out, "<div class=\"scroll\" tabindex=\"0\" "
			     "role=\"region\" aria-label=\"Table of "
			     "objects\">\n<table class=\"objects\">\n"
			     "<caption>Each body that came whole, once, its "
			     "content codings taken off; files and plug-ins "
			     "first</caption>\n<thead><tr><th scope=\"col\">In"
			     "</th><th scope=\"col\">Kind</th><th scope=\"col\""
			     ">Size</th><th scope=\"col\">First URL, digests"
			     "</th></tr></thead>\n<tbody>\n");
	for (; k < o.count && k < OBJECTS_MAX; k++) {
		put_object(p, &o, &o.groups[k]);
		page_flush(p, (size_t)1 << 16);
	}
	if (o.count)
		buf_add_string(&p->out, "</tbody></table></div>\n");
	if (k < o.count)
		buf_printf(&p->out,
			   "<p class=\"note\">%" PRIu32 " more are not in this "
			   "table; <code>replay --extract</code> writes all of "
			   "them, with their digests.</p>\n",
			   o.count - k);
	buf_add_string(&p->out, "</section>\n");
	free(o.sorted);
	free(o.groups);
}
