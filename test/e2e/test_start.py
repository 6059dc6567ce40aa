"""Starting: the command line, the configuration and its sources, what a start that fails says, the health check."""

import json
import os
import re
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path

import support
from support import Server, run


class WithDirectory(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="fairlead-e2e-")
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)
        (self.directory / "www").mkdir()

    def config(self, text):
        path = self.directory / "site.json"
        path.write_text(text if isinstance(text, str) else json.dumps(text))
        return path

    def good(self, **changes):
        return self.config(support.merged({"listen": ["127.0.0.1:0"], "admin": {"listen": []}, "root": "www"}, changes))


class ClosedDescriptors(WithDirectory):
    def test_what_is_opened_does_not_become_standard_output(self):
        config = self.good(log={"security": {"file": str(self.directory / "security.log")}})
        closing = ["sh", "-c", 'exec "$0" -c "$1" <&- >&-', support.binary(), str(config)]
        process = subprocess.Popen(closing, stderr=subprocess.PIPE, text=True, env=support.environment())
        with process:
            while "listening on" not in process.stderr.readline():
                self.assertIsNone(process.poll())
            for number in (0, 1):
                self.assertEqual(os.readlink(f"/proc/{process.pid}/fd/{number}"), "/dev/null")
            process.terminate()


class Configuration(WithDirectory):
    def test_good_one(self):
        self.assertEqual(run("--test", "-c", self.good())[0], 0)

    def test_shipped_ones_are_good(self):
        for path in sorted((support.PROJECT / "config").glob("*.json")):
            if not path.name.endswith(".schema.json"):
                with self.subTest(path.name):
                    self.assertEqual(run("-t", "-c", path)[0], 0)

    def test_every_error_is_listed_with_its_place(self):
        config = self.config("""{
    "trheads": 2,
    "listen": "127.0.0.1:99999",
    "limits": {"connections": "many", "queue_timeout": 5, "queue": -1},  // three
    "uploads": {"durability": "maybe",},
    "root": "www",
    "root": "www",
}""")
        code, _, errors = run("--test", "-c", config)
        self.assertEqual(code, 1)
        for pointer, line in (("/trheads", 2), ("/listen", 3), ("/limits/connections", 4), ("/limits/queue_timeout", 4),
                              ("/limits/queue", 4), ("/uploads/durability", 5), ("/root", 7)):
            with self.subTest(pointer):
                self.assertRegex(errors, rf"site\.json:{line}:\d+: {re.escape(pointer)}\b")
        self.assertIn("did you mean /threads?", errors)

    def test_syntax_error_has_line_and_column(self):
        code, _, errors = run("-t", "-c", self.config('{\n  "threads": 2\n  "root": "www"\n}'))
        self.assertEqual(code, 1)
        self.assertRegex(errors, r"site\.json:3:3: ")

    def test_missing_file_is_named(self):
        code, _, errors = run("-t", "-c", self.directory / "missing.json")
        self.assertEqual(code, 1)
        self.assertIn("missing.json", errors)

    def test_effective_values_with_their_sources(self):
        code, text, _ = run("-T", "-c", self.good(limits={"queue": 7}), "--threads", "3", FAIRLEAD_LIMITS_CONNECTIONS="64")
        self.assertEqual(code, 0)
        lines = {match[1]: match[0] for match in re.finditer(r'.*"(queue|threads|connections|in_flight)".*', text)}
        self.assertRegex(lines["queue"], r"7.*site\.json")
        self.assertRegex(lines["connections"], r"64.*FAIRLEAD_LIMITS_CONNECTIONS")
        self.assertRegex(lines["threads"], r"3.*--threads")
        self.assertRegex(lines["in_flight"], r"512.*default")

    def test_what_is_printed_was_checked(self):
        code, text, errors = run("-T", "-c", self.good(root="missing"))
        self.assertEqual((code, text), (1, ""))
        self.assertIn("/root: ", errors)

    def test_flag_over_environment_over_file_over_default(self):
        config = self.good(threads=2)
        for expected, arguments, variables in ((2, [], {}), (3, [], {"FAIRLEAD_THREADS": "3"}),
                                               (4, ["--threads", "4"], {"FAIRLEAD_THREADS": "3"})):
            _, text, _ = run("-T", "-c", config, *arguments, **variables)
            self.assertRegex(text, rf'"threads": {expected}\b')

    def test_bad_variable_is_an_error_that_names_it(self):
        code, _, errors = run("-t", "-c", self.good(), FAIRLEAD_LIMITS_QUEUE="lots")
        self.assertEqual(code, 1)
        self.assertIn("FAIRLEAD_LIMITS_QUEUE", errors)

    def test_schema_and_types_are_those_that_are_shipped(self):
        for arguments, name in ((["--print-schema"], "fairlead.schema.json"), (["--print-types", "web"], "types/web.json"),
                                (["--print-types", "strict"], "types/strict.json")):
            with self.subTest(name):
                self.assertEqual(run(*arguments)[1], (support.PROJECT / "config" / name).read_text())


class CommandLine(WithDirectory):
    def test_version_and_help(self):
        self.assertRegex(run("--version")[1], r"^fairlead \d+\.\d+\.\d+\n$")
        code, text, _ = run("--help")
        self.assertEqual(code, 0)
        for option in ("--config", "--test", "-T", "--root", "--listen", "--port", "--threads", "healthcheck"):
            self.assertIn(option, text)

    def test_unknown_option_is_refused_with_a_hint(self):
        code, _, errors = run("--prot", "80")
        self.assertEqual(code, 1)
        self.assertIn("did you mean --port?", errors)

    def test_short_form(self):
        code, text, _ = run("-T", "-c", self.good(), "8081", "127.0.0.2", "5")
        self.assertEqual(code, 0)
        self.assertIn("127.0.0.2:8081", text)
        self.assertRegex(text, r'"threads": 5\b')


class Failing(WithDirectory):
    def test_bind_says_which_and_why(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            where = "127.0.0.1:%d" % taken.getsockname()[1]
            code, _, errors = run("-c", self.good(listen=["127.0.0.1:0", where]))
        self.assertEqual(code, 1)
        self.assertIn(where, errors)
        self.assertIn("in use", errors)

    def test_missing_root_is_named(self):
        code, _, errors = run("-c", self.good(root="nowhere"))
        self.assertEqual(code, 1)
        self.assertIn("nowhere", errors)

    def test_uploads_inside_root_are_refused(self):
        code, _, errors = run("-c", self.good(uploads={"directory": "www/up"}))
        self.assertEqual(code, 1)
        self.assertIn("uploads.inside_root", errors)

    def refusal(self, **changes):
        code, _, errors = run("-t", "-c", str(self.good(**changes)))
        self.assertEqual(code, 1)
        return errors

    def test_uploads_around_a_root_are_refused(self):
        (self.directory / "link").symlink_to("www")
        for directory in (".", str(self.directory), "/"):
            self.assertIn("everyone who may upload could change what is published", self.refusal(uploads={"directory": directory}))
        code, _, errors = run("-c", str(self.good(root="link", uploads={"directory": "www"})))
        self.assertEqual(code, 1)
        self.assertIn("lies inside root", errors)

    def test_programs_among_uploads_are_refused(self):
        (self.directory / "store").mkdir()
        (self.directory / "link").symlink_to("store")
        for name in ("store/front.php", "www/front.php", "www/a.sh"):
            (self.directory / name).write_text("#!/bin/sh")
            (self.directory / name).chmod(0o755)
        store = {"directory": "store", "accept": ["put"], "inside_root": True}
        fastcgi = {"servers": ["127.0.0.1:1"]}
        for what, routes in {
            "could run programs": {"/up": {"uploads": {**store, "directory": "."}}, "/run": {"cgi": {"programs": {"sh": "/bin/sh"}}}},
            "could replace the program": {"/up": {"uploads": store}, "/run": {"fastcgi": {**fastcgi, "script": str(self.directory / "link/front.php")}}},
            "would be sent as a file": {"/pages": {"types": ["php"]}, "/run": {"fastcgi": {**fastcgi, "script": str(self.directory / "www/front.php")}}},
            "is a script, whose source would be sent": {"/run": {"fastcgi": fastcgi, "error_pages": {"404": "/front.php"}}},
        }.items():
            self.assertIn(what, self.refusal(routes=routes))

    def test_a_file_of_users_is_not_reached_through_a_link(self):
        (self.directory / "real").mkdir()
        (self.directory / "link").symlink_to("real")
        (self.directory / "real/users").write_text("ann:$6$rounds=200000$abcdefgh$x\n")
        (self.directory / "real/users").chmod(0o640)
        for folder in ({"root": "link"}, {"uploads": {"directory": "link"}}):
            self.assertIn("where clients may read or replace it", self.refusal(auth={"users": "real/users"}, access={"/**": "users"}, **folder))

    def test_one_upload_directory_belongs_to_one_server(self):
        server = Server(directory=self.directory)
        self.addCleanup(server.close)
        code, _, errors = run("-c", self.good(uploads={"directory": "uploads"}))
        self.assertEqual(code, 1)
        self.assertIn("uploads", errors)


class Running(unittest.TestCase):
    def test_start_says_what_where_and_which_limits(self):
        server = Server({"threads": 2, "limits": {"connections": 77}}, variables={"FAIRLEAD_LIMITS_QUEUE": "5"})
        self.addCleanup(server.close)
        self.assertTrue(server.wait_for_log(r"2 I/O threads; connections 77 .*queue 5\b"))
        self.assertIn("serving " + str(server.root), server.log())
        self.assertRegex(server.log(), "taking uploads into .*durability (full|off)")

    def test_environment_overrides_the_file_of_a_running_server(self):
        server = Server({"types": "web"}, files={"a.txt": b"a", "b.css": b"b"}, variables={"FAIRLEAD_TYPES": "txt,html"})
        self.addCleanup(server.close)
        self.assertEqual([server.ask(target=path).status for path in ("/a.txt", "/b.css")], [200, 415])

    def test_several_listeners_and_both_families(self):
        server = Server({"listen": ["127.0.0.1:0", "[::1]:0", "127.0.0.2:0"]}, files={"index.html": b"here"})
        self.addCleanup(server.close)
        found = server.wait_for_log(r"listening on http://\[::1\]:(\d+)[\s\S]*listening on http://127\.0\.0\.2:(\d+)")
        for host, port in (("::1", found[1]), ("127.0.0.2", found[2])):
            with socket.create_connection((host, int(port)), 5) as line:
                line.sendall(support.request("GET", "/", ["Connection: close"]))
                self.assertTrue(line.makefile("rb").read().endswith(b"here"))

    def test_wildcard_without_hosts_warns(self):
        server = Server({"listen": ["127.0.0.1:0", "0.0.0.0:0"]})
        self.addCleanup(server.close)
        self.assertTrue(server.wait_for_log(r"warn .*hosts"))

    def test_healthcheck(self):
        server = Server()
        self.addCleanup(server.close)
        for port, path, code in ((server.port, "", 0), (server.port, "/livez", 0), (server.admin_port, "/readyz", 0),
                                 (server.port, "/missing.txt", 1)):
            with self.subTest(path):
                self.assertEqual(run("healthcheck", "--url", f"http://127.0.0.1:{port}{path}")[0], code)
        server.stop()
        code, _, errors = run("healthcheck", "--url", f"http://127.0.0.1:{server.port}/readyz")
        self.assertEqual(code, 1)
        self.assertIn("refused", errors)


class Hosts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server({"hosts": ["www.example.org", "*.example.net"]}, files={"index.html": b"here"})
        cls.addClassCleanup(cls.server.close)

    def test_listed_and_loopback_names_are_served(self):
        for host in ("www.example.org", "WWW.Example.org:8080", "a.b.example.net", "localhost", "localhost:1", "127.0.0.1",
                     "[::1]:8080"):
            with self.subTest(host):
                self.assertEqual(self.server.ask(host=host).status, 200)

    def test_other_names_are_403_and_the_log_says_what_would_allow_them(self):
        for host in ("example.org", "example.net", "evil.example", "www.example.org.evil.example"):
            with self.subTest(host):
                answer = self.server.ask(host=host)
                self.assertEqual(answer.status, 403)
                line = self.server.wait_for_log(rf".*event=host .*request_id={answer['X-Request-Id']}.*")
                self.assertTrue(line)
                self.assertIn('hosts', line[0])
                self.assertIn(host, line[0])

    def test_bad_missing_and_repeated_ones_are_400(self):
        for head in (b"Host: a b\r\n", b"", b"Host: localhost\r\nHost: localhost\r\n", b"Host: localhost:99999999\r\n"):
            with self.subTest(head), self.server.connect() as line:
                line.send(b"GET / HTTP/1.1\r\n" + head + b"\r\n")
                self.assertEqual(line.answer().status, 400)

    def test_health_needs_no_name(self):
        self.assertEqual(self.server.ask(target="/livez", host="10.1.2.3:8080").status, 200)


if __name__ == "__main__":
    unittest.main()
