"""QEMU's guest agent, in machines that have it: by it the lab's authority
comes into the machine's store. What the agent answers is hostile, so it only
chooses between the lab's own words here.
"""
import base64
import json
import time

import keeping

LINE_MAX = 64 << 10
ANSWERS = 2000  # that are heard at most
PAUSE = 0.2     # seconds before each command
WORDS = 200     # of an error
SYNC = 0x4c6162
PROGRAMS = {  # by the system: where the certificate goes, what takes it
    "mswindows": (r"C:\Windows\Temp\reenact-lab.crt", "certutil.exe",
                  ["-addstore", "-f", "Root",
                   r"C:\Windows\Temp\reenact-lab.crt"]),
    "": ("/usr/local/share/ca-certificates/reenact-lab.crt",
         "/usr/sbin/update-ca-certificates", [])}
NO_ANSWER, INSTALLED = "no answer", "installed"


class Refused(Exception):
    """The agent answered with an error."""


def install(certificate):
    """Commands, each of which is sent what it returned; how it ended."""
    while (yield "guest-sync", {"id": SYNC}) != SYNC:
        pass
    system = (yield "guest-get-osinfo", {}).get("id")
    windows = "mswindows" if system == "mswindows" else ""
    path, program, arguments = PROGRAMS[windows]
    handle = yield "guest-file-open", {"path": path, "mode": "wb"}
    yield "guest-file-write", {
        "handle": handle, "buf-b64": base64.b64encode(certificate).decode()}
    yield "guest-file-close", {"handle": handle}
    process = (yield "guest-exec", {"path": program, "arg": arguments})["pid"]
    while True:
        state = yield "guest-exec-status", {"pid": process}
        if state["exited"] is True:
            break
    return INSTALLED if state.get("exitcode") == 0 else f"{program} failed"


class Agent:
    """One channel, from before the machine starts. connection: a socket that
    never blocks, whose input goes to feed(). turn() is to be called at next,
    if that is not None."""

    def __init__(self, certificate, say):
        self.steps, self.say, self.told = install(certificate), say, NO_ANSWER
        self.connection, self.line, self.answers = None, b"", 0
        self.command, self.next = next(self.steps), time.monotonic()

    def turn(self):
        name, arguments = self.command
        self.next = None
        line = json.dumps({"execute": name, "arguments": arguments})
        try:
            self.connection.send(line.encode() + b"\n")
        except OSError:
            self.end("does not listen")

    def feed(self, data):
        *lines, self.line = (self.line + data).split(b"\n")
        self.line = self.line[:LINE_MAX]
        for line in lines:
            # what nobody asked for answers nothing
            if self.steps and self.next is None:
                self.hear(line.lstrip(b"\xff"))

    def hear(self, line):
        self.answers += 1
        try:
            said = json.loads(line)
            if "error" in said:
                self.steps.throw(Refused(said["error"]["desc"]))
            self.command = self.steps.send(said["return"])
            self.next = time.monotonic() + PAUSE
        except StopIteration as end:
            self.end(end.value)
        except Refused as error:
            self.end(f"refused: {keeping.clean(error, WORDS)}")
        except (ValueError, RecursionError, TypeError, KeyError,
                AttributeError):
            self.end("odd answer")
        if self.answers >= ANSWERS:
            self.end("no end")

    def end(self, how):
        if self.steps:
            self.steps, self.next, self.told = None, None, how
            self.say(f"the machine's agent and the authority: {how}")
