#!/usr/bin/env python3
"""What is extracted: the right bytes under harmless names, nothing written
over, and nothing anywhere else.

usage: extract.py SAN_DIR PLAIN_DIR [TEST...]
                                      (CORPUS: a folder of real captures)
"""
import collections
import concurrent.futures
import csv
import gzip
import hashlib
import io
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import stat
import subprocess
import zipfile
import zlib

from lib.corpus import (captures_of_corpus, certain_captures, is_certain,
                        missing, rows_expected)
from lib.made import scenarios
from playback import *

COLUMNS = ("no time message url status content_type magic size md5 sha1 sha256 "
           "file state decoded").split()
NAME = re.compile(r"\d{4,}-[A-Za-z0-9]+(?:[.-][A-Za-z0-9]+)*\.[a-z0-9]+")
# What tshark takes off: one coding, named by one field.
SINGLE = {"gzip", "deflate"}
MB = 1 << 20
MOST = 100  # captures, those with most exchanges


def run_replay(*arguments, code=0, directory=SAN, **more):
    done = subprocess.run([directory / "replay", *map(str, arguments)],
                          capture_output=True, text=True, errors="replace",
                          timeout=PATIENCE * 6, **more)
    same(done.returncode, code, f"{arguments}: {done.stderr[-600:]}")
    return done


def rows_of(text):
    table = list(csv.reader(io.StringIO(text, newline=""), delimiter="\t",
                            quoting=csv.QUOTE_NONE))
    same(table[0], COLUMNS, "columns")
    return [dict(zip(COLUMNS, row, strict=True)) for row in table[1:]]


def check_row(row, data):
    same((int(row["size"]), row["md5"], row["sha1"], row["sha256"]),
         (len(data), *(hashlib.new(n, data).hexdigest()
                       for n in ("md5", "sha1", "sha256"))), row["file"])
    true(NAME.fullmatch(row["file"]) and len(row["file"]) <= 200, row["file"])
    true(row["file"].startswith(f"{int(row['no']):04}-"), row["file"])


def extracted(place, *captures, directory=SAN):
    """Rows and bytes, after a look at the files."""
    run_replay("--extract", place, *captures, directory=directory)
    same(stat.S_IMODE(place.stat().st_mode), 0o700, "mode")
    rows = rows_of((place / "index.tsv").read_text("ascii"))
    same(sorted(p.name for p in place.iterdir()),
         sorted([r["file"] for r in rows] + ["index.tsv"]), "files")
    for path in place.iterdir():
        same(stat.S_IMODE(path.lstat().st_mode), 0o600, path)
    bodies = [(place / r["file"]).read_bytes() for r in rows]
    for row, data in zip(rows, bodies):
        check_row(row, data)
    return rows, bodies


def table_of(*captures):
    lines = run_replay("--list", "--format", "json", *captures).stdout
    return [json.loads(n) for n in lines.splitlines()]


# ---- bytes ----

def what_the_table_has():
    """In all captures of the generator: of bodies without codings the digest
    that the table tells."""
    compared = 0
    for name in scenarios(PLAIN / "make-capture"):
        if not re.match(r"p\d\d-|drive-by$|range-", name):
            continue
        path = Scenario(name).path
        rows, _ = extracted(TMP / name, path)
        table = table_of(path)
        for row in rows:
            of = table[int(row["no"]) - 1]
            same(row["state"], of["state"], name)
            if row["message"] == "response":
                same(row["status"], str(of["status"]), name)
                same(row["time"], of["answer_time"], name)
            if row["message"] == "response" and row["decoded"] == "plain":
                same((row["size"], row["sha256"]),
                     (str(of["bytes"]), of["sha256"]), f"{name} {row['no']}")
                compared += 1
        answered = {r["no"] for r in rows if r["message"] == "response"}
        same(answered, {str(o["no"]) for o in table if o["bytes"]}, name)
    true(compared > 200, f"{compared} bodies")


def zipped(data, wbits):
    packer = zlib.compressobj(wbits=wbits)
    return packer.compress(data) + packer.flush()


def codings():
    text = b"<html>" + b"some page " * 900
    bomb = gzip.compress(bytes(64 * MB))
    bodies = {
        "/gzip": (zipped(text, 31), "gzip", text, "decoded gzip"),
        "/deflate": (zipped(text, 15), "deflate", text, "decoded deflate"),
        "/raw": (zipped(text, -15), "deflate", text, "decoded deflate"),
        "/twice": (zipped(zipped(text, 31), 15), "gzip, deflate", text,
                   "decoded gzip, deflate"),
        "/lie": (text, "gzip", text, "misnamed gzip"),
        "/junk": (b"\x00\x01MZ" * 9, "br", b"\x00\x01MZ" * 9,
                  "coded br: is broken"),
        "/strange": (text, "rot13", text,
                     "coded rot13: is in a coding that is not known"),
        "/bomb": (bomb, "gzip", bomb, "coded gzip: is too large"),
        "/plain": (text, None, text, "plain"),
    }
    with Capture("codings.pcap") as c:
        for target, (sent, coding, _, _) in bodies.items():
            fields = [f"Content-Encoding: {coding}"] if coding else []
            c.talk((request("h", target), ok(sent, *fields)))
    rows, data = extracted(TMP / "codings", c.path)
    same({r["url"][8:]: (d, r["decoded"]) for r, d in zip(rows, data)},
         {t: (b[2], b[3]) for t, b in bodies.items()}, "bodies")


def both_ways_and_parts():
    """Requests' bodies too; of what was cut what there is; nothing of what is
    empty."""
    with Capture("ways.pcap") as c:
        c.talk((request("h", "/gate.php", "Content-Type: application/json",
                        method="POST", body=b'{"id": 7}'), ok("")))
        c.talk((request("h", "/cut.txt"), ok("x" * 5000)[:-2000]))
        c.talk((request("h", "/none"), b""))
    rows, data = extracted(TMP / "ways", c.path)
    same([(r["no"], r["message"], r["status"], r["state"], r["decoded"],
           r["file"]) for r in rows],
         [("1", "request", "-", "complete", "plain",
           "0001-h-gate.php-request.json"),
          ("2", "response", "200", "cut", "plain: is cut", "0002-h-cut.txt")],
         "rows")
    same(data[0], b'{"id": 7}', "request")
    same(data[1], ok("x" * 5000)[:-2000].partition(b"\r\n\r\n")[2], "cut")


# ---- names ----

def hostile_names():
    targets = ["/../../etc/passwd", "/a/..", "/%2e%2e%2fx", "/\x01\x1b[31m",
               "/CON", "/nul.txt", "/-rf", "/.bashrc", "/a b;c|d&e`f$(g)",
               "/" + "n" * 3000 + ".js", "/\xe2\x80\xaegpj.exe", "*", "/?q=/x/y",
               "/index.tsv", "/x.", "/x.tar.gz", "/a\\..\\b", "/..%00/z"]
    hosts = ["h", "../../h", "..", "", "[2001:db8::1]:80", "H" * 400 + ".example",
             "a\xffb", "con", "-", "x:y:z"]
    with Capture("hostile.pcap") as c:
        for target in targets:
            c.talk((request("h", target), ok(f"body of {target}".encode())))
        for host in hosts:
            c.talk((request(host, "/f"), ok(f"body of {host}".encode())))
    place = TMP / "hostile/inner"
    place.parent.mkdir()
    rows, _ = extracted(place, c.path)
    same(len(rows), len(targets) + len(hosts), "rows")
    same(sorted(os.listdir(place.parent)), ["inner"], "nothing else")
    names = {r["file"] for r in rows}
    same(len({n.lower() for n in names}), len(rows), "names on any system")
    for want in ("0001-h-passwd.txt", "0002-h-index.txt", "0005-h-CON.txt",
                 "0008-h-bashrc.txt", "0018-h-z.txt"):
        true(want in names, f"no {want} in {sorted(names)}")
    for row in rows:
        true(not re.search(r"[^ -~]", "".join(row.values())), row)


def types():
    """By what the bytes are; by Content-Type only where it says more of the
    same. The same types as file(1)."""
    pe = bytearray(512)
    pe[:2], pe[60:64], pe[128:132] = b"MZ", b"\x80\0\0\0", b"PE\0\0"
    pe[132:136] = b"\x4c\x01\x01\0"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as z:
        z.writestr("a.class", "x")
    png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x10\x08\x06\0\0\0"
    noise = b"".join(hashlib.sha256(bytes([i])).digest() for i in range(40))
    bodies = [(bytes(pe), "text/html", "exe"), (bytes(pe), "image/png", "exe"),
              (png, "image/jpeg", "png"), (png, None, "png"),
              (b"%PDF-1.4\n%x\n", "application/octet-stream", "pdf"),
              (packed.getvalue(), "application/java-archive", "jar"),
              (packed.getvalue(), "application/x-msdownload", "zip"),
              (b"var a = 1;\n", "application/javascript", "js"),
              (b"var a = 1;\n", "image/png", "txt"),
              (b"a,b\n1,2\n3,4\n", "text/css; charset=x", "css"),
              (b"<!DOCTYPE html><html>", None, "html"),
              (noise, "text/html", "bin"),
              (noise, "application/ocsp-response",
               "ocsp")]
    with Capture("types.pcap") as c:
        for data, kind, _ in bodies:
            fields = [f"Content-Type: {kind}"] if kind else []
            c.talk((request("h", "/f"), ok(data, *fields)))
    place = TMP / "types"
    rows, _ = extracted(place, c.path)
    same([r["file"].rpartition(".")[2] for r in rows],
         [b[2] for b in bodies], "extensions")
    same([r["content_type"] for r in rows], [b[1] or "-" for b in bodies],
         "content types")
    if not shutil.which("file"):
        return "there is no file(1) to compare with"
    said = subprocess.run(["file", "-b", "--mime-type", "-e", "csv", *(
        place / r["file"] for r in rows)], capture_output=True, text=True,
        check=True).stdout.split()
    same([r["magic"] for r in rows], said, "magic")


# ---- what is there ----

def nothing_is_written_over():
    path = Scenario("drive-by").path
    rows, _ = extracted(TMP / "first", path)
    done = run_replay("--extract", TMP / "first", path, code=1)
    true("first/index.tsv: File exists" in done.stderr, done.stderr)
    place = TMP / "second"
    place.mkdir(0o755)
    taken, linked = rows[0]["file"], rows[1]["file"]
    (place / taken).write_text("mine")
    (place / linked).symlink_to(TMP / "victim")
    (place / "notes").write_text("mine too")
    done = run_replay("--extract", place, path, code=1)
    for name in taken, linked:
        true(f"second/{name}: File exists" in done.stderr, done.stderr)
    same((place / taken).read_text(), "mine", "what was there")
    true(not (TMP / "victim").exists(), "a link was followed")
    index = rows_of((place / "index.tsv").read_text())
    same([r["file"] for r in index],
         ["-", "-"] + [r["file"] for r in rows[2:]], "files")
    same([r["sha256"] for r in index], [r["sha256"] for r in rows], "digests")
    same(len(list(place.iterdir())), len(rows) + 2, "files")
    link = TMP / "link"
    link.symlink_to(TMP / "first")
    done = run_replay("--extract", link, path, code=1)
    same(done.stderr.count("\n"), 1, done.stderr)
    true("link: is a symbolic link" in done.stderr, done.stderr)
    (TMP / "plain").write_text("mine")
    run_replay("--extract", TMP / "plain", path, code=1)
    run_replay("--extract", TMP / "no/such", path, code=1)
    same((TMP / "plain").read_text(), "mine", "a file")


def nothing_is_made_for_nothing():
    """A capture that cannot be read leaves no directory."""
    for option in "--extract", "--extract-zip":
        done = run_replay(option, TMP / "unmade", TMP / "missing.pcap", code=1)
        true("missing.pcap: No such file" in done.stderr, done.stderr)
        true(not (TMP / "unmade").exists(), "made")
    for more in (["--list"], ["--check"], ["--extract-zip", "z"]):
        run_replay("--extract", TMP / "unmade", *more, "x.pcap", code=2)
    true(not (TMP / "unmade").exists(), "made")


def full_disks():
    """No more than 64 kB may be written: said, and no success."""
    def small():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, 1 << 16))
    with Capture("large.pcap") as c:
        c.talk((request("h", "/small"), ok("some text\n")),
               (request("h", "/large"), ok(os.urandom(200_000))),
               (request("h", "/last"), ok("x")))
    # the spool too is a file, but nothing has to go there
    for option, name in (("--extract", "full"), ("--extract-zip", "full.zip")):
        done = run_replay(option, TMP / name, c.path, code=1,
                          preexec_fn=small, directory=PLAIN)
        true(re.search(r"full.*: File too large", done.stderr), done.stderr)
    index = rows_of((TMP / "full/index.tsv").read_text())
    same([r["file"] for r in index], ["0001-h-small.txt", "-"], "files")


def memory_is_bounded():
    """A bomb costs no more than its bound, a long capture no more than its
    longest body."""
    def little():
        resource.setrlimit(resource.RLIMIT_AS, (400 * MB, 400 * MB))
    with Capture("many.pcap") as c:
        for i in range(40):
            c.talk((request("h", f"/{i}"), ok(bytes(4 * MB))))
        c.talk((request("h", "/bomb"), ok(gzip.compress(bytes(300 * MB)),
                                          "Content-Encoding: gzip")))
    for option, name in (("--extract", "many"), ("--extract-zip", "many.zip")):
        run_replay(option, TMP / name, c.path, directory=PLAIN,
                   preexec_fn=little)
    c.path.unlink()


# ---- zip ----

def a_zip_of_the_same():
    """By every reader at hand; nothing of it can be read without the
    password."""
    path = Scenario("drive-by").path
    rows, bodies = extracted(TMP / "dir", path)
    target = TMP / "all.zip"
    run_replay("--extract-zip", target, path)
    same(stat.S_IMODE(target.stat().st_mode), 0o600, "mode")
    want = {r["file"]: b for r, b in zip(rows, bodies)}
    want["index.tsv"] = (TMP / "dir/index.tsv").read_bytes()
    with zipfile.ZipFile(target) as z:
        same({n: z.read(n, b"infected") for n in z.namelist()}, want, "zipfile")
        for info in z.infolist():
            true(info.flag_bits & 1, f"{info.filename} is not encrypted")
            same(info.external_attr >> 16, stat.S_IFREG | 0o600, "mode")
        try:
            z.read("index.tsv", b"other")
        except (RuntimeError, zipfile.BadZipFile, zlib.error):
            pass
        else:
            raise AssertionError("any password does")
    raw = target.read_bytes()
    true(not any(b[:64] in raw for b in want.values() if len(b) >= 64),
         "bytes in clear")
    readers = {"7zz": ["7zz", "x", "-pinfected", "-o", target],
               "unzip": ["unzip", "-q", "-P", "infected", target, "-d"]}
    used = [n for n in readers if shutil.which(n)]
    for name in used:
        place = TMP / f"by-{name}"
        command = readers[name]
        command = ([*command[:3], f"-o{place}", target] if name == "7zz"
                   else [*command, place])
        subprocess.run(list(map(str, command)), check=True,
                       stdout=subprocess.DEVNULL, timeout=PATIENCE)
        same({p.name: p.read_bytes() for p in place.iterdir()}, want, name)
    print(f"{len(want)} files, read by zipfile {' '.join(used)}")


def a_new_zip():
    path = Scenario("drive-by").path
    taken, link = TMP / "taken.zip", TMP / "link.zip"
    taken.write_text("mine")
    link.symlink_to(TMP / "victim.zip")
    for target in taken, link:
        done = run_replay("--extract-zip", target, path, code=1)
        true(f"{target.name}: File exists" in done.stderr, done.stderr)
    same(taken.read_text(), "mine", "what was there")
    true(not (TMP / "victim.zip").exists(), "a link was followed")
    empty = TMP / "empty.pcap"
    empty.write_bytes(path.read_bytes()[:24])
    run_replay("--extract-zip", TMP / "empty.zip", empty)
    with zipfile.ZipFile(TMP / "empty.zip") as z:
        same(z.namelist(), ["index.tsv"], "an empty one")


# ---- real captures ----

def values(fields, name):
    return [f["value"] for f in fields or () if f["name"].lower() == name]


def is_for_both(o):
    """Whether tshark exports the bodies of an exchange as they are meant: it
    takes off one gzip or deflate that one field names alone, knows no other
    word for chunked, and reads a request's chunks by rules of its own, has its
    own objects for HTTP/2, exports what a server sends behind a 204."""
    if o["version"] == "HTTP/2" or o["status"] == 204 \
            or o["method"] == "CONNECT":
        return False
    for fields in o["request_fields"], o["response_fields"]:
        coding = values(fields, "content-encoding")
        if coding and (len(coding) > 1 or coding[0] not in SINGLE):
            return False
        if values(fields, "transfer-encoding") not in ([], ["chunked"]):
            return False
    return not values(o["request_fields"], "transfer-encoding")


def run_tshark(path, *options):
    done = subprocess.run(["tshark", "-n", "-r", path, "-o",
                           "tcp.reassemble_out_of_order:TRUE", *options],
                          capture_output=True, text=True, errors="replace",
                          timeout=PATIENCE * 6)
    return done.stdout.splitlines()


def messages_by_tshark(path):
    """How many requests and final responses, and what is neither."""
    requests = responses = loose = 0
    for line in run_tshark(path, "-Y", "http && tcp", "-T", "fields", "-E",
                           "aggregator=`", "-e", "http.request.method", "-e",
                           "http.response.code"):
        asked, answered = (list(filter(None, n.split("`")))
                           for n in line.split("\t"))
        requests += len(asked)
        responses += sum(not n.startswith("1") for n in answered)
        loose += not asked and not answered
    return requests, responses, loose


def objects_by_tshark(path, place):
    """Digests. Those called object are of answers to no request."""
    run_tshark(path, "-q", "--export-objects", f"http,{place}")
    found = collections.Counter()
    for p in place.iterdir() if place.is_dir() else ():
        data = p.read_bytes()
        if data and not p.name.startswith("object"):
            found[hashlib.sha256(data).hexdigest()] += 1
    return found


def compare_objects(path):
    """How many, and what differs; None: the two do not read the same
    exchanges, or their bodies are not for both."""
    place = TMP / f"objects-{path.name}"
    place.mkdir()
    table = table_of(path)
    rows, _ = extracted(place / "ours", path)
    broken = any("misnamed" in r["decoded"] or "broken" in r["decoded"]
                 for r in rows)
    if broken or not all(map(is_for_both, table)) \
            or messages_by_tshark(path) != (
                len(table), sum(o["status"] is not None for o in table), 0):
        shutil.rmtree(place)
        return None
    theirs = objects_by_tshark(path, place / "theirs")
    ours = collections.Counter(r["sha256"] for r in rows)
    shutil.rmtree(place)
    wrong = [f"{path.name}: {(ours - theirs).total()} of ours, "
             f"{(theirs - ours).total()} of tshark's"] if ours != theirs else []
    return ours.total(), wrong


def exported_like_tshark():
    if missing():
        return missing()
    if not shutil.which("tshark"):
        return "there is no tshark"
    paths = certain_captures(MOST)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = [r for r in pool.map(compare_objects, paths) if r]
    same([w for r in results for w in r[1]], [], "objects")
    count = sum(r[0] for r in results)
    print(f"{count} objects of {len(results)} captures as tshark exports them; "
          f"{len(paths) - len(results)} captures left out by rule")
    true(len(results) > 50 and count > 200, "enough in common")


def expected_digests():
    """Of bodies without a coding, what the corpus says of them."""
    if missing():
        return missing()
    bodies = known = 0
    for path in captures_of_corpus():
        if not is_certain(path):
            continue
        place = TMP / f"digests-{path.name}"
        keys = path.with_name(path.name + ".keys")
        rows, _ = extracted(place, *(["--keylog", keys] if keys.exists()
                                     else []), path)
        shutil.rmtree(place)
        want = {r["sha256"] for r in rows_expected(path)}
        got = [r["sha256"] for r in rows if r["message"] == "response"
               and r["decoded"] == "plain"]
        known += sum(sha256 in want for sha256 in got)
        bodies += len(got)
    print(f"{known} of {bodies} bodies have the digest of the corpus")
    true(bodies > 400 and known * 100 > bodies * 98, "enough in common")


run([what_the_table_has, codings, both_ways_and_parts, hostile_names, types,
     nothing_is_written_over, nothing_is_made_for_nothing, full_disks,
     memory_is_bounded, a_zip_of_the_same, a_new_zip, exported_like_tshark,
     expected_digests])
