/* The page of the running server as it is sent. */
#include "status_page.h"

#include "embedded.h"
#include "status_files.h"

#include "capture/address.h"
#include "capture/url.h"

void status_page_make(struct status_page *p)
{
	*p = (struct status_page){0};
	buf_add_string(&p->policy, "default-src 'none'; connect-src 'self'; "
				   "base-uri 'none'; form-action 'none'; "
				   "frame-ancestors 'none'; style-src ");
	embedded_source(&p->policy, status_style());
	buf_add_string(&p->policy, "; script-src ");
	embedded_source(&p->policy, status_script());
	buf_add_string(&p->html,
		       "<!doctype html>\n<html lang=\"en\">\n<meta "
		       "charset=\"utf-8\">\n<meta name=\"viewport\" "
		       "content=\"width=device-width\">\n"
		       "<meta name=\"color-scheme\" content=\"light dark\">\n"
		       "<title>replay: status</title>\n"
		       "<style>");
	buf_add(&p->html, status_style());
	buf_add_string(&p->html, "</style>\n");
	buf_add(&p->html, status_body());
	buf_add_string(&p->html, "<script>");
	buf_add(&p->html, status_script());
	buf_add_string(&p->html, "</script>\n</html>\n");
}

void status_page_release(struct status_page *p)
{
	buf_release(&p->html);
	buf_release(&p->policy);
}

static bool is_own_name(struct slice field)
{
	struct url u = url_of(SLICE("GET"), SLICE("/"), field, false, 80);
	struct address a;
	return slice_equal_nocase(u.host, SLICE("localhost")) ||
	       address_parse(u.host, &a);
}

static bool from_elsewhere(struct slice fields)
{
	struct slice site = http_field(fields, SLICE("Sec-Fetch-Site"));
	return site.data && !slice_equal(site, SLICE("same-origin")) &&
	       !slice_equal(site, SLICE("none"));
}

enum status_wish status_wish(const struct message *m)
{
	struct slice path = url_path(m->target);
	bool page = slice_equal(path, SLICE("/"));
	if (!is_own_name(m->host) || (!page && from_elsewhere(m->fields)))
		return WISH_STRANGER;
	if (!slice_equal(m->method, SLICE("GET")) &&
	    !slice_equal(m->method, SLICE("HEAD")))
		return WISH_METHOD;
	if (page)
		return WISH_PAGE;
	return slice_equal(path, SLICE("/status.json")) ? WISH_JSON
							: WISH_NOTHING;
}

struct kind {
	const char *status, *type, *body;
};

static const struct kind kinds[] = {
    [WISH_PAGE] = {"200 OK", "text/html; charset=utf-8", NULL},
    [WISH_JSON] = {"200 OK", "application/json", NULL},
    [WISH_NOTHING] = {"404 Not Found", "text/plain", "Not Found\n"},
    [WISH_METHOD] = {"405 Method Not Allowed\r\nAllow: GET, HEAD", "text/plain",
		     "GET and HEAD alone\n"},
    [WISH_STRANGER] = {"403 Forbidden", "text/plain",
		       "Ask by address, or as localhost, and not out of "
		       "another site's page\n"},
};

void status_answer(const struct status_page *p, enum status_wish wish,
		   struct slice json, bool head, struct buf *out)
{
	const struct kind *k = &kinds[wish];
	struct slice policy = SLICE("default-src 'none'; "
				    "frame-ancestors 'none'");
	struct slice body = json;
	if (k->body)
		body = slice_of(k->body);
	else if (wish == WISH_PAGE)
		body = buf_slice(&p->html);
	if (wish == WISH_PAGE)
		policy = buf_slice(&p->policy);
	buf_printf(out,
		   "HTTP/1.1 %s\r\nContent-Type: %s\r\n"
		   "Content-Length: %zu\r\nContent-Security-Policy: ",
		   k->status, k->type, body.len);
	buf_add(out, policy);
	buf_add_string(out, "\r\nX-Content-Type-Options: nosniff\r\n"
			    "Referrer-Policy: no-referrer\r\n"
			    "Cross-Origin-Resource-Policy: same-origin\r\n"
			    "Cross-Origin-Opener-Policy: same-origin\r\n"
			    "Cache-Control: no-store\r\n"
			    "Connection: close\r\n\r\n");
	if (!head)
		buf_add(out, body);
}
