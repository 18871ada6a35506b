"""Checks a server's answers against the file, before anything is timed.

A data response is compared as it streams, byte for byte, with what DAP2 says the file's values look like on the wire, so the same check
serves 1 MiB and 1 GiB. A declared variable may stand alone or inside a Grid or Structure: servers differ there and both are DAP2.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import h5py
import numpy as np
from client import Client, Response
from dataset import VARIABLE, Dataset

DIMENSIONS = ("time", "lat", "lon")
UNITS = {VARIABLE: "K", "lat": "degrees_north", "lon": "degrees_east"}
# The DAP2 types that the file's variables must be declared as, with their XDR form.
DECLARED_TYPE = {VARIABLE: "Float32", "time": "Float64", "lat": "Float64", "lon": "Float64"}
XDR = {"Float32": ">f4", "Float64": ">f8"}
HEADER_LIMIT = 64 * 1024
PIECE_STEPS = 16

# First and last index (both included) along each dimension.
Ranges = tuple[tuple[int, int], ...]


class WrongAnswer(Exception):
    """The server's bytes are not what the file and the protocol say."""


@dataclass(frozen=True)
class Declared:
    """One array of a DDS: its own name (without Grid or Structure), DAP2 type, dimension names, shape."""

    name: str
    type: str
    dimensions: tuple[str, ...]
    shape: tuple[int, ...]


def constraint(ranges: Ranges) -> str:
    """`tas[a:b][c:d][e:f]`, brackets escaped as real clients escape them."""
    return VARIABLE + "".join(f"%5B{first}:{last}%5D" for first, last in ranges)


def parse_dds(text: str) -> list[Declared]:
    """The arrays of a DDS in declaration order, which is their order on the wire."""
    body = re.fullmatch(r"\s*Dataset\s*\{(.*)\}\s*[^\s{};]+;\s*", text, re.DOTALL)
    if body is None:
        raise WrongAnswer(f"not a DDS: {text[:200]!r}")
    # Grid and Structure only group: with their frames taken away the declarations are left in order.
    flat = re.sub(r"\b(Grid|Structure)\s*\{|\b(Array|Maps):|\}\s*[^\s{};]+;", " ", body[1])
    return [parse_declaration(line.strip()) for line in flat.split(";") if line.strip()]


def parse_declaration(text: str) -> Declared:
    """One `Float32 tas[time = 16][lat = 128]`, without its semicolon."""
    found = re.fullmatch(r"(\w+)\s+([^\s\[\]]+)\s*((?:\[[^\[\]]*\]\s*)*)", text)
    if found is None:
        raise WrongAnswer(f"not a declaration: {text!r}")
    axes = re.findall(r"\[\s*(?:([^\s=\]]+)\s*=\s*)?(\d+)\s*\]", found[3])
    if len(axes) != found[3].count("["):
        raise WrongAnswer(f"not a declaration: {text!r}")
    return Declared(found[2], found[1], tuple(name for name, _ in axes), tuple(int(length) for _, length in axes))


class FileValues:
    """Reads the expected values from the netCDF-4 file, with a reader that no server here uses."""

    def __init__(self, data: Dataset) -> None:
        self.data = data
        self.file = h5py.File(data.netcdf4, "r")

    def close(self) -> None:
        self.file.close()

    def xdr(self, declared: Declared, ranges: Ranges) -> Iterator[bytes]:
        """The wire bytes of one array, lengths first, in pieces of a few time steps. Raises WrongAnswer if it is declared wrongly."""
        axes = [DIMENSIONS.index(declared.name)] if declared.name in DIMENSIONS else range(3)
        wanted = [ranges[axis] for axis in axes]
        shape = tuple(last - first + 1 for first, last in wanted)
        if declared.name not in DECLARED_TYPE or (declared.type, declared.shape) != (DECLARED_TYPE[declared.name], shape):
            raise WrongAnswer(f"declared {declared}, the file says {DECLARED_TYPE.get(declared.name)} {shape}")
        count = int(np.prod(shape)).to_bytes(4, "big")
        yield count + count
        variable, (first, last) = self.file[declared.name], wanted[0]
        others = tuple(slice(a, b + 1) for a, b in wanted[1:])
        for start in range(first, last + 1, PIECE_STEPS):
            piece = variable[(slice(start, min(start + PIECE_STEPS, last + 1)), *others)]
            yield piece.astype(XDR[declared.type]).tobytes()


class DodsCheck:
    """A sink that compares a `.dods` body with the file while it arrives."""

    def __init__(self, values: FileValues, ranges: Ranges) -> None:
        self.values = values
        self.ranges = ranges
        self.header = bytearray()
        self.pieces: Iterator[bytes] | None = None
        self.expected = memoryview(b"")
        self.compared = 0

    def __call__(self, piece: memoryview) -> None:
        if self.pieces is None:
            self.header += piece
            # pydap and weir end the DDS with "Data:\n", opendap-protocol with "\nData:\r\n"
            mark = re.search(rb"\nData:\r?\n", self.header)
            if mark is None:
                if len(self.header) > HEADER_LIMIT:
                    raise WrongAnswer(f"no Data: mark in the first {HEADER_LIMIT} bytes: {bytes(self.header[:200])!r}")
                return
            self.pieces = self.expect(parse_dds(self.header[: mark.start() + 1].decode("ascii")))
            piece = memoryview(bytes(self.header[mark.end() :]))
        self.compare(piece)

    def expect(self, declared: list[Declared]) -> Iterator[bytes]:
        """Every byte that must follow the DDS."""
        if [d.name for d in declared].count(VARIABLE) != 1:
            raise WrongAnswer(f"response declares {[d.name for d in declared]}, not one {VARIABLE}")
        for one in declared:
            yield from self.values.xdr(one, self.ranges)

    def compare(self, piece: memoryview) -> None:
        while len(piece) > 0:
            if len(self.expected) == 0:
                self.expected = memoryview(next(self.pieces, b""))
                if len(self.expected) == 0:
                    raise WrongAnswer(f"{len(piece)} or more bytes after the last value")
            count = min(len(piece), len(self.expected))
            if piece[:count] != self.expected[:count]:
                raise WrongAnswer(f"values differ within {count} bytes after byte {self.compared} of the data")
            piece, self.expected = piece[count:], self.expected[count:]
            self.compared += count

    def finish(self) -> None:
        """Raises WrongAnswer when the body was too short."""
        if self.pieces is None:
            raise WrongAnswer(f"no Data: mark: {bytes(self.header[:200])!r}")
        if len(self.expected) > 0 or next(self.pieces, b""):
            raise WrongAnswer(f"data ends after {self.compared} bytes, before the last value")


def succeeded(response: Response, path: str) -> None:
    """Raises WrongAnswer for any status but 200."""
    if response.status != 200:
        raise WrongAnswer(f"status {response.status} for {path}")


def check_dods(client: Client, path: str, values: FileValues, ranges: Ranges) -> int:
    """Checks one data response whole; returns the body's length in bytes."""
    check = DodsCheck(values, ranges)
    response = client.read(path, check)
    succeeded(response, path)
    check.finish()
    return response.body_bytes


def check_dds(client: Client, path: str, data: Dataset) -> int:
    """Checks that the DDS declares every variable of the file with its type, dimensions and shape; returns the body's length."""
    response, body = client.fetch(path)
    succeeded(response, path)
    lengths = dict(zip(DIMENSIONS, data.sizes.shape))
    wanted = {Declared(name, "Float64", (name,), (lengths[name],)) for name in DIMENSIONS}
    wanted.add(Declared(VARIABLE, "Float32", DIMENSIONS, data.sizes.shape))
    if set(parse_dds(body.decode("ascii"))) != wanted:
        raise WrongAnswer(f"DDS declares {body.decode('ascii')!r}")
    return response.body_bytes


def check_das(client: Client, path: str) -> int:
    """Checks that the DAS gives the units of each variable in that variable's container; returns the body's length."""
    response, body = client.fetch(path)
    succeeded(response, path)
    text = body.decode("ascii")
    for name, units in UNITS.items():
        if re.search(rf'\b{name}\s*\{{[^{{}}]*\bString\s+units\s+"{units}"\s*;[^{{}}]*\}}', text) is None:
            raise WrongAnswer(f"DAS lacks units {units!r} of {name}: {text[:400]!r}")
    return response.body_bytes


def check_processed(client: Client, path: str, values: FileValues, data: Dataset, index: tuple[int, ...]) -> None:
    """Checks that a body is the chunk of the file's numbers, little-endian, behind Blosc."""
    from numcodecs import blosc

    response, body = client.fetch(path)
    succeeded(response, path)
    try:
        decoded = bytes(blosc.decompress(body))
    except (RuntimeError, ValueError) as fault:
        raise WrongAnswer(f"{path}: no Blosc: {fault}") from fault
    part = tuple(slice(i * c, (i + 1) * c) for i, c in zip(index, data.sizes.chunk))
    if decoded != values.file[VARIABLE][part].astype("<f4").tobytes():
        raise WrongAnswer(f"{path}: its numbers are not the file's")


def check_bytes(client: Client, path: str, expected: bytes) -> int:
    """Checks that the body is exactly `expected`; returns its length."""
    response, body = client.fetch(path)
    succeeded(response, path)
    if body != expected:
        raise WrongAnswer(f"{path}: {len(body)} bytes differ from the {len(expected)} stored")
    return response.body_bytes
