#!/usr/bin/env python3
"""What replay does for a closed lab, where every address is local: the address
that was meant, the way of each request, a supplement, the clients' clock.

usage: serve-lab.py SAN_DIR PLAIN_DIR [TEST...]

Where network namespaces are allowed (as root) it runs in one of its own, in
which every address leads to loopback; else loopback's own addresses have to
do, and what needs more is skipped.
"""
import calendar
import email.utils
import os
import shutil
import subprocess
import sys
import time

from playback import *

INSIDE = "SERVE_LAB_INSIDE"
EVERY_ADDRESS = [
    ["ip", "link", "set", "lo", "up"],
    ["ip", "route", "add", "local", "0.0.0.0/0", "dev", "lo"],
    ["ip", "-6", "route", "add", "local", "::/0", "dev", "lo"],
]
NOT_HERE = "no network namespace here (needs root, unshare and ip)"
BARE, BARE6 = "203.0.113.66", "2001:db8:37::11"
MAIN = "www.main.example"
PROBE = "probe.supplement.example"
BEGIN = 1489486325  # when Capture and the scenarios begin


def enter_namespace():
    """Runs this again inside of one; returns if there can be none."""
    if os.environ.get(INSIDE):
        return all(subprocess.run(c, check=False).returncode == 0
                   for c in EVERY_ADDRESS)
    if os.geteuid() or not shutil.which("ip") or not shutil.which("unshare"):
        return False
    if subprocess.run(["unshare", "-n", "true"], capture_output=True,
                      check=False).returncode:
        return False
    os.environ[INSIDE] = "1"
    os.execvp("unshare", ["unshare", "-n", sys.executable, *sys.argv])
    return False


def lab(test):
    """A test that needs every address to be local."""
    def run_or_skip():
        return test() if IN_LAB else NOT_HERE
    run_or_skip.__name__ = test.__name__
    return run_or_skip


def addresses(*options, listen=("0.0.0.0", "::")):
    scenario = Scenario("p37-addresses")
    return scenario, Replay(scenario.path, *options, listen=listen)


def told(line, *keys):
    return {k: line.get(k) for k in keys}


@lab
def listen_on_both_families():
    _, replay = addresses()
    with replay as r:
        same(r.ready, "replay: serving 12 exchanges of 9 hosts on 0.0.0.0 "
             "ports 80, 3128, 8080 and TLS ports 443; :: ports 80, 3128, "
             "8080 and TLS ports 443")
        ask(("192.0.2.1", 80), "a.example")
        ask(("2001:db8::1", 80), "a.example")
        lines = r.log(2)
        same([n["local"] for n in lines], ["192.0.2.1:80",
                                           "[2001:db8::1]:80"])
        true(not any("ffff:" in n["client"] for n in lines), lines)


@lab
def p37_every_request_at_its_recorded_address():
    s, replay = addresses()
    with replay as r:
        for i, row in enumerate(s.rows):
            server, port = row["server"].rsplit(":", 1)
            at = (server.strip("[]"), int(port))
            same(ask_raw(at, s.requests[i]), s.responses[i], row)
        lines = r.log(len(s.rows))
        same({n["step"] for n in lines}, {"exact"}, "steps")
        same([n["local"] for n in lines], [n["server"] for n in s.rows])
        same([n["way"] for n in lines],
             ["name"] * 4 + ["meant-address"] + ["name"] * 3
             + ["address", "name", "proxy", "proxy"], "ways")
        same({n["source"] for n in lines}, {"recording"}, "sources")


@lab
def p34_bare_address_with_a_foreign_host():
    s, replay = addresses()
    with replay as r:
        for host in "other.example", None, "@", "a b", "", "198.51.100.250":
            got = ask_raw((BARE, 80), request(host, "/payload"))
            same(got, s.responses[5], host)
        got = ask_raw((BARE, 80), request(BARE, "/second"))
        same(got, s.responses[6], "another name there")
        lines = r.log(7)
        same({n["step"] for n in lines}, {"by-address"}, "steps")
        same({n["local"] for n in lines}, {f"{BARE}:80"}, "local")
        same([n["way"] for n in lines],
             ["meant-address"] * 5 + ["address"] * 2, "ways")
        same([d for d in lines[0]["differs"] if d["in"] == "host"],
             [{"in": "host", "asked": "other.example",
               "recorded": "hidden.example"}], "told")
        line = r.line(r"GET http://other\.example/payload")
        true(f"#6 by-address at {BARE}:80; differs in host "
             "(other.example for hidden.example)" in line, line)
        line = r.line(rf"GET http://{BARE}/second")
        true("#7 by-address; differs" in line, line)


@lab
def p34_bare_address_at_an_odd_port():
    s, replay = addresses()
    with replay as r:
        for host in f"{BARE}:8080", "other.example:8080", None:
            got = ask_raw((BARE, 8080), request(host, "/odd"))
            same(got, s.responses[7], host)
        lines = r.log(3)
        same({n["local"] for n in lines}, {f"{BARE}:8080"}, "local")
        same({n["step"] for n in lines}, {"by-address"}, "steps")
        # what was recorded at the other port there
        got = ask_raw((BARE, 8080), request(f"{BARE}:8080", "/payload"))
        same(got, s.responses[5], "other port")
        try:
            ask((BARE, 81), BARE, "/odd")
            true(False, "a port that nobody recorded")
        except ConnectionRefusedError:
            pass


@lab
def p34_bare_address_of_ipv6():
    s, replay = addresses()
    with replay as r:
        for host in f"[{BARE6}]", "other.example", None:
            same(ask_raw((BARE6, 80), request(host, "/6")), s.responses[1],
                 host)
        lines = r.log(3)
        same({n["local"] for n in lines}, {f"[{BARE6}]:80"}, "local")
        same([n["way"] for n in lines],
             ["address", "meant-address", "meant-address"], "ways")


@lab
def p34_an_address_that_nobody_recorded():
    _, replay = addresses()
    with replay as r:
        same(ask(("198.18.0.1", 80), "198.18.0.1", "/payload").status, 404)
        same(ask(("198.18.0.1", 80), "other.example", "/nope").status, 404)
        same([n["way"] for n in r.log(2)], ["address", "meant-address"])
        line = r.line("/nope")
        true("not recorded at 198.18.0.1:80; n" in line, line)


@lab
def p34_steering_names_and_proxies():
    s, replay = addresses()
    with replay as r:
        steering = BARE.replace(".", "-") + ".ip.test"
        got = ask_raw(("10.0.0.1", 80), request(steering, "/payload"))
        same(got, s.responses[5], "by the address for which it stands")
        got = ask_raw((BARE, 80), request("203-0-113-99.ip.test", "/steered"))
        same(got, s.responses[9], "a name that was recorded")
        # a proxy's address is not what its clients mean
        got = ask((BARE, 80), "no.example", "http://no.example/payload")
        same(got.status, 404, "asked of a proxy")
        same([told(n, "step", "way") for n in r.log(3)],
             [{"step": "by-address", "way": "steering-name"},
              {"step": "exact", "way": "name"},
              {"step": "none", "way": "proxy"}])


@lab
def p34_exact_never_takes_the_address_for_the_host():
    s, replay = addresses("--exact")
    with replay as r:
        same(ask((BARE, 80), BARE, "/payload").status, 404)
        same(ask((BARE, 80), None, "/payload").status, 404)
        got = ask_raw(("203.0.113.68", 80), request(None, "/bare"))
        same(got, s.responses[4], "recorded without Host")
        same(r.log(3)[2]["step"], "exact")


@lab
def p34_what_is_no_request_has_its_address_too():
    _, replay = addresses()
    with replay as r:
        ask_raw(("198.18.0.7", 8080), b"\x01\x02\x03\r\n\r\n")
        line = r.log(1)[0]
        same(told(line, "local", "status", "way"),
             {"local": "198.18.0.7:8080", "status": 400, "way": None})
        true(0 < line["peer"] < 65536, line)


# ---- on any machine ----

def loopback_server(name, address):
    with Capture(name) as capture:
        capture.talk((request("hidden.example", "/x"), ok("hidden")),
                     server=address)
    return capture.path


def p34_meant_address_on_loopback():
    path = loopback_server("loopback.pcap", "127.9.8.7")
    with Replay(path, listen=["0.0.0.0:0"]) as r:
        same(ask(("127.9.8.7", r.port), "other.example", "/x").body, b"hidden")
        same(ask(("127.9.8.8", r.port), "other.example", "/x").status, 404)
        lines = r.log(2)
        same([told(n, "way", "local") for n in lines],
             [{"way": "meant-address", "local": f"127.9.8.{i}:{r.port}"}
              for i in (7, 8)])


def p34_one_address_listened_on_means_nothing():
    path = loopback_server("elsewhere.pcap", "198.51.100.7")
    with Replay(path) as r:
        same(ask(r.port, "other.example", "/x").status, 404)
        same(ask(r.port, "hidden.example", "/x").body, b"hidden")
        # the server's address, named as a host
        same(ask(r.port, "198.51.100.7", "/x").body, b"hidden")
        lines = r.log(3)
        same([n["way"] for n in lines], ["unknown", "name", "address"])
        same([n["step"] for n in lines], ["none", "exact", "by-address"])
        true(not r.told(" at 127"), r.lines)


def tls_hello(body):
    message = b"\x01" + len(body).to_bytes(3, "big") + body
    return b"\x16\x03\x01" + len(message).to_bytes(2, "big") + message


@lab
def listen_tells_ports_of_tls_alone():
    with Capture("tls.pcap") as capture:
        hello = tls_hello(b"\x03\x03" + bytes(32) + b"\x00\x00\x02\x13\x01"
                          b"\x01\x00")
        for port in 8443, 443, 8080, 8443:
            capture.talk((hello, b"\x15\x03\x03\x00\x02\x02\x28"), port=port)
        capture.talk((request("a.example:8080"), ok("a")), port=8080)
    with Replay(capture.path, listen=["127.0.0.7"]) as r:
        same(r.ready, "replay: serving 1 exchanges of 1 hosts on 127.0.0.7 "
             "ports 8080 and TLS ports 443, 8443")


# ---- the supplement ----

def two_recordings():
    with Capture("main.pcap") as main:
        main.talk((request(MAIN, "/"), ok("main")),
                  (request(MAIN, "/q?a=1"), ok("main q")),
                  (request(MAIN, "/success.txt"), ok("of a main host")))
    with Capture("supplement.pcap") as supplement:
        supplement.talk(
            (request(PROBE, "/success.txt"), ok("success")),
            (request(PROBE, "/success.txt?ipv4"), ok("success 4")),
            (request(MAIN, "/"), ok("never")),
            (request(MAIN, "/q?a=2"), ok("never")),
            (request(MAIN, "/only"), ok("only there")))
    return main.path, supplement.path


def p33_supplement_answers_what_is_missing():
    main, supplement = two_recordings()
    with Replay(main, "--supplement", supplement) as r:
        same(r.ready, "replay: serving 3 exchanges of 1 hosts and 5 of a "
             f"supplement on 127.0.0.1 ports {r.port}")
        asked = [
            (PROBE, "/success.txt", b"success", "supplement", "exact"),
            (PROBE, "/success.txt?ipv4", b"success 4", "supplement", "exact"),
            (MAIN, "/", b"main", "recording", "exact"),
            # a guess of the recording's is about what the victim saw
            (MAIN, "/q?a=2", b"main q", "recording", "query-values"),
            (MAIN, "/only", b"only there", "supplement", "exact"),
        ]
        for host, target, body, *_ in asked:
            same(ask(r.port, host, target).body, body, target)
        same([(n["source"], n["step"]) for n in r.log(5)],
             [tuple(a[3:]) for a in asked])
        same({n["way"] for n in r.log(5)}, {"name"}, "ways")
        true(" supplement #1 exact" in r.line(f"{PROBE}/success.txt "),
             r.lines)
        # not named, or of neither: nothing out of the supplement
        same(ask(r.port, None, "/success.txt?ipv4").status, 404)
        same(ask(r.port, "other.example", "/success.txt").status, 404)
        miss = r.log(7)[6]
        same(miss["step"], "none")
        true("source" not in miss, miss)


@lab
def p33_supplement_before_the_meant_address():
    """Both recorded at one address: the name says which is meant."""
    main, supplement = two_recordings()
    options, at = ["--supplement", supplement], ("198.51.100.7", 80)
    with Replay(main, *options, listen=["0.0.0.0"]) as r:
        same(ask(at, at[0], "/success.txt").body, b"of a main host")
        same(ask(at, PROBE, "/success.txt").body, b"success")
        same(ask(at, "other.example", "/success.txt").body, b"of a main host")
        same([n["step"] for n in r.log(3)],
             ["by-address", "exact", "by-address"])


def p33_supplement_knows_no_rules():
    main, supplement = two_recordings()
    rules = TMP / "supplement.conf"
    rules.write_text("body s{success}{changed}\nbody s{main}{changed}\n"
                     "target s{ipv4}{ipv6}\nheader X-Rule set yes\n")
    options = ["--rules", rules, "--supplement", supplement]
    with Replay(main, *options) as r:
        same(ask(r.port, MAIN).body, b"changed")
        got = ask(r.port, PROBE, "/success.txt?ipv4")
        same((got.body, got.field("X-Rule")), (b"success 4", None))
        r.signal(signal.SIGHUP)
        r.line("rules read again")
        same(ask(r.port, PROBE, "/success.txt").body, b"success")
        same([n["source"] for n in r.log(3)],
             ["recording", "supplement", "supplement"])


def p33_supplements_are_one_recording():
    main, supplement = two_recordings()
    other = loopback_server("other.pcap", "198.51.100.8")
    options = ["--supplement", supplement, "--supplement", other,
               "--filter", "host 198.51.100.7"]
    with Replay(main, *options) as r:
        true(" and 6 of a supplement on " in r.ready, r.ready)
        same(ask(r.port, "hidden.example", "/x").body, b"hidden")
        same(ask(r.port, MAIN).body, b"main")
        r.signal(signal.SIGUSR1)
        r.line("new run")
        same(ask(r.port, "hidden.example", "/x").body, b"hidden")
    done = subprocess.run(
        [SAN / "replay", "--supplement", TMP / "missing.pcap", main],
        capture_output=True, text=True, timeout=PATIENCE, check=False)
    same(done.returncode, 1)
    true("missing.pcap" in done.stderr, done.stderr)


@lab
def p33_supplement_on_its_own_ports():
    main, _ = two_recordings()
    with Capture("port.pcap") as capture:
        capture.talk((request(f"{PROBE}:8099"), ok("odd")), port=8099)
    options = ["--supplement", capture.path]
    with Replay(main, *options, listen=["0.0.0.0"]) as r:
        same(r.ports, [80, 8099, 443])
        same(ask(("198.51.100.7", 8099), f"{PROBE}:8099").body, b"odd")


# ---- the clock ----

def dated():
    date = "Date: Tue, 14 Mar 2017 10:12:05 GMT"
    cookie = "Set-Cookie: a=1; Expires=Tuesday, 21-Mar-17 10:12:05 GMT"
    answer = ok("main", date, cookie)
    with Capture("dated.pcap") as main:
        main.talk((request(MAIN), answer))
    with Capture("dated-supplement.pcap") as supplement:
        supplement.time += 3e8  # some other day
        supplement.talk((request(PROBE), ok(
            "probe", "Date: " + email.utils.formatdate(BEGIN + 3e8,
                                                       usegmt=True))))
    return main.path, supplement.path, answer


def date_of(answer):
    return calendar.timegm(email.utils.parsedate(answer.field("Date")))


def p26_recorded_clock_moves_no_date():
    main, _, answer = dated()
    rules = TMP / "dates.conf"
    rules.write_text("date * shift\ndate Set-Cookie shift\n")
    for options in ["--rules", rules], ["--shift-dates"]:
        with Replay(main, *options, "--clock", "recorded") as r:
            same(ask_raw(r.port, request(MAIN)), answer, options)
            true("rewritten" not in r.last(), r.log(1))
        with Replay(main, *options, "--clock=now") as r:
            true(date_of(ask(r.port, MAIN)) > BEGIN + 1e6, options)
    # other rules do their work
    rules.write_text("date * shift\nheader Set-Cookie delete\n")
    with Replay(main, "--rules", rules, "--clock=recorded") as r:
        got = ask(r.port, MAIN)
        same(got.field("Set-Cookie"), None)
        same(date_of(got), BEGIN)


def p27_a_supplement_has_the_clients_clock():
    main, supplement, _ = dated()
    with Replay(main, "--supplement", supplement) as r:
        same(date_of(ask(r.port, PROBE)), BEGIN + 300000000, "as recorded")
    options = ["--supplement", supplement, "--clock=recorded"]
    with Replay(main, *options) as r:
        got = date_of(ask(r.port, PROBE))
        true(BEGIN - 1 <= got <= BEGIN + PATIENCE, got)
        time.sleep(1.1)
        true(date_of(ask(r.port, PROBE)) > got, "and it goes on")
    with Replay(main, "--supplement", supplement, "--shift-dates") as r:
        true(date_of(ask(r.port, PROBE)) > BEGIN + 1e6, "today's")


def p26_clock_is_one_of_two():
    done = subprocess.run([SAN / "replay", "--clock", "then", "x.pcap"],
                          capture_output=True, text=True, timeout=PATIENCE,
                          check=False)
    same((done.returncode, done.stderr),
         (2, "replay: --clock then: neither recorded nor now (try --help)\n"))


IN_LAB = enter_namespace()
run(tests_of(globals()))
