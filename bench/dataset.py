"""The data every server serves: one netCDF-4 variable, its stored chunks as plain files, an optional netCDF-3 twin.

`tas(time, lat, lon)`, float32, K. Every value depends on its own position (smooth field plus a hash of the linear index in the
low mantissa bits), so a value from a wrong place is always found, and shuffle+deflate 4 shrinks it about twice, as real model output.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

VARIABLE = "tas"
NETCDF4_ID = "a.nc"
NETCDF3_ID = "b.nc"
# The same values of the first steps in chunks that are stored as they are, 1 MiB each.
PLAIN_ID = "plain.nc"
# The name under which weir serves the first file with a recipe: decoded and encoded anew.
PROCESSED_ID = "processed.nc"
# Raise when the bytes written for the same sizes change, so that an old cache directory is not reused.
FORMAT = 2
# Random low mantissa bits (of 23): 10 give a compression ratio of about 2.1.
NOISE_BITS = 10


@dataclass(frozen=True)
class Sizes:
    """Shape and chunk shape of `tas`, slowest dimension first, the time steps of the one large response and of the plain file."""

    shape: tuple[int, int, int]
    chunk: tuple[int, int, int]
    large_steps: int
    plain_steps: int = 0

    @property
    def grid(self) -> tuple[int, ...]:
        """Chunks along each dimension."""
        return tuple(n // c for n, c in zip(self.shape, self.chunk))

    @property
    def plain_grid(self) -> tuple[int, ...]:
        """Chunks of the plain file along each dimension."""
        return (self.plain_steps // self.chunk[0], *self.grid[1:])

    @property
    def chunk_bytes(self) -> int:
        """Decoded bytes of one chunk, the size of the small hyperslab."""
        return int(np.prod(self.chunk)) * 4

    @property
    def large_bytes(self) -> int:
        """Value bytes of the one large response."""
        return self.large_steps * self.shape[1] * self.shape[2] * 4


FULL = Sizes(shape=(1024, 512, 512), chunk=(16, 128, 128), large_steps=256, plain_steps=256)
QUICK = Sizes(shape=(64, 512, 512), chunk=(16, 128, 128), large_steps=32, plain_steps=64)


@dataclass(frozen=True)
class Dataset:
    """Where the data lies: `served` is given to the DAP servers, `static` to nginx."""

    root: Path
    sizes: Sizes

    @property
    def served(self) -> Path:
        return self.root / "served"

    @property
    def static(self) -> Path:
        return self.root / "static"

    @property
    def netcdf4(self) -> Path:
        return self.served / NETCDF4_ID

    @property
    def plain(self) -> Path:
        return self.served / PLAIN_ID

    @property
    def netcdf3(self) -> Path:
        return self.served / NETCDF3_ID

    def chunk_route(self, index: tuple[int, ...], dataset: str = NETCDF4_ID) -> str:
        """URL path of one stored chunk, the same on weir and on nginx."""
        return f"/datasets/{dataset}/zarr/{VARIABLE}/{'.'.join(map(str, index))}"


def values(sizes: Sizes, first: int, count: int) -> np.ndarray:
    """`count` time steps from `first` on, float32, shape (count, lat, lon)."""
    _, lats, lons = sizes.shape
    step = np.arange(first, first + count, dtype=np.float32)[:, None, None]
    lat = np.linspace(-90, 90, lats, dtype=np.float32)[None, :, None]
    lon = np.linspace(0, 360, lons, endpoint=False, dtype=np.float32)[None, None, :]
    season = np.sin(step / np.float32(58.1)) * np.float32(8)
    field = np.float32(285) + season - (lat / 15) ** 2 + 3 * np.sin(np.radians(lon) * 3 + lat / 20)
    low = np.uint32((1 << NOISE_BITS) - 1)
    start = first * lats * lons
    index = np.arange(start, start + count * lats * lons, dtype=np.uint32).reshape(field.shape)
    noise = index * np.uint32(2654435761)
    noise ^= noise >> np.uint32(15)
    noise *= np.uint32(2246822519)
    noise >>= np.uint32(32 - NOISE_BITS)
    bits = field.astype(np.float32).view(np.uint32)
    return ((bits & ~low) | noise).view(np.float32)


def prepare(root: Path, sizes: Sizes, with_netcdf3: bool) -> Dataset:
    """The data under `root`, made when it is missing or was made for other sizes."""
    made = Dataset(root, sizes)
    wanted = {"format": FORMAT, "noise_bits": NOISE_BITS, **json.loads(json.dumps(asdict(sizes)))}
    stamp = root / "made.json"
    if not stamp.exists() or json.loads(stamp.read_text()) != wanted:
        shutil.rmtree(root, ignore_errors=True)
        made.served.mkdir(parents=True)
        print(f"making {made.netcdf4} and its stored chunks (once)", flush=True)
        write_netcdf(made.netcdf4, sizes, "NETCDF4", {"zlib": True, "complevel": 4, "shuffle": True})
        write_chunk_files(made, NETCDF4_ID)
        if sizes.plain_steps > 0:
            write_netcdf(made.plain, replace(sizes, shape=(sizes.plain_steps, *sizes.shape[1:])), "NETCDF4", {})
            write_chunk_files(made, PLAIN_ID)
        stamp.write_text(json.dumps(wanted))
    if with_netcdf3 and not made.netcdf3.exists():
        print(f"making {made.netcdf3} (once)", flush=True)
        partial = root / "b.partial"
        write_netcdf(partial, sizes, "NETCDF3_64BIT_OFFSET", {})
        os.replace(partial, made.netcdf3)
    return made


def write_netcdf(path: Path, sizes: Sizes, form: str, codecs: dict) -> None:
    """Writes the variable and its coordinates; `form` and `codecs` are netCDF4-python's names."""
    import netCDF4

    with netCDF4.Dataset(path, "w", format=form) as file:
        file.title = "benchmark field"
        for name, length, units in zip(("time", "lat", "lon"), sizes.shape, ("days since 2000-01-01", "degrees_north", "degrees_east")):
            file.createDimension(name, length)
            coordinate = file.createVariable(name, "f8", (name,))
            coordinate.units = units
            coordinate[:] = np.arange(length) * 0.25 + 0.125
        chunked = {**codecs, "chunksizes": sizes.chunk} if form == "NETCDF4" else {}
        variable = file.createVariable(VARIABLE, "f4", ("time", "lat", "lon"), fill_value=False, **chunked)
        variable.units = "K"
        variable.long_name = "near-surface air temperature"
        for first in range(0, sizes.shape[0], sizes.chunk[0]):
            variable[first : first + sizes.chunk[0]] = values(sizes, first, sizes.chunk[0])


def write_chunk_files(made: Dataset, dataset: str) -> None:
    """Copies each stored chunk, byte for byte, to the file that nginx serves under the chunk's own route."""
    import h5py

    with h5py.File(made.served / dataset, "r") as file:
        variable = file[VARIABLE].id
        for number in range(variable.get_num_chunks()):
            info = variable.get_chunk_info(number)
            mask, stored = variable.read_direct_chunk(info.chunk_offset)
            if mask != 0:
                raise RuntimeError(f"chunk at {info.chunk_offset} skips a codec (mask {mask}): this data cannot be compared raw")
            index = tuple(o // c for o, c in zip(info.chunk_offset, made.sizes.chunk))
            target = made.static / made.chunk_route(index, dataset).lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(stored)
