/* What the parts of a report's page share. For html*.c alone. */
#ifndef REPORT_HTML_PAGE_H
#define REPORT_HTML_PAGE_H

#include "html.h"
#include "html_hosts.h"
#include "html_image.h"
#include "html_kind.h"
#include "html_text.h"
#include "html_words.h"
#include "survey.h"

#include "capture/digest.h"

/* Bytes of a URL, a method and the like that are told. */
#define HTML_CLIPPED 300U
#define HTML_LIST_MAX 200U /* lines of a list that is about no exchange */

/* A body without its codings. */
struct glance_digests {
	uint8_t md5[DIGEST_MAX], sha1[DIGEST_MAX], sha256[DIGEST_MAX];
	size_t md5_len; /* 0: OpenSSL refuses it */
};

/* What is known of the answer of an exchange that is told by itself. */
struct glance {
	enum html_kind kind;
	bool has_head;
	uint64_t bytes; /* of the body as --list has it */
	bool has_sha256;
	uint8_t sha256[DIGEST_LEN]; /* of these */
	uint64_t size;              /* codings off; what could be read */
	bool decoded, whole;
	const char *trouble; /* see struct object */
	bool has_digests;    /* of the whole body, codings off */
	struct glance_digests digests;
	struct image_size image; /* 0: none */
	uint32_t type;           /* of page.types */
};

/* Room of the page that is left for something, shared out among those that are
 * still to come. */
struct allowance {
	size_t left, sharers;
};

struct page {
	struct buf out; /* not written yet */
	int fd;
	bool failed;

	const struct recording *recording;
	const struct html_options *options;
	struct survey survey;
	struct html_hosts hosts;

	uint32_t *listed; /* exchanges that are told one by one, in order */
	uint32_t listed_count;
	uint32_t *glance_of;    /* of each exchange, UINT32_MAX: not listed */
	struct glance *glances; /* of each that is listed */
	/* Of each exchange: the first that it led to, and the next of those
	 * that its cause led to; CHAIN_NONE: no more. */
	uint32_t *effect, *next_effect;
	struct intern types;
	uint64_t decoding_left; /* bytes of bodies that may yet be decoded */

	struct allowance bodies, fields;
	size_t diffs;                   /* room that is left for differences */
	struct html_rewriter *rewriter; /* NULL: there are no rules */
};

/* Writes out what there is much of. */
void page_flush(struct page *p, size_t at_least);

/* NULL: it is not listed. */
const struct glance *page_glance(const struct page *p, uint32_t i);
struct slice page_type(const struct page *p, const struct glance *g);

/* Chooses what is listed, and looks at it. */
void page_choose(struct page *p);

/* ---- words with links in the page; hostile bytes are escaped ---- */

/* "#7" as a link to its details, where there are such. */
void page_number(struct page *p, uint32_t i);
/* "#7 GET http://host/path" */
void page_exchange(struct page *p, uint32_t i);
void page_url(struct page *p, const struct exchange *e, size_t max);

/* ---- room ---- */

/* What the next of the sharers may have, at most max. */
size_t allowance_share(const struct allowance *a, size_t max);
/* It has used so much of it. */
void allowance_use(struct allowance *a, size_t used);

/* ---- parts of the page, in their order ---- */

void html_summary(struct page *p);   /* what it is, figures */
void html_picture(struct page *p);   /* the chain */
void html_reasons(struct page *p);   /* what does not come back */
void html_misses(struct page *p);    /* asked, but not recorded */
void html_objects(struct page *p);   /* what was delivered */
void html_table(struct page *p);     /* of exchanges */
void html_exchanges(struct page *p); /* each with all of it */
void html_servers(struct page *p);   /* hosts and addresses */
void html_sealed(struct page *p);    /* TLS */
void html_traffic(struct page *p);   /* what else there is */
void html_victim(struct page *p);    /* its client */
void html_captures(struct page *p);  /* files, limits */

#endif
