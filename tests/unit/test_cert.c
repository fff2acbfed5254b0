/* The authority's file, and certificates by name. */
#include "issued.h"

#include <openssl/evp.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static char directory[64];
static struct authority *authority;

static void in_directory(const char *name, char out[128])
{
	snprintf(out, 128, "%s/%s", directory, name);
}

static int begin(void **state)
{
	(void)state;
	snprintf(directory, sizeof directory, "/tmp/test_cert.XXXXXX");
	assert_non_null(mkdtemp(directory));
	authority = authority_new();
	assert_non_null(authority);
	return 0;
}

static int end(void **state)
{
	char command[128];
	(void)state;
	authority_free(authority);
	snprintf(command, sizeof command, "rm -rf '%s'", directory);
	return system(command);
}

static void made_once_and_kept(void **state)
{
	char path[128], file[160];
	struct stat st;
	struct buf one = {0}, two = {0};
	(void)state;
	in_directory("a/b/ca", path);
	struct authority *a = authority_open(path);
	assert_non_null(a);
	authority_print(a, &one);
	authority_free(a);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	snprintf(file, sizeof file, "%s/authority.pem", path);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	a = authority_open(path);
	assert_non_null(a);
	authority_print(a, &two);
	assert_true(slice_equal(buf_slice(&one), buf_slice(&two)));
	authority_free(a);
	buf_release(&one);
	buf_release(&two);
}

/* Children who all make one: each ends up with the same. */
static void made_by_several_at_once(void **state)
{
	enum { CHILDREN = 4 };
	char path[128];
	int ends[2];
	(void)state;
	in_directory("race", path);
	assert_int_equal(pipe(ends), 0);
	for (int i = 0; i < CHILDREN; i++)
		if (!fork()) {
			struct authority *a = authority_open(path);
			X509 *x = root_of(a);
			uint8_t digest[32];
			unsigned len;
			X509_digest(x, EVP_sha256(), digest, &len);
			_exit(write(ends[1], digest, 32) != 32);
		}
	uint8_t first[32], next[32];
	assert_int_equal(read(ends[0], first, 32), 32);
	for (int i = 1; i < CHILDREN; i++) {
		assert_int_equal(read(ends[0], next, 32), 32);
		assert_memory_equal(first, next, 32);
	}
	for (int i = 0; i < CHILDREN; i++)
		wait(NULL);
	close(ends[0]);
	close(ends[1]);
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static void not_written_over(void **state)
{
	char path[128], text[32] = {0};
	(void)state;
	in_directory("authority.pem", path);
	write_file(path, "somebody's own");
	assert_null(authority_open(directory));
	FILE *f = fopen(path, "r");
	assert_non_null(fgets(text, sizeof text, f));
	fclose(f);
	assert_string_equal(text, "somebody's own");
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_null(authority_open(directory));
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_null(authority_open(directory)); /* and nothing waits */
	assert_int_equal(unlink(path), 0);
	write_file(path, "");
	assert_null(authority_open(path)); /* a file where a directory was */
	assert_int_equal(unlink(path), 0);
}

static X509 *issue(const struct cert_wanted *w)
{
	X509 *x = authority_issue(authority, w);
	assert_non_null(x);
	return x;
}

/* P28: at the recording's time and today, with either key. */
static void p28_valid_then_and_now(void **state)
{
	(void)state;
	for (int rsa = 0; rsa < 2; rsa++) {
		X509 *x =
		    issue(&(struct cert_wanted){.name = SLICE("a.example"),
						.rsa = rsa,
						.from = T2014,
						.until = T2017});
		assert_int_equal(verify(authority, x, "a.example", NULL, T2014),
				 0);
		assert_int_equal(verify(authority, x, "a.example", NULL, T2017),
				 0);
		assert_int_equal(
		    verify(authority, x, "a.example", NULL, time(NULL)), 0);
		assert_int_equal(
		    verify(authority, x, "a.example", NULL, T2014 - 2 * YEAR),
		    X509_V_ERR_CERT_NOT_YET_VALID);
		assert_int_equal(verify(authority, x, "b.example", NULL, T2014),
				 X509_V_ERR_HOSTNAME_MISMATCH);
		assert_int_equal(EVP_PKEY_is_a(X509_get0_pubkey(x), "RSA"),
				 rsa);
		X509_free(x);
	}
}

/* A recording's clock may say anything. */
static void times_that_cannot_be(void **state)
{
	static const int64_t times[] = {INT64_MIN / 2, -1, 0, 4000000000,
					INT64_MAX / 2};
	(void)state;
	for (size_t i = 0; i < COUNT(times); i++) {
		X509 *x =
		    issue(&(struct cert_wanted){.name = SLICE("a.example"),
						.from = times[i],
						.until = times[i]});
		assert_int_equal(
		    verify(authority, x, "a.example", NULL, time(NULL)), 0);
		X509_free(x);
	}
}

static void addresses_and_nobody(void **state)
{
	(void)state;
	struct cert_wanted w = {.from = T2017, .until = T2017};
	assert_true(address_parse(SLICE("192.0.2.7"), &w.address));
	X509 *x = issue(&w);
	assert_int_equal(verify(authority, x, NULL, "192.0.2.7", T2017), 0);
	assert_int_equal(verify(authority, x, NULL, "192.0.2.8", T2017),
			 X509_V_ERR_IP_ADDRESS_MISMATCH);
	X509_free(x);
	assert_true(address_parse(SLICE("2001:db8::7"), &w.address));
	x = issue(&w);
	assert_int_equal(verify(authority, x, NULL, "2001:db8::7", T2017), 0);
	X509_free(x);
	w.address = (struct address){0};
	x = issue(&w);
	assert_int_equal(verify(authority, x, NULL, NULL, T2017), 0);
	assert_int_equal(verify(authority, x, "a.example", NULL, T2017),
			 X509_V_ERR_HOSTNAME_MISMATCH);
	X509_free(x);
}

/* A common name has 64 characters at most, a name 253. */
static void long_names(void **state)
{
	char name[254] = {0};
	(void)state;
	for (size_t i = 0; i < 253; i++)
		name[i] = i % 50 == 49 ? '.' : 'a';
	X509 *x = issue(&(struct cert_wanted){
	    .name = slice_of(name), .from = T2017, .until = T2017});
	assert_int_equal(verify(authority, x, name, NULL, T2017), 0);
	X509_free(x);
}

static void cached_and_bounded(void **state)
{
	(void)state;
	struct certs *c = certs_new(authority);
	struct cert_wanted w = {.from = T2017, .until = T2017};
	char name[32];
	w.name = SLICE("first.example");
	X509 *first = certs_find(c, &w);
	assert_non_null(first);
	assert_ptr_equal(certs_find(c, &w), first);
	w.rsa = true;
	assert_ptr_not_equal(certs_find(c, &w), first);
	w.rsa = false;
	w.like = SLICE("another server's");
	assert_ptr_not_equal(certs_find(c, &w), first);
	w.like = (struct slice){0};
	for (size_t i = 0; i < CERTS_MAX + 50; i++) {
		snprintf(name, sizeof name, "n%zu.example", i);
		w.name = slice_of(name);
		assert_non_null(certs_find(c, &w));
		w.name = SLICE("first.example"); /* used, so it stays */
		assert_ptr_equal(certs_find(c, &w), first);
	}
	assert_int_equal(certs_count(c), CERTS_MAX);
	certs_free(c);
}

static void place_by_the_environment(void **state)
{
	struct buf place = {0};
	(void)state;
	setenv("HOME", "/home/x", 1);
	setenv("XDG_STATE_HOME", "/state", 1);
	assert_true(authority_place(&place));
	assert_text(buf_slice(&place), "/state/reenact/ca");
	setenv("XDG_STATE_HOME", "relative", 1);
	assert_true(authority_place(&place));
	assert_text(buf_slice(&place), "/home/x/.local/state/reenact/ca");
	unsetenv("XDG_STATE_HOME");
	unsetenv("HOME");
	assert_false(authority_place(&place));
	buf_release(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(made_once_and_kept),
	    cmocka_unit_test(made_by_several_at_once),
	    cmocka_unit_test(not_written_over),
	    cmocka_unit_test(p28_valid_then_and_now),
	    cmocka_unit_test(times_that_cannot_be),
	    cmocka_unit_test(addresses_and_nobody),
	    cmocka_unit_test(long_names),
	    cmocka_unit_test(cached_and_bounded),
	    cmocka_unit_test(place_by_the_environment),
	};
	return cmocka_run_group_tests(tests, begin, end);
}
