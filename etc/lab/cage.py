"""What a run starts cannot outlive it: all of it lives in a PID namespace
whose first process dies with the lab, however the lab dies. Mounts and
network namespaces of the run go with its last process, so there is nothing to
clean up after a crash.
"""
import contextlib
import ctypes
import os
import signal
import subprocess
import sys

CLONE_NEWNS = 0x00020000
CLONE_NEWUTS = 0x04000000
CLONE_NEWIPC = 0x08000000
CLONE_NEWPID = 0x20000000
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


def _call(name, *arguments):
    if getattr(_libc, name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


def enter_network(fd):
    _call("setns", fd, CLONE_NEWNET)


def new_network():
    """A network namespace of its own, as a descriptor that keeps it alive;
    this process stays where it was."""
    here = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _call("unshare", CLONE_NEWNET)
        made = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        enter_network(here)
    finally:
        os.close(here)
    return made


@contextlib.contextmanager
def inside(fd):
    """The block runs in that network namespace; for labs of one thread."""
    here = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    enter_network(fd)
    try:
        yield
    finally:
        enter_network(here)
        os.close(here)


class Stopped(Exception):
    """Somebody asked the run to end: Ctrl-C, kill."""

    def __init__(self, number):
        super().__init__(signal.Signals(number).name)
        self.number = number


ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def _die_with(parent_alive):
    """The kernel kills this process when its parent dies; the pipe tells
    whether the parent was dead before we said so."""
    _call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    os.set_blocking(parent_alive, False)
    with contextlib.suppress(BlockingIOError):
        if not os.read(parent_alive, 1):
            os._exit(1)


def _raise_stopped(number, _frame):
    for each in ENDING:  # once is enough: what follows is the orderly end
        signal.signal(each, signal.SIG_IGN)
    raise Stopped(number)


def _first_process(parent_alive):
    """Process 1 of the namespaces: in them, everything else is its child."""
    _die_with(parent_alive)
    for number in ENDING:
        signal.signal(number, _raise_stopped)
    _call("unshare",
          CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)
    for command in (["mount", "--make-rprivate", "/"],
                    ["mount", "-t", "proc", "-o", "nosuid,nodev,noexec",
                     "proc", "/proc"]):
        subprocess.run(command, check=True, capture_output=True)


def _fork():
    """fork, the child process 1 of a PID namespace. The caller's later
    children are born where it is itself."""
    with open("/proc/self/ns/pid") as here:
        _call("unshare", CLONE_NEWPID)
        child = os.fork()
        if child:
            _call("setns", here.fileno(), CLONE_NEWPID)
        return child


def _status_of(work, parent_alive):
    """What the first process ends with. It never returns to the caller's
    code, which belongs to another process."""
    try:
        _first_process(parent_alive)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"lab: namespaces are not allowed here: {error}",
              file=sys.stderr)
        return 1
    try:
        return work()
    except Stopped as stopped:
        return 128 + stopped.number
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1


def run(work):
    """Calls work in a cage of its own and returns its exit status. What work
    prints goes where it always goes; signals that end a program reach it as
    an exception, Stopped. Raises OSError if there can be no cage."""
    sys.stdout.flush()
    sys.stderr.flush()
    reading, writing = os.pipe()
    child = _fork()
    if not child:
        os.close(writing)
        status = _status_of(work, reading)
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)  # the kernel kills all that is left inside
    os.close(reading)
    before = [signal.signal(number, lambda n, _: os.kill(child, n))
              for number in ENDING]
    _, status = os.waitpid(child, 0)
    os.close(writing)
    for number, handler in zip(ENDING, before):
        signal.signal(number, handler)
    return os.waitstatus_to_exitcode(status)
