#!/usr/bin/env python3
"""Prints llvm-cov's summary, the least covered files first.

coverage.py MIN < SUMMARY; exit status 1 if less per cent of the lines are."""
import json
import os
import sys


def main():
    data = json.load(sys.stdin)["data"][0]
    rows = []
    for entry in data["files"]:
        lines = entry["summary"]["lines"]
        functions = entry["summary"]["functions"]
        if lines["count"]:
            rows.append((lines["percent"], lines["covered"], lines["count"],
                         functions["count"] - functions["covered"],
                         os.path.relpath(entry["filename"])))
    print("  % lines  covered / all  functions never reached  file")
    for percent, covered, count, unreached, name in sorted(rows):
        print(f"{percent:9.1f} {covered:8} / {count:<5} {unreached or '':>12}"
              f"             {name}")
    covered = sum(row[1] for row in rows)
    count = sum(row[2] for row in rows)
    percent = 100 * covered / count
    print(f"reading half: {covered} of {count} lines ({percent:.1f} %)")
    return percent < float(sys.argv[1])


sys.exit(main())
