"""libdap over DAP4: Debian's `getdap4`, read as the DMR and the values that it prints.

It prints six digits of a float and fifteen of a double, so both sides are compared as such; characters and enumerations as
numbers, of which those below zero show as 64 bits without a sign; opaque elements one after the other.
"""

import re
import xml.etree.ElementTree

import numpy as np

from clients.libdap import DIGITS, Tokens, shortened, text_of
from clients.netcdf_c import run
from clients.pydap_dap2 import typed
from dap4 import SPACE, TYPES, is_variable
from dap4_view import with_attributes
from observed import Dataset, Variable, joined, plain, rendered

# What libdap adds to each variable.
CHECKSUM = "DAP4_Checksum_CRC32"


REAL = re.compile(r"(float32|float64) ([^\s,}\]]+)")


def short(values):
    """Reals with as many digits as libdap prints, those inside other elements, too."""
    if values.dtype != object:
        return shortened(values)
    cut = lambda match: f"{match[1]} {float(match[2]):{DIGITS[match[1]]}}"
    return np.array([REAL.sub(cut, text) for text in values.reshape(-1).tolist()], dtype=object).reshape(values.shape)


class Printed:
    """The DMR that was printed, and the values behind it."""

    def __init__(self, printed):
        dmr, values = printed.split(b"\nThe data:\n", 1)
        self.root = xml.etree.ElementTree.fromstring(dmr)
        self.tokens = Tokens(values.decode())
        self.sizes, self.bases, self.unlimited = {}, {}, set()
        self.describe(self.root, "")

    def describe(self, group, path):
        """Notes dimensions and enumerations by their full names."""
        for element in group:
            kind, name = element.tag.removeprefix(SPACE), f"{path}/{element.get('name')}"
            if kind == "Dimension":
                self.sizes[name] = int(element.get("size"))
            elif kind == "Enumeration":
                self.bases[name] = element.get("basetype")
            elif kind == "Group":
                self.describe(element, name)

    def axes(self, variable):
        """Names and lengths of the axes of a variable."""
        return [(axis.get("name"), int(axis.get("size") or self.sizes[axis.get("name")])) for axis in variable.findall(f"{SPACE}Dim")]

    def skip_declaration(self):
        """Goes behind the declaration that stands before the values of a variable."""
        depth = 0
        while depth or not self.tokens.take("="):
            kind, mark = self.tokens.next()
            # A brace may still close the values before.
            depth = max(0, depth + (mark in "{[") - (mark in "}]")) if kind == "mark" else depth

    def atom(self):
        """The next value; the braces before it only show the shape."""
        while self.tokens.peek()[0] == "mark" and self.tokens.peek()[1] in "{},":
            self.tokens.next()
        kind, text = self.tokens.next()
        return text_of(text) if kind == "text" else text

    def opaque(self, variable):
        """Opaque elements: numbers from 0 to 255, all in one row; those of a scalar begin right behind its name."""
        name, words = variable.get("name"), []
        while not self.tokens.take(";"):
            kind, word = self.tokens.next()
            if kind == "word":
                words.append(word)
        numbers = bytes(int(word) for word in words[words.index("=") + 1 if "=" in words else 0 :] if word.isdigit())
        scalar = [word.removeprefix(name) for word in words if word.startswith(name) and word != name]
        numbers = bytes([int(scalar[0])]) + numbers if scalar else numbers[len(self.axes(variable)) :]
        shape = tuple(length for _, length in self.axes(variable))
        width = len(numbers) // int(np.prod(shape, dtype=np.int64))
        values = [rendered(np.void(numbers[at : at + width])) for at in range(0, len(numbers), width)]
        return np.array(values, dtype=object).reshape(shape)

    def values(self, variable):
        """The values of a variable or a field."""
        kind = variable.tag.removeprefix(SPACE)
        kind = self.bases[variable.get("enum")] if kind == "Enum" else kind
        shape = tuple(length for _, length in self.axes(variable))
        count = int(np.prod(shape, dtype=np.int64))
        if kind == "Sequence":
            made = self.nested(variable, shape)
        elif kind == "Structure":
            made = [self.row(variable) for _ in range(count)]
        else:
            made = [self.number(kind) if kind in TYPES else self.atom() for _ in range(count)]
        values = np.empty(count, object if kind not in TYPES else "u1" if kind == "Char" else TYPES[kind])
        for place, one in enumerate(made):
            values[place] = one
        return values.reshape(shape)

    def number(self, kind):
        """A printed number in its type."""
        dtype = np.dtype("u1" if kind == "Char" else TYPES[kind])
        text = self.atom()
        return float(text) if dtype.kind == "f" else np.uint64(int(text) % 2**64).astype(dtype)

    def row(self, variable):
        """One element of a structure, rendered as `observed.rendered` does."""
        fields = ", ".join(f"{field.get('name')} = {self.field(field)}" for field in variable if is_variable(field))
        return "{" + fields + "}"

    def field(self, field):
        """The value of a field, rendered."""
        values = self.values(field)
        made_up = field.tag.removeprefix(SPACE) in ("Structure", "Sequence")
        return listed(values) if made_up else rendered(values if values.ndim else values[()])

    def rows(self, variable):
        """The rows of a sequence, rendered; one field without a name of its own stands for itself."""
        found = []
        self.open()
        while self.tokens.peek() != ("mark", "}"):
            self.open()
            fields = [field for field in variable if is_variable(field)]
            alone = len(fields) == 1 and fields[0].get("name") == variable.get("name")
            found.append(self.field(fields[0]) if alone else self.row(variable))
            self.close()
        self.close()
        return "[" + ", ".join(found) + "]"

    def nested(self, variable, shape):
        """The sequences of an array, which stand in braces for each axis."""
        if not shape:
            return [self.rows(variable)]
        self.open()
        made = [one for _ in range(shape[0]) for one in self.nested(variable, shape[1:])]
        self.close()
        return made

    def open(self):
        """Goes behind the next opening brace."""
        while not self.tokens.take("{"):
            self.tokens.next()

    def close(self):
        """Goes behind the next closing brace, and the comma behind it."""
        while not self.tokens.take("}"):
            self.tokens.next()
        self.tokens.take(",")


def listed(values):
    """What is rendered already, in brackets for each axis."""
    if not np.ndim(values):
        return values if isinstance(values, str) else values[()]
    return "[" + ", ".join(listed(part) for part in values) + "]"


def attributes_of(element, expected):
    """Attributes of a group or a variable, in the expected type where they have a place in it."""
    found = {}
    for attribute in element.findall(f"{SPACE}Attribute"):
        name, kind = attribute.get("name"), attribute.get("type")
        texts = [value.text or "" for value in attribute.findall(f"{SPACE}Value")]
        if name == CHECKSUM:
            continue
        value = plain(texts) if kind in ("String", "URL", "Char") else plain(np.array([one(text) for text in texts], TYPES[kind]))
        found[name] = typed(expected.get(name), value)
    return found


def one(text):
    """A number as text says it."""
    return float(text) if any(c in text.lower() for c in ".en") else int(text)


def getdap4(address, expected):
    """Everything that `getdap4` prints of an address; it says nothing of unlimited dimensions."""
    printed, found = Printed(run("/usr/bin/getdap4", "-D", "-M", address)), Dataset({}, {}, expected.unlimited)
    walked(printed, printed.root, "", expected, found)
    for variable in expected.variables.values():
        variable.values = short(variable.values)
    # It leaves out what has no value.
    with_attributes(expected, lambda _, value: None if value == {"type": "int32", "values": []} else value)
    return found


def walked(printed, group, path, expected, found):
    """Notes what a group holds, and the groups in it."""
    found.attributes[path or "/"] = attributes_of(group, expected.attributes.get(path or "/", {}))
    for element in group:
        full = f"{path}/{element.get('name')}"
        if is_variable(element):
            found.variables[full] = variable_seen(printed, element, expected.variables.get(full))
        elif element.tag == f"{SPACE}Group":
            walked(printed, element, full, expected, found)


def variable_seen(printed, element, expected):
    """One variable; characters become text."""
    names, along = [name for name, _ in printed.axes(element)], None
    if element.tag == f"{SPACE}Opaque":
        values = printed.opaque(element)
    else:
        printed.skip_declaration()
        values = short(printed.values(element))
    if element.tag == f"{SPACE}Char":
        values = joined((values if values.ndim else values.reshape(1)).view("S1"))
        along = (names.pop(), printed.axes(element)[-1][1]) if names else None
    return Variable(tuple(names), values, attributes_of(element, expected.attributes if expected else {}), along)
