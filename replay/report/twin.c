/* The victim's client as a recipe. */
#include "twin.h"

#include "site/traits.h"

#include <stdlib.h>

#define CLIENTS_MAX 64
#define VALUES_MAX 64 /* of each kind and client */

struct look {
	struct twin_client *client;
	const struct exchange *e;
	uint32_t i;
};

const char *twin_value_name(enum twin_value v)
{
	static const char *const names[TWIN_VALUES] = {
	    [TWIN_AGENT] = "user_agents", [TWIN_LANGUAGE] = "languages",
	    [TWIN_ACCEPT] = "accept",     [TWIN_PLUGIN] = "plugins",
	    [TWIN_HINT] = "hints",
	};
	return names[v];
}

const char *twin_value_field(enum twin_value v)
{
	static const char *const names[TWIN_VALUES] = {
	    [TWIN_AGENT] = "User-Agent",
	    [TWIN_LANGUAGE] = "Accept-Language",
	    [TWIN_ACCEPT] = "Accept of pages",
	    [TWIN_PLUGIN] = "",
	    [TWIN_HINT] = "",
	};
	return names[v];
}

static void add(struct look *l, enum twin_value v, struct slice place,
		struct slice text)
{
	roll_add(&l->client->values[v], place, text, l->i);
}

/* ---- what a User-Agent tells ---- */

static bool has_word(struct slice text, struct slice word)
{
	return text.len && memmem(text.data, text.len, word.data, word.len);
}

bool twin_is_browser(struct slice agent)
{
	if (has_word(agent, SLICE(" Java/")))
		return false;
	return slice_starts(agent, SLICE("Mozilla/")) ||
	       slice_starts(agent, SLICE("Opera/")) ||
	       slice_starts(agent, SLICE("Shockwave Flash"));
}

struct slice twin_agent(const struct exchange *e)
{
	struct slice rest = head_fields(e->request_head);
	struct field f;
	return head_field_next(&rest, SLICE("user-agent"), &f)
		   ? f.value
		   : (struct slice){0};
}

/* A name in a User-Agent or Accept that stands for a plug-in; what is told
 * ends at the next separator. */
static const struct {
	struct slice word, place;
} plugin_words[] = {
    {SLICE("Java/"), SLICE("Java")},
    {SLICE("Silverlight"), SLICE("Silverlight")},
    {SLICE("application/x-silverlight"), SLICE("Silverlight")},
    {SLICE("Shockwave Flash"), SLICE("Flash")},
};
#define PLUGIN_WORDS (sizeof plugin_words / sizeof *plugin_words)

static void take_plugin_words(struct look *l, struct slice text)
{
	for (size_t i = 0; i < PLUGIN_WORDS; i++) {
		struct slice word = plugin_words[i].word;
		const uint8_t *at =
		    text.len ? memmem(text.data, text.len, word.data, word.len)
			     : NULL;
		if (!at)
			continue;
		struct slice told = slice_from(text, (size_t)(at - text.data));
		size_t end = word.len;
		while (end < told.len && !strchr(" ,;)", told.data[end]))
			end++;
		add(l, TWIN_PLUGIN, plugin_words[i].place, slice_to(told, end));
	}
}

/* ---- fields ---- */

static bool answers_page(const struct exchange *e)
{
	struct slice rest = head_fields(e->response_head);
	struct field f;
	return e->status == 200 &&
	       head_field_next(&rest, SLICE("content-type"), &f) &&
	       slice_starts_nocase(f.value, SLICE("text/html"));
}

static void take_agent(struct look *l, const struct field *f)
{
	take_plugin_words(l, f->value);
}

static void take_language(struct look *l, const struct field *f)
{
	add(l, TWIN_LANGUAGE, (struct slice){0}, f->value);
}

static void take_accept(struct look *l, const struct field *f)
{
	if (answers_page(l->e))
		add(l, TWIN_ACCEPT, (struct slice){0}, f->value);
	take_plugin_words(l, f->value);
}

static void take_plugin(struct look *l, const struct field *f)
{
	add(l, TWIN_PLUGIN, f->name, f->value);
}

/* Apps name themselves there; scripts only say that they are some. */
static void take_app(struct look *l, const struct field *f)
{
	if (!slice_equal_nocase(f->value, SLICE("XMLHttpRequest")))
		take_plugin(l, f);
}

static void take_hint(struct look *l, const struct field *f)
{
	add(l, TWIN_HINT, f->name, f->value);
}

static const struct {
	struct slice name;
	bool begins; /* the field's name need only begin so */
	void (*take)(struct look *l, const struct field *f);
} wanted[] = {
    {SLICE("User-Agent"), false, take_agent},
    {SLICE("Accept-Language"), false, take_language},
    {SLICE("Accept"), false, take_accept},
    {SLICE("x-flash-version"), false, take_plugin},
    {SLICE("UA-CPU"), false, take_plugin},
    {SLICE("X-Requested-With"), false, take_app},
    {SLICE("Sec-CH-"), true, take_hint},
};
#define WANTED (sizeof wanted / sizeof *wanted)

static void take_field(struct look *l, const struct field *f)
{
	for (size_t i = 0; i < WANTED; i++) {
		struct slice name = f->name;
		if (wanted[i].begins)
			name = slice_to(name, wanted[i].name.len);
		/* most names differ in their length */
		if (name.len == wanted[i].name.len &&
		    slice_equal_nocase(name, wanted[i].name))
			wanted[i].take(l, f);
	}
}

/* ---- clients ---- */

static void start_client(struct twin_client *c, const struct address *address)
{
	*c = (struct twin_client){.address = *address};
	for (size_t v = 0; v < TWIN_VALUES; v++)
		c->values[v].max = VALUES_MAX;
}

/* NULL: there are too many. */
static struct twin_client *find_client(struct twin *t,
				       const struct address *address)
{
	for (size_t i = 0; i < t->count; i++)
		if (address_equal(&t->clients[i].address, address))
			return &t->clients[i];
	if (t->count == CLIENTS_MAX)
		return NULL;
	start_client(&t->clients[t->count], address);
	return &t->clients[t->count++];
}

static void look_at(struct look *l)
{
	struct slice rest = head_fields(l->e->request_head);
	struct field f;
	l->client->exchanges++;
	add(l, TWIN_AGENT, (struct slice){0}, twin_agent(l->e));
	while (http_field_next(&rest, &f))
		take_field(l, &f);
}

void twin_collect(struct twin *t, const struct recording *r)
{
	struct look l = {0};
	*t = (struct twin){.clients = xcalloc(CLIENTS_MAX, sizeof *t->clients)};
	for (; l.i < r->count; l.i++) {
		l.e = &r->exchanges[l.i];
		l.client = find_client(t, &exchange_client(l.e)->address);
		if (l.client)
			look_at(&l);
		else
			t->left_out++;
	}
}

void twin_release(struct twin *t)
{
	for (size_t i = 0; i < t->count; i++)
		for (size_t v = 0; v < TWIN_VALUES; v++)
			roll_release(&t->clients[i].values[v]);
	free(t->clients);
	*t = (struct twin){0};
}
