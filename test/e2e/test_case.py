#!/usr/bin/env python3
"""File systems on which a file has more names than one, as on FAT, NTFS and shares: what is decided by name holds.
Needs FUSE, and a user who may mount."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from support import Server, binary, environment, wait_for, write_tree

FOLDER = os.environ.get("FAIRLEAD_CASE_BLIND_FOLDER")
FILES = {"index.html": b"home", "private/plan.txt": b"secret", ".env.json": b"{}", ".git/hooks/notes.txt": b"hidden",
         "long name of a page.txt": b"page", "real~1.txt": b"its own name", "other/page.txt": b"other", "gone/page.txt": b"gone"}


def mount_or_skip(test, source, where):
    """Shows `source` at `where` in the way of FAT."""
    process = subprocess.Popen([FOLDER, source, where], stderr=subprocess.PIPE)
    test.addCleanup(process.stderr.close)
    test.addCleanup(process.wait)
    test.addCleanup(subprocess.run, ["fusermount3", "-u", where], check=False)
    if not wait_for(lambda: os.path.ismount(where) or process.poll() is not None, 60) or process.poll() is not None:
        process.kill()
        test.skipTest(f"cannot mount with FUSE: {process.stderr.read().decode()}")


@unittest.skipUnless(FOLDER and os.path.exists("/dev/fuse"), "needs FUSE")
class Case(unittest.TestCase):
    def setUp(self):
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="fairlead-case-")))
        self.source, self.root = self.directory / "source", self.directory / "shown"
        write_tree(self.source, FILES)
        self.root.mkdir()

    def start(self, **settings):
        server = Server({"root": str(self.root), **settings}, directory=self.directory)
        self.addCleanup(server.close)
        return server

    def assert_statuses(self, server, statuses):
        for target, status in statuses.items():
            with self.subTest(target):
                self.assertEqual(server.ask(target=target).status, status)

    def test_a_file_has_the_name_that_its_folder_lists(self):
        mount_or_skip(self, self.source, self.root)
        rules = {"/private/**": "deny", "/**": "public"}
        server = self.start(access=rules, redirects={"/gone/**": "410"}, routes={"/other": {"types": ["png"]}})
        for path in ("PRIVATE/Plan.txt", "Gone/Page.txt", "OTHER/page.txt"):
            self.assertTrue((self.root / path).exists(), path)  # as the disk says
        self.assert_statuses(server, {
            "/private/plan.txt": 403, "/Private/plan.txt": 404, "/PRIVATE/PLAN.TXT": 404,
            "/gone/page.txt": 410, "/Gone/page.txt": 404, "/gone/Page.txt": 410,
            "/other/page.txt": 415, "/Other/page.txt": 404, "/INDEX.HTML": 404, "/index.html": 200,
        })

    def test_what_is_hidden_has_no_second_name(self):
        mount_or_skip(self, self.source, self.root)
        server = self.start()
        self.assertEqual((self.root / "GIT~1/hooks/notes.txt").read_bytes(), b"hidden")  # as the disk says
        self.assert_statuses(server, dict.fromkeys(
            ("/GIT~1/hooks/notes.txt", "/git~1/hooks/notes.txt", "/LONGNA~1.TXT", "/longna~1.txt"), 404))
        for target, content in (("/index.html", b"home"), ("/real~1.txt", b"its own name"), ("/private/plan.txt", b"secret"),
                                ("/long%20name%20of%20a%20page.txt", b"page")):
            with self.subTest(target):
                for _ in range(3):  # and from the cache
                    self.assertEqual(server.ask(target=target).body, content)

    def test_what_is_mounted_below_counts(self):
        write_tree(self.root, {"1/2/3.txt": b"no letters", "page.txt": b"here"})
        mount_or_skip(self, self.source, self.root / "1" / "2")
        self.assert_statuses(self.start(), {"/1/2/other/page.txt": 200, "/1/2/Other/page.txt": 404, "/page.txt": 200})

    def test_two_links_with_one_spelling_each_are_two_files(self):
        write_tree(self.root, {"page.txt": b"one"})
        os.link(self.root / "page.txt", self.root / "PAGE.TXT")
        self.assert_statuses(self.start(), {"/page.txt": 200, "/PAGE.TXT": 200, "/Page.txt": 404})

    def check(self, rules, directory, **settings):
        """What `fairlead -t` says of uploads, or nothing when it finds the configuration good."""
        config = self.directory / "check.json"
        route = {"uploads": {"directory": str(directory), "serve": True}, "access": rules}
        config.write_text(json.dumps({"root": str(self.directory / "empty"), "uploads": {"path": ""}, "routes": {"/files": route},
                                      **settings}))
        done = subprocess.run([binary(), "-t", "-c", config], capture_output=True, text=True, env=environment())
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return done.stderr if done.returncode else ""

    def test_rules_for_some_uploads_are_refused(self):
        (self.directory / "empty").mkdir()
        some = {"/files/a/**": "deny", "/files/**": "public"}
        self.assertEqual(self.check(some, self.root), "")
        mount_or_skip(self, self.source, self.root)
        for directory in (self.root, self.root / "made" / "later"):
            with self.subTest(directory):
                said = self.check(some, directory)
                self.assertRegex(said, r"check\.json:1:\d+: /routes/~1files/uploads/directory: .* takes names in any case")
                self.assertIn("could pass the rule \"/files/a/**\"", said)
        everything = {"GET /files/**": "deny", "PUT /files/**": "public"}
        self.assertNotIn("in any case", self.check(everything, self.root))
        self.assertNotIn("in any case", self.check(everything, self.root, access={"/other/a/**": "deny", "/**": "public"}))


if __name__ == "__main__":
    unittest.main()
