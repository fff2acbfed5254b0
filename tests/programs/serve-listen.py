#!/usr/bin/env python3
"""Where replay listens, what it says then, and which port and Host an answer
comes from.

usage: serve-listen.py SAN_DIR PLAIN_DIR [TEST...]
"""
import os
import re
import socket
import subprocess
import sys

from playback import *

HOST = "www.matching.example"


def may_bind(port):
    """Whether this user may listen on a low port that nobody uses."""
    try:
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((address(9), port))
            return True
    except PermissionError:
        return False


def address(number):
    """An address of loopback that no other run of this uses."""
    pid = os.getpid()
    return f"127.{pid >> 16 & 255}.{pid >> 8 & 255}.{(pid + number) % 254 + 1}"


def free_ports():
    with socket.socket(AF) as one, socket.socket(AF) as other:
        for s in one, other:
            s.bind(("", 0))
        return sorted(s.getsockname()[1] for s in (one, other))


AF = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET
A, B = free_ports()


def two_ports():
    with Capture("two-ports.pcap") as capture:
        capture.talk((request(f"a.example:{A}", "/"), ok("a at A")),
                     (request(f"a.example:{A}", "/only"), ok("only")), port=A)
        capture.talk((request(f"b.example:{B}", "/"), ok("b at B")),
                     (request(f"a.example:{B}", "/"), ok("a at B")), port=B)
    return capture.path


def no_ipv6():
    try:
        with socket.socket(socket.AF_INET6) as s:
            s.bind(("::1", 0))
    except OSError:
        return "no IPv6 on loopback here"
    return None


def listen_address_alone_means_every_recorded_port():
    with Replay(two_ports(), listen=[address(3)]) as r:
        same(r.ready, "replay: serving 4 exchanges of 2 hosts on "
             f"{address(3)} ports {A}, {B}")
        for port, name in (A, b"A"), (B, b"B"):
            at = (address(3), port)
            same(ask(at, f"a.example:{port}").body, b"a at " + name)
            # a client that leaves the port out of Host: the one it came to
            same(ask(at, "a.example").body, b"a at " + name, "no port")
        at = (address(3), B)
        same(ask(at, f"a.example:{B}", "/only").body, b"only", "other port")
        same(r.log(5)[4]["step"], "port", "step")
        same(ask(at, f"b.example:{A}").body, b"b at B", "Host's port")
        same({n["step"] for n in r.log(6)[:4]}, {"exact"}, "steps")


def heard_at(r):
    """The addresses and ports at which a process listens, by the kernel."""
    inodes = set()
    for name in os.listdir(r.of_proc("fd")):
        target = os.readlink(r.of_proc(f"fd/{name}"))
        inodes.update(re.findall(r"^socket:\[(\d+)\]$", target))
    found = set()
    for table in "net/tcp", "net/tcp6":
        for line in r.of_proc(table).read_text().splitlines()[1:]:
            row = line.split()
            if row[3] == "0A" and row[9] in inodes:  # LISTEN
                address, port = row[1].split(":")
                found.add((address, int(port, 16)))
    return found


def listen_on_loopback_unless_told():
    with Replay(two_ports(), listen=()) as r:
        same(r.ready, "replay: serving 4 exchanges of 2 hosts on 127.0.0.1 "
             f"ports {A}, {B}")
        loopback = "0100007F" if sys.byteorder == "little" else "7F000001"
        same(heard_at(r), {(loopback, A), (loopback, B)}, "sockets")
        same(ask(A, f"a.example:{A}").body, b"a at A")


def listen_on_recorded_low_ports():
    if not may_bind(80):
        return "may not listen on port 80"
    s = Scenario("p11-proxy")
    with Replay(s.path, listen=[address(4)]) as r:
        same(r.ports, [80, 443, 3128, 8080], "ports")
        same(ask_raw((address(4), 3128), s.requests[0]), s.responses[0])
        same(ask_raw((address(4), 80), request(HOST)), s.responses[1])
        got = ask_raw((address(4), 8080), request(HOST + ":8080", "/odd?q=1"))
        same(got, s.responses[2], "8080")
        got = ask_raw((address(4), 3128), s.requests[1])
        same(got, s.responses[1], "the absolute form says the port too")
        same({n["step"] for n in r.log(4)}, {"exact"}, "steps")
    return None


def listen_on_a_free_port():
    with Replay(two_ports()) as r:
        same(r.ready, "replay: serving 4 exchanges of 2 hosts on 127.0.0.1 "
             f"ports {r.port}")
        true(r.port > 1023, r.ready)
        same(ask(r.port, f"a.example:{A}").body, b"a at A")
        same(ask(r.port, f"a.example:{B}").body, b"a at B")
        same(ask(r.port, "b.example").body, b"b at B", "no port told")
        same({n["step"] for n in r.log(3)}, {"exact"}, "steps")


def listen_on_ipv6():
    if no_ipv6():
        return no_ipv6()
    with Replay(two_ports(), listen=["[::1]:0", "::1"]) as r:
        same(re.sub(r"\d{4,}", "N", r.ready), "replay: serving 4 exchanges of "
             "2 hosts on ::1 ports N; ::1 ports N, N")
        same(ask(("::1", r.port), f"a.example:{B}").body, b"a at B")
        same(ask(("::1", A), f"a.example:{A}").body, b"a at A")
        same(r.log(2)[0]["client"], "::1", "client")
    return None


def listen_on_several():
    listen = [address(5) + ":0", address(6), address(7) + ":0"]
    with Replay(two_ports(), listen=listen) as r:
        places = r.ready.split(" on ")[1].split("; ")
        same([p.split(" ")[0] for p in places],
             [address(5), address(6), address(7)], r.ready)
        same([len(p.split(",")) for p in places], [1, 2, 1], r.ready)
        for at in ((address(5), r.ports[0]), (address(6), A),
                   (address(7), r.ports[3])):
            same(ask(at, f"a.example:{A}").body, b"a at A", at)


def listen_wildcard():
    with Replay(two_ports(), listen=["0.0.0.0:0"]) as r:
        for place in "127.0.0.1", address(8):
            same(ask((place, r.port), "b.example").body, b"b at B")


def told_and_status(*options):
    done = subprocess.run([SAN / "replay", *options, two_ports()],
                          capture_output=True, text=True, timeout=PATIENCE)
    return next(n for n in done.stderr.split("\n")
                if "listen" in n), done.returncode


def listen_refused():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        place = "127.0.0.1:%d" % taken.getsockname()[1]
        same(told_and_status("--listen", place),
             (f"replay: cannot listen on {place}: Address already in use", 1))
    same(told_and_status("--listen=192.0.2.77:18099"),
         ("replay: cannot listen on 192.0.2.77:18099: "
          "Cannot assign requested address", 1))
    for wrong in ("nowhere", "127.0.0.1:", "127.0.0.1:65536", "[::1", "::1]",
                  "127.0.0.1:80x", "", "[127.0.0.1]:80", "127.1:80", ":80"):
        line, status = told_and_status(f"--listen={wrong}")
        same(status, 2, wrong)
        same(line, f"replay: --listen {wrong}: not an address, with or "
             "without a port (try --help)")


def listen_quiet_still_says_when_it_is_ready():
    with Replay(two_ports(), "--quiet") as r:
        ask(r.port, f"a.example:{A}")
        r.log(1)
    same(r.told("GET"), [], "no line a request")


def p18_forms_of_host():
    s = Scenario("p12-repeats")
    forms = [HOST, HOST.upper(), HOST + ".", HOST + ":80", HOST + ".:80",
             HOST.title() + ":080", HOST + ":"]
    with Replay(s.path) as r:
        for form in forms:
            got = ask(r.port, form, "/other")
            same(got.body, b"other\n", form)
        same({n["step"] for n in r.log(len(forms))}, {"exact"}, "steps")
        same({n["url"].lower() for n in r.log(len(forms))},
             {f"http://{HOST}/other"}, "one URL")
        got = Answer(ask_raw(r.port, f"GET http://{HOST.upper()}:80/other "
                                     "HTTP/1.1\r\n\r\n".encode()))
        same(got.body, b"other\n", "absolute, without Host")
        got = Answer(ask_raw(r.port, f"GET /other HTTP/1.1\r\nhOST:\t{HOST} \t"
                                     "\r\n\r\n".encode()))
        same(got.body, b"other\n", "Host field as it may be written")
        got = Answer(ask_raw(r.port, b"GET /other HTTP/1.0\r\n\r\n"))
        same((got.body, r.last()["step"]), (b"other\n", "no-host"))
        for wrong in (HOST + "..", "x" + HOST, HOST[1:], HOST + ":80:80", "",
                      HOST + "/other", "@" + HOST, "[" + HOST + "]x"):
            true(ask(r.port, wrong, "/other").status in (404, 400)
                 or wrong == "", wrong)


def p18_several_host_fields():
    s = Scenario("p12-repeats")
    with Replay(s.path) as r:
        got = ask(r.port, HOST, "/other", "Host: evil.example")
        true(got.status in (200, 400), f"{got}")


run(tests_of(globals()))
