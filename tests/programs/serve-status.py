#!/usr/bin/env python3
"""The page on the running server: what it shows, to whom, and that nobody
waits for it.

usage: serve-status.py SAN_DIR PLAIN_DIR [NAME...]
"""
import contextlib
import http.client
import json
import os
import pathlib
import re
import socket
import subprocess
import time

from lib import axe, browser
from lib.npm import Unreachable
from playback import *

HOST = "www.a.example"
AGENT = "User-Agent: one"
# The status page is on this machine; every other name stays unknown.
REACH = "~NOTFOUND", "~NOTFOUND,EXCLUDE 127.0.0.1"


def site():
    path = TMP / "status.pcap"
    if not path.exists():
        with Capture(path.name) as c:
            c.talk(*[(request(HOST, target, AGENT),
                      ok(f"page {target}", "Content-Type: text/html"))
                     for target in ("/", "/g.php?t=1&k=a", "/two?a=1",
                                    "/two?a=2", "/plain", "/x/one.js",
                                    "/odd$%7b(x)*.php?q=[1]")])
            c.talk((request("b.example", "/only-b"), ok("b")))
    return path


class Status:
    """The page of a replay."""

    def __init__(self, replay):
        self.replay = replay
        self.url = re.search(r"status on http://(\S+)/$", replay.line(
            "status on "))[1]
        self.port = int(self.url.rpartition(":")[2])

    def ask(self, target="/status.json", host=None, method="GET", **fields):
        c = http.client.HTTPConnection("127.0.0.1", self.port,
                                       timeout=PATIENCE)
        c.putrequest(method, target, skip_host=True)
        c.putheader("Host", host or self.url)
        for name, value in fields.items():
            c.putheader(name.replace("_", "-"), value)
        c.endheaders()
        got = c.getresponse()
        got.text = got.read()
        c.close()
        return got

    def told(self):
        got = self.ask()
        same((got.status, got.headers["Content-Type"]),
             (200, "application/json"))
        return json.loads(got.text)

    def once(self, what, found):
        """What it tells, once found(that) is true."""
        return until(what, lambda: (t := self.told()) and found(t) and t)


@contextlib.contextmanager
def serve(*options, captures=None, **more):
    with Replay(captures or site(), "--status", "127.0.0.1:0", *options,
                **more) as r:
        yield r, Status(r)


def listening(pid):
    """TCP ports on which a process listens."""
    inodes = {m[1] for p in pathlib.Path(f"/proc/{pid}/fd").iterdir()
              if (m := re.match(r"socket:\[(\d+)\]", os.readlink(p)))}
    rows = [n.split() for n in
            pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {int(n[1].split(":")[1], 16) for n in rows
            if n[3] == "0A" and n[9] in inodes}


def status_is_off_by_default():
    with Replay(site()) as r:
        same(listening(r.process.pid), set(r.ports), "ports")
        same(r.told("status"), [])
    with serve("--quiet") as (r, s):
        same(listening(r.process.pid), {*r.ports, s.port}, "ports")


def status_usage():
    for value in "127.0.0.1", "localhost:1", "nonsense", "127.0.0.1:99999":
        done = subprocess.run([SAN / "replay", "--status", value, site()],
                              capture_output=True, text=True, timeout=PATIENCE)
        same((done.returncode, done.stderr.splitlines()[0]),
             (2, f"replay: --status {value}: not an address with a port "
              "(try --help)"))
    with serve() as (r, s):
        done = subprocess.run(
            [SAN / "replay", "--status", s.url, "--listen", "127.0.0.1:0",
             site()], capture_output=True, text=True, timeout=PATIENCE)
        same((done.returncode, done.stderr),
             (1, f"replay: cannot listen on {s.url}: "
              "Address already in use\n"))


def status_counts():
    with serve("--threads", "1", "--ca", TMP / "ca") as (r, s):
        ask(r.port, HOST, "/plain")
        ask(r.port, HOST, "/plain", method="HEAD")
        got = ask(r.port, HOST, "/missing")
        ask_raw(r.port, b"nonsense\r\n\r\n")
        ask_raw(r.port, b"\x16\x03\x01\x00\x05hello")
        with Client(r.port) as c:
            c.send(request(HOST, "/two?a=1"))
            c.answer()
            t = s.once("five", lambda t: t["requests"] == 5)
            same([t[n] for n in ("answered", "missed", "refused",
                                 "handshakes_failed", "loops", "hosts",
                                 "exchanges", "rules")],
                 [3, 1, 1, 1, 1, 2, 8, []])
            same(t["steps"], {"exact": 2, "head-from-get": 1})
            same(t["connections"], {"open": 1, "all": 6})
            true(t["bytes"] > len(got.raw), t["bytes"])
        same([(n["kind"], n["method"], n.get("url"), n["status"])
              for n in t["recent"][-3:]],
             [("missed", "GET", f"http://{HOST}/missing", 404),
              ("answered", "HEAD", f"http://{HOST}/plain", 200),
              ("answered", "GET", f"http://{HOST}/plain", 200)])
        kinds = [n["kind"] for n in t["recent"]]
        same(sorted(kinds[:3]), ["answered", "failed", "refused"], "the rest")


def status_tells_what_is_near():
    with serve() as (r, s):
        for _ in range(3):
            ask(r.port, HOST, "/x/two.js", AGENT)
        ask(r.port, "c.example", "/only-b")
        ask(r.port, HOST, "/", method="PUT")
        t = s.once("misses", lambda t: t["missed"] == 5)
        put, other, path = t["misses"]
        same((path["count"], path["url"], path["method"], path["client"]),
             (3, f"http://{HOST}/x/two.js", "GET", "127.0.0.1"))
        near = path["near"][0]
        same((near["exchange"], near["url"], near["status"], near["bytes"]),
             (6, f"http://{HOST}/x/one.js", 200, len("page /x/one.js")))
        same(near["differs"][0], {"in": "path", "asked": "/x/two.js",
                                  "recorded": "/x/one.js"})
        same((other["near"][0]["exchange"], other["near"][0]["no_rule"]),
             (8, "another host"))
        same((put["near"][0]["exchange"], put["near"][0]["no_rule"]),
             (1, "another method"))
        line = next(n for n in r.log(5) if n["url"].endswith("two.js"))
        same(line["nearest"], 6, "as in the log")


# What is asked; whether guesses are off, under which it misses.
MISSES = [("/nothing", False), ("/x/other.js", False), ("/plain?_=17", False),
          ("/g.php?t=1&nonce=7&k=a", False), ("/g.php?k=a", False),
          ("/g.php?t=9&k=a", True), ("/two?a=7", True),
          ("/odd$%7b(x)*.php?q=[2]", True), ("/odd$%7b(x)*.phq?q=[1]", False)]


def status_rules_make_hits():
    """The suggested rule, put into the rule file, turns the miss into a hit;
    what was recorded is answered as before."""
    for exact in False, True:
        rules = TMP / f"status-{exact}.conf"
        rules.write_text("header X-Replayed set yes\n")
        asked = [m for m, alone in MISSES if exact or not alone]
        with serve("--rules", rules, *["--exact"] * exact) as (r, s):
            for i, target in enumerate(asked):
                same(ask(r.port, HOST, target).status, 404, target)
                t = s.once(target, lambda t: t["missed"] == i + 1)
                near = next(n for n in t["misses"][0]["near"] if "rule" in n)
                with open(rules, "a", encoding="ascii") as out:
                    out.write(near["rule"])
                r.signal(signal.SIGHUP)
                until("new rules", lambda: len(r.told("rules read again")) > i)
                got = ask(r.port, HOST, target)
                want = near["url"].removeprefix(f"http://{HOST}")
                same((got.status, got.body), (200, f"page {want}".encode()),
                     near["rule"])
                t = s.once("a hit", lambda t: t["answered"] == i + 1)
                same((t["misses"][0]["answered"]["step"],
                      t["misses"][0]["answered"]["exchange"]),
                     ("target-rule", near["exchange"]), target)
                true(any("joined" in n for n in t["misses"][0]["near"]),
                     "none is needed any more")
            for target in "/", "/g.php?t=1&k=a", "/two?a=1", "/two?a=2":
                got = ask(r.port, HOST, target)
                same(got.body, f"page {target}".encode(), "as recorded")
        print(f"  {len(asked)} rules{' with --exact' * exact}")


def status_knows_other_rules():
    """The line is one for the end of the file, behind rules that are there."""
    rules = TMP / "status-other.conf"
    rules.write_text("path=/old.php target s{^/old}{/x/one}\n")
    with serve("--rules", rules) as (r, s):
        ask(r.port, HOST, "/old.php?a=1")
        t = s.once("a miss", lambda t: t["missed"] == 1)
        near = next(n for n in t["misses"][0]["near"] if "rule" in n)
        with open(rules, "a", encoding="ascii") as out:
            out.write(near["rule"])
        r.signal(signal.SIGHUP)
        r.line("rules read again")
        same(ask(r.port, HOST, "/old.php?a=1").status, 200, near["rule"])


def status_is_for_this_machine_alone():
    with serve() as (r, s):
        port = s.port
        for host in (f"127.0.0.1:{port}", "127.0.0.1", f"localhost:{port}",
                     "LOCALHOST", f"[::1]:{port}", "192.0.2.1"):
            same(s.ask(host=host).status, 200, host)
        for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil",
                     "localhost.evil", "2130706433", "a@127.0.0.1", ""):
            for target in "/", "/status.json", "/x":
                got = s.ask(target, host=host or " ")
                same(got.status, 403, f"{host} {target}")
        same(ask_raw(port, b"GET / HTTP/1.0\r\n\r\n")[:12], b"HTTP/1.1 403")
        for value, want in (("cross-site", 403), ("same-site", 403),
                            ("same-origin", 200), ("none", 200)):
            same(s.ask(Sec_Fetch_Site=value).status, want, value)
        for method in "POST", "PUT", "OPTIONS", "CONNECT", "get":
            same(s.ask(method=method).status, 405, method)
        same(s.ask("/other").status, 404)
        same(s.ask(f"http://127.0.0.1:{port}/").status, 404, "no proxy")
        head = s.ask("/", method="HEAD")
        page = s.ask("/")
        same((head.text, head.headers["Content-Length"]),
             (b"", str(len(page.text))))
        for got in page, s.ask(), s.ask("/other"), s.ask(host="evil.example"):
            names = {n.lower() for n in got.headers.keys()}
            true(not any(n.startswith("access-control") for n in names), names)
            true(got.headers["Content-Security-Policy"].startswith(
                "default-src 'none'"), got.headers)
            same((got.headers["X-Content-Type-Options"],
                  got.headers["Cache-Control"],
                  got.headers["Cross-Origin-Resource-Policy"]),
                 ("nosniff", "no-store", "same-origin"))


def status_is_not_on_replays_ports():
    with serve() as (r, s):
        for host in s.url, f"127.0.0.1:{r.port}", HOST:
            for target in "/status.json", "/other":
                same(ask(r.port, host, target).status, 404, target)
        true(b"page" not in s.ask("/plain", host=s.url).text, "the site")
        t = s.once("misses", lambda t: t["requests"] == 6)
        same(t["missed"], 6, "what it was asked itself does not count")


def status_adds_loops_up():
    with serve("--threads", "4") as (r, s):
        for i in range(120):
            ask(r.port, HOST, "/plain" if i % 3 else "/missing")
        t = s.once("all", lambda t: t["requests"] == 120)
        same((t["loops"], t["answered"], t["missed"]), (4, 80, 40))
        same([(m["count"], m["url"]) for m in t["misses"]],
             [(40, f"http://{HOST}/missing")], "once, with all times")
        same(len(t["recent"]), 100)
        times = [n["time"] for n in t["recent"]]
        same(times, sorted(times, reverse=True), "the latest first")


def status_is_bounded():
    with serve(directory=PLAIN) as (r, s):
        def misses(start, count):
            with Client(r.port) as c:
                for i in range(start, start + count):
                    c.send(request(HOST, f"/{i}/" + "x" * 6000,
                                   "User-Agent: " + "y" * 1000))
                    c.answer()
            return s.once("misses", lambda t: t["missed"] >= start + count)
        misses(0, 500)
        before = r.resident()
        t = misses(500, 2000)
        grown = r.resident() - before
        same((len(t["misses"]), len(t["recent"])), (50, 100))
        true(grown < 4 << 20, f"grew by {grown}")
        ask_raw(r.port, request(HOST, "/" + "z" * 100000))
        t = s.once("the long one", lambda t: t["missed"] == 2501)
        true(t["misses"][0]["cut"] and len(t["misses"][0]["url"]) < 1000,
             t["misses"][0]["url"])
        size = len(s.ask().text)
        true(size < 2 << 20, f"{size} bytes")
        print(f"  2,000 more misses: {grown >> 10} KiB; {size >> 10} KiB told")


def status_tells_long_values_in_part():
    """What a recorded head holds is told for each request near to it."""
    head = "Cookie: " + "c" * 60000, "Referer: http://" + "r" * 60000
    with Capture("long.pcap") as c:
        c.talk(*[(request(HOST, f"/p?n={i}&" + "\x7f" * 60000, *head), ok("x"))
                 for i in range(6)])
    with serve(captures=c.path) as (r, status):
        for i in range(40):
            ask(r.port, HOST, f"/p?asked={i}")
        got = status.ask().text
        true(len(got) < 4 << 20, f"{len(got)} bytes")
        near = json.loads(got)["misses"][0]["near"]
        same(len(near), 4, "near")
        for one in near:
            true(one["url"].startswith(f"http://{HOST}/p?n="), one["url"][:60])
            cookie = [d["recorded"] for d in one["differs"]
                      if d.get("name") == "Cookie"]
            same(cookie, ["c" * 2000 + "\u2026"], "in part")


def status_lets_few_in():
    with serve() as (r, s):
        idle = []
        for _ in range(60):
            idle.append(Client(s.port))
        idle[-1].socket.settimeout(PATIENCE)
        closed = until("28 to be closed", lambda: [
            c for c in idle if is_closed(c)] if sum(map(is_closed, idle)) == 28
            else None)
        for c in idle:
            c.socket.close()
        same(len(closed), 28)
        s.once("room again", lambda t: t["requests"] == 0)


def busy(pid, seconds=1):
    """What part of a time its busiest thread ran or wanted to."""
    def used():
        tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
        return {t.name: sum(map(int, (t / "schedstat").read_text().split()[:2]))
                for t in tasks}
    before, began = used(), time.monotonic()
    time.sleep(seconds)
    after, took = used(), time.monotonic() - began
    return max(after[t] - before[t] for t in before) / took / 1e9


def status_waits_for_descriptors():
    if not pathlib.Path("/proc/self/schedstat").exists():
        return "this kernel does not tell how busy threads are"
    with serve("--threads", "1", limit=60, directory=PLAIN) as (r, s):
        clients = [Client(r.port) for _ in range(60)]
        slow = [Client(s.port) for _ in range(20)]
        until("descriptors", lambda: len(os.listdir(r.of_proc("fd"))) == 60)
        part = busy(r.process.pid)
        true(part < 0.5, f"a thread is busy {part:.0%} of the time")
        for c in clients + slow:
            c.socket.close()
        until("a visitor", lambda: "requests" in s.told())


def is_closed(c):
    c.socket.setblocking(False)
    try:
        return c.socket.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def status_slow_visitors_hold_nothing_up():
    """They ask and do not read, or never end their request."""
    with serve("--threads", "1", directory=PLAIN) as (r, s):
        for i in range(60):
            ask(r.port, HOST, f"/{i}/" + "x" * 3000)
        wish = request(s.url, "/status.json")
        slow = [Client(s.port, receive=4096) for _ in range(20)]
        for i, c in enumerate(slow):
            c.send(wish if i % 2 else wish[:-2])
        began = time.monotonic()
        with Client(r.port) as c:
            for _ in range(2000):
                c.send(request(HOST, "/plain"))
                same(c.answer().status, 200)
        took = time.monotonic() - began
        t = s.once("all", lambda t: t["answered"] == 2000)
        same(t["missed"], 60)
        true(took < PATIENCE, f"{took} s")
        print(f"  2,000 answers beside 20 slow visitors: {took:.2f} s")
        for c in slow:
            c.socket.close()


def status_ends_with_replay():
    with serve() as (r, s):
        waiting = [Client(s.port) for _ in range(5)]
        waiting[0].send(b"GET /status.json HT")
        same(s.told()["requests"], 0)
    for c in waiting:
        c.socket.close()


def status_broken_requests():
    with serve() as (r, s):
        for junk in (b"\x00" * 100, b"GET\r\n\r\n", b"x" * 20000,
                     b"\x16\x03\x01\x02\x00" + bytes(600),
                     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\r\n" * 9000):
            with contextlib.suppress(OSError):
                got = ask_raw(s.port, junk)
                true(got == b"" or got.split()[1] in (b"403", b"405"), got)
        same(ask_raw(s.port, request(s.url) * 3).count(b"HTTP/1.1 "), 1,
             "one a connection")
        same(s.told()["requests"], 0)


def open_browser():
    browser.OPTIONS = [o.replace(*REACH) if REACH[1] not in o else o
                       for o in browser.OPTIONS]
    return browser.Browser(TMP / "chromium")


def text_of(b, words):
    """The page's text, once it has those words."""
    return until(words, lambda: words in (
        t := b.run("document.body.innerText")) and t)


HOSTILE = ["/<script>canary=1</script>", "/<img/src=x/onerror=canary=1>",
           "/\"'><svg/onload=canary=1>", "/</script><script>canary=1//",
           "/javascript:canary=1", "/\u202egnp.exe\u202c".encode().decode(
               "latin-1"), "/\x1b[31m\x07", "/]]>--><b>"]


def status_shows_hostile_requests_as_text():
    if not browser.find():
        return "no chromium"
    with serve("--ca", TMP / "ca") as (r, s), open_browser() as b:
        for target in HOSTILE:
            ask(r.port, HOST, target)
            ask(r.port, HOST, "/x", f"Referer: {target}", "User-Agent: "
                + target, method=target[1:9].strip("\x1b<\"]") or "GET")
        ask(r.port, "<script>canary=1</script>", "/")
        b.open(f"http://{s.url}/")
        text = text_of(b, "canary=1</script>")
        same(b.run("window.canary"), None, "nothing ran")
        for target in HOSTILE[:5]:
            true(target in text, target)
        true("\\u202e" in text and "\u202e" not in text, "directions")
        true("\\u001b" in text, "control bytes")
        allowed = {f"http://{s.url}/", f"http://{s.url}/status.json",
                   f"http://{s.url}/favicon.ico"}
        asked = {e["request"]["url"]
                 for e in b.events("Network.requestWillBeSent")}
        true(asked <= allowed, asked)
        said = [e for e in b.events("Log.entryAdded", "Audits.issueAdded",
                                    "Runtime.exceptionThrown")
                if "favicon" not in str(e)]
        same(said, [], "no violation")
        same(b.run("document.querySelectorAll('main script, main img,"
                   "main svg, main b, main a').length"), 0)
        # the policy holds if ours should not
        b.run("document.body.insertAdjacentHTML('beforeend', "
              "'<img src=x onerror=canary=1>');"
              "document.body.append(Object.assign(document.createElement("
              "'script'), {textContent: 'canary=1'}))")
        b.run("new Promise(r => setTimeout(r, 300))")
        same(b.run("window.canary"), None, "nor could it")
    return None


def status_page_is_live():
    if not browser.find():
        return "no chromium"
    rules = TMP / "status-live.conf"
    rules.write_text("header X-Replayed set yes\n")
    with serve("--rules", rules) as (r, s), open_browser() as b:
        b.open(f"http://{s.url}/")
        text_of(b, "Nothing missed so far.")
        ask(r.port, HOST, "/plain?_=1")
        text = text_of(b, f"GET http://{HOST}/plain?_=1")
        true("parameter _" in text and "Copy" in text, text)
        b.call("Browser.grantPermissions", permissions=[
            "clipboardReadWrite", "clipboardSanitizedWrite"])
        b.run("document.querySelector('.rule button').click()")
        text_of(b, "Copied")
        line = b.run("navigator.clipboard.readText()")
        with open(rules, "a", encoding="ascii") as out:
            out.write(line)
        r.signal(signal.SIGHUP)
        r.line("rules read again: 2 rules")
        ask(r.port, HOST, "/plain?_=1")
        text_of(b, "Answered since")
        b.run("document.querySelector('#pause').click()")
        text_of(b, "Go on")
        r.process.terminate()
        r.process.wait(PATIENCE)
        b.run("document.querySelector('#pause').click()")
        text_of(b, "replay does not answer")
    return None


def status_page_passes_axe():
    if not browser.find():
        return "no chromium"
    try:
        text = axe.script(TMP)
    except Unreachable as reason:
        return str(reason)
    with serve("--ca", TMP / "ca") as (r, s), open_browser() as b:
        b.open(f"http://{s.url}/")
        text_of(b, "Nothing missed so far.")
        b.call("Page.setBypassCSP", enabled=True)
        b.open(f"http://{s.url}/")
        states = ["empty", "full"]
        for state in states:
            for width in 390, 1280:
                for dark in False, True:
                    b.look(width, 900, dark)
                    same(axe.violations(b, text), [],
                         f"{state}, {width}, {'dark' * dark}")
                    wide = b.run("document.documentElement.scrollWidth")
                    true(wide <= width, f"{wide} of {width} pixels")
            for target in ("/", "/plain?_=1", "/two?a=3", "/nothing",
                           "/" + "long" * 300, "/g.php?k=a"):
                ask(r.port, HOST, target)
            ask(r.port, HOST, "/", method="PUT")
            ask_raw(r.port, b"\x16\x03\x01\x00\x05hello")
            text_of(b, "TLS handshake failed")
    return None


run([f for n, f in list(globals().items())
     if n.startswith("status_") and callable(f)])
