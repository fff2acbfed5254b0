"""A running QEMU: its control channel (QMP), its serial console, what it says
before it ends, and which of the machine's packets count as talk.

All of it is taken for hostile: who broke out of the machine speaks here.
"""
import json
import os
import selectors
import socket
import struct
import subprocess
import time

from hostile import last_line, visible
from keeping import create

CONSOLE_MAX = 4 << 20   # bytes of the serial console that are kept
ERRORS_MAX = 64 << 10
LINE_MAX = 1 << 20      # of QMP
ANSWER = 30             # seconds for an answer; emulation is slow
ANSWER_LEAST = 2        # the same, when the visit's time is over
LAST_SECONDS = 10       # for a process whose control channel has ended
LAST_PIECES = 1000      # that are heard after its end
PACKET_BYTES = 64       # of each packet: as far as the ports
PCAP_HEAD, PCAP_RECORD = 24, 16
TCP, UDP = 6, 17
SETUP_PORTS = {53, 67, 68, 546, 547}  # DNS and DHCP


def ports_of(transport):
    return struct.unpack_from(">HH", transport) if len(transport) >= 4 else ()


def is_talk(frame):
    """Whether a machine speaks with a server: TCP, or UDP other than what
    every machine sends at its start, to one station. Broadcasts and
    multicasts (names, neighbours, printers) never come to an end."""
    if len(frame) < 34 or frame[0] & 1:
        return False
    kind, = struct.unpack_from(">H", frame, 12)
    if kind == 0x0800:
        protocol, transport = frame[23], frame[14 + 4 * (frame[14] & 15):]
    elif kind == 0x86DD:
        protocol, transport = frame[20], frame[54:]
    else:
        return False
    return protocol == TCP or protocol == UDP and not (
        SETUP_PORTS & set(ports_of(transport)))


class Talk:
    """Reads the pcap stream of QEMU's filter-dump."""

    def __init__(self):
        self.rest, self.head = b"", PCAP_HEAD
        self.packets, self.last = 0, None  # last: of the monotonic clock

    def feed(self, data):
        self.rest += data
        at = self.head
        while len(self.rest) >= at + PCAP_RECORD:
            length, = struct.unpack_from("=I", self.rest, at + 8)
            length = min(length, PACKET_BYTES)
            end = at + PCAP_RECORD + length
            if len(self.rest) < end:
                break
            if is_talk(self.rest[end - length:end]):
                self.packets += 1
                self.last = time.monotonic()
            at = end
        if at > self.head or not self.head:
            self.rest, self.head = self.rest[at:], 0


class Console:
    """The first bytes of what the machine wrote to its serial port."""

    def __init__(self, path):
        self.out, self.bytes = create(path), 0

    def feed(self, data):
        kept = data[:max(0, CONSOLE_MAX - self.bytes)]
        self.out.write(visible(kept).encode())
        self.out.flush()
        self.bytes += len(data)


class Qemu:
    """One process and its channels. Everything that waits, waits in pump."""

    def __init__(self, v, program, arguments, devices, read, deadline,
                 agent=None):
        self.deadline = deadline  # of the visit, by the monotonic clock
        self.selector = selectors.DefaultSelector()
        self.ours, self.theirs = [], []
        self.answers, self.number, self.line = {}, 0, b""
        self.errors, self.ended, self.powered_off = b"", False, False
        self.halted = False  # by QEMU itself, not by the machine
        self.kvm, self.agent = False, agent
        self.talk, self.console = Talk(), Console(v.keep / "console.txt")
        self.start(v, program, arguments, devices, read)

    def start(self, v, program, arguments, devices, read):
        self.control, control = self.pair(self.hear)
        _, serial = self.pair(self.console.feed)
        dump = self.pipe(self.talk.feed, os.stat(v.home))
        argv = [program, *arguments, *self.agent_channel(),
                "-chardev", f"socket,id=control,fd={control}",
                "-mon", "chardev=control,mode=control",
                "-chardev", f"socket,id=console,fd={serial}",
                "-serial", "chardev:console",
                "-object", "filter-dump,id=talk,netdev=net,"
                f"file=/proc/self/fd/{dump},maxlen={PACKET_BYTES}"]
        try:
            self.process = v.sandbox.start(
                argv, devices=devices, read=read, pass_fds=self.theirs,
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE)
        finally:
            for fd in self.theirs:
                os.close(fd)
        self.watch(self.process.stderr, self.complain)

    def agent_channel(self):
        if not self.agent:
            return []
        self.agent.connection, theirs = self.pair(self.agent.feed)
        return ["-chardev", f"socket,id=agent,fd={theirs}"]

    def watch(self, source, handler):
        os.set_blocking(source.fileno(), False)
        self.ours.append(source)
        self.selector.register(source, selectors.EVENT_READ, handler)

    def pair(self, handler):
        ours, theirs = socket.socketpair()
        self.watch(ours, handler)
        self.theirs.append(theirs.detach())
        return ours, self.theirs[-1]

    def pipe(self, handler, owner):
        """Its writing end is opened once more, by name, so it has to belong
        to whom QEMU runs as."""
        ours, theirs = os.pipe()
        os.fchown(theirs, owner.st_uid, owner.st_gid)
        self.watch(os.fdopen(ours, "rb"), handler)
        self.theirs.append(theirs)
        return theirs

    def complain(self, data):
        self.errors = (self.errors + data)[-ERRORS_MAX:]

    def hear(self, data):
        """Lines of QMP: answers have a number, events a name."""
        *lines, self.line = (self.line + data).split(b"\n")
        if len(self.line) > LINE_MAX:
            self.line = b""
        for line in lines:
            try:
                said = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if not isinstance(said, dict):
                continue
            if isinstance(said.get("id"), int):
                self.answers[said["id"]] = said
            elif said.get("event") == "SHUTDOWN":
                reason = said.get("data")
                self.powered_off |= isinstance(reason, dict) and bool(
                    reason.get("guest"))
            elif said.get("event") == "STOP":
                self.halted = True

    def pump(self, seconds):
        """Hears the channels once something comes or the time is over, and
        says whether something came. The control channel ends with QEMU."""
        heard = False
        for key, _ in self.selector.select(max(0, seconds)):
            try:
                data = os.read(key.fd, 1 << 16)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            heard = True
            if data:
                key.data(data)
                continue
            self.selector.unregister(key.fileobj)
            self.ended |= key.fileobj is self.control
        return heard

    def pump_until(self, moment, done=lambda: False):
        while not self.ended and not done():
            left = moment - time.monotonic()
            if left <= 0:
                return
            self.pump(left)

    def command(self, name, **arguments):
        """What QEMU returns; None if it fails or says nothing in time."""
        self.number += 1
        number = self.number
        line = json.dumps({"execute": name, "arguments": arguments,
                           "id": number}).encode() + b"\n"
        try:
            self.control.sendall(line)
        except OSError:
            return None
        now = time.monotonic()
        self.pump_until(max(now + ANSWER_LEAST,
                            min(now + ANSWER, self.deadline)),
                        lambda: number in self.answers)
        return self.answers.pop(number, {}).get("return")

    def end(self):
        """Ends the process, whatever it is doing, and hears its last words:
        the last line of its errors."""
        try:
            self.process.wait(LAST_SECONDS if self.ended else 0)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        # the sandbox was killed, and QEMU in it dies a moment later
        self.pump_until(time.monotonic() + LAST_SECONDS)
        for _ in range(LAST_PIECES):
            if not self.pump(0):
                break
        return last_line(self.errors)

    def close(self):
        self.end()
        for source in self.ours:
            source.close()
        self.selector.close()
        self.console.out.close()
