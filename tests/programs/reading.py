#!/usr/bin/env python3
"""Made captures, one for each way in which readers of captures fail (P1 to P8
and P23): the table has to hold the rows that their maker wrote beside them, and
their bytes have to come back. The same again from other kinds of files.

usage: reading.py SAN_DIR PLAIN_DIR [SCENARIO...]
"""
import concurrent.futures
import gzip
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from lib.made import Made, Pcap, scenarios
from lib.replay import PATIENCE, Replay, ask_wire, list_text, rows_of

SCENARIOS = re.compile(
    r"(p0[1-8]|p23)-|drive-by$|lab$|connectivity$")
LARGE = {"nconn": ("--connections", "300"), "lone": ("--connections", "300"),
         "tiny": ("--size", "1M"),
         "pages": ("--size", "3M")}
KEY = ("client", "server", "method", "host", "target")
PARTS = 5
CUTS = 8


def cells(row, columns):
    return "\t".join(row.get(c, "?") for c in columns)


def columns_of(row):
    """What is certain of a row: how many bytes of a body were captured before
    it was cut is not in the truth, nor is what careful readers take
    differently."""
    if row["doubt"]:
        return ("client", "server", "method", "target")
    if row["state"] == "complete":
        return KEY + ("status", "bytes", "sha256", "state")
    return KEY + ("status", "state")


def compare(found, truth):
    problems = [f"{len(found)} rows, should be {len(truth)}"] \
        if len(found) != len(truth) else []
    for no, (got, want) in enumerate(zip(found, truth), 1):
        columns = columns_of(want)
        if cells(got, columns) != cells(want, columns):
            problems.append(f"row {no}: got {cells(got, columns)}, "
                            f"want {cells(want, columns)}")
        if got["no"] != str(no):
            problems.append(f"row {no} is numbered {got['no']}")
    return problems


def other_files(made):
    """(what it is, paths, standard input) of the same recording."""
    data = made.path.read_bytes()
    packed = gzip.compress(data, 1)
    yield "gzip", [made.put("capture.gz", packed)], None
    yield "standard input", ["-"], data
    yield "gzip from standard input", ["-"], packed
    if shutil.which("zstd"):
        squeezed = subprocess.run(["zstd", "-q", "-c", made.path],
                                  capture_output=True, timeout=PATIENCE,
                                  check=True).stdout
        yield "zstd", [made.put("capture.zst", squeezed)], None
        yield "zstd from standard input", ["-"], squeezed
    pcap = Pcap.of(data)
    if not pcap:
        return
    ng = pcap.pcapng()
    yield "pcapng", [made.put("capture.pcapng", ng)], None
    yield "pcapng from standard input", ["-"], ng
    parts = pcap.split(PARTS)
    paths = [made.put(f"part{i}", part) for i, part in enumerate(parts)]
    yield "several files", paths, None
    paths[0] = made.put("part0.gz", gzip.compress(parts[0]))
    paths[-1] = made.put("last.pcapng", Pcap(parts[-1]).pcapng())
    yield "several kinds of files", paths, None
    yield "several files, one from standard input", \
        paths[:1] + ["-"] + paths[2:], parts[1] if len(parts) > 1 else b""


def check_files(replay, made, plain):
    problems, count = [], 0
    for what, paths, given in other_files(made):
        if given == b"":
            continue
        count += 1
        got, _ = list_text(replay, paths, input=given)
        if got != plain:
            problems.append(f"{what}: not the same rows: "
                            f"{set(got.splitlines()) ^ set(plain.splitlines())}")
    return count, problems


def check_cut(replay, made):
    """A file that ends inside a record is worth the records before it."""
    pcap = Pcap.of(made.path.read_bytes())
    if not pcap:
        return 0, []
    total, problems = len(pcap.records), []
    for last in sorted({total * i // CUTS for i in range(CUTS)}):
        record = pcap.records[last]
        whole, _ = list_text(replay, [made.put("whole", pcap.some(0, last))])
        for keep in (len(record) // 2, 7, len(record) - 1):
            cut = made.put("cut", pcap.some(0, last) + record[:keep])
            got, errors = list_text(replay, [cut])
            if got != whole:
                problems.append(f"cut inside record {last}: not the rows "
                                "of what stands before")
            if errors.count("ends inside a record") != 1:
                problems.append(f"cut inside record {last}: {errors!r}")
        rows = rows_of(got)
        for row, want in zip(rows, made.truth):
            certain = columns_of(want) if row["state"] == "complete" else KEY
            if cells(row, certain) != cells(want, certain):
                problems.append(f"cut inside record {last}: {cells(row, KEY)} "
                                "is not as it was recorded")
        if len(rows) > len(made.truth):
            problems.append(f"cut inside record {last}: too many rows")
    return 1, problems


def check_scenario(directory, scenario, work):
    made = Made(directory / "make-capture", scenario, work,
                *LARGE.get(scenario, ()))
    replay = directory / "replay"
    plain, _ = list_text(replay, [made.path])
    problems = compare(rows_of(plain), made.truth)
    with Replay(replay, [made.path]) as serving:
        asked, wrong = ask_wire(serving.port, made.wire,
                                [row["state"] for row in made.truth])
    if asked != len(made.truth):
        wrong.append(f"asked {asked} times, not {len(made.truth)}")
    files, other = check_files(replay, made, plain)
    if scenario not in LARGE and scenario != "p08-bomb":
        more, cut = check_cut(replay, made)
        files += more
        other += cut
    shutil.rmtree(made.directory)
    return len(made.truth), asked, files, problems + wrong + other


def guarded(directory, scenario, work):
    try:
        return (scenario, *check_scenario(directory, scenario, work))
    except (RuntimeError, OSError, subprocess.SubprocessError) as trouble:
        return scenario, 0, 0, 0, [f"{trouble}"]


def check_filters(directory, work):
    """Only the packets that match: the rows of their connections."""
    made = Made(directory / "make-capture", "drive-by", work)
    servers = {tuple(row["server"].rsplit(":", 1)) for row in made.truth}
    problems = []
    wishes = [(f"host {a} and tcp port {p}", lambda r, s=f"{a}:{p}":
               r["server"] == s) for a, p in sorted(servers)]
    wishes += [("port 8080", lambda r: r["server"].endswith(":8080")),
               ("not port 8080", lambda r: not r["server"].endswith(":8080")),
               ("tcp", lambda r: True), ("udp", lambda r: False),
               ("greater 1", lambda r: True), ("", lambda r: True)]
    for expression, wanted in wishes:
        text, _ = list_text(directory / "replay", [made.path],
                            "--filter", expression)
        wrong = compare(rows_of(text), [r for r in made.truth if wanted(r)])
        problems += [f"--filter '{expression}': {w}" for w in wrong]
    for scenario in ("p04-interfaces", "p04-raw", "p04-null", "p04-sll2"):
        made = Made(directory / "make-capture", scenario, work)
        text, _ = list_text(directory / "replay", [made.path],
                            "--filter", "tcp port 80")
        problems += [f"{scenario} --filter: {w}"
                     for w in compare(rows_of(text), [
                         r for r in made.truth if r["server"].endswith(":80")])]
    return problems


def main():
    directory = pathlib.Path(sys.argv[1]).resolve()
    only = sys.argv[3:]
    names = [n for n in scenarios(directory / "make-capture")
             if (n in only if only else SCENARIOS.match(n) or n in LARGE)]
    with tempfile.TemporaryDirectory() as work, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda n: guarded(directory, n, work), names))
    with tempfile.TemporaryDirectory() as work:
        filters = [] if only else check_filters(directory, work)
    for name, *_, problems in results:
        for problem in problems:
            print(f"{name}: {problem}")
    for problem in filters:
        print(problem)
    if not shutil.which("zstd"):
        print("no zstd program here: nothing was tried from zstd files")
    rows, asked, files = (sum(r[i] for r in results) for i in (1, 2, 3))
    print(f"{len(results)} made captures: {rows} rows, {asked} exchanges "
          f"asked for, {files} times the same from other files")
    return 1 if filters or not rows or any(r[4] for r in results) else 0


sys.exit(main())
