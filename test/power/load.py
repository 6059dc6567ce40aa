"""Clients that ask for changes, and write down what the answers promise."""

import json
import random
import select
import sys
import threading
import time
from collections import namedtuple
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))
from support import request  # noqa: E402

AREAS = ("uploads", "files", "named")
JSON = "Content-Type: application/json"

# One request of an operation; `promises`: for each status that it may have, what that says of the name (label, states).
Wish = namedtuple("Wish", "request promises")


def settings(mount, kinds):
    """For these kinds of operations; alone, `json` needs nothing that was not always there."""
    wanted = {"uploads": {"directory": str(mount / "uploads"), "durability": "full"},
              "limits": {"requests_per_connection": 1000000}, "log": {"access": {"format": "off"}}}
    if set(kinds) != {"json"}:
        accept = ["json", "raw", "form", "put", "delete"]
        wanted["routes"] = {
            "/files": {"uploads": {"directory": str(mount / "files"), "accept": accept, "make_directories": True}},
            "/named": {"uploads": {"directory": str(mount / "named"), "accept": accept, "names": "client"}}}
    return wanted


class Client(threading.Thread):
    """Asks for one operation after the other, until it is told to stop or the server is gone."""

    def __init__(self, number, server, position, history, operations, seed):
        super().__init__(daemon=True)
        self.number, self.server, self.position, self.history = number, server, position, history
        self.operations, self.generator = operations, random.Random(f"{seed} {number}")
        self.lines, self.names, self.is_over = [None, None], 0, False
        self.files, self.directories = {}, []  # what is known to be there: {name: number}, names

    def run(self):
        try:
            while not self.is_over:
                self.generator.choice(self.operations)(self)
        except Exception as failure:  # an answer that is no answer to what was asked
            self.history.surprise(f"client {self.number}: {failure!r}")
        for line in filter(None, self.lines):
            line.socket.close()

    def document(self, number):
        """One in twenty is large enough to be written in pieces."""
        is_large = self.generator.random() < 0.05
        size = self.generator.randrange(20_000, 60_000) if is_large else self.generator.randrange(10, 3000)
        return json.dumps({"number": number, "text": self.generator.randbytes(size // 2).hex()}).encode()

    def fresh(self):
        return self.history.document(self.document)

    def fresh_name(self, area="files"):
        self.names += 1
        return f"{area}/c{self.number}_{self.names}.json"

    def any_file(self):
        """The name of a file that is there; None when there is none."""
        return self.generator.choice(sorted(self.files)) if self.files else None

    def together(self, requests):
        """Sends them at about the same time; (index, answer, position right after it was read) as they come."""
        waiting = {}
        try:
            for index, each in enumerate(requests):
                if index and self.generator.random() < 0.7:
                    time.sleep(self.generator.random() * 0.004)
                self.lines[index] = self.lines[index] or self.server.connect()
                self.lines[index].send(each)
                waiting[self.lines[index].socket] = index
            while waiting:
                for ready in select.select(list(waiting), [], [], 10)[0] or list(waiting):
                    index = waiting[ready]
                    answer = self.lines[index].answer()
                    yield index, answer, self.position()
                    del waiting[ready]
                    if answer["Connection"] == "close":
                        self.lines[index].socket.close()
                        self.lines[index] = None
        except (OSError, EOFError):
            self.is_over = True

    def operate(self, kind, name, possible, *wishes):
        """Requests that change one name. What all their answers together promise; None when one is missing."""
        step = self.history.begin(name, kind, self.position(), possible)
        for index, answer, position in self.together([wish.request for wish in wishes]):
            promise = wishes[index].promises.get(answer.status)
            if not promise:
                self.surprised(kind, answer)
            elif not step.settle(position, *promise):
                self.history.surprise(f"{kind} {name}: {answer.status} contradicts the other answer")
        return step.outcome if len(step.facts) == len(wishes) else None

    def change(self, kind, name, method, promises, *, number=None, content=None, fields=(), possible=None):
        """One request for a name; keeps in mind what lies there now."""
        wish = Wish(request(method, "/" + name, fields, content), promises)
        known = self.operate(kind, name, possible or {number}, wish)
        self.files.pop(name, None)
        if known and isinstance(next(iter(known)), int):
            self.files[name] = next(iter(known))
        return known

    def upload(self, kind, target, state, fields, content):
        """One document, or form, whose name the server chooses."""
        self.history.begin_unnamed(state, kind, self.position())
        for _, answer, position in self.together([request("POST", target, fields, content)]):
            if answer.status == 201:
                self.history.name_it(place_of(answer), state, position, "created")
            else:
                self.surprised(kind, answer)

    def surprised(self, kind, answer):
        self.history.surprise(f"{kind}: answered with {answer.status} {answer.body[:200]!r}")


def place_of(answer):
    """The name below the mount that an answer to POST tells."""
    return (answer["Location"] or json.loads(answer.body)["filepath"]).strip("/")
