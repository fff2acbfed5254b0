"""A site of every kind of page that a lab's client must get over, and the DNS
for it: run in a network namespace of its own, every address being local.

    lab_site.py CLOCK    # seconds since the epoch, for cookies

Prints "up" when it is started, waits for a line, then serves; every question
and request is told as a line of JSON on standard output."""
import email.utils
import gzip
import http.server
import json
import socket
import struct
import sys
import threading
import time

CLOCK = float(sys.argv[1])
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae"
    "426082")

MAIN = b"""<!DOCTYPE html><title>the landing page</title>
<link rel=stylesheet href=/style.css><script src=/app.js></script>
<body style="height: 3000px"><img name=documentElement src=/moved>
<iframe src=/zipped></iframe><iframe src=/file></iframe>"""

APP = b"""
console.log("hello", 1, "esc\\u001b[31m");
document.cookie = "made=1; expires=" +
  new Date(Date.now() + 3600e3).toUTCString();
document.cookie = "over=1; expires=" +
  new Date(Date.now() - 3600e3).toUTCString();
const where = "http://" + [203, 0, 113, 7].join(".") + ":8081";
fetch(where + "/computed", {mode: "no-cors"});
fetch("http://" + [192, 168, 7, 1].join(".") + "/router", {mode: "no-cors"});
fetch(where + "/refused").catch(() => 0);
fetch("/told?" + JSON.stringify({now: Date.now(), agent: navigator.userAgent,
  cookie: document.cookie, robot: !!navigator.webdriver}));
onload = () => {
  alert("press here");
  window.open("/popup");
  const d = document.createElement("p");
  d.textContent = "made by script";
  document.body.append(d);
  setTimeout(() => { throw new Error("thrown"); }, 0);
  Notification.requestPermission();
  if (navigator.serviceWorker)
    navigator.serviceWorker.register("/worker.js");
};
"""

PAGES = {
    "/": ("text/html", MAIN),
    "/style.css": ("text/css", b"p { color: red }"),
    "/app.js": ("text/javascript", APP),
    "/picture.png": ("image/png", PNG),
    "/worker.js": ("text/javascript", b"self.onfetch = () => 0;"),
    "/zipped": ("text/html", b"<p>was zipped"),
    "/popup": ("text/html", b"<title>popup</title><p>popup"),
    "/computed": ("text/plain", b"computed"),
    "/router": ("text/plain", b"router"),
    "/refused": ("text/plain", b"no CORS for you"),
    "/told": ("text/plain", b""),
    "/hang": ("text/html", b"<p>before<script>setTimeout(() => {"
              b"for (;;); }, 500)</script>"),
    "/alerts": ("text/html", b"<p>before<script>setTimeout(() => {"
                b"for (;;) alert(1); }, 300)</script>"),
    "/windows": ("text/html", b"<p>before<script>for (let i = 0; i < 200;"
                 b"i++) window.open('/popup?' + i)</script>"),
    "/huge": ("text/html", b"<p>start<script>for (let i = 0; i < 72; i++)"
              b"{ const t = document.createTextNode('x'.repeat(1 << 20));"
              b"document.head.append(t) } console.log('y'.repeat(9 << 20))"
              b"</script>"),
}


def tell(**facts):
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = self.path.split("?")[0]
        address = self.connection.getsockname()
        tell(target=self.path, host=self.headers.get("Host"),
             agent=self.headers.get("User-Agent"),
             cookie=self.headers.get("Cookie"),
             hints=[n for n in self.headers if n.lower().startswith("sec-ch")],
             to=f"{address[0]}:{address[1]}")
        special = getattr(self, "get_" + path[1:], None)
        if special:
            special()
        elif path in PAGES:
            self.answer(*PAGES[path])
        else:
            self.answer("text/plain", b"not here", 404)

    def answer(self, kind, body, status=200, **fields):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if self.path == "/":
            end = email.utils.formatdate(CLOCK + 86400, usegmt=True)
            self.send_header("Set-Cookie", f"then=1; Expires={end}")
        for name, value in fields.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def date_time_string(self, timestamp=None):
        return email.utils.formatdate(CLOCK, usegmt=True)

    def get_moved(self):
        self.answer("text/plain", b"", 302, Location="/picture.png")

    def get_zipped(self):
        self.answer("text/html", gzip.compress(PAGES["/zipped"][1]),
                    Content_Encoding="gzip")

    def get_file(self):
        self.answer("application/octet-stream", b"MZ and more",
                    Content_Disposition='attachment; filename="evil.exe"')

    def get_reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                   struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def get_silent(self):
        time.sleep(600)

    def log_message(self, *_):
        pass

    def finish(self):
        try:
            super().finish()
        except (OSError, ValueError):
            pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_):
        pass


def names():
    """Answers every A with an address, anything else with nothing."""
    asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asked.bind(("10.9.0.1", 53))
    while True:
        question, client = asked.recvfrom(4096)
        end, labels = 12, []
        while question[end]:
            labels.append(question[end + 1:end + 1 + question[end]].decode())
            end += 1 + question[end]
        kind = struct.unpack(">H", question[end + 1:end + 3])[0]
        tell(name=".".join(labels), type=kind)
        found = kind == 1 and labels[-1] == "example"
        answer = (b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + bytes([192, 0, 2, 80])
                  if found else b"")
        asked.sendto(question[:2] + b"\x85\x80\0\1" +
                     struct.pack(">HHH", found, 0, 0) +
                     question[12:end + 5] + answer, client)


def listen_443():
    """Nothing may come here: neither upgrades nor DNS over HTTPS."""
    door = socket.create_server(("0.0.0.0", 443))
    while True:
        connection, client = door.accept()
        tell(door=443, to=connection.getsockname()[0])
        connection.close()


def main():
    print("up", flush=True)
    sys.stdin.readline()
    threads = [threading.Thread(target=t, daemon=True)
               for t in (names, listen_443,
                         Server(("0.0.0.0", 8081), Handler).serve_forever)]
    for thread in threads:
        thread.start()
    server = Server(("0.0.0.0", 80), Handler)
    tell(ready=True)
    server.serve_forever()


main()
