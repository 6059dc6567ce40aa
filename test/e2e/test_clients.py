"""Large files by the clients that people have: curl in each of its ways, Python's urllib. `--full` takes 1 GiB each, else 64 MiB."""

import hashlib
import http.client
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.request
from pathlib import Path

from support import Server, files_route
from test_downloads import copy_beginning, digest, sparse_file

SIZE = 64 << 20
PATIENCE = 300  # seconds for one upload


class Clients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="fairlead-clients-")
        cls.addClassCleanup(directory.cleanup)
        cls.here = Path(directory.name)
        cls.source = cls.here / "source.bin"
        cls.expected = sparse_file(cls.source, 7, SIZE)
        cls.server = Server(files_route(max_body="2g"))
        cls.addClassCleanup(cls.server.close)
        cls.url = f"http://127.0.0.1:{cls.server.port}/files"

    def tearDown(self):
        for path in (self.server.directory / "files").glob("[a-z]*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def curl(self, *arguments):
        """The fields of the last answer, by their names in small letters; its status."""
        if not shutil.which("curl"):
            self.skipTest("needs curl: apt-get install curl")
        done = subprocess.run(["curl", "-sS", "-D", "-", "-o", "/dev/null", *map(str, arguments)], capture_output=True,
                              text=True,
                              timeout=PATIENCE)
        self.assertEqual(done.returncode, 0, done.stderr)
        heads = done.stdout.strip().split("\n\n")
        fields = {name.lower(): value for name, value in re.findall(r"^([\w-]+): (.*)$", heads[-1], re.M)}
        return int(heads[-1].split()[1]), fields, [int(head.split()[1]) for head in heads]

    def assert_stored(self, status, fields, name=None, expected=None):
        """The bytes on the disk and those of GET are those of the source."""
        expected = expected or self.expected
        self.assertEqual(status, 201)
        self.assertEqual(fields["etag"], f'"{expected}"')
        target = name or fields["location"].rsplit("/", 1)[1]
        self.assertEqual(digest(self.server.directory / "files" / target), expected)
        got = hashlib.sha256()
        with urllib.request.urlopen(f"{self.url}/{target}", timeout=PATIENCE) as answer:
            while piece := answer.read(1 << 20):
                got.update(piece)
        self.assertEqual(got.hexdigest(), expected)

    def test_curl_put(self):
        for what, more in (("Expect", []), ("no Expect", ["-H", "Expect:"])):
            with self.subTest(what):
                status, fields, heads = self.curl("-T", self.source, *more, f"{self.url}/{what.replace(' ', '')}.bin")
                self.assertEqual(100 in heads, not more)
                self.assert_stored(status, fields, what.replace(" ", "") + ".bin")

    def test_curl_put_of_a_pipe_comes_in_chunks(self):
        cat = subprocess.Popen(["cat", self.source], stdout=subprocess.PIPE)
        done = subprocess.run(["curl", "-sS", "-D", "-", "-o", "/dev/null", "-T", "-", self.url + "/pipe.bin"],
                              stdin=cat.stdout,
                              capture_output=True, text=True, timeout=PATIENCE)
        cat.stdout.close()
        cat.wait()
        self.assertIn(" 201 ", done.stdout + done.stderr)
        self.assert_stored(201, {"etag": f'"{self.expected}"'}, "pipe.bin")

    def test_curl_form(self):
        for more in ([], ["-H", "Expect:"]):
            status, fields, _ = self.curl("-F", f"file=@{self.source};type=application/octet-stream", *more, self.url)
            self.assert_stored(status, fields)

    def test_curl_form_with_a_field(self):
        status, fields, _ = self.curl("-F", "title=x", "-F", f"file=@{self.source};type=application/octet-stream", self.url)
        self.assertEqual(status, 201)
        folder = self.server.directory / "files" / fields["location"].split("/")[2]
        self.assertEqual(digest(folder / "file_1.bin"), self.expected)

    def test_curl_data_binary(self):
        # curl takes the file into memory, and no whole GiB of it.
        source, size = self.here / "in_memory.bin", min(SIZE, (1 << 30) - 4096)
        copy_beginning(self.source, source, size)
        self.addCleanup(source.unlink)
        expected = digest(source)
        for more in ([], ["-H", "Expect:"]):
            status, fields, heads = self.curl("--data-binary", f"@{source}", "-H", "Content-Type: application/octet-stream", *more,
                                              self.url)
            self.assertEqual(100 in heads, not more)
            self.assert_stored(status, fields, expected=expected)

    def test_urllib_put_and_post(self):
        for method, target in (("PUT", "/urllib.bin"), ("POST", "")):
            with self.subTest(method), open(self.source, "rb") as file:
                fields = {"Content-Type": "application/octet-stream", "Content-Length": str(SIZE)}
                asked = urllib.request.Request(self.url + target, data=file, method=method, headers=fields)
                with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
                    self.assert_stored(answer.status, {name.lower(): value for name, value in answer.getheaders()},
                                       target[1:])

    def test_http_client_in_chunks(self):
        line = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE)
        self.addCleanup(line.close)
        with open(self.source, "rb") as file:
            pieces = iter(lambda: file.read(100_000), b"")
            line.request("PUT", "/files/chunks.bin", pieces, {"Content-Type": "a/b"}, encode_chunked=True)
            answer = line.getresponse()
            answer.read()
        self.assert_stored(answer.status, {name.lower(): value for name, value in answer.getheaders()}, "chunks.bin")


if __name__ == "__main__":
    if "--full" in sys.argv:
        sys.argv.remove("--full")
        SIZE = 1 << 30
    unittest.main()
