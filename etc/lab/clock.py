"""The clock of clients that libfaketime makes hang: a small library of our
own, preloaded (clock.c)."""
import pathlib
import time

import keeping
from visit import LabError, Visit

LIBRARY = pathlib.Path(__file__).resolve().parents[2] / "build" / "clock.so"


def moved(v: Visit) -> list:
    """What stands before a command so that it takes v.clock for now. The
    library lies in the client's home, where it can do what it likes with it;
    only the command itself, which has no privileges any more, loads it."""
    if v.clock is None:
        return []
    try:
        library = LIBRARY.read_bytes()
    except OSError:
        raise LabError(f"{LIBRARY} is missing: run make, or take --clock now"
                       ) from None
    keeping.write_in_home(v.home, "clock.so", library)
    return ["env", f"LD_PRELOAD={v.sandbox.home}/clock.so",
            f"LAB_CLOCK={round(v.clock - time.time())}"]
