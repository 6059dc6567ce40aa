"""A place of our own for mounts and processes, so that nothing stays behind, however a run ends."""

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SKIPPED = 77  # for ctest: what the test needs is not here
GRACE = 20  # seconds to clean up after a signal
CLONE_NEWNS, CLONE_NEWPID, PR_SET_PDEATHSIG = 0x00020000, 0x20000000, 1
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LIBC = ctypes.CDLL(None, use_errno=True)


class Stopped(BaseException):
    """By this signal."""


class Missing(Exception):
    """What the proof needs and this machine lacks."""


def require():
    """Raises Missing with one sentence unless disks can be made and mounted here."""
    if os.geteuid() != 0:
        raise Missing("mounting needs root")
    for device in ("/dev/fuse", "/dev/loop-control"):
        if not os.access(device, os.R_OK | os.W_OK):
            raise Missing(f"{device} is missing")
    for program, package in (("mkfs.ext4", "e2fsprogs"), ("losetup", "mount"), ("mount", "mount"),
                             ("nsenter", "util-linux")):
        if not shutil.which(program):
            raise Missing(f"{program} is missing: apt-get install {package}")
    if "\text4\n" not in Path("/proc/filesystems").read_text():
        raise Missing("this kernel has no ext4")


def enclosed(main):
    """Runs main(directory) in mount and process namespaces of its own; gives its exit code.

    When it ends, or its parent does, the kernel ends all its processes, and with the last of them go the mounts and the
    loop devices below them: also after kill -9. The directory is removed afterwards."""
    require()
    directory = tempfile.mkdtemp(prefix="fairlead-power-")
    sys.stdout.flush()
    for number in SIGNALS:
        signal.signal(number, stop)
    try:
        unshare(CLONE_NEWPID)  # for the child; its mounts are its own, so that we can remove the directories below them
        child = os.fork()
        if child == 0:
            os._exit(inside(main, directory))
        return wait_for(child)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def unshare(what):
    if LIBC.unshare(what) != 0:
        raise Missing("namespaces may not be made here: " + os.strerror(ctypes.get_errno()))


def stop(number, _):
    raise Stopped(number)


def wait_for(child):
    """The child's exit code. A signal to us is passed on, so that it cleans up; then it has some seconds."""
    try:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    except Stopped as by:
        os.kill(child, signal.SIGTERM)
        end = time.monotonic() + GRACE
        while os.waitpid(child, os.WNOHANG)[0] == 0:
            if time.monotonic() > end:
                os.kill(child, signal.SIGKILL)
            time.sleep(0.05)
        return 128 + by.args[0]


def inside(main, directory):
    """The first process of the namespaces."""
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of the terminal: whoever started us passes it on
    code = 1
    try:
        make_private()
        code = main(Path(directory))
    except Missing as what:
        code = skip(what)
    except Stopped:
        pass
    except BaseException:  # os._exit() would hide it
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return code


def make_private():
    """What is mounted from here on is seen by nobody else; /proc is that of our processes."""
    unshare(CLONE_NEWNS)
    try:
        run("mount", "--make-rprivate", "/")
        run("mount", "-t", "proc", "proc", "/proc")
    except RuntimeError as refusal:
        raise Missing(f"nothing may be mounted here ({refusal})") from refusal


def skip(what):
    print(f"skipped: {what}")
    return SKIPPED


def run(*command):
    """Runs a program of the system; what it printed. An error names the command and what it said."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr.strip() or done.returncode}")
    return done.stdout.strip()


@contextlib.contextmanager
def mounted(device, place, *options):
    """ext4 on a device or a file, for as long as the block runs."""
    place.mkdir(exist_ok=True)
    run("mount", "-t", "ext4", *options, str(device), str(place))
    try:
        yield place
    finally:
        run("umount", str(place))
