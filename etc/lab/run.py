"""One run: a fresh client in a closed network visits what a capture holds,
everything is recorded, and the recording is held against the capture."""
import contextlib
import dataclasses
import ipaddress
import json
import os
import pathlib
import platform
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import artefacts
import authority
import cage
import clients
import keeping
import network
import sandbox
import services
import story
import visit
from visit import LabError


@dataclasses.dataclass
class Options:
    """What the command line says; run.json keeps it, `lab again` reads it."""
    captures: list
    url: str = None
    client: str = "chromium"
    clients: str = None         # another clients.conf
    vm: str = None
    exec: str = None
    user_agent: str = None      # "recorded", or any
    rules: list = dataclasses.field(default_factory=list)
    keylog: list = dataclasses.field(default_factory=list)
    zone: str = None
    clock: str = None           # recorded, now; None: as the client's kind
    settle: float = None
    time: float = None
    share: str = None
    supplement: bool = True
    show: bool = False
    keep: bool = False
    output: str = None
    runs: str = "runs"
    programs: str = None


def table_of(path):
    kinds = clients.read(path) if path else clients.read()
    return {kind.name: kind for kind in kinds}


def kind_of(options):
    """The client of the table, changed by what the command line says."""
    table = table_of(options.clients)
    name = ("machine" if options.vm else "program" if options.exec
            else options.client)
    if name not in table and name in clients.SORTS:
        table[name] = visit.Kind(name=name, client=name)
    if name not in table:
        raise LabError(f"no client {name} in the table (there are: "
                       + ", ".join(sorted(table)) + ")")
    kind = dataclasses.replace(table[name])
    if options.vm:
        kind.image = str(pathlib.Path(options.vm).resolve())
    if options.exec:
        kind.program = options.exec
    if options.clock:
        kind.clock = options.clock
    return kind


def directory_of(options):
    if options.output:
        return pathlib.Path(options.output)
    runs = pathlib.Path(options.runs)
    if not runs.exists():
        runs.mkdir(parents=True)
        os.chown(runs, *artefacts.owner())
    name = time.strftime("%Y-%m-%dT%H.%M.%S", time.gmtime())
    for number in range(1, 1000):
        path = runs / (name if number == 1 else f"{name}-{number}")
        if not path.exists():
            return path
    raise LabError(f"{runs}: too many runs in one second")


class Run:
    """What one run has in hand. Each step leaves its facts for run.json."""

    def __init__(self, options):
        self.options = options
        self.kind = kind_of(options)
        self.programs = services.Programs(options.programs)
        self.captures = [pathlib.Path(c).resolve() for c in options.captures]
        must_be_files(options.captures + options.rules + options.keylog
                      + [p for p in [self.kind.image] if p])
        if self.kind.image and not os.stat(self.kind.image).st_mode & 0o004:
            raise LabError(f"{self.kind.image}: the machine's user, who has "
                           "no rights here, may not read it (chmod o+r)")
        if options.share and not os.path.isdir(options.share):
            raise LabError(f"{options.share}: no such directory")
        self.supplement = (self.programs.supplement()
                           if options.supplement else None)
        self.running = []
        self.box = None
        self.directory = artefacts.Directory(directory_of(options))
        self.facts = self.directory.facts
        self.facts["options"] = dataclasses.asdict(options)

    # ---- before -----------------------------------------------------------

    def describe(self):
        """What the run is made of, by digests: what it takes to repeat it."""
        p = self.programs
        self.facts.update(
            captures=[artefacts.facts_of(c) for c in self.captures],
            rules=[artefacts.facts_of(r) for r in self.options.rules],
            keylogs=[artefacts.facts_of(k) for k in self.options.keylog],
            programs={
                "replay": artefacts.facts_of(p.replay),
                "dnsgen": artefacts.facts_of(p.dnsgen),
                "dnsmasq": version_of("dnsmasq", "--version"),
                "tcpdump": version_of("tcpdump", "--version"),
                "kernel": platform.release()},
            client=dataclasses.asdict(self.kind))
        if self.supplement:
            self.facts["supplement"] = artefacts.facts_of(self.supplement)
        if self.kind.image:
            self.facts["image"] = artefacts.facts_of(self.kind.image)

    def look(self):
        """What the captures themselves say: where to begin, and when."""
        checks = services.check(self.programs, self.keylogs(), self.captures)
        first = next((c for c in checks if c.get("first_page")), checks[0])
        self.url = self.options.url or first.get("first_page")
        if not self.url and self.kind.client in ("chromium", "firefox"):
            raise LabError("the captures hold no page to begin with: say "
                           "--url")
        self.began = first.get("first_page_time") or first.get("begins")
        agent = self.options.user_agent
        if agent == "recorded":
            agent = first.get("user_agent")
            if not agent:
                raise LabError("no User-Agent was recorded of the first page")
        self.user_agent = agent
        self.facts.update(url=self.url, user_agent=agent)

    def clock(self):
        """Seconds since the epoch that the client takes for now."""
        if self.kind.clock == "now" or self.began is None:
            return None
        return self.began

    # ---- the visit --------------------------------------------------------

    def build(self):
        recorded = [self.supplement] if self.supplement else []
        hosts, said = services.ask(
            [self.programs.dnsgen, "--ip", "recorded", *self.zone(),
             *self.keylogs(),
             *map(str, self.captures + recorded)])
        keeping.write(self.directory.path / "dnsgen.log", said)
        machine = self.kind.client == "machine"
        self.network = network.Network(
            addresses_of(hosts),
            machine=sandbox.CLIENT_USER if machine else None)
        self.network.prove()
        self.facts["network"] = {
            "client": self.network.client, "site": self.network.site,
            "client6": self.network.client6, "site6": self.network.site6,
            "proved_closed": True}
        self.ca = authority.make(self.directory, self.programs)
        self.running = [
            services.start_dnsmasq(self.directory, self.network, hosts,
                                    machine),
            services.start_replay(self.directory, self.programs,
                                   self.captures, self.replay_options()),
            services.start_tcpdump(self.directory, self.network)]

    def zone(self):
        return ["--zone", self.options.zone] if self.options.zone else []

    def rules(self):
        return [w for r in self.options.rules
                for w in ("--rules", str(pathlib.Path(r).resolve()))]

    def keylogs(self):
        return [w for k in self.options.keylog for w in ("--keylog", k)]

    def replay_options(self):
        options = (self.rules() + self.zone() + self.keylogs()
                   + authority.options(self.directory))
        if self.clock() is not None:
            options += ["--clock", "recorded"]
        if self.supplement:
            options += ["--supplement", str(self.supplement)]
        return options

    def etc(self):
        """Files that a client sees in /etc: nothing of this machine's."""
        texts = {
            "resolv.conf": f"nameserver {self.network.site}\n",
            "hosts": "127.0.0.1 localhost client\n::1 localhost\n",
            "nsswitch.conf": "passwd: files\ngroup: files\n"
                             "hosts: files dns\n",
            "passwd": "root:x:0:0::/root:/bin/false\n"
                      f"client:x:{sandbox.CLIENT_USER}:"
                      f"{sandbox.CLIENT_USER}::/home/client:/bin/sh\n",
            "group": "root:x:0:\n"
                     f"client:x:{sandbox.CLIENT_USER}:\n"}
        folder = self.directory.path / "etc"
        folder.mkdir()
        files = {}
        for name, text in texts.items():
            if name == "resolv.conf" or os.path.exists(f"/etc/{name}"):
                keeping.write(folder / name, text.encode())
                os.chmod(folder / name, 0o644)
                files[name] = folder / name
        return files

    def packets(self):
        """Seen by the client's interface: /proc tells of the namespace that
        a process is in, and tcpdump is in the client's."""
        pid = self.running[-1].process.pid
        with open(f"/proc/{pid}/net/dev") as file:
            for line in file:
                name, _, numbers = line.partition(":")
                if name.strip() == "client0":
                    words = numbers.split()
                    return int(words[1]) + int(words[9])
        return 0

    def visit(self):
        driver = __import__(self.kind.client)
        self.box = sandbox.Sandbox(self.directory.home,
                                   self.network.client_ns, self.etc())
        machine = self.kind.client == "machine"
        longest = self.options.time or (900 if machine else 60)
        settle = self.options.settle or (60 if machine else 3)
        share = self.options.share
        self.facts["clock"] = {"client": self.kind.clock,
                               "recorded": self.clock()}
        began = time.monotonic()
        v = visit.Visit(
            url=self.url, user_agent=self.user_agent, clock=self.clock(),
            home=self.directory.home, keep=self.directory.path,
            sandbox=self.box, quiet=settle, longest=longest,
            show=self.options.show, packets=self.packets,
            tap=self.network.tap,
            share=pathlib.Path(share).resolve() if share else None, say=say,
            ca=self.ca)
        self.facts["visit"] = driver.visit(self.kind, v)
        self.facts["seconds"] = round(time.monotonic() - began, 1)

    def stop(self):
        """The client first, then what answers it, then who listens."""
        if self.box:
            self.box.stop()
        for service in self.running[:-1]:
            service.stop()
        if self.running:
            time.sleep(0.2)  # what is still on its way to the capture
            tcpdump = self.running[-1]
            tcpdump.stop(signal.SIGINT)
            lost = re.search(r"(\d+) packets? dropped by kernel",
                             tcpdump.said())
            self.facts["packets_lost"] = int(lost[1]) if lost else None
        self.running = []
        with contextlib.suppress(OSError):
            shutil.rmtree(self.directory.path / "etc")

    # ---- after ------------------------------------------------------------

    def collect(self):
        """A browser's downloads have a folder; a program's lie where it
        was started."""
        where = "." if self.kind.client == "program" else "downloads"
        self.facts["downloads"] = self.directory.take(where, "downloads",
                                                      [authority.FILE])

    def compare(self):
        """Writes compare.*, and returns what there is to tell of it: values,
        the program's words, its last line."""
        base = [self.programs.replay, "--compare",
                str(self.directory.path / "client.pcap"), *self.rules(),
                *self.zone(), *self.keylogs(),
                *authority.secrets(self.directory)]
        captures = [str(c) for c in self.captures]
        table, said = services.ask(base + captures)
        lines, _ = services.ask(base + ["--format", "json"] + captures)
        for name, content in (("tsv", table), ("jsonl", lines),
                              ("log", said)):
            keeping.write(self.directory.path / f"compare.{name}", content)
        values = [json.loads(line) for line in lines.splitlines()]
        self.facts["compare"] = next(
            (v for v in values if v.get("type") == "summary"), None)
        words = [line.removeprefix("replay: ") for line in
                 said.decode("utf-8", "replace").splitlines()]
        return values, words, table.decode("ascii").splitlines()[-1]


def must_be_files(paths):
    for path in paths:
        if not os.path.isfile(path):
            raise LabError(f"{path}: no such file")


def version_of(*command):
    path = shutil.which(command[0])
    if not path:
        return None
    done = subprocess.run(command, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)
    return {"name": path, "version": (done.stdout
                                      or done.stderr).split("\n")[0]}


def addresses_of(hosts):
    """Of dnsmasq's lines address=/name/ADDRESS."""
    found = set()
    for line in hosts.decode("ascii", "replace").splitlines():
        if line.startswith("address=/"):
            with contextlib.suppress(ValueError):
                found.add(str(ipaddress.ip_address(line.rsplit("/", 1)[1])))
    return found


quiet = False  # the user's: only what is wrong


def say(line):
    """To the user. What clients and captures say is hostile: nothing of it
    reaches the terminal but printable characters."""
    print("lab: " + keeping.clean(line, story.LONGEST), file=sys.stderr, flush=True)


def tell(line):
    """What is wrong with nothing."""
    if not quiet:
        say(line)


def check_machine():
    if os.geteuid():
        raise LabError("needs root, for namespaces and the capture (sudo)")
    sandbox.needs("ip", "nft", "bwrap", "setpriv", "dnsmasq", "tcpdump")


def try_machine():
    """The network and a client that does nothing, in a cage."""
    with tempfile.TemporaryDirectory() as home:
        net = network.Network()
        net.prove()
        box = sandbox.Sandbox(home, net.client_ns, {})
        process = box.start(["true"], stderr=subprocess.PIPE)
        said = process.communicate(timeout=60)[1].decode("utf-8", "replace")
        if process.returncode:
            raise LabError(said.strip().split("\n")[-1])
    return 0


def able():
    """`lab check`: whether this machine lets a lab be."""
    status = caged(try_machine)
    if not status:
        tell("this machine can run it")
    return status


def caged(call):
    """The exit status of call in a cage."""
    check_machine()
    try:
        return cage.run(lambda: guarded(call))
    except OSError as error:
        raise LabError(f"namespaces are not allowed here: {error}") from None


def guarded(call):
    """A cage passes exceptions to nobody."""
    try:
        return call()
    except LabError as error:
        say(str(error))
    except subprocess.SubprocessError as error:
        say(f"cannot go on: {error}")
    return 1


def work(run, out):
    """Inside the cage. Returns the exit status."""
    state = "failed"
    try:
        tell(f"{run.directory.path}: {run.kind.name}")
        run.describe()
        run.look()
        run.directory.save()
        run.build()
        when = run.clock()
        tell((f"visiting {run.url}" if run.url else "the client begins")
             + (f", its clock at {artefacts.stamp(when)}" if when else ""))
        run.visit()
        run.stop()
        run.collect()
        values, said, last = run.compare()
        state = "done"
    except cage.Stopped:
        state = "stopped"
        raise
    except LabError as error:
        run.facts["error"] = str(error)
        raise
    finally:
        run.stop()
        run.directory.finish(state, run.options.keep)
    story.tell(run.facts, values, said, out)
    print(story.last_line(last, out), file=out)
    return 0


def start(options, out=None):
    """Returns the exit status. out: for what would go to standard output."""
    artefacts.clean(options.runs)
    return caged(lambda: work(Run(options), out or sys.stdout))
