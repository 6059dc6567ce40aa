"""Seeing it work: the access log, the log, request ids, the status line, metrics, health pages."""

import json
import os
import re
import signal
import threading
import time
import unittest

from support import Server, request, wait_for

COMBINED = re.compile(r'(?P<peer>\S+) - - \[(?P<time>[^]]+)\] "(?P<line>(?:[^"\\]|\\.)*)" (?P<status>\d{3}) (?P<bytes>\d+) '
                      r'"(?P<referer>(?:[^"\\]|\\.)*)" "(?P<agent>(?:[^"\\]|\\.)*)" (?P<duration>\d+\.\d+) (?P<id>[0-9a-f]{16})')


class WithServer(unittest.TestCase):
    settings = {}

    def setUp(self):
        self.server = Server(self.settings, files={"index.html": b"x" * 100, "a.txt": b"text"})
        self.addCleanup(self.server.close)

    def access_line(self, answer):
        """The whole line of the access log that has this answer's id."""
        found = wait_for(lambda: re.search(rf".*{answer['X-Request-Id']}.*\n", self.server.access_log()))
        self.assertTrue(found, "not in the access log")
        return found[0].rstrip("\n")


class Combined(WithServer):
    def test_line_has_what_was_asked_and_answered(self):
        answer = self.server.ask(target="/?q=1", fields=["User-Agent: Test/1", "Referer: http://localhost/x"])
        line = COMBINED.fullmatch(self.access_line(answer))
        self.assertTrue(line, self.access_line(answer))
        self.assertEqual((line["peer"], line["line"], line["status"], line["bytes"], line["agent"], line["referer"]),
                         ("127.0.0.1", "GET /?q=1 HTTP/1.1", "200", "100", "Test/1", "http://localhost/x"))
        self.assertLess(float(line["duration"]), 5)
        time.strptime(line["time"], "%d/%b/%Y:%H:%M:%S %z")

    def test_refusals_are_logged_too(self):
        for target, status in (("/missing.txt", "404"), ("/../x", "403"), ("/a.exe", "415")):
            with self.subTest(target):
                line = COMBINED.fullmatch(self.access_line(self.server.ask(target=target)))
                self.assertEqual(line["status"], status)

    def test_nothing_that_a_client_sends_makes_a_line_of_its_own(self):
        answer = self.server.ask(fields=['User-Agent: a"b\\c\u00e9'])
        line = COMBINED.fullmatch(self.access_line(answer))
        self.assertTrue(line, self.access_line(answer))
        self.assertNotIn('"', re.sub(r"\\.", "", line["agent"]))

    def test_ids_differ_and_head_sends_no_bytes(self):
        with self.server.connect() as connection:
            answers = [connection.ask("HEAD") for _ in range(3)]
        self.assertEqual(len({answer["X-Request-Id"] for answer in answers}), 3)
        for answer in answers:
            self.assertEqual(COMBINED.fullmatch(self.access_line(answer))["bytes"], "0")

    def test_health_and_metrics_are_quiet(self):
        self.server.ask(target="/livez")
        self.server.metrics()
        self.access_line(self.server.ask())
        self.assertNotRegex(self.server.access_log(), "livez|metrics")


class Json(WithServer):
    settings = {"log": {"format": "json", "level": "debug", "access": {"format": "json"}}}

    def test_line_is_an_object(self):
        answer = self.server.upload(b'{"a":1}')
        said = json.loads(self.access_line(answer))
        self.assertEqual((said["status"], said["request"]["method"], said["request"]["uri"], said["bytes_read"], said["size"]),
                         (201, "POST", "/upload", 7, len(answer.body)))
        self.assertEqual(said["request_id"], answer["X-Request-Id"])
        self.assertEqual(said["request"]["remote_ip"], "127.0.0.1")

    def test_every_line_of_the_log_is_an_object(self):
        self.server.ask(target='/../"\\')
        self.assertTrue(self.server.wait_for_log("security event"))
        lines = [json.loads(line) for line in self.server.log().splitlines()]
        self.assertTrue(any(line.get("event") == "traversal" and line["client"] == line["peer"] == "127.0.0.1" for line in lines))


class Off(WithServer):
    settings = {"log": {"access": {"format": "off"}}}

    def test_no_file(self):
        self.server.ask()
        self.assertEqual(self.server.stop(), 0)
        self.assertFalse(self.server.access.exists())


class Reopen(unittest.TestCase):
    def test_no_line_is_lost_while_files_are_rotated(self):
        server = Server({"limits": {"requests_per_connection": 1000000}, "log": {"level": "debug", "file": "server.log"}})
        self.addCleanup(server.close)
        stop, ids = threading.Event(), []

        def ask_on():
            with server.connect() as line:
                while not stop.is_set():
                    ids.append(line.ask(target="/missing.txt")["X-Request-Id"])

        client = threading.Thread(target=ask_on)
        client.start()
        self.addCleanup(client.join)
        self.addCleanup(stop.set)
        files = [server.access, server.directory / "server.log"]
        for turn in range(3):
            time.sleep(0.1)
            for path in files:
                os.rename(path, f"{path}.{turn}")
            server.signal(signal.SIGUSR1)
            for path in files:
                self.assertTrue(wait_for(path.exists), f"{path} was not opened again")
        stop.set()
        client.join()
        self.assertEqual(server.stop(), 0)
        self.assertGreater(len(ids), 100)
        for path in files:
            with self.subTest(path.name):
                text = "".join(one.read_text() for one in server.directory.glob(path.name + "*"))
                self.assertEqual(set(ids) - set(re.findall(r"\b[0-9a-f]{16}\b", text)), set())


class StatusLine(WithServer):
    settings = {"log": {"status_interval": "100ms"}, "limits": {"connections": 50, "connections_hard": 60}}

    def test_it_says_how_full_it_is(self):
        with self.server.connect() as line:
            line.ask()
            self.assertTrue(self.server.wait_for_log(r"connections 1/50, in flight 0/512, queue 0, .* normal\n"))


class Health(WithServer):
    def test_pages(self):
        for target in ("/livez", "/readyz", "/healthz"):
            with self.subTest(target):
                answer = self.server.ask(target=target)
                self.assertEqual((answer.status, answer.body, answer["Cache-Control"]), (200, b"ok\n", "no-store"))

    def test_details_are_for_the_admin_listener(self):
        self.assertEqual(self.server.ask(target="/readyz?verbose").body, b"ok\n")
        self.assertIn(b"[+]uploads ok", self.server.ask(target="/readyz?verbose", admin=True).body)
        self.assertEqual(self.server.ask(target="/metrics").status, self.server.ask(target="/missing").status)


class Metrics(WithServer):
    def test_everything_is_counted(self):
        before = self.server.metrics()
        for method, target in (("GET", "/"), ("GET", "/"), ("HEAD", "/"), ("GET", "/missing.txt"), ("GET", "/../x")):
            self.server.ask(method, target)
        self.server.upload(b'{"a":1}')
        self.server.upload(b'{"a":1')
        # An answer is counted when it is sent, so a moment after the client has it, and each by its own thread.
        scrapes = []

        def grown(series):
            return scrapes[-1].get(series, 0) - before.get(series, 0)

        def expected():
            return {
                'fairlead_http_requests_total{method="GET",code="200"}': 2 + len(scrapes),
                'fairlead_http_requests_total{method="HEAD",code="200"}': 1,
                'fairlead_http_requests_total{method="GET",code="404"}': 1,
                'fairlead_http_requests_total{method="GET",code="403"}': 1,
                'fairlead_http_requests_total{method="POST",code="201"}': 1,
                'fairlead_http_requests_total{method="POST",code="400"}': 1,
                "fairlead_uploads_created_total": 2, "fairlead_uploads_finished_total": 1,
                "fairlead_uploads_terminated_total": 1, "fairlead_upload_bytes_received_total": 13,
                "fairlead_upload_commit_seconds_count": 1}

        def all_are_counted():
            scrapes.append(self.server.metrics())
            return all(grown(series) == times for series, times in expected().items())

        wait_for(all_are_counted)
        for series, times in expected().items():
            with self.subTest(series):
                self.assertEqual(grown(series), times)
        after = scrapes[-1]
        self.assertGreaterEqual(grown("fairlead_connections_accepted_total"), 7)
        self.assertGreaterEqual(grown("fairlead_http_request_duration_seconds_count"), 7)
        self.assertEqual(after["fairlead_connections_limit"], 1024)
        for series in ("fairlead_connections_active", "fairlead_http_requests_in_flight", "fairlead_requests_queued",
                       "fairlead_log_dropped_total", 'fairlead_requests_shed_total{reason="connections"}',
                       'fairlead_connections_rejected_total{reason="soft_limit"}', "process_resident_memory_bytes"):
            self.assertIn(series, after)

    def test_labels_are_bounded_whatever_clients_send(self):
        self.server.metrics()
        for number in range(30):
            with self.server.connect() as line:
                line.send(request(f"METHOD{number}", f"/{number}.txt", host="localhost"))
                line.answer()
        self.assertLess(sum(key.startswith("fairlead_http_requests_total") for key in self.server.metrics()), 12)


if __name__ == "__main__":
    unittest.main()
