"""NetCDF-4 files that weir wrote, beside what they were made of: through netCDF4-python, h5py, and the tools of netCDF, HDF5, CDO and NCO."""

from __future__ import annotations

import subprocess
from pathlib import Path

# Each must say nothing on its error stream.
TOOLS = (["ncdump"], ["ncdump", "-h", "-s"], ["h5dump", "-H"], ["h5dump"], ["ncks", "--cdl", "-m"])
# CDO also warns of whatever it has no place for, as texts and groups.
CDO = ["cdo", "-s", "sinfo"]
NO_COORDINATE = "_nc4_non_coord_"


def kinds(path: Path) -> Path:
    """A file with groups, every type of numbers, strings, characters, names that meet, and attributes of every kind."""
    import netCDF4
    import numpy as np

    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("x", 3)
        file.createDimension("time", None)
        file.createDimension("width", 5)
        numbers = {kind: np.arange(1, 7).reshape(2, 3).astype(kind) for kind in ("i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8")}
        for kind, values in numbers.items():
            fill = None if kind.endswith("1") else values.max() + 1
            variable = file.createVariable(f"as_{kind}", kind, ("time", "x"), fill_value=fill)
            variable[:] = values
            variable.setncatts({"one": values[0, 0], "several": values[1], "words": f"made of {kind}", "title": "größer"})
        file["as_u8"][0, 0] = np.iinfo("u8").max - 3
        file["as_i8"][0, 0] = np.iinfo("i8").min + 3
        file.createVariable("time", "f8", ("time",))[:] = [0.5, 1.5]
        # Called as a dimension, but along another; and a coordinate of two dimensions.
        file.createVariable("width", "i4", ("x",))[:] = [3, 1, 2]
        file.createVariable("x", "f4", ("x", "time"))[:] = [[1, 2], [3, 4], [5, 6]]
        file.createVariable("names", str, ("x",))[:] = np.array(["one", "", "drei und größer"], dtype=object)
        file.createVariable("letters", "S1", ("x", "width"))[:] = netCDF4.stringtochar(np.array(["ab", "cde", "fghij"], dtype="S5"))
        file.createVariable("scalar", "i2", ())[...] = 7
        file["scalar"].setncattr_string("texts", ["first", "second", ""])
        for number in range(30):
            file["scalar"].setncattr(f"attribute {number}", number)
        inner = file.createGroup("outer").createGroup("inner")
        inner.title = "inside"
        inner.createDimension("x", 2)
        inner.createVariable("deep", "f4", ("time", "x"))[:] = [[1, 2], [3, 4]]
        inner.createVariable("x", "f4", ("x",))[:] = [10, 20]
        file["outer"].createVariable("around", "i4", ("time", "x"))[:] = [[1, 2, 3], [4, 5, 6]]
    return path


def variables(group, path: str = ""):
    """Every variable of a file with its path."""
    yield from ((f"{path}{name}", variable) for name, variable in group.variables.items())
    for name, inner in group.groups.items():
        yield from variables(inner, f"{path}{name}/")


def same_values(wanted, served, where: str) -> None:
    """That arrays are the same, byte for byte if they are numbers."""
    import numpy as np

    wanted, served = np.asarray(wanted), np.asarray(served)
    assert wanted.shape == served.shape, (where, wanted.shape, served.shape)
    if wanted.dtype.kind in "iuf":
        assert wanted.dtype.newbyteorder("=") == served.dtype.newbyteorder("="), (where, wanted.dtype, served.dtype)
    np.testing.assert_array_equal(wanted, served, err_msg=where)


def same_variable(wanted, served, where: str) -> None:
    """That variables have the same dimensions, values and attributes, in the same order."""
    assert wanted.dimensions == served.dimensions, (where, wanted.dimensions, served.dimensions)
    for one in (wanted, served):
        one.set_auto_maskandscale(False)
        one.set_auto_chartostring(False)
    same_values(wanted[...], served[...], where)
    names = wanted.ncattrs()
    assert served.ncattrs() == names, (where, served.ncattrs(), names)
    for name in names:
        told, wanted_told = served.getncattr(name), wanted.getncattr(name)
        assert type(told) is type(wanted_told), (where, name, told, wanted_told)
        same_values(wanted_told, told, f"{where}: {name}")


def h5py_sees(path: Path) -> None:
    """That h5py finds the same values, and each axis with the scale that is its dimension."""
    import h5py
    import netCDF4

    with netCDF4.Dataset(path) as file, h5py.File(path) as objects:
        for name, variable in variables(file):
            variable.set_auto_maskandscale(False)
            variable.set_auto_chartostring(False)
            group, _, last = name.rpartition("/")
            inside = objects[group] if group else objects
            dataset = inside.get(NO_COORDINATE + last) or inside[last]
            values = dataset.asstr()[...] if dataset.dtype == object else dataset[...]
            same_values(variable[...], values, f"{name} by h5py")
            if "CLASS" in dataset.attrs:
                continue
            for axis, dimension in enumerate(dataset.dims):
                assert [scale.name.rpartition("/")[2] for scale in dimension.values()] == [variable.dimensions[axis]], (name, axis)
                assert h5py.h5ds.is_attached(dataset.id, dimension[0].id, axis), (name, axis)


def tools_read(path: Path, *, plain: bool) -> None:
    """That tools read a file without a word; CDO one without texts and groups."""
    for command in (*TOOLS, CDO) if plain else TOOLS:
        done = subprocess.run([*command, path], capture_output=True, check=False)
        assert done.returncode == 0 and not done.stderr, (command, done.returncode, done.stderr[:300])
    kind = subprocess.run(["ncdump", "-k", path], capture_output=True, check=True, text=True).stdout.strip()
    assert kind == "netCDF-4", kind
