"""When a page has come to rest: no packet for a while, or no time left."""
import os
import pathlib
import time

import keeping
from visit import LabError

READING = 0.1  # seconds between two looks at the count of packets


class Rest:
    """The time that a visit has. The client's start has a limit of its own;
    v.longest counts from open() on. Some of it is for what comes after the
    page: its picture, its text, the end of the client."""

    def __init__(self, v, start: float):
        self.v, self.began = v, time.monotonic()
        self.end = self.load_end = self.began + start
        self.count, self.since, self.why = None, self.began, ""

    def open(self):
        """The client is asked to open the page, now."""
        self.began = self.since = time.monotonic()
        self.end = self.began + self.v.longest
        self.load_end = self.end - min(20, self.v.longest * 0.4)

    def left(self, most: float) -> float:
        """Seconds that a step may take, at the most so many."""
        return max(0, min(most, self.end - time.monotonic()))

    def reached(self) -> bool:
        """Looks at the packets; true once the page is at rest, why says how.
        The quiet seconds begin with the first look."""
        now, count = time.monotonic(), self.v.packets()
        if count != self.count:
            self.count, self.since = count, now
        if now - self.since >= self.v.quiet:
            self.why = "quiet"
        elif now >= self.load_end:
            self.why = "longest"
        return bool(self.why)

    def told(self) -> dict:
        return {"by": self.why or "end",
                "seconds": round(time.monotonic() - self.began, 1)}


def display(v) -> dict:
    """What Sandbox.start needs for a client with a window: the way to the X
    server, through its socket's file. The server must let the sandbox's user
    in (xhost +si:localuser:nobody), or XAUTHORITY name a file, which the
    client gets a copy of."""
    screen = os.environ.get("DISPLAY")
    if not v.show:
        return {"env": {}, "read": []}
    if not screen:
        raise LabError("no display to show the client on: DISPLAY is not set")
    env = {"DISPLAY": screen}
    cookies = os.environ.get("XAUTHORITY")
    if cookies and os.path.isfile(cookies):
        keeping.write_in_home(v.home, ".Xauthority",
                              pathlib.Path(cookies).read_bytes())
        env["XAUTHORITY"] = f"{v.sandbox.home}/.Xauthority"
    return {"env": env, "read": ["/tmp/.X11-unix"]}
