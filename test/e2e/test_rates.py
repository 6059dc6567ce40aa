"""What one client may do: rates by address, connections, and whom a proxy names. Clients have addresses of 127.0.0.0/8."""

import json
import re
import socket
import threading
import time
import unittest

from support import Connection, Server, merged, request, wait_for

FILES = {"index.html": b"x" * 100, "big.txt": b"y" * 300_000}
LIMITED = 'fairlead_requests_limited_total{reason="%s"}'
REJECTED = 'fairlead_connections_rejected_total{reason="address_limit"}'


class WithServer(unittest.TestCase):
    settings = {}

    def start(self, settings=None, **more):
        server = Server(merged(self.settings, settings or {}), files=FILES, **more)
        self.addCleanup(server.close)
        return server

    def setUp(self):
        self.server = self.start()

    def get(self, source, target="/index.html", fields=(), server=None):
        with (server or self.server).connect(source=source) as line:
            return line.ask(target=target, fields=["Connection: close", *fields])

    def statuses(self, count, source, **more):
        return [self.get(source, **more).status for _ in range(count)]


class Requests(WithServer):
    settings = {"rate": {"requests": "5/h", "burst": 3}, "routes": {"/own": {"rate": {"requests": "1/h", "burst": 1}}}}

    def test_beyond_the_rate_429_says_when_to_come_back(self):
        for left in ("2", "1", "0"):
            answer = self.get("127.0.1.1")
            self.assertEqual((answer.status, answer["RateLimit-Policy"]), (200, '"requests";q=5;w=3600'))
            self.assertRegex(answer["RateLimit"], rf'^"requests";r={left};t=\d+$')
        answer = self.get("127.0.1.1", fields=["Accept: application/json"])
        self.assertEqual(answer.status, 429)
        self.assertTrue(715 <= int(answer["Retry-After"]) <= 720, answer["Retry-After"])
        self.assertIn(f"Try again in {answer['Retry-After']} s.", json.loads(answer.body)["detail"])
        self.assertRegex(answer["RateLimit"], r'^"requests";r=0;t=\d+$')
        self.assertEqual(self.get("127.0.1.2").status, 200)
        self.assertEqual(self.server.metrics()[LIMITED % "requests"], 1)
        self.assertTrue(wait_for(lambda: re.search(r"^127\.0\.1\.1 .* 429 ", self.server.access_log(), re.M)))

    def test_every_way_to_ask_counts_and_health_does_not(self):
        with self.server.connect(source="127.0.1.3") as line:
            line.send(request("HEAD", "/index.html") + request("GET", "/nothing.html") + request("OPTIONS", "/index.html") +
                      request("GET", "/index.html") + request("DELETE", "/index.html"))
            seen = [line.answer(is_head=number == 0).status for number in range(5)]
            self.assertEqual((seen[0], seen[1], seen[3:]), (200, 404, [429, 429]))
            self.assertNotEqual(seen[2], 429)
            for _ in range(20):
                self.assertEqual(line.ask(target="/livez").status, 200)

    def test_a_request_that_waits_counts_once(self):
        # The file is not in the cache of names yet, an upload has a body: both are answered by the way that waits.
        with self.server.connect(source="127.0.1.4") as line:
            self.assertRegex(line.ask(target="/big.txt")["RateLimit"], '^"requests";r=2;')
            answer = line.ask("POST", "/upload", ["Content-Type: application/json"], b'{"a":1}')
            self.assertEqual(answer.status, 201)
            self.assertRegex(answer["RateLimit"], '^"requests";r=1;')

    def test_a_refused_upload_is_not_read(self):
        self.assertEqual(self.statuses(3, "127.0.1.5"), [200] * 3)
        with self.server.connect(source="127.0.1.5") as line:
            line.send(request("POST", "/upload", ["Content-Type: application/json", "Content-Length: 900000",
                                                  "Expect: 100-continue"]))
            self.assertEqual(line.answer().status, 429)
        self.assertEqual(self.server.documents(), [])

    def test_a_route_with_a_rate_has_its_own_buckets(self):
        self.assertEqual(self.statuses(2, "127.0.1.6", target="/own/x.html"), [404, 429])
        self.assertEqual(self.statuses(4, "127.0.1.6"), [200, 200, 200, 429])

    def test_fields_of_untrusted_peers_name_nobody(self):
        for number in range(3):
            fields = [f"X-Forwarded-For: 192.0.2.{number}", f"Forwarded: for=198.51.100.{number}"]
            self.assertEqual(self.get("127.0.1.7", fields=fields).status, 200)
        self.assertEqual(self.get("127.0.1.7", fields=["X-Forwarded-For: 192.0.2.99"]).status, 429)
        self.assertFalse(re.search(r"^(192\.0\.2|198\.51)\.", self.server.access_log(), re.M))

    def test_a_thousand_addresses_have_a_thousand_buckets(self):
        addresses = [f"127.{2 + number // 250}.7.{1 + number % 250}" for number in range(1000)]
        for expected in (200, 200, 200, 429):
            self.assertEqual({self.get(address).status for address in addresses}, {expected})

    def test_the_bucket_fills_again(self):
        server = self.start({"rate": {"requests": "2/s", "burst": 1}})
        self.assertEqual(self.statuses(2, "127.0.1.8", server=server), [200, 429])
        time.sleep(0.6)
        self.assertEqual(self.statuses(1, "127.0.1.8", server=server), [200])


class Bytes(WithServer):
    settings = {"rate": {"bytes": "100k"}}

    def test_who_is_ahead_waits_until_it_is_made_up_for(self):
        answer = self.get("127.0.2.1", "/big.txt")
        self.assertEqual((answer.status, len(answer.body)), (200, 300_000))
        self.assertEqual(answer["RateLimit"], '"bytes";r=102400;t=0')
        refused = wait_for(lambda: (answer := self.get("127.0.2.1")).status == 429 and answer)
        self.assertEqual((refused["Retry-After"], refused["RateLimit-Policy"]),
                         ("2", '"bytes";q=102400;qu="content-bytes";w=1'))
        self.assertEqual(self.get("127.0.2.2").status, 200)
        self.assertGreaterEqual(self.server.metrics()[LIMITED % "bytes"], 1)
        time.sleep(2.1)
        self.assertEqual(self.get("127.0.2.1").status, 200)

    def test_uploads_count_too(self):
        body = b'{"a": "' + b"z" * 400_000 + b'"}'
        with self.server.connect(source="127.0.2.3") as line:
            self.assertEqual(line.ask("POST", "/upload", ["Content-Type: application/json"], body).status, 201)
            self.assertEqual(line.ask(target="/index.html").status, 429)


class Proxies(WithServer):
    settings = {"rate": {"requests": "1/h"}, "trusted_proxies": ["127.0.3.0/24"],
                "log": {"access": {"format": "json"}}}

    def through(self, client, proxy="127.0.3.1", field="X-Forwarded-For"):
        return self.get(proxy, fields=[f"{field}: {client}"])

    def test_the_client_counts_and_is_logged(self):
        self.assertEqual(self.through("192.0.2.1").status, 200)
        answer = self.through("9.9.9.9, 192.0.2.1", "127.0.3.2")
        self.assertEqual(answer.status, 429)
        self.assertEqual(self.through("192.0.2.2").status, 200)
        self.assertEqual(self.through('for="[2001:db8::1]:80"', field="Forwarded").status, 200)
        self.assertEqual(self.through('for="[2001:db8::2]"', field="Forwarded").status, 429)
        found = wait_for(lambda: re.search(rf".*{answer['X-Request-Id']}.*", self.server.access_log()))
        line = json.loads(found[0])["request"]
        self.assertEqual((line["remote_ip"], line["client_ip"]), ("127.0.3.2", "192.0.2.1"))

    def test_two_fields_that_disagree_are_refused(self):
        fields = ["Forwarded: for=192.0.2.5", "X-Forwarded-For: 192.0.2.6"]
        self.assertEqual(self.get("127.0.3.1", fields=fields).status, 400)
        server = self.start({"proxy_field": "x-forwarded-for", "log": {"access": {"format": "combined"}}})
        self.assertEqual(self.get("127.0.3.1", fields=fields, server=server).status, 200)
        self.assertTrue(wait_for(lambda: server.access_log().startswith("192.0.2.6 - - [")))

    def test_a_long_field_is_read_from_its_end(self):
        server = self.start({"limits": {"header_size": "128k"}})
        field = "X-Forwarded-For: " + "9.9.9.9, " * 7000
        self.assertEqual(self.get("127.0.3.1", fields=[field + "192.0.2.7"], server=server).status, 200)
        self.assertEqual(self.get("127.0.3.1", fields=[field + "192.0.2.7"], server=server).status, 429)
        self.assertEqual(self.get("127.0.3.1", fields=[field + "192.0.2.8"], server=server).status, 200)


class Connections(WithServer):
    settings = {"limits": {"connections_per_address": 8}}

    def open(self, count, source):
        lines = [self.server.connect(source=source) for _ in range(count)]
        for line in lines:
            self.addCleanup(line.socket.close)
            line.send(request("GET", "/index.html"))
        return lines

    def test_beyond_the_limit_429_and_health_is_answered(self):
        self.assertEqual([line.answer().status for line in self.open(8, "127.0.4.1")], [200] * 8)
        answer = self.get("127.0.4.1")
        self.assertEqual((answer.status, answer["Connection"]), (429, "close"))
        self.assertIn(answer["Retry-After"], ("5", "6", "7"))
        self.assertEqual(self.get("127.0.4.1", "/livez").status, 200)
        self.assertEqual(self.get("127.0.4.2").status, 200)
        numbers = self.server.metrics()
        self.assertEqual((numbers[REJECTED], numbers[LIMITED % "connections"]), (1, 1))

    def test_a_place_comes_back_with_the_end_of_its_connection(self):
        lines = self.open(8, "127.0.4.3")
        for line in lines:
            line.answer()
        lines[0].socket.close()
        self.assertTrue(wait_for(lambda: self.get("127.0.4.3").status == 200))

    def test_a_quarter_more_is_closed_unread_and_others_have_their_places(self):
        for line in self.open(8, "127.0.4.4"):
            line.answer()
        silent = [self.server.connect(source="127.0.4.4") for _ in range(40)]
        for line in silent:
            self.addCleanup(line.socket.close)
        self.open(8, "127.0.4.5")[7].answer()
        for line in silent:
            line.send(request("GET", "/index.html")[:10])
        ended = [line for line in silent if self.has_ended(line)]
        self.assertGreaterEqual(len(ended), 38)

    def has_ended(self, line):
        """Closed by the server, with an answer or unread."""
        try:
            while line.socket.recv(4096):
                pass
            return True
        except ConnectionError:
            return True
        except socket.timeout:
            return False

    def test_trusted_proxies_have_as_many_as_they_like(self):
        server = self.server = self.start({"trusted_proxies": ["127.0.4.6"]})
        self.assertEqual([line.answer().status for line in self.open(30, "127.0.4.6")], [200] * 30)
        self.assertEqual(server.metrics()[REJECTED], 0)


class Together(WithServer):
    settings = {"rate": {"requests": "1/h", "burst": 100}}

    def test_threads_together_get_what_one_would(self):
        seen = []

        def ask():
            with Connection(self.server.port, source="127.0.5.1") as line:
                seen.extend(line.ask(target="/index.html").status for _ in range(50))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((seen.count(200), seen.count(429)), (100, 100))


if __name__ == "__main__":
    unittest.main()
