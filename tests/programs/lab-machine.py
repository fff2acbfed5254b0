#!/usr/bin/env python3
"""etc/lab/machine.py: the lab's own Linux guest, made of Debian's packages,
boots, takes its address, resolves, downloads, exchanges files, and is thrown
away; machines that hang or break are ended, and leave nothing running.

usage: lab-machine.py SAN_DIR PLAIN_DIR [TEST...]
"""
import datetime
import hashlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

from lib.closed import Cage, Places, Site, have
from lib.lab import guest as guest_of
from playback import PLAIN, SAN, run, same, true

import machine
from visit import Kind, LabError, Visit

CLOCK = datetime.datetime(2013, 4, 5, 22, 47, 11,
                          tzinfo=datetime.timezone.utc).timestamp()
SETUP = "http://gate.exploit.example:8080/load/setup.bin"
SETUP_SHA256 = \
    "2b1a8bc5f242a2c4f34f9016aa19db1c7f08288d92d0d883e57cdde7789dc427"
# only an address: no name leads there
PAYLOAD_SHA256 = \
    "4a58fe60b43dc8f45125b451a28ed7d5665c1070c4708e4ce836b871209c47a2"
BOOT = 240  # seconds that a start may take, with others at work

TASK = f"""
say "resolved: $(nslookup www.landing.example | sed -n 's/^Address: //p')"
nslookup nothing.invalid > /dev/null 2>&1 ||
    say "resolved: nothing.invalid not"
say "sum: $(wget -q -O - {SETUP} | sha256sum | cut -c1-64)"
say "bare: $(wget -q -O - http://203.0.113.66/payload.bin | sha256sum |
    cut -c1-64)"
timeout 60 wget -q -O /dev/null http://192.0.2.200/ || say "others: nothing"
say "brought: $(sha256sum '/share/sub dir/in [1].bin' | cut -c1-64)"
printf 'escape \\033[31m here\\n' > /dev/ttyS0
mkdir /share/out
wget -q -O '/share/out/made [2] $(x).bin' {SETUP}
rm /share/task.sh
"""
# Downloads what url.txt says, then waits for the power button.
IDLE = """
download "$(head -n 1 /share/url.txt | tr -d '\\r')"
sleep 1000
"""


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


class Lab:
    """What all visits of this test share."""

    def __init__(self):
        self.places = Places()
        self.image = self.places.top / "guest.qcow2"
        shutil.copy(guest(), self.image)
        self.image.chmod(0o444)
        self.sum = sha256(self.image)
        capture = self.places.top / "drive-by.pcap"
        with open(capture, "wb") as out:
            subprocess.run([PLAIN / "make-capture", "drive-by"], stdout=out,
                           check=True, timeout=60)
        self.site = Site(self.places.top, SAN, capture)

    def visit(self, url=None, share=None, longest=BOOT, quiet=10000.0,
              show=False, **kind):
        """One visit of a machine. Its facts, and where it was."""
        home, keep = self.places.visit()
        said = []
        v = Visit(url=url, user_agent=None, clock=CLOCK, home=home, keep=keep,
                  sandbox=Cage(home, self.site.client), quiet=quiet,
                  longest=longest, show=show, packets=lambda: 0, tap="tap0",
                  share=share, say=said.append)
        v.said = said
        kind = {"image": str(self.image),
                "options": ["-m", "384", "-smp", "1"]} | kind
        began = time.monotonic()
        try:
            facts = machine.visit(Kind("guest", "machine", **kind), v)
        finally:
            v.took = time.monotonic() - began
            same(v.sandbox.running(), [], "left running")
            same(sha256(self.image), self.sum, "the image")
            print(console(v), flush=True)
        return facts, v

    def share(self, files):
        """A directory to bring in."""
        self.places.count += 1
        top = self.places.top / f"share{self.places.count}"
        for name, data in files.items():
            path = top / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return top

    def close(self):
        self.site.close()
        self.places.close()


def guest():
    disk, why = guest_of(PLAIN)
    if why:
        skip(why)
    return disk


def console(v):
    path = v.keep / "console.txt"
    return path.read_text() if path.exists() else ""


def told(v, what):
    """What the guest said of it, each time."""
    return re.findall(rf"^guest: {what}: (.*)$", console(v), re.M)


def the_guest_does_its_task():
    """DHCP, DNS, downloads, a file in and files out; the clock."""
    brought = os.urandom(100_000)
    shared = LAB_.share({"task.sh": TASK.encode(),
                         "sub dir/in [1].bin": brought})
    (shared / "link").symlink_to("/etc/passwd")
    facts, v = LAB_.visit(share=shared)
    same((facts["ended"], facts["shutdown"]), ("powered off", "by itself"))
    same(told(v, "module"), [])
    clock = datetime.datetime.fromisoformat(told(v, "clock")[0] + "+00:00")
    true(0 <= clock.timestamp() - CLOCK < BOOT, f"clock {clock}")
    true(re.fullmatch(r"10\.99\.0\.\d+ router 10\.99\.0\.1 dns 10\.99\.0\.1",
                      told(v, "address")[0]), "address")
    same(told(v, "resolved"), ["198.51.100.10", "nothing.invalid not"])
    same(told(v, "sum"), [SETUP_SHA256])
    same(told(v, "bare"), [PAYLOAD_SHA256])
    same(told(v, "others"), ["nothing"])
    true("192.0.2.200" in LAB_.site.replayed.read_text(),
         "an address that nobody recorded did not end at the site")
    same(told(v, "brought"), [hashlib.sha256(brought).hexdigest()])
    true("escape \\x1b[31m here\n" in console(v), "an escape in the console")
    taken = {f["name"]: f for f in facts["share"]}
    same(sorted(taken), ["out/made [2] $(x).bin", "sub dir/in [1].bin"])
    out = taken["out/made [2] $(x).bin"]
    same((out["bytes"], out["sha256"]), (200000, SETUP_SHA256))
    same(sha256(v.keep / out["file"]), SETUP_SHA256)
    same((v.keep / out["file"]).stat().st_mode & 0o777, 0o600)
    same(facts["accelerator"] in ("kvm", "tcg"), True)
    true(facts["talk"] > 20, f"talk {facts['talk']}")
    pictures(v, facts)
    the_guest_wrote(v, facts)


def pictures(v, facts):
    true(facts["screens"] >= 1, "no picture")
    for path in [v.keep / "screenshot.png", *(v.keep / "screens").iterdir()]:
        data = path.read_bytes()
        true(data.startswith(machine.PNG) and b"IEND" in data[-12:], path)


def the_guest_wrote(v, facts):
    """Its overlay holds what it wrote to its disk."""
    kept, flat = v.home / facts["overlay"], LAB_.places.top / "flat.raw"
    qemu_img("convert", "-O", "raw", kept, flat)
    starts = subprocess.run(["mtype", "-i", flat, "::starts"], check=True,
                            capture_output=True, timeout=60).stdout
    true(starts.startswith(b"started "), f"written: {starts!r}")


def the_guest_was_thrown_away():
    """A second start sees the disk as it was before the first. Its address
    comes with the share. Quiet presses the power button, once the machine
    has talked and not while it starts."""
    facts, v = LAB_.visit(share=LAB_.share({"task.sh": IDLE.encode()}),
                          url=SETUP, quiet=4)
    same(told(v, "starts"), ["0"])
    same(told(v, "downloaded"), [SETUP_SHA256])
    taken = {f["name"]: f for f in facts["share"]}
    same(sorted(taken), ["page", "task.sh", "url.txt", "visit.url"])
    same(taken["page"]["sha256"], SETUP_SHA256)
    same((facts["ended"], facts["shutdown"]), ("quiet", "by itself"))
    same(told(v, "off"), ["button"])


def empty_disk(name="empty.raw"):
    path = LAB_.places.top / name
    with open(path, "wb") as out:
        out.truncate(1 << 20)
    path.chmod(0o644)
    return str(path)


def a_machine_that_hangs_is_ended():
    """Without a system on its disk the BIOS waits, deaf to the power button.
    The image is a raw one."""
    facts, v = LAB_.visit(image=empty_disk(), longest=8)
    same((facts["format"], facts["ended"], facts["shutdown"]),
         ("raw", "longest", "switched off"))
    true(8 <= v.took < 20, f"{v.took} seconds")
    same(facts.get("share"), None)
    pictures(v, facts)


def during(action, **more):
    """A visit to which something happens once QEMU runs: when the first
    picture is asked for."""
    taken = machine.Screens.take

    def take(self):
        taken(self)
        action(self.qemu)

    machine.Screens.take, machine.BETWEEN_SCREENS = take, 2
    try:
        return LAB_.visit(image=empty_disk(), longest=12, **more)
    finally:
        machine.Screens.take, machine.BETWEEN_SCREENS = taken, 10


def a_machine_that_breaks_is_no_trouble():
    facts, v = during(lambda qemu: os.kill(qemu.process.pid, signal.SIGKILL))
    same(facts["ended"], "stopped")
    true(v.took < 30, f"{v.took} seconds")


def a_stopped_machine_is_killed():
    """QEMU itself answers nothing any more."""
    facts, v = during(lambda qemu: os.kill(qemu.process.pid, signal.SIGSTOP))
    same((facts["ended"], facts["shutdown"]), ("longest", "killed"))
    true(v.took < 12 + 2 * machine.LAST_WORDS + 5, f"{v.took} seconds")


def a_screen_to_look_at():
    greetings = []

    def look(qemu):
        home = max(LAB_.places.top.glob("home*"),
                   key=lambda path: path.stat().st_mtime)
        with socket.socket(socket.AF_UNIX) as viewer:
            viewer.settimeout(10)
            viewer.connect(str(home / machine.VNC))
            greetings.append(viewer.recv(12))
        qemu.command("quit")

    during(look, show=True)
    same(greetings, [b"RFB 003.008\n"])


def ctrl_c_leaves_nothing():
    def interrupt(qemu):
        raise KeyboardInterrupt

    try:
        during(interrupt)
    except KeyboardInterrupt:
        return
    raise AssertionError("went on")


# A QEMU whose KVM breaks in one of these ways, and else is the real one.
BROKEN = """#!/usr/bin/python3
import json, os, re, signal, socket, sys
how, line = os.path.basename(sys.argv[0]), " ".join(sys.argv)
if "-accel kvm" not in line:
    os.execvp("qemu-system-x86_64", ["qemu", *sys.argv[1:]])
if how == "aborts":
    print("kvm.c:1: Assertion failed", file=sys.stderr, flush=True)
    os.abort()
control = socket.socket(fileno=int(re.search("control,fd=([0-9]+)", line)[1]))
for command in control.makefile():
    control.sendall(json.dumps({"return": {"enabled": True}, "id":
                    json.loads(command)["id"]}).encode() + b"\\n")
    if "kvm" in command and how == "ends":
        sys.exit("kvm.c:2: no entry")
    if "kvm" in command:
        control.sendall(b'{"event": "STOP"}\\n')
"""


def kvm_that_does_not_work():
    """As in virtual machines it may not: emulation is what is left."""
    machine.KVM, kvm = "/dev/null", machine.KVM
    try:
        for how, why in (("aborts", "kvm.c:1: Assertion failed"),
                         ("ends", "kvm.c:2: no entry"),
                         ("halts", "the processor does not run")):
            program = LAB_.places.top / how
            program.write_text(BROKEN)
            program.chmod(0o755)
            facts, v = LAB_.visit(image=empty_disk(), longest=8,
                                  program=str(program))
            same((facts["accelerator"], facts["kvm_failed"],
                  facts["ended"]), ("tcg", why, "longest"), how)
            same([line for line in v.said if "KVM" in line],
                 [f"guest: without KVM, by emulation: slow ({why})"])
            true(v.took < 20, f"{how}: {v.took} seconds")
        refused("kvm.c:1", image=empty_disk(), options=["-accel", "kvm"],
                program=str(LAB_.places.top / "aborts"))
        refused("no-such-device", options=["-device", "no-such-device"])
    finally:
        machine.KVM = kvm


def kvm_that_works():
    """Is not doubted: a machine that runs has one start. KVM may not be had
    here, so the machine only believes in it."""
    class Believer(machine.Qemu):
        def command(self, name, **arguments):
            said = super().command(name, **arguments)
            return {"enabled": True} if name == "query-kvm" else said

    machine.Qemu, real = Believer, machine.Qemu
    try:
        facts, v = LAB_.visit(image=empty_disk(), longest=8)
    finally:
        machine.Qemu = real
    same((facts["accelerator"], facts.get("kvm_failed"), facts["ended"]),
         ("kvm", None, "longest"))
    same([w[0] for w in v.sandbox.commands].count(machine.PROGRAM), 1)
    same(v.said, [], "told")


def refused(want, **kind):
    try:
        LAB_.visit(**kind)
    except LabError as e:
        true(re.search(want, str(e)), f"says {e}")
        true("\n" not in str(e), "one line")
        return
    raise AssertionError(f"not refused: {kind}")


def qemu_img(*arguments):
    subprocess.run(["qemu-img", *arguments], check=True, timeout=60,
                   stdout=subprocess.DEVNULL)


def images_that_lead_elsewhere():
    """An image's head may name any file; none is opened for it."""
    top = LAB_.places.top
    secret = empty_disk("secret.raw")
    qemu_img("create", "-q", "-f", "qcow2", "-b", secret, "-F", "raw",
             top / "backed.qcow2")
    qemu_img("create", "-q", "-f", "qcow2", "-o",
             f"data_file={top / 'data.raw'}", top / "data.qcow2", "1M")
    qemu_img("create", "-q", "-f", "vmdk", "-o", "subformat=monolithicFlat",
             top / "flat.vmdk", "1M")
    for name in ("backed.qcow2", "data.qcow2", "flat.vmdk"):
        for path in top.glob("*.*"):
            path.chmod(0o644)
        refused("needs other files", image=str(top / name))


def other_formats():
    for name in ("vmdk", "vdi", "vhdx", "vpc"):
        path = LAB_.places.top / f"one.{name}"
        qemu_img("create", "-q", "-f", name, path, "16M")
        path.chmod(0o444)
        before = sha256(path)
        facts, _ = LAB_.visit(image=str(path), longest=2)
        same(facts["format"], name)
        same(sha256(path), before, name)


def trouble_is_one_line():
    refused("No such file", image="/nonexistent.qcow2")
    refused("not a file", image="/dev/null")
    refused("no-such-device", options=["-device", "no-such-device"])
    closed = empty_disk("closed.raw")
    os.chmod(closed, 0o600)
    refused("Permission denied", image=closed)
    refused("more than", share=LAB_.share(
        {f"{n}": b"" for n in range(5000)}))


def options_take_the_defaults_place():
    """Of the same name; devices by what they are connected to."""
    facts, v = LAB_.visit(image=empty_disk(), longest=2, options=[
        "-M", "q35,usb=on", "-device", "virtio-net-pci,netdev=net,romfile=",
        "-device", "virtio-blk-pci,drive=disk", "-m", "128"])
    line = " ".join(v.sandbox.commands[-1])
    for absent in ("e1000", "ide-hd", "-m 2048", "-machine pc"):
        true(absent not in line, absent)
    for present in ("base=2013-04-05T22:47:11", "-nodefaults", "spawn=deny",
                    "ifname=tap0,script=no", '"read-only": true'):
        true(present in line, present)


def skip(why):
    print(why)
    sys.exit(77)


def needs():
    if os.geteuid():
        skip("needs root, for namespaces")
    missing = have("qemu-system-x86_64", "qemu-img", "mcopy", "dnsmasq",
                   "syslinux", "busybox", "ip", "nsenter", "setpriv")
    if missing:
        skip(f"{missing} is not installed")
    try:
        return Lab()
    except (OSError, subprocess.CalledProcessError) as e:
        skip(f"no namespaces here: {e}")


LAB_ = needs()
try:
    run([the_guest_does_its_task, the_guest_was_thrown_away,
         a_machine_that_hangs_is_ended,
         a_machine_that_breaks_is_no_trouble, a_stopped_machine_is_killed,
         a_screen_to_look_at, ctrl_c_leaves_nothing,
         kvm_that_does_not_work, kvm_that_works, images_that_lead_elsewhere,
         other_formats, options_take_the_defaults_place,
         trouble_is_one_line])
finally:
    LAB_.close()
