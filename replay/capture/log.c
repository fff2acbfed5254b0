/* Messages for people, one line each, on standard error. */
#include "log.h"

#include "visible.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *program = "reenact";
static enum log_level level = LOG_NORMAL;

/* Started with a standard descriptor closed, the next file opened would take
 * its number, and be written to. What fails as a closed one takes it first. */
static void hold_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null",
			     fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

void log_init(const char *name)
{
	hold_descriptors();
	const char *slash = strrchr(name, '/');
	program = slash ? slash + 1 : name;
}

void log_set_level(enum log_level wanted)
{
	level = wanted;
}

const char *log_name(void)
{
	return program;
}

/* What of a message begins here, at the least one byte of it; true: as \xHH.
 * Messages may hold UTF-8 of our own or of a file's name. */
static bool next_shown(struct slice *text, struct slice *part)
{
	uint8_t c = text->data[0];
	size_t len = c == '\t' ? 0 : visible_len(*text);
	*part = slice_to(*text, len ? len : 1);
	*text = slice_from(*text, part->len);
	return !len;
}

/* One write a message, so that lines of several processes do not mix. */
static void add_shown(struct buf *out, struct slice text)
{
	struct slice part;
	while (text.len)
		if (next_shown(&text, &part) && part.data[0] != '\n')
			buf_printf(out, "\\x%02X", part.data[0]);
		else
			buf_add(out, part);
}

/* A message that needs no memory, since there may be none: as long as a
 * formatted one can become when all of it must be escaped. */
#define TEXT_MAX 2048
#define MESSAGE_MAX (4 * TEXT_MAX + 512)

struct shown {
	char bytes[MESSAGE_MAX];
	size_t len;
};

static void line_add(struct shown *l, const char *text)
{
	while (*text && l->len < MESSAGE_MAX - 1)
		l->bytes[l->len++] = *text++;
}

static void line_add_shown(struct shown *l, struct slice text)
{
	struct slice part;
	while (text.len) {
		char shown[8] = "";
		if (next_shown(&text, &part))
			snprintf(shown, sizeof shown, "\\x%02X", part.data[0]);
		else
			memcpy(shown, part.data, part.len);
		line_add(l, shown);
	}
}

PRINTF_LIKE(1, 0)
static void say(const char *fmt, va_list args, const char *hint)
{
	char text[TEXT_MAX];
	struct shown l;
	l.len = 0;
	if (vsnprintf(text, sizeof text, fmt, args) < 0)
		return;
	line_add(&l, program);
	line_add(&l, ": ");
	line_add_shown(&l, slice_of(text));
	line_add(&l, hint);
	l.bytes[l.len++] = '\n';
	ssize_t written = write(STDERR_FILENO, l.bytes, l.len);
	(void)written; /* nobody to tell */
}

void log_lines(struct slice lines)
{
	struct buf shown = {0};
	add_shown(&shown, lines);
	ssize_t written = write(STDERR_FILENO, shown.data, shown.len);
	(void)written; /* nobody to tell */
	buf_release(&shown);
}

void log_warn(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	say(fmt, args, "");
	va_end(args);
}

void log_info(const char *fmt, ...)
{
	va_list args;
	if (level < LOG_NORMAL)
		return;
	va_start(args, fmt);
	say(fmt, args, "");
	va_end(args);
}

void log_debug(const char *fmt, ...)
{
	va_list args;
	if (level < LOG_VERBOSE)
		return;
	va_start(args, fmt);
	say(fmt, args, "");
	va_end(args);
}

void log_fatal(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	say(fmt, args, "");
	va_end(args);
	exit(EXIT_FAILURE);
}

void log_usage(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	say(fmt, args, " (try --help)");
	va_end(args);
	exit(EXIT_USAGE);
}
