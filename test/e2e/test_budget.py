"""What one request may cost, in the two figures that repeat: user instructions (callgrind) and system calls (strace)."""

import os
import subprocess
import sys
import unittest

from support import PROJECT, binary

BENCH = PROJECT / "test/bench"


class Budget(unittest.TestCase):
    def hold(self, script, *limits):
        """Runs a script of test/bench, which measures and judges."""
        command = [sys.executable, BENCH / script, "--fairlead", binary(), *limits]
        for option, variable in (("--load", "FAIRLEAD_LOAD"), ("--preload", "FAIRLEAD_PRELOAD")):
            if variable in os.environ and (option != "--preload" or script == "instructions"):
                command += [option, os.environ[variable]]
        done = subprocess.run(command, capture_output=True, text=True, timeout=200)
        print(done.stdout, end="", flush=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_instructions_of_a_small_file(self):
        self.hold("instructions", "--budget", "6000")

    def test_system_calls(self):
        # 3 and 4, and room for the timers that tick on while strace slows everything down.
        self.hold("syscalls", "--alone", "3.05", "--loaded", "2.1", "--short", "4.2")


if __name__ == "__main__":
    unittest.main()
