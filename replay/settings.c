/* What replay is asked to do. */
#include "settings.h"

#include "report/archive.h"

#include "capture/cores.h"
#include "capture/log.h"
#include "capture/options.h"

#include "rewrite/steer.h"

#include <stdlib.h>
#include <string.h>

#define CORES_MAX 16 /* used without having been asked to */

enum option_key {
	KEY_CA = 256,
	KEY_CA_CERT,
	KEY_CLOCK,
	KEY_COMPARE,
	KEY_EXACT,
	KEY_EXTRACT,
	KEY_EXTRACT_ZIP,
	KEY_FILTER,
	KEY_FORMAT,
	KEY_INCOMPLETE,
	KEY_LOG,
	KEY_MAX_CONNECTIONS,
	KEY_NO_DIGEST,
	KEY_NO_H2,
	KEY_PACE,
	KEY_RECODE,
	KEY_REPORT,
	KEY_SECRETS,
	KEY_SHIFT_DATES,
	KEY_STATUS,
	KEY_STRICT,
	KEY_SUPPLEMENT,
	KEY_THREADS,
	KEY_TLS_MIN,
	KEY_USER,
};

static const struct option_spec specs[] = {
    {'l', "listen", "ADDR[:PORT]",
     "serve at this address, on every recorded port;\n"
     "with a port: on that one alone, for every recorded\n"
     "host and port; 0 takes a free one; may be repeated\n"
     "(default: 127.0.0.1)"},
    {'r', "rules", "FILE",
     "rewrite the answers by the rules in it; may be\n"
     "repeated; SIGHUP reads all of them again"},
    {'z', "zone", "NAME",
     "of the names that stand for addresses, as dnsgen\n"
     "has it (default: " STEER_ZONE ")"},
    {KEY_SHIFT_DATES, "shift-dates", NULL,
     "move the dates in all fields of all answers by the\n"
     "time between recording and replay"},
    {KEY_CLOCK, "clock", "recorded|now",
     "where the clients' clock stands (default: now); with\n"
     "recorded no date moves, whatever the rules say"},
    {KEY_SUPPLEMENT, "supplement", "CAPTURE",
     "answers requests for its hosts that the captures\n"
     "have no answer for; without rules; may be repeated"},
    {KEY_FILTER, "filter", "EXPRESSION",
     "read only packets that match, as in tcpdump"},
    INPUTS_SPECS,
    {KEY_EXACT, "exact", NULL,
     "never guess: only what was recorded of that very\n"
     "request (HEAD from GET and ranges stay)"},
    {KEY_INCOMPLETE, "incomplete", "404",
     "answer 404 where the recorded answer is not whole,\n"
     "instead of serving it up to the cut"},
    {KEY_RECODE, "recode", NULL,
     "decode gzip, br and the like for clients that do\n"
     "not accept them"},
    {KEY_PACE, "pace", NULL,
     "wait as long as the recorded server did before\n"
     "answering"},
    {KEY_CA, "ca", "DIR",
     "where the certificate authority is kept, made there\n"
     "if there is none (default: reenact/ca in\n"
     "$XDG_STATE_HOME, else in ~/.local/state)"},
    {KEY_CA_CERT, "ca-cert", NULL,
     "print its certificate, to be installed in clients,\n"
     "instead of serving; takes no captures"},
    {KEY_SECRETS, "secrets", "FILE",
     "append the secrets of TLS connections, to read a\n"
     "capture of this replay with (as SSLKEYLOGFILE)"},
    {KEY_TLS_MIN, "tls-min", "1.0|1.1|1.2|1.3",
     "lowest version of TLS (default: 1.2); below 1.2 also\n"
     "the ciphers of that time"},
    {KEY_NO_H2, "no-h2", NULL,
     "speak HTTP/1.1 alone, also where HTTP/2 was recorded"},
    {KEY_USER, "user", "NAME",
     "whom to become before the first client is answered,\n"
     "when started by root (default: nobody)"},
    {KEY_THREADS, "threads", "N",
     "serve by N event loops, each on a core (default: one\n"
     "for each core that may be used, at most 16)"},
    {KEY_MAX_CONNECTIONS, "max-connections", "NUMBER",
     "serve so many at a time, more wait until one ends\n"
     "(default: as many as there may be descriptors)"},
    {KEY_LOG, "log", "FILE",
     "append the log of answers as JSON lines; - for\n"
     "standard output"},
    {KEY_STATUS, "status", "ADDR:PORT",
     "show on a page there what is asked, what answers and\n"
     "what misses, with rules that would help; 0 takes a\n"
     "free port (default: nowhere)"},
    {'L', "list", NULL, "print the table of exchanges instead of serving"},
    {'c', "check", NULL,
     "say what can be brought back and what cannot, and\n"
     "which links to bare addresses no rule steers"},
    {KEY_COMPARE, "compare", "REPLAYED",
     "hold the traffic of a replay, as captured at its\n"
     "client, against the captures; may be repeated. Give\n"
     "the other options as that replay had them"},
    {KEY_STRICT, "strict", NULL,
     "with --compare: exit status 1 unless all that is\n"
     "reproducible came back, and nothing else was asked"},
    {KEY_REPORT, "report", "FILE.html",
     "write all of it as one page for people, which loads\n"
     "nothing; with --compare joined to it, with --rules\n"
     "what they change; - for standard output; a file that\n"
     "exists is left alone"},
    {KEY_EXTRACT, "extract", "DIR",
     "write every recorded body, decoded, as a file of its\n"
     "own into this directory, with an index.tsv of their\n"
     "digests; no file that is there is touched"},
    {KEY_EXTRACT_ZIP, "extract-zip", "FILE",
     "the same into a new zip file, encrypted with the\n"
     "password \"" ARCHIVE_PASSWORD "\""},
    {KEY_FORMAT, "format", "tsv|csv|json|har",
     "of the list and the comparison: tsv (default, but on\n"
     "a terminal columns that fit it) or json; of the\n"
     "list also csv and har (HTTP Archive 1.2, with the\n"
     "bodies); of the check: json, one line for each\n"
     "capture, each read alone"},
    {KEY_NO_DIGEST, "no-digest", NULL, "leave sha256 out of the list"},
    DISPLAY_SPECS(", no line for each request",
		  "; with --check also links that are steered,\n"
		  "with --compare both causal chains side by side"),
    {0},
};

/* ---- values ---- */

static void take_mode(struct settings *s, enum mode mode)
{
	if (s->mode != MODE_SERVE && s->mode != mode)
		log_usage("only one of --list, --check, --compare, --report, "
			  "--extract, --extract-zip and --ca-cert, but for "
			  "--report with --compare");
	s->mode = mode;
}

static void add_name(const char ***names, size_t *count, const char *value)
{
	*names =
	    xreallocarray((void *)*names, *count + 1, sizeof(const char *));
	(*names)[(*count)++] = value;
}

static void add_listen(struct settings *s, const char *value)
{
	s->listens =
	    xreallocarray(s->listens, s->listen_count + 1, sizeof *s->listens);
	if (!listen_parse(value, &s->listens[s->listen_count++]))
		log_usage("--listen %s: not an address, with or without a port",
			  value);
}

static void take_status(struct settings *s, const char *value)
{
	if (!listen_parse(value, &s->status) || !s->status.one_port)
		log_usage("--status %s: not an address with a port", value);
	s->site.status = &s->status;
}

static void take_clock(struct settings *s, const char *value)
{
	s->site.clock_recorded = !strcmp(value, "recorded");
	if (!s->site.clock_recorded && strcmp(value, "now"))
		log_usage("--clock %s: neither recorded nor now", value);
}

static void take_zone(struct settings *s, const char *value)
{
	if (!steer_zone(value, &s->zone))
		log_usage("--zone %s: not a DNS name, or too long", value);
}

static void take_format(struct settings *s, const char *value)
{
	static const struct {
		const char *name;
		enum list_format format;
	} formats[] = {
	    {"tsv", LIST_TSV},
	    {"csv", LIST_CSV},
	    {"json", LIST_JSON},
	    {"har", LIST_HAR},
	};
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (!strcmp(value, formats[i].name)) {
			s->format = formats[i].format;
			return;
		}
	log_usage("--format %s: neither tsv, csv, json nor har", value);
}

static void take_tls_min(struct settings *s, const char *value)
{
	if (!tls_min_parse(value, &s->site.tls.min))
		log_usage("--tls-min %s: neither 1.0, 1.1, 1.2 nor 1.3", value);
}

static void take_threads(struct settings *s, const char *value)
{
	uint64_t count = 0;
	if (!slice_number(slice_of(value), SITE_LOOPS_MAX, &count) || !count)
		log_usage("--threads %s: not a number from 1 to %d", value,
			  SITE_LOOPS_MAX);
	s->site.threads = (unsigned)count;
}

static void take_max_connections(struct settings *s, const char *value)
{
	uint64_t n;
	if (!slice_number(slice_of(value), UINT32_MAX, &n) || !n)
		log_usage("--max-connections %s: not a number, or none", value);
	s->site.max_connections = (size_t)n;
}

static void take_incomplete(struct settings *s, const char *value)
{
	if (strcmp(value, "404"))
		log_usage("--incomplete=%s: only 404 is known", value);
	s->site.incomplete_404 = true;
}

/* Whether it says what to do; --compare does not, see settle_mode. */
static bool take_task(struct settings *s, int key, const char *value)
{
	static const struct {
		int key;
		enum mode mode;
	} tasks[] = {
	    {'L', MODE_LIST},
	    {'c', MODE_CHECK},
	    {KEY_CA_CERT, MODE_CA_CERT},
	    {KEY_EXTRACT, MODE_EXTRACT},
	    {KEY_EXTRACT_ZIP, MODE_EXTRACT_ZIP},
	    {KEY_REPORT, MODE_REPORT},
	};
	for (size_t i = 0; i < sizeof tasks / sizeof *tasks; i++) {
		if (tasks[i].key != key)
			continue;
		take_mode(s, tasks[i].mode);
		s->output = value;
		return true;
	}
	return false;
}

/* Whether it is a flag. */
static bool take_flag(struct settings *s, int key)
{
	const struct {
		int key;
		bool *flag;
	} flags[] = {
	    {KEY_SHIFT_DATES, &s->site.shift_dates},
	    {KEY_EXACT, &s->site.exact},
	    {KEY_RECODE, &s->site.recode},
	    {KEY_PACE, &s->site.pace},
	    {KEY_STRICT, &s->strict},
	    {KEY_NO_DIGEST, &s->no_digest},
	    {KEY_NO_H2, &s->site.no_h2},
	};
	for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
		if (flags[i].key != key)
			continue;
		*flags[i].flag = true;
		return true;
	}
	return false;
}

/* Whether its value is taken as it is. */
static bool take_text(struct settings *s, int key, const char *value)
{
	const struct {
		int key;
		const char **text;
	} texts[] = {
	    {KEY_CA, &s->site.tls.ca}, {KEY_FILTER, &s->filter},
	    {KEY_LOG, &s->site.log},   {KEY_SECRETS, &s->site.tls.secrets},
	    {KEY_USER, &s->user},
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (texts[i].key != key)
			continue;
		*texts[i].text = value;
		return true;
	}
	return false;
}

static void take_option(void *context, int key, const char *value)
{
	struct settings *s = context;
	if (inputs_take(&s->inputs, key, value) ||
	    display_take(&s->display, key, value) || take_task(s, key, value) ||
	    take_flag(s, key) || take_text(s, key, value))
		return;
	switch (key) {
	case 'l':
		add_listen(s, value);
		break;
	case 'r':
		add_name(&s->rules, &s->rule_count, value);
		break;
	case 'z':
		take_zone(s, value);
		break;
	case KEY_CLOCK:
		take_clock(s, value);
		break;
	case KEY_COMPARE:
		add_name(&s->replayed, &s->replayed_count, value);
		break;
	case KEY_FORMAT:
		take_format(s, value);
		break;
	case KEY_INCOMPLETE:
		take_incomplete(s, value);
		break;
	case KEY_MAX_CONNECTIONS:
		take_max_connections(s, value);
		break;
	case KEY_STATUS:
		take_status(s, value);
		break;
	case KEY_SUPPLEMENT:
		add_name(&s->supplements, &s->supplement_count, value);
		break;
	case KEY_THREADS:
		take_threads(s, value);
		break;
	case KEY_TLS_MIN:
		take_tls_min(s, value);
		break;
	}
}

/* ---- all of them ---- */

static const struct options options = {
    .specs = specs,
    .synopsis = "[OPTIONS] CAPTURE...\n--list [OPTIONS] CAPTURE...\n"
		"--check [OPTIONS] CAPTURE...\n"
		"--compare REPLAYED [OPTIONS] CAPTURE...\n"
		"--report FILE.html [OPTIONS] CAPTURE...\n"
		"--extract DIR [OPTIONS] CAPTURE...\n"
		"--extract-zip FILE [OPTIONS] CAPTURE...\n"
		"--ca-cert [--ca DIR]",
    .about = "Serves the web sites that packet captures hold. A "
	     "capture is a pcap or pcapng\nfile, also compressed, or "
	     "- for standard input.",
    .take = take_option,
};

/* A report tells of a comparison too. */
static void settle_mode(struct settings *s)
{
	if (s->replayed_count && s->mode != MODE_REPORT)
		take_mode(s, MODE_COMPARE);
}

static void check_usage(const struct settings *s)
{
	bool captures = s->mode != MODE_CA_CERT;
	if (captures && !s->capture_count)
		log_usage("no capture named");
	if (!captures && s->capture_count)
		log_usage("--ca-cert takes no captures");
	if ((s->format == LIST_CSV || s->format == LIST_HAR) &&
	    s->mode != MODE_LIST)
		log_usage("--format csv and har are for --list");
	if (s->strict && !s->replayed_count)
		log_usage("--strict is for --compare");
}

void settings_read(struct settings *s, int argc, char **argv)
{
	*s = (struct settings){0};
	take_zone(s, STEER_ZONE);
	int first = options_parse(&options, s, argc, argv);
	s->captures = argv + first;
	s->capture_count = (size_t)(argc - first);
	settle_mode(s);
	check_usage(s);
	display_begin(&s->display);
	s->site.quiet = s->display.quiet;
	if (s->format == LIST_AUTO)
		s->format = s->display.width ? LIST_COLUMNS : LIST_TSV;
	s->site.listens = s->listens;
	s->site.listen_count = s->listen_count;
	s->site.rules = s->rules;
	s->site.rule_count = s->rule_count;
	s->site.zone = buf_slice(&s->zone);
	if (!s->site.threads)
		s->site.threads = cores_usable(CORES_MAX);
}

void settings_release(struct settings *s)
{
	display_release(&s->display);
	inputs_release(&s->inputs);
	free(s->listens);
	free((void *)s->rules);
	free((void *)s->supplements);
	free((void *)s->replayed);
	buf_release(&s->zone);
}
