#!/usr/bin/env python3
"""Holds `replay --list` against the corpus: real captures with the rows that two
independent readers agree on, and made ones whose truth is known.

usage: corpus-list.py SAN_DIR PLAIN_DIR [NAME...]
"""
import collections
import concurrent.futures
import csv
import os
import pathlib
import subprocess
import sys

from lib.replay import list_text, rows_of

TOP = pathlib.Path(__file__).resolve().parents[2]
CORPUS = pathlib.Path(os.environ.get("CORPUS", TOP / "../shared/corpus"))
KEY = ("client", "server", "method", "host", "target")
SUFFIX = ".expected.tsv"
CLEAR_H2 = {"suricata-verify__http2-continuation__input.pcap",
            "suricata-verify__http2-errorcode__input.pcap",
            "suricata-verify__http2-keywords2__input.pcap",
            "suricata-verify__http2_multiple_headers.pcap"}
# Of one body, 185 bytes in gzip, the other reader made 404: it put the 219
# decoded ones behind them.
MENDED = {("bugertor.com", "/watchdog/watchdog.exe", "404"):
          ("185", "b52a043b05d3199c7a2fe25a0d85fb7f"
                  "27db1e8218fde72bfc5a3476e0099e25")}


def keylogs_of(paths):
    """The options that open the TLS in captures, where its secrets are known."""
    logs = [p.with_name(p.name + ".keys") for p in paths]
    return [word for log in logs if log.exists()
            for word in ("--keylog", str(log))]


def listing(replay, paths):
    return rows_of(list_text(replay, paths, *keylogs_of(paths))[0])


def text(row, columns):
    return "\t".join(row.get(c, "?") for c in columns)


def compare_real(found, expected):
    """Every certain row has to be there; what else is listed may be right."""
    columns = KEY + ("status", "bytes", "sha256", "state")
    for row in expected:
        row["bytes"], row["sha256"] = MENDED.get(
            (row["host"], row["target"], row["bytes"]),
            (row["bytes"], row["sha256"]))
    have = collections.Counter(text(r, columns) for r in found)
    wanted = [text(r, columns) for r in expected
              if r["state"] == "complete" and not r["doubt"]]
    missing = list((collections.Counter(wanted) - have).elements())
    return len(wanted), [f"missing: {m}" for m in missing]


def compare_made(found, expected):
    """Rows in their order; nothing that is not there."""
    problems, certain = [], 0
    pool = list(found)
    last = -1
    for row in expected:
        columns = KEY + ("status", "state")
        if row["state"] == "complete":
            columns += ("bytes", "sha256")
        if row["doubt"]:
            columns = KEY
        certain += not row["doubt"]
        hit = next((r for r in pool if text(r, columns) == text(row, columns)),
                   None)
        if hit is None:
            if not row["doubt"]:
                problems.append(f"missing: {text(row, columns)}")
            continue
        pool.remove(hit)
        if int(hit["no"]) < last and not row["doubt"]:
            problems.append(f"out of order: {text(row, columns)}")
        last = max(last, int(hit["no"]))
    problems += ["not there: " + text(r, KEY + ("status", "bytes", "state"))
                 for r in pool]
    return certain, problems


def parts_of(expected):
    name = expected.name[: -len(SUFFIX)]
    if name.endswith(".parts"):
        return sorted(expected.parent.glob(name[: -len("parts")] + "part[0-9]*"))
    return [expected.with_name(name)]


def later_captures():
    """TLS without its secrets is for no day. HTTP/2 in clear is read."""
    with open(CORPUS / "sources.tsv", encoding="utf-8") as f:
        return {row["file"] for row in csv.DictReader(f, delimiter="	")
                if "tls-or-h2" in (row["holds"] or "")
                and row["file"] not in CLEAR_H2
                and not keylogs_of([CORPUS / "captures" / row["file"]])}


def check(replay, expected, compare):
    paths = [p for p in parts_of(expected) if not p.name.endswith(".tsv")]
    want = rows_of(expected.read_text(encoding="latin-1"))
    try:
        return (expected.name, *compare(listing(replay, paths), want))
    except (RuntimeError, subprocess.TimeoutExpired) as trouble:
        return expected.name, len(want), [str(trouble)]


def main():
    replay = pathlib.Path(sys.argv[1]) / "replay"
    only = sys.argv[3:]
    if not CORPUS.is_dir():
        print(f"no corpus at {CORPUS} (set CORPUS): nothing to compare with")
        return 77
    later = later_captures()
    failed = False
    for kind, compare in (("captures", compare_real), ("torture", compare_made)):
        files = [f for f in sorted((CORPUS / kind).glob("*" + SUFFIX))
                 if f.name[: -len(SUFFIX)] not in later
                 and (not only or any(o in f.name for o in only))]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            results = list(pool.map(lambda f: check(replay, f, compare), files))
        rows = sum(r[1] for r in results)
        bad = sum(len(r[2]) for r in results)
        for name, _, problems in results:
            for problem in problems:
                print(f"{name}: {problem}")
        share = 100.0 * (rows - bad) / rows if rows else 100.0
        print(f"corpus {kind}: {rows - bad} of {rows} certain rows in "
              f"{len(files)} captures agree ({share:.2f} %)")
        failed |= bad > 0
    return 1 if failed else 0


sys.exit(main())
