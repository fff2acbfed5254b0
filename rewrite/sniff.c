/* What a body is: Content-Type, unless its own first bytes are against it
 * (after WHATWG MIME Sniffing). */
#include "sniff.h"

#define SNIFF_LEN 1445 /* 5.2: the resource header */
#define NEAR_LEN 64    /* where a program's header has its zeros */
/* One byte in so many of a text may be binary. */
#define TEXT_PER_BINARY 50

#define ANY_BINARY "application/octet-stream"

/* Formats that begin so. */
struct magic {
	struct slice bytes;
	size_t at;
	bool words; /* a text may begin so too: a binary byte is to be near */
	const char *type;
};

static const struct magic magics[] = {
    /* programs */
    {SLICE("MZ"), 0, true, ANY_BINARY},
    {SLICE("\x7f"
	   "ELF"),
     0, false, ANY_BINARY},
    {SLICE("\xca\xfe\xba\xbe"), 0, false, ANY_BINARY}, /* class, Mach-O */
    {SLICE("\xfe\xed\xfa\xce"), 0, false, ANY_BINARY},
    {SLICE("\xfe\xed\xfa\xcf"), 0, false, ANY_BINARY},
    {SLICE("\xce\xfa\xed\xfe"), 0, false, ANY_BINARY},
    {SLICE("\xcf\xfa\xed\xfe"), 0, false, ANY_BINARY},
    {SLICE("dex\n0"), 0, false, ANY_BINARY},
    {SLICE("\0asm"), 0, false, "application/wasm"},
    {SLICE("L\0\0\0\x01\x14\x02\0"), 0, false, ANY_BINARY}, /* .lnk */
    {SLICE("FWS"), 0, true, "application/x-shockwave-flash"},
    {SLICE("CWS"), 0, true, "application/x-shockwave-flash"},
    {SLICE("ZWS"), 0, true, "application/x-shockwave-flash"},
    {SLICE("\xac\xed\0\x05"), 0, false, ANY_BINARY}, /* Java objects */
    {SLICE("Cr24"), 0, true, "application/x-chrome-extension"},
    /* archives */
    {SLICE("PK\x03\x04"), 0, false, "application/zip"},
    {SLICE("PK\x05\x06"), 0, false, "application/zip"},
    {SLICE("PK\x07\x08"), 0, false, "application/zip"},
    {SLICE("Rar!\x1a\x07"), 0, false, "application/x-rar-compressed"},
    {SLICE("7z\xbc\xaf\x27\x1c"), 0, false, ANY_BINARY},
    {SLICE("\x1f\x8b"), 0, false, "application/x-gzip"},
    {SLICE("\x1f\x9d"), 0, false, ANY_BINARY}, /* compress */
    {SLICE("1AY&SY"), 4, false, ANY_BINARY},   /* bzip2 */
    {SLICE("\xfd"
	   "7zXZ\0"),
     0, false, ANY_BINARY},
    {SLICE("\x28\xb5\x2f\xfd"), 0, false, ANY_BINARY}, /* zstd */
    {SLICE("MSCF\0\0\0\0"), 0, false, ANY_BINARY},
    {SLICE("ITSF"), 0, true, ANY_BINARY}, /* .chm */
    {SLICE("!<arch>\n"), 0, false, ANY_BINARY},
    /* documents */
    {SLICE("%PDF-"), 0, false, "application/pdf"},
    {SLICE("%!PS-Adobe-"), 0, false, "application/postscript"},
    {SLICE("{\\rtf"), 0, false, "application/rtf"},
    {SLICE("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), 0, false, ANY_BINARY},
    {SLICE("\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d"), 0, false, ANY_BINARY},
    /* pictures, sound, film */
    {SLICE("\x89PNG\r\n\x1a\n"), 0, false, "image/png"},
    {SLICE("GIF87a"), 0, false, "image/gif"},
    {SLICE("GIF89a"), 0, false, "image/gif"},
    {SLICE("\xff\xd8\xff"), 0, false, "image/jpeg"},
    {SLICE("BM"), 0, true, "image/bmp"},
    {SLICE("\0\0\x01\0"), 0, false, "image/x-icon"},
    {SLICE("\0\0\x02\0"), 0, false, "image/x-icon"},
    {SLICE("II*\0"), 0, false, "image/tiff"},
    {SLICE("MM\0*"), 0, false, "image/tiff"},
    {SLICE("RIFF"), 0, true, ANY_BINARY}, /* WEBP, AVI, WAVE */
    {SLICE("OggS\0"), 0, false, "application/ogg"},
    {SLICE("ID3"), 0, true, "audio/mpeg"},
    {SLICE("ftyp"), 4, true, "video/mp4"},
    {SLICE("\x1a\x45\xdf\xa3"), 0, false, "video/webm"},
    {SLICE("FLV\x01"), 0, false, "video/x-flv"},
    /* fonts */
    {SLICE("wOFF"), 0, true, "font/woff"},
    {SLICE("wOF2"), 0, true, "font/woff2"},
    {SLICE("\0\x01\0\0"), 0, false, "font/ttf"},
    {SLICE("OTTO"), 0, true, "font/otf"},
    {SLICE("ttcf"), 0, true, "font/collection"},
};

/* A page begins so (7.1, and some more with which pages are begun); then comes
 * the end of the name. */
static const char *const html_starts[] = {
    "<!doctype html",
    "<html",
    "<head",
    "<script",
    "<iframe",
    "<h1",
    "<div",
    "<font",
    "<table",
    "<a",
    "<style",
    "<title",
    "<b",
    "<body",
    "<br",
    "<p",
    "<meta",
    "<img",
    "<frameset",
    "<form",
    "<center",
    "<link",
    "<base",
    "<span",
    "<h2",
    "<embed",
    "<noscript",
    "<object",
};

/* Bytes that no text holds (3). */
static bool is_binary(uint8_t c)
{
	return c <= 0x08 || c == 0x0b || (c >= 0x0e && c <= 0x1a) ||
	       (c >= 0x1c && c <= 0x1f);
}

static size_t count_binary(struct slice s)
{
	size_t count = 0;
	for (size_t i = 0; i < s.len; i++)
		count += is_binary(s.data[i]);
	return count;
}

static bool is_space(uint8_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r' && c != '\v');
}

static bool is_letter(uint8_t c)
{
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static struct slice skip_space(struct slice s)
{
	while (s.len && is_space(s.data[0]))
		s = slice_from(s, 1);
	return s;
}

static struct slice skip_mark(struct slice s)
{
	return slice_from(s, slice_starts(s, SLICE("\xef\xbb\xbf")) ? 3 : 0);
}

static const struct magic *find_magic(struct slice start)
{
	bool binary = count_binary(slice_to(start, NEAR_LEN)) > 0;
	for (size_t i = 0; i < sizeof magics / sizeof *magics; i++) {
		const struct magic *m = &magics[i];
		if (slice_starts(slice_from(start, m->at), m->bytes) &&
		    (binary || !m->words))
			return m;
	}
	return NULL;
}

/* A byte order mark, or nearly every other byte is zero and its neighbour is
 * none. */
static bool is_utf16(struct slice start)
{
	size_t pairs = start.len / 2, zeros[2] = {0};
	if (slice_starts(start, SLICE("\xff\xfe")) ||
	    slice_starts(start, SLICE("\xfe\xff")))
		return true;
	for (size_t i = 0; i < pairs; i++) {
		bool first = !start.data[2 * i],
		     second = !start.data[2 * i + 1];
		zeros[0] += first && !second;
		zeros[1] += second && !first;
	}
	size_t most = pairs - pairs / 8;
	return pairs && (zeros[0] >= most || zeros[1] >= most);
}

static struct slice skip_zeros(struct slice s)
{
	while (s.len && !s.data[0])
		s = slice_from(s, 1);
	return s;
}

/* Zeros in a page were a way past filters: browsers of that time read over
 * them. */
static bool begins_with_tag(struct slice start)
{
	struct slice s = skip_space(skip_zeros(skip_mark(start)));
	if (!s.len || s.data[0] != '<')
		return false;
	s = skip_zeros(slice_from(s, 1));
	return s.len && (is_letter(s.data[0]) ||
			 slice_find(SLICE("!?/%"), s.data[0]) < 4);
}

/* A zero or some at the very end of a text are C's. */
static struct slice without_last_zeros(struct slice s)
{
	while (s.len && !s.data[s.len - 1])
		s.len--;
	return s;
}

static bool is_full_of_binary(struct slice body)
{
	struct slice start = slice_to(body, SNIFF_LEN);
	if (body.len <= SNIFF_LEN)
		start = without_last_zeros(start);
	return count_binary(start) * TEXT_PER_BINARY > start.len &&
	       !begins_with_tag(start) && !is_utf16(slice_to(body, SNIFF_LEN));
}

static bool ends_name(struct slice s)
{
	return s.len &&
	       (is_space(s.data[0]) || s.data[0] == '>' || s.data[0] == '/');
}

static bool is_html(struct slice s)
{
	if (slice_starts(s, SLICE("<!--")))
		return true;
	for (size_t i = 0; i < sizeof html_starts / sizeof *html_starts; i++) {
		struct slice start = slice_of(html_starts[i]);
		if (slice_starts_nocase(s, start) &&
		    ends_name(slice_from(s, start.len)))
			return true;
	}
	return false;
}

static bool is_json(struct slice s)
{
	if (!s.len || (s.data[0] != '{' && s.data[0] != '['))
		return false;
	bool object = s.data[0] == '{';
	s = skip_space(slice_from(s, 1));
	if (!s.len)
		return false;
	if (object)
		return s.data[0] == '"' || s.data[0] == '}';
	return slice_find(SLICE("\"{[]-0123456789"), s.data[0]) < 15 ||
	       slice_starts(s, SLICE("true")) ||
	       slice_starts(s, SLICE("false")) ||
	       slice_starts(s, SLICE("null"));
}

static bool is_proxy_script(struct slice s)
{
	static const struct slice begin = SLICE("function FindProxyForURL");
	return s.len && memmem(s.data, s.len, begin.data, begin.len);
}

/* Of a body that nobody names. */
static const char *type_by_body(struct slice body)
{
	struct slice start = slice_to(body, SNIFF_LEN);
	struct slice text = skip_space(skip_mark(start));
	if (is_html(text))
		return "text/html";
	if (slice_starts(text, SLICE("<?xml")))
		return "text/xml";
	const struct magic *m = find_magic(start);
	if (m)
		return m->type;
	if (count_binary(start))
		return is_utf16(start) ? "text/plain" : ANY_BINARY;
	if (is_json(text))
		return "application/json";
	if (slice_starts(text, SLICE("#EXTM3U")))
		return "application/vnd.apple.mpegurl";
	if (is_proxy_script(text))
		return "application/x-ns-proxy-autoconfig";
	return "text/plain";
}

static bool ends_with(struct slice s, struct slice end)
{
	return s.len >= end.len &&
	       slice_equal(slice_from(s, s.len - end.len), end);
}

/* Whether bodies of a type, in lower case, are text. */
static bool is_text_type(struct slice type)
{
	static const char *const subtype_ends[] = {
	    "xml",
	    "json",
	    "javascript",
	    "ecmascript",
	    "mpegurl",
	    "hta",
	    "x-www-form-urlencoded",
	    "x-ns-proxy-autoconfig",
	};
	if (slice_starts(type, SLICE("text/")))
		return true;
	for (size_t i = 0; i < sizeof subtype_ends / sizeof *subtype_ends; i++)
		if (ends_with(type, slice_of(subtype_ends[i])))
			return true;
	return false;
}

/* RFC 9110 5.6.2 */
static bool is_token_byte(uint8_t c)
{
	return is_letter(c) || (c >= '0' && c <= '9') ||
	       slice_find(SLICE("!#$%&'*+-.^_`|~"), c) < 15;
}

/* Type and subtype; no more than browsers take for them, so that what follows
 * them need not be well formed. */
static struct slice written_type(struct slice content_type)
{
	struct slice s = skip_space(content_type);
	size_t len = 0, slashes = 0;
	for (; len < s.len; len++) {
		slashes += s.data[len] == '/';
		if (s.data[len] != '/' && !is_token_byte(s.data[len]))
			break;
	}
	bool ended = len == s.len || is_space(s.data[len]) ||
		     slice_find(SLICE(";,("), s.data[len]) < 3;
	bool formed =
	    ended && slashes == 1 && s.data[0] != '/' && s.data[len - 1] != '/';
	return formed ? slice_to(s, len) : (struct slice){0};
}

/* Those with which a server says that it does not know (7). */
static bool says_nothing(struct slice type)
{
	return !type.len || slice_equal(type, SLICE("*/*")) ||
	       slice_equal(type, SLICE("unknown/unknown")) ||
	       slice_equal(type, SLICE("application/unknown"));
}

struct slice sniff_declared(struct slice content_type, struct buf *out)
{
	size_t start = out->len;
	buf_add_lower(out, written_type(content_type));
	struct slice type = slice_from(buf_slice(out), start);
	const struct slice nothing = {0};
	return says_nothing(type) ? nothing : type;
}

struct slice sniff_type(struct slice content_type, struct slice body,
			struct buf *out)
{
	struct slice type = sniff_declared(content_type, out);
	if (!type.len)
		return slice_of(type_by_body(body));
	if (is_text_type(type) &&
	    (find_magic(slice_to(body, SNIFF_LEN)) || is_full_of_binary(body)))
		return SLICE(ANY_BINARY);
	return type;
}
