#!/usr/bin/env python3
"""replay --report: the page holds what the table holds, nothing of a capture
runs in it, and people can use it: in a browser, by keyboard and screen reader,
on a phone, in the dark and on paper.

usage: report.py SAN_DIR PLAIN_DIR [TEST...]
"""
import gzip
import hashlib
import json
import os
import pathlib
import re
import stat
import subprocess
import time

from lib import axe, browser, markup
from lib.npm import Unreachable
from lib.sealed import hello
from playback import *

RULES = pathlib.Path(__file__).resolve().parents[2] / "etc/rules.conf"
STYLE = pathlib.Path(__file__).resolve().parents[2] / "replay/report/page.css"
HOST = "www.site.example"
HTML = "Content-Type: text/html"


def replay(*arguments, status=0, program=SAN, **more):
    done = subprocess.run([program / "replay", *map(str, arguments)],
                          capture_output=True, timeout=PATIENCE * 6, **more)
    said = done.stderr.decode("utf-8", "replace")
    same(done.returncode, status, f"{arguments}: {said[-2000:]}")
    return done.stdout, said


def report(name, *arguments, **more):
    """The page's file."""
    path = TMP / f"{name}.html"
    path.unlink(missing_ok=True)
    replay("--report", path, *arguments, **more)
    return path


def listed(*arguments):
    out, _ = replay("--list", "--format", "json", *arguments)
    return [json.loads(n) for n in out.splitlines()]


def cells(page):
    """The table of exchanges: a dictionary a row, by its number."""
    table = page.ids["exchanges"]
    names = [h.text for h in table.one("thead").all("th")]
    rows = {}
    for row in table.one("tbody").all("tr"):
        found = dict(zip(names, (c.text for c in row.children)))
        rows[int(found["No"])] = found
    return rows


def facts(details):
    """The first list of an exchange's details."""
    return {d.one("dt").text: d.one("dd").text
            for d in details.one("dl", class_="facts").children}


def field_lists(details):
    return [[(d.one("dt").text, d.one("dd").text) for d in fields.children]
            for fields in details.all("dl", class_="fields")]


# ---- what the table holds

def shown(text):
    """As the page shows what JSON tells, of what is ASCII or plain UTF-8."""
    return "".join(c if c.isprintable() or c == "\t"
                   else "".join(f"\\x{b:02X}" for b in c.encode())
                   for c in text)


def check_exchange(page, rows, e):
    row, details = rows[e["no"]], page.ids[f"e{e['no']}"]
    what = f"#{e['no']} {e['method']} {e['target']}"
    same(row["Method"], shown(e["method"]), what)
    same(row["Status"], str(e["status"] or "-"), what)
    same(row["State"], e["state"], what)
    if len(e["target"]) < 200 and not e["target"].startswith("http"):
        true(row["URL"].endswith(shown(e["target"])),
             f"{what}: {row['URL']}")
    if e["host"] and len(e["host"]) < 100 and e["method"] != "CONNECT":
        true(e["host"].split(":")[0].rstrip(".") in row["URL"],
             f"{what}: {row['URL']}")
    cell = next(c for c in page.ids[f"r{e['no']}"].children if c["data-v"])
    same(int(cell["data-v"]), e["bytes"] or 0, what)
    told = facts(details)
    if e["bytes"] and e["sha256"]:
        same(told.get("SHA-256", told.get("SHA-256 as sent")), e["sha256"],
             what)
    true(e["time"] in told["Asked"], f"{what}: {told['Asked']}")
    for end in "client", "server":
        true(e[end] in told["Connection"], f"{what}: {told['Connection']}")
    true(f"tcp.stream eq {e['stream']}," in told["Connection"], what)
    lists = field_lists(details)
    for key in "request_fields", "response_fields", "trailer_fields":
        wanted = [(shown(f["name"]), shown(f["value"]))
                  for f in e[key] or [] if len(f["value"]) < 500]
        if wanted and sum(map(len, map(str, wanted))) < 4000:
            true(any(set(wanted) <= set(fields) for fields in lists),
                 f"{what}: {wanted} not in {lists}")


def every_exchange_is_in_the_page():
    for name in ("drive-by", "p06-connect", "p06-no-body", "p07-codings",
                 "p07-lengths", "p12-repeats", "p20-fields", "p02-lost",
                 "p23-reset", "p37-addresses", "range-protocols"):
        scenario = Scenario(name)
        page = markup.read(report(name, scenario.path))
        rows = cells(page)
        exchanges = listed(scenario.path)
        same(sorted(rows), [e["no"] for e in exchanges], name)
        for e in exchanges:
            check_exchange(page, rows, e)
        out, _ = replay("--check", scenario.path)
        share = out.decode().splitlines()[-1].removeprefix("reproducible: ")
        top = page.root.one("dl", class_="tiles").text.replace("\xa0", " ")
        true(share in top, f"{name}: {share} not in {top}")


def real_captures_are_pages():
    corpus = pathlib.Path(os.environ.get(
        "CORPUS", pathlib.Path(__file__).resolve().parents[3]
        / "shared/corpus")) / "captures"
    files = sorted(p for p in corpus.glob("*")
                   if not p.name.endswith((".tsv", ".keys")))
    if not files:
        return f"no captures in {corpus}"
    for file in files[::4]:
        keys = file.with_name(file.name + ".keys")
        options = ["--keylog", keys] if keys.exists() else []
        page = markup.read(report("real", *options, file))
        rows = cells(page)
        exchanges = listed(*options, file)
        same(sorted(rows), [e["no"] for e in exchanges], file.name)
        for e in exchanges:
            same((rows[e["no"]]["Status"], rows[e["no"]]["State"]),
                 (str(e["status"] or "-"), e["state"]), file.name)
    return None


def bodies_are_shown_decoded():
    text = "<p>coded & decoded</p>\n" * 30
    coded = gzip.compress(text.encode())
    program = b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff" + bytes(range(256)) * 40
    picture = b"GIF89a\x40\0\x20\0" + bytes(60)
    with Capture("bodies.pcap") as c:
        c.talk((request(HOST, "/coded"), ok(coded, HTML,
                                            "Content-Encoding: gzip")),
               (request(HOST, "/program"), ok(program)),
               (request(HOST, "/picture"), ok(picture,
                                              "Content-Type: image/gif")),
               (request(HOST, "/long"), ok("x" * 300000,
                                           "Content-Type: text/plain")),
               (request(HOST, "/wide"), ok(
                   "<b>\u6f22</b>".encode("utf-16"), HTML)),
               (request(HOST, "/form", method="POST", body=b"a=<1>&b=2"),
                ok("")))
    page = markup.read(report("bodies", c.path))
    pres = {i: [p.text for p in page.ids[f"e{i}"].all("pre")]
            for i in range(1, 7)}
    same(pres[1], ["\n" + text], "decoded")
    told = facts(page.ids["e1"])
    same((told["SHA-256 as sent"], told["SHA-256 decoded"]),
         (hashlib.sha256(coded).hexdigest(),
          hashlib.sha256(text.encode()).hexdigest()), "digests")
    true(pres[2][0].startswith("\n000000  4d 5a 90 00"), pres[2])
    true("The first" in page.ids["e2"].text, "cut hex is told")
    same(pres[3], [], "a picture is not shown")
    true("64 \u00d7 32 pixels" in page.ids["e3"].text, "but measured")
    true(60000 < len(pres[4][0]) < 70000, len(pres[4][0]))
    true(re.search(r"The first \d+ of 300000 bytes", page.ids["e4"].text),
         "cut")
    true("too large" not in page.ids["e4"].text, "and nothing is wrong")
    same(pres[5], ["\n<b>\u6f22</b>"], "UTF-16")
    same(pres[6], ["\na=<1>&b=2"], "the request's")
    objects = page.root.one("table", class_="objects").text
    for body in text.encode(), program, picture:
        for kind in "md5", "sha1", "sha256":
            true(hashlib.new(kind, body).hexdigest() in objects, kind)
    first = next(page.root.one("table", class_="objects").one("tbody")
                 .all("tr")).text
    true("/program" in first, f"what may run stands first: {first}")


def rules_are_shown_as_diffs():
    scenario = Scenario("drive-by")
    page = markup.read(report("rules", "--rules", RULES, scenario.path))
    done = subprocess.run([SAN / "rewrite", "--rules", RULES, scenario.path],
                          capture_output=True, timeout=PATIENCE, check=True)
    lines = done.stdout.decode().splitlines()
    wanted = [n for n in lines if re.match(r"[-+](?!--|\+\+)", n)]
    found = [s.text for s in page.root.all("span")
             if s["class"] in ("del", "ins")]
    true(len(wanted) > 3, wanted)
    same(found, wanted, "what differs")
    true("203-0-113-66.ip.test" in page.ids["e12"].text, "the redirect")


def long_diffs_are_cut():
    rules = TMP / "all.conf"
    rules.write_text("type=text/html body s{a}{b}g\n")
    body = "".join(f"<p>a line {i}\n" for i in range(20000))
    with Capture("diffs.pcap") as c:
        c.talk(*[(request(HOST, f"/{i}"), ok(body, HTML)) for i in range(24)])
    path = report("diffs", "--rules", rules, c.path, program=PLAIN)
    text = path.read_text()
    true(len(text) < 12e6, f"{len(text)} bytes")
    same(text.count("<pre class=\"diff\""), 24, "diffs")
    true("<code>rewrite</code> shows all that differs" in text, "said")
    true("<span class=\"del\">-&lt;p&gt;a line 0</span>" in text, "shown")
    markup.Page(text)


def traffic_and_tls_are_told():
    scenario = Scenario("range-tls")
    value = json.loads(replay("--check", "--format", "json",
                              scenario.path)[0])
    page = markup.read(report("tls", scenario.path))
    section = page.ids["tls"].text
    found = [t for t in value["traffic"] if t["kind"] == "tls"]
    true(found, "TLS in it")
    for t in found:
        for key in "name", "client", "server", "ja3", "ja4", "why":
            true((t[key] or "") in section, f"{key} {t[key]}")
        if t["certificate"]:
            true(t["certificate"]["sha256"] in section, "certificate")
    keys = TMP / "sealed.keys"
    scenario = Scenario("sealed-gcm", "--size", "1M", "--keylog", str(keys))
    page = markup.read(report("opened", "--keylog", keys, scenario.path))
    section = page.ids["tls"]
    rows = list(section.one("tbody").all("tr"))
    true(rows and all("opened" in r.text and "TLS_AES_128_GCM_SHA256" in r.text
                      and "TLS 1.3" in r.text for r in rows), section.text)


def a_comparison_is_joined():
    with Capture("recorded.pcap") as c:
        c.talk((request(HOST, "/"), ok("<a href=/x>", HTML)),
               (request(HOST, "/x"), ok("x", HTML)),
               (request(HOST, "/never"), ok("n", HTML)))
    with Capture("again.pcap") as again:
        again.talk((request(HOST, "/"), ok("<a href=/x>", HTML)),
                   (request(HOST, "/x"), ok("y", HTML)),
                   (request(HOST, "/<other>"), ok("o", HTML)))
    path = report("joined", "--compare", again.path, c.path)
    page = markup.read(path)
    out = replay("--compare", again.path, c.path)[0].decode().splitlines()
    table = [n.split("\t") for n in out[1:-1]]
    rows = cells(page)
    for no, *_, result, detail in table[:3]:
        same(rows[int(no)]["Replay"], result, no)
        told = facts(page.ids[f"e{no}"])["Replay"]
        same(told, result if detail == "-" else f"{result}: {detail}", no)
    same([r["Replay"] for r in rows.values()],
         ["same", "different", "not-asked"], "results")
    top = page.root.one("dl", class_="tiles").text.replace("\xa0", " ")
    true(out[-1].removeprefix("reproduced: ") in top, f"{out[-1]}: {top}")
    true("/<other>" in page.ids["replay"].text, "what was not recorded")
    replay("--report", TMP / "strict.html", "--strict", "--compare",
           again.path, c.path, status=1)
    true((TMP / "strict.html").stat().st_size > 1000, "written all the same")


# ---- the file

def the_file_is_its_own():
    capture = Scenario("p12-repeats").path
    before = os.umask(0)
    try:
        path = report("own", capture)
    finally:
        os.umask(before)
    same(stat.S_IMODE(path.stat().st_mode), 0o600, "mode")
    content = path.read_bytes()
    _, said = replay("--report", path, capture, status=1)
    same(said, f"replay: {path}: exists; a report is never written over a "
         "file\n", "refused")
    same(path.read_bytes(), content, "left alone")
    link, target = TMP / "link.html", TMP / "target.html"
    link.symlink_to(target)
    _, said = replay("--report", link, capture, status=1)
    true("link.html: is a symbolic link" in said, said)
    true(not target.exists(), "not followed")
    _, said = replay("--report", TMP / "none/r.html", capture, status=1)
    same(said.count("\n"), 1, said)
    out, _ = replay("--report", "-", capture)
    strip = re.compile(rb"<time datetime=\S+>[^<]*</time>\.</p>\n</section>")
    same(strip.sub(b"", out), strip.sub(b"", content), "standard output")
    with open("/dev/full", "wb") as full:
        done = subprocess.run([SAN / "replay", "--report", "-", capture],
                              stdout=full, stderr=subprocess.PIPE,
                              timeout=PATIENCE)
    same(done.returncode, 1, "a full disk")
    true(b"cannot write the report: No space left" in done.stderr, done.stderr)
    bad = TMP / "bad.pcap"
    bad.write_bytes(b"no capture")
    _, said = replay("--report", TMP / "bad.html", bad, status=1)
    true("bad.html: not a whole report, to be removed" in said, said)
    for wrong in (["mistyped.pcap"], ["--rules", "mistyped.conf", capture],
                  ["--compare", "mistyped.pcap", capture]):
        _, said = replay("--report", TMP / "w.html", *wrong, status=1)
        true("mistyped" in said and "No such file" in said, said)
    for wrong in (["--list"], ["--check"]):
        replay("--report", TMP / "w.html", *wrong, capture, status=2)
    true(not (TMP / "w.html").exists(), "nothing was made")


def what_is_too_much_is_left_out():
    """Plain build: the figures are about size and time."""
    scenario = Scenario("tiny", "--size", "20M")
    count = len(scenario.rows)
    true(count > 10000, count)
    began = time.monotonic()
    path = report("many", scenario.path, program=PLAIN)
    took = time.monotonic() - began
    size = path.stat().st_size
    print(f"{count} exchanges: {took:.2f} s, {size / 1e6:.1f} MB")
    true(size < 60e6, f"{size} bytes")
    text = path.read_text()
    same(text.count("<tr id="), 5000, "rows")
    same(text.count("<details class=\"x"), 5000, "details")
    true(f"5000 of {count} are told one by one" in text, "left out")


def bombs_and_long_heads_stay_small():
    bomb = gzip.compress(bytes(200 << 20), 9)
    long = [f"X-{i}: {'v' * 3000}" for i in range(200)]
    with Capture("bomb.pcap") as c:
        for i in range(40):
            c.talk((request(HOST, f"/{i}", *long[:60]), ok(
                bomb, HTML, "Content-Encoding: gzip", *long)))
    path = report("bomb", c.path, program=PLAIN)
    true(path.stat().st_size < 20e6, path.stat().st_size)
    text = path.read_text()
    true("is too large" in text and " more.</p>" in text, "said")
    markup.Page(text)


# ---- what a capture may hold

EVIL = ("</script></style></title></pre></details></svg>--><script>canary=1"
        "</script><img src=x onerror=canary=2>]]><svg onload=canary=3>"
        "\"onfocus=canary=4 autofocus x='")
URL = "javascript:canary=5//"
MARKS = "\u202e\u2066gpj.exe\u200b\u0085\x1b[2J\x00\x07"


def hostile():
    """A capture with these in every place that there is."""
    marks = MARKS.encode("utf-8").replace(b"\x00", b"").decode("latin-1")
    asked = EVIL.replace(" ", "%20")
    names = "</script><script>canary=6</script>"
    with Capture("<img src=x onerror=canary=7>&amp;\u202e.pcap".replace(
            "/", "")) as c:
        for host in (EVIL, HOST, marks, HOST + "\"><b>"):
            c.talk((request(host, f"/{asked}", f"Referer: {URL}",
                            f"User-Agent: {EVIL}{marks}",
                            f"Cookie: {EVIL}", f"{names}: 1",
                            f"Range: {EVIL}", method="POST",
                            body=EVIL.encode() + MARKS.encode()),
                    ok(EVIL + MARKS + EVIL, HTML, f"Location: {URL}",
                       f"Set-Cookie: {EVIL}{marks}", f"{names}: {EVIL}",
                       f"Strict-Transport-Security: {EVIL}",
                       status=f"302 {EVIL}")),
                   (request(host, f"{URL}{asked}"), ok(
                       EVIL.encode("utf-16"), f"Content-Type: {EVIL}",
                       f"Content-Encoding: {EVIL}")),
                   (request(host, "/a.js"), ok(
                       f'x="http://203.0.113.9/{EVIL}";', HTML)))
        c.talk((request(HOST, "/up", "Connection: upgrade",
                        f"Upgrade: {EVIL}"),
                f"HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: {EVIL}"
                "\r\n\r\n".encode()))
        c.talk((request(HOST, "/cut"), ok(EVIL)[:-20]), reset=True)
        c.talk((request("h", "/css"), ok(
            f"<link rel=stylesheet href='/{URL}'><script src='//{HOST}/q&quot;"
            ">&lt;x'></script>", HTML)))
        c.talk((hello(EVIL.encode()), b""), port=443)
        c.talk((b"USER " + EVIL.encode() + b"\r\n", b"220 x\r\n"), port=21)
    return c.path


ALIVE = """JSON.stringify({
  canary: typeof canary, ran: document.documentElement.dataset.ran,
  odd: document.querySelectorAll("[src],[srcset],[style],iframe,img,form," +
    "object,embed,link,base,[href]:not([href^='#']),[ping],[action]").length,
  scripts: document.scripts.length, rows: document.querySelectorAll(
    "#exchanges tbody tr").length,
  wide: document.documentElement.scrollWidth - innerWidth,
  on: [...document.querySelectorAll("*")].filter(e => [...e.attributes].some(
    a => a.name.startsWith("on"))).length})"""


def troubles(b):
    """Requests that left, and what the browser complained about."""
    return ([r["request"]["url"] for r in b.events(
        "Network.requestWillBeSent")
        if not r["request"]["url"].startswith("file:///")],
        [e["entry"]["text"] for e in b.events("Log.entryAdded")]
        + [json.dumps(i) for i in b.events("Audits.issueAdded")]
        + [json.dumps(e) for e in b.events("Runtime.exceptionThrown")])


def rules_for_evil():
    rules = TMP / "evil.conf"
    rules.write_text("body s{canary}{canary<script>}g\n"
                     "header Location s{java}{<i>java}\n"
                     "target s{x}{<u>}g\n")
    return rules


def nothing_of_a_capture_runs():
    capture = hostile()
    path = report("hostile", "--rules", rules_for_evil(), "--compare", capture,
                  capture)
    page = markup.read(path)
    methods = [r["Method"] for r in cells(page).values()]
    same((methods.count("POST"), methods.count("GET")), (4, 11), "exchanges")
    true("img src=x onerror=canary=2" in page.ids["tls"].text, "its name")
    for character in MARKS:
        if character not in "gpj.exe[2J":
            true(character not in path.read_text(), f"{character!r} is left")
    if not browser.find():
        return "no Chromium"
    with browser.Browser(TMP / "browser") as b:
        b.look()
        b.open(path.as_uri())
        b.run("document.querySelectorAll('details').forEach(d => d.open = 1)")
        b.run("new Promise(r => setTimeout(r, 200))")
        found = json.loads(b.run(ALIVE))
        same((found["canary"], found["odd"], found["on"], found["scripts"]),
             ("undefined", 0, 0, 1), "alive")
        same(found["rows"], len(cells(page)), "rows")
        same(troubles(b), ([], []), "requests, complaints")
        # the browser had nothing to mend
        b.call("Emulation.setScriptExecutionDisabled", value=True)
        b.open(path.as_uri())
        outline = b.run("""(() => { const out = []; const walk = e => {
            const name = e.localName; out.push(name);
            [...e.children].forEach(walk);
            if (!["meta", "br"].includes(name)) out.push("/" + name); };
            walk(document.documentElement); return out.join(" "); })()""")
        same(outline, " ".join(page.outline), "as the browser reads it")
    return None


def even_unescaped_nothing_would_run():
    """The policy alone: what is put into a page raw is stopped by it."""
    if not browser.find():
        return "no Chromium"
    text = report("policy", Scenario("p12-repeats").path).read_text()
    path = TMP / "broken.html"
    path.write_text(text.replace("</main>", """<script>canary = 1</script>
        <img src=http://192.0.2.1/ onerror="canary = 2"><style>p{color:red}
        </style><iframe src=http://192.0.2.1/></iframe><link rel=stylesheet
        href=http://192.0.2.1/><form id=f action=http://192.0.2.1/></form>
        <base href=http://192.0.2.1/></main>""", 1))
    with browser.Browser(TMP / "browser") as b:
        b.look()
        b.open(path.as_uri())
        b.run("document.getElementById('f').submit()")
        b.run("new Promise(r => setTimeout(r, 500))")
        same(json.loads(b.run(ALIVE))["canary"], "undefined", "canary")
        same(b.run("document.baseURI"), path.as_uri(), "base")
        sent = [r["response"]["url"] for r in b.events(
            "Network.responseReceived")]
        same([u for u in sent if "192.0.2.1" in u], [], "loaded")
        blocked = [e["blockedReason"] for e in b.events(
            "Network.loadingFailed") if "blockedReason" in e]
        true(blocked and set(blocked) == {"csp"}, f"blocked: {blocked}")
        true(troubles(b)[1], "the browser says so")
    return None


# ---- for people

def many_exchanges(count):
    """A site of pages, each with pictures and scripts; some are cut."""
    path = TMP / f"site{count}.pcap"
    if path.exists():
        return path
    with Capture(path.name) as c:
        c.ports, asked, page = 1000, 0, 0
        while asked < count:
            host = f"www{page % 9}.shop.example"
            links = "".join(f"<img src=/i{page}-{k}.gif><script src=http://"
                            f"cdn{k % 4}.static.example/s{page}-{k}.js>"
                            "</script>" for k in range(9))
            pairs = [(request(host, f"/page{page}"), ok(
                f"<title>{page}</title>{links}<a href=http://"
                f"www{(page + 1) % 9}.shop.example/page{page + 1}>next</a>",
                HTML))]
            for k in range(18):
                referer = f"Referer: http://{host}/page{page}"
                pairs.append((request(host, f"/i{page}-{k}.gif", referer),
                              ok(b"GIF89a\x10\0\x20\0" + bytes(90),
                                 "Content-Type: image/gif")))
            if page % 5 == 4:
                pairs[-1] = pairs[-1][0], pairs[-1][1][:-30]
            c.talk(*pairs[:count - asked])
            asked += len(pairs[:count - asked])
            page += 1
    return path


RUN_AXE = """axe.run({resultTypes: ["violations"], rules: {
  "color-contrast": {enabled: %s}}}).then(r => JSON.stringify({
  bad: r.violations.map(v => [v.id, v.nodes.length, v.nodes.slice(0, 3).map(
    n => n.html.slice(0, 200) + ": " + n.failureSummary)]),
  passes: r.passes.length}))"""


def check_axe(b, path, text, width, dark, colours=True):
    b.look(width, dark=dark)
    b.open(path.as_uri())
    # Some opened; what is not drawn for being out of sight, it cannot judge.
    b.run("document.querySelectorAll('.x, .why, .astext').forEach((d, i) => {"
          "d.open = i < 25; d.style.contentVisibility = 'visible'; })")
    b.run(text + "; 0")
    found = json.loads(b.run(RUN_AXE % json.dumps(colours)))
    same(found["bad"], [], f"{path.name}, {width} wide, dark: {dark}")
    true(found["passes"] > 30, f"{found['passes']} rules passed")


def axe_finds_nothing():
    if not browser.find():
        return "no Chromium"
    try:
        text = axe.script(TMP)
    except Unreachable as reason:
        return str(reason)
    scenario = Scenario("drive-by")
    small = report("axe", "--rules", RULES, "--compare", scenario.path,
                   scenario.path)
    large = report("axe1000", many_exchanges(1000), program=PLAIN)
    with browser.Browser(TMP / "browser") as b:
        for width in 1280, 390:
            for dark in False, True:
                check_axe(b, small, text, width, dark)
        # the same colours, of which each word takes a while
        check_axe(b, large, text, 1280, False, False)
        check_axe(b, large, text, 390, True, False)
        check_axe(b, report("axehostile", hostile()), text, 390, False)
    return None


def light(colour):
    """Relative luminance (WCAG 2.2)."""
    values = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4
               for v in values)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def colours_can_be_read():
    """Each colour of words against each that is behind words; shapes 3:1."""
    style = STYLE.read_text()
    palettes = re.findall(r":root \{(.*?)\}", style, re.S)
    same(len(palettes), 3, "light, dark, paper")
    for palette in palettes:
        found = {n: "#" + v * (2 if len(v) == 3 else 1) if len(v) == 6 else
                 "#" + "".join(c * 2 for c in v) for n, v in re.findall(
                     r"--(\w+): #(\w+);", palette)}
        for words, behind, least in (
                [(w, b, 4.5) for w in ("text", "soft", "link", "bad", "good",
                                       "warn") for b in ("back", "card")]
                + [(w, b, 4.5) for w in ("text", "soft", "link", "bad")
                   for b in ("hover", "mark", "badback") if b in found]
                + [("warn", "mark", 4.5)]
                + [(s, "back", 3) for s in ("page", "redirect", "script",
                                            "file", "other")]):
            one, two = sorted((light(found[words]), light(found[behind])))
            ratio = (two + 0.05) / (one + 0.05)
            true(ratio >= least, f"{words} on {behind}: {ratio:.2f} of {least}")


SHOWN = """JSON.stringify([...document.querySelectorAll(
  "#exchanges tbody tr")].filter(r => r.checkVisibility()).map(
  r => +r.id.slice(1)))"""


def choose(b, name, start):
    """In a list of the controls, what begins so."""
    b.run(f"""(() => {{ const s = document.querySelector(
        "select[name={name}]"); s.value = [...s.options].find(
        o => o.text.startsWith("{start}")).value;
        s.dispatchEvent(new Event("change")); }})()""")


def the_table_sorts_and_filters():
    if not browser.find():
        return "no Chromium"
    scenario = Scenario("drive-by")
    rows = listed(scenario.path)
    with browser.Browser(TMP / "browser") as b:
        def visible():
            return json.loads(b.run(SHOWN))

        def press(name):
            b.run("[...document.querySelectorAll('#exchanges th button')]"
                  f".find(h => h.textContent == '{name}').click()")
            return b.run("[...document.querySelectorAll('[aria-sort]')].map("
                         "h => h.textContent + ' ' + h.ariaSort).join()")
        b.look()
        b.open(report("sort", scenario.path).as_uri())
        all_of_them = [r["no"] for r in rows]
        same(visible(), all_of_them, "at first")
        same(press("Bytes"), "Bytes ascending", "pressed once")
        by_size = sorted(all_of_them, key=lambda n: rows[n - 1]["bytes"] or 0)
        same(visible(), by_size, "by size")
        same(press("Bytes"), "Bytes descending", "pressed twice")
        same([rows[n - 1]["bytes"] or 0 for n in visible()],
             [rows[n - 1]["bytes"] or 0 for n in reversed(by_size)], "back")
        same(press("Status"), "Status ascending", "another")
        same([rows[n - 1]["status"] or 0 for n in visible()],
             sorted(r["status"] or 0 for r in rows), "by status")
        press("No")
        choose(b, "state", "cut")
        same(visible(), [r["no"] for r in rows if r["state"] == "cut"],
             "by state")
        true(b.run("document.querySelector('[role=status]').textContent"
                   ).startswith("1 of 17 exchanges"), "told")
        choose(b, "state", "all")
        choose(b, "host", "http://gate.exploit.example:8080 (")
        same(visible(), [r["no"] for r in rows
                         if r["host"] == "gate.exploit.example:8080"], "host")
        choose(b, "kind", "redirect")
        same(visible(), [12], "and kind")
        same(b.run("[...document.querySelectorAll('.x')].filter("
                   "d => d.checkVisibility()).map(d => d.id).join()"), "e12",
             "the details too")
        choose(b, "host", "all")
        choose(b, "kind", "all")
        b.run("(() => { const s = document.querySelector('[type=search]');"
              "s.value = 'TASKS?id'; s.dispatchEvent(new Event('input')); })()")
        until("the search", lambda: visible() == [15, 17])
        same(troubles(b), ([], []), "requests, complaints")
    return None


def key(b, name, code, text=""):
    for kind in "keyDown", "keyUp":
        b.call("Input.dispatchKeyEvent", type=kind, key=name, code=name,
               windowsVirtualKeyCode=code,
               **({"text": text} if text and kind == "keyDown" else {}))


def the_keyboard_is_enough():
    if not browser.find():
        return "no Chromium"
    with browser.Browser(TMP / "browser") as b:
        def focused():
            return b.run("document.activeElement.getAttribute('href') ?? "
                         "document.activeElement.localName")
        b.look()
        b.open(report("keys", Scenario("drive-by").path).as_uri())
        key(b, "Tab", 9)
        same(focused(), "#table", "the way past all first")
        b.run("document.querySelector('svg a[href=\"#e5\"]').focus()")
        same(b.run("[...document.querySelectorAll('a.on')].map(a => "
                   "a.getAttribute('href')).join()"), "#e1,#e5",
             "the way to it is lit")
        key(b, "Enter", 13, "\r")
        until("its details", lambda: b.run(
            "document.getElementById('e5').open"))
        same(focused(), "summary", "the focus goes there")
        key(b, "Enter", 13, "\r")
        until("closed again", lambda: not b.run(
            "document.getElementById('e5').open"))
        names = b.run("JSON.stringify([...document.querySelectorAll('svg a')]"
                      ".map(a => a.querySelector('title').textContent))")
        true("#5 GET http://tds.redirect.example/in.php?id=88&src=landing, "
             "redirect, status 302, linked in #1" in json.loads(names), names)
    return None


def it_is_whole_without_script_and_on_paper():
    if not browser.find():
        return "no Chromium"
    path = report("paper", many_exchanges(1000), program=PLAIN)
    with browser.Browser(TMP / "browser") as b:
        for width, size in (1280, 16), (390, 16), (320, 16), (390, 32):
            b.look(width)
            b.open(path.as_uri())
            b.run(f"document.documentElement.style.fontSize = '{size}px'")
            same(b.run("document.documentElement.scrollWidth"),
                 b.run("document.documentElement.clientWidth"),
                 f"nothing hangs over at {width}, {size}")
        b.look()
        b.call("Emulation.setScriptExecutionDisabled", value=True)
        b.open(path.as_uri())
        same(len(json.loads(b.run(SHOWN))), 1000, "rows without script")
        same(b.run("document.querySelectorAll('button, input, select')"
                   ".length"), 0, "no control that does nothing")
        drawn = "document.querySelector('#e1 pre').checkVisibility()"
        same(b.run(drawn), False, "closed")
        b.look(media="print")
        same(b.run(drawn), True, "open on paper")
        same(b.run("getComputedStyle(document.querySelector('nav')).display"),
             "none", "no way to click on paper")
    return None


run([every_exchange_is_in_the_page, real_captures_are_pages,
     bodies_are_shown_decoded, rules_are_shown_as_diffs, long_diffs_are_cut,
     traffic_and_tls_are_told, a_comparison_is_joined, the_file_is_its_own,
     what_is_too_much_is_left_out, bombs_and_long_heads_stay_small,
     nothing_of_a_capture_runs, even_unescaped_nothing_would_run,
     axe_finds_nothing, colours_can_be_read, the_table_sorts_and_filters,
     the_keyboard_is_enough, it_is_whole_without_script_and_on_paper])
