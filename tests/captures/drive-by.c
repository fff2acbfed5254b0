/* The demo: a whole drive-by download. Everything in it is made up and
 * harmless: what a kit would exploit with are comments and plain words. */
#include "dns.h"
#include "scene.h"

#include <string.h>

#define WWW "www.landing.example"
#define CDN "cdn.widget.example"
#define TDS "tds.redirect.example"
#define GATE "gate.exploit.example"
#define GATE_PORT "gate.exploit.example:8080"
#define BARE "203.0.113.66"
#define STATS "stats.beacon.example"

#define WWW_IP "198.51.100.10"
#define CDN_IP "198.51.100.20"
#define TDS_IP "198.51.100.30"
#define GATE_IP "203.0.113.40"
#define STATS_IP "203.0.113.77"

#define DOWNLOAD_LEN 200000
#define PAYLOAD_LEN 61440
#define FILM_LEN 300000
#define FILM_SEEN 87600 /* 60 segments, then the reset */

#define HTML "text/html; charset=utf-8"
#define SCRIPT "application/javascript"
#define BINARY "application/octet-stream"

static const char landing[] =
    "<link rel=\"stylesheet\" href=\"/style.css\">\n"
    "<script src=\"http://" CDN "/widget.js?v=3\"></script>\n"
    "<img src=\"http://" CDN "/logo.svg\" alt=\"\">\n"
    "<iframe src=\"http://" TDS "/in.php?id=88&amp;src=landing\" width=\"1\" "
    "height=\"1\"></iframe>\n";

static const char widget[] =
    "/* widget.js: a made-up script of a made-up site. It does nothing. */\n"
    "(function () {\n"
    "  var place = document.getElementById('widget');\n"
    "  if (place) place.textContent = 'Tomorrow: sunny spells.';\n"
    "})();\n";

static const char exploit_page[] =
    "<script src=\"/static/check.js\"></script>\n"
    "<!-- here a kit would try what the browser lacks patches for -->\n"
    "<a href=\"/load/setup.bin\">player update</a>\n"
    "<iframe src=\"/next.html\"></iframe>\n";

static const char check_script[] =
    "/* check.js: where a kit looks for plug-ins. This one looks for none. */\n"
    "var found = [];\n"
    "if (!found.length) window.status = 'nothing to do';\n";

static const char bare_page[] =
    "<p>The player is also <a href=\"http://" BARE
    "/payload.bin\">here</a>.</p>\n"
    "<meta http-equiv=\"refresh\" content=\"2;url=http://" BARE
    "/payload.bin\">\n";

static const char harmless[] =
    "HARMLESS TEST DATA, made by make-capture for the demo: this stands "
    "where malware would be. It is text and does nothing.\n";

static const char style[] = "body { font: 16px sans-serif; margin: 2em }\n"
			    "h1 { color: #246 }\n";

static const char logo[] =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"32\" height=\"32\">"
    "<circle cx=\"16\" cy=\"16\" r=\"14\" fill=\"#fb3\"/></svg>\n";

/* The words, again and again with their line number, up to len bytes. */
static void write_harmless(struct str *out, size_t len)
{
	unsigned line = 0;

	while (out->len < len)
		str_printf(out, "%06u %s", line++, harmless);
	out->len = len;
}

static void serve(struct scene *s, struct conn *c, const struct ask *ask,
		  const char *type, const struct str *body)
{
	scene_exchange(s, c, ask,
		       &(struct answer){.type = type,
					.body = body->data,
					.body_len = body->len});
}

static void serve_text(struct scene *s, struct conn *c, const struct ask *ask,
		       const char *type, const char *text)
{
	const struct str body = str_of(text);

	serve(s, c, ask, type, &body);
}

static struct conn meet(struct scene *s, const char *name, const char *address,
			uint16_t port)
{
	dns_lookup(&s->net, VICTIM, name, NULL, address);
	return scene_connect(s, address, port);
}

static void landing_page(struct scene *s, struct conn *c)
{
	struct str page = {0};

	page_write(&page, "Weather for the weekend", landing, 9000, 1);
	scene_exchange(s, c, &(struct ask){.host = WWW, .target = "/"},
		       &(struct answer){.type = HTML,
					.fields = "Vary: Accept-Encoding\r\n"
						  "Set-Cookie: visit=1; "
						  "path=/\r\n",
					.body = page.data,
					.body_len = page.len,
					.coding = GZIP});
	str_free(&page);
	serve_text(s, c,
		   &(struct ask){.host = WWW,
				 .target = "/style.css",
				 .fields = "Referer: http://" WWW "/\r\n"
					   "Cookie: visit=1\r\n"},
		   "text/css", style);
}

static void widget_script(struct scene *s)
{
	struct conn c;

	dns_lookup(&s->net, VICTIM, CDN, "edge7.widget.example", CDN_IP);
	c = scene_connect(s, CDN_IP, 80);
	scene_exchange(s, &c,
		       &(struct ask){.host = CDN,
				     .target = "/widget.js?v=3",
				     .fields = "Referer: http://" WWW "/\r\n"},
		       &(struct answer){.type = SCRIPT,
					.fields = "ETag: \"58c7c1\"\r\n",
					.body = widget,
					.body_len = sizeof(widget) - 1,
					.coding = GZIP});
	serve_text(s, &c, &(struct ask){.host = CDN, .target = "/logo.svg"},
		   "image/svg+xml", logo);
	conn_close(&c, SERVER);
}

static void redirect(struct scene *s)
{
	struct conn c = meet(s, TDS, TDS_IP, 80);

	scene_exchange(s, &c,
		       &(struct ask){.host = TDS,
				     .target = "/in.php?id=88&src=landing",
				     .fields = "Referer: http://" WWW "/\r\n"},
		       &(struct answer){.status = 302,
					.type = HTML,
					.fields =
					    "Location: http://" GATE_PORT
					    "/view?t=6b1f\r\n"
					    "Cache-Control: no-store\r\n"});
	conn_close(&c, SERVER);
}

static void missing_icon(struct scene *s, struct conn *c)
{
	static const char text[] = "<h1>404 Not Found</h1>\n";

	scene_exchange(s, c,
		       &(struct ask){.host = WWW, .target = "/favicon.ico"},
		       &(struct answer){.status = 404,
					.type = HTML,
					.body = text,
					.body_len = sizeof(text) - 1});
}

static void exploit(struct scene *s, struct conn *c)
{
	struct str page = {0};

	page_write(&page, "Please wait", exploit_page, 6000, 2);
	scene_exchange(s, c,
		       &(struct ask){.host = GATE_PORT,
				     .target = "/view?t=6b1f",
				     .fields = "Referer: http://" WWW "/\r\n"},
		       &(struct answer){.type = HTML,
					.body = page.data,
					.body_len = page.len,
					.framing = CHUNKED,
					.chunk = 1500});
	str_free(&page);
	serve_text(
	    s, c,
	    &(struct ask){.host = GATE_PORT, .target = "/static/check.js"},
	    SCRIPT, check_script);
}

static void download(struct scene *s, struct conn *c)
{
	const struct ask head = {
	    .method = "HEAD", .host = GATE_PORT, .target = "/load/setup.bin"};
	const struct ask get = {.host = GATE_PORT, .target = "/load/setup.bin"};
	struct str body = {0};

	scene_exchange(s, c, &head,
		       &(struct answer){.type = BINARY,
					.fields = "Content-Length: 200000\r\n",
					.framing = NO_BODY});
	write_harmless(&body, DOWNLOAD_LEN);
	scene_exchange(s, c, &get,
		       &(struct answer){.type = BINARY,
					.fields =
					    "Content-Disposition: attachment; "
					    "filename=setup.bin\r\n",
					.body = body.data,
					.body_len = body.len});
	str_free(&body);
}

static void bare_redirect(struct scene *s, struct conn *gate)
{
	scene_exchange(
	    s, gate,
	    &(struct ask){.host = GATE_PORT, .target = "/get.php?f=payload"},
	    &(struct answer){.status = 302,
			     .type = HTML,
			     .fields =
				 "Location: http://" BARE "/payload.bin\r\n"
				 "Strict-Transport-Security: "
				 "max-age=31536000\r\n"});
}

static void bare_link(struct scene *s, struct conn *gate)
{
	struct str page = {0}, body = {0};
	struct conn c;

	page_write(&page, "Nearly there", bare_page, 1200, 3);
	serve(s, gate, &(struct ask){.host = GATE_PORT, .target = "/next.html"},
	      HTML, &page);
	bare_redirect(s, gate);
	write_harmless(&body, PAYLOAD_LEN);
	c = scene_connect(s, BARE, 80);
	serve(s, &c,
	      &(struct ask){.host = BARE,
			    .target = "/payload.bin",
			    .fields =
				"Referer: http://" GATE_PORT "/next.html\r\n"},
	      BINARY, &body);
	conn_close(&c, CLIENT);
	str_free(&page);
	str_free(&body);
}

static void beacon(struct scene *s, struct conn *c)
{
	static const char form[] = "id=4711&os=6.1&state=started";

	*c = meet(s, STATS, STATS_IP, 80);
	scene_exchange(
	    s, c,
	    &(struct ask){.method = "POST",
			  .host = STATS,
			  .target = "/report",
			  .fields = "Content-Type: "
				    "application/x-www-form-urlencoded\r\n",
			  .body = form,
			  .body_len = sizeof(form) - 1},
	    &(struct answer){.status = 204, .framing = NO_BODY});
	serve_text(s, c,
		   &(struct ask){.host = STATS, .target = "/tasks?id=4711"},
		   "application/json", "{\"tasks\":[],\"sleep\":600}\n");
}

/* The connection is reset in the middle of the body. */
static void cut_film(struct scene *s, struct conn *c)
{
	const struct ask ask = {.host = GATE_PORT, .target = "/film.bin"};
	struct str request = {0}, response = {0}, payload = {0}, body = {0};

	write_harmless(&body, FILM_LEN);
	ask_write(&request, &ask);
	answer_write(&response, &payload,
		     &(struct answer){.type = BINARY,
				      .body = body.data,
				      .body_len = body.len});
	response.len = FILM_SEEN;
	scene_raw(s, c, &request, &response,
		  &(struct fate){.host = ask.host,
				 .target = ask.target,
				 .status = 200,
				 .state = "cut"});
	conn_reset(c, SERVER);
	str_free(&request);
	str_free(&response);
	str_free(&payload);
	str_free(&body);
}

static void unanswered(struct scene *s, struct conn *c)
{
	const struct ask ask = {.host = STATS,
				.target = "/tasks?id=4711&more=1"};
	const struct str none = {0};
	struct str request = {0};

	ask_write(&request, &ask);
	scene_raw(s, c, &request, &none,
		  &(struct fate){.host = ask.host,
				 .target = ask.target,
				 .state = "no-response"});
	scene_wait(s, 30000 * MS);
	conn_close(c, CLIENT);
	str_free(&request);
}

static void drive_by(struct scene *s)
{
	struct conn www, gate, stats;

	www = meet(s, WWW, WWW_IP, 80);
	landing_page(s, &www);
	widget_script(s);
	redirect(s);
	gate = meet(s, GATE, GATE_IP, 8080);
	exploit(s, &gate);
	missing_icon(s, &www);
	conn_close(&www, CLIENT);
	download(s, &gate);
	bare_link(s, &gate);
	dns_lookup(&s->net, VICTIM, "c2.gone.example", NULL, NULL);
	beacon(s, &stats);
	cut_film(s, &gate);
	unanswered(s, &stats);
}

const struct scenario drive_by_scenarios[] = {
    {"drive-by", "the demo: landing page to download, 6 hosts", drive_by, 0},
    {0},
};
