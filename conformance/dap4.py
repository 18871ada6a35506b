"""Reads a DAP4 data response: chunks, the DMR, then values. An implementation that shares nothing with a client or the server."""

import struct
import xml.etree.ElementTree
import zlib

import numpy as np

SPACE = "{http://xml.opendap.org/ns/DAP/4.0#}"
TYPES = {
    "Byte": "u1", "UInt8": "u1", "Int8": "i1", "Char": "S1", "Int16": "i2", "UInt16": "u2", "Int32": "i4", "UInt32": "u4", "Int64": "i8",
    "UInt64": "u8", "Float32": "f4", "Float64": "f8",
}
LAST, ERROR, LITTLE_ENDIAN, NO_CHECKSUM = 1, 2, 4, 8


def chunks(response):
    """Flags and content of every chunk; the last one, and nothing behind it, says so."""
    at, flags = 0, 0
    while not flags & LAST:
        (word,) = struct.unpack_from(">I", response, at)
        flags, length = word >> 24, word & 0xFFFFFF
        if at + 4 + length > len(response):
            raise ValueError(f"a chunk of {length} bytes at {at} runs over the end")
        yield flags, response[at + 4 : at + 4 + length]
        if flags & ERROR:
            raise ValueError(f"error chunk: {response[at + 4 : at + 4 + length]!r}")
        at += 4 + length
    if at != len(response):
        raise ValueError(f"{len(response) - at} bytes stand behind the last chunk")


class Reader:
    """The values of a response, one after the other."""

    def __init__(self, dmr, data, order):
        self.data, self.order, self.at = data, order, 0
        self.sizes, self.enumerations = {}, {}
        self.describe(dmr, "")

    def describe(self, group, path):
        """Notes dimensions and enumerations by their full names."""
        for element in group:
            kind, name = element.tag.removeprefix(SPACE), f"{path}/{element.get('name')}"
            if kind == "Dimension":
                self.sizes[name] = int(element.get("size"))
            elif kind == "Enumeration":
                self.enumerations[name] = element.get("basetype")
            elif kind == "Group":
                self.describe(element, name)

    def shape(self, variable):
        """Lengths of the axes of a variable."""
        axes = variable.findall(f"{SPACE}Dim")
        return tuple(int(axis.get("size")) if axis.get("size") else self.sizes[axis.get("name")] for axis in axes)

    def take(self, size):
        """The next bytes."""
        if self.at + size > len(self.data):
            raise ValueError(f"{size} bytes are wanted at {self.at} of {len(self.data)}")
        self.at += size
        return self.data[self.at - size : self.at]

    def count(self):
        """A count of 64 bits."""
        return struct.unpack(f"{self.order}Q", self.take(8))[0]

    def read(self, variable):
        """The values of a variable or a field."""
        kind, shape = variable.tag.removeprefix(SPACE), self.shape(variable)
        elements = int(np.prod(shape, dtype=np.int64))
        kind = self.enumerations[variable.get("enum")] if kind == "Enum" else kind
        if kind in TYPES:
            dtype = np.dtype(TYPES[kind]).newbyteorder(self.order)
            values = np.frombuffer(self.take(elements * dtype.itemsize), dtype)
            return values.astype(dtype.newbyteorder("=")).reshape(shape)
        values = np.empty(elements, dtype=object)
        for place in range(elements):
            values[place] = self.element(kind, variable)
        return values.reshape(shape)

    def element(self, kind, variable):
        """One element of a type that has no fixed size, or is made of others."""
        if kind in ("String", "URL"):
            return self.take(self.count()).decode()
        if kind == "Opaque":
            return self.take(self.count())
        if kind == "Sequence":
            return [self.row(variable) for _ in range(self.count())]
        if kind == "Structure":
            return self.row(variable)
        raise ValueError(f"no type {kind!r} is known")

    def row(self, variable):
        """The fields of one element of a structure or one row of a sequence."""
        return {field.get("name"): self.read(field) for field in variable if is_variable(field)}

    def variables(self, group, path=""):
        """Every variable by its full name: those of a group, then those of the groups in it."""
        found = {}
        for element in group:
            if is_variable(element):
                found[f"{path}/{element.get('name')}"] = self.checked(element)
        for inner in group.findall(f"{SPACE}Group"):
            found |= self.variables(inner, f"{path}/{inner.get('name')}")
        return found

    def checked(self, element):
        """A variable, and whether its checksum is that of its bytes."""
        first = self.at
        values = self.read(element)
        if self.checksums:
            summed = zlib.crc32(self.data[first : self.at])
            (stated,) = struct.unpack(f"{self.order}I", self.take(4))
            if stated != summed:
                raise ValueError(f"{element.get('name')}: the checksum is {stated:08x}, that of the bytes {summed:08x}")
        return values


def is_variable(element):
    """Whether an element of the DMR declares a variable."""
    return element.tag.removeprefix(SPACE) in {*TYPES, "String", "URL", "Opaque", "Enum", "Structure", "Sequence"}


def read(response):
    """Variables of a `.dap` response by full name; nothing may stand behind the last."""
    (flags, head), *rest = chunks(response)
    if not head.endswith(b"\r\n"):
        raise ValueError(f"the DMR ends in {head[-2:]!r}")
    dmr = xml.etree.ElementTree.fromstring(head)
    reader = Reader(dmr, b"".join(content for _, content in rest), "<" if flags & LITTLE_ENDIAN else ">")
    reader.checksums = not flags & NO_CHECKSUM
    variables = reader.variables(dmr)
    if reader.at != len(reader.data):
        raise ValueError(f"{len(reader.data) - reader.at} bytes stand behind the last variable")
    return variables
