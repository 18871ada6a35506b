"""libdap: Debian's `getdap`, read as the text that it prints.

It prints six digits of a float and fifteen of a double, so both sides are compared as such. Braces around the values only show
the shape, which the declaration tells, too.
"""

import re
import urllib.parse

import numpy as np

from clients.netcdf_c import run
from clients.pydap_dap2 import typed, unescaped
from observed import Dataset, Variable, plain

TYPES = {
    "Byte": "u1", "Int16": "i2", "UInt16": "u2", "Int32": "i4", "UInt32": "u4", "Float32": "f4", "Float64": "f8", "String": object, "Url": object,
    "Int8": "i1", "UInt8": "u1", "Char": "u1", "Int64": "i8", "UInt64": "u8",
}
TOKEN = re.compile(r'"((?:[^"\\]|\\.)*)"|([^\s{};,\[\]=]+)|([{};,\[\]=])', re.DOTALL)
DIGITS = {"float32": ".6g", "float64": ".15g"}


class Tokens:
    """The tokens of a text: `(kind, text)`, of which the kind is text, word or mark."""

    def __init__(self, text):
        self.all = [("text", m[1]) if m[1] is not None else ("word", m[2]) if m[2] else ("mark", m[3]) for m in TOKEN.finditer(text)]
        self.at = 0

    def next(self):
        """The next token."""
        self.at += 1
        return self.all[self.at - 1]

    def peek(self):
        """The next token, which stays."""
        return self.all[self.at] if self.at < len(self.all) else ("end", "")

    def take(self, mark):
        """The next token where it is `mark`."""
        found = self.peek()[1] == mark and self.peek()[0] != "text"
        self.at += found
        return found


def declaration(tokens):
    """One declaration: `(type, members, name, axes)`; an axis is `(name, length)`."""
    kind, members = tokens.next()[1], []
    if tokens.take("{"):
        while not tokens.take("}"):
            members.append(declaration(tokens))
            tokens.take(";")
    name, axes = tokens.next()[1], []
    while tokens.take("["):
        words = []
        while not tokens.take("]"):
            words.append(tokens.next()[1])
        axes.append((words[0] if len(words) == 3 else None, int(words[-1])))
    return kind, members, name, axes


def value(tokens):
    """The next value, whatever braces and commas stand before it."""
    while tokens.peek()[0] == "mark" and tokens.peek()[1] in "{},=":
        tokens.next()
    kind, text = tokens.next()
    return text_of(text) if kind == "text" else text


def text_of(printed):
    """A printed string without its escapes, which stand for bytes."""
    return unescaped(printed).encode("latin-1", errors="surrogateescape").decode() if printed.isascii() else unescaped(printed)


def leaves(declared, outer=(), axes_before=()):
    """Every leaf of a declaration: `(path, type, axes)`."""
    kind, members, name, axes = declared
    path, axes = (*outer, name), (*axes_before, *axes)
    if not members:
        yield path, kind, axes
    for member in members:
        yield from leaves(member, path, axes)


def collect_rows(members, tokens, path, into):
    """The rows of a Sequence, each with its number before it; how many there are."""
    rows = 0
    while not tokens.take("{"):
        tokens.next()
    while tokens.peek() != ("mark", "}"):
        if tokens.peek() == ("word", f"{rows}:"):
            tokens.next()
            for member in members:
                collect(member, tokens, path, into)
            tokens.take("}")
            rows += 1
        tokens.take(",")
    return rows


def collect(declared, tokens, outer, into):
    """Sorts printed values under the leaves that they belong to."""
    kind, members, name, axes = declared
    path = (*outer, name)
    for _ in range(int(np.prod([length for _, length in axes], dtype=np.int64))):
        if not members:
            into[path].append(value(tokens))
        for member in members:
            collect(member, tokens, path, into)


def variables_of(printed):
    """Every variable of what `getdap -D` printed: `{name: (axes, values)}`; a member is `outer.member`."""
    tokens, found = Tokens(printed), {}
    while tokens.peek()[0] == "word":
        declared = declaration(tokens)
        into = {path: [] for path, _, _ in leaves(declared)}
        if tokens.take("=") and declared[0] == "Sequence":
            rows = collect_rows(declared[1], tokens, (declared[2],), into)
            declared = (*declared[:3], [(declared[2], rows)])
        else:
            collect(declared, tokens, (), into)
        while not tokens.take(";"):
            tokens.next()
        for path, kind, axes in leaves(declared):
            values = np.array(into[path], object if TYPES[kind] is object else "f8" if "Float" in kind else "O")
            values = values if TYPES[kind] is object else np.array([number(text, TYPES[kind]) for text in into[path]], TYPES[kind])
            found[".".join(path)] = axes, values.reshape([length for _, length in axes])
    return found


def number(text, kind):
    """A printed number."""
    return float(text) if np.dtype(kind).kind == "f" else int(text)


def container(tokens):
    """What stands between the braces of a DAS: attributes as they are, containers as mappings."""
    found = {}
    while not tokens.take("}"):
        kind, name = tokens.next()[1], tokens.peek()[1]
        if name == "{":
            tokens.next()
            found[kind] = container(tokens)
            continue
        tokens.next()
        parts = []
        while not tokens.take(";"):
            if not tokens.take(","):
                parts.append(tokens.next()[1])
        found[name] = attribute(kind, parts)
    return found


def attribute(kind, parts):
    """One attribute."""
    if TYPES[kind] is object:
        return plain([text_of(part) for part in parts])
    return plain(np.array([number(part, TYPES[kind]) for part in parts], TYPES[kind]))


def attributes_of(printed):
    """What `getdap -a` printed, as nested mappings."""
    tokens = Tokens(printed)
    while not tokens.take("{"):
        tokens.next()
    return container(tokens)


def flat(attributes, prefix=""):
    """Nested containers as `container.name`; an attribute's own mapping stays whole."""
    found = {}
    for name, one in attributes.items():
        nested = isinstance(one, dict) and set(one) != {"type", "values"}
        found |= flat(one, f"{prefix}{name}.") if nested else {prefix + name: one}
    return found


def shortened(values):
    """Reals with as many digits as libdap prints."""
    digits = DIGITS.get(values.dtype.name)
    if not digits:
        return values
    return np.array([float(format(one, digits)) for one in values.reshape(-1).tolist()], values.dtype).reshape(values.shape)


def known(name):
    """A name without escapes: libdap undoes some of them."""
    return urllib.parse.unquote(name)


def taken(described, name):
    """Takes the attributes of a variable out of a DAS; those of a member lie in the container of its Structure."""
    if name in described:
        return flat(described.pop(name))
    outer, _, inner = name.partition(".")
    return taken(described[outer], inner) if inner and isinstance(described.get(outer), dict) else {}


def attributes_seen(expected, seen):
    """Attributes with integers in the expected type where they have a place in it, and without what libdap sets aside as errors."""
    return {name: typed(expected.get(name), value) for name, value in seen.items() if "_dods_errors." not in name}


def getdap(address, expected):
    """Everything that `getdap` prints of an address."""
    printed = run("/usr/bin/getdap", "-D", "-M", "-s", address).decode()
    described = {known(name): one for name, one in attributes_of(run("/usr/bin/getdap", "-a", address).decode()).items()}
    variables, of_structures = {}, {}
    for name, (axes, values) in variables_of(printed.split("The data:\n", 1)[1]).items():
        # An axis without a name gets the one that netCDF-C makes up.
        dimensions = tuple(known(dimension) if dimension else f"{known(name)}_{axis}" for axis, (dimension, _) in enumerate(axes))
        variables[known(name)] = Variable(dimensions, values, taken(described, known(name)))
    for name in [name for name in described if any(path.startswith(f"{name}.") for path in variables)]:
        of_structures |= flat(described.pop(name), f"{name}.")
    globals_seen = flat(described.pop("NC_GLOBAL", {})) | of_structures
    unlimited = described.pop("DODS_EXTRA", {}).get("Unlimited_Dimension")
    if described:
        raise ValueError(f"attributes of what is no variable: {described}")
    expected.variables = {known(name): variable for name, variable in expected.variables.items()}
    for name, variable in expected.variables.items():
        if name not in variables:
            continue
        variable.text_dimension, variable.values = None, shortened(variable.values)
        variable.dimensions = tuple(known(name) for name in variable.dimensions)
        variables[name].attributes = attributes_seen(expected.variables[name].attributes, variables[name].attributes)
    globals_seen = attributes_seen(expected.attributes["/"], globals_seen)
    return Dataset(variables, {"/": globals_seen}, {unlimited} if unlimited else set())
