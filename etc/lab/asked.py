"""The requests of a visit as the browser tells them: one line of JSON each in
requests.jsonl, who caused it, what came of it."""
import json

import keeping

MOST = 20000   # requests of a visit that are told one by one
URL = 4096     # characters of an address
FAILED = 200   # failed requests among the facts


class Requests:
    """All requests of a visit, in their order; keys are the browser's."""

    def __init__(self):
        self.all, self.open = keeping.Some(MOST), {}

    def begin(self, key, **facts):
        """A request is sent; of a key that is open, the one before it was
        redirected."""
        self.open.pop(key, None)
        facts["url"] = keeping.clean(facts["url"], URL)
        kept = self.all.add({n: v for n, v in facts.items() if v is not None})
        if kept is not None:
            self.open[key] = kept

    def tell(self, key, **facts):
        """More of an open request."""
        request = self.open.get(key)
        if request is not None:
            request.update((n, v) for n, v in facts.items() if v is not None)

    def leave(self):
        """The visit is over: what is open now has no whole answer."""
        for request in self.open.values():
            request["unanswered"] = True
        self.open.clear()

    def url(self, key) -> str:
        return self.open.get(key, {}).get("url", "")

    def failed(self) -> list:
        names = "url", "failed", "blocked", "cors"
        return [{n: r[n] for n in names if n in r}
                for r in self.all if "failed" in r]

    def unloaded(self):
        """Why the visit's first request was never answered, or None."""
        first = self.all[0] if self.all else {"unanswered": True}
        if "status" in first:
            return None
        return "no answer" if "unanswered" in first else first.get("failed")

    def write(self, path):
        with keeping.create(path) as out:
            for request in self.all:
                out.write(json.dumps(request).encode() + b"\n")

    def told(self) -> dict:
        failed = self.failed()
        return {"requests": self.all.count,
                "unanswered": sum("unanswered" in r for r in self.all),
                "failed": {"count": len(failed), "first": failed[:FAILED]}}
