"""Contents that nothing else has: whatever lies on the disk is one of them, whole, or none."""

import base64
import hashlib
import random
from dataclasses import dataclass
from functools import cached_property

BOUNDARY = "----crash-7c31"
TEXT = random.Random(1).randbytes(1_600_000).hex().encode()
BYTES = random.Random(2).randbytes(3_200_000)


def random_size(generator):
    """Mostly small; one in ten leaves memory in pieces, one in a hundred takes a while."""
    chance = generator.random()
    if chance < 0.01:
        return 3_000_000
    return generator.randrange(100_000, 300_000) if chance < 0.11 else generator.randrange(10, 4000)


@dataclass(frozen=True)
class Content:
    """A body that is made of its number alone, so it need not be kept to be sent again."""

    number: int
    size: int
    is_json: bool

    def data(self):
        pool = TEXT if self.is_json else BYTES
        begin = self.number * 7919 % (len(pool) - self.size)
        pattern = b'{"number": %d, "text": "%s"}' if self.is_json else b"%d begins\n%s\nends\n"
        return pattern % (self.number, pool[begin:begin + self.size])

    @cached_property
    def digest(self):
        """SHA-256 in hex."""
        return hashlib.sha256(self.data()).hexdigest()

    @property
    def etag(self):
        return f'"{self.digest}"'

    @property
    def repr_digest(self):
        return f"sha-256=:{base64.b64encode(bytes.fromhex(self.digest)).decode()}:"


def form(parts):
    """Fields and body of a form. A part is (name, name of the file or None, media type, bytes)."""
    pieces = []
    for name, filename, media_type, data in parts:
        about = f'form-data; name="{name}"'
        if filename:
            about += f'; filename="{filename}"\r\nContent-Type: {media_type}'
        pieces += [f"--{BOUNDARY}\r\nContent-Disposition: {about}\r\n\r\n".encode(), data, b"\r\n"]
    pieces.append(f"--{BOUNDARY}--\r\n".encode())
    return [f"Content-Type: multipart/form-data; boundary={BOUNDARY}"], b"".join(pieces)
