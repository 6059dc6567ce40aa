"""What the answers have promised, and whether the files that a power loss left keep it.

Each document has a number and a content that nothing else has; the state of a name is None (absent), DIRECTORY, the
number of the document that lies there whole, for the folder of a form the frozenset of its documents' numbers, or
PARTIAL."""

import hashlib
import os
import re
import threading
from collections import Counter, namedtuple

DIRECTORY, PARTIAL = "directory", "partial"
TEMPORARY = ".fairlead-tmp-"
OWN = ".fairlead-"  # names that the server keeps for itself
MANIFEST = re.compile(rb"form:([\d,]+);")

Fault = namedtuple("Fault", "label name text")


class Step:
    """What one operation, or several at the same time, may make of a name, and what their answers said of it."""

    def __init__(self, kind, began, possible):
        self.kind, self.began, self.possible, self.outcome = kind, began, frozenset(possible), frozenset(possible)
        self.facts = []  # (position, label): from there on the outcome holds

    def settle(self, position, label, outcome=None):
        """An answer that was read at this position. False when it contradicts another one."""
        if outcome is not None:
            self.outcome &= frozenset(outcome)
        self.facts.append((position, label))
        return bool(self.outcome)


class History:
    """All that was asked and answered in one run."""

    def __init__(self):
        self.numbers = {}    # digest of a content: its number
        self.steps = {}      # name: its steps, one after the other
        self.unnamed = {}    # state whose name the server chooses: (kind, position at which it was sent)
        self.keys = {}       # idempotency key: (name, content, position of its first answer)
        self.sent_keys = {}  # idempotency key: (number, content, position at which it was sent)
        self.surprises = []  # answers that no step allows
        self.lock = threading.Lock()

    def document(self, make):
        """A new document: its number and its content, make(number)."""
        with self.lock:
            number = len(self.numbers) + 1
            content = make(number)
            self.numbers[hashlib.sha256(content).hexdigest()] = number
        return number, content

    def begin(self, name, kind, began, possible):
        step = Step(kind, began, possible)
        with self.lock:
            self.steps.setdefault(name, []).append(step)
        return step

    def begin_unnamed(self, state, kind, began):
        with self.lock:
            self.unnamed[state] = (kind, began)

    def name_it(self, name, state, position, label):
        """The server has said which name it chose."""
        kind, began = self.unnamed[state]
        step = self.begin(name, kind, began, {state})
        step.settle(position, label)
        return step

    def surprise(self, text):
        with self.lock:
            self.surprises.append(text)

    def facts(self):
        """The positions of all answers that have to hold, by (kind, label)."""
        facts = {}
        for step in (step for steps in self.steps.values() for step in steps):
            for position, label in step.facts:
                facts.setdefault((step.kind, label), []).append(position)
        return facts

    def send_key(self, key, number, content, position):
        with self.lock:
            self.sent_keys[key] = (number, content, position)

    def remember_key(self, key, content, name, position):
        with self.lock:
            self.keys.setdefault(key, (name, content, position))

    def check(self, state, limit):
        """The faults of a state that a power loss before record `limit` left: answers read up to there have to hold."""
        faults, places = [], Counter()
        for name in self.steps.keys() | state.keys():
            found = state.get(name)
            if found == PARTIAL:
                faults.append(Fault("partial", name, "is not whole"))
            elif isinstance(found, (int, frozenset)):
                places[found] += 1
            if name in self.steps:
                faults += self._check_name(name, found, limit)
            elif found not in (PARTIAL, DIRECTORY) and self.unnamed.get(found, ("", limit + 1))[1] > limit:
                faults.append(Fault("stray", name, f"holds {found}, which was not asked for"))
        return faults + [Fault("twice", str(what), f"lies under {count} names")
                         for what, count in places.items() if count > 1]

    def _check_name(self, name, found, limit):
        allowed, labels = {None}, []
        for step in self.steps[name]:
            if step.began > limit:
                break
            settled = [(label, position) for position, label in step.facts if position <= limit]
            if settled:
                allowed, labels = set(step.outcome), [(label, step.kind, position) for label, position in settled]
            else:
                allowed |= step.possible
        if found in allowed or not labels and found in (PARTIAL, DIRECTORY):
            return []
        wanted = " or ".join(sorted(map(str, allowed)))
        return [Fault(label, name, f"holds {found}, not {wanted} ({kind}, answered at {position}, lost before {limit})")
                for label, kind, position in labels or [("stray", "unanswered", "no time")]]

    def read(self, root, areas):
        """The state of all names below root/area, and the temporaries there."""
        state, temporaries = {}, []
        for area in areas:
            if (root / area).is_dir():
                self._read_directory(str(root / area), area, state, temporaries)
        return state, temporaries

    def _read_directory(self, path, name, state, temporaries):
        for entry in os.scandir(path):
            below = f"{name}/{entry.name}"
            if entry.name.startswith(TEMPORARY):
                temporaries.append(below)
            elif entry.name.startswith(OWN):
                continue
            elif not entry.is_dir(follow_symlinks=False):
                state[below] = self._number_of(entry.path)
            elif entry.name.startswith("form_"):
                state[below] = self._read_form(entry.path)
            else:
                state[below] = DIRECTORY
                self._read_directory(entry.path, below, state, temporaries)

    def _number_of(self, path):
        with open(path, "rb") as file:
            return self.numbers.get(hashlib.sha256(file.read()).hexdigest(), PARTIAL)

    def _read_form(self, path):
        names = os.listdir(path)
        numbers = [self._number_of(f"{path}/{name}") for name in names if name != "fields.json"]
        if "fields.json" not in names:
            return PARTIAL
        with open(f"{path}/fields.json", "rb") as file:
            manifest = MANIFEST.search(file.read())
        told = [int(number) for number in manifest[1].split(b",")] if manifest else None
        return frozenset(numbers) if PARTIAL not in numbers and sorted(numbers) == told else PARTIAL
