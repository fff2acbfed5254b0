/* Rule files are opened by a process of their own.
 *
 * While it serves, replay can open nothing and is nobody, but SIGHUP reads the
 * rule files again: the edited ones, which an editor puts in the place of the
 * old, and which may be root's alone. So a small process is left outside, as
 * whoever started replay, before anything hostile was read. It opens what it
 * is asked for, for reading, in the folders of the rule files that were read at
 * the start, and hands over the descriptor. It ends when replay does. */
#ifndef CAPTURE_OPENER_H
#define CAPTURE_OPENER_H

/* Starts it; there is one at most. Returns 0, or -1 after having said why. */
int opener_start(void);

/* From now on only the folders of files that were opened until now. */
void opener_seal(void);

/* A descriptor of the file, opened for reading without waiting, or -1 with
 * errno set. Without the process the caller opens it itself. One thread at a
 * time. */
int opener_open(const char *path);

#endif
