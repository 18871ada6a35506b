#!/usr/bin/env python3
"""Asks for maps with real clients, and compares what they show with what is in the files.

`maps.py --venvs DIR --weir FILE [--plugins-only DIR]`. OWSLib reads the capabilities of both versions of WMS, asks for maps in every coordinate reference
system, and for values at random places, which must be those that xarray selects; GDAL's WMS driver reads maps and tiles; NumPy reads tiles of values.
Exit code: 0 all is as it must be, 1 something is not, 2 could not run.
"""

from __future__ import annotations

import io
import json
import random
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from functools import partial
from pathlib import Path

import environment
from server import Weir

SEED = 20261122
POINTS = 200
# Hamburg, Rome, Reykjavik, Cape Town, New York, Sydney.
PLACES = ((10.0, 53.5), (12.5, 41.9), (-21.9, 64.1), (18.4, -33.9), (-74.0, 40.7), (151.2, -33.9))
HALF = 20037508.342789244


def made(folder: Path) -> list[Path]:
    """Grids of which one variable holds the longitude of each cell, another the latitude, and a third numbers that differ everywhere."""
    import netCDF4
    import numpy as np

    files = []
    for number, (west, east) in enumerate([(0, 360), (-180, 180), (20, 380)]):
        path = folder / f"grid{number}.nc"
        files.append(path)
        with netCDF4.Dataset(path, "w") as file:
            file.title = f"grid {number}"
            for name, length in {"time": 31, "lev": 3, "lat": 181, "lon": 360}.items():
                file.createDimension(name, length)
            time = file.createVariable("time", "f8", ("time",))
            time.setncatts({"units": "hours since 2001-01-01", "standard_name": "time"})
            time[:] = np.arange(31) * 6
            lev = file.createVariable("lev", "f4", ("lev",))
            lev.setncatts({"units": "hPa", "positive": "down", "standard_name": "air_pressure"})
            lev[:] = [1000, 850, 500]
            lat = file.createVariable("lat", "f8", ("lat",))
            lat.units = "degrees_north"
            lat[:] = np.linspace(-90, 90, 181)[:: -1 if number else 1]
            lon = file.createVariable("lon", "f8", ("lon",))
            lon.units = "degrees_east"
            lon[:] = np.linspace(west, east, 360, endpoint=False)
            places = np.meshgrid((lon[:] + 180) % 360 - 180, lat[:])
            for name, values in zip(("east", "north"), places, strict=True):
                variable = file.createVariable(name, "f4", ("lat", "lon"))
                variable.units = "degrees"
                variable[:] = values
            values = np.arange(1, 31 * 3 * 181 * 360 + 1).reshape(31, 3, 181, 360)
            numbers = file.createVariable("numbers", "f8", ("time", "lev", "lat", "lon"), fill_value=-1.0, chunksizes=(1, 1, 181, 360), compression="zlib")
            numbers.units = "K"
            numbers[:] = np.ma.masked_where(values % 29 == 0, values)
    return files


def address(base: str, path: Path) -> str:
    return f"{base}/datasets/{path.name}/wms"


def capabilities(base: str, files: list[Path]) -> str:
    from owslib.wms import WebMapService

    for version in ("1.1.1", "1.3.0"):
        for path in files:
            for url in (address(base, path), f"{base}/thredds/wms/{path.name}"):
                wms = WebMapService(url, version=version)
                assert wms.identification.version == version and wms.identification.title.startswith("grid"), url
                assert set(wms.contents) == {"east", "north", "numbers"}, list(wms.contents)
                layer = wms["numbers"]
                west, south, east, north = layer.boundingBoxWGS84
                assert (east - west, south, north) == (360, -90, 90), layer.boundingBoxWGS84
                assert layer.elevations == ["1000", "850", "500"], layer.elevations
                assert layer.timepositions == ["2001-01-01T00:00:00Z/2001-01-08T12:00:00Z/PT6H"], layer.timepositions
                assert layer.defaulttimeposition == "2001-01-08T12:00:00Z"
                assert "default-scalar/viridis" in layer.styles and "EPSG:3857" in layer.crsOptions, (list(layer.styles)[:3], layer.crsOptions)
                legend = urllib.request.urlopen(layer.styles["default"]["legend"], timeout=60).read()
                assert legend.startswith(b"\x89PNG")
    return f"{len(files)} datasets at two addresses, both versions"


def windows():
    """Versions, systems, boxes in the order of longitude and latitude, and where a place lies in the box."""
    import numpy as np

    world = (-180, -90, 180, 90)

    def degrees(longitude, latitude):
        return longitude, latitude

    def mercator(longitude, latitude):
        return HALF * longitude / 180, HALF / np.pi * np.arctanh(np.sin(np.radians(latitude)))

    def polar(true_scale, middle):
        """Snyder's formulas 15-9, 14-15 and 21-34 on the ellipsoid of WGS 84."""
        a, f = 6378137.0, 1 / 298.257223563
        e, sign = np.sqrt(2 * f - f * f), np.sign(true_scale)

        def t(phi):
            return np.tan(np.pi / 4 - phi / 2) / ((1 - e * np.sin(phi)) / (1 + e * np.sin(phi))) ** (e / 2)

        def point(longitude, latitude):
            phi, along = np.radians(sign * latitude), np.radians(longitude - middle)
            scale = np.radians(abs(true_scale))
            radius = a * np.cos(scale) / np.sqrt(1 - (e * np.sin(scale)) ** 2) * t(phi) / t(scale)
            return radius * np.sin(along), -sign * radius * np.cos(along)

        return point

    square = (-8e6, -8e6, 8e6, 8e6)
    web = (-HALF, -HALF, HALF, HALF)
    yield from ((version, "EPSG:4326", world, degrees, PLACES) for version in ("1.1.1", "1.3.0"))
    yield "1.3.0", "CRS:84", world, degrees, PLACES
    yield from ((version, "EPSG:3857", web, mercator, PLACES) for version in ("1.1.1", "1.3.0"))
    north, south = [place for place in PLACES if place[1] > 35], [place for place in PLACES if place[1] < 0]
    yield from ((version, "EPSG:3995", square, polar(71, 0), north) for version in ("1.1.1", "1.3.0"))
    yield "1.3.0", "EPSG:3413", square, polar(70, -45), north
    yield "1.3.0", "EPSG:3031", square, polar(-71, 0), south


RANGES = {"east": (-180, 180), "north": (-90, 90)}


def maps(base: str, files: list[Path]) -> str:
    """Maps in grey show the longitudes and latitudes of places. An image that GDAL cannot read is none, so it reads them."""
    import numpy as np
    from owslib.wms import WebMapService

    compared = 0
    for path in files:
        services = {version: WebMapService(address(base, path), version=version) for version in ("1.1.1", "1.3.0")}
        for version, crs, box, point, places in windows():
            width = 720
            height = round(width * (box[3] - box[1]) / (box[2] - box[0]))
            for axis, (variable, (least, most)) in enumerate(RANGES.items()):
                image = services[version].getmap(
                    layers=[variable], styles=["default-scalar/gray"], srs=crs, bbox=box, size=(width, height), format="image/png", transparent=True,
                    colorscalerange=f"{least},{most}",
                )
                grey = pixels(image.read())[:, :, 0]
                assert grey.shape == (height, width), grey.shape
                for place in places:
                    x, y = point(*place)
                    column, row = int((x - box[0]) / (box[2] - box[0]) * width), int((box[3] - y) / (box[3] - box[1]) * height)
                    value = least + (most - least) * (grey[row, column] + 0.5) / 256
                    # A grey is a 256th of the range, a cell is a degree wide, and a pixel of the polar maps about a quarter of one.
                    assert np.isclose(value, place[axis], atol=1.2 + (most - least) / 256), (path.name, version, crs, variable, place, value)
                    compared += 1
    return f"{compared} places on maps in 6 systems"


def pixels(image: bytes):
    """Red, green, blue and opacity of an image, through GDAL."""
    import numpy as np

    reader = (
        "import sys, numpy as np\nfrom osgeo import gdal\ngdal.FileFromMemBuffer('/vsimem/i', sys.stdin.buffer.read())\n"
        "d = gdal.Open('/vsimem/i')\nb = d.GetRasterBand(1)\nt = b.GetColorTable()\n"
        "a = d.ReadAsArray()\na = np.array([t.GetColorEntry(n) for n in range(t.GetCount())], 'u1')[a] if t else np.moveaxis(a, 0, 2)\n"
        "sys.stdout.buffer.write(np.array(a.shape, '<i4').tobytes() + a.astype('u1').tobytes())"
    )
    done = subprocess.run(["/usr/bin/python3", "-c", reader], input=image, capture_output=True, check=True).stdout
    return np.frombuffer(done, "u1", offset=12).reshape(np.frombuffer(done, "<i4", 3))


def values(base: str, files: list[Path]) -> str:
    """GetFeatureInfo at random places, times and levels, beside xarray."""
    import numpy as np
    import xarray as xr
    from owslib.wms import WebMapService

    dice, missing = random.Random(SEED), 0
    for path in files:
        with xr.open_dataset(path) as local:
            dataset = local.load()
        services = {version: WebMapService(address(base, path), version=version) for version in ("1.1.1", "1.3.0")}
        for _ in range(POINTS // len(files) + 1):
            version, crs = dice.choice([("1.1.1", "EPSG:4326"), ("1.3.0", "EPSG:4326"), ("1.3.0", "CRS:84")])
            west, south = dice.uniform(-180, 150), dice.uniform(-90, 60)
            box, (i, j) = (west, south, west + 30, south + 30), (dice.randrange(100), dice.randrange(100))
            step, level = dice.randrange(31), dice.randrange(3)
            time = f"{np.datetime_as_string(dataset.time.values[step], 's')}Z"
            answer = services[version].getfeatureinfo(
                layers=["numbers"], query_layers=["numbers"], srs=crs, bbox=box, size=(100, 100), format="image/png", xy=(i, j), info_format="application/json",
                time=time, elevation=str(int(dataset.lev.values[level])),
            )
            feature = json.load(answer)["features"][0]
            longitude, latitude = west + 30 * (i + 0.5) / 100, south + 30 * (1 - (j + 0.5) / 100)
            column = int(np.argmin(np.abs((dataset.lon.values - longitude + 180) % 360 - 180)))
            expected = dataset.numbers.isel(time=step, lev=level, lon=column).sel(lat=latitude, method="nearest")
            found = feature["properties"]["value"]
            assert (np.isnan(expected) and found is None) or found == float(expected), (path.name, version, feature, float(expected))
            assert np.isclose((feature["geometry"]["coordinates"][0] - float(expected.lon) + 180) % 360, 180) and feature["properties"]["time"] == time
            missing += found is None
    return f"{POINTS} values are those of xarray, {missing} of them missing"


def gdal(base: str, files: list[Path]) -> str:
    """GDAL's WMS driver: subdatasets, both versions, both orders of axes, and tiles."""
    here, compared = Path(__file__).resolve().parent, 0
    for axis, (variable, (least, most)) in enumerate(RANGES.items()):
        arguments = [base, files[0].name, variable, str(least), str(most), json.dumps(PLACES)]
        done = subprocess.run(["/usr/bin/python3", here / "clients" / "gdal_maps.py", *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-1500:]
        told = json.loads(done.stdout)
        assert len(told["subdatasets"]) >= 3 and told["size"] > 0, told["subdatasets"]
        for form, greys in told["seen"].items():
            for place, grey in zip(PLACES, greys, strict=True):
                value = least + (most - least) * (grey + 0.5) / 256
                assert abs(value - place[axis]) < 1.2 + (most - least) / 256, (form, variable, place, value)
                compared += 1
    return f"{compared} places on maps and tiles"


def tiles(base: str, files: list[Path]) -> str:
    """Tiles of values, read by NumPy, hold what lies at their pixels; TileJSON names tiles that are there."""
    import numpy as np
    import xarray as xr

    def got(url):
        with urllib.request.urlopen(url, timeout=60) as response:
            return response.read()

    compared = 0
    for path in files:
        with xr.open_dataset(path) as local:
            dataset = local.load()
        below = f"{base}/datasets/{path.name}/tiles"
        described = json.loads(got(f"{below}/numbers/tilejson.json?elevation=850"))
        assert described["tilejson"] == "3.0.0"
        assert got(described["tiles"][0].format(z=1, x=0, y=1)).startswith(b"\x89PNG")
        for zoom, column, row in [(3, 4, 2), (5, 1, 20), (7, 70, 40)]:
            tile = np.load(io.BytesIO(got(f"{below}/numbers/{zoom}/{column}/{row}.npy?elevation=850&time=2001-01-03T12:00:00Z")))
            assert (tile.shape, tile.dtype) == ((256, 256), np.float32)
            middle = (np.arange(256) + 0.5) / 256
            longitudes = (column + middle) / 2**zoom * 360 - 180
            latitudes = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * (row + middle) / 2**zoom))))
            columns = [int(np.argmin(np.abs((dataset.lon.values - longitude + 180) % 360 - 180))) for longitude in longitudes]
            field = dataset.numbers.sel(time="2001-01-03T12:00:00", lev=850).isel(lon=columns).sel(lat=latitudes, method="nearest")
            np.testing.assert_array_equal(tile, field.values.astype("f4"))
            compared += tile.size
    return f"{compared} values of tiles"


def main() -> int:
    asked = environment.parser(__doc__)
    asked.add_argument("--plugins-only", type=Path, help="no linked-in plugins, those in this folder instead")
    asked = asked.parse_args()
    environment.enter(asked.venvs, "main")
    with tempfile.TemporaryDirectory() as data:
        files = made(Path(data))
        with Weir(asked.weir, [Path(data)], asked.plugins_only) as weir:
            cases = {"capabilities": capabilities, "maps": maps, "values": values, "GDAL": gdal, "tiles": tiles}
            return environment.told({name: partial(case, weir.base, files) for name, case in cases.items()})


if __name__ == "__main__":
    sys.exit(main())
