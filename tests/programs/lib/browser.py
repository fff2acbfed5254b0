"""A headless Chromium that opens pages of our own making, by the DevTools
protocol of the lab. It has no way out: every name is unknown to it."""
import base64
import os
import pathlib
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3]
                       / "etc/lab"))
import channel  # noqa: E402
import devtools  # noqa: E402

PATIENCE = 120  # seconds; far more than anything takes
MESSAGE = 256 << 20

PIPES = 'exec 3<&0 4>&1 </dev/null >&2; exec "$@"'
OPTIONS = """
--headless=new --remote-debugging-pipe --no-first-run --no-startup-window
--disable-background-networking --disable-component-update --disable-sync
--disable-default-apps --disable-gpu --disable-dev-shm-usage --no-proxy-server
--disable-features=OptimizationHints,Translate,MediaRouter
--host-resolver-rules=MAP\u00a0*\u00a0~NOTFOUND
""".split("\n")
OPTIONS = [o.replace("\u00a0", " ")
           for line in OPTIONS for o in line.split(" ") if o]


def find():
    """The program, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


class Browser:
    """One page of one browser."""

    def __init__(self, home: pathlib.Path):
        home.mkdir(parents=True, exist_ok=True)
        # as root it cannot enter a sandbox of its own; pages are ours
        root = ["--no-sandbox"] if not os.geteuid() else []
        process = subprocess.Popen(
            ["/bin/sh", "-c", PIPES, "sh", find(), *OPTIONS, *root,
             f"--user-data-dir={home}/profile"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, start_new_session=True,
            env={**os.environ, "HOME": str(home)})
        self.link = channel.Channel(process, channel.Zeros(MESSAGE))
        self.tools = devtools.DevTools(self.link, self.event)
        self.told, self.session = [], None

    def __enter__(self):
        target = self.call("Target.createTarget", url="about:blank")
        self.session = self.call(
            "Target.attachToTarget", targetId=target["targetId"],
            flatten=True)["sessionId"]
        for domain in "Page", "Runtime", "Network", "Log", "Audits":
            self.call(f"{domain}.enable")
        return self

    def __exit__(self, *_):
        self.link.end()

    def event(self, method, parameters, _session):
        self.told.append((method, parameters))

    def call(self, method, **parameters):
        return self.tools.call(method, parameters, self.session, PATIENCE)

    def events(self, *methods):
        return [p for m, p in self.told if m in methods]

    def until(self, method):
        """Waits for an event of that kind."""
        end = time.monotonic() + PATIENCE
        while not self.events(method):
            if time.monotonic() > end:
                raise AssertionError(f"no {method}")
            self.tools.turn(min(end, time.monotonic() + 1))

    def look(self, width=1280, height=900, dark=False, media=""):
        self.call("Emulation.setDeviceMetricsOverride", width=width,
                  height=height, deviceScaleFactor=1, mobile=width < 600)
        self.call("Emulation.setEmulatedMedia", media=media, features=[
            {"name": "prefers-color-scheme",
             "value": "dark" if dark else "light"}])

    def open(self, url):
        self.told.clear()
        self.call("Page.navigate", url=url)
        self.until("Page.loadEventFired")

    def run(self, expression):
        """The value of an expression, once it is there if it is a promise."""
        done = self.call("Runtime.evaluate", expression=expression,
                         awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in done:
            raise AssertionError(str(done["exceptionDetails"])[:2000])
        return done["result"].get("value")

    def picture(self, path, whole=False):
        size = {}
        if whole:
            found = self.call("Page.getLayoutMetrics")["cssContentSize"]
            size = {"clip": {"x": 0, "y": 0, "width": found["width"],
                             "height": min(found["height"], 8000),
                             "scale": 1}, "captureBeyondViewport": True}
        shot = self.call("Page.captureScreenshot", format="png", **size)
        pathlib.Path(path).write_bytes(base64.b64decode(shot["data"]))

    def pdf(self, path):
        done = self.call("Page.printToPDF")
        pathlib.Path(path).write_bytes(base64.b64decode(done["data"]))
