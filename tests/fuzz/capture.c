/* Fuzzes capture files: whatever they are, they are read to the end, what is
 * found in them holds together, and it is listed and checked.
 *
 * The input is the file: pcap or pcapng, plain, gzip or zstd. Those that are a
 * plain pcap are mostly changed inside one frame, its lengths made true, or by
 * a frame more or less: the layers above are what it is about. */
#include "msan.h"
#include "must.h"
#include "quick.h"

#include "capture/log.h"
#include "capture/recording.h"

#include "report/check.h"
#include "report/list.h"

#include <stdlib.h>
#include <sys/mman.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
			       unsigned seed);

/* ---- changing an input ---- */

#define FILE_HEAD 24
#define RECORD_HEAD 16
#define RECORDS_MAX 256
#define FRAME_MAX 4096

struct records {
	uint8_t *at[RECORDS_MAX];
	size_t count;
};

static uint32_t frame_len(const uint8_t *record)
{
	uint32_t len;
	memcpy(&len, record + 8, sizeof len);
	return len;
}

static void find_records(struct records *r, uint8_t *data, size_t size)
{
	uint32_t magic = 0;
	if (size >= FILE_HEAD)
		memcpy(&magic, data, sizeof magic);
	if (magic != 0xa1b2c3d4 && magic != 0xa1b23c4d)
		return;
	size_t at = FILE_HEAD;
	while (size - at >= RECORD_HEAD && r->count < RECORDS_MAX) {
		uint32_t len = frame_len(data + at);
		if (len > size - at - RECORD_HEAD)
			return;
		r->at[r->count++] = data + at;
		at += RECORD_HEAD + len;
	}
}

/* Gives a record another frame; what follows moves. Returns the new size. */
static size_t put_frame(uint8_t *record, const uint8_t *end, uint8_t *data,
			const uint8_t *frame, uint32_t len)
{
	uint32_t old = frame_len(record);
	uint8_t *place = record + RECORD_HEAD;
	size_t behind = (size_t)(end - (place + old));
	memmove(place + len, place + old, behind);
	memcpy(place, frame, len);
	memcpy(record + 8, &len, sizeof len);
	memcpy(record + 12, &len, sizeof len);
	return (size_t)(place + len + behind - data);
}

static size_t change_frame(uint8_t *record, uint8_t *data, size_t size,
			   size_t max)
{
	uint8_t frame[FRAME_MAX];
	uint32_t len = frame_len(record);
	size_t most = max - size + len;
	if (len > sizeof frame || !most) /* libFuzzer would make it a byte */
		return size;
	memcpy(frame, record + RECORD_HEAD, len);
	if (most > sizeof frame)
		most = sizeof frame;
	len = (uint32_t)LLVMFuzzerMutate(frame, len, most);
	return put_frame(record, data + size, data, frame, len);
}

static size_t copy_record(const uint8_t *record, uint8_t *before, uint8_t *data,
			  size_t size, size_t max)
{
	uint8_t copy[RECORD_HEAD + FRAME_MAX];
	size_t len = RECORD_HEAD + frame_len(record);
	if (len > sizeof copy || len > max - size)
		return size;
	memcpy(copy, record, len);
	memmove(before + len, before, (size_t)(data + size - before));
	memcpy(before, copy, len);
	return size + len;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max,
			       unsigned seed)
{
	static struct records r;
	r.count = 0;
	find_records(&r, data, size);
	if (!r.count || seed % 8 == 0)
		return LLVMFuzzerMutate(data, size, max);
	uint8_t *one = r.at[(seed >> 8) % r.count];
	uint8_t *other = r.at[(seed >> 16) % r.count];
	if (seed % 8 == 1)
		return copy_record(one, other, data, size, max);
	if (seed % 8 != 2)
		return change_frame(one, data, size, max);
	uint8_t *next = one + RECORD_HEAD + frame_len(one);
	memmove(one, next, (size_t)(data + size - next));
	return size - (size_t)(next - one);
}

/* ---- what has to hold ---- */

#define SURVEYED 64 /* one in so many inputs */

static volatile uint8_t touched; /* bytes that have to be there */

static uint64_t length(struct body_reader r)
{
	uint64_t len = 0;
	struct slice bytes;
	while (body_next(&r, &bytes)) {
		must(bytes.len);
		len += bytes.len;
		if (bytes.data)
			touched ^= bytes.data[0] ^ bytes.data[bytes.len - 1];
	}
	return len;
}

static uint64_t span_length(const struct exchange *e, struct span span)
{
	const struct stream *s = &e->flow->streams[!e->client];
	return length((struct body_reader){.span = span_read(s, span)});
}

static void check_exchange(const struct exchange *e)
{
	struct message m;
	must(exchange_method(e).len && exchange_target(e).len && e->client < 2);
	must(e->end_time >= 0 && e->state <= EXCHANGE_MALFORMED);
	must(span_length(e, e->response) == e->response.len);
	must(span_length(e, e->response_body) == e->response_body.len);
	length(exchange_request_body(e));
	exchange_trailers(e);
	exchange_url(e);
	if (e->state != EXCHANGE_COMPLETE)
		return;
	must(length(exchange_response_body(e)) == e->body_bytes);
	must(http_request(e->request_head, &m) == HTTP_DONE);
	must(slice_equal(m.method, exchange_method(e)));
	must(slice_equal(m.target, exchange_target(e)));
	must(http_response(e->response_head, exchange_method(e), &m) ==
	     HTTP_DONE);
	must(m.status == e->status);
}

static void check(const struct recording *r)
{
	uint64_t last = 0;
	for (size_t i = 0; i < r->count; i++) {
		must(r->exchanges[i].position >= last);
		last = r->exchanges[i].position;
		check_exchange(&r->exchanges[i]);
	}
}

/* A survey costs many times what reading does: it is made of some. */
static void report(const struct recording *r, bool survey)
{
	struct check_options text = {.verbose = true};
	struct check_options json = {.json = true, .capture = "fuzz"};
	struct list_options tsv = {LIST_TSV, !IN_MSAN, NULL};
	struct list_options lines = {LIST_JSON, false, NULL};
	must(!list_print(r, &tsv));
	if (IN_MSAN)
		return;
	must(!list_print(r, &lines));
	must(!survey || !check_print(r, &text));
	must(!survey || !check_print(r, &json));
}

static bool holds(struct slice in, struct slice what)
{
	return memmem(in.data, in.len, what.data, what.len);
}

/* Whether a library may have a hand in it of which the memory sanitizer knows
 * nothing: packed files, HTTP/2, secrets of TLS, QUIC. */
static bool reaches_library(struct slice in)
{
	static const uint8_t quic[][4] = {{0, 0, 0, 1},
					  {0x6b, 0x33, 0x43, 0xcf}};
	for (size_t i = 0; i + 5 <= in.len; i++)
		for (int version = 0; version < 2; version++)
			if (in.data[i] >= 0xc0 &&
			    !memcmp(in.data + i + 1, quic[version], 4))
				return true;
	return slice_starts(in, SLICE("\x1f\x8b")) ||
	       slice_starts(in, SLICE("\x28\xb5\x2f\xfd")) ||
	       holds(in, SLICE("PRI *")) || holds(in, SLICE("h2c")) ||
	       holds(in, SLICE("KSLT"));
}

static char path[64];
static int file;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	file = memfd_create("capture", MFD_CLOEXEC);
	must(file >= 0);
	snprintf(path, sizeof path, "/proc/self/fd/%d", file);
	must(freopen("/dev/null", "w", stdout) != NULL);
	log_set_level(LOG_QUIET);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *paths[] = {path};
	struct slice in = {data, size};
	if (IN_MSAN && reaches_library(in))
		return 0;
	must(!ftruncate(file, 0));
	must(pwrite(file, data, size, 0) == (ssize_t)size);
	struct recording *r = recording_read(NULL, paths, 1);
	if (!r)
		return 0;
	check(r);
	report(r, slice_hash(in, 0) % SURVEYED == 0);
	recording_free(r);
	return 0;
}
