"""Starts the real program for a test, talks to it in raw bytes, and stops it. Only processes started here are ended."""

import base64
import hashlib
import json
import os
import random
import re
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
OLD = 1704164645  # 2024-01-02 03:04:05 GMT: files that the open-file cache may trust


def binary():
    """The program under test: FAIRLEAD_BINARY, or the newest below build/."""
    if given := os.environ.get("FAIRLEAD_BINARY"):
        return given
    found = [path for path in PROJECT.glob("build*/**/app/fairlead") if path.is_file()]
    if not found:
        raise SystemExit("no fairlead below build/: build it first, or set FAIRLEAD_BINARY")
    return str(max(found, key=lambda path: path.stat().st_mtime))


def environment(**more):
    """That of this process, without what would be a setting of the program."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith("FAIRLEAD_") and name != "PORT"}
    return {**clean, **more}


def merged(base, changes):
    """`base` with `changes`, objects merged."""
    result = dict(base)
    for key, value in changes.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


def write_tree(root, files):
    """Files {name: bytes} below `root`, all of the same old date."""
    for name, content in files.items():
        path = Path(root) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (OLD, OLD))


def wait_for(condition, seconds=10):
    """The first true value of `condition()`, or its last one when the time has passed."""
    end = time.monotonic() + seconds
    while not (value := condition()) and time.monotonic() < end:
        time.sleep(0.01)
    return value


def run(*arguments, seconds=20, **variables):
    """Runs the program to its end: exit code, standard output, standard error."""
    done = subprocess.run([binary(), *map(str, arguments)], capture_output=True, text=True, timeout=seconds,
                          env=environment(**variables), cwd=tempfile.gettempdir())
    return done.returncode, done.stdout, done.stderr


def files_route(**uploads):
    """Settings with a route "/files" that takes uploads in every way into the folder `files` of the server's directory."""
    ways = ["json", "raw", "form", "put", "delete"]
    return {"routes": {"/files": {"uploads": {"directory": "files", "accept": ways, "serve": True, **uploads}}}}


def tree(directory):
    """What is below `directory`, temporaries and links too, but not the keys: {path: content}; folders end with "/"."""
    found = {}
    for folder, folders, names in os.walk(directory):
        below = os.path.relpath(folder, directory)
        if ".fairlead-keys" in folders:
            folders.remove(".fairlead-keys")
        for name in folders + names:
            path = Path(folder) / name
            shown = os.path.normpath(os.path.join(below, name))
            try:
                if path.is_symlink():
                    found[shown] = "-> " + os.readlink(path)
                else:
                    found[shown + "/" * path.is_dir()] = path.read_bytes() if path.is_file() else None
            except FileNotFoundError:  # a temporary that is gone by now
                pass
    return found


def descriptors(server):
    """How many files, sockets and so on the server has open."""
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def peak_memory(server):
    """The most resident bytes that the server has had since `forget_peak`."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{server.process.pid}/status").read_text())[1]) * 1024


def forget_peak(server):
    Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")


def entity_tag(content):
    """That of a stored file."""
    return f'"{hashlib.sha256(content).hexdigest()}"'


def digest_of(content, algorithm="sha256"):
    """A member of Content-Digest or Repr-Digest (RFC 9530)."""
    value = base64.b64encode(hashlib.new(algorithm, content).digest()).decode()
    return f"{algorithm.replace('sha', 'sha-')}=:{value}:"


def part(name, content, filename=None, content_type=None, more=()):
    """One part of a form: its header lines and its content."""
    disposition = f'Content-Disposition: form-data; name="{name}"' + (f'; filename="{filename}"' if filename is not None else "")
    lines = [disposition, *([f"Content-Type: {content_type}"] if content_type else []), *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


def form(*parts, boundary="--7MA4YWxkTrZu0gW"):
    """The Content-Type and the body of a form with these parts."""
    edge = b"--" + boundary.encode()
    body = b"".join(edge + b"\r\n" + one + b"\r\n" for one in parts) + edge + b"--\r\n"
    return f"Content-Type: multipart/form-data; boundary={boundary}", body


def together(lines, requests):
    """Sends each request on its connection so that all become complete at one moment; the answers."""
    for line, data in zip(lines, requests, strict=True):
        line.send(data[:-1])
    time.sleep(0.05)
    for line, data in zip(lines, requests, strict=True):
        line.send(data[-1:])
    return [line.answer() for line in lines]


def vanish(port, data, with_reset, when=lambda: True):
    """A client that sends `data` and is gone once `when()` holds, in order or with a reset. A request whose reset is seen
    before it is read is never acted upon: what has to be under way is to be waited for."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        line.sendall(data)
        if not wait_for(when):
            raise AssertionError("what the client waited for before it left did not come")
        if with_reset:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def varied(size):
    """Bytes of which no two pieces are alike, as long as these are not many megabytes."""
    return random.Random(size).randbytes(size)


class Pattern:
    """`size` bytes for bodies that are too large to keep: made and checked piece by piece."""

    piece = 1 << 20

    def __init__(self, size):
        self.size, self._one = size, varied(self.piece)
        self.sent, self.received = hashlib.sha256(), hashlib.sha256()

    def pieces(self):
        for number in range(0, self.size, self.piece):
            one = number.to_bytes(8, "big") + self._one[8:min(self.piece, max(8, self.size - number))]
            self.sent.update(one)
            yield one

    def take(self, data):
        self.received.update(data)


class Sender:
    """Sends `pieces` on a connection from a thread of its own, so that its owner can read at the same time."""

    def __init__(self, line, pieces):
        self.line, self.pieces, self.fault, self.count = line, pieces, None, 0
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self):
        try:
            for one in self.pieces:
                self.line.socket.sendall(one)
                self.count += len(one)
        except OSError as fault:
            self.fault = fault

    def join(self):
        self.thread.join(60)
        return self.fault


class Server:
    """A running server in a directory of its own: `www` is published, `uploads` takes documents."""

    def __init__(self, settings=None, *, files=None, directory=None, variables=None, arguments=(), wait=20,
                 started_by=()):
        self._own = tempfile.mkdtemp(prefix="fairlead-e2e-") if directory is None else None
        self.directory = Path(directory or self._own)
        self.root, self.uploads = self.directory / "www", self.directory / "uploads"
        self.errors, self.access = self.directory / "stderr.txt", self.directory / "access.log"
        for path in (self.root, self.uploads):
            path.mkdir(exist_ok=True)
        write_tree(self.root, files or {})
        wanted = merged(self.default_settings(), settings or {})
        self.log_file = self.directory / (wanted["log"].get("file") or self.errors)
        config = self.directory / "fairlead.json"
        config.write_text(json.dumps(wanted, indent=2))
        with open(self.errors, "wb") as errors:
            self.process = subprocess.Popen(
                [*started_by, binary(), "-c", str(config), *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=errors, env=environment(**(variables or {})), cwd=self.directory)
        try:
            self.port = self._port("listening on", wait)
            self.admin_port = self._port("admin (metrics, health) on", wait)
        except Exception:
            self.close()
            raise

    def default_settings(self):
        return {
            "listen": ["127.0.0.1:0"], "threads": 2, "root": str(self.root), "types": "web",
            "uploads": {"directory": str(self.uploads)}, "admin": {"listen": ["127.0.0.1:0"]},
            "log": {"status_interval": "0s", "access": {"format": "combined", "file": str(self.access)}},
        }

    def _port(self, what, seconds):
        pattern = re.escape(what) + r' http://127\.0\.0\.1:(\d+)[\"\n]'
        found = wait_for(lambda: re.search(pattern, self.log()) or self.process.poll() is not None, seconds)
        if not isinstance(found, re.Match):
            raise RuntimeError(f"the server did not say \"{what}\":\n{self.log()}{self.errors.read_text()}")
        return int(found[1])

    def log(self):
        """What it has written so far to its log: standard error, or the file that the settings name."""
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def access_log(self):
        time.sleep(0.03)  # lines are gathered for 10 ms
        return self.access.read_text(errors="replace") if self.access.exists() else ""

    def wait_for_log(self, pattern, seconds=10):
        """The first match in the log, which is written a little later than the answer; None when there is none."""
        return wait_for(lambda: re.search(pattern, self.log()), seconds)

    def memory(self):
        """Resident bytes."""
        return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text())[1]) * 1024

    def is_sanitized(self):
        return any(name in Path(f"/proc/{self.process.pid}/maps").read_text() for name in ("libasan", "libtsan"))

    def signal(self, number):
        os.kill(self.process.pid, number)

    def wait(self, seconds=20):
        """The exit code."""
        return self.process.wait(seconds)

    def stop(self, seconds=20):
        """Asks it to end; the exit code. Ends it by force when it does not."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            return self.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def close(self):
        """The end of a test, however it went: no process and no directory stays."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self._own:
            shutil.rmtree(self._own, ignore_errors=True)

    def connect(self, **options):
        return Connection(self.port, **options)

    def ask(self, method="GET", target="/", fields=(), body=None, *, host="localhost", admin=False):
        """One request on a connection of its own."""
        with Connection(self.admin_port if admin else self.port) as line:
            line.send(request(method, target, ["Connection: close", *fields], body, host=host))
            return line.answer(is_head=method == "HEAD")

    def upload(self, body, fields=("Content-Type: application/json",)):
        return self.ask("POST", "/upload", fields, body)

    def documents(self):
        """Names in the upload directory, hidden ones too."""
        return sorted(path.name for path in self.uploads.iterdir())

    def metrics(self):
        """The value of each series."""
        text = self.ask(target="/metrics", admin=True).body.decode()
        return {key: float(value) for key, value in re.findall(r"^([^#\s].*) (\S+)$", text, re.M)}


def request(method, target, fields=(), body=None, *, host="localhost"):
    """The bytes of a request; a body gets its Content-Length."""
    target = target if isinstance(target, bytes) else target.encode()
    lines = [method.encode() + b" " + target + b" HTTP/1.1", b"Host: " + host.encode()]
    lines += [field.encode() for field in fields]
    if body is not None:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + (body or b"")


class Answer:
    def __init__(self, head):
        lines = head.decode("latin-1").split("\r\n")
        _, code, self.reason = lines[0].split(" ", 2)
        self.status = int(code)
        self.fields = [tuple(line.split(": ", 1)) for line in lines[1:]]
        self.body = b""

    def __getitem__(self, name):
        """The value of a field, or None."""
        values = [value for key, value in self.fields if key.lower() == name.lower()]
        return ", ".join(values) if values else None


class Connection:
    """A socket that reads whole answers and complains about anything else."""

    def __init__(self, port, *, timeout=10, receive_buffer=None, source=None):
        """`source`: the address on loopback that the server sees."""
        self.socket = socket.socket()
        if source:
            self.socket.bind((source, 0))
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(("127.0.0.1", port))
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def _more(self):
        piece = self.socket.recv(65536)
        if not piece:
            raise EOFError(f"the connection ended after {self.rest[:200]!r}")
        self.rest += piece

    def _take(self, length):
        """The next bytes, exactly so many."""
        pieces, missing = [self.rest], length - len(self.rest)
        while missing > 0:
            self.rest = b""
            self._more()
            pieces.append(self.rest)
            missing -= len(self.rest)
        whole = b"".join(pieces)
        self.rest = whole[length:]
        return whole[:length]

    def _take_until(self, end):
        while end not in self.rest:
            self._more()
        found, self.rest = self.rest.split(end, 1)
        return found

    def _take_chunks(self):
        while size := int(self._take_until(b"\r\n"), 16):
            yield self._take(size)
            self._take(2)
        self._take_until(b"\r\n")

    def head(self):
        """The head of the next answer; `pieces` yields its content as it comes."""
        return Answer(self._take_until(b"\r\n\r\n"))

    def pieces(self):
        """The content of an answer in chunks."""
        return self._take_chunks()

    def answer(self, is_head=False):
        """The next answer; its length has to be stated, or it comes in chunks."""
        answer = Answer(self._take_until(b"\r\n\r\n"))
        if is_head or answer.status in (100, 204, 304):
            return answer
        if answer["Transfer-Encoding"] == "chunked":
            answer.body = b"".join(self._take_chunks())
        else:
            answer.body = self._take(int(answer["Content-Length"]))
        return answer

    def ask(self, method="GET", target="/", fields=(), body=None):
        self.send(request(method, target, fields, body))
        return self.answer(is_head=method == "HEAD")

    def is_at_end(self):
        """Whether the server closed in order (no reset) with nothing left to read."""
        return self.rest == b"" and self.socket.recv(1) == b""
