"""The comparison as Markdown and JSON: facts of the run, one table, the bars with PASS or FAIL."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from statistics import median

from dataset import Dataset
from load import Sample
from measurements import Measurement
from peers import Peer

WEIR = "weir"


@dataclass(frozen=True)
class Bar:
    """What weir's figure must be in one measurement, as a multiple of the peer's: `least` at least, or less than `below`."""

    measurement: str
    peer: str
    least: float | None = None
    below: float | None = None
    figure: str = "requests_per_second"

    def met(self, reached: float | None) -> bool:
        """Whether the ratio that was reached is good enough; one that was not measured is not."""
        return reached is not None and (self.least is None or reached >= self.least) and (self.below is None or reached < self.below)

    @property
    def wanted(self) -> str:
        """The bar in words."""
        name = {"requests_per_second": "requests/s", "megabytes_per_second": "MB/s", "peak_rss_mib": "peak RSS"}[self.figure]
        return f"{name} at least {self.least:g}x {self.peer}" if self.least is not None else f"{name} less than {self.below:g}x {self.peer}"


BARS = [
    *(Bar(f"{text} c1", peer, least=20.0) for peer in ("pydap", "xpublish") for text in ("dds", "das")),
    *(Bar(f"dods c{count}", peer, least=8.0) for peer in ("pydap", "xpublish") for count in (1, 4)),
    *(Bar("large", peer, least=4.0, figure="megabytes_per_second") for peer in ("pydap", "xpublish")),
    *(Bar("large", peer, below=0.25, figure="peak_rss_mib") for peer in ("pydap", "xpublish")),
    *(Bar(f"{key} c16", "nginx", least=0.8) for key in ("chunk", "mib")),
    *(Bar(f"zmetadata c{count}", "nginx", least=0.7) for count in (1, 16)),
    *(Bar(f"{key} c{count}", "xpublish", least=10.0) for key in ("processed", "again") for count in (1, 4)),
]

# weir at rest has fewer MiB of resident memory than this.
IDLE_RSS_MIB = 40.0


@dataclass(frozen=True)
class Start:
    """One start-up: seconds to the first good answer, resident memory once at rest."""

    seconds: float
    idle_rss_mib: float


@dataclass
class Run:
    """Everything that a report is made from."""

    facts: dict[str, str]
    peers: list[Peer]
    starts: dict[str, list[Start]]
    measurements: list[Measurement]

    @property
    def idle_rss_mib(self) -> float | None:
        """weir's resident memory at rest, median of all starts."""
        starts = self.starts.get(WEIR)
        return median(one.idle_rss_mib for one in starts) if starts else None

    @property
    def missed(self) -> bool:
        """Whether a bar of something that was to be measured was missed."""
        known = {one.key for one in self.measurements}
        ratios = any(not bar.met(reached) for bar, reached in verdicts(self) if bar.measurement in known)
        return ratios or self.idle_rss_mib is None or self.idle_rss_mib >= IDLE_RSS_MIB

    @property
    def weir_is_wrong(self) -> bool:
        return any(WEIR in one.wrong for one in self.measurements)


def facts(data: Dataset, rounds: int, seconds: float, cores: tuple[int | None, int | None]) -> dict[str, str]:
    """Date, commit, machine, data and method, in the order they are printed."""
    shape, chunk = ("x".join(map(str, lengths)) for lengths in (data.sizes.shape, data.sizes.chunk))
    raw = data.sizes.shape[0] * data.sizes.shape[1] * data.sizes.shape[2] * 4
    pinned = "not pinned" if cores[0] is None else f"servers on core {cores[0]}, clients on core {cores[1]}"
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": commit(),
        "machine": f"{processor()}, {os.cpu_count()} cores, {memory_gib():.0f} GiB, Linux {platform.release()}; load {os.getloadavg()[0]:.2f} at the start",
        "data": f"float32 [{shape}], chunk {chunk}, shuffle + deflate 4, ratio {raw / data.netcdf4.stat().st_size:.2f}; page cache warm",
        "method": f"loopback, {pinned}, {rounds} round-robin rounds of {seconds:g} s, medians, spread = half of (max - min) over median",
    }


def commit() -> str:
    """The commit of the source tree, marked when the tree differs from it."""
    here = Path(__file__).resolve().parent

    def git(*arguments: str) -> str | None:
        done = subprocess.run(["git", "-C", str(here), *arguments], capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else None

    found = git("rev-parse", "HEAD")
    if found is None:
        return "unknown (no commit)"
    return f"{found} with uncommitted changes" if git("status", "--porcelain") else found


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def memory_gib() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)


def middle(samples: list[Sample], name: str) -> float:
    """Median of one figure over the rounds."""
    return median(getattr(sample, name) for sample in samples)


def spread(samples: list[Sample]) -> float:
    rates = [sample.requests_per_second for sample in samples]
    return (max(rates) - min(rates)) / 2 / median(rates)


def ratio(measurement: Measurement, peer: str, name: str = "requests_per_second") -> float | None:
    """weir's median over the peer's; None when either was not measured."""
    ours, theirs = (measurement.samples.get(who) for who in (WEIR, peer))
    if not ours or not theirs or middle(theirs, name) == 0:
        return None
    return middle(ours, name) / middle(theirs, name)


def number(value: float | None, suffix: str = "") -> str:
    """Three significant digits, no exponent."""
    if value is None:
        return "-"
    return (f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}") + suffix


def markdown(run: Run) -> str:
    return "\n".join([*heading(run), *start_table(run), *load_table(run), *wrong_answers(run), *bar_lines(run)]) + "\n"


def heading(run: Run) -> Iterator[str]:
    yield "# weir beside other servers\n"
    for name, value in run.facts.items():
        yield f"- {name}: {value}"
    for peer in run.peers:
        yield f"- {peer.name}: {peer.version}"


def start_table(run: Run) -> Iterator[str]:
    yield "\n## Start-up and rest\n"
    yield "| server | first good answer, s | idle RSS, MiB |"
    yield "|---|---|---|"
    for name, starts in run.starts.items():
        yield f"| {name} | {number(median(one.seconds for one in starts))} | {number(median(one.idle_rss_mib for one in starts))} |"


def load_table(run: Run) -> Iterator[str]:
    yield "\n## Load\n"
    yield "`weir/this` compares requests/s (more is better for weir) and CPU per request (less is better for weir). Memory is the process tree's peak.\n"
    yield "| request | load by | server | requests/s | MB/s | p50 ms | p99 ms | CPU ms/request | peak RSS MiB | weir/this rq/s | weir/this CPU |"
    yield "|---|---|---|---|---|---|---|---|---|---|---|"
    for measurement in run.measurements:
        for name, samples in measurement.samples.items():
            if name not in measurement.wrong:
                yield row(measurement, name, samples)


def row(measurement: Measurement, name: str, samples: list[Sample]) -> str:
    rate = f"{number(middle(samples, 'requests_per_second'))} (±{spread(samples) * 100:.0f} %)"
    figures = [number(middle(samples, one)) for one in ("megabytes_per_second", "p50_ms", "p99_ms", "cpu_ms", "peak_rss_mib")]
    if measurement.single:
        # one request a round: the only latencies are the first byte's and the whole
        figures[1:3] = [f"{number(middle(samples, 'p50_ms'))} (first byte {number(median(s.first_byte_ms or 0.0 for s in samples))})", "-"]
    against = ["", ""] if name == WEIR else [number(ratio(measurement, name), "x"), number(ratio(measurement, name, "cpu_ms"), "x")]
    return "| " + " | ".join([measurement.title, measurement.generator, name, rate, *figures, *against]) + " |"


def wrong_answers(run: Run) -> Iterator[str]:
    found = [(one, name, fault) for one in run.measurements for name, fault in one.wrong.items()]
    if found:
        yield "\n## Wrong answers (not timed)\n"
        for measurement, name, fault in found:
            yield f"- **{name}**, {measurement.title}: {fault}"


def verdicts(run: Run) -> list[tuple[Bar, float | None]]:
    """Each bar with the ratio reached; None when it could not be measured."""
    by_key = {one.key: one for one in run.measurements}
    found = []
    for bar in BARS:
        measurement = by_key.get(bar.measurement)
        fit = measurement is not None and not {WEIR, bar.peer} & measurement.wrong.keys()
        found.append((bar, ratio(measurement, bar.peer, bar.figure) if fit else None))
    return found


def bar_lines(run: Run) -> Iterator[str]:
    yield "\n## Bars\n"
    titles = {one.key: one.title for one in run.measurements}
    for bar, reached in verdicts(run):
        verdict = "NOT MEASURED" if reached is None else "PASS" if bar.met(reached) else "FAIL"
        yield f"- {verdict}: {titles.get(bar.measurement, bar.measurement)}, {bar.wanted}: {number(reached, 'x')}"
    idle = run.idle_rss_mib
    verdict = "NOT MEASURED" if idle is None else "PASS" if idle < IDLE_RSS_MIB else "FAIL"
    yield f"- {verdict}: idle RSS less than {IDLE_RSS_MIB:g} MiB: {number(idle, ' MiB')}"


def write_json(run: Run, path: Path) -> None:
    """Everything measured, every round."""
    document = {
        "facts": run.facts,
        "servers": {peer.name: peer.version for peer in run.peers},
        "starts": {name: [asdict(one) for one in starts] for name, starts in run.starts.items()},
        "measurements": [
            {
                "key": one.key,
                "title": one.title,
                "generator": one.generator,
                "wrong": one.wrong,
                "rounds": {name: [asdict(sample) for sample in samples] for name, samples in one.samples.items()},
            }
            for one in run.measurements
        ],
        "idle_rss_mib": {"most": IDLE_RSS_MIB, "reached": run.idle_rss_mib},
        "bars": [{**asdict(bar), "ratio": reached, "pass": bar.met(reached)} for bar, reached in verdicts(run)],
    }
    path.write_text(json.dumps(document, indent=1) + "\n")
