/* What may be given as a capture: files, pipes, packed ones, several, what is
 * none at all; and the filter. */
#include "capture/log.h"
#include "capture/progress.h"
#include "capture/source.h"

#include "capture_file.h"
#include "forked.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <zlib.h>
#include <zstd.h>

static void assert_refused(const char *path, const char *message)
{
	struct seen seen;
	struct buf line = {0};
	read_path(&seen, path, NULL);
	assert_int_equal(seen.added, -1);
	assert_int_equal(seen.count, 0);
	buf_printf(&line, "test_source: %s: %s\n", path, message);
	buf_add_byte(&line, 0);
	assert_string_equal(seen.messages, (char *)line.data);
	buf_release(&line);
}

static void assert_bytes_refused(struct slice bytes, const char *message)
{
	char *path = path_of(bytes);
	assert_refused(path, message);
	drop_path(path);
}

static void test_no_captures(void **state)
{
	(void)state;
	assert_refused("/nonexistent", "No such file or directory");
	assert_refused("/tmp", "is a directory");
	assert_bytes_refused(SLICE(""), "empty, not a capture file");
	assert_bytes_refused(SLICE("\177ELF...."),
			     "not a capture file (magic 0x7f454c46)");
	assert_bytes_refused(SLICE("ab"), "not a capture file (2 bytes)");
	assert_bytes_refused(SLICE("snoop\0\0\0"),
			     "not a capture file (magic 0x736e6f6f, snoop)");
	assert_bytes_refused(SLICE("\xd4\xc3\xb2\xa1\2\0\4\0"),
			     "not a capture file (broken or cut header)");
	assert_bytes_refused(SLICE("\x0a\x0d\x0d\x0a\x1c\0\0\0"),
			     "not a capture file (broken or cut header)");
	assert_refused("/dev/zero", "not a capture file (magic 0x00000000)");
}

static void test_no_permission(void **state)
{
	(void)state;
	char *path = path_of(SLICE("x"));
	assert_int_equal(chmod(path, 0), 0);
	if (geteuid() != 0) /* root may read everything */
		assert_refused(path, "Permission denied");
	drop_path(path);
}

static void gzip_add(struct buf *out, struct slice bytes)
{
	z_stream z = {0};
	assert_int_equal(
	    deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY),
	    Z_OK);
	size_t bound = deflateBound(&z, bytes.len);
	z.next_in = (Bytef *)bytes.data;
	z.avail_in = (uInt)bytes.len;
	z.next_out = buf_reserve(out, bound);
	z.avail_out = (uInt)bound;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	out->len += z.total_out;
	deflateEnd(&z);
}

static void zstd_add(struct buf *out, struct slice bytes)
{
	size_t bound = ZSTD_compressBound(bytes.len);
	uint8_t *at = buf_reserve(out, bound);
	out->len += ZSTD_compress(at, bound, bytes.data, bytes.len, 3);
}

/* Large enough that a cut leaves something. */
static struct buf many_frames(void)
{
	struct file f = {0};
	pcap_head(&f, 0xa1b2c3d4, 1);
	for (uint32_t i = 0; i < 20; i++) {
		char text[32];
		snprintf(text, sizeof text, "frame %u %x", i, i * 2654435761u);
		pcap_record(&f, i, 0, text, 100);
	}
	return f.b;
}

static void check_packed(void (*add)(struct buf *, struct slice))
{
	struct buf plain = many_frames(), packed = {0}, corrupt = {0};
	struct seen seen;
	size_t half = plain.len / 2;

	/* Several members or frames, the border inside a record. */
	add(&packed, slice_to(buf_slice(&plain), half));
	size_t first = packed.len;
	add(&packed, slice_from(buf_slice(&plain), half));
	read_bytes(&seen, buf_slice(&packed));
	assert_int_equal(seen.added, 0);
	assert_int_equal(seen.count, 20);
	assert_string_equal(seen.messages, "");

	/* Cut inside the second: the first counts. */
	read_bytes(&seen, slice_to(buf_slice(&packed), first + 9));
	assert_int_equal(seen.added, 0);
	assert_in_range(seen.count, 9, 11);
	assert_non_null(strstr(seen.messages, "is cut"));

	/* Corrupt in the second. */
	buf_add(&corrupt, buf_slice(&packed));
	memset(corrupt.data + first + 12, 0xff, corrupt.len - first - 12);
	read_bytes(&seen, buf_slice(&corrupt));
	assert_int_equal(seen.added, 0);
	assert_true(seen.count >= 9);
	assert_non_null(strstr(seen.messages, "corrupt"));
	for (size_t len = 0; len < packed.len; len++)
		read_bytes(&seen, slice_to(buf_slice(&packed), len));

	buf_clear(&packed);
	add(&packed, SLICE("something else"));
	assert_bytes_refused(buf_slice(&packed),
			     "not a capture file (magic 0x736f6d65)");
	buf_release(&plain);
	buf_release(&packed);
	buf_release(&corrupt);
}

static void test_gzip(void **state)
{
	(void)state;
	check_packed(gzip_add);
}

static void test_zstd(void **state)
{
	(void)state;
	check_packed(zstd_add);
}

/* Packed zeros that are no capture: left after a first look, not unpacked. */
static void test_bomb(void **state)
{
	(void)state;
	struct buf packed = {0};
	uint8_t *zeros = xcalloc(64 << 20, 1);
	gzip_add(&packed, (struct slice){zeros, 64 << 20});
	assert_bytes_refused(buf_slice(&packed),
			     "not a capture file (magic 0x00000000)");
	free(zeros);
	buf_release(&packed);
}

static void test_fifo(void **state)
{
	(void)state;
	struct buf plain = many_frames(), packed = {0};
	char dir[] = "/tmp/test_source-XXXXXX";
	char path[64];
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/fifo", dir);
	assert_int_equal(mkfifo(path, 0600), 0);
	gzip_add(&packed, buf_slice(&plain));
	for (int round = 0; round < 2; round++) {
		struct slice bytes = buf_slice(round ? &packed : &plain);
		struct seen seen;
		pid_t child = fork();
		if (!child) {
			int fd = open(path, O_WRONLY);
			for (size_t i = 0; i < bytes.len; i++)
				if (write(fd, bytes.data + i, 1) != 1)
					_exit(1);
			_exit(0);
		}
		read_path(&seen, path, NULL);
		waitpid(child, NULL, 0);
		assert_int_equal(seen.count, 20);
	}
	unlink(path);
	rmdir(dir);
	buf_release(&plain);
	buf_release(&packed);
}

static void test_standard_input(void **state)
{
	(void)state;
	struct buf plain = many_frames();
	char *path = path_of(buf_slice(&plain));
	struct seen seen;
	int old = dup(STDIN_FILENO);
	int fd = open(path, O_RDONLY);
	dup2(fd, STDIN_FILENO);
	close(fd);
	read_path(&seen, "-", NULL);
	assert_int_equal(seen.count, 20);
	dup2(old, STDIN_FILENO);
	close(old);
	drop_path(path);
	buf_release(&plain);
}

static void test_positions(void **state)
{
	(void)state;
	enum { FILES = 70 }; /* more than are held open */
	struct buf plain = many_frames();
	char *path = path_of(buf_slice(&plain));
	struct source *s = source_new(NULL);
	struct frame f;
	uint64_t last = 0;
	for (int i = 0; i < FILES; i++)
		assert_int_equal(source_add(s, path), 0);
	while (source_next(s, &f)) {
		uint64_t position = source_position(s, f.home);
		assert_true(position > last);
		last = position;
	}
	assert_int_equal(last + f.data.len, FILES * plain.len);
	assert_int_equal(source_counts(s)->frames, FILES * 20);
	source_free(s);
	drop_path(path);
	buf_release(&plain);
}

#define ARP                                                                    \
	"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x08\x06"             \
	"ARP"
#define OTHER "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x08\x08OTHER"

static void test_filter(void **state)
{
	(void)state;
	struct file f = {0};
	struct seen seen;
	section(&f);
	interface(&f, 1, 0, 6, 0);
	interface(&f, 101, 0, 6, 0);
	packet(&f, 6, 0, 0, ARP, 20);
	packet(&f, 6, 0, 0, OTHER, 20);
	packet(&f, 6, 1, 0, "raw", 3);
	packet(&f, 6, 1, 0, "raw", 3);
	char *path = path_of(buf_slice(&f.b));
	read_path(&seen, path, "ether proto 0x0806");
	assert_int_equal(seen.count, 1);
	assert_int_equal(seen.counts.frames, 1);
	assert_int_equal(seen.counts.filtered, 3);
	/* told once for the link type that knows no Ethernet */
	char *told = strstr(seen.messages, "link type 101");
	assert_non_null(told);
	assert_null(strstr(told + 1, "link type 101"));
	/* one that no Ethernet has a meaning for is no mistake */
	read_path(&seen, path, "type mgt");
	assert_int_equal(seen.count, 0);
	drop_path(path);
	buf_release(&f.b);
}

/* Runs work in a process of its own; returns its status. */
static int apart(void (*work)(const char *), const char *path)
{
	int status;
	pid_t child = fork();
	if (!child) {
		work(path);
		_exit(99);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void faulty_filter(const char *path)
{
	(void)path;
	source_new("tcp and and");
}

static void shrink(const char *path)
{
	struct source *s = source_new(NULL);
	struct frame f;
	if (source_add(s, path) || truncate(path, 0))
		_exit(98);
	while (source_next(s, &f))
		;
	_exit(97);
}

static void test_endings(void **state)
{
	(void)state;
	char text[512];
	struct buf plain = many_frames();
	char *path = path_of(buf_slice(&plain));
	int old = messages_begin();
	int filter = apart(faulty_filter, path);
	messages_end(old, text, sizeof text);
	assert_int_equal(filter, EXIT_USAGE);
	assert_non_null(strstr(text, "filter \"tcp and and\": "));

	old = messages_begin();
	int shrunk = apart(shrink, path);
	messages_end(old, text, sizeof text);
	assert_int_equal(shrunk, EXIT_FAILURE);
	assert_string_equal(text, "test_source: capture changed while it was "
				  "being read\n");
	drop_path(path);
	buf_release(&plain);
}

/* Which frames of which file passed the filter. */
static void note_numbers(struct source *s, struct buf *out)
{
	struct frame f;
	buf_clear(out);
	while (source_next(s, &f))
		buf_printf(out, "%zu:%llu ", source_file(s),
			   (unsigned long long)source_number(s));
}

/* The same frames once more, and not a word about what is wrong. The first of
 * the second file is too short to tell what it is. */
static void test_again(void **state)
{
	(void)state;
	struct file ng = {0};
	struct buf plain = many_frames(), numbers = {0};
	char text[512];
	section(&ng);
	interface(&ng, 1, 0, 6, 0);
	packet(&ng, 6, 0, 0, OTHER, 20);
	packet(&ng, 6, 0, 0, ARP, 20);
	packet(&ng, 6, 9, 0, ARP, 20); /* no such interface */
	packet(&ng, 6, 0, 0, ARP, 20);
	char *paths[] = {path_of(buf_slice(&ng.b)),
			 path_of(slice_to(buf_slice(&plain), plain.len - 1))};
	struct source *s = source_new("not ether proto 0x0808");
	assert_int_equal(source_add(s, paths[0]), 0);
	assert_int_equal(source_add(s, paths[1]), 0);
	int old = messages_begin();
	note_numbers(s, &numbers);
	struct source_counts counts = *source_counts(s);
	messages_end(old, text, sizeof text);
	assert_non_null(strstr(text, "ends inside a record"));
	struct buf first = numbers;
	numbers = (struct buf){0};
	assert_true(slice_starts(buf_slice(&first), SLICE("0:2 0:3 1:2 ")));
	assert_int_equal(counts.bad, 1);

	for (int i = 0; i < 2; i++) {
		old = messages_begin();
		source_rewind(s);
		note_numbers(s, &numbers);
		messages_end(old, text, sizeof text);
		assert_string_equal(text, "");
		assert_true(
		    slice_equal(buf_slice(&numbers), buf_slice(&first)));
		assert_memory_equal(source_counts(s), &counts, sizeof counts);
	}
	source_free(s);
	drop_path(paths[0]);
	drop_path(paths[1]);
	buf_release(&first);
	buf_release(&numbers);
	buf_release(&plain);
	buf_release(&ng.b);
}

/* Until its progress is drawn, which is after a second. */
static void read_on(void *path)
{
	struct source *s = source_new(NULL);
	struct progress *p = progress_new();
	struct frame f;
	source_show_progress(s, p);
	source_add(s, path);
	while (source_next(s, &f))
		;
	progress_phase(p, "putting in order", NULL, 7, "connections");
	while (!log_status_stands()) {
		source_rewind(s);
		while (source_next(s, &f))
			;
	}
	progress_free(p);
	source_free(s);
}

/* What was told meanwhile is not told of frames. */
static void test_progress_again(void **state)
{
	(void)state;
	struct file pcap = {0};
	char text[4096];
	pcap_head(&pcap, 0xa1b2c3d4, 1);
	for (uint32_t i = 0; i < 600; i++)
		pcap_record(&pcap, i, 0, "abcd", 4);
	char *path = path_of(buf_slice(&pcap.b));
	assert_int_equal(forked(read_on, path, text, sizeof text), 42);
	assert_int_equal(strncmp(text, "\rtest_source: reading /", 23), 0);
	drop_path(path);
	buf_release(&pcap.b);
}

int main(void)
{
	log_init("test_source");
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_no_captures),
	    cmocka_unit_test(test_no_permission),
	    cmocka_unit_test(test_gzip),
	    cmocka_unit_test(test_zstd),
	    cmocka_unit_test(test_bomb),
	    cmocka_unit_test(test_fifo),
	    cmocka_unit_test(test_standard_input),
	    cmocka_unit_test(test_positions),
	    cmocka_unit_test(test_filter),
	    cmocka_unit_test(test_again),
	    cmocka_unit_test(test_progress_again),
	    cmocka_unit_test(test_endings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
