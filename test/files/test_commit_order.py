#!/usr/bin/env python3
"""Watches the system calls of commits (strace): data is on the disk before its name exists, the name before the answer;
and looks at what an error or a kill at each of these calls leaves behind. Usage: test_commit_order.py COMMIT_DRIVER"""
import fcntl
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

DRIVER = pathlib.Path("commit_driver")
FORMS = ("unnamed", "proc", "named")
COUNT = 3
WATCHED = "openat,write,fdatasync,linkat,fsync,unlinkat,flock"
DOCUMENT = re.compile(r"upload_\d{8}_\d{6}_[0-9a-f]{16}\.json")
ENVIRONMENT = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}  # the leak sanitizer cannot run under ptrace


class Call:
    def __init__(self, line):
        found = re.match(r"(?:\d+ +)?(\w+)\((.*)\) += (-?\d+)(?: (E\w+))?", line)
        self.name, self.arguments, self.result, self.error = found.groups() if found else (None, "", "-1", None)
        self.result = int(self.result)
        first = re.match(r"-?\d+", self.arguments)
        self.fd = int(first[0]) if first else None

    def __repr__(self):
        return f"{self.name}({self.arguments}) = {self.result}"


def run(directory, count, form, inject=()):
    """Runs the driver under strace; gives its answers, its calls and its exit status."""
    with tempfile.NamedTemporaryFile("r", suffix=".strace") as trace:
        command = ["strace", "-f", "-s", "200", "-o", trace.name, "-e", "trace=" + WATCHED]
        for each in inject:
            command += ["-e", "inject=" + each]
        done = subprocess.run(command + [DRIVER, directory, str(count), form], capture_output=True, text=True,
                              timeout=60, env=ENVIRONMENT)
        calls = [call for call in map(Call, trace) if call.name]
    return done.stdout.splitlines(), calls, done


def commits(calls):
    """The calls of each commit, from the creation of its temporary to its answer. What the start did is left out."""
    found, current = [], None
    for call in calls:
        if call.name == "openat" and re.search(r"O_TMPFILE|fairlead-tmp", call.arguments):
            current = [call]  # the probe at start is opened so too, but never answered
        elif current is not None:
            current.append(call)
            if call.name == "write" and call.fd == 1:
                found.append(current)
                current = None
    return found


def faults(commit):
    """What is wrong with the order of the calls of one commit that was answered with `stored`."""
    file, directory = commit[0].result, commit[0].fd
    written = synced = linked = named = False
    found = []
    for call in commit[1:]:
        if call.result < 0:
            continue
        if call.name == "write" and call.fd == file:
            written, synced = True, False
        elif call.name == "fdatasync" and call.fd == file:
            synced = True
        elif call.name == "linkat" and DOCUMENT.search(call.arguments):
            if not (written and synced):
                found.append("named before its data was synced")
            linked = True
        elif call.name == "fsync" and call.fd == directory:
            named = linked
        elif call.name == "write" and call.fd == 1:
            if not linked:
                found.append("answered without a name")
            if not named:
                found.append("answered before its name was synced")
    return found


class CommitOrder(unittest.TestCase):
    def setUp(self):
        # Beside the driver: /tmp may be in memory, where nothing can be synced.
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="commit-order-", dir=DRIVER.parent))
        self.addCleanup(shutil.rmtree, self.directory)

    def names(self):
        return sorted(entry.name for entry in self.directory.iterdir())

    def clear(self):
        for entry in self.directory.iterdir():
            entry.unlink()

    def position(self, form, name, commit, which=lambda call: True):
        """Which call of `name` in the whole run is the first of that kind in commit number `commit`."""
        _, calls, _ = run(self.directory, COUNT, form)
        self.clear()
        wanted = next(call for call in commits(calls)[commit] if call.name == name and which(call))
        return [call for call in calls if call.name == name].index(wanted) + 1

    def check_stored(self, answers):
        """Every document that was answered for is there, byte for byte."""
        for answer in answers:
            if answer.startswith("stored "):
                _, name, content = answer.split(" ", 2)
                self.assertEqual((self.directory / name).read_text(), content)

    def check_whole(self):
        """Every document is whole, whether it was answered for or not."""
        for name in self.names():
            if DOCUMENT.fullmatch(name):
                self.assertRegex((self.directory / name).read_text(), r'^\{"document":\d\}$')

    def test_order(self):
        for form in FORMS:
            with self.subTest(form):
                answers, calls, done = run(self.directory, COUNT, form)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual([answer.split()[0] for answer in answers], ["stored"] * COUNT)
                self.check_stored(answers)
                self.assertEqual(len(self.names()), COUNT)
                recorded = commits(calls)
                self.assertEqual(len(recorded), COUNT)
                for commit in recorded:
                    self.assertEqual(faults(commit), [])
                self.clear()

    def test_the_check_sees_a_missing_or_late_sync(self):
        _, calls, _ = run(self.directory, 1, "unnamed")
        (commit,) = commits(calls)
        for name in ("fdatasync", "fsync", "linkat"):
            with self.subTest(name + " left out"):
                self.assertNotEqual(faults([call for call in commit if call.name != name]), [])
            with self.subTest(name + " moved to the end"):
                late = [call for call in commit if call.name != name] + [c for c in commit if c.name == name]
                self.assertNotEqual(faults(late), [])
        with self.subTest("directory synced before the link"):
            early = [commit[0]] + [c for c in commit if c.name == "fsync"] + [c for c in commit[1:] if c.name != "fsync"]
            self.assertNotEqual(faults(early), [])

    def test_errors_leave_nothing(self):
        def to_file(call):
            return call.fd != 1

        def to_name(call):
            return bool(DOCUMENT.search(call.arguments))

        anything = lambda call: True  # noqa: E731
        cases = [  # call, which, error, errno, later commits
            ("openat", anything, "ENOSPC", 28, "stored"),
            ("openat", anything, "EROFS", 30, "failed"),
            ("write", to_file, "ENOSPC", 28, "stored"),
            ("write", to_file, "EDQUOT", 122, "stored"),
            ("write", to_file, "EIO", 5, "failed"),
            ("fdatasync", anything, "EIO", 5, "failed"),
            ("fdatasync", anything, "ENOSPC", 28, "stored"),
            ("linkat", to_name, "ENOSPC", 28, "stored"),
            ("linkat", to_name, "EIO", 5, "failed"),
            ("fsync", anything, "EIO", 5, "failed"),
            ("fsync", anything, "ENOSPC", 28, "stored"),
        ]
        for form in FORMS:
            for name, which, error, number, later in cases:
                with self.subTest(f"{form}: {name} {error}"):
                    when = self.position(form, name, 0, which)
                    answers, calls, done = run(self.directory, COUNT, form, [f"{name}:error={error}:when={when}"])
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertEqual(answers[0], f"failed {number}")
                    self.assertEqual([answer.split()[0] for answer in answers[1:]], [later] * (COUNT - 1))
                    self.check_stored(answers)
                    self.assertEqual(len(self.names()), 0 if later == "failed" else COUNT - 1)
                    if name == "fdatasync":  # reported once, never tried again
                        first = commits(calls)[0]
                        self.assertEqual(sum(call.name == "fdatasync" for call in first), 1)
                    self.clear()

    def test_a_name_that_exists_is_never_touched(self):
        for form in FORMS:
            with self.subTest(form):
                when = self.position(form, "linkat", 1, lambda call: bool(DOCUMENT.search(call.arguments)))
                answers, calls, _ = run(self.directory, COUNT, form, [f"linkat:error=EEXIST:when={when}..{when + 1}"])
                self.assertEqual([answer.split()[0] for answer in answers], ["stored"] * COUNT)
                self.check_stored(answers)
                tried = [DOCUMENT.search(call.arguments)[0] for call in commits(calls)[1] if call.name == "linkat"]
                self.assertEqual(len(set(tried)), 3)
                self.clear()

    def test_a_removal_that_cannot_be_synced_is_told(self):
        for form in FORMS:
            with self.subTest(form):
                when = self.position(form, "fsync", 0)
                answers, _, _ = run(self.directory, 1, form, [f"fsync:error=EIO:when={when}+"])
                self.assertRegex(answers[0], r"^failed 5 indeterminate " + DOCUMENT.pattern + "$")
                self.assertEqual(self.names(), [])

    def test_a_kill_at_any_call_leaves_all_or_nothing(self):
        for form in FORMS:
            _, calls, _ = run(self.directory, COUNT, form)
            self.clear()
            numbered, counts = [], {}
            for call in calls:
                counts[call.name] = counts.get(call.name, 0) + 1
                numbered.append((call, counts[call.name]))
            second = commits(calls)[1]
            for call, when in numbered:
                if call not in second:
                    continue
                with self.subTest(f"{form}: {call.name} {when}"):
                    answers, _, done = run(self.directory, COUNT, form, [f"{call.name}:signal=KILL:when={when}"])
                    self.assertEqual(done.returncode, -9)
                    self.assertEqual(len(answers), 1)
                    self.check_stored(answers)
                    self.check_whole()
                    documents = [name for name in self.names() if DOCUMENT.fullmatch(name)]
                    self.assertIn(len(documents), (1, 2))
                    # The next start removes what is no document.
                    again, _, done = run(self.directory, 1, form)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertEqual(len(self.names()), len(documents) + 1)
                    self.check_stored(answers + again)
                    self.clear()

    def test_a_directory_that_cannot_be_locked_has_a_lock_file(self):
        refusal = "flock:error=EBADF:when=1"  # NFS
        answers, calls, done = run(self.directory, 1, "unnamed", [refusal])
        self.assertEqual(answers[0].split()[0], "stored", done.stderr)
        self.assertEqual(self.names()[0], ".fairlead-lock")
        self.assertEqual([call.result for call in calls if call.name == "flock"], [-1, 0])
        with open(self.directory / ".fairlead-lock") as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            _, _, done = run(self.directory, 1, "unnamed", [refusal])
        self.assertEqual(done.returncode, 1)
        self.assertIn("another server", done.stderr)


if __name__ == "__main__":
    DRIVER = pathlib.Path(sys.argv.pop(1)).resolve()
    if not shutil.which("strace"):
        sys.exit("strace is needed: apt-get install strace")
    unittest.main()
