"""The rows of test/bench/run: what is asked of the servers, what is compared, and what the project wants to reach."""

from dataclasses import dataclass, field
from typing import Callable

import first_answer
import php
import served
import slow_disk
import tunnels
import users
from uploads import FDATASYNC, IDLE, ONE_CLIENT

KIB, MIB, GIB = 1024, 1024 ** 2, 1024 ** 3
PLAIN, NOPUSH, DEFERRED, BARE = "nginx", "nginx tcp_nopush", "nginx deferred", "Fairlead bare"
FLOOR = "no HTTP"  # of floor.py

AS_BROWSERS_DO = "Accept-Encoding: gzip, deflate, br, zstd"
GZIP_ONLY = "Accept-Encoding: gzip"
ORIGIN = "Origin: https://app.example.org"

# What stands beside the files that a workload asks for, in nginx as it is usually set up.
NGINX_GZIP = "gzip on; gzip_types text/plain; gzip_comp_level 1; gzip_vary on;"
NGINX_GZIP_STATIC = NGINX_GZIP + " gzip_static on;"

# No redirect fits, and of `cache_control` the last: each has to be tried.
RULES = {
    "redirects": {f"/moved-{n}/**/page-*.html": f"301 /new-{n}/$1/$2" for n in range(10)},
    "cache_control": {**{f"/assets-{n}/**/*.{{js,css}}": "max-age=31536000, immutable" for n in range(9)},
                      "*.txt": "public, max-age=600"},
    "cors": {"origins": ["https://app.example.org"]},
}


@dataclass(frozen=True)
class Workload:
    """One row."""
    name: str
    title: str
    unit: str
    target: float | None      # None is "reported only"
    options: dict = field(default_factory=dict)  # of the load generator
    flags: tuple = ()
    measure: str = "cpu"      # cpu (microseconds per request), cpu_per_gb, rate, memory, first_byte, listing_memory
    run: str = ""             # of bench.RUNS, with `measure` one of its readings
    same_run: str = ""        # the row whose measurement it is, when it shows another reading of that
    family: str = ""          # what --only takes for several rows
    threads: int = 1
    on_slow_disk: bool = False  # of slow_disk.py
    against: tuple = (PLAIN, NOPUSH)
    also: tuple = ()          # measured and reported, but not what the target is about
    absolute: bool = False    # the target is a value and not a ratio
    slices: int = 9           # of a round, the servers taking turns; the round's value is their median
    ours: dict = field(default_factory=dict)  # settings of Fairlead that this row needs
    theirs: str = ""          # and lines of nginx's server block
    around: str = ""          # and of its http block
    has_php: bool = False     # behind the servers
    learn: Callable | None = None  # looks at one answer of a server first; returns further options

    @property
    def more_is_better(self):
        return self.measure in ("rate", "mb_per_second")


def get(size_name, size, requests, connections, **more):
    return dict(path=f"/{size_name}.txt", length=size, requests=requests, connections=connections, **more)


DELIVERY = (
    Workload("1k", "1 KiB GET, keep-alive: CPU per request", "us", 0.75, get("1k", KIB, 60000, 32)),
    Workload("logged", "1 KiB GET, keep-alive, access log in a file, nginx's buffered: CPU per request", "us", 0.85, get("1k", KIB, 60000, 32),
             ours={"log": {"access": {"format": "combined", "file": "access.log"}}},
             theirs="access_log logs/access.log combined buffer=64k flush=1s;"),
    Workload("16k", "16 KiB GET, keep-alive: CPU per request", "us", 0.85, get("16k", 16 * KIB, 40000, 32)),
    Workload("many", "8,000 files of 16 KiB in turn, more than the cache keeps: CPU per request", "us", 1.0,
             dict(path=served.PICTURES, length=served.PICTURE_BYTES, requests=served.PICTURE_COUNT, connections=32)),
    Workload("1m", "1 MiB GET, keep-alive: CPU per request", "us", 0.95, get("1m", MIB, 2000, 8)),
    Workload("100m", "100 MiB download, 4 connections: CPU per GB", "s", 1.05, get("100m", 100 * MIB, 16, 4),
             measure="cpu_per_gb", slices=1),
    Workload("short", "new connection per request, 1 KiB: CPU per request", "us", 0.70, get("1k", KIB, 20000, 32),
             flags=("--short",), also=(DEFERRED,)),
    Workload("pipeline", "16 pipelined requests, 1 KiB: CPU per request", "us", 0.30, get("1k", KIB, 160000, 16, pipeline=16)),
    Workload("upload", "JSON upload 1 KiB, durability off, against DAV PUT: CPU per request", "us", 0.85,
             dict(requests=9000, connections=16, status=201), against=(PLAIN,)),
    Workload("rate", "requests/s, 2 threads against 2 workers, 1 KiB", "/s", 1.2, get("1k", KIB, 120000, 64),
             measure="rate", threads=2),
    Workload("idle", "memory per idle keep-alive connection, 10,000 open", "bytes", 2048, dict(path="/1k.txt", length=KIB, connections=10000),
             flags=("--hold",), measure="memory", against=(PLAIN,), absolute=True, slices=1),
)

STATIC = (
    Workload("304", "304 to If-None-Match: CPU per request", "us", 0.70, get("1k", KIB, 60000, 32, status=304),
             also=(FLOOR,), learn=first_answer.known_tag),
    Workload("304-date", "304 to If-Modified-Since: CPU per request", "us", 0.70, get("1k", KIB, 60000, 32, status=304),
             learn=first_answer.known_date),
    Workload("range", "64 KiB range at a random offset of 1 GiB: CPU per request", "us", 0.90,
             {**get("1g", 64 * KIB, 20000, 16, status=206), "random-range": GIB}, also=(FLOOR,), learn=first_answer.has_ranges),
    Workload("precompressed", "100 KiB from a `.br` against a `.gz` beside the file: CPU per request", "us", 0.85,
             get("sheet", served.PRECOMPRESSED_BYTES, 10000, 16, field=AS_BROWSERS_DO), theirs=NGINX_GZIP_STATIC,
             also=(FLOOR,), learn=first_answer.is_precompressed),
    Workload("gzip", "100 KiB of text, gzip on the fly, ours kept: CPU per request", "us", 0.10,
             dict(path="/words.txt", requests=1800, connections=16, field=GZIP_ONLY),
             ours={"compression": {"gzip_level": 1}}, theirs=NGINX_GZIP, learn=first_answer.gzip_length),
    Workload("gzip-uncached", "100 KiB of text, gzip on the fly, each time: CPU per request", "us", 1.10,
             dict(path="/words.txt", requests=1800, connections=16, field=GZIP_ONLY),
             ours={"compression": {"gzip_level": 1, "cache": "0"}}, theirs=NGINX_GZIP, learn=first_answer.gzip_length),
    Workload("rules", "1 KiB GET, ten rules of each kind, CORS, security fields, against bare: CPU per request", "us", 1.10,
             get("1k", KIB, 60000, 32, field=ORIGIN), against=(BARE,), ours=RULES),
    Workload("auth", "1 KiB GET, Basic auth that was verified before, rules, security fields, against bare: CPU per request", "us", 1.10,
             get("1k", KIB, 60000, 32, field=users.FIELD), against=(BARE,), ours=users.RULES,
             learn=first_answer.is_let_in),
    Workload("listing", "listing of 10,000 entries: time to the first byte", "ms", 50, dict(path=served.FOLDER),
             measure="first_byte", against=(PLAIN,), absolute=True, ours={"listing": True}, theirs="autoindex on;"),
    Workload("listing-memory", "the same: memory while 50 clients read it slowly", "MiB", None,
             dict(path=served.FOLDER, connections=50), measure="listing_memory", against=(PLAIN,), slices=1,
             ours={"listing": True}, theirs="autoindex on;"),
)

# Where PUT is taken: below /put/, in a directory beside the configuration, as in nginx's.
def puts(**uploads):
    return {"routes": {"/put": {"uploads": {"directory": "put", "accept": ["put"], "max_body": "2g", **uploads}}}}


NGINX_PUTS = "client_max_body_size 0; create_full_put_path on;"


def put_row(size_name, title, unit, target, digest, options, **more):
    """Without and with the digest that Fairlead keeps of each file. nginx keeps none, so the target is for the first."""
    name = more.pop("name", f"put-{size_name}" + ("-digest" if digest else ""))
    title = f"PUT of {title}, durability off, {'SHA-256' if digest else 'no digest'}: {more.pop('what', 'CPU per request')}"
    return Workload(name, title, unit, None if digest else target, options, run="put", against=(PLAIN,), family=f"put-{size_name}",
                    theirs=NGINX_PUTS, ours=puts(durability="off", digest=digest), learn=first_answer.takes_files, **more)


def put_1g_rows(digest):
    name = "put-1g" + ("-digest" if digest else "")
    options = {"connections": 1, "requests": 3, "body-size": GIB, "seconds": 300}
    yield put_row("1g", "1 GiB", "MB/s", 1.0, digest, options, what="speed", measure="mb_per_second", slices=3)
    yield put_row("1g", "1 GiB", "s", 1.1, digest, options, what="CPU per GB", measure="cpu_per_gb", slices=3,
                  name=name + "-cpu", same_run=name)


SMALL = {"body-size": KIB, "connections": 64}


def durable_rows(name, title, on_slow_disk):
    options = SMALL | {"stop-after": 2000 if on_slow_disk else 3000}
    more = dict(run="durable", threads=2, slices=1 if on_slow_disk else 3, family=name, ours=puts(durability="full"),
                learn=first_answer.takes_files_durably, on_slow_disk=on_slow_disk)
    yield Workload(name, f"{title}, uploads/s of 64 clients against one", "/s", 4.0, options, measure="rate",
                   against=(ONE_CLIENT,), **more)
    yield Workload(f"{name}-p50", "- median time of the 64 against one fdatasync", "ms", None, options, measure="p50",
                   against=(FDATASYNC,), same_run=name, **more)
    yield Workload(f"{name}-p99", "- the 99th percentile", "ms", 20.0, options, measure="p99", against=(FDATASYNC,),
                   same_run=name, **more)


BUSY_GETS = dict(run="gets", threads=2, slices=3, family="get-under-uploads", against=(IDLE,), ours=puts(durability="full"),
                 learn=first_answer.takes_files_durably)
GETS_AT_A_RATE = get("1k", KIB, 1600, 8, rate=400, uploads=SMALL)

UPLOADS = (
    *(put_row("1k", "1 KiB", "us", 0.9, digest, {"connections": 16, "requests": 9000, "body-size": KIB}) for digest in (False, True)),
    *(put_row("1m", "1 MiB", "us", 0.9, digest, {"connections": 16, "requests": 576, "body-size": MIB}, slices=3) for digest in (False, True)),
    *put_1g_rows(False), *put_1g_rows(True),
    *durable_rows("durable", "durable PUT of 1 KiB", on_slow_disk=False),
    *durable_rows("durable-slow-disk", f"the same, flush of {slow_disk.FLUSH_MICROSECONDS // 1000} ms", on_slow_disk=True),
    Workload("slow-uploads", "memory while 5,000 uploads of 1 MiB drip in, 1 KiB/s each", "MiB", 190,
             {"connections": 5000, "size": MIB, "piece": KIB, "pieces": 20, "pause": 1000},
             run="slow_uploads", measure="mib", against=(PLAIN,), absolute=True, slices=1, theirs=NGINX_PUTS,
             ours=puts(durability="off")),
    Workload("get-under-uploads", "400 GETs/s of 1 KiB while 64 clients store durably: median time", "ms", None,
             GETS_AT_A_RATE, measure="p50", **BUSY_GETS),
    Workload("get-under-uploads-p99", "- the 99th percentile", "ms", 3.0, GETS_AT_A_RATE, measure="p99",
             same_run="get-under-uploads", **BUSY_GETS),
)

PROGRAMS = (
    Workload("fastcgi", "a trivial script of php-fpm, kept connections: CPU per request of the server alone", "us", 0.90,
             dict(path=served.SCRIPT, length=served.SCRIPT_BYTES, requests=27000, connections=php.CONNECTIONS), against=(PLAIN,),
             ours={"fastcgi": {"servers": [php.ADDRESS]}}, theirs=php.NGINX_SERVER, around=php.NGINX_HTTP, has_php=True),
)
TUNNEL = dict(run="tunnel", family="tunnel", against=(PLAIN,), slices=1, ours=tunnels.OURS)
TUNNELS = (
    Workload("tunnel", "tunnel of 10 GiB against nginx `stream`: speed", "MB/s", 0.95, {"size": 10 * GIB},
             measure="mb_per_second", **TUNNEL),
    Workload("tunnel-cpu", "- the same: CPU per GB", "s", 1.10, {"size": 10 * GIB}, measure="cpu_per_gb", same_run="tunnel",
             **TUNNEL),
)

WORKLOADS = DELIVERY + STATIC + UPLOADS + PROGRAMS + TUNNELS
