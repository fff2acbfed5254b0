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
import socket
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
CORPUS = pathlib.Path(os.environ.get("CORPUS", TOP / "../shared/corpus"))
SUFFIX = ".expected.tsv"
PATIENCE = 60  # seconds


class Replay:
    """A replay of captures on a free port of loopback."""

    def __init__(self, program, paths):
        self.process = subprocess.Popen(
            [program, "--listen", "127.0.0.1:0", *map(str, paths)],
            stderr=subprocess.PIPE, text=True, errors="replace")
        said = []
        for line in self.process.stderr:
            said.append(line)
            ready = re.search(r"serving .* ports? (\d+)", line)
            if ready:
                self.port = int(ready[1])
                return
        raise RuntimeError("not serving: " + "".join(said)[-1000:])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            errors = self.process.communicate(timeout=PATIENCE)[1]
        finally:
            self.process.kill()
        if self.process.returncode:
            raise RuntimeError(f"exit status {self.process.returncode}: "
                               + errors[-2000:])


def ask(port, request):
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as s:
        s.sendall(request)
        s.shutdown(socket.SHUT_WR)
        answer = b""
        while part := s.recv(1 << 16):
            answer += part
        return answer


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
    problems, asked = [], 0
    with Replay(directory / "replay", captures_of(expected)) as replay:
        for request in sorted(wire.glob("*.request")):
            want = request.with_suffix(".response").read_bytes()
            asked += 1
            try:
                got = ask(replay.port, request.read_bytes())
            except OSError as trouble:
                got = str(trouble).encode()
            if got != want:
                problems.append(f"{request.name}: got {got[:80]!r} "
                                f"({len(got)}), want {want[:80]!r} "
                                f"({len(want)})")
    return asked, problems


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
