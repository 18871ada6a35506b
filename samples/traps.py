"""Samples of what servers and clients are known to get wrong: lengths of bytes, names, dimensions without an index, many dimensions."""

import pathlib
import struct

import netCDF4
import numpy as np

import pattern

LONGEST_RUN = 9
RANK = 33
NAMES = ("t.2m", "two words", "at@", "plus+minus-", "naïve σ", "global", "sst_Global")
# Names that are made of what stands around names in a constraint.
HOSTILE = ("comma,colon:", "brackets[0]", "percent%20", "quote'")
ATTRIBUTES = ("dotted.name", "two words", "at@", "naïve", "comma,semicolon;", "brace{", "_leading")


def packed_bytes(path):
    """Bytes of both kinds in arrays of every length up to nine: DAP2 pads each to four; packed values with scale, offset and fill."""
    with netCDF4.Dataset(path, "w") as file:
        for length in range(1, LONGEST_RUN + 1):
            file.createDimension(f"n{length}", length)
            for name, kind in (("signed", "i1"), ("unsigned", "u1")):
                run = file.createVariable(f"{name}_{length}", kind, (f"n{length}",))
                run[:] = pattern.integers((length + 3,), kind)[2:-1]
        for name, kind, fill in (("packed_signed", "i1", -127), ("packed_unsigned", "u1", 255)):
            packed = file.createVariable(name, kind, ("n5", "n3"), zlib=True, fill_value=np.dtype(kind).type(fill))
            packed.set_auto_maskandscale(False)
            packed.setncatts({"scale_factor": np.float32(0.5), "add_offset": np.float32(100.25), "units": "%"})
            values = pattern.integers((5, 3), kind)
            values.reshape(-1)[::4] = fill
            packed[:] = values
        # netCDF-3 has signed bytes alone, and says by an attribute that they are not.
        for name, unsigned in (("told_unsigned", "true"), ("told_signed", "false")):
            told = file.createVariable(name, "i1", ("n9",), fill_value=np.int8(-1))
            told.set_auto_maskandscale(False)
            told.setncatts({"_Unsigned": unsigned, "valid_range": np.array([1, -2], "i1"), "flag_values": np.array([-128, 3], "i1")})
            told[:] = pattern.integers((9,), "i1")


def awkward_attributes(path):
    """Names of attributes, variables and dimensions with spaces, dots, and characters that mean something to a protocol."""
    with netCDF4.Dataset(path, "w") as file:
        for number, name in enumerate(ATTRIBUTES):
            file.setncattr(name, f"attribute {number + 1}")
        for number, name in enumerate(NAMES):
            dimension = f"{name} axis"
            file.createDimension(dimension, number + 2)
            variable = file.createVariable(name, "f4", (dimension,))
            variable[:] = pattern.reals((number + 2,), "f4") * (number + 1)
            for position, attribute in enumerate(ATTRIBUTES):
                variable.setncattr(attribute, np.int32(100 * number + position + 1))


def hostile_names(path):
    """Names with the marks of constraints in them, of variables and of dimensions."""
    with netCDF4.Dataset(path, "w") as file:
        for number, name in enumerate(HOSTILE):
            file.createDimension(f"{name} axis", number + 2)
            variable = file.createVariable(name, "f4", (f"{name} axis",))
            variable[:] = pattern.reals((number + 2,), "f4") * (number + 1)
            variable.units = name


def long_strings(path):
    """Arrays of strings and of characters longer than 64 bytes, where a client cuts that is not told their length."""
    text = lambda position, length: "".join(chr(97 + (position + n) % 26) for n in range(length))
    with netCDF4.Dataset(path, "w") as file:
        for name, size in (("row", 2), ("column", 3), ("wide", 131)):
            file.createDimension(name, size)
        texts = [[text(3 * r + c, 63 + 27 * (3 * r + c)) for c in range(3)] for r in range(2)]
        file.createVariable("strings", str, ("row", "column"))[:] = np.array(texts, dtype=object)
        letters = np.array([[text(3 * r + c, 131 - c) for c in range(3)] for r in range(2)], "S131")
        file.createVariable("characters", "S1", ("row", "column", "wide"))[:] = netCDF4.stringtochar(letters)
        file.createVariable("one", str)[...] = text(7, 300)


def empty_first(path):
    """A variable without an element that stands before others: netCDF-C fails on those behind it."""
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("time", None)
        file.createDimension("x", 4)
        file.createVariable("time", "f8", ("time",), chunksizes=(2,)).units = "days since 2001-01-01"
        file.createVariable("late", "i2", ("time",), chunksizes=(2,))
        file.createVariable("x", "f4", ("x",))[:] = pattern.reals((4,), "f4")
        file.createVariable("full", "i4", ("x",))[:] = pattern.integers((4,), "i4")


def empty_twice(path):
    """Two unlimited dimensions without an index: netCDF-C opens no DAP2 dataset that has both."""
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("time", None)
        file.createDimension("member", None)
        file.createDimension("x", 4)
        file.createVariable("late", "f4", ("time", "x"), chunksizes=(2, 4)).units = "m"
        file.createVariable("spread", "f8", ("member",), chunksizes=(2,)).units = "m"
        file.createVariable("full", "i4", ("x",))[:] = pattern.integers((4,), "i4")


def word(number):
    """A number as headers of the classic format have it."""
    return struct.pack(">i", number)


def named(name):
    """A name as headers of the classic format have it."""
    text = name.encode()
    return word(len(text)) + text.ljust(-(-len(text) // 4) * 4, b"\0")


def many_dimensions(path):
    """33 dimensions, one more than servers and clients take; beside it 32, the most. No library at hand writes it."""
    sizes = [2 if number in (0, 30) else 1 for number in range(RANK)]
    variables = {"beyond": RANK, "most": RANK - 1, "full": 1}
    header = b"CDF\1" + word(0) + word(10) + word(RANK)
    header += b"".join(named(f"d{number}") + word(size) for number, size in enumerate(sizes)) + word(0) * 2 + word(11) + word(len(variables))
    length = len(header) + sum(len(named(name)) + 4 * (rank + 6) for name, rank in variables.items())
    body = b""
    for name, rank in variables.items():
        values = pattern.reals(sizes[:rank], ">f4").tobytes()
        # The rank, the dimensions, no attribute, the type (float), bytes, and where they begin.
        header += named(name) + b"".join(map(word, (rank, *range(rank), 0, 0, 5, len(values), length + len(body))))
        body += values
    pathlib.Path(path).write_bytes(header + body)
