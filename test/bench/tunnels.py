"""The rows of tunnels: many bytes from a client through CONNECT, or through nginx's `stream` proxy, to a server that throws
them away. Both ends are threads of this process, whose share of the machine is the same with either."""

import os
import shutil
import socket
import threading
import time
from pathlib import Path

import servers

MIB = 1024 ** 2
PIECE = MIB
MODULE = Path("/usr/lib/nginx/modules/ngx_stream_module.so")
OURS = {"connect": {"allow": ["127.0.0.1:1-65535"], "networks": ["127.0.0.0/8"]}}


def why_not():
    """Why nginx cannot take part, or nothing."""
    return "" if MODULE.exists() else "nginx has no stream module: apt-get install libnginx-mod-stream"


def tunnel(bench, workload, who):
    """Speed, and the processor time of the server in the middle."""
    size = workload.options["size"] // (10 if bench.arguments.quick else 1)
    sink = sink_of(bench)
    is_ours = who == "fairlead" and bench.binary
    server = bench.server(who, workload) if is_ours else stream_proxy(bench, sink)
    move(server, sink, PIECE * 64, is_ours)  # everybody's buffers have grown by then
    before = server.cpu_seconds()
    seconds = move(server, sink, size, is_ours)
    return {"mb_per_second": size / 1e6 / seconds, "cpu_per_gb": (server.cpu_seconds() - before) / (size / 1e9)}


def sink_of(bench):
    if not hasattr(bench, "sink"):
        bench.sink = socket.create_server(("127.0.0.1", 0), backlog=64)
        bench.sink.settimeout(20)
    return bench.sink


def stream_proxy(bench, sink):
    """nginx with one worker that proxies a port to the sink; stopped with the others."""
    if "stream" not in bench.running:
        work = bench.work / "server-stream"
        (work / "logs").mkdir(parents=True)
        port = servers.free_port()
        user = "user root;" if os.getuid() == 0 else ""
        (work / "nginx.conf").write_text(f"""
load_module {MODULE};
daemon off; worker_processes 1; {user} pid {work}/nginx.pid; error_log {work}/logs/error.log warn;
events {{ worker_connections 1000; }}
stream {{
    server {{ listen 127.0.0.1:{port}; tcp_nodelay on; proxy_pass 127.0.0.1:{sink.getsockname()[1]}; }}
}}
""")
        program = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        command = [program, "-p", str(work), "-e", str(work / "logs/error.log"), "-c", str(work / "nginx.conf")]
        bench.running["stream"] = servers.Server("nginx", command, port, work)
    return bench.running["stream"]


def move(server, sink, size, is_ours):
    """Seconds from the first byte that is sent to the last one that arrives."""
    token = os.urandom(16)
    with socket.create_connection(("127.0.0.1", server.port), 20) as source:
        if is_ours:
            target = f"127.0.0.1:{sink.getsockname()[1]}"
            source.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
            head = source.recv(4096)
            if b" 200 " not in head:
                raise SystemExit(f"no tunnel: {head!r}")
        source.sendall(token)
        with accept(sink, token) as end:
            sender = threading.Thread(target=send, args=(source, size))
            begin = time.perf_counter()
            sender.start()
            count(end, size)
            seconds = time.perf_counter() - begin
            sender.join()
    return seconds


def accept(sink, token):
    """The connection that begins with the token; others are of those who looked whether the server is up."""
    while True:
        line, _ = sink.accept()
        line.settimeout(60)
        if line.recv(len(token), socket.MSG_WAITALL) == token:
            return line
        line.close()


def send(source, size):
    piece = memoryview(bytes(PIECE))
    while size > 0:
        size -= source.send(piece[:size])


def count(end, size):
    """Takes all of it; with MSG_TRUNC the kernel throws it away instead of copying it (tcp(7))."""
    room = bytearray(PIECE)
    while size > 0:
        got = end.recv_into(room, PIECE, socket.MSG_TRUNC)
        if got == 0:
            raise SystemExit(f"the tunnel ended {size} bytes too early")
        size -= got
