"""Tests of the checks: a right body passes, every kind of wrong body is caught. Run: python3 bench/test_answers.py"""

from __future__ import annotations

import random
import tempfile
import unittest
from pathlib import Path

import packages

packages.enter()

import numpy as np  # noqa: E402  (the packages exist only from here on)
from answers import Declared, DodsCheck, FileValues, WrongAnswer, parse_dds  # noqa: E402
from dataset import Sizes, prepare, values  # noqa: E402

SIZES = Sizes(shape=(40, 8, 8), chunk=(4, 4, 8), large_steps=20)
RANGES = ((3, 38), (1, 6), (2, 2))
TEXT = "Dataset {\n    Float32 tas[time = 36][lat = 6][lon = 1];\n} a%2Enc;\n"
GRID = """Dataset {
    Grid {
      Array:
        Float32 tas[time = 36][lat = 6][lon = 1];
      Maps:
        Float64 time[time = 36];
        Float64 lat[lat = 6];
        Float64 lon[lon = 1];
    } tas;
} a.nc;
"""


def xdr(array: np.ndarray, form: str) -> bytes:
    return array.size.to_bytes(4, "big") * 2 + array.astype(form).tobytes()


class ParseDds(unittest.TestCase):
    def check(self, text: str, expected: list[Declared] | type[WrongAnswer]) -> None:
        if isinstance(expected, list):
            self.assertEqual(parse_dds(text), expected)
        else:
            self.assertRaises(expected, parse_dds, text)

    def test_forms(self) -> None:
        tas = Declared("tas", "Float32", ("time", "lat", "lon"), (36, 6, 1))
        maps = [Declared(name, "Float64", (name,), (length,)) for name, length in (("time", 36), ("lat", 6), ("lon", 1))]
        self.check(TEXT, [tas])
        self.check(GRID, [tas, *maps])
        self.check("Dataset { Structure { Float32 tas[2][3]; } tas; } x;", [Declared("tas", "Float32", ("", ""), (2, 3))])
        self.check("Dataset { } empty;", [])
        self.check("Error { code = 404; };", WrongAnswer)
        self.check("Dataset { Float32 tas[time = x]; } a;", WrongAnswer)
        self.check("Dataset { Float32 tas[time = 3]; }", WrongAnswer)


class CheckDods(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        cls.file = FileValues(prepare(Path(directory.name, "data"), SIZES, with_netcdf3=False))
        cls.addClassCleanup(cls.file.close)
        # made from the formula, not from the file: the file reader is checked along with the rest
        whole = values(SIZES, 0, SIZES.shape[0])
        array = xdr(whole[3:39, 1:7, 2:3], ">f4")
        maps = b"".join(xdr(np.arange(first, last + 1) * 0.25 + 0.125, ">f8") for first, last in RANGES)
        cls.plain = TEXT.encode() + b"Data:\n" + array
        cls.grid = GRID.encode() + b"\nData:\r\n" + array + maps

    def feed(self, body: bytes) -> None:
        """Hands the body over in pieces of random length, as a socket does."""
        check, choose, at = DodsCheck(self.file, RANGES), random.Random(len(body)), 0
        while at < len(body):
            count = choose.randint(1, 300)
            check(memoryview(body)[at : at + count])
            at += count
        check.finish()

    def refuse(self, body: bytes) -> None:
        self.assertRaises(WrongAnswer, self.feed, body)

    def test_right_bodies(self) -> None:
        self.feed(self.plain)
        self.feed(self.grid)

    def test_one_wrong_bit_anywhere_in_the_data(self) -> None:
        for body in (self.plain, self.grid):
            start = body.index(b"Data:") + 8
            for at in random.Random(1).sample(range(start, len(body)), 60):
                wrong = bytearray(body)
                wrong[at] ^= 1
                self.refuse(bytes(wrong))

    def test_wrong_lengths(self) -> None:
        for body in (self.plain, self.grid):
            for cut in (1, 4, 500):
                self.refuse(body[:-cut])
            self.refuse(body + b"\0")
        self.refuse(b"")
        self.refuse(TEXT.encode())

    def test_wrong_declarations(self) -> None:
        self.refuse(self.plain.replace(b"Float32", b"Float64"))
        self.refuse(self.plain.replace(b"time = 36", b"time = 35"))
        self.refuse(self.plain.replace(b" tas[", b" pr[", 1))

    def test_values_of_a_neighbouring_position(self) -> None:
        whole = values(SIZES, 0, SIZES.shape[0])
        self.refuse(TEXT.encode() + b"Data:\n" + xdr(whole[2:38, 1:7, 2:3], ">f4"))
        self.refuse(TEXT.encode() + b"Data:\n" + xdr(whole[3:39, 1:7, 3:4], ">f4"))


if __name__ == "__main__":
    unittest.main()
