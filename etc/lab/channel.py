"""Messages to and from a client's process over its standard input and output,
with a time limit on everything, and what it says on standard error kept."""
import json
import os
import selectors
import subprocess
import time

import keeping

READ = 1 << 16
SAID = 4 << 20  # bytes of standard error that are kept


class Closed(Exception):
    """The other side has ended, or does not take what it is sent."""


class Channel:
    """Owns a process that was started with three pipes, and ends it.

    framing takes bytes as they come and returns the messages that they end;
    its pack() makes the bytes of one."""

    def __init__(self, process: subprocess.Popen, framing, log=None):
        self.process, self.framing, self.log = process, framing, log
        self.said, self.last_words, self.open = 0, b"", True
        self.waiting = []
        self.selector = selectors.DefaultSelector()
        for stream in process.stdin, process.stdout, process.stderr:
            os.set_blocking(stream.fileno(), False)
        self.selector.register(process.stdout, selectors.EVENT_READ, self.hear)
        self.listen(process.stderr)

    def listen(self, stream):
        """Puts what comes from there into the log, too."""
        os.set_blocking(stream.fileno(), False)
        self.selector.register(stream, selectors.EVENT_READ,
                               lambda: self.note(stream))

    def hear(self):
        data = os.read(self.process.stdout.fileno(), READ)
        if not data:
            self.open = False
            self.selector.unregister(self.process.stdout)
        self.waiting += self.framing.feed(data)

    def note(self, stream):
        """Some text for the log; the pipe is always emptied."""
        data = os.read(stream.fileno(), READ)
        if not data:
            self.selector.unregister(stream)
        self.last_words = (self.last_words + data)[-2000:]
        if self.log:
            self.said += self.log.write(data[:SAID - self.said])

    def turn(self, seconds: float):
        """Reads what there is; waits for it at most so long."""
        if not self.selector.get_map():
            return
        for key, _ in self.selector.select(max(0, seconds)):
            try:
                key.data()
            except BlockingIOError:
                pass

    def receive(self, until: float):
        """The next message, or None if there was none until then
        (time.monotonic())."""
        while not self.waiting:
            if not self.open:
                raise Closed
            left = until - time.monotonic()
            self.turn(left)
            if left <= 0 and not self.waiting:
                return None
        return self.waiting.pop(0)

    def send(self, message, patience: float = 5):
        data = self.framing.pack(message)
        until = time.monotonic() + patience
        while data:
            try:
                data = data[os.write(self.process.stdin.fileno(), data):]
            except BlockingIOError:
                if time.monotonic() > until:
                    raise Closed from None
                self.turn(0.01)
            except OSError:
                raise Closed from None

    def words(self) -> str:
        """The last line that the process wrote to standard error."""
        lines = self.last_words.decode(errors="replace").split("\n")
        return next((keeping.clean(line, 300) for line in reversed(lines)
                     if line.strip()), "it says nothing")

    def wait(self, patience: float):
        """Whether the process ends by itself in that time."""
        until = time.monotonic() + patience
        while (left := until - time.monotonic()) > 0:
            self.turn(min(left, 0.05))
            self.waiting.clear()
            if self.process.poll() is not None:
                return True
        return False

    def end(self):
        end(self.process)
        self.selector.close()
        for stream in (self.process.stdin, self.process.stdout,
                       self.process.stderr):
            try:
                stream.close()
            except OSError:
                pass


def end(process: subprocess.Popen):
    """Kills a process and, if it leads one, its group."""
    if process.poll() is not None:
        return
    try:
        if os.getpgid(process.pid) == process.pid:
            os.killpg(process.pid, 9)
    except OSError:
        pass
    process.kill()
    process.wait()


def parse(data: bytes):
    """An object of JSON, or None: what the client sends is not trusted."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, (dict, list)) else None


class Zeros:
    """JSON with a zero byte after each: the DevTools protocol in a pipe.

    What is longer than the limit is skipped, and counted."""

    def __init__(self, limit: int):
        self.limit, self.parts, self.size, self.skipped = limit, [], 0, 0

    def pack(self, message) -> bytes:
        return json.dumps(message).encode() + b"\0"

    def feed(self, data: bytes) -> list:
        *ends, rest = data.split(b"\0")
        messages = [self.whole(end) for end in ends]
        self.hold(rest)
        return [m for m in messages if m is not None]

    def hold(self, part: bytes):
        self.size += len(part)
        if self.size > self.limit:
            self.parts.clear()
        else:
            self.parts.append(part)

    def whole(self, part: bytes):
        self.hold(part)
        data, too_long = b"".join(self.parts), self.size > self.limit
        self.parts, self.size = [], 0
        self.skipped += too_long
        return None if too_long else parse(data)


class Lengths:
    """JSON after its length in decimal and a colon: Marionette."""

    def __init__(self, limit: int):
        self.limit, self.head, self.parts, self.left = limit, b"", [], None
        self.skipped = 0

    def pack(self, message) -> bytes:
        data = json.dumps(message).encode()
        return b"%d:" % len(data) + data

    def feed(self, data: bytes) -> list:
        messages = []
        while data:
            if self.left is None:
                data = self.length(data)
                continue
            part, data = data[:self.left], data[self.left:]
            self.left -= len(part)
            if not self.too_long:
                self.parts.append(part)
            if not self.left:
                messages.append(self.whole())
        return [m for m in messages if m is not None]

    def length(self, data: bytes) -> bytes:
        """Takes the length off, once it is whole."""
        head, colon, rest = (self.head + data).partition(b":")
        if len(head) > 20 or not head.isdigit() and head:
            raise Closed
        if not colon:
            self.head = head
            return b""
        self.left, self.head = int(head or b"0"), b""
        self.too_long = self.left > self.limit
        if not self.left:
            self.left = None
        return rest

    def whole(self):
        data, self.parts, self.left = b"".join(self.parts), [], None
        self.skipped += self.too_long
        return None if self.too_long else parse(data)
