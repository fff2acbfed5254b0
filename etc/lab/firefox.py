"""Firefox as a client of the lab, driven by Marionette.

Marionette listens on a port of the client's own loopback; a relay inside the
client's network brings it out on two pipes. Firefox' own sandbox stays on."""
import base64
import json
import pathlib
import re
import subprocess
import time

import authority
import channel
import keeping
import marionette
import rest
from asked import Requests
from visit import Kind, LabError, Visit

HERE = pathlib.Path(__file__).resolve().parent
PORT = 2828
START = 90            # seconds in which the browser must answer
MESSAGE = 64 << 20    # bytes of one message
PIECE = 4 << 20       # characters of a document at a time
TEXT = 64 << 20       # bytes of all documents that are kept
NETLOG = 64 << 20     # bytes
FRAMES = 50           # documents that are kept
DEPTH = 4             # of frames in frames
PICTURES = 4          # of windows, beside the page's own
WORDS = 500           # characters of a text
LINES = 200           # texts of each kind

# In a sandbox of its own, which sees the page's objects as they were made; a
# page can still name an element documentElement, hence the getters.
DOCUMENT = """
const get = (kind, name) => Object.getOwnPropertyDescriptor(
  kind.prototype, name).get.call(document);
const type = get(Document, "doctype"), root = get(Document,
  "documentElement");
globalThis.text = (type ? new XMLSerializer().serializeToString(type) + "\\n"
  : "") + (root ? root.outerHTML : "");
return {length: text.length, title: get(Document, "title").slice(0, 1000),
  now: Date.now(), url: get(Document, "URL").slice(0, 4096),
  robot: !!navigator.webdriver, agent: navigator.userAgent,
  frames: window.length};
"""
# The browser's own complaint that it reached no server for experiments.
OWN = b"RSLoader:"
CONSOLE = re.compile(
    rb"^console\.(log|info|warn|error|debug|trace): ?(.*)$", re.M)


def arguments(kind: Kind, v: Visit) -> list:
    head = [] if v.show else ["--headless"]
    return [kind.program or "firefox-esr", *head,
            "--no-remote", "--profile", f"{v.sandbox.home}/profile",
            "--marionette", "--remote-allow-system-access", *kind.options]


def prepare(v: Visit):
    """A new profile, before anything of the client runs."""
    text = (HERE / "firefox-user.js").read_text()
    prefs = {"marionette.port": PORT,
             "browser.download.dir": f"{v.sandbox.home}/downloads"}
    if v.user_agent:
        prefs["general.useragent.override"] = v.user_agent
    for name, value in prefs.items():
        text += f"user_pref({json.dumps(name)}, {json.dumps(value)});\n"
    keeping.write_in_home(v.home, "profile/user.js", text.encode())


def environment(v: Visit) -> dict:
    shown = rest.display(v)
    # the address of its settings' server counts only with the last of these
    env = {"MOZ_LOG": "timestamp,nsHttp:3", "MOZ_CRASHREPORTER_DISABLE": "1",
           "MOZ_LOG_FILE": f"{v.sandbox.home}/netlog.txt",
           "MOZ_REMOTE_SETTINGS_DEVTOOLS": "1"}
    return {"env": {**env, **shown["env"]}, "read": shown["read"]}


class Firefox:
    """One browser of one visit: its process and the way to its Marionette."""

    def __init__(self, kind: Kind, v: Visit):
        self.kind, self.v, self.time = kind, v, rest.Rest(v, START)
        self.log = keeping.create(v.keep / "client.log")
        self.browser = v.sandbox.start(
            arguments(kind, v), clock=v.clock, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            **environment(v))
        try:
            self.link = channel.Channel(self.relay(), channel.Lengths(
                MESSAGE), self.log)
        except BaseException:
            channel.end(self.browser)
            raise
        self.link.listen(self.browser.stdout)
        self.driver = marionette.Marionette(self.link)
        self.facts, self.pictures, self.left = {}, [], TEXT
        self.told = {}
        self.kept = keeping.Some(FRAMES)

    def relay(self):
        source = (HERE / "relay.py").read_text()
        return self.v.sandbox.start(
            ["python3", "-c", source, str(PORT), str(START)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        channel.end(self.browser)
        self.link.end()
        self.browser.stdout.close()
        self.log.close()

    def call(self, name, parameters=None, patience=5.0):
        return self.driver.call(name, parameters, self.time.left(patience))

    def own(self, script, patience=5.0):
        """Runs a script in the browser's window, not in the page."""
        self.call("Marionette:SetContext", {"value": "chrome"})
        try:
            return self.driver.script(script, sandbox="system",
                                      patience=self.time.left(patience))
        finally:
            self.call("Marionette:SetContext", {"value": "content"})

    def begin(self):
        """Until the browser has an empty page that is watched."""
        try:
            self.driver.hello(self.time.left(START))
            session = self.call("WebDriver:NewSession", {
                "pageLoadStrategy": "none",
                "unhandledPromptBehavior": "accept"}, START)["capabilities"]
            self.facts["browser"] = keeping.clean(
                f"{session['browserName']}/{session['browserVersion']}", 100)
            self.own((HERE / "firefox-watch.js").read_text(), 20)
        except (channel.Closed, marionette.Late, marionette.Refused) as error:
            raise LabError(f"{self.kind.name}: the browser does not start: "
                           f"{self.why(error)}") from error

    def why(self, error) -> str:
        return keeping.clean(error, 200) if str(error) else self.link.words()

    def load(self):
        self.time.open()
        try:
            self.call("WebDriver:Navigate", {"url": self.v.url}, 10)
        except (marionette.Late, marionette.Refused) as error:
            self.facts["load_error"] = keeping.clean(error, 200)
        while not self.time.reached():
            self.link.turn(rest.READING)

    def gather(self):
        """What the pages have become, the first one first."""
        self.free()
        told = self.tell()
        pages = told["tabs"]
        handles = self.call("WebDriver:GetWindowHandles")
        for number, handle in enumerate(handles[:FRAMES]):
            if number < len(pages) and pages[number]["crashed"]:
                continue
            for step in (
                    lambda: self.call("WebDriver:SwitchToWindow",
                                      {"handle": handle}),
                    lambda: self.picture(number),
                    lambda: self.documents([])):
                self.attempt(step)

    def attempt(self, step):
        try:
            step()
        except (marionette.Late, marionette.Refused) as error:
            self.facts["incomplete"] = keeping.clean(error, 200)

    def free(self):
        """Ends the scripts that let nothing else run: Firefox reports a page
        that hangs after some seconds."""
        try:
            self.driver.script("return 0", patience=self.time.left(4))
        except (marionette.Late, marionette.Refused):
            if self.own("return window.reenact.free()"):
                self.link.turn(0.5)

    def tell(self):
        told = self.own("return window.reenact.tell()", 10)
        tabs = told["tabs"]
        error = re.match(r"about:(neterror|certerror)\?e=(\w+)",
                         tabs[0]["document"]) if tabs else None
        if error:
            self.facts["load_error"] = error[2]
        first = tabs[0] if tabs else {"url": "", "title": ""}
        self.facts.update(
            final_url=keeping.clean(first["url"], 4096),
            title=keeping.clean(first["title"], 1000))
        self.told = told
        return told

    def picture(self, number):
        if number > PICTURES:
            return
        name = f"screenshot-{number}.png" if number else "screenshot.png"
        data = base64.b64decode(self.call(
            "WebDriver:TakeScreenshot", {"full": True, "hash": False}, 8))
        if data.startswith(b"\x89PNG"):
            keeping.write(self.v.keep / name, data)
            self.pictures.append({"file": name, "whole": True})

    def documents(self, path):
        """The document of a frame, and those of the frames in it."""
        self.call("WebDriver:SwitchToFrame", {"id": None})
        for part in path:
            self.call("WebDriver:SwitchToFrame", {"id": part})
        inner = self.document()
        if len(path) >= DEPTH:
            return
        for number in range(min(inner, FRAMES)):
            if self.kept.count < FRAMES:
                self.documents([*path, number])

    def document(self) -> int:
        """Keeps the current frame's document; says how many frames it has."""
        number = self.kept.count
        name = f"dom-{number}.html" if number else "dom.html"
        told = self.kept.add({"file": name, "bytes": 0, "cut": True})
        value = self.script(DOCUMENT)
        told.update(url=keeping.clean(value["url"], 4096),
                    title=keeping.clean(value["title"], 1000),
                    characters=value["length"], clock=value["now"] / 1000)
        if value["url"].startswith("about:neterror"):
            del told["file"]
            told["missing"] = "the browser's own page, in place of an error"
            return 0
        if not number:
            self.facts["user_agent"] = keeping.clean(value["agent"], 1000)
            self.facts["webdriver"] = value["robot"]
        with keeping.create(self.v.keep / name) as out:
            told["cut"] = not self.copy(value["length"], out, told)
        return value["frames"]

    def copy(self, length, out, told) -> bool:
        for at in range(0, length, PIECE):
            piece = self.script(
                f"return text.slice({at}, {at + PIECE})").encode(
                    errors="replace")
            told["bytes"] += out.write(piece[:self.left])
            self.left -= min(self.left, len(piece))
            if not self.left:
                return False
        return True

    def script(self, text):
        return self.driver.script(text, sandbox="reenact", newSandbox=False,
                                  patience=self.time.left(10))

    def close(self):
        try:
            self.call("Marionette:Quit", {"flags": ["eForceQuit"]}, 3)
        except (channel.Closed, marionette.Late, marionette.Refused):
            pass
        end = time.monotonic() + max(2, self.time.left(8))
        while self.browser.poll() is None and time.monotonic() < end:
            self.link.turn(0.05)
            time.sleep(0.01)
        self.facts["closed"] = self.browser.poll() is not None

    def run(self):
        self.begin()
        try:
            self.load()
            self.gather()
            self.tell()
        except channel.Closed:
            self.facts["ended"] = self.link.words()
        except (marionette.Late, marionette.Refused) as error:
            self.facts["incomplete"] = keeping.clean(error, 200)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self.facts["incomplete"] = f"odd answer: {type(error).__name__}"
        self.close()


def tidy(items, limit=WORDS) -> list:
    """Objects as the browser told them, with their texts made harmless."""
    return [{keeping.clean(n, 50): keeping.clean(v, limit)
             if isinstance(v, str) else v
             for n, v in item.items()
             if isinstance(v, (str, int, float, bool))}
            for item in items if isinstance(item, dict)]


def some(items, count=None) -> dict:
    first = tidy(items)[:LINES]
    return {"count": len(items) if count is None else count, "first": first}


def requests(told) -> Requests:
    kept = Requests()
    for request in tidy(told.get("requests", []), 4096):
        if request.pop("open", False):
            request["unanswered"] = True
        kept.all.add(request)
    kept.all.count = max(kept.all.count, int(told.get("requestCount", 0)))
    return kept


def console(path: pathlib.Path) -> dict:
    """What pages wrote with console.log, out of the browser's output."""
    found = keeping.Some(LINES)
    for kind, text in CONSOLE.findall(path.read_bytes()):
        if text.startswith(OWN):
            continue
        found.add({"type": kind.decode(),
                   "text": keeping.clean(text.decode(errors="replace"),
                                         WORDS)})
    return found.told()


def told_facts(told) -> dict:
    dialogs, messages = told.get("dialogs", []), told.get("messages", [])
    return {
        "dialogs": some(dialogs, told.get("dialogCount")),
        "messages": some(messages, told.get("messageCount")),
        "popups": some(told.get("tabs", [])[1:]),
        "crashes": some(told.get("crashes", [])),
        "windows_closed": told.get("closed"),
        "scripts_ended": told.get("ended"),
        "service_workers": tidy(told.get("service_workers", [])),
        "downloads": tidy(told.get("downloads", [])),
        "cookies": told.get("cookies"), "sandbox": told.get("sandbox"),
        "odd": keeping.clean(told.get("odd") or "", WORDS) or None}


def visit(kind: Kind, v: Visit) -> dict:
    prepare(v)
    trusted = authority.trust(v, "profile")
    with Firefox(kind, v) as browser:
        browser.run()
    asked = requests(browser.told)
    asked.write(v.keep / "requests.jsonl")
    return {"load_error": asked.unloaded(),
            **browser.facts, "authority": trusted, **asked.told(),
            **told_facts(browser.told), "documents": browser.kept.told(),
            "screenshots": browser.pictures,
            "console": console(v.keep / "client.log"),
            "rest": browser.time.told(),
            "netlog": keeping.keep_file(v.home, "netlog.txt.moz_log",
                                        v.keep / "netlog.txt", NETLOG)}
