/* The parts of a report's page that are pure: escaping, hex, sizes of pictures,
 * the layout of the chain's picture. */
#include "unit.h"

#include "report/html_image.h"
#include "report/html_layout.h"
#include "report/html_rewriter.h"
#include "report/html_text.h"
#include "report/html_body.h"

#include <stdlib.h>

/* ---- escaping ---- */

static void check_text(struct slice text, const char *page, const char *value)
{
	struct buf out = {0};
	html_add(&out, text);
	assert_text(buf_slice(&out), page);
	buf_clear(&out);
	html_add_value(&out, text);
	assert_text(buf_slice(&out), value);
	buf_release(&out);
}

static void test_markup_is_text(void **state)
{
	(void)state;
	check_text(SLICE("</script><a b=\"c\" d='e'>&amp;]]>"),
		   "&lt;/script&gt;&lt;a b=&quot;c&quot; "
		   "d=&#39;e&#39;&gt;&amp;amp;]]&gt;",
		   "&lt;/script&gt;&lt;a b=&quot;c&quot; "
		   "d=&#39;e&#39;&gt;&amp;amp;]]&gt;");
}

static void test_unseen_is_marked(void **state)
{
	/* RIGHT-TO-LEFT OVERRIDE, a zero width space, half a character */
	static const uint8_t marks[] = {'x',  0xe2, 0x80, 0xae, 0xe2, 0x80,
					0x8b, 'g',  'p',  'j',  0xc3};
	(void)state;
	check_text(SLICE("a\x1b[1m\r\n\0b"),
		   "a<b>\\x1B</b>[1m<b>\\x0D\\x0A\\x00</b>b",
		   "a\\x1B[1m\\x0D\\x0A\\x00b");
	check_text((struct slice){marks, sizeof marks},
		   "x<b>\\xE2\\x80\\xAE\\xE2\\x80\\x8B</b>gpj<b>\\xC3</b>",
		   "x\\xE2\\x80\\xAE\\xE2\\x80\\x8Bgpj\\xC3");
	check_text(SLICE("\xc3\xa9\xd7\x90\xe6\xbc\xa2"),
		   "\xc3\xa9\xd7\x90\xe6\xbc\xa2",
		   "\xc3\xa9\xd7\x90\xe6\xbc\xa2");
	check_text((struct slice){0}, "", "");
}

/* No byte that opens a tag, a reference or ends a value is left, whatever goes
 * in. */
static void test_any_bytes(void **state)
{
	struct buf out = {0};
	uint8_t bytes[3];
	(void)state;
	for (uint32_t n = 0; n < 1 << 16; n++) {
		bytes[0] = (uint8_t)n;
		bytes[1] = (uint8_t)(n >> 8);
		bytes[2] = '<';
		buf_clear(&out);
		html_add_value(&out, (struct slice){bytes, 3});
		struct slice page = buf_slice(&out);
		assert_int_equal(slice_find(page, '<'), page.len);
		assert_int_equal(slice_find(page, '>'), page.len);
		assert_int_equal(slice_find(page, '"'), page.len);
		assert_int_equal(slice_find(page, '\''), page.len);
		assert_int_equal(slice_find(page, 0), page.len);
		assert_int_equal(slice_find(page, '\n'), page.len);
	}
	buf_release(&out);
}

static void test_clipped(void **state)
{
	struct buf out = {0};
	(void)state;
	html_add_clipped(&out, SLICE("12345"), 5);
	assert_text(buf_slice(&out), "12345");
	buf_clear(&out);
	html_add_clipped(&out, SLICE("1234\xc3\xa9"), 5);
	assert_text(buf_slice(&out), "1234\xe2\x80\xa6 (6 bytes)");
	buf_release(&out);
}

static void check_lines(struct slice text, size_t room, const char *page,
			size_t used)
{
	struct buf out = {0};
	assert_int_equal(html_add_lines(&out, text, room), used);
	assert_text(buf_slice(&out), page);
	buf_release(&out);
}

static void test_lines(void **state)
{
	(void)state;
	check_lines(SLICE("a\nb\r\n\tc\rd\0\r\n"), 1000,
		    "a\nb\n\tc<b>\\x0D</b>d<b>\\x00</b>\n", 12);
	check_lines(SLICE("<<<<<<"), 8, "&lt;&lt;", 2);
	check_lines(SLICE("\0\0\0\0\0\0\0\0"), 11, "<b>\\x00\\x00</b>", 2);
	check_lines(SLICE("abc"), 0, "", 0);
}

/* Of 13 bytes that are not there. */
#define BLANKS                                                                 \
	"                    "                                                 \
	"                    "

static void test_hex(void **state)
{
	struct buf out = {0};
	(void)state;
	struct slice bytes = SLICE("MZ\x90\0<&\"' ~\x7f\xff.......");
	assert_int_equal(html_add_hex(&out, bytes, 1000), bytes.len);
	assert_text(buf_slice(&out),
		    "000000  4d 5a 90 00 3c 26 22 27  20 7e 7f ff 2e 2e 2e 2e"
		    "  MZ..&lt;&amp;&quot;&#39; ~......\n"
		    "000010  2e 2e 2e" BLANKS "  ...\n");
	buf_clear(&out);
	assert_int_equal(html_add_hex(&out, bytes, 250), 16);
	buf_clear(&out);
	html_add_hex(&out, SLICE("\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\""), 155);
	assert_true(out.len <= 155);
	buf_release(&out);
}

static void test_text_or_not(void **state)
{
	(void)state;
	assert_true(html_is_text(SLICE("<html>\r\n\tx\n")));
	assert_true(html_is_text(SLICE("")));
	assert_true(html_is_text(SLICE("caf\xc3\xa9 \xe6\xbc\xa2")));
	assert_true(html_is_text(
	    SLICE("one odd byte \xe9 in a long line of some western text")));
	assert_false(html_is_text(SLICE("MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff")));
	assert_false(html_is_text(SLICE("\x89PNG\r\n\x1a\n")));
}

static void test_diff(void **state)
{
	struct buf out = {0};
	(void)state;
	html_add_diff(&out, SLICE("@@ -1,2 +1,2 @@\n <p>\n-<a>\n+\x1b\n\n"));
	assert_text(buf_slice(&out),
		    "<span class=\"at\">@@ -1,2 +1,2 @@</span>\n &lt;p&gt;\n"
		    "<span class=\"del\">-&lt;a&gt;</span>\n"
		    "<span class=\"ins\">+<b>\\x1B</b></span>\n\n");
	buf_release(&out);
}

/* ---- pictures ---- */

static void test_image_sizes(void **state)
{
	static const struct {
		struct slice bytes;
		uint32_t width, height;
	} cases[] = {
	    {SLICE("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\0\0\0\0\x20"), 256, 32},
	    {SLICE("GIF89a\x10\0\x20\1..."), 16, 288},
	    {SLICE("BM............\x28\0\0\0\7\0\0\0\xfb\xff\xff\xff"), 7, 5},
	    {SLICE("\0\0\1\0\1\0\0\x30"), 256, 48},
	    {SLICE("\xff\xd8\xff\xe0\0\4JF\xff\xff\xc2\0\x11\x08\0\x64\0\xc8"),
	     200, 100},
	    {SLICE("RIFF....WEBPVP8X....\0\0\0\0\x0f\0\0\x1f\0\0"), 16, 32},
	    {SLICE("RIFF....WEBPVP8L....\x2f\x03\x40\0\0"), 4, 2},
	    {SLICE("RIFF....WEBPVP8 ....\0\0\0\x9d\1\x2a\x40\1\xf0\0"), 320,
	     240},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct image_size size = {0};
		assert_true(image_size_read(cases[i].bytes, &size));
		assert_int_equal(size.width, cases[i].width);
		assert_int_equal(size.height, cases[i].height);
		for (size_t len = 0; len < cases[i].bytes.len; len++) {
			/* at the very end of memory that is ours */
			uint8_t *copy = malloc(len ? len : 1);
			memcpy(copy, cases[i].bytes.data, len);
			image_size_read((struct slice){copy, len}, &size);
			free(copy);
		}
	}
}

static void test_no_image(void **state)
{
	struct image_size size;
	(void)state;
	assert_false(image_size_read(SLICE(""), &size));
	assert_false(image_size_read(SLICE("<svg width=1>"), &size));
	assert_false(image_size_read(SLICE("GIF89a\x10\0"), &size));
	assert_false(image_size_read(SLICE("GIF89a\0\0\1\0"), &size));
	assert_false(image_size_read(
	    SLICE("\xff\xd8\xff\xda\0\x0c\3\1\0\0\0\0\0\0"), &size));
	assert_false(image_size_read(SLICE("\xff\xd8\xff\xe0\0\1"), &size));
}

/* ---- layout ---- */

static struct layout layout;

static int free_layout(void **state)
{
	(void)state;
	layout_release(&layout);
	return 0;
}

static void check_row(uint32_t row, uint32_t first, uint32_t count,
		      uint32_t cause, uint32_t lane)
{
	const struct layout_row *r = &layout.rows[row];
	assert_true(row < layout.row_count);
	assert_int_equal(r->first, first);
	assert_int_equal(r->count, count);
	assert_int_equal(r->cause, cause);
	assert_int_equal(r->lane, lane);
}

static void test_few_have_rows_of_their_own(void **state)
{
	static const struct layout_item items[] = {
	    {.host = 7, .cause = LAYOUT_NONE},
	    {.host = 7, .cause = 0},
	    {.host = 7, .cause = 0},
	    {.host = 3, .cause = 2},
	};
	(void)state;
	layout_make(&layout, items, COUNT(items));
	assert_int_equal(layout.row_count, 4);
	assert_int_equal(layout.lane_count, 2);
	assert_int_equal(layout.lanes[0], 7);
	assert_int_equal(layout.lanes[1], 3);
	check_row(0, 0, 1, LAYOUT_NONE, 0);
	check_row(1, 1, 1, 0, 0);
	check_row(2, 2, 1, 0, 0);
	check_row(3, 3, 1, 2, 1);
	assert_int_equal(layout.left_out, 0);
}

#define MANY 100U

/* Alike are leaves of the same cause, host and kind; one that is told apart
 * stays alone. */
static void test_leaves_share_rows(void **state)
{
	struct layout_item items[MANY];
	(void)state;
	for (uint32_t i = 0; i < MANY; i++)
		items[i] = (struct layout_item){
		    .host = i % 2, .cause = 0, .kind = (uint8_t)(i % 2)};
	items[0].cause = LAYOUT_NONE;
	items[10].alone = true;
	items[50].cause = 20; /* so that 20 led to something */
	layout_make(&layout, items, MANY);
	assert_int_equal(layout.row_count, 6);
	check_row(0, 0, 1, LAYOUT_NONE, 0);
	check_row(1, 1, 50, 0, 1);
	check_row(2, 2, 46, 0, 0);
	check_row(3, 10, 1, 0, 0);
	check_row(4, 20, 1, 0, 0);
	check_row(5, 50, 1, 4, 0);
	assert_int_equal(layout.rows[1].last, 99);
	assert_int_equal(layout.row_of[3], 1);
	assert_int_equal(layout.left_out, 0);
}

/* A line of redirects, each to another host: more than rows and lanes. */
static void test_bounds(void **state)
{
	static struct layout_item items[LAYOUT_ROWS_MAX + 100];
	uint32_t count = COUNT(items);
	(void)state;
	for (uint32_t i = 0; i < count; i++)
		items[i] = (struct layout_item){
		    .host = i, .cause = i ? i - 1 : LAYOUT_NONE};
	layout_make(&layout, items, count);
	assert_int_equal(layout.row_count, LAYOUT_ROWS_MAX);
	assert_int_equal(layout.left_out, 100);
	assert_int_equal(layout.lane_count, LAYOUT_LANES_MAX);
	assert_int_equal(layout.rest, LAYOUT_ROWS_MAX - LAYOUT_LANES_MAX + 1);
	for (uint32_t k = 1; k < layout.row_count; k++) {
		assert_int_equal(layout.rows[k].cause, k - 1);
		assert_true(layout.rows[k].lane < LAYOUT_LANES_MAX);
	}
}

/* What led to something has rows before what did not; the nearest cause that
 * has a row stands for one that has none. */
static void test_causes_without_rows(void **state)
{
	static struct layout_item items[2 * LAYOUT_ROWS_MAX];
	uint32_t count = COUNT(items);
	(void)state;
	for (uint32_t i = 0; i < count; i++)
		items[i] =
		    (struct layout_item){.host = i, .cause = LAYOUT_NONE};
	items[count - 1].cause = count - 2;
	layout_make(&layout, items, count);
	assert_int_equal(layout.row_count, LAYOUT_ROWS_MAX);
	uint32_t last = layout.row_count - 1;
	assert_int_equal(layout.rows[last].first, count - 2);
	assert_int_equal(layout.row_of[count - 1], LAYOUT_NONE);
	assert_int_equal(layout.left_out, LAYOUT_ROWS_MAX);
}

static void test_nothing(void **state)
{
	(void)state;
	layout_make(&layout, NULL, 0);
	assert_int_equal(layout.row_count, 0);
	assert_int_equal(layout.lane_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_markup_is_text),
	    cmocka_unit_test(test_unseen_is_marked),
	    cmocka_unit_test(test_any_bytes),
	    cmocka_unit_test(test_clipped),
	    cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_hex),
	    cmocka_unit_test(test_text_or_not),
	    cmocka_unit_test(test_diff),
	    cmocka_unit_test(test_image_sizes),
	    cmocka_unit_test(test_no_image),
	    cmocka_unit_test_teardown(test_few_have_rows_of_their_own,
				      free_layout),
	    cmocka_unit_test_teardown(test_leaves_share_rows, free_layout),
	    cmocka_unit_test_teardown(test_bounds, free_layout),
	    cmocka_unit_test_teardown(test_causes_without_rows, free_layout),
	    cmocka_unit_test_teardown(test_nothing, free_layout),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
