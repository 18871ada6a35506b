"""Intake with intake-xarray, of version 1 and 2: datasets that are found in catalogs, decoded as xarray decodes them."""

import json
import urllib.request

import intake

from clients.xarray_engines import decoded_groups


def asked(address):
    """The server and the dataset that an address names, `BASE/datasets/ID/PATH`."""
    base, rest = address.split("/datasets/", 1)
    return base, rest.rsplit("/", 1)[0]


def of_all(address, _expected, method=None):
    """The dataset as the catalog of all datasets has it, which must list every one of them."""
    base, identifier = asked(address)
    catalog = intake.open_catalog(f"{base}/intake.yaml")
    with urllib.request.urlopen(f"{base}/datasets") as response:
        listed = json.load(response)
    if sorted(catalog) != sorted(listed):
        raise AssertionError(f"the catalog has {sorted(catalog)}, but the server has {sorted(listed)}")
    source = catalog[identifier]
    source = source if method is None else source(method=method)
    dataset = source.to_dask().load()
    return decoded_groups(lambda _group: dataset, ["/"])


def of_one(address, _expected, way):
    """The dataset as its own catalog has it."""
    base, identifier = asked(address)
    catalog = intake.open_catalog(f"{base}/datasets/{identifier}/catalog.yaml")
    dataset = catalog[f"{identifier}-{way}"].to_dask().load()
    return decoded_groups(lambda _group: dataset, ["/"])
