/* Recordings made by hand: one flow an exchange, one piece a message. */
#ifndef UNIT_EXCHANGES_H
#define UNIT_EXCHANGES_H

#include "unit.h"

#include "capture/recording.h"

#include <stdlib.h>

#define MAX 200
#define NONE TABLE_NONE

static struct exchange exchanges[MAX];
static struct flow flows[MAX];
static struct piece pieces[MAX][2];
static size_t count;

static void set_piece(size_t i, int side, struct slice bytes)
{
	uint8_t *copy = xmalloc(bytes.len + 1);
	memcpy(copy, bytes.data, bytes.len);
	pieces[i][side] =
	    (struct piece){.data = copy, .len = (uint32_t)bytes.len};
	flows[i].streams[side].pieces = &pieces[i][side];
	flows[i].streams[side].count = 1;
}

static struct span body_span(size_t i, int side, size_t head)
{
	struct span s = {.start = {0, (uint32_t)head},
			 .len = pieces[i][side].len - head};
	return s;
}

/* Records an exchange; response.data NULL: none. Returns its index. */
static uint32_t record_bytes(const char *request, struct slice response)
{
	size_t i = count++;
	struct exchange *e = &exchanges[i];
	struct message m;
	flows[i] = (struct flow){
	    .ends = {{{4, {10, 9, 9, 9}}, 50000}, {{4, {192, 0, 2, 1}}, 80}}};
	*e =
	    (struct exchange){.flow = &flows[i], .state = EXCHANGE_NO_RESPONSE};
	set_piece(i, 0, slice_of(request));
	struct slice text = {pieces[i][0].data, pieces[i][0].len};
	assert_int_equal(http_request(text, &m), HTTP_DONE);
	exchange_ask(e, &m);
	e->ranged = m.range;
	e->request_framing = (uint8_t)m.framing;
	e->request_body = body_span(i, 0, m.head.len);
	if (!response.data)
		return (uint32_t)i;
	set_piece(i, 1, response);
	text = (struct slice){pieces[i][1].data, pieces[i][1].len};
	assert_int_equal(http_response(text, exchange_method(e), &m),
			 HTTP_DONE);
	e->state = EXCHANGE_COMPLETE;
	e->status = m.status;
	e->response_head = m.head;
	e->response_framing = (uint8_t)m.framing;
	e->response = (struct span){.len = text.len};
	e->response_body = body_span(i, 1, m.head.len);
	e->body_bytes = e->response_body.len;
	return (uint32_t)i;
}

static inline uint32_t record(const char *request, const char *response)
{
	return record_bytes(request,
			    response ? slice_of(response) : (struct slice){0});
}

static inline struct recording recorded(void)
{
	return (struct recording){.exchanges = exchanges, .count = count};
}

static inline void forget_exchanges(void)
{
	for (size_t i = 0; i < count; i++) {
		free((void *)pieces[i][0].data);
		free((void *)pieces[i][1].data);
		pieces[i][0] = pieces[i][1] = (struct piece){0};
	}
	count = 0;
}

#endif
