#!/usr/bin/env python3
"""HTTP/2 to clients: offered as it was recorded, the same answers in either
framing, and clients that break the rules.

usage: serve-h2.py SAN_DIR PLAIN_DIR [TEST...]
"""
import gzip
import re
import shutil
import ssl
import time

from playback import *
from lib import h2
from lib.authority import authority, serve as served, tool

HOST, OLD = "www.two.example", "www.one.example"
LONG = bytes(i * 7 % 251 for i in range(5_000_000))
GZIP = gzip.compress(b"packed " * 99, mtime=0)
CHUNKED = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
           b"Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n"
           b"X-Case: Kept\r\nX-Folded: a\r\n b\r\nBad Name: x\r\n"
           b"Content-Type: text/plain\r\n\r\n"
           b"3;x=y\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\nX-End: 1\r\n\r\n")
CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut short"
EARLY = (b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
         + ok("hinted", "Content-Type: text/plain"))
FIELDS = [("content-type", "text/html"), ("set-cookie", "a=1"),
          ("set-cookie", "b=2"), ("x-empty", "")]


def one_stream(stream, target, status, fields=(), body=b"", trailers=(),
               method="GET", sent=b"", end=True):
    asked = h2.message(stream, h2.asked(HOST, target, method=method,
                                        scheme="http"), sent)
    return asked, h2.message(stream, [(":status", status), *fields], body,
                             trailers, end)


def site():
    """A host recorded over HTTP/2, and over HTTP/1 too; and one over HTTP/1
    alone."""
    path = TMP / "site.pcap"
    if path.exists():
        return path
    streams = [
        one_stream(1, "/", "200", FIELDS, b"<p>two</p>"),
        one_stream(3, "/long", "200", (), LONG),
        one_stream(5, "/trailed", "200", [("content-type", "text/plain")],
                   b"body", [("x-end", "done")]),
        one_stream(7, "/in", "201", (), b"taken", method="POST",
                   sent=b"x" * 70000),
        one_stream(9, "/no-content", "204"),
        one_stream(11, "/cut", "200", (), b"c" * 20000, end=False)]
    asked = (h2.PREFACE + h2.frame(h2.SETTINGS)
             + b"".join(s[0] for s in streams))
    answered = h2.frame(h2.SETTINGS) + b"".join(s[1] for s in streams)
    with Capture("site.pcap") as capture:
        capture.talk((asked, answered))
        capture.talk((request(HOST, "/chunked"), CHUNKED),
                     (request(HOST, "/gzip", "Accept-Encoding: gzip"),
                      ok(GZIP, "Content-Encoding: gzip")),
                     (request(HOST, "/moved"),
                      ok("", "Location: /", status="302 Found")),
                     (request(HOST, "/hints"), EARLY),
                     (request(HOST, "/turn"), ok("first")),
                     (request(HOST, "/turn"), ok("second")),
                     (request(HOST, "/last"), ok("bye", "Connection: close")))
        capture.talk((request(HOST, "/cut1"), CUT))
        capture.talk((request(HOST, "/none"), b""))
        capture.talk((request(HOST, "/reset"), b""), reset=True)
        capture.talk((request(OLD), ok("one")))
    return path


def serve(*options, captures=None, **more):
    return served(captures or site(), *options, **more)


def curl(r, target, *options, host=HOST, version="--http2", status=0):
    """Head and body as curl has them."""
    got = tool("curl", "-sSi", version, "--cacert", authority(), "--max-time",
               "20", "--connect-to", f"::127.0.0.1:{r.port}", *options,
               f"https://{host}{target}", status=status).stdout
    head, _, body = got.partition(b"\r\n\r\n")
    while head.startswith((b"HTTP/2 1", b"HTTP/1.1 1")):
        head, _, body = body.partition(b"\r\n\r\n")
    return head, body


def lines_of(head):
    """Fields without those of a connection or its framing."""
    out = []
    for line in head.replace(b"\r\n ", b" ").split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() not in (b"connection", b"keep-alive", b"bad name",
                                b"transfer-encoding", b"content-length"):
            out.append((name.lower(), b" ".join(value.split())))
    return out


class Raw(Client):
    """A client of HTTP/2 by hand, in clear."""

    def __init__(self, r, settings=b"", **more):
        super().__init__(r.port, **more)
        self.send(h2.PREFACE + h2.frame(h2.SETTINGS, data=settings))

    def ask(self, stream, target="/", *more, **options):
        self.send(h2.headers(stream, h2.asked(HOST, target, *more,
                                              scheme="http", **options),
                             True))

    def next(self):
        head = self.take(9)
        size = int.from_bytes(head[:3], "big")
        return next(h2.frames(head + self.take(size)))

    def until(self, kind, stream=0):
        """The next frame of that type and stream, and the data before."""
        data = b""
        while True:
            got = self.next()
            if got[0] == h2.DATA and got[2] == stream:
                data += got[3]
            if got[0] == kind and got[2] == stream:
                return got, data

    def answer(self, stream):
        """The data of a stream that ends well."""
        data = b""
        while True:
            kind, flags, number, payload = self.next()
            if number != stream:
                continue
            true(kind in (h2.HEADERS, h2.DATA), f"frame {kind} {payload}")
            data += payload if kind == h2.DATA else b""
            if flags & h2.END_STREAM:
                return data


def still_serves(r):
    true(r.process.poll() is None, "it lives")
    same(curl(r, "/")[1], b"<p>two</p>")


# ---- what is offered ----

def h2_offered_as_recorded():
    def agreed(r, name, offer=("h2", "http/1.1")):
        tls = ssl.create_default_context(cafile=authority())
        tls.check_hostname = bool(name)
        tls.set_alpn_protocols(offer)
        with Client(r.port) as c:
            c.socket = tls.wrap_socket(c.socket, server_hostname=name)
            return c.socket.selected_alpn_protocol()
    with serve() as r:
        same(agreed(r, HOST), "h2")
        same(agreed(r, HOST.upper()), "h2")
        same(agreed(r, OLD), "http/1.1")
        same(agreed(r, "unknown.example"), "http/1.1")
        got = tool("openssl", "s_client", "-connect", f"127.0.0.1:{r.port}",
                   "-servername", "198.51.100.7", "-alpn", "h2").stdout
        true(b"ALPN protocol: h2" in got, "by its address")
        same(agreed(r, None), "http/1.1", "the address of the listener")
        same(agreed(r, HOST, ["http/1.1"]), "http/1.1")
        same(agreed(r, OLD, ["h2"]), None)
    with serve("--no-h2") as r:
        same(agreed(r, HOST), "http/1.1")
        got = ask_raw(r.port, h2.PREFACE + h2.frame(h2.SETTINGS))
        same(got[:12], b"HTTP/1.1 400")


def h2_same_in_either_framing():
    with serve() as r:
        for target in ("/", "/long", "/trailed", "/no-content", "/chunked",
                       "/gzip", "/moved", "/hints", "/last", "/missing"):
            two, one = (curl(r, target, version=v)
                        for v in ("--http2", "--http1.1"))
            same(two[0].split()[:2], [b"HTTP/2", one[0].split()[1]], target)
            same(lines_of(two[0]), lines_of(one[0]), target)
            # curl tells trailers behind the body
            same(two[1], one[1].replace(b"X-End:", b"x-end:"), target)
        same(curl(r, "/long")[1], LONG)
        same(lines_of(curl(r, "/")[0]),
             [(n.encode(), v.encode()) for n, v in FIELDS])
        head, body = curl(r, "/chunked")
        same(body, b"abc0123456789abcdefx-end: 1\r\n")
        same(lines_of(head)[:2], [(b"x-case", b"Kept"), (b"x-folded", b"a b")])
        same([n["tls"].get("server_alpns") for n in r.log(2)[:2]],
             [["h2"], None])
        same(r.log(2)[0]["step"], "scheme")


def h2_head_and_methods():
    with serve() as r:
        head, body = curl(r, "/", "--head")
        same((head.split()[1], body), (b"200", b""))
        head, body = curl(r, "/long", "-r", "10-19")
        same((head.split()[1], body), (b"206", LONG[10:20]))
        same(curl(r, "/in", "-d", "x" * 70000)[0].split()[1], b"201")
        same(r.last()["step"], "scheme")
        same(curl(r, "/in", "-d", "y")[0].split()[1], b"201")
        same(curl(r, "/in", "-d", "x" * 70000, "-H",
                  "Expect: 100-continue")[1], b"taken")


def h2_uploads():
    with serve() as r:
        path = TMP / "upload"
        path.write_bytes(b"z" * 9_000_000)
        same(curl(r, "/in", "--data-binary", f"@{path}")[1], b"taken")
        path.write_bytes(b"z" * (65 << 20))
        curl(r, "/in", "--data-binary", f"@{path}", status=None)
        same(r.last()["status"], 413)
        path.unlink()
        with Raw(r) as c:  # whose answer does not wait for the end
            c.send(h2.headers(1, [*h2.asked(HOST, "/in", method="POST",
                                            scheme="http"),
                                  ("content-length", "1")]))
            c.send(h2.frame(h2.DATA, 1, b"xy"))
            c.until(h2.RST_STREAM, 1)
        still_serves(r)


def h2_early_hints_and_trailers():
    with serve() as r:
        with Raw(r) as c:
            c.ask(1, "/hints")
            heads = [c.until(h2.HEADERS, 1)[0] for _ in range(2)]
            same([bool(h[1] & h2.END_STREAM) for h in heads], [False, False])
            same(c.answer(1), b"hinted")
            c.ask(3, "/trailed")
            c.until(h2.HEADERS, 3)
            last, data = c.until(h2.HEADERS, 3)
            same((data, bool(last[1] & h2.END_STREAM)), (b"body", True))


# ---- what is not whole ----

def h2_cut_and_unanswered():
    with serve() as r:
        for target in "/cut1", "/cut", "/none", "/reset":
            curl(r, target, status=92)
        with Raw(r) as c:
            for stream, target, sent in ((1, "/cut1", b"cut short"),
                                         (3, "/cut", b"c" * 20000),
                                         (5, "/none", b""), (7, "/reset", b"")):
                c.ask(stream, target)
                got, data = c.until(h2.RST_STREAM, stream)
                same((data, got[3]), (sent, b"\0\0\0\x02"), target)
            c.ask(9, "/")
            same(c.answer(9), b"<p>two</p>", "the connection goes on")
        lines = r.log(6)
        same([n.get("note", "")[:21] for n in lines[:4]],
             ["the recorded response"] * 2 + ["no response was recor"] * 2)
    with serve("--incomplete=404") as r:
        for target in "/cut1", "/none":
            same(curl(r, target)[0].split()[1], b"404")


def h2_repeats_in_order():
    with serve() as r:
        with Raw(r) as c:
            for stream, want in (1, b"first"), (3, b"second"), (5, b"second"):
                c.ask(stream, "/turn")
                same(c.answer(stream), want)


# ---- many streams ----

def h2_many_streams_at_once():
    with serve() as r:
        with Raw(r) as c:
            for stream in range(1, 201, 2):
                c.ask(stream, "/chunked")
            ended = set()
            while len(ended) < 100:
                kind, flags, stream, _ = c.next()
                if (kind in (h2.DATA, h2.HEADERS)
                        and flags & h2.END_STREAM):
                    ended.add(stream)
            same(ended, set(range(1, 201, 2)))
            # while one takes nothing, others go on
            c.ask(201, "/long")
            c.until(h2.HEADERS, 201)
            c.ask(203, "/last")
            c.send(h2.frame(h2.WINDOW_UPDATE, 0, b"\0\x10\0\0"))
            same(c.answer(203), b"bye")


def h2_rules_and_pace():
    rules = TMP / "rules.conf"
    rules.write_text("type=text/html body s{two}{three}\n")
    with serve("--rules", rules) as r:
        head, body = curl(r, "/")
        same(body, b"<p>three</p>")
        true(r.log(1)[0]["rewritten"], r.log(1))
        with Raw(r) as c:  # many that wait for the same
            for stream in range(1, 41, 2):
                c.ask(stream)
            bodies = []
            while len(bodies) < 20:
                kind, _, _, data = c.next()
                bodies += [data] if kind == h2.DATA else []
            same(set(bodies), {b"<p>three</p>"})
        with Raw(r) as c:  # one that goes away while it is made
            c.ask(1, "/gzip")
            c.send(h2.frame(h2.RST_STREAM, 1, b"\0\0\0\x08"))
        still = curl(r, "/")[1]
        same(still, b"<p>three</p>")
    with Capture("slow.pcap") as capture:
        asked, answered = one_stream(1, "/slow", "200", (), b"late")
        capture.talk((h2.PREFACE + h2.frame(h2.SETTINGS) + asked,
                      h2.frame(h2.SETTINGS) + answered), delay=1)
    with serve("--pace", captures=capture.path) as r:
        began = time.monotonic()
        same(curl(r, "/slow")[1], b"late")
        true(0.9 < time.monotonic() - began < 5, "a second late")
        with Raw(r) as c:
            c.ask(1, "/slow")
            time.sleep(0.2)
            r.signal(signal.SIGTERM)
            same(c.answer(1), b"late", "what is in hand is sent")
        r.process.wait(PATIENCE)


def h2_clear_prior_knowledge():
    with serve() as r:
        to = f"http://127.0.0.1:{r.port}/"
        got = tool("curl", "-sS", "--http2-prior-knowledge", "-H",
                   f"Host: {HOST}", to)
        same(got.stdout, b"<p>two</p>")
        same(r.log(1)[0]["step"], "exact")
        true("tls" not in r.log(1)[0], "in clear")
        got = tool("curl", "-sS", "--http2", "-H", f"Host: {HOST}", to)
        same(got.stdout, b"<p>two</p>", "an offer to upgrade is declined")
        with Client(r.port) as c:
            for byte in h2.PREFACE + h2.frame(h2.SETTINGS):
                c.send(bytes([byte]))
            same(c.take(9)[3], h2.SETTINGS)
        # nearly the preface
        same(ask_raw(r.port, b"PRI /x HTTP/1.1\r\nHost: a\r\n\r\n")[:12],
             b"HTTP/1.1 404")
        same(ask_raw(r.port, b"PRI * HT"), b"", "cut")


def h2_proxy_is_http_1():
    with serve() as r:
        with Raw(r) as c:
            c.send(h2.headers(1, [(":method", "CONNECT"),
                                  (":authority", f"{HOST}:443")], False))
            c.until(h2.HEADERS, 1)
        same(r.last()["status"], 501)


def h2_stops():
    with serve() as r:
        idle = Raw(r)
        idle.ask(1)
        idle.answer(1)
        busy = Raw(r)
        busy.ask(1, "/long")
        busy.until(h2.HEADERS, 1)
        r.signal(signal.SIGTERM)
        idle.until(h2.GOAWAY)
        same(idle.rest(), b"")
        busy.send(h2.frame(h2.WINDOW_UPDATE, 0, b"\x01\0\0\0")
                  + h2.frame(h2.WINDOW_UPDATE, 1, b"\x01\0\0\0"))
        data, end = b"", False
        while not end:
            kind, flags, stream, payload = busy.next()
            if kind == h2.DATA:
                data, end = data + payload, flags & h2.END_STREAM
        true(LONG.endswith(data), "to its end")
        r.process.wait(PATIENCE)


# ---- load ----

def h2_load():
    if not shutil.which("h2load"):
        return "h2load is not installed"
    with serve("--quiet", directory=PLAIN) as r:
        got = tool("h2load", "-n", 20000, "-c", 50, "-m", 20, "--connect-to",
                   f"127.0.0.1:{r.port}", f"https://{HOST}/").stdout.decode()
        true("Application protocol: h2" in got, got)
        true("20000 succeeded, 0 failed" in got, got)
        same(len(r.log(20000)), 20000, "a line each")


def h2_memory():
    with serve(directory=PLAIN) as r:
        with Raw(r) as c:
            c.ask(1)
            c.answer(1)
        before, clients = r.resident(), []
        for _ in range(500):
            c = Raw(r)
            c.ask(1)
            c.answer(1)
            clients.append(c)
        until("32 KiB a connection",
              lambda: r.resident() - before < 500 * (32 << 10))
        before = r.resident()
        for c in clients[:50]:  # who never opens the window
            for stream in range(3, 103, 2):
                c.ask(stream, "/long")
        time.sleep(1)
        true(r.resident() - before < 60 << 20, "nothing piles up")
        for c in clients:
            c.socket.close()
        until("closing", lambda: r.descriptors() < 50)


# ---- clients that break the rules ----

def drown(r, data, times):
    """Sends until the other side has enough of it, or all of it went."""
    with Raw(r) as c:
        c.socket.settimeout(10)
        try:
            for _ in range(times):
                c.send(data)
            c.half_close()
            c.rest()
        except (OSError, AssertionError):
            pass


def h2_floods():
    literal = h2.block(h2.asked(HOST, "/", scheme="http"))
    # a field of 4000 bytes in the table, then named again and again
    bomb = (b"\x40" + h2.text("x-bomb") + h2.text("b" * 4000))
    with serve("--quiet") as r:
        still_serves(r)
        before = r.resident()
        drown(r, h2.frame(h2.SETTINGS, data=b"\0\3\0\0\0\1" * 500), 3000)
        drown(r, h2.frame(h2.PING, data=bytes(8)) * 1000, 300)
        drown(r, h2.frame(h2.WINDOW_UPDATE, 0, b"\0\0\0\1") * 1000, 300)
        drown(r, h2.frame(h2.PRIORITY, 1, bytes(5)) * 1000, 300)
        for count in (1, 9000):
            drown(r, h2.frame(h2.HEADERS, 1, literal)
                  + h2.frame(h2.CONTINUATION, 1,
                             h2.block([("x", "y" * 1000)])) * count, 3000)
        drown(r, h2.frame(h2.HEADERS, 1, literal)
              + h2.frame(h2.CONTINUATION, 1) * 1000, 1000)
        with Raw(r) as c:
            c.send(h2.frame(h2.HEADERS, 1, literal + bomb + b"\xbe" * 8000,
                            h2.END_HEADERS | h2.END_STREAM))
            c.until(h2.HEADERS, 1)  # 431
        same(r.last()["status"], 431)
        still_serves(r)
        true(r.resident() - before < 120 << 20, "bounded")
        broken = [n for n in r.log_lines()
                  if n.get("ended", "").startswith("broken HTTP/2: ")]
        true(len(broken) < 9, f"once a connection: {broken}")


def h2_rapid_reset():
    with serve("--quiet") as r:
        with Raw(r) as c:
            stream = 1
            try:
                for _ in range(300):
                    data = b""
                    for _ in range(100):
                        data += (h2.headers(stream, h2.asked(
                            HOST, "/long", scheme="http"), True)
                            + h2.frame(h2.RST_STREAM, stream, b"\0\0\0\x08"))
                        stream += 2
                    c.send(data)
                c.half_close()
                c.rest()
            except OSError:
                pass
        still_serves(r)
        true(len(r.log_lines()) < 30000, "it had enough before the end")


def h2_false_frames():
    host = h2.asked(HOST, "/", scheme="http")
    settings = h2.frame(h2.SETTINGS)
    after = [b"\xff" * 100, h2.frame(99, 1, b"x"), h2.frame(h2.DATA, 0, b"x"),
             h2.frame(h2.DATA, 1, b"x"), h2.frame(h2.HEADERS, 2, b"\x82"),
             h2.frame(h2.HEADERS, 1, b"\xff\xff\xff\xff\xff\xff\xff\x7f", 5),
             h2.frame(h2.HEADERS, 1, b"\xbf", 5), h2.frame(h2.PING, 0, b"x"),
             h2.frame(h2.SETTINGS, 0, b"\0\5\0\0\0\1"),
             h2.frame(h2.SETTINGS, 0, b"\0\4\xff\xff\xff\xff"),
             h2.frame(h2.SETTINGS, 0, b"abc"), h2.frame(h2.CONTINUATION, 1),
             h2.frame(h2.WINDOW_UPDATE, 0, bytes(4)),
             h2.frame(h2.WINDOW_UPDATE, 0, b"\x7f\xff\xff\xff") * 2,
             h2.frame(h2.PUSH_PROMISE, 1, b"\0\0\0\2\x82", 4),
             h2.frame(h2.DATA, 1, b"", 0, size=0xffffff),
             h2.frame(h2.HEADERS, 1, b"\xff" + h2.block(host), 0x0d),
             h2.headers(1, host, True) * 2, h2.headers(1, host[1:], True),
             h2.headers(1, [*host, (":path", "/")], True),
             h2.headers(1, [*host, ("x", "a\r\nb: c")], True),
             h2.headers(1, [*host, ("Upper", "x")], True),
             h2.headers(1, [*host, ("connection", "x")], True),
             h2.headers(1, [*host, ("content-length", "7")], True),
             h2.headers(1, [*host, ("content-length", "-1")], True),
             h2.headers(1, [(":method", "GE T"), *host[1:]], True),
             h2.headers(1, [*host[:3], (":path", "/a b\x7f")], True),
             h2.headers(1, [*host[:2], (":authority", "a@b\x00c"),
                            host[3]], True),
             h2.headers(1, host) + h2.headers(1, [(":method", "x")], True),
             h2.headers(1, host) + h2.frame(h2.RST_STREAM, 1, b"\0\0\0\0")
             + h2.frame(h2.DATA, 1, b"late", 1)]
    with serve() as r:
        for number, data in enumerate(after):
            ask_raw(r.port, h2.PREFACE + settings + data)
            true(r.process.poll() is None, number)
        true(0 < len(r.told("broken HTTP/2: ")) <= len(after),
             "told once a connection")
        for at in range(0, 60, 7):  # cut anywhere
            ask_raw(r.port, (h2.PREFACE + settings
                             + h2.headers(1, host, True))[:at + 3])
        ask_raw(r.port, h2.PREFACE + b"GET / HTTP/1.1\r\n\r\n" * 1000)
        still_serves(r)
        true(not any("\x00" in n or "\x1b" in n for n in r.lines), "escaped")
        # bytes over the limit of a head: refused, and the connection lives
        with Raw(r) as c:
            c.send(h2.frame(h2.HEADERS, 1, h2.block(host), 1))
            part = h2.block([("x", "y" * 16000)])
            for _ in range(7):
                c.send(h2.frame(h2.CONTINUATION, 1, part))
            c.send(h2.frame(h2.CONTINUATION, 1, b"", h2.END_HEADERS))
            same(c.answer(1), b"<p>two</p>", "100 kB of fields are taken")


def h2_heads_of_many_streams():
    """Those of a connection are bounded together."""
    with serve("--quiet") as r, Raw(r) as c:
        head = h2.block(h2.asked(HOST, "/in", method="POST", scheme="http"))
        bomb = b"\x40" + h2.text("x-bomb") + h2.text("b" * 4000)
        for stream in 1, 3, 5, 7, 9:  # 240 kB each
            c.send(h2.frame(h2.HEADERS, stream, head + bomb + b"\xbe" * 59,
                            h2.END_HEADERS))
            bomb = b"\xbe"
        c.until(h2.HEADERS, 9)  # 431
        same(r.last()["status"], 431)
        c.send(h2.frame(h2.DATA, 1, b"x", h2.END_STREAM))
        same(c.answer(1), b"taken", "the others are asked as ever")


def h2_slow_heads():
    """A byte at a time, others in between."""
    with serve() as r:
        with Raw(r) as c:
            for byte in h2.headers(1, h2.asked(HOST, "/", scheme="http"),
                                   True):
                c.send(bytes([byte]))
            still_serves(r)
            same(c.answer(1), b"<p>two</p>")


run([f for n, f in list(globals().items())
     if re.match(r"(p\d\d|h2)_", n) and callable(f)])
