"""Logs of successes and failures beside the access log: which line stands where, rotation, full disks, and what is never logged."""

import json
import os
import re
import resource
import signal
import tempfile
import unittest
from pathlib import Path

from support import Server, request, run, wait_for

LINE = re.compile(r'(?P<client>\S+) - (?P<user>\S+) \[[^]]+\] "(?P<line>(?:[^"\\]|\\.)*)" (?P<status>\d{3}) \d+.* (?P<id>[0-9a-f]{16})')


class WithServer(unittest.TestCase):
    settings = {}

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="fairlead-e2e-")
        self.addCleanup(folder.cleanup)
        (Path(folder.name) / "logs").mkdir()
        self.server = Server(self.settings, files={"index.html": b"x" * 100, "a.txt": b"text"}, directory=folder.name)
        self.addCleanup(self.server.close)

    def text(self, name):
        path = self.server.directory / name
        return path.read_text() if path.exists() else ""

    def ids(self, name):
        return re.findall(r"\b[0-9a-f]{16}\b", self.text(name))

    def ask_both(self, times=1):
        """Ids of successes and of failures, in order."""
        good, bad = [], []
        with self.server.connect() as line:
            for _ in range(times):
                good.append(line.ask(target="/a.txt")["X-Request-Id"])
                bad.append(line.ask(target="/missing.txt")["X-Request-Id"])
        return good, bad


class Apart(WithServer):
    settings = {"log": {"success": {"format": "common", "file": "success.log"}, "failure": {"format": "json", "file": "failure.log"}}}

    def test_each_line_stands_where_it_belongs(self):
        good, bad = self.ask_both(20)
        self.server.ask(target="/livez")
        whole = self.server.ask(target="/a.txt")
        unchanged = self.server.ask(target="/a.txt", fields=[f"If-None-Match: {whole['ETag']}"])
        self.assertEqual(unchanged.status, 304)
        self.assertEqual(self.server.stop(), 0)  # what was answered is in the files by then
        successes = self.ids("success.log")
        self.assertEqual([one for one in successes if one in good], good)  # lines of several connections have no order
        self.assertCountEqual(successes, [*good, whole["X-Request-Id"], unchanged["X-Request-Id"]])
        self.assertEqual(self.ids("failure.log"), bad)
        self.assertEqual(len(self.ids("access.log")), 42)
        self.assertNotIn("livez", self.text("success.log") + self.text("access.log"))
        for line in self.text("failure.log").splitlines():
            said = json.loads(line)
            self.assertEqual((said["status"], said["request"]["uri"]), (404, "/missing.txt"))
        for line in self.text("success.log").splitlines():
            self.assertRegex(line, r'^127\.0\.0\.1 - - \[\S+ \+0000\] "GET /a\.txt HTTP/1\.1" (200 4|304 0) 0\.\d{6} [0-9a-f]{16}$')

    def test_all_of_them_are_rotated(self):
        names = ["access.log", "success.log", "failure.log"]
        first_good, first_bad = self.ask_both()
        wait_for(lambda: all(self.ids(name) for name in names))
        for name in names:
            os.rename(self.server.directory / name, self.server.directory / (name + ".1"))
        self.server.signal(signal.SIGUSR1)
        self.assertTrue(self.server.wait_for_log("log files reopened"))
        good, bad = self.ask_both()
        self.assertEqual(self.server.stop(), 0)
        self.assertEqual((self.ids("success.log.1"), self.ids("failure.log.1")), (first_good, first_bad))
        self.assertEqual((self.ids("success.log"), self.ids("failure.log")), (good, bad))

    def test_the_start_says_where_logs_go(self):
        place = re.escape(str(self.server.directory))
        self.assertRegex(self.server.log(), rf"info logs: server standard error \(text\), access {place}/access.log \(combined\), "
                                            rf"success {place}/success.log \(common\), failure {place}/failure.log \(json\), security with server\n")


class FailuresAlone(WithServer):
    settings = {"log": {"access": {"format": "off"}, "failure": {"file": "failure.log"}}}

    def test_only_they_are_written(self):
        _, bad = self.ask_both(3)
        refused = self.server.ask(target="/../x")
        self.assertEqual(self.server.stop(), 0)
        self.assertCountEqual(self.ids("failure.log"), [*bad, refused["X-Request-Id"]])  # of two connections, in any order
        self.assertFalse(self.server.access.exists())
        for line in self.text("failure.log").splitlines():
            self.assertRegex(line, LINE)


class OneFile(WithServer):
    settings = {"log": {"access": {"format": "off"}, "success": {"file": "both.log"}, "failure": {"file": "both.log"}}}

    def test_lines_stand_in_the_order_of_requests(self):
        good, bad = self.ask_both(50)
        self.assertEqual(self.server.stop(), 0)
        self.assertEqual(self.ids("both.log"), [one for pair in zip(good, bad) for one in pair])


class Trouble(WithServer):
    settings = {"log": {"status_interval": "100ms", "file": "server.log", "failure": {"file": "failure.log"}, "security": {"file": "logs/security.log"}}}

    def test_a_full_disk_stops_nobody_and_ends_without_a_trace(self):
        failures = self.server.directory / "failure.log"
        _, before = self.ask_both(5)
        wait_for(lambda: len(self.ids("failure.log")) == 5)
        # No file of the server may grow beyond what the failure log has now and half a line: the disk is full.
        full = failures.stat().st_size + 50
        resource.prlimit(self.server.process.pid, resource.RLIMIT_FSIZE, (full, resource.RLIM_INFINITY))
        _, lost = self.ask_both(5)
        wait_for(lambda: self.server.metrics()["fairlead_log_dropped_total"] >= 5)
        dropped = self.server.metrics()["fairlead_log_dropped_total"]
        self.assertGreaterEqual(dropped, 5)
        self.assertEqual(self.server.ask(target="/a.txt").status, 200)
        resource.prlimit(self.server.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        _, after = self.ask_both(5)
        self.assertTrue(self.server.wait_for_log(r"warn \d+ lines of the logs were lost since the last status line"))
        self.assertEqual(self.server.stop(), 0)
        self.assertEqual(self.ids("failure.log"), before + after)
        cut = [line for line in self.text("failure.log").splitlines() if not LINE.fullmatch(line)]
        self.assertLessEqual(len(cut), 1, cut)  # the half of a line, which the next one does not run into

    def test_a_file_that_cannot_be_opened_again_stays_in_use(self):
        folder = self.server.directory / "logs"
        os.rename(folder, self.server.directory / "moved")
        self.server.signal(signal.SIGUSR1)
        self.assertTrue(self.server.wait_for_log("error not every log file could be reopened"))
        self.assertNotIn("log files reopened", self.server.log())
        self.assertRegex(self.server.errors.read_text(), r"cannot reopen the log file \S+/logs/security\.log \(No such file or directory\)")
        refused = self.server.ask(target="/../x")
        self.assertTrue(wait_for(lambda: refused["X-Request-Id"] in self.text("moved/security.log")))
        folder.mkdir()
        self.server.signal(signal.SIGUSR1)
        self.assertTrue(self.server.wait_for_log("info log files reopened"))
        refused = self.server.ask(target="/../x")
        self.assertTrue(wait_for(lambda: refused["X-Request-Id"] in self.text("logs/security.log")))


class Secrets(WithServer):
    """Credentials reach no log, whatever the level and the outcome; the query string does."""
    settings = {"log": {"level": "debug", "access": {"format": "json"}, "success": {"format": "combined", "file": "success.log"},
                        "failure": {"format": "combined", "file": "failure.log"}, "security": {"file": "security.log"}}}
    fields = ["Authorization: Basic c2VjcmV0OnNlY3JldA==", "Authorization: Bearer secret-token", "Proxy-Authorization: Basic c2VjcmV0OnNlY3JldA==",
              "Cookie: session=secret-cookie", "Cookie2: secret", "X-Api-Key: secret", "Set-Cookie: secret", "Connection: close"]

    def test_none_is_written(self):
        for target in ("/a.txt?kept=1", "/missing.txt", "/../x", "http://secret:secret@localhost/a.txt", "http://secret@localhost/../x",
                       "http://secret:secret@evil.example/", "http://secret:secret@[::1/", "//secret:secret@localhost/", "ftp://secret@localhost/",
                       "secret:secret@localhost:80"):
            for method in ("GET", "CONNECT", "SECRETLESS"):
                for host in ("localhost", "secret:secret@localhost", "secret:secret@evil.example"):
                    with self.server.connect() as line:
                        line.send(request(method, target, self.fields, host=host))
                        self.assertIn(line.answer(is_head=False).status, range(200, 506))
        self.assertEqual(self.server.stop(), 0)
        logs = {name: self.text(name) for name in ("access.log", "success.log", "failure.log", "security.log", "stderr.txt")}
        self.assertIn("/a.txt?kept=1", logs["access.log"])
        self.assertIn("/a.txt?kept=1", logs["success.log"])
        for name, text in logs.items():
            self.assertGreater(len(text.splitlines()), 0, name)
            for line in text.splitlines():
                self.assertNotIn("secret", line.replace("//secret:secret@localhost/", ""), name)  # an origin-form path
                self.assertNotIn("c2VjcmV0", line, name)
        self.assertIn("http://***@localhost/a.txt", logs["access.log"])
        self.assertIn("http://***@evil.example/", logs["failure.log"])


class Start(unittest.TestCase):
    def check(self, **log):
        """What `fairlead -t` says of these settings."""
        path = self.folder / "site.json"
        path.write_text(json.dumps({"root": str(self.folder), "uploads": {"path": ""}, "admin": {"listen": []}, "log": log}))
        code, _, errors = run("-t", "-c", path)
        return code, errors

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_files_that_must_not_be_shared(self):
        code, errors = self.check(access={"file": "/x/a.log"}, failure={"file": "/x/a.log", "format": "json"})
        self.assertEqual(code, 1)
        self.assertRegex(errors, r'site\.json:1:\d+: /log/failure/format: log\.access goes to "/x/a\.log", too, in another format')
        code, errors = self.check(file="/x/a.log", security={"file": "/x/a.log"})
        self.assertEqual(code, 1)
        self.assertRegex(errors, r'/log/security/file: "/x/a\.log" is the file of the log')

    def test_a_line_that_stands_twice_is_a_warning(self):
        code, errors = self.check(failure={"format": "combined"})
        self.assertEqual(code, 0)
        self.assertIn("warning: log.failure goes to standard output, as log.access does", errors)

    def test_a_file_that_cannot_be_opened_stops_the_start(self):
        for log in ("failure", "security"):
            path = self.folder / "site.json"
            path.write_text(json.dumps({"listen": ["127.0.0.1:0"], "root": str(self.folder), "uploads": {"path": ""}, "admin": {"listen": []},
                                        "log": {log: {"file": str(self.folder / "absent/x.log")}}}))
            for arguments in (["-c", path], ["-t", "-c", path]):
                code, _, errors = run(*arguments)
                self.assertEqual(code, 1)
                self.assertRegex(errors, rf'/log/{log}/file: "\S+/absent/x\.log" cannot be made: "\S+/absent" is no directory')


if __name__ == "__main__":
    unittest.main()
