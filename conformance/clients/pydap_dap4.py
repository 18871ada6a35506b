"""pydap over DAP4, and xarray with it.

Its quirks, which are no fault of a server, are undone here: names are escaped, attributes have no types, dimensions and paths
of groups lie among the attributes, and a scalar is an array of one element.
"""

import urllib.parse

import numpy as np

from clients.pydap_dap2 import typed
from observed import Dataset, Variable, joined, plain, texts

# What pydap keeps among the attributes.
OWN = ("path", "Maps", "dimensions", "checksum")


def attributes_seen(attributes, expected):
    """Attributes in the types of the expected ones, where they have a place in them."""
    return {name: typed(expected.get(name), plain(value)) for name, value in attributes.items() if name not in OWN}


def variable_seen(variable, expected):
    """One variable; characters become text where text is expected."""
    values = np.asarray(variable[...].data)
    dimensions, along = tuple(urllib.parse.unquote(name) for name in variable.dims), None
    attributes = attributes_seen(variable.attributes, expected.attributes)
    if not dimensions and values.shape == (1,):
        values = values.reshape(())
    if values.dtype.kind in "SUO":
        return Variable(dimensions, texts(values), attributes)
    values = values.astype(values.dtype.newbyteorder("="))
    if expected.values.dtype == object and values.dtype == np.uint8:
        letters = values.reshape(values.shape or (1,)).view("S1")
        along = (dimensions[-1], letters.shape[-1]) if dimensions else None
        return Variable(dimensions[:-1], joined(letters), attributes, along)
    return Variable(dimensions, values, attributes)


def walked(node, path, expected, into):
    """Notes what a group holds, and the groups in it."""
    known = {}
    into.attributes[path or "/"] = attributes_seen(node.attributes, expected.attributes.get(path or "/", known))
    for name, child in node.children_items() if hasattr(node, "children_items") else node.items():
        full = f"{path}/{urllib.parse.unquote(name)}"
        if type(child).__name__ == "GroupType":
            walked(child, full, expected, into)
        else:
            into.variables[full] = variable_seen(child, expected.variables.get(full, Variable((), np.float64(0), {})))


def seen(address, expected):
    """Everything pydap sees; it knows no unlimited dimension."""
    from pydap.client import open_url

    found = Dataset({}, {}, expected.unlimited)
    walked(open_url(address, protocol="dap4"), "", expected, found)
    return found


def xarray_seen(address, expected, engine):
    """Everything xarray sees of every group, undecoded."""
    import xarray

    found = Dataset({}, {}, expected.unlimited)
    for group in expected.attributes:
        # The scheme tells pydap, the fragment netCDF-C, which protocol to speak.
        url = address.replace("http://", "dap4://", 1) if engine == "pydap" else f"{address}#dap4"
        dataset = xarray.open_dataset(url, engine=engine, group=None if group == "/" else group, decode_cf=False).load()
        found.attributes[group] = attributes_seen(dataset.attrs, expected.attributes[group])
        for name, variable in dataset.variables.items():
            full = f"{group.rstrip('/')}/{urllib.parse.unquote(name)}"
            found.variables[full] = xarray_variable(variable, expected.variables.get(full, Variable((), np.float64(0), {})))
    for variable in expected.variables.values():
        variable.dimensions = tuple(name.rsplit("/", 1)[-1] for name in variable.dimensions)
        along = variable.text_dimension
        variable.text_dimension = (along[0].rsplit("/", 1)[-1], along[1]) if along else None
    return found


def xarray_variable(variable, expected):
    """One variable of xarray, whose dimensions have their short names."""

    class Plain:
        dims = [name.rsplit("/", 1)[-1] for name in variable.dims]
        attributes = {name: value for name, value in variable.attrs.items() if name != "_edu.ucar.maps"}
        data = variable.values

        def __getitem__(self, _):
            return self

    return variable_seen(Plain(), expected)
