/* Fuzzes what a client says at the TLS port: a handshake that nobody may make
 * wait for more than it asked, and records after one that went well.
 *
 * The first byte of the input says where it comes in: 0 to 2 messages after
 * the start of a handshake between us and OpenSSL's client, or once it is
 * over; the second how many bytes are fed in at once. */
#include "site/tls.h"

#include <openssl/ssl.h>

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define READ_MAX (1U << 20) /* far more than comes of an input */
#define WIRE_MAX (4U << 20)
#define ROUNDS 8

static struct tls_site *site;
static SSL_CTX *client_context;

static void begin(void)
{
	static char directory[] = "/tmp/fuzz-tls.XXXXXX";
	struct tls_options options = {.min = 10};
	time_t now = time(NULL);
	if (!mkdtemp(directory))
		abort();
	options.ca = directory;
	site = tls_site_new(&options, now, now);
	client_context = SSL_CTX_new(TLS_client_method());
	if (!tls_site_open(site) || !client_context)
		abort();
	char file[64];
	snprintf(file, sizeof file, "%s/authority.pem", directory);
	unlink(file);
	rmdir(directory);
}

/* What the server has to say goes to the client, and the other way round. */
static void pass(struct tls *t, SSL *client)
{
	char part[4096];
	int len;
	struct slice out = tls_wire(t);
	BIO_write(SSL_get_rbio(client), out.data, (int)out.len);
	tls_sent(t, out.len);
	SSL_do_handshake(client);
	while ((len = BIO_read(SSL_get_wbio(client), part, sizeof part)) > 0) {
		tls_feed(t, (struct slice){(uint8_t *)part, (size_t)len});
		while (tls_read(t).len)
			;
	}
}

static SSL *shake(struct tls *t, unsigned rounds)
{
	SSL *client = SSL_new(client_context);
	SSL_set_bio(client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_tlsext_host_name(client, "a.example");
	SSL_set_connect_state(client);
	while (rounds--)
		pass(t, client);
	return client;
}

static void feed(struct tls *t, struct slice in, size_t step)
{
	size_t read = 0;
	while (in.len) {
		struct slice part;
		tls_feed(t, slice_to(in, step));
		in = slice_from(in, step);
		while ((part = tls_read(t)).len)
			if ((read += part.len) > READ_MAX)
				abort();
		if (tls_state(t) == TLS_FAILED && !tls_told(t)->failure)
			abort();
	}
	if (tls_wire(t).len > WIRE_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct address local = {4, {127, 0, 0, 1}};
	if (!site)
		begin();
	if (size < 2)
		return 0;
	struct slice in = {data + 2, size - 2};
	struct slice answer[2] = {SLICE("HTTP/1.1 200 OK\r\n"), in};
	struct tls *t = tls_new(site, &local);
	unsigned rounds = data[0] % 4 == 3 ? ROUNDS : data[0] % 4;
	SSL *client = shake(t, rounds);
	if (rounds == ROUNDS && tls_state(t) != TLS_OPEN)
		abort();
	if (tls_first(in) == TLS_FIRST_MORE && in.len > 2)
		abort();
	feed(t, in, data[1] ? data[1] : in.len);
	if (tls_state(t) == TLS_OPEN &&
	    tls_seal(t, answer, 2) != answer[0].len + in.len &&
	    in.len < TLS_SEAL_MAX / 2 && tls_state(t) == TLS_OPEN)
		abort();
	tls_end(t);
	SSL_free(client);
	tls_free(t);
	return 0;
}
