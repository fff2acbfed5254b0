/* How far long work is: one line on a terminal. */
#include "progress.h"

#include "log.h"
#include "terminal.h"
#include "visible.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SECOND INT64_C(1000000000)
#define FIRST_AFTER SECOND
#define AGAIN_AFTER (SECOND / 4)
#define RATE_AFTER (SECOND / 10) /* what is shorter tells no rate */
#define NAME_LEAST 8             /* columns of the name that stay */

struct progress {
	struct progress_facts facts;
	int64_t began;       /* the first phase; 0: none did */
	int64_t phase_began; /* nanoseconds of the coarse clock, as all here */
	int64_t drawn;       /* 0: not yet */
};

/* ---- the line ---- */

static void add_bytes(struct buf *out, double n)
{
	static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB"};
	size_t unit = 0;
	for (; n >= 1e3 && unit < 4; unit++)
		n /= 1e3;
	buf_printf(out, unit ? "%.1f %s" : "%.0f %s", n, units[unit]);
}

static void add_time(struct buf *out, uint64_t seconds)
{
	if (seconds < 60)
		buf_printf(out, "%" PRIu64 " s", seconds);
	else if (seconds < 3600)
		buf_printf(out, "%" PRIu64 " min %" PRIu64 " s", seconds / 60,
			   seconds % 60);
	else
		buf_printf(out, "%" PRIu64 " h %" PRIu64 " min", seconds / 3600,
			   seconds % 3600 / 60);
}

static void add_amount(struct buf *out, uint64_t n, const char *unit)
{
	if (unit)
		buf_add_number(out, n);
	else
		add_bytes(out, (double)n);
}

static void add_done(struct buf *out, const struct progress_facts *f)
{
	add_amount(out, f->done, f->unit);
	if (f->total) {
		buf_add_string(out, " of ");
		add_amount(out, f->total, f->unit);
	}
	if (f->unit)
		buf_printf(out, " %s", f->unit);
	if (f->total)
		buf_printf(out, " (%.0f %%)",
			   (double)f->done * 100 / (double)f->total);
}

static void add_rate(struct buf *out, const struct progress_facts *f)
{
	if (f->elapsed < RATE_AFTER || !f->done)
		return;
	double rate = (double)f->done * 1e9 / (double)f->elapsed;
	buf_add_string(out, ", ");
	if (f->unit)
		buf_printf(out, "%.0f", rate);
	else
		add_bytes(out, rate);
	buf_add_string(out, "/s");
	if (f->total < f->done || !f->total)
		return;
	buf_add_string(out, ", ");
	add_time(out, (uint64_t)((double)(f->total - f->done) / rate + 0.5));
	buf_add_string(out, " left");
}

/* In the columns that the rest leaves. */
static void add_name(struct buf *out, const char *name, size_t max)
{
	struct buf shown = {0};
	struct slice text = slice_of(name);
	while (text.len) {
		size_t len = text.data[0] == '\t' ? 0 : visible_len(text);
		if (len)
			buf_add(&shown, slice_to(text, len));
		else
			buf_add_escaped(&shown, slice_to(text, 1));
		text = slice_from(text, len ? len : 1);
	}
	terminal_cut(out, buf_slice(&shown), max, true);
	buf_release(&shown);
}

void progress_print(struct buf *out, const struct progress_facts *f,
		    size_t width)
{
	struct buf line = {0}, rest = {0};
	size_t max = width ? width - 1 : 0; /* no terminal wraps that */
	buf_printf(&line, "%s: %s", log_name(), f->phase);
	buf_add_string(&rest, ": ");
	add_done(&rest, f);
	add_rate(&rest, f);
	if (f->of) {
		size_t used = line.len + 1 + rest.len;
		buf_add_byte(&line, ' ');
		add_name(&line, f->of,
			 max > used + NAME_LEAST ? max - used : NAME_LEAST);
	}
	buf_add(&line, buf_slice(&rest));
	terminal_cut(out, buf_slice(&line), max, false);
	buf_release(&rest);
	buf_release(&line);
}

/* ---- when it is drawn ---- */

static int64_t now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

struct progress *progress_new(void)
{
	return xcalloc(1, sizeof(struct progress));
}

void progress_phase(struct progress *p, const char *phase, const char *of,
		    uint64_t total, const char *unit)
{
	if (!p)
		return;
	p->facts = (struct progress_facts){
	    .phase = phase, .of = of, .unit = unit, .total = total};
	p->phase_began = now();
	if (!p->began)
		p->began = p->phase_began;
}

static void draw(struct progress *p)
{
	struct buf line = {0};
	/* asked each time: windows are made wider and narrower */
	progress_print(&line, &p->facts, terminal_width(STDERR_FILENO));
	log_status(buf_slice(&line));
	buf_release(&line);
}

void progress_at(struct progress *p, uint64_t done)
{
	if (!p)
		return;
	int64_t time = now();
	if (time - p->began < FIRST_AFTER || time - p->drawn < AGAIN_AFTER)
		return;
	p->facts.done = done;
	p->facts.elapsed = time - p->phase_began;
	p->drawn = time;
	draw(p);
}

void progress_end(struct progress *p)
{
	if (p)
		log_status((struct slice){0});
}

void progress_free(struct progress *p)
{
	progress_end(p);
	free(p);
}
