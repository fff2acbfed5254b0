/* make-capture: writes captures of made-up infections for tests, the demo and
 * the bench. */
#include "scene.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BEGINNING 1489486325123456000LL /* 2017-03-14 10:12:05 UTC */
#define FILE_BUFFER (1 << 20)

static const struct scenario *const tables[] = {
    drive_by_scenarios,    packet_scenarios,       link_scenarios,
    message_scenarios,     hostile_scenarios,      matching_scenarios,
    address_scenarios,     bench_scenarios,        lab_scenarios,
    sealed_scenarios,      connectivity_scenarios, range_scenarios,
    range_other_scenarios, range_sealed_scenarios,
};

#define TABLES (sizeof(tables) / sizeof(*tables))

static const char usage[] =
    "usage: make-capture SCENARIO [OPTIONS] > FILE.pcap\n"
    "       make-capture --list\n"
    "\n"
    "  -l, --list             the scenarios\n"
    "  -t, --truth FILE       a table of the exchanges in the capture\n"
    "  -w, --wire DIR         their bytes: NN.request, NN.response\n"
    "      --keylog FILE      secrets of TLS (sealed-*, range-tls-keys and "
    "others)\n"
    "      --seed N           other ports, numbers and bodies\n"
    "      --size BYTES       of the capture, about (pages, tiny, sealed-*; "
    "110M)\n"
    "      --connections N    (nconn, lone; 1000)\n"
    "      --body BYTES       (blob, with --count; 0: /1k, /20k, /1m)\n"
    "      --count N          (blob; 1)\n"
    "BYTES may end in k, M or G.\n";

static void list_scenarios(void)
{
	const struct scenario *row;
	size_t i;

	for (i = 0; i < TABLES; i++)
		for (row = tables[i]; row->name; row++)
			printf("%-24s %s\n", row->name, row->about);
}

static const struct scenario *find_scenario(const char *name)
{
	const struct scenario *row;
	size_t i;

	for (i = 0; i < TABLES; i++)
		for (row = tables[i]; row->name; row++)
			if (!strcmp(row->name, name))
				return row;
	fail("no scenario %s (see --list)", name);
}

static uint64_t parse_size(const char *text)
{
	static const char units[] = "kMG";
	char *end;
	uint64_t value = strtoull(text, &end, 10);
	const char *unit = *end ? strchr(units, *end) : NULL;
	const char *u;

	if (end == text || (*end && (!unit || end[1])))
		fail("not a number: %s", text);
	for (u = units; unit && u <= unit; u++)
		value *= 1000;
	return value;
}

static FILE *open_output(const char *path)
{
	FILE *file = fopen(path, "w");

	if (!file)
		fail("%s: %s", path, strerror(errno));
	return file;
}

static void close_output(FILE *file, const char *what)
{
	if (file && fclose(file))
		fail("cannot write %s", what);
}

static void open_wire(struct truth *t, const char *path)
{
	if (mkdir(path, 0777) && errno != EEXIST)
		fail("%s: %s", path, strerror(errno));
	t->wire = path;
}

static void take_option(struct scene *s, int key, const char *value)
{
	switch (key) {
	case 't':
		s->truth.table = open_output(value);
		break;
	case 'w':
		open_wire(&s->truth, value);
		break;
	case 'k':
		s->keylog = open_output(value);
		break;
	case 'e':
		s->net.seed = parse_size(value);
		break;
	case 's':
		s->size = parse_size(value);
		break;
	case 'c':
		s->connections = (unsigned)parse_size(value);
		break;
	case 'b':
		s->body = parse_size(value);
		break;
	case 'n':
		s->count = (unsigned)parse_size(value);
		break;
	case 'l':
		list_scenarios();
		exit(0);
	case 'h':
		fputs(usage, stdout);
		exit(0);
	default:
		fputs(usage, stderr);
		exit(2);
	}
}

static const char *parse_options(struct scene *s, int argc, char **argv)
{
	static const struct option options[] = {
	    {"list", no_argument, NULL, 'l'},
	    {"help", no_argument, NULL, 'h'},
	    {"truth", required_argument, NULL, 't'},
	    {"wire", required_argument, NULL, 'w'},
	    {"keylog", required_argument, NULL, 'k'},
	    {"seed", required_argument, NULL, 'e'},
	    {"size", required_argument, NULL, 's'},
	    {"connections", required_argument, NULL, 'c'},
	    {"body", required_argument, NULL, 'b'},
	    {"count", required_argument, NULL, 'n'},
	    {0},
	};
	int key;

	while ((key = getopt_long(argc, argv, "lht:w:", options, NULL)) != -1)
		take_option(s, key, optarg);
	if (optind != argc - 1) {
		fputs(usage, stderr);
		exit(2);
	}
	return argv[optind];
}

int main(int argc, char **argv)
{
	static struct scene s = {
	    .net = {.mss = 1460,
		    .now = BEGINNING,
		    .step = 137000,
		    .seed = 20170314},
	    .next_port = 49200,
	    .size = 110000000,
	    .connections = 1000,
	    .count = 1,
	};
	const struct scenario *scenario =
	    find_scenario(parse_options(&s, argc, argv));

	if (isatty(STDOUT_FILENO))
		fail("a capture does not belong on a terminal");
	setvbuf(stdout, NULL, _IOFBF, FILE_BUFFER);
	s.writer.file = stdout;
	s.net.writer = &s.writer;
	s.variant = scenario->variant;
	truth_begin(&s.truth);
	scenario->play(&s);
	writer_end(&s.writer);
	close_output(s.truth.table, "the truth");
	close_output(s.keylog, "the key log");
	return 0;
}
