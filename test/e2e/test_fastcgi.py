"""FastCGI: a real php-fpm, and applications that do what no application should."""

import hashlib
import os
import re
import signal
import socket
import struct
import threading
import time
import unittest

import fastcgi_peers as peers
from fastcgi_peers import Application, Gone, PhpFpm, answer, end, record
from support import Connection, Pattern, Sender, Server, peak_memory, forget_peak, request, vanish, wait_for

SCRIPTS = {
    "hello.php": b"<?php header('Content-Type: text/plain'); echo 'hello';",
    "index.php": b"<?php header('Content-Type: text/plain'); echo 'index ', $_SERVER['REQUEST_URI'];",
    "vars.php": b"<?php header('Content-Type: application/json'); unset($_SERVER['argv'], $_SERVER['argc']); echo json_encode($_SERVER);",
    "post.php": b"<?php header('Content-Type: text/plain'); echo $_SERVER['CONTENT_LENGTH'], ' ', md5(file_get_contents('php://input'));",
    "echo.php": b"<?php header('Content-Type: application/octet-stream'); $in = fopen('php://input', 'rb');"
                b" while (!feof($in)) { echo fread($in, 65536); flush(); }",
    "upload.php": b"<?php header('Content-Type: text/plain'); echo $_FILES['f']['name'], ' ', md5_file($_FILES['f']['tmp_name']), ' ', $_POST['a'];",
    "big.php": b"<?php header('Content-Type: application/octet-stream'); ini_set('max_execution_time', 0);"
               b" for ($i = 0; $i < (int)$_GET['mib']; $i++) echo str_repeat(chr(65 + $i % 26), 1 << 20);",
    "slow.php": b"<?php usleep(1000 * (int)$_GET['ms']); header('Content-Type: text/plain'); echo 'late';",
    "pieces.php": b"<?php header('Content-Type: text/plain'); for ($i = 0; $i < 5; $i++) { echo $i; flush(); usleep(100000); }",
    "status.php": b"<?php http_response_code((int)$_GET['code']); header('X-Own: yes'); if (isset($_GET['to'])) header('Location: ' . $_GET['to']);",
    "errors.php": b"<?php error_log(\"first line\\x1b[31m red\\nsecond request 000 answered\"); echo 'ok';",
    "die.php": b"<?php posix_kill(getmypid(), 9);",
    "fatal.php": b"<?php no_such_function();",
    "cookies.php": b"<?php header('Content-Type: text/plain'); setcookie('a', '1'); setcookie('b', '2'); echo $_COOKIE['c'] ?? '', $_COOKIE['d'] ?? '';",
    "sub/path.php": b"<?php header('Content-Type: text/plain'); echo $_SERVER['SCRIPT_NAME'], '|', $_SERVER['PATH_INFO'] ?? '-', '|', $_SERVER['SCRIPT_FILENAME'];",
    "plain.txt": b"a file\n",
    "picture.jpg": b"<?php echo 'run';",
}


def site(*servers, **fastcgi):
    settings = {"fastcgi": {"servers": list(servers), **fastcgi}, "index": ["index.html", "index.php"]}
    if "types" not in settings:
        settings["types"] = ["txt", "php", "jpg"]  # listing the extension does not publish sources
    return settings


class Ended(unittest.TestCase):
    """Closes what a test has made, in the reverse order."""

    def serve(self, settings, files=SCRIPTS, **more):
        server = Server(settings, files=files, **more)
        self.addCleanup(server.close)
        return server

    def application(self, act, **more):
        made = Application(act, **more)
        self.addCleanup(made.close)
        return made


@unittest.skipUnless(peers.PHP_FPM, "php-fpm is missing: app/install-packages test")
class RealPhp(Ended):
    """Everything over the unix socket; RealPhpOverTcp repeats it."""

    tcp = False

    @classmethod
    def setUpClass(cls):
        cls.fpm = PhpFpm(tcp=cls.tcp, ini="post_max_size = 80M\nupload_max_filesize = 80M\ndisplay_errors = 0\nlog_errors = 1")
        cls.server = Server(site(cls.fpm.address, max_body="80m", authorization=True), files=SCRIPTS)

    @classmethod
    def tearDownClass(cls):
        cls.server.close()
        cls.fpm.close()

    def test_scripts_are_run_and_files_are_files(self):
        got = self.server.ask(target="/hello.php")
        self.assertEqual((got.status, got.body, got["Content-Type"]), (200, b"hello", "text/plain;charset=UTF-8"))
        self.assertEqual(got["Content-Length"], "5")
        self.assertEqual(self.server.ask(target="/plain.txt").body, b"a file\n")
        self.assertEqual(self.server.ask(target="/").body, b"index /")
        self.assertEqual(self.server.ask(target="/?a=%2F").body, b"index /?a=%2F")
        self.assertEqual(self.server.ask(target="/none.php").status, 404)

    def test_one_connection_many_requests(self):
        with self.server.connect() as line:
            for n in range(50):
                got = line.ask(target="/hello.php" if n % 2 else "/plain.txt")
                self.assertEqual(got.status, 200)

    def test_variables(self):
        import json
        with self.server.connect() as line:
            port = line.socket.getsockname()[1]
            got = line.ask("GET", "/vars.php/more%20info/x?q=%41&b", [
                "X-Thing: a", "X-Thing: b", "Cookie: c=1", "Proxy: http://evil", "X_Thing: under",
                "Authorization: Basic dTpw", "Accept-Language: de"])
        seen = json.loads(got.body)
        root = str(self.server.root)
        for name, value in {
                "SCRIPT_NAME": "/vars.php", "PATH_INFO": "/more info/x", "QUERY_STRING": "q=%41&b", "REQUEST_METHOD": "GET",
                "REQUEST_URI": "/vars.php/more%20info/x?q=%41&b", "SCRIPT_FILENAME": root + "/vars.php", "DOCUMENT_ROOT": root,
                "SERVER_PROTOCOL": "HTTP/1.1", "GATEWAY_INTERFACE": "CGI/1.1", "SERVER_NAME": "localhost",
                "SERVER_ADDR": "127.0.0.1", "SERVER_PORT": str(self.server.port), "REMOTE_ADDR": "127.0.0.1", "REMOTE_PORT": str(port),
                "HTTP_X_THING": "a, b", "HTTP_COOKIE": "c=1", "HTTP_ACCEPT_LANGUAGE": "de", "PHP_AUTH_USER": "u",
                "REDIRECT_STATUS": "200"}.items():
            self.assertEqual(seen.get(name), value, name)
        for name in ("HTTP_PROXY", "CONTENT_LENGTH", "HTTPS", "HTTP_CONNECTION"):
            self.assertNotIn(name, {k: v for k, v in seen.items() if v != ""}, name)

    def test_path_info_is_split_at_the_script(self):
        root = str(self.server.root)
        self.assertEqual(self.server.ask(target="/sub/path.php/a/b.txt").body, f"/sub/path.php|/a/b.txt|{root}/sub/path.php".encode())
        self.assertEqual(self.server.ask(target="/sub/path.php").body, f"/sub/path.php|-|{root}/sub/path.php".encode())

    def test_what_is_no_script_is_not_run(self):
        # The classical hole: a picture with PHP in it.
        self.assertEqual(self.server.ask(target="/picture.jpg/x.php").status, 404)
        self.assertEqual(self.server.ask(target="/picture.jpg/.php").status, 404)
        self.assertEqual(self.server.ask(target="/plain.txt/a.php").status, 404)
        self.assertEqual(self.server.ask(target="/picture.jpg").body, SCRIPTS["picture.jpg"])
        self.assertEqual(self.server.ask(target="/picture.jpg%00.php").status, 400)
        self.assertEqual(self.server.ask(target="/..%2fpicture.php").status, 403)

    def test_sources_are_never_sent(self):
        (self.server.root / "source.txt").symlink_to("hello.php")
        (self.server.root / "HELLO.PHP").write_bytes(SCRIPTS["hello.php"])
        for target in ("/source.txt", "/HELLO.PHP", "/hello.PHP", "/hello.php~", "/hello.php.", "/hello.php%20"):
            got = self.server.ask(target=target)
            self.assertIn(got.status, (400, 404, 415), target)
            self.assertNotIn(b"<?php", got.body, target)

    def test_links_out_of_the_root_are_no_scripts(self):
        outside = self.server.directory / "outside.php"
        outside.write_bytes(SCRIPTS["hello.php"])
        (self.server.root / "out.php").symlink_to("../outside.php")
        (self.server.root / "absolute.php").symlink_to(outside)
        for target in ("/out.php", "/absolute.php", "/out.php/x"):
            self.assertEqual(self.server.ask(target=target).status, 403, target)
        self.assertTrue(self.server.wait_for_log("security event=symlink"))

    def test_bodies_of_all_sizes(self):
        for size in (0, 1, 65535, 65536, 65537, 300_000, 5_000_000):
            body = os.urandom(size)
            got = self.server.ask("POST", "/post.php", ["Content-Type: application/octet-stream"], body)
            self.assertEqual(got.body.decode(), f"{size} {hashlib.md5(body).hexdigest()}")

    def test_a_body_in_chunks_has_a_length(self):
        body = os.urandom(150_000)
        with self.server.connect() as line:
            chunks = b"".join(b"%x\r\n" % len(body[i:i + 7000]) + body[i:i + 7000] + b"\r\n" for i in range(0, len(body), 7000))
            line.send(b"POST /post.php HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n")
            self.assertEqual(line.answer().body.decode(), f"{len(body)} {hashlib.md5(body).hexdigest()}")
            self.assertEqual(line.ask(target="/hello.php").body, b"hello")

    def test_a_form_with_a_file(self):
        from support import form, part
        content = os.urandom(3_000_000)
        content_type, body = form(part("a", b"value"), part("f", content, "name.bin", "application/octet-stream"))
        got = self.server.ask("POST", "/upload.php", [content_type], body)
        self.assertEqual(got.body.decode(), f"name.bin {hashlib.md5(content).hexdigest()} value")

    def test_both_directions_at_once(self):
        # It writes what it has read while there is more to read: whoever sends everything first, and reads then, hangs.
        body = os.urandom(40 << 20)
        with self.server.connect() as line:
            sender = Sender(line, [request("PUT", "/echo.php", ["Content-Type: application/octet-stream"], body)])
            got = line.answer()
            self.assertIsNone(sender.join())
        self.assertEqual(hashlib.md5(got.body).digest(), hashlib.md5(body).digest())

    def test_a_body_that_is_too_large_is_refused(self):
        with self.server.connect() as line:
            line.send(request("POST", "/post.php", ["Content-Length: %d" % (81 << 20)]))
            self.assertEqual(line.answer().status, 413)

    def test_output_is_streamed_in_bounded_memory(self):
        self.server.ask(target="/big.php?mib=1")
        forget_peak(self.server)
        before = self.server.memory()
        got = self.server.ask(target="/big.php?mib=200")
        self.assertEqual(len(got.body), 200 << 20)
        if not self.server.is_sanitized():
            self.assertLess(peak_memory(self.server) - before, 8 << 20)

    def test_output_comes_when_it_is_there(self):
        with self.server.connect() as line:
            line.send(request("GET", "/pieces.php"))
            first = line.socket.recv(65536)
            self.assertIn(b"\r\n\r\n", first)
            self.assertNotIn(b"4\r\n", first.split(b"\r\n\r\n", 1)[1][-3:])
            line.rest = first
            self.assertEqual(line.answer().body, b"01234")

    def test_head_has_no_content(self):
        with self.server.connect() as line:
            for _ in range(3):
                got = line.ask("HEAD", "/hello.php")
                self.assertEqual((got.status, got.body), (200, b""))
                self.assertEqual(line.ask(target="/hello.php").body, b"hello")
            self.assertEqual(line.ask("HEAD", "/big.php?mib=100").status, 200)
            self.assertEqual(line.ask(target="/hello.php").body, b"hello")

    def test_status_and_location(self):
        for code in (201, 204, 304, 403, 404, 410, 500, 503):
            got = self.server.ask(target=f"/status.php?code={code}")
            self.assertEqual((got.status, got["X-Own"]), (code, "yes"))
        got = self.server.ask(target="/status.php?code=302&to=https://example.org/x")
        self.assertEqual((got.status, got["Location"]), (302, "https://example.org/x"))
        got = self.server.ask(target="/status.php?code=303&to=/hello.php")
        self.assertEqual((got.status, got["Location"]), (303, "/hello.php"))

    def test_cookies_both_ways(self):
        got = self.server.ask(target="/cookies.php", fields=["Cookie: c=x", "Cookie: d=y"])
        self.assertEqual(got.body, b"xy")
        self.assertEqual([value for name, value in got.fields if name.lower() == "set-cookie"], ["a=1", "b=2"])

    def test_standard_error_goes_to_the_log_with_the_request(self):
        got = self.server.ask(target="/errors.php")
        self.assertEqual(got.status, 200)
        said = self.server.wait_for_log(r"/errors.php of request ([0-9a-f]{16}) says: (.*first line.*)")
        self.assertTrue(said, self.server.log())
        self.assertEqual(said[1], got["X-Request-Id"])
        self.assertNotIn("\x1b", self.server.log())

    def test_a_fatal_error_is_the_applications_answer(self):
        self.assertEqual(self.server.ask(target="/fatal.php").status, 500)
        self.assertTrue(self.server.wait_for_log(r"/fatal.php of request [0-9a-f]{16} says: .*no_such_function"))

    def test_a_process_that_dies_is_502(self):
        got = self.server.ask(target="/die.php")
        self.assertEqual(got.status, 502)
        self.assertTrue(self.server.wait_for_log(r"answered 502: .*fastcgi .*the connection was lost"))
        self.assertEqual(self.server.ask(target="/hello.php").body, b"hello")

    def test_many_at_once(self):
        faults = []

        def client():
            try:
                with self.server.connect() as line:
                    for n in range(40):
                        if n % 3:
                            if line.ask(target="/hello.php").body != b"hello":
                                faults.append("hello")
                        elif line.ask("POST", "/post.php", (), b"x" * n).status != 200:
                            faults.append("post")
            except Exception as fault:
                faults.append(repr(fault))

        threads = [threading.Thread(target=client) for _ in range(16)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        self.assertEqual(faults, [])

    def test_more_clients_than_processes(self):
        # A process that waits on a kept connection takes no new one: those in the listen queue have to get a turn.
        longest = []

        def client():
            with self.server.connect() as line:
                for _ in range(90):
                    start = time.monotonic()
                    self.assertEqual(line.ask(target="/hello.php").body, b"hello")
                    longest.append(time.monotonic() - start)

        threads = [threading.Thread(target=client) for _ in range(32)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        self.assertEqual(len(longest), 32 * 90)
        self.assertLess(max(longest), 3)

    def test_a_client_that_left_ends_the_exchange(self):
        server = self.serve(site(self.fpm.address))  # which keeps no connection yet

        def open_files():
            return len(os.listdir(f"/proc/{server.process.pid}/fd"))
        before = open_files()
        for _ in range(2):  # each is a connection to the client and one to the application, whose process goes on
            vanish(server.port, request("GET", "/slow.php?ms=4000"), True, when=lambda: open_files() >= before + 2)
            self.assertTrue(wait_for(lambda: open_files() <= before, 3))


@unittest.skipUnless(peers.PHP_FPM, "php-fpm is missing: app/install-packages test")
class RealPhpOverTcp(RealPhp):
    tcp = True


@unittest.skipUnless(peers.PHP_FPM, "php-fpm is missing: app/install-packages test")
class PhpThatChanges(Ended):
    def test_processes_that_end_after_some_requests_are_not_noticed(self):
        fpm = PhpFpm(children=2, lines="pm.max_requests = 7")
        self.addCleanup(fpm.close)
        server = self.serve(site(fpm.address))
        with server.connect() as line:
            for n in range(60):
                got = line.ask("POST", "/post.php", (), b"abc") if n % 2 else line.ask(target="/hello.php")
                self.assertEqual(got.status, 200, n)

    def test_a_restart_is_not_noticed(self):
        fpm = PhpFpm()
        self.addCleanup(fpm.close)
        server = self.serve(site(fpm.address))
        self.assertEqual(server.ask(target="/hello.php").status, 200)
        fpm.stop()
        fpm.start()
        self.assertEqual(server.ask(target="/hello.php").status, 200)
        fpm.stop()
        self.assertEqual(server.ask("POST", "/post.php", (), b"abc").status, 502)
        self.assertTrue(server.wait_for_log(r"fastcgi unix:\S+ cannot be reached: .*it is left out for 1 s"))
        fpm.start()
        self.assertEqual(server.ask("POST", "/post.php", (), b"abc").status, 200)

    def test_one_script_for_all_paths(self):
        fpm = PhpFpm()
        self.addCleanup(fpm.close)
        server = Server(files=SCRIPTS)
        self.addCleanup(server.close)
        script = str(server.root / "sub/path.php")
        other = self.serve({"routes": {"/app": {"fastcgi": {"servers": [fpm.address], "script": script}}}})
        self.assertEqual(other.ask(target="/app/x.jpg").body.decode(), f"/app|/x.jpg|{script}")
        self.assertEqual(other.ask(target="/app").body.decode(), f"/app|-|{script}")
        self.assertEqual(other.ask(target="/plain.txt").body, b"a file\n")

    def test_a_front_controller_by_try(self):
        fpm = PhpFpm()
        self.addCleanup(fpm.close)
        server = self.serve({**site(fpm.address), "try": ["/index.php"]})
        self.assertEqual(server.ask(target="/any/thing.png?x").body, b"index /any/thing.png?x")
        self.assertEqual(server.ask(target="/plain.txt").body, b"a file\n")


class Nonsense(Ended):
    """What an application sends, and what becomes of it: the status and the log line."""

    def refused(self, act, status, cause, **more):
        application = self.application(act, **more)
        server = self.serve(site(application.address, timeout="1s"))
        got = server.ask(target="/hello.php")
        self.assertEqual(got.status, status)
        self.assertNotIn(application.address.encode(), got.body)
        self.assertTrue(server.wait_for_log(f"answered {status}: .*fastcgi {re.escape(application.address)}: .*{cause}"), server.log())
        self.assertEqual(server.ask(target="/plain.txt").status, 200)

    def test_records(self):
        cases = {
            "another version": (record(peers.STDOUT, b"x", version=2), "another version than 1"),
            "another request": (record(peers.STDOUT, b"x", number=7), "belongs to another request"),
            "another type": (record(11, b"x"), "a type that no application may send"),
            "a short end": (record(peers.END, b"1234"), "END_REQUEST has another length than 8"),
            "HTTP": (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "another version than 1"),
            "overlong": (record(peers.STDOUT, b"Content-Type: text/plain\r\n\r\n", length=5) + end(), "another version|no field|without|belongs|type"),
        }
        for name, (data, cause) in cases.items():
            with self.subTest(name):
                self.refused(lambda exchange: data, 502, cause)

    def test_heads(self):
        cases = {
            "none": (end(), "the output is empty"), "empty": (record(peers.STDOUT, b"\r\n\r\nx") + end(), "head"),
            "no field": (record(peers.STDOUT, b"hello world\n\nx") + end(), 'is no "Name: value"'),
            "CR in a value": (record(peers.STDOUT, b"Content-Type: a\rb\r\n\r\n") + end(), ""),
            "endless": (record(peers.STDOUT, b"X: " + b"a" * 65000) + record(peers.STDOUT, b"a" * 65000), "32768|bytes"),
            "short": (record(peers.STDOUT, b"Content-Type: text/plain\nContent-Length: 10\n\nabc") + end(), "3 bytes of content and not 10"),
        }
        for name, (data, cause) in cases.items():
            with self.subTest(name):
                self.refused(lambda exchange: data, 502, cause)

    def test_refusals_of_the_protocol(self):
        self.refused(lambda exchange: end(protocol=1), 502, "protocol status 1")
        self.refused(lambda exchange: end(protocol=3), 502, "protocol status 3")

    def test_an_overloaded_application_is_503(self):
        application = self.application(lambda exchange: end(protocol=2))
        server = self.serve(site(application.address))
        got = server.ask(target="/hello.php")
        self.assertEqual(got.status, 503)
        self.assertGreaterEqual(int(got["Retry-After"]), 5)
        self.assertTrue(server.wait_for_log("the application says that it is overloaded"), server.log())

    def test_closed_without_an_answer(self):
        def act(exchange):
            raise Gone()
        self.refused(act, 502, "the connection was lost")

    def test_closed_within_the_head(self):
        def act(exchange):
            exchange.send(record(peers.STDOUT, b"Content-Type: te"))
            raise Gone()
        self.refused(act, 502, "the connection was lost")

    def test_no_answer_in_time_is_504(self):
        started = time.monotonic()
        self.refused(lambda exchange: time.sleep(4), 504, "took and gave no byte for 1000 ms")
        self.assertLess(time.monotonic() - started, 4)

    def test_closed_within_the_content_cuts_the_answer(self):
        def act(exchange):
            exchange.send(record(peers.STDOUT, b"Content-Type: text/plain\r\n\r\nhalf"))
            time.sleep(0.2)
            raise Gone()
        application = self.application(act)
        server = self.serve(site(application.address))
        with server.connect() as line, self.assertRaises((EOFError, ConnectionResetError)):
            line.ask(target="/hello.php")
        self.assertTrue(server.wait_for_log("cut: fastcgi .*the connection was lost"))

    def test_less_than_was_announced_cuts_the_answer(self):
        def act(exchange):
            exchange.send(record(peers.STDOUT, b"Content-Type: text/plain\r\nContent-Length: 100\r\n\r\nhalf"))
            time.sleep(0.2)
            return end()
        application = self.application(act)
        server = self.serve(site(application.address))
        with server.connect() as line, self.assertRaises((EOFError, ConnectionResetError)):
            line.ask(target="/hello.php")

    def test_an_answer_with_bytes_behind_it_is_good_but_the_connection_is_not(self):
        application = self.application(lambda exchange: answer(b"%d" % exchange.number) + b"surplus")
        server = self.serve(site(application.address))
        for n in range(3):
            self.assertEqual(server.ask(target="/hello.php").body, b"%d" % n)
        self.assertEqual(application.connections, 3)

    def test_what_comes_late_is_not_the_answer_to_the_next_request(self):
        for late in (answer(b"late"), end()):
            def act(exchange, late=late):
                exchange.send(answer(exchange.variables["QUERY_STRING"].encode()))
                time.sleep(0.1)
                return late
            application = self.application(act)
            server = self.serve(site(application.address))
            for asked in (b"one", b"two", b"three"):
                got = server.ask(target=f"/hello.php?{asked.decode()}")
                self.assertEqual((got.status, got.body), (200, asked))
                time.sleep(0.2)
            self.assertEqual(application.connections, 3)
            got = server.ask("POST", "/hello.php?four", (), b"x")  # which is asked once, so that it looks first
            self.assertEqual((got.status, got.body), (200, b"four"))

    def test_a_flood_of_errors_is_bounded(self):
        flood = b"".join(record(peers.STDERR, b"e" * 60000 + b"\n") for _ in range(100))
        application = self.application(lambda exchange: flood + answer())
        server = self.serve(site(application.address))
        self.assertEqual(server.ask(target="/hello.php").body, b"ok")
        self.assertTrue(server.wait_for_log("says [0-9]+ bytes more, which are left out"))
        self.assertLess(len(server.log()), 40_000)

    def test_endless_padding_and_empty_records_end_at_the_deadline(self):
        def act(exchange):
            exchange.send(record(peers.STDOUT, padding=255) * 1000)
            time.sleep(3)
        self.refused(act, 504, "no byte")


class Connections(Ended):
    def test_kept_connections_are_used_again(self):
        application = self.application(lambda exchange: answer(b"keep" if exchange.keeps else b"close"))
        server = self.serve(site(application.address))
        for _ in range(5):
            self.assertEqual(server.ask(target="/hello.php").body, b"keep")
        self.assertEqual((application.connections, application.requests), (1, 5))

    def test_connections_are_kept_beside_a_slow_script(self):
        is_answered = threading.Event()
        self.addCleanup(is_answered.set)

        def act(exchange):
            if "slow" in exchange.variables["REQUEST_URI"]:
                is_answered.wait(20)
            return answer()
        application = self.application(act)
        server = self.serve(site(application.address))
        slow = threading.Thread(target=lambda: server.ask(target="/hello.php?slow"))
        slow.start()
        self.assertTrue(wait_for(lambda: application.requests == 1))
        time.sleep(0.05)
        start = time.monotonic()
        with server.connect() as line:
            for _ in range(90):
                self.assertEqual(line.ask(target="/hello.php").status, 200)
        elapsed = time.monotonic() - start
        is_answered.set()
        slow.join()
        self.assertEqual(application.requests, 91)
        # Ten a second make room; each did without knowing the order.
        self.assertLess(application.connections, min(90, 5 + 12 * elapsed))

    def test_a_stale_connection_is_not_noticed(self):
        for tcp in (False, True):
            application = self.application(lambda exchange: answer(), tcp=tcp)
            server = self.serve(site(application.address))
            for method in ("GET", "POST", "HEAD", "PUT"):
                with self.subTest(f"{method} tcp={tcp}"):
                    self.assertEqual(server.ask(target="/hello.php").status, 200)
                    application.close_connections()
                    body = b"x" * 100_000 if method in ("POST", "PUT") else None
                    self.assertEqual(server.ask(method, "/hello.php", (), body).status, 200)

    def test_a_post_is_never_sent_twice(self):
        seen = []

        def act(exchange):
            if exchange.variables["REQUEST_METHOD"] == "POST":
                seen.append(exchange.input)
                raise Gone()
            return answer()
        application = self.application(act)
        server = self.serve(site(application.address))
        self.assertEqual(server.ask(target="/hello.php").status, 200)
        time.sleep(0.1)  # the kept connection may be used for what can be sent only once
        self.assertEqual(server.ask("POST", "/hello.php", (), b"once").status, 502)
        self.assertEqual(seen, [b"once"])

    def test_a_get_is_sent_twice_at_most(self):
        seen = []

        def act(exchange):
            seen.append(exchange.variables["REQUEST_URI"])
            if "gone" in seen[-1]:
                raise Gone()
            return answer()
        application = self.application(act)
        server = self.serve(site(application.address))
        self.assertEqual(server.ask(target="/hello.php").status, 200)
        self.assertEqual(server.ask(target="/hello.php?gone").status, 502)
        self.assertEqual(seen, ["/hello.php", "/hello.php?gone", "/hello.php?gone"])

    def test_unused_ones_are_let_go(self):
        application = self.application(lambda exchange: answer())
        server = self.serve(site(application.address))
        before = len(os.listdir(f"/proc/{server.process.pid}/fd"))
        self.assertEqual(server.ask(target="/hello.php").status, 200)
        self.assertTrue(wait_for(lambda: len(os.listdir(f"/proc/{server.process.pid}/fd")) <= before, 9))

    def test_beyond_the_limit_the_queue_and_then_503(self):
        release = threading.Event()

        def act(exchange):
            release.wait(10)
            return answer()
        application = self.application(act)
        server = self.serve({**site(application.address, connections=2), "limits": {"queue": 1, "queue_timeout": "10s"}})
        lines = [server.connect() for _ in range(4)]
        for n, line in enumerate(lines):
            line.send(request("GET", "/hello.php"))
            if n < 2:
                self.assertTrue(wait_for(lambda: application.requests == n + 1))
            time.sleep(0.2)
        refused = lines[3].answer()
        self.assertEqual(refused.status, 503)
        self.assertTrue(refused["Retry-After"])
        self.assertTrue(server.wait_for_log("2 connections are in use, and the queue is full or too slow: 503"))
        self.assertEqual(server.ask(target="/plain.txt").status, 200)
        release.set()
        for line in lines[:3]:
            got = line.answer()
            self.assertEqual((got.status, got.body), (200, b"ok"), server.log())
        for line in lines:
            line.socket.close()

    def test_the_next_server_is_asked_when_one_is_gone(self):
        one = self.application(lambda exchange: answer(b"one"))
        two = self.application(lambda exchange: answer(b"two"), tcp=True)
        server = self.serve(site(one.address, two.address))
        self.assertEqual({server.ask(target="/hello.php").body for _ in range(8)}, {b"one", b"two"})
        one.close()
        for _ in range(8):
            self.assertEqual(server.ask(target="/hello.php").body, b"two")
        self.assertTrue(server.wait_for_log(f"fastcgi {re.escape(one.address)} cannot be reached"))
        self.assertLessEqual(server.log().count("cannot be reached"), 3)
        two.close()
        got = server.ask(target="/hello.php")
        self.assertEqual(got.status, 502)
        self.assertTrue(server.wait_for_log(f"answered 502: .*{re.escape(one.address)}: .*, {re.escape(two.address)}: |"
                                            f"answered 502: .*{re.escape(two.address)}: .*, {re.escape(one.address)}: "))

    def test_the_next_server_is_asked_when_one_closes_new_connections(self):
        seen = []

        def act(exchange):
            seen.append(exchange.variables["REQUEST_METHOD"])
            raise Gone()
        one = self.application(act)
        two = self.application(lambda exchange: answer(b"two"))
        server = self.serve(site(one.address, two.address))
        for _ in range(6):
            self.assertEqual(server.ask(target="/hello.php").body, b"two", server.log())
        self.assertIn("GET", seen)
        self.assertTrue(server.wait_for_log(f"fastcgi {re.escape(one.address)} has closed a new connection without an answer"))

    def test_a_post_goes_to_no_second_server(self):
        seen = []

        def act(exchange):
            seen.append(exchange.input)
            raise Gone()
        one, two = self.application(act), self.application(act)
        server = self.serve(site(one.address, two.address))
        self.assertEqual(server.ask("POST", "/hello.php", (), b"once").status, 502)
        self.assertEqual(seen, [b"once"])
        seen.clear()
        self.assertEqual(server.ask(target="/hello.php").status, 502)
        self.assertEqual(len(seen), 2)

    def test_a_client_that_is_slow_is_not_the_applications_fault(self):
        content = b"x" * 16_000_000

        def act(exchange):
            exchange.send(record(peers.STDOUT, b"Content-Type: text/plain\r\n\r\n"))
            for begin in range(0, len(content), 50_000):
                exchange.send(record(peers.STDOUT, content[begin:begin + 50_000]))
            return end()
        application = self.application(act)
        server = self.serve(site(application.address, timeout="500ms"))
        with server.connect() as line:
            line.send(request("GET", "/hello.php"))
            time.sleep(2)
            self.assertEqual(line.answer().body, content)

    def test_clients_that_read_slowly_leave_connections_for_others(self):
        def act(exchange):
            size = int(exchange.variables["QUERY_STRING"])
            exchange.send(record(peers.STDOUT, b"Content-Type: text/plain\r\n\r\n"))
            for begin in range(0, size, 50_000):
                exchange.send(record(peers.STDOUT, bytes([begin // 50_000 % 251]) * min(50_000, size - begin)))
            return end()
        application = self.application(act)
        server = self.serve(site(application.address, connections=4))
        size = 12_000_000
        expected = b"".join(bytes([i % 251]) * 50_000 for i in range(size // 50_000))
        lines = []
        for _ in range(10):
            line = server.connect(receive_buffer=8192)
            self.addCleanup(line.socket.close)
            line.send(request("GET", f"/hello.php?{size}"))
            self.assertEqual(line.head().status, 200)
            lines.append(line)
        begin = time.monotonic()
        for _ in range(5):
            self.assertEqual(server.ask(target="/hello.php?5").body, bytes(5))
        self.assertLess(time.monotonic() - begin, 2)
        for line in lines[::-1]:
            self.assertEqual(b"".join(line.pieces()), expected)

    def test_an_answer_that_does_not_come_to_an_end_is_not_waited_for(self):
        def act(exchange):
            exchange.send(record(peers.STDOUT, b"Content-Type: text/event-stream\r\n\r\nfirst"))
            self.may_end.wait(60)
            exchange.send(record(peers.STDOUT, b"last"))
            return end()
        self.may_end = threading.Event()
        self.addCleanup(self.may_end.set)
        application = self.application(act)
        server = self.serve(site(application.address, connections=1))  # none of which a client may keep
        with server.connect() as line:
            line.send(request("GET", "/hello.php"))
            begin = time.monotonic()
            pieces = line.pieces()
            self.assertEqual(line.head().status, 200)
            self.assertEqual(next(pieces), b"first")
            self.assertLess(time.monotonic() - begin, 5)
            self.may_end.set()
            self.assertEqual(b"".join(pieces), b"last")

    def test_the_end_behind_the_last_announced_byte_is_waited_for(self):
        def act(exchange):
            exchange.send(record(peers.STDOUT, b"Content-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"))
            time.sleep(0.2)
            return end()
        application = self.application(act)
        server = self.serve(site(application.address))
        with server.connect() as line:
            for _ in range(3):
                self.assertEqual(line.ask(target="/hello.php").body, b"ok")
        self.assertEqual(application.connections, 1)

    def test_answers_without_content_do_not_depend_on_time(self):
        heads = {"HEAD": b"Content-Type: text/plain\r\n\r\n", "GET": b"Status: 204\r\n\r\n"}

        def act(exchange):
            exchange.send(record(peers.STDOUT, heads[exchange.variables["REQUEST_METHOD"]]))
            time.sleep(0.2)
            return record(peers.STDOUT, b"not wanted") + end()
        application = self.application(act)
        server = self.serve(site(application.address))
        with server.connect() as line:
            for method, status in (("HEAD", 200), ("GET", 204), ("HEAD", 200)):
                self.assertEqual(line.ask(method, "/hello.php").status, status)
        self.assertEqual(application.connections, 1)
        heads["GET"] = b"X-Own: yes\r\n\r\n"  # content, but no type
        self.assertEqual(server.ask(target="/hello.php").status, 502)

    def test_a_head_whose_content_does_not_end_is_answered_in_time(self):
        def act(exchange):
            exchange.send(record(peers.STDOUT, b"Content-Type: text/plain\r\n\r\n"))
            for _ in range(20):
                time.sleep(0.3)
                exchange.send(record(peers.STDOUT, b"on and on"))
        application = self.application(act)
        server = self.serve(site(application.address, timeout="1s"))
        started = time.monotonic()
        self.assertEqual(server.ask("HEAD", "/hello.php").status, 200)
        self.assertLess(time.monotonic() - started, 4)

    def test_a_listen_queue_that_is_full_is_503(self):
        with socket.socket(socket.AF_UNIX) as quiet:
            server = self.serve({})
            path = str(server.directory / "full.sock")
            quiet.bind(path)
            quiet.listen(0)
            fill = socket.socket(socket.AF_UNIX)
            fill.connect(path)
            other = self.serve(site(f"unix:{path}"))
            got = other.ask(target="/hello.php")
            fill.close()
        self.assertEqual(got.status, 503)
        self.assertTrue(other.wait_for_log("its listen queue is full"))

    def test_a_server_that_does_not_answer_is_504(self):
        # A listener whose queue is full drops what comes: the connection never stands.
        with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
            port = full.getsockname()[1]
            waiting = []
            for _ in range(4):
                one = socket.socket()
                one.setblocking(False)
                one.connect_ex(("127.0.0.1", port))
                waiting.append(one)
            time.sleep(0.2)
            server = self.serve(site(f"127.0.0.1:{port}", connect_timeout="300ms"))
            started = time.monotonic()
            self.assertEqual(server.ask(target="/hello.php").status, 504)
            self.assertLess(time.monotonic() - started, 3)
            self.assertTrue(server.wait_for_log(f"fastcgi 127.0.0.1:{port} cannot be reached"))
            for one in waiting:
                one.close()

    def test_a_name_that_nobody_knows_is_502(self):
        server = self.serve(site("no-such-host.invalid:9000"))
        self.assertEqual(server.ask(target="/hello.php").status, 502)
        self.assertTrue(server.wait_for_log("fastcgi no-such-host.invalid:9000: its name is not known"))

    def test_methods_that_the_site_does_not_take_reach_no_script(self):
        application = self.application(lambda exchange: answer(exchange.variables["REQUEST_METHOD"].encode()))
        server = self.serve({**site(application.address), "methods": ["GET"]})
        self.assertEqual(server.ask("GET", "/hello.php").body, b"GET")
        for method in ("POST", "DELETE", "PATCH"):
            got = server.ask(method, "/hello.php", (), b"x")
            self.assertEqual((got.status, got["Allow"]), (405, "GET, HEAD, OPTIONS"))
        free = self.serve(site(application.address))
        for method in ("POST", "DELETE", "PATCH", "OPTIONS", "PROPFIND"):
            self.assertEqual(free.ask(method, "/hello.php").body, method.encode())
        self.assertEqual(free.ask("TRACE", "/hello.php").status, 405)

    def test_a_slow_client_occupies_no_application(self):
        application = self.application(lambda exchange: answer(exchange.input))
        server = self.serve(site(application.address, connections=1))
        with server.connect() as slow:
            slow.send(request("POST", "/hello.php", ["Content-Length: 10"]) + b"12345")
            time.sleep(0.3)
            self.assertEqual(application.requests, 0)
            self.assertEqual(server.ask(target="/hello.php").status, 200)
            slow.send(b"67890")
            self.assertEqual(slow.answer().body, b"1234567890")

    def test_an_answer_before_the_body_is_read(self):
        application = self.application(lambda exchange: answer(b"no"), before_input=True)
        server = self.serve(site(application.address))
        body = b"x" * 3_000_000
        for _ in range(2):
            self.assertEqual(server.ask("POST", "/hello.php", (), body).body, b"no")
        self.assertEqual(application.connections, 2)  # with the rest of a body under way it cannot be used again

    def test_a_client_that_left_is_told_by_closing(self):
        arrived, gone = threading.Event(), threading.Event()

        def act(exchange):
            arrived.set()
            try:
                exchange.take(1)
            except (Gone, OSError):
                gone.set()
                raise
        application = self.application(act)
        server = self.serve(site(application.address))
        vanish(server.port, request("GET", "/hello.php"), True, when=arrived.is_set)
        self.assertTrue(gone.wait(10))

    def test_a_client_that_only_finished_sending_gets_its_answer(self):
        application = self.application(lambda exchange: (time.sleep(0.5), answer())[1])
        server = self.serve(site(application.address))
        with server.connect() as line:
            line.send(request("GET", "/hello.php"))
            line.socket.shutdown(socket.SHUT_WR)
            got = line.answer()
            self.assertEqual((got.status, got.body), (200, b"ok"), server.log())

    def test_the_environment_of_the_configuration(self):
        application = self.application(lambda exchange: answer(exchange.variables.get("APP_ENV", "-").encode() + b" " +
                                                               exchange.variables["SCRIPT_FILENAME"].encode()))
        server = self.serve(site(application.address, environment={"APP_ENV": "test"}, root="/var/www/html"))
        self.assertEqual(server.ask(target="/hello.php").body, b"test /var/www/html/hello.php")

    def test_uploads_never_lie_among_scripts(self):
        from support import run
        import json
        import tempfile
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(folder + "/up")
            with open(folder + "/config.json", "w") as file:
                json.dump({"listen": ["127.0.0.1:0"], "root": folder, "admin": {"listen": []}, "fastcgi": {"servers": ["127.0.0.1:1"]},
                           "uploads": {"directory": folder + "/up", "inside_root": True}}, file)
            code, _, errors = run("-c", folder + "/config.json")
            self.assertEqual(code, 1)
            self.assertIn("everyone who may upload could run programs", errors)


class StreamedBodies(Ended):
    """Bodies that are longer than `fastcgi.request_buffer`."""

    limits = {"limits": {"header_timeout": "1s", "idle_timeout": "1s"}}
    pattern = "the client did not send all of the body"

    def begin(self, line, size, sent=b"", fields=(), method="POST", target="/hello.php"):
        line.send(request(method, target, [f"Content-Length: {size}", *fields]) + sent)

    def reader(self, **more):
        """An application that takes a body by hand and answers with what it got; `taken` has the sizes of whole ones, and
        "gone" for others."""
        def act(exchange):
            size = 0
            try:
                while content := exchange.read_record()[1]:
                    size += len(content)
            except (Gone, OSError):
                self.taken.append("gone")
                raise Gone() from None
            self.taken.append(size)
            return answer(b"%d" % size)
        self.taken = []
        return self.application(act, by_hand=True, **more)

    def test_the_first_bytes_are_there_before_the_last_are_sent(self):
        def act(exchange):
            seen = b""
            while len(seen) < 65_541:
                seen += exchange.read_record()[1]
            exchange.send(record(peers.STDOUT, b"Content-Type: text/plain\r\n\r\n" + seen[:3] + seen[65_538:65_541]))
            while content := exchange.read_record()[1]:
                seen += content
            return record(peers.STDOUT, b" %d %s" % (len(seen), exchange.variables["CONTENT_LENGTH"].encode())) + end()
        application = self.application(act, by_hand=True)
        server = self.serve(site(application.address))
        for _ in range(2):
            with server.connect() as line:
                self.begin(line, 100_000, b"abc" + b"x" * 65_535 + b"xyz")
                self.assertEqual(line.head().status, 200)
                content = line.pieces()
                self.assertEqual(next(content), b"abcxyz")
                line.send(b"x" * (100_000 - 65_541))
                self.assertEqual(b"".join(content), b" 100000 100000")
                self.assertTrue(line.is_at_end())
            time.sleep(0.1)  # before it is used again for what can be sent only once
        self.assertEqual(application.connections, 1)

    def test_one_gibibyte_there_and_back_in_bounded_memory(self):
        def act(exchange):
            exchange.send(record(peers.STDOUT, b"Content-Type: text/plain\r\n\r\n"))
            while content := exchange.read_record()[1]:
                exchange.send(record(peers.STDOUT, content))
            return end()
        for settings in ({"max_body": "2g"}, {"max_body": "2g", "request_buffer": "0"}):
            application = self.application(act, by_hand=True)
            server = self.serve(site(application.address, **settings))
            pattern = Pattern((64 << 20) if server.is_sanitized() else (1 << 30))
            before = server.memory()
            with server.connect(timeout=60) as line:
                self.begin(line, pattern.size)
                sender = Sender(line, pattern.pieces())
                self.assertEqual(line.head().status, 200)
                for piece in line.pieces():
                    pattern.take(piece)
                self.assertIsNone(sender.join())
            self.assertEqual(pattern.received.digest(), pattern.sent.digest())
            if not server.is_sanitized():
                self.assertLess(peak_memory(server) - before, 4 << 20)

    def test_what_is_buffered_may_be_more_than_memory_holds(self):
        application = self.reader()
        server = self.serve(site(application.address, request_buffer="200k"))
        for size in (204_800, 204_801, 1_000_000):
            self.assertEqual(server.ask("POST", "/hello.php", (), b"x" * size).body, b"%d" % size)
        with server.connect() as line:
            self.begin(line, 300_000, b"x" * 204_799)
            time.sleep(0.3)
            self.assertEqual(application.requests, 3)
            line.send(b"xx")
            self.assertTrue(wait_for(lambda: application.requests == 4))

    def test_slow_clients_with_large_bodies_leave_connections_for_others(self):
        application = self.reader()
        server = self.serve(site(application.address, connections=2))
        with server.connect() as first, server.connect() as second:
            for line in (first, second):
                self.begin(line, 100_000, b"x" * 90_000)
                time.sleep(0.3)
                self.assertEqual(application.requests, 1)
            self.assertEqual(server.ask("POST", "/hello.php", (), b"x" * 70_000).body, b"70000")
            for line in (second, first):
                line.send(b"x" * 10_000)
                self.assertEqual(line.answer().body, b"100000")

    def test_a_client_that_fails_to_send_all(self):
        application = self.reader()
        server = self.serve({**site(application.address), **self.limits})
        for status in (408, 400):
            with self.subTest(status), server.connect() as line:
                asked = application.requests
                self.begin(line, 100_000, b"x" * 90_000)
                self.assertTrue(wait_for(lambda: application.requests == asked + 1))
                if status == 400:
                    line.socket.shutdown(socket.SHUT_WR)
                got = line.answer()
                self.assertEqual((got.status, got["Connection"]), (status, "close"))
        for with_reset in (True, False):
            asked = application.requests
            vanish(server.port, request("POST", "/hello.php", ["Content-Length: 100000"]) + b"x" * 90_000, with_reset,
                   when=lambda: application.requests == asked + 1)
        self.assertTrue(wait_for(lambda: len(self.taken) == 4))
        self.assertEqual(self.taken, ["gone"] * 4)  # never told that the body had ended
        self.assertEqual(server.ask("POST", "/hello.php", (), b"x" * 100_000).body, b"100000")
        self.assertTrue(wait_for(lambda: re.findall(r'"POST /hello.php HTTP/1.1" (\d+)', server.access_log()) in (
            ["408", "400", "499", "400", "200"], ["408", "400", "499", "499", "200"])), server.access_log())

    def test_a_client_that_stalls_behind_the_begin_of_the_answer(self):
        def act(exchange):
            exchange.send(record(peers.STDOUT, b"Content-Type: text/plain\r\n\r\nbegun"))
            try:
                exchange.read_input()
            finally:
                ended.append(exchange)
            whole.append(exchange)
        ended, whole = [], []
        application = self.application(act, by_hand=True)
        server = self.serve({**site(application.address), **self.limits})
        with server.connect() as line:
            self.begin(line, 100_000, b"x" * 90_000)
            self.assertEqual(line.head().status, 200)
            with self.assertRaises((EOFError, ConnectionError)):
                list(line.pieces())
        self.assertTrue(server.wait_for_log(f"request [0-9a-f]+ cut: fastcgi .*{self.pattern}"))
        self.assertTrue(wait_for(lambda: ended))
        self.assertEqual(whole, [])

    def test_the_time_of_the_client_does_not_count(self):
        application = self.reader()
        server = self.serve(site(application.address, timeout="300ms"))
        with server.connect() as line:
            self.begin(line, 80_000, b"x" * 70_000)
            for _ in range(2):
                time.sleep(1)
                line.send(b"x" * 5_000)
            self.assertEqual(line.answer().body, b"80000")

    def test_the_time_of_an_application_that_takes_nothing_does(self):
        application = self.application(lambda exchange: time.sleep(3), by_hand=True)
        server = self.serve({**site(application.address, timeout="1500ms"), **self.limits})
        with server.connect() as line:
            self.begin(line, 8_000_000)
            sender = Sender(line, [b"x" * 8_000_000])
            self.assertEqual(line.answer().status, 504)
            sender.join()

    def test_an_early_answer(self):
        def act(exchange):
            exchange.send(answer(b"no", b"Status: 403\r\nContent-Type: text/plain\r\n\r\n"))
            raise Gone()
        application = self.application(act, by_hand=True)
        server = self.serve(site(application.address))
        for _ in range(10):
            with server.connect() as line:
                self.begin(line, 8_000_000)
                sender = Sender(line, [b"x" * 8_000_000])
                got = line.answer()
                self.assertEqual((got.status, got["Connection"], got.body), (403, "close", b"no"))
                sender.join()

    def test_what_was_passed_on_goes_to_no_second_server(self):
        def act(exchange):
            seen = 0
            while seen < 65_537:
                seen += len(exchange.read_record()[1])
            asked.append(exchange)
            raise Gone()
        asked = []
        one, two = self.application(act, by_hand=True), self.application(act, by_hand=True)
        server = self.serve(site(one.address, two.address))
        with server.connect() as line:
            self.begin(line, 100_000, b"x" * 70_000, method="PUT")
            self.assertEqual(line.answer().status, 502)
        self.assertEqual(len(asked), 1)

    def test_what_was_only_buffered_does(self):
        def act(exchange):
            asked.append(exchange)
            raise Gone()
        asked = []
        one, two = self.application(act), self.reader()
        one.by_hand = True
        server = self.serve(site(one.address, two.address))
        while not asked:
            with server.connect() as line:
                self.begin(line, 100_000, b"x" * 65_536, method="PUT")
                self.assertTrue(wait_for(lambda: two.requests == len(self.taken) + 1))
                line.send(b"x" * (100_000 - 65_536))
                self.assertEqual(line.answer().body, b"100000")
        self.assertEqual(len(asked), 1)

    def test_a_client_is_told_to_go_on(self):
        for settings in ({}, {"request_buffer": "0"}):
            application = self.reader()
            server = self.serve(site(application.address, **settings))
            with server.connect() as line:
                self.begin(line, 100_000, fields=["Expect: 100-continue"])
                self.assertEqual(line.answer().status, 100)
                line.send(b"x" * 100_000)
                self.assertEqual(line.answer().body, b"100000")

    def test_a_queue_that_is_full_is_told_before_the_body_is_sent(self):
        release = threading.Event()
        application = self.application(lambda exchange: (release.wait(10), answer())[1])
        server = self.serve({**site(application.address, connections=1), "limits": {"queue": 0}})
        with server.connect() as first, server.connect() as second:
            first.send(request("GET", "/hello.php"))
            self.assertTrue(wait_for(lambda: application.requests == 1))
            self.begin(second, 1_000)
            got = second.answer()
            self.assertEqual(got.status, 503)
            self.assertTrue(got["Retry-After"])
            release.set()
            self.assertEqual(first.answer().status, 200)

    def test_a_local_redirect_leaves_the_body(self):
        def act(exchange):
            if exchange.variables["REQUEST_METHOD"] == "GET":
                exchange.read_input()
                return answer(exchange.variables.get("CONTENT_LENGTH", "-").encode())
            exchange.send(record(peers.STDOUT, b"Location: /hello.php\r\n\r\n") + end())
            raise Gone()
        application = self.application(act, by_hand=True)
        server = self.serve(site(application.address))
        with server.connect() as line:
            self.begin(line, 2_000_000)
            sender = Sender(line, [b"x" * 2_000_000])
            self.assertIn(line.answer().body, (b"", b"-"))
            sender.join()

    def test_a_server_that_drains_lets_the_client_finish(self):
        application = self.reader()
        server = self.serve({**site(application.address), "limits": {"drain_timeout": "10s"}})
        with server.connect() as line:
            self.begin(line, 100_000, b"x" * 70_000)
            self.assertTrue(wait_for(lambda: application.requests == 1))
            server.signal(signal.SIGTERM)
            self.assertTrue(server.wait_for_log("stopping: "))
            line.send(b"x" * 30_000)
            self.assertEqual(line.answer().body, b"100000")
        self.assertEqual(server.wait(), 0)


if __name__ == "__main__":
    unittest.main()
