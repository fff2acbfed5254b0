"""The run's own certificate authority, and the stores of the clients that are
to believe in it."""
import os
import subprocess

import channel
import keeping
import sandbox
import services
from visit import Visit

PLACE = "tls"           # in the run's directory: replay's to write
SECRETS = "secrets.txt"  # of its connections, to read client.pcap with
FILE = "ca.crt"         # in a client's home
PATIENCE = 60

STORE = """
set -e
mkdir -p "$1"
certutil -N -d "sql:$1" --empty-password
certutil -A -d "sql:$1" -n "Reenact lab CA" -t C,, -i "$2"
"""
# What the usual libraries and programs look at; nothing else is to be believed
# where nothing else is.
VARIABLES = ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE",
             "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO")


def make(directory, programs):
    """Returns the certificate's file."""
    place = directory.path / PLACE
    place.mkdir(mode=0o700)
    os.chown(place, sandbox.SITE_USER, sandbox.SITE_USER)
    said, _ = services.ask([programs.replay, "--ca-cert", "--ca", str(place)])
    path = directory.path / FILE
    keeping.write(path, said)
    return path


def options(directory):
    """For replay."""
    place = directory.path / PLACE
    return ["--ca", str(place), "--secrets", str(place / SECRETS)]


def secrets(directory):
    """Of the run's own connections, for who reads its client.pcap."""
    path = directory.path / PLACE / SECRETS
    return ["--keylog", str(path)] if path.exists() else []


def bring(v: Visit):
    """Into the client's home, before anything of it runs. Returns where the
    client sees it."""
    keeping.write_in_home(v.home, FILE, v.ca.read_bytes())
    return f"{v.sandbox.home}/{FILE}"


def trust(v: Visit, store):
    """In a store of NSS's, below the client's home. Returns whether it is
    there: without certutil pages of https come with a warning."""
    if not v.ca:
        return False
    process = v.sandbox.start(
        ["/bin/sh", "-c", STORE, "sh", f"{v.sandbox.home}/{store}", bring(v)],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL)
    try:
        done = process.wait(PATIENCE) == 0
    except subprocess.TimeoutExpired:
        done = False
    finally:
        channel.end(process)
    if not done:
        v.say("the client does not take the lab's certificates (is certutil "
              "of libnss3-tools installed?)")
    return done


def environment(v: Visit):
    if not v.ca:
        return {}
    path = bring(v)
    return dict.fromkeys(VARIABLES, path)
