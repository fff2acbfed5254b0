"""The run's directory: what is kept of a run, digests of it, and what an
earlier run left that could not end in order.

Everything in it may be hostile: files are mode 0600, none is executable, and
what a client left is copied without following links.
"""
import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import shutil
import stat
import time

import keeping
from visit import LabError

COPY_MOST = 4 << 30     # bytes taken over from a client, in all
FILES_MOST = 1000
HOME = "home"           # the client's own directory, thrown away at the end
LOCK = ".running"
CHUNK = 1 << 20


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while part := file.read(CHUNK):
            digest.update(part)
    return digest.hexdigest()


def facts_of(path, name=None):
    return {"name": name or str(path), "bytes": os.stat(path).st_size,
            "sha256": sha256(path)}


def owner():
    """Who called sudo: the results are theirs."""
    return (int(os.environ.get("SUDO_UID", os.getuid())),
            int(os.environ.get("SUDO_GID", os.getgid())))


class Directory:
    """One run's. Locked while the run lasts; the lock goes with the process
    however that ends."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        try:
            self.path.mkdir(mode=0o700, parents=True)
        except FileExistsError:
            raise LabError(f"{path}: there already") from None
        except OSError as error:
            raise LabError(f"{path}: {error.strerror}") from None
        # our own descriptor only: a process of the run that outlived us
        # would hold the lock as well
        self.lock = os.open(self.path / LOCK, os.O_RDWR | os.O_CREAT
                            | os.O_CLOEXEC, 0o600)
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        self.home = self.path / HOME
        self.home.mkdir(mode=0o700)
        self.facts = {"state": "running",
                      "started": stamp(time.time())}

    def file(self, name, user=None):
        """A new empty file, which user may write."""
        path = self.path / name
        keeping.create(path).close()
        if user is not None:
            os.chown(path, user, user)
        return path

    def take(self, source, name, ours=()):
        """Copies what a client left under home; see take_tree."""
        return take_tree(self.home / source, self.path / name, ours)

    def save(self):
        text = json.dumps(self.facts, indent=1, ensure_ascii=True)
        new = self.path / "run.json.new"
        with contextlib.suppress(FileNotFoundError):
            new.unlink()
        keeping.write(new, (text + "\n").encode())
        os.replace(new, self.path / "run.json")

    def finish(self, state, keep):
        """The index of what is there, and the end."""
        self.facts["state"] = state
        self.facts["ended"] = stamp(time.time())
        if not keep:
            shutil.rmtree(self.home, ignore_errors=True)
        self.facts["artefacts"] = [
            facts_of(path, str(path.relative_to(self.path)))
            for path in sorted(self.path.rglob("*"))
            if path.is_file() and not path.is_symlink()
            and path.name != LOCK and self.home not in path.parents
            and path.name != "run.json"]
        self.save()
        hand_over(self.path)
        with contextlib.suppress(OSError):
            (self.path / LOCK).unlink()
        os.close(self.lock)


def stamp(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def hand_over(path):
    """Nothing of a run stays root's, and nothing is executable or readable
    to others. Links are not followed; home's owner may still be the
    client's user, if it was kept."""
    user, group = owner()
    for base, directories, files in os.walk(path):
        for name in directories + files:
            with contextlib.suppress(OSError):
                where = os.path.join(base, name)
                os.chown(where, user, group, follow_symlinks=False)
                mode = os.lstat(where).st_mode
                if stat.S_ISREG(mode):
                    os.chmod(where, 0o600)
                elif stat.S_ISDIR(mode):
                    os.chmod(where, 0o700)
    os.chown(path, user, group)


def _copy_file(fd, target, room):
    with keeping.create(target) as out, os.fdopen(fd, "rb") as source:
        while room > 0 and (part := source.read(min(CHUNK, room))):
            out.write(part)
            room -= len(part)
    return room


def plain_name(name):
    """A file name that means nothing to a shell, a terminal or a path."""
    kept = "".join(c if c.isalnum() and c.isascii() or c in "-_.+= " else "_"
                   for c in name)
    return kept.lstrip(".")[:100] or "_"


def _free_name(directory, name):
    for number in range(FILES_MOST + 1):
        path = directory / (f"{number}-{name}" if number else name)
        if not path.exists():
            return path
    raise LabError(f"{directory}: too many files of one name")


def take_tree(source, target, ours=()):
    """Copies the regular files under source, which a client could write to
    all the time, to target, flat: no links followed, no devices opened,
    names made plain. ours: files at its top that the lab put there. Returns
    facts about each; one that had to be left out has the reason in them."""
    try:
        top = os.open(source, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
                      | os.O_CLOEXEC)
    except OSError:
        return []
    taken, room = [], COPY_MOST
    target.mkdir(mode=0o700, exist_ok=True)
    for base, directories, files, fd in os.fwalk(dir_fd=top, top=".",
                                                 follow_symlinks=False):
        directories.sort()
        for name in sorted(set(files) - set(ours if base == "." else ())):
            if len(taken) >= FILES_MOST or room <= 0:
                taken.append({"left_out": "too many files or bytes"})
                os.close(top)
                return taken
            one, room = _take_file(fd, name, target, room)
            one["was"] = os.path.normpath(os.path.join(base, name))
            taken.append(one)
    os.close(top)
    with contextlib.suppress(OSError):
        target.rmdir()  # if nothing came
    return taken


def _take_file(directory, name, target, room):
    try:
        fd = keeping.open_regular(name, directory)
    except OSError:
        return {"left_out": "a link, or gone"}, room
    if fd is None:
        return {"left_out": "no regular file"}, room
    where = _free_name(target, plain_name(name))
    room = _copy_file(fd, where, room)
    return facts_of(where, f"{target.name}/{where.name}"), room


def clean(runs):
    """What earlier runs left that could not end in order: the client's home
    goes, the rest stays and says so."""
    for lock in pathlib.Path(runs).glob(f"*/{LOCK}"):
        try:
            fd = os.open(lock, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue  # it runs
        finally:
            os.close(fd)
        _clean_one(lock.parent)


def _clean_one(path):
    shutil.rmtree(path / HOME, ignore_errors=True)
    with contextlib.suppress(OSError, ValueError):
        facts = json.loads((path / "run.json").read_text())
        facts["state"] = "killed"
        (path / "run.json").write_text(json.dumps(facts, indent=1) + "\n")
    hand_over(path)
    (path / LOCK).unlink()
