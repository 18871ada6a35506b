"""Samples that look like the science: temperature, packed data, stations, groups."""

import netCDF4
import numpy as np

import pattern

HOURS = "hours since 2001-01-01 00:00:00"


def coordinates(file, latitudes, longitudes):
    """Adds CF `lat` and `lon` with their dimensions."""
    file.createDimension("lat", latitudes)
    file.createDimension("lon", longitudes)
    lat = file.createVariable("lat", "f4", ("lat",))
    lat[:] = np.linspace(-88.5, 87.25, latitudes, dtype="f4")
    lat.setncatts({"standard_name": "latitude", "units": "degrees_north", "axis": "Y"})
    lon = file.createVariable("lon", "f4", ("lon",))
    lon[:] = np.linspace(1.25, 357.5, longitudes, dtype="f4")
    lon.setncatts({"standard_name": "longitude", "units": "degrees_east", "axis": "X"})


def record_time(file, steps):
    """Adds an unlimited CF `time` axis of `steps` six-hour steps."""
    file.createDimension("time", None)
    time = file.createVariable("time", "f8", ("time",), chunksizes=(8,))
    time[:] = 6.0 * pattern.index((steps,))
    time.setncatts({"standard_name": "time", "units": HOURS, "calendar": "gregorian", "axis": "T"})


def temperature(path):
    """3-D temperature, unlimited time, shuffle + deflate, chunks that overhang every axis."""
    with netCDF4.Dataset(path, "w") as file:
        file.setncatts({"Conventions": "CF-1.8", "title": "Sample air temperature", "history": "made for tests"})
        record_time(file, 18)
        coordinates(file, 37, 50)
        air = file.createVariable(
            "temperature", "f4", ("time", "lat", "lon"), zlib=True, complevel=4, shuffle=True,
            chunksizes=(5, 16, 24), fill_value=np.float32(9.96921e36),
        )
        air.setncatts({"standard_name": "air_temperature", "units": "K", "cell_methods": "time: mean"})
        shape = (18, 37, 50)
        air[:] = (230.0 + 60.0 * np.sin(pattern.index(shape) / 700.0) + pattern.index(shape) * 1e-4).astype("f4")


def packed(path):
    """Int16 with scale, offset and fill value; some elements missing."""
    with netCDF4.Dataset(path, "w") as file:
        file.Conventions = "CF-1.8"
        record_time(file, 9)
        coordinates(file, 21, 30)
        rain = file.createVariable(
            "precipitation", "i2", ("time", "lat", "lon"), zlib=True, shuffle=True,
            chunksizes=(4, 10, 16), fill_value=np.int16(-32768),
        )
        rain.set_auto_maskandscale(False)
        rain.setncatts({
            "units": "mm", "scale_factor": 0.0025, "add_offset": 81.5,
            "valid_range": np.array([-32000, 32000], "i2"), "flag_values": np.array([1, 2, 3], "i2"),
        })
        values = pattern.integers((9, 21, 30), "i2")
        values.reshape(-1)[::17] = -32768
        rain[:] = values


def station(path):
    """A small station series that lives in a subdirectory: an id with a slash."""
    with netCDF4.Dataset(path, "w") as file:
        file.setncatts({"featureType": "timeSeries", "Conventions": "CF-1.8"})
        record_time(file, 40)
        file.createDimension("station", 3)
        wind = file.createVariable("wind", "f8", ("time", "station"), zlib=True, chunksizes=(16, 2))
        wind.units = "m s-1"
        wind[:] = pattern.reals((40, 3), "f8")
        height = file.createVariable("height", "f4")
        height.units = "m"
        height[...] = np.float32(10.5)


def groups(path):
    """Two levels of groups; inner variables use inherited and own dimensions."""
    with netCDF4.Dataset(path, "w") as file:
        file.title = "forecast in groups"
        file.createDimension("x", 5)
        file.createVariable("x", "f8", ("x",))[:] = 0.5 * pattern.index((5,))
        forecast = file.createGroup("forecast")
        forecast.setncatts({"title": "first level", "run": np.int32(12)})
        forecast.createDimension("step", 4)
        forecast.createVariable("step", "i4", ("step",))[:] = 6 * pattern.index((4,))
        surface = forecast.createVariable("t", "f4", ("step", "x"), zlib=True, chunksizes=(3, 2))
        surface.units = "K"
        surface[:] = 280 + pattern.index((4, 5))
        deep = forecast.createGroup("deep")
        deep.setncatts({"title": "second level", "levels": np.array([10.5, 20.25], "f8")})
        deep.createDimension("level", 3)
        inner = deep.createVariable("t", "f8", ("step", "level", "x"), zlib=True, shuffle=True, chunksizes=(2, 2, 4))
        inner.units = "degC"
        inner[:] = pattern.reals((4, 3, 5), "f8")
        deep.createVariable("count", "i2", ("level",))[:] = pattern.integers((3,), "i2")
        deep.createVariable("depth", "f8")[...] = 101.25
        file.createGroup("empty").comment = "a group without variables"


def no_records(path):
    """An unlimited dimension that has no record yet, beside a full variable."""
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("time", None)
        file.createDimension("x", 4)
        file.createVariable("x", "f4", ("x",))[:] = pattern.reals((4,), "f4")
        late = file.createVariable("late", "f4", ("time", "x"), chunksizes=(2, 4))
        late.units = "m"


def ten(path):
    """Axes of ten: short enough to know every slab by heart."""
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("lat", 10)
        file.createDimension("lon", 10)
        file.createVariable("lat", "f4", ("lat",))[:] = pattern.reals((10,), "f4")
        file.createVariable("lon", "f8", ("lon",))[:] = pattern.reals((10,), "f8")
        t = file.createVariable("t", "i2", ("lat", "lon"), zlib=True, shuffle=True, chunksizes=(3, 4))
        t[:] = pattern.integers((10, 10), "i2")


def ensemble(path):
    """Two unlimited dimensions, of which netCDF-3 and DAP2 can have only one."""
    with netCDF4.Dataset(path, "w") as file:
        record_time(file, 5)
        file.createDimension("member", None)
        spread = file.createVariable("spread", "f4", ("time", "member"), chunksizes=(2, 2), zlib=True)
        spread[:] = pattern.reals((5, 3), "f4")
        file.createVariable("weight", "f8", ("member",))[:] = pattern.reals((3,), "f8")


def creation_order(path):
    """Variables, dimensions and attributes whose creation order is not the alphabet's."""
    with netCDF4.Dataset(path, "w") as file:
        for name, size in (("zonal", 3), ("alpha", 2), ("mid", 4)):
            file.createDimension(name, size)
        for name in ("zeta", "alpha", "mid", "beta"):
            file.setncattr(name, f"attribute {name}")
        for number, name in enumerate(("wind", "air", "zonal", "mid", "density", "cloud")):
            dimensions = (name,) if name in ("zonal", "mid") else ("zonal", "alpha", "mid")
            variable = file.createVariable(name, "f4", dimensions)
            variable.setncatts({"units": "1", "long_name": name, "comment": f"made as number {number}", "axis": "X"})
            shape = tuple(file.dimensions[d].size for d in dimensions)
            variable[:] = pattern.reals(shape, "f4") * (number + 1)


def awkward_names(path):
    """Names that a URL or a constraint expression must escape."""
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("x-axis", 6)
        for number, name in enumerate(("wind-speed", "2m_temperature", "t+1", "dew point", "température")):
            variable = file.createVariable(name, "i4", ("x-axis",))
            variable.units = "1"
            variable[:] = pattern.index((6,)) * (number + 1)
