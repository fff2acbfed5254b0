#!/usr/bin/env python3
"""Serves every capture of the corpus under the default rules and asks for each
complete exchange as it was recorded: only what rewrite says the rules touch may
come back with other than the recorded bytes.

usage: rewrite-corpus.py SAN_DIR PLAIN_DIR [NAME...]
"""
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

from lib.replay import PATIENCE, Replay

TOP = pathlib.Path(__file__).resolve().parents[2]
CORPUS = pathlib.Path(os.environ.get("CORPUS", TOP / "../shared/corpus"))
RULES = TOP / "etc/rules.conf"
SUFFIX = ".expected.tsv"


def captures_of(expected):
    name = expected.name[: -len(SUFFIX)]
    if name.endswith(".parts"):
        return sorted(p for p in
                      expected.parent.glob(name[: -len("parts")] + "part[0-9]*")
                      if not p.name.endswith(".tsv"))
    return [expected.with_name(name)]


def run(*command):
    done = subprocess.run([*map(str, command)], capture_output=True, text=True,
                          errors="replace", timeout=4 * PATIENCE)
    if done.returncode < 0 or "Sanitizer" in done.stderr:
        raise RuntimeError(f"{command[0]}: {done.stderr[-2000:]}")
    return done.stdout


def touched_of(program, paths):
    """The numbers of the exchanges of which rewrite shows a difference."""
    said = run(program, "--rules", RULES, *paths)
    return {int(n) for n in re.findall(r"^#(\d+) ", said, re.M)}


def check(directory, expected):
    paths = captures_of(expected)
    listed = run(directory / "replay", "--list", "--no-digest", *paths)
    complete = {int(line.split("\t")[0]) for line in listed.splitlines()[1:]
                if line.endswith("\tcomplete")}
    if not complete:
        return 0, 0, []
    touched = touched_of(directory / "rewrite", paths)
    with Replay(directory / "replay", paths, "--rules", RULES,
                "--quiet") as replay:
        lines = run(directory / "tools/reask", replay.port,
                    *paths).splitlines()
    if not lines or not lines[-1].endswith("byte for byte"):
        return 1, 0, ["reask did not end"]
    differ = {int(re.match(r"#(\d+)", n)[1]): n for n in lines[:-1]}
    return len(complete), len(touched & complete), [
        line for n, line in differ.items() if n not in touched]


def guarded(directory, expected):
    try:
        return (expected.name, *check(directory, expected))
    except (RuntimeError, OSError, subprocess.SubprocessError) as trouble:
        return expected.name, 1, 0, [str(trouble)]


def main():
    directory = pathlib.Path(sys.argv[1]).resolve()
    only = sys.argv[3:]
    if not CORPUS.is_dir():
        print(f"no corpus at {CORPUS} (set CORPUS): nothing to serve")
        return 77
    failed = False
    for kind in "captures", "torture":
        files = [f for f in sorted((CORPUS / kind).glob("*" + SUFFIX))
                 if not only or any(o in f.name for o in only)]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            results = list(pool.map(lambda f: guarded(directory, f), files))
        for name, _, _, problems in results:
            for problem in problems:
                print(f"{name}: {problem}")
        asked, touched, bad = (sum(column) for column in zip(*(
            (a, t, len(p)) for _, a, t, p in results), (0, 0, 0)))
        print(f"corpus {kind}: {asked} exchanges, {touched} touched by rules, "
              f"{asked - touched - bad} as recorded, {bad} wrong")
        failed |= bad > 0
    return 1 if failed else 0


sys.exit(main())
