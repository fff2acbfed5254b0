/* Bodies, queries and forms, as HAR has them. */
#include "har.h"
#include "har_part.h"
#include "value.h"

#include "capture/digest.h"

/* ---- text or not ---- */

static bool has_control_bytes(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.data[i];
		if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') ||
		    c == 0x7f)
			return true;
	}
	return false;
}

/* As text only if reading it as UTF-8 gives the very bytes back. */
static void put_bytes(json_t *o, struct slice bytes, const char *encoding)
{
	json_t *text = NULL;
	if (!bytes.len)
		text = json_string("");
	else if (!has_control_bytes(bytes))
		text = json_stringn((const char *)bytes.data, bytes.len);
	if (!text) {
		struct buf coded = {0};
		base64_add(&coded, bytes);
		text = json_stringn((const char *)coded.data, coded.len);
		json_object_set_new(o, encoding, json_string("base64"));
		buf_release(&coded);
	}
	json_object_set_new(o, "text", text);
}

/* ---- queries and forms ---- */

static json_t *decoded(struct slice text)
{
	struct buf b = {0};
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		bool room = c == '%' && i + 2 < text.len;
		int high = room ? byte_hex(text.data[i + 1]) : -1;
		int low = room ? byte_hex(text.data[i + 2]) : -1;
		if (high >= 0 && low >= 0) {
			c = (uint8_t)(high << 4 | low);
			i += 2;
		} else if (c == '+') {
			c = ' ';
		}
		buf_add_byte(&b, c);
	}
	json_t *s = value_text(buf_slice(&b));
	buf_release(&b);
	return s;
}

json_t *har_query(struct slice query)
{
	json_t *array = json_array();
	while (query.len && json_array_size(array) < HAR_VALUES_MAX) {
		struct slice pair = slice_to(query, slice_find(query, '&'));
		size_t equals = slice_find(pair, '=');
		query = slice_from(query, pair.len + 1);
		if (!pair.len)
			continue;
		json_array_append_new(
		    array, json_pack("{s:o,s:o}", "name",
				     decoded(slice_to(pair, equals)), "value",
				     decoded(slice_from(pair, equals + 1))));
	}
	return array;
}

/* ---- bodies ---- */

/* How it was coded, and what is wrong with it. */
static void put_state(json_t *o, const struct object *body)
{
	json_object_set_new(o, "_coding",
			    json_string(object_coding_name(body->coding)));
	if (body->codings.len)
		json_object_set_new(o, "_codings", value_text(body->codings));
	json_object_set_new(o, "_whole", json_boolean(body->whole));
	if (body->trouble)
		json_object_set_new(o, "_trouble", json_string(body->trouble));
}

/* What a form sends; its text has all of it. */
static void put_params(json_t *o, const struct object *body)
{
	json_t *params;
	if (slice_equal(body->type, SLICE("application/x-www-form-urlencoded")))
		params = har_query(body->bytes);
	else if (slice_equal(body->type, SLICE("multipart/form-data")))
		params = har_multipart(body->content_type, body->bytes);
	else
		return;
	if (json_array_size(params) == HAR_VALUES_MAX)
		json_object_set_new(
		    o, "comment",
		    json_sprintf("no more than %u params", HAR_VALUES_MAX));
	json_object_set_new(o, "params", params);
}

json_t *har_post_data(const struct exchange *e, uint64_t *sent)
{
	struct object body;
	json_t *o = NULL;
	object_read(&body, e, OBJECT_REQUEST, HAR_BODY_MAX);
	*sent = body.recorded;
	if (body.recorded) {
		o = json_object();
		json_object_set_new(o, "mimeType",
				    value_text(body.content_type));
		put_params(o, &body);
		if (!body.too_large)
			put_bytes(o, body.bytes, "_encoding");
		put_state(o, &body);
	}
	object_release(&body);
	return o;
}

/* -1: nobody knows, since it was not decoded to its end. */
static json_int_t size_of(const struct object *body)
{
	if (!body->too_large)
		return (json_int_t)body->bytes.len;
	return body->coding == OBJECT_DECODED ? -1 : (json_int_t)body->recorded;
}

json_t *har_content(const struct exchange *e, uint64_t *received)
{
	struct object body;
	json_t *o = json_object();
	object_read(&body, e, OBJECT_RESPONSE, HAR_BODY_MAX);
	*received = body.recorded;
	json_object_set_new(o, "size", json_integer(size_of(&body)));
	if (body.coding == OBJECT_DECODED && body.whole)
		json_object_set_new(o, "compression",
				    json_integer((json_int_t)body.bytes.len -
						 (json_int_t)body.recorded));
	/* As browsers name it where no field does. */
	json_object_set_new(o, "mimeType",
			    body.content_type.len
				? value_text(body.content_type)
				: json_string("x-unknown"));
	if (body.bytes.len && !body.too_large)
		put_bytes(o, body.bytes, "encoding");
	put_state(o, &body);
	object_release(&body);
	return o;
}
