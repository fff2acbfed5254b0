/* The words and lists that replay --check is made of, for people. */
#include "check_text.h"

#include "words.h"

#include "capture/visible.h"

#include <inttypes.h>
#include <time.h>

#define CLIPPED 160U
#define CLIPPED_VERBOSE 2048U
#define SECOND INT64_C(1000000000)

/* Takes what is in b. */
static void say(struct buf *b)
{
	fwrite(b->data, 1, b->len, stdout);
	buf_release(b);
}

void say_count(uint64_t n, const char *what)
{
	struct buf b = {0};
	words_count(&b, n, what);
	say(&b);
}

void say_bytes(uint64_t n)
{
	struct buf b = {0};
	words_bytes(&b, n);
	say(&b);
}

void say_amount(const struct reason_count *c)
{
	struct buf b = {0};
	reason_count_print(&b, c);
	say(&b);
}

void say_share(uint64_t part, uint64_t whole)
{
	unsigned share = survey_share(part, whole);
	printf("(%u.%u %%)", share / 10, share % 10);
}

static void put_start(struct slice text, size_t max)
{
	struct slice told = text;
	if (text.len > max)
		told = slice_to(text, visible_back(text, max));
	visible_print(stdout, told);
	if (told.len < text.len)
		printf("... (%zu bytes)", text.len);
}

void say_clipped(const struct out *o, struct slice text)
{
	put_start(text, o->verbose ? CLIPPED_VERBOSE : CLIPPED);
}

/* What a twin has to send is of use only whole. */
void say_whole(struct slice text)
{
	put_start(text, ROLL_TEXT_MAX);
}

static void put_url(const struct out *o, const struct exchange *e)
{
	struct buf b = {0};
	words_url(&b, e);
	say_clipped(o, buf_slice(&b));
	buf_release(&b);
}

void say_exchange(const struct out *o, size_t i)
{
	const struct exchange *e = &o->s->recording->exchanges[i];
	printf("#%zu ", i + 1);
	say_clipped(o, exchange_method(e));
	putchar(' ');
	put_url(o, e);
}

void say_address(const struct address *a)
{
	struct buf b = {0};
	address_print(&b, a);
	say(&b);
}

void say_endpoint(const struct endpoint *e)
{
	struct buf b = {0};
	if (e->port)
		endpoint_print(&b, e);
	else
		address_print(&b, &e->address);
	say(&b);
}

void say_seconds(int64_t seconds)
{
	time_t time = (time_t)seconds;
	struct tm tm;
	char text[32];
	if (!gmtime_r(&time, &tm) ||
	    !strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &tm))
		return;
	fputs(text, stdout);
}

void say_time(int64_t time)
{
	say_seconds(time / SECOND);
}

void say_duration(int64_t time)
{
	double seconds = (double)time / 1e9;
	if (seconds < 120)
		printf("%.1f s", seconds);
	else if (seconds < 7200)
		printf("%.1f minutes", seconds / 60);
	else if (seconds < 172800)
		printf("%.1f hours", seconds / 3600);
	else
		printf("%.0f days", seconds / 86400);
}

/* ---- lists ---- */

void lines_begin(struct out *o, const char *heading)
{
	o->heading = heading;
	o->max = o->verbose ? LISTED_VERBOSE : LISTED;
	o->shown = o->left_out = 0;
}

/* Whether there is room for one more line; puts the heading before the first.
 */
bool lines_next(struct out *o)
{
	if (o->heading)
		puts(o->heading);
	o->heading = NULL;
	if (o->shown >= o->max) {
		o->left_out++;
		return false;
	}
	o->shown++;
	return true;
}

void lines_end(struct out *o, const char *indent)
{
	if (o->left_out)
		printf("%s... and %zu more%s\n", indent, o->left_out,
		       o->verbose ? "" : " (-v lists them)");
}
