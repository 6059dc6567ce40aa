#!/usr/bin/env python3
"""with_server.py FAIRLEAD COMMAND...: runs the command while Fairlead serves the demo site on a free port, with the users
and rates of test/k6/guarded.json.

{url} in the command becomes the server's address. Exits with the command's status, or 1 when the server does not end
with 0 afterwards.
"""

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "test" / "bench"))
import servers  # noqa: E402  (found by the line above)


K6 = PROJECT / "test" / "k6"


def write_users(binary, path):
    """A file with the users of the scripts, as one makes it by hand."""
    text = (K6 / "lib" / "guarded.js").read_text()
    known = re.findall(r'(\w+): "([^"]+)"', re.search(r"passwords = \{(.*)\}", text)[1])
    lines = [subprocess.run([binary, "hash-password", "--user", user], input=password.encode(), check=True,
                            capture_output=True).stdout for user, password in known]
    path.write_bytes(b"".join(lines))
    path.chmod(0o640)


def guarded_settings(binary, folder):
    """Those of guarded.json, with a file of users, and paths that do not depend on where it lies."""
    settings = json.loads(re.sub(r",(\s*\})", r"\1", re.sub(r"(^|\s)//.*", "", (K6 / "guarded.json").read_text())))
    settings["auth"]["users"] = str(folder / "users")
    write_users(binary, folder / "users")
    for route in settings["routes"].values():
        route["root"] = str((K6 / route["root"]).resolve())
    return settings


def main():
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="fairlead-server-") as folder:
        binary = Path(sys.argv[1]).resolve()
        server = servers.fairlead(binary, PROJECT / "resources" / "www", Path(folder), threads=2,
                                  settings=guarded_settings(binary, Path(folder)))
        command = [word.replace("{url}", f"http://127.0.0.1:{server.port}") for word in sys.argv[2:]]
        try:
            status = subprocess.run(command, check=False).returncode
        finally:
            ended = server.stop()
        if ended != 0:
            print(f"the server ended with {ended}:\n{server.output()}", file=sys.stderr)
        return status or (1 if ended else 0)


if __name__ == "__main__":
    sys.exit(main())
