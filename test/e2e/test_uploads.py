"""What POST of a JSON document promises: what is stored, what is refused and how, and what GET of a document gives."""

import json
import os
import re
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from support import Server, request

JSON = "Content-Type: application/json"
NAME = r"upload_\d{8}_\d{6}_[0-9A-Za-z]{4,}\.json"


class Uploads(unittest.TestCase):
    settings = {"uploads": {"max_body": "64k", "max_depth": 4}}

    def setUp(self):
        self.server = Server(self.settings)
        self.addCleanup(self.server.close)

    def stored(self, answer):
        """The bytes on disk that an answer 201 names."""
        return (self.server.uploads / json.loads(answer.body)["filepath"].rsplit("/", 1)[1]).read_bytes()

    def assert_refused(self, answer, status):
        self.assertEqual(answer.status, status)
        self.assertEqual(self.server.documents(), [])


class Stored(Uploads):
    def test_201_names_the_document(self):
        document = b'{"name": "J\xc3\xbcrgen", "list": [1, 2.5, null, true]}'
        answer = self.server.upload(document)
        self.assertEqual((answer.status, answer["Content-Type"]), (201, "application/json"))
        said = json.loads(answer.body)
        self.assertEqual(said, {"status": "success", "message": "File created successfully", "filepath": answer["Location"]})
        self.assertRegex(said["filepath"], rf"^/uploads/{NAME}$")
        self.assertEqual(self.stored(answer), document)
        self.assertEqual(self.server.documents(), [said["filepath"].rsplit("/", 1)[1]])

    def test_bytes_are_kept_as_they_came(self):
        for document in (b"0", b' [ ]\n', b'"text"', b'{"a":1,"a":2}', b'{"n":1e400,"m":12345678901234567890123}'):
            with self.subTest(document):
                answer = self.server.upload(document)
                self.assertEqual(answer.status, 201, answer.body)
                self.assertEqual(self.stored(answer), document)

    def test_charset_utf_8_and_parameters_are_taken(self):
        for value in ("application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"'):
            with self.subTest(value):
                self.assertEqual(self.server.upload(b"{}", [f"Content-Type: {value}"]).status, 201)

    def test_chunks_with_trailers(self):
        with self.server.connect() as line:
            line.send(request("POST", "/upload", [JSON, "Transfer-Encoding: chunked"]))
            for piece in (b'{"a":', b"[1,", b"2]}"):
                line.send(b"%x;x=y\r\n%s\r\n" % (len(piece), piece))
            line.send(b"0\r\nX-Check: 1\r\n\r\n")
            answer = line.answer()
            self.assertEqual((answer.status, self.stored(answer)), (201, b'{"a":[1,2]}'))
            self.assertEqual(line.ask(target="/livez").status, 200, "the connection goes on")

    def test_large_document_and_the_limit_exactly(self):
        document = b'"' + b"x" * (64 * 1024 - 2) + b'"'
        self.assertEqual(self.stored(self.server.upload(document)), document)

    def test_expect_gets_its_100(self):
        with self.server.connect() as line:
            line.send(request("POST", "/upload", [JSON, "Content-Length: 2", "Expect: 100-continue"]))
            self.assertEqual(line.answer().status, 100)
            line.send(b"{}")
            self.assertEqual(line.answer().status, 201)

    def test_names_never_collide(self):
        with self.server.connect() as line:
            names = {line.ask("POST", "/upload", [JSON], b"%d" % number)["Location"] for number in range(50)}
        self.assertEqual(len(names), 50)
        self.assertEqual(len(self.server.documents()), 50)


class Refused(Uploads):
    def test_400_gives_offset_and_reason(self):
        for document, offset in ((b'{"a":1,}', 7), (b"[1,2", 4), (b"{} x", 3), (b"", 0), (b"nul", 3), (b'{"a":\x00}', 5),
                                 (b'"\xff"', 1), (b"[[[[[1]]]]]", 4)):
            with self.subTest(document):
                answer = self.server.upload(document, [JSON, "Accept: application/json"])
                self.assert_refused(answer, 400)
                found = re.search(r"at byte (\d+): \S+", json.loads(answer.body)["detail"])
                self.assertTrue(found, answer.body)
                self.assertEqual(int(found[1]), offset)

    def test_too_deep_names_the_limit(self):
        answer = self.server.upload(b"[" * 5 + b"]" * 5)
        self.assert_refused(answer, 400)
        self.assertRegex(answer.body, rb"\b4\b")
        self.assertEqual(self.server.upload(b"[" * 4 + b"]" * 4).status, 201)

    def test_other_types_are_415(self):
        for fields in ([], ["Content-Type: text/plain"], ["Content-Type: application/x-www-form-urlencoded"],
                       [JSON + "; charset=latin1"], [JSON, "Content-Encoding: gzip"], ["Content-Type: application/jsonx"]):
            with self.subTest(fields):
                self.assert_refused(self.server.upload(b"{}", fields), 415)

    def test_no_length_is_411(self):
        self.assert_refused(self.server.ask("POST", "/upload", [JSON]), 411)

    def test_other_methods_are_405(self):
        answer = self.server.ask("GET", "/upload")
        self.assert_refused(answer, 405)
        self.assertIn("POST", answer["Allow"])

    def test_413_names_limit_and_size(self):
        answer = self.server.upload(b'"' + b"x" * 70000 + b'"')
        self.assert_refused(answer, 413)
        self.assertIn(b"65536", answer.body)
        self.assertIn(b"70002", answer.body)

    def test_413_reaches_a_client_that_is_still_sending(self):
        for name, head, piece in (("length", "Content-Length: 4000000", b"1" * 50000),
                                  ("chunks", "Transfer-Encoding: chunked", b"c350\r\n" + b"1" * 50000 + b"\r\n")):
            with self.subTest(name), self.server.connect() as line:
                line.send(request("POST", "/upload", [JSON, head]))
                for _ in range(40):
                    line.send(piece)
                    time.sleep(0.002)
                answer = line.answer()
                self.assert_refused(answer, 413)
                line.socket.shutdown(socket.SHUT_WR)
                self.assertTrue(line.is_at_end())

    def test_refusal_comes_before_the_100(self):
        with self.server.connect() as line:
            line.send(request("POST", "/upload", [JSON, "Content-Length: 4000000", "Expect: 100-continue"]))
            self.assert_refused(line.answer(), 413)

    def test_upload_cut_short_leaves_nothing(self):
        with self.server.connect() as line:
            line.send(request("POST", "/upload", [JSON, "Content-Length: 100"]) + b'{"a":')
            line.socket.shutdown(socket.SHUT_WR)
            self.assert_refused(line.answer(), 400)


class ServedBack(Uploads):
    settings = {"uploads": {"serve": True}}

    def test_document_is_an_attachment_in_a_sandbox(self):
        where = self.server.upload(b'{"a":1}')["Location"]
        answer = self.server.ask(target=where)
        self.assertEqual((answer.status, answer.body), (200, b'{"a":1}'))
        self.assertEqual(answer["Content-Disposition"], "attachment")
        self.assertIn("sandbox", answer["Content-Security-Policy"])
        self.assertEqual(answer["X-Content-Type-Options"], "nosniff")

    def test_nothing_but_documents(self):
        (self.server.uploads / "note.html").write_bytes(b"<script>")
        self.assertEqual(self.server.ask(target="/uploads/note.html").status, 415)
        self.assertIn(self.server.ask(target="/uploads/").status, (403, 404))
        self.assertIn(self.server.ask(target="/uploads").status, (403, 404, 415))


class NotServedBack(Uploads):
    def test_document_is_404_like_one_that_is_missing(self):
        where = self.server.upload(b"{}")["Location"]
        there, missing = self.server.ask(target=where), self.server.ask(target="/uploads/upload_20240101_000000_0000.json")
        self.assertEqual((there.status, missing.status), (404, 404))
        bodies = [re.sub(rb"[0-9a-f]{16}", b"", answer.body) for answer in (there, missing)]
        self.assertEqual(*bodies)


class SwitchedOff(Uploads):
    settings = {"uploads": {"path": ""}}

    def test_there_is_no_such_address(self):
        self.assertIn(self.server.upload(b"{}").status, (404, 405))


class Start(unittest.TestCase):
    def test_temporaries_of_a_crash_are_swept_and_nothing_else(self):
        with tempfile.TemporaryDirectory(prefix="fairlead-e2e-") as directory:
            uploads = Path(directory) / "uploads"
            uploads.mkdir()
            for name in (".fairlead-tmp-0123456789abcdef", "upload_20240101_000000_0000.json", ".keep", "other.txt"):
                (uploads / name).write_bytes(b"1")
            server = Server(directory=directory)
            self.addCleanup(server.close)
            self.assertEqual(server.documents(), [".keep", "other.txt", "upload_20240101_000000_0000.json"])


@unittest.skipUnless(os.geteuid() == 0, "mounting a small file system needs root")
class DiskFull(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="fairlead-e2e-")
        self.addCleanup(directory.cleanup)
        small = Path(directory.name) / "uploads"
        small.mkdir()
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", small], capture_output=True, text=True)
        if mounted.returncode != 0:
            self.skipTest("cannot mount a tmpfs here: " + mounted.stderr.strip())
        self.addCleanup(subprocess.run, ["umount", small], check=True)
        self.server = Server({"uploads": {"max_body": "100k", "min_free": 0}}, directory=directory.name)
        self.addCleanup(self.server.close)

    def wait_for_check(self, line):
        """Free space is looked at once a second."""
        end = time.monotonic() + 10
        while line not in (answer := self.server.ask(target="/readyz?verbose", admin=True)).body:
            self.assertLess(time.monotonic(), end, f"no {line} in {answer.body}")
            time.sleep(0.1)
        self.assertEqual(answer.status, 200, "a full disk keeps nobody from reading")

    def test_507_leaves_nothing_and_room_made_is_used(self):
        self.assertTrue(self.server.wait_for_log("is in memory"), "no warning that this is not durable")
        document = b'"' + b"x" * 60000 + b'"'
        answers = [self.server.upload(document) for _ in range(8)]
        statuses = [answer.status for answer in answers]
        self.assertEqual(set(statuses), {201, 507})
        self.assertEqual(statuses, sorted(statuses))
        self.assertEqual(len(self.server.documents()), statuses.count(201))
        for path in self.server.uploads.iterdir():
            self.assertEqual(path.read_bytes(), document)
        self.assertEqual(self.server.upload(b'"' + b"x" * 99990 + b'"').status, 507)
        self.wait_for_check(b"[-]uploads failed")
        (self.server.root / "a.txt").write_text("still served")
        self.assertEqual(self.server.ask(target="/a.txt").status, 200)
        self.assertEqual(answers[0]["Fairlead-Durability"], "off")
        for path in self.server.uploads.iterdir():
            path.unlink()
        self.assertEqual(self.server.upload(document).status, 201)
        self.wait_for_check(b"[+]uploads ok")


if __name__ == "__main__":
    unittest.main()
