"""What the tests of the serving half share: a replay that runs, clients that
ask it, and small captures of exchanges that the generator does not know."""
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import traceback

from lib import eve

PATIENCE = 20  # seconds; far more than anything here takes
TMP = pathlib.Path(os.environ.get("TMPDIR", "/tmp"))
MARK = "mark.invalid"
SAN = pathlib.Path(sys.argv[1]).resolve()
PLAIN = pathlib.Path(sys.argv[2]).resolve()


def until(what, get, patience=PATIENCE):
    """What get() returns, once that is true."""
    end = time.monotonic() + patience
    while not (value := get()):
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience} s for {what}")
        time.sleep(0.005)
    return value


def same(got, want, what=""):
    if got != want:
        raise AssertionError(f"{what}: got {str(got)[:600]}, "
                             f"want {str(want)[:600]}")


def true(value, what):
    if not value:
        raise AssertionError(what)


class Replay:
    """A replay of captures, stopped and judged at the end of its block."""

    def __init__(self, captures, *options, listen=("127.0.0.1:0",),
                 directory=SAN, status=0, log=None, limit=None):
        self.status, self.marks = status, 0
        self.log_path = log or TMP / f"log-{time.monotonic_ns()}.jsonl"
        command = [directory / "replay", "--log", self.log_path, *options]
        for place in listen:
            command += ["--listen", place]
        command += captures if isinstance(captures, list) else [captures]
        if limit:
            command = ["bash", "-c", f'ulimit -n {limit}; exec "$@"', "-",
                       *command]
        self.lines, self.news = [], threading.Condition()
        self.process = subprocess.Popen(
            command, stderr=subprocess.PIPE, text=True, errors="replace")
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.ready = self.line(r"replay: serving ")
        self.ports = [int(p) for places in re.findall(
            r" ports ([\d, ]+)", self.ready) for p in places.split(", ")]
        self.port = self.ports[0]

    def read(self):
        for line in self.process.stderr:
            with self.news:
                self.lines.append(line.rstrip("\n"))
                self.news.notify_all()
        with self.news:
            self.lines.append(None)  # the end
            self.news.notify_all()

    def line(self, pattern):
        """The first line on standard error that has the pattern."""
        def find():
            return next((n for n in self.lines
                         if n is not None and re.search(pattern, n)), None)
        with self.news:
            self.news.wait_for(lambda: find() or None in self.lines, PATIENCE)
            if not find():
                raise AssertionError(f"no line {pattern!r} in: "
                                     + "\n".join(map(str, self.lines[-30:])))
            return find()

    def told(self, pattern):
        return [n for n in self.lines if n is not None
                and re.search(pattern, n)]

    def log_lines(self):
        """By their times: the lines of one event loop stand in the order in
        which they were written, those of several need not."""
        whole = self.log_path.read_bytes().rpartition(b"\n")[0]
        return sorted(eve.read(whole.decode("utf-8", "strict")),
                      key=lambda n: n["time"])

    def log(self, count):
        """The log, once there are so many lines."""
        def read():
            lines = [n for n in self.log_lines() if MARK not in n.get("url", "")]
            return len(lines) >= count and (lines,)
        return until(f"{count} lines of log", read)[0]

    def last(self):
        """The last line of the log: a line comes after its answer, so one
        more request to the same event loop shows that it is there. Which of
        two loops is asked is chance: one of so many is the right one."""
        first = self.marks + 1
        self.marks += 12
        marks = {f"http://{MARK}/{i}" for i in range(first, self.marks + 1)}
        for i in range(first, self.marks + 1):
            ask(self.port, MARK, f"/{i}")
        until("marks", lambda: marks <= {
            n.get("url") for n in self.log_lines()})
        return self.log(0)[-1]

    def signal(self, number):
        self.process.send_signal(number)

    def of_proc(self, name):
        return pathlib.Path(f"/proc/{self.process.pid}/{name}")

    def descriptors(self):
        return len(os.listdir(self.of_proc("fd")))

    def resident(self, name="VmRSS"):
        text = self.of_proc("status").read_text()
        return int(re.search(name + r":\s+(\d+)", text)[1]) * 1024

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            if not kind:
                raise AssertionError("SIGTERM did not end it") from None
        self.reader.join(PATIENCE)
        if kind:
            print("\n".join(map(str, self.lines[-12:])))
        elif self.process.returncode != self.status:
            raise AssertionError(f"exit status {self.process.returncode}: "
                                 + "\n".join(map(str, self.lines[-30:])))


class Client:
    """One connection. at: a port or (address, port)."""

    def __init__(self, at, source=None, receive=None):
        at = at if isinstance(at, tuple) else ("127.0.0.1", at)
        self.socket = socket.socket(
            socket.AF_INET6 if ":" in at[0] else socket.AF_INET)
        self.socket.settimeout(PATIENCE)
        if receive:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF,
                                   receive)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect(at)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def fileno(self):
        return self.socket.fileno()

    def send(self, data):
        self.socket.sendall(data)

    def half_close(self):
        self.socket.shutdown(socket.SHUT_WR)

    def take(self, count):
        got = bytearray(self.buffer)
        while len(got) < count:
            more = self.socket.recv(1 << 18)
            if not more:
                raise AssertionError(f"closed after {bytes(got[-200:])}, "
                                     f"{len(got)} of {count} bytes")
            got += more
        self.buffer = bytes(got[count:])
        return bytes(got[:count])

    def head(self):
        while b"\r\n\r\n" not in self.buffer:
            more = self.socket.recv(1 << 16)
            if not more:
                raise AssertionError(f"closed in a head: {self.buffer!r}")
            self.buffer += more
        return self.take(self.buffer.index(b"\r\n\r\n") + 4)

    def answer(self):
        """Head and body of an answer with Content-Length."""
        head = self.head()
        return Answer(head + self.take(int(field(head, "Content-Length"))))

    def rest(self):
        got = [self.buffer]
        while more := self.socket.recv(1 << 18):
            got.append(more)
        self.buffer = b""
        return b"".join(got)


def fields(head, name):
    return [n.split(b":", 1)[1].strip().decode("latin-1")
            for n in head.split(b"\r\n\r\n")[0].split(b"\r\n")[1:]
            if n.split(b":")[0].lower() == name.lower().encode()]


def field(head, name):
    return (fields(head, name) or [None])[0]


class Answer:
    def __init__(self, raw):
        self.raw = raw
        self.head, _, self.body = raw.partition(b"\r\n\r\n")
        self.status = int(self.head.split()[1]) if self.head else None

    def field(self, name):
        return field(self.head, name)

    def __str__(self):
        return repr(self.raw)


def request(host, target="/", *more, method="GET", body=None):
    lines = [f"{method} {target} HTTP/1.1"]
    lines += [f"Host: {host}"] if host is not None else []
    lines += more
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")


def ask_raw(at, data, source=None):
    """Everything that comes back, as it comes."""
    with Client(at, source) as c:
        c.send(data)
        c.half_close()
        return c.rest()


def ask(at, host, target="/", *more, method="GET", body=None, source=None):
    return Answer(ask_raw(at, request(host, target, *more, method=method,
                                      body=body), source))


class Scenario:
    """A capture of the generator, with the truth about it."""

    def __init__(self, name, *options):
        self.path = TMP / f"{name}.pcap"
        truth, wire = TMP / f"{name}.tsv", TMP / f"{name}.wire"
        with open(self.path, "wb") as out:
            subprocess.run([PLAIN / "make-capture", name, "--truth", truth,
                            "--wire", wire, *options], stdout=out,
                           check=True, timeout=PATIENCE)
        names, *rows = [n.split("\t")
                        for n in truth.read_text().splitlines()]
        self.rows = [dict(zip(names, r)) for r in rows]
        self.requests, self.responses = (
            [p.read_bytes() for p in sorted(wire.glob(f"*.{kind}"),
                                            key=lambda p: int(p.stem))]
            for kind in ("request", "response"))


class Capture:
    """Writes a small pcap (raw IPv4) of connections to a server."""

    def __init__(self, name):
        self.path = TMP / name
        self.out = open(self.path, "wb")
        self.out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535,
                                   101))
        self.time, self.ports = 1489486325.0, 40000

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.out.close()

    def packet(self, way, seq, ack, flags, data=b""):
        source, sport, target, dport = way
        tcp = struct.pack(">HHIIBBHHH", sport, dport, seq & 0xffffffff,
                          ack & 0xffffffff, 0x50, flags, 65535, 0, 0) + data
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6,
                         0, socket.inet_aton(source), socket.inet_aton(target))
        self.time += 0.001
        size = len(ip) + len(tcp)
        self.out.write(struct.pack("<IIII", int(self.time),
                                   int(self.time % 1 * 1e6), size, size)
                       + ip + tcp)

    def talk(self, *exchanges, port=80, server="198.51.100.7", reset=False,
             delay=0):
        """One connection of (request, response) pairs of bytes; delay: seconds
        before each response."""
        self.ports += 1
        client = "192.0.2.100"
        out = (client, self.ports, server, port)
        back = (server, port, client, self.ports)
        self.packet(out, 999, 0, 2)
        self.packet(back, 4999, 1000, 0x12)
        self.packet(out, 1000, 5000, 0x10)
        sent, got = 1000, 5000
        for asked, answered in exchanges:
            for at in range(0, len(asked), 1400):
                part = asked[at:at + 1400]
                self.packet(out, sent, got, 0x18, part)
                sent += len(part)
            self.time += delay
            for at in range(0, len(answered), 1400):
                part = answered[at:at + 1400]
                self.packet(back, got, sent, 0x18, part)
                got += len(part)
        self.packet(back, got, sent, 0x14 if reset else 0x11)
        if not reset:
            self.packet(out, sent, got + 1, 0x11)
        return self


def ok(text, *more, status="200 OK"):
    body = text if isinstance(text, bytes) else text.encode()
    head = [f"HTTP/1.1 {status}", *more, f"Content-Length: {len(body)}"]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def run(tests):
    """Runs the functions, one after another; ends the program."""
    only = sys.argv[3:]
    failed = 0
    for test in tests:
        if only and not any(o in test.__name__ for o in only):
            continue
        began = time.monotonic()
        try:
            said = test()
            verdict = f"skipped: {said}" if said else "passed"
        except Exception:  # a test fails by whatever it raises
            traceback.print_exc(file=sys.stdout)
            verdict, failed = "FAILED", failed + 1
        print(f"{test.__name__}: {verdict} "
              f"({time.monotonic() - began:.1f} s)", flush=True)
    sys.exit(1 if failed else 0)


def tests_of(names):
    """The functions of a module that are named for a pitfall, in order."""
    return [f for n, f in names.items()
            if callable(f) and re.match(r"p\d\d_|listen_", n)]


__all__ = ["Answer", "Capture", "Client", "PATIENCE", "PLAIN", "Replay",
           "SAN", "Scenario", "TMP", "ask", "ask_raw", "field", "fields",
           "ok", "request", "run", "same", "signal",
           "tests_of", "true", "until"]
