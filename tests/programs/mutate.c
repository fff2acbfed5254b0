/* Reads captures that were cut and captures with bytes changed, in one process:
 * nothing of it may crash, hang or grow.
 *
 *   mutate SEED CUTS RUNS FILE...
 *
 * Each file is cut at CUTS places; RUNS times a file is read with some bytes
 * changed. Standard error has the warnings of every run: send it to a file. */
#include "capture/digest.h"
#include "capture/log.h"
#include "capture/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SECONDS_MAX 10    /* for one run */
#define MEMORY_MAX 524288 /* KiB, of an unsanitized build */

static char doing[512]; /* for the signal handler */

static void on_signal(int number)
{
	static const char slow[] = "mutate: too slow: ";
	static const char dead[] = "mutate: crashed: ";
	const char *what = number == SIGALRM ? slow : dead;
	ssize_t n = write(STDOUT_FILENO, what, strlen(what));
	n += write(STDOUT_FILENO, doing, strlen(doing));
	n += write(STDOUT_FILENO, "\n", 1);
	_exit(n ? 1 : 2);
}

static uint64_t random_state;

static uint64_t next_random(uint64_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % below;
}

static struct buf read_file(const char *path)
{
	struct buf b = {0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		log_fatal("%s: %s", path, strerror(errno));
	size_t size = (size_t)st.st_size;
	if (read(fd, buf_reserve(&b, size), size) != st.st_size)
		log_fatal("%s: cannot be read", path);
	b.len = size;
	close(fd);
	return b;
}

/* Everything that can be read of an exchange. */
static void read_exchange(const struct exchange *e, struct digest *digest)
{
	struct body_reader bodies[2] = {exchange_request_body(e),
					exchange_response_body(e)};
	uint8_t sum[DIGEST_LEN];
	struct slice bytes;
	digest_start(digest);
	for (int i = 0; i < 2; i++)
		while (body_next(&bodies[i], &bytes))
			if (bytes.data)
				digest_add(digest, bytes);
	digest_add(digest, exchange_method(e));
	digest_add(digest, exchange_target(e));
	digest_add(digest, exchange_host(e));
	digest_add(digest, e->response_head);
	digest_finish(digest, sum);
}

static void read_capture(struct slice bytes)
{
	int fd = memfd_create("capture", MFD_CLOEXEC);
	if (fd < 0 || write(fd, bytes.data, bytes.len) != (ssize_t)bytes.len)
		log_fatal("cannot keep %zu bytes: %s", bytes.len,
			  strerror(errno));
	char path[64], *paths[] = {path};
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	alarm(SECONDS_MAX);
	struct recording *r = recording_read(NULL, paths, 1);
	struct digest digest = {0};
	for (size_t i = 0; r && i < r->count; i++)
		read_exchange(&r->exchanges[i], &digest);
	alarm(0);
	digest_release(&digest);
	recording_free(r);
	close(fd);
}

static void cut(const char *path, unsigned cuts)
{
	struct buf b = read_file(path);
	for (unsigned i = 1; i <= cuts; i++) {
		size_t len = b.len * i / (cuts + 1);
		snprintf(doing, sizeof doing, "%s cut at %zu", path, len);
		read_capture(slice_to(buf_slice(&b), len));
	}
	buf_release(&b);
}

/* Some bytes anywhere, some among those that lengths and flags are in. */
static void change(const char *path, uint64_t seed)
{
	struct buf b = read_file(path);
	random_state = seed * 0x9e3779b97f4a7c15U | 1;
	snprintf(doing, sizeof doing, "%s changed with seed %llu", path,
		 (unsigned long long)seed);
	for (uint64_t n = 1 + next_random(40); b.len && n; n--) {
		size_t at =
		    next_random(next_random(2) ? b.len : b.len / 16 + 1);
		static const uint8_t odd[] = {0, 1, 0x7f, 0x80, 0xff};
		b.data[at % b.len] = next_random(2)
					 ? odd[next_random(sizeof odd)]
					 : (uint8_t)next_random(256);
	}
	read_capture(buf_slice(&b));
	buf_release(&b);
}

int main(int argc, char **argv)
{
	log_init(argv[0]);
	if (argc < 5)
		log_usage("SEED CUTS RUNS FILE...");
	uint64_t seed = strtoull(argv[1], NULL, 10);
	unsigned cuts = (unsigned)strtoul(argv[2], NULL, 10);
	unsigned runs = (unsigned)strtoul(argv[3], NULL, 10);
	char **files = argv + 4;
	size_t count = (size_t)argc - 4;
	signal(SIGALRM, on_signal);
#ifndef __SANITIZE_ADDRESS__ /* which has handlers of its own */
	signal(SIGSEGV, on_signal);
	signal(SIGABRT, on_signal);
#endif
	for (size_t i = 0; i < count; i++)
		cut(files[i], cuts);
	for (unsigned i = 0; i < runs; i++)
		change(files[(seed + i) % count], seed + i);
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	printf("%zu cut and %u changed captures were read, at most %ld MiB\n",
	       count * cuts, runs, usage.ru_maxrss / 1024);
#ifndef __SANITIZE_ADDRESS__
	if (usage.ru_maxrss > MEMORY_MAX)
		log_fatal("more than %d MiB were used", MEMORY_MAX / 1024);
#endif
	return EXIT_SUCCESS;
}
