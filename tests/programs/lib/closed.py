"""A closed network for tests of machines: the site's namespace, where every
address is local, and the client's, with a bridge that joins it and a tap."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

LAB = pathlib.Path(__file__).resolve().parents[3] / "etc/lab"
sys.path.insert(0, str(LAB))
UID = 64123  # an unprivileged user whom no system knows

# The holder of a namespace ends with this test: its standard input is a pipe
# that only the test holds. What lies on /dev/net is seen in there alone.
HOLD = """set -e
mount -t tmpfs -o mode=755 tmpfs /dev/net
mknod -m 666 /dev/net/tun c 10 200
ip link set lo up
echo held
exec cat
"""


def have(*programs):
    """The first that is missing."""
    return next((p for p in programs if not shutil.which(p)), None)


class Namespace:
    """A network of its own, and its own /dev/net."""

    def __init__(self):
        self.holder = subprocess.Popen(
            ["unshare", "--net", "--mount", "sh", "-c", HOLD],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        if self.holder.stdout.readline() != "held\n":
            self.holder.wait()
            raise OSError(self.holder.stderr.read().strip())
        self.enter = ["nsenter", "-t", str(self.holder.pid), "-n", "-m", "--"]

    def run(self, script):
        subprocess.run([*self.enter, "sh", "-ec", script], check=True,
                       timeout=30)

    def start(self, *argv, **more):
        return subprocess.Popen([*self.enter, *map(str, argv)], **more)

    def close(self):
        self.holder.stdin.close()
        self.holder.wait(30)
        self.holder.stdout.close()
        self.holder.stderr.close()


class Cage:
    """The sandbox's contract, as far as a machine needs it: no privileges,
    its own network."""

    def __init__(self, home, namespace=None):
        self.home, self.started = str(home), []
        self.enter = namespace.enter if namespace else []
        self.commands = []

    def start(self, argv, *, clock=None, env=None, pass_fds=(), devices=(),
              read=(), **popen):
        assert clock is None, "QEMU needs the real clock to keep time"
        self.commands.append([str(word) for word in argv])
        process = subprocess.Popen(
            [*self.enter, "setpriv", f"--reuid={UID}", f"--regid={UID}",
             "--clear-groups", "--no-new-privs", "--inh-caps=-all",
             "--bounding-set=-all", *argv], pass_fds=pass_fds,
            env=os.environ | (env or {}), cwd=self.home, **popen)
        self.started.append(process)
        return process

    def running(self):
        return [p.args for p in self.started if p.poll() is None]


class Places:
    """Directories of one visit: the client's home, and the run's own. The
    test's TMPDIR is closed to other users, a home must not be."""

    def __init__(self):
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="reenact-",
                                                 dir="/tmp"))
        self.top.chmod(0o711)
        self.count = 0

    def visit(self):
        """A new pair."""
        self.count += 1
        home = self.top / f"home{self.count}"
        keep = self.top / f"keep{self.count}"
        home.mkdir(0o700)
        os.chown(home, UID, UID)
        keep.mkdir(0o700)
        return home, keep

    def close(self):
        shutil.rmtree(self.top)


DNSMASQ = """no-resolv
no-poll
no-hosts
pid-file=
interface=site0
dhcp-range=10.99.0.50,10.99.0.150,255.255.255.0,10m
dhcp-authoritative
no-ping
dhcp-leasefile=/dev/null
log-queries
log-dhcp
"""


class Site:
    """dnsmasq and replay at every address, and a tap that leads to them."""

    def __init__(self, directory, programs, capture):
        self.site, self.client = Namespace(), Namespace()
        self.directory, self.processes = directory, []
        self.join()
        self.serve(programs, capture)

    def join(self):
        self.site.run(f"""
            ip link add site0 type veth peer name client0 netns {
                self.client.holder.pid}
            ip addr add 10.99.0.1/24 dev site0
            ip link set site0 up
            ip route add local 0.0.0.0/0 dev lo""")
        self.client.run(f"""
            ip link add bridge0 type bridge
            ip tuntap add dev tap0 mode tap user {UID}
            ip link set client0 master bridge0
            ip link set tap0 master bridge0
            for name in client0 tap0 bridge0; do
                ip link set $name up
            done""")

    def serve(self, programs, capture):
        hosts = subprocess.run(
            [programs / "dnsgen", "--ip", "recorded", capture], check=True,
            capture_output=True, timeout=60).stdout
        conf = self.directory / "dnsmasq.conf"
        conf.write_bytes(DNSMASQ.encode() + hosts)
        self.log = self.directory / "dnsmasq.log"
        self.replayed = self.directory / "replay.jsonl"
        with open(self.log, "wb") as log:
            self.processes.append(self.site.start(
                "dnsmasq", "--keep-in-foreground", "-C", conf,
                "--log-facility=-", stdout=log, stderr=log))
        replay = self.site.start(
            programs / "replay", "--listen", "0.0.0.0", "--quiet", "--log",
            self.replayed, capture, stderr=subprocess.PIPE)
        self.processes.append(replay)
        said = replay.stderr.readline()
        if b"serving" not in said:
            raise RuntimeError(f"replay: {said!r}")

    def close(self):
        for process in self.processes:
            process.terminate()
            process.wait(30)
            if process.stderr:
                process.stderr.close()
        self.site.close()
        self.client.close()
