/* A rule file: its bytes, its lines with continued ones joined, and the places
 * in it. */
#include "rulefile.h"

#include "capture/opener.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define BYTE_ORDER_MARK SLICE("\xef\xbb\xbf")
#define READ_LEN 65536

/* A line of the file. */
struct physical {
	struct slice text;    /* without its end, CR LF or LF */
	struct slice content; /* without the backslash that continues it */
	bool continued;
};

static struct physical take_line(struct slice *rest)
{
	struct physical p = {.text = slice_to(*rest, slice_find(*rest, '\n'))};
	*rest = slice_from(*rest, p.text.len + 1);
	if (p.text.len && p.text.data[p.text.len - 1] == '\r')
		p.text.len--;
	p.content = p.text;
	p.continued = p.text.len && p.text.data[p.text.len - 1] == '\\';
	p.content.len -= p.continued;
	return p;
}

/* What is not there blocks nobody: a pipe is opened without waiting for who
 * writes to it. */
static int open_file(struct rulefile *f, const char *path, bool included,
		     struct buf *why)
{
	struct stat s;
	int fd = opener_open(path);
	if (fd < 0 || fstat(fd, &s) || fcntl(fd, F_SETFL, O_RDONLY)) {
		buf_add_string(why, strerror(errno));
	} else if (S_ISDIR(s.st_mode)) {
		buf_add_string(why, strerror(EISDIR));
	} else if (included && !S_ISREG(s.st_mode)) {
		buf_add_string(why, "not a regular file");
	} else {
		f->pipe = S_ISFIFO(s.st_mode);
		f->device = s.st_dev;
		f->inode = s.st_ino;
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool read_bytes(struct rulefile *f, int fd, struct buf *why)
{
	while (f->bytes.len <= RULEFILE_MAX) {
		uint8_t *to = buf_reserve(&f->bytes, READ_LEN);
		ssize_t n = read(fd, to, READ_LEN);
		if (!n)
			return true;
		if (n > 0) {
			f->bytes.len += (size_t)n;
		} else if (errno != EINTR) {
			buf_add_string(why, strerror(errno));
			return false;
		}
	}
	buf_printf(why, "larger than %zu MiB", RULEFILE_MAX >> 20);
	return false;
}

static bool is_text(struct slice bytes, struct buf *why)
{
	size_t nul = slice_find(bytes, 0), line = 1;
	if (nul == bytes.len)
		return true;
	for (size_t i = 0; i < nul; i++)
		line += bytes.data[i] == '\n';
	buf_printf(why, "not a text file (a NUL byte in line %zu)", line);
	return false;
}

bool rulefile_open(struct rulefile *f, const char *path, bool included,
		   struct buf *why)
{
	*f = (struct rulefile){.name = slice_of(path)};
	int fd = open_file(f, path, included, why);
	if (fd < 0)
		return false;
	bool good =
	    read_bytes(f, fd, why) && is_text(buf_slice(&f->bytes), why);
	close(fd);
	if (good && f->pipe && !f->bytes.len) {
		buf_add_string(why, "an empty pipe (it can be read once)");
		good = false;
	}
	if (!good) {
		rulefile_release(f);
		return false;
	}
	if (slice_starts(buf_slice(&f->bytes), BYTE_ORDER_MARK))
		f->next = BYTE_ORDER_MARK.len;
	buf_reserve(&f->text, f->bytes.len + 1);
	return true;
}

void rulefile_release(struct rulefile *f)
{
	buf_release(&f->bytes);
	buf_release(&f->text);
}

bool rulefile_next(struct rulefile *f)
{
	struct slice rest = slice_from(buf_slice(&f->bytes), f->next);
	const uint8_t *begin = rest.data;
	size_t at = f->text.len;
	struct physical p = {.continued = true};
	if (!rest.len)
		return false;
	f->number = f->lines + 1;
	while (p.continued && rest.len) {
		p = take_line(&rest);
		buf_add(&f->text, p.content);
		f->lines++;
	}
	f->raw = (struct slice){begin, (size_t)(rest.data - begin)};
	f->next += f->raw.len;
	f->line = slice_from(buf_slice(&f->text), at);
	/* So that the end of one line is not the start of the next. */
	buf_add_byte(&f->text, '\n');
	return true;
}

struct place rulefile_place(const struct rulefile *f, const uint8_t *byte)
{
	size_t at = (size_t)(byte - f->line.data);
	struct slice rest = f->raw;
	struct physical p = take_line(&rest);
	unsigned line = f->number;
	while (p.continued && rest.len && at >= p.content.len) {
		at -= p.content.len;
		p = take_line(&rest);
		line++;
	}
	return (struct place){line, p.text, at};
}

unsigned rulefile_swallowed(const struct rulefile *f, const uint8_t *comment)
{
	size_t at = (size_t)(comment - f->line.data), begin = 0;
	struct slice rest = f->raw;
	for (unsigned line = f->number; rest.len; line++) {
		struct slice content = take_line(&rest).content;
		struct slice own = slice_trim(content);
		if (begin > at && own.len && own.data[0] != '#')
			return line;
		begin += content.len;
	}
	return 0;
}
