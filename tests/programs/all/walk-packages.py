#!/usr/bin/env python3
"""The five minutes of the README from the packages, installed by apt into a
copy of this system that lies over it and is thrown away.

usage: walk-packages.py SAN_DIR PLAIN_DIR     (make deb was run, into PLAIN_DIR)
"""
import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from lib import walk  # noqa: E402

PLAIN = pathlib.Path(sys.argv[2]).resolve()
OVER = """
set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o \
    "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
for part in proc dev sys; do mount --rbind "/$part" "$1/root/$part"; done
mkdir -p "$1/root/walk/tests" "$1/root/walk/packages" "$1/root/walk/here"
cp -r "$2/tests/programs" "$1/root/walk/tests/"
cp "$2/README.md" "$1/root/walk/"
cp "$3"/reenact_*.deb "$1/root/walk/packages/"
exec chroot "$1/root" bash -ec '
    apt-get -qy install /walk/packages/reenact_*.deb > /walk/apt.log 2>&1 ||
        { cat /walk/apt.log; exit 1; }
    [ "$(command -v replay)" = /usr/bin/replay ]
    exec unshare --net --pid --mount --fork --kill-child --mount-proc \
        python3 /walk/tests/programs/lib/walk.py /walk/here \
        "the packages (see Installing)"'
"""


def main():
    if os.geteuid():
        print("needs root, for a system over this one")
        return 77
    with tempfile.TemporaryDirectory() as over:
        return subprocess.run(
            ["unshare", "--mount", "--fork", "bash", "-c", OVER, "-", over,
             walk.TOP, PLAIN], check=False, timeout=2 * walk.LIMIT,
            env={**os.environ, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                 "TMPDIR": "/tmp"}).returncode


sys.exit(main())
