/* The lines of an NSS key log, found again by what stands in the handshake. */
#include "keylog.h"

#include "log.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#define NONE UINT32_MAX
#define RANDOM_LEN 32
#define MASTER_LEN 48
#define PREMASTER_KEY_LEN 8
#define LINE_MAX_LEN 4096 /* the longest of use has 250 bytes */
#define READ_LEN 65536
#define READ_MAX (UINT64_C(4) << 30) /* of one file */

struct secret {
	uint8_t label;
	uint8_t key_len, len;
	uint8_t key[KEYLOG_KEY_MAX];
	uint8_t bytes[KEYLOG_SECRET_MAX];
};

struct keylog {
	struct secret *secrets;
	uint32_t count, room;
	uint32_t *buckets; /* open addressing, at most half full */
	uint32_t mask;
	uint64_t seed;
	struct keylog_counts counts;
};

struct keylog *keylog_new(void)
{
	struct keylog *k = xcalloc(1, sizeof *k);
	k->mask = 63;
	k->buckets = xmalloc((k->mask + 1) * sizeof *k->buckets);
	memset(k->buckets, 0xff, (k->mask + 1) * sizeof *k->buckets);
	/* Nobody who writes a log must be able to choose its collisions. */
	if (getrandom(&k->seed, sizeof k->seed, GRND_NONBLOCK) < 0)
		k->seed = (uintptr_t)k;
	return k;
}

void keylog_free(struct keylog *k)
{
	if (!k)
		return;
	free(k->secrets);
	free(k->buckets);
	free(k);
}

/* ---- the table ---- */

static struct slice key_of(const struct secret *s)
{
	return (struct slice){s->key, s->key_len};
}

static struct slice bytes_of(const struct secret *s)
{
	return (struct slice){s->bytes, s->len};
}

static uint32_t *bucket_of(const struct keylog *k, uint8_t label,
			   struct slice key)
{
	uint32_t i = (uint32_t)slice_hash(key, k->seed + label) & k->mask;
	for (; k->buckets[i] != NONE; i = (i + 1) & k->mask) {
		const struct secret *s = &k->secrets[k->buckets[i]];
		if (s->label == label && slice_equal(key_of(s), key))
			break;
	}
	return &k->buckets[i];
}

static void grow_buckets(struct keylog *k)
{
	free(k->buckets);
	k->mask = k->mask * 2 + 1;
	k->buckets = xmalloc(((size_t)k->mask + 1) * sizeof *k->buckets);
	memset(k->buckets, 0xff, ((size_t)k->mask + 1) * sizeof *k->buckets);
	for (uint32_t i = 0; i < k->count; i++)
		*bucket_of(k, k->secrets[i].label, key_of(&k->secrets[i])) = i;
}

static void keep(struct keylog *k, const struct secret *s)
{
	uint32_t *bucket = bucket_of(k, s->label, key_of(s));
	if (*bucket != NONE) {
		k->counts.differing +=
		    !slice_equal(bytes_of(s), bytes_of(&k->secrets[*bucket]));
		return;
	}
	if (k->count == KEYLOG_MAX) {
		k->counts.dropped++;
		return;
	}
	if (k->count == k->room) {
		k->room = k->room ? k->room * 2 : 16;
		k->secrets =
		    xreallocarray(k->secrets, k->room, sizeof *k->secrets);
	}
	*bucket = k->count;
	k->secrets[k->count++] = *s;
	k->counts.secrets++;
	if (k->count > k->mask / 2)
		grow_buckets(k);
}

void keylog_keep(struct keylog *k, enum keylog_label label, struct slice key,
		 struct slice secret)
{
	struct secret s = {.label = (uint8_t)label,
			   .key_len = (uint8_t)key.len,
			   .len = (uint8_t)secret.len};
	if (key.len > sizeof s.key || secret.len > sizeof s.bytes)
		return;
	memcpy(s.key, key.data, key.len);
	memcpy(s.bytes, secret.data, secret.len);
	keep(k, &s);
}

struct slice keylog_find(const struct keylog *k, enum keylog_label label,
			 struct slice key)
{
	uint32_t at = *bucket_of(k, (uint8_t)label, key);
	if (at == NONE)
		return (struct slice){0};
	return bytes_of(&k->secrets[at]);
}

const struct keylog_counts *keylog_counts(const struct keylog *k)
{
	return &k->counts;
}

/* ---- lines ---- */

/* What a label calls for: how long the key is, or the secret; 0: not fixed. */
struct form {
	struct slice name;
	enum keylog_label label;
	size_t key_len, len;
};

static const struct form forms[] = {
    {SLICE("CLIENT_RANDOM"), KEYLOG_MASTER, RANDOM_LEN, MASTER_LEN},
    {SLICE("CLIENT_EARLY_TRAFFIC_SECRET"), KEYLOG_EARLY, RANDOM_LEN, 0},
    {SLICE("CLIENT_HANDSHAKE_TRAFFIC_SECRET"), KEYLOG_CLIENT_HANDSHAKE,
     RANDOM_LEN, 0},
    {SLICE("SERVER_HANDSHAKE_TRAFFIC_SECRET"), KEYLOG_SERVER_HANDSHAKE,
     RANDOM_LEN, 0},
    {SLICE("CLIENT_TRAFFIC_SECRET_0"), KEYLOG_CLIENT_TRAFFIC, RANDOM_LEN, 0},
    {SLICE("SERVER_TRAFFIC_SECRET_0"), KEYLOG_SERVER_TRAFFIC, RANDOM_LEN, 0},
    {SLICE("RSA"), KEYLOG_PREMASTER, PREMASTER_KEY_LEN, MASTER_LEN},
};

static const struct form session_form = {SLICE("RSA"), KEYLOG_SESSION, 0,
					 MASTER_LEN};

static int digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = byte_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Writes what text stands for in hexadecimal. Returns how many bytes that are;
 * 0 if it is not that, or longer than room. */
static uint8_t read_hex(struct slice text, uint8_t *out, size_t room)
{
	if (text.len % 2 || text.len / 2 > room)
		return 0;
	for (size_t i = 0; i < text.len; i += 2) {
		int high = digit(text.data[i]), low = digit(text.data[i + 1]);
		if (high < 0 || low < 0)
			return 0;
		out[i / 2] = (uint8_t)(high << 4 | low);
	}
	return (uint8_t)(text.len / 2);
}

static struct slice next_word(struct slice *rest)
{
	*rest = slice_trim(*rest);
	size_t end = 0;
	while (end < rest->len && rest->data[end] != ' ' &&
	       rest->data[end] != '\t')
		end++;
	struct slice word = slice_to(*rest, end);
	*rest = slice_from(*rest, end);
	return word;
}

static bool is_label(struct slice word)
{
	for (size_t i = 0; i < word.len; i++) {
		uint8_t c = word.data[i];
		if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    c != '_')
			return false;
	}
	return word.len > 0;
}

/* The secrets of TLS 1.3 are as long as the hash of the cipher suite. */
static bool fits(const struct form *f, const struct secret *s)
{
	bool key = f->key_len ? s->key_len == f->key_len : s->key_len > 0;
	bool len = f->len ? s->len == f->len
			  : s->len == 32 || s->len == 48 || s->len == 64;
	return key && len;
}

static bool add_secret(struct keylog *k, const struct form *f, struct slice key,
		       struct slice bytes, struct slice rest)
{
	struct secret s = {.label = (uint8_t)f->label};
	s.key_len = read_hex(key, s.key, sizeof s.key);
	s.len = read_hex(bytes, s.bytes, sizeof s.bytes);
	if (!fits(f, &s) || slice_trim(rest).len)
		return false;
	keep(k, &s);
	return true;
}

/* "RSA Session-ID:HEX Master-Key:HEX", as some old servers have it. */
static bool add_session(struct keylog *k, struct slice rest)
{
	static const struct slice id = SLICE("Session-ID:");
	static const struct slice master = SLICE("Master-Key:");
	struct slice key = next_word(&rest), bytes = next_word(&rest);
	if (!slice_starts(key, id) || !slice_starts(bytes, master))
		return false;
	return add_secret(k, &session_form, slice_from(key, id.len),
			  slice_from(bytes, master.len), rest);
}

static bool add_line(struct keylog *k, struct slice line)
{
	struct slice rest = slice_trim(line);
	if (rest.len && rest.data[rest.len - 1] == '\r')
		rest.len--;
	if (!rest.len || rest.data[0] == '#')
		return true;
	struct slice label = next_word(&rest);
	if (slice_equal(label, session_form.name) && add_session(k, rest))
		return true;
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		if (!slice_equal(label, forms[i].name))
			continue;
		struct slice key = next_word(&rest);
		struct slice bytes = next_word(&rest);
		return add_secret(k, &forms[i], key, bytes, rest);
	}
	/* EXPORTER_SECRET, ECH_SECRET and what else there will be. */
	return is_label(label) && rest.len;
}

/* Takes the whole lines. Returns what stands behind them. */
static struct slice add_lines(struct keylog *k, struct slice lines)
{
	for (;;) {
		size_t end = slice_find(lines, '\n');
		if (end == lines.len)
			return lines;
		k->counts.bad += !add_line(k, slice_to(lines, end));
		lines = slice_from(lines, end + 1);
	}
}

void keylog_add(struct keylog *k, struct slice lines)
{
	struct slice last = add_lines(k, lines);
	k->counts.bad += !add_line(k, last);
}

/* ---- files ---- */

/* Reads piece by piece: a log is often a pipe, and may have any length.
 * Returns whether it came to the end. */
static bool read_stream(struct keylog *k, FILE *file)
{
	struct buf text = {0};
	uint64_t left = READ_MAX;
	bool too_long = false; /* inside of a line that cannot be one */
	size_t n;
	while (left &&
	       (n = fread(buf_reserve(&text, READ_LEN), 1, READ_LEN, file))) {
		text.len += n;
		left -= n < left ? n : left;
		struct slice lines = buf_slice(&text);
		if (too_long) {
			size_t end = slice_find(lines, '\n');
			too_long = end == lines.len;
			lines = slice_from(lines, end + 1);
		}
		struct slice rest = add_lines(k, lines);
		if (rest.len > LINE_MAX_LEN) {
			k->counts.bad++;
			too_long = true;
			rest.len = 0;
		}
		memmove(text.data, rest.data, rest.len);
		text.len = rest.len;
	}
	keylog_add(k, buf_slice(&text));
	buf_release(&text);
	return left > 0;
}

int keylog_read(struct keylog *k, const char *path)
{
	bool standard = !strcmp(path, "-");
	FILE *file = standard ? stdin : fopen(path, "re");
	if (!file) {
		log_warn("%s: %s", path, strerror(errno));
		return -1;
	}
	if (!read_stream(k, file))
		log_warn("%s: not read to its end", path);
	int failed = ferror(file) ? errno : 0;
	if (!standard)
		fclose(file);
	if (failed)
		log_warn("%s: %s", path, strerror(failed));
	return failed ? -1 : 0;
}
