#!/usr/bin/env python3
"""make install puts there what it should, which then works; make uninstall
takes exactly that away; the service is as closed as the README says; versions
and libraries are the same wherever they are written.

usage: install.py SAN_DIR PLAIN_DIR
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
PLAIN = pathlib.Path(sys.argv[2]).resolve()
WORK = pathlib.Path(os.environ.get("TMPDIR", "/tmp")).resolve() / "install"
EXPOSURE = 20  # tenths, of systemd-analyze security
SOME = ["bin/replay", "bin/dnsgen", "bin/rewrite", "bin/reenact-lab",
        "share/man/man8/replay.8", "share/man/man5/reenact-rules.5",
        "share/bash-completion/completions/reenact-lab",
        "share/zsh/site-functions/_replay",
        "share/fish/vendor_completions.d/rewrite.fish",
        "share/doc/reenact/examples/drive-by.pcap",
        "lib/systemd/system/reenact@.service"]
LAB_FINDS = """
import pathlib, sys
sys.dont_write_bytecode = True
root = pathlib.Path(sys.argv[1])
sys.path.insert(0, str(root / "share/reenact/lab"))
import sandbox, services
programs = services.Programs()
assert programs.replay == str(root / "bin/replay"), programs.replay
assert programs.supplement() == root / "share/reenact/connectivity.pcap"
assert sandbox.clock_library() == root / "lib/reenact/clock.so"
"""


def true(value, what):
    if not value:
        raise AssertionError(what)


def run(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, timeout=300,
                          check=False, **more)
    true(done.returncode == 0, f"{command}: {done.stdout}{done.stderr}")
    return done.stdout


def make(goal, root, prefix):
    # what make left for its children is of another build
    env = {k: v for k, v in os.environ.items()
           if k not in ("MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES")}
    run("make", "-C", TOP, goal, f"BUILD={PLAIN}", f"DESTDIR={root}",
        f"PREFIX={prefix}", env=env)


def files(root):
    return {str(p.relative_to(root)) for p in root.rglob("*")
            if p.is_symlink() or not p.is_dir()}


def check_texts(root, prefix):
    """No text names where it was built, or another prefix."""
    for name in files(root):
        text = (root / name).read_bytes()
        for place in (str(TOP), str(root)):
            true(place.encode() not in text or name.endswith(".so")
                 or b"\x7fELF" in text[:4], f"{name} names {place}")
    for name in ("lib/systemd/system/reenact@.service",
                 "share/man/man7/reenact.7"):
        text = (root / prefix[1:] / name).read_text()
        true(f"{prefix}/share/reenact" in text, f"{name}: no {prefix}")
        true(prefix == "/usr" or "/usr/share/" not in text, f"{name}: /usr")


def check_works(root):
    run(root / "bin/replay", "--check",
        root / "share/doc/reenact/examples/drive-by.pcap")
    run(root / "bin/rewrite", "--check", "--rules",
        root / "share/reenact/rules.conf")
    true("chromium" in run(root / "bin/reenact-lab", "clients"), "the lab")
    run(sys.executable, "-c", LAB_FINDS, root)


def check_service(root):
    if not shutil.which("systemd-analyze"):
        print("systemd is not installed: the service is not looked at")
        return
    unit = root / "usr/lib/systemd/system/reenact@.service"
    said = run("systemd-analyze", "security", "--offline=true", "--no-pager",
               f"--threshold={EXPOSURE}", unit)
    print(said.strip().splitlines()[-1])
    # alone: there are no targets in this root
    run("systemd-analyze", "verify", f"--root={root}", "--man=no",
        "--recursive-errors=no", "reenact@drive-by.service")


def check_versions(root):
    """One version, wherever it is written."""
    makefile = (TOP / "Makefile").read_text()
    version = re.search(r"^VERSION := (\S+)", makefile, re.M)[1]
    changelog = (TOP / "etc/debian/changelog").read_text()
    true(changelog.startswith(f"reenact ({version}) "), "Debian's changelog")
    true(f"\n## [{version}] - " in (TOP / ".github/CHANGELOG.md").read_text(),
         "the changelog")
    for program in "replay", "dnsgen", "rewrite", "reenact-lab":
        said = run(root / "bin" / program, "--version")
        true(said.strip().endswith(f" {version}"), said)


def check_needed():
    """Debian's packages are built with what tests/needs installs."""
    needs = (TOP / "tests/needs").read_text()
    control = (TOP / "etc/debian/control").read_text()
    installed = re.search(r"^build='([^']*)'", needs, re.M)[1].split()
    named = re.search(r"^Build-Depends:\n((?: .*\n)+)", control, re.M)[1]
    want = {n for n in installed if n.endswith("-dev") and n != "libc6-dev"}
    got = {n for n in re.findall(r"[\w.+-]+", named) if n.endswith("-dev")}
    true(len(want) > 10 and got == want, f"Build-Depends: {got ^ want}")


def check(prefix):
    root = WORK / prefix.replace("/", "-")
    theirs = ["bin/sh", f"{prefix[1:]}/share/man/man8/x.8",
              f"{prefix[1:]}/share/doc/other/README"]
    for name in theirs:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("theirs\n")
        (root / name).chmod(0o755)
    make("install", root, prefix)
    put = files(root)
    for name in SOME:
        true(f"{prefix[1:]}/{name}" in put, f"{name} is missing")
    check_texts(root, prefix)
    check_works(root / prefix[1:])
    check_versions(root / prefix[1:])
    if prefix == "/usr":
        check_service(root)
    make("uninstall", root, prefix)
    true(files(root) == set(theirs), f"left: {files(root) - set(theirs)}")
    left = {p for p in root.rglob("*reenact*")}
    true(not left, f"left: {left}")
    return len(put) - len(theirs)


def main():
    check_needed()
    counts = [check(prefix) for prefix in ("/usr", "/opt/re")]
    print(f"{counts} files put and taken away")
    return 0


sys.exit(main())
