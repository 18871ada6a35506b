"""Clients that go on where one variable cannot be read: what they see of it is the error."""

import dataclasses

import netCDF4
import numpy as np
import zarr as zarr_python

from clients import object_stores, virtual_references
from clients.companion import told
from clients.netcdf_c import variable_seen as dap_variable
from clients.zarr_python import dimension_names, json_attributes, variable_seen
from observed import Dataset, plain, texts
from sources import attempted


@dataclasses.dataclass
class Refused:
    """A variable that cannot be read, and why."""

    dimensions: tuple
    attributes: dict
    error: Exception

    def __str__(self):
        return repr(self.error)


def zarr_variable(array):
    """One array; text of a fixed length is text."""
    seen = variable_seen(array)
    if seen.values.dtype.kind == "S" and seen.values.dtype.itemsize > 1:
        seen.values = texts(seen.values)
    return seen


def read(of_client, variable, dimensions, attributes):
    """One variable, or how it was refused."""
    seen = attempted(of_client, variable)
    return Refused(dimensions, attributes, seen) if isinstance(seen, Exception) else seen


def zarr(address, zarr_format, store=None):
    """Everything that zarr-python sees, over fsspec or another store."""
    if store:
        root = object_stores.root(address, store, zarr_format)
    else:
        root = zarr_python.open_group(address, mode="r", zarr_format=zarr_format, use_consolidated=True)
    variables, attributes = {}, {"/": json_attributes(root)}
    for path, node in root.members(max_depth=None):
        if isinstance(node, zarr_python.Group):
            attributes[f"/{path}"] = json_attributes(node)
        else:
            attributes_of = dict(node.attrs)
            variables[f"/{path}"] = read(zarr_variable, node, dimension_names(node, attributes_of), attributes_of)
    return Dataset(variables, attributes)


def virtual(address, reads, **options):
    """Everything that VirtualiZarr or Icechunk sees of a reference set. Sets are read group by group: zarr-python says which there are."""
    known = zarr(address, 2)
    variables = {path: variable for path, variable in known.variables.items() if not isinstance(variable, Refused)}
    seen = getattr(virtual_references, reads)(address, Dataset(variables, known.attributes), **options)
    return plain_texts(seen)


def companion(address, **options):
    """Everything that a client in another interpreter sees."""
    return plain_texts(told(address, **options))


def plain_texts(seen):
    """The same, where text of a fixed length is text."""
    for variable in seen.variables.values():
        values = variable.values
        if isinstance(values, np.ndarray) and values.dtype.kind == "S" and values.dtype.itemsize > 1:
            variable.values = texts(values)
    return seen


def dap2(address):
    """Everything that netCDF4 sees. It asks for all small variables at once: where one is refused, they are asked for one by one."""
    seen = opened(address)
    refused = any(isinstance(variable, Refused) for variable in seen.variables.values())
    return opened(f"{address}#noprefetch") if refused else seen


def opened(address):
    """Everything that netCDF4 sees at an address."""
    with netCDF4.Dataset(address) as file:
        variables = {name: read(dap_variable, variable, variable.dimensions, {}) for name, variable in file.variables.items()}
        attributes = {name: plain(file.getncattr(name)) for name in file.ncattrs()}
        unlimited = {name for name, dimension in file.dimensions.items() if dimension.isunlimited()}
        return Dataset(variables, {"/": attributes}, unlimited)
