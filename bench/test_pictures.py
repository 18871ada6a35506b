"""Tests of the check of pictures: a right one passes, every kind of wrong one is caught. Run: python3 bench/test_pictures.py"""

from __future__ import annotations

import io
import tempfile
import unittest
from pathlib import Path

import packages

packages.enter("pictures")

import matplotlib  # noqa: E402  (the packages exist only from here on)
import netCDF4  # noqa: E402
import numpy as np  # noqa: E402
import pictures  # noqa: E402
from dataset import values  # noqa: E402
from PIL import Image  # noqa: E402

WANTED = pictures.Wanted.steep(0)


class Pictures(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.directory = tempfile.TemporaryDirectory(prefix="weir-bench-")
        cls.path = Path(cls.directory.name) / "field.nc"
        stored = values(pictures.SIZES, 0, 1)
        with netCDF4.Dataset(cls.path, "w") as file:
            for name, length in zip(("time", "lat", "lon"), stored.shape):
                file.createDimension(name, length)
            file.createVariable(pictures.VARIABLE, "f4", ("time", "lat", "lon"))[:] = stored
        part = (stored[0].astype(np.float64) - WANTED.least) / (WANTED.most - WANTED.least)
        cls.right = matplotlib.colormaps[pictures.MAP](part, bytes=True)
        cls.part = part

    @classmethod
    def tearDownClass(cls) -> None:
        cls.directory.cleanup()

    def check(self, pixels: np.ndarray, form: str = "png") -> None:
        body = io.BytesIO()
        Image.fromarray(pixels).save(body, form)
        pictures.check("some", body.getvalue(), WANTED, self.path)

    def test_right(self) -> None:
        self.check(self.right)
        self.check(self.right[..., :3])

    def test_another_map(self) -> None:
        with self.assertRaises(pictures.WrongPicture):
            self.check(matplotlib.colormaps["magma"](self.part, bytes=True))

    def test_upside_down(self) -> None:
        with self.assertRaises(pictures.WrongPicture):
            self.check(self.right[::-1])

    def test_moved(self) -> None:
        with self.assertRaises(pictures.WrongPicture):
            self.check(np.roll(self.right, 1, axis=1))

    def test_other_ends(self) -> None:
        with self.assertRaises(pictures.WrongPicture):
            self.check(matplotlib.colormaps[pictures.MAP](self.part + 0.02, bytes=True))

    def test_one_pixel_is_missing(self) -> None:
        pixels = self.right.copy()
        pixels[700, 900] = 0
        with self.assertRaises(pictures.WrongPicture):
            self.check(pixels)

    def test_size_and_form(self) -> None:
        with self.assertRaises(pictures.WrongPicture):
            self.check(self.right[:, :-1])
        with self.assertRaises(pictures.WrongPicture):
            self.check(self.right[..., :3], "bmp")


if __name__ == "__main__":
    unittest.main()
