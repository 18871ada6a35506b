"""Streams the whole variable (1 GiB) over `.dods`, compares every byte with the file and reports the server's peak memory above idle.

Run: python3 bench/stream_rss.py --weir target/release/weir [--quick] [--server weir|pydap|xpublish]
The first pass meets a server that has proven no chunk yet, the second one that has. Exit code: 0 right and under the bar,
1 wrong bytes, 2 could not run, 3 over the bar.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import packages

packages.enter()

import peers  # noqa: E402  (the packages exist only from here on)
import processes  # noqa: E402
from answers import FileValues, WrongAnswer, check_dods, constraint  # noqa: E402
from client import BadResponse  # noqa: E402
from dataset import FULL, NETCDF4_ID, QUICK, Dataset, prepare  # noqa: E402

BAR_MIB = 200.0
PASSES = 2
WRONG, BAR_MISSED = 1, 3


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weir", type=Path, default=packages.REPOSITORY / "target" / "release" / "weir", help="the weir binary")
    parser.add_argument("--server", choices=("weir", "pydap", "xpublish"), default="weir", help="which server to stream from")
    parser.add_argument("--quick", action="store_true", help="64 MiB instead of 1 GiB")
    parser.add_argument("--cores", default="0,1", help="core of the server, core of the client (default 0,1)")
    parser.add_argument("--data", type=Path, default=packages.REPOSITORY / "target" / "bench-data", help="directory of the data, kept between runs")
    return parser.parse_args()


def peer(chosen: argparse.Namespace, data: Dataset) -> peers.Peer:
    if chosen.server == "pydap":
        return peers.pydap(data)
    if chosen.server == "xpublish":
        return peers.xpublish(data)
    if not os.access(chosen.weir, os.X_OK):
        raise peers.NotStarted(f"no weir binary at {chosen.weir}: build it with `cargo build --release`")
    return peers.weir(chosen.weir.resolve(), data)


def stream(server: peers.Server, values: FileValues, idle_mib: float) -> float:
    """One whole pass: checks it, prints a line, returns the peak above idle in MiB."""
    ranges = tuple((0, length - 1) for length in values.data.sizes.shape)
    path = f"{server.peer.opendap(NETCDF4_ID)}.dods?{constraint(ranges)}"
    client = server.client()
    processes.reset_peak(server.pid)
    cpu, began = processes.cpu_seconds(server.pid), time.perf_counter()
    try:
        length = check_dods(client, path, values, ranges)
    finally:
        client.close()
    elapsed = time.perf_counter() - began
    above = processes.memory_bytes(server.pid, "VmHWM") / processes.MIB - idle_mib
    cpu = processes.cpu_seconds(server.pid) - cpu
    print(f"{length:,} bytes right in {elapsed:.1f} s (comparing included), server CPU {cpu:.2f} s, peak {above:.1f} MiB above idle", flush=True)
    return above


def measure(chosen: argparse.Namespace) -> float:
    """The highest peak above idle over all passes, in MiB."""
    data = prepare(chosen.data.resolve() / ("quick" if chosen.quick else "full"), QUICK if chosen.quick else FULL, with_netcdf3=False)
    server_core, client_core = processes.cores(chosen.cores)
    with ExitStack() as stack:
        run_directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="weir-bench-")))
        processes.pin(client_core)
        values = FileValues(data)
        stack.callback(values.close)
        server = peers.Server(peer(chosen, data), server_core, run_directory)
        stack.callback(server.stop)
        idle_mib = server.idle_rss_mib()
        print(f"{server.peer.name} idle: {idle_mib:.1f} MiB", flush=True)
        return max(stream(server, values, idle_mib) for _ in range(PASSES))


def main() -> int:
    chosen = arguments()
    # a plain kill must stop the server as Ctrl-C does, and so must Ctrl-C where a shell's background job ignores it
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    try:
        above = measure(chosen)
    except KeyboardInterrupt:
        print("interrupted: the server was stopped", file=sys.stderr)
        return 130
    except peers.NotStarted as fault:
        print(fault, file=sys.stderr)
        return packages.CANNOT_RUN
    except (WrongAnswer, BadResponse, OSError) as fault:
        print(f"WRONG: {type(fault).__name__}: {fault}", file=sys.stderr)
        return WRONG
    print(f"{'PASS' if above < BAR_MIB else 'FAIL'}: peak {above:.1f} MiB above idle, bar {BAR_MIB:.0f} MiB")
    return 0 if above < BAR_MIB else BAR_MISSED


if __name__ == "__main__":
    sys.exit(main())
