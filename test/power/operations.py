"""The kinds of operations: what is asked, and what each answer promises."""

import functools

from facts import DIRECTORY
from load import JSON, Wish, place_of
from support import request

BOUNDARY = "----power-7d1f"


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
        return put(client)
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
        return put(client)
    if client.change("delete", name, "DELETE", {204: ("deleted", {None})}):
        client.change("delete", name, "DELETE", {404: ("refused", {None})})


def create(client):
    """Two creators of one name: one has to win, and the other's 412 says that the winner's file is there."""
    name, (first, one), (second, two) = client.fresh_name(), client.fresh(), client.fresh()
    client.operate("create", name, {first, second}, *(
        Wish(request("PUT", "/" + name, ["If-None-Match: *"], content),
             {201: ("created", {mine}), 412: ("refused", {other})})
        for mine, other, content in ((first, second, one), (second, first, two))))


def remove(client):
    """Two who delete the same: the 404 of the second says that it is gone."""
    if not (name := client.any_file()):
        return put(client)
    del client.files[name]
    gone = {204: ("deleted", {None}), 404: ("refused", {None})}
    client.operate("remove", name, {None}, *[Wish(request("DELETE", "/" + name), gone)] * 2)


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
        Wish(request("POST", "/named", *form_of([("file", name.rsplit("/", 1)[1], content)])),
             {201: ("created", {mine}), 409: ("refused", {other})})
        for mine, other, content in ((first, second, one), (second, first, two))))


def keyed(client, kind):
    """A new document with a key, begun as `kind`: its number, how to keep the answer in mind, and two requests with
    that key: for this document and for another one."""
    (number, content), (_, other) = client.fresh(), client.fresh()
    key = client.generator.randbytes(12).hex()
    fields = [JSON, f'Idempotency-Key: "{key}"']
    remember = functools.partial(client.history.remember_key, key, content)
    position = client.position()  # one for both: a key that counts as sent has a document that was asked for
    client.history.begin_unnamed(number, kind, position)
    client.history.send_key(key, number, content, position)
    return number, remember, *(request("POST", "/files", fields, body) for body in (content, other))


def repeat(client):
    """The same key again, at once or later: one file, and the same answer; another body with it is refused."""
    number, remember, same, differs = keyed(client, "repeat")
    step = name = None
    for turn, requests in enumerate([[same] * client.generator.randrange(1, 3), [same], [differs]]):
        for _, answer, position in client.together(requests):
            if answer.status == 201 and turn < 2 and not step:
                name = place_of(answer)
                step = client.history.name_it(name, number, position, "created")
                remember(name, position)
            elif answer.status == 201 and turn < 2 and place_of(answer) == name:
                step.settle(position, "repeat")
            elif answer.status == 422 and turn == 2 and step:
                step.settle(position, "refused")
            elif not (answer.status == 409 and len(requests) == 2):
                client.surprised("repeat", answer)


def moved(client):
    """The same key again when its file has been deleted: the same answer, and the file does not come back."""
    number, remember, same, _ = keyed(client, "moved")
    for _, answer, position in client.together([same]):
        if answer.status != 201:
            return client.surprised("moved", answer)
        name = place_of(answer)
        client.history.name_it(name, number, position, "created")
        remember(name, position)
    if not client.is_over and client.change("moved", name, "DELETE", {204: ("deleted", {None})}):
        client.operate("moved", name, {None}, Wish(same, {201: ("repeat", {None})}))


KINDS = {"json": json_upload, "raw": raw, "put": put, "nested": nested, "replace": replace, "delete": delete,
         "create": create, "remove": remove, "conflict": conflict, "form": form, "named": named, "repeat": repeat,
         "moved": moved}
