/* A table for a terminal: its rows in columns that fit the width. */
#ifndef REPORT_COLUMNS_H
#define REPORT_COLUMNS_H

#include "capture/bytes.h"
#include "capture/display.h"

/* Cells that begin so are coloured; a word NULL ends the list. */
struct columns_word {
	const char *word;
	enum colour colour;
};

/* Of exchanges, of a comparison, and statuses that led elsewhere or failed. */
extern const struct columns_word columns_states[];
extern const struct columns_word columns_results[];
extern const struct columns_word columns_statuses[];

struct column {
	const char *name;
	uint8_t rank;  /* where there is no room, the lowest goes first */
	uint8_t least; /* what of it has to be seen, or it goes; 0: all */
	bool right;    /* numbers */
	bool middle;   /* is cut there, not at its end */
	const struct columns_word *words; /* NULL: no colours */
};

struct columns;

/* column and display are borrowed. No line will be wider than the terminal.
 * Widths are those of the first COLUMNS_SAMPLE rows: so many are held back, and
 * what is wider later on is cut. */
#define COLUMNS_SAMPLE 1000
struct columns *columns_new(const struct column *column, size_t count,
			    const struct display *display);

/* Takes the line that begins at from in out, cells with tabs between that hold
 * no control bytes, and puts in its place the lines that are ready. Like the
 * others, does nothing where c is NULL. */
void columns_take(struct columns *c, struct buf *out, size_t from);

/* Appends what was held back. */
void columns_end(struct columns *c, struct buf *out);

/* Says on standard error how to see all, if not all was shown. */
void columns_tell(const struct columns *c);
void columns_free(struct columns *c);

/* The line of names as of a file: with tabs between. */
void columns_names(const struct column *column, size_t count, struct buf *out);

#endif
