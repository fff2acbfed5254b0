"""A folder of real captures, with what two other readers make of each."""
import csv
import os
import pathlib
import re

TOP = pathlib.Path(__file__).resolve().parents[3]
CORPUS = pathlib.Path(os.environ.get("CORPUS", TOP / "../shared/corpus"))


def missing():
    """Why there is none; None: it is there."""
    return (None if CORPUS.is_dir()
            else f"no corpus at {CORPUS} (set CORPUS)")


def captures_of_corpus():
    return [p for p in sorted((CORPUS / "captures").iterdir())
            if re.search(r"cap(ng)?(\.gz|\.zst)?$", p.name)]


def rows_expected(path):
    expected = path.with_name(path.name + ".expected.tsv")
    if not expected.exists():
        return []
    with open(expected, encoding="latin-1", newline="") as f:
        return list(csv.DictReader(f, delimiter="\t",
                                   quoting=csv.QUOTE_NONE))


def is_certain(path):
    """Two readers agree on all of it, and nothing is missing."""
    rows = rows_expected(path)
    return bool(rows) and all(r["state"] == "complete" and not r["doubt"]
                              for r in rows)


def certain_captures(most):
    """Those that are certain and need no keys; with most exchanges first."""
    paths = [p for p in captures_of_corpus() if is_certain(p)
             and not p.with_name(p.name + ".keys").exists()]
    return sorted(paths, key=lambda p: -len(rows_expected(p)))[:most]
