#!/usr/bin/env python3
"""What can be reproduced, and what cannot: for each class of incident a capture
of the project's own, what --check says of it, and that it is so: what it calls
reproducible comes back byte for byte, the rest does not.

usage: range.py SAN_DIR PLAIN_DIR [CLASS...]
"""
import json
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback

from lib import h2
from lib.made import Made, scenarios
from lib.replay import PATIENCE, Replay, ask

SAN = pathlib.Path(sys.argv[1]).resolve()
RULES = pathlib.Path(__file__).resolve().parents[2] / "etc/rules.conf"
PREFIX = "range-"
KEYLOGS = {"tls-keys"}

# What --check --format json says of each class. A number stands for a list
# of that many; states, for those that are not 0; encrypted, for the names.
# What is in NONE, and not in the row, is empty.
TODAY = {
    "drive-by": {"exchanges": 5, "reproducible": 5, "connections": 2},
    "bare-ip": {"exchanges": 4, "reproducible": 4, "ip_targets": 4},
    "one-shot": {"exchanges": 4, "reproducible": 4},
    "script-made": {"exchanges": 4, "reproducible": 4},
    "programs": {"exchanges": 7, "reproducible": 7},
    "brought": {"exchanges": 3, "reproducible": 2, "only_304": 1},
    "key-agreement": {"exchanges": 3, "reproducible": 3},
    "websocket": {"exchanges": 2, "reproducible": 1, "upgrades": 1},
    "event-stream": {"exchanges": 2, "reproducible": 2, "event_streams": 1},
    "protocols": {"exchanges": 1, "reproducible": 1, "connections": 5,
                  "connections_with_http": 1},
    "tls": {"exchanges": 1, "reproducible": 1, "connections": 3,
            "connections_with_http": 1,
            "encrypted": ["www.sealed12.example", "www.sealed13.example"]},
    "tls-keys": {"exchanges": 1, "reproducible": 1,
                 "encrypted": ["www.sealed12.example",
                               "www.sealed13.example"]},
    "http2": {"exchanges": 2, "reproducible": 2, "connections": 3,
              "connections_with_http": 2, "encrypted": ["www.h2.example"]},
    "quic": {"exchanges": 1, "reproducible": 1, "connections": 2,
             "connections_with_http": 1, "encrypted": ["both.quic.example"]},
    "client-certificate": {"exchanges": 1, "reproducible": 1,
                           "encrypted": ["login.bank.example"]},
}
NONE = {"incomplete": 0, "only_304": 0, "upgrades": 0, "tunnels": 0,
        "too_large": 0, "event_streams": 0, "unsearched": 0, "ip_targets": 0,
        "encrypted": []}

# Exchanges of which the generator writes no messages: those in HTTP/2.
UNWRITTEN = {"http2": 1}

# How many connections of a class do not come back as they were, yet their
# bytes are known.
UNREAD = {"websocket": 1, "protocols": 4, "tls": 2, "tls-keys": 2, "http2": 2,
          "quic": 1, "client-certificate": 1}


def same(got, want, what):
    if got != want:
        raise AssertionError(f"{what}: got {got!r:.600}, want {want!r:.600}")


def true(value, what):
    if not value:
        raise AssertionError(what)


# ---- what is said ----

def check(path, *options):
    done = subprocess.run([SAN / "replay", "--check", *options, path],
                          capture_output=True, text=True, check=True,
                          timeout=PATIENCE)
    return done.stdout


def as_told(key, value):
    """The value of a key as TODAY tells it."""
    if key == "states":
        return {state: n for state, n in value.items() if n}
    if key == "encrypted":
        return sorted(row["name"] for row in value)
    return len(value) if isinstance(value, list) else value


def said(made, row):
    """JSON and text say what the row says."""
    want = {**NONE, "states": {"complete": row["exchanges"]}, **row}
    found = json.loads(check(made.path, "--format", "json"))
    for key, value in want.items():
        same(as_told(key, found[key]), value, key)
    last = check(made.path).splitlines()[-1]
    true(last.startswith(f"reproducible: {row['reproducible']} of "
                         f"{row['exchanges']} exchanges ("), last)


# ---- what comes back ----

def message(made, no, kind):
    path = made.wire / f"{no:02}.{kind}"
    return path.read_bytes() if path.exists() else b""


def exchanges(made, readable):
    """(request, response) of what was recorded in the clear, and of the rest
    that a key log would open."""
    all_of_it = [(message(made, no, "request"), message(made, no, "response"))
                 for no in range(1, len(made.truth) + 1)]
    clear = [not row["server"].endswith(":443") for row in made.truth]
    same(sum(clear), readable, "exchanges in the clear")
    return ([x for x, c in zip(all_of_it, clear) if c],
            [x for x, c in zip(all_of_it, clear) if not c])


def comes_back(made, name):
    readable = TODAY[name]["exchanges"] - UNWRITTEN.get(name, 0)
    with Replay(SAN / "replay", [made.path]) as serving:
        clear, sealed = exchanges(made, readable)
        for request, response in clear:
            same(ask(serving.port, request), response, request[:60])
        for request, response in sealed:
            got = ask(serving.port, request)
            true(got.startswith(b"HTTP/1.1 404 ") and response not in got,
                 f"{request[:60]!r}: sealed, yet {got[:100]!r}")


def does_not(made, name):
    """Connections of which nothing was read: who says the same again gets
    nothing of what was said then."""
    sent = sorted(made.wire.glob("*.sent"))
    same(len(sent), UNREAD.get(name, 0), "connections of which nothing is read")
    with Replay(SAN / "replay", [made.path]) as serving:
        for path in sent:
            received = path.with_suffix(".received").read_bytes()
            try:
                got = ask(serving.port, path.read_bytes())
            except ConnectionError:
                got = b""
            true(received and received not in got and got != received,
                 f"{path.name}: came back: {got[:100]!r}")


# ---- what is peculiar to a class ----

def of(made, part):
    """The exchange whose request holds that."""
    for no in range(1, len(made.truth) + 1):
        request = message(made, no, "request")
        if part in request:
            return request, message(made, no, "response")
    raise AssertionError(f"no request with {part!r}")


def bare_ip(made, port):
    """Rules steer the links; the address answers under its name too (P34)."""
    found = json.loads(check(made.path, "--format", "json", "--rules", RULES))
    same((found["bare_links"], found["steered_links"]), (0, 4), "links")
    request, response = of(made, b"GET /load.bin")
    named = request.replace(b"203.0.113.130", b"203-0-113-130.ip.test")
    true(named != request, "no address")
    same(ask(port, named), response, "by its name")


def one_shot(made, port, serving):
    """The exploit comes once, then 404 as then; a new run begins again
    (P12)."""
    first = of(made, b"GET /once?k=5")
    got = [ask(port, first[0])[9:12] for _ in range(3)]
    same(got, [b"200", b"404", b"404"], "one after another")
    serving.process.send_signal(signal.SIGUSR1)
    end = time.monotonic() + PATIENCE
    while not any("new run" in line for line in serving.said):
        true(time.monotonic() < end, "no new run")
        time.sleep(0.01)
    same(ask(port, first[0]), first[1], "in a new run")


def script_made(made, port):
    """Other numbers are near enough, another name is not (P14)."""
    request, response = of(made, b"GET /p?x=0.7734021&t=1489486325480")
    other = request.replace(b"0.7734021&t=1489486325480",
                            b"0.1000001&t=1795000000000")
    same(ask(port, other), response, "other numbers")
    request, response = of(made, b"GET /day")
    got = ask(port, request.replace(b"n52461.example", b"n11111.example"))
    same(got[:13], b"HTTP/1.1 404 ", "another day's name")


def programs(made, port):
    """Who asks does not matter, so a browser gets it as well (P16)."""
    request, response = of(made, b"GET /a.jar")
    true(b"Java/1.8" in request, "no Java")
    other = re.sub(rb"User-Agent: [^\r]*", b"User-Agent: x", request)
    same(ask(port, other), response, "as another program")


def brought(made, port):
    """The 304 needs the victim's cache; the rest needs nothing (P17, P29)."""
    request, response = of(made, b"GET /s.css")
    same(ask(port, request), response, "with the condition")
    bare = request.replace(b'If-None-Match: "58c7c1"\r\n', b"")
    true(bare != request, "no condition")
    same(ask(port, bare)[:13], b"HTTP/1.1 404 ", "without the cache")
    for part in (b"GET / ", b"GET /mail/new"):
        request, response = of(made, part)
        fresh = re.sub(rb"(Cookie|Authorization|Referer): [^\r]*\r\n", b"",
                       request)
        true(fresh != request, f"{part}: nothing was brought along")
        same(ask(port, fresh), response, part)


def key_agreement(made, port):
    """Another key is answered with what only the recorded one opens (P44)."""
    request, response = of(made, b"POST /k")
    at = request.index(b'{"key":"') + 8
    other = request[:at] + b"XXXXXXXX" + request[at + 8:]
    same(ask(port, other), response, "for another key")


def websocket(made, port):
    """After the 101 nothing comes, whatever is said (P45)."""
    request, response = of(made, b"GET /live")
    sent = message(made, 1, "sent")
    true(sent.startswith(request) and len(sent) > len(request), "no frames")
    same(message(made, 1, "received")[:len(response)], response, "the 101")
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as s:
        s.sendall(request)
        got = b""
        while len(got) < len(response) and (part := s.recv(65536)):
            got += part
        same(got, response, "the 101")
        try:
            s.sendall(sent[len(request):])
            rest = s.recv(65536)
        except ConnectionError:
            rest = b""
    same(rest, b"", "behind the 101")


def event_stream(made, port):
    """What took six seconds then comes at once (P45)."""
    listed = subprocess.run(
        [SAN / "replay", "--list", "--format", "json", made.path],
        capture_output=True, check=True, timeout=PATIENCE).stdout
    row = json.loads(listed.splitlines()[1])
    true(float(row["end_time"]) - float(row["answer_time"]) > 5,
         "recorded without pauses")
    request, response = of(made, b"GET /events")
    began = time.monotonic()
    same(ask(port, request), response, "events")
    true(time.monotonic() - began < 3, "slow")


def tls_keys(made, _):
    """The keys are right: it is not for their sake that nothing is read (P9).
    """
    if not shutil.which("tshark"):
        print("tls-keys: no tshark here: the keys were not tried")
        return
    done = subprocess.run(
        ["tshark", "-r", made.path, "-o",
         f"tls.keylog_file:{made.directory.parent / 'keys'}", "-Y",
         "tls && http.request", "-T", "fields", "-e", "http.request.method",
         "-e", "http.host", "-e", "http.request.uri"],
        capture_output=True, text=True, check=True, timeout=PATIENCE)
    sealed = [row for row in made.truth if row["server"].endswith(":443")]
    same(done.stdout.splitlines(),
         ["\t".join((row["method"], row["host"], row["target"]))
          for row in sealed], "with the keys")


def http2(_, port):
    """What was recorded in HTTP/2 is answered in it, and in HTTP/1.1."""
    host = "c2.h2.example:8080"
    got = ask(port, f"GET /task HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    true(got.startswith(b"HTTP/1.1 200 "), got[:100])
    head, _, body = got.partition(b"\r\n\r\n")
    true(b"content-length: 9" in head.lower() and len(body) == 9, got)
    got = ask(port, h2.PREFACE + h2.frame(h2.SETTINGS)
              + h2.headers(1, h2.asked(host, "/task", scheme="http"), True))
    same([data for kind, _, _, data in h2.frames(got) if kind == h2.DATA],
         [body], "in its data")


PECULIAR = {"http2": http2, "bare-ip": bare_ip, "one-shot": one_shot,
            "script-made": script_made, "programs": programs,
            "brought": brought, "key-agreement": key_agreement,
            "websocket": websocket, "event-stream": event_stream,
            "tls-keys": tls_keys}


def peculiar(made, name):
    test = PECULIAR.get(name)
    if not test:
        return
    with Replay(SAN / "replay", [made.path]) as serving:
        more = [serving] if test is one_shot else []
        test(made, serving.port, *more)


def try_class(name, work):
    keys = []
    if name in KEYLOGS:
        keys = ["--keylog", pathlib.Path(work) / "keys"]
    made = Made(SAN / "make-capture", PREFIX + name, work, *keys)
    said(made, TODAY[name])
    comes_back(made, name)
    does_not(made, name)
    peculiar(made, name)


def main():
    only = sys.argv[3:]
    made = [n.removeprefix(PREFIX) for n in scenarios(SAN / "make-capture")
            if n.startswith(PREFIX)]
    same(sorted(made), sorted(TODAY), "classes")
    failed = 0
    for name in only or made:
        try:
            with tempfile.TemporaryDirectory() as work:
                try_class(name, work)
            print(f"{name}: passed", flush=True)
        except Exception:  # a class fails by whatever it raises
            traceback.print_exc(file=sys.stdout)
            print(f"{name}: FAILED", flush=True)
            failed += 1
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
