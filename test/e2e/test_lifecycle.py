"""Stopping and being full: what runs is finished or cut as promised, and refusals under load are clean."""

import signal
import socket
import threading
import time
import unittest

from support import Server, request, wait_for

JSON = "Content-Type: application/json"


class WithServer(unittest.TestCase):
    def start(self, settings=None, files=None):
        server = Server(settings, files=files or {"index.html": b"home"})
        self.addCleanup(server.close)
        return server

    def begun_upload(self, server):
        """A connection whose request is at work: the server has asked for the body and has the first byte of two."""
        line = server.connect()
        self.addCleanup(line.socket.close)
        line.send(request("POST", "/upload", [JSON, "Content-Length: 2", "Expect: 100-continue"]))
        self.assertEqual(line.answer().status, 100)
        line.send(b"{")
        return line


class Stopping(WithServer):
    def test_idle_server_ends_at_once(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                server = self.start()
                with server.connect() as idle:
                    idle.ask()
                    begin = time.monotonic()
                    server.signal(number)
                    self.assertEqual(server.wait(), 0)
                    self.assertLess(time.monotonic() - begin, 3)
                    self.assertTrue(idle.is_at_end())

    def test_nothing_keeps_a_server_that_has_nothing_to_finish(self):
        for turn in range(20):  # the end comes while the signal is still being handled: a race, once lost one time in ten
            server = self.start({"threads": 4})
            server.signal(signal.SIGUSR1)
            server.signal(signal.SIGTERM)
            self.assertEqual(server.wait(10), 0, f"turn {turn}")

    def test_request_at_work_is_finished_and_new_ones_are_refused(self):
        server = self.start()
        line = self.begun_upload(server)
        server.signal(signal.SIGTERM)
        self.assertTrue(server.wait_for_log("stopping: "))

        def is_refused():
            with socket.socket() as late:
                return late.connect_ex(("127.0.0.1", server.port)) != 0

        self.assertTrue(wait_for(is_refused))
        line.send(b"}")
        answer = line.answer()
        self.assertEqual((answer.status, answer["Connection"]), (201, "close"))
        self.assertTrue(line.is_at_end())
        line.socket.close()
        self.assertEqual(server.wait(), 0)
        self.assertEqual(len(server.documents()), 1)

    def test_download_at_work_is_finished(self):
        content = b"d" * (16 << 20)
        server = self.start(files={"large.zip": content})
        with server.connect(receive_buffer=65536) as line:
            line.send(request("GET", "/large.zip"))
            line.socket.recv(1, socket.MSG_PEEK)
            server.signal(signal.SIGTERM)
            self.assertTrue(server.wait_for_log("stopping: "))
            self.assertEqual(line.answer().body, content)
        self.assertEqual(server.wait(), 0)

    def test_balancers_see_that_it_stops_before_it_does(self):
        server = self.start({"limits": {"shutdown_delay": "1500ms"}})
        with server.connect() as idle:
            idle.ask()
            begin = time.monotonic()
            server.signal(signal.SIGTERM)
            self.assertTrue(wait_for(lambda: server.ask(target="/readyz").status == 503))
            self.assertIn(b"[-]accepting failed", server.ask(target="/readyz?verbose", admin=True).body)
            self.assertEqual(server.ask(target="/livez").status, 200)
            self.assertEqual(idle.ask(fields=[]).body, b"home", "kept connections are kept")
            self.assertNotIn("stopping: ", server.log())
            self.assertEqual(server.wait(), 0)
            self.assertGreater(time.monotonic() - begin, 1.4)

    def test_a_second_signal_ends_the_delay_too(self):
        server = self.start({"limits": {"shutdown_delay": "1m"}})
        server.signal(signal.SIGTERM)
        self.assertTrue(server.wait_for_log("asked to stop: "))
        server.signal(signal.SIGINT)
        self.assertEqual(server.wait(), 2)

    def test_metrics_and_health_can_be_asked_for_until_the_end(self):
        server = self.start()
        line = self.begun_upload(server)
        server.signal(signal.SIGTERM)
        self.assertTrue(server.wait_for_log("stopping: "))
        self.assertEqual(server.ask(target="/readyz", admin=True).status, 503)
        self.assertIn(b"fairlead_connections_active", server.ask(target="/metrics", admin=True).body)
        line.send(b"}")
        self.assertEqual(line.answer().status, 201)
        self.assertEqual(server.wait(), 0)

    def test_second_signal_stops_at_once(self):
        server = self.start()
        self.begun_upload(server)
        server.signal(signal.SIGTERM)
        self.assertTrue(server.wait_for_log("stopping: "))
        server.signal(signal.SIGTERM)
        self.assertEqual(server.wait(), 2)

    def test_request_cut_at_the_deadline(self):
        server = self.start({"limits": {"drain_timeout": "300ms"}})
        self.begun_upload(server)
        begin = time.monotonic()
        server.signal(signal.SIGTERM)
        self.assertEqual(server.wait(), 3)
        self.assertGreater(time.monotonic() - begin, 0.25)
        self.assertRegex(server.log(), r"1 requests? cut")
        self.assertEqual(server.documents(), [])
        # The client did nothing wrong: no 400.
        self.assertRegex(server.access_log(), r'"POST /upload HTTP/1\.1" 503 ')

    def test_sighup_does_not_end_it(self):
        server = self.start()
        server.signal(signal.SIGHUP)
        self.assertTrue(server.wait_for_log("SIGHUP"))
        self.assertEqual(server.ask().status, 200)
        self.assertEqual(server.stop(), 0)


class Full(WithServer):
    LIMITS = {"limits": {"connections": 3, "connections_hard": 5, "retry_after": "5s"}}

    def occupied(self, server, count):
        lines = []
        for _ in range(count):
            lines.append(server.connect())
            self.addCleanup(lines[-1].socket.close)
            self.assertEqual(lines[-1].ask().status, 200)
        return lines

    def test_refused_one_reads_503_and_a_clean_end_while_others_go_on(self):
        server = self.start(self.LIMITS)
        admitted = self.occupied(server, 3)
        for data in (request("GET", "/"), request("POST", "/upload", [JSON], b"{}"), b"GET / HT"):
            with self.subTest(data), server.connect() as line:
                line.send(data)
                answer = line.answer()
                self.assertEqual((answer.status, answer["Connection"]), (503, "close"))
                self.assertIn(int(answer["Retry-After"]), range(5, 8))
                self.assertRegex(answer["X-Request-Id"], "^[0-9a-f]{16}$")
                self.assertTrue(answer["Date"])
                self.assertTrue(line.is_at_end())
        self.assertEqual([line.ask().status for line in admitted], [200] * 3)
        metrics = server.metrics()
        self.assertEqual(metrics['fairlead_connections_rejected_total{reason="soft_limit"}'], 3)
        self.assertEqual(metrics['fairlead_requests_shed_total{reason="connections"}'], 2)

    def test_health_is_answered_when_full(self):
        server = self.start(self.LIMITS)
        self.occupied(server, 3)
        for target in ("/livez", "/readyz"):
            self.assertEqual(server.ask(target=target).status, 200)

    def test_place_that_is_given_back_is_used(self):
        server = self.start(self.LIMITS)
        admitted = self.occupied(server, 3)
        admitted[0].socket.close()
        self.assertTrue(wait_for(lambda: server.ask().status == 200))

    def test_above_the_hard_limit_the_socket_is_closed_unread(self):
        server = self.start({"limits": {"connections": 1, "connections_hard": 1}, "defer_accept": False})
        self.occupied(server, 1)
        with server.connect() as line:
            with self.assertRaises((EOFError, ConnectionError)):
                line.ask()
        self.assertEqual(server.metrics()['fairlead_connections_rejected_total{reason="hard_limit"}'], 1)

    def test_idle_connections_make_room_when_pressed(self):
        server = self.start({"limits": {"connections": 2, "idle_timeout": "1h", "idle_timeout_pressed": "200ms"}})
        idle, _ = self.occupied(server, 2)
        self.assertTrue(idle.is_at_end())


class Connections(WithServer):
    def test_keep_alive_is_announced_and_counted_down(self):
        server = self.start({"limits": {"requests_per_connection": 3, "idle_timeout": "7s"}})
        with server.connect() as line:
            self.assertEqual([line.ask()["Keep-Alive"] for _ in range(2)], ["timeout=7, max=2", "timeout=7, max=1"])
            last = line.ask()
            self.assertEqual(last["Connection"], "close")
            self.assertTrue(line.is_at_end())

    def test_pipelined_requests_are_answered_in_order(self):
        server = self.start(files={f"{number}.txt": b"%d" % number for number in range(10)})
        with server.connect() as line:
            line.send(b"".join(request("GET", f"/{number}.txt") for number in range(10)))
            self.assertEqual([line.answer().body for _ in range(10)], [b"%d" % number for number in range(10)])

    def test_the_last_answer_reaches_a_client_that_sent_more(self):
        server = self.start({"limits": {"requests_per_connection": 3}})
        with server.connect() as line:
            line.send(request("GET", "/") * 5000)
            time.sleep(0.2)  # a reset would be there by now, and throw away what is not read yet
            self.assertEqual([line.answer().status for _ in range(3)], [200] * 3)
            line.socket.shutdown(socket.SHUT_WR)
            self.assertTrue(line.is_at_end())

    def test_half_closed_client_gets_its_answer(self):
        server = self.start()
        with server.connect() as line:
            line.send(request("GET", "/"))
            line.socket.shutdown(socket.SHUT_WR)
            self.assertEqual(line.answer().body, b"home")

    def test_deadlines(self):
        server = self.start({"limits": {"header_timeout": "300ms", "idle_timeout": "300ms"}})
        with server.connect() as slow, server.connect() as idle:
            slow.send(b"GET / HTTP/1.1\r\nHost: lo")
            self.assertEqual(slow.answer().status, 408)
            self.assertTrue(slow.is_at_end())
            idle.ask()
            self.assertTrue(idle.is_at_end())

    def test_body_that_drips_is_cut(self):
        server = self.start({"limits": {"header_timeout": "1s"}})  # the grace; the rate is the default of 256 bytes/s
        self.assertEqual(server.upload(b"{}").status, 201)
        with server.connect(timeout=20) as line:
            line.send(request("POST", "/upload", [JSON, "Content-Length: 100000"]) + b"[")
            stop = threading.Event()

            def drip():
                while not stop.wait(0.2):
                    try:
                        line.send(b" ")
                    except OSError:
                        return

            client = threading.Thread(target=drip)
            client.start()
            self.addCleanup(client.join)
            self.addCleanup(stop.set)
            self.assertEqual(line.answer().status, 408)
        self.assertEqual(len(server.documents()), 1)

    def test_body_that_is_slow_but_above_the_rate_is_stored(self):
        server = self.start({"limits": {"header_timeout": "1s", "idle_timeout": "1s"}})
        document = b'"' + b"x" * 2398 + b'"'
        with server.connect(timeout=20) as line:
            line.send(request("POST", "/upload", [JSON, f"Content-Length: {len(document)}"]))
            for at in range(0, len(document), 60):
                line.send(document[at:at + 60])
                time.sleep(0.1)
            self.assertEqual(line.answer().status, 201)
        self.assertEqual(len(server.documents()), 1)


if __name__ == "__main__":
    unittest.main()
