#!/usr/bin/env python3
"""Opens results of diagnostics and virtual datasets with xarray, over Zarr and over DAP, and compares them with what xarray computes itself.

`derived.py --venvs DIR --weir FILE [--plugins-only DIR]`. Values are equal to 1e-12, or 1e-6 where they are singles, and to a millionth of the
largest where large numbers are subtracted. Takes some seconds. Exit code: 0 all is as it must be, 1 something is not, 2 could not run.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import urllib.error
import urllib.request
import warnings
from pathlib import Path

import environment
from server import Weir

CONFIGURATION = """
[[plugins.diagnostics.virtual]]
id = "wind"
source = "one.nc"
sources = { other = "two.nc" }
where = "lat:-30/30;time:2000"
chunks = { time = 24, lat = 4 }
[plugins.diagnostics.virtual.variables.speed]
expression = "sqrt(u*u + v**2)"
units = "m s-1"
[plugins.diagnostics.virtual.variables.change]
expression = "where(w > 5, w - other:w, -1)"
[plugins.diagnostics.virtual.variables.level]
expression = "max(u, 0.1) * 2 + log(abs(v) + 1) / 3"
[plugins.diagnostics.virtual.variables.whole]
expression = "n"

[[plugins.diagnostics.virtual]]
id = "wind/monthly"
source = "wind"
query = "variable=speed&action=mean&by=time.month"

[[plugins.diagnostics.virtual]]
id = "broken"
source = "one.nc"
[plugins.diagnostics.virtual.variables.speed]
expression = "sqr(u)"
"""


def arguments() -> argparse.Namespace:
    parser = environment.parser(__doc__)
    parser.add_argument("--plugins-only", type=Path, help="no linked-in plugins, those in this folder instead")
    return parser.parse_args()


def write(path: Path, seed: int) -> None:
    """A file of small compressed chunks, with missing values."""
    import netCDF4
    import numpy as np

    numbers = np.random.default_rng(seed)
    with netCDF4.Dataset(path, "w") as file:
        for name, length in (("time", 150), ("lat", 12), ("lon", 18)):
            file.createDimension(name, length)
        time = file.createVariable("time", "f8", ("time",))
        time.units, time.calendar = "days since 2000-01-01", "standard"
        time[:] = np.arange(150) * 3.0
        for name, units, values in (("lat", "degrees_north", np.linspace(-55, 55, 12)), ("lon", "degrees_east", np.arange(18) * 20.0)):
            along = file.createVariable(name, "f8", (name,))
            along.units = units
            along[:] = values
        for name, kind in (("u", "f4"), ("v", "f4"), ("w", "f8"), ("n", "i2")):
            fill = 1e20 if name == "u" else None
            variable = file.createVariable(name, kind, ("time", "lat", "lon"), chunksizes=(20, 5, 7), zlib=True, fill_value=fill)
            variable.units = "m s-1"
            values = numbers.normal(5, 3, (150, 12, 18))
            if fill:
                values[numbers.random(values.shape) < 0.2] = fill
            variable[:] = values.astype(kind)


class NotFollowed(urllib.request.HTTPRedirectHandler):
    """Says where it is sent to."""

    def redirect_request(self, *_):
        return None


def sent_to(url: str) -> str:
    """Where the answer to a request is."""
    try:
        with urllib.request.build_opener(NotFollowed).open(url, timeout=60) as response:
            raise AssertionError(f"{url}: {response.status} instead of 303")
    except urllib.error.HTTPError as error:
        assert error.code == 303, f"{url}: {error.code} {error.read()}"
        return error.headers["Location"]


def expected(one, two) -> dict:
    """What each dataset must hold, as xarray computes it, and how many digits it has."""
    import numpy as np
    import xarray as xr

    part, other = (data.sel(lat=slice(-30, 30), time="2000") for data in (one, two))
    speed = np.sqrt(part.u * part.u + part.v**2)
    groups = one.u.groupby("time.month")
    weights = np.cos(np.deg2rad(one.lat))
    return {
        ("groupby", "u/time.month/mean"): {"u": groups.mean()},
        ("groupby", "w/time.season/max"): {"w": one.w.groupby("time.season").max()},
        ("groupby", "n/lat/count"): {"n": one.n.groupby("lat").count()},
        ("groupby", "w/time.year/median"): {"w": one.w.groupby("time.year").median()},
        ("query", "variable=u&action=anomaly&by=time.month"): {"u": groups - groups.mean()},
        ("query", "variable=w&action=mean&over=lat,lon&weights=area"): {"w": one.w.weighted(weights).mean(["lat", "lon"])},
        ("query", "variable=w&action=max&rolling=time:5"): {"w": one.w.rolling(time=5).max()},
        ("virtual", "wind"): {
            "speed": speed, "change": xr.where(part.w > 5, part.w - other.w, -1.0), "level": np.maximum(part.u, np.float32(0.1)) * 2 + np.log(np.abs(part.v) + 1) / 3,
            "whole": part.n,
        },
        ("virtual", "wind/monthly"): {"speed": speed.groupby("time.month").mean()},
    }


def difference(got, wanted) -> str | None:
    """What differs, if something does."""
    import numpy as np

    if got.dims != wanted.dims:
        return f"dimensions {got.dims} instead of {wanted.dims}"
    for name in wanted.dims:
        if name not in wanted.coords:
            continue
        # Texts are bytes in DAP2.
        own = np.char.decode(got[name].values, "utf-8") if got[name].dtype.kind == "S" else got[name].values
        if not np.array_equal(own, wanted[name].values):
            return f"coordinate {name} is {own} instead of {wanted[name].values}"
    values, own = (np.asarray(array.values, dtype="f8") for array in (got, wanted))
    digits = 1e-6 if wanted.dtype == "float32" else 1e-12
    if not np.allclose(values, own, rtol=digits, atol=digits * float(np.nanmax(np.abs(own))), equal_nan=True):
        return f"values differ by {np.nanmax(np.abs(values - own))}"
    return None


def compare(base: str, one, two) -> tuple[int, list[str]]:
    import xarray as xr

    checked, faults = 0, []
    for (kind, asked), variables in expected(one, two).items():
        if kind == "groupby":
            location = sent_to(f"{base}/datasets/one.nc/groupby/{asked}?format=zarr")
        elif kind == "query":
            location = sent_to(f"{base}/datasets/one.nc/diagnostics?{asked}&format=zarr")
        else:
            location = f"{base}/datasets/{asked}/zarr"
        dap = location.removesuffix("/zarr") + "/opendap"
        openers = {
            "zarr 2": lambda: xr.open_zarr(location, zarr_format=2, decode_timedelta=False),
            "zarr 3": lambda: xr.open_zarr(location, zarr_format=3, decode_timedelta=False),
            "DAP2": lambda: xr.open_dataset(dap, decode_timedelta=False),
            "DAP4": lambda: xr.open_dataset(dap + "#dap4", decode_timedelta=False),
        }
        for protocol, opened in openers.items():
            with opened() as dataset:
                for name, wanted in variables.items():
                    checked += 1
                    fault = difference(dataset[name], wanted)
                    steps = {dimension: slice(None, None, 3) for dimension in wanted.dims}
                    fault = fault or difference(dataset[name].isel(steps), wanted.isel(steps))
                    if fault:
                        faults.append(f"{kind} {asked} over {protocol}: {name}: {fault}")
    return checked, faults


def listed(base: str) -> list[str]:
    """Results are listed where all datasets are, and what is broken is told."""
    def text(path: str) -> str:
        with urllib.request.urlopen(f"{base}{path}", timeout=60) as response:
            return response.read().decode()

    faults = []
    for path, words in (
        ("/datasets", "pp_u_time.month_mean"), ("/thredds/catalog/one.nc/catalog.xml", "pp_u_time.month_mean"),
        ("/datasets/one.nc/pp_u_time.month_mean/stac", "/pp_u_time.month_mean/zarr"), ("/status", "did you mean sqrt?"), ("/datasets/wind/", "speed"),
    ):
        if words not in text(path):
            faults.append(f"{path} does not say {words}")
    failing = json.loads(text("/health"))["failing_datasets"]
    if [one["id"] for one in failing] != ["broken"]:
        faults.append(f"failing are {failing}")
    return faults


def main() -> int:
    chosen = arguments()
    environment.enter(chosen.venvs, "main")
    warnings.simplefilter("ignore")
    import xarray as xr

    with tempfile.TemporaryDirectory() as scratch:
        data = Path(scratch) / "data"
        data.mkdir()
        for seed, name in enumerate(("one.nc", "two.nc")):
            write(data / name, seed)
        configuration = Path(scratch) / "weir.toml"
        configuration.write_text(CONFIGURATION)
        one, two = (xr.open_dataset(data / name).load() for name in ("one.nc", "two.nc"))
        weir = Weir(chosen.weir.resolve(), [data], chosen.plugins_only)
        weir.command += ["--config", str(configuration)]
        with weir:
            if not weir.healthy:
                print(f"the server did not start: {weir.last_words()}", file=sys.stderr)
                return 2
            checked, faults = compare(weir.base, one, two)
            faults += listed(weir.base)
    for fault in faults:
        print(f"WRONG: {fault}")
    print(f"{checked} variables compared, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
