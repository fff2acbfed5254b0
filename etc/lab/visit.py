"""What a client needs to know of one visit, and what it tells of it: the
contract between the lab and its clients.

A client is a module with one function:

    def visit(kind: Kind, v: Visit) -> dict

It opens v.url, waits until the page has come to rest (v.quiet seconds without
traffic) or v.longest seconds are over, and ends all that it started. It
returns facts for run.json and raises LabError if the client could not even
begin; a page that fails to load is no error but a fact. Everything that the
client says is hostile: it was told so by a page.
"""
import dataclasses
import pathlib
import typing


class LabError(Exception):
    """One line for the user; the lab ends with exit status 1."""


@dataclasses.dataclass
class Kind:
    """A section of clients.conf."""
    name: str
    client: str                 # chromium, firefox, program or machine
    program: str = ""           # browsers, programs: what to start
    image: str = ""             # machines: the disk, never written to
    options: list = dataclasses.field(default_factory=list)  # more arguments
    clock: str = "recorded"     # or now


class Sandbox(typing.Protocol):
    """Where a client's processes live: its own network, no privileges, the
    file system read-only but for its home, /tmp and /dev/shm."""

    home: str  # the client's home, as its processes see it

    def start(self, argv: list, *, clock: typing.Optional[float] = None,
              env: typing.Optional[dict] = None, pass_fds=(),
              devices: list = (), read: list = (), **popen):
        """A subprocess.Popen of argv. clock: seconds since the epoch that the
        process takes for now. devices and read: paths of the host that it may
        use and read beside the system's own. popen: stdin, stdout, stderr.
        Whatever it starts is killed with it when the visit ends."""


@dataclasses.dataclass
class Visit:
    url: typing.Optional[str]         # None: a machine that finds its own way
    user_agent: typing.Optional[str]  # to be sent; None: the client's own
    clock: typing.Optional[float]     # at which the visit begins; None: today
    home: pathlib.Path   # the sandbox's home as the lab sees it: hostile
    keep: pathlib.Path   # the run's directory, which no client sees; drivers
                         # write screenshot.png, dom.html, netlog.json there
    sandbox: Sandbox
    quiet: float         # seconds without a packet after which it is over
    longest: float       # seconds, in all
    show: bool           # with a display
    packets: typing.Callable[[], int]  # seen by the client's interface so far
    tap: typing.Optional[str] = None   # machines: a tap device of the client's
                                       # network, which the sandbox's user owns
    share: typing.Optional[pathlib.Path] = None  # machines: files to bring in
    say: typing.Callable[[str], None] = print    # a line for the user
    ca: typing.Optional[pathlib.Path] = None     # the certificate (PEM) of the
                                                 # authority to believe in
