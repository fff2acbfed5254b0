"""Any program as a client of the lab: a command line for the shell, which
finds the page's address in $URL and the wanted User-Agent in $USER_AGENT.

It ends by itself, or when its time is over; what it prints is kept."""
import os
import selectors
import subprocess
import time

import authority
import channel
import keeping
from visit import Kind, Visit

OUTPUT = 16 << 20  # bytes that are kept
READ = 1 << 16


def environment(v: Visit) -> dict:
    wanted = {"URL": v.url, "USER_AGENT": v.user_agent}
    return {**authority.environment(v),
            **{name: value for name, value in wanted.items() if value}}


def copy(source, out, until: float) -> dict:
    """Keeps what comes, until its end or the time is over."""
    size = kept = 0
    os.set_blocking(source.fileno(), False)
    with selectors.DefaultSelector() as ready:
        ready.register(source, selectors.EVENT_READ)
        while (left := until - time.monotonic()) > 0:
            if not ready.select(left):
                continue
            data = os.read(source.fileno(), READ)
            if not data:
                break
            size += len(data)
            kept += out.write(data[:OUTPUT - kept])
    return {"file": "output.txt", "bytes": kept, "cut": size > kept}


def visit(kind: Kind, v: Visit) -> dict:
    began = time.monotonic()
    until = began + v.longest
    process = v.sandbox.start(
        ["/bin/sh", "-c", kind.program, "sh", *kind.options], clock=v.clock,
        env=environment(v), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        with keeping.create(v.keep / "output.txt") as out:
            output = copy(process.stdout, out, until)
        try:
            status = process.wait(max(0.1, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            status = None
    finally:
        channel.end(process)
        process.stdout.close()
    return {"command": kind.program, "status": status, "output": output,
            "rest": {"by": "longest" if status is None else "end",
                     "seconds": round(time.monotonic() - began, 1)}}
