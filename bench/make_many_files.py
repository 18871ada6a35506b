#!/usr/bin/env python3
"""Makes many small netCDF-4 files, to be joined along time: `make_many_files.py FOLDER [FILES [STEPS [Y [X]]]]`.

Every file has some steps of `temp(time, y, x)`, chunked by step, shuffled and deflated; values are their places in the joined array,
from 1, repeating after 2^24, so that they are exact in single precision. Names are not in the order of times.
"""

import pathlib
import sys

import netCDF4
import numpy


def main() -> None:
    folder = pathlib.Path(sys.argv[1])
    files, steps, y, x = [int(text) for text in sys.argv[2:]] + [1000, 4, 128, 256][len(sys.argv) - 2:]
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(files):
        # A prime, so that every name is used once.
        name = number * 7919 % files
        with netCDF4.Dataset(folder / f"part{name:05}.nc", "w") as data:
            data.createDimension("time", None)
            data.createDimension("y", y)
            data.createDimension("x", x)
            time = data.createVariable("time", "f8", ("time",))
            time.units = "hours since 2000-01-01"
            first = number * steps
            time[:] = numpy.arange(first, first + steps)
            for dimension, length in [("y", y), ("x", x)]:
                data.createVariable(dimension, "f8", (dimension,))[:] = numpy.arange(1, length + 1)
            temp = data.createVariable("temp", "f4", ("time", "y", "x"), zlib=True, complevel=4, shuffle=True, chunksizes=(1, y, x))
            temp.units = "K"
            places = numpy.arange(first * y * x, (first + steps) * y * x, dtype="i8") % 2**24 + 1
            temp[:] = places.reshape(steps, y, x)
    print(f"{files} files of {steps} steps in {folder}")


if __name__ == "__main__":
    main()
