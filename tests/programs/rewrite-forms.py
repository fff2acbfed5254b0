#!/usr/bin/env python3
"""P34, P20, P21, P35: what a client could leave the replay by is steered by the
default rules, whatever coding it was sent in, and nothing else is touched.

lib/links.py has the table. Every row of it is served in each coding, asked for
with and without acceptance of it, and given to rewrite --stdin.

usage: rewrite-forms.py SAN_DIR PLAIN_DIR [TEST...]
"""
import concurrent.futures
import gzip
import os
import pathlib
import struct
import subprocess
import zlib

from lib.links import *
from playback import *

RULES = pathlib.Path(__file__).resolve().parents[2] / "etc/rules.conf"
HOST = "www.forms.example"
ALL = "Accept-Encoding: gzip, deflate, br, zstd"


def raw_deflate(data):
    c = zlib.compressobj(wbits=-15)
    return c.compress(data) + c.flush()


def any_inflate(data):
    try:
        return zlib.decompress(data)
    except zlib.error:
        return zlib.decompress(data, wbits=-15)


def by_tool(way, coding):
    """A coding that Python does not know: our tool, which has many bodies at
    once."""
    def convert(bodies):
        data = b"".join(struct.pack(">I", len(b)) + b for b in bodies)
        got = subprocess.run([PLAIN / "tools/coding", way, coding], input=data,
                             stdout=subprocess.PIPE, timeout=PATIENCE,
                             check=True).stdout
        out = []
        while got:
            end = 4 + struct.unpack_from(">I", got)[0]
            out.append(got[4:end])
            got = got[end:]
        same(len(out), len(bodies), f"{way} {coding}")
        return out
    return convert


def each(function):
    return lambda bodies: [function(b) for b in bodies]


def chunked(body):
    at = sorted({0, 1, len(body) // 2, len(body)})
    parts = [body[a:b] for a, b in zip(at, at[1:])] + [b""]
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in parts)


# name: Content-Encoding, how it is put on, how it is taken off, chunked
CODINGS = {
    "plain": (None, each(bytes), each(bytes), False),
    "chunked": (None, each(bytes), each(bytes), True),
    "gzip": ("gzip", each(gzip.compress), each(gzip.decompress), False),
    "gzip-chunked": ("gzip", each(gzip.compress), each(gzip.decompress), True),
    "deflate": ("deflate", each(zlib.compress), each(any_inflate), False),
    "deflate-raw": ("deflate", each(raw_deflate), each(any_inflate), False),
    "br": ("br", by_tool("encode", "br"), by_tool("decode", "br"), False),
    "zstd": ("zstd", by_tool("encode", "zstd"), by_tool("decode", "zstd"),
             False),
}


class Recorded:
    """A row of the table as an exchange."""

    def __init__(self, target, kind, text, coding, coded):
        self.target, self.kind, self.coding = target, kind, coding
        self.sent = as_sent(text).encode("latin-1")
        self.steered = as_steered(text).encode("latin-1")
        name, _, _, self.chunked = CODINGS[coding]
        length = ("Transfer-Encoding: chunked" if self.chunked else
                  f"Content-Length: {len(coded)}")
        lines = ["HTTP/1.1 200 OK", f"content-type: {kind}", "X-Order: 1",
                 length, *([f"Content-Encoding: {name}"] if name else []),
                 "X-Order: 2"]
        self.answer = ("\r\n".join(lines).encode() + b"\r\n\r\n"
                       + (chunked(coded) if self.chunked else coded))

    def where(self):
        return f"{self.target} {self.kind} {self.sent[:90]!r}"


def record(rows, coding):
    sent = [as_sent(text).encode("latin-1") for _, text, _ in rows]
    return [Recorded(f"/{coding}/{n}{end}", kind, text, coding, coded)
            for n, ((kind, text, end), coded)
            in enumerate(zip(rows, CODINGS[coding][1](sent)))]


def served(name, recorded, *options):
    with Capture(name) as capture:
        for r in recorded:
            capture.talk((request(HOST, r.target), r.answer))
    return Replay(capture.path, "--quiet", "--rules", RULES, *options)


def read_chunks(c):
    body = b""
    while True:
        while b"\r\n" not in c.buffer:
            c.buffer += c.take(len(c.buffer) + 1)
        size = int(c.take(c.buffer.index(b"\r\n") + 2), 16)
        part = c.take(size + 2)
        same(part[size:], b"\r\n", "end of a chunk")
        body += part[:size]
        if not size:
            return body


def ask_on(c, target, *more):
    """Head and body by what the head says, and so held to it: what is wrong
    there spoils the next answer on the connection."""
    c.send(request(HOST, target, *more))
    head = c.head()
    if field(head, "Transfer-Encoding") == "chunked":
        same(field(head, "Content-Length"), None, "both lengths")
        return head, read_chunks(c)
    return head, c.take(int(field(head, "Content-Length")))


def other_fields(head):
    """But those that tell length and coding."""
    return [n for n in head.split(b"\r\n") if n.split(b":")[0].lower() not in
            (b"content-length", b"transfer-encoding", b"content-encoding")]


def differences(port, recorded, accept):
    """What is wrong with the answers, after the coding that they have."""
    wrong, got = [], {}
    with Client(port) as c:
        for r in recorded:
            head, body = ask_on(c, r.target, accept)
            name = CODINGS[r.coding][0] if accept == ALL else None
            if field(head, "Content-Encoding") != name:
                wrong.append(f"{r.where()}: coding in {head}")
                continue
            if other_fields(head) != other_fields(
                    r.answer.split(b"\r\n\r\n")[0] + b"\r\n\r\n"):
                wrong.append(f"{r.where()}: fields {head}")
            got.setdefault(r.coding if name else "plain", []).append((r, body))
    for coding, answers in got.items():
        bodies = CODINGS[coding][2]([body for _, body in answers])
        wrong += [f"{r.where()}: got {body!r}"
                  for (r, _), body in zip(answers, bodies)
                  if body != r.steered]
    return wrong


def none(wrong, of):
    for line in wrong[:12]:
        print("  " + line[:400])
    true(not wrong, f"{len(wrong)} of {of} wrong")


def steered_in(coding):
    recorded = record(list(as_rows()), coding)
    true(len(recorded) >= 150, "rows")
    with served(f"{coding}.pcap", recorded) as r:
        none(differences(r.port, recorded, ALL), len(recorded))
        if CODINGS[coding][0]:  # P21: a client that does not accept it
            none(differences(r.port, recorded, "Accept-Encoding: identity"),
                 len(recorded))


def p34_steered_in_plain_answers():
    steered_in("plain")


def p34_steered_in_chunked_answers():
    steered_in("chunked")


def p34_steered_in_gzip():
    steered_in("gzip")


def p34_steered_in_gzip_in_chunks():
    steered_in("gzip-chunked")


def p34_steered_in_deflate():
    steered_in("deflate")


def p34_steered_in_raw_deflate():
    steered_in("deflate-raw")


def p34_steered_in_br():
    steered_in("br")


def p34_steered_in_zstd():
    steered_in("zstd")


def p20_head_tells_the_length_of_get():
    rows = list(as_rows())[:20]
    recorded = record(rows, "plain")
    with served("head.pcap", recorded) as r:
        for row in recorded:
            with Client(r.port) as c:
                head, body = ask_on(c, row.target)
                c.send(request(HOST, row.target, method="HEAD"))
                same(c.head(), head, row.where())
                c.half_close()
                same(c.rest(), b"", "no body")


def p34_look_alikes_leave_with_the_recorded_bytes():
    recorded = [r for coding in CODINGS for r in record(
        [(kind, text, "") for kind, text in LOOK_ALIKES], coding)]
    true(len(LOOK_ALIKES) >= 60, "rows")
    with served("alike.pcap", recorded) as r:
        wrong = []
        for row in recorded:
            got = ask(r.port, HOST, row.target, ALL).raw
            if got != row.answer:
                wrong.append(f"{row.where()}: got {got!r}")
        none(wrong, len(recorded))


def of_field(n, name, value):
    lines = ["HTTP/1.1 302 Found", "Server: made", f"{name}: {value}",
             "X-Last:  1 ", "Content-Length: 3"]
    return f"/{n}", ("\r\n".join(lines) + "\r\n\r\n1.2").encode()


def p35_fields_follow_the_address():
    rows = [*FIELDS, *FIELD_LOOK_ALIKES]
    asked = [of_field(n, name, as_sent(v)) for n, (name, v) in enumerate(rows)]
    with Capture("fields.pcap") as capture:
        for target, answered in asked:
            capture.talk((request(HOST, target), answered))
    wrong = []
    with Replay(capture.path, "--quiet", "--rules", RULES) as r:
        for n, (name, value) in enumerate(rows):
            target, want = of_field(n, name, as_steered(value))
            got = ask(r.port, HOST, target).raw
            if got != want:
                wrong.append(f"{target} {value}: {got}, not {want}")
    none(wrong, len(rows))


# Fields of which nothing may be left (P38, P41), and what is left of others.
TAKEN = {
    "Strict-Transport-Security: max-age=31536000; includeSubDomains": "",
    'Alt-Svc: h3=":443"; ma=86400': "",
    "Alternate-Protocol: 443:quic": "",
    'Public-Key-Pins: pin-sha256="abc="; max-age=9': "",
    'Public-Key-Pins-Report-Only: pin-sha256="abc="': "",
    "Expect-CT: max-age=9, enforce": "",
    'Report-To: {"group":"a","max_age":1,"endpoints":[]}': "",
    'Reporting-Endpoints: a="https://r.example/"': "",
    'NEL: {"report_to":"a","max_age":1}': "",
    "strict-transport-security: max-age=0": "",
    'Clear-Site-Data: "cache"': 'Clear-Site-Data: "cache"',
    "Content-Security-Policy: upgrade-insecure-requests":
        "Content-Security-Policy: ",
    "Content-Security-Policy: default-src 'self'; upgrade-insecure-requests; "
    "img-src *":
        "Content-Security-Policy: default-src 'self'; img-src *",
    "Content-Security-Policy: block-all-mixed-content;report-uri /r":
        "Content-Security-Policy: report-uri /r",
    "Content-Security-Policy: default-src x-upgrade-insecure-requests.example":
        "Content-Security-Policy: default-src "
        "x-upgrade-insecure-requests.example",
}
PAGES = [
    ('<meta http-equiv="Content-Security-Policy" '
     'content="upgrade-insecure-requests">',
     '<meta http-equiv="Content-Security-Policy" content="">'),
    ("<META content=\"default-src 'self'; Upgrade-Insecure-Requests; img-src *\""
     " http-equiv=Content-Security-Policy>",
     "<META content=\"default-src 'self';  img-src *\""
     " http-equiv=Content-Security-Policy>"),
    ('<p>Send upgrade-insecure-requests in a meta element.</p>', None),
]


def p38_p41_what_leads_out_is_taken_out():
    with Capture("out.pcap") as capture:
        for n, line in enumerate(TAKEN):
            capture.talk((request(HOST, f"/{n}"), ok("x", line)))
        for n, (page, _) in enumerate(PAGES):
            capture.talk((request(HOST, f"/page/{n}"),
                          ok(page, "Content-Type: text/html")))
    with Replay(capture.path, "--quiet", "--rules", RULES) as r:
        for n, (line, left) in enumerate(TAKEN.items()):
            same(ask(r.port, HOST, f"/{n}").raw,
                 ok("x", *([left] if left else [])), line)
        for n, (page, left) in enumerate(PAGES):
            same(ask(r.port, HOST, f"/page/{n}").raw,
                 ok(left or page, "Content-Type: text/html"), page)


# P14: (recorded, asked): the same by the rules; another.
BUSTERS = [
    ("/a?_=1489486325123", "/a?_=1764072000000"),
    ("/b?x=1&_=1489486325123&y=2", "/b?x=1&_=1764072000999&y=2"),
    ("/c?cb=1489486325", "/c?cb=1764072000"),
    ("/d?rnd=0.123456789", "/d?rnd=0.98765432101"),
    ("/e?t=1489486325123", "/e?t=1764072000000"),
    ("/f?nocache=1489486325123", "/f?nocache=.7654321"),
    ("/g?_dc=1489486325123", "/g?_dc=1764072000000"),
    ("/h?random=81276498", "/h?random=1276438217"),
    ("/i?u=http://0xC0000207/x", "/i?u=http://192-0-2-7.ip.test/x"),
]
NOT_BUSTERS = [
    ("/a?t=6b1f", "/a?t=6b20"), ("/b?id=1489486325123", "/b?id=1489486325124"),
    ("/c?t=1489486325", "/c?t=1489486326"), ("/d?_=7", "/d?_=8"),
    ("/e?_=1489486325123a", "/e?_=1489486325124a"), ("/f?rnd=17", "/f?rnd=18"),
    ("/g?x_=1489486325123", "/g?x_=1489486325124"),
    ("/h/_=1489486325123", "/h/_=1489486325124"),
    ("/i?ts=9489486325123", "/i?ts=9489486325124"),
]


def p14_only_clocks_and_random_numbers_are_ignored():
    with Capture("busters.pcap") as capture:
        for n, (recorded, _) in enumerate(BUSTERS + NOT_BUSTERS):
            capture.talk((request(HOST, recorded), ok(f"{n}")))
    with Replay(capture.path, "--exact", "--rules", RULES) as r:
        for n, (recorded, asked) in enumerate(BUSTERS + NOT_BUSTERS):
            same(ask(r.port, HOST, recorded).body, b"%d" % n, recorded)
            same(ask(r.port, HOST, asked).status,
                 200 if n < len(BUSTERS) else 404, asked)
    with Replay(capture.path, "--exact") as r:
        for recorded, asked in BUSTERS:
            same(ask(r.port, HOST, asked).status, 404, "without rules")


def by_stdin(row):
    kind, text, end = row
    sent = as_sent(text).encode("latin-1")
    done = subprocess.run(
        [PLAIN / "rewrite", "--rules", RULES, "--stdin", "--type", kind,
         "--host", HOST, "--target", "/x" + end], input=sent,
        capture_output=True, timeout=PATIENCE)
    want = as_steered(text).encode("latin-1")
    if done.returncode or done.stdout != want:
        return f"{kind} {sent!r}: status {done.returncode}, {done.stdout!r}"
    return None


def p34_rewrite_stdin_makes_the_same():
    rows = [*as_rows(), *((kind, text, "") for kind, text in LOOK_ALIKES)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        none([w for w in pool.map(by_stdin, rows) if w], len(rows))


run(tests_of(globals()))
