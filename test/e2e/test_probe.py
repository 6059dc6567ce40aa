"""The black-box probe of HTTP/1.1 (test/probe) finds no fault that it calls a MUST, and never fewer passes than recorded."""

import json
import subprocess
import sys
import tempfile
import unittest
from collections import Counter
from pathlib import Path

import support

PROBE = support.PROJECT / "test/probe"
RECORDED = json.loads((Path(__file__).parent / "probe_passes.json").read_text())
WITHOUT_FAULT = ("compliance", "smuggling", "malformed", "normalization", "connection", "limits")
# The tree has a file without an extension and one with an unknown one, which the probe wants to get.
TYPES = ["html", "txt", "bin", "css", "js", "json", "svg", "png", "zzz", "keep", ""]


class Probe(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="fairlead-probe-")
        cls.addClassCleanup(directory.cleanup)
        subprocess.run([sys.executable, PROBE / "make_docroot.py", directory.name], check=True, capture_output=True, timeout=30)
        server = support.Server({"types": TYPES}, directory=directory.name)
        cls.addClassCleanup(server.close)
        report = Path(directory.name) / "report.json"
        done = subprocess.run([sys.executable, PROBE / "probe.py", "--port", str(server.port), "--host-header", "localhost",
                               "--post-path", "/upload", "--json", str(report)],
                              capture_output=True, text=True, timeout=55)
        if done.returncode != 0:
            raise RuntimeError(done.stdout + done.stderr)
        cls.results = json.loads(report.read_text())["results"]
        cls.exit_code = server.stop()

    def faults(self, select):
        return [f"{one['id']}: {one['desc']}: {one['got']}" for one in self.results
                if one["verdict"] == "fail" and select(one)]

    def test_no_must_is_broken(self):
        for category in WITHOUT_FAULT:
            with self.subTest(category):
                self.assertEqual(self.faults(lambda one: one["category"] == category and one["level"] == "MUST"), [])

    def test_no_traversal_gets_through(self):
        self.assertGreater(sum(one["id"].startswith("T-X") for one in self.results), 10)
        self.assertEqual(self.faults(lambda one: one["id"].startswith("T-X")), [])

    def test_passes_do_not_fall(self):
        passes = Counter(one["category"] for one in self.results if one["verdict"] == "pass")
        for category, recorded in RECORDED.items():
            with self.subTest(category):
                self.assertGreaterEqual(passes[category], recorded, self.faults(lambda one: one["category"] == category))

    def test_server_ends_in_order(self):
        self.assertEqual(self.exit_code, 0)


if __name__ == "__main__":
    unittest.main()
