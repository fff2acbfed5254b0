#!/usr/bin/env python3
"""What the programs may not do: tried from inside, and looked up in /proc.

usage: confine.py SAN_DIR PLAIN_DIR [TEST...]
"""
import os
import pathlib
import pwd
import re
import signal
import stat
import subprocess

from playback import *

HOST = "www.confined.example"
ROOT = not os.geteuid()
CAPTURE = TMP / "confined.pcap"
# Another user's rights, with which neither TMP nor the captures can be read.
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]


def capture():
    if not CAPTURE.exists():
        with Capture(CAPTURE.name) as c:
            c.talk((request(HOST), ok("page")))
    return CAPTURE


def status(pid):
    """Of a process, as the kernel has it."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {k: v.split() for k, _, v in (n.partition(":") for n in lines)}


def children(pid):
    return pathlib.Path(
        f"/proc/{pid}/task/{pid}/children").read_text().split()


def helper_of(r):
    """The one that opens rule files, once the other one has gone."""
    def alone():
        found = children(r.process.pid)
        return len(found) == 1 and found
    return until("one other process", alone)[0]


def run_tool(command, code=0, **more):
    done = subprocess.run(list(map(str, command)), capture_output=True,
                          text=True, timeout=PATIENCE * 6, **more)
    same(done.returncode, code, f"{command}: {done.stderr[-500:]}")
    return done


def forbidden_calls_end_the_process():
    for number, programs in enumerate((PLAIN, SAN)):
        place = TMP / f"tried{number}"
        for name in "in/file", "in/other", "out/file":
            path = place / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("text\n")
        done = subprocess.run([programs / "tools/confined", place],
                              capture_output=True, text=True,
                              timeout=PATIENCE * 6)
        lines = done.stdout.splitlines()
        same([n for n in lines if n.startswith("BAD")], [], done.stderr[-500:])
        same(done.returncode, 0, "exit status")
        true(len(lines) > 140, f"{len(lines)} calls tried")
        same(sorted(p.name for p in place.rglob("*")),
             ["file", "file", "in", "keeping", "other", "out"],
             "nothing else was made")


def extraction_makes_files_in_one_place():
    for number, programs in enumerate((PLAIN, SAN)):
        place = TMP / f"making{number}"
        (place / "in").mkdir(parents=True)
        (place / "out").mkdir()
        (place / "out/file").write_text("text\n")
        (place / "out/link").symlink_to("nowhere")
        done = run_tool([programs / "tools/confined-making", place])
        lines = done.stdout.splitlines()
        same([n for n in lines if n.startswith("BAD")], [], "tries")
        true(len(lines) > 15, f"{len(lines)} tries")
        same(sorted(str(p.relative_to(place)) for p in place.rglob("*")),
             ["in", "out", "out/file", "out/link", "out/made"], "files")
        same((place / "out/file").read_text(), "text\n", "what was there")


def confined_before_the_first_byte():
    """While the programs wait for a capture."""
    rules = TMP / "first.conf"
    rules.write_text("body s/a/b/\n")
    for command in (["dnsgen", "-"], ["replay", "--list", "-"],
                    ["replay", "--check", "-"],
                    ["replay", "--extract", TMP / "first", "-"],
                    ["replay", "--extract-zip", TMP / "first.zip", "-"],
                    ["replay", "--compare", "-", capture()],
                    ["replay", "--report", TMP / "first.html", "-"],
                    ["replay", "--listen", "127.0.0.1:0", "-"],
                    ["rewrite", "--rules", rules, "-"],
                    ["rewrite", "--rules", "/dev/stdin", "--check"]):
        with subprocess.Popen([PLAIN / command[0], *command[1:]],
                              stdin=subprocess.PIPE,
                              stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as process:
            def waits():
                call = pathlib.Path(f"/proc/{process.pid}/syscall")
                return call.read_text().split()[:2] == ["0", "0x0"]
            if os.uname().machine == "x86_64" and command[-1] == "-":
                until(f"{command} to read", waits)
            else:
                until(f"{command} to be confined",
                      lambda: status(process.pid)["Seccomp"] == ["2"])
            found = status(process.pid)
            same((found["Seccomp"], found["NoNewPrivs"]), (["2"], ["1"]),
                 command)
            process.kill()


def a_server_has_no_rights():
    with Replay(capture(), directory=PLAIN) as r:
        same(ask(r.port, HOST).body, b"page")
        found = status(r.process.pid)
        same((found["Seccomp"], found["NoNewPrivs"]), (["2"], ["1"]), "status")
        for name in "CapPrm", "CapEff", "CapInh", "CapAmb":
            same(int(found[name][0], 16), 0, name)
        for task in os.listdir(r.of_proc("task")):
            each = status(task)
            for name in "Seccomp", "NoNewPrivs", "Uid", "Gid", "CapEff":
                same(each[name], found[name], f"{name} of a thread")
        until("without rules no other process",
              lambda: not children(r.process.pid))
        if ROOT:
            user = pwd.getpwnam("nobody")
            same(found["Uid"], [str(user.pw_uid)] * 4, "user")
            same(found["Gid"], [str(user.pw_gid)] * 4, "group")
            same(found["Groups"], [str(user.pw_gid)], "groups")
            # /proc is root's of what cannot be looked into
            same(os.stat(r.of_proc("fd")).st_uid, 0, "not dumpable")


def files_are_its_own():
    """Made for nobody else, and not through a symbolic link."""
    ca, secrets, link = TMP / "own-ca", TMP / "own.keys", TMP / "link"
    link.symlink_to("nowhere")
    before = os.umask(0)
    try:
        with Replay(capture(), "--ca", ca, "--secrets", secrets,
                    directory=PLAIN) as r:
            same(ask(r.port, HOST).body, b"page")
    finally:
        os.umask(before)
    for path, mode in ((r.log_path, 0o600), (secrets, 0o600), (ca, 0o700),
                       (ca / "authority.pem", 0o600)):
        same(stat.S_IMODE(path.stat().st_mode), mode, path)
    for option in "--log", "--secrets":
        done = run_tool([PLAIN / "replay", "--listen", "127.0.0.1:0", "--ca",
                         ca, option, link, capture()], code=1)
        true("link: is a symbolic link" in done.stderr, done.stderr)
    true(not (TMP / "nowhere").exists(), "nothing was made")


class Waiting:
    """A replay that waits for the first byte of its capture."""

    def __init__(self, *options, **env):
        self.process = subprocess.Popen(
            list(map(str, [PLAIN / "replay", "--listen", "127.0.0.1:0",
                           *options, "-"])),
            stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=os.environ | env)
        def waits():
            call = pathlib.Path(f"/proc/{self.process.pid}/syscall")
            return call.read_text().split()[:2] == ["0", "0x0"]
        if os.uname().machine == "x86_64":
            until("replay to read", waits)

    def give(self, data):
        """The capture. Returns what is said until it serves, or ends."""
        self.process.stdin.buffer.write(data)
        self.process.stdin.close()
        said = []
        while line := self.process.stderr.readline():
            said.append(line)
            if "serving" in line:
                break
        return "".join(said)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()


def what_is_written_is_open_before_the_first_byte():
    """From then on STARTING holds, which lets nothing with a name be
    written: see confined.c."""
    log, keys, ca = TMP / "first.jsonl", TMP / "first.keys", TMP / "first-ca"
    state = TMP / "first-state"
    with Waiting("--log", log, "--secrets", keys, "--ca", ca,
                 XDG_STATE_HOME=str(state)) as w:
        for path in log, keys, ca / "authority.pem":
            same(stat.S_IMODE(path.stat().st_mode), 0o600, path)
        same(children(w.process.pid), [], "no process is needed")
    true(not state.exists(), "another place was named")
    # known before any capture is read, so told at once
    done = run_tool([PLAIN / "replay", "--log", "/nowhere/log", "missing"],
                    code=1)
    same(done.stderr, "replay: /nowhere/log: No such file or directory\n")


def an_authority_is_made_outside():
    """In the usual place, once a capture needs one; by a process that is as
    confined, and gone when clients come."""
    state = TMP / "outside"
    place = state / "reenact/ca/authority.pem"
    with Capture("asks-https.pcap") as c:
        c.talk((request(HOST, f"https://{HOST}/"), ok("page")))
    sealed, clear = c.path.read_bytes(), capture().read_bytes()

    def waiting():
        return Waiting(XDG_STATE_HOME=str(state))

    def helper_is_confined(w):
        helper, = children(w.process.pid)
        found = until("it to be confined", lambda: (
            s := status(helper))["Seccomp"] == ["2"] and s)
        same(found["NoNewPrivs"], ["1"], "helper")
        return helper

    for data, said, code in ((clear, "serving 1 ", None),
                             (b"garbage " * 100, "not a capture", 1)):
        with waiting() as w:
            helper = helper_is_confined(w)
            true(said in w.give(data), said)
            until("its end", lambda: not os.path.exists(f"/proc/{helper}"))
            if code:
                same(w.process.wait(PATIENCE), code, "exit status")
        true(not state.exists(), "nobody needs one")
    with waiting() as w:
        os.kill(int(helper_is_confined(w)), signal.SIGKILL)
        text = w.give(sealed)
        true("made for this run alone" in text and "serving" in text, text)
        true(not state.exists(), "nobody can make it")
    with waiting() as w:
        helper_is_confined(w)
        text = w.give(sealed)
        true("serving" in text and "alone" not in text, text)
        same(stat.S_IMODE(place.stat().st_mode), 0o600, place)
        until("its end", lambda: not children(w.process.pid))
    with waiting() as w:
        same(children(w.process.pid), [], "it is there already")
        true("alone" not in w.give(sealed), "and is used")


def the_user_can_be_chosen():
    for name in ("nosuchuser", "") if ROOT else ("root", "nosuchuser"):
        done = run_tool([PLAIN / "replay", "--user", name, "--listen",
                         "127.0.0.1:0", capture()], code=2)
        true(f"--user {name}: " in done.stderr, done.stderr)
    me = pwd.getpwuid(os.geteuid()).pw_name
    for name in ("daemon", "root") if ROOT else (me,):
        with Replay(capture(), "--user", name, directory=PLAIN) as r:
            same(ask(r.port, HOST).body, b"page")
            same(status(r.process.pid)["Uid"],
                 [str(pwd.getpwnam(name).pw_uid)] * 4, name)
            same(int(status(r.process.pid)["CapEff"][0], 16), 0, name)


def who_is_not_root_stays():
    if not ROOT or not os.access("/usr/bin/setpriv", os.X_OK):
        return "this is not root, or there is no setpriv"
    program = [*NOBODY, PLAIN / "replay", "--listen", "127.0.0.1:0"]
    if subprocess.run([*NOBODY, PLAIN / "replay", "--version"],
                      capture_output=True).returncode:
        return "another user cannot start the program"
    with open(capture(), "rb") as stdin:
        done = run_tool([*program, "--user", "daemon", "-"], code=2,
                        stdin=stdin)
    true("only root can become another user" in done.stderr, done.stderr)
    with open(capture(), "rb") as stdin, subprocess.Popen(
            list(map(str, [*program, "--user", "nobody", "-"])), stdin=stdin,
            stderr=subprocess.PIPE, text=True,
            env=os.environ | {"TMPDIR": "/var/tmp"}) as process:
        port = int(process.stderr.readline().split()[-1])
        same(ask(port, HOST).body, b"page")
        same(status(process.pid)["Uid"], ["65534"] * 4, "user")
        process.terminate()
        same(process.wait(PATIENCE), 0, "exit status")


def rules_are_opened_outside():
    """Also those that the server's user could not read; but from the folders
    of the start alone."""
    place, other = TMP / "rules", TMP / "elsewhere"
    for directory in place, other:
        directory.mkdir(mode=0o700)
    path = place / "rules.conf"

    def write(text):
        new = place / "new"
        new.write_text(text)
        new.chmod(0o600)
        new.rename(path)  # as editors do

    def reload(r, text, line):
        count = len(r.told(line))
        write(text)
        r.signal(signal.SIGHUP)
        until(line, lambda: len(r.told(line)) > count)

    write("type=* body s/page/one/\n")
    (place / "more.conf").write_text("type=* body s/page/three/\n")
    (other / "more.conf").write_text("type=* body s/page/four/\n")
    with Replay(capture(), "--rules", path, directory=PLAIN) as r:
        helper = helper_of(r)
        found = status(helper)
        same((found["Seccomp"], found["NoNewPrivs"]), (["2"], ["1"]), "helper")
        same(ask(r.port, HOST).body, b"one")
        reload(r, "type=* body s/page/two/\n", "rules read again")
        same(ask(r.port, HOST).body, b"two")
        reload(r, "include more.conf\n", "rules read again")
        same(ask(r.port, HOST).body, b"three")
        reload(r, "include ../elsewhere/more.conf\n", "rules are unchanged")
        r.line(r"elsewhere/more\.conf: Permission denied")
        same(ask(r.port, HOST).body, b"three")
        # what a terminal sends to both
        for number in signal.SIGINT, signal.SIGTERM, signal.SIGHUP:
            os.kill(int(helper), number)
        reload(r, "type=* body s/page/five/\n", "rules read again")
        same(ask(r.port, HOST).body, b"five")
        # without it the rules stay as they are
        os.kill(int(helper), signal.SIGKILL)
        reload(r, "type=* body s/page/six/\n", "rules are unchanged")
        same(ask(r.port, HOST).body, b"five")


def the_helper_ends_with_replay():
    path = TMP / "ends.conf"
    path.write_text("type=* body s/page/one/\n")
    with Replay(capture(), "--rules", path, directory=PLAIN, status=-9) as r:
        helper = helper_of(r)
        r.process.kill()
        until("its end", lambda: not pathlib.Path(f"/proc/{helper}").exists()
              or status(helper)["State"][0] == "Z")


def what_is_promised_is_tested():
    """By tests that are there."""
    here = pathlib.Path(__file__).resolve().parent
    text = (here.parents[1] / ".github/SECURITY.md").read_text()
    rows = re.findall(r"^\| (?!promise|---)(.*) \| (.*) \| (.*) \|$", text,
                      re.M)
    true(len(rows) > 10, f"{len(rows)} promises")
    for promise, _, tests in rows:
        named = re.findall(r"`([\w-]+\.(?:py|sh|c))`", tests)
        true(named or "`make " in tests or "the same" in tests, promise)
        for name in named:
            true((here / name).exists()
                 or (here.parent / "unit" / name).exists(), name)


def terminals_are_not_driven():
    """Not by C1 either, which some take also in UTF-8."""
    name = "a\x1b[31m\u009b31m\u202ee\u00e9"
    done = run_tool([PLAIN / "replay", "--list", TMP / name], code=1,
                    encoding="utf-8")
    same(done.stderr.count("\n"), 1, "lines")
    true(r"a\x1B[31m\xC2\x9B31m\xE2\x80\xAEe" + "\u00e9: " in done.stderr,
         done.stderr)


run([forbidden_calls_end_the_process,
     extraction_makes_files_in_one_place, confined_before_the_first_byte,
     a_server_has_no_rights, files_are_its_own,
     what_is_written_is_open_before_the_first_byte,
     an_authority_is_made_outside, the_user_can_be_chosen,
     who_is_not_root_stays, rules_are_opened_outside,
     the_helper_ends_with_replay, what_is_promised_is_tested,
     terminals_are_not_driven])
