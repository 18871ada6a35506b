"""STAC documents: pystac walks through them and validates them, stac-validator does, DataPoint and intake-stac open what they find.

Schemas of the core of STAC are those that pystac brings. Schemas of extensions are on the web only, so they are not asked; what
extensions say is read through pystac's own classes instead.
"""

import json
import logging
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

import numpy
import pystac
import xarray
from pystac.extensions.datacube import DatacubeExtension
from pystac.validation.stac_validator import JsonSchemaSTACValidator

# Samples that every protocol can show, with a variable that is compared whole.
COMPARED = {"temperature.nc": "temperature", "precipitation.nc": "precipitation"}


def fetched(url):
    with urllib.request.urlopen(url, timeout=60) as response:
        return json.load(response)


class CoreOnly(JsonSchemaSTACValidator):
    """pystac's validator, for the core of STAC."""

    def validate_extension(self, *_, **__):
        return None


def local(samples, name):
    return xarray.open_dataset(samples / name, engine="netcdf4")


def same(samples, name, dataset):
    """Whether a dataset has the values of the local file, every one, missing ones included."""
    variable = COMPARED[name]
    with local(samples, name) as file:
        numpy.testing.assert_array_equal(dataset[variable].values, file[variable].values)
        numpy.testing.assert_array_equal(dataset["lat"].values, file["lat"].values)
        numpy.testing.assert_array_equal(dataset["time"].values, file["time"].values)
        assert len(numpy.unique(file[variable].values)) > 100, "the values tell where they stand"


def ids(base):
    return sorted(fetched(f"{base}/datasets"))


def pystac_walks_folders(base, _):
    """A walk from folder to folder finds each dataset once, and every document is valid."""
    pystac.validation.set_validator(CoreOnly())
    catalog = pystac.Catalog.from_file(f"{base}/stac/catalog/")
    items = list(catalog.get_items(recursive=True))
    assert sorted(item.id for item in items) == ids(base), f"{len(items)} items"
    for root, _, members in catalog.walk():
        root.validate()
        for item in members:
            item.validate()
    return f"{len(items)} items"


def pystac_validates_all(base, _):
    """`validate_all` from the top."""
    pystac.validation.set_validator(CoreOnly())
    catalog = pystac.Catalog.from_file(f"{base}/stac/catalog/")
    catalog.validate_all()


def pystac_reads_the_collection(base, _):
    """The collection of all datasets has an item for each."""
    pystac.validation.set_validator(CoreOnly())
    collection = pystac.Collection.from_file(f"{base}/stac-collection-all.json")
    collection.validate()
    items = list(collection.get_items())
    assert sorted(item.id for item in items) == ids(base), f"{len(items)} items"
    return f"{len(items)} items"


def pystac_reads_cubes(base, samples):
    """Dimensions and variables are those of the file; the place and the time are those of its coordinates."""
    for name in COMPARED:
        item = pystac.Item.from_file(f"{base}/datasets/{name}/stac")
        cube = DatacubeExtension.ext(item)
        with local(samples, name) as file:
            assert set(cube.dimensions) == set(file.dims), name
            for dimension in ("lat", "lon"):
                found = cube.dimensions[dimension].extent
                assert found == [float(file[dimension].min()), float(file[dimension].max())], (name, dimension)
            extent = [numpy.datetime64(text.rstrip("Z")) for text in cube.dimensions["time"].extent]
            assert extent == [file.time.values.min(), file.time.values.max()], name
            data = {key for key, variable in cube.variables.items() if variable.var_type == "data"}
            assert data == set(file.data_vars), name
            south, north = item.bbox[1], item.bbox[3]
            assert (south, north) == (float(file.lat.min()), float(file.lat.max())), name
            first = numpy.datetime64(item.common_metadata.start_datetime.replace(tzinfo=None))
            assert first == file.time.values.min(), name


def pystac_opens_assets(base, samples):
    """Each asset that says how xarray opens it does, and has the file's values."""
    opened = []
    for name in COMPARED:
        item = pystac.Item.from_file(f"{base}/datasets/{name}/stac")
        for key, asset in item.assets.items():
            options = asset.extra_fields.get("xarray:open_kwargs")
            if options is None:
                continue
            # Without dask, chunks are read as they are.
            options = {option: value for option, value in options.items() if option != "chunks"}
            with xarray.open_dataset(asset.href, **options) as dataset:
                same(samples, name, dataset)
            opened.append(f"{name}:{key}")
        with urllib.request.urlopen(item.assets["file"].href, timeout=60) as response:
            assert response.read() == (samples / name).read_bytes(), name
    assert len(opened) >= 4 * len(COMPARED), opened
    return ", ".join(opened)


def stac_validator(base, _):
    """stac-validator finds every item, catalog and collection valid; its schemas are those that pystac brings."""
    from stac_validator import stac_validator as validator

    schemas = pathlib.Path(pystac.validation.__file__).parent / "jsonschemas"
    documents = [f"{base}/stac-collection-all.json", f"{base}/stac/catalog/"]
    documents += [item["href"] for item in fetched(documents[0])["links"] if item["rel"] == "item"]
    with tempfile.TemporaryDirectory() as folder:
        for document in documents:
            fields = fetched(document)
            kind = {"Feature": "item", "Catalog": "catalog", "Collection": "collection"}[fields["type"]]
            checked = validator.StacValidate(core=True, schema_map=mapped(schemas), no_output=True)
            assert checked.validate_dict(fields), (document, kind, checked.message)
            assert checked.message[0]["valid_stac"], checked.message
        del folder
    return f"{len(documents)} documents"


def mapped(schemas):
    """Addresses of the core's schemas to the files that pystac brings."""
    version = "v1.1.0"
    found = {}
    for file in (schemas / "stac-spec" / version).glob("*.json"):
        found[json.loads(file.read_text())["$id"].rstrip("#")] = str(file)
    for file in (schemas / "geojson").glob("*.json"):
        found[f"https://geojson.org/schema/{file.name}"] = str(file)
    return found


def datapoint_opens_assets(base, samples):
    """CEDA's DataPoint counts every asset with a cloud format, and opens each with the file's values."""
    from ceda_datapoint import DataPointClient

    logging.disable(logging.WARNING)
    client = DataPointClient(url=f"{base}/stac")
    for name in COMPARED:
        search = client.search(ids=[name])
        items = search.items
        assert len(items) == 1, f"{name}: {len(items)} items"
        item = search[name] if isinstance(items, dict) else items[0]
        document = fetched(f"{base}/datasets/{name}/stac")
        clouds = [key for key, asset in document["assets"].items() if "cloud_format" in asset]
        cluster = search.collect_cloud_assets()
        assert len(cluster) == len(clouds) >= 3, f"{name}: {len(cluster)} of {clouds}"
        for key in clouds:
            same(samples, name, cluster[f"{name}-{key}"].open_dataset())
        assert item is not None


def intake_stac_opens_assets(base, samples):
    """intake-stac lists every item of the collection, and opens one by the link that it found."""
    import intake

    collection = intake.open_stac_item_collection if False else intake.open_stac_catalog
    catalog = collection(f"{base}/stac-collection-all.json")
    assert sorted(catalog) == ids(base), sorted(catalog)
    for name in COMPARED:
        entry = catalog[name]
        assert "zarr" in list(entry)
        same(samples, name, entry["zarr"].to_dask())


CASES = [
    pystac_walks_folders,
    pystac_validates_all,
    pystac_reads_the_collection,
    pystac_reads_cubes,
    pystac_opens_assets,
    stac_validator,
    datapoint_opens_assets,
    intake_stac_opens_assets,
]
