"""A shell on a terminal of its own that is typed to, keys included."""
import os
import pty
import select
import signal
import time

PATIENCE = 30


class Terminal:
    def __init__(self, command, directory, environment):
        self.seen = b""
        self.pid, self.master = pty.fork()
        if self.pid == 0:
            os.chdir(directory)
            os.execvpe(command[0], command,
                       {**os.environ, **environment, "TERM": "dumb"})

    def type(self, text):
        os.write(self.master, text.encode())

    def until(self, mark):
        """What it showed up to the mark, which is taken too."""
        end = time.monotonic() + PATIENCE
        while mark.encode() not in self.seen:
            ready, _, _ = select.select([self.master], [], [],
                                        max(0, end - time.monotonic()))
            if not ready:
                raise AssertionError(f"no {mark!r} in {self.seen!r}")
            self.seen += os.read(self.master, 65536)
        before, self.seen = self.seen.split(mark.encode(), 1)
        return before.decode(errors="replace").replace("\r", "")

    def close(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.master)
