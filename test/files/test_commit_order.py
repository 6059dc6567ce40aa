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
KINDS = ("create", "digest", "nested", "replace", "remove", "folder", "keyed")
COUNT = 3
WATCHED = "openat,write,fsetxattr,fdatasync,fsync,linkat,renameat,renameat2,unlinkat,mkdirat,flock"
SYNCS = ("fdatasync", "fsync")
TEMPORARY = ".fairlead-tmp-"
KEYS = ".fairlead-keys"
DOCUMENT = re.compile(r"upload_\d{8}_\d{6}_[0-9a-f]{16}\.json")
ERRORS = {"ENOSPC": 28, "EDQUOT": 122, "EIO": 5}
ENVIRONMENT = {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"}  # the leak sanitizer cannot run under ptrace


class Call:
    """A line of strace: descriptors are numbers with their path in angle brackets."""

    def __init__(self, line):
        found = re.match(r"(?:\d+ +)?(\w+)\((.*)\) += (-?\d+)", line)
        self.name, self.arguments, result = found.groups() if found else (None, "", "-1")
        self.result = int(result)
        self.fds = [(int(fd), path) for fd, path in re.findall(r"(?:^|, )(\d+)<([^>]*)>", self.arguments)]
        self.names = re.findall(r'"([^"]*)"', self.arguments)
        self.is_answer = self.name == "write" and self.fds[0][0] == 1
        self.is_of_file = bool(self.fds) and "/#" in self.fds[0][1] or TEMPORARY in self.arguments.split(">")[0]

    def __repr__(self):
        return f"{self.name}({self.arguments}) = {self.result}"


def run(directory, form, kind, inject=(), count=COUNT):
    """Runs the driver under strace; gives its answers, its calls and its exit status."""
    with tempfile.NamedTemporaryFile("r", suffix=".strace") as trace:
        command = ["strace", "-f", "-y", "-s", "200", "-o", trace.name, "-e", "trace=" + WATCHED]
        for each in inject:
            command += ["-e", "inject=" + each]
        done = subprocess.run(command + [DRIVER, directory, str(count), form, kind], capture_output=True, text=True,
                              timeout=60, env=ENVIRONMENT)
        calls = [call for call in map(Call, trace) if call.name]
    return done.stdout.splitlines()[1:], calls, done


def commits(calls):
    """The calls of each commit up to its answer. What the start did, which says `ready`, is left out."""
    found = [[]]
    for call in calls:
        found[-1].append(call)
        if call.is_answer:
            found.append([])
    return found[1:-1]


class Disk:
    """What is on the disk and what is not, while one call after the other is looked at."""

    def __init__(self, kind):
        self.found = []        # faults
        self.content = {}      # descriptor of a file: what of it is not on the disk, "bytes" or "attributes"
        self.temporaries = {}  # name: the descriptor of the file, or the path of the folder
        self.unsynced = set()  # directories with names that are not on the disk
        self.entries = {}      # path of a folder that has no name yet: how many files lie in it
        self.expected = 2 if kind == "keyed" else 1
        self.changes = 0       # that clients see, since the last answer

    def see(self, call):
        if call.result < 0:
            return
        if call.is_answer:
            self.answer()
        elif hasattr(self, "see_" + call.name):
            getattr(self, "see_" + call.name)(call)

    def answer(self):
        if self.changes != self.expected:
            self.found.append("answered without a change")
        if self.unsynced:
            self.found.append("answered before a name was synced")
        self.changes = 0

    def see_openat(self, call):
        if "O_TMPFILE" in call.arguments or ("O_CREAT" in call.arguments and TEMPORARY in call.arguments):
            self.content[call.result] = {"bytes"}
            if "O_CREAT" in call.arguments:
                self.temporaries[call.names[0]] = call.result

    def see_write(self, call):
        if call.fds[0][0] in self.content:
            self.content[call.fds[0][0]].add("bytes")

    def see_fsetxattr(self, call):
        self.content[call.fds[0][0]].add("attributes")

    def see_fdatasync(self, call):
        self.content[call.fds[0][0]].discard("bytes")

    def see_fsync(self, call):
        fd, path = call.fds[0]
        # Numbers are used again: what was a file may be a directory now.
        if fd in self.content and ("/#" in path or TEMPORARY in path) and path not in self.entries:
            self.content[fd] = set()
        else:
            self.unsynced.discard(path)

    def see_mkdirat(self, call):
        if call.names[0].startswith(TEMPORARY):
            folder = call.fds[0][1] + "/" + call.names[0]
            self.temporaries[call.names[0]] = folder
            self.entries[folder] = 0
        else:
            self.unsynced.add(call.fds[0][1])

    def see_linkat(self, call):
        target = call.fds[-1][1]
        source, name = call.names
        if source.startswith("/proc/"):
            file = int(source.rsplit("/", 1)[1])
        else:
            file = self.temporaries[source] if source else call.fds[0][0]
        self.name(file, target, name)

    def see_renameat(self, call):
        self.see_renameat2(call)

    def see_renameat2(self, call):
        (_, source), (_, target) = call.fds
        old, new = call.names
        if old.startswith(TEMPORARY):
            moved = self.temporaries[old] if "RENAME_EXCHANGE" in call.arguments else self.temporaries.pop(old)
            self.name(moved, target, new)
        else:  # put aside
            self.unsynced.add(source)
            self.changes += 1

    def name(self, what, target, name):
        """Something gets a name in a directory."""
        if name.startswith(TEMPORARY):
            self.temporaries[name] = what
        if self.content.get(what) or what in self.unsynced:
            self.found.append("named before its content was synced")
        if name.startswith(TEMPORARY):
            return
        self.unsynced.add(target)
        if target in self.entries:
            self.entries[target] += 1
            return
        if self.entries.get(what, 2) != 2:
            self.found.append("named without its files")
        if target.endswith("/" + KEYS):
            if name == "secret":
                return
            if self.changes == 0 or self.unsynced != {target}:
                self.found.append("remembered before it was stored")
        self.changes += 1


def faults(calls, kind):
    """What is wrong with the order of the calls of commits that were all answered with success."""
    disk = Disk(kind)
    for call in calls:
        disk.see(call)
    return disk.found


def needed(calls, kind):
    """The calls that a promise rests on: they give a name, or bring to the disk what was not there."""
    disk = Disk(kind)
    found = []
    for call in calls:
        before = repr((disk.content, disk.unsynced))
        disk.see(call)
        is_sync = call.name in SYNCS and before != repr((disk.content, disk.unsynced))
        if call.result >= 0 and (is_sync or call.name in ("linkat", "renameat", "renameat2")):
            found.append(call)
    return found


def after_the_start(calls):
    return [call for commit in commits(calls) for call in commit]


class CommitOrder(unittest.TestCase):
    recorded = {}

    def setUp(self):
        # Beside the driver: /tmp may be in memory, where nothing can be synced.
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="commit-order-", dir=DRIVER.parent))
        self.addCleanup(shutil.rmtree, self.directory)

    def prepare(self, kind):
        """An empty store; with the files that are replaced or removed."""
        for entry in self.directory.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        if kind in ("replace", "remove"):
            for number in range(COUNT):
                (self.directory / f"kept_{number}.json").write_text(f"old {number}")

    def run_new(self, form, kind, inject=(), count=COUNT):
        self.prepare(kind)
        return run(self.directory, form, kind, inject, count)

    def record(self, form, kind):
        """The calls of a run without errors, as often as they are asked for."""
        if (form, kind) not in self.recorded:
            self.recorded[form, kind] = self.run_new(form, kind)[1]
        return self.recorded[form, kind]

    def each(self):
        for form in FORMS:
            for kind in KINDS:
                yield form, kind

    def files(self):
        """Content of all files that a client may see: path and text."""
        return {str(path.relative_to(self.directory)): path.read_text() for path in self.directory.rglob("*")
                if path.is_file() and KEYS not in path.parts}

    def check_clean(self):
        self.assertEqual([path for path in self.directory.rglob(TEMPORARY + "*")], [])

    def check_told(self, answers):
        """What was told of is so: each stored file is there, byte for byte, and each removed one is gone."""
        files = self.files()
        for answer in answers:
            what, name, *content = answer.split(" ", 2)
            if what in ("stored", "again"):
                self.assertEqual(files[name], content[0])
            elif what == "removed":
                self.assertNotIn(name, files)

    def check_whole(self, kind):
        """Every file is whole, whether it was answered for or not, and so is every folder."""
        for name, text in self.files().items():
            self.assertRegex(text, r'^(\{"document":\d\}|old \d)$', name)
        for folder in self.directory.glob("form_*"):
            self.assertEqual(sorted(path.name for path in folder.iterdir()), ["fields.json", "file_1.json"])
        if kind == "replace":
            self.assertEqual(len(self.files()), COUNT)

    def check_unchanged(self, kind, before, number):
        """Nothing is left of the commit with that number."""
        if kind in ("replace", "remove"):
            self.assertEqual((self.directory / f"kept_{number}.json").read_text(), f"old {number}")
        self.assertEqual(set(self.files()) - before, set())

    def test_order(self):
        for form, kind in self.each():
            with self.subTest(f"{form} {kind}"):
                answers, calls, done = self.run_new(form, kind)
                self.assertEqual(done.returncode, 0, done.stderr)
                told = "removed" if kind == "remove" else "stored"
                self.assertEqual([answer.split()[0] for answer in answers], [told] * COUNT)
                self.assertEqual(len(commits(calls)), COUNT)
                self.assertEqual(faults(after_the_start(calls), kind), [])
                self.check_told(answers)
                self.check_whole(kind)
                self.check_clean()
                expected = {"remove": 0, "folder": 2 * COUNT}
                self.assertEqual(len(self.files()), expected.get(kind, COUNT))

    def test_the_check_sees_a_missing_or_late_call(self):
        for form, kind in self.each():
            recorded = commits(self.record(form, kind))
            # Directories are made by the first commit only; what others make once is not what is looked at here.
            first, second = ([], recorded[0]) if kind == "nested" else recorded[:2]
            self.assertEqual(faults(first + second, kind), [])
            steps = needed(first + second, kind)[len(needed(first, kind)):]
            self.assertGreaterEqual(len(steps), 2)
            for step in steps:
                rest = [call for call in second if call is not step]
                doctored = {"left out": rest, "behind the answer": rest + [step]}
                if step.name in SYNCS:
                    doctored["at the begin"] = [step] + rest
                elif kind == "replace" and step.name == "linkat":
                    continue  # what follows would have failed: no run can look like this
                for what, calls in doctored.items():
                    with self.subTest(f"{form} {kind}: {step} {what}"):
                        self.assertNotEqual(faults(first + calls, kind), [])

    def test_a_record_before_its_upload_is_seen(self):
        for form in FORMS:
            first, second = commits(self.record(form, "keyed"))[:2]
            upload = [next(call for call in second if call.name == "linkat" and '"upload_' in call.arguments),
                      next(call for call in second if call.name == "fsync" and not call.is_of_file)]
            late = [call for call in second[:-1] if call not in upload] + upload + second[-1:]
            self.assertEqual(faults(first + late, "keyed"), ["remembered before it was stored"])

    def position(self, form, kind, wanted):
        """Which call of its name in the whole run it is."""
        return [call for call in self.record(form, kind) if call.name == wanted.name].index(wanted) + 1

    def is_tolerated(self, kind, call, commit):
        """A failure of this call is no failure of the commit: it tidies up, or comes when all is stored."""
        if call.name == "unlinkat" or (call.name == "openat" and "O_CREAT" not in call.arguments
                                       and "O_TMPFILE" not in call.arguments):
            return True
        if kind != "keyed":
            return False
        # Of the upload itself the last is the sync of its name; the record comes behind it.
        named = next(i for i, one in enumerate(commit) if one.name == "linkat" and '"upload_' in one.arguments)
        synced = next(i for i, one in enumerate(commit) if i > named and one.name == "fsync")
        return commit.index(call) > synced

    def test_errors_leave_nothing(self):
        for form, kind in self.each():
            # The second commit: what is made once has been made.
            commit = commits(self.record(form, kind))[1]
            for call in commit[:-1]:
                if call.result < 0 or self.is_tolerated(kind, call, commit):
                    continue
                for error, number in ERRORS.items():
                    with self.subTest(f"{form} {kind}: {call} {error}"):
                        when = self.position(form, kind, call)
                        answers, calls, done = self.run_new(form, kind, [f"{call.name}:error={error}:when={when}"])
                        self.assertEqual(done.returncode, 0, done.stderr)
                        self.assertEqual(answers[1], f"failed {number}")
                        self.assertEqual(answers[2].split()[0] == "failed", error == "EIO")
                        self.check_told(answers)
                        self.check_whole(kind)
                        self.check_clean()
                        told = {answer.split()[1] for answer in answers if not answer.startswith("failed")}
                        if kind == "folder":
                            told |= {name.replace("file_1", "fields") for name in told}
                        if kind in ("replace", "remove"):
                            told |= {f"kept_{i}.json" for i in range(COUNT)}
                        self.check_unchanged(kind, told, 1)
                        if call.name in SYNCS and call.is_of_file:
                            # Reported once: never tried again.
                            def syncs(some):
                                return sum(one.name == call.name and one.is_of_file for one in some)

                            self.assertEqual(syncs(commits(calls)[1]), syncs(commit[:commit.index(call) + 1]))

    def test_the_first_key_that_cannot_be_remembered_makes_nothing(self):
        for form in FORMS:
            first = commits(self.record(form, "keyed"))[0]
            upload = next(i for i, call in enumerate(first) if '"upload_' in call.arguments)
            for call in first[:upload]:
                if call.result < 0 or self.is_tolerated("create", call, first):
                    continue
                with self.subTest(f"{form}: {call}"):
                    when = self.position(form, "keyed", call)
                    answers, _, _ = self.run_new(form, "keyed", [f"{call.name}:error=ENOSPC:when={when}"])
                    self.assertEqual(answers[0], "failed 28")
                    self.assertEqual([answer.split()[0] for answer in answers[1:]], ["stored"] * (COUNT - 1))
                    self.check_told(answers)
                    self.check_clean()

    def test_what_cannot_be_remembered_is_stored_all_the_same(self):
        for form in FORMS:
            commit = commits(self.record(form, "keyed"))[1]
            for call in commit[:-1]:
                if not self.is_tolerated("keyed", call, commit) or call.result < 0:
                    continue
                with self.subTest(f"{form}: {call}"):
                    when = self.position(form, "keyed", call)
                    answers, _, _ = self.run_new(form, "keyed", [f"{call.name}:error=ENOSPC:when={when}"])
                    self.assertEqual([answer.split()[0] for answer in answers], ["stored"] * COUNT)
                    self.check_told(answers)
                    again, _, done = run(self.directory, form, "keyed")
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.assertEqual([answer.split()[1] for answer in again], [one.split()[1] for one in answers])
                    self.assertEqual([answer.split()[0] for answer in again], ["again"] * COUNT)
                    self.assertEqual(len(self.files()), COUNT)

    # A directory is there, but whoever made it could not sync it into its parent.
    def test_a_directory_that_is_not_on_the_disk_holds_nothing_that_is(self):
        for form in FORMS:
            for number in range(2):
                with self.subTest(f"{form} {number}"):
                    synced = [call for call in commits(self.record(form, "nested"))[0]
                              if call.name == "fsync" and not call.is_of_file][number]
                    when = self.position(form, "nested", synced)
                    answers, calls, _ = self.run_new(form, "nested", [f"fsync:error=ENOSPC:when={when}"])
                    self.assertEqual(answers[0], "failed 28")
                    self.assertEqual([answer.split()[0] for answer in answers[1:]], ["stored"] * (COUNT - 1))
                    first, *later = commits(calls)
                    # The refusal promised nothing.
                    self.assertEqual(faults(first[:-1] + [call for commit in later for call in commit], "nested"), [])

    def test_what_cannot_be_taken_back_is_told(self):
        for form, kind in self.each():
            if kind == "nested":
                continue
            for error, number in (("EIO", 5), ("ENOSPC", 28)):
                with self.subTest(f"{form} {kind} {error}"):
                    commit = commits(self.record(form, kind))[0]
                    named = max(i for i, call in enumerate(commit) if call.name in ("linkat", "renameat", "renameat2")
                                and KEYS not in call.arguments)
                    synced = next(call for i, call in enumerate(commit) if i > named and call.name == "fsync")
                    when = self.position(form, kind, synced)
                    answers, _, _ = self.run_new(form, kind, [f"fsync:error={error}:when={when}+"], 1)
                    self.assertRegex(answers[0], rf"^failed {number} indeterminate \S+$")
                    self.check_unchanged(kind, {f"kept_{i}.json" for i in range(COUNT)}, 0)
                    self.check_clean()

    def test_a_kill_at_any_call_leaves_all_or_nothing(self):
        for form, kind in self.each():
            for call in commits(self.record(form, kind))[1]:
                with self.subTest(f"{form} {kind}: {call}"):
                    when = self.position(form, kind, call)
                    answers, _, done = self.run_new(form, kind, [f"{call.name}:signal=KILL:when={when}"])
                    self.assertEqual(done.returncode, -9)
                    self.assertEqual(len(answers), 1)
                    self.check_told(answers)
                    # The next start removes what is no upload.
                    _, _, done = run(self.directory, form, kind, count=0)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    self.check_clean()
                    self.check_told(answers)
                    self.check_whole(kind)
                    if kind == "keyed":
                        self.check_keyed_again(form, answers)
                    elif kind == "remove":
                        self.assertIn(len(self.files()), (COUNT - 2, COUNT - 1))
                    elif kind != "replace":
                        self.assertIn(len(self.files()), (2, 4) if kind == "folder" else (1, 2))

    def check_keyed_again(self, form, answers):
        """The same requests once more: each has one file, and the first the answer that it had."""
        again, _, done = run(self.directory, form, "keyed")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(again[0].split()[0], "again")
        self.assertEqual(again[0].split()[1], answers[0].split()[1])
        self.check_told(again)
        self.assertEqual(len(self.files()), COUNT)

    def test_a_name_that_exists_is_never_touched(self):
        for form in FORMS:
            with self.subTest(form):
                named = next(call for call in commits(self.record(form, "create"))[1]
                             if call.name == "linkat" and DOCUMENT.search(call.arguments))
                when = self.position(form, "create", named)
                answers, _, _ = self.run_new(form, "create", [f"linkat:error=EEXIST:when={when}"])
                self.assertEqual([answer.split()[0] for answer in answers], ["stored", "failed", "stored"])
                self.check_told(answers)
                self.check_clean()

    # Where two names cannot be exchanged, the old content is gone with the rename: then it must be told.
    def test_a_file_system_that_cannot_exchange(self):
        for form in FORMS:
            with self.subTest(form):
                exchange = next(call for call in commits(self.record(form, "replace"))[0] if "EXCHANGE" in call.arguments)
                refusal = f"renameat2:error=EINVAL:when={self.position(form, 'replace', exchange)}"
                answers, calls, _ = self.run_new(form, "replace", [refusal])
                self.assertEqual([answer.split()[0] for answer in answers], ["stored"] * COUNT)
                self.assertEqual(faults(after_the_start(calls), "replace"), [])
                self.check_told(answers)
                self.check_clean()
                synced = next(call for call in commits(self.record(form, "replace"))[0]
                              if call.name == "fsync" and not call.is_of_file)
                when = self.position(form, "replace", synced)
                answers, _, _ = self.run_new(form, "replace", [refusal, f"fsync:error=ENOSPC:when={when}"])
                self.assertEqual(answers[0], "failed 28 indeterminate kept_0.json")
                self.check_whole("replace")

    def test_a_disk_that_fails_at_the_start_is_not_relied_on(self):
        for number in (1, 2, 3):
            answers, _, done = self.run_new("unnamed", "create", [f"fdatasync:error=EIO:when={number}"])
            self.assertEqual((answers, done.returncode), ([], 1))
            self.assertIn("cannot sync", done.stderr)
            self.assertIn("Input/output error", done.stderr)
        answers, _, _ = self.run_new("unnamed", "create", ["fdatasync:error=EDQUOT:when=1"])
        self.assertEqual([answer.split()[0] for answer in answers], ["stored"] * COUNT)

    def test_a_directory_that_cannot_be_locked_has_a_lock_file(self):
        refusal = "flock:error=EBADF:when=1"  # NFS
        answers, calls, done = self.run_new("unnamed", "create", [refusal], 1)
        self.assertEqual(answers[0].split()[0], "stored", done.stderr)
        self.assertTrue((self.directory / ".fairlead-lock").is_file())
        self.assertEqual([call.result for call in calls if call.name == "flock"], [-1, 0])
        with open(self.directory / ".fairlead-lock") as other:
            fcntl.flock(other, fcntl.LOCK_EX)
            _, _, done = run(self.directory, "unnamed", "create", [refusal], 1)
        self.assertEqual(done.returncode, 1)
        self.assertIn("another server", done.stderr)


if __name__ == "__main__":
    DRIVER = pathlib.Path(sys.argv.pop(1)).resolve()
    if not shutil.which("strace"):
        sys.exit("strace is needed: apt-get install strace")
    unittest.main()
