#!/usr/bin/env python3
"""What people see at a terminal: progress, colours, columns that fit; and that
nobody else gets any of it.

usage: terminal.py SAN_DIR PLAIN_DIR [TEST...]
"""
import fcntl
import os
import pathlib
import pty
import re
import select
import struct
import subprocess
import termios
import threading
import time
import tty

from playback import *

WIPE = b"\r\x1b[K"
NAMES = ("no\ttime\tstream\tclient\tserver\tscheme\tmethod\thost\ttarget\t"
         "status\tbytes\tsha256\tstate\tversion\n")
COMPARED = "no\tmethod\thost\ttarget\tstatus\tresult\tdetail\n"
SGR = re.compile(r"\x1b\[\d*m")


def environment(**more):
    """Without what would decide of colours and widths."""
    return {k: v for k, v in os.environ.items()
            if k not in ("NO_COLOR", "COLUMNS")} | {"TERM": "xterm"} | more


class Terminal:
    """A terminal, and what was written to it."""

    def __init__(self, columns=80):
        self.master, self.slave = pty.openpty()
        tty.setraw(self.slave)
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ,
                    struct.pack("HHHH", 24, columns, 0, 0))
        self.seen = b""

    def read(self, wait=0.0):
        """What there is by now, or comes within so many seconds."""
        while select.select([self.master], [], [], wait)[0]:
            try:
                got = os.read(self.master, 1 << 16)
            except OSError:  # nobody has it open any more
                break
            if not got:
                break
            self.seen += got
            wait = 0.0
        return self.seen

    def close(self):
        """After all that writes to it has ended."""
        os.close(self.slave)
        self.slave = -1
        while True:
            try:
                got = os.read(self.master, 1 << 16)
            except OSError:
                break
            if not got:
                break
            self.seen += got
        os.close(self.master)
        return self.seen


def on_terminal(command, columns=80, both=False, status=0, **env):
    """Standard output of a program on a terminal; both: with standard error,
    else that is a pipe."""
    terminal = Terminal(columns)
    process = subprocess.Popen(
        list(map(str, command)), stdin=subprocess.DEVNULL,
        stdout=terminal.slave,
        stderr=terminal.slave if both else subprocess.PIPE,
        env=environment(**env))
    reader = threading.Thread(
        target=lambda: process.stderr and process.stderr.read(), daemon=True)
    reader.start()
    end = time.monotonic() + 6 * PATIENCE
    while process.poll() is None:
        terminal.read(0.05)
        true(time.monotonic() < end, f"{command}: no end")
    reader.join(PATIENCE)
    same(process.returncode, status, f"{command}: {terminal.read()[-500:]}")
    return terminal.close().decode()


def piped(command, status=0, stdin=None, **env):
    done = subprocess.run(
        list(map(str, command)), capture_output=True, timeout=6 * PATIENCE,
        env=environment(**env), stdin=stdin or subprocess.DEVNULL)
    same(done.returncode, status, f"{command}: {done.stderr[-500:]}")
    return done.stdout.decode(), done.stderr.decode()


def drive_by():
    return Scenario("drive-by").path


def hostile():
    """Cells that are long, empty, or drive a terminal."""
    with Capture("hostile.pcap") as c:
        for host, target in (("a" * 200 + ".example", "/" + "b" * 3000),
                             ("x\x1b[2J\x07.example", "/\x9b31m\xc3\xa4"),
                             ("", "/"), ("h.example", "/\xe6\x97\xa5" * 40)):
            c.talk((request(host, target), ok("page")))
        c.talk((request("cut.example"), b"HTTP/1.1 200 OK\r\n"
                b"Content-Length: 10\r\n\r\nabc"), reset=True)
    return c.path


# ---- progress ----

def feed(command, terminal, done, **env):
    """Gives a program a capture by a slow pipe, until done() is true, then the
    rest. Returns its standard output."""
    data = drive_by().read_bytes()
    out = open(TMP / f"out-{time.monotonic_ns()}", "wb+")
    process = subprocess.Popen(
        list(map(str, command)), stdin=subprocess.PIPE, stdout=out,
        stderr=terminal.slave, env=environment(**env))
    at, end = 0, time.monotonic() + PATIENCE
    while not done():
        true(time.monotonic() < end and at < len(data) // 2,
             f"{command}: nothing seen: {terminal.seen[-200:]}")
        process.stdin.write(data[at:at + 50])
        process.stdin.flush()
        at += 50
        terminal.read(0.02)
    process.stdin.write(data[at:])
    process.stdin.close()
    while process.poll() is None:
        terminal.read(0.05)
        true(time.monotonic() < end + PATIENCE, f"{command}: no end")
    out.seek(0)
    return process.returncode, out.read().decode()


def progress_comes_and_goes():
    want, _ = piped([SAN / "replay", "--list", drive_by()])
    terminal = Terminal(60)
    status, got = feed([SAN / "replay", "--list", "-"], terminal,
                       lambda: terminal.seen.count(b"\x1b[K") >= 3)
    seen = terminal.close()
    same((status, got), (0, want), "the table")
    lines = seen.split(b"\r")
    for n in lines[1:4]:
        true(re.fullmatch(rb"replay: reading standard input: [\d.]+ "
                          rb"(bytes|kB), [\d.]+ (bytes|kB)/s\x1b\[K", n), n)
    same((lines[0], lines[-1]), (b"", b"\x1b[K"), "it is wiped")
    true(all(len(n) < 60 + len(b"\x1b[K") for n in lines), "its width")


def a_message_wipes_it():
    terminal = Terminal()
    status, got = feed([SAN / "replay", "--list", "-", "missing.pcap"],
                       terminal, lambda: b"\x1b[K" in terminal.seen)
    seen = terminal.close()
    same((status, got), (1, ""), "fails")
    end = WIPE + b"replay: missing.pcap: No such file or directory\n"
    same(SGR.sub("", seen.decode())[-len(end):].encode(), end, "the end")


def all_three_have_it():
    rules = TMP / "one.conf"
    rules.write_text("body s/a/b/\n")
    for command in (["dnsgen", "-"], ["rewrite", "--rules", rules, "-"],
                    ["replay", "--check", "-"]):
        terminal = Terminal()
        status, _ = feed([SAN / command[0], *command[1:]], terminal,
                         lambda: b"reading standard input" in terminal.seen)
        same(status, 0, command)
        true(terminal.close().endswith(WIPE), f"{command}: wiped")


def no_progress_where_nobody_wants_it():
    """Reading takes far longer than a second each time."""
    def one(options, **env):
        began = time.monotonic()
        terminal = Terminal()
        status, _ = feed([SAN / "replay", "--list", *options, "-"], terminal,
                         lambda: time.monotonic() - began > 2, **env)
        same((status, terminal.close()), (0, b""), f"{options} {env}")

    def pipe():
        began = time.monotonic()
        ends, terminal = os.pipe(), Terminal()
        real, terminal.slave = terminal.slave, ends[1]
        status, _ = feed([SAN / "replay", "--list", "-"], terminal,
                         lambda: time.monotonic() - began > 2)
        os.close(ends[1])
        same((status, os.read(ends[0], 1 << 16)), (0, b""), "a pipe")
        os.close(ends[0])
        terminal.slave = real
        terminal.close()

    drive_by()
    failed = []

    def noting(call, *arguments, **more):
        try:
            call(*arguments, **more)
        except AssertionError as error:
            failed.append(str(error))
    threads = [threading.Thread(target=noting, args=(one, ["--quiet"])),
               threading.Thread(target=noting, args=(one, []),
                                kwargs={"TERM": "dumb"}),
               threading.Thread(target=noting, args=(pipe,))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    same(failed, [], "progress")


def quick_work_shows_none():
    terminal = Terminal()
    done = subprocess.run([PLAIN / "replay", "--list", "--no-digest",
                           drive_by()], stdout=subprocess.DEVNULL,
                          stderr=terminal.slave, timeout=PATIENCE,
                          env=environment())
    same((done.returncode, terminal.close()), (0, b""), "nothing")


# ---- columns ----

def lines_fit(command, width, last=0, **env):
    """All but so many last lines."""
    text = on_terminal(command, width, **env)
    lines = SGR.sub("", text).split("\n")[:-1]
    for line in lines[:len(lines) - last]:
        true(len(line) <= width, f"{command} at {width}: {line!r}")
        true(line.isprintable(), f"{command}: {line!r}")
    return lines


def tables_fit():
    for capture in drive_by(), hostile():
        rows = piped([SAN / "replay", "--list", capture])[0].count("\n")
        for width in 10, 40, 80, 120, 200, 1000:
            lines = lines_fit([SAN / "replay", "--list", capture], width)
            same(len(lines), rows, f"rows at {width}")
            lines = lines_fit([SAN / "replay", "--compare", capture, capture],
                              width, last=1)
            same(len(lines), rows + 1, f"compared rows at {width}")
            true(lines[-1].startswith("reproduced: "), lines[-1])


def columns_are_read():
    """What a line of 80 columns tells, and who else says how wide it is."""
    lines = lines_fit([SAN / "replay", "--list", drive_by()], 80)
    same(lines[0].split(), ["no", "method", "host", "target", "status",
                            "bytes", "state"], "columns")
    same(lines[10].split(), ["10", "GET", "gate.exp…le:8080",
                             "/load/setup.bin", "200", "200000", "complete"],
         "a row")
    ends = {len(n[:lines[0].index("bytes") + 5].rstrip()) for n in lines}
    same(len(ends), 1, "numbers stand under each other")
    same(lines_fit([SAN / "replay", "--list", drive_by()], 200, COLUMNS="80"),
         lines, "COLUMNS")
    wide = lines_fit([SAN / "replay", "--list", drive_by()], 1000)
    rows = [n.split("\t") for n in
            piped([SAN / "replay", "--list", drive_by()])[0].split("\n")[:-1]]
    same([n.split() for n in wide], rows, "all of it, where there is room")


def what_is_left_out_is_told():
    def told(width, *options):
        both = on_terminal([SAN / "replay", "--list", *options, drive_by()],
                           width, both=True)
        return "--format tsv has it" in both
    same([told(80), told(1000), told(80, "-q")], [True, False, False],
         "how to see all")


def machines_get_what_they_got():
    capture = drive_by()
    plain, _ = piped([SAN / "replay", "--list", capture])
    same(plain[:len(NAMES)], NAMES, "names")
    compared, _ = piped([SAN / "replay", "--compare", capture, capture])
    same(compared[:len(COMPARED)], COMPARED, "names")
    true(all(n.count("\t") == 13 for n in plain.split("\n")[:-1]), "tabs")
    for more in [], ["--color", "always"]:
        for format in [], ["--format", "tsv"]:
            command = [SAN / "replay", *more, *format, "--list", capture]
            same(piped(command, COLUMNS="40")[0], plain, f"{more} {format}")
    for what, text in (["--list"], plain), (["--compare", capture], compared):
        command = [SAN / "replay", *what, "--format", "tsv", capture]
        same(on_terminal(command, 40), text, f"{what} on a terminal")
    json = [SAN / "replay", "--list", "--format", "json", capture]
    same(on_terminal(json, 40), piped(json)[0], "JSON on a terminal")
    conf = [SAN / "dnsgen", capture]
    same(on_terminal(conf, 40), piped(conf)[0], "dnsgen")


def check_is_broken_between_words():
    command = [SAN / "replay", "--check", hostile()]
    plain, _ = piped(command)
    true("\x1b" not in plain, "plain text is plain")
    true(any(len(n) > 100 for n in plain.split("\n")), "there are long lines")
    for width in 40, 80, 200:
        text = SGR.sub("", on_terminal(command, width))
        same(text.split(), plain.split(), f"the same words at {width}")
        for line in text.split("\n"):
            true(len(line) <= width or len(line.split()) == 1,
                 f"{width}: {line!r}")


# ---- colours ----

def colours():
    rules = TMP / "colour.conf"
    rules.write_text("type=text/html body s/html/HTML/i\n")
    commands = [[SAN / "replay", "--check", drive_by()],
                [SAN / "rewrite", "--rules", rules, drive_by()]]
    listed = [SAN / "replay", "--list", drive_by()]
    for command in commands + [listed]:
        for options, env, want in (
                ([], {}, True), ([], {"NO_COLOR": "1"}, False),
                ([], {"NO_COLOR": ""}, True), ([], {"TERM": "dumb"}, False),
                (["--color", "never"], {}, False),
                (["--color=always"], {"NO_COLOR": "1"}, True)):
            text = on_terminal(command + options, **env)
            same("\x1b[" in text, want, f"{command} {options} {env}")
    for command in commands:
        same("\x1b" in piped(command)[0], False, f"{command} into a pipe")
        text, _ = piped([*command, "--color", "always"])
        true("\x1b[" in text, f"{command} into a pipe, asked for")
        same(SGR.sub("", text), piped(command)[0], "nothing else differs")
    for name in "replay", "rewrite", "dnsgen":
        _, said = piped([SAN / name, "--color", "sometimes", "x"], status=2)
        true("neither always, never nor auto" in said, said)


def mistakes_are_pointed_at():
    rules = TMP / "wrong.conf"
    rules.write_text("hedaer Location delete\n")
    command = [SAN / "rewrite", "--rules", rules, "--check"]
    _, plain = piped(command, status=1)
    _, coloured = piped([*command, "--color", "always"], status=1)
    true("\n    ^\n" in plain, plain)
    true("\n\x1b[32m    ^\n\x1b[m" in coloured, coloured)
    same(SGR.sub("", coloured), plain, "nothing else differs")
    _, plain = piped([SAN / "dnsgen", "missing.pcap"], status=1)
    _, said = piped([SAN / "dnsgen", "--color=always", "missing.pcap"],
                    status=1)
    same(said, plain.replace("dnsgen:", "\x1b[31mdnsgen:\x1b[m", 1),
         "a message")


def log_lines_are_coloured():
    with Replay(drive_by(), "--color", "always") as r:
        ask(r.port, "www.landing.example")
        ask(r.port, "tds.redirect.example", "/in.php?id=88&src=landing")
        ask(r.port, "nowhere.example", "/\x1b[31m")
        r.line(r" \x1b\[32m200\x1b\[m 1\d+ #1 exact")
        r.line(r" \x1b\[36m302\x1b\[m ")
        miss = r.line(r"nowhere")
    true(" \x1b[35m404\x1b[m " in miss
         and "\x1b[31m not recorded\x1b[m" in miss, miss)
    same(re.sub(r"\x1b\[\d*m", "", miss).isprintable(), True, "no byte of it")
    with Replay(drive_by()) as r:
        ask(r.port, "www.landing.example")
        true("\x1b" not in r.line(r"landing"), "a pipe has none")


# ---- how much is told ----

def quiet_and_verbose():
    with Capture("names.pcap") as c:
        for number in range(25):
            c.talk((request(f"bad_{number}_<>.example"), ok("page")))
    with Capture("broken.pcap") as b:
        b.talk((request("h.example"), ok("page")))
        b.packet(("192.0.2.1", 1, "192.0.2.2", 2), 1, 1, 2)
        b.out.write(struct.pack("<IIII", 1, 0, 4, 4) + b"\x45\0\0\0")
    command = [SAN / "dnsgen", c.path, b.path]
    counts = {}
    for option in "", "-q", "-v":
        _, said = piped(command + ([option] if option else []))
        counts[option] = (said.count("left out:"),
                          "5 more hosts" in said,
                          "broken packets skipped" in said)
    same(counts, {"": (20, True, True), "-q": (20, True, False),
                  "-v": (25, False, True)}, "left out, the rest, a count")
    rules = TMP / "quiet.conf"
    rules.write_text("body s/page/PAGE/\n")
    command = [SAN / "rewrite", "--rules", rules, b.path]
    (text, said), (less, nothing) = piped(command), piped([*command, "-q"])
    true("+++ rewritten" in text and "+++ rewritten" not in less, less)
    true("broken packets" in said and not nothing, nothing)
    same(piped([*command, "--verbose"])[0], text, "rewrite -v")


# ---- the lab ----

LAB = pathlib.Path(__file__).resolve().parents[2] / "etc/lab"
TELL = """
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import colour, story
colour.when = sys.argv[2]
rows = [{"type": "exchange", "result": r, "no": 1, "method": "GET",
         "url": "http://h/\\x1b[2J", "detail": "  not asked for"}
        for r in ("same", "different", "not-asked")]
story.tell({}, rows, ["said\\x1b[31m"], sys.stdout)
print(story.last_line(f"reproduced: {sys.argv[3]} of 3 reproducible",
                      sys.stdout))
"""


def the_lab_has_colours_too():
    def command(when="auto", share=1):
        return ["/usr/bin/python3", "-c", TELL, LAB, when, share]
    text = on_terminal(command())
    true("  \x1b[32mas recorded" not in text
         and "\x1b[32m  as recorded, byte for byte\x1b[m:" in text, text)
    for want in ("\x1b[31m  came back otherwise\x1b[m:",
                 "\x1b[35m  not asked for\x1b[m:",
                 "\x1b[31mreproduced: 1 of 3\x1b[m"):
        true(want in text, f"{want!r} in {text!r}")
    true("\x1b[2J" not in text and "\x1b[31msaid" not in text
         and "said\x1b" not in text, "nothing of a capture")
    true("\x1b[32mreproduced: 3 of 3\x1b[m" in on_terminal(command(share=3)),
         "all of it")
    plain, _ = piped(command())
    same(SGR.sub("", text), plain, "nothing else differs")
    for got, want in ((plain, False), (piped(command("always"))[0], True),
                      (on_terminal(command(), NO_COLOR="1"), False),
                      (on_terminal(command(), TERM="dumb"), False),
                      (on_terminal(command("never")), False)):
        same("\x1b" in got, want, got)
    lab = ["/usr/bin/python3", LAB / "lab"]
    for name in "run", "again", "matrix", "check", "clients":
        said, _ = piped([*lab, name, "--help"])
        true("--quiet" in said and "--color" in said, name)
    piped([*lab, "clients", "--color", "blue"], status=2)


if __name__ == "__main__":
    run([progress_comes_and_goes, a_message_wipes_it, all_three_have_it,
         no_progress_where_nobody_wants_it, quick_work_shows_none,
         tables_fit, columns_are_read, what_is_left_out_is_told,
         machines_get_what_they_got, check_is_broken_between_words,
         colours, the_lab_has_colours_too, mistakes_are_pointed_at, log_lines_are_coloured,
         quiet_and_verbose])
