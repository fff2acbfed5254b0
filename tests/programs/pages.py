#!/usr/bin/env python3
"""The manual pages: mandoc finds nothing to mend, they have the options of
--help and no others, and their examples print what stands there.

usage: pages.py SAN_DIR PLAIN_DIR

Examples run in a shell a block, in a network namespace of their own where that
is allowed (as root): their ports are free there. Elsewhere those that serve
are left out.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "lib"))
import pages  # noqa: E402

SAN = pathlib.Path(sys.argv[1]).resolve()
WORK = pathlib.Path(os.environ.get("TMPDIR", "/tmp")).resolve() / "pages"
PATIENCE = 60
LAB = pages.TOP / "etc/lab/lab"
HELPS = {"replay.8": [[SAN / "replay"]], "dnsgen.8": [[SAN / "dnsgen"]],
         "rewrite.1": [[SAN / "rewrite"]],
         "reenact-lab.8": [[LAB], *([LAB, command] for command in (
             "run", "again", "matrix", "check", "clients"))]}
NETWORK = os.geteuid() == 0 and shutil.which("unshare") and \
    shutil.which("ip")


def wrong(text):
    wrong.count += 1
    print(f"WRONG: {text}")


wrong.count = 0


def lint():
    """References to pages of our own are looked for among them."""
    if not shutil.which("mandoc"):
        print("mandoc is not installed: not linted")
        return
    ours = {f"{p.stem} {p.suffix[1:]}" for p in pages.PAGES}
    for page in pages.PAGES:
        said = subprocess.run(
            ["mandoc", "-T", "lint", "-W", "style", page],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            timeout=PATIENCE, check=False).stdout
        for line in said.splitlines():
            if "referenced manual not found" not in line:
                wrong(line)
        for name in re.findall(r"^\.(?:It )?Xr (\S+ \d)", page.read_text(),
                               re.M):
            if name.startswith(("reenact", "replay", "rewrite", "dnsgen")) \
                    and name not in ours:
                wrong(f"{page.name}: there is no page {name}")


def all_run():
    """What begins with a prompt is an example, and some test runs it."""
    for page in pages.PAGES:
        in_page = re.findall(r"^[$#] ", page.read_text(), re.M)
        in_blocks = [c for _, block in pages.blocks(page)
                     for c in pages.commands(block)]
        if len(in_page) != len(in_blocks):
            wrong(f"{page.name}: {len(in_page)} commands, "
                  f"{len(in_blocks)} of them marked for a test")


def options():
    told = 0
    for name, commands in HELPS.items():
        page = next(p for p in pages.PAGES if p.name == name)
        in_page, in_help = pages.options_of_page(page), set()
        for command in commands:
            text = subprocess.run(
                [*command, "--help"], capture_output=True, text=True,
                timeout=PATIENCE, check=True,
                env={**os.environ, "COLUMNS": "200"}).stdout
            in_help |= pages.options_of_help(text)
        told += len(in_help)
        for option in sorted(in_help - in_page):
            wrong(f"{name} has no {option}")
        for option in sorted(in_page - in_help):
            wrong(f"{name} has {option}, --help has not")
    return told


class Shell:
    """A shell that is typed to, and what its terminal shows."""

    def __init__(self, directory):
        self.shown = directory / "shown"
        # a namespace of processes: nothing that a block leaves lives on
        apart = ["unshare", "--net", "--pid", "--fork", "--kill-child",
                 "--mount-proc"] if NETWORK else []
        self.process = subprocess.Popen(
            [*apart, "bash", "--norc"], cwd=directory, stdin=subprocess.PIPE,
            stdout=open(self.shown, "wb"), stderr=subprocess.STDOUT,
            env={**os.environ, "PATH": f"{directory}/bin:{SAN}:"
                 f"{os.environ['PATH']}:/usr/sbin:/sbin", "LC_ALL": "C"})
        if NETWORK:
            self.type("ip link set lo up", "")

    def text(self, begin):
        return self.shown.read_bytes()[begin:].decode(errors="replace")

    def type(self, command, want):
        """What it shows; without a difference if that is what is wanted. What
        goes to the background shows it when it is ready, and before the next
        command."""
        begin = self.shown.stat().st_size
        mark = f"<{time.monotonic_ns()}>\n"
        behind = "" if command.rstrip().endswith("&") else f"printf '{mark}'\n"
        self.process.stdin.write(f"{command.rstrip()}\n{behind}".encode())
        self.process.stdin.flush()
        end = want + (mark if behind else "")
        limit = time.monotonic() + PATIENCE
        while time.monotonic() < limit and self.process.poll() is None:
            got = self.text(begin)
            if (mark in got) if behind else (got == end):
                break
            time.sleep(0.01)
        return self.text(begin).replace(mark, "")

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def prepare(capture):
    """A folder as the pages have it."""
    directory = WORK / f"{time.monotonic_ns()}"
    (directory / "bin").mkdir(parents=True)
    directory.chmod(0o755)
    (directory / "bin/reenact-lab").symlink_to(LAB)
    for name in "rules.conf", "dnsmasq.conf":
        shutil.copy(pages.TOP / "etc" / name, directory)
    with open(directory / f"{capture}.pcap", "wb") as out:
        subprocess.run([SAN / "make-capture", capture], stdout=out,
                       check=True, timeout=PATIENCE)
    return directory


def run_block(name, shell, block):
    for command, want in pages.commands(block):
        got = shell.type(command, want)
        if got != want:
            wrong(f"{name}: $ {command}shows\n{got}not\n{want}")
    return len(pages.commands(block))


def run_page(page):
    """How many commands ran. Blocks of a walk share their shell."""
    ran, walk, rules = 0, None, ""
    for kind, block in pages.blocks(page):
        kind, _, capture = kind.partition(": ")
        if kind in ("lab", "service"):  # tests/programs/all has these
            continue
        if kind == "rules:":
            rules = block
            capture = "drive-by"
            block = "$ rewrite --rules my.conf --check > checked.txt\n"
        serves = kind == "walk" or re.search(r"&$|dnsmasq", block, re.M)
        if serves and not NETWORK:
            continue
        if kind == "walk" and walk:
            ran += run_block(page.name, walk, block)
            continue
        directory = prepare(capture)
        (directory / "my.conf").write_text(rules)
        shell = Shell(directory)
        ran += run_block(page.name, shell, block)
        if kind == "walk":
            walk = shell
        else:
            shell.close()
    if walk:
        walk.close()
    return ran


def main():
    lint()
    all_run()
    told = options()
    ran = {page.name: run_page(page) for page in pages.PAGES}
    print(f"{told} options, commands: {ran}, {wrong.count} wrong")
    few = [name for name, count in ran.items()
           if not count and (NETWORK or name != "reenact.7")]
    return 1 if wrong.count or few or told < 70 else 0


sys.exit(main())
