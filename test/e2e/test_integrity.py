"""What a client can be sure of: digests that are checked and told, and retries with an Idempotency-Key that store nothing twice."""

import base64
import json
import random
import signal
import time
import unittest

from support import digest_of, entity_tag, form, part, request, together, tree
from test_put import WithFiles

JSON, TEXT = "Content-Type: application/json", "Content-Type: text/plain"
BODY, OTHER = b'{"a": [1, 2, 3]}', b'{"a": [1, 2, 4]}'


def ways(content):
    """(Name, method, target, fields, body) of a request of each kind that stores `content`."""
    content_type, body = form(part("f", content, "f.json", "application/json"))
    return [("json", "POST", "/files", [JSON], content), ("raw", "POST", "/files", [TEXT], content),
            ("put", "PUT", "/files/new.txt", [TEXT], content), ("form", "POST", "/files", [content_type], body)]


class Digests(WithFiles):
    def setUp(self):
        super().setUp()
        self.put("kept.txt", b"kept")

    def send(self, way, *fields):
        _, method, target, first, body = way
        return self.server.ask(method, target, [*first, *fields], body)

    def test_right_ones_are_taken(self):
        for way in ways(BODY):
            body = way[4]
            sha256, sha512 = digest_of(body), digest_of(body, "sha512")
            for fields in ([f"Content-Digest: {sha256}"], [f"Content-Digest: {sha512}"],
                           [f"Content-Digest: {sha512}, {sha256}"],
                           [f"Content-Digest: {sha512}", f"Content-Digest: {sha256}"],
                           [f"Content-Digest: md5=:AAAA:, {sha256}, id-x=:AA==:"],
                           ["Content-Digest: md5=:AAAA:"], ["Content-Digest: " + digest_of(b"") + ", " + sha256],
                           [f"Content-Digest: {sha256};a=1"], [f"Repr-Digest: {sha256}"],
                           [f"Repr-Digest: {sha512}", f"Content-Digest: {sha256}"]):
                with self.subTest(way[0], fields=fields):
                    answer = self.send(way, *fields)
                    self.assertIn(answer.status, (201, 204), answer.body)
                    self.assertEqual((answer["ETag"], answer["Repr-Digest"]), (entity_tag(BODY), digest_of(BODY)))

    def test_wrong_ones_and_malformed_ones_are_400_and_change_nothing(self):
        for way in ways(BODY):
            body = way[4]
            wrong, right = digest_of(b"x" + body), digest_of(body)
            for fields in ([f"Content-Digest: {wrong}"], [f"Repr-Digest: {wrong}"],
                           ["Content-Digest: " + digest_of(b"x" + body, "sha512")],
                           [f"Content-Digest: {right}", f"Repr-Digest: {wrong}"], [f"Content-Digest: {right}, {wrong}"],
                           ["Content-Digest: " + digest_of(b"", "sha512") + ", " + right],
                           ["Content-Digest: sha-256=" + base64.b64encode(bytes(32)).decode()],
                           ["Content-Digest: sha-256=:AAAA:"],
                           [f"Content-Digest: {right[:-3]}:"], [f"Content-Digest: {right}, ,"], ["Content-Digest: sha-256"],
                           [f"Content-Digest: {right} x"], ["Content-Digest: sha-256=\"x\""]):
                with self.subTest(way[0], fields=fields):
                    self.assertEqual(self.send(way, *fields).status, 400)
                    self.assertEqual(self.stored(), {"kept.txt": b"kept"})

    def test_a_wrong_one_keeps_what_was_there(self):
        for fields in ([f"Content-Digest: {digest_of(OTHER)}"], [f"Repr-Digest: {digest_of(OTHER)}"]):
            self.assertEqual(self.put("kept.txt", BODY, *fields).status, 400)
        got = self.ask("GET", "kept.txt")
        self.assertEqual((got.body, got["ETag"]), (b"kept", entity_tag(b"kept")))

    def send_with_trailer(self, way, head, *trailer):
        _, method, target, first, body = way
        text = b"%x\r\n%s\r\n0\r\n%s\r\n" % (len(body), body, b"".join(line.encode() + b"\r\n" for line in trailer))
        with self.server.connect() as line:
            line.send(request(method, target, ["Transfer-Encoding: chunked", *first, *head]) + text)
            return line.answer()

    def test_those_behind_the_content_are_checked(self):
        announced = ["Trailer: X, content-digest"]
        for way in ways(BODY):
            body = way[4]
            right, wrong = digest_of(body), digest_of(b"x" + body)
            right512, wrong512 = digest_of(body, "sha512"), digest_of(b"x" + body, "sha512")
            for head, trailer, is_taken in (
                    ([], ["X: 1"], True), (announced, [], True), (announced, [f"Content-Digest: {right}"], True),
                    (announced, [f"Content-Digest: {right512}"], True), (announced, [f"Content-Digest: {wrong}"], False),
                    (announced, [f"Content-Digest: {wrong512}"], False), (announced, [f"Repr-Digest: {right}, {wrong512}"], False),
                    (announced, [f"content-digest:{right}", f"repr-digest: {wrong}"], False),
                    (announced, ["Content-Digest: sha-256=x"], False), ([f"Content-Digest: {wrong}"], [f"Content-Digest: {right}"], False),
                    ([], [f"Content-Digest: {wrong}"], False), ([], [f"Content-Digest: {right512}"], False)):
                with self.subTest(way[0], head=head, trailer=trailer):
                    answer = self.send_with_trailer(way, head, *trailer)
                    self.assertEqual(answer.status in (201, 204), is_taken, answer.body)
                    if not is_taken:
                        self.assertEqual(answer.status, 400)
                        self.assertEqual(self.stored(), {"kept.txt": b"kept"})
                    for path in self.stored():
                        if path != "kept.txt":
                            self.assertEqual(self.ask("DELETE", path).status, 204)
        # One of ours is computed anyway, so it needs no announcement.
        self.assertEqual(self.send_with_trailer(ways(BODY)[2], [], f"Content-Digest: {digest_of(BODY)}").status, 201)
        self.assertIn(b"Trailer: Content-Digest", self.send_with_trailer(ways(BODY)[2], [], "Content-Digest: " + digest_of(BODY, "sha512")).body)

    def test_parts_have_digests_of_their_own(self):
        digest = "Content-Digest: " + digest_of(BODY)
        good, bad = part("f", BODY, "f.txt", "text/plain", [digest]), part("f", OTHER, "f.txt", "text/plain", [digest])
        for parts, status in (((good,), 201), ((bad,), 400), ((good, bad), 400), ((bad, good), 400),
                              ((good, part("g", b"1")), 201)):
            content_type, body = form(*parts)
            before = self.stored()
            self.assertEqual(self.server.ask("POST", "/files", [content_type], body).status, status)
            self.assertEqual(self.stored() == before, status == 400)

    def test_without_digests_of_ours_those_of_a_client_are_checked(self):
        server = self.start({"digest": False})
        answer = server.ask("PUT", "/files/a.txt", [], BODY)
        self.assertEqual((answer.status, answer["Repr-Digest"]), (201, None))
        self.assertEqual(answer["ETag"], server.ask("HEAD", "/files/a.txt")["ETag"])
        for digest, status in ((digest_of(OTHER), 400), (digest_of(OTHER, "sha512"), 400), (digest_of(BODY, "sha512"), 204)):
            self.assertEqual(server.ask("PUT", "/files/a.txt", [f"Content-Digest: {digest}"], BODY).status, status)
        self.assertEqual(tree(server.directory / "files"), {"a.txt": BODY})

    def test_tags_are_true_after_a_restart_and_after_a_change_by_others(self):
        tag = self.put("a.txt", BODY)["ETag"]
        self.server = self.start(directory=self.stopped())
        self.assertEqual(self.ask("GET", "a.txt")["ETag"], tag)
        (self.files / "a.txt").write_bytes(OTHER)
        self.assertNotEqual(self.ask("GET", "a.txt")["ETag"], tag)
        self.assertEqual(self.put("a.txt", b"1", f"If-Match: {tag}").status, 412)


class WithKeys(WithFiles):
    def post(self, key, body=BODY, fields=(JSON,), target="/files", server=None):
        return (server or self.server).ask("POST", target, [*fields, f"Idempotency-Key: {key}"], body)

    def assert_same(self, first, again):
        self.assertEqual((first.status, again.status), (201, 201), again.body)
        for name in ("Location", "ETag", "Repr-Digest"):
            self.assertEqual(first[name], again[name])
        self.assertEqual(json.loads(first.body), json.loads(again.body))

    def restart(self, number=signal.SIGTERM):
        self.server.signal(number)
        self.server.wait()
        self.server = self.start(directory=self.server.directory)


class Keys(WithKeys):
    def test_a_retry_gets_the_first_answer_and_makes_no_second_file(self):
        for name, method, target, fields, body in ways(BODY):
            if method == "POST":
                with self.subTest(name):
                    before = len(self.stored())
                    answers = [self.post(f'"key of {name}"', body, fields, target) for _ in range(3)]
                    self.assert_same(answers[0], answers[1])
                    self.assert_same(answers[0], answers[2])
                    self.assertEqual(len(self.stored()), before + 1)
                    self.assertEqual(self.server.ask(target=answers[0]["Location"]).body, BODY)

    def test_folders_too(self):
        parts = (part("a", b"1"), part("f", b"22", "f.txt", "text/plain"))
        forms = [form(*parts, boundary=boundary) for boundary in ("one", "one", "another")]
        answers = [self.post("k", body, [content_type]) for content_type, body in forms]
        self.assert_same(answers[0], answers[1])
        self.assert_same(answers[0], answers[2])
        self.assertEqual(len(list(self.files.glob("form_*"))), 1)

    def test_the_boundary_is_no_part_of_the_content(self):
        def send(*parts, boundary):
            content_type, body = form(*parts, boundary=boundary)
            return self.post("k", body, [content_type])

        file, field = part("f", BODY, "f.txt", "text/plain"), part("a", b"1")
        first = send(file, field, boundary="aaa")
        self.assert_same(first, send(file, field, boundary="bbbb"))
        for parts in ((file,), (file, part("a", b"2")), (file, part("b", b"1")),
                      (part("f", BODY, "g.txt", "text/plain"), field),
                      (part("f", OTHER, "f.txt", "text/plain"), field), (part("f", BODY, "f.txt", "text/csv"), field),
                      (file, field, field)):
            with self.subTest(parts):
                self.assertEqual(send(*parts, boundary="aaa").status, 422)
        self.assertEqual(len(list(self.files.glob("*_*"))), 1)

    def test_two_fields_are_not_one_that_looks_like_them(self):
        for number, (one, other) in enumerate((((part("a", b"1\x00b\x002"),), (part("a", b"1"), part("b", b"2"))),
                                               ((part("a", b"1\r\nb=2"),), (part("a", b"1"), part("b", b"2"))),
                                               ((part("ab", b"c"),), (part("a", b"bc"),)))):
            for parts, status in ((one, 201), (other, 422)):
                content_type, body = form(*parts)
                self.assertEqual(self.post(f"k{number}", body, [content_type]).status, status)

    def test_another_body_is_422(self):
        first = self.post("k")
        for body, fields in ((OTHER, [JSON]), (BODY + b" ", [JSON]), (b"{}", [JSON]), (OTHER, [TEXT])):
            with self.subTest(body):
                self.assertEqual(self.post("k", body, fields).status, 422)
        self.assertEqual(len(self.stored()), 1)
        self.assert_same(first, self.post("k"))

    def test_other_keys_and_none_make_files_of_their_own(self):
        places = {self.post(f"k{number}")["Location"] for number in range(5)}
        places |= {self.server.ask("POST", "/files", [JSON], BODY)["Location"] for _ in range(5)}
        self.assertEqual((len(places), len(self.stored())), (10, 10))

    def test_each_place_has_keys_of_its_own(self):
        here, there = self.post("k"), self.post("k", OTHER, target="/upload")
        self.assertEqual((here.status, there.status), (201, 201))
        self.assertEqual((len(self.stored()), len(tree(self.server.uploads))), (1, 1))
        self.assertNotEqual(here["Location"].rsplit("_", 1)[1], there["Location"].rsplit("_", 1)[1])

    def test_quoted_or_not_is_the_same_key(self):
        self.assert_same(self.post("8e03978e-40d5-43dd-bc93-6894a57f9324"),
                         self.post('"8e03978e-40d5-43dd-bc93-6894a57f9324"'))
        self.assertEqual(self.post('"' + "x" * 255 + '"').status, 201)

    def test_malformed_keys_are_400(self):
        for key in ("", '""', '"k', 'k"', "a b", "a,b", '"k";x', "ä", "x" * 256, '"a\\b"', '"k" "k"',
                    "k\r\nIdempotency-Key: k"):
            with self.subTest(key):
                self.assertEqual(self.post(key).status, 400)
        self.assertEqual(self.stored(), {})

    def test_what_was_refused_has_not_used_the_key(self):
        self.assertEqual(self.post("k", b"{").status, 400)
        self.assertEqual(self.post("k", BODY, [JSON, f"Content-Digest: {digest_of(OTHER)}"]).status, 400)
        with self.server.connect() as line:
            line.send(request("POST", "/files", [JSON, "Content-Length: 100", "Idempotency-Key: k"]) + b"{")
        end = time.monotonic() + 5
        while (first := self.post("k")).status == 409 and time.monotonic() < end:  # until the server has seen that it is gone
            time.sleep(0.01)
        self.assert_same(first, self.post("k"))
        self.assertEqual(len(self.stored()), 1)

    def test_the_file_was_deleted_and_the_answer_stays(self):
        first = self.post("k")
        self.assertEqual(self.server.ask("DELETE", first["Location"]).status, 204)
        again = self.post("k")
        self.assertEqual((again.status, again["Location"]), (201, first["Location"]))
        self.assertLessEqual(len(self.stored()), 1)

    def test_names_tell_nothing_of_the_key(self):
        where = self.post("secret-key")["Location"]
        self.assertRegex(where, r"^/files/upload_[0-9a-f_]{16,}\.json$")
        other = self.start()
        self.assertNotEqual(self.post("secret-key", server=other)["Location"].rsplit("_", 1)[1], where.rsplit("_", 1)[1])

    def test_keys_cannot_be_reached(self):
        self.post("k")
        for target in (".fairlead-keys", ".fairlead-keys/", ".fairlead-keys/x", "%2efairlead-keys/"):
            for method in ("GET", "PUT", "DELETE"):
                self.assertIn(self.ask(method, target, b"1" if method == "PUT" else None).status, (400, 403, 404, 409))


class Concurrent(WithKeys):
    def test_a_duplicate_of_what_is_under_way_is_409(self):
        whole = request("POST", "/files", [JSON, "Idempotency-Key: k"], BODY)
        with self.server.connect() as line:
            line.send(whole[:-1])
            time.sleep(0.1)
            duplicate = self.post("k")
            self.assertEqual(duplicate.status, 409)
            line.send(whole[-1:])
            first = line.answer()
        self.assert_same(first, self.post("k"))
        self.assertEqual(len(self.stored()), 1)

    def test_of_32_at_once_one_file_is_made(self):
        for number in range(10):
            lines = [self.server.connect() for _ in range(32)]
            try:
                answers = together(lines, [request("POST", "/files", [JSON, f"Idempotency-Key: k{number}"], BODY)] * 32)
            finally:
                for line in lines:
                    line.socket.close()
            self.assertLessEqual({answer.status for answer in answers}, {201, 409})
            self.assertEqual(len({answer["Location"] for answer in answers if answer.status == 201}), 1)
            self.assertEqual(len(self.stored()), number + 1)

    def test_of_32_bodies_at_once_one_is_stored(self):
        lines = [self.server.connect() for _ in range(32)]
        try:
            answers = together(lines, [request("POST", "/files", [JSON, "Idempotency-Key: k"],
                                               b"%d" % number) for number in range(32)])
        finally:
            for line in lines:
                line.socket.close()
        statuses = [answer.status for answer in answers]
        self.assertLessEqual(set(statuses), {201, 409, 422})
        self.assertEqual(statuses.count(201), 1)
        self.assertEqual(list(self.stored().values()), [b"%d" % statuses.index(201)])


class Remembered(WithKeys):
    def test_after_a_restart_and_after_a_kill(self):
        parts = form(part("a", b"1"), part("f", b"22", "f.txt", "text/plain"))
        first, folder = self.post("k"), self.post("f", parts[1], [parts[0]])
        for number in (signal.SIGTERM, signal.SIGKILL):
            self.restart(number)
            self.assert_same(first, self.post("k"))
            self.assert_same(folder, self.post("f", parts[1], [parts[0]]))
            self.assertEqual(self.post("k", OTHER).status, 422)
        self.assertEqual(len(list(self.files.glob("upload_*"))), 1)
        self.assertEqual(len(list(self.files.glob("form_*"))), 1)

    def test_many_after_a_restart(self):
        places = [self.post(f"k{number}", b"%d" % number)["Location"] for number in range(200)]
        self.restart(signal.SIGKILL)
        order = random.Random(1).sample(range(200), 200)
        self.assertEqual([self.post(f"k{number}", b"%d" % number)["Location"] for number in order],
                         [places[number] for number in order])
        self.assertEqual(len(self.stored()), 200)


class Forgotten(WithKeys):
    uploads = {"idempotency_time": "1s"}

    def test_after_its_time_a_key_is_new(self):
        first = self.post("k")
        self.assert_same(first, self.post("k"))
        self.assertEqual(self.server.ask("DELETE", first["Location"]).status, 204)
        time.sleep(1.5)
        self.assertEqual(self.post("k", OTHER).status, 201)
        self.assertEqual(list(self.stored().values()), [OTHER])

    def test_a_file_that_stays_keeps_its_content(self):
        """It may have the name that the key gives, and so refuse another content for longer."""
        first = self.post("k")
        time.sleep(1.5)
        second = self.post("k", OTHER)
        self.assertIn(second.status, (201, 422))
        self.assertNotEqual(first["Location"], second["Location"])
        self.assertEqual(self.server.ask(target=first["Location"]).body, BODY)


class SwitchedOff(WithKeys):
    uploads = {"idempotency_time": "0s"}

    def test_keys_are_ignored(self):
        self.assertEqual([self.post("k").status for _ in range(2)], [201, 201])
        self.assertEqual(len(self.stored()), 2)


class Few(WithKeys):
    uploads = {"idempotency_keys": 3}

    def test_the_oldest_are_forgotten_first_and_no_file_is(self):
        first = [self.post(f"k{number}", b"%d" % number) for number in range(5)]
        self.assertEqual(sorted(self.stored().values()), [b"%d" % number for number in range(5)])
        for answer in first:
            self.assertEqual(self.server.ask("DELETE", answer["Location"]).status, 204)
        self.assert_same(first[4], self.post("k4", b"4"))
        self.assertEqual(self.post("k0", b'"new"').status, 201)
        self.assertEqual(list(self.stored().values()), [b'"new"'])
        self.assertLessEqual(len(list((self.files / ".fairlead-keys").glob("?" * 32))), 4)


if __name__ == "__main__":
    unittest.main()
