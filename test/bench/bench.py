"""The servers of one run of test/bench/run, and one measurement of one of them."""

import json
import subprocess

import floor
import listing
import php
import servers
import served
import slow_disk
import tunnels
import uploads
import users
from workloads import BARE, DEFERRED, FLOOR, KIB, MIB, NOPUSH

RUNS = uploads.RUNS | {"tunnel": tunnels.tunnel}


class Bench:
    """Servers are started when a workload first needs them and stopped together."""

    def __init__(self, arguments, work, workloads):
        self.arguments, self.work, self.running, self.started, self.batches = arguments, work, {}, 0, 0
        self.learned, self.readings, self.disk, self.php = {}, {}, None, None
        self.generator = servers.find_built("fairlead_load", arguments.load)
        if any(workload.run == "slow_uploads" for workload in workloads):
            self.drip = servers.find_built("fairlead_drip", arguments.drip)
        self.binary = None if arguments.self_check else servers.find_built("fairlead", arguments.fairlead)
        self.root = work / "www"
        served.make(self.root, [workload.options.get("path") for workload in workloads])
        servers.make_site(self.root, {"1k": KIB, "16k": 16 * KIB, "1m": MIB, "100m": 100 * MIB})
        self.document = work / "document.json"
        text = json.dumps({"vessel": "Fairlead", "lines": [{"n": n, "load": n * 1.5} for n in range(200)]})
        items = json.loads(text)["lines"]
        while len(json.dumps({"vessel": "Fairlead", "lines": items})) > KIB:
            items.pop()
        body = json.dumps({"vessel": "Fairlead", "lines": items})
        self.document.write_text(body[:-1] + " " * (KIB - len(body)) + "}")

    def start(self, who, workload):
        self.started += 1
        work = self.storage(workload) / f"server-{self.started}"
        if who == FLOOR:
            ours = self.server("fairlead", workload)
            return floor.start(servers.find_built("fairlead_floor", self.arguments.floor), self.root, work, ours.port,
                               workload.options | self.learn(workload, "fairlead", ours))
        if who in ("fairlead", BARE) and self.binary:
            settings = {"security_headers": False} if who == BARE else self.addressed(workload, workload.ours)
            return servers.fairlead(self.binary, self.root, work, threads=workload.threads, settings=settings,
                                    congestion_control=self.arguments.congestion_control)
        return servers.nginx(self.root, work, workers=workload.threads, nopush=who == NOPUSH, deferred=who == DEFERRED,
                             lines=workload.theirs, around=self.addressed(workload, workload.around))

    def addressed(self, workload, setting):
        """A setting with the address of the application behind the server and the path of its users, where it has them."""
        text = json.dumps(setting)
        if users.PLACE in text:
            text = text.replace(users.PLACE, users.make(self.binary, self.work / "users"))
        if workload.has_php:
            if not self.php:
                self.php = php.PhpFpm(self.work / "php")
            text = text.replace(php.ADDRESS, self.php.address)
        return json.loads(text)

    def storage(self, workload):
        """The directory on the disk that this workload is about."""
        if not workload.on_slow_disk:
            return self.work
        if not self.disk:
            self.disk = slow_disk.make(self.work / "slow-disk")
        return self.disk.mount

    def server(self, who, workload):
        key = (who, workload.threads, workload.on_slow_disk, json.dumps(workload.ours), workload.theirs,
               who == FLOOR and workload.name)
        if key not in self.running:
            self.running[key] = self.start(who, workload)
        return self.running[key]

    def stop(self):
        for server in self.running.values():
            server.stop()
        if self.php:
            self.php.stop()
        if self.disk:
            self.disk.close()

    def once(self, workload, who, moment):
        """One measurement of one server; `moment` is the round and the slice."""
        if workload.run:
            return self.reading(workload, who, moment)
        if workload.measure == "memory":
            return self.idle_memory(workload, who)
        if workload.measure == "listing_memory":
            return self.listing_memory(workload, who)
        server = self.server(who, workload)
        if workload.measure == "first_byte":
            return listing.first_byte_seconds(server.port, workload.options["path"]) * 1e3
        return self.under_load(workload, who, server)

    def reading(self, workload, who, moment):
        """Of a measurement that has several; rows of the same run share it."""
        key = (workload.same_run or workload.name, who, moment)
        if key not in self.readings:
            self.readings[key] = RUNS[workload.run](self, workload, who)
        return self.readings[key][workload.measure]

    def under_load(self, workload, who, server):
        options = workload.options | self.learn(workload, who, server)
        slices = workload.slices * (10 if self.arguments.quick else 1)
        options["requests"] = max(options["requests"] // slices, options["connections"])
        if workload.name == "upload":
            options |= self.upload_options(server, who)
        warm_up = dict(options, requests=max(options["requests"] // 20, options["connections"]))
        servers.load(self.generator, server.port, *workload.flags, **warm_up)
        if workload.name == "upload":
            servers.settle(self.work)
            options |= self.upload_options(server, who)
        before = server.cpu_seconds()
        report = servers.load(self.generator, server.port, *workload.flags, **options)
        used = server.cpu_seconds() - before
        if workload.measure == "rate":
            return report["per_second"]
        if workload.measure == "cpu_per_gb":
            return used / (report["bytes"] / 1e9)
        return used / report["answers"] * 1e6

    def learn(self, workload, who, server):
        """Options that depend on the server, such as the tag of its file; asked for once."""
        key = (workload.name, who)
        if key not in self.learned:
            # One that knows no HTTP answers whatever is asked for.
            asked = self.server("fairlead", workload) if who == FLOOR else server
            self.learned[key] = workload.learn(asked.port, workload.options) if workload.learn else {}
        return self.learned[key]

    def upload_options(self, server, who):
        body = dict(body=self.document, field="Content-Type: application/json")
        if who == "fairlead" and self.binary:
            return dict(body, method="POST", path="/upload")
        # A name of its own for each document, as Fairlead gives it. Nothing is deleted before the end: for minutes
        # ext4 looks at each inode that was freed before it makes a new file, ten times the cost of the upload.
        self.batches += 1
        return dict(body, method="PUT", path=f"/put/document_{self.batches}_{{n}}.json")

    def idle_memory(self, workload, who):
        """A fresh server, since one that has worked holds memory in reserve."""
        options = dict(workload.options)
        if self.arguments.quick:
            options["connections"] //= 10
        server = self.start(who, workload)
        command = [str(self.generator), "--port", str(server.port), *workload.flags]
        for name, value in options.items():
            command += [f"--{name}", str(value)]
        try:
            servers.load(self.generator, server.port, path="/1k.txt", requests=200, connections=4)
            before = server.memory_bytes()
            holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            try:
                report = json.loads(holder.stdout.readline())
                if report["answers"] != options["connections"]:
                    raise SystemExit(f"{who}: only {report['answers']} of {options['connections']} connections held")
                return (server.memory_bytes() - before) / options["connections"]
            finally:
                holder.stdin.close()
                holder.wait(30)
        finally:
            server.stop()

    def listing_memory(self, workload, who):
        """A fresh server here, too."""
        server = self.start(who, workload)
        try:
            clients = workload.options["connections"]
            return listing.growth_bytes(server, workload.options["path"], clients) / MIB
        finally:
            server.stop()
