#!/usr/bin/env python3
"""P20, P21, P23 and P24: the bytes of answers, how they end and when they come.

usage: serve-bytes.py SAN_DIR PLAIN_DIR [TEST...]
"""
import gzip
import time
import zlib

from playback import *

HOST = "www.messages.example"


def check_as_recorded(name):
    """Asks for each exchange of a scenario on a connection of its own."""
    s = Scenario(name)
    with Replay(s.path) as r:
        for asked, answered in zip(s.requests, s.responses):
            same(ask_raw(r.port, asked), answered, asked)


def p20_fields_framing_and_interim_answers_as_recorded():
    for name in ("p20-fields", "p06-no-body", "p06-pipelining", "p07-codings",
                 "p06-until-close", "p06-early-response"):
        check_as_recorded(name)


def p20_all_on_one_connection():
    s = Scenario("p20-fields")
    with Replay(s.path) as r:
        same(ask_raw(r.port, b"".join(s.requests)), b"".join(s.responses))


def p20_interim_answers():
    s = Scenario("p06-continue")
    true(s.responses[0].count(b"HTTP/1.1 1") == 3, "the scenario has three")
    with Replay(s.path) as r:
        for asked, answered in zip(s.requests, s.responses):
            same(ask_raw(r.port, asked), answered, "at once")
        head, _, body = s.requests[0].partition(b"\r\n\r\n")
        with Client(r.port) as c:
            c.send(head + b"\r\n\r\n")
            same(c.head(), b"HTTP/1.1 100 Continue\r\n\r\n", "before the body")
            c.send(body)
            c.half_close()
            whole = s.responses[0]
            same(c.rest(), whole[len(b"HTTP/1.1 100 Continue\r\n\r\n"):],
                 "the rest")


def p20_head_from_get_keeps_its_length():
    s = Scenario("p20-fields")
    with Replay(s.path) as r, Client(r.port) as c:
        odd = s.responses[0].split(b"\r\n\r\n")[0] + b"\r\n\r\n"
        c.send(request(HOST, "/odd", method="HEAD"))
        same(c.head(), odd, "from GET")
        c.send(s.requests[2])
        same(c.head(), s.responses[2], "recorded")
        c.send(s.requests[1])  # nothing of a body came between
        same(c.take(len(s.responses[1])), s.responses[1], "next")


def p20_who_says_close_closes_and_who_does_not_goes_on():
    page = gzip.compress(b"until it closes " * 50)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n%s\r\n"
    with Capture("close.pcap") as capture:
        for target, more in (("/says", b"Connection: close\r\n"),
                             ("/not", b"")):
            capture.talk((request(HOST, target), head % more + page))
    asked = [("HEAD", []), ("GET", []),  # that one decoded
             ("GET", ["Accept-Encoding: gzip", "Range: bytes=2-5"])]
    with Replay(capture.path, "--recode") as r:
        for method, more in asked:
            for target in "/says", "/not":
                with Client(r.port) as c:
                    c.send(request(HOST, target, *more, method=method))
                    got = c.head()
                    if method == "GET":
                        c.take(int(field(got, "Content-Length")))
                    if target == "/not":
                        c.send(request(HOST, "/not", "Accept-Encoding: gzip"))
                    want = head % b"" + page if target == "/not" else b""
                    same(c.rest(), want, f"after {method} {target} {more}")


def p20_upgrade_is_answered_and_closed():
    s = Scenario("p06-upgrade")
    with Replay(s.path) as r, Client(r.port) as c:
        i = next(i for i, a in enumerate(s.responses) if b" 101 " in a)
        c.send(s.requests[i])
        got = c.rest()
        true(got.startswith(s.responses[i]), f"{got}")
        true("upgrade" in r.log(1)[0]["note"], "and that is told")


def without_coding(head):
    return [n for n in head.split(b"\r\n")
            if n.split(b":")[0].lower() not in
            (b"content-encoding", b"content-length", b"transfer-encoding")]


def p21_recode_decodes_for_those_who_do_not_accept():
    s = Scenario("p07-codings")
    accept = {"/gzip": "gzip", "/deflate": "deflate", "/br": "br",
              "/zstd": "zstd"}
    plain = None
    with Replay(s.path, "--recode") as r:
        for row, recorded in zip(s.rows, s.responses):
            target = row["target"]
            if target not in accept:
                continue
            more = [f"Accept-Encoding: {c}" for c in accept.values()
                    if c != accept[target]]
            for given in [], ["Accept-Encoding: identity"], more[:1]:
                got = ask(r.port, HOST, target, *given)
                plain = plain or got.body
                same(got.body, plain, target)
                same(got.field("Content-Length"), str(len(plain)), target)
                same(got.field("Content-Encoding"), None, target)
                same(got.field("Transfer-Encoding"), None, target)
                same(without_coding(got.head), without_coding(
                    recorded.split(b"\r\n\r\n")[0]), target)
            for value in (accept[target], "*", "gzip, deflate, br, zstd",
                          f"identity;q=0.5, {accept[target]};q=0.1"):
                got = ask(r.port, HOST, target, f"Accept-Encoding: {value}")
                same(got.raw, recorded, f"{target} {value}")
            refused = f"Accept-Encoding: {accept[target]};q=0"
            same(ask(r.port, HOST, target, refused).body, plain, refused)
        same(ask(r.port, HOST, "/not-gzip").raw, s.responses[4], "a lie")
        log = r.log(33)
        same([n.get("decoded", False) for n in log[:3]], [True] * 3, "told")
        same(log[-1].get("decoded"), None, "told")
    true(b"<html" in plain and len(plain) > 8000, "it is a page")
    with Replay(s.path) as r:
        for asked, answered in zip(s.requests, s.responses):
            got = ask_raw(r.port, asked.replace(b"Accept-Encoding", b"X"))
            same(got, answered, "off by default")


def p21_recode_of_several_codings_and_of_what_is_no_whole():
    page = b"twice over " * 100
    deflated = zlib.compress(page)
    twice = gzip.compress(deflated)
    packed = gzip.compress(page)
    with Capture("twice.pcap") as capture:
        capture.talk(
            (request(HOST, "/two"), ok(twice, "Content-Encoding: deflate",
                                       "content-encoding: gzip", "X: 1")),
            (request(HOST, "/part", "Range: bytes=0-9"),
             ok(packed[:10], "Content-Encoding: gzip",
                "Content-Range: bytes 0-9/99", status="206 Partial Content")),
            (request(HOST, "/broken"),
             ok(packed[:40], "Content-Encoding: gzip")),
            (request(HOST, "/odd"), ok(b"as it is", "Content-Encoding: odd")),
            (request(HOST, "/aes"), ok(packed, "Content-Encoding: x-gzip")),
            (request(HOST, "/x", method="HEAD"),
             ok("", "Content-Encoding: gzip").replace(b": 0", b": 99")))
    with Replay(capture.path, "--recode") as r:
        same(ask(r.port, HOST, "/two").raw, ok(page, "X: 1"), "two fields")
        same(ask(r.port, HOST, "/aes").body, page, "x-gzip")
        for target in "/broken", "/odd":
            got = ask(r.port, HOST, target)
            true(got.field("Content-Encoding"), target)
            same(got.field("Content-Length"), str(len(got.body)), target)
        got = ask(r.port, HOST, "/part", "Range: bytes=0-9")
        same((got.status, got.body), (206, packed[:10]), "206")
        got = ask(r.port, HOST, "/x", method="HEAD")
        same(got.field("Content-Length"), "99", "HEAD")
        got = ask(r.port, HOST, "/two", method="HEAD")
        same((got.status, got.body), (200, b""), "HEAD from GET")


def ends_by_reset(at, data):
    """Whether the client sees a reset and not a byte."""
    with Client(at) as c:
        c.send(data)
        try:
            got = c.rest()
        except ConnectionResetError:
            return True
        same(got, b"", "bytes of no response")
        return False


def p23_no_response_closes_or_resets_as_then():
    s = Scenario("p23-no-response")
    with Replay(s.path) as r:
        for row, asked in zip(s.rows, s.requests):
            same(ends_by_reset(r.port, asked), row["target"] == "/reset",
                 row["target"])
        same(ends_by_reset(r.port, s.requests[1]), True, "again")
        log = r.log(5)
        same([n["bytes"] for n in log], [0] * 5, "bytes")
        same({n["note"] for n in log}, {"no response was recorded"}, "note")
        true(all("status" not in n for n in log), "no status was recorded")


def p23_a_cut_answer_ends_at_the_cut():
    s = Scenario("p23-reset")
    with Replay(s.path) as r, Client(r.port) as c:
        c.send(s.requests[0] + s.requests[1] + s.requests[2])
        same(c.rest(), s.responses[0] + s.responses[1], "to the cut, then EOF")
        same(r.log(2)[1]["note"], "the recorded response was cut", "note")
        same(ask_raw(r.port, s.requests[2]), s.responses[2], "reset after it")
    s = Scenario("p02-lost")
    with Replay(s.path) as r:
        for row, asked, answered in zip(s.rows, s.requests, s.responses):
            if row["state"] == "complete":
                same(ask_raw(r.port, asked), answered, row["target"])
                continue
            got = ask_raw(r.port, asked)
            true(answered.startswith(got) and len(got) < len(answered),
                 "up to the gap, and no byte made up")
            true("gap" in r.last()["note"], "note")


def p23_heads_and_interim_answers_may_be_cut():
    early = b"HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n"
    cut = {"/head": b"HTTP/1.1 200 OK\r\nContent-Le",
           "/early": early + b"HTTP/1.1 200 OK\r\nContent-Le",
           "/line": b"HTTP/1.1 20", "/only-early": early,
           "/body": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"}
    with Capture("cut.pcap") as capture:
        for target, answered in cut.items():
            capture.talk((request(HOST, target), answered))
    with Replay(capture.path) as r:
        for target, answered in cut.items():
            for more in [], ["Range: bytes=0-1"]:
                with Client(r.port) as c:
                    c.send(request(HOST, target, *more))
                    same(c.rest(), answered, target)
            with Client(r.port) as c:
                c.send(request(HOST, target, method="HEAD"))
                same(c.rest(), answered.replace(b"half", b""), "HEAD")


def p23_a_cut_head_after_expect_continue():
    cut = b"HTTP/1.1 200 OK\r\nContent-Le"
    with Capture("expect.pcap") as capture:
        capture.talk((request(HOST, "/p", method="POST", body=b"1"), cut))
    with Replay(capture.path) as r, Client(r.port) as c:
        c.send(request(HOST, "/p", "Expect: 100-continue", "Content-Length: 1",
                       method="POST"))
        same(c.head(), b"HTTP/1.1 100 Continue\r\n\r\n", "told")
        c.send(b"1")
        same(c.rest(), cut, "answer")


def p23_incomplete_404_in_both_ways_of_writing():
    s, t = Scenario("p23-reset"), Scenario("p23-no-response", "--seed=9")
    for option in ["--incomplete=404"], ["--incomplete", "404"]:
        with Replay([s.path, t.path], *option) as r:
            for asked in [s.requests[1], *t.requests]:
                got = Answer(ask_raw(r.port, asked))
                same(got.status, 404, option)
                same(got.field("Content-Length"), str(len(got.body)), option)
            same(ask_raw(r.port, s.requests[0]), s.responses[0], "complete")
            same([n["step"] for n in r.log(6)], ["exact"] * 6, "told")
            true("cut" in r.log(6)[0]["note"], "told")
            with Client(r.port) as c:  # and the connection goes on
                c.send(s.requests[1] + s.requests[0])
                same(c.answer().status, 404)
                same(c.take(len(s.responses[0])), s.responses[0], "next")


def seconds_to_first_byte(at, asked, want):
    with Client(at) as c:
        began = time.monotonic()
        c.send(asked)
        first = c.take(1)
        took = time.monotonic() - began
        same(first + c.take(len(want) - 1), want, "bytes")
        return took


def p24_pace_keeps_the_recorded_delay_and_is_off_by_default():
    s = Scenario("p24-slow")
    with Replay(s.path) as r:
        took = seconds_to_first_byte(r.port, s.requests[0], s.responses[0])
        true(took < 1, f"off: {took:.2f} s")
    with Replay(s.path, "--pace") as r:
        with Client(r.port) as waiting, Client(r.port) as gone:
            waiting.send(s.requests[0] + s.requests[1])
            gone.send(s.requests[0])
            gone.socket.close()  # while its answer is due
            took = seconds_to_first_byte(r.port, s.requests[1], s.responses[1])
            true(took < 1, f"others wait {took:.2f} s")
            took = seconds_to_first_byte(r.port, s.requests[0], s.responses[0])
            true(1.9 < took < 4, f"on: {took:.2f} s")
            for answered in s.responses:  # in order, though the second is quick
                same(waiting.take(len(answered)), answered, "pipelined")


def p24_an_end_does_not_wait_for_the_pace():
    with Capture("years.pcap") as capture:
        capture.talk((request(HOST, "/x"), ok("x")), delay=1e9)
    with Replay(capture.path, "--pace") as r, Client(r.port) as c:
        c.send(request(HOST, "/404"))
        same(c.answer().status, 404, "a miss has no pace")
        c.send(request(HOST, "/x") + request(HOST, "/y"))
        with Client(r.port) as other:  # by now the first is being waited for
            other.send(request(HOST, "/404"))
            same(other.answer().status, 404)
        r.signal(signal.SIGTERM)
        same(c.rest(), ok("x"), "sent at once, and no more")
        same(r.process.wait(PATIENCE), 0, "exit status")


def p24_pace_of_a_reset_and_of_a_late_body():
    with Capture("late.pcap") as capture:
        asked = request(HOST, "/late")
        capture.talk((asked, b""), reset=True)
        capture.time += 5
        capture.talk((request(HOST, "/x", method="POST", body=b"a"), ok("x")))
    with Replay(capture.path, "--pace") as r:
        same(ends_by_reset(r.port, asked), True, "reset")
        same(ask(r.port, HOST, "/x", method="POST", body=b"a").body, b"x")


run(tests_of(globals()))
