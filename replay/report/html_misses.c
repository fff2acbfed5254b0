/* What a replay's client asked for and nothing recorded answers. */
#include "compare_detail.h"
#include "html_page.h"

static void put_miss(struct page *p, const struct comparison *c, uint32_t k,
		     struct buf *detail)
{
	const struct exchange *e = &c->replayed->exchanges[k];
	struct buf *out = &p->out;
	buf_clear(detail);
	compare_miss_detail(c, k, detail);
	buf_add_string(out, "<li><code class=\"m\">");
	html_add_clipped(out, exchange_method(e), 20);
	buf_add_string(out, "</code> ");
	page_url(p, e, HTML_CLIPPED);
	buf_add_string(out, "<br>");
	html_add_clipped(out, buf_slice(detail), 1000);
	buf_add_string(out, "</li>\n");
}

static void put_results(struct page *p, const struct comparison *c)
{
	const char *between = "<p>";
	for (int k = 0; k < COMPARE_RESULTS; k++) {
		const char *name = compare_result_name((enum compare_result)k);
		buf_printf(&p->out, "%s%s: %zu", between, name, c->results[k]);
		between = ", ";
	}
	buf_add_string(&p->out, ".</p>\n");
	if (c->parts_at == COMPARE_NONE)
		return;
	buf_add_string(&p->out, "<p><strong>The replay parts from the "
				"recording at</strong> ");
	page_exchange(p, c->parts_at);
	buf_add_string(&p->out, "</p>\n");
}

void html_misses(struct page *p)
{
	const struct comparison *c = p->options->compared;
	struct buf detail = {0};
	if (!c)
		return;
	buf_add_string(&p->out, "<section id=\"replay\"><h2>What the replay "
				"brought back</h2>\n");
	put_results(p, c);
	if (c->miss_count)
		buf_add_string(&p->out, "<h3>Asked for, but not recorded</h3>\n"
					"<ul>\n");
	uint32_t i = 0;
	for (; i < c->miss_count && i < HTML_LIST_MAX; i++)
		put_miss(p, c, c->order[i], &detail);
	if (i < c->miss_count)
		buf_printf(&p->out, "<li>and %" PRIu32 " more</li>\n",
			   c->miss_count - i);
	if (c->miss_count)
		buf_add_string(&p->out, "</ul>\n");
	buf_add_string(&p->out, "</section>\n");
	buf_release(&detail);
}
