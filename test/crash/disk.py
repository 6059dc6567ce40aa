"""What lies on the disk, and whether it is what the answers promised."""

import hashlib
import json
import os
from collections import Counter, defaultdict

from expected import FOLDER, KEYED, Fault

TEMPORARY = ".fairlead-tmp-"
OWN = (".fairlead-keys", ".fairlead-lock")  # names that the server keeps for itself
FIELDS = "fields.json"


class Found:
    """The directories `uploads` and `files` below `root`, read whole but for files that are the same as in `before`."""

    def __init__(self, root, before=None):
        self.root, self.files, self.directories, self.temporaries = root, {}, set(), []
        self.in_directory, self.digests, self.known = defaultdict(dict), {}, before.digests if before else {}
        for top in ("uploads", "files"):
            if (root / top).is_dir():
                self.read(top)

    def read(self, path):
        self.directories.add(path)
        for entry in os.scandir(self.root / path):
            inner = f"{path}/{entry.name}"
            if entry.name.startswith(TEMPORARY):
                self.temporaries.append(inner)
            elif entry.name in OWN:
                self.look_for_temporaries(inner)
            elif entry.is_dir(follow_symlinks=False):
                self.read(inner)
            else:
                digest = self.digest_of(inner, entry.stat(follow_symlinks=False))
                self.files[inner] = self.in_directory[path][entry.name] = digest

    def digest_of(self, path, now):
        same = (path, now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns)
        if same not in self.known:
            with open(self.root / path, "rb") as file:
                self.known[same] = hashlib.file_digest(file, "sha256").hexdigest()
        self.digests[same] = self.known[same]
        return self.known[same]

    def look_for_temporaries(self, path):
        for parent, directories, files in os.walk(self.root / path):
            self.temporaries += [f"{parent}/{name}" for name in directories + files if name.startswith(TEMPORARY)]

    def files_in(self, directory):
        """{name: digest} of the files in it, not of those in directories below."""
        return self.in_directory.get(directory, {})


def count_temporaries(root):
    return sum(name.startswith(TEMPORARY) for _, directories, files in os.walk(root) for name in directories + files)


def judge(expected, found):
    """The faults. What is there without an answer, but as it may be, gets its name in `expected` and is counted."""
    faults = [Fault("temporary", "-", path, "left after the restart") for path in found.temporaries]
    for path, name in expected.names.items():
        digest, possible = found.files.get(path), name.possible()
        if digest not in possible:
            faults.append(judge_name(expected, name, path, digest, possible))
        elif name.is_unanswered(digest):
            expected.count(name.writes[-1].kind, "unanswered")
    known_directories = parents_of(expected.names) | {"uploads", "files"}
    for path in sorted((found.directories | set(expected.folders)) - known_directories - expected.strays):
        faults += judge_folder(expected, found, path)
    for path in found.files.keys() - expected.names.keys() - expected.strays:
        if FOLDER.fullmatch(path.rpartition("/")[0]):
            continue  # judged with its folder
        faults += judge_unknown(expected, found, path)
    return faults


def parents_of(paths):
    found = set()
    for path in paths:
        while path := path.rpartition("/")[0]:
            found.add(path)
    return found


def judge_name(expected, name, path, digest, possible):
    if not possible:
        return Fault("changed", name.kind, path, "two clients were told that they created it")
    if digest is None:
        return Fault("lost", name.kind, path, "it is not there")
    if digest not in expected.contents and len(possible) > 1:
        return Fault("partial", name.kind, path, "a content that nobody sent")
    seen = "another content that was sent" if digest in expected.contents else "a content that nobody sent"
    return Fault("changed", name.kind, path, "it was removed" if possible == {None} else seen)


def judge_unknown(expected, found, path):
    """A file that no answer has named."""
    digest, kind = found.files[path], expected.contents.get(found.files[path], "-")
    others = [other for other, same in found.files.items() if same == digest and other != path]
    if digest in expected.unnamed:
        if expected.name_it(path, digest):
            expected.count(kind, "unanswered")
            return []
        return [Fault("unknown", kind, path, "a name of another form")]
    if digest in expected.contents and others:
        return [Fault("twice", kind, path, f"it lies at {others[0]} as well")]
    if digest in expected.contents or not KEYED.fullmatch(path):
        return [Fault("unknown", kind, path, "a name that nobody asked for")]
    return [Fault("partial", kind, path, "a content that nobody sent")]


def judge_folder(expected, found, path):
    """A folder that no other file explains: that of a form, whole."""
    if not FOLDER.fullmatch(path):
        return [Fault("unknown", "-", path, "a directory that nobody asked for")]
    files = found.files_in(path)
    form = expected.folders.get(path)
    if form and path not in found.directories:
        return [Fault("lost", form.kind, path, "it is not there")]
    pending = [expected.pending_forms[digest] for digest in files.values() if digest in expected.pending_forms]
    known = form or next(iter(pending), None)
    if not known:
        is_copy = any(digest in expected.contents for digest in files.values())
        return [Fault("twice" if is_copy else "partial", "folder", path, "no form that is still open has these files")]
    if text := fault_of_folder(known, files, found.root / path / FIELDS):
        return [Fault("partial", known.kind, path, text)]
    if not form:
        expected.name_form(path, known)
        expected.count(known.kind, "unanswered")
    return []


def fault_of_folder(form, files, fields):
    """What is wrong with it, or None."""
    contents = Counter(digest for name, digest in files.items() if name != FIELDS)
    if contents != Counter(form.files):
        return f"{sum(contents.values())} files, of them {len(form.files & set(contents))} of the form's {len(form.files)}"
    try:
        said = list(strings_of(json.loads(fields.read_bytes())))
    except (OSError, ValueError) as error:
        return f"{FIELDS}: {error}"
    missing = [text for text in (*form.values, *(name for name in files if name != FIELDS))
               if not any(one == text or one.endswith("/" + text) for one in said)]
    return f"{FIELDS} does not tell {missing[0]!r}" if missing else None


def strings_of(value):
    """All strings of a JSON value, keys too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for inner in value.items() if isinstance(value, dict) else value:
            yield from strings_of(list(inner) if isinstance(inner, tuple) else inner)
