"""The local file as the C library reads it: the truth that every client is held against.

Types that netCDF4-python cannot read (opaque, compounds of strings, of lists or of rows of compounds) are read by h5py.
"""

import dataclasses
import warnings

import h5py
import netCDF4
import numpy as np


@dataclasses.dataclass
class SourceVariable:
    """A variable of the file. `kind` is number, char, string, enum, compound, vlen or opaque."""

    kind: str
    dimensions: tuple  # full paths, as "/forecast/step"
    values: np.ndarray
    attributes: dict  # as netCDF4 gives them
    names: dict = dataclasses.field(default_factory=dict)  # of an enumeration: what it calls its numbers


@dataclasses.dataclass
class Source:
    """Variables by full path, attributes by group path, dimensions by full path."""

    variables: dict
    attributes: dict
    unlimited: list


def groups(group):
    """The group and all below it, parents first."""
    yield group
    for child in group.groups.values():
        yield from groups(child)


def joined_path(group, name):
    """Full path of a member of a group."""
    return f"{group.path.rstrip('/')}/{name}"


def dimension_path(group, name):
    """Full path of the dimension that `name` means inside `group`."""
    while name not in group.dimensions:
        group = group.parent
    return joined_path(group, name)


def kind_of(variable):
    """Which of the kinds a netCDF4 variable is."""
    if variable.dtype is str:
        return "string"
    if isinstance(variable.datatype, netCDF4.CompoundType):
        return "compound"
    if isinstance(variable.datatype, netCDF4.VLType):
        return "vlen"
    if isinstance(variable.datatype, netCDF4.EnumType):
        return "enum"
    return "char" if variable.dtype.kind == "S" else "number"


def raw_values(variable):
    """The stored values: nothing masked, scaled or joined."""
    variable.set_auto_maskandscale(False)
    if variable.dtype is not str and variable.dtype.kind == "S":
        variable.set_auto_chartostring(False)
    values = np.asarray(variable[...])
    return values.astype(values.dtype.newbyteorder("=")) if values.dtype.kind in "iuf" else values


def attributes_of(target):
    """Attributes of a group or variable, in the file's order."""
    return {name: target.getncattr(name) for name in target.ncattrs()}


def read_by_netcdf4(path):
    """Everything that netCDF4-python has a type for."""
    variables, attributes, unlimited = {}, {}, []
    with warnings.catch_warnings(action="ignore"), netCDF4.Dataset(path) as file:
        for group in groups(file):
            attributes[group.path] = attributes_of(group)
            unlimited += [joined_path(group, name) for name, d in group.dimensions.items() if d.isunlimited()]
            for name, variable in group.variables.items():
                dimensions = tuple(dimension_path(group, d) for d in variable.dimensions)
                kind, values = kind_of(variable), raw_values(variable)
                names = {number: name for name, number in variable.datatype.enum_dict.items()} if kind == "enum" else {}
                variables[joined_path(group, name)] = SourceVariable(kind, dimensions, values, attributes_of(variable), names)
    return Source(variables, attributes, unlimited)


# How HDF5 keeps dimensions, which are no attributes of the dataset.
OF_DIMENSIONS = ("CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST", "_Netcdf4Dimid", "_Netcdf4Coordinates", "_nc3_strict")


def kind_of_hdf5(dtype):
    """Which of the kinds an HDF5 type is that netCDF4-python has none for; None for any other."""
    if dtype.names:
        return "compound"
    if dtype.kind == "V":
        return "opaque"
    return "vlen" if h5py.check_vlen_dtype(dtype) and not h5py.check_string_dtype(dtype) else None


def read_by_h5py(path):
    """Every variable of a made-up type, by its path."""
    found = {}

    def visit(name, item):
        kind = kind_of_hdf5(item.dtype) if isinstance(item, h5py.Dataset) else None
        if kind:
            dimensions = tuple(scales[0].name for scales in item.dims if len(scales))
            attributes = {key: value for key, value in item.attrs.items() if key not in OF_DIMENSIONS}
            found[f"/{name}"] = SourceVariable(kind, dimensions, np.asarray(item[()]), attributes)

    with h5py.File(path) as file:
        file.visititems(visit)
    return found


def read(path):
    """Reads a whole local file."""
    try:
        source = read_by_netcdf4(path)
    except TypeError:
        # netCDF4-python opens no file with arrays of compounds in compounds.
        source = Source({}, {"/": {}}, [])
    made_up = read_by_h5py(path) if h5py.is_hdf5(path) else {}
    source.variables |= {name: variable for name, variable in made_up.items() if name not in source.variables}
    return source
