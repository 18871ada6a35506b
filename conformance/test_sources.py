"""Tests of how fixtures are compared: what is different must be seen, whatever the format."""

import unittest

import numpy as np

import run
import source_worker
from local_file import Source, SourceVariable
from observed import Dataset, Variable
from sources import grib, zarr_stores
from sources.clients import Refused


class Comparison(unittest.TestCase):
    """Every variable of a source is a case."""

    CLIENT = {"expects": "zarr_view:expected", "path": "zarr", "complete": True}

    def check(self, kind, values, seen, message):
        source = Source({"/g/v": SourceVariable(kind, ("/g/x",), values, {})}, {"/": {}}, [])
        seen = Dataset({"/g/v": seen} if seen else {}, {"/": {}})
        found = source_worker.results(self.CLIENT, {}, source, seen)
        self.assertEqual(found.keys(), {":/g/v", ""})
        self.assertEqual(bool(found[":/g/v"]), bool(message), found)
        self.assertIn(message, "".join(found[":/g/v"]))

    def test_cases(self):
        row = np.array([1, 2], "i2")
        self.check("number", row, Variable(("x",), row, {}), "")
        self.check("number", row, Variable(("x",), row + 1, {}), "2 of 2 values differ")
        self.check("number", row, Variable(("y",), row, {}), "dimensions are")
        self.check("number", row, Variable(("x",), row, {"units": "m"}), "not expected")
        self.check("number", row, None, "is missing")
        self.check("number", row, Refused(("x",), {}, ValueError("501")), "cannot be read")
        self.check("compound", row, None, "compound is missing")
        self.check("number", ValueError("no such codec"), Variable(("x",), row, {}), "the library cannot read what is served")

    def test_axes_without_names(self):
        source = Source({"/g/v": SourceVariable("number", (None, "/x"), np.ones((2, 3)), {})}, {"/": {}}, [("/g/v", 0)])
        served = Dataset({"/g/v": Variable(("dim_2", "x"), np.ones((2, 3)), {})}, {})
        source_worker.named(source, served)
        self.assertEqual((source.variables["/g/v"].dimensions, source.unlimited), (("/g/dim_2", "/x"), ["/g/dim_2"]))


class Gaps(unittest.TestCase):
    """Known gaps."""

    def check(self, failures, known, expected):
        results = [{"case": case, "differences": ["x"] * fails, "seconds": 0.0} for case, fails in failures.items()]
        judged = run.judged(results, {pattern: "reason" for pattern in known}, True)
        self.assertEqual([result["verdict"] for result in judged], expected)

    def test_patterns(self):
        self.check({"a/b:c": 1, "a/b:d": 0}, ["a/b:c"], ["gap", "passed"])
        self.check({"a/b:c": 1, "a/b:d": 0}, ["a/*"], ["gap", "failed"])
        self.check({"a/b:c": 1}, [], ["failed"])
        self.check({"a/b:c": 1}, ["a/*", "z/*"], ["gap", "failed"])

    def test_limits(self):
        results = [{"case": f"{case}/b:c", "differences": differences} for case, differences in (
            ("js", ["it cannot: no such type"]), ("js", ["it cannot: no such type", "x differs"]), ("js", []), ("py", ["no such type"]),
        )]
        limits = {("j*", "no such type"): "reason", ("*", "never said"): "reason"}
        verdicts = [result["verdict"] for result in run.judged(results, {}, True, limits)]
        self.assertEqual(verdicts, ["gap", "failed", "passed", "failed", "failed"])


class Zarr(unittest.TestCase):
    """What Zarr makes of JSON."""

    def test_values(self):
        for json_value, expected in ((1, 1), ("a", "a"), (["a", "b"], ["a", "b"]), ([1, "a"], '[1,"a"]'), ({"a": None}, '{"a":null}')):
            self.assertEqual(zarr_stores.netcdf_value(json_value), expected)
        self.assertTrue(np.isnan(zarr_stores.typed("AAAAAAAA+H8=", np.dtype("f4"))))
        self.assertEqual(zarr_stores.typed("1 to 2", np.dtype("f4")), "1 to 2")

    def test_dimensions(self):
        lengths = {"/x": 5}
        for path, name, length, expected in (
            ("/v", "x", 5, "/x"), ("/g/v", "x", 5, "/x"), ("/v", "x", 4, "/x_4"), ("/g/v", "z", 3, "/g/z"), ("/g/w", "z", 2, "/g/z_2"),
        ):
            self.assertEqual(zarr_stores.dimension(path, name, length, lengths), expected)


class Grib(unittest.TestCase):
    """Fields find their places, and only theirs."""

    def arranged(self, **changes):
        latitude, longitude = np.meshgrid([60.0, 50.0], [0.0, 10.0, 20.0], indexing="ij")
        values = np.arange(1, 7, dtype="f4").reshape(2, 3)
        place = {"time": 0.0, "step": 6.0, "valid_time": 21600.0, "surface": 0.0}
        given = {"latitude": latitude, "longitude": longitude, "values": values, "place": place} | changes
        field = grib.Field({"paramId": 130}, bounds=(0, 0), earth=(None, None, 6371229), first=(60, 0), **given)
        scalars = {f"/{name}": Variable((), np.array(value), {}) for name, value in place.items()}
        axes = {"/latitude": Variable(("latitude",), np.array([60.0, 50.0]), {}), "/longitude": Variable(("longitude",), np.array([0.0, 10, 20]), {})}
        attributes = {"GRIB_paramId": 130, "coordinates": " ".join(place)}
        served = Dataset(scalars | axes | {"/t": Variable(("latitude", "longitude"), values, attributes)}, {})
        return grib.arranged([field], served)

    def test_places(self):
        source, homeless = self.arranged()
        self.assertEqual((homeless, source.variables["/t"].values.tolist()), ([], [[1, 2, 3], [4, 5, 6]]))
        self.assertFalse(any(np.isnan(variable.values).any() for variable in source.variables.values()))
        elsewhere = self.arranged(latitude=np.full((2, 3), 61.0))
        later = self.arranged(place={"time": 3600.0, "step": 6.0, "valid_time": 21600.0, "surface": 0.0})
        for source, homeless in (elsewhere, later):
            self.assertEqual(len(homeless), 1)
            self.assertTrue(np.isnan(source.variables["/t"].values).all())


if __name__ == "__main__":
    unittest.main()
