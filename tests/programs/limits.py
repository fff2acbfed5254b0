#!/usr/bin/env python3
"""The table of limits in the README says what the sources say.

usage: limits.py SAN_DIR PLAIN_DIR
"""
import pathlib
import re
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "s": 1, "": 1}


def table():
    text = (TOP / "README.md").read_text(encoding="utf-8")
    text = text.split("### What hostile input may take")[1].split("\n#")[0]
    for row in re.findall(r"^\| (.*) \|$", text, re.M):
        what, limit, name, *_ = [cell.strip() for cell in row.split("|")]
        found = re.fullmatch(r"`(\w+)` (\w+\.[ch])", name)
        if found:
            yield what, limit, *found.groups()


def number(limit):
    value, unit = re.fullmatch(r"([\d,]+) ?(\w*)", limit).groups()
    return int(value.replace(",", "")) * UNITS[unit]


def defined(name, file):
    """What the source has; of the file of that name which defines it."""
    for path in [*TOP.glob(f"replay/*/{file}"), *TOP.glob(f"rewrite/{file}")]:
        text = path.read_text()
        found = re.search(rf"^#define {name}\s*(?:\\\n)?\s*(.*?)\s*(/\*.*)?$",
                          text, re.M)
        if found:
            value = re.sub(r"\(\(?(size_t|u?int\d+_t)\)|U?INT\d+_C", "(",
                           found[1])
            value = re.sub(r"(?<=\d)U?L*\b", "", value)
            value += ")" * (value.count("(") - value.count(")"))
            return eval(value, {})  # our own source
    raise AssertionError(f"{name} is not defined in {file}")


def main():
    rows, wrong = list(table()), 0
    for what, limit, name, file in rows:
        value, want = defined(name, file), number(limit)
        if name == "HEAP_LIMIT":  # PCRE2 counts in KiB
            value *= 1 << 10
        if value != want:
            print(f"{what}: the README has {want}, {file} {value}")
            wrong += 1
    print(f"{len(rows)} limits")
    return 1 if wrong or len(rows) < 30 else 0


sys.exit(main())
