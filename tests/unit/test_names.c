/* Names out of DNS messages and TLS hellos, most of them hostile. */
#include "hellos.h"
#include "unit.h"

#include "capture/dns.h"
#include "capture/hello.h"
#include "capture/nameset.h"

#include <stdlib.h>

#define A 1
#define CNAME 5
#define AAAA 28
#define RESPONSE 0x8180
#define NXDOMAIN 0x8183
#define NAME_AT 12 /* offset of the question's name */

/* ---- building ---- */

static void put_name(struct buf *b, const char *name)
{
	struct slice rest = slice_of(name);
	while (rest.len) {
		size_t dot = slice_find(rest, '.');
		buf_add_byte(b, (uint8_t)dot);
		buf_add(b, slice_to(rest, dot));
		rest = slice_from(rest, dot + 1);
	}
	buf_add_byte(b, 0);
}

static void put_header(struct buf *b, unsigned flags, unsigned questions,
		       unsigned answers)
{
	put16(b, 0x1234);
	put16(b, flags);
	put16(b, questions);
	put16(b, answers);
	put16(b, 0);
	put16(b, 0);
}

static void put_question(struct buf *b, unsigned flags, const char *name,
			 unsigned answers)
{
	put_header(b, flags, 1, answers);
	put_name(b, name);
	put16(b, A);
	put16(b, 1);
}

/* Behind the owner's name. */
static void put_data(struct buf *b, unsigned type, struct slice data)
{
	put16(b, type);
	put16(b, 1);
	put16(b, 0);
	put16(b, 60);
	put16(b, (unsigned)data.len);
	buf_add(b, data);
}

static void put_record(struct buf *b, const char *owner, unsigned type,
		       struct slice data)
{
	put_name(b, owner);
	put_data(b, type, data);
}

static void put_alias(struct buf *b, const char *owner, const char *alias)
{
	struct buf name = {0};
	put_name(&name, alias);
	put_record(b, owner, CNAME, buf_slice(&name));
	buf_release(&name);
}

#define IP4(last) SLICE("\xc0\x00\x02" last)
#define IP6 SLICE("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01")

/* "name address" a line. */
static void expect(struct names *n, const char *expected)
{
	struct buf text = {0};
	for (size_t i = 0; i < names_count(n); i++) {
		const struct name *name = names_get(n, i);
		buf_add_escaped(&text, name->text);
		buf_add_string(&text, name->kind == NAME_TLS    ? " tls "
				      : name->kind == NAME_QUIC ? " quic "
								: " ");
		address_print(&text, &name->address);
		buf_add_byte(&text, '\n');
	}
	assert_text(buf_slice(&text), expected);
	buf_release(&text);
	names_free(n);
}

/* The message in a piece of heap of its own, so that the sanitizer sees every
 * byte read behind it. */
static void feed(struct names *n, struct slice message)
{
	uint8_t *copy = malloc(message.len ? message.len : 1);
	memcpy(copy, message.data, message.len);
	names_add_dns(n, (struct slice){copy, message.len});
	free(copy);
}

static void expect_dns(struct buf *message, const char *expected)
{
	struct names *n = names_new();
	feed(n, buf_slice(message));
	feed(n, buf_slice(message)); /* said twice, kept once */
	buf_release(message);
	expect(n, expected);
}

/* ---- DNS ---- */

static void test_addresses(void **state)
{
	(void)state;
	struct buf b = {0};
	put_question(&b, RESPONSE, "www.example", 4);
	put16(&b, 0xc000 | NAME_AT);
	put_data(&b, A, IP4("\x01"));
	put_record(&b, "WWW.example", A, IP4("\x02"));
	put_record(&b, "www.example", AAAA, IP6);
	put_record(&b, "other.example", A, IP4("\x03"));
	expect_dns(&b, "www.example 192.0.2.1\nwww.example 192.0.2.2\n"
		       "www.example 2001:db8::1\n");
}

static void test_aliases(void **state)
{
	(void)state;
	struct buf b = {0};
	put_question(&b, RESPONSE, "www.example", 4);
	put_record(&b, "edge.example", A, IP4("\x01")); /* in any order */
	put_alias(&b, "cdn.example", "edge.example");
	put_alias(&b, "www.example", "CDN.example");
	put_record(&b, "unasked.example", A, IP4("\x02"));
	expect_dns(&b, "www.example 192.0.2.1\nCDN.example 192.0.2.1\n"
		       "edge.example 192.0.2.1\n");
}

static void test_alias_loop(void **state)
{
	(void)state;
	struct buf b = {0};
	put_question(&b, RESPONSE, "a.example", 3);
	put_alias(&b, "a.example", "b.example");
	put_alias(&b, "b.example", "a.example");
	put_record(&b, "b.example", A, IP4("\x01"));
	expect_dns(&b, "a.example 192.0.2.1\nb.example 192.0.2.1\n");
}

static void test_long_chain(void **state)
{
	(void)state;
	struct buf b = {0};
	char from[16], to[16];
	put_question(&b, RESPONSE, "n0", 101);
	for (int i = 0; i < 100; i++) {
		snprintf(from, sizeof from, "n%d", i);
		snprintf(to, sizeof to, "n%d", i + 1);
		put_alias(&b, from, to);
	}
	put_record(&b, "n100", A, IP4("\x01"));
	expect_dns(&b, ""); /* too long to follow, and no harm done */
}

static void test_missing(void **state)
{
	(void)state;
	struct buf b = {0};
	put_question(&b, NXDOMAIN, "gone.example", 0);
	expect_dns(&b, "gone.example -\n");
}

static void test_not_responses(void **state)
{
	(void)state;
	static const unsigned flags[] = {0x0100, 0x8182, 0x8185, 0xa980};
	for (size_t i = 0; i < COUNT(flags); i++) {
		struct buf b = {0};
		put_question(&b, flags[i], "www.example", 1);
		put_record(&b, "www.example", A, IP4("\x01"));
		expect_dns(&b, "");
	}
	struct buf b = {0};
	put_header(&b, RESPONSE, 0, 1); /* mDNS has no question */
	put_record(&b, "www.example", A, IP4("\x01"));
	expect_dns(&b, "");
}

static void test_wrong_sizes(void **state)
{
	(void)state;
	struct buf b = {0};
	put_question(&b, RESPONSE, "www.example", 3);
	put_record(&b, "www.example", A, IP6);
	put_record(&b, "www.example", AAAA, IP4("\x01"));
	put_record(&b, "www.example", A, SLICE(""));
	expect_dns(&b, "");
}

static void test_hostile_labels(void **state)
{
	(void)state;
	struct buf b = {0};
	put_header(&b, NXDOMAIN, 1, 0);
	buf_add(&b, SLICE("\x07"
			  "a.b\n\x00\\\xff"
			  "\x03"
			  "net\0\0\x01\0\x01"));
	expect_dns(&b, "a\\.b\\x0A\\x00\\\\\\xFF.net -\n");
}

static void test_longest_name(void **state)
{
	(void)state;
	struct buf b = {0}, name = {0};
	for (int i = 0; i < 127; i++)
		buf_add(&name, SLICE("\x01."));
	put_header(&b, NXDOMAIN, 1, 0);
	buf_add(&b, buf_slice(&name)); /* 254 bytes and the root */
	buf_add(&b, SLICE("\0\0\x01\0\x01"));
	struct names *n = names_new();
	feed(n, buf_slice(&b));
	assert_int_equal(names_count(n), 1);
	assert_int_equal(names_get(n, 0)->text.len, 127 * 3 - 1);
	names_free(n);

	buf_clear(&b);
	put_header(&b, NXDOMAIN, 1, 0);
	buf_add(&b, buf_slice(&name));
	buf_add(&b, SLICE("\x01x\0\0\x01\0\x01")); /* one label more */
	buf_release(&name);
	expect_dns(&b, "");
}

static void test_pointers(void **state)
{
	(void)state;
	static const struct slice names[] = {
	    SLICE("\xc0\x0c"),                    /* to itself */
	    SLICE("\xc0\x0e\xc0\x0c"),            /* there and back */
	    SLICE("\xc0\x12\0\x01\0\x01\x01x\0"), /* forward, to a name */
	    SLICE("\x01x\xc0\x0c"),               /* round and round */
	    SLICE("\xff\xff"),                    /* out of the message */
	    SLICE("\x80\x0c"),                    /* reserved */
	    SLICE("\x40\x0c"),
	};
	for (size_t i = 0; i < COUNT(names); i++) {
		struct buf b = {0};
		put_header(&b, NXDOMAIN, 1, 0);
		buf_add(&b, names[i]);
		buf_add(&b, SLICE("\0\x01\0\x01\0\x01"));
		expect_dns(&b, "");
	}
}

/* A row of pointers to pointers, as long as a message can be. */
static void test_pointer_row(void **state)
{
	(void)state;
	struct buf b = {0};
	put_question(&b, RESPONSE, "www.example", 2);
	size_t row = b.len + 11;
	struct buf data = {0};
	put16(&data, 0xc000 | NAME_AT);
	for (size_t i = 0; i < 4000; i++)
		put16(&data, 0xc000 | (unsigned)(row + 2 * i));
	put_record(&b, "", 99, buf_slice(&data));
	put16(&b, 0xc000 | (unsigned)(row + 2 * 4000));
	put_data(&b, A, IP4("\x01"));
	buf_release(&data);
	expect_dns(&b, "");
}

/* Cut at every byte: what is whole is taken, nothing is read behind it. */
static void test_cut_dns(void **state)
{
	(void)state;
	struct buf b = {0};
	put_question(&b, RESPONSE, "www.example", 3);
	put_alias(&b, "www.example", "cdn.example");
	put_record(&b, "cdn.example", A, IP4("\x01"));
	size_t first = b.len;
	put_record(&b, "cdn.example", A, IP4("\x02"));
	for (size_t len = 0; len <= b.len; len++) {
		struct names *n = names_new();
		feed(n, slice_to(buf_slice(&b), len));
		assert_int_equal(names_count(n), len < first   ? 0
						 : len < b.len ? 2
							       : 4);
		names_free(n);
	}
	buf_release(&b);
}

static void test_many_records(void **state)
{
	(void)state;
	struct buf b = {0};
	uint8_t bytes[4] = {10, 0, 0, 0};
	put_question(&b, RESPONSE, "www.example", 65535);
	for (unsigned i = 0; i < 4000; i++) {
		bytes[2] = (uint8_t)(i >> 8);
		bytes[3] = (uint8_t)i;
		put16(&b, 0xc000 | NAME_AT);
		put_data(&b, A, (struct slice){bytes, 4});
	}
	struct names *n = names_new();
	feed(n, buf_slice(&b));
	assert_int_equal(names_count(n), DNS_FOUND_MAX);
	names_free(n);
	buf_release(&b);
}

/* ---- TLS ---- */

static void put_hello(struct buf *b, struct slice server_name)
{
	struct buf body = {0}, extensions = {0};
	put16(&extensions, 0x0a0a); /* GREASE */
	put16(&extensions, 1);
	buf_add_byte(&extensions, 0);
	put16(&extensions, 0);
	put16(&extensions, (unsigned)server_name.len + 5);
	put16(&extensions, (unsigned)server_name.len + 3);
	buf_add_byte(&extensions, 0);
	put16(&extensions, (unsigned)server_name.len);
	buf_add(&extensions, server_name);

	put16(&body, 0x0303);
	for (int i = 0; i < 32; i++)
		buf_add_byte(&body, (uint8_t)i);
	buf_add(&body, SLICE("\x04sess\x00\x02\x13\x01\x01\x00"));
	put16(&body, (unsigned)extensions.len + 4);
	buf_add(&body, buf_slice(&extensions));
	put16(&body, 23); /* extended_master_secret, behind the name */
	put16(&body, 0);

	buf_add_byte(b, 1);
	buf_add_byte(b, 0);
	put16(b, (unsigned)body.len);
	buf_add(b, buf_slice(&body));
	buf_release(&body);
	buf_release(&extensions);
}

static void expect_hello(struct slice stream, const char *expected)
{
	struct buf name = {0};
	uint8_t *copy = malloc(stream.len ? stream.len : 1);
	memcpy(copy, stream.data, stream.len);
	struct slice s = {copy, stream.len};
	assert_int_equal(hello_server_name(s, &name), expected != NULL);
	assert_text(buf_slice(&name), expected ? expected : "");
	buf_release(&name);
	free(copy);
}

static void test_hello(void **state)
{
	(void)state;
	struct buf hello = {0}, stream = {0};
	put_hello(&hello, SLICE("tls.example"));
	put_records(&stream, buf_slice(&hello), 16384);
	expect_hello(buf_slice(&stream), "tls.example");
	/* The name ends ten bytes from the end; cut there and anywhere. */
	for (size_t len = 0; len < stream.len; len++)
		expect_hello(slice_to(buf_slice(&stream), len),
			     len >= stream.len - 4 ? "tls.example" : NULL);
	buf_release(&stream);
	for (size_t size = 1; size < hello.len; size++) {
		put_records(&stream, buf_slice(&hello), size);
		expect_hello(buf_slice(&stream), "tls.example");
		buf_release(&stream);
	}
	buf_release(&hello);
}

static void test_not_hellos(void **state)
{
	(void)state;
	struct buf hello = {0}, stream = {0};
	expect_hello(SLICE("GET / HTTP/1.1\r\n\r\n"), NULL);
	/* SSLv2-compatible: RFC 5246 E.2 */
	expect_hello(SLICE("\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10"),
		     NULL);
	expect_hello(SLICE("\x16\x03\x01\xff\xff\x01"), NULL);
	put_hello(&hello, SLICE(""));
	put_records(&stream, buf_slice(&hello), 16384);
	expect_hello(buf_slice(&stream), NULL);
	buf_clear(&stream);
	hello.data[0] = 2; /* a ServerHello */
	put_records(&stream, buf_slice(&hello), 16384);
	expect_hello(buf_slice(&stream), NULL);
	buf_release(&stream);
	buf_release(&hello);
}

/* Every byte of a hello set to every value: nothing is read behind it. */
static void test_changed_hello(void **state)
{
	(void)state;
	struct buf hello = {0}, stream = {0}, name = {0};
	put_hello(&hello, SLICE("tls.example"));
	put_records(&stream, buf_slice(&hello), 60);
	uint8_t *copy = malloc(stream.len);
	for (size_t i = 0; i < stream.len; i++) {
		for (unsigned value = 0; value < 256; value++) {
			memcpy(copy, stream.data, stream.len);
			copy[i] = (uint8_t)value;
			hello_server_name((struct slice){copy, stream.len},
					  &name);
		}
	}
	free(copy);
	buf_release(&name);
	buf_release(&stream);
	buf_release(&hello);
}

static void test_tls_name(void **state)
{
	(void)state;
	struct buf hello = {0}, stream = {0};
	struct endpoint server = {.port = 8443};
	struct names *n = names_new();
	assert_true(address_parse(SLICE("192.0.2.9"), &server.address));
	assert_false(names_tls_port(n, 8443));
	put_hello(&hello, SLICE("tls.example."));
	put_records(&stream, buf_slice(&hello), 16384);
	names_add_tls(n, buf_slice(&stream), &server);
	names_add_tls(n, buf_slice(&stream), &server);
	assert_true(names_tls_port(n, 8443));
	assert_false(names_tls_port(n, 443));
	/* no hello at all, and none of a client */
	server.port = 443;
	names_add_tls(n, SLICE("GET / HTTP/1.1\r\n\r\n"), &server);
	names_add_tls(n, SLICE("\x16\x03\x01\x01\x01\x02"), &server);
	names_add_tls(n, SLICE("\x16\x03\x01\x01"), &server);
	assert_false(names_tls_port(n, 443));
	/* without a server name */
	names_add_tls(n, SLICE("\x16\x03\x01\x01\x01\x01"), &server);
	assert_true(names_tls_port(n, 443));
	buf_release(&stream);
	buf_release(&hello);
	expect(n, "tls.example tls 192.0.2.9\n");
}

/* The same name of both is two, since each is a reason of its own. */
static void test_quic_name(void **state)
{
	(void)state;
	struct buf hello = {0}, stream = {0};
	struct endpoint server = {.port = 443};
	struct names *n = names_new();
	assert_true(address_parse(SLICE("192.0.2.9"), &server.address));
	put_hello(&hello, SLICE("both.example."));
	put_records(&stream, buf_slice(&hello), 16384);
	/* records are none of QUIC's */
	names_add_quic(n, buf_slice(&stream), &server);
	assert_false(names_tls_port(n, 443));
	names_add_quic(n, buf_slice(&hello), &server);
	names_add_quic(n, buf_slice(&hello), &server);
	assert_true(names_tls_port(n, 443));
	names_add_tls(n, buf_slice(&stream), &server);
	buf_release(&stream);
	buf_release(&hello);
	expect(n, "both.example quic 192.0.2.9\n"
		  "both.example tls 192.0.2.9\n");
}

/* ---- the set ---- */

static void test_set(void **state)
{
	(void)state;
	struct nameset *s = nameset_new();
	char text[24];
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 5000; i++) {
			snprintf(text, sizeof text, "%s%04d", round ? "H" : "h",
				 4999 - i);
			assert_true(nameset_add(
			    s, &(struct name){NAME_TLS, slice_of(text), {0}}));
		}
	}
	assert_int_equal(nameset_count(s), 5000);
	nameset_sort(s);
	assert_text(nameset_get(s, 0)->text, "h0000");
	assert_text(nameset_get(s, 4999)->text, "h4999");
	struct name name = {NAME_TLS, SLICE("H1234"), {0}};
	assert_true(nameset_has(s, &name));
	name.kind = NAME_ADDRESS;
	assert_false(nameset_has(s, &name));
	nameset_free(s);
}

/* A recording of nothing but names is bounded in their bytes too. */
static void test_full_set(void **state)
{
	(void)state;
	struct nameset *s = nameset_new();
	uint8_t text[NAMESET_TEXT_MAX];
	memset(text, 'x', sizeof text);
	struct name name = {NAME_TLS, {text, sizeof text}, {0}};
	size_t i = 0;
	for (; i < NAMESET_MAX; i++) {
		snprintf((char *)text, sizeof text, "%zu", i);
		if (!nameset_add(s, &name))
			break;
	}
	assert_true(i * sizeof text <= NAMESET_BYTES_MAX);
	assert_int_equal(nameset_count(s), i);
	memset(text, 'x', sizeof text);
	snprintf((char *)text, sizeof text, "%d", 0);
	assert_true(nameset_add(s, &name)); /* it is there already */
	name.text.len++;                    /* of no name: not even looked at */
	assert_false(nameset_add(s, &name));
	nameset_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_addresses),
	    cmocka_unit_test(test_aliases),
	    cmocka_unit_test(test_alias_loop),
	    cmocka_unit_test(test_long_chain),
	    cmocka_unit_test(test_missing),
	    cmocka_unit_test(test_not_responses),
	    cmocka_unit_test(test_wrong_sizes),
	    cmocka_unit_test(test_hostile_labels),
	    cmocka_unit_test(test_longest_name),
	    cmocka_unit_test(test_pointers),
	    cmocka_unit_test(test_pointer_row),
	    cmocka_unit_test(test_cut_dns),
	    cmocka_unit_test(test_many_records),
	    cmocka_unit_test(test_hello),
	    cmocka_unit_test(test_not_hellos),
	    cmocka_unit_test(test_changed_hello),
	    cmocka_unit_test(test_tls_name),
	    cmocka_unit_test(test_quic_name),
	    cmocka_unit_test(test_set),
	    cmocka_unit_test(test_full_set),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
