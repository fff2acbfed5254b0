/* Forms of several parts (RFC 7578), as HAR has them. */
#include "har_part.h"

#include "value.h"

#define BOUNDARY_MAX 70 /* RFC 2046 5.1.1 */

/* The value of a parameter, "name=value" or quoted, in a list of them behind
 * semicolons; data NULL: none. Backslashes are left in: browsers write none. */
static struct slice parameter(struct slice list, struct slice name)
{
	while (list.len) {
		list = slice_trim(slice_from(list, slice_find(list, ';') + 1));
		size_t equals = slice_find(list, '=');
		struct slice value = slice_from(list, equals + 1);
		bool quoted = value.len && value.data[0] == '"';
		value = slice_from(value, quoted);
		value = slice_to(value, slice_find(value, quoted ? '"' : ';'));
		if (equals < list.len &&
		    slice_equal_nocase(slice_trim(slice_to(list, equals)),
				       name))
			return quoted ? value : slice_trim(value);
		if (quoted) /* what stands in quotes separates nothing */
			list = slice_from(
			    list, (size_t)(value.data - list.data) + value.len);
	}
	return (struct slice){0};
}

static size_t find_text(struct slice s, struct slice text)
{
	const uint8_t *at =
	    s.len ? memmem(s.data, s.len, text.data, text.len) : NULL;
	return at ? (size_t)(at - s.data) : s.len;
}

/* Cuts a line off, without its end. */
static struct slice next_line(struct slice *rest)
{
	struct slice line = slice_to(*rest, slice_find(*rest, '\n'));
	*rest = slice_from(*rest, line.len + 1);
	if (line.len && line.data[line.len - 1] == '\r')
		line.len--;
	return line;
}

static void put(json_t *o, const char *name, struct slice text)
{
	if (text.data)
		json_object_set_new(o, name, value_text(text));
}

/* What a file holds is not told twice: it stands in the text of the body. */
static json_t *part_of(struct slice part)
{
	json_t *o = json_object();
	struct slice line, disposition = {0}, type = {0};
	while ((line = next_line(&part)).len) {
		size_t colon = slice_find(line, ':');
		struct slice name = slice_to(line, colon);
		struct slice value = slice_trim(slice_from(line, colon + 1));
		if (slice_equal_nocase(name, SLICE("Content-Disposition")))
			disposition = value;
		if (slice_equal_nocase(name, SLICE("Content-Type")))
			type = value;
	}
	struct slice file = parameter(disposition, SLICE("filename"));
	struct slice name = parameter(disposition, SLICE("name"));
	put(o, "name", name.data ? name : SLICE(""));
	put(o, "fileName", file);
	put(o, "contentType", type);
	if (!file.data)
		put(o, "value", part.data ? part : SLICE(""));
	return o;
}

json_t *har_multipart(struct slice content_type, struct slice body)
{
	struct slice boundary = parameter(content_type, SLICE("boundary"));
	struct buf line = {0};
	json_t *array = json_array();
	if (!boundary.len || boundary.len > BOUNDARY_MAX)
		return array;
	buf_add_string(&line, "\r\n--");
	buf_add(&line, boundary);
	/* The first one may begin the body. */
	if (slice_starts(body, slice_from(buf_slice(&line), 2)))
		body = slice_from(body, line.len - 2);
	else
		body = slice_from(body,
				  find_text(body, buf_slice(&line)) + line.len);
	while (body.len && !slice_starts(body, SLICE("--")) &&
	       json_array_size(array) < HAR_VALUES_MAX) {
		size_t len = find_text(body, buf_slice(&line));
		struct slice part = slice_to(body, len);
		next_line(&part); /* the rest of the delimiter's */
		json_array_append_new(array, part_of(part));
		body = slice_from(body, len + line.len);
	}
	buf_release(&line);
	return array;
}
