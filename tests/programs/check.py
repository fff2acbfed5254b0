#!/usr/bin/env python3
"""replay --check: what can be brought back and what cannot, and which links to
bare addresses no rule steers.

usage: check.py SAN_DIR PLAIN_DIR [TEST...]
"""
import codecs
import gzip
import hashlib
import json
import pathlib
import re
import ssl
import subprocess

from lib import sealed
from lib.sealed import Certificate, hello
from playback import *
from lib import h2

DEFAULT = pathlib.Path(__file__).resolve().parents[2] / "etc/rules.conf"
HOST = "www.site.example"
HTML = "Content-Type: text/html"


def capture(name, *pairs, ports=40000):
    with Capture(name) as c:
        c.ports = ports
        if pairs:
            c.talk(*pairs)
    return c.path


def check(*arguments, status=0):
    done = subprocess.run([SAN / "replay", "--check", *map(str, arguments)],
                          capture_output=True, timeout=PATIENCE * 3)
    said = done.stderr.decode("utf-8", "replace")
    same(done.returncode, status, f"{arguments}: {said}")
    return done.stdout.decode(), said


def values(*arguments):
    lines = check("--format", "json", *arguments)[0].splitlines()
    return [json.loads(n) for n in lines]


def value(*arguments):
    found = values(*arguments)
    same(len(found), 1, "lines")
    return found[0]


def has(text, *parts):
    for part in parts:
        true(part in text, f"no {part!r} in:\n{text[:3000]}")


def links(found, key="ip_targets"):
    return [(n["no"], n["type"], n["field"], n["line"], n["byte"], n["text"])
            for n in found[key]]


def states():
    """Every state with what is missing; the last line."""
    cut = ok(b"x" * 1000, HTML)[:-300]
    with Capture("states.pcap") as c:
        c.talk((request(HOST, "/whole"), ok("x", HTML)))
        c.talk((request(HOST, "/cut"), cut), reset=True)
        c.talk((request(HOST, "/silent"), b""))
        c.talk((request(HOST, "/wrong"), b"SSH-2.0-none\r\n"))
        c.talk((request(HOST, "/head"), b"HTTP/1.1 200 OK\r\nServ"))
        c.talk((request(HOST, "/chunk"), b"HTTP/1.1 200 OK\r\nTransfer-Encoding"
                b": chunked\r\n\r\n5\r\nabcde\r\n"))
        c.talk((request(HOST, "/gap"), ok(b"y" * 700)[:400]))
    text, _ = check(c.path)
    has(text, "connections: 7, with HTTP: 7\n",
        "comes back: 1 of 7 exchanges (14.2 %); of their bodies 1 byte of ",
        "  the connection ended inside the answer (broken-off): 4 exchanges, "
        f"1065 bytes\n    #2 GET http://{HOST}/cut: 700 bytes of 1000, the "
        "connection was reset\n",
        "  the connection ended without an answer (unanswered): 1 exchange\n"
        f"    #3 GET http://{HOST}/silent: the server closed the connection\n",
        f"    #4 GET http://{HOST}/wrong: what answers is no HTTP response\n",
        "/head: the response's head is not whole\n",
        "/chunk: 5 bytes without the last chunk, ")
    same(text.splitlines()[-1], "reproducible: 1 of 7 exchanges (14.2 %)", "")
    found = value(c.path)
    same(found["states"], {"complete": 1, "no-response": 1, "cut": 4, "gap": 0,
                           "malformed": 1}, "states")
    same((found["reproducible"], found["percent"]), (1, 14.2), "figures")
    same([(n["no"], n["state"]) for n in found["incomplete"]][:2],
         [(2, "cut"), (3, "no-response")], "incomplete")


def p07_states_of_the_generator():
    """Where the truth is known: the states, and what they say of it (P7)."""
    for name in ("drive-by", "p02-lost", "p02-fin-gap", "p03-snap",
                 "p07-short", "p07-lengths", "p23-no-response"):
        scenario = Scenario(name)
        found = value(scenario.path)
        for state, count in found["states"].items():
            same(count, sum(r["state"] == state for r in scenario.rows),
                 f"{name}: {state}")
        same(found["reproducible"], found["states"]["complete"], name)
        for n in found["incomplete"]:
            true(n["reason"], f"{name}: no reason for {n}")


def p29_bodies_in_the_victims_cache():
    """A 304 alone brings nothing back; one beside a 200 does (P17, P29)."""
    not_modified = b"HTTP/1.1 304 Not Modified\r\n\r\n"
    path = capture("cached.pcap",
        (request(HOST, "/a", "If-None-Match: x"), not_modified),
        (request(HOST, "/b"), ok("x")),
        (request(HOST, "/b", "If-None-Match: x"), not_modified))
    found = value(path)
    same([n["no"] for n in found["only_304"]], [1], "only 304")
    same(found["reproducible"], 2, "reproducible")
    has(check(path)[0], "the body was in the victim's cache (only-304): 1 "
        f"exchange; a longer capture would help\n    #1 GET http://{HOST}/a\n",
        "2 of 3 exchanges (66.6 %)")


def p45_what_comes_otherwise():
    """Held back, pushed, gRPC: their bytes come back, not their manner."""
    asked = (h2.PREFACE + h2.frame(h2.SETTINGS)
             + h2.headers(1, h2.asked(HOST, "/", scheme="http"), True)
             + h2.message(3, [*h2.asked(HOST, "/a.B/C", method="POST",
                                        scheme="http"),
                              ("content-type", "application/grpc")], b"x"))
    pushed = h2.block(h2.asked(HOST, "/pushed.css", scheme="http"))
    answered = (h2.frame(h2.SETTINGS)
                + h2.frame(h2.PUSH_PROMISE, 1, b"\0\0\0\2" + pushed,
                           h2.END_HEADERS)
                + h2.message(1, [(":status", "200")], b"page")
                + h2.message(2, [(":status", "200")], b"p{}")
                + h2.message(3, [(":status", "200"),
                                 ("content-type", "application/grpc+proto")],
                             b"y", [("grpc-status", "0")]))
    with Capture("otherwise.pcap") as c:
        c.talk((asked, answered))
        c.talk((request(HOST, "/poll"), ok("late")), delay=12)
        c.talk((request(HOST, "/slow"), ok("not so late")), delay=9)
    found = value(c.path)
    same((found["exchanges"], found["reproducible"]), (5, 5), "all of it")
    counts = {n["reason"]: n["exchanges"] for n in found["reasons"]}
    for reason in "held-back", "pushed", "grpc":
        same(counts[reason], 1, reason)
    text = check("-v", c.path)[0]
    for reason, url in (("held-back", "/poll"), ("pushed", "/pushed.css"),
                        ("grpc", "/a.B/C")):
        part = text.partition(f"({reason})")[2].partition("):")[0]
        has(part, f" http://{HOST}{url}\n")


def p45_what_nobody_can_repeat():
    """Upgrades, tunnels, event streams, requests too large (P45)."""
    upgrade = (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
               b"Connection: Upgrade\r\n\r\n\x81\x05hello")
    with Capture("others.pcap") as c:
        c.talk((request(HOST, "/ws", "Upgrade: websocket",
                        "Connection: Upgrade"), upgrade))
        c.talk((request("in.example:443", "in.example:443", method="CONNECT"),
                b"HTTP/1.1 200 OK\r\n\r\n"), port=3128)
        c.talk((request(HOST, "/events"),
                ok("data: x\n\n", "Content-Type: text/event-stream")))
        c.talk((request(HOST, "/large", "X: " + "y" * 300000), ok("x")))
        c.talk((hello(b"bank.example"), b"\x16\3\3\0\1\2"), port=443)
    found = value(c.path)
    same([(n["no"], n["protocol"]) for n in found["upgrades"]],
         [(1, "websocket")], "upgrades")
    same([n["no"] for n in found["tunnels"]], [2], "tunnels")
    same([n["no"] for n in found["event_streams"]], [3], "streams")
    same([n["no"] for n in found["too_large"]], [4], "too large")
    same(found["encrypted"], [{"name": "bank.example",
                               "address": "198.51.100.7"}], "encrypted")
    same((found["reproducible"], found["exchanges"], found["connections"],
          found["connections_with_http"]), (1, 4, 5, 4), "figures")
    has(check(c.path)[0],
        "what a WebSocket carries is not replayed (websocket): 1 exchange\n"
        "    #1 GET ", "/ws: websocket\n",
        "(tunnel): 1 exchange; a key log would help\n"
        "    #2 CONNECT in.example:443\n",
        "event streams are sent at once (event-stream): 1 exchange",
        "the request is larger than replay reads (too-large): 1 exchange",
        "encrypted, not read (tls-without-keys): 1 connection",
        "encrypted: not read:\n  bank.example: 1 connection, ",
        "reproducible: 1 of 4 exchanges (25.0 %)")


def p34_links_to_bare_addresses():
    """Each with its place, whatever its form, field and type (P34)."""
    page = '<p>1.2.3.4\n<a href="http://0xC0.0x0.2.7/x y">\r\n' \
           '<img src=//[2001:db8::7]/i>'
    script = r'u="http:\/\/192.0.2.9\/";'
    program = b"MZ\x90\0\3" + bytes(1000) + b"http://192.0.2.8:8080/gate\0x"
    path = capture("bare.pcap",
        (request(HOST), ok(page, HTML)),
        (request(HOST, "/r"), ok(
            "", "Location: https://3221225991/", "Server: 1.2.3.4",
            "Content-Security-Policy: img-src 'self' 192.0.2.7:80; "
            "report-uri /x", "Set-Cookie: a=b; Domain=192.0.2.7",
            status="302 Found")),
        (request(HOST, "/a.js"), ok(gzip.compress(script.encode()),
                                    "Content-Type: text/javascript",
                                    "Content-Encoding: gzip")),
        (request(HOST, "/a.exe"), ok(program, HTML)),
        (request(HOST, "/w"), ok(codecs.BOM_UTF16_LE
                                 + "\n http://192.0.2.7/".encode("utf-16-le"),
                                 HTML)))
    want = [
        (1, "text/html", None, 2, page.index("http"), "http://0xC0.0x0.2.7/x"),
        (1, "text/html", None, 3, page.index("//["), "//[2001:db8::7]/i"),
        (2, "", "Location", None, 0, "https://3221225991/"),
        (2, "", "Content-Security-Policy", None, 15,
         "192.0.2.7:80;"),
        (2, "", "Set-Cookie", None, 12, "192.0.2.7"),
        (3, "text/javascript", None, 1, 3, r"http:\/\/192.0.2.9\/"),
        (4, "application/octet-stream", None, 1, 1005,
         "http://192.0.2.8:8080/gate"),
        (5, "text/html", None, 2, 5, "http://192.0.2.7/"),
    ]
    found = value(path)
    got = [n if n[0] != 2 else (2, "", *n[2:]) for n in links(found)]
    same(got, want, "without rules")
    same((found["bare_links"], found["steered_links"]), (8, 0), "figures")
    found = value("--rules", DEFAULT, path)
    got = [n if n[0] != 2 else (2, "", *n[2:])
           for n in links(found, "ip_targets_steered")]
    same(got, [n for n in want if n[0] != 4], "steered")
    same([n[0] for n in links(found)], [4], "not steered: the program")
    same((found["bare_links"], found["steered_links"]), (1, 7), "figures")
    text, _ = check("--rules", DEFAULT, path)
    has(text, "links to bare addresses that no rule steers:\n  #4 GET "
        f"http://{HOST}/a.exe (application/octet-stream) body line 1, byte "
        "1005: http://192.0.2.8:8080/gate\n",
        "links to bare addresses: 7 steered, 1 not\n")
    true("0xC0" not in text, "steered ones without -v")
    has(check("-v", "--rules", DEFAULT, path)[0],
        "that a rule steers:\n", "(text/html) body line 2, byte",
        "Location, byte 0: https://3221225991/\n")


def many_links():
    """All are counted, a hundred of an answer are told."""
    path = capture("many.pcap",
        (request(HOST), ok("<a href=http://192.0.2.7/>\n" * 5000, HTML)),
        (request(HOST, "/2"), ok("<a href=http://192.0.2.7/>\n", HTML))
    )
    found = value(path)
    same((found["bare_links"], len(found["ip_targets"])), (5001, 101), "")
    same([n["reason"] for n in found["unsearched"]],
         ["4900 links more than shown"], "")


def broken_bodies():
    """What can be read of them is searched, and the rest is told."""
    packed = gzip.compress(b"<a href=http://192.0.2.7/>" + bytes(90000))
    path = capture("broken.pcap",
        (request(HOST), ok(packed[:-8], HTML, "Content-Encoding: gzip")),
        (request(HOST, "/b"), ok("x", HTML, "Content-Encoding: rot13"))
    )
    found = value("--rules", DEFAULT, path)
    same([n["no"] for n in found["ip_targets"]], [1], "links")
    same([n["no"] for n in found["unsearched"]], [1, 2], "unsearched")


def hostile_bytes_are_escaped():
    path = capture("hostile.pcap",
        (request("h\x1b[2J", "/\x9b\x07\xff"), ok(
            "<a href='http://192.0.2.7/\u202e\x9b\x1b]0;x\x07'>",
            "Content-Type: text/\x1b[1m")),
        (request(HOST, "/cut\x1b"), b""))
    for text in (check("-v", path)[0], check("--format", "json", path)[0]):
        true(not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text), text)
    has(check(path)[0], "\\x1B[2J", "192.0.2.7/\\xE2\\x80\\xAE\\xC2\\x9B\n")


def several_captures():
    """One recording for people; in JSON each is told alone."""
    paths = [capture(f"{i}.pcap", (request(HOST, f"/{i}"), ok("x")),
                     ports=1000 * i) for i in (1, 2, 3)]
    has(check(*paths)[0], "reproducible: 3 of 3 exchanges (100.0 %)")
    same([(n["capture"], n["exchanges"]) for n in values(*paths)],
         [(str(p), 1) for p in paths], "in JSON")
    empty = capture("empty.pcap")
    same(check(empty)[0].splitlines()[-1],
         "reproducible: 0 of 0 exchanges (0.0 %)", "none")


AGENT = "Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko"
PAGE = "http://" + HOST + "/"


def browse(target="/", *more, host=HOST, referer=PAGE):
    """A request of the victim's browser."""
    fields = [f"User-Agent: {AGENT}", *more]
    if referer:
        fields.append(f"Referer: {referer}")
    return request(host, target, *fields)


def reasons(found):
    return {n["reason"]: n for n in found["reasons"]}


def brought(found, kind):
    return [(n["place"], n["text"], n["count"], n["no"])
            for n in found["brought"] if n["kind"] == kind]


LANDING = ('<html><script src="/a.js"></script><img src="/logo.png">'
           '<iframe src="http://gate.example/in"></iframe></html>')


def drive_by(name, body=b"MZ" + bytes(5000)):
    """A page, what it loads, a redirect to a bare address, a download."""
    with Capture(name) as c:
        c.talk((browse(referer=None), ok(LANDING, HTML)),
               (browse("/a.js"), ok("go();", "Content-Type: text/javascript")))
        c.talk((browse("/in", host="gate.example"),
                ok("", "Location: http://203.0.113.9/run.exe",
                   status="302 Found")))
        c.talk((browse("/run.exe", host="203.0.113.9"),
                ok(body, "Content-Type: application/octet-stream")[:-1000]),
               server="203.0.113.9")
        c.talk((request(HOST, "/task", "User-Agent: loader/1.0"), ok("sleep")))
    return c.path


def what_kind_of_incident():
    """Classes, first page, time, the victim, figures of bytes."""
    path = drive_by("kind.pcap")
    found = value(path)
    same(found["classes"], ["plain", "bare-address", "no-browser"], "classes")
    same(found["first_page"], PAGE, "first page")
    same(found["user_agent"], AGENT, "user agent")
    true(1489486325 < found["begins"] == found["first_page_time"]
         < found["ends"] < 1489486326, "times")
    whole = len(LANDING) + len("go();") + len("sleep")
    same(found["bytes"], {"reproducible": whole, "all": whole + 4002,
                          "percent": 2.8}, "bytes")
    same((found["reproducible"], found["exchanges"]), (4, 5), "exchanges")
    text = check(path)[0]
    same(text.splitlines()[:3], [
        "incident: plain HTTP; bare IP addresses; downloads by programs that "
        "are no browsers", f"first page: #1 GET {PAGE}",
        f"victim: 192.0.2.100, {AGENT}"], "first lines")
    has(text, "recorded: 2017-03-14 10:12:05 UTC, for 0.0 s\n",
        f"comes back: 4 of 5 exchanges (80.0 %); of their bodies {whole} bytes "
        f"of {whole + 4002} bytes (2.8 %)\n",
        "the host is a bare IP address (bare-address): 1 exchange, 4002 bytes;"
        " a rule would help\n    #4 GET http://203.0.113.9/run.exe\n")


def reasons_are_told_with_their_fact():
    known = reasons(value(drive_by("facts.pcap")))
    same(set(known), {"broken-off", "bare-address", "no-browser",
                      "not-recorded"}, "reasons")
    for reason in known.values():
        true(reason["sentence"] and reason["fact"] and reason["helps"], reason)
    cut = known["broken-off"]
    same((cut["exchanges"], cut["bytes"], cut["helps"], cut["numbers"],
          cut["scope"]), (1, 4002, "nothing", [4], "exchange"), "cut")
    true("RFC 9112" in cut["fact"], "the RFC")
    same((known["not-recorded"]["links"], known["not-recorded"]["scope"]),
         (1, "link"), "links")
    has(check("-v", drive_by("facts-v.pcap"))[0], "    why: ", "RFC 9112 8")


def what_a_longer_capture_would_help():
    """Where the capture ends, and not the connection."""
    path = capture("ends.pcap", (browse("/a"), b""))
    whole = path.read_bytes()
    end = TMP / "cut-short.pcap"
    end.write_bytes(whole[:-2 * (16 + 40)])  # without the two FIN
    known = reasons(value(end))
    same((known["no-response"]["numbers"], known["no-response"]["helps"]),
         ([1], "a longer capture"), "the capture ends")
    same(reasons(value(path))["unanswered"]["helps"], "nothing", "closed")
    path = capture("ends-inside.pcap", (browse("/a"), ok("x" * 99)[:-9]))
    end.write_bytes(path.read_bytes()[:-2 * (16 + 40)])
    same(reasons(value(end))["cut"]["helps"], "a longer capture", "cut")


def the_chain_and_where_it_breaks():
    """The first page's tree, and the first broken link in its order."""
    path = drive_by("chain.pcap")
    chain = value(path)["chain"]
    same([(n["no"], n["cause"], n["by"]) for n in chain["links"]],
         [(1, None, "start"), (2, 1, "link"), (3, 1, "link"),
          (4, 3, "redirect"), (5, None, "start")], "links")
    same(chain["followed"], 4, "followed")
    first = chain["first_broken"]
    same((first["no"], first["reason"], first["link"]),
         (1, "not-recorded", PAGE + "logo.png"), "first broken link")
    exchange = chain["first_broken_exchange"]
    same((exchange["no"], exchange["cause"], exchange["by"],
          exchange["reason"], exchange["link"]),
         (4, 3, "redirect", "broken-off", None), "first broken exchange")
    has(check(path)[0], "chain: the first page led to 3 exchanges\n"
        f"  first broken link: #1 GET {PAGE} loads {PAGE}logo.png, which was "
        "not recorded\n  first exchange that does not come back: #4 GET "
        "http://203.0.113.9/run.exe: the connection ended inside the answer\n")
    has(check("-v", path)[0], f"  #1 GET {PAGE}\n    #2 GET {PAGE}a.js (link)\n"
        "    #3 GET http://gate.example/in (link)\n"
        "      #4 GET http://203.0.113.9/run.exe (redirect) [broken-off]\n")
    path = capture("whole-chain.pcap",
        (browse(referer=None), ok('<img src="/i.png">', HTML)),
        (browse("/i.png"), ok("x", "Content-Type: image/png")))
    same(value(path)["chain"]["first_broken"], None, "none is broken")
    has(check(path)[0], "led to 1 exchange, no broken link\n")


def a_link_into_tls():
    """What a page loads by https, and was encrypted, is no missing page."""
    with Capture("into-tls.pcap") as c:
        c.talk((browse(referer=None),
                ok('<script src="https://cdn.example/x.js"></script>'
                   '<img src="/i.png">', HTML)),
               (browse("/i.png"), ok("x", "Content-Type: image/png")))
        c.talk((hello(b"cdn.example"), b"\x16\3\3\0\1\2"), port=443)
    found = value(c.path)
    same(found["chain"]["first_broken"]["reason"], "tls-without-keys", "")
    same("tls-without-keys" in found["classes"], True, "class")
    same([(n["kind"], n["name"], n["connections"]) for n in found["traffic"]],
         [("tls", "cdn.example", 1)], "traffic")
    has(check(c.path)[0], "loads https://cdn.example/x.js, which was encrypted")


EVIL = "x\x1b[2J\u202ey"


def sealed_site(path, keylog=None):
    """Connections of each kind to servers of each kind."""
    like = Certificate(TMP / "like", "/C=DE/O=W\u00fcrste, GmbH/CN=a.example",
                       "DNS:a.example", "20170301000000Z", "99991231235959Z")
    evil = Certificate(TMP / "evil", f"/O={EVIL}/CN=evil.example")
    page = (request("a.example"), ok("sealed"))
    with Capture(path) as c:
        for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
            for _ in range(3):
                sealed.talk(c, like, page, name="a.example", version=version,
                            keylog=keylog)
        sealed.talk(c, evil, page, server="198.51.100.9", keylog=keylog)
        c.talk((hello(b"x\x1b[2Jy"), b"\x16\3\3\0\1\2"), port=443)
        c.talk((hello(b"bad.example"), b"\x16\3\3\0\x12\2\0\0\0\x0b\0\0\x0a"
                b"\0\0\7\0\0\4junk"), port=443)
    return c.path, like, evil


def p09_each_tls_connection_without_keys():
    """What is missing: name, times, bytes both ways, client, certificate."""
    path, like, evil = sealed_site("sealed.pcap")
    found = value(path)
    rows = found["traffic"]
    same([n["stream"] for n in rows], list(range(9)), "each by itself")
    same([n["name"] for n in rows], ["a.example"] * 6 + [
        None, "x\x1b[2Jy", "bad.example"], "names")
    same({n["connections"] for n in rows}, {1}, "connections")
    for number, n in enumerate(rows):
        same(n["client"], f"192.0.2.100:{40001 + number}", "client")
        true(n["begins"] < n["ends"] < n["begins"] + 1, "times")
        same(n["sent"] + n["received"], n["bytes"], "bytes")
        same((len(n["ja3"]), n["ja4"][:3]), (32, "t13" if 2 < number < 6
                                            else "t12"), "client")
    same((rows[0]["sent"] > 300, rows[0]["received"] > 700), (True, True), "")
    same([n["certificate"] and n["certificate"]["sha256"] for n in rows[:7]],
         [hashlib.sha256(like.der).hexdigest()] * 3 + [None] * 3
         + [hashlib.sha256(evil.der).hexdigest()], "certificates")
    one = rows[0]["certificate"]
    same((one["subject"], one["issuer"]),
         ("C=DE, O=W\u00fcrste\\, GmbH, CN=a.example",) * 2, "subject")
    same((one["not_before"], one["not_after"]), (1488326400, 253402300799), "")
    same(one["sha1"], hashlib.sha1(like.der).hexdigest(), "sha1")
    same(rows[6]["certificate"]["subject"],
         "O=x\\1B[2J\u202ey, CN=evil.example", "escaped")
    same(rows[8]["certificate"], {
        "subject": None, "issuer": None, "not_before": None, "not_after": None,
        "sha1": hashlib.sha1(b"junk").hexdigest(), "bytes": 4,
        "sha256": hashlib.sha256(b"junk").hexdigest()}, "junk")


def p09_the_same_for_people():
    path, *_ = sealed_site("sealed.pcap")
    text = check(path)[0]
    has(text, "\n  a.example: 6 connections, ",
        "; no secrets for it\n    stream 0, 192.0.2.100:40001 to "
        "198.51.100.7:443, 2017-03-14 10:12:0",
        " sent, ", " received, JA3 ", ", JA4 t12",
        "\n      certificate: for C=DE, O=W\u00fcrste\\, GmbH, CN=a.example; "
        "issued by C=DE, O=W\u00fcrste\\, GmbH, CN=a.example; valid from "
        "2017-03-01 00:00:00 UTC to 9999-12-31 23:59:59 UTC\n",
        "    ... and 4 more (-v lists them)\n",
        "for O=x\\1B[2J\\xE2\\x80\\xAEy, CN=evil.example;",
        "      certificate: 4 bytes that are none\n")
    same(text.count("CN=a.example; issued"), 1, "told once")
    more = check("-v", path)[0]
    has(more, *[f"    stream {n}, " for n in range(9)])
    for said in text, more:
        true("\x1b" not in said and "\u202e" not in said, "escaped")
    # what was read is not missing
    keys = TMP / "sealed.keys"
    path, *_ = sealed_site("keyed.pcap", keys)
    read = value("--keylog", keys, path)
    same([n["stream"] for n in read["traffic"]], [7, 8], "read")
    same(read["exchanges"], 7, "exchanges")


def p29_what_the_victim_brought():
    """Cookies never set, logins, a Referer from outside; and what a visit
    leaves (P29, P30). No value of a cookie, no password."""
    page = ok('<script>document . cookie;d.cookie = "js=1"; navigator.'
              'serviceWorker.register("/sw.js")</script>', HTML,
              "Set-Cookie: own=1; path=/", "Set-Cookie: up=1; Domain=.example",
              "Strict-Transport-Security: max-age=9")
    path = capture("brought.pcap",
        (browse("/", "Cookie: old=geheim; up=2; theme=7",
                referer="http://search.invalid/?q=x"), page),
        (browse("/b", "Cookie: own=1; up=1; js=geheim; old=3"),
         ok("", "Location: /c", status="301 Moved Permanently")),
        (browse("/c", "Authorization: Basic geheim", "Cookie: up=1",
                host="other.example"), ok("x")),
        (browse("/sw.js", "Service-Worker: script"),
         ok("x", "Content-Type: text/javascript")))
    found = value(path)
    same(brought(found, "cookie"), [(HOST, "old", 2, 1), (HOST, "up", 1, 1),
                                    (HOST, "theme", 1, 1),
                                    (HOST, "js", 1, 2)], "cookies")
    same([n["script"] for n in found["brought"] if n["kind"] == "cookie"],
         [False, False, False, True], "of a script")
    same(brought(found, "login"), [("other.example", "Basic", 1, 3)], "login")
    same(brought(found, "referer"),
         [("", "http://search.invalid/?q=x", 1, 1)], "referer")
    same(brought(found, "service-worker"), [(HOST, PAGE, 1, 1),
                                            (HOST, PAGE + "sw.js", 1, 4)],
         "service workers")
    same(brought(found, "hsts"), [(HOST, "max-age=9", 1, 1)], "HSTS")
    same(brought(found, "permanent-redirect"), [(PAGE + "b", "/c", 1, 2)], "")
    text = check("-v", path)[0]
    true("geheim" not in text and "geheim" not in json.dumps(found), "secrets")
    has(text, "the victim's client brought along:\n"
        "  cookies that nothing recorded had set:\n"
        f"    {HOST}: old (#1, 2 times)\n    {HOST}: up, theme (#1)\n"
        f"    {HOST}: js (#2, or by the script of #1)\n",
        "    http://search.invalid/?q=x (#1)\n",
        "take a fresh one for each run):\n  service workers")
    cached = value(capture("warm.pcap", (
        browse(), b"HTTP/1.1 304 Not Modified\r\n\r\n")))
    same(brought(cached, "cache"), [(HOST, PAGE, 1, 1)], "cache")


def cookies_set_too_late():
    """A cookie counts as set once its answer came, and for its client."""
    with Capture("late.pcap") as c:
        c.talk((browse("/1", "Cookie: a=1"), ok("x", "Set-Cookie: a=1")),
               (browse("/2", "Cookie: a=1"), ok("x")))
    same(brought(value(c.path), "cookie"), [(HOST, "a", 1, 1)], "cookies")


def the_recipe_of_a_twin():
    path = capture("twin.pcap",
        (browse("/", "Accept-Language: de-DE", "Accept: text/html, */*",
                "UA-CPU: AMD64", 'sec-ch-ua-platform: "Windows"',
                referer=None), ok("<p>", HTML)),
        (browse("/f.swf", "x-flash-version: 18,0,0,209", "Accept: */*"),
         ok("x", "Content-Type: application/x-shockwave-flash")),
        (request(HOST, "/j.jar", "User-Agent: Mozilla/4.0 (Windows 7 6.1) "
                 "Java/1.7.0_09"), ok("PK")),
        (request(HOST, "/x", "X-Requested-With: XMLHttpRequest"), ok("")))
    client, = value(path)["twin"]["clients"]
    same(client["address"], "192.0.2.100", "address")
    same([(n["value"], n["count"]) for n in client["user_agents"]],
         [(AGENT, 2), ("Mozilla/4.0 (Windows 7 6.1) Java/1.7.0_09", 1),
          ("", 1)], "agents")
    same([(n["value"], n["count"]) for n in client["languages"]],
         [("de-DE", 1)], "languages")
    same([n["value"] for n in client["accept"]], ["text/html, */*"], "accept")
    same([(n["name"], n["value"]) for n in client["plugins"]],
         [("UA-CPU", "AMD64"), ("x-flash-version", "18,0,0,209"),
          ("Java", "Java/1.7.0_09")], "plug-ins")
    same([(n["name"], n["value"]) for n in client["hints"]],
         [("sec-ch-ua-platform", '"Windows"')], "hints")
    has(check(path)[0], "the twin has to send",
        f"    User-Agent: {AGENT} (2)\n", "    User-Agent: none (1)\n",
        "    Accept-Language: de-DE (1)\n",
        "    x-flash-version: 18,0,0,209 (1)\n", "    Java: Java/1.7.0_09 (1)\n")


def one_shot_pages():
    """The same request with another answer; not so if nothing differs."""
    path = capture("one-shot.pcap",
        (browse("/gate"), ok("<script>exploit</script>")),
        (browse("/gate"), ok("<p>nothing here today</p>")),
        (browse("/same"), ok("abc")), (browse("/same"), ok("abc")),
        (browse("/length"), ok("abc")), (browse("/length"), ok("abd")),
        (browse("/part", "Range: bytes=0-0"),
         ok("a", "Content-Range: bytes 0-0/2", status="206 Partial Content")),
        (browse("/part", "Range: bytes=1-1"),
         ok("b", "Content-Range: bytes 1-1/2", status="206 Partial Content")))
    found = value(path)
    same(reasons(found)["one-shot"]["numbers"], [1, 2, 5, 6], "one-shot")
    true("one-shot" in found["classes"], "class")


def unexplained_and_unfollowed():
    """Addresses that a script made, pages from nowhere, links not taken."""
    path = capture("loose.pcap",
        (browse(referer=None), ok(
            '<a href="http://www.site.example/more">x</a>'
            '<img src="http://www.site.example/seen.png"><img src="/gone.png">'
            '<script>load("/" + id())</script>', HTML)),
        (browse("/seen.png"), ok("x", "Content-Type: image/png")),
        (browse("/4711"), ok("x")),
        (browse("/far", referer="http://far.example/"), ok("x")),
        (browse("/alone", referer=None), ok("x")))
    found = value(path)
    same([(n["no"], n["why"]) for n in found["unexplained"]],
         [(3, "script"), (4, "outside"), (5, "start")], "unexplained")
    same([(n["no"], n["kind"], n["url"]) for n in found["unfollowed"]
          if n["kind"] == "clicked"], [(1, "clicked", PAGE + "more")], "links")
    same((found["unfollowed_counts"]["loaded"],
          found["unfollowed_counts"]["clicked"]), (1, 1), "counts")
    true("script-made" in found["classes"], "class")
    text = check(path)[0]
    has(text, "no recorded page explains:\n"
        f"  #4 GET {PAGE}far (its Referer was not recorded)\n"
        f"  #5 GET {PAGE}alone\n",
        "links that nobody followed: 1 that a browser loads, 1 to click",
        f"  loaded in #1: {PAGE}gone.png\n")
    true(PAGE + "more" not in text, "links to click without -v")
    has(check("-v", path)[0], f"  clicked in #1: {PAGE}more\n")


def quic_is_named():
    """Connections by their hellos: names, times, bytes, JA4; the chain that
    breaks there; and no more than that."""
    made = Scenario("range-quic")
    found = value(made.path)
    quic = [n for n in found["traffic"] if n["kind"] == "quic"]
    same([n["name"] for n in quic],
         ["video.quic.example", "two.quic.example", "retry.quic.example", None,
          "both.quic.example"], "names")
    same([n["server"] for n in quic], [f"203.0.113.{i}:443"
                                       for i in range(170, 175)], "servers")
    same({n["sent"] for n in quic}, {2400, 2 * 1402, 1404}, "sent")
    same({n["received"] for n in quic}, {1200}, "received")
    for n in quic:
        same((n["udp"], n["connections"], n["bytes"]),
             (True, 1, n["sent"] + n["received"]), n)
        true(0.02 <= n["ends"] - n["begins"] < 0.1, n)
        want = n["name"] and ("q13d0308h3_55b375c5d22e_20dfc2e784d3", "h3")
        same((n["ja4"], n["alpn"]), want or (None, None), n)
    tls = [n for n in found["traffic"] if n["kind"] == "tls"]
    same([(n["name"], n["ja4"][:8], n["sent"] + n["received"])
          for n in tls], [("both.quic.example", "t13d0409", tls[0]["bytes"])],
         "TLS alike")
    same([(n["reason"], n["connections"]) for n in found["reasons"]
          if n["reason"] in ("quic", "tls-without-keys")],
         [("tls-without-keys", 1), ("quic", 5)], "reasons")
    same(found["chain"]["first_broken"]["reason"], "quic", "chain")
    same([n["name"] for n in found["encrypted"]], ["both.quic.example"], "TLS")
    text = check(made.path)[0]
    has(text, "QUIC, not read (quic): 5 connections, ",
        "loads https://video.quic.example/x.png, which was encrypted",
        "encrypted: not read:\n  both.quic.example: 1 connection, ",
        "  video.quic.example: 1 connection, 3600 bytes; QUIC\n"
        "    192.0.2.100:49201 to 203.0.113.170:443, 2017-03-14 10:12:05 UTC, for "
        "0.0 s: 2400 bytes sent, 1200 bytes received, JA3 ",
        ", JA4 q13d0308h3_55b375c5d22e_20dfc2e784d3\n",
        "  203.0.113.173:443: 1 connection, 2604 bytes; QUIC\n")
    true("other traffic" not in text, "listed once")


def details_are_bounded():
    """Two lines of a server, all of them with -v."""
    with Capture("clients.pcap") as c:
        for i in range(1, 6):
            c.talk((hello(b"bank.example"), b"\x16\3\3\0\1\2"), port=443,
                   server=f"203.0.113.{i}")
    text = check(c.path)[0]
    has(text, "  bank.example: 5 connections, ",
        "to 203.0.113.2:443, ", "    ... and 3 more (-v lists them)\n")
    true("203.0.113.3:443" not in text, text)
    has(check("-v", c.path)[0], *(f" to 203.0.113.{i}:443, 20"
                                  for i in range(1, 6)))


def long_lists_are_bounded():
    """In text ten lines, in JSON a thousand; the rest is counted."""
    with Capture("long.pcap") as c:
        for start in range(0, 1200, 100):
            c.talk(*[(request(HOST, f"/{i}", "User-Agent: Mozilla/5.0",
                              f"Cookie: c{i}=1"), b"HTTP/1.1 404 No\r\n"
                      b"Content-Length: 0\r\n\r\n")
                     for i in range(start, start + 100)])
    found = value(c.path)
    same((len(found["unexplained"]), found["left_out"]["unexplained"]),
         (1000, 200), "unexplained")
    same(sum(n["kind"] == "cookie" for n in found["brought"]), 1000, "brought")
    same(found["left_out"]["brought"], 200, "brought")
    text = check(c.path)[0]
    has(text, "  ... and 1190 more (-v lists them)\n")
    true(len(text.splitlines()) < 60, "it is short")


def trouble():
    out, said = check(TMP / "none.pcap", status=1)
    same((out, said.count("\n")), ("", 1), said)
    bad = TMP / "bad.conf"
    bad.write_text("hedaer A delete\n")
    path = capture("one.pcap", (request(HOST), ok("x")))
    out, said = check("--rules", bad, path, status=1)
    has(said, f"{bad}:1:")
    check("--list", path, status=2)


run([states, p07_states_of_the_generator, p29_bodies_in_the_victims_cache, p45_what_nobody_can_repeat,
     p45_what_comes_otherwise,
     p34_links_to_bare_addresses, many_links, broken_bodies,
     hostile_bytes_are_escaped, several_captures, what_kind_of_incident,
     reasons_are_told_with_their_fact, what_a_longer_capture_would_help,
     the_chain_and_where_it_breaks,
     a_link_into_tls, p09_each_tls_connection_without_keys,
     p09_the_same_for_people, p29_what_the_victim_brought, cookies_set_too_late,
     the_recipe_of_a_twin, one_shot_pages, unexplained_and_unfollowed,
     quic_is_named, details_are_bounded, long_lists_are_bounded, trouble])
