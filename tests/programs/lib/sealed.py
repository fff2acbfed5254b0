"""Recordings of TLS, of which both ends are OpenSSL's, in memory; and the
certificates that their servers show."""
import ssl
import struct
import subprocess

CA = """[ca]
default_ca = own
[own]
new_certs_dir = {0}
database = {0}/index
serial = {0}/serial
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
countryName = optional
organizationName = optional
commonName = optional
[req]
distinguished_name = none
string_mask = utf8only
[none]
"""


def hello(name):
    """A ClientHello that names its server."""
    sni = struct.pack(">HBH", len(name) + 3, 0, len(name)) + name
    extension = struct.pack(">HH", 0, len(sni)) + sni
    body = (b"\3\3" + bytes(32) + b"\0" + b"\0\2\x13\1" + b"\1\0"
            + struct.pack(">H", len(extension)) + extension)
    message = b"\1" + struct.pack(">I", len(body))[1:] + body
    return b"\x16\3\1" + struct.pack(">H", len(message)) + message


def openssl(*arguments, **how):
    return subprocess.run(["openssl", *map(str, arguments)], check=True,
                          capture_output=True, timeout=60, **how).stdout


class Certificate:
    """One that signs itself, with its key in the same file. Dates as
    YYYYMMDDHHMMSSZ."""

    def __init__(self, directory, subject, names="", begins="20170301000000Z",
                 ends="20370301000000Z"):
        directory.mkdir(parents=True, exist_ok=True)
        self.path = directory / "server.pem"
        config, key = directory / "config", directory / "key"
        config.write_text(CA.format(directory))
        (directory / "index").write_text("")
        (directory / "serial").write_text("4711\n")
        ask = directory / "request"
        extra = ["-addext", f"subjectAltName={names}"] if names else []
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-utf8", "-subj", subject,
                "-keyout", key, "-out", ask, "-config", config, *extra)
        made = openssl("ca", "-batch", "-selfsign", "-keyfile", key, "-in",
                       ask, "-config", config, "-startdate", begins,
                       "-enddate", ends, "-notext", "-utf8", "-preserveDN")
        self.path.write_bytes(key.read_bytes() + made)
        self.der = ssl.PEM_cert_to_DER_cert(made.decode())


class Ends:
    """A client and a server, and what goes over the wire between them."""

    def __init__(self, certificate, name, version, keylog):
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(certificate.path)
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
        client.minimum_version = client.maximum_version = version
        if keylog:
            client.keylog_filename = keylog
        self.wires = [ssl.MemoryBIO() for _ in range(4)]
        to_client, from_client, to_server, from_server = self.wires
        self.client = client.wrap_bio(to_client, from_client,
                                      server_hostname=name)
        self.server = server.wrap_bio(to_server, from_server,
                                      server_side=True)

    def pass_on(self):
        """What both have to say by now."""
        to_client, from_client, to_server, from_server = self.wires
        asked = from_client.read()
        to_server.write(asked)
        try:
            self.server.do_handshake()
        except ssl.SSLWantReadError:
            pass
        answered = from_server.read()
        to_client.write(answered)
        return asked, answered

    def shake_hands(self):
        flights = []
        for _ in range(4):
            try:
                self.client.do_handshake()
            except ssl.SSLWantReadError:
                pass
            flights.append(self.pass_on())
        return [f for f in flights if any(f)]

    def say(self, asked, answered):
        self.client.write(asked)
        first, more = self.pass_on()
        self.server.read(len(asked))
        self.server.write(answered)
        return first, more + self.pass_on()[1]


def talk(capture, certificate, *exchanges, name=None, server="198.51.100.7",
         version=ssl.TLSVersion.TLSv1_2, keylog=None, port=443):
    """A connection in TLS: exchanges are pairs of bytes. name: SNI."""
    ends = Ends(certificate, name, version, keylog)
    flights = ends.shake_hands()
    flights += [ends.say(*e) for e in exchanges]
    capture.talk(*flights, port=port, server=server)
