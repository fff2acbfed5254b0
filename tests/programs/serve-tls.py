#!/usr/bin/env python3
"""HTTPS: the authority and its certificates, versions old and new, server
names of any kind, clear and TLS on one port, what was recorded in the other
scheme, and clients that break the rules.

usage: serve-tls.py SAN_DIR PLAIN_DIR [TEST...]
"""
import gzip
import os
import re
import shutil
import socket
import ssl
import stat
import struct
import time
import warnings

from lib import sealed
from lib.authority import CA, authority, serve as served, tool
from lib.sealed import Certificate, openssl
from playback import *

warnings.simplefilter("ignore", DeprecationWarning)  # old versions are meant

HOST = "www.tls.example"
BEGIN = "2017-03-14 10:12:05"  # when Capture begins
OLD = {"1.0": "-tls1", "1.1": "-tls1_1"}
LONG = bytes(i * 7 % 251 for i in range(5_000_000))
CUT = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\ncut short"
PLAIN_TEXT = b"<p>" + b"packed by brotli " * 40 + b"</p>"
PACKED = gzip.compress(PLAIN_TEXT, mtime=0)


def packed():
    """PLAIN_TEXT in brotli: stored, as its meta-blocks allow (RFC 7932 9)."""
    head = len(PLAIN_TEXT) - 1 << 4 | 1 << 20  # four nibbles, uncompressed
    return head.to_bytes(3, "little") + PLAIN_TEXT + b"\x03"


def site():
    """In clear but for one host, which a proxy of TLS wrote down."""
    path = TMP / "site.pcap"
    if path.exists():
        return path
    with Capture("site.pcap") as capture:
        capture.talk((request(HOST), ok("page", "Content-Type: text/plain")),
                     (request(HOST, "/long"), ok(LONG)),
                     (request(HOST, "/in", method="POST", body=b"x" * 70000),
                      ok("taken")))
        capture.talk((request(HOST, "/last"), ok("bye", "Connection: close")))
        capture.talk((request(HOST, "/cut"), CUT))
        capture.talk(
            (request("s.example", "https://s.example/br",
                     "Accept-Encoding: gzip, br"),
             ok(packed(), "Content-Type: text/html", "Content-Encoding: br")),
            (request("s.example", "https://s.example/gz",
                     "Accept-Encoding: gzip, br"),
             ok(PACKED, "Content-Encoding: gzip")),
            server="198.51.100.8")
    return path


def serve(*options, captures=None, **more):
    return served(captures or site(), *options, **more)


def context(**more):
    c = ssl.create_default_context(cafile=authority())
    for name, value in more.items():
        setattr(c, name, value)
    return c


class Secure(Client):
    """A client over TLS that takes our authority's certificates alone."""

    def __init__(self, at, name=HOST, sni=True, tls=None, session=None):
        super().__init__(at)
        tls = tls or context()
        if not sni:
            tls.check_hostname = False
        self.socket = tls.wrap_socket(
            self.socket, server_hostname=name if sni else None,
            session=session, suppress_ragged_eofs=False)

    def get(self, host=HOST, target="/", *more):
        self.send(request(host, target, *more))
        return self.answer()


def certificate(at, *options):
    """What `openssl s_client` gets, as text."""
    got = tool("openssl", "s_client", "-connect", f"127.0.0.1:{at}", *options,
              status=None).stdout
    return tool("openssl", "x509", "-noout", "-text", input=got,
               stdin=None).stdout.decode()


# ---- the authority ----

def tls_ca_is_made_once_and_printed():
    directory = TMP / "once" / "ca"
    first = tool(SAN / "replay", "--ca-cert", "--ca", directory).stdout
    same(first, tool(PLAIN / "replay", "--ca-cert", "--ca", directory).stdout)
    true(first.startswith(b"-----BEGIN CERTIFICATE-----"), first)
    same(first.count(b"BEGIN"), 1, "and no key")
    same([p.name for p in directory.iterdir()], ["authority.pem"])
    same(stat.S_IMODE(directory.stat().st_mode), 0o700)
    same(stat.S_IMODE((directory / "authority.pem").stat().st_mode), 0o600)


def tls_ca_that_cannot_be():
    (TMP / "file").write_text("x")
    for place in "/proc/self/ca", TMP / "file" / "ca":
        done = tool(SAN / "replay", "--ca-cert", "--ca", place, status=1)
        same(done.stderr.count(b"\n"), 1, done.stderr)
        done = tool(SAN / "replay", "--listen", "127.0.0.1:0", "--ca", place,
                   site(), status=1)
    tool(SAN / "replay", "--ca-cert", site(), status=2)
    tool(SAN / "replay", "--ca-cert", "--list", status=2)
    tool(SAN / "replay", "--tls-min", "1.4", site(), status=2)


def tls_ca_in_the_usual_place():
    """Made where https was recorded; elsewhere one that is there serves, and
    nothing is written once replay serves."""
    state = TMP / "state-of-user"
    os.environ["XDG_STATE_HOME"] = str(state)
    with Replay(site()) as r:
        same(ask(r.port, HOST).body, b"page")
        true(state.exists(), "https exchanges are served")
    shutil.rmtree(state)
    with Capture("clear.pcap") as capture:
        capture.talk((request(HOST), ok("page")))
    with Replay(capture.path) as r:
        same(ask(r.port, HOST).body, b"page")
        true(not state.exists(), "nobody needs one")
        tls = context(check_hostname=False, verify_mode=ssl.CERT_NONE)
        with Secure(r.port, tls=tls) as c:
            same(c.get().body, b"page")
        r.line("made for this run alone")
        true(not state.exists(), "it may write nothing")
    kept = tool(SAN / "replay", "--ca-cert").stdout.decode()
    true((state / "reenact/ca/authority.pem").exists(), "made for --ca-cert")
    with Replay(capture.path) as r:
        with Secure(r.port, tls=ssl.create_default_context(cadata=kept)) as c:
            same(c.get().body, b"page")
        same(r.told("this run alone"), [])
    os.environ["XDG_STATE_HOME"] = "/proc/none"
    with Replay(capture.path) as r:
        with Secure(r.port, tls=tls) as c:
            same(c.get().body, b"page")
        r.line("made for this run alone")


# ---- certificates ----

def tls_curl_takes_it():
    curl = ["curl", "-sS", "--cacert", authority(), "--max-time", "20"]
    with serve() as r:
        to = ["--connect-to", f"::127.0.0.1:{r.port}"]
        same(tool(*curl, *to, f"https://{HOST}/").stdout, b"page")
        tool(*curl, f"https://127.0.0.1:{r.port}/", "--fail", status=22)
        tool("curl", "-sS", *to, f"https://{HOST}/", status=60)
        line = r.log(3)[2]
        same(line["failure"].split(":")[0], "alert unknown ca")
        same(line["tls"]["sni"], HOST)
        true("url" not in line and line["peer"] and line["local"], line)
        r.line("TLS handshake failed: alert unknown ca: .*; server name "
               + HOST)


def p28_then_and_now():
    """A client whose clock stands at the recording's time."""
    if not shutil.which("faketime"):
        return "faketime is not installed"
    with serve() as r:
        for when in BEGIN, "2017-03-14 23:00:00", "now":
            same(tool("faketime", when, "curl", "-sS", "--cacert", authority(),
                     "--connect-to", f"::127.0.0.1:{r.port}",
                     f"https://{HOST}/").stdout, b"page", when)
        tool("faketime", "2012-01-01 00:00:00", "curl", "-sS", "--cacert",
            authority(), "--connect-to", f"::127.0.0.1:{r.port}",
            f"https://{HOST}/", status=60)


def tls_ecdsa_and_rsa():
    with serve() as r:
        text = certificate(r.port, "-servername", HOST)
        true("id-ecPublicKey" in text and "P-256" in text, text)
        for old in (["-tls1_2", "-cipher", "AES128-SHA"],
                    ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA"],
                    ["-tls1_2", "-sigalgs", "RSA+SHA256"],
                    ["-tls1_2", "-groups", "P-384"],
                    ["-tls1_3", "-sigalgs",
                     "RSA-PSS+SHA256:RSA+SHA256:ECDSA+SHA384"]):
            text = certificate(r.port, "-servername", HOST, *old)
            true("Public Key Algorithm: rsaEncryption" in text,
                 f"{old}: {text}")
            true(f"DNS:{HOST}" in text, text)


def tls_old_versions():
    with serve() as r:
        for name, option in OLD.items():
            tool("openssl", "s_client", "-connect", f"127.0.0.1:{r.port}",
                option, "-cipher", "ALL:@SECLEVEL=0", status=1)
        same([n["failure"] for n in r.log(2)],
             ["the client is too old (--tls-min takes it)"] * 2)
    with serve("--tls-min", "1.0") as r:
        for name, option in OLD.items():
            for cipher in "ALL", "AES128-SHA":
                got = tool("openssl", "s_client", "-connect",
                          f"127.0.0.1:{r.port}", option, "-cipher",
                          f"{cipher}:@SECLEVEL=0", "-CAfile", authority(),
                          "-verify_return_error", "-servername", HOST,
                          "-ign_eof", input=request(
                              HOST, "/", "Connection: close"), stdin=None)
                true(b"\r\n\r\npage" in got.stdout, got.stdout[-500:])
                line = r.last()
                same((line["step"], line["tls"]["version"]),
                     ("scheme", {"1.0": "TLSv1", "1.1": "TLS 1.1"}[name]))
        with Secure(r.port) as c:
            same(c.get().body, b"page")
            same(c.socket.version(), "TLSv1.3")
    with serve("--tls-min", "1.3") as r:
        tool("openssl", "s_client", "-connect", f"127.0.0.1:{r.port}",
            "-tls1_2", status=1)
        with Secure(r.port) as c:
            same(c.get().body, b"page")


# ---- names ----

def tls_names_of_any_kind():
    """P18, and what is no name."""
    with serve() as r:
        for sni, want in ((HOST.upper(), f"DNS:{HOST}"),
                          (HOST + ".", f"DNS:{HOST}"),
                          ("under_score.example", "DNS:under_score.example"),
                          ("192.0.2.77", "IP Address:192.0.2.77"),
                          ("a b", "IP Address:127.0.0.1"),
                          ("-bad-.example", "IP Address:127.0.0.1"),
                          ("*.example", "IP Address:127.0.0.1"),
                          ("\xe4\xf6.example", "IP Address:127.0.0.1"),
                          ("a" * 64 + ".example", "IP Address:127.0.0.1"),
                          (".".join(["a" * 49] * 5),
                           "DNS:" + ".".join(["a" * 49] * 5))):
            text = certificate(r.port, "-servername", sni)
            found = re.findall(r"(?:DNS|IP Address):[^\s,]*", text)
            same(found, [want], sni)
        text = certificate(r.port, "-noservername")
        true("IP Address:127.0.0.1" in text, text)


def vector(size, data):
    return len(data).to_bytes(size, "big") + data


def extension(number, data):
    return struct.pack(">H", number) + vector(2, data)


def hello(sni=None, extensions=b"", ciphers=b"\xc0\x2b\xc0\x2f", size=None):
    """A ClientHello of TLS 1.2."""
    more = (extension(10, vector(2, b"\x00\x17"))
            + extension(13, vector(2, b"\x04\x03\x04\x01")) + extensions)
    if sni is not None:
        more += extension(0, vector(2, b"\x00" + vector(2, sni)))
    body = (b"\x03\x03" + bytes(32) + b"\x00" + vector(2, ciphers)
            + b"\x01\x00" + vector(2, more))
    message = b"\x01" + (size or len(body)).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + vector(2, message)


def raw(port, data):
    """What comes back, up to the close or a second of silence."""
    with Client(port) as c:
        c.send(data)
        c.half_close()
        got = b""
        try:
            while more := c.socket.recv(1 << 16):
                got += more
        except ConnectionResetError:
            pass
        return got


def tls_hostile_names():
    """NUL and 300 bytes are OpenSSL's to refuse, with an alert."""
    with serve() as r:
        same(raw(r.port, hello(b"a.example"))[0], 0x16, "it is a hello")
        for sni in (b"a\0b.example", b"\0", b"x" * 300, b"y" * 16000):
            same(raw(r.port, hello(sni))[:1], b"\x15", sni[:20])
        same(raw(r.port, hello(b""))[0], 0x16, "none")
        same(raw(r.port, hello(b"\r\n\x1b[2J" + b"\xff" * 200))[0], 0x16)
        lines = r.log(7)
        same(len(lines), 7, "each told once")
        true(all(n["failure"] for n in lines), lines)
        true(not any("\x1b" in n for n in r.lines), "escaped")
        r.line(r"server name \\x0D\\x0A\\x1B\[2J\\xFF")
        with Secure(r.port) as c:
            same(c.get().body, b"page")


def p19_the_name_is_not_the_host():
    with serve() as r:
        with Secure(r.port, "front.example") as c:
            same(c.get(HOST).body, b"page")
            same(c.get("s.example", "/gz").body, PACKED)
        first, second = r.log(2)
        same(first["tls"]["sni"], "front.example")
        same(first["url"], f"https://{HOST}/")
        same(first["local"], f"127.0.0.1:{r.port}")
        same((first["step"], second["step"]), ("scheme", "exact"))
        r.line(f"GET https://{HOST}/ .*; server name front.example")
        with Secure(r.port) as c:
            same(c.get().body, b"page")
        r.log(3)
        same(len(r.told("server name")), 2, "only where they differ")


# ---- certificates like the recorded ones ----

NAMES = "DNS:www.like.example,DNS:*.cdn.like.example,DNS:like.example"
SUBJECT = "/C=DE/O=W\u00fcrste & Widgets/CN=www.like.example"


def recorded(directory="like", subject=SUBJECT, names=NAMES, **dates):
    return Certificate(TMP / "recorded" / directory, subject, names, **dates)


def says(pem):
    """Subject, alternative names and dates, as openssl prints them."""
    return openssl("x509", "-noout", "-subject", "-dates", "-ext",
                   "subjectAltName", "-nameopt", "utf8,sep_comma_plus",
                   input=pem).decode().replace(" critical", "")


def shown(at, *options):
    """The same of what a client gets."""
    return says(tool("openssl", "s_client", "-connect", f"127.0.0.1:{at}",
                     *options, status=None).stdout)


def of(text, what):
    return re.search(rf"^ *({what}.*)$", text, re.M)[1]


def like_site(keylog=None):
    """The same certificate, shown in each way that there is."""
    like, page = recorded(), (request(HOST), ok("page"))
    with Capture("like.pcap") as capture:
        capture.talk(page)
        for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
            name = "www.like.example" if version.name[-1] == "2" \
                else "13.cdn.like.example"
            sealed.talk(capture, like, (request(name), ok("sealed")),
                        name=name, version=version, keylog=keylog)
        sealed.talk(capture, recorded("address", "/O=By Address", ""),
                    page, server="127.0.0.1", keylog=keylog)
    return capture.path, says(like.path.read_bytes())


def tls_like_the_recorded_one():
    keys = TMP / "like.keys"
    for keylog in None, keys:
        path, want = like_site(keylog)
        options = ["--keylog", keys] if keylog else []
        with serve(*options, captures=path) as r:
            same(shown(r.port, "-servername", "www.like.example"), want)
            same(shown(r.port, "-servername", "WWW.like.example.",
                       "-tls1_2", "-cipher", "AES128-SHA"), want, "RSA")
            # in TLS 1.3 nobody sees it without keys
            text = shown(r.port, "-servername", "13.cdn.like.example")
            same(text == want, bool(keylog), text)
            # and who names nothing, or somebody else
            text = shown(r.port, "-noservername")
            same((of(text, "subject"), of(text, "IP")),
                 ("subject=O=By Address", "IP Address:127.0.0.1"))
            text = shown(r.port, "-servername", "other.example")
            same((of(text, "subject"), of(text, "DNS")),
                 ("subject=O=By Address", "DNS:other.example"))
            with Secure(r.port, "www.like.example") as c:
                same(c.get("www.like.example").status,
                     200 if keylog else 404)


def tls_names_in_certificates_are_no_hosts():
    """Nobody asked for them."""
    path, _ = like_site()
    hosts = tool(SAN / "dnsgen", path).stdout.decode()
    same(re.findall(r"^address=/([^/]*)/", hosts, re.M),
         ["13.cdn.like.example", "www.like.example", HOST], hosts)


def tls_of_a_name_without_a_like():
    path, _ = like_site()
    with serve(captures=path, listen=["127.0.0.2:0"]) as r:
        text = says(tool("openssl", "s_client", "-connect",
                         f"127.0.0.2:{r.port}", "-servername",
                         "other.example").stdout)
        same((of(text, "subject"), of(text, "DNS")),
             ("subject=CN=other.example", "DNS:other.example"))


def p28_recorded_ones_that_hold_no_more():
    """Over, not yet valid, for somebody else: the client takes them, then and
    now."""
    rows = {"over": {"begins": "20160301000000Z", "ends": "20170601000000Z"},
            "early": {"begins": "20400301000000Z", "ends": "20410601000000Z"},
            "foreign": {"names": "DNS:else.example"},
            "common": {"names": "", "subject": "/CN=common.example"}}
    with Capture("holds.pcap") as capture:
        capture.talk((request(HOST), ok("page")))
        for name, how in rows.items():
            sealed.talk(capture, recorded(name, **how), name=f"{name}.example")
    with serve(captures=capture.path) as r:
        for name in rows:
            with Secure(r.port, f"{name}.example") as c:
                same(c.get().body, b"page", name)
            for when in [BEGIN] if shutil.which("faketime") else []:
                same(tool("faketime", when, "curl", "-sS", "--cacert",
                          authority(), "--connect-to", f"::127.0.0.1:{r.port}",
                          f"https://{name}.example/", "-H", f"Host: {HOST}"
                          ).stdout, b"page", name)
        text = shown(r.port, "-servername", "over.example")
        same(of(text, "notBefore"), "notBefore=Mar  1 00:00:00 2016 GMT")
        same(of(text, "DNS"), NAMES.replace(",", ", ") + ", DNS:over.example")


def tls_hostile_recorded_certificates():
    """Garbage, too long, cut: a certificate of our own."""
    good = recorded().der

    def shows(der, size=None):
        chain = vector(3, vector(3, der))
        message = b"\x0b" + (size or len(chain)).to_bytes(3, "big") + chain
        data = b"\x02\x00\x00\x02\x03\x03" + message
        return b"".join(b"\x16\x03\x03" + vector(2, data[i:i + 16000])
                        for i in range(0, len(data), 16000))

    rows = [b"", b"\x00", b"\xff" * 60000, b"0\x84\xff\xff\xff\xff" * 9000,
            b"0\x80" * 30000, b"x" * 70000, good[:200], good[:-1],
            good + bytes(10), bytes(reversed(good)),
            good.replace(b"like", b"l\0ke")]
    with Capture("hostile-certificates.pcap") as capture:
        capture.talk((request(HOST), ok("page")))
        for number, der in enumerate(rows):
            capture.talk((hello(b"h%d.example" % number), shows(der)),
                         port=443)
        capture.talk((hello(b"size.example"), shows(good, 0xffffff)), port=443)
    with serve(captures=capture.path) as r:
        for name in [f"h{n}.example" for n in range(len(rows))] + [
                "size.example"]:
            with Secure(r.port, name) as c:
                same(c.get().body, b"page", name)
        text = shown(r.port, "-servername", "h2.example")
        same(of(text, "subject"), "subject=CN=h2.example")
    check = tool(SAN / "replay", "--check", "-v", capture.path).stdout
    true(b"\0" not in check, "escaped")


# ---- one port ----

def tls_clear_and_tls_on_one_port():
    with serve() as r:
        same(ask(r.port, HOST).body, b"page")
        with Secure(r.port) as c:
            for _ in range(3):
                same(c.get().body, b"page")
        clear, *secure = r.log(4)
        true("tls" not in clear, clear)
        same(clear["step"], "exact")
        same(secure[0]["tls"], {"sni": HOST, "version": "TLS 1.3"})
        true(secure[0]["cipher"].startswith("TLS_"), secure[0])
        same([n["url"] for n in secure], [f"https://{HOST}/"] * 3)
        # a request ahead of its time, empty lines, a byte at a time
        same(ask_raw(r.port, b"\r\n\r\n" + request(HOST))[:15],
             b"HTTP/1.1 200 OK")
        with Client(r.port) as c:
            for byte in request(HOST):
                c.send(bytes([byte]))
            same(c.answer().body, b"page")


def tls_ports_of_either_kind():
    """A recorded port of TLS that nobody can read, and one of the web: each
    answers both."""
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        web, tls = one.getsockname()[1], other.getsockname()[1]
    with Capture("ports.pcap") as capture:
        capture.talk((request(f"{HOST}:{web}"), ok("page")), port=web)
        capture.talk((hello(b"sealed.example"), b"\x15\x03\x03\x00\x02\x02("),
                     port=tls)
    with serve(captures=capture.path, listen=["127.0.0.1"]) as r:
        same(r.ready, "replay: serving 1 exchanges of 1 hosts on 127.0.0.1 "
             f"ports {web} and TLS ports {tls}")
        for port in web, tls:
            same(ask(port, f"{HOST}:{web}").body, b"page", port)
            with Secure(port) as c:
                same(c.get(f"{HOST}:{web}").body, b"page", port)


def tls_inside_connect():
    with Capture("proxy.pcap") as capture:
        capture.talk((request(HOST, f"{HOST}:443", method="CONNECT"),
                      b"HTTP/1.1 200 Connection established\r\n\r\n"),
                     port=3128)
        capture.talk((request(HOST), ok("page")))
    with serve(captures=capture.path) as r:
        with Client(r.port) as c:
            c.send(request(HOST, f"{HOST}:443", method="CONNECT"))
            same(c.head()[:12], b"HTTP/1.1 200")
            c.socket = context().wrap_socket(c.socket, server_hostname=HOST)
            c.send(request(HOST))
            same(c.answer().body, b"page")
        line = r.log(2)[1]
        same((line["way"], line["url"]), ("proxy", f"https://{HOST}/"))


# ---- recorded in the other scheme ----

def p10_recorded_behind_a_tls_proxy():
    """In clear in the capture, asked as https: answered, and told."""
    with serve() as r:
        with Secure(r.port) as c:
            same(c.get().body, b"page")
        line = r.log(1)[0]
        same(line["step"], "scheme")
        same(line["differs"][0], {"in": "scheme", "asked": "https",
                                  "recorded": "http"})
        r.line(r"#1 scheme; differs in scheme \(https for http\)")


def p21_br_over_clear_http():
    browser = "Accept-Encoding: gzip, deflate"
    with serve() as r:
        got = ask(r.port, "s.example", "/br", browser)
        same((got.body, got.field("Content-Encoding")), (PLAIN_TEXT, None))
        line = r.log(1)[0]
        same((line["step"], line["decoded"]), ("scheme", True))
        r.line("https?://s.example/br .* scheme; .*; decoded")
        # who takes it gets it; gzip is taken in clear too
        got = ask(r.port, "s.example", "/br", browser + ", br")
        same((got.body, got.field("Content-Encoding")), (packed(), "br"))
        got = ask(r.port, "s.example", "/gz", browser)
        same(got.field("Content-Encoding"), "gzip")
        got = ask(r.port, "s.example", "/br", browser, method="HEAD")
        same((got.status, got.body), (200, b""))
        with Secure(r.port, "s.example") as c:
            got = c.get("s.example", "/br", browser)
            same((got.body, got.field("Content-Encoding")), (packed(), "br"))
        true("decoded" not in r.last(), "over TLS as recorded")


def p38_443_answers_for_80():
    """Names on a browser's preload list are asked as https."""
    if os.geteuid():
        return "needs root, for ports 80 and 443"
    with serve(listen=["127.0.0.81"]) as r:
        true(r.ready.endswith("127.0.0.81 ports 80, 443"), r.ready)
    with Capture("clear.pcap") as capture:
        capture.talk((request(HOST), ok("page")))
    with serve(captures=capture.path, listen=["127.0.0.81"]) as r:
        true(r.ready.endswith("127.0.0.81 ports 80 and TLS ports 443"),
             r.ready)
        with Secure(("127.0.0.81", 443)) as c:
            same(c.get().body, b"page")
        # another program's port is no reason not to serve
        with serve(captures=capture.path, listen=["127.0.0.81:0"]) as other:
            same(ask(("127.0.0.81", other.port), HOST).body, b"page")


def tls_recorded_in_tls_only():
    alert = b"\x15\x03\x03\x00\x02\x02\x28"
    with Capture("sealed.pcap") as capture:
        capture.talk((request(HOST), ok("page")), server="127.0.0.1")
        # at the same address, which is that of the listener: no guess
        capture.talk((hello(b"Sealed.Example"), alert), port=443,
                     server="127.0.0.1")
        capture.talk((hello(b"other.example"), alert), port=443,
                     server="203.0.113.10")
    why = "recorded in TLS only, no keys"
    with serve(captures=capture.path) as r:
        with Secure(r.port, "sealed.example") as c:
            got = c.get("sealed.example", "/x")
            same(got.status, 404)
            true(why.encode() in got.body, got.body)
            same(c.get(HOST).body, b"page")
            true(why.encode() not in c.get(HOST, "/none").body, "read")
            true(why.encode() in c.get("203.0.113.10", "/x").body, "address")
            same(c.get("unknown.example", "/").body, b"page", "by-address")
        same(ask(r.port, "sealed.example").body, b"page", "in clear")
        lines = r.log(6)
        same([n.get("note") for n in lines],
             [why, None, None, why, None, None])
        r.line(f"GET https://sealed.example/x 404 .*; {why}")
    scenario = Scenario("range-tls")
    with serve(captures=scenario.path) as r:
        for host in "www.sealed13.example", "www.sealed12.example":
            with Secure(r.port, host) as c:
                true(why.encode() in c.get(host).body, host)


def tls_quic_is_told():
    """Browsers come over TCP instead: a handshake, 404, and why."""
    scenario = Scenario("range-quic")
    unread = "recorded in QUIC only, which is not read"
    hosts = {"video.quic.example": unread, "retry.quic.example": unread,
             "203.0.113.171": unread,
             "both.quic.example": "recorded in TLS and QUIC only, no keys"}
    with serve(captures=scenario.path) as r:
        for host, why in hosts.items():
            with Secure(r.port, "two.quic.example") as c:
                got = c.get(host, "/x")
                same(got.status, 404)
                true(why.encode() in got.body, (host, got.body))
        with Secure(r.port, "foreign.quic.example") as c:
            got = c.get("foreign.quic.example")
            true(b"recorded in" not in got.body, "not known by name")
        same([n.get("note") for n in r.log(5)], [*hosts.values(), None])
        r.line(f"GET https://retry.quic.example/x 404 .*; {unread}")


def tls_quic_ports_are_served():
    """Where QUIC alone was recorded TLS is listened for."""
    if os.geteuid():
        return "needs root, for port 443"
    filtered = "udp or port 80"
    with serve("--filter", filtered, captures=Scenario("range-quic").path,
               listen=["127.0.0.82"]) as r:
        true(r.ready.endswith("127.0.0.82 ports 80 and TLS ports 443"),
             r.ready)
    with serve("--filter", "udp", captures=Scenario("range-quic").path,
               listen=["127.0.0.82"]) as r:
        true(r.ready.endswith("127.0.0.82 TLS ports 443"), r.ready)


# ---- connections ----

def tls_sessions_go_on():
    with serve() as r:
        for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
            tls = context(maximum_version=version)
            with Secure(r.port, tls=tls) as c:
                same(c.get().body, b"page")
                session = c.socket.session
                true(session.has_ticket, "a ticket")
            with Secure(r.port, tls=tls, session=session) as c:
                same(c.get().body, b"page")
                true(c.socket.session_reused, version)
            same(r.last()["tls"]["sni"], HOST, "still known")
        tls = context(maximum_version=ssl.TLSVersion.TLSv1_2)
        tls.options |= ssl.OP_NO_TICKET
        with Secure(r.port, tls=tls) as c:
            session = c.socket.session
        with Secure(r.port, tls=tls, session=session) as c:
            true(c.socket.session_reused, "by its identifier")


def tls_alpn_is_http_1():
    with serve() as r:
        for offer, want in ((["h2", "http/1.1"], "http/1.1"), (["h2"], None),
                            (["http/1.1"], "http/1.1"), (["spdy/3"], None)):
            tls = context()
            tls.set_alpn_protocols(offer)
            with Secure(r.port, tls=tls) as c:
                same(c.socket.selected_alpn_protocol(), want, offer)
                same(c.get().body, b"page")


def tls_no_renegotiation():
    with serve() as r:
        got = tool("openssl", "s_client", "-connect", f"127.0.0.1:{r.port}",
                  "-tls1_2", input=b"R\n", stdin=None, status=None)
        true(b"no renegotiation" in got.stderr, got.stderr[-500:])


def tls_ends_as_recorded():
    """close_notify after what is whole; none after what was cut."""
    with serve() as r:
        with Secure(r.port) as c:
            c.send(request(HOST, "/last"))
            true(c.rest().endswith(b"\r\n\r\nbye"), "close_notify")
        with Secure(r.port) as c:
            c.send(request(HOST, "/cut"))
            same(c.take(len(CUT)), CUT)
            try:
                c.rest()
                raise AssertionError("a cut must look like one")
            except ssl.SSLEOFError:
                pass
        c = Secure(r.port)
        same(c.get().body, b"page")
    same(c.rest(), b"", "close_notify when it stops")


def tls_large_and_many():
    with serve() as r:
        with Secure(r.port) as c:
            same(c.get(HOST, "/long").body, LONG)
            # ahead of its answers, more than is read at once
            c.send(request(HOST) * 300)
            for _ in range(300):
                same(c.answer().body, b"page")
            c.send(request(HOST, "/in", method="POST", body=b"x" * 70000))
            same(c.answer().body, b"taken")
            c.send(request(HOST, "/in", "Transfer-Encoding: chunked",
                           method="POST")
                   + b"".join(b"3e8\r\n" + b"x" * 1000 + b"\r\n"
                              for _ in range(70)) + b"0\r\n\r\n")
            same(c.answer().body, b"taken")
        lines = r.log(303)
        same([n["bytes"] > len(LONG) for n in lines[:2]], [True, False])
        same({n["step"] for n in lines}, {"scheme"})


def tls_upload_of_many_megabytes():
    """More than is read at once, all of it taken."""
    with serve() as r:
        with Secure(r.port) as c:
            c.send(request(HOST, "/in", method="POST", body=b"y" * 9_000_000))
            same(c.answer().body, b"taken")
        same(r.last()["step"], "two-differ")


def tls_slow_reader():
    with serve() as r:
        before = r.resident()
        clients = [Secure(r.port) for _ in range(20)]
        for c in clients:
            c.send(request(HOST, "/long"))
        time.sleep(1)
        true(r.resident() - before < 60 << 20, "nothing piles up")
        for c in clients:
            same(c.answer().body, LONG)
            c.socket.close()


def tls_thousand_connections():
    with serve(directory=PLAIN) as r:
        with Secure(r.port) as c:
            same(c.get().body, b"page")
        before, clients, tls = r.resident(), [], context()
        for _ in range(1000):
            clients.append(Secure(r.port, tls=tls))
        for c in clients:
            c.send(request(HOST))
        for c in clients:
            same(c.answer().body, b"page")
        until("32 KiB a connection",
              lambda: r.resident() - before < 1000 * (32 << 10))
        for c in clients:
            c.socket.close()
        until("closing", lambda: r.descriptors() < 50)


def tls_many_names():
    """Certificates are kept within bounds."""
    with serve(directory=PLAIN) as r:
        tls = context(check_hostname=False)
        for number in range(1500):
            if number == 1000:
                before = r.resident()
            with Secure(r.port, f"n{number}.example", tls=tls):
                pass
        true(r.resident() - before < 4 << 20, "dropped again")


# ---- clients that break the rules ----

def tls_hostile_hellos():
    good = hello(b"a.example")
    bad = [b"\x16", b"\x16\x03\x01", b"\x16" * 400, b"\x16\x03\x01\xff\xff",
           b"\x16\x03\x01\x00\x00" * 500, good[:40], good[:-3],
           good[:9] + b"\xff" * 60, hello(size=0xffffff),
           hello(extensions=extension(0xff01, b"\xff" * 60000)),
           hello(ciphers=b""), hello(ciphers=b"\x00\x04"),
           hello(extensions=b"\x00" * 500), good + b"\x17" * 70000,
           good + b"\x15\x03\x03\x00\x02\x02\x28", good * 50,
           b"\x16\x03\x01\x40\x01" + b"\x01" * 20000,
           # SSL 2.0's hello, a TLS alert, an SMB one, and so on
           b"\x80\x2e\x01\x03\x01\x00\x15\x00\x00\x00\x10" + bytes(37),
           b"\x80", b"\x80\x2e", b"\x80\x2e\x02", b"\xff\xfe\xfd\xfc"]
    with serve() as r:
        for number, data in enumerate(bad):
            raw(r.port, data)
            true(r.process.poll() is None, number)
        with Secure(r.port) as c:
            same(c.get().body, b"page")
        lines = [n for n in r.log(len(bad) - 4) if "url" not in n]
        true(len(lines) <= len(bad), "one line each")
        true(any("SSL 2.0" in n.get("failure", "")
                 for n in lines), lines)


def tls_broken_records():
    """After the handshake: records that do not verify end the connection, and
    nothing of them is a request."""
    with serve() as r:
        for junk in (b"\x17\x03\x03\x00\x40" + bytes(64), b"GET / HTTP/1.1\r\n",
                     b"\x17\x03\x03\xff\xff" + bytes(70000),
                     b"\x16\x03\x03\x00\x04\x0e\x00\x00\x00", bytes(5)):
            plain = Client(r.port)
            under = plain.socket.dup()
            with Secure.__new__(Secure) as c:
                c.buffer = b""
                c.socket = context().wrap_socket(plain.socket,
                                                 server_hostname=HOST)
                same(c.get().body, b"page")
                try:
                    under.sendall(junk)
                    c.socket.recv(1)
                except (ssl.SSLError, OSError):
                    pass
            under.close()
        same(len(r.log(5)), 5, "no request more")
        with Secure(r.port) as c:
            same(c.get().body, b"page")


def tls_hello_byte_by_byte():
    with serve() as r:
        with Client(r.port) as c:
            for byte in hello(b"a.example"):
                c.send(bytes([byte]))
            same(c.take(1), b"\x16")
        # others are served in between, and who goes away is told
        same(r.log(1)[0]["failure"], "the client went away")
        with Client(r.port) as slow:
            slow.send(b"\x16\x03")
            with Secure(r.port) as c:
                same(c.get().body, b"page")


def tls_stops_in_a_handshake():
    with serve() as r:
        with Client(r.port) as c, Client(r.port) as d:
            c.send(hello(b"a.example")[:30])
            d.send(b"\x16")
            time.sleep(0.2)
            r.signal(signal.SIGTERM)
            same((c.rest(), d.rest()), (b"", b""))
            r.process.wait(PATIENCE)


run([f for n, f in list(globals().items())
     if re.match(r"(p\d\d|tls)_", n) and callable(f)])
