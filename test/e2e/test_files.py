"""What GET and HEAD promise about files: names, validators, types, and the order of refusals."""

import email
import os
import re
import socket
import unittest
from urllib.parse import quote

import support
from support import Server

SECRET = b"TOP-SECRET"
TEXT = b"".join(b"%07d " % offset for offset in range(0, 4096, 8))
FILES = {
    "index.html": b"<p>home</p>", "folder/index.html": b"<p>folder</p>", "empty_folder/.keep": b"", "text.txt": TEXT,
    "größe ä.txt": b"umlauts", "a+b.txt": b"plus", "100%.txt": b"percent", "none.txt": b"", "plain": b"no extension",
    "odd.exe": b"MZ", "page.html": b"<p>page</p>", "picture.png": b"png", "style.css": b"p{}", ".env": SECRET,
    ".git/config": SECRET, ".git/notes.txt": SECRET, "folder/.notes/notes.txt": SECRET, ".well-known/security.txt": b"contact",
}


class WithServer(unittest.TestCase):
    settings = {}

    @classmethod
    def setUpClass(cls):
        cls.server = Server(cls.settings, files=FILES)
        cls.addClassCleanup(cls.server.close)
        outside = cls.server.directory / "outside"
        support.write_tree(outside, {"secret.txt": SECRET})
        links = {"inside.txt": "text.txt", "escaping.txt": "../outside/secret.txt", "escaping_folder": "../outside",
                 "absolute.txt": str(outside / "secret.txt"), "dangling.txt": "nowhere.txt", "hidden_by_link.txt": ".env",
                 "folder/up.txt": "../text.txt"}
        links |= {"hidden_folder_by_link.txt": ".git/notes.txt", "hidden_below_by_link.txt": "folder/.notes/notes.txt",
                  "self": "."}
        for name, target in links.items():
            os.symlink(target, cls.server.root / name)
        os.mkfifo(cls.server.root / "pipe.txt")
        special = socket.socket(socket.AF_UNIX)
        cls.addClassCleanup(special.close)
        special.bind(str(cls.server.root / "socket.txt"))

    def status(self, target, method="GET", fields=(), **options):
        return self.server.ask(method, target, fields, **options).status


class Names(WithServer):
    def test_folder_gives_its_index(self):
        for target, expected in (("/", b"<p>home</p>"), ("/folder/", b"<p>folder</p>")):
            with self.subTest(target):
                answer = self.server.ask(target=target)
                self.assertEqual((answer.status, answer.body), (200, expected))
                self.assertEqual(answer["Content-Type"], "text/html; charset=utf-8")

    def test_folder_without_index_is_404(self):
        self.assertEqual(self.status("/empty_folder/"), 404)

    def test_redirect_to_folder_keeps_the_query(self):
        answer = self.server.ask(target="/folder?a=1&b=%20x?y")
        self.assertEqual((answer.status, answer["Location"]), (301, "/folder/?a=1&b=%20x?y"))

    def test_names_are_percent_decoded_once(self):
        for target, expected in (("/" + quote("größe ä.txt"), b"umlauts"), ("/a+b.txt", b"plus"), ("/100%25.txt", b"percent"),
                                 ("/%74ext.txt", TEXT), ("/./text.txt", TEXT)):
            with self.subTest(target):
                answer = self.server.ask(target=target)
                self.assertEqual((answer.status, answer.body), (200, expected))
        self.assertEqual(self.status("/%252e%252e/text.txt"), 404)

    def test_head_is_get_without_the_body(self):
        got, head = self.server.ask(target="/text.txt"), self.server.ask("HEAD", "/text.txt")
        varying = ("date", "x-request-id")
        self.assertEqual([one for one in got.fields if one[0].lower() not in varying],
                         [one for one in head.fields if one[0].lower() not in varying])
        self.assertEqual(head["Content-Length"], str(len(TEXT)))

    def test_empty_file(self):
        answer = self.server.ask(target="/none.txt")
        self.assertEqual((answer.status, answer["Content-Length"]), (200, "0"))

    def test_large_file_arrives_whole(self):
        content = os.urandom(1 << 20) * 8
        support.write_tree(self.server.root, {"large.bin.zip": content})
        before = self.server.memory()
        answer = self.server.ask(target="/large.bin.zip")
        self.assertTrue(answer.status == 200 and answer.body == content)
        self.assertLess(self.server.memory() - before, 4 << 20)

    def test_replaced_file_is_sent_from_what_was_opened(self):
        old, new = b"o" * (8 << 20), b"n" * 100
        support.write_tree(self.server.root, {"moving.zip": old, "next.zip": new})
        with self.server.connect(receive_buffer=4096) as line:
            line.send(support.request("GET", "/moving.zip"))
            line.socket.recv(1, socket.MSG_PEEK)
            os.replace(self.server.root / "next.zip", self.server.root / "moving.zip")
            self.assertEqual(line.answer().body, old)

    def test_file_that_shrinks_ends_the_connection(self):
        support.write_tree(self.server.root, {"shrinking.zip": b"s" * (16 << 20)})
        with self.server.connect(receive_buffer=4096) as line:
            line.send(support.request("GET", "/shrinking.zip"))
            line.socket.recv(1, socket.MSG_PEEK)
            os.truncate(self.server.root / "shrinking.zip", 1000)
            with self.assertRaises((EOFError, ConnectionResetError)):
                line.answer()

    def test_fresh_file_is_never_answered_from_the_cache(self):
        path = self.server.root / "fresh.txt"
        for turn in range(20):
            path.write_bytes(b"%02d" % turn)
            self.assertEqual(self.server.ask(target="/fresh.txt").body, b"%02d" % turn)


class Validators(WithServer):
    def test_etag_is_strong_and_gives_304(self):
        answer = self.server.ask(target="/text.txt")
        self.assertRegex(answer["ETag"], r'^"[^"]+"$')
        self.assertEqual(answer["Last-Modified"], "Tue, 02 Jan 2024 03:04:05 GMT")
        for field in (f"If-None-Match: {answer['ETag']}", "If-None-Match: *", f"If-None-Match: \"x\", W/{answer['ETag']}",
                      f"If-Modified-Since: {answer['Last-Modified']}"):
            with self.subTest(field):
                unchanged = self.server.ask(target="/text.txt", fields=[field])
                self.assertEqual((unchanged.status, unchanged["ETag"]), (304, answer["ETag"]))

    def test_changed_file_has_another_etag(self):
        support.write_tree(self.server.root, {"changing.txt": b"one"})
        before = self.server.ask(target="/changing.txt")["ETag"]
        (self.server.root / "changing.txt").write_bytes(b"two")
        answer = self.server.ask(target="/changing.txt", fields=[f"If-None-Match: {before}"])
        self.assertEqual((answer.status, answer.body), (200, b"two"))
        self.assertNotEqual(answer["ETag"], before)

    def test_single_ranges(self):
        for value, begin, end in (("0-9", 0, 10), ("4090-", 4090, 4096), ("-6", 4090, 4096), ("4000-9999", 4000, 4096)):
            with self.subTest(value):
                part = self.server.ask(target="/text.txt", fields=[f"Range: bytes={value}"])
                self.assertEqual((part.status, part.body), (206, TEXT[begin:end]))
                self.assertEqual(part["Content-Range"], f"bytes {begin}-{end - 1}/4096")

    def test_several_ranges(self):
        answer = self.server.ask(target="/text.txt", fields=["Range: bytes=0-9,2000-2009,-5"])
        self.assertEqual(answer.status, 206)
        message = email.message_from_bytes(b"Content-Type: " + answer["Content-Type"].encode() + b"\r\n\r\n" + answer.body)
        self.assertEqual([(part["Content-Range"], part.get_payload(decode=True)) for part in message.get_payload()],
                         [("bytes 0-9/4096", TEXT[:10]), ("bytes 2000-2009/4096", TEXT[2000:2010]), ("bytes 4091-4095/4096", TEXT[-5:])])
        head = self.server.ask("HEAD", target="/text.txt", fields=["Range: bytes=0-9,2000-2009"])
        self.assertEqual((head.status, head["Content-Length"]), (200, "4096"))

    def test_range_beyond_the_end_is_416(self):
        answer = self.server.ask(target="/text.txt", fields=["Range: bytes=4096-"])
        self.assertEqual((answer.status, answer["Content-Range"]), (416, "bytes */4096"))

    def test_if_range_of_another_version_sends_all(self):
        answer = self.server.ask(target="/text.txt", fields=["Range: bytes=0-9", 'If-Range: "other"'])
        self.assertEqual((answer.status, answer.body), (200, TEXT))

    def test_if_match_of_another_version_is_412(self):
        self.assertEqual(self.status("/text.txt", fields=['If-Match: "other"']), 412)


class TypesOfWeb(WithServer):
    def test_other_extensions_are_415_whether_there_or_not(self):
        for target in ("/odd.exe", "/missing.exe", "/folder/missing.EXE", "/plain"):
            with self.subTest(target):
                self.assertEqual(self.status(target), 415)
        self.assertEqual(self.status("/missing.txt"), 404)

    def test_every_answer_forbids_sniffing(self):
        for target in ("/", "/text.txt", "/missing.txt", "/odd.exe", "/folder", "/../x"):
            with self.subTest(target):
                self.assertEqual(self.server.ask(target=target)["X-Content-Type-Options"], "nosniff")

    def test_hidden_files_are_404_but_well_known(self):
        for target in ("/.env", "/.git/config", "/.git/", "/.nothing", "/%2eenv", "/folder/.env", "/hidden_by_link.txt",
                       "/hidden_folder_by_link.txt", "/hidden_below_by_link.txt"):
            with self.subTest(target):
                answer = self.server.ask(target=target)
                self.assertEqual(answer.status, 404)
                self.assertNotIn(SECRET, answer.body)
        self.assertEqual(self.status("/.well-known/security.txt"), 200)

    def test_405_names_what_is_allowed(self):
        answer = self.server.ask("DELETE", "/text.txt")
        self.assertEqual(answer.status, 405)
        self.assertEqual(set(re.split(r",\s*", answer["Allow"])), {"GET", "HEAD", "OPTIONS"})

    def test_order_of_refusals(self):
        both = ["Content-Length: 1", "Content-Length: 2"]
        for what, expected, method, target, fields, host in (
                ("framing before host", 400, "POST", "/../x", both, "evil.example"),
                ("host before dot-file", 403, "DELETE", "/.env", [], "evil.example"),
                ("dot-file before method", 404, "DELETE", "/.env", [], "localhost"),
                ("method before extension", 405, "DELETE", "/odd.exe", [], "localhost"),
                ("extension before disk", 415, "GET", "/missing.exe", [], "localhost")):
            with self.subTest(what):
                self.assertEqual(self.status(target, method, fields, host=host), expected)
        self.assertIn(self.status("/../.env", "DELETE"), (400, 403), "traversal before dot-file")
        answer = self.server.ask("DELETE", "/../order", host="evil.example")
        self.assertEqual(answer.status, 403)
        self.assertTrue(self.server.wait_for_log(f"event=host .*request_id={answer['X-Request-Id']}"), "host before traversal")

    def test_problem_is_html_or_json_by_accept(self):
        answer = self.server.ask(target="/missing.txt", fields=["Accept: application/json"])
        self.assertEqual(answer["Content-Type"], "application/problem+json")
        self.assertIn(answer["X-Request-Id"].encode(), answer.body)
        self.assertEqual(self.server.ask(target="/missing.txt")["Content-Type"], "text/html; charset=utf-8")


class TypesOfStrict(WithServer):
    settings = {"types": "strict"}

    def test_html_is_shown_and_the_rest_saved(self):
        page = self.server.ask(target="/page.html")
        self.assertEqual((page.status, page["Content-Type"]), (200, "text/html; charset=utf-8"))
        self.assertIn(page["Content-Disposition"], (None, "inline"))
        for target in ("/text.txt", "/picture.png"):
            with self.subTest(target):
                saved = self.server.ask(target=target)
                self.assertEqual((saved.status, saved["Content-Type"]), (200, "application/octet-stream"))
                self.assertEqual(saved["Content-Disposition"], "attachment")

    def test_everything_else_is_415(self):
        for target in ("/style.css", "/odd.exe", "/plain", "/.env", "/.git/config.conf", "/missing.css"):
            with self.subTest(target):
                self.assertEqual(self.status(target), 415)

    def test_dot_file_is_refused_like_any_extension_so_after_the_method(self):
        self.assertEqual(self.status("/.env", "DELETE"), 405)


if __name__ == "__main__":
    unittest.main()
