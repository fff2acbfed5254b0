/* The files that a report was made of, and what it leaves out. */
#include "html_page.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define HASHED_MAX ((off_t)2 << 30) /* a larger file is not read again */
#define PIECE ((size_t)1 << 20)

/* What has been read once comes fast. */
static bool hash_file(int fd, uint8_t digest[DIGEST_LEN])
{
	struct digest d = {0};
	uint8_t *piece = xmalloc(PIECE);
	ssize_t n;
	digest_start(&d);
	while ((n = read(fd, piece, PIECE)) > 0)
		digest_add(&d, (struct slice){piece, (size_t)n});
	if (!n)
		digest_finish(&d, digest);
	digest_release(&d);
	free(piece);
	return !n;
}

/* A pipe cannot be read again. */
static int open_again(const char *path, struct stat *st)
{
	int fd = strcmp(path, "-")
		     ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
		     : -1;
	if (fd >= 0 && (fstat(fd, st) || !S_ISREG(st->st_mode))) {
		close(fd);
		return -1;
	}
	return fd;
}

static void put_file(struct page *p, const char *path, const char *what)
{
	uint8_t digest[DIGEST_LEN];
	struct stat st;
	int fd = open_again(path, &st);
	struct buf *out = &p->out;
	buf_add_string(out, "<tr><th scope=\"row\"><code class=\"u\">");
	html_add_clipped(out, slice_of(path), 1000);
	buf_printf(out, "</code></th><td>%s</td><td>", what);
	if (fd >= 0)
		words_bytes(out, (uint64_t)st.st_size);
	else
		buf_add_byte(out, '-');
	buf_add_string(out, "</td><td>");
	if (fd < 0)
		buf_add_string(out, "not a file that can be read again");
	else if (st.st_size > HASHED_MAX)
		buf_add_string(out, "not computed: over 2 GB");
	else if (hash_file(fd, digest))
		html_digest(out, digest, DIGEST_LEN);
	else
		buf_add_string(out, "cannot be read again");
	buf_add_string(out, "</td></tr>\n");
	if (fd >= 0)
		close(fd);
}

static void put_files(struct page *p)
{
	const struct html_options *o = p->options;
	buf_add_string(&p->out,
		       "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
		       "aria-label=\"Table of captures\">\n<table>\n<caption>"
		       "What this report was made of</caption>\n<thead><tr>"
		       "<th scope=\"col\">File</th><th scope=\"col\">As</th>"
		       "<th scope=\"col\">Size</th><th scope=\"col\">SHA-256"
		       "</th></tr></thead>\n<tbody>\n");
	for (size_t i = 0; i < o->capture_count; i++)
		put_file(p, o->captures[i], "recording");
	for (size_t i = 0; i < o->replayed_count; i++)
		put_file(p, o->replayed[i], "replay");
	buf_add_string(&p->out, "</tbody></table></div>\n");
}

static void put_limits(struct page *p)
{
	buf_printf(
	    &p->out,
	    "<p>This page tells at most %u exchanges one by one, and "
	    "shows at most %zu MB of bodies, %zu MB of fields and %zu "
	    "MB of differences, of one body at most %zu kB; what is left "
	    "out is said in its place. Pictures are never shown, only "
	    "measured. Bytes that are no visible characters stand as "
	    "<b>\\x1B</b>.</p>\n",
	    HTML_LISTED_MAX, HTML_BODIES_MAX >> 20, HTML_FIELDS_MAX >> 20,
	    HTML_DIFFS_MAX >> 20, (size_t)64);
}

void html_captures(struct page *p)
{
	buf_add_string(&p->out, "<section id=\"captures\"><h2>Captures</h2>\n");
	put_files(p);
	put_limits(p);
	buf_add_string(&p->out, "<p>Made by Reenact " REENACT_VERSION ", ");
	html_seconds(&p->out, time(NULL));
	buf_add_string(&p->out, ".</p>\n</section>\n");
}
