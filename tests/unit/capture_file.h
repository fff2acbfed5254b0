/* Capture files made byte by byte, and what a source reads out of them. */
#ifndef TESTS_UNIT_CAPTURE_FILE_H
#define TESTS_UNIT_CAPTURE_FILE_H

#include "capture/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND INT64_C(1000000000)

/* Numbers of a file are written in the order asked for. */
struct file {
	struct buf b;
	bool big;
};

static inline void add_number(struct file *f, uint64_t value, int len)
{
	for (int i = 0; i < len; i++)
		buf_add_byte(
		    &f->b, (uint8_t)(value >> 8 * (f->big ? len - 1 - i : i)));
}

static inline void add16(struct file *f, uint16_t value)
{
	add_number(f, value, 2);
}

static inline void add32(struct file *f, uint32_t value)
{
	add_number(f, value, 4);
}

static inline void pcap_head(struct file *f, uint32_t magic, uint32_t link_type)
{
	add32(f, magic);
	add16(f, 2);
	add16(f, 4);
	add32(f, 0);
	add32(f, 0);
	add32(f, 65535);
	add32(f, link_type);
}

static inline void pcap_record(struct file *f, uint32_t seconds,
			       uint32_t fraction, const char *data,
			       uint32_t wire)
{
	add32(f, seconds);
	add32(f, fraction);
	add32(f, (uint32_t)strlen(data));
	add32(f, wire);
	buf_add_string(&f->b, data);
}

/* A block with type and body; the lengths at both its ends are added. */
static inline void block(struct file *f, uint32_t type, const struct file *body)
{
	uint32_t len = (uint32_t)(body->b.len + 3) & ~3u;
	add32(f, type);
	add32(f, len + 12);
	buf_add(&f->b, buf_slice(&body->b));
	add_number(f, 0, (int)(len - body->b.len));
	add32(f, len + 12);
}

static inline void section(struct file *f)
{
	struct file body = {.big = f->big};
	add32(&body, 0x1a2b3c4d);
	add16(&body, 1);
	add16(&body, 0);
	add_number(&body, UINT64_MAX, 8);
	block(f, 0x0a0d0d0a, &body);
	buf_release(&body.b);
}

/* resolution 6 and no offset are the defaults: left out. */
static inline void interface(struct file *f, uint16_t link_type,
			     uint32_t snap_len, uint8_t resolution,
			     int64_t offset)
{
	struct file body = {.big = f->big};
	add16(&body, link_type);
	add16(&body, 0);
	add32(&body, snap_len);
	if (resolution != 6) {
		add16(&body, 9);
		add16(&body, 1);
		buf_add_byte(&body.b, resolution);
		buf_add(&body.b, SLICE("\0\0\0"));
	}
	if (offset) {
		add16(&body, 14);
		add16(&body, 8);
		add_number(&body, (uint64_t)offset, 8);
	}
	add32(&body, 0);
	block(f, 1, &body);
	buf_release(&body.b);
}

/* type 6 enhanced, 2 the old one. */
static inline void packet(struct file *f, uint32_t type, uint32_t id,
			  uint64_t ticks, const char *data, uint32_t wire)
{
	struct file body = {.big = f->big};
	if (type == 6) {
		add32(&body, id);
	} else {
		add16(&body, (uint16_t)id);
		add16(&body, 0xffff);
	}
	add32(&body, (uint32_t)(ticks >> 32));
	add32(&body, (uint32_t)ticks);
	add32(&body, (uint32_t)strlen(data));
	add32(&body, wire);
	buf_add_string(&body.b, data);
	block(f, type, &body);
	buf_release(&body.b);
}

static inline void simple_packet(struct file *f, const char *data,
				 uint32_t wire)
{
	struct file body = {.big = f->big};
	add32(&body, wire);
	buf_add_string(&body.b, data);
	block(f, 3, &body);
	buf_release(&body.b);
}

/* Writes a file; the path is the caller's, who gives it to drop_path. */
static inline char *path_of(struct slice bytes)
{
	char *path = xstrdup("/tmp/test_source-XXXXXX");
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes.data, bytes.len), bytes.len);
	close(fd);
	return path;
}

static inline void drop_path(char *path)
{
	unlink(path);
	free(path);
}

/* What was read of one file. Frames are kept with their bytes as strings. */
struct seen {
	int added;
	size_t count;
	struct frame frames[32];
	char text[32][32];
	struct source_counts counts;
	char messages[2048];
};

/* Standard error goes to a file between these two. */
static inline int messages_begin(void)
{
	char path[] = "/tmp/test_source-XXXXXX";
	int fd = mkstemp(path);
	unlink(path);
	int old = dup(STDERR_FILENO);
	dup2(fd, STDERR_FILENO);
	close(fd);
	return old;
}

static inline void messages_end(int old, char *text, size_t size)
{
	lseek(STDERR_FILENO, 0, SEEK_SET);
	ssize_t n = read(STDERR_FILENO, text, size - 1);
	text[n > 0 ? n : 0] = '\0';
	dup2(old, STDERR_FILENO);
	close(old);
}

static inline void read_path(struct seen *seen, const char *path,
			     const char *filter)
{
	struct frame f;
	int old = messages_begin();
	struct source *s = source_new(filter);
	*seen = (struct seen){.added = source_add(s, path)};
	while (source_next(s, &f) && seen->count < 32) {
		seen->frames[seen->count] = f;
		snprintf(seen->text[seen->count], 32, "%.*s", (int)f.data.len,
			 (const char *)f.data.data);
		seen->count++;
	}
	seen->counts = *source_counts(s);
	source_free(s);
	messages_end(old, seen->messages, sizeof seen->messages);
}

static inline void read_bytes(struct seen *seen, struct slice bytes)
{
	char *path = path_of(bytes);
	read_path(seen, path, NULL);
	drop_path(path);
}

static inline void assert_frame(const struct seen *seen, size_t n,
				const char *text, uint32_t wire,
				uint16_t link_type, int64_t time)
{
	assert_true(n < seen->count);
	assert_string_equal(seen->text[n], text);
	assert_int_equal(seen->frames[n].wire_len, wire);
	assert_int_equal(seen->frames[n].link_type, link_type);
	assert_int_equal(seen->frames[n].time, time);
}

#endif
