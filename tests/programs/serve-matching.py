#!/usr/bin/env python3
"""P11 to P17: which recorded answer a client gets, asked over a socket.

usage: serve-matching.py SAN_DIR PLAIN_DIR [TEST...]
"""
from playback import *

HOST = "www.matching.example"
JSON = "Content-Type: application/json"
FORM = "Content-Type: application/x-www-form-urlencoded"


def differing(line):
    return {d.get("name") for d in line["differs"] if d["in"] == "field"}


def bodies(replay, *asked, source=None):
    return [ask(replay.port, HOST, *a, source=source).body.decode()
            for a in asked]


def p11_proxy_targets_plain_and_absolute():
    s = Scenario("p11-proxy")
    with Replay(s.path) as r:
        same(ask_raw(r.port, s.requests[0]), s.responses[0], "407 first")
        same(ask_raw(r.port, s.requests[1]), s.responses[1], "then the page")
        same(ask_raw(r.port, s.requests[2]), s.responses[2], "port in target")
        same(ask_raw(r.port, s.requests[3]), s.responses[3], "502")
        plain = "127.0.0.2"  # another client begins at the first again
        same(ask(r.port, HOST, source=plain).raw, s.responses[0], "plainly")
        same(ask(r.port, HOST, source=plain).raw, s.responses[1], "plainly")
        same(ask(r.port, HOST + ":8080", "/odd?q=1").raw, s.responses[2],
             "plainly, with the port")
        same(ask(r.port, "gone.example", "/x").raw, s.responses[3], "plainly")
        # the target counts, whatever Host says (RFC 9112 3.2.2)
        same(ask(r.port, "other.example", f"http://{HOST}/").raw,
             s.responses[1], "absolute form under another Host")
        steps = {line["step"] for line in r.log(9)}
        same(steps, {"exact"}, "steps")
        same(r.log(9)[4]["url"], f"http://{HOST}/", "URL in the log")


def p11_connect_then_what_the_tunnel_carries():
    s = Scenario("p06-connect")
    with Replay(s.path) as r:
        with Client(r.port) as c:
            c.send(s.requests[0])
            same(c.take(len(s.responses[0])), s.responses[0], "CONNECT")
            for asked, answered in zip(s.requests[1:], s.responses[1:]):
                c.send(asked)
                same(c.take(len(answered)), answered, "inside")
        with Client(r.port) as c:  # without waiting
            c.send(b"".join(s.requests))
            c.half_close()
            same(c.rest(), b"".join(s.responses), "all at once")
        same(ask_raw(r.port, s.requests[1]), s.responses[1], "no tunnel")
        same({n["step"] for n in r.log(7)}, {"exact"}, "steps")


def p11_connect_refused_then_granted():
    s = Scenario("p11-proxy")
    with Replay(s.path) as r, Client(r.port) as c:
        for i in 4, 5:
            c.send(s.requests[i])
            same(c.take(len(s.responses[i])), s.responses[i], "CONNECT")


def p12_repeats_in_order_for_each_client_and_run():
    s = Scenario("p12-repeats")
    want = ["first\n", "second\n", "third\n", "third\n", "third\n"]
    with Replay(s.path) as r:
        for source in "127.0.0.1", "127.0.0.2":
            same(bodies(r, *[["/poll"]] * 5, source=source), want, source)
        with Client(r.port, "127.0.0.3") as c:  # a connection is no client
            c.send(request(HOST, "/poll") * 2)
            same([c.answer().body for _ in range(2)], [b"first\n", b"second\n"],
                 "pipelined")
        same(bodies(r, ["/poll"], source="127.0.0.3"), ["third\n"], "goes on")
        same([n["exchange"] for n in r.log(13)[:5]], [1, 3, 4, 4, 4],
             "numbers in the log")
        r.signal(signal.SIGUSR1)
        r.line("a new run")
        same(bodies(r, *[["/poll"]] * 4), want[:4], "a new run")


def p12_failed_first_try_does_not_shadow_the_good_one():
    s = Scenario("p12-failed-first")
    with Replay(s.path) as r:
        for _ in range(2):
            same(ask(r.port, HOST, "/tool.bin").body, b"the whole tool\n")
        same(r.log(2)[0]["exchange"], 3, "number")


def p12_one_key_two_recorded_clients():
    s = Scenario("p12-two-clients")
    order = [s.responses[i] for i in range(5)]
    with Replay(s.path) as r:
        for source in "127.0.0.1", "127.0.0.2":
            got = [ask(r.port, HOST, "/task", source=source).raw
                   for _ in range(6)]
            same(got, order + order[-1:], source)


def p13_same_key_told_apart_by_fields_in_any_order():
    s = Scenario("p13-variants")
    asked = [(["/v", "Cookie: who=b"], "for cookie b\n"),
             (["/v", "Referer: http://two.example/"], "from two\n"),
             (["/v", "Cookie: who=a"], "for cookie a\n"),
             (["/v", "Referer: http://one.example/"], "from one\n"),
             (["/v", "Range: bytes=10-19"], "hole and i"),
             (["/v", "Range: bytes=0-9"], "0123456789")]
    whole = "0123456789 whole and in pieces\n"
    with Replay(s.path) as r:
        for more, want in asked[:4] + asked[1::-1]:
            same(bodies(r, more), [want], more)
        for more, _ in asked[4:]:
            at = int(more[1].split("=")[1].split("-")[0])
            same(bodies(r, more), [whole[at:at + 10]], more)
        for body in b"b", b"a", b"b":
            got = ask(r.port, HOST, "/v", method="POST", body=body)
            same(got.body, b"for body %s\n" % body, "body")
        same({n["step"] for n in r.log(11)}, {"exact"}, "steps")


def p14_query_order_query_values_and_exact():
    s = Scenario("p14-query-order")
    with Replay(s.path) as r:
        for target, want, step in [
                ("/q?c=3&b=2&a=1", "one two three\n", "query-order"),
                ("/q?b=2&a=1", "one two\n", "query-order"),
                ("/q?a=2&b=1", "two one\n", "query-order"),
                ("/q?a=2&a=1", "twice\n", "query-order"),
                ("/q?a=9&b=2&c=3", "one two three\n", "query-values"),
                ("/q?A=2", "upper\n", "query-values"),
                ("/q?", "empty\n", "exact"), ("/q", "none\n", "exact")]:
            same(bodies(r, [target]), [want], target)
            same(r.last()["step"], step, target)
        for target in "/q?d=1", "/q?a=1", "/q?a=1&b=2&c=3&d=4", "/Q?a=1&b=2":
            same(ask(r.port, HOST, target).status, 404, target)
    with Replay(s.path, "--exact") as r:
        for target in "/q?c=3&b=2&a=1", "/q?a=9&b=2&c=3", "/q?A=2":
            same(ask(r.port, HOST, target).status, 404, target)
        same(bodies(r, ["/q?b=1&a=2"]), ["two one\n"], "exact")
        same(ask(r.port, HOST, "/q?a=1", method="HEAD").status, 404, "HEAD")


def p14_cache_busters():
    s = Scenario("p14-cache-busters")
    with Replay(s.path) as r:
        got = bodies(r, ["/ad.js?_=1"], ["/ad.js?_=2"], ["/ad.js?_=3"],
                     ["/pixel?r=0.1&c=9"], ["/page?jsessionid=00"])
        same(got, ["ad 1\n", "ad 2\n", "ad 2\n", "pixel\n", "page\n"])
        same({n["step"] for n in r.log(5)}, {"query-values"}, "steps")
        same(r.log(5)[3]["differs"][0],
             {"in": "parameter", "name": "r", "asked": "0.1",
              "recorded": "0.7734021"}, "what differs")
        same(ask(r.port, HOST, "/stamp/1489486399/x").status, 404, "in a path")


def p14_the_query_alone_tells_exploits_apart():
    s = Scenario("p14-query-decides")
    want = {t: c.split(b"\r\n\r\n")[1].decode() for t, c in
            zip([row["target"] for row in s.rows], s.responses)}
    with Replay(s.path) as r:
        for _ in range(3):
            for target in reversed(want):
                same(bodies(r, [target]), [want[target]], target)
        for kind in "mp3", "xml", "jar", "swf", "mp3":  # another number
            target = next(t for t in want if kind in t)
            same(bodies(r, [f"/?req={kind}&num=1"]), [want[target]], kind)
        same({n["step"] for n in r.log(17)[:12]}, {"exact"}, "steps")
        for target in "/", "/?req=swf", "/?num=2290", "/?req=swf&num=2290&x=":
            same(ask(r.port, HOST, target).status, 404, target)


def p14_a_miss_is_explained_in_the_log_and_not_in_the_answer():
    s = Scenario("p14-query-decides")
    with Replay(s.path) as r:
        got = ask(r.port, HOST, "/?req=swf&num=2290&x=1")
        same(got.body.decode(),
             f"404 Not Found\nGET http://{HOST}/?req=swf&num=2290&x=1\n")
        same(got.field("Content-Length"), str(len(got.body)), "length")
        ask(r.port, "evil.example", "/?req=swf&num=2290")
        ask(r.port, HOST, "/elsewhere?req=swf")
        ask(r.port, HOST, "/?req=jar&num=3703", method="DELETE")
        log = r.log(4)
        same([n["step"] for n in log], ["none"] * 4, "steps")
        same((log[0]["nearest"], log[0]["differs"][0]),
             (1, {"in": "parameter", "name": "x", "asked": "1",
                  "recorded": None}), "parameter")
        same(log[1]["differs"][0], {"in": "host", "asked": "evil.example",
                                    "recorded": HOST}, "host")
        same(log[2]["differs"][0]["in"], "path", "path")
        same((log[3]["nearest"], log[3]["differs"][0]),
             (2, {"in": "method", "asked": "DELETE", "recorded": "GET"}),
             "method")
        r.line(r" 404 \d+ not recorded; nearest #1; differs in parameter x "
               r"\(1 for nothing\)")
        r.line(r"nearest #1; differs in host \(evil.example for " + HOST)


def p15_json_rpc_the_body_decides():
    s = Scenario("p15-json-rpc")
    rpc = '{{"id":{},"method":"{}","params":["{}"]}}'
    cases = [((2, "eth_call", "0xb2"), "stage two", "exact"),
             ((3, "eth_call", "0xa1"), "stage one again", "exact"),
             ((1, "eth_call", "0xa1"), "stage one", "exact"),
             ((77, "eth_call", "0xb2"), "stage two", "body-fields")]
    with Replay(s.path) as r:
        for values, want, step in cases:
            got = ask(r.port, HOST, "/rpc", JSON, method="POST",
                      body=rpc.format(*values).encode())
            true(f'"{want}"' in got.body.decode(), f"{values}: {got}")
            same(r.last()["step"], step, values)
        differs = r.log(4)[3]["differs"][0]
        same((differs["in"], differs["name"]), ("body field", "id"))
        same([ask(r.port, HOST, "/rpc", JSON, method="POST",
                  body=b'{"jsonrpc":"2.0"}', source="127.0.0.2").body
              for _ in range(2)],
             [a.split(b"\r\n\r\n")[1] for a in s.responses[:2]], "by place")
        same(r.last()["step"], "body", "by place")
    with Replay(s.path, "--exact") as r:
        got = ask(r.port, HOST, "/rpc", JSON, method="POST",
                  body=rpc.format(9, "eth_call", "0xa1").encode())
        same(got.status, 404, "--exact")


def p15_forms_strict_then_fields_then_place():
    s = Scenario("p15-forms")

    def post(body, source="127.0.0.1"):
        return ask(r.port, HOST, "/gate.php", FORM, method="POST",
                   body=body.encode(), source=source).body.decode()

    with Replay(s.path) as r:
        for body, want, step in [
                ("id=7&os=6.1&t=1489486385", "run\n", "exact"),
                ("id=7&os=6.1&t=1489486325", "sleep\n", "exact"),
                ("id=8&result=failed", "thanks\n", "body-fields"),
                ("", "who?\n", "exact")]:
            same(post(body), want, body)
            same(r.last()["step"], step, body)
        fresh = "127.0.0.2"
        same([post(f"id=7&os=6.1&t={t}", fresh) for t in (1, 2, 3)],
             ["sleep\n", "run\n", "run\n"], "same fields, by place")
        same([n["step"] for n in r.log(7)[4:]], ["body-fields"] * 3)
        # chunked, the same bytes: the digest is of the body alone
        got = Answer(ask_raw(r.port, request(
            HOST, "/gate.php", FORM, "Transfer-Encoding: chunked",
            method="POST") + b"4;x=y\r\nid=7\r\nc\r\n&result=done\r\n0\r\n\r\n"))
        same((got.body, r.last()["step"]), (b"thanks\n", "exact"))


def p16_a_difference_in_what_pages_test_is_logged():
    s = Scenario("p16-gated")
    with Replay(s.path) as r:
        ask(r.port, HOST, "/gate", "User-Agent: Lynx",
            "Referer: http://a.example/", "Cookie: c=1", "Accept-Language: ja")
        got = ask(r.port, HOST, "/gate", "Cookie: first=1",
                  "Referer: http://search.example/?q=weather")
        same(got.body, b"<h1>in</h1>\n", "the branch that fits")
        log = r.log(2)
        true({"User-Agent", "Referer", "Cookie"} <= differing(log[0]),
             f"{log[0]}")
        true(not {"Referer", "Cookie"} & differing(log[1]), f"{log[1]}")
        agent = next(d for d in log[0]["differs"]
                     if d.get("name") == "User-Agent")
        same((agent["asked"], agent["recorded"]), ("Lynx", "curl/7.52.1"))
        r.line(r"#1 exact; differs in Referer, Cookie, User-Agent, "
               r"Accept-Language")
        again = [ask_raw(r.port, a) for a in s.requests]
        same(again, s.responses, "as recorded")
        same([n["differs"] for n in r.log(4)[2:]], [[], []], "as recorded")


def p17_a_304_answers_conditions_alone():
    s = Scenario("p17-revalidated")
    tag = 'If-None-Match: "58c7c1"'
    with Replay(s.path) as r:
        for _ in range(3):
            same(ask(r.port, HOST, "/cached.js").body, b"the script\n")
        same([ask(r.port, HOST, "/cached.js", tag).status for _ in range(3)],
             [304] * 3, "with its condition")
        got = ask(r.port, HOST, "/cached.js", 'If-None-Match: "other"')
        same(got.body, b"the script\n", "with another condition")
        same(ask(r.port, HOST, "/only-cached.js").status, 404, "never recorded")
        true("cache" in r.last()["note"], "and that is told")
        since = "If-Modified-Since: Tue, 14 Mar 2017 09:00:00 GMT"
        same(ask(r.port, HOST, "/only-cached.js", since).status, 304)
        same(ask(r.port, HOST, "/cached.js", method="HEAD").head,
             s.responses[1].split(b"\r\n\r\n")[0], "HEAD from GET")


def p17_ranges_are_cut_out_of_a_whole_200():
    s = Scenario("p17-whole")
    head, whole = s.responses[0].split(b"\r\n\r\n")
    size = len(whole)

    def check(spec, first, last):
        got = ask(r.port, HOST, "/whole.bin", f"Range: {spec}")
        same((got.status, got.field("Content-Range")),
             (206, f"bytes {first}-{last}/{size}"), spec)
        same(got.field("Content-Length"), str(last - first + 1), spec)
        same(got.body, whole[first:last + 1], spec)
        for name in b"ETag", b"Accept-Ranges", b"Content-Type":
            same(field(got.head, name.decode()), field(head, name.decode()))

    def check_whole(*more):
        got = ask(r.port, HOST, "/whole.bin", *more)
        same(got.raw, s.responses[0], more)

    with Replay(s.path) as r:
        for spec, first, last in [
                ("bytes=0-0", 0, 0), ("bytes=100-199", 100, 199),
                ("bytes=-10", size - 10, size - 1),
                (f"bytes={size - 1}-", size - 1, size - 1),
                ("bytes=9000-99999999", 9000, size - 1),
                (f"bytes=-{size * 2}", 0, size - 1), ("BYTES=3-4", 3, 4)]:
            check(spec, first, last)
        same({n["step"] for n in r.log(7)}, {"range-cut"}, "steps")
        check_whole("Range: bytes=0-1,5-6")
        check_whole(f"Range: bytes={size}-")
        check_whole("Range: bytes=4-3")
        check_whole("Range: lines=0-1")
        check_whole("Range: bytes=0-9", 'If-Range: "77"')
        same({n["step"] for n in r.log(12)[7:]}, {"range-whole"}, "steps")
        got = ask(r.port, HOST, "/whole.bin", method="HEAD")
        same((got.head, got.body), (head, b""), "HEAD")
        same(r.last()["step"], "head-from-get", "HEAD")
        with Client(r.port) as c:  # the connection goes on after a cut
            c.send(request(HOST, "/whole.bin", "Range: bytes=5-8") * 2)
            same([c.answer().body for _ in range(2)], [whole[5:9]] * 2)
    with Replay(s.path, "--exact") as r:
        check("bytes=1-2", 1, 2)


def p17_a_whole_body_is_joined_from_ranges():
    s = Scenario("p17-ranges")
    part = [a.split(b"\r\n\r\n")[1] for a in s.responses]
    joins = part[1] + part[0] + part[2]
    with Replay(s.path) as r:
        got = ask(r.port, HOST, "/joins.bin")
        same((got.status, got.field("Content-Length"), got.body),
             (200, "10000", joins), "joined")
        same(got.field("Content-Range"), None, "of a whole")
        same(r.log(1)[0]["step"], "range-joined", "step")
        got = ask(r.port, HOST, "/overlap.bin")
        same((got.status, got.body), (200, part[5] + part[6][2000:]))
        got = ask(r.port, HOST, "/joins.bin", "Range: bytes=3990-8009")
        same((got.status, got.field("Content-Range"), got.body),
             (206, "bytes 3990-8009/10000", joins[3990:8010]), "cut")
        got = ask(r.port, HOST, "/apart.bin", "Range: bytes=10-19")
        same((got.status, got.body), (206, part[3][10:20]), "inside a piece")
        for more in [], ["Range: bytes=2000-5999"]:
            same(ask(r.port, HOST, "/apart.bin", *more).status, 404, more)
        same(ask_raw(r.port, s.requests[4]), s.responses[4], "as recorded")
        got = ask(r.port, HOST, "/joins.bin", method="HEAD")
        same((got.status, got.field("Content-Length"), got.body),
             (200, "10000", b""), "HEAD")


def piece(text, first, last, tag):
    return ok(text[first:last + 1], f'ETag: "{tag}"',
              f"Content-Range: bytes {first}-{last}/{len(text)}",
              status="206 Partial Content")


def p17_pieces_of_several_wholes_are_not_mixed():
    def talk(target, *pieces):
        return [(request(HOST, target, f"Range: bytes={p[1]}-{p[2]}"),
                 piece(*p)) for p in pieces]
    old, new = "oldoldold!", "0123456789"
    with Capture("wholes.pcap") as capture:
        capture.talk(
            *talk("/new", (old, 0, 4, 1), (new, 0, 4, 2), (new, 5, 9, 2)),
            *talk("/both", (new, 0, 4, 2), (old, 0, 9, 1), (new, 5, 9, 2)),
            *talk("/none", (old, 0, 4, 1), (new, 5, 9, 2)),
            *talk("/length", (old + old, 0, 9, 1), (old, 0, 9, 1)),
            (request(HOST, "/new", 'If-None-Match: "1"'),
             b"HTTP/1.1 304 Not Modified\r\n\r\n"))
    with Replay(capture.path) as r:
        same(bodies(r, ["/new"], ["/both"], ["/length"]), [new, new, old])
        same(bodies(r, ["/new", "Range: bytes=3-6"]), ["3456"], "cut")
        same(bodies(r, ["/new", "Range: bytes=0-3"]), ["oldo"], "the first")
        same(ask(r.port, HOST, "/none").status, 404, "never mixed")


def p17_a_304_gives_way_to_a_200_anywhere():
    not_modified = b"HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n"
    condition = 'If-None-Match: "1"'
    with Capture("anywhere.pcap") as capture:
        capture.talk((request(HOST, "/port", condition), not_modified),
                     (request(HOST, "/pieces", condition), not_modified),
                     (request(HOST, "/pieces", "Range: bytes=0-1"),
                      piece("abcd", 0, 1, 1)),
                     (request(HOST, "/pieces", "Range: bytes=2-3"),
                      piece("abcd", 2, 3, 1)))
        capture.talk((request(HOST + ":8080", "/port"), ok("whole")),
                     port=8080)
    with Replay(capture.path) as r:
        same(bodies(r, ["/port"], ["/pieces"]), ["whole", "abcd"])
        same([ask(r.port, HOST, t, condition).status
              for t in ("/port", "/pieces")], [304, 304], "on condition")
        same(ask(r.port, HOST + ":80", "/port").body, b"whole", "with a port")


def p13_the_place_is_kept_among_those_with_the_same_cookie():
    talk = [("a", "a1"), ("b", "b1"), ("a", "a2"), ("b", "b2")]
    with Capture("cookies.pcap") as capture:
        capture.talk(*[(request(HOST, "/d", f"Cookie: {c}"), ok(t))
                       for c, t in talk])
    with Replay(capture.path) as r:
        got = bodies(r, *[["/d", f"Cookie: {c}"] for c in "bbabaa"])
        same(got, ["b1", "b2", "a1", "b2", "a2", "a2"])
        got = bodies(r, *[["/d", f"Cookie: {c}"] for c in "xyzxy"],
                     source="127.0.0.2")
        same(got, ["a1", "b1", "a2", "b2", "b2"], "new cookies: by place")


run(tests_of(globals()))
