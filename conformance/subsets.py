#!/usr/bin/env python3
"""Asks for parts of datasets, and compares them with what xarray selects in the same files.

`subsets.py --venvs DIR --weir FILE [--plugins-only DIR]`. Random boxes, windows, dates and indices on grids with every kind of longitudes and several
calendars, read from netCDF (xarray over netCDF4; as netCDF-4 also by h5py, ncdump, h5dump, NCO and CDO), CSV (pandas), JSON, CoverageJSON and Parquet (pyarrow); siphon asks the NetCDF Subset Service that the
THREDDS catalog names. Exit code: 0 all is as it must be, 1 something is not, 2 could not run.
"""

from __future__ import annotations

import csv
import io
import json
import random
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import environment
import netcdf4_files
from child import python
from server import Weir

REQUESTS = 300
SEED = 20261121
CALENDARS = ("standard", "360_day", "noleap", "proleptic_gregorian")
# Longitudes as models have them; the last is a region.
LONGITUDES = ((0, 360), (-180, 180), (20, 380), (-30, 60))


def made(folder: Path, number: int) -> Path:
    """A grid with position-dependent values, some missing, some packed."""
    import netCDF4
    import numpy as np

    path = folder / f"grid{number}.nc"
    west, east = LONGITUDES[number % len(LONGITUDES)]
    with netCDF4.Dataset(path, "w", format=("NETCDF4", "NETCDF3_CLASSIC")[number % 2]) as file:
        axes = {"time": 40, "lev": 4, "lat": 19, "lon": 36, "two": 2}
        for name, length in axes.items():
            file.createDimension(name, None if name == "time" else length)
        time = file.createVariable("time", "f8", ("time",))
        time.setncatts({"units": "days since 2000-12-20 12:00", "calendar": CALENDARS[number % 4], "standard_name": "time"})
        time[:] = np.arange(40) * 5
        lev = file.createVariable("lev", "f4", ("lev",))
        lev.setncatts({"units": "hPa", "positive": "down"})
        lev[:] = [1000, 850, 500, 250]
        lat = file.createVariable("lat", "f4", ("lat",))
        lat.setncatts({"units": "degrees_north", "bounds": "lat_bnds"})
        lat[:] = np.linspace(-90, 90, 19)[:: -1 if number % 3 else 1]
        bounds = file.createVariable("lat_bnds", "f4", ("lat", "two"))
        bounds[:] = np.stack([lat[:] - 5, lat[:] + 5], axis=1)
        lon = file.createVariable("lon", "f8", ("lon",))
        lon.units = "degrees_east"
        lon[:] = np.linspace(west, east, 36, endpoint=False)
        shape = (40, 4, 19, 36)
        values = np.arange(1, np.prod(shape) + 1).reshape(shape)
        t = file.createVariable("t", "f4", ("time", "lev", "lat", "lon"), fill_value=-999.0)
        t.units = "K"
        t[:] = np.ma.masked_where(values % 17 == 0, values)
        packed = file.createVariable("packed", "i2", ("time", "lat", "lon"), fill_value=-32768)
        packed.setncatts({"scale_factor": 0.25, "add_offset": 10.0, "units": "m"})
        packed[:] = (values[:, 0] % 30000) / 4 + 10
        file.history = "made"
    return path


def got(base: str, target: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(base + target, timeout=60) as response:
            body = response.read()
            assert response.headers.get("content-length") in (None, str(len(body)))
            return response.status, body
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read()


def opened(body: bytes, folder: Path):
    import xarray as xr

    path = folder / "part.nc"
    path.write_bytes(body)
    with xr.open_dataset(path, decode_timedelta=False, engine="netcdf4") as part:
        return part.load()


def wanted_along(dice: random.Random, dataset) -> tuple[dict[str, str], object]:
    """What is asked along time, level and latitude, and the same part as xarray selects it."""
    import numpy as np

    query, part = {}, dataset
    match dice.randrange(4):
        case 0:
            text = dice.choice(["2001-01", "2001", "2001-02", "2001-01-14", "2000-12"])
            query["time"], part = text, part.sel(time=text)
        case 1:
            start, end = sorted(dice.sample(["2000-12-25", "2001-01-10", "2001-02", "2001-03", "2001-06"], 2))
            query["time"], part = f"{start}/{end}", part.sel(time=slice(start, end))
        case 2:
            start, stop, step = dice.randrange(-40, 40), dice.randrange(-40, 41), dice.randrange(1, 5)
            query["time"], part = f"[{start}:{stop}:{step}]", part.isel(time=slice(start, stop, step))
    if dice.random() < 0.6:
        level = dice.choice([1000, 840, 500.2, 250, 700])
        query["vertical"], part = str(level), part.sel(lev=[level], method="nearest")
    if dice.random() < 0.5:
        low, high = sorted((dice.randrange(-90, 91), dice.randrange(-90, 91)))
        inside = (part.lat.values >= np.float32(low)) & (part.lat.values <= np.float32(high))
        query["lat"], part = f"{low}/{high}", part.isel(lat=np.flatnonzero(inside))
    return query, part


def boxed(dice: random.Random, part) -> tuple[str, object]:
    """A box, perhaps over the seam, and the columns inside from west to east."""
    import numpy as np

    west, width = dice.randrange(-180, 360), dice.randrange(0, 360)
    south, north = sorted((dice.randrange(-90, 91), dice.randrange(-90, 91)))
    east = west + width
    east = east - 360 if east > 360 else east
    offset = (part.lon.values - west) % 360
    inside = np.flatnonzero(offset <= width + 1e-9)
    rows = np.flatnonzero((part.lat.values >= south) & (part.lat.values <= north))
    # Columns keep the order of the file unless they go over its seam.
    wraps = len(inside) and np.any(np.diff(offset[inside]) < 0)
    columns = inside[np.argsort(offset[inside], kind="stable")] if wraps else inside
    return f"{west},{south},{east},{north}", part.isel(lat=rows, lon=columns)


def random_parts(base: str, files: list[Path], folder: Path) -> str:
    import numpy as np
    import xarray as xr

    dice, compared, empty = random.Random(SEED), 0, 0
    for _ in range(REQUESTS):
        path = dice.choice(files)
        with xr.open_dataset(path, decode_timedelta=False) as local:
            dataset = local.load()
        query, part = wanted_along(dice, dataset)
        if "lat" not in query and dice.random() < 0.7:
            query["bbox"], part = boxed(dice, part)
        name = dice.choice(["t", "packed"]) if "vertical" not in query else "t"
        target = f"/datasets/{path.name}/subset?" + urllib.parse.urlencode({"var": name} | query, safe="/:,[]")
        status, body = got(base, target)
        expected = part[name]
        if expected.size == 0:
            assert status == 400 and json.loads(body)["detail"], (target, status)
            empty += 1
            continue
        assert status == 200, (target, status, body)
        served = opened(body, folder)
        assert served[name].dims == expected.dims and served[name].dtype == expected.dtype, target
        np.testing.assert_array_equal(served[name].values, expected.values, err_msg=target)
        for axis in expected.dims:
            values = served[axis].values
            if axis == "lon":
                np.testing.assert_allclose((values - expected.lon.values + 180) % 360, 180, atol=1e-9, err_msg=target)
                assert len(values) < 2 or np.all(np.diff(values) > 0), (target, values)
            else:
                np.testing.assert_array_equal(values, expected[axis].values, err_msg=target)
        np.testing.assert_array_equal(served.lat_bnds.values, part.lat_bnds.values, err_msg=target)
        assert served[name].attrs == dataset[name].attrs and served.attrs["history"].endswith("\nmade")
        same_as_netcdf4(base, target, folder, plain=compared < 10)
        compared += 1
    assert compared > REQUESTS / 2, compared
    return f"{compared} parts equal xarray's, as netCDF-4 too, {empty} hold nothing and are refused"


def same_as_netcdf4(base: str, target: str, folder: Path, *, plain: bool) -> None:
    """The part that was last asked for, as netCDF-4: what there is in the classic file, and no more."""
    import netCDF4

    status, body = got(base, f"{target}&format=netcdf4")
    assert status == 200, (target, status, body)
    path = folder / "four.nc"
    path.write_bytes(body)
    with netCDF4.Dataset(folder / "part.nc") as classic, netCDF4.Dataset(path) as four:
        assert four.data_model == "NETCDF4" and four.ncattrs() == classic.ncattrs(), target
        for name, wanted in classic.variables.items():
            netcdf4_files.same_variable(wanted, four[name], f"{target}: {name}")
        assert list(four.variables) == list(classic.variables) and list(four.dimensions) == list(classic.dimensions), target
        assert {name: len(axis) for name, axis in four.dimensions.items()} == {name: len(axis) for name, axis in classic.dimensions.items()}, target
    netcdf4_files.h5py_sees(path)
    if plain:
        netcdf4_files.tools_read(path, plain=True)


def every_kind(base: str, path: Path, folder: Path) -> str:
    """Each variable of a file with every kind of them, as netCDF-4."""
    import netCDF4
    import xarray as xr

    count = 0
    with netCDF4.Dataset(path) as file:
        for name, wanted in netcdf4_files.variables(file):
            status, body = got(base, f"/datasets/{path.name}/subset?" + urllib.parse.urlencode({"var": name, "format": "netcdf4"}))
            assert status == 200, (name, status, body)
            (folder / "kind.nc").write_bytes(body)
            with netCDF4.Dataset(folder / "kind.nc") as served:
                netcdf4_files.same_variable(wanted, served[name], name)
                group = name.rpartition("/")[0]
                assert not group or served[group].ncattrs() == file[group].ncattrs(), name
            netcdf4_files.h5py_sees(folder / "kind.nc")
            netcdf4_files.tools_read(folder / "kind.nc", plain=False)
            with xr.open_datatree(folder / "kind.nc", engine="netcdf4") as tree:
                tree.load()
            count += 1
    return f"{count} variables"


def other_formats(base: str, files: list[Path], folder: Path, tables: Path) -> str:
    import numpy as np
    import xarray as xr

    with xr.open_dataset(files[0], decode_timedelta=False) as local:
        expected = local.t.isel(time=slice(0, 3)).sel(lat=slice(40, -20) if local.lat[0] > local.lat[1] else slice(-20, 40)).load()
    target = f"/datasets/{files[0].name}/subset?var=t&time=[0:3]&lat=-20/40&format="
    values = expected.values.ravel()
    rows = list(csv.DictReader(io.StringIO(got(base, target + "csv")[1].decode())))
    np.testing.assert_array_equal(np.array([float(row["t"]) for row in rows], "f4"), values)
    np.testing.assert_array_equal([float(row["lon"]) for row in rows], np.broadcast_to(expected.lon.values, expected.shape).ravel())
    records = json.loads(got(base, target + "json")[1])
    columns = json.loads(got(base, target + "json&layout=columns")[1])
    assert [record["t"] for record in records] == columns["t"] and [record["time"] for record in records] == columns["time"]
    np.testing.assert_array_equal(np.array(columns["t"], "f4"), values)
    coverage = json.loads(got(base, target + "covjson")[1])
    ranges = coverage["ranges"]["t"]
    assert (coverage["domain"]["domainType"], ranges["axisNames"], ranges["shape"]) == ("Grid", ["t", "z", "y", "x"], list(expected.shape))
    np.testing.assert_array_equal(np.array(ranges["values"], "f4"), values)
    (folder / "part.parquet").write_bytes(got(base, target + "parquet")[1])
    reader = "import json, sys, pyarrow.parquet as p; print(json.dumps(p.read_table(sys.argv[1]).to_pydict()))"
    table = json.loads(subprocess.run([tables, "-c", reader, folder / "part.parquet"], check=True, capture_output=True).stdout)
    np.testing.assert_array_equal(np.array(table["t"], "f4"), values)
    assert table["time"] == columns["time"]
    return f"{len(rows)} rows are the same in five formats"


def by_siphon(base: str, files: list[Path]) -> str:
    from datetime import datetime

    import numpy as np
    import xarray as xr
    from siphon.catalog import TDSCatalog

    catalog = TDSCatalog(f"{base}/thredds/catalog.xml")
    for number, path in enumerate(files):
        with xr.open_dataset(path, decode_timedelta=False) as local:
            dataset = local.load()
        ncss = catalog.datasets[path.name].subset()
        assert ncss.variables == {"t", "packed"} and ncss.metadata.lat_lon_box["north"] == 90
        query = ncss.query().variables("t").lonlat_box(0, 40, -20, 40).time_range(datetime(2001, 1, 1), datetime(2001, 2, 1)).accept("netcdf")
        query = query.vertical_level(500).strides(spatial=2)
        assert ncss.validate_query(query)
        served = ncss.get_data(query).variables["t"][:]
        rows = np.flatnonzero((dataset.lat.values >= -20) & (dataset.lat.values <= 40))[::2]
        columns = np.flatnonzero((dataset.lon.values % 360 >= 0) & (dataset.lon.values % 360 <= 40))
        columns = columns[np.argsort(dataset.lon.values[columns] % 360)][::2]
        expected = dataset.t.sel(lev=[500], time=slice("2001-01-01", "2001-02-01T00:00:00")).isel(lat=rows, lon=columns)
        np.testing.assert_array_equal(served.filled(np.nan), expected.values)
        four = ncss.get_data(query.accept("netcdf4"))
        assert four.data_model == "NETCDF4"
        np.testing.assert_array_equal(four.variables["t"][:].filled(np.nan), expected.values)
        # siphon reads no dates but those of the Gregorian calendar.
        for form in () if CALENDARS[number % 4] in ("360_day", "noleap") else ("csv", "xml"):
            point = ncss.query().variables("packed").lonlat_point(31, 41).all_times().accept(form)
            served = ncss.get_data(point)
            column = int(np.argmin(np.abs((dataset.lon.values - 31 + 180) % 360 - 180)))
            expected = dataset.packed.sel(lat=41, method="nearest").isel(lon=column)
            np.testing.assert_allclose(np.array(served["packed"], "f8"), expected.values)
            assert served["date"][0] == datetime.fromisoformat(str(dataset.time.values[0])[:19] + "+00:00")
    return f"{len(files)} datasets"


def main() -> int:
    asked = environment.parser(__doc__)
    asked.add_argument("--plugins-only", type=Path, help="no linked-in plugins, those in this folder instead")
    asked = asked.parse_args()
    environment.enter(asked.venvs, "browse")
    with tempfile.TemporaryDirectory() as data, tempfile.TemporaryDirectory() as folder:
        files = [made(Path(data), number) for number in range(6)]
        kinds = netcdf4_files.kinds(Path(data) / "kinds.nc")
        tables = python(asked.venvs, "tables")
        with Weir(asked.weir, [Path(data)], asked.plugins_only) as weir:
            cases = {
                "random parts": lambda: random_parts(weir.base, files, Path(folder)),
                "every kind": lambda: every_kind(weir.base, kinds, Path(folder)),
                "other formats": lambda: other_formats(weir.base, files, Path(folder), tables),
                "siphon": lambda: by_siphon(weir.base, files),
            }
            return environment.told(cases)


if __name__ == "__main__":
    sys.exit(main())
