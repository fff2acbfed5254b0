/* Scripts that complete a program's options in a shell, from the table that
 * its parser and --help come from. */
#include "completion.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum value {
	VALUE_NONE, /* the option takes none */
	VALUE_FILE,
	VALUE_DIR,
	VALUE_WORDS, /* one of those in the table */
	VALUE_ANY,
};

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* Steps to the next alternative of "tsv|json|NAME" that is to be typed as it
 * stands. Begin with *next at the name; false at the end. */
static bool next_word(const char **next, const char **word, int *len)
{
	while (**next) {
		*word = *next;
		*len = (int)strcspn(*next, "|");
		*next += *len + ((*next)[*len] == '|');
		if (*len && !isupper((unsigned char)**word))
			return true;
	}
	return false;
}

static enum value value_of(const struct option_spec *s)
{
	const char *next = s->arg, *word;
	int len;
	if (!s->arg)
		return VALUE_NONE;
	if (begins(s->arg, "FILE") || begins(s->arg, "CAPTURE") ||
	    begins(s->arg, "REPLAYED"))
		return VALUE_FILE;
	if (begins(s->arg, "DIR"))
		return VALUE_DIR;
	return next_word(&next, &word, &len) ? VALUE_WORDS : VALUE_ANY;
}

static void print_words(const struct option_spec *s, const char *between)
{
	const char *next = s->arg, *word;
	int len;
	for (const char *lead = ""; next_word(&next, &word, &len);
	     lead = between)
		printf("%s%.*s", lead, len, word);
}

static bool has_letter(const struct option_spec *s)
{
	return s->key > ' ' && s->key < 0x7f;
}

/* What --help says up to its first semicolon, on one line, in single quotes
 * of which the caller prints the outer ones. special: to be escaped too. */
static void print_about(const struct option_spec *s, const char *special,
			const char *quote)
{
	for (const char *c = s->help; *c && *c != ';'; c++) {
		if (*c == '\'')
			fputs(quote, stdout);
		else if (strchr(special, *c))
			printf("\\%c", *c);
		else
			putchar(*c == '\n' ? ' ' : *c);
	}
}

/* ---- bash ---- */

/* readline's own completion of file names knows quotes and ~, so names are
 * left to it; where nothing is known, it is kept from offering them. */
static void print_bash_value(const struct option_spec *s)
{
	enum value value = value_of(s);
	if (value == VALUE_NONE)
		return;
	putchar('\t');
	if (has_letter(s))
		printf("-%c|", s->key);
	printf("--%s)\n", s->name);
	if (value != VALUE_FILE)
		printf("\t\tcompopt +o default%s\n",
		       value == VALUE_DIR ? " -o dirnames" : "");
	if (value == VALUE_WORDS) {
		printf("\t\tCOMPREPLY=($(compgen -W '");
		print_words(s, " ");
		puts("' -- \"$cur\"))");
	}
	puts("\t\treturn\n\t\t;;");
}

static void print_bash(const char *program, const struct option_spec *specs)
{
	printf("_reenact_%s()\n{\n"
	       "\tlocal cur=${COMP_WORDS[COMP_CWORD]}"
	       " prev=${COMP_WORDS[COMP_CWORD-1]}\n"
	       "\tCOMPREPLY=()\n"
	       "\t# --option=value comes in three words\n"
	       "\tif [[ $cur == '=' ]]; then\n"
	       "\t\tcur=\n"
	       "\telif [[ $prev == '=' ]]; then\n"
	       "\t\tprev=${COMP_WORDS[COMP_CWORD-2]}\n"
	       "\tfi\n"
	       "\tcase $prev in\n",
	       program);
	for (const struct option_spec *s = specs; s->name; s++)
		print_bash_value(s);
	printf("\tesac\n"
	       "\t[[ $cur == -* ]] || return 0\n"
	       "\tCOMPREPLY=($(compgen -W '");
	for (const struct option_spec *s = specs; s->name; s++) {
		if (has_letter(s))
			printf("-%c ", s->key);
		printf("--%s ", s->name);
	}
	printf("' -- \"$cur\"))\n}\ncomplete -o default -F _reenact_%s %s\n",
	       program, program);
}

/* ---- zsh ---- */

static void print_zsh_value(const struct option_spec *s)
{
	switch (value_of(s)) {
	case VALUE_NONE:
		return;
	case VALUE_FILE:
		printf(":%s:_files", s->arg);
		break;
	case VALUE_DIR:
		printf(":%s:_files -/", s->arg);
		break;
	case VALUE_WORDS:
		printf(":%s:(", s->name);
		print_words(s, " ");
		putchar(')');
		break;
	case VALUE_ANY:
		printf(":%s: ", s->name);
		break;
	}
}

static void print_zsh_option(const struct option_spec *s)
{
	bool letter = has_letter(s);
	if (letter && s->arg)
		printf(" \\\n\t'*'{-%c+,--%s=}'[", s->key, s->name);
	else if (letter)
		printf(" \\\n\t'(-%c --%s)'{-%c,--%s}'[", s->key, s->name,
		       s->key, s->name);
	else
		printf(" \\\n\t'%s--%s%s[", s->arg ? "*" : "", s->name,
		       s->arg ? "=" : "");
	print_about(s, "\\[]:", "'\\''");
	putchar(']');
	print_zsh_value(s);
	putchar('\'');
}

static void print_zsh(const char *program, const struct option_spec *specs)
{
	printf("#compdef %s\n_arguments -s -S", program);
	for (const struct option_spec *s = specs; s->name; s++)
		print_zsh_option(s);
	puts(" \\\n\t'*:capture:_files'");
}

/* ---- fish ---- */

static void print_fish(const char *program, const struct option_spec *specs)
{
	for (const struct option_spec *s = specs; s->name; s++) {
		enum value value = value_of(s);
		printf("complete -c %s", program);
		if (has_letter(s))
			printf(" -s %c", s->key);
		printf(" -l %s", s->name);
		if (value == VALUE_FILE)
			printf(" -r -F");
		else if (value == VALUE_DIR)
			printf(" -x -a '(__fish_complete_directories)'");
		else if (value == VALUE_ANY)
			printf(" -x");
		else if (value == VALUE_WORDS) {
			printf(" -x -a '");
			print_words(s, " ");
			putchar('\'');
		}
		printf(" -d '");
		print_about(s, "\\", "\\'");
		puts("'");
	}
}

bool completion_print(const char *shell, const char *program,
		      const struct option_spec *specs)
{
	const struct {
		const char *shell;
		void (*print)(const char *program,
			      const struct option_spec *specs);
	} known[] = {
	    {"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
		if (strcmp(known[i].shell, shell))
			continue;
		known[i].print(program, specs);
		return true;
	}
	return false;
}
