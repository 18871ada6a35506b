"""zarr-python 2 and 3, without xarray."""

import numpy as np
import zarr

from observed import Dataset, Variable, texts
from zarr_view import fill_from_base64, json_form

MAJOR = int(zarr.__version__.split(".", 1)[0])


def opened(address, zarr_format, consolidated):
    """The root group, found in the way that the options ask for."""
    if MAJOR >= 3:
        return zarr.open_group(address, mode="r", zarr_format=zarr_format, use_consolidated=consolidated)
    return zarr.open_consolidated(address, mode="r") if consolidated else zarr.open_group(address, mode="r")


def dimension_names(array, attributes):
    """Dimension names: an attribute in version 2, metadata in version 3."""
    in_attributes = attributes.pop("_ARRAY_DIMENSIONS", None)
    metadata = getattr(array, "metadata", None)
    return tuple(in_attributes if in_attributes is not None else metadata.dimension_names or ())


def fill_attribute(array, attributes):
    """Puts `_FillValue` back: version 2 has it as the array's fill value, version 3 in base64 for floats."""
    stated = attributes.get("_FillValue")
    if array_format(array) == 2:
        if stated is None and declared_fill(array) is not None:
            # The fill value has the array's own type.
            attributes["_FillValue"] = json_form(np.asarray(declared_fill(array), array.dtype))
    elif isinstance(stated, str) and array.dtype.kind == "f":
        attributes["_FillValue"] = fill_from_base64(stated)
    return attributes


def array_format(array):
    """The version of the format."""
    return array.metadata.zarr_format if MAJOR >= 3 else 2


def declared_fill(array):
    """The fill value of the metadata document, None where it is null."""
    return array.metadata.fill_value if MAJOR >= 3 else array.fill_value


def variable_seen(array):
    """One array."""
    attributes = dict(array.attrs)
    dimensions = dimension_names(array, attributes)
    values = np.asarray(array[...])
    if values.dtype.kind in "OUT":
        values = texts(values)
    elif values.dtype.kind in "iuf":
        values = values.astype(values.dtype.newbyteorder("="))
    return Variable(dimensions, values, {k: json_form(v) for k, v in fill_attribute(array, attributes).items()})


def listed(root):
    """Every array and group that consolidated metadata names, by path."""
    if MAJOR >= 3:
        return dict(root.members(max_depth=None))
    found = {}
    root.visititems(lambda path, node: found.__setitem__(path, node))
    return found


def seen(address, expected, zarr_format=2, consolidated=True):
    """Everything zarr-python sees. Without consolidated metadata, HTTP has no listing: names come from the file."""
    root = opened(address, zarr_format, consolidated)
    if consolidated:
        nodes = listed(root)
    else:
        nodes = {path.strip("/"): root[path.strip("/")] for path in [*expected.variables, *expected.attributes] if path != "/"}
    variables, attributes = {}, {"/": json_attributes(root)}
    for path, node in nodes.items():
        if isinstance(node, (zarr.Group, getattr(zarr, "hierarchy", zarr).Group)):
            attributes[f"/{path}"] = json_attributes(node)
        else:
            variables[f"/{path}"] = variable_seen(node)
    return Dataset(variables, attributes)


def json_attributes(group):
    """Attributes of a group."""
    return {name: json_form(value) for name, value in dict(group.attrs).items()}
