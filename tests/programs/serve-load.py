#!/usr/bin/env python3
"""P25: many clients, slow ones, rude ones, and what the system withholds; the
log and the signals meanwhile.

usage: serve-load.py SAN_DIR PLAIN_DIR [TEST...]
"""
import hashlib
import os
import random
import resource
import select
import selectors
import socket
import stat
import subprocess
import threading
import time

from playback import *

HOST = "www.messages.example"
MIB = 1 << 20


class Load:
    """Connections that run at once in one loop; each a generator that yields
    bytes to send, or None to be given what came (b"" at the end)."""

    def __init__(self, port):
        self.port, self.selector = port, selectors.DefaultSelector()
        self.left, self.results, self.refused = 0, [], 0

    def start(self, talk, receive=None):
        s = socket.socket()
        if receive:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        s.setblocking(False)
        s.connect_ex(("127.0.0.1", self.port))
        self.left += 1
        self.go_on(s, talk, next(talk))

    def go_on(self, s, talk, wish):
        wanted = selectors.EVENT_READ if wish is None else \
            selectors.EVENT_WRITE
        try:
            self.selector.modify(s, wanted, (talk, wish))
        except KeyError:
            self.selector.register(s, wanted, (talk, wish))

    def end(self, s, result):
        self.selector.unregister(s)
        s.close()
        self.left -= 1
        self.results.append(result)

    def step(self, s, talk, wish):
        try:
            if wish:
                wish = wish[s.send(wish):]
                if not wish:
                    wish = next(talk)
            else:
                wish = talk.send(s.recv(1 << 16))
        except StopIteration as done:
            return self.end(s, done.value)
        except OSError as trouble:
            return self.end(s, trouble)
        return self.go_on(s, talk, wish)

    def turn(self, seconds=0):
        for key, _ in self.selector.select(seconds):
            self.step(key.fileobj, *key.data)

    def drop(self, keep):
        """Closes what is open longest, with whatever is unread."""
        for key in list(self.selector.get_map().values())[:max(
                0, self.left - keep)]:
            self.end(key.fileobj, None)

    def run(self, patience=60):
        end = time.monotonic() + patience
        while self.left:
            self.turn(1)
            true(time.monotonic() < end, f"{self.left} clients still wait")


def want_exactly(asked, answers):
    """Asks; compares digests, since some answers are large."""
    yield asked
    got, size = hashlib.sha256(), 0
    want = sum(len(a) for a in answers)
    while size < want:
        part = yield None
        if not part:
            break
        got.update(part)
        size += len(part)
    right = hashlib.sha256(b"".join(answers)).digest()
    return got.digest() == right or f"{size} of {want} bytes, {asked[:60]}"


def garbage(random_bytes):
    yield random_bytes
    got = b""
    while part := (yield None):
        got += part
    told = got.startswith((b"HTTP/1.1 400 ", b"\x15\x03"))  # a TLS alert
    return told or f"garbage: {got[:60]!r}"


def large():
    if not hasattr(large, "scenario"):
        large.scenario = Scenario("p25-large")
    return large.scenario


def p25_a_thousand_clients_slow_and_rude_ones_among_them():
    s, seed = large(), random.Random(25)
    big, small = s.responses[0], list(zip(s.requests[1:], s.responses[1:]))
    with Replay(s.path, directory=PLAIN) as r:
        same(ask_raw(r.port, s.requests[0]), big, "alone")
        before, memory = r.descriptors(), r.resident()
        slow = []
        for _ in range(50):
            slow.append(Client(r.port, receive=65536))
            slow[-1].send(s.requests[0])
        load = Load(r.port)
        for i in range(930):
            asked, answered = zip(*(seed.choice(small) for _ in range(20)))
            load.start(want_exactly(b"".join(asked), answered))
            if i % 50 == 0:
                load.start(garbage(b"\x16\x03\x01\0\xff" + seed.randbytes(900)))
                load.start(want_exactly(s.requests[0], [big]))
        load.run()
        same([n for n in load.results if n is not True], [], "answers")
        true(len(load.results) > 960, "all of them")
        grown = r.resident("VmHWM") - memory
        true(r.descriptors() >= before + 50, "the slow ones are still there")
        for c in slow:  # every byte, though long after
            same(c.take(len(big)) == big, True, "a slow one")
            c.socket.close()
        until("descriptors", lambda: r.descriptors() == before)
        print(f"  memory: {memory / MIB:.1f} MiB before, at most "
              f"{grown / MIB:.1f} MiB more with 1000 clients")
        true(grown < 32 * MIB, f"grown by {grown} bytes")
        same(len([n for n in r.log(18000) if "status" not in n]), 19,
             "refusals in the log")


class Discarding:
    """A client that reads faster than anybody writes: the kernel throws the
    bytes away."""

    def __init__(self, port, asked):
        self.client, self.got = Client(port), 0
        self.client.send(asked)
        self.thread = threading.Thread(target=self.read)
        self.thread.start()

    def read(self):
        try:
            while part := len(self.client.socket.recv(1 << 20,
                                                      socket.MSG_TRUNC)):
                self.got += part
        except OSError:
            pass

    def end(self):
        self.client.socket.shutdown(socket.SHUT_RDWR)
        self.thread.join()


def p25_who_reads_as_fast_as_is_written_is_not_alone():
    s = large()
    meanwhile = []
    with Replay(s.path, "--quiet", "--threads", "1", directory=PLAIN) as r:
        fast, other = Discarding(r.port, s.requests[0] * 2000), Client(r.port)
        until("the fast one", lambda: fast.got > 64 * MIB)
        for asked, answer in list(zip(s.requests, s.responses))[1:101]:
            before = fast.got
            other.send(asked)
            same(other.take(len(answer)), answer)
            meanwhile.append(fast.got - before)
        true(fast.thread.is_alive(), "all asked while it reads")
        fast.end()
    meanwhile.sort()
    print(f"  bytes to it while another waited: median {meanwhile[50]}, "
          f"at most {meanwhile[-1]}")
    true(meanwhile[50] < MIB, "each has its turn")


def p25_as_many_under_sanitizers():
    s = large()
    with Replay(s.path, "--quiet") as r:
        load = Load(r.port)
        for i in range(300):
            pairs = list(zip(s.requests[1:], s.responses[1:]))[i % 190:][:10]
            asked, answered = zip(*pairs)
            load.start(want_exactly(b"".join(asked), answered))
            load.start(garbage(b"\0" * 9))
            if i % 20 == 0:
                c = Client(r.port, receive=4096)
                c.send(s.requests[0])
                c.socket.close()  # in the middle of an answer
        load.run()
        same([n for n in load.results if n is not True], [], "answers")


def p25_pipelined_answers_come_in_order():
    s = large()
    order = random.Random(1).choices(range(1, 201), k=100)
    order[50] = 0
    with Replay(s.path) as r:
        got = ask_raw(r.port, b"".join(s.requests[i] for i in order))
        same(got == b"".join(s.responses[i] for i in order), True, "in order")
        same(len(r.log(100)), 100, "a line each")


def p25_a_request_byte_by_byte():
    s = Scenario("p15-forms")
    with Replay(s.path) as r, Client(r.port) as c:
        c.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for asked, answered in list(zip(s.requests, s.responses))[:2]:
            for i in range(len(asked)):
                c.send(asked[i:i + 1])
            same(c.take(len(answered)), answered, "answer")
        same([n["step"] for n in r.log(2)], ["exact"] * 2, "steps")


def p25_chunked_body_byte_by_byte():
    body = b"id=7&os=6.1&t=1489486385"
    s = Scenario("p15-forms")
    with Replay(s.path) as r, Client(r.port) as c:
        c.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head = request("www.matching.example", "/gate.php",
                       "Transfer-Encoding: chunked", method="POST")
        coded = b"".join(b"1;x=\"\r\"\r\n%c\r\n" % b for b in body)
        coded = coded.replace(b';x="\r"', b";x=1")
        for byte in head + coded + b"0\r\nX: y\r\n\r\n":
            c.send(bytes([byte]))
        same(c.take(len(s.responses[1])), s.responses[1], "answer")


def p25_expect_100_continue():
    s = Scenario("p15-forms")
    with Replay(s.path) as r:
        with Client(r.port) as c:
            body = b"id=7&os=6.1&t=1489486385"
            for _ in range(2):
                c.send(request("www.matching.example", "/gate.php",
                               "Expect: 100-continue",
                               f"Content-Length: {len(body)}", method="POST"))
                same(c.head(), b"HTTP/1.1 100 Continue\r\n\r\n", "told")
                c.send(body)
                same(c.take(len(s.responses[1])), s.responses[1], "answer")
        with Client(r.port) as c:  # nothing recorded: told to go on, then 404
            c.send(request("www.matching.example", "/nowhere",
                           "Expect: 100-continue", "Content-Length: 1",
                           method="POST"))
            same(c.head(), b"HTTP/1.1 100 Continue\r\n\r\n", "told")
            c.send(b"x")
            same(c.answer().status, 404, "answer")
        for wrong, status in ((b"no chunk\r\n", b"400"),
                              (b"fffffff\r\n" + bytes(66 << 20), b"413")):
            with Client(r.port) as c:  # told to go on, then refused once
                c.send(request("www.matching.example", "/gate.php",
                               "Expect: 100-continue",
                               "Transfer-Encoding: chunked", method="POST"))
                same(c.head(), b"HTTP/1.1 100 Continue\r\n\r\n", "told")
                try:
                    c.send(wrong)
                except OSError:
                    pass  # it has heard enough
                same(c.head()[9:12], status, "refused")
                rest = c.take(1) + c.rest()
                same(rest.count(b"HTTP/1.1"), 0, "once")
        with Client(r.port) as c:  # HTTP/1.0 knows no 100
            c.send(b"POST /gate.php HTTP/1.0\r\nExpect: 100-continue\r\n"
                   b"Host: www.matching.example\r\nContent-Length: 24\r\n\r\n")
            c.send(body)
            true(c.head().startswith(b"HTTP/1.1 200"), "no 100")


def p25_heads_too_long_and_garbage():
    s = large()
    with Replay(s.path) as r:
        for start in (b"GET / HTTP/1.1\r\nX: ", b"GET /", b"GET / HTTP/1.1\r\n"
                      + b"A: b\r\n" * 60000):
            with Client(r.port) as c:
                c.send(start + b"x" * (257 << 10))
                got = Answer(c.rest())
            same((got.status, got.field("Connection")), (431, "close"))
        fits = request(HOST, "/small/0.txt", "X: " + "x" * (250 << 10))
        same(ask_raw(r.port, fits), s.responses[1], "one that fits")
        for wrong in (b"\x17\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
                      b"hello\r\n\r\n", b"GET /\r\n\r\n",
                      b"GET / HTTP/9.9\r\n\r\n", b"\0" * 1000,
                      b"GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
                      b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\nx",
                      b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                      b"zz\r\n", b"POST / HTTP/1.1\r\nContent-Length: 1\r\n"
                      b"Content-Length: 2\r\n\r\nab"):
            with Client(r.port) as c:
                c.send(wrong)
                got = Answer(c.rest())  # it closes, not we
                same(got.status, 400, wrong)
        same(ask_raw(r.port, s.requests[1]), s.responses[1], "and goes on")
        with Client(r.port) as c:
            c.send(request(HOST, "/x", f"Content-Length: {65 << 20}",
                           method="POST"))
            for _ in range(65):
                c.send(b"x" * MIB)
            c.send(b"x" * 1000)
            same(c.head()[:12], b"HTTP/1.1 413", "a body past the bound")


def answered(clients):
    return select.select(clients, [], [], 0)[0]


def p25_no_descriptors_left():
    s = large()
    with Replay(s.path, directory=PLAIN, limit=64) as r:
        before = r.descriptors()
        true(" 64 " in r.of_proc("limits").read_text(), "the limit")
        waiting = [Client(r.port) for _ in range(200)]
        for c in waiting:
            c.send(s.requests[1])
        # which come first is the loops' affair, each has a queue of its own
        until("the first", lambda: len(answered(waiting)) >= 40)
        while waiting:  # as they leave, the others are served
            for c in until("later ones", lambda: answered(waiting)):
                same(c.take(len(s.responses[1])), s.responses[1], "answer")
                c.socket.close()
                waiting.remove(c)
        until("descriptors", lambda: r.descriptors() == before)
        ticks = sum(map(int, r.of_proc("stat").read_text().split()[13:15]))
        true(ticks < 200, f"it spun: {ticks} ticks")
        same(ask_raw(r.port, s.requests[0]) == s.responses[0], True)


def mutated(seed, asked):
    """The bytes of a request changed, cut, doubled; sent in two parts."""
    data = bytearray(asked)
    for _ in range(seed.randint(1, 6)):
        at = seed.randrange(len(data))
        kind = seed.randrange(5)
        if kind == 0:
            data[at] = seed.randrange(256)
        elif kind == 1:
            del data[at:at + seed.randint(1, 9)]
        elif kind == 2:
            data[at:at] = data[at:at + seed.randint(1, 30)]
        elif kind == 3:
            data[at:at] = seed.choice(ODD)
        else:
            data += asked
        data = data or bytearray(b"\n")
    return bytes(data)


ODD = [b"\r\n", b"\n", b"\0", b"\r\n\r\n", b"Range: bytes=-1,5-\r\n", b"%",
       b"Content-Length: 99999999999999999999\r\n", b":", b"?", b"&", b"=",
       b"Transfer-Encoding: chunked\r\n", b"Expect: 100-continue\r\n",
       b"ffffffffffffffff\r\n", b"CONNECT a:99999 HTTP/1.1\r\n\r\n", b" ",
       b"http://[::1]:0/", b"{\"a\":", b"Connection: close\r\n", b"HEAD "]


def throw(data, cut, reads):
    yield data[:cut] or b"x"
    if data[cut:]:
        yield data[cut:]
    for _ in range(reads):
        if not (yield None):
            break
    return True


def p25_hostile_requests_harm_nobody():
    names = ("p13-variants", "p14-query-order", "p15-json-rpc", "p15-forms",
             "p17-ranges", "p17-whole", "p06-connect", "p06-continue",
             "p07-codings", "p12-failed-first", "p23-no-response", "p11-proxy")
    scenarios = [Scenario(n, f"--seed={i + 9}") for i, n in enumerate(names)]
    asked = [a for s in scenarios for a in s.requests]
    seed = random.Random(24)
    for options in ["--recode"], ["--exact", "--incomplete=404"]:
        with Replay([s.path for s in scenarios], "--quiet", *options) as r:
            before = r.descriptors()
            load = Load(r.port)
            for _ in range(1500):
                data = mutated(seed, seed.choice(asked))
                load.start(throw(data, seed.randrange(len(data)),
                                 seed.choice((0, 0, 1, 1))))
                load.turn()
                load.drop(100)
            load.drop(0)
            until("descriptors", lambda: r.descriptors() == before)
            got = ask(r.port, "www.matching.example", "/whole.bin")
            same(got.raw == scenarios[5].responses[0], True, "and after it")
            for line in r.log(1000):
                true("url" in line or line["status"] >= 400, str(line))


def p25_who_sends_on_after_the_last_answer_is_not_kept():
    s = large()
    with Replay(s.path) as r, Client(r.port) as c:
        before = r.descriptors()
        c.send(b"garbage\r\n\r\n")
        same(Answer(c.rest()).status, 400, "answer")

        def gone():
            try:
                c.send(b"x")
            except OSError:
                return True
            return r.descriptors() < before
        began = time.monotonic()
        until("the end", gone)
        true(time.monotonic() - began < 9, "kept too long")


def refused(port):
    try:
        Client(port).socket.close()
    except OSError:
        return True
    return False


def p25_sigterm_lets_an_answer_end():
    s = large()
    with Replay(s.path) as r, Client(r.port, receive=4096) as slow, \
            Client(r.port) as idle:
        slow.send(s.requests[0])
        first = slow.take(1000)
        r.signal(signal.SIGTERM)
        same(idle.rest(), b"", "an idle connection is closed")
        true(r.process.poll() is None, "it waits for the answer")
        until("not listening", lambda: refused(r.port))  # any loop
        same(first + slow.rest() == s.responses[0], True, "every byte")
        same(r.process.wait(PATIENCE), 0, "exit status")


def p25_a_second_sigterm_ends_at_once():
    s = large()
    with Replay(s.path) as r, Client(r.port, receive=4096) as slow:
        slow.send(s.requests[0])
        slow.take(1000)
        r.signal(signal.SIGTERM)
        until("not listening", lambda: refused(r.port))
        r.signal(signal.SIGINT)
        same(r.process.wait(PATIENCE), 0, "exit status")
    same(r.log(1)[0]["ended"], "stopping", "the log")


def p25_sighup_does_not_kill():
    s = large()
    with Replay(s.path) as r, Client(r.port) as c:
        c.send(s.requests[0])
        r.signal(signal.SIGHUP)
        same(c.take(len(s.responses[0])) == s.responses[0], True, "answer")
        r.signal(signal.SIGHUP)
        c.send(s.requests[1])
        same(c.take(len(s.responses[1])), s.responses[1], "next")
        true(r.process.poll() is None, "alive")


def p25_a_full_disk_is_told_once():
    s = large()
    with Replay(s.path, log="/dev/full") as r:
        for i in range(1, 20):
            same(ask_raw(r.port, s.requests[i]), s.responses[i], "answer")
        r.line(r"/dev/full: No space left on device; log lines are lost")
    same(len(r.told("No space left")), 1, "times told")


def p25_a_disk_that_is_full_for_a_while_breaks_no_line():
    s = large()
    # another user's limits can be set by a root with all of its powers alone
    stay = [] if os.geteuid() else ["--user", "root"]
    with Replay(s.path, "--quiet", *stay) as r:
        same(ask_raw(r.port, s.requests[1]), s.responses[1], "answer")
        size = r.log(1) and r.log_path.stat().st_size
        free = resource.prlimit(r.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(r.process.pid, resource.RLIMIT_FSIZE,
                         (size + 40, free[1]))
        for i in range(1, 20):
            same(ask_raw(r.port, s.requests[i]), s.responses[i], "answer")
        r.line("log lines are lost")
        same(r.log_path.stat().st_size, size + 40, "it is full")
        resource.prlimit(r.process.pid, resource.RLIMIT_FSIZE, free)
        same(ask_raw(r.port, s.requests[20]), s.responses[20], "answer")
        log = r.log(3)  # it parses them
        same([n["url"].split("/")[-1] for n in log],
             ["0.txt", "0.txt", "19.txt"], "the lines")


def p25_standard_error_goes_away():
    s = large()
    with subprocess.Popen([SAN / "replay", "--listen=127.0.0.1:0", s.path],
                          stderr=subprocess.PIPE) as process:
        port = int(process.stderr.readline().split()[-1])
        process.stderr.close()
        for i in range(1, 20):
            same(ask_raw(port, s.requests[i]), s.responses[i], "answer")
        process.terminate()
        same(process.wait(PATIENCE), 0, "exit status")


def p25_the_log_is_private_and_valid_json():
    s = large()
    odd = bytes(b for b in range(1, 256) if b not in b"\r\n \t")
    with Replay(s.path) as r:
        same(stat.S_IMODE(r.log_path.stat().st_mode), 0o600, "mode")
        wishes = [b"GET /" + odd + b" HTTP/1.1\r\nHost: " + HOST.encode(),
                  b"GET /\"\\\x1b[31m\xc3\x28\xed\xa0\x80?\xf0\x9f\x98\x80=\xff"
                  b" HTTP/1.1\r\nHost: \xffx\"y\\",
                  b"G\xc3T / HTTP/1.1\r\nHost: x",
                  b"GET /small/0.txt HTTP/1.1\r\nHost: " + HOST.encode()
                  + b"\r\nCookie: \x80\x01\"\\\r\nReferer: " + odd[40:]
                  + b"\r\nUser-Agent: \xe2\x80\xa8"]
        for wish in wishes:
            ask_raw(r.port, wish + b"\r\n\r\n")
        log = r.log(len(wishes))  # it parses every line, as UTF-8
        same(len(log), len(wishes), "lines")
        same(log[3]["differs"][0]["name"], "Referer", "differs")
    for line in r.told(" GET "):
        true(line.isascii() and line.isprintable(), f"to a terminal: {line!r}")


def p25_the_log_is_appended_to_and_no_link_is_followed():
    s = large()
    path = TMP / "kept.jsonl"
    for count in 1, 2:
        with Replay(s.path, log=path) as r:
            ask_raw(r.port, s.requests[1])
            same(len(r.log(count)), count, "lines")
    link = TMP / "link.jsonl"
    link.symlink_to(path)
    done = subprocess.run([SAN / "replay", "--log", link, s.path],
                          capture_output=True, text=True, timeout=PATIENCE)
    same((done.stderr, done.returncode),
         (f"replay: {link}: is a symbolic link\n", 1))


# a thousand clients here too
resource.setrlimit(resource.RLIMIT_NOFILE,
                   2 * resource.getrlimit(resource.RLIMIT_NOFILE)[1:])
run(tests_of(globals()))
