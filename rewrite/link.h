/* Where a link to a host begins: "http://", or "//" alone where a link may
 * stand, also hidden (see written.h) and with backslashes. */
#ifndef REWRITE_LINK_H
#define REWRITE_LINK_H

#include "capture/bytes.h"

/* The length of what stands at offset at of text before a link's host: from
 * the colon on ("://"), or if there is no scheme "//"; with user information,
 * if there is some. 0: no link's host follows. What stands before at is looked
 * at: the scheme, or what introduces a link without one. A comment of a script
 * ("//1.2.3.4 is old") is none. */
size_t link_length(struct slice text, size_t at);

/* Whether what seems to be a host and ends at offset at was user information:
 * "@" or ":password@" follows. */
bool link_user_ends(struct slice text, size_t at);

#endif
