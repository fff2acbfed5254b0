/* A process of its own beside this one, which does one thing that this one may
 * not do any more once it is confined. */
#ifndef CAPTURE_BESIDE_H
#define CAPTURE_BESIDE_H

/* Forks; the two have a pair of connected sockets of that type (SOCK_...). run
 * gets the other one's end, and has to confine itself: when it returns, that
 * process ends. It ignores the signals that are ours and that a terminal sends
 * to both, and knows that we have ended by the end of what it receives. Returns
 * our end, or -1 after having said why. */
int beside_start(int type, void (*run)(int socket));

#endif
