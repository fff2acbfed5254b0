/* What a message carried, as the program that asked for it got it: the body
 * with its content codings taken off. */
#ifndef REPORT_OBJECT_H
#define REPORT_OBJECT_H

#include "capture/exchange.h"

enum object_side { OBJECT_REQUEST, OBJECT_RESPONSE };

enum object_coding {
	OBJECT_PLAIN,    /* no coding is named */
	OBJECT_DECODED,  /* the codings were taken off */
	OBJECT_MISNAMED, /* one is named that was not applied */
	OBJECT_CODED,    /* it cannot be taken off: bytes are as recorded */
};

/* Not to be moved. */
struct object {
	/* At most max. Bytes behind a gap are left out: they are not what
	 * would follow. */
	struct slice bytes;
	enum object_coding coding;
	struct slice codings; /* as named, joined by ", "; empty: none */
	bool whole;           /* nothing is missing, nothing was too much */
	bool too_large;       /* past max, or a bomb: bytes are its start */
	const char *trouble;  /* "is cut" ...: why it is not whole or not
				 decoded; NULL: nothing is wrong; static */
	uint64_t recorded;    /* bytes of the body that were recorded, transfer
				 coding taken off, also those behind a gap */
	struct slice content_type; /* the field's value; data NULL: none;
				      borrowed from the recording */
	struct slice type;         /* media type, see sniff_type */

	struct buf kept, codings_kept, type_kept; /* private */
};

/* Reads one body of an exchange, in time and memory that its recorded length
 * and max bound. To be released in any case; one without a body is empty and
 * whole. */
void object_read(struct object *o, const struct exchange *e,
		 enum object_side side, size_t max);
/* The same with its codings left on: OBJECT_CODED where one is named. */
void object_read_coded(struct object *o, const struct exchange *e,
		       enum object_side side, size_t max);
void object_release(struct object *o);

/* "plain", "decoded", "misnamed", "coded". */
const char *object_coding_name(enum object_coding coding);

#endif
