"""Reading at speed: one variable of 1 GiB (float32, shuffle + deflate 4, 1,024 chunks of 1 MiB) read whole and as a time series.

Run: python3 bench/reading.py --weir target/release/weir --ideal target/release/examples/ideal_decode [--rounds N] [--json FILE]
Every figure is a median over rounds, and each round runs all of them one after the other. Answers are checked against the file first.
Exit code: 0 every bar reached, 1 wrong bytes, 2 could not run, 3 a bar was missed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import packages

packages.enter()

import h5py  # noqa: E402  (the packages exist only from here on)
import numpy as np  # noqa: E402
import peers  # noqa: E402
import processes  # noqa: E402
from answers import FileValues, WrongAnswer, check_dods, constraint  # noqa: E402
from client import BadResponse, Client  # noqa: E402
from dataset import NETCDF4_ID, VARIABLE, Dataset, Sizes, prepare  # noqa: E402

SIZES = Sizes(shape=(1024, 512, 512), chunk=(1, 512, 512), large_steps=256)
POINT = (257, 130)
WRONG, BAR_MISSED = 1, 3
# netCDF-C reads the whole variable step by step, as a script would, and reports its own CPU time.
NETCDF_C = """
import resource, sys, netCDF4
with netCDF4.Dataset(sys.argv[1]) as file:
    variable = file[sys.argv[2]]
    variable.set_auto_maskandscale(False)
    before = resource.getrusage(resource.RUSAGE_SELF)
    total = 0
    for first in range(0, variable.shape[0], 16):
        total += variable[first : first + 16].nbytes
    after = resource.getrusage(resource.RUSAGE_SELF)
print(total, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
"""
# Concurrent reads: how many, and how large each is.
READERS, READ_STEPS = 50, 256
BUDGET_MIB, ABOVE_BUDGET_MIB = 512, 128


@dataclass(frozen=True)
class Bar:
    """What is measured, and the least (or most) that it may be."""

    name: str
    limit: float
    at_least: bool

    def reached(self, value: float) -> bool:
        return value >= self.limit if self.at_least else value <= self.limit


BARS = [
    Bar("whole variable over DAP2: bytes per CPU-second, ratio to netCDF-C's local read", 2.0, True),
    Bar("whole variable over DAP2: two cores, ratio to one", 1.7, True),
    Bar("time series through 1,024 chunks: ratio to the ideal decode time", 1.2, False),
]


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    release = packages.REPOSITORY / "target" / "release"
    parser.add_argument("--weir", type=Path, default=release / "weir", help="the weir binary")
    parser.add_argument("--ideal", type=Path, default=release / "examples" / "ideal_decode", help="the ideal decoder")
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default 5)")
    parser.add_argument("--data", type=Path, default=packages.REPOSITORY / "target" / "bench-data", help="directory of the data, kept between runs")
    parser.add_argument("--json", type=Path, help="also write every round's figures to this file")
    return parser.parse_args()


def weir(chosen: argparse.Namespace, data: Dataset, *more: str) -> peers.Peer:
    plain = peers.weir(chosen.weir.resolve(), data)
    return replace(plain, argv=lambda port: [*plain.argv(port), *more])


def netcdf_c(data: Dataset) -> float:
    """Bytes per CPU-second of a local read through netCDF-C."""
    done = subprocess.run([sys.executable, "-c", NETCDF_C, str(data.netcdf4), VARIABLE], capture_output=True, text=True, check=True)
    total, seconds = done.stdout.split()
    return int(total) / float(seconds)


def whole(server: peers.Server) -> tuple[float, float]:
    """Reads the whole variable; bytes per CPU-second of the server, and wall-clock seconds."""
    ranges = tuple((0, length - 1) for length in SIZES.shape)
    client = server.client()
    cpu, began = processes.cpu_seconds(server.pid), time.perf_counter()
    try:
        response = client.read(f"{server.peer.opendap(NETCDF4_ID)}.dods?{constraint(ranges)}")
    finally:
        client.close()
    wall = time.perf_counter() - began
    return response.body_bytes / (processes.cpu_seconds(server.pid) - cpu), wall


def series_ranges(y: int, x: int) -> tuple[tuple[int, int], ...]:
    return ((0, SIZES.shape[0] - 1), (y, y), (x, x))


def series(server: peers.Server, number: int) -> float:
    """Seconds of one time series, each at another point, none of which the check asked for: such answers are kept."""
    client = server.client()
    path = f"{server.peer.opendap(NETCDF4_ID)}.dods?{constraint(series_ranges(POINT[0] + 1 + number, POINT[1] + 1 + number))}"
    began = time.perf_counter()
    try:
        client.read(path)
    finally:
        client.close()
    return time.perf_counter() - began


def ideal(chosen: argparse.Namespace, data: Dataset, chunks: str) -> float:
    """Seconds that decoding all chunks on all cores takes at least."""
    threads = str(len(os.sched_getaffinity(0)))
    argv = [str(chosen.ideal), str(data.netcdf4), "4", str(SIZES.chunk_bytes), threads]
    return float(subprocess.run(argv, input=chunks, capture_output=True, text=True, check=True).stdout)


def stored_chunks(data: Dataset) -> str:
    with h5py.File(data.netcdf4, "r") as file:
        variable = file[VARIABLE].id
        found = (variable.get_chunk_info(number) for number in range(variable.get_num_chunks()))
        return "\n".join(f"{chunk.byte_offset} {chunk.size}" for chunk in found)


def check(server: peers.Server, values: FileValues) -> None:
    """Compares the whole variable and a time series with the file; afterwards every chunk is proven."""
    client = server.client()
    try:
        for ranges in (tuple((0, length - 1) for length in SIZES.shape), series_ranges(*POINT)):
            check_dods(client, f"{server.peer.opendap(NETCDF4_ID)}.dods?{constraint(ranges)}", values, ranges)
    finally:
        client.close()


def concurrent(server: peers.Server, expected: np.ndarray) -> tuple[float, int]:
    """Many large reads at once, each compared with the file; the server's peak memory in MiB, and how often it said 503."""
    refused, faults = [0], []
    processes.reset_peak(server.pid)

    def read(number: int) -> None:
        first = (number * 37) % (SIZES.shape[0] - READ_STEPS + 1)
        ranges = ((first, first + READ_STEPS - 1), *((0, length - 1) for length in SIZES.shape[1:]))
        path = f"{server.peer.opendap(NETCDF4_ID)}.dods?{constraint(ranges)}"
        wanted = memoryview(expected[first : first + READ_STEPS]).cast("B")
        try:
            while not once(Client(server.port), path, wanted):
                refused[0] += 1
                time.sleep(1.0)
        except (OSError, BadResponse, WrongAnswer) as fault:
            faults.append(fault)

    readers = [threading.Thread(target=read, args=(number,)) for number in range(READERS)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    if faults:
        raise WrongAnswer(f"{len(faults)} of {READERS} concurrent reads failed, first: {faults[0]}")
    return processes.memory_bytes(server.pid, "VmHWM") / processes.MIB, refused[0]


def once(client: Client, path: str, wanted: memoryview) -> bool:
    """Reads and compares one response; False where the server is busy."""
    head, place = bytearray(), [-1]

    def compare(piece: memoryview) -> None:
        if place[0] < 0:
            head.extend(piece)
            mark = head.find(b"\nData:\n")
            if mark < 0:
                return
            # The array's length comes twice before its values.
            piece, place[0] = memoryview(bytes(head[mark + 7 + 8 :])), 0
        if piece != wanted[place[0] : place[0] + len(piece)]:
            raise WrongAnswer(f"{path}: values differ behind byte {place[0]}")
        place[0] += len(piece)

    try:
        response = client.read(path, compare)
    finally:
        client.close()
    if response.status == 503:
        return False
    if response.status != 200 or place[0] != len(wanted):
        raise WrongAnswer(f"{path}: status {response.status}, {place[0]} of {len(wanted)} bytes")
    return True


def measure(chosen: argparse.Namespace) -> dict[str, list[float]]:
    data = prepare(chosen.data.resolve() / "reading", SIZES, with_netcdf3=False)
    chunks = stored_chunks(data)
    figures: dict[str, list[float]] = {bar.name: [] for bar in BARS}
    raw: dict[str, list[float]] = {}
    with ExitStack() as stack:
        run_directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="weir-bench-")))
        values = FileValues(data)
        stack.callback(values.close)
        all_cores = peers.Server(replace(weir(chosen, data), name="weir"), None, run_directory)
        stack.callback(all_cores.stop)
        one_core = peers.Server(replace(weir(chosen, data), name="weir-one-core"), 0, run_directory)
        stack.callback(one_core.stop)
        for server in (all_cores, one_core):
            check(server, values)
        for number in range(chosen.rounds):
            c_rate = netcdf_c(data)
            rate, wall = whole(all_cores)
            _, wall_of_one = whole(one_core)
            least = ideal(chosen, data, chunks)
            taken = series(all_cores, number)
            for bar, value in zip(BARS, (rate / c_rate, wall_of_one / wall, taken / least)):
                figures[bar.name].append(value)
            here = {"netcdf_c_mb_per_cpu_s": c_rate / 1e6, "weir_mb_per_cpu_s": rate / 1e6, "wall_s": wall, "wall_one_core_s": wall_of_one, "ideal_s": least, "series_s": taken}
            for name, value in here.items():
                raw.setdefault(name, []).append(value)
            print(f"round {number + 1}: " + ", ".join(f"{name} {value:.3f}" for name, value in here.items()), file=sys.stderr, flush=True)
        all_cores.stop()
        one_core.stop()
        budget = peers.Server(weir(chosen, data, "--memory-budget", f"{BUDGET_MIB}MiB"), None, run_directory)
        stack.callback(budget.stop)
        with h5py.File(data.netcdf4, "r") as file:
            expected = file[VARIABLE][...].astype(">f4")
        peak, refused = concurrent(budget, expected)
        raw["peak_mib"], raw["refused"] = [peak], [float(refused)]
    return figures | {"raw": raw}  # type: ignore[dict-item]


def main() -> int:
    chosen = arguments()
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    try:
        figures = measure(chosen)
    except (WrongAnswer, BadResponse) as fault:
        print(f"wrong answer: {fault}", file=sys.stderr)
        return WRONG
    except (peers.NotStarted, OSError, subprocess.CalledProcessError) as fault:
        print(fault, file=sys.stderr)
        return packages.CANNOT_RUN
    raw = figures.pop("raw")
    print("| what | bar | median | all rounds |\n|---|---|---|---|")
    missed = False
    for bar in BARS:
        rounds = figures[bar.name]
        median = statistics.median(rounds)
        missed |= not bar.reached(median)
        sign = "at least" if bar.at_least else "at most"
        print(f"| {bar.name} | {sign} {bar.limit} | {median:.2f} | {' '.join(f'{value:.2f}' for value in rounds)} |")
    for name, rounds in raw.items():
        print(f"| {name} | | {statistics.median(rounds):.3f} | {' '.join(f'{value:.3f}' for value in rounds)} |")
    most = BUDGET_MIB + ABOVE_BUDGET_MIB
    missed |= raw["peak_mib"][0] > most
    print(f"| peak memory of {READERS} concurrent reads of 256 MiB, MiB | at most {most} | {raw['peak_mib'][0]:.0f} | |")
    if chosen.json:
        chosen.json.write_text(json.dumps({**figures, "raw": raw}, indent=1))
    return BAR_MISSED if missed else 0


if __name__ == "__main__":
    sys.exit(main())
