"""The volume that a machine and the lab share: a USB stick with one FAT file
system, made before the visit and taken apart after it.

What comes out of it was written by a client that may have been taken over, so
it is read by mtools inside the client's own sandbox, one file at a time and
through a pipe: no name that stands in the volume is ever a name here, and no
length that it claims is believed.
"""
import dataclasses
import hashlib
import os
import pathlib
import stat
import subprocess
import time

from hostile import output
from keeping import create
from visit import LabError

HERE = pathlib.Path(__file__).resolve().parent
IMAGE = "share.img"  # in the client's home
LABEL = "SHARE"
SECTOR = 512
START = 2048         # the partition's first sector, as Windows lays it out
ROOM = 64 << 20      # beside what is brought in
CLUSTER = 32 << 10   # the largest that mformat takes
FILE_MAX = (4 << 30) - 1    # of FAT
VOLUME_MAX = 32 << 30       # that Windows would format as FAT32
NAMES = 4096         # files and directories that are brought in
NAMES_OUT = 1000     # that the listing may have
PATH_OUT = 260       # bytes of a path, as Windows has it
BYTES_OUT = 4 << 30
SECONDS_OUT = 300
AT_ONCE = 256        # paths on one command line
ENV = {"LC_ALL": "C.UTF-8", "MTOOLS_SKIP_CHECK": "1", "MTOOLSRC": "/dev/null"}


@dataclasses.dataclass
class Tree:
    """What is brought in: for each directory, by its path in the volume, the
    files that go there."""
    directories: dict
    bytes: int = 0
    names: int = 0


def regular(path):
    """The size of a file that is one, else None."""
    found = os.lstat(path)
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def walk(top, say):
    """Symbolic links lead out of the directory, devices have no end: both
    stay behind."""
    tree = Tree({})
    for here, directories, files in os.walk(top, onerror=fail):
        inside = os.path.relpath(here, top)
        chosen = tree.directories["" if inside == "." else inside] = []
        for name in sorted(files):
            path = os.path.join(here, name)
            size = regular(path)
            if size is None:
                say(f"share: left out, no regular file: {path!a}")
                continue
            if size > FILE_MAX:
                raise LabError(f"{path}: too large for a FAT volume")
            tree.bytes += -(-size // CLUSTER) * CLUSTER
            chosen.append(path)
        tree.names += len(directories) + len(files)
        if tree.names > NAMES:
            raise LabError(f"{top}: more than {NAMES} files to share")
    return tree


def fail(error):
    raise LabError(f"{error.filename}: {error.strerror}")


def partition_table(sectors):
    """One active FAT32 partition, in the addressing that all systems since
    Windows 95 understand (type 0x0c); its old-style ends mean "see there"."""
    entry = bytes([0x80, 0xfe, 0xff, 0xff, 0x0c, 0xfe, 0xff, 0xff])
    entry += START.to_bytes(4, "little") + sectors.to_bytes(4, "little")
    return bytes(446) + entry + bytes(48) + b"\x55\xaa"


def mtools(program, image, *arguments):
    done = subprocess.run(
        [program, "-i", volume(image), *arguments], env=os.environ | ENV,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, errors="replace", timeout=600)
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"{program} failed"]
        raise LabError(f"share: {said[-1]}")


def volume(image):
    return f"{image}@@{START * SECTOR}"


def copy_in(image, tree, more):
    """more: paths of files for the top, by their names there, which go
    before those of the tree."""
    for directory in sorted(tree.directories):
        if directory:
            mtools("mmd", image, "-D", "A", f"::/{directory}")
    for directory, paths in tree.directories.items():
        for at in range(0, len(paths), AT_ONCE):
            mtools("mcopy", image, "-Q", "-D", "A", *paths[at:at + AT_ONCE],
                   f"::/{directory}")
    for name, path in more.items():
        mtools("mcopy", image, "-D", "o", path, f"::/{name}")


def url_files(keep, url):
    """The address for those who sit before the machine, or for a script in
    it: a line of text, and what Windows opens by a double click."""
    texts = {"url.txt": f"{url}\r\n",
             "visit.url": f"[InternetShortcut]\r\nURL={url}\r\n"}
    for name, text in texts.items():
        with create(keep / name) as out:
            out.write(text.encode())
    return {name: keep / name for name in texts}


def authority_files(certificate):
    """The lab's certificate, and what makes a machine trust it."""
    scripts = ("authority.cmd", "authority.sh")
    return {"authority.crt": certificate,
            **{name: HERE / name for name in scripts}}


def fill(v):
    """Makes the volume in the client's home, before anything of the client
    has run. Its name there."""
    tree = walk(v.share, v.say) if v.share else Tree({})
    size = ROOM + tree.bytes + tree.bytes // 50
    if size > VOLUME_MAX:
        raise LabError(f"{v.share}: too much to share ({tree.bytes} bytes)")
    sectors = size // SECTOR
    image = v.home / IMAGE
    with create(image) as out:
        out.write(partition_table(sectors))
        out.truncate((START + sectors) * SECTOR)
        owner = os.stat(v.home)
        os.fchown(out.fileno(), owner.st_uid, owner.st_gid)
    mtools("mformat", image, "-F", "-v", LABEL, "-T", str(sectors),
           "-h", "255", "-s", "63", "-H", str(START), "::")
    copy_in(image, tree, (url_files(v.keep, v.url) if v.url else {})
            | (authority_files(v.ca) if v.ca else {}))
    return IMAGE


def pattern(path):
    """The path for mtools, whose arguments are patterns."""
    return "::" + "".join("\\" + c if c in "\\[]*?" else c for c in path)


def paths_in(sandbox, image, until):
    """The paths of the volume's files, and whether there were more. A volume
    may hold a directory that is in itself: its listing has no end."""
    listed = b""
    for piece in output(sandbox, ["mdir", "-i", volume(image), "-/", "-b",
                                  "::"], until, env=ENV):
        listed += piece
        if listed.count(b"\n") > NAMES_OUT:
            break
    lines = listed.split(b"\n")[:-1]
    paths = [line[2:].decode(errors="surrogateescape")
             for line in lines[:NAMES_OUT] if line.startswith(b"::/")
             and not line.endswith(b"/") and len(line) <= PATH_OUT]
    return paths, len(lines) > NAMES_OUT


def safe_name(path, taken):
    """A name for a file of the volume: no directories, nothing that a shell
    or a terminal would take for more than a letter, none given before."""
    name = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "_"
                   for c in path.strip("/"))
    name = name.lstrip(".-")[-200:] or "_"
    free, number = name, 1
    while free.lower() in taken:
        number += 1
        free = f"{number}-{name}"
    taken.add(free.lower())
    return free


def take(sandbox, image, path, to, until, room):
    """One file out of the volume; at most room bytes of it."""
    digest, fact = hashlib.sha256(), {"bytes": 0}
    with create(to) as out:
        try:
            for piece in output(sandbox, ["mcopy", "-i", volume(image),
                                          pattern(path), "-"], until, env=ENV):
                piece = piece[:room - fact["bytes"]]
                digest.update(piece)
                out.write(piece)
                fact["bytes"] += len(piece)
                if fact["bytes"] >= room:
                    fact["error"] = "too much"
                    break
        except LabError as e:
            fact["error"] = str(e)
    return fact | {"sha256": digest.hexdigest()}


def empty(v):
    """Takes all files out of the volume to v.keep/share. A fact of each; of
    the whole, if it cannot be read."""
    until = time.monotonic() + SECONDS_OUT
    image = f"{v.sandbox.home}/{IMAGE}"
    folder = v.keep / "share"
    folder.mkdir(0o700)
    facts, taken, room = [], set(), BYTES_OUT
    try:
        paths, more = paths_in(v.sandbox, image, until)
    except LabError as e:
        return [{"error": str(e)}]
    for path in paths:
        name = safe_name(path, taken)
        fact = take(v.sandbox, image, path, folder / name, until, room)
        room -= fact["bytes"]
        facts.append({"name": path.strip("/"), "file": f"share/{name}"} | fact)
    return facts + ([{"error": f"more than {NAMES_OUT} names"}] if more
                    else [])
