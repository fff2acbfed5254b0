"""Two network namespaces, a site in one, clients in the other, in a sandbox as
the lab has one: for tests of clients without the lab."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
LAB = HERE.parents[2] / "etc" / "lab"

sys.path.insert(0, str(LAB))
import cage  # noqa: E402
import network  # noqa: E402
import sandbox  # noqa: E402


def missing():
    """Why there can be no such network here, or None."""
    if os.geteuid():
        return "needs root"
    for program in "bwrap", "ip", "nsenter", "setpriv", "unshare":
        if not shutil.which(program):
            return f"{program} is not installed"
    made = subprocess.run(["unshare", "-n", "-p", "-f", "-m", "--mount-proc",
                           "bwrap", "--ro-bind", "/", "/", "true"],
                          capture_output=True, check=False)
    return "namespaces are not allowed here" if made.returncode else None


class Net:
    """The site and the client's network; ends both."""

    def __init__(self, clock: float):
        self.told, self.processes = [], []
        self.site = self.run(
            ["unshare", "-n", "--kill-child", sys.executable,
             str(HERE / "lab_site.py"), str(clock)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.client = self.run(["unshare", "-n", "sh", "-c",
                                "echo up; exec sleep 3600"],
                               stdout=subprocess.PIPE, text=True)
        for process in self.processes:
            assert process.stdout.readline() == "up\n"
        self.namespace = os.open(f"/proc/{self.client.pid}/ns/net",
                                 os.O_RDONLY | os.O_CLOEXEC)
        self.join()
        self.site.stdin.write("serve\n")
        self.site.stdin.flush()
        assert "ready" in self.site.stdout.readline()
        threading.Thread(target=self.read, daemon=True).start()

    def run(self, argv, **how):
        self.processes.append(subprocess.Popen(argv, **how))
        return self.processes[-1]

    def join(self):
        site, client = self.site.pid, self.client.pid
        # as in the lab: see network.py
        self.set(client, "net/ipv6/conf/default/accept_dad", 0)
        for pid, command in (
                (site, "link set lo up"), (client, "link set lo up"),
                (site, "link add site type veth peer name client"
                       f" netns {client}"),
                (site, "address add 10.9.0.1/24 dev site"),
                (site, "link set site up"),
                (site, "route add local 0.0.0.0/0 dev lo"),
                (client, "address add 10.9.0.2/24 dev client"),
                (client, "link set client up"),
                (client, "route add default via 10.9.0.1")):
            subprocess.run(["nsenter", "-t", str(pid), "-n", "ip",
                            *command.split()], check=True)
        with cage.inside(self.namespace):
            network.wait_for("client")
        # answers may come from any address
        for name in "all", "site":
            self.set(site, f"net/ipv4/conf/{name}/rp_filter", 0)

    @staticmethod
    def set(pid, name, value):
        subprocess.run(["nsenter", "-t", str(pid), "-n", "sh", "-c",
                        f"echo {value} > /proc/sys/{name}"],
                       check=False, stderr=subprocess.DEVNULL)

    def read(self):
        for line in self.site.stdout:
            self.told.append(json.loads(line))

    def packets(self) -> int:
        with open(f"/proc/{self.client.pid}/net/dev") as lines:
            for line in lines:
                name, _, rest = line.partition(":")
                if name.strip() == "client":
                    fields = rest.split()
                    return int(fields[1]) + int(fields[9])
        raise AssertionError("the client's interface is gone")

    def close(self):
        os.close(self.namespace)
        for process in self.processes:
            process.kill()
            process.wait()


class Sandbox(sandbox.Sandbox):
    """The lab's own, in this network."""

    def __init__(self, net: Net, directory: pathlib.Path):
        self.net = net
        files = {"resolv.conf": "nameserver 10.9.0.1\n",
                 "hosts": "127.0.0.1 localhost client\n"}
        for name, text in files.items():
            path = files[name] = directory.parent / name
            path.write_text(text)
            path.chmod(0o644)
        super().__init__(directory, net.namespace, files)

    def running(self) -> list:
        """Processes in the client's network beside its keeper."""
        there = os.readlink(f"/proc/{self.net.client.pid}/ns/net")
        found = []
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if (os.readlink(entry / "ns/net") == there
                        and int(entry.name) != self.net.client.pid):
                    found.append((entry / "cmdline").read_bytes()[:80])
            except OSError:
                pass
        return found

    def family(self) -> list:
        """All processes that came of those started."""
        parents = {}
        for entry in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                stat = (entry / "stat").read_text()
                parents[int(entry.name)] = int(stat.rpartition(")")[2].split()
                                               [1])
            except OSError:
                pass
        found = {p.pid for p in self.started}
        while more := {pid for pid, parent in parents.items()
                       if parent in found and pid not in found}:
            found |= more
        return sorted(found)


def filtered(pid: int) -> tuple:
    """A process' command and whether a seccomp filter holds it."""
    place = pathlib.Path(f"/proc/{pid}")
    command = (place / "cmdline").read_bytes().replace(b"\0", b" ").decode(
        errors="replace")
    return command, "Seccomp:\t2" in (place / "status").read_text()


def make_home(base: pathlib.Path, name: str) -> pathlib.Path:
    home = base / name
    home.mkdir(mode=0o700)
    return home
