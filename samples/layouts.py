"""Samples that store the same kind of numbers in every HDF5 layout netCDF-4 can make."""

import netCDF4
import numpy as np

import pattern


def layouts(path):
    """Contiguous, big-endian, fletcher32, missing chunks, single chunk, scalars."""
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("y", 13)
        file.createDimension("x", 17)
        file.createDimension("record", None)
        shape = (13, 17)
        whole = ("y", "x")
        plain = {
            "contiguous_float": ("f4", {"contiguous": True}),
            "contiguous_big": (">f8", {"contiguous": True, "endian": "big"}),
            "chunked_plain": ("i4", {"chunksizes": (5, 6)}),
            "deflate_only": ("u2", {"zlib": True, "shuffle": False, "chunksizes": (5, 6)}),
            "shuffle_deflate_big": (">i4", {"zlib": True, "shuffle": True, "endian": "big", "chunksizes": (4, 17)}),
            "checksummed": ("f4", {"fletcher32": True, "chunksizes": (13, 6)}),
            "checksummed_deflate": ("f8", {"zlib": True, "shuffle": True, "fletcher32": True, "chunksizes": (6, 6)}),
            "one_chunk": ("i2", {"zlib": True, "complevel": 9, "chunksizes": shape}),
            "byte_shuffle": ("i1", {"zlib": True, "shuffle": True, "chunksizes": (7, 9)}),
        }
        for name, (kind, layout) in plain.items():
            variable = file.createVariable(name, kind, whole, **layout)
            variable.set_auto_maskandscale(False)
            variable[:] = pattern.numbers(shape, np.dtype(kind).newbyteorder("="))
        missing_chunks(file)
        file.createVariable("scalar", "f8")[...] = 42.125
        file.createVariable("unwritten_scalar", "i4", fill_value=np.int32(-77))


def missing_chunks(file):
    """Variables of which some or all chunks were never written: readers see the fill value."""
    holes = file.createVariable("holes", "f4", ("y", "x"), zlib=True, chunksizes=(4, 5), fill_value=np.float32(-999.5))
    holes[0:3, 0:4] = pattern.reals((3, 4), "f4")
    holes[9:13, 14:17] = pattern.reals((4, 3), "f4") * 2
    default = file.createVariable("default_fill", "i4", ("y", "x"), chunksizes=(6, 8))
    default[2, 3] = 7
    file.createVariable("never_written", "i2", ("y", "x"), chunksizes=(5, 5), fill_value=np.int16(321))
    file.createVariable("never_written_contiguous", "f8", ("y",), fill_value=6.5)
    longest = file.createVariable("longest", "i4", ("record", "x"), chunksizes=(3, 17))
    longest[0:7] = pattern.integers((7, 17), "i4")
    shorter = file.createVariable("shorter", "i4", ("record", "x"), chunksizes=(2, 5), fill_value=np.int32(-5))
    shorter[0:2] = pattern.integers((2, 17), "i4")
