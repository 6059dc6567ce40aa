"""How files are delivered: codings, caching, listings, fallbacks, error pages, redirects, sites, CORS, security fields."""

import contextlib
import gzip
import http.client
import json
import os
import random
import re
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import support
from support import Server, wait_for

CODINGS = ("br", "zstd", "gzip")
SUFFIXES = {"br": ".br", "zstd": ".zst", "gzip": ".gz"}
SETTLED = 2.2  # seconds after which a file is trusted not to be half written
VARYING = ("date", "x-request-id", "expires")
SECURITY = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "strict-origin-when-cross-origin",
            "Content-Security-Policy": "frame-ancestors 'self'", "Permissions-Policy": None,
            "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin"}


def text_of(size, seed=1):
    """Words that compress like prose, the same ones each time."""
    generator = random.Random(seed)
    words = [generator.randbytes(generator.randrange(1, 5)).hex() for _ in range(3000)]
    return " ".join(generator.choices(words, k=size // 5 + 1)).encode()[:size]


CORPUS = {
    "page.html": b"<!doctype html><title>x</title>" + text_of(9000), "style.css": b"p{color:red}" * 900,
    "app.js": b"f(1);\n" * 2000,
    "data.json": json.dumps(list(range(4000))).encode(), "mark.svg": b"<svg>" + b"<path d='M0 0'/>" * 500 + b"</svg>",
    "large.txt": text_of(6_000_000),
}


class Reply:
    """An answer of http.client, read to its end: chunked ones too."""

    def __init__(self, response):
        self.status, self.fields, self.version = response.status, response.getheaders(), response.version
        self.body = response.read()

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def __getitem__(self, name):
        return ", ".join(self.all(name)) or None

    def lasting(self):
        """The fields that the same answer has again."""
        return [one for one in self.fields if one[0].lower() not in VARYING]

    def varies_by(self, name):
        return name.lower() in [word.strip().lower() for word in (self["Vary"] or "").split(",")]


def decode(coding, body):
    if coding in (None, "gzip"):
        return gzip.decompress(body) if coding else body
    tool = {"br": "brotli", "zstd": "zstd"}[coding]
    return subprocess.run([tool, "-dc"], input=body, capture_output=True, check=True, timeout=20).stdout


def has_tool_for(coding):
    return coding == "gzip" or shutil.which({"br": "brotli", "zstd": "zstd"}[coding]) is not None


class Delivery(unittest.TestCase):
    """A server of a class, asked by a client that knows HTTP well."""

    settings, files = {}, {}

    @classmethod
    def setUpClass(cls):
        cls.server = Server(cls.settings, files=cls.files)
        cls.addClassCleanup(cls.server.close)
        cls.root = cls.server.root

    def get(self, target="/", fields=None, *, method="GET", host="localhost", version=11, body=None):
        line = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        line._http_vsn, line._http_vsn_str = version, f"HTTP/1.{version % 10}"
        try:
            line.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
            for name, value in {"Host": host, **(fields or {}), **({"Content-Length": len(body)} if body else {})}.items():
                line.putheader(name, value)
            line.endheaders(body)
            return Reply(line.getresponse())
        finally:
            line.close()

    def coded(self, target, accept, **options):
        return self.get(target, {"Accept-Encoding": accept}, **options)

    def wait_until_settled(self, name):
        path = self.root / name
        self.assertTrue(wait_for(lambda: time.time() - os.lstat(path).st_ctime > SETTLED))

    def cpu(self):
        """Seconds of processor time of the server, in ticks of the kernel."""
        fields = Path(f"/proc/{self.server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Codings(Delivery):
    files = CORPUS | {"small.css": b"p{}", "picture.png": text_of(5000), "frozen.js": text_of(5000), "index.html": text_of(3000)}
    settings = {"cache_control": {"/frozen.js": "max-age=60, no-transform"}}

    def test_a_crowd_waits_for_one_compression(self):
        """All get the coding, equal to the byte, and together they cost little more than one."""
        support.write_tree(self.root, {"crowd.css": text_of(1_500_000, 7), "alone.css": text_of(1_500_000, 8)})
        self.wait_until_settled("crowd.css")
        begin = self.cpu()
        self.coded("/alone.css", "br")
        alone = self.cpu() - begin
        with contextlib.ExitStack() as lines:
            asking = [lines.enter_context(self.server.connect()) for _ in range(24)]
            for line in asking:
                line.send(support.request("GET", "/crowd.css", ["Accept-Encoding: br, identity;q=0"]))
            answers = [line.answer() for line in asking]
        self.assertEqual({(answer.status, answer["Content-Encoding"]) for answer in answers}, {(200, "br")})
        self.assertEqual(len({answer.body for answer in answers}), 1)
        self.assertLess(self.cpu() - begin - alone, 4 * alone + 0.1)

    def test_round_trip(self):
        for name, content in CORPUS.items():
            for coding in CODINGS:
                for version in (11, 10):
                    with self.subTest(name, coding=coding, version=version):
                        answer = self.coded("/" + name, coding, version=version)
                        self.assertEqual((answer.status, answer["Content-Encoding"]), (200, coding))
                        self.assertLess(len(answer.body), len(content))
                        if has_tool_for(coding):
                            self.assertTrue(decode(coding, answer.body) == content)
                        is_streamed = len(content) > 4 << 20
                        self.assertEqual(answer["Content-Length"], None if is_streamed else str(len(answer.body)))
                        self.assertEqual(answer["Transfer-Encoding"], "chunked" if is_streamed and version == 11 else None)

    @unittest.skipUnless(shutil.which("curl"), "needs curl")
    def test_curl_decodes(self):
        known = subprocess.run(["curl", "-V"], capture_output=True, text=True).stdout
        for coding, feature in (("br", "brotli"), ("zstd", "zstd"), ("gzip", "libz")):
            for version in ("--http1.1", "--http1.0") if feature in known else ():
                for name, content in CORPUS.items():
                    with self.subTest(name, coding=coding, version=version):
                        got = subprocess.run(["curl", "-sS", "--fail", version, "--compressed", "-H",
                                              f"Accept-Encoding: {coding}", "-w",
                                              "%{stderr}%header{content-encoding}",
                                              f"http://127.0.0.1:{self.server.port}/{name}"], capture_output=True, timeout=30)
                        self.assertEqual((got.returncode, got.stderr.decode()), (0, coding))
                        self.assertTrue(got.stdout == content)

    def test_quality_decides_then_the_servers_preference(self):
        for accept, expected in (("gzip, br, zstd", "br"), ("gzip, zstd", "zstd"), ("gzip;q=1, br;q=0.5", "gzip"),
                                 ("br;q=0, *", "gzip"),
                                 ("*", "gzip"), ("x-gzip", "gzip"), ("GZIP", "gzip"), ("identity", None), ("", None),
                                 ("deflate", None),
                                 ("identity, br;q=0.9", None), ("gzip;q=0", None), ("gzip;q=0.001", "gzip"), ("br;q=2", None),
                                 ("*;q=0, identity", None), ("identity;q=0, gzip;q=0.1", "gzip"), ("gzip" + ", x" * 2000, "gzip")):
            with self.subTest(accept[:60]):
                answer = self.coded("/style.css", accept)
                self.assertEqual((answer.status, answer["Content-Encoding"]), (200, expected))
                self.assertTrue(answer.varies_by("Accept-Encoding"))

    def test_each_coding_has_its_own_strong_tag_and_304(self):
        tags = {}
        for target in ("/app.js", "/large.txt"):
            for accept in ("identity", *CODINGS):
                with self.subTest(target, accept=accept):
                    answer = self.coded(target, accept)
                    tags[target, accept] = answer["ETag"]
                    self.assertRegex(answer["ETag"], r'^"[^"]+"$')
                    for tag in (answer["ETag"], "W/" + answer["ETag"], f'"x", {answer["ETag"]}', "*"):
                        same = self.get(target, {"Accept-Encoding": accept, "If-None-Match": tag})
                        self.assertEqual((same.status, same["ETag"], same.body), (304, answer["ETag"], b""))
                        self.assertTrue(same.varies_by("Accept-Encoding"))
                    self.assertEqual(self.get(target, {"Accept-Encoding": accept, "If-Match": answer["ETag"]}).status, 200)
        self.assertEqual(len(set(tags.values())), len(tags))
        for accept in CODINGS:
            answer = self.get("/app.js", {"Accept-Encoding": accept, "If-None-Match": tags["/app.js", "identity"]})
            self.assertEqual(answer.status, 200, "the tag of another form is not this one's (RFC 9110 section 8.8.3.3)")

    def test_without_accept_encoding_it_varies_all_the_same(self):
        for fields in ({}, {"Range": "bytes=0-9"}, {"If-None-Match": "*"}):
            with self.subTest(fields):
                answer = self.get("/app.js", fields)
                self.assertEqual(answer["Content-Encoding"], None)
                self.assertTrue(answer.varies_by("Accept-Encoding"))

    def test_never_coded(self):
        for what, target, fields, status in (
                ("range", "/app.js", {"Range": "bytes=0-99"}, 206), ("ranges", "/app.js", {"Range": "bytes=0-99,500-599"}, 206),
                ("range of a streamed one", "/large.txt", {"Range": "bytes=-100"}, 206), ("below min_size", "/small.css", {}, 200),
                ("png", "/picture.png", {}, 200), ("no-transform of the site", "/frozen.js", {}, 200),
                ("no-transform of the client", "/app.js", {"Cache-Control": "no-transform"}, 200),
                ("error", "/missing.html", {}, 404)):
            with self.subTest(what):
                answer = self.get(target, {"Accept-Encoding": "br, zstd, gzip", **fields})
                self.assertEqual((answer.status, answer["Content-Encoding"]), (status, None))
        for target in ("/small.css", "/picture.png", "/frozen.js"):
            self.assertFalse(self.coded(target, "br").varies_by("Accept-Encoding"), f"{target} never depends on it")

    def test_if_range_with_the_tag_of_a_coding_sends_all(self):
        tag = self.coded("/app.js", "br")["ETag"]
        answer = self.get("/app.js", {"Accept-Encoding": "br", "Range": "bytes=10-", "If-Range": tag})
        self.assertEqual(answer.status, 200)
        # The tag is not that of the file, whose ranges alone are sent: Range is ignored, and the coding chosen as ever.
        self.assertEqual((answer["Content-Encoding"], answer["ETag"]), ("br", tag))
        self.assertEqual(answer.body, self.coded("/app.js", "br").body)

    def test_406_when_everything_is_refused(self):
        for accept in ("identity;q=0", "*;q=0", "identity;q=0, deflate", "br;q=0, zstd;q=0, gzip;q=0, identity;q=0"):
            with self.subTest(accept):
                self.assertEqual(self.coded("/app.js", accept).status, 406)

    def test_head_has_the_fields_of_get(self):
        for target in ("/", "/page.html", "/large.txt", "/small.css", "/missing.html"):
            for accept in ("identity", *CODINGS, "identity;q=0"):
                for version in (11, 10):
                    with self.subTest(target, accept=accept, version=version):
                        got = self.coded(target, accept, version=version)
                        head = self.coded(target, accept, version=version, method="HEAD")
                        self.assertEqual((head.status, head.body, head.lasting()), (got.status, b"", got.lasting()))

    def test_changed_file_is_coded_anew(self):
        for turn in range(3):
            content = b"turn %d " % turn * 500
            (self.root / "changing.css").write_bytes(content)
            self.assertEqual(gzip.decompress(self.coded("/changing.css", "gzip").body), content)


class Streaming(Delivery):
    files = {"endless.txt": text_of(24_000_000)}
    settings = {"compression": {"brotli_level": 7}}

    def leave_early(self):
        """Asks, reads the first bytes of the content and goes."""
        with self.server.connect(receive_buffer=4096) as line:
            line.send(support.request("GET", "/endless.txt", ["Accept-Encoding: br"]))
            while b"\r\n\r\n" not in line.rest or len(line.rest.split(b"\r\n\r\n", 1)[1]) < 10:
                line._more()
            return line.rest.split(b"\r\n\r\n", 1)[0]

    def quiet_cpu(self):
        """The processor time, once it no longer grows."""
        before, self.last_look = None, time.monotonic() - 1
        def is_quiet():
            nonlocal before
            if time.monotonic() - self.last_look < 0.3:
                return False
            before, last, self.last_look = self.cpu(), before, time.monotonic()
            return last is not None and before - last < 0.02
        self.assertTrue(wait_for(is_quiet, 20), "the server goes on working for nobody")
        return self.cpu()

    def test_client_that_leaves_stops_the_work(self):
        begin = self.cpu()
        self.assertEqual(self.coded("/endless.txt", "br")["Transfer-Encoding"], "chunked")
        whole = self.cpu() - begin
        begin = self.quiet_cpu()
        self.leave_early()
        self.assertLess(self.quiet_cpu() - begin, whole / 2)

    def test_places_come_back(self):
        for turn in range(40):
            head = wait_for(lambda: (head := self.leave_early()) and b"Content-Encoding: br" in head and head, 5)
            self.assertTrue(head, f"after {turn} clients have left, nothing is coded any more")


class Siblings(Delivery):
    """Files `x.js.br` beside `x.js`. What they hold says who they are."""

    names = ("app.js", "old.js", "linked.js", "tiny.js", "fresh.js")
    files = {name: b"original " * 300 for name in names} | {"tiny.js": b"tiny", "picture.png": b"png" * 900,
                                                            "elsewhere.gz": b"no gzip"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for coding in CODINGS:
            cls.write_sibling("app.js", coding)
        cls.write_sibling("tiny.js", "gzip")
        cls.write_sibling("picture.png", "gzip")
        cls.write_sibling("old.js", "gzip", support.OLD - 1)
        (cls.root / "linked.js.gz").symlink_to("elsewhere.gz")

    @classmethod
    def write_sibling(cls, name, coding, when=support.OLD):
        path = cls.root / (name + SUFFIXES[coding])
        path.write_bytes(gzip.compress(b"sibling of " + name.encode()) if coding == "gzip" else b"sibling " + coding.encode())
        os.utime(path, (when, when))
        return path.read_bytes()

    def setUp(self):
        self.wait_until_settled("linked.js.gz")
        self.assertTrue(wait_for(lambda: self.coded("/app.js", "br").body == b"sibling br"))

    def test_sibling_is_sent_with_its_own_tag_and_length(self):
        tags = {self.get("/app.js")["ETag"]}
        for coding in CODINGS:
            with self.subTest(coding):
                expected = (self.root / ("app.js" + SUFFIXES[coding])).read_bytes()
                answer = self.coded("/app.js", coding)
                self.assertEqual((answer.status, answer["Content-Encoding"], answer.body), (200, coding, expected))
                self.assertEqual(answer["Content-Length"], str(len(expected)))
                self.assertEqual(answer["Content-Type"], self.get("/app.js")["Content-Type"])
                self.assertTrue(answer.varies_by("Accept-Encoding"))
                same = self.get("/app.js", {"Accept-Encoding": coding, "If-None-Match": answer["ETag"]})
                self.assertEqual((same.status, same["ETag"]), (304, answer["ETag"]))
                tags.add(answer["ETag"])
        self.assertEqual(len(tags), 4)

    def test_sibling_of_a_small_file_is_used(self):
        answer = self.coded("/tiny.js", "gzip")
        self.assertEqual(gzip.decompress(answer.body), b"sibling of tiny.js")
        self.assertTrue(self.get("/tiny.js").varies_by("Accept-Encoding"))

    def test_ignored_siblings(self):
        for name, why in (("old.js", "older than the file"), ("linked.js", "a link")):
            with self.subTest(why):
                answer = self.coded("/" + name, "gzip")
                self.assertEqual((answer["Content-Encoding"], gzip.decompress(answer.body)), ("gzip", self.files[name]))
        self.assertEqual(self.coded("/picture.png", "gzip").body, self.files["picture.png"], "not a type that is coded")

    def test_sibling_that_was_just_written_waits(self):
        self.write_sibling("fresh.js", "gzip")
        begin = time.time()
        first = self.coded("/fresh.js", "gzip")
        if time.time() - begin < 1.5:
            self.assertEqual(gzip.decompress(first.body), self.files["fresh.js"])
        is_used = lambda: gzip.decompress(self.coded("/fresh.js", "gzip").body) == b"sibling of fresh.js"  # noqa: E731
        self.assertTrue(wait_for(is_used))

    def test_sibling_of_another_version_is_not_mixed_in(self):
        """The original changes, its sibling not yet: what is sent is the new content, whoever asks how."""
        self.write_sibling("moving.js", "gzip")
        for turn in range(3):
            new = b"new %d " % turn * 300
            (self.root / "next").write_bytes(new)
            os.replace(self.root / "next", self.root / "moving.js")
            is_new = lambda: gzip.decompress(self.coded("/moving.js", "gzip").body) == new  # noqa: E731
            self.assertTrue(wait_for(is_new, 3) and self.get("/moving.js").body == new)


class Caching(Delivery):
    files = {name: b"x" * 2000 for name in ("index.html", "app.js", "style.css", "picture.png", "private/note.txt", "plain.txt",
                                            "b.svg")}
    settings = {"cache_control": {"*.{js,css}": "public, max-age=31536000, immutable", "/private/**": "no-store",
                                  "image/svg+xml": "max-age=7",
                                  "image/*": "max-age=3600"}}
    expected = {"/app.js": "public, max-age=31536000, immutable", "/style.css": "public, max-age=31536000, immutable",
                "/picture.png": "max-age=3600", "/b.svg": "max-age=7", "/private/note.txt": "no-store",
                "/plain.txt": "no-cache", "/": "no-cache"}

    def test_first_rule_that_matches(self):
        for target, value in self.expected.items():
            for fields, status in (({}, 200), ({"Range": "bytes=0-1"}, 206), ({"If-None-Match": "*"}, 304),
                                   ({"Accept-Encoding": "gzip"}, 200)):
                with self.subTest(target, fields=fields):
                    answer = self.get(target, fields)
                    self.assertEqual((answer.status, answer.all("Cache-Control")), (status, [value]))
        self.assertNotIn("max-age", self.get("/missing.js")["Cache-Control"] or "")

    def test_expires_for_http_1_0_only(self):
        for target, age in (("/app.js", 31536000), ("/picture.png", 3600), ("/plain.txt", None), ("/private/note.txt", None)):
            for fields in ({}, {"If-None-Match": "*"}, {"Accept-Encoding": "gzip"}):
                with self.subTest(target, fields=fields):
                    old = self.get(target, fields, version=10)
                    self.assertEqual(self.get(target, fields)["Expires"], None)
                    if age is None:
                        self.assertEqual(old["Expires"], None)
                    else:
                        seconds = [time.mktime(time.strptime(old[name], "%a, %d %b %Y %H:%M:%S GMT")) for name in ("Expires",
                                                                                                                   "Date")]
                        self.assertAlmostEqual(seconds[0] - seconds[1], age, delta=2)


class Freshness(Delivery):
    files = {"index.html": b"old " * 900, "app.js": b"old " * 900}

    def test_replaced_file_is_new_within_a_second(self):
        for name, target in (("app.js", "/app.js"), ("index.html", "/")):
            self.wait_until_settled(name)
            for turn in range(3):
                for accept in ("identity", "gzip"):
                    self.coded(target, accept)  # now it is in every cache
                new = b"new%d" % turn * 900
                (self.root / "next").write_bytes(new)
                os.replace(self.root / "next", self.root / name)
                begin = time.monotonic()
                with self.subTest(target, turn=turn):
                    self.assertTrue(wait_for(lambda: self.get(target).body == new, 5))
                    self.assertTrue(wait_for(lambda: gzip.decompress(self.coded(target, "gzip").body) == new, 5))
                    self.assertLess(time.monotonic() - begin, 1.5)

    def test_same_size_and_date_in_an_inode_that_is_used_again(self):
        """As `cp -p`, `rsync -t` and builds with a fixed date leave files: the tag has to tell contents apart all the same."""
        seen, tags = {}, {}
        for turn in range(6):
            new = b"same%d" % turn * 900
            support.write_tree(self.root, {"next": new})
            os.replace(self.root / "next", self.root / "dated.js")
            self.assertTrue(wait_for(lambda: self.get("/dated.js").body == new, 5))
            seen[turn] = gzip.decompress(self.coded("/dated.js", "gzip").body)[:5].decode()
            tags.setdefault(self.get("/dated.js")["ETag"], []).append(turn)
        self.assertEqual(seen, {turn: f"same{turn}" for turn in seen}, "old content in a coding")
        self.assertEqual(len(tags), len(seen), "one strong tag for two contents (RFC 9110 section 8.8.1)")

    def test_rewritten_in_place_with_its_date_put_back(self):
        """As `rsync --inplace -t` does it: size, inode and date stay."""
        for turn in range(4):
            new = b"here%d" % turn * 900
            support.write_tree(self.root, {"inplace.js": new})
            self.assertTrue(wait_for(lambda: self.get("/inplace.js").body == new, 5))
            is_new = lambda: gzip.decompress(self.coded("/inplace.js", "gzip").body) == new  # noqa: E731
            self.assertTrue(wait_for(is_new, 3), "old content in a coding")


class Listing(Delivery):
    settings = {"listing": True}
    files = {"music/b.txt": b"bb", "music/a.txt": b"a" * 3000, "music/.hidden.txt": b"h", "music/odd.exe": b"MZ",
             "music/sub/deep.txt": b"d",
             "music/a&<b>\"'.txt": b"q", "music/größe #1?.txt": b"u", "music/javascript:x.txt": b"j", "music/.git/config": b"g",
             "with/index.html": b"i"}
    shown = {"a.txt", "b.txt", "sub", "a&<b>\"'.txt", "größe #1?.txt", "javascript:x.txt", "inside.txt"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        support.write_tree(cls.server.directory / "outside", {"secret.txt": b"secret", "folder/x.txt": b"x"})
        for name, target in {"inside.txt": "b.txt", "out.txt": "../../outside/secret.txt", "out_folder": "../../outside/folder",
                             "absolute.txt": str(cls.server.directory / "outside/secret.txt"), "dangling.txt": "nowhere.txt",
                             "to_hidden.txt": ".hidden.txt", "to_refused.txt": "odd.exe"}.items():
            (cls.root / "music" / name).symlink_to(target)
        os.mkfifo(cls.root / "music/pipe.txt")
        many = cls.root / "many"
        many.mkdir()
        for number in range(10_000):
            (many / f"{number:05}.txt").touch()

    def entries(self, query="", fields=None):
        return json.loads(self.get("/music/?format=json" + query, fields).body)["entries"]

    def test_json_has_what_may_be_seen_and_no_more(self):
        listed = json.loads(self.get("/music/", {"Accept": "application/json"}).body)
        self.assertEqual((listed["path"], listed["truncated"]), ("/music/", False))
        self.assertEqual({one["name"] for one in listed["entries"]}, self.shown)
        by_name = {one["name"]: one for one in listed["entries"]}
        self.assertEqual((by_name["a.txt"]["size"], by_name["a.txt"]["modified"]), (3000, "2024-01-02T03:04:05Z"))
        self.assertEqual((by_name["sub"]["type"], by_name["inside.txt"]["size"]), ("directory", 2))

    def test_every_link_of_the_page_leads_to_its_file(self):
        page = self.get("/music/", {"Accept": "text/html"})
        self.assertEqual(page["Content-Type"], "text/html; charset=utf-8")
        self.assertTrue(page.varies_by("Accept"))
        links = re.findall(r'<th scope="row"><a href="([^"]*)">', page.body.decode())
        self.assertEqual(len(links), len(self.shown))
        for link in links:
            with self.subTest(link):
                self.assertTrue(link.startswith("./"))
                self.assertEqual(self.get("/music/" + link[2:].replace("&amp;", "&").replace("&#39;", "'")).status, 200)

    def test_names_are_no_markup_and_no_script_runs(self):
        page = self.get("/music/")
        self.assertNotIn(b"<b>", page.body)
        self.assertNotIn(b"<script", page.body)
        self.assertTrue(any("default-src 'none'" in value for value in page.all("Content-Security-Policy")))

    def test_order(self):
        files = lambda query: [one["name"] for one in self.entries(query) if one["type"] == "file"]  # noqa: E731
        self.assertEqual(files("&sort=name&order=desc"), files("&sort=name")[::-1])
        self.assertEqual(files("&sort=size&order=desc")[0], "a.txt")
        self.assertEqual(self.entries("&sort=size&order=desc")[0]["name"], "sub", "folders come first")
        self.assertEqual(files("&sort=%3Cscript%3E&order=x"), files(""))

    def test_folder_with_index_head_and_redirect(self):
        self.assertEqual(self.get("/with/").body, b"i")
        self.assertEqual(self.get("/music?a=b")["Location"], "/music/?a=b")
        for folder in ("/music/.git/", "/nowhere/", "/music/out_folder/"):
            self.assertIn(self.get(folder).status, (403, 404), folder)
        for fields in ({}, {"Accept": "application/json"}):
            got, head = self.get("/music/", fields), self.get("/music/", fields, method="HEAD")
            self.assertEqual((head.status, head.body, head.lasting()), (200, b"", got.lasting()))

    def test_10_000_entries(self):
        times, memory = [], []
        for _ in range(12):
            begin = time.monotonic()
            with self.server.connect() as line:
                line.send(support.request("GET", "/many/", ["Connection: close"]))
                line._more()
                times.append(time.monotonic() - begin)
                while piece := line.socket.recv(1 << 20):
                    line.rest += piece
            self.assertTrue(line.rest.endswith(b"\r\n0\r\n\r\n"), "the last chunk (RFC 9112 section 7.1)")
            memory.append(self.server.memory())
        self.assertEqual(self.get("/many/").body.count(b'<th scope="row">'), 10_000)
        # The best of all, since others use the machine.
        self.assertLess(min(times), 0.5 if self.server.is_sanitized() else 0.05)
        if not self.server.is_sanitized():
            self.assertLess(memory[-1] - memory[5], 2 << 20, f"grows with each listing: {memory}")
            self.assertLess(memory[-1], 64 << 20)


class Fallback(Delivery):
    settings = {"try": ["$path.html", "/index.html"]}
    files = {"index.html": b"<p>app</p>", "about.html": b"about", "docs/intro.html": b"intro", "app.js": b"js",
             "docs/readme.txt": b"t", ".env": b"secret",
             ".hidden.html": b"secret"}

    def test_what_gets_the_page(self):
        for target, expected in (("/", b"<p>app</p>"), ("/about", b"about"), ("/docs/intro", b"intro"),
                                 ("/deep/link/42?x=1", b"<p>app</p>"),
                                 ("/deep/link/", b"<p>app</p>"), ("/users/john.doe", b"<p>app</p>"),
                                 ("/missing.html", b"<p>app</p>"), ("/app.js", b"js")):
            with self.subTest(target):
                answer = self.get(target)
                self.assertEqual((answer.status, answer.body), (200, expected))

    def test_what_never_gets_it(self):
        for target in ("/missing.png", "/missing.js", "/missing.css", "/missing.json", "/robots.txt", "/favicon.ico",
                       "/.well-known/",
                       "/.well-known/security.txt", "/.well-known/change-password", "/.env", "/.git/config", "/.hidden",
                       "/deep/.env", "/app.js.map"):
            with self.subTest(target):
                answer = self.get(target)
                self.assertEqual(answer.status, 404)
                self.assertNotIn(b"secret", answer.body)

    def test_other_methods_do_not_get_it(self):
        self.assertEqual(self.get("/deep/link", method="POST").status, 405)
        self.assertEqual(self.get("/../deep").status, 403)
        self.assertEqual(self.get("/deep/link", method="HEAD").status, 200)

    def test_page_has_validators_and_codings_of_its_own(self):
        page = self.get("/deep/link")
        self.assertEqual(page["ETag"], self.get("/")["ETag"])
        self.assertEqual(self.get("/deep/link", {"If-None-Match": page["ETag"]}).status, 304)


class FallbackOfFewTypes(Delivery):
    settings = {"try": ["/index.html"], "types": ["html", "js"]}
    files = {"index.html": b"<p>app</p>", "picture.png": b"png"}

    def test_types_that_are_not_served_do_not_become_pages(self):
        for target in ("/picture.png", "/missing.png", "/robots.txt", "/favicon.ico", "/style.css"):
            with self.subTest(target):
                self.assertIn(self.get(target).status, (404, 415))


class ErrorPages(Delivery):
    settings = {"error_pages": {"404": "/404.html", "405": "/405.html"},
                "routes": {"/docs": {"error_pages": {"404": "/docs404.html"}},
                                                                                  "/plain": {"error_pages": {"404": None}}}}
    files = {"404.html": b"<p>lost</p>", "405.html": b"<p>no</p>", "docs404.html": b"<p>lost in docs</p>", "index.html": b"i"}

    def test_page_for_people_and_json_for_programs(self):
        for accept, expected in (("text/html", b"<p>lost</p>"), (None, b"<p>lost</p>"), ("*/*", b"<p>lost</p>"),
                                 ("application/json", None),
                                 ("application/problem+json", None)):
            with self.subTest(accept):
                answer = self.get("/missing", {"Accept": accept} if accept else {})
                self.assertEqual(answer.status, 404)
                self.assertTrue(answer.varies_by("Accept"))
                if expected:
                    self.assertEqual((answer.body, answer["Content-Type"]), (expected, "text/html; charset=utf-8"))
                else:
                    self.assertEqual((json.loads(answer.body)["status"], answer["Content-Type"]), (404, "application/problem+json"))

    def test_page_of_the_nearest_level(self):
        for target, expected in (("/docs/x", b"<p>lost in docs</p>"), ("/x", b"<p>lost</p>")):
            self.assertEqual(self.get(target).body, expected)
        self.assertIn(b"404 Not Found", self.get("/plain/x").body, "null: the built-in one")
        answer = self.get("/docs/x", method="PUT")
        self.assertEqual((answer.status, answer.body), (405, b"<p>no</p>"))
        self.assertTrue(answer["Allow"])

    def test_head(self):
        head = self.get("/missing", method="HEAD")
        self.assertEqual((head.status, head["Content-Length"], head.body), (404, str(len(b"<p>lost</p>")), b""))

    def test_conditions_and_ranges_do_not_apply(self):
        for fields in ({"Range": "bytes=0-1"}, {"If-None-Match": "*"}):
            self.assertEqual(self.get("/missing", fields).status, 404)

    def test_replaced_page_is_seen(self):
        (self.root / "next").write_bytes(b"<p>new</p>")
        os.replace(self.root / "next", self.root / "405.html")
        begin = time.monotonic()
        self.assertTrue(wait_for(lambda: self.get("/x", method="PUT").body == b"<p>new</p>"))
        self.assertLess(time.monotonic() - begin, 3)
        (self.root / "405.html").unlink()
        self.assertIn(b"<p>new</p>", self.get("/x", method="PUT").body, "one that is gone stays as it was read")


class Redirects(Delivery):
    settings = {"redirects": {"/old/**": "301 /new/$1", "/default": "/index.html", "/other": "303 https://other.example/x?a=1",
                              "/keep": "307 /new/keep",
                              "/perm": "308 /new/perm", "/found": "302 /index.html#part", "/gone": "410", "/gone/**": "410",
                              "/blog/*/*": "301 /posts/$2-$1",
                              "/open/**": "302 /$1", "/query/*": "/search?q=$1"},
                "rewrites": {"/app/**": "/index.html", "/api/v?/*": "/data/$2.json", "/hide/**": "/.env"}}
    files = {"index.html": b"<p>home</p>", "data/x.json": b"{}", "new/keep": b"", "old/file.txt": b"shadowed", ".env": b"secret"}

    def test_statuses_and_targets(self):
        for target, status, location in (
                ("/old/a/b", 301, "/new/a/b"), ("/old/file.txt", 301, "/new/file.txt"), ("/default", 302, "/index.html"),
                ("/keep", 307, "/new/keep"),
                ("/other", 303, "https://other.example/x?a=1"), ("/perm", 308, "/new/perm"), ("/found", 302, "/index.html#part"),
                ("/old/a?x=1&y=%20", 301, "/new/a?x=1&y=%20"), ("/other?b=2", 303, "https://other.example/x?a=1&b=2"),
                ("/found?z", 302, "/index.html?z#part"), ("/blog/2024/title", 301, "/posts/title-2024"),
                ("/old/%C3%A4%20b", 301, "/new/%C3%A4%20b"),
                ("/query/a%26b=c", 302, "/search?q=a%26b%3Dc")):
            for method in ("GET", "HEAD"):
                with self.subTest(target, method=method):
                    answer = self.get(target, method=method)
                    self.assertEqual((answer.status, answer.all("Location")), (status, [location]))

    def test_no_capture_names_another_host(self):
        self.assertEqual([self.get(target)["Location"] for target in ("/open/x", "/open/@evil.example", "/open/a//b")],
                         ["/x", "/@evil.example", None])
        for target in ("/open//evil.example", "/open/%2Fevil.example", "/open/%2F%2Fevil.example", "/open/%5Cevil.example",
                       "/open/\\evil.example",
                       "//evil.example/..", "//evil.example", "/open/.//evil.example", "/open/;//evil.example",
                       "/open/https://evil.example",
                       "/open/%0d%0aX-Evil:1", "/open/%E2%80%AEx", "/open/@evil.example", "/old/..%2f..//evil.example",
                       "/open/?//evil.example"):
            with self.subTest(target):
                answer = self.get(target)
                self.assertEqual(answer["X-Evil"], None)
                for location in answer.all("Location"):
                    self.assertRegex(location, r"^/(?![/\\])[\x21-\x7e]*$")

    def test_gone(self):
        for target in ("/gone", "/gone/x/y"):
            self.assertEqual((self.get(target).status, self.get(target)["Location"]), (410, None))
        self.assertEqual(self.get("/gone/../x").status, 403)

    def test_rewrites_answer_in_place(self):
        for target, expected in (("/app/deep/link", b"<p>home</p>"), ("/api/v1/x", b"{}")):
            answer = self.get(target)
            self.assertEqual((answer.status, answer.body, answer["Location"]), (200, expected, None))
        self.assertEqual(self.get("/hide/x").status, 404)
        for target in ("/api/v1/%2e%2e", "/api/v1/..%2f..%2f.env", "/api/v1/.env"):
            self.assertIn(self.get(target).status, (400, 403, 404), target)


class Sites(Delivery):
    settings = {"sites": {"www.example.org, example.org": {"root": "exact", "redirects": {"/x": "https://example.net/"}},
                          "*.example.org": {"root": "wild", "headers": {"X-Site": "wild"}}}, "hosts": ["default.example"]}
    files = {"index.html": b"default", "only.txt": b"here"}

    @classmethod
    def setUpClass(cls):
        cls.base = tempfile.TemporaryDirectory(prefix="fairlead-sites-")
        cls.addClassCleanup(cls.base.cleanup)
        for name in ("exact", "wild", "www", "uploads"):
            support.write_tree(cls.base.name, {f"{name}/index.html": b"default" if name == "www" else name.encode()})
        cls.server = Server(cls.settings, directory=cls.base.name, files=cls.files)
        cls.addClassCleanup(cls.server.close)
        cls.root = cls.server.root

    def test_host_decides(self):
        for host, status, body in (("example.org", 200, b"exact"), ("WWW.Example.ORG:8080", 200, b"exact"),
                                   ("www.example.org.", 200, b"exact"),
                                   ("a.example.org", 200, b"wild"), ("a.b.example.org", 200, b"wild"),
                                   ("default.example", 200, b"default"),
                                   ("localhost", 200, b"default"), ("127.0.0.1", 200, b"default"), ("evil.example", 403, None),
                                   ("example.org.evil.example", 403, None), ("evilexample.org", 403, None),
                                   (".example.org", None, None), ("", None, None)):
            with self.subTest(host):
                answer = self.get(host=host)
                self.assertIn(answer.status, (status,) if status else (400, 403))
                if body:
                    self.assertEqual(answer.body, body)

    def test_sites_share_nothing(self):
        self.assertEqual(self.get("/only.txt", host="example.org").status, 404)
        self.assertEqual(self.get("/x", host="example.org")["Location"], "https://example.net/")
        self.assertEqual(self.get("/x", host="a.example.org").status, 404)
        self.assertEqual([self.get(host=host)["X-Site"] for host in ("a.example.org", "example.org", "localhost")],
                         ["wild", None, None])
        self.assertEqual(self.get("/upload", host="example.org", method="POST", fields={"Content-Type": "application/json"},
                                  body=b"1").status, 405)
        self.assertEqual(len({self.get(host=host)["ETag"] for host in ("example.org", "a.example.org", "localhost")}), 3)

    def test_absolute_form_wins_over_host(self):
        self.assertEqual(self.get("http://example.org/", host="a.example.org").body, b"exact")
        self.assertEqual(self.get("http://evil.example/", host="example.org").status, 403)

    def test_http_1_0_without_host_is_the_default_site(self):
        with self.server.connect() as line:
            line.send(b"GET / HTTP/1.0\r\n\r\n")
            self.assertEqual(line.answer().body, b"default")


class Routes(Delivery):
    settings = {"headers": {"X-Part": "site"}, "limits": {"queue": 0}, "routes": {
        "/docs": {"root": "docs", "headers": {"X-Part": "docs"}, "listing": True, "index": ["start.html"]},
        "/docs/deep": {"headers": {"X-Part": "deep"}}, "/busy": {"limits": {"in_flight": 1, "queue": 0}, "listing": True}}}
    files = {"index.html": b"home", "docs/deep/x.txt": b"of the site", "docsx.txt": b"beside", "docs.html": b"page",
             "busy/x.txt": b"x"}

    @classmethod
    def setUpClass(cls):
        cls.base = tempfile.TemporaryDirectory(prefix="fairlead-routes-")
        cls.addClassCleanup(cls.base.cleanup)
        support.write_tree(cls.base.name, {"docs/start.html": b"start", "docs/a.txt": b"a", "docs/deep/x.txt": b"of docs",
                                           "docs/sub/b.txt": b"b"})
        cls.server = Server(cls.settings, directory=cls.base.name, files=cls.files)
        cls.addClassCleanup(cls.server.close)
        cls.root = cls.server.root

    def test_longest_prefix_decides(self):
        for target, status, body, part in (("/docs/", 200, b"start", "docs"), ("/docs/a.txt", 200, b"a", "docs"),
                                           ("/docs/deep/x.txt", 200, b"of the site", "deep"),
                                           ("/docsx.txt", 200, b"beside", "site"), ("/docs.html", 200, b"page", "site"),
                                           ("/", 200, b"home", "site"),
                                           ("/docs/missing.txt", 404, None, "docs"), ("/missing.txt", 404, None, "site")):
            with self.subTest(target):
                answer = self.get(target)
                self.assertEqual((answer.status, answer.all("X-Part")), (status, [part]))
                if body:
                    self.assertEqual(answer.body, body)

    def test_route_without_slash_leads_to_the_one_with_it(self):
        answer = self.get("/docs?a=1")
        self.assertEqual((answer.status, answer["Location"], answer["X-Part"]), (301, "/docs/?a=1", "docs"))
        self.assertEqual(self.get("/docs/sub")["Location"], "/docs/sub/")
        self.assertIn(b"b.txt", self.get("/docs/sub/").body)
        self.assertIn(self.get("/docs/../index.html").status, (400, 403))

    def test_own_limit_refuses_only_its_own(self):
        """While folders that are read fill the route's only place, its next request is refused and the site goes on."""
        support.write_tree(self.root, {f"busy/{folder}/{name}.txt": b"" for folder in range(8) for name in range(1500)})
        seen, elsewhere = set(), set()

        def is_refused():
            with contextlib.ExitStack() as lines:
                asking = [lines.enter_context(self.server.connect()) for _ in range(9)]
                for folder, line in enumerate(asking[:8]):
                    line.send(support.request("GET", f"/busy/{folder}/?format=json"))
                asking[8].send(support.request("GET", "/fresh/"))
                elsewhere.add(asking[8].answer().status)
                seen.update(line.answer().status for line in asking[:8])
            return 503 in seen

        self.assertTrue(wait_for(is_refused, 15), f"never refused: {seen}")
        self.assertLessEqual(seen, {200, 503})
        self.assertEqual(elsewhere, {404})
        self.assertEqual(wait_for(lambda: self.get("/busy/x.txt").status == 200), True)


class CrossOrigin(Delivery):
    settings = {"cors": {"origins": ["https://app.example.org", "https://*.example.net"], "expose": ["ETag"],
                         "headers": ["X-Token"], "max_age": "5m"},
                "redirects": {"/old": "/index.html"}, "routes": {"/all": {"cors": {"origins": ["*"]}}}, "listing": True}
    files = {"index.html": b"home" * 500, "all/x.txt": b"x", "folder/x.txt": b"x"}
    good = "https://app.example.org"

    def test_allowed_on_every_kind_of_answer(self):
        for origin in (self.good, "https://a.example.net", "https://a.b.example.net"):
            for target, fields, status in (("/", {}, 200), ("/missing.txt", {}, 404), ("/", {"If-None-Match": "*"}, 304),
                                           ("/", {"Range": "bytes=0-1"}, 206),
                                           ("/old", {}, 302), ("/odd.exe", {}, 415), ("/folder", {}, 301),
                                           ("/folder/", {}, 200), ("/", {"Range": "bytes=9999-"}, 416)):
                with self.subTest(target, origin=origin, status=status):
                    answer = self.get(target, {"Origin": origin, **fields})
                    self.assertEqual((answer.status, answer.all("Access-Control-Allow-Origin")), (status, [origin]))
                    self.assertEqual(answer["Access-Control-Expose-Headers"], "ETag")
                    self.assertTrue(answer.varies_by("Origin"))
                    self.assertEqual(answer["Access-Control-Allow-Credentials"], None)

    def test_refused_get_the_answer_without_permission(self):
        for origin in (None, "https://evil.example", "http://app.example.org", "https://app.example.org.evil.example",
                       "https://example.net", "null",
                       "https://evilexample.net", "https://app.example.org:444", "HTTPS://APP.EXAMPLE.ORG",
                       "https://x.example.net.evil.example"):
            for target in ("/", "/missing.txt"):
                with self.subTest(target, origin=origin):
                    answer = self.get(target, {"Origin": origin} if origin else {})
                    self.assertEqual(answer["Access-Control-Allow-Origin"], None)
                    self.assertTrue(answer.varies_by("Origin"))

    def test_preflight(self):
        ask = {"Origin": self.good, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-token"}
        for target in ("/", "/missing.txt", "/folder/"):
            answer = self.get(target, ask, method="OPTIONS")
            self.assertEqual((answer.status, answer["Access-Control-Allow-Origin"], answer["Access-Control-Max-Age"]),
                             (204, self.good, "300"))
            self.assertIn("GET", answer["Access-Control-Allow-Methods"])
            self.assertIn("X-Token", answer["Access-Control-Allow-Headers"])
            self.assertTrue(answer.varies_by("Origin"))
        for change in ({"Origin": "https://evil.example"}, {"Access-Control-Request-Method": "DELETE"}):
            answer = self.get("/", ask | change, method="OPTIONS")
            self.assertEqual((answer["Access-Control-Allow-Origin"], answer["Access-Control-Allow-Methods"]), (None, None))

    def test_preflight_of_a_path_that_has_moved(self):
        """A redirect is no answer to a preflight: browsers take 200 to 299 only (Fetch, section "CORS-preflight fetch")."""
        ask = {"Origin": self.good, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "x-token"}
        self.assertEqual(self.get("/old", ask, method="OPTIONS").status, 204)

    def test_everybody(self):
        answer = self.get("/all/x.txt")
        self.assertEqual((answer["Access-Control-Allow-Origin"], answer["Cross-Origin-Resource-Policy"]), ("*", "cross-origin"))

    def test_vary_has_both_reasons(self):
        for fields in ({}, {"Accept-Encoding": "gzip"}, {"Accept-Encoding": "gzip", "If-None-Match": "*"}):
            answer = self.get("/", fields)
            self.assertTrue(answer.varies_by("Origin") and answer.varies_by("Accept-Encoding"))


class SecurityFields(Delivery):
    settings = {"redirects": {"/old": "/index.html", "/gone": "410"}, "listing": True, "error_pages": {"404": "/404.html"},
                "cors": {"origins": ["https://a.example"]}}
    files = {"index.html": b"home" * 500, "404.html": b"lost", "folder/x.txt": b"x", "large.txt": text_of(5_000_000)}
    preflight = {"Origin": "https://a.example", "Access-Control-Request-Method": "GET"}
    kinds = (("200", "/", {}, "GET"), ("coded", "/", {"Accept-Encoding": "gzip"}, "GET"),
             ("streamed", "/large.txt", {"Accept-Encoding": "gzip"}, "GET"),
             ("304", "/", {"If-None-Match": "*"}, "GET"), ("206", "/", {"Range": "bytes=0-1"}, "GET"),
             ("206 of parts", "/", {"Range": "bytes=0-1,9-9"}, "GET"),
             ("416", "/", {"Range": "bytes=99999-"}, "GET"), ("412", "/", {"If-Match": '"x"'}, "GET"),
             ("404", "/missing.txt", {}, "GET"),
             ("404 json", "/x", {"Accept": "application/json"}, "GET"), ("415", "/x.exe", {}, "GET"),
             ("301 of a folder", "/folder", {}, "GET"),
             ("listing", "/folder/", {}, "GET"), ("redirect", "/old", {}, "GET"), ("410", "/gone", {}, "GET"),
             ("405", "/", {}, "DELETE"),
             ("501", "/", {}, "BREW"), ("options", "/", {}, "OPTIONS"), ("options *", "*", {}, "OPTIONS"),
             ("preflight", "/", preflight, "OPTIONS"),
             ("head", "/", {}, "HEAD"), ("403", "/../x", {}, "GET"), ("400", "/%zz", {}, "GET"),
             ("413 or 411", "/upload", {}, "POST"), ("health", "/livez", {}, "GET"),
             ("406", "/", {"Accept-Encoding": "identity;q=0"}, "GET"), ("two lengths", "/", {"Content-Length": "1, 2"}, "GET"),
             ("431", "/", {"X": "y" * 9000}, "GET"))

    def expect(self, answer, wanted, is_listing=False):
        for name, value in wanted.items():
            found = answer.all(name)
            if name == "Content-Security-Policy" and is_listing:
                found = found[:] and [one for one in found if "frame-ancestors" in one]
            self.assertEqual(len(found), 1, f"{name}: {found}")
            if value:
                self.assertEqual(found, [value])

    def test_every_kind_of_answer_has_each_once(self):
        for what, target, fields, method in self.kinds:
            with self.subTest(what):
                self.expect(self.get(target, fields, method=method), SECURITY, what == "listing")
        for what, answer in (("unknown host", self.get(host="evil.example")), ("upload", self.server.upload(b"{}")),
                             ("admin", self.server.ask(target="/metrics", admin=True))):
            with self.subTest(what):
                counted = [name.lower() for name, _ in answer.fields]
                self.assertEqual([name for name in SECURITY if counted.count(name.lower()) != 1], [])

    def test_answers_do_not_name_the_software_s_version(self):
        self.assertNotRegex(self.get()["Server"] or "", r"\d")

    def test_removed_one_by_one_and_together(self):
        for settings, gone in [({"headers": {name: None}}, {name}) for name in SECURITY] + [({"security_headers": False},
                                                                                             set(SECURITY))]:
            with self.subTest(gone):
                server = Server(settings, files=self.files)
                self.addCleanup(server.close)
                for target in ("/", "/missing.txt", "/x.exe", "/folder"):
                    names = [name.lower() for name, _ in server.ask(target=target).fields]
                    self.assertEqual({name for name in SECURITY if name.lower() in names}, set(SECURITY) - gone, target)
                server.close()

    def test_replaced_and_added(self):
        server = Server({"headers": {"referrer-policy": "no-referrer", "X-Own": "1"}}, files=self.files)
        self.addCleanup(server.close)
        for target in ("/", "/missing.txt"):
            fields = server.ask(target=target).fields
            self.assertEqual([value for name, value in fields if name.lower() == "referrer-policy"], ["no-referrer"])
            self.assertEqual([value for name, value in fields if name == "X-Own"], ["1"])


class Methods(Delivery):
    files = {"index.html": b"home", "a.txt": b"a", ".well-known/acme-challenge/token": b"t",
             ".well-known/apple-app-site-association": b"{}"}

    def test_options(self):
        for target in ("/", "/a.txt", "/missing.txt"):
            answer = self.get(target, method="OPTIONS")
            self.assertEqual((answer.status, set(re.split(r",\s*", answer["Allow"]))), (204, {"GET", "HEAD", "OPTIONS"}))
        self.assertEqual((self.get("*", method="OPTIONS").status, self.get("/upload", method="OPTIONS").status), (204, 204))
        self.assertIn("POST", self.get("/upload", method="OPTIONS")["Allow"])

    def test_405_has_allow(self):
        for method in ("TRACE", "PUT", "DELETE", "POST", "PATCH"):
            with self.subTest(method):
                answer = self.get("/a.txt", {"Cookie": "secret", "X-Echo": "secret"}, method=method)
                self.assertEqual((answer.status, set(re.split(r",\s*", answer["Allow"] or ""))), (405, {"GET", "HEAD", "OPTIONS"}))
                self.assertNotIn(b"secret", answer.body)
        self.assertEqual(self.get(method="BREW").status, 501)

    def test_well_known_names_without_extension_have_a_type(self):
        for name, expected in (("acme-challenge/token", "text/plain; charset=utf-8"),
                               ("apple-app-site-association", "application/json")):
            answer = self.get("/.well-known/" + name)
            self.assertEqual((answer.status, answer["Content-Type"]), (200, expected))


class Refusals(unittest.TestCase):
    """What `fairlead -t` says about settings that cannot work, and where."""

    def check(self, text):
        directory = tempfile.TemporaryDirectory(prefix="fairlead-e2e-")
        self.addCleanup(directory.cleanup)
        for name in ("www", "uploads"):
            (Path(directory.name) / name).mkdir()
        path = Path(directory.name) / "site.json"
        path.write_text('{ "listen": "127.0.0.1:0", "admin": {"listen": []}, "root": "www",\n' + text + "\n}")
        return support.run("-t", "-c", path)

    def test_good_one_is_taken(self):
        code, _, errors = self.check('"redirects": {"/a": "/b"}, "try": ["/index.html"], "routes": {"/a": {}, "/b": {}}')
        self.assertEqual((code, errors), (0, errors))

    def test_place_of_what_is_wrong(self):
        for what, text in (("bad pattern of a redirect", '"redirects": {"/x": "/y",\n"/a[b": "/c"}'),
                           ("pattern without slash", '"redirects": {"/x": "/y",\n"a": "/c"}'),
                           ("loop", '"redirects": {\n"/a": "/b", "/b": "/c", "/c": "/a"}'),
                           ("loop on itself", '"redirects": {\n"/a/**": "/a/b/$1"}'),
                           ("capture that is not there", '"redirects": {\n"/a": "/$1"}'),
                           ("capture as a host", '"redirects": {\n"/a/*": "https://$1/"}'),
                           ("another host", '"redirects": {\n"/a": "//evil"}'),
                           ("unknown status", '"redirects": {\n"/a": "299 /b"}'),
                           ("bad rewrite", '"rewrites": {\n"/a": "/../b"}'), ("bad cache pattern",
                                                                              '"cache_control": {\n"{a": "no-cache"}'),
                           ("bad cache value", '"cache_control": {\n"*": "max-age=soon"}'),
                           ("line break in a field", '"headers": {\n"X": "a\\r\\nb"}'),
                           ("field of the server's", '"headers": {\n"Content-Length": "1"}'),
                           ("hsts on plain http", '"headers": {\n"Strict-Transport-Security": "x"}'),
                           ("route twice", '"routes": {"/a": {},\n"/a/": {}}'),
                           ("route of uploads", '"routes": {\n"/upload": {}}'), ("key twice", '"routes": {"/a": {},\n"/a": {}}'),
                           ("unknown key in a route", '"routes": {"/a": {\n"lising": true}}'),
                           ("name of two sites", '"sites": {"a.example": {},\n"A.example": {}}'),
                           ("wildcard inside", '"sites": {\n"a.*.example": {}}'),
                           ("every origin with credentials", '"cors": {\n"origins": ["*"], "credentials": true}'),
                           ("coding that nobody has", '"compression": {\n"codings": ["rot13"]}'),
                           ("level too high", '"compression": {\n"gzip_level": 10}'),
                           ("status of an error page", '"error_pages": {\n"200": "/x.html"}'),
                           ("try outside", '\n"try": ["../x"]')):
            with self.subTest(what):
                code, _, errors = self.check(text)
                self.assertEqual(code, 1, errors)
                self.assertRegex(errors, r"site\.json:3:\d+: /")

    def test_root_that_is_not_there_or_cannot_be_read(self):
        for what, text in (("of a route", '"routes": {"/a": {\n"root": "nowhere"}}'),
                           ("of a site", '"sites": {"a.example": {\n"root": "nowhere"}}'),
                           ("a file", '"routes": {"/a": {\n"root": "site.json"}}')):
            with self.subTest(what):
                code, _, errors = self.check(text)
                self.assertEqual(code, 1, errors)
                self.assertRegex(errors, r"site\.json:3:\d+: /")

    def test_error_page_that_is_not_there(self):
        code, _, errors = self.check('"error_pages": {\n"404": "/missing.html"}')
        self.assertEqual(code, 1, errors)


if __name__ == "__main__":
    unittest.main()
