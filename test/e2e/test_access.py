#!/usr/bin/env python3
"""Rules of access where scripts answer, and several files of users in one configuration."""

import itertools
import shutil
import tempfile
import unittest
from pathlib import Path

import support
from support import Server, wait_for
from test_users import basic, costly_setting, cpu_ns, users_text, write_users

ANN, BOB, EVE = ("ann", "wonder"), ("bob", "builder"), ("eve", "apple")
# Each asks from an address of its own: who failed there does not matter to others.
ADDRESSES = (f"127.{one}.{two}.1" for one in range(20, 250) for two in range(250))


class WithUsers(unittest.TestCase):
    def folder(self):
        directory = Path(tempfile.mkdtemp(prefix="fairlead-access-"))
        self.addCleanup(shutil.rmtree, directory, True)
        return directory

    def start(self, settings, files, directory):
        server = Server(settings, files=files, directory=directory)
        self.addCleanup(server.close)
        for path in server.root.rglob("*.cgi"):
            path.chmod(0o755)
        return server

    def ask(self, server, target, who=None, method="GET", fields=(), body=None, host="localhost"):
        with server.connect(timeout=120, source=next(ADDRESSES)) as line:
            line.send(support.request(method, target, ["Connection: close", *fields, *([basic(*who)] if who else [])], body, host=host))
            return line.answer(is_head=method == "HEAD")

    def statuses(self, server, target, *askers, **more):
        return [self.ask(server, target, who, **more).status for who in askers]


# Tells who runs it, and writes down that it ran.
TELL = (b'#!/bin/sh\necho "$REQUEST_METHOD $SCRIPT_NAME $PATH_INFO" >> "$LEDGER"\n'
        b'echo "Content-Type: text/plain"; echo; echo "$SCRIPT_NAME|$PATH_INFO|$AUTH_TYPE|$REMOTE_USER|$HTTP_AUTHORIZATION"\n')


class Scripts(WithUsers):
    """Who is refused runs nothing."""
    rules = {
        "GET /team/reports/**": "user ann",
        "/team/**": "group staff",
        "POST /form.cgi/**": "group staff",
        "GET /form.cgi/**": "users",
        "/bare.cgi": "users",
        "/home/index.cgi": "group staff",
        "/front.cgi": "user ann",
        "/**": "public",
    }
    names = ["open.cgi", "team/env.cgi", "team/sub/deep.cgi", "team/reports/all.cgi", "form.cgi", "bare.cgi", "home/index.cgi",
             "tools/index.cgi", "team/folder.cgi/inner.cgi"]

    def setUp(self):
        directory = self.folder()
        self.ledger = directory / "ledger"
        self.ledger.touch()
        write_users(directory / "users", users_text(dict([ANN, BOB, EVE])))
        files = {**dict.fromkeys(self.names, TELL), "page.html": b"page", "team/page.html": b"of the team",
                 "to_team.cgi": b"#!/bin/sh\necho 'Location: /team/env.cgi/told'; echo\n"}
        self.server = self.start({
            "auth": {"users": str(directory / "users"), "groups": {"staff": "ann, bob"}}, "access": self.rules,
            "index": ["index.html", "index.cgi"], "cgi": {"programs": {"cgi": ""}, "environment": {"LEDGER": str(self.ledger)}},
        }, files, directory)

    def ran(self):
        """What ran since the last call. A script writes it before its answer."""
        lines = self.ledger.read_text().splitlines()
        self.ledger.write_text("")
        return lines

    def told(self, target, who, **more):
        """What the script says: its name, its path info, how and as whom it is asked."""
        answer = self.ask(self.server, target, who, **more)
        self.assertEqual(answer.status, 200, (target, who))
        return answer.body.decode().rstrip("\n").split("|")

    def test_a_rule_for_a_folder_is_one_for_its_scripts(self):
        for target in ("/team/env.cgi", "/team/env.cgi/", "/team/env.cgi/more/path", "/team/env.cgi?q=1", "/team/sub/deep.cgi",
                       "/team/sub/deep.cgi/x", "/team/missing.cgi", "/team/missing.cgi/x", "/team/folder.cgi/inner.cgi"):
            with self.subTest(target):
                self.assertEqual(self.statuses(self.server, target, None, ("ann", "wrong"), ("zoe", "x"), EVE), [401, 401, 401, 403])
                self.assertEqual(self.ran(), [])
                expected = 404 if "missing" in target else 200
                self.assertEqual(self.statuses(self.server, target, BOB), [expected])
                self.assertEqual(len(self.ran()), expected == 200)

    def test_the_script_is_told_who_asks(self):
        self.assertEqual(self.told("/team/env.cgi/a/b", ANN), ["/team/env.cgi", "/a/b", "Basic", "ann", ""])
        self.assertEqual(self.told("/team/sub/deep.cgi", BOB), ["/team/sub/deep.cgi", "", "Basic", "bob", ""])
        # Where nobody has to be known, nobody is: what a client claims is not looked at.
        for who in (None, ANN, ("ann", "wrong")):
            self.assertEqual(self.told("/open.cgi", who), ["/open.cgi", "", "", "", ""])
        claimed = self.told("/open.cgi", None, fields=["Remote-User: ann", "REMOTE_USER: ann", "X-Remote-User: ann"])
        self.assertEqual(claimed, ["/open.cgi", "", "", "", ""])
        self.assertTrue(wait_for(lambda: "- ann [" in self.server.access_log()))

    def test_a_narrower_rule_stands_before_the_one_of_the_folder(self):
        self.assertEqual(self.statuses(self.server, "/team/reports/all.cgi/2024", None, ANN, BOB, EVE), [401, 200, 403, 403])
        self.assertEqual(self.statuses(self.server, "/team/reports/all.cgi", ANN, BOB, method="POST", body=b"x"), [200, 200])
        self.assertEqual(self.ran(), ["GET /team/reports/all.cgi /2024", "POST /team/reports/all.cgi ", "POST /team/reports/all.cgi "])

    def test_methods(self):
        # No rule is for PUT and DELETE but the last one, by which everybody may everything.
        rows = [("GET", [401, 200, 200]), ("HEAD", [401, 200, 200]), ("POST", [401, 403, 200]), ("PUT", [200] * 3), ("DELETE", [200] * 3)]
        for method, expected in rows:
            for path_info in ("", "/x"):
                with self.subTest(method=method, path_info=path_info):
                    body = b"x" if method in ("POST", "PUT") else None
                    asked = self.statuses(self.server, "/form.cgi" + path_info, None, EVE, ANN, method=method, body=body)
                    self.assertEqual(asked, expected)
                    self.assertEqual(self.ran(), [f"{method} /form.cgi {path_info}"] * expected.count(200))

    def test_path_info_does_not_lead_around_the_rule_of_the_script(self):
        """The rule names the script alone, and what is behind it is public."""
        self.assertEqual(self.statuses(self.server, "/bare.cgi", None, EVE), [401, 200])
        self.ran()
        for target in ("/bare.cgi/", "/bare.cgi/x", "/bare.cgi/x/y.html", "/bare.cgi//x", "/bare.cgi/.", "/bare.cgi/%2e", "/bare.cgi/x/.."):
            with self.subTest(target):
                self.assertNotEqual(self.ask(self.server, target).status, 200)
                self.assertEqual(self.ran(), [])

    def test_index_scripts(self):
        self.assertEqual(self.statuses(self.server, "/tools/", None), [200])
        # The folder is public, its index is not: it is as if there were none. By its name it asks who comes.
        self.assertEqual(self.statuses(self.server, "/home/", None, ANN), [404, 404])
        self.assertEqual(self.statuses(self.server, "/home/index.cgi", None, EVE, ANN), [401, 403, 200])
        self.assertEqual(self.ran(), ["GET /tools/index.cgi ", "GET /home/index.cgi "])

    def test_dots_slashes_and_escapes(self):
        """However a path is written: who is not let in gets nothing of what the team's scripts say."""
        ways = ["/open.cgi/../team/env.cgi", "/open.cgi/x/../../team/env.cgi", "/open.cgi/%2e%2e/team/env.cgi",
                "/open.cgi/..%2fteam/env.cgi", "/open.cgi/%2e%2e%2fteam%2fenv.cgi", "/open.cgi/..\\team\\env.cgi",
                "/open.cgi/..;/team/env.cgi", "/./team/env.cgi", "/team/./env.cgi", "/team/x/../env.cgi", "/team/env.cgi/.",
                "/team/env.cgi/x/..", "//team/env.cgi", "/team//env.cgi", "///team/env.cgi", "/%74eam/env.cgi", "/team/%65nv.cgi",
                "/team/env%2ecgi", "/team%2fenv.cgi", "/team%5cenv.cgi", "/team/env.cgi%00", "/team/env.cgi%00.html", "/team/env.cgi%20",
                "/team/env.cgi.", "/team/env.cgi;x=1", "/team/env.cgi#/../../open.cgi", "/TEAM/env.cgi", "/team/ENV.CGI", "/team%00/env.cgi",
                "/public/../team/env.cgi", "/team/env.cgi/../../open.cgi/../team/env.cgi", "/%2574eam/env.cgi", "/%c0%afteam/env.cgi",
                "http://localhost/team/env.cgi", "http://localhost/open.cgi/../team/env.cgi", "http://localhost//team/env.cgi"]
        reached = 0
        for way in ways:
            with self.subTest(way):
                for who in (None, ("ann", "wrong"), EVE):
                    answer = self.ask(self.server, way, who)
                    self.assertFalse(answer.body.startswith(b"/team/"))
                    self.assertFalse([line for line in self.ran() if "/team/" in line.split()[1]])
                # So that it is the rule that holds them back: some of these ways do lead there.
                reached += self.ask(self.server, way, ANN).body.startswith(b"/team/env.cgi|")
                self.ran()
        self.assertGreaterEqual(reached, 6)
        self.assertEqual([self.ask(self.server, way).status for way in ("/open.cgi/../team/env.cgi", "/team/env.cgi/../../open.cgi")],
                         [403, 403])

    def test_a_script_that_points_at_another_one(self):
        """A local redirect (RFC 3875 section 6.2.2) is a request like any other: the rules of its path count."""
        self.assertEqual(self.statuses(self.server, "/to_team.cgi", None, ("ann", "wrong"), EVE), [401, 401, 403])
        self.assertEqual(self.ran(), [])
        self.assertEqual(self.told("/to_team.cgi", ANN), ["/team/env.cgi", "/told", "Basic", "ann", ""])

    def test_a_rewrite_to_a_script_needs_both(self):
        directory = self.folder()
        write_users(directory / "users", users_text(dict([ANN, BOB, EVE])))
        (directory / "ledger").touch()
        server = self.start({
            "auth": {"users": str(directory / "users")}, "access": {"/env.cgi/**": "user ann", "/asked/**": "user ann, user bob", "/**": "public"},
            "rewrites": {"/asked/**": "/env.cgi/$1", "/short/**": "/env.cgi/$1"},
            "cgi": {"programs": {"cgi": ""}, "environment": {"LEDGER": str(directory / "ledger")}},
        }, {"env.cgi": TELL}, directory)
        for target in ("/asked/x", "/short/x"):
            self.assertEqual(self.statuses(server, target, None, BOB, EVE, ANN), [401, 403, 403, 200], target)
        self.assertEqual((directory / "ledger").read_text().splitlines(), ["GET /env.cgi /x"] * 2)

    def test_one_script_for_all_paths(self):
        directory = self.folder()
        write_users(directory / "users", users_text(dict([ANN, BOB, EVE])))
        (directory / "ledger").touch()
        (directory / "app").mkdir()
        (directory / "app/front").write_bytes(TELL)
        (directory / "app/front").chmod(0o755)
        server = self.start({
            "auth": {"users": str(directory / "users")},
            "routes": {"/app": {"cgi": {"script": str(directory / "app/front"), "environment": {"LEDGER": str(directory / "ledger")}},
                                "access": {"/app/admin/**": "user ann", "POST /app/**": "users", "/app/**": "public"}}},
        }, {"index.html": b"home"}, directory)
        self.assertEqual(self.statuses(server, "/app/admin/x", None, EVE, ANN), [401, 403, 200])
        self.assertEqual(self.statuses(server, "/app/admin", None, EVE, ANN), [401, 403, 200])
        self.assertEqual(self.statuses(server, "/app/x", None, EVE), [200, 200])
        self.assertEqual(self.statuses(server, "/app/x", None, EVE, method="POST", body=b"x"), [401, 200])
        for way in ("/app/x/../admin/x", "/app//admin/x", "/app/%61dmin/x", "/app/./admin/x", "/app/x/%2e%2e/admin/x"):
            self.assertNotEqual(self.ask(server, way).status, 200, way)
        ran = [line for line in (directory / "ledger").read_text().splitlines() if "admin" in line]
        self.assertEqual(ran, ["GET /app /admin/x", "GET /app /admin"])


class SeveralFiles(WithUsers):
    """A site with one file of users, a route of it with another, a second site with a third."""
    FIRST = {"ann": "first", "bob": "builder", "only-first": "x"}
    SECOND = {"ann": "second", "bob": "builder", "only-second": "x"}
    THIRD = {"ann": "third", "only-third": "x"}

    def setUp(self):
        directory = self.folder()
        # Costly, so that a password that is compared again shows.
        self.setting = costly_setting()
        for name, passwords in (("first", self.FIRST), ("second", self.SECOND), ("third", self.THIRD)):
            write_users(directory / name, users_text(passwords, self.setting))
        self.directory = directory
        self.server = self.start({
            "auth": {"users": str(directory / "first"), "groups": {"staff": "ann"}, "realm": "first"}, "access": {"/**": "users"},
            "rewrites": {"/via/**": "/second/$1"},
            "routes": {"/second": {"auth": {"users": str(directory / "second"), "groups": {"staff": "bob"}, "realm": "second"},
                                   "access": {"/second/staff.html": "group staff", "/second/**": "users"}}},
            "hosts": ["localhost"],
            "sites": {"third.example": {"auth": {"users": str(directory / "third"), "realm": "third"}, "access": {"/**": "users"}}},
        }, {"index.html": b"home", "second/index.html": b"second", "second/staff.html": b"staff"}, directory)

    def at(self, where, who):
        host, target = {"first": ("localhost", "/"), "second": ("localhost", "/second/"), "third": ("third.example", "/")}[where]
        return self.ask(self.server, target, who, host=host)

    def test_who_is_known_in_one_is_nobody_in_the_others(self):
        files = {"first": self.FIRST, "second": self.SECOND, "third": self.THIRD}
        # Twice: what was found out at one place must not count at another, in whichever order they are asked.
        for _ in range(2):
            for owner, where in itertools.product(files, files):
                for who in files[owner].items():
                    is_known = files[where].get(who[0]) == who[1]
                    with self.subTest(owner=owner, where=where, who=who):
                        answer = self.at(where, who)
                        self.assertEqual(answer.status, 200 if is_known else 401)
                        if not is_known:
                            self.assertIn(f'realm="{where}"', answer["WWW-Authenticate"])

    def test_a_login_that_was_verified_in_one_is_not_valid_in_another(self):
        for where, password in (("first", "first"), ("second", "second"), ("third", "third")):
            self.assertEqual(self.at(where, ("ann", password)).status, 200)
            others = {"first", "second", "third"} - {where}
            self.assertEqual([self.at(other, ("ann", password)).status for other in sorted(others)], [401, 401])
        # On one connection, too, where each request has to be looked at anew.
        with self.server.connect(timeout=120, source=next(ADDRESSES)) as line:
            fields = [basic("ann", "first")]
            asked = [line.ask("GET", target, fields).status for target in ("/", "/second/", "/", "/second/index.html", "/via/index.html")]
            self.assertEqual(asked, [200, 401, 200, 401, 401])

    def test_groups_are_those_of_the_place(self):
        ann, bob = ("ann", "second"), ("bob", "builder")
        self.assertEqual(self.statuses(self.server, "/second/staff.html", ann, bob, ("ann", "first")), [403, 200, 401])

    def test_a_rewrite_into_another_file_needs_both(self):
        askers = [None, ("ann", "first"), ("ann", "second"), ("bob", "builder"), ("only-first", "x"), ("only-second", "x")]
        self.assertEqual(self.statuses(self.server, "/via/index.html", *askers), [401, 401, 401, 200, 401, 401])

    def cost(self, where, who):
        """What a request of somebody who is known costs the server, in nanoseconds."""
        before = cpu_ns(self.server)
        self.assertEqual(self.at(where, who).status, 200)
        return cpu_ns(self.server) - before

    def test_a_file_that_changes_does_not_touch_the_others(self):
        ann, bob = ("ann", "second"), ("bob", "builder")
        for where, who in (("first", bob), ("second", ann), ("second", bob)):
            self.assertEqual(self.at(where, who).status, 200)
        write_users(self.directory / "first", users_text({"zoe": "new"}, self.setting))
        self.assertTrue(self.server.wait_for_log(r"1 users read from \S+/first"), self.server.log())
        self.assertEqual([self.at("first", who).status for who in (bob, ("zoe", "new"))], [401, 200])
        # Who was verified by the second file needs no hash now.
        for who in (ann, bob):
            self.assertLess(self.cost("second", who), 15e6)
        self.assertEqual(self.at("second", ("zoe", "new")).status, 401)
        self.assertNotRegex(self.server.log(), r"users read from \S+/second")
        # Broken, it leaves its own as they were, and the others, too.
        write_users(self.directory / "second", "ann:plain\n")
        self.assertTrue(self.server.wait_for_log("error.*the hash is a plain password"), self.server.log())
        self.assertEqual([self.at("second", ann).status, self.at("first", ("zoe", "new")).status, self.at("third", ("ann", "third")).status],
                         [200, 200, 200])



class Keys(WithUsers):
    def test_each_user_has_keys_of_his_own(self):
        directory = self.folder()
        write_users(directory / "users", users_text({"ann": "a", "bob": "b"}, costly_setting()))
        server = self.start({"auth": {"users": str(directory / "users")}, "access": {"/files/**": "user ann, user bob"},
                             "routes": {"/files": {"uploads": {"directory": "files", "accept": ["raw"], "types": ["text/plain"], "serve": True}}}},
                            {}, directory)
        places = {}
        for who, content in ((("ann", "a"), b"of ann"), (("bob", "b"), b"of bob")) * 2:
            got = self.ask(server, "/files", who, "POST", ["Content-Type: text/plain", "Idempotency-Key: 1"], content)
            self.assertEqual(got.status, 201)
            self.assertEqual(places.setdefault(who, got["Location"]), got["Location"])
            self.assertEqual(self.ask(server, got["Location"], who).body, content)
        self.assertEqual(len(set(places.values())), 2)

if __name__ == "__main__":
    unittest.main()
