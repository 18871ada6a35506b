"""netCDF-C: the Python package netCDF4, and Debian's `nccopy` and `ncdump`."""

import pathlib
import re
import subprocess
import tempfile

import netCDF4
import numpy as np

from observed import Dataset, Variable, joined, plain

# A client that hangs is a failed case, not a stopped run.
PATIENCE = 60


def variable_seen(variable):
    """One netCDF4 variable; characters become text."""
    variable.set_auto_maskandscale(False)
    attributes = {name: plain(variable.getncattr(name)) for name in variable.ncattrs()}
    if variable.dtype.kind != "S":
        return Variable(variable.dimensions, np.asarray(variable[...]), attributes)
    variable.set_auto_chartostring(False)
    values = np.asarray(variable[...])
    if values.ndim == 0:
        return Variable((), joined(values.reshape(1)), attributes)
    text_dimension = (variable.dimensions[-1], values.shape[-1])
    return Variable(variable.dimensions[:-1], joined(values), attributes, text_dimension)


def seen(address, _expected=None):
    """Everything netCDF4 sees at an address: a URL or a file without groups."""
    with netCDF4.Dataset(address) as file:
        variables = {name: variable_seen(variable) for name, variable in file.variables.items()}
        attributes = {name: plain(file.getncattr(name)) for name in file.ncattrs()}
        unlimited = {name for name, dimension in file.dimensions.items() if dimension.isunlimited()}
        return Dataset(variables, {"/": attributes}, unlimited)


def run(*command):
    """Runs a tool; an error is what the tool says on standard error."""
    done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {said}")
    return done.stdout


def copied(address, _expected):
    """What `nccopy` copies from an address to a file."""
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "copy.nc"
        run("/usr/bin/nccopy", address, str(path))
        return seen(path)


def write_expected(expected, path):
    """Writes what netCDF-C should show as a file of the netCDF-3 data model."""
    with netCDF4.Dataset(path, "w", format="NETCDF3_64BIT_OFFSET") as file:
        for name in expected.unlimited:
            file.createDimension(name, None)
        for variable in expected.variables.values():
            text = (variable.text_dimension,) if variable.values.dtype == object else ()
            for name, size in [*zip(variable.dimensions, variable.values.shape), *text]:
                if name not in file.dimensions:
                    file.createDimension(name, size)
        file.setncatts(typed(expected.attributes["/"]))
        for name, variable in expected.variables.items():
            write_variable(file, name, variable)


def write_variable(file, name, variable):
    """One variable; text becomes characters."""
    attributes = typed(variable.attributes)
    values, dimensions = variable.values, variable.dimensions
    if values.dtype == object:
        width_name, width = variable.text_dimension
        flat = [list(text.encode().ljust(width, b"\0")) for text in values.reshape(-1).tolist()]
        values, dimensions = np.array(flat, "u1").view("S1").reshape(*values.shape, width), (*dimensions, width_name)
    stored = file.createVariable(name, values.dtype, dimensions, fill_value=attributes.pop("_FillValue", None))
    stored.set_auto_maskandscale(False)
    stored.set_auto_chartostring(False)
    stored.setncatts(attributes)
    stored[...] = values


def typed(attributes):
    """Plain attributes as netCDF4 takes them."""
    return {name: np.array(v["values"], v["type"]) if isinstance(v, dict) else v for name, v in attributes.items()}


def statements(text):
    """What `ncdump` printed, as a set of statements: their order is the client's, not the dataset's."""
    body = re.sub(r" // \(\d+ currently\)", "", text.split("\n", 1)[1])
    return {statement.strip() for statement in re.split(r" ;(?:\n|$)|(?<=:)\n", body) if statement.strip(" \n}")}


def dumped(address, expected):
    """What `ncdump` prints of an address, which must be what it prints of a file with the same content.

    It shows more than the values do: the same tool must come to the same text on both ways.
    """
    # 9 and 17 digits are what floats and doubles need to survive printing.
    commands = ["-h"], ["-p", "9,17"]
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "expected.nc"
        write_expected(expected, path)
        for options in commands:
            printed = [statements(run("/usr/bin/ncdump", *options, source).decode()) for source in (str(path), address)]
            if printed[0] != printed[1]:
                missing, extra = sorted(printed[0] - printed[1]), sorted(printed[1] - printed[0])
                raise RuntimeError(f"ncdump {options[0]} differs; missing: {missing}, not expected: {extra}"[:2000])
    return expected
