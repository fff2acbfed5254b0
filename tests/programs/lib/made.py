"""Captures of the project's own generator, and the same in other files."""
import pathlib
import struct
import subprocess

from lib.replay import PATIENCE, rows_of

HEAD_LEN, RECORD_LEN = 24, 16
MICROSECONDS, NANOSECONDS = 0xA1B2C3D4, 0xA1B23C4D


class Made:
    """A scenario's capture, its truth and its bytes, in a directory."""

    def __init__(self, program, scenario, directory, *options):
        self.name = scenario
        self.directory = pathlib.Path(directory) / scenario
        self.path = self.directory / "capture"
        self.wire = self.directory / "wire"
        truth = self.directory / "truth"
        self.directory.mkdir()
        with open(self.path, "wb") as out:
            subprocess.run([program, scenario, "--truth", truth, "--wire",
                            self.wire, *options], stdout=out, timeout=PATIENCE,
                           check=True)
        self.truth = rows_of(truth.read_text(encoding="latin-1"))

    def put(self, name, data):
        path = self.directory / name
        path.write_bytes(data)
        return path


def scenarios(program):
    done = subprocess.run([program, "--list"], capture_output=True, text=True,
                          timeout=PATIENCE, check=True)
    return [line.split()[0] for line in done.stdout.splitlines()]


class Pcap:
    """A pcap file taken apart: its head and its records."""

    def __init__(self, data):
        self.head = data[:HEAD_LEN]
        self.order = "<" if data[3] == 0xA1 else ">"
        self.magic, = struct.unpack_from(self.order + "I", data)
        self.link, = struct.unpack_from(self.order + "I", data, 20)
        self.records = []
        at = HEAD_LEN
        while at < len(data):
            length, = struct.unpack_from(self.order + "I", data, at + 8)
            end = at + RECORD_LEN + length
            self.records.append(data[at:end])
            at = end

    @staticmethod
    def of(data):
        known = (struct.pack(order + "I", magic) for order in "<>"
                 for magic in (MICROSECONDS, NANOSECONDS))
        return Pcap(data) if data[:4] in known else None

    def some(self, first, end):
        return self.head + b"".join(self.records[first:end])

    def split(self, count):
        """Files of about as many records each."""
        size = -(-len(self.records) // count)
        return [self.some(i, i + size)
                for i in range(0, len(self.records), size)]

    def pcapng(self):
        """The same packets as section, interface and enhanced packet blocks
        (draft-ietf-opsawg-pcapng)."""
        digits = 9 if self.magic == NANOSECONDS else 6
        resolution = struct.pack("<HHB3xI", 9, 1, digits, 0)  # if_tsresol
        out = [block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)),
               block(1, struct.pack("<HHI", self.link, 0, 0) + resolution)]
        for record in self.records:
            seconds, fraction, length, wire = struct.unpack_from(
                self.order + "4I", record)
            time = seconds * 10 ** digits + fraction
            out.append(block(6, struct.pack(
                "<5I", 0, time >> 32, time & 0xFFFFFFFF, length, wire)
                + record[RECORD_LEN:]))
        return b"".join(out)


def block(kind, body):
    body += bytes(-len(body) % 4)
    length = struct.pack("<I", len(body) + 12)
    return struct.pack("<I", kind) + length + body + length
