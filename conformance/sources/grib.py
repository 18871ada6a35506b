"""GRIB files as cfgrib and ecCodes read them, one message at a time.

cfgrib makes hypercubes of its own, and puts fields of several grids into one; a server may arrange fields in another way. So the
arrangement is the server's, and each field must have exactly one place in it, by parameter, level, time, step, member and grid.
"""

import dataclasses
import pathlib
import re
import tempfile

import cfgrib
import eccodes
import numpy as np

from local_file import Source, SourceVariable
from observed import Variable
from sources.projection import projected

# Degrees, and metres of projections: coordinates are computed, and ecCodes rounds them to six digits.
DEGREES, METRES = 1e-5, 1.0


@dataclasses.dataclass
class Field:
    """One message: what names it, its place among others, the bounds of its level, its points, and their values.

    Latitudes and longitudes stand beside each value; None where nobody but the server can tell them.
    """

    names: dict
    place: dict
    bounds: tuple
    earth: tuple
    first: tuple
    latitude: np.ndarray | None
    longitude: np.ndarray | None
    values: np.ndarray


def key(handle, name, kind=None):
    """A key of ecCodes, None where a message has no such thing."""
    try:
        return eccodes.codes_get(handle, name, kind)
    except eccodes.CodesInternalError:
        return None


def messages(path):
    """Every field of a file as a message of its own."""
    found = []
    eccodes.codes_grib_multi_support_on()
    with open(path, "rb") as file:
        while (handle := eccodes.codes_grib_new_from_file(file)) is not None:
            found.append(eccodes.codes_get_message(handle))
            eccodes.codes_release(handle)
    eccodes.codes_grib_multi_support_off()
    return found


def names_of(handle):
    """What names a variable, in the attributes that the server gives it."""
    names = {name: key(handle, name) for name in ("typeOfLevel", "stepType", "gridType")}
    if key(handle, "edition") == 2:
        names |= {name: key(handle, name) for name in ("discipline", "parameterCategory", "parameterNumber")}
    else:
        names |= {"paramId": key(handle, "paramId")}
    percentile = key(handle, "percentileValue")
    return names | {"variant": None if percentile is None else f"percentile_{percentile}"}


def place_of(handle):
    """Where a field stands among others, as cfgrib reads it: its coordinates."""
    said = cfgrib.cfmessage.CfMessage(eccodes.codes_clone(handle))
    place = {name: float(said[name]) for name in ("time", "step", "valid_time")}
    place[key(handle, "typeOfLevel")] = said["level:float"]
    number = said.get("number")
    return place if number is None else place | {"number": number}


def points(opened, values):
    """Latitude and longitude of each value as cfgrib has them."""
    if "latitude" not in opened.coords:
        return None, None
    latitude, longitude = np.asarray(opened.latitude), np.asarray(opened.longitude)
    if values.ndim == 2 and latitude.ndim == 1:
        latitude, longitude = np.meshgrid(latitude, longitude, indexing="ij")
    return latitude, longitude


def by_eccodes(handle):
    """Values and points in rows: cfgrib knows one order of points, from west to east and row by row."""
    columns, rows = key(handle, "Ni") or key(handle, "Nx"), key(handle, "Nj") or key(handle, "Ny")
    by_columns = key(handle, "jPointsAreConsecutive")

    def lines(stored):
        return np.array(stored).reshape((columns, rows) if by_columns else (rows, columns))

    values = lines(eccodes.codes_get_values(handle)).astype("f4")
    # ecCodes passes over alternating rows, where it gives values as well as where it places points.
    if key(handle, "alternativeRowScanning"):
        values[1::2] = values[1::2, ::-1]
    try:
        placed = [lines(eccodes.codes_get_array(handle, name)) for name in ("latitudes", "longitudes")]
    except eccodes.CodesInternalError:
        placed = [None, None]
    arrays = (values, *placed)
    return [array.T if by_columns and array is not None else array for array in arrays]


def field(message, folder):
    """One message as cfgrib opens it."""
    path = pathlib.Path(folder) / "message.grib"
    path.write_bytes(message)
    handle = eccodes.codes_new_from_message(message)
    layer = key(handle, "topLevel", float), key(handle, "bottomLevel", float)
    earth = key(handle, "earthMajorAxisInMetres"), key(handle, "earthMinorAxisInMetres"), key(handle, "radius")
    first = [key(handle, f"{name}OfFirstGridPointInDegrees") for name in ("latitude", "longitude")]
    try:
        if (key(handle, "scanningMode") or 0) & ~0x40:
            values, *placed = by_eccodes(handle)
        else:
            with cfgrib.open_dataset(path, indexpath="") as opened:
                (variable,) = opened.data_vars.values()
                values = np.array(variable.values)
                placed = points(opened, values)
    except eccodes.CodesInternalError:
        # ecCodes cannot place the points of some grids, and cfgrib opens no message without them.
        values, *placed = by_eccodes(handle)
    found = Field(names_of(handle), place_of(handle), layer, earth, first, *placed, values)
    eccodes.codes_release(handle)
    return found


def read(path):
    """Every field of a file."""
    with tempfile.TemporaryDirectory() as folder:
        return [field(message, folder) for message in messages(path)]


def role(name):
    """What a coordinate is: its name without the number that tells it from others."""
    return re.sub(r"_\d+$", "", name)


def coordinates(served, variable):
    """Coordinates of a variable by role, as paths."""
    of_attributes = str(variable.attributes.get("coordinates", "")).split()
    return {role(name): f"/{name}" for name in (*variable.dimensions, *of_attributes) if f"/{name}" in served.variables}


def named_alike(variable, one):
    """Whether a variable is of a field's parameter, type of level, type of step and grid."""
    return all(variable.attributes.get(f"GRIB_{name}") == value for name, value in one.names.items())


def served_points(served, paths, shape):
    """Latitude and longitude of each value as they are served, None where they are not."""
    if "latitude" not in paths:
        return None
    latitude, longitude = (served.variables[paths[name]].values for name in ("latitude", "longitude"))
    if len(shape) == 2 and latitude.ndim == 1:
        latitude, longitude = np.meshgrid(latitude, longitude, indexing="ij")
    return latitude, longitude


def near(left, right):
    """Whether these are the same degrees; longitudes have no beginning."""
    return np.shape(left) == np.shape(right) and np.abs((np.asarray(left) - right + 180) % 360 - 180).max() < DEGREES


def grid_alike(served, paths, one, shape):
    """Whether the points of a variable are those of a field; at least the first, where only the server can tell them."""
    seen = served_points(served, paths, shape)
    if seen is None:
        return one.latitude is None
    if one.latitude is None:
        return all(near(side.flat[0], told) for side, told in zip(seen, one.first))
    return all(near(side, expected.reshape(side.shape)) for side, expected in zip(seen, (one.latitude, one.longitude)))


def index_of(served, variable, paths, one):
    """Where in a variable a field belongs: an index for each axis before those of the grid; None where it does not."""
    index = {}
    for name, value in one.place.items():
        if name not in paths:
            return None
        axis = served.variables[paths[name]]
        # ecCodes divides scaled levels in another order.
        found = np.argwhere(np.atleast_1d(np.isclose(axis.values, value, rtol=1e-12, atol=0)))
        if name != "valid_time" and len(found) != 1:
            return None
        if name != "valid_time" and axis.dimensions:
            index[axis.dimensions[0]] = int(found[0][0])
    leading = variable.dimensions[: -1 if variable.dimensions[-1] == "values" else -2]
    return tuple(index[name] for name in leading) if set(leading) == set(index) else None


def earth_alike(mapping, one):
    """Whether a grid mapping has the figure of the earth that a message has, to a millimetre."""
    major, minor, radius = one.earth
    if "earth_radius" in mapping:
        return mapping["earth_radius"] in (radius, major)
    if "semi_major_axis" in mapping:
        return np.allclose((mapping["semi_major_axis"], mapping["semi_minor_axis"]), (major, minor), rtol=0, atol=1e-3)
    # Rotating a sphere needs no radius.
    return mapping["grid_mapping_name"] == "rotated_latitude_longitude"


def told(seen, expected):
    """What was expected, and what is seen where it is that but for the last bit."""
    return np.where(np.isclose(seen, expected, rtol=1e-12, atol=0), seen, expected)


class Arrangement:
    """What the served variables must hold, filled field by field; what no field fills stays NaN, and is a difference."""

    def __init__(self, served):
        self.served = served
        self.readable = {path: v for path, v in served.variables.items() if isinstance(v, Variable)}
        self.values = {path: np.full(np.shape(v.values), np.nan) for path, v in self.readable.items()}
        self.filled, self.homeless = set(), []

    def places(self, one):
        """Every place that is a field's."""
        for path, variable in self.served.variables.items():
            paths = coordinates(self.served, variable)
            if named_alike(variable, one) and grid_alike(self.served, paths, one, one.values.shape):
                mapping = variable.attributes.get("grid_mapping")
                index = index_of(self.served, variable, paths, one)
                if index is not None and (mapping is None or earth_alike(self.served.variables[f"/{mapping}"].attributes, one)):
                    yield path, index, paths

    def add(self, number, one):
        """Puts one field where it belongs; there must be one place for it, which nothing else has."""
        places = list(self.places(one))
        if len(places) != 1 or places[0][:2] in self.filled:
            self.homeless.append(f"message {number} ({one.names}, {one.place}) has {len(places)} places, or shares one")
            return
        path, index, paths = places[0]
        self.filled.add((path, index))
        if path in self.values:
            self.values[path][index] = one.values.reshape(self.values[path][index].shape)
        self.fill_coordinates(path, paths, index, one)

    def fill_coordinates(self, path, paths, index, one):
        """What the field says of its coordinates."""
        at = dict(zip(self.served.variables[path].dimensions, index))
        for name, value in one.place.items():
            axis = self.served.variables[paths[name]]
            inside = tuple(at[d] for d in axis.dimensions)
            self.values[paths[name]][inside] = told(axis.values[inside], value)
            bounds = axis.attributes.get("bounds")
            if bounds:
                self.values[f"/{bounds}"][inside] = told(self.served.variables[f"/{bounds}"].values[inside], one.bounds)
        # They were compared with a tolerance.
        for name in {"latitude", "longitude"} & paths.keys():
            self.values[paths[name]] = self.served.variables[paths[name]].values
        self.fill_projection(path, paths, one)

    def fill_projection(self, path, paths, one):
        """Coordinates of a projection are right where PROJ, told of the grid mapping, comes to them from latitudes and longitudes."""
        mapping = self.served.variables[path].attributes.get("grid_mapping")
        if mapping is None:
            return
        attributes = self.served.variables[f"/{mapping}"].attributes
        y, x = np.meshgrid(*(self.served.variables[paths[name]].values for name in "yx"), indexing="ij")
        found = projected(attributes, *served_points(self.served, paths, y.shape))
        most = DEGREES if attributes["grid_mapping_name"] == "rotated_latitude_longitude" else METRES
        if all(np.allclose(side, seen, rtol=0, atol=most) for side, seen in zip(found, (x, y))):
            # A grid mapping holds attributes; its value means nothing.
            for where in (paths["x"], paths["y"], f"/{mapping}"):
                self.values[where] = self.served.variables[where].values

    def variable(self, path):
        """What a served variable must hold; an integer that no field tells is a difference through its type."""
        seen, values = self.readable[path], self.values[path]
        if seen.values.dtype.kind == "f" or np.isfinite(values).all():
            values = values.astype(seen.values.dtype)
        return SourceVariable("number", tuple(f"/{name}" for name in seen.dimensions), values, dict(seen.attributes))


def arranged(fields, served):
    """The fields as the server arranges them, and complaints of fields that have no place there."""
    arrangement = Arrangement(served)
    for number, one in enumerate(fields, 1):
        arrangement.add(number, one)
    variables = {path: arrangement.variable(path) for path in arrangement.readable}
    return Source(variables, dict(served.attributes), []), arrangement.homeless
