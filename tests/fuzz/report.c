/* Fuzzes what a report makes of bytes: whatever they are, the page gets text,
 * references and tags of ours that are closed. The input is that text; it is
 * also read as a picture and as the causes and hosts of a chain. */
#include "must.h"

#include "report/html_image.h"
#include "report/html_layout.h"
#include "report/html_rewriter.h"
#include "report/html_text.h"

#include "capture/visible.h"

#include <stdlib.h>

#define ITEMS_MAX 4096U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* ---- what a page may hold ---- */

static bool pass(struct slice *rest, struct slice what)
{
	if (!slice_starts(*rest, what))
		return false;
	*rest = slice_from(*rest, what.len);
	return true;
}

static void pass_reference(struct slice *rest)
{
	must(pass(rest, SLICE("&amp;")) || pass(rest, SLICE("&lt;")) ||
	     pass(rest, SLICE("&gt;")) || pass(rest, SLICE("&quot;")) ||
	     pass(rest, SLICE("&#39;")));
}

/* depth: of tags that are open, at most one of each kind. */
static void pass_tag(struct slice *rest, bool tags, int *depth)
{
	must(tags);
	if (pass(rest, SLICE("</b>")) || pass(rest, SLICE("</span>"))) {
		must(--*depth >= 0);
		return;
	}
	must(pass(rest, SLICE("<b>")) ||
	     pass(rest, SLICE("<span class=\"at\">")) ||
	     pass(rest, SLICE("<span class=\"del\">")) ||
	     pass(rest, SLICE("<span class=\"ins\">")));
	must(++*depth <= 2);
}

static void check(const struct buf *out, bool tags, bool lines)
{
	struct slice rest = buf_slice(out);
	int depth = 0;
	while (rest.len) {
		uint8_t c = rest.data[0];
		if (c == '<') {
			pass_tag(&rest, tags, &depth);
		} else if (c == '&') {
			pass_reference(&rest);
		} else if (c == '\n') {
			must(lines);
			rest = slice_from(rest, 1);
		} else {
			must(c != '>' && c != '"' && c != '\'');
			must(visible_len(rest));
			rest = slice_from(rest, visible_len(rest));
		}
	}
	must(!depth);
}

static void check_text(struct slice text, size_t room)
{
	struct buf out = {0};
	html_add(&out, text);
	check(&out, true, false);
	buf_clear(&out);
	html_add_value_clipped(&out, text, room);
	check(&out, false, false);
	buf_clear(&out);
	html_add_clipped(&out, text, room);
	check(&out, true, false);
	buf_clear(&out);
	must(html_add_lines(&out, text, room) <= text.len);
	must(out.len <= room + 20); /* a character and its tags */
	check(&out, true, true);
	buf_clear(&out);
	must(html_add_hex(&out, text, room) <= text.len);
	must(out.len <= room);
	check(&out, false, true);
	buf_clear(&out);
	html_add_diff(&out, text);
	check(&out, true, true);
	buf_release(&out);
}

/* ---- the picture ---- */

static void check_layout(const struct layout *l, uint32_t count)
{
	uint32_t sum = l->left_out;
	must(l->row_count <= LAYOUT_ROWS_MAX);
	must(l->lane_count <= LAYOUT_LANES_MAX);
	for (uint32_t k = 0; k < l->row_count; k++) {
		const struct layout_row *r = &l->rows[k];
		sum += r->count;
		must(r->lane < l->lane_count);
		must(r->cause == LAYOUT_NONE || r->cause < k);
		must(r->first <= r->last && r->last < count);
		must(!k || r->first > r[-1].first);
	}
	must(sum == count);
}

static void check_chain(struct slice bytes)
{
	static struct layout_item items[ITEMS_MAX];
	struct reader r = reader_of(bytes);
	struct layout l;
	uint32_t count = 0;
	while (reader_left(&r) >= 3 && count < ITEMS_MAX) {
		uint8_t back = reader_u8(&r), kind = reader_u8(&r);
		items[count] = (struct layout_item){
		    .host = reader_u8(&r),
		    .cause = back && back <= count ? count - back : LAYOUT_NONE,
		    .kind = kind & 7,
		    .by = kind >> 3 & 7,
		    .alone = kind >> 6 == 3,
		};
		count++;
	}
	layout_make(&l, items, count);
	check_layout(&l, count);
	layout_release(&l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice text = {data, size};
	struct image_size image;
	size_t room = size ? data[0] * 8U : 0;
	if (image_size_read(text, &image))
		must(image.width && image.height);
	check_text(text, room);
	check_chain(text);
	return 0;
}
