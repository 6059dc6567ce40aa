"""Applications behind the server: a real php-fpm, and one in this process that does what a test wants of it."""

import os
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
from pathlib import Path

PHP_FPM = next((found for name in ("php-fpm8.2", "php-fpm8.4", "php-fpm8.3", "php-fpm")
                if (found := shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin"))), None)

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR = range(1, 8)


class PhpFpm:
    """A php-fpm of its own. `address` is what `fastcgi.servers` calls it."""

    def __init__(self, *, tcp=False, children=4, lines="", ini=""):
        self.directory = Path(tempfile.mkdtemp(prefix="fairlead-fpm-"))
        if tcp:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.address = listen = f"127.0.0.1:{probe.getsockname()[1]}"
        else:
            listen = str(self.directory / "fpm.sock")
            self.address = f"unix:{listen}"
        self.listen = listen
        user = "user = root\ngroup = root\n" if os.getuid() == 0 else ""
        (self.directory / "php.ini").write_text(f"{ini}\n")
        (self.directory / "fpm.conf").write_text(f"""
[global]
error_log = {self.directory}/error.log
daemonize = no
[www]
{user}listen = {listen}
pm = static
pm.max_children = {children}
catch_workers_output = yes
{lines}
""")
        self.start()

    def start(self):
        root = ["-R"] if os.getuid() == 0 else []
        with open(self.directory / "stderr", "ab") as errors:
            self.process = subprocess.Popen(
                [PHP_FPM, *root, "-F", "-c", str(self.directory / "php.ini"), "-y", str(self.directory / "fpm.conf")],
                stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                if self.listen.startswith("/"):
                    with socket.socket(socket.AF_UNIX) as probe:
                        probe.connect(self.listen)
                else:
                    host, port = self.listen.rsplit(":", 1)
                    socket.create_connection((host, int(port)), 1).close()
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.02)
        raise RuntimeError((self.directory / "stderr").read_text())

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)

    def close(self):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


def record(kind, content=b"", *, padding=0, number=1, version=1, length=None):
    """One record; every part of it may be wrong."""
    size = len(content) if length is None else length
    return struct.pack("!BBHHBB", version, kind, number, size, padding, 0) + content + b"\0" * padding


def end(status=0, protocol=0):
    return record(END, struct.pack("!IB3x", status, protocol))


def answer(content=b"ok", head=b"Content-Type: text/plain\r\n\r\n"):
    return record(STDOUT, head + content) + end()


class Gone(Exception):
    """The server has closed the connection."""


class Exchange:
    """One request as it came, and the connection to answer it on."""

    def __init__(self, connection, number):
        self.connection, self.number, self.variables, self.input = connection, number, {}, b""
        self.was_aborted = False

    def take(self, count):
        data = b""
        while len(data) < count:
            piece = self.connection.recv(count - len(data))
            if not piece:
                raise Gone()
            data += piece
        return data

    def read_record(self):
        _, kind, self.request, size, padding, _ = struct.unpack("!BBHHBB", self.take(8))
        content = self.take(size)
        self.take(padding)
        return kind, content

    def read_head(self):
        kind, content = self.read_record()
        assert kind == BEGIN and content[:2] == b"\0\1", (kind, content)
        self.keeps = bool(content[2] & 1)
        pairs = b""
        while True:
            kind, content = self.read_record()
            assert kind == PARAMS, kind
            if not content:
                break
            pairs += content
        while pairs:
            sizes = []
            for _ in range(2):
                if pairs[0] < 128:
                    sizes.append(pairs[0])
                    pairs = pairs[1:]
                else:
                    sizes.append(struct.unpack("!I", pairs[:4])[0] & 0x7FFFFFFF)
                    pairs = pairs[4:]
            name, value = pairs[:sizes[0]].decode(), pairs[sizes[0]:sum(sizes)].decode("latin-1")
            assert name not in self.variables, name
            self.variables[name] = value
            pairs = pairs[sum(sizes):]

    def read_input(self):
        while True:
            kind, content = self.read_record()
            assert kind == STDIN, kind
            if not content:
                return self.input
            self.input += content

    def numbered(self, data):
        """Whole records with the id of this request in the place of 1."""
        data, at = bytearray(data), 0
        while at + 8 <= len(data):
            version, _, number, size, padding, _ = struct.unpack_from("!BBHHBB", data, at)
            if version != 1 or number != 1:
                break
            struct.pack_into("!H", data, at + 2, self.request)
            at += 8 + size + padding
        return bytes(data)

    def send(self, data):
        try:
            self.connection.sendall(self.numbered(data))
        except OSError:
            raise Gone() from None


class Application:
    """Answers each request with `act(exchange)`, which returns bytes to send, or None when it has done everything itself.
    A connection is kept unless `act` raises Gone. `before_input`: called without the body having been read; `by_hand`: `act`
    reads it itself, to its end."""

    def __init__(self, act, *, tcp=False, before_input=False, by_hand=False, backlog=64):
        self.act, self.before_input, self.by_hand = act, before_input, by_hand
        self.directory = tempfile.mkdtemp(prefix="fairlead-fcgi-")
        self.connections = self.requests = 0
        self.open, self.faults, self.lock = [], [], threading.Lock()
        if tcp:
            self.socket = socket.create_server(("127.0.0.1", 0), backlog=backlog)
            self.address = "127.0.0.1:%d" % self.socket.getsockname()[1]
        else:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.bind(f"{self.directory}/app.sock")
            self.socket.listen(backlog)
            self.address = f"unix:{self.directory}/app.sock"
        self.accepting = threading.Thread(target=self._accept, daemon=True)
        self.accepting.start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
                self.open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            with connection:
                while True:
                    with self.lock:
                        number = self.requests
                    exchange = Exchange(connection, number)
                    exchange.read_head()
                    with self.lock:
                        exchange.number = self.requests
                        self.requests += 1
                    if not self.before_input and not self.by_hand:
                        exchange.read_input()
                    if (data := self.act(exchange)) is not None:
                        exchange.send(data)
                    if self.before_input:
                        connection.shutdown(socket.SHUT_WR)
                        raise Gone()
        except (Gone, OSError):
            pass
        except Exception as fault:  # shown by close(), since a thread's exception is nobody's
            self.faults.append(repr(fault))

    def close_connections(self):
        """As an application that is started anew: every connection is closed."""
        with self.lock:
            for one in self.open:
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            self.open.clear()

    def close(self):
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()
        self.close_connections()
        shutil.rmtree(self.directory, ignore_errors=True)
        assert not self.faults, self.faults
