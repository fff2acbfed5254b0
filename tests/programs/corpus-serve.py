#!/usr/bin/env python3
"""Serves every capture of the corpus and asks for each complete exchange as it
was recorded: the very bytes have to come back. The made captures have those
bytes in files of their own, which no code of this project wrote.

usage: corpus-serve.py SAN_DIR PLAIN_DIR [NAME...]
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

from lib.replay import PATIENCE, Replay, ask_wire

TOP = pathlib.Path(__file__).resolve().parents[2]
CORPUS = pathlib.Path(os.environ.get("CORPUS", TOP / "../shared/corpus"))
SUFFIX = ".expected.tsv"


def captures_of(expected):
    name = expected.name[: -len(SUFFIX)]
    if name.endswith(".parts"):
        return sorted(p for p in
                      expected.parent.glob(name[: -len("parts")] + "part[0-9]*")
                      if not p.name.endswith(".tsv"))
    return [expected.with_name(name)]


def check_made(directory, expected):
    wire = expected.with_name(expected.name[: -len(SUFFIX)] + ".wire")
    if not wire.is_dir():
        return 0, []
    with Replay(directory / "replay", captures_of(expected)) as replay:
        return ask_wire(replay.port, wire)


def check_real(directory, expected):
    paths = captures_of(expected)
    listed = subprocess.run(
        [directory / "replay", "--list", "--no-digest", *map(str, paths)],
        capture_output=True, timeout=PATIENCE, check=True)
    if not re.search(rb"\tcomplete$", listed.stdout, re.M):
        return 0, []
    with Replay(directory / "replay", paths) as replay:
        done = subprocess.run(
            [directory / "tools/reask", str(replay.port), *map(str, paths)],
            capture_output=True, text=True, errors="replace", timeout=PATIENCE)
    lines = done.stdout.splitlines()
    count = re.match(r"(\d+) of (\d+) exchanges", lines[-1] if lines else "")
    if not count:
        return 1, [done.stderr[-500:] or "reask said nothing"]
    missed = int(count[2]) - int(count[1])
    return int(count[2]), (lines[:-1] + ["?"] * missed)[:missed]


def guarded(check, directory, expected):
    try:
        return (expected.name, *check(directory, expected))
    except (RuntimeError, OSError, subprocess.SubprocessError) as trouble:
        return expected.name, 1, [str(trouble)]


def main():
    directory = pathlib.Path(sys.argv[1]).resolve()
    only = sys.argv[3:]
    if not CORPUS.is_dir():
        print(f"no corpus at {CORPUS} (set CORPUS): nothing to serve")
        return 77
    failed = False
    for kind, check in (("captures", check_real), ("torture", check_made)):
        files = [f for f in sorted((CORPUS / kind).glob("*" + SUFFIX))
                 if not only or any(o in f.name for o in only)]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            results = list(pool.map(lambda f: guarded(check, directory, f),
                                    files))
        for name, _, problems in results:
            for problem in problems:
                print(f"{name}: {problem}")
        asked = sum(r[1] for r in results)
        bad = sum(len(r[2]) for r in results)
        print(f"corpus {kind}: {asked - bad} of {asked} exchanges came back "
              "byte for byte")
        failed |= bad > 0
    return 1 if failed else 0


sys.exit(main())
