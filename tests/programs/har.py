#!/usr/bin/env python3
"""The table as an HTTP Archive: by its schema, in a viewer, against the table
and against tshark.

usage: har.py SAN_DIR PLAIN_DIR [TEST...]
                                     (CORPUS: a folder of real captures)
"""
import base64
import collections
import concurrent.futures
import datetime
import functools
import gzip
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import zlib

from lib.corpus import CORPUS, captures_of_corpus, certain_captures, missing
from lib.made import scenarios
from lib.npm import Unreachable, fetch_all
from playback import *

SCHEMA = """
har-schema 2.0.0 sha512-Oqluz6zhGX8cyRaTQlFMPw80bSJVG2x/cFb8ZPhUILGgHka9SsokCCOQgpveePerqidZOrT14ipqfJb7ILcW5Q==
ajv 6.12.6 sha512-j3fVLgvTo527anyYyJOGTYJbG+vnnQYvE0m5mmkc1TK+nxAppkCLMIL0aZ4dblVCNoGShhm+kzE4ZUykBoMg4g==
fast-deep-equal 3.1.3 sha512-f3qQ9oQy9j2AhBe/H9VC91wLmKBCCU/gDOnKNAYG5hswO7BLKj09Hc5HYNz9cGI++xlpDCIgDaitVs03ATR84Q==
fast-json-stable-stringify 2.1.0 sha512-lhd/wF+Lk98HZoTCtlVraHtfh5XYijIjalXck7saUtuanSDyLMxnHhSXEDJqHxD7msR8D0uCmqlkwjCV8xvwHw==
json-schema-traverse 0.4.1 sha512-xbbCH5dCYU5T8LcEhhuh7HJ88HXuW3qsI3Y0zOZFKfZEHcpWiHU/Jxzk629Brsab/mMiHQti9wMP+845RPe3Vg==
uri-js 4.4.1 sha512-7rKUyy33Q1yc98pQ1DAmLtwX109F7TIfWlW1Ydo8Wl1ii1SeHieeh0HHfPeL2fMXK6z0s8ecKs9frCuLJvndBg==
punycode 2.3.1 sha512-vYt7UD1U9Wg6138shLtLOvdAu+8DsC/ilFtEVHcH+wydcSpNE20AfSOduf6MkRFahL5FY7X1oU7nKVZFtfq8Fg==
"""
VIEWER = """
perf-cascade 3.0.3 sha512-2TFyFcBdJrbVU5DGlq32yVimwZ3FQkBX5zB+g2/ps/E60RrcUEUvuHgrPxpoUulhcujejGtIGlp9muQ+WU6Tlw==
"""
# Prints the faults of the files that it is given, one a line.
VALIDATE = """
const fs = require('fs'), Ajv = require('ajv'), schemas = require('har-schema');
const ajv = new Ajv({format: 'full', unknownFormats: 'ignore'});
ajv.addMetaSchema(require('ajv/lib/refs/json-schema-draft-06.json'));
const names = Object.keys(schemas).filter(n => n !== 'har');
const validate = ajv.addSchema(names.map(n => schemas[n]))
    .compile(schemas.har);
for (const path of process.argv.slice(2))
  if (!validate(JSON.parse(fs.readFileSync(path, 'utf8'))))
    console.log(path + ': ' + ajv.errorsText(validate.errors));
console.log('validated ' + (process.argv.length - 2));
"""
# Draws each page; the title tells how many rows there are.
DRAW = """<!DOCTYPE html><meta charset="utf-8"><body><script>%s</script><script>
const har = %s;
const rows = har.log.pages.map((page, i) => {
  const svg = perfCascade.fromHar(har, {selectedPage: i});
  document.body.appendChild(svg);
  return svg.querySelectorAll('.row-item').length;
});
document.title = 'rows ' + rows.join(' ');
</script>"""
MOST = 100  # captures that are held against tshark: with most exchanges
FIELDS = ["frame.number", "tcp.stream", "http.request.method",
          "http.request.uri", "tcp.segment"]


def run_replay(*arguments):
    done = subprocess.run([SAN / "replay", *arguments], capture_output=True,
                          timeout=PATIENCE * 6)
    same(done.returncode, 0, f"{arguments}: {done.stderr[-500:]}")
    return done.stdout


def har_of(*captures):
    return json.loads(run_replay("--list", "--format", "har", *captures))["log"]


@functools.cache
def packages(pins):
    return fetch_all(TMP / hashlib.sha256(pins.encode()).hexdigest()[:8], pins)


def body_of(content):
    text = content.get("text", "")
    if content.get("encoding") == "base64":
        return base64.b64decode(text, validate=True)
    return text.encode()


def seconds_of(date):
    return datetime.datetime.fromisoformat(
        re.sub(r"(\.\d{6})\d*Z$", r"\1+00:00", date)).timestamp()


# ---- against the table ----

def check_entry(entry, row):
    """One of the table's objects against its entry."""
    asked, answered = entry["request"], entry["response"]
    content = answered["content"]
    same((entry["_no"], entry["_stream"], entry["_state"], asked["method"],
          answered["status"] or None, asked["_target"]),
         (row["no"], row["stream"], row["state"], row["method"],
          row["status"], row["target"]), "what it is")
    true(abs(seconds_of(entry["startedDateTime"]) - float(row["time"])) < 2e-6,
         f"{entry['startedDateTime']} for {row['time']}")
    same(asked["headers"], row["request_fields"], "request fields")
    same(answered["headers"], row["response_fields"] or [], "answer's fields")
    timings = [entry["timings"][n] for n in ("send", "wait", "receive")]
    true(all(t >= 0 for t in timings), timings)
    true(abs(sum(timings) - entry["time"]) < 1e-3, timings)
    if row["response_fields"] is None:
        true(answered["_error"], "no error named")
        return
    body = body_of(content)
    if content.get("_trouble") == "is too large":
        same((content["size"], body), (-1, b""), "a bomb")
        return
    same(content["size"], len(body), "size")
    if content["_coding"] == "plain" and content["_whole"]:
        same((answered["bodySize"], hashlib.sha256(body).hexdigest()),
             (row["bytes"], row["sha256"] or hashlib.sha256().hexdigest()),
             "body")


def check_har(log, table):
    same(len(log["entries"]), len(table), "entries")
    pages = {p["id"] for p in log["pages"]}
    same(len(pages), len(log["pages"]), "names of pages")
    same({e["pageref"] for e in log["entries"]}, pages, "pages used")
    for entry, row in zip(log["entries"], table):
        check_entry(entry, row)


def table_of(*captures):
    lines = run_replay("--list", "--format", "json", *captures)
    return [json.loads(n) for n in lines.splitlines()]


def same_as_the_table():
    """In all captures of the generator that it lists."""
    names = [n for n in scenarios(PLAIN / "make-capture")
             if re.match(r"p\d\d-|drive-by$|range-", n)]
    entries = 0
    for name in names:
        path = Scenario(name).path
        log = har_of(path)
        check_har(log, table_of(path))
        entries += len(log["entries"])
    true(entries > 200, f"{entries} entries")
    print(f"{entries} entries of {len(names)} captures")


def decoded_bodies():
    """Codings off, and the fields as recorded."""
    body = b"<p>caf\xc3\xa9</p>" * 50
    packer = zlib.compressobj(wbits=31)
    gzipped = packer.compress(body) + packer.flush()
    binary = bytes(range(256))
    latin = "caf\u00e9".encode("latin-1")
    with Capture("bodies.pcap") as c:
        c.talk((request("h", "/gzip"),
                ok(gzipped, "Content-Encoding: gzip",
                   "Content-Type: text/html")),
               (request("h", "/cut"),
                ok(gzipped, "Content-Encoding: gzip")[:-20]))
        c.talk((request("h", "/binary"), ok(binary)),
               (request("h", "/latin"), ok(latin)),
               (request("h", "/none"), ok(b"")),
               (request("h", "/lie"), ok(b"text", "Content-Encoding: br")),
               (request("h", "/odd"), ok(b"text", "Content-Encoding: x")))
        c.talk((request("h", "/void", "Content-Encoding: gzip", method="POST",
                        body=gzip.compress(b"")), ok("x")))
    entries = har_of(c.path)["entries"]
    by = {e["request"]["url"]: e["response"] for e in entries}
    same(entries[-1]["request"]["postData"],
         {"mimeType": "", "text": "", "_coding": "decoded",
          "_codings": "gzip", "_whole": True}, "nothing, coded")
    content = by["http://h/gzip"]["content"]
    same(content, {"size": len(body), "compression": len(body) - len(gzipped),
                   "mimeType": "text/html", "text": body.decode(),
                   "_coding": "decoded", "_codings": "gzip", "_whole": True})
    same(by["http://h/gzip"]["bodySize"], len(gzipped), "bodySize")
    true({"name": "Content-Encoding", "value": "gzip"}
         in by["http://h/gzip"]["headers"], "field")
    cut = by["http://h/cut"]["content"]
    same((cut["_whole"], cut["_trouble"]), (False, "is cut"), "cut")
    true(body.startswith(body_of(cut)), "the start of it")
    for name, want in ("binary", binary), ("latin", latin):
        content = by[f"http://h/{name}"]["content"]
        same((content["encoding"], body_of(content)), ("base64", want), name)
    true("text" not in by["http://h/none"]["content"], "no text")
    same([by[f"http://h/{n}"]["content"]["_coding"] for n in ("lie", "odd")],
         ["misnamed", "coded"], "codings")
    same(by["http://h/odd"]["content"]["text"], "text", "as recorded")


def requests_in_detail():
    form = b"a=1&b=x+y%21&c"
    with Capture("detail.pcap") as c:
        c.talk((request("h", "/f?q=1+2&r=%e9&&s", "Cookie: a=b; c=d=e",
                        "Content-Type: application/x-www-form-urlencoded",
                        method="POST", body=form),
                ok("x", "Set-Cookie: k=v; Path=/p; Domain=.h; HttpOnly; Secure;"
                        " Expires=Wed, 09 Jun 2021 10:18:14 GMT",
                   "Location: /next", status="302 Found")), delay=0.25)
        c.talk((request("h", "/ {|}\"\xe9<>^`%zz#f"), ok("x")))
        c.talk((request("h", "/unanswered", "Referer: http://h/f?q=1+2&r=%e9&&s"), b""))
        c.talk((request(None, "/nameless"), ok("x")))
    entries = har_of(c.path)["entries"]
    asked, answered = entries[0]["request"], entries[0]["response"]

    def pairs(list_):
        return [(p["name"], p["value"]) for p in list_]
    same(asked["url"], "http://h/f?q=1+2&r=%e9&&s", "URL")
    same(pairs(asked["queryString"]), [("q", "1 2"), ("r", "\u00e9"),
                                       ("s", "")], "query")
    same(pairs(asked["cookies"]), [("a", "b"), ("c", "d=e")], "cookies")
    same(pairs(asked["postData"]["params"]),
         [("a", "1"), ("b", "x y!"), ("c", "")], "form")
    same((asked["postData"]["text"], asked["bodySize"]),
         (form.decode(), len(form)), "form's text")
    same(answered["cookies"], [
        {"name": "k", "value": "v", "path": "/p", "domain": ".h",
         "httpOnly": True, "secure": True,
         "expires": "2021-06-09T10:18:14.000000Z"}], "cookies set")
    same(answered["redirectURL"], "/next", "redirect")
    same(round(entries[0]["timings"]["wait"]), 251, "wait")
    same(entries[1]["request"]["url"],
         "http://h/%20%7B%7C%7D%22%E9%3C%3E%5E%60%25zz%23f", "URL")
    same((entries[2]["response"]["status"], entries[2]["_state"],
          entries[2]["pageref"]), (0, "no-response", entries[0]["pageref"]),
         "no answer")
    same(entries[3]["request"]["url"], "http://198.51.100.7/nameless", "host")


def forms_of_parts():
    parts = ["", '\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n2',
             '\r\ncontent-disposition: form-data; filename="x;name=y.exe"; '
             'name="f"\r\nContent-Type: application/octet-stream\r\n\r\nMZ\0',
             "\r\nContent-Disposition: form-data; name=b\r\n\r\n", "--\r\n"]
    body = "\r\n--=_x".join(parts).encode()[2:]
    kind = 'Content-Type: multipart/form-data; charset=x; boundary="=_x"'
    with Capture("parts.pcap") as c:
        c.talk(*((request("h", "/", kind, method="POST", body=b), ok("x"))
                 for b in (body, b"preamble\r\n" + body, body[:-20], b"--=_x",
                           b"none of it")))
    posts = [e["request"]["postData"] for e in har_of(c.path)["entries"]]
    want = [{"name": "a", "value": "1\r\n2"},
            {"name": "f", "fileName": "x;name=y.exe",
             "contentType": "application/octet-stream"},
            {"name": "b", "value": ""}]
    same([p["params"] for p in posts[:2]], [want, want], "parts")
    same(posts[2]["params"][:2], want[:2], "of a body that ends early")
    same([p["params"] for p in posts[3:]], [[], []], "no parts")
    same(base64.b64decode(posts[0]["text"]), body, "text")


def forms_of_many_values():
    """Each takes far more memory than the bytes that make it."""
    count = 150000
    forms = {"application/x-www-form-urlencoded": b"a&" * count,
             "multipart/form-data; boundary=b": b"--b" + b"\r\n--b" * count}
    with Capture("values.pcap") as c:
        c.talk(*((request("h", "/", f"Content-Type: {kind}", method="POST",
                          body=body), ok("x")) for kind, body in forms.items()))
    entries = har_of(c.path)["entries"]
    for entry, body in zip(entries, forms.values(), strict=True):
        post = entry["request"]["postData"]
        same((len(post["params"]), post["comment"], post["text"]),
             (100000, "no more than 100000 params", body.decode()),
             post["mimeType"])


def frames_of_several():
    """Frames are counted in each file, whatever the filter leaves out."""
    paths = [Scenario("drive-by").path, Scenario("p06-pipelining").path]
    log = har_of("--filter", "tcp port 80", *paths)
    for place, path in enumerate(paths):
        alone = [e["_packet"] for e in har_of(path)["entries"]
                 if e["_server"].endswith(":80")]
        same([e["_packet"] for e in log["entries"]
              if e["_capture"] == str(path)], alone, path)
        true(alone and all(alone), f"{place}: {alone}")


# ---- by its schema ----

def validate(paths):
    script = packages(SCHEMA).parent / "validate.js"
    script.write_text(VALIDATE)
    done = subprocess.run(["node", "--max-old-space-size=2048", script, *paths],
                          capture_output=True, text=True,
                          timeout=PATIENCE * 12)
    same(done.returncode, 0, done.stderr[-800:])
    same(done.stdout, f"validated {len(paths)}\n", "schema")


def write_har(capture):
    path = TMP / (capture.name + ".har")
    path.write_bytes(run_replay("--list", "--format", "har", capture))
    return path


def valid_by_the_schema():
    try:
        packages(SCHEMA)
    except Unreachable as reason:
        return str(reason)
    names = [n for n in scenarios(PLAIN / "make-capture")
             if re.match(r"p\d\d-|drive-by$|range-", n)]
    paths = [write_har(Scenario(n).path) for n in names]
    empty = TMP / "empty.pcap"
    empty.write_bytes(Scenario("drive-by").path.read_bytes()[:24])
    validate([*paths, write_har(empty)])
    # a schema that finds no fault in this would find none at all
    log = json.loads(paths[0].read_text())
    del log["log"]["entries"][0]["timings"]
    bad = TMP / "bad.har"
    bad.write_text(json.dumps(log))
    try:
        validate([bad])
    except AssertionError as fault:
        true("timings" in str(fault), fault)
    else:
        raise AssertionError("anything is valid")


def valid_of_real_captures():
    if missing():
        return missing()
    try:
        packages(SCHEMA)
    except Unreachable as reason:
        return str(reason)
    torture = [p for p in sorted((CORPUS / "torture").iterdir())
               if re.search(r"cap(ng)?$", p.name)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        paths = list(pool.map(write_har, captures_of_corpus() + torture))
    validate(paths)
    print(f"{len(paths)} archives")


# ---- in a viewer ----

def rows_drawn(viewer, har):
    page = TMP / "view.html"
    script = (viewer / "perf-cascade/dist/perf-cascade.min.js").read_text()
    text = json.dumps({"log": har}).replace("<", "\\u003c")
    page.write_text(DRAW % (script, text))
    done = subprocess.run(
        ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu",
         "--no-first-run", f"--user-data-dir={TMP / 'profile'}",
         "--virtual-time-budget=20000", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=PATIENCE * 6,
        env=os.environ | {"HOME": str(TMP)})
    title = re.search(r"<title>rows ([\d ]*)</title>", done.stdout)
    true(title, f"nothing drawn: {done.stderr[-500:]}")
    return [int(n) for n in title[1].split()]


def drawn_by_a_viewer():
    """A row for each entry, on the page that it belongs to."""
    if not shutil.which("chromium"):
        return "there is no chromium"
    try:
        viewer = packages(VIEWER)
    except Unreachable as reason:
        return str(reason)
    for name in "drive-by", "range-http2", "p23-no-response":
        log = har_of(Scenario(name).path)
        count = collections.Counter(e["pageref"] for e in log["entries"])
        same(rows_drawn(viewer, log), [count[p["id"]] for p in log["pages"]],
             name)


# ---- against tshark ----

def requests_by_tshark(path):
    """Of each stream: first frames of (method, target), in order."""
    command = ["tshark", "-n", "-r", path, "-Y", "http.request && tcp", "-T",
               "fields", "-E", "separator=/t", "-E", "aggregator=`"]
    for name in FIELDS:
        command += ["-e", name]
    done = subprocess.run(list(map(str, command)), capture_output=True,
                          text=True, errors="replace", timeout=PATIENCE * 6)
    found = collections.defaultdict(lambda: collections.defaultdict(list))
    for line in done.stdout.splitlines():
        frame, stream, methods, targets, segments = line.split("\t")
        methods, targets = methods.split("`"), targets.split("`")
        # Of several in one frame the first alone may have begun before.
        begun = min(map(int, segments.split("`"))) if segments else int(frame)
        for request_line in zip(methods, targets):
            found[int(stream.split("`")[-1])][request_line].append(begun)
            begun = int(frame)
    return found


def requests_by_har(path):
    found = collections.defaultdict(lambda: collections.defaultdict(list))
    for e in har_of(path)["entries"]:
        asked = e["request"]
        if asked["httpVersion"] != "HTTP/2":
            found[e["_stream"]][asked["method"], asked["_target"]].append(
                e["_packet"])
    return found


def compare_requests(path):
    """How many requests of how many streams, how many streams one of both did
    not take for HTTP, and what differs in the others."""
    ours, theirs = requests_by_har(path), requests_by_tshark(path)
    both = set(ours) & set(theirs)
    wrong = [f"{path.name}, stream {n}: {dict(ours[n])}, tshark "
             f"{dict(theirs[n])}" for n in both if ours[n] != theirs[n]]
    return (sum(len(v) for n in both for v in ours[n].values()), len(both),
            len(set(ours) ^ set(theirs)), wrong)


def counted_like_tshark():
    """As many requests in each stream, each from the same frame on."""
    if missing():
        return missing()
    if not shutil.which("tshark"):
        return "there is no tshark"
    paths = certain_captures(MOST)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(compare_requests, paths))
    requests, streams, alone = (sum(r[i] for r in results) for i in range(3))
    same([w for r in results for w in r[3]], [], "requests")
    print(f"{requests} requests in {streams} streams of {len(paths)} captures "
          f"as tshark has them; {alone} streams one of both does not read")
    true(requests > 400 and alone * 20 < streams, "enough in common")


run([same_as_the_table, decoded_bodies, requests_in_detail,
     forms_of_parts, forms_of_many_values, frames_of_several,
     valid_by_the_schema, valid_of_real_captures, drawn_by_a_viewer,
     counted_like_tshark])
