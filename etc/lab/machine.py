"""Virtual machines as clients of the lab: QEMU on a throw-away overlay.

The machine's disk is opened read-only, what it writes goes to a file in the
client's home. QEMU runs in the client's sandbox, with the tap device as its
only way out, and is asked nothing that it could refuse: who does not stop in
time is killed.

A machine sends its own web requests; the lab cannot make it open an address.
So the address is told to the user and lies on the shared volume, where a
script in the machine finds it.
"""
import datetime
import hashlib
import json
import os
import pathlib
import stat
import time

import share
from agent import Agent, INSTALLED
from hostile import output, visible
from keeping import create
from qemu import Qemu
from visit import LabError

PROGRAM = "qemu-system-x86_64"
OVERLAY = "overlay.qcow2"      # in the client's home, as the next two
SCREEN = "screen.png"
VNC = "vnc.sock"
CONSOLE = "console.txt"        # in the run's directory
KVM = "/dev/kvm"
# Formats of images that are one file, and whether they could name a backing
# file, which then has to be told that there is none.
FORMATS = {"raw": False, "qcow2": True, "vmdk": True, "vdi": False,
           "vhdx": False, "vpc": False}
TOOL_SECONDS = 60              # for qemu-img
INFO_MAX = 1 << 20
GRACE = 60                     # seconds to shut down, at most
LAST_WORDS = 10                # seconds for QEMU to end on its own
PROOF = 2                      # seconds in which broken KVM shows itself
SCREENS = 60                   # pictures in all
BETWEEN_SCREENS = 10           # seconds, at least
SCREEN_MAX = 32 << 20
PNG = b"\x89PNG\r\n\x1a\n"

# What Windows since XP, and Linux, bring drivers for. What the kind's options
# name takes the place of the default of the same name.
DEFAULTS = [
    ("-machine", "pc,usb=on"), ("-cpu", "max"), ("-smp", "2"),
    ("-m", "2048"), ("-vga", "std"),
    ("-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,"
     "resourcecontrol=deny"),
]
SAME = {"-M": "-machine", "-vnc": "-display", "-nographic": "-display"}


def image_of(kind):
    try:
        path = pathlib.Path(kind.image).resolve(strict=True)
        found = path.stat()
    except OSError as e:
        raise LabError(f"{kind.name}: {kind.image}: {e.strerror}")
    if not stat.S_ISREG(found.st_mode):
        raise LabError(f"{kind.name}: {path}: not a file")
    return str(path)


def tool(sandbox, arguments, read):
    """What qemu-img says on standard output. An image's head may be as
    hostile as its content, so it is read in the sandbox."""
    said = b""
    for piece in output(sandbox, ["qemu-img", *arguments],
                        time.monotonic() + TOOL_SECONDS, read=read):
        said += piece
        if len(said) > INFO_MAX:
            raise LabError(f"qemu-img {arguments[0]} says too much")
    return said


def format_of(sandbox, image):
    """The image's format. One that leads to other files is refused: they
    would be opened by what the image says."""
    said = tool(sandbox, ["info", "--output=json", image], [image])
    try:
        info = json.loads(said)
        name = info["format"]
        data = info.get("format-specific", {}).get("data", {})
        other = info.get("backing-filename") or data.get("data-file")
        extents = [e["filename"] for e in data.get("extents", [])]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise LabError(f"{image}: qemu-img says nothing of use")
    if other or any(extent != image for extent in extents):
        raise LabError(f"{image}: needs other files; make one of it by "
                       "qemu-img convert -O qcow2")
    if name not in FORMATS:
        raise LabError(f"{image}: unfit format {name!a}")
    return name


def make_overlay(sandbox, image, name):
    tool(sandbox, ["create", "-q", "-f", "qcow2", "-b", image, "-F", name,
                   f"{sandbox.home}/{OVERLAY}"], [image])


def disk(home, image, name):
    """The overlay on its image. All is said here and nothing taken from the
    files' heads, so the image is opened read-only, with nothing behind it."""
    base = {"driver": name, "read-only": True,
            "file": {"driver": "file", "filename": image, "read-only": True}}
    if FORMATS[name]:
        base["backing"] = None
    return {"node-name": "disk", "driver": "qcow2", "backing": base,
            "discard": "unmap",
            "file": {"driver": "file", "filename": f"{home}/{OVERLAY}"}}


def stick(home):
    return {"node-name": "share", "driver": "raw",
            "file": {"driver": "file", "filename": f"{home}/{share.IMAGE}"}}


def clock_base(clock):
    if clock is None:
        return "utc"
    begins = datetime.datetime.fromtimestamp(clock, datetime.timezone.utc)
    return begins.strftime("%Y-%m-%dT%H:%M:%S")


def defaults(kind, v, accelerators):
    more = [("-accel", name) for name in accelerators]
    more += [("-rtc", f"base={clock_base(v.clock)},clock=vm"),
             ("-display", f"vnc=unix:{v.sandbox.home}/{VNC}" if v.show
              else "none")]
    given = {SAME.get(option, option) for option in kind.options}
    return [word for pair in DEFAULTS + more if pair[0] not in given
            for word in pair]


def wires(kind):
    return {part for option in kind.options for part in option.split(",")}


def devices(kind, v, image, name, shared):
    """Drives and the network card. Options that connect a device of their
    own (netdev=net, drive=disk, drive=share) take the default's place."""
    wired = wires(kind)
    wanted = [("netdev=net", "e1000,netdev=net,romfile="),
              ("drive=disk", "ide-hd,drive=disk,bootindex=0")]
    drives = [disk(v.sandbox.home, image, name)]
    if shared:
        wanted.append(("drive=share", "usb-storage,drive=share,bus=ehci.0,"
                       "removable=on"))
        drives.append(stick(v.sandbox.home))
    words = ["-netdev", f"tap,id=net,ifname={v.tap},script=no,downscript=no",
             "-device", "usb-tablet", "-device", "usb-ehci,id=ehci"]
    for drive in drives:
        words += ["-blockdev", json.dumps(drive)]
    for wire, device in wanted:
        if wire not in wired:
            words += ["-device", device]
    return words


def files_named(options):
    """Files of the host that options name by their whole path."""
    parts = (part.split("=", 1)[-1] for option in options
             for part in option.split(","))
    return [part for part in parts
            if part.startswith("/") and os.path.isfile(part)]


def start(kind, v, drives, accelerators, deadline):
    """A machine that runs, on an overlay of its own."""
    image, name, shared = drives
    make_overlay(v.sandbox, image, name)
    arguments = ["-no-user-config", "-nodefaults",
                 *defaults(kind, v, accelerators),
                 *devices(kind, v, image, name, shared), *kind.options]
    nodes = [node for node in ("/dev/net/tun", KVM) if os.path.exists(node)]
    agent = None
    if v.ca and "chardev=agent" in wires(kind):
        agent = Agent(v.ca.read_bytes(), v.say)
    qemu = Qemu(v, kind.program or PROGRAM, arguments, nodes,
                [image, *files_named(kind.options)], deadline, agent)
    try:
        prove(kind, qemu)
    except BaseException:
        qemu.close()
        raise
    return qemu


def prove(kind, qemu):
    """LabError if QEMU does not run its machine. Where KVM is there and does
    not work, as in virtual machines it may not, QEMU ends at once or stops
    the processor."""
    if qemu.command("qmp_capabilities") is None:
        raise LabError(f"{kind.name}: "
                       + (qemu.end() or "QEMU does not answer"))
    found = qemu.command("query-kvm")
    qemu.kvm = isinstance(found, dict) and bool(found.get("enabled"))
    if not qemu.kvm:
        return
    qemu.pump_until(min(time.monotonic() + PROOF, qemu.deadline),
                    lambda: qemu.halted or qemu.powered_off)
    if (qemu.halted or qemu.ended) and not qemu.powered_off:
        raise LabError(f"{kind.name}: "
                       + (qemu.end() or "the processor does not run"))


def start_somehow(kind, v, drives, deadline):
    """The machine, and why KVM does not work where there is one: QEMU itself
    goes on without it only if it cannot be opened. The kind's options may
    say how, and are not doubted."""
    if "-accel" in kind.options:
        return start(kind, v, drives, [], deadline), None
    why = None
    if os.path.exists(KVM):
        try:
            return start(kind, v, drives, ["kvm", "tcg"], deadline), None
        except LabError as error:
            why = str(error).removeprefix(f"{kind.name}: ")
            (v.keep / CONSOLE).unlink(missing_ok=True)
    return start(kind, v, drives, ["tcg"], deadline), why


def begin(kind, v, qemu, why):
    """Tells the user of a machine that runs. Facts of it."""
    if not qemu.kvm:
        v.say(f"{kind.name}: without KVM, by emulation: slow"
              + (f" ({why})" if why else ""))
    if v.show:
        v.say(f"{kind.name}: screen at {v.home / VNC} (VNC on a socket)")
    if v.url:
        v.say(f"{kind.name}: the address to open is in url.txt and visit.url "
              f"on the volume {share.LABEL}: {v.url!a}")
    if v.ca:
        v.say(f"{kind.name}: {share.LABEL} holds authority.crt, for the "
              "machine's store of root certificates; run authority.cmd "
              "(Windows) or authority.sh (Debian) there")
    if v.user_agent:
        v.say(f"{kind.name}: a machine sends its own User-Agent")
    return {"accelerator": "kvm" if qemu.kvm else "tcg",
            **({"kvm_failed": why} if why else {})}


class Screens:
    """Pictures of the screen: the newest is screenshot.png, those that differ
    from the one before also lie in screens/."""

    def __init__(self, v, qemu):
        self.v, self.qemu = v, qemu
        self.number, self.digest = 0, None
        self.every = max(BETWEEN_SCREENS, v.longest / SCREENS)
        self.next = time.monotonic() + self.every
        (v.keep / "screens").mkdir(0o700)

    def read(self):
        """The picture that QEMU wrote into the hostile home, if it is one."""
        try:
            fd = os.open(self.v.home / SCREEN, os.O_RDONLY | os.O_NOFOLLOW
                         | os.O_NONBLOCK)
        except OSError:
            return None
        with os.fdopen(fd, "rb") as source:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                return None
            data = source.read(SCREEN_MAX + 1)
        fit = data.startswith(PNG) and len(data) <= SCREEN_MAX
        return data if fit else None

    def take(self):
        self.next = time.monotonic() + self.every
        done = self.qemu.command(
            "screendump", filename=f"{self.v.sandbox.home}/{SCREEN}",
            format="png")
        data = self.read() if done is not None else None
        if data is None or self.number >= SCREENS:
            return
        digest = hashlib.sha256(data).digest()
        if digest == self.digest:
            return
        self.number, self.digest = self.number + 1, digest
        with create(self.v.keep / "screens" / f"{self.number:03}.png") as out:
            out.write(data)
        newest = self.v.keep / "screenshot.png"
        newest.unlink(missing_ok=True)
        with create(newest) as out:
            out.write(data)


def watch(v, qemu, screens, stop):
    """Until the visit is over; why it is. Before the machine has spoken with
    a server it is still starting, and quiet says nothing; nor does it while
    somebody sits before the screen."""
    while not qemu.ended and not qemu.powered_off:
        now = time.monotonic()
        if now >= stop:
            return "longest"
        moments = [stop, screens.next]
        if qemu.talk.last is not None and not v.show:
            moments.append(qemu.talk.last + v.quiet)
            if moments[-1] <= now:
                return "quiet"
        if screens.next <= now:
            screens.take()
            continue
        if qemu.agent and qemu.agent.next is not None:
            moments.append(qemu.agent.next)
            if moments[-1] <= now:
                qemu.agent.turn()
                continue
        qemu.pump(min(moments) - now)
    return "powered off" if qemu.powered_off else "stopped"


def shut_down(qemu, screens, until):
    """The power button, then the plug. How it went."""
    if not qemu.powered_off and not qemu.ended:
        screens.take()
        if qemu.command("system_powerdown") is not None:
            qemu.pump_until(until, lambda: qemu.powered_off)
    if qemu.powered_off or qemu.ended:
        qemu.pump_until(time.monotonic() + LAST_WORDS)
        return "by itself"
    qemu.command("quit")
    qemu.pump_until(time.monotonic() + LAST_WORDS)
    return "switched off" if qemu.ended else "killed"


def run(v, qemu):
    """The visit of a machine that was started; facts of it."""
    screens = Screens(v, qemu)
    grace = min(GRACE, v.longest / 4)
    end = watch(v, qemu, screens, qemu.deadline - grace)
    until = min(time.monotonic() + GRACE, qemu.deadline)
    facts = {"ended": end, "shutdown": shut_down(qemu, screens, until),
             "screens": screens.number, "talk": qemu.talk.packets}
    if qemu.agent:
        facts["agent"] = qemu.agent.told
        facts["authority"] = qemu.agent.told == INSTALLED
    return facts


def visit(kind, v):
    began = time.monotonic()
    image = image_of(kind)
    shared = bool(v.url or v.share or v.ca) and share.fill(v)
    name = format_of(v.sandbox, image)
    qemu, why = start_somehow(kind, v, (image, name, shared),
                              began + v.longest)
    try:
        facts = begin(kind, v, qemu, why)
        facts |= run(v, qemu)
    finally:
        qemu.close()
    facts |= {"image": image, "format": name, "overlay": OVERLAY,
              "console": qemu.console.bytes,
              "seconds": round(time.monotonic() - began, 1),
              "said": visible(qemu.errors)}
    if shared:
        facts["share"] = share.empty(v)
    return facts
