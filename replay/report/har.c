/* The table and its bodies as an HTTP Archive. */
#include "har.h"

#include "chain.h"
#include "frames.h"
#include "har_part.h"
#include "output.h"
#include "value.h"

#include <stdlib.h>

struct har {
	const struct recording *recording;
	struct chain chain;
	uint32_t *roots; /* of each exchange, the one its tree begins with */
	bool *pages;     /* whether it is a page: a root that led to others, or
			    that a person may have asked for */
	uint32_t own;    /* the first exchange that no page led to, CHAIN_NONE:
			    each belongs to one */
	struct frame_place *frames;
	char *const *captures; /* NULL: one alone, which needs no name */
	struct buf out;
};

static void set(json_t *o, const char *name, json_t *value)
{
	json_object_set_new(o, name, value);
}

static json_t *text_of(struct buf *b)
{
	json_t *s = value_text(buf_slice(b));
	buf_release(b);
	return s;
}

static json_t *date_of(int64_t time)
{
	struct buf b = {0};
	if (!har_date(&b, time))
		har_date(&b, 0);
	return text_of(&b);
}

static json_t *url_text(const struct exchange *e)
{
	struct buf b = {0};
	har_url(&b, e);
	return text_of(&b);
}

/* Viewers leave out what belongs to no page. */
static json_t *page_id(const struct har *h, uint32_t root)
{
	if (!h->pages[root])
		return json_string("page_own");
	return json_sprintf("page_%u", root + 1);
}

/* ---- entries ---- */

/* The heads of HTTP/2 were written anew. */
static json_t *head_size(const struct exchange *e, struct slice head)
{
	if (e->version == EXCHANGE_HTTP2)
		return json_integer(-1);
	return json_integer((json_int_t)head.len);
}

static json_t *version_of(const struct exchange *e)
{
	struct buf b = {0};
	exchange_version_print(&b, e);
	return text_of(&b);
}

static json_t *request_of(const struct exchange *e)
{
	uint64_t sent;
	json_t *o = json_object(), *post = har_post_data(e, &sent);
	struct message m = {0};
	struct url url = exchange_url(e);
	http_request(e->request_head, &m);
	set(o, "method", value_text(exchange_method(e)));
	set(o, "url", url_text(e));
	set(o, "httpVersion", version_of(e));
	set(o, "cookies", har_cookies_sent(m.fields));
	set(o, "headers", value_fields(m.fields));
	set(o, "queryString", har_query(url_query(url.target)));
	if (post)
		set(o, "postData", post);
	set(o, "headersSize", head_size(e, e->request_head));
	set(o, "bodySize", json_integer((json_int_t)sent));
	set(o, "_target", value_text(exchange_target(e)));
	return o;
}

/* As browsers have one that never came. */
static json_t *no_response(void)
{
	return json_pack("{s:i,s:s,s:s,s:[],s:[],s:{s:i,s:s},s:s,s:i,s:i,s:s}",
			 "status", 0, "statusText", "", "httpVersion", "",
			 "cookies", "headers", "content", "size", 0, "mimeType",
			 "x-unknown", "redirectURL", "", "headersSize", -1,
			 "bodySize", -1, "_error", "no response was recorded");
}

static json_t *response_version(const struct exchange *e,
				const struct message *m)
{
	if (e->version == EXCHANGE_HTTP2)
		return version_of(e);
	return json_sprintf("HTTP/1.%u", m->minor);
}

static json_t *response_of(const struct exchange *e)
{
	struct message m = {0};
	uint64_t received;
	if (!e->response_head.len ||
	    http_response(e->response_head, exchange_method(e), &m) !=
		HTTP_DONE)
		return no_response();
	json_t *o = json_object();
	set(o, "status", json_integer(e->status));
	set(o, "statusText", value_text(m.reason));
	set(o, "httpVersion", response_version(e, &m));
	set(o, "cookies", har_cookies_set(m.fields));
	set(o, "headers", value_fields(m.fields));
	set(o, "content", har_content(e, &received));
	set(o, "redirectURL",
	    value_text(http_field(m.fields, SLICE("Location"))));
	set(o, "headersSize", head_size(e, e->response_head));
	set(o, "bodySize", json_integer((json_int_t)received));
	if (e->trailers)
		set(o, "_trailers", value_fields(exchange_trailers(e)));
	return o;
}

static void put_place(json_t *o, const struct har *h, uint32_t i)
{
	const struct exchange *e = &h->recording->exchanges[i];
	const struct frame_place *frame = &h->frames[i];
	struct buf b = {0};
	address_print(&b, &exchange_server(e)->address);
	set(o, "serverIPAddress", text_of(&b));
	set(o, "connection", json_sprintf("%u", e->flow->number));
	set(o, "_no", json_integer(i + 1));
	set(o, "_stream", json_integer(e->flow->number));
	set(o, "_packet",
	    frame->number ? json_integer((json_int_t)frame->number)
			  : json_null());
	if (h->captures && frame->number)
		set(o, "_capture",
		    value_text(slice_of(h->captures[frame->file])));
	if (e->stream_id)
		set(o, "_stream_id", json_integer(e->stream_id));
	endpoint_print(&b, exchange_client(e));
	set(o, "_client", text_of(&b));
	endpoint_print(&b, exchange_server(e));
	set(o, "_server", text_of(&b));
	set(o, "_state",
	    json_string(exchange_state_name((enum exchange_state)e->state)));
	set(o, "_led_by", json_string(chain_by_name(h->chain.links[i].by)));
}

static json_t *entry_of(const struct har *h, uint32_t i)
{
	const struct exchange *e = &h->recording->exchanges[i];
	json_t *o = json_object();
	double time;
	json_t *timings = har_timings(e, &time);
	set(o, "pageref", page_id(h, h->roots[i]));
	set(o, "startedDateTime", date_of(e->time));
	set(o, "time", json_real(time));
	set(o, "request", request_of(e));
	set(o, "response", response_of(e));
	set(o, "cache", json_object());
	set(o, "timings", timings);
	put_place(o, h, i);
	return o;
}

/* ---- pages ---- */

/* Causes stand before what they cause. */
static void find_pages(struct har *h)
{
	for (uint32_t i = 0; i < h->chain.count; i++) {
		const struct chain_link *link = &h->chain.links[i];
		bool root = link->cause == CHAIN_NONE;
		h->roots[i] = root ? i : h->roots[link->cause];
		if (root)
			h->pages[i] = link->by != CHAIN_OWN;
		else
			h->pages[h->roots[i]] = true;
	}
	h->own = CHAIN_NONE;
	for (uint32_t i = 0; i < h->chain.count && h->own == CHAIN_NONE; i++)
		if (!h->pages[h->roots[i]])
			h->own = i;
}

static json_t *page_of(const struct har *h, uint32_t i)
{
	const struct exchange *e = &h->recording->exchanges[i];
	return json_pack("{s:o,s:o,s:o,s:{s:i,s:i}}", "startedDateTime",
			 date_of(e->time), "id", page_id(h, i), "title",
			 h->pages[i] ? url_text(e)
				     : json_string("requests of clients' own"),
			 "pageTimings", "onContentLoad", -1, "onLoad", -1);
}

/* ---- the whole ---- */

/* Appends one of an array's values on a line of its own. Returns as
 * output_flush. */
static int put(struct har *h, json_t *value, bool *first)
{
	buf_add_string(&h->out, *first ? "\n" : ",\n");
	*first = false;
	value_line(&h->out, value);
	h->out.len--; /* its line break */
	return output_flush(&h->out);
}

static int put_all(struct har *h)
{
	uint32_t count = (uint32_t)h->recording->count;
	bool first = true;
	int result = 0;
	buf_add_string(&h->out, "{\"log\":{\"version\":\"1.2\",\"creator\":"
				"{\"name\":\"Reenact\",\"version\":"
				"\"" REENACT_VERSION "\"},\n\"pages\":[");
	for (uint32_t i = 0; i < count && !result; i++)
		if (h->pages[i] || i == h->own)
			result = put(h, page_of(h, i), &first);
	first = true;
	buf_add_string(&h->out, "],\n\"entries\":[");
	for (uint32_t i = 0; i < count && !result; i++)
		result = put(h, entry_of(h, i), &first);
	buf_add_string(&h->out, "]}}\n");
	return result ? result : output_flush(&h->out);
}

int har_print(const struct recording *r, char *const captures[], size_t count)
{
	struct har h = {.recording = r,
			.captures = count > 1 ? captures : NULL};
	chain_build(&h.chain, r);
	h.roots = xcalloc(r->count + 1, sizeof *h.roots);
	h.pages = xcalloc(r->count + 1, sizeof *h.pages);
	h.frames = frames_find(r);
	find_pages(&h);
	int result = put_all(&h);
	free(h.frames);
	free(h.pages);
	free(h.roots);
	chain_release(&h.chain);
	buf_release(&h.out);
	return result;
}
