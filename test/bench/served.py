"""What is served beyond files of a given size: made only for the workloads that ask for it."""

import os
import random

PRECOMPRESSED_BYTES = 100 * 1024
FOLDER, FOLDER_ENTRIES = "/many/", 10_000
# More than the cache has places for, and bytes; the load generator counts {n} up.
PICTURES, PICTURE_COUNT, PICTURE_BYTES = "/pictures/{n}.jpg", 8000, 16 * 1024
SCRIPT, SCRIPT_BYTES = "/hello.php", 5


def make(root, paths):
    """Files and folders below `root` that these request paths name."""
    makers = {"/1g.txt": _make_large, "/sheet.txt": _make_precompressed, "/words.txt": _make_words, FOLDER: _make_folder,
              PICTURES: _make_pictures, SCRIPT: lambda file: file.write_text("<?php echo 'hello';")}
    root.mkdir(parents=True, exist_ok=True)
    for path in sorted(set(paths) & set(makers)):
        makers[path](root / path.strip("/"))


def _make_large(file):
    """1 GiB without blocks on the disk; read once, it is in the page cache like any other file."""
    with open(file, "wb") as new:
        new.truncate(1 << 30)
    with open(file, "rb") as whole:
        while whole.read(1 << 20):
            pass


def _make_words(file):
    """100 KiB that compress about as well as prose does."""
    chance = random.Random(1)
    letters = "etaoinshrdlucmfwypvbgkqjxz"
    weights = [1 / (n + 1) for n in range(len(letters))]
    words = ["".join(chance.choices(letters, weights, k=chance.randint(2, 9))) for _ in range(2000)]
    frequency = [1 / (n + 1) for n in range(len(words))]
    text = "".join(word + chance.choice("    \n,.") for word in chance.choices(words, frequency, k=40000))
    file.write_text(text[: 100 * 1024])


def _make_precompressed(file):
    """A text and, in place of its compressed forms, as many random bytes for each coding: nobody decodes them."""
    file.write_text("Fairlead guides the line and keeps it from chafing on the way. \n" * 4800)
    for ending in (".br", ".gz"):
        file.with_name(file.name + ending).write_bytes(random.Random(2).randbytes(PRECOMPRESSED_BYTES))


def _make_pictures(template):
    template.parent.mkdir()
    for number in range(PICTURE_COUNT):
        # Without blocks on the disk, but read once.
        name = template.with_name(f"{number:08}.jpg")
        name.touch()
        os.truncate(name, PICTURE_BYTES)
        name.read_bytes()


def _make_folder(folder):
    folder.mkdir()
    for number in range(FOLDER_ENTRIES):
        # Sizes as files have them, without the blocks.
        name = folder / f"report of voyage {number:05}.txt"
        name.touch()
        os.truncate(name, number * 37)
