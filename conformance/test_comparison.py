"""Tests of the comparison itself: what is different must be seen, or no case means anything."""

import struct
import unittest
import zlib

import numpy as np

import dap2_view
import dap4
import zarr_view
from clients import libdap
from local_file import Source, SourceVariable
from observed import Dataset, Variable, differences, plain
from xdr import read


def variable(values, attributes=None, dimensions=None):
    """A variable of some values."""
    values = np.asarray(values)
    return Variable(dimensions or tuple("xyz"[: values.ndim]), values, attributes or {})


def dataset(**variables):
    """A dataset of some variables."""
    return Dataset(variables, {"/": {"title": "one"}})


class Differences(unittest.TestCase):
    """`differences` sees everything."""

    def check(self, expected, seen, message):
        found = differences(dataset(v=expected), dataset(v=seen))
        self.assertEqual(bool(found), bool(message), found)
        if message:
            self.assertIn(message, "\n".join(found))

    def test_values(self):
        row = np.array([1.5, -0.0, np.nan], "f4")
        self.check(variable(row), variable(row.copy()), "")
        self.check(variable(row), variable(row.astype(">f4")), "")
        self.check(variable(row), variable(row.astype("f8")), "type is float64")
        self.check(variable(row), variable(np.array([1.5, 0.0, np.nan], "f4")), "1 of 3 values differ; at [1]")
        self.check(variable(row), variable(np.array([1.5, -0.0, 2.0], "f4")), "at [2]")
        self.check(variable(row), variable(row[:2]), "shape is (2,)")
        self.check(variable(np.array(["a", "b"], object)), variable(np.array(["a", "c"], object)), "at [1] 'c'")
        self.check(variable(np.int16(3)), variable(np.int16(4)), "at []")

    def test_dimensions_and_attributes(self):
        self.check(variable([1, 2], dimensions=("x",)), variable([1, 2], dimensions=("y",)), "dimensions are ('y',)")
        one = {"a": plain(np.int16(1))}
        self.check(variable([1], one), variable([1], {"a": plain(np.array([1], "i2"))}), "")
        self.check(variable([1], one), variable([1], {"a": plain(np.int32(1))}), "'a' is {'type': 'int32'")
        self.check(variable([1], one), variable([1]), "attribute 'a' is missing")
        self.check(variable([1]), variable([1], one), "attribute 'a' is not expected")
        self.check(variable([1], {"a": "x"}), variable([1], {"a": "x "}), "'a' is 'x '")
        self.check(variable([1], {"a": plain(np.nan)}), variable([1], {"a": plain(np.nan)}), "")
        self.check(variable([1], {"a": plain(0.0)}), variable([1], {"a": plain(-0.0)}), "'a' is")

    def test_whole(self):
        full = dataset(v=variable([1]), w=variable([2]))
        self.assertIn("w: variable is missing", differences(full, dataset(v=variable([1]))))
        self.assertIn("w: variable is not expected", differences(dataset(v=variable([1])), full))
        bare = Dataset({}, {"/": {}})
        self.assertIn("group /: attribute 'title' is missing; expected 'one'", differences(dataset(), bare))
        self.assertTrue(differences(Dataset({}, {}, {"time"}), Dataset({}, {})))


class Views(unittest.TestCase):
    """The documented mappings."""

    def dap2(self, kind, values, attributes=None):
        one = SourceVariable(kind, ("/n", "/w")[: np.ndim(values)], np.asarray(values), attributes or {})
        return dap2_view.netcdf_c(Source({"/g/v": one}, {"/": {}, "/g": {"title": "t"}}, []))

    def test_dap2_types(self):
        shown = self.dap2("number", np.array([65000, 2], "u2"), {"_FillValue": np.uint16(65000), "most": np.uint16(65000)})
        one = shown.variables["g_v"]
        self.assertEqual((one.values.tolist(), one.values.dtype), ([-536, 2], np.dtype("i2")))
        expected = {"type": "int16", "values": [-536]}, {"type": "int32", "values": [65000]}, "true"
        self.assertEqual((one.attributes["_FillValue"], one.attributes["most"], one.attributes["_Unsigned"]), expected)
        self.assertEqual(shown.attributes, {"/": {"g.title": "t"}})
        self.assertEqual(self.dap2("number", np.array([1], "i8")).variables, {})
        self.assertEqual(self.dap2("opaque", np.zeros(1, "V5")).variables, {})

    def test_dap2_bytes(self):
        """Signed bytes travel in 16 bits, those that the file calls unsigned as what they are."""
        fill = {"_FillValue": np.int8(-1), "flags": np.array([1, 127], "i1"), "low": np.array([-5, 5], "i1")}
        signed = self.dap2("number", np.array([-128, 2], "i1"), fill).variables["g_v"]
        self.assertEqual((signed.values.tolist(), signed.values.dtype), ([-128, 2], np.dtype("i2")))
        types = {"_FillValue": "int16", "flags": "int8", "low": "int16"}
        self.assertEqual({name: value["type"] for name, value in signed.attributes.items()}, types)
        told = self.dap2("number", np.array([-128, 2], "i1"), {"_FillValue": np.int8(-1), "_Unsigned": "true"}).variables["g_v"]
        self.assertEqual((told.values.tolist(), told.values.dtype), ([-128, 2], np.dtype("i1")))
        self.assertEqual(told.attributes["_FillValue"], {"type": "int8", "values": [-1]})

    def test_dap2_structures(self):
        inner = np.dtype([("lat", "f4"), ("far", "i8")])
        rows = np.array([(7, (1.5, 8), [1, 2]), (9, (2.5, 8), [3, 4])], [("number", "u2"), ("place", inner), ("pair", "i4", (2,))])
        shown = self.dap2("compound", rows, {"units": "m"})
        found = {name: (one.dimensions, one.values.tolist()) for name, one in shown.variables.items()}
        pair = ("n", "g_v.pair_1"), [[1, 2], [3, 4]]
        self.assertEqual(found, {"g_v.number": (("n",), [7, 9]), "g_v.place.lat": (("n",), [1.5, 2.5]), "g_v.pair": pair})
        self.assertEqual(shown.attributes["/"]["g_v.units"], "m")

    def test_dap2_names(self):
        self.assertEqual(dap2_view.spelled("/sst_Global"), "sst_Global_")
        self.assertEqual(dap2_view.dimension_name("/t.2m axis"), "t%2E2m%20axis")
        self.assertEqual(dap2_view.attribute_name("brace{"), "brace%7B")

    def test_dap2_text(self):
        one = self.dap2("char", np.array([[b"a", b"b", b""], [b"c", b"", b""]], "S1")).variables["g_v"]
        self.assertEqual((one.values.tolist(), one.dimensions, one.text_dimension), (["ab", "c"], ("n",), ("w", 3)))
        self.assertEqual(dap2_view.spelled("/forecast/dew point"), "forecast_dew%20point")
        self.assertEqual(dap2_view.spelled("/température"), "temperature")

    def test_zarr_json(self):
        self.assertEqual(zarr_view.json_form(np.array([np.nan, -np.inf, 1.5])), ["NaN", "-Infinity", 1.5])
        self.assertEqual(zarr_view.json_form(np.array([7], "i2")), 7)
        self.assertEqual(zarr_view.json_form(["NaN", 1.5, 2**64 - 1]), ["NaN", 1.5, 2**64 - 1])


class Printed(unittest.TestCase):
    """What `getdap` prints."""

    def test_values(self):
        printed = 'Structure {\n    Int16 a;\n    String b[2];\n} s[x = 2] = {{ 1, {"p", "q\\"\\303\\274"} }, { -2, {"", "r"} }};\nByte n = 200;\n'
        found = {name: values.tolist() for name, (_, values) in libdap.variables_of(printed).items()}
        self.assertEqual(found, {"s.a": [1, -2], "s.b": [["p", 'q"ü'], ["", "r"]], "n": 200})

    def test_attributes(self):
        printed = 'Attributes {\n    s {\n        String t "a; }";\n        b {\n            Int16 k -1, 2;\n        }\n    }\n}\n'
        found = libdap.flat(libdap.attributes_of(printed))
        self.assertEqual(found, {"s.t": "a; }", "s.b.k": {"type": "int16", "values": [-1, 2]}})


class Dap4Response(unittest.TestCase):
    """Our reader of `.dap`."""

    DMR = (
        b'<Dataset xmlns="http://xml.opendap.org/ns/DAP/4.0#"><Dimension name="x" size="2"/><Int16 name="a"><Dim name="/x"/></Int16>'
        b'<Group name="g"><Structure name="s"><String name="t"/><UInt8 name="u"><Dim size="3"/></UInt8></Structure></Group></Dataset>\r\n'
    )
    FIRST, SECOND = b"\1\0\xfe\xff", b"\2\0\0\0\0\0\0\0ab\7\x08\x09"

    def response(self, data, flags=5):
        return struct.pack(">I", 4 << 24 | len(self.DMR)) + self.DMR + struct.pack(">I", flags << 24 | len(data)) + data

    def body(self):
        return b"".join(part + struct.pack("<I", zlib.crc32(part)) for part in (self.FIRST, self.SECOND))

    def test_reads(self):
        got = dap4.read(self.response(self.body()))
        self.assertEqual(got["/a"].tolist(), [1, -2])
        self.assertEqual((got["/g/s"][()]["t"].tolist(), got["/g/s"][()]["u"].tolist()), ("ab", [7, 8, 9]))

    def test_refuses(self):
        right = self.body()
        for wrong in (right + b"\0", right[:-1], right[:4] + b"\0\0\0\0" + right[8:]):
            with self.assertRaises(Exception):
                dap4.read(self.response(wrong))
        with self.assertRaisesRegex(ValueError, "error chunk"):
            dap4.read(self.response(right, 7))


class DataResponse(unittest.TestCase):
    """Our reader of `.dods`."""

    HEAD = b"Dataset {\n    Byte b[n = 3];\n    Int16 s;\n    String t[n = 2];\n} x;\n\nData:\n"
    BODY = b"\0\0\0\3\0\0\0\3\1\2\xff\0" + b"\xff\xff\xff\xfe" + b"\0\0\0\2\0\0\0\2ab\0\0\0\0\0\0"

    def test_reads(self):
        got = read(self.HEAD + self.BODY)
        self.assertEqual([got["b"].tolist(), int(got["s"]), got["t"].tolist()], [[1, 2, 255], -2, ["ab", ""]])

    def test_refuses(self):
        for wrong in (self.BODY + b"\0\0\0\0", self.BODY[:-4], b"\0\0\0\2" + self.BODY[4:]):
            with self.assertRaises(Exception):
                read(self.HEAD + wrong)


if __name__ == "__main__":
    unittest.main()
