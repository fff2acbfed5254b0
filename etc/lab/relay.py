"""Joins standard input and output to a port of this host: a way into a
client's network for a driver outside of it. Run inside the sandbox, from its
source text, with python3 -c: nothing of it is imported there.

    relay.py PORT SECONDS    # how long to wait for the port to open
"""
import os
import selectors
import socket
import sys
import time


def reach(port, seconds):
    end = time.monotonic() + seconds
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), 5)
        except OSError:
            if time.monotonic() > end:
                sys.exit("relay: nothing listens on the port")
            time.sleep(0.05)


def write(out, data):
    while data:
        data = data[os.write(out, data):]


def main():
    port = reach(int(sys.argv[1]), float(sys.argv[2]))
    port.settimeout(None)
    ways = selectors.DefaultSelector()
    ways.register(0, selectors.EVENT_READ, port.fileno())
    ways.register(port.fileno(), selectors.EVENT_READ, 1)
    while True:
        for key, _ in ways.select():
            data = os.read(key.fd, 1 << 16)
            if not data:
                return
            write(key.data, data)


main()
