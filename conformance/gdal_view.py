"""What a file is through GDAL 3.6: it has no type for signed bytes and shows them as 16 bits, characters are texts, attributes are
doubles and texts, and those that it takes for the direction of an axis are gone.
"""

import numpy as np

import javascript_view
import stored_view
import zarr_view
from observed import texts


OF_AXES = ("standard_name", "axis")


def shown(dataset):
    """The same in the types that GDAL has."""
    for variable in dataset.variables.values():
        values = np.asarray(variable.values)
        if values.dtype == np.int8:
            variable.values = values.astype("i2")
        elif values.dtype.kind == "S":
            variable.values = texts(np.char.decode(values, "utf-8", "surrogateescape"))
        variable.attributes = {name: value for name, value in variable.attributes.items() if name not in OF_AXES}
    return javascript_view.doubles(dataset)


def zarr(source):
    """The file through Zarr."""
    return shown(zarr_view.expected(source))


def stored(source):
    """The file through its stored chunks."""
    return shown(stored_view.expected(source))
