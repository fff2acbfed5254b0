/* Links in HTML, SVG and XML. */
#include "links_scan.h"

#include "resolve.h"

#include "rewrite/markup.h"
#include "rewrite/written.h"

#include <ctype.h>

#define DEPTH_MAX 2U       /* of pages in srcdoc, conditional comments */
#define ATTRIBUTES_MAX 64U /* of a tag that are looked at */

/* How an attribute's value is read. */
enum form {
	FORM_URL,
	FORM_SRCSET,  /* URL and size, URL and size (HTML 4.8.4.2.1) */
	FORM_ARCHIVE, /* a list, against the codebase */
	FORM_CLASS,   /* of Java, against the codebase */
	FORM_STYLE,
	FORM_PAIRS, /* name=value&name=value, URLs among them */
	FORM_PAGE,
};

/* Attributes with links; element NULL: of any other. */
static const struct rule {
	const char *element, *attribute;
	enum form form;
	enum link_kind kind;
} rules[] = {
    {"a", "href", FORM_URL, LINK_CLICKED},
    {"a", "xlink:href", FORM_URL, LINK_CLICKED},
    {"area", "href", FORM_URL, LINK_CLICKED},
    {"applet", "code", FORM_CLASS, LINK_CONDITIONAL},
    {"applet", "object", FORM_ARCHIVE, LINK_CONDITIONAL},
    {"applet", "archive", FORM_ARCHIVE, LINK_LOADED},
    {"object", "archive", FORM_ARCHIVE, LINK_LOADED},
    {"object", "code", FORM_CLASS, LINK_CONDITIONAL},
    {"embed", "archive", FORM_ARCHIVE, LINK_LOADED},
    {"embed", "java_archive", FORM_ARCHIVE, LINK_LOADED},
    {"embed", "code", FORM_CLASS, LINK_CONDITIONAL},
    {"embed", "java_code", FORM_CLASS, LINK_CONDITIONAL},
    /* where Internet Explorer gets a control that it lacks */
    {"object", "codebase", FORM_URL, LINK_CONDITIONAL},
    {"object", "data", FORM_URL, LINK_LOADED},
    {"iframe", "srcdoc", FORM_PAGE, LINK_LOADED},
    {"html", "manifest", FORM_URL, LINK_LOADED},
    {NULL, "href", FORM_URL, LINK_LOADED},
    {NULL, "xlink:href", FORM_URL, LINK_LOADED},
    {NULL, "src", FORM_URL, LINK_LOADED},
    {NULL, "lowsrc", FORM_URL, LINK_LOADED},
    {NULL, "dynsrc", FORM_URL, LINK_LOADED},
    {NULL, "poster", FORM_URL, LINK_LOADED},
    {NULL, "background", FORM_URL, LINK_LOADED},
    {NULL, "action", FORM_URL, LINK_CLICKED},
    {NULL, "formaction", FORM_URL, LINK_CLICKED},
    {NULL, "cite", FORM_URL, LINK_CLICKED},
    {NULL, "longdesc", FORM_URL, LINK_CLICKED},
    {NULL, "ping", FORM_URL, LINK_CLICKED},
    {NULL, "srcset", FORM_SRCSET, LINK_CONDITIONAL},
    {NULL, "imagesrcset", FORM_SRCSET, LINK_CONDITIONAL},
    {NULL, "style", FORM_STYLE, LINK_CONDITIONAL},
    {NULL, "flashvars", FORM_PAIRS, LINK_SCRIPTED},
};
#define RULES (sizeof rules / sizeof *rules)

struct attribute {
	struct slice name, value;
	size_t at; /* of the value in the store; SIZE_MAX: it is not there */
};

/* A tag with its attributes; values that hide characters, undone, in store. */
struct element {
	struct slice name;
	struct attribute attributes[ATTRIBUTES_MAX];
	size_t count;
	struct buf store;
};

static bool is(struct slice name, const char *word)
{
	return slice_equal_nocase(name, slice_of(word));
}

/* ---- tags ---- */

/* A reference without its semicolon is none before '=' or a letter or digit:
 * "?a=1&lt=2" (HTML 13.2.5.73). */
static bool is_reference(struct slice value, size_t at, size_t len)
{
	uint8_t next = at + len < value.len ? value.data[at + len] : 0;
	if (value.data[at + 1] == '#' || value.data[at + len - 1] == ';')
		return true;
	return next != '=' && (next >= 0x80 || !isalnum(next));
}

static void undo_references(struct slice value, struct buf *out)
{
	struct written c;
	for (size_t at = 0; at < value.len; at += c.len) {
		c = written_reference(value, at);
		if (c.len > 1 && !is_reference(value, at, c.len))
			c = (struct written){value.data[at], true, 1};
		written_add(out, c);
	}
}

/* Values without references stay where they are. The store is filled before
 * any is looked at, since it moves as it grows. */
static void read_element(const struct tag *t, struct element *e)
{
	struct slice rest = t->attributes;
	struct attribute a;
	e->name = t->name;
	e->count = 0;
	buf_clear(&e->store);
	while (e->count < ATTRIBUTES_MAX &&
	       tag_attribute(&rest, &a.name, &a.value)) {
		bool hidden = slice_find(a.value, '&') < a.value.len;
		a.at = hidden ? e->store.len : SIZE_MAX;
		if (hidden)
			undo_references(a.value, &e->store);
		a.value.len = hidden ? e->store.len - a.at : a.value.len;
		e->attributes[e->count++] = a;
	}
	for (size_t i = 0; i < e->count; i++)
		if (e->attributes[i].at != SIZE_MAX)
			e->attributes[i].value.data =
			    e->store.data + e->attributes[i].at;
}

static struct slice attribute(const struct element *e, const char *name)
{
	for (size_t i = 0; i < e->count; i++)
		if (is(e->attributes[i].name, name))
			return e->attributes[i].value;
	return (struct slice){0};
}

/* ---- values ---- */

/* An archive or class of Java, beside the codebase if there is one. */
static void tell_beside(struct links *l, enum link_kind kind,
			struct slice reference)
{
	struct buf url = {0};
	if (l->codebase.len &&
	    resolve(buf_slice(&l->codebase), reference, &url))
		links_tell(l, kind, buf_slice(&url));
	else
		links_tell(l, kind, reference);
	buf_release(&url);
}

static void tell_archives(struct links *l, enum link_kind kind,
			  struct slice list)
{
	while (list.len) {
		size_t len = 0;
		while (len < list.len && list.data[len] > ' ' &&
		       list.data[len] != ',' && list.data[len] != ';')
			len++;
		if (len)
			tell_beside(l, kind, slice_to(list, len));
		list = slice_from(list, len + 1);
	}
}

/* "a.b.C", "a/b/C.class" */
static void tell_class(struct links *l, enum link_kind kind, struct slice name)
{
	static const struct slice end = SLICE(".class");
	struct buf path = {0};
	if (name.len > RESOLVE_MAX)
		return;
	if (name.len > end.len &&
	    slice_equal(slice_from(name, name.len - end.len), end))
		name.len -= end.len;
	for (size_t i = 0; i < name.len; i++)
		buf_add_byte(&path, name.data[i] == '.' ? '/' : name.data[i]);
	buf_add(&path, end);
	if (name.len)
		tell_beside(l, kind, buf_slice(&path));
	buf_release(&path);
}

static void tell_srcset(struct links *l, enum link_kind kind, struct slice s)
{
	while (s.len) {
		while (s.len && (s.data[0] <= ' ' || s.data[0] == ','))
			s = slice_from(s, 1);
		size_t len = 0;
		while (len < s.len && s.data[len] > ' ')
			len++;
		struct slice url = slice_to(s, len);
		s = slice_from(s, len);
		bool alone = url.len && url.data[url.len - 1] == ',';
		while (url.len && url.data[url.len - 1] == ',')
			url.len--;
		links_tell(l, kind, url);
		if (!alone)
			s = slice_from(s, slice_find(s, ','));
	}
}

static void tell_pairs(struct links *l, enum link_kind kind, struct slice s)
{
	while (s.len) {
		size_t len = slice_find(s, '&');
		links_in_text(l, kind, slice_to(s, len));
		s = slice_from(s, len + 1);
	}
}

static void scan_page(struct links *l, struct slice text, bool xml,
		      bool conditional)
{
	bool outer = l->conditional;
	if (l->depth >= DEPTH_MAX)
		return;
	l->depth++;
	l->conditional |= conditional;
	links_in_markup(l, text, xml);
	l->conditional = outer;
	l->depth--;
}

static void tell_value(struct links *l, enum form form, enum link_kind kind,
		       struct slice value)
{
	switch (form) {
	case FORM_URL:
		if (slice_starts_nocase(value, SLICE("javascript:")))
			links_in_text(l, LINK_SCRIPTED, value);
		else
			links_tell(l, kind, value);
		break;
	case FORM_SRCSET:
		tell_srcset(l, kind, value);
		break;
	case FORM_ARCHIVE:
		tell_archives(l, kind, value);
		break;
	case FORM_CLASS:
		tell_class(l, kind, value);
		break;
	case FORM_STYLE:
		links_in_style(l, value);
		break;
	case FORM_PAIRS:
		tell_pairs(l, kind, value);
		break;
	case FORM_PAGE:
		scan_page(l, value, false, false);
		break;
	}
}

/* ---- elements ---- */

static const struct rule *find_rule(struct slice element, struct slice name)
{
	for (size_t i = 0; i < RULES; i++)
		if (is(name, rules[i].attribute) &&
		    (!rules[i].element || is(element, rules[i].element)))
			return &rules[i];
	return NULL;
}

/* An attribute that is not known to hold a URL: data-src, onclick ... */
static void tell_unknown(struct links *l, const struct attribute *a)
{
	if (slice_starts_nocase(a->name, SLICE("on")) ||
	    slice_starts_nocase(a->name, SLICE("data-"))) {
		links_in_text(l, LINK_SCRIPTED, a->value);
		links_tell(l, LINK_POSSIBLE, a->value);
	} else if (slice_find(a->value, '/') < a->value.len &&
		   !slice_starts_nocase(a->name, SLICE("xmlns"))) {
		links_tell(l, LINK_POSSIBLE, a->value);
	}
}

static void tell_link_element(struct links *l, const struct element *e)
{
	static const char *const loaded[] = {
	    "stylesheet",       "icon",          "preload",
	    "prefetch",         "import",        "manifest",
	    "apple-touch-icon", "modulepreload", "prerender",
	};
	static const char *const never[] = {"dns-prefetch", "preconnect"};
	struct slice rel = attribute(e, "rel");
	enum link_kind kind = LINK_CLICKED;
	for (size_t i = 0; i < sizeof loaded / sizeof *loaded; i++)
		if (links_has_word(rel, loaded[i]))
			kind = LINK_LOADED;
	for (size_t i = 0; i < sizeof never / sizeof *never; i++)
		if (links_has_word(rel, never[i]))
			kind = LINK_POSSIBLE;
	if (links_has_word(rel, "alternate"))
		kind = LINK_CLICKED;
	links_tell(l, kind, attribute(e, "href"));
	tell_srcset(l, LINK_CONDITIONAL, attribute(e, "imagesrcset"));
}

static void tell_meta(struct links *l, const struct element *e)
{
	struct slice content = attribute(e, "content");
	if (is(attribute(e, "http-equiv"), "refresh"))
		links_tell(l, LINK_REDIRECT, links_refresh(content));
	else if (slice_find(content, '/') < content.len)
		links_tell(l, LINK_POSSIBLE, content);
}

/* Parameters of Flash, Java and players that are URLs by their names. */
static void tell_param(struct links *l, const struct element *e)
{
	static const char *const archives[] = {"archive", "cache_archive",
					       "java_archive"};
	static const char *const urls[] = {"movie", "src",    "filename",
					   "url",   "source", "jnlp_href",
					   "data",  "href"};
	struct slice name = attribute(e, "name");
	struct slice value = attribute(e, "value");
	for (size_t i = 0; i < sizeof archives / sizeof *archives; i++)
		if (is(name, archives[i]))
			tell_archives(l, LINK_LOADED, value);
	for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
		if (is(name, urls[i]))
			tell_beside(l, LINK_LOADED, value);
	if (is(name, "flashvars"))
		tell_pairs(l, LINK_SCRIPTED, value);
	else
		links_in_text(l, LINK_SCRIPTED, value);
	links_tell(l, LINK_POSSIBLE, value);
}

/* The directory of an applet's or object's code. */
static void note_codebase(struct links *l, const struct element *e)
{
	struct slice value = attribute(e, "codebase");
	if (!value.len)
		value = attribute(e, "java_codebase");
	buf_clear(&l->codebase);
	if (!value.len || !resolve(buf_slice(&l->base), value, &l->codebase))
		return;
	if (slice_find(buf_slice(&l->codebase), '?') == l->codebase.len &&
	    l->codebase.data[l->codebase.len - 1] != '/')
		buf_add_byte(&l->codebase, '/');
}

/* <base href>, and codebase of a JNLP file. */
static void note_base(struct links *l, struct slice value)
{
	struct buf base = {0};
	if (l->has_base || !value.len ||
	    !resolve(buf_slice(&l->base), value, &base))
		return;
	l->has_base = true;
	buf_release(&l->base);
	l->base = base;
}

static void tell_attributes(struct links *l, const struct element *e)
{
	for (size_t i = 0; i < e->count; i++) {
		const struct attribute *a = &e->attributes[i];
		const struct rule *r = find_rule(e->name, a->name);
		if (r)
			tell_value(l, r->form, r->kind, a->value);
		else
			tell_unknown(l, a);
	}
}

static void tell_element(struct links *l, const struct element *e)
{
	if (is(e->name, "applet") || is(e->name, "object") ||
	    is(e->name, "embed"))
		note_codebase(l, e);
	if (is(e->name, "jnlp"))
		note_base(l, attribute(e, "codebase"));
	if (is(e->name, "base"))
		note_base(l, attribute(e, "href"));
	else if (is(e->name, "link"))
		tell_link_element(l, e);
	else if (is(e->name, "meta"))
		tell_meta(l, e);
	else if (is(e->name, "param"))
		tell_param(l, e);
	else
		tell_attributes(l, e);
}

/* ---- texts ---- */

/* What Internet Explorer reads of a comment: "<!--[if IE]> ... <![endif]-->".
 */
static void tell_comments(struct links *l, struct slice gap)
{
	static const struct slice start = SLICE("<!--[if");
	const uint8_t *at;
	while (gap.len >= start.len &&
	       (at = memmem(gap.data, gap.len, start.data, start.len))) {
		gap = slice_from(gap, (size_t)(at - gap.data) + start.len);
		const uint8_t *end = memmem(gap.data, gap.len, "-->", 3);
		size_t len = end ? (size_t)(end - gap.data) : gap.len;
		scan_page(l, slice_to(gap, len), false, true);
		gap = slice_from(gap, len);
	}
}

static void tell_style_instruction(struct links *l, struct slice gap)
{
	static const struct slice start = SLICE("<?xml-stylesheet");
	const uint8_t *at =
	    gap.len ? memmem(gap.data, gap.len, start.data, start.len) : NULL;
	if (!at)
		return;
	struct slice rest =
	    slice_from(gap, (size_t)(at - gap.data) + start.len);
	rest = slice_to(rest, slice_find(rest, '>') + 1);
	struct slice name, value;
	while (tag_attribute(&rest, &name, &value))
		if (is(name, "href"))
			links_tell(l, LINK_LOADED, value);
}

/* What stands between tags. */
static void tell_gap(struct links *l, struct slice gap, bool xml)
{
	if (xml) {
		tell_style_instruction(l, gap);
		links_in_text(l, LINK_SCRIPTED, gap);
	} else if (slice_find(gap, '<') < gap.len) {
		tell_comments(l, gap);
	}
}

/* The content of an element in which tags do not count. */
static void tell_raw(struct links *l, struct slice name, struct slice *rest,
		     bool xml)
{
	bool script = is(name, "script"), style = is(name, "style"), closed;
	if (!script && !style &&
	    (xml ||
	     (!is(name, "textarea") && !is(name, "title") && !is(name, "xmp"))))
		return;
	struct slice text = tag_raw_text(rest, name, &closed);
	if (script)
		links_in_text(l, LINK_SCRIPTED, text);
	else if (style)
		links_in_style(l, text);
}

void links_in_markup(struct links *l, struct slice text, bool xml)
{
	struct element e = {0};
	struct slice rest = text;
	struct tag t;
	bool outer = l->conditional;
	for (;;) {
		struct slice before = rest;
		bool found = tag_next(&rest, &t);
		if (found)
			before = slice_to(
			    before, (size_t)(t.name.data - before.data) - 1);
		tell_gap(l, before, xml);
		if (!found || !l->left)
			break;
		if (is(t.name, "noscript") && !xml)
			l->conditional = outer || !t.closing;
		if (t.closing)
			continue;
		read_element(&t, &e);
		tell_element(l, &e);
		tell_raw(l, t.name, &rest, xml);
	}
	l->conditional = outer;
	buf_release(&e.store);
}
