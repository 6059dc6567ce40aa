"""Breaks what a life left in every way that is looked for, and says whether each was seen."""

import random
import shutil
import tempfile
from pathlib import Path

import asking
from contents import Content
from disk import FIELDS, TEMPORARY, Found, judge
from expected import Expected, Write
from lives import play
from operations import Place
from support import Server


class Broken:
    """A directory that is broken in one way, and mended."""

    def __init__(self, root, expected):
        self.root, self.expected, self.undo = root, expected, []

    def pick(self, *kinds):
        """A path of a file that such an operation has stored; None when there is none."""
        return next((path for path, name in self.expected.names.items()
                     if name.kind in kinds and len(name.writes) == 1 and name.writes[0].digest), None)

    def write(self, path, data):
        place = self.root / path
        before = place.read_bytes() if place.exists() else None
        self.undo.append(lambda: place.unlink() if before is None else place.write_bytes(before))
        place.write_bytes(data)

    def remove(self, path):
        place = self.root / path
        before = place.read_bytes()
        self.undo.append(lambda: place.write_bytes(before))
        place.unlink()

    def make_folder(self, path):
        (self.root / path).mkdir()
        self.undo.append(lambda: shutil.rmtree(self.root / path))

    def read(self, path):
        return (self.root / path).read_bytes()

    def mend(self):
        for step in reversed(self.undo):
            step()
        self.undo = []


STORED = ("json", "raw", "put", "replace", "create", "match", "form", "key")


def removed_file(broken):
    broken.remove(broken.pick(*STORED))


def changed_byte(broken):
    path = broken.pick(*STORED)
    data = bytearray(broken.read(path))
    data[len(data) // 2] ^= 1
    broken.write(path, bytes(data))


def cut_file(broken):
    path = broken.pick(*STORED)
    broken.write(path, broken.read(path)[:-1])


def content_of_another(broken):
    names = [path for path, name in broken.expected.names.items() if name.writes[0].digest]
    broken.write(names[0], broken.read(names[1]))


def returned_file(broken):
    """Not every life removes something: what is removed here is so in what is expected."""
    path = broken.pick(*STORED)
    name = broken.expected.names[path]
    before = name.writes
    broken.undo.append(lambda: setattr(name, "writes", before))
    name.writes = [Write(name.kind, None, 0, 0)]


def partial_document(broken):
    broken.write("uploads/upload_20240102_030405_0123456789abcdef.json", b'{"number": 1, "te')


def empty_document(broken):
    broken.write("uploads/upload_20240102_030405_0123456789abcdef.json", b"")


def partial_on_its_way(broken):
    """An upload that was never answered may be there or not, but not in part."""
    path, content = "uploads/x.json", Content(1, 1000, True)
    broken.expected.begin(path, "put", content)
    broken.undo.append(lambda: broken.expected.names.pop(path))
    broken.write(path, content.data()[:500])


def temporary_file(broken):
    broken.write(f"uploads/{TEMPORARY}0123456789abcdef", b"{}")


def temporary_folder(broken):
    broken.make_folder(f"uploads/{TEMPORARY}0123456789abcdef")


def second_file(broken):
    path = broken.pick("key", "json")
    broken.write("uploads/upload_20240102_030405_0123456789abcdef.json", broken.read(path))


def strange_name(broken):
    broken.write("uploads/strange.txt", b"{}")


def strange_folder(broken):
    broken.make_folder("uploads/strange")


def older_than_answered(broken):
    """Of two answered writes, one after the other, the first cannot be there; of two at the same time, it can."""
    path, old, new = "uploads/x.json", Content(1, 1000, True), Content(2, 1000, True)
    for time, content in enumerate((old, new)):
        broken.expected.begin(path, "contested", content)
        write = broken.expected.names[path].writes[-1]
        write.begin, write.end = 10 * time + 10, 10 * time + 15
    broken.undo.append(lambda: broken.expected.names.pop(path))
    broken.write(path, old.data())


def two_creators(broken):
    path = "uploads/x.json"
    for number in (1, 2):
        content = Content(number, 1000, True)
        broken.expected.end(path, broken.expected.begin(path, "create", content, is_creation=True), True)
        broken.undo.append(lambda: broken.expected.names.pop(path, None))
    broken.write(path, content.data())


def refused_but_absent(broken):
    """A creator was told that the file is there already."""
    path = "uploads/x.json"
    broken.expected.begin(path, "create", Content(1, 1000, True), is_creation=True)
    broken.expected.end(path, broken.expected.begin(path, "create", Content(2, 1000, True), is_creation=True), False)
    broken.undo.append(lambda: broken.expected.names.pop(path))


def folder_of(broken):
    """The folder of a form, and its files."""
    path = next(iter(broken.expected.folders))
    return path, sorted(Found(broken.root).files_in(path))


def half_form(broken):
    path, files = folder_of(broken)
    broken.remove(f"{path}/{next(name for name in files if name != FIELDS)}")


def form_without_fields(broken):
    broken.remove(f"{folder_of(broken)[0]}/{FIELDS}")


def form_with_other_fields(broken):
    broken.write(f"{folder_of(broken)[0]}/{FIELDS}", b"{}")


def removed_form(broken):
    path, files = folder_of(broken)
    for name in files:
        broken.remove(f"{path}/{name}")
    (broken.root / path).rmdir()
    broken.undo.append(lambda: (broken.root / path).mkdir())


def empty_form(broken):
    broken.make_folder("files/form_20240102_030405_0123456789abcdef")


WAYS = [(removed_file, "lost", None), (changed_byte, "changed", None), (cut_file, "changed", None),
        (content_of_another, "changed", None), (returned_file, "changed", None), (partial_document, "partial", None),
        (empty_document, "partial", None), (partial_on_its_way, "partial", None), (temporary_file, "temporary", None),
        (temporary_folder, "temporary", None), (second_file, "twice", None), (strange_name, "unknown", None),
        (strange_folder, "unknown", None), (older_than_answered, "changed", None), (two_creators, "changed", None),
        (refused_but_absent, "lost", None), (half_form, "partial", "folder"), (form_without_fields, "partial", "folder"),
        (form_with_other_fields, "partial", "folder"), (removed_form, "lost", "folder"), (empty_form, "partial", "folder")]


def self_test(kinds, seed, directory):
    """Exit code: 1 when one of them was not seen, or something without any."""
    # The files of `json` are those that most ways break.
    expected, place, unseen = Expected(), Place({"json", *kinds}, "server"), 0
    with tempfile.TemporaryDirectory(prefix="fairlead-crash-", dir=directory) as path:
        row = play(1, path, expected, place, seed, True)
        broken = Broken(Path(path), expected)
        before = {fault.what for fault in row.faults + broken_faults(broken)} or {"no fault"}
        unseen += report("nothing broken", "no fault", before)
        for way, what, needed in WAYS:
            if needed and needed not in kinds:
                print(f"{way.__name__:24} not tried: needs the operation {needed}")
                continue
            way(broken)
            unseen += report(way.__name__, what, {fault.what for fault in broken_faults(broken)})
            broken.mend()
        if place.has_route:
            unseen += ask_otherwise(Server(place.settings(), directory=path), expected, broken)
    print(f"{unseen} ways were not seen" if unseen else "every way was seen")
    return 1 if unseen else 0


def broken_faults(broken):
    return judge(broken.expected, Found(broken.root))


def report(name, wanted, seen):
    is_seen = wanted in seen
    verdict = "seen as" if is_seen else "NOT SEEN as"
    print(f"{name.replace('_', ' '):24} {verdict} {wanted} ({', '.join(sorted(seen)) or 'no fault'})")
    return not is_seen


def ask_otherwise(server, expected, broken):
    """Expects other answers than the server will give."""
    unseen, found = 0, Found(broken.root)
    path = next(path for path in found.files if path.startswith("files/"))
    other = Content(1, 1000, True).digest
    try:
        for name, wrong, digest in (("served otherwise", path, other), ("not served", "files/never_there.txt", other),
                                    ("served though removed", path, None)):
            found.files[wrong] = digest
            unseen += report(name, "served", {fault.what for fault in asking.ask_for_files(server, expected, found, [wrong])})
        for key in list(expected.keys.values())[:1]:
            key.location = "/files/upload_20240102_030405_0123456789abcdef.json"
            faults = asking.try_keys_again(server, expected, random.Random(1))
            unseen += report("key with another place", "twice", {fault.what for fault in faults})
    finally:
        server.close()
    return unseen
