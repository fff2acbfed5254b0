#!/usr/bin/env python3
"""Each fuzz target for some seconds, from its seeds alone: that it still runs,
and still reaches what it is for. Looking for faults is make fuzz.

usage: fuzz.py SAN_DIR PLAIN_DIR    (make check-all built PLAIN_DIR/fuzz/run)
"""
import os
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[3]
FUZZ = pathlib.Path(sys.argv[2]).resolve() / "fuzz"
WORK = pathlib.Path(os.environ.get("TMPDIR", "/tmp")).resolve() / "fuzz"
SECONDS = 5
EDGES = 100  # fewer seen: it gives up before its surface


def seeds(name):
    return len(list((TOP / "tests/fuzz/seeds" / name).iterdir()))


def prepare():
    """A folder without the corpora of earlier runs, whose reading takes
    minutes. What is found goes where make fuzz puts it."""
    WORK.mkdir()
    (FUZZ / "found").mkdir(parents=True, exist_ok=True)
    for name in "run", "found":
        (WORK / name).symlink_to(FUZZ / name)


def look_at(name, told):
    """What is wrong with a target; "": nothing."""
    log = (WORK / f"{name}.log").read_text(errors="replace")
    ran = re.search(rf"^passed  {name}: (\d+) runs ", told, re.M)
    edges = re.findall(r"^#\d+\s+DONE\s+cov: (\d+) ", log, re.M)
    if not ran or not edges:
        return "does not run"
    print(f"{name}: {ran[1]} runs, {edges[-1]} edges")
    if int(ran[1]) <= seeds(name):
        return f"only {ran[1]} runs of {seeds(name)} seeds"
    return "" if int(edges[-1]) >= EDGES else f"only {edges[-1]} edges"


def main():
    prepare()
    # where targets spool is up to them: memory
    env = {k: v for k, v in os.environ.items() if k != "TMPDIR"}
    names = sorted(p.stem for p in (TOP / "tests/fuzz").glob("*.c"))
    done = subprocess.run(
        [TOP / "tests/fuzz/run", WORK], stdout=subprocess.PIPE, text=True,
        stderr=subprocess.STDOUT, check=False, timeout=560,
        env={**env, "FUZZ_SECONDS": str(SECONDS), "FUZZ_JOBS": "2"})
    wrong = {name: fault for name in names
             if (fault := look_at(name, done.stdout))}
    for name, fault in wrong.items():
        print(f"WRONG: {name} {fault}")
    if done.returncode or wrong:
        print(done.stdout[-20000:])
        return 1
    return 0 if len(names) > 15 else 1


sys.exit(main())
