/* The log of answers: one line a request, as text on standard error and as
 * JSON in a file. */
#include "journal.h"

#include "journal_line.h"

#include "capture/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct sink {
	int fd; /* -1: nobody reads */
	const char *name;
	/* under the lock */
	struct buf rest; /* of a line whose start was written */
	bool failed;     /* and that was said */
};

/* What all journals share. */
struct sinks {
	pthread_mutex_t lock;
	struct sink text, json;
	char *path;
	unsigned journals;
	_Atomic int64_t flow; /* the last number given */
};

struct journal {
	struct sinks *sinks;
	struct buf text, json; /* lines to be written */
	int64_t second;        /* whose date is in stamp */
	char stamp[48];        /* "2026-01-31T23:59:59.123456" */
	size_t stamp_len;
	struct buf url; /* of the line in hand */
};

static struct journal *add_journal(struct sinks *l)
{
	struct journal *j = xcalloc(1, sizeof *j);
	j->sinks = l;
	l->journals++;
	return j;
}

struct journal *journal_new(const char *path, int fd, bool text)
{
	struct sinks *l = xcalloc(1, sizeof *l);
	pthread_mutex_init(&l->lock, NULL);
	l->path = path ? xstrdup(path) : NULL;
	l->text = (struct sink){.fd = text ? STDERR_FILENO : -1,
				.name = "standard error"};
	l->json = (struct sink){.fd = path ? fd : -1, .name = l->path};
	return add_journal(l);
}

struct journal *journal_beside(struct journal *j)
{
	return add_journal(j->sinks);
}

static void sink_fail(struct sink *s)
{
	if (!s->failed && s->fd != STDERR_FILENO)
		log_warn("%s: %s; log lines are lost", s->name,
			 strerror(errno));
	s->failed = true;
}

/* Returns what could not be written. */
static struct slice sink_write(struct sink *s, struct slice bytes)
{
	while (bytes.len) {
		ssize_t n = write(s->fd, bytes.data, bytes.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			sink_fail(s);
			break;
		}
		bytes = slice_from(bytes, (size_t)n);
	}
	return bytes;
}

/* After a failure the lines that nobody got are lost, but one that was begun
 * is ended first when writing works again: each line is to be whole. */
static void sink_flush(struct sink *s, struct slice lines)
{
	struct slice rest = sink_write(s, buf_slice(&s->rest));
	if (rest.len) {
		memmove(s->rest.data, rest.data, rest.len);
		s->rest.len = rest.len;
		return;
	}
	buf_clear(&s->rest);
	rest = sink_write(s, lines);
	if (rest.len && rest.len < lines.len && rest.data[-1] != '\n')
		buf_add(&s->rest, slice_to(rest, slice_find(rest, '\n') + 1));
}

/* The time of its coming, or the next number that is free: one that no earlier
 * run had either, as long as nobody sets the clock back, and no larger than
 * what a number of JSON holds. */
uint64_t journal_flow(struct journal *j)
{
	struct timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	int64_t now = (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
	int64_t last = atomic_load(&j->sinks->flow), next;
	do
		next = now > last ? now : last + 1;
	while (!atomic_compare_exchange_weak(&j->sinks->flow, &last, next));
	return (uint64_t)next;
}

bool journal_wanted(const struct journal *j)
{
	return j->sinks->text.fd >= 0 || j->sinks->json.fd >= 0;
}

bool journal_waits(const struct journal *j)
{
	return j->text.len || j->json.len;
}

void journal_flush(struct journal *j)
{
	pthread_mutex_lock(&j->sinks->lock);
	sink_flush(&j->sinks->text, buf_slice(&j->text));
	sink_flush(&j->sinks->json, buf_slice(&j->json));
	pthread_mutex_unlock(&j->sinks->lock);
	buf_clear(&j->text);
	buf_clear(&j->json);
}

static void sinks_free(struct sinks *l)
{
	if (l->json.fd >= 0)
		close(l->json.fd);
	buf_release(&l->text.rest);
	buf_release(&l->json.rest);
	pthread_mutex_destroy(&l->lock);
	free(l->path);
	free(l);
}

void journal_free(struct journal *j)
{
	if (!j)
		return;
	journal_flush(j);
	buf_release(&j->text);
	buf_release(&j->json);
	buf_release(&j->url);
	if (!--j->sinks->journals)
		sinks_free(j->sinks);
	free(j);
}

/* Most lines come in the same second as the one before. */
static void stamp(struct journal *j, int64_t time)
{
	int64_t second = time / 1000000;
	if (!j->stamp_len || second != j->second) {
		time_t seconds = second;
		struct tm tm;
		gmtime_r(&seconds, &tm);
		j->second = second;
		j->stamp_len = strftime(j->stamp, sizeof j->stamp,
					"%Y-%m-%dT%H:%M:%S.000000", &tm);
	}
	uint64_t fraction = (uint64_t)(time % 1000000);
	for (size_t i = 1; i < 7 && i <= j->stamp_len; i++, fraction /= 10)
		j->stamp[j->stamp_len - i] = (char)('0' + fraction % 10);
}

static struct slice stamp_slice(const struct journal *j)
{
	return (struct slice){(const uint8_t *)j->stamp, j->stamp_len};
}

void line_address(struct buf *out, const struct address *a)
{
	if (a->version != 4) {
		address_print(out, a);
		return;
	}
	for (size_t i = 0; i < 4; i++) {
		if (i)
			buf_add_byte(out, '.');
		buf_add_number(out, a->bytes[i]);
	}
}

void line_begin(struct journal *j, struct line *l, const struct record *r)
{
	struct slice url = {0};
	stamp(j, r->time);
	if (r->request) {
		buf_clear(&j->url);
		url_print(&j->url, &r->request->url);
		url = buf_slice(&j->url);
	}
	if (j->sinks->text.fd >= 0)
		line_text(l, stamp_slice(j), url, r);
	if (j->sinks->json.fd >= 0)
		line_eve(l, stamp_slice(j), url, r);
}

void line_end(struct journal *j, struct line *l, uint64_t bytes,
	      const char *reason)
{
	if (l->text.len)
		line_text_end(&j->text, l, bytes, reason);
	if (l->json.len)
		line_eve_end(&j->json, l, bytes, reason);
	buf_clear(&l->text);
	buf_clear(&l->json);
}

void line_release(struct line *l)
{
	buf_release(&l->text);
	buf_release(&l->json);
}
