/* Requests that a client makes on its own.
 *
 * Sources: [W] Microsoft, "Manage connection endpoints for Windows 10
 * Enterprise" and "Network Connectivity Status Indicator overview"; [M] Mozilla
 * Support, "How to stop Firefox from making automatic connections"; [C] "Chrome
 * Privacy White Paper" and the sources of Chromium; [D] the documentation of
 * the program named; [P] public captures of idle machines. */
#include "own.h"

#include "rewrite/glob.h"

#include <ctype.h>
#include <stdlib.h>

/* A host, or with a dot in front also all below it; path NULL: all of it, and
 * the name alone tells. agent: what User-Agent begins with; NULL: any. */
static const struct rule {
	enum own_kind kind;
	const char *host;
	const char *path; /* glob */
	const char *agent;
} rules[] = {
    /* connectivity: [W] NCSI, since Windows Vista and since 10 */
    {OWN_CONNECTIVITY, ".msftncsi.com", NULL, NULL},
    {OWN_CONNECTIVITY, ".msftconnecttest.com", NULL, NULL},
    /* [M] network.captive-portal-service */
    {OWN_CONNECTIVITY, "detectportal.firefox.com", NULL, NULL},
    {OWN_CONNECTIVITY, "detectportal.prod.mozaws.net", NULL, NULL},
    /* [M] the canary of DNS over HTTPS (P31) */
    {OWN_CONNECTIVITY, "use-application-dns.net", NULL, NULL},
    /* [D] Android's NetworkMonitor; [C] captive_portal_detector */
    {OWN_CONNECTIVITY, "connectivitycheck.gstatic.com", NULL, NULL},
    {OWN_CONNECTIVITY, "connectivitycheck.android.com", NULL, NULL},
    {OWN_CONNECTIVITY, "www.gstatic.com", "/generate_204", NULL},
    {OWN_CONNECTIVITY, "www.google.com", "/gen_204", NULL},
    {OWN_CONNECTIVITY, "www.google.com", "/generate_204", NULL},
    {OWN_CONNECTIVITY, "play.googleapis.com", "/generate_204", NULL},
    {OWN_CONNECTIVITY, ".clients.google.com", "/generate_204", NULL},
    {OWN_CONNECTIVITY, "clients1.google.com", "/generate_204", NULL},
    {OWN_CONNECTIVITY, "clients3.google.com", "/generate_204", NULL},
    /* [P] Android of OPPO and OnePlus */
    {OWN_CONNECTIVITY, ".allawnos.com", "/generate204", NULL},
    /* [D] Apple, Captive Network Assistant, of iOS 7 and before and after */
    {OWN_CONNECTIVITY, "captive.apple.com", NULL, NULL},
    {OWN_CONNECTIVITY, "www.apple.com", "/library/test/success.html", NULL},
    {OWN_CONNECTIVITY, "www.appleiphonecell.com", "/library/test/success.html",
     NULL},
    {OWN_CONNECTIVITY, "www.airport.us", "/library/test/success.html", NULL},
    {OWN_CONNECTIVITY, "www.ibook.info", "/library/test/success.html", NULL},
    {OWN_CONNECTIVITY, "www.itools.info", "/library/test/success.html", NULL},
    {OWN_CONNECTIVITY, "www.thinkdifferent.us", "/library/test/success.html",
     NULL},
    /* [D] NetworkManager.conf of the distributions, [connectivity] uri */
    {OWN_CONNECTIVITY, "connectivity-check.ubuntu.com", NULL, NULL},
    {OWN_CONNECTIVITY, "network-test.debian.org", NULL, NULL},
    {OWN_CONNECTIVITY, "nmcheck.gnome.org", NULL, NULL},
    {OWN_CONNECTIVITY, "networkcheck.kde.org", NULL, NULL},
    {OWN_CONNECTIVITY, "conncheck.opensuse.org", NULL, NULL},
    {OWN_CONNECTIVITY, "ping.archlinux.org", NULL, NULL},
    {OWN_CONNECTIVITY, "ping.manjaro.org", NULL, NULL},
    {OWN_CONNECTIVITY, "fedoraproject.org", "/static/hotspot.txt", NULL},

    /* trust lists: [W] */
    {OWN_CRL, "ctldl.windowsupdate.com", NULL, NULL},
    {OWN_CRL, "www.download.windowsupdate.com",
     "/msdownload/update/v3/static/trustedr/*", NULL},
    {OWN_CRL, "crl.microsoft.com", NULL, NULL},
    {OWN_CRL, "mscrl.microsoft.com", NULL, NULL},
    {OWN_CRL, "www.microsoft.com", "/pki/*", NULL},
    {OWN_CRL, "www.microsoft.com", "/pkiops/*", NULL},
    {OWN_OCSP, ".msocsp.com", NULL, NULL},
    {OWN_OCSP, "oneocsp.microsoft.com", NULL, NULL},

    /* updates: [W] */
    {OWN_UPDATE, ".windowsupdate.com", NULL, NULL},
    {OWN_UPDATE, ".windowsupdate.microsoft.com", NULL, NULL},
    {OWN_UPDATE, ".update.microsoft.com", NULL, NULL},
    {OWN_UPDATE, ".delivery.mp.microsoft.com", NULL, NULL},
    {OWN_UPDATE, ".dsp.mp.microsoft.com", NULL, NULL},
    {OWN_UPDATE, "definitionupdates.microsoft.com", NULL, NULL},
    {OWN_UPDATE, "dmd.metaservices.microsoft.com", NULL, NULL},
    {OWN_UPDATE, "go.microsoft.com", "/fwlink/*",
     "MICROSOFT_DEVICE_METADATA_RETRIEVAL_CLIENT"},
    {OWN_UPDATE, "officecdn.microsoft.com", NULL, NULL},
    {OWN_UPDATE, "msedge.api.cdp.microsoft.com", NULL, NULL},
    {OWN_UPDATE, "msedge.b.tlu.dl.delivery.mp.microsoft.com", NULL, NULL},
    /* [C] the component updater, Omaha */
    {OWN_UPDATE, "update.googleapis.com", NULL, NULL},
    {OWN_UPDATE, ".gvt1.com", NULL, NULL},
    {OWN_UPDATE, "tools.google.com", "/service/update2*", NULL},
    {OWN_UPDATE, "clients2.google.com", "/service/update2*", NULL},
    {OWN_UPDATE, "clients2.googleusercontent.com", "/crx/*", NULL},
    {OWN_UPDATE, "dl.google.com", "/release2/*", NULL},
    {OWN_UPDATE, "dl.google.com", "/edgedl/*", NULL},
    {OWN_UPDATE, "www.google.com", "/dl/release2/*", NULL},
    {OWN_UPDATE, "componentupdater.googleapis.com", NULL, NULL},
    /* [M] updates of the browser, of add-ons, of codecs */
    {OWN_UPDATE, "aus2.mozilla.org", NULL, NULL},
    {OWN_UPDATE, "aus3.mozilla.org", NULL, NULL},
    {OWN_UPDATE, "aus4.mozilla.org", NULL, NULL},
    {OWN_UPDATE, "aus5.mozilla.org", NULL, NULL},
    {OWN_UPDATE, "versioncheck.addons.mozilla.org", NULL, NULL},
    {OWN_UPDATE, "versioncheck-bg.addons.mozilla.org", NULL, NULL},
    {OWN_UPDATE, "services.addons.mozilla.org", NULL, NULL},
    {OWN_UPDATE, "ciscobinary.openh264.org", NULL, NULL},
    /* [P] plug-ins */
    {OWN_UPDATE, "fpdownload2.macromedia.com", "/get/flashplayer/update/*",
     NULL},
    {OWN_UPDATE, "fpdownload.macromedia.com", "/get/flashplayer/update/*",
     NULL},
    {OWN_UPDATE, "fpdownload2.macromedia.com", "/pub/flashplayer/update/*",
     NULL},
    {OWN_UPDATE, "fpdownload.macromedia.com", "/pub/flashplayer/update/*",
     NULL},
    {OWN_UPDATE, "armmf.adobe.com", NULL, NULL},
    {OWN_UPDATE, "javadl-esd.sun.com", "/update/*", NULL},
    {OWN_UPDATE, "javadl-esd-secure.oracle.com", "/update/*", NULL},
    /* [D] Apple, "Use Apple products on enterprise networks" */
    {OWN_UPDATE, "swscan.apple.com", NULL, NULL},
    {OWN_UPDATE, "mesu.apple.com", NULL, NULL},
    {OWN_UPDATE, "gdmf.apple.com", NULL, NULL},
    /* [D] apt */
    {OWN_UPDATE, "deb.debian.org", "*", "Debian APT-HTTP/"},
    {OWN_UPDATE, "security.debian.org", "*", "Debian APT-HTTP/"},
    {OWN_UPDATE, "ftp.debian.org", "*", "Debian APT-HTTP/"},
    {OWN_UPDATE, ".archive.ubuntu.com", "*", "Debian APT-HTTP/"},
    {OWN_UPDATE, "security.ubuntu.com", "*", "Debian APT-HTTP/"},

    /* reputation: [C], [M], [W] */
    {OWN_REPUTATION, "safebrowsing.googleapis.com", NULL, NULL},
    {OWN_REPUTATION, "safebrowsing.google.com", NULL, NULL},
    {OWN_REPUTATION, "safebrowsing-cache.google.com", NULL, NULL},
    {OWN_REPUTATION, "safebrowsing.clients.google.com", NULL, NULL},
    {OWN_REPUTATION, "safebrowsinghttpgateway.googleapis.com", NULL, NULL},
    {OWN_REPUTATION, "sb-ssl.google.com", NULL, NULL},
    {OWN_REPUTATION, "shavar.services.mozilla.com", NULL, NULL},
    {OWN_REPUTATION, "tracking-protection.cdn.mozilla.net", NULL, NULL},
    {OWN_REPUTATION, ".smartscreen.microsoft.com", NULL, NULL},
    {OWN_REPUTATION, ".smartscreen-prod.microsoft.com", NULL, NULL},
    {OWN_REPUTATION, ".urs.microsoft.com", NULL, NULL},
    {OWN_REPUTATION, "checkappexec.microsoft.com", NULL, NULL},
    {OWN_REPUTATION, "wdcp.microsoft.com", NULL, NULL},
    {OWN_REPUTATION, "wdcpalt.microsoft.com", NULL, NULL},
    {OWN_REPUTATION, "iecvlist.microsoft.com", NULL, NULL},

    /* reports, settings, suggestions: [C] */
    {OWN_TELEMETRY, "optimizationguide-pa.googleapis.com", NULL, NULL},
    {OWN_TELEMETRY, "clientservices.googleapis.com", NULL, NULL},
    {OWN_TELEMETRY, "content-autofill.googleapis.com", NULL, NULL},
    {OWN_TELEMETRY, "accounts.google.com", "/ListAccounts", NULL},
    {OWN_TELEMETRY, "android.clients.google.com", NULL, NULL},
    {OWN_TELEMETRY, "clients1.google.com", NULL, NULL},
    {OWN_TELEMETRY, "clients2.google.com", NULL, NULL},
    {OWN_TELEMETRY, "clients3.google.com", NULL, NULL},
    {OWN_TELEMETRY, "clients4.google.com", NULL, NULL},
    {OWN_TELEMETRY, "clients5.google.com", NULL, NULL},
    {OWN_TELEMETRY, "clients6.google.com", NULL, NULL},
    {OWN_TELEMETRY, "toolbarqueries.google.com", NULL, NULL},
    {OWN_TELEMETRY, "www.google.com", "/async/newtab_promos", NULL},
    /* [M] */
    {OWN_TELEMETRY, ".services.mozilla.com", NULL, NULL},
    {OWN_TELEMETRY, ".telemetry.mozilla.org", NULL, NULL},
    {OWN_TELEMETRY, "content-signature-2.cdn.mozilla.net", NULL, NULL},
    {OWN_TELEMETRY, "firefox-settings-attachments.cdn.mozilla.net", NULL, NULL},
    {OWN_TELEMETRY, "snippets.cdn.mozilla.net", NULL, NULL},
    {OWN_TELEMETRY, "snippets.mozilla.com", NULL, NULL},
    {OWN_TELEMETRY, "tiles.cdn.mozilla.net", NULL, NULL},
    {OWN_TELEMETRY, "self-repair.mozilla.org", NULL, NULL},
    /* [W] */
    {OWN_TELEMETRY, ".telemetry.microsoft.com", NULL, NULL},
    {OWN_TELEMETRY, ".watson.microsoft.com", NULL, NULL},
    {OWN_TELEMETRY, ".data.microsoft.com", NULL, NULL},
    {OWN_TELEMETRY, "sqm.microsoft.com", NULL, NULL},
    {OWN_TELEMETRY, "config.edge.skype.com", NULL, NULL},
    {OWN_TELEMETRY, "edge.microsoft.com", NULL, NULL},
    /* [P] Internet Explorer: suggested sites, suggestions as one types */
    {OWN_TELEMETRY, "ieonline.microsoft.com", NULL, NULL},
    {OWN_TELEMETRY, "api.bing.com", "/qsml.aspx", NULL},

    /* the network round it: [W] time, Teredo; [D] NTP pools; not HTTP */
    {OWN_NETWORK, "time.windows.com", NULL, NULL},
    {OWN_NETWORK, "teredo.ipv6.microsoft.com", NULL, NULL},
    {OWN_NETWORK, ".pool.ntp.org", NULL, NULL},
    {OWN_NETWORK, "ntp.ubuntu.com", NULL, NULL},
    {OWN_NETWORK, "time.apple.com", NULL, NULL},
};
#define RULES (sizeof rules / sizeof *rules)

/* Where certificate authorities answer for their certificates [P]: all that a
 * host of theirs is asked by machines has its form too. */
static const char *const authorities[] = {
    ".affirmtrust.com",
    ".amazontrust.com",
    ".apple.com",
    ".buypass.com",
    ".certum.pl",
    ".comodoca.com",
    ".comodoca4.com",
    ".digicert.com",
    ".digicert.cn",
    ".digitalcertvalidation.com",
    ".entrust.net",
    ".geotrust.com",
    ".globalsign.com",
    ".globalsign.net",
    ".godaddy.com",
    "pki.google.com",
    "clients1.google.com",
    ".identrust.com",
    ".lencr.org",
    ".letsencrypt.org",

    ".msocsp.com",
    ".netsolssl.com",
    ".pki.goog",
    ".quovadisglobal.com",
    ".rapidssl.com",
    ".sectigo.com",
    ".ssl.com",
    ".starfieldtech.com",
    ".startssl.com",
    ".swisssign.net",
    ".symcb.com",
    ".symcd.com",
    ".telesec.de",
    ".thawte.com",
    ".trust-provider.com",
    ".trustwave.com",
    ".usertrust.com",
    ".verisign.com",
    ".ws.symantec.com",
    ".wosign.com",
};
#define AUTHORITIES (sizeof authorities / sizeof *authorities)

static bool is_host(struct slice host, const char *rule)
{
	struct slice name = slice_of(rule);
	if (name.data[0] != '.')
		return slice_equal_nocase(host, name);
	if (host.len < name.len)
		return slice_equal_nocase(host, slice_from(name, 1));
	return slice_equal_nocase(slice_from(host, host.len - name.len), name);
}

static bool is_authority(struct slice host)
{
	for (size_t i = 0; i < AUTHORITIES; i++)
		if (is_host(host, authorities[i]))
			return true;
	return false;
}

static bool ends_with(struct slice s, const char *end)
{
	size_t len = strlen(end);
	return s.len >= len &&
	       slice_equal_nocase(slice_from(s, s.len - len), slice_of(end));
}

/* ---- requests ---- */

struct asked {
	struct slice method, host, path, agent, type;
};

static struct asked asked_of(const struct exchange *e)
{
	struct url u = exchange_url(e);
	struct asked a = {.method = exchange_method(e),
			  .host = u.host,
			  .path = url_path(u.target)};
	struct message m;
	if (http_request(e->request_head, &m) == HTTP_DONE) {
		a.agent = http_field(m.fields, SLICE("User-Agent"));
		a.type = http_field(m.fields, SLICE("Content-Type"));
	}
	return a;
}

static bool fits(const struct rule *r, const struct asked *a)
{
	return is_host(a->host, r->host) &&
	       (!r->path || glob_match(slice_of(r->path), a->path, 0)) &&
	       (!r->agent || slice_starts(a->agent, slice_of(r->agent)));
}

/* RFC 6960 A.1: the request in DER, in base64, behind the responder's path.
 * 0x30, a length: "ME" to "MI". Its shortest has 60 bytes. */
static bool is_ocsp_path(struct slice path)
{
	while (path.len) {
		if (path.len > 60 && path.data[0] == '/' &&
		    path.data[1] == 'M' && path.data[2] >= 'E' &&
		    path.data[2] <= 'I')
			return true;
		path = slice_from(path, 1);
		path = slice_from(path, slice_find(path, '/'));
	}
	return false;
}

static bool is_ocsp(const struct asked *a)
{
	if (!is_authority(a->host) &&
	    !slice_starts_nocase(a->host, SLICE("ocsp")))
		return false;
	if (slice_equal(a->method, SLICE("POST")))
		return slice_equal_nocase(a->type,
					  SLICE("application/ocsp-request"));
	return slice_equal(a->method, SLICE("GET")) && is_ocsp_path(a->path);
}

/* Revocation lists, and certificates of issuers (RFC 5280 4.2.2.1). */
static bool is_crl(const struct asked *a)
{
	static const char *const ends[] = {".crl", ".crt", ".cer", ".p7c",
					   ".p7b"};
	if (!slice_equal(a->method, SLICE("GET")))
		return false;
	if (!is_authority(a->host))
		return slice_starts_nocase(a->host, SLICE("crl")) &&
		       ends_with(a->path, ".crl");
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
		if (ends_with(a->path, ends[i]))
			return true;
	return false;
}

/* Chromium looks whether the network makes up answers to names that do not
 * exist: three names of 7 to 15 letters (intranet_redirect_detector.cc). */
static bool is_probe_name(struct slice name)
{
	if (name.len < 7 || name.len > 15)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (name.data[i] < 'a' || name.data[i] > 'z')
			return false;
	return true;
}

static bool is_probe(const struct asked *a)
{
	return slice_equal(a->method, SLICE("HEAD")) &&
	       slice_equal(a->path, SLICE("/")) && is_probe_name(a->host);
}

/* Web Proxy Auto-Discovery: a host "wpad" of whatever domain. */
static bool is_wpad_name(struct slice name)
{
	return slice_equal_nocase(name, SLICE("wpad")) ||
	       slice_starts_nocase(name, SLICE("wpad."));
}

static bool is_private(struct slice host)
{
	struct address a;
	if (!address_parse(host, &a) || a.version != 4)
		return false;
	return a.bytes[0] == 10 ||
	       (a.bytes[0] == 172 && (a.bytes[1] & 0xf0) == 16) ||
	       (a.bytes[0] == 192 && a.bytes[1] == 168) ||
	       (a.bytes[0] == 169 && a.bytes[1] == 254);
}

/* UPnP Device Architecture 1.3 and 2: SSDP, and descriptions of devices. */
static bool is_upnp(const struct asked *a)
{
	if (slice_equal(a->path, SLICE("*")))
		return slice_equal(a->method, SLICE("M-SEARCH")) ||
		       slice_equal(a->method, SLICE("NOTIFY"));
	return is_private(a->host) && ends_with(a->path, ".xml") &&
	       (slice_starts(a->agent, SLICE("Microsoft-Windows/")) ||
		slice_starts(a->agent, SLICE("FDSSDP")));
}

enum own_kind own_request(const struct exchange *e)
{
	struct asked a = asked_of(e);
	if (is_ocsp(&a))
		return OWN_OCSP;
	for (size_t i = 0; i < RULES; i++)
		if (fits(&rules[i], &a))
			return rules[i].kind;
	if (is_crl(&a))
		return OWN_CRL;
	if (is_probe(&a))
		return OWN_CONNECTIVITY;
	if ((is_wpad_name(a.host) &&
	     slice_equal_nocase(a.path, SLICE("/wpad.dat"))) ||
	    is_upnp(&a))
		return OWN_NETWORK;
	return OWN_NOT;
}

/* ---- names ---- */

enum own_kind own_name(struct slice name)
{
	for (size_t i = 0; i < RULES; i++)
		if (!rules[i].path && is_host(name, rules[i].host))
			return rules[i].kind;
	if (is_authority(name) && slice_starts_nocase(name, SLICE("ocsp")))
		return OWN_OCSP;
	if (is_authority(name) && slice_starts_nocase(name, SLICE("crl")))
		return OWN_CRL;
	if (is_wpad_name(name) || slice_equal_nocase(name, SLICE("isatap")))
		return OWN_NETWORK;
	return is_probe_name(name) ? OWN_CONNECTIVITY : OWN_NOT;
}

const char *own_kind_name(enum own_kind kind)
{
	switch (kind) {
	case OWN_NOT:
		break;
	case OWN_CONNECTIVITY:
		return "connectivity check";
	case OWN_OCSP:
		return "OCSP";
	case OWN_CRL:
		return "revocation list";
	case OWN_UPDATE:
		return "update";
	case OWN_REPUTATION:
		return "reputation";
	case OWN_TELEMETRY:
		return "telemetry";
	case OWN_NETWORK:
		return "network";
	}
	return NULL;
}
