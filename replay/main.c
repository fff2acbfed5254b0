/* replay: reads captures, then serves what they hold or prints it. */
#include "settings.h"

#include "report/check.h"
#include "report/compare_print.h"
#include "report/html.h"
#include "report/list.h"
#include "site/server.h"

#include "capture/confine.h"
#include "capture/digest.h"
#include "capture/log.h"
#include "capture/opener.h"
#include "capture/recording.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

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
	struct recording_options o = {filter, s->inputs.secrets};
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
				  .verbose = s->verbose,
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
	struct recording *supplement =
	    read_captures(s, NULL, s->supplements, s->supplement_count);
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
	const struct compare_report report = {c, &names, &addresses};
	names_compare(&names, recorded, replayed);
	lone_addresses_collect(&addresses, replayed);
	compare_tell(&report, s->verbose);
	int result = s->format == LIST_JSON ? compare_print_json(&report)
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
static int write_report(const struct settings *s, const struct rules *rules,
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
	return html_print(recorded, &o, s->report_fd);
}

/* Takes rules. */
static int report_compared(const struct settings *s, struct rules *rules,
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
	result = write_report(s, rules, recorded, c);
	if (s->strict && !comparison_is_whole(c))
		result = -1;
	comparison_free(c);
	recording_free(replayed);
	return result;
}

static int make_report(const struct settings *s)
{
	struct rules *rules = NULL;
	int result = -1;
	if (read_rules(s, &rules))
		return -1;
	struct recording *r = read_recorded(s);
	if (r && s->replayed_count) {
		result = report_compared(s, rules, r);
		rules = NULL;
	} else if (r) {
		result = write_report(s, rules, r, NULL);
	}
	rules_free(rules);
	recording_free(r);
	return result;
}

static int run_report(const struct settings *s)
{
	int result = make_report(s);
	if (result && strcmp(s->report, "-") != 0)
		log_warn("%s: not a whole report, to be removed", s->report);
	return result;
}

static int run_list(const struct settings *s)
{
	struct recording *r = read_recorded(s);
	int result = r ? list_print(r, s->format, !s->no_digest) : -1;
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

static int run(const struct settings *s)
{
	if (s->ca_cert)
		return tls_print_authority(s->site.tls.ca);
	if (s->check)
		return run_check(s);
	if (s->report)
		return run_report(s);
	if (s->replayed_count)
		return run_compare(s);
	if (s->list)
		return run_list(s);
	return run_serve(s);
}

static bool is_there(const char *path)
{
	if (!strcmp(path, "-") || !access(path, R_OK))
		return true;
	log_warn("%s: %s", path, strerror(errno));
	return false;
}

/* A file that was made cannot be taken back from inside of the sandbox: not for
 * a name that was mistyped. */
static int create_report(struct settings *s)
{
	bool there = true;
	for (size_t i = 0; i < s->capture_count; i++)
		there &= is_there(s->captures[i]);
	for (size_t i = 0; i < s->replayed_count; i++)
		there &= is_there(s->replayed[i]);
	for (size_t i = 0; i < s->rule_count; i++)
		there &= is_there(s->rules[i]);
	s->report_fd = there ? html_create(s->report) : -1;
	return s->report_fd < 0 ? -1 : 0;
}

/* Before anything hostile is read. The process that opens rule files is left
 * outside. */
static int enter_stage(struct settings *s)
{
	if (s->report && create_report(s))
		return -1;
	if (!settings_serve(s) && !s->ca_cert)
		return confine(CONFINE_READING, !s->list);
	s->site.user = identity_find(s->user);
	if (s->rule_count && !s->ca_cert && opener_start())
		return -1;
	return confine(CONFINE_STARTING, s->rule_count);
}

int main(int argc, char **argv)
{
	struct settings s;
	log_init(argv[0]);
	digest_memory();
	settings_read(&s, argc, argv);
	int result = enter_stage(&s);
	if (!result)
		result = inputs_read(&s.inputs);
	if (!result)
		result = run(&s);
	settings_release(&s);
	return result ? EXIT_FAILURE : EXIT_SUCCESS;
}
