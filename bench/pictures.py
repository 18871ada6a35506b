"""Pictures: a PNG of a field of 2048 x 1024 float32 values, beside xpublish-tiles and titiler-xarray.

Run: python3 bench/pictures.py --weir target/release/weir [--rounds N] [--pictures N] [--json FILE]
One netCDF-4 file of 24 steps (shuffle + deflate 4, chunks of 1 x 512 x 512), which all three serve. Each is asked for the whole Earth, a pixel for a
value, in viridis, between two values that are others in every request, so that no kept answer and no kept value serves; then for the last once more. Every picture
is decoded and compared with the file before anything is timed. All have all cores of this process; one request at a time.
Exit code: 0 every bar reached, 1 a wrong picture, 2 could not run, 3 a bar was missed.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlencode

import packages

packages.enter("pictures")

import matplotlib  # noqa: E402  (the packages exist only from here on)
import netCDF4  # noqa: E402
import numpy as np  # noqa: E402
import peers  # noqa: E402
import processes  # noqa: E402
from client import BadResponse  # noqa: E402
from dataset import Sizes, values  # noqa: E402
from PIL import Image  # noqa: E402

WRONG, BAR_MISSED = 1, 3
FASTER = 3.0
FIELD, VARIABLE, MAP = "field.nc", "tas", "viridis"
SIZES = Sizes(shape=(24, 1024, 2048), chunk=(1, 512, 512), large_steps=0)
STEPS, HEIGHT, WIDTH = SIZES.shape
STEP_HOURS = 6
# Servers bring a value to one of 256 colours by different roundings: so far may a colour be from the file's, which is that of its neighbour.
NEIGHBOUR = 6


@dataclass(frozen=True)
class Wanted:
    """One picture: a step, and the values of the first and of the last colour."""

    step: int
    least: float
    most: float

    @staticmethod
    def number(n: int) -> Wanted:
        """The picture of a running number; none is like another."""
        return Wanted(n % STEPS, 262.0 - n / 1000, 302.0 + n / 1000)

    @staticmethod
    def steep(step: int) -> Wanted:
        """A picture whose colours change from pixel to pixel, so that one that is moved by a pixel is seen to be wrong."""
        return Wanted(step, 284.0, 286.0)

    @property
    def time(self) -> str:
        """The step's time, as ISO 8601 has it."""
        return str(np.datetime64("2000-01-01T00:00:00") + np.timedelta64(self.step * STEP_HOURS, "h"))


@dataclass(frozen=True)
class Painter:
    """A server, and the address at which it has a picture."""

    peer: peers.Peer
    address: Callable[[Wanted], str]


class WrongPicture(Exception):
    """A picture shows something else than the file has."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weir", type=Path, default=packages.REPOSITORY / "target" / "release" / "weir", help="the weir binary")
    parser.add_argument("--rounds", type=int, default=5, help="rounds (default 5)")
    parser.add_argument("--pictures", type=int, default=8, help="pictures of each server in a round (default 8)")
    parser.add_argument("--data", type=Path, default=packages.REPOSITORY / "target" / "bench-data", help="directory of the data, kept between runs")
    parser.add_argument("--json", type=Path, help="also write every round's figures to this file")
    return parser.parse_args()


def field(root: Path) -> Path:
    """The file, made when it is missing: the benchmark's field on a grid of the whole Earth, from north to south, cell centres as coordinates."""
    path = root / FIELD
    if path.exists():
        return path
    root.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    with netCDF4.Dataset(partial, "w") as file:
        coordinates = (
            ("time", "time", "hours since 2000-01-01", np.arange(STEPS) * STEP_HOURS),
            ("lat", "latitude", "degrees_north", 90 - (np.arange(HEIGHT) + 0.5) * 180 / HEIGHT),
            ("lon", "longitude", "degrees_east", (np.arange(WIDTH) + 0.5) * 360 / WIDTH - 180),
        )
        for name, standard_name, units, numbers in coordinates:
            file.createDimension(name, len(numbers))
            coordinate = file.createVariable(name, "f8", (name,))
            coordinate.standard_name, coordinate.units = standard_name, units
            coordinate[:] = numbers
        file["time"].axis = "T"
        codecs = {"zlib": True, "complevel": 4, "shuffle": True, "chunksizes": SIZES.chunk}
        variable = file.createVariable(VARIABLE, "f4", ("time", "lat", "lon"), **codecs)
        variable.units, variable.long_name = "K", "near-surface air temperature"
        for step in range(STEPS):
            variable[step] = values(SIZES, step, 1)[0]
    partial.rename(path)
    return path


def painters(weir: Path, path: Path) -> list[Painter]:
    def by_weir(wanted: Wanted) -> str:
        query = {"width": WIDTH, "height": HEIGHT, "bare": "true", "vmin": wanted.least, "vmax": wanted.most}
        return f"/datasets/{FIELD}/plot/{VARIABLE}/image/{MAP}/time/{wanted.step}_{wanted.step + 1}?{urlencode(query)}"

    def by_xpublish(wanted: Wanted) -> str:
        # 4326 with longitude first, whatever the version of WMS says
        query = {"service": "WMS", "version": "1.3.0", "request": "GetMap", "layers": VARIABLE, "styles": f"raster/{MAP}", "crs": "EPSG:4326"}
        query |= {"bbox": "-180,-90,180,90", "width": WIDTH, "height": HEIGHT, "format": "image/png", "time": wanted.time}
        return f"/datasets/{FIELD}/wms/?{urlencode(query | {'colorscalerange': f'{wanted.least},{wanted.most}'})}"

    def by_titiler(wanted: Wanted) -> str:
        query = {"url": str(path), "variable": VARIABLE, "sel": f"time={wanted.time}", "rescale": f"{wanted.least},{wanted.most}"}
        return f"/bbox/-180,-90,180,90/{WIDTH}x{HEIGHT}.png?{urlencode(query | {'colormap_name': MAP, 'resampling': 'nearest'})}"

    def peer(name: str, told: str, argv: Callable[[int], list[str]], address: Callable[[Wanted], str]) -> Painter:
        served = {"WEIR_BENCH_SERVED": str(path.parent)}
        return Painter(peers.Peer(name, told, argv, address(Wanted.number(0)), environment=served), address)

    serve = [str(weir), "serve", str(path.parent), "--no-index"]
    return [
        peer("weir", peers.first_line([str(weir), "--version"]), lambda port: [*serve, "--listen", f"127.0.0.1:{port}"], by_weir),
        peer("xpublish-tiles", version("xpublish-tiles"), lambda port: [sys.executable, "xpublish_tiles_app.py", str(port)], by_xpublish),
        peer("titiler-xarray", version("titiler-xarray"), lambda port: [sys.executable, "titiler_app.py", str(port)], by_titiler),
    ]


def check(name: str, picture: bytes, wanted: Wanted, path: Path) -> None:
    """Compares every pixel with the colour of the file's value."""
    with Image.open(io.BytesIO(picture)) as image:
        if image.format != "PNG" or image.size != (WIDTH, HEIGHT):
            raise WrongPicture(f"{name}: a {image.format} of {image.size} pixels")
        found = np.asarray(image.convert("RGBA")).astype(int)
    with netCDF4.Dataset(path) as file:
        stored = np.asarray(file[VARIABLE][wanted.step], np.float64)
    part = (stored - wanted.least) / (wanted.most - wanted.least)
    expected = matplotlib.colormaps[MAP](np.clip(part, 0, 1), bytes=True).astype(int)
    apart = np.abs(found - expected).max(axis=-1)
    if apart.max() > NEIGHBOUR:
        row, column = np.unravel_index(apart.argmax(), apart.shape)
        raise WrongPicture(
            f"{name}: {np.count_nonzero(apart > NEIGHBOUR)} pixels of step {wanted.step} are wrong, the most that of row {row}, column {column}: "
            f"{found[row, column].tolist()} instead of {expected[row, column].tolist()}"
        )


@dataclass
class Figures:
    """What a round says of each picture of a server: milliseconds, milliseconds of processor time, those when it is asked for again; and bytes, and MiB."""

    ms: float
    cpu_ms: float
    again_ms: float
    kib: float
    peak_mib: float


def timed(server: peers.Server, address: str) -> tuple[float, int]:
    client = server.client()
    began = time.perf_counter()
    response = client.read(address)
    seconds = time.perf_counter() - began
    client.close()
    if response.status != 200:
        raise WrongPicture(f"{server.peer.name} answers {response.status} under load")
    return seconds, response.body_bytes


def figures(server: peers.Server, painter: Painter, numbers: range) -> Figures:
    processes.reset_peak(server.pid)
    cpu = processes.cpu_seconds(server.pid)
    asked = [timed(server, painter.address(Wanted.number(number))) for number in numbers]
    cpu = processes.cpu_seconds(server.pid) - cpu
    again = [timed(server, painter.address(Wanted.number(numbers[-1])))[0] for _ in numbers]
    seconds, lengths = zip(*asked)
    return Figures(
        ms=statistics.median(seconds) * 1000,
        cpu_ms=cpu / len(numbers) * 1000,
        again_ms=statistics.median(again) * 1000,
        kib=statistics.median(lengths) / 1024,
        peak_mib=processes.memory_bytes(server.pid, "VmHWM") / processes.MIB,
    )


def measure(chosen: argparse.Namespace) -> tuple[list[Painter], dict[str, list[Figures]]]:
    path = field(chosen.data.resolve() / "pictures")
    wanted = painters(chosen.weir.resolve(), path)
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="weir-bench-")))
        servers = []
        for painter in wanted:
            servers.append(peers.Server(painter.peer, None, scratch))
            stack.callback(servers[-1].stop)
        for server, painter in zip(servers, wanted):
            for asked in (Wanted.number(1), Wanted.steep(STEPS - 1)):
                _, picture = server.client().fetch(painter.address(asked))
                check(painter.peer.name, picture, asked, path)
        found: dict[str, list[Figures]] = {painter.peer.name: [] for painter in wanted}
        for turn in range(chosen.rounds):
            numbers = range(STEPS + turn * chosen.pictures, STEPS + (turn + 1) * chosen.pictures)
            pairs = list(zip(servers, wanted))
            for server, painter in pairs[turn % len(pairs) :] + pairs[: turn % len(pairs)]:
                found[painter.peer.name].append(figures(server, painter, numbers))
            said = ", ".join(f"{name} {rounds[-1].ms:.1f} ms" for name, rounds in found.items())
            print(f"round {turn + 1}: {said}", file=sys.stderr, flush=True)
    return wanted, found


def report(wanted: list[Painter], found: dict[str, list[Figures]]) -> bool:
    """Prints all, and says whether every bar is reached."""

    def median(name: str, what: str) -> float:
        return statistics.median(getattr(one, what) for one in found[name])

    reached = True
    print("| what | bar | median | ratio in each round |\n|---|---|---|---|")
    for other in (painter.peer.name for painter in wanted if painter.peer.name != "weir"):
        ratio = median(other, "ms") / median("weir", "ms")
        each = " ".join(f"{theirs.ms / ours.ms:.1f}" for theirs, ours in zip(found[other], found["weir"]))
        print(f"| PNG of a {WIDTH}x{HEIGHT} field: times as fast as {other} | at least {FASTER:.0f} | {ratio:.2f} | {each} |")
        reached &= ratio >= FASTER
    print("\n| server | ms | CPU ms | asked again, ms | PNG, KiB | peak, MiB |\n|---|---|---|---|---|---|")
    for painter in wanted:
        name = painter.peer.name
        cells = " | ".join(f"{median(name, what):.1f}" for what in ("ms", "cpu_ms", "again_ms", "kib", "peak_mib"))
        print(f"| {name}, {painter.peer.version} | {cells} |")
    return reached


def main() -> int:
    chosen = arguments()
    try:
        wanted, found = measure(chosen)
    except WrongPicture as fault:
        print(fault, file=sys.stderr)
        return WRONG
    except (peers.NotStarted, BadResponse, OSError) as fault:
        print(fault, file=sys.stderr)
        return packages.CANNOT_RUN
    reached = report(wanted, found)
    if chosen.json:
        chosen.json.write_text(json.dumps({name: [vars(one) for one in rounds] for name, rounds in found.items()}, indent=1))
    return 0 if reached else BAR_MISSED


if __name__ == "__main__":
    sys.exit(main())
