"""The few colours of what people read, as the programs have them: never the
only carrier of a meaning."""
import os

CODES = {"good": "32", "bad": "31", "doubt": "35", "place": "36"}
WHEN = ("auto", "always", "never")

when = "auto"  # as the user has it


def wanted(out):
    """Whether what goes to a stream is coloured."""
    if when != "auto":
        return when == "always"
    return (out.isatty() and os.environ.get("TERM") != "dumb"
            and not os.environ.get("NO_COLOR"))


def begin(line, head, name, out):
    """The line, its beginning coloured. Nothing of a capture is in head."""
    if not wanted(out) or not line.startswith(head):
        return line
    return f"\x1b[{CODES[name]}m{head}\x1b[m{line[len(head):]}"
