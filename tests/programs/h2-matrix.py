#!/usr/bin/env python3
"""HTTP/2 of real clients and servers in clear, captured while they talk: all of
it is listed, as tshark has it, and comes back over HTTP/1.1.

usage: h2-matrix.py SAN_DIR PLAIN_DIR [TEST...]
"""
import collections
import hashlib
import http.client
import json
import os
import shutil
import struct
import subprocess
import sys
import time
import xml.etree.ElementTree

PROGRAMS = ("tcpdump", "tshark", "curl", "nghttp", "nghttpd", "nghttpx",
            "h2load", "unshare", "ip")
PORTS = DIRECT, PUSHING, PROXY, BARE, UPGRADING = range(18080, 18085)
BEHIND = 18090
LOSSES = 60  # segments, each missing once
HOST = "127.0.0.1"


def missing():
    """Why this cannot run here, or None."""
    if os.geteuid():
        return "needs root, to capture"
    for program in PROGRAMS:
        if not shutil.which(program):
            return f"{program} is not installed"
    alone = subprocess.run(["unshare", "-n", "true"], check=False,
                           capture_output=True)
    return "no network namespaces here" if alone.returncode else None


if "H2_MATRIX_ALONE" not in os.environ:
    if why := missing():
        print(why)
        sys.exit(77)
    os.environ["H2_MATRIX_ALONE"] = "1"
    os.execvp("unshare", ["unshare", "-n", sys.executable, *sys.argv])

from playback import *  # in a network of its own
from lib.made import Pcap
from lib.replay import rows_of

FILES = {"/small.txt": b"hello\n", "/empty.txt": b"",
         "/big.bin": hashlib.shake_256(b"big").digest(150000),
         "/page.html": b"<p>page</p>\n" * 500}
NOT_THERE = ["/nope", "/nope?" + "q" * 300]


class Traffic:
    """Servers, tcpdump, and what clients have asked for."""

    def __init__(self):
        self.path = TMP / "h2.pcap"
        self.asked = collections.Counter()
        www = TMP / "www"
        www.mkdir()
        for target, body in FILES.items():
            (www / target[1:]).write_bytes(body)
        self.processes = []
        self.serve("nghttpd", "--no-tls", "-d", www, "--trailer", "x-end: yes",
                   DIRECT)
        self.serve("nghttpd", "--no-tls", "-d", www, "--echo-upload",
                   "-p", "/page.html=/small.txt,/big.bin", PUSHING)
        self.serve("nghttpd", "--no-tls", "-d", www, "--no-content-length",
                   "--encoder-header-table-size=0", BARE)
        # What is behind the proxy is not captured.
        self.serve("nghttpd", "--no-tls", "-d", www, BEHIND)
        self.serve("nghttpx", "-f", f"{HOST},{PROXY};no-tls",
                   "-f", f"{HOST},{UPGRADING};no-tls",
                   "-b", f"{HOST},{BEHIND};;proto=h2",
                   "--errorlog-file", TMP / "nghttpx", "--conf=/dev/null")
        for port in PORTS:
            until(f"port {port}", lambda p=port: self.answers(p))
        ports = " or ".join(f"port {p}" for p in PORTS)
        self.dump = subprocess.Popen(
            ["tcpdump", "-i", "lo", "-B", "65536", "-w", self.path, ports],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        while "listening" not in (line := self.dump.stderr.readline()):
            true(line, "tcpdump listens")

    def serve(self, *command):
        self.processes.append(subprocess.Popen(
            list(map(str, command)), stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL))

    @staticmethod
    def answers(port):
        done = subprocess.run(["curl", "-s", "-o", "/dev/null",
                               "--http2-prior-knowledge",
                               f"http://{HOST}:{port}/small.txt"],
                              check=False)
        return done.returncode == 0

    def client(self, *command):
        done = subprocess.run(list(map(str, command)), capture_output=True,
                              check=False, timeout=PATIENCE * 3)
        same(done.returncode, 0, " ".join(map(str, command))
             + (done.stderr or done.stdout).decode("latin-1"))

    def expect(self, port, method, targets, times=1):
        for target in targets:
            self.asked[port, method, target] += times

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in [*self.processes, self.dump]:
            process.terminate()
        for process in [*self.processes, self.dump]:
            process.wait(PATIENCE)

    def end(self):
        time.sleep(1)  # what came last is on its way to tcpdump
        self.dump.send_signal(signal.SIGINT)
        said = self.dump.stderr.read()
        self.dump.wait(PATIENCE)
        true("\n0 packets dropped by kernel" in "\n" + said, said)


def curl(t, *command):
    """One URL each: curl 7.88 cannot use such a connection again."""
    t.client("curl", "-sS", "-o", "/dev/null", *command)


def curls(t):
    """By prior knowledge: uploads, HEAD, what is not there."""
    for port in DIRECT, BARE, PROXY:
        for target in [*FILES, *NOT_THERE]:
            curl(t, "--http2-prior-knowledge", f"http://{HOST}:{port}{target}")
            t.expect(port, "GET", [target])
        curl(t, "--http2-prior-knowledge", "-I",
             f"http://{HOST}:{port}/big.bin")
        t.expect(port, "HEAD", ["/big.bin"])
    curl(t, "--http2-prior-knowledge", "--data-binary",
         f"@{TMP}/www/big.bin", "-H", "Cookie: a=1; b=2",
         f"http://{HOST}:{PUSHING}/small.txt")
    t.expect(PUSHING, "POST", ["/small.txt"])


def upgrades(t):
    for target in "/small.txt", "/page.html", "/nope":
        curl(t, "--http2", f"http://{HOST}:{UPGRADING}{target}")
        t.expect(UPGRADING, "GET", [target])
    targets = ["/big.bin", "/small.txt", "/nope"]
    t.client("nghttp", "-nu", *[f"http://{HOST}:{UPGRADING}{n}" for n in targets])
    t.expect(UPGRADING, "GET", targets)


def nghttps(t):
    """Padding, CONTINUATION, table sizes, priorities, dependencies."""
    options = [["--padding=200"], ["--continuation"],
               ["--header-table-size=0"], ["--header-table-size=65536"],
               ["--header-table-size=100", "--header-table-size=8192"],
               ["--encoder-header-table-size=0"], ["-m", "5"],
               ["--no-dep", "-w", "16", "-W", "18"],
               ["-H", "cookie: " + "c" * 5000, "--trailer", "x-more: yes",
                "-d", f"{TMP}/www/page.html"]]
    for n, more in enumerate(options):
        port = (DIRECT, BARE)[n % 2]
        times = 5 if "-m" in more else 1
        t.client("nghttp", "-n", "--no-push", *more,
                 *[f"http://{HOST}:{port}{n}" for n in FILES])
        t.expect(port, "POST" if "-d" in more else "GET", FILES, times)


def pushes(t):
    """Also what is pushed, and asked by nobody."""
    t.client("nghttp", "-n", f"http://{HOST}:{PUSHING}/page.html")
    t.expect(PUSHING, "GET", ["/page.html", "/small.txt", "/big.bin"])


def loads(t):
    t.client("h2load", "-n", "200", "-c", "4", "-m", "10",
             *[f"http://{HOST}:{BARE}{n}" for n in ("/small.txt",
                                                    "/page.html")])
    t.expect(BARE, "GET", ["/small.txt", "/page.html"], 100)


def listed(path):
    """The rows, and JSON's objects."""
    text = subprocess.run([SAN / "replay", "--list", path], check=True,
                          capture_output=True, text=True).stdout
    lines = subprocess.run([SAN / "replay", "--list", "--format", "json",
                            path], check=True, capture_output=True,
                           text=True).stdout
    return rows_of(text), [json.loads(n) for n in lines.splitlines()]


def truth(key):
    """Status and digest of what the files say, None if they do not."""
    port, method, target = key
    if target in NOT_THERE or (method == "POST" and port == PUSHING):
        return None
    body = b"" if method == "HEAD" else FILES[target]
    return "200", hashlib.sha256(body).hexdigest()


def check_rows(rows, asked):
    have = collections.Counter()
    for row in rows:
        key = int(row["server"].split(":")[1]), row["method"], row["target"]
        have[key] += 1
        same(row["state"], "complete", str(row))
        same(row["version"], "HTTP/2", str(row))
        if truth(key):
            same((row["status"], row["sha256"]), truth(key), str(row))
        elif row["method"] != "POST":
            same(row["status"], "404", str(row))
    same({k: (have[k], asked[k]) for k in have | asked
          if have[k] != asked[k]}, {}, "listed and asked for")


# ---- as tshark has it ----

def values(element, name):
    return [f.get("show") for f in element.iter("field")
            if f.get("name") == name]


def bytes_of(element, name):
    return b"".join(bytes.fromhex(f.get("value") or "")
                    for f in element.iter("field") if f.get("name") == name)


def take_body(row, frame):
    """A body of many frames stands once more, as a whole, in the last one."""
    whole = bytes_of(frame, "http2.body.reassembled.data")
    if whole:
        row["body"] = whole
    elif values(frame, "http2.type") == ["0"]:
        row["body"] += bytes_of(frame, "http2.data.data")


def take_frame(rows, stream, frame, of_server):
    """A frame of HTTP/2 in PDML into the row of its stream."""
    if not values(frame, "http2.streamid"):
        return  # the client's preface
    number = values(frame, "http2.streamid")[0]
    if promised := values(frame, "http2.push_promise.promised_stream_id"):
        number = promised[0]
    row = rows.setdefault((stream, int(number)), {"body": b""})
    for name in "method", "path", "status":
        if found := values(frame, f"http2.headers.{name}"):
            row[name] = found[0]
    if of_server and not promised:
        take_body(row, frame)


def packets(path):
    """Each packet of tshark's PDML: ports, stream, its layers."""
    decode = [a for p in PORTS for a in
              ("-d", f"tcp.port=={p},http{'' if p == UPGRADING else '2'}")]
    process = subprocess.Popen(
        ["tshark", "-r", path, *decode, "-Y", "http or http2", "-T", "pdml"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    for _, element in xml.etree.ElementTree.iterparse(process.stdout):
        if element.tag == "packet":
            yield element
            element.clear()
    process.wait()


def take_upgrade(rows, stream, layer):
    """The request that an upgrade answers is stream 1's."""
    if method := values(layer, "http.request.method"):
        row = rows.setdefault((stream, 1), {"body": b""})
        row["method"] = method[0]
        row["path"] = values(layer, "http.request.uri")[0]


def of_tshark(path):
    """Rows by connection and stream."""
    rows = {}
    for packet in packets(path):
        stream = int(values(packet, "tcp.stream")[0])
        of_server = int(values(packet, "tcp.srcport")[0]) in PORTS
        for layer in packet.iter("proto"):
            if layer.get("name") == "http":
                take_upgrade(rows, stream, layer)
            for frame in layer.iter("field"):
                if frame.get("name") == "http2.stream":
                    take_frame(rows, stream, frame, of_server)
    return {k: (r["method"], r["path"], r.get("status"),
                hashlib.sha256(r["body"]).hexdigest())
            for k, r in rows.items() if "method" in r}


def check_tshark(path, objects):
    ours = {(o["stream"], o["stream_id"]):
            (o["method"], o["target"], str(o["status"]), o["sha256"])
            for o in objects}
    theirs = of_tshark(path)
    same(sorted(set(ours) ^ set(theirs)), [], "rows of one alone")
    # Where the size of a table changes, tshark loses blocks: what the files
    # say has shown that they were read right.
    blind = {k for k in theirs if theirs[k][2] is None}
    true(len(blind) * 4 < len(theirs), f"tshark read no status: {len(blind)}")
    for k in blind:
        ours[k] = (*ours[k][:2], None, ours[k][3])
    same([(k, ours[k], theirs[k]) for k in ours if ours[k] != theirs[k]][:5],
         [], "rows that differ from tshark's")
    return len(blind)


# ---- served ----

def check_served(path, objects):
    """Status, fields and body over HTTP/1.1, on one connection: each end is
    told by the framing."""
    with Replay(path, directory=PLAIN) as r:
        connection = http.client.HTTPConnection(HOST, r.port, PATIENCE)
        done = set()
        for o in objects:
            key = o["host"], o["method"], o["target"]
            if o["method"] == "POST" or key in done:
                continue
            done.add(key)
            connection.request(o["method"], o["target"],
                               headers={"Host": o["host"]})
            got = connection.getresponse()
            body = got.read()
            true(not got.will_close, f"{key} closes")
            same((got.status, hashlib.sha256(body).hexdigest()),
                 (o["status"], o["sha256"]), str(key))
            ours = [(f["name"], f["value"]) for f in o["response_fields"]]
            rest = [f for f in got.getheaders() if f not in ours]
            true(not rest or rest == [("content-length", str(len(body)))],
                 f"{key}: {rest}")
            true(all(f in got.getheaders() for f in ours), str(key))
        true(len(done) > 20, f"only {len(done)} were asked for")


# ---- with losses ----

def said_by_server(record):
    """Bytes of a segment (Ethernet, IPv4, TCP) from one of the servers."""
    ip = 16 + 14
    tcp = ip + (record[ip] & 15) * 4
    port, = struct.unpack_from(">H", record, tcp)
    total, = struct.unpack_from(">H", record, ip + 2)
    return (port in PORTS) * (ip + total - tcp - (record[tcp + 12] >> 4) * 4)


def check_losses(path, whole):
    """A segment that a server sent is missing: what is still called complete
    is, of the same connection, and no more is lost than that connection."""
    def key(row):
        return tuple(row[c] for c in ("stream", "method", "target", "status",
                                      "bytes", "sha256"))
    pcap = Pcap.of(path.read_bytes())
    places = [i for i, r in enumerate(pcap.records) if said_by_server(r) > 40]
    all_rows = collections.Counter(key(r) for r in whole)
    lost = found = 0
    for place in places[::max(1, len(places) // LOSSES)]:
        records = pcap.records[:place] + pcap.records[place + 1:]
        lossy = path.with_name("lossy.pcap")
        lossy.write_bytes(pcap.head + b"".join(records))
        done = subprocess.run([SAN / "replay", "--list", lossy], check=True,
                              capture_output=True, text=True)
        good = collections.Counter(
            key(r) for r in rows_of(done.stdout) if r["state"] == "complete")
        same(good - all_rows, collections.Counter(), f"without {place}")
        gone = all_rows - good
        true(len({k[0] for k in gone}) <= 1, f"without {place}: {gone}")
        lost += sum(gone.values())
        found += "read on behind" in done.stderr
    true(found > 0, "no frames were found again")
    return f"{lost} rows lost by {LOSSES} segments, {found} gaps over frames"


def h2_matrix():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with Traffic() as t:
        for clients in curls, upgrades, nghttps, pushes, loads:
            clients(t)
        t.end()
    rows, objects = listed(t.path)
    check_rows(rows, t.asked)
    blind = check_tshark(t.path, objects)
    check_served(t.path, objects)
    print(check_losses(t.path, rows))
    print(f"{len(rows)} exchanges of HTTP/2, all as tshark has them "
          f"({blind} without a status there)")


run([h2_matrix])
