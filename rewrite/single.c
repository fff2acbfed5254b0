/* One body from standard input, rewritten to standard output. */
#include "single.h"

#include "apply.h"
#include "coding.h"

#include "capture/log.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#define READ_LEN ((size_t)1 << 16)

/* Appends what can be read now. False at the end; *error is then set if it is
 * none. */
static bool read_some(struct buf *b, int *error)
{
	for (;;) {
		ssize_t n =
		    read(STDIN_FILENO, buf_reserve(b, READ_LEN), READ_LEN);
		if (n < 0 && errno == EINTR)
			continue;
		*error = n < 0 ? errno : 0;
		b->len += n > 0 ? (size_t)n : 0;
		return n > 0;
	}
}

static int write_all(struct slice s)
{
	while (s.len) {
		ssize_t n = write(STDOUT_FILENO, s.data, s.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			log_warn("cannot write to standard output: %s",
				 strerror(errno));
			return -1;
		}
		s = slice_from(s, (size_t)n);
	}
	return 0;
}

/* What is left of standard input behind what was read. */
static int copy_rest(struct buf *b, int *error)
{
	log_warn("more than %zu MiB: copied as it is", APPLY_BODY_MAX >> 20);
	do {
		if (write_all(buf_slice(b)) < 0)
			return -1;
		buf_clear(b);
	} while (read_some(b, error));
	return 0;
}

static bool next_bytes(void *context, struct slice *bytes)
{
	struct slice *body = context;
	*bytes = *body;
	*body = slice_from(*body, body->len);
	return bytes->len;
}

static void add_field(struct buf *head, const char *name, struct slice value)
{
	buf_add_string(head, name);
	buf_add(head, value);
	buf_add_string(head, "\r\n");
}

static void write_head(const struct single *s, size_t length, struct buf *head)
{
	buf_printf(head, "HTTP/1.1 %u OK\r\n", s->status);
	add_field(head, "Content-Type: ", s->type);
	if (s->encoding.len)
		add_field(head, "Content-Encoding: ", s->encoding);
	buf_printf(head, "Content-Length: %zu\r\n\r\n", length);
}

static int write_changed(const struct rewritten *w, struct slice body)
{
	struct buf coded = {0};
	if (w->body_changed && !w->encoding.len)
		return write_all(buf_slice(&w->body));
	if (w->body_changed &&
	    coding_encode(buf_slice(&w->encoding), buf_slice(&w->body), &coded))
		body = buf_slice(&coded);
	else if (w->body_changed)
		log_warn("cannot be put into its coding again: copied as it "
			 "is");
	int result = write_all(body);
	buf_release(&coded);
	return result;
}

static int rewrite_body(const struct single *s, const struct rules *rules,
			struct slice body)
{
	struct buf head = {0};
	struct rewritten w = {0};
	struct slice left = body;
	struct url url = url_of(s->method, s->target, s->host, s->https, 0);
	write_head(s, body.len, &head);
	struct original o = {
	    .method = s->method,
	    .host = url.host,
	    .target = url.target,
	    .https = url.https,
	    .time = time(NULL),
	    .head = buf_slice(&head),
	    .status = s->status,
	    .next = next_bytes,
	    .context = &left,
	    .framing = HTTP_LENGTH,
	};
	struct matcher *m = matcher_new();
	apply(rules, m, &o, false, NULL, &w);
	if (w.told.len)
		log_info("%.*s", (int)w.told.len, (const char *)w.told.data);
	int result = write_changed(&w, body);
	matcher_free(m);
	rewritten_release(&w);
	buf_release(&head);
	return result;
}

int single_run(const struct single *s, const struct rules *rules)
{
	struct buf body = {0};
	int error, result;
	while (body.len <= APPLY_BODY_MAX && read_some(&body, &error))
		;
	if (body.len > APPLY_BODY_MAX)
		result = copy_rest(&body, &error);
	else
		result = error ? 0 : rewrite_body(s, rules, buf_slice(&body));
	if (error) {
		log_warn("cannot read standard input: %s", strerror(error));
		result = -1;
	}
	buf_release(&body);
	return result;
}
