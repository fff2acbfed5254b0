/* One connection, said segment by segment: for tests of flows and exchanges. */
#ifndef SEGMENTS_H
#define SEGMENTS_H

#include "unit.h"

#include "capture/flow.h"

#define CLIENT_ISN 0xfffffff0U /* the numbers wrap within every test */
#define SERVER_ISN 5000U

static struct flows *flows;
static struct shelf shelf;  /* of next_flow */
static uint32_t next_index; /* of next_flow */
static int64_t now;         /* each segment takes a nanosecond */

static inline int segments_setup(void **state)
{
	(void)state;
	flows = flows_new(0);
	now = next_index = 0;
	return 0;
}

static inline int segments_teardown(void **state)
{
	(void)state;
	flows_free(flows);
	shelf_release(&shelf);
	return 0;
}

static inline struct endpoint end_of(int side)
{
	struct endpoint e = {{4, {192, 0, 2, (uint8_t)(side + 1)}},
			     side ? 80 : 50000};
	return e;
}

/* A segment from a side at an offset of its stream. */
static inline void add(int side, uint32_t seq, uint8_t flags, uint32_t ack,
		       const char *text)
{
	struct packet p = {
	    .kind = PACKET_TCP,
	    .from = end_of(side),
	    .to = end_of(!side),
	    .payload = slice_of(text),
	    .time = ++now,
	    .seq = seq,
	    .ack = ack,
	    .flags = flags,
	};
	flows_add(flows, &p);
}

static inline void say(int side, uint32_t offset, const char *text)
{
	uint32_t mine = side ? SERVER_ISN : CLIENT_ISN;
	uint32_t theirs = side ? CLIENT_ISN : SERVER_ISN;
	add(side, mine + 1 + offset, TCP_ACK, theirs + 1, text);
}

static inline void handshake(void)
{
	add(0, CLIENT_ISN, TCP_SYN, 0, "");
	add(1, SERVER_ISN, TCP_SYN | TCP_ACK, CLIENT_ISN + 1, "");
	add(0, CLIENT_ISN + 1, TCP_ACK, SERVER_ISN + 1, "");
}

static struct flow_counts finished;

/* The connections one by one, put in order; NULL at the end. */
static inline struct flow *next_flow(void)
{
	if (next_index == flows_len(flows))
		return NULL;
	return flows_finish(flows, next_index++, &finished, &shelf);
}

#endif
