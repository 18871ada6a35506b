"""Samples that are more than one file: a Zarr store, and a few files that NcML and a Kerchunk reference set make one of."""

import base64
import gzip
import json
import pathlib

import netCDF4
import numpy as np

import pattern

DAYS, LATITUDES, LONGITUDES = 3, 4, 6
LAT = np.linspace(-67.5, 67.5, LATITUDES, dtype=">f4")
LON = np.linspace(0.5, 300.5, LONGITUDES, dtype=">f4")
UNITS = "days since 2001-01-01"
ATTRIBUTES = {
    "time": {"standard_name": "time", "units": UNITS, "calendar": "standard"},
    "lat": {"standard_name": "latitude", "units": "degrees_north"},
    "lon": {"standard_name": "longitude", "units": "degrees_east"},
    "sst": {"standard_name": "sea_surface_temperature", "units": "K"},
}


def sst():
    """The whole of what the daily files hold together."""
    return (270.0 + pattern.index((DAYS, LATITUDES, LONGITUDES)) / 4).astype(">f4")


def daily(number):
    """A function that makes the file of one day, in the classic format."""

    def make(path):
        with netCDF4.Dataset(path, "w", format="NETCDF3_CLASSIC") as file:
            file.title = "Sample sea surface temperature"
            for name, size in (("time", 1), ("lat", LATITUDES), ("lon", LONGITUDES)):
                file.createDimension(name, size)
            # The last variable stands at the end of the file: the reference set counts on it.
            given = {"time": np.array([number], "f8"), "lat": LAT, "lon": LON, "sst": sst()[number : number + 1]}
            for name, values in given.items():
                dimensions = ("time", "lat", "lon") if name == "sst" else (name,)
                variable = file.createVariable(name, values.dtype.newbyteorder("="), dimensions)
                variable.setncatts(ATTRIBUTES[name])
                variable[...] = values

    return make


def joined(path):
    """NcML that joins the daily files."""
    pathlib.Path(path).write_text("""<?xml version="1.0" encoding="UTF-8"?>
<netcdf xmlns="http://www.unidata.ucar.edu/namespaces/netcdf/ncml-2.2">
  <attribute name="title" value="Sample sea surface temperature, all days"/>
  <aggregation dimName="time" type="joinExisting">
    <scan location="daily/" suffix=".nc"/>
  </aggregation>
</netcdf>
""")


def array(shape, chunks, dtype, attributes, dimensions):
    """The documents of an array of Zarr version 2."""
    described = {
        "zarr_format": 2, "shape": shape, "chunks": chunks, "dtype": dtype, "compressor": None, "filters": None, "fill_value": None,
        "order": "C",
    }
    return json.dumps(described), json.dumps({"_ARRAY_DIMENSIONS": dimensions} | attributes)


def referred(path):
    """A Kerchunk reference set of the daily files, which lie beside it; coordinates stand in the set itself."""
    folder = pathlib.Path(path).parent
    references = {".zgroup": '{"zarr_format":2}', ".zattrs": '{"title":"Sample sea surface temperature, by references"}'}
    coordinates = {"time": np.arange(DAYS, dtype="<f8"), "lat": LAT, "lon": LON}
    for name, values in coordinates.items():
        documents = array(values.shape, values.shape, values.dtype.str, ATTRIBUTES[name], [name])
        references |= zip((f"{name}/.zarray", f"{name}/.zattrs"), documents)
        references[f"{name}/0"] = "base64:" + base64.b64encode(values.tobytes()).decode()
    shape = sst().shape
    documents = array(shape, (1, *shape[1:]), ">f4", ATTRIBUTES["sst"], ["time", "lat", "lon"])
    references |= zip(("sst/.zarray", "sst/.zattrs"), documents)
    for day in range(DAYS):
        size = sst()[day].nbytes
        file = f"daily/day{day}.nc"
        references[f"sst/{day}.0.0"] = [file, (folder / file).stat().st_size - size, size]
    pathlib.Path(path).write_text(json.dumps({"version": 1, "refs": references}, indent=1) + "\n")


def store(path):
    """A Zarr store of version 3: waves in a group, in chunks that overhang, packed with gzip."""
    waves = pattern.reals((10, 14), "f4")
    write(path, "", {"node_type": "group", "attributes": {"title": "Sample waves"}})
    for name, size in (("y", 10), ("x", 14)):
        put(f"{path}/{name}", (np.arange(size) * 0.5 + 0.25).astype("f8"), (size,), (name,), {"units": "km"})
    write(path, "sea", {"node_type": "group", "attributes": {}})
    put(f"{path}/sea/height", waves, (4, 6), ("y", "x"), {"units": "m", "long_name": "height of waves"})


def write(path, name, members):
    """A metadata document."""
    folder = pathlib.Path(path) / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "zarr.json").write_text(json.dumps({"zarr_format": 3} | members, indent=1) + "\n")


def put(path, values, chunks, dimensions, attributes):
    """An array of Zarr version 3."""
    codecs = [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "gzip", "configuration": {"level": 5}}]
    write(path, "", {
        "node_type": "array", "shape": values.shape, "data_type": values.dtype.name, "fill_value": 0.0, "codecs": codecs,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": chunks}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "dimension_names": dimensions, "attributes": attributes,
    })
    counts = [-(-size // chunk) for size, chunk in zip(values.shape, chunks)]
    padded = np.zeros([count * chunk for count, chunk in zip(counts, chunks)], values.dtype)
    padded[tuple(map(slice, values.shape))] = values
    for place in np.ndindex(*counts):
        part = tuple(slice(at * chunk, (at + 1) * chunk) for at, chunk in zip(place, chunks))
        file = pathlib.Path(path).joinpath("c", *map(str, place))
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(gzip.compress(np.ascontiguousarray(padded[part]).tobytes(), mtime=0))
