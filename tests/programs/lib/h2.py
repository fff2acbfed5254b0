"""HTTP/2 by hand: frames, and fields that no table and no Huffman code
shortens, for captures and for clients that break the rules."""
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
(DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY,
 WINDOW_UPDATE, CONTINUATION) = range(10)
END_STREAM, ACK, END_HEADERS = 1, 1, 4


def frame(kind, stream=0, data=b"", flags=0, size=None):
    size = len(data) if size is None else size
    return (struct.pack(">I", size)[1:] + bytes([kind, flags])
            + struct.pack(">I", stream) + data)


def number(value, prefix, first=0):
    """RFC 7541 5.1."""
    limit = (1 << prefix) - 1
    if value < limit:
        return bytes([first | value])
    out, value = bytearray([first | limit]), value - limit
    while value >= 128:
        out.append(value % 128 | 128)
        value //= 128
    return bytes(out + bytes([value]))


def text(value):
    value = value if isinstance(value, bytes) else value.encode("latin-1")
    return number(len(value), 7) + value


def block(pairs):
    """Literal fields without indexing."""
    return b"".join(b"\0" + text(n) + text(v) for n, v in pairs)


def asked(host, target="/", *more, method="GET", scheme="https"):
    return [(":method", method), (":scheme", scheme), (":authority", host),
            (":path", target), *more]


def headers(stream, pairs, end=False):
    return frame(HEADERS, stream, block(pairs),
                 END_HEADERS | (END_STREAM if end else 0))


def message(stream, pairs, body=b"", trailers=(), end=True):
    """HEADERS, DATA, and trailers as the one they are."""
    out = headers(stream, pairs, end and not body and not trailers)
    for at in range(0, len(body), 16384):
        part = body[at:at + 16384]
        last = end and at + len(part) == len(body) and not trailers
        out += frame(DATA, stream, part, END_STREAM if last else 0)
    return out + (headers(stream, trailers, True) if trailers else b"")


def frames(data):
    """(type, flags, stream, payload) of each whole frame."""
    at = 0
    while len(data) - at >= 9:
        size = int.from_bytes(data[at:at + 3], "big")
        if len(data) - at - 9 < size:
            return
        kind, flags = data[at + 3], data[at + 4]
        stream = int.from_bytes(data[at + 5:at + 9], "big")
        yield kind, flags, stream, data[at + 9:at + 9 + size]
        at += 9 + size
