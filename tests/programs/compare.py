#!/usr/bin/env python3
"""replay --compare: a replay without a difference shows none, and each planted
one is found at its exchange, with its place.

usage: compare.py SAN_DIR PLAIN_DIR [TEST...]
"""
import copy
import gzip
import itertools
import json
import os
import pathlib
import re
import struct
import subprocess
import time

from playback import *

TOP = pathlib.Path(__file__).resolve().parents[2]
CORPUS = pathlib.Path(os.environ.get("CORPUS", TOP / "../shared/corpus"))
HOST = "www.site.example"
HTML, JS = "Content-Type: text/html", "Content-Type: text/javascript"
numbers = itertools.count(1)


class Talk:
    """One connection: requests and answers as they were sent."""

    def __init__(self, *pairs, **more):
        self.pairs, self.more = [list(p) for p in pairs], more


def chunked(*parts):
    body = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in parts)
    return (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + body
            + b"0\r\n\r\n")


PAGE = '<script src="/a.js"></script><img src="/i.png"><a href="/c">'
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </s>\r\n\r\n"
REFERER = f"Referer: http://{HOST}/"
OCSP = request("ocsp.digicert.com", "/",
               "Content-Type: application/ocsp-request",
               method="POST", body=b"x")


def get(target, *more, **also):
    return request(HOST, target, "User-Agent: A", *more, **also)


def site():
    """What the captures hold, one exchange a connection; by their numbers."""
    return [
        Talk((get("/"), ok(PAGE, "Server: s", HTML, "Set-Cookie: a=1",
                           "Set-Cookie: b=2"))),                          # 1
        Talk((get("/a.js", REFERER), ok(b"x" * 2000, JS))),               # 2
        Talk((get("/c", REFERER), chunked(b"chunk", b"ed text"))),        # 3
        Talk((get("/close", REFERER),
              b"HTTP/1.1 200 OK\r\n\r\n" + b"y" * 2000)),                 # 4
        Talk((get("/z", REFERER), ok(gzip.compress(b"z" * 99, mtime=0),
                                     "Content-Encoding: gzip"))),         # 5
        Talk((get("/poll"), ok("one"))),                                  # 6
        Talk((get("/poll"), ok("two"))),                                  # 7
        Talk((get("/hints"), HINTS + ok("h"))),                           # 8
        Talk((get("/silent"), b"")),                                      # 9
        Talk((get("/cut"), ok("w" * 1000)[:-300])),                       # 10
        Talk((get("/h", method="HEAD"), ok("1234")[:-4])),                # 11
    ]


def write(talks, began=None, ports=40000):
    with Capture(f"capture-{next(numbers)}.pcap") as c:
        c.time, c.ports = began or c.time, ports
        for talk in talks:
            c.talk(*map(tuple, talk.pairs), **talk.more)
    return c.path


class Row:
    def __init__(self, line):
        (self.no, self.method, self.host, self.target, self.status,
         self.result, self.detail) = line.split("\t")

    def __repr__(self):
        return "\t".join(vars(self).values())


class Compared:
    """What replay --compare says. replayed: one capture or several."""

    def __init__(self, replayed, recorded, *options, status=0):
        files = replayed if isinstance(replayed, list) else [replayed]
        command = [SAN / "replay", *options]
        for file in files:
            command += ["--compare", file]
        done = subprocess.run([*map(str, command), str(recorded)],
                              capture_output=True, timeout=PATIENCE * 3)
        self.said = done.stderr.decode("utf-8", "strict")
        self.text = done.stdout.decode("ascii", "strict")
        same(done.returncode, status, f"status of {command}: {self.said}")
        self.lines = self.text.splitlines()
        if "json" in options or status == 2 or not self.lines:
            return
        same(self.lines[0].split("\t"), ["no", "method", "host", "target",
                                         "status", "result", "detail"], "")
        self.rows = [Row(n) for n in self.lines[1:-1]]
        self.last = self.lines[-1]

    def row(self, no):
        return next(r for r in self.rows if r.no == str(no))

    def results(self):
        return [r.result for r in self.rows]


def values(*arguments, **more):
    found = Compared(*arguments, "--format", "json", **more)
    return [json.loads(n) for n in found.lines]


def has(text, *parts):
    for part in parts:
        true(part in text, f"no {part!r} in:\n{text[:3000]}")


def reproduced(found, count, of, misses=0):
    share = count * 1000 // of if of else 0
    same(found.last, f"reproduced: {count} of {of} reproducible exchanges "
         f"({share // 10}.{share % 10} %), {misses} requests had no recorded "
         "answer", "last line")


# ---- nothing differs ----

def a_capture_and_itself():
    path = write(site())
    found = Compared(path, path, "--strict")
    same(found.results(), ["same"] * 11, "results")
    same([r.detail for r in found.rows],
         ["-"] * 8 + ["no answer, as recorded", "cut as recorded", "-"], "")
    reproduced(found, 9, 9)


def every_scenario_and_itself():
    """All that the generator makes: states, chunks, resets, repeats."""
    listed = subprocess.run([PLAIN / "make-capture", "--list"], check=True,
                            capture_output=True, text=True, timeout=PATIENCE)
    names = [n.split()[0] for n in listed.stdout.splitlines()]
    true(len(names) > 20, names)
    for name in names:
        if (name in ("pages", "tiny", "nconn", "blob") or
                name.startswith("sealed-")):  # for the bench
            continue
        path = Scenario(name).path
        found = Compared(path, path)
        same([str(r) for r in found.rows if r.result != "same"], [], name)
        true(re.match(r"reproduced: (\d+) of \1 ", found.last), found.last)


def p12_several_clients_and_itself():
    """Two clients, each at its own place (P12)."""
    def packet(c, client):
        def sent(way, *rest):
            way = tuple(client if n == "192.0.2.100" else n for n in way)
            Capture.packet(c, way, *rest)
        return sent
    with Capture("clients.pcap") as c:
        for client, text in (("192.0.2.1", "a"), ("192.0.2.2", "b"),
                             ("192.0.2.2", "a"), ("192.0.2.1", "b")):
            c.packet = packet(c, client)
            c.talk((get("/x"), ok(text)))
    found = Compared(c.path, c.path, "--strict")
    same(found.results(), ["same"] * 4, "results")
    same({r.detail for r in found.rows}, {"-"}, "details")


def real_answers(replay, talks, one_port, **more):
    """Asks replay over sockets, and writes that down as a capture."""
    done = []
    for talk in talks:
        pairs = [(asked, ask_raw(replay.port, asked))
                 for asked, _ in talk.pairs]
        place = (dict(port=replay.port, server="127.0.0.1") if one_port
                 else talk.more)
        done.append(Talk(*pairs, **{**place, "reset": False}))
    return write(done, **more)


def a_real_replay():
    """Asked over sockets, then read from a capture of it."""
    path = write(site())
    for one_port in (False, True):
        with Replay(path) as replay:
            got = real_answers(replay, site(), one_port)
        found = Compared(got, path, "--strict")
        same(found.results(), ["same"] * 11, "results")
        same(found.row(10).detail, "cut as recorded", "cut")
        reproduced(found, 9, 9)


def a_real_replay_of_the_drive_by():
    scenario = Scenario("drive-by")
    talks = [Talk((asked, b""), server=row["server"].rpartition(":")[0],
                  port=int(row["server"].rpartition(":")[2]))
             for asked, row in zip(scenario.requests, scenario.rows)]
    with Replay(scenario.path) as replay:
        got = real_answers(replay, talks, False)
    found = Compared(got, scenario.path, "--strict")
    same(set(found.results()), {"same"}, str(found.rows))
    true(re.search(r"\(100\.0 %\), 0 requests", found.last), found.last)


# ---- one difference each ----

def answer(no, old, new, count=1):
    """In the answer of exchange no, new in the place of old."""
    def plant(talks):
        pair = talks[no - 1].pairs[0]
        true(old in pair[1], f"{old} is not there")
        pair[1] = pair[1].replace(old, new, count)
    return plant


def answer_is(no, make, **more):
    def plant(talks):
        pair = talks[no - 1].pairs[0]
        pair[1] = make(pair[1])
        talks[no - 1].more.update(more)
    return plant


def at(no, offset, byte):
    """A byte of the body; negative: from the end."""
    def make(raw):
        place = (len(raw) if offset < 0 else raw.index(b"\r\n\r\n") + 4)
        place += offset
        return raw[:place] + byte + raw[place + 1:]
    return answer_is(no, make)


D = "different"
PLANTS = {
    "status": (answer(1, b"200 OK", b"404 OK"), 1, D,
               "status: 404, recorded 200"),
    "reason": (answer(1, b"200 OK", b"200 Fine"), 1, D,
               "reason: Fine, recorded OK"),
    "no reason": (answer(1, b"200 OK", b"200"), 1, D,
                  "reason: , recorded OK"),
    "version": (answer(1, b"HTTP/1.1", b"HTTP/1.0"), 1, D,
                "version: HTTP/1.0, recorded HTTP/1.1"),
    "value": (answer(1, b"text/html", b"text/plain"), 1, D,
              "field Content-Type: text/plain, recorded text/html"),
    "missing": (answer(1, b"Server: s\r\n", b""), 1, D,
                "field Server missing, recorded s"),
    "missing at the end": (
        answer(4, b"200 OK\r\n", b"200 OK\r\nX: y\r\n"), 4, D,
        "field X extra: y"),
    "extra": (answer(1, b"Server: s", b"X-New: 1\r\nServer: s"), 1, D,
              "field X-New extra: 1"),
    "another": (answer(1, b"Server: s", b"Via: s"), 1, D,
                "field Server missing, recorded s"),
    "order": (answer(1, b"Server: s\r\nContent-Type: text/html",
                     b"Content-Type: text/html\r\nServer: s"), 1, D,
              "order of fields: Content-Type, recorded Server"),
    "case": (answer(1, b"Content-Type", b"content-type"), 1, D,
             "field name: content-type, recorded Content-Type"),
    "spaces": (answer(1, b"Server: s", b"Server:  s"), 1, D,
               "field Server: other spaces or line break"),
    "repeated, missing": (answer(1, b"Set-Cookie: a=1\r\n", b""), 1, D,
                          "field Set-Cookie missing, recorded a=1"),
    "repeated, extra": (
        answer(1, b"Set-Cookie: b=2", b"Set-Cookie: x=0\r\nSet-Cookie: b=2"),
        1, D, "field Set-Cookie extra: x=0"),
    "repeated, order": (
        answer(1, b"Set-Cookie: a=1\r\nSet-Cookie: b=2",
               b"Set-Cookie: b=2\r\nSet-Cookie: a=1"), 1, D,
        "order of fields: b=2, recorded a=1"),
    "line break": (answer(1, b"200 OK\r\n", b"200 OK\n"), 1, D,
                   "status line: other line break"),
    "first byte": (at(2, 0, b"!"), 2, D, "body byte 0: 0x21, recorded 0x78"),
    "middle byte": (at(2, 1234, b"!"), 2, D,
                    "body byte 1234: 0x21, recorded 0x78"),
    "last byte": (at(2, -1, b"\0"), 2, D,
                  "body byte 1999: 0x00, recorded 0x78"),
    "cut": (answer_is(2, lambda raw: raw[:-1000]), 2, D,
            "body ends after 1000 of 2000 bytes"),
    "reset": (answer_is(2, lambda raw: raw[:-1000], reset=True), 2, D,
              "body ends after 1000 of 2000 bytes, the connection was reset"),
    "reset in the head": (
        answer_is(2, lambda raw: raw[:20], reset=True), 2, D,
        "answer ends after 20 of 2072 bytes, the connection was reset"),
    "shorter": (answer_is(4, lambda raw: raw[:-3]), 4, D,
                "body ends after 1997 of 2000 bytes"),
    "longer": (answer_is(4, lambda raw: raw + b"more"), 4, D,
               "body has 2004 bytes, recorded 2000"),
    "end by reset": (answer_is(4, lambda raw: raw, reset=True), 4, D,
                     "end of body: the connection was reset"),
    "chunks": (answer_is(3, lambda _: chunked(b"chunked ", b"text")), 3, D,
               "chunk framing at byte 0 of the body as sent; its content is "
               "the same"),
    "chunk size written otherwise": (
        answer(3, b"\r\n7\r\n", b"\r\n07\r\n"), 3, D,
        "chunk framing at byte 10 of the body as sent; its content is the "
        "same"),
    "byte of a chunk": (answer(3, b"text", b"tEXT"), 3, D,
                        "body byte 9: 0x45, recorded 0x65"),
    "last chunk": (answer(3, b"0\r\n\r\n", b""), 3, D,
                   "body without its last chunk"),
    "chunk missing": (answer(3, b"7\r\ned text\r\n", b""), 3, D,
                      "body ends after 5 of 12 bytes"),
    "coding": (answer_is(5, lambda _: ok("z" * 99)), 5, D,
               "field Content-Encoding missing, recorded gzip"),
    "hints": (answer(8, HINTS, b""), 8, D, "status: 200, recorded 103"),
    "other hints": (answer(8, b"</s>", b"</t>"), 8, D,
                    "field Link: </t>, recorded </s>"),
    "no answer": (answer_is(2, lambda _: b""), 2, D,
                  "no answer, recorded 200"),
    "no answer but a reset": (
        answer_is(2, lambda _: b"", reset=True), 2, D,
        "no answer, recorded 200, the connection was reset"),
    "no HTTP": (answer_is(2, lambda _: b"SSH-2.0-x\r\n"), 2, D,
                "answer byte 0: 0x53, recorded 0x48"),
    "answered": (answer_is(9, lambda _: ok("x")), 9, D,
                 "status: 200, recorded no answer"),
    "more than the cut": (answer_is(10, lambda raw: raw + b"w"), 10, D,
                          "body has 701 bytes, recorded 700"),
    "less than the cut": (answer_is(10, lambda raw: raw[:-1]), 10, D,
                          "body ends after 699 of 700 bytes"),
    "body of HEAD": (answer(11, b"Length: 4", b"Length: 5"), 11, D,
                     "field Content-Length: 5, recorded 4"),
}


def planted(name):
    plant, no, result, detail = PLANTS[name]
    talks = copy.deepcopy(site())
    plant(talks)
    path = write(site())
    reproducible = no not in (9, 10)
    found = Compared(write(talks), path, "--strict", status=int(reproducible))
    row = found.row(no)
    same((row.result, row.detail), (result, detail), name)
    same([r for r in found.rows if r.result != "same" and r is not row], [],
         f"{name}: others")
    reproduced(found, 9 - reproducible, 9)


def each_planted_difference():
    true(len(PLANTS) >= 20, len(PLANTS))
    for name in PLANTS:
        planted(name)


def an_exchange_is_missing():
    talks = site()
    del talks[2]
    found = Compared(write(talks), write(site()))
    same((found.row(3).result, found.row(3).detail),
         ("not-asked", "nobody clicked the link"), "")
    same(found.results().count("same"), 10, "others")
    reproduced(found, 8, 9)
    has(found.said, f"replay: the chains part at #3 GET http://{HOST}/c: not "
        "asked; its cause #1 came back\n")
    Compared(write(talks), write(site()), "--strict", status=1)


def an_exchange_is_extra():
    """Told with what comes nearest; P42: the client's own is none of it."""
    more = [Talk((get("/a.js?t=1"), ok("x", status="404 Not Found"))),
            Talk((request("other.example", "/z", "User-Agent: A"),
                  ok("x", status="404 Not Found")))]
    own = Talk((OCSP, ok("x", status="404 Not Found")))
    path = write(site())
    found = Compared(write(site() + more + [own]), path)
    misses = [(r.no, r.method, r.host, r.target, r.status, r.result, r.detail)
              for r in found.rows[11:]]
    same(misses, [
        ("-", "POST", "ocsp.digicert.com", "/", "404", "not-recorded",
         "the client's own: OCSP"),
        ("-", "GET", "other.example", "/z", "404", "not-recorded",
         f"nearest #5 GET http://{HOST}/z; differs in host, Referer"),
        ("-", "GET", HOST, "/a.js?t=1", "404", "not-recorded",
         f"nearest #2 GET http://{HOST}/a.js; differs in parameter t, "
         "Referer"),
    ], "misses")
    reproduced(found, 9, 9, 2)
    Compared(write(site() + more), path, "--strict", status=1)
    Compared(write(site() + [own]), path, "--strict")


def p12_repeated_answers_are_swapped():
    """What came first then comes second now (P12)."""
    talks = site()
    talks[5], talks[6] = talks[6], talks[5]
    found = Compared(write(talks), write(site()))
    same([(r.result, r.detail) for r in found.rows[5:7]],
         [(D, "body byte 0: 0x74, recorded 0x6F"),
          (D, "body byte 0: 0x6F, recorded 0x74")], "swapped")
    reproduced(found, 7, 9)


def an_exchange_asked_several_times():
    """One row; what is different once is different."""
    path = write(site())
    found = Compared(write(site() + [site()[1], site()[6]]), path)
    same(found.row(2).detail, "asked 2 times", "/a.js")
    same(found.row(7).detail, "asked 2 times", "/poll stays at the last")
    reproduced(found, 9, 9)
    wrong = Talk((site()[1].pairs[0][0], ok(b"x" * 1999 + b"!", JS)))
    found = Compared(write(site() + [site()[1], wrong]), path)
    same((found.row(2).result, found.row(2).detail),
         (D, "asked 3 times, the 3rd time: body byte 1999: 0x21, recorded "
          "0x78"), "the third")
    found = Compared(write(site()[:6]), path)
    same(found.row(7).detail,
         "its URL was asked before, and that answer could be cached", "once")


def p13_another_order():
    """Told where there is an order, and only there (P13)."""
    path = write(site())
    talks = site()
    talks[7], talks[10] = talks[10], talks[7]
    found = Compared(write(talks), path)
    same((found.row(11).result, found.row(11).detail),
         ("same", "asked before #8"), "order")
    talks = site()
    talks.insert(0, talks.pop(1))
    found = Compared(write(talks), path)
    same((found.row(2).result, found.row(2).detail),
         ("same", "asked before #1, which leads to it"), "cause")
    reproduced(found, 9, 9)


def parallel(talks, order):
    """All requests, then all answers."""
    with Capture(f"parallel-{next(numbers)}.pcap") as c:
        ways = {}
        for n in order:
            c.ports += 1
            way = ("192.0.2.100", c.ports, "198.51.100.7", 80)
            ways[n] = way, way[2:] + way[:2]
            c.packet(ways[n][0], 999, 0, 2)
            c.packet(ways[n][1], 4999, 1000, 0x12)
            c.packet(ways[n][0], 1000, 5000, 0x18, talks[n].pairs[0][0])
        for n in order:
            asked, answered = talks[n].pairs[0]
            c.packet(ways[n][1], 5000, 1000 + len(asked), 0x18,
                     answered[:1400])
            if len(answered) > 1400:
                c.packet(ways[n][1], 6400, 1000 + len(asked), 0x18,
                         answered[1400:])
            c.packet(ways[n][1], 5000 + len(answered), 1000 + len(asked),
                     0x11)
    return c.path


def p13_parallel_requests_have_no_order():
    """Three runs whose requests came in other orders say the same (P13)."""
    talks = site()[:5]
    extra = [Talk((get(f"/none{n}"), ok("x", status="404 Not Found")))
             for n in range(3)]
    path, texts = write(site()), set()
    for order in ([0, 1, 2, 3, 4, 5, 6, 7], [0, 4, 3, 2, 1, 7, 6, 5],
                  [0, 2, 6, 4, 7, 1, 3, 5]):
        found = Compared(parallel(talks + extra, order), path)
        same(found.results()[:5], ["same"] * 5, order)
        texts.add((found.text, found.said))
    same(len(texts), 1, texts)


# ---- how it was asked ----

def p14_guesses_are_told():
    """Reached by another query, body, method, port or range (P14)."""
    recorded = [Talk((get("/q?t=1&a=2"), ok("q"))),
                Talk((get("/p", method="POST", body=b"n=1&v=2"), ok("p"))),
                Talk((get("/whole"), ok("0123456789"))),
                Talk((get("/port"), ok("8"), ), port=8080)]
    asked = [Talk((get("/q?t=7&a=2"), b"")),
             Talk((get("/p", method="POST", body=b"n=1&v=3"), b"")),
             Talk((get("/whole", method="HEAD"), b""),),
             Talk((get("/whole", "Range: bytes=2-4"), b""))]
    path = write(recorded)
    with Replay(path) as replay:
        got = real_answers(replay, asked, False)
    found = Compared(got, path)
    same([(r.result, r.detail) for r in found.rows[:3]], [
        ("same", "asked as /q?t=7&a=2 (query-values)"),
        ("same", "asked with another body (body-fields)"),
        ("same", "asked 2 times; asked as HEAD (head-from-get), with Range: "
         "bytes=2-4 (range-cut); request differs in Range"),
    ], "guesses")
    other = Talk((get("/port"), ok("8")))
    found = Compared(write([other]), path)
    same((found.row(4).result, found.row(4).detail),
         ("same", f"asked as http://{HOST}/port (port)"), "port")
    wrong = Talk((get("/whole", "Range: bytes=2-4"), ok(
        "235", "Content-Range: bytes 2-4/10", status="206 Partial Content")))
    found = Compared(write([wrong]), path)
    same(found.row(3).result, D, "a wrong range")
    has(found.row(3).detail, "body byte 2: 0x35, recorded 0x34; ")


def p16_requests_that_differ():
    """In which fields is told, and changes nothing (P16)."""
    talks = [Talk((request(HOST, "/a.js", "User-Agent: B",
                           "Accept-Language: x", "Cookie: c=1"),
                   site()[1].pairs[0][1]))]
    found = Compared(write(talks), write(site()))
    same((found.row(2).result, found.row(2).detail),
         ("same", "request differs in Cookie, Referer, User-Agent, "
          "Accept-Language"), "row")
    has(found.said, "requests differ from the recorded ones in Cookie (1), "
        "Referer (1), User-Agent (1), Accept-Language (1)\n")
    value = next(v for v in values(write(talks), write(site()))
                 if v.get("no") == 2)
    true({"in": "field", "name": "User-Agent", "asked": "B", "recorded": "A"}
         in value["request_differences"], value)


def reasons_of_what_was_not_asked():
    """The first that applies, from the list in compare.h."""
    page = ok('<img src="/linked">', HTML)
    child = lambda target, agent="A": Talk((request(
        HOST, target, f"User-Agent: {agent}", REFERER), ok("x")))
    recorded = [
        Talk((get("/"), page)), child("/linked"), child("/made?t=1"),
        child("/linked", "wget"), child("/linked"),
        Talk((request(HOST, "/deep", "User-Agent: A",
                      f"Referer: http://{HOST}/made?t=1"), ok("x"))),
        Talk((OCSP, ok("x"))),
        Talk((request("in.example:443", "in.example:443", method="CONNECT"),
              b"HTTP/1.1 200 OK\r\n\r\n"), port=3128),
    ]
    path = write(recorded)
    found = Compared(write(recorded[:1]), path)
    same([r.detail for r in found.rows[1:]], [
        "a condition in the page",
        "no link leads to it: made by script from time or random numbers, or "
        "typed in",
        "asked by another program: wget",
        "a condition in the page",
        "#3, which leads to it, was not asked",
        "the client's own: OCSP",
        "asked through a tunnel or an upgrade, which are not replayed",
    ], "reasons")
    found = Compared(write(recorded[:2]), path)
    same(found.row(5).detail,
         "its URL was asked before, and that answer could be cached", "")
    other = Talk((request(HOST, "/", "User-Agent: B"), page))
    found = Compared(write([other]), path)
    same(found.row(2).detail, "the replay's User-Agent is another one: the "
         "page may ask for that", "")
    same([v["reason"] for v in values(write(recorded[:1]), path)
          if v["type"] == "exchange"],
         [None, "condition", "computed", "program", "condition", "cause",
          "own", "tunnel"], "in JSON")
    wrong = Talk((get("/"), ok("else", HTML)))
    found = Compared(write([wrong]), path)
    same(found.row(2).detail, "#1, which leads to it, was different", "")
    has(found.said, "the chains part at #1 GET ", ", the first page: "
        "different\n")


def reasons_that_links_and_types_tell():
    page = ok('<a href="/clicked">x</a><embed src="/flash.swf">'
              '<img src="/warm.gif">', HTML)
    child = lambda target, answer: Talk((get(target, REFERER), answer))
    recorded = [
        Talk((get("/"), page)), child("/clicked", ok("x", HTML)),
        child("/flash.swf", ok("CWS",
                               "Content-Type: Application/x-shockwave-flash")),
        Talk((get("/warm.gif", REFERER, "If-None-Match: 1"),
              b"HTTP/1.1 304 Not Modified\r\n\r\n")),
    ]
    same([v["reason"] for v in values(write(recorded[:1]), write(recorded))
          if v["type"] == "exchange"],
         [None, "clicked", "plug-in", "warm-cache"], "reasons")


def who_waits_to_send_a_body():
    """Replay tells such clients to go on, whatever was recorded."""
    posted = ok("x")
    go_on = b"HTTP/1.1 100 Continue\r\n\r\n" + posted
    post = get("/p", method="POST", body=b"b")
    waits = get("/p", "Expect: 100-continue", method="POST", body=b"b")
    for recorded, replayed, result in (
            ((post, posted), (waits, go_on), "same"),
            ((waits, go_on), (waits, go_on), "same"),
            ((waits, go_on), (post, go_on), "same"),
            ((post, posted), (post, go_on), D),
            ((waits, go_on), (post, posted), D)):
        found = Compared(write([Talk(replayed)]), write([Talk(recorded)]))
        same(found.results(), [result], str((recorded, replayed)))


# ---- rules ----

def rules_file(text):
    path = TMP / f"rules-{next(numbers)}.conf"
    path.write_text(text)
    return path


def by_rules():
    """rewritten as the rules make it, else different."""
    path = write(site())
    rules = rules_file("# a comment\ntype=text/html body s{img}{IMG}\n"
                       "path=/z body s{z}{y}\n")
    with Replay(path, "--rules", rules) as replay:
        got = real_answers(replay, site(), False)
    found = Compared(got, path, "--rules", rules)
    same([r.result for r in found.rows],
         ["rewritten"] + ["same"] * 3 + ["rewritten"] + ["same"] * 6, "")
    true(found.row(1).detail.startswith(f"{rules}:2"), found.row(1))
    true(found.row(5).detail.startswith(f"{rules}:3"), found.row(5))
    reproduced(found, 9, 9)
    same([v["rules"] for v in values(got, path, "--rules", rules)
          if v.get("rules")], [found.row(1).detail, found.row(5).detail],
         "in JSON")
    found = Compared(got, path)
    same([found.row(n).result for n in (1, 5)], [D, D], "without rules")
    same(found.row(1).detail,
         f"body byte {PAGE.index('img')}: 0x49, recorded 0x69", "")
    other = rules_file("type=text/html body s{img}{JPG}\n")
    found = Compared(got, path, "--rules", other)
    same((found.row(1).result, found.row(1).detail),
         (D, f"body byte {PAGE.index('img')}: 0x49, by the rules 0x4A"),
         "another rule")
    found = Compared(path, path, "--rules", rules, "--strict")
    same(set(found.results()), {"same"}, "a replay without them")


def by_target_rules():
    """Requests that the rules make equal."""
    path = write([Talk((get("/x?_=1"), ok("x")))])
    rules = rules_file("target s{_=\\d+}{_=0}\n")
    found = Compared(write([Talk((get("/x?_=2"), ok("x")))]), path,
                     "--rules", rules, "--exact")
    same((found.row(1).result, found.row(1).detail),
         ("same", "asked as /x?_=2 (target-rule)"), "row")


def p28_dates_of_the_replay():
    """Dates move with the server's clock."""
    date = "Date: Tue, 14 Mar 2017 10:12:05 GMT"
    talks = [Talk((get("/"), ok("x", date)))]
    path = write(talks)
    began = time.time()
    with Replay(path, "--shift-dates") as replay:
        got = real_answers(replay, talks, False, began=began)
    found = Compared(got, path, "--shift-dates")
    same(found.results(), ["rewritten"], str(found.rows))
    got = write([Talk((get("/"), ok("x", date.replace("05 GMT", "09 GMT"))))],
                began=began)
    found = Compared(got, path, "--shift-dates")
    has(found.row(1).detail, "field Date: ", ", by the rules ")


# ---- DNS, addresses ----

def dns_answer(name, *addresses, missing=False):
    labels = b"".join(bytes([len(n)]) + n for n in name.split(b"."))
    question = labels + b"\0\0\1\0\1"
    head = struct.pack(">HHHHHH", 7, 0x8183 if missing else 0x8180, 1,
                       len(addresses), 0, 0)
    answers = b"".join(b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + bytes(
        map(int, a.split("."))) for a in addresses)
    return head + question + answers


def with_names(*answers, talks=()):
    with Capture(f"names-{next(numbers)}.pcap") as c:
        for message in answers:
            udp = struct.pack(">HHHH", 53, 5353, 8 + len(message), 0) + message
            packet = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0,
                                 64, 17, 0, b"\xc0\0\2\1", b"\xc0\0\2\x64")
            packet += udp
            c.time += 0.001
            c.out.write(struct.pack("<IIII", int(c.time), 0, len(packet),
                                    len(packet)) + packet)
        for talk in talks:
            c.talk(*map(tuple, talk.pairs), **talk.more)
    return c.path


def p37_names():
    """Same addresses in any order, others, none (P37); P42: its own."""
    recorded = with_names(
        dns_answer(b"same.example", "192.0.2.1", "192.0.2.2"),
        dns_answer(b"other.example", "192.0.2.3"),
        dns_answer(b"gone.example", missing=True),
        dns_answer(b"silent.example", "192.0.2.4"))
    replayed = with_names(
        dns_answer(b"SAME.example", "192.0.2.2", "192.0.2.1"),
        dns_answer(b"other.example", "192.0.2.9"),
        dns_answer(b"gone.example", missing=True),
        dns_answer(b"new.\x1b.example", missing=True),
        dns_answer(b"ocsp.digicert.com", missing=True))
    found = Compared(replayed, recorded)
    has(found.said, "DNS: 2 names as recorded, 1 with other addresses, 1 not "
        "asked, 1 not recorded; 1 the client's own\n",
        "  other.example: other-address: 192.0.2.9, recorded 192.0.2.3\n",
        "  silent.example: not-asked, recorded 192.0.2.4\n",
        "  new.\\x1B.example: not-recorded: does not exist\n")
    reproduced(found, 0, 0)
    names = {v["name"].lower(): v for v in values(replayed, recorded)
             if v["type"] == "dns"}
    same({n: v["result"] for n, v in names.items()}, {
        "same.example": "same", "other.example": "other-address",
        "gone.example": "same", "silent.example": "not-asked",
        "new.\x1b.example": "not-recorded",
        "ocsp.digicert.com": "not-recorded"}, "results")
    same((names["other.example"]["recorded"],
          names["other.example"]["replayed"]),
         (["192.0.2.3"], ["192.0.2.9"]), "addresses")
    same(names["ocsp.digicert.com"]["by_client_itself"], True, "own")


def hellos_are_no_answers():
    """Names that TLS and QUIC clients said are none that DNS gave."""
    path = Scenario("range-quic").path
    answers = {v["name"]: v["recorded"] for v in values(path, path)
               if v["type"] == "dns" and "quic" in v["name"]}
    same(answers, {f"{name}.quic.example": [f"203.0.113.{i}"] for i, name in
                   enumerate(["video", "two", "retry", "foreign", "both"],
                             170)}, "names")


def p34_addresses_that_no_name_gave():
    """Written in a link, or made by a script (P34)."""
    page = ok("<a href='http://0xC6.51.100.9/x'>", HTML)
    talks = [Talk((get("/"), page)),
             Talk((request("198.51.100.9", "/x"), ok("x")),
                  server="198.51.100.9"),
             Talk((request("203.0.113.5:81", "/y"), ok("x")),
                  server="203.0.113.5", port=81),
             Talk((request("203.0.113.5", "/y"), ok("x")),
                  server="203.0.113.5")]
    path = with_names(dns_answer(HOST.encode(), "198.51.100.7"), talks=talks)
    found = [v for v in values(path, path) if v["type"] == "address"]
    same([(v["address"], v["ports"], v["requests"], v["link"])
          for v in found],
         [("198.51.100.9", [80], 1, "written"),
          ("203.0.113.5", [80, 81], 2, "computed")], "addresses")
    has(Compared(path, path).said,
        "no DNS answer gave 203.0.113.5, ports 80, 81: 2 requests; no link "
        "has it: computed\n")


# ---- the program ----

def several_captures_of_one_replay():
    talks = site()
    parts = [write(talks[:5]), write(talks[5:], ports=50000)]
    path = write(talks)
    found = Compared(parts, path, "--strict")
    same(set(found.results()), {"same"}, "results")
    reproduced(Compared(parts[1], path), 4, 9)


def in_json():
    """One object a line, the same counts as in the table."""
    path = write(site())
    talks = site()[:4] + [Talk((get("/none"), ok("x")))]
    lines = values(write(talks), path)
    same([v["type"] for v in lines[:12]], ["exchange"] * 12, "types")
    summary = lines[-1]
    same((summary["type"], summary["same"], summary["not-asked"],
          summary["not-recorded"], summary["reproducible"],
          summary["reproduced"], summary["no_recorded_answer"],
          summary["percent"], summary["exchanges"], summary["requests"]),
         ("summary", 4, 7, 1, 9, 4, 1, 44.4, 11, 5), "summary")
    same([(v["no"], v["cause"], v["led_by"]) for v in lines[1:3]],
         [(2, 1, "link"), (3, 1, "link")], "chain")
    same((lines[11]["no"], lines[11]["url"], lines[11]["step"]),
         (None, f"http://{HOST}/none", None), "miss")
    chain = next(v for v in lines if v["type"] == "chain")
    same((chain["first_page"], chain["parts_at"]), (1, 5), "chain")


def both_chains():
    """Side by side with -v."""
    talks = site()[:2] + [Talk((get("/none", REFERER), ok("x")))]
    said = Compared(write(talks), write(site()), "-v").said
    true(re.search(rf"^#1 GET http://{HOST}/, start +\| same, start$", said,
                   re.M), said)
    true(re.search(rf"^  #2 GET http://{HOST}/a\.js, link +\| same, link of "
                   "#1$", said, re.M), said)
    true(re.search(rf"^  #3 GET http://{HOST}/c, link +\| not asked$", said,
                   re.M), said)
    true(re.search(rf"^ +\| GET http://{HOST}/none, referer of #1$", said,
                   re.M), said)


def hostile_bytes_are_escaped():
    recorded = [Talk((request("h\x1b[2J", "/\x9b\x07"),
                      ok("x", "X: \x1b]0;y\x07"))),
                Talk((request("h\x1b[2J", "/2"), ok("x")))]
    replayed = [Talk((request("h\x1b[2J", "/\x9b\x07"),
                      ok("x", "X: \x1b]0;z\x07"))),
                Talk((request("h\x1b", "/\x90\x9b"), ok("x")))]
    for options in ((), ("--format", "json"), ("-v",)):
        found = Compared(write(replayed), write(recorded), *options)
        for text in (found.text, found.said):
            true(not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", text), text)


def trouble():
    path = write(site())
    none, bad = TMP / "none.pcap", TMP / "bad.pcap"
    bad.write_bytes(b"no capture")
    for replayed, recorded in ((none, path), (path, none), (bad, path)):
        found = Compared(replayed, recorded, status=1)
        same((found.text, found.said.count("\n")), ("", 1), found.said)
    Compared(path, path, "--rules", rules_file("x\n"), status=1)
    Compared(path, path, "--list", status=2)
    Compared(path, path, "--check", status=2)
    Compared([], path, "--strict", status=2)


def the_corpus_and_itself():
    """Real captures: nothing may differ. Every fifth, or those of $NAMES."""
    if not CORPUS.is_dir():
        return f"no corpus at {CORPUS} (set CORPUS)"
    files = [p for kind in ("captures", "torture")
             for p in sorted((CORPUS / kind).glob("*"))
             if p.is_file() and p.suffix in (".pcap", ".pcapng", ".gz")]
    step = int(os.environ.get("CORPUS_STEP", 5))
    rows = 0
    for path in files[::step]:
        found = Compared(path, path)
        rows += len(found.rows)
        same([str(r) for r in found.rows if r.result != "same"], [], path)
        true(re.match(r"reproduced: (\d+) of \1 .*, 0 requests", found.last),
             f"{path}: {found.last}")
    print(f"    {len(files[::step])} captures, {rows} exchanges")
    return None


run([a_capture_and_itself, every_scenario_and_itself,
     p12_several_clients_and_itself, a_real_replay,
     a_real_replay_of_the_drive_by, each_planted_difference,
     an_exchange_is_missing, an_exchange_is_extra,
     p12_repeated_answers_are_swapped, an_exchange_asked_several_times,
     p13_another_order, p13_parallel_requests_have_no_order,
     p14_guesses_are_told, p16_requests_that_differ, who_waits_to_send_a_body,
     reasons_of_what_was_not_asked, reasons_that_links_and_types_tell,
     by_rules, by_target_rules, p28_dates_of_the_replay, p37_names,
     hellos_are_no_answers, p34_addresses_that_no_name_gave,
     several_captures_of_one_replay, in_json, both_chains,
     hostile_bytes_are_escaped, trouble, the_corpus_and_itself])
