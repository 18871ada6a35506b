"""Reference sets, as fsspec and kerchunk read them: a document, or partitions."""

import fsspec
import xarray
import zarr
from fsspec.implementations.reference import LazyReferenceMapper

from clients.xarray_engines import zarr_variable
from clients.zarr_python import json_attributes, variable_seen
from observed import Dataset
from zarr_view import json_form


def references(address, name):
    """What fsspec takes as a set: the URL of a document, or partitions that are read when needed.

    Given a URL with `.json` anywhere in it, it would take partitions for a document.
    """
    if name.endswith(".json"):
        return f"{address}/{name}"
    return LazyReferenceMapper(f"{address}/{name}", fs=fsspec.filesystem("http"), engine="pyarrow")


def zarr_python(address, expected, name):
    """Everything zarr-python sees of a set."""
    options = {"remote_protocol": "http", "remote_options": {"asynchronous": True}, "asynchronous": True}
    files = fsspec.filesystem("reference", fo=references(address, name), skip_instance_cache=True, **options)
    store = zarr.storage.FsspecStore(files, read_only=True, path="")
    root = zarr.open_group(store, mode="r", zarr_format=2, use_consolidated=False)
    variables, attributes = {}, {"/": json_attributes(root)}
    for path in [*expected.variables, *expected.attributes]:
        node = root[path.strip("/")] if path != "/" else root
        if isinstance(node, zarr.Group):
            attributes[path] = json_attributes(node)
        else:
            variables[path] = variable_seen(node)
    return Dataset(variables, attributes)


def xarray_engine(address, expected, name):
    """Everything the engine `kerchunk` of xarray sees, undecoded, group by group."""
    variables, attributes = {}, {}
    for group in expected.attributes:
        # The engine passes nothing else on to that of Zarr.
        options = {"decode_cf": False, "group": None if group == "/" else group.strip("/")}
        storage = {"remote_protocol": "http", "skip_instance_cache": True}
        found = xarray.open_dataset(
            references(address, name), engine="kerchunk", storage_options=storage, open_dataset_options=options,
        ).load()
        attributes[group] = {key: json_form(value) for key, value in found.attrs.items()}
        for key, variable in found.variables.items():
            variables[f"{group.rstrip('/')}/{key}"] = zarr_variable(variable)
    return Dataset(variables, attributes)
