#!/usr/bin/env python3
"""Real captures that hold a page: each is visited by a fresh Chromium in the
lab, and what came back is told. The corpus stays where it is.

usage: lab-corpus.py SAN_DIR PLAIN_DIR [NAME...]    (CORPUS: its folder)
"""
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

from lib import lab

TOP = pathlib.Path(__file__).resolve().parents[2]
CORPUS = pathlib.Path(os.environ.get("CORPUS", TOP / "../shared/corpus"))
PLAIN = pathlib.Path(sys.argv[2]).resolve()
LEAST = 3  # exchanges that follow from the first page


def pages():
    """Captures whose first page leads on."""
    found = []
    for path in sorted((CORPUS / "captures").iterdir()):
        if path.suffix in (".tsv", ".keys"):
            continue
        done = subprocess.run(
            [PLAIN / "replay", "--check", "--format", "json", path],
            capture_output=True)
        if done.returncode:
            continue
        value = json.loads(done.stdout)
        if value["first_page"] and value["chain"]["followed"] >= LEAST:
            found.append(path)
    return found


def judge(path, result):
    facts = result.facts["compare"]
    print(f"{path.name}: {result.lines[-1]}")
    for row in result.rows():
        if row["result"] not in ("same", "rewritten"):
            print(f"    {row['no']} {row['method']} {row['host']}"
                  f"{row['target'][:60]}: {row['result']}: "
                  f"{row['detail'][:200]}")
    # Whatever was asked for came back with the recorded bytes; and something
    # was asked for, but of names that the browser knows to be https alone.
    if facts["different"]:
        print(f"{path.name}: {facts['different']} answers differ")
        return False
    upgraded = result.facts["visit"]["upgrades"]["count"]
    return bool(facts["requests"] or upgraded)


if not (CORPUS / "captures").is_dir():
    lab.skip("there is no corpus")
lab.need("chromium")
only = sys.argv[3:]
wanted = [p for p in pages() if not only or any(o in p.name for o in only)]
with concurrent.futures.ThreadPoolExecutor(2) as pool:
    results = pool.map(lambda p: lab.run(PLAIN, "--time", "40", p), wanted)
    failed = [p.name for p, r in zip(wanted, results) if not judge(p, r)]
if failed:
    print("nothing came back, or something else: " + ", ".join(failed))
sys.exit(bool(failed))
