"""Asks the restarted server whether it still stands by its answers."""

import hashlib
import json

from contents import Content
from expected import Fault

OLDER_KEYS, OTHER_BODIES, OLDER_FILES = 20, 5, 50  # that are asked for again


def try_keys_again(server, expected, generator):
    """Every key of this life once more, and some older ones: the first answer again. The faults."""
    young = [key for key in expected.keys.values() if key.life == expected.life]
    old = [key for key in expected.keys.values() if key.life != expected.life and key.location]
    faults = []
    with server.connect() as line:
        for key in young + generator.sample(old, min(OLDER_KEYS, len(old))):
            expected.count("key", "again")
            if text := try_again(line, expected, key):
                faults.append(Fault("twice", "key", key.location or key.target, text))
    answered = [key for key in young if key.location]
    for key in generator.sample(answered, min(OTHER_BODIES, len(answered))):
        other = Content(key.content.number, 100 + key.content.size % 7, key.content.is_json)
        answer = server.ask("POST", key.target, key.fields, b" " + other.data())
        if answer.status != 422:
            faults.append(Fault("wrong", "key", key.location, f"another body with the same key: {answer.status}"))
    return faults


def try_again(line, expected, key):
    """What is wrong with the answer, or None."""
    answer = line.ask("POST", key.target, key.fields, key.content.data())
    if answer.status != 201:
        return f"sent again, the key is answered with {answer.status} {answer.body[:200]!r}"
    location, before = json.loads(answer.body)["filepath"], key.location
    key.location = location
    if answer["Location"] != location or (before and location != before):
        return f"sent again, the key has another place: {answer['Location']}, filepath {location}"
    path, digest = location.strip("/"), key.content.digest
    if digest in expected.unnamed:
        return None if expected.name_it(path, digest) else f"a name that is taken, or of another form: {path}"
    name = expected.names.get(path)
    return None if name and name.possible() == {digest} else f"its file had another name already, not {path}"


def to_be_served(expected, found, generator, is_all):
    """Paths of the route whose files are to be asked for: those of this life and some older ones, or all."""
    known = [path for path in (*expected.names, *expected.folders) if path.startswith("files/")]
    young = [path for path in known if is_all or path in expected.touched]
    old = sorted(set(known) - set(young))
    chosen = young + generator.sample(old, min(OLDER_FILES, len(old)))
    inner = [f"{path}/{name}" for path in chosen if path in expected.folders for name in found.files_in(path)]
    return [path for path in chosen if path not in expected.folders] + inner


def ask_for_files(server, expected, found, paths):
    """GET of each: the content that lies on the disk, and the tag that the upload's answer had. The faults."""
    faults = []
    with server.connect() as line:
        for path in paths:
            digest = found.files.get(path)
            kind = expected.contents.get(digest, "-")
            expected.count(kind, "served")
            if text := fault_of_file(line.ask("GET", "/" + path), digest, has_tag=digest in expected.contents):
                faults.append(Fault("served", kind, path, text))
    return faults


def fault_of_file(answer, digest, has_tag):
    """What is wrong with the answer to GET, or None."""
    if digest is None:
        return None if answer.status == 404 else f"it is removed, and answered with {answer.status}"
    if answer.status != 200 or hashlib.sha256(answer.body).hexdigest() != digest:
        return f"answered with {answer.status}, {len(answer.body)} bytes, not as on the disk"
    if has_tag and answer["ETag"] != f'"{digest}"':
        return f"ETag is {answer['ETag']}, not \"{digest}\""
    return None
