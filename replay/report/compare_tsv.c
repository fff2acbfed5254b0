/* A comparison as a table. */
#include "compare_print.h"

#include "columns.h"
#include "compare_detail.h"
#include "output.h"

#define FLUSH_AT ((size_t)1 << 16)

unsigned compare_per_mille(const struct comparison *c)
{
	return c->reproducible
		   ? (unsigned)(c->reproduced * 1000 / c->reproducible)
		   : 0;
}

/* All but the number, which stands before. */
static void put_row(struct buf *out, const struct exchange *e,
		    enum compare_result result, const struct buf *detail)
{
	const struct slice texts[] = {exchange_method(e), exchange_host(e),
				      exchange_target(e)};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		buf_add_byte(out, '\t');
		output_text(out, texts[i]);
	}
	if (e->status)
		buf_printf(out, "\t%u", e->status);
	else
		buf_add_string(out, "\t-");
	buf_printf(out, "\t%s\t", compare_result_name(result));
	output_text(out, buf_slice(detail));
	buf_add_byte(out, '\n');
}

/* fitted: NULL, or the columns into which each line goes. */
static int put_rows(const struct comparison *c, struct columns *fitted,
		    struct buf *out)
{
	struct buf detail = {0};
	int result = 0;
	for (uint32_t i = 0; i < c->count && !result; i++) {
		size_t from = out->len;
		buf_clear(&detail);
		compare_detail(c, i, &detail);
		buf_printf(out, "%u", i + 1);
		put_row(out, &c->recorded->exchanges[i], c->rows[i].result,
			&detail);
		columns_take(fitted, out, from);
		if (out->len >= FLUSH_AT)
			result = output_flush(out);
	}
	buf_release(&detail);
	return result;
}

static int put_misses(const struct comparison *c, struct columns *fitted,
		      struct buf *out)
{
	struct buf detail = {0};
	int result = 0;
	for (uint32_t i = 0; i < c->miss_count && !result; i++) {
		uint32_t k = c->order[i];
		size_t from = out->len;
		buf_clear(&detail);
		compare_miss_detail(c, k, &detail);
		buf_add_byte(out, '-');
		put_row(out, &c->replayed->exchanges[k], COMPARE_NOT_RECORDED,
			&detail);
		columns_take(fitted, out, from);
		if (out->len >= FLUSH_AT)
			result = output_flush(out);
	}
	buf_release(&detail);
	return result;
}

/* In the order of put_row. */
static const struct column columns[] = {
    {"no", .rank = 6, .right = true},
    {"method", .rank = 1},
    {"host", .rank = 3, .least = 16, .middle = true},
    {"target", .rank = 5, .least = 16},
    {"status", .rank = 2, .words = columns_statuses},
    {"result", .rank = 7, .words = columns_results},
    {"detail", .rank = 4, .least = 20},
};
#define COLUMNS (sizeof columns / sizeof *columns)

static void put_sum(const struct comparison *c, bool coloured, struct buf *out)
{
	unsigned share = compare_per_mille(c);
	enum colour colour =
	    c->reproduced == c->reproducible ? COLOUR_GOOD : COLOUR_BAD;
	buf_add_string(out, "reproduced: ");
	buf_add_string(out, colour_begin(coloured, colour));
	buf_printf(out, "%zu of %zu", c->reproduced, c->reproducible);
	buf_add_string(out, colour_end(coloured, colour));
	buf_printf(out,
		   " reproducible exchanges (%u.%u %%), "
		   "%zu requests had no recorded answer\n",
		   share / 10, share % 10, c->miss_count - c->own_misses);
}

static int print(const struct compare_report *r, struct columns *fitted)
{
	const struct comparison *c = r->comparison;
	struct buf out = {0};
	if (!fitted)
		columns_names(columns, COLUMNS, &out);
	int result = put_rows(c, fitted, &out);
	if (!result)
		result = put_misses(c, fitted, &out);
	columns_end(fitted, &out);
	put_sum(c, fitted && r->display->colour, &out);
	if (!result)
		result = output_flush(&out);
	columns_tell(fitted);
	columns_free(fitted);
	buf_release(&out);
	return result;
}

int compare_print_tsv(const struct compare_report *r)
{
	return print(r, NULL);
}

int compare_print_columns(const struct compare_report *r)
{
	return print(r, columns_new(columns, COLUMNS, r->display));
}
