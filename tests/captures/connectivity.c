/* The recording that answers connectivity checks in a lab whose capture holds
 * none: what systems and browsers ask to learn whether they are connected, and
 * the very bodies that they look for. All addresses are documentation's, but
 * for the two that Windows compares. */
#include "dns.h"
#include "visit.h"

#define ANSWERER "198.51.100.204"
#define ANSWERER6 "2001:db8::204"
/* In the registry of every Windows: NlaSvc\Parameters\Internet, values
 * ActiveDnsProbeContent and ActiveDnsProbeContentV6. */
#define NCSI_DNS "dns.msftncsi.com"
#define NCSI_DNS_IP "131.107.255.255"
#define NCSI_DNS_IP6 "fd3e:4f5a:5b81::1"

#define PLAIN_TEXT "text/plain"
#define HTML "text/html"
#define NO_STORE "Cache-Control: no-store\r\n"

#define NCSI "Microsoft NCSI"
#define FIREFOX                                                                \
	"Mozilla/5.0 (Windows NT 6.1; Win64; x64; rv:52.0) Gecko/20100101 "    \
	"Firefox/52.0"
#define ANDROID "Dalvik/2.1.0 (Linux; U; Android 7.1.1; Nexus 5X Build/N4F26O)"
#define APPLE "CaptiveNetworkSupport-346.50.1 wispr"

/* netwerk's captivedetect.canonicalContent, byte for byte */
#define CANONICAL                                                              \
	"<meta http-equiv=\"refresh\" content=\"0;url=https://"                \
	"support.mozilla.org/kb/captive-portal\"/>"
#define APPLE_SUCCESS                                                          \
	"<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY>"        \
	"</HTML>\n"
/* NetworkManager.conf(5), response: compared from the body's beginning */
#define NM_ONLINE "NetworkManager is online\n"

struct probe {
	const char *agent, *host, *target, *type, *fields, *text;
	int status; /* 0: 200 */
	bool six;   /* over IPv6 */
};

static const struct probe probes[] = {
    /* Windows 10, then Vista to 8.1 */
    {NCSI, "www.msftconnecttest.com", "/connecttest.txt", PLAIN_TEXT, NO_STORE,
     "Microsoft Connect Test", 0, false},
    {CHROME56, "www.msftconnecttest.com", "/redirect", HTML,
     "Location: http://go.microsoft.com/fwlink/?LinkID=219472&clcid=0x409\r\n",
     "", 302, false},
    {NCSI, "ipv6.msftconnecttest.com", "/connecttest.txt", PLAIN_TEXT, NO_STORE,
     "Microsoft Connect Test", 0, true},
    {NCSI, "www.msftncsi.com", "/ncsi.txt", PLAIN_TEXT, NO_STORE,
     "Microsoft NCSI", 0, false},
    {NCSI, "ipv6.msftncsi.com", "/ncsi.txt", PLAIN_TEXT, NO_STORE,
     "Microsoft NCSI", 0, true},
    /* Firefox */
    {FIREFOX, "detectportal.firefox.com", "/success.txt", PLAIN_TEXT, NO_STORE,
     "success\n", 0, false},
    {FIREFOX, "detectportal.firefox.com", "/success.txt?ipv4", PLAIN_TEXT,
     NO_STORE, "success\n", 0, false},
    {FIREFOX, "detectportal.firefox.com", "/success.txt?ipv6", PLAIN_TEXT,
     NO_STORE, "success\n", 0, true},
    {FIREFOX, "detectportal.firefox.com", "/canonical.html", HTML, NO_STORE,
     CANONICAL, 0, false},
    /* Chromium, Android, Edge */
    {CHROME56, "www.gstatic.com", "/generate_204", NULL, NULL, NULL, 204,
     false},
    {CHROME56, "clients3.google.com", "/generate_204", NULL, NULL, NULL, 204,
     false},
    {ANDROID, "connectivitycheck.gstatic.com", "/generate_204", NULL, NULL,
     NULL, 204, false},
    {ANDROID, "connectivitycheck.android.com", "/generate_204", NULL, NULL,
     NULL, 204, false},
    {ANDROID, "play.googleapis.com", "/generate_204", NULL, NULL, NULL, 204,
     false},
    {ANDROID, "www.google.com", "/gen_204", NULL, NULL, NULL, 204, false},
    {CHROME56, "edge-http.microsoft.com", "/captiveportal/generate_204", NULL,
     NULL, NULL, 204, false},
    /* Apple */
    {APPLE, "captive.apple.com", "/hotspot-detect.html", HTML, NO_STORE,
     APPLE_SUCCESS, 0, false},
    {APPLE, "www.apple.com", "/library/test/success.html", HTML, NO_STORE,
     APPLE_SUCCESS, 0, false},
    /* NetworkManager as GNOME, Debian, Ubuntu, Arch and Fedora set it; KDE */
    {"NetworkManager/1.6.2", "nmcheck.gnome.org", "/check_network_status.txt",
     PLAIN_TEXT, "X-NetworkManager-Status: online\r\n", NM_ONLINE, 0, false},
    {"NetworkManager/1.6.2", "network-test.debian.org", "/nm", PLAIN_TEXT,
     "X-NetworkManager-Status: online\r\n", NM_ONLINE, 0, false},
    {"NetworkManager/1.6.2", "connectivity-check.ubuntu.com", "/", NULL,
     "X-NetworkManager-Status: online\r\n", NULL, 204, false},
    {"NetworkManager/1.6.2", "ping.archlinux.org", "/nm-check.txt", PLAIN_TEXT,
     NULL, NM_ONLINE, 0, false},
    {"NetworkManager/1.6.2", "fedoraproject.org", "/static/hotspot.txt",
     PLAIN_TEXT, NULL, "OK", 0, false},
    {"Mozilla/5.0", "networkcheck.kde.org", "/", PLAIN_TEXT, NULL, "OK\n", 0,
     false},
};

#define PROBES (sizeof(probes) / sizeof(*probes))

/* A connection each, as these programs do. */
static void probe(struct scene *s, const struct probe *p)
{
	const struct step step = {
	    .server = p->six ? ANSWERER6 : ANSWERER,
	    .ask = {.host = p->host, .target = p->target, .agent = p->agent},
	    .answer = {.status = p->status,
		       .type = p->type,
		       .fields = p->fields,
		       .framing = p->text ? LENGTH : NO_BODY},
	    .text = p->text,
	};

	visit_play(s, NULL, &step, 1);
}

/* Windows looks this name up and compares the addresses; it asks nothing
 * there. A name has to be a web server's to be led to it, so this one is: what
 * it answers, nobody reads. */
static void compared_name(struct scene *s)
{
	static const struct step steps[] = {
	    {.server = NCSI_DNS_IP,
	     .ask = {.method = "HEAD", .host = NCSI_DNS, .target = "/"},
	     .answer = {.status = 404, .framing = NO_BODY}},
	    {.server = NCSI_DNS_IP6,
	     .ask = {.method = "HEAD", .host = NCSI_DNS, .target = "/"},
	     .answer = {.status = 404, .framing = NO_BODY}},
	};

	visit_play(s, NULL, STEPS(steps));
}

static void connectivity(struct scene *s)
{
	size_t i;

	compared_name(s);
	for (i = 0; i < PROBES; i++)
		probe(s, &probes[i]);
}

const struct scenario connectivity_scenarios[] = {
    {"connectivity", "answers for the connectivity checks of a lab's clients",
     connectivity, 0},
    {0},
};
