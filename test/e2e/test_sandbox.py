"""Nothing outside the root is ever read: links, special files, traversal in every spelling, and what the log says of it."""

import re
import unittest

from test_files import SECRET, TEXT, WithServer

TRAVERSALS = [
    "/../outside/secret.txt", "/%2e%2e/outside/secret.txt", "/%2e%2e%2foutside/secret.txt", "/..%2foutside/secret.txt",
    "/folder/../../outside/secret.txt", "/folder/%2E%2E/%2e%2e/outside/secret.txt", "/..\\outside\\secret.txt",
    "/..%5coutside%5csecret.txt", "//etc/passwd", "//../outside/secret.txt", "/..%00/outside/secret.txt", "/text.txt%00",
    "/%c0%ae%c0%ae/outside/secret.txt", "/%c0%af..%c0%afoutside/secret.txt", "/%e0%80%ae%e0%80%ae/outside/secret.txt",
    "/....//outside/secret.txt", "/folder/../text.txt",
]


class Sandbox(WithServer):
    def test_link_inside_is_followed(self):
        for target in ("/inside.txt", "/folder/up.txt"):
            with self.subTest(target):
                self.assertEqual(self.server.ask(target=target).body, TEXT)

        self.assertEqual(self.server.ask(target="/self")["Location"], "/self/")
        self.assertEqual(self.server.ask(target="/self/").body, b"<p>home</p>")

    def test_link_that_leaves_is_403(self):
        for target in ("/escaping.txt", "/escaping_folder/secret.txt", "/absolute.txt", "/escaping_folder/"):
            with self.subTest(target):
                answer = self.server.ask(target=target)
                self.assertEqual(answer.status, 403)
                self.assertNotIn(SECRET, answer.body)
        self.assertEqual(self.status("/dangling.txt"), 404)

    def test_outside_is_the_same_whether_it_exists(self):
        for there, missing in (("/../outside/secret.txt", "/../outside/missing.txt"),
                               ("/escaping_folder/secret.txt", "/escaping_folder/missing.txt")):
            with self.subTest(there):
                one, other = self.server.ask(target=there), self.server.ask(target=missing)
                self.assertEqual(one.status, other.status)
                without_id = [re.sub(rb"[0-9a-f]{16}", b"", answer.body) for answer in (one, other)]
                self.assertEqual(*without_id)

    def test_special_files_are_403_and_never_wait(self):
        for target in ("/pipe.txt", "/socket.txt"):
            with self.subTest(target):
                self.assertEqual(self.status(target), 403)
        self.assertEqual(self.status("/text.txt"), 200)

    def test_traversal_is_refused_and_logged_with_the_peer(self):
        for target in TRAVERSALS:
            with self.subTest(target):
                answer = self.server.ask(target=target)
                self.assertIn(answer.status, (400, 403))
                self.assertNotIn(SECRET, answer.body)
                line = self.server.wait_for_log(rf".*security .*request_id={answer['X-Request-Id']}.*")
                self.assertTrue(line, "no security event")
                self.assertIn("event=traversal", line[0])
                self.assertIn("client=127.0.0.1 peer=127.0.0.1", line[0])

    def test_escaping_link_is_logged(self):
        answer = self.server.ask(target="/escaping.txt")
        line = self.server.wait_for_log(rf".*security .*request_id={answer['X-Request-Id']}.*")
        self.assertTrue(line, "no security event")
        self.assertRegex(line[0], r"event=symlink client=127\.0\.0\.1 .*escaping\.txt")


if __name__ == "__main__":
    unittest.main()
