/* Fuzzes the first bytes of a TLS stream: whatever they are, a name found in
 * them is whole, and fingerprints have their length.
 *
 * The input is what a client or a server says first. */
#include "capture/fingerprint.h"
#include "capture/hello.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice stream = {data, size};
	struct fingerprint f;
	struct buf name = {0};
	bool whole = fingerprint_read(stream, &f);
	if (whole && (strlen(f.ja4) != JA4_LEN || strlen(f.ja3) != JA3_LEN ||
		      f.alpn_len > ALPN_MAX))
		abort();
	if (whole && handshake_begins(stream) != HANDSHAKE_CLIENT_HELLO)
		abort();
	if (whole && handshake_extent(stream) > size &&
	    handshake_extent(stream) != HELLO_MAX)
		abort();
	if (hello_server_name(stream, &name) && !name.len)
		abort();
	hello_asks_certificate(stream);
	if (hello_certificate(stream, &name) && !name.len)
		abort();
	buf_release(&name);
	return 0;
}
