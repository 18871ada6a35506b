"""siphon: datasets that are found by walking THREDDS catalogs, opened through OPENDAP, and downloaded."""

import json
import pathlib
import tempfile
import urllib.request

import netCDF4
from siphon.catalog import TDSCatalog

from clients.netcdf_c import variable_seen
from clients.xarray_engines import decoded_local
from observed import Dataset, plain


def asked(address):
    """The server and the dataset that an address names, `BASE/datasets/ID/PATH`."""
    base, rest = address.split("/datasets/", 1)
    return base, rest.rsplit("/", 1)[0]


def walked(catalog):
    """All datasets of a catalog and of those that it refers to, by ID."""
    found = {dataset.id: dataset for dataset in catalog.datasets.values()}
    for reference in catalog.catalog_refs.values():
        found |= walked(reference.follow())
    return found


def dataset_of(address):
    """The dataset as catalogs have it; they must list every dataset that the server has, and no other."""
    base, identifier = asked(address)
    found = walked(TDSCatalog(f"{base}/thredds/catalog.xml"))
    with urllib.request.urlopen(f"{base}/datasets") as response:
        listed = json.load(response)
    if sorted(found) != sorted(listed):
        raise AssertionError(f"catalogs have {sorted(found)}, but the server has {sorted(listed)}")
    return found[identifier]


def opened(address, _expected):
    """Everything siphon sees over OPENDAP, undecoded."""
    dataset = dataset_of(address)
    with dataset.remote_access() as file:
        if not isinstance(file, netCDF4.Dataset):
            raise AssertionError(f"siphon opens {file}")
        variables = {name: variable_seen(variable) for name, variable in file.variables.items()}
        attributes = {name: plain(file.getncattr(name)) for name in file.ncattrs()}
        unlimited = {name for name, dimension in file.dimensions.items() if dimension.isunlimited()}
        return Dataset(variables, {"/": attributes}, unlimited)


def downloaded(address, expected):
    """What is in the file that siphon downloads, decoded."""
    dataset = dataset_of(address)
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "downloaded.nc"
        dataset.download(path)
        return decoded_local(path, [], expected)


def subset(address, _expected):
    """As `opened`, of a catalog with this one dataset, which must tell of its data."""
    base, identifier = asked(address)
    catalog = TDSCatalog(f"{base}/thredds/catalog.xml?dataset={identifier}")
    (dataset,) = catalog.datasets.values()
    if dataset.id != identifier or not catalog.metadata["variables"]:
        raise AssertionError(f"{dataset.id} tells {catalog.metadata}")
    if dataset.access_urls["Zarr"] != f"{base}/datasets/{identifier}/zarr":
        raise AssertionError(f"{dataset.id} is at {dict(dataset.access_urls)}")
    with netCDF4.Dataset(dataset.access_urls["OPENDAP"]) as file:
        variables = {name: variable_seen(variable) for name, variable in file.variables.items()}
        attributes = {name: plain(file.getncattr(name)) for name in file.ncattrs()}
        unlimited = {name for name, dimension in file.dimensions.items() if dimension.isunlimited()}
        return Dataset(variables, {"/": attributes}, unlimited)
