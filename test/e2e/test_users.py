#!/usr/bin/env python3
"""Users, passwords and the rules of access, with the real program."""

import base64
import ctypes
import json
import os
import pty
import re
import socket
import statistics
import subprocess
import threading
import time
import unittest
from pathlib import Path

import support
from support import Server, wait_for

LIBCRYPT = ctypes.CDLL("libcrypt.so.1")
LIBCRYPT.crypt.restype = ctypes.c_char_p
QUICK = "$6$rounds=1000$saltsalt"


def crypt(password, setting=QUICK):
    return LIBCRYPT.crypt(password.encode(), setting.encode()).decode()


def basic(user, password):
    return "Authorization: Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def users_text(passwords, setting=QUICK):
    return "".join(f"{name}:{crypt(password, setting)}\n" for name, password in passwords.items())


def write_users(path, text, mode=0o640):
    """Puts a new file in the place of the old one, as editors do."""
    fresh = Path(str(path) + ".new")
    fresh.write_text(text)
    fresh.chmod(mode)
    fresh.rename(path)


PASSWORDS = {"ann": "wonder", "bob": "builder", "eve": "apple"}
RULES = {
    "GET /public/**": "public",
    "/team/**": "group staff",
    "PUT,POST,DELETE /files/**": "user ann",
    "GET /files/secret/**": "user ann",
    "GET /files/**": "users",
    "PUT,POST /drop/**": "public",
    "/near/**": "127.0.0.1, user ann",
    "/far/**": "users from 10.0.0.0/8",
    "/old/**": "deny",
    "/": "public",
}
FILES = {
    "index.html": b"start", "public/a.html": b"public a", "public/.hidden": b"h", "team/a.html": b"team a", "team/x.exe": b"MZ",
    "team/sub/b.html": b"team b", "near/a.html": b"near", "far/a.html": b"far", "old/a.html": b"old", "other.html": b"other",
}


class UsersTest(unittest.TestCase):
    def start(self, settings=None, passwords=None, text=None, files=None, mode=0o640):
        directory = Path(support.tempfile.mkdtemp(prefix="fairlead-users-"))
        self.addCleanup(support.shutil.rmtree, directory, True)
        users = directory / "users"
        write_users(users, users_text(passwords or PASSWORDS) if text is None else text, mode)
        uploads = {"accept": ["put", "delete", "raw", "form"], "serve": True, "make_directories": True, "min_free": "0"}
        wanted = support.merged({
            "auth": {"users": str(users), "groups": {"staff": "ann, bob"}, "realm": "The office"},
            "access": RULES,
            "routes": {"/files": {"listing": True, "uploads": {"directory": str(directory / "files"), **uploads}},
                       "/drop": {"listing": True, "uploads": {"directory": str(directory / "drop"), **uploads}}},
            "listing": True,
        }, settings or {})
        wanted["access"] = (settings or {}).get("access", RULES)
        for name in ("files", "drop"):
            (directory / name).mkdir()
        server = Server(wanted, files=FILES if files is None else files, directory=directory)
        self.addCleanup(server.close)
        server.users = users
        return server

    def ask(self, server, target, who=None, method="GET", fields=(), body=None):
        # Threads that hash give way to whatever else the machine does.
        with server.connect(timeout=120) as line:
            return line.ask(method, target, ["Connection: close", *fields, *([basic(*who)] if who else [])], body)


class TheTable(UsersTest):
    def test_what_is_there_does_not_show_in_the_status(self):
        """401 and 403 are the same for files, folders, hidden names, wrong types and what does not exist; each method."""
        server = self.start()
        below = ["a.html", "missing.html", "", "sub/", "sub", ".hidden", "x.exe", "missing.exe", "a%20b", "sub/b.html"]
        ann, bob, eve = [(name, PASSWORDS[name]) for name in ("ann", "bob", "eve")]
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "QUERY"):
            body = b"x" if method in ("POST", "PUT") else None
            for name in below:
                with self.subTest(method=method, name=name):
                    target = "/team/" + name
                    answers = [self.ask(server, target, who, method, body=body) for who in (None, ("ann", "wrong"), eve)]
                    self.assertEqual([one.status for one in answers], [401, 401, 403])
                    self.assertEqual(self.ask(server, "/old/" + name, ann, method, body=body).status, 403)
            # So that the pauses of the wrong passwords do not get in the way.
            server.close()
            server = self.start()
        for name, status in [("a.html", 200), ("missing.html", 404), ("", 200), ("sub/", 200), ("sub", 301), (".hidden", 404),
                             ("x.exe", 415), ("missing.exe", 415)]:
            with self.subTest(name=name):
                self.assertEqual(self.ask(server, "/team/" + name, bob).status, status)
        self.assertEqual(self.ask(server, "/team/a.html", bob, "DELETE").status, 405)

    def test_the_challenge(self):
        server = self.start()
        for who in (None, ("ann", "wrong"), ("nobody", "x")):
            answer = self.ask(server, "/team/a.html", who)
            self.assertEqual(answer.status, 401)
            self.assertEqual(answer["WWW-Authenticate"], 'Basic realm="The office", charset="UTF-8"')
            self.assertIn("private", answer["Cache-Control"])
        self.assertIsNone(self.ask(server, "/team/a.html", ("eve", "apple"))["WWW-Authenticate"])

    def test_rules_decide_by_path_method_user_group_and_address(self):
        server = self.start()
        ann, bob, eve = [(name, PASSWORDS[name]) for name in ("ann", "bob", "eve")]
        rows = [
            ("GET", "/", None, 200), ("GET", "/index.html", None, 403), ("GET", "/other.html", ann, 403),
            ("GET", "/public/a.html", None, 200), ("HEAD", "/public/a.html", None, 200), ("GET", "/public", None, 301),
            ("PUT", "/public/a.html", ann, 403), ("GET", "/publicity", None, 403),
            # Where everybody may, wrong credentials do not matter.
            ("GET", "/public/a.html", ("ann", "wrong"), 200),
            ("GET", "/team/a.html", ann, 200), ("GET", "/team/a.html", bob, 200), ("GET", "/team/a.html", eve, 403),
            ("GET", "/near/a.html", None, 200), ("GET", "/near/a.html", eve, 200),
            ("GET", "/far/a.html", None, 403), ("GET", "/far/a.html", ann, 403),
            ("OPTIONS", "*", None, 204), ("GET", "/livez", None, 200),
        ]
        for method, target, who, status in rows:
            with self.subTest(method=method, target=target, who=who):
                body = b"x" if method == "PUT" else None
                self.assertEqual(self.ask(server, target, who, method, body=body).status, status)

    def test_personal_answers_are_kept_from_shared_caches(self):
        server = self.start({"cache_control": {"*.html": "public, max-age=600"}})
        for target, who, is_personal in [("/public/a.html", None, False), ("/team/a.html", ("ann", "wonder"), True),
                                         ("/near/a.html", None, True), ("/team/a.html", None, True)]:
            with self.subTest(target=target):
                said = self.ask(server, target, who)["Cache-Control"] or ""
                self.assertEqual("private" in said, is_personal)

    def test_preflights_need_no_credentials_where_cors_answers_them(self):
        origin = ["Origin: https://app.example.org", "Access-Control-Request-Method: GET"]
        plain, cors = self.start(), self.start({"cors": {"origins": ["https://app.example.org"]}})
        self.assertEqual(plain.ask("OPTIONS", "/team/a.html", origin).status, 401)
        self.assertEqual(cors.ask("OPTIONS", "/team/a.html", origin).status, 204)
        self.assertEqual(cors.ask("OPTIONS", "/team/a.html", origin[:1]).status, 401)
        self.assertEqual(cors.ask("GET", "/team/a.html", origin[:1])["Access-Control-Allow-Origin"], "https://app.example.org")


class WhatIsServedInstead(UsersTest):
    def test_rewrites_need_both_paths(self):
        server = self.start({"access": {"/closed/**": "user ann", "GET /team/**": "group staff", "/**": "public"},
                             "routes": {"/route": {"access": {"/route/**": "user ann"}}},
                             "rewrites": {"/closed/**": "/public/a.html", "/open/**": "/team/a.html", "/route/**": "/public/a.html",
                                          "/fine/**": "/public/a.html"}})
        rows = [("/closed/x", [401, 200, 403]), ("/open/x", [401, 200, 200]), ("/route/x", [401, 200, 403]), ("/fine/x", [200, 200, 200])]
        for target, expected in rows:
            asked = [self.ask(server, target, who).status for who in (None, ("ann", "wonder"), ("bob", "builder"))]
            self.assertEqual(asked, expected, target)

    def test_index_files_try_and_links(self):
        rules = {"access": {"/team/**": "group staff", "/home/index.html": "user ann", "/app.html": "user ann", "/**": "public"},
                 "index": ["index.html", "start.html"], "try": ["/app.html", "/fallback.html"]}
        files = {**FILES, "home/index.html": b"of ann", "home/start.html": b"of all", "app.html": b"app", "fallback.html": b"fallback"}
        server = self.start(rules, files=files)
        (server.root / "leak.html").symlink_to("team/a.html")
        (server.root / "leaks").symlink_to("team")
        (server.root / "fine.html").symlink_to("public/a.html")
        time.sleep(2.1)  # links are trusted when they are older than that
        self.assertEqual(self.ask(server, "/fine.html").body, b"public a")
        for _ in range(3):  # also from the cache
            self.assertEqual(self.ask(server, "/home/").body, b"of all")
            self.assertEqual(self.ask(server, "/nothing/here").body, b"fallback")
            self.assertEqual(self.ask(server, "/leak.html").status, 404)
            self.assertEqual(self.ask(server, "/leaks/a.html").status, 404)

    def test_a_link_into_a_route_is_judged_by_its_rules(self):
        server = self.start({"access": {"/**": "public"}, "routes": {"/team": {"access": {"/team/**": "deny"}}}})
        (server.root / "public/leak.html").symlink_to("../team/a.html")
        self.assertEqual(self.ask(server, "/public/leak.html").status, 404)
        self.assertEqual(self.ask(server, "/team/a.html").status, 403)

    def test_listings_show_what_may_be_seen(self):
        server = self.start({"access": {"/team/**": "group staff", "/public/**": "public", "GET /": "users", "/**": "deny"}, "index": []})

        def names(who, target="/?format=json"):
            answer = self.ask(server, target, who)
            self.assertEqual(answer.status, 200)
            self.assertIn("no-cache", answer["Cache-Control"])
            return sorted(re.findall(r'"name":"([^"]+)"', answer.body.decode()))
        for _ in range(2):  # both within the second for which what was read is shared
            self.assertEqual(names(("ann", "wonder")), ["public", "team"])
            self.assertEqual(names(("eve", "apple")), ["public"])

    def test_a_folder_that_may_not_be_entered_is_not_told(self):
        server = self.start({"access": {"/team/**": "deny", "/near/": "deny", "/**": "public"}})
        self.assertEqual([self.ask(server, target).status for target in ("/team", "/team/", "/near", "/near/", "/far")], [403, 403, 404, 403, 301])


class Uploads(UsersTest):
    def test_a_drop_folder_is_written_but_not_read(self):
        server = self.start()
        ann = ("ann", "wonder")
        put = lambda name, body, fields=(), who=None: self.ask(server, "/drop/" + name, who, "PUT", fields, body)
        first, again = put("a.txt", b"one"), put("a.txt", b"two")
        # Neither the status nor a field says that something was there.
        self.assertEqual([first.status, again.status], [201, 201])
        self.assertEqual({name for name, _ in first.fields}, {name for name, _ in again.fields})
        self.assertEqual((server.directory / "drop/a.txt").read_bytes(), b"two")
        self.assertEqual(self.ask(server, "/drop", None, "POST", ["Content-Type: text/plain"], b"three").status, 201)
        for target in ("/drop/a.txt", "/drop/b.txt", "/drop/", "/drop"):
            for method in ("GET", "HEAD"):
                self.assertEqual(self.ask(server, target, None, method).status, 403, (method, target))
                self.assertEqual(self.ask(server, target, ann, method).status, 403, (method, target))
            self.assertEqual(self.ask(server, target, None, "DELETE").status, 403)
        # No precondition tells what is stored, nor whether there is anything.
        tag = support.entity_tag(b"two")
        for name in ("a.txt", "new.txt"):
            for condition in ("If-None-Match: *", f"If-None-Match: {tag}", f"If-Match: {tag}", "If-Match: *",
                              "If-Unmodified-Since: Tue, 02 Jan 2024 03:04:05 GMT"):
                with self.subTest(name=name, condition=condition):
                    self.assertEqual(put(name, b"x", [condition]).status, 403)
        self.assertFalse((server.directory / "drop/new.txt").exists())

    def test_who_may_read_has_conditions(self):
        server = self.start()
        ann, bob = ("ann", "wonder"), ("bob", "builder")
        put = lambda fields=(), who=ann: self.ask(server, "/files/a.txt", who, "PUT", fields, b"x")
        self.assertEqual([put(["If-None-Match: *"]).status, put(["If-None-Match: *"]).status, put().status], [201, 412, 204])
        self.assertEqual([put(who=bob).status, put(who=None).status], [403, 401])
        self.assertEqual(self.ask(server, "/files/a.txt", bob).body, b"x")
        self.assertEqual(self.ask(server, "/files/a.txt").status, 401)
        self.assertEqual([self.ask(server, "/files/a.txt", who, "DELETE").status for who in (None, bob, ann, ann)], [401, 403, 204, 404])

    def test_who_may_delete_but_not_read_is_told_nothing(self):
        server = self.start({"access": {"PUT,DELETE /drop/**": "public"}})
        self.ask(server, "/drop/a.txt", None, "PUT", (), b"x")
        answers = [self.ask(server, "/drop/" + name, None, "DELETE") for name in ("a.txt", "a.txt", "b.txt")]
        self.assertEqual([one.status for one in answers], [204, 204, 204])
        self.assertEqual(len({tuple(name for name, _ in one.fields) for one in answers}), 1)
        self.assertEqual(self.ask(server, "/drop/a.txt", None, "DELETE", ["If-Match: *"]).status, 403)
        # Nor that a file is in the way, that it is a folder, or a link.
        (server.directory / "drop/folder").mkdir()
        (server.directory / "drop/link").symlink_to("folder")
        self.ask(server, "/drop/a.txt", None, "PUT", (), b"x")
        for name in ("a.txt/x", "folder", "link/x", "nothing/x"):
            self.assertEqual(self.ask(server, "/drop/" + name, None, "DELETE").status, 204, name)
        self.assertTrue((server.directory / "drop/folder").is_dir())

    def test_who_may_write_but_not_read_is_not_told_what_is_in_the_way(self):
        server = self.start({"access": {"PUT,POST /drop/**": "public"},
                             "routes": {"/drop": {"uploads": {"make_directories": False, "names": "client"}}}})
        (server.directory / "drop/folder").mkdir()
        (server.directory / "drop/link").symlink_to("folder")
        self.ask(server, "/drop/a.txt", None, "PUT", (), b"x")
        json_asked = ("Accept: application/json",)
        answers = [self.ask(server, "/drop/" + name, None, "PUT", json_asked, b"x") for name in ("a.txt/x", "folder", "link/x", "nothing/x")]
        self.assertEqual([one.status for one in answers], [409] * 4)
        self.assertEqual(len({json.loads(one.body)["detail"] for one in answers}), 1)
        # A form gets a name of the server, whether that of the client is taken or not.
        form = (b'--b\r\nContent-Disposition: form-data; name="f"; filename="%s"\r\nContent-Type: text/plain\r\n\r\nnew\r\n--b--\r\n')
        send = lambda name: self.ask(server, "/drop", None, "POST", ["Content-Type: multipart/form-data; boundary=b"], form % name)
        stored = [send(name) for name in (b"a.txt", b"b.txt")]
        self.assertEqual([one.status for one in stored], [201, 201])
        self.assertEqual((server.directory / "drop/a.txt").read_bytes(), b"x")
        self.assertFalse((server.directory / "drop/b.txt").exists())

    def test_who_may_not_read_learns_no_size_from_a_refusal(self):
        server = self.start({"routes": {"/drop": {"uploads": {"quota": "12345"}}, "/files": {"uploads": {"quota": "12345"}}}})
        ann = ("ann", "wonder")
        for place, who, is_told in (("/drop", None, False), ("/files", ann, True)):
            self.assertEqual(self.ask(server, place + "/a.txt", who, "PUT", (), bytes(6789)).status, 201)
            for method, target, fields in (("PUT", "/b.txt", ()), ("POST", "", ["Content-Type: text/plain"])):
                with self.subTest(method, place=place):
                    refused = self.ask(server, place + target, who, method, ["Accept: application/json", *fields], bytes(6789))
                    self.assertEqual(refused.status, 413)
                    detail = json.loads(refused.body)["detail"]
                    self.assertEqual("6789" in detail and "12345" in detail, is_told, detail)
                    self.assertEqual(any(c.isdigit() for c in detail), is_told, detail)

    def test_stored_files_in_listings(self):
        server = self.start()
        for name in ("a.txt", "secret/b.txt"):
            self.assertEqual(self.ask(server, "/files/" + name, ("ann", "wonder"), "PUT", (), b"x").status, 201)
        time.sleep(1.1)
        shown = lambda name: self.ask(server, "/files/?format=json", (name, PASSWORDS[name])).body.decode()
        self.assertIn("secret", shown("ann"))
        self.assertNotIn("secret", shown("bob"))
        self.assertIn("a.txt", shown("bob"))


class Passwords(UsersTest):
    def test_every_scheme_works_and_costs_a_hash_once(self):
        text = "".join(f"{scheme}:{subprocess.run([support.binary(), 'hash-password', '--scheme', scheme], input='päss:word', capture_output=True, encoding='utf-8').stdout}"
                       for scheme in ("yescrypt", "bcrypt", "sha512"))
        server = self.start({"access": {"/**": "users"}}, text=text)
        for scheme in ("yescrypt", "bcrypt", "sha512"):
            self.assertEqual(self.ask(server, "/", (scheme, "päss:word")).status, 200)
            self.assertEqual(self.ask(server, "/", (scheme, "päss:wor")).status, 401)
            before = cpu_ns(server)
            for _ in range(20):
                self.assertEqual(self.ask(server, "/", (scheme, "päss:word")).status, 200)
            self.assertLess((cpu_ns(server) - before) / 20, 5e6)

    def test_a_changed_file_counts_at_once_for_those_who_changed_in_it(self):
        server = self.start()
        ann, bob = ("ann", "wonder"), ("bob", "builder")
        self.assertEqual([self.ask(server, "/team/a.html", who).status for who in (ann, bob)], [200, 200])
        write_users(server.users, users_text({"ann": "new", "eve": "apple"}))
        self.assertTrue(server.wait_for_log("2 users read from"))
        self.assertEqual([self.ask(server, "/team/a.html", who).status for who in (ann, bob, ("ann", "new"))], [401, 401, 200])

    def test_a_broken_new_file_changes_nothing(self):
        server = self.start()
        for text, mode, sentence in [("ann:wonder\n", 0o640, "line 1: the hash is a plain password"),
                                     (users_text({"ann": "x"}), 0o644, "everybody on this machine may read the hashes")]:
            write_users(server.users, text, mode)
            self.assertTrue(server.wait_for_log("error.*" + sentence), server.log())
            self.assertEqual(self.ask(server, "/team/a.html", ("ann", "wonder")).status, 200)
        server.users.unlink()
        self.assertTrue(server.wait_for_log("error.*is gone: those who were known stay known"))
        self.assertEqual(self.ask(server, "/team/a.html", ("bob", "builder")).status, 200)

    def test_64_kib_of_credentials(self):
        token = "A" * 65536
        small = self.start()
        self.assertEqual(small.ask("GET", "/team/a.html", ["Authorization: Basic " + token]).status, 431)
        large = self.start({"limits": {"header_size": "128k"}})
        with large.connect() as line:
            answer = line.ask("GET", "/team/a.html", ["Authorization: Basic " + token])
            self.assertEqual(answer.status, 431)
            self.assertIn(b"longer than 1024 bytes", answer.body)
            self.assertEqual(line.ask("GET", "/team/a.html", [basic("ann", "wonder")]).status, 200)
            self.assertEqual(line.ask("GET", "/team/a.html", [basic("ann", "wonder"), basic("ann", "wonder")]).status, 400)

    def test_malformed_credentials_are_wrong_ones(self):
        server = self.start()
        for value in ("Basic", "Basic ?", "Basic YW5u", "Basic OndvbmRlcg==", "Basic YW5uOndvbmRlcg", "Basic YW5uOndv\tbmRlcg=="):
            self.assertEqual(server.ask("GET", "/team/a.html", ["Authorization: " + value]).status, 401, value)
        self.assertTrue(server.wait_for_log('event=auth .*detail="?malformed credentials'))
        for value in ("Bearer abc", "Negotiate YW5u"):
            self.assertEqual(server.ask("GET", "/team/a.html", ["Authorization: " + value]).status, 401, value)

    def test_credentials_reach_no_log(self):
        server = self.start({"log": {"level": "debug"}})
        tries = [("ann", "wonder"), ("ann", "hunter2"), ("swordfish", "typed into the wrong field"), ("ev\"e", "x=1 event=auth")]
        for who in tries:
            self.ask(server, "/team/a.html", who)
        self.assertTrue(server.wait_for_log("event=auth .*no such user"))
        self.assertTrue(server.wait_for_log("event=auth client=127.0.0.1 .*wrong password of user ann"))
        server.stop()
        written = server.log() + server.access_log()
        for user, password in tries:
            token = base64.b64encode(f"{user}:{password}".encode()).decode()
            self.assertNotIn(password, written)
            self.assertNotIn(token, written)
        self.assertNotIn("swordfish", written)


def from_address(server, address, target, who):
    """The answer to a request that comes from another address of this machine."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=120, source_address=(address, 0)) as line:
        line.sendall(support.request("GET", target, ["Connection: close", basic(*who)]))
        data = b""
        while piece := line.recv(65536):
            data += piece
    return support.Answer(data.split(b"\r\n\r\n")[0])


class Throttle(UsersTest):
    def test_an_address_that_fails_has_to_wait_longer_and_longer(self):
        server = self.start()
        here = lambda *who, at="127.0.0.1": from_address(server, at, "/team/a.html", who)
        self.assertEqual(here("bob", "builder").status, 200)
        self.assertEqual([here("ann", f"guess {i}").status for i in range(10)], [401] * 10)
        waited = []
        for i in range(3):
            answer = here("ann", "wonder")  # the right one is not looked at either
            self.assertEqual(answer.status, 429)
            waited.append(int(answer["Retry-After"]))
            time.sleep(waited[-1])
            self.assertEqual(here("nobody", f"guess {i}").status, 401)
        self.assertEqual(waited, [1, 2, 4])
        # Who was verified there goes on, unless his password was tried; at other addresses all do.
        self.assertEqual([here("bob", "builder").status, here("ann", "wonder").status], [200, 429])
        self.assertEqual(here("ann", "wonder", at="127.0.0.2").status, 200)
        self.assertEqual(here("ann", "wonder").status, 429)  # although it is known by now
        self.assertTrue(server.wait_for_log("event=throttle client=127.0.0.1 "))
        self.assertIn(b'fairlead_requests_limited_total{reason="logins"} 5', server.ask(target="/metrics", admin=True).body)

    def test_a_success_does_not_help_against_others(self):
        server = self.start()
        for i in range(9):
            self.assertEqual(from_address(server, "127.0.0.3", "/team/a.html", ("ann", f"guess {i}")).status, 401)
            self.assertEqual(from_address(server, "127.0.0.3", "/team/a.html", ("bob", "builder")).status, 200)
        self.assertEqual(from_address(server, "127.0.0.3", "/team/a.html", ("ann", "guess")).status, 401)
        self.assertEqual(from_address(server, "127.0.0.3", "/team/a.html", ("eve", "apple")).status, 429)

    def test_many_at_once_get_no_further(self):
        setting = costly_setting()
        server = self.start(text=users_text({"ann": "wonder"}, setting))
        lines = [server.connect(timeout=120) for _ in range(40)]
        for line in lines:
            self.addCleanup(line.socket.close)
        for i, line in enumerate(lines):
            line.send(support.request("GET", "/team/a.html", [basic("ann", f"guess {i}")]))
        statuses = [line.answer().status for line in lines]
        self.assertLessEqual(statuses.count(401), 10)
        self.assertEqual(set(statuses), {401, 429})

    def test_connections_with_one_password_share_one_look_at_it(self):
        server = self.start(text=users_text({"ann": "wonder"}, costly_setting()))
        for password, status in (("wonder", 200), ("guess", 401)):
            lines = [server.connect(timeout=120) for _ in range(40)]
            for line in lines:
                self.addCleanup(line.socket.close)
                line.send(support.request("GET", "/team/a.html", [basic("ann", password)]))
            self.assertEqual([line.answer().status for line in lines], [status] * 40)


class Overload(UsersTest):
    """One who has many addresses of a network keeps the queue of passwords full."""

    def setUp(self):
        setting = "$2b$12$abcdefghijklmnopqrstuu"
        self.server = self.start(text=users_text({"ann": "wonder"}) + users_text({"bob": "builder"}, setting))
        self.assertEqual(from_address(self.server, "127.7.7.7", "/team/a.html", ("ann", "wonder")).status, 200)
        self.is_over = threading.Event()
        self.is_full = threading.Event()
        threads = [threading.Thread(target=self.press, args=(f"127.50.0.{one % 24 + 1}", f"guess {one}")) for one in range(96)]
        for one in threads:
            one.start()
        # When the server goes, those who wait see it.
        self.addCleanup(lambda: (self.is_over.set(), self.server.close(), [one.join() for one in threads]))
        self.assertTrue(self.is_full.wait(60))

    def press(self, address, guess):
        """Tries a password again whenever there was no time for it. No address has ten under way, or fails ten times soon."""
        try:
            with self.server.connect(timeout=120, source=address) as line:
                while not self.is_over.is_set():
                    if line.ask("GET", "/team/a.html", [basic("bob", guess)]).status != 503:
                        continue
                    self.is_full.set()
                    time.sleep(0.01)
        except (OSError, EOFError):
            pass

    def ask_at(self, address, password):
        return from_address(self.server, address, "/team/a.html", ("ann", password)).status

    def test_others_have_places(self):
        # One of this network may come when a place is free just then.
        self.assertIn(503, [self.ask_at(f"127.50.0.{200 + one}", "guess") for one in range(3)])
        for network in range(60, 63):
            self.assertEqual(self.ask_at(f"127.{network}.0.1", "guess"), 401)

    def test_the_right_password_looks_like_a_guess_there(self):
        asked = [[self.ask_at(f"127.50.0.{200 + one}", password) for password in ("guess", "wonder")] for one in range(3)]
        self.assertIn([503, 503], asked)
        # Where nobody tried it, who was verified goes on.
        self.assertEqual([self.ask_at(at, "wonder") for at in ("127.7.7.7", "127.50.0.210")], [200, 200])
        # When there is time again it is compared there, and right.
        self.is_over.set()
        self.assertTrue(wait_for(lambda: self.ask_at(f"127.50.0.{200 + asked.index([503, 503])}", "wonder") == 200, 120))


def cpu_ns(server):
    """What it has computed so far, in nanoseconds: says more than a clock on a busy machine."""
    return time.clock_gettime_ns(~server.process.pid << 3 | 2)  # as clock_getcpuclockid(3) makes it


def costly_setting():
    """Of a bcrypt hash that takes 20 ms at least."""
    for cost in range(6, 13):
        setting = f"$2b${cost:02}$abcdefghijklmnopqrstuu"
        begin = time.process_time()
        crypt("x", setting)
        if time.process_time() - begin >= 0.02:
            break
    return setting


class Enumeration(UsersTest):
    """How long a refusal takes must not tell whether a user exists."""

    def medians(self, server, kinds, rounds):
        spent = {name: [] for name in kinds}
        for i in range(rounds):
            for number, (name, fields) in enumerate(kinds.items()):
                # Nine tries each, so that nobody has to wait; in turn, so that a busy moment meets all of them.
                address = f"127.0.{1 + number}.{1 + i // 9}"
                before = cpu_ns(server)
                with socket.create_connection(("127.0.0.1", server.port), timeout=120, source_address=(address, 0)) as line:
                    line.sendall(support.request("GET", "/team/a.html", ["Connection: close", fields(i)]))
                    data = b""
                    while piece := line.recv(65536):
                        data += piece
                self.assertTrue(data.startswith(b"HTTP/1.1 401 "), data[:100])
                spent[name].append(cpu_ns(server) - before)
        return {name: statistics.median(values) for name, values in spent.items()}

    def test_unknown_users_cost_what_wrong_passwords_cost(self):
        server = self.start(text=users_text({name: "x" for name in ("ann", "bob", "eve")}, costly_setting()))
        took = self.medians(server, {
            "wrong password": lambda i: basic("ann", f"guess {i}"),
            "unknown user": lambda i: basic(f"nobody {i % 5}", f"guess {i}"),
            "long unknown user": lambda i: basic("x" * 200, "y" * 300),
            # Nothing is hashed for these: the measure has to see that.
            "no hash": lambda i: "Authorization: Basic malformed",
        }, 15)
        wrong = took["wrong password"]
        for name in ("unknown user", "long unknown user"):
            self.assertLess(abs(took[name] - wrong) / wrong, 0.25, took)
        self.assertGreater(abs(took["no hash"] - wrong) / wrong, 0.25, took)


class AtTheStart(UsersTest):
    def refusal(self, settings, text=None, mode=0o640):
        with self.assertRaises(RuntimeError) as failed:
            self.start(settings, text=text, mode=mode)
        return str(failed.exception)

    def test_files_of_users_that_are_not_taken(self):
        plain = users_text(PASSWORDS)
        self.assertIn("everybody on this machine may read the hashes", self.refusal({}, plain, 0o644))
        self.assertIn("others than its owner may write it", self.refusal({}, plain, 0o660))
        for line, sentence in [("ann:hunter2", "line 4: the hash is a plain password"),
                               ("ann:$apr1$x$y", "line 4: the hash is MD5 ($apr1$)"),
                               ("ann:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "unsalted SHA-1"),
                               ("zoe:$2y$31$" + "a" * 53, "a cost of 31, at most 14"),
                               ("ann:" + crypt("x"), "stands in line 1 already"), ("hunter2", "line 4: it is not NAME:HASH")]:
            said = self.refusal({}, plain + line)
            self.assertIn(sentence, said)
            self.assertNotIn("hunter2", said)
        self.assertIn("fairlead hash-password --user NAME", self.refusal({}, "ann:"))

    def test_a_hundred_thousand_users(self):
        line = crypt("wonder")
        server = self.start(text="".join(f"user{i}:{line}\n" for i in range(100_000)), settings={"access": {"/**": "users"}})
        self.assertEqual(self.ask(server, "/", ("user99999", "wonder")).status, 200)
        if not server.is_sanitized():  # whose memory is another
            self.assertLess(server.memory(), 200 << 20)

    def test_rules_are_checked(self):
        for access, sentence in [({"/a": "group nobody"}, "nobody"), ({"/a": "public", "GET /a": "users"}, "can never decide"),
                                 ({"a": "public"}, "begins with '/'"), ({"/a": "everyone"}, '"everyone" is nobody')]:
            self.assertIn(sentence, self.refusal({"access": access}))


class HashPassword(unittest.TestCase):
    def run_it(self, text, *arguments):
        done = subprocess.run([support.binary(), "hash-password", *arguments], input=text, capture_output=True, timeout=30,
                              env=support.environment())
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def test_one_line_of_standard_input(self):
        for scheme, begin in [(None, "$y$"), ("yescrypt", "$y$"), ("bcrypt", "$2y$12$"), ("sha512", "$6$rounds=200000$")]:
            code, out, err = self.run_it("wörd\n".encode(), *(["--scheme", scheme] if scheme else []))
            self.assertEqual((code, err), (0, ""))
            self.assertTrue(out.startswith(begin) and out.endswith("\n"), out)
            self.assertEqual(crypt("wörd", out.strip()), out.strip())
        code, out, err = self.run_it(b"secret", "--user", "ann")
        self.assertRegex(out, r"^ann:\$y\$\S+\n$")

    def test_what_is_refused(self):
        for text, arguments, sentence in [
                (b"", [], "is empty"), (b"\n", [], "is empty"), (b"a\nb\n", [], "more than one line"),
                (b"a" * 512, [], "more than 511 bytes"), (b"a" * 73, ["--scheme", "bcrypt"], "more than 72 bytes"),
                (b"a" * 100_000, [], "more than 511 bytes"), (b"a\tb", [], "control characters"), (b"\xff", [], "not UTF-8"),
                (b"x", ["--scheme", "md5"], "--scheme takes yescrypt, bcrypt or sha512"), (b"x", ["--user", "a:b"], "--user takes one word"),
                (b"x", ["--user", ""], "--user takes one word")]:
            code, out, err = self.run_it(text, *arguments)
            self.assertEqual((code, out), (1, ""), sentence)
            self.assertIn(sentence, err)

    def at_terminal(self, *typed):
        """What the program says when these lines are typed; its exit code, and what the terminal showed."""
        child, terminal = pty.fork()
        if child == 0:
            os.execv(support.binary(), [support.binary(), "hash-password", "--user", "ann"])
        shown = b""

        def read_until(text):
            nonlocal shown
            begin = len(shown)
            while text not in shown[begin:]:
                shown += os.read(terminal, 4096)
        try:
            for prompt, line in zip((b"Password: ", b"Once more: "), typed):
                read_until(prompt)
                os.write(terminal, line)
            try:
                while piece := os.read(terminal, 4096):
                    shown += piece
            except OSError:  # the other end is closed
                pass
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        finally:
            os.close(terminal)
        return code, shown.decode()

    def test_a_terminal_does_not_show_what_is_typed(self):
        code, shown = self.at_terminal(b"geheim\n", b"geheim\n")
        self.assertEqual(code, 0)
        self.assertNotIn("geheim", shown)
        hashed = re.search(r"ann:(\S+)", shown)[1]
        self.assertEqual(crypt("geheim", hashed), hashed)

    def test_two_that_differ_are_refused(self):
        code, shown = self.at_terminal(b"geheim\n", b"anders\n")
        self.assertEqual(code, 1)
        self.assertIn("not the same", shown)

    def test_an_interrupted_program_leaves_a_terminal_that_shows(self):
        import termios
        code, _ = self.at_terminal(b"\x03")
        self.assertEqual(code, -2)
        ours, theirs = pty.openpty()
        child = os.fork()
        if child == 0:
            os.setsid()
            os.dup2(theirs, 0)
            os.execv(support.binary(), [support.binary(), "hash-password"])
        try:
            hidden = wait_for(lambda: not termios.tcgetattr(theirs)[3] & termios.ECHO)
            self.assertTrue(hidden)
            os.kill(child, 15)
            os.waitpid(child, 0)
            self.assertTrue(termios.tcgetattr(theirs)[3] & termios.ECHO)
        finally:
            os.close(ours)
            os.close(theirs)


if __name__ == "__main__":
    unittest.main(verbosity=2)
