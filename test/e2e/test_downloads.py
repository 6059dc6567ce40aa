"""Downloads that break off and go on: curl, wget and aria2 put a gigabyte together exactly, or start again when it was replaced."""

import hashlib
import os
import random
import shutil
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

import support
from support import Server, wait_for

SIZE = 1 << 30
CUTS = (SIZE // 2 + 1, 900_000_001, SIZE - 1)  # where a download broke off
PATIENCE = 60  # seconds for one tool


def sparse_file(path, seed, size=SIZE):
    """Mostly holes, with random blocks here and there, also at both ends: it costs neither disk nor time. Its SHA-256."""
    generator, at = random.Random(seed), 0
    with open(path, "wb") as file:
        while at < size:
            file.seek(at)
            file.write(generator.randbytes(min(65536, size - at)))
            at += generator.randrange(8 << 20, 24 << 20)
        file.seek(size - 4096)
        file.write(generator.randbytes(4096))
    os.utime(path, (support.OLD, support.OLD))
    return digest(path)


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copy_beginning(source, target, size):
    """What a download that broke off has left: the first `size` bytes, holes kept."""
    subprocess.run(["cp", "--sparse=always", "--", str(source), str(target)], check=True, timeout=PATIENCE)
    os.truncate(target, size)


class WithServer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="fairlead-downloads-")
        cls.addClassCleanup(directory.cleanup)
        cls.here = Path(directory.name)
        settings = {"types": ["bin"], "limits": {"requests_per_connection": 1000}}
        cls.server = Server(settings)
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.target = self.here / "got.bin"
        self.addCleanup(lambda: [path.unlink() for path in self.here.iterdir()])
        self.requests = self.log_lines()

    def log_lines(self):
        return len(self.server.access_log().splitlines())

    def need(self, tool):
        if not shutil.which(tool):
            self.skipTest(f"needs {tool}: apt-get install {'aria2' if tool == 'aria2c' else tool}")

    def run_tool(self, *command):
        done = subprocess.run(command, cwd=self.here, capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)

    def answers(self, target="/disk.bin"):
        """(status, bytes) of the requests of this test for a file: the log is written a little later."""
        def lines():
            since = self.server.access_log().splitlines()[self.requests:]
            return [line.split('" ', 1)[1].split() for line in since if f"{target} HTTP" in line]
        wait_for(lines)
        return [(int(words[0]), int(words[1])) for words in lines()]


class Resumed(WithServer):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.source = cls.server.root / "disk.bin"
        cls.expected = sparse_file(cls.source, 1)
        cls.url = f"http://127.0.0.1:{cls.server.port}/disk.bin"

    def test_curl_goes_on(self):
        self.need("curl")
        for cut in CUTS:
            with self.subTest(cut=cut):
                copy_beginning(self.source, self.target, cut)
                self.requests = self.log_lines()
                self.run_tool("curl", "-sS", "--fail", "-C", "-", "-o", "got.bin", self.url)
                self.assertEqual(digest(self.target), self.expected)
                self.assertEqual(self.answers(), [(206, SIZE - cut)])

    def test_wget_goes_on(self):
        self.need("wget")
        copy_beginning(self.source, self.target, CUTS[1])
        self.run_tool("wget", "-q", "-c", "-O", "got.bin", self.url)
        self.assertEqual(digest(self.target), self.expected)
        self.assertEqual(self.answers(), [(206, SIZE - CUTS[1])])

    def test_wget_of_a_whole_file_asks_for_nothing_more(self):
        self.need("wget")
        copy_beginning(self.source, self.target, SIZE)
        self.run_tool("wget", "-q", "-c", "-O", "got.bin", self.url)
        self.assertEqual([status for status, _ in self.answers()], [416])
        self.assertEqual(self.target.stat().st_size, SIZE)

    def test_curl_that_is_killed_goes_on(self):
        self.need("curl")
        copy_beginning(self.source, self.target, CUTS[0])
        slow = subprocess.Popen(["curl", "-sS", "--limit-rate", "40M", "-C", "-", "-o", "got.bin", self.url], cwd=self.here)
        self.assertTrue(wait_for(lambda: self.target.stat().st_size > CUTS[0] + (1 << 20)))
        slow.kill()
        slow.wait()
        self.assertLess(self.target.stat().st_size, SIZE)
        self.run_tool("curl", "-sS", "--fail", "-C", "-", "-o", "got.bin", self.url)
        self.assertEqual(digest(self.target), self.expected)

    def test_aria2_puts_parts_together(self):
        self.need("aria2c")
        self.run_tool("aria2c", "-x4", "-s4", "-k1M", "--file-allocation=none", "--console-log-level=error", "-q", "-o",
                      "got.bin", self.url)
        self.assertEqual(digest(self.target), self.expected)
        parts = self.answers()
        self.assertGreaterEqual(sum(status == 206 for status, _ in parts), 3, parts)

    def test_aria2_that_is_killed_goes_on(self):
        self.need("aria2c")
        command = ["aria2c", "-x4", "-s4", "-k1M", "--file-allocation=none", "-q", "--auto-save-interval=1", "-c", "-o",
                   "got.bin", self.url]
        slow = subprocess.Popen([*command, "--max-download-limit=60M"], cwd=self.here)
        self.assertTrue(wait_for(lambda: (self.here / "got.bin.aria2").exists() and self.target.stat().st_size > 1 << 20))
        slow.terminate()
        slow.wait(PATIENCE)
        self.run_tool(*command)
        self.assertEqual(digest(self.target), self.expected)

    def test_parallel_ranges_make_the_whole(self):
        """As aria2 does it, without it: eight connections, parts of odd sizes, each in its place."""
        tag, step, faults = self.server.ask("HEAD", "/disk.bin")["ETag"], (SIZE // 8) + 13, []

        def fetch(begin):
            part = self.server.ask(target="/disk.bin", fields=[f"Range: bytes={begin}-{begin + step - 1}", f"If-Range: {tag}"])
            with open(self.source, "rb") as file:
                file.seek(begin)
                if part.status != 206 or part.body != file.read(step):
                    faults.append((begin, part.status, len(part.body)))
        # Two at a time: each holds its part in memory.
        begins = list(range(0, SIZE, step))
        while begins:
            threads = [threading.Thread(target=fetch, args=(begins.pop(),)) for _ in range(min(2, len(begins)))]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(faults, [])


class Replaced(WithServer):
    """The file is another one when the download goes on."""

    def setUp(self):
        super().setUp()
        self.size = 24 << 20
        self.other = self.server.root / "next.bin"
        self.moving = self.server.root / "moving.bin"
        self.old = sparse_file(self.moving, 2, self.size)
        self.url = f"http://127.0.0.1:{self.server.port}/moving.bin"

    def replace(self):
        self.new = sparse_file(self.other, 3, self.size)
        # Half a minute younger: dates have seconds only.
        os.utime(self.other, (support.OLD + 30, support.OLD + 30))
        os.replace(self.other, self.moving)

    def test_if_range_with_the_tag_or_the_date_starts_again(self):
        first = self.server.ask("HEAD", "/moving.bin")
        for field in ("ETag", "Last-Modified"):
            self.assertEqual(self.server.ask(target="/moving.bin", fields=["Range: bytes=0-0",
                                                                           f"If-Range: {first[field]}"]).status, 206)
        self.replace()
        self.assertTrue(wait_for(lambda: self.server.ask("HEAD", "/moving.bin")["ETag"] != first["ETag"]))
        for field in ("ETag", "Last-Modified"):
            with self.subTest(field):
                answer = self.server.ask(target="/moving.bin", fields=["Range: bytes=1000-", f"If-Range: {first[field]}"])
                self.assertEqual((answer.status, hashlib.sha256(answer.body).hexdigest()), (200, self.new))

    def test_curl_with_if_range_starts_again(self):
        self.need("curl")
        tag = self.server.ask("HEAD", "/moving.bin")["ETag"]
        copy_beginning(self.moving, self.target, 10_000_000)
        self.replace()
        self.assertTrue(wait_for(lambda: self.server.ask("HEAD", "/moving.bin")["ETag"] != tag))
        # curl -C - has no If-Range of its own and will not take a 200; so it fails, and what it has stays as it was.
        command = ["curl", "-sS", "--fail", "-C", "-", "-H", f"If-Range: {tag}", "-o", "got.bin", self.url]
        done = subprocess.run(command, cwd=self.here, capture_output=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 33, "HTTP range error")
        self.assertEqual(self.target.stat().st_size, 10_000_000)
        self.run_tool("curl", "-sS", "--fail", "-o", "got.bin", self.url)
        self.assertEqual(digest(self.target), self.new)

    def test_aria2_asks_under_the_condition(self):
        """aria2 knows no If-Range; with If-Match instead of it, a file that was replaced is refused and not mixed."""
        self.need("aria2c")
        tag = self.server.ask("HEAD", "/moving.bin")["ETag"]
        command = ["aria2c", "-x4", "-s4", "-k1M", "--file-allocation=none", "-q", "-c", "--header", f"If-Match: {tag}", "-o",
                   "got.bin", self.url]
        slow = subprocess.Popen([*command, "--max-download-limit=4M"], cwd=self.here)
        self.assertTrue(wait_for(lambda: (self.here / "got.bin.aria2").exists() and self.target.stat().st_size > 1 << 20))
        slow.terminate()
        slow.wait(PATIENCE)
        self.replace()
        self.assertTrue(wait_for(lambda: self.server.ask("HEAD", "/moving.bin")["ETag"] != tag))
        done = subprocess.run(command, cwd=self.here, capture_output=True, timeout=PATIENCE)
        self.assertNotEqual(done.returncode, 0)
        self.assertTrue(wait_for(lambda: 412 in [status for status, _ in self.answers("/moving.bin")]))


if __name__ == "__main__":
    unittest.main()
