"""What Zarr makes of a file: the documented mappings, written once.

Zarr keeps groups, types and values. Attributes become JSON, so a number loses its type and
what JSON cannot spell (NaN, infinities) becomes a string; enumerations show the integers that
are stored; compound and variable-length types are absent. Dimension names are short names.
"""

import base64
import math
import struct

import numpy as np

from observed import Dataset, Variable, plain, texts

ABSENT_KINDS = ("compound", "vlen", "opaque", "other")


def json_form(value):
    """A number, text or list of them as JSON has it: one element stands alone."""
    if isinstance(value, list):
        parts = [json_form(part) for part in value]
        return parts[0] if len(parts) == 1 else parts
    value = plain(value)
    if isinstance(value, dict):
        numbers = [json_number(number) for number in value["values"]]
        return numbers[0] if len(numbers) == 1 else numbers
    return value


def json_number(number):
    """A finite number, or the string by which Zarr names any other."""
    if isinstance(number, float) and not math.isfinite(number):
        return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    return number


def fill_from_base64(value):
    """The `_FillValue` of a float in version 3: base64 of a little-endian double, as xarray writes it."""
    return json_number(struct.unpack("<d", base64.b64decode(value))[0])


def short(path):
    """The last part of a path."""
    return path.rsplit("/", 1)[-1]


def variable_attributes(variable):
    """The attributes of one variable. `_FillValue` has the type of the elements; those of compound type are absent."""
    shown = {}
    for name, value in variable.attributes.items():
        if getattr(getattr(value, "dtype", None), "names", None):
            continue
        if name == "_FillValue" and variable.values.dtype.kind in "iuf":
            value = np.asarray(value).astype(variable.values.dtype)
        shown[name] = json_form(value)
    return shown


def expected(source):
    """The file through Zarr, whatever the version of the format."""
    variables = {}
    for path, variable in source.variables.items():
        if variable.kind in ABSENT_KINDS:
            continue
        values = texts(variable.values) if variable.kind == "string" else variable.values
        variables[path] = Variable(tuple(map(short, variable.dimensions)), values, variable_attributes(variable))
    attributes = {
        path: {name: json_form(value) for name, value in of_group.items()} for path, of_group in source.attributes.items()
    }
    return Dataset(variables, attributes)
