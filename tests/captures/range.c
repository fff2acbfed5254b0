/* The range: an incident of each class of which all exchanges are plain HTTP,
 * and what of it a fresh client cannot get again. */
#include "visit.h"

#define WWW "www.start.example"
#define WWW_IP "198.51.100.110"
#define KIT "kit.gate.example:8080"
#define KIT_IP "203.0.113.120"
#define BARE "203.0.113.130"
#define BARE_ODD "203.0.113.130:8181"

#define HTML "text/html; charset=utf-8"
#define SCRIPT "application/javascript"
#define BINARY "application/octet-stream"
#define REFERER(url) "Referer: http://" url "\r\n"
#define ATTACHED(name) "Content-Disposition: attachment; filename=" name "\r\n"

#define PAGE(title, inner)                                                     \
	"<!DOCTYPE html>\n<html><head><title>" title "</title></head>\n"       \
	"<body><h1>" title "</h1>\n" inner "</body></html>\n"

/* GET at WWW, shown by a browser. */
#define START(path, more, media, body)                                         \
	{                                                                      \
		.server = WWW_IP,                                              \
		.ask = {.host = WWW, .target = (path), .fields = (more)},      \
		.answer = {.type = (media)}, .text = (body)                    \
	}

/* range-drive-by */
static const struct step plain[] = {
    START("/", NULL, HTML,
	  PAGE("A page like many",
	       "<script src=\"/ads.js\"></script>\n"
	       "<iframe src=\"http://" KIT "/?id=88\"></iframe>\n")),
    START("/ads.js", REFERER(WWW "/"), SCRIPT, "var shown = true;\n"),
    {.server = KIT_IP,
     .port = 8080,
     .ask = {.host = KIT, .target = "/?id=88", .fields = REFERER(WWW "/")},
     .answer = {.status = 302,
		.fields = "Location: http://" KIT "/landing\r\n"}},
    {.server = KIT_IP,
     .port = 8080,
     .ask = {.host = KIT, .target = "/landing", .fields = REFERER(WWW "/")},
     .answer = {.type = HTML, .coding = GZIP, .framing = CHUNKED},
     .text = PAGE("Wait", "<iframe src=\"/load.bin\"></iframe>\n")},
    {.server = KIT_IP,
     .port = 8080,
     .ask = {.host = KIT,
	     .target = "/load.bin",
	     .fields = REFERER(KIT "/landing")},
     .answer = {.type = BINARY, .fields = ATTACHED("load.bin")},
     .noise = 20000},
};

/* range-bare-ip */
static const struct step bare_ip[] = {
    START("/", NULL, HTML,
	  PAGE("News", "<img src=\"http://" BARE "/1.gif\">\n"
		       "<iframe src=\"http://" BARE_ODD "/in\"></iframe>\n"
		       "<a href=\"http://3405803906/\">the same</a>\n")),
    {.server = BARE,
     .ask = {.host = BARE, .target = "/1.gif", .fields = REFERER(WWW "/")},
     .answer = {.type = "image/gif"},
     .text = "GIF89a\1\0\1\0\200\0\0\0\0\0\0\0\0!\371\4\1"},
    {.server = BARE,
     .port = 8181,
     .ask = {.host = BARE_ODD, .target = "/in", .fields = REFERER(WWW "/")},
     .answer = {.status = 302,
		.fields = "Location: http://" BARE "/load.bin\r\n"}},
    {.server = BARE,
     .ask = {.host = BARE, .target = "/load.bin", .fields = REFERER(WWW "/")},
     .answer = {.type = BINARY, .fields = ATTACHED("load.bin")},
     .noise = 20000},
};

/* range-one-shot: the kit knows the address that it has served */
static const struct step one_shot[] = {
    START("/", NULL, HTML,
	  PAGE("Shop", "<iframe src=\"http://" KIT "/once?k=5\"></iframe>\n")),
    {.server = KIT_IP,
     .port = 8080,
     .ask = {.host = KIT, .target = "/once?k=5", .fields = REFERER(WWW "/")},
     .answer = {.type = HTML},
     .text = PAGE("Wait", "<!-- here a kit would try its exploits -->\n")},
    START("/", NULL, HTML,
	  PAGE("Shop", "<iframe src=\"http://" KIT "/once?k=5\"></iframe>\n")),
    {.server = KIT_IP,
     .port = 8080,
     .ask = {.host = KIT, .target = "/once?k=5", .fields = REFERER(WWW "/")},
     .answer = {.status = 404, .type = HTML},
     .text = "<h1>404 Not Found</h1>\n"},
};

/* range-script-made: 203.0.113.130 by sums, a number at random, the time, and a
 * name that the day of the visit makes */
static const struct step script_made[] = {
    START("/", NULL, HTML,
	  PAGE("Games", "<script src=\"/made.js\"></script>\n")),
    START("/made.js", REFERER(WWW "/"), SCRIPT,
	  "var a = [29 * 7, 0, 0x71, 2 * 65].join('.');\n"
	  "new Image().src = 'http://' + a + '/p?x=' + Math.random() +\n"
	  "  '&t=' + Date.now();\n"
	  "var d = new Date();\n"
	  "var n = 'n' + (d.getFullYear() * 372 + d.getMonth() * 31 +\n"
	  "  d.getDate()) * 7919 % 99991;\n"
	  "new Image().src = 'http://' + n + '.example/day';\n"),
    {.server = BARE,
     .ask = {.host = BARE,
	     .target = "/p?x=0.7734021&t=1489486325480",
	     .fields = REFERER(WWW "/")},
     .answer = {.type = "text/plain"},
     .text = "made by numbers\n"},
    {.server = KIT_IP,
     .ask = {.host = "n52461.example",
	     .target = "/day",
	     .fields = REFERER(WWW "/")},
     .answer = {.type = "text/plain"},
     .text = "made by the day\n"},
};

#define JAVA "Mozilla/4.0 (Windows 7 6.1) Java/1.8.0_121"
#define POWERSHELL                                                             \
	"Mozilla/5.0 (Windows NT; Windows NT 6.1; en-US) "                     \
	"WindowsPowerShell/5.1.14393.693"
#define BITS "Microsoft BITS/7.5"
#define BIG 30000

/* range-programs */
static const struct step programs[] = {
    START("/", NULL, HTML,
	  PAGE("Player", "<applet archive=\"http://" KIT "/a.jar\" "
			 "code=\"A\"></applet>\n")),
    {.server = KIT_IP,
     .port = 8080,
     .ask = {.host = KIT, .target = "/a.jar", .agent = JAVA},
     .answer = {.type = "application/java-archive"},
     .noise = 6000},
    {.server = KIT_IP,
     .port = 8080,
     .ask = {.host = KIT, .target = "/run.ps1", .agent = POWERSHELL},
     .answer = {.type = "text/plain"},
     .text = "# here a script would load the next one\n"},
    {.server = BARE,
     .ask = {.host = BARE, .target = "/1.bin", .agent = "Wget/1.11.4"},
     .answer = {.type = BINARY},
     .noise = 5000},
    {.server = BARE,
     .ask = {.host = BARE, .target = "/2.bin", .agent = "curl/7.52.1"},
     .answer = {.type = BINARY},
     .noise = 5001},
    {.server = BARE,
     .ask =
	 {.method = "HEAD", .host = BARE, .target = "/big.bin", .agent = BITS},
     .answer = {.type = BINARY,
		.fields = "Content-Length: 30000\r\nETag: \"7\"\r\n",
		.framing = NO_BODY}},
    {.server = BARE,
     .ask = {.host = BARE,
	     .target = "/big.bin",
	     .agent = BITS,
	     .fields = "Range: bytes=0-29999\r\nIf-Unmodified-Since: Tue, 14 "
		       "Mar 2017 09:00:00 GMT\r\n"},
     .answer = {.status = 206,
		.type = BINARY,
		.fields = "ETag: \"7\"\r\n"
			  "Content-Range: bytes 0-29999/30000\r\n"},
     .noise = BIG},
};

/* range-brought */
static const struct step brought[] = {
    START("/", REFERER("search.example/?q=weather") "Cookie: sid=ab12cd34\r\n",
	  HTML,
	  PAGE("Back again", "<link rel=\"stylesheet\" href=\"/s.css\">\n"
			     "<img src=\"/mail/new\">\n")),
    {.server = WWW_IP,
     .ask = {.host = WWW,
	     .target = "/s.css",
	     .fields = REFERER(WWW "/") "Cookie: sid=ab12cd34\r\n"
					"If-None-Match: \"58c7c1\"\r\n"},
     .answer = {.status = 304,
		.fields = "ETag: \"58c7c1\"\r\n",
		.framing = NO_BODY}},
    START("/mail/new",
	  REFERER(WWW "/") "Authorization: Basic dmljdGltOnNlY3JldA==\r\n",
	  "text/plain", "3 new\n"),
};

/* range-key-agreement: half of the key is made at random by the page's script
 * at each visit (ECDH), the answer can be read with that half alone */
static const struct step key_agreement[] = {
    START("/", NULL, HTML, PAGE("Wait", "<script src=\"/k.js\"></script>\n")),
    START("/k.js", REFERER(WWW "/"), SCRIPT,
	  "/* here a kit would make a pair of keys, send the public one,\n"
	  " * decrypt the answer with what both agree on, and run it */\n"),
    {.server = KIT_IP,
     .port = 8080,
     .ask = {.method = "POST",
	     .host = KIT,
	     .target = "/k",
	     .fields = REFERER(WWW "/") "Content-Type: application/json\r\n"},
     .sent = "{\"key\":\"BHvH0hVvV9Ck0yUSqzGlOj2bkVw5mPaxPjLrR1jE\"}",
     .answer = {.type = BINARY},
     .noise = 4096},
};

static const struct {
	const struct step *steps;
	size_t count;
} classes[] = {
    {STEPS(plain)},         {STEPS(bare_ip)},  {STEPS(one_shot)},
    {STEPS(script_made)},   {STEPS(programs)}, {STEPS(brought)},
    {STEPS(key_agreement)},
};

static void play_class(struct scene *s)
{
	visit_play(s, CHROME56, classes[s->variant].steps,
		   classes[s->variant].count);
}

const struct scenario range_scenarios[] = {
    {"range-drive-by", "plain HTTP and names: all of it comes back", play_class,
     0},
    {"range-bare-ip",
     "links to bare addresses: back in the lab, or with rules that steer them",
     play_class, 1},
    {"range-one-shot",
     "one URL, an exploit, then 404: back once a run, in the recorded order",
     play_class, 2},
    {"range-script-made",
     "numbers and names that a script makes: back if they are as then, or near",
     play_class, 3},
    {"range-programs",
     "downloads by Java, PowerShell, wget, curl, BITS: back, if such a program "
     "asks",
     play_class, 4},
    {"range-brought",
     "the victim's cache, cookies, login: a body that only its cache held is "
     "not back",
     play_class, 5},
    {"range-key-agreement",
     "an answer under a key agreed at each visit: its bytes are back, nobody "
     "can read them",
     play_class, 6},
    {0},
};
