/* What has to hold, whatever the input: else the input is kept as a finding. */
#ifndef FUZZ_MUST_H
#define FUZZ_MUST_H

#include <stdio.h>
#include <stdlib.h>

#define must(holds)                                                            \
	do {                                                                   \
		if (!(holds)) {                                                \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__,     \
				#holds);                                       \
			abort();                                               \
		}                                                              \
	} while (0)

#endif
