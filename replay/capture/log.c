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

/* Messages may hold UTF-8 of our own or of a file's name. */
static void add_shown(struct buf *out, struct slice text, bool keep_newlines)
{
	while (text.len) {
		uint8_t c = text.data[0];
		size_t len = c == '\t' ? 0 : visible_len(text);
		if (len)
			buf_add(out, slice_to(text, len));
		else if (keep_newlines && c == '\n')
			buf_add_byte(out, c);
		else
			buf_printf(out, "\\x%02X", c);
		text = slice_from(text, len ? len : 1);
	}
}

/* One write a message, so that lines of several processes do not mix. */
static void put(struct buf *message)
{
	ssize_t written = write(STDERR_FILENO, message->data, message->len);
	(void)written; /* nobody to tell */
	buf_release(message);
}

PRINTF_LIKE(1, 0)
static void say(const char *fmt, va_list args, const char *hint)
{
	char text[2048];
	int len = vsnprintf(text, sizeof text, fmt, args);
	if (len < 0)
		return;
	size_t used = (size_t)len < sizeof text ? (size_t)len : sizeof text - 1;

	struct buf line = {0};
	buf_printf(&line, "%s: ", program);
	add_shown(&line, (struct slice){(const uint8_t *)text, used}, false);
	buf_add_string(&line, hint);
	buf_add_byte(&line, '\n');
	put(&line);
}

void log_lines(struct slice lines)
{
	struct buf shown = {0};
	add_shown(&shown, lines, true);
	put(&shown);
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
