#!/usr/bin/env python3
"""The lab's clients visit an HTTPS site whose recording is years old: the
lab's authority is in their stores, and nothing warns.

usage: lab-https.py SAN_DIR PLAIN_DIR [TEST...]
"""
import shutil
import ssl
import stat
import subprocess

from lib import eve, h2, lab, sealed
from lib.sealed import Certificate
from playback import PLAIN, TMP, Capture, ok, request, run, same, true

WWW, CDN, TWO = "www.lab.example", "cdn.lab.example", "two.lab.example"
PARTS = {"/": ("text/html", b"<title>in streams</title><link rel=stylesheet "
               b"href=/s.css><script src=/a.js></script><img src=/p.svg>"
               b"<p>all of it"),
         "/s.css": ("text/css", b"p{color:red}" * 2000),
         "/a.js": ("text/javascript", b"var a = 1;\n" * 9000),
         "/p.svg": ("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'"
                    b" width='9' height='9'/>")}
PAGE = (f"<title>in order</title><link rel=stylesheet "
        f"href=https://{CDN}/s.css><p>all of it").encode()


def capture():
    """Written by a proxy that took the TLS off."""
    path = TMP / "https.pcap"
    if not path.exists():
        with Capture(path.name) as c:
            c.talk((request(WWW, f"https://{WWW}/"),
                    ok(PAGE, "Content-Type: text/html")),
                   server="198.51.100.20")
            c.talk((request(CDN, f"https://{CDN}/s.css"),
                    ok(b"p{color:red}", "Content-Type: text/css")),
                   server="198.51.100.21")
    return path


def visit(*options, path=None):
    return lab.run(PLAIN, "--url", f"https://{WWW}/", *options,
                   path or capture())


def in_tls():
    """Recorded with certificates that hold too long, and no more, and for
    others."""
    path, keys = TMP / "in-tls.pcap", TMP / "in-tls.keys"
    if path.exists():
        return path, keys
    www = Certificate(TMP / "www", f"/C=DE/O=W\u00fcrste/CN={WWW}",
                      f"DNS:{WWW},DNS:*.other.example,IP:192.0.2.1",
                      "20100101000000Z", "20451231235959Z")
    cdn = Certificate(TMP / "cdn", "/O=Content & Sons_1",
                      "DNS:*.example,DNS:else.example,email:x@lab.example",
                      "20160101000000Z", "20170401000000Z")
    with Capture(path.name) as c:
        sealed.talk(c, www, (request(WWW),
                             ok(PAGE, "Content-Type: text/html")),
                    name=WWW, server="198.51.100.20", keylog=keys,
                    version=ssl.TLSVersion.TLSv1_3)
        sealed.talk(c, cdn, (request(CDN, "/s.css"),
                             ok(b"p{color:red}", "Content-Type: text/css")),
                    name=CDN, server="198.51.100.21", keylog=keys)
    return path, keys


def log(result):
    return eve.read(result.text("replay.jsonl"))


def no_warning(client, *options, path=None):
    """P28: the client's clock stands at the recording's time."""
    if not shutil.which("certutil"):
        return "certutil is not installed (libnss3-tools)"
    result = visit("--client", client, *options, path=path)
    facts = result.facts["visit"]
    same((facts["load_error"], facts["title"]), (None, "in order"), client)
    true(facts["authority"], "in its store")
    asked = {n["url"]: n for n in log(result) if "url" in n}
    for url in f"https://{WWW}/", f"https://{CDN}/s.css":
        same(asked[url]["step"], "exact", url)
        same(asked[url]["tls"]["sni"], url.split("/")[2])
    true(not any("failure" in n for n in log(result)), "no client refuses")
    return None


def p28_chromium():
    return no_warning("chromium")


def p28_firefox():
    if not shutil.which("firefox-esr"):
        return "firefox-esr is not installed"
    return no_warning("firefox")


def p28_like_chromium():
    path, keys = in_tls()
    return no_warning("chromium", "--keylog", keys, path=path)


def p28_like_firefox():
    if not shutil.which("firefox-esr"):
        return "firefox-esr is not installed"
    path, keys = in_tls()
    return no_warning("firefox", "--keylog", keys, path=path)


def p28_program():
    """Other programs by their variables; and one that is told to believe in
    nobody, which does not."""
    result = visit("--exec", 'curl -sS "$URL"; curl -sS --cacert /etc/passwd '
                   '"$URL" 2> /dev/null; echo " $?"')
    same(result.text("output.txt"), PAGE.decode() + " 77\n")
    result = visit("--exec", 'unset CURL_CA_BUNDLE SSL_CERT_FILE; '
                   'curl -sS "$URL" 2> /dev/null; echo " $?"')
    same(result.text("output.txt"), " 60\n")
    failed = [n["failure"] for n in log(result)]
    true(failed[0].startswith("alert unknown ca"), failed)


def p28_what_is_kept():
    """The key is the run's alone; with the secrets its capture can be read."""
    result = visit("--exec", 'curl -sS "$URL"')
    for name in "tls/authority.pem", "tls/secrets.txt", "ca.crt":
        same(stat.S_IMODE((result.path / name).stat().st_mode), 0o600, name)
    true("CLIENT_TRAFFIC_SECRET_0 " in result.text("tls/secrets.txt"), "")
    other = visit("--exec", "true")
    true(other.text("ca.crt") != result.text("ca.crt"), "made for each run")
    if not shutil.which("tshark"):
        return "tshark is not installed"
    said = subprocess.run(
        ["tshark", "-r", result.path / "client.pcap", "-o",
         f"tls.keylog_file:{result.path}/tls/secrets.txt", "-Y",
         "http.request", "-T", "fields", "-e", "http.host"],
        capture_output=True, text=True, timeout=60)
    same(said.stdout, WWW + "\n", "read with them")
    return None


# ---- HTTP/2 ----

def by_hand():
    """HTTP/2 in clear, of which a first recording in TLS is made."""
    asked = h2.PREFACE + h2.frame(h2.SETTINGS)
    answered = h2.frame(h2.SETTINGS)
    for number, (target, (kind, body)) in enumerate(PARTS.items()):
        stream = number * 2 + 1
        asked += h2.headers(stream, h2.asked(TWO, target, scheme="http"), True)
        answered += h2.message(stream, [(":status", "200"),
                                        ("content-type", kind)], body)
    path = TMP / "by-hand.pcap"
    with Capture(path.name) as c:
        c.talk((asked, answered), server="198.51.100.22")
    return path


def recorded(result):
    """What the lab captured, and how to read it."""
    return ["--keylog", result.path / "tls/secrets.txt",
            result.path / "client.pcap"]


def versions(result):
    said = subprocess.run([PLAIN / "replay", "--list", "--no-digest",
                           *recorded(result)], capture_output=True, text=True,
                          check=True, timeout=60)
    rows = [n.split("\t") for n in said.stdout.splitlines()[1:]]
    return {(row[5], row[13]) for row in rows if row[7] == TWO}


def h2_recorded_and_replayed_again():
    """A recording of a replay, with that replay's secrets, is one too."""
    urls = " ".join(f"https://{TWO}{target}" for target in PARTS)
    first = lab.run(PLAIN, "--url", f"https://{TWO}/", "--exec",
                    f"curl -sS --http2 {urls} > /dev/null", by_hand())
    same(versions(first), {("https", "HTTP/2")}, "curl's")
    again = lab.run(PLAIN, "--client", "chromium", "--url", f"https://{TWO}/",
                    *recorded(first))
    facts = again.facts["visit"]
    same((facts["load_error"], facts["title"]), (None, "in streams"), "")
    same(versions(again), {("https", "HTTP/2")}, "Chromium's")
    true(again.lines[-1].startswith("reproduced: 4 of 4 reproducible exchanges "
                               "(100.0 %)"), again.lines[-1])
    third = lab.run(PLAIN, "--client", "chromium", "--url", f"https://{TWO}/",
                    *recorded(again))
    same(versions(third), {("https", "HTTP/2")}, "the third")
    true("(100.0 %)" in third.lines[-1], third.lines[-1])
    asked = {n["url"]: n for n in log(third) if "url" in n}
    for target in PARTS:
        same(asked[f"https://{TWO}{target}"]["step"], "exact", target)
    if not shutil.which("firefox-esr"):
        return "firefox-esr is not installed"
    other = lab.run(PLAIN, "--client", "firefox", "--url", f"https://{TWO}/",
                    *recorded(first))
    same(versions(other), {("https", "HTTP/2")}, "Firefox's")
    true("(100.0 %)" in other.lines[-1], other.lines[-1])
    return None


lab.need("chromium", "curl")
run([p28_chromium, p28_firefox, p28_like_chromium, p28_like_firefox,
     p28_program, p28_what_is_kept, h2_recorded_and_replayed_again])
