"""Runs the lab as its users do."""
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parents[3]
LAB = TOP / "etc/lab/lab"
PATIENCE = 180
PYTHON = "/usr/bin/python3"  # what a sandbox sees; the tests' own may not be
TMP = pathlib.Path(os.environ.get("TMPDIR", "/tmp"))


def skip(why):
    print(why)
    sys.exit(77)


def need(*programs):
    """Ends the test as skipped where a lab cannot be."""
    missing = [p for p in programs if not shutil.which(p)]
    if missing:
        skip("not installed: " + ", ".join(missing))
    tried = subprocess.run([sys.executable, LAB, "check"],
                           capture_output=True, text=True)
    if tried.returncode:
        skip(tried.stderr.strip().split("\n")[-1])


def make(plain, *arguments):
    """A capture by the generator."""
    path = TMP / f"{arguments[0]}.pcap"
    with open(path, "wb") as out:
        subprocess.run([plain / "make-capture", *arguments], check=True,
                       stdout=out)
    return path


def guest(plain):
    """The disk of the tests' own machine, made once and again when its recipe
    changes, and None; or None, and why there can be none."""
    disk, recipe = plain / "guest/guest.qcow2", TOP / "tests/lab/guest"
    changed = max(path.stat().st_mtime for path in
                  (recipe, recipe.with_name("guest-init")))
    if disk.exists() and disk.stat().st_mtime >= changed:
        return disk, None
    disk.parent.mkdir(exist_ok=True)
    done = subprocess.run([recipe, disk], capture_output=True, text=True,
                          timeout=400)
    said = (done.stderr.strip().splitlines() or [""])[-1]
    if done.returncode == 77:
        return None, f"no guest: {said}"
    if done.returncode:
        raise AssertionError(done.stderr)
    return disk, None


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def wait_for(path):
    end = time.monotonic() + 20
    while not path.exists():
        if time.monotonic() > end:
            raise AssertionError(f"{path} does not come")
        time.sleep(0.05)


def start(plain, *arguments, command="run", **popen):
    popen.setdefault("stdout", subprocess.PIPE)
    popen.setdefault("stderr", subprocess.PIPE)
    extra = [] if command == "again" else ["--programs", plain]
    return subprocess.Popen(
        [sys.executable, LAB, command, *extra, *map(str, arguments)],
        text=True, errors="replace", stdin=subprocess.DEVNULL, **popen)


class Result:
    def __init__(self, process, directory):
        out, self.err = process.communicate(timeout=PATIENCE)
        self.status, self.out = process.returncode, out
        self.lines = out.splitlines()
        self.path = directory
        self.facts = {}
        if directory and (directory / "run.json").exists():
            self.facts = json.loads((directory / "run.json").read_text())

    def rows(self):
        """Of compare.tsv, without its last line."""
        lines = (self.path / "compare.tsv").read_text().splitlines()
        names = lines[0].split("\t")
        return [dict(zip(names, line.split("\t"))) for line in lines[1:-1]]

    def text(self, name):
        return (self.path / name).read_bytes().decode("utf-8", "replace")


def run(plain, *arguments, status=0, **options):
    """A whole run in a directory of its own."""
    directory = TMP / f"run-{time.monotonic_ns()}"
    result = Result(start(plain, "--output", directory, *arguments,
                          **options), directory)
    if result.status != status:
        raise AssertionError(f"exit status {result.status}, want {status}: "
                             f"{result.err[-3000:]}")
    return result
