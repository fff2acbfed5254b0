#!/usr/bin/env python3
"""What a machine may leave behind, read by etc/lab: volumes that are no
volumes, names that lead elsewhere, files without end, pictures that are none.

usage: lab-share.py SAN_DIR PLAIN_DIR [TEST...]
"""
import hashlib
import json
import os
import re
import struct
import sys
import types

from lib.closed import Cage, Places, have
from playback import run, same, true

import agent
import machine
import qemu
import share

START = share.START * share.SECTOR


def visit(url=None, files=None):
    """A visit as far as the share needs it. files: names and their bytes."""
    home, keep = PLACES.visit()
    top = None
    if files is not None:
        top = keep.with_name(keep.name + "-in")
        for name, data in files.items():
            path = top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    said = []
    return types.SimpleNamespace(
        home=home, keep=keep, url=url, share=top, sandbox=Cage(home),
        said=said, say=said.append, longest=60, ca=None)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def taken_out(v):
    """The facts by name; each has to be true of its file."""
    facts = share.empty(v)
    same(v.sandbox.running(), [], "left running")
    v.errors = [f["error"] for f in facts if "file" not in f]
    facts = [f for f in facts if "file" in f]
    for fact in facts:
        path = v.keep / fact["file"]
        data = path.read_bytes()
        same((fact["bytes"], fact["sha256"]), (len(data), sha256(data)))
        same(path.lstat().st_mode, 0o100600, "mode")
        true(re.fullmatch(r"share/[A-Za-z0-9_][A-Za-z0-9._-]*", fact["file"]),
             fact["file"])
    same(len(list((v.keep / "share").iterdir())), len(facts), "files")
    return {fact["name"]: fact for fact in facts}


def all_comes_back():
    files = {"plain": b"a", "empty": b"", "two words.txt": b"b",
             "[1].txt": b"c", "1.txt": b"d", "Größe.txt": b"e",
             "it's;$(x) &.txt": b"f", "d/e/f g/deep": b"g",
             "-n": b"h", "big": os.urandom(3 << 20)}
    files |= {f"many/{n:03}": str(n).encode()
              for n in range(share.AT_ONCE + 3)}
    v = visit(files=files)
    (v.share / "shadow").symlink_to("/etc/shadow")
    os.mkfifo(v.share / "pipe")
    share.fill(v)
    same(len(v.said), 2, "what was left out")
    owner = (v.home / share.IMAGE).stat()
    same((owner.st_uid, owner.st_mode), (v.home.stat().st_uid, 0o100600))
    facts = taken_out(v)
    same({n: f["sha256"] for n, f in facts.items()},
         {n: sha256(data) for n, data in files.items()})


def the_address_is_on_it():
    v = visit(url="http://h.example/?a=%0d")
    share.fill(v)
    facts = taken_out(v)
    texts = {n: (v.keep / f["file"]).read_bytes() for n, f in facts.items()}
    same(texts, {
        "url.txt": b"http://h.example/?a=%0d\r\n",
        "visit.url":
            b"[InternetShortcut]\r\nURL=http://h.example/?a=%0d\r\n"})


def the_authority_is_on_it():
    """With what a machine is told to run; the user's own files of these
    names stand back."""
    v = visit(files={"authority.crt": b"another", "mine": b"m"})
    v.ca = v.keep / "ca.crt"
    v.ca.write_bytes(b"a certificate\n")
    share.fill(v)
    facts = taken_out(v)
    same(sorted(facts), ["authority.cmd", "authority.crt", "authority.sh",
                         "mine"])
    texts = {n: (v.keep / f["file"]).read_bytes() for n, f in facts.items()}
    same(texts["authority.crt"], b"a certificate\n")
    true(texts["authority.sh"].startswith(b"#!/bin/sh\n"), "a script")
    lines = texts["authority.cmd"].split(b"\n")
    true(all(line.endswith(b"\r") for line in lines[:-1]), "lines of Windows")
    true(b'certutil -addstore -f Root "%~dp0authority.crt"'
         in texts["authority.cmd"], "a store")


def changed(v, change):
    """The volume as a hostile machine leaves it."""
    path = v.home / share.IMAGE
    data = bytearray(path.read_bytes())
    change(data)
    path.write_bytes(data)


def entry(data, name):
    """Where the directory entry of a short name is."""
    at = data.find(name.ljust(11).encode())
    true(at > START, f"no entry {name}")
    return at


def names_that_lead_elsewhere():
    v = visit(files={"AAAA": b"1", "BBBB": b"2", "CCCC": b"3", "DDDD": b"4",
                     "EEEE": b"5"})
    share.fill(v)
    names = {"AAAA": b"../../X    ", "BBBB": b"*          ",
             "CCCC": b"/ETC/X     ", "DDDD": b"A\nB\x1b[31m   ",
             "EEEE": b"..         "}

    def change(data):
        for old, new in names.items():
            at = entry(data, old)
            data[at:at + 11] = new

    changed(v, change)
    before = sorted(PLACES.top.iterdir())
    taken_out(v)
    same(sorted(PLACES.top.iterdir()), before, "a name led elsewhere")
    same(sorted(p.name for p in v.home.iterdir()), [share.IMAGE])


def first_cluster(data, at, number=None):
    """Of the directory entry; set, if a number is given."""
    if number is not None:
        struct.pack_into("<H", data, at + 20, number >> 16)
        struct.pack_into("<H", data, at + 26, number & 0xFFFF)
    high, = struct.unpack_from("<H", data, at + 20)
    low, = struct.unpack_from("<H", data, at + 26)
    return high << 16 | low


def a_directory_in_itself():
    v = visit(files={"LOOP/AAAA": b"1", "LOOP/LOOP2/BBBB": b"2"})
    share.fill(v)

    def change(data):
        outer, inner = entry(data, "LOOP "), entry(data, "LOOP2")
        first_cluster(data, inner, first_cluster(data, outer))

    changed(v, change)
    facts = taken_out(v)
    same(v.errors, [f"more than {share.NAMES_OUT} names"])
    true(0 < len(facts) < share.NAMES_OUT, f"bounded: {len(facts)}")


def a_file_without_end():
    """It claims 4 GiB, and its clusters form a ring."""
    v = visit(files={"RING": bytes(4096), "ZZZZ": b"after"})
    share.fill(v)

    def change(data):
        at = entry(data, "RING ")
        struct.pack_into("<I", data, at + 28, 0xFFFFFFFF)
        first = first_cluster(data, at)
        reserved, = struct.unpack_from("<H", data, START + 14)
        fat = START + reserved * share.SECTOR
        struct.pack_into("<I", data, fat + 4 * (first + 7), first)

    changed(v, change)
    share.BYTES_OUT, most = 1 << 20, share.BYTES_OUT
    try:
        facts = taken_out(v)
    finally:
        share.BYTES_OUT = most
    true(sum(f["bytes"] for f in facts.values()) <= 1 << 20, "bounded")
    true(facts["RING"].get("error"), f"not told: {facts['RING']}")


def what_is_no_volume():
    secret = PLACES.top / "secret"
    secret.write_bytes(b"secret" * 1000)
    secret.chmod(0o600)

    def noise(path):
        path.write_bytes(os.urandom(2 << 20))

    def short(path):
        path.write_bytes(b"")

    def link(path):
        path.unlink()
        path.symlink_to(secret)

    def device(path):
        path.unlink()
        path.symlink_to("/dev/zero")

    for damage in (noise, short, link, device):
        v = visit(url="http://h.example/")
        share.fill(v)
        damage(v.home / share.IMAGE)
        facts = share.empty(v)
        true(len(facts) == 1 and "\n" not in facts[0]["error"],
             f"{damage.__name__}: {facts}")
        same(list((v.keep / "share").iterdir()), [], damage.__name__)


def names_are_given_once():
    taken = set()
    names = [share.safe_name(path, taken) for path in (
        "/a/b", "/a_b", "/A/B", "/..", "/-rf", "/\x1b[2J", "/ä", "/" * 9,
        "/" + "x" * 900)]
    same(names, ["a_b", "2-a_b", "3-A_B", "_", "rf", "__2J", "2-_", "3-_",
                 "x" * 200])


def a_picture_that_is_none():
    v = visit()
    screens = machine.Screens(v, None)
    path = v.home / machine.SCREEN
    same(screens.read(), None, "missing")
    path.symlink_to("/etc/passwd")
    same(screens.read(), None, "a link")
    path.unlink()
    os.mkfifo(path)
    same(screens.read(), None, "a pipe")
    path.unlink()
    path.write_bytes(b"GIF89a")
    same(screens.read(), None, "another format")
    with open(path, "wb") as out:
        out.write(machine.PNG)
        out.truncate(machine.SCREEN_MAX + 1)
    same(screens.read(), None, "too large")
    path.write_bytes(machine.PNG + b"rest")
    same(screens.read(), machine.PNG + b"rest")


def frame(protocol, port, to=b"\x02\0\0\0\0\1", version=4):
    ports = struct.pack(">HH", 40000, port) + bytes(20)
    if version == 4:
        head = b"\x08\x00\x45" + bytes(8) + bytes([protocol]) + bytes(10)
    else:
        head = b"\x86\xdd\x60" + bytes(5) + bytes([protocol]) + bytes(33)
    return (to + bytes(6) + head + ports)[:qemu.PACKET_BYTES]


def what_counts_as_talk():
    tcp, udp, icmp, all_stations = 6, 17, 1, b"\xff" * 6
    frames = {frame(tcp, 80): 1, frame(tcp, 53): 1, frame(udp, 443): 1,
              frame(udp, 53): 0, frame(udp, 67): 0, frame(icmp, 0): 0,
              frame(udp, 137, all_stations): 0,
              frame(udp, 5353, b"\x01\0\x5e\0\0\xfb"): 0,
              frame(tcp, 80, version=6): 1, frame(udp, 547, version=6): 0,
              frame(udp, 443, version=6): 1, b"": 0, bytes(60): 0}
    stream, want = bytes(qemu.PCAP_HEAD), 0
    for data, talk in frames.items():
        stream += struct.pack("=IIII", 0, 0, len(data), 1500) + data
        same(qemu.is_talk(data), bool(talk), data.hex())
        want += talk
    for step in (1, 7, 100, len(stream)):
        talk = qemu.Talk()
        for at in range(0, len(stream), step):
            talk.feed(stream[at:at + step])
        same(talk.packets, want, f"by {step} bytes")
    noise = qemu.Talk()
    for _ in range(64):
        noise.feed(os.urandom(4096))
    true(len(noise.rest) < 8192, "keeps what it cannot read")


def the_console_ends():
    path = PLACES.visit()[1] / "console.txt"
    console = qemu.Console(path)
    hostile = b"\x1b]0;x\x07 \\ \xc3\xa4\r\n\tend\n"
    console.feed(hostile)
    for _ in range(80):
        console.feed(b"x" * 65536)
    console.out.close()
    text = path.read_text()
    true(text.startswith("\\x1b]0;x\\x07 \\x5c \\xc3\\xa4\n\tend\n"),
         text[:80])
    true(len(text) < qemu.CONSOLE_MAX + 100, "bounded")
    same(console.bytes, 80 * 65536 + len(hostile))


class Listener:
    """What an agent's channel is sent."""

    def __init__(self):
        self.heard = []

    def send(self, data):
        self.heard.append(json.loads(data))


def asked(answers):
    """An agent that gives these answers, one to each command; the last again
    and again. How it ended, and the commands."""
    said = []
    lab = agent.Agent(b"a certificate", said.append)
    lab.connection = Listener()
    for number in range(2 * agent.ANSWERS):
        if not lab.steps:
            break
        lab.turn()
        lab.feed(answers[min(number, len(answers) - 1)] + b"\n")
    same(len(said), 1, "told once")
    same(lab.next, None, "nothing more to do")
    return lab.told, lab.connection.heard


def answer(value):
    return json.dumps({"return": value}).encode()


def what_an_agent_is_asked():
    sync = answer(agent.SYNC)
    for system, path, program in (
            ("debian", "/usr/local/share/ca-certificates/reenact-lab.crt",
             "/usr/sbin/update-ca-certificates"),
            ("mswindows", r"C:\Windows\Temp\reenact-lab.crt", "certutil.exe")):
        told, heard = asked([
            answer(7), b"\xff" + sync, answer({"id": system}), answer(3),
            answer({"count": 13}), answer({}), answer({"pid": 9}),
            answer({"exited": False}), answer({"exited": True,
                                               "exitcode": 0})])
        same(told, agent.INSTALLED, system)
        same(heard[3]["arguments"], {"path": path, "mode": "wb"})
        same(heard[4]["arguments"],
             {"handle": 3, "buf-b64": "YSBjZXJ0aWZpY2F0ZQ=="})
        same(heard[6]["arguments"]["path"], program)


def an_agent_that_lies():
    begin = [answer(agent.SYNC), answer({"id": "x"}), answer(1), answer({}),
             answer({})]
    endless = [answer({"pid": 1}), answer({"exited": False})]
    for answers, want in (
            ([answer(1)], "no end"), (begin + endless, "no end"),
            ([b'{"error": {"desc": "no\\n\\u001b[2J"}}'],
             r"refused: no\n\x1b[2J"),
            ([b'{"error": {"desc": "' + b"x" * 9999 + b'"}}'],
             "refused: " + "x" * agent.WORDS + "…"),
            (begin + [answer({"pid": 1}),
                      answer({"exited": True, "exitcode": 1})],
             "/usr/sbin/update-ca-certificates failed"),
            *(([odd], "odd answer") for odd in (
                b"", b"{", b"[]", b"7", b'"error"', b'{"error": 1}', b"\xfe",
                b"[" * 50000, b"x" * agent.LINE_MAX * 2)),
            *((begin[:1] + [answer(odd)], "odd answer")
              for odd in (None, 1, [], "id")),
            (begin + [answer({})], "odd answer"),
            (begin + [answer({"pid": 1}), answer([])], "odd answer")):
        same(asked(answers)[0], want, str(answers)[:80])
    unasked = agent.Agent(b"", None)
    for _ in range(3):
        unasked.feed(b"y" * agent.LINE_MAX)
    unasked.feed(b"\n{}\n")
    same((unasked.told, unasked.answers, unasked.line),
         (agent.NO_ANSWER, 0, b""))


def skip(why):
    print(why)
    sys.exit(77)


if os.geteuid():
    skip("needs root, to read volumes as somebody else")
if missing := have("mformat", "mcopy", "setpriv"):
    skip(f"{missing} is not installed")
PLACES = Places()
try:
    run([all_comes_back, the_address_is_on_it, the_authority_is_on_it,
         names_that_lead_elsewhere, a_directory_in_itself, a_file_without_end, what_is_no_volume,
         names_are_given_once, a_picture_that_is_none, what_counts_as_talk,
         the_console_ends, what_an_agent_is_asked, an_agent_that_lies])
finally:
    PLACES.close()
