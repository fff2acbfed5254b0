/* Options as getopt_long has them, the help made from the same table; and
 * those that all programs have. */
#include "unit.h"

#include "capture_file.h"
#include "forked.h"

#include "capture/display.h"
#include "capture/inputs.h"
#include "capture/log.h"

#include <getopt.h>

static struct inputs inputs;
static struct display display;
static char taken[256];

static void take(void *context, int key, const char *value)
{
	(void)context;
	if (inputs_take(&inputs, key, value) ||
	    display_take(&display, key, value))
		return;
	size_t len = strlen(taken);
	snprintf(taken + len, sizeof taken - len, "%d=%s;", key,
		 value ? value : "");
}

static const struct option_spec specs[] = {
    {'a', "all", NULL, "everything"},
    {'n', "number", "N", "how many,\nin two lines"},
    {256, "a-name-longer-than-its-column", NULL, "long"},
    {257, "way", "one|2|OTHER", "it's [so]: \\; and more"},
    INPUTS_SPECS,
    DISPLAY_SPECS(", no more", ": all"),
    {0},
};

static const struct options options = {
    .specs = specs,
    .synopsis = "[OPTIONS] FILE\n--other",
    .about = "Does it.",
    .take = take,
};

static int parse(const char *const *words)
{
	int count = 0;
	while (words[count])
		count++;
	optind = 0; /* once more: from the start */
	taken[0] = '\0';
	return options_parse(&options, NULL, count, (char **)(void *)words);
}

static void test_taken(void **state)
{
	(void)state;
	const char *words[] = {"name",  "-an", "3",  "--number=4", "file",
			       "--all", "--",  "-x", NULL};
	/* operands are moved behind the options */
	assert_int_equal(parse(words), 6);
	assert_string_equal(taken, "97=;110=3;110=4;97=;");
	assert_string_equal(words[6], "file");
	assert_string_equal(words[7], "-x");
}

static void parse_and_end(void *words)
{
	parse(words);
}

static int told(const char *word, char *text, size_t size)
{
	const char *words[] = {"name", word, NULL};
	return forked(parse_and_end, (void *)words, text, size);
}

static void test_help(void **state)
{
	(void)state;
	char text[4096];
	assert_int_equal(told("--help", text, sizeof text), 0);
	static const char start[] =
	    "usage: name [OPTIONS] FILE\n"
	    "       name --other\n"
	    "\n"
	    "Does it.\n"
	    "\n"
	    "  -a, --all                  everything\n"
	    "  -n, --number N             how many,\n"
	    "                             in two lines\n"
	    "      --a-name-longer-than-its-column\n"
	    "                             long\n";
	assert_int_equal(strncmp(text, start, sizeof start - 1), 0);
	assert_non_null(strstr(text, "\n  -h, --help"));
	assert_int_equal(told("--version", text, sizeof text), 0);
	assert_string_equal(text, "name (Reenact) " REENACT_VERSION "\n");
}

/* Quotes, brackets and backslashes of the help in each shell's own way. */
static void test_completion(void **state)
{
	(void)state;
	static const struct {
		const char *word, *part;
	} cases[] = {
	    {"--completion=bash", "\t--way)\n\t\tcompopt +o default\n"
				  "\t\tCOMPREPLY=($(compgen -W 'one 2' -- "},
	    {"--completion=bash", "\t-n|--number)\n\t\tcompopt +o default\n"
				  "\t\treturn\n"},
	    {"--completion=bash", "\t--keylog)\n\t\treturn\n"},
	    {"--completion=bash", "-W '-a --all -n --number --a-name-"},
	    {"--completion=zsh", "'*--way=[it'\\''s \\[so\\]\\: \\\\]"
				 ":way:(one 2)'"},
	    {"--completion=zsh", "'(-a --all)'{-a,--all}'[everything]'"},
	    {"--completion=zsh", "'*'{-n+,--number=}'[how many, in two lines]"
				 ":number: '"},
	    {"--completion=fish", "complete -c name -l way -x -a 'one 2' "
				  "-d 'it\\'s [so]: \\\\'\n"},
	    {"--completion=fish", "complete -c name -s a -l all "
				  "-d 'everything'\n"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[8192];
		assert_int_equal(told(cases[i].word, text, sizeof text), 0);
		assert_non_null(strstr(text, cases[i].part));
	}
}

static void test_refused(void **state)
{
	(void)state;
	static const struct {
		const char *word, *message;
	} cases[] = {
	    {"-x", "name: unknown option -x (try --help)\n"},
	    {"--what", "name: unknown option --what (try --help)\n"},
	    {"-n", "name: -n: needs a value, or takes none (try --help)\n"},
	    {"--number",
	     "name: --number: needs a value, or takes none (try --help)\n"},
	    {"--all=1",
	     "name: --all=1: needs a value, or takes none (try --help)\n"},
	    {"--completion=ksh", "name: --completion ksh: neither bash, zsh "
				 "nor fish (try --help)\n"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[4096];
		assert_int_equal(told(cases[i].word, text, sizeof text),
				 EXIT_USAGE);
		assert_string_equal(text, cases[i].message);
	}
}

static void test_display(void **state)
{
	(void)state;
	static const struct {
		const char *word;
		bool quiet, verbose;
		enum colour_when when;
	} cases[] = {
	    {"-q", true, false, COLOUR_AUTO},
	    {"--quiet", true, false, COLOUR_AUTO},
	    {"-v", false, true, COLOUR_AUTO},
	    {"--verbose", false, true, COLOUR_AUTO},
	    {"--color=always", false, false, COLOUR_ALWAYS},
	    {"--color=never", false, false, COLOUR_NEVER},
	    {"--color=auto", false, false, COLOUR_AUTO},
	};
	char text[4096];
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *words[] = {"name", cases[i].word, NULL};
		display = (struct display){0};
		assert_int_equal(parse(words), 2);
		assert_string_equal(taken, "");
		assert_int_equal(display.quiet, cases[i].quiet);
		assert_int_equal(display.verbose, cases[i].verbose);
		assert_int_equal(display.when, cases[i].when);
	}
	log_set_level(LOG_NORMAL);
	assert_int_equal(told("--color=blue", text, sizeof text), EXIT_USAGE);
	assert_string_equal(text, "name: --color blue: neither always, never "
				  "nor auto (try --help)\n");
	assert_int_equal(told("--help", text, sizeof text), 0);
	assert_non_null(strstr(text, "progress, no more\n"));
	assert_non_null(strstr(text, "tell more: all\n"));
}

/* Reads a key log; what was said of it goes to text. */
static int read_keylog(const char *path, char *text, size_t size)
{
	const char *words[] = {"name", "--keylog", path, NULL};
	assert_int_equal(parse(words), 3);
	int old = messages_begin();
	int result = inputs_read(&inputs);
	messages_end(old, text, size);
	return result;
}

#define RANDOM                                                                 \
	"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define SECRET RANDOM "202122232425262728292a2b2c2d2e2f"
#define OTHER "ff" RANDOM "2122232425262728292a2b2c2d2e2f"

static void test_keylogs(void **state)
{
	(void)state;
	static const struct {
		const char *log, *message;
	} cases[] = {
	    {"CLIENT_RANDOM " RANDOM " " SECRET "\n", ""},
	    {"", "no secrets in it"},
	    {"nothing\nCLIENT_RANDOM " RANDOM " " SECRET "\n",
	     "1 lines are none of a key log"},
	    {"CLIENT_RANDOM " RANDOM " " SECRET "\n"
	     "CLIENT_RANDOM " RANDOM " " OTHER "\n",
	     "1 lines contradict earlier ones"},
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[1024];
		char *path = path_of(slice_of(cases[i].log));
		assert_int_equal(read_keylog(path, text, sizeof text), 0);
		assert_non_null(strstr(text, cases[i].message));
		assert_int_equal(!text[0], !cases[i].message[0]);
		inputs_release(&inputs);
		drop_path(path);
	}
}

static void test_inputs_that_cannot_be_read(void **state)
{
	(void)state;
	const char *words[] = {"name", "--key", "/nonexistent/key", NULL};
	char text[1024];
	assert_int_equal(read_keylog("/nonexistent/log", text, sizeof text),
			 -1);
	assert_non_null(strstr(text, "/nonexistent/log"));
	inputs_release(&inputs);
	assert_int_equal(parse(words), 3);
	int old = messages_begin();
	int result = inputs_read(&inputs);
	messages_end(old, text, sizeof text);
	assert_int_equal(result, -1);
	assert_non_null(strstr(text, "/nonexistent/key"));
	inputs_release(&inputs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_taken),
	    cmocka_unit_test(test_help),
	    cmocka_unit_test(test_completion),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_display),
	    cmocka_unit_test(test_keylogs),
	    cmocka_unit_test(test_inputs_that_cannot_be_read),
	};
	log_init("name");
	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
