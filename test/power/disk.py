"""The recording disk with a file system on it, its log, and the images that the log says a power loss may leave."""

import ctypes
import mmap
import os
import struct
import subprocess
import time
from collections import namedtuple
from pathlib import Path

from enclosure import CLONE_NEWNS, Missing, run, unshare

PROJECT = Path(__file__).resolve().parents[2]
WRITE, FLUSH = 1, 2
HEAD = struct.Struct("<IIQ")
LOG_HEAD = 4096
BLOCK = 4096
CHUNK = 65536
SIZE = 96 << 20

Record = namedtuple("Record", "kind length offset place")  # place: where its bytes stand in the log


def built(name, variable):
    """A program or library of the build: the environment names it, or it is the newest below build/."""
    if given := os.environ.get(variable):
        return given
    found = [path for path in PROJECT.glob(f"build*/**/{name}") if path.is_file()]
    if not found:
        raise Missing(f"no {name} below build/: it is built when libfuse3-dev is there, or set {variable}")
    return str(max(found, key=lambda path: path.stat().st_mtime))


class RecordingDisk:
    """ext4 on a loop device on the recording disk, mounted at `mount`. `position()` counts the records so far."""

    def __init__(self, directory, flush_microseconds, size=SIZE):
        self.pristine, self.log = directory / "pristine.img", directory / "disk.log"
        self.place, self.mount = directory / "disk", directory / "mount"
        for path in (self.place, self.mount):
            path.mkdir()
        with open(self.pristine, "wb") as image:
            image.truncate(size)
        run("mkfs.ext4", "-q", "-F", "-m", "0", "-b", str(BLOCK), "-J", "size=8", "-O", "has_journal",
            "-E", "lazy_itable_init=0,lazy_journal_init=0,nodiscard", str(self.pristine))
        command = [built("recording_disk", "FAIRLEAD_RECORDING_DISK"), self.pristine, self.log, str(flush_microseconds),
                   self.place]
        # In a session of its own: a Ctrl-C must not end the disk before the file system on it.
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
        self._wait_until_there()
        self._open_counter()
        self._mount(self._attach())
        self.check()

    def _mount(self, loop):
        """In a mount namespace of its own, which the disk's process is not in: when all are killed, the last one in a
        namespace unmounts what is there, and the disk would wait for itself."""
        unshare(CLONE_NEWNS)
        run("umount", str(self.place))  # only here: the other namespace, where the disk is, keeps it
        # Without auto_da_alloc, ext4's own remedy for programs that replace a file without syncing it.
        run("mount", "-t", "ext4", "-o", "noauto_da_alloc", loop, str(self.mount))
        run("losetup", "-d", loop)  # gone with the mount

    def _wait_until_there(self):
        end = time.monotonic() + 10
        while not (self.place / "disk").exists():
            if self.process.poll() is not None or time.monotonic() > end:
                raise Missing("a FUSE file system cannot be mounted here")
            time.sleep(0.01)

    def _attach(self):
        command = ["losetup", "--find", "--show", str(self.place / "disk")]
        for options in (["--direct-io=on"], []):
            try:
                return run(*command, *options)
            except RuntimeError as failure:
                refusal = failure
        raise Missing(f"no loop device can be had ({refusal})")

    def _open_counter(self):
        with open(self.log, "r+b") as log:
            self._page = mmap.mmap(log.fileno(), LOG_HEAD)
        self._count = ctypes.c_uint64.from_buffer(self._page)  # one aligned load: never half a number

    def position(self):
        return self._count.value

    def check(self):
        """A write that fsync() has confirmed stands in the log before a flush; without that nothing here is a proof."""
        marker = os.urandom(BLOCK)
        with open(self.mount / "marker", "wb", buffering=0) as file:
            file.write(marker)
            os.fsync(file.fileno())
            confirmed = self.position()
        with Log(self.log, confirmed) as log:
            written = [number for number, record in enumerate(log.records)
                       if record.kind == WRITE and marker in log.bytes(record)]
            if not written or log.flushes[-1] < written[0]:
                raise RuntimeError("a flush of the file system did not reach the recording disk")
        (self.mount / "marker").unlink()

    def close(self):
        run("umount", str(self.mount))
        leave = ["nsenter", f"--mount=/proc/{self.process.pid}/ns/mnt", "umount", str(self.place)]
        for _ in range(100):  # the loop device lets go a moment later
            if subprocess.run(leave, capture_output=True).returncode == 0:
                break
            time.sleep(0.05)
        if self.process.wait(10) != 0:
            raise RuntimeError("the recording disk ended badly: its log is not whole")


class Log:
    """The first `count` records of a log. Use it in a with statement."""

    def __init__(self, path, count):
        with open(path, "rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        self.records, place = [], LOG_HEAD
        for _ in range(count):
            kind, length, offset = HEAD.unpack_from(self._map, place)
            place += HEAD.size
            self.records.append(Record(kind, length, offset, place))
            place += length
        self.flushes = [number for number, record in enumerate(self.records) if record.kind == FLUSH]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._map.close()

    def bytes(self, record, begin=0, end=None):
        return self._map[record.place + begin:record.place + (record.length if end is None else end)]


class Image:
    """What the disk holds at a position of the log, moved forward record by record."""

    def __init__(self, pristine, log):
        self.content, self.log, self.next = bytearray(pristine.read_bytes()), log, 0
        zero = bytes(CHUNK)
        self.chunks = {number for number in range(len(self.content) // CHUNK)
                       if self.content[number * CHUNK:(number + 1) * CHUNK] != zero}

    def advance(self, position):
        """Applies all writes before this position."""
        for record in self.log.records[self.next:position]:
            if record.kind == WRITE:
                self.content[record.offset:record.offset + record.length] = self.log.bytes(record)
                self.chunks.update(range(record.offset // CHUNK, (record.offset + record.length - 1) // CHUNK + 1))
        self.next = max(self.next, position)

    def save(self, path, more=()):
        """Writes the image, and over it `more`: (offset, bytes) that only some power losses leave."""
        with open(path, "wb") as file:
            file.truncate(len(self.content))
            with memoryview(self.content) as content:
                for chunk in self.chunks:
                    os.pwrite(file.fileno(), content[chunk * CHUNK:(chunk + 1) * CHUNK], chunk * CHUNK)
            for offset, piece in more:
                os.pwrite(file.fileno(), piece, offset)


def random_subset(log, begin, end, generator):
    """Some of the writes of [begin, end), whole or torn between blocks, as (offset, bytes), in their order."""
    likely = generator.choice((0.2, 0.5, 0.8, 1.0))
    pieces = []
    for record in log.records[begin:end]:
        if record.kind != WRITE or generator.random() > likely:
            continue
        is_torn = record.length > BLOCK and generator.random() < 0.3
        for at in range(0, record.length, BLOCK if is_torn else record.length):
            if not is_torn or generator.random() < 0.5:
                until = min(at + BLOCK, record.length) if is_torn else record.length
                pieces.append((record.offset + at, log.bytes(record, at, until)))
    return pieces
