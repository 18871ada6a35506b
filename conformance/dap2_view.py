"""What DAP2 makes of a file: the documented mappings, written once.

DAP2 has no groups, no signed byte (which becomes Int16), no 64-bit integer, no characters. `expected` is what is on
the wire, `netcdf_c` what the C library shows of it (netCDF-3 data model, unsigned bits in signed
types), `pydap` what pydap shows. Whatever is not written here must arrive as it is in the file.
"""

import re
import unicodedata

import numpy as np

from observed import Dataset, Variable, joined, plain, texts

# Attributes that are compared with elements and must have their type (CF conventions, section 2.5).
LIKE_ELEMENTS = ("_FillValue", "missing_value", "valid_min", "valid_max", "valid_range")
MOST_DIMENSIONS = 32
ABSENT_KINDS = ("vlen", "opaque", "other")
# What stays in names as it is; what means something in a constraint, which becomes `_`; all else is escaped as %XX.
PLAIN = re.compile(r"[A-Za-z0-9_\-.]")
OF_CONSTRAINTS = ",[]:&(){};=<>!?#\"'%\\"


def unaccented(name):
    """A name without accents; a letter without a likeness in ASCII by its number."""
    letters = (c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return "".join(c if c.isascii() else f"u{ord(c):04X}" for c in letters)


def spelled(path):
    """The path of a variable as one DAP2 name: `_` for `/`."""
    name = unaccented(path.strip("/").replace("/", "_"))
    escaped = "".join("_" if c in OF_CONSTRAINTS else c if PLAIN.match(c) else f"%{ord(c):02X}" for c in name)
    # netCDF-C takes the attributes of what is called so for those of the dataset.
    return escaped + "_" if escaped.lower().endswith("global") else escaped


def dimension_name(path):
    """The path of a dimension as one DAP2 name: pydap can parse no dot there."""
    return spelled(path).replace(".", "%2E")


def attribute_name(name):
    """An attribute's name: everything can be escaped there."""
    return "".join(c if PLAIN.match(c) else f"%{ord(c):02X}" for c in unaccented(name))


def is_integer(values):
    """Whether the values are integers of any width."""
    return values.dtype.kind in "iu"


def carried(variable):
    """Whether DAP2 has a type for the variable, and clients as many dimensions."""
    if variable.values.ndim > MOST_DIMENSIONS:
        return False
    if variable.kind in ("number", "enum"):
        return not (is_integer(variable.values) and variable.values.dtype.itemsize == 8)
    return variable.kind not in ABSENT_KINDS


def signedness(variable):
    """`_Unsigned`: netCDF-C takes unsigned types for signed ones."""
    told = "_Unsigned" in variable.attributes or wire_numbers(variable.values, {}).dtype.kind != "u"
    return {} if told else {"_Unsigned": "true"}


def wire_numbers(values, attributes, shape=None):
    """Numbers in a type of DAP2: bytes that are signed, or stand alone, in 16 bits; of signed ones the file may say they are not."""
    values = np.asarray(values)
    if values.dtype == np.int8:
        values = values.view("u1") if str(attributes.get("_Unsigned")).lower() == "true" else values.astype("i2")
    alone = values.dtype == np.uint8 and (values.shape if shape is None else shape) == ()
    return values.astype("i2") if alone else values


def widest(values):
    """Bytes of the longest text."""
    return max(len(text.encode()) for text in values.reshape(-1).tolist())


def text_variable(variable):
    """A character or string variable: text along one dimension less, and how wide it is."""
    dimensions, width_name = variable.dimensions, None
    if variable.kind == "string":
        values = texts(variable.values)
        width = widest(values)
    else:
        values = joined(variable.values if variable.values.ndim else variable.values.reshape(1))
        width = variable.values.shape[-1] if variable.values.ndim else 1
        if dimensions:
            width_name, dimensions = dimension_name(dimensions[-1]), dimensions[:-1]
    # Without these two, the C library cuts every text at 64 bytes. They must be flat names.
    extra = {"DODS.strlen": plain(np.int32(width))} | ({"DODS.dimName": width_name} if width_name else {})
    # Where the file names no dimension, the C library makes up this name.
    return Variable(dimensions, values, extra, (width_name or f"maxStrlen{width}", width))


def member_values(values, shape):
    """Values of one member that is no compound; None where DAP2 has no type for them."""
    if values.dtype == object:
        first = values.reshape(-1)[0]
        return texts(values) if isinstance(first, (bytes, str)) else None
    if values.dtype.kind == "S":
        return texts(values)
    carried_by_type = values.dtype.kind in "iuf" and not (is_integer(values) and values.dtype.itemsize == 8)
    return wire_numbers(values.astype(values.dtype.newbyteorder("=")), {}, shape) if carried_by_type else None


def member(dimensions, dtype, shown):
    """One member; the C library is told the width of texts that have one."""
    if shown.dtype != object:
        return Variable(dimensions, shown, {"_Unsigned": "true"} if shown.dtype.kind == "u" else {})
    width = dtype.itemsize if dtype.kind == "S" else widest(shown)
    return Variable(dimensions, shown, {"DODS.strlen": plain(np.int32(width))}, (f"maxStrlen{width}", width))


def members(name, values, dimensions):
    """The variables that netCDF-C makes of a Structure: one for each member, in all depths, with the axes of what it lies in."""
    for own in values.dtype.names:
        inner, full = values[own], f"{name}.{spelled(own)}"
        if inner.dtype.names:
            yield from members(full, inner, dimensions)
            continue
        more = tuple(f"{full}_{axis}" for axis in range(len(dimensions), inner.ndim))
        shown = member_values(inner, values.dtype[own].shape)
        if shown is not None:
            yield full, member(dimensions + more, inner.dtype, shown)


def is_table(source, variable):
    """Whether a variable is rows along a dimension that grows, which travel as a Sequence."""
    return variable.kind == "compound" and variable.values.ndim == 1 and variable.dimensions[0] in source.unlimited


def columns(name, values):
    """The variables that netCDF-C makes of a Sequence: its name is that of the dimension, and no integer has less than 32 bits."""
    for full, variable in members(name, values, (name,)):
        narrow = is_integer(variable.values) and variable.values.dtype.itemsize < 4
        yield full, Variable((name,), variable.values.astype("i4") if narrow else variable.values, {}, variable.text_dimension)


def fits(numbers, kind):
    """Whether every client reads every number in the type; what is `int8` for netCDF-C is unsigned for others."""
    least = 0 if kind == "int8" else np.iinfo(kind).min
    return all(least <= number <= np.iinfo(kind).max for number in numbers)


def carried_attribute(value):
    """An attribute that stands for itself, in the narrowest DAP2 type that every client reads back as the same number.

    An unsigned value that a client would take for a negative one gets a wider type; a 64-bit
    integer that no type holds exactly becomes text. Nothing carries an empty list, or one of compound type: None.
    """
    value = plain(value)
    if isinstance(value, dict) and (not value["values"] or isinstance(value["values"][0], tuple)):
        return None
    if not isinstance(value, dict) or value["type"] in ("float32", "float64"):
        return value
    numbers = value["values"]
    wider = {"int8": ["int8", "int16"], "uint8": ["int8", "int16"], "uint16": ["int16", "int32"], "uint32": ["int32"]}
    for kind in wider.get(value["type"], ["int16"] if value["type"] == "int16" else ["int32"]):
        if fits(numbers, kind):
            return {"type": kind, "values": numbers}
    if all(abs(number) <= 2**53 for number in numbers):
        return {"type": "float64", "values": [float(number) for number in numbers]}
    return plain([str(number) for number in numbers])


def element_attribute(name, value, variable):
    """An attribute that is compared with elements has the variable's type: `_FillValue` and the valid range."""
    value, values = plain(value), variable.values
    if not isinstance(value, dict) or (value["type"] != values.dtype.name and name != "_FillValue"):
        return carried_attribute(value)
    return plain(wire_numbers(np.array(value["values"]).astype(values.dtype), variable.attributes, values.shape))


def variable_attributes(variable):
    """The attributes of one variable."""
    carried_by_type = {}
    for name, value in variable.attributes.items():
        like_elements = name in LIKE_ELEMENTS and variable.kind in ("number", "enum")
        carried_by_type[name] = element_attribute(name, value, variable) if like_elements else carried_attribute(value)
    return {attribute_name(name): value for name, value in carried_by_type.items() if value is not None}


def global_attributes(source):
    """Attributes of every group: `title` of the root, `forecast.deep.title` of `/forecast/deep`."""
    flat = {}
    for path, attributes in source.attributes.items():
        prefix = "" if path == "/" else path.strip("/").replace("/", ".") + "."
        flat |= {prefix + attribute_name(name): carried_attribute(value) for name, value in attributes.items()}
    # Clients have no place for what a Structure says of itself.
    for path, variable in source.variables.items():
        if variable.kind == "compound" and carried(variable):
            own = {f"{spelled(path)}.{name}": value for name, value in variable_attributes(variable).items()}
            flat |= own
    return {name: value for name, value in flat.items() if value is not None}


def empty_dimensions(source):
    """Dimensions without an index that variables have which DAP2 carries."""
    shown = [variable for variable in source.variables.values() if carried(variable)]
    return {d for variable in shown for d, length in zip(variable.dimensions, variable.values.shape) if length == 0}


def unlimited(source):
    """The one unlimited dimension that `DODS_EXTRA` can name: it leads every variable that has it, and none is empty."""
    shown = [variable for variable in source.variables.values() if carried(variable)]
    empty = empty_dimensions(source)
    if len(empty) == 1 or any(is_table(source, variable) for variable in shown):
        return None
    shown = [variable for variable in shown if 0 not in variable.values.shape]
    leading = [variable.dimensions[0] for variable in shown if variable.dimensions]
    behind = {dimension for variable in shown for dimension in variable.dimensions[1:]}
    usable = [d for d in leading if d in source.unlimited and d not in behind]
    return dimension_name(usable[0]) if usable else None


def expected(source):
    """The file through DAP2, in the types of the wire."""
    variables = {}
    # netCDF-C opens no dataset with two of them: then all that have one are left out.
    several_empty = len(empty_dimensions(source)) > 1
    for path, variable in source.variables.items():
        if not carried(variable) or (several_empty and 0 in variable.values.shape):
            continue
        if is_table(source, variable):
            variables |= columns(spelled(path), variable.values)
            continue
        if variable.kind == "compound":
            dimensions = tuple(dimension_name(d) for d in variable.dimensions)
            variables |= members(spelled(path), variable.values, dimensions)
            continue
        if variable.kind in ("char", "string"):
            shown = text_variable(variable)
        else:
            values = wire_numbers(variable.values, variable.attributes)
            shown = Variable(variable.dimensions, values, signedness(variable))
        shown.dimensions = tuple(dimension_name(d) for d in shown.dimensions)
        shown.attributes |= variable_attributes(variable)
        variables[spelled(path)] = shown
    dimension = unlimited(source)
    return Dataset(variables, {"/": global_attributes(source)}, {dimension} if dimension else set())


def as_signed(values):
    """The same bits in the signed type that the netCDF-3 data model has."""
    values = np.asarray(values)
    return values.view(f"i{values.dtype.itemsize}") if values.dtype.kind == "u" else values


def netcdf_c_attribute(value):
    """An attribute as the C library shows it: several strings joined by newlines, unsigned bits in signed types."""
    if isinstance(value, list):
        return "\n".join(value)
    if isinstance(value, dict):
        return plain(as_signed(np.array(value["values"], value["type"])))
    return value


def netcdf_c_values(variable):
    """Values as the C library shows them: unsigned bits in signed types; it drops backslashes from strings."""
    if variable.values.dtype != object:
        return as_signed(variable.values)
    shown = variable.values.copy()
    for place in np.ndindex(shown.shape):
        shown[place] = re.sub(r"\\(.)", r"\1", shown[place])
    return shown


def shown_by_410(name):
    """A name as netCDF-C 4.10 shows it, which undoes the escape of `@`."""
    return name.replace("%40", "@")


def netcdf_c_410(source):
    """The file as netCDF-C 4.10 shows it through DAP2."""
    dataset = netcdf_c(source)
    for variable in dataset.variables.values():
        variable.dimensions = tuple(map(shown_by_410, variable.dimensions))
        variable.attributes = {shown_by_410(name): value for name, value in variable.attributes.items()}
    dataset.variables = {shown_by_410(name): variable for name, variable in dataset.variables.items()}
    dataset.attributes["/"] = {shown_by_410(name): value for name, value in dataset.attributes["/"].items()}
    return dataset


def netcdf_c(source):
    """The file as netCDF-C shows it through DAP2."""
    dataset = expected(source)
    # The C library takes an empty dimension for an unlimited one, and hides every variable that has it.
    dataset.unlimited |= {d for v in dataset.variables.values() for d, n in zip(v.dimensions, v.values.shape) if n == 0}
    dataset.variables = {n: v for n, v in dataset.variables.items() if v.values.size}
    for variable in dataset.variables.values():
        variable.values = netcdf_c_values(variable)
        variable.attributes = {name: netcdf_c_attribute(value) for name, value in variable.attributes.items()}
    attributes = {name: netcdf_c_attribute(value) for name, value in dataset.attributes["/"].items()}
    if unlimited(source):
        attributes["DODS_EXTRA.Unlimited_Dimension"] = unlimited(source)
    dataset.attributes["/"] = attributes
    return dataset


def asked_wider(source, types):
    """The file as netCDF-C shows it to a program that asks for wider numbers: those of unsigned types as they are."""
    dataset, wire = netcdf_c(source), expected(source)
    for name, variable in dataset.variables.items():
        values = wire.variables[name].values
        if values.dtype.str[1:] in types and not np.array_equal(values.astype("f8"), variable.values.astype("f8")):
            variable.values = values.astype("f8")
    return dataset


def ncdf4(source):
    """The file as R shows it through DAP2: it asks for 32 bits, where unsigned integers of 32 bits are signed ones."""
    return asked_wider(source, ("u1", "u2"))


def cdo(source):
    """The file as cdo shows it through DAP2: it asks for doubles, and takes bytes by `_Unsigned`."""
    return asked_wider(source, ("u2", "u4"))


def beyond_libdap(number, kind):
    """Whether libdap takes a real for none: infinities, and what it finds too large or too small for its type."""
    # It compares what it reads as a double with the limits of the type; the largest float is printed a little too large.
    size, limits = abs(float(f"{number:.8g}" if kind == "float32" else number)), np.finfo(kind)
    return size > float(limits.max) or 0 < size < float(limits.tiny)


def libdap_attribute(value):
    """An attribute as libdap shows it: reals that it takes for none are set aside, in a container beside."""
    if not isinstance(value, dict) or value["type"] not in ("float32", "float64"):
        return value
    kept = [number for number in value["values"] if not beyond_libdap(number, value["type"])]
    return {"type": value["type"], "values": kept} if kept else None


def libdap(source):
    """The file as libdap shows it through DAP2."""
    dataset = expected(source)
    for attributes in (dataset.attributes["/"], *(variable.attributes for variable in dataset.variables.values())):
        shown = {name: libdap_attribute(value) for name, value in attributes.items()}
        attributes.clear()
        attributes.update({name: value for name, value in shown.items() if value is not None})
    return dataset


def pydap(source):
    """The file as pydap shows it through DAP2."""
    dataset = expected(source)
    for dimension in dataset.unlimited:
        dataset.attributes["/"]["Unlimited_Dimension"] = dimension
    return dataset
