"""A real PHP application, Debian's DokuWiki, in a real browser: it is installed, somebody logs in, edits a page and uploads a
picture. Through php-fpm, through php-cgi, and behind nginx with php-fpm, which has to show the same pages.

FAIRLEAD_SCREENSHOTS names a directory that keeps what the browser showed.
"""

import os
import re
import shutil
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path

import fastcgi_peers as peers
from fastcgi_peers import PhpFpm
from support import Server, environment, wait_for
from test_browser import CHROMIUM, Browser, Tab

WIKI = Path("/usr/share/dokuwiki")
CONFIG = Path("/etc/dokuwiki")
NGINX = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
PHP_CGI = shutil.which("php-cgi")
PICTURE = Path(__file__).resolve().parents[2] / "resources/www/harbour.png"
PHP_INI = "display_errors = 0\npost_max_size = 16M\nupload_max_filesize = 16M\n"
TEXT = """====== Harbour ======

A **fairlead** guides //the line//. See [[start]] and {{:harbour.png?200|the harbour}}.

  * one & two
  * <three>

^ Rope ^ Length ^
| manila | 12 m |
"""


def make_wiki(folder):
    """A wiki that nobody has installed yet. Debian's is for the whole machine: this one has everything below `folder`."""
    root = folder / "www"
    shutil.copytree(WIKI, root, dirs_exist_ok=True, ignore_dangling_symlinks=True)
    conf = root / "conf"
    conf.mkdir()
    for path in CONFIG.iterdir():
        if path.is_file() and path.name not in ("local.php", "acl.auth.php", "users.auth.php", ".htaccess"):
            shutil.copy(path, conf / path.name)
    settings = conf / "dokuwiki.php"
    settings.write_text(re.sub(r"(\['savedir'\]\s*=) '[^']*'", r"\1 './data'", settings.read_text()))
    (root / "inc/preload.php").write_text("<?php\n")
    for name in ("pages", "attic", "media", "media_attic", "media_meta", "meta", "cache", "index", "locks", "tmp", "log"):
        (root / "data" / name).mkdir(parents=True)
    return root


class Nginx:
    """nginx in front of php-fpm, as its documentation says."""

    def __init__(self, root, address, folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        user = "user root;" if os.getuid() == 0 else ""
        names = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (folder / "nginx.conf").write_text(f"""
daemon off; {user} pid {folder}/nginx.pid; error_log {folder}/nginx.log;
events {{}}
http {{
    include /etc/nginx/mime.types; access_log off; client_max_body_size 16m;
    {names}
    server {{
        listen 127.0.0.1:{self.port}; root {root}; index index.html index.php;
        location ~ \\.php(/|$) {{
            fastcgi_split_path_info ^(.+?\\.php)(/.*)$;
            include /etc/nginx/fastcgi_params;
            fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
            fastcgi_param PATH_INFO $fastcgi_path_info;
            fastcgi_param HTTP_HOST $host:$server_port;
            fastcgi_pass {address};
        }}
    }}
}}
""")
        self.process = subprocess.Popen([NGINX, "-p", str(folder), "-e", str(folder / "nginx.log"), "-c", str(folder / "nginx.conf")],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

        def is_up():
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return True
            except OSError:
                return False
        if not wait_for(is_up):
            raise RuntimeError((folder / "nginx.log").read_text())

    def close(self):
        self.process.terminate()
        self.process.wait(20)


def has_cgi():
    """Whether this program knows how to run scripts by CGI."""
    from support import binary
    return b"cgi.programs" in Path(binary()).read_bytes()


def seen(text):
    """A page without what differs from one visit to the next: dates, ports, tokens."""
    text = re.sub(r"\d{4}/\d\d/\d\d \d\d:\d\d", "DATE", text)
    text = re.sub(r"127\.0\.0\.1:\d+|localhost:\d+", "HOST", text)
    return re.sub(r"\s+", " ", text).strip()


class Visit:
    """Everything that is done in the browser. `pages` is what was to be seen."""

    def __init__(self, test, name, port):
        self.test, self.name, self.url, self.pages = test, name, f"http://localhost:{port}", {}
        self.browser = Browser()
        test.addCleanup(self.browser.close)
        self.tab = Tab(self.browser)

    def look(self, what):
        self.pages[what] = seen(self.tab.value("document.title + ' | ' + document.body.innerText"))
        self.tab.screenshot(f"php-{self.name}-{what}")

    def fill(self, **fields):
        for selector, text in fields.items():
            self.tab.value(f"document.querySelector('[name=\"{selector}\"]').value = {text!r}")

    def submit(self, selector, until):
        """Clicks, and waits for the page that comes."""
        self.tab.click(selector)
        self.test.assertTrue(self.tab.wait(f"document.readyState === 'complete' && ({until})"),
                             self.tab.value("document.body.innerText"))

    def install(self):
        self.tab.load(f"{self.url}/install.php")
        self.look("1-installer")
        for name, text in {"d[title]": "Harbour Wiki", "d[superuser]": "ann", "d[fullname]": "Ann Example", "d[email]": "ann@example.org",
                           "d[password]": "correct horse", "d[confirm]": "correct horse"}.items():
            self.fill(**{name: text})
        self.tab.value("document.querySelector('#pop') && (document.querySelector('#pop').checked = false)")
        self.submit("button[name=submit]", "!document.querySelector('[name=\"d[title]\"]')")
        self.look("2-installed")

    def log_in(self):
        self.tab.load(f"{self.url}/doku.php?id=start&do=login")
        self.fill(u="ann", p="correct horse")
        self.submit("#dw__login button[type=submit]", "document.body.innerText.includes('Logged in as')")
        self.look("3-logged-in")

    def upload(self):
        self.tab.load(f"{self.url}/lib/exe/mediamanager.php?ns=")
        self.test.assertTrue(self.tab.wait("!!document.querySelector('input[type=file]')"))
        document = self.tab.call("DOM.getDocument")["root"]["nodeId"]
        node = self.tab.call("DOM.querySelector", nodeId=document, selector="input[type=file]")["nodeId"]
        self.tab.call("DOM.setFileInputFiles", nodeId=node, files=[str(PICTURE)])
        self.test.assertTrue(self.tab.wait("!!document.querySelector('#mediamanager__upload_button, .qq-upload-action, form.upload button')"))
        self.tab.value("document.querySelector('#mediamanager__upload_button, form.upload button[type=submit]').click()")
        stored = self.root / "data/media/harbour.png"
        # The application copies it there, so for a moment only its beginning may be.
        has_come = wait_for(lambda: stored.is_file() and stored.stat().st_size >= PICTURE.stat().st_size, 20)
        self.test.assertTrue(has_come, self.tab.value("document.body.innerText"))
        self.test.assertEqual(stored.read_bytes(), PICTURE.read_bytes())
        self.tab.load(f"{self.url}/lib/exe/mediamanager.php?ns=")
        self.test.assertTrue(self.tab.wait("document.body.innerText.includes('harbour.png')"))
        self.look("4-uploaded")

    def edit(self):
        self.tab.load(f"{self.url}/doku.php?id=harbour&do=edit")
        self.test.assertTrue(self.tab.wait("!!document.querySelector('#wiki__text')"))
        self.fill(wikitext=TEXT)
        self.submit("#edbtn__save", "[...document.querySelectorAll('h1')].some((one) => one.innerText === 'Harbour')")
        self.test.assertTrue(self.tab.wait("[...document.images].every((one) => one.complete)"))
        self.test.assertEqual(self.tab.value("(({naturalWidth, width}) => [naturalWidth > 0, width])(document.querySelector('img.media'))"),
                              [True, 200])
        self.look("5-edited")
        self.test.assertIn("A fairlead guides the line. See start and", self.pages["5-edited"])

    def go(self, root):
        self.root = root
        self.install()
        self.log_in()
        self.upload()
        self.edit()
        self.tab.load(f"{self.url}/doku.php?id=start&do=index")
        self.look("6-index")
        # Debian leaves a picture out, and the wiki looks whether its data is public: both are missed everywhere.
        self.pages["complaints"] = sorted({seen(one) for one in self.tab.complaints() if not re.search("beforeunload|favicon", one)})
        return self.pages


@unittest.skipUnless(CHROMIUM, "chromium is missing: app/install-packages test")
@unittest.skipUnless(peers.PHP_FPM and PHP_CGI, "php-fpm or php-cgi is missing: app/install-packages test")
@unittest.skipUnless((WIKI / "install.php").is_file(), "dokuwiki is missing: app/install-packages test")
class PhpApplication(unittest.TestCase):
    maxDiff = None
    expected = None  # what nginx shows

    def folder(self):
        made = Path(tempfile.mkdtemp(prefix="fairlead-wiki-"))
        self.addCleanup(shutil.rmtree, made, True)
        return made

    def fpm(self):
        made = PhpFpm(ini=PHP_INI)
        self.addCleanup(made.close)
        return made

    def visit(self, name, settings):
        folder = self.folder()
        root = make_wiki(folder)
        types = ["html", "css", "js", "png", "jpg", "gif", "svg", "ico", "txt", "xml", "php"]
        server = Server({"root": str(root), "index": ["index.html", "index.php"], "types": types, **settings}, directory=folder)
        self.addCleanup(server.close)
        pages = Visit(self, name, server.port).go(root)
        self.assertEqual(server.ask(target="/conf/dokuwiki.php").status, 200)  # it is run, and says nothing
        self.assertNotIn(b"<?php", server.ask(target="/conf/dokuwiki.php").body)
        return pages

    def behind_nginx(self):
        if not NGINX:
            self.skipTest("nginx is missing: nothing to compare with")
        if PhpApplication.expected is None:
            folder = self.folder()
            root = make_wiki(folder)
            nginx = Nginx(root, self.fpm().address, folder)
            self.addCleanup(nginx.close)
            PhpApplication.expected = Visit(self, "nginx", nginx.port).go(root)
        return PhpApplication.expected

    def test_through_php_fpm_as_behind_nginx(self):
        self.assertEqual(self.visit("fpm", {"fastcgi": {"servers": [self.fpm().address]}}), self.behind_nginx())

    def test_through_php_cgi_as_behind_nginx(self):
        if not has_cgi():
            self.skipTest("this program has no CGI")
        settings = self.folder()
        (settings / "php.ini").write_text(PHP_INI)
        cgi = {"programs": {"php": PHP_CGI}, "environment": {"PHPRC": str(settings)}}
        self.assertEqual(self.visit("cgi", {"cgi": cgi}), self.behind_nginx())


if __name__ == "__main__":
    unittest.main()
