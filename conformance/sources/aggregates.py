"""Aggregations as xarray's `open_mfdataset` joins them, from the same members."""

import re

import cftime
import netCDF4
import numpy as np
import xarray

from local_file import Source, SourceVariable

# What each NcML file of the folder `ncml` says, once more for xarray: members, and how they are joined.
JOINS = {
    "even.ncml": {"files": "even/*.nc", "dimension": "time"},
    "uneven.ncml": {"files": "uneven/*.nc", "dimension": "time"},
    "classic.ncml": {"files": "classic/*.nc", "dimension": "time"},
    "day360.ncml": {"files": "day360/*.nc", "dimension": "time"},
    "listed.ncml": {"files": ["even/part3.nc", "even/part1.nc"], "dimension": "time"},
    "edited.ncml": {"files": "even/*.nc", "dimension": "time"},
    "daily.ncml": {"files": "daily/*.nc", "dimension": "time", "attributes": {"title": "Sample sea surface temperature, all days"}},
    "runs.ncml": {"files": "runs/*.nc", "dimension": "run", "new": "field"},
    "union.ncml": {"files": ["union/sea.nc", "union/air.nc"], "dimension": None},
}


def first_time(path):
    """When a member begins, as a date of its calendar."""
    with netCDF4.Dataset(path) as file:
        time = file["time"]
        return cftime.num2date(time[0].item(), time.units, time.calendar)


def members(folder, join):
    """The members in the order in which they are joined: by time, by the date in their names, or as they are listed."""
    if isinstance(join["files"], list):
        return [folder / name for name in join["files"]]
    order = first_time if join["dimension"] == "time" else lambda path: path.stem[-8:]
    return sorted(folder.glob(join["files"]), key=order)


def joined(files, join):
    """xarray's dataset: times decoded, so that members may count from different dates, and nothing else."""
    coder = xarray.coders.CFDatetimeCoder(use_cftime=True)
    rules = {"compat": "override", "coords": "minimal", "combine_attrs": "override", "decode_times": coder, "mask_and_scale": False}
    if join["dimension"] is None:
        return xarray.open_mfdataset(files, **rules)
    if "new" in join:
        rules |= {"data_vars": [join["new"]], "preprocess": dated}
    else:
        rules |= {"data_vars": "minimal"}
    return xarray.open_mfdataset(files, combine="nested", concat_dim=join["dimension"], **rules)


def dated(dataset):
    """A member of runs, with the date in its name in seconds since 1970."""
    date = re.search(r"_(\d{4})(\d\d)(\d\d)\.nc$", dataset.encoding["source"]).groups()
    seconds = np.datetime64("-".join(date), "s").astype("i8").astype("f8")
    attributes = {"units": "seconds since 1970-01-01T00:00:00Z", "calendar": "standard", "standard_name": "time", "axis": "T"}
    kept = [name for name in dataset.data_vars if name != "field"]
    return dataset.assign_coords(run=((), seconds, attributes)).set_coords(kept)


def encoded(values, first):
    """Decoded times as numbers in the units and the type of the first member."""
    if values.dtype != object or not isinstance(values.reshape(-1)[0], cftime.datetime):
        return values
    numbers = cftime.date2num(values, first["units"], first["calendar"])
    return np.asarray(numbers).astype(first["type"])


def variable(name, opened, first):
    """One variable of the join, as the first member has it stored."""
    values, attributes = np.asarray(opened.values), dict(opened.attrs)
    if name in first:
        values, attributes = encoded(values, first[name]), first[name]["attributes"]
    kind = "string" if values.dtype.kind in "OTU" else "number"
    dimensions = tuple(f"/{dimension}" for dimension in opened.dims)
    return SourceVariable(kind, dimensions, values.astype(object) if kind == "string" else values, attributes)


def stored(files):
    """Type, units, calendar and attributes of the variables of members; the first that has one counts."""
    found = {}
    for path in files:
        with netCDF4.Dataset(path) as file:
            times = {name: v for name, v in file.variables.items() if "since" in getattr(v, "units", "")}
            bounds = {v.bounds: v for v in times.values() if "bounds" in v.ncattrs()}
            for name, v in file.variables.items():
                time = times.get(name) or bounds.get(name)
                units = {"units": time.units, "calendar": time.calendar} if time is not None else {}
                attributes = {key: v.getncattr(key) for key in v.ncattrs()}
                found.setdefault(name, units | {"type": v.dtype, "attributes": attributes})
    return found


def of_files(files):
    """Global attributes and unlimited dimensions: those of the first member, of a union those of all."""
    attributes, unlimited = {}, []
    for path in files:
        with netCDF4.Dataset(path) as file:
            attributes = {name: file.getncattr(name) for name in file.ncattrs()} | attributes
            unlimited += [f"/{name}" for name, dimension in file.dimensions.items() if dimension.isunlimited()]
    return attributes, unlimited


def edited(source):
    """What edited.ncml changes."""
    variables = source.variables
    sst = variables["/sst"] = variables.pop("/temp")
    sst.attributes = {"long_name": "sea surface <temperature>", "unit": "K"}
    del variables["/height"]
    del variables["/packed"].attributes["add_offset"]
    variables["/x"].values = np.array([10.0, 10.5, 11.0, 11.5])
    for each in variables.values():
        each.dimensions = tuple("/lat" if d == "/y" else d for d in each.dimensions)
    source.attributes["/"] |= {"title": "all of it", "levels": np.array([1, 2, 3], "i4")}
    return source


def read(path):
    """What an NcML file must give."""
    join = JOINS[path.name]
    files = members(path.parent, join)
    with joined(files, join) as dataset:
        first = stored(files)
        variables = {f"/{name}": variable(name, opened, first) for name, opened in dataset.variables.items()}
    attributes, unlimited = of_files(files if join["dimension"] is None else files[:1])
    source = Source(variables, {"/": attributes | join.get("attributes", {})}, unlimited)
    return edited(source) if path.name == "edited.ncml" else source
