#!/usr/bin/env python3
"""The program rewrite: the diffs and the summary, one body from standard
input, --check, and what it refuses.

usage: rewrite.py SAN_DIR PLAIN_DIR [TEST...]
"""
import base64
import codecs
import gzip
import hashlib
import os
import pty
import random
import re
import shutil
import subprocess

from playback import *

HOST = "www.site.example"
HTML = "Content-Type: text/html; charset=utf-8"
STEER = "s{({link})({ip})}{$1${steer:2}}gi"
PAGE = """<html>
<p>one
<p>two
<p><a href="http://192.0.2.7/x">three</a>
<p>four
<p>five
<p>six
<p>seven
</html>
"""
STEERED = PAGE.replace("192.0.2.7", "192-0-2-7.ip.test")


def rewrite(*arguments, data=b"", status=0, env=None, directory=SAN):
    """What it writes, and what it says on standard error."""
    done = subprocess.run(
        [directory / "rewrite", *map(str, arguments)], input=data,
        capture_output=True, timeout=PATIENCE * 3,
        env=None if env is None else {**os.environ, **env})
    said = done.stderr.decode("utf-8", "replace")
    same(done.returncode, status, f"{arguments}: {said}")
    return done.stdout, said


def shown(*arguments, **more):
    return rewrite(*arguments, **more)[0].decode()


def rules(text, name="my.conf"):
    path = TMP / name
    path.write_text(text)
    return path


def capture(name, *pairs, **more):
    with Capture(name) as c:
        c.talk(*pairs, **more)
    return c.path


def has(text, *parts):
    for part in parts:
        true(part in text, f"no {part!r} in:\n{text[:3000]}")


def has_not(text, *parts):
    for part in parts:
        true(part not in text, f"{part!r} in:\n{text[:3000]}")


# ---- diffs ----

def show_page():
    conf = rules(f"# one\n\ntype=text/html  body  {STEER}\n"
                 "header Location  delete\n")
    path = capture("page.pcap", (request(HOST), ok(PAGE, HTML)),
                   (request(HOST, "/plain"), ok("nothing", HTML)))
    url = f"http://{HOST}/"
    same(shown("--rules", conf, path), f"""\
#1 GET {url} 200 text/html
{conf}:3
--- recorded body of {url}
+++ rewritten body of {url}
@@ -1,7 +1,7 @@
 <html>
 <p>one
 <p>two
-<p><a href="http://192.0.2.7/x">three</a>
+<p><a href="http://192-0-2-7.ip.test/x">three</a>
 <p>four
 <p>five
 <p>six

matched:
  {conf}:3  once in 1 answer
never matched:
  {conf}:4  header Location delete
1 of 2 answers changed, 0 of 2 targets
""")
    has(shown("--rules", conf, "--zone", "LAB.example.", path),
        "192-0-2-7.lab.example/x")
    same(shown("-q", "--rules", conf, path)[:9], "matched:\n")


def show_head():
    conf = rules(f"header Location  {STEER}\n"
                 "header Strict-Transport-Security delete\n"
                 "header X-Replayed set yes\n"
                 "status=302 status set 307 Temporary Redirect\n")
    path = capture("head.pcap", (request(HOST), ok(
        "", "Location: http://0xC0000207/x", "Server: a",
        "Strict-Transport-Security: max-age=1", status="302 Found")))
    text = shown("--rules", conf, path)
    has(text, f"--- recorded head of http://{HOST}/\n",
        f"+++ rewritten head of http://{HOST}/\n",
        "-HTTP/1.1 302 Found\n", "+HTTP/1.1 307 Temporary Redirect\n",
        "-Location: http://0xC0000207/x\n",
        "+Location: http://192-0-2-7.ip.test/x\n",
        "-Strict-Transport-Security: max-age=1\n",
        "+X-Replayed: yes\n", " Server: a\n")
    has_not(text, "recorded body")


def p20_decoded_before_it_is_shown():
    """Whatever the coding and framing, the text is what differs (P20, P22)."""
    conf = rules(f"type=text/* body {STEER}\n")
    packed = gzip.compress(PAGE.encode())
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(packed[i:i + 50]),
                                         packed[i:i + 50])
                      for i in range(0, len(packed), 50)) + b"0\r\n\r\n"
    chunked = (b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
               b"Transfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n")
    wide = codecs.BOM_UTF16_LE + PAGE.encode("utf-16-le")
    path = capture("coded.pcap", (request(HOST), chunked + chunks),
                   (request(HOST, "/wide"), ok(wide, HTML)))
    text = shown("--rules", conf, path)
    same(text.count('+<p><a href="http://192-0-2-7.ip.test/x">three</a>\n'),
         2, "both")
    has_not(text, "\\x00")


def patch_applies():
    """What --full shows leads from one text to the other (patch(1))."""
    conf = rules("body s{[aeiou]{3}}{***}g\nbody s{\\n\\n}{\\n}\n"
                 "body s{^q.*\\n}{}gm\nbody s{END\\Z}{end\\n}\n")
    if not shutil.which("patch"):
        return "no patch(1)"
    source = random.Random(4)
    letters = "aeiouqxy \n\n\\\t"
    pairs, texts = [], []
    for i in range(12):
        text = "".join(source.choice(letters)
                       for _ in range(source.randrange(1, 4000)))
        text += source.choice(["", "\n", "END", "x" * 5000 + "aei"])
        texts.append(text)
        pairs.append((request(HOST, f"/{i}"), ok(text, HTML)))
    path = capture("patch.pcap", *pairs)
    whole = shown("--rules", conf, "--full", path)
    sections = re.split(r"^#(\d+) GET .*\n", whole, flags=re.M)[1:]
    same(len(sections), 2 * len(texts), "answers shown")
    for number, section in zip(sections[::2], sections[1::2]):
        text = texts[int(number) - 1]
        section = section.split("\n\nmatched:")[0] + "\n"
        old, made = TMP / "old", TMP / "made"
        old.write_text(text)
        done = subprocess.run(["patch", "-s", "-F0", "-o", made, old],
                              input=section, text=True, capture_output=True,
                              timeout=PATIENCE)
        same(done.returncode, 0, f"{number}: {done.stdout}{section[:500]}")
        want, _ = rewrite("--rules", conf, "--stdin", "--type", "text/html",
                          data=text.encode())
        same(made.read_bytes(), want, number)


def hostile_bytes_are_escaped():
    conf = rules("body s{evil}{good}g\nheader X-Bad s{evil}{good}\n")
    page = (b"\x1b]0;evil\x07 \x9b31m evil \xc2\x9b gr\xc3\xbc\xc3\x9f "
            b"\xe2\x80\xae \ttab\x7f\n")
    path = capture("hostile.pcap", (
        request(HOST, "/\x1b[2J\xe9"),
        ok(page, HTML, "X-Bad: evil\x1b[31m")))
    for how in "never", "always":
        text, _ = rewrite("--rules", conf, "--color", how, path)
        plain = re.sub(rb"\x1b\[[0-9;]*m", b"", text)
        true(not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", plain), plain)
        for part in (rb"\x1B]0;good\x07 \x9B31m good \xC2\x9B "
                     b"gr\xc3\xbc\xc3\x9f \\xE2\\x80\\xAE \ttab\\x7F",
                     rb"X-Bad: good\x1B[31m", rb"/\x1B[2J"):
            true(part in plain, f"no {part} in {plain}")


def long_lines_are_windows():
    conf = rules(f"body {STEER}\n")
    script = ("".join(f"v{i}=f(x);" for i in range(50000))
              + 'a("http://192.0.2.7/x");'
              + "".join(f"w{i}=f(x);" for i in range(50000)))
    path = capture("long.pcap", (request(HOST, "/a.js"), ok(
        script, "Content-Type: text/javascript")))
    text = shown("--rules", conf, path)
    true(len(text) < 1500, f"{len(text)} bytes")
    has(text, "v49999=f(x);a(\"http://192.0.2.7/x\");w0=f(x);", "…",
        "v49999=f(x);a(\"http://192-0-2-7.ip.test/x\");w0=f(x);",
        "\\ No newline at end of file\n")
    true(len(shown("--rules", conf, "--full", path)) > 2 * len(script),
         "--full")


def targets_are_shown():
    conf = rules("target s{([?&])_=\\d+}{$1_=0}\ntarget s{x=1}{x=2}\n"
                 "host=other.example target s{a}{b}g\n")
    path = capture("targets.pcap",
                   *[(request(HOST, t), ok("x"))
                     for t in ("/a?_=123", "/a?_=45&x=1", "/a?_=0", "/b")])
    text = shown("--rules", conf, path)
    has(text, f"target: /a?_=123 -> /a?_=0 ({conf}:1)\n",
        f"target: /a?_=45&x=1 -> /a?_=0&x=2 ({conf}:1, {conf}:2)\n",
        f"  {conf}:1  2 targets\n", f"  {conf}:2  1 target\n",
        f"never matched:\n  {conf}:3  host=other.example target s{{a}}{{b}}g",
        "0 of 4 answers changed, 2 of 4 targets\n")


def summary_tells_types_and_what_was_left():
    conf = rules(f"type=text/html body {STEER}\nbody s{{(a+)+b}}{{c}}\n")
    link = b'x = "http://192.0.2.7/x";'
    path = capture(
        "left.pcap",
        (request(HOST, "/a.js"), ok(link * 2, "Content-Type: text/javascript")),
        (request(HOST, "/broken"), ok(gzip.compress(b"<p>" + link)[:-9], HTML,
                                      "Content-Encoding: gzip")),
        (request(HOST, "/slow"), ok(b"a" * 3000000, HTML)))
    text, said = rewrite("--rules", conf, path)
    text = text.decode()
    has(text, "would match, were it not for the type:\n"
        f"  {conf}:1  2 times in 1 answer, as #1 GET http://{HOST}/a.js "
        "(text/javascript)\n",
        f"left as recorded:\n  #2 GET http://{HOST}/broken: gzip",
        f"  #3 GET http://{HOST}/slow: {conf}:2 ran into its limit",
        "0 of 3 answers changed")
    same(said.count("limit"), 1, said)


def p26_dates_stand_as_served_now():
    conf = rules("date Set-Cookie shift\n")
    cookie = "Set-Cookie: a=b; Expires=Wed, 15 Mar 2017 10:12:05 GMT"
    last = "Last-Modified: Tue, 14 Mar 2017 10:12:05 GMT"
    path = capture("dates.pcap", (request(HOST), ok("x", cookie, last)))
    text = shown("--rules", conf, path)
    has(text, f"-{cookie}\n", "+Set-Cookie: a=b; Expires=", f" {last}\n")
    year = int(re.search(r"\+Set-Cookie.* (\d{4}) ", text)[1])
    true(year >= 2026, text)
    text = shown("--rules", conf, "--shift-dates", path)
    has(text, f"-{cookie}\n", f"-{last}\n", "+Last-Modified: ")


def p39_integrity_is_mended():
    conf = rules(f"type=*javascript body {STEER}\n")
    script = b'go("http://192.0.2.7/");'
    made = script.replace(b"192.0.2.7", b"192-0-2-7.ip.test")

    def digest(data):
        return "sha256-" + base64.b64encode(
            hashlib.sha256(data).digest()).decode()
    page = f'<script src=a.js integrity="{digest(script)}"></script>\n'
    path = capture("sri.pcap", (request(HOST), ok(page, HTML)),
                   (request(HOST, "/a.js"),
                    ok(script, "Content-Type: text/javascript")))
    has(shown("--rules", conf, path), f'-<script src=a.js integrity="'
        f'{digest(script)}', f'+<script src=a.js integrity="{digest(made)}')


# ---- colours ----

def on_terminal(command, **env):
    """What it writes to a terminal."""
    master, slave = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"}
    process = subprocess.Popen(command, stdout=slave,
                               env={**environment, "TERM": "xterm", **env})
    os.close(slave)
    out = b""
    try:
        while data := os.read(master, 65536):
            out += data
    except OSError:  # EIO: the other end is closed
        pass
    os.close(master)
    same(process.wait(PATIENCE), 0, command)
    return out


def colours():
    conf = rules(f"body {STEER}\n")
    path = capture("colour.pcap", (request(HOST), ok(PAGE, HTML)))
    command = [SAN / "rewrite", "--rules", conf, path]
    red = b'\x1b[31m-<p><a href="http://\x1b[7m192.0.2.7\x1b[27m/x">'
    true(red in on_terminal(command), "on a terminal")
    true(red in on_terminal(command, NO_COLOR=""), "NO_COLOR empty")
    for env in {"NO_COLOR": "1"}, {"TERM": "dumb"}:
        true(b"\x1b" not in on_terminal(command, **env), env)
    true(b"\x1b" not in on_terminal(command + ["--color", "never"]), "never")
    true(red in on_terminal(command + ["--color=always"], NO_COLOR="1"),
         "always")
    true(b"\x1b" not in rewrite(*command[1:])[0], "in a pipe")
    true(red in rewrite(*command[1:], "--color", "always")[0], "forced")


# ---- one body ----

def one_body():
    conf = rules(f"type=text/html body {STEER}\n"
                 "host=other.example path=/x* body s{one}{ONE}\n"
                 "method=POST status=404 scheme=https body s{two}{TWO}\n"
                 "header X set y\nstatus=500 status set 204 No\n")
    common = ("--rules", conf, "--stdin")
    page = PAGE.encode()

    def made(*more, data=page):
        return rewrite(*common, *more, data=data)
    out, said = made("--type", "text/html; charset=utf-8")
    same(out, STEERED.encode(), "steered")
    has(said, f"rewrite: {conf}:1")
    same(made("--type", "text/plain")[0], page, "another type")
    same(made("--type", "text/plain", "--host", "OTHER.example:8080",
              "--target", "/x/y")[0], page.replace(b"one", b"ONE"), "host")
    same(made("--type", "text/plain", "--target",
              "http://other.example/x")[0], page.replace(b"one", b"ONE"),
         "absolute target")
    same(made("--type", "text/plain", "--method", "POST", "--status", "404",
              "--scheme", "https")[0], page.replace(b"two", b"TWO"), "POST")
    same(made("--type", "text/plain", "--status", "500")[0], b"", "204")
    same(made("--type", "text/html", data=b"")[0], b"", "empty")
    wide = codecs.BOM_UTF16_BE + PAGE.encode("utf-16-be")
    same(made("--type", "text/html", data=wide)[0],
         codecs.BOM_UTF16_BE + STEERED.encode("utf-16-be"), "UTF-16")


def one_body_keeps_bytes():
    conf = rules("body s{\\x00\\xff}{\\x80\\0}g\n")
    data = bytes(range(256)) * 300 + b"\x00\xff\r\n\x00"
    common = ("--rules", conf, "--stdin", "--type", "application/x-any")
    same(rewrite(*common, data=data)[0],
         data.replace(b"\x00\xff", b"\x80\x00"), "binary")
    data = data.replace(b"\x00\xff", b"")
    same(rewrite(*common, data=data), (data, ""), "unchanged, nothing said")


def one_body_in_a_coding():
    conf = rules(f"body {STEER}\n")
    common = ("--rules", conf, "--stdin", "--type", "text/html", "--encoding")
    packed = gzip.compress(PAGE.encode())
    out, _ = rewrite(*common, "gzip", data=packed)
    same(gzip.decompress(out), STEERED.encode(), "gzip")
    nothing = gzip.compress(b"nothing")
    same(rewrite(*common, "gzip", data=nothing)[0], nothing, "unchanged")
    out, said = rewrite(*common, "gzip", data=packed[:-10])
    same(out, packed[:-10], "cut")
    has(said, "cut")
    _, said = rewrite(*common, "rot13", data=b"", status=2)
    has(said, "--encoding rot13")


def one_body_too_large():
    """Above 64 MiB it is copied, with a warning."""
    conf = rules(f"body {STEER}\n")
    data = (b"x" * 99 + b"\n") * 680000 + PAGE.encode()
    out, said = rewrite("--rules", conf, "--stdin", "--type", "text/html",
                        data=data, directory=PLAIN)
    true(out == data, "copied")
    has(said, "64 MiB")


# ---- rule files, usage ----

def check_rules():
    conf = rules("# none\nheader A delete\nheader B \\\n delete\n")
    same(rewrite("--rules", conf, "--check"), (f"{conf}: 2 rules\n".encode(),
                                               ""), "two")
    one = rules("header A delete\n", "one.conf")
    same(rewrite("--rules", one, "--rules", conf, "-c")[0],
         f"{one}, {conf}: 3 rules\n".encode(), "several")
    bad = rules("hedaer A delete\nbody s{(}{}\n", "bad.conf")
    for more in (("--check",), ("--stdin", "--type", "text/html"),
                 ("no-such.pcap",)):
        out, said = rewrite("--rules", bad, *more, status=1)
        same(out, b"", more)
        has(said, f"{bad}:1:", f"{bad}:2:", "^")
    rewrite("--rules", TMP / "none.conf", "--check", status=1)


def usage():
    conf = rules("header A delete\n")
    given = ("--rules", conf)
    for arguments, word in [
            ((), "no rules"), (given, "no capture"),
            (("x.pcap",), "no rules"),
            ((*given, "--check", "x.pcap"), "--check takes no capture"),
            ((*given, "--stdin", "--type", "a/b", "x"), "--stdin takes no"),
            ((*given, "--stdin"), "--type"),
            ((*given, "--stdin", "--check"), "either"),
            ((*given, "--host", "a", "x.pcap"), "--host goes with --stdin"),
            ((*given, "--color", "red", "x.pcap"), "--color red"),
            ((*given, "--stdin", "--type", "a\r\nB: c"), "--type"),
            ((*given, "--stdin", "--type", "a/b", "--status", "99"),
             "--status"),
            ((*given, "--scheme", "ftp"), "--scheme"),
            ((*given, "--zone", "a b", "x"), "--zone"),
            ((*given, "--no-such"), "--no-such")]:
        out, said = rewrite(*arguments, status=2)
        same(out, b"", arguments)
        has(said, word, "(try --help)")
        same(said.count("\n"), 1, said)
    has(shown("--help"), "usage: rewrite", "500 bytes", "…")
    out, said = rewrite(*given, TMP / "none.pcap", status=1)
    same((out, said.count("\n")), (b"", 1), said)
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [SAN / "rewrite", *given, capture("full.pcap", (
                request(HOST), ok("x")))], stdout=full,
            stderr=subprocess.PIPE, timeout=PATIENCE)
    same(done.returncode, 1, "full disk")
    true(b"cannot write" in done.stderr, done.stderr)


run([show_page, show_head, p20_decoded_before_it_is_shown, patch_applies,
     hostile_bytes_are_escaped, long_lines_are_windows, targets_are_shown,
     summary_tells_types_and_what_was_left, p26_dates_stand_as_served_now,
     p39_integrity_is_mended, colours, one_body, one_body_keeps_bytes,
     one_body_in_a_coding, one_body_too_large, check_rules, usage])
