"""What a real browser makes of it: headless Chromium, spoken to by its DevTools protocol over a pipe.

FAIRLEAD_SCREENSHOTS names a directory that keeps what it looked like.
"""

import base64
import json
import os
import re
import select
import shutil
import struct
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import browser_video
import support
from support import Server, wait_for

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PAGES = Path(__file__).parent / "browser"
PATIENCE = 30  # seconds for anything that the browser is asked
STRICT = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'self'"


class Browser:
    """A browser of its own, with one pipe to it and one from it; messages are JSON with a NUL behind."""

    def __init__(self):
        self.profile = tempfile.mkdtemp(prefix="fairlead-browser-")
        theirs_in, self.out = os.pipe()
        self.into, theirs_out = os.pipe()
        above = [os.dup(one) for one in (theirs_in, theirs_out)]  # so that 3 and 4 can be taken below

        def take_places():
            high = [os.dup(os.dup(os.dup(one))) for one in above]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen(
            [CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run",
             "--mute-audio",
             "--disable-background-networking", "--disable-dev-shm-usage", f"--user-data-dir={self.profile}",
             "--window-size=1200,900"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, close_fds=False, preexec_fn=take_places)
        for one in (theirs_in, theirs_out, *above):
            os.close(one)
        self.rest, self.events, self.last_id = b"", [], 0

    def close(self):
        try:
            self.call("Browser.close")
            self.process.wait(10)
        except (OSError, EOFError, TimeoutError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        for one in (self.out, self.into):
            os.close(one)
        shutil.rmtree(self.profile, ignore_errors=True)

    def receive(self, seconds):
        """The next message, or None when there is none in time."""
        end = time.monotonic() + seconds
        while b"\0" not in self.rest:
            if not select.select([self.into], [], [], max(0, end - time.monotonic()))[0]:
                return None
            piece = os.read(self.into, 1 << 20)
            if not piece:
                raise EOFError("the browser has ended")
            self.rest += piece
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def call(self, method, session=None, **parameters):
        self.last_id += 1
        message = {"id": self.last_id, "method": method, "params": parameters, **({"sessionId": session} if session else {})}
        os.write(self.out, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + PATIENCE
        while (left := end - time.monotonic()) > 0:
            answer = self.receive(left)
            if answer and answer.get("id") == self.last_id:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            if answer:
                self.events.append(answer)
        raise TimeoutError(method)


class Tab:
    """A page, and everything that it complained about."""

    def __init__(self, browser):
        self.browser = browser
        target = browser.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Page.addScriptToEvaluateOnNewDocument", source="""
            addEventListener("securitypolicyviolation",
                             (one) => console.error("CSP: " + one.violatedDirective + " " + one.blockedURI))""")

    def call(self, method, **parameters):
        return self.browser.call(method, self.session, **parameters)

    def events(self, method):
        while event := self.browser.receive(0):
            self.browser.events.append(event)
        return [one["params"] for one in self.browser.events if one.get("sessionId") == self.session and one["method"] == method]

    def load(self, url):
        before = len(self.events("Page.loadEventFired"))
        self.call("Page.navigate", url=url)
        if not wait_for(lambda: len(self.events("Page.loadEventFired")) > before, PATIENCE):
            raise TimeoutError(url)

    def value(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, expression):
        """The first true value of an expression: a page that is being left has none."""
        def value():
            try:
                return self.value(expression)
            except RuntimeError:
                return None
        return wait_for(value, PATIENCE)

    def seek(self, selector, second):
        """Lets a sound or a film go to a second: its readyState and its currentTime when it is there, or its error."""
        return self.value(f"""new Promise((done) => {{
            const one = document.querySelector({json.dumps(selector)});
            one.onseeked = () => done([one.readyState, one.currentTime]);
            one.onerror = () => done([0, one.error.message]);
            one.currentTime = {second};
        }})""")

    def click(self, selector):
        """With the mouse, as a person does it."""
        place = self.value(f"""(() => {{
            const one = document.querySelector({json.dumps(selector)});
            one.scrollIntoView({{block: "center", behavior: "instant"}});
            const box = one.getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2];
        }})()""")
        for what in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=what, x=place[0], y=place[1], button="left", clickCount=1)

    def complaints(self):
        """Errors and warnings of the console, exceptions, and what a policy has blocked."""
        said = [one["type"] + ": " + " ".join(str(part.get("value", part.get("description"))) for part in one["args"])
                for one in self.events("Runtime.consoleAPICalled") if one["type"] in ("error", "warning", "assert")]
        said += ["exception: " + str(one["exceptionDetails"]) for one in self.events("Runtime.exceptionThrown")]
        return said + [f"{one['entry']['level']}: {one['entry']['text']} {one['entry'].get('url', '')}"
                       for one in self.events("Log.entryAdded") if one["entry"]["level"] in ("error", "warning")]

    def answers(self, part):
        """Status and fields of the answers of addresses that have `part`."""
        return [(one["response"]["status"], {name.lower(): value for name, value in one["response"]["headers"].items()})
                for one in self.events("Network.responseReceived") if part in one["response"]["url"]]

    def range_begins(self, part):
        return [int(fields["content-range"].split()[1].split("-")[0]) for status, fields in self.answers(part) if status == 206]

    def screenshot(self, name):
        data = base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])
        if directory := os.environ.get("FAIRLEAD_SCREENSHOTS"):
            Path(directory).mkdir(parents=True, exist_ok=True)
            (Path(directory) / f"{name}.png").write_bytes(data)
        return data


def silence(path, seconds, rate=44100):
    """A WAV file (PCM, 16 bits, one channel); sparse, so it takes no space."""
    size = seconds * rate * 2
    with open(path, "wb") as file:
        file.write(b"RIFF" + struct.pack("<I", 36 + size) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, rate, rate * 2, 2, 16))
        file.write(b"data" + struct.pack("<I", size))
        file.truncate(44 + size)
    os.utime(path, (support.OLD, support.OLD))
    return 44 + size


@unittest.skipUnless(CHROMIUM, "needs chromium: apt-get install chromium")
class InBrowser(unittest.TestCase):
    settings, pages, files = {}, PAGES, {}

    @classmethod
    def setUpClass(cls):
        files = {path.name: path.read_bytes() for path in cls.pages.iterdir() if path.is_file()}
        cls.server = Server(cls.settings, files=files | cls.files)
        cls.addClassCleanup(cls.server.close)
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)
        cls.url = f"http://localhost:{cls.server.port}"

    def setUp(self):
        self.tab = Tab(self.browser)

    def expect_quiet(self):
        self.assertEqual(self.tab.complaints(), [])


class DemoSite(InBrowser):
    pages = support.PROJECT / "resources/www"

    def test_pages_have_all_that_they_name_and_no_complaint(self):
        for page in ("/", "/about.html", "/contact.html"):
            with self.subTest(page):
                self.tab.load(self.url + page)
                self.assertTrue(self.tab.value("document.querySelector('h1').textContent.length > 0"))
                self.assertTrue(self.tab.value("""Promise.all([...document.images].map(async (one) => {
                    one.loading = "eager";
                    await one.decode();
                    return one.naturalWidth > 0;
                })).then((all) => all.length > 0 && all.every(Boolean))"""))
                self.assertGreater(self.tab.value("document.styleSheets[0].cssRules.length"), 5)
                self.tab.screenshot("demo" + page.replace("/", "_").replace(".html", ""))
        self.expect_quiet()
        self.assertIn("content-encoding", self.tab.answers("/style.css")[0][1], "browsers name what they can read")

    def test_document_is_stored_by_the_form(self):
        self.tab.load(self.url + "/")
        self.tab.click("form[data-kind=document] button[type=submit]")
        self.assertTrue(self.tab.wait("document.querySelector('form[data-kind=document] output').dataset.state === 'good'"))
        self.assertEqual(len(self.server.documents()), 1)
        self.tab.screenshot("demo_stored")
        self.expect_quiet()

    def test_second_visit_is_answered_by_304(self):
        self.tab.load(self.url + "/about.html")
        self.tab.call("Page.reload")
        self.assertTrue(wait_for(lambda: '"GET /style.css HTTP/1.1" 304' in self.server.access_log()))
        self.expect_quiet()


class DirectoryListing(InBrowser):
    settings = {"listing": True, "index": []}
    files = {"files/small.txt": b"s" * 10, "files/large.txt": b"l" * 90_000, "files/middle & <odd> #1 100%.txt": b"m" * 2000,
             "files/größe.txt": b"u" * 300, "files/folder/inner.txt": b"i"}

    def names(self):
        return self.tab.value("[...document.querySelectorAll('tbody th a')].map(one => one.textContent)")

    def wait_for_order(self, column, order):
        self.assertTrue(self.tab.wait(f"document.querySelector('th:nth-child({column})').getAttribute('aria-sort') === '{order}'"))

    def test_headings_sort_and_names_lead_on(self):
        self.tab.load(self.url + "/files/")
        self.assertEqual(self.names(), ["folder/", "größe.txt", "large.txt", "middle & <odd> #1 100%.txt", "small.txt"])
        self.tab.screenshot("listing_by_name")
        self.tab.click("thead th:nth-child(2) a")
        self.wait_for_order(2, "descending")
        self.assertEqual(self.names(), ["folder/", "large.txt", "middle & <odd> #1 100%.txt", "größe.txt", "small.txt"])
        self.tab.screenshot("listing_by_size")
        self.tab.click("thead th:nth-child(2) a")
        self.wait_for_order(2, "ascending")
        self.assertEqual(self.names()[1], "small.txt")
        self.tab.click("tbody tr:nth-child(1) th a")
        self.assertTrue(self.tab.wait("location.pathname === '/files/folder/' && document.querySelector('tbody') !== null"))
        self.assertEqual(self.names(), ["inner.txt"])
        self.tab.click("a.up")
        self.assertTrue(self.tab.wait("location.pathname === '/files/' && document.querySelector('tbody') !== null"))
        self.expect_quiet()

    def test_odd_names_open(self):
        self.tab.load(self.url + "/files/")
        for number in range(2, 6):
            link = self.tab.value(f"document.querySelector('tbody tr:nth-child({number}) a').href")
            with self.subTest(link):
                fetched = f"fetch({json.dumps(link)}).then(() => 'taken', () => 'blocked')"
                self.assertEqual(self.tab.value(fetched), "blocked", "its policy lets a listing fetch nothing")
                self.tab.load(link)
                self.assertEqual(self.tab.answers(link.split("/")[-1])[-1][0], 200)
                self.tab.load(self.url + "/files/")

    def test_on_a_telephone_and_in_the_dark(self):
        self.tab.call("Emulation.setDeviceMetricsOverride", width=390, height=800, deviceScaleFactor=2, mobile=True)
        self.tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        self.tab.load(self.url + "/files/")
        self.assertLessEqual(self.tab.value("document.documentElement.scrollWidth"), 390)
        self.tab.screenshot("listing_telephone")
        self.expect_quiet()


class SinglePageApp(InBrowser):
    settings = {"try": ["$path.html", "/index.html"], "headers": {"Content-Security-Policy": STRICT},
                "error_pages": {"404": "/404.html"},
                "cache_control": {"*.js": "public, max-age=60"}}
    files = {"404.html": b"<!doctype html><title>lost</title><h1>Lost</h1>"}

    def shown(self, text):
        return self.tab.wait(f"document.querySelector('main')?.textContent === {json.dumps(text)}")

    def test_deep_link_is_the_app(self):
        for path, text in (("/", "All berths of Lauwersoog"), ("/berths/7", "Berth 7 of Lauwersoog"),
                           ("/berths/jane.doe", "Berth jane.doe of Lauwersoog"),
                           ("/berths/%C3%A4%20b?x=1#y", "Berth ä b of Lauwersoog")):
            with self.subTest(path):
                self.tab.load(self.url + path)
                self.assertTrue(self.shown(text))
        self.tab.screenshot("app_deep_link")
        self.expect_quiet()

    def test_history_goes_back_and_a_reload_stays(self):
        self.tab.load(self.url + "/")
        self.tab.click("nav a:nth-child(2)")
        self.assertTrue(self.shown("Berth 7 of Lauwersoog"))
        self.tab.click("nav a:nth-child(3)")
        self.assertTrue(self.shown("Berth jane.doe of Lauwersoog"))
        self.tab.value("history.back()")
        self.assertTrue(self.shown("Berth 7 of Lauwersoog"))
        self.tab.call("Page.reload")
        self.assertTrue(self.shown("Berth 7 of Lauwersoog"))
        self.assertEqual(self.tab.value("location.pathname"), "/berths/7")
        self.expect_quiet()

    def test_missing_script_is_no_page(self):
        self.tab.load(self.url + "/")
        self.assertEqual(self.tab.value("fetch('/missing.js').then(one => one.status)"), 404)
        self.assertEqual(self.tab.value("import('/missing.js').then(() => 'loaded', () => 'refused')"), "refused")

    def test_policy_of_the_configuration_is_obeyed(self):
        """That a violation would be noticed: a script in the page is one."""
        self.tab.load(self.url + "/")
        self.tab.value("document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = true'}))")
        self.assertTrue(wait_for(lambda: any("CSP" in one for one in self.tab.complaints())))
        self.assertIsNone(self.tab.value("window.ran ?? null"))


class Sound(InBrowser):
    def test_seeking_asks_for_a_range(self):
        size = silence(self.server.root / "long.wav", 600)
        self.tab.load(self.url + "/sound.html")
        self.assertTrue(self.tab.wait("document.querySelector('audio').readyState >= 1"))
        self.assertAlmostEqual(self.tab.value("document.querySelector('audio').duration"), 600, delta=1)
        self.assertGreaterEqual(self.tab.seek("audio", 550)[1], 550)
        begins = self.tab.range_begins("/long.wav")
        self.assertTrue(any(begin > size * 0.8 for begin in begins), f"no answer from near the end: {begins}")
        self.assertTrue(all(fields.get("accept-ranges") == "bytes" for _, fields in self.tab.answers("/long.wav")))
        self.tab.screenshot("sound")
        self.expect_quiet()


LIES_STILL = 10.5  # seconds after a change from which on a large file is sent from the page cache itself


class Film(InBrowser):
    def sent(self):
        """Bytes that the server has given to the kernel by sendfile; the access log has answers only when they have ended."""
        return int(re.search(r"wchar: (\d+)", Path(f"/proc/{self.server.process.pid}/io").read_text())[1])

    def expect_picture(self, second):
        ready, now = self.tab.seek("video", second)
        self.assertGreaterEqual(ready, 2, now)  # HAVE_CURRENT_DATA
        self.assertAlmostEqual(now, second, delta=0.01)
        self.assertAlmostEqual(self.tab.value(f"{browser_video.BAR}('video')"), browser_video.bar_at(int(second)), delta=1)

    def test_seeking_asks_for_a_range_and_shows_its_picture(self):
        pictures = browser_video.frames(self.tab, 120)
        size = browser_video.write_film(self.server.root / "film.webm", pictures, 64 << 20)
        # One that was changed lately is copied, and what is copied does not show in sent().
        self.assertTrue(wait_for(lambda: time.time() - (self.server.root / "film.webm").stat().st_ctime > LIES_STILL, LIES_STILL + 5))
        before = self.sent()
        self.tab.load(self.url + "/film.html")
        self.assertTrue(self.tab.wait("document.querySelector('video').readyState >= 1"))
        self.assertEqual(self.tab.value("(one => [one.duration, one.videoWidth, one.videoHeight])(document.querySelector('video'))"),
                         [120, browser_video.WIDTH, browser_video.HEIGHT])
        self.assertFalse([one for one in self.tab.range_begins("/film.webm") if one > size / 2], "asked for before the seek")
        self.expect_picture(112.5)
        self.assertTrue(wait_for(lambda: any(begin > size * 0.8 for begin in self.tab.range_begins("/film.webm"))),
                        f"no answer from near the end: {self.tab.range_begins('/film.webm')}")
        sent = self.sent() - before
        self.assertTrue(size // 1000 < sent < size // 2, f"{sent} bytes sent of a film of {size}")
        self.tab.screenshot("film")
        self.expect_picture(60.5)
        for status, fields in self.tab.answers("/film.webm"):
            self.assertEqual((status, fields["content-type"], fields["accept-ranges"]), (206, "video/webm", "bytes"))
        self.expect_quiet()


if __name__ == "__main__":
    unittest.main()
