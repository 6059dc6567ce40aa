"""Tunnels (CONNECT): curl through them, what is refused, ends, limits, and nothing left behind."""

import base64
import hashlib
import http.server
import json
import re
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
import time
import unittest
from pathlib import Path

from support import Server, binary, descriptors, environment, request, wait_for

PAGE = b"a page behind the tunnel\n"
LOOPBACK = ["127.0.0.0/8", "::1"]


class Listener:
    """A server of this test: `serve` gets each connection on a thread of its own."""

    def __init__(self, serve, family=socket.AF_INET):
        self.socket = socket.socket(family)
        self.socket.bind(("::1" if family == socket.AF_INET6 else "127.0.0.1", 0))
        self.socket.listen(1024)
        self.port = self.socket.getsockname()[1]
        self.accepted = 0
        threading.Thread(target=self._run, args=(serve,), daemon=True).start()

    def _run(self, serve):
        while True:
            try:
                line, _ = self.socket.accept()
            except OSError:
                return
            self.accepted += 1
            line.settimeout(20)
            threading.Thread(target=self._serve, args=(serve, line), daemon=True).start()

    @staticmethod
    def _serve(serve, line):
        with line:
            try:
                serve(line)
            except OSError:
                pass

    def close(self):
        self.socket.close()


def echo(line):
    while piece := line.recv(65536):
        line.sendall(piece)


def say_after_the_end(line):
    """Reads to the end, then tells what came: needs a half-close that is passed on."""
    count, digest = 0, hashlib.sha256()
    while piece := line.recv(1 << 20):
        count += len(piece)
        digest.update(piece)
    line.sendall(f"{count} {digest.hexdigest()}".encode())


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_):
        pass


class WithTunnels(unittest.TestCase):
    def listen(self, serve, family=socket.AF_INET):
        listener = Listener(serve, family)
        self.addCleanup(listener.close)
        return listener

    def start(self, *allow, **more):
        connect = {"allow": list(allow), "networks": LOOPBACK, **more.pop("connect", {})}
        server = Server({"connect": connect, **more}, files={"index.html": b"home"})
        self.addCleanup(server.close)
        return server

    def open(self, server, target, behind=b"", fields=()):
        """A connection whose CONNECT was answered; the answer."""
        line = server.connect()
        self.addCleanup(line.socket.close)
        line.send(request("CONNECT", target, fields, host=target) + behind)
        head = line._take_until(b"\r\n\r\n").decode()
        return line, int(head.split()[1]), head

    def tunnel(self, server, port, behind=b""):
        line, status, head = self.open(server, f"127.0.0.1:{port}", behind)
        self.assertEqual(status, 200, head)
        return line

    def silent(self):
        """A listening socket that answers nobody: its queue is full."""
        full = socket.socket()
        self.addCleanup(full.close)
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(3):
            one = socket.socket()
            self.addCleanup(one.close)
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        time.sleep(0.1)
        return full

    def ended(self, server, reason):
        """The log line of a tunnel that ended for this reason: bytes to the destination, and from it."""
        found = server.wait_for_log(rf"tunnel \w+ from 127\.0\.0\.1 to \S+(?: \(\S+\))? ended: {reason}; (\d+) bytes to it, (\d+) from it")
        self.assertTrue(found, server.log())
        return int(found[1]), int(found[2])


class Clients(WithTunnels):
    @classmethod
    def setUpClass(cls):
        if not shutil.which("curl") or not shutil.which("openssl"):
            raise unittest.SkipTest("needs curl and openssl")
        directory = tempfile.TemporaryDirectory(prefix="fairlead-connect-")
        cls.addClassCleanup(directory.cleanup)
        cls.certificate, key = Path(directory.name, "cert.pem"), Path(directory.name, "key.pem")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", cls.certificate],
                       check=True, capture_output=True)
        cls.plain = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        cls.secure = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cls.certificate, key)
        cls.secure.socket = context.wrap_socket(cls.secure.socket, server_side=True)
        for one in (cls.plain, cls.secure):
            threading.Thread(target=one.serve_forever, daemon=True).start()
            cls.addClassCleanup(one.shutdown)

    def curl(self, server, url, *more):
        return subprocess.run(["curl", "-sS", "-p", "-x", f"http://127.0.0.1:{server.port}", "--cacert", self.certificate,
                               *more, url], capture_output=True, timeout=30)

    def test_curl_through_the_tunnel(self):
        plain, secure = self.plain.server_port, self.secure.server_port
        server = self.start(f"127.0.0.1:{plain}", f"localhost:{plain},{secure}", f"127.0.0.1:{secure}")
        for url in (f"http://127.0.0.1:{plain}/", f"http://localhost:{plain}/", f"https://127.0.0.1:{secure}/",
                    f"https://localhost:{secure}/"):
            with self.subTest(url):
                done = self.curl(server, url)
                self.assertEqual((done.returncode, done.stdout), (0, PAGE), done.stderr)
        self.assertEqual(wait_for(lambda: server.metrics().get("fairlead_tunnels_active") == 0), True)
        self.assertEqual(server.metrics()["fairlead_tunnels_opened_total"], 4)
        self.assertTrue(wait_for(lambda: f'"CONNECT localhost:{plain} HTTP/1.1" 200' in server.access_log()))

    def test_credentials_for_the_proxy_reach_no_log(self):
        server = self.start(f"127.0.0.1:{self.plain.server_port}", log={"level": "debug"})
        done = self.curl(server, f"http://127.0.0.1:{self.plain.server_port}/", "-U", "ann:very-secret")
        self.assertEqual(done.stdout, PAGE)
        server.stop()
        self.assertNotIn("secret", server.log() + server.access_log())
        self.assertNotIn("YW5uOnZlcnktc2VjcmV0", server.log() + server.access_log())

    def test_curl_says_who_asks_where_the_rules_want_to_know(self):
        directory = tempfile.TemporaryDirectory(prefix="fairlead-connect-users-")
        self.addCleanup(directory.cleanup)
        users = Path(directory.name, "users")
        users.write_bytes(subprocess.run([binary(), "hash-password", "--user", "ann", "--scheme", "sha512"], input=b"very-secret",
                                         env=environment(), check=True, capture_output=True).stdout)
        users.chmod(0o640)
        server = self.start(f"127.0.0.1:{self.plain.server_port}", log={"level": "debug"}, auth={"users": str(users)},
                            access={"CONNECT /": "user ann", "/**": "deny"})
        token = base64.b64encode(b"ann:very-secret").decode()
        for more, status in [((), 407), (("-U", "ann:wrong"), 407), (("-U", "zoe:very-secret"), 407),
                             (("--proxy-header", f"Authorization: Basic {token}"), 407), (("-U", "ann:very-secret"), 200),
                             (("--proxy-anyauth", "-U", "ann:very-secret"), 200)]:
            with self.subTest(more):
                done = self.curl(server, f"http://127.0.0.1:{self.plain.server_port}/", "-w", "%{http_connect}", *more)
                self.assertEqual(done.stdout, (PAGE if status == 200 else b"") + str(status).encode(), done.stderr)
        line, status, head = self.open(server, f"127.0.0.1:{self.plain.server_port}")
        self.assertIn('\r\nProxy-Authenticate: Basic realm="Fairlead", charset="UTF-8"', head)
        self.assertNotIn("WWW-Authenticate", head)
        self.assertTrue(server.wait_for_log("event=auth client=127.0.0.1 .*wrong password of user ann"), server.log())
        server.stop()
        self.assertRegex(server.access_log(), r'127\.0\.0\.1 - ann \[.*"CONNECT \S+ HTTP/1\.1" 200 ')
        for secret in ("very-secret", token):
            self.assertNotIn(secret, server.log() + server.access_log())

    def test_what_is_not_listed_is_refused(self):
        server = self.start(f"127.0.0.1:{self.secure.server_port}")
        done = self.curl(server, f"http://127.0.0.1:{self.plain.server_port}/")
        self.assertEqual(done.returncode, 56)
        self.assertIn(b"403", done.stderr)


class Refusals(WithTunnels):
    # Everything below is listed by name or pattern; the addresses are what is refused.
    ADDRESSES = ["127.0.0.1", "127.1.2.3", "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "169.254.169.254", "172.16.0.1",
                 "192.168.1.1", "192.0.0.1", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1",
                 "255.255.255.255", "[::]", "[::1]", "[::127.0.0.1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:10.0.0.1]",
                 "[::ffff:0:127.0.0.1]", "[64:ff9b::127.0.0.1]", "[64:ff9b::10.0.0.1]", "[64:ff9b::8.8.8.8]", "[64:ff9b:1::1]",
                 "[100::1]", "[2001::1]", "[2001:db8::1]", "[2002:7f00:1::]", "[2002:a00:1::]", "[3fff::1]", "[fc00::1]",
                 "[fd12::1]", "[fe80::1]", "[fec0::1]", "[ff02::1]"]
    FORMS = ["2130706433", "017700000001", "0x7f000001", "0X7F.0.0.1", "0177.0.0.1", "127.1", "127.0.1", "127.0.0.01", "0",
             "127.0.0.1.", "[::1%25lo]", "[fe80::1%eth0]", "[v1.::1]", "user@127.0.0.1", "user:password@127.0.0.1"]

    def test_addresses_that_are_not_public_are_refused(self):
        listener = self.listen(echo)
        server = self.start("*:1-65535", connect={"networks": []})
        for address in [*self.ADDRESSES, "localhost", "LOCALHOST.", self.own_address()]:
            with self.subTest(address):
                line, status, head = self.open(server, f"{address}:{listener.port}")
                self.assertEqual(status, 403, head)
        self.assertEqual(listener.accepted, 0)
        self.assertEqual(server.metrics()['fairlead_tunnels_refused_total{reason="address"}'], len(self.ADDRESSES) + 3)
        self.assertTrue(server.wait_for_log(r"tunnel.*127\.0\.0\.1:\d+ leads to 127\.0\.0\.1 \(loopback\)"), server.log())
        self.assertTrue(server.wait_for_log(r"localhost:\d+ leads to .*\(loopback\)"))

    @staticmethod
    def own_address():
        """One of this machine that is not loopback, where it has one."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect(("192.0.2.1", 9))
                return probe.getsockname()[0]
            except OSError:
                return "127.0.0.1"

    def test_other_forms_of_an_address_are_no_targets(self):
        listener = self.listen(echo)
        server = self.start("*:1-65535")
        for host in self.FORMS:
            with self.subTest(host):
                line, status, head = self.open(server, f"{host}:{listener.port}")
                self.assertEqual(status, 400, head)
        for target in ("127.0.0.1", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", "127.0.0.1:x", ":80", "/", "*",
                       "http://127.0.0.1:80/"):
            with self.subTest(target):
                self.assertEqual(self.open(server, target)[1], 400)
        self.assertEqual(listener.accepted, 0)

    def test_without_a_list_connect_is_not_allowed(self):
        server = Server(files={"index.html": b"home"})
        self.addCleanup(server.close)
        line, status, head = self.open(server, "127.0.0.1:80")
        self.assertEqual(status, 405)
        self.assertIn("Allow:", head)

    def test_content_of_a_connect_request_is_refused(self):
        listener = self.listen(echo)
        server = self.start(f"127.0.0.1:{listener.port}")
        for field in ("Content-Length: 5", "Transfer-Encoding: chunked"):
            with self.subTest(field):
                self.assertEqual(self.open(server, f"127.0.0.1:{listener.port}", b"hello", [field])[1], 400)
        self.assertEqual(listener.accepted, 0)

    def test_a_request_that_says_that_it_has_no_content(self):
        listener = self.listen(echo)
        server = self.start(f"127.0.0.1:{listener.port}")
        for behind in (b"", b"hello"):
            line, status, _ = self.open(server, f"127.0.0.1:{listener.port}", behind, ["Content-Length: 0"])
            self.assertEqual(status, 200)
            line.send(b", you")
            self.assertEqual(line._take(len(behind) + 5), behind + b", you")

    def test_bytes_behind_a_refused_request_are_no_requests(self):
        """A client that does not wait for 200 has sent what is for the destination."""
        with socket.socket() as gone:
            gone.bind(("127.0.0.1", 0))
            closed = gone.getsockname()[1]
        listener = self.listen(echo)
        server = self.start(f"127.0.0.1:{listener.port},{closed}", "10.0.0.1", connect={"tunnels": 1})
        for target, expected in [("example.org:443", 403), ("10.0.0.1:443", 403), (f"127.0.0.1:{closed}", 502),
                                 ("127.1:443", 400), (f"127.0.0.1:{listener.port}", 503)]:
            with self.subTest(target):
                if expected == 503:
                    the_only_one = self.tunnel(server, listener.port)
                line = server.connect()
                self.addCleanup(line.socket.close)
                line.send(request("CONNECT", target, host=target) + request("GET", "/") * 2)
                answer = line.answer()
                self.assertEqual((answer.status, answer["Connection"]), (expected, "close"))
                self.assertTrue(line.is_at_end())
                line.socket.close()
        the_only_one.socket.close()
        self.assertEqual(server.stop(), 0)
        self.assertNotIn('"GET / ', server.access_log())

    def test_who_is_not_there_is_502_and_who_does_not_answer_504(self):
        with socket.socket() as gone:
            gone.bind(("127.0.0.1", 0))
            closed = gone.getsockname()[1]
        silent = self.silent().getsockname()[1]
        server = self.start(f"127.0.0.1:{closed},{silent}", "no-such-name.invalid", connect={"timeout": "1s"})
        self.assertEqual(self.open(server, f"127.0.0.1:{closed}")[1], 502)
        self.assertEqual(self.open(server, "no-such-name.invalid:443")[1] // 100, 5)
        begin = time.monotonic()
        self.assertEqual(self.open(server, f"127.0.0.1:{silent}")[1], 504)
        self.assertLess(time.monotonic() - begin, 5)

    def test_a_name_with_several_addresses_leads_to_the_one_that_answers(self):
        for family in (socket.AF_INET, socket.AF_INET6):
            try:
                listener = self.listen(echo, family)
            except OSError:
                self.skipTest("no IPv6 here")
            server = self.start(f"localhost:{listener.port}")
            line, status, head = self.open(server, f"localhost:{listener.port}", b"hello")
            addresses = {one[4][0] for one in socket.getaddrinfo("localhost", None)}
            if family == socket.AF_INET6 and "::1" not in addresses:
                continue
            self.assertEqual(status, 200, head)
            self.assertEqual(line._take(5), b"hello")

    def test_too_many_tunnels_are_503(self):
        listener = self.listen(echo)
        server = self.start(f"127.0.0.1:{listener.port}", connect={"tunnels": 2})
        first, second = (self.tunnel(server, listener.port) for _ in range(2))
        _, status, head = self.open(server, f"127.0.0.1:{listener.port}")
        self.assertEqual(status, 503)
        self.assertIn("Retry-After:", head)
        first.socket.close()
        self.assertTrue(wait_for(lambda: self.open(server, f"127.0.0.1:{listener.port}")[1] == 200))
        self.assertEqual(server.ask().status, 200)
        second.send(b"x")
        self.assertEqual(second._take(1), b"x")


class Leaving(WithTunnels):
    """Who leaves while his tunnel is being connected gives his place back at once, not at `connect.timeout`."""

    def waiting(self, behind=b""):
        """A server whose only place is taken by somebody who waits for a destination that does not answer."""
        silent = self.silent()
        target = f"127.0.0.1:{silent.getsockname()[1]}"
        listener = self.listen(echo)
        server = self.start(target, f"127.0.0.1:{listener.port}", connect={"tunnels": 1, "timeout": "1m"})
        line = server.connect(timeout=30)
        self.addCleanup(line.socket.close)
        line.send(request("CONNECT", target, host=target) + behind)
        try_one = lambda: self.open(server, f"127.0.0.1:{listener.port}")[1]
        self.assertTrue(wait_for(lambda: try_one() == 503))
        return silent, server, line, try_one

    def assert_place_is_free(self, server, try_one):
        begin = time.monotonic()
        self.assertTrue(wait_for(lambda: try_one() == 200))
        self.assertLess(time.monotonic() - begin, 5)
        self.assertTrue(wait_for(lambda: re.search(r'"CONNECT \S+ HTTP/1.1" 499 ', server.access_log())), server.access_log())

    def test_a_reset(self):
        _, server, line, try_one = self.waiting()
        line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        line.socket.close()
        self.assert_place_is_free(server, try_one)

    def test_a_close(self):
        _, server, line, try_one = self.waiting()
        line.socket.close()
        self.assert_place_is_free(server, try_one)

    def test_who_has_sent_all_that_he_will_still_waits(self):
        """Half-closed, with something for the destination: it is taken there, and the answer comes back."""
        silent, server, line, try_one = self.waiting(b"hello")
        line.socket.shutdown(socket.SHUT_WR)
        time.sleep(0.5)
        self.assertEqual(try_one(), 503)
        silent.settimeout(20)
        try:  # the queue has room again, so the next attempt of the kernel succeeds
            while True:
                accepted, _ = silent.accept()
                self.addCleanup(accepted.close)
                accepted.settimeout(3)
                try:
                    if heard := accepted.recv(100):
                        break
                except socket.timeout:
                    continue
        except socket.timeout:
            self.fail("the tunnel was not connected")
        self.assertEqual(heard, b"hello")
        accepted.sendall(b"yes")
        self.assertIn(b" 200 ", line._take_until(b"\r\n\r\n"))
        self.assertEqual(line._take(3), b"yes")

    def test_a_server_that_stops_does_not_wait_for_it(self):
        silent = self.silent()
        target = f"127.0.0.1:{silent.getsockname()[1]}"
        server = self.start(target, connect={"timeout": "1m"}, limits={"drain_timeout": "500ms"})
        line = server.connect()
        self.addCleanup(line.socket.close)
        line.send(request("CONNECT", target, host=target))
        time.sleep(0.3)
        begin = time.monotonic()
        server.signal(signal.SIGTERM)
        server.wait()
        self.assertLess(time.monotonic() - begin, 1.9)  # beyond drain_timeout, it would wait two seconds for what hangs


class Bytes(WithTunnels):
    def test_the_head_of_the_answer_has_no_framing(self):
        listener = self.listen(echo)
        server = self.start(f"127.0.0.1:{listener.port}")
        _, status, head = self.open(server, f"127.0.0.1:{listener.port}", b"early")
        self.assertEqual(status, 200)
        for name in ("content-length", "transfer-encoding", "connection", "keep-alive"):
            self.assertNotIn(f"\n{name}:", head.lower())

    def test_requests_before_it_are_answered_first(self):
        listener = self.listen(echo)
        server = self.start(f"127.0.0.1:{listener.port}")
        line = server.connect()
        self.addCleanup(line.socket.close)
        target = f"127.0.0.1:{listener.port}"
        line.send(request("GET", "/") + request("CONNECT", target, host=target) + request("GET", "/"))
        self.assertEqual(line.answer().body, b"home")
        self.assertIn(b" 200 ", line._take_until(b"\r\n\r\n"))
        self.assertEqual(line._take(len(request("GET", "/"))), request("GET", "/"))  # it is the destination's now

    def test_half_close_and_a_gibibyte(self):
        listener = self.listen(say_after_the_end)
        server = self.start(f"127.0.0.1:{listener.port}")
        line = self.tunnel(server, listener.port)
        piece, count = bytes(range(256)) * 4096, 1024
        digest = hashlib.sha256()
        for _ in range(count):
            digest.update(piece)
            line.send(piece)
        line.socket.shutdown(socket.SHUT_WR)
        line.socket.settimeout(60)
        told = b"".join(iter(lambda: line.socket.recv(1000), b"")).decode()
        self.assertEqual(told, f"{count * len(piece)} {digest.hexdigest()}")
        self.assertEqual(self.ended(server, "finished"), (count * len(piece), len(told)))
        self.assertTrue(wait_for(lambda: re.search(rf'"CONNECT \S+ HTTP/1.1" 200 {len(told)} ', server.access_log())))

    def test_a_destination_may_end_first(self):
        def greet(line):
            line.sendall(b"bye")
            line.shutdown(socket.SHUT_WR)
            self.heard = line.recv(100)

        listener = self.listen(greet)
        server = self.start(f"127.0.0.1:{listener.port}")
        line = self.tunnel(server, listener.port)
        self.assertEqual(line._take(3), b"bye")
        self.assertEqual(line.socket.recv(1), b"")
        line.send(b"still here")
        line.socket.shutdown(socket.SHUT_WR)
        self.ended(server, "finished")
        self.assertEqual(self.heard, b"still here")

    def test_a_reset_is_passed_on(self):
        listener = self.listen(lambda line: (line.recv(1), line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                                                           struct.pack("ii", 1, 0))))
        server = self.start(f"127.0.0.1:{listener.port}")
        line = self.tunnel(server, listener.port)
        line.send(b"x")
        with self.assertRaises(ConnectionResetError):
            line.socket.recv(1)
        self.ended(server, "reset by the destination")


class Limits(WithTunnels):
    def cut(self, line):
        with self.assertRaises((ConnectionResetError, BrokenPipeError)):
            while line.socket.recv(65536):
                pass

    def test_idle_time(self):
        listener = self.listen(echo)
        server = self.start(f"127.0.0.1:{listener.port}", connect={"idle_timeout": "1s"}, limits={"idle_timeout": "200ms"})
        line = self.tunnel(server, listener.port)
        for _ in range(4):  # longer than connections of HTTP may rest, and in all longer than tunnels may
            time.sleep(0.6)
            line.send(b"x")
            self.assertEqual(line._take(1), b"x")
        begin = time.monotonic()
        self.cut(line)
        self.assertLess(time.monotonic() - begin, 4)
        self.assertEqual(self.ended(server, r"connect\.idle_timeout"), (4, 4))

    def test_life(self):
        listener = self.listen(echo)
        server = self.start(f"127.0.0.1:{listener.port}", connect={"max_time": "1s"})
        line = self.tunnel(server, listener.port)
        with self.assertRaises((ConnectionResetError, BrokenPipeError)):
            for _ in range(100):
                line.send(b"x")
                line._take(1)
                time.sleep(0.05)
        self.ended(server, r"connect\.max_time")

    def test_bytes(self):
        listener = self.listen(say_after_the_end)
        server = self.start(f"127.0.0.1:{listener.port}", connect={"max_bytes": "100k"})
        line = self.tunnel(server, listener.port)
        with self.assertRaises((ConnectionResetError, BrokenPipeError)):
            line.send(b"x" * (200 << 10))
            line.socket.recv(1)
        self.assertEqual(self.ended(server, r"connect\.max_bytes"), (100 << 10, 0))

    def test_bytes_count_for_the_rate_while_they_go(self):
        listener = self.listen(echo)
        server = self.start(f"127.0.0.1:{listener.port}", rate={"bytes": "100k"})
        line = self.tunnel(server, listener.port)
        begin = time.monotonic()
        line.send(b"x" * 150_000)  # with its echo it is three times what may go at once
        line.socket.settimeout(60)
        self.assertEqual(line._take(150_000), b"x" * 150_000)
        took = time.monotonic() - begin
        self.assertGreater(took, 1.5)
        self.assertLess(took, 20)
        # The tunnel stands, and what went through it counts for other requests, too.
        self.assertEqual(server.metrics()["fairlead_tunnels_active"], 1)
        def left():
            line.send(b"x" * 20_000)
            line._take(20_000)
            return int(re.search(r'"bytes";r=(\d+)', server.ask()["RateLimit"])[1])
        self.assertTrue(wait_for(lambda: left() < 95_000))
        line.socket.shutdown(socket.SHUT_WR)
        sent, got = self.ended(server, "finished")
        self.assertEqual(sent, got)

    def test_two_tunnels_share_the_rate_and_others_do_not(self):
        listener = self.listen(echo)
        server = self.start(f"127.0.0.1:{listener.port}", rate={"bytes": "100k"})
        lines = [self.tunnel(server, listener.port) for _ in range(2)]
        begin = time.monotonic()
        for line in lines:
            line.send(b"x" * 75_000)
        for line in lines:
            line.socket.settimeout(60)
            self.assertEqual(line._take(75_000), b"x" * 75_000)
        self.assertGreater(time.monotonic() - begin, 1.5)
        with server.connect(source="127.0.0.9") as other:
            self.assertEqual(other.ask().status, 200)

    def test_who_is_far_ahead_by_other_requests_is_cut_with_the_reason(self):
        listener = self.listen(echo)
        server = self.start(f"127.0.0.1:{listener.port}", rate={"bytes": "1k"}, connect={"idle_timeout": "1s"})
        line = self.tunnel(server, listener.port)
        (server.root / "large.txt").write_bytes(b"x" * 100_000)
        self.assertEqual(server.ask(target="/large.txt").status, 200)  # that is 97 seconds
        self.assertTrue(wait_for(lambda: server.ask().status == 429))  # charged when it has gone
        line.send(b"x")
        self.cut(line)
        self.assertEqual(self.ended(server, r"rate\.bytes"), (0, 0))

    def test_the_log_tells_when_it_stood_and_when_it_ended(self):
        listener = self.listen(echo)
        with tempfile.TemporaryDirectory(prefix="fairlead-connect-log-") as directory:
            file = Path(directory, "access.json")
            server = self.start(f"127.0.0.1:{listener.port}", log={"access": {"format": "json", "file": str(file)}})
            line = self.tunnel(server, listener.port)
            time.sleep(1)
            line.socket.shutdown(socket.SHUT_WR)
            self.ended(server, "finished")
            told = json.loads(wait_for(lambda: file.exists() and file.read_text()))
        self.assertGreaterEqual(told["duration"], 1)
        self.assertLess(told["ttfb"], 0.5)

    def test_drain(self):
        listener = self.listen(echo)
        server = self.start(f"127.0.0.1:{listener.port}", limits={"drain_timeout": "1500ms"})
        line = self.tunnel(server, listener.port)
        server.signal(signal.SIGTERM)
        self.assertTrue(server.wait_for_log("stopping: "))
        for _ in range(5):  # what stands goes on until drain_timeout
            line.send(b"x")
            self.assertEqual(line._take(1), b"x")
            time.sleep(0.1)
        self.cut(line)
        self.assertEqual(server.wait(), 3)
        self.ended(server, "server stopped")

    def test_a_tunnel_that_ends_lets_the_server_end(self):
        listener = self.listen(echo)
        server = self.start(f"127.0.0.1:{listener.port}")
        line = self.tunnel(server, listener.port)
        server.signal(signal.SIGTERM)
        self.assertTrue(server.wait_for_log("stopping: "))
        line.socket.close()
        self.assertEqual(server.wait(), 0)

    def test_five_hundred_leave_nothing_behind(self):
        listener = self.listen(echo)
        server = self.start(f"127.0.0.1:{listener.port}", "127.0.0.1:9")
        self.tunnel(server, listener.port).socket.close()
        self.assertTrue(wait_for(lambda: server.metrics()["fairlead_tunnels_active"] == 0))
        before = descriptors(server)
        big = b"x" * 300_000
        for turn in range(10):
            lines = [self.tunnel(server, listener.port, big if turn % 2 else b"hello") for _ in range(50)]
            for number, line in enumerate(lines):
                if number % 5 < 3 and not turn % 2:
                    line._take(5)
                if number % 5 == 0:
                    line.socket.shutdown(socket.SHUT_WR)
                if number % 5 == 1:
                    line.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                if number % 5:
                    line.socket.close()
            self.assertEqual(self.open(server, "127.0.0.1:9")[1], 502)
            for line in lines[::5]:
                while line.socket.recv(65536):
                    pass
                line.socket.close()
        self.assertTrue(wait_for(lambda: server.metrics()["fairlead_tunnels_active"] == 0))
        # Pipes that rest may stay; and the connection of the question for metrics.
        self.assertLessEqual(wait_for(lambda: descriptors(server) <= before + 34 and descriptors(server)), before + 34)
        self.assertEqual(server.metrics()["fairlead_tunnels_opened_total"], 501)


if __name__ == "__main__":
    unittest.main(verbosity=2)
