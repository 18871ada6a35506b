"""zarr-python 3 over stores that are not fsspec's web server: obstore over HTTP and over the bucket, s3fs over the bucket."""

import urllib.parse

import fsspec
import obstore.store
import zarr

from clients.zarr_python import json_attributes, variable_seen
from observed import Dataset

BUCKET = "s3"
# A refusal stays one.
ONCE = {"max_retries": 0}


def place(address):
    """The server, and the key under which a dataset lies in the bucket."""
    server, dataset = address.removesuffix("/zarr").split("/datasets/", 1)
    return server, dataset


def obstore_http(address):
    """obstore over plain HTTP; it wants addresses that are encoded."""
    scheme, rest = address.split("://", 1)
    encoded = f"{scheme}://{urllib.parse.quote(rest, safe='/:')}"
    store = obstore.store.HTTPStore(encoded, client_options={"allow_http": True}, retry_config=ONCE)
    return zarr.storage.ObjectStore(store, read_only=True)


def obstore_s3(address):
    """obstore over the bucket."""
    server, key = place(address)
    options = {"endpoint": server, "region": "us-east-1", "skip_signature": True, "virtual_hosted_style_request": False}
    store = obstore.store.S3Store(BUCKET, prefix=key, client_options={"allow_http": True}, retry_config=ONCE, **options)
    return zarr.storage.ObjectStore(store, read_only=True)


def s3fs(address):
    """s3fs over the bucket."""
    server, key = place(address)
    files = fsspec.filesystem("s3", anon=True, endpoint_url=server, asynchronous=True)
    return zarr.storage.FsspecStore(files, path=f"{BUCKET}/{key}", read_only=True)


STORES = {"obstore-http": obstore_http, "obstore-s3": obstore_s3, "s3fs": s3fs}


def root(address, store, zarr_format, consolidated=True):
    """The root group of a dataset in a store."""
    return zarr.open_group(STORES[store](address), mode="r", zarr_format=zarr_format, use_consolidated=consolidated)


def seen(address, expected, store, zarr_format, consolidated=True):
    """Everything that zarr-python sees; without consolidated metadata, what the store lists."""
    group = root(address, store, zarr_format, consolidated)
    variables, attributes = {}, {"/": json_attributes(group)}
    for path, node in group.members(max_depth=None):
        if isinstance(node, zarr.Group):
            attributes[f"/{path}"] = json_attributes(node)
        else:
            variables[f"/{path}"] = variable_seen(node)
    return Dataset(variables, attributes)
