"""What the rows of uploads do: PUT to fresh names, durable ones beside the disk's own speed, ones that drip, and how others
fare meanwhile. Each returns all readings of one measurement; a row names the one that it shows.

Nothing is deleted while it is measured, nor between: ext4 passes over inodes that were freed in the last minutes, one by one.
Large files are cut to nothing instead, which frees their space and keeps the inode.
"""

import json
import os
import statistics
import subprocess
import time

import servers

KIB, MIB = 1024, 1024 ** 2
ONE_CLIENT, FDATASYNC, IDLE = "one client", "one fdatasync", "idle server"
OURS_ALONE = {ONE_CLIENT, FDATASYNC, IDLE}  # what stands in nginx's place in rows that it has no part in

CUT_FROM = MIB
FOR_EVER = 10 ** 8  # requests: the time ends these runs
SYNCS = 200


def put(bench, workload, who):
    """Files of one size to new names; the processor time is that of the server."""
    server, size = bench.server(who, workload), workload.options["body-size"]
    if bench.arguments.quick and size > CUT_FROM:
        size //= 10
    options = workload.options | bench.learn(workload, who, server) | {"body-size": size}
    slices = workload.slices * (10 if bench.arguments.quick else 1)
    options["requests"] = max(options["requests"] // slices, options["connections"])
    # A virtual machine may have given its free memory back to the host, and whoever takes such a page pays some 10 us for it,
    # more than for all else. So each has just let go of what it is about to need, in pieces of the size that it needs.
    small = size < CUT_FROM
    load_new_names(bench, server, options | {"requests": max(options["requests"] // (20 if small else 1), options["connections"])})
    if not small:
        cut_files(server.work / "put")
    servers.settle(bench.work)
    before = server.cpu_seconds()
    report = load_new_names(bench, server, options)
    used = server.cpu_seconds() - before
    if not small:
        cut_files(server.work / "put")
    sent = report["answers"] * size
    return {"cpu": used / report["answers"] * 1e6, "cpu_per_gb": used / (sent / 1e9),
            "mb_per_second": sent / 1e6 / report["seconds"]}


def new_names(bench):
    """Names that no request had before; one that replaces a file is answered otherwise."""
    bench.batches += 1
    return {"method": "PUT", "path": f"/put/file_{bench.batches}_{{n}}.bin", "status": 201}


def load_new_names(bench, server, options):
    return servers.load(bench.generator, server.port, **new_names(bench), **options)


def cut_files(folder):
    for entry in os.scandir(folder):
        if not entry.name.startswith(".") and entry.stat(follow_symlinks=False).st_size > 0:
            os.truncate(entry.path, 0)


def durable(bench, workload, who):
    """Small files, each answered when it is on the disk: from all clients, from one, or the least that one could take."""
    if who == FDATASYNC:
        return dict.fromkeys(("p50", "p99"), fdatasync_ms(bench.storage(workload) / "beside"))
    server = bench.server("fairlead", workload)
    options = workload.options | bench.learn(workload, who, server)
    if who == ONE_CLIENT:
        options["connections"] = 1
    if bench.arguments.quick:
        options["stop-after"] //= 10
    load_new_names(bench, server, options | {"requests": options["connections"]})
    servers.settle(bench.storage(workload))
    return in_ms(load_new_names(bench, server, options | {"requests": FOR_EVER}))


def in_ms(report):
    return {"rate": report["per_second"], "p50": report["p50_us"] / 1e3, "p99": report["p99_us"] / 1e3}


def fdatasync_ms(path):
    """The median time of writing 1 KiB to the end of a file and bringing it to the disk."""
    times = []
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        for _ in range(SYNCS):
            begin = time.perf_counter()
            os.write(file, b"x" * KIB)
            os.fdatasync(file)
            times.append(time.perf_counter() - begin)
    finally:
        os.close(file)
    return statistics.median(times) * 1e3


def slow_uploads(bench, workload, who):
    """The most memory that a fresh server has while uploads drip in, which are cut in the end; it still answers then."""
    options = dict(workload.options)
    if bench.arguments.quick:
        options |= {"connections": options["connections"] // 10, "pieces": 2}
    server = bench.start(who, workload)
    try:
        servers.load(bench.generator, server.port, path="/1k.txt", requests=200, connections=4)
        command = [str(bench.drip), "--port", str(server.port), "--path", "/put/slow_"]
        for name, value in options.items():
            command += [f"--{name}", str(value)]
        dripping = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            most = server.memory_bytes()
            while dripping.poll() is None:
                most = max(most, server.memory_bytes())
                time.sleep(0.05)
            said, complaint = dripping.communicate()
        finally:
            dripping.kill()
            dripping.wait()
        if dripping.returncode != 0:
            raise SystemExit(f"{who}: not all uploads were taken: {said}{complaint}{server.output()}")
        servers.load(bench.generator, server.port, path="/1k.txt", requests=200, connections=4)
        return {"mib": most / MIB}
    finally:
        server.stop()


def gets(bench, workload, who):
    """The times of GETs at a fixed rate, alone or while other clients store small files durably."""
    server = bench.server("fairlead", workload)
    bench.learn(workload, who, server)
    options = dict(workload.options)
    uploads, seconds = options.pop("uploads"), options["requests"] / options["rate"]
    if bench.arguments.quick:
        options["requests"] //= 10
        seconds /= 10
    if who == IDLE:
        return in_ms(servers.load(bench.generator, server.port, **options))
    others = subprocess.Popen(servers.load_command(bench.generator, server.port, **uploads, requests=FOR_EVER,
                                                   **new_names(bench), **{"stop-after": int(seconds * 1000) + 1000}),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        time.sleep(0.5)
        report = servers.load(bench.generator, server.port, **options)
        if others.poll() is not None:
            raise SystemExit(f"the uploads ended before the GETs: {others.communicate()}")
        said, complaint = others.communicate(timeout=60)
    finally:
        others.kill()
        others.wait()
    if others.returncode != 0 or json.loads(said)["answers"] == 0:
        raise SystemExit(f"uploads failed: {said}{complaint}")
    return in_ms(report)


RUNS = {"put": put, "durable": durable, "slow_uploads": slow_uploads, "gets": gets}
