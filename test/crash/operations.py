"""The kinds of operations, and the settings of a server that takes them."""

import re

import contents
from expected import DOCUMENT, KEYED, RAW, Key

CONTESTED = 8  # names that all clients write to
CREATORS = 4   # clients that ask to create the same name
SMALL = 2000   # bytes of a content that should be refused: it may be so before it is read
JSON = "Content-Type: application/json"
RAW_TYPES = ("image/png", "application/pdf", "text/plain", "application/octet-stream")
ANY = "If-None-Match: *"


class Place:
    """A set of directories: what is asked for there, and who names the files of forms ("server" or "client")."""

    def __init__(self, kinds, names):
        self.kinds, self.weights, self.names = list(kinds), [WEIGHTS[kind] for kind in kinds], names
        # `json` alone needs nothing that was not always there.
        self.has_route = set(kinds) != {"json"}

    def choose(self, generator):
        return KINDS[generator.choices(self.kinds, self.weights)[0]]

    def settings(self):
        wanted = {"uploads": {"durability": "full", "max_body": "10m"},
                  "limits": {"requests_per_connection": 1000000}, "log": {"access": {"format": "off"}}}
        if self.has_route:
            wanted["routes"] = {"/files": {"uploads": {
                "directory": "files", "accept": ["json", "raw", "form", "put", "delete"], "names": self.names,
                "make_directories": True, "serve": True}}}
        return wanted


def json_upload(client):
    content = client.content(is_json=True)
    target = client.generator.choice(("/upload", "/files")) if client.place.has_route else "/upload"
    client.store("json", target, [JSON], content, content.data(), DOCUMENT)


def raw(client):
    content = client.content()
    client.store("raw", "/files", [f"Content-Type: {client.generator.choice(RAW_TYPES)}"], content, content.data(), RAW)


def put(client):
    client.change_own("put", "PUT", client.fresh_path(), 201, client.content())


def any_path(client):
    """The name of a file of its own; makes one when there is none."""
    if not client.files:
        put(client)
    return client.generator.choice(sorted(client.files)) if client.files else None


def replace(client):
    if path := any_path(client):
        client.change_own("replace", "PUT", path, 204, client.content())


def create(client):
    """If-None-Match: * on a name of its own, there or not, or on one that others want to create at the same time."""
    chance = client.generator.random()
    if chance < 0.3:
        client.change_own("create", "PUT", client.fresh_path(), 201, client.content(), [ANY])
    elif chance < 0.5 and (path := any_path(client)):
        client.change_own("create", "PUT", path, 412, client.content(size=SMALL), [ANY])
    else:
        path = f"files/race/{client.life.number}_{client.life.next_race() // CREATORS}.txt"
        client.change("create", "PUT", path, {201: True, 412: False}, client.content(), [ANY], is_creation=True)


def match(client):
    """If-Match, with the right tag or with that of what lay there before."""
    path = any_path(client)
    if path and client.generator.random() < 0.7:
        client.change_own("match", "PUT", path, 204, client.content(), [f'If-Match: "{client.files[path]}"'])
    elif path:
        former = client.former.get(path) or "0" * 64
        client.change_own("match", "PUT", path, 412, client.content(size=SMALL), [f'If-Match: "{former}"'])


def delete(client):
    path, chance = any_path(client), client.generator.random()
    if path and chance < 0.2:
        client.change_own("delete", "DELETE", path, 412, fields=[f'If-Match: "{"0" * 64}"'])
    elif path:
        fields = [f'If-Match: "{client.files[path]}"'] if chance < 0.4 else ()
        client.change_own("delete", "DELETE", path, 204, fields=fields)
        if chance > 0.8:
            client.change_own("delete", "DELETE", path, 404)


def contested(client):
    """Several clients write to the same names, so the last one is known only within limits."""
    path = f"files/shared/{client.generator.randrange(CONTESTED)}.txt"
    if client.generator.random() < 0.15:
        client.change("contested", "DELETE", path, {204: True, 404: False})
    else:
        client.change("contested", "PUT", path, {201: True, 204: True}, client.content())


def part_of(content):
    """The part of a form that has this file."""
    return ("file", f"given_{content.number}.png", "image/png", content.data())


def form(client):
    """One file alone: stored like a raw upload, or under the name that the client gave it."""
    content = client.content()
    part = part_of(content)
    fields, body = contents.form([part])
    fits = re.compile(re.escape("files/" + part[1])) if client.place.names == "client" else RAW
    client.store("form", "/files", fields, content, body, fits)


def folder(client):
    """Three files and two texts: they appear together or not at all."""
    files = [client.content() for _ in range(3)]
    values = (f"first {files[0].number}", f"last {files[-1].number}")
    texts = [(f"text{number}", None, None, value.encode()) for number, value in enumerate(values)]
    fields, body = contents.form([texts[0], *map(part_of, files), texts[1]])
    known = client.expected.begin_form("folder", files, values)
    answer = client.ask("folder", "POST", "/files", fields, body)
    if answer.status != 201 or not answer["Location"]:
        return client.refuse("folder", "/files", answer)
    if not client.expected.name_form(answer["Location"].strip("/"), known):
        client.refuse("folder", answer["Location"], answer, "a name that is taken, or of another form")
    client.took("folder")


def key(client):
    """An upload with an Idempotency-Key. Now and then it is sent again at once, as after a timeout."""
    is_json = client.generator.random() < 0.5
    content = client.content(is_json=is_json)
    target = client.generator.choice(("/upload", "/files")) if is_json else "/files"
    one = Key(f"key-{content.number}", target, [JSON if is_json else "Content-Type: text/plain"], content, client.life.number)
    client.expected.keys[one.key] = one
    one.location = client.store("key", target, one.fields, content, content.data(), KEYED)
    if one.location and client.generator.random() < 0.25:
        again = client.ask("key", "POST", target, one.fields, content.data())
        if client.location("key", target, again) != one.location:
            client.refuse("key", one.location, again, f"sent again, the key has another place: {again['Location']}")
        client.took("key")


KINDS = {"json": json_upload, "raw": raw, "put": put, "replace": replace, "create": create, "match": match, "delete": delete,
         "contested": contested, "form": form, "folder": folder, "key": key}
WEIGHTS = {"json": 3, "raw": 2, "put": 3, "replace": 2, "create": 3, "match": 2, "delete": 2, "contested": 3, "form": 1,
           "folder": 2, "key": 3}
