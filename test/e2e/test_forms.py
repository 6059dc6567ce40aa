"""POST of multipart/form-data: files and folders that appear whole or not at all, and forms that are none."""

import json
import random
import socket
import threading
import time
import unittest
from urllib.parse import quote

from support import digest_of, entity_tag, forget_peak, form, part, peak_memory, request, together, tree, vanish
from test_put import WithFiles

PICTURE, NOTE = random.Random(1).randbytes(3000), b"a note\r\n--not the boundary\r\n"
TWO = (part("title", b"My holiday"), part("picture", PICTURE, "photo.png", "image/png"),
       part("note", NOTE, "note.txt", "text/plain"))
FILE_NAME, FOLDER_NAME = r"upload_\d{8}_\d{6}_[0-9a-f]{16}", r"form_\d{8}_\d{6}_[0-9a-f]{16}"


class WithForms(WithFiles):
    def post(self, *parts, fields=(), server=None):
        content_type, body = form(*parts)
        return (server or self.server).ask("POST", "/files", [content_type, *fields], body)

    def folder(self, answer):
        """What the folder that an answer 201 names has in it, fields.json apart; and that as a value."""
        self.assertEqual(answer.status, 201, answer.body)
        self.assertRegex(answer["Location"], rf"^/files/{FOLDER_NAME}/$")
        found = tree(self.files / answer["Location"].split("/")[2])
        return found, json.loads(found.pop("fields.json"))


class Stored(WithForms):
    def test_one_file_is_stored_like_a_raw_body(self):
        for kind, extension in (("image/png", "png"), ("text/html", "txt"), (None, "(txt|bin)")):
            with self.subTest(kind):
                answer = self.post(part("picture", PICTURE, "../../photo.html", kind))
                self.assertEqual((answer.status, answer["ETag"], answer["Repr-Digest"]),
                                 (201, entity_tag(PICTURE), digest_of(PICTURE)))
                self.assertRegex(answer["Location"], rf"^/files/{FILE_NAME}\.{extension}$")
                self.assertEqual(json.loads(answer.body)["filepath"], answer["Location"])
                self.assertEqual(self.server.ask(target=answer["Location"]).body, PICTURE)
        self.assertEqual(len(self.stored()), 3)

    def test_files_and_fields_become_a_folder(self):
        answer = self.post(*TWO, part("title", "Jürgen".encode()), part("empty", b""))
        files, fields = self.folder(answer)
        self.assertEqual(files, {"file_1.png": PICTURE, "file_2.txt": NOTE})
        self.assertEqual([(one["name"], one["value"]) for one in fields["fields"]],
                         [("title", "My holiday"), ("title", "Jürgen"), ("empty", "")])
        self.assertEqual([(one["field"], one["filename"], one["name"], one["size"]) for one in fields["files"]],
                         [("picture", "photo.png", "file_1.png", len(PICTURE)),
                          ("note", "note.txt", "file_2.txt", len(NOTE))])
        self.assertEqual([path.rstrip("/") for path in self.stored() if "/" not in path.rstrip("/")],
                         [answer["Location"].split("/")[2]])
        self.assertEqual(self.server.ask(target=answer["Location"] + "file_1.png").body, PICTURE)

    def test_fields_alone_become_a_folder(self):
        files, fields = self.folder(self.post(part("a", b"1")))
        self.assertEqual((files, fields["fields"], fields["files"]), ({}, [{"name": "a", "value": "1"}], []))

    def test_a_choice_of_files_that_was_left_empty_is_none(self):
        """What browsers send then."""
        files, fields = self.folder(self.post(part("f", b"", "", "application/octet-stream"), part("a", b"1")))
        self.assertEqual((files, fields["files"]), ({}, []))

    def test_what_is_cut_anywhere_means_the_same(self):
        server = self.start({"durability": "off"})
        content_type, body = form(part("f", b"v\r\n--"), part("a", b"\r\n-\r\r\n\n", "a.bin", "a/b"),
                                  part("b", b"", "b.bin", "a/b"))
        data = request("POST", "/files", [content_type, "Connection: close"], body)
        for cut in range(len(data) - len(body) - 2, len(data)):
            with server.connect() as line:
                line.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                line.send(data[:cut])
                time.sleep(0.002)
                line.send(data[cut:])
                answer = line.answer()
            self.assertEqual(answer.status, 201, cut)
            found = tree(server.directory / answer["Location"][1:])
            self.assertEqual((found["file_1.bin"], found["file_2.bin"]), (b"\r\n-\r\r\n\n", b""), cut)

    def test_a_boundary_that_begins_the_content(self):
        for boundary in ("b", "a" * 70, "'()+_,-./:=? x"):
            for content in (b"--", b"\r\n--" + boundary.encode()[:-1], b"--" + boundary.encode() + b"x",
                            b"\r\n--" + boundary.encode() + b"z\r\n"):
                with self.subTest(boundary, content=content):
                    _, body = form(part("f", content, "f.txt"), boundary=boundary)
                    answer = self.server.ask("POST", "/files", [f'Content-Type: multipart/form-data; boundary="{boundary}"'],
                                             body)
                    self.assertEqual(answer.status, 201, answer.body)
                    self.assertEqual(self.server.ask(target=answer["Location"]).body, content)


class NamedByTheClient(WithForms):
    uploads = {"names": "client"}

    def test_one_file_keeps_its_name_and_is_not_overwritten(self):
        first = self.post(part("picture", PICTURE, "photo ä.png", "image/png"))
        self.assertEqual((first.status, first["Location"]), (201, "/files/" + quote("photo ä.png")))
        self.assertEqual(self.post(part("picture", NOTE, "photo ä.png", "image/png")).status, 409)
        self.assertEqual(self.stored(), {"photo ä.png": PICTURE})

    def test_files_of_a_folder_keep_good_names(self):
        files, _ = self.folder(self.post(*TWO))
        self.assertEqual(files, {"photo.png": PICTURE, "note.txt": NOTE})

    def test_no_name_leads_outside_or_hides_a_file(self):
        before = tree(self.server.root), tree(self.server.uploads)
        bad = ("../www/x.txt", "/tmp/x.txt", "..", ".", "", "..\\\\..\\\\x.txt", ".htaccess", "a\x00b", ".fairlead-tmp-1",
               "fields.json", "con", "x" * 256, "a%0D%0Ab", "%2e%2e%2fx.txt", "C:\\fakepath\\x.txt", "-rf")
        for name in bad:
            for more in ((), (part("other", NOTE, "other.txt"),)):
                with self.subTest(name, alone=not more):
                    answer = self.post(part("f", PICTURE, name), *more)
                    self.assertIn(answer.status, (201, 400), answer.body)
                    for path in self.stored():
                        self.assertRegex(path, rf"^({FILE_NAME}\.(bin|txt)|x\.txt|%2e%2e%2fx\.txt|fields\.json|{FOLDER_NAME}/"
                                               r"(file_\d\.(bin|txt)|other\.txt|x\.txt|%2e%2e%2fx\.txt|fields\.json|))$")
                    for path in self.stored():
                        (self.files / path).unlink() if not path.endswith("/") else None
                    for path in self.files.glob("form_*"):
                        path.rmdir()
        self.assertEqual((tree(self.server.root), tree(self.server.uploads)), before)

    def test_two_files_of_one_name_are_both_kept_or_refused(self):
        answer = self.post(part("a", PICTURE, "same.txt"), part("b", NOTE, "same.txt"))
        if answer.status == 201:
            self.assertEqual(sorted(self.folder(answer)[0].values()), sorted([PICTURE, NOTE]))
        else:
            self.assertEqual((answer.status, self.stored()), (400, {}))

    def test_of_32_with_one_name_one_wins(self):
        lines = [self.server.connect() for _ in range(32)]
        try:
            forms = [form(part("f", b"%d" % number, "name.txt")) for number in range(32)]
            answers = together(lines, [request("POST", "/files", [content_type], body) for content_type, body in forms])
        finally:
            for line in lines:
                line.socket.close()
        self.assertEqual(sorted(answer.status for answer in answers), [201] + [409] * 31)
        winner = [answer.status for answer in answers].index(201)
        self.assertEqual(self.stored(), {"name.txt": b"%d" % winner})


class Refused(WithForms):
    uploads = {"max_body": "4m", "types": ["text/*", "image/png"]}
    GOOD = b'Content-Disposition: form-data; name="a"\r\n\r\n1'

    def assert_refused(self, answer, status):
        self.assertEqual(answer.status, status, answer.body)
        self.assertEqual(self.stored(), {})

    def test_boundaries(self):
        body, kind = b"--a\r\n" + self.GOOD + b"\r\n--a--\r\n", "Content-Type: multipart/form-data"
        for parameter in ("", '; boundary=""', "; boundary=" + "a" * 71, '; boundary="a@b"', '; boundary="a "',
                          "; boundary=a; boundary=a"):
            with self.subTest(parameter):
                self.assert_refused(self.server.ask("POST", "/files", [kind + parameter], body), 400)
        # These are no media type at all.
        for parameter in ("; boundary", "; boundary=", "; boundary=a@b", '; boundary="a', "; boundary=ä"):
            with self.subTest(parameter):
                answer = self.server.ask("POST", "/files", [kind + parameter], body)
                self.assert_refused(answer, 415 if answer.status == 415 else 400)
        for kind in ("multipart/mixed; boundary=a", "application/x-www-form-urlencoded"):
            self.assert_refused(self.server.ask("POST", "/files", ["Content-Type: " + kind], b"--a--\r\n"), 415)

    def test_bodies_that_are_no_form(self):
        for body in (b"", b"x", b"--a", b"--a\r\n", b"--a\r\n" + self.GOOD, b"--a\r\n" + self.GOOD + b"\r\n--a\r\n",
                     b"--a--\r\n", b"--a\r\n" + self.GOOD + b"\r\n--a-", b"--a\r\n" + self.GOOD + b"\r\n--b--\r\n",
                     b"--ab\r\n" + self.GOOD + b"\r\n--ab--\r\n", b"--a\n" + self.GOOD.replace(b"\r", b"") + b"\n--a--\n",
                     b"x" * 2000 + b"\r\n--a\r\n" + self.GOOD + b"\r\n--a--\r\n",
                     b"--a\r\n" + self.GOOD + b"\r\n--a--x\r\n"):
            with self.subTest(body[:60]):
                self.assert_refused(self.server.ask("POST", "/files", ["Content-Type: multipart/form-data; boundary=a"],
                                                    body), 400)

    def test_parts(self):
        named = b'Content-Disposition: form-data; name="a"'
        heads = {
            "no head": b"\r\n1", "no disposition": b"Content-Type: text/plain\r\n\r\n1",
                 "two": named + b"\r\n" + named + b"\r\n\r\n1",
            "attachment": b'Content-Disposition: attachment; name="a"\r\n\r\n1',
                 "no name": b"Content-Disposition: form-data\r\n\r\n1",
            "no colon": named + b"\r\nnonsense\r\n\r\n1", "folded": named + b'\r\n filename="x"\r\n\r\n1',
            "NUL": named + b"\r\nX: a\0b\r\n\r\n1", "bad name": named + b"\r\nX : 1\r\n\r\n1",
                 "bare LF": named + b"\nX: 1\r\n\r\n1",
            "filename*": named + b"; filename*=UTF-8''x.txt\r\n\r\n1",
                 "filename* traversal": named + b"; filename*=UTF-8''..%2f..%2fx\r\n\r\n1",
            "both file names": named + b"; filename=x.txt; filename*=UTF-8''y\r\n\r\n1",
                 "two file names": named + b"; filename=x; filename=y\r\n\r\n1",
            "bad quoting": named + b'; filename="x\r\n\r\n1', "bad UTF-8": named + b'; filename="\xff"\r\n\r\n1',
            "nested": named + b"\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n1\r\n--b--",
            "base64": named + b"\r\nContent-Transfer-Encoding: base64\r\n\r\nMQ==",
            "17 lines": named + b"".join(b"\r\nX-%d: 1" % number for number in range(17)) + b"\r\n\r\n1",
            "9 KiB of lines": named + b"\r\nX: " + b"x" * 9000 + b"\r\n\r\n1",
                 "long name": b'Content-Disposition: form-data; name="%s"\r\n\r\n1' % (b"n" * 2000),
            "wrong digest": named + b"; filename=x.txt\r\nContent-Digest: " + digest_of(b"2").encode() + b"\r\n\r\n1",
            "wrong Repr-Digest": named + b"; filename=x.txt\r\nRepr-Digest: " + digest_of(b"2").encode() + b"\r\n\r\n1",
            "wrong digest of a field": named + b"\r\nContent-Digest: " + digest_of(b"2").encode() + b"\r\n\r\n1",
            "two digests": named + b"\r\nRepr-Digest: " + digest_of(b"1").encode() + b"\r\nRepr-Digest: " + digest_of(b"1").encode()
                           + b"\r\n\r\n1",
            "coded": named + b"; filename=x.txt\r\nContent-Encoding: gzip\r\n\r\n1",
            "bad digest": named + b"; filename=x.txt\r\nContent-Digest: sha-256=:1:\r\n\r\n1",
        }
        for what, head in heads.items():
            for parts in ((head,), (part("f", b"1", "f.txt"), part("g", b"2", "g.txt"), head)):
                with self.subTest(what, parts=len(parts)):
                    self.assert_refused(self.post(*parts), 400)

    def test_digests_of_parts(self):
        name = b'Content-Disposition: form-data; name="a"'
        for field in (b"Content-Digest", b"Repr-Digest"):
            line = b"\r\n" + field + b": " + digest_of(b"1").encode() + b"\r\n\r\n1"
            self.assertEqual(self.post(name + line, name + b"; filename=x.txt" + line).status, 201)

    def test_types_of_files_and_not_of_fields(self):
        self.assert_refused(self.post(*TWO, part("f", b"%PDF", "f.pdf", "application/pdf")), 415)
        self.assertEqual(self.post(part("f", b"1", None, "application/pdf"), *TWO).status, 201)

    def test_the_limit_of_the_body(self):
        self.assert_refused(self.post(part("f", bytes(4 << 20), "f.txt", "text/plain")), 413)
        with self.server.connect() as line:
            content_type, body = form(part("f", bytes(5 << 20), "f.txt", "text/plain"))
            line.send(request("POST", "/files", [content_type, "Transfer-Encoding: chunked"]))
            threading.Thread(target=send_what_is_taken, args=(line, b"%x\r\n" % len(body) + body)).start()
            self.assert_refused(line.answer(), 413)

    def test_ways_and_conditions(self):
        server = self.start({"accept": ["json", "raw"]})
        self.assertEqual(self.post(*TWO, server=server).status, 415)
        self.assertEqual(tree(server.directory / "files"), {})


def send_what_is_taken(line, data):
    """A server may refuse before it has read everything."""
    try:
        line.send(data)
    except OSError:
        pass


def stop_sending(line, sender):
    """Lets the thread end that sends over the connection, which the server may have reset by now."""
    try:
        line.socket.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    sender.join()


class Attacks(WithForms):
    uploads = {"max_body": "64m"}

    def flood(self, head, pieces, fields):
        """The answer to a form that goes on and on, and by how much memory grew meanwhile."""
        before = self.server.memory()
        forget_peak(self.server)
        with self.server.connect(timeout=30) as line:
            line.send(request("POST", "/files", ["Content-Type: multipart/form-data; boundary=a", *fields]) + head)
            sender = threading.Thread(target=lambda: [send_what_is_taken(line, piece) for piece in pieces])
            sender.start()
            answer = line.answer()
            stop_sending(line, sender)
        return answer, peak_memory(self.server) - before

    def test_floods_are_400_and_stay_out_of_memory(self):
        named, length = b'--a\r\nContent-Disposition: form-data; name="a"', ["Content-Length: 60000000"]
        for what, head, piece in (("10,000 parts", b"", named + b"\r\n\r\n1\r\n"), ("header lines", named, b"\r\nX: y"),
                                  ("one header line", named + b"\r\nX: ", b"x" * 60000), ("a preamble", b"", b"x" * 60000),
                                  ("a name", named[:-1], b"n" * 60000), ("padding", b"--a", b" " * 60000)):
            with self.subTest(what):
                answer, grown = self.flood(head, [piece] * 10_000 if len(piece) < 100 else [piece] * 900, length)
                self.assertEqual(answer.status, 400, answer.body)
                self.assertEqual(self.stored(), {})
                if what == "10,000 parts":
                    self.assertIn(b"100", answer.body)
                if not self.server.is_sanitized():
                    self.assertLess(grown, 4 << 20)

    def test_a_large_field_and_a_large_file_stay_out_of_memory(self):
        for filename in (None, "f.bin"):
            with self.subTest(filename):
                content_type, body = form(part("f", bytes(50_000_000), filename), part("g", b"1"))
                before = self.server.memory()
                forget_peak(self.server)
                with self.server.connect(timeout=30) as line:
                    data = request("POST", "/files", [content_type], body)
                    sender = threading.Thread(target=send_what_is_taken, args=(line, data))
                    sender.start()
                    self.assertEqual(line.answer().status, 201 if filename else 413)
                    stop_sending(line, sender)
                if not self.server.is_sanitized():
                    self.assertLess(peak_memory(self.server) - before, 8 << 20)

    def test_a_client_that_vanishes_at_each_byte(self):
        content_type, body = form(part("a", b"1"), part("f", b"22", "f.txt"), part("g", b"333", "g.txt"))
        data = request("POST", "/files", [content_type], body)

        def work():
            for end in range(len(data) - len(body) - 2, len(data)):
                vanish(self.server.port, data[:end], with_reset=False)
                vanish(self.server.port, data[:end], with_reset=True)

        self.assert_leaks_nothing(work, {})

    def test_cut_short_at_each_byte_of_the_body_is_400(self):
        content_type, body = form(part("f", b"22", "f.txt"), part("g", b"333", "g.txt"))
        whole = len(body) - 2  # the last line end may be missing

        def work():
            for end in range(whole):
                answer = self.server.ask("POST", "/files", [content_type], body[:end])
                self.assertEqual(answer.status, 400, end)

        self.assert_leaks_nothing(work, {})
        self.assertEqual(self.server.ask("POST", "/files", [content_type], body[:whole]).status, 201)

    def test_drips(self):
        server = self.start({"durability": "off"})
        content_type, body = form(*TWO[:1], part("f", b"22", "f.txt"))
        with server.connect() as line:
            line.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in request("POST", "/files", [content_type], body):
                line.send(bytes([byte]))
            self.assertEqual(line.answer().status, 201)


class Slow(WithForms):
    settings = {"limits": {"header_timeout": "1s"}}

    def test_a_form_that_drips_below_the_rate_is_cut(self):
        content_type, body = form(part("f", b"", "f.bin"), part("g", bytes(10000), "g.bin"))
        with self.server.connect(timeout=20) as line:
            line.send(request("POST", "/files", [content_type], body)[:500])
            stop = threading.Event()

            def drip():
                while not stop.wait(0.2):
                    send_what_is_taken(line, b"x")

            client = threading.Thread(target=drip)
            client.start()
            self.addCleanup(client.join)
            self.addCleanup(stop.set)
            self.assertEqual(line.answer().status, 408)
        self.assert_leaks_nothing(lambda: None, {})


if __name__ == "__main__":
    unittest.main()
