"""Samples that hold every data type: numbers, text, attributes, user-defined types."""

import netCDF4
import numpy as np

import pattern

NUMERIC = ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8")
NAMES = dict(zip(NUMERIC, ("byte", "ubyte", "short", "ushort", "int", "uint", "int64", "uint64", "float", "double")))


def numeric_types(path):
    """Every numeric type: a contiguous row and a compressed matrix of each, a scalar of all but bytes."""
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("y", 7)
        file.createDimension("x", 9)
        for kind in NUMERIC:
            name = NAMES[kind]
            if np.dtype(kind).itemsize > 1:
                file.createVariable(f"{name}_scalar", kind)[...] = pattern.numbers((4,), kind)[2]
            file.createVariable(f"{name}_row", kind, ("x",))[:] = pattern.numbers((9,), kind)
            fill = pattern.numbers((4,), kind)[0]
            matrix = file.createVariable(
                f"{name}_matrix", kind, ("y", "x"), zlib=True, shuffle=True, chunksizes=(4, 5), fill_value=fill,
            )
            matrix.long_name = f"all of {name}"
            matrix.set_auto_maskandscale(False)
            matrix[:] = pattern.numbers((7, 9), kind)


def byte_scalars(path):
    """Scalars of one byte, which DAP2 widens to four."""
    with netCDF4.Dataset(path, "w") as file:
        file.createVariable("byte_scalar", "i1")[...] = -113
        file.createVariable("ubyte_scalar", "u1")[...] = 201
        for name, unsigned in (("told_unsigned", "true"), ("told_signed", "false")):
            told = file.createVariable(name, "i1")
            told.set_auto_maskandscale(False)
            told.setncattr("_Unsigned", unsigned)
            told[...] = -55


WORDS = np.array([["north", "west", "", "a \"quoted\" word"], ["back\\slash", "two\nlines", "x, y; {z}", " padded "]], dtype=object)
FOREIGN = np.array(["süd", "日本語", "plain", "µ°–"], dtype=object)


def strings(path):
    """Variable-length strings and character arrays of several ranks."""
    with netCDF4.Dataset(path, "w") as file:
        for name, size in (("row", 2), ("column", 4), ("strlen", 12), ("flag", 3)):
            file.createDimension(name, size)
        words = file.createVariable("words", str, ("row", "column"))
        words.long_name = "variable-length strings"
        words[:] = WORDS
        long_text = file.createVariable("long_text", str, ("row",))
        long_text[:] = np.array(["more than sixty-four characters, " * 3 + "end", "short"], dtype=object)
        file.createVariable("station", str)[...] = "Hohenpeissenberg"
        names = file.createVariable("names", "S1", ("row", "column", "strlen"))
        names.long_name = "fixed-length text"
        texts = [[f"site {4 * r + c + 1:02d}{'+' * c}" for c in range(4)] for r in range(2)]
        names[:] = netCDF4.stringtochar(np.array(texts, "S12"))
        title = file.createVariable("title", "S1", ("strlen",))
        title[:] = netCDF4.stringtochar(np.array("twelve chars", "S12"))
        file.createVariable("flags", "S1", ("flag",))[:] = np.array([b"a", b"b", b"z"], "S1")
        file.createVariable("letter", "S1")[...] = b"q"
        compressed = file.createVariable("code", "S1", ("column", "strlen"), zlib=True, chunksizes=(3, 12))
        compressed[:] = netCDF4.stringtochar(np.array([f"code-{i + 1}" for i in range(4)], "S12"))


def unicode_strings(path):
    """Text beyond ASCII in values of both kinds."""
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("n", 4)
        file.createDimension("bytes", 10)
        file.createVariable("place", str, ("n",))[:] = FOREIGN
        file.createVariable("station", str)[...] = "Höhenrain"
        letters = file.createVariable("letters", "S1", ("n", "bytes"))
        rows = [list(text.encode().ljust(10, b"\0")) for text in FOREIGN]
        letters[:] = np.array(rows, "u1").view("S1")


def numeric_attributes(target):
    """One and several values of every numeric type, extremes included."""
    for kind in NUMERIC:
        target.setncattr(f"one_{NAMES[kind]}", pattern.numbers((4,), kind)[3])
        target.setncattr(f"some_{NAMES[kind]}", pattern.numbers((4,), kind))
        target.setncattr(f"small_{NAMES[kind]}", pattern.index((3,)).astype(kind))
    target.setncattr("no_number", np.array([], "i4"))
    target.setncattr("exact_int64", np.array([2**53, -(2**40)], "i8"))


def text_attributes(target):
    """Text that must be escaped on the wire, once as characters, once as strings."""
    texts = {
        "quotes": 'say "hello" twice, "so"', "backslashes": "C:\\data\\new \\\\ end\\", "newlines": "first\nsecond\n\nfourth",
        "tabs": "a\tb", "utf8": "Größe °C – 温度", "braces": "{ a; b } ; String x \"y\";", "hash": "# not a comment",
        "number_like": "12.5", "spaces": "  both ends  ",
    }
    for name, text in texts.items():
        target.setncattr(f"char_{name}", text.encode().decode())
        target.setncattr_string(f"string_{name}", text)
    target.setncattr("char_empty", "")
    target.setncattr_string("string_empty", "")
    target.setncattr("many_strings", ["one", "two, three", "vier \"4\"", "fünf"])


def real_attributes(target):
    """Reals that need every digit, or have none."""
    target.setncattr("not_numbers", np.array([np.nan, np.inf, -np.inf, 1.5], "f8"))
    target.setncattr("not_numbers_single", np.array([np.nan, np.inf, -np.inf, -2.25], "f4"))
    target.setncattr("third", np.float64(1.0) / 3.0)
    target.setncattr("third_single", np.float32(1.0) / np.float32(3.0))
    target.setncattr("limits", np.array([np.finfo("f8").max, np.finfo("f8").tiny, 5e-324, -0.0], "f8"))
    target.setncattr("limits_single", np.array([np.finfo("f4").max, np.finfo("f4").tiny, 1e-45, 16777217.0], "f4"))


def attributes(path):
    """Attributes of every type and every difficulty, on the file, on variables, on a group."""
    with netCDF4.Dataset(path, "w") as file:
        text_attributes(file)
        numeric_attributes(file)
        real_attributes(file)
        file.createDimension("x", 3)
        for name, write in (("numbers", numeric_attributes), ("text", text_attributes), ("reals", real_attributes)):
            variable = file.createVariable(name, "f4", ("x",), fill_value=np.float32(np.nan))
            variable[:] = pattern.reals((3,), "f4")
            write(variable)
        group = file.createGroup("inner")
        text_attributes(group)
        real_attributes(group)


def user_types(path):
    """Enum, compound, vlen and int64 variables beside ordinary ones."""
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("x", 4)
        before = file.createVariable("before", "f4", ("x",))
        before.units = "K"
        before[:] = pattern.reals((4,), "f4")
        clouds = file.createEnumType("u1", "cloud_t", {"clear": 1, "stratus": 2, "cumulus": 5})
        cloud = file.createVariable("cloud", clouds, ("x",), fill_value=1)
        cloud.long_name = "cloud kind"
        cloud[:] = np.array([1, 2, 5, 2], "u1")
        wind_t = file.createCompoundType(np.dtype([("speed", "f4"), ("direction", "i2")], align=True), "wind_t")
        wind = file.createVariable("wind", wind_t, ("x",))
        rows = np.zeros(4, wind_t.dtype)
        rows["speed"], rows["direction"] = pattern.reals((4,), "f4"), pattern.integers((4,), "i2")
        wind[:] = rows
        ragged_t = file.createVLType("i4", "ragged_t")
        ragged = file.createVariable("ragged", ragged_t, ("x",))
        for i in range(4):
            ragged[i] = (pattern.index((i + 1,)) * (i + 1)).astype("i4")
        file.createVariable("big", "i8", ("x",))[:] = pattern.integers((4,), "i8")
        after = file.createVariable("after", "i2", ("x",))
        after.units = "m"
        after[:] = pattern.integers((4,), "i2")
