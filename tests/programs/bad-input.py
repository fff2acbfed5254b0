#!/usr/bin/env python3
"""Files that are no captures, unusable options, ports and disks that refuse:
one clear line, the right exit status (1 failed at work, 2 unusable arguments),
nothing on standard output and no report of a sanitizer.

usage: bad-input.py SAN_DIR PLAIN_DIR
"""
import gzip
import itertools
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

from lib.made import Made, Pcap
from lib.replay import PATIENCE, Replay, ask

PROGRAMS = ("replay", "dnsgen")
FULL = pathlib.Path("/dev/full")
FIRST_FREE = pathlib.Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
# What lets root read every file and take every port.
POWERS = "-dac_override,-dac_read_search,-net_bind_service"


class Tests:
    def __init__(self, directory, work):
        self.directory = directory
        self.work = pathlib.Path(work)
        self.made = Made(directory / "make-capture", "drive-by", work)
        self.good = str(self.made.path)
        self.count = 0
        self.failed = 0

    def put(self, name, data):
        return str(self.made.put(name, data))

    def result(self, what, well, details=""):
        self.count += 1
        if not well:
            self.failed += 1
            print(f"not ok - {what}: {details}")

    def run(self, command, **more):
        more.setdefault("stdin", subprocess.DEVNULL)
        more.setdefault("stdout", subprocess.PIPE)
        if "input" in more:
            del more["stdin"]
        return subprocess.run(command, stderr=subprocess.PIPE,
                              timeout=PATIENCE, **more)

    def refused(self, status, name, *arguments, says="", before=(), **more):
        """Runs a program that has to say one line and end."""
        done = self.run([*before, self.directory / name, *arguments], **more)
        lines = done.stderr.decode("utf-8", "replace").split("\n")
        hint = r" \(try --help\)" if status == 2 else ""
        well = (done.returncode == status and not done.stdout
                and lines[1:] == [""]
                and re.match(f"{name}: .*{says}.*{hint}$", lines[0], re.I))
        self.result(f"{name} {' '.join(map(str, arguments))}"[:100], well,
                    f"exit status {done.returncode}, should be {status}; "
                    f"says {lines[:6]}, should hold {says!r}; "
                    f"prints {(done.stdout or b'')[:80]!r}")


def no_captures(t, name):
    packed = gzip.compress(b"this is no capture either\n" * 100)
    for what, data, says in (
            ("empty", b"", "empty"), ("byte", b"\xd4", "not a capture"),
            ("elf", b"\x7fELF" + bytes(100), "not a capture.*7f454c46"),
            ("text", b"this is no capture\n", "not a capture"),
            ("zeros", bytes(5000), "not a capture"),
            ("xz", b"\xfd7zXZ\0" + bytes(20), "not a capture.*xz"),
            ("head", t.made.path.read_bytes()[:20], "not a capture"),
            ("ng-head", b"\x0a\x0d\x0d\x0a\x1c\0\0\0", "not a capture"),
            ("text.gz", packed, "not a capture"),
            ("empty.gz", gzip.compress(b""), "empty"),
            ("head.gz", packed[:10], "cut"),
            ("broken.gz", packed[:10] + b"\xff" * 50, "corrupt"),
            ("head.zst", b"\x28\xb5\x2f\xfd", "cut"),
            ("broken.zst", b"\x28\xb5\x2f\xfd" + b"\xff" * 50, "corrupt")):
        path = t.put(what, data)
        t.refused(1, name, path, says=f"{what}: .*{says}")
        t.refused(1, name, t.good, path, says=f"{what}: .*{says}")
        t.refused(1, name, "-", says=f"standard input: .*{says}", input=data)
    t.refused(1, name, t.work, says="is a directory")
    t.refused(1, name, t.work / "missing", says="missing: no such file")
    t.refused(1, name, t.good, "", says="no such file")
    t.refused(1, name, f"{t.good}/below", says="not a directory")
    t.refused(1, name, t.work / "a\nb\x1b[2Jc", says=r"a\\x0Ab\\x1B\[2Jc: no")
    t.refused(1, name, "n" * 300, says="file name too long")
    t.refused(1, name, "-", says="standard input: bad file",
              before=["sh", "-c", 'exec "$0" "$@" <&-'])
    folder = os.open(t.work, os.O_RDONLY)
    t.refused(1, name, "-", says="is a directory", stdin=folder)
    os.close(folder)


def options(t, name):
    for arguments, says in (
            ((), "no capture"), (("--bogus", t.good), "option --bogus"),
            (("--bogus=1", t.good), "option --bogus=1"),
            (("-Z", t.good), "option -Z"), ((t.good, "-Z"), "option -Z"),
            (("--filter",), "--filter: needs a value"),
            (("--filter", "no such filter", t.good), "filter"),
            (("--filter", "tcp port", t.good), "filter"),
            (("--filter", "tcp port", "missing"), "filter"),
            (("--help=yes",), "--help=yes"), (("--",), "no capture")):
        t.refused(2, name, *arguments, says=says)


def replay_options(t):
    for value in ("nowhere", "", "127.0.0.1:", "127.0.0.1:65536",
                  "127.0.0.1:-1", "127.0.0.1:http", "127.0.0.1:80:80",
                  "256.1.1.1", "::1:80x", "[::1", "[::1]80", "[127.0.0.1]:80",
                  ":80", "80", "127.0.0.1 :80"):
        t.refused(2, "replay", "--listen", value, t.good, says="--listen")
    for value in ("xml", "", "JSON"):
        t.refused(2, "replay", "--list", "--format", value, t.good,
                  says="--format")
    t.refused(2, "replay", "--incomplete=200", t.good, says="--incomplete")
    t.refused(2, "replay", "--list=yes", t.good, says="--list=yes")
    t.refused(2, "replay", "-qZv", t.good, says="option -Z")
    t.refused(2, "replay", t.good, "-l", says="-l: needs a value")


def replay_modes(t):
    """One thing at a time, and what is for another one is refused."""
    made = t.work / "made"
    modes = (["--list"], ["--check"], ["--compare", t.good],
             ["--report", made], ["--extract", made], ["--extract-zip", made],
             ["--ca-cert"])
    for one, other in itertools.permutations(modes, 2):
        if {one[0], other[0]} != {"--compare", "--report"}:
            t.refused(2, "replay", *one, *other, t.good, says="only one of")
    for mode in [], *modes[:6]:
        if "--compare" not in mode:
            t.refused(2, "replay", *mode, "--strict", t.good,
                      says="--strict is for --compare")
        if "--list" not in mode:
            for value in "csv", "har":
                t.refused(2, "replay", *mode, "--format", value, t.good,
                          says="--format csv and har are for --list")
        t.refused(2, "replay", *mode, says="no capture named")
    t.refused(2, "replay", "--ca-cert", t.good, says="takes no captures")
    t.result("refused options make nothing", not made.exists())


def outputs(t):
    """What a mistake leaves of a file that was to be made."""
    text = t.put("none", b"this is no capture\n")
    for option in "--report", "--extract", "--extract-zip":
        made = t.work / f"made{option}"
        for status, *more in (
                (1, "--keylog", t.work / "missing"),
                (1, "--key", t.work / "missing"),
                (1, "--rules", t.work / "missing"), (1, t.work / "missing"),
                (2, "--filter", "tcp port")):
            t.refused(status, "replay", option, made, t.good, *more)
            t.result(f"{option} {more}: makes nothing", not made.exists())
        done = t.run([t.directory / "replay", option, made, text])
        lines = done.stderr.decode().split("\n")
        t.result(f"{option} of no capture", done.returncode == 1
                 and len(lines) == 3 and re.match(
                     rf"replay: {made}\S*: .*, to be removed$", lines[1]),
                 lines)
    other = Made(t.directory / "make-capture", "blob", t.work)
    done = t.run([t.directory / "replay", "--report", t.work / "strict",
                  "--compare", other.path, "--strict", t.good])
    t.result("--report --strict of what differs: the report is whole",
             done.returncode == 1 and not done.stderr
             and (t.work / "strict").read_bytes().endswith(b"</html>\n"),
             done.stderr)


def dnsgen_options(t):
    for value in ("1.2.3", "", "host.example", "1.2.3.4:80", "recorded "):
        t.refused(2, "dnsgen", "--ip", value, t.good, says="--ip")
    t.refused(2, "dnsgen", "--ip=recorded", "--ip=::1", t.good, says="--ip")
    for value in ("", "a b", "a\nb", ".", "x" * 64, "a..b", "-a/b"):
        t.refused(2, "dnsgen", "--zone", value, t.good, says="--zone")


def help_texts(t, name):
    for option, says in (("--help", f"usage: {name} "), ("-h", "usage: "),
                         ("--version", rf"{name} \(Reenact\) \d")):
        for arguments in ([option], [t.good, option], [option, "missing"]):
            done = t.run([t.directory / name, *arguments])
            t.result(f"{name} {option}", done.returncode == 0
                     and not done.stderr
                     and re.match(says, done.stdout.decode()),
                     f"exit status {done.returncode}, {done.stderr[:200]!r}")
    wide = [line for line in done.stdout.decode().split("\n")
            if len(line) > 80]
    t.result(f"{name}: lines of 80 columns", not wide, wide)


def writing(t, name, *arguments):
    """Standard output that takes nothing, or not all."""
    closed = ["sh", "-c", 'exec "$0" "$@" >&-']
    packed = t.put("good.gz", gzip.compress(t.made.path.read_bytes()))
    for more in ((*arguments, t.good), (*arguments, packed), ("--help",),
                 ("--version",)):
        t.refused(1, name, *more, says="standard output: bad file",
                  before=closed)
        if FULL.exists():
            with open(FULL, "wb") as full:
                t.refused(1, name, *more, says="standard output: no space",
                          stdout=full)
    silent = t.run(["sh", "-c", 'exec "$0" "$@" 2>&-', t.directory / name,
                    t.work / "missing"])
    t.result(f"{name} 2>&-", silent.returncode == 1 and not silent.stdout,
             f"exit status {silent.returncode}")


def reader_leaves(t, path, *arguments):
    """replay --list | head -1, with SIGPIPE and where it is ignored."""
    for restore in (True, False):
        with subprocess.Popen(
                [t.directory / "replay", "--list", *arguments, path],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                restore_signals=restore) as process:
            process.stdout.readline()
            process.stdout.close()
            errors = process.stderr.read()
            status = process.wait(PATIENCE)
        t.result(f"replay --list {arguments} | head -1", not errors and
                 status == (-signal.SIGPIPE if restore else 1),
                 f"exit status {status}, says {errors[:300]!r}")


def ports(t):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        t.refused(1, "replay", "--listen", place, t.good,
                  says=f"cannot listen on {place}: address already in use")
        t.refused(1, "replay", "--listen", "127.0.0.1:0", "--listen", place,
                  t.good, says=f"cannot listen on {place}: address already")
    t.refused(1, "replay", "--listen", "192.0.2.1:0", t.good,
              says="cannot listen on 192.0.2.1:0: cannot assign")


def without_powers():
    """How to run a program as one who may not do everything, None if that
    cannot be had here."""
    if os.geteuid():
        return []
    before = ["setpriv", "--bounding-set", POWERS, "--inh-caps", POWERS]
    if shutil.which("setpriv") and not subprocess.run(
            before + ["true"], capture_output=True,
            timeout=PATIENCE).returncode:
        return before
    return None


def permissions(t):
    before = without_powers()
    if before is None:
        print("skipped - permissions: this is root, and no setpriv here that "
              "takes its powers")
        return
    locked = t.put("locked", t.made.path.read_bytes())
    os.chmod(locked, 0)
    for name in PROGRAMS:
        t.refused(1, name, locked, says="locked: permission denied",
                  before=before)
    t.refused(1, "replay", "--listen", "127.0.0.1:0", "--log", locked, t.good,
              says="locked: permission denied", before=before)
    if not FIRST_FREE.exists() or int(FIRST_FREE.read_text()) <= 80:
        print("skipped - privileged ports: there are none on this system")
        return
    t.refused(1, "replay", t.good, before=before,
              says="cannot listen on 127.0.0.1:80: permission denied")


def log_files(t):
    for path, says in (("missing/log", "no such file"), ("", "no such file"),
                       (".", "is a directory")):
        t.refused(1, "replay", "--listen", "127.0.0.1:0", "--log",
                  path and t.work / path, t.good, says=says)
    link = t.work / "link"
    link.symlink_to("elsewhere")
    t.refused(1, "replay", "--listen", "127.0.0.1:0", "--log", link, t.good,
              says="link: is a symbolic link")
    if not FULL.exists():
        print("skipped - full disks: no /dev/full here")
        return
    request = (t.made.wire / "01.request").read_bytes()
    response = (t.made.wire / "01.response").read_bytes()
    with Replay(t.directory / "replay", [t.made.path], "--log", FULL) as replay:
        answers = [ask(replay.port, request) for _ in range(3)]
    t.result("--log on a full disk: answers come all the same",
             answers == [response] * 3, [a[:80] for a in answers])
    lost = [line for line in replay.said if "No space left" in line]
    t.result("--log on a full disk: said once", len(lost) == 1, replay.said)


def broken_packets(t):
    """What is broken is counted, what is not is all there."""
    pcap = Pcap.of(t.made.path.read_bytes())
    whole = t.run([t.directory / "replay", "--list", t.good])
    # Ethernet and IPv4 whose header length is none
    bad = bytes(12) + b"\x08\x00" + b"\x41" + bytes(40)
    record = pcap.records[0][:8] + len(bad).to_bytes(
        4, "little" if pcap.order == "<" else "big") * 2 + bad
    mixed = t.put("mixed", pcap.head + b"".join(
        record + r for r in pcap.records))
    done = t.run([t.directory / "replay", "--list", mixed])
    lines = done.stderr.decode().split("\n")
    t.result("broken packets between good ones: the same rows",
             done.returncode == 0 and done.stdout == whole.stdout,
             done.stdout[:300])
    t.result("broken packets: summed up in one line", lines ==
             [f"replay: {len(pcap.records)} broken packets skipped", ""], lines)


def main():
    directory = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as work:
        t = Tests(directory, work)
        for name in PROGRAMS:
            no_captures(t, name)
            options(t, name)
            help_texts(t, name)
        replay_options(t)
        replay_modes(t)
        outputs(t)
        dnsgen_options(t)
        writing(t, "replay", "--list")
        writing(t, "dnsgen")
        large = Made(directory / "make-capture", "tiny", work, "--size", "3M")
        reader_leaves(t, large.path)
        reader_leaves(t, large.path, "--format", "json", "--no-digest")
        ports(t)
        permissions(t)
        log_files(t)
        broken_packets(t)
        print(f"bad input: {t.count - t.failed} of {t.count} as they should")
        return 1 if t.failed else 0


sys.exit(main())
