#!/usr/bin/env python3
"""Rule files that are faulty, hostile or no rule files: each mistake with its
line, column and caret, all of them in one run, exit status 1, nothing on
standard output, soon, and no report of a sanitizer.

usage: bad-rules.py SAN_DIR PLAIN_DIR
"""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

from lib.made import Made
from lib.replay import PATIENCE

MEBIBYTE = 1 << 20
SOON = 20  # seconds, under sanitizers on a busy machine
POWERS = "-dac_override,-dac_read_search"  # let root read every file

# what: rule file, place, words
FAULTY = {
    "regex": (b"body s/(a/b/\n", "1:10", ""),
    "class": (b"\n  body s{[a}{b}\n", "2:12", ""),
    "group": (b"body s/a/$1/", "1:11", "group"),
    "part": (b"type=text/html hedaer Location delete\n", "1:16",
             'unknown part "hedaer" .*header'),
    "key": (b"hots=a body delete\n", "1:1", 'unknown condition "hots" .*host'),
    "action": (b"body sett x\n", "1:6", 'unknown action "sett" .*set'),
    "flag": (b"body s/a/b/k\n", "1:12", 'unknown flag "k"'),
    "delimiter": (b"body s/a/b\n", "1:9", '"/"'),
    "brackets": (b"body s{a{b}{c}\n", "1:7", '"}"'),
    "joined": (b"host=a \\\r\n\tbody \\\r\n  sett x\r\n", "3:3", "unknown"),
    "framing": (b"header Content-Length set 5\n", "1:8", "replay"),
    "target": (b"type=text/html target s/a/b/\n", "1:1", "targets"),
    "missing": (b"include none.conf\n", "1:9", "none.conf: No such file"),
    "device": (b"include /dev/zero\n", "1:9", "not a regular file"),
    "stdin": (b"include /dev/stdin\n", "1:9", "not a regular file"),
    "folder": (b"include .\n", "1:9", "directory"),
    "loop": (b"body delete\n include ./rules.conf\n", "2:10", "itself"),
    "binary": (b"\x01\x02\xff\xfe\n", "1:1", r"\\x01\\x02\\xFF"),
    "long": (b"header X set " + b"a" * MEBIBYTE + b"\x01\n",
             f"1:{MEBIBYTE + 14}", "control"),
    "long regex": (b"body s/" + b"(" * MEBIBYTE + b"/b/\n", "", ""),
    "long name": (b"a" * MEBIBYTE, "1:1", "unknown"),
    "many lines": (b"body \\\n" * (MEBIBYTE // 7) + b"sett", "", ""),
}

# what cannot be read at all: one line
UNREADABLE = {
    "nul": (b"body delete\nbody \0 delete\n", r"NUL byte in line 2"),
    "elf": (b"\x7fELF\x02\x01\x01" + bytes(64), "NUL byte in line 1"),
    "utf16": ("body delete\n".encode("utf-16"), "NUL byte in line 1"),
    "large": (b"#" * (16 * MEBIBYTE + 1), "larger than 16 MiB"),
}


class Tests:
    def __init__(self, directory, work):
        self.directory = directory
        self.work = pathlib.Path(work)
        self.rules = self.work / "rules.conf"
        self.made = Made(directory / "make-capture", "tiny", work)
        self.count = 0
        self.failed = 0

    def result(self, what, well, details=""):
        self.count += 1
        if not well:
            self.failed += 1
            print(f"not ok - {what}: {details}")

    def run(self, *command, before=()):
        """Says what is said on standard error, after a failure and nothing
        on standard output."""
        begin = time.monotonic()
        done = subprocess.run(
            [*before, self.directory / command[0], *command[1:]],
            cwd=self.work, stdin=subprocess.DEVNULL, capture_output=True,
            timeout=PATIENCE)
        spent = time.monotonic() - begin
        said = done.stderr.decode("utf-8", "replace")
        self.result(f"{command}: fails, soon, and prints nothing",
                    done.returncode == 1 and not done.stdout and spent < SOON,
                    f"{done.returncode}, {spent:.1f} s, {said[:300]!r}")
        return said

    def everywhere(self, *files, **more):
        """By all programs that read rules, and the three say the same."""
        rules = [word for file in files for word in ("--rules", str(file))]
        said = self.run("rewrite", *rules, "--check", **more)
        capture = str(self.made.path)
        for command in (("rewrite", *rules, capture),
                        ("replay", *rules, "--listen", "127.0.0.1:0", capture)):
            other = self.run(*command, **more)
            other = re.sub(r"^replay:", "rewrite:", other, flags=re.M)
            self.result(f"{command[0]} says the same", other == said,
                        f"{other[:300]!r} for {said[:300]!r}")
        return said


def faulty(t):
    for what, (data, place, words) in FAULTY.items():
        t.rules.write_bytes(data)
        said = t.everywhere("rules.conf")
        lines = said.split("\n")
        told = rf"rules\.conf:{place or '[0-9]+:[0-9]+'}: .*{words}"
        well = (len(lines) == 4 and re.match(told, lines[0])
                and len(said) < 1000 and re.fullmatch(r" *\^", lines[2])
                and 4 <= len(lines[2]) - 1 <= max(4, len(lines[1])))
        t.result(what, well, f"{said[:500]!r}, should be {told!r}")


def caret(t):
    """Stands under what is wrong, whatever stands before it."""
    for before in ("", "  ", "\t\t", "host=" + "a" * 30 + " ",
                   "host=" + "a" * 300 + " ", "host=\x01\x02\xff ",
                   "type=text/* host=*.example \\\n   "):
        for behind in ("", "x" * 400):
            data = f"{before}hedaer X set {behind}\n"
            t.rules.write_bytes(data.encode("latin-1"))
            lines = t.run("rewrite", "--rules", "rules.conf",
                          "--check").split("\n")
            at = lines[2].index("^")
            t.result(f"caret in {data[:50]!r}",
                     lines[1][at:].startswith("hedaer")
                     and len(lines[1]) <= 80, lines)


def all_of_them(t):
    """Three files, six mistakes, one of them a file that is not there."""
    (t.work / "one.conf").write_text("bdy delete\nbody delete\nhost=a\n")
    (t.work / "two.conf").write_text("include rules.conf\nbody s/(/b/\n")
    t.rules.write_text("body s/a/b/k\n")
    said = t.everywhere("one.conf", "none.conf", "two.conf")
    found = re.findall(r"^(?:rewrite: )?([a-z]+\.conf(?::\d+:\d+)?): ", said,
                       re.M)
    t.result("all mistakes in one run",
             found == ["one.conf:1:1", "one.conf:3:7", "none.conf",
                       "rules.conf:1:12", "two.conf:2:9"], found)
    t.rules.write_text("bdy delete\n" * 100000)
    lines = t.everywhere("rules.conf").split("\n")
    t.result("fifty are shown", len(lines) == 152 and
             lines[150] == "rewrite: and 99950 more mistakes", lines[-2:])


def unreadable(t):
    def one_line(what, said, words):
        t.result(what, re.fullmatch(f"rewrite: .*{words}.*\n", said), said)

    for what, (data, words) in UNREADABLE.items():
        t.rules.write_bytes(data)
        one_line(what, t.everywhere("rules.conf"), words)
    one_line("directory", t.everywhere("."), "Is a directory")
    one_line("missing", t.everywhere("none"), "none: No such file")
    one_line("no name", t.everywhere(""), "No such file")
    one_line("zeros", t.everywhere("/dev/zero"), "larger than 16 MiB")
    os.mkfifo(t.work / "pipe")
    one_line("pipe", t.everywhere("pipe"), "empty pipe")
    t.rules.chmod(0)
    before = ["setpriv", "--bounding-set", POWERS, "--inh-caps",
              POWERS] if os.geteuid() == 0 else []
    one_line("forbidden", t.everywhere("rules.conf", before=before),
             "Permission denied")
    t.rules.chmod(0o600)


def nothing(t):
    """No rule is no mistake."""
    for what, data in (("empty", b""), ("comments", b"# a\n\n \t\n#b\r\n")):
        t.rules.write_bytes(data)
        done = subprocess.run(
            [t.directory / "rewrite", "--rules", "rules.conf", "--check"],
            cwd=t.work, capture_output=True, text=True, timeout=PATIENCE)
        t.result(what, done.returncode == 0 and re.fullmatch(
            "rewrite: rules.conf: there is no rule in it\n", done.stderr),
            done)


def main():
    directory = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as work:
        t = Tests(directory, work)
        faulty(t)
        caret(t)
        all_of_them(t)
        unreadable(t)
        nothing(t)
        print(f"bad rules: {t.count - t.failed} of {t.count} as they should")
        return 1 if t.failed else 0


sys.exit(main())
