"""VirtualiZarr, which reads reference sets into manifests, and Icechunk, which keeps what VirtualiZarr has read."""

import re
import urllib.parse

import icechunk
import numpy as np
import zarr
from obspec_utils.registry import ObjectStoreRegistry
from obstore.store import HTTPStore
from virtualizarr import open_virtual_dataset
from virtualizarr.parsers import KerchunkJSONParser, KerchunkParquetParser

from clients.zarr_python import json_attributes, variable_seen
from observed import Dataset, Refused, Variable
from zarr_view import json_form

PARSERS = {"refs.json": KerchunkJSONParser, "refs.parquet": KerchunkParquetParser}
# What VirtualiZarr says of an array of which nothing is stored.
ABSENT = re.compile(r"array (\S+) passed is of type")


def server_of(address):
    """The beginning of an address, with which everything begins that is fetched."""
    parts = urllib.parse.urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def registry(server):
    """Where VirtualiZarr gets what lies on a server."""
    return ObjectStoreRegistry({server: HTTPStore(server, client_options={"allow_http": True}, retry_config={"max_retries": 0})})


def attempted(read, group):
    """What `read` gives for a group, and the variables that VirtualiZarr refuses: it reads all of a group, or nothing."""
    refused = {}
    while True:
        try:
            return read(group, list(refused)), refused
        except TypeError as error:
            name = ABSENT.search(str(error))
            if name is None or name[1] in refused:
                raise
            refused[name[1]] = Refused(str(error))


def shown(read, expected):
    """All groups: `read` gives one as zarr-python sees it."""
    variables, attributes = {}, {}
    for group in expected.attributes:
        node, refused = attempted(read, group)
        attributes[group] = json_attributes(node)
        for name, array in node.arrays():
            path = f"{group.rstrip('/')}/{name}"
            variables[path] = with_fill(array, array_seen(array), expected.variables.get(path))
        variables |= {f"{group.rstrip('/')}/{name}": Variable((), error, {}) for name, error in refused.items()}
    return Dataset(variables, attributes)


def with_fill(array, seen, expected):
    """Puts `_FillValue` back where it is expected: VirtualiZarr makes the fill value of the array of it, and nothing else."""
    wanted = expected.attributes.get("_FillValue") if expected else None
    if wanted is not None and "_FillValue" not in seen.attributes:
        seen.attributes["_FillValue"] = json_form(np.asarray(array.metadata.fill_value, array.dtype))
    return seen


def array_seen(array):
    """One array, or its error."""
    try:
        return variable_seen(array)
    except Exception as error:  # whatever a client throws is a result
        return Variable((), Refused(repr(error)), {})


def parser(name, group, skipped):
    """The parser of a kind of set, for one group."""
    return PARSERS[name](group=group.strip("/") or None, skip_variables=skipped)


def virtualizarr(address, expected, name):
    """Everything that VirtualiZarr sees of a set."""
    stores = registry(server_of(address))

    def read(group, skipped):
        manifests = parser(name, group, skipped)(url=f"{address}/{name}", registry=stores)
        return zarr.open_group(manifests, mode="r", zarr_format=3)

    return shown(read, expected)


def repository(server):
    """An empty repository in memory, which may fetch from a server. Icechunk forgets the port of an address; it is told as a proxy."""
    config, without_port = icechunk.RepositoryConfig.default(), f"http://{urllib.parse.urlsplit(server).hostname}/"
    # A refusal stays one.
    config.storage = icechunk.StorageSettings(retries=icechunk.StorageRetriesSettings(max_tries=1))
    for prefix in (f"{server}/", without_port):
        store = icechunk.http_store({"allow_http": "true", "proxy_url": server})
        config.set_virtual_chunk_container(icechunk.VirtualChunkContainer(prefix, store))
    credentials = icechunk.containers_credentials({f"{server}/": None, without_port: None})
    return icechunk.Repository.create(icechunk.in_memory_storage(), config, authorize_virtual_chunk_access=credentials)


def kept(address, expected):
    """Everything that Icechunk gives back of what VirtualiZarr wrote into it."""
    server = server_of(address)
    stores, repo = registry(server), repository(server)

    def read(group, skipped):
        options = {"loadable_variables": [], "decode_times": False}
        virtual = open_virtual_dataset(
            f"{address}/refs.json", registry=stores, parser=parser("refs.json", group, skipped), **options,
        )
        session = repo.writable_session("main")
        virtual.vz.to_icechunk(session.store, group=group.strip("/") or None)
        session.commit(f"group {group}")
        return zarr.open_group(repo.readonly_session("main").store, mode="r", path=group.strip("/") or None)

    seen = shown(read, expected)
    for path, group in seen.attributes.items():
        # VirtualiZarr writes what xarray would: which variables of a group are coordinates.
        if "coordinates" not in expected.attributes.get(path, {}):
            group.pop("coordinates", None)
    return seen
