"""Power losses: images made from the log, mounted, and held against what was answered."""

import multiprocessing
import random
from bisect import bisect_left
from collections import Counter, namedtuple
from pathlib import Path

from disk import Image, Log, random_subset
from enclosure import mounted, run
from facts import Fault
from load import AREAS, JSON, settings
from support import Server, request

WORKERS = 2
REPEATED_KEYS = 20

# What a run has recorded: count records of the log may be looked at.
Recorded = namedtuple("Recorded", "directory history pristine log count kinds")
# How to replay: so many flush points, starts of the program, and up to the first fault of that label (or None).
Plan = namedtuple("Plan", "points starts until seed")


class Findings:
    """What one or all workers have seen."""

    def __init__(self):
        self.counts, self.faults, self.first = Counter(), Counter(), {}

    def add(self, faults, where):
        for fault in faults:
            self.faults[fault.label] += 1
            self.first.setdefault(fault.label, f"{fault.label}: {fault.name} {fault.text}; {where}")

    def merge(self, other):
        self.counts += other.counts
        self.faults += other.faults
        self.first = {**other.first, **self.first}


def sample(history, flushes, plan, generator):
    """The flush points to check, in order. Half of them by chance; half are the last flush before an answer was read,
    where an answer that came too early shows: each kind of operation and of answer in turn, however rare it is."""
    points = set(generator.sample(range(len(flushes)), min(len(flushes), plan.points // 2))) | {len(flushes) - 1}
    groups = [[bisect_left(flushes, position) - 1 for position in positions]
              for (_, label), positions in sorted(history.facts().items()) if plan.until in (None, label)]
    for turn in range(plan.points // 2):
        points.add(max(0, generator.choice(groups[turn % len(groups)])) if groups else 0)
    return sorted(points)


def replay(recorded, plan):
    """Checks a sample of the flush points, the last one always."""
    generator = random.Random(plan.seed)
    with Log(recorded.log, recorded.count) as log:
        total = len(log.flushes)
        points = sample(recorded.history, log.flushes, plan, generator)
    starts = set(generator.sample(points, min(len(points), plan.starts)))
    images = recorded.directory / "images"
    images.mkdir()
    run("mount", "-t", "tmpfs", "tmpfs", str(images))  # where a sync costs nothing
    context, findings = multiprocessing.get_context("fork"), Findings()
    enough, share, workers = context.Event(), -(-len(points) // WORKERS), []
    for number in range(WORKERS):
        result, sender = context.Pipe(duplex=False)
        part = points[number * share:(number + 1) * share]
        worker = context.Process(target=work, args=(recorded, plan, part, starts, number, sender, enough))
        worker.start()
        sender.close()
        workers.append((worker, result))
    for worker, result in workers:
        findings.merge(result.recv())
        worker.join()
    run("umount", str(images))
    findings.counts["flushes"] = total
    return findings


def work(recorded, plan, points, starts, number, result, enough):
    """One worker's part of the points, in the order of the log."""
    findings = Findings()
    try:
        place = recorded.directory / "images" / str(number)
        place.mkdir()
        generator = random.Random(f"{plan.seed} {number}")
        with Log(recorded.log, recorded.count) as log:
            image = Image(recorded.pristine, log)
            for point in points:
                if enough.is_set():
                    break
                PowerLoss(recorded, log, image, point, place).play(generator, point in starts, findings)
                if plan.until and findings.faults[plan.until]:
                    enough.set()
    except Exception as failure:
        findings.add([Fault("broken", "the proof itself", repr(failure))], f"worker {number}")
    result.send(findings)


class PowerLoss:
    """The power fails somewhere between this flush and the next."""

    def __init__(self, recorded, log, image, point, place):
        self.recorded, self.log, self.image, self.place = recorded, log, image, place
        self.flush = log.flushes[point]
        self.next = log.flushes[point + 1] if point + 1 < len(log.flushes) else recorded.count

    def play(self, generator, is_start, findings):
        self.image.advance(self.flush)
        subset = random_subset(self.log, self.flush, self.next, generator)
        findings.counts["points"] += 1
        findings.counts["half written"] += bool(subset)
        for what, more in (("nothing after the flush", []), (f"{len(subset)} pieces after the flush", subset)):
            if more or what.startswith("nothing"):
                self._check(what, more, is_start, findings)

    def _check(self, what, more, is_start, findings):
        path = self.place / "image"
        self.image.save(path, more)
        where = f"flush at {self.flush}, {what}"
        findings.counts["images"] += 1
        try:
            with mounted(path, self.place / "mount", "-o", "loop") as root:
                history = self.recorded.history
                state, temporaries = history.read(root, AREAS)
                findings.counts["names"] += len(state)
                findings.counts["temporaries"] += len(temporaries)
                findings.add(history.check(state, self.next), where)
                if is_start:
                    findings.counts["starts"] += 1
                    findings.add(self._start(root), where + ", after a start")
        except (OSError, RuntimeError) as failure:
            findings.add([Fault("image", "the file system", repr(failure))], where)
        finally:
            path.unlink()

    def _start(self, root):
        """The program on what is left: it has to sweep, keep everything, be ready, and know the keys."""
        history, directory = self.recorded.history, self.place.parent.parent / f"server{self.place.name}"
        directory.mkdir(exist_ok=True)
        try:
            server = Server(settings(root, self.recorded.kinds), directory=directory)
        except RuntimeError as failure:
            return [Fault("start", "the program", f"did not start: {failure}")]
        try:
            faults = [] if server.ask(target="/readyz").status == 200 else [Fault("start", "/readyz", "is not ready")]
            retried = self._retry_keys(server)
            faults += self._repeat_keys(server)
            if server.stop() != 0:
                faults.append(Fault("start", "the program", "did not end in order"))
        finally:
            server.close()
        state, temporaries = history.read(root, AREAS)
        faults += [Fault("left", name, "is still there") for name in temporaries]
        faults += [Fault("hollow", f"document {number}", "was not there after a retry was answered with 201")
                   for number in retried if number not in state.values()]
        return faults + history.check(state, self.next)

    def _retry_keys(self, server):
        """Keys whose first answer the power loss took: the numbers of those whose retry gets a 201, that is, a
        file. A record without its file would answer so as well."""
        history, retried = self.recorded.history, []
        unanswered = [(number, key, content) for key, (number, content, began) in history.sent_keys.items()
                      if began <= self.next and (key not in history.keys or history.keys[key][2] > self.next)]
        for number, key, content in unanswered[:REPEATED_KEYS]:
            if self._post(server, key, content).status == 201:
                retried.append(number)
        return retried

    def _post(self, server, key, content):
        with server.connect() as line:
            line.send(request("POST", "/files", [JSON, f'Idempotency-Key: "{key}"'], content))
            return line.answer()

    def _repeat_keys(self, server):
        """An answered key has to be known after the power loss: the same Location, and no second file."""
        known = [(key, name, content) for key, (name, content, position) in self.recorded.history.keys.items()
                 if position <= self.next]
        faults = []
        for key, name, content in known[-REPEATED_KEYS:]:
            answer = self._post(server, key, content)
            if answer.status != 201 or (answer["Location"] or "").strip("/") != name:
                faults.append(Fault("forgotten", name, f"its key got {answer.status} {answer['Location']}"))
        return faults
