"""Writes a seekable WebM film: VP8 key frames that a browser encodes, in clusters with padding (EBML Void) between them.

A second has one picture, RATE times. That of second n has a bright bar whose middle is at `bar_at(n)`, so it tells which one it is.
"""

import base64
import os
import struct

import support

WIDTH, HEIGHT, STEP = 512, 288, 4  # STEP: by how many pixels the bar moves in a second
RATE = 10  # frames a second: a browser reads some dozens ahead, which are to be a small part of the film

DRAW = f"""((count) => {{
    const canvas = Object.assign(document.createElement("canvas"), {{width: {WIDTH}, height: {HEIGHT}}});
    const pen = canvas.getContext("2d", {{alpha: false}});
    return Array.from({{length: count}}, (_, second) => {{
        pen.fillStyle = "rgb(12, 40, 60)";
        pen.fillRect(0, 0, {WIDTH}, {HEIGHT});
        pen.fillStyle = "rgb(250, 240, 200)";
        pen.fillRect(second * {STEP}, {HEIGHT} / 2, 2 * {STEP}, {HEIGHT} / 2);
        pen.font = "80px sans-serif";
        pen.fillText(second, 20, 100);
        return canvas.toDataURL("image/webp", 0.5);
    }});
}})"""

# The middle of the bar in the picture that `selector`'s video shows now; null when there is no bar.
BAR = f"""((selector) => {{
    const canvas = Object.assign(document.createElement("canvas"), {{width: {WIDTH}, height: {HEIGHT}}});
    const pen = canvas.getContext("2d");
    pen.drawImage(document.querySelector(selector), 0, 0);
    const row = pen.getImageData(0, {HEIGHT} * 3 / 4, {WIDTH}, 1).data;
    const bright = Array.from({{length: {WIDTH}}}, (_, x) => x).filter((x) => row[4 * x] > 128);
    return bright.length ? bright.reduce((sum, x) => sum + x + 0.5, 0) / bright.length : null;
}})"""


def bar_at(second):
    return (second + 1) * STEP


def key_frame(webp):
    """The VP8 frame in a lossy WebP file, which is a RIFF: its chunk "VP8 ", alone or behind a "VP8X"."""
    at = 12
    while at + 8 <= len(webp):
        name, length = struct.unpack_from("<4sI", webp, at)
        if name == b"VP8 ":
            return webp[at + 8:at + 8 + length]
        at += 8 + length + length % 2
    raise ValueError(f"no VP8 frame in {webp[:16]!r}")


def frames(tab, count):
    """Drawn and encoded by the browser."""
    return [key_frame(base64.b64decode(url.split(",")[1])) for url in tab.value(f"{DRAW}({count})")]


def head(name, length):
    """Of an EBML element; the length always takes eight bytes."""
    return bytes.fromhex(name) + (1 << 56 | length).to_bytes(8, "big")


def element(name, *parts):
    """Numbers are unsigned ones of eight bytes, or floating ones."""
    data = b"".join(struct.pack(">d", one) if isinstance(one, float) else one.to_bytes(8, "big") if isinstance(one, int) else one
                    for one in parts)
    return head(name, len(data)) + data


def write_film(path, pictures, size):
    """A film of some `size` bytes, one second for each of the pictures; sparse, so the padding takes no space. The exact size."""
    stride = size // len(pictures)
    start = (element("1A45DFA3",  # EBML: versions, longest name and length, type and its versions
                     element("4286", 1), element("42F7", 1), element("42F2", 4), element("42F3", 8),
                     element("4282", b"webm"), element("4287", 2), element("4285", 2)))
    about = (element("1549A966",  # Info: milliseconds, duration, who made it
                     element("2AD7B1", 1_000_000), element("4489", 1000.0 * len(pictures)),
                     element("4D80", b"fairlead"), element("5741", b"fairlead")) +
             element("1654AE6B", element("AE",  # Tracks, TrackEntry: number, id, video, no lacing, VP8, nanoseconds of a frame
                     element("D7", 1), element("73C5", 1), element("83", 1), element("9C", 0), element("86", b"V_VP8"),
                     element("23E383", 1_000_000_000 // RATE), element("E0", element("B0", WIDTH), element("BA", HEIGHT)))))

    def cues(first):  # where each second is, counted from the first byte of the Segment's content
        return element("1C53BB6B", *(element("BB", element("B3", 1000 * second),
                                             element("B7", element("F7", 1), element("F1", first + second * stride)))
                                     for second in range(len(pictures))))
    first = len(about) + len(cues(0))
    content = first + stride * len(pictures)
    with open(path, "wb") as file:
        file.write(start + head("18538067", content) + about + cues(first))
        for second, picture in enumerate(pictures):
            blocks = [element("A3", b"\x81", struct.pack(">h", 1000 * number // RATE), b"\x80", picture)  # track, time, key frame
                      for number in range(RATE)]
            cluster = element("1F43B675", element("E7", 1000 * second), *blocks)
            padding = stride - len(cluster) - 9  # the head of a Void is nine bytes
            if padding < 0:
                raise ValueError(f"{len(picture)} bytes are too large a picture for a film of {size}")
            file.write(cluster + head("EC", padding))
            file.seek(padding, os.SEEK_CUR)
        file.truncate()
        total = file.tell()
    os.utime(path, (support.OLD, support.OLD))
    return total
