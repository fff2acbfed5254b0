#!/usr/bin/env python3
"""The packages in a Debian of their own: apt finds all they need in Debian 12,
the service starts under a real systemd, answers, reads rules again, stops and
is as closed as it says; autopkgtest's programs pass; purged, nothing stays but
captures.

usage: service.py SAN_DIR PLAIN_DIR     (make deb was run before, into PLAIN_DIR)

Root, and a mirror of Debian that apt knows.
"""
import os
import pathlib
import shutil
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(TOP / "tests/programs/lib"))
import pages  # noqa: E402

PLAIN = pathlib.Path(sys.argv[2]).resolve()
WORK = pathlib.Path(os.environ.get("TMPDIR", "/tmp")).resolve()
HERE = pathlib.Path(__file__).resolve().parent
HOOKS = "/usr/share/mmdebstrap/hooks/file-mirror-automount"
SYSTEM = "systemd,systemd-sysv,dbus,curl,bind9-dnsutils,dnsmasq,iproute2"
UNIT = """\
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/root/inside
StandardOutput=file:/root/told
StandardError=inherit
ExecStopPost=systemctl --no-block exit
[Install]
WantedBy=multi-user.target
"""
PATIENCE = 240  # seconds


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True,
                          stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                          check=False, timeout=2 * PATIENCE)
    if done.returncode:
        raise AssertionError(f"{command}: {done.stdout[-4000:]}")
    return done.stdout


def page_commands():
    """Those of reenact(7), to be typed as they stand."""
    return "".join(command for kind, block in pages.blocks(
        TOP / "etc/reenact.7") if kind.startswith("service:")
        for command, _ in pages.commands(block))


def make_guest(guest):
    packages = [str(p) for p in PLAIN.glob("reenact*.deb")
                if "dbgsym" not in p.name]
    if len(packages) != 2:
        raise AssertionError(f"not two packages: {packages}")
    run("mmdebstrap", "--variant=apt", f"--hook-dir={HOOKS}",
        f"--include={','.join([SYSTEM, *packages])}", "bookworm", guest)
    shutil.copytree(TOP / "etc/debian/tests", guest / "root/tests")
    shutil.copy(HERE / "service-inside", guest / "root/inside")
    (guest / "root/page").write_text(page_commands())
    (guest / "etc/systemd/system/inside.service").write_text(UNIT)
    run("chroot", guest, "systemctl", "enable", "inside")


def boot(guest):
    """Until it has nothing more to do. What the program inside told."""
    subprocess.run(["timeout", str(PATIENCE), "systemd-nspawn", "--quiet",
                    "--register=no", "--keep-unit", "--private-network",
                    "--boot", "-D", guest],
                   stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                   check=False)
    told = guest / "root/told"
    return told.read_text() if told.exists() else ""


def main():
    missing = [p for p in ("mmdebstrap", "systemd-nspawn")
               if not shutil.which(p)]
    if os.geteuid() or missing:
        print("needs root" if os.geteuid() else f"not installed: {missing}")
        return 77
    guest = WORK / "guest"
    make_guest(guest)
    told = boot(guest)
    if not told:
        print("no systemd can be booted in a container here")
        return 77
    print(told, end="")
    return 0 if told.endswith("all is well\n") else 1


sys.exit(main())
