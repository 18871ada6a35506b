"""pydap over DAP4, and xarray with it.

Its quirks, which are no fault of a server, are undone here: names are escaped, attributes have no types, dimensions and paths
of groups lie among the attributes, and a scalar is an array of one element.
"""

import urllib.parse

import numpy as np

from clients.pydap_dap2 import typed
from observed import Dataset, Variable, elements, joined, plain, texts

# What pydap keeps among the attributes.
OWN = ("path", "Maps", "dimensions", "checksum", "_edu.ucar.maps")
NOTHING = Variable((), np.float64(0), {})


def attributes_seen(attributes, expected):
    """Attributes in the types of the expected ones, where they have a place in them; `None` is a list without a number."""
    shown = {name: plain([] if value is None else value) for name, value in attributes.items() if name not in OWN}
    return {name: typed(expected.get(name), value) for name, value in shown.items()}


def unquoted(name, known, before=""):
    """A name without pydap's escapes; it escapes no percent sign, so that a known name may look escaped."""
    return name if before + name in known else urllib.parse.unquote(name)


def variable_seen(variable, expected):
    """One variable; characters become text where text is expected."""
    values = np.asarray(variable[...].data)
    known = {*expected.dimensions, *(path.rsplit("/", 1)[-1] for path in expected.dimensions)}
    dimensions, along = tuple(unquoted(name, known) for name in variable.dims), None
    attributes = attributes_seen(variable.attributes, expected.attributes)
    if not dimensions and values.shape == (1,):
        values = values.reshape(())
    if values.dtype.kind == "V":
        return Variable(dimensions, elements(values), attributes)
    of_letters = expected.values.dtype == object and values.dtype in ("u1", "S1")
    if values.dtype.kind in "SUO" and not of_letters:
        return Variable(dimensions, texts(values), attributes)
    values = values.astype(values.dtype.newbyteorder("="))
    if of_letters:
        letters = values.reshape(values.shape or (1,)).view("S1")
        along = (dimensions[-1], letters.shape[-1]) if dimensions else None
        return Variable(dimensions[:-1], joined(letters), attributes, along)
    return Variable(dimensions, values, attributes)


def walked(node, path, expected, into):
    """Notes what a group holds, and the groups in it."""
    into.attributes[path or "/"] = attributes_seen(node.attributes, expected.attributes.get(path or "/", {}))
    for name, child in node.items():
        full = f"{path}/{unquoted(name, expected.variables, f'{path}/')}"
        if type(child).__name__ == "GroupType":
            walked(child, full, expected, into)
        else:
            seen_here = variable_seen(child, expected.variables.get(full, NOTHING))
            # A name with a space loses the stroke before it.
            seen_here.dimensions = tuple("/" + name.removeprefix("/") for name in seen_here.dimensions)
            into.variables[full] = seen_here


def seen(address, expected):
    """Everything pydap sees; it knows no unlimited dimension."""
    from pydap.client import open_url

    found = Dataset({}, {}, expected.unlimited)
    walked(open_url(address, protocol="dap4"), "", expected, found)
    return found


def opened(address, engine, group):
    """One group as xarray opens it, undecoded. Given `dap4://`, pydap would try HTTPS first, and wait."""
    import xarray

    path = None if group == "/" else group
    if engine == "netcdf4":
        return xarray.open_dataset(f"{address}#dap4", engine=engine, group=path, decode_cf=False).load()
    import pydap.client

    store = xarray.backends.PydapDataStore(pydap.client.open_url(address, protocol="dap4"), group=path)
    return xarray.open_dataset(store, decode_cf=False).load()


def xarray_seen(address, expected, engine):
    """Everything xarray sees of every group."""
    found = Dataset({}, {}, expected.unlimited)
    for group in expected.attributes:
        dataset = opened(address, engine, group)
        found.attributes[group] = attributes_seen(dataset.attrs, expected.attributes[group])
        for name, variable in dataset.variables.items():
            before = f"{group.rstrip('/')}/"
            full = before + unquoted(name, expected.variables, before)
            found.variables[full] = variable_seen(OfXarray(variable), expected.variables.get(full, NOTHING))
    for variable in expected.variables.values():
        variable.dimensions = tuple(map(short, variable.dimensions))
        along = variable.text_dimension
        variable.text_dimension = (short(along[0]), along[1]) if along else None
    return found


def short(path):
    """The last part of a path: xarray has short names of dimensions."""
    return path.rsplit("/", 1)[-1]


class OfXarray:
    """A variable of xarray with the names that pydap has."""

    def __init__(self, variable):
        self.dims, self.attributes, self.data = [short(name) for name in variable.dims], variable.attrs, variable.values

    def __getitem__(self, _):
        return self
