#!/usr/bin/env python3
"""Many machines: four replays behind HAProxy, which balances by the clients'
addresses, answer as one; and an archive is surveyed by GNU parallel.

usage: serve-many.py SAN_DIR PLAIN_DIR [TEST...]
"""
import json
import os
import shutil
import subprocess
import sys

if "SERVE_MANY_ALONE" not in os.environ:
    if os.geteuid() or subprocess.run(["unshare", "-n", "true"], check=False,
                                      capture_output=True).returncode:
        print("needs root and network namespaces")
        sys.exit(77)
    os.environ["SERVE_MANY_ALONE"] = "1"
    os.execvp("unshare", ["unshare", "-n", sys.executable, *sys.argv])

from playback import *

HOST = "www.site.example"
REPLAYS = 4
CLIENTS = [f"127.1.0.{n}" for n in range(1, 41)]
FRONT = ("127.0.0.1", 8080)
CONFIG = """
global
    maxconn 500
defaults
    mode tcp
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend site
    bind 127.0.0.1:8080
    default_backend replays
backend replays
    balance source
    hash-type consistent
    source 0.0.0.0 usesrc clientip
"""


def capture():
    with Capture("many.pcap") as c:
        for answer in "first", "second", "third":
            c.talk((request(HOST, "/turn"), ok(answer)))
        c.talk((request(HOST, "/"), ok("page")))
    return c.path


class Balancer:
    """HAProxy, which lets the replays see the clients' own addresses."""

    def __init__(self, replays):
        path = TMP / "haproxy.cfg"
        path.write_text(CONFIG + "".join(
            f"    server r{n} 127.0.0.1:{r.port} check inter 200 fall 1\n"
            for n, r in enumerate(replays)))
        self.process = subprocess.Popen(
            ["haproxy", "-f", path], stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True)
        until("HAProxy", self.answers)

    @staticmethod
    def answers():
        try:
            return ask(FRONT, HOST, source="127.9.9.9").status == 200
        except OSError:
            return False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(PATIENCE)


def clients_of(replay):
    return {n["client"] for n in replay.log_lines()
            if n.get("client") in CLIENTS}


def many_answer_as_one():
    if not shutil.which("haproxy"):
        return "haproxy is not installed"
    path = capture()
    replays = [Replay(path) for _ in range(REPLAYS)]
    try:
        with Balancer(replays):
            for want in "first", "second", "third", "third":
                for client in CLIENTS:  # a connection each
                    same(ask(FRONT, HOST, "/turn", source=client).body,
                         want.encode(), client)
            shares = [clients_of(r) for r in replays]
            same(sorted(c for s in shares for c in s), sorted(CLIENTS),
                 "each client is of one replay")
            true(all(len(s) > 1 for s in shares), f"all have some: {shares}")
            # one is lost: its clients begin anew at others, nobody else does
            replays[0].process.kill()
            replays[0].process.wait(PATIENCE)
            until("the loss is seen", lambda: all(
                ask(FRONT, HOST, "/", source=c).status == 200
                for c in shares[0]))
            for client in CLIENTS:
                want = b"first" if client in shares[0] else b"third"
                same(ask(FRONT, HOST, "/turn", source=client).body, want,
                     client)
    finally:
        for r in replays:
            r.process.terminate()
            r.process.wait(PATIENCE)
    return None


def many_captures_are_surveyed():
    if not shutil.which("parallel"):
        return "parallel is not installed"
    archive = TMP / "archive"
    archive.mkdir()
    count = 200
    for n in range(count):
        with open(archive / f"{n:03}.pcap", "wb") as out:
            subprocess.run([PLAIN / "make-capture", "drive-by", "--seed",
                            str(n)], stdout=out, check=True, timeout=PATIENCE)
    (archive / "none.pcap").write_bytes(b"this is none")
    said = subprocess.run(
        ["parallel", "--will-cite", "--jobs", "2", PLAIN / "replay",
         "--check", "--format", "json", "{}", ":::",
         *sorted(archive.glob("*.pcap"))],
        capture_output=True, text=True, timeout=PATIENCE * 5, check=False)
    lines = [json.loads(n) for n in said.stdout.splitlines()]
    same(len(lines), count, "a line each, whole")
    same(len({n["capture"] for n in lines}), count, "of each capture")
    same(len({n["percent"] for n in lines}), 1, "all alike")
    same(said.returncode, 1, "the one that is none is counted")
    true("not a capture file" in said.stderr, said.stderr)
    return None


subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
run([many_answer_as_one, many_captures_are_surveyed])
