#!/usr/bin/env python3
"""The table as JSON lines holds what the tab-separated one does, and whatever
bytes a capture holds, both stay what their readers take them for.

usage: list-json.py SAN_DIR PLAIN_DIR     (CORPUS: a folder of real captures)
"""
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

from lib.made import Made, scenarios
from lib.replay import list_text, rows_of

TOP = pathlib.Path(__file__).resolve().parents[2]
CORPUS = pathlib.Path(os.environ.get("CORPUS", TOP / "../shared/corpus"))
SCENARIOS = re.compile(r"p0[1-8]-|p1[1-7]-|p2[03]-|drive-by$")
TEXTS = {"time", "client", "server", "scheme", "method", "host", "target",
         "sha256", "state", "version"}
MORE = {"answer_time", "end_time", "reason", "request_fields",
        "response_fields", "stream_id", "pushed", "trailer_fields"}
NOT_PLAIN = re.compile(rb"[^\t\n -~]")


def unique(pairs):
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError("a name twice in one object")
    return dict(pairs)


def refuse(word):
    raise ValueError(f"{word} is no JSON")


def objects_of(text):
    """Each line has to be an object by itself, in ASCII."""
    if text and not text.endswith("\n"):
        raise ValueError("the last line has no end")
    return [json.loads(line, object_pairs_hook=unique, parse_constant=refuse)
            for line in text.split("\n")[:-1]]


def escaped(data):
    return "".join(chr(c) if 0x20 <= c <= 0x7E else f"\\x{c:02X}"
                   for c in data)


def same(cell, value):
    """A cell of the table against JSON's value. What is no UTF-8 has come as
    one character a byte."""
    if value is None or value == "":
        return cell == "-"
    if isinstance(value, int):
        return cell == str(value)
    ways = [escaped(value.encode())]
    if all(ord(c) < 0x100 for c in value):
        ways.append(escaped(value.encode("latin-1")))
    return cell in ways


def check_fields(fields):
    return fields is None or all(
        set(f) == {"name", "value"} and isinstance(f["name"], str)
        and isinstance(f["value"], str) for f in fields)


def check_object(row, o):
    if set(o) != set(row) | MORE:
        return [f"members {sorted(set(o) ^ (set(row) | MORE))}"]
    problems = [f"{name}: {o[name]!r} for {row[name]!r}"
                for name in row if not same(row[name], o[name])]
    problems += [f"{name} is no text" for name in TEXTS
                 if not isinstance(o[name], (str, type(None)))]
    problems += [f"{name}: {o[name]!r}"
                 for name in ("request_fields", "response_fields")
                 if not check_fields(o[name])]
    if not isinstance(o["request_fields"], list):
        problems.append("no request fields")
    if o["status"] is None and o["response_fields"] is not None:
        problems.append("fields of no response")
    return problems


def compare(replay, paths):
    """The objects, and what is wrong with them or with the table."""
    table, _ = list_text(replay, paths)
    lines, _ = list_text(replay, paths, "--format", "json")
    problems = [f"{what}: the byte {byte[0]!r} in it"
                for what, text in (("tsv", table), ("json", lines))
                if (byte := NOT_PLAIN.search(text.encode("latin-1")))]
    if "\t" in lines:
        problems.append("json: a tab in it")
    rows = rows_of(table)
    widths = {line.count("\t") for line in table.split("\n")[:-1]}
    if widths != {13}:
        problems.append(f"tsv: lines of {widths} tabs")
    try:
        objects = objects_of(lines)
    except ValueError as trouble:
        return [], problems + [f"json: {trouble}"]
    if len(rows) != len(objects):
        problems.append(f"{len(objects)} objects for {len(rows)} rows")
    for no, (row, o) in enumerate(zip(rows, objects), 1):
        problems += [f"row {no}: {p}" for p in check_object(row, o)]
    return objects, problems


def fields_of(message):
    """Of a head without folding or other oddities."""
    lines = message.split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
    return [dict(zip(("name", "value"), line.split(": ", 1)))
            for line in lines]


def check_wire(made, objects):
    """The fields of a well-formed recording are those on the wire."""
    problems = []
    for no, o in enumerate(objects, 1):
        for kind in ("request", "response"):
            wire = made.wire / f"{no:02}.{kind}"
            want = fields_of(wire.read_bytes()) if wire.exists() else None
            if o[kind + "_fields"] != want:
                problems.append(f"{wire.name}: {o[kind + '_fields']}, "
                                f"should be {want}")
    return problems


def check_scenario(directory, scenario, work):
    made = Made(directory / "make-capture", scenario, work)
    objects, problems = compare(directory / "replay", [made.path])
    if len(objects) != len(made.truth):
        problems.append(f"{len(objects)} objects for {len(made.truth)}")
    if scenario == "drive-by":
        problems += check_wire(made, objects)
    return scenario, len(objects), problems


def check_corpus(directory, path):
    objects, problems = compare(directory / "replay", [path])
    return path.name, len(objects), problems


def check_no_digest(directory, work):
    """--no-digest leaves sha256 out, and changes nothing else."""
    made = Made(directory / "make-capture", "blob", work)
    table, _ = list_text(directory / "replay", [made.path])
    bare, _ = list_text(directory / "replay", [made.path], "--no-digest")
    lines, _ = list_text(directory / "replay", [made.path], "--no-digest",
                         "--format=json")
    problems = []
    if rows_of(bare) != [r | {"sha256": "-"} for r in rows_of(table)]:
        problems.append("the table is another")
    if any(o["sha256"] is not None for o in objects_of(lines)):
        problems.append("a digest in JSON")
    return "--no-digest", len(rows_of(bare)), problems


def guarded(check, directory, thing, *more):
    try:
        return check(directory, thing, *more)
    except (RuntimeError, OSError, subprocess.SubprocessError) as trouble:
        return str(thing), 0, [str(trouble)]


def corpus_files():
    return [p for kind in ("captures", "torture")
            for p in sorted((CORPUS / kind).iterdir())
            if re.search(r"cap(ng)?(\.gz|\.zst)?$", p.name)]


def main():
    directory = pathlib.Path(sys.argv[1]).resolve()
    names = [n for n in scenarios(directory / "make-capture")
             if SCENARIOS.match(n)]
    with tempfile.TemporaryDirectory() as work, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda n: guarded(
            check_scenario, directory, n, work), names))
        results.append(guarded(check_no_digest, directory, work))
        made = sum(r[1] for r in results)
        if CORPUS.is_dir():
            results += pool.map(lambda p: guarded(check_corpus, directory, p),
                                corpus_files())
        else:
            print(f"no corpus at {CORPUS} (set CORPUS): made captures only")
    for name, _, problems in results:
        for problem in problems:
            print(f"{name}: {problem}")
    print(f"{len(results)} captures: {sum(r[1] for r in results)} exchanges "
          "the same in both formats")
    return 1 if not made or any(r[2] for r in results) else 0


sys.exit(main())
