#!/usr/bin/env python3
"""Runs the worked examples of the README: each block of rules is checked, each
command behind one has to print what stands there.

usage: rewrite-examples.py SAN_DIR PLAIN_DIR
"""
import os
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
SAN = pathlib.Path(sys.argv[1]).resolve()
WORK = pathlib.Path(os.environ.get("TMPDIR", "/tmp")) / "examples"
PATIENCE = 60


def blocks():
    """The indented texts of the section, without their indent."""
    text = (TOP / "README.md").read_text()
    section = re.search(r"### Worked examples\n(.*?)\n##", text, re.S)[1]
    found = re.findall(r"(?:^    .*\n)+", section, re.M)
    return [re.sub(r"^    ", "", block, flags=re.M) for block in found]


def commands(block):
    """(command, output) of a block as a terminal shows it."""
    at = re.split(r"^\$ ", block, flags=re.M)[1:]
    for part in at:
        command = re.match(r"(?:.*[\\|]\n)*.*\n", part)[0]
        yield command, part[len(command):]


def shell(command):
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, cwd=WORK,
        timeout=PATIENCE, env={**os.environ,
                               "PATH": f"{SAN}:{os.environ['PATH']}"})
    return done.stdout, f"status {done.returncode}, {done.stderr}"


def main():
    WORK.mkdir()
    (WORK / "etc").symlink_to(TOP / "etc")
    rules = ran = failed = 0
    for block in blocks():
        if not block.startswith("$ "):
            (WORK / "my.conf").write_text(block)
            rules += 1
            _, said = shell("rewrite --rules my.conf --check")
            if not said.startswith("status 0"):
                print(f"{block}{said}")
                failed += 1
            continue
        for command, want in commands(block):
            ran += 1
            got, said = shell(command)
            if got != want or not said.startswith("status 0"):
                print(f"$ {command}{got}not\n{want}({said})")
                failed += 1
    print(f"{rules} examples, {ran} commands, {failed} wrong")
    return 1 if failed or rules < 8 or ran < 7 else 0


sys.exit(main())
