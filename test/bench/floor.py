"""A server without any code of a server (floor.cpp): what is left of an answer's cost when only its system calls remain."""

import socket

import servers

# What is sent behind the head, by the path that is asked for: a file and from how many of its bytes.
FILES = {"/1g.txt": ("1g.txt", 1 << 30), "/sheet.txt": ("sheet.txt.br", None)}


def head_of(port, options):
    """The head of the answer that a server gives, as it comes."""
    fields = [options["field"]] if "field" in options else []
    if "random-range" in options:
        fields.append(f"Range: bytes=0-{options['length'] - 1}")
    lines = [f"GET {options['path']} HTTP/1.1", "Host: localhost", *fields, "", ""]
    with socket.create_connection(("127.0.0.1", port), timeout=20) as line:
        line.sendall("\r\n".join(lines).encode())
        head = b""
        while b"\r\n\r\n" not in head:
            piece = line.recv(65536)
            if not piece:
                raise SystemExit(f"port {port} closed within the head of an answer")
            head += piece
    return head.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"


def start(binary, root, work, port, options):
    """It answers as the server at `port` does."""
    work.mkdir(parents=True)
    (work / "head").write_bytes(head_of(port, options))
    command = [str(binary), str(work / "head")]
    if options["path"] in FILES:
        name, length = FILES[options["path"]]
        command += [str(root / name), str(options["length"]), str(length or options["length"])]
    return servers.Server("floor", command, 0, work)
