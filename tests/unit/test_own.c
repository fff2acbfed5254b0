/* What clients ask on their own (P33, P42), and what only looks like it. */
#include "exchanges.h"

#include "report/own.h"

#include <stdio.h>

static int setup(void **state)
{
	(void)state;
	count = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	forget_exchanges();
	return 0;
}

#define OCSP_PATH                                                              \
	"MFEwTzBNMEswSTAJBgUrDgMCGgUABBTPJvUY%2Bsl%2Bj4yzQuAcL2oQno5fCgQUUWj%" \
	"2FkK8CB3U8zNllZGKiErhZcjsCEA%3D"

struct ask {
	enum own_kind kind;
	const char *line, *host, *fields;
};

static void check(const struct ask *asks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char text[1000];
		snprintf(text, sizeof text, "%s HTTP/1.1\r\nHost: %s\r\n%s\r\n",
			 asks[i].line, asks[i].host, asks[i].fields);
		uint32_t at = record(text, NULL);
		enum own_kind kind = own_request(&exchanges[at]);
		if (kind != asks[i].kind)
			fail_msg("%s at %s: %d", asks[i].line, asks[i].host,
				 (int)kind);
	}
}

static void test_own(void **state)
{
	static const struct ask asks[] = {
	    {OWN_CONNECTIVITY, "GET /ncsi.txt", "www.msftncsi.com", ""},
	    {OWN_CONNECTIVITY, "GET /connecttest.txt",
	     "www.msftconnecttest.com", ""},
	    {OWN_CONNECTIVITY, "GET /connecttest.txt",
	     "IPV6.MSFTconnecttest.com", ""},
	    {OWN_CONNECTIVITY, "GET /success.txt?ipv4",
	     "detectportal.firefox.com", ""},
	    {OWN_CONNECTIVITY, "GET /generate_204",
	     "connectivitycheck.gstatic.com", ""},
	    {OWN_CONNECTIVITY, "GET /generate_204", "clients3.google.com", ""},
	    {OWN_CONNECTIVITY, "GET /hotspot-detect.html", "captive.apple.com",
	     ""},
	    {OWN_CONNECTIVITY, "GET /library/test/success.html",
	     "www.apple.com", ""},
	    {OWN_CONNECTIVITY, "GET /", "connectivity-check.ubuntu.com:80", ""},
	    {OWN_CONNECTIVITY, "GET /nm", "network-test.debian.org", ""},
	    {OWN_CONNECTIVITY, "HEAD /", "qfbdkwvyzpl", ""},
	    {OWN_OCSP, "POST /", "ocsp.digicert.com",
	     "Content-Type: application/ocsp-request\r\n"},
	    {OWN_OCSP, "POST /", "ocsp2.some-authority.example",
	     "Content-Type: application/ocsp-request\r\n"},
	    {OWN_OCSP, "GET /" OCSP_PATH, "ocsp.verisign.com",
	     "User-Agent: Microsoft-CryptoAPI/6.1\r\n"},
	    {OWN_OCSP, "GET /gsr1/" OCSP_PATH, "ocsp.pki.goog", ""},
	    {OWN_OCSP, "GET /ocsp/" OCSP_PATH, "clients1.google.com", ""},
	    {OWN_CRL, "GET /ThawteTimestampingCA.crl", "crl.verisign.com", ""},
	    {OWN_CRL, "GET /x.crl", "crl.some-authority.example", ""},
	    {OWN_CRL, "GET /DigiCertGlobalRootCA.crt", "cacerts.digicert.com",
	     ""},
	    {OWN_CRL,
	     "GET /msdownload/update/v3/static/trustedr/en/authrootstl.cab?x",
	     "ctldl.windowsupdate.com",
	     "User-Agent: Microsoft-CryptoAPI/10.0\r\n"},
	    {OWN_CRL,
	     "GET /msdownload/update/v3/static/trustedr/en/"
	     "disallowedcertstl.cab",
	     "www.download.windowsupdate.com", ""},
	    {OWN_CRL, "GET /pki/crl/products/x.crl", "crl.microsoft.com", ""},
	    {OWN_UPDATE, "GET /c/msdownload/update/software/x.cab",
	     "download.windowsupdate.com",
	     "User-Agent: Windows-Update-Agent/7.6\r\n"},
	    {OWN_UPDATE, "POST /service/update2", "update.googleapis.com", ""},
	    {OWN_UPDATE, "HEAD /edgedl/x.crx", "redirector.gvt1.com", ""},
	    {OWN_UPDATE, "GET /edgedl/x.crx", "r1---sn-x.gvt1.com", ""},
	    {OWN_UPDATE, "GET /update/3/Firefox/x/update.xml",
	     "aus5.mozilla.org", ""},
	    {OWN_UPDATE, "GET /fwlink/?LinkID=252669", "go.microsoft.com",
	     "User-Agent: MICROSOFT_DEVICE_METADATA_RETRIEVAL_CLIENT\r\n"},
	    {OWN_UPDATE, "GET /debian/dists/x", "deb.debian.org",
	     "User-Agent: Debian APT-HTTP/1.3 (2.6.1)\r\n"},
	    {OWN_REPUTATION, "POST /v4/x", "safebrowsing.googleapis.com", ""},
	    {OWN_REPUTATION, "POST /downloads", "shavar.services.mozilla.com",
	     ""},
	    {OWN_REPUTATION, "GET /ie11blocklist/x", "iecvlist.microsoft.com",
	     ""},
	    {OWN_REPUTATION, "POST /x", "apprep.smartscreen.microsoft.com", ""},
	    {OWN_TELEMETRY, "GET /v1/buckets/main",
	     "firefox.settings.services.mozilla.com", ""},
	    {OWN_TELEMETRY, "GET /", "push.services.mozilla.com", ""},
	    {OWN_TELEMETRY, "GET /v1/x", "optimizationguide-pa.googleapis.com",
	     ""},
	    {OWN_TELEMETRY, "POST /ListAccounts?source=x",
	     "accounts.google.com", ""},
	    {OWN_TELEMETRY, "GET /qsml.aspx?query=a", "api.bing.com", ""},
	    {OWN_TELEMETRY, "GET /ie11/x", "ieonline.microsoft.com", ""},
	    {OWN_NETWORK, "GET /wpad.dat", "wpad", ""},
	    {OWN_NETWORK, "GET /wpad.dat", "wpad.corp.example", ""},
	    {OWN_NETWORK, "GET /rootDesc.xml", "192.168.1.1:5000",
	     "User-Agent: Microsoft-Windows/6.1 UPnP/1.0\r\n"},
	    {OWN_NETWORK, "M-SEARCH *", "239.255.255.250:1900", ""},
	};
	(void)state;
	check(asks, COUNT(asks));
}

/* A site cannot hide so: whole labels count, and no User-Agent alone. */
static void test_not_own(void **state)
{
	static const struct ask asks[] = {
	    {OWN_NOT, "GET /", "evilmsftncsi.com", ""},
	    {OWN_NOT, "GET /", "www.msftncsi.com.evil.example", ""},
	    {OWN_NOT, "GET /", "detectportal.firefox.com.evil.example", ""},
	    {OWN_NOT, "GET /", "x.detectportal.firefox.com", ""},
	    {OWN_NOT, "GET /generate_204", "evil.example", ""},
	    {OWN_NOT, "GET /search?q=x", "www.google.com", ""},
	    {OWN_NOT, "GET /", "www.apple.com", ""},
	    {OWN_NOT, "GET /", "accounts.google.com", ""},
	    {OWN_NOT, "GET /x.exe", "evil.example",
	     "User-Agent: Microsoft-CryptoAPI/6.1\r\n"},
	    {OWN_NOT, "GET /x.crl", "evil.example",
	     "User-Agent: Microsoft-CryptoAPI/6.1\r\n"},
	    {OWN_NOT, "GET /x.cab", "evil.example",
	     "User-Agent: Windows-Update-Agent\r\n"},
	    {OWN_NOT, "POST /", "evil.example",
	     "Content-Type: application/ocsp-request\r\n"},
	    {OWN_NOT, "GET /payload.bin", "ocsp.evil.example", ""},
	    {OWN_NOT, "POST /gate", "ocsp.evil.example",
	     "Content-Type: application/x-www-form-urlencoded\r\n"},
	    {OWN_NOT, "GET /MFshort", "ocsp.evil.example", ""},
	    {OWN_NOT, "GET /x.exe", "crl.evil.example", ""},
	    {OWN_NOT, "GET /x.crt", "crl.evil.example", ""},
	    {OWN_NOT, "GET /fwlink/?LinkID=1", "go.microsoft.com", ""},
	    {OWN_NOT, "GET /debian/x", "deb.debian.org",
	     "User-Agent: Mozilla/5.0\r\n"},
	    {OWN_NOT, "GET /", "qfbdkwvyzpl", ""},
	    {OWN_NOT, "HEAD /", "intranet1", ""},
	    {OWN_NOT, "HEAD /", "short", ""},
	    {OWN_NOT, "HEAD /", "qfbdkwvyzpl.example", ""},
	    {OWN_NOT, "GET /", "wpad.corp.example", ""},
	    {OWN_NOT, "GET /wpad.dat", "notwpad.example", ""},
	    {OWN_NOT, "GET /x.xml", "192.0.2.1",
	     "User-Agent: Microsoft-Windows/6.1 UPnP/1.0\r\n"},
	    {OWN_NOT, "GET /", "h.example", ""},
	};
	(void)state;
	check(asks, COUNT(asks));
}

static void test_names(void **state)
{
	static const struct {
		enum own_kind kind;
		const char *name;
	} names[] = {
	    {OWN_CONNECTIVITY, "dns.msftncsi.com"},
	    {OWN_CONNECTIVITY, "use-application-dns.net"},
	    {OWN_CONNECTIVITY, "qfbdkwvyzpl"},
	    {OWN_OCSP, "ocsp.digicert.com"},
	    {OWN_CRL, "CRL3.digicert.com"},
	    {OWN_UPDATE, "fe2.update.microsoft.com"},
	    {OWN_REPUTATION, "safebrowsing.googleapis.com"},
	    {OWN_TELEMETRY, "v10.events.data.microsoft.com"},
	    {OWN_NETWORK, "wpad.corp.example"},
	    {OWN_NETWORK, "isatap"},
	    {OWN_NETWORK, "0.debian.pool.ntp.org"},
	    {OWN_NOT, "www.google.com"},
	    {OWN_NOT, "accounts.google.com"},
	    {OWN_NOT, "ocsp.evil.example"},
	    {OWN_NOT, "crl.evil.example"},
	    {OWN_NOT, "notdigicert.com"},
	    {OWN_NOT, "fileserver1"},
	    {OWN_NOT, "intranet-1"},
	    {OWN_NOT, ""},
	};
	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		if (own_name(slice_of(names[i].name)) != names[i].kind)
			fail_msg("%s: %d", names[i].name,
				 (int)own_name(slice_of(names[i].name)));
	assert_null(own_kind_name(OWN_NOT));
	for (int k = OWN_NOT + 1; k <= OWN_NETWORK; k++)
		assert_non_null(own_kind_name((enum own_kind)k));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_own, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_not_own, setup, teardown),
	    cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
