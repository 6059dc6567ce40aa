"""One look at what a server answers before it is measured: whether the row compares what it says, and what the load
generator has to know for its requests and its checks."""

import gzip
import http.client
import secrets


def ask(port, path, **fields):
    """(answer, body) of one GET; the names of fields have `_` for `-`."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path, headers={"Host": "localhost"} | {k.replace("_", "-"): v for k, v in fields.items()})
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


def put(port, path, body):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("PUT", path, body, {"Host": "localhost"})
        answer = connection.getresponse()
        answer.read()
        return answer
    finally:
        connection.close()


def expect(is_right, port, path, what):
    if not is_right:
        raise SystemExit(f"http://127.0.0.1:{port}{path}: {what}")


def known_tag(port, options):
    answer, _ = ask(port, options["path"])
    expect(answer.status == 200 and answer.headers["ETag"], port, options["path"], "no ETag")
    return dict(field=f"If-None-Match: {answer.headers['ETag']}")


def known_date(port, options):
    answer, _ = ask(port, options["path"])
    expect(answer.status == 200 and answer.headers["Last-Modified"], port, options["path"], "no Last-Modified")
    return dict(field=f"If-Modified-Since: {answer.headers['Last-Modified']}")


def is_let_in(port, options):
    """With this, the password has been compared with its hash."""
    name, value = options["field"].split(": ")
    answer, _ = ask(port, options["path"], **{name: value})
    expect(answer.status == 200, port, options["path"], f"not let in: {answer.status}")
    return {}


def has_ranges(port, options):
    first, length, size = 123456789, options["length"], options["random-range"]
    answer, body = ask(port, options["path"], Range=f"bytes={first}-{first + length - 1}")
    expect(answer.status == 206 and len(body) == length and
           answer.headers["Content-Range"] == f"bytes {first}-{first + length - 1}/{size}",
           port, options["path"], f"not the range: {answer.status} {answer.headers}")
    return {}


def is_precompressed(port, options):
    name, value = options["field"].split(": ")
    answer, body = ask(port, options["path"], **{name: value})
    expect(answer.headers["Content-Encoding"] in ("br", "gzip") and len(body) == options["length"],
           port, options["path"], f"not precompressed: {answer.headers}")
    return {}


def gzip_length(port, options):
    """Both compress alike, not to the same byte: each answer has to be as long as the first one of its server."""
    name, value = options["field"].split(": ")
    plain = ask(port, options["path"])[1]
    answer, body = ask(port, options["path"], **{name: value})
    expect(answer.headers["Content-Encoding"] == "gzip" and gzip.decompress(body) == plain and len(body) < len(plain),
           port, options["path"], f"not compressed: {answer.headers}")
    return dict(length=len(body))


def takes_files(port, _options):
    path = f"/put/first_{secrets.token_hex(8)}.bin"
    answer = put(port, path, b"first")
    expect(answer.status == 201, port, path, f"PUT is answered by {answer.status}")
    return {}


def takes_files_durably(port, _options):
    path = f"/put/first_{secrets.token_hex(8)}.bin"
    answer = put(port, path, b"first")
    expect(answer.status == 201 and answer.headers["Fairlead-Durability"] == "full", port, path,
           f"not durable: {answer.status} {answer.headers}")
    return {}
