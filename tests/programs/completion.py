#!/usr/bin/env python3
"""What --completion prints completes: in a real bash, and in zsh and fish where
they are installed (make check-all installs them).

usage: completion.py SAN_DIR PLAIN_DIR
"""
import os
import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "lib"))
import pages  # noqa: E402
from terminal import Terminal  # noqa: E402

SAN = pathlib.Path(sys.argv[1]).resolve()
WORK = pathlib.Path(os.environ.get("TMPDIR", "/tmp")).resolve() / "completion"
PROGRAMS = ["replay", "dnsgen", "rewrite", "reenact-lab"]
FILES = ["capture.pcap", "my rules.conf", "secret.key"]
# what is typed, what Tab makes of it
LINES = [
    ("replay --filt", "replay --filter "),
    ("replay --clock rec", "replay --clock recorded "),
    ("replay --clock=rec", "replay --clock=recorded "),
    ("replay --tls-min 1.", "replay --tls-min 1."),
    ("replay --rules my", "replay --rules my\\ rules.conf "),
    ("replay -r my", "replay -r my\\ rules.conf "),
    ("replay --ca s", "replay --ca state/"),
    ("replay --listen c", "replay --listen c"),
    ("replay --list --format h", "replay --list --format har "),
    ("replay --report=my", "replay --report=my\\ rules.conf "),
    ("replay --extract s", "replay --extract state/"),
    ("replay --extract-z", "replay --extract-zip "),
    ("replay --exact c", "replay --exact capture.pcap "),
    ("replay --xyz", "replay --xyz"),
    ("dnsgen --zo", "dnsgen --zone "),
    ("dnsgen --color n", "dnsgen --color never "),
    ("rewrite --color al", "rewrite --color always "),
    ("reenact-lab ma", "reenact-lab matrix "),
    ("reenact-lab c", "reenact-lab c"),
    ("reenact-lab run --key", "reenact-lab run --keylog "),
    ("reenact-lab run --vm c", "reenact-lab run --vm capture.pcap "),
    ("reenact-lab again --out", "reenact-lab again --output "),
    ("reenact-lab again --vm", "reenact-lab again --vm"),
    ("reenact-lab run --color al", "reenact-lab run --color always "),
    ("reenact-lab run --clock=n", "reenact-lab run --clock=now "),
]
ENDS = " /="  # shells differ in what they put behind a word


def wrong(text):
    wrong.count += 1
    print(f"WRONG: {text}")


wrong.count = 0


def ask(*command, status=0):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60,
                          check=False, env={**os.environ, "COLUMNS": "200"})
    if done.returncode != status:
        raise AssertionError(f"{command}: status {done.returncode}, "
                             f"{done.stderr}")
    return done.stdout if not status else done.stderr


def write_scripts():
    for shell in "bash", "zsh", "fish":
        (WORK / shell).mkdir()
        for program in PROGRAMS:
            text = ask(WORK / "bin" / program, "--completion", shell)
            name = f"_{program}" if shell == "zsh" else program
            (WORK / shell / name).write_text(text)


def check_table():
    """Each value that is offered is taken: the complaint is another one."""
    values = 0
    for program in "replay", "rewrite", "dnsgen":
        path = WORK / "bin" / program
        for _, name, arg in pages.options_of_help(ask(path, "--help")):
            for value in arg.split("|"):
                if not value or value[0].isupper() or name == "completion":
                    continue
                said = ask(path, f"--{name}", value, status=2)
                values += 1
                if f"--{name} {value}" in said or f"--{name}={value}" in said:
                    wrong(said)
    ask(WORK / "bin/replay", "--completion", "ksh", status=2)
    return values


def check_options_offered():
    """bash offers all options of --help, and no others."""
    for program in PROGRAMS:
        helps = pages.options_of_help(ask(WORK / "bin" / program, "--help"))
        want = {f"--{name}" for _, name, _ in helps} | {
            f"-{letter}" for letter, _, _ in helps if letter}
        function = "_" + program.replace("-", "_") if "lab" in program \
            else f"_reenact_{program}"
        got = ask("bash", "-c", 'source "$1"; COMP_WORDS=("$2" -) COMP_CWORD=1;'
                  '"$3"; printf "%s\\n" "${COMPREPLY[@]}"', "-",
                  WORK / "bash" / program, program, function)
        if set(got.split()) != want:
            wrong(f"{program}: bash offers {set(got.split()) ^ want}")


def check_lines(shell, terminal, lines, told):
    """told: keys that show the line as <line>."""
    for typed, want in lines:
        terminal.type(typed + "\t" + told)
        terminal.until("<")
        got = terminal.until(">")
        if got.rstrip(ENDS) != want.rstrip(ENDS):
            wrong(f"{shell}: {typed!r} becomes {got!r}, not {want!r}")
    terminal.close()


def check_bash():
    setup = WORK / "bashrc"
    setup.write_text(
        "PS1=\nbind 'set enable-bracketed-paste off'\n"
        "bind 'set show-all-if-ambiguous off'\nbind 'set bell-style none'\n"
        'show() { printf "<%s>\\n" "$READLINE_LINE"; READLINE_LINE=; }\n'
        "bind -x '\"\\C-g\": show'\n" + "".join(
            f"source {WORK}/bash/{program}\n" for program in PROGRAMS)
        + "echo re''ady\n")
    terminal = Terminal(["bash", "--rcfile", setup, "-i"], WORK / "home", {})
    terminal.until("ready")
    check_lines("bash", terminal, LINES, "\x07")


def check_zsh():
    if not shutil.which("zsh"):
        return "zsh"
    for program in PROGRAMS:
        ask("zsh", "-n", WORK / "zsh" / f"_{program}")
    setup = WORK / "zdot"
    setup.mkdir()
    (setup / ".zshrc").write_text(
        f"PS1=\nPROMPT_SP=\nunsetopt prompt_sp beep auto_list auto_menu\n"
        f"fpath=({WORK}/zsh $fpath)\nautoload -U compinit\n"
        f"compinit -u -d {WORK}/zdot/dump\nunset zle_bracketed_paste\n"
        'show() { print -r -- "<$BUFFER>"; BUFFER= }\nzle -N show\n'
        "bindkey '^G' show\necho re''ady\n")
    terminal = Terminal(["zsh", "-i", "-d"], WORK / "home",
                        {"ZDOTDIR": str(setup)})
    terminal.until("ready")
    check_lines("zsh", terminal, LINES, "\x07")
    return ""


def check_fish():
    """fish lists what it would complete without a terminal."""
    if not shutil.which("fish"):
        return "fish"
    for program in PROGRAMS:
        ask("fish", "-n", WORK / "fish" / program)
    for typed, want in LINES:
        if want.strip() == typed:
            continue
        program = typed.split()[0]
        got = subprocess.run(
            ["fish", "-c", f"cd {WORK}/home; source {WORK}/fish/{program}; "
             f"complete -C '{typed}'"], capture_output=True, text=True,
            timeout=60, check=True, env={**os.environ, "HOME": str(WORK)}
        ).stdout
        offered = [line.split("\t")[0] for line in got.splitlines()]
        value = want.strip().split(" ", typed.count(" "))[-1]
        if value.replace("\\", "") not in [o.replace("\\", "")
                                           for o in offered]:
            wrong(f"fish: {typed!r} offers {offered}, not {value}")
    return ""


def main():
    (WORK / "bin").mkdir(parents=True)
    (WORK / "home/state").mkdir(parents=True)
    for name in FILES:
        (WORK / "home" / name).touch()
    for program in PROGRAMS[:3]:
        (WORK / "bin" / program).symlink_to(SAN / program)
    (WORK / "bin/reenact-lab").symlink_to(pages.TOP / "etc/lab/lab")
    write_scripts()
    values = check_table()
    check_options_offered()
    check_bash()
    missing = " ".join(filter(None, (check_zsh(), check_fish())))
    print(f"{len(LINES)} lines, {values} values, {wrong.count} wrong"
          + (f"; not installed: {missing}" if missing else ""))
    return 1 if wrong.count or values < 8 else 0


sys.exit(main())
