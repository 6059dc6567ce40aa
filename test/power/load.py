"""Clients that ask for every kind of change, and write down what the answers promise."""

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

from facts import DIRECTORY  # noqa: E402

AREAS = ("uploads", "files", "named")
JSON = "Content-Type: application/json"
BOUNDARY = "----power-7d1f"

# One request of an operation; `promises`: for each status that it may have, what that says: (label, states of the name).
Wish = namedtuple("Wish", "method target fields content promises")


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

    def __init__(self, number, server, position, history, kinds, seed):
        super().__init__(daemon=True)
        self.number, self.server, self.position, self.history = number, server, position, history
        self.kinds, self.generator = kinds, random.Random(f"{seed} {number}")
        self.lines, self.names, self.is_over = [None, None], 0, False
        self.files, self.directories = {}, []  # what is known to be there: {name: number}, names

    def run(self):
        try:
            while not self.is_over:
                KINDS[self.generator.choice(self.kinds)](self)
        except Exception as failure:  # an answer that is no answer to what was asked
            self.history.surprise(f"client {self.number}: {failure!r}")
        for line in filter(None, self.lines):
            line.socket.close()

    def document(self, number):
        size = self.generator.randrange(20_000, 60_000) if self.generator.random() < 0.05 else self.generator.randrange(10, 3000)
        return json.dumps({"number": number, "text": self.generator.randbytes(size // 2).hex()}).encode()

    def fresh(self):
        return self.history.document(self.document)

    def fresh_name(self, area="files"):
        self.names += 1
        return f"{area}/c{self.number}_{self.names}.json"

    def any_file(self):
        """The name of a file that is there."""
        if not self.files:
            put(self)
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
        requests = [request(wish.method, wish.target, wish.fields, wish.content) for wish in wishes]
        for index, answer, position in self.together(requests):
            promise = wishes[index].promises.get(answer.status)
            if not promise:
                self.surprised(kind, answer)
            elif not step.settle(position, *promise):
                self.history.surprise(f"{kind} {name}: {answer.status} contradicts the other answer")
        return step.outcome if len(step.facts) == len(wishes) else None

    def change(self, kind, name, method, promises, *, number=None, content=None, fields=(), possible=None):
        """One request for a name; keeps in mind what lies there now."""
        known = self.operate(kind, name, possible or {number}, Wish(method, "/" + name, fields, content, promises))
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


def json_upload(client):
    number, content = client.fresh()
    client.upload("json", "/upload", number, [JSON], content)


def raw(client):
    number, content = client.fresh()
    client.upload("raw", "/files", number, ["Content-Type: text/plain"], content)


def put(client):
    number, content = client.fresh()
    client.change("put", client.fresh_name(), "PUT", {201: ("created", {number})}, number=number, content=content)


def nested(client):
    """Directories are made on the way."""
    number, content = client.fresh()
    client.names += 1
    directory = f"files/d{client.number}_{client.names}"
    if client.change("nested", f"{directory}/sub/{number}.json", "PUT", {201: ("created", {number})}, number=number,
                     content=content):
        client.directories.append(directory)


def replace(client):
    """With and without If-Match, which is sometimes wrong and then has to change nothing."""
    if not (name := client.any_file()):
        return
    number, content = client.fresh()
    before, is_wrong = client.files[name], client.generator.random() < 0.3
    if is_wrong:
        client.change("replace", name, "PUT", {412: ("refused", {before})}, content=content, possible={before},
                      fields=['If-Match: "0000"'])
    else:
        client.change("replace", name, "PUT", {204: ("replaced", {number})}, number=number, content=content)


def delete(client):
    """Then once more, which has to say that it is gone."""
    if not (name := client.any_file()):
        return
    if client.change("delete", name, "DELETE", {204: ("deleted", {None})}):
        client.change("delete", name, "DELETE", {404: ("refused", {None})})


def create(client):
    """Two creators of one name: one has to win, and the other's 412 says that the winner's file is there."""
    name, (first, one), (second, two) = client.fresh_name(), client.fresh(), client.fresh()
    client.operate("create", name, {first, second}, *(
        Wish("PUT", "/" + name, ["If-None-Match: *"], content, {201: ("created", {mine}), 412: ("refused", {other})})
        for mine, other, content in ((first, second, one), (second, first, two))))


def remove(client):
    """Two who delete the same: the 404 of the second says that it is gone."""
    if not (name := client.any_file()):
        return
    del client.files[name]
    gone = {204: ("deleted", {None}), 404: ("refused", {None})}
    client.operate("remove", name, {None}, *[Wish("DELETE", "/" + name, (), None, gone)] * 2)


def conflict(client):
    """A directory is no file: the 409 says that it is there."""
    if not client.directories:
        return nested(client)
    name, (_, content) = client.generator.choice(client.directories), client.fresh()
    method = client.generator.choice(("PUT", "DELETE"))
    client.change("conflict", name, method, {409: ("refused", {DIRECTORY})}, possible={DIRECTORY},
                  content=content if method == "PUT" else None)


def form_of(parts):
    """A form: its fields and its body. A part is (name, file's name or None, content)."""
    body = b""
    for name, file, content in parts:
        about = f'form-data; name="{name}"' + (f'; filename="{file}"\r\n{JSON}' if file else "")
        body += f"--{BOUNDARY}\r\nContent-Disposition: {about}\r\n\r\n".encode() + content + b"\r\n"
    return [f"Content-Type: multipart/form-data; boundary={BOUNDARY}"], body + f"--{BOUNDARY}--\r\n".encode()


def form(client):
    """Several files and a field that tells which: they appear together or not at all."""
    documents = [client.fresh() for _ in range(client.generator.randrange(1, 4))]
    numbers = [number for number, _ in documents]
    parts = [("file", f"{number}.json", content) for number, content in documents]
    if len(parts) > 1 or client.generator.random() < 0.5:
        parts.append(("manifest", None, f"form:{','.join(map(str, numbers))};".encode()))
        client.upload("form", "/files", frozenset(numbers), *form_of(parts))
    else:
        client.upload("form", "/files", numbers[0], *form_of(parts))


def named(client):
    """Two forms with the same name for their file: the 409 says that the other's is there."""
    name, (first, one), (second, two) = client.fresh_name("named"), client.fresh(), client.fresh()
    client.operate("named", name, {first, second}, *(
        Wish("POST", "/named", *form_of([("file", name.rsplit("/", 1)[1], content)]),
             {201: ("created", {mine}), 409: ("refused", {other})})
        for mine, other, content in ((first, second, one), (second, first, two))))


def repeat(client):
    """The same key again, at once or later: one file, and the same answer; another body with it is refused."""
    (number, content), (_, other) = client.fresh(), client.fresh()
    key = client.generator.randbytes(12).hex()
    fields = [JSON, f'Idempotency-Key: "{key}"']
    same, differs = request("POST", "/files", fields, content), request("POST", "/files", fields, other)
    client.history.begin_unnamed(number, "repeat", client.position())
    step = name = None
    rounds = [[same] * client.generator.randrange(1, 3), [same], [differs]]
    for turn, requests in enumerate(rounds):
        for _, answer, position in client.together(requests):
            if answer.status == 201 and turn < 2 and not step:
                name = place_of(answer)
                step = client.history.name_it(name, number, position, "created")
                client.history.remember_key(key, name, content, position)
            elif answer.status == 201 and turn < 2 and place_of(answer) == name:
                step.settle(position, "repeat")
            elif answer.status == 422 and turn == 2 and step:
                step.settle(position, "refused")
            elif not (answer.status == 409 and len(requests) == 2):
                client.surprised("repeat", answer)


KINDS = {"json": json_upload, "raw": raw, "put": put, "nested": nested, "replace": replace, "delete": delete, "create": create,
         "remove": remove, "conflict": conflict, "form": form, "named": named, "repeat": repeat}
