/* rewrite: shows what rules change of a recording, checks rule files, rewrites
 * one body. */
#include "preview.h"
#include "single.h"

#include "coding.h"
#include "steer.h"

#include "capture/confine.h"
#include "capture/digest.h"
#include "capture/display.h"
#include "capture/inputs.h"
#include "capture/log.h"

#include <stdlib.h>

enum option_key {
	KEY_SHIFT_DATES = 256,
	KEY_FULL,
	KEY_STDIN,
	KEY_TYPE,
	KEY_HOST,
	KEY_TARGET,
	KEY_METHOD,
	KEY_STATUS,
	KEY_SCHEME,
	KEY_ENCODING,
};

static const struct option_spec specs[] = {
    {'r', "rules", "FILE", "rules; may be repeated: all of them, in order"},
    {'f', "filter", "EXPRESSION",
     "read only the packets that match, as in tcpdump"},
    {'z', "zone", "NAME",
     "zone of the names that stand for IP addresses (" STEER_ZONE ")"},
    INPUTS_SPECS,
    {KEY_SHIFT_DATES, "shift-dates", NULL,
     "move every date field by the time since the recording"},
    DISPLAY_SPECS("; of the changes only the summary at the end", ""),
    {KEY_FULL, "full", NULL,
     "lines of more than 500 bytes whole; otherwise only\n"
     "what differs in them, with a little around it and\n"
     "\xe2\x80\xa6 for the rest"},
    {'c', "check", NULL, "only check the rule files"},
    {KEY_STDIN, "stdin", NULL,
     "rewrite one body, from standard input to standard\n"
     "output; what follows tells of its answer:"},
    {KEY_TYPE, "type", "TYPE", "Content-Type, with its parameters if any"},
    {KEY_HOST, "host", "HOST", "Host field of its request"},
    {KEY_TARGET, "target", "TARGET", "path and query, or a URL (/)"},
    {KEY_METHOD, "method", "METHOD", "of its request (GET)"},
    {KEY_STATUS, "status", "N", "its status (200)"},
    {KEY_SCHEME, "scheme", "http|https", "of its request (http)"},
    {KEY_ENCODING, "encoding", "CODING",
     "Content-Encoding, as gzip: taken off, and put on\n"
     "again"},
    {0},
};

struct settings {
	const char **paths; /* of rules */
	size_t path_count;
	struct buf zone;
	const char *filter;
	struct inputs inputs;
	bool check, one_body;
	const char *of_one_body; /* an option that goes with --stdin alone */
	struct display display;
	struct preview_options preview;
	struct single single;
};

/* ---- options ---- */

static void take_zone(struct settings *s, const char *value)
{
	if (!steer_zone(value, &s->zone))
		log_usage("--zone %s: not a DNS name, or too long", value);
}

static void take_path(struct settings *s, const char *value)
{
	s->paths = xreallocarray((void *)s->paths, s->path_count + 1,
				 sizeof *s->paths);
	s->paths[s->path_count++] = value;
}

/* A value that goes into a head. */
static struct slice take_value(const char *name, const char *value)
{
	struct slice s = slice_trim(slice_of(value));
	bool bad = !s.len;
	for (size_t i = 0; i < s.len; i++)
		bad |= (s.data[i] < 0x20 && s.data[i] != '\t') ||
		       s.data[i] == 0x7f;
	if (bad)
		log_usage("--%s %s: not a field's value", name, value);
	return s;
}

static void take_encoding(struct settings *s, const char *value)
{
	struct coding *coding;
	s->single.encoding = take_value("encoding", value);
	if (coding_open(&coding, s->single.encoding, 0) == CODING_UNKNOWN)
		log_usage("--encoding %s: not a content coding", value);
	coding_free(coding);
}

static void take_status(struct settings *s, const char *value)
{
	uint64_t status;
	if (!slice_number(slice_of(value), 599, &status) || status < 200)
		log_usage("--status %s: not the status of an answer", value);
	s->single.status = (uint16_t)status;
}

static void take_scheme(struct settings *s, const char *value)
{
	s->single.https = !strcmp(value, "https");
	if (!s->single.https && strcmp(value, "http"))
		log_usage("--scheme %s: neither http nor https", value);
}

/* Those of --stdin. */
static void take_single(struct settings *s, int key, const char *value)
{
	switch (key) {
	case KEY_TYPE:
		s->single.type = take_value("type", value);
		break;
	case KEY_HOST:
		s->single.host = slice_of(value);
		break;
	case KEY_TARGET:
		s->single.target = slice_of(value);
		break;
	case KEY_METHOD:
		s->single.method = slice_of(value);
		break;
	case KEY_STATUS:
		take_status(s, value);
		break;
	case KEY_SCHEME:
		take_scheme(s, value);
		break;
	case KEY_ENCODING:
		take_encoding(s, value);
		break;
	}
	for (const struct option_spec *o = specs; o->name; o++)
		if (o->key == key)
			s->of_one_body = o->name;
}

static void take_option(void *context, int key, const char *value)
{
	struct settings *s = context;
	if (inputs_take(&s->inputs, key, value) ||
	    display_take(&s->display, key, value))
		return;
	switch (key) {
	case 'r':
		take_path(s, value);
		break;
	case 'f':
		s->filter = value;
		break;
	case 'z':
		take_zone(s, value);
		break;
	case 'c':
		s->check = true;
		break;
	case KEY_SHIFT_DATES:
		s->preview.shift_dates = true;
		break;
	case KEY_FULL:
		s->preview.full = true;
		break;
	case KEY_STDIN:
		s->one_body = true;
		break;
	default:
		take_single(s, key, value);
	}
}

static void check_usage(const struct settings *s, int captures)
{
	if (!s->path_count)
		log_usage("no rules given (--rules FILE)");
	if (s->check && s->one_body)
		log_usage("either --check or --stdin");
	if (captures && (s->check || s->one_body))
		log_usage("--%s takes no capture",
			  s->check ? "check" : "stdin");
	if (s->one_body && !s->single.type.len)
		log_usage("--stdin needs --type TYPE");
	if (!s->one_body && s->of_one_body)
		log_usage("--%s goes with --stdin", s->of_one_body);
	if (!captures && !s->check && !s->one_body)
		log_usage("no capture given");
}

/* ---- what is done ---- */

static int check(const struct settings *s, const struct rules *rules)
{
	for (size_t i = 0; i < s->path_count; i++)
		printf("%s%s", i ? ", " : "", s->paths[i]);
	printf(": %zu %s\n", rules->count,
	       rules->count == 1 ? "rule" : "rules");
	return fflush(stdout) || ferror(stdout) ? -1 : 0;
}

static int preview(const struct settings *s, const struct rules *rules,
		   char *const paths[], size_t count)
{
	struct recording_options o = {s->filter, s->inputs.secrets,
				      s->display.progress};
	struct recording *r = recording_read(&o, paths, count);
	int result = r ? preview_print(r, rules, &s->preview) : -1;
	recording_free(r);
	return result;
}

int main(int argc, char **argv)
{
	static const struct options options = {
	    .specs = specs,
	    .synopsis = "--rules FILE [OPTIONS] CAPTURE...\n"
			"--rules FILE --check\n"
			"--rules FILE --stdin --type TYPE [OPTIONS] < BODY",
	    .about = "Shows what rules change of the answers and targets that "
		     "captures hold.",
	    .take = take_option,
	};
	struct settings s = {
	    .single = {.method = SLICE("GET"),
		       .target = SLICE("/"),
		       .status = 200},
	};
	log_init(argv[0]);
	digest_memory();
	take_zone(&s, STEER_ZONE);
	int first = options_parse(&options, &s, argc, argv);
	check_usage(&s, argc - first);
	display_begin(&s.display);
	s.preview.colour = s.display.colour;
	s.preview.summary_only = s.display.quiet;
	/* on a terminal what is shown tells how far it is */
	if (!s.display.width)
		s.preview.progress = s.display.progress;
	struct rules *rules = NULL;
	int result = -1;
	if (!confine(CONFINE_READING, true))
		rules = rules_read(s.paths, s.path_count, buf_slice(&s.zone));
	if (rules && s.check)
		result = check(&s, rules);
	else if (rules && s.one_body)
		result = single_run(&s.single, rules);
	else if (rules && !inputs_read(&s.inputs))
		result =
		    preview(&s, rules, argv + first, (size_t)(argc - first));
	display_release(&s.display);
	inputs_release(&s.inputs);
	rules_free(rules);
	free((void *)s.paths);
	buf_release(&s.zone);
	return result ? EXIT_FAILURE : EXIT_SUCCESS;
}
