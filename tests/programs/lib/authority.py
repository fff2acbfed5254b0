"""Programs run to their end, and a replay whose certificates can be
believed."""
import subprocess

from playback import PATIENCE, SAN, TMP, Replay, same

CA = TMP / "ca"


def tool(*command, status=0, **more):
    more.setdefault("stdin", subprocess.DEVNULL)
    done = subprocess.run(list(map(str, command)), capture_output=True,
                          timeout=PATIENCE * 3, **more)
    if status is not None:
        same(done.returncode, status, f"{command}: "
             + done.stderr.decode("latin-1")[-500:])
    return done


def authority():
    """The certificate of this test's authority, as a file."""
    path = TMP / "ca.crt"
    if not path.exists():
        path.write_bytes(tool(SAN / "replay", "--ca-cert", "--ca", CA).stdout)
    return path


def serve(captures, *options, **more):
    authority()
    return Replay(captures, "--ca", CA, *options, **more)
