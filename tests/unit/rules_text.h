/* Rules from text in a test. */
#ifndef UNIT_RULES_TEXT_H
#define UNIT_RULES_TEXT_H

#include "unit.h"

#include "rewrite/rules.h"

#include <stdlib.h>
#include <unistd.h>

static struct rules *rules_of(const char *text)
{
	char path[] = "/tmp/rules-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	const char *const paths[] = {path};
	struct rules *rules = rules_read(paths, 1, SLICE("ip.test"));
	unlink(path);
	assert_non_null(rules);
	/* so that what is told does not hang on the name */
	for (size_t i = 0; i < rules->count; i++)
		rules->list[i].file = SLICE("r");
	return rules;
}

#endif
