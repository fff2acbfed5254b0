#!/usr/bin/env python3
"""P14, P20, P21, P26, P27, P34 and P35: serving with rules.

usage: serve-rules.py SAN_DIR PLAIN_DIR [TEST...]
"""
import email.utils
import gzip
import itertools
import threading
import time

from playback import *

HOST = "www.rules.example"
PAGE = b'<html><a href="http://192.0.2.7/x">next</a>' + b"<p>text</p>" * 50
STEERED = PAGE.replace(b"192.0.2.7", b"192-0-2-7.ip.test")
STEER = r"type=text/html body s{({link})({ip})}{$1${steer:2}}g"
HTML = "Content-Type: text/html"
names = itertools.count()


def rules(*lines):
    path = TMP / f"{next(names)}.conf"
    write_rules(path, *lines)
    return path


def write_rules(path, *lines):
    """Whole at any time, as editors do it."""
    new = path.with_suffix(".new")
    new.write_text("".join(n + "\n" for n in lines))
    new.rename(path)


def recorded(name, *answers):
    """A capture of (target, answer), each on a connection of its own."""
    with Capture(name) as capture:
        for asked, answered in answers:
            if isinstance(asked, str):
                asked = request(HOST, asked)
            capture.talk((asked, answered))
    return capture.path


def served(path, *lines, options=(), **more):
    return Replay(path, "--rules", rules(*lines), *options, **more)


# --- bodies and heads --------------------------------------------------------

def p20_what_no_rule_changes_leaves_as_recorded():
    odd = (b"HTTP/1.1 200 Fine\r\nX-ODD:a\r\ncontent-type:  text/html\r\n"
           b"Transfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n00\r\n"
           b"T: 1\r\n\r\n")
    plain = ok("hello", HTML)
    path = recorded("same.pcap", ("/odd", odd), ("/plain", plain))
    with served(path, STEER) as r:
        for _ in range(3):  # made, then known
            same(ask(r.port, HOST, "/odd").raw, odd)
            same(ask(r.port, HOST, "/plain").raw, plain)
        true("rewritten" not in r.last(), "and that is told")


def p20_lengths_are_true_again():
    chunked = (b"HTTP/1.1 200 OK\r\nX: 1\r\nContent-Type: text/html\r\n"
               b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n"
               % (len(PAGE), PAGE))
    path = recorded("length.pcap", ("/page", ok(PAGE, HTML, 'ETag: "1"')),
                    ("/chunked", chunked))
    with served(path, STEER) as r:
        for target in "/page", "/chunked":
            with Client(r.port) as c:  # the connection goes on
                for _ in range(3):
                    c.send(request(HOST, target))
                    got = c.answer()
                    same(got.body, STEERED, target)
                    same(got.field("ETag"), None, target)
                    same(got.field("Transfer-Encoding"), None, target)
                c.send(request(HOST, target, method="HEAD"))
                same(c.head(), got.head + b"\r\n\r\n", "HEAD")
                c.send(request(HOST, target))
                same(c.answer().raw, got.raw, "nothing came between")
        log = r.log(10)
        true(all(n["rewritten"] and ".conf:1" in n["told"] for n in log), log)
        r.line(r"#1 exact; .*rewritten: .*\.conf:1")


def p20_recorded_head_has_the_length_of_get():
    head = ok(PAGE, HTML)[:-len(PAGE)]
    path = recorded("head.pcap", ("/", ok(PAGE, HTML)),
                    (request(HOST, method="HEAD"), head),
                    (request(HOST, "/alone", method="HEAD"), head))
    with served(path, STEER) as r:
        with Client(r.port) as c:
            c.send(request(HOST, method="HEAD"))
            got = c.head()
            same(field(got, "Content-Length"), str(len(STEERED)))
            c.send(request(HOST, "/alone", method="HEAD"))
            same(c.head(), head, "nobody knows better")
        same([n["step"] for n in r.log(2)], ["exact"] * 2)


def p20_fields_alone_keep_the_raw_body():
    body = b"3\r\nabc\r\n0\r\n\r\n"
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n%sA: b\r\n\r\n"
    until = b"HTTP/1.0 200 OK\r\n%s\r\nabc"
    alt = b"Alt-Svc: h3\r\n"
    path = recorded("fields.pcap", ("/", head % alt + body),
                    ("/until", until % alt))
    with served(path, "header Alt-Svc delete") as r:
        for _ in range(2):
            same(ask(r.port, HOST).raw, head % b"" + body)
            same(ask(r.port, HOST, "/until").raw, until % b"")


def p20_interim_answers_stay():
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    path = recorded("interim.pcap", ("/", interim + ok(PAGE, HTML)))
    with served(path, STEER) as r:
        same(ask(r.port, HOST).raw, interim + ok(STEERED, HTML))


def p20_what_was_cut_is_cut():
    whole = ok(PAGE, HTML)
    path = recorded("cut.pcap", ("/", whole[:-100]))
    with served(path, STEER) as r:
        got = ask(r.port, HOST)
        same(got.body, STEERED[:-100], "up to the cut")
        true(int(got.field("Content-Length")) > len(got.body), got)
    with served(path, STEER, options=["--incomplete=404"]) as r:
        same(ask(r.port, HOST).status, 404)


def p20_status_by_rule():
    path = recorded("status.pcap", ("/gate.php", ok("gone", status="410 No")))
    with served(path, "path=/gate.php status set 200 OK") as r:
        same(ask(r.port, HOST, "/gate.php").raw, ok("gone"))
        same(r.last()["status"], 200)


def p21_each_client_gets_what_it_takes():
    packed = ok(gzip.compress(PAGE, mtime=0), HTML, "Content-Encoding: gzip")
    path = recorded("coded.pcap", ("/", packed))
    with served(path, STEER) as r:
        for _ in range(2):
            got = ask(r.port, HOST, "/", "Accept-Encoding: gzip, br")
            same(gzip.decompress(got.body), STEERED)
            same(got.field("Content-Encoding"), "gzip")
            for more in [], ["Accept-Encoding: br"]:
                got = ask(r.port, HOST, "/", *more)
                same(got.body, STEERED)
                same(got.field("Content-Encoding"), None)
        same([n.get("decoded") for n in r.log(6)], [None, True, True] * 2)
    with served(path, "header X set 1") as r:  # its body is not touched
        same(ask(r.port, HOST).body, gzip.compress(PAGE, mtime=0))
    with served(path, "header X set 1", options=["--recode"]) as r:
        got = ask(r.port, HOST)
        same((got.body, got.field("X")), (PAGE, "1"))


def p39_digests_of_what_changed():
    import base64
    import hashlib

    def digest(data):
        return b"sha256-" + base64.b64encode(hashlib.sha256(data).digest())
    script = b'go("http://192.0.2.7/")'
    page = b'<script src=/a.js integrity="%s"></script>'
    path = recorded(
        "integrity.pcap", ("/", ok(page % digest(script), HTML)),
        ("/a.js", ok(script, "Content-Type: text/javascript")))
    with served(path, r"body s{({link})({ip})}{$1${steer:2}}g") as r:
        changed = ask(r.port, HOST, "/a.js").body
        true(changed != script, "it changed")
        same(ask(r.port, HOST).body, page % digest(changed))


# --- ranges ------------------------------------------------------------------

def p20_ranges_are_cut_out_of_the_whole():
    path = recorded("whole.pcap", ("/", ok(PAGE, HTML)))
    total = len(STEERED)
    with served(path, STEER) as r:
        for asked, first, last in (("10-59", 10, 59), ("-10", total - 10,
                                                       total - 1),
                                   (f"{len(PAGE)}-", len(PAGE), total - 1)):
            got = ask(r.port, HOST, "/", f"Range: bytes={asked}")
            same(got.status, 206)
            same(got.body, STEERED[first:last + 1], asked)
            same(got.field("Content-Range"), f"bytes {first}-{last}/{total}")
            same(got.field("Content-Length"), str(last + 1 - first))
            same(r.last()["step"], "range-cut")
        got = ask(r.port, HOST, "/", "Range: bytes=0-9", 'If-Range: "1"')
        same((got.status, got.body), (200, STEERED))
        got = ask(r.port, HOST, "/", f"Range: bytes={total}-")
        same((got.status, got.body), (200, STEERED))


def piece(body, first, last):
    return (request(HOST, "/", f"Range: bytes={first}-{last}"),
            ok(body[first:last + 1], HTML, 'ETag: "1"',
               f"Content-Range: bytes {first}-{last}/{len(body)}",
               status="206 Partial Content"))


def p20_pieces_are_joined_rewritten_and_cut_again():
    last = len(PAGE) - 1
    path = recorded("pieces.pcap", piece(PAGE, 0, 29), piece(PAGE, 30, last))
    with served(path, STEER) as r:
        for asked in "0-29", "25-40":  # recorded, not recorded
            got = ask(r.port, HOST, "/", f"Range: bytes={asked}")
            first, end = map(int, asked.split("-"))
            same(got.body, STEERED[first:end + 1], asked)
            same(got.field("Content-Range"),
                 f"bytes {asked}/{len(STEERED)}", asked)
        got = ask(r.port, HOST)
        same((got.status, got.body), (200, STEERED))
        same([n["step"] for n in r.log(3)],
             ["exact", "range-joined", "range-joined"])


def p20_pieces_without_a_whole_stay():
    first = piece(PAGE, 0, 29)
    path = recorded("piece.pcap", first)
    with served(path, STEER) as r:
        same(ask_raw(r.port, first[0]), first[1])
        true("only parts of it were recorded" in r.last()["told"], "told")
    with served(path, "type=text/css body s{a}{b}") as r:
        same(ask_raw(r.port, first[0]), first[1])
        true("told" not in r.last(), "no rule fits")


# --- dates -------------------------------------------------------------------

def seconds(date):
    return email.utils.parsedate_to_datetime(date).timestamp()


def p26_p27_dates_move_alike():
    day = 86400
    then = 1489486325  # playback.Capture's first packet

    def at(offset):
        return email.utils.formatdate(then + offset, usegmt=True)
    fields = (f"Date: {at(0)}", f"Expires: {at(day)}",
              f"Last-Modified: {at(-day)}",
              f"Set-Cookie: a=b; expires={at(2 * day)}; path=/")
    path = recorded("dates.pcap", ("/", ok("x", *fields)))
    with Replay(path, "--shift-dates") as r:
        for method in "GET", "HEAD":
            got = ask(r.port, HOST, method=method)
            now = time.time()
            moved = {n: seconds(got.field(n)) - now
                     for n in ("Date", "Expires", "Last-Modified")}
            cookie = got.field("Set-Cookie").split("expires=")[1]
            moved["cookie"] = seconds(cookie.split(";")[0]) - now
            for name, want in (("Date", 0), ("Expires", day),
                               ("Last-Modified", -day), ("cookie", 2 * day)):
                true(abs(moved[name] - want) < 30, f"{name}: {moved[name]}")
        true(r.last()["rewritten"], "told")
    with served(path, "date Set-Cookie shift") as r:
        got = ask(r.port, HOST)
        same(got.field("Date"), at(0))
        true(seconds(got.field("Set-Cookie").split("expires=")[1]
                     .split(";")[0]) > time.time(), "ahead")


# --- targets and names -------------------------------------------------------

def p14_targets_exact_first_then_rules_then_guesses():
    path = recorded("buster.pcap", *[(f"/a?x={x}&_={n}", ok(f"{x}{n}"))
                                     for x, n in ((1, 11), (1, 12), (2, 13))])
    rule = r"target s{([?&])_=\d+}{$1_=0}"
    cases = [("/a?x=1&_=12", "112", "exact"), ("/a?x=1&_=77", "111",
                                               "target-rule"),
             ("/a?x=2&_=78", "213", "target-rule"),
             ("/a?_=13&x=2", "213", "query-order"),
             ("/a?x=3&_=79", "213", "query-values")]
    with served(path, rule) as r:
        for target, body, step in cases:
            same(ask(r.port, HOST, target).body.decode(), body, target)
            last = r.last()
            same((last["step"], "rewritten" in last), (step, False), target)
        same(r.last()["url"], f"http://{HOST}/a?x=3&_=79", "raw in the log")
    with served(path, rule, options=["--exact"]) as r:
        same(ask(r.port, HOST, "/a?x=2&_=78").body, b"213")
        same(ask(r.port, HOST, "/a?x=3&_=79").status, 404)


def p34_steering_names_lead_back():
    target = "/go?u=http://198.51.100.9/x"
    with Capture("steered.pcap") as capture:
        for referer in "http://other.example/", "http://192.0.2.7/":
            capture.talk((request("192.0.2.7", target, f"Referer: {referer}"),
                          ok(referer)))
    asked = "/go?u=http://198-51-100-9.%s/x"
    for zone in "ip.test", "lab.example":
        with Replay(capture.path, "--zone", zone, "--exact") as r:
            for _ in range(2):  # P35: the one with that Referer
                got = ask(r.port, f"192-0-2-7.{zone}", asked % zone,
                          f"Referer: http://192-0-2-7.{zone}/")
                same(got.body, b"http://192.0.2.7/", zone)
                same(r.last()["step"], "steered", zone)
            got = ask(r.port, f"192-0-2-7.{zone}", target)
            same(r.last()["step"], "exact", zone)
            got = ask(r.port, f"192-0-2-7.other.{zone}", target)
            same(got.status, 404, zone)


def p34_hosts_in_other_forms():
    with Capture("forms.pcap") as capture:
        for host in "0xC0.0.2.7", "[2001:db8::0:1]":
            capture.talk((request(host), ok(host)))
    with Replay(capture.path, "--exact") as r:
        for name in "192-0-2-7", "2001-db8-0-0-0-0-0-1":
            same(ask(r.port, f"{name}.ip.test").status, 200, name)


def p34_a_recorded_host_of_that_name_wins():
    with Capture("owned.pcap") as capture:
        for host in "192.0.2.7", "192-0-2-7.ip.test":
            capture.talk((request(host), ok(host)))
    with Replay(capture.path) as r:
        same(ask(r.port, "192-0-2-7.ip.test").body, b"192-0-2-7.ip.test")
        r.line("192-0-2-7.ip.test was recorded as a host")
    with Replay(capture.path, "--zone=other.test") as r:
        same(ask(r.port, "192-0-2-7.other.test").body, b"192.0.2.7")
        same(r.told("was recorded as"), [])


# --- reload ------------------------------------------------------------------

def mark(n):
    return f"type=text/html body s{{text}}{{mark{n}}}g"


def reload(r, path, *lines, told="rules read again"):
    before = len(r.told(told))
    write_rules(path, *lines)
    r.signal(signal.SIGHUP)
    until("the reload", lambda: len(r.told(told)) > before)


def p20_reload_is_all_or_nothing():
    path = recorded("reload.pcap", ("/a?_=1", ok(PAGE, HTML)))
    conf = rules(mark(1))
    with Replay(path, "--rules", conf) as r:
        same(ask(r.port, HOST, "/a?_=1").body, PAGE.replace(b"text", b"mark1"))
        reload(r, conf, mark(2), r"target s{_=\d+}{}")
        r.line("rules read again: 2 rules")
        for _ in range(2):
            same(ask(r.port, HOST, "/a?_=9").body,
                 PAGE.replace(b"text", b"mark2"))
        same(r.last()["step"], "target-rule")
        reload(r, conf, mark(3), "hedaer X delete",
               told="rules are unchanged")
        r.line(rf"{conf}:2:1: ")
        same(ask(r.port, HOST, "/a?_=9").body, PAGE.replace(b"text", b"mark2"))
        reload(r, conf)  # none at all
        same(ask(r.port, HOST, "/a?_=1").body, PAGE)
        same(ask(r.port, HOST, "/a?_=9", "X: 1").body, PAGE)
        same(r.last()["step"], "query-values")


def p20_answers_in_flight_end_as_they_began():
    large = b"text" + b"<p>" + b"0123456789" * 800_000 + b"text"
    path = recorded("flight.pcap", ("/", ok(large, HTML)))
    conf = rules(mark(1))
    with Replay(path, "--rules", conf) as r:
        with Client(r.port, receive=4096) as c:
            c.send(request(HOST))
            c.head()
            reload(r, conf, mark(2))
            same(ask(r.port, HOST).body, large.replace(b"text", b"mark2"))
            same(c.take(len(large) + 2), large.replace(b"text", b"mark1"))
            c.send(request(HOST))
            same(c.answer().body, large.replace(b"text", b"mark2"))


def p20_reload_under_load():
    path = recorded("load.pcap", *[(f"/{i}", ok(PAGE, HTML))
                                   for i in range(20)])
    conf = rules(mark(0))
    wrong, end = [], threading.Event()

    def client(port):
        with Client(port) as c:
            for i in itertools.count():
                if end.is_set():
                    return
                c.send(request(HOST, f"/{i % 20}"))
                body = c.answer().body
                marks = set(body.split(b"mark")[1:])
                if not body.startswith(PAGE[:30]) or len(
                        {m.split(b"<")[0] for m in marks}) != 1:
                    wrong.append(body)
    with Replay(path, "--rules", conf, "-q") as r:
        threads = [threading.Thread(target=client, args=(r.port,))
                   for _ in range(16)]
        for t in threads:
            t.start()
        for n in range(1, 60):
            # no waiting for one before the next
            write_rules(conf, mark(n), *["nonsense"] * (n % 3 == 0))
            r.signal(signal.SIGHUP)
            time.sleep(0.02)
        end.set()
        for t in threads:
            t.join(PATIENCE)
        same(wrong[:1], [])
        true(len(r.told("rules are unchanged")) > 3, "some were faulty")


def p20_sighup_without_rules_is_ignored():
    path = recorded("none.pcap", ("/", ok("x")))
    with Replay(path) as r:
        r.signal(signal.SIGHUP)
        r.signal(signal.SIGUSR1)
        r.line("a new run")
        same(ask(r.port, HOST).body, b"x")
        same(r.told("^replay: .*rules "), [])


# --- slow rules --------------------------------------------------------------

# The first takes most of a second, the second runs into its limit.
SLOW = ("type=text/html body s{a{0,3000}[bc]}{x}g",
        "type=text/html body s{(a|aa)+[bc]}{x}")


def slow_capture():
    return recorded("slow.pcap", ("/fast", ok("fast")),
                    *[(f"/slow{i}", ok(b"a" * 300_000, HTML))
                      for i in range(4)])


def p22_slow_rules_hold_up_nobody_else():
    with served(slow_capture(), *SLOW, directory=PLAIN) as r:
        ask(r.port, HOST, "/fast")
        with Client(r.port) as slow, Client(r.port) as fast:
            slow.send(request(HOST, "/slow0"))
            worst = 0
            for _ in range(200):
                began = time.monotonic()
                fast.send(request(HOST, "/fast"))
                fast.answer()
                worst = max(worst, time.monotonic() - began)
            same(slow.answer().body, b"a" * 300_000)
        true(worst < 0.5, f"{worst} s")
        slow = next(n for n in r.log(202) if "/slow" in n["url"])
        true("ran into its limit" in slow["told"], slow)
        r.line("ran into its limit")


def p22_many_wait_for_one():
    with served(slow_capture(), *SLOW, directory=PLAIN) as r:
        clients = [Client(r.port) for _ in range(20)]
        for c in clients:
            c.send(request(HOST, "/slow0") + request(HOST, "/fast"))
        for c in clients[::2]:  # half of them leave
            c.socket.close()
        for c in clients[1::2]:
            same(c.answer().body, b"a" * 300_000)
            same(c.answer().body, b"fast")
            c.socket.close()
        same(len(r.told("ran into its limit: answers")), 1)


def p22_stopping_ends():
    with served(slow_capture(), *SLOW) as r, Client(r.port) as c:
        c.send(request(HOST, "/slow0"))
        # once that is taken, the others may be in any state
        others = [Client(r.port) for _ in range(3)]
        for i, other in enumerate(others):
            other.send(request(HOST, f"/slow{i + 1}"))
        ask(r.port, HOST, "/fast")
        r.signal(signal.SIGTERM)
        same(c.answer().body, b"a" * 300_000, "in flight")
        for other in others:
            other.socket.close()


# --- options -----------------------------------------------------------------

def listen_faulty_options():
    import subprocess
    path = recorded("options.pcap", ("/", ok("x")))
    faulty = rules("hedaer X delete", "body s{(}{}")
    for options, status, said in (
            (["--rules", faulty], 1, f"{faulty}:2:"),
            (["--rules", TMP / "none.conf"], 1, "none.conf"),
            (["--rules", TMP], 1, "directory"),
            (["--zone", "no zone"], 2, "--zone no zone"),
            (["--zone", ""], 2, "--zone")):
        done = subprocess.run([SAN / "replay", *options, path],
                              capture_output=True, text=True,
                              timeout=PATIENCE)
        same(done.returncode, status, options)
        true(said.lower() in done.stderr.lower(), done.stderr)


def listen_several_files():
    path = recorded("several.pcap", ("/", ok("x")))
    first, second = rules("header A set 1"), rules("header B set 2")
    with Replay(path, "-r", first, "--rules", second) as r:
        got = ask(r.port, HOST)
        same((got.field("A"), got.field("B")), ("1", "2"))


run(tests_of(globals()))
