#!/usr/bin/env python3
"""The bench's rows and its JSON lines tell the same: each line is an object
with part, what, aim and met, and a row says of each aim whether it is met. Its
two shortest parts; what they measure here says nothing.

usage: bench-lines.py SAN_DIR PLAIN_DIR
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
PATIENCE = 300  # seconds
PARTS = ("lookup", "survey")


def run(plain, *options, **more):
    return subprocess.run([TOP / "tests/bench/run", plain, *options],
                          capture_output=True, text=True, timeout=PATIENCE,
                          **more)


def wrong_with(line):
    if not {"part", "what", "aim", "met"} <= line.keys():
        return "a member is missing"
    if line["part"] not in PARTS:
        return "another part"
    if line["met"] not in (True, False, None):
        return "met is no truth"
    if (line["aim"] is None) != (line["met"] is None):
        return "an aim that nobody held against anything"
    aim = re.fullmatch(r"(<=|>=) ([\d.]+)", line["aim"] or "")
    if not aim:
        return line["aim"] and "no such aim"
    less = line["ratio"] <= float(aim[2])
    more = line["ratio"] >= float(aim[2])
    if line["met"] != (less if aim[1] == "<=" else more):
        return "met is not true"
    return None


def check_lines(plain, work):
    path = pathlib.Path(work) / "lines"
    done = run(plain, *(f"--{p}" for p in PARTS), "--quick",
               env={**os.environ, "BENCH_JSON": str(path)})
    if done.returncode or done.stderr:
        yield f"exit status {done.returncode}: {done.stderr}"
    lines = [json.loads(n) for n in path.read_text().splitlines()]
    yield from (f"{w}: {n}" for n in lines if (w := wrong_with(n)))
    for part in PARTS:
        if not any(n["met"] is not None for n in lines if n["part"] == part):
            yield f"{part}: no aim"
    for met, word in ((True, "met"), (False, "MISSED")):
        rows = len(re.findall(rf"aim: .*: {word}$", done.stdout, re.M))
        count = sum(n["met"] is met for n in lines)
        if rows != count:
            yield f"{count} lines, {rows} rows whose aim is {word}"
    met = sum(n["met"] is True for n in lines)
    missed = sum(n["met"] is False for n in lines)
    if not re.search(rf"^{met} aims met, {missed} missed; \d+ s in all$",
                     done.stdout, re.M):
        yield f"the end does not tell of {met} and {missed}: {done.stdout}"


def main():
    if not shutil.which("parallel"):
        print("parallel is not installed")
        return 77
    plain = pathlib.Path(sys.argv[2]).resolve()
    with tempfile.TemporaryDirectory() as work:
        problems = list(check_lines(plain, work))
    if run(plain, "--nothing").returncode != 2:
        problems.append("--nothing is taken for a part")
    print(*problems, sep="\n")
    return 1 if problems else 0


sys.exit(main())
