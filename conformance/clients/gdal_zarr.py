"""GDAL's driver for Zarr over `/vsicurl/`, asked about one hierarchy after the other by Debian's Python; `companion.py` says in which form.

It stands alone: no module of the other clients is there.
"""

import json
import sys
import urllib.request

import numpy as np
from osgeo import gdal

gdal.UseExceptions()
# Nothing is remembered between datasets, and no listing of the server is asked for.
gdal.SetConfigOption("GDAL_DISABLE_READDIR_ON_OPEN", "EMPTY_DIR")
gdal.SetConfigOption("GDAL_PAM_ENABLED", "NO")


OF_AXES = ("standard_name", "axis")
COMPRESSORS = (None, *gdal.GetDriverByName("Zarr").GetMetadataItem("COMPRESSORS").split(","))


def attribute(found):
    """An attribute as JSON has it."""
    value = found.Read()
    return list(value) if isinstance(value, (list, tuple)) else value


def attributes(node):
    """Attributes by name, without those that it takes for the direction of an axis where there is one."""
    return {found.GetName(): attribute(found) for found in node.GetAttributes() or [] if found.GetName() not in OF_AXES}


def taken(array):
    """Attributes that GDAL shows as its own things."""
    own = {"units": array.GetUnit() or None, "scale_factor": array.GetScale(), "add_offset": array.GetOffset()}
    return {name: value for name, value in own.items() if value is not None}


def fill(array):
    """The fill value, as a number or as text where JSON has no such number."""
    value = array.GetNoDataValueAsInt64() if array.GetDataType().GetNumericDataType() == gdal.GDT_Int64 else array.GetNoDataValueAsDouble()
    return value if value is None or np.isfinite(value) else str(value)


def read(array):
    """All elements."""
    dtype = array.GetDataType()
    if dtype.GetClass() == gdal.GEDTC_STRING:
        got = array.Read()
        parts = [got] if isinstance(got, (str, bytes)) else got
        return {"texts": [part.decode("utf-8", "surrogateescape") if isinstance(part, bytes) else part for part in parts]}, None
    values = np.ascontiguousarray(array.ReadAsArray())
    return {"type": values.dtype.str, "bytes": values.nbytes}, values.tobytes()


def tell_array(array):
    """Writes one array, or its error."""
    names = [dimension.GetName() for dimension in array.GetDimensions()]
    header = {"path": array.GetFullName(), "kind": "array", "dimensions": names, "shape": [dimension.GetSize() for dimension in array.GetDimensions()]}
    data = None
    try:
        header["attributes"], header["fill"] = attributes(array) | taken(array), fill(array)
        more, data = read(array)
        header |= more
    except Exception as error:  # whatever GDAL throws is what is told
        header["error"] = str(error)
    write(header, data)


def opened(root, path):
    """An array, or None."""
    try:
        return root.OpenMDArrayFromFullname(path)
    except RuntimeError:
        return None


def beyond(document):
    """Why GDAL cannot read an array that it does not open; it does not say so itself."""
    filters = [one["id"] for one in document["filters"] or [] if one["id"] != "delta"]
    if filters:
        return f"GDAL has no filter {', '.join(filters)}"
    compressor = (document["compressor"] or {}).get("id")
    if compressor not in COMPRESSORS:
        return f"GDAL has no compressor {compressor}"
    return "GDAL has no axes without an index" if 0 in document["shape"] else "GDAL does not open it"


def tell_node(root, key, document):
    """Writes what a key of consolidated metadata names. GDAL leaves what it cannot read out of its own lists."""
    path, kind = "/" + "/".join(key.split("/")[:-1]), key.split("/")[-1]
    try:
        if kind == ".zgroup":
            group = root if path == "/" else root.OpenGroupFromFullname(path)
            write({"path": path, "kind": "group", "attributes": attributes(group)})
        elif kind == ".zarray":
            array = opened(root, path)
            if array is None:
                raise ValueError(beyond(document))
            tell_array(array)
    except Exception as error:  # as above
        write({"path": path, "kind": "array", "shape": [], "error": str(error)})


def write(header, data=None):
    """One answer."""
    sys.stdout.buffer.write(json.dumps(header).encode() + b"\n" + (data or b""))


def main():
    for line in sys.stdin:
        end = ""
        try:
            question = json.loads(line)
            address = question["address"]
            root = gdal.OpenEx(f'ZARR:"/vsicurl/{address}"', gdal.OF_MULTIDIM_RASTER).GetRootGroup()
            with urllib.request.urlopen(f"{address}/.zmetadata", timeout=60) as response:
                for key, document in json.load(response)["metadata"].items():
                    tell_node(root, key, document)
        except Exception as error:
            end = str(error)
        write({"end": end})
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
