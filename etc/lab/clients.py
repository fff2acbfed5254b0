"""Reads clients.conf: the kinds of clients that a lab can start."""
import configparser
import pathlib
import re
import shlex

from visit import Kind, LabError

FILE = pathlib.Path(__file__).resolve().parent / "clients.conf"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
CLOCKS = "recorded", "now"

# What each sort of client must have, and what it may have beside client,
# options and clock.
SORTS = {
    "chromium": ((), ("program",)),
    "firefox": ((), ("program",)),
    "program": (("program",), ()),
    "machine": (("image",), ()),
}
COMMON = "client", "options", "clock"


def parse(path: pathlib.Path) -> configparser.ConfigParser:
    found = configparser.ConfigParser(
        interpolation=None, strict=True, default_section="",
        delimiters=("=",), comment_prefixes=("#",))
    try:
        with open(path, encoding="utf-8") as lines:
            found.read_file(lines, str(path))
    except OSError as error:
        raise LabError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise LabError(f"{path}: is not UTF-8") from None
    except configparser.MissingSectionHeaderError as error:
        raise LabError(f"{path}:{error.lineno}: a key before the first "
                       "section") from None
    except configparser.ParsingError as error:
        raise LabError(f"{path}:{error.errors[0][0]}: neither a section nor "
                       "a key with a value") from None
    except (configparser.DuplicateSectionError,
            configparser.DuplicateOptionError) as error:
        what = getattr(error, "option", error.section)
        raise LabError(f"{path}:{error.lineno}: {what} is there already"
                       ) from None
    return found


def kind(path, name: str, keys) -> Kind:
    def wrong(what):
        return LabError(f"{path}:{name}: {what}")

    if not NAME.fullmatch(name):
        raise wrong("a name has lower case letters, digits and '-' alone")
    sort = keys.get("client")
    if sort not in SORTS:
        raise wrong(f"client must be one of {', '.join(SORTS)}")
    must, may = SORTS[sort]
    for key, value in keys.items():
        if key not in (*COMMON, *must, *may):
            raise wrong(f"{key} means nothing to a {sort}")
        if key != "options" and not value:
            raise wrong(f"{key} is empty")
    for key in must:
        if key not in keys:
            raise wrong(f"a {sort} needs {key}")
    clock = keys.get("clock", "recorded")
    if clock not in CLOCKS:
        raise wrong(f"clock must be one of {', '.join(CLOCKS)}")
    try:
        options = shlex.split(keys.get("options", ""))
    except ValueError as error:
        raise wrong(f"options: {str(error).lower()}") from None
    return Kind(name, sort, keys.get("program", ""), keys.get("image", ""),
                options, clock)


def read(path: pathlib.Path = FILE):
    """Yields the kinds in the file's order."""
    found = parse(path)
    for name in found.sections():
        yield kind(path, name, found[name])


def find(name: str, path: pathlib.Path = FILE) -> Kind:
    kinds = {k.name: k for k in read(path)}
    if name not in kinds:
        raise LabError(f"{path}: no client {name}, only {', '.join(kinds)}")
    return kinds[name]
