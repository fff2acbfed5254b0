"""Runs replay as its users do: prints its table, asks it over sockets."""
import re
import socket
import subprocess
import threading

PATIENCE = 60  # seconds


class Replay:
    """A replay of captures on a free port of loopback."""

    def __init__(self, program, paths, *options):
        self.process = subprocess.Popen(
            [program, "--listen", "127.0.0.1:0", *options, *map(str, paths)],
            stderr=subprocess.PIPE, text=True, errors="replace")
        self.said = []
        for line in self.process.stderr:
            self.said.append(line)
            ready = re.search(r"serving .* ports? (\d+)", line)
            if ready:
                self.port = int(ready[1])
                break
        else:
            raise RuntimeError("not serving: " + "".join(self.said)[-1000:])
        # A pipe that nobody reads would fill up and stop the server.
        self.listener = threading.Thread(
            target=lambda: self.said.extend(self.process.stderr))
        self.listener.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.listener.join()
            self.process.stderr.close()
        if self.process.returncode:
            raise RuntimeError(f"exit status {self.process.returncode}: "
                               + "".join(self.said)[-2000:])


def ask(port, request):
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as s:
        s.sendall(request)
        s.shutdown(socket.SHUT_WR)
        answer = b""
        while part := s.recv(1 << 16):
            answer += part
        return answer


def ask_wire(port, wire, states=()):
    """Asks for each exchange that has its bytes in files of a directory, in
    their order. Of one with a gap, the bytes before it have to come. Returns
    how many were asked for, and what was wrong."""
    problems, asked = [], 0
    for request in sorted(wire.glob("*.request"), key=lambda p: int(p.stem)):
        response = request.with_suffix(".response")
        want = response.read_bytes() if response.exists() else b""
        gap = asked < len(states) and states[asked] == "gap"
        asked += 1
        try:
            got = ask(port, request.read_bytes())
        except TimeoutError:
            got = b"no answer in time"
        except OSError as reset:
            got = str(reset).encode() if want else b""
        if got != want and not (gap and got and want.startswith(got)):
            problems.append(f"{request.name}: got {got[:80]!r} ({len(got)}), "
                            f"want {want[:80]!r} ({len(want)})")
    return asked, problems


def rows_of(text):
    """A table whose first line names the columns, as dictionaries."""
    lines = text.split("\n")
    head = lines[0].split("\t")
    return [dict(zip(head, line.split("\t"))) for line in lines[1:] if line]


def list_text(program, paths, *options, **more):
    """What --list prints, and what it says on standard error."""
    done = subprocess.run([program, "--list", *options, *map(str, paths)],
                          capture_output=True, timeout=2 * PATIENCE, **more)
    errors = done.stderr.decode("latin-1")
    if done.returncode:
        raise RuntimeError(f"exit status {done.returncode}: {errors[-2000:]}")
    return done.stdout.decode("latin-1"), errors
