"""ext4 with a journal on a disk whose flush takes a time that is known: the recording disk of the proofs of test/power. On the
machines that benches run on a flush is often no more than a message to the host."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "power"))

from disk import RecordingDisk  # noqa: E402
from enclosure import Missing, require  # noqa: E402

FLUSH_MICROSECONDS = 3000
SIZE = 1024 ** 3


def why_not():
    """What this machine lacks for it; empty when nothing is missing."""
    try:
        require()
    except Missing as missing:
        return str(missing)
    return ""


def make(directory):
    """Mounted at its `mount`, for this process and what it starts from now on; ends with close()."""
    directory.mkdir()
    return RecordingDisk(directory, FLUSH_MICROSECONDS, SIZE)
