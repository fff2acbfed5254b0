#!/usr/bin/env python3
"""P12, P25: several event loops answer as one.

usage: serve-threads.py SAN_DIR PLAIN_DIR [TEST...]
"""
import os
import re
import ssl
import subprocess
import threading
import time

from lib.authority import CA, authority
from playback import *

HOST = "www.threads.example"
LARGE = bytes(i * 7 % 251 for i in range(4_000_000))
REPEATS = 400
LOOPS = 3  # also where there are two cores


def recorded(name, *answers):
    """A capture of (target, answer), on one connection."""
    with Capture(name) as capture:
        capture.talk(*[(request(HOST, t), a) for t, a in answers])
        return capture.path


def repeats():
    return recorded("repeats.pcap", *[("/again", ok(str(i)))
                                      for i in range(REPEATS)])


def serve(path, *options, **more):
    return Replay(path, "--threads", str(LOOPS), *options, **more)


def listeners(port):
    """Sockets that listen there."""
    rows = open("/proc/net/tcp", encoding="ascii").read().split("\n")[1:]
    return sum(n.split()[1:4:2] != [] and n.split()[3] == "0A"
               and n.split()[1].endswith(f":{port:04X}") for n in rows if n)


def tasks(r):
    return len(os.listdir(r.of_proc("task")))


def clients(r, count, **more):
    """Connections, dealt out to the loops by chance: of 16 and more each loop
    has some."""
    return [Client(r.port, **more) for _ in range(count)]


def close(all_of_them):
    for c in all_of_them:
        c.socket.close()


def number(c):
    return int(c.answer().body)


def listen_loops_are_as_many_as_asked_for():
    path = repeats()
    cores = min(len(os.sched_getaffinity(0)), 16)
    for options, count in ([], cores), (["--threads", "1"], 1), \
            (["--threads=5"], 5):
        with Replay(path, *options) as r:
            same((tasks(r), listeners(r.port)), (count, count), options)
    with Replay(path, "--threads", "4", listen=["127.0.0.1:0",
                                                "127.0.0.2:0"]) as r:
        same([listeners(p) for p in r.ports], [4, 4])
        with Client(("127.0.0.2", r.ports[1])) as c:
            c.send(request(HOST, "/again"))
            same(number(c), 0)
    for wrong in "0", "65", "x", "-1", "":
        done = subprocess.run([SAN / "replay", "--threads", wrong, path],
                              capture_output=True, text=True,
                              timeout=PATIENCE)
        same(done.returncode, 2, wrong)
        same(done.stderr, f"replay: --threads {wrong}: not a number from 1 to "
             "64 (try --help)\n")


def listen_a_capture_that_changes_is_told_by_any_loop():
    """Which of eight loops is asked is chance: it hardly is the first each
    time."""
    rules = TMP / "changing.conf"
    rules.write_text("body s{x}{y}\n")
    for _ in range(4):
        path = recorded("changing.pcap", ("/", ok(b"text " * 400_000)))
        with Replay(path, "--threads", "8", "--rules", rules,
                    directory=PLAIN, status=1) as r, Client(r.port) as c:
            os.truncate(path, 4096)  # the heads stay
            c.send(request(HOST, "/"))
            r.line("replay: capture changed while it was being read")
            r.process.wait(PATIENCE)


def listen_a_port_is_one_replays_alone():
    """Sockets of one user may share a port: those of two replays do not."""
    path = repeats()
    with serve(path) as r:
        place = f"127.0.0.1:{r.port}"
        for threads in "1", "2":
            done = subprocess.run(
                [SAN / "replay", "--threads", threads, "--listen", place,
                 path], capture_output=True, text=True, timeout=PATIENCE)
            same((done.stderr, done.returncode),
                 (f"replay: cannot listen on {place}: Address already in use"
                  "\n", 1))


def p12_one_client_on_all_loops_has_one_place():
    for directory in SAN, PLAIN:
        with serve(repeats(), directory=directory) as r:
            connections = clients(r, 40)
            for i in range(REPEATS + 10):
                c = connections[i % 40]
                c.send(request(HOST, "/again"))
                same(number(c), min(i, REPEATS - 1), f"answer {i}")
            close(connections)


def p12_at_once_each_answer_is_given_to_one():
    for directory in SAN, PLAIN:
        with serve(repeats(), directory=directory) as r:
            connections, got = clients(r, 50), []
            for _ in range(REPEATS // 50):
                for c in connections:
                    c.send(request(HOST, "/again"))
                got.append([number(c) for c in connections])
            same(sorted(sum(got, [])), list(range(REPEATS)), "each once")
            for before, after in zip(got, got[1:]):
                true(max(before) < min(after), "in order")
            for c in connections:
                c.send(request(HOST, "/again"))
            same({number(c) for c in connections}, {REPEATS - 1}, "the last")
            close(connections)


def p12_pipelined_on_all_loops_at_once():
    """Nobody waits between two requests, so that the loops meet."""
    with serve(repeats(), directory=PLAIN) as r:
        connections = clients(r, 16)
        each = REPEATS // 16
        for _ in range(20):
            for c in connections:
                c.send(request(HOST, "/again") * each)
            got = [[number(c) for _ in range(each)] for c in connections]
            same(sorted(sum(got, [])), list(range(REPEATS)), "each once")
            for numbers in got:
                same(numbers, sorted(numbers), "in order")
            r.lines.clear()
            r.signal(signal.SIGUSR1)
            r.line("a new run")
        close(connections)


def p12_each_client_has_its_own():
    with serve(repeats()) as r:
        sides = [clients(r, 16, source=f"127.0.0.{i}") for i in (1, 2, 3)]
        for i in range(100):
            for connections in sides:
                c = connections[i * 7 % 16]
                c.send(request(HOST, "/again"))
                same(number(c), i)
        for connections in sides:
            close(connections)


def p12_a_new_run_begins_on_all_loops():
    with serve(repeats()) as r:
        connections = clients(r, 30)
        for run_number in range(5):
            for i in range(60):
                c = connections[i % 30]
                c.send(request(HOST, "/again"))
                same(number(c), i, f"run {run_number}")
            r.lines.clear()
            r.signal(signal.SIGUSR1)
            r.line("a new run")
        close(connections)


def mark(n):
    return "body s{unmarked}{mark-%d}" % n


def write_rules(path, n):
    new = path.with_suffix(".new")
    new.write_text(mark(n) + "\n")
    new.rename(path)


def p20_a_reload_reaches_all_loops():
    """Once it is told, no loop answers by the old rules."""
    path = recorded("reload.pcap", *[
        (f"/{i}", ok("unmarked " * 9, "Content-Type: text/plain"))
        for i in range(10)])
    conf = TMP / "reload.conf"
    write_rules(conf, 0)
    with serve(path, "--rules", conf, "-q", directory=PLAIN) as loud, \
            serve(path, "--rules", conf) as r:
        loud.signal(signal.SIGHUP)  # quiet ones take it too
        connections = clients(r, 24)
        for n in range(1, 12):
            write_rules(conf, n)
            r.lines.clear()
            r.signal(signal.SIGHUP)
            r.line("rules read again: 1 rule")
            for i, c in enumerate(connections):
                c.send(request(HOST, f"/{(i + n) % 10}"))
            for c in connections:
                true(c.answer().body.startswith(b"mark-%d " % n), "new rules")
        close(connections)


def p20_reloads_and_new_runs_under_load():
    path = recorded("storm.pcap", *[
        (f"/{i % 10}", ok(f"unmarked {i} ", "Content-Type: text/plain"))
        for i in range(30)])
    conf = TMP / "storm.conf"
    write_rules(conf, 0)
    wrong, end, count = [], threading.Event(), [0]

    def client(port, source):
        i = 0
        while not end.is_set():
            with Client(port, source) as c:
                for _ in range(20):
                    i += 1
                    c.send(request(HOST, f"/{i % 10}"))
                    body = c.answer().body
                    count[0] += 1
                    if not re.fullmatch(rb"mark-\d+ [12]?%d " % (i % 10), body):
                        wrong.append(body)
    for directory in SAN, PLAIN:
        end.clear()
        with serve(path, "--rules", conf, "-q", directory=directory) as r:
            before = r.descriptors()
            threads = [threading.Thread(target=client, args=(
                r.port, f"127.0.1.{1 + i % 5}")) for i in range(12)]
            for t in threads:
                t.start()
            for n in range(1, 80):
                write_rules(conf, n)
                r.signal(signal.SIGHUP)
                if n % 3 == 0:
                    r.signal(signal.SIGUSR1)
                time.sleep(0.01)
            end.set()
            for t in threads:
                t.join(PATIENCE)
            same(wrong[:3], [])
            until("descriptors", lambda: r.descriptors() == before)
    true(count[0] > 1000, "there was a load")


def large():
    return recorded("large.pcap", ("/large", ok(LARGE)), ("/", ok("small")))


def p25_stopping_lets_the_answers_of_all_loops_end():
    want = ok(LARGE)
    for directory in SAN, PLAIN:
        with serve(large(), directory=directory) as r:
            slow, idle = clients(r, 20, receive=4096), clients(r, 20)
            for c in slow:
                c.send(request(HOST, "/large"))
            first = [c.take(1000) for c in slow]
            for c in idle:
                c.send(request(HOST))
                same(c.answer().body, b"small")
            r.signal(signal.SIGTERM)
            for c in idle:
                same(c.rest(), b"", "an idle one is closed")
            true(r.process.poll() is None, "it waits for the answers")
            for c, start in zip(slow, first):
                same(start + c.rest() == want, True, "every byte")
            same(r.process.wait(PATIENCE), 0, "exit status")
            close(slow + idle)
        ended = [n.get("ended") for n in r.log(40)]
        same(ended, [None] * 40, "the log")


def p25_a_second_signal_ends_all_loops():
    with serve(large()) as r:
        slow = clients(r, 20, receive=4096)
        for c in slow:
            c.send(request(HOST, "/large"))
            c.take(1000)
        r.signal(signal.SIGTERM)
        until("not listening", lambda: not listeners(r.port))
        true(r.process.poll() is None, "it waits")
        r.signal(signal.SIGTERM)
        same(r.process.wait(PATIENCE), 0, "exit status")
        close(slow)
    same([n["ended"] for n in r.log(20)], ["stopping"] * 20, "the log")


def p25_stopping_without_clients_ends():
    for _ in range(10):
        with serve(repeats()) as r:
            r.signal(signal.SIGTERM)
            same(r.process.wait(PATIENCE), 0, "exit status")


def p25_each_request_has_one_whole_line():
    """10,000 requests on 50 connections, to a pipe and to a file; many lines
    are longer than what a pipe takes in one piece."""
    targets = {f"/{i}/" + "x" * (i * 7919 % 6000 if i % 4 == 0 else i % 90)
               for i in range(10_000)}
    todo = sorted(targets)
    with serve(repeats(), directory=PLAIN) as r:
        connections = clients(r, 50)
        for at in range(0, len(todo), 500):
            for i, c in enumerate(connections):
                c.send(b"".join(request(HOST, t)
                                for t in todo[at + i * 10:at + i * 10 + 10]))
            for c in connections:
                same([c.answer().status for _ in range(10)], [404] * 10)
        close(connections)
        log = r.log(10_000)
        same(len(log), 10_000, "lines")
        prefix = f"http://{HOST}"
        same({n["url"] for n in log} == {prefix + t for t in targets}, True,
             "a line each")
    said = r.told(" GET ")
    same(len(said), 10_000, "lines on standard error")
    line = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z 127\.0\.0\.1 "
                      rf"GET http://{re.escape(HOST)}(/\d+/x*) 404 \d+ "
                      "not recorded; nearest #1; differs in .*")
    whole = {m[1] for m in map(line.fullmatch, said) if m}
    same(whole == targets, True, "each whole")


def p25_lines_of_a_loop_are_in_order():
    with serve(repeats(), directory=PLAIN) as r, Client(r.port) as c:
        for _ in range(5):
            c.send(request(HOST, "/again") * 60)
            for _ in range(60):
                number(c)
        raw = [n["exchange"] for n in r.log(300)]
        same(raw, list(range(1, 301)), "in order")


def p38_tls_sessions_go_on_at_another_loop():
    path = recorded("tls.pcap", ("/", ok("page")))
    authority()
    with serve(path, "--ca", CA) as r:
        for version in ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3:
            tls = ssl.create_default_context(cafile=authority())
            tls.maximum_version = version
            session, seen = None, set()
            for i in range(24):
                with Client(r.port) as c:
                    c.socket = tls.wrap_socket(c.socket, session=session,
                                               server_hostname=HOST)
                    c.send(request(HOST))
                    same(c.answer().body, b"page")
                    if session:
                        true(c.socket.session_reused, f"{version}, {i}")
                    session = session or c.socket.session
            for _ in range(24):
                with Client(r.port) as c:
                    c.socket = tls.wrap_socket(c.socket, server_hostname=HOST)
                    seen.add(c.socket.getpeercert(True))
            same(len(seen), 1, "certificates for a name")


run([f for n, f in globals().items()
     if callable(f) and re.match(r"p\d\d_|listen_(?!ers)", n)])
