"""Zarr stores as zarr-python reads them: from a folder, or through a Kerchunk reference set of fsspec."""

import base64
import json
import math
import os
import re
import struct

import fsspec
import numpy as np
import zarr
from fsspec.implementations.reference import LazyReferenceMapper

from local_file import Source, SourceVariable
from observed import texts
from sources import attempted

# CF wants these to have the type of their variable.
LIKE_ELEMENTS = ("_FillValue", "missing_value", "valid_min", "valid_max", "valid_range", "flag_values", "flag_masks")
BASE64_OF_DOUBLE = re.compile(r"[A-Za-z0-9+/]{11}=")
UNITS = {
    "D": "days", "h": "hours", "m": "minutes", "s": "seconds", "ms": "milliseconds", "us": "microseconds",
    "ns": "nanoseconds",
}


def netcdf_value(value):
    """JSON as netCDF has it: numbers, texts and lists of one of them; anything else as its JSON text."""
    if isinstance(value, bool):
        return np.int8(value)
    if value in ("NaN", "Infinity", "-Infinity"):
        return float(value)
    if isinstance(value, (int, float, str)):
        return value
    if isinstance(value, list) and value:
        if all(isinstance(part, str) for part in value) or all(type(part) in (int, float) for part in value):
            return value
    return json.dumps(value, separators=(",", ":"))


def typed(value, dtype):
    """An attribute that is compared with elements, in their type; floats may be base64 of a double, as xarray writes them.
    What is no number stays text.
    """
    if isinstance(value, str) and value not in ("NaN", "Infinity", "-Infinity"):
        if not BASE64_OF_DOUBLE.fullmatch(value):
            return value
        value = struct.unpack("<d", base64.b64decode(value))[0]
    return np.asarray(value, "f8" if isinstance(value, str) else None).astype(dtype.newbyteorder("="))


def masked(array):
    """The fill value of version 2, where it marks what is missing: 0 is what everybody writes who thinks of nothing."""
    fill = array.metadata.fill_value if array.metadata.zarr_format == 2 else None
    return fill if fill is not None and array.dtype.kind in "iuf" and (fill != 0 or math.copysign(1, fill) < 0) else None


def kind_of(array):
    """Which of the kinds an array is; "other" has no form in netCDF."""
    if array.dtype.kind in "SUTO":
        return "string"
    return "number" if array.dtype.kind in "iufbMm" and array.dtype != np.float16 else "other"


def values_of(array, kind):
    """The elements; truth values and times are the integers that are stored."""
    values = np.asarray(array[...])
    if kind == "string":
        return texts(values)
    if values.dtype.kind == "b":
        return values.astype("i1")
    return values.astype("i8") if values.dtype.kind in "mM" else values.astype(values.dtype.newbyteorder("="))


def attributes_of(array):
    """Attributes, and what the type and the fill value of an array say in attributes of netCDF."""
    given = {name: value for name, value in array.attrs.items() if name != "_ARRAY_DIMENSIONS"}
    shown = {}
    for name, value in given.items():
        like_elements = name in LIKE_ELEMENTS and array.dtype.kind in "iuf"
        shown[name] = typed(value, array.dtype) if like_elements else netcdf_value(value)
    implied = {}
    if array.dtype.kind in "mM":
        unit = UNITS[np.datetime_data(array.dtype)[0]]
        implied = {"units": unit, "_FillValue": np.int64(np.iinfo("i8").min)}
        if array.dtype.kind == "M":
            implied |= {"units": f"{unit} since 1970-01-01", "calendar": "proleptic_gregorian"}
    elif array.dtype.kind == "b":
        implied = {"dtype": "bool"}
    elif masked(array) is not None:
        implied = {"_FillValue": np.asarray(masked(array)).astype(array.dtype.newbyteorder("="))}
    return implied | shown


def names_of(array):
    """Names of the axes, None where the store has none."""
    unnamed = (None,) * array.ndim
    names = array.metadata.dimension_names if array.metadata.zarr_format == 3 else array.attrs.get("_ARRAY_DIMENSIONS")
    # kerchunk writes paths here, and a name holds no slash.
    return tuple(name and name.replace("/", "_") for name in names or unnamed)


def lengths_of(arrays):
    """Dimensions that coordinates define, by path; those come before others."""
    found = {}
    for path, array in arrays.items():
        if array.ndim == 1 and names_of(array) == (path.rsplit("/", 1)[-1],):
            found[path] = array.shape[0]
    return found


def dimension(path, name, length, lengths):
    """The full path of an axis: of the nearest dimension of its name, else one of its own group. A name that means another
    length there gets its length appended.
    """
    if name is None:
        return None
    own = group = path.rsplit("/", 1)[0]
    while f"{group}/{name}" not in lengths and group:
        group = group.rsplit("/", 1)[0]
    home = group if f"{group}/{name}" in lengths else own
    known = lengths.setdefault(f"{home}/{name}", length)
    return f"{home}/{name}" if known == length else f"{home}/{name}_{length}"


def source(arrays, groups):
    """Everything that a store holds, from its arrays and groups by path. An array may be the error that zarr-python raises for it."""
    opened = {path: array for path, array in arrays.items() if isinstance(array, zarr.Array)}
    lengths, variables = lengths_of(opened), {}
    for path, array in sorted(arrays.items()):
        if path in opened:
            kind, axes = kind_of(array), zip(names_of(array), array.shape)
            dimensions = tuple(dimension(path, name, length, lengths) for name, length in axes)
            values = attempted(lambda one: values_of(one, kind_of(one)), array)
            variables[path] = SourceVariable(kind, dimensions, values, attributes_of(array))
        else:
            variables[path] = SourceVariable("other", (), array, {})
    attributes = {path: dict(group.attrs) for path, group in groups.items()}
    shown = {path: {name: netcdf_value(value) for name, value in members.items()} for path, members in attributes.items()}
    return Source(variables, shown, [])


def found(documents, read_node):
    """Arrays and groups by path, from the paths of their documents."""
    arrays, groups = {}, {}
    for document in sorted(documents):
        where, name = f"/{document}".rsplit("/", 1)
        if name in ("zarr.json", ".zarray", ".zgroup"):
            node = attempted(lambda one: read_node(one, 3 if name == "zarr.json" else 2), where.strip("/"))
            if isinstance(node, zarr.Group):
                groups[where or "/"] = node
            else:
                # A store that is one array has a variable without a name.
                arrays[where or "/data"] = node
    return source(arrays, groups or {"/": zarr.group(zarr.storage.MemoryStore())})


def read(path):
    """Reads a store in a folder."""
    documents = [str(document.relative_to(path)) for document in path.rglob("*")]
    return found(documents, lambda name, version: zarr.open(path / name, mode="r", zarr_format=version))


def read_references(path):
    """Reads a reference set as fsspec does. Its targets are relative to its folder, those of fsspec to where it runs."""
    here = os.getcwd()
    os.chdir(path.parent)
    try:
        set_ = path.name
        if set_.endswith(".zst"):
            with fsspec.open(set_, compression="zstd") as file:
                set_ = json.load(file)
        elif set_.endswith(".parq"):
            set_ = LazyReferenceMapper(set_, fs=fsspec.filesystem("file"), engine="pyarrow")
        options = {"fo": set_, "remote_protocol": "file", "simple_templates": False}
        documents = fsspec.filesystem("reference", **options).find("")
        mapped = fsspec.filesystem("reference", asynchronous=True, **options)
        store = zarr.storage.FsspecStore(mapped, read_only=True)
        return found(documents, lambda name, version: zarr.open(store, path=name, mode="r", zarr_format=version))
    finally:
        os.chdir(here)
