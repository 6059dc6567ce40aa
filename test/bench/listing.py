"""Clients of directory listings: how long until one begins, and what the server holds while many read one slowly."""

import http.client
import select
import socket
import time

import served

# What each entry has in the page of either server.
ENTRY_END = b".txt</a>"


def check(page):
    if page.count(ENTRY_END) != served.FOLDER_ENTRIES:
        raise SystemExit(f"the listing has {page.count(ENTRY_END)} of {served.FOLDER_ENTRIES} entries")


def first_byte_seconds(port, path):
    """From the request on an open connection to the first byte of its answer. The whole answer is read and checked."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.connect()
        begin = time.perf_counter()
        connection.request("GET", path, headers={"Host": "localhost"})
        connection.sock.recv(1, socket.MSG_PEEK)
        seconds = time.perf_counter() - begin
        check(connection.getresponse().read())
        return seconds
    finally:
        connection.close()


def growth_bytes(server, path, clients):
    """The most memory that the server has beyond what it had, from when all clients ask until a while after each has a
    byte; none takes more than a few KiB till then. Then they read on, and every answer is checked. What the kernel holds
    in send buffers, up to 4 MiB a connection, is not counted."""
    first_byte_seconds(server.port, path)  # what is there once, however many read
    before = most = server.memory_bytes()
    readers = [_slow_reader(server.port, path) for _ in range(clients)]
    try:
        waiting, end = set(readers), time.monotonic() + 20
        while time.monotonic() < end:
            most = max(most, server.memory_bytes())
            begun = select.select(waiting, [], [], 0.01)[0]
            waiting.difference_update(begun)
            if begun and not waiting:
                end = time.monotonic() + 1
        for reader in readers:
            answer = http.client.HTTPResponse(reader)
            answer.begin()
            check(answer.read())
        return most - before
    finally:
        for reader in readers:
            reader.close()


def _slow_reader(port, path):
    """Has asked, and takes only a few KiB of the answer until somebody reads."""
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.settimeout(20)
    reader.connect(("127.0.0.1", port))
    reader.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    return reader
