"""Scripts that complete the lab's commands and options in a shell, from the
parser itself. Values go by their names there, as in replay's table: FILE, DIR,
words in lower case as they stand."""
import argparse

FILES = ("FILE", "CAPTURE", "IMAGE")
FOLDERS = ("DIR", "RUN")


def commands_of(parser):
    """[(name, what it does, its parser)]"""
    table = next(a for a in parser._actions
                 if isinstance(a, argparse._SubParsersAction))
    return [(c.dest, c.help, table.choices[c.dest])
            for c in table._choices_actions]


def options_of(parser):
    return [a for a in parser._actions if a.option_strings]


def value_of(action):
    """"", "file", "folder", "any", or the words it may be."""
    if action.nargs == 0:
        return ""
    if action.choices:
        return list(action.choices)
    name = action.metavar or action.dest.upper()
    if name in FILES:
        return "file"
    if name in FOLDERS:
        return "folder"
    return [word for word in name.split("|") if not word[0].isupper()] or "any"


def about(action):
    return " ".join((action.help or "").split(";")[0].split())


def quoted(text, special=""):
    text = "".join("\\" + c if c in special else c for c in text)
    return "'" + text.replace("'", "'\\''") + "'"


# ---- bash ----

BASH = """\
_reenact_lab()
{
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
	local command= word words
	COMPREPLY=()
	for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
		[[ $word == -* ]] || { command=$word; break; }
	done
	# --option=value comes in three words
	if [[ $cur == '=' ]]; then
		cur=
	elif [[ $prev == '=' ]]; then
		prev=${COMP_WORDS[COMP_CWORD-2]}
	fi
	case $command/$prev in
"""


def bash_value(command, action):
    value = value_of(action)
    if not value:
        return
    print("\t" + "|".join(f"{command}/{o}" for o in action.option_strings)
          + ")")
    if value != "file":
        print("\t\tcompopt +o default"
              + (" -o dirnames" if value == "folder" else ""))
    if isinstance(value, list):
        print(f"\t\tCOMPREPLY=($(compgen -W '{' '.join(value)}' -- \"$cur\"))")
    print("\t\treturn\n\t\t;;")


def bash_words(command, words):
    print(f"\t{command}) words='{' '.join(words)}' ;;")


def bash(program, parser):
    commands = commands_of(parser)
    print(BASH, end="")
    for name, _, its in [("", "", parser), *commands]:
        for action in options_of(its):
            bash_value(name, action)
    print("\tesac\n\tcase $command in")
    bash_words("''", [n for n, _, _ in commands] + [
        o for a in options_of(parser) for o in a.option_strings])
    for name, _, its in commands:
        bash_words(name, [o for a in options_of(its)
                          for o in a.option_strings])
    print("""\
	esac
	[[ -z $command || $cur == -* ]] || return 0
	[[ $command ]] || compopt +o default
	COMPREPLY=($(compgen -W "$words" -- "$cur"))
}""")
    print(f"complete -o default -F _reenact_lab {program}")


# ---- zsh ----

def zsh_option(action):
    value = value_of(action)
    tail = {"": "", "file": ":file:_files", "folder": ":folder:_files -/",
            "any": f":{action.dest}: "}.get(value) if isinstance(
                value, str) else f":{action.dest}:({' '.join(value)})"
    text = f"[{about(action)}]".replace(":", "\\:")
    for option in action.option_strings:
        sign = "=" if value and option.startswith("--") else \
            "+" if value else ""
        yield quoted(("*" if value else "") + option + sign + text + tail)


def zsh(program, parser):
    def arguments(its, *more):
        specs = [s for a in options_of(its) for s in zsh_option(a)]
        return " \\\n\t\t".join(["_arguments -s -S", *specs, *more])

    commands = commands_of(parser)
    print(f"#compdef {program}\nlocal curcontext=$curcontext state")
    names = " ".join(f'{n}\\:"{h}"' for n, h, _ in commands)
    print(arguments(parser, f"'1:command:(({names}))'",
                    "'*::argument:->rest'").replace("-s", "-C -s", 1))
    print("[[ $state == rest ]] || return\ncase $words[1] in")
    for name, _, its in commands:
        print(f"{name})\n\t{arguments(its, chr(39) + '*:file:_files' + chr(39))}"
              "\n\t;;")
    print("esac")


# ---- fish ----

def fish_option(program, when, action):
    line = f"complete -c {program} -n {quoted(when)}"
    for option in action.option_strings:
        line += (f" -l {option[2:]}" if option.startswith("--")
                 else f" -s {option[1:]}")
    value = value_of(action)
    if isinstance(value, list):
        line += f" -x -a '{' '.join(value)}'"
    else:
        line += {"": "", "file": " -r -F", "any": " -x",
                 "folder": " -x -a '(__fish_complete_directories)'"}[value]
    print(line + " -d " + quoted(about(action)).replace("'\\''", "\\'"))


def fish(program, parser):
    for action in options_of(parser):
        fish_option(program, "__fish_use_subcommand", action)
    for name, text, its in commands_of(parser):
        print(f"complete -c {program} -n __fish_use_subcommand -f -a {name} "
              f"-d {quoted(text)}")
        for action in options_of(its):
            fish_option(program, f"__fish_seen_subcommand_from {name}", action)


SHELLS = {"bash": bash, "zsh": zsh, "fish": fish}


class Completion(argparse.Action):
    """--completion SHELL: prints the script, and that is all."""

    def __call__(self, parser, namespace, values, option_string=None):
        SHELLS[values](parser.prog, parser)
        parser.exit()
