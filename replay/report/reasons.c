/* The closed list of what makes a recording hard to bring back. */
#include "reasons.h"

#include <stddef.h>

#define KEY_LOG "a key log"
#define LONGER "a longer capture"
#define LOSSLESS "a capture without losses"
#define RULE "a rule"
#define CLIENT "another client"
#define NOTHING "nothing"

static const struct reason_info reasons[REASONS] = {
    [REASON_NONE] = {"none", SCOPE_NONE, false, NULL, "comes back", "", ""},

    [REASON_NO_RESPONSE] = {"no-response", SCOPE_EXCHANGE, false, NULL,
			    "the capture ends before the answer",
			    "no answer is known; the connection is closed "
			    "instead (RFC 9112 9.5)",
			    LONGER},
    [REASON_UNANSWERED] = {"unanswered", SCOPE_EXCHANGE, false, NULL,
			   "the connection ended without an answer",
			   "so it is closed again (RFC 9112 9.5): a failure is "
			   "served as recorded",
			   NOTHING},
    [REASON_CUT] = {"cut", SCOPE_EXCHANGE, false, NULL,
		    "the capture ends inside the answer",
		    "a message that ends before its length or last chunk is "
		    "incomplete (RFC 9112 8); it is served up to there",
		    LONGER},
    [REASON_BROKEN_OFF] = {"broken-off", SCOPE_EXCHANGE, false, NULL,
			   "the connection ended inside the answer",
			   "incomplete for the victim too (RFC 9112 8): it is "
			   "served up to there, and closed as then",
			   NOTHING},
    [REASON_GAP] = {"gap", SCOPE_EXCHANGE, false, NULL,
		    "bytes are missing from the capture",
		    "acknowledged by the client (RFC 9293 3.10.7.4), so they "
		    "were sent, but the capture lost them",
		    LOSSLESS},
    [REASON_MALFORMED] = {"malformed", SCOPE_EXCHANGE, false, NULL,
			  "no HTTP, or its framing is broken",
			  "where a body ends cannot be told (RFC 9112 6.3)",
			  NOTHING},
    [REASON_CACHED] = {"only-304", SCOPE_EXCHANGE, false, NULL,
		       "the body was in the victim's cache",
		       "a 304 has no body and answers nobody who does not "
		       "hold one (RFC 9110 15.4.5); no 200 of that URL was "
		       "recorded",
		       LONGER},
    [REASON_WEBSOCKET] = {"websocket", SCOPE_EXCHANGE, true, "WebSocket",
			  "what a WebSocket carries is not replayed",
			  "after the 101 both sides speak when they like: "
			  "there are no requests to answer (RFC 6455 1.2)",
			  NOTHING},
    [REASON_UPGRADE] = {"upgrade", SCOPE_EXCHANGE, false, NULL,
			"what follows the 101 is not replayed",
			"from there on it is another protocol (RFC 9110 7.8)",
			NOTHING},
    [REASON_TUNNEL] = {"tunnel", SCOPE_EXCHANGE, true, "tunnels by a proxy",
		       "a tunnel is opened, only what is inside counts",
		       "CONNECT carries bytes of any kind (RFC 9110 9.3.6); "
		       "requests read inside are exchanges of their own",
		       KEY_LOG},
    [REASON_TOO_LARGE] = {"too-large", SCOPE_EXCHANGE, false, NULL,
			  "the request is larger than replay reads",
			  "heads are read up to 256 KiB, bodies up to 64 MiB",
			  NOTHING},

    [REASON_TLS] = {"tls-without-keys", SCOPE_TRAFFIC, true, "TLS without keys",
		    "encrypted, not read",
		    "without its secrets a TLS connection cannot be read "
		    "(RFC 8446 7.1)",
		    KEY_LOG},
    [REASON_CLIENT_CERTIFICATE] =
	{"client-certificate", SCOPE_TRAFFIC, true, "client certificates",
	 "the server asked for a client certificate",
	 "only who holds its key can prove that (RFC 8446 4.4.3, RFC 5246 "
	 "7.4.8); replay asks for none",
	 KEY_LOG},
    [REASON_QUIC] = {"quic", SCOPE_TRAFFIC, true, "QUIC (HTTP/3)",
		     "QUIC, not read",
		     "HTTP/3 is encrypted UDP (RFC 9000, RFC 9114), which is "
		     "not read",
		     NOTHING},
    [REASON_HTTP2_CLEAR] = {"http2-clear", SCOPE_TRAFFIC, true,
			    "HTTP/2 in clear", "HTTP/2 in clear, not read",
			    "begun by prior knowledge (RFC 9113 3.3); no "
			    "browser does so",
			    NOTHING},
    [REASON_OTHER_PROTOCOL] = {"other-protocol", SCOPE_TRAFFIC, true,
			       "other protocols", "no web traffic",
			       "only HTTP is served again", NOTHING},
    [REASON_UNKNOWN_PROTOCOL] = {"unknown-protocol", SCOPE_TRAFFIC, true,
				 "unknown protocols",
				 "neither port nor bytes tell what it is",
				 "only HTTP is served again", NOTHING},

    [REASON_NOT_RECORDED] = {"not-recorded", SCOPE_LINK, false, NULL,
			     "a page loads what was not recorded",
			     "the victim had it in its cache, blocked it or "
			     "left before; it is answered 404",
			     LONGER},

    [REASON_BARE_ADDRESS] =
	{"bare-address", SCOPE_DOUBT, true, "bare IP addresses",
	 "the host is a bare IP address",
	 "no DNS server is asked for it: a rule must steer the link, or the "
	 "lab takes the address itself",
	 RULE},
    [REASON_SCRIPT_MADE] =
	{"script-made", SCOPE_DOUBT, true, "script-made addresses",
	 "its page holds no such link: a script or a form made the URL",
	 "what a script makes from time or chance differs at each visit "
	 "(ECMA-262 Math.random, Date.now); a target rule can ignore that "
	 "part",
	 RULE},
    [REASON_ONE_SHOT] =
	{"one-shot", SCOPE_DOUBT, true, "one-shot pages",
	 "the same request was answered in several ways",
	 "replay gives each client the recorded answers in their order, then "
	 "the last again",
	 NOTHING},
    [REASON_NO_BROWSER] =
	{"no-browser", SCOPE_DOUBT, true,
	 "downloads by programs that are no browsers",
	 "asked for by a program that is no browser",
	 "its User-Agent (RFC 9110 10.1.5) is none of a browser, or is "
	 "missing: a browser in the lab does not ask for it",
	 CLIENT},
    [REASON_EVENTS] = {"event-stream", SCOPE_DOUBT, false, NULL,
		       "event streams are sent at once",
		       "server-sent events came over time (WHATWG HTML 9.2); "
		       "--pace keeps only the wait before an answer",
		       NOTHING},
    [REASON_HELD_BACK] = {"held-back", SCOPE_DOUBT, false, NULL,
			  "the server held its answer back for over 10 s",
			  "as in long polling (RFC 6202 2); replay answers at "
			  "once, with --pace as late as then",
			  NOTHING},
    [REASON_PUSHED] = {"pushed", SCOPE_DOUBT, false, NULL,
		       "the server pushed it, no client asked",
		       "HTTP/2 server push (RFC 9113 8.4), which browsers no "
		       "longer take; it comes when it is asked for",
		       NOTHING},
    [REASON_GRPC] = {"grpc", SCOPE_DOUBT, false, NULL,
		     "gRPC: its messages are sent at once",
		     "a call may go on in both directions; the recorded "
		     "answer does not wait for what a client says (gRPC over "
		     "HTTP/2)",
		     CLIENT},

    [REASON_PLAIN] = {"plain", SCOPE_WELL, true, "plain HTTP", "plain HTTP",
		      "read and served as recorded (RFC 9112)", ""},
    [REASON_TLS_READ] = {"tls-read", SCOPE_WELL, true, "https that was read",
			 "https that was read",
			 "with its keys, or before a proxy encrypted it; "
			 "served by the lab's own certificate authority",
			 ""},
};

static const char *const scopes[] = {
    [SCOPE_NONE] = "none",       [SCOPE_EXCHANGE] = "exchange",
    [SCOPE_TRAFFIC] = "traffic", [SCOPE_LINK] = "link",
    [SCOPE_DOUBT] = "doubt",     [SCOPE_WELL] = "well",
};

const struct reason_info *reason_info(enum reason r)
{
	return &reasons[r];
}

const char *reason_scope_name(enum reason_scope s)
{
	return scopes[s];
}
