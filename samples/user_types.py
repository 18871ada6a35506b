"""Samples of types that their authors made up: compound, enumeration, opaque and variable-length, alone and in one another.

Written by h5py: netCDF4-python has no opaque type and no strings in compounds, and `ncgen` misplaces what is nested.
"""

import h5py
import numpy as np

import pattern

NUMERIC = {
    "byte": "i1", "ubyte": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4", "int64": "i8", "uint64": "u8", "float": "f4",
    "double": "f8",
}
TEXT = h5py.string_dtype()
CLOUDS = {"clear": 1, "stratus": 2, "cumulus": 5, "below": -7}
FAR = {"near": 1, "far": 5_000_000_000, "behind": -5_000_000_000}


class File:
    """An HDF5 file that netCDF-C reads: its types are committed, its dimensions are scales."""

    def __init__(self, path):
        self.file = h5py.File(path, "w", libver=("earliest", "v110"), track_order=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def type(self, name, dtype):
        """Commits a type under its name."""
        self.file[name] = dtype
        return self.file[name]

    def dimension(self, name, size, grows=False):
        """A dimension without a variable, as netCDF-C marks it."""
        scale = self.file.create_dataset(name, (size,), "f4", maxshape=(None if grows else size,), chunks=(4,) if grows else None)
        scale.make_scale(f"This is a netCDF dimension but not a netCDF variable.{size:10}")

    def variable(self, name, dtype, dimensions, values, fill=None, **attributes):
        """A variable of a committed type; `fill` is its fill value."""
        values = np.asarray(values)
        growing = [self.file[dimension].maxshape[0] is None for dimension in dimensions]
        most = [None if grows else length for grows, length in zip(growing, values.shape)]
        made = self.file.create_dataset(name, values.shape, dtype, maxshape=most, chunks=(3,) if any(growing) else None)
        made[...] = values
        if fill is not None:
            made.attrs.create("_FillValue", np.array([fill]), dtype=dtype)
        for axis, dimension in enumerate(dimensions):
            made.dims[axis].attach_scale(self.file[dimension])
        for key, value in attributes.items():
            made.attrs[key] = np.bytes_(value)


def rows(dtype, count):
    """Compound elements whose every number tells its place."""
    values = np.zeros(count, dtype)
    for number, name in enumerate(dtype.names):
        field, base, shape = values[name], dtype[name].base, dtype[name].shape
        if base.names:
            field[...] = rows(base, int(np.prod((count, *shape)))).reshape(field.shape)
        else:
            field[...] = pattern.numbers((number + 4 + field.size,), base)[-field.size :].reshape(field.shape)
    return values


def objects(shape, make):
    """An array of objects: `make` gives each by its position, counted from 1."""
    values = np.empty(int(np.prod(shape)), dtype=object)
    for position in range(values.size):
        values[position] = make(position + 1)
    return values.reshape(shape)


def ragged(kind):
    """A function that gives rows of 0, 1, 2, 3, 0, ... numbers, no two of them alike."""
    return lambda position: pattern.numbers((4 * position + 4,), kind)[4 * position :][: (position - 1) % 4]


def compounds(path):
    """Compounds of every numeric type, of arrays, and of compounds; a scalar, a row and a matrix of them."""
    every = np.dtype([(f"of_{name}", kind) for name, kind in NUMERIC.items()], align=True)
    place = np.dtype([("lat", "f4"), ("level", "i2")], align=True)
    track = np.dtype([("number", "i4"), ("place", place), ("grid", "f8", (2, 3)), ("flags", "u1", (3,))], align=True)
    with File(path) as file:
        file.dimension("x", 3)
        file.dimension("y", 2)
        every_t, _, track_t = file.type("every_t", every), file.type("place_t", place), file.type("track_t", track)
        file.variable("every", every_t, ("x",), rows(every, 3), long_name="every numeric type")
        file.variable("track", track_t, ("y", "x"), rows(track, 6).reshape(2, 3))
        file.variable("lone", track_t, (), rows(track, 1)[0], units="1")
        file.variable("behind", "i2", ("x",), pattern.integers((3,), "i2"), units="m")


def bytes_of(shape, width):
    """Opaque elements whose every byte tells its place."""
    return pattern.integers((*shape, width), "u1").view(f"V{width}").reshape(shape)


def table(path):
    """Rows of compounds along a dimension that grows: a table, to choose rows from."""
    row = np.dtype([("station", "i4"), ("height", "f4"), ("grade", "u1")], align=True)
    with File(path) as file:
        file.dimension("row", 7, grows=True)
        values = rows(row, 7)
        values["station"] = pattern.index((7,)) * 10
        file.variable("soundings", file.type("row_t", row), ("row",), values, long_name="soundings")


def opaques(path):
    """Opaque elements of two sizes, of which neither is a multiple of four."""
    with File(path) as file:
        file.dimension("x", 3)
        file.dimension("y", 2)
        digest, blob = file.type("digest_t", np.dtype("V5")), file.type("blob_t", np.dtype("V11"))
        file.variable("digest", digest, ("x",), bytes_of((3,), 5), long_name="five bytes each")
        file.variable("blob", blob, (), bytes_of((), 11))
        file.variable("blobs", blob, ("y", "x"), bytes_of((2, 3), 11))
        file.variable("behind", "i2", ("x",), pattern.integers((3,), "i2"), units="m")


def vlens(path):
    """Rows of several lengths, some of them empty."""
    with File(path) as file:
        file.dimension("x", 5)
        file.dimension("y", 2)
        for name in ("byte", "short", "int", "uint64", "double"):
            kind = np.dtype(NUMERIC[name])
            made = file.type(f"{name}_rows_t", h5py.vlen_dtype(kind))
            file.variable(f"{name}_rows", made, ("x",), objects((5,), ragged(kind)), long_name=f"rows of {name}")
        made = file.type("float_rows_t", h5py.vlen_dtype(np.dtype("f4")))
        file.variable("table", made, ("y", "x"), objects((2, 5), ragged(np.dtype("f4"))))
        file.variable("behind", "i2", ("x",), pattern.integers((5,), "i2"), units="m")


def enums(path):
    """Enumerations over bytes with a sign, over shorts without, and over 64 bits."""
    with File(path) as file:
        file.dimension("x", 4)
        file.dimension("y", 2)
        cloud = file.type("cloud_t", h5py.enum_dtype(CLOUDS, "i1"))
        grade = file.type("grade_t", h5py.enum_dtype({"low": 1, "high": 65_000}, "u2"))
        far = file.type("far_t", h5py.enum_dtype(FAR, "i8"))
        file.variable("cloud", cloud, ("x",), np.array([1, -7, 5, 2], "i1"), np.int8(5), long_name="cloud kind")
        file.variable("grade", grade, ("y", "x"), np.array([[1, 65_000, 1, 1], [65_000, 1, 65_000, 1]], "u2"))
        file.variable("far", far, ("y",), np.array([5_000_000_000, -5_000_000_000], "i8"))
        file.variable("lone", cloud, (), np.int8(-7))


def nested_types(path):
    """What varies in length inside what does not, and the other way round."""
    place = np.dtype([("lat", "f4"), ("level", "i2")], align=True)
    whole = np.dtype("i4")
    with File(path) as file:
        file.dimension("x", 3)
        file.type("place_t", place)
        file.type("list_t", h5py.vlen_dtype(whole))
        named = np.dtype([("id", "i4"), ("name", TEXT)])
        listed = np.dtype([("id", "i2"), ("list", h5py.vlen_dtype(whole))])
        names = np.array([(1, "one"), (2, "zwei Größen"), (3, 'three "3"')], dtype=object)
        file.variable("named", file.type("named_t", named), ("x",), filled(named, names))
        lists = objects((3,), ragged(whole))
        file.variable("listed", file.type("listed_t", listed), ("x",), filled(listed, [(n + 4, lists[n]) for n in range(3)]))
        places = objects((3,), lambda position: rows(place, position))
        file.variable("places", file.type("places_t", h5py.vlen_dtype(place)), ("x",), places)


def pairs(path):
    """Arrays of compounds in compounds, which netCDF4-python cannot open."""
    place = np.dtype([("lat", "f4"), ("level", "i2")], align=True)
    paired = np.dtype([("id", "i2"), ("pair", place, (2,))], align=True)
    with File(path) as file:
        file.dimension("x", 3)
        file.type("place_t", place)
        file.variable("paired", file.type("paired_t", paired), ("x",), rows(paired, 3))


def filled(dtype, rows_given):
    """A compound array of given rows."""
    values = np.empty(len(rows_given), dtype)
    for position, row in enumerate(rows_given):
        values[position] = tuple(row)
    return values
