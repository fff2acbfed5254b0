/* Fuzzes what is handed on of exchanges: bodies decoded within their bounds,
 * names of files that are harmless, and the parts of a HAR.
 *
 * The input's first two bytes are a length: so much of the rest the client
 * says, what remains the server. */
#include "must.h"

#include "replay/report/har_part.h"
#include "replay/report/object_name.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BODY_MAX ((size_t)1 << 16)

static const char *const detected[] = {NULL, "text/plain", "application/zip",
				       "application/octet-stream",
				       "application/x-dosexec"};

static bool is_harmless(uint8_t c)
{
	uint8_t lower = byte_lower(c);
	return (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
}

static void check_name(struct slice name)
{
	must(name.len && name.len <= OBJECT_NAME_MAX);
	for (size_t i = 0; i < name.len; i++) {
		uint8_t c = name.data[i];
		must(is_harmless(c) || c == '-' || c == '.');
		/* neither at an end, nor two dots */
		must(is_harmless(c) || (i && i + 1 < name.len));
		must(c != '.' || name.data[i - 1] != '.');
	}
}

static void check_object(const struct exchange *e, enum object_side side,
			 size_t max)
{
	struct object o, coded;
	struct buf name = {0};
	object_read(&o, e, side, max);
	object_read_coded(&coded, e, side, max);
	must(o.bytes.len <= max && coded.bytes.len <= max);
	must(coded.bytes.len <= coded.recorded && o.recorded == coded.recorded);
	must(o.whole == !o.trouble && !(o.whole && o.too_large));
	must(o.coding == OBJECT_PLAIN || o.codings.len);
	must(coded.coding != OBJECT_DECODED);
	for (size_t i = 0; i < sizeof detected / sizeof *detected; i++) {
		buf_clear(&name);
		object_name(&name, i, e, side,
			    object_extension(&o, detected[i]));
		check_name(buf_slice(&name));
	}
	buf_release(&name);
	object_release(&o);
	object_release(&coded);
}

static void check_url(const struct exchange *e)
{
	struct buf url = {0};
	har_url(&url, e);
	for (size_t i = 0; i < url.len; i++)
		must(url.data[i] > ' ' && url.data[i] < 0x7f &&
		     !strchr("\"<>\\^`{|}#", url.data[i]));
	buf_release(&url);
}

/* Each has to be a value that can be written. */
static void check_json(json_t *value)
{
	must(value);
	char *text = json_dumps(value, JSON_ENSURE_ASCII | JSON_ENCODE_ANY);
	must(text);
	free(text);
	json_decref(value);
}

static void check_har(const struct exchange *e)
{
	struct message m;
	double sum;
	uint64_t sent, received;
	json_t *post = har_post_data(e, &sent);
	if (post)
		check_json(post);
	check_json(har_content(e, &received));
	check_json(har_timings(e, &sum));
	must(sum >= 0);
	check_json(har_query(exchange_target(e)));
	if (http_request(e->request_head, &m) == HTTP_DONE) {
		check_json(har_cookies_sent(m.fields));
		check_json(har_cookies_set(m.fields));
	}
	check_url(e);
}

static void take(void *context, const struct exchange *e, const uint8_t *first)
{
	(void)context;
	(void)first;
	check_object(e, OBJECT_REQUEST, BODY_MAX);
	check_object(e, OBJECT_RESPONSE, BODY_MAX);
	check_object(e, OBJECT_RESPONSE, 7);
	check_har(e);
}

/* Of its own size, so that reading behind its end is seen. */
static uint8_t *copy_of(struct slice s)
{
	uint8_t *copy = xmalloc(s.len);
	if (s.len)
		memcpy(copy, s.data, s.len);
	return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	size_t len = (size_t)data[0] << 8 | data[1];
	struct slice in = {data + 2, size - 2};
	struct slice said[2] = {slice_to(in, len), slice_from(in, len)};
	struct piece pieces[2];
	struct flow flow = {
	    .ends = {{{4, {10, 9, 9, 9}}, 50000}, {{4, {192, 0, 2, 1}}, 80}}};
	for (int i = 0; i < 2; i++) {
		pieces[i] = (struct piece){.data = copy_of(said[i]),
					   .time = 1000 + i,
					   .len = (uint32_t)said[i].len};
		flow.streams[i] = (struct stream){.pieces = &pieces[i],
						  .count = said[i].len > 0,
						  .from_start = true,
						  .end = STREAM_FIN};
	}
	struct spool *spool = spool_new();
	struct talk talk = {.flow = &flow};
	exchanges_find(&talk, spool, take, NULL);
	spool_free(spool);
	free((void *)pieces[0].data);
	free((void *)pieces[1].data);
	return 0;
}
