"""One life of the server: load, kill -9, restart, and what is found then."""

import random
import threading
import time
from collections import Counter

import asking
from clients import Client
from disk import Found, count_temporaries, judge
from support import Server

CLIENTS = 32
OPERATIONS = (300, 1000)  # of a life, in all
SECONDS = 3               # of load, at most
COLUMNS = ("lost", "changed", "partial", "twice", "unknown", "temporary", "wrong", "served")


class Life:
    """Operations from all clients until the server is killed."""

    def __init__(self, number, server, expected, place):
        self.number, self.server, self.expected, self.place = number, server, expected, place
        self.lock, self.enough = threading.Lock(), threading.Event()
        self.left_to_send, self.left_to_kill, self.races, self.is_killed = OPERATIONS[1], 0, 0, False

    def takes_more(self):
        with self.lock:
            self.left_to_send -= 1
            return self.left_to_send >= 0 and not self.is_killed

    def acknowledged(self):
        with self.lock:
            self.left_to_kill -= 1
            if self.left_to_kill <= 0:
                self.enough.set()

    def next_race(self):
        with self.lock:
            self.races += 1
            return self.races

    def run(self, kill_after, delay, seed):
        """Kills the server `delay` seconds after so many answers, or when the time is over."""
        self.left_to_kill = kill_after
        clients = [threading.Thread(target=Client(number, self, seed).run) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        self.enough.wait(SECONDS)
        time.sleep(delay)
        self.was_alive, self.is_killed = self.server.process.poll() is None, True
        self.server.process.kill()
        self.server.wait()
        for client in clients:
            client.join(30)


class Row:
    """What one life showed."""

    def __init__(self, expected, seconds, at_kill, is_clean, faults):
        self.counts, self.faults = Counter(expected.counts), faults
        self.seconds, self.at_kill, self.is_clean = seconds, at_kill, is_clean

    def total(self, what):
        return sum(number for (_, counted), number in self.counts.items() if counted == what)

    def found(self, what):
        return sum(fault.what == what for fault in self.faults)

    def is_bad(self):
        return bool(self.faults) or not self.is_clean


def play(number, directory, expected, place, seed, is_last):
    """One life and the restart after it; in the last one of these directories every file is asked for."""
    begin, generator = time.monotonic(), random.Random(f"{seed} {number}")
    expected.begin_life(number)
    server = Server(place.settings(), directory=directory)
    try:
        life = Life(number, server, expected, place)
        life.run(generator.randrange(OPERATIONS[0], OPERATIONS[1] - CLIENTS), generator.random() * 0.02, seed)
    finally:
        server.close()
    at_kill = count_temporaries(server.directory)
    again = Server(place.settings(), directory=directory)
    try:
        faults = examine(again, expected, place, generator, is_last)
        is_clean = life.was_alive and again.ask(target="/readyz").status == 200 and again.stop() == 0
    finally:
        again.close()
    return Row(expected, time.monotonic() - begin, at_kill, is_clean, expected.faults + faults)


def examine(server, expected, place, generator, is_last):
    """What the restarted server has, and what it says. The faults; afterwards `expected` is what is there."""
    found = Found(server.directory)
    faults = judge(expected, found)
    expected.settle(found, faults)
    if not place.has_route:
        return faults
    if expected.keys:
        faults += asking.try_keys_again(server, expected, generator)
        found = Found(server.directory, found)
        faults += judge(expected, found)
        expected.settle(found, faults)
    paths = asking.to_be_served(expected, found, generator, is_last)
    return faults + asking.ask_for_files(server, expected, found, paths)
