#!/usr/bin/env python3
"""replay --check: what can be brought back and what cannot, and which links to
bare addresses no rule steers.

usage: check.py SAN_DIR PLAIN_DIR [TEST...]
"""
import codecs
import gzip
import json
import pathlib
import re
import struct
import subprocess

from playback import *

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


def hello(name):
    """A ClientHello that names its server."""
    sni = struct.pack(">HBH", len(name) + 3, 0, len(name)) + name
    extension = struct.pack(">HH", 0, len(sni)) + sni
    body = (b"\3\3" + bytes(32) + b"\0" + b"\0\2\x13\1" + b"\1\0"
            + struct.pack(">H", len(extension)) + extension)
    message = b"\1" + struct.pack(">I", len(body))[1:] + body
    return b"\x16\3\1" + struct.pack(">H", len(message)) + message


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
    has(text, "connections: 7, with HTTP: 7\n", "exchanges: 7\n",
        "  complete: 1\n",
        f"  #2 GET http://{HOST}/cut: cut: 700 bytes of 1000, the connection "
        "was reset\n",
        f"  #3 GET http://{HOST}/silent: no-response: the server closed the "
        "connection\n",
        f"  #4 GET http://{HOST}/wrong: malformed: what answers is no HTTP "
        "response\n",
        "/head: cut: the response's head is not whole\n",
        "/chunk: cut: 5 bytes without the last chunk, ")
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
    has(check(path)[0], "the body was in the victim's cache:\n"
        f"  #1 GET http://{HOST}/a\n", "2 of 3 exchanges (66.6 %)")


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
        "what follows the 101 is not replayed:\n  #1 GET ", "/ws: websocket\n",
        "#2 CONNECT ", "event streams, sent at once:\n",
        "requests larger than replay reads:\n",
        "encrypted: not read:\n  bank.example at 198.51.100.7\n",
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
     p34_links_to_bare_addresses, many_links, broken_bodies,
     hostile_bytes_are_escaped, several_captures, trouble])
