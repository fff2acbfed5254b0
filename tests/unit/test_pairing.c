/* Connections depend on each other where one of TLS resumes the session of
 * another: whichever was recorded first, both are read. */
#include "unit.h"

#include "tls_ends.h"

#include "capture/pairing.h"

#define ASKED(n) "GET /" #n " HTTP/1.1\r\nHost: site.test\r\n\r\n"
#define BEFORE                                                                 \
	8 /* resumed ones: no core comes to the last before any of them */
#define ANSWERED "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static struct buf wires[2][2]; /* of the first talk, of the one it resumes */
static struct buf lines;       /* the key log of the first */

static void say_text(int side, const char *text)
{
	uint8_t bytes[1024];
	int len = (int)strlen(text);
	assert_int_equal(SSL_write(ends[side], text, len), len);
	pass(side);
	assert_int_equal(SSL_read(ends[!side], bytes, sizeof bytes), len);
}

static void talk(const struct talk_kind *k, struct buf kept[2],
		 const char *asked)
{
	talk_begin(k);
	say_text(CLIENT, asked);
	say_text(SERVER, ANSWERED);
	talk_close();
	for (int side = 0; side < 2; side++) {
		buf_clear(&kept[side]);
		buf_add(&kept[side], buf_slice(&wire[side]));
	}
}

static void talk_twice(int version)
{
	struct talk_kind k = {.version = version};
	talk(&k, wires[0], ASKED(1));
	buf_clear(&lines);
	buf_add(&lines, buf_slice(&keys));
	k.resumes = true;
	talk(&k, wires[1], ASKED(2));
}

static void add_segment(struct flows *f, int side, uint16_t port, uint8_t flags,
			struct slice bytes)
{
	static int64_t now;
	struct endpoint client = {{4, {192, 0, 2, 1}}, port};
	struct endpoint server = {{4, {192, 0, 2, 2}}, 443};
	struct packet p = {
	    .kind = PACKET_TCP,
	    .from = side == CLIENT ? client : server,
	    .to = side == CLIENT ? server : client,
	    .payload = bytes,
	    .time = ++now,
	    .seq = flags & TCP_SYN ? 0 : 1,
	    .ack = flags & TCP_ACK ? 1 : 0,
	    .flags = flags,
	};
	flows_add(f, &p);
}

static void add_talk(struct flows *f, uint16_t port, const struct buf bytes[2])
{
	static const struct slice none;
	add_segment(f, CLIENT, port, TCP_SYN, none);
	add_segment(f, SERVER, port, TCP_SYN | TCP_ACK, none);
	add_segment(f, CLIENT, port, TCP_ACK, buf_slice(&bytes[CLIENT]));
	add_segment(f, SERVER, port, TCP_ACK, buf_slice(&bytes[SERVER]));
}

/* Reads all, those that resume first; returns how many exchanges were
 * found. */
static size_t read_all(struct slice log)
{
	struct source *source = source_new(NULL);
	struct names *names = names_new();
	struct secrets *s = secrets_new();
	struct flows *f = flows_new(0);
	struct conversations *beside = conversations_new(names);
	size_t count;
	keylog_add(s->keylog, log);
	for (uint16_t i = 0; i < BEFORE; i++)
		add_talk(f, 50000 + i, wires[1]);
	add_talk(f, 50000 + BEFORE, wires[0]);
	struct pairing *p = pairing_run(f, names, source, spool, s, beside);
	const struct exchange *e = pairing_exchanges(p, &count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(e[i].state, EXCHANGE_COMPLETE);
		assert_true(e[i].https);
		assert_text(exchange_target(&e[i]),
			    e[i].flow->number == BEFORE ? "/1" : "/2");
		assert_int_equal(e[i].body_bytes, 2);
	}
	size_t told;
	const struct conversation *c = conversations_list(beside, &told);
	assert_int_equal(told, BEFORE + 1);
	for (size_t i = 0; i < told; i++) {
		assert_int_equal(c[i].ends[0].port, 50000 + i);
		assert_int_equal(c[i].decrypted, count > 0);
		assert_int_equal(!c[i].unread, count > 0);
	}
	pairing_free(p);
	conversations_free(beside);
	flows_free(f);
	secrets_free(s);
	names_free(names);
	source_free(source);
	return count;
}

static void test_session_resumed_before_it_was_known(void **state)
{
	(void)state;
	talk_twice(TLS1_2_VERSION);
	assert_int_equal(read_all(buf_slice(&lines)), BEFORE + 1);
	assert_int_equal(read_all((struct slice){0}), 0);
}

static int teardown(void **state)
{
	for (int i = 0; i < 4; i++)
		buf_release(&wires[i / 2][i % 2]);
	buf_release(&lines);
	return tls_teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_session_resumed_before_it_was_known),
	};
	return cmocka_run_group_tests_name("pairing", tests, tls_setup,
					   teardown);
}
