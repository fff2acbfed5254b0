/* Links in scripts, data, text, and in style sheets. */
#include "links_scan.h"

#include "resolve.h"

#include "rewrite/written.h"

#include "capture/address.h"

#include <ctype.h>

/* How the characters of a URL are undone. */
typedef struct written stepper(struct slice text, size_t at);

static struct written plain_byte(struct slice text, size_t at)
{
	if (at >= text.len)
		return (struct written){0};
	return (struct written){text.data[at], true, 1};
}

/* Percent encoding belongs to a URL, unless all of it is hidden so. */
static struct written undo(struct slice text, size_t at)
{
	struct written c = plain_byte(text, at);
	return c.value == '&' || c.value == '\\' ? written_escape(text, at) : c;
}

static struct written undo_escapes(struct slice text, size_t at)
{
	struct written c = plain_byte(text, at);
	return c.value == '\\' ? written_escape(text, at) : c;
}

static bool is_quote(uint32_t c)
{
	return c == '"' || c == '\'' || c == '`';
}

/* What no URL holds as it stands. */
static bool ends_url(uint32_t c)
{
	return c <= ' ' || is_quote(c) || c == '<' || c == '>' || c == 0x7f;
}

static uint8_t byte_before(struct slice text, size_t at)
{
	return at ? text.data[at - 1] : 0;
}

static uint8_t lower(uint32_t c)
{
	return c < 0x80 ? byte_lower((uint8_t)c) : 0;
}

/* Reads text from at on, with its escapes undone, to l->text. *at moves to what
 * ends it, which is returned; len 0: the text's end, or too long. */
static struct written read_url(struct links *l, struct slice text, size_t *at,
			       stepper *step, const char *ends)
{
	struct written c, none = {0};
	buf_clear(&l->text);
	while ((c = step(text, *at)).len) {
		if (l->text.len > RESOLVE_MAX)
			return none;
		if (ends_url(c.value) ||
		    (c.value < 0x80 && strchr(ends, (int)c.value)))
			return c;
		*at += c.len;
		/* "\\/" of a string within a string */
		if (c.value == '\\' && step(text, *at).value == '/')
			continue;
		written_add(&l->text, c);
	}
	return none;
}

/* ---- absolute URLs ---- */

/* Whether "http://" or "https://" stands at offset at, hidden or not, with more
 * slashes perhaps, or backslashes; *at moves behind it. */
static bool take_scheme(struct slice text, size_t *at, stepper *step)
{
	size_t end = *at;
	struct written c;
	for (const char *letter = "http"; *letter; letter++) {
		c = step(text, end);
		if (lower(c.value) != (uint8_t)*letter || !c.len)
			return false;
		end += c.len;
	}
	c = step(text, end);
	if (lower(c.value) == 's') {
		end += c.len;
		c = step(text, end);
	}
	if (c.value != ':')
		return false;
	end += c.len;
	size_t slashes = 0;
	for (; slashes < 8; slashes++) {
		c = step(text, end);
		if (c.value != '/' && c.value != '\\')
			break;
		end += c.len;
	}
	if (slashes < 2)
		return false;
	*at = end;
	return true;
}

/* What stands before does not make it another word: "xhttp", but "\nhttp" and
 * "%3Dhttp". */
static bool may_begin(struct slice text, size_t at)
{
	uint8_t before = byte_before(text, at);
	if (before >= 0x80 || !isalnum(before))
		return true;
	return (at >= 2 && text.data[at - 2] == '\\') ||
	       (at >= 3 && text.data[at - 3] == '%');
}

/* Whether a URL that ends at a quote goes on behind it: "http://h/?x=" + x. */
static bool goes_on(struct slice text, size_t at)
{
	struct slice s = slice_from(text, at);
	while (s.len && (s.data[0] == ' ' || s.data[0] == '\t'))
		s = slice_from(s, 1);
	return slice_starts(s, SLICE("+")) || slice_starts(s, SLICE(".concat"));
}

/* Sentences end behind a URL. */
static void drop_last_marks(struct buf *url)
{
	while (url->len && strchr(".,;:!?)", url->data[url->len - 1]))
		url->len--;
}

struct found {
	size_t start; /* of the scheme */
	size_t body;  /* behind its slashes */
	stepper *step;
};

/* The scheme that begins at offset at, plain or hidden. */
static bool find_scheme(struct slice text, size_t at, struct found *f)
{
	uint8_t c = text.data[at];
	if ((c | 0x20) == 'h' ? !may_begin(text, at)
			      : lower(written_next(text, at).value) != 'h')
		return false;
	*f = (struct found){.start = at, .body = at, .step = undo};
	if (take_scheme(text, &f->body, undo))
		return true;
	f->step = written_next;
	return take_scheme(text, &f->body, written_next);
}

/* Tells the URL that begins there; returns where it ends. */
static size_t tell_absolute(struct links *l, enum link_kind kind,
			    struct slice text, const struct found *f)
{
	bool quoted = is_quote(byte_before(text, f->start));
	bool coded = f->step == written_next;
	size_t end = f->start;
	/* Where percent encoding hides it, it most often is the value of
	 * another URL's parameter. */
	struct written c = read_url(l, text, &end, f->step,
				    coded    ? "&)]}|;"
				    : quoted ? ""
					     : ")]}|");
	if (!quoted)
		drop_last_marks(&l->text);
	bool open = is_quote(c.value) && goes_on(text, end + c.len);
	bool made = l->text.len && memmem(l->text.data, l->text.len, "${", 2);
	links_tell(l, coded || open || made ? LINK_POSSIBLE : kind,
		   buf_slice(&l->text));
	return end;
}

/* ---- strings ---- */

/* Whether text that begins with two slashes looks like a host behind them, and
 * not like a comment. */
static bool names_host(struct slice s)
{
	size_t len = 0, dot = 0;
	s = slice_from(s, 2);
	while (len < s.len && s.data[len] < 0x80 &&
	       (isalnum(s.data[len]) || s.data[len] == '-' ||
		s.data[len] == '.')) {
		if (s.data[len] == '.')
			dot = len;
		len++;
	}
	struct address address;
	bool host =
	    (dot && len - dot > 2) || address_parse(slice_to(s, len), &address);
	return host &&
	       (len == s.len || slice_find(SLICE("/:?"), s.data[len]) < 3);
}

/* "index.php", "/x", "?id=1", but no plain words. */
static bool may_be_reference(struct slice s)
{
	return slice_find(s, '/') < s.len || slice_find(s, '.') < s.len ||
	       slice_find(s, '?') < s.len;
}

/* The string behind a quote, if it ends with one; returns where it ends. */
static size_t tell_string(struct links *l, enum link_kind kind,
			  struct slice text, size_t at)
{
	uint8_t quote = byte_before(text, at);
	struct written c = read_url(l, text, &at, undo, "");
	struct slice s = buf_slice(&l->text);
	struct found f;
	if (c.value != quote || !s.len || !may_be_reference(s))
		return at;
	if (find_scheme(s, 0, &f))
		return at; /* told as that */
	bool host = slice_starts(s, SLICE("//")) && names_host(s);
	links_tell(l, host && !goes_on(text, at + c.len) ? kind : LINK_POSSIBLE,
		   s);
	return at;
}

/* Whether a URL or a string may begin with that byte. */
static bool is_start(uint8_t c)
{
	return c == 'h' || c == 'H' || c == '\\' || c == '&' || c == '%' ||
	       is_quote(c);
}

/* Of URLs within a URL the first is told, and of strings within one those that
 * begin where another ends: so the time is linear. */
void links_in_text(struct links *l, enum link_kind kind, struct slice text)
{
	size_t url_end = 0;    /* of the one that stands here */
	size_t inner_end = 0;  /* of one inside of that */
	size_t string_end = 0; /* of the string that stands here */
	struct found f;
	for (size_t at = 0; at < text.len && l->left; at++) {
		if (!is_start(text.data[at]))
			continue;
		if (is_quote(text.data[at])) {
			if (at >= string_end)
				string_end = tell_string(l, kind, text, at + 1);
			continue;
		}
		if (at < inner_end || !find_scheme(text, at, &f))
			continue;
		bool inner = at < url_end;
		size_t end =
		    tell_absolute(l, inner ? LINK_POSSIBLE : kind, text, &f);
		*(inner ? &inner_end : &url_end) = end;
		at = f.body - 1;
	}
}

/* ---- style sheets ---- */

static bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static size_t skip_space(struct slice text, size_t at)
{
	while (at < text.len && is_space(text.data[at]))
		at++;
	return at;
}

static size_t skip_comment(struct slice text, size_t at)
{
	struct slice rest = slice_from(text, at + 2);
	const uint8_t *end =
	    rest.len ? memmem(rest.data, rest.len, "*/", 2) : NULL;
	return end ? (size_t)(end - text.data) + 2 : text.len;
}

/* What stands at offset at, quoted or not; returns where it ends. */
static size_t tell_style_url(struct links *l, enum link_kind kind,
			     struct slice text, size_t at)
{
	at = skip_space(text, at);
	bool quoted = at < text.len && is_quote(text.data[at]);
	at += quoted;
	read_url(l, text, &at, undo_escapes, quoted ? "" : ")");
	links_tell(l, kind, buf_slice(&l->text));
	return at + (at < text.len && quoted);
}

static bool stands(struct slice text, size_t at, const char *word)
{
	return slice_starts_nocase(slice_from(text, at), slice_of(word));
}

/* A string by itself: of a filter, most often (AlphaImageLoader). */
static size_t tell_style_string(struct links *l, struct slice text, size_t at)
{
	read_url(l, text, &at, undo_escapes, "");
	if (may_be_reference(buf_slice(&l->text)))
		links_tell(l, LINK_POSSIBLE, buf_slice(&l->text));
	return at + (at < text.len);
}

void links_in_style(struct links *l, struct slice text)
{
	enum link_kind kind = LINK_CONDITIONAL;
	size_t at = 0;
	while (at < text.len && l->left) {
		uint8_t c = text.data[at];
		if (c == '/' && stands(text, at, "/*")) {
			at = skip_comment(text, at);
		} else if (c == '@' && stands(text, at, "@import")) {
			at = skip_space(text, at + 7);
			kind = LINK_LOADED;
			if (at < text.len && is_quote(text.data[at]))
				at = tell_style_url(l, kind, text, at);
		} else if ((c | 0x20) == 'u' && stands(text, at, "url(")) {
			at = tell_style_url(l, kind, text, at + 4);
			kind = LINK_CONDITIONAL;
		} else if (is_quote(c)) {
			at = tell_style_string(l, text, at + 1);
		} else {
			kind = c == ';' || c == '{' ? LINK_CONDITIONAL : kind;
			at++;
		}
	}
}
