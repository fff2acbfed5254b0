"""Chromium as a client of the lab, driven by the DevTools protocol.

The protocol runs over two pipes, so that no port is open in the client's
network; Chromium's own sandbox stays on."""
import base64
import json
import os
import re
import subprocess
import time

import authority
import channel
import devtools
import keeping
import rest
from chromium_watch import FILTER, Watch
from visit import Kind, LabError, Visit

START = 60            # seconds in which the browser must answer
ENDING = 15           # ... in which scripts without end must, that hardly look
MESSAGE = 64 << 20    # bytes of one message
PIECE = 4 << 20       # characters of a document at a time
TEXT = 64 << 20       # bytes of all documents that are kept
NETLOG = 256 << 20    # bytes
PICTURE = 16000       # pixels of height
FRAMES = 50           # documents that are kept
PICTURES = 4          # of windows, beside the page's own

# The browser's standard input and output become the pipes that it wants as
# descriptors 3 and 4; what else it prints joins its standard error.
PIPES = 'exec 3<&0 4>&1 </dev/null >&2; exec "$@"'

QUIET = """
--remote-debugging-pipe --user-data-dir={home}/profile --no-first-run
--no-default-browser-check --no-service-autorun --no-proxy-server
--disable-background-networking --disable-breakpad
--disable-client-side-phishing-detection --disable-component-update
--disable-component-extensions-with-background-pages --disable-default-apps
--disable-domain-reliability --disable-field-trial-config
--disable-hang-monitor --disable-prompt-on-repost --disable-quic
--disable-search-engine-choice-screen --disable-sync
--metrics-recording-only --password-store=basic --deny-permission-prompts
--disable-popup-blocking --autoplay-policy=no-user-gesture-required
--disable-background-timer-throttling --disable-renderer-backgrounding
--disable-backgrounding-occluded-windows --window-size=1366,768
--log-net-log={home}/netlog.json --net-log-max-size-mb=200
--disable-blink-features=AutomationControlled
--gaia-url={nowhere} --component-updater=url-source={nowhere}
--extensions-update-frequency=86400
""".split()

# What the browser would ask of its maker whatever it is told: a closed port
# of its own host, so that no packet leaves.
NOWHERE = "https://localhost:9/"

# Local network access is off since a recorded page may well lead from a
# public address to a private one, as routers' exploits do, and nobody asked
# about that then. HTTPS upgrades are off since what was recorded as http must
# be asked as http; names on the preload list are asked as https even so.
FEATURES = """
HttpsUpgrades HttpsFirstBalancedMode HttpsFirstBalancedModeAutoEnable
HttpsFirstModeIncognito LocalNetworkAccessChecks
LocalNetworkAccessChecksWebSockets LocalNetworkAccessChecksWebTransport
AutofillServerCommunication CertificateTransparencyComponentUpdater
DialMediaRouteProvider GlobalMediaControls InterestFeedContentSuggestions
MediaRouter NetworkTimeServiceQuerying OptimizationGuideModelDownloading
OptimizationHints Translate
""".split()

AGENT = "--user-agent="
OWN_AGENT = ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 "
             "(KHTML, like Gecko) Chrome/%s.0.0.0 Safari/537.36")

LOCAL_STATE = {
    "dns_over_https": {"mode": "off", "templates": ""},
    "network_time": {"network_time_queries_enabled": False},
}
PREFERENCES = {
    "safebrowsing": {"enabled": False, "enhanced": False},
    "alternate_error_pages": {"enabled": False},
    "search": {"suggest_enabled": False},
    "net": {"network_prediction_options": 2},
    "https_only_mode_enabled": False,
    "https_first_balanced_mode_enabled": False,
    "credentials_enable_service": False,
    "signin": {"allowed": False},
    "translate": {"enabled": False},
    "download": {"prompt_for_download": False},
}

# Run in a world of its own, whose prototypes no page has touched; a page can
# still name an element documentElement, hence the getters.
DOCUMENT = """var text; (() => {
  const get = (kind, name) => Object.getOwnPropertyDescriptor(
    kind.prototype, name).get.call(document);
  const type = get(Document, "doctype"), root = get(Document,
    "documentElement");
  text = (type ? new XMLSerializer().serializeToString(type) + "\\n"
    : "") + (root ? root.outerHTML : "");
  return {length: text.length, now: Date.now(),
    title: get(Document, "title").slice(0, 1000)};
})()"""


def features(options: list):
    """Our features and those that the options turn off, in one list, since
    the last one alone counts; and the other options."""
    off, others, name = list(FEATURES), [], "--disable-features="
    for option in options:
        if option.startswith(name):
            off += option[len(name):].split(",")
        else:
            others.append(option)
    return name + ",".join(off), others


def version(kind: Kind, v: Visit) -> str:
    """The browser's version, by itself."""
    process = v.sandbox.start(
        [kind.program or "chromium", "--version"], stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        said = process.communicate(timeout=START)[0][:200]
    except subprocess.TimeoutExpired:
        said = b""
    finally:
        channel.end(process)
        process.stdout.close()
    found = re.search(rb"Chrom\w+ (\d+(\.\d+)+)", said)
    if not found:
        raise LabError(f"{kind.name}: {kind.program or 'chromium'} does not "
                       "tell its version: no Chromium?")
    return found[1].decode()


def user_agent(kind: Kind, v: Visit):
    """What to send as User-Agent, and whether with the client hints of this
    browser: with another agent they would tell on it. A headless browser
    would call itself one, and many a page shows nothing to those; only the
    command line reaches all requests, those for service workers too."""
    if v.user_agent:
        return v.user_agent, ""
    for option in kind.options:
        if option.startswith(AGENT):
            return option[len(AGENT):], ""
    known = version(kind, v)
    return OWN_AGENT % known.partition(".")[0], known


def arguments(kind: Kind, v: Visit, agent: str) -> list:
    if any(o.startswith(("--no-sandbox", "--disable-setuid-sandbox",
                         "--disable-namespace-sandbox", "--single-process",
                         "--disable-seccomp-filter-sandbox", "--no-zygote"))
           for o in kind.options):
        raise LabError(f"{kind.name}: the browser's sandbox stays on")
    off, others = features(kind.options)
    args = [o.format(home=v.sandbox.home, nowhere=NOWHERE) for o in QUIET]
    if not v.show:
        args.append("--headless=new")
    return ["/bin/sh", "-c", PIPES, "sh", kind.program or "chromium", *args,
            off, *others, AGENT + agent, "about:blank"]


def hints(known: str) -> dict:
    """The client hints of a Chromium of this version with a window."""
    brands = {"Chromium": known, "Not)A;Brand": "8.0.0.0"}
    return {
        "brands": [{"brand": b, "version": v.partition(".")[0]}
                   for b, v in brands.items()],
        "fullVersionList": [{"brand": b, "version": v}
                            for b, v in brands.items()],
        "platform": "Linux", "platformVersion": "", "model": "",
        "architecture": {"x86_64": "x86", "aarch64": "arm"}.get(
            os.uname().machine, ""),
        "bitness": "64", "mobile": False}


def prepare(v: Visit):
    """A new profile, before anything of the client runs."""
    for name, values in (("Local State", LOCAL_STATE),
                         ("Default/Preferences", PREFERENCES)):
        keeping.write_in_home(v.home, f"profile/{name}",
                              json.dumps(values).encode())


class Chromium:
    """One browser of one visit."""

    def __init__(self, kind: Kind, v: Visit):
        self.kind, self.v, self.time = kind, v, rest.Rest(v, START)
        agent, known = user_agent(kind, v)
        command = arguments(kind, v, agent)
        self.log = keeping.create(v.keep / "client.log")
        process = v.sandbox.start(
            command, clock=v.clock, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            **rest.display(v))
        self.link = channel.Channel(process, channel.Zeros(MESSAGE), self.log)
        self.watch = Watch(v)
        self.tools = devtools.DevTools(self.link, self.watch.event)
        self.watch.tools = self.tools
        self.watch.agent = {"userAgent": agent}
        if known:
            self.watch.agent["userAgentMetadata"] = hints(known)
        self.facts = {"user_agent": keeping.clean(agent, 1000),
                      "client_hints": bool(known)}
        self.pictures = []
        self.left, self.done = TEXT, set()  # of the documents

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.link.end()
        self.log.close()

    def call(self, method, parameters=None, session=None, patience=5.0):
        return self.tools.call(method, parameters, session,
                               self.time.left(patience))

    def begin(self):
        """Until the browser has an empty page that is watched."""
        try:
            told = self.call("Browser.getVersion", patience=START)
            self.facts["browser"] = keeping.clean(told["product"], 100)
            self.call("Browser.setDownloadBehavior", {
                "behavior": "allow", "eventsEnabled": True,
                "downloadPath": f"{self.v.sandbox.home}/downloads"})
            self.call("Target.setAutoAttach", {
                "autoAttach": True, "waitForDebuggerOnStart": True,
                "flatten": True, "filter": FILTER}, patience=START)
            self.first_page()
        except (channel.Closed, devtools.Late, devtools.Refused) as error:
            raise LabError(f"{self.kind.name}: the browser does not start: "
                           f"{self.link.words()}") from error

    def first_page(self):
        until = time.monotonic() + self.time.left(START)
        while not self.watch.page:
            if not self.tools.turn(until):
                raise devtools.Late("page")
        # everything asked before it is in force once this is answered
        self.call("Page.getFrameTree", session=self.watch.page, patience=START)

    def load(self):
        self.time.open()
        self.facts["load_error"] = "no answer"
        self.tools.post("Page.navigate", {"url": self.v.url},
                        self.watch.page, self.loaded)
        while not self.time.reached():
            until = time.monotonic() + rest.READING
            while self.tools.turn(until):
                pass

    def loaded(self, result, error):
        """How the navigation went, if that is known before the rest."""
        if self.time.why:
            return
        result, why = result or {}, (error or {}).get("message")
        why = why or result.get("errorText")
        self.facts["load_error"] = keeping.clean(why, 200) if why else None
        self.facts["is_download"] = bool(result.get("isDownload"))

    def gather(self):
        """What the pages have become, the first one first."""
        self.watch.requests.leave()
        if self.facts["load_error"] == "no answer":
            self.tools.post("Page.stopLoading", None, self.watch.page)
        self.windows()
        self.free()
        self.picture(self.watch.page, "screenshot.png")
        documents = keeping.Some(FRAMES)
        sessions = [self.watch.page, *self.watch.frames, *self.watch.pages]
        self.facts["documents"] = documents
        self.documents(sessions[:1], documents)
        if documents:
            self.facts["title"] = documents[0].get("title", "")
        self.cookies()
        self.documents(sessions[1:], documents)
        for number, session in enumerate(sessions[-PICTURES:]):
            if session in self.watch.pages and session != self.watch.page:
                self.picture(session, f"screenshot-{number + 1}.png")
        self.windows()  # some may have come late

    def windows(self):
        targets = {t["targetId"]: t for t in self.call("Target.getTargets")[
            "targetInfos"]}
        self.watch.popups = keeping.Some(FRAMES)
        for session, target in self.watch.pages.items():
            told = {n: keeping.clean(targets.get(target, {}).get(n, ""), 4096)
                    for n in ("url", "title")}
            if session == self.watch.page:
                self.facts["final_url"] = told["url"]
                self.facts.setdefault("title", told["title"])
            else:
                self.watch.popups.add(told)

    def free(self):
        """Ends the scripts that let nothing else run."""
        sessions = {*self.watch.pages, *self.watch.frames}
        for patience in 2, ENDING:
            until = time.monotonic() + self.time.left(patience)
            busy = sessions - self.watch.crashed
            for session in busy.copy():
                self.tools.post(
                    "Runtime.evaluate", {"expression": "0"}, session,
                    lambda *_, session=session: busy.discard(session))
            while busy and self.tools.turn(until):
                pass
            for session in busy:
                self.watch.stop_script(session)
            sessions = busy

    def picture(self, session, name):
        """A screenshot: the whole page, else what a window shows of it."""
        for whole in (True, False):
            if session in self.watch.crashed or not self.time.left(1):
                return
            try:
                keeping.write(self.v.keep / name, self.shot(session, whole))
                self.pictures.append({"file": name, "whole": whole})
                return
            except (devtools.Late, devtools.Refused):
                pass

    def shot(self, session, whole) -> bytes:
        asked = {"format": "png"}
        self.tools.post("Page.bringToFront", None, session)
        if whole:
            size = self.call("Page.getLayoutMetrics", session=session,
                             patience=3)["cssContentSize"]
            asked["captureBeyondViewport"] = True
            asked["clip"] = {
                "x": 0, "y": 0, "scale": 1,
                "width": max(1, min(size["width"], 4000)),
                "height": max(1, min(size["height"], PICTURE))}
        data = base64.b64decode(self.call(
            "Page.captureScreenshot", asked, session, 6).get("data", ""))
        if not data.startswith(b"\x89PNG"):
            raise devtools.Refused("no picture")
        return data

    def documents(self, sessions, kept):
        """The documents of all frames as they are now."""
        for session in sessions:
            if session in self.watch.crashed:
                continue
            for frame in self.frames(session):
                if frame["id"] not in self.done:
                    self.done.add(frame["id"])
                    self.document(session, frame, kept)

    def frames(self, session) -> list:
        """A session's frames, the top one first."""
        try:
            tree = self.call("Page.getFrameTree", session=session,
                             patience=3)["frameTree"]
        except (devtools.Late, devtools.Refused):
            return []
        found, todo = [], [tree]
        while todo and len(found) < 4 * FRAMES:
            tree = todo.pop(0)
            found.append(tree["frame"])
            todo += tree.get("childFrames", [])
        return found

    def document(self, session, frame, kept):
        told = {"url": keeping.clean(frame.get("url"), 4096)}
        name = "dom.html" if not kept.count else f"dom-{kept.count}.html"
        if kept.add(told) is None:
            return
        if told["url"].startswith("chrome-error:"):
            told["missing"] = "the browser's own page, in place of an error"
            return
        try:
            with keeping.create(self.v.keep / name) as out:
                told["file"] = name
                self.copy(session, frame["id"], out, told)
        except (devtools.Late, devtools.Refused) as error:
            told["missing"] = keeping.clean(error, 200)

    def copy(self, session, frame, out, told):
        """A document's text, piece by piece, as far as it comes in time."""
        told.update(bytes=0, cut=True)
        world = self.call("Page.createIsolatedWorld", {"frameId": frame},
                          session)["executionContextId"]
        value = self.evaluate(DOCUMENT, world, session)
        told.update(characters=value["length"], title=keeping.clean(
            value["title"], 1000), clock=value["now"] / 1000)
        for at in range(0, value["length"], PIECE):
            piece = self.evaluate(f"text.slice({at}, {at + PIECE})", world,
                                  session).encode(errors="replace")
            told["bytes"] += out.write(piece[:self.left])
            self.left -= min(self.left, len(piece))
            if not self.left:
                return
        told["cut"] = False

    def evaluate(self, script, world, session):
        answer = self.call("Runtime.evaluate", {
            "expression": script, "contextId": world,
            "returnByValue": True}, session, 10)
        if "value" not in answer["result"]:
            raise devtools.Refused("more text than a string can hold")
        return answer["result"]["value"]

    def cookies(self):
        try:
            found = self.call("Storage.getCookies").get("cookies", [])
            self.facts["cookies"] = len(found)
        except (devtools.Late, devtools.Refused):
            self.facts["cookies"] = None

    def close(self):
        """Lets the browser end by itself, so that its net log is whole."""
        try:
            self.tools.post("Browser.close")
        except channel.Closed:
            pass
        self.facts["closed"] = bool(self.link.wait(max(
            2, self.time.left(8))))

    def run(self):
        self.begin()
        try:
            self.load()
            self.gather()
        except channel.Closed:
            self.facts["ended"] = self.link.words()
        except (devtools.Late, devtools.Refused) as error:
            self.facts["incomplete"] = keeping.clean(error, 200)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self.facts["incomplete"] = f"odd answer: {type(error).__name__}"
        self.close()


def visit(kind: Kind, v: Visit) -> dict:
    prepare(v)
    trusted = authority.trust(v, ".pki/nssdb")
    with Chromium(kind, v) as browser:
        browser.run()
    facts = {**browser.facts, "authority": trusted, **browser.watch.told(),
             "screenshots": browser.pictures,
             "rest": browser.time.told(),
             "skipped_messages": browser.link.framing.skipped,
             "odd_messages": browser.tools.odd}
    browser.watch.requests.write(v.keep / "requests.jsonl")
    if "documents" in facts:
        facts["documents"] = facts["documents"].told()
    facts["netlog"] = keeping.keep_file(v.home, "netlog.json",
                                        v.keep / "netlog.json", NETLOG)
    return facts
