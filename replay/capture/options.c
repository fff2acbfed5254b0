/* One table of options a program: getopt_long's arrays, the text of --help and
 * completion in shells come from it. */
#include "options.h"

#include "bytes.h"
#include "completion.h"
#include "log.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

/* No short options: below those of the programs. */
#define KEY_COMPLETION 254
#define KEY_VERSION 255

static const struct option_spec common[] = {
    {'h', "help", NULL, "show this help"},
    {KEY_VERSION, "version", NULL, "show the version"},
    {KEY_COMPLETION, "completion", "bash|zsh|fish",
     "print what completes these options in that shell"},
    {0},
};

static void print_help(const struct option_spec *spec)
{
	char left[64];
	bool letter = spec->key < KEY_COMPLETION;
	int used =
	    snprintf(left, sizeof left, "%c%c%s--%s%s%s", letter ? '-' : ' ',
		     letter ? spec->key : ' ', letter ? ", " : "  ", spec->name,
		     spec->arg ? " " : "", spec->arg ? spec->arg : "");
	printf("  %-27s%s", left,
	       used > 26 ? "\n                             " : "");
	for (const char *c = spec->help; *c; c++) {
		putchar(*c);
		if (*c == '\n')
			printf("%29s", "");
	}
	putchar('\n');
}

/* Ends a program whose only task was to print. */
static noreturn void finish(void)
{
	if (fflush(stdout) || ferror(stdout))
		log_fatal("cannot write to standard output: %s",
			  strerror(errno));
	exit(EXIT_SUCCESS);
}

static noreturn void help(const struct options *o)
{
	const char *line = o->synopsis;
	for (const char *lead = "usage:"; *line; lead = "      ") {
		size_t len = strcspn(line, "\n");
		printf("%s %s %.*s\n", lead, log_name(), (int)len, line);
		line += len + (line[len] == '\n');
	}
	printf("\n%s\n\n", o->about);
	for (const struct option_spec *s = o->specs; s->name; s++)
		print_help(s);
	for (const struct option_spec *s = common; s->name; s++)
		print_help(s);
	finish();
}

static noreturn void version(void)
{
	printf("%s (Reenact) %s\n", log_name(), REENACT_VERSION);
	finish();
}

/* The program's own options and the common ones, to be freed. */
static struct option_spec *all_specs(const struct option_spec *own)
{
	size_t count = 0;
	while (own[count].name)
		count++;
	struct option_spec *all =
	    xreallocarray(NULL, count * sizeof *all + sizeof common, 1);
	memcpy(all, own, count * sizeof *all);
	memcpy(all + count, common, sizeof common);
	return all;
}

static noreturn void complete(const struct options *o, const char *shell)
{
	struct option_spec *all = all_specs(o->specs);
	if (!completion_print(shell, log_name(), all))
		log_usage("--completion %s: neither bash, zsh nor fish", shell);
	free(all);
	finish();
}

struct tables {
	struct option *longs;
	char *shorts;
	size_t count, short_len;
};

static void tables_add(struct tables *t, const struct option_spec *specs)
{
	for (const struct option_spec *s = specs; s->name; s++) {
		t->longs =
		    xreallocarray(t->longs, t->count + 2, sizeof *t->longs);
		t->longs[t->count++] = (struct option){
		    s->name, s->arg ? required_argument : no_argument, NULL,
		    s->key};
		t->longs[t->count] = (struct option){0};
		if (s->key >= KEY_COMPLETION)
			continue;
		t->shorts = xreallocarray(t->shorts, t->short_len + 3, 1);
		t->shorts[t->short_len++] = (char)s->key;
		if (s->arg)
			t->shorts[t->short_len++] = ':';
		t->shorts[t->short_len] = '\0';
	}
}

/* After getopt_long returned '?'. word is the last it has done with: not yet
 * the one it is in, if that is a cluster of short options. */
static noreturn void refuse(const struct tables *t, const char *word)
{
	bool known = optopt >= KEY_COMPLETION ||
		     (optopt && optopt != ':' && strchr(t->shorts, optopt));
	if (known)
		log_usage("%s: needs a value, or takes none", word);
	if (optopt)
		log_usage("unknown option -%c", optopt);
	log_usage("unknown option %s", word);
}

int options_parse(const struct options *o, void *context, int argc, char **argv)
{
	struct tables t = {.shorts = xcalloc(1, 1)};
	tables_add(&t, common);
	tables_add(&t, o->specs);
	opterr = 0; /* our own words: one line, our name */
	for (;;) {
		int key = getopt_long(argc, argv, t.shorts, t.longs, NULL);
		if (key == -1)
			break;
		if (key == 'h')
			help(o);
		if (key == KEY_VERSION)
			version();
		if (key == KEY_COMPLETION)
			complete(o, optarg);
		if (key == '?')
			refuse(&t, argv[optind - 1]);
		o->take(context, key, optarg);
	}
	free(t.longs);
	free(t.shorts);
	return optind;
}
