/* The fields of a request that tell answers apart, and that a malicious page
 * tests (P13, P16). */
#ifndef SITE_TRAITS_H
#define SITE_TRAITS_H

#include "capture/http.h"

enum trait {
	TRAIT_COOKIE,
	TRAIT_REFERER,
	TRAIT_AGENT,
	TRAIT_LANGUAGE,
	TRAIT_RANGE,
	TRAIT_IF_RANGE,
	TRAIT_IF_NONE_MATCH,
	TRAIT_IF_MODIFIED,
	TRAIT_IF_MATCH,
	TRAIT_IF_UNMODIFIED,
	TRAIT_ENCODINGS, /* Accept-Encoding */
	TRAITS
};

/* Values of the first field of each name; data NULL: none. */
struct traits {
	struct slice value[TRAITS];
};

/* fields: field lines, as struct message has them. */
struct traits traits_read(struct slice fields);
/* The same of a whole head. */
struct traits traits_of_head(struct slice head);
/* The field lines of a head: without its start line and empty lines before. */
struct slice head_fields(struct slice head);
/* The next field of that name, quicker than to look at all; rest begins as
 * head_fields. */
bool head_field_next(struct slice *rest, struct slice name, struct field *f);
/* The Range field's value, data NULL if none. */
struct slice head_range(struct slice head);

/* Whether the request is answered by 304 at all (RFC 9110 13.1). */
bool traits_conditional(const struct traits *t);
bool trait_equal(const struct traits *a, const struct traits *b,
		 enum trait which);
struct slice trait_name(enum trait which); /* of the field */

#endif
