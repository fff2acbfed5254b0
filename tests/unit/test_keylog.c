/* Key logs: what they hold is found, what is wrong in them is counted. */
#include "unit.h"

#include "capture/keylog.h"
#include "capture/log.h"

#include <stdlib.h>
#include <unistd.h>

#define RANDOM                                                                 \
	"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define MASTER                                                                 \
	"f0f1f2f3f4f5f6f7f8f9fafbfcfdfefff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"     \
	"f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"

static uint8_t random_bytes[32];
static const struct slice random_key = {random_bytes, sizeof random_bytes};

static struct keylog *log_of(const char *lines)
{
	for (size_t i = 0; i < sizeof random_bytes; i++)
		random_bytes[i] = (uint8_t)i;
	struct keylog *k = keylog_new();
	keylog_add(k, slice_of(lines));
	return k;
}

static void test_labels(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		enum keylog_label label;
		size_t len;
	} known[] = {
	    {"CLIENT_RANDOM", KEYLOG_MASTER, 48},
	    {"CLIENT_EARLY_TRAFFIC_SECRET", KEYLOG_EARLY, 32},
	    {"CLIENT_HANDSHAKE_TRAFFIC_SECRET", KEYLOG_CLIENT_HANDSHAKE, 32},
	    {"SERVER_HANDSHAKE_TRAFFIC_SECRET", KEYLOG_SERVER_HANDSHAKE, 48},
	    {"CLIENT_TRAFFIC_SECRET_0", KEYLOG_CLIENT_TRAFFIC, 32},
	    {"SERVER_TRAFFIC_SECRET_0", KEYLOG_SERVER_TRAFFIC, 48},
	};
	for (size_t i = 0; i < COUNT(known); i++) {
		char line[400];
		snprintf(line, sizeof line, "%s %s %.*s", known[i].name, RANDOM,
			 (int)known[i].len * 2, MASTER);
		struct keylog *k = log_of(line);
		struct slice s = keylog_find(k, known[i].label, random_key);
		assert_int_equal(s.len, known[i].len);
		assert_int_equal(s.data[0], 0xf0);
		for (size_t other = 0; other < COUNT(known); other++)
			if (other != i)
				assert_int_equal(keylog_find(k,
							     known[other].label,
							     random_key)
						     .len,
						 0);
		assert_int_equal(keylog_counts(k)->bad, 0);
		keylog_free(k);
	}
}

static void test_rsa(void **state)
{
	(void)state;
	static const uint8_t key[] = {0x11, 0x22, 0x33, 0x44,
				      0x55, 0x66, 0x77, 0x88};
	struct keylog *k =
	    log_of("RSA 1122334455667788 " MASTER "\n"
		   "RSA Session-ID:aabb Master-Key:" MASTER "\n");
	assert_int_equal(
	    keylog_find(k, KEYLOG_PREMASTER, (struct slice){key, sizeof key})
		.len,
	    48);
	assert_int_equal(keylog_find(k, KEYLOG_SESSION, SLICE("\xaa\xbb")).len,
			 48);
	assert_int_equal(keylog_counts(k)->bad, 0);
	keylog_free(k);
}

/* P9: logs come from Windows, with comments, in capitals, with labels of which
 * nobody has heard yet. */
static void test_p9_forms(void **state)
{
	(void)state;
	struct keylog *k =
	    log_of("# made by hand\r\n\r\n  \n"
		   "EXPORTER_SECRET " RANDOM " " RANDOM "\n"
		   "ECH_CONFIG " RANDOM " 00\n"
		   "\tCLIENT_RANDOM  " RANDOM "\tF0F1F2F3F4F5F6F7F8F9FAFBFCFDFE"
		   "FFF0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFFF0F1F2F3F4F5F6F7F8F9FAFBF"
		   "CFDFEFF \r\n");
	assert_int_equal(keylog_find(k, KEYLOG_MASTER, random_key).len, 48);
	assert_int_equal(keylog_counts(k)->secrets, 1);
	assert_int_equal(keylog_counts(k)->bad, 0);
	keylog_free(k);
}

static void test_bad_lines(void **state)
{
	(void)state;
	static const char *const lines[] = {
	    "CLIENT_RANDOM",
	    "CLIENT_RANDOM " RANDOM,
	    "CLIENT_RANDOM " RANDOM " " RANDOM,
	    "CLIENT_RANDOM " RANDOM " " MASTER "00",
	    "CLIENT_RANDOM " RANDOM " " MASTER " more",
	    "CLIENT_RANDOM " RANDOM "00 " MASTER,
	    "CLIENT_RANDOM 00 " MASTER,
	    "CLIENT_RANDOM  " MASTER,
	    "CLIENT_RANDOM " RANDOM " x" MASTER,
	    "CLIENT_TRAFFIC_SECRET_0 " RANDOM " 00",
	    "RSA 1122 " MASTER,
	    "RSA Session-ID: Master-Key:" MASTER,
	    "RSA Session-ID:aabb Master-Key:00",
	    "client_random " RANDOM " " MASTER,
	    "\x7f"
	    "ELF\x01\x02 and so on",
	    "GET / HTTP/1.1",
	};
	for (size_t i = 0; i < COUNT(lines); i++) {
		struct keylog *k = log_of(lines[i]);
		assert_int_equal(keylog_counts(k)->secrets, 0);
		/* A label may be one of tomorrow. */
		bool label = !strncmp(lines[i], "GET", 3);
		assert_int_equal(keylog_counts(k)->bad, !label);
		keylog_free(k);
	}
}

static void test_doubled(void **state)
{
	(void)state;
	struct keylog *k = log_of(
	    "CLIENT_TRAFFIC_SECRET_0 " RANDOM " " RANDOM "\n"
	    "CLIENT_TRAFFIC_SECRET_0 " RANDOM " " RANDOM "\n"
	    "CLIENT_TRAFFIC_SECRET_0 " RANDOM " "
	    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
	    "\n");
	assert_int_equal(keylog_counts(k)->secrets, 1);
	assert_int_equal(keylog_counts(k)->differing, 1);
	struct slice s = keylog_find(k, KEYLOG_CLIENT_TRAFFIC, random_key);
	assert_int_equal(s.data[1], 1);
	keylog_free(k);
}

static void test_many(void **state)
{
	(void)state;
	enum { MANY = 100000 };
	struct keylog *k = log_of("");
	char line[200];
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(line, sizeof line, "CLIENT_RANDOM %056x%08x %.96s\n",
			 0U, i, MASTER);
		keylog_add(k, slice_of(line));
	}
	assert_int_equal(keylog_counts(k)->secrets, MANY);
	uint8_t key[32] = {0};
	for (unsigned i = 0; i < MANY; i++) {
		uint32_t big = __builtin_bswap32(i);
		memcpy(key + 28, &big, sizeof big);
		assert_int_equal(
		    keylog_find(k, KEYLOG_MASTER, (struct slice){key, 32}).len,
		    48);
	}
	memset(key, 0xff, sizeof key);
	assert_int_equal(
	    keylog_find(k, KEYLOG_MASTER, (struct slice){key, 32}).len, 0);
	keylog_free(k);
}

static void test_file(void **state)
{
	(void)state;
	char path[] = "/tmp/keylog-XXXXXX";
	FILE *file = fdopen(mkstemp(path), "w");
	/* A line that crosses pieces of the file, one without an end, and one
	 * that is far too long for one, with a line's look behind. */
	for (int i = 0; i < 1000; i++)
		fprintf(file, "# %d: nothing here, to fill the file up\n", i);
	for (int i = 0; i < 200000; i++)
		fputs("x", file);
	fputs(" CLIENT_RANDOM " RANDOM " " MASTER "\n", file);
	for (int i = 0; i < 3000; i++)
		fprintf(file, "CLIENT_RANDOM %064x %s\n", i + 1, MASTER);
	fputs("CLIENT_RANDOM " RANDOM " " MASTER, file);
	fclose(file);
	struct keylog *k = log_of("");
	assert_int_equal(keylog_read(k, path), 0);
	assert_int_equal(keylog_counts(k)->secrets, 3001);
	assert_int_equal(keylog_counts(k)->bad, 1);
	unlink(path);
	assert_int_equal(keylog_read(k, path), -1);
	keylog_free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_labels),   cmocka_unit_test(test_rsa),
	    cmocka_unit_test(test_p9_forms), cmocka_unit_test(test_bad_lines),
	    cmocka_unit_test(test_doubled),  cmocka_unit_test(test_many),
	    cmocka_unit_test(test_file),
	};
	log_init("test_keylog");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
