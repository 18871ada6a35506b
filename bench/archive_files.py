"""The files of an archive: a thousand members of one aggregation, a hundred thousand small files, and one file of many chunks.

All values follow from their own place, so an answer is compared with a formula and not with the files. Each set is made once.
"""

from __future__ import annotations

import datetime
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from answers import DECLARED_TYPE, DIMENSIONS, XDR, Declared, Ranges, WrongAnswer
from dataset import VARIABLE

# Raise when the files made for the same sizes change, so that old ones are not reused.
FORMAT = 1
AGGREGATION_ID = "all"
MEMBERS, MEMBER_STEPS = 1000, 12
AGGREGATED = (MEMBERS * MEMBER_STEPS, 181, 360)
# Coprime to the number of members: each name is used once, and names are not in the order of times.
NAME_STRIDE = 619
STEP_HOURS = 6
EPOCH = datetime.datetime(2000, 1, 1)
SMALL_FOLDERS, SMALL_IN_FOLDER = 100, 1000
SMALL_FILES = SMALL_FOLDERS * SMALL_IN_FOLDER
MANY_ID = "many.nc"
MANY_SHAPE, MANY_CHUNK = (2000, 100, 64), (1, 1, 64)
MANY_CHUNKS = MANY_SHAPE[0] * MANY_SHAPE[1]
# Values are 2^23 and a number of 23 bits, so that each is exact: 20 bits count, and 3 are a hash, which deflate cannot shrink.
BASE_BITS, COUNTED_BITS, HASHED_BITS = 0x4B000000, 20, 3


def field(shape: tuple[int, ...], first: int, count: int, dtype: str = "<f4") -> np.ndarray:
    """`count` steps of the slowest dimension from `first` on."""
    step = int(np.prod(shape[1:]))
    place = np.arange(first * step + 1, (first + count) * step + 1, dtype=np.uint32)
    mixed = place * np.uint32(2654435761)
    mixed ^= mixed >> np.uint32(15)
    mixed *= np.uint32(2246822519)
    mixed >>= np.uint32(32 - HASHED_BITS)
    mixed <<= np.uint32(COUNTED_BITS)
    place &= np.uint32((1 << COUNTED_BITS) - 1)
    bits = (mixed | place | np.uint32(BASE_BITS)).astype(dtype.replace("f", "u"), copy=False)
    return bits.view(dtype).reshape(count, *shape[1:])


def latitudes(count: int) -> np.ndarray:
    return np.linspace(-90, 90, count)


def longitudes(count: int) -> np.ndarray:
    return np.arange(1, count + 1) * (360 / count)


def times(first: int, count: int) -> np.ndarray:
    """Hours since the epoch."""
    return np.arange(first + 1, first + count + 1) * float(STEP_HOURS)


@dataclass(frozen=True)
class Formula:
    """What an answer must hold; stands where `answers.FileValues` stands for a file that is read."""

    shape: tuple[int, int, int]

    def xdr(self, declared: Declared, ranges: Ranges) -> Iterator[bytes]:
        """The wire bytes of one array, lengths first, in pieces of a few steps. Raises WrongAnswer if it is declared wrongly."""
        axes = [DIMENSIONS.index(declared.name)] if declared.name in DIMENSIONS else range(3)
        wanted = [ranges[axis] for axis in axes]
        shape = tuple(last - first + 1 for first, last in wanted)
        if declared.name not in DECLARED_TYPE or (declared.type, declared.shape) != (DECLARED_TYPE[declared.name], shape):
            raise WrongAnswer(f"declared {declared}, expected {DECLARED_TYPE.get(declared.name)} {shape}")
        length = int(np.prod(shape)).to_bytes(4, "big")
        yield length + length
        first, last = wanted[0]
        if declared.name != VARIABLE:
            whole = (times(0, self.shape[0]), latitudes(self.shape[1]), longitudes(self.shape[2]))[axes[0]]
            yield whole[first : last + 1].astype(XDR[declared.type]).tobytes()
            return
        others = tuple(slice(a, b + 1) for a, b in wanted[1:])
        for start in range(first, last + 1, MEMBER_STEPS):
            piece = field(self.shape, start, min(MEMBER_STEPS, last + 1 - start), XDR[declared.type])
            yield np.ascontiguousarray(piece[(slice(None), *others)]).tobytes()


@dataclass(frozen=True)
class Archive:
    """Where the files lie."""

    root: Path

    @property
    def members(self) -> Path:
        return self.root / "members"

    @property
    def configuration(self) -> Path:
        return self.root / "aggregation.toml"

    @property
    def small(self) -> Path:
        return self.root / "small"

    @property
    def many(self) -> Path:
        return self.root / "many" / MANY_ID


def prepare(root: Path) -> Archive:
    """The archive under `root`; each part is made when it is missing or was made by another format of this file."""
    made = Archive(root)
    root.mkdir(parents=True, exist_ok=True)
    once(made.members, f"{MEMBERS} members of an aggregation", write_members)
    once(made.small, f"{SMALL_FILES} small files", write_small)
    once(made.many.parent, f"a file of {MANY_CHUNKS} chunks", write_many)
    made.configuration.write_text(
        f'[[dataset]]\nid = "{AGGREGATION_ID}"\n\n'
        f'[dataset.aggregation]\ntype = "joinExisting"\ndimension = "time"\nfiles = ["{made.members.name}/*.nc"]\n'
    )
    return made


def once(folder: Path, what: str, write: Callable[[Path], None]) -> None:
    # beside the folder, so that it is not among the files that are served
    stamp = folder.with_name(f"{folder.name}.json")
    if stamp.exists() and json.loads(stamp.read_text()) == {"format": FORMAT}:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    print(f"making {what} in {folder} (once)", flush=True)
    write(folder)
    stamp.write_text(json.dumps({"format": FORMAT}))


def write_netcdf(path: Path, steps: tuple[int, int], shape: tuple[int, int, int], chunk: tuple[int, int, int], reference: tuple[str, datetime.datetime]) -> None:
    """Writes some steps of a field: `steps` is the first and how many, `reference` what its times count, and from when."""
    import netCDF4

    first, count = steps
    unit, since = reference
    since_epoch = (since - EPOCH).total_seconds() / 3600
    with netCDF4.Dataset(path, "w") as file:
        for name, length in zip(DIMENSIONS, (None, *shape[1:])):
            file.createDimension(name, length)
        own = (times(first, count) - since_epoch) / (24 if unit == "days" else 1)
        units = (f"{unit} since {since:%Y-%m-%d %H:%M:%S}", "degrees_north", "degrees_east")
        for name, values, unit_text in zip(DIMENSIONS, (own, latitudes(shape[1]), longitudes(shape[2])), units):
            # One chunk of the record dimension, as the default would be a chunk of 4 MiB.
            chunks = {"chunksizes": (count,)} if name == "time" else {}
            coordinate = file.createVariable(name, "f8", (name,), **chunks)
            coordinate.units = unit_text
            coordinate[:] = values
        file["time"].calendar = "standard"
        variable = file.createVariable(VARIABLE, "f4", DIMENSIONS, fill_value=False, zlib=True, complevel=4, shuffle=True, chunksizes=chunk)
        variable.units = "K"
        variable[:] = field(shape, first, count)


def write_members(folder: Path) -> None:
    """Members count hours and days by turns, each from a date of its own, which is never after its first step."""
    for number in range(MEMBERS):
        reference = ("days" if number % 2 else "hours", EPOCH + datetime.timedelta(days=number))
        path = folder / f"member{number * NAME_STRIDE % MEMBERS:04}.nc"
        write_netcdf(path, (number * MEMBER_STEPS, MEMBER_STEPS), AGGREGATED, (1, *AGGREGATED[1:]), reference)


def write_many(folder: Path) -> None:
    write_netcdf(folder / MANY_ID, (0, MANY_SHAPE[0]), MANY_SHAPE, MANY_CHUNK, ("hours", EPOCH))


def write_small(folder: Path) -> None:
    """Copies of one netCDF-3 file, each of its own blocks on the disk."""
    import netCDF4

    first = folder / "first.nc"
    with netCDF4.Dataset(first, "w", format="NETCDF3_CLASSIC") as file:
        file.title = "one of many"
        for name, length in (("time", 12), ("station", 40)):
            file.createDimension(name, length)
        file.createVariable("time", "f8", ("time",))[:] = times(0, 12)
        file["time"].units = f"hours since {EPOCH:%Y-%m-%d}"
        flow = file.createVariable("flow", "f4", ("time", "station"))
        flow.units = "m3 s-1"
        flow[:] = np.arange(1, 481, dtype=np.float32).reshape(12, 40)
    stored = first.read_bytes()
    first.unlink()
    for folder_number in range(SMALL_FOLDERS):
        here = folder / f"station{folder_number:02}"
        here.mkdir()
        for number in range(SMALL_IN_FOLDER):
            (here / f"day{number:03}.nc").write_bytes(stored)
