"""A large archive: one aggregation of 1,000 files, a directory of 100,000 small files, one file of 200,000 chunks.

Run: python3 bench/archive.py --weir target/release/weir [--rounds N] [--parts aggregation,small,many] [--json FILE]
Cold is without an index file, warm with what `weir index` left; the page cache is warm throughout. Every start is a new process, and the
time until it answers `/health` is told apart from that of its first answer about a dataset. All values are compared with their formula.
Exit code: 0 every bar reached, 1 wrong bytes, 2 could not run, 3 a bar was missed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import packages

packages.enter()

import archive_files  # noqa: E402  (the packages exist only from here on)
import peers  # noqa: E402
import processes  # noqa: E402
import report  # noqa: E402
from answers import DIMENSIONS, Declared, WrongAnswer, check_dods, constraint, parse_dds, succeeded  # noqa: E402
from archive_files import AGGREGATED, AGGREGATION_ID, MANY_CHUNKS, MANY_ID, MANY_SHAPE, MEMBERS, SMALL_FILES, Archive, Formula  # noqa: E402
from client import BadResponse  # noqa: E402
from dataset import VARIABLE  # noqa: E402

WRONG, BAR_MISSED = 1, 3
BUDGET_MIB, ABOVE_BUDGET_MIB = 256, 64
# The most ids that are asked for at once, and that a page may have.
PAGE = 1000
# A first and a last number alone are no progress.
LEAST_SHOWN = 3
# Runs a program in a terminal of its own, where progress is shown, and copies what it writes there.
IN_TERMINAL = [sys.executable, "-c", "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"]
CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|\r")
SUMMARY = re.compile(r"^(\d+) files with (\d+) chunks indexed in ([\d.]+) s; (\d+) failed$", re.MULTILINE)


@dataclass
class Figure:
    """What was measured, once a round, and the bar that its median must keep."""

    limit: float | None = None
    at_least: bool = False
    rounds: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.rounds)

    @property
    def bar(self) -> str:
        return "" if self.limit is None else f"{'at least' if self.at_least else 'at most'} {self.limit:g}"

    @property
    def missed(self) -> bool:
        if self.limit is None:
            return False
        return self.median < self.limit if self.at_least else self.median > self.limit


@dataclass(frozen=True)
class Weir:
    """The server under test, the directory of this run's logs and indexes, and what was measured so far."""

    binary: Path
    directory: Path
    figures: dict[str, Figure] = field(default_factory=dict)

    def note(self, name: str, value: float, at_most: float | None = None, at_least: float | None = None) -> None:
        limit = at_most if at_least is None else at_least
        self.figures.setdefault(name, Figure(limit, at_least is not None)).rounds.append(value)
        print(f"  {name}: {value:.3f}", file=sys.stderr, flush=True)

    def new_index(self) -> Path:
        """The path of an index file that is not there yet."""
        path = self.directory / "index.redb"
        path.unlink(missing_ok=True)
        return path

    @contextmanager
    def serving(self, index: Path, *what: str, through: tuple[str, ...] = ()) -> Iterator[peers.Server]:
        """A new process, which answers; stopped at the end, as an administrator stops it."""

        def argv(port: int) -> list[str]:
            return [*through, str(self.binary), "serve", "--listen", f"127.0.0.1:{port}", "--index", str(index), *what]

        server = peers.Server(peers.Peer("weir", "", argv, "/health"), None, self.directory)
        try:
            yield server
        finally:
            server.stop()

    def build(self, index: Path, *what: str, through: tuple[str, ...] = ()) -> tuple[float, int, float, str]:
        """Runs `weir index`; the seconds and the chunks of its summary, its seconds by our clock, and all it said."""
        argv = [*through, str(self.binary), "index", "--index", str(index), *what]
        began = time.perf_counter()
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
        wall = time.perf_counter() - began
        said = CONTROL.sub("\n", done.stdout + done.stderr)
        summary = SUMMARY.search(said)
        if summary is None or int(summary[4]) > 0:
            raise WrongAnswer(f"weir index did not index all: {said[-500:]!r}")
        return float(summary[3]), int(summary[2]), wall, said


def shown(said: str, what: str) -> int:
    """How many different counts of `what` a terminal showed."""
    return len(set(re.findall(rf"(\d+)[/\d]* {what}", said)))


def opened(server: peers.Server, dataset: str, shape: tuple[int, int, int]) -> float:
    """Seconds of the first DDS on a new connection, which must declare the field and its coordinates."""
    client = server.client()
    path = f"/datasets/{dataset}/opendap.dds"
    began = time.perf_counter()
    try:
        response, body = client.fetch(path)
    finally:
        client.close()
    taken = time.perf_counter() - began
    if response.status != 200:
        raise WrongAnswer(f"status {response.status} for {path}: {body[:500]!r}")
    declared = {one.name: one for one in parse_dds(body.decode("ascii"))}
    wanted = [Declared(name, "Float64", (name,), (length,)) for name, length in zip(DIMENSIONS, shape)]
    for one in (*wanted, Declared(VARIABLE, "Float32", DIMENSIONS, shape)):
        if declared.get(one.name) != one:
            raise WrongAnswer(f"{path} declares {declared.get(one.name)}, expected {one}")
    return taken


def aggregation(weir: Weir, archive: Archive, rounds: int) -> None:
    configured = ("--config", str(archive.configuration))
    for _ in range(rounds):
        index = weir.new_index()
        with weir.serving(index, *configured) as server:
            first = opened(server, AGGREGATION_ID, AGGREGATED)
            weir.note(f"{MEMBERS} files joined, cold: start and first DDS, s", server.startup_seconds + first, at_most=20)
        # what a server learnt is to outlive it, even where it is stopped a moment later
        with weir.serving(index, *configured) as server:
            weir.note(f"{MEMBERS} files joined, restarted at once: first DDS, ms", opened(server, AGGREGATION_ID, AGGREGATED) * 1e3)
        index = weir.new_index()
        _, _, wall, _ = weir.build(index, *configured)
        weir.note(f"{MEMBERS} files joined: weir index, s", wall, at_most=20)
        with weir.serving(index, *configured) as server:
            weir.note(f"{MEMBERS} files joined, warm: start, s", server.startup_seconds)
            weir.note(f"{MEMBERS} files joined, warm: first DDS, ms", opened(server, AGGREGATION_ID, AGGREGATED) * 1e3, at_most=100)
            weir.note(f"{MEMBERS} files joined, warm: second DDS, ms", opened(server, AGGREGATION_ID, AGGREGATED) * 1e3)
    with weir.serving(index, *configured, "--memory-budget", f"{BUDGET_MIB}MiB", "--max-response", "4GiB") as server:
        stream(weir, server)


def stream(weir: Weir, server: peers.Server) -> None:
    """Reads all of the aggregation with its coordinates, compares every byte, and notes the server's peak memory."""
    ranges = tuple((0, length - 1) for length in AGGREGATED)
    client = server.client()
    weir.note("all of it over DAP2: memory before, MiB", processes.memory_bytes(server.pid, "VmRSS") / processes.MIB)
    cpu, began = processes.cpu_seconds(server.pid), time.perf_counter()
    try:
        length = check_dods(client, f"/datasets/{AGGREGATION_ID}/opendap.dods", Formula(AGGREGATED), ranges)
    finally:
        client.close()
    taken = time.perf_counter() - began
    # never reset: the peak since the server's start counts
    peak = processes.memory_bytes(server.pid, "VmHWM") / processes.MIB
    weir.note(f"all of it over DAP2: peak memory at a budget of {BUDGET_MIB} MiB, MiB", peak, at_most=BUDGET_MIB + ABOVE_BUDGET_MIB)
    weir.note("all of it over DAP2: MB compared", length / 1e6)
    weir.note("all of it over DAP2: s, comparing included", taken)
    weir.note("all of it over DAP2: server CPU, s", processes.cpu_seconds(server.pid) - cpu)


def small(weir: Weir, archive: Archive, rounds: int) -> None:
    with weir.serving(weir.new_index(), str(archive.small), through=tuple(IN_TERMINAL)) as server:
        weir.note(f"{SMALL_FILES} files, cold: start, s", server.startup_seconds)
    said = server.log.read_text(errors="replace")
    weir.note(f"{SMALL_FILES} files, cold: numbers shown by the scan", shown(said, "files found"), at_least=LEAST_SHOWN)
    index = weir.new_index()
    _, _, wall, said = weir.build(index, str(archive.small), through=tuple(IN_TERMINAL))
    weir.note(f"{SMALL_FILES} files: weir index, s", wall)
    weir.note(f"{SMALL_FILES} files: numbers shown by weir index", shown(said, "files,"), at_least=LEAST_SHOWN)
    weir.note(f"{SMALL_FILES} files: size of the index, MiB", index.stat().st_size / processes.MIB)
    for _ in range(rounds):
        with weir.serving(index, str(archive.small)) as server:
            weir.note(f"{SMALL_FILES} files, warm: start, s", server.startup_seconds, at_most=5)
            weir.note(f"{SMALL_FILES} files, warm: memory, MiB", server.idle_rss_mib())
            largest, slowest = pages(server)
            weir.note("/datasets: ids in the largest page", largest, at_most=PAGE)
            weir.note("/datasets: slowest page, ms", slowest * 1e3)


def pages(server: peers.Server) -> tuple[int, float]:
    """Reads the whole list of datasets, page by page; the largest page, and the seconds of the slowest."""
    found: list[str] = []
    largest, slowest = 0, 0.0
    client = server.client()
    try:
        while len(found) < SMALL_FILES:
            path = f"/datasets?limit={PAGE}" + (f"&after={quote(found[-1], safe='')}" if found else "")
            began = time.perf_counter()
            response, body = client.fetch(path)
            slowest = max(slowest, time.perf_counter() - began)
            succeeded(response, path)
            ids = json.loads(body)
            largest = max(largest, len(ids))
            if not ids or (found and ids[0] <= found[-1]):
                raise WrongAnswer(f"{path} does not go on behind {found[-1:]}: {ids[:1]}")
            found += ids
    finally:
        client.close()
    if found != sorted(set(found)) or len(found) != SMALL_FILES:
        raise WrongAnswer(f"/datasets lists {len(found)} ids, {len(set(found))} of them different, of {SMALL_FILES} files")
    return largest, slowest


def many(weir: Weir, archive: Archive, rounds: int) -> None:
    for number in range(rounds):
        index = weir.new_index()
        seconds, chunks, wall, _ = weir.build(index, str(archive.many))
        if chunks < MANY_CHUNKS:
            raise WrongAnswer(f"weir index found {chunks} chunks of {MANY_CHUNKS}")
        weir.note(f"{MANY_CHUNKS} chunks: weir index by its summary, s", seconds, at_most=1)
        weir.note(f"{MANY_CHUNKS} chunks: weir index by our clock, s", wall)
        weir.note(f"{MANY_CHUNKS} chunks: size of the index, MiB", index.stat().st_size / processes.MIB)
        for what, used in (("warm", index), ("cold", weir.directory / f"cold{number}.redb")):
            with weir.serving(used, str(archive.many)) as server:
                weir.note(f"{MANY_CHUNKS} chunks, {what}: first DDS, ms", opened(server, MANY_ID, MANY_SHAPE) * 1e3)
                weir.note(f"{MANY_CHUNKS} chunks, {what}: first values, ms", point(server, number) * 1e3)


def point(server: peers.Server, number: int) -> float:
    """Seconds of one chunk's values."""
    place = ((1000 + number * 7, 50 + number, 0), (1000 + number * 7, 50 + number, MANY_SHAPE[2] - 1))
    ranges = tuple(zip(*place))
    client = server.client()
    began = time.perf_counter()
    try:
        check_dods(client, f"/datasets/{MANY_ID}/opendap.dods?{constraint(ranges)}", Formula(MANY_SHAPE), ranges)
    finally:
        client.close()
    return time.perf_counter() - began


PARTS: dict[str, Callable[[Weir, Archive, int], None]] = {"aggregation": aggregation, "small": small, "many": many}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weir", type=Path, default=packages.REPOSITORY / "target" / "release" / "weir", help="the weir binary")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of all but the large response and the first scan (default 5)")
    parser.add_argument("--parts", default=",".join(PARTS), help=f"what is measured (default {','.join(PARTS)})")
    parser.add_argument("--data", type=Path, default=packages.REPOSITORY / "target" / "bench-data", help="directory of the data, kept between runs")
    parser.add_argument("--json", type=Path, help="also write every round's figures to this file")
    chosen = parser.parse_args()
    chosen.parts = chosen.parts.split(",")
    if unknown := set(chosen.parts) - set(PARTS):
        parser.error(f"--parts has {', '.join(sorted(unknown))}; known are {', '.join(PARTS)}")
    return chosen


def measure(chosen: argparse.Namespace) -> dict[str, Figure]:
    if not os.access(chosen.weir, os.X_OK):
        raise peers.NotStarted(f"no weir binary at {chosen.weir}: build it with `cargo build --release`")
    archive = archive_files.prepare(chosen.data.resolve() / "archive")
    with tempfile.TemporaryDirectory(prefix="weir-bench-") as directory:
        weir = Weir(chosen.weir.resolve(), Path(directory))
        for part in chosen.parts:
            print(part, file=sys.stderr, flush=True)
            PARTS[part](weir, archive, chosen.rounds)
    return weir.figures


def table(figures: dict[str, Figure]) -> Iterator[str]:
    yield "| what | bar | median | all rounds |"
    yield "|---|---|---|---|"
    for name, figure in figures.items():
        told = report.number(figure.median) + (" (MISSED)" if figure.missed else "")
        yield f"| {name} | {figure.bar} | {told} | {' '.join(map(report.number, figure.rounds))} |"


def main() -> int:
    chosen = arguments()
    # a plain kill must stop the server as Ctrl-C does, and so must Ctrl-C where a shell's background job ignores it
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    load = os.getloadavg()[0]
    try:
        figures = measure(chosen)
    except KeyboardInterrupt:
        print("interrupted: the server was stopped", file=sys.stderr)
        return 130
    except (WrongAnswer, BadResponse) as fault:
        print(f"wrong answer: {fault}", file=sys.stderr)
        return WRONG
    except subprocess.CalledProcessError as fault:
        print(f"{fault}: {(fault.stdout + fault.stderr)[-1000:]}", file=sys.stderr)
        return packages.CANNOT_RUN
    except (peers.NotStarted, OSError) as fault:
        print(fault, file=sys.stderr)
        return packages.CANNOT_RUN
    print(f"commit {report.commit()}; {report.processor()}, {os.cpu_count()} cores; load {load:.2f} at the start, {os.getloadavg()[0]:.2f} at the end\n")
    print("\n".join(table(figures)))
    if chosen.json:
        chosen.json.write_text(json.dumps({name: {"bar": figure.bar, "rounds": figure.rounds} for name, figure in figures.items()}, indent=1))
    return BAR_MISSED if any(figure.missed for figure in figures.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
