"""201 is sent when the document survives anything: the order of the system calls, and every one of them failing or killed."""

import re
import signal
import threading
import unittest
from dataclasses import replace

from support import Server
from system_calls import Tracer, faults, in_order, parse

DOCUMENT = b'{"text": "' + b"x" * 2000 + b'"}'
LARGE = b'["' + b"y" * 200000 + b'"]'  # leaves memory in several pieces
# Without digests the data is synced by fdatasync, which tells it from the directory's fsync.
SETTINGS = {"uploads": {"durability": "full", "digest": False}, "log": {"access": {"format": "off"}}}


class WithServer(unittest.TestCase):
    def start(self, settings=SETTINGS, **options):
        server = Server(settings, files={"index.html": b"home"}, **options)
        self.addCleanup(server.close)
        if "durability off" in server.log():
            self.skipTest("the temporary directory keeps nothing (tmpfs?): set TMPDIR to a real file system")
        return server


class Order(WithServer):
    def traced(self, uploads, settings=SETTINGS):
        """The calls while `uploads(server)` ran, and the upload directory."""
        server = self.start(settings)
        with Tracer(server) as tracer:
            uploads(server)
            return parse(tracer.stop()), server.uploads.resolve()

    def test_data_then_name_then_directory_then_201(self):
        def uploads(server):
            for document in (DOCUMENT, LARGE, b"0"):
                self.assertEqual(server.upload(document).status, 201)

        for settings in (SETTINGS, {**SETTINGS, "uploads": {"durability": "full", "digest": True}}):
            calls, directory = self.traced(uploads, settings)
            found, names = faults(calls, directory)
            self.assertEqual(found, [])
            self.assertEqual(len(names), 3)

    def test_the_same_when_many_come_at_once(self):
        statuses = []

        def uploads(server):
            clients = [threading.Thread(target=lambda: statuses.extend(server.upload(DOCUMENT).status for _ in range(5)))
                       for _ in range(8)]
            for client in clients:
                client.start()
            for client in clients:
                client.join()

        trace, directory = self.traced(uploads)
        self.assertEqual(statuses, [201] * 40)
        found, names = faults(trace, directory)
        self.assertEqual(found, [])
        self.assertEqual(len(names), 40)

    def test_the_check_sees_what_is_missing(self):
        calls, directory = self.traced(lambda server: server.upload(DOCUMENT))
        self.assertEqual(faults(in_order(calls), directory)[0], [])
        steps = {name: next(call for call in calls if call.name == name and what in call.text)
                 for name, what in (("write", "#"), ("fdatasync", "#"), ("linkat", "upload_"), ("fsync", ""), ("sendto", "201"))}

        def without(name):
            return [call for call in calls if call is not steps[name]]

        def moved(name, behind):
            rest = without(name)
            rest.insert(rest.index(steps[behind]) + 1, steps[name])
            return rest

        def changed(name, **what):
            return [replace(call, **what) if call is steps[name] else call for call in calls]

        for what, doctored in (
                ("no fdatasync", without("fdatasync")), ("no fsync", without("fsync")), ("no linkat", without("linkat")),
                ("no write", without("write")), ("data synced after the name", moved("fdatasync", "linkat")),
                ("written after the sync", moved("write", "fdatasync")), ("directory synced after 201", moved("fsync", "sendto")),
                ("name after 201", moved("linkat", "sendto")), ("fdatasync failed", changed("fdatasync", result=-1)),
                ("fsync failed", changed("fsync", result=-1)), ("write failed", changed("write", result=-1)),
                ("another directory synced", changed("fsync", text="fsync(5</other>) = 0"))):
            with self.subTest(what):
                self.assertEqual(len(faults(in_order(doctored), directory)[0]), 1)


class Errors(WithServer):
    def skip_if_in_the_way(self, server, injection):
        if injection.startswith("write:") and server.is_sanitized():
            self.skipTest("a sanitizer writes for purposes of its own, and ends the program when it cannot")

    def assert_refused(self, server, injections, status, document=DOCUMENT):
        with Tracer(server, *injections) as tracer:
            answer = server.upload(document)
            self.assertIn("(INJECTED)", tracer.stop())
        self.assertEqual(answer.status, status)
        self.assertEqual(server.ask().status, 200, "the server lives")

    def test_what_may_pass_does(self):
        for injection, status in (("openat:error=ENOSPC", 507), ("openat:error=EMFILE", 503), ("openat:error=ENOENT", 500),
                                  ("write:error=ENOSPC", 507), ("write:error=EDQUOT", 507), ("fdatasync:error=ENOSPC", 507),
                                  ("linkat:error=ENOSPC", 507), ("linkat:error=EACCES", 500), ("fsync:error=ENOSPC", 507)):
            for document in (DOCUMENT, LARGE):
                with self.subTest(injection, size=len(document)):
                    server = self.start()
                    self.skip_if_in_the_way(server, injection)
                    self.assert_refused(server, [injection], status, document)
                    self.assertEqual(server.documents(), [])
                    self.assertEqual(server.upload(document).status, 201, "the next one is stored")
                    self.assertEqual(server.stop(), 0)

    def test_a_name_that_is_taken_is_not_overwritten(self):
        server = self.start()
        with Tracer(server, "linkat:error=EEXIST:when=1") as tracer:
            self.assertEqual(server.upload(DOCUMENT).status, 201)
            tried = re.findall(r'linkat\(.*"(upload_[\w.]+)"', tracer.stop())
        self.assertEqual(len(set(tried)), 2)
        self.assertEqual(server.documents(), tried[1:])

    def test_a_fault_of_the_disk_ends_uploads_until_somebody_looked(self):
        for injection in ("fdatasync:error=EIO", "fsync:error=EIO", "write:error=EIO", "linkat:error=EROFS",
                          "openat:error=EROFS"):
            with self.subTest(injection):
                server = self.start()
                self.skip_if_in_the_way(server, injection)
                self.assert_refused(server, [injection], 500)
                self.assertEqual(server.documents(), [])
                # The disk would take it now: that a sync succeeds says nothing about what the first one lost.
                self.assertEqual(server.upload(DOCUMENT).status, 503)
                ready = server.ask(target="/readyz?verbose", admin=True)
                self.assertEqual(ready.status, 503)
                self.assertIn(b"[-]uploads failed", ready.body)
                self.assertEqual(server.ask(target="/readyz").status, 503)
                self.assertEqual(server.ask(target="/livez").status, 200)
                self.assertEqual(server.documents(), [])
                if "write" not in injection:  # which the log does, too
                    self.assertTrue(server.wait_for_log("error .*not stored"))
                self.assertEqual(server.stop(), 0)

    def test_a_name_that_could_not_be_taken_back_is_logged(self):
        server = self.start()
        self.assert_refused(server, ["fsync:error=EIO", "unlinkat:error=EIO"], 500)
        self.assertEqual(len(server.documents()), 1)
        self.assertTrue(server.wait_for_log("error .*" + server.documents()[0]))


class Kills(WithServer):
    def test_at_each_step_there_is_all_or_nothing(self):
        for step, may_exist in (("openat", False), ("write", False), ("fdatasync", False), ("linkat", False),
                                ("fsync", True), ("sendto", True)):
            for document in (DOCUMENT, LARGE):
                with self.subTest(step, size=len(document)):
                    self.check(step, may_exist, document)

    def check(self, step, may_exist, document):
        server = self.start()
        kept = server.upload(b'"before"')["Location"].rsplit("/", 1)[1]
        with Tracer(server, f"{step}:signal=KILL"):
            with self.assertRaises((EOFError, ConnectionError)):
                server.upload(document)
            self.assertEqual(server.wait(), -signal.SIGKILL)
        again = self.start(directory=server.directory)
        found = {name: (again.uploads / name).read_bytes() for name in again.documents()}
        self.assertEqual(found.pop(kept), b'"before"')
        self.assertLessEqual(len(found), 1 if may_exist else 0)
        for name, content in found.items():
            self.assertRegex(name, r"^upload_[\w]+\.json$")
            self.assertEqual(content, document)
        self.assertEqual(again.upload(document).status, 201)
        self.assertEqual(again.stop(), 0)


if __name__ == "__main__":
    unittest.main()
