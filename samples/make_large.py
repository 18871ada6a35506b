#!/usr/bin/env python3
"""Makes one large variable for slab tests and benchmarks: `make_large.py DIR`.

By default 1 GiB of float32 [1024, 512, 512] in chunks of 16x128x128 (shuffle + deflate 4).
Every value depends on its position; the low mantissa bits are scrambled so that deflate
gains about a factor of two, as with real fields.
"""

import argparse
import pathlib

import netCDF4
import numpy as np

VARIABLE = "field"
AXES = ("time", "y", "x")


def scramble(position):
    """A position's well-mixed 32 bits (two rounds of multiply and shift, as in MurmurHash3)."""
    mixed = (position + np.uint64(1)) * np.uint64(0xFF51AFD7ED558CCD)
    mixed ^= mixed >> np.uint64(33)
    mixed *= np.uint64(0xC4CEB9FE1A85EC53)
    return (mixed >> np.uint64(32)).astype(np.uint32)


def values(shape, first, count):
    """Planes `first..first+count` of the field: a smooth part and 12 scrambled bits."""
    plane = shape[1] * shape[2]
    position = np.arange(first * plane, (first + count) * plane, dtype=np.uint64).reshape(count, *shape[1:])
    scrambled = scramble(position) & np.uint32(0xFFF)
    t, y, x = np.ogrid[first : first + count, 0 : shape[1], 0 : shape[2]]
    smooth = ((3 * t + y // 4 + x // 4) & 0x7FF).astype(np.uint32)
    return (np.uint32(0x43000000) | (smooth << np.uint32(12)) | scrambled).view(np.float32)


def write(path, shape, chunks, form):
    """Writes the file slab by slab, so that memory stays small."""
    with netCDF4.Dataset(path, "w", format="NETCDF4" if form == "netcdf4" else "NETCDF3_64BIT_OFFSET") as file:
        for name, size in zip(AXES, shape):
            file.createDimension(name, size)
            axis = file.createVariable(name, "f8", (name,))
            axis[:] = 0.25 * np.arange(1, size + 1)
        layout = {"zlib": True, "shuffle": True, "complevel": 4, "chunksizes": chunks} if form == "netcdf4" else {}
        field = file.createVariable(VARIABLE, "f4", AXES, **layout)
        field.setncatts({"units": "1", "long_name": "position-dependent field"})
        for first in range(0, shape[0], chunks[0]):
            count = min(chunks[0], shape[0] - first)
            field[first : first + count] = values(shape, first, count)


def triple(text):
    """Three positive integers out of `a,b,c`."""
    numbers = tuple(int(part) for part in text.split(","))
    if len(numbers) != 3 or min(numbers) < 1:
        raise argparse.ArgumentTypeError(f"three positive lengths wanted, as 1024,512,512; got {text!r}")
    return numbers


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--shape", type=triple, default=(1024, 512, 512), help="lengths of time, y, x")
    parser.add_argument("--chunks", type=triple, default=(16, 128, 128), help="chunk lengths (netCDF-4)")
    parser.add_argument("--format", choices=("netcdf4", "netcdf3", "both"), default="netcdf4")
    options = parser.parse_args()
    options.directory.mkdir(parents=True, exist_ok=True)
    chunks = tuple(min(pair) for pair in zip(options.shape, options.chunks))
    for form, name in (("netcdf4", "large.nc"), ("netcdf3", "large_netcdf3.nc")):
        if options.format not in (form, "both"):
            continue
        path = options.directory / name
        unfinished = path.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        write(str(unfinished), options.shape, chunks, form)
        unfinished.replace(path)
        print(f"{path.name}: {path.stat().st_size / 2**20:.1f} MiB")


if __name__ == "__main__":
    main()
