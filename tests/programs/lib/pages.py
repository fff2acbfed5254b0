"""Manual pages in mdoc: the options that they tell, and their examples as what
a terminal shows."""
import pathlib
import re

TOP = pathlib.Path(__file__).resolve().parents[3]
PAGES = [TOP / name for name in (
    "replay/replay.8", "dnsgen/dnsgen.8", "rewrite/rewrite.1",
    "rewrite/reenact-rules.5", "etc/lab/reenact-lab.8", "etc/reenact.7")]
ESCAPES = {"\\e": "\\", "\\-": "-", "\\&": "", "\\(aq": "'", "\\(ga": "`",
           "\\(ha": "^", "\\(ti": "~"}


def plain(text):
    """Escapes undone. One that is not known here is a mistake."""
    def one(match):
        return ESCAPES[match[0]]
    return re.sub(r"\\(?:\(..|.)", one, text)


def options_of_page(page):
    """{(letter or "", long name, value's name or "")}"""
    found = set()
    for line in page.read_text().splitlines():
        item = re.fullmatch(r"\.It Fl (?:(\w) , Fl )?-([a-z0-9-]+)"
                            r"(?: Ar (\S+))?", line)
        if item:
            found.add((item[1] or "", item[2], item[3] or ""))
        elif line.startswith(".It Fl"):
            raise AssertionError(f"{page}: {line}")
    return found


def options_of_help(text):
    """The same of --help, ours or argparse's."""
    found = set()
    for line in text.splitlines():
        item = re.match(r"  (?:(?:    )|-(\w)(?: \S+)?, )?"
                        r"--([a-z0-9-]+)(?: ([^\s,]+))?(?=  |$|, -)", line)
        if item:
            found.add((item[1] or "", item[2], item[3] or ""))
    return found


def blocks(page):
    """[(kind, text)]: literal blocks under a comment that names their kind:
    "rules", or "example", "walk", "lab" and "service", which a capture
    follows."""
    return [(kind, plain(text)) for kind, text in re.findall(
        r'^\.\\" (rules:|(?:example|walk|lab|service): \S+)\n\.Bd .*\n'
        r"((?:(?!\.Ed).*\n)*)\.Ed$", page.read_text(), re.M)]


def commands(block):
    """[(command, what it prints)] of a block as a terminal shows it."""
    found = []
    for part in re.split(r"^[$#] ", block, flags=re.M)[1:]:
        command = re.match(r"(?:.*[\\|]\n)*.*\n", part)[0]
        found.append((command, part[len(command):]))
    return found
