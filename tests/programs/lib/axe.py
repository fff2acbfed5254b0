"""axe-core, of the npm registry, which judges whether a page can be used by
keyboard and screen reader."""
from lib import npm

NAME = "axe-core"
VERSION = "4.14.1"
DIGEST = ("sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r7"
          "6ASyFNNtuFooJpZe37OgudVGtQ==")


def script(directory):
    """Its text. npm.Unreachable is raised where the registry cannot be
    reached."""
    path = directory / "node_modules" / NAME / "axe.min.js"
    if not path.exists():
        npm.fetch(directory, NAME, VERSION, DIGEST)
    return path.read_text()


def violations(browser, text):
    """What is wrong with the page that is open, a line each."""
    browser.run(text)
    found, passed = browser.run(
        "axe.run().then(r => [r.violations, r.passes.length])")
    if passed < 15:
        raise AssertionError(f"it looked at {passed} things alone")
    return [f"{v['id']}: {n['html'][:120]}" for v in found for n in v["nodes"]]
