"""The site's side of a run: the kit's own programs, dnsmasq and tcpdump, each
an unprivileged process that the run can stop in order."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

import cage
import sandbox
from visit import LabError

PATIENCE = 60       # seconds for a program to begin or to end
READING = 3600      # ... to read captures of any size
HERE = pathlib.Path(__file__).resolve().parent
# Of the checkout this file is in; of PREFIX/share/reenact/lab.
BUILT = HERE.parents[1] / "build", HERE.parents[2] / "bin"
CAN_READ = ("dac_read_search",)  # captures and rules may be the caller's own

DNSMASQ = """\
no-resolv
no-poll
no-hosts
no-daemon
keep-in-foreground
log-facility=-
log-queries=extra
cache-size=0
local-ttl=0
pid-file=
"""

DHCP = """\
dhcp-range={client},{client},255.255.255.0,1h
dhcp-option=option:router,{site}
dhcp-option=option:dns-server,{site}
dhcp-option=252,"\\n"
dhcp-authoritative
no-ping
leasefile-ro
log-dhcp
enable-ra
dhcp-range=fd66::2,fd66::ffff,64
"""


class Programs:
    """replay and dnsgen: of the checkout this file is in, or installed."""

    def __init__(self, directory=None):
        self.replay = self._find("replay", directory)
        self.dnsgen = self._find("dnsgen", directory)

    @staticmethod
    def _find(name, directory):
        for place in [directory] if directory else BUILT:
            path = pathlib.Path(place, name)
            if directory or path.exists():
                path = str(path) if os.access(path, os.X_OK) else None
                break
        else:
            path = shutil.which(name)
        if not path:
            raise LabError(f"{name} is not there (run make, or make install)")
        return path

    def supplement(self):
        """The project's own answers to connectivity checks."""
        for path in (pathlib.Path(self.replay).parent / "connectivity.pcap",
                     HERE.parent / "connectivity.pcap"):
            if path.exists():
                return path
        return None


def ask(command, patience=READING, status=(0,)):
    """What a program of ours says, run as nobody; as bytes."""
    done = subprocess.run(
        sandbox.unprivileged(sandbox.SITE_USER, CAN_READ) + command,
        capture_output=True, stdin=subprocess.DEVNULL, timeout=patience,
        env={"PATH": os.environ["PATH"], "TMPDIR": "/var/tmp"})
    if done.returncode not in status:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise LabError(said[-1] if said else
                       f"{command[0]}: exit status {done.returncode}")
    return done.stdout, done.stderr


def check(programs, keylogs, captures):
    """What replay --check says of the captures, as one recording. It tells
    them one by one in JSON; the lab needs the first page, the client and the
    time of the first that has any."""
    said, _ = ask([programs.replay, "--check", "--format", "json", *keylogs,
                   *map(str, captures)])
    return [json.loads(line) for line in said.splitlines()]


class Service:
    """A process that runs as long as the visit lasts."""

    def __init__(self, name, command, log, keep=(), network=None, text=None,
                 stdout=None):
        self.name, self.log = name, pathlib.Path(log)
        with open(self.log, "ab") as err:
            self.process = subprocess.Popen(
                sandbox.unprivileged(sandbox.SITE_USER, keep) + command,
                stdin=subprocess.PIPE if text else subprocess.DEVNULL,
                stdout=stdout or subprocess.DEVNULL, stderr=err,
                start_new_session=True,
                env={"PATH": os.environ["PATH"], "TMPDIR": "/var/tmp"},
                preexec_fn=network and (lambda: cage.enter_network(network)))
        if text:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.write(text)
                self.process.stdin.close()

    def said(self):
        return self.log.read_bytes().decode("utf-8", "replace")

    def until(self, sign, patience=PATIENCE):
        end = time.monotonic() + patience
        while sign not in self.said():
            if self.process.poll() is not None:
                lines = self.said().strip().splitlines() or ["it ended"]
                raise LabError(f"{self.name} does not start: {lines[-1]}")
            if time.monotonic() > end:
                raise LabError(f"{self.name} does not start within "
                               f"{patience} s")
            time.sleep(0.01)

    def stop(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_dnsmasq(directory, network, hosts, dhcp):
    """hosts: what dnsgen wrote."""
    text = DNSMASQ
    if dhcp:
        text += DHCP.format(client=network.client, site=network.site)
    path = directory.file("dnsmasq.conf")
    path.write_bytes(text.encode() + hosts)
    service = Service(
        "dnsmasq", ["dnsmasq", "--conf-file=-"],
        directory.file("dnsmasq.log"), text=path.read_bytes(),
        keep=("net_admin", "net_raw", "net_bind_service") if dhcp else ())
    service.until("started, version")
    return service


def start_replay(directory, programs, captures, options):
    with open(directory.file("replay.jsonl"), "ab") as out:
        service = Service(
            "replay", [programs.replay, "--listen", "0.0.0.0", "--listen",
                       "::", "--log", "-", *options, *map(str, captures)],
            directory.file("replay.log"), keep=CAN_READ, stdout=out)
    service.until("serving", READING)
    return service


def start_tcpdump(directory, network):
    """Everything that reaches or leaves the client, whole."""
    with open(directory.file("client.pcap"), "wb") as out:
        service = Service(
            "tcpdump", ["tcpdump", "-i", "client0", "-s", "262144", "-B",
                        "65536", "-U", "--immediate-mode", "-w", "-"],
            directory.file("tcpdump.log"), keep=("net_raw", "net_admin"),
            network=network.client_ns, stdout=out)
    service.until("listening on")
    return service
