#!/usr/bin/env python3
"""Rules reloaded under load: 64 connections ask without pause while SIGHUP comes
every 100 ms, one rule file in three faulty. Every answer is whole and wholly of
one rule set, and nothing is left behind.

RELOAD_SECONDS: how long, for each of two builds (8).

usage: rewrite-reload.py SAN_DIR PLAIN_DIR [TEST...]
"""
import contextlib
import gzip
import os
import pathlib
import re
import selectors
import socket
import subprocess
import threading
import time

from playback import *

HOST = "www.reload.example"
SECONDS = float(os.environ.get("RELOAD_SECONDS", 8))
CLIENTS, PAUSE = 64, 0.1
MIB = 1 << 20
RULES = TMP / "reload.conf"

# By each version of the rules @@ becomes its number, in four places.
PAGE = b"<p>@@ and @@</p>\n"
PAGES = {
    "/small": (PAGE, []),
    "/gzip": (PAGE * 1000, ["Content-Encoding: gzip"]),
    "/large?v=7": (PAGE * 20000, []),  # long enough to be worked on elsewhere
}
FAULTY = ["body s{(}{}", "type=text/html hedaer X delete", "body s{a}{b",
          "header X-Version set 0\nnonsense\n", "body s{a}{$7}"]


def rules_of(version):
    """Every other version folds a query value too: the table is another."""
    lines = [f"type=text/html body s{{@@}}{{{version:06}}}g",
             f"header X-Version set {version:06}",
             f"header X-Old s{{@@}}{{{version:06}}}",
             "target s{\\bv=\\d}{v=0}" if version % 2 else ""]
    return "\n".join(lines) + "\n"


def put(text):
    """In one step, so that nobody reads half a file."""
    new = RULES.with_suffix(".new")
    new.write_text(text)
    new.rename(RULES)


def held(pid):
    """Whether a signal to it would wait."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    mask = int(re.search(r"^SigBlk:\t(\w+)", status, re.M)[1], 16)
    return mask >> (signal.SIGHUP - 1) & 1


def record():
    with Capture("reload.pcap") as capture:
        for target, (page, more) in PAGES.items():
            body = gzip.compress(page) if more else page
            capture.talk((request(HOST, target), ok(
                body, "Content-Type: text/html", "X-Old: @@", *more)))
    return capture.path


class Asking:
    """A client that asks for one target again and again, and judges."""

    def __init__(self, port, target):
        self.target, self.page = target, PAGES[target][0]
        self.asked = request(HOST, target, "Accept-Encoding: gzip")
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.got, self.length, self.answers = bytearray(), None, 0
        self.versions, self.wrong = set(), []
        self.socket.sendall(self.asked)

    def step(self):
        part = self.socket.recv(1 << 18)
        if not part:
            raise AssertionError(f"{self.target}: closed in an answer")
        self.got += part
        if self.length is None and b"\r\n\r\n" in self.got:
            head = bytes(self.got[:self.got.index(b"\r\n\r\n") + 4])
            self.length = len(head) + int(field(head, "Content-Length"))
        if self.length is not None and len(self.got) >= self.length:
            self.judge(Answer(bytes(self.got)))
            self.got, self.length = bytearray(), None
            self.answers += 1
            self.socket.sendall(self.asked)

    def judge(self, answer):
        version = answer.field("X-Version") or "none"
        body = answer.body
        if answer.field("Content-Encoding"):
            body = gzip.decompress(body)
        if (answer.status, answer.field("X-Old"), body) != (
                200, version, self.page.replace(b"@@", version.encode())):
            self.wrong.append(f"{self.target} {version}: {answer.raw[:300]}")
        self.versions.add(int(version) if version.isdigit() else -1)


class Reloads:
    """Writes rule files and sends SIGHUP when it is time."""

    def __init__(self, replay):
        self.replay, self.next = replay, time.monotonic()
        self.count, self.faulty, self.valid = 0, 0, {1}

    def turn(self):
        if time.monotonic() < self.next:
            return
        self.next = time.monotonic() + PAUSE
        self.count += 1
        if self.count % 3 == 0:
            put(FAULTY[self.faulty % len(FAULTY)])
            self.faulty += 1
        else:
            self.valid.add(self.count + 1)
            put(rules_of(self.count + 1))
        self.replay.signal(signal.SIGHUP)


def load(replay, clients, seconds, reloads):
    selector = selectors.DefaultSelector()
    for c in clients:
        selector.register(c.socket, selectors.EVENT_READ, c)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for key, _ in selector.select(PAUSE):
            key.data.step()
        reloads.turn()
    selector.close()


def settle(replay):
    """The last rules, and every one of the old ones gone."""
    put(rules_of(999999))
    replay.signal(signal.SIGHUP)
    until("the last rules", lambda: all(
        ask(replay.port, HOST, target).field("X-Version") == "999999"
        for target in PAGES))


def reload_under_load(directory):
    put(rules_of(1))
    with Replay(record(), "--quiet", "--rules", RULES,
                directory=directory) as r:
        settle(r)
        before = r.descriptors()
        targets = list(PAGES)
        clients = [Asking(r.port, targets[i % 2 if i % 8 else 2])
                   for i in range(CLIENTS)]
        reloads = Reloads(r)
        load(r, clients, SECONDS / 4, reloads)
        memory = r.resident()
        load(r, clients, SECONDS * 3 / 4, reloads)
        for c in clients:
            c.socket.close()
        settle(r)
        grown = r.resident() - memory
        same([w for c in clients for w in c.wrong][:5], [], "answers")
        seen = set().union(*(c.versions for c in clients))
        true(seen <= reloads.valid | {999999}, f"versions {seen}")
        true(len(seen) > SECONDS, f"only versions {seen}")
        true(all(c.answers for c in clients), "each has been answered")
        until("descriptors", lambda: r.descriptors() == before)
        print(f"  {sum(c.answers for c in clients)} answers, "
              f"{reloads.count} reloads, {reloads.faulty} faulty, {len(seen)} "
              f"versions seen, {grown / MIB:+.1f} MiB")
        told = r.told(r"reload\.conf:\d+:\d+: ")
        true(len(told) >= reloads.faulty / 2, f"faults told: {told}")
        return grown


def p20_reload_under_sanitizers():
    reload_under_load(SAN)  # leaks show at its end


def p20_reload_keeps_memory_and_descriptors():
    grown = reload_under_load(PLAIN)
    true(grown < 32 * MIB, f"grown by {grown / MIB:.1f} MiB")


def p20_a_faulty_file_changes_nothing():
    put(rules_of(5))
    faults = {"a directory": lambda: RULES.mkdir(),
              "no file": lambda: None}
    with Replay(record(), "--rules", RULES) as r:
        for what, make in faults.items():
            before = len(r.told("reload"))
            RULES.unlink()
            make()
            r.signal(signal.SIGHUP)
            until(what, lambda n=before: len(r.told("reload")) > n)
            same(ask(r.port, HOST, "/small").field("X-Version"), "000005",
                 what)
            if RULES.is_dir():
                RULES.rmdir()
            put(rules_of(5))
    put("header X-Version set 1\nbroken\n")
    done = subprocess.run([SAN / "replay", "--rules", RULES, TMP / "reload.pcap"],
                          capture_output=True, text=True, timeout=PATIENCE)
    true(done.returncode in (1, 2), "a faulty file at the start")
    true(":2:1: " in done.stderr, done.stderr)


def p15_a_signal_while_captures_are_read_waits():
    put(rules_of(7))
    capture = pathlib.Path(record()).read_bytes()
    with subprocess.Popen(
            [SAN / "replay", "--rules", RULES, "--listen", "127.0.0.1:0", "-"],
            stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process, \
            contextlib.ExitStack() as stack:
        stack.callback(process.kill)
        process.stdin.write(capture[:100])
        process.stdin.flush()
        until("that it holds them", lambda: held(process.pid))
        process.send_signal(signal.SIGUSR1)
        process.send_signal(signal.SIGHUP)
        process.stdin.write(capture[100:])
        process.stdin.close()
        lines = []
        threading.Thread(target=lambda: lines.extend(process.stderr),
                         daemon=True).start()
        for what in b"serving", b"new run", b"read again":
            until(what, lambda w=what: any(w in n for n in lines))
        process.send_signal(signal.SIGTERM)
        same(process.wait(PATIENCE), 0, lines)


def p20_the_end_while_rules_are_read():
    """A leak would be told by the sanitizers."""
    put(rules_of(21) * 500)  # long enough to be read at the end
    for _ in range(3):
        with Replay(record(), "--rules", RULES, "--threads", "3") as r:
            r.signal(signal.SIGHUP)
            r.signal(signal.SIGTERM)


def p20_answers_in_flight_end_with_the_rules_they_began_with():
    put(rules_of(11))
    with Replay(record(), "--rules", RULES) as r, \
            Client(r.port, receive=4096) as slow:
        slow.send(request(HOST, "/large?v=7"))
        head = slow.head()
        put(rules_of(12))
        r.signal(signal.SIGHUP)
        until("the new rules", lambda: ask(
            r.port, HOST, "/small").field("X-Version") == "000012")
        want = PAGES["/large?v=7"][0].replace(b"@@", b"000011")
        same(slow.take(int(field(head, "Content-Length"))) == want, True,
             "wholly of the old rules")
        slow.send(request(HOST, "/large?v=7"))
        same(field(slow.head(), "X-Version"), "000012", "the next one")


run(tests_of(globals()))
