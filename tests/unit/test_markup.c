/* Tags, attributes and raw text of HTML. */
#include "unit.h"

#include "rewrite/markup.h"

#include <stdlib.h>

/* Writes the tags as name(attribute=value,...), closing ones with '/'. */
static void describe(struct slice page, struct buf *out)
{
	struct tag t;
	struct slice name, value;
	while (tag_next(&page, &t)) {
		buf_add_string(out, t.closing ? "/" : "");
		buf_add(out, t.name);
		buf_add_byte(out, '(');
		while (tag_attribute(&t.attributes, &name, &value)) {
			buf_add(out, name);
			buf_add_byte(out, '=');
			buf_add(out, value);
			buf_add_byte(out, ',');
		}
		buf_add_byte(out, ')');
	}
	assert_int_equal(page.len, 0);
}

static void test_tags(void **state)
{
	(void)state;
	static const struct {
		const char *page, *tags;
	} rows[] = {
	    {"", ""},
	    {"text", ""},
	    {"<", ""},
	    {"</", ""},
	    {"<a", ""},
	    {"<a href='x", ""},
	    {"<a href=x", ""},
	    {"a<b>c</b>", "b()/b()"},
	    {"<A/>", "A()"},
	    {"<a/b>", "a(b=,)"},
	    {"<a b c=d>", "a(b=,c=d,)"},
	    {"<a b = c d>", "a(b=c,d=,)"},
	    {"<a b='>' c=\"'\">", "a(b=>,c=',)"},
	    {"<a b=''c>", "a(b=,c=,)"},
	    {"<a b=c/>", "a(b=c/,)"},
	    {"<a =b=c>", "a(=b=c,)"},
	    {"<a b=>x", "a(b=,)"},
	    {"<a \"b>", "a(\"b=,)"},
	    {"< a><1><b>", "b()"},
	    {"<!doctype html><b>", "b()"},
	    {"<?xml <b>?><i>", "i()"},
	    {"</ b><i>", "i()"},
	    {"</><i>", "i()"},
	    {"<!-- <b> --><i>", "i()"},
	    {"<!--><i>", "i()"},
	    {"<!---><i>", "i()"},
	    {"<!----><i>", "i()"},
	    {"<!----!><i>", "i()"},
	    {"<!-- --!--><i>", "i()"},
	    {"<!-- -----><i>", "i()"},
	    {"<!-- --x> <b>", ""},
	    {"<!--", ""},
	    {"<!-", ""},
	    {"<<b>", "b()"},
	    {"<a<b>", "a<b()"},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf out = {0};
		size_t len = strlen(rows[i].page);
		uint8_t *copy = xmalloc(len);
		memcpy(copy, rows[i].page, len);
		describe((struct slice){copy, len}, &out);
		assert_text(buf_slice(&out), rows[i].tags);
		free(copy);
		buf_release(&out);
	}
}

static void test_raw_text(void **state)
{
	(void)state;
	static const struct {
		const char *page, *text, *rest;
		bool closed;
	} rows[] = {
	    {"a</script>b", "a", "</script>b", true},
	    {"</SCRIPT\n>", "", "</SCRIPT\n>", true},
	    {"a<b></b></scripts></script >", "a<b></b></scripts>", "</script >",
	     true},
	    {"a</script", "a</script", "", false},
	    {"a", "a", "", false},
	    {"", "", "", false},
	    {"<</script/", "<", "</script/", true},
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct slice rest = slice_of(rows[i].page);
		bool closed;
		assert_text(tag_raw_text(&rest, SLICE("script"), &closed),
			    rows[i].text);
		assert_text(rest, rows[i].rest);
		assert_int_equal(closed, rows[i].closed);
	}
}

/* What would take minutes if a part was read again and again. */
static void test_long(void **state)
{
	(void)state;
	static const char *const parts[] = {
	    "<",    "</",      "<!--", "<!--->", "--!",      "<a ",
	    "<a '", "<a b=\"", "</a ", "<!",     "</script", "-"};
	for (size_t i = 0; i < COUNT(parts); i++) {
		struct buf page = {0}, out = {0};
		bool closed;
		buf_add_string(&page, "<!--");
		while (page.len < 2 << 20)
			buf_add_string(&page, parts[i]);
		describe(buf_slice(&page), &out);
		describe(slice_from(buf_slice(&page), 4), &out);
		struct slice rest = buf_slice(&page);
		tag_raw_text(&rest, SLICE("script"), &closed);
		buf_release(&page);
		buf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_tags),
	    cmocka_unit_test(test_raw_text),
	    cmocka_unit_test(test_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
