/* The lines of a response's head, edited one by one. */
#include "fields.h"

#include "capture/http.h"

#include <stdlib.h>

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* Up to and with the next line break. */
static struct slice take_line(struct slice *rest)
{
	struct slice line = slice_to(*rest, slice_find(*rest, '\n') + 1);
	*rest = slice_from(*rest, line.len);
	return line;
}

static struct slice without_break(struct slice line)
{
	if (line.len && line.data[line.len - 1] == '\n')
		line.len--;
	if (line.len && line.data[line.len - 1] == '\r')
		line.len--;
	return line;
}

static void set_value_place(struct line *l, struct slice value)
{
	l->value_at = (uint32_t)(value.data - l->bytes.data);
	l->value_len = (uint32_t)value.len;
}

/* As http_field_next reads one. */
static struct line read_field(struct slice line, struct slice *rest)
{
	struct line l = {.bytes = line};
	struct slice text = without_break(line);
	size_t colon = slice_find(text, ':');
	if (!text.len || is_blank(text.data[0]) || colon == text.len)
		return l;
	/* obs-fold (RFC 9112 5.2) */
	while (rest->len && is_blank(rest->data[0]))
		l.bytes.len += take_line(rest).len;
	l.name_len = (uint32_t)slice_trim(slice_to(text, colon)).len;
	text = slice_from(without_break(l.bytes), colon + 1);
	set_value_place(&l, slice_trim(text));
	return l;
}

/* "HTTP/1.1 200 OK" */
static struct line read_status(struct slice line)
{
	struct line l = {.bytes = line};
	struct slice text = without_break(line);
	text = slice_from(text, slice_find(text, ' '));
	set_value_place(&l, slice_trim(text));
	return l;
}

static struct line *insert_line(struct fields *f, size_t index, struct line l)
{
	if (f->count == f->cap) {
		f->cap = f->cap ? f->cap * 2 : 32;
		f->lines = xreallocarray(f->lines, f->cap, sizeof *f->lines);
	}
	memmove(f->lines + index + 1, f->lines + index,
		(f->count - index) * sizeof *f->lines);
	f->count++;
	f->len += l.bytes.len;
	f->lines[index] = l;
	return &f->lines[index];
}

static void read_dates(struct fields *f, const struct date *dates, size_t count)
{
	size_t start = 0;
	for (size_t i = 0; i < f->count && count; i++) {
		struct line *l = &f->lines[i];
		size_t end = start + l->bytes.len;
		if (dates->at >= start && dates->at < end) {
			l->dated = true;
			l->date_at = (uint32_t)(dates->at - start);
			l->ahead = dates->ahead;
			dates++;
			count--;
		}
		start = end;
	}
}

bool fields_read(struct fields *f, struct slice head, const struct date *dates,
		 size_t date_count)
{
	*f = (struct fields){0};
	if (!slice_starts(head, SLICE("HTTP/")) || head.len > HTTP_HEAD_MAX)
		return false;
	struct slice rest = head;
	insert_line(f, 0, read_status(take_line(&rest)));
	bool whole = false;
	while (rest.len && !whole) {
		struct slice line = take_line(&rest);
		whole = !without_break(line).len;
		insert_line(f, f->count, read_field(line, &rest));
	}
	if (!whole || rest.len) {
		fields_release(f);
		return false;
	}
	read_dates(f, dates, date_count);
	return true;
}

static void free_bytes(struct line *l)
{
	if (l->own)
		free((uint8_t *)(uintptr_t)l->bytes.data);
}

void fields_release(struct fields *f)
{
	for (size_t i = 0; i < f->count; i++)
		free_bytes(&f->lines[i]);
	free(f->lines);
	*f = (struct fields){0};
}

void fields_write(const struct fields *f, struct buf *out, struct date **dates,
		  size_t *date_count)
{
	size_t count = 0;
	for (size_t i = 0; i < f->count; i++)
		count += f->lines[i].dated;
	*dates = xcalloc(count, sizeof **dates);
	*date_count = count;
	size_t start = out->len;
	struct date *d = *dates;
	for (size_t i = 0; i < f->count; i++) {
		const struct line *l = &f->lines[i];
		if (l->dated)
			*d++ = (struct date){out->len - start + l->date_at,
					     l->ahead};
		buf_add(out, l->bytes);
	}
}

struct slice fields_name(const struct fields *f, size_t index)
{
	return slice_to(f->lines[index].bytes, f->lines[index].name_len);
}

struct slice fields_value(const struct fields *f, size_t index)
{
	if (index >= f->count)
		return (struct slice){0};
	const struct line *l = &f->lines[index];
	return slice_to(slice_from(l->bytes, l->value_at), l->value_len);
}

size_t fields_find(const struct fields *f, struct slice name, size_t index)
{
	for (; index < f->count; index++)
		if (f->lines[index].name_len == name.len && name.len &&
		    slice_equal_nocase(fields_name(f, index), name))
			break;
	return index;
}

void fields_list(const struct fields *f, struct slice name, struct buf *out)
{
	bool first = true;
	for (size_t i = fields_find(f, name, 0); i < f->count;
	     i = fields_find(f, name, i + 1)) {
		if (!first)
			buf_add_string(out, ", ");
		first = false;
		http_unfold(out, fields_value(f, i));
	}
}

bool fields_splits(struct slice value)
{
	return slice_find(value, '\r') < value.len ||
	       slice_find(value, '\n') < value.len ||
	       slice_find(value, '\0') < value.len;
}

static bool may_be_value(const struct fields *f, struct slice value)
{
	return !fields_splits(value) && f->len <= HTTP_HEAD_MAX &&
	       value.len <= HTTP_HEAD_MAX - f->len;
}

/* The line becomes before, value and after. */
static void make_line(struct fields *f, struct line *l, struct slice before,
		      struct slice value, struct slice after)
{
	struct buf made = {0};
	buf_add(&made, before);
	buf_add(&made, value);
	buf_add(&made, after);
	struct line new = {.bytes = buf_slice(&made),
			   .own = true,
			   .value_at = (uint32_t)before.len,
			   .value_len = (uint32_t)value.len};
	f->len = f->len - l->bytes.len + new.bytes.len;
	free_bytes(l);
	*l = new;
}

bool fields_replace(struct fields *f, size_t index, struct slice value)
{
	struct line *l = &f->lines[index];
	if (!may_be_value(f, value))
		return false;
	uint32_t name_len = l->name_len;
	make_line(f, l, slice_to(l->bytes, l->value_at), value,
		  slice_from(l->bytes, l->value_at + l->value_len));
	l->name_len = name_len;
	return true;
}

/* The line break that the head uses. */
static struct slice line_break(const struct fields *f)
{
	struct slice bytes = f->lines[0].bytes;
	return slice_from(bytes, without_break(bytes).len);
}

static void make_field(struct fields *f, struct line *l, struct slice name,
		       struct slice value)
{
	struct buf before = {0};
	buf_add(&before, name);
	buf_add_string(&before, ": ");
	make_line(f, l, buf_slice(&before), value, line_break(f));
	l->name_len = (uint32_t)name.len;
	buf_release(&before);
}

bool fields_exchange(struct fields *f, size_t index, struct slice name,
		     struct slice value)
{
	if (!may_be_value(f, value) || fields_splits(name))
		return false;
	make_field(f, &f->lines[index], name, value);
	return true;
}

bool fields_set(struct fields *f, struct slice name, struct slice value)
{
	size_t first = fields_find(f, name, 0);
	if (first < f->count) {
		if (!fields_replace(f, first, value))
			return false;
		fields_delete(f, name, first + 1);
		return true;
	}
	if (!may_be_value(f, value) || fields_splits(name))
		return false;
	struct line *l = insert_line(f, f->count - 1, (struct line){0});
	make_field(f, l, name, value);
	return true;
}

void fields_drop(struct fields *f, size_t index)
{
	f->len -= f->lines[index].bytes.len;
	free_bytes(&f->lines[index]);
	f->lines[index] = (struct line){0};
}

size_t fields_delete(struct fields *f, struct slice name, size_t index)
{
	size_t count = 0;
	for (size_t i = fields_find(f, name, index); i < f->count;
	     i = fields_find(f, name, i + 1)) {
		fields_drop(f, i);
		count++;
	}
	return count;
}

void fields_mark_date(struct fields *f, size_t index, size_t at, int64_t ahead)
{
	struct line *l = &f->lines[index];
	l->dated = true;
	l->date_at = l->value_at + (uint32_t)at;
	l->ahead = ahead;
}
