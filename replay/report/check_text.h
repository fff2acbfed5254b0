/* The sections of replay --check for people, and the words and lists that they
 * are made of; all of it goes to standard output. For check_text*.c and
 * check_lines.c alone. */
#ifndef REPORT_CHECK_TEXT_H
#define REPORT_CHECK_TEXT_H

#include "check_print.h"

/* Lines of a list. */
#define LISTED 10U
#define LISTED_VERBOSE 10000U

struct out {
	const struct survey *s;
	bool verbose;
	/* the list in hand */
	const char *heading; /* to be printed before its first line */
	size_t max, shown, left_out;
};

/* ---- words ---- */

void say_count(uint64_t n, const char *what);
/* As people read them: exact where that is short. */
void say_bytes(uint64_t n);
void say_amount(const struct reason_count *c);
void say_share(uint64_t part, uint64_t whole);
/* Bytes of the capture, escaped. */
void say_clipped(const struct out *o, struct slice text);
/* What a twin has to send is of use only whole. */
void say_whole(struct slice text);
void say_exchange(const struct out *o, size_t i);
void say_address(const struct address *a);
/* Port 0: the address alone. */
void say_endpoint(const struct endpoint *e);
void say_time(int64_t time);
void say_seconds(int64_t seconds); /* since the epoch */
void say_duration(int64_t time);

/* ---- lists: a heading, bounded lines, how many are left out ---- */

void lines_begin(struct out *o, const char *heading);
/* Whether there is room for one more line; puts the heading before the first.
 */
bool lines_next(struct out *o);
void lines_end(struct out *o, const char *indent);

/* ---- sections ---- */

void text_chain(struct out *o);
void text_brought(struct out *o);
void text_twin(struct out *o);
void text_unexplained(struct out *o);
void text_unfollowed(struct out *o);
void text_traffic(struct out *o);
void text_links(struct out *o);

#endif
