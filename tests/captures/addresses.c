/* P34, P37: names with several addresses, addresses with several names, and
 * hosts that only their address tells. */
#include "dns.h"
#include "scene.h"

#define MANY "www.many.example"
#define SIX "six.many.example"
#define CDN "cdn.alias.example"
#define BARE "203.0.113.66"
#define PROXY "192.0.2.8"

static void visit(struct scene *s, const char *server, uint16_t port,
		  const char *host, const char *target, const char *text)
{
	struct conn c = scene_connect(s, server, port);

	scene_get(s, &c, host, target, NULL, text);
	conn_close(&c, CLIENT);
}

static void lookups(struct scene *s)
{
	static const struct {
		const char *name, *alias, *address;
	} known[] = {
	    {MANY, NULL, "198.51.100.11"},
	    {MANY, NULL, "198.51.100.12"},
	    {MANY, NULL, "2001:db8:37::11"},
	    {SIX, NULL, "2001:db8:37::6"},
	    {CDN, "edge.alias.example", "198.51.100.13"},
	    {"unvisited.example", NULL, "198.51.100.99"},
	    {"gone.example", NULL, NULL},
	    {"use-application-dns.net", NULL, "198.51.100.98"},
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		dns_lookup(&s->net, VICTIM, known[i].name, known[i].alias,
			   known[i].address);
}

/* Of these DNS knows nothing. */
static void bare_addresses(struct scene *s)
{
	static const char text[] = "asked without a name\n";
	const struct fate fate = {
	    .target = "/bare", .status = 200, .body = str_of(text)};
	struct conn c = scene_connect(s, "203.0.113.68", 80);

	scene_text(s, &c, "GET /bare HTTP/1.0\r\n\r\n",
		   "HTTP/1.0 200 OK\r\nContent-Length: 21\r\n\r\n"
		   "asked without a name\n",
		   &fate);
	conn_close(&c, CLIENT);
	visit(s, BARE, 80, "hidden.example", "/payload", "payload\n");
	visit(s, BARE, 80, "second.example", "/second", "second\n");
	visit(s, BARE, 8080, "hidden.example:8080", "/odd", "odd port\n");
	visit(s, "203.0.113.67", 80, "203.0.113.67", "/literal", "literal\n");
	visit(s, "198.51.100.14", 80, "203-0-113-99.ip.test", "/steered",
	      "a name in the zone\n");
}

static void addresses(struct scene *s)
{
	lookups(s);
	visit(s, "198.51.100.12", 80, MANY, "/", "many\n");
	visit(s, "2001:db8:37::11", 80, MANY, "/6", "many by IPv6\n");
	visit(s, "2001:db8:37::6", 80, SIX, "/", "six\n");
	visit(s, "198.51.100.13", 80, CDN, "/", "cdn\n");
	bare_addresses(s);
	visit(s, PROXY, 3128, "proxied.example", "http://proxied.example/",
	      "by proxy\n");
	visit(s, PROXY, 3128, MANY, "http://" MANY "/proxied", "by proxy\n");
}

const struct scenario address_scenarios[] = {
    {"p37-addresses", "several addresses, several names, bare ones", addresses,
     0},
    {0},
};
