/* Where a link to a host begins. Text is looked at only a bounded way back and
 * ahead, since this is asked at every colon and slash. */
#include "link.h"

#include "written.h"

#include <ctype.h>

#define USER_MAX 256
#define USER_ENDS "/\\?#\"'`<>(){}[]"
#define AHEAD_MAX 1024
#define SPACE_MAX 64
#define WORD_MAX 16
#define BLOCK_LEN 16

/* What must be found ahead for the text to be a link; else one of " ' ` ) > ]
 * and <, before any white space. */
#define NOT_A_LINK (-1)
#define SURELY 0
#define MORE_OF_URL 1 /* a path, a query, or what ends a link in a page */
#define END_OF_TEXT 2

static bool is_space(uint32_t c)
{
	return c < 0x80 && isspace((int)c);
}

static bool is_letter(uint32_t c)
{
	return c < 0x80 && isalpha((int)c);
}

static bool is_digit(uint32_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_quote(uint32_t c)
{
	return c == '"' || c == '\'' || c == '`';
}

static bool is_one_of(uint32_t c, const char *set)
{
	return c && c < 0x80 && strchr(set, (int)c);
}

static uint8_t byte_before(struct slice text, size_t at)
{
	return at ? text.data[at - 1] : 0;
}

static size_t skip_space_back(struct slice text, size_t at)
{
	for (size_t i = 0;
	     i < SPACE_MAX && is_space(byte_before(text, at)) && at; i++)
		at--;
	return at;
}

/* Whether what must follow does. */
static bool goes_on(struct slice text, size_t at, int wanted)
{
	size_t end = at + AHEAD_MAX;
	if (wanted == SURELY)
		return true;
	while (at < end) {
		struct written c = written_next(text, at);
		if (!c.len)
			return wanted == END_OF_TEXT || wanted == MORE_OF_URL;
		if (is_space(c.value))
			return false;
		if (c.value == (uint32_t)wanted ||
		    (wanted == MORE_OF_URL &&
		     is_one_of(c.value, "/\\?#\"'`<>)]}&")))
			return true;
		at += c.len;
	}
	return wanted != END_OF_TEXT;
}

/* Letters before at, in lower case and hidden or not; what stands before them
 * is at *at. */
static struct slice word_before(struct slice text, size_t *at,
				uint8_t word[WORD_MAX])
{
	size_t len = 0;
	while (len < WORD_MAX) {
		struct written c = written_before(text, *at);
		if (!c.len || c.value >= 0x80 ||
		    (!isalnum((int)c.value) && !is_one_of(c.value, "+-.")))
			break;
		word[WORD_MAX - ++len] = (uint8_t)tolower((int)c.value);
		*at -= c.len;
	}
	return (struct slice){word + WORD_MAX - len, len};
}

static bool is_listed(struct slice word, const char *const list[], size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slice_equal(word, slice_of(list[i])))
			return true;
	return false;
}

/* A quote that ends at offset at: whether it begins a string, rather than ends
 * one behind which a comment follows. */
static int judge_quote(struct slice text, size_t at, bool spaced)
{
	int quote = (int)written_before(text, at).value;
	at -= written_before(text, at).len;
	while (byte_before(text, at) == '\\')
		at--;
	size_t end = skip_space_back(text, at);
	struct written c = written_before(text, end);
	if (!c.len)
		return SURELY;
	bool opens = is_one_of(c.value, "=([{,:+?&|<") ||
		     (c.value == '>' && byte_before(text, end - c.len) == '=');
	if (!opens)
		return end < at && !spaced ? quote : NOT_A_LINK;
	/* "," may also be a string that a comment follows. */
	if (spaced || is_quote(written_before(text, end - c.len).value))
		return quote;
	return SURELY;
}

/* "=" that ends at offset at: of an attribute, an assignment, a query. */
static int judge_equals(struct slice text, size_t at, bool spaced)
{
	static const char *const attributes[] = {
	    "href",   "src",    "action",     "data",   "url",
	    "cite",   "poster", "background", "srcset", "formaction",
	    "lowsrc", "dynsrc", "longdesc",
	};
	uint8_t word[WORD_MAX];
	at = skip_space_back(text, at - written_before(text, at).len);
	struct slice name = word_before(text, &at, word);
	if (!spaced &&
	    is_listed(name, attributes, sizeof attributes / sizeof *attributes))
		return SURELY;
	return name.len || !at ? MORE_OF_URL : NOT_A_LINK;
}

static int judge_parenthesis(struct slice text, size_t at, bool spaced)
{
	uint8_t word[WORD_MAX];
	at -= written_before(text, at).len;
	if (slice_equal(word_before(text, &at, word), SLICE("url")))
		return SURELY;
	return spaced ? NOT_A_LINK : ')';
}

/* "1x", "2.5x", "640w" before at. */
static bool is_descriptor_before(struct slice text, size_t at)
{
	if (!is_one_of(byte_before(text, at) | 0x20, "xwh"))
		return false;
	size_t digits = --at;
	while (digits - at < WORD_MAX && (is_digit(byte_before(text, at)) ||
					  byte_before(text, at) == '.'))
		at--;
	return at < digits && is_space(byte_before(text, at));
}

/* Whether a URL from at on is followed by one. */
static bool is_descriptor_ahead(struct slice text, size_t at)
{
	size_t end = at + AHEAD_MAX;
	struct written c = written_next(text, at);
	for (; c.len && at < end && !is_space(c.value);
	     c = written_next(text, at))
		at += c.len;
	size_t digits = ++at;
	while (at < text.len && at < end &&
	       (is_digit(text.data[at]) || text.data[at] == '.'))
		at++;
	return at > digits && at + 1 < text.len &&
	       is_one_of(text.data[at] | 0x20, "xwh") &&
	       is_one_of(text.data[at + 1], ",\"'& ");
}

/* "a.png 1x, //host/b.png 2x", the comma at at. */
static int judge_list(struct slice text, size_t at, size_t slashes)
{
	return is_descriptor_before(text, at - 1) ||
		       is_descriptor_ahead(text, slashes)
		   ? SURELY
		   : NOT_A_LINK;
}

/* "5; //host/" of Refresh (HTML 4.2.5.3), the semicolon at at. */
static int judge_refresh(struct slice text, size_t at)
{
	at = skip_space_back(text, at - 1);
	size_t digits = at;
	while (digits - at < WORD_MAX && is_digit(byte_before(text, at)))
		at--;
	if (at == digits)
		return NOT_A_LINK;
	at = skip_space_back(text, at);
	return !at || is_quote(written_before(text, at).value) ? SURELY
							       : NOT_A_LINK;
}

/* What introduces a link without scheme. */
static int judge_opening(struct slice text, size_t slashes)
{
	size_t at = skip_space_back(text, slashes);
	bool spaced = at < slashes;
	int wanted;
	if (!at)
		return END_OF_TEXT;
	uint32_t c = written_before(text, at).value;
	if (is_quote(c))
		return judge_quote(text, at, spaced);
	switch (c) {
	case '=':
		return judge_equals(text, at, spaced);
	case '(':
		return judge_parenthesis(text, at, spaced);
	case ',':
		wanted = judge_list(text, at, slashes);
		return wanted == SURELY ? wanted : judge_refresh(text, at);
	case ';':
		return judge_refresh(text, at);
	case '<':
		return spaced ? NOT_A_LINK : '>';
	case '>':
		return spaced ? NOT_A_LINK : '<';
	case '[':
		return spaced ? NOT_A_LINK : ']';
	}
	return NOT_A_LINK;
}

static bool ends_like(struct slice text, size_t at, struct slice word)
{
	return at >= word.len &&
	       slice_starts_nocase(slice_from(text, at - word.len), word);
}

/* What stands before a colon. */
static int judge_scheme(struct slice text, size_t at)
{
	/* A comment of a script follows, or no host. */
	static const char *const none[] = {"javascript", "mailto", "urn",
					   "doi"};
	static const char *const known[] = {
	    "http", "https", "ws",   "wss",   "ftp",   "ftps",  "sftp",
	    "rtsp", "rtsps", "rtmp", "rtmps", "rtmpe", "rtmpt", "mms",
	    "mmsh", "mmst",  "file", "smb",   "feed",
	};
	uint8_t word[WORD_MAX];
	size_t start = at;
	if (ends_like(text, at, SLICE("http")) ||
	    ends_like(text, at, SLICE("https")))
		return SURELY;
	struct slice scheme = word_before(text, &start, word);
	if (is_listed(scheme, known, sizeof known / sizeof *known))
		return SURELY;
	if (is_listed(scheme, none, sizeof none / sizeof *none))
		return NOT_A_LINK;
	if (scheme.len) /* "C:" is none */
		return is_letter(scheme.data[0]) && scheme.len > 1 ? MORE_OF_URL
								   : NOT_A_LINK;
	/* A script puts it together: "http" + "://", `${scheme}://`. */
	uint32_t c = written_before(text, at).value;
	if (is_quote(c) && judge_quote(text, at, false) != NOT_A_LINK)
		return MORE_OF_URL;
	return c == '}' ? MORE_OF_URL : NOT_A_LINK;
}

/* "\\", also as "&#92;&#92;": two slashes in HTML, in a script one. */
static bool is_double(struct slice text, size_t at, struct written c)
{
	struct slice s = slice_to(slice_from(text, at), c.len);
	if (c.value != '\\')
		return false;
	return s.data[0] == '&' ? slice_find(s, ';') + 1 < s.len : s.len == 2;
}

/* Where two or more slashes end that begin at at; 0: there are fewer. */
static size_t slashes_end(struct slice text, size_t at)
{
	for (size_t count = 0;;) {
		struct written c = written_next(text, at);
		bool slash = c.len && (c.value == '/' || c.value == '\\');
		/* "http:/\192.0.2.7" has no escape. */
		if (c.len && !slash && count == 1 && text.data[at] == '\\' &&
		    at + 1 < text.len && !is_letter(text.data[at + 1])) {
			c.len = 1;
			slash = true;
		}
		if (!slash)
			return count >= 2 ? at : 0;
		count += 1 + is_double(text, at, c);
		at += c.len;
	}
}

/* Up to and with the last "@" before the host ends. */
static size_t user_length(struct slice text, size_t at, const char *ends)
{
	size_t user = 0;
	for (size_t end = at; end - at < USER_MAX;) {
		if (end < text.len && isalnum(text.data[end])) {
			end++;
			continue;
		}
		struct written c = written_next(text, end);
		if (!c.len || is_space(c.value) || is_one_of(c.value, ends))
			break;
		end += c.len;
		if (c.value == '@')
			user = end - at;
	}
	return user;
}

/* Whether a byte may be the last of what introduces a link without scheme, also
 * hidden: '"' as in "&quot", "%22", "\u{22}". Most are not. */
static bool may_introduce(uint8_t c)
{
	return is_one_of(c, "\"'`=(<>[,;} \t\r\n\f\vtT") || isxdigit(c) || !c;
}

/* A slash: most are in paths, or begin the regular expression of a script, as
 * in "match(/\/x/)". */
static bool may_open(struct slice text, size_t at)
{
	uint8_t before = byte_before(text, at);
	bool escape = at + 1 < text.len && text.data[at + 1] == '\\';
	return may_introduce(before) && (!escape || !is_one_of(before, "(=,["));
}

/* Whether what stands at offset at is a number below 1.0.0.0, where no server
 * is. Without a scheme it is rather a reference of an expression, "<\/\1>",
 * or an escape that is escaped, "\\0". */
static bool is_small_number(struct slice text, size_t at)
{
	static const char digits[] = "16777216";
	size_t len = 0;
	while (at + len < text.len && is_digit(text.data[at + len]))
		len++;
	return len && len < sizeof digits - 1 &&
	       written_host(text, at, false) == len;
}

size_t link_length(struct slice text, size_t at)
{
	size_t end = at;
	int wanted;
	if (at >= text.len || (text.data[at] == '/' && !may_open(text, at)))
		return 0;
	struct written c = written_next(text, at);
	if (c.value == ':') {
		end = slashes_end(text, at + c.len);
		wanted = end ? judge_scheme(text, at) : NOT_A_LINK;
	} else if (c.len && (c.value == '/' || c.value == '\\')) {
		/* First what is before: not at every slash of a long row. */
		wanted = judge_opening(text, at);
		end = wanted == NOT_A_LINK ? 0 : slashes_end(text, at);
		if (end && is_small_number(text, end))
			return 0;
	} else {
		return 0;
	}
	if (!end || wanted == NOT_A_LINK || !goes_on(text, end, wanted))
		return 0;
	return end - at + user_length(text, end, USER_ENDS);
}

/* Many bytes at once, as compilers know them. */
typedef uint8_t block __attribute__((vector_size(BLOCK_LEN)));

/* 0xff for each byte of c with which a link may begin; next: the byte behind
 * each. */
static block may_begin(block c, block next)
{
	block slash = (block)((next == '/') | (next == '\\') | (next == '&') |
			      (next == '%'));
	block escape = (block)((next == ':') | (next == 'x') | (next == 'u') |
			       ((next & 0xf8) == '0'));
	block reference = (block)((next == '#') | (next == 'b') |
				  (next == 'c') | (next == 's'));
	block percent = (block)((next == '2') | (next == '3') | (next == '5') |
				(next == 'u'));
	return ((block)((c == ':') | (c == '/')) & slash) |
	       ((block)(c == '\\') & (slash | escape)) |
	       ((block)(c == '&') & reference) | ((block)(c == '%') & percent);
}

size_t link_next(struct slice text, size_t from)
{
	for (size_t at = from; at < text.len; at += BLOCK_LEN) {
		uint8_t tail[BLOCK_LEN + 1] = {0};
		const uint8_t *bytes = text.data + at;
		block c, next;
		if (text.len - at <= BLOCK_LEN) {
			memcpy(tail, bytes, text.len - at);
			bytes = tail;
		}
		memcpy(&c, bytes, BLOCK_LEN);
		memcpy(&next, bytes + 1, BLOCK_LEN);
		block marks = may_begin(c, next);
		uint64_t any[BLOCK_LEN / sizeof(uint64_t)];
		memcpy(any, &marks, sizeof any);
		if (!(any[0] | any[1]))
			continue;
		const uint8_t *mark = memchr(&marks, 0xff, BLOCK_LEN);
		if (mark)
			return at + (size_t)(mark - (const uint8_t *)&marks);
	}
	return text.len;
}

/* "&" is more often that of a query in which the link is a value. */
bool link_user_ends(struct slice text, size_t at)
{
	return user_length(text, at, USER_ENDS "&") > 0;
}
