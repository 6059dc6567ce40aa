"""PUT, DELETE and POST of raw bytes, and GET of what they stored: where it is, what is refused, and that nothing lands outside."""

import os
import random
import resource
import socket
import stat
import subprocess
import threading
import time
import unittest
from urllib.parse import quote

from support import Server, descriptors, digest_of, entity_tag, files_route, merged, request, together, tree, vanish, wait_for

OLD_TEXT, NEW_TEXT = b"the old text", b"what came in its place"
TEXT = "Content-Type: text/plain"


class WithFiles(unittest.TestCase):
    """A server whose route /files takes uploads in every way, into the folder `self.files`."""
    uploads, settings = {}, {}

    def setUp(self):
        self.server = self.start()
        self.files = self.server.directory / "files"

    def start(self, uploads=None, **options):
        server = Server(merged(files_route(**merged(self.uploads, uploads or {})), self.settings), **options)
        self.addCleanup(server.close)
        return server

    def stopped(self):
        """Ends the server; its directory, for the next one."""
        self.assertEqual(self.server.stop(), 0)
        return self.server.directory

    def ask(self, method, name, body=None, fields=()):
        return self.server.ask(method, "/files/" + name, fields, body)

    def put(self, name, body, *fields):
        return self.ask("PUT", name, body, fields)

    def stored(self):
        return tree(self.files)

    def assert_leaks_nothing(self, work, expected):
        """`work()` leaves no descriptor and no file behind but `expected`."""
        self.put("warm.txt", b"1")
        self.ask("GET", "warm.txt")
        self.ask("DELETE", "warm.txt")
        before = descriptors(self.server)
        work()

        def is_settled():
            """The server may be busy yet with clients that are gone, so once is not enough."""
            for _ in range(20):
                if self.stored() != expected or descriptors(self.server) > before:
                    return False
                time.sleep(0.02)
            return True

        self.assertTrue(wait_for(is_settled), f"{self.stored()}, {descriptors(self.server)} descriptors after {before}")


class Stored(WithFiles):
    uploads = {"make_directories": True}

    def assert_stored(self, answer, status, name, content):
        self.assertEqual((answer.status, answer.body), (status, b""))
        self.assertEqual((answer["ETag"], answer["Repr-Digest"]), (entity_tag(content), digest_of(content)))
        self.assertIn(answer["Fairlead-Durability"], ("full", "off"))
        self.assertEqual((self.files / name).read_bytes(), content)
        for method in ("GET", "HEAD"):
            got = self.ask(method, quote(name))
            self.assertEqual((got.status, got["ETag"], got["Content-Length"]), (200, answer["ETag"], str(len(content))))
            self.assertEqual(got.body, content if method == "GET" else b"")

    def test_201_then_204_then_gone(self):
        self.assert_stored(self.put("a.txt", OLD_TEXT), 201, "a.txt", OLD_TEXT)
        self.assert_stored(self.put("a.txt", NEW_TEXT), 204, "a.txt", NEW_TEXT)
        self.assertEqual(self.ask("DELETE", "a.txt").status, 204)
        self.assertEqual(self.stored(), {})
        for method in ("GET", "HEAD", "DELETE"):
            self.assertEqual(self.ask(method, "a.txt").status, 404)

    def test_another_connection_sees_each_change_at_once(self):
        with self.server.connect() as writer, self.server.connect() as reader:
            for number in range(20):
                content = b"%d" % number * (number + 1)
                writer.ask("PUT", "/files/a.txt", [], content)
                self.assertEqual(reader.ask(target="/files/a.txt").body, content)
            writer.ask("DELETE", "/files/a.txt")
            self.assertEqual(reader.ask(target="/files/a.txt").status, 404)

    def test_names_are_kept_as_they_are(self):
        for name in ("x", "größe ä.txt", "a+b.txt", "100%.txt", "q&a;b=c,d.txt", "日本.txt", "x" * 255, "a..b", "a/b/c/d.txt",
                     "/".join(["d"] * 31 + ["x"])):
            with self.subTest(name):
                self.assert_stored(self.put(quote(name), b"1" + name.encode()), 201, name, b"1" + name.encode())

    def test_bodies_of_every_kind(self):
        large = random.Random(1).randbytes(300_000)
        for name, content in (("empty", b""), ("zeros", bytes(5000)), ("large", large)):
            with self.subTest(name):
                self.assert_stored(self.put(name, content), 201, name, content)
        with self.server.connect() as line:
            line.send(request("PUT", "/files/chunks", ["Transfer-Encoding: chunked", "Expect: 100-continue"]))
            self.assertEqual(line.answer().status, 100)
            for at in range(0, len(large), 70_000):
                piece = large[at:at + 70_000]
                line.send(b"%x\r\n%s\r\n" % (len(piece), piece))
            line.send(b"0\r\n\r\n")
            self.assert_stored(line.answer(), 201, "chunks", large)
            self.assertEqual(line.ask(target="/livez").status, 200, "the connection goes on")

    def test_modes(self):
        self.put("folder/a.txt", b"1")
        modes = [stat.S_IMODE((self.files / name).stat().st_mode) for name in ("folder", "folder/a.txt")]
        self.assertEqual(modes, [0o750, 0o640])

    def test_nothing_that_is_stored_is_active(self):
        for name, kind in (("page.html", "text/html"), ("image.svg", "image/svg+xml"), ("code.js", "text/javascript"),
                           ("page.xhtml", "application/xhtml+xml"), ("doc.pdf", "application/pdf"), ("none", "text/html")):
            self.assertEqual(self.put(name, b"<script>", "Content-Type: " + kind).status, 201)
            for fields, status in (((), 200), (["Range: bytes=0-1"], 206)):
                with self.subTest(name, status=status):
                    got = self.ask("GET", name, fields=fields)
                    self.assertEqual((got.status, got["X-Content-Type-Options"]), (status, "nosniff"))
                    self.assertRegex(got["Content-Disposition"], "^attachment")
                    self.assertRegex(got["Content-Security-Policy"], r"(^|;) *sandbox *(;|$)")

    def test_post_of_raw_bytes_gets_a_name_that_is_no_page(self):
        for kind, extension in (("image/png", "png"), ("application/pdf", "pdf"), ("application/x-odd", "bin"),
                                ("text/html", "txt"), ("image/svg+xml", "txt"), ("text/csv", "csv")):
            with self.subTest(kind):
                answer = self.server.ask("POST", "/files", ["Content-Type: " + kind], NEW_TEXT)
                self.assertEqual((answer.status, answer["ETag"]), (201, entity_tag(NEW_TEXT)))
                self.assertRegex(answer["Location"], rf"^/files/upload_\d{{8}}_\d{{6}}_[0-9a-f]{{16}}\.{extension}$")
                self.assertEqual(self.server.ask(target=answer["Location"]).body, NEW_TEXT)


class Refused(WithFiles):
    uploads = {"max_body": "64k", "types": ["text/*", "application/octet-stream"]}

    def test_names(self):
        bad = [".hidden", ".fairlead-tmp-1", ".fairlead-keys", ".fairlead-keys/x", "%2Ehidden", "a%00b", "a%0Ab", "a%7Fb",
               "a%C2%85b", "a%E2%80%AEgnp.exe", "%FF", "%C0%AF", "%ED%A0%80", "x" * 256, "%C3%A9" * 128, "-rf", "%20x", "x%20",
               "x.", "a%5Cb", "a%2Fb", "a%3Ab", "a%2Ab", "con", "NUL.txt", "a//b", "a%", "d/" * 32 + "x",
               ("d" * 250 + "/") * 4 + "d" * 100]
        for name in bad:
            with self.subTest(name):
                self.assertEqual(self.put(name, NEW_TEXT).status, 400)
                self.assertEqual(self.stored(), {})
        for target in ("/files", "/files/"):
            self.assertEqual(self.server.ask("PUT", target, [], NEW_TEXT).status, 405)
        self.assertEqual(self.put("folder/", NEW_TEXT).status, 409)

    def test_traversal(self):
        before = tree(self.server.directory / "www"), tree(self.server.uploads)
        for target in ("../www/x.txt", "%2e%2e/www/x.txt", "..%2fwww%2fx.txt", "a/../../www/x.txt", "..\\www\\x.txt",
                       "..%5cwww%5cx.txt", "..%00/www/x.txt", "/www/x.txt", "%c0%ae%c0%ae/www/x.txt", "..;/www/x.txt", "..",
                       "%2e%2e"):
            for method in ("PUT", "DELETE"):
                with self.subTest(target, method=method):
                    self.assertIn(self.ask(method, target, NEW_TEXT).status, (400, 403, 404, 405))
        self.assertEqual(self.stored(), {})
        self.assertEqual((tree(self.server.directory / "www"), tree(self.server.uploads)), before)
        self.assertEqual(list(self.server.directory.rglob("x.txt")), [])

    def test_hidden_files_are_not_there(self):
        for name in (".keep", ".fairlead-tmp-0123456789abcdef", ".fairlead-keys/x"):
            path = self.files / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"secret")
            with self.subTest(name):
                self.assertIn(self.ask("GET", name).status, (403, 404))
                self.assertIn(self.ask("DELETE", name).status, (400, 403, 404))
                self.assertEqual(path.read_bytes(), b"secret")

    def test_409_where_something_else_stands(self):
        self.put("file.txt", OLD_TEXT)
        (self.files / "folder").mkdir()
        os.mkfifo(self.files / "pipe")
        before = self.stored()
        for method, name in (("PUT", "missing/x.txt"), ("PUT", "file.txt/x.txt"), ("PUT", "folder"), ("PUT", "pipe"),
                             ("DELETE", "folder"), ("DELETE", "pipe")):
            with self.subTest(method, name=name):
                self.assertEqual(self.ask(method, name, NEW_TEXT).status, 409)
                self.assertEqual(self.stored(), before)

    def test_sizes_types_and_lengths(self):
        chunks = b"10001\r\n" + bytes(65537) + b"\r\n0\r\n\r\n"
        for fields, body, status in (
                ([], bytes(65536), 201), ([], bytes(65537), 413), (["Content-Type: image/png"], b"1", 415), ([], None, 411),
                (["Content-Type: text/html; charset=utf-8"], b"1", 201), (["Content-Encoding: gzip"], b"1", 415),
                (["Content-Range: bytes 0-0/5"], b"1", 400)):
            with self.subTest(fields, status=status):
                self.assertEqual(self.put("a.txt", body, *fields).status, status)
                self.assertEqual(list(self.stored()), ["a.txt"] * (status == 201))
                (self.files / "a.txt").unlink(missing_ok=True)
        with self.server.connect() as line:
            line.send(request("PUT", "/files/a.txt", ["Transfer-Encoding: chunked"]) + chunks)
            self.assertEqual(line.answer().status, 413)
        with self.server.connect() as line:
            line.send(request("PUT", "/files/a.txt", ["Content-Length: 65537", "Expect: 100-continue"]))
            self.assertEqual(line.answer().status, 413, "before the 100")
        self.assertEqual(self.stored(), {})

    def test_ways_that_are_not_accepted_are_405(self):
        server = self.start({"accept": ["json"]})
        for method in ("PUT", "DELETE"):
            answer = server.ask(method, "/files/a.txt", [], b"1")
            self.assertEqual(answer.status, 405)
            self.assertNotIn(method, answer["Allow"])
        self.assertEqual(server.ask("POST", "/files", [TEXT], b"1").status, 415)
        self.assertEqual(tree(server.directory / "files"), {})

    def test_not_served_is_like_missing(self):
        server = self.start({"serve": False})
        self.assertEqual(server.ask("PUT", "/files/a.txt", [], b"1").status, 201)
        self.assertEqual([server.ask(target="/files/" + name).status for name in ("a.txt", "b.txt")], [404, 404])


class Outside(WithFiles):
    """Links and mounts lead nowhere."""
    uploads = {"make_directories": True}

    def setUp(self):
        super().setUp()
        self.outside = self.server.directory / "outside"
        self.outside.mkdir()
        (self.outside / "secret.txt").write_bytes(b"secret")

    def test_links_are_neither_followed_nor_replaced(self):
        for name, target in (("file", "../outside/secret.txt"), ("absolute", str(self.outside / "secret.txt")),
                             ("folder", "../outside"), ("dangling", "../outside/new.txt"), ("inner", "real.txt")):
            os.symlink(target, self.files / name)
        (self.files / "real.txt").write_bytes(OLD_TEXT)
        before = self.stored(), tree(self.outside)
        for name, status in (("file", 409), ("absolute", 409), ("dangling", 409), ("inner", 409), ("folder", 409),
                             ("folder/new.txt", 403), ("folder/secret.txt", 403), ("folder/new/new.txt", 403)):
            for method in ("PUT", "DELETE", "GET"):
                with self.subTest(method, name=name):
                    answer = self.ask(method, name, NEW_TEXT if method == "PUT" else None)
                    if method != "GET":
                        self.assertEqual(answer.status, status)
                    elif name != "inner":  # as elsewhere, a link that stays inside may be read
                        self.assertIn(answer.status, (301, 403, 404))
                    self.assertNotIn(b"secret", answer.body)
                    self.assertEqual((self.stored(), tree(self.outside)), before)

    def test_a_second_name_of_a_file_keeps_its_content(self):
        os.link(self.outside / "secret.txt", self.files / "a.txt")
        self.assertEqual(self.put("a.txt", NEW_TEXT).status, 204)
        self.assertEqual((tree(self.outside), self.stored()), ({"secret.txt": b"secret"}, {"a.txt": NEW_TEXT}))

    def test_a_folder_that_turns_into_a_link_again_and_again(self):
        server = self.start({"make_directories": False}, directory=self.stopped())
        folder, aside, stop, statuses = self.files / "folder", self.files / "aside", threading.Event(), []
        folder.mkdir()

        def swap():
            while not stop.is_set():
                folder.rename(aside)
                folder.symlink_to(self.outside)
                time.sleep(0.0005)
                folder.unlink()
                aside.rename(folder)
                time.sleep(0.0005)

        swapper = threading.Thread(target=swap)
        swapper.start()
        try:
            end = time.monotonic() + 2
            while time.monotonic() < end:
                with server.connect() as line:
                    statuses += [line.ask("PUT", f"/files/folder/{number}.txt", [], b"1").status for number in range(50)]
        finally:
            stop.set()
            swapper.join()
        self.assertEqual(tree(self.outside), {"secret.txt": b"secret"})
        self.assertLessEqual(set(statuses), {201, 204, 403, 404, 409, 503})
        self.assertTrue(set(statuses) > {201, 403}, f"both states were met: {set(statuses)}")

    @unittest.skipUnless(os.geteuid() == 0, "mounting needs root")
    def test_mounts_are_not_entered(self):
        mounted = self.files / "mounted"
        mounted.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", mounted], capture_output=True, text=True)
        if done.returncode != 0:
            self.skipTest("cannot mount a tmpfs here: " + done.stderr.strip())
        self.addCleanup(subprocess.run, ["umount", mounted], check=True)
        (mounted / "there.txt").write_bytes(b"1")
        for method, name in (("PUT", "new.txt"), ("PUT", "there.txt"), ("PUT", "a/b.txt"), ("DELETE", "there.txt")):
            with self.subTest(method, name=name):
                self.assertEqual(self.ask(method, "mounted/" + name, b"2").status, 403)
                self.assertEqual(tree(mounted), {"there.txt": b"1"})


class Preconditions(WithFiles):
    settings = {"limits": {"requests_per_connection": 100000}}
    OLD, NEW, OTHER = entity_tag(OLD_TEXT), entity_tag(NEW_TEXT), entity_tag(b"another")
    # Fields; the status of PUT and DELETE where the old text is; of PUT where nothing is. What is missing cannot be deleted,
    # whatever the condition (RFC 9110 section 13.2.1).
    TABLE = [([], 204, 201), (["If-None-Match: *"], 412, 201), (["If-Match: *"], 204, 412), ([f"If-Match: {OLD}"], 204, 412),
             ([f"If-Match: {OTHER}"], 412, 412), ([f"If-Match: {OTHER}, {OLD}"], 204, 412), ([f"If-Match: W/{OLD}"], 412, 412),
             ([f"If-Match: {OTHER}", f"If-Match: {OLD}"], 204, 412), ([f"If-None-Match: {OLD}"], 412, 201),
             ([f"If-None-Match: W/{OLD}"], 412, 201), ([f"If-None-Match: {OTHER}"], 204, 201),
             ([f"If-Match: {OLD}", "If-None-Match: *"], 412, 412), ([f"If-Match: {OLD[1:-1]}"], 412, 412)]

    def test_each_state_and_field(self):
        for fields, there, missing in self.TABLE:
            for method, content, status in (("PUT", OLD_TEXT, there), ("DELETE", OLD_TEXT, there), ("PUT", None, missing),
                                            ("DELETE", None, 404)):
                with self.subTest(fields, method=method, there=content):
                    self.ask("DELETE", "a.txt")
                    if content:
                        self.put("a.txt", content)
                    self.assertEqual(self.ask(method, "a.txt", NEW_TEXT if method == "PUT" else None, fields).status, status)
                    changed = NEW_TEXT if method == "PUT" else None
                    self.assertEqual(self.stored().get("a.txt"), changed if status in (201, 204) else content)

    def test_412_comes_without_the_body(self):
        self.put("a.txt", OLD_TEXT)
        with self.server.connect() as line:
            line.send(request("PUT", "/files/a.txt", ["If-None-Match: *", "Content-Length: 1000", "Expect: 100-continue"]))
            self.assertEqual(line.answer().status, 412)

    def test_of_64_creators_one_wins(self):
        lines = [self.server.connect() for _ in range(64)]
        try:
            for number in range(int(os.environ.get("ROUNDS", 20))):
                requests = [request("PUT", f"/files/{number}", ["If-None-Match: *"],
                                    b"creator %d of %d" % (one, number)) for one in range(64)]
                answers = together(lines, requests)
                self.assertEqual(sorted(answer.status for answer in answers), [201] + [412] * 63)
                winner = next(at for at, answer in enumerate(answers) if answer.status == 201)
                self.assertEqual((self.files / str(number)).read_bytes(), b"creator %d of %d" % (winner, number))
        finally:
            for line in lines:
                line.socket.close()

    def test_no_update_under_if_match_is_lost(self):
        self.put("counter", b"0")
        faults = []

        def count():
            with self.server.connect() as line:
                for _ in range(5):
                    status = 412
                    while status == 412:
                        now = line.ask(target="/files/counter")
                        status = line.ask("PUT", "/files/counter", [f"If-Match: {now['ETag']}"],
                                          b"%d" % (int(now.body) + 1)).status
                    if status != 204:
                        faults.append(status)

        clients = [threading.Thread(target=count) for _ in range(8)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        self.assertEqual((faults, self.ask("GET", "counter").body), ([], b"40"))


class TwoPlaces(WithFiles):
    settings = {"routes": {"/other": {"uploads": {"directory": "files", "accept": ["put"], "serve": True}}}}

    def test_what_is_replaced_or_removed_is_so_in_both_at_once(self):
        self.put("a.txt", OLD_TEXT)
        time.sleep(2.2)  # what was changed lately is looked at each time
        for ask, content in ((lambda: self.put("a.txt", NEW_TEXT), NEW_TEXT), (lambda: self.ask("DELETE", "a.txt"), None)):
            self.assertEqual(self.server.ask(target="/other/a.txt").status, 200)
            self.assertEqual(ask().status, 204)
            answer = self.server.ask(target="/other/a.txt")
            self.assertEqual(answer.status, 404 if content is None else 200)
            if content:
                self.assertEqual(answer.body, content)
            time.sleep(2.2)


class BrokenClients(WithFiles):
    def test_a_client_that_vanishes_at_each_byte(self):
        self.put("kept.txt", OLD_TEXT)
        whole = request("PUT", "/files/kept.txt", ["Content-Type: text/plain"], NEW_TEXT * 3)
        chunks = request("PUT", "/files/new.txt", ["Transfer-Encoding: chunked"]) + b"5\r\nhello\r\n3;a=b\r\n123\r\n0\r\nX: y\r\n\r\n"

        def work():
            for data in (whole, chunks):
                for end in range(1, len(data)):
                    vanish(self.server.port, data[:end], with_reset=end % 2)

        self.assert_leaks_nothing(work, {"kept.txt": OLD_TEXT})

    def test_a_client_that_resets_is_no_error_of_the_server(self):
        for target, fields in (("/files/a.txt", ["Content-Length: 500000"]), ("/files/a.txt", ["Transfer-Encoding: chunked"])):
            vanish(self.server.port, request("PUT", target, fields) + b"186a0\r\n" + b"x" * 50_000, with_reset=True)
        self.assertTrue(wait_for(lambda: self.server.access_log().count(" 499 ") == 2), self.server.access_log())
        self.assertNotIn("[error]", self.server.log())
        self.assertEqual(self.ask("GET", "a.txt").status, 404)

    def test_a_file_beyond_what_the_process_may_write(self):
        pid = self.server.process.pid
        before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (200_000, before[1]))
        self.addCleanup(resource.prlimit, pid, resource.RLIMIT_FSIZE, before)
        answer = self.put("large.bin", b"x" * 400_000)
        self.assertEqual(answer.status, 413, self.server.log())
        self.assertEqual(self.ask("GET", "large.bin").status, 404)
        self.assertEqual(self.put("small.bin", b"x" * 4_000).status, 201)

    def test_bodies_shorter_and_longer_than_announced(self):
        chunked = ["Transfer-Encoding: chunked"]
        for fields, body, status, stored in ((["Content-Length: 10"], b"short", 400, {}),
                                             (chunked, b"5\r\nhello\r\n", 400, {}),
                                             (chunked, b"5\r\nhell\r\n0\r\n\r\n", 400, {}),
                                             (chunked, b"zz\r\nhello\r\n0\r\n\r\n", 400, {}),
                                             (["Content-Length: 5"], b"hello world\r\n\r\n", 201, {"a.txt": b"hello"})):
            with self.subTest(fields, body=body), self.server.connect() as line:
                line.send(request("PUT", "/files/a.txt", fields) + body)
                line.socket.shutdown(socket.SHUT_WR)
                self.assertEqual(line.answer().status, status)
                self.assertEqual(self.stored(), stored)
                if status == 201:
                    self.assertEqual(line.answer().status, 400, "what follows is no request")
                self.assertTrue(line.is_at_end())

    def test_many_large_bodies_stay_out_of_memory(self):
        body = bytes(1_000_000)

        def work():
            for _ in range(100):
                self.assertIn(self.put("large", body).status, (201, 204))
            self.assertEqual(self.ask("DELETE", "large").status, 204)

        work()
        before = self.server.memory()
        self.assert_leaks_nothing(work, {})
        if not self.server.is_sanitized():
            self.assertLess(self.server.memory() - before, 8 << 20)


class AtTheTop(WithFiles):
    settings = {"uploads": {"accept": ["json", "put", "delete"], "serve": True}}

    def test_put_and_delete_below_uploads(self):
        self.assertEqual(self.server.ask("PUT", "/uploads/a.txt", [], NEW_TEXT).status, 201)
        self.assertEqual((tree(self.server.uploads), self.server.ask(target="/uploads/a.txt").body), ({"a.txt": NEW_TEXT}, NEW_TEXT))
        self.assertEqual(self.server.ask("DELETE", "/uploads/a.txt").status, 204)
        self.assertEqual((tree(self.server.uploads), self.stored()), ({}, {}))


if __name__ == "__main__":
    unittest.main()
