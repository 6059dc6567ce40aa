"""The page of files in a real browser: what a form, fetch and drag and drop upload is stored byte for byte, listed, deleted.

FAIRLEAD_SCREENSHOTS names a directory that keeps what it looked like.
"""

import filecmp
import json
import os
import tempfile
import unittest
from pathlib import Path
from urllib.parse import quote

import support
import test_browser
from support import wait_for

MIB = 1 << 20
STORE = "put-here"
ROUTE = {"listing": True, "index": [],
         "uploads": {"directory": STORE, "accept": ["raw", "form", "put", "delete"], "names": "client", "serve": True,
                     "max_body": "1g", "min_free": "0"}}
LINES = "[...document.querySelectorAll('#transfers li')]"
NAMES = "[...document.querySelectorAll('#list tbody th a')].map((one) => one.textContent)"


def write_file(path, size):
    """Content that compresses to nothing smaller and repeats nowhere, so that a swapped piece shows."""
    with open(path, "wb") as file:
        for begin in range(0, size, MIB):
            file.write(os.urandom(min(MIB, size - begin)))
    return path


class UploadPage(test_browser.InBrowser):
    pages = support.PROJECT / "resources/www"
    settings = {"routes": {"/files": ROUTE}}

    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory(prefix="fairlead-e2e-")
        self.addCleanup(directory.cleanup)
        self.mine = Path(directory.name)
        self.store = self.server.directory / STORE

    def tearDown(self):
        """The next test begins with an empty store, as the server's clients see it."""
        for path in self.store.rglob("*"):
            if path.is_file() and not path.relative_to(self.store).parts[0].startswith("."):
                path.unlink()
        for path in self.store.iterdir():
            if path.is_dir() and not path.name.startswith("."):
                path.rmdir()

    def write(self, name, size):
        return write_file(self.mine / name, size)

    def open(self):
        self.tab.load(self.url + "/files.html")
        self.assertTrue(self.tab.wait("document.querySelector('#list-note').textContent !== ''"))

    def choose(self, *paths):
        document = self.tab.call("DOM.getDocument")["root"]["nodeId"]
        node = self.tab.call("DOM.querySelector", nodeId=document, selector="#chosen")["nodeId"]
        self.tab.call("DOM.setFileInputFiles", nodeId=node, files=[str(path) for path in paths])

    def drop(self, *paths):
        """As if they were dragged in from another window."""
        place = dict(x=200, y=300, data={"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1})
        for what in ("dragEnter", "dragOver", "drop"):
            self.tab.call("Input.dispatchDragEvent", type=what, **place)

    def wait_for_state(self, name, state):
        """The text of the file's line on the page, when it is in this state."""
        return self.tab.wait(f"""{LINES}.find((one) => one.dataset.state === '{state}' &&
            one.querySelector('strong').textContent === {json.dumps(name)})?.textContent""")

    def press(self, label):
        """The button that a screen reader would call so."""
        self.tab.click(f'button[aria-label="{label}"]')

    def listed(self):
        return self.tab.value(NAMES)

    def assert_stored(self, path, name=None):
        self.assertTrue(filecmp.cmp(path, self.store / (name or path.name), shallow=False), "not the bytes that were sent")

    def expect_only(self, *statuses):
        """The console has these refusals, which it always shows, and nothing else."""
        for one in self.tab.complaints():
            self.assertTrue(any(f"status of {status} " in one for status in statuses), one)


class Sending(UploadPage):
    def test_form_stores_each_file_and_the_list_shows_them(self):
        paths = [self.write("chart.png", 70_000), self.write("größe & 100% #1.txt", 10), self.write("empty.dat", 0)]
        self.open()
        self.choose(*paths)
        self.tab.click("#upload button[type=submit]")
        for path in paths:
            self.assertIn("on the disk", self.wait_for_state(path.name, "good") or "")
            self.assert_stored(path)
        self.assertTrue(self.tab.wait(f"{NAMES}.length === 3"))
        self.assertEqual(set(self.listed()), {path.name for path in paths})
        self.assertIn("3 stored", self.tab.value("document.querySelector('[role=status]').textContent"))
        self.tab.screenshot("files_stored")
        for path in paths:
            link = self.tab.value(f"[...document.querySelectorAll('#list a')].find((one) => one.textContent === {json.dumps(path.name)}).href")
            fetched = f"fetch({json.dumps(link)}).then((one) => one.arrayBuffer()).then((one) => one.byteLength)"
            self.assertEqual(self.tab.value(fetched), path.stat().st_size)
        self.expect_quiet()

    def test_drag_and_drop(self):
        paths = [self.write("first.bin", 3 * MIB), self.write("second.txt", 1)]
        self.open()
        self.drop(*paths)
        for path in paths:
            self.assertTrue(self.wait_for_state(path.name, "good"))
            self.assert_stored(path)
        self.expect_quiet()

    def test_a_dropped_folder_is_not_taken(self):
        (self.mine / "folder").mkdir()
        self.open()
        self.drop(self.mine / "folder")
        self.assertTrue(self.tab.wait("document.querySelector('[role=status]').textContent.includes('Folders')"))
        self.assertEqual(list(self.store.glob("[!.]*")), [])
        self.expect_quiet()

    def test_fetch(self):
        self.open()
        body = "new Uint8Array(300000).map((_, index) => index % 251)"
        answer = self.tab.value(f"""fetch("/files/by%20fetch.bin", {{method: "PUT", body: {body}}})
            .then((one) => [one.status, one.headers.get("ETag"), one.headers.get("Fairlead-Durability")])""")
        self.assertEqual((answer[0], answer[2]), (201, "full"))
        self.assertRegex(answer[1], r'^"[0-9a-f]{64}"$')
        self.assertEqual((self.store / "by fetch.bin").read_bytes(), bytes(index % 251 for index in range(300_000)))
        self.expect_quiet()

    def test_progress_is_shown_and_cancel_stores_nothing(self):
        self.tab.call("Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1, uploadThroughput=MIB)
        path = self.write("slow.bin", 60 * MIB)
        self.open()
        self.choose(path)
        self.tab.click("#upload button[type=submit]")
        self.assertTrue(self.tab.wait("(one => one && one.value > 0 && one.value < one.max)(document.querySelector('#transfers progress'))"))
        self.assertRegex(self.tab.value(f"{LINES}[0].textContent"), r"of 60\.0 MiB sent")
        self.tab.screenshot("files_progress")
        self.press("Cancel: slow.bin")
        self.assertIn("not stored", self.wait_for_state("slow.bin", "bad"))
        self.assertTrue(wait_for(lambda: not list(self.store.glob(".fairlead-tmp-*"))))
        self.assertFalse((self.store / "slow.bin").exists())
        self.tab.call("Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1, uploadThroughput=-1)
        self.press("Try again: slow.bin")
        self.assertTrue(self.wait_for_state("slow.bin", "good"))
        self.assert_stored(path)
        self.expect_quiet()


class PlainForm(UploadPage):
    def setUp(self):
        super().setUp()
        self.tab.call("Emulation.setScriptExecutionDisabled", value=True)
        self.tab.load(self.url + "/files.html")

    def send(self, *paths):
        """The answer's JSON, as the browser shows it."""
        self.choose(*paths)
        self.tab.click("#upload button[type=submit]")
        text = self.tab.wait("location.pathname === '/files' && document.readyState === 'complete' && document.body.textContent")
        self.assertTrue(text, "the form's answer did not come")
        self.assertEqual(self.tab.answers("/files")[-1][0], 201)
        return json.loads(text[text.index("{"):text.rindex("}") + 1])

    def test_one_of_100_mib_without_script(self):
        path = self.write("film.webm", 100 * MIB)
        self.assertEqual(self.send(path)["filepath"], "/files/film.webm")
        self.assert_stored(path)
        self.expect_quiet()

    def test_several_are_a_folder(self):
        paths = [self.write("one.txt", 1000), self.write("two.png", MIB)]
        where = self.send(*paths)["filepath"]
        self.assertRegex(where, r"^/files/form_\d{8}_\d{6}_[0-9a-f]{16}/$")
        for path in paths:
            self.assert_stored(path, where.removeprefix("/files/") + path.name)
        self.assertTrue((self.store / where.removeprefix("/files/") / "fields.json").is_file())
        self.expect_quiet()

    def test_the_page_says_what_happens(self):
        self.assertIn("all or none", self.tab.value("document.querySelector('noscript').textContent"))
        self.assertTrue(self.tab.value("document.querySelector('#drop-hint').hidden && document.querySelector('#refresh').hidden"))


class TakenNames(UploadPage):
    def setUp(self):
        super().setUp()
        self.path = self.write("note.txt", 500)
        self.old = b"what was there"
        (self.store / "note.txt").write_bytes(self.old)
        self.open()
        self.choose(self.path)
        self.tab.click("#upload button[type=submit]")
        self.assertIn("already", self.wait_for_state("note.txt", "bad"))
        self.tab.screenshot("files_taken")
        self.assertEqual((self.store / "note.txt").read_bytes(), self.old)

    def test_replace(self):
        self.press("Replace it: note.txt")
        self.assertIn("in place of the old one", self.wait_for_state("note.txt", "good"))
        self.assert_stored(self.path)
        self.expect_only(412)

    def test_keep_both(self):
        self.press("Keep both: note.txt")
        self.assertTrue(self.wait_for_state("note (2).txt", "good"))
        self.assert_stored(self.path, "note (2).txt")
        self.assertEqual((self.store / "note.txt").read_bytes(), self.old)
        self.expect_only(412)


class TheList(UploadPage):
    def wait_for_list(self, *names):
        """The server may show what it read within the last second, so the list is asked for until it is right."""
        def is_right():
            self.tab.value("document.querySelector('#refresh').click()")
            return wait_for(lambda: sorted(self.listed()) == sorted(names), 0.5)
        self.assertTrue(wait_for(is_right), self.listed())

    def put(self, *names):
        for name in names:
            self.assertEqual(self.server.ask("PUT", "/files/" + quote(name), body=b"content").status, 201)

    def test_delete_asks_first_and_the_keyboard_does_it(self):
        self.put("one.txt", "two.txt")
        self.open()
        self.wait_for_list("one.txt", "two.txt")
        self.press("Delete one.txt")
        self.assertTrue((self.store / "one.txt").exists(), "deleted without a question")
        self.assertEqual(self.tab.value("document.activeElement.textContent"), "For good?")
        self.tab.screenshot("files_delete")
        for what in ("keyDown", "keyUp"):
            self.tab.call("Input.dispatchKeyEvent", type=what, key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r")
        self.assertTrue(wait_for(lambda: not (self.store / "one.txt").exists()))
        self.wait_for_list("two.txt")
        self.assertTrue(self.tab.wait("document.activeElement.getAttribute('aria-label') === 'Delete two.txt'"))
        self.assertIn("is deleted", self.tab.value("document.querySelector('[role=status]').textContent"))
        self.expect_quiet()

    def test_a_question_is_withdrawn(self):
        self.put("one.txt")
        self.open()
        self.wait_for_list("one.txt")
        self.press("Delete one.txt")
        self.tab.click("#stored-title")
        self.assertEqual(self.tab.value("document.querySelector('#list button').textContent"), "Delete")
        self.expect_quiet()

    def test_names_are_text(self):
        name = "<img src=x onerror=alert(1)>&amp;.txt"
        (self.store / name).write_bytes(b"1")
        (self.store / "a folder").mkdir()
        self.open()
        self.wait_for_list(name, "a folder/")
        self.assertEqual(self.tab.value("document.querySelectorAll('#list img').length"), 0)
        self.assertEqual(self.tab.value("document.querySelectorAll('#list button').length"), 1, "a folder has none")
        self.expect_quiet()

    def test_a_name_that_the_server_refuses(self):
        path = self.write(".hidden", 5)
        self.open()
        self.choose(path)
        self.tab.click("#upload button[type=submit]")
        self.assertIn("Answer 400", self.wait_for_state(".hidden", "bad"))
        self.expect_only(400)

    def test_light_dark_and_on_a_telephone(self):
        for name in ("A name that is rather long, as those of photographs and of scanned letters tend to be (2).jpeg", "b" * 120 + ".txt"):
            self.put(name)
        path = self.write("sail.png", 2 * MIB)
        for scheme, width in (("light", 1200), ("dark", 1200), ("dark", 390), ("light", 390)):
            with self.subTest(scheme=scheme, width=width):
                self.tab.call("Emulation.setDeviceMetricsOverride", width=width, height=1400, deviceScaleFactor=1, mobile=width < 400)
                self.tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
                self.open()
                self.drop(path)
                self.assertTrue(self.tab.wait(f"{LINES}.length === 1 && {LINES}[0].dataset.state !== 'wait'"))
                self.assertLessEqual(self.tab.value("document.documentElement.scrollWidth"), width)
                self.assertTrue(self.tab.wait("document.querySelectorAll('#list tbody tr').length === 3"))
                self.tab.screenshot(f"files_{scheme}_{width}")
        self.expect_only(412)


class WithoutRoute(test_browser.InBrowser):
    pages = support.PROJECT / "resources/www"

    def test_the_page_says_how_to_switch_it_on(self):
        self.tab.load(self.url + "/files.html")
        self.assertTrue(self.tab.wait("!document.querySelector('#unavailable').hidden"))
        self.assertEqual(self.tab.value("['send', 'stored'].map((one) => document.getElementById(one).hidden)"), [True, True])
        self.assertIn("config/demo.json", self.tab.value("document.querySelector('#unavailable').textContent"))
        self.tab.screenshot("files_unavailable")
        for one in self.tab.complaints():
            self.assertIn("status of 404 ", one)

    def test_what_it_says_to_write_is_a_route(self):
        self.tab.load(self.url + "/files.html")
        text = self.tab.value("document.querySelector('#unavailable code:not(p code)').textContent")
        route = json.loads("{" + text + "}")["routes"]["/files"]
        self.assertEqual({**route, "uploads": None}, {**ROUTE, "uploads": None})
        self.assertLessEqual(set(route["uploads"]), set(ROUTE["uploads"]))


if __name__ == "__main__":
    unittest.main()
