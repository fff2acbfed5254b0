"""The same visit by several clients, one after another, each fresh: what each
asked, side by side."""
import dataclasses
import sys

import artefacts
import keeping
import run
from visit import LabError

DEFAULT = ("chromium", "firefox")


def rows_of(directory):
    """Of a run's compare.tsv, and its last line."""
    lines = (directory / "compare.tsv").read_text().splitlines()
    names = lines[0].split("\t")
    return ([dict(zip(names, line.split("\t"))) for line in lines[1:-1]],
            lines[-1])


def key_of(row):
    """Recorded exchanges are told apart by their number, others by what was
    asked."""
    number = int(row["no"]) if row["no"].isdigit() else 0
    return (not number, number, row["method"], row["host"], row["target"])


def table_of(results):
    """Each line: an exchange, and what came of it with each client."""
    found = {}
    for name, rows in results.items():
        for row in rows:
            found.setdefault(key_of(row), {})[name] = row["result"]
    yield "\t".join(["no", "method", "host", "target", *results])
    for key in sorted(found):
        _, number, method, host, target = key
        yield "\t".join([str(number or "-"), method, host, target]
                        + [found[key].get(name, "-") for name in results])


def start(options, names):
    names = list(dict.fromkeys(names or DEFAULT))
    table = run.table_of(options.clients)
    for name in names:
        if name not in table:
            raise LabError(f"no client {name} in the table")
    base = run.directory_of(options)
    base.mkdir(mode=0o700)
    results, lasts, status = {}, {}, 0
    for name in names:
        one = dataclasses.replace(options, client=name,
                                  output=str(base / name))
        one_status = run.start(one, out=sys.stderr)
        if one_status >= 128:
            return one_status
        if one_status:
            status = 1
            continue
        results[name], lasts[name] = rows_of(base / name)
    lines = list(table_of(results))
    keeping.write(base / "matrix.tsv", ("\n".join(lines) + "\n").encode())
    artefacts.hand_over(base)
    print("\n".join(lines))
    for name, last in lasts.items():
        print(f"{name}: {last}")
    return status
