"""HDF5 as h5py reads it, with the filters of hdf5plugin."""

import h5py
import netCDF4
import numpy as np

from local_file import Source, SourceVariable
from sources import attempted

# What netCDF-4 keeps for itself.
INTERNAL = ("CLASS", "DIMENSION_LIST", "NAME", "REFERENCE_LIST", "_NCProperties", "_Netcdf4Coordinates", "_Netcdf4Dimid", "_nc3_strict")


def kind_of(dataset):
    """Which of the kinds a dataset is; "other" has no form in netCDF."""
    if dataset.shape is None:
        return "other"
    if h5py.check_string_dtype(dataset.dtype):
        return "string"
    if dataset.dtype.names:
        return "compound"
    if h5py.check_enum_dtype(dataset.dtype) or dataset.dtype == bool:
        return "enum"
    return "number" if dataset.dtype.kind in "iuf" and dataset.dtype != np.float16 else "other"


def values_of(dataset, kind):
    """The elements; truth values are the integers that are stored, texts are `str`."""
    if kind == "other":
        return np.empty(0)
    values = np.asarray(dataset[()])
    if kind == "string":
        decoded = [text.decode() if isinstance(text, bytes) else text for text in values.reshape(-1).tolist()]
        return np.array(decoded, object).reshape(values.shape)
    if values.dtype == bool:
        return values.astype("i1")
    return values.astype(values.dtype.newbyteorder("=")) if kind in ("number", "enum") else values


def attributes_of(target):
    """Attributes with elements; several texts are a list, a text of an array with one element is that text."""
    shown = {}
    for name in target.attrs:
        if name in INTERNAL:
            continue
        value = target.attrs[name]
        if isinstance(value, h5py.Empty):
            # Text without elements is how netCDF-C writes an empty text.
            shown[name] = "" if value.dtype.kind == "S" else np.empty(0, value.dtype)
            continue
        value = np.asarray(value)
        if value.dtype == bool:
            value = value.astype("i1")
        if value.dtype.kind in "SO":
            shown[name] = [text.decode() if isinstance(text, bytes) else text for text in value.reshape(-1).tolist()]
        else:
            shown[name] = value.reshape(-1)
    return shown


def scales_of(dataset):
    """The dimension scale of each axis, None where it has none; a scale is its own."""
    if h5py.h5ds.is_scale(dataset.id):
        return [dataset]
    return [attached[0] if len(attached) else None for attached in dataset.dims] if dataset.shape else []


def lengthened(values, scales):
    """Values to the ends of growing dimensions that others have made longer: there, netCDF has its own fill values."""
    growing = [scale is not None and scale.maxshape == (None,) for scale in scales]
    behind = [(0, scale.shape[0] - length if grows else 0) for grows, scale, length in zip(growing, scales, values.shape)]
    if not any(after for _, after in behind):
        return values
    fill = netCDF4.default_fillvals[values.dtype.str[1:]]
    return np.pad(values, behind, constant_values=fill)


def variable(dataset):
    """One dataset. An axis has the name of its scale; without one it has none."""
    kind, scales = kind_of(dataset), scales_of(dataset)
    values = attempted(lambda one: lengthened(values_of(one, kind), scales), dataset)
    dimensions = tuple(scale and scale.name for scale in scales)
    return SourceVariable(kind, dimensions, values, attributes_of(dataset))


def members(group, path, above):
    """Every group and dataset below a group, by path; links that lead nowhere, or to a group that is above them, are passed over."""
    yield path, group
    for name in group:
        child = group.get(name) if group.get(name, getlink=True) is not None else None
        where = f"{path.rstrip('/')}/{name}"
        if isinstance(child, h5py.Dataset):
            yield where, child
        elif isinstance(child, h5py.Group) and child.id not in above:
            yield from members(child, where, (*above, child.id))


def read(path):
    """Reads a whole file."""
    variables, attributes, unlimited = {}, {}, []
    with h5py.File(path) as file:
        for where, member in members(file, "/", (file["/"].id,)):
            if isinstance(member, h5py.Group):
                attributes[where] = attributes_of(member)
            else:
                variables[where] = variable(member)
                # Axes without names are told by where they are.
                unlimited += [(where, axis) for axis, most in enumerate(member.maxshape or ()) if most is None]
    return Source(variables, attributes, unlimited)
