#!/usr/bin/env python3
"""The list is the same byte for byte on one core as on all of them, and ends
when nobody reads it any more.

usage: list-cores.py SAN_DIR PLAIN_DIR
"""
import os
import pathlib
import subprocess
import sys
import tempfile

from lib.made import Made
from lib.replay import PATIENCE, list_text, rows_of

SCENARIOS = {"tiny": ("--size", "8M"), "pages": ("--size", "8M"),
             "drive-by": (), "p02-lost": (), "p07-codings": ()}
FORMATS = ((), ("--no-digest",), ("--format", "json"),
           ("--format", "json", "--no-digest"))


def one_core():
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def check_same(replay, made):
    for options in FORMATS:
        many = list_text(replay, [made.path], *options)
        one = list_text(replay, [made.path], *options, preexec_fn=one_core)
        if many != one:
            yield f"{made.name} {' '.join(options)}: one core tells another list"
        if not many[0]:
            yield f"{made.name} {' '.join(options)}: nothing"


def check_truth(replay, made):
    """Which body a digest belongs to."""
    for preexec in (None, one_core):
        text, _ = list_text(replay, [made.path], preexec_fn=preexec)
        rows = rows_of(text)
        if [r["sha256"] for r in rows] != [r["sha256"] for r in made.truth]:
            yield f"{made.name}: digests of other bodies"


def check_closed(replay, made):
    """As for head -1: the threads are in the middle of it. SIGPIPE stays
    ignored, as Python has it, or there would be no end of theirs."""
    with subprocess.Popen([replay, "--list", made.path], restore_signals=False,
                          stdout=subprocess.PIPE) as listing:
        listing.stdout.read(1)
        listing.stdout.close()
        try:
            listing.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            listing.kill()
            yield f"{made.name}: goes on though nobody reads"
    if listing.returncode not in (0, 1):
        yield f"{made.name}, not read: exit status {listing.returncode}"


def main():
    directory = pathlib.Path(sys.argv[1]).resolve()
    if len(os.sched_getaffinity(0)) < 2:
        print("one core only: nothing to compare")
        return 77
    replay, problems, rows = directory / "replay", [], 0
    with tempfile.TemporaryDirectory() as work:
        for name, options in SCENARIOS.items():
            made = Made(directory / "make-capture", name, work, *options)
            rows += len(made.truth)
            problems += check_same(replay, made)
            problems += check_closed(replay, made)
            if name in ("tiny", "pages"):
                problems += check_truth(replay, made)
    print(*problems, f"{rows} rows, on one core and on all", sep="\n")
    return 1 if problems or rows < 4000 else 0


sys.exit(main())
