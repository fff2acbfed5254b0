"""What a run tells people, before the comparison's last line."""

import re

import colour
import keeping

SHOWN = 40      # lines of each kind
LONGEST = 1000  # characters of a line
SAME = "as recorded, byte for byte"
HEADINGS = (("rewritten", "rewritten by the rules"),
            ("different", "came back otherwise"),
            ("not-asked", "not asked for"),
            ("not-recorded", "asked for, and not recorded"))
COLOURS = ((SAME, "good"), ("rewritten by the rules", "place"),
           ("came back otherwise", "bad"), ("not asked for", "doubt"),
           ("asked for, and not recorded", "bad"))


def number(row):
    return f"#{row['no']}" if row.get("no") else "-"


def exchange_lines(rows):
    yield f"  {SAME + ':':30} {count(rows, 'same')}"
    for result, words in HEADINGS:
        own = [r for r in rows if r["result"] == result
               and r.get("by_client_itself")]
        mine = [r for r in rows if r["result"] == result and r not in own]
        if mine:
            yield f"  {words + ':':30} {len(mine)}"
        if result != "rewritten":
            yield from listed(mine)
        if own:
            yield f"  {words + ', the clients’ own:':30} {len(own)}"


def listed(rows):
    for row in rows[:SHOWN]:
        yield (f"    {number(row)} {row['method']} {row['url']}: "
               f"{row['detail']}")
    if len(rows) > SHOWN:
        yield f"    and {len(rows) - SHOWN} more (compare.tsv)"


def count(rows, result):
    return sum(r["result"] == result for r in rows)


def download_lines(facts):
    taken = [d for d in facts.get("downloads", []) if "sha256" in d]
    if taken:
        yield "downloads:"
    for one in taken[:SHOWN]:
        yield f"  {one['name']}  {one['bytes']} bytes  {one['sha256']}"


def browser_lines(visit):
    """What the browser itself says of why something did not come."""
    for one in first_of(visit, "upgrades"):
        yield f"the browser turned to https by itself: {one['url']} " \
              f"({one['why']})"
    for key, words in (("crashes", "pages that crashed"),
                       ("certificate_errors", "certificates refused")):
        found = first_of(visit, key)
        if found:
            yield f"{words}: {len(found)} (run.json)"
    if visit.get("load_error"):
        yield f"the first page did not load: {visit['load_error']}"


def first_of(visit, key):
    """Of a list that a page can make as long as it likes: what was kept."""
    found = visit.get(key, [])
    return (found["first"] if isinstance(found, dict) else found)[:SHOWN]


def lines_of(facts, values, said):
    """values: of compare.jsonl; said: the comparison's own words."""
    yield from exchange_lines([v for v in values
                               if v.get("type") == "exchange"])
    yield from said
    yield from browser_lines(facts.get("visit", {}))
    yield from download_lines(facts)
    if facts.get("packets_lost"):
        yield (f"{facts['packets_lost']} packets of the run were not "
               "captured: the comparison may be short of them")


def coloured(line, out):
    for words, name in COLOURS:
        line = colour.begin(line, f"  {words}", name, out)
    return line


def last_line(line, out):
    """Of the comparison, whose figure says whether all came back."""
    figure = re.match(r"reproduced: (\d+) of (\d+)", line)
    if not figure:
        return line
    return colour.begin(line, figure[0],
                        "good" if figure[1] == figure[2] else "bad", out)


def tell(facts, values, said, out):
    for line in lines_of(facts, values, said):
        print(coloured(keeping.clean(line, LONGEST), out), file=out)
