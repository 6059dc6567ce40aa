"""Starts, watches and stops the servers under measurement. Only processes started here are ever stopped."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def find_built(name, given=None):
    """The file called `name` in the newest build directory, or the one that was asked for."""
    if given:
        return Path(given).resolve()
    found = [p for p in PROJECT.glob(f"build*/**/{name}") if p.is_file()]
    if not found:
        raise SystemExit(f"no {name} below build/: build it first (test/run does)")
    return max(found, key=lambda p: p.stat().st_mtime)


def make_site(root, sizes):
    """Files NAME.txt of these sizes. Returns when they are old enough that a cautious server may keep them open: for a
    while after a change, times do not tell whether there was another one, and larger ones are copied (lib/README.md)."""
    root.mkdir(parents=True, exist_ok=True)
    line = b"Fairlead guides the line and keeps it from chafing on the way. \n"
    block = line * 16384
    for name, size in sizes.items():
        with open(root / f"{name}.txt", "wb") as file:
            for begin in range(0, size, len(block)):
                file.write(block[: min(len(block), size - begin)])
    time.sleep(11)


def settle(folder):
    """Waits until its file system has written what was stored, or the work of one server falls on the next one. Only that
    one, since sync() waits for every disk of the machine, also for one that somebody else's test has made to hang."""
    subprocess.run(["sync", "-f", str(folder)], check=True, timeout=300)


class Server:
    """A running server: its port, and what it has used so far."""

    def __init__(self, name, command, port, work, *, environment=None, wait=20):
        self.name, self.port, self.work, self.log = name, port, work, work / "stderr"
        self.traced = "strace" in command
        # A file, since a pipe that nobody empties would in the end stop the server.
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                            stderr=log, env=environment)
        self._wait_until_up(time.monotonic() + wait)

    def output(self):
        """What it has written to standard error."""
        return self.log.read_text(errors="replace")

    def _wait_until_up(self, end):
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise SystemExit(f"{self.name} ended with {self.process.returncode}:\n{self.output()}")
            if self.port == 0:
                match = re.search(r"listening on http://127\.0\.0\.1:(\d+)", self.output())
                self.port = int(match[1]) if match else 0
            if self.port:
                try:
                    socket.create_connection(("127.0.0.1", self.port), 1).close()
                    return
                except OSError:
                    pass
            time.sleep(0.02)
        self.stop()
        raise SystemExit(f"{self.name} does not listen:\n{self.output()}")

    def _processes(self):
        """This process and what it started."""
        known, result = [self.process.pid], []
        while known:
            pid = known.pop()
            result.append(pid)
            for task in Path(f"/proc/{pid}/task").glob("*"):
                known += [int(child) for child in (task / "children").read_text().split()]
        return result

    def cpu_seconds(self):
        """On-CPU time of all threads, exact to the nanosecond (times() counts ticks of 10 ms)."""
        tasks = (task for pid in self._processes() for task in Path(f"/proc/{pid}/task").glob("*"))
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def memory_bytes(self):
        """Proportional set size of all processes: pages that workers share count once."""
        total = 0
        for pid in self._processes():
            match = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)
            total += int(match[1]) * 1024
        return total

    def stop(self, limit=15):
        """Asks it to end, waits, and ends it by force when it does not. Returns the exit status."""
        if self.process.poll() is None:
            # Under a tracer the server is its child; the tracer ends with it and hands its status on.
            os.kill(self._processes()[1] if self.traced else self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(limit)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode


def fairlead(binary, root, work, *, threads=1, wrapper=(), preload=None, wait=20, congestion_control="auto",
             settings=None):
    """Fairlead with everything on but the access log, and limits out of the way of what is measured; `settings` are
    further keys of its configuration, of which `log` stands beside what is set here."""
    work.mkdir(parents=True, exist_ok=True)
    config = work / "fairlead.json"
    settings = settings or {}
    config.write_text(json.dumps(settings | {
        "listen": ["127.0.0.1:0"], "threads": threads, "congestion_control": congestion_control, "hosts": ["localhost"], "root": str(root),
        "uploads": {"path": "/upload", "directory": str(work / "uploads"), "durability": "off"},
        "limits": {"connections": 20000, "connections_hard": 20000, "in_flight": 10000, "queue": 10000,
                   "requests_per_connection": 1000000000, "idle_timeout": "10m"},
        "admin": {"listen": []},
        "log": {"level": "info", "status_interval": "0s", "access": {"format": "off"}} | settings.get("log", {}),
    }, indent=2))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FAIRLEAD_")}
    if preload:
        environment["LD_PRELOAD"] = str(preload)
    return Server("fairlead", [*wrapper, str(binary), "-c", str(config)], 0, work,
                  environment=environment, wait=wait)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def nginx(root, work, *, workers=1, nopush=False, deferred=False, single_process=False, wrapper=(), wait=20,
          lines="", around=""):
    """nginx as one who wants it fast sets it up; `single_process` is for tools that follow one process, `lines` are
    further ones of its server block, and `around` of what is around that."""
    program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
    if not program:
        raise SystemExit("nginx is missing: apt-get install nginx-light")
    port = free_port()
    for name in ("body", "logs", "put"):
        (work / name).mkdir(parents=True, exist_ok=True)
    user = "user root;" if os.getuid() == 0 else ""
    modules = "\n".join(f"load_module {m};" for m in Path("/usr/lib/nginx/modules").glob("*dav_ext*"))
    config = work / "nginx.conf"
    config.write_text(f"""
daemon off; master_process {'off' if single_process else 'on'}; {user}
worker_processes {workers}; worker_rlimit_nofile 20000;
pid {work}/nginx.pid; error_log {work}/logs/error.log warn;
{modules}
events {{ worker_connections 12000; }}
http {{
    include /etc/nginx/mime.types; default_type application/octet-stream;
    access_log off; server_tokens off; log_not_found off;
    sendfile on; tcp_nopush {'on' if nopush else 'off'}; tcp_nodelay on;
    keepalive_timeout 600s; keepalive_requests 1000000000; reset_timedout_connection on;
    open_file_cache max=1000 inactive=60s; open_file_cache_valid 60s; open_file_cache_min_uses 1;
    client_body_temp_path {work}/body; client_body_buffer_size 64k;
    proxy_temp_path {work}/body/p; fastcgi_temp_path {work}/body/f;
    uwsgi_temp_path {work}/body/u; scgi_temp_path {work}/body/s;
    {around}
    server {{
        listen 127.0.0.1:{port} backlog=8192 {'deferred' if deferred else ''}{' reuseport' if workers > 1 else ''};
        server_name localhost; root {root}; etag on;
        {lines}
        location /put/ {{ alias {work}/put/; dav_methods PUT; }}
    }}
}}
""")
    return Server("nginx", [*wrapper, program, "-p", str(work), "-e", str(work / "logs/error.log"), "-c", str(config)],
                  port, work, wait=wait)


def load_command(generator, port, *arguments, **options):
    command = [str(generator), "--port", str(port)]
    for name, value in options.items():
        for each in value if isinstance(value, (list, tuple)) else [value]:
            command += [f"--{name}", str(each)]
    return command + list(arguments)


def load(generator, port, *arguments, **options):
    """Runs the load generator to its end and returns its report; anything unexpected ends the measurement."""
    command = load_command(generator, port, *arguments, **options)
    done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout)
