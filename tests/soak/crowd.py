"""The crowd of the soak: groups of clients, each in a process of its own, that
are idle, slow, rude, or ask over TLS, and compare every byte they get."""
import os
import random
import select
import socket
import ssl
import struct
import time

from lib import h2

PATIENCE = 30


class Tally:
    def __init__(self):
        self.answers = self.wrong = self.lost = self.closed = 0
        self.first = None  # thing that was wrong

    def judge(self, got, want, what):
        """A right answer, a wrong one, or one that broke off."""
        if got == want:
            self.answers += 1
        elif want.startswith(got):
            self.lost += 1
            self.first = self.first or f"{what}: {len(got)} of {len(want)}"
        else:
            self.wrong += 1
            self.first = f"{what}: {got[:60]!r}"

    def told(self):
        return dict(vars(self))


class Site:
    """What the clients must know: where to ask, and for what."""

    def __init__(self, port, talks, large, host, page, authority):
        self.port, self.talks, self.large = port, talks, large
        self.host, self.page = host, page
        self.tls, self.h2 = (ssl.create_default_context(cafile=authority)
                             for _ in range(2))
        self.h2.set_alpn_protocols(["h2"])

    def connect(self, number=0, receive=None):
        s = socket.socket()
        s.settimeout(PATIENCE)
        if receive:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        # clients of many addresses, as in a lab
        s.bind((f"127.0.{1 + number % 8}.{1 + number % 250}", 0))
        s.connect(("127.0.0.1", self.port))
        return s


def take(s, count):
    got = b""
    try:
        while len(got) < count:
            part = s.recv(1 << 16)
            if not part:
                break
            got += part
    except OSError:
        pass
    return got


class Clear:
    def __init__(self, site, number):
        self.site, self.number = site, number
        self.socket = site.connect(number)
        self.turn = number

    def ask(self, tally):
        asked, want = self.site.talks[self.turn % len(self.site.talks)]
        self.turn += 1
        self.socket.sendall(asked)
        tally.judge(take(self.socket, len(want)), want, type(self).__name__)


class Secure(Clear):
    def __init__(self, site, number):
        super().__init__(site, number)
        self.socket = site.tls.wrap_socket(self.socket,
                                           server_hostname=site.host)

    def ask(self, tally):
        asked, want = self.site.page
        self.socket.sendall(asked)
        tally.judge(take(self.socket, len(want)), want, "TLS")


class Two(Clear):
    def __init__(self, site, number):
        super().__init__(site, number)
        self.socket = site.h2.wrap_socket(self.socket,
                                          server_hostname=site.host)
        self.socket.sendall(h2.PREFACE + h2.frame(h2.SETTINGS))
        self.stream, self.rest = -1, b""

    def ask(self, tally):
        self.stream += 2
        body = self.site.page[1].partition(b"\r\n\r\n")[2]
        self.socket.sendall(h2.headers(
            self.stream, h2.asked(self.site.host, "/"), True)
            + h2.frame(h2.WINDOW_UPDATE, 0, struct.pack(">I", len(body))))
        got, end = b"", False
        while not end:
            part = take(self.socket, 1)
            if not part:
                break
            self.rest += part
            used = 0
            for kind, flags, stream, data in h2.frames(self.rest):
                used += 9 + len(data)
                if stream == self.stream and kind == h2.DATA:
                    got += data
                    end |= bool(flags & h2.END_STREAM)
            self.rest = self.rest[used:]
        tally.judge(got, body, "HTTP/2")


def again(kind, site, number, tally, client=None):
    """A client that has asked once more; a new one if the old one is gone."""
    try:
        client = client or kind(site, number)
        client.ask(tally)
        return client
    except OSError as trouble:
        tally.lost += 1
        tally.first = tally.first or f"{kind.__name__}: {trouble}"
        if client:
            client.socket.close()
        return None


def idle(site, stop, tally, ready, count, every):
    """Most in clear, a tenth over TLS, a tenth over HTTP/2. Each asks when it
    comes, and then every so many seconds."""
    kinds = [Secure if n % 10 == 4 else Two if n % 10 == 8 else Clear
             for n in range(count)]
    clients = [again(k, site, n, tally) for n, k in enumerate(kinds)]
    ready.set()
    number, begin = 0, time.monotonic()
    while not stop.is_set():
        late = begin + number * every / count - time.monotonic()
        if late > 0:
            time.sleep(late)
        at = number % count
        clients[at] = again(kinds[at], site, at, tally, clients[at])
        number += 1


def secure(site, stop, tally, count, pause):
    kinds = [Secure, Two] * (count // 2)
    clients = [None] * len(kinds)
    while not stop.is_set():
        for at, kind in enumerate(kinds):
            clients[at] = again(kind, site, at, tally, clients[at])
            time.sleep(pause / len(kinds))


def loris(site, stop, tally, count):
    """A byte of a head each second."""
    asked = site.talks[0][0][:-2] + b"X-Slow: " + b"x" * 1000
    clients = [[None, 0] for _ in range(count)]
    while not stop.is_set():
        for number, c in enumerate(clients):
            try:
                c[0] = c[0] or site.connect(number)
                c[0].send(asked[c[1]:c[1] + 1])
                c[1] += 1
            except OSError:  # as it should after a minute
                tally.closed += 1
                c[0].close()
                c[:] = [None, 0]
        time.sleep(1)


def slow(site, stop, tally, count):
    """Read 40 kB a second each."""
    asked, want = site.large
    clients = [[None, 0] for _ in range(count)]
    while not stop.is_set():
        for number, c in enumerate(clients):
            if not c[0]:
                c[:] = [site.connect(number, 4096), 0]
                c[0].sendall(asked)
                c[0].setblocking(False)
            try:
                part = c[0].recv(4096)
            except BlockingIOError:
                continue
            tally.wrong += want[c[1]:c[1] + len(part)] != part
            c[1] += len(part)
            if not part or c[1] >= len(want):
                tally.judge(want[:c[1]], want, "slow")
                c[0].close()
                c[0] = None
        time.sleep(0.1)


def garbage(s, seed, site, tally):
    s.sendall(seed.choice((b"\x16\x03\x01\0\xff", b"\0", b"GET \xff", b"PRI * "
                           b"HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\r\n\r\n"))
              + seed.randbytes(seed.randrange(1, 900)) + b"\r\n\r\n")
    s.shutdown(socket.SHUT_WR)
    return None


def reset(s, seed, site, tally):
    s.sendall(seed.choice((site.large, *site.talks[:5]))[0])
    if seed.randrange(2):
        select.select([s], [], [], 0.01)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return None


def half_close(s, seed, site, tally):
    asked, want = seed.choice(site.talks)
    s.sendall(asked)
    s.shutdown(socket.SHUT_WR)
    return want


def rude(site, stop, tally, count, pause):
    seed = random.Random(os.getpid())
    kinds = [garbage, reset, half_close]
    while not stop.is_set():
        for kind in kinds:
            round_of(kind, seed, site, tally, count)
            time.sleep(pause)


def round_of(kind, seed, site, tally, count):
    opened = []
    for number in range(count):
        try:
            s = site.connect(number)
            opened.append((s, kind(s, seed, site, tally)))
        except OSError:
            tally.closed += 1
    for s, want in opened:
        if want is not None:
            tally.judge(take(s, len(want) + 1), want, kind.__name__)
        elif kind is garbage:
            take(s, 1 << 20)
        s.close()
