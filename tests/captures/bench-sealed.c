/* Captures to measure decryption with: large answers in TLS, in full records
 * over many segments each. Memory stays bounded. */
#include "secure.h"

#include <openssl/ssl.h>
#include <string.h>

#define HOST "sealed.bench.example"
#define ADDRESS "198.51.100.98"
#define EXCHANGES 8
#define BODY_LEN 4000000
#define MSS 1448 /* with TCP's time stamps in the head */

static const struct secure_kind kinds[] = {
    {TLS1_3_VERSION, "\x08http/1.1", false, "TLS_AES_128_GCM_SHA256"},
    {TLS1_3_VERSION, "\x08http/1.1", false, "TLS_CHACHA20_POLY1305_SHA256"},
    {TLS1_2_VERSION, "\x08http/1.1", false, "ECDHE-ECDSA-AES128-SHA"},
};

static void sealed_connection(struct scene *s, const struct str *body,
			      unsigned number)
{
	struct secure t = secure_open(s, HOST, ADDRESS, &kinds[s->variant]);
	char target[32];
	unsigned i;

	for (i = 0; i < EXCHANGES; i++) {
		snprintf(target, sizeof(target), "/%u-%u", number, i);
		secure_exchange(
		    &t, &(struct ask){.host = HOST, .target = target},
		    &(struct answer){.type = "application/octet-stream",
				     .body = body->data,
				     .body_len = body->len});
		conn_forget(&t.conn);
	}
	secure_close(&t);
}

static void sealed(struct scene *s)
{
	struct str body = {0};
	unsigned number = 0;

	s->net.mss = MSS;
	s->net.step = 9000;
	words_write(&body, BODY_LEN, 13);
	do
		sealed_connection(s, &body, number++);
	while (s->writer.written + EXCHANGES * BODY_LEN <= s->size);
	str_free(&body);
}

const struct scenario sealed_scenarios[] = {
    {"sealed-gcm", "--size: TLS 1.3, AES-128-GCM, answers of 4 MB", sealed, 0},
    {"sealed-chacha", "--size: the same, ChaCha20-Poly1305", sealed, 1},
    {"sealed-cbc", "--size: TLS 1.2, AES-128-CBC with SHA-1", sealed, 2},
    {0},
};
