/* The values that replay --check --format json is made of. */
#include "check_json.h"

json_t *value_number(uint64_t n)
{
	return json_integer((json_int_t)n);
}

json_t *value_words(const char *text)
{
	return text ? value_text(slice_of(text)) : json_null();
}

json_t *value_percent(uint64_t part, uint64_t whole)
{
	return json_real(survey_share(part, whole) / 10.0);
}

json_t *value_seconds(int64_t time)
{
	int64_t microseconds = time / 1000;
	return json_real((double)microseconds / 1e6);
}

json_t *value_url(const struct exchange *e)
{
	struct buf b = {0};
	struct url url = exchange_url(e);
	url_print(&b, &url);
	json_t *text = value_text(buf_slice(&b));
	buf_release(&b);
	return text;
}

json_t *value_address(const struct address *a)
{
	struct buf b = {0};
	address_print(&b, a);
	json_t *text = value_text(buf_slice(&b));
	buf_release(&b);
	return text;
}

json_t *value_endpoint(const struct endpoint *e)
{
	struct buf b = {0};
	if (!e->port) /* several */
		return value_address(&e->address);
	endpoint_print(&b, e);
	json_t *text = value_text(buf_slice(&b));
	buf_release(&b);
	return text;
}

void value_set(json_t *o, const char *key, json_t *value)
{
	json_object_set_new(o, key, value);
}

json_t *value_exchange(const struct survey *s, size_t i)
{
	const struct exchange *e = &s->recording->exchanges[i];
	json_t *o = json_object();
	value_set(o, "no", value_number(i + 1));
	value_set(o, "method", value_text(exchange_method(e)));
	value_set(o, "url", value_url(e));
	return o;
}

bool list_has_room(struct list *l)
{
	if (json_array_size(l->array) < l->max)
		return true;
	l->left_out++;
	return false;
}

struct list list_of(size_t max)
{
	return (struct list){.array = json_array(), .max = max};
}

void list_end(json_t *o, json_t *left_out, const char *key, struct list *l)
{
	value_set(o, key, l->array);
	if (l->left_out)
		value_set(left_out, key, value_number(l->left_out));
}
