/* The cookies in recorded heads, as HAR has them. */
#include "har_part.h"

#include "cookie.h"
#include "value.h"

#include "rewrite/dates.h"

static json_t *cookie(struct slice part)
{
	return json_pack("{s:o,s:o}", "name", value_text(cookie_name(part)),
			 "value", value_text(cookie_value(part)));
}

json_t *har_cookies_sent(struct slice fields)
{
	json_t *array = json_array();
	struct field f;
	while (http_field_next(&fields, &f)) {
		if (!slice_equal_nocase(f.name, SLICE("Cookie")))
			continue;
		while (f.value.len) {
			struct slice part = cookie_next(&f.value);
			if (part.len)
				json_array_append_new(array, cookie(part));
		}
	}
	return array;
}

static void put_expires(json_t *o, struct slice value)
{
	struct buf date = {0};
	int64_t seconds;
	/* Nanoseconds of 64 bits end in 2262. */
	if (date_read(value, &seconds) && seconds < INT64_C(9000000000) &&
	    seconds > -INT64_C(9000000000) &&
	    har_date(&date, seconds * INT64_C(1000000000)))
		json_object_set_new(o, "expires", value_text(buf_slice(&date)));
	buf_release(&date);
}

static void put_attribute(json_t *o, struct slice part)
{
	static const struct {
		struct slice name;
		const char *member;
		bool flag;
	} known[] = {
	    {SLICE("path"), "path", false},
	    {SLICE("domain"), "domain", false},
	    {SLICE("httponly"), "httpOnly", true},
	    {SLICE("secure"), "secure", true},
	    {SLICE("samesite"), "_sameSite", false},
	};
	struct slice name = cookie_name(part);
	if (slice_equal_nocase(name, SLICE("expires")))
		put_expires(o, cookie_value(part));
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (slice_equal_nocase(name, known[i].name))
			json_object_set_new(
			    o, known[i].member,
			    known[i].flag ? json_true()
					  : value_text(cookie_value(part)));
}

json_t *har_cookies_set(struct slice fields)
{
	json_t *array = json_array();
	struct field f;
	while (http_field_next(&fields, &f)) {
		if (!slice_equal_nocase(f.name, SLICE("Set-Cookie")))
			continue;
		json_t *o = cookie(cookie_next(&f.value));
		json_object_set_new(o, "httpOnly", json_false());
		json_object_set_new(o, "secure", json_false());
		while (f.value.len)
			put_attribute(o, cookie_next(&f.value));
		json_array_append_new(array, o);
	}
	return array;
}
