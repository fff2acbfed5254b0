/* The range: classes that TLS or HTTP/2 keep from being read. Each begins with
 * a page in clear, which comes back. */
#include "dns.h"
#include "h2.h"
#include "quic.h"
#include "secure.h"
#include "visit.h"

#include <openssl/ssl.h>
#include <string.h>

#define WWW "www.start.example"
#define WWW_IP "198.51.100.110"
#define SEALED13 "www.sealed13.example"
#define SEALED13_IP "203.0.113.160"
#define SEALED12 "www.sealed12.example"
#define SEALED12_IP "203.0.113.161"
#define BANK "login.bank.example"
#define BANK_IP "203.0.113.162"
#define H2 "www.h2.example"
#define H2_IP "203.0.113.163"
#define CLEAR "c2.h2.example"
#define CLEAR_IP "203.0.113.164"

static void start_page(struct scene *s, const char *text)
{
	const struct step step = {
	    .server = WWW_IP,
	    .ask = {.host = WWW, .target = "/"},
	    .answer = {.type = "text/html"},
	    .text = text,
	};

	visit_play(s, CHROME56, &step, 1);
}

static void sealed_page(struct scene *s, const char *name, const char *address,
			const struct secure_kind *kind)
{
	struct secure t = secure_open(s, name, address, kind);
	struct str page = {0};

	page_write(&page, name, "", 3000, 7);
	secure_exchange(
	    &t, &(struct ask){.host = name, .target = "/", .agent = CHROME56},
	    &(struct answer){.type = "text/html",
			     .body = page.data,
			     .body_len = page.len,
			     .coding = GZIP});
	secure_exchange(&t,
			&(struct ask){.method = "POST",
				      .host = name,
				      .target = "/in",
				      .agent = CHROME56,
				      .body = "n=1",
				      .body_len = 3},
			&(struct answer){.status = 204, .framing = NO_BODY});
	secure_close(&t);
	str_free(&page);
}

static void tls(struct scene *s)
{
	start_page(s, "<iframe src=\"https://" SEALED13 "/\"></iframe>\n"
		      "<iframe src=\"https://" SEALED12 "/\"></iframe>\n");
	sealed_page(s, SEALED13, SEALED13_IP,
		    &(struct secure_kind){.version = TLS1_3_VERSION});
	sealed_page(s, SEALED12, SEALED12_IP,
		    &(struct secure_kind){.version = TLS1_2_VERSION});
}

/* TLS 1.2, since 1.3 asks under its own keys already (RFC 8446 2). */
static void client_certificate(struct scene *s)
{
	start_page(s, "<a href=\"https://" BANK "/\">Log in</a>\n");
	sealed_page(s, BANK, BANK_IP,
		    &(struct secure_kind){.version = TLS1_2_VERSION,
					  .asks_certificate = true});
}

/* Servers that are known by their hellos alone; one of TLS beside them, and a
 * hello that nobody can read. */
static void quic(struct scene *s)
{
	const struct secure_kind kind = {.version = TLS1_3_VERSION};

	start_page(s, "<img src=\"https://video.quic.example/x.png\">\n");
	quic_meet(s, "video.quic.example", "203.0.113.170", 1, QUIC_SCRAMBLED);
	quic_meet(s, "two.quic.example", "203.0.113.171", 0x6b3343cf,
		  QUIC_SCRAMBLED);
	quic_meet(s, "retry.quic.example", "203.0.113.172", 1, QUIC_RETRIED);
	quic_meet(s, "foreign.quic.example", "203.0.113.173", 1, QUIC_FOREIGN);
	sealed_page(s, "both.quic.example", "203.0.113.174", &kind);
	quic_meet(s, "both.quic.example", "203.0.113.174", 1, QUIC_SCRAMBLED);
}

/* ---- HTTP/2 ---- */

static void ask_task(struct str *out, const char *scheme, const char *host)
{
	str_text(out, H2_PREFACE);
	h2_frame(out, H2_SETTINGS, 0, 0, "", 0);
	h2_get(out, 1, scheme, host, "/task");
}

static void answer_task(struct str *out, const char *text)
{
	h2_frame(out, H2_SETTINGS, 0, 0, "", 0);
	h2_frame(out, H2_SETTINGS, H2_SETTINGS_ACK, 0, "", 0);
	h2_answer(out, 1, "text/plain", text, strlen(text));
}

static void h2_clear(struct scene *s, const struct str *ask,
		     const struct str *answer)
{
	struct conn c;

	dns_lookup(&s->net, VICTIM, CLEAR, NULL, CLEAR_IP);
	c = scene_connect(s, CLEAR_IP, 8080);
	conn_say(&c, CLIENT, ask->data, ask->len);
	conn_flush(&c, CLIENT);
	scene_wait(s, 20 * MS);
	conn_say(&c, SERVER, answer->data, answer->len);
	conn_flush(&c, SERVER);
	truth_unread(&s->truth, &c);
	conn_close(&c, CLIENT);
}

static void h2_sealed(struct scene *s, const struct str *ask,
		      const struct str *answer)
{
	struct secure t = secure_open(
	    s, H2, H2_IP,
	    &(struct secure_kind){.version = TLS1_3_VERSION, .alpn = "\x02h2"});

	secure_say(&t, CLIENT, ask->data, ask->len);
	secure_say(&t, SERVER, answer->data, answer->len);
	secure_close(&t);
}

static void http2(struct scene *s)
{
	struct str ask = {0}, answer = {0};

	start_page(s, "<img src=\"https://" H2 "/task\">\n");
	ask_task(&ask, "https", H2);
	answer_task(&answer, "over TLS\n");
	h2_sealed(s, &ask, &answer);
	ask.len = answer.len = 0;
	ask_task(&ask, "http", CLEAR ":8080");
	answer_task(&answer, "in clear\n");
	h2_clear(s, &ask, &answer);
	str_free(&ask);
	str_free(&answer);
}

const struct scenario range_sealed_scenarios[] = {
    {"range-tls",
     "TLS 1.3 and 1.2 without keys: nothing of it is back, the page before is",
     tls, 0},
    {"range-tls-keys",
     "the same; --keylog has the keys: with them all of it comes back", tls, 0},
    {"range-http2",
     "HTTP/2 in clear and in TLS: without keys what is in clear comes back",
     http2, 0},
    {"range-quic",
     "QUIC: nothing of it is back, its servers' names are known; the page "
     "before is back",
     quic, 0},
    {"range-client-certificate",
     "TLS that asks for the victim's certificate: not back, its key is not in "
     "the capture",
     client_certificate, 0},
    {0},
};
