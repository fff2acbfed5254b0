/* A place off the heap for bytes that the capture does not hold in one piece:
 * an unlinked temporary file, mapped in chunks that never move. */
#include "spool.h"

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SPOOL_BOUND ((uint64_t)64 << 30) /* bytes of disk */
#define CHUNK_MIN ((size_t)1 << 20)      /* a multiple of every page size */
#define CHUNK_MAX ((size_t)64 << 20)
/* What is written at a time, and where in the file that begins: a power of two,
 * so that the system takes large pages where it can. */
#define BLOCK ((size_t)512 << 10)

/* One spool_take. */
struct record {
	uint64_t position;
	size_t offset; /* into its chunk */
};

struct chunk {
	uint8_t *data;
	uint64_t start; /* in the file */
	size_t len;
	size_t used;
	struct record *records; /* by offset */
	size_t count, cap;
};

/* Bytes that were made, and wait for the rest of their block. */
struct waiting {
	uint8_t *bytes; /* room for BLOCK + SPOOL_MADE_MAX; NULL: never used */
	size_t len;
	uint8_t *data;  /* where they will stand */
	uint64_t start; /* in the file */
};

struct spool {
	int fd;               /* -1 before the first chunk */
	uint64_t size;        /* of the file */
	struct chunk *chunks; /* by address */
	size_t count;
	size_t open; /* the chunk being filled, if count > 0 */
	bool full;   /* the disk or the bound: said already */
	struct waiting waiting;
};

static int unnamed_in(const char *dir)
{
	return open(dir, O_TMPFILE | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
}

/* Not every file system knows O_TMPFILE, nor every kernel. */
static bool knows_names_alone(int error)
{
	return error == EOPNOTSUPP || error == EISDIR;
}

static int named_in(const char *dir)
{
	struct buf path = {0};
	buf_printf(&path, "%s/%s-XXXXXX", dir, log_name());
	buf_add_byte(&path, '\0');
	int fd = mkostemp((char *)path.data, O_CLOEXEC);
	if (fd >= 0)
		unlink((char *)path.data);
	int why = errno;
	buf_release(&path);
	errno = why;
	return fd;
}

void spool_places(const char *places[SPOOL_PLACES])
{
	const char *wish = getenv("TMPDIR");
	places[0] = wish && *wish ? wish : "/var/tmp";
	places[1] = "/var/tmp";
	places[2] = "/tmp";
}

bool spool_needs_names(void)
{
	const char *places[SPOOL_PLACES];
	bool needed = false;
	spool_places(places);
	for (size_t i = 0; i < SPOOL_PLACES; i++) {
		int fd = unnamed_in(places[i]);
		needed |= fd < 0 && knows_names_alone(errno);
		if (fd >= 0)
			close(fd);
	}
	return needed;
}

int spool_file(void)
{
	const char *places[SPOOL_PLACES];
	spool_places(places);
	for (size_t i = 0; i < SPOOL_PLACES; i++) {
		int fd = unnamed_in(places[i]);
		/* Else a confined process could not do it. */
		if (fd < 0 && knows_names_alone(errno))
			fd = named_in(places[i]);
		if (fd >= 0)
			return fd;
	}
	log_warn("cannot make a temporary file in %s: %s", places[0],
		 strerror(errno));
	return -1;
}

struct spool *spool_new(void)
{
	struct spool *s = xcalloc(1, sizeof *s);
	s->fd = -1;
	return s;
}

/* The place of the first chunk whose address is above byte. */
static size_t chunk_above(const struct spool *s, const uint8_t *byte)
{
	size_t low = 0, high = s->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if ((uintptr_t)s->chunks[middle].data <= (uintptr_t)byte)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct chunk *chunk_insert(struct spool *s, uint8_t *data, size_t len,
				  uint64_t start)
{
	size_t at = chunk_above(s, data);
	s->open += s->count && at <= s->open;
	s->chunks = xreallocarray(s->chunks, s->count + 1, sizeof *s->chunks);
	memmove(s->chunks + at + 1, s->chunks + at,
		(s->count - at) * sizeof *s->chunks);
	s->chunks[at] =
	    (struct chunk){.data = data, .start = start, .len = len};
	s->count++;
	return &s->chunks[at];
}

/* Makes a chunk of len bytes, their blocks reserved: writing to a hole in a
 * file on a full disk would raise SIGBUS. NULL with errno set if it cannot. */
static struct chunk *chunk_add(struct spool *s, size_t len)
{
	if (len > SPOOL_BOUND - s->size) {
		errno = EFBIG;
		return NULL;
	}
	errno = posix_fallocate(s->fd, (off_t)s->size, (off_t)len);
	if (errno)
		return NULL;
	void *data = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd,
			  (off_t)s->size);
	if (data == MAP_FAILED)
		return NULL;
	s->size += len;
	return chunk_insert(s, data, len, s->size - len);
}

/* A new chunk that has room for len bytes. It is as large as all before it
 * together, within limits, or as small as can be if the disk has no more. */
static struct chunk *spool_grow(struct spool *s, size_t len)
{
	if (s->full)
		return NULL;
	if (s->fd < 0 && (s->fd = spool_file()) < 0) {
		s->full = true;
		return NULL;
	}
	/* One above the bound is left to chunk_add to refuse. */
	len = len > SPOOL_BOUND ? SPOOL_BOUND : len;
	size_t wish = s->size > CHUNK_MAX ? CHUNK_MAX : (size_t)s->size;
	size_t need = len / CHUNK_MIN * CHUNK_MIN + CHUNK_MIN;
	struct chunk *c = chunk_add(s, need > wish ? need : wish);
	if (!c && need < wish)
		c = chunk_add(s, need);
	if (!c) {
		log_warn("temporary file: %s; what does not fit is left out",
			 strerror(errno));
		s->full = true;
	}
	return c;
}

static void chunk_note(struct chunk *c, uint64_t position)
{
	if (c->count == c->cap) {
		c->cap = c->cap ? c->cap * 2 : 16;
		c->records =
		    xreallocarray(c->records, c->cap, sizeof *c->records);
	}
	c->records[c->count++] = (struct record){position, c->used};
}

static size_t chunk_room(const struct chunk *c)
{
	return c->len - c->used;
}

/* A chunk with room for len bytes. NULL if there is none. */
static struct chunk *chunk_for(struct spool *s, size_t len)
{
	struct chunk *c = s->count ? &s->chunks[s->open] : NULL;
	return c && len <= chunk_room(c) ? c : spool_grow(s, len);
}

static uint8_t *chunk_take(struct spool *s, struct chunk *c, size_t len,
			   uint64_t position)
{
	chunk_note(c, position);
	c->used += len;
	/* One made for a large record leaves the open chunk open. */
	if (chunk_room(c) > chunk_room(&s->chunks[s->open]))
		s->open = (size_t)(c - s->chunks);
	return c->data + c->used - len;
}

uint8_t *spool_take(struct spool *s, size_t len, uint64_t position)
{
	spool_flush(s);
	struct chunk *c = chunk_for(s, len);
	return c ? chunk_take(s, c, len, position) : NULL;
}

const uint8_t *spool_put(struct spool *s, struct slice bytes, uint64_t position)
{
	uint8_t *place = spool_take(s, bytes.len, position);
	if (place && bytes.len)
		memcpy(place, bytes.data, bytes.len);
	return place;
}

/* ---- what is made ---- */

/* Through the file: a mapping shows what is written there, and no page has to
 * be cleared and mapped first. */
static void write_out(struct spool *s, size_t len)
{
	struct waiting *w = &s->waiting;
	ssize_t n = pwrite(s->fd, w->bytes, len, (off_t)w->start);
	size_t done = n > 0 ? (size_t)n : 0;
	memcpy(w->data + done, w->bytes + done, len - done);
	w->len -= len;
	w->data += len;
	w->start += len;
	memmove(w->bytes, w->bytes + len, w->len);
}

void spool_flush(struct spool *s)
{
	if (s->waiting.len)
		write_out(s, s->waiting.len);
}

uint8_t *spool_begin(struct spool *s, size_t len)
{
	struct waiting *w = &s->waiting;
	if (len > SPOOL_MADE_MAX)
		return NULL;
	struct chunk *c = chunk_for(s, len);
	if (!c)
		return NULL;
	if (!w->bytes)
		w->bytes = xmalloc(BLOCK + SPOOL_MADE_MAX);
	if (!w->len || w->data + w->len != c->data + c->used ||
	    w->start + w->len != c->start + c->used) {
		spool_flush(s);
		w->data = c->data + c->used;
		w->start = c->start + c->used;
	}
	s->open = (size_t)(c - s->chunks);
	return w->bytes + w->len;
}

const uint8_t *spool_end(struct spool *s, size_t len, uint64_t position)
{
	struct waiting *w = &s->waiting;
	w->len += len;
	size_t whole = BLOCK - (size_t)(w->start % BLOCK);
	const uint8_t *place =
	    chunk_take(s, &s->chunks[s->open], len, position);
	if (w->len >= whole)
		write_out(s, whole);
	return place;
}

bool spool_position(const struct spool *s, const uint8_t *byte,
		    uint64_t *position)
{
	size_t above = chunk_above(s, byte);
	if (!above)
		return false;
	const struct chunk *c = &s->chunks[above - 1];
	size_t offset = (size_t)((uintptr_t)byte - (uintptr_t)c->data);
	if (offset >= c->used)
		return false;
	size_t low = 0, high = c->count;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (c->records[middle].offset <= offset)
			low = middle;
		else
			high = middle;
	}
	*position = c->records[low].position;
	return true;
}

void spool_free(struct spool *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->count; i++) {
		munmap(s->chunks[i].data, s->chunks[i].len);
		free(s->chunks[i].records);
	}
	free(s->chunks);
	free(s->waiting.bytes);
	if (s->fd >= 0)
		close(s->fd);
	free(s);
}
