#!/usr/bin/env python3
"""Asks replay for every complete exchange of the torture captures, as it was
recorded, and holds what comes back against the very bytes (issue: P6, P7)."""
import glob, os, re, signal, socket, subprocess, sys

san, plain = sys.argv[1:3]
corpus = os.environ.get("CORPUS", "../shared/corpus")
torture = os.path.join(corpus, "torture")


def start(captures):
    server = subprocess.Popen(
        [os.path.join(san, "replay"), "-q", "-l", "127.0.0.1:0"] + captures,
        stderr=subprocess.PIPE, text=True)
    said = []
    for line in server.stderr:
        said.append(line)
        ready = re.search(r"serving .* ports (\d+)$", line)
        if ready:
            return server, int(ready.group(1))
    sys.exit("replay did not start: " + "".join(said))


def ask(port, request):
    with socket.create_connection(("127.0.0.1", port), 10) as s:
        s.sendall(request)
        s.shutdown(socket.SHUT_WR)
        answer = b""
        while True:
            more = s.recv(1 << 16)
            if not more:
                return answer
            answer += more


def captures_of(wire):
    name = wire[:-len(".wire")]
    if name.endswith(".parts"):
        return sorted(glob.glob(name[:-1] + "[0-9]*.pcap*[!vw]"))
    return [name]


def captures_of_parts(wire):
    base = wire[:-len("s.wire")]
    return sorted(f for f in glob.glob(base + "[0-9].*")
                  if not f.endswith((".tsv", ".wire")))


if not os.path.isdir(torture):
    print("skipped: no corpus at", corpus)
    sys.exit(77)
good = bad = 0
for wire in sorted(glob.glob(os.path.join(torture, "*.wire"))):
    parts = wire.endswith(".parts.wire")
    captures = captures_of_parts(wire) if parts else [wire[:-len(".wire")]]
    server, port = start(captures)
    for path in sorted(glob.glob(os.path.join(wire, "*.request"))):
        request = open(path, "rb").read()
        expected = open(path[:-len("request")] + "response", "rb").read()
        answer = ask(port, request)
        if answer == expected:
            good += 1
            continue
        bad += 1
        print("%s: %d bytes for %d: %r" % (path[len(torture) + 1:],
              len(answer), len(expected), answer[:60]))
    server.send_signal(signal.SIGTERM)
    rest = server.stderr.read()
    if server.wait() != 0:
        print("%s: replay ended with %d: %s" % (wire, server.returncode, rest))
        bad += 1
print("%d of %d exchanges came back byte for byte" % (good, good + bad))
sys.exit(bad > 0)
