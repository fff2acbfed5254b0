#!/usr/bin/env python3
"""The certificates that tshark sees in clear in real captures are those that
--check tells of, connection by connection: the same subject, the same bytes.

usage: corpus-certificates.py SAN_DIR PLAIN_DIR [NAME...]
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

PLAIN = pathlib.Path(sys.argv[2]).resolve()
HERE = pathlib.Path(__file__).resolve().parents[2]
CORPUS = pathlib.Path(os.environ.get("CORPUS", HERE / "../shared/corpus"))
# Where tshark takes a SYN-ACK that came twice for another connection's, and
# where it does not join the segments.
UNSEEN = {("nDPI__KakaoTalk_chat.pcap", 2, 443),
          ("nDPI__KakaoTalk_chat.pcap", 18, 5223)}


def run(*command):
    return subprocess.run(list(map(str, command)), capture_output=True,
                          timeout=300, check=False).stdout


def seen_by_tshark(path):
    """By tcp.stream: the first certificate of the first message, in hex."""
    text = run("tshark", "-r", path, "-Y",
               "tls.handshake.type == 11 && tcp.stream", "-T", "fields", "-e",
               "tcp.stream", "-e", "tls.handshake.certificate", "-e",
               "tcp.srcport", "-o", "tcp.desegment_tcp_streams:TRUE").decode()
    seen = {}
    for line in text.splitlines():
        stream, certificates, port = (line.split("\t") + [""] * 3)[:3]
        first = certificates.split(",")[0]
        if first:
            seen.setdefault((int(stream), int(port)), bytes.fromhex(first))
    return seen


def told(path):
    """By tcp.stream and the server's port."""
    line = run(PLAIN / "replay", "--check", "--format", "json", path)
    if not line:
        return {}
    rows = json.loads(line)["traffic"]
    return {(n["stream"], int(n["server"].rpartition(":")[2])):
            n["certificate"] for n in rows if n["certificate"]}


def openssl_subject(der):
    """As OpenSSL's own program prints it, without its spaces."""
    done = subprocess.run(
        ["openssl", "x509", "-inform", "DER", "-noout", "-subject", "-nameopt",
         "esc_2253,esc_ctrl,utf8,dump_unknown,dump_der,sep_comma_plus_space,"
         "sname"], input=der, capture_output=True, timeout=60, check=False)
    return re.sub("^subject=", "", done.stdout.decode("utf-8",
                                                      "replace").strip("\n"))


def main():
    if not shutil.which("tshark"):
        print("tshark is not installed")
        return 77
    only = sys.argv[3:]
    paths = [p for p in sorted((CORPUS / "captures").glob("*.pcap*"))
             if p.suffix in (".pcap", ".pcapng")
             and (not only or any(o in p.name for o in only))]
    if not paths:
        print(f"no captures in {CORPUS}")
        return 77
    captures = connections = 0
    wrong = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        seen_by_all = list(pool.map(seen_by_tshark, paths))
    for path, seen in zip(paths, seen_by_all):
        got = told(path)
        if seen:
            captures += 1
        for key, der in seen.items():
            connections += 1
            mine = got.get(key)
            want = (hashlib.sha256(der).hexdigest(), openssl_subject(der))
            have = mine and (mine["sha256"], mine["subject"] or "")
            if have != want:
                wrong.append(f"{path.name}: stream {key}: {have}, "
                             f"tshark has {want}")
        for key in got.keys() - seen.keys():
            if (path.name, *key) in UNSEEN:
                continue
            wrong.append(f"{path.name}: stream {key}: {got[key]['subject']}, "
                         "which tshark has not")
    print(f"{connections} certificates in {captures} captures, "
          f"{len(wrong)} told otherwise")
    print("\n".join(wrong[:50]))
    return 1 if wrong or not connections else 0


sys.exit(main())
