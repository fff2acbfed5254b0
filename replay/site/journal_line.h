/* What the journal's lines are made of: one function a form. */
#ifndef SITE_JOURNAL_LINE_H
#define SITE_JOURNAL_LINE_H

#include "journal.h"

/* Begins the line for people, and that of EVE. stamp: the time to the
 * microsecond, in UTC, without zone. url: the effective one; data NULL: none.
 */
void line_text(struct line *l, struct slice stamp, struct slice url,
	       const struct record *r);
void line_eve(struct line *l, struct slice stamp, struct slice url,
	      const struct record *r);
/* Append it whole; see line_end. */
void line_text_end(struct buf *out, const struct line *l, uint64_t bytes,
		   const char *reason);
void line_eve_end(struct buf *out, const struct line *l, uint64_t bytes,
		  const char *reason);

void line_address(struct buf *out, const struct address *a);

#endif
