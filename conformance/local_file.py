"""The local file as the C library reads it: the truth that every client is held against."""

import dataclasses

import netCDF4
import numpy as np


@dataclasses.dataclass
class SourceVariable:
    """A variable of the file. `kind` is number, char, string, enum, compound or vlen."""

    kind: str
    dimensions: tuple  # full paths, as "/forecast/step"
    values: np.ndarray
    attributes: dict  # as netCDF4 gives them


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


def read(path):
    """Reads a whole local file."""
    variables, attributes, unlimited = {}, {}, []
    with netCDF4.Dataset(path) as file:
        for group in groups(file):
            attributes[group.path] = attributes_of(group)
            unlimited += [joined_path(group, name) for name, d in group.dimensions.items() if d.isunlimited()]
            for name, variable in group.variables.items():
                dimensions = tuple(dimension_path(group, d) for d in variable.dimensions)
                variables[joined_path(group, name)] = SourceVariable(
                    kind_of(variable), dimensions, raw_values(variable), attributes_of(variable),
                )
    return Source(variables, attributes, unlimited)
