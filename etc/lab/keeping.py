"""What a visit keeps: files that appear in the run's directory whole, 0600 and
never through a link, and text that a hostile page had a say in."""
import os
import pathlib
import stat

CHUNK = 1 << 20
FLAGS = os.O_NOFOLLOW | os.O_CLOEXEC


def create(path: pathlib.Path):
    """A new file, for its owner alone; an error if there is one already."""
    made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | FLAGS, 0o600)
    return open(made, "wb")


def write(path: pathlib.Path, data: bytes):
    with create(path) as out:
        out.write(data)


def write_in_home(home: pathlib.Path, name: str, data: bytes):
    """A file for the client to read, before anything of it runs: the
    directories on the way are made, and all belongs to the home's owner."""
    owner = os.stat(home)
    place = home
    for part in pathlib.PurePath(name).parts[:-1]:
        place = place / part
        if not place.exists():
            place.mkdir(mode=0o700)
            os.chown(place, owner.st_uid, owner.st_gid)
    write(home / name, data)
    os.chown(home / name, owner.st_uid, owner.st_gid)


def open_regular(name, directory):
    """A descriptor of a regular file in a directory that a hostile user may
    write to; None if it is a pipe, a device or the like. OSError if it cannot
    be opened, as a link."""
    found = os.open(name, os.O_RDONLY | os.O_NONBLOCK | FLAGS,
                    dir_fd=directory)
    if stat.S_ISREG(os.fstat(found).st_mode):
        return found
    os.close(found)
    return None


def open_in_home(home: pathlib.Path, name: str):
    """A descriptor of a regular file that a hostile user may have put there,
    or None: no link is followed on the way, no pipe or device is opened."""
    *parents, last = pathlib.PurePath(name).parts
    place = os.open(home, os.O_RDONLY | os.O_DIRECTORY | FLAGS)
    try:
        for part in parents:
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | FLAGS,
                            dir_fd=place)
            os.close(place)
            place = below
        return open_regular(last, place)
    except OSError:
        return None
    finally:
        os.close(place)


def keep_file(home: pathlib.Path, name: str, path: pathlib.Path, limit: int):
    """Copies a file of the client's home. Says how many bytes there are now,
    and whether more were left; None if there is no such file."""
    found = open_in_home(home, name)
    if found is None:
        return None
    with open(found, "rb") as source, create(path) as out:
        left = limit
        while left and (part := source.read(min(CHUNK, left))):
            left -= out.write(part)
        return {"bytes": limit - left, "cut": bool(source.read(1))}


def clean(text, limit: int) -> str:
    """Text on one line that may be printed anywhere: what is not printable
    stands as an escape, what is too long ends with an ellipsis."""
    text = str(text)
    short = "".join(c if c.isprintable() else ascii(c)[1:-1]
                    for c in text[:limit])
    return short if len(text) <= limit else short + "…"


class Some(list):
    """A list of what a page may make endless: the first so many, and a count
    of all."""

    def __init__(self, most: int):
        super().__init__()
        self.most, self.count = most, 0

    def add(self, item):
        self.count += 1
        if len(self) < self.most:
            self.append(item)
            return item
        return None

    def told(self) -> dict:
        return {"count": self.count, "first": list(self)}
