/* A row of the table as comma-separated values. */
#include "list_csv.h"

#include <string.h>

static bool has_any(struct slice s, const char *bytes)
{
	for (; *bytes; bytes++)
		if (slice_find(s, (uint8_t)*bytes) < s.len)
			return true;
	return false;
}

static bool looks_like_formula(struct slice cell)
{
	return cell.len && strchr("=+-@'", cell.data[0]) &&
	       !slice_equal(cell, SLICE("-"));
}

/* Some spreadsheets split at semicolons too. */
static void put_cell(struct buf *out, struct slice cell)
{
	bool quoted = has_any(cell, ",;\" ");
	if (quoted)
		buf_add_byte(out, '"');
	if (looks_like_formula(cell))
		buf_add_byte(out, '\'');
	for (size_t i = 0; i < cell.len; i++) {
		if (cell.data[i] == '"')
			buf_add_byte(out, '"');
		buf_add_byte(out, cell.data[i]);
	}
	if (quoted)
		buf_add_byte(out, '"');
}

void list_csv(struct buf *out, struct slice row)
{
	row = slice_to(row, slice_find(row, '\n'));
	for (;;) {
		size_t tab = slice_find(row, '\t');
		put_cell(out, slice_to(row, tab));
		if (tab == row.len)
			break;
		buf_add_byte(out, ',');
		row = slice_from(row, tab + 1);
	}
	buf_add_string(out, "\r\n");
}
