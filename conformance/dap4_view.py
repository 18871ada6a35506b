"""What DAP4 makes of a file: the documented mappings, written once.

DAP4 has groups, all numbers, text, enumerations, opaque elements, compounds (Structures) and lists (Sequences), so nearly all
arrives as it is. `expected` is what is on the wire; `netcdf_c` and `pydap` what these clients show of it.
"""

import re

import numpy as np

from observed import Dataset, Variable, elements, joined, plain, rendered, texts

MOST_DIMENSIONS = 32
MADE_UP = ("compound", "vlen", "opaque")


def shown_values(variable):
    """Values in the one plain form: characters as text of one dimension less, made-up types as text for each element."""
    if variable.kind in MADE_UP:
        return elements(variable.values)
    if variable.kind == "string":
        return texts(variable.values)
    if variable.kind == "char" and variable.values.ndim:
        return joined(variable.values)
    return joined(variable.values.reshape(1)) if variable.kind == "char" else variable.values


def shown(source):
    """A file, or what a client makes of an address, in the plain form."""
    variables = {}
    for path, variable in source.variables.items():
        text = variable.kind == "char" and variable.dimensions
        dimensions = variable.dimensions[:-1] if text else variable.dimensions
        along = (variable.dimensions[-1], variable.values.shape[-1]) if text else None
        attributes = {name: plain(value) for name, value in variable.attributes.items()}
        variables[path] = Variable(dimensions, shown_values(variable), attributes, along)
    attributes = {
        path: {name: plain(value) for name, value in of_group.items()} for path, of_group in source.attributes.items()
    }
    return Dataset(variables, attributes, set(source.unlimited))


def carried(variable):
    """Whether clients have as many dimensions."""
    return variable.values.ndim <= MOST_DIMENSIONS


def doubled(value):
    """A float as the double that it is: of floats, netCDF-C would lose bits."""
    return value | {"type": "float64"} if isinstance(value, dict) and value["type"] == "float32" else value


def sent(attributes, variable):
    """The attributes of a variable. A fill value has the type of its variable; that of floats stands there as `missing_value`, too."""
    found = {name: doubled(value) for name, value in attributes.items()}
    fill = attributes.get("_FillValue")
    if not isinstance(fill, dict):
        return found
    found["_FillValue"] = variable.names[fill["values"][0]] if variable.names else fill
    if fill["type"] == "float32" and not np.isnan(fill["values"][0]):
        found.setdefault("missing_value", doubled(fill))
    return found


def expected(source):
    """The file through DAP4."""
    source.variables = {path: variable for path, variable in source.variables.items() if carried(variable)}
    dataset = shown(source)
    for path, variable in source.variables.items():
        dataset.variables[path].attributes = sent(dataset.variables[path].attributes, variable)
    for path, attributes in dataset.attributes.items():
        dataset.attributes[path] = {name: doubled(value) for name, value in attributes.items()}
    return dataset


def every_attributes(dataset):
    """The attributes of every group and every variable."""
    yield from dataset.attributes.values()
    yield from (variable.attributes for variable in dataset.variables.values())


def with_attributes(dataset, change):
    """A dataset of which every attribute is changed; those that become None are left out."""
    for attributes in every_attributes(dataset):
        changed = {name: change(name, value) for name, value in attributes.items()}
        attributes.clear()
        attributes.update({name: value for name, value in changed.items() if value is not None})
    return dataset


MARKUP = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}


def netcdf_c_text(text):
    """One text of several as netCDF-C shows it: it takes backslashes for escapes, and leaves markup escaped."""
    return re.sub(r"\\(.)", r"\1", "".join(MARKUP.get(c, c) for c in text)).removesuffix("\\")


def converted_twice(value):
    """A float as netCDF-C shows it, a fill value: converted in place, and then once more, with half of the double still there."""
    shown = []
    for number in np.array(value["values"], "f4"):
        double, single = np.float64(str(number)).view("u8"), number.view("u4")
        shown.append(np.uint64((int(double) >> 32 << 32) | int(single)).view("f8").astype("f4"))
    return plain(np.array(shown, "f4"))


def netcdf_c_attribute(_name, value):
    """An attribute as netCDF-C shows it."""
    if isinstance(value, dict) and value["type"] == "float32":
        return converted_twice(value)
    return [netcdf_c_text(part) for part in value] if isinstance(value, list) else value


def netcdf_c(source):
    """The file as netCDF-C shows it through DAP4."""
    dataset = with_attributes(expected(source), netcdf_c_attribute)
    for path, variable in source.variables.items():
        if variable.names and "_FillValue" in variable.attributes:
            dataset.variables[path].attributes["_FillValue"] = plain(variable.attributes["_FillValue"])
    return dataset


def row_of_rows(name, value):
    """A list as netCDF-C 4.9.0 shows it: of compounds with one field."""
    return "[" + ", ".join("{" + f"{name} = {rendered(part)}" + "}" for part in value) + "]"


def rendered_490(name, value, is_list):
    """An element as netCDF-C 4.9.0 shows it; `is_list` where it is one of a variable-length type."""
    if is_list and not np.asarray(value).dtype.names:
        return row_of_rows(name, value)
    if isinstance(value, np.void) and value.dtype.names:
        fields = ((field, value[field], value.dtype[field] == object) for field in value.dtype.names)
        shown = (f"{field} = {rendered_490(field, one, several and isinstance(one, np.ndarray))}" for field, one, several in fields)
        return "{" + ", ".join(shown) + "}"
    return rendered(value)


def netcdf_c_490(source):
    """The file as netCDF-C 4.9.0 shows it through DAP4: lists are of compounds, opaque elements have 16 bytes."""
    dataset = netcdf_c(source)
    for path, variable in source.variables.items():
        values = dataset.variables[path].values
        for place in np.ndindex(values.shape):
            one = variable.values[place]
            if variable.kind == "opaque":
                values[place] = "0x" + one.tobytes().ljust(16, b"\0").hex()
            elif variable.kind in ("compound", "vlen"):
                values[place] = rendered_490(path.rsplit("/", 1)[-1], one, variable.kind == "vlen")
    return dataset
