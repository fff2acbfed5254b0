/* Messages for people, one line each, on standard error.
 *
 * The kit's globals live here: the program's name, its level, whether messages
 * are coloured. (opener.c and cert_keeper.c have the others, a process's only
 * helpers.) */
#ifndef CAPTURE_LOG_H
#define CAPTURE_LOG_H

#include "bytes.h"

#include <stdnoreturn.h>

enum log_level { LOG_QUIET, LOG_NORMAL, LOG_VERBOSE };

#define EXIT_USAGE 2 /* unusable arguments; 1 is failure at work */

/* name is borrowed for the life of the program; a path is cut to its last
 * component. First in main: standard descriptors that are closed are held, so
 * that no file opened later gets their numbers. */
void log_init(const char *name);
void log_set_level(enum log_level level);
/* Whether messages are coloured; false until it is set. */
void log_set_colours(bool wanted);
bool log_colours(void);
const char *log_name(void);

/* "replay: message". Control bytes in the formatted text, control characters of
 * UTF-8 and what is not UTF-8 leave as \xHH, so that nothing out of a capture
 * can drive a terminal. */
void log_warn(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* Nothing is wrong, and it is told even if quiet. */
void log_always(const char *fmt, ...) PRINTF_LIKE(1, 2);
void log_info(const char *fmt, ...) PRINTF_LIKE(1, 2);  /* not if quiet */
void log_debug(const char *fmt, ...) PRINTF_LIKE(1, 2); /* if verbose */
/* Lines that do not begin with the program's name, each with its newline, in
 * one write whatever the level; other control bytes leave as \xHH. A line of
 * nothing but spaces and a caret is coloured. */
void log_lines(struct slice lines);
/* A line without newline that stands on the terminal until the next one is
 * drawn over it; an empty one wipes it, and so does any message. For
 * progress.c alone. */
void log_status(struct slice line);
/* Whether one stands there; for signal handlers. */
bool log_status_stands(void);
noreturn void log_fatal(const char *fmt, ...) PRINTF_LIKE(1, 2); /* exit 1 */
/* exit 2; the line ends by pointing at --help */
noreturn void log_usage(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
