/* How long the parts of an exchange took, as HAR counts them. */
#include "har_part.h"

#define NS_PER_MS 1e6

/* When the last byte of the request was captured. */
static int64_t asked_time(const struct exchange *e)
{
	const struct stream *s = &e->flow->streams[e->client];
	struct place at = e->request_body.start;
	uint64_t left = e->request_body.len;
	/* The streams of HTTP/2 hold no more than bodies. */
	if (!left && e->version == EXCHANGE_HTTP2)
		return e->time;
	if (!left && !at.skip && at.piece)
		at.piece--; /* the head ended with it */
	for (; at.piece < s->count; at.piece++, at.skip = 0) {
		uint32_t here = s->pieces[at.piece].len - at.skip;
		if (left <= here)
			return s->pieces[at.piece].time;
		left -= here;
	}
	return s->count ? s->pieces[s->count - 1].time : e->time;
}

static int64_t between(int64_t time, int64_t low, int64_t high)
{
	time = time > high ? high : time;
	return time < low ? low : time;
}

/* An answer may begin before the request ends: then nobody waited. */
json_t *har_timings(const struct exchange *e, double *sum)
{
	bool answered = e->answer_time != 0;
	int64_t end = between(e->end_time, e->time, INT64_MAX);
	int64_t first = answered ? between(e->answer_time, e->time, end) : end;
	int64_t asked = between(asked_time(e), e->time, first);
	double send = (double)(asked - e->time) / NS_PER_MS;
	double wait = answered ? (double)(first - asked) / NS_PER_MS : 0;
	double receive = answered ? (double)(end - first) / NS_PER_MS : 0;
	*sum = send + wait + receive;
	return json_pack("{s:i,s:i,s:i,s:i,s:f,s:f,s:f}", "blocked", -1, "dns",
			 -1, "connect", -1, "ssl", -1, "send", send, "wait",
			 wait, "receive", receive);
}
