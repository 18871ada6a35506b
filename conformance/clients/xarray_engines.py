"""xarray: raw (nothing decoded, every attribute) and decoded as its users see it."""

import numpy as np
import xarray

from clients.pydap_dap2 import aligned
from observed import Dataset, Variable, joined, plain, texts
from zarr_view import json_form


def loaded(address, engine, decode, group=None, **options):
    """One group, loaded whole."""
    if engine == "zarr":
        backend = {"zarr_format": options["zarr_format"]} if "zarr_format" in options else {}
        keywords = {"consolidated": options["consolidated"], **backend}
    else:
        keywords = {}
    if engine == "pydap":
        import pydap.client

        store = xarray.backends.PydapDataStore(pydap.client.open_url(address, protocol="dap2"))
        return xarray.open_dataset(store, decode_cf=decode).load()
    return xarray.open_dataset(address, engine=engine, group=group, decode_cf=decode, **keywords).load()


def dap_variable(variable):
    """One raw variable of a DAP engine: characters and byte strings become text."""
    attributes = {name: plain(value) for name, value in variable.attrs.items()}
    values = np.asarray(variable.values)
    if values.dtype.kind in "OU" or values.dtype.kind == "S" and values.dtype.itemsize > 1:
        return Variable(variable.dims, texts(values), attributes)
    if values.dtype.kind == "S" and values.ndim:
        return Variable(variable.dims[:-1], joined(values), attributes, (variable.dims[-1], values.shape[-1]))
    return Variable(variable.dims, values.astype(values.dtype.newbyteorder("=")), attributes)


def dap(address, expected, engine):
    """Everything a DAP engine sees, undecoded."""
    dataset = loaded(address, engine, decode=False)
    variables = {name: dap_variable(variable) for name, variable in dataset.variables.items()}
    attributes = {name: plain(value) for name, value in dataset.attrs.items()}
    if engine == "pydap":
        return aligned(expected, Dataset(variables, {"/": attributes}, expected.unlimited))
    return Dataset(variables, {"/": attributes}, set(dataset.encoding.get("unlimited_dims", ())))


def zarr_variable(variable):
    """One raw variable of the Zarr engine."""
    values = np.asarray(variable.values)
    values = texts(values) if values.dtype.kind in "OUT" else values
    if values.dtype.kind in "iuf":
        values = values.astype(values.dtype.newbyteorder("="))
    return Variable(variable.dims, values, {name: json_form(value) for name, value in variable.attrs.items()})


def zarr(address, expected, **options):
    """Everything the Zarr engine sees, undecoded, group by group."""
    variables, attributes = {}, {}
    for group in expected.attributes:
        dataset = loaded(address, "zarr", decode=False, group=None if group == "/" else group.strip("/"), **options)
        attributes[group] = {name: json_form(value) for name, value in dataset.attrs.items()}
        for name, variable in dataset.variables.items():
            variables[f"{group.rstrip('/')}/{name}"] = zarr_variable(variable)
    return Dataset(variables, attributes)


def decoded_groups(open_group, groups):
    """Decoded variables of some groups: times, masks and packing applied, without attributes."""
    variables = {}
    for group in groups:
        for name, variable in open_group(group).variables.items():
            values = np.asarray(variable.values)
            values = texts(values) if values.dtype.kind in "OUT" else values
            variables[f"{group.rstrip('/')}/{name}"] = Variable(variable.dims, values, {})
    return Dataset(variables, {})


def decoded_local(path, absent, expected):
    """The local file as xarray decodes it: what every decoded view must equal."""

    def open_group(group):
        group = None if group == "/" else group
        return xarray.open_dataset(path, engine="netcdf4", group=group, drop_variables=absent).load()

    return decoded_groups(open_group, groups_with_variables(expected))


def groups_with_variables(expected):
    """Paths of the groups that hold variables; a flat dataset has the root alone."""
    return sorted({name.rsplit("/", 1)[0] or "/" for name in expected.variables if name.startswith("/")}) or ["/"]


def decoded(address, expected, engine, **options):
    """What a user sees who opens the dataset as xarray proposes."""

    def open_group(group):
        return loaded(address, engine, decode=True, group=None if group == "/" else group.strip("/"), **options)

    return decoded_groups(open_group, groups_with_variables(expected))
