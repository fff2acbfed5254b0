/* The parts of --check that are pure: the list of reasons, counted values,
 * repeated requests, the way from the first page, the victim's client. */
#include "exchanges.h"

#include "report/reasons.h"
#include "report/repeats.h"
#include "report/roll.h"
#include "report/trail.h"
#include "report/twin.h"

static int forget(void **state)
{
	(void)state;
	forget_exchanges();
	return 0;
}

/* ---- reasons ---- */

/* Each has a name of its own, a sentence, a fact, and one of six helps. */
static void the_list_of_reasons_is_closed(void **state)
{
	static const char *const helps[] = {
	    "a key log", "a longer capture", "a capture without losses",
	    "a rule",    "another client",   "nothing"};
	(void)state;
	for (enum reason r = REASON_NONE + 1; r < REASONS; r++) {
		const struct reason_info *info = reason_info(r);
		bool known = info->scope == SCOPE_WELL;
		assert_non_null(info->name);
		assert_true(*info->sentence && *info->fact);
		assert_int_not_equal(info->scope, SCOPE_NONE);
		assert_int_equal(info->is_class, info->words != NULL);
		for (size_t i = 0; i < COUNT(helps); i++)
			known |= !strcmp(info->helps, helps[i]);
		assert_true(known);
		for (enum reason other = 0; other < r; other++)
			assert_string_not_equal(info->name,
						reason_info(other)->name);
	}
}

/* ---- rolls ---- */

static void values_are_counted_once_each(void **state)
{
	struct roll r = {.max = 100};
	char text[16];
	(void)state;
	for (uint32_t i = 0; i < 300; i++) {
		snprintf(text, sizeof text, "%u", i % 150);
		struct roll_entry *e =
		    roll_add(&r, SLICE("place"), slice_of(text), i);
		assert_int_equal(e != NULL, i % 150 < 100);
	}
	assert_int_equal(r.count, 100);
	assert_int_equal(r.left_out, 100);
	for (uint32_t i = 0; i < 100; i++) {
		snprintf(text, sizeof text, "%u", i);
		assert_text(r.list[i].text, text);
		assert_text(r.list[i].place, "place");
		assert_int_equal(r.list[i].count, 2);
		assert_int_equal(r.list[i].first, i);
	}
	roll_release(&r);
	assert_int_equal(r.max, 100);
}

/* The same text at another place, or cut apart elsewhere, is another value. */
static void places_tell_values_apart(void **state)
{
	struct roll r = {.max = 10};
	(void)state;
	roll_add(&r, SLICE("a"), SLICE("bc"), 0);
	roll_add(&r, SLICE("ab"), SLICE("c"), 1);
	roll_add(&r, (struct slice){0}, SLICE("bc"), 2);
	roll_add(&r, (struct slice){0}, (struct slice){0}, 3);
	assert_int_equal(r.count, 4);
	roll_release(&r);
}

static void long_values_are_cut(void **state)
{
	struct roll r = {.max = 10};
	struct buf text = {0};
	(void)state;
	for (size_t i = 0; i < ROLL_TEXT_MAX + 10; i++)
		buf_add_byte(&text, 'x');
	roll_add(&r, (struct slice){0}, buf_slice(&text), 0);
	assert_int_equal(r.list[0].text.len, ROLL_TEXT_MAX);
	roll_add(&r, (struct slice){0}, buf_slice(&text), 0);
	assert_int_equal(r.list[0].count, 2);
	roll_release(&r);
	buf_release(&text);
}

/* ---- repeated requests ---- */

#define GET(target) "GET " target " HTTP/1.1\r\nHost: a.example\r\n\r\n"
#define POST(body)                                                             \
	"POST /p HTTP/1.1\r\nHost: a.example\r\nContent-Length: "              \
	"1\r\n\r\n" body
#define OK(body) "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n" body
#define MOVED(to)                                                              \
	"HTTP/1.1 302 Found\r\nLocation: " to "\r\nContent-Length: 0\r\n\r\n"
#define UNCHANGED "HTTP/1.1 304 Not Modified\r\n\r\n"
#define CHUNKED(chunks)                                                        \
	"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" chunks         \
	"0\r\n\r\n"

/* Of chunked ones the helper counts the framing too. */
#define BODY_LEN 3

/* Whether the second of two equal requests counts as answered otherwise. */
static bool repeats(const char *request, const char *first, const char *second)
{
	bool differs[3] = {false};
	struct recording r = {.exchanges = exchanges + count, .count = 3};
	record(request, first);
	record(GET("/between"), OK("z"));
	record(request, second);
	r.exchanges[0].body_bytes = r.exchanges[2].body_bytes = BODY_LEN;
	repeats_find(&r, differs);
	assert_false(differs[1]);
	assert_int_equal(differs[0], differs[2]);
	return differs[0];
}

static void only_other_answers_are_repeats(void **state)
{
	(void)state;
	assert_false(repeats(GET("/"), OK("a"), OK("a")));
	assert_true(repeats(GET("/"), OK("a"), OK("b")));
	assert_true(repeats(GET("/"), OK("a"), MOVED("/b")));
	assert_true(repeats(GET("/"), MOVED("/a"), MOVED("/b")));
	assert_false(repeats(GET("/"), MOVED("/a"), MOVED("/a")));
	assert_false(repeats(GET("/"), OK("a"), UNCHANGED));
	assert_false(repeats(GET("/"), OK("a"), NULL));
}

/* However they were cut into chunks. */
static void bodies_are_compared_without_their_framing(void **state)
{
	(void)state;
	assert_false(repeats(GET("/"), CHUNKED("3\r\nabc\r\n"),
			     CHUNKED("1\r\na\r\n2\r\nbc\r\n")));
	assert_true(repeats(GET("/"), CHUNKED("3\r\nabc\r\n"),
			    CHUNKED("1\r\na\r\n2\r\nbd\r\n")));
}

static void bodies_of_requests_tell_them_apart(void **state)
{
	bool differs[2] = {false};
	struct recording r;
	(void)state;
	record(POST("1"), OK("a"));
	record(POST("2"), OK("b"));
	r = recorded();
	repeats_find(&r, differs);
	assert_false(differs[0] || differs[1]);
}

/* ---- the way from the first page ---- */

static void set_links(struct chain *c, struct chain_link *links,
		      const uint32_t *causes, uint32_t len)
{
	*c = (struct chain){.links = links, .count = len};
	for (uint32_t i = 0; i < len; i++)
		links[i] = (struct chain_link){
		    .cause = causes[i],
		    .by = causes[i] == CHAIN_NONE ? CHAIN_START : CHAIN_LINK};
}

/* 1 leads to 2 and 5, 2 to 3 and 4; 0 and 6 are of another tree. */
static const uint32_t tree[] = {CHAIN_NONE, CHAIN_NONE, 1, 2, 2, 1, 0};

static struct trail walk(struct chain *c, uint8_t *reasons,
			 struct traffics *traffics)
{
	struct findings f = {.reasons = reasons};
	struct trail t;
	c->first_page = 1;
	trail_find(&t, c, &f, traffics);
	return t;
}

static void the_way_is_walked_in_order(void **state)
{
	static const uint32_t order[] = {1, 2, 3, 4, 5};
	static const uint16_t depths[] = {0, 1, 2, 2, 1};
	struct chain_link links[COUNT(tree)];
	uint8_t reasons[COUNT(tree)] = {REASON_CUT};
	struct traffics none = {0};
	struct chain c;
	(void)state;
	set_links(&c, links, tree, COUNT(tree));
	struct trail t = walk(&c, reasons, &none);
	assert_int_equal(t.count, COUNT(order));
	assert_memory_equal(t.order, order, sizeof order);
	assert_memory_equal(t.depths, depths, sizeof depths);
	assert_int_equal(t.sizes[1], 5);
	assert_int_equal(t.sizes[0], 2);
	/* what is cut is of the other tree */
	assert_int_equal(t.first.reason, REASON_NONE);
	trail_release(&t);
}

static void the_first_break_is_that_of_the_way(void **state)
{
	struct chain_link links[COUNT(tree)];
	uint8_t reasons[COUNT(tree)] = {[4] = REASON_CUT, [5] = REASON_GAP};
	struct unfollowed lost[] = {
	    {4, FOLLOW_CLICKED, SLICE("http://a.example/click")},
	    {2, FOLLOW_LOADED, SLICE("http://a.example/i/favicon.ico?1")},
	    {3, FOLLOW_LOADED, SLICE("http://a.example/1")},
	    {3, FOLLOW_LOADED, SLICE("http://a.example/2")},
	};
	struct traffics none = {0};
	struct chain c;
	(void)state;
	set_links(&c, links, tree, COUNT(tree));
	struct trail t = walk(&c, reasons, &none);
	assert_int_equal(t.first.exchange, 4);
	assert_int_equal(t.first.reason, REASON_CUT);
	assert_null(t.first.link);
	trail_release(&t);

	c.unfollowed = lost;
	c.unfollowed_count = COUNT(lost);
	t = walk(&c, reasons, &none);
	assert_int_equal(t.first.reason, REASON_NOT_RECORDED);
	assert_ptr_equal(t.first.link, &lost[2]);
	assert_int_equal(t.exchange.exchange, 4);
	trail_release(&t);
}

static void a_link_into_tls_is_told(void **state)
{
	struct chain_link links[COUNT(tree)];
	uint8_t reasons[COUNT(tree)] = {0};
	struct unfollowed lost = {1, FOLLOW_LOADED,
				  SLICE("https://CDN.example:444/x?y")};
	struct traffic tls = {.kind = TRAFFIC_TLS,
			      .name = SLICE("cdn.example")};
	struct traffics traffics = {.list = &tls, .count = 1};
	struct chain c;
	(void)state;
	set_links(&c, links, tree, COUNT(tree));
	c.unfollowed = &lost;
	c.unfollowed_count = 1;
	struct trail t = walk(&c, reasons, &traffics);
	assert_int_equal(t.first.reason, REASON_TLS);
	trail_release(&t);
}

/* As deep as the recording is long: nothing is called for each level. */
static void a_deep_way_is_walked(void **state)
{
	enum { DEEP = 300000 };
	struct chain c = {.count = DEEP, .first_page = 0};
	uint8_t *reasons = xcalloc(DEEP, 1);
	struct findings f = {.reasons = reasons};
	struct traffics none = {0};
	struct trail t;
	(void)state;
	c.links = xcalloc(DEEP, sizeof *c.links);
	for (uint32_t i = 0; i < DEEP; i++)
		c.links[i].cause = i ? i - 1 : CHAIN_NONE;
	trail_find(&t, &c, &f, &none);
	assert_int_equal(t.count, DEEP);
	assert_int_equal(t.order[DEEP - 1], DEEP - 1);
	assert_int_equal(t.sizes[0], DEEP);
	trail_release(&t);
	free(c.links);
	free(reasons);
}

static void without_a_first_page_there_is_no_way(void **state)
{
	struct chain c = {.first_page = CHAIN_NONE};
	struct findings f = {0};
	struct traffics none = {0};
	struct trail t;
	(void)state;
	trail_find(&t, &c, &f, &none);
	assert_int_equal(t.count, 0);
	assert_int_equal(t.first.reason, REASON_NONE);
	trail_release(&t);
}

/* ---- the victim's client ---- */

static void programs_are_told_from_browsers(void **state)
{
	(void)state;
	assert_true(twin_is_browser(SLICE("Mozilla/5.0 (Windows NT 6.1)")));
	assert_true(twin_is_browser(SLICE("Opera/9.80 (Windows NT 6.1)")));
	assert_false(twin_is_browser(
	    SLICE("Mozilla/4.0 (Windows 7 6.1) Java/1.7.0_09")));
	assert_false(twin_is_browser(SLICE("Wget/1.21")));
	assert_false(twin_is_browser(SLICE("")));
	assert_false(twin_is_browser((struct slice){0}));
}

static void each_client_has_its_own_values(void **state)
{
	struct recording r;
	struct twin t;
	(void)state;
	record("GET / HTTP/1.1\r\nUser-Agent: one\r\n\r\n", OK("a"));
	record("GET / HTTP/1.1\r\nUSER-AGENT: two\r\nSec-CH-UA-Mobile: ?0\r\n"
	       "Accept-Language: de\r\n\r\n",
	       OK("a"));
	record("GET / HTTP/1.1\r\nUser-Agent: one\r\n\r\n", OK("a"));
	flows[1].ends[0].address.bytes[3] = 77;
	r = recorded();
	twin_collect(&t, &r);
	assert_int_equal(t.count, 2);
	assert_int_equal(t.clients[0].exchanges, 2);
	assert_int_equal(t.clients[0].values[TWIN_AGENT].list[0].count, 2);
	assert_int_equal(t.clients[0].values[TWIN_LANGUAGE].count, 0);
	assert_text(t.clients[1].values[TWIN_AGENT].list[0].text, "two");
	assert_text(t.clients[1].values[TWIN_HINT].list[0].place,
		    "Sec-CH-UA-Mobile");
	assert_text(t.clients[1].values[TWIN_LANGUAGE].list[0].text, "de");
	twin_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_list_of_reasons_is_closed),
	    cmocka_unit_test(values_are_counted_once_each),
	    cmocka_unit_test(places_tell_values_apart),
	    cmocka_unit_test(long_values_are_cut),
	    cmocka_unit_test_teardown(only_other_answers_are_repeats, forget),
	    cmocka_unit_test_teardown(bodies_are_compared_without_their_framing,
				      forget),
	    cmocka_unit_test_teardown(bodies_of_requests_tell_them_apart,
				      forget),
	    cmocka_unit_test(the_way_is_walked_in_order),
	    cmocka_unit_test(the_first_break_is_that_of_the_way),
	    cmocka_unit_test(a_link_into_tls_is_told),
	    cmocka_unit_test(a_deep_way_is_walked),
	    cmocka_unit_test(without_a_first_page_there_is_no_way),
	    cmocka_unit_test(programs_are_told_from_browsers),
	    cmocka_unit_test_teardown(each_client_has_its_own_values, forget),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
