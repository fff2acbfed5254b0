"""A run once more, from its run.json: the same captures, rules and options,
and the same programs if they are still the same."""
import json
import pathlib

import artefacts
import run
from visit import LabError


def changed(kind, facts):
    """A line for each file that is no longer what it was."""
    for one in facts:
        path = pathlib.Path(one["name"])
        if not path.is_file():
            yield f"{kind} {path} is gone"
        elif artefacts.sha256(path) != one["sha256"]:
            yield f"{kind} {path} has changed"


def options_of(facts):
    return run.Options(**{k: v for k, v in facts["options"].items()
                          if k in run.Options.__dataclass_fields__})


def start(directory, output, runs):
    path = pathlib.Path(directory, "run.json")
    try:
        facts = json.loads(path.read_text())
        options = options_of(facts)
    except OSError as error:
        raise LabError(f"{path}: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise LabError(f"{path}: not the index of a run") from None
    options.captures = [one["name"] for one in facts["captures"]]
    options.rules = [one["name"] for one in facts["rules"]]
    options.output, options.runs = output, runs
    gone = [*changed("the capture", facts["captures"]),
            *changed("the key log", facts["keylogs"]),
            *changed("the rule file", facts["rules"])]
    if "image" in facts:
        gone += changed("the image", [facts["image"]])
    if gone:
        raise LabError("not the same run any more: " + "; ".join(gone))
    for line in changed("the program", [facts["programs"]["replay"],
                                        facts["programs"]["dnsgen"]]):
        run.say(line)
    return run.start(options)
