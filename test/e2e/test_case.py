#!/usr/bin/env python3
"""File systems on which a file has more names than one, as FAT, NTFS and shares do: what is decided by name holds, or
the server does not start. Needs FUSE, and a user who may mount."""

import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from support import Server, binary, environment, wait_for, write_tree

FOLDER = os.environ.get("FAIRLEAD_CASE_BLIND_FOLDER")
FILES = {"index.html": b"home", "private/plan.txt": b"secret", ".env.json": b"{}", ".git/hooks/notes.txt": b"hidden",
         "long name of a page.txt": b"page", "real~1.txt": b"its own name", "other/page.txt": b"other"}


def mount_or_skip(test, source, where):
    """Shows `source` at `where` in the way of FAT."""
    process = subprocess.Popen([FOLDER, source, where], stderr=subprocess.PIPE)
    test.addCleanup(process.stderr.close)
    test.addCleanup(process.wait)
    test.addCleanup(subprocess.run, ["fusermount3", "-u", where], check=False)
    if not wait_for(lambda: os.path.ismount(where) or process.poll() is not None) or process.poll() is not None:
        test.skipTest(f"cannot mount with FUSE: {process.stderr.read().decode()}")


@unittest.skipUnless(FOLDER and os.path.exists("/dev/fuse"), "needs FUSE")
class Case(unittest.TestCase):
    def setUp(self):
        self.directory = Path(self.enterContext(tempfile.TemporaryDirectory(prefix="fairlead-case-")))
        self.source, self.root = self.directory / "source", self.directory / "shown"
        write_tree(self.source, FILES)
        self.root.mkdir()

    def check(self, **settings):
        """What `fairlead -t` says, or nothing when it finds the configuration good."""
        config = self.directory / "fairlead.json"
        config.write_text(json.dumps({"root": str(self.root), "uploads": {"path": ""}, **settings}))
        done = subprocess.run([binary(), "-t", "-c", config], capture_output=True, text=True, env=environment())
        self.assertIn(done.returncode, (0, 1), done.stderr)
        return done.stderr if done.returncode else ""

    def test_rules_for_paths_are_refused(self):
        rules = {"/private/**": "deny", "/**": "public"}
        private = {"/private": {"access": {"/private/**": "deny"}}}
        write_tree(self.root, FILES)
        self.assertEqual(self.check(access=rules), "")
        mount_or_skip(self, self.source, self.root)

        said = self.check(access=rules)
        self.assertRegex(said, r"fairlead\.json:1:\d+: /access: a name in \".*/shown\" may be written in any case")
        self.assertIn("put it on a file system that tells case apart", said)
        self.assertIn("/routes/~1private/access: a name in", self.check(routes=private))
        self.assertIn("/sites/one.example/access: a name in", self.check(sites={"one.example": {"access": rules}}))

        # What is one for all paths holds in every spelling.
        self.assertEqual(self.check(), "")
        self.assertEqual(self.check(access={"/**": "127.0.0.0/8"}), "")

    def test_folders_below_are_looked_at(self):
        (self.source / "more").mkdir()
        write_tree(self.root, {"1/2/3.txt": b"no letters"})
        mount_or_skip(self, self.source, self.root / "1" / "2")
        said = self.check(access={"GET /1/2/private/**": "deny", "/**": "public"})
        self.assertIn(f"a name in \"{self.root}/1/2\" may be written in any case", said)

        uploads = {"directory": str(self.root / "1" / "2"), "serve": True, "inside_root": True}
        route = {"/files": {"uploads": uploads, "access": {"/files/a/**": "deny", "/files/**": "public"}}}
        (self.directory / "other").mkdir()
        self.assertIn("/routes/~1files/access: a name in", self.check(root=str(self.directory / "other"), routes=route))

    def test_two_links_are_no_reason(self):
        write_tree(self.root, {"page.txt": b"one"})
        os.link(self.root / "page.txt", self.root / "PAGE.TXT")
        self.assertEqual(self.check(access={"/private/**": "deny", "/**": "public"}), "")

    def test_what_is_hidden_has_no_second_name(self):
        mount_or_skip(self, self.source, self.root)
        server = Server({"root": str(self.root)}, directory=self.directory)
        self.addCleanup(server.close)
        self.assertEqual((self.root / "GIT~1/hooks/notes.txt").read_bytes(), b"hidden")  # as the disk says
        for target in ("/GIT~1/hooks/notes.txt", "/git~1/hooks/notes.txt", "/ENV~1.JSO", "/env~1.jso", "/LONGNA~1.TXT"):
            with self.subTest(target):
                self.assertIn(server.ask(target=target).status, (404, 415))
        self.assertEqual(server.ask(target="/git~1/hooks/notes.txt").status, 404)
        for target, content in (("/index.html", b"home"), ("/real~1.txt", b"its own name"),
                                ("/long%20name%20of%20a%20page.txt", b"page")):
            with self.subTest(target):
                for _ in range(3):  # and from the cache
                    self.assertEqual(server.ask(target=target).body, content)


if __name__ == "__main__":
    unittest.main()
