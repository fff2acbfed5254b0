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
FAKETIME = ("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
            "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
            "/usr/lib64/faketime/libfaketime.so.1",
            "/usr/lib/faketime/libfaketime.so.1")


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


def faketime(clock):
    """Variables that move a process and all that it starts, to a clock that
    shows that time now: as a distance, or each new process would begin at
    the same moment again. The monotonic clock is moved along: told to leave
    it, libfaketime 0.9.10 makes Chromium wait for ever."""
    if clock is None:
        return {}
    library = next((p for p in FAKETIME if pathlib.Path(p).exists()), None)
    if not library:
        raise LabError("libfaketime is not installed; --clock now does "
                       "without")
    return {"LD_PRELOAD": library, "FAKETIME": f"{clock - time.time():+.3f}"}


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

    def __init__(self, directory, network, files, display=False):
        self.directory = pathlib.Path(directory)
        self.network = network
        self.files = files
        self.display = display
        self.running = []
        self.nodes = None  # devices
        os.chown(self.directory, CLIENT_USER, CLIENT_USER)

    def _walls(self, devices, read):
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
        for path in devices:
            if os.path.exists(path):
                walls += reachable(path) + ["--dev-bind",
                                            self._device(path), path]
        for path in map(str, read):
            walls += reachable(path) + ["--ro-bind", path, path]
        return walls + self._display() + [
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

    def _display(self):
        if not self.display:
            return []
        walls = ["--ro-bind-try", "/tmp/.X11-unix", "/tmp/.X11-unix"]
        authority = os.environ.get("XAUTHORITY")
        if authority:
            copy = self.directory / ".Xauthority"
            shutil.copyfile(authority, copy)
            os.chown(copy, CLIENT_USER, CLIENT_USER)
        return walls

    def _environment(self, clock, env):
        whole = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "HOME": self.home,
                 "USER": "client", "LANG": "C.UTF-8",
                 "XDG_RUNTIME_DIR": "/tmp"}
        if self.display:
            whole["DISPLAY"] = os.environ.get("DISPLAY", "")
            whole["XAUTHORITY"] = self.home + "/.Xauthority"
        return {**whole, **(env or {}), **faketime(clock)}

    def start(self, argv, *, clock=None, env=None, pass_fds=(), devices=(),
              read=(), **popen):
        variables = self._environment(clock, env)
        command = (self._walls(devices, read) + unprivileged(CLIENT_USER)
                   + ["env", "-i"]
                   + [f"{k}={v}" for k, v in variables.items()]
                   + list(argv))
        popen.setdefault("stdin", subprocess.DEVNULL)
        popen.setdefault("stdout", subprocess.DEVNULL)
        popen.setdefault("stderr", subprocess.DEVNULL)
        process = subprocess.Popen(
            command, pass_fds=pass_fds, start_new_session=True,
            preexec_fn=lambda: cage.enter_network(self.network), **popen)
        self.running.append(process)
        return process

    def stop(self):
        """Ends what is left of the client; its namespace ends with it."""
        for process in self.running:
            if process.poll() is None:
                process.kill()
        for process in self.running:
            process.wait()
        if self.nodes:
            subprocess.run(["umount", self.nodes], check=True)
            self.nodes.rmdir()
            self.nodes = None
