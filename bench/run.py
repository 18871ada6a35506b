"""Measures weir beside nginx, pydap and xpublish on this machine and prints a table of ratios.

Run bench/install.sh once, then: python3 bench/run.py --weir target/release/weir [--quick] [--json FILE]
Exit code: 0 done (full runs: and every bar reached), 1 weir gave a wrong answer, 2 could not run, 3 a bar was missed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import packages

packages.enter()

import load  # noqa: E402  (the packages exist only from here on)
import peers  # noqa: E402
import processes  # noqa: E402
import report  # noqa: E402
from answers import FileValues  # noqa: E402
from dataset import FULL, QUICK, Dataset, prepare  # noqa: E402
from measurements import Comparison  # noqa: E402

WRONG, BAR_MISSED = 1, 3


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weir", type=Path, default=packages.REPOSITORY / "target" / "release" / "weir", help="the weir binary")
    parser.add_argument("--peers-only", action="store_true", help="measure the other servers without weir")
    parser.add_argument("--quick", action="store_true", help="64 MiB of data and short rounds: shows that it works, judges nothing")
    parser.add_argument("--only", help="measure only these, comma-separated: dds, dods, chunk, mib, zmetadata, processed, large")
    parser.add_argument("--netcdf3", action="store_true", help="also a netCDF-3 copy of the same values")
    parser.add_argument("--rounds", type=int, default=5, help="round-robin rounds, at least 5 (default 5)")
    parser.add_argument("--seconds", type=float, default=2.0, help="seconds per server, measurement and round (default 2)")
    parser.add_argument("--cores", default="0,1", help="core of the servers, core of the clients (default 0,1)")
    parser.add_argument("--data", type=Path, default=packages.REPOSITORY / "target" / "bench-data", help="directory of the data, kept between runs")
    parser.add_argument("--json", type=Path, help="also write every round's figures to this file")
    chosen = parser.parse_args()
    if chosen.rounds < 5:
        parser.error(f"--rounds is {chosen.rounds}; a median needs at least 5")
    if chosen.quick:
        chosen.seconds = min(chosen.seconds, 1.0)
    return chosen


def programs(chosen: argparse.Namespace) -> str:
    """Checks that every program is installed; returns nginx's path."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    for program, found in (("nginx", nginx), ("wrk", shutil.which("wrk")), ("taskset", shutil.which("taskset"))):
        if found is None:
            raise peers.NotStarted(f"{program} is not installed: run bench/install.sh")
    if not chosen.peers_only and not os.access(chosen.weir, os.X_OK):
        raise peers.NotStarted(f"no weir binary at {chosen.weir}: build it with `cargo build --release`, or pass --peers-only")
    return nginx


def all_peers(chosen: argparse.Namespace, nginx: str, data: Dataset, run_directory: Path) -> list[peers.Peer]:
    others = [peers.nginx(nginx, data, run_directory), peers.pydap(data), peers.xpublish(data)]
    return others if chosen.peers_only else [peers.weir(chosen.weir.resolve(), data, run_directory), *others]


def start_up(wanted: list[peers.Peer], count: int, core: int | None, run_directory: Path, stack: ExitStack) -> tuple[list[peers.Server], dict]:
    """Starts each peer `count` times, one at a time; the last of each stays up for the measurements."""
    starts: dict[str, list[report.Start]] = {peer.name: [] for peer in wanted}
    running = []
    for turn in range(count):
        for peer in wanted:
            server = peers.Server(peer, core, run_directory)
            with ExitStack() as unless_kept:
                unless_kept.callback(server.stop)
                idle = server.idle_rss_mib()
                starts[peer.name].append(report.Start(server.startup_seconds, idle))
                if turn == count - 1:
                    stack.push(unless_kept.pop_all())
                    running.append(server)
    return running, starts


def measure(chosen: argparse.Namespace) -> report.Run:
    nginx = programs(chosen)
    sizes = QUICK if chosen.quick else FULL
    data = prepare(chosen.data.resolve() / ("quick" if chosen.quick else "full"), sizes, chosen.netcdf3)
    server_core, client_core = processes.cores(chosen.cores)
    facts = report.facts(data, chosen.rounds, chosen.seconds, (server_core, client_core))
    with ExitStack() as stack:
        run_directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="weir-bench-")))
        processes.pin(client_core)
        values = FileValues(data)
        stack.callback(values.close)
        wanted = all_peers(chosen, nginx, data, run_directory)
        progress(f"starting each server {chosen.rounds} times")
        servers, starts = start_up(wanted, chosen.rounds, server_core, run_directory, stack)
        comparison = Comparison(servers, data, values)
        progress("checking every answer against the file")
        only = chosen.only.split(",") if chosen.only else None
        comparison.check_all(lambda key: key in only if only else key != "dods3" or chosen.netcdf3)
        for number in range(chosen.rounds):
            progress(f"round {number + 1} of {chosen.rounds}")
            comparison.round(number, chosen.seconds)
    return report.Run(facts, wanted, starts, comparison.measurements)


def progress(text: str) -> None:
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def main() -> int:
    chosen = arguments()
    # a plain kill must stop the servers as Ctrl-C does, and so must Ctrl-C where a shell's background job ignores it
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    try:
        run = measure(chosen)
    except KeyboardInterrupt:
        print("interrupted: every server was stopped", file=sys.stderr)
        return 130
    except peers.NotStarted as fault:
        print(fault, file=sys.stderr)
        return packages.CANNOT_RUN
    print(report.markdown(run))
    if chosen.json:
        report.write_json(run, chosen.json)
    if run.weir_is_wrong:
        return WRONG
    return BAR_MISSED if run.missed and not (chosen.quick or chosen.peers_only) else 0


if __name__ == "__main__":
    sys.exit(main())
