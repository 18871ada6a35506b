"""Reads a DAP2 data response: the DDS, then XDR. An implementation that shares nothing with a client or the server."""

import re
import struct

import numpy as np

TYPES = {
    "Byte": ">u1", "Int16": ">i4", "UInt16": ">u4", "Int32": ">i4", "UInt32": ">u4", "Float32": ">f4", "Float64": ">f8",
}
NARROW = {"Int16": "i2", "UInt16": "u2"}
DECLARATION = re.compile(r"\s*(\w+) ([^\[;]+)((?:\[[^\]]*\])*);")


def declared(dds):
    """`(type, name, shape)` of every variable of a DDS without constructors."""
    body = dds[dds.index("{") + 1 : dds.rindex("}")]
    for kind, name, axes in DECLARATION.findall(body):
        yield kind, name, tuple(int(n) for n in re.findall(r"(\d+)\]", axes))


def padded(length):
    """Length with the padding to four bytes."""
    return (length + 3) // 4 * 4


def read_numbers(kind, shape, data, at):
    """One numeric variable at an offset, and the offset behind it."""
    count = int(np.prod(shape, dtype=np.int64))
    if shape:
        counts = struct.unpack_from(">II", data, at)
        if counts != (count, count):
            raise ValueError(f"counts {counts} stand before {count} values")
        at += 8
    elif kind == "Byte":
        return np.array(data[at + 3], "u1"), at + 4
    values = np.frombuffer(data, TYPES[kind], count, at)
    narrow = values.astype(NARROW.get(kind, values.dtype.newbyteorder("=")))
    if not np.array_equal(narrow, values, equal_nan=values.dtype.kind == "f"):
        raise ValueError(f"{kind} out of its range")
    return narrow.reshape(shape), at + padded(values.nbytes)


def read_texts(shape, data, at):
    """One string variable at an offset, and the offset behind it."""
    count = int(np.prod(shape, dtype=np.int64))
    if shape:
        (stated,) = struct.unpack_from(">I", data, at)
        if stated != count:
            raise ValueError(f"count {stated} stands before {count} strings")
        at += 4
    texts = []
    for _ in range(count):
        (length,) = struct.unpack_from(">I", data, at)
        texts.append(data[at + 4 : at + 4 + length].decode())
        at += 4 + padded(length)
    return np.array(texts, dtype=object).reshape(shape), at


def read(response):
    """Variables of a `.dods` response by name; nothing may stand behind the last."""
    head, data = response.split(b"\nData:\n", 1)
    variables, at = {}, 0
    for kind, name, shape in declared(head.decode()):
        reader = read_texts(shape, data, at) if kind in ("String", "Url") else read_numbers(kind, shape, data, at)
        variables[name], at = reader
    if at != len(data):
        raise ValueError(f"{len(data) - at} bytes stand behind the last variable")
    return variables
