"""Marionette, the protocol by which Firefox is driven: one command after the
other, over a channel."""
import time

import channel


class Refused(Exception):
    """The browser answered with an error."""


class Late(Exception):
    """No answer in the time there was."""


class Marionette:
    def __init__(self, link: channel.Channel):
        self.link, self.number, self.odd = link, 0, 0

    def hello(self, patience: float):
        """What the browser says of itself, once it listens."""
        hello = self.link.receive(time.monotonic() + patience)
        if not isinstance(hello, dict):
            raise Late("hello")
        return hello

    def call(self, name, parameters=None, patience=5.0):
        """The result of a command. Late answers of others are dropped."""
        self.number += 1
        self.link.send([0, self.number, name, parameters or {}])
        until = time.monotonic() + patience
        while (answer := self.link.receive(until)) is not None:
            if not isinstance(answer, list) or len(answer) != 4:
                self.odd += 1
            elif answer[1] == self.number:
                return self.result(answer[2], answer[3])
        raise Late(name)

    @staticmethod
    def result(error, result):
        if error:
            known = isinstance(error, dict)
            raise Refused(str(error.get("message") if known else error))
        if isinstance(result, dict) and set(result) == {"value"}:
            return result["value"]
        return result

    def script(self, text, *arguments, patience=5.0, **how):
        return self.call("WebDriver:ExecuteScript", {
            "script": text, "args": list(arguments), **how}, patience)
