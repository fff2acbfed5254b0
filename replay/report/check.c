/* replay --check: what can be brought back and what cannot, and why. */
#include "check.h"

#include "check_print.h"

#include "capture/log.h"

#include <errno.h>

int check_print(const struct recording *r, const struct check_options *o)
{
	struct survey s;
	survey_run(&s, r, o->rules, o->verbose || o->json);
	if (o->json)
		check_json(&s, o->capture);
	else
		check_text_for(o->display, &s, o->verbose);
	survey_release(&s);
	if (!fflush(stdout) && !ferror(stdout))
		return 0;
	log_warn("cannot write to standard output: %s", strerror(errno));
	return -1;
}
