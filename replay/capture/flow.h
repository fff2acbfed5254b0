/* Puts TCP segments in order: one flow per connection, one stream per side.
 *
 * Nothing is decided before the recording ends: segments are only noted as
 * they come, in whatever order, and each connection is put in order once no
 * segment of it can follow. So an acknowledgement seen before its data, a FIN
 * with a hole before it or a late retransmission cost nothing. */
#ifndef CAPTURE_FLOW_H
#define CAPTURE_FLOW_H

#include "packet.h"
#include "shelf.h"

/* Consecutive bytes of a stream that came in one segment. */
struct piece {
	const uint8_t *data; /* NULL: a gap, len bytes known to be missing */
	int64_t time;        /* of the packet; of the next one for a gap */
	uint32_t len;
	uint32_t seq; /* of its first byte */
};

/* How one side's bytes ended. */
enum stream_end {
	STREAM_OPEN,  /* the recording ended, or the rest was not seen */
	STREAM_FIN,   /* the side closed, and nothing is missing before it
			 that is not told as a gap */
	STREAM_RESET, /* the connection was reset, by either side */
};

/* What one side said. Where segments overlapped, the byte that was captured
 * first counts: it is what the receiver most likely took, since a receiver
 * keeps what it has acknowledged (RFC 9293 3.10.7.4), and an injected copy
 * that lost the race changed nothing. */
struct stream {
	struct piece *pieces;
	uint32_t count;
	bool from_start; /* the SYN was seen: the first piece is its start */
	bool conflict;   /* two captured copies of a byte differed */
	uint8_t end;     /* enum stream_end */
};

struct tls_facts;

struct flow {
	/* ends[0] opened the connection; where no SYN was seen it is the
	 * sender of the first segment. streams[i] is what ends[i] said. */
	struct endpoint ends[2];
	struct stream streams[2];
	uint32_t number; /* Wireshark's tcp.stream */
	int64_t time;    /* of its first segment */
	/* NULL, or what TLS told that was taken off: see tls.h. */
	const struct tls_facts *tls;
};

struct flow_counts {
	uint64_t flows;
	uint64_t segments;  /* with payload */
	uint64_t dropped;   /* segments past a bound on memory, see flows_new */
	uint64_t stray;     /* segments outside any window: ignored */
	uint64_t gaps;      /* holes in streams */
	uint64_t conflicts; /* streams with conflicting copies */
};

struct flows;

/* What is kept is bounded: segments in all (24 bytes each; 0: a default that
 * fits a capture of 64 GB) and connections. What comes past that is dropped
 * and counted, and its place is a gap. */
struct flows *flows_new(uint64_t max_segments);

/* Notes one TCP segment; its payload is borrowed as long as flows live. */
void flows_add(struct flows *f, const struct packet *p);

/* Notes that an ICMP error quoted a segment with these ends: Wireshark counts
 * a stream for it if none is there, and so do the numbers here. */
void flows_add_quoted(struct flows *f, const struct packet *p);

/* After the last packet: the connections stand in the order of their first
 * segment. flows_finish puts the streams of one in order, once; different ones
 * may be finished by different threads at a time, each with counts and shelf of
 * its own: to the first it adds, the second holds the pieces. A flow lives
 * until flows_free. */
uint32_t flows_len(const struct flows *f);
struct flow *flows_finish(struct flows *f, uint32_t i,
			  struct flow_counts *counts, struct shelf *shelf);

/* Begins to bring near what flow i will be read from. Nothing from end on is
 * touched: it may be another thread's. */
void flows_expect(const struct flows *f, uint32_t i, uint32_t end);

/* Takes the pieces of a flow that nobody will read again off the shelf. At
 * once, or their place stays taken. */
void flow_unkeep(struct flow *flow, struct shelf *shelf);

/* Frees what is needed no more once all are finished that ever will be: no
 * other may be added or finished. */
void flows_settle(struct flows *f);

/* Frees the pieces of a flow that was not made here, each list by itself. */
void flow_drop(struct flow *flow);

/* Those of adding alone. */
const struct flow_counts *flows_counts(const struct flows *f);
void flows_free(struct flows *f);

/* A place in a stream. */
struct place {
	uint32_t piece;
	uint32_t skip; /* bytes into that piece */
};

/* A run of a stream's bytes. */
struct span {
	struct place start;
	uint64_t len; /* gaps included */
};

/* Walks a span: each call gives the next bytes of one piece, or with data
 * NULL the length of a gap. False at the span's end. */
struct span_reader {
	const struct stream *stream;
	struct place at;
	uint64_t left;
};

struct span_reader span_read(const struct stream *stream, struct span span);
bool span_next(struct span_reader *r, struct slice *bytes);

#endif
