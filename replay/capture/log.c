/* Messages for people, one line each, on standard error. */
#include "log.h"

#include "colour.h"
#include "visible.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *program = "reenact";
static enum log_level level = LOG_NORMAL;
static bool colours;

/* The terminal's last line: whether a status stands in it. Threads that warn
 * wipe what another one draws. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static volatile sig_atomic_t status_stands;

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

void log_set_colours(bool wanted)
{
	colours = wanted;
}

bool log_colours(void)
{
	return colours;
}

bool log_status_stands(void)
{
	return status_stands;
}

static void put(const void *bytes, size_t len)
{
	ssize_t written = write(STDERR_FILENO, bytes, len);
	(void)written; /* nobody to tell */
}

/* ECMA-48: to the line's start, and nothing from there on. */
static void wipe_status(void)
{
	if (status_stands)
		put("\r\x1b[K", 4);
	status_stands = false;
}

/* One write a message, so that lines of several processes do not mix. */
static void put_message(const void *bytes, size_t len)
{
	pthread_mutex_lock(&lock);
	wipe_status();
	put(bytes, len);
	pthread_mutex_unlock(&lock);
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

/* Spaces, a caret and the line's end: under the place of a mistake. */
static bool is_pointer(struct slice text, size_t *len)
{
	size_t at = 0;
	while (at < text.len && text.data[at] == ' ')
		at++;
	*len = at + 2;
	return slice_starts(slice_from(text, at), SLICE("^\n"));
}

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

static void line_add_name(struct shown *l, enum colour colour)
{
	line_add(l, colour_begin(colours, colour));
	line_add(l, program);
	line_add(l, ":");
	line_add(l, colour_end(colours, colour));
	line_add(l, " ");
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

PRINTF_LIKE(2, 0)
static void say(enum colour colour, const char *fmt, va_list args,
		const char *hint)
{
	char text[TEXT_MAX];
	struct shown l;
	l.len = 0;
	if (vsnprintf(text, sizeof text, fmt, args) < 0)
		return;
	line_add_name(&l, colour);
	line_add_shown(&l, slice_of(text));
	line_add(&l, hint);
	l.bytes[l.len++] = '\n';
	put_message(l.bytes, l.len);
}

void log_lines(struct slice lines)
{
	struct buf shown = {0};
	while (lines.len) {
		size_t len;
		bool pointer = is_pointer(lines, &len);
		enum colour colour = pointer ? COLOUR_GOOD : COLOUR_NONE;
		if (!pointer)
			len = slice_find(lines, '\n') + 1;
		buf_add_string(&shown, colour_begin(colours, colour));
		add_shown(&shown, slice_to(lines, len));
		buf_add_string(&shown, colour_end(colours, colour));
		lines = slice_from(lines, len);
	}
	put_message(shown.data, shown.len);
	buf_release(&shown);
}

void log_status(struct slice line)
{
	struct shown l;
	l.len = 0;
	line_add(&l, "\r");
	line_add_shown(&l, slice_to(line, TEXT_MAX));
	line_add(&l, "\x1b[K");
	pthread_mutex_lock(&lock);
	if (line.len) {
		status_stands = true;
		put(l.bytes, l.len);
	} else {
		wipe_status();
	}
	pthread_mutex_unlock(&lock);
}

void log_warn(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	say(COLOUR_BAD, fmt, args, "");
	va_end(args);
}

void log_always(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	say(COLOUR_NONE, fmt, args, "");
	va_end(args);
}

void log_info(const char *fmt, ...)
{
	va_list args;
	if (level < LOG_NORMAL)
		return;
	va_start(args, fmt);
	say(COLOUR_NONE, fmt, args, "");
	va_end(args);
}

void log_debug(const char *fmt, ...)
{
	va_list args;
	if (level < LOG_VERBOSE)
		return;
	va_start(args, fmt);
	say(COLOUR_NONE, fmt, args, "");
	va_end(args);
}

void log_fatal(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	say(COLOUR_BAD, fmt, args, "");
	va_end(args);
	exit(EXIT_FAILURE);
}

void log_usage(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	say(COLOUR_BAD, fmt, args, " (try --help)");
	va_end(args);
	exit(EXIT_USAGE);
}
