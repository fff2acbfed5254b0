/* The links of a recorded answer: its fields, and what its body is. */
#include "links_scan.h"

#include "opened.h"
#include "resolve.h"

#include "rewrite/sniff.h"

#include <stdlib.h>

struct links *links_new(void)
{
	struct links *l = xcalloc(1, sizeof *l);
	l->budget = LINKS_BUDGET;
	return l;
}

void links_free(struct links *l)
{
	if (!l)
		return;
	buf_release(&l->base);
	buf_release(&l->codebase);
	buf_release(&l->url);
	buf_release(&l->text);
	free(l);
}

/* ---- telling ---- */

/* URLs that are names of vocabularies and are not fetched. */
static bool is_identifier(struct slice url)
{
	static const char *const starts[] = {
	    "http://www.w3.org/", "https://www.w3.org/",  "http://schema.org",
	    "https://schema.org", "http://ns.adobe.com/", "http://purl.org/",
	    "http://schemas.",    "http://xmlns.com/",    "http://ogp.me/ns",
	    "http://rdfs.org/",
	};
	for (size_t i = 0; i < sizeof starts / sizeof *starts; i++)
		if (slice_starts(url, slice_of(starts[i])))
			return true;
	if (url.len < 4)
		return false;
	struct slice end = slice_from(url, url.len - 4);
	return slice_equal_nocase(end, SLICE(".dtd")) ||
	       slice_equal_nocase(end, SLICE(".xsd"));
}

static bool is_other_scheme(struct slice reference)
{
	return slice_starts_nocase(reference, SLICE("data:")) ||
	       slice_starts_nocase(reference, SLICE("about:")) ||
	       slice_starts_nocase(reference, SLICE("mailto:"));
}

void links_tell(struct links *l, enum link_kind kind, struct slice reference)
{
	if (!l->left || !reference.len || reference.data[0] == '#' ||
	    is_other_scheme(reference))
		return;
	buf_clear(&l->url);
	if (!resolve(buf_slice(&l->base), reference, &l->url))
		return;
	struct slice url = buf_slice(&l->url);
	if (kind == LINK_LOADED && l->conditional)
		kind = LINK_CONDITIONAL;
	if (kind == LINK_SCRIPTED && is_identifier(url))
		kind = LINK_POSSIBLE;
	l->left--;
	l->take(l->context, kind, url);
}

bool links_has_word(struct slice list, const char *word)
{
	while (list.len) {
		size_t len = 0;
		while (len < list.len && list.data[len] > ' ')
			len++;
		if (slice_equal_nocase(slice_to(list, len), slice_of(word)))
			return true;
		list = slice_from(list, len + 1);
	}
	return false;
}

/* ---- fields ---- */

static struct slice skip_space(struct slice s)
{
	while (s.len && s.data[0] <= ' ')
		s = slice_from(s, 1);
	return s;
}

struct slice links_refresh(struct slice value)
{
	struct slice s = skip_space(value);
	while (s.len &&
	       ((s.data[0] >= '0' && s.data[0] <= '9') || s.data[0] == '.'))
		s = slice_from(s, 1);
	s = skip_space(s);
	if (s.len && (s.data[0] == ';' || s.data[0] == ','))
		s = skip_space(slice_from(s, 1));
	if (slice_starts_nocase(s, SLICE("url"))) {
		struct slice after = skip_space(slice_from(s, 3));
		if (after.len && after.data[0] == '=')
			s = skip_space(slice_from(after, 1));
	}
	if (s.len && (s.data[0] == '"' || s.data[0] == '\''))
		s = slice_to(slice_from(s, 1),
			     slice_find(slice_from(s, 1), s.data[0]));
	return s;
}

static bool is_loaded_relation(struct slice parameters)
{
	static const char *const loaded[] = {
	    "stylesheet", "preload", "prefetch", "modulepreload", "prerender"};
	for (size_t i = 0; i < sizeof loaded / sizeof *loaded; i++)
		if (memmem(parameters.data, parameters.len, loaded[i],
			   strlen(loaded[i])))
			return true;
	return false;
}

/* RFC 8288 3: <URL>; rel=..., <URL>; ... */
static void tell_link_field(struct links *l, struct slice value)
{
	while (value.len) {
		value = slice_from(value, slice_find(value, '<') + 1);
		size_t end = slice_find(value, '>');
		if (end == value.len)
			return;
		struct slice url = slice_to(value, end);
		value = slice_from(value, end + 1);
		struct slice parameters =
		    slice_to(value, slice_find(value, '<'));
		links_tell(l,
			   is_loaded_relation(parameters) ? LINK_LOADED
							  : LINK_CLICKED,
			   url);
	}
}

static void tell_fields(struct links *l, const struct exchange *e,
			struct slice fields)
{
	bool redirect = e->status / 100 == 3 && e->status != 304;
	struct field f;
	while (http_field_next(&fields, &f)) {
		if (slice_equal_nocase(f.name, SLICE("Location")))
			links_tell(l, redirect ? LINK_REDIRECT : LINK_POSSIBLE,
				   f.value);
		else if (slice_equal_nocase(f.name, SLICE("Refresh")))
			links_tell(l, LINK_REDIRECT, links_refresh(f.value));
		else if (slice_equal_nocase(f.name, SLICE("Link")))
			tell_link_field(l, f.value);
		else if (slice_equal_nocase(f.name, SLICE("Content-Location")))
			links_tell(l, LINK_POSSIBLE, f.value);
	}
}

/* ---- bodies ---- */

/* What is done with a body of a media type. */
enum reading {
	READ_NOT,
	READ_HTML,
	READ_XML,
	READ_STYLE,
	READ_TEXT,
};

static bool ends_with(struct slice s, struct slice end)
{
	return s.len >= end.len &&
	       slice_equal(slice_from(s, s.len - end.len), end);
}

static enum reading reading_of(struct slice type)
{
	static const struct {
		const char *end;
		enum reading reading;
	} readings[] = {
	    {"/html", READ_HTML},       {"/xhtml+xml", READ_HTML},
	    {"/hta", READ_HTML},        {"/css", READ_STYLE},
	    {"xml", READ_XML},          {"/x-java-jnlp-file", READ_XML},
	    {"javascript", READ_TEXT},  {"ecmascript", READ_TEXT},
	    {"json", READ_TEXT},        {"mpegurl", READ_TEXT},
	    {"-urlencoded", READ_TEXT}, {"-proxy-autoconfig", READ_TEXT},
	};
	for (size_t i = 0; i < sizeof readings / sizeof *readings; i++)
		if (ends_with(type, slice_of(readings[i].end)))
			return readings[i].reading;
	return slice_starts(type, SLICE("text/")) ? READ_TEXT : READ_NOT;
}

static enum answer_form form_of(enum reading reading)
{
	switch (reading) {
	case READ_NOT:
		break;
	case READ_HTML:
		return ANSWER_PAGE;
	case READ_STYLE:
		return ANSWER_STYLE;
	case READ_XML:
	case READ_TEXT:
		return ANSWER_TEXT;
	}
	return ANSWER_OTHER;
}

static void read_text(struct links *l, enum reading reading, struct slice text)
{
	switch (reading) {
	case READ_NOT:
		break;
	case READ_HTML:
	case READ_XML:
		links_in_markup(l, text, reading == READ_XML);
		break;
	case READ_STYLE:
		links_in_style(l, text);
		break;
	case READ_TEXT:
		links_in_text(l, LINK_SCRIPTED, text);
		break;
	}
}

/* The rest of a body that is text; what of it came before any trouble. */
static void read_rest(struct links *l, struct content *c, enum reading reading,
		      struct slice content_type, struct slice type)
{
	struct buf utf8 = {0};
	content_read(c, c->max);
	struct slice body = slice_to(buf_slice(&c->plain), c->max);
	enum charset charset = charset_of(content_type, type, body);
	if (charset_is_utf16(charset)) {
		charset_decode(charset, slice_to(body, body.len & ~(size_t)1),
			       &utf8);
		body = buf_slice(&utf8);
	}
	read_text(l, reading, body);
	buf_release(&utf8);
}

/* type: as the head declares it; empty: not at all. */
static enum reading read_body(struct links *l, const struct exchange *e,
			      struct slice content_type, struct slice type)
{
	struct opened o;
	struct buf scratch = {0};
	struct content *c = &o.content;
	enum reading reading = reading_of(type);
	opened_body(&o, e, l->budget ? LINKS_BODY_MAX : LINKS_BODY_MIN);
	content_read(c, CONTENT_START_LEN);
	if (c->plain.len) {
		type = sniff_type(content_type, buf_slice(&c->plain), &scratch);
		reading = reading_of(type);
		if (reading != READ_NOT)
			read_rest(l, c, reading, content_type, type);
	}
	l->budget -= c->plain.len < l->budget ? c->plain.len : l->budget;
	content_release(c);
	buf_release(&scratch);
	return reading;
}

/* What is declared to be no text is not even opened: sniff_type believes it. */
static enum answer_form tell_body(struct links *l, const struct exchange *e,
				  struct slice fields)
{
	struct buf scratch = {0};
	struct slice content_type = http_field(fields, SLICE("Content-Type"));
	struct slice type = sniff_declared(content_type, &scratch);
	enum reading reading = reading_of(type);
	if (!type.len || reading != READ_NOT)
		reading = read_body(l, e, content_type, type);
	buf_release(&scratch);
	return form_of(reading);
}

bool links_asked(const struct exchange *e, struct buf *out)
{
	struct url u = exchange_url(e);
	struct slice target = u.target;
	struct buf text = {0}, host = {0};
	bool slash = slice_starts(target, SLICE("/"));
	if ((!slash && !slice_starts(target, SLICE("?"))) ||
	    slice_equal(exchange_method(e), SLICE("CONNECT")))
		return false;
	if (!u.host.len) {
		address_print(&host, &exchange_server(e)->address);
		u.host = buf_slice(&host);
	}
	u.target = SLICE("/");
	url_print(&text, &u);
	text.len -= slash;
	buf_add(&text, target);
	bool found = resolve((struct slice){0}, buf_slice(&text), out);
	buf_release(&text);
	buf_release(&host);
	return found;
}

enum answer_form links_find(struct links *l, const struct exchange *e,
			    link_taker *take, void *context)
{
	struct slice fields = opened_fields(e);
	l->take = take;
	l->context = context;
	l->left = LINKS_COUNT_MAX;
	l->has_base = l->conditional = false;
	l->depth = 0;
	buf_clear(&l->base);
	buf_clear(&l->codebase);
	links_asked(e, &l->base);
	tell_fields(l, e, fields);
	return e->status == 304 ? ANSWER_OTHER : tell_body(l, e, fields);
}
