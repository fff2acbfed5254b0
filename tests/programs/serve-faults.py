#!/usr/bin/env python3
"""What the system withholds: every call of it fails once, reads and writes are
short, memory ends, clocks jump. Other clients get the right bytes, and replay
goes on.

usage: serve-faults.py SAN_DIR PLAIN_DIR [TEST...]
"""
import ctypes
import errno
import mmap
import os
import re
import select
import ssl
import subprocess
import time

from playback import *
from lib import h2
from lib.authority import CA, authority

HERE = os.path.dirname(os.path.abspath(__file__))
HEADER = open(os.path.join(HERE, "../preload/faults.h")).read()
CALLS = re.findall(r"X\((\w+)\)  *\\|X\((\w+)\)$", HEADER, re.M)
CALLS = [a or b for a, b in CALLS]
HOUR = 3600
NANO = 10**9
HOST = "www.fault.example"
SMALL = [f"answer {n} ".encode() * 20 for n in range(20)]
LONG = bytes(i * 11 % 253 for i in range(400_000))


class Page(ctypes.Structure):
    _fields_ = [(n, ctypes.c_int32) for n in
                ("call", "error", "skip", "times", "done", "shorten")] + [
        ("wall", ctypes.c_int64), ("steady", ctypes.c_int64),
        ("calls", ctypes.c_int32 * 64)]


class Faults:
    """The file by which the preloaded library is told."""

    def __init__(self, directory=SAN):
        self.path = TMP / f"faults-{time.monotonic_ns()}"
        self.path.write_bytes(bytes(ctypes.sizeof(Page)))
        with open(self.path, "r+b") as file:
            self.page = Page.from_buffer(mmap.mmap(file.fileno(), 0))
        library = "faults-malloc.so" if directory == PLAIN else "faults.so"
        self.environment = {
            "FAULTS": str(self.path),
            "LD_PRELOAD": str(PLAIN / library),
            "ASAN_OPTIONS": "verify_asan_link_order=0"}

    def fail(self, call, error, skip=0, times=1):
        p = self.page
        p.error = 0
        p.call, p.skip, p.times, p.done = CALLS.index(call), skip, times, 0
        p.error = error

    def none(self):
        self.page.error = 0

    def count(self, call):
        return self.page.calls[CALLS.index(call)]

    def __enter__(self):
        self.before = dict(os.environ)
        os.environ.update(self.environment)
        return self

    def __exit__(self, *_):
        os.environ.clear()
        os.environ.update(self.before)


def site():
    path = TMP / "faults.pcap"
    if path.exists():
        return path
    with Capture("faults.pcap") as capture:
        capture.talk(*((request(HOST, f"/{n}"), ok(body))
                       for n, body in enumerate(SMALL)))
        capture.talk((request(HOST, "/long"), ok(LONG)))
        capture.talk((request(HOST, "/late"), ok("late")), delay=3)
        capture.talk((request(HOST, "/up", method="POST", body=b"abcd"),
                      ok("taken")))
        asked = h2.asked(HOST, "/two", scheme="http")
        capture.talk((h2.PREFACE + h2.frame(h2.SETTINGS)
                      + h2.message(1, asked),
                      h2.frame(h2.SETTINGS)
                      + h2.message(1, [(":status", "200")], b"two" * 20)))
    return path


def serve(faults, *options, directory=SAN, **more):
    """Clean at its start; what is told comes later."""
    authority()
    captures = site()
    with faults:
        return Replay(captures, "--ca", CA, *options, directory=directory,
                      **more)


RIGHT = ok(SMALL[3])


def try_to_ask(at, target, secure=False):
    """What came before the connection ended, however it did."""
    got = b""
    try:
        with Client(at) as c:
            if secure:
                tls = ssl.create_default_context(cafile=authority())
                c.socket = tls.wrap_socket(c.socket, server_hostname=HOST)
            c.send(request(HOST, target, "Connection: close"))
            if not secure:
                c.half_close()
            while part := c.socket.recv(1 << 16):
                got += part
    except OSError:
        pass
    return got


def judge(r, what):
    """Right bytes or the start of them for who was hit, all of them for the
    next ones."""
    for target, want in ("/3", RIGHT), ("/long", ok(LONG)):
        got = try_to_ask(r.port, target)
        true(want.startswith(got), f"{what}: wrong bytes {got[:80]!r}")
    got = try_to_ask(r.port, "/3", secure=True)
    true(RIGHT.startswith(got), f"{what}: wrong bytes in TLS {got[:80]!r}")
    true(r.process.poll() is None, f"{what}: it ended")


def errors(call):
    return {"accept4": [errno.EMFILE, errno.ENFILE, errno.ENOBUFS,
                        errno.ENOMEM, errno.ECONNABORTED, errno.EPERM],
            # of the pipe of signals, where nothing else can come
            "read": [errno.EINTR, errno.EAGAIN],
            "readv": [errno.EINTR, errno.ECONNRESET, errno.ENOMEM],
            "write": [errno.EINTR, errno.ENOSPC, errno.EPIPE, errno.EAGAIN],
            "writev": [errno.EINTR, errno.EPIPE, errno.ENOBUFS,
                       errno.EAGAIN],
            "epoll_wait": [errno.EINTR],
            "epoll_ctl": [errno.ENOMEM, errno.ENOSPC],
            "mmap": [errno.ENOMEM], "madvise": [errno.ENOMEM],
            }.get(call, [errno.EIO, errno.ENOMEM])


# Without these a server is none: replay does not serve on.
NEEDED = {"malloc"}


def p47_every_call_fails_once():
    faults, rules = Faults(), TMP / "faults.conf"
    rules.write_text("path=/19 body s/answer/ANSWER/\n")
    with serve(faults, "--quiet", "--rules", rules,
               listen=("0.0.0.0:0",)) as r:
        judge(r, "before")
        descriptors = r.descriptors()
        failed, missed = 0, []
        for call in sorted(set(CALLS) - NEEDED):
            hit = 0
            for error in errors(call):
                for skip in 0, 1, 2, 5, 9:
                    faults.fail(call, error, skip)
                    what = f"{call} {errno.errorcode[error]} after {skip}"
                    began = time.monotonic()
                    r.signal(signal.SIGHUP)
                    judge(r, what)
                    took = time.monotonic() - began
                    true(took < 5, f"{what}: a client waited {took:.0f} s")
                    hit += faults.page.done
                    faults.none()
                    same(try_to_ask(r.port, "/3"), RIGHT, what + ", then")
            failed += hit
            missed += [call] if not hit else []
        until("descriptors", lambda: r.descriptors() <= descriptors)
        print(f"  {failed} calls of {len(CALLS) - len(missed) - 1} kinds "
              f"failed; never called while serving: {' '.join(missed)}")
        true(failed > 100, "enough of them")
        same(try_to_ask(r.port, "/19"),
             ok(SMALL[19].replace(b"answer", b"ANSWER", 1)), "the rules stay")
        r.log(200)  # it parses every line


def p47_each_answer_of_the_opener_is_to_its_question():
    """A descriptor that could not be taken is not that of the next file."""
    faults, rules = Faults(), TMP / "answers.conf"

    def write(word):
        new = TMP / "answers.new"
        new.write_text(f"path=/19 body s/answer/{word}/\n")
        new.rename(rules)  # another file each time, as editors do

    def reload(r, line):
        count = len(r.told(line))
        r.signal(signal.SIGHUP)
        until(line, lambda: len(r.told(line)) > count)

    write("first")
    with serve(faults, "--rules", rules) as r:
        for n, call in enumerate(("recvmsg", "sendmsg", "recvmsg")):
            write(f"lost{n}")
            faults.fail(call, errno.ENOMEM)
            reload(r, "rules are unchanged")
            faults.none()
            for word in f"new{n}", f"newer{n}":
                write(word)
                reload(r, "rules read again")
                same(try_to_ask(r.port, "/19"),
                     ok(SMALL[19].replace(b"answer", word.encode(), 1)),
                     f"{word} after {call}")
    true(r.told("Cannot allocate memory"), "and it says why")


def p47_short_reads_and_writes():
    faults = Faults()
    for size in 1, 7, 1000:
        with serve(faults, "--quiet") as r:
            faults.page.shorten = size
            for n in (0, 7, 19):
                same(ask_raw(r.port, request(HOST, f"/{n}")), ok(SMALL[n]))
            if size > 1:
                same(ask_raw(r.port, request(HOST, "/long")), ok(LONG))
            with Client(r.port) as c:
                c.send(b"".join(request(HOST, f"/{n}") for n in range(20)))
                for body in SMALL:
                    same(c.answer().body, body, "in order")
            tls = ssl.create_default_context(cafile=authority())
            tls.set_alpn_protocols(["h2"])
            with Client(r.port) as c:
                c.socket = tls.wrap_socket(c.socket, server_hostname=HOST)
                c.send(h2.PREFACE + h2.frame(h2.SETTINGS)
                       + h2.headers(1, h2.asked(HOST, "/7"), True))
                got = b""
                while SMALL[7] not in got and (part := c.socket.recv(9999)):
                    got += part
                true(SMALL[7] in got, f"HTTP/2: {got!r}")
            faults.page.shorten = 0
            same(len(r.log(20)) >= 20, True, "whole lines")


def first_words(descriptor):
    """Until it serves, ends, or says nothing for a while."""
    said = ""
    while "serving" not in said and \
            select.select([descriptor], [], [], 3)[0] and \
            (part := os.read(descriptor, 4096)):
        said += part.decode()
    return said


def p47_every_call_fails_once_at_the_start():
    """It serves, or it says in one line why not."""
    faults, told = Faults(), []
    captures = site()
    with faults:
        for call in sorted(set(CALLS) - {"malloc"}):
            for skip in 0, 1, 2, 3, 5, 8, 13, 21:
                faults.fail(call, errno.EACCES, skip)
                process = subprocess.Popen(
                    [SAN / "replay", "--quiet", "--log", TMP / "start.jsonl",
                     "--listen=127.0.0.1:0", captures],
                    stderr=subprocess.PIPE)
                said = first_words(process.stderr.fileno())
                hit = faults.page.done
                faults.none()
                # or the failed write was that of its first line
                if "serving" in said or (call == "write" and not said):
                    process.terminate()
                what = f"{call} {skip}: {said}"
                until(what, lambda: process.poll() is not None)
                rest = process.stderr.read().decode()
                what += rest
                ends = (0, 1, -signal.SIGTERM) if call == "epoll_wait" \
                    else (0, 1)  # where it is ending when it is told to
                true(process.wait(PATIENCE) in ends,
                     f"{what}: {process.returncode}")
                true("Sanitizer" not in said + rest, what)
                true(said.startswith("replay: ") or call == "write", what)
                if process.returncode:
                    told.append(call)
                if not hit:
                    break
    print(f"  ended, and said why: {len(told)} times, "
          f"{' '.join(sorted(set(told)))}")
    true({"bind", "listen", "epoll_ctl", "open"} <= set(told), f"{told}")


def p47_memory_ends():
    """Fatal, told in one line; no line of the log is half."""
    faults = Faults(PLAIN)
    captures, ends = site(), 0
    authority()
    for skip in [*range(0, 60), *range(60, 4000, 97)]:
        log = TMP / "memory.jsonl"
        log.unlink(missing_ok=True)
        with faults:
            process = subprocess.Popen(
                [PLAIN / "replay", "--quiet", "--log", log, "--ca", CA,
                 "--listen=127.0.0.1:0", captures], stderr=subprocess.PIPE,
                text=True)
            said = process.stderr.readline()
        port = int(said.split()[-1])
        faults.fail("malloc", errno.ENOMEM, skip, 1 << 30)
        for n in range(60):
            try_to_ask(port, f"/{n % 20}", secure=n % 3 == 2)
            if process.poll() is not None:
                break
        done, status = faults.page.done, process.poll()
        faults.none()
        process.terminate()
        rest = process.stderr.read()
        status = process.wait(PATIENCE)
        true(status in (0, 1), f"after {skip}: {status} {rest}")
        if status:
            ends += 1
            same(rest.strip().splitlines()[-1], "replay: out of memory",
                 f"after {skip}, {done}")
        for line in log.read_bytes().splitlines(True):
            true(line.startswith(b"{") and line.endswith(b"}\n"), line)
    print(f"  {ends} ends out of memory, each in one line")
    true(ends > 40, f"{ends} ends")


def p47_memory_ends_while_reading():
    faults, ends = Faults(PLAIN), 0
    with faults:
        for skip in [*range(0, 120), *range(120, 3000, 61)]:
            faults.fail("malloc", errno.ENOMEM, skip, 1 << 30)
            done = subprocess.run([PLAIN / "replay", "--list", site()],
                                  capture_output=True, text=True,
                                  timeout=PATIENCE)
            what = f"after {skip}: {done.returncode} {done.stderr}"
            true(done.returncode in (0, 1), what)
            if done.returncode:
                ends += 1
                # libseccomp says it in a way of its own
                said = done.stderr.replace("replay: cannot be confined "
                    "(seccomp): Cannot allocate memory\n", "", 1)
                true(said in ("", "replay: out of memory\n"), what)
                true(done.stderr, what)
            if not faults.page.done:
                break
        faults.none()
    print(f"  {ends} ends out of memory, each in one line")
    true(ends > 100, f"{ends} ends")


def p47_clocks_are_set():
    """An hour back or forth: nobody is thrown out, no answer is late."""
    faults = Faults()
    with serve(faults, "--pace") as r:
        with Client(r.port) as idle, Client(r.port) as begun, \
                Client(r.port) as body, Client(r.port) as late:
            idle.send(request(HOST, "/1"))
            same(idle.answer().body, SMALL[1])
            for jump in -HOUR, 2 * HOUR, -HOUR:
                began = time.monotonic()
                begun.send(request(HOST, "/2")[:20])
                body.send(request(HOST, "/up", "Content-Length: 4",
                                  method="POST") + b"ab")
                late.send(request(HOST, "/late"))
                time.sleep(0.2)
                faults.page.wall += jump * NANO
                time.sleep(2.5)
                idle.send(request(HOST, "/1"))
                same(idle.answer().body, SMALL[1], "idle")
                begun.send(request(HOST, "/2")[20:])
                same(begun.answer().body, SMALL[2], "a head in two parts")
                body.send(b"cd")
                same(body.answer().body, b"taken", "a body in two parts")
                same(late.answer().body, b"late", "--pace")
                took = time.monotonic() - began
                true(2.9 < took < 4.5, f"--pace took {took:.1f} s")


def drip(c, data, faults, seconds, step=40):
    """Sends bytes, one each so many seconds of the server's clock. Whether it
    put up with that."""
    for at in range(0, seconds, step):
        try:
            c.send(data[at // step:at // step + 1])
        except OSError:
            return False
        faults.page.steady += step * NANO
        time.sleep(2.2)
    return True


def p47_slow_loris():
    """Time goes 10 times as fast: a head takes a minute at most, however
    often a byte comes; so does a body that brings less than 512 bytes a
    second."""
    faults = Faults()
    with serve(faults, "--quiet") as r:
        with Client(r.port) as c:
            drip(c, request(HOST, "/1"), faults, 100)
            same(c.rest(), b"", "a slow head")
        with Client(r.port) as c:
            c.send(request(HOST, "/up", "Content-Length: 900", method="POST"))
            drip(c, b"x" * 900, faults, 100)
            same(Answer(c.rest()).status, 408, "a slow body")
        with Client(r.port) as c:
            size = 200_000
            c.send(request(HOST, "/up", f"Content-Length: {size}",
                           method="POST"))
            for _ in range(5):  # twice as fast as must be
                c.send(b"x" * (size // 5))
                time.sleep(0.1)
                faults.page.steady += 40 * NANO
                time.sleep(2.2)
            same(c.answer().body, b"taken", "one that is not so slow")
        with Client(r.port) as c:  # keeps the connection by PING alone
            c.send(h2.PREFACE + h2.frame(h2.SETTINGS, data=b"\0\4\0\0\0\0")
                   + h2.headers(1, h2.asked(HOST, "/long", scheme="http"),
                                True))
            end = time.monotonic() + PATIENCE
            try:
                while time.monotonic() < end:
                    c.send(h2.frame(h2.PING, data=bytes(8)))
                    faults.page.steady += 50 * NANO
                    time.sleep(2.2)
            except OSError:
                end = None
            same(end, None, "a window that never opens")
        with Client(r.port) as c:
            c.send(h2.PREFACE + h2.frame(h2.SETTINGS)
                   + h2.headers(1, h2.asked(HOST, "/up", method="POST",
                                            scheme="http")))
            for _ in range(3):
                c.send(h2.frame(h2.DATA, 1, b"x"))
                faults.page.steady += 35 * NANO
                time.sleep(2.2)
            got = b""
            c.socket.settimeout(1)
            try:
                while part := c.socket.recv(1 << 16):
                    got += part
            except OSError:
                pass
            true(any(k == h2.HEADERS and b"408" in p
                     for k, _, _, p in h2.frames(got)), f"HTTP/2 {got!r}")
        with Client(r.port) as c:
            c.send(request(HOST, "/1"))
            c.answer()
            faults.page.steady += 130 * NANO  # an idle one
            same(c.rest(), b"", "idle")
        reasons = {n.get("ended") for n in r.log(5)}
        same(try_to_ask(r.port, "/3"), RIGHT, f"and goes on {reasons}")


def p47_more_connections_wait():
    with Replay(site(), "--max-connections=10", "--threads=3") as r:
        clients = [Client(r.port) for _ in range(25)]
        for c in clients:
            c.send(request(HOST, "/1"))
        time.sleep(0.5)
        served = [c for c in clients
                  if select.select([c.socket], [], [], 0)[0]]
        # while the last place is taken each of the others may take one more
        true(10 <= len(served) <= 12, f"{len(served)} of ten")
        # each loop has a backlog of its own: who is next is not to be told
        while clients:
            ready = select.select(clients, [], [], PATIENCE)[0]
            true(ready, f"{len(clients)} clients in the end")
            for c in ready:
                same(c.answer().body, SMALL[1], "in the end")
                c.socket.close()
                clients.remove(c)
    with Replay(site(), "--max-connections=10", "--threads=1") as r:
        clients = [Client(r.port) for _ in range(25)]
        for c in clients:
            c.send(request(HOST, "/1"))
        for c in clients[:10]:
            same(c.answer().body, SMALL[1], "one of ten")
        clients[10].socket.settimeout(0.5)
        try:
            true(not clients[10].socket.recv(1), "one too many")
        except TimeoutError:
            pass
        clients[10].socket.settimeout(PATIENCE)
        same(len(r.told("there are 10 connections")), 1, "told once")
        for c in clients:
            if c not in clients[:10]:
                same(c.answer().body, SMALL[1], "its turn")
            c.socket.close()
        clients = [Client(r.port) for _ in range(12)]
        r.signal(signal.SIGTERM)
        same(r.process.wait(PATIENCE), 0, "it stops while it is full")
    for wrong in "0", "x", "-1", "99999999999":
        done = subprocess.run(
            [SAN / "replay", "--max-connections", wrong, site()],
            capture_output=True, text=True, timeout=PATIENCE)
        same(done.returncode, 2, done.stderr)


def of_kind(r, tls):
    """A connection that had an answer, and is idle."""
    c = Client(r.port)
    if not tls:
        c.send(request(HOST, "/7"))
        same(c.answer().body, SMALL[7])
        return c
    c.socket = tls.wrap_socket(c.socket, server_hostname=HOST)
    if c.socket.selected_alpn_protocol() != "h2":
        c.send(request(HOST, "/7"))
        same(c.answer().body, SMALL[7])
        return c
    c.send(h2.PREFACE + h2.frame(h2.SETTINGS)
           + h2.headers(1, h2.asked(HOST, "/7"), True))
    got = b""
    while SMALL[7] not in got:
        got += c.socket.recv(1 << 16)
    return c


def p47_memory_of_idle_connections():
    """32 KiB each at most, a few seconds after they fell silent."""
    authority()
    one, two = (ssl.create_default_context(cafile=authority())
                for _ in range(2))
    two.set_alpn_protocols(["h2"])
    for name, tls in ("clear", None), ("TLS", one), ("HTTP/2 over TLS", two):
        with Replay(site(), "--ca", CA, "--quiet", directory=PLAIN) as r:
            of_kind(r, tls)
            before = r.resident()
            clients = [of_kind(r, tls) for _ in range(500)]

            def each():
                return (r.resident() - before) / 500
            until("memory", lambda: each() < 32 << 10)
            time.sleep(0 if tls is not two else 4)
            print(f"  {name}: {each() / 1024:.1f} KiB a connection")
            for c in clients:
                c.socket.close()
            until("closing", lambda: r.descriptors() < 50)


def p47_a_pipeline_is_bounded():
    """Who asks on and on and reads nothing is not read on; then every answer
    comes, in order."""
    with Replay(site(), "--quiet", directory=PLAIN) as r:
        asked = request(HOST, "/long", "X-More: " + "x" * 900)
        same(try_to_ask(r.port, "/long"), ok(LONG))
        before = r.resident()
        with Client(r.port, receive=4096) as c:
            c.socket.setblocking(False)
            sent, end = 0, time.monotonic() + 2
            while time.monotonic() < end:
                try:
                    at = sent % len(asked)
                    sent += c.socket.send((asked * 64)[at:])
                except BlockingIOError:
                    time.sleep(0.05)
            true(r.resident() - before < 2 << 20,
                 f"{r.resident() - before} bytes for {sent} bytes of requests")
            print(f"  {sent >> 10} KiB of requests went out, replay grew by "
                  f"{(r.resident() - before) >> 10} KiB")
            c.socket.settimeout(PATIENCE)
            for _ in range(20):
                same(c.take(len(ok(LONG))) == ok(LONG), True, "in order")


def p47_the_log_pipe_goes_away():
    captures = site()
    with subprocess.Popen([SAN / "replay", "--log=-", "--listen=127.0.0.1:0",
                           captures], stderr=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        port = int(process.stderr.readline().split()[-1])
        process.stdout.close()
        for n in range(20):
            same(ask_raw(port, request(HOST, f"/{n}")), ok(SMALL[n]))
        process.terminate()
        said = process.stderr.read().decode()
        same(process.wait(PATIENCE), 0, "exit status")
    same(said.count("log lines are lost"), 1, said)


run(tests_of(globals()))
