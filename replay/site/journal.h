/* The log of answers: one line a request, as text on standard error and as
 * JSON in a file, in the names of Suricata's EVE. Lines are gathered, and
 * written when the caller says so.
 *
 * Each event loop gathers in a journal of its own. Writing takes a lock that
 * all of them share, since a pipe may tear what two write at once, and after a
 * disk was full the next line must end the one that was begun. Answers are out
 * by then, and one writing is of all lines of a loop's turn; a file takes what
 * is appended to it one after the other anyway. Lines of one connection stand
 * in order, those of different loops in the order of writing; each has its
 * time. */
#ifndef SITE_JOURNAL_H
#define SITE_JOURNAL_H

#include "answer.h"
#include "differ.h"
#include "way.h"

struct journal;
struct tls_told;

/* fd: of the JSON lines, taken; path, for messages, is NULL if there are none.
 * text: to standard error too. */
struct journal *journal_new(const char *path, int fd, bool text);
/* The same places to write to, for another thread. */
struct journal *journal_beside(struct journal *j);
/* Writes what is left. By one thread, as journal_beside. */
void journal_free(struct journal *j);

/* A number for a connection, to be told of all that is asked on it; no other
 * one has it, whatever the loop. For any thread. */
uint64_t journal_flow(struct journal *j);

/* What is told of one request.
 *
 * In text the address to which the client connected stands only where it is all
 * that tells whom the client meant, the server that TLS named only where it is
 * not the Host:
 *
 *   ... 200 154 #7 by-address at 203.0.113.66:8080; differs in host (...)
 *   ... 404 120 not recorded at 203.0.113.66:8080; nearest #7; differs in ...
 *   ... 204 80 supplement #3 exact
 *   ... - - - 0; TLS handshake failed: no shared cipher; server name a.example
 *
 * In JSON it is an event of EVE: timestamp, flow_id (of the connection),
 * event_type http, src_* and dest_* (the client; where it connected to), proto
 * TCP, "http" and over TLS "tls". Its length is that of the body as sent, with
 * its transfer coding. A handshake that failed is an event of its own, of type
 * tls. What EVE has no name for is in "reenact": bytes (all that was sent), url
 * (with scheme and port, the address for a steering name), way (see way.h),
 * source (recording or supplement) and exchange, or on a miss nearest; step,
 * differs, rewritten, decoded, told, note, cipher, failure (of the handshake),
 * ended (why the answer did not go out whole). What is not known is left out,
 * but in differs, where null is a field that one of both lacks. */
struct record {
	int64_t time;  /* microseconds since the epoch */
	uint64_t flow; /* see journal_flow */
	struct endpoint client, local;
	enum way way;                  /* of a request */
	bool supplement;               /* answers: exchange is one of its */
	const struct request *request; /* NULL: it was none */
	const struct match *match;     /* NULL: none was looked for */
	uint32_t exchange; /* that answers, or on a miss the nearest one;
			      TABLE_NONE: there is none */
	const struct differences *differences; /* from that exchange */
	uint16_t status;                       /* 0: none was sent */
	struct slice head;                     /* of the answer; empty: none */
	uint64_t before; /* bytes that are sent before its body */
	bool rewritten, decoded;
	struct slice told; /* what rules did to it, or why not; may be empty */
	const char *note;  /* NULL: nothing more to say */
	const struct tls_told *tls; /* NULL: in clear */
};

/* The line of one request, whole but for the number of bytes, which is known
 * last. {0} is an empty one. */
struct line {
	struct buf text, json;
	size_t text_hole, json_hole;
	uint64_t before; /* what is sent of it is no body */
	bool http;       /* an event of that type */
};

/* Whether anybody reads: if not, spare the work. */
bool journal_wanted(const struct journal *j);
void line_begin(struct journal *j, struct line *l, const struct record *r);
/* Puts the line among those to be written, and empties it. reason: why the
 * answer did not go out whole, NULL if it did. */
void line_end(struct journal *j, struct line *l, uint64_t bytes,
	      const char *reason);
void line_release(struct line *l);

/* Whether lines wait to be written. */
bool journal_waits(const struct journal *j);
/* Writes them. What cannot be written is lost; that is said once. */
void journal_flush(struct journal *j);

#endif
