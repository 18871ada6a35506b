"""netCDF-C over DAP4: the Python package netCDF4, and Debian's `nccopy` and `ncdump`."""

import pathlib
import tempfile

import local_file
from clients.netcdf_c import run, statements
from dap4_view import shown, with_attributes

# Where the client keeps what the DMR says of maps.
MAPS = "_edu.ucar.maps"


def without_maps(source):
    """What the client sees, without its bookkeeping."""
    return with_attributes(shown(source), lambda name, value: None if name == MAPS else value)


def seen(address, _expected):
    """Everything netCDF4 sees."""
    return without_maps(local_file.read_by_netcdf4(f"{address}#dap4"))


def copied(address, _expected):
    """What `nccopy` copies to a file."""
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "copy.nc"
        run("/usr/bin/nccopy", "-k", "nc4", f"{address}#dap4", str(path))
        return without_maps(local_file.read(path))


def dumped(address, _expected):
    """What `nccopy` copies, of which `ncdump` must print the same as of the address."""
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "copy.nc"
        run("/usr/bin/nccopy", "-k", "nc4", f"{address}#dap4", str(path))
        printed = [statements(run("/usr/bin/ncdump", "-p", "9,17", source).decode()) for source in (str(path), f"{address}#dap4")]
        if printed[0] != printed[1]:
            missing, extra = sorted(printed[0] - printed[1]), sorted(printed[1] - printed[0])
            raise RuntimeError(f"ncdump differs; missing: {missing}, not expected: {extra}"[:2000])
        return without_maps(local_file.read(path))
