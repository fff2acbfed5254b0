#!/usr/bin/env python3
"""The log as EVE: jq reads it, its fields are those of Suricata's schema with
their types, and they say what another reader finds in the capture.

usage: log-eve.py SAN_DIR PLAIN_DIR [NAME...]
"""
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

from playback import *

TOP = pathlib.Path(__file__).resolve().parents[2]
CORPUS = pathlib.Path(os.environ.get("CORPUS", TOP / "../shared/corpus"))
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+0000\Z")
HOST = "www.a.example"
STATE = 12  # column of --list

# group, name and type of each field, as jq has them
TYPES = """
def kind: if type == "number" and . == floor then "integer" else type end;
def fields(group): to_entries[] | [group, .key, (.value | kind)];
fields("-"), (.http // {} | fields("http")), (.tls // {} | fields("tls"))
"""


def jq(program, path):
    done = subprocess.run(["jq", "-c", program, path], capture_output=True,
                          text=True, timeout=PATIENCE)
    same((done.returncode, done.stderr), (0, ""), "jq")
    return [json.loads(n) for n in done.stdout.splitlines()]


def schema():
    """Names and types; which of them must be there."""
    path = pathlib.Path(__file__).with_name("lib") / "eve.tsv"
    rows = [n.split("\t") for n in path.read_text().splitlines()
            if not n.startswith("#")]
    return ({(g, n): kind for g, n, kind, *_ in rows},
            {n for g, n, _, *must in rows if must})


def held_against_schema(path):
    known, must = schema()
    for group, name, kind in jq(TYPES, path):
        if (group, name) == ("-", "reenact"):
            same(kind, "object", name)
            continue
        same(kind, known.get((group, name)), f"{group} {name}")
    events = jq(".", path)
    for event in events:
        true(must <= event.keys(), event)
        true(TIME.match(event["timestamp"]), event)
        true("reenact" in event and event["event_type"] in event, event)
    return events


def site():
    with Capture("eve.pcap") as c:
        c.talk((request(HOST, "/?a=1"),
                ok("page", "Content-Type: text/html; charset=utf-8")),
               (request(HOST, "/go"),
                ok("", "LOCATION: http://b.example/x",
                   status="302 Found")),
               (request(HOST, "/chunks"),
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"3\r\nabc\r\n0\r\n\r\n"),
               (request(HOST, "/post", method="POST", body=b"x=1",),
                ok("thanks")))
        c.talk((request("b.example:8080", "/"), ok("there")), port=8080)
    return c.path


def all_kinds():
    """Hits, misses, refusals, TLS, HTTP/2, hostile bytes: nothing but names of
    the schema, each with its type."""
    odd = bytes(b for b in range(1, 256) if b not in b"\r\n \t")
    with Replay(site(), "--ca", TMP / "ca") as r:
        ask(r.port, HOST, "/?a=1", "User-Agent: one", "Referer: http://r/")
        ask(r.port, "b.example:8080")
        ask(r.port, "nowhere.example", "/nothing")
        ask(r.port, None, "/go")
        ask_raw(r.port, b"GET\r\n\r\n")
        ask_raw(r.port, b"G\xc3T /" + odd + b" HTTP/1.0\r\nHost: \xff:80\r\n"
                b"User-Agent: " + odd[30:] + b"\r\n\r\n")
        for more in [], ["--http2"], ["--http2-prior-knowledge"]:
            scheme = "http" if "--http2-prior-knowledge" in more else "https"
            subprocess.run(
                ["curl", "-sSk", *more, "--connect-to", f"::127.0.0.1:{r.port}",
                 f"{scheme}://{HOST}/go"], check=True, timeout=PATIENCE)
        ask_raw(r.port, b"\x16\x03\x01\x00\x05hello")
        with Client(r.port) as c, Client(r.port) as d:
            for one in c, d, c:
                one.send(request(HOST, "/go"))
                one.answer()
        r.log(13)
    events = held_against_schema(r.log_path)
    same(collections.Counter(e["event_type"] for e in events),
         {"http": 12, "tls": 1})
    return events


def eve_names_are_those_of_the_schema():
    events = all_kinds()
    flows = collections.Counter(e["flow_id"] for e in events)
    same(sorted(flows.values()), [1] * (len(events) - 2) + [2],
         "a number for each connection")
    true(max(flows) < 1 << 53, "numbers that JSON holds")
    failed = next(e for e in events if e["event_type"] == "tls")
    true("failure" in failed["reenact"] and "http" not in failed, failed)
    two = [e for e in events if e.get("http", {}).get("version") == "2"]
    same([("tls" in e, "protocol" in e["http"]) for e in two],
         [(False, False)], "HTTP/2")
    same([e["tls"]["version"] for e in events
          if "tls" in e and "http" in e], ["TLS 1.3"] * 2)


def eve_says_what_was_asked():
    with Replay(site()) as r:
        with Client(r.port) as c:
            c.send(request(HOST, "/?a=1", "User-Agent: one",
                           "Referer: http://r/"))
            c.answer()
            ends = c.socket.getsockname()
            r.log(1)
        ask(r.port, "b.example:8080")
        ask(r.port, HOST, "/go")
        ask(r.port, HOST, "/missing")
        ask(r.port, HOST, "/go", method="HEAD")
        r.log(5)
    events = held_against_schema(r.log_path)
    first = {n: v for n, v in events[0].items()
             if n not in ("timestamp", "flow_id", "reenact")}
    same(first, {"event_type": "http", "src_ip": ends[0], "src_port": ends[1],
                 "dest_ip": "127.0.0.1", "dest_port": r.port, "proto": "TCP",
                 "http": {"hostname": HOST, "url": "/?a=1",
                          "http_user_agent": "one", "http_refer": "http://r/",
                          "http_method": "GET", "protocol": "HTTP/1.1",
                          "http_content_type": "text/html", "status": 200,
                          "length": 4}})
    own = events[0]["reenact"]
    same((own["url"], own["exchange"], own["step"], own["source"]),
         (f"http://{HOST}/?a=1", 1, "exact", "recording"))
    other, go, missing, head = [e["http"] for e in events[1:]]
    same((other["hostname"], other["http_port"], other["url"]),
         ("b.example", 8080, "/"))
    same((go["redirect"], go["status"], go["length"]),
         ("http://b.example/x", 302, 0))
    true("http_port" not in go, "only where it was named")
    same((missing["status"], events[3]["reenact"]["step"]), (404, "none"))
    same((head["http_method"], head["length"]), ("HEAD", 0))


def eve_tells_long_values_in_part():
    """What a recorded head holds stands in the line of each request that is
    held against it."""
    with Capture("long.pcap") as c:
        c.talk((request(HOST, "/p", "Cookie: " + "c" * 8191 + "\u00c3\u00a9" * 9000),
                ok("x")))
    log = TMP / "long.jsonl"
    log.unlink(missing_ok=True)
    with Replay(c.path, log=log) as r:
        ask(r.port, HOST, "/other")
    differs = jq(".reenact.differs[]?", log)
    same([d["recorded"] for d in differs if d.get("name") == "Cookie"],
         ["c" * 8191 + "\u2026"], "in part")
    true(max(map(len, log.read_bytes().splitlines())) < 20000, "a short line")


def eve_length_is_the_bodys():
    """As sent: with its chunks, without what was said to go on."""
    with Replay(site()) as r:
        got = ask(r.port, HOST, "/chunks").raw
        with Client(r.port) as c:
            c.send(b"POST /post HTTP/1.1\r\nHost: " + HOST.encode() +
                   b"\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n")
            said = c.head()
            c.send(b"x=1")
            answer = c.answer()
        r.log(2)
    events = held_against_schema(r.log_path)
    same([e["http"]["length"] for e in events],
         [len(b"3\r\nabc\r\n0\r\n\r\n"), len(b"thanks")])
    same([e["reenact"]["bytes"] for e in events],
         [len(got), len(said) + len(answer.raw)])


def tshark(path, kind, *names):
    options = [o for n in names for o in ("-e", f"http.{n}")]
    done = subprocess.run(
        ["tshark", "-nr", path, "-Y", f"http.{kind}", "-T", "fields", *options,
         "-o", "tcp.reassemble_out_of_order:TRUE", "-E", "occurrence=f"],
        capture_output=True, text=True, timeout=3 * PATIENCE)
    return collections.Counter(tuple(n.split("\t"))
                               for n in done.stdout.splitlines())


def told(events, *names):
    return collections.Counter(tuple(str(e["http"].get(n, "")) for n in names)
                               for e in events)


def eve_says_what_tshark_reads():
    """A real infection, each of its requests asked again: the log's fields are
    those that tshark reads out of the capture."""
    path = (CORPUS / "captures" /
            "httpreplay__2015-10-08-Nuclear-EK-example-2-traffic.pcap")
    if not path.exists() or not shutil.which("tshark"):
        return "no corpus (set CORPUS), or no tshark"
    rows = [n.split("\t") for n in subprocess.run(
        [PLAIN / "replay", "--list", "--no-digest", path], check=True,
        capture_output=True, text=True, timeout=PATIENCE
        ).stdout.splitlines()][1:]
    unasked = [tuple(n[6:9]) for n in rows if n[STATE] != "complete"]
    with Replay(path) as r:
        subprocess.run([PLAIN / "tools/reask", str(r.port), path],
                       check=True, timeout=PATIENCE, capture_output=True)
        r.log(len(rows) - len(unasked))
    events = held_against_schema(r.log_path)
    asked = tshark(path, "request", "request.method", "host", "request.uri",
                   "user_agent", "referer")
    found = told(events, "http_method", "hostname", "url", "http_user_agent",
                 "http_refer")
    same((asked.total(), found - asked), (len(rows), {}), "requests")
    same([n[:3] for n in (asked - found).elements()], unasked, "not asked")
    answers = collections.Counter()
    for (status, kind, to), n in tshark(path, "response", "response.code",
                                        "content_type", "location").items():
        answers[status, kind.split(";")[0], to] += n
    same(told(events, "status", "http_content_type", "redirect"), answers,
         "responses")
    print(f"  {asked.total()} requests, {answers.total()} responses")
    return None


if not shutil.which("jq"):
    print("no jq: nothing to read with")
    sys.exit(77)
run([f for n, f in list(globals().items()) if n.startswith("eve_")])
