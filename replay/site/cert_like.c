/* What a server's certificate takes over from the recorded one. */
#include "cert_like.h"

#include "capture/certificates.h"
#include "capture/hostname.h"

#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <time.h>

#define COMMON_NAME_MAX 64
#define DAY 86400
/* What clients' clocks may be wrong by, and how long a server may run. */
#define BEFORE (30 * DAY)
#define AFTER (397 * DAY)
/* What a recorded certificate may bring along. Each handshake sends it. */
#define SUBJECT_MAX 4096
#define NAMES_MAX 250

/* The recorded certificate, NULL if it is none. */
static X509 *parse(struct slice der)
{
	const uint8_t *at = der.data;
	if (!der.len || der.len > CERTIFICATE_MAX)
		return NULL;
	X509 *like = d2i_X509(NULL, &at, (long)der.len);
	ERR_clear_error();
	return like;
}

static struct slice bytes_of(const ASN1_STRING *s)
{
	return (struct slice){ASN1_STRING_get0_data(s),
			      (size_t)ASN1_STRING_length(s)};
}

/* ---- the subject ---- */

static bool name_add(X509_NAME *name, const char *type, struct slice value)
{
	return X509_NAME_add_entry_by_txt(name, type, MBSTRING_UTF8, value.data,
					  (int)value.len, -1, 0);
}

static bool is_visible(struct slice utf8)
{
	for (size_t i = 0; i < utf8.len; i++)
		if (utf8.data[i] < 0x20 || utf8.data[i] == 0x7f)
			return false;
	return utf8.len;
}

/* What Chromium takes for one: X.680 41.4, and '*'. */
static bool is_printable(struct slice s)
{
	static const char others[] = " '()*+,-./:=?";
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.data[i], lower = byte_lower(c);
		if (!(lower >= 'a' && lower <= 'z') &&
		    !(c >= '0' && c <= '9') &&
		    !memchr(others, c, sizeof others - 1))
			return false;
	}
	return true;
}

/* As it was recorded, or where clients would stumble over its form the same
 * text in UTF-8. False where there is no text in it. */
static bool copy_entry(X509_NAME *name, const X509_NAME_ENTRY *entry, int set)
{
	ASN1_STRING *value = X509_NAME_ENTRY_get_data(entry);
	uint8_t *text = NULL;
	int len = ASN1_STRING_to_UTF8(&text, value);
	struct slice utf8 = {text, len > 0 ? (size_t)len : 0};
	bool done = false;
	bool sound = ASN1_STRING_type(value) != V_ASN1_PRINTABLESTRING ||
		     is_printable(bytes_of(value));
	if (is_visible(utf8) && sound)
		done = X509_NAME_add_entry(name, entry, -1, set);
	else if (is_visible(utf8))
		done = X509_NAME_add_entry_by_OBJ(
		    name, X509_NAME_ENTRY_get_object(entry), V_ASN1_UTF8STRING,
		    text, len, -1, set);
	OPENSSL_free(text);
	return done;
}

/* Returns whether anything was there. */
static bool copy_subject(X509_NAME *name, const X509_NAME *recorded)
{
	int count = recorded ? X509_NAME_entry_count(recorded) : 0;
	int part = -1; /* the last one of which something was copied */
	if (count <= 0 || i2d_X509_NAME(recorded, NULL) >= SUBJECT_MAX)
		return false;
	for (int i = 0; i < count; i++) {
		const X509_NAME_ENTRY *e = X509_NAME_get_entry(recorded, i);
		bool joins = X509_NAME_ENTRY_set(e) == part;
		if (copy_entry(name, e, joins ? -1 : 0))
			part = X509_NAME_ENTRY_set(e);
	}
	return X509_NAME_entry_count(name) > 0;
}

static bool set_subject(X509 *x, const struct cert_wanted *w, X509 *like)
{
	X509_NAME *name = X509_get_subject_name(x);
	if (copy_subject(name, like ? X509_get_subject_name(like) : NULL))
		return true;
	if (w->name.len && w->name.len <= COMMON_NAME_MAX)
		return name_add(name, "CN", w->name);
	return name_add(name, "O", SLICE("Reenact"));
}

/* ---- alternative names ---- */

static bool push(GENERAL_NAMES *names, int type, struct slice bytes)
{
	GENERAL_NAME *n = GENERAL_NAME_new();
	ASN1_STRING *s =
	    type == GEN_DNS ? ASN1_IA5STRING_new() : ASN1_OCTET_STRING_new();
	if (n && s && ASN1_STRING_set(s, bytes.data, (int)bytes.len)) {
		GENERAL_NAME_set0_value(n, type, s);
		if (sk_GENERAL_NAME_push(names, n))
			return true;
		s = NULL;
	}
	GENERAL_NAME_free(n);
	ASN1_STRING_free(s);
	return false;
}

/* One that is malformed could cost the whole certificate a client's trust. */
static bool is_sound(int type, struct slice value)
{
	if (type == GEN_IPADD)
		return value.len == 4 || value.len == 16;
	if (type != GEN_DNS)
		return false;
	if (!slice_starts(value, SLICE("*.")))
		return !hostname_fault(value);
	value = slice_from(value, 2);
	return slice_find(value, '.') < value.len && !hostname_fault(value);
}

static struct slice value_of(const GENERAL_NAME *n, int *type)
{
	ASN1_STRING *s = GENERAL_NAME_get0_value(n, type);
	if (*type != GEN_DNS && *type != GEN_IPADD)
		return (struct slice){0};
	return bytes_of(s);
}

/* A wildcard stands for one label (RFC 6125 6.4.3), but in no client's eyes
 * under what registries give away, such as co.uk: a short label before the last
 * one is not relied upon. */
static bool covers(struct slice pattern, struct slice name)
{
	if (!slice_starts(pattern, SLICE("*.")))
		return slice_equal_nocase(pattern, name);
	struct slice base = slice_from(pattern, 2);
	struct slice behind = slice_from(base, slice_find(base, '.') + 1);
	bool own =
	    slice_find(base, '.') > 3 || slice_find(behind, '.') < behind.len;
	return own && behind.len &&
	       slice_equal_nocase(base,
				  slice_from(name, slice_find(name, '.') + 1));
}

static bool is_wanted(const struct cert_wanted *w, int type, struct slice value)
{
	if (type == GEN_DNS)
		return w->name.len && covers(value, w->name);
	struct slice address = {w->address.bytes,
				w->address.version == 4 ? 4 : 16};
	return w->address.version && slice_equal(value, address);
}

/* Names and addresses; of the others no client of the web makes use. *covered:
 * what is wanted is among them. */
static bool copy_names(GENERAL_NAMES *names, const struct cert_wanted *w,
		       X509 *like, bool *covered)
{
	GENERAL_NAMES *recorded =
	    like ? X509_get_ext_d2i(like, NID_subject_alt_name, NULL, NULL)
		 : NULL;
	bool done = true;
	int count = recorded ? sk_GENERAL_NAME_num(recorded) : 0;
	for (int i = 0; i < count && i < NAMES_MAX && done; i++) {
		int type;
		struct slice value =
		    value_of(sk_GENERAL_NAME_value(recorded, i), &type);
		if (!is_sound(type, value))
			continue;
		*covered |= is_wanted(w, type, value);
		done = push(names, type, value);
	}
	GENERAL_NAMES_free(recorded);
	ERR_clear_error();
	return done;
}

static bool push_wanted(GENERAL_NAMES *names, const struct cert_wanted *w)
{
	struct slice address = {w->address.bytes,
				w->address.version == 4 ? 4 : 16};
	if (w->name.len)
		return push(names, GEN_DNS, w->name);
	return !w->address.version || push(names, GEN_IPADD, address);
}

static bool add_names(X509 *x, const struct cert_wanted *w, X509 *like)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	bool covered = false;
	bool done = names && copy_names(names, w, like, &covered) &&
		    (covered || push_wanted(names, w));
	if (done && sk_GENERAL_NAME_num(names))
		done = X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0,
					 X509V3_ADD_DEFAULT) == 1;
	GENERAL_NAMES_free(names);
	return done;
}

/* ---- dates ---- */

static int64_t seconds_of(const ASN1_TIME *t, int64_t otherwise)
{
	struct tm tm;
	if (!ASN1_TIME_to_tm(t, &tm))
		return otherwise;
	return timegm(&tm);
}

static int64_t clamp(int64_t t)
{
	return t < CERT_BEGINS ? CERT_BEGINS : t > CERT_ENDS ? CERT_ENDS : t;
}

/* The recorded validity, made wide enough for both clocks. That is longer than
 * browsers grant certificates of public authorities (398 days), which does not
 * concern one that was installed: Chromium checks it for known roots alone,
 * Firefox for extended validation. */
static bool set_dates(X509 *x, const struct cert_wanted *w, X509 *like)
{
	int64_t today = time(NULL);
	int64_t from = (w->from < today ? w->from : today) - BEFORE;
	int64_t until = (w->until > today ? w->until : today) + AFTER;
	if (like) {
		int64_t f = seconds_of(X509_get0_notBefore(like), from);
		int64_t u = seconds_of(X509_get0_notAfter(like), until);
		from = f <= w->from && f <= today ? f : from;
		until = u >= w->until && u >= today + DAY ? u : until;
	}
	return ASN1_TIME_set(X509_getm_notBefore(x), (time_t)clamp(from)) &&
	       ASN1_TIME_set(X509_getm_notAfter(x), (time_t)clamp(until));
}

bool cert_like(X509 *x, const struct cert_wanted *w)
{
	X509 *like = parse(w->like);
	bool done = set_subject(x, w, like) && set_dates(x, w, like) &&
		    add_names(x, w, like);
	X509_free(like);
	return done;
}
