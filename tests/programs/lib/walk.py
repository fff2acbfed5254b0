"""The five minutes of the README, word for word: the indented blocks of that
section, typed into a shell, have to print what stands there.

Runs in namespaces of its own, so that ports are free and nothing stays. What
serves in a terminal of its own (it begins with "replay --rules") runs beside;
a block without a command is what that terminal shows. Root's commands come
last, after what ran was stopped."""
import os
import pathlib
import re
import subprocess
import sys
import threading
import time

TOP = pathlib.Path(__file__).resolve().parents[3]
LIMIT = 300  # seconds, builds included
PATIENCE = 240  # a command
MARK = "walk-mark"
SERVES = "replay --rules"
STOP = "kill %1 $(cat /run/reenact-dnsmasq.pid); wait"
STAMP = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")


def section(title, begins):
    """The blocks of a section; of the ways to begin the named one alone."""
    text = (TOP / "README.md").read_text()
    body = re.search(rf"\n## {title}\n(.*?)\n## ", text, re.S)[1]
    blocks = []
    for part in re.finditer(r"(?:(.*)\n\n)?((?:^    .*\n)+)", body, re.M):
        way = re.match(r"From (.*?)[,:]", part[1] or "")
        if way and way[1] != begins:
            continue
        blocks.append(re.sub(r"^    ", "", part[2], flags=re.M))
    return blocks


def commands(block):
    """(command, output) of a block as a terminal shows it."""
    for part in re.split(r"^[$#] ", block, flags=re.M)[1:]:
        command = re.match(r"(?:.*[\\|]\n)*.*\n", part)[0]
        yield command.rstrip("\n"), part[len(command):]


class Terminal:
    def __init__(self, directory):
        self.shell = subprocess.Popen(
            ["bash", "--norc"], stdin=subprocess.PIPE, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=directory,
            errors="replace", env={**os.environ, "LC_ALL": "C.UTF-8"})
        self.beside = directory / "beside"

    def type(self, command):
        """What it printed, and its exit status."""
        timer = threading.Timer(PATIENCE, self.shell.kill)
        timer.start()
        self.shell.stdin.write(f"{command}\necho {MARK} $?\n")
        self.shell.stdin.flush()
        said = ""
        for line in self.shell.stdout:
            if line.startswith(MARK):
                timer.cancel()
                return said, int(line.split()[1])
            said += line
        raise AssertionError(f"no end of: {command}\n{said}")

    def type_beside(self, command, lines):
        self.beside.unlink(missing_ok=True)
        self.type(f"{command} > {self.beside} 2>&1 &")
        return self.shown_beside(lines), 0

    def shown_beside(self, lines):
        """The last of at least so many lines."""
        end = time.monotonic() + 30
        while time.monotonic() < end:
            text = self.beside.read_text() if self.beside.exists() else ""
            if text.count("\n") >= lines:
                break
            time.sleep(0.05)
        return text


def plain(text):
    return STAMP.sub("TIME", text)


def walk(directory, begins):
    """Returns how many commands ran, and what was wrong."""
    terminal, ran, wrong = Terminal(directory), 0, []
    for block in section("Five minutes", begins):
        if block.startswith("# "):
            terminal.type(STOP)
        elif not block.startswith("$ "):
            missing = [line for line in plain(block).splitlines()
                       if line not in plain(terminal.shown_beside(4))]
            wrong += [f"not shown: {line}" for line in missing]
            continue
        for command, want in commands(block):
            ran += 1
            if command.startswith(SERVES):
                got, status = terminal.type_beside(command, want.count("\n"))
            else:
                got, status = terminal.type(command)
            if status or (want and plain(got) != plain(want)):
                wrong.append(f"$ {command}\n{got}status {status}, not\n{want}")
    return ran, wrong


def alone(directory, begins, *wrapper):
    """Walks in namespaces of its own: this file run again, as a program."""
    return subprocess.run(
        [*wrapper, "unshare", "--net", "--pid", "--mount", "--fork",
         "--kill-child", "--mount-proc", sys.executable, __file__,
         str(directory), begins], check=False, timeout=2 * LIMIT).returncode


def main():
    directory, begins = pathlib.Path(sys.argv[1]), sys.argv[2]
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", "/run"], check=True)
    began = time.monotonic()
    ran, wrong = walk(directory, begins)
    took = time.monotonic() - began
    print("\n".join(wrong), end="\n" if wrong else "")
    print(f"from {begins}: {ran} commands, {len(wrong)} wrong, {took:.0f} s")
    return bool(wrong) or ran < 12 or took > LIMIT


if __name__ == "__main__":
    sys.exit(main())
