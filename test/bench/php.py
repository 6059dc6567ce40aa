"""The application of the rows about FastCGI: a php-fpm, which is not measured. Both servers ask the same one."""

import os
import shutil
import subprocess
import time

CONNECTIONS = 8  # of the load
# A connection that a server keeps occupies a process: both servers have theirs at the same time.
CHILDREN = 3 * CONNECTIONS
# In the texts of a row, where the address stands.
ADDRESS = "PHP_FPM"

# As nginx's documentation says, with connections that are kept, as ours are.
NGINX_HTTP = f"upstream php {{ server {ADDRESS}; keepalive {CONNECTIONS}; keepalive_requests 1000000000; }}"
NGINX_SERVER = ("location ~ \\.php$ { include /etc/nginx/fastcgi_params; "
                "fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name; fastcgi_keep_conn on; fastcgi_pass php; }")


def program():
    path = os.environ["PATH"] + ":/usr/sbin"
    return next(filter(None, (shutil.which(name, path=path) for name in ("php-fpm", "php-fpm8.2", "php-fpm8.4"))), None)


def why_not():
    """What is missing, or nothing."""
    return "" if program() else "php-fpm is missing: apt-get install php-fpm"


class PhpFpm:
    def __init__(self, work):
        work.mkdir(parents=True)
        socket = work / "fpm.sock"
        self.address = f"unix:{socket}"
        is_root = os.getuid() == 0
        (work / "fpm.conf").write_text(f"""
[global]
error_log = {work}/error.log
daemonize = no
[www]
{'user = root' if is_root else ''}
listen = {socket}
listen.backlog = 1024
pm = static
pm.max_children = {CHILDREN}
""")
        self.process = subprocess.Popen([program(), *(["-R"] if is_root else []), "-F", "-y", str(work / "fpm.conf")],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while not socket.exists():
            if self.process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"php-fpm does not start: {(work / 'error.log').read_text()}")
            time.sleep(0.02)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
