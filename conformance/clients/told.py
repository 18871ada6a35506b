"""R's ncdf4 and Octave's netcdf: clients without Python, which write what they see to a file in one plain form.

Numbers travel as doubles, which hold every number of DAP2. The form: counts and lengths as 32-bit integers, text as its
length and bytes, values as their class, how many, and each; then variables, global attributes, unlimited dimensions.
"""

import os
import pathlib
import struct
import subprocess
import tempfile

import numpy as np

from clients.netcdf_c import PATIENCE
from clients.pydap_dap2 import typed
from observed import Dataset, Variable, plain

HERE = pathlib.Path(__file__).parent
CLASSES = {"byte": "i1", "short": "i2", "int": "i4", "float": "f4", "single": "f4"}


class Told:
    """The plain form, read from its beginning."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def taken(self, size):
        """The next bytes."""
        if self.at + size > len(self.data):
            raise ValueError(f"{size} bytes are wanted at {self.at} of {len(self.data)}")
        self.at += size
        return self.data[self.at - size : self.at]

    def count(self):
        """A count or a length."""
        return struct.unpack("<i", self.taken(4))[0]

    def text(self):
        """A text."""
        return self.taken(self.count()).decode()

    def values(self):
        """Class and values: a list of `bytes`, or doubles."""
        kind, count = self.text(), self.count()
        return kind, [self.taken(self.count()) for _ in range(count)] if kind == "text" else np.frombuffer(self.taken(8 * count), "<f8")

    def attributes(self):
        """Attributes by name."""
        return {self.text(): self.values() for _ in range(self.count())}

    def dataset(self):
        """Variables (name, dimensions, attributes, values), attributes, unlimited dimensions."""
        variables = []
        for _ in range(self.count()):
            name = self.text()
            dimensions = [(self.text(), self.count()) for _ in range(self.count())]
            variables.append((name, dimensions, self.attributes(), self.values()))
        attributes = self.attributes()
        unlimited = {self.text() for _ in range(self.count())}
        if self.at != len(self.data):
            raise ValueError(f"{len(self.data) - self.at} bytes are left")
        return variables, attributes, unlimited


def numbers(kind, values, expected):
    """Numbers in the class that the client gives them; where it gives none, in the expected type if they have a place in it."""
    dtype = expected.dtype if kind == "number" else np.dtype(CLASSES.get(kind, kind))
    with np.errstate(invalid="ignore"):
        cast = values.astype(dtype)
    return cast if np.array_equal(cast.astype("f8"), values, equal_nan=True) else values


def attributes_seen(told, expected):
    """Attributes; numbers without a type get the expected one where they have a place in it."""
    shown = {}
    for name, (kind, values) in told.items():
        if kind == "text":
            # Octave shows the byte that ends a text where there is nothing else.
            shown[name] = plain([text.rstrip(b"\0").decode() for text in values])
        elif kind == "number":
            shown[name] = typed(expected.get(name), plain(values))
        else:
            shown[name] = plain(numbers(kind, values, values))
    return shown


def variable_seen(dimensions, told, values, expected):
    """One variable; the characters of R are texts, those of Octave lie along the last dimension."""
    kind, values = values
    sizes, text_dimension = [size for _, size in dimensions], None
    if kind == "text":
        width = sizes.pop() if sizes else 1
        text_dimension = dimensions.pop() if dimensions else (None, 1)
        if len(values) == 1 and np.prod(sizes) != 1:
            values = [values[0][at : at + width] for at in range(0, len(values[0]), width)]
        shown = np.array([text.rstrip(b"\0").decode() for text in values], dtype=object).reshape(sizes)
    else:
        shown = numbers(kind, values, np.asarray(expected.values)).reshape(sizes)
    return Variable(tuple(name for name, _ in dimensions), shown, attributes_seen(told, expected.attributes), text_dimension)


def dataset_seen(data, expected):
    """Everything that was told."""
    variables, attributes, unlimited = Told(data).dataset()
    nothing = Variable((), np.float64(0), {})
    shown = {
        name: variable_seen(dimensions, of_variable, values, expected.variables.get(name, nothing))
        for name, dimensions, of_variable, values in variables
    }
    return Dataset(shown, {"/": attributes_seen(attributes, expected.attributes["/"])}, unlimited)


def told_by(command, address, expected):
    """What a program writes to a file about an address."""
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "told"
        given = os.environ | {"URL": address, "FILE": str(path)}
        done = subprocess.run(command(address, path), capture_output=True, timeout=PATIENCE, check=False, env=given)
        if not path.exists() or done.returncode:
            raise RuntimeError(f"{command(address, path)[0]} ended with {done.returncode}: {done.stderr.decode(errors='replace')[-1500:]}")
        return dataset_seen(path.read_bytes(), expected)


def r(address, expected):
    """Everything that ncdf4 sees."""
    return told_by(lambda url, path: ["/usr/bin/Rscript", "--vanilla", str(HERE / "ncdf4.R"), url, str(path)], address, expected)


def octave(address, expected):
    """Everything that Octave sees."""
    return told_by(lambda _url, _path: ["/usr/bin/octave-cli", "--norc", str(HERE / "netcdf_package.m")], address, expected)
