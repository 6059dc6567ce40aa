"""The log of security events, and what fail2ban makes of it: who attacks is found, and nobody can have another one banned."""

import ast
import base64
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from support import PROJECT, Server, binary, request, wait_for

FILTER = PROJECT / "resources/fail2ban/filter.d/fairlead.conf"
JAIL = PROJECT / "resources/fail2ban/jail.d/fairlead.conf"
VICTIM = "203.0.113.9"
FORGED = f"2026-01-02T03:04:05.678Z warn security event=traversal client={VICTIM} peer={VICTIM} request_id=1 detail="
FORGED_JSON = ('{"level":"warn","ts":1767323045.678901,"logger":"security","msg":"security event","event":"traversal",'
               f'"client":"{VICTIM}","peer":"{VICTIM}","request_id":"1","detail":""}}')
ESCAPED = {text: "".join(f"%{byte:02x}" for byte in text.encode()) for text in (FORGED, FORGED_JSON)}


def found_by_fail2ban(log, events=None):
    """The addresses that the filter finds in a file, one for each line that it matches."""
    name = str(FILTER) + (f'[events="{events}"]' if events else "")
    done = subprocess.run(["fail2ban-regex", "-o", "row", str(log), name], capture_output=True, text=True, timeout=60)
    if done.returncode not in (0, 255):  # 255: no match
        raise RuntimeError(done.stdout + done.stderr)
    rows = [ast.literal_eval(line.rstrip(",")) for line in done.stdout.splitlines() if line.startswith("['")]
    return [(address, seconds) for address, seconds, _ in rows]


def send_from(address, port, data):
    """Sends `data` from an address of this machine and returns what came back."""
    with socket.create_connection(("127.0.0.1", port), timeout=10, source_address=(address, 0)) as line:
        line.sendall(data)
        pieces = []
        try:
            while piece := line.recv(65536):
                pieces.append(piece)
        except ConnectionResetError:
            pass
        return b"".join(pieces)


def hostile_requests():
    """Requests that try to write a line of their own, or another's address into a line: all are refused."""
    close = ["Connection: close"]
    texts = [f" client={VICTIM} ", f'" client={VICTIM} peer={VICTIM} detail="', f"\n{FORGED}", f"\r\n{FORGED}\"\"\r\n",
             f"\n{FORGED_JSON}", f'","client":"{VICTIM}","peer":"{VICTIM}"', f"\u2028{FORGED}", f"\x85{FORGED}", f"\x1b[2K\r{FORGED}"]
    for text in texts:
        escaped = "".join(f"%{byte:02x}" for byte in text.encode())
        yield request("GET", f"/../{escaped}", close)
        yield request("GET", f"/..%2f{escaped}", close)
        yield request("GET", f"/ok.txt?{escaped}/../", close)
        raw = text.encode()
        yield b"GET /../" + raw + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        yield b"GET / HTTP/1.1\r\nHost: evil" + raw + b"\r\nConnection: close\r\n\r\n"
        yield b"GET http://evil" + escaped.encode() + b"/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        yield b"G" + raw + b" /../ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        for field in ("User-Agent", "Referer", "X-Request-Id", "X-Forwarded-For", "Forwarded", "X-Real-IP", "Cookie"):
            yield b"GET /../x HTTP/1.1\r\nHost: localhost\r\n" + field.encode() + b": " + raw + b"\r\nConnection: close\r\n\r\n"
    for host in (VICTIM, f"client={VICTIM}", f"evil.example client={VICTIM}", f"evil.example:80:{VICTIM}", f"[{VICTIM}]"):
        yield request("GET", "/", close, host=host)
    for field in ("X-Forwarded-For", "X-Real-IP"):
        yield request("GET", "/../x", [*close, f"{field}: {VICTIM}"])
    yield request("GET", "/../x", [*close, f"Forwarded: for={VICTIM}"])


class WithServer(unittest.TestCase):
    settings = {}

    def setUp(self):
        self.server = Server(self.settings, files={"index.html": b"x", "ok.txt": b"text"})
        self.addCleanup(self.server.close)
        (self.server.directory / "secret.txt").write_text("secret")
        (self.server.root / "escaping.txt").symlink_to("../secret.txt")
        os.mkfifo(self.server.root / "pipe.txt")
        self.security = self.server.directory / "security.log"

    def attack(self, address="127.0.0.1"):
        """One of each kind; what their events are called."""
        for target, host in (("/../etc/passwd", "localhost"), ("/", "evil.example"), ("/escaping.txt", "localhost"),
                             ("/pipe.txt", "localhost")):
            self.assertIn(b" 403 ", send_from(address, self.server.port, request("GET", target, ["Connection: close"], host=host)))
        return ["traversal", "host", "symlink", "special_file"]

    def lines(self, at_least):
        wait_for(lambda: self.security.exists() and self.security.read_bytes().count(b"\n") >= at_least)
        return self.security.read_text().splitlines()


class Text(WithServer):
    settings = {"log": {"level": "debug", "security": {"file": "security.log"}}}
    event = re.compile(r"event=(\w+) client=(\S+) peer=(\S+) request_id=([0-9a-f]{16}) detail=\"")

    def test_events_stand_in_a_file_of_their_own(self):
        kinds = self.attack()
        found = [self.event.search(line).groups() for line in self.lines(4)]
        self.assertEqual([one[0] for one in found], kinds)
        self.assertEqual({one[1:3] for one in found}, {("127.0.0.1", "127.0.0.1")})
        self.assertNotRegex(self.server.log(), "security (event|ev)=|security event")
        self.assertRegex(self.server.log(), rf"logs: server standard error \(text\), access .* \(combined\), security {self.security} \(text\)")
        for one in found:  # the log at debug names the same request, and why it was refused
            self.assertTrue(self.server.wait_for_log(rf"debug request {one[3]} refused 403: \S.+\n"))


class Json(Text):
    settings = {"log": {"level": "debug", "security": {"file": "security.log", "format": "json"}}}

    def test_events_stand_in_a_file_of_their_own(self):
        kinds = self.attack()
        found = [json.loads(line) for line in self.lines(4)]
        self.assertEqual([one["event"] for one in found], kinds)
        self.assertEqual({(one["client"], one["peer"], one["logger"]) for one in found}, {("127.0.0.1", "127.0.0.1", "security")})


@unittest.skipUnless(shutil.which("fail2ban-regex"), "fail2ban is missing")
class Fail2ban(WithServer):
    settings = {"log": {"level": "debug", "security": {"file": "security.log"}}}
    forged = FORGED + '""'

    def test_each_event_is_found_with_its_address_and_time(self):
        before = time.time()
        for address in ("127.0.0.1", "127.0.0.2", "127.0.0.3"):
            self.attack(address)
        self.lines(12)
        found = found_by_fail2ban(self.security)
        self.assertEqual([one[0] for one in found], ["127.0.0.1"] * 4 + ["127.0.0.2"] * 4 + ["127.0.0.3"] * 4)
        for _, seconds in found:
            self.assertAlmostEqual(seconds, before, delta=60)

    def test_a_jail_may_choose_events(self):
        self.attack()
        self.lines(4)
        self.assertEqual(len(found_by_fail2ban(self.security, "traversal|host")), 2)
        self.assertEqual(len(found_by_fail2ban(self.security, "auth")), 0)

    def test_nobody_can_have_another_one_banned(self):
        asked = list(hostile_requests())
        for data in asked:
            answer = send_from("127.0.0.2", self.server.port, data)
            self.assertRegex(answer, rb"^HTTP/1\.1 [2345]\d\d ")
        self.assertEqual(self.server.stop(), 0)
        logs = [self.security, self.server.log_file, self.server.access]
        self.assertIn(VICTIM, self.server.access.read_text())  # they tried
        events = sum(log.read_text().count(word) for log in logs for word in (" security event=", '"logger":"security"'))
        self.assertGreater(events, len(asked) / 2)
        found = [address for log in logs for address, _ in found_by_fail2ban(log)]
        self.assertEqual(set(found), {"127.0.0.2"})
        # Each line that the server wrote about an event counts, once.
        self.assertEqual(len(found), self.real_events(logs))

    def real_events(self, logs):
        return sum(line[24:].startswith(" warn security event=") for log in logs for line in log.read_text().splitlines())

    def test_the_filter_would_see_a_forged_line(self):
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "log"
            log.write_text(self.forged + "\n")
            self.assertEqual([address for address, _ in found_by_fail2ban(log)], [VICTIM])


class Fail2banJson(Fail2ban):
    settings = {"log": {"level": "debug", "format": "json", "access": {"format": "json"}, "security": {"file": "security.log"}}}
    forged = FORGED_JSON

    def real_events(self, logs):
        return sum(json.loads(line)["logger"] == "security" for log in logs for line in log.read_text().splitlines())


class Fail2banInTheLog(Fail2ban):
    """Without a file of their own events stand between lines of other kinds."""
    settings = {"log": {"level": "debug", "file": "security.log"}}


@unittest.skipUnless(shutil.which("fail2ban-regex"), "fail2ban is missing")
class WithUsers(WithServer):
    """Wrong passwords, refused tunnels, and clients behind a proxy."""
    settings = {"auth": {"users": "users", "realm": "x"}, "access": {"/team/**": "users", "/**": "public"}, "trusted_proxies": ["127.0.1.1"],
                "connect": {"allow": ["db.example:5432"]}, "log": {"level": "debug", "access": {"format": "json"}, "security": {"file": "security.log"}}}

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="fairlead-e2e-")
        self.addCleanup(folder.cleanup)
        line = subprocess.run([binary(), "hash-password", "--user", "ann", "--scheme", "sha512"], input="wonder\n", capture_output=True, text=True,
                              check=True, timeout=60).stdout
        users = Path(folder.name) / "users"
        users.write_text(line)
        users.chmod(0o600)
        self.server = Server(self.settings, files={"index.html": b"x", "team/a.html": b"team"}, directory=folder.name)
        self.addCleanup(self.server.close)
        self.security = self.server.directory / "security.log"

    def ask(self, address, target="/team/a.html", user=None, fields=(), method="GET"):
        fields = ["Connection: close", *fields]
        if user is not None:
            fields.append("Authorization: Basic " + base64.b64encode(user.encode()).decode())
        answer = send_from(address, self.server.port, request(method, target, fields))
        return int(answer.split()[1])

    def found(self, at_least):
        self.lines(at_least)
        return [address for address, _ in found_by_fail2ban(self.security)]

    def test_who_tries_passwords_is_found(self):
        statuses = [self.ask("127.0.0.5", user="ann:wrong") for _ in range(14)]
        self.assertEqual(set(statuses), {401, 429})
        self.assertEqual(self.ask("127.0.0.6", user="ann:wonder"), 200)
        self.assertEqual(self.found(14), ["127.0.0.5"] * 14)
        self.assertEqual(len(found_by_fail2ban(self.security, "auth")), statuses.count(401))
        self.assertEqual(len(found_by_fail2ban(self.security, "throttle")), statuses.count(429))

    def test_a_name_cannot_be_another_ones_address(self):
        names = [VICTIM, f'x" client={VICTIM} peer={VICTIM} "', f"x\r\n{FORGED}\"\"\r\n", f"x\n{FORGED_JSON}\n", f"ann client={VICTIM}", f"\u2028{FORGED}"]
        for number, name in enumerate(names):
            for user in (f"{name}:wrong", f"ann:{name}", name):
                self.assertEqual(self.ask(f"127.0.0.{10 + number}", user=user), 401, user)
        found = self.found(3 * len(names))
        self.assertEqual(found, [f"127.0.0.{10 + number}" for number in range(len(names)) for _ in range(3)])
        self.assertEqual(self.server.stop(), 0)
        for log in (self.server.log_file, self.server.access):
            self.assertEqual(found_by_fail2ban(log), [])

    def test_refused_tunnels_are_found(self):
        for target in ("evil.example:5432", "db.example:22", "[::ffff:127.0.0.1]:22", f"{VICTIM}:22"):
            self.assertEqual(self.ask("127.0.0.7", target, method="CONNECT"), 403, target)
        self.assertEqual(self.found(4), ["127.0.0.7"] * 4)

    def test_behind_a_proxy_it_is_the_client_who_is_found(self):
        behind = [("127.0.1.1", "198.51.100.7", "198.51.100.7"), ("127.0.1.1", f"{VICTIM}, 198.51.100.8", "198.51.100.8"),
                  ("127.0.1.1", "2001:db8::7", "2001:db8::7"), ("127.0.0.8", VICTIM, "127.0.0.8"), ("127.0.1.1", None, "127.0.1.1")]
        for peer, said, _ in behind:
            self.assertEqual(self.ask(peer, "/../x", fields=[f"X-Forwarded-For: {said}"] if said else []), 403)
        self.assertEqual(self.found(len(behind)), [client for _, _, client in behind])
        for line, (peer, _, client) in zip(self.lines(len(behind)), behind):
            self.assertIn(f" client={client} peer={peer} ", line)
        self.assertEqual(self.server.stop(), 0)
        said = [json.loads(line)["request"] for line in self.server.access.read_text().splitlines()]
        self.assertEqual([(one["remote_ip"], one["client_ip"]) for one in said], [(peer, client) for peer, _, client in behind])

    def test_the_access_log_names_the_user_and_never_the_password(self):
        for user, status in (("ann:wonder", 200), ("ann:wrong", 401), ("nobody:wonder", 401)):
            self.assertEqual(self.ask("127.0.0.9", user=user), status)
        self.assertEqual(self.ask("127.0.0.9", "/"), 200)
        self.assertEqual(self.server.stop(), 0)
        said = [json.loads(line) for line in self.server.access.read_text().splitlines()]
        self.assertEqual([(one["user_id"], one["status"]) for one in said], [("ann", 200), ("", 401), ("", 401), ("", 200)])
        everything = "".join(log.read_text() for log in (self.server.access, self.server.log_file, self.security))
        for secret in ("wonder", "nobody", base64.b64encode(b"ann:wonder").decode()):
            self.assertNotIn(secret, everything)
        # Why each was refused stands in the log at debug.
        self.assertRegex(everything, r"debug request [0-9a-f]{16} refused 401: .*wrong password of user ann")


@unittest.skipUnless(shutil.which("fail2ban-client"), "fail2ban is missing")
class Jail(unittest.TestCase):
    def test_the_example_is_one_that_fail2ban_takes(self):
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder)
            for name in ("action.d", "filter.d"):
                shutil.copytree(Path("/etc/fail2ban") / name, folder / name)
            for path in Path("/etc/fail2ban").glob("*.conf"):
                shutil.copy(path, folder)
            (folder / "jail.d").mkdir()
            shutil.copy(FILTER, folder / "filter.d")
            log = folder / "security.log"
            log.touch()
            text = JAIL.read_text()
            self.assertIn("/var/log/fairlead/security.log", text)
            (folder / "jail.d/fairlead.conf").write_text(text.replace("/var/log/fairlead/security.log", str(log)))
            done = subprocess.run(["fail2ban-client", "-c", str(folder), "-d"], capture_output=True, text=True, timeout=60)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertIn("['add', 'fairlead', ", done.stdout)
            self.assertIn(str(log), done.stdout)


if __name__ == "__main__":
    unittest.main()
