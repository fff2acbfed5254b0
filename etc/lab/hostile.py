"""Handling of what a client's processes say and leave: bounded in length and
in time, and never as anything but data."""
import os
import select
import subprocess
import time

from visit import LabError

ERRORS_MAX = 4096  # bytes of a tool's errors that are looked at
LAST_SECONDS = 10  # for a tool that has said all, to end


def visible(data):
    """Bytes as text that no terminal takes for commands."""
    return "".join(chr(b) if 0x20 <= b < 0x7f and b != 0x5c or b in b"\n\t"
                   else "" if b == 0x0d else f"\\x{b:02x}" for b in data)


def last_line(data, otherwise=""):
    return (visible(data).strip().splitlines() or [otherwise])[-1]


def pieces(source, until):
    """What comes through a pipe; LabError if it has not ended by then, which
    is a moment of the monotonic clock."""
    while True:
        left = until - time.monotonic()
        if left <= 0 or not select.select([source], [], [], left)[0]:
            raise LabError("no end in time")
        piece = os.read(source.fileno(), 1 << 16)
        if not piece:
            return
        yield piece


def output(sandbox, argv, until, **more):
    """What a tool says in the sandbox, by pieces; LabError if it fails. It
    ends when the caller has seen enough."""
    process = sandbox.start(argv, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            **more)
    try:
        yield from pieces(process.stdout, until)
        status = process.wait(LAST_SECONDS)
        os.set_blocking(process.stderr.fileno(), False)
        errors = process.stderr.read(ERRORS_MAX) or b""
    except subprocess.TimeoutExpired:
        raise LabError(f"{argv[0]}: no end in time")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()
    if status:
        raise LabError(last_line(errors, f"{argv[0]}: status {status}"))
