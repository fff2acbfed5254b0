/* replay: reads captures, then serves what they hold or prints it. */
#include "settings.h"

#include "report/check.h"
#include "report/compare_print.h"
#include "report/extract.h"
#include "report/har.h"
#include "report/html.h"
#include "report/list.h"
#include "site/doors.h"
#include "site/server.h"

#include "capture/confine.h"
#include "capture/digest.h"
#include "capture/log.h"
#include "capture/opener.h"
#include "capture/recording.h"
#include "capture/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a mode writes to, opened before the process is confined. */
struct output {
	int report;              /* -1: none, or it is whole */
	struct archive *archive; /* NULL: none */
};

/* First of all: who has to mend a rule does not wait for captures. */
static int read_rules(const struct settings *s, struct rules **rules)
{
	if (!s->rule_count)
		return 0;
	*rules = rules_read(s->rules, s->rule_count, s->site.zone);
	return *rules ? 0 : -1;
}

static struct recording *read_captures(const struct settings *s,
				       const char *filter,
				       char *const captures[], size_t count)
{
	struct recording_options o = {filter, s->inputs.secrets,
				      s->display.progress};
	return recording_read(&o, captures, count);
}

static struct recording *read_recorded(const struct settings *s)
{
	return read_captures(s, s->filter, s->captures, s->capture_count);
}

static int check(const struct settings *s, const struct rules *rules,
		 char *const captures[], size_t count)
{
	struct check_options o = {.rules = rules,
				  .verbose = s->display.verbose,
				  .display = &s->display,
				  .json = s->format == LIST_JSON,
				  .capture = captures[0]};
	struct recording *r = read_captures(s, s->filter, captures, count);
	int result = r ? check_print(r, &o) : -1;
	recording_free(r);
	return result;
}

/* Several captures are one recording, but in JSON they are told one by one. */
static int run_check(const struct settings *s)
{
	struct rules *rules = NULL;
	int result = read_rules(s, &rules);
	if (!result && s->format != LIST_JSON)
		result = check(s, rules, s->captures, s->capture_count);
	else
		for (size_t i = 0; !result && i < s->capture_count; i++)
			result = check(s, rules, s->captures + i, 1);
	rules_free(rules);
	return result;
}

/* Takes rules. The filter is about the captures alone. */
static int serve(const struct settings *s, const struct recording *r,
		 struct rules *rules)
{
	if (!s->supplement_count)
		return server_run(r, NULL, rules, &s->site);
	struct recording *supplement = read_captures(
	    s, NULL, (char **)s->supplements, s->supplement_count);
	if (!supplement) {
		rules_free(rules);
		return -1;
	}
	int result = server_run(r, supplement, rules, &s->site);
	recording_free(supplement);
	return result;
}

/* Takes rules. */
static int compare(const struct settings *s, struct rules *rules,
		   const struct recording *recorded,
		   const struct recording *replayed)
{
	struct names_compared names;
	struct lone_addresses addresses;
	struct comparison *c =
	    comparison_new(recorded, replayed, rules, &s->site);
	const struct compare_report report = {c, &names, &addresses,
					      &s->display};
	names_compare(&names, recorded, replayed);
	lone_addresses_collect(&addresses, replayed);
	compare_tell(&report, s->display.verbose);
	int result = s->format == LIST_JSON ? compare_print_json(&report)
		     : s->format == LIST_COLUMNS
			 ? compare_print_columns(&report)
			 : compare_print_tsv(&report);
	if (s->strict && !comparison_is_whole(c))
		result = -1;
	lone_addresses_release(&addresses);
	names_compared_release(&names);
	comparison_free(c);
	return result;
}

static int run_compare(const struct settings *s)
{
	struct rules *rules = NULL;
	struct recording *recorded = NULL, *replayed = NULL;
	int result = -1;
	if (read_rules(s, &rules))
		return -1;
	recorded = read_recorded(s);
	if (recorded)
		replayed = read_captures(s, NULL, (char **)s->replayed,
					 s->replayed_count);
	if (replayed)
		result = compare(s, rules, recorded, replayed);
	else
		rules_free(rules);
	recording_free(replayed);
	recording_free(recorded);
	return result;
}

/* A comparison, if there is one, owns the rules. */
static int write_report(const struct settings *s, struct output *out,
			const struct rules *rules,
			const struct recording *recorded,
			const struct comparison *compared)
{
	const struct html_options o = {
	    .captures = s->captures,
	    .capture_count = s->capture_count,
	    .replayed = (char *const *)s->replayed,
	    .replayed_count = s->replayed_count,
	    .rules = rules,
	    .compared = compared,
	    .shift_dates = s->site.shift_dates && !s->site.clock_recorded,
	};
	int result = html_print(recorded, &o, out->report);
	if (!result)
		out->report = -1;
	return result;
}

/* Takes rules. */
static int report_compared(const struct settings *s, struct output *out,
			   struct rules *rules,
			   const struct recording *recorded)
{
	int result = -1;
	struct recording *replayed =
	    read_captures(s, NULL, (char **)s->replayed, s->replayed_count);
	if (!replayed) {
		rules_free(rules);
		return -1;
	}
	struct comparison *c =
	    comparison_new(recorded, replayed, rules, &s->site);
	result = write_report(s, out, rules, recorded, c);
	if (s->strict && !comparison_is_whole(c))
		result = -1;
	comparison_free(c);
	recording_free(replayed);
	return result;
}

static int run_report(const struct settings *s, struct output *out)
{
	struct rules *rules = NULL;
	int result = -1;
	if (read_rules(s, &rules))
		return -1;
	struct recording *r = read_recorded(s);
	if (r && s->replayed_count) {
		result = report_compared(s, out, rules, r);
		rules = NULL;
	} else if (r) {
		result = write_report(s, out, rules, r, NULL);
	}
	rules_free(rules);
	recording_free(r);
	return result;
}

static int run_list(const struct settings *s)
{
	struct list_options o = {s->format, !s->no_digest, &s->display};
	struct recording *r = read_recorded(s);
	int result = -1;
	if (r && s->format == LIST_HAR)
		result = har_print(r, s->captures, s->capture_count);
	else if (r)
		result = list_print(r, &o);
	recording_free(r);
	return result;
}

static int run_extract(const struct settings *s, struct archive *archive)
{
	struct recording *r = read_recorded(s);
	int result = -1;
	if (r)
		result = extract(r, archive);
	else
		archive_drop(archive);
	recording_free(r);
	return result;
}

static int run_serve(const struct settings *s)
{
	struct rules *rules = NULL;
	if (read_rules(s, &rules))
		return -1;
	struct recording *r = read_recorded(s);
	int result = -1;
	if (r)
		result = serve(s, r, rules);
	else
		rules_free(rules);
	recording_free(r);
	return result;
}

/* Takes what out holds. */
static int run(const struct settings *s, struct output *out)
{
	switch (s->mode) {
	case MODE_SERVE:
		return run_serve(s);
	case MODE_LIST:
		return run_list(s);
	case MODE_CHECK:
		return run_check(s);
	case MODE_COMPARE:
		return run_compare(s);
	case MODE_REPORT:
		return run_report(s, out);
	case MODE_EXTRACT:
	case MODE_EXTRACT_ZIP:
		return run_extract(s, out->archive);
	case MODE_CA_CERT:
		return tls_print_authority(s->site.tls.ca);
	}
	return -1;
}

/* ---- before anything hostile is read ---- */

static bool is_there(const char *path)
{
	if (!strcmp(path, "-") || !access(path, R_OK))
		return true;
	log_warn("%s: %s", path, strerror(errno));
	return false;
}

static bool are_there(const char *const paths[], size_t count)
{
	bool there = true;
	for (size_t i = 0; i < count; i++)
		there &= is_there(paths[i]);
	return there;
}

/* A file that was made cannot be taken back from inside of the sandbox: a
 * mistake in a name or in the filter is told before anything is made. */
static bool all_there(const struct settings *s)
{
	const struct inputs *in = &s->inputs;
	source_free(source_new(s->filter));
	return are_there((const char *const *)s->captures, s->capture_count) &
	       are_there(s->replayed, s->replayed_count) &
	       are_there(s->rules, s->rule_count) &
	       are_there(in->keylogs, in->keylog_count) &
	       are_there(in->keys, in->key_count);
}

static int enter_report(const struct settings *s, struct output *out)
{
	if (!all_there(s) || (out->report = html_create(s->output)) < 0)
		return -1;
	return confine(CONFINE_READING, true);
}

/* The archive stays open: nothing else can be made from then on. */
static int enter_extraction(const struct settings *s, struct output *out)
{
	if (all_there(s))
		out->archive = s->mode == MODE_EXTRACT
				   ? archive_open_directory(s->output)
				   : archive_open_zip(s->output);
	if (!out->archive)
		return -1;
	int directory = archive_directory(out->archive);
	const struct confine_also also = {
	    .directory = directory < 0 ? NULL : &directory};
	return confine_with(CONFINE_READING, &also);
}

static int enter_serving(struct settings *s)
{
	server_hold_signals();
	s->site.user = identity_find(s->user);
	if ((s->rule_count && opener_start()) || doors_open(&s->site))
		return -1;
	return confine(CONFINE_STARTING, s->rule_count);
}

/* What is written to is open then, and the processes that open rule files and
 * make an authority are left outside. */
static int enter_stage(struct settings *s, struct output *out)
{
	switch (s->mode) {
	case MODE_SERVE:
		return enter_serving(s);
	case MODE_LIST:
		return confine(CONFINE_READING, false);
	case MODE_CHECK:
	case MODE_COMPARE:
		return confine(CONFINE_READING, true);
	case MODE_REPORT:
		return enter_report(s, out);
	case MODE_EXTRACT:
	case MODE_EXTRACT_ZIP:
		return enter_extraction(s, out);
	case MODE_CA_CERT:
		return confine(CONFINE_KEEPING, false);
	}
	return -1;
}

int main(int argc, char **argv)
{
	struct settings s;
	struct output out = {.report = -1};
	log_init(argv[0]);
	digest_memory();
	settings_read(&s, argc, argv);
	int result = enter_stage(&s, &out);
	if (!result)
		result = inputs_read(&s.inputs);
	if (!result)
		result = run(&s, &out);
	else
		archive_drop(out.archive);
	if (out.report >= 0 && strcmp(s.output, "-") != 0)
		log_warn("%s: not a whole report, to be removed", s.output);
	doors_close(&s.site);
	settings_release(&s);
	return result ? EXIT_FAILURE : EXIT_SUCCESS;
}
