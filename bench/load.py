"""Load on one server: closed loops that ask for random paths of a list, for a bounded time.

Two generators, each where it is the cheaper one (measured against nginx): our own client for one connection with large bodies, wrk for small
bodies and for several connections. Both ask for the same paths in the same order whatever the server, and both check status and length.
"""

from __future__ import annotations

import gc
import json
import math
import random
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import processes
from client import BadResponse
from peers import Server

# Bodies from here on are read by our own client when there is one connection.
LARGE_BODY_BYTES = 64 * 1024
# What a response head may add to a body in wrk's byte count, transfer framing included.
HEAD_BYTES = 4096
WARM_REQUESTS = 3


@dataclass(frozen=True)
class Load:
    """What to ask for: paths, how many connections at once, and each body's length in bytes (smallest, largest)."""

    paths: tuple[str, ...]
    connections: int
    body_bytes: tuple[int, int]

    @property
    def generator(self) -> str:
        return "own client" if self.connections == 1 and self.body_bytes[1] >= LARGE_BODY_BYTES else "wrk"


@dataclass(frozen=True)
class Sample:
    """One server under one load in one round. Times in the unit of the name; cpu_ms is per request, over the server's process tree."""

    requests_per_second: float
    megabytes_per_second: float
    p50_ms: float
    p99_ms: float
    cpu_ms: float
    peak_rss_mib: float
    first_byte_ms: float | None = None


def run(server: Server, load: Load, seconds: float, seed: int) -> Sample:
    """Loads the server for `seconds`. Raises BadResponse if any answer failed or had another length than the checked ones."""
    warm(server, load, seed)
    processes.reset_peak(server.pid)
    before = processes.cpu_seconds(server.pid)
    generate = by_client if load.generator == "own client" else by_wrk
    requests, elapsed, received, p50_ms, p99_ms = generate(server, load, seconds, seed)
    if requests == 0:
        raise BadResponse(f"{server.peer.name} answered no request in {seconds} s")
    return Sample(
        requests_per_second=requests / elapsed,
        megabytes_per_second=received / elapsed / 1e6,
        p50_ms=p50_ms,
        p99_ms=p99_ms,
        cpu_ms=(processes.cpu_seconds(server.pid) - before) / requests * 1e3,
        peak_rss_mib=processes.memory_bytes(server.pid, "VmHWM") / processes.MIB,
    )


def warm(server: Server, load: Load, seed: int) -> None:
    """A few requests that are not counted: the server may have been idle through the others' turns."""
    client = server.client()
    try:
        for path in random.Random(seed).choices(load.paths, k=WARM_REQUESTS):
            client.read(path)
    finally:
        client.close()


def by_client(server: Server, load: Load, seconds: float, seed: int) -> tuple[int, float, int, float, float]:
    """One connection, our own client: requests, seconds, body bytes, p50 and p99 in ms."""
    choose, times, received = random.Random(seed), [], 0
    client = server.client()
    gc.disable()
    try:
        began = now = time.perf_counter()
        while now - began < seconds:
            response = client.read(choose.choice(load.paths))
            then, now = now, time.perf_counter()
            times.append(now - then)
            received += response.body_bytes
            if response.status != 200 or not load.body_bytes[0] <= response.body_bytes <= load.body_bytes[1]:
                raise BadResponse(f"{server.peer.name}: status {response.status}, {response.body_bytes} bytes under load")
    finally:
        gc.enable()
        client.close()
    times.sort()
    return len(times), now - began, received, percentile(times, 50) * 1e3, percentile(times, 99) * 1e3


def percentile(ordered: list[float], percent: float) -> float:
    """Nearest-rank percentile of an ascending list."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def by_wrk(server: Server, load: Load, seconds: float, seed: int) -> tuple[int, float, int, float, float]:
    """wrk, one thread: the same figures; its byte count includes response heads."""
    with tempfile.TemporaryDirectory() as scratch:
        listing = Path(scratch, "paths")
        listing.write_text("\n".join(load.paths) + "\n")
        script = Path(__file__).with_name("paths.lua")
        # wrk takes whole seconds only
        whole = str(max(1, round(seconds)))
        argv = ["wrk", "-t1", f"-c{load.connections}", f"-d{whole}s", "--timeout", "60s", "-s", str(script)]
        url = f"http://127.0.0.1:{server.port}"
        done = subprocess.run([*argv, url, "--", str(listing), str(seed)], capture_output=True, text=True, timeout=seconds + 90, check=True)
    found = json.loads(done.stdout.strip().splitlines()[-1])
    mean = found["bytes"] / max(1, found["requests"])
    # requests cut off by the end of the run leave part of a body in wrk's byte count
    spill = load.connections * load.body_bytes[1] / max(1, found["requests"])
    if found["bad"] > 0 or not load.body_bytes[0] <= mean <= load.body_bytes[1] + HEAD_BYTES + spill:
        raise BadResponse(f"{server.peer.name}: {found['bad']} bad answers, {mean:.0f} bytes each under load")
    return found["requests"], found["microseconds"] / 1e6, found["bytes"], found["p50"] / 1e3, found["p99"] / 1e3


def large(server: Server, path: str, body_bytes: int) -> Sample:
    """One large response, read as fast as it comes."""
    client = server.client()
    first: list[float] = []

    def sink(piece: memoryview) -> None:
        if not first:
            first.append(time.perf_counter())

    processes.reset_peak(server.pid)
    before, began = processes.cpu_seconds(server.pid), time.perf_counter()
    try:
        response = client.read(path, sink)
    finally:
        client.close()
    elapsed = time.perf_counter() - began
    if response.status != 200 or response.body_bytes != body_bytes:
        raise BadResponse(f"{server.peer.name}: status {response.status}, {response.body_bytes} bytes, {body_bytes} expected")
    return Sample(
        requests_per_second=1 / elapsed,
        megabytes_per_second=response.body_bytes / elapsed / 1e6,
        p50_ms=elapsed * 1e3,
        p99_ms=elapsed * 1e3,
        cpu_ms=(processes.cpu_seconds(server.pid) - before) * 1e3,
        peak_rss_mib=processes.memory_bytes(server.pid, "VmHWM") / processes.MIB,
        first_byte_ms=(first[0] - began) * 1e3 if first else None,
    )
