/* replay --check: what of a recording can be brought back and what cannot, and
 * why.
 *
 * Reproducible is an exchange that a client can get back whole: it is complete,
 * and
 *  - no upgrade (101) and no tunnel (CONNECT that succeeded): what they carry
 *    is not replayed;
 *  - no 304 of a URL of which no 200 was recorded: the body is in the victim's
 *    cache, and a client without it never asks so;
 *  - its request is not larger than replay reads.
 * That it can be got back byte for byte does not say that a client finds it: a
 * page may make up another target at each visit.
 *
 * For people: what kind of incident, what comes back, what does not and what
 * would help, where the chain breaks, what the victim's client brought along
 * and how its twin has to look, what leads from nowhere and nowhere, other
 * traffic, links to bare addresses. The last line is fixed:
 * "reproducible: 398 of 412 exchanges (96.6 %)".
 *
 * For programs: an object in one line. Exchanges are told by "no", from 1, as
 * in --list. Its members:
 *
 *  capture                 the name, as given
 *  classes                 of incident: names of reasons, see reasons.c
 *  first_page              URL that a client has to open, or null; then
 *  first_page_time         of its request, and
 *  user_agent              that it sent; each null if there is none
 *  begins, ends            of the exchanges; times are seconds since the epoch
 *                          with their fraction; null if there is none
 *  connections, connections_with_http, exchanges
 *  reproducible, percent   exchanges; of all
 *  bytes                   {reproducible, all, percent} of recorded bodies
 *  states                  {complete, no-response, cut, gap, malformed}
 *  reasons                 [{reason, scope, exchanges, connections, links,
 *                          bytes, sentence, fact, helps, numbers}]: only those
 *                          that occur. scope: "exchange" (does not come back),
 *                          "traffic" (not read), "link" (leads nowhere),
 *                          "doubt" (comes back, on a condition). helps: "a key
 *                          log", "a longer capture", "a capture without
 *                          losses", "a rule", "another client", "nothing".
 *                          numbers: the first 1000 exchanges
 *  incomplete, only_304, upgrades, tunnels, too_large, event_streams,
 *  unsearched              [{no, method, url, state?, reason?, protocol?}]
 *  ip_targets, ip_targets_steered   [{no, method, url, type, field, line,
 *                          byte, text}]; bare_links, steered_links count all
 *  encrypted               [{name, address}]: TLS servers that were not read
 *  chain                   {followed: exchanges of the first page's tree,
 *                          first_broken, first_broken_exchange: null or {no,
 *                          method, url, cause, by, reason, link}, links: [{no,
 *                          cause, by}]}. cause: no of the exchange that led to
 *                          it, or null; by: see chain.h. link: URL that is
 *                          loaded and was not recorded; null: the exchange
 *                          itself does not come back
 *  brought                 [{kind, place, text, count, no, script?}]: kinds
 *                          "cache", "cookie", "login", "referer" were brought
 *                          along; "service-worker", "hsts",
 *                          "permanent-redirect" stay in a client. script: a
 *                          page's script may have set that cookie
 *  twin                    {clients: [{address, exchanges, user_agents,
 *                          languages, accept, plugins, hints, ja3, ja4}]}:
 *                          lists of {value, count}, of plugins and hints {name,
 *                          value, count}; the value "" of a User-Agent: none
 *                          was sent
 *  unexplained             [{no, method, url, why}]: "start", "outside" (its
 *                          Referer was not recorded), "script"
 *  unfollowed              [{no, kind, url}]; unfollowed_counts {loaded,
 *                          clicked, scripted}
 *  traffic                 [{kind, protocol, by_bytes, udp, asks_certificate,
 *                          stream, client, server, name, why, connections,
 *                          bytes, sent, received, begins, ends, ja3, ja4, alpn,
 *                          certificate}]: kinds "tls", "quic", "http2-clear",
 *                          "other", "unknown", "silent". Each connection of
 *                          "tls" by itself (past 16384 entries those of a
 *                          client to a server together), the others by client,
 *                          server and protocol. stream: Wireshark's, null of
 *                          several and of UDP; sent, received by the client;
 *                          ja3, ja4 and alpn of the first whole ClientHello,
 *                          else null; certificate: the server's, null where it
 *                          was not seen, {subject, issuer, not_before,
 *                          not_after, sha1, sha256, bytes}; the first four null
 *                          where it cannot be read
 *  own                     {kind: count}: asked by clients on their own
 *  left_out                {list: count}: what is too much to be listed
 */
#ifndef REPORT_CHECK_H
#define REPORT_CHECK_H

#include "rewrite/rules.h"

#include "capture/display.h"
#include "capture/recording.h"

struct check_options {
	const struct rules *rules;     /* NULL: none */
	bool verbose;                  /* links that rules steer too */
	bool json;                     /* one line of JSON, with all of it */
	const struct display *display; /* NULL: no terminal */
	const char *capture;           /* name of the capture, for JSON */
};

/* Writes to standard output. Returns 0, or -1 if it cannot be written (said).
 */
int check_print(const struct recording *r, const struct check_options *o);

#endif
