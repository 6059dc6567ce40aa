"""What the answers have promised: which content may lie under each name, and which names there may be.

Paths are those of the addresses without their first slash, "files/a/x.txt", which are also those below the test's directory.
A content is told by its digest; None is the absence of a file."""

import math
import re
import threading
import time
from collections import Counter, namedtuple

STAMP = r"\d{8}_\d{6}_[0-9a-f]{16}"
DOCUMENT = re.compile(rf"(uploads|files)/upload_{STAMP}\.json")
RAW = re.compile(rf"files/upload_{STAMP}\.[a-z0-9]{{1,8}}")
# Derived from the key, in whatever way.
KEYED = re.compile(r"(uploads|files)/upload_[0-9A-Za-z_]+\.[a-z0-9]{1,8}")
FOLDER = re.compile(rf"files/form_{STAMP}")

# What was found wrong: the column of the table, the kind of operation that it happened to, a path or address, what was seen.
Fault = namedtuple("Fault", "what kind where text")
# A file whose name the server chooses; `fits` is the pattern of such names.
Unnamed = namedtuple("Unnamed", "kind fits")
# A form with several files: the digests of the files, the texts of its other fields.
Form = namedtuple("Form", "kind files values")


class Write:
    """A change of one name that was asked for; `end` is when its answer was read."""

    def __init__(self, kind, digest, begin, end=math.inf, is_creation=False):
        self.kind, self.digest, self.begin, self.end, self.is_creation = kind, digest, begin, end, is_creation


class Name:
    """What may lie under one name."""

    def __init__(self, kind, digest):
        self.settle(kind, digest)

    def settle(self, kind, digest):
        """This is what is there; nothing is on its way."""
        self.kind, self.writes, self.is_there = kind, [Write(kind, digest, 0, 0)], False

    def possible(self):
        """A write may be the last one unless another began after its answer and was answered. Of those that only
        create, the one that was told so is it; two who were told so are a fault whatever is there."""
        creators = {write.digest for write in self.writes if write.is_creation and write.end < math.inf}
        if creators:
            return creators if len(creators) == 1 else set()
        latest = max(write.begin for write in self.writes if write.end < math.inf)
        found = {write.digest for write in self.writes if write.end >= latest}
        return found - {None} if self.is_there else found

    def is_unanswered(self, digest):
        """Whether only a write without an answer can have left this."""
        ends = [write.end for write in self.writes if write.digest == digest]
        return bool(ends) and min(ends) == math.inf


class Key:
    """An upload with an Idempotency-Key; `location` is None until an answer told it."""

    def __init__(self, key, target, fields, content, life):
        self.key, self.target, self.content, self.life, self.location = key, target, content, life, None
        self.fields = [*fields, f'Idempotency-Key: "{key}"']


class Expected:
    """All that was asked and answered on one set of directories. Thread safe while clients write to it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.names, self.folders, self.keys = {}, {}, {}
        self.contents = {}       # digest: kind, of all that was ever sent
        self.unnamed = {}        # digest: Unnamed, without an answer so far
        self.pending_forms = {}  # digest of one of its files: Form
        self.strays = set()      # paths that were told to be wrong
        self.begin_life(0)

    def begin_life(self, number):
        self.life, self.counts, self.faults, self.touched = number, Counter(), [], set()

    def count(self, kind, what):
        with self.lock:
            self.counts[kind, what] += 1

    def fault(self, what, kind, where, text):
        with self.lock:
            self.faults.append(Fault(what, kind, where, text))

    def begin(self, path, kind, content, is_creation=False):
        """To be called before the request is sent; `content` None removes."""
        write = Write(kind, content and content.digest, time.monotonic(), is_creation=is_creation)
        with self.lock:
            self.touched.add(path)
            if content:
                self.contents[content.digest] = kind
            self.names.setdefault(path, Name(kind, None)).writes.append(write)
        return write

    def end(self, path, write, took_place):
        """An answer says that the change took place, or that it did not."""
        with self.lock:
            if took_place:
                write.end = time.monotonic()
                self.names[path].kind = write.kind
            else:
                self.names[path].writes.remove(write)
                self.names[path].is_there |= write.is_creation

    def begin_unnamed(self, kind, content, fits):
        with self.lock:
            self.contents[content.digest] = kind
            self.unnamed[content.digest] = Unnamed(kind, fits)

    def name_it(self, path, digest):
        """The server has said, or the disk shows, which name it chose. False when the name is none of the kind, or taken."""
        with self.lock:
            self.touched.add(path)
            known = self.unnamed.pop(digest)
            is_free = path not in self.names
            if is_free:
                self.names[path] = Name(known.kind, digest)
            return is_free and bool(known.fits.fullmatch(path))

    def begin_form(self, kind, contents, values):
        form = Form(kind, frozenset(content.digest for content in contents), values)
        with self.lock:
            for digest in form.files:
                self.contents[digest] = kind
                self.pending_forms[digest] = form
        return form

    def name_form(self, path, form):
        """As `name_it`, of a folder."""
        with self.lock:
            self.touched.add(path)
            for digest in form.files:
                del self.pending_forms[digest]
            is_free = path not in self.folders
            self.folders[path] = form
            return is_free and bool(FOLDER.fullmatch(path))

    def owned(self, prefix):
        """Files that lie under names with this prefix, {path: digest}; only while nothing is on its way."""
        found = {path: name.writes[0].digest for path, name in self.names.items() if path.startswith(prefix)}
        return {path: digest for path, digest in found.items() if digest}

    def settle(self, found, faults):
        """What was found on the disk is the truth from here on, right or not: no fault is told twice."""
        self.strays |= {fault.where for fault in faults}
        for path, name in self.names.items():
            name.settle(name.kind, found.files.get(path))
        for path in set(self.folders) - found.directories:
            del self.folders[path]
        self.unnamed = {digest: one for digest, one in self.unnamed.items() if digest in self.keyed_digests()}
        self.pending_forms = {}

    def keyed_digests(self):
        """Contents of keys that were never answered: they may come yet, when they are tried again."""
        return {key.content.digest for key in self.keys.values() if not key.location}
