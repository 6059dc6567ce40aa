#!/usr/bin/env python3
"""with_server.py FAIRLEAD COMMAND...: runs the command while Fairlead serves the demo site on a free port.

{url} in the command becomes the server's address. Exits with the command's status, or 1 when the server does not end
with 0 afterwards.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "test" / "bench"))
import servers  # noqa: E402  (found by the line above)


def main():
    if len(sys.argv) < 3:
        print(__doc__, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="fairlead-server-") as folder:
        server = servers.fairlead(Path(sys.argv[1]).resolve(), PROJECT / "resources" / "www", Path(folder), threads=2)
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
