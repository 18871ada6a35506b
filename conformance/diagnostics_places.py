"""Diagnostics on places: random requests for points, polygons, regular grids and groups over two dimensions, and what xarray and NumPy make of them."""

from __future__ import annotations

import json
import random
from pathlib import Path

STEPS = 24
# What is made of the horizontal dimensions before anything else.
KINDS = ("points", "polygon", "nearest", "bilinear", "conservative", "zones")
# By the name of a file, what its cells lie along.
GRIDS = {"globe": ("lat", "lon"), "region": ("lat", "lon"), "curved": ("j", "i"), "cells": ("cell",)}


def write(path: Path, kind: str, chance: random.Random) -> None:
    """A file whose variables lie on a kind of grid, in random order of dimensions and with random chunks."""
    import netCDF4
    import numpy as np

    numbers = np.random.default_rng(chance.getrandbits(32))
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("time", STEPS)
        time = file.createVariable("time", "f8", ("time",))
        time.units, time.calendar = "days since 2001-01-01", chance.choice(["standard", "360_day", "noleap"])
        time[:] = np.arange(STEPS) * 17.25
        lengths = {"globe": (13, 20), "region": (11, 9), "curved": (8, 11), "cells": (150,)}[kind]
        for name, length in zip(GRIDS[kind], lengths):
            file.createDimension(name, length)
        if kind in ("globe", "region"):
            along(file, kind, lengths, chance)
        else:
            beside(file, kind, lengths, numbers)
        zone = file.createVariable("zone", "i2", GRIDS[kind])
        zone[:] = numbers.integers(0, 4, lengths)
        for name, stored in (("f4", "f4"), ("f8", "f8"), ("holes", "f8"), ("i2", "i2")):
            order = ["time", *GRIDS[kind]]
            chance.shuffle(order)
            shape = [len(file.dimensions[dimension]) for dimension in order]
            variable = file.createVariable(name, stored, order, chunksizes=[chance.randint(1, length) for length in shape])
            told = "zone" if kind in ("globe", "region") else "zone lon lat"
            variable.setncatts({"units": "K", "coordinates": told})
            values = numbers.normal(280, 12, shape)
            if name == "holes":
                values[numbers.random(shape) < 0.2] = np.nan
            variable[...] = np.round(values) if stored == "i2" else values


def along(file, kind: str, lengths: tuple[int, int], chance: random.Random) -> None:
    """Longitudes and latitudes along dimensions, with or without the edges of cells."""
    import numpy as np

    file.createDimension("two", 2)
    south, north, west, east = (-90.0, 90.0, chance.choice([0.0, -180.0, -97.0]), None) if kind == "globe" else (30.0, 63.0, chance.choice([350.0, -10.0, 5.0]), 36.0)
    edges = {"lat": np.linspace(south, north, lengths[0] + 1), "lon": west + np.linspace(0, 360.0 if east is None else east, lengths[1] + 1)}
    if chance.random() < 0.5:
        edges["lat"] = edges["lat"][::-1]
    has_edges = chance.random() < 0.5
    for name, units in (("lat", "degrees_north"), ("lon", "degrees_east")):
        variable = file.createVariable(name, "f8", (name,))
        variable.units = units
        variable[:] = (edges[name][1:] + edges[name][:-1]) / 2
        if has_edges:
            variable.bounds = f"{name}_edges"
            file.createVariable(f"{name}_edges", "f8", (name, "two"))[:] = np.stack([edges[name][:-1], edges[name][1:]], axis=1)


def beside(file, kind: str, lengths: tuple[int, ...], numbers) -> None:
    """Longitudes and latitudes of each cell."""
    import numpy as np

    if kind == "curved":
        j, i = np.meshgrid(np.arange(lengths[0]), np.arange(lengths[1]), indexing="ij")
        latitudes, longitudes = 40 + 2.1 * j + 0.4 * i, -12 + 3.3 * i - 0.7 * j
    else:
        # Spread evenly over the sphere (a Fibonacci lattice).
        number = np.arange(lengths[0]) + 0.5
        latitudes, longitudes = np.degrees(np.arcsin(1 - 2 * number / lengths[0])), (137.50776405 * number) % 360
    for name, units, values in (("lon", "degrees_east", longitudes), ("lat", "degrees_north", latitudes)):
        variable = file.createVariable(name, "f8", GRIDS[kind])
        variable.units = units
        variable[:] = values


def inside(longitudes, latitudes, rings: list[list[tuple[float, float]]]):
    """Which places lie inside an odd number of rings, whatever turn their longitudes are given in."""
    import numpy as np

    found = np.zeros(np.shape(longitudes), dtype=bool)
    for turn in (-360, 0, 360):
        odd = np.zeros(np.shape(longitudes), dtype=bool)
        for ring in rings:
            for (x0, y0), (x1, y1) in zip(ring, ring[1:]):
                crosses = (y0 > latitudes) != (y1 > latitudes)
                with np.errstate(all="ignore"):
                    odd ^= crosses & (longitudes + turn < (x1 - x0) * (latitudes - y0) / (y1 - y0) + x0)
        found |= odd
    return found


def polygon(kind: str, chance: random.Random) -> tuple[str, list]:
    """An area as text, and its rings."""
    off = chance.uniform(0.001, 0.099)
    if kind == "globe" or kind == "cells":
        west, south = chance.uniform(-170, 150), chance.uniform(-70, 10)
        wide, high = chance.uniform(50, 120), chance.uniform(40, 60)
    else:
        west, south, wide, high = chance.uniform(-8, 6), chance.uniform(35, 42), chance.uniform(12, 20), chance.uniform(8, 14)
    ring = [(west, south), (west + wide, south + off), (west + wide - off, south + high), (west + wide / 3, south + high * 0.9), (west, south)]
    hole = [(west + wide * x, south + high * y) for x, y in ((0.4, 0.3), (0.6, 0.3), (0.5, 0.55), (0.4, 0.3))]
    rings = [ring, hole] if chance.random() < 0.6 else [ring]
    form = chance.choice(["wkt", "json", "several"])
    if form == "json":
        return json.dumps({"type": "Polygon", "coordinates": rings}), rings
    text = ", ".join("(" + ", ".join(f"{x!r} {y!r}" for x, y in one) + ")" for one in rings)
    return (f"POLYGON ({text})" if form == "wkt" else f"multipolygon (({text}))"), rings


def edges_of(dataset, name: str, centres):
    """The edges of cells: those that are told, or the middles of neighbours."""
    import numpy as np

    told = dataset[name].attrs.get("bounds")
    if told:
        return np.sort(dataset[told].values, axis=1)
    middles = (centres[1:] + centres[:-1]) / 2
    both = np.concatenate([[2 * centres[0] - middles[0]], middles, [2 * centres[-1] - middles[-1]]])
    return np.sort(np.stack([both[:-1], both[1:]], axis=1), axis=1)


def conservative(array, dataset, targets: tuple, edges: tuple):
    """The mean of what lies in each target, by the areas in common, without what is missing."""
    import numpy as np
    import xarray as xr

    def common(own, others, turns, size):
        parts = np.zeros((len(others), len(own)))
        for turn in turns:
            low = np.maximum(own[None, :, 0] + turn, others[:, None, 0])
            high = np.minimum(own[None, :, 1] + turn, others[:, None, 1])
            parts += np.where(high > low, size(high) - size(low), 0)
        return parts

    of_rows = np.clip(edges_of(dataset, "lat", array.lat.values), -90, 90)
    rows = common(of_rows, np.sort(edges[1], axis=1), (0,), lambda degrees: np.sin(np.deg2rad(degrees)))
    columns = common(edges_of(dataset, "lon", array.lon.values), edges[0], (-720, -360, 0, 360, 720), lambda degrees: degrees)
    values = array.astype("f8").transpose("time", "lat", "lon").values
    there = np.isfinite(values)
    with np.errstate(all="ignore"):
        made = (rows @ np.where(there, values, 0) @ columns.T) / (rows @ there.astype("f8") @ columns.T)
    return xr.DataArray(made, dims=("time", "lat", "lon"), coords={"time": array.time, "lat": targets[1], "lon": targets[0]})


def around(array):
    """The same with its longitudes from -360 to 720, from south to north."""
    import xarray as xr

    turned = [array.assign_coords(lon=array.lon % 360 + turn).sortby("lon") for turn in (-360, 0, 360)]
    return xr.concat(turned, "lon", coords="minimal", compat="override").sortby("lat")


def onto_grid(array, dataset, kind: str, method: str, chance: random.Random):
    """The words of a request for a regular grid, and what it must give."""
    import numpy as np
    import xarray as xr

    if kind in ("globe", "cells"):
        west, count, south, rows = chance.choice([-180, 0, -33.3]), chance.choice([7, 12, 36]), -90, chance.choice([5, 9, 18])
        east, north = west + 360, 90
    else:
        west, south = chance.uniform(9, 10), chance.uniform(42, 43)
        east, north, count, rows = west + chance.uniform(6, 9), south + chance.uniform(5, 9), chance.randint(1, 8), chance.randint(1, 8)
    words = f"{west!r}:{east!r}:{(east - west) / count!r},{south!r}:{north!r}:{(north - south) / rows!r}"
    x, y = np.linspace(west, east, count + 1), np.linspace(south, north, rows + 1)
    targets = ((x[1:] + x[:-1]) / 2, (y[1:] + y[:-1]) / 2)
    edges = (np.stack([x[:-1], x[1:]], axis=1), np.stack([y[:-1], y[1:]], axis=1))
    if method == "conservative":
        return words, conservative(array, dataset, targets, edges)
    if kind == "cells":
        grid = np.meshgrid(*targets)
        taken = at_cells(array, kind, [one.ravel() for one in grid]).transpose("time", "point").values
        coords = {"time": array.time, "lat": targets[1], "lon": targets[0]}
        return words, xr.DataArray(taken.reshape(STEPS, rows, count), dims=("time", "lat", "lon"), coords=coords)
    padded = around(array)
    if method == "bilinear":
        # Beyond the first and the last row there is nothing between which a value could lie; a region has nothing around it.
        made = padded.astype("f8").interp(lat=targets[1], lon=targets[0])
        return words, made
    made = padded.sel(lat=targets[1], lon=targets[0], method="nearest")
    near = abs(made.lat - targets[1]) <= np.abs(np.diff(array.lat)).max() / 2 * (1 + 1e-6)
    made = made.assign_coords(lat=targets[1], lon=targets[0])
    return words, made.where(near.assign_coords(lat=targets[1]))


def at_cells(array, kind: str, places):
    """The values of the cells nearest to places on the sphere."""
    import numpy as np
    import xarray as xr

    def on_sphere(longitudes, latitudes):
        x, y = np.deg2rad(longitudes), np.deg2rad(latitudes)
        return np.stack([np.cos(y) * np.cos(x), np.cos(y) * np.sin(x), np.sin(y)], axis=-1)

    own = on_sphere(array.lon.transpose(*GRIDS[kind]).values.ravel(), array.lat.transpose(*GRIDS[kind]).values.ravel())
    nearest = [int(np.argmin(((own - one) ** 2).sum(axis=1))) for one in on_sphere(np.array(places[0]), np.array(places[1]))]
    shape = [array.sizes[dimension] for dimension in GRIDS[kind]]
    indices = np.unravel_index(nearest, shape)
    return array.isel({dimension: xr.DataArray(index, dims="point") for dimension, index in zip(GRIDS[kind], indices)})


def request(dataset, name: str, chance: random.Random):
    """A random request, what it must give before reductions, and the dimensions of that."""
    import numpy as np
    import xarray as xr

    kind = name.split(".")[0].rstrip("0123456789")
    variable = chance.choice(["f4", "f8", "holes", "i2"])
    array = dataset[variable]
    what = chance.choice([one for one in KINDS if kind in ("globe", "region") or one not in ("bilinear", "conservative")])
    if kind == "curved" and what == "nearest":
        what = "points"
    if what == "zones" and kind == "cells":
        what = "polygon"
    asked = {"variable": variable}
    if what == "points":
        west, east, south, north = {"globe": (-179, 360, -80, 80), "region": (6, 20, 35, 60), "curved": (-6, 12, 46, 54), "cells": (-180, 180, -80, 80)}[kind]
        places = [(chance.uniform(west, east), chance.uniform(south, north)) for _ in range(chance.randint(1, 12))]
        asked["points"] = ";".join(f"{x!r},{y!r}" for x, y in places)
        longitudes, latitudes = [x for x, _ in places], [y for _, y in places]
        if kind in ("globe", "region"):
            apart = lambda one: abs((array.lon.values - one + 180) % 360 - 180)  # noqa: E731
            columns = xr.DataArray([int(np.argmin(apart(one))) for one in longitudes], dims="point")
            made = array.isel(lon=columns).sel(lat=xr.DataArray(latitudes, dims="point"), method="nearest")
        else:
            made = at_cells(array, kind, (longitudes, latitudes))
        return asked, made, ("point",), what
    if what == "polygon":
        asked["polygon"], rings = polygon(kind, chance)
        longitudes, latitudes = xr.broadcast(array.lon, array.lat)
        mask = xr.DataArray(inside(longitudes.values, latitudes.values, rings), dims=longitudes.dims)
        if not mask.any():
            return None
        return asked, array.where(mask, drop=True), GRIDS[kind], what
    if what == "zones":
        asked["by"] = "zone"
        return asked, array, GRIDS[kind], what
    asked["regrid"] = what
    asked["grid"], made = onto_grid(array, dataset, kind, what, chance)
    return asked, made, ("lat", "lon"), what


def weights_of(asked: dict, dataset, latitudes):
    """How large cells are at latitudes, but for a factor."""
    import numpy as np

    if "grid" in asked:
        half = float(asked["grid"].rsplit(":", 1)[1]) / 2
        sides = np.stack([latitudes.values - half, latitudes.values + half], axis=1)
    elif "bounds" in dataset.lat.attrs:
        sides = dataset[dataset.lat.attrs["bounds"]].sel(lat=latitudes).values
    else:
        return np.cos(np.deg2rad(latitudes))
    return latitudes.copy(data=np.abs(np.diff(np.sin(np.deg2rad(sides)), axis=1)[:, 0]))


def reduced(asked: dict, dataset, made, dimensions: tuple, chance: random.Random):
    """The rest of a request, and what it must give."""
    if "by" in asked:
        asked["action"] = action = chance.choice(["mean", "max", "sum", "count"])
        return getattr(made.groupby("zone"), action)(f"stacked_{'_'.join(dimensions)}")
    kind = chance.choice(["as it is", "over time", "over place", "months"] + (["weighted"] if dimensions == ("lat", "lon") else []))
    asked["action"] = action = chance.choice(["mean", "min", "max", "count", "std"])
    if kind == "as it is":
        asked["action"] = "first"
        return made
    if kind == "over time":
        asked["over"] = "time"
        return getattr(made, action)("time")
    asked["over"] = ",".join(dimensions)
    if kind == "over place":
        return getattr(made, action)(list(dimensions))
    if kind == "months":
        asked["by"] = "time.month"
        return getattr(made.groupby("time.month"), action)(["time", *dimensions])
    asked |= {"action": "mean", "weights": "area"}
    return made.weighted(weights_of(asked, dataset, made.lat)).mean(list(dimensions))


def fault(got, wanted, asked: dict, single: bool) -> str | None:
    """What is wrong with a result."""
    import numpy as np

    if set(got.dims) != set(wanted.dims):
        return f"dimensions {got.dims} instead of {wanted.dims}"
    wanted = wanted.transpose(*got.dims)
    if got.shape != wanted.shape:
        return f"lengths {got.sizes} instead of {wanted.sizes}"
    for name in {"lat", "lon", "zone", "month"} & set(got.coords) & set(wanted.coords):
        own = wanted[name].transpose(*got[name].dims)
        if not np.allclose(got[name].values.astype("f8"), own.values.astype("f8"), rtol=0, atol=1e-9):
            return f"coordinate {name}: {got[name].values[:5]} instead of {wanted[name].values[:5]}"
    left, right, rtol, atol = got.values.astype("f8"), wanted.values.astype("f8"), (1e-6 if single else 1e-12), 0
    if asked["action"] == "std":
        left, right, rtol, atol = left**2, right**2, 2 * rtol, 1e5 * (1e-12 if single else 1e-15)
    if np.allclose(left, right, rtol=rtol, atol=atol, equal_nan=True):
        return None
    with np.errstate(all="ignore"):
        return f"values differ by {np.nanmax(np.abs(left - right) / np.abs(right)):.3g}, {np.isnan(left).sum()} of {left.size} missing instead of {np.isnan(right).sum()}"


def one(ask, dataset, name: str, chance: random.Random) -> tuple[str, str | None]:
    """A random request, which `ask` makes, and what is wrong with its answer."""
    drawn = None
    while drawn is None:
        drawn = request(dataset, name, chance)
    asked, made, dimensions, what = drawn
    wanted = reduced(asked, dataset, made.astype("f8"), dimensions, chance)
    target, status, got = ask(name, asked)
    if status != 200:
        return target, f"{status} {got}"
    return target, fault(got, wanted, asked, asked["variable"] == "f4")
