"""Computing: the mean of each month of one variable of 1 GiB (float32, shuffle + deflate 4, 1,024 chunks of 1 MiB), beside xarray with dask.

Run: python3 bench/diagnostics.py --weir target/release/weir [--rounds N] [--json FILE]
weir is asked over HTTP for a netCDF file, with a header so that no answer is kept; xarray opens the same file with its own chunks and computes with
dask's threads, its imports not counted. Both have all cores of this process. Every figure is a median over rounds, which run one after the other;
results are compared first. Exit code: 0 every bar reached, 1 wrong values, 2 could not run, 3 a bar was missed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import packages

packages.enter()

import netCDF4  # noqa: E402  (the packages exist only from here on)
import numpy as np  # noqa: E402
import peers  # noqa: E402
import processes  # noqa: E402
from dataset import NETCDF4_ID, VARIABLE, Dataset, Sizes, prepare  # noqa: E402

SIZES = Sizes(shape=(1024, 512, 512), chunk=(16, 128, 128), large_steps=256)
WRONG, BAR_MISSED = 1, 3
FASTER, SMALLER = 3.0, 1 / 3
XARRAY = """
import resource, sys, time, dask, numpy, xarray
began = time.perf_counter()
with dask.config.set(scheduler="threads", num_workers=int(sys.argv[4])), xarray.open_dataset(sys.argv[1], chunks={}) as file:
    mean = file[sys.argv[2]].groupby("time.month").mean().compute()
seconds = time.perf_counter() - began
numpy.save(sys.argv[3], mean.values)
print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weir", type=Path, default=packages.REPOSITORY / "target" / "release" / "weir", help="the weir binary")
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default 5)")
    parser.add_argument("--data", type=Path, default=packages.REPOSITORY / "target" / "bench-data", help="directory of the data, kept between runs")
    parser.add_argument("--json", type=Path, help="also write every round's figures to this file")
    return parser.parse_args()


def by_weir(server: peers.Server) -> tuple[float, int, np.ndarray]:
    """Seconds, the server's peak memory, and the means."""
    processes.reset_peak(server.pid)
    address = f"http://127.0.0.1:{server.port}/datasets/{NETCDF4_ID}/groupby/{VARIABLE}/time.month/mean"
    request = urllib.request.Request(address, headers={"Accept": "application/x-netcdf"})
    began = time.perf_counter()
    with urllib.request.urlopen(request, timeout=600) as response:
        body = response.read()
    seconds = time.perf_counter() - began
    with netCDF4.Dataset("memory", memory=body) as file:
        means = np.ma.filled(file[VARIABLE][...], np.nan)
    return seconds, processes.memory_bytes(server.pid, "VmHWM"), means


def by_xarray(data: Dataset, scratch: Path) -> tuple[float, int, np.ndarray]:
    """Seconds, the process's peak memory, and the means."""
    import os

    out = scratch / "means.npy"
    argv = [sys.executable, "-c", XARRAY, str(data.netcdf4), VARIABLE, str(out), str(len(os.sched_getaffinity(0)))]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    seconds, peak = done.stdout.split()
    return float(seconds), int(float(peak)), np.load(out)


def measure(chosen: argparse.Namespace) -> dict[str, list[float]] | None:
    data = prepare(chosen.data.resolve() / "reading", SIZES, with_netcdf3=False)
    figures: dict[str, list[float]] = {"weir s": [], "xarray s": [], "weir peak MiB": [], "xarray peak MiB": []}
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="weir-bench-")))
        server = peers.Server(peers.weir(chosen.weir.resolve(), data), None, scratch)
        stack.callback(server.stop)
        for number in range(chosen.rounds):
            ours, our_peak, means = by_weir(server)
            theirs, their_peak, expected = by_xarray(data, scratch)
            if means.shape != expected.shape or not np.allclose(means, expected, rtol=1e-6, atol=0):
                return None
            here = (ours, theirs, our_peak / processes.MIB, their_peak / processes.MIB)
            for rounds, value in zip(figures.values(), here):
                rounds.append(value)
            print(f"round {number + 1}: " + ", ".join(f"{name} {value:.2f}" for name, value in zip(figures, here)), file=sys.stderr, flush=True)
    return figures


def main() -> int:
    chosen = arguments()
    try:
        figures = measure(chosen)
    except (peers.NotStarted, OSError, subprocess.CalledProcessError) as fault:
        print(fault, getattr(fault, "stderr", ""), file=sys.stderr)
        return packages.CANNOT_RUN
    if figures is None:
        print("wrong values: the means are not those of xarray", file=sys.stderr)
        return WRONG
    median = {name: statistics.median(rounds) for name, rounds in figures.items()}
    faster, smaller = median["xarray s"] / median["weir s"], median["weir peak MiB"] / median["xarray peak MiB"]
    print("| what | bar | median | all rounds |\n|---|---|---|---|")
    print(f"| time.month mean of 1 GiB: times as fast as xarray and dask | at least {FASTER:.0f} | {faster:.2f} | |")
    print(f"| peak memory, of that of xarray and dask | at most {SMALLER:.2f} | {smaller:.2f} | |")
    for name, rounds in figures.items():
        print(f"| {name} | | {median[name]:.2f} | {' '.join(f'{value:.2f}' for value in rounds)} |")
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1))
    return 0 if faster >= FASTER and smaller <= SMALLER else BAR_MISSED


if __name__ == "__main__":
    sys.exit(main())
