/* P8: bytes chosen to break whoever reads them: names that want into a
 * configuration, fields that want into a terminal, bodies that swell. */
#include "dns.h"
#include "scene.h"

#include <string.h>

#define SERVER4 "203.0.113.8"
#define LABEL60 "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghijabcdefghij"
#define BOMB_MEMBER (16 << 20)

/* A request whose Host field has that value. */
static void ask_host(struct scene *s, const char *host)
{
	struct conn c = scene_connect(s, SERVER4, 80);

	scene_get(s, &c, host, "/named.txt", NULL, "named\n");
	conn_close(&c, CLIENT);
}

static void hosts(struct scene *s)
{
	static const char *const names[] = {
	    "honest.example",
	    "evil.example/conf-script=/tmp/x",
	    "evil.example conf-script=/tmp/x",
	    "evil.example#comment",
	    "evil.example/192.0.2.1\taddress=/#/192.0.2.2",
	    "#",
	    "*",
	    "/",
	    ".",
	    "..",
	    ".evil.example",
	    "evil..example",
	    "-dash.example",
	    "under_score.example",
	    "trailing-dot.example.",
	    "UPPER.Example",
	    "xn--bcher-kva.example",
	    "b\303\274cher.example",
	    "\xff\xfe.example",
	    "user:pass@evil.example",
	    "evil.example:http",
	    "evil.example:99999",
	    "[2001:db8::8",
	    "[2001:db8::8]:80",
	    "203.0.113.8:80",
	    "0x7f.1",
	    "3405803784",
	    "\"quoted\".example",
	    "$(reboot).example",
	    "`reboot`.example",
	    "<script>alert(1)</script>.example",
	    "%0aconf-script=/tmp/x.example",
	    "use-application-dns.net",
	    LABEL60 "." LABEL60 "." LABEL60 "." LABEL60 ".example",
	    LABEL60 "jjjjj.example",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		ask_host(s, names[i]);
}

/* Host fields that a message's grammar only lets through by a hair: what a
 * careful reader makes of them is left open. */
static void host_line(struct scene *s, const char *host)
{
	struct fate fate = {.target = "/line.txt",
			    .host = host,
			    .status = 200,
			    .body = str_of("line\n"),
			    .doubtful = true};
	struct conn c = scene_connect(s, SERVER4, 80);
	struct str request = {0};
	const struct str response =
	    str_of("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nline\n");

	str_printf(&request, "GET /line.txt HTTP/1.1\r\nHost: %s\r\n\r\n",
		   host);
	scene_raw(s, &c, &request, &response, &fate);
	conn_close(&c, CLIENT);
	str_free(&request);
}

static void host_lines(struct scene *s)
{
	host_line(s, "evil.example\r\n conf-script=/tmp/x");
	host_line(s, "evil.example\n conf-script=/tmp/x");
	host_line(s, "evil.example\rconf-script=/tmp/x");
	host_line(s, "evil.example\x0b"
		     "conf-script=/tmp/x");
	host_line(s, "\x01\x07\x1b[2J\x1b]0;title\x07.example");
	host_line(s, "evil.example\r\nHost: second.example");
	host_line(s, "");
}

static void targets(struct scene *s)
{
	static const char *const all[] = {
	    "/%0d%0aSet-Cookie:%20x=1",
	    "/\x1b]0;title\x07\x1b[31m",
	    "/a\\b\\x41",
	    "/../../etc/passwd",
	    "//double//slash",
	    "/<script>alert(1)</script>",
	    "/=cmd|'/c'!A1",
	    "/caf\xc3\xa9",
	    "/#fragment",
	    "/?",
	    "/?&&&===",
	};
	struct conn c = scene_connect(s, SERVER4, 80);
	struct str path = {0};
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(*all); i++)
		scene_get(s, &c, "targets.example", all[i], NULL, "target\n");
	str_byte(&path, '/');
	while (path.len < 60000)
		str_text(&path, "long/");
	str_byte(&path, 0);
	scene_get(s, &c, "targets.example", path.data, NULL, "long\n");
	conn_close(&c, CLIENT);
	str_free(&path);
}

static void injected_fields(struct scene *s)
{
	static const char response[] =
	    "HTTP/1.1 200 O\x1b[31mK\r\n"
	    "X-Return: a\rSet-Cookie: stolen=1\r\n"
	    "X-Bell: \x07\x08\x1b[2J\r\n"
	    "Location: http://evil.example/%0d%0aX: y\r\n"
	    "No colon here\r\n"
	    ": no name\r\n"
	    "Content-Length : 9\r\n"
	    "Content-Length: 4\r\n\r\nbody";
	struct fate fate = {.host = "fields.example",
			    .target = "/fields",
			    .status = 200,
			    .body = str_of("body"),
			    .doubtful = true};
	struct conn c = scene_connect(s, SERVER4, 80);

	scene_text(s, &c,
		   "GET /fields HTTP/1.1\r\nHost: fields.example\r\n"
		   "X-A: 1\r\n\tHost: other.example\r\n\r\n",
		   response, &fate);
	conn_close(&c, SERVER);
}

/* 1 GiB of zeros in a megabyte: gzip members may follow each other
 * (RFC 1952 2.2). */
static void bomb(struct scene *s)
{
	const struct ask ask = {.host = "bomb.example", .target = "/bomb"};
	struct conn c = scene_connect(s, SERVER4, 80);
	struct str zeros = {0}, member = {0}, body = {0}, response = {0};
	struct str request = {0};
	int i;

	memset(str_reserve(&zeros, BOMB_MEMBER), 0, BOMB_MEMBER);
	body_code(&member, GZIP, zeros.data, BOMB_MEMBER);
	for (i = 0; i < 64; i++)
		str_add(&body, member.data, member.len);
	ask_write(&request, &ask);
	str_printf(&response,
		   "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
		   "Content-Encoding: gzip\r\nContent-Length: %zu\r\n\r\n",
		   body.len);
	str_add(&response, body.data, body.len);
	scene_raw(s, &c, &request, &response,
		  &(struct fate){.host = ask.host,
				 .target = ask.target,
				 .status = 200,
				 .body = body});
	conn_close(&c, SERVER);
	str_free(&zeros);
	str_free(&member);
	str_free(&body);
	str_free(&request);
	str_free(&response);
}

/* A TLS ClientHello with that server name (RFC 8446 4.1.2, RFC 6066 3). */
static void write_hello(struct str *out, const char *name)
{
	uint16_t len = (uint16_t)strlen(name);

	str_u16(out, 0x1603);
	str_u16(out, 0x0100 | 1);
	str_u16(out, (uint16_t)(len + 56)); /* record */
	str_byte(out, 1);
	str_byte(out, 0);
	str_u16(out, (uint16_t)(len + 52)); /* handshake */
	str_u16(out, 0x0303);
	words_write(out, 32, 9); /* random */
	str_byte(out, 0);        /* session */
	str_u16(out, 2);
	str_u16(out, 0x1301);
	str_u16(out, 0x0100);
	str_u16(out, (uint16_t)(len + 9)); /* extensions */
	str_u16(out, 0);
	str_u16(out, (uint16_t)(len + 5));
	str_u16(out, (uint16_t)(len + 3));
	str_byte(out, 0);
	str_u16(out, len);
	str_text(out, name);
}

static void hello(struct scene *s, const char *name)
{
	struct conn c = scene_connect(s, "203.0.113.9", 443);
	struct str bytes = {0};

	write_hello(&bytes, name);
	conn_say(&c, CLIENT, bytes.data, bytes.len);
	conn_flush(&c, CLIENT);
	conn_reset(&c, SERVER);
	str_free(&bytes);
}

static void other_names(struct scene *s)
{
	dns_lookup(&s->net, VICTIM, "good.dns.example", NULL, SERVER4);
	dns_lookup(&s->net, VICTIM, "evil\nconf-script=/tmp/x.example", NULL,
		   SERVER4);
	dns_lookup(&s->net, VICTIM, "al\x1b[31mias.example",
		   "evil\naddress=/#/192.0.2.9.example", SERVER4);
	dns_lookup(&s->net, VICTIM, "six.dns.example", NULL, "2001:db8::8");
	dns_lookup(&s->net, VICTIM, "gone.dns.example", NULL, NULL);
	dns_lookup(&s->net, VICTIM, "gone\nlog-queries.example", NULL, NULL);
	hello(s, "good.tls.example");
	hello(s, "evil\nconf-script=/tmp/x.example");
	hello(s, "evil.example/192.0.2.1");
	ask_host(s, "good.dns.example");
}

const struct scenario hostile_scenarios[] = {
    {"p08-hosts", "Host fields that want into a configuration", hosts, 0},
    {"p08-host-lines", "the same with line breaks", host_lines, 0},
    {"p08-targets", "targets that want into a terminal or a path", targets, 0},
    {"p08-fields", "response fields that inject", injected_fields, 0},
    {"p08-bomb", "1 GiB gzipped to 1 MiB", bomb, 0},
    {"p08-names", "DNS and TLS names with line breaks", other_names, 0},
    {0},
};
