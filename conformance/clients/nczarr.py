"""netCDF-C's own client of Zarr, NCZarr, over the bucket: of Debian, and of the netCDF4 wheel."""

import netCDF4

from clients.netcdf_c import run, seen


def address_in_bucket(address):
    """A dataset as NCZarr names it."""
    server, dataset = address.removesuffix("/zarr").split("/datasets/", 1)
    return f"{server}/s3/{dataset}#mode=zarr,s3"


def wheel(address, expected):
    """Everything that the wheel sees."""
    netCDF4.Dataset(address_in_bucket(address)).close()
    return seen(address_in_bucket(address))


def debian(address, expected):
    """Whether Debian's `ncdump` opens it; then what the wheel sees."""
    run("/usr/bin/ncdump", "-h", address_in_bucket(address))
    return seen(address_in_bucket(address))
