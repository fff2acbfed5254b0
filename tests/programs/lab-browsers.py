#!/usr/bin/env python3
"""The clients of the lab visit a small site in a network of their own: what
they tell, what they keep, that each visit ends in time and leaves nothing.

    lab-browsers.py SANITIZED PLAIN [VISIT...]    # chromium/, firefox/hang"""
import calendar
import concurrent.futures
import json
import os
import pathlib
import shutil
import sys
import threading
import time
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "lib"))
import lab_net  # noqa: E402
from playback import PLAIN, TMP, same, true, until  # noqa: E402

import chromium  # noqa: E402
import clients  # noqa: E402
import sandbox  # noqa: E402
import firefox  # noqa: E402
import keeping  # noqa: E402
import program  # noqa: E402
from asked import Requests  # noqa: E402
from visit import Kind, LabError, Visit  # noqa: E402

CLOCK = calendar.timegm((2017, 3, 14, 10, 12, 5))
SITE = "http://www.site.example"
OLD = "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1)"
MODULES = {"chromium": chromium, "firefox": firefox, "program": program}
MARGIN = 25  # seconds a visit may take beyond its limits on a busy machine

sandbox.CLOCK = [PLAIN / "clock.so"]


class Visited:
    """One visit, in a network of its own."""

    def __init__(self, path, client="chromium", *, command="", options=(),
                 agent=None, longest=30, packets=None, fails=None, show=False):
        self.path, self.client = path, client
        self.base = TMP / f"visit-{time.monotonic_ns()}"
        self.keep = self.base / "keep"
        self.keep.mkdir(parents=True)
        self.home = lab_net.make_home(self.base, "home")
        self.kind = Kind("test", client, command, options=list(options))
        self.agent, self.longest, self.packets = agent, longest, packets
        self.fails, self.show = fails, show
        self.facts, self.error, self.seen = {}, None, {}

    def go(self):
        net = lab_net.Net(CLOCK)
        try:
            self.visit(net)
        finally:
            net.close()
        self.told = net.told
        return self

    def visit(self, net):
        sandbox = lab_net.Sandbox(net, self.home)
        v = Visit(url=self.path if ":" in self.path else SITE + self.path,
                  user_agent=self.agent, clock=CLOCK, home=self.home,
                  keep=self.keep, sandbox=sandbox, quiet=3,
                  longest=self.longest, show=self.show,
                  packets=self.packets or net.packets)
        over = threading.Event()
        watcher = threading.Thread(target=self.watch, args=(sandbox, over))
        watcher.start()
        began = time.monotonic()
        try:
            self.facts = MODULES[self.client].visit(self.kind, v)
        except Exception as error:
            self.error = error
            if not self.fails or not isinstance(error, self.fails):
                raise
        finally:
            self.took = time.monotonic() - began
            over.set()
            watcher.join()
        until("nothing of the client running",
              lambda: not sandbox.running() and not sandbox.family()[
                  len(sandbox.started):])

    def watch(self, sandbox, over):
        """Which of the client's processes hold pages, and in what."""
        while not over.wait(0.3):
            for pid in sandbox.family():
                try:
                    command, held = lab_net.filtered(pid)
                except OSError:
                    continue
                if "--type=renderer" in command or "-isForBrowser" in command:
                    self.seen[pid] = held

    def targets(self):
        return [t["target"] for t in self.told if "target" in t]

    def requests(self):
        lines = (self.keep / "requests.jsonl").read_text().splitlines()
        return {r["url"].removeprefix(SITE).partition("?")[0]: r
                for r in map(json.loads, lines)}

    def page(self) -> dict:
        """What the page's own script found."""
        target = next(t for t in self.targets() if t.startswith("/told?"))
        return json.loads(urllib.parse.unquote(target[6:]))


def check_common(done):
    """What holds of every visit of a browser."""
    for file in done.keep.iterdir():
        same(file.stat().st_mode & 0o777, 0o600, f"mode of {file.name}")
        same(file.stat().st_uid, 0, f"owner of {file.name}")
    limit = done.longest + (90 if done.client == "firefox" else 60) + MARGIN
    true(done.took < limit, f"{done.path} took {done.took} s")
    true(done.facts["rest"]["seconds"] < done.longest + MARGIN,
         f"{done.path} rested after {done.facts['rest']}")
    # P32, P38, P42: neither DNS over HTTPS nor upgrades nor the browser's own
    names = {t["name"] for t in done.told if "name" in t}
    true(names <= {"www.site.example"}, f"names asked: {names}")
    true(not [t for t in done.told if "door" in t], "port 443 was asked")


def check_landing(done):
    """What both browsers tell of the landing page."""
    check_common(done)
    facts, page = done.facts, done.page()
    for target in ("/", "/style.css", "/app.js", "/moved", "/picture.png",
                   "/zipped", "/file", "/popup", "/computed",
                   "/router"):  # P36: a private address from a public page
        true(target in done.targets(), f"{target} was not asked")
    same(facts["final_url"], SITE + "/")
    same(facts["title"], "the landing page")
    same(facts["load_error"], None)
    same([d["message"] for d in facts["dialogs"]["first"]], ["press here"])
    same([p["url"] for p in facts["popups"]["first"]], [SITE + "/popup"])
    download, = facts["downloads"]
    same((download["name"], download["state"], download["bytes"]),
         ("evil.exe", "completed", 11))
    same((done.home / "downloads/evil.exe").read_bytes(), b"MZ and more")
    log = facts["console"]["first"][0]
    true("hello" in log["text"] and "\x1b" not in log["text"], log)
    # P26, P27: the page, the cookie store and the server agree on the time
    true(0 <= page["now"] / 1000 - CLOCK < 120, f"page's time {page['now']}")
    same(set(page["cookie"].split("; ")), {"then=1", "made=1"})
    later = [t for t in done.told if t.get("target") == "/zipped"]
    same(set(later[0]["cookie"].split("; ")), {"then=1", "made=1"})
    same(facts["cookies"], 2)
    documents = {d["url"]: d for d in facts["documents"]["first"]}
    text = (done.keep / "dom.html").read_text()
    true("made by script" in text, "the document as it was made")
    for part, name in ("was zipped", "/zipped"), ("popup", "/popup"):
        true(part in (done.keep / documents[SITE + name]["file"]).read_text(),
             f"document of {name}")
    true(0 <= documents[SITE + "/"]["clock"] - CLOCK < 150, documents)
    picture = (done.keep / "screenshot.png").read_bytes()
    true(picture[:8] == b"\x89PNG\r\n\x1a\n", "a screenshot")
    true(int.from_bytes(picture[20:24], "big") > 2900, "the whole page")
    true(any("refused" in f["url"] for f in facts["failed"]["first"]),
         "what CORS refused")
    check_requests(done.requests())
    true(done.seen and all(done.seen.values()),
         f"pages outside of the browser's sandbox: {done.seen}")


def check_requests(asked):
    same(asked["/picture.png"]["initiator"], "redirect")
    same(asked["/picture.png"]["by"], SITE + "/moved")
    same(asked["/moved"]["status"], 302)
    same(asked["http://203.0.113.7:8081/computed"]["status"], 200)
    same(asked["http://203.0.113.7:8081/computed"]["server"],
         "203.0.113.7 port 8081")
    true(asked["/app.js"]["time"] - CLOCK < 120, "the time of a request")


def chromium_landing(done):
    check_landing(done)
    facts, asked = done.facts, done.requests()
    script = asked["http://203.0.113.7:8081/computed"]
    same((script["initiator"], script["by"], script["line"]),
         ("script", SITE + "/app.js", 8))
    same(asked["/style.css"]["initiator"], "parser")
    refused = asked["http://203.0.113.7:8081/refused"]
    same(refused["cors"], "MissingAllowOriginHeader")
    true("thrown" in facts["exceptions"]["first"][0]["text"], "an exception")
    # P30
    same([w["scope"] for w in facts["service_workers"]], [SITE + "/"])
    same(done.page()["robot"], False)
    agents = {t["agent"] for t in done.told if "agent" in t}
    true(len(agents) == 1 and "Headless" not in agents.pop(), agents)
    same(facts["closed"], True)
    same(facts["scripts_ended"], 0)
    events = json.loads((done.keep / "netlog.json").read_text())["events"]
    true(len(events) > 100, "a whole net log")


def firefox_landing(done):
    check_landing(done)
    same(done.facts["sandbox"]["content"], True)
    true(done.facts["sandbox"]["level"] >= 4, done.facts["sandbox"])
    same(done.facts["webdriver"], True)
    true(any("thrown" in m["text"] for m in done.facts["messages"]["first"]),
         "an exception")
    true(b"http request" in (done.keep / "netlog.txt").read_bytes(),
         "a net log")


def hang(done):
    check_common(done)
    true(done.facts["scripts_ended"] >= 1, "the script was not ended")
    true("before" in (done.keep / "dom.html").read_text(), "no document")
    true((done.keep / "screenshot.png").stat().st_size > 100, "no picture")
    same(done.facts["user_agent"], OLD)
    true(all(t["agent"] == OLD and not t["hints"]
             for t in done.told if "target" in t), "another User-Agent")


def alerts(done):
    check_common(done)
    true(done.facts["dialogs"]["count"] > 1, done.facts["dialogs"])
    true(len(done.facts["dialogs"]["first"]) <= 200, "too many dialogs told")
    true("before" in (done.keep / "dom.html").read_text(), "no document")


def windows(done):
    check_common(done)
    true(1 < done.facts["popups"]["count"] <= 20, done.facts["popups"])
    true(done.facts["windows_closed"] > 0, "windows without end")


def reset(done):
    check_common(done)
    true("RESET" in done.facts["load_error"].upper(), done.facts)
    true("missing" in done.facts["documents"]["first"][0], "an error page")


def silent(done):
    check_common(done)
    same(done.facts["load_error"], "no answer")
    same(done.facts["unanswered"], 1)


def file(done):
    check_common(done)
    same([d["name"] for d in done.facts["downloads"]], ["evil.exe"])
    same(done.facts["final_url"], "about:blank")


def huge(done):
    check_common(done)
    document, = done.facts["documents"]["first"]
    same(document["cut"], True)
    same(document["characters"] > 72 << 20, True)
    size = (done.keep / "dom.html").stat().st_size
    true(size == document["bytes"] <= 64 << 20, f"{size} bytes")
    true(len(done.facts["console"]["first"][0]["text"]) <= 501, "a long text")


def crash(done):
    check_common(done)
    same(done.facts["crashes"]["count"], 1)
    same((done.keep / "screenshot.png").exists(), False)


def killed(done):
    true(isinstance(done.error, ZeroDivisionError), done.error)


def no_start(done):
    true(isinstance(done.error, LabError), done.error)
    same(len(str(done.error).splitlines()), 1)


def downloader(done):
    same(done.targets(), ["/moved", "/picture.png"])
    same({t["agent"] for t in done.told if "agent" in t}, {OLD})
    same(done.facts["status"], 3)
    same(done.facts["rest"]["by"], "end")
    text = (done.keep / "output.txt").read_text()
    same(text, "now 2017-03-14\nto both\n")
    true((done.home / "picture.png").stat().st_size > 60, "the download")


def endless(done):
    same(done.facts["status"], None)
    same(done.facts["rest"]["by"], "longest")
    true(done.took < 4 + MARGIN, f"took {done.took} s")
    same((done.keep / "output.txt").stat().st_size, program.OUTPUT)
    same(done.facts["output"]["cut"], True)


def explode():
    """Packets that cannot be counted, once the browser runs."""
    raise ZeroDivisionError


def visits():
    secure = f"--unsafely-treat-insecure-origin-as-secure={SITE}"
    if shutil.which("chromium"):
        yield chromium_landing, Visited("/", options=[secure])
        yield hang, Visited("/hang", agent=OLD)
        yield alerts, Visited("/alerts")
        yield windows, Visited("/windows", longest=20)
        yield reset, Visited("/reset")
        yield silent, Visited("/silent")
        yield file, Visited("/file")
        yield huge, Visited("/huge", longest=40)
        yield crash, Visited("chrome://crash")
        yield killed, Visited("/", packets=explode, fails=ZeroDivisionError)
        yield no_start, Visited("/", command="/bin/false", fails=LabError)
        yield no_start, Visited("/", options=["--no-sandbox"], fails=LabError)
    if shutil.which("firefox-esr"):
        yield firefox_landing, Visited("/", "firefox")
        yield hang, Visited("/hang", "firefox", agent=OLD)
        yield silent, Visited("/silent", "firefox")
        yield killed, Visited("/", "firefox", packets=explode,
                              fails=ZeroDivisionError)
    if shutil.which("curl"):
        yield downloader, Visited("/moved", "program", agent=OLD, command=(
            'date "+now %F"; echo to both >&2; curl -sL -A "$USER_AGENT" '
            '-o picture.png "$URL"; exit 3'))
    yield endless, Visited("/", "program", command="yes", longest=4)


def chosen(done) -> bool:
    return not sys.argv[3:] or done.client + done.path in sys.argv[3:]


def test_visits():
    """Two at a time, each in a network of its own."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        begun = [(check, done, pool.submit(done.go))
                 for check, done in visits() if chosen(done)]
        for check, done, future in begun:
            try:
                future.result()
                check(done)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                print(f"{done.client} {done.path}: {done.facts}")
                raise
            print(f"{check.__name__} ({done.client}): {done.took:.1f} s")


def test_hostile_home():
    """Files of a home whose owner wants others to be read or written."""
    home, outside = TMP / "hostile", TMP / "outside"
    home.mkdir()
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    (home / "link").symlink_to(outside / "secret")
    (home / "folder").symlink_to(outside)
    os.mkfifo(home / "pipe")
    (home / "real").write_bytes(b"x" * 100)
    for name in "link", "folder/secret", "pipe", "none", "real/below":
        same(keeping.keep_file(home, name, TMP / "kept", 10), None, name)
        true(not (TMP / "kept").exists(), f"{name} was kept")
    same(keeping.keep_file(home, "real", TMP / "kept", 10),
         {"bytes": 10, "cut": True})
    for place in TMP / "kept", home / "link":
        try:
            keeping.write(place, b"over")
        except FileExistsError:
            continue
        raise AssertionError(f"{place} was written over")
    same((outside / "secret").read_bytes(), b"secret")
    same(keeping.clean("a\x1b[2J\n\u202eb" + "c" * 50, 10),
         "a\\x1b[2J\\n\\u202ebcc…")


def test_unloaded():
    """Of the first request; what the browser itself gave up is no answer."""
    for first, want in (({"status": 200, "unanswered": True}, None),
                        ({"status": 302}, None), ({"own": True}, None),
                        ({"unanswered": True}, "no answer"),
                        ({"failed": "NS_ERROR_ABORT"}, "NS_ERROR_ABORT")):
        kept = Requests()
        kept.all.add(first)
        kept.all.add({"status": 200})
        same(kept.unloaded(), want, str(first))
    same(Requests().unloaded(), "no answer")


WRONG = {
    "[a]\nclient = lynx\n": "a: client must be one of",
    "[a]\nclient = machine\n": "a: a machine needs image",
    "[a]\nclient = program\nprogram = \n": "a: program is empty",
    "[a]\nclient = firefox\nimage = x\n": "a: image means nothing",
    "[a]\nclient = firefox\nclock = then\n": "a: clock must be",
    "[a]\nclient = firefox\noptions = 'x\n": "a: options: no closing",
    "[A b]\nclient = firefox\n": "A b: a name has",
    "[a]\nclient = firefox\n[a]\nclient = firefox\n": "3: a is there already",
    "client = firefox\n": "1: a key before",
    "[a]\nclient = firefox\nclient = program\n": "3: client is there already",
    "[a]\nnothing\n": "2: neither a section",
}


def test_clients():
    kinds = {k.name: k for k in clients.read()}
    same(kinds["chromium"], Kind("chromium", "chromium"))
    true("Windows NT 6.1" in kinds["chromium-as-windows-7"].options[0], kinds)
    same({k.clock for k in kinds.values()}, {"recorded"})
    path = TMP / "clients.conf"
    for text, want in WRONG.items():
        path.write_text(text)
        try:
            list(clients.read(path))
        except LabError as error:
            got = str(error)
            true(got.lower().startswith(f"{path}:{want}".lower())
                 and "\n" not in got, f"{text!r}: {got}")
            continue
        raise AssertionError(f"{text!r} was taken")


def main():
    test_hostile_home()
    test_clients()
    test_unloaded()
    why = lab_net.missing()
    if not why and not (shutil.which("chromium") or
                        shutil.which("firefox-esr")):
        why = "neither chromium nor firefox-esr is installed"
    if why:
        print(f"the clients of the lab: {why}")
        return 77
    test_visits()
    return 0


if __name__ == "__main__":
    sys.exit(main())
