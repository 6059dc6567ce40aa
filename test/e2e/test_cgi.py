"""Scripts (RFC 3875): what they are told, what their output becomes, what bad ones get, and that nothing of them is left."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import support
from support import Server, wait_for

PHP = shutil.which("php-cgi")


def script(text):
    return b"#!/bin/sh\n" + text.encode()


def processes_of(server):
    """All processes that the server has below it, and their groups' members, without itself: [(id, command)]."""
    parents, commands = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            number, rest = path.read_text().split(" (", 1)
        except OSError:
            continue
        command, rest = rest.rsplit(") ", 1)
        parents[int(number)] = int(rest.split()[1])
        commands[int(number)] = command
    found = {server.process.pid}
    while more := {one for one, parent in parents.items() if parent in found and one not in found}:
        found |= more
    return sorted((one, commands[one]) for one in found - {server.process.pid})


PLAIN = "echo 'Content-Type: text/plain'; echo; "
FILES = {
    "env.cgi": script(PLAIN + "exec env"),
    "body.cgi": script(PLAIN + 'echo "$CONTENT_LENGTH|$CONTENT_TYPE"; exec cat'),
    "unread.cgi": script(PLAIN + "echo done"),
    "duplex.cgi": script(PLAIN + "head -c 400000 /dev/zero; exec wc -c"),
    "status.cgi": script("echo 'Status: 418 Whatever'; " + PLAIN + "echo tea"),
    "cookies.cgi": script("echo 'Set-Cookie: a=1'; echo 'Set-Cookie: b=2'; echo 'X-Accel-Redirect: /x'; " + PLAIN),
    "local.cgi": script("echo 'Location: /env.cgi/told?by=local'; echo"),
    "to_file.cgi": script("echo 'Location: /page.html'; echo"),
    "round.cgi": script("echo 'Location: /round.cgi'; echo"),
    "secret.cgi": script("echo 'Location: /.hidden.html'; echo"),
    "astray.cgi": script("echo 'Location: /../../etc/passwd'; echo"),
    "broken.cgi": script("echo 'Location: /a b'; echo"),
    "away.cgi": script("echo 'Location: https://other.example/x'; echo"),
    "stream.cgi": script(PLAIN + "echo one; sleep 0.5; echo two"),
    # Bad ones.
    "headless.cgi": script("echo '<html>'; echo; echo text"),
    "silent.cgi": script("exit 0"),
    "tricks.cgi": script("printf 'Content-Type: text/html\\rSet-Cookie: evil=1\\n\\nx'"),
    "endless_head.cgi": script("exec tr '\\0' x </dev/zero"),
    "endless.cgi": script(PLAIN + "exec cat /dev/zero"),
    "never.cgi": script("exec sleep 1000"),
    "stubborn.cgi": script("trap '' TERM; while :; do sleep 1000; done"),
    "lingers.cgi": script(PLAIN + "echo done; sleep 1000 >/dev/null 2>&1 </dev/null &"),
    "holds.cgi": script(PLAIN + "echo done; sleep 1000 &"),
    "escapes.cgi": script(PLAIN + "echo done; setsid sh -c 'sleep 1000 & sleep 1000' >/dev/null 2>&1 </dev/null &"),
    "slow/burns.cgi": script("while :; do :; done"),
    "complains.cgi": script("printf 'one\\ntwo \\033[31m\\n' >&2; " + PLAIN),
    "plain.cgi": b"no program",
    # Files beside them.
    "page.html": b"a page", "page.cgi.html": b"a page", "env.cgi.bak": b"source", "env.cgi.txt": b"source", "env.cgi~": b"source",
    ".hidden.html": b"hidden", "picture.jpg": b"picture", "folder/index.html": b"folder",
}


class Scripts(unittest.TestCase):
    settings = {
        "index": ["index.html", "index.cgi"], "limits": {"queue_timeout": "1s"},
        "cgi": {"programs": {"cgi": ""}, "timeout": "2s", "cpu_time": "1s", "max_output": "4m", "max_body": "2m",
                "environment": {"APP": "own"}},
        "routes": {"/slow": {"cgi": {"timeout": "1m"}}},
    }
    files = FILES

    @classmethod
    def setUpClass(cls):
        cls.server = Server(cls.settings, files=cls.files)
        cls.addClassCleanup(cls.server.close)
        for path in cls.server.root.rglob("*.cgi"):
            path.chmod(0o644 if path.name == "plain.cgi" else 0o755)

    def assert_nothing_left(self):
        self.assertTrue(wait_for(lambda: not processes_of(self.server), 8), processes_of(self.server))

    def variables(self, target, fields=(), **more):
        answer = self.server.ask(target=target, fields=fields, **more)
        self.assertEqual(answer.status, 200)
        return dict(line.split("=", 1) for line in answer.body.decode().splitlines())


class Variables(Scripts):
    def test_all_of_them(self):
        told = self.variables("/env.cgi/a%20b/c?q=%41&r", ["X-Own: 1", "X-Own: 2", "Proxy: evil", "X_Own: 3", "Cookie: a=b",
                                                         "Authorization: Basic eDp5"])
        root = str(self.server.root)
        for name, value in {
            "SCRIPT_NAME": "/env.cgi", "PATH_INFO": "/a b/c", "PATH_TRANSLATED": root + "/a b/c", "QUERY_STRING": "q=%41&r",
            "REQUEST_URI": "/env.cgi/a%20b/c?q=%41&r", "REQUEST_METHOD": "GET", "SERVER_PROTOCOL": "HTTP/1.1",
            "SERVER_NAME": "localhost", "SERVER_PORT": str(self.server.port), "REMOTE_ADDR": "127.0.0.1", "HTTP_X_OWN": "1, 2",
            "HTTP_COOKIE": "a=b", "REDIRECT_STATUS": "200", "DOCUMENT_ROOT": root, "SCRIPT_FILENAME": root + "/env.cgi",
            "GATEWAY_INTERFACE": "CGI/1.1", "APP": "own", "PATH": "/usr/local/bin:/usr/bin:/bin",
        }.items():
            self.assertEqual(told.get(name), value, name)
        for name in ("HTTP_PROXY", "HTTP_AUTHORIZATION", "HTTPS", "CONTENT_LENGTH", "HOME", "USER", "HTTP_CONNECTION"):
            self.assertNotIn(name, told)

    def test_body(self):
        for size in (0, 1, 70_000, 2_000_000):
            with self.subTest(size):
                answer = self.server.ask("POST", "/body.cgi", ["Content-Type: a/b"], b"x" * size)
                self.assertEqual(answer.body, f"{size}|a/b\n".encode() + b"x" * size)
        with self.server.connect() as line:
            line.send(support.request("POST", "/body.cgi", ["Transfer-Encoding: chunked"]) + b"3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n")
            self.assertEqual(line.answer().body, b"7|\nabcdefg")
        self.assertEqual(self.server.ask("POST", "/body.cgi", (), b"x" * ((2 << 20) + 1)).status, 413)

    def test_nobody_has_to_read_the_body(self):
        self.assertEqual(self.server.ask("POST", "/unread.cgi", (), b"x" * 2_000_000).body, b"done\n")
        answer = self.server.ask("POST", "/duplex.cgi", (), b"x" * 2_000_000)
        self.assertEqual(answer.body, b"\0" * 400_000 + b"2000000\n")

    def test_a_half_close_is_not_leaving(self):
        with self.server.connect() as line:
            line.send(support.request("GET", "/stream.cgi"))
            line.socket.shutdown(1)
            self.assertEqual(line.answer().body, b"one\ntwo\n")


class Output(Scripts):
    def test_status_and_fields(self):
        self.assertEqual(self.server.ask(target="/status.cgi").status, 418)
        cookies = self.server.ask(target="/cookies.cgi")
        self.assertEqual(cookies["Set-Cookie"], "a=1, b=2")
        self.assertIsNone(cookies["X-Accel-Redirect"])

    def test_local_redirects(self):
        answer = self.server.ask("POST", "/local.cgi", (), b"body")
        told = dict(line.split("=", 1) for line in answer.body.decode().splitlines())
        self.assertEqual((told["REQUEST_METHOD"], told["PATH_INFO"], told["QUERY_STRING"]), ("GET", "/told", "by=local"))
        self.assertNotIn("CONTENT_LENGTH", told)
        self.assertEqual(self.server.ask(target="/to_file.cgi").body, b"a page")
        self.assertEqual(self.server.ask(target="/round.cgi").status, 502)
        self.assertEqual(self.server.ask(target="/secret.cgi").status, 404)
        for name in ("astray", "broken"):
            self.assertEqual(self.server.ask(target=f"/{name}.cgi").status, 502)
        self.assertTrue(self.server.wait_for_log("its local Location is no path"))
        self.assertNotIn("security event=", self.server.log(), "which the client has not sent")

    def test_redirect_of_the_client(self):
        answer = self.server.ask(target="/away.cgi")
        self.assertEqual((answer.status, answer["Location"], answer.body), (302, "https://other.example/x", b""))

    def test_head_has_no_body(self):
        answer = self.server.ask("HEAD", "/status.cgi")
        self.assertEqual((answer.status, answer.body), (418, b""))

    def test_comes_as_it_is_made(self):
        with self.server.connect() as line:
            line.send(support.request("GET", "/stream.cgi"))
            begin = time.monotonic()
            line._take_until(b"one\n")
            self.assertLess(time.monotonic() - begin, 0.4)

    def test_sources_are_never_sent(self):
        for target in ("/env.cgi.bak", "/env.cgi.txt", "/env.cgi~", "/env.cgi.gz", "/page.cgi.html", "/env.CGI"):
            with self.subTest(target):
                answer = self.server.ask(target=target)
                self.assertIn(answer.status, (404, 415))
                self.assertNotIn(b"source", answer.body)
        self.assertIn(self.server.ask(target="/picture.jpg/env.cgi").status, (404, 415))
        self.assertEqual(self.server.ask(target="/page.html").body, b"a page")
        self.assertEqual(self.server.ask(target="/folder/").body, b"folder")


class Streamed(Scripts):
    """Bodies that are longer than `cgi.request_buffer`."""

    beyond = 65_537
    settings = support.merged(Scripts.settings, {
        "cgi": {"max_body": "2g", "max_output": "2g", "processes": 2, "queue": 0, "cpu_time": "1m"},
        "limits": {"header_timeout": "1s", "idle_timeout": "1s"}})
    files = {
        "first.cgi": script(PLAIN + "head -c 6; exec wc -c"),
        "echo.cgi": script(PLAIN + "exec cat"),
        "slow/echo.cgi": script(PLAIN + "exec cat"),
        "count.cgi": script("n=$(wc -c); " + PLAIN + "echo $n"),
        "digest.cgi": script(PLAIN + "echo $CONTENT_LENGTH; exec sha256sum"),
        "by_name.cgi": script(PLAIN + "exec wc -c /dev/stdin"),
        "refuses.cgi": script("echo 'Status: 403'; " + PLAIN + "echo no"),
        "refuses_long.cgi": script("echo 'Status: 403'; " + PLAIN + "head -c 3000000 /dev/zero"),
        "closes.cgi": script("exec 0<&-; sleep 1.4; " + PLAIN + "echo done"),
        "late.cgi": script("sleep 1; " + PLAIN + "exec wc -c"),
        "slow.cgi": script(PLAIN + "head -c 1 >/dev/null; sleep 3; exec wc -c"),
        "never.cgi": script("exec sleep 1000"),
        "whole.cgi": script("cat >/dev/null; echo >whole; " + PLAIN),
        "whole_late.cgi": script("trap '' TERM; " + PLAIN + "echo begun; cat >/dev/null; echo >whole"),
        "redirects.cgi": script("echo 'Location: /told.cgi'; echo"),
        "told.cgi": script(PLAIN + "echo \"$REQUEST_METHOD|$CONTENT_LENGTH\""),
    }

    def tearDown(self):
        self.assert_nothing_left()

    def begin(self, line, name, size, sent, fields=(), method="POST"):
        """Sends the head of a request with a body of `size` bytes, and the first of them."""
        line.send(support.request(method, f"/{name}.cgi", [f"Content-Length: {size}", *fields]) + sent)

    def send_meanwhile(self, name, body):
        """The answer to a request whose body is sent while it is read."""
        with self.server.connect() as line:
            self.begin(line, name, len(body), b"")
            sender = support.Sender(line, [body])
            answer = line.answer()
            sender.join()
            return answer

    def test_the_first_bytes_are_read_before_the_last_are_sent(self):
        for sent in (self.beyond, 100_000, 200_000):  # the last of them is more than a pipe holds
            with self.subTest(sent), self.server.connect() as line:
                self.begin(line, "first", 300_000, b"abcdef" + b"x" * (sent - 6))
                self.assertEqual(line.head().status, 200)
                content = line.pieces()
                self.assertEqual(next(content), b"abcdef")
                line.send(b"x" * (300_000 - sent))
                self.assertEqual(b"".join(content).strip(), b"299994")
                self.assertTrue(line.is_at_end())

    def test_one_that_waits_for_an_echo_gets_it(self):
        with self.server.connect() as line:
            self.begin(line, "echo", 70_000 + 3 * 5, b"x" * 70_000)
            self.assertEqual(line.head().status, 200)
            content, seen = line.pieces(), b""
            for word in (b"", b"first", b"other", b"third"):
                line.send(word)
                while not seen.endswith(word or b"x" * 70_000):
                    seen += next(content)
            self.assertEqual(list(content), [])

    def test_digests_of_bodies(self):
        for size in (65_535, 65_536, 65_537, 131_072, 300_001, 20_000_000):
            body = support.varied(size)
            answer = self.server.ask("POST", "/digest.cgi", (), body)
            self.assertEqual(answer.body.decode().split()[:2], [str(size), hashlib.sha256(body).hexdigest()])

    def test_one_gibibyte_there_and_back_in_bounded_memory(self):
        size = (64 << 20) if self.server.is_sanitized() else (1 << 30)
        pattern = support.Pattern(size)
        support.forget_peak(self.server)
        before = self.server.memory()
        with self.server.connect(timeout=60) as line:
            self.begin(line, "slow/echo", size, b"")
            sender = support.Sender(line, pattern.pieces())
            self.assertEqual(line.head().status, 200)
            for piece in line.pieces():
                pattern.take(piece)
            self.assertIsNone(sender.join())
        self.assertEqual(pattern.received.digest(), pattern.sent.digest())
        if not self.server.is_sanitized():
            self.assertLess(support.peak_memory(self.server) - before, 4 << 20)
        self.assertTrue(wait_for(lambda: f'"POST /slow/echo.cgi HTTP/1.1" 200 {size}' in self.server.access_log()))

    def test_the_input_can_be_opened_by_name(self):
        self.assertEqual(self.server.ask("POST", "/by_name.cgi", (), b"x" * 500_000).body, b"500000 /dev/stdin\n")

    def test_a_script_that_answers_without_reading(self):
        body = b"x" * 8_000_000
        for name, content in (("refuses", b"no\n"), ("refuses_long", b"\0" * 3_000_000)):
            for _ in range(5):
                with self.subTest(name):
                    got = self.send_meanwhile(name, body)
                    self.assertEqual((got.status, got["Connection"], got.body), (403, "close", content))

    def test_a_script_that_closes_its_input(self):
        # Longer than a client may be silent: it is not the client who is waited for.
        self.assertEqual(self.send_meanwhile("closes", b"x" * 8_000_000).body, b"done\n")

    def test_a_script_that_reads_late_is_not_the_clients_fault(self):
        self.assertEqual(self.server.ask("POST", "/late.cgi", (), b"x" * 8_000_000).body, b"8000000\n")

    def test_the_time_of_the_client_does_not_count(self):
        with self.server.connect() as line:  # 3 s, of 2 that the script has
            self.begin(line, "digest", 80_000, b"x" * 70_000)
            for _ in range(5):
                time.sleep(0.6)
                line.send(b"x" * 2_000)
            self.assertEqual(line.answer().body.split()[:2], [b"80000", hashlib.sha256(b"x" * 80_000).hexdigest().encode()])

    def test_the_time_of_the_script_does(self):
        with self.server.connect() as line:
            self.begin(line, "slow", 8_000_000, b"")
            sender = support.Sender(line, [b"x" * 8_000_000])
            self.assertEqual(line.head().status, 200)
            with self.assertRaises((EOFError, ConnectionError)):
                list(line.pieces())
            sender.join()
        self.assertTrue(self.server.wait_for_log(r"/slow\.cgi of request .* cut off after 2000 ms"))

    def test_a_client_is_told_to_go_on(self):
        with self.server.connect() as line:
            self.begin(line, "digest", 100_000, b"", ["Expect: 100-continue"])
            self.assertEqual(line.answer().status, 100)
            line.send(b"x" * 100_000)
            self.assertEqual(line.answer().body.split()[0], b"100000")

    def assert_not_whole(self, name, is_logged=True):
        if is_logged:
            self.assertTrue(self.server.wait_for_log(
                rf"info script /{name}\.cgi of request [0-9a-f]+ was ended: it cannot be given all of the body: "), self.server.log())
        self.assert_nothing_left()
        self.assertFalse((self.server.root / "whole").exists())

    def test_a_client_that_stalls(self):
        with self.server.connect() as line:
            self.begin(line, "whole", 100_000, b"x" * 90_000)
            begin = time.monotonic()
            got = line.answer()
            self.assertEqual((got.status, got["Connection"]), (408, "close"))
            self.assertLess(time.monotonic() - begin, 4)
        self.assert_not_whole("whole")

    def test_a_client_that_stalls_behind_the_begin_of_the_answer(self):
        with self.server.connect() as line:
            self.begin(line, "whole_late", 100_000, b"x" * 90_000)
            self.assertEqual(line.head().status, 200)
            with self.assertRaises((EOFError, ConnectionError)):
                list(line.pieces())
        self.assert_not_whole("whole_late")

    def test_a_body_that_ends_early(self):
        for name, method in (("whole", "POST"), ("whole_late", "HEAD")):  # of HEAD the output is dropped, whatever it is
            with self.subTest(method), self.server.connect() as line:
                self.begin(line, name, 100_000, b"x" * 90_000, method=method)
                self.assertTrue(wait_for(lambda: processes_of(self.server)))
                line.socket.shutdown(1)
                self.assertEqual(line.answer(is_head=method == "HEAD").status, 400)
            self.assert_not_whole(name)

    def test_a_client_that_leaves(self):
        for with_reset in (False, True):
            data = support.request("POST", "/whole.cgi", ["Content-Length: 100000"]) + b"x" * 90_000
            support.vanish(self.server.port, data, with_reset, when=lambda: processes_of(self.server))
            self.assert_not_whole("whole", is_logged=not with_reset)
            told = "499" if with_reset else "400|499"
            self.assertTrue(wait_for(lambda: re.search(rf'"POST /whole.cgi HTTP/1.1" ({told})', self.server.access_log())))

    def test_a_local_redirect_leaves_the_body(self):
        self.assertEqual(self.send_meanwhile("redirects", b"x" * 2_000_000).body, b"GET|\n")

    def test_a_head_with_a_body(self):
        with self.server.connect() as line:
            line.send(support.request("HEAD", "/digest.cgi", (), b"x" * 100_000))
            self.assertEqual(line.answer(is_head=True).status, 200)
            line.send(support.request("GET", "/told.cgi"))
            self.assertEqual(line.answer().body, b"GET|\n")

    def test_a_connection_goes_on_behind_a_body_that_was_read_before_the_answer(self):
        with self.server.connect() as line:
            for _ in range(3):
                self.assertEqual(line.ask("POST", "/count.cgi", (), b"x" * 200_000).body.split()[0], b"200000")

    def test_places_that_are_taken_are_told_before_the_body_is_sent(self):
        with self.server.connect() as one, self.server.connect() as two, self.server.connect() as third:
            for line in (one, two):
                line.send(support.request("GET", "/never.cgi"))
            self.assertTrue(wait_for(lambda: len(processes_of(self.server)) == 2))
            self.begin(third, "digest", 1_000, b"")  # and nothing more
            self.assertEqual(third.answer().status, 503)

    def test_a_slow_client_holds_no_script_for_a_small_body(self):
        with self.server.connect() as line:
            self.begin(line, "digest", 60_000, b"x" * 50_000)
            time.sleep(0.4)
            self.assertEqual(processes_of(self.server), [])
            line.send(b"x" * 10_000)
            self.assertEqual(line.answer().body.split()[0], b"60000")

    def test_what_comes_in_chunks_is_taken_in_whole(self):
        with self.server.connect() as line:
            line.send(support.request("POST", "/digest.cgi", ["Transfer-Encoding: chunked"]) + b"%x\r\n" % 200_000 + b"x" * 200_000)
            time.sleep(0.4)
            self.assertEqual(processes_of(self.server), [])
            line.send(b"\r\n0\r\n\r\n")
            self.assertEqual(line.answer().body.split()[0], b"200000")


class StreamedAtOnce(Streamed):
    beyond = 6
    settings = support.merged(Streamed.settings, {"cgi": {"request_buffer": "0"}})

    def test_a_slow_client_holds_no_script_for_a_small_body(self):
        with self.server.connect() as line:
            self.begin(line, "first", 7, b"")
            self.assertTrue(wait_for(lambda: processes_of(self.server)))
            line.send(b"abcdefg")
            self.assertEqual(line.answer().body.split(), [b"abcdef1"])


class StreamedBehindAFile(Streamed):
    beyond = 70_001
    settings = support.merged(Streamed.settings, {"cgi": {"request_buffer": "70000"}})


class TakenInWhole(Scripts):
    settings = support.merged(Streamed.settings, {"cgi": {"max_body": "8m", "request_buffer": "8m"}})
    files = Streamed.files

    def test_who_sends_everything_first_gets_the_echo(self):
        body = support.varied(8 << 20)
        self.assertEqual(self.server.ask("POST", "/echo.cgi", (), body).body, body)


class ManySlowClients(Scripts):
    settings = support.merged(Scripts.settings, {"cgi": {"processes": 2, "queue": 0}})
    files = Streamed.files

    def test_slow_clients_with_large_bodies_leave_places_for_others(self):
        with self.server.connect() as first, self.server.connect() as second:
            for line, held in ((first, 1), (second, 1)):
                line.send(support.request("POST", "/digest.cgi", ["Content-Length: 200000"]) + b"x" * 70_000)
                self.assertTrue(wait_for(lambda: len(processes_of(self.server)) == held))
                time.sleep(0.3)
                self.assertEqual(len(processes_of(self.server)), held)
            for _ in range(3):  # a place is free a moment after its script has ended
                self.assertTrue(wait_for(lambda: self.server.ask(target="/told.cgi").status == 200))
            self.assertTrue(wait_for(lambda: len(processes_of(self.server)) == 1))
            time.sleep(0.3)
            for line in (second, first):
                line.send(b"x" * (200_000 - 70_000))
                self.assertEqual(line.answer().body.decode().split()[:2], ["200000", hashlib.sha256(b"x" * 200_000).hexdigest()])


class Bad(Scripts):
    def test_table(self):
        """Script, status, and what the log says with the request's id."""
        for name, status, said in (
            ("headless", 502, r'a line of the head is no \\"Name: value\\": \\"<html>\\"|a line of the head is no "Name: value": "<html>"'),
            ("silent", 502, "the output is empty"),
            ("tricks", 502, "control byte"),
            ("endless_head", 502, "longer than 32768 bytes, or has no end"),
            ("never", 504, r"cut off after 2000 ms \(cgi\.timeout\)"),
            ("stubborn", 504, r"cut off after 2000 ms \(cgi\.timeout\)"),
            ("slow/burns", 504, r"ended by signal 24: it used more than cgi\.cpu_time"),
            ("plain", 500, "chmod \\+x"),
        ):
            with self.subTest(name):
                answer = self.server.ask(target=f"/{name}.cgi")
                self.assertEqual(answer.status, status)
                self.assertNotIn(str(self.server.root).encode(), answer.body)
                line = self.server.wait_for_log(f"(?m)^.*{answer['X-Request-Id']}.*({said}).*$")
                self.assertTrue(line, self.server.log()[-600:])
        self.assert_nothing_left()

    def test_endless_output_is_cut(self):
        with self.server.connect() as line:
            line.send(support.request("GET", "/endless.cgi"))
            with self.assertRaises((EOFError, ConnectionError)):
                line.answer()
        self.assertTrue(self.server.wait_for_log(r"more than 4194304 bytes \(cgi\.max_output\)"))
        self.assert_nothing_left()

    def test_what_forks_and_lingers_is_gone_with_the_answer(self):
        for name in ("lingers", "holds", "escapes"):
            with self.subTest(name):
                begin = time.monotonic()
                self.assertEqual(self.server.ask(target=f"/{name}.cgi").body, b"done\n")
                self.assertLess(time.monotonic() - begin, 4)
                self.assert_nothing_left()

    def test_complaints_are_logged_with_the_id(self):
        answer = self.server.ask(target="/complains.cgi")
        self.assertEqual(answer.status, 200)
        self.assertTrue(self.server.wait_for_log(f"script /complains.cgi of request {answer['X-Request-Id']} says: one"))
        self.assertTrue(self.server.wait_for_log("says: two"))
        self.assertNotIn("\033", self.server.log())

    def test_a_client_that_leaves_takes_its_script_along(self):
        support.vanish(self.server.port, support.request("GET", "/never.cgi"), True, when=lambda: processes_of(self.server))
        self.assertTrue(wait_for(lambda: not processes_of(self.server), 1.8))  # sooner than the limit of time


class Starting(unittest.TestCase):
    def refused(self, settings, **files):
        with self.assertRaises(RuntimeError) as caught:
            Server(settings, files={"a.cgi": b"x", **files}).close()
        return str(caught.exception)

    def test_one_program_for_all_paths(self):
        with tempfile.TemporaryDirectory(prefix="fairlead-e2e-") as directory:
            tool = Path(directory, "tool")
            tool.write_bytes(script(PLAIN + 'echo "$SCRIPT_NAME|$PATH_INFO|$0|$PWD"'))
            tool.chmod(0o755)
            server = Server({"routes": {"/one": {"cgi": {"script": "tool"}}}}, directory=directory)
            self.addCleanup(server.close)
            for target, told in (("/one", "/one||"), ("/one/", "/one|/|"), ("/one/a%20b.html", "/one|/a b.html|")):
                self.assertEqual(server.ask(target=target).body.decode(), f"{told}./tool|{directory}\n")

    def test_the_queue_has_the_limits_of_the_top(self):
        server = Server({"cgi": {"programs": {"cgi": ""}, "processes": 1, "timeout": "3s"}, "limits": {"queue_timeout": "200ms"}},
                        files={"never.cgi": FILES["never.cgi"]})
        self.addCleanup(server.close)
        (server.root / "never.cgi").chmod(0o755)
        with server.connect() as first:
            first.send(support.request("GET", "/never.cgi"))
            self.assertTrue(wait_for(lambda: processes_of(server)))
            begin = time.monotonic()
            self.assertEqual(server.ask(target="/never.cgi").status, 503)
            self.assertLess(time.monotonic() - begin, 2)

    def test_children_of_whoever_became_the_server_are_no_scripts(self):
        # As in a container whose first process starts another service, and then becomes the server.
        start = ["sh", "-c", 'sleep 300 & setsid sh -c "sleep 300; true" & exec "$@"', "sh"]
        server = Server({"cgi": {"programs": {"cgi": ""}}}, files={name: FILES[name] for name in ("escapes.cgi",)},
                        started_by=start)
        self.addCleanup(server.close)
        (server.root / "escapes.cgi").chmod(0o755)
        self.assertTrue(wait_for(lambda: [name for _, name in processes_of(server)].count("sleep") == 2))
        before = processes_of(server)
        self.addCleanup(lambda: [os.kill(number, signal.SIGKILL) for number, _ in before])
        for _ in range(2):
            self.assertEqual(server.ask(target="/escapes.cgi").body, b"done\n")
            self.assertTrue(wait_for(lambda: processes_of(server) == before, 8), processes_of(server))
            time.sleep(0.3)
            self.assertEqual(processes_of(server), before)

    def test_an_interpreter_that_is_missing(self):
        self.assertIn("/cgi/programs/cgi", self.refused({"cgi": {"programs": {"cgi": "/does/not/exist"}}}))

    def test_uploads_among_scripts(self):
        said = self.refused({"root": ".", "uploads": {"directory": "uploads", "inside_root": True},
                             "cgi": {"programs": {"cgi": ""}}})
        self.assertIn("everyone who may upload could run programs", said)

    def test_scripts_that_another_route_would_send(self):
        said = self.refused({"cgi": {"programs": {"cgi": ""}},
                             "routes": {"/source": {"root": "www", "cgi": {"programs": {}}, "types": ["cgi"]}}})
        self.assertIn("would be sent as files", said)


class StartedOddly(unittest.TestCase):
    def test_children_that_are_ignored_and_signals_that_are_blocked(self):
        def inherit():
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        with tempfile.TemporaryDirectory() as folder:
            script_file = Path(folder, "www", "a.cgi")
            script_file.parent.mkdir()
            script_file.write_bytes(script(PLAIN + "echo done"))
            script_file.chmod(0o755)
            config = Path(folder, "config.json")
            config.write_text(json.dumps({"listen": ["127.0.0.1:0"], "admin": {"listen": []}, "root": "www", "cgi": {"programs": {"cgi": ""}}}))
            process = subprocess.Popen([support.binary(), "-c", config], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
                                       preexec_fn=inherit, env=support.environment())
            with process:
                self.addCleanup(process.kill)
                while not (found := re.search(r"listening on http://\S+:(\d+)", process.stderr.readline())):
                    self.assertIsNone(process.poll())
                for _ in range(2):
                    with support.Connection(int(found[1]), timeout=5) as line:
                        self.assertEqual(line.ask(target="/a.cgi").body, b"done\n")
                process.terminate()
                self.assertEqual(process.wait(10), 0)


class Stopping(Scripts):
    settings = support.merged(Scripts.settings, {"cgi": {"timeout": "1m"}, "limits": {"drain_timeout": "500ms"}})

    def test_no_script_outlives_the_server(self):
        with self.server.connect() as line:
            line.send(support.request("GET", "/stubborn.cgi"))
            self.assertTrue(wait_for(lambda: processes_of(self.server)))
            left = [number for number, _ in processes_of(self.server)]
            self.assertEqual(self.server.stop(), 3)
        self.assertFalse([number for number in left if os.path.exists(f"/proc/{number}")])


@unittest.skipUnless(PHP, "php-cgi is not installed")
class Php(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(
            {"index": ["index.php"], "try": ["/index.php"], "cgi": {"programs": {"php": PHP or ""}, "max_body": "4m"}},
            files={
                "index.php": b"<?php echo 'front ', $_SERVER['REQUEST_URI'], ' ', $_GET['a'] ?? '-';",
                "sub/a.php": b"<?php header('X-Here: ' . __DIR__); echo json_encode([$_SERVER['SCRIPT_NAME'], "
                             b"$_SERVER['PATH_INFO'] ?? null, $_SERVER['PHP_SELF'], getcwd()]);",
                "post.php": b"<?php echo strlen($_POST['text'] ?? ''), ' ', $_FILES['f']['size'] ?? 'none';",
                "login.php": b"<?php setcookie('s', '1'); header('Location: /index.php?a=b'); exit;",
                "broken.php": b"<?php not php",
            })
        cls.addClassCleanup(cls.server.close)

    def test_front_controller(self):
        self.assertEqual(self.server.ask(target="/").body, b"front / -")
        self.assertEqual(self.server.ask(target="/some/page?a=7").body, b"front /some/page?a=7 7")

    def test_path_info(self):
        answer = self.server.ask(target="/sub/a.php/x/y")
        sub = str(self.server.root / "sub")
        self.assertEqual(answer["X-Here"], sub)
        self.assertEqual(answer.body.decode().replace("\\/", "/"), f'["/sub/a.php","/x/y","/sub/a.php/x/y","{sub}"]')

    def test_forms(self):
        body = b"text=" + b"x" * 100_000
        fields = ["Content-Type: application/x-www-form-urlencoded"]
        self.assertEqual(self.server.ask("POST", "/post.php", fields, body).body, b"100000 none")
        content_type, form = support.form(support.part("text", b"four"), support.part("f", b"y" * 1_000_000, "f.bin", "a/b"))
        self.assertEqual(self.server.ask("POST", "/post.php", [content_type], form).body, b"4 1000000")

    def test_redirect_with_a_cookie(self):
        answer = self.server.ask(target="/login.php")
        self.assertEqual((answer.status, answer["Location"], answer["Set-Cookie"]), (302, "/index.php?a=b", "s=1"))

    def test_broken_source_is_not_shown(self):
        answer = self.server.ask(target="/broken.php")
        self.assertNotIn(b"<?php", answer.body)


if __name__ == "__main__":
    unittest.main(verbosity=2)
