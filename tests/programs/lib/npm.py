"""Packages of the npm registry, each pinned by its version and its digest."""
import base64
import hashlib
import pathlib
import shutil
import subprocess
import tarfile

PATIENCE = 120  # seconds, for one of them


class Unreachable(Exception):
    """There is no npm, or no registry."""


def digest_of(path):
    return "sha512-" + base64.b64encode(
        hashlib.sha512(path.read_bytes()).digest()).decode()


def fetch(directory, name, version, integrity):
    """Into directory/node_modules/name. A package with another digest is an
    error, not a reason to skip."""
    try:
        done = subprocess.run(["npm", "pack", "--silent", f"{name}@{version}"],
                              cwd=directory, capture_output=True, text=True,
                              timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired) as trouble:
        raise Unreachable(f"npm: {trouble}") from trouble
    if done.returncode:
        said = (done.stderr.strip() or "npm fails").splitlines()[-1]
        raise Unreachable(f"npm registry: {said}")
    archive = pathlib.Path(directory) / done.stdout.split()[-1]
    if digest_of(archive) != integrity:
        raise RuntimeError(f"{name} {version}: {digest_of(archive)}, "
                           f"should be {integrity}")
    place = pathlib.Path(directory) / "node_modules" / name
    with tarfile.open(archive) as tar:
        tar.extractall(directory, filter="data")
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(pathlib.Path(directory) / "package", place)


def fetch_all(directory, pins):
    """pins: lines of name, version and integrity. Returns where they are."""
    pathlib.Path(directory).mkdir(parents=True, exist_ok=True)
    if not shutil.which("node"):
        raise Unreachable("there is no node")
    for line in pins.strip().splitlines():
        fetch(directory, *line.split())
    return pathlib.Path(directory) / "node_modules"
