"""Watches a running server's system calls with strace, makes some of them fail, and judges their order."""

import re
import signal
import subprocess
import tempfile
import unittest
from dataclasses import dataclass, replace
from pathlib import Path

from support import wait_for

WATCHED = "openat,write,writev,pwrite64,fdatasync,fsync,linkat,unlinkat,renameat2,sendto,sendmsg"


class Tracer:
    """strace attached to a server, with `injections` such as "fsync:error=EIO". Attached late, so that they miss the start."""

    def __init__(self, server, *injections):
        self._directory = tempfile.TemporaryDirectory(prefix="fairlead-trace-")
        self._file, errors = Path(self._directory.name) / "trace", Path(self._directory.name) / "errors"
        command = ["strace", "-f", "-y", "-s", "400", "-o", self._file, "-p", str(server.process.pid), "-e", f"trace={WATCHED}"]
        for injection in injections:
            command += ["-e", f"inject={injection}"]
        with open(errors, "wb") as output:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=output)
        wait_for(lambda: b"attached" in errors.read_bytes() or self._process.poll() is not None)
        if self._process.poll() is not None:
            said = errors.read_text()
            self._directory.cleanup()
            if "Operation not permitted" in said:
                raise unittest.SkipTest("this system does not let strace attach (kernel.yama.ptrace_scope, seccomp): " + said)
            raise RuntimeError(said)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        self._directory.cleanup()

    def stop(self):
        """Lets the server go; the trace as text."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:  # a tracer that stays would keep the server, too
            self._process.kill()
            self._process.wait()
            raise
        return self._file.read_text(errors="replace")


@dataclass
class Call:
    """A system call; `begin` and `end` are line numbers, so other calls may lie between."""
    begin: int
    end: int
    name: str
    text: str
    result: int

    def is_on(self, descriptor):
        return re.match(rf"\w+\({descriptor}<", self.text) is not None


def parse(trace):
    """The calls in the order of their begin. One that had not returned when the tracer left has the result -1."""
    begun, calls, lines = {}, [], trace.splitlines()
    for number, line in enumerate(lines):
        thread, _, text = line.partition(" ")
        text = text.strip()
        start = number
        if match := re.fullmatch(r"(.*) <(?:unfinished|detached) \.\.\.>", text):
            begun[thread] = (number, match[1])
            continue
        if match := re.match(r"<\.\.\. \w+ resumed>(.*)", text):
            start, first = begun.pop(thread)
            text = first + match[1]
        if match := re.match(r"(\w+)\(.*\)\s+= (-?\d+)", text):
            calls.append(Call(start, number, match[1], text, int(match[2])))
    calls += [Call(start, len(lines), text.partition("(")[0], text, -1) for start, text in begun.values()]
    return sorted(calls, key=lambda call: call.begin)


def in_order(calls):
    """The same calls, one after the other."""
    return [replace(call, begin=2 * number, end=2 * number + 1) for number, call in enumerate(calls)]


def faults(calls, directory):
    """What is wrong with the order of the calls behind each 201 that was sent; and the names of the documents."""
    found, names = [], []
    for send in calls:
        answer = re.search(r"HTTP/1\.1 201 .*Location: /uploads/([\w.]+)", send.text)
        if send.name not in ("sendto", "sendmsg", "writev") or not answer:
            continue
        names.append(answer[1])
        fault = _fault_before(send, answer[1], calls, str(directory))
        if fault:
            found.append(f"{answer[1]}: {fault}")
    return found, names


def _fault_before(send, name, calls, directory):
    link = next((call for call in calls if call.name == "linkat" and f'"{name}"' in call.text and call.result == 0), None)
    if not link or link.end > send.begin:
        return "the name did not exist when 201 was sent"
    file = int(re.search(r'linkat\((?:(\d+)<|.*?"/proc/self/fd/(\d+)")', link.text).expand(r"\1\2"))
    created = [call for call in calls if call.name == "openat" and "O_TMPFILE" in call.text and call.result == file
               and call.end < link.begin]
    if not created:
        return "no unnamed file"
    if f"{directory}/" not in created[-1].text:
        return "the unnamed file lies in another directory"
    since = [call for call in calls if call.begin > created[-1].end and call.is_on(file)]
    writes = [call for call in since if call.name in ("write", "pwrite64", "writev") and call.begin < link.begin]
    if not writes or any(call.result <= 0 for call in writes):
        return "not written"
    # With a digest in an attribute it is fsync: fdatasync may leave that out.
    if not any(call.name in ("fdatasync", "fsync") and call.result == 0 and call.begin > writes[-1].end and call.end < link.begin
               for call in since):
        return "the data was not synced between the last write and the name"
    if not any(call.name == "fsync" and call.result == 0 and f"<{directory}>" in call.text and call.begin > link.end
               and call.end < send.begin for call in calls):
        return "the directory was not synced between the name and 201"
    return None
