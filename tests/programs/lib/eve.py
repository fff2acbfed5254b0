"""replay's log as tests ask it: the groups of an event side by side."""
import json


def end_of(event, side):
    """Where the connection ends there, as address:port."""
    address = event[f"{side}_ip"]
    address = f"[{address}]" if ":" in address else address
    return f"{address}:{event[f'{side}_port']}"


def flat(event):
    """One event, a name each: EVE's http as method, status and the like, our
    own group as it is, tls as a group."""
    http = event.get("http", {})
    names = {"method": "http_method", "status": "status"}
    return {"time": event["timestamp"], "client": event["src_ip"],
            "peer": event["src_port"], "local": end_of(event, "dest"),
            **{n: http[m] for n, m in names.items() if m in http},
            **({"tls": event["tls"]} if "tls" in event else {}),
            **event["reenact"]}


def read(text):
    """All lines of a log."""
    # splitlines would end one at U+2028 too
    return [flat(json.loads(n)) for n in text.split("\n") if n]
