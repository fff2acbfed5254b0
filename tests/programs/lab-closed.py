#!/usr/bin/env python3
"""The lab's network is closed, its client sees and may change nothing of this
machine, and nothing of a run outlives it.

usage: lab-closed.py SAN_DIR PLAIN_DIR [TEST...]
"""
import contextlib
import os
import pathlib
import random
import re
import signal
import socket
import subprocess
import threading
import time

from lib import lab
from playback import PLAIN, TMP, run, same, true, until

USERS = {65066, 65067}  # the client's and the site's
ETH_P_ALL = 3


def processes():
    """Of a lab: by user, or by what they are."""
    found = {}
    for path in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            status = (path / "status").read_text()
            user = int(re.search(r"Uid:\s+(\d+)", status)[1])
            words = (path / "cmdline").read_bytes().split(b"\0")
            if user in USERS or any(w.endswith(b"etc/lab/lab")
                                    for w in words):
                found[int(path.name)] = words
    return found


def mounts():
    return pathlib.Path("/proc/self/mountinfo").read_text()


def client_process(name):
    """The process of that name which the client runs, once it is there."""
    def find():
        return next((pid for pid, words in processes().items()
                     if words[0].endswith(name)), None)
    return until(f"{name} in the lab", find, 60)


# ---- what leaves -----------------------------------------------------------


class Sniffer(threading.Thread):
    """All packets that a network namespace sees on any interface."""

    def __init__(self, path=None):
        super().__init__(daemon=True)
        self.packets, self.done = [], False
        self.socket = self.open(path)
        self.socket.settimeout(0.2)
        self.start()

    @staticmethod
    def open(path):
        if not path:
            return socket.socket(socket.AF_PACKET, socket.SOCK_RAW,
                                 socket.htons(ETH_P_ALL))
        made = []

        def there():
            with open(path) as fd:
                # a thread may move alone
                __import__("ctypes").CDLL(None).setns(fd.fileno(), 0)
            made.append(Sniffer.open(None))
        thread = threading.Thread(target=there)
        thread.start()
        thread.join()
        return made[0]

    def run(self):
        while not self.done:
            with contextlib.suppress(TimeoutError):
                self.packets.append(self.socket.recv(65536))

    def stop(self):
        self.done = True
        self.join()
        self.socket.close()
        return self.packets


def destinations(seed):
    """50 of them: public, private, multicast-like, special; and ports."""
    r = random.Random(seed)
    four = ["8.8.8.8", "1.1.1.1", "192.0.2.1", "203.0.113.66", "10.0.0.1",
            "10.66.0.77", "172.16.0.1", "192.168.1.1", "169.254.169.254",
            "100.64.0.1"]
    four += [".".join(str(r.randrange(1, 224) if i == 0 else
                          r.randrange(1, 255)) for i in range(4))
             for _ in range(20)]
    four = [a if not a.startswith("127.") else "126.1.2.3" for a in four]
    six = ["2001:4860:4860::8888", "2606:4700:4700::1111", "2001:db8::1",
           "fd00::1", "fec0::1", "64:ff9b::808:808"]
    six += ["2%03x:%x::%x" % (r.randrange(0x1000), r.randrange(0x10000),
                              r.randrange(1, 0x10000)) for _ in range(14)]
    ports = [53, 80, 443, 853, 123, 22, 4444, 8080, 65535, 1]
    return [(a, r.choice(ports)) for a in four + six]


PROBE = r"""
import socket, struct, sys
def checksum(data):
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    total = (total >> 16) + (total & 65535)
    return ~(total + (total >> 16)) & 65535
def icmp(family):
    kind = 8 if family == socket.AF_INET else 128
    head = struct.pack('!BBHHH', kind, 0, 0, 7, 1)
    return head[:2] + struct.pack('!H', checksum(head)) + head[4:]
for line in sys.stdin:
    address, port = line.split()
    family = socket.AF_INET6 if ':' in address else socket.AF_INET
    tcp = socket.socket(family, socket.SOCK_STREAM)
    tcp.settimeout(3)
    udp = socket.socket(family, socket.SOCK_DGRAM)
    raw = socket.socket(family, socket.SOCK_RAW,
                        1 if family == socket.AF_INET else 58)
    told = []
    for name, send in (('tcp', lambda: tcp.connect_ex((address, int(port)))),
                       ('udp', lambda: udp.sendto(b'x', (address, int(port)))),
                       ('icmp', lambda: raw.sendto(icmp(family),
                                                   (address, 0)))):
        try:
            told.append('%s %s' % (name, send()))
        except OSError as error:
            told.append('%s %s' % (name, error))
    print(address, port, ', '.join(told), flush=True)
"""


def carries(packet, address):
    """In its IP, ARP or ND header; four bytes are soon found in what follows,
    as in the times of TCP."""
    if ":" in address:
        return socket.inet_pton(socket.AF_INET6, address) in packet[:80]
    return socket.inet_pton(socket.AF_INET, address) in packet[:42]


def test_nothing_leaves():
    """P46: 50 addresses and ports, by TCP, UDP and ICMP, IPv4 and IPv6."""
    capture = lab.make(PLAIN, "drive-by")
    process = lab.start(PLAIN, "--output", TMP / "closed", "--exec",
                        "sleep 1234.5", "--time", 100, capture)
    try:
        client = client_process(b"sleep")
        dnsmasq = client_process(b"dnsmasq")
        outside = Sniffer()
        site = Sniffer(f"/proc/{dnsmasq}/ns/net")
        asked = destinations(20261129)
        same(len(asked), 50, "destinations")
        said = subprocess.run(
            ["nsenter", f"--net=/proc/{client}/ns/net", lab.PYTHON, "-c",
             PROBE], input="".join(f"{a} {p}\n" for a, p in asked),
            capture_output=True, text=True, timeout=300)
        same(said.returncode, 0, said.stderr)
        same(len(said.stdout.splitlines()), 50, said.stdout)
        time.sleep(0.5)
        left, arrived = outside.stop(), site.stop()
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    for address, port in asked:
        true(not any(carries(p, address) for p in left),
             f"{address} was seen outside")
        came = [p for p in arrived if carries(p, address)]
        # three questions and their answers: all of them ended at the site
        true(len(came) >= 4, f"{address} {port}: {len(came)} packets at the "
             f"site; {said.stdout}")


def test_no_way_out():
    """Interfaces and routes of both namespaces, told by the kernel."""
    capture = lab.make(PLAIN, "drive-by")
    result = lab.run(PLAIN, "--exec", "cat /proc/net/dev /proc/net/route",
                     capture)
    said = result.text("output.txt")
    names = set(re.findall(r"^\s*(\w+):", said, re.M))
    true({"client0"} < names <= {"lo", "client0", "sit0", "tunl0", "ip6tnl0",
                                 "gre0", "gretap0", "erspan0", "ip_vti0",
                                 "ip6_vti0", "ip6gre0", "dummy0"},
         f"interfaces {names}")
    true(result.facts["network"]["proved_closed"], "not proved")


# ---- what the client may ---------------------------------------------------

SNOOP = """
id -u; grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status
for d in / /etc /usr /var /home /opt /dev /run/../lib; do
    touch $d/planted 2>/dev/null && echo "could write to $d"
done
touch "$HOME/mine" /tmp/mine && echo home is mine
ls /proc | grep -c '^[0-9]'
cat CAPTURE 2>&1 | head -c 200
ls RUN 2>&1
cat /etc/shadow 2>&1 | head -c 60
grep -c . /etc/passwd
"""


def test_the_client_sees_nothing():
    capture = lab.make(PLAIN, "drive-by")
    directory = TMP / "snoop"
    result = lab.Result(lab.start(
        PLAIN, "--output", directory, "--exec",
        SNOOP.replace("CAPTURE", str(capture)).replace("RUN",
                                                       str(directory)),
        capture), directory)
    same(result.status, 0, result.err)
    said = result.text("output.txt")
    true(said.startswith("65066\n"), said)
    for line in ("CapEff:\t0000000000000000", "CapBnd:\t0000000000000000",
                 "NoNewPrivs:\t1", "home is mine", "No such file"):
        true(line in said, f"no {line!r} in {said}")
    true("could write" not in said, said)
    same(said.count("No such file"), 2, said)
    true("root:" not in said, said)
    lines = said.splitlines()
    true(int(lines[lines.index("home is mine") + 1]) < 10,
         "processes: " + said)
    for path in directory.rglob("*"):
        same(path.stat().st_mode & 0o177, 0o100 if path.is_dir() else 0,
             f"mode of {path}")
    true(not (directory / "home").exists(), "home was kept")


def test_names_and_side_doors():
    """P31, P32, P37: names as recorded, whoever is asked for them."""
    capture = lab.make(PLAIN, "drive-by")
    ask = "dig +time=2 +tries=1"
    result = lab.run(PLAIN, "--exec", f"""
for server in 10.66.0.1 8.8.8.8 2001:4860:4860::8888; do
    for how in +notcp +tcp; do
        echo "$server $how" $({ask} $how +short @$server www.landing.example)
    done
done
{ask} www.landing.example AAAA | grep -E 'status|ANSWER:'
{ask} www.landing.example TYPE65 | grep -E 'status|ANSWER:'
{ask} use-application-dns.net | grep status
{ask} www.google.example | grep status
timeout 3 bash -c "</dev/tcp/8.8.8.8/853" 2>&1 | grep -q refused && echo refused
curl -sk -o /dev/null -w 'over https: %{{http_code}}\n' 'https://8.8.8.8/dns-query?name=www.landing.example'
""", capture)
    said = result.text("output.txt")
    same(len(re.findall(r"tcp 198\.51\.100\.10$", said, re.M)), 6, said)
    same(said.count("status: NOERROR"), 2, said)
    same(said.count("ANSWER: 0"), 2, said)
    same(said.count("status: NXDOMAIN"), 2, said)
    same(said.count("refused"), 1, said)
    true("over https: 404" in said, said)
    true("use-application-dns.net" in result.text("dnsmasq.log"),
         "the question is not in dnsmasq's log")


# ---- what stays ------------------------------------------------------------


def all_gone(directory):
    """A namespace that no process is in and no mount holds is gone as well
    (namespaces(7))."""
    until("the end of all processes", lambda: not processes(), 20)
    true(str(directory) not in mounts() and "nsfs" not in mounts(), mounts())


def interrupted(number, after, whole_group=False):
    """A run that is sent a signal so many seconds after its start."""
    capture = lab.make(PLAIN, "drive-by")
    mounted = mounts()
    runs = TMP / f"runs-{time.monotonic_ns()}"
    process = lab.start(PLAIN, "--runs", runs, "--exec", "sleep 1234.5",
                        "--time", 100, capture, start_new_session=True)
    time.sleep(after)
    if whole_group:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    process.communicate(timeout=60)
    all_gone(runs)
    same(mounts(), mounted, "mounts")
    return process.returncode, runs, capture


def test_ctrl_c():
    status, runs, _ = interrupted(signal.SIGINT, 3, whole_group=True)
    same(status, 130, "exit status")
    path = next(runs.iterdir())
    facts = lab.json.loads((path / "run.json").read_text())
    same(facts["state"], "stopped", "state")
    true((path / "client.pcap").stat().st_size >= 24, "no client.pcap")
    true(not (path / "home").exists() and not (path / ".running").exists(),
         "left: " + str(list(path.iterdir())))


def test_terminated():
    status, _, _ = interrupted(signal.SIGTERM, 3)
    same(status, 143, "exit status")


def test_killed_at_any_moment():
    """SIGKILL, at moments all over a run."""
    for number in range(10):
        after = 0.05 + 0.3 * number
        status, runs, capture = interrupted(signal.SIGKILL, after)
        same(status, -signal.SIGKILL, "exit status")
    # the next start cleans what the killed one left
    before = list(runs.glob("*/home"))
    same(len(before), 1, "what the last one left")
    result = lab.Result(lab.start(PLAIN, "--runs", runs, "--exec", "true",
                                  capture), None)
    same(result.status, 0, result.err)
    same(list(runs.glob("*/home")), [], "homes")
    states = sorted(lab.json.loads(p.read_text())["state"]
                    for p in runs.glob("*/run.json"))
    same(states, ["done", "killed"], "states")


lab.need("nsenter", "dig")
run([test_nothing_leaves, test_no_way_out, test_the_client_sees_nothing,
     test_names_and_side_doors, test_ctrl_c, test_terminated,
     test_killed_at_any_moment])
