"""Where the client's processes live: bubblewrap shows them the system read
only, a home, and nothing of the lab; they run as a user who owns nothing
else. The site's programs get less: what they read is hostile too.
"""
import os
import pathlib
import shutil
import stat
import subprocess
import time

import cage
from visit import LabError

# Nobody's: reserved by Debian (policy 9.2.2), so no account has them.
CLIENT_USER, SITE_USER = 65066, 65067

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32",
          "/etc", "/opt", "/var/cache/fontconfig", "/var/lib/dbus")
# Built from clock.c: of the checkout this file is in, or installed.
HERE = pathlib.Path(__file__).resolve().parent
CLOCK = (HERE.parents[1] / "build/clock.so",
         HERE.parents[2] / "lib/reenact/clock.so")
PRELOAD = "/run/clock.so"  # as the client sees it


def needs(*programs):
    missing = [p for p in programs if not shutil.which(p)]
    if missing:
        raise LabError("not installed: " + ", ".join(missing))


def unprivileged(user, keep=()):
    """Becomes that user for good; keep: capabilities that stay."""
    wanted = ["-all"] + [f"+{c}" for c in keep]
    command = ["setpriv", f"--reuid={user}", f"--regid={user}",
               "--clear-groups", "--no-new-privs",
               "--inh-caps=" + ",".join(wanted),
               "--bounding-set=" + ",".join(wanted)]
    if keep:
        command.append("--ambient-caps=" + ",".join(wanted))
    return command + ["--"]


def clock_library():
    library = next((path for path in CLOCK if path.is_file()), None)
    if not library:
        raise LabError(f"{CLOCK[0]} is missing: run make, or take --clock "
                       "now")
    return library


def reachable(path):
    """bubblewrap makes the folders above what it binds for root alone."""
    walls = []
    for parent in reversed(pathlib.Path(path).parents[:-1]):
        if not str(parent).startswith(SYSTEM):
            walls += ["--perms", "0755", "--dir", str(parent)]
    return walls


class Sandbox:
    """directory becomes the home; made and owned here. files: what stands in
    /etc beside the system's own, by name."""

    home = "/home/client"

    def __init__(self, directory, network, files):
        self.directory = pathlib.Path(directory)
        self.network = network
        self.files = files
        self.started = []
        self.nodes = None  # devices
        os.chown(self.directory, CLIENT_USER, CLIENT_USER)

    def _walls(self, clock, devices, read):
        walls = ["bwrap", "--die-with-parent", "--unshare-pid",
                 "--unshare-ipc", "--unshare-uts", "--hostname", "client",
                 "--dev", "/dev", "--proc", "/proc",
                 "--perms", "0755", "--dir", "/var"]
        for path in SYSTEM:
            if os.path.islink(path):
                walls += ["--symlink", os.readlink(path), path]
            elif os.path.exists(path):
                walls += ["--ro-bind", path, path]
        for path in "/tmp", "/dev/shm", "/var/tmp":
            walls += ["--perms", "1777", "--tmpfs", path]
        for path in "/home", "/root", "/run":
            walls += ["--tmpfs", path]
        for name, path in self.files.items():
            walls += ["--ro-bind", str(path), os.path.realpath(f"/etc/{name}")
                      if name == "resolv.conf" else f"/etc/{name}"]
        if clock is not None:
            walls += ["--ro-bind", str(clock_library()), PRELOAD]
        for path in devices:
            if os.path.exists(path):
                walls += reachable(path) + ["--dev-bind",
                                            self._device(path), path]
        for path in map(str, read):
            walls += reachable(path) + ["--ro-bind", path, path]
        return walls + [
            "--bind", str(self.directory), self.home, "--chdir", self.home,
            "--clearenv"]

    def _device(self, path):
        """A node for that device which the client may open, whatever rights
        the system's own gives to whom: on a file system of this cage's own,
        which goes with it."""
        nodes = self.directory.with_name(self.directory.name + "-dev")
        if not nodes.exists():
            nodes.mkdir()
            subprocess.run(["mount", "-t", "tmpfs", "-o",
                            "mode=0755,nosuid,noexec", "lab", nodes],
                           check=True)
            self.nodes = nodes
        node = nodes / path.replace("/", "-")
        if not node.exists():
            os.mknod(node, 0o600 | stat.S_IFCHR, os.stat(path).st_rdev)
            os.chown(node, CLIENT_USER, CLIENT_USER)
        return str(node)

    def _environment(self, clock, env):
        whole = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": self.home,
                 "USER": "client", "LANG": "C.UTF-8",
                 "XDG_RUNTIME_DIR": "/tmp"}
        whole.update(env or {})
        if clock is not None:
            whole.update(LD_PRELOAD=PRELOAD,
                         LAB_CLOCK=str(round(clock - time.time())))
        return whole

    def start(self, argv, *, clock=None, env=None, pass_fds=(), devices=(),
              read=(), **popen):
        variables = self._environment(clock, env)
        command = (self._walls(clock, devices, read) + unprivileged(CLIENT_USER)
                   + ["env", "-i"]
                   + [f"{k}={v}" for k, v in variables.items()]
                   + list(argv))
        popen.setdefault("stdin", subprocess.DEVNULL)
        popen.setdefault("stdout", subprocess.DEVNULL)
        popen.setdefault("stderr", subprocess.DEVNULL)
        process = subprocess.Popen(
            command, pass_fds=pass_fds, start_new_session=True,
            preexec_fn=lambda: cage.enter_network(self.network), **popen)
        self.started.append(process)
        return process

    def stop(self):
        """Ends what is left of the client; its namespace ends with it."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
        for process in self.started:
            process.wait()
        if self.nodes:
            subprocess.run(["umount", self.nodes], check=True)
            self.nodes.rmdir()
            self.nodes = None
