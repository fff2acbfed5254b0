#!/usr/bin/env python3
"""The Debian packages: the same bytes when built in another place, at another
time, in another language and zone and by another umask; lintian finds nothing,
down to pedantic.

usage: deb.py SAN_DIR PLAIN_DIR     (make deb was run before, into PLAIN_DIR)
"""
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[3]
PLAIN = pathlib.Path(sys.argv[2]).resolve()
WORK = pathlib.Path(os.environ.get("TMPDIR", "/tmp")).resolve() / "deb"
NEEDED = "git", "faketime", "dpkg-buildpackage", "lintian"
FAULTS = "error,warning,info,pedantic"


def run(*command, **more):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, check=False, **more)
    if done.returncode:
        raise AssertionError(f"{command}: {done.stdout[-8000:]}")
    return done.stdout


def copy_tree():
    """What git knows, somewhere else."""
    place = WORK / "some-where/else"
    place.mkdir(parents=True)
    names = run("git", "-C", TOP, "ls-files", "-z").split("\0")[:-1]
    for name in names:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(TOP / name, place / name)
    run("git", "-C", place, "init", "-q")
    run("git", "-C", place, "add", "-A")
    return place


def build(place):
    env = {k: v for k, v in os.environ.items() if not k.startswith("MAKE")}
    env.update(TZ="Asia/Tokyo", LC_ALL="C.UTF-8", LANG="C.UTF-8")
    run("faketime", "2031-05-06 07:08:09", "make", "deb", cwd=place, env=env,
        preexec_fn=lambda: os.umask(0o002))


def packages(directory):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest()
            for p in directory.glob("reenact*.deb")}


def main():
    missing = [p for p in NEEDED if not shutil.which(p)]
    if missing:
        print("not installed: " + " ".join(missing))
        return 77
    place = copy_tree()
    build(place)
    here, there = packages(PLAIN), packages(place / "build")
    for name, digest in sorted(there.items()):
        print(f"{digest}  {name}")
    if here != there or len(here) < 2:
        print(f"not the same bytes: {sorted(here.items())}")
        return 1
    changes = next((PLAIN / "deb").glob("*.changes"))
    print(run("lintian", "--allow-root", "--pedantic", "--info",
              f"--fail-on={FAULTS}", changes), end="")
    return 0


sys.exit(main())
