/* The lines of a response's head, edited one by one. Lines that nobody edits
 * leave byte for byte: case, spacing, folding, order, duplicates (P20). */
#ifndef REWRITE_FIELDS_H
#define REWRITE_FIELDS_H

#include "dates.h"

/* A line with its line break, a folded field with all its lines. */
struct line {
	struct slice bytes; /* empty: taken out */
	bool own;           /* they are this line's memory */
	uint32_t name_len;  /* 0: no field; else the name begins the line */
	uint32_t value_at, value_len;
	bool dated;       /* DATE_LEN bytes at date_at move with the clock */
	uint32_t date_at; /* in bytes */
	int64_t ahead;    /* see struct date */
};

/* Line 0 is the status line, its value the text behind the HTTP version; the
 * last one is the empty line. */
struct fields {
	struct line *lines;
	size_t count, cap;
	size_t len; /* of the head */
};

/* head is borrowed. Its dates, if any, are in the order of their places. False,
 * with nothing to release, if it is no head of a response. */
bool fields_read(struct fields *f, struct slice head, const struct date *dates,
		 size_t date_count);
void fields_release(struct fields *f);

/* Appends the head. *dates is new memory, also if there are none. */
void fields_write(const struct fields *f, struct buf *out, struct date **dates,
		  size_t *date_count);

/* The first line from index on that is a field of that name, compared without
 * case; f->count if there is none. */
size_t fields_find(const struct fields *f, struct slice name, size_t index);

struct slice fields_name(const struct fields *f, size_t index);
/* As it stands, folded; data NULL if index is f->count. */
struct slice fields_value(const struct fields *f, size_t index);
/* Appends the values of all fields of that name, unfolded, joined by commas
 * (RFC 9110 5.3). */
void fields_list(const struct fields *f, struct slice name, struct buf *out);

/* Whether a value has bytes that would end its line or its head. */
bool fields_splits(struct slice value);

/* Each leaves the line as it was, and returns false, if the value splits the
 * head or makes it longer than HTTP_HEAD_MAX. The name and what stands round
 * the value are kept. */
bool fields_replace(struct fields *f, size_t index, struct slice value);
/* The first field of that name gets the value, others of it are taken out;
 * where there is none it is added at the end. */
bool fields_set(struct fields *f, struct slice name, struct slice value);
/* A field instead of another, whose place it takes. */
bool fields_exchange(struct fields *f, size_t index, struct slice name,
		     struct slice value);

/* Takes out the fields of that name from index on. Returns how many. */
size_t fields_delete(struct fields *f, struct slice name, size_t index);
void fields_drop(struct fields *f, size_t index);

/* Notes that a date begins at an offset of the value. */
void fields_mark_date(struct fields *f, size_t index, size_t at, int64_t ahead);

#endif
