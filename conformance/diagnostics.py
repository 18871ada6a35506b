#!/usr/bin/env python3
"""Compares diagnostics with xarray: random requests over files of all calendars, types, packings and chunk shapes.

`diagnostics.py --venvs DIR --weir FILE [--requests N] [--seed N]`. xarray opens the same file and computes the same; results must have the same
dimensions, types and coordinates, and values equal to 1e-12 (1e-6 where xarray has singles). xarray adds singles up as singles: where that
costs it more digits than these, the result must be equal to that of xarray in doubles, and is counted. Exit code: 0 all is as it must be, 1 something
is not, 2 could not run.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import warnings
from pathlib import Path

import diagnostics_places
import environment
from server import Weir

CALENDARS = (
    "standard", "gregorian", "proleptic_gregorian", "noleap", "365_day", "all_leap", "366_day", "360_day", "julian",
)
ACTIONS = ("mean", "min", "max", "count", "first", "last", "sum", "std", "var", "median", "any", "quantile")
COMPONENTS = ("month", "season", "year", "dayofyear", "hour", "day", "minute", "second", "dayofweek", "days_in_month", "weekday", "daysinmonth")
# Reference dates and units: whole numbers and fractions, and times before the Gregorian calendar.
UNITS = (
    ("days since 1999-12-25", "i4", 1), ("hours since 2000-02-27 06:00:00", "i8", 7), ("days since 1850-01-01", "f8", 1.37), ("hours since 1900-01-01", "f8", 5.25),
    ("days since 1582-09-01", "f8", 0.75), ("minutes since 1979-01-01 00:30", "i4", 1440 * 3), ("days since 2001-01-01", "f4", 2.5),
)
STEPS = 150
REFUSED = (
    ("groupby/{v}/time.month/mean()", 400), ("groupby/{v}/time.month/__class__", 400), ("groupby/{v}/time.month');import os;('/mean", 400),
    ("groupby/{v}/__import__('os')/mean", 400), ("groupby/__import__('os').system('id')/time.month/mean", 400), ("groupby/{v}'/time.month/mean", 400),
    ("groupby/{v}/time.month.year/mean", 400), ("groupby/{v}/time.century/mean", 400), ("groupby/nothing/time.month/mean", 404), ("groupby/{v}/nothing/mean", 400),
    ("groupby/{v}/y.month/mean", 400), ("groupby/{v}/time.month/quantile", 400), ("groupby/{v}/time.month/quantile?q=2", 400), ("groupby/{v}/time.month", 400),
    ("diagnostics?variable={v}&action=mean&over=__import__('os')", 400), ("diagnostics?variable={v}&action=mean&by=time.month'", 400), ("diagnostics?variable={v}&action=mean", 400),
    ("diagnostics?variable={v}&action=eval(1)&over=x", 400), ("diagnostics?variable={v}&action=mean&over=x&where=y:__import__('os')", 400), ("diagnostics?variable=none&action=mean&over=x", 404),
    ("diagnostics?variable={v}&action=max&over=y&weights=area", 400), ("diagnostics?variable={v}&action=mean&over=x&format=exe", 400), ("diagnostics?variable={v}&action=mean&over=x&more=1", 400),
    ("diagnostics?variable={v}&action=mean&over=time&points=__import__('os'),1", 400), ("diagnostics?variable={v}&action=mean&over=time&points=1,91", 400),
    ("diagnostics?variable={v}&action=mean&over=time&polygon=__import__('os')", 400), ("diagnostics?variable={v}&action=mean&over=time&polygon=POLYGON((0 0,1 0,eval(1) 1,0 0))", 400),
    ("diagnostics?variable={v}&action=mean&over=time&regrid=eval(1)&grid=0:1:1,0:1:1", 400), ("diagnostics?variable={v}&action=mean&over=time&regrid=nearest&grid=0:exit():1,0:1:1", 400),
    ("diagnostics?variable={v}&action=mean&over=time&regrid=nearest", 400), ("diagnostics?variable={v}&action=mean&over=time&grid=0:1:1,0:1:1", 400),
    ("diagnostics?variable={v}&action=mean&by=time.month,time.__class__", 400), ("diagnostics?variable={v}&action=mean&by=time.month,time.year", 400),
)


def arguments() -> argparse.Namespace:
    parser = environment.parser(__doc__)
    parser.add_argument("--requests", type=int, default=500, help="how many random requests (default 500)")
    parser.add_argument("--seed", type=int, default=20260101, help="another seed asks for other requests")
    return parser.parse_args()


def write(path: Path, calendar: str, chance: random.Random) -> None:
    """A file with variables of all types over time, in random order of dimensions and with random chunks."""
    import netCDF4
    import numpy as np

    units, kind, step = chance.choice(UNITS)
    numbers = np.random.default_rng(chance.getrandbits(32))
    with netCDF4.Dataset(path, "w", format=chance.choice(["NETCDF4", "NETCDF4", "NETCDF3_64BIT_OFFSET"])) as file:
        is_classic = file.data_model != "NETCDF4"
        lengths = {"time": STEPS, "y": chance.randint(1, 7), "x": chance.randint(1, 9)}
        for name, length in lengths.items():
            file.createDimension(name, length)
        time = file.createVariable("time", "i4" if is_classic and kind == "i8" else kind, ("time",))
        time.units, time.calendar = units, calendar
        time[:] = (np.arange(STEPS) * step).astype(kind)
        y = file.createVariable("y", "f4", ("y",))
        y.units = "degrees_north"
        y[:] = numbers.permutation(lengths["y"]) * 10.5 - 30
        region = file.createVariable("region", "i2", ("y",))
        region[:] = numbers.integers(0, 3, lengths["y"])
        phase = file.createVariable("phase", "f8", ("time",), fill_value=-1.0)
        phase[:] = np.where(np.arange(STEPS) % 7 == 3, -1.0, np.arange(STEPS) % 5 * 0.5)
        height = file.createVariable("height", "f8", ())
        height[...] = 2.0
        types = ["f4", "f8", "i1", "i2", "i4"] + ([] if is_classic else ["u1", "u2", "u4", "i8", "u8"])
        for name in types:
            values = numbers.normal(280, 12, STEPS * lengths["y"] * lengths["x"])
            if name[0] != "f":
                values = numbers.integers(0, 100, values.size) - (0 if name[0] == "u" else 50)
            add(file, name, (name, {}), values, chance)
        real = numbers.normal(5, 2, STEPS * lengths["y"] * lengths["x"])
        add(file, "packed", ("i2", {"scale_factor": np.float32(0.01), "add_offset": np.float32(3), "_FillValue": np.int16(-999)}), real, chance)
        add(file, "scaled", ("i2", {"scale_factor": np.float64(0.01), "_FillValue": np.int16(-999)}), real, chance)
        add(file, "filled", ("f4", {"_FillValue": np.float32(1e20)}), real, chance)
        add(file, "holes", ("f8", {"_FillValue": np.float64(-9e9), "missing_value": np.float64(-9e9)}), real, chance)
        add(file, "masked", ("i4", {"_FillValue": np.int32(-7)}), real * 100, chance)


def add(file, name: str, stored: tuple, values, chance: random.Random) -> None:
    """A variable with missing values where it can have them."""
    import numpy as np

    kind, attributes = stored
    order = list(file.dimensions)
    chance.shuffle(order)
    shape = [len(file.dimensions[dimension]) for dimension in order]
    options = {}
    if file.data_model == "NETCDF4" and chance.random() < 0.8:
        options = {"chunksizes": [chance.randint(1, length) for length in shape], "zlib": chance.random() < 0.5}
    fill = attributes.pop("_FillValue", None)
    variable = file.createVariable(name, kind, order, fill_value=fill, **options)
    variable.setncatts({"units": "K", "coordinates": "height region phase", **attributes})
    variable.set_auto_maskandscale(False)
    raw = (values - float(attributes.get("add_offset", 0))) / float(attributes.get("scale_factor", 1)) if fill is not None else values
    raw = np.round(raw).astype(kind) if kind[0] != "f" else raw.astype(kind)
    gone = np.random.default_rng(chance.getrandbits(32)).random(raw.size) < 0.3
    if fill is not None:
        raw[gone] = fill
    elif kind[0] == "f" and chance.random() < 0.5:
        raw[gone] = np.nan
    raw = raw.reshape(shape)
    if fill is not None and chance.random() < 0.5:
        # Nothing but missing values in the first year or so.
        raw[tuple(slice(0, 60) if dimension == "time" else slice(None) for dimension in order)] = fill
    variable[...] = raw


def fetch(url: str) -> tuple[int, dict]:
    try:
        with urllib.request.urlopen(url, timeout=120) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def received(body: dict):
    """The result as an array of xarray."""
    import numpy as np
    import xarray as xr

    def numbers(data, dtype: str):
        if dtype.startswith("float"):
            return np.array(data, dtype="f8").astype(dtype)
        return np.array(data, dtype=object if dtype in ("str", "time") else dtype)

    coords = {name: (one["dims"], numbers(one["data"], one["dtype"])) for name, one in body["coords"].items()}
    data = numbers(body["data"], body["dtype"]).reshape(body["shape"])
    return xr.DataArray(data, dims=body["dims"], coords=coords, name=body["name"])


def same_coordinate(got, wanted) -> bool:
    """Times are compared as text, floats to the last bit."""
    import numpy as np

    if wanted.dtype.kind == "M" or (wanted.dtype == object and wanted.size and hasattr(wanted.flat[0], "isoformat")):
        times = [str(np.datetime64(one, "us") if wanted.dtype.kind == "M" else one.isoformat()) for one in wanted.flat]
        # Fractions of seconds are written with as many digits as they need.
        return [one.split(".")[0] for one in times] == [str(one).split(".")[0] for one in got.flat]
    if wanted.dtype == object or wanted.dtype.kind in "UT":
        return list(map(str, got.flat)) == list(map(str, wanted.flat))
    return got.dtype == wanted.dtype and np.array_equal(got, wanted, equal_nan=wanted.dtype.kind == "f")


def close(got, wanted, rtol: float) -> bool:
    import numpy as np

    if wanted.dtype.kind != "f":
        return np.array_equal(got, wanted)
    return got.shape == wanted.shape and np.allclose(got, wanted, rtol=rtol, atol=0, equal_nan=True)


def compare(got, wanted, again) -> str | None:
    """What is wrong with a result; "rounded" where xarray's own is less exact than singles are."""
    if got.dims != wanted.dims:
        return f"dimensions {got.dims} instead of {wanted.dims}"
    # NumPy makes singles of quantiles where the first group is empty, whatever the others are.
    is_accident = array_action(again) == "quantile" and (str(got.dtype), str(wanted.dtype)) == ("float64", "float32")
    if got.dtype != wanted.dtype and not is_accident:
        return f"type {got.dtype} instead of {wanted.dtype}"
    missing = set(wanted.coords) - set(got.coords) - {"quantile"}
    if missing:
        return f"no coordinates {missing}"
    for name in set(wanted.coords) - {"quantile"}:
        along = again.attrs["asked"][0]
        own = wanted[name].values
        if name != along and wanted[name].dims == (along,):
            # xarray sorts groups and leaves other coordinates along them where they were: they are to stay with their values.
            own = again[name].sel({along: wanted[along]}).values
        if not same_coordinate(got[name].values, own):
            return f"coordinate {name}: {got[name].values[:5]} instead of {wanted[name].values[:5]}"
    single = "f4" in str(again.dtype) or again.dtype == "float32"
    if close(got.values, wanted.values, 1e-6 if single else 1e-12):
        return None
    if array_action(again) in ("std", "var") and not single:
        # As many digits are lost as the values have more than their differences, by either way of summing: with more digits it shows whose.
        import numpy as np

        if close(got.values, reduce(again.astype(np.longdouble)).values.astype("f8"), 1e-12):
            return "rounded"
    if single and close(got.values.astype("f8"), reduce(again.astype("f8")).values, 1e-6):
        return "rounded"
    import numpy as np

    with np.errstate(all="ignore"):
        error = np.nanmax(np.abs(got.values.astype("f8") - wanted.values.astype("f8")) / np.abs(wanted.values.astype("f8")))
    return f"values differ by {error:.3g}"


def array_action(array) -> str:
    return array.attrs["asked"][1]


def reduce(array):
    """What the request asks, by xarray; the request is kept with the array."""
    coordinate, action, part = array.attrs["asked"]
    groups = array.groupby(coordinate)
    return groups.quantile(part) if action == "quantile" else getattr(groups, action)()


def one(base: str, dataset, identifier: str, chance: random.Random) -> tuple[str, str | None]:
    """A random request, and what is wrong with its answer."""
    variable = chance.choice([name for name in dataset.data_vars if dataset[name].ndim == 3])
    coordinate = chance.choice([*(f"time.{name}" for name in COMPONENTS), "time.month", "time.season", "time.year", "y", "region", "phase", "time", "x"])
    action = chance.choice(ACTIONS)
    part = round(chance.random(), 3)
    target = f"{identifier}/groupby/{variable}/{coordinate}/{action}" + (f"?q={part}" if action == "quantile" else "")
    status, body = fetch(f"{base}/datasets/{target}")
    if status != 200:
        return target, f"{status} {body}"
    array = dataset[variable].assign_attrs(asked=(coordinate, action, part))
    return target, compare(received(body), reduce(array), array)


def query(base: str, dataset, identifier: str, chance: random.Random) -> tuple[str, str | None]:
    """A random request of the query form, and what is wrong with its answer."""
    import numpy as np

    name = chance.choice([name for name in dataset.data_vars if dataset[name].ndim == 3])
    array = dataset[name]
    asked = {"variable": name}
    if chance.random() < 0.6:
        first = chance.randrange(0, STEPS // 2)
        array, asked["where"] = array.isel(time=slice(first, first + 50)), f"time:[{first}:{first + 50}]"
    if chance.random() < 0.4:
        low, high = sorted(chance.sample(range(-40, 50), 2))
        ordered = array.y.values
        if ((ordered >= low) & (ordered <= high)).any():
            array = array.isel(y=np.flatnonzero((ordered >= low) & (ordered <= high)))
            asked["where"] = ";".join(filter(None, [asked.get("where"), f"y:{low}/{high}"]))
    kind = chance.choice(["over", "weighted", "anomaly", "both", "periods", "rolling", "several"])
    action = chance.choice(["mean", "sum", "std", "var", "min", "max", "count", "median"])
    if kind == "over":
        over = chance.sample(["time", "y", "x"], chance.randint(1, 3))
        asked |= {"over": ",".join(over), "action": action}
        reduce = lambda one: getattr(one, action)(over)  # noqa: E731
    elif kind == "weighted":
        over = chance.choice([["y"], ["y", "x"], ["time", "y", "x"]])
        # The variance of one value is 0 here, and what rounding leaves there.
        several = all(array.sizes[one] > 1 for one in over)
        action = chance.choice(["mean", "sum", "std", "var"] if several else ["mean", "sum"])
        asked |= {"over": ",".join(over), "weights": "area", "action": action}
        weights = np.cos(np.deg2rad(array.y.astype("f8")))
        reduce = lambda one: getattr(one.weighted(weights), action)(over)  # noqa: E731
    elif kind == "anomaly":
        action = "anomaly"
        asked |= {"by": "time.month", "action": action}
        reduce = lambda one: one.groupby("time.month") - one.groupby("time.month").mean()  # noqa: E731
    elif kind == "both":
        asked |= {"by": "time.season", "over": "y", "action": action}
        reduce = lambda one: getattr(one.groupby("time.season"), action)(["time", "y"])  # noqa: E731
    elif kind == "several":
        action = chance.choice(["sum", "min", "max"])
        asked |= {"by": "time.month,region", "action": action}
        reduce = lambda one: getattr(getattr(one.groupby("time.month"), action)().groupby("region"), action)()  # noqa: E731
    elif kind == "rolling":
        action, length = chance.choice(["mean", "sum", "std", "var", "min", "max"]), chance.randint(1, 9)
        asked |= {"rolling": f"time:{length}", "action": action}
        reduce = lambda one: getattr(one.rolling(time=length), action)()  # noqa: E731
    else:
        action, frequency = chance.choice(["mean", "sum", "max", "count"]), chance.choice([("M", "MS"), ("2M", "2MS"), ("Y", "YS"), ("3D", "3D"), ("12h", "12h"), ("20D", "20D")])
        asked |= {"by": f"time@{frequency[0]}", "action": action}
        reduce = lambda one: getattr(one.resample(time=frequency[1]), action)()  # noqa: E731
    target = f"{identifier}/diagnostics?{urllib.parse.urlencode(asked)}"
    status, body = fetch(f"{base}/datasets/{target}")
    if status != 200:
        return target, f"{status} {body}"
    got, wanted = received(body), reduce(array)
    if kind == "anomaly":
        wanted = wanted.drop_vars("month")
    wanted = wanted.transpose(*got.dims) if set(got.dims) == set(wanted.dims) else wanted
    if kind == "periods" and action == "count":
        # Of periods without times, xarray does not count 0 values but makes NaN, and doubles of all.
        wanted = wanted.fillna(0).astype("i8")
    single = array.dtype == "float32"
    if got.dims != wanted.dims or got.shape != wanted.shape:
        return target, f"dimensions {got.sizes} instead of {wanted.sizes}"
    for own in set(got.coords) & set(wanted.coords):
        if own in got.dims and not same_coordinate(got[own].values, wanted[own].values):
            return target, f"coordinate {own}: {got[own].values[:5]} instead of {wanted[own].values[:5]}"
    # xarray makes singles of small integers in windows.
    exact = reduce(array.astype("f8")) if single or kind == "rolling" else wanted
    exact = exact.transpose(*got.dims)
    # What is left of values without their mean has as many digits as singles have of the values, or doubles have.
    scale = float(np.nanmax(np.abs(array.values.astype("f8")), initial=1.0))
    for one in (wanted, exact):
        rtol, digits = (1e-6, 3e-7) if single else (1e-12, 1e-14)
        atol = scale * digits if kind == "anomaly" else 0
        left, right = got.values.astype("f8"), one.values.astype("f8")
        if action in ("std", "var"):
            # Where all values are the same there is no variance, and rounding leaves a little.
            left, right = (left**2, right**2) if action == "std" else (left, right)
            rtol, atol = 2 * rtol, scale**2 * (1e-12 if single else 1e-15)
        if np.allclose(left, right, rtol=rtol, atol=atol, equal_nan=True):
            return target, None if one is wanted else "rounded"
    with np.errstate(all="ignore"):
        error = np.nanmax(np.abs(got.values.astype("f8") - exact.values.astype("f8")) / np.abs(exact.values.astype("f8")))
    return target, f"values differ by {error:.3g}"


def places(base: str, dataset, name: str, chance: random.Random) -> tuple[str, str | None]:
    """A random request for points, polygons, regular grids or groups over two dimensions, and what is wrong with its answer."""

    def ask(name: str, asked: dict):
        target = f"{name}/diagnostics?{urllib.parse.urlencode(asked)}"
        status, body = fetch(f"{base}/datasets/{target}")
        return target, status, received(body) if status == 200 else body

    return diagnostics_places.one(ask, dataset, name, chance)


def formats(base: str, identifier: str) -> list[str]:
    """One result in every format, each read by what reads it, equal to that in JSON."""
    import csv
    import io

    import netCDF4
    import numpy as np

    faults = []
    for request in ("f4/time.season/mean", "filled/time.month/mean", "f8/y/max", "i4/time.month/sum", "i2/region/any", "f4/time/count"):
        url = f"{base}/datasets/{identifier}/groupby/{request}"
        wanted = received(fetch(url)[1])
        raw = {}
        for name in ("csv", "netcdf3", "netcdf4", "covjson", "html"):
            with urllib.request.urlopen(f"{url}?format={name}", timeout=60) as response:
                raw[name] = response.read()
        for name in ("netcdf3", "netcdf4"):
            with netCDF4.Dataset("memory", memory=raw[name]) as file:
                variable = file[wanted.name]
                values = np.ma.filled(variable[...].astype("f8"), np.nan)
                if variable.dimensions[: wanted.ndim] != wanted.dims or not np.array_equal(values, wanted.values.astype("f8"), equal_nan=True):
                    faults.append(f"{request}: {name} is not JSON")
                if name == "netcdf4" and wanted.dtype.kind in "iuf" and variable.dtype != wanted.dtype:
                    faults.append(f"{request}: {variable.dtype} in netCDF-4, {wanted.dtype} in JSON")
        rows = list(csv.DictReader(io.StringIO(raw["csv"].decode())))
        # Singles are written with as many digits as they have.
        kind, flat = ("f4" if wanted.dtype == "float32" else "f8"), wanted.values.astype("f8").ravel()
        if not np.array_equal(np.array([row[wanted.name] for row in rows], dtype=kind), flat, equal_nan=True):
            faults.append(f"{request}: CSV is not JSON")
        values = json.loads(raw["covjson"])["ranges"][wanted.name]["values"]
        if not np.array_equal(np.array(values, dtype="f8").astype(kind), flat, equal_nan=True):
            faults.append(f"{request}: CoverageJSON is not JSON")
        if b"<table>" not in raw["html"] or b"<script" in raw["html"]:
            faults.append(f"{request}: the page has no table")
    return faults


def refusals(base: str, identifier: str) -> list[str]:
    """What must be refused, and with which status; each message lists what is valid."""
    faults = []
    for path, expected in REFUSED:
        path, _, query = path.format(v="f4").partition("?")
        status, body = fetch(f"{base}/datasets/{identifier}/{urllib.parse.quote(path)}" + (f"?{urllib.parse.quote(query, safe='=&')}" if query else ""))
        if status != expected or "detail" not in body:
            faults.append(f"{path}: {status} {body} instead of {expected}")
    return faults


def run(chosen: argparse.Namespace, scratch: Path) -> int:
    import xarray as xr

    chance = random.Random(chosen.seed)
    files = {}
    for number, calendar in enumerate(CALENDARS * 3):
        path = scratch / f"{calendar}{number // len(CALENDARS)}.nc"
        write(path, calendar, chance)
        files[path.name] = xr.open_dataset(path, decode_timedelta=False).load()
    grids = {}
    for number, kind in enumerate(list(diagnostics_places.GRIDS) * 3):
        path = scratch / f"{kind}{number}.nc"
        diagnostics_places.write(path, kind, chance)
        grids[path.name] = xr.open_dataset(path).load()
    with Weir(chosen.weir.resolve(), [scratch], None) as weir:
        if not weir.healthy:
            print(f"the server did not start: {weir.last_words()}", file=sys.stderr)
            return 2
        faults, rounded = refusals(weir.base, next(iter(files))), 0
        for name in list(files)[:9]:
            faults += formats(weir.base, name)
        for number in range(chosen.requests):
            name = list(files)[number % len(files)]
            if number % 5 == 1:
                name = list(grids)[number // 5 % len(grids)]
                target, fault = places(weir.base, grids[name], name, chance)
            else:
                target, fault = (one if number % 5 else query)(weir.base, files[name], name, chance)
            rounded += fault == "rounded"
            if fault not in (None, "rounded"):
                faults.append(f"{target}: {fault}")
    for fault in faults:
        print(f"WRONG: {fault}")
    print(f"{chosen.requests} requests over {len(files) + len(grids)} files and {len(REFUSED)} refusals, {len(faults)} faults; {rounded} equal to xarray in doubles alone")
    return 1 if faults else 0


def main() -> int:
    chosen = arguments()
    environment.enter(chosen.venvs, "main")
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as scratch:
        return run(chosen, Path(scratch))


if __name__ == "__main__":
    sys.exit(main())
