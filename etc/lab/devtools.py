"""The DevTools protocol of Chromium, over a pipe: commands, their answers and
the events in between."""
import time

import channel


class Refused(Exception):
    """The browser answered with an error."""


class Late(Exception):
    """No answer in the time there was."""


class DevTools:
    """Commands to a browser. events(method, parameters, session) is called
    for everything it tells, whenever something is read."""

    def __init__(self, link: channel.Channel, events):
        self.link, self.events = link, events
        self.number, self.then = 0, {}
        self.odd = 0  # messages that are not what the protocol says

    def post(self, method, parameters=None, session=None, then=None):
        """Sends a command. then(result, error) is called with the answer."""
        self.number += 1
        message = {"id": self.number, "method": method,
                   "params": parameters or {}}
        if session:
            message["sessionId"] = session
        if then:
            self.then[self.number] = then
        self.link.send(message)
        return self.number

    def call(self, method, parameters=None, session=None, patience=5.0):
        """The answer of a command."""
        answers = []
        number = self.post(method, parameters, session,
                           lambda *answer: answers.append(answer))
        until = time.monotonic() + patience
        while not answers:
            if not self.turn(until):
                self.then.pop(number, None)
                raise Late(method)
        result, error = answers[0]
        if error:
            raise Refused(str(error.get("message")))
        return result or {}

    def turn(self, until: float) -> bool:
        """Handles one message; false if there was none until then."""
        message = self.link.receive(until)
        if message is None:
            return False
        try:
            self.take(message)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError):
            self.odd += 1
        # a flood of events is no reason to stay longer
        return time.monotonic() < until

    def take(self, message):
        if "id" in message:
            then = self.then.pop(message["id"], None)
            if then:
                then(message.get("result"), message.get("error"))
            return
        self.events(message["method"], message.get("params", {}),
                    message.get("sessionId"))
