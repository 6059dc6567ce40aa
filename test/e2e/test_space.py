"""No room: the quota, the floor of free space, a file system that is full, and disks that fail. Exit code 77: a part needs root."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

from support import Server, digest_of, files_route, form, part, request, tree, wait_for
import system_calls
from system_calls import Tracer
from test_put import NEW_TEXT, OLD_TEXT, WithFiles

TEXT = "Content-Type: text/plain"
MISSING = []  # why a test could not run


def ways(content):
    """(Name, method, target, fields, body) of a request of each kind that stores `content` under a new name."""
    one, several = form(part("f", content, "f.txt", "text/plain")), form(part("a", b"1"),
                                                                         part("f", content, "f.txt", "text/plain"))
    return [("put", "PUT", "/files/new.txt", [TEXT], content), ("raw", "POST", "/files", [TEXT], content),
            ("form", "POST", "/files", [one[0]], one[1]), ("folder", "POST", "/files", [several[0]], several[1])]


class Quota(WithFiles):
    uploads = {"quota": "10000"}

    def test_413_says_the_numbers(self):
        self.assertEqual(self.put("a", bytes(6000)).status, 201)
        before = self.stored()
        for name, *asked in ways(bytes(6000)):
            with self.subTest(name):
                answer = self.server.ask(*asked)
                self.assertEqual(answer.status, 413)
                self.assertIn("10000", answer.body.decode().replace(",", ""))
                self.assertIn("6000", answer.body.decode().replace(",", ""))
                self.assertEqual(self.stored(), before)

    def test_what_is_removed_or_replaced_makes_room(self):
        steps = (("PUT", "a", 6000, 201), ("PUT", "b", 4001, 413), ("PUT", "b", 4000, 201), ("PUT", "c", 1, 413), ("PUT", "c", 0, 201),
                 ("DELETE", "b", None, 204), ("PUT", "c", 4000, 204), ("DELETE", "a", None, 204), ("PUT", "c", 10, 204),
                 ("PUT", "d", 9991, 413), ("PUT", "d", 3990, 201), ("PUT", "e", 6000, 201), ("PUT", "e", 6001, 413))
        for method, name, size, status in steps:
            with self.subTest(method, name=name, size=size):
                self.assertEqual(self.ask(method, name, None if size is None else bytes(size)).status, status)
        self.assertEqual({name: len(content) for name, content in self.stored().items()}, {"c": 10, "d": 3990, "e": 6000})

    def test_what_comes_in_chunks_is_cut_at_the_quota(self):
        with self.server.connect() as line:
            line.send(request("PUT", "/files/a", ["Transfer-Encoding: chunked"]) + b"2711\r\n" + bytes(10001) + b"\r\n0\r\n\r\n")
            self.assertEqual(line.answer().status, 413)
        self.assertEqual(self.stored(), {})
        self.assertEqual(self.put("a", bytes(10000)).status, 201)

    def test_what_is_on_its_way_counts_until_it_is_gone(self):
        with self.server.connect() as line:
            line.send(request("PUT", "/files/a", ["Content-Length: 6000"]) + bytes(10))
            # Until the server has seen the other client there is room.
            while (status := self.put("b", bytes(6000)).status) == 201:
                self.assertEqual(self.ask("DELETE", "b").status, 204)
            self.assertEqual(status, 413)
        self.assertTrue(wait_for(lambda: self.put("b", bytes(6000)).status == 201))
        self.assertEqual(list(self.stored()), ["b"])

    def test_the_list_of_a_form_counts_too(self):
        # The body would fit, and so would the files alone; fields.json, which says what was in the form, does not.
        content_type, body = form(*(part("f", bytes(10), name * 60 + ".txt") for name in "abcd"))
        self.assertEqual(self.put("a", bytes(10000 - len(body))).status, 201)
        self.assertEqual(self.server.ask("POST", "/files", [content_type], body).status, 413)
        self.assertEqual(list(self.stored()), ["a"])

    def test_a_restart_counts_what_is_there(self):
        self.put("a", bytes(6000))
        content_type, body = form(part("a", b"1"), part("f", bytes(3000), "f.txt"))
        self.assertEqual(self.server.ask("POST", "/files", [content_type], body).status, 201)
        self.server = self.start(directory=self.stopped())
        self.assertEqual(self.put("b", bytes(1001)).status, 413)
        self.assertEqual(self.put("a", bytes(10)).status, 204)
        self.assertEqual(self.put("b", bytes(5000)).status, 201)

    def test_keys_use_nothing_of_it(self):
        for number in range(20):
            self.assertEqual(self.server.ask("POST", "/files", [TEXT, f"Idempotency-Key: k{number}"], b"1").status, 201)
        self.server = self.start(directory=self.stopped())
        self.assertEqual(self.put("a", bytes(9980)).status, 201)

    def test_what_was_refused_has_used_nothing(self):
        for _ in range(5):
            self.assertEqual(self.put("a", bytes(9000), "Content-Digest: " + digest_of(b"x")).status, 400)
        self.assertEqual(self.put("a", bytes(9000)).status, 201)


class LargeQuota(WithFiles):
    uploads = {"quota": "96m", "max_body": "64m"}

    def test_who_announces_much_and_sends_little_leaves_the_room_to_others(self):
        lines = []
        for number in range(40):
            line = self.server.connect()
            self.addCleanup(line.socket.close)
            line.send(request("PUT", f"/files/slow{number}", [f"Content-Length: {16 << 20}"]) + bytes(10))
            lines.append(line)
        wait_for(lambda: b"fairlead_uploads_created_total 40" in self.server.ask(target="/metrics", admin=True).body, 5)
        self.assertEqual(self.put("quick", bytes(20 << 20)).status, 201)
        with self.server.connect() as line:  # all of it would have to fit
            line.send(request("PUT", "/files/other", [f"Content-Length: {60 << 20}"]))
            self.assertEqual(line.answer().status, 413)
        lines[0].send(bytes((16 << 20) - 10))
        self.assertEqual(lines[0].answer().status, 201)


class Floor(WithFiles):
    def test_below_min_free_uploads_are_507_and_reads_go_on(self):
        self.put("kept.txt", OLD_TEXT)
        room = os.statvfs(self.files)
        self.server = self.start({"min_free": str(room.f_blocks * room.f_frsize * 2)}, directory=self.stopped())
        for name, *asked in ways(NEW_TEXT):
            with self.subTest(name):
                self.assertEqual(self.server.ask(*asked).status, 507)
                self.assertEqual(self.stored(), {"kept.txt": OLD_TEXT})
        self.assertEqual(self.ask("GET", "kept.txt").body, OLD_TEXT)
        self.assertEqual(self.ask("DELETE", "kept.txt").status, 204, "which makes room")


@unittest.skipUnless(os.geteuid() == 0, "a file system in a file needs root")
class FullDisk(unittest.TestCase):
    """The route's folder is a small ext4."""
    uploads = {"min_free": "0", "max_body": "20m"}

    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="fairlead-e2e-")
        self.addCleanup(directory.cleanup)
        self.files, image = Path(directory.name) / "files", Path(directory.name) / "disk.img"
        self.files.mkdir()
        image.write_bytes(b"")
        os.truncate(image, 24 << 20)
        for command in (["mkfs.ext4", "-q", "-m", "0", image], ["mount", "-o", "loop", image, self.files]):
            try:
                done = subprocess.run(command, capture_output=True, text=True)
            except FileNotFoundError as error:
                self.lack(str(error))
            if done.returncode != 0:
                self.lack(f"{command[0]} does not work here: {done.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", self.files], check=True)
        (self.files / "lost+found").rmdir()
        self.server = Server(files_route(**self.uploads), directory=directory.name)
        self.addCleanup(self.server.close)

    def lack(self, why):
        MISSING.append(why)
        self.skipTest(why)

    def fill(self, size):
        """PUTs until there is no room; the names."""
        names = []
        while (status := self.server.ask("PUT", f"/files/{len(names)}_{size}", [],
                                         bytes([len(names) % 256]) * size).status) == 201:
            names.append(f"{len(names)}_{size}")
            self.assertLess(len(names), 2000)
        self.assertEqual(status, 507)
        return names

    def check(self, line):
        """Waits until the health page says `line`: free space is looked at once a second."""
        wait_for(lambda: line in self.server.ask(target="/readyz?verbose", admin=True).body)
        self.assertIn(line, self.server.ask(target="/readyz?verbose", admin=True).body)

    def test_507_leaves_nothing_half_written_and_room_made_is_used(self):
        names = self.fill(3 << 20) + self.fill(100_000) + self.fill(4096)
        self.assertGreater(len(names), 5)
        before = tree(self.files)
        self.assertEqual(sorted(before), sorted(names))
        for name, content in before.items():
            number, size = map(int, name.split("_"))
            self.assertEqual(content, bytes([number % 256]) * size)
        for name, *asked in ways(bytes(200_000)):
            with self.subTest(name):
                self.assertEqual(self.server.ask(*asked).status, 507)
                self.assertEqual(tree(self.files), before)
        self.assertEqual(self.server.ask("PUT", "/files/" + names[0], [], bytes(4 << 20)).status, 507,
                         "what it replaces has to stay until then")
        with self.server.connect() as line:
            line.send(request("PUT", "/files/chunks", ["Transfer-Encoding: chunked"]) + b"30d40\r\n" + bytes(200_000) + b"\r\n0\r\n\r\n")
            self.assertEqual(line.answer().status, 507)
        self.assertEqual(tree(self.files), before)
        self.assertEqual(self.server.ask(target="/files/" + names[-1]).body, before[names[-1]])
        self.check(b"[-]uploads failed")
        self.assertEqual(self.server.ask(target="/readyz").status, 200, "a full disk keeps nobody from reading")
        for name in names:
            self.assertEqual(self.server.ask("DELETE", "/files/" + name).status, 204, "a full disk can be made empty")
        for name, *asked in ways(bytes(200_000)):
            self.assertEqual(self.server.ask(*asked).status, 201, name)
        self.check(b"[+]uploads ok")

    def test_what_takes_most_of_the_room_counts_once(self):
        room = os.statvfs(self.files)
        size = room.f_bavail * room.f_frsize * 3 // 4
        content = os.urandom(size)
        in_chunks = b"%x\r\n" % size + content + b"\r\n0\r\n\r\n"
        for name, method, target, fields, body in ways(content):
            with self.subTest(name):
                self.assertEqual(self.server.ask(method, target, fields, body).status, 201)
                self.assertIn(content, tree(self.files).values())
                for entry in self.files.iterdir():
                    shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        with self.server.connect() as line:
            line.send(request("PUT", "/files/chunks", ["Transfer-Encoding: chunked"]) + in_chunks)
            self.assertEqual(line.answer().status, 201)

    def test_no_inode_left_is_507(self):
        used = os.statvfs(self.files)
        for number in range(used.f_favail):
            (self.files / f"i{number}").touch()
        for name, *asked in ways(b"1"):
            with self.subTest(name):
                answer = self.server.ask(*asked)
                self.assertEqual(answer.status, 507)
                self.assertIn(b"no inode is free", answer.body)
        self.check(b"[-]uploads failed")
        self.assertEqual(len(tree(self.files)), used.f_favail)
        self.assertEqual(self.server.ask("DELETE", "/files/i0").status, 204)
        self.assertEqual(self.server.ask(*ways(b"1")[0][1:]).status, 201)


class WorkLimit(WithFiles):
    """Places among the requests at work."""
    settings = {"routes": {"/files": {"limits": {"in_flight": 1, "queue": 0}},
                           "/other": {"uploads": {"directory": "other", "accept": ["put"]}}}}

    def test_the_own_limit_of_a_route_counts_for_its_uploads_alone(self):
        if "durability off" in self.server.log():
            self.skipTest("the temporary directory keeps nothing (tmpfs?): set TMPDIR to a real file system")
        with Tracer(self.server, "fsync:delay_enter=3000000"), ThreadPoolExecutor(2) as clients:
            first = clients.submit(self.put, "first.txt", NEW_TEXT)
            time.sleep(1)
            other = clients.submit(self.server.ask, "PUT", "/other/x.txt", [TEXT], NEW_TEXT)
            for _ in range(3):
                self.assertEqual(self.put("second.txt", NEW_TEXT).status, 503)
            self.assertEqual((first.result().status, other.result().status), (201, 201))
        self.assertEqual(self.stored(), {"first.txt": NEW_TEXT})
        self.assertEqual(self.put("second.txt", NEW_TEXT).status, 201)


class Faults(WithFiles):
    """System calls that fail, by strace."""
    settings = {"log": {"access": {"format": "off"}}}  # it would be hit, too

    def setUp(self):
        super().setUp()
        if self.server.is_sanitized():
            self.skipTest("a sanitizer's own calls would meet the faults")
        if "durability off" in self.server.log():
            self.skipTest("the temporary directory keeps nothing (tmpfs?): set TMPDIR to a real file system")
        self.put("kept.txt", OLD_TEXT)

    def under(self, injection, asked):
        watched = mock.patch("system_calls.WATCHED", system_calls.WATCHED + ",mkdirat")
        with watched, Tracer(self.server, injection) as tracer:
            answer = self.server.ask(*asked)
            self.assertIn("(INJECTED)", tracer.stop(), injection)
        return answer

    def test_no_room_is_507_and_passes(self):
        for error in ("ENOSPC", "EDQUOT"):
            for name, *asked in [*ways(NEW_TEXT), ("replace", "PUT", "/files/kept.txt", [TEXT], NEW_TEXT)]:
                for call in ("write", "openat", "fsync", "linkat") if name != "folder" else ("write", "mkdirat", "fsync",
                                                                                             "renameat2"):
                    with self.subTest(name, call=call, error=error):
                        self.assertEqual(self.under(f"{call}:error={error}", asked).status, 507)
                        self.assertEqual(self.stored(), {"kept.txt": OLD_TEXT})
                        self.assertEqual(self.ask("GET", "kept.txt").body, OLD_TEXT, "the server lives")
        self.assertEqual(self.put("new.txt", NEW_TEXT).status, 201, "the next one is stored")

    def test_after_a_fault_of_the_disk_nothing_is_written_until_a_restart(self):
        everything = [*ways(NEW_TEXT), ("replace", "PUT", "/files/kept.txt", [TEXT], NEW_TEXT), ("delete", "DELETE", "/files/kept.txt")]
        for name, *asked in everything:
            for call in ["fsync:error=EIO"] if name == "delete" else ["write:error=EIO", "fsync:error=EIO", "fsync:error=EIO:when=2"]:
                with self.subTest(name, call=call):
                    self.assertEqual(self.under(call, asked).status, 500)
                    self.assertEqual(self.stored(), {"kept.txt": OLD_TEXT})
                    for other, *again in everything:
                        with self.subTest(other, after=name, call=call):
                            self.assertEqual(self.server.ask(*again).status, 503)
                    self.assertEqual(self.ask("GET", "kept.txt").body, OLD_TEXT, "reads go on")
                    self.assertIn(b"[-]uploads failed", self.server.ask(target="/readyz?verbose", admin=True).body)
                    self.assertEqual(self.server.ask(target="/readyz").status, 503)
                self.server = self.start(directory=self.stopped())
                self.assertIn(self.put("kept.txt", OLD_TEXT).status, (201, 204), "a restart ends it")
                for path in self.files.glob("[!.k]*"):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()


class Logs(unittest.TestCase):
    def test_nobody_waits_while_the_disk_of_the_logs_does(self):
        server = Server({"threads": 1}, files={"index.html": b"home"})
        self.addCleanup(server.close)
        self.assertEqual(server.ask().status, 200)
        with Tracer(server, "openat:delay_enter=3000000"):
            server.signal(signal.SIGUSR1)
            begin = time.monotonic()
            for _ in range(5):
                self.assertEqual(server.ask().body, b"home")
                time.sleep(0.1)
            self.assertLess(time.monotonic() - begin, 2.5)
            self.assertNotIn("log files reopened", server.log())
            self.assertTrue(server.wait_for_log("log files reopened", 20))


if __name__ == "__main__":
    program = unittest.main(exit=False)
    if not program.result.wasSuccessful():
        sys.exit(1)
    if os.geteuid() != 0:
        MISSING.append("a file system in a file needs root")
    if MISSING:
        print("skipped in part: " + MISSING[0], file=sys.stderr)
        sys.exit(77)
