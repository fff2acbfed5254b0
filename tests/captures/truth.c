/* What a right reader must find in the capture, written beside it. */
#include "truth.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

void truth_begin(struct truth *t)
{
	if (t->table)
		fputs("client\tserver\tmethod\thost\ttarget\tstatus\tbytes\t"
		      "sha256\tstate\tdoubt\n",
		      t->table);
}

static void add_escaped(struct str *out, const char *text)
{
	for (; *text; text++)
		if (*text < 0x20 || *text > 0x7e)
			str_printf(out, "\\x%02X", (unsigned char)*text);
		else
			str_byte(out, (uint8_t)*text);
}

static void add_digest(struct str *out, const struct str *body)
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int len, i;

	if (!EVP_Digest(body->data, body->len, digest, &len, EVP_sha256(),
			NULL))
		fail("no SHA-256");
	for (i = 0; i < len; i++)
		str_printf(out, "%02x", digest[i]);
}

static void add_body(struct str *row, const struct fate *f)
{
	if (f->state) {
		str_text(row, "\t-\t-\t");
		return;
	}
	str_printf(row, "\t%zu\t", f->body.len);
	add_digest(row, &f->body);
	str_byte(row, '\t');
}

static void write_row(struct truth *t, const struct conn *c,
		      const struct fate *f)
{
	struct str row = {0};

	end_print(&row, &c->ends[CLIENT]);
	str_byte(&row, '\t');
	end_print(&row, &c->ends[SERVER]);
	str_printf(&row, "\t%s\t", f->method ? f->method : "GET");
	add_escaped(&row, f->host ? f->host : "-");
	str_byte(&row, '\t');
	add_escaped(&row, f->target);
	if (f->status)
		str_printf(&row, "\t%d", f->status);
	else
		str_text(&row, "\t-");
	add_body(&row, f);
	str_printf(&row, "%s\t%s\n", f->state ? f->state : "complete",
		   f->doubtful ? "doubtful" : "");
	fwrite(row.data, 1, row.len, t->table);
	str_free(&row);
}

static void write_message(const struct truth *t, unsigned no, const char *kind,
			  const struct str *bytes)
{
	char path[4096];
	FILE *file;

	if (!bytes->len)
		return;
	if (snprintf(path, sizeof(path), "%s/%02u.%s", t->wire, no, kind) >=
	    (int)sizeof(path))
		fail("path too long");
	file = fopen(path, "wb");
	if (!file || fwrite(bytes->data, 1, bytes->len, file) != bytes->len ||
	    fclose(file))
		fail("%s: %s", path, strerror(errno));
}

void truth_add(struct truth *t, const struct conn *c, const struct fate *f,
	       const struct str *request, const struct str *response)
{
	t->count++;
	if (t->table)
		write_row(t, c, f);
	if (!t->wire)
		return;
	write_message(t, t->count, "request", request);
	write_message(t, t->count, "response", response);
}

void truth_unread(struct truth *t, const struct conn *c)
{
	t->unread++;
	if (!t->wire)
		return;
	write_message(t, t->unread, "sent", &c->said[CLIENT]);
	write_message(t, t->unread, "received", &c->said[SERVER]);
}
