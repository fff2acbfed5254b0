/* The hellos of QUIC clients: the packets that the RFCs print, pieces in any
 * order, and packets of any other kind. */
#include "guard.h"
#include "unit.h"

#include "tests/captures/quic_seal.h"

#include "capture/fingerprint.h"
#include "capture/hello.h"
#include "capture/quic.h"
#include "capture/quic_keys.h"

#include <stdlib.h>

#define LEN 1200 /* of a datagram: RFC 9000 14.1 */
#define TAG 16
#define LARGE 4096

/* RFC 9001 A.2: what the client says first, its packet's number is 2. */
static const char crypto_frame[] =
    "060040f1010000ed0303ebf8fa56f12939b9584a3896472ec40bb863cfd3e868"
    "04fe3a47f06a2b69484c00000413011302010000c000000010000e00000b6578"
    "616d706c652e636f6dff01000100000a00080006001d00170018001000070005"
    "04616c706e000500050100000000003300260024001d00209370b2c9caa47fba"
    "baf4559fedba753de171fa71f50f1ce15d43e994ec74d748002b000302030400"
    "0d0010000e0403050306030203080408050806002d00020101001c0002400100"
    "3900320408ffffffffffffffff05048000ffff07048000ffff08011001048000"
    "75300901100f088394c8f03e51570806048000ffff";

/* The whole datagram: RFC 9001 A.2, RFC 9369 A.2. */
static const char protected_v1[] =
    "c000000001088394c8f03e5157080000449e7b9aec34d1b1c98dd7689fb8ec11"
    "d242b123dc9bd8bab936b47d92ec356c0bab7df5976d27cd449f63300099f399"
    "1c260ec4c60d17b31f8429157bb35a1282a643a8d2262cad67500cadb8e7378c"
    "8eb7539ec4d4905fed1bee1fc8aafba17c750e2c7ace01e6005f80fcb7df6212"
    "30c83711b39343fa028cea7f7fb5ff89eac2308249a02252155e2347b63d58c5"
    "457afd84d05dfffdb20392844ae812154682e9cf012f9021a6f0be17ddd0c208"
    "4dce25ff9b06cde535d0f920a2db1bf362c23e596d11a4f5a6cf3948838a3aec"
    "4e15daf8500a6ef69ec4e3feb6b1d98e610ac8b7ec3faf6ad760b7bad1db4ba3"
    "485e8a94dc250ae3fdb41ed15fb6a8e5eba0fc3dd60bc8e30c5c4287e53805db"
    "059ae0648db2f64264ed5e39be2e20d82df566da8dd5998ccabdae053060ae6c"
    "7b4378e846d29f37ed7b4ea9ec5d82e7961b7f25a9323851f681d582363aa5f8"
    "9937f5a67258bf63ad6f1a0b1d96dbd4faddfcefc5266ba6611722395c906556"
    "be52afe3f565636ad1b17d508b73d8743eeb524be22b3dcbc2c7468d54119c74"
    "68449a13d8e3b95811a198f3491de3e7fe942b330407abf82a4ed7c1b311663a"
    "c69890f4157015853d91e923037c227a33cdd5ec281ca3f79c44546b9d90ca00"
    "f064c99e3dd97911d39fe9c5d0b23a229a234cb36186c4819e8b9c5927726632"
    "291d6a418211cc2962e20fe47feb3edf330f2c603a9d48c0fcb5699dbfe58964"
    "25c5bac4aee82e57a85aaf4e2513e4f05796b07ba2ee47d80506f8d2c25e50fd"
    "14de71e6c418559302f939b0e1abd576f279c4b2e0feb85c1f28ff18f58891ff"
    "ef132eef2fa09346aee33c28eb130ff28f5b766953334113211996d20011a198"
    "e3fc433f9f2541010ae17c1bf202580f6047472fb36857fe843b19f5984009dd"
    "c324044e847a4f4a0ab34f719595de37252d6235365e9b84392b061085349d73"
    "203a4a13e96f5432ec0fd4a1ee65accdd5e3904df54c1da510b0ff20dcc0c77f"
    "cb2c0e0eb605cb0504db87632cf3d8b4dae6e705769d1de354270123cb11450e"
    "fc60ac47683d7b8d0f811365565fd98c4c8eb936bcab8d069fc33bd801b03ade"
    "a2e1fbc5aa463d08ca19896d2bf59a071b851e6c239052172f296bfb5e724047"
    "90a2181014f3b94a4e97d117b438130368cc39dbb2d198065ae3986547926cd2"
    "162f40a29f0c3c8745c0f50fba3852e566d44575c29d39a03f0cda721984b6f4"
    "40591f355e12d439ff150aab7613499dbd49adabc8676eef023b15b65bfc5ca0"
    "6948109f23f350db82123535eb8a7433bdabcb909271a6ecbcb58b936a88cd4e"
    "8f2e6ff5800175f113253d8fa9ca8885c2f552e657dc603f252e1a8e308f76f0"
    "be79e2fb8f5d5fbbe2e30ecadd220723c8c0aea8078cdfcb3868263ff8f09400"
    "54da48781893a7e49ad5aff4af300cd804a6b6279ab3ff3afb64491c85194aab"
    "760d58a606654f9f4400e8b38591356fbf6425aca26dc85244259ff2b19c41b9"
    "f96f3ca9ec1dde434da7d2d392b905ddf3d1f9af93d1af5950bd493f5aa731b4"
    "056df31bd267b6b90a079831aaf579be0a39013137aac6d404f518cfd4684064"
    "7e78bfe706ca4cf5e9c5453e9f7cfd2b8b4c8d169a44e55c88d4a9a7f9474241"
    "e221af44860018ab0856972e194cd934";
static const char protected_v2[] =
    "d76b3343cf088394c8f03e5157080000449ea0c95e82ffe67b6abcdb4298b485"
    "dd04de806071bf03dceebfa162e75d6c96058bdbfb127cdfcbf903388e99ad04"
    "9f9a3dd4425ae4d0992cfff18ecf0fdb5a842d09747052f17ac2053d21f57c5d"
    "250f2c4f0e0202b70785b7946e992e58a59ac52dea6774d4f03b55545243cf1a"
    "12834e3f249a78d395e0d18f4d766004f1a2674802a747eaa901c3f10cda5500"
    "cb9122faa9f1df66c392079a1b40f0de1c6054196a11cbea40afb6ef5253cd68"
    "18f6625efce3b6def6ba7e4b37a40f7732e093daa7d52190935b8da58976ff33"
    "12ae50b187c1433c0f028edcc4c2838b6a9bfc226ca4b4530e7a4ccee1bfa2a3"
    "d396ae5a3fb512384b2fdd851f784a65e03f2c4fbe11a53c7777c023462239dd"
    "6f7521a3f6c7d5dd3ec9b3f233773d4b46d23cc375eb198c63301c21801f6520"
    "bcfb7966fc49b393f0061d974a2706df8c4a9449f11d7f3d2dcbb90c6b877045"
    "636e7c0c0fe4eb0f697545460c806910d2c355f1d253bc9d2452aaa549e27a1f"
    "ac7cf4ed77f322e8fa894b6a83810a34b361901751a6f5eb65a0326e07de7c12"
    "16ccce2d0193f958bb3850a833f7ae432b65bc5a53975c155aa4bcb4f7b2c4e5"
    "4df16efaf6ddea94e2c50b4cd1dfe06017e0e9d02900cffe1935e0491d77ffb4"
    "fdf85290fdd893d577b1131a610ef6a5c32b2ee0293617a37cbb08b847741c3b"
    "8017c25ca9052ca1079d8b78aebd47876d330a30f6a8c6d61dd1ab5589329de7"
    "14d19d61370f8149748c72f132f0fc99f34d766c6938597040d8f9e2bb522ff9"
    "9c63a344d6a2ae8aa8e51b7b90a4a806105fcbca31506c446151adfeceb51b91"
    "abfe43960977c87471cf9ad4074d30e10d6a7f03c63bd5d4317f68ff325ba3bd"
    "80bf4dc8b52a0ba031758022eb025cdd770b44d6d6cf0670f4e990b22347a7db"
    "848265e3e5eb72dfe8299ad7481a408322cac55786e52f633b2fb6b614eaed18"
    "d703dd84045a274ae8bfa73379661388d6991fe39b0d93debb41700b41f90a15"
    "c4d526250235ddcd6776fc77bc97e7a417ebcb31600d01e57f32162a8560cacc"
    "7e27a096d37a1a86952ec71bd89a3e9a30a2a26162984d7740f81193e8238e61"
    "f6b5b984d4d3dfa033c1bb7e4f0037febf406d91c0dccf32acf423cfa1e70710"
    "10d3f270121b493ce85054ef58bada42310138fe081adb04e2bd901f2f13458b"
    "3d6758158197107c14ebb193230cd1157380aa79cae1374a7c1e5bbcb80ee23e"
    "06ebfde206bfb0fcbc0edc4ebec309661bdd908d532eb0c6adc38b7ca7331dce"
    "8dfce39ab71e7c32d318d136b6100671a1ae6a6600e3899f31f0eed19e3417d1"
    "34b90c9058f8632c798d4490da4987307cba922d61c39805d072b589bd52fdf1"
    "e86215c2d54e6670e07383a27bbffb5addf47d66aa85a0c6f9f32e59d85a44dd"
    "5d3b22dc2be80919b490437ae4f36a0ae55edf1d0b5cb4e9a3ecabee93dfc6e3"
    "8d209d0fa6536d27a5d6fbb17641cde27525d61093f1b28072d111b2b4ae5f89"
    "d5974ee12e5cf7d5da4d6a31123041f33e61407e76cffcdcfd7e19ba58cf4b53"
    "6f4c4938ae79324dc402894b44faf8afbab35282ab659d13c93f70412e85cb19"
    "9a37ddec600545473cfb5a05e08d0b209973b2172b4d21fb69745a262ccde96b"
    "a18b2faa745b6fe189cf772a9f84cbfc";

#define RFC_ID                                                                 \
	{                                                                      \
		0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08                 \
	}
#define HEAD 4 /* of the CRYPTO frame above, before the hello */

static void unhex(struct buf *out, const char *hex)
{
	for (; *hex; hex += 2) {
		char digits[3] = {hex[0], hex[1], 0};
		buf_add_byte(out, (uint8_t)strtoul(digits, NULL, 16));
	}
}

static void put_hello(struct buf *out)
{
	struct buf frame = {0};
	unhex(&frame, crypto_frame);
	buf_add(out, slice_from(buf_slice(&frame), HEAD));
	buf_release(&frame);
}

/* ---- making datagrams ---- */

static void put_crypto(struct buf *out, struct slice hello, size_t from,
		       size_t to)
{
	buf_add_byte(out, 6);
	buf_add_byte(out, (uint8_t)(0x40 | from >> 8));
	buf_add_byte(out, (uint8_t)from);
	buf_add_byte(out, (uint8_t)(0x40 | (to - from) >> 8));
	buf_add_byte(out, (uint8_t)(to - from));
	buf_add(out, slice_to(slice_from(hello, from), to - from));
}

static struct quic_seal seal_of(uint32_t version)
{
	return (struct quic_seal){
	    .version = version, .id = RFC_ID, .id_len = 8, .number_len = 1};
}

/* Appends a packet of at least size bytes; number goes up. */
static void put_packet(struct buf *out, struct quic_seal *s,
		       struct slice frames, size_t size)
{
	struct buf padded = {0};
	uint8_t *packet = xmalloc(QUIC_SEAL_MAX);
	buf_add(&padded, frames);
	size_t head = 10U + s->id_len + s->token_len + s->number_len + TAG;
	while (padded.len + head < size || padded.len < 4)
		buf_add_byte(&padded, 0);
	size_t len = quic_seal(packet, s, padded.data, padded.len);
	buf_add(out, (struct slice){packet, len});
	s->number++;
	free(packet);
	buf_release(&padded);
}

/* Says the frames in a datagram of their own. What is known of the hello by
 * it is appended to hello; returns what quic_add does. */
static bool say(struct quic *q, uint32_t connection, struct quic_seal *s,
		struct slice frames, struct buf *hello)
{
	struct buf datagram = {0};
	struct slice found;
	put_packet(&datagram, s, frames, LEN);
	assert_true(quic_is_initial(buf_slice(&datagram)));
	bool more = quic_add(q, connection, 0, buf_slice(&datagram), &found);
	buf_clear(hello);
	if (more)
		buf_add(hello, found);
	buf_release(&datagram);
	return more;
}

static bool say_part(struct quic *q, struct quic_seal *s, struct slice hello,
		     size_t from, size_t to, struct buf *found)
{
	struct buf frames = {0};
	put_crypto(&frames, hello, from, to);
	bool more = say(q, 0, s, buf_slice(&frames), found);
	buf_release(&frames);
	return more;
}

static struct buf rfc_hello(void)
{
	struct buf hello = {0};
	put_hello(&hello);
	return hello;
}

static void assert_same(const struct buf *a, const struct buf *b)
{
	assert_true(slice_equal(buf_slice(a), buf_slice(b)));
}

/* ---- the RFCs' ---- */

static void assert_hex(const uint8_t *bytes, const char *hex)
{
	struct buf want = {0};
	unhex(&want, hex);
	assert_memory_equal(bytes, want.data, want.len);
	buf_release(&want);
}

static void test_keys(void **state)
{
	(void)state;
	static const uint8_t id[] = RFC_ID;
	struct slice from = {id, sizeof id};
	struct quic_keys k;
	uint8_t sample[QUIC_SAMPLE_LEN], mask[5];
	struct buf b = {0};
	assert_true(quic_client_keys(QUIC_V1, from, &k)); /* RFC 9001 A.1 */
	assert_hex(k.key, "1f369613dd76d5467730efcbe3b1a22d");
	assert_hex(k.iv, "fa044b2f42a3fd3b46fb255c");
	assert_hex(k.header, "9f50449e04a0e810283a1e9933adedd2");
	unhex(&b, "d1b1c98dd7689fb8ec11d242b123dc9b"); /* A.2 */
	memcpy(sample, b.data, b.len);
	assert_true(quic_mask(&k, sample, mask));
	assert_hex(mask, "437b9aec36");
	assert_true(quic_client_keys(QUIC_V2, from, &k)); /* RFC 9369 A.1 */
	assert_hex(k.key, "8b1a0bc121284290a29e0971b5cd045d");
	assert_hex(k.iv, "91f73e2351d8fa91660e909f");
	assert_hex(k.header, "45b95e15235d6f45a6b19cbcb0294ba9");
	buf_release(&b);
}

static void read_vector(const char *hex)
{
	struct quic *q = quic_new();
	struct buf datagram = {0}, want = rfc_hello();
	struct slice found;
	struct hello h;
	struct fingerprint f;
	unhex(&datagram, hex);
	assert_int_equal(datagram.len, LEN);
	struct guard g = guard_copy(buf_slice(&datagram));
	assert_true(quic_is_initial(g.bytes));
	assert_true(quic_add(q, 0, 0, g.bytes, &found));
	assert_true(slice_equal(found, buf_slice(&want)));
	assert_true(hello_parse(&h, found));
	assert_true(h.whole);
	assert_text(hello_name(&h), "example.com");
	assert_true(fingerprint_quic(found, &f));
	/* As a program of its own in Python finds it. */
	assert_string_equal(f.ja4, "q13d0211an_62ed6f6ca7ad_4d634acda6c0");
	/* the same again tells nothing more */
	assert_false(quic_add(q, 0, 0, g.bytes, &found));
	guard_free(&g);
	buf_release(&datagram);
	buf_release(&want);
	quic_free(q);
}

static void test_vectors(void **state)
{
	(void)state;
	read_vector(protected_v1);
	read_vector(protected_v2);
}

static void test_versions(void **state)
{
	(void)state;
	static const struct {
		uint32_t version;
		const char *salt; /* NULL: not known */
	} table[] = {
	    {0xff00001d, "afbfec289993d24c9e9786f19c6111e04390a899"},
	    {0xff000020, "afbfec289993d24c9e9786f19c6111e04390a899"},
	    {0xff000021, "38762cf7f55934b34d179ae6a4c80cadccbb7f0a"},
	    {0xff000022, "38762cf7f55934b34d179ae6a4c80cadccbb7f0a"},
	    {0xff00001c, "c3eef712c72ebb5a11a7d2432bb46365bef9f502"},
	    {0xff000016, "7fbcdb0e7c66bbe9193a96cd21519ebd7a02644a"},
	    {0xfaceb002, "c3eef712c72ebb5a11a7d2432bb46365bef9f502"},
	    {0xff000015, NULL},
	    {0xff000023, NULL},
	    {0, NULL},
	    {2, NULL},
	    {0x51303530, NULL},
	    {0x0a0a0a0a, NULL},
	};
	struct buf hello = rfc_hello(), found = {0}, salt = {0};
	for (uint32_t i = 0; i < COUNT(table); i++) {
		assert_int_equal(quic_version_known(table[i].version),
				 table[i].salt != NULL);
		if (!table[i].salt)
			continue;
		struct quic *q = quic_new();
		struct quic_seal s = seal_of(table[i].version);
		buf_clear(&salt);
		unhex(&salt, table[i].salt);
		s.salt = salt.data;
		assert_true(
		    say_part(q, &s, buf_slice(&hello), 0, hello.len, &found));
		assert_same(&found, &hello);
		quic_free(q);
	}
	buf_release(&hello);
	buf_release(&found);
	buf_release(&salt);
}

/* ---- pieces ---- */

/* Three datagrams in each order, their parts overlapping. */
static void test_orders(void **state)
{
	(void)state;
	static const int orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
					{1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	struct buf hello = rfc_hello(), found = {0};
	const size_t ends[][2] = {{0, 90}, {70, 180}, {170, hello.len}};
	for (size_t i = 0; i < COUNT(orders); i++) {
		struct quic *q = quic_new();
		struct quic_seal s = seal_of(QUIC_V1);
		for (int k = 0; k < 3; k++) {
			const size_t *e = ends[orders[i][k]];
			bool more = say_part(q, &s, buf_slice(&hello), e[0],
					     e[1], &found);
			/* what begins is told as far as it goes */
			assert_true(more == (k == 2 || found.len > 0));
			assert_memory_equal(found.data, hello.data, found.len);
		}
		assert_same(&found, &hello);
		quic_free(q);
	}
	buf_release(&hello);
	buf_release(&found);
}

static uint32_t random_below(uint32_t *seed, uint32_t end)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % end;
}

static void put_other_frames(struct buf *out, uint32_t kind)
{
	switch (kind) {
	case 0:
		buf_add(out, SLICE("\0\0\0"));
		break;
	case 1:
		buf_add(out, SLICE("\x01"));
		break;
	case 2: /* ACK of one range more */
		buf_add(out, SLICE("\x02\x0a\x40\x19\x01\x02\x03\x04"));
		break;
	case 3: /* with ECN counts */
		buf_add(out, SLICE("\x03\x05\x00\x00\x01\x01\x02\x03"));
		break;
	}
}

/* As browsers scramble it: cuts anywhere, frames in any order, some of them
 * twice, over several datagrams, other frames between. */
static void test_scrambled(void **state)
{
	(void)state;
	struct buf hello = rfc_hello(), found = {0}, last = {0}, frames = {0};
	for (uint32_t seed = 1; seed < 200;) {
		uint32_t random = seed++;
		struct quic *q = quic_new();
		struct quic_seal s = seal_of(seed & 1 ? QUIC_V1 : QUIC_V2);
		size_t step = 1 + random_below(&random, 60);
		uint32_t parts = (uint32_t)((hello.len + step - 1) / step);
		uint32_t first = random_below(&random, parts);
		uint32_t stride = parts > 2 ? parts - 1 : 1; /* backwards */
		buf_clear(&last);
		for (uint32_t i = 0; i < 2 * parts; i++) {
			size_t at = (first + i * stride) % parts * step;
			size_t end = at + step + random_below(&random, 9);
			end = end < hello.len ? end : hello.len;
			put_other_frames(&frames, random_below(&random, 5));
			put_crypto(&frames, buf_slice(&hello), at, end);
			if (frames.len < 700 && i + 1 < 2 * parts)
				continue;
			if (say(q, 3, &s, buf_slice(&frames), &found)) {
				buf_clear(&last);
				buf_add(&last, buf_slice(&found));
			}
			buf_clear(&frames);
		}
		assert_same(&last, &hello);
		quic_free(q);
	}
	buf_release(&hello);
	buf_release(&found);
	buf_release(&last);
	buf_release(&frames);
}

/* A copy that contradicts comes too late. */
static void test_first_counts(void **state)
{
	(void)state;
	struct quic *q = quic_new();
	struct quic_seal s = seal_of(QUIC_V1);
	struct buf hello = rfc_hello(), other = rfc_hello(), found = {0};
	for (size_t i = 0; i < 120; i++)
		other.data[i] ^= 0x55;
	assert_true(say_part(q, &s, buf_slice(&hello), 0, 100, &found));
	assert_true(say_part(q, &s, buf_slice(&other), 0, other.len, &found));
	assert_int_equal(found.len, hello.len);
	assert_memory_equal(found.data, hello.data, 100);
	assert_memory_equal(found.data + 100, other.data + 100,
			    other.len - 100);
	quic_free(q);
	buf_release(&hello);
	buf_release(&other);
	buf_release(&found);
}

/* ---- packets ---- */

/* Two Initial packets in a datagram, 0-RTT between and a token in both. */
static void test_coalesced(void **state)
{
	(void)state;
	static const uint8_t early[] = "\xd0\0\0\0\1\x08\x83\x94\xc8\xf0\x3e"
				       "\x51\x57\x08\0\x14"
				       "01234567890123456789";
	struct quic *q = quic_new();
	struct quic_seal s = seal_of(QUIC_V1);
	struct buf hello = rfc_hello(), frames = {0}, datagram = {0};
	struct slice found;
	s.token = (const uint8_t *)"token";
	s.token_len = 5;
	put_crypto(&frames, buf_slice(&hello), 100, hello.len);
	put_packet(&datagram, &s, buf_slice(&frames), 0);
	buf_add(&datagram, (struct slice){early, sizeof early - 1});
	buf_clear(&frames);
	put_crypto(&frames, buf_slice(&hello), 0, 100);
	put_packet(&datagram, &s, buf_slice(&frames), LEN - datagram.len);
	assert_true(quic_is_initial(buf_slice(&datagram)));
	assert_true(quic_add(q, 0, 1, buf_slice(&datagram), &found));
	assert_true(slice_equal(found, buf_slice(&hello)));
	quic_free(q);
	buf_release(&hello);
	buf_release(&frames);
	buf_release(&datagram);
}

/* Behind so many packets nothing is looked for. */
static void test_packets_of_a_datagram(void **state)
{
	(void)state;
	struct quic *q = quic_new();
	struct buf hello = rfc_hello(), frames = {0}, datagram = {0};
	struct slice found;
	put_crypto(&frames, buf_slice(&hello), 0, hello.len);
	for (uint32_t before = QUIC_PACKETS_MAX - 1; before <= QUIC_PACKETS_MAX;
	     before++) {
		struct quic_seal s = seal_of(QUIC_V1);
		buf_clear(&datagram);
		for (uint32_t i = 0; i < before; i++)
			put_packet(&datagram, &s, SLICE("\x01"), 0);
		put_packet(&datagram, &s, buf_slice(&frames),
			   LEN - datagram.len);
		assert_true(quic_add(q, before, 0, buf_slice(&datagram),
				     &found) == (before < QUIC_PACKETS_MAX));
	}
	quic_free(q);
	buf_release(&hello);
	buf_release(&frames);
	buf_release(&datagram);
}

/* The second half goes to the ID that the server chose, under the same keys;
 * after a Retry all of it goes to another ID, under keys of that. */
static void test_other_ids(void **state)
{
	(void)state;
	struct quic *q = quic_new();
	struct quic_seal s = seal_of(QUIC_V1);
	struct buf hello = rfc_hello(), found = {0};
	struct slice all = buf_slice(&hello);
	assert_true(say_part(q, &s, all, 0, 100, &found));
	memcpy(s.first_id, s.id, s.id_len);
	s.first_id_len = s.id_len;
	memcpy(s.id, "server", 6);
	s.id_len = 6;
	assert_true(say_part(q, &s, all, 100, all.len, &found));
	assert_same(&found, &hello);
	/* Retry, in the middle of the next one. */
	s = seal_of(QUIC_V1);
	memcpy(s.id, "no. two!", 8);
	assert_true(say_part(q, &s, all, 0, 100, &found));
	memcpy(s.id, "retried!", 8);
	assert_false(say_part(q, &s, all, 100, all.len, &found));
	assert_true(say_part(q, &s, all, 0, 100, &found));
	assert_same(&found, &hello);
	quic_free(q);
	buf_release(&hello);
	buf_release(&found);
}

/* A client begins with an ID of eight bytes or more: RFC 9000 7.2. */
static void test_short_id(void **state)
{
	(void)state;
	struct buf hello = rfc_hello(), found = {0};
	for (uint8_t len = 7; len <= 20; len++) {
		struct quic *q = quic_new();
		struct quic_seal s = seal_of(QUIC_V1);
		s.id_len = len;
		assert_true(say_part(q, &s, buf_slice(&hello), 0, hello.len,
				     &found) == (len > 7));
		quic_free(q);
	}
	buf_release(&hello);
	buf_release(&found);
}

/* Once one end is known to be the client, what the other one says is not
 * looked at, valid as it may be. */
static void test_sides(void **state)
{
	(void)state;
	struct quic *q = quic_new();
	struct quic_seal s = seal_of(QUIC_V1);
	struct buf hello = rfc_hello(), frames = {0}, found = {0};
	struct buf datagram = {0};
	struct slice part;
	assert_true(say_part(q, &s, buf_slice(&hello), 0, 100, &found));
	put_crypto(&frames, buf_slice(&hello), 100, hello.len);
	put_packet(&datagram, &s, buf_slice(&frames), LEN);
	assert_false(quic_add(q, 0, 1, buf_slice(&datagram), &part));
	assert_true(quic_add(q, 0, 0, buf_slice(&datagram), &part));
	assert_true(slice_equal(part, buf_slice(&hello)));
	quic_free(q);
	buf_release(&hello);
	buf_release(&frames);
	buf_release(&found);
	buf_release(&datagram);
}

/* ---- what is none ---- */

/* A byte changed anywhere, and nothing is told. */
static void test_corrupted(void **state)
{
	(void)state;
	struct quic *q = quic_new();
	struct buf datagram = {0};
	struct slice found;
	unhex(&datagram, protected_v1);
	for (uint32_t i = 0; i < datagram.len; i++) {
		datagram.data[i] ^= (uint8_t)(1 << i % 8);
		assert_false(quic_add(q, i, 0, buf_slice(&datagram), &found));
		datagram.data[i] ^= (uint8_t)(1 << i % 8);
	}
	assert_true(quic_add(q, LARGE, 0, buf_slice(&datagram), &found));
	quic_free(q);
	buf_release(&datagram);
}

/* Cut at each byte: no datagram to begin with; and no byte behind it is read,
 * whoever asks. */
static void test_truncated(void **state)
{
	(void)state;
	struct quic *q = quic_new();
	struct buf datagram = {0};
	struct slice found;
	unhex(&datagram, protected_v2);
	for (uint32_t len = 0; len < LEN; len++) {
		struct guard g =
		    guard_copy(slice_to(buf_slice(&datagram), len));
		assert_false(quic_is_initial(g.bytes));
		assert_false(quic_add(q, len, 0, g.bytes, &found));
		guard_free(&g);
	}
	quic_free(q);
	buf_release(&datagram);
}

/* Frames cut at each byte, under a valid tag. */
static void test_cut_frames(void **state)
{
	(void)state;
	struct quic *q = quic_new();
	struct buf frames = {0}, datagram = {0}, hello = rfc_hello();
	struct slice found;
	put_other_frames(&frames, 2);
	put_other_frames(&frames, 3);
	put_crypto(&frames, buf_slice(&hello), 0, hello.len);
	for (uint32_t len = 4; len <= frames.len; len++) {
		struct quic_seal s = seal_of(QUIC_V1);
		buf_clear(&datagram);
		put_packet(&datagram, &s, slice_to(buf_slice(&frames), len), 0);
		struct guard g = guard_copy(buf_slice(&datagram));
		assert_false(quic_is_initial(g.bytes)); /* too short */
		bool more = quic_add(q, len, 0, g.bytes, &found);
		assert_true(more == (len == frames.len));
		guard_free(&g);
	}
	quic_free(q);
	buf_release(&frames);
	buf_release(&datagram);
	buf_release(&hello);
}

static void test_no_hello(void **state)
{
	(void)state;
	static const struct slice table[] = {
	    SLICE("\x06\x00\x08\x02\x00\x00\x04"
		  "abcd"),                           /* a ServerHello */
	    SLICE("\x06\x00\x06\x01\x00\x40\x00ab"), /* too long */
	    SLICE("\x06\x00\x06\x01\xff\xff\xff"
		  "ab"),
	    /* at the end of all numbers, and where the hello may not reach */
	    SLICE("\x06\xff\xff\xff\xff\xff\xff\xff\xff\x04"
		  "abcd"),
	    SLICE("\x06\x80\x00\x40\x00\x04"
		  "abcd"),
	    /* longer than the packet */
	    SLICE("\x06\x00\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00\x00\x01"),
	    SLICE("\x06\x00\x7f\xff\x01\x00\x00\x01"),
	    /* behind what has no business there: CONNECTION_CLOSE, STREAM, an
	     * ACK of all ranges */
	    SLICE("\x1c\x00\x00\x00\x06\x00\x05\x01\x00\x00\x01"
		  "a"),
	    SLICE("\x08\x06\x00\x05\x01\x00\x00\x01"
		  "a"),
	    SLICE("\x02\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00\x06\x00\x05"
		  "\x01\x00\x00\x01"
		  "a"),
	    SLICE("\x06\x01\x04"
		  "abcd"), /* its start is missing */
	    SLICE("\x00\x00\x00\x00"),
	};
	struct quic *q = quic_new();
	struct buf found = {0};
	for (uint32_t i = 0; i < COUNT(table); i++) {
		struct quic_seal s = seal_of(QUIC_V1);
		assert_false(say(q, i, &s, table[i], &found));
	}
	/* the same one, with nothing before it */
	struct quic_seal s = seal_of(QUIC_V1);
	assert_true(say(q, 99, &s,
			SLICE("\x06\x00\x05\x01\x00\x00\x01"
			      "a"),
			&found));
	quic_free(q);
	buf_release(&found);
}

/* A hello of the longest kind is put together, a longer one is not begun. */
static void test_longest(void **state)
{
	(void)state;
	struct quic *q = quic_new();
	struct quic_seal s = seal_of(QUIC_V1);
	struct buf hello = {0}, found = {0};
	buf_add(&hello, SLICE("\x01\x00\x3f\xfc"));
	while (hello.len < QUIC_HELLO_MAX)
		buf_add_byte(&hello, (uint8_t)(hello.len * 7));
	for (size_t at = QUIC_HELLO_MAX; at; at -= 1024)
		assert_true(say_part(q, &s, buf_slice(&hello), at - 1024, at,
				     &found) == (at == 1024));
	assert_same(&found, &hello);
	quic_free(q);
	buf_release(&hello);
	buf_release(&found);
}

/* ---- bounds ---- */

static void test_failures(void **state)
{
	(void)state;
	struct quic *q = quic_new();
	struct buf datagram = {0};
	struct slice found;
	unhex(&datagram, protected_v1);
	for (uint32_t vain = QUIC_FAILURES_MAX - 1;
	     vain < QUIC_FAILURES_MAX + 1; vain++) {
		datagram.data[LEN - 1] ^= 1;
		for (uint32_t i = 0; i < vain; i++)
			assert_false(
			    quic_add(q, vain, 0, buf_slice(&datagram), &found));
		datagram.data[LEN - 1] ^= 1;
		assert_true(quic_add(q, vain, 0, buf_slice(&datagram),
				     &found) == (vain < QUIC_FAILURES_MAX));
	}
	quic_free(q);
	buf_release(&datagram);
}

/* Many at once: what began too long ago is forgotten, what is new is read. */
static void test_many(void **state)
{
	(void)state;
	struct quic *q = quic_new();
	struct buf hello = rfc_hello(), first = {0}, second = {0};
	struct buf datagrams[2] = {{0}};
	struct slice found;
	struct quic_seal s = seal_of(QUIC_V1);
	put_crypto(&first, buf_slice(&hello), 0, 100);
	put_crypto(&second, buf_slice(&hello), 100, hello.len);
	put_packet(&datagrams[0], &s, buf_slice(&first), LEN);
	put_packet(&datagrams[1], &s, buf_slice(&second), LEN);
	const uint32_t count = QUIC_CONNECTIONS_MAX + 3;
	for (uint32_t i = 0; i < count; i++)
		assert_true(
		    quic_add(q, i, 0, buf_slice(&datagrams[0]), &found));
	for (uint32_t i = count; i-- > 3;) {
		assert_true(
		    quic_add(q, i, 0, buf_slice(&datagrams[1]), &found));
		assert_true(slice_equal(found, buf_slice(&hello)));
	}
	for (uint32_t i = 0; i < 3; i++)
		assert_false(
		    quic_add(q, i, 0, buf_slice(&datagrams[1]), &found));
	quic_free(q);
	buf_release(&hello);
	buf_release(&first);
	buf_release(&second);
	buf_release(&datagrams[0]);
	buf_release(&datagrams[1]);
}

/* Long headers of all kinds, of which nothing verifies. */
static void test_random(void **state)
{
	(void)state;
	struct quic *q = quic_new();
	uint32_t seed = 11;
	struct slice found;
	for (uint32_t run = 0; run < 3000; run++) {
		uint8_t bytes[LEN];
		for (size_t i = 0; i < sizeof bytes; i++)
			bytes[i] = (uint8_t)random_below(&seed, 256);
		bytes[0] |= 0x80;
		memcpy(bytes + 1, "\0\0\0\1", 4);
		if (run % 4)
			bytes[5] = (uint8_t)random_below(&seed, 24);
		if (run & 1)
			memcpy(bytes + 1, "\x6b\x33\x43\xcf", 4);
		struct guard g = guard_copy((struct slice){bytes, LEN});
		quic_is_initial(g.bytes);
		assert_false(quic_add(q, run, run & 1, g.bytes, &found));
		guard_free(&g);
	}
	quic_free(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_vectors),
	    cmocka_unit_test(test_versions),
	    cmocka_unit_test(test_orders),
	    cmocka_unit_test(test_scrambled),
	    cmocka_unit_test(test_first_counts),
	    cmocka_unit_test(test_coalesced),
	    cmocka_unit_test(test_packets_of_a_datagram),
	    cmocka_unit_test(test_other_ids),
	    cmocka_unit_test(test_short_id),
	    cmocka_unit_test(test_sides),
	    cmocka_unit_test(test_corrupted),
	    cmocka_unit_test(test_truncated),
	    cmocka_unit_test(test_cut_frames),
	    cmocka_unit_test(test_no_hello),
	    cmocka_unit_test(test_longest),
	    cmocka_unit_test(test_failures),
	    cmocka_unit_test(test_many),
	    cmocka_unit_test(test_random),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
