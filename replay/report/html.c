/* replay --report: the page, from its first byte to its last. */
#include "html_page.h"

#include "html_files.h"
#include "html_rewriter.h"

#include "site/embedded.h"

#include "capture/log.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define FLUSH_AT ((size_t)1 << 16)
#define SHARE_MIN ((size_t)500) /* less of something shows nothing */

/* ---- output ---- */

void page_flush(struct page *p, size_t at_least)
{
	size_t at = 0;
	if (p->out.len < at_least)
		return;
	while (at < p->out.len && !p->failed) {
		ssize_t n = write(p->fd, p->out.data + at, p->out.len - at);
		if (n < 0 && errno == EINTR)
			continue;
		p->failed = n < 0;
		if (p->failed && errno != EPIPE)
			log_warn("cannot write the report: %s",
				 strerror(errno));
		at += n < 0 ? 0 : (size_t)n;
	}
	buf_clear(&p->out);
}

/* ---- words with links ---- */

void page_number(struct page *p, uint32_t i)
{
	if (page_glance(p, i))
		buf_printf(&p->out,
			   "<a href=\"#e%" PRIu32 "\">#%" PRIu32 "</a>", i + 1,
			   i + 1);
	else
		buf_printf(&p->out, "#%" PRIu32, i + 1);
}

void page_url(struct page *p, const struct exchange *e, size_t max)
{
	struct buf b = {0};
	words_url(&b, e);
	buf_add_string(&p->out, "<code class=\"u\">");
	html_add_clipped(&p->out, buf_slice(&b), max);
	buf_add_string(&p->out, "</code>");
	buf_release(&b);
}

void page_exchange(struct page *p, uint32_t i)
{
	const struct exchange *e = &p->recording->exchanges[i];
	page_number(p, i);
	buf_add_string(&p->out, " <code class=\"m\">");
	html_add_clipped(&p->out, exchange_method(e), 20);
	buf_add_string(&p->out, "</code> ");
	page_url(p, e, HTML_CLIPPED);
}

/* ---- room ---- */

size_t allowance_share(const struct allowance *a, size_t max)
{
	size_t share = a->sharers ? a->left / a->sharers : a->left;
	if (share < SHARE_MIN)
		share = a->left < SHARE_MIN ? a->left : SHARE_MIN;
	return share < max ? share : max;
}

void allowance_use(struct allowance *a, size_t used)
{
	a->left -= used < a->left ? used : a->left;
	a->sharers -= a->sharers > 0;
}

/* ---- the frame ---- */

/* The policy stands before anything that it is about. */
static void put_policy(struct page *p)
{
	buf_add_string(&p->out, "<meta http-equiv=\"Content-Security-Policy\" "
				"content=\"default-src 'none'; style-src ");
	embedded_source(&p->out, html_style());
	buf_add_string(&p->out, "; script-src ");
	embedded_source(&p->out, html_script());
	buf_add_string(&p->out, "; base-uri 'none'; form-action 'none'\">\n"
				"<meta name=\"referrer\" "
				"content=\"no-referrer\">\n");
}

/* The last part of a path. */
static struct slice name_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slice_of(slash && slash[1] ? slash + 1 : path);
}

static void put_names(struct page *p)
{
	const struct html_options *o = p->options;
	html_add_clipped(&p->out, name_of(o->captures[0]), HTML_CLIPPED);
	if (o->capture_count > 1)
		buf_printf(&p->out, " and %zu more", o->capture_count - 1);
}

static void put_head(struct page *p)
{
	buf_add_string(&p->out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
				"<meta charset=\"utf-8\">\n");
	put_policy(p);
	buf_add_string(&p->out, "<meta name=\"viewport\" content=\"width="
				"device-width, initial-scale=1\">\n"
				"<meta name=\"color-scheme\" "
				"content=\"light dark\">\n<title>");
	html_add_value_clipped(&p->out, name_of(p->options->captures[0]),
			       HTML_CLIPPED);
	buf_add_string(&p->out, ": what was recorded</title>\n<style>");
	buf_add(&p->out, html_style());
	buf_add_string(&p->out, "</style>\n</head>\n");
}

static void put_contents(struct page *p)
{
	static const char *const parts[][2] = {
	    {"chain", "Chain"},
	    {"lost", "What does not come back"},
	    {"objects", "Objects"},
	    {"table", "Exchanges"},
	    {"details", "Details"},
	    {"hosts", "Hosts"},
	    {"tls", "TLS"},
	    {"traffic", "Other traffic"},
	    {"victim", "Victim\xe2\x80\x99s client"},
	    {"captures", "Captures"},
	};
	buf_add_string(&p->out, "<nav aria-label=\"Contents\"><ul>\n");
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		buf_printf(&p->out, "<li><a href=\"#%s\">%s</a></li>\n",
			   parts[i][0], parts[i][1]);
	buf_add_string(&p->out, "</ul></nav>\n");
}

static void put_body(struct page *p)
{
	static void (*const parts[])(struct page * p) = {
	    html_picture, html_reasons,   html_misses,   html_objects,
	    html_table,   html_exchanges, html_servers,  html_sealed,
	    html_traffic, html_victim,    html_captures,
	};
	buf_add_string(&p->out, "<body>\n<a class=\"skip\" href=\"#table\">To "
				"the table of exchanges</a>\n<header>\n<h1>");
	put_names(p);
	buf_add_string(&p->out, "</h1>\n");
	html_summary(p);
	buf_add_string(&p->out, "</header>\n");
	put_contents(p);
	buf_add_string(&p->out, "<main>\n");
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		parts[i](p);
		page_flush(p, FLUSH_AT);
	}
	buf_add_string(&p->out, "</main>\n<script>");
	buf_add(&p->out, html_script());
	buf_add_string(&p->out, "</script>\n</body>\n</html>\n");
}

/* Bodies that will want to be shown. */
static size_t count_bodies(const struct page *p)
{
	size_t count = 0;
	for (uint32_t k = 0; k < p->listed_count; k++) {
		const struct glance *g = &p->glances[k];
		count += g->bytes && g->kind != HTML_IMAGE;
		count +=
		    p->recording->exchanges[p->listed[k]].request_body.len > 0;
	}
	return count;
}

static void page_begin(struct page *p)
{
	const struct html_options *o = p->options;
	survey_run(&p->survey, p->recording, o->rules, true);
	html_hosts_collect(&p->hosts, &p->survey.findings);
	page_choose(p);
	p->bodies = (struct allowance){HTML_BODIES_MAX, count_bodies(p)};
	p->fields =
	    (struct allowance){HTML_FIELDS_MAX, (size_t)p->listed_count * 2};
	p->diffs = HTML_DIFFS_MAX;
	if (o->rules)
		p->rewriter =
		    html_rewriter_new(p->recording, o->rules, o->shift_dates);
}

static void page_end(struct page *p)
{
	html_rewriter_free(p->rewriter);
	intern_release(&p->types);
	free(p->listed);
	free(p->glances);
	free(p->glance_of);
	free(p->effect);
	free(p->next_effect);
	html_hosts_release(&p->hosts);
	survey_release(&p->survey);
	buf_release(&p->out);
}

int html_print(const struct recording *r, const struct html_options *o, int fd)
{
	struct page p = {.recording = r, .options = o, .fd = fd};
	page_begin(&p);
	put_head(&p);
	put_body(&p);
	page_flush(&p, 0);
	if (close(fd) && !p.failed) {
		log_warn("cannot write the report: %s", strerror(errno));
		p.failed = true;
	}
	page_end(&p);
	return p.failed ? -1 : 0;
}
