/* Capture files as one recording: opens and maps them, tells what they are,
 * walks them one after the other. */
#include "source.h"

#include "filter.h"
#include "log.h"
#include "progress.h"
#include "unpack.h"
#include "walk.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A mapped file, for source_position. */
struct range {
	const uint8_t *start;
	uint64_t base; /* bytes of the files before it */
};

struct source {
	struct filter *filter; /* NULL: every frame */
	struct capture *captures;
	struct range *ranges; /* the same, by address */
	size_t count;
	size_t current; /* the capture being read */
	uint64_t size;  /* of all */
	struct source_counts counts;
	struct source_counts again; /* after source_rewind: nobody's */
	struct keylog *keylog;      /* NULL: nobody wants secrets */
	struct progress *progress;  /* borrowed, may be NULL */
	bool reading;               /* and it knows */
};

#define VIEWS_MAX 64 /* files that are held open */
#define TICK 256     /* frames between two looks at the clock */

struct foreign {
	uint32_t magic;
	const char *name;
};

static const struct foreign foreigners[] = {
    {0x736e6f6f, "snoop"},
    {0x474d4255, "Microsoft Network Monitor"},
    {0x52545353, "Microsoft Network Monitor 1"},
    {0x54525343, "Network General Sniffer"},
    {0x58435000, "NetXray"},
    {0x504b0304, "zip"},
    {0xfd377a58, "xz"},
    {0x425a6839, "bzip2"},
    {0x04224d18, "lz4"},
};

/* The whole line, made before it is needed: a signal handler may do little
 * more than write. */
static char changed_line[160];
static const char wipe[] = "\r\x1b[K"; /* see log_status */

static void file_changed(int signal_number)
{
	ssize_t n = 0;
	(void)signal_number;
	if (log_status_stands())
		n += write(STDERR_FILENO, wipe, sizeof wipe - 1);
	n += write(STDERR_FILENO, changed_line, strlen(changed_line));
	(void)n; /* nobody to tell */
	_exit(EXIT_FAILURE);
}

/* Reading a mapped file behind its new end raises SIGBUS. */
static void watch_changes(void)
{
	snprintf(changed_line, sizeof changed_line,
		 "%.80s: capture changed while it was being read\n",
		 log_name());
	struct sigaction action = {.sa_handler = file_changed};
	sigemptyset(&action.sa_mask);
	sigaction(SIGBUS, &action, NULL);
}

struct source *source_new(const char *filter)
{
	struct filter *compiled = filter ? filter_new(filter) : NULL;
	struct source *s = xcalloc(1, sizeof *s);
	s->filter = compiled;
	return s;
}

void source_collect_secrets(struct source *s, struct keylog *keylog)
{
	s->keylog = keylog;
}

void source_show_progress(struct source *s, struct progress *progress)
{
	s->progress = progress;
}

struct progress *source_progress(const struct source *s)
{
	return s->progress;
}

/* Maps the whole file. No bytes if it is empty or after having said why it
 * cannot be. */
static struct slice map_file(int fd, const char *name)
{
	struct slice none = {0};
	struct stat st;
	if (fstat(fd, &st)) {
		log_warn("%s: %s", name, strerror(errno));
		return none;
	}
	if (!st.st_size) {
		log_warn("%s: empty, not a capture file", name);
		return none;
	}
	size_t len = (size_t)st.st_size;
	void *data = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED) {
		log_warn("%s: cannot map: %s", name, strerror(errno));
		return none;
	}
	return (struct slice){data, len};
}

static void unmap(struct slice bytes)
{
	if (bytes.len)
		munmap((void *)bytes.data, bytes.len);
}

static bool is_capture(struct slice bytes)
{
	return pcap_begins(bytes) || pcapng_begins(bytes);
}

static bool is_packed(struct slice bytes)
{
	return unpack_is_gzip(bytes) || unpack_is_zstd(bytes);
}

static bool is_readable(struct slice bytes)
{
	return is_capture(bytes) || is_packed(bytes);
}

/* Looks at the file of fd, which it takes; -1: there is none. */
static struct view look_at(int fd, const char *name)
{
	struct view v = view_open((struct slice){0}, fd);
	if (fd >= 0)
		v.file = map_file(fd, name);
	if (!v.file.len)
		view_close(&v);
	return v;
}

static bool is_file(int fd, const char *name, struct stat *st)
{
	if (fstat(fd, st))
		log_warn("%s: %s", name, strerror(errno));
	else if (S_ISDIR(st->st_mode))
		log_warn("%s: is a directory", name);
	else
		return true;
	return false;
}

static int copy_of(int fd, const char *name)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	if (copy < 0)
		log_warn("%s: %s", name, strerror(errno));
	return copy;
}

/* Unpacked if need be; no bytes after having said why. */
static struct view read_file(int fd, const char *name,
			     struct progress *progress)
{
	struct unpack_rules rules = {name, is_readable, progress};
	struct stat st;
	if (!is_file(fd, name, &st))
		return view_open((struct slice){0}, -1);
	/* Standard input may be a file of which somebody read a part. */
	bool whole = S_ISREG(st.st_mode) && lseek(fd, 0, SEEK_CUR) == 0;
	int file = whole ? copy_of(fd, name) : unpack_pipe(fd, &rules);
	struct view v = look_at(file, name);
	if (!is_packed(v.file))
		return v;
	rules.wanted = is_capture;
	int unpacked = unpack_is_gzip(v.file) ? unpack_gzip(v.file, &rules)
					      : unpack_zstd(v.file, &rules);
	unmap(v.file);
	view_close(&v);
	return look_at(unpacked, name);
}

static struct view read_path(const char *path, const char *name,
			     struct progress *progress)
{
	if (!strcmp(path, "-"))
		return read_file(STDIN_FILENO, name, progress);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		log_warn("%s: %s", name, strerror(errno));
		return view_open((struct slice){0}, -1);
	}
	struct view v = read_file(fd, name, progress);
	close(fd);
	return v;
}

static void say_foreign(const char *name, struct slice bytes)
{
	struct reader r = reader_of(bytes);
	uint32_t magic = reader_u32(&r);
	if (r.short_read) {
		log_warn("%s: not a capture file (%zu bytes)", name, bytes.len);
		return;
	}
	for (size_t i = 0; i < sizeof foreigners / sizeof *foreigners; i++)
		if (foreigners[i].magic == magic) {
			log_warn("%s: not a capture file (magic 0x%08x, %s)",
				 name, magic, foreigners[i].name);
			return;
		}
	log_warn("%s: not a capture file (magic 0x%08x)", name, magic);
}

/* Takes c, whose bytes and name are set. */
static void source_keep(struct source *s, struct capture *c)
{
	size_t at = s->count;
	if (s->count >= VIEWS_MAX)
		view_close(&c->view);
	c->counts = &s->counts;
	c->keylog = s->keylog;
	s->captures =
	    xreallocarray(s->captures, s->count + 1, sizeof *s->captures);
	s->ranges = xreallocarray(s->ranges, s->count + 1, sizeof *s->ranges);
	for (; at && (uintptr_t)s->ranges[at - 1].start >
			 (uintptr_t)c->view.file.data;
	     at--)
		s->ranges[at] = s->ranges[at - 1];
	s->ranges[at] = (struct range){c->view.file.data, s->size};
	s->size += c->view.file.len;
	s->captures[s->count++] = *c;
}

int source_add(struct source *s, const char *path)
{
	const char *name = strcmp(path, "-") ? path : "standard input";
	watch_changes();
	struct capture c = {.view = read_path(path, name, s->progress)};
	if (!c.view.file.len)
		return -1;
	bool known = is_capture(c.view.file);
	if (known &&
	    (pcap_begins(c.view.file) ? pcap_open(&c) : pcapng_open(&c))) {
		c.name = xstrdup(name);
		source_keep(s, &c);
		return 0;
	}
	if (known)
		log_warn("%s: not a capture file (broken or cut header)", name);
	else
		say_foreign(name, c.view.file);
	view_close(&c.view);
	unmap(c.view.file);
	return -1;
}

bool capture_cut(struct capture *c)
{
	if (!c->again)
		log_warn("%s: ends inside a record, at byte %zu, after %llu "
			 "frames",
			 c->name, c->at, (unsigned long long)c->frames);
	c->counts->cut_files++;
	c->at = c->view.file.len;
	return false;
}

bool capture_corrupt(struct capture *c, const char *what)
{
	if (!c->again)
		log_warn("%s: %s at byte %zu: not read further, after %llu "
			 "frames",
			 c->name, what, c->at, (unsigned long long)c->frames);
	c->counts->bad++;
	c->at = c->view.file.len;
	return false;
}

static void tell_place(struct source *s)
{
	struct capture *c = &s->captures[s->current];
	uint64_t before = 0;
	if (!s->reading)
		progress_phase(s->progress, "reading",
			       s->count == 1 ? c->name : "captures", s->size,
			       NULL);
	s->reading = true;
	for (size_t i = 0; i < s->current; i++)
		before += s->captures[i].view.file.len;
	progress_at(s->progress, before + c->at);
}

bool source_next(struct source *s, struct frame *f)
{
	for (; s->current < s->count; s->current++) {
		struct capture *c = &s->captures[s->current];
		while (c->next(c, f)) {
			if (s->progress && !(c->frames % TICK))
				tell_place(s);
			if (!s->filter || filter_match(s->filter, f)) {
				f->home = view_home(&c->view, f->data.data);
				c->counts->frames++;
				return true;
			}
			c->counts->filtered++;
		}
		view_close(&c->view);
	}
	return false;
}

void source_rewind(struct source *s)
{
	s->current = 0;
	s->reading = false;
	for (size_t i = 0; i < s->count; i++) {
		struct capture *c = &s->captures[i];
		c->counts = &s->again;
		c->keylog = NULL;
		c->again = true;
		c->at = c->count = 0;
		c->frames = 0;
		c->time = 0;
		if (pcap_begins(c->view.file))
			pcap_open(c);
		else
			pcapng_open(c);
	}
}

uint64_t source_number(const struct source *s)
{
	return s->captures[s->current].frames;
}

size_t source_file(const struct source *s)
{
	return s->current;
}

uint64_t source_position(const struct source *s, const uint8_t *byte)
{
	size_t low = 0, high = s->count;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if ((uintptr_t)s->ranges[middle].start <= (uintptr_t)byte)
			low = middle;
		else
			high = middle;
	}
	if (low == high)
		return 0; /* no file: nothing can stand in it */
	return s->ranges[low].base +
	       ((uintptr_t)byte - (uintptr_t)s->ranges[low].start);
}

const struct source_counts *source_counts(const struct source *s)
{
	return &s->counts;
}

void source_free(struct source *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->count; i++) {
		view_close(&s->captures[i].view);
		unmap(s->captures[i].view.file);
		free(s->captures[i].interfaces);
		free(s->captures[i].name);
	}
	free(s->captures);
	free(s->ranges);
	filter_free(s->filter);
	free(s);
}
