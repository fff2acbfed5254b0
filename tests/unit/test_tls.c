/* TLS is taken off: what comes out is what was said, or a gap. */
#include "tls_ends.h"

#include "capture/log.h"
#include "capture/tls_handshake.h"

static const struct talk_kind kinds[] = {
    {.version = TLS1_3_VERSION, .suites = "TLS_AES_128_GCM_SHA256"},
    {.version = TLS1_3_VERSION, .suites = "TLS_CHACHA20_POLY1305_SHA256"},
    {.version = TLS1_3_VERSION, .suites = "TLS_AES_128_CCM_8_SHA256"},
    {.version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384"},
    {.version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-CHACHA20-POLY1305"},
    {.version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES128-CCM8"},
    {.version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-AES128-SHA256"},
    {.version = TLS1_2_VERSION,
     .ciphers = "ECDHE-ECDSA-AES128-SHA256",
     .no_etm = true},
    {.version = TLS1_1_VERSION, .ciphers = "ECDHE-ECDSA-AES128-SHA"},
    {.version = TLS1_1_VERSION,
     .ciphers = "ECDHE-ECDSA-AES256-SHA",
     .no_etm = true},
    {.version = TLS1_VERSION, .ciphers = "ECDHE-ECDSA-AES128-SHA"},
    {.version = TLS1_VERSION,
     .ciphers = "ECDHE-ECDSA-AES128-SHA",
     .no_etm = true},
    {.version = TLS1_2_VERSION, .ciphers = "ECDHE-ECDSA-NULL-SHA"},
};

/* A request and an answer of some records, twice. */
static void converse(const struct talk_kind *k)
{
	talk_begin(k);
	for (int i = 0; i < 2; i++) {
		say_bytes(CLIENT, 300);
		say_bytes(SERVER, 1000);
		say_bytes(SERVER, 20000);
		say_bytes(SERVER, 7);
	}
	talk_close();
}

/* Every byte that came out is the one that was said at its place. Returns how
 * many are missing. */
static size_t assert_said(const struct tls_opened *o, int side)
{
	const struct stream *s = &o->flow.streams[side];
	size_t at = 0, missing = 0;
	for (uint32_t i = 0; i < s->count; i++) {
		const struct piece *p = &s->pieces[i];
		/* How much is missing at the end nobody can tell. */
		if (!p->data && i + 1 == s->count &&
		    at + p->len > said[side].len)
			return missing + said[side].len - at;
		assert_true(at + p->len <= said[side].len);
		if (p->data)
			assert_memory_equal(p->data, said[side].data + at,
					    p->len);
		else
			missing += p->len;
		assert_int_equal(p->seq, at);
		at += p->len;
	}
	return missing + said[side].len - at;
}

static void test_kinds(void **state)
{
	(void)state;
	static const size_t sizes[] = {1, 5, 1448, 100000};
	for (size_t i = 0; i < COUNT(kinds); i++) {
		converse(&kinds[i]);
		for (size_t k = 0; k < COUNT(sizes); k++) {
			struct tls_opened *o;
			flow_make(sizes[k], NOTHING_LOST);
			assert_int_equal(open_with(buf_slice(&keys), &o),
					 TLS_READ);
			assert_int_equal(assert_said(o, CLIENT), 0);
			assert_int_equal(assert_said(o, SERVER), 0);
			assert_int_equal(o->flow.streams[1].end, STREAM_FIN);
			assert_int_equal(o->flow.number, 7);
			tls_opened_free(o);
		}
	}
}

/* P19: what the handshake says is kept beside what the requests say. */
static void test_p19_facts(void **state)
{
	(void)state;
	for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION;
	     version++) {
		const struct talk_kind k = {.version = version,
					    .asks_certificate = true};
		struct tls_opened *o;
		converse(&k);
		flow_make(1000, NOTHING_LOST);
		assert_int_equal(open_with(buf_slice(&keys), &o), TLS_READ);
		assert_int_equal(o->facts.version, version);
		assert_text(o->facts.server_name, "site.test");
		assert_text(o->facts.alpn, "http/1.1");
		assert_true(o->facts.asks_certificate);
		assert_true(o->facts.sends_certificate);
		assert_ptr_equal(o->flow.tls, &o->facts);
		struct slice chain = o->facts.chain, der;
		assert_true(tls_certificate_next(&chain, &der));
		const unsigned char *at = der.data;
		X509 *c = d2i_X509(NULL, &at, (long)der.len);
		assert_non_null(c);
		X509_free(c);
		assert_false(tls_certificate_next(&chain, &der));
		tls_opened_free(o);
	}
}

/* Which kinds go on at the very place behind a loss: their records are not
 * padded. */
static bool is_exact(const struct talk_kind *k)
{
	return k->suites || (k->ciphers && (strstr(k->ciphers, "GCM") ||
					    strstr(k->ciphers, "CCM") ||
					    strstr(k->ciphers, "CHACHA")));
}

/* P9: one gap does not cost the rest of the connection. */
static void test_p9_losses(void **state)
{
	(void)state;
	enum { SIZE = 1448 };
	for (size_t i = 0; i < COUNT(kinds); i++) {
		if (!is_exact(&kinds[i]))
			continue;
		converse(&kinds[i]);
		flow_make(SIZE, NOTHING_LOST);
		uint32_t count = flow.streams[SERVER].count;
		uint32_t first = (uint32_t)(data_from[SERVER] / SIZE) + 1;
		for (uint32_t lost = first; lost < count; lost++) {
			struct tls_opened *o;
			flow_make(SIZE, SERVER, lost);
			assert_int_equal(open_with(buf_slice(&keys), &o),
					 TLS_READ);
			assert_int_equal(assert_said(o, CLIENT), 0);
			size_t missing = assert_said(o, SERVER);
			/* Two records at most have a part in it, and short
			 * ones between. */
			assert_in_range(missing, 1, 2 * 16384 + 2014);
			const struct stream *s = &o->flow.streams[SERVER];
			if (lost + 20 < count)
				assert_non_null(s->pieces[s->count - 1].data);
			tls_opened_free(o);
		}
	}
}

/* Whole records are lost, and parts of those beside them: the rest is found by
 * its numbers, and the gap has the right length. */
static void test_p9_losses_of_records(void **state)
{
	(void)state;
	enum { SIZE = 1448, TIMES = 6 };
	static const uint32_t runs[] = {2, 13, 40};
	for (size_t i = 0; i < 2 * COUNT(runs); i++) {
		uint32_t run = runs[i / 2];
		talk_begin(&kinds[i % 2 ? 3 : 0]);
		for (int k = 0; k < TIMES; k++) {
			say_bytes(SERVER, 30000);
			for (int n = 0; n < 40; n++)
				say_bytes(SERVER, 20);
		}
		talk_close();
		flow_make(SIZE, NOTHING_LOST);
		uint32_t count = flow.streams[SERVER].count;
		uint32_t first = (uint32_t)(data_from[SERVER] / SIZE) + 1;
		for (uint32_t lost = first; lost + run < count; lost += 3) {
			struct tls_opened *o;
			flow_make(SIZE, NOTHING_LOST);
			for (uint32_t k = lost; k < lost + run; k++)
				flow.streams[SERVER].pieces[k].data = NULL;
			assert_int_equal(open_with(buf_slice(&keys), &o),
					 TLS_READ);
			assert_in_range(assert_said(o, SERVER), 1,
					run * SIZE + 2 * 16384);
			const struct stream *s = &o->flow.streams[SERVER];
			if (lost + run + 20 < count)
				assert_non_null(s->pieces[s->count - 1].data);
			tls_opened_free(o);
		}
	}
}

/* Of the handshake too much may be taken for data, but the data behind it is
 * there. Without the ServerHello nothing can be read. */
static void test_p9_losses_of_handshakes(void **state)
{
	(void)state;
	enum { SIZE = 100 };
	for (size_t i = 0; i < COUNT(kinds); i++) {
		if (strstr(kinds[i].ciphers ? kinds[i].ciphers : "", "NULL"))
			continue;
		converse(&kinds[i]);
		uint32_t data = (uint32_t)(data_from[SERVER] / SIZE) + 1;
		for (uint32_t lost = 2; lost < data; lost++) {
			struct tls_opened *o;
			flow_make(SIZE, SERVER, lost);
			assert_int_equal(open_with(buf_slice(&keys), &o),
					 TLS_READ);
			assert_int_equal(assert_said(o, CLIENT), 0);
			const struct stream *s = &o->flow.streams[SERVER];
			assert_in_range(s->count, 5, 100);
			assert_memory_equal(
			    s->pieces[s->count - 1].data,
			    said[SERVER].data + said[SERVER].len - 7, 7);
			tls_opened_free(o);
		}
	}
}

/* With padding the length of what was lost is not certain; what comes out
 * verified all the same. */
static void test_losses_of_cbc(void **state)
{
	(void)state;
	enum { SIZE = 1448 };
	for (size_t i = 0; i < COUNT(kinds); i++) {
		if (is_exact(&kinds[i]))
			continue;
		converse(&kinds[i]);
		flow_make(SIZE, NOTHING_LOST);
		uint32_t count = flow.streams[SERVER].count;
		for (uint32_t lost = 2; lost < count; lost++) {
			struct tls_opened *o;
			flow_make(SIZE, SERVER, lost);
			assert_int_equal(open_with(buf_slice(&keys), &o),
					 TLS_READ);
			const struct stream *s = &o->flow.streams[SERVER];
			struct slice last = {
			    said[SERVER].data + said[SERVER].len - 7, 7};
			if (lost + 20 < count)
				assert_memory_equal(
				    s->pieces[s->count - 1].data, last.data, 7);
			tls_opened_free(o);
		}
	}
}

/* A byte is wrong: a gap, never data. */
static void test_damage(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		converse(&kinds[i]);
		/* All but the alert at the end. */
		for (size_t at = data_from[SERVER]; at + 80 < wire[SERVER].len;
		     at += at < data_from[SERVER] + 40 ? 1 : 97) {
			struct tls_opened *o;
			wire[SERVER].data[at] ^= 0x55;
			flow_make(1448, NOTHING_LOST);
			assert_int_equal(open_with(buf_slice(&keys), &o),
					 TLS_READ);
			if (is_exact(&kinds[i]))
				assert_in_range(assert_said(o, SERVER), 1,
						2 * 16384 + 4000);
			tls_opened_free(o);
			wire[SERVER].data[at] ^= 0x55;
		}
	}
}

static void test_cut(void **state)
{
	(void)state;
	converse(&kinds[0]);
	size_t whole = wire[SERVER].len;
	for (size_t len = 0; len < whole; len += 61) {
		struct tls_opened *o;
		wire[SERVER].len = len;
		flow_make(1448, NOTHING_LOST);
		if (open_with(buf_slice(&keys), &o) == TLS_READ) {
			const struct stream *s = &o->flow.streams[SERVER];
			for (uint32_t i = 0; i < s->count; i++)
				assert_non_null(s->pieces[i].data);
			assert_said(o, SERVER);
		}
		tls_opened_free(o);
	}
	wire[SERVER].len = whole;
}

/* P9: the keys change inside the connection, on either side. */
static void test_p9_key_update(void **state)
{
	(void)state;
	struct tls_opened *o;
	talk_begin(&kinds[0]);
	for (int i = 0; i < 6; i++) {
		int side = i % 3 != 0;
		say_bytes(side, 400);
		SSL_key_update(ends[side], i & 1
					       ? SSL_KEY_UPDATE_REQUESTED
					       : SSL_KEY_UPDATE_NOT_REQUESTED);
		say_bytes(side, 500);
		say_bytes(!side, 600);
	}
	talk_close();
	flow_make(700, NOTHING_LOST);
	assert_int_equal(open_with(buf_slice(&keys), &o), TLS_READ);
	assert_int_equal(assert_said(o, CLIENT), 0);
	assert_int_equal(assert_said(o, SERVER), 0);
	tls_opened_free(o);
}

/* Some logs hold the secrets of the data alone. */
static void test_traffic_secrets_alone(void **state)
{
	(void)state;
	struct tls_opened *o;
	struct buf some = {0};
	converse(&kinds[0]);
	for (struct slice rest = buf_slice(&keys); rest.len;) {
		size_t end = slice_find(rest, '\n') + 1;
		struct slice line = slice_to(rest, end);
		if (slice_starts(line, SLICE("CLIENT_TRAFFIC")) ||
		    slice_starts(line, SLICE("SERVER_TRAFFIC")))
			buf_add(&some, line);
		rest = slice_from(rest, end);
	}
	flow_make(1448, NOTHING_LOST);
	assert_int_equal(open_with(buf_slice(&some), &o), TLS_READ);
	assert_int_equal(assert_said(o, CLIENT), 0);
	assert_int_equal(assert_said(o, SERVER), 0);
	tls_opened_free(o);
	buf_release(&some);
}

/* What one connection told opens those of the same session. first, second:
 * their wires; which of them is tried before the other. */
static void assert_resumed(struct buf first[2], struct buf second[2],
			   struct slice lines, bool backwards)
{
	struct buf *const turns[] = {backwards ? second : first,
				     backwards ? first : second, second};
	struct secrets *s = secrets_new();
	keylog_add(s->keylog, lines);
	for (int turn = 0; turn < 3; turn++) {
		struct tls_opened *o;
		wire[0] = turns[turn][0];
		wire[1] = turns[turn][1];
		flow_make(1400, NOTHING_LOST);
		enum tls_result want =
		    backwards && !turn ? TLS_NO_SECRETS_YET : TLS_READ;
		assert_int_equal(open_by(s, &o), want);
		tls_opened_free(o);
	}
	secrets_free(s);
	wire[0] = wire[1] = (struct buf){0};
}

static void test_p9_resumption(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		struct talk_kind k = {i & 1 ? TLS1_VERSION : TLS1_2_VERSION,
				      .no_ticket = i & 2};
		struct buf wires[2][2], lines = {0};
		for (int turn = 0; turn < 2; turn++) {
			k.resumes = turn;
			talk_begin(&k);
			assert_int_equal(SSL_session_reused(ends[CLIENT]),
					 turn);
			say_bytes(CLIENT, 100);
			say_bytes(SERVER, 5000);
			talk_close();
			memcpy(wires[turn], wire, sizeof wire);
			memset(wire, 0, sizeof wire);
			if (!turn)
				buf_add(&lines, buf_slice(&keys));
		}
		for (int back = 0; back < 2; back++)
			assert_resumed(wires[0], wires[1], buf_slice(&lines),
				       back);
		/* its own line opens it alone, and the full one, whose session
		 * ID it has */
		for (int back = 0; back < 2 && k.no_ticket; back++)
			assert_resumed(wires[1], wires[0], buf_slice(&keys),
				       back);
		for (int turn = 0; turn < 4; turn++)
			buf_release(&wires[turn / 2][turn % 2]);
		buf_release(&lines);
	}
}

static void test_resumption_store(void **state)
{
	(void)state;
	struct tls_resumption *r = tls_resumption_new();
	static const uint8_t zeros[40];
	uint8_t out[4];
	const struct slice one = SLICE("1111"), two = SLICE("2222");
	tls_resumption_add(r, TLS_SESSION_ID, SLICE("name"), one);
	tls_resumption_add(r, TLS_SESSION_ID, SLICE("name"), two);
	tls_resumption_add(r, TLS_SESSION_TICKET, SLICE("name"), two);
	tls_resumption_add(r, TLS_SESSION_ID, SLICE(""), one);
	tls_resumption_add(r, TLS_SESSION_ID, (struct slice){zeros, 33}, one);
	assert_int_equal(tls_resumption_count(r), 2);
	assert_true(
	    tls_resumption_find(r, TLS_SESSION_ID, SLICE("name"), out, 4));
	assert_memory_equal(out, "1111", 4);
	assert_true(
	    tls_resumption_find(r, TLS_SESSION_TICKET, SLICE("name"), out, 4));
	assert_memory_equal(out, "2222", 4);
	assert_false(
	    tls_resumption_find(r, TLS_SESSION_ID, SLICE("name"), out, 3));
	assert_false(tls_resumption_find(r, TLS_SESSION_ID, SLICE(""), out, 4));
	assert_false(tls_resumption_find(r, TLS_SESSION_ID,
					 (struct slice){zeros, 32}, out, 4));
	tls_resumption_free(r);
}

static void test_reasons(void **state)
{
	(void)state;
	struct tls_opened *o;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		if (strstr(kinds[i].ciphers ? kinds[i].ciphers : "", "NULL"))
			continue;
		converse(&kinds[i]);
		flow_make(1448, NOTHING_LOST);
		assert_int_equal(open_with(SLICE(""), &o), TLS_NO_SECRETS);
		/* Each secret backwards: those of another connection. */
		struct buf wrong = {0};
		buf_add(&wrong, buf_slice(&keys));
		for (size_t at = 0; at + 1 < wrong.len; at++)
			if (wrong.data[at + 1] == '\n')
				wrong.data[at] =
				    wrong.data[at] == '0' ? '1' : '0';
		assert_int_equal(open_with(buf_slice(&wrong), &o),
				 TLS_WRONG_SECRETS);
		buf_release(&wrong);
	}
	flow_make(1448, NOTHING_LOST);
	wire[CLIENT].data[5] = 2;
	assert_int_equal(open_with(buf_slice(&keys), &o), TLS_NO_HANDSHAKE);
	wire[CLIENT].data[5] = 1;
	wire[SERVER].len = 0;
	flow_make(1448, NOTHING_LOST);
	assert_int_equal(open_with(buf_slice(&keys), &o), TLS_NO_HANDSHAKE);
}

/* Of a suite that nobody can read, and of compressed records. */
static void test_unreadable(void **state)
{
	(void)state;
	struct tls_opened *o;
	converse(&kinds[3]);
	uint8_t *session = wire[SERVER].data + 5 + 4 + 2 + 32;
	uint8_t *suite = session + 1 + *session;
	uint8_t was[3];
	memcpy(was, suite, sizeof was);
	suite[0] = suite[1] = 0xee;
	flow_make(1448, NOTHING_LOST);
	assert_int_equal(open_with(buf_slice(&keys), &o), TLS_NO_CIPHER);
	memcpy(suite, was, sizeof was);
	suite[2] = 1;
	assert_int_equal(open_with(buf_slice(&keys), &o), TLS_COMPRESSED);
}

static uint32_t next_random(void)
{
	static uint32_t random = 9;
	random = random * 1664525 + 1013904223;
	return random >> 8;
}

/* Handshakes and records with garbage in them: whatever comes out was said. */
static void test_garbage(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		converse(&kinds[i]);
		for (int round = 0; round < 300; round++) {
			struct buf *w = &wire[next_random() & 1];
			size_t near = round & 1 ? w->len : 600;
			size_t at =
			    next_random() % (near < w->len ? near : w->len);
			uint8_t was = w->data[at];
			struct tls_opened *o;
			w->data[at] = (uint8_t)next_random();
			flow_make(round & 2 ? 1448 : 333, SERVER,
				  round & 4 ? next_random() % 20 : SIZE_MAX);
			open_with(buf_slice(&keys), &o);
			tls_opened_free(o);
			w->data[at] = was;
		}
	}
}

/* Records of every length, in place of those that were said. */
static void test_record_lengths(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(kinds); i++) {
		converse(&kinds[i]);
		struct buf whole = wire[SERVER];
		for (size_t len = 0; len < 80; len++) {
			struct tls_opened *o;
			wire[SERVER] = (struct buf){0};
			buf_add(&wire[SERVER],
				slice_to(buf_slice(&whole), data_from[SERVER]));
			for (int k = 0; k < 4; k++) {
				buf_add_byte(&wire[SERVER], 23);
				buf_add(&wire[SERVER], SLICE("\x03\x03"));
				buf_add_byte(&wire[SERVER],
					     (uint8_t)(len >> 8));
				buf_add_byte(&wire[SERVER], (uint8_t)len);
				buf_add(&wire[SERVER],
					slice_to(buf_slice(&whole), len));
			}
			flow_make(1448, NOTHING_LOST);
			if (open_with(buf_slice(&keys), &o) == TLS_READ &&
			    is_exact(&kinds[i]))
				assert_said(o, SERVER);
			tls_opened_free(o);
			buf_release(&wire[SERVER]);
		}
		wire[SERVER] = whole;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_kinds),
	    cmocka_unit_test(test_p19_facts),
	    cmocka_unit_test(test_p9_losses),
	    cmocka_unit_test(test_p9_losses_of_records),
	    cmocka_unit_test(test_p9_losses_of_handshakes),
	    cmocka_unit_test(test_losses_of_cbc),
	    cmocka_unit_test(test_damage),
	    cmocka_unit_test(test_cut),
	    cmocka_unit_test(test_p9_key_update),
	    cmocka_unit_test(test_traffic_secrets_alone),
	    cmocka_unit_test(test_p9_resumption),
	    cmocka_unit_test(test_resumption_store),
	    cmocka_unit_test(test_reasons),
	    cmocka_unit_test(test_unreadable),
	    cmocka_unit_test(test_garbage),
	    cmocka_unit_test(test_record_lengths),
	};
	log_init("test_tls");
	return cmocka_run_group_tests(tests, tls_setup, tls_teardown);
}
