/* The body of a message in a report. */
#include "html_body.h"

#include "rewrite/charset.h"

#include "capture/visible.h"

#define LOOKED_AT ((size_t)4 << 10) /* bytes that tell text from others */
#define UNSEEN_PERCENT 5

bool html_is_text(struct slice bytes)
{
	struct slice start = slice_to(bytes, LOOKED_AT);
	size_t unseen = 0;
	/* a character that the end cuts is none that is not to be seen */
	start = slice_to(bytes, visible_back(bytes, start.len));
	for (struct slice s = start; s.len;) {
		size_t len = visible_len(s);
		unseen += !len && s.data[0] != '\n' && s.data[0] != '\r';
		s = slice_from(s, len ? len : 1);
	}
	return unseen * 100 <= start.len * UNSEEN_PERCENT;
}

/* As browsers read it, where it is UTF-16; else as it is. Without a byte order
 * mark. */
static struct slice text_of(const struct object *o, struct buf *scratch)
{
	enum charset c = charset_of(o->content_type, o->type, o->bytes);
	struct slice even = slice_to(o->bytes, o->bytes.len & ~(size_t)1);
	struct slice text = o->bytes, mark = SLICE("\xef\xbb\xbf");
	if (charset_is_utf16(c) && charset_decode(c, even, scratch))
		text = buf_slice(scratch);
	return slice_starts(text, mark) ? slice_from(text, mark.len) : text;
}

/* How much there is of it, codings off, and what is wrong with it: of a
 * response that is known, though no more than its start is read here. */
struct measure {
	size_t size;
	const char *trouble;
};

static struct measure measure(const struct page *p, const struct object *o,
			      uint32_t i, enum object_side side)
{
	const struct glance *g = page_glance(p, i);
	if (side == OBJECT_RESPONSE && g)
		return (struct measure){(size_t)g->size, g->trouble};
	return (struct measure){o->bytes.len, o->trouble};
}

/* What is known of it before it is shown. */
static void put_about(struct page *p, const struct object *o,
		      const struct measure *m)
{
	struct buf *out = &p->out;
	struct image_size size;
	buf_add_string(out, "<p class=\"about\">");
	words_bytes(out, o->recorded);
	if (o->type.len) {
		buf_add_string(out, ", ");
		html_add_clipped(out, o->type, 60);
	}
	if (o->codings.len) {
		buf_add_string(out, ", ");
		html_add_clipped(out, o->codings, 60);
		buf_printf(out, " (%s)", object_coding_name(o->coding));
	}
	if (o->coding == OBJECT_DECODED) {
		buf_add_string(out, ", then ");
		words_bytes(out, m->size);
	}
	if (image_size_read(o->bytes, &size))
		buf_printf(out, ", %" PRIu32 " \xc3\x97 %" PRIu32 " pixels",
			   size.width, size.height);
	if (m->trouble)
		buf_printf(out, "; it %s", m->trouble);
	buf_add_string(out, "</p>\n");
}

static void put_shown(struct page *p, size_t shown, size_t size,
		      const char *what)
{
	if (shown < size)
		buf_printf(&p->out,
			   "<p class=\"note\">The first %zu of %zu bytes%s."
			   "</p>\n",
			   shown, size, what);
}

static void put_text(struct page *p, struct slice text, size_t size,
		     size_t room)
{
	buf_add_string(&p->out, "<pre tabindex=\"0\">\n");
	size_t shown = html_add_lines(&p->out, text, room);
	buf_add_string(&p->out, "</pre>\n");
	put_shown(p, shown, size, "");
}

static void put_hex(struct page *p, struct slice bytes, size_t size,
		    size_t room)
{
	buf_add_string(&p->out, "<pre class=\"hex\" tabindex=\"0\">\n");
	size_t shown = html_add_hex(&p->out, bytes,
				    room < HTML_HEX_MAX ? room : HTML_HEX_MAX);
	buf_add_string(&p->out, "</pre>\n");
	put_shown(p, shown, size, ", which are no text");
}

/* Never embedded: what a picture does to a viewer is its own risk. */
static bool is_picture(struct slice type)
{
	return slice_starts(type, SLICE("image/")) &&
	       !slice_starts(type, SLICE("image/svg"));
}

static void put_bytes(struct page *p, const struct object *o,
		      const struct measure *m)
{
	struct buf scratch = {0};
	size_t room = allowance_share(&p->bodies, HTML_BODY_MAX);
	struct slice text = text_of(o, &scratch);
	size_t before = p->out.len;
	bool same = text.len == o->bytes.len;
	if (!html_is_text(text))
		put_hex(p, o->bytes, m->size, room);
	else
		put_text(p, text, same ? m->size : text.len, room);
	allowance_use(&p->bodies, p->out.len - before);
	buf_release(&scratch);
}

void html_body(struct page *p, uint32_t i, enum object_side side)
{
	struct object o;
	object_read(&o, &p->recording->exchanges[i], side, HTML_BODY_MAX * 2);
	struct measure m = measure(p, &o, i, side);
	if (o.recorded) {
		buf_printf(&p->out, "<h4>Body of the %s</h4>\n",
			   side == OBJECT_REQUEST ? "request" : "response");
		put_about(p, &o, &m);
	}
	if (o.bytes.len && !is_picture(o.type))
		put_bytes(p, &o, &m);
	object_release(&o);
}
