/* Values of JSON reports. */
#include "value.h"

#include "capture/http.h"

#include <stdlib.h>

json_t *value_text(struct slice text)
{
	if (!text.len)
		return json_string("");
	json_t *s = json_stringn((const char *)text.data, text.len);
	if (s)
		return s;
	struct buf wide = {0};
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.data[i];
		if (c >= 0x80)
			buf_add_byte(&wide, 0xc0 | c >> 6);
		buf_add_byte(&wide, c < 0x80 ? c : 0x80 | (c & 0x3f));
	}
	s = json_stringn((const char *)wide.data, wide.len);
	buf_release(&wide);
	return s;
}

json_t *value_fields(struct slice fields)
{
	json_t *array = json_array();
	struct buf value = {0};
	struct field f;
	while (http_field_next(&fields, &f)) {
		buf_clear(&value);
		http_unfold(&value, f.value);
		json_array_append_new(
		    array, json_pack("{s:o,s:o}", "name", value_text(f.name),
				     "value", value_text(buf_slice(&value))));
	}
	buf_release(&value);
	return array;
}

/* JSON lets DEL stand as it is, terminals do not take it for text. Jansson
 * escapes the other control characters, and DEL occurs in strings alone. */
static void add_without_del(struct buf *out, const char *text)
{
	const char *del;
	for (; (del = strchr(text, 0x7f)); text = del + 1) {
		buf_add(out, (struct slice){(const uint8_t *)text,
					    (size_t)(del - text)});
		buf_add_string(out, "\\u007F");
	}
	buf_add_string(out, text);
}

void value_line(struct buf *out, json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENSURE_ASCII |
					   JSON_REAL_PRECISION(15));
	add_without_del(out, text);
	buf_add_byte(out, '\n');
	free(text);
	json_decref(value);
}
