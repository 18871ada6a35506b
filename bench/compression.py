"""What compressing `.dods` costs and saves: bytes, the server's CPU time and the wall time of each coding, for four kinds of numbers.

Run: python3 bench/compression.py --weir target/release/weir [--steps 32]
Every body is decoded and compared with the one that is not compressed. Then netCDF4-python, which asks for deflate or gzip by itself, reads the same variables
from a server with and without compression. Exit code: 0 right, 1 wrong bytes, 2 could not run.
"""

from __future__ import annotations

import argparse
import http.client
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

import packages

packages.enter()

import netCDF4  # noqa: E402  (the packages exist only from here on)
import numpy as np  # noqa: E402
from processes import TICK, stat  # noqa: E402

CODINGS = ("identity", "gzip", "deflate", "zstd")
SHAPE = (721, 1440)
ROUNDS = 3


def make(file: Path, steps: int) -> None:
    """Writes the data: noisy, rounded and masked float32, and the same packed as int16; shuffle + deflate 1."""
    noise = np.random.default_rng(1)
    y, x = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]]
    field = np.empty((steps, *SHAPE), "f4")
    for step in range(steps):
        field[step] = 280 + 20 * np.cos(y / 229) + 5 * np.sin(x / 80 + step / 3) + noise.normal(0, 0.3, SHAPE)
    variables = {
        "noisy": field,
        "rounded": np.round(field, 1),
        "masked": np.where(y > 500, np.float32(1e20), field),
        "packed": np.round((field - 280) / 0.01).astype("i2"),
    }
    with netCDF4.Dataset(file, "w") as out:
        for name, length in zip(("time", "lat", "lon"), field.shape, strict=True):
            out.createDimension(name, length)
        for name, values in variables.items():
            variable = out.createVariable(name, values.dtype, ("time", "lat", "lon"), chunksizes=(1, *SHAPE), zlib=True, complevel=1)
            variable[:] = values


def cpu(process: subprocess.Popen) -> float:
    """Seconds of CPU time that a process has taken."""
    fields = stat(process.pid) or []
    return (int(fields[11]) + int(fields[12])) / TICK


def start(weir: Path, folder: Path, configuration: str) -> tuple[subprocess.Popen, str]:
    """Starts a server; returns it and its address."""
    (folder / "weir.toml").write_text(configuration)
    argv = [str(weir), "serve", str(folder / "data"), "--listen", "127.0.0.1:0", "--no-index", "--config", str(folder / "weir.toml")]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    address = None
    for line in process.stdout:
        if address is None and "http://" in line:
            address = line.split("http://")[1].split("/")[0].strip()
        if "Ctrl-C" in line:
            return process, address
    sys.exit(packages.CANNOT_RUN)


def get(address: str, target: str, coding: str) -> tuple[bytes, float]:
    """The body as it travels, and the seconds that it took."""
    connection = http.client.HTTPConnection(address)
    since = time.perf_counter()
    connection.request("GET", target, headers={"Accept-Encoding": coding})
    response = connection.getresponse()
    body = response.read()
    took = time.perf_counter() - since
    if response.status != 200 or response.getheader("content-encoding", "identity") != coding:
        sys.exit(f"{target}: {response.status} {response.getheader('content-encoding')}")
    return body, took


def decoded(body: bytes, coding: str) -> bytes | None:
    """The body without its coding; None for zstd, which Python's own library does not know."""
    wbits = {"gzip": 31, "deflate": 15}.get(coding)
    return zlib.decompress(body, wbits) if wbits else body if coding == "identity" else None


def codings(process: subprocess.Popen, address: str, name: str) -> None:
    """Prints a line for each coding of a variable."""
    target = f"/opendap/data.nc.dods?{name}"
    plain, _ = get(address, target, "identity")  # The first one also proves every chunk.
    usual = None
    for coding in CODINGS:
        best = None
        for _ in range(ROUNDS):
            before = cpu(process)
            body, took = get(address, target, coding)
            spent = cpu(process) - before
            best = min(best or (spent, took), (spent, took))
        if decoded(body, coding) not in (None, plain):
            print(f"{name} {coding}: wrong bytes")
            sys.exit(1)
        usual = best[0] if usual is None else usual
        extra = (best[0] - usual) / (len(plain) / 1e9)
        print(f"| {name} | {coding} | {len(body) / len(plain):.2f} | {extra:.1f} s | {len(plain) / 1e6 / best[1]:.0f} MB/s |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weir", type=Path, default=packages.REPOSITORY / "target" / "release" / "weir", help="the weir binary")
    parser.add_argument("--steps", type=int, default=32, help="time steps of 4 MB each (default 32)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        (folder / "data").mkdir()
        make(folder / "data" / "data.nc", arguments.steps)
        names = ("noisy", "rounded", "masked", "packed")
        print("| numbers | coding | of the bytes | server CPU more, per GB | rate |\n|---|---|---|---|---|")
        process, address = start(arguments.weir, folder, "")
        try:
            for name in names:
                codings(process, address, name)
        finally:
            process.terminate()
            process.wait()
        print("\n| netCDF4-python | " + " | ".join(names) + " |\n|---|" + "---|" * len(names))
        for configuration in ("fast", "off"):
            process, address = start(arguments.weir, folder, f'[server]\ncompression = "{configuration}"\n')
            try:
                times = [read(f"http://{address}/opendap/data.nc", name) for name in names]
            finally:
                process.terminate()
                process.wait()
            print(f"| {configuration} | " + " | ".join(f"{took:.2f} s" for took in times) + " |", flush=True)


def read(url: str, name: str) -> float:
    """The least seconds in which netCDF4-python reads a whole variable."""
    best = float("inf")
    for _ in range(ROUNDS):
        with netCDF4.Dataset(url) as data:
            data.set_auto_maskandscale(False)
            since = time.perf_counter()
            data[name][:]
            best = min(best, time.perf_counter() - since)
    return best


if __name__ == "__main__":
    main()
