/* JA3 and JA4 of a ClientHello.
 *
 * JA3: github.com/salesforce/ja3, README. JA4: github.com/FoxIO-LLC/ja4,
 * technical_details/JA4.md. */
#include "fingerprint.h"

#include "digest.h"
#include "hello.h"

#include <stdlib.h>

#define EXTENSION_SERVER_NAME 0
#define EXTENSION_GROUPS 10
#define EXTENSION_POINT_FORMATS 11
#define EXTENSION_SIGNATURES 13
#define EXTENSION_ALPN 16
#define EXTENSION_VERSIONS 43

#define COUNT_MAX 99 /* what two digits hold */
#define HASH_LEN 12  /* digits of a SHA-256 in JA4 */
#define NOTHING "000000000000"

/* What both are made of. Slices point into the hello. */
struct parts {
	struct hello hello;
	bool named;
	struct slice groups, point_formats, signatures, versions;
	struct slice alpn; /* the first, data NULL: none */
};

/* Numbers of 16 bits, GREASE left out. */
struct numbers {
	uint16_t *list;
	size_t count;
};

/* Values that mean nothing, so that servers get used to unknown ones: RFC 8701
 * 2 and 3. */
static bool is_grease(uint16_t value)
{
	return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

static struct numbers numbers_of(struct slice vector)
{
	struct reader r = reader_of(vector);
	struct numbers n = {xmalloc(vector.len + 1), 0};
	while (reader_left(&r) >= 2) {
		uint16_t value = reader_u16(&r);
		if (!is_grease(value))
			n.list[n.count++] = value;
	}
	return n;
}

static struct numbers extension_types(const struct hello *h)
{
	struct slice rest = h->extensions, body;
	struct numbers n = {xmalloc(rest.len + 1), 0};
	uint16_t type;
	while (hello_extension(&rest, &type, &body))
		if (!is_grease(type))
			n.list[n.count++] = type;
	return n;
}

static void take_extension(struct parts *p, uint16_t type, struct slice body)
{
	switch (type) {
	case EXTENSION_SERVER_NAME:
		p->named = true;
		break;
	case EXTENSION_GROUPS:
		p->groups = hello_vector(&body, 2);
		break;
	case EXTENSION_POINT_FORMATS:
		p->point_formats = hello_vector(&body, 1);
		break;
	case EXTENSION_SIGNATURES:
		p->signatures = hello_vector(&body, 2);
		break;
	case EXTENSION_ALPN:
		body = hello_vector(&body, 2);
		p->alpn = hello_vector(&body, 1);
		break;
	case EXTENSION_VERSIONS:
		p->versions = hello_vector(&body, 1);
		break;
	}
}

static void take_extensions(struct parts *p)
{
	struct slice rest = p->hello.extensions, body;
	uint16_t type;
	while (hello_extension(&rest, &type, &body))
		take_extension(p, type, body);
}

static uint16_t highest_version(const struct parts *p)
{
	struct numbers n = numbers_of(p->versions);
	uint16_t highest = n.count ? 0 : p->hello.version;
	for (size_t i = 0; i < n.count; i++)
		if (n.list[i] > highest)
			highest = n.list[i];
	free(n.list);
	return highest;
}

static void print_hex(char *out, const uint8_t *bytes, size_t digits)
{
	static const char hex[] = "0123456789abcdef";
	for (size_t i = 0; i < digits; i++)
		out[i] = hex[bytes[i / 2] >> (i % 2 ? 0 : 4) & 15];
	out[digits] = '\0';
}

/* ---- JA3 ---- */

static void add_decimal(struct buf *out, const struct numbers *n)
{
	buf_add_byte(out, ',');
	for (size_t i = 0; i < n->count; i++)
		buf_printf(out, i ? "-%u" : "%u", n->list[i]);
}

static void add_vector(struct buf *out, struct slice vector)
{
	struct numbers n = numbers_of(vector);
	add_decimal(out, &n);
	free(n.list);
}

static void make_ja3(const struct parts *p, char *ja3)
{
	struct buf text = {0};
	uint8_t md5[DIGEST_MAX];
	buf_printf(&text, "%u", p->hello.version);
	add_vector(&text, p->hello.ciphers);
	struct numbers types = extension_types(&p->hello);
	add_decimal(&text, &types);
	free(types.list);
	add_vector(&text, p->groups);
	buf_add_byte(&text, ',');
	for (size_t i = 0; i < p->point_formats.len; i++)
		buf_printf(&text, i ? "-%u" : "%u", p->point_formats.data[i]);
	bool done = digest_of(DIGEST_MD5, buf_slice(&text), md5) > 0;
	print_hex(ja3, md5, done ? JA3_LEN : 0);
	buf_release(&text);
}

/* ---- JA4 ---- */

static int by_value(const void *left, const void *right)
{
	const uint16_t *a = left, *b = right;
	return (*a > *b) - (*a < *b);
}

static void add_hex(struct buf *out, const struct numbers *n)
{
	for (size_t i = 0; i < n->count; i++)
		buf_printf(out, i ? ",%04x" : "%04x", n->list[i]);
}

static void add_hash(struct buf *out, struct slice text)
{
	uint8_t sha256[DIGEST_MAX];
	char digits[HASH_LEN + 1] = NOTHING;
	if (text.len && digest_of(DIGEST_SHA256, text, sha256))
		print_hex(digits, sha256, HASH_LEN);
	buf_printf(out, "_%s", digits);
}

static const char *version_code(uint16_t version)
{
	switch (version) {
	case 0x0304:
		return "13";
	case 0x0303:
		return "12";
	case 0x0302:
		return "11";
	case 0x0301:
		return "10";
	case 0x0300:
		return "s3";
	case 0x0002:
		return "s2";
	default:
		return "00";
	}
}

static bool is_alphanumeric(uint8_t c)
{
	uint8_t lower = byte_lower(c);
	return (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z');
}

/* Its first and last byte, or where one of them is no letter or digit the
 * first and last digit of its hexadecimal form. */
static void add_alpn(struct buf *out, struct slice alpn)
{
	if (!alpn.len) {
		buf_add_string(out, "00");
		return;
	}
	uint8_t first = alpn.data[0], last = alpn.data[alpn.len - 1];
	if (is_alphanumeric(first) && is_alphanumeric(last))
		buf_printf(out, "%c%c", first, last);
	else
		buf_printf(out, "%x%x", first >> 4, last & 15);
}

static int two_digits(size_t count)
{
	return count < COUNT_MAX ? (int)count : COUNT_MAX;
}

static void add_ciphers(struct buf *out, struct numbers *ciphers)
{
	struct buf text = {0};
	qsort(ciphers->list, ciphers->count, sizeof *ciphers->list, by_value);
	add_hex(&text, ciphers);
	add_hash(out, buf_slice(&text));
	buf_release(&text);
}

/* The extensions but for those that the first part tells, and the signature
 * algorithms as they stand. */
static void add_extensions(struct buf *out, const struct parts *p,
			   struct numbers *types)
{
	struct numbers rest = {types->list, 0};
	for (size_t i = 0; i < types->count; i++)
		if (types->list[i] != EXTENSION_SERVER_NAME &&
		    types->list[i] != EXTENSION_ALPN)
			rest.list[rest.count++] = types->list[i];
	qsort(rest.list, rest.count, sizeof *rest.list, by_value);
	struct buf text = {0};
	add_hex(&text, &rest);
	struct numbers signatures = numbers_of(p->signatures);
	if (signatures.count) {
		buf_add_byte(&text, '_');
		add_hex(&text, &signatures);
	}
	add_hash(out, buf_slice(&text));
	free(signatures.list);
	buf_release(&text);
}

/* transport: 't' or 'q', of TCP or QUIC. */
static void make_ja4(const struct parts *p, char transport, uint16_t version,
		     char *ja4)
{
	struct numbers ciphers = numbers_of(p->hello.ciphers);
	struct numbers types = extension_types(&p->hello);
	struct buf text = {0};
	buf_printf(&text, "%c%s%c%02d%02d", transport, version_code(version),
		   p->named ? 'd' : 'i', two_digits(ciphers.count),
		   two_digits(types.count));
	add_alpn(&text, p->alpn);
	add_ciphers(&text, &ciphers);
	add_extensions(&text, p, &types);
	memcpy(ja4, text.data, JA4_LEN);
	ja4[JA4_LEN] = '\0';
	buf_release(&text);
	free(ciphers.list);
	free(types.list);
}

static void make(struct parts *p, char transport, struct fingerprint *f)
{
	take_extensions(p);
	struct slice alpn = slice_to(p->alpn, ALPN_MAX);
	f->version = highest_version(p);
	f->alpn_len = (uint8_t)alpn.len;
	if (alpn.len)
		memcpy(f->alpn, alpn.data, alpn.len);
	make_ja3(p, f->ja3);
	make_ja4(p, transport, f->version, f->ja4);
}

bool fingerprint_read(struct slice stream, struct fingerprint *f)
{
	struct parts p = {0};
	*f = (struct fingerprint){0};
	bool whole = hello_read(&p.hello, stream) && p.hello.whole;
	if (whole)
		make(&p, 't', f);
	hello_release(&p.hello);
	return whole;
}

bool fingerprint_quic(struct slice message, struct fingerprint *f)
{
	struct parts p = {0};
	*f = (struct fingerprint){0};
	bool whole = hello_parse(&p.hello, message) && p.hello.whole;
	if (whole)
		make(&p, 'q', f);
	return whole;
}
