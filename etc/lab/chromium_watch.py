"""What Chromium tells while a page lives: its requests, its words, its
windows. All of it is hostile: lists have an end, texts are cut."""
import keeping
from asked import Requests

WINDOWS = 20           # further ones are closed at once
DIALOGS = 200          # of one page; then its script is ended
DOWNLOAD = 512 << 20   # bytes, then it is cancelled
WORDS = 500            # characters of a text
LINES = 200            # texts of each kind

LIVE = "page", "iframe"
WATCHED = "page", "iframe", "worker", "shared_worker", "service_worker"

# Not the windows of the browser's own interface.
FILTER = [{"type": t} for t in WATCHED] + [{"exclude": True}]


def words(text) -> str:
    return keeping.clean(text, WORDS)


def place(url, line) -> str:
    """Where in the page's scripts; the protocol counts lines from 0."""
    return f"{words(url)}:{int(line or 0) + 1}" if url else ""


def caller(initiator: dict):
    """The script or document that caused a request, and its line."""
    stack = initiator.get("stack") or {}
    for _ in range(32):  # an asynchronous call stands on others
        if stack.get("callFrames"):
            frame = stack["callFrames"][0]
            return frame.get("url"), frame.get("lineNumber", 0) + 1
        stack = stack.get("parent") or {}
    line = initiator.get("lineNumber")
    return initiator.get("url"), None if line is None else int(line) + 1


class Watch:
    """Takes the browser's events. tools is its DevTools; agent is what
    every page and worker is told about its browser before it runs."""

    def __init__(self, v):
        self.v, self.tools, self.agent = v, None, None
        self.requests = Requests()
        self.page = None    # the session of the first page
        self.pages, self.frames = {}, {}  # sessions: their targets
        self.targets = set()
        self.crashed = set()  # sessions
        self.dialog_counts, self.stopped = {}, 0
        self.registrations = {}
        self.downloads = {}
        (self.console, self.exceptions, self.messages, self.dialogs,
         self.popups, self.workers, self.crashes, self.upgrades,
         self.closed) = (keeping.Some(LINES) for _ in range(9))
        self.handlers = {
            "Target.attachedToTarget": self.attached,
            "Target.detachedFromTarget": self.detached,
            "Inspector.targetCrashed": self.crash,
            "Page.javascriptDialogOpening": self.dialog,
            "Network.requestWillBeSent": self.request,
            "Network.responseReceived": self.response,
            "Network.loadingFailed": self.failed,
            "Network.loadingFinished": self.finished,
            "Runtime.consoleAPICalled": self.say,
            "Runtime.exceptionThrown": self.throw,
            "Log.entryAdded": self.entry,
            "Browser.downloadWillBegin": self.download,
            "Browser.downloadProgress": self.progress,
            "ServiceWorker.workerRegistrationUpdated": self.registered,
        }

    def event(self, method, p, session):
        handler = self.handlers.get(method)
        if handler:
            handler(p, session)

    # windows, frames and workers

    def attached(self, p, parent):
        session, info = p["sessionId"], p["targetInfo"]
        kind, target = info["type"], info["targetId"]
        known = target in self.targets
        self.targets.add(target)
        if kind == "page" and len(self.pages) >= WINDOWS:
            self.closed.add(words(info.get("url")))
            self.tools.post("Runtime.runIfWaitingForDebugger", None, session)
            self.tools.post("Target.closeTarget", {"targetId": target})
            return
        if not known:
            self.keep_session(session, kind, target, info)
            self.prepare(session, kind)
        self.tools.post("Runtime.runIfWaitingForDebugger", None, session)

    def keep_session(self, session, kind, target, info):
        if kind == "page":
            self.page = self.page or session
            self.pages[session] = target
        elif kind == "iframe":
            self.frames[session] = target
        else:
            self.workers.add({"type": kind, "url": words(info.get("url"))})

    def prepare(self, session, kind):
        """Everything that must be in force before its first script."""
        post = self.tools.post
        post("Network.enable", {"maxPostDataSize": 0}, session)
        post("Runtime.enable", None, session)
        post("Log.enable", None, session)
        if kind in LIVE:
            post("Page.enable", None, session)
            post("ServiceWorker.enable", None, session)
            post("Inspector.enable", None, session)
        if self.agent:
            post("Emulation.setUserAgentOverride" if kind in LIVE
                 else "Network.setUserAgentOverride",
                 self.agent, session)
        post("Target.setAutoAttach", {
            "autoAttach": True, "waitForDebuggerOnStart": True,
            "flatten": True, "filter": FILTER}, session)

    def detached(self, p, _):
        session = p["sessionId"]
        for known in self.pages, self.frames:
            known.pop(session, None)

    def crash(self, _, session):
        self.crashed.add(session)
        self.crashes.add(self.pages.get(session, self.frames.get(session)))

    def dialog(self, p, session):
        self.dialogs.add({"type": p.get("type"),
                          "message": words(p.get("message")),
                          "url": words(p.get("url"))})
        count = self.dialog_counts.get(session, 0) + 1
        self.dialog_counts[session] = count
        if count % DIALOGS == 0:
            self.stop_script(session)
        self.tools.post("Page.handleJavaScriptDialog", {"accept": True},
                        session)

    def stop_script(self, session):
        self.stopped += 1
        self.tools.post("Runtime.terminateExecution", None, session)

    # requests

    def request(self, p, session):
        key = session, p["requestId"]
        asked, initiator = p["request"], p.get("initiator", {})
        url, line = caller(initiator)
        kind = initiator.get("type")
        before = p.get("redirectResponse")
        if before:
            url, line, kind = self.requests.url(key), None, "redirect"
            self.answered(key, before)
            self.upgraded(before, asked["url"])
        self.requests.begin(
            key, time=p.get("wallTime"), method=words(asked.get("method")),
            url=asked["url"], type=p.get("type"), initiator=kind,
            by=keeping.clean(url, 4096) if url else None, line=line,
            document=keeping.clean(p.get("documentURL"), 4096),
            post=asked.get("hasPostData"))

    def upgraded(self, before, url):
        """http asked as https by the browser's own decision."""
        fields = {n.lower(): v for n, v in before.get("headers", {}).items()}
        why = fields.get("non-authoritative-reason")
        if why:
            self.upgrades.add({"why": words(why), "url": words(url)})

    def response(self, p, session):
        self.answered((session, p["requestId"]), p["response"])

    def answered(self, key, response):
        address = response.get("remoteIPAddress")
        self.requests.tell(
            key, status=response.get("status"),
            mime=words(response.get("mimeType")),
            server=words(f"{address} port {response.get('remotePort')}")
            if address else None,
            protocol=words(response.get("protocol", "")),
            cache=response.get("fromDiskCache") or None,
            worker=response.get("fromServiceWorker") or None)

    def failed(self, p, session):
        cors = p.get("corsErrorStatus") or {}
        self.requests.tell(
            (session, p["requestId"]), failed=words(p.get("errorText")),
            blocked=p.get("blockedReason"), cors=cors.get("corsError"))
        self.requests.open.pop((session, p["requestId"]), None)

    def finished(self, p, session):
        self.requests.tell((session, p["requestId"]),
                           bytes=p.get("encodedDataLength"))
        self.requests.open.pop((session, p["requestId"]), None)

    # words

    def say(self, p, _):
        texts = [str(a.get("value", a.get("description", a.get("type"))))
                 [:WORDS + 1] for a in p.get("args", [])[:20]]
        frame = ((p.get("stackTrace") or {}).get("callFrames") or [{}])[0]
        self.console.add({"type": p.get("type"),
                          "text": words(" ".join(texts)),
                          "at": place(frame.get("url"),
                                      frame.get("lineNumber"))})

    def throw(self, p, _):
        details = p["exceptionDetails"]
        thrown = details.get("exception") or {}
        self.exceptions.add({
            "text": words(thrown.get("description") or details.get("text")),
            "at": place(details.get("url"), details.get("lineNumber"))})

    def entry(self, p, _):
        entry = p["entry"]
        self.messages.add({"source": entry.get("source"),
                           "level": entry.get("level"),
                           "text": words(entry.get("text")),
                           "at": place(entry.get("url"),
                                       entry.get("lineNumber"))})

    # downloads and what stays in the profile

    def download(self, p, _):
        if len(self.downloads) < LINES:
            self.downloads[p["guid"]] = {
                "url": keeping.clean(p.get("url"), 4096),
                "name": words(p.get("suggestedFilename")), "state": "begun"}

    def progress(self, p, _):
        known = self.downloads.get(p["guid"])
        if known:
            known.update(state=p.get("state"), bytes=p.get("receivedBytes"))
        if (p.get("receivedBytes") or 0) > DOWNLOAD:
            self.tools.post("Browser.cancelDownload", {"guid": p["guid"]})

    def registered(self, p, _):
        for known in p.get("registrations", []):
            if len(self.registrations) < LINES:
                self.registrations[known["registrationId"]] = {
                    "scope": words(known.get("scopeURL")),
                    "deleted": bool(known.get("isDeleted"))}

    def certificates(self) -> list:
        return [f for f in self.requests.failed()
                if "ERR_CERT" in f["failed"] or "ERR_SSL" in f["failed"]]

    def told(self) -> dict:
        lists = ("console", "exceptions", "messages", "dialogs", "popups",
                 "workers", "crashes", "upgrades")
        return {**self.requests.told(),
                **{name: getattr(self, name).told() for name in lists},
                "windows_closed": self.closed.count,
                "scripts_ended": self.stopped,
                "service_workers": list(self.registrations.values()),
                "certificate_errors": self.certificates()[:LINES],
                "downloads": list(self.downloads.values())}
