#!/usr/bin/env python3
"""What the manual pages say of the lab, typed as it stands there: each visit
ends with the line that says how much came back.

usage: lab-pages.py SAN_DIR PLAIN_DIR     (root)
"""
import os
import pathlib
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TOP / "tests/programs/lib"))
import pages  # noqa: E402

PLAIN = pathlib.Path(sys.argv[2]).resolve()
WORK = pathlib.Path(os.environ.get("TMPDIR", "/tmp")).resolve()
PATIENCE = 170  # seconds a visit


def shell(command):
    return subprocess.run(
        ["bash", "-c", command], cwd=WORK, stdout=subprocess.PIPE, text=True,
        timeout=PATIENCE, check=False, stdin=subprocess.DEVNULL,
        env={**os.environ, "PATH": f"{WORK}/bin:{PLAIN}:{os.environ['PATH']}"})


def main():
    (WORK / "bin").mkdir()
    (WORK / "bin/reenact-lab").symlink_to(TOP / "etc/lab/lab")
    able = shell("reenact-lab check")
    if able.returncode:
        print(able.stdout or "the lab cannot run here")
        return 77
    with open(WORK / "drive-by.pcap", "wb") as out:
        subprocess.run([PLAIN / "make-capture", "drive-by"], stdout=out,
                       check=True)
    commands = [command for page in pages.PAGES
                for kind, block in pages.blocks(page)
                if kind.startswith("lab:")
                for command, _ in pages.commands(block)]
    wrong = 0
    for command in dict.fromkeys(commands):
        done = shell(command)
        last = done.stdout.splitlines()[-1:] or [""]
        print(f"# {command}{last[0]}")
        if done.returncode or not last[0].startswith("reproduced: "):
            wrong += 1
    return 1 if wrong or len(commands) < 4 else 0


sys.exit(main())
