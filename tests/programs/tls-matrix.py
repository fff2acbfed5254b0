#!/usr/bin/env python3
"""TLS as real clients and servers speak it, captured on loopback, has to be
listed whole: each version, each cipher suite, resumption, retries, early data,
new keys, renegotiation, tunnels, losses; by key logs beside and inside the
capture and by the server's key (P9).

usage: tls-matrix.py SAN_DIR PLAIN_DIR
"""
import contextlib
import hashlib
import os
import pathlib
import random
import shutil
import socket
import socketserver
import struct
import subprocess
import sys
import tempfile
import threading
import time

from lib.made import Pcap
from lib.replay import list_text, rows_of

TMP = pathlib.Path(os.environ.get("TMPDIR", "/var/tmp"))
PATIENCE = 60  # seconds
WEAK = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"
PSK = "00112233445566778899aabbccddeeff"
SUITES_13 = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
             "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_CCM_SHA256",
             "TLS_AES_128_CCM_8_SHA256")
VERSIONS = {"TLSv1": "-tls1", "TLSv1.1": "-tls1_1", "TLSv1.2": "-tls1_2",
            "TLSv1.3": "-tls1_3"}
COLUMNS = ("scheme", "method", "target", "status", "bytes", "sha256", "state")
LOST_MAX = 6 * 16384  # by a segment of 64 KiB
DSB, TLS_KEYS = 10, 0x544C534B


def run(*argv, **how):
    return subprocess.run(list(map(str, argv)), capture_output=True,
                          timeout=PATIENCE, check=False, **how)


def wait_port(port):
    for _ in range(200):
        with contextlib.suppress(OSError):
            with socket.create_connection(("127.0.0.1", port), 1):
                return
        time.sleep(0.05)
    raise RuntimeError(f"nobody listens on port {port}")


# ---- the site --------------------------------------------------------------


class Proxy(socketserver.ThreadingTCPServer):
    """Takes CONNECT to any port of loopback."""

    allow_reuse_address = daemon_threads = True

    class RequestHandlerClass(socketserver.BaseRequestHandler):
        def handle(self):
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += self.request.recv(1)
            port = int(head.split()[1].rpartition(b":")[2])
            with socket.create_connection(("127.0.0.1", port)) as up:
                self.request.sendall(b"HTTP/1.1 200 Yes\r\n\r\n")
                back = threading.Thread(target=self.copy,
                                        args=(up, self.request))
                back.start()
                self.copy(self.request, up)
                back.join()

        @staticmethod
        def copy(source, target):
            with contextlib.suppress(OSError):
                while data := source.recv(65536):
                    target.sendall(data)
                target.shutdown(socket.SHUT_WR)

    def __init__(self):
        super().__init__(("127.0.0.1", 0), self.RequestHandlerClass)
        self.port = self.server_address[1]
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Site:
    """Servers, their files, and a capture of all that is said."""

    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        self.files = self.dir / "files"
        self.files.mkdir()
        self.log = self.dir / "keys"
        self.log.touch()
        self.capture = self.dir / "all.pcap"
        self.random = random.Random(9)
        self.wanted, self.processes, self.ports = [], [], {}
        self.by_key = []  # cases that the server's key alone opens
        self.make_certificates()
        self.tcpdump = self.start(
            "tcpdump", "-i", "lo", "-U", "-s", "0", "-B", "65536", "-w",
            self.capture, "tcp", stderr=subprocess.PIPE)
        while b"listening" not in self.tcpdump.stderr.readline():
            pass

    def start(self, *argv, **how):
        how.setdefault("stderr", subprocess.DEVNULL)
        process = subprocess.Popen(list(map(str, argv)),
                                   stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, **how)
        self.processes.append(process)
        return process

    def make_certificates(self):
        for kind, options in (("rsa", ("rsa:2048",)),
                              ("ec", ("ec", "-pkeyopt",
                                      "ec_paramgen_curve:P-256"))):
            made = run("openssl", "req", "-x509", "-newkey", *options,
                       "-nodes", "-subj", "/CN=site.test", "-days", "30",
                       "-keyout", self.dir / f"{kind}.key",
                       "-out", self.dir / f"{kind}.crt")
            assert not made.returncode, made.stderr

    def s_server(self, name, *options):
        port = 20000 + len(self.ports)
        self.ports[name] = port
        rsa, ec = self.dir / "rsa", self.dir / "ec"
        self.start("openssl", "s_server", "-accept", f"127.0.0.1:{port}",
                   "-cert", f"{rsa}.crt", "-key", f"{rsa}.key",
                   "-dcert", f"{ec}.crt", "-dkey", f"{ec}.key",
                   "-cipher", WEAK, "-WWW", "-http_server_binmode", "-quiet",
                   "-psk", PSK, "-ciphersuites", ":".join(SUITES_13),
                   *options, cwd=self.files)
        wait_port(port)

    def nginx(self):
        port = self.ports["nginx"] = 21000
        conf = self.dir / "nginx.conf"
        conf.write_text(f"""
daemon off; master_process off; pid {self.dir}/nginx.pid; error_log stderr;
events {{}}
http {{
  access_log off; client_body_temp_path {self.dir}/t1;
  proxy_temp_path {self.dir}/t2; fastcgi_temp_path {self.dir}/t3;
  uwsgi_temp_path {self.dir}/t4; scgi_temp_path {self.dir}/t5;
  server {{
    listen 127.0.0.1:{port} ssl; root {self.files};
    ssl_certificate {self.dir}/ec.crt;
    ssl_certificate_key {self.dir}/ec.key;
    ssl_protocols TLSv1.2 TLSv1.3; ssl_early_data on;
    ssl_session_cache shared:s:1m;
  }}
}}
""")
        self.start("nginx", "-c", conf, "-e", "stderr")
        wait_port(port)

    def file(self, name, size=None):
        """A new file; how its answer has to be listed."""
        size = self.random.randrange(1, 70000) if size is None else size
        data = self.random.randbytes(size)
        (self.files / name).write_bytes(data)
        row = {"scheme": "https", "method": "GET", "target": "/" + name,
               "status": "200", "bytes": str(size),
               "sha256": hashlib.sha256(data).hexdigest(),
               "state": "complete"}
        self.wanted.append(row)
        return row

    def s_client(self, name, server, *options, size=None, lines=()):
        """Asks for a new file. lines: what is typed before, apart."""
        self.file(name, size)
        client = subprocess.Popen(
            ["openssl", "s_client", "-connect",
             f"127.0.0.1:{self.ports[server]}", "-servername", "site.test",
             "-cipher", WEAK, "-keylogfile", str(self.log), "-ign_eof",
             *map(str, options)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for line in lines:
            time.sleep(0.3)
            client.stdin.write(line)
            client.stdin.flush()
        if lines:
            time.sleep(0.3)
        said, _ = client.communicate(request(name), PATIENCE)
        if b"200 ok" not in said:
            raise RuntimeError(f"{name}: {said[-600:]!r}")

    def end(self):
        time.sleep(1)
        self.tcpdump.terminate()
        self.tcpdump.wait(PATIENCE)
        for process in self.processes:
            process.kill()
            process.wait(PATIENCE)
        self.tcpdump.stderr.close()


def request(name):
    return f"GET /{name} HTTP/1.0\r\nHost: site.test\r\n\r\n".encode()


# ---- what is said ----------------------------------------------------------


def suites():
    """Name, first version and key exchange of all that this OpenSSL has and
    the site's certificates allow."""
    for line in run("openssl", "ciphers", "-v", WEAK).stdout.decode().split(
            "\n"):
        words = line.split()
        if words and not {"Kx=SRP", "Au=DSS"} & set(words):
            yield words[0], words[1], words[2]


def say_suites(site):
    for name, first, exchange in suites():
        if first == "TLSv1.3":
            continue
        for version, option in VERSIONS.items():
            if version == "TLSv1.3" or (first == "TLSv1.2" != version):
                continue
            case = f"{version}-{name}"
            site.s_client(case, "main", option, "-cipher",
                          name + ":@SECLEVEL=0",
                          *(("-psk", PSK) if "PSK" in name else ()))
            if exchange == "Kx=RSA":
                site.by_key.append("/" + case)
    for name in SUITES_13:
        for psk in (), ("-psk", PSK):
            site.s_client("-".join(("TLSv1.3", name, *psk)), "main", "-tls1_3",
                          "-ciphersuites", name, *psk)


def say_mac_then_encrypt(site):
    for version, option in list(VERSIONS.items())[:3]:
        for name in ("AES128-SHA", "ECDHE-RSA-AES256-SHA",
                     "ECDHE-ECDSA-AES256-SHA384", "AES256-SHA256",
                     "CAMELLIA128-SHA"):
            if version != "TLSv1.2" and name.endswith(("384", "256")):
                continue
            site.s_client(f"mte-{version}-{name}", "mte", option, "-cipher",
                          name + ":@SECLEVEL=0")


def say_resumed(site):
    session = site.dir / "session"
    for server, how in ("main", "ticket"), ("id", "id"):
        for version, option in VERSIONS.items():
            for turn in "new", "again":
                keep = "-sess_out" if turn == "new" else "-sess_in"
                site.s_client(f"resumed-{how}-{version}-{turn}", server,
                              option, keep, session)


def say_resumed_untold(site):
    """Resumed connections of which no key log has a line: only the one whose
    session they resume was told, or had an RSA key exchange."""
    session, untold = site.dir / "session", site.dir / "untold"
    for server, how in ("main", "ticket"), ("id", "id"):
        for version, option in list(VERSIONS.items())[:3]:
            for suite in "AES128-SHA", "ECDHE-RSA-AES128-SHA":
                for turn in "new", "again", "more":
                    case = f"untold-{how}-{version}-{suite}-{turn}"
                    if suite == "AES128-SHA":
                        site.by_key.append("/" + case)
                    last = ([] if turn == "new" else
                            ["-sess_in", session, "-keylogfile", untold])
                    site.s_client(case, server, option, "-cipher",
                                  suite + ":@SECLEVEL=0", "-sess_out", session,
                                  *last)
    told = {line.split()[1] for line in site.log.read_text().splitlines()
            if line.startswith("CLIENT_RANDOM")}
    lines = [line.split()[1] for line in untold.read_text().splitlines()
             if line.startswith("CLIENT_RANDOM")]
    assert len(lines) == 24 and not told & set(lines), len(lines)


def say_handshakes(site):
    site.s_client("retry", "p384", "-tls1_3", "-groups", "X25519:P-384")
    site.s_client("new-keys", "main", "-tls1_3", lines=(b"K\n", b"k\n"))
    site.s_client("new-keys-large", "main", "-tls1_3", lines=(b"K\n",),
                  size=3000000)
    for suite in "ECDHE-RSA-AES128-GCM-SHA256", "AES128-SHA":
        site.s_client(f"again-{suite}", "main", "-tls1_2", "-cipher",
                      suite + ":@SECLEVEL=0", lines=(b"R\n",))
    site.s_client("certificate", "asks", "-tls1_3", "-cert",
                  site.dir / "ec.crt", "-key", site.dir / "ec.key")
    site.s_client("small-records", "main", "-tls1_3", "-max_send_frag", "512",
                  size=200000)
    site.s_client("old-certificate", "asks", "-tls1_2", "-cert",
                  site.dir / "rsa.crt", "-key", site.dir / "rsa.key")
    site.s_client("no-bytes", "main", size=0)
    site.s_client("large", "main", "-tls1_2", size=5000000)


def say_early(site):
    """Data with the ClientHello, taken and, by a server with new keys for its
    tickets, refused."""
    session, ask = site.dir / "early", site.dir / "ask"
    for case, restart in ("early", False), ("early-refused", True):
        port = site.ports["nginx"]
        common = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}",
                  "-servername", "site.test", "-tls1_3", "-keylogfile",
                  site.log, "-ign_eof"]
        site.file(case + "-first")
        done = run(*common, "-sess_out", session, input=request(
            case + "-first"))
        assert b" 200 OK" in done.stdout, done.stdout[-500:]
        site.file(case)
        ask.write_bytes(request(case))
        if restart:
            site.processes[-1].kill()
            site.processes[-1].wait()
            site.nginx()
        done = run(*common, "-sess_in", session, "-early_data", ask,
                   input=request(case) if restart else b"")
        want = b"rejected" if restart else b"accepted"
        assert b"Early data was " + want in done.stdout, done.stdout[-900:]
        assert b" 200 OK" in done.stdout, done.stdout[-500:]


def curl(site, server, names, *options):
    urls = [f"https://127.0.0.1:{site.ports[server]}/{n}" for n in names]
    done = run("curl", "-sk", "--http1.1", "--noproxy", "", *options,
               *[w for u in urls for w in (u, "-o", "/dev/null")],
               env=dict(os.environ, SSLKEYLOGFILE=str(site.log)))
    assert not done.returncode, done.stderr


def say_curl(site):
    """Several requests on a connection; tunnels."""
    proxy = Proxy()
    for version in "1.2", "1.3":
        names = [f"curl-{version}-{i}" for i in range(4)]
        for i, name in enumerate(names):
            site.file(name, 900000 if i == 1 else None)
        curl(site, "nginx", names, "--tls-max", version)
        name = f"tunnel-{version}"
        # captured on the way to the proxy and from there on
        site.wanted.append(site.file(name))
        curl(site, "nginx", [name], "--tls-max", version, "--proxy",
             f"http://127.0.0.1:{proxy.port}")
    proxy.shutdown()
    proxy.server_close()


def say_gnutls(site):
    """What this OpenSSL has no more: where GnuTLS is installed."""
    for version in "SSL3.0", "TLS1.0", "TLS1.2":
        for cipher in "3DES-CBC", "ARCFOUR-128", "AES-128-CCM":
            if cipher.endswith("CCM") and version != "TLS1.2":
                continue
            say_gnutls_case(site, version, cipher)


def say_gnutls_case(site, version, cipher):
    priority = (f"NONE:+VERS-{version}:+{cipher}:+MAC-ALL:+RSA:+ECDHE-RSA:"
                "+SIGN-ALL:+COMP-NULL:+GROUP-ALL:%COMPAT:%NO_EXTENSIONS")
    priority = priority.replace(":%NO_EXTENSIONS", "")
    name, port = f"gnutls-{version}-{cipher}", 22000 + len(site.processes)
    if run("gnutls-cli", "--priority", priority, "--list").returncode:
        return
    server = site.start(
        "gnutls-serv", "--http", "--port", port, "--priority", priority,
        "--x509certfile", site.dir / "rsa.crt",
        "--x509keyfile", site.dir / "rsa.key")
    wait_port(port)
    done = run("gnutls-cli", "--insecure", "--priority", priority, "-p", port,
               "127.0.0.1", input=request("gnutls"),
               env=dict(os.environ, SSLKEYLOGFILE=str(site.log)))
    server.kill()
    if b"HTTP/1.0 200" not in done.stdout:
        print(f"left out: {name}: {done.stderr[-100:]!r}")
        return
    site.wanted.append({"scheme": "https", "method": "GET",
                        "target": "/gnutls", "status": "200",
                        "state": "complete"})


# ---- what is listed --------------------------------------------------------


def listed(replay, capture, *options):
    return rows_of(list_text(replay, [capture], *options)[0])


def missing(rows, wanted):
    """Rows that are not there; each row counts once."""
    rows, problems = list(rows), []
    for want in wanted:
        hit = next((r for r in rows
                    if all(r[c] == want[c] for c in COLUMNS if c in want)),
                   None)
        if hit is None:
            near = [r for r in rows if r["target"] == want["target"]]
            problems.append(f"missing {want['target']}: " +
                            (" ".join(near[0][c] for c in COLUMNS)
                             if near else "not at all"))
        else:
            rows.remove(hit)
    return problems


def check_all(replay, site):
    rows = listed(replay, site.capture, "--keylog", site.log)
    secure = [r for r in rows if r["scheme"] == "https"]
    problems = missing(rows, site.wanted)
    if len(secure) != len(site.wanted):
        problems.append(f"{len(secure)} rows in https, "
                        f"not {len(site.wanted)}")
    times = [float(r["time"]) for r in rows]
    if times != sorted(times):
        problems.append("not in the order of the requests")
    print(f"key log: {len(site.wanted) - len(problems)} of "
          f"{len(site.wanted)} exchanges")
    return problems


def check_key(replay, site):
    """The server's key opens those without forward secrecy, no others."""
    rows = listed(replay, site.capture, "--key", site.dir / "rsa.key")
    wanted = [w for w in site.wanted if w["target"] in site.by_key]
    print(f"server's key: {len(wanted)} exchanges, {len(rows)} listed")
    return missing(rows, wanted)


def check_backwards(replay, site):
    """The same where the last connection stands first in the file: those that
    are resumed come behind those that resume them."""
    pcap = Pcap.of(site.capture.read_bytes())
    connections = {}
    for record in pcap.records:
        ports = frozenset(struct.unpack_from(">HH", record, 16 + 14 + 20))
        connections.setdefault(ports, []).append(record)
    path = site.dir / "backwards.pcap"
    path.write_bytes(pcap.head + b"".join(
        r for c in reversed(connections.values()) for r in c))
    wanted = [w for w in site.wanted if w["target"] in site.by_key]
    problems = missing(listed(replay, path, "--keylog", site.log), site.wanted)
    problems += missing(listed(replay, path, "--key", site.dir / "rsa.key"),
                        wanted)
    print(f"backwards: {len(problems)} differences")
    return problems


def block(kind, body):
    body += b"\0" * (-len(body) % 4)
    length = struct.pack("<I", 12 + len(body))
    return struct.pack("<I", kind) + length + body + length


def embed(pcap, secrets, order=None):
    """The same capture as a pcapng file that holds the secrets."""
    out = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    out += block(1, struct.pack("<HHI", pcap.link, 0, 0))
    packets = b""
    for record in pcap.records:
        seconds, micro, length, whole = struct.unpack_from("<IIII", record)
        ticks = seconds * 1000000 + micro
        packets += block(6, struct.pack("<IIIII", 0, ticks >> 32,
                                        ticks & 0xFFFFFFFF, length, whole)
                         + record[16:])
    keys = block(DSB, struct.pack("<II", TLS_KEYS, len(secrets)) + secrets)
    return out + (packets + keys if order == "last" else keys + packets)


def check_embedded(replay, site):
    pcap = Pcap.of(site.capture.read_bytes())
    problems = []
    for order in "first", "last":
        path = site.dir / f"{order}.pcapng"
        path.write_bytes(embed(pcap, site.log.read_bytes(), order))
        problems += missing(listed(replay, path), site.wanted)
    print(f"embedded secrets: {len(problems)} differences")
    return problems


def check_nothing(replay, site):
    """Without secrets, and with those of others, nothing is opened."""
    rows = [r for r in listed(replay, site.capture) if r["scheme"] == "https"]
    other = site.dir / "other"
    lines = []
    for line in site.log.read_text().splitlines():
        words = line.split()
        if len(words) == 3 and not line.startswith("#"):
            words[2] = words[2][::-1]
            lines.append(" ".join(words))
    other.write_text("\n".join(lines))
    rows += [r for r in listed(replay, site.capture, "--keylog", other)
             if r["scheme"] == "https" and "NULL" not in r["target"]]
    said = run(replay, "--check", "--keylog", other, site.capture).stdout
    problems = [f"opened with wrong secrets: {r['target']}" for r in rows]
    for words in b"the secrets for it do not fit",:
        if words not in said:
            problems.append(f"--check does not say {words!r}")
    said = run(replay, "--check", site.capture).stdout
    if b"no secrets for it" not in said:
        problems.append("--check does not say that there are no secrets")
    return problems


def tcp_len(record):
    """Payload of a packet on loopback: Ethernet, IPv4, TCP."""
    ip = 16 + 14
    total = struct.unpack_from(">H", record, ip + 2)[0]
    header = (record[ip] & 15) * 4
    return total - header - (record[ip + header + 12] >> 4) * 4


def source_port(record):
    return struct.unpack_from(">H", record, 16 + 14 + 20)[0]


def lose(pcap, port, number):
    """Without the number-th large segment that a server sends."""
    kept, seen = [], 0
    for record in pcap.records:
        if source_port(record) == port and tcp_len(record) > 20000:
            seen += 1
            if seen == number:
                continue
        kept.append(record)
    return pcap.head + b"".join(kept), seen


def check_losses(replay, site):
    """One segment is lost, and with it the records that it held a part of: its
    answer has a gap, and what follows on its connection is whole, which it can
    only be where the gap has the right length."""
    pcap = Pcap.of(site.capture.read_bytes())
    port = site.ports.get("nginx")
    if not port:
        return []
    problems, path = [], site.dir / "lossy.pcap"
    _, count = lose(pcap, port, 0)
    for number in range(1, count + 1):
        data, _ = lose(pcap, port, number)
        path.write_bytes(data)
        rows = listed(replay, path, "--keylog", site.log)
        targets = {w["target"] for w in site.wanted}
        rows = [r for r in rows if r["target"] in targets]
        bad = [r for r in rows if r["state"] != "complete"]
        good = [w for w in site.wanted
                if w["target"] not in [r["target"] for r in bad]]
        problems += missing(rows, good)
        sizes = {w["target"]: w["bytes"] for w in site.wanted}
        if len(bad) > 1 or any(
                r["state"] != "gap" or int(r["bytes"]) + LOST_MAX
                < int(sizes[r["target"]]) for r in bad):
            problems.append(f"segment {number} lost: " + "; ".join(
                f"{r['target']} {r['state']} {r['bytes']} of "
                f"{sizes[r['target']]}" for r in bad))
    print(f"losses: {count} segments, each lost once: "
          f"{len(problems)} differences")
    return problems


def check_tshark(site, rows):
    """All requests that tshark reads are listed, in the same streams."""
    ports = ",".join(str(p) for p in site.ports.values())
    decode = [w for p in site.ports.values()
              for w in ("-d", f"tcp.port=={p},tls")]
    done = run("tshark", "-r", site.capture, "-o",
               f"tls.keylog_file:{site.log}", "-o", f"http.tls.port:{ports}",
               *decode, "-Y", "http.request and tls", "-T", "fields", "-e",
               "tcp.stream", "-e", "http.request.method", "-e",
               "http.request.uri")
    theirs = {tuple(line.split("\t"))
              for line in done.stdout.decode().splitlines()}
    ours = {(r["stream"], r["method"], r["target"]) for r in rows
            if r["scheme"] == "https"}
    print(f"tshark: {len(theirs)} requests, {len(theirs & ours)} of them here;"
          f" {len(ours - theirs)} here alone")
    return [f"tshark alone: {' '.join(t)}" for t in sorted(theirs - ours)]


# ---- all -------------------------------------------------------------------


def say_all(site):
    site.s_server("main", "-client_renegotiation")
    site.s_server("mte", "-no_etm")
    site.s_server("id", "-no_ticket")
    site.s_server("p384", "-groups", "P-384")
    site.s_server("asks", "-verify", "1")
    say_suites(site)
    say_mac_then_encrypt(site)
    say_resumed(site)
    say_resumed_untold(site)
    say_handshakes(site)
    if shutil.which("gnutls-serv"):
        say_gnutls(site)
    if shutil.which("nginx"):
        site.nginx()
        say_early(site)
        if shutil.which("curl"):
            say_curl(site)


def test(replay):
    with tempfile.TemporaryDirectory(dir=TMP) as directory:
        site = Site(directory)
        try:
            say_all(site)
        finally:
            site.end()
        if os.environ.get("KEEP"):
            shutil.copytree(directory, os.environ["KEEP"], dirs_exist_ok=True)
        problems = check_all(replay, site)
        problems += check_key(replay, site)
        problems += check_backwards(replay, site)
        problems += check_embedded(replay, site)
        problems += check_nothing(replay, site)
        problems += check_losses(replay, site)
        if shutil.which("tshark"):
            rows = listed(replay, site.capture, "--keylog", site.log)
            problems += check_tshark(site, rows)
    for problem in problems:
        print(problem)
    return 1 if problems else 0


def main():
    replay = pathlib.Path(sys.argv[1]).resolve() / "replay"
    if os.environ.get("INSIDE"):
        run("ip", "link", "set", "lo", "up")
        return test(replay)
    for program in "openssl", "tcpdump", "ip", "unshare":
        if not shutil.which(program):
            print(f"{program} is not installed: no TLS to capture")
            return 77
    if run("unshare", "-n", "true").returncode:
        print("no network of its own is allowed here: nothing to capture in")
        return 77
    return subprocess.run(
        ["unshare", "-n", "--kill-child", sys.executable, *sys.argv],
        env=dict(os.environ, INSIDE="1"), check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
