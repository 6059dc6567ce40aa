"""A client that asks, reads the answers, and tells `Expected` what they promise."""

import json
import random

from contents import Content, random_size
from support import request


class Client:
    """One client in one life of the server: asks on one connection, until the life is over."""

    def __init__(self, number, life, seed):
        self.number, self.life, self.expected, self.place = number, life, life.expected, life.place
        self.generator = random.Random(f"{seed} {life.number} {number}")
        self.made, self.line = 0, None
        # Names that nobody else writes to: {path: digest of what is there}, {path: of what was there before}.
        self.files, self.former = self.expected.owned(f"files/c{number}/"), {}

    def run(self):
        """Until the life is over. Whatever ends it before that, as a connection that is cut, is a fault."""
        try:
            while self.life.takes_more():
                self.life.place.choose(self.generator)(self)
        except Exception as error:
            if not self.life.is_killed:
                self.expected.fault("wrong", "connection", "-", f"{type(error).__name__}: {error}"[:200])
        finally:
            self.hang_up()

    def hang_up(self):
        if self.line:
            self.line.socket.close()
        self.line = None

    def ask(self, kind, method, target, fields=(), body=None):
        self.expected.count(kind, "sent")
        self.line = self.line or self.life.server.connect()
        try:
            # Refusals in a form that is short in a table.
            self.line.send(request(method, target, ["Accept: application/problem+json", *fields], body))
        except (BrokenPipeError, ConnectionResetError):
            pass  # refused before the body was read; the answer may be there
        answer = self.line.answer()
        if answer["Connection"] == "close":
            self.hang_up()
        return answer

    def took(self, kind):
        self.expected.count(kind, "acknowledged")
        self.life.acknowledged()

    def refuse(self, kind, where, answer, text=""):
        self.expected.fault("wrong", kind, where, text or f"answered with {answer.status} {answer.body[:200]!r}")

    def judge_fields(self, kind, where, answer, content):
        """What an answer says about the file that it has stored."""
        wanted = {"ETag": content.etag, "Repr-Digest": content.repr_digest}
        for name, value in wanted.items():
            if answer[name] != value and (self.place.has_route or answer[name] is not None):
                self.refuse(kind, where, answer, f"{name} is {answer[name]}, not {value}")
        if answer["Fairlead-Durability"] not in ("full", "off"):
            self.refuse(kind, where, answer, "it does not say how durable it is")

    def content(self, is_json=False, size=None):
        self.made += 1
        number = (self.life.number * 1000 + self.number) * 10_000 + self.made
        return Content(number, size or random_size(self.generator), is_json)

    def fresh_path(self):
        folder = self.generator.choice(("", "", "a/", f"a/r{self.life.number}_{self.made}/"))
        return f"files/c{self.number}/{folder}{self.life.number}_{self.made}.{self.generator.choice(('txt', 'bin'))}"

    def change(self, kind, method, path, promises, content=None, fields=(), is_creation=False):
        """A change of one name. `promises`: the statuses that it may have, and whether the change took place. The answer."""
        write = self.expected.begin(path, kind, content, is_creation)
        answer = self.ask(kind, method, "/" + path, fields, content and content.data())
        if answer.status not in promises:
            self.refuse(kind, path, answer)
            return answer
        self.expected.end(path, write, promises[answer.status])
        if content and promises[answer.status]:
            self.judge_fields(kind, path, answer, content)
        self.took(kind)
        return answer

    def change_own(self, kind, method, path, status, content=None, fields=()):
        """A change of a name that nobody else writes to, so its answer is known."""
        takes_place = status in (201, 204)
        answer = self.change(kind, method, path, {status: takes_place}, content, fields)
        if answer.status == status and takes_place:
            self.former[path] = self.files.pop(path, None)
            if content:
                self.files[path] = content.digest

    def store(self, kind, target, fields, content, body, fits):
        """An upload whose name the server chooses. Its Location, or None."""
        self.expected.begin_unnamed(kind, content, fits)
        answer = self.ask(kind, "POST", target, fields, body)
        location = self.location(kind, target, answer)
        if location:
            if not self.expected.name_it(location.strip("/"), content.digest):
                self.refuse(kind, location, answer, "a name that is taken, or of another form")
            self.judge_fields(kind, location, answer, content)
            self.took(kind)
        return location

    def location(self, kind, target, answer):
        """Where an upload was stored, if it was."""
        if answer.status != 201:
            self.refuse(kind, target, answer)
            return None
        path = json.loads(answer.body)["filepath"]
        if answer["Location"] != path:
            self.refuse(kind, target, answer, f"Location is {answer['Location']}, filepath {path}")
        return path
