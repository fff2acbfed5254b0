/* Applies a rule file to one body again and again: prints the seconds that one
 * time takes (the median) and how many places were replaced. */
#include "rewrite/apply.h"
#include "rewrite/steer.h"

#include "capture/log.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TIMES 201

struct page {
	struct buf body, head;
	bool given;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void page_read(struct page *p, const char *path, const char *type)
{
	FILE *file = fopen(path, "rb");
	size_t n;

	if (!file) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	do {
		n = fread(buf_reserve(&p->body, 65536), 1, 65536, file);
		p->body.len += n;
	} while (n);
	fclose(file);
	buf_printf(&p->head,
		   "HTTP/1.1 200 OK\r\nContent-Type: %s\r\n"
		   "Content-Length: %zu\r\n\r\n",
		   type, p->body.len);
}

static bool page_next(void *context, struct slice *bytes)
{
	struct page *p = context;

	if (p->given)
		return false;
	p->given = true;
	*bytes = buf_slice(&p->body);
	return true;
}

/* Seconds. tallies may be NULL. */
static double apply_once(const struct rules *rules, struct matcher *m,
			 struct page *p, struct tally *tallies)
{
	const struct original o = {.method = SLICE("GET"),
				   .host = SLICE("www.bench.example"),
				   .target = SLICE("/"),
				   .head = buf_slice(&p->head),
				   .status = 200,
				   .next = page_next,
				   .context = p,
				   .framing = HTTP_LENGTH};
	struct rewritten w = {0};
	double from = now();

	p->given = false;
	apply(rules, m, &o, false, tallies, &w);
	from = now() - from;
	rewritten_release(&w);
	return from;
}

static int by_value(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int main(int argc, char **argv)
{
	struct page page = {0};
	struct matcher *m = matcher_new();
	double seconds[TIMES];
	unsigned places = 0;

	log_init(argv[0]);
	if (argc != 4)
		log_usage("wanted: RULES TYPE FILE");
	page_read(&page, argv[3], argv[2]);
	struct rules *rules =
	    rules_read((const char *const *)&argv[1], 1, SLICE(STEER_ZONE));
	if (!rules)
		return EXIT_FAILURE;
	struct tally *tallies = xcalloc(rules->count, sizeof *tallies);
	apply_once(rules, m, &page, tallies);
	for (size_t i = 0; i < rules->count; i++)
		places += tallies[i].matches;
	for (size_t i = 0; i < TIMES; i++)
		seconds[i] = apply_once(rules, m, &page, NULL);
	qsort(seconds, TIMES, sizeof *seconds, by_value);
	printf("%.7f %u\n", seconds[TIMES / 2], places);
	free(tallies);
	rules_free(rules);
	matcher_free(m);
	buf_release(&page.body);
	buf_release(&page.head);
	return EXIT_SUCCESS;
}
