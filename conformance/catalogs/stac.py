"""STAC documents: pystac walks through them and validates them, stac-validator does, DataPoint and intake-stac open what they find.

Schemas of the core of STAC are those that pystac brings. Schemas of extensions are on the web only, so they are not asked; what
extensions say is read through pystac's own classes instead.
"""

import json
import logging
import pathlib
import tempfile
import urllib.request

import numpy
import pystac
import xarray
from pystac.extensions.datacube import DatacubeExtension
from pystac.validation.local_validator import get_local_schema_cache
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
    opened, pictures = [], []
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
        pictures += [asset.href for asset in item.assets.values() if asset.roles == ["thumbnail"]]
    for picture in pictures:
        with urllib.request.urlopen(picture, timeout=60) as response:
            assert response.headers["Content-Type"] == "image/png" and response.read(4) == b"\x89PNG", picture
    assert pictures
    assert len(opened) >= 4 * len(COMPARED), opened
    return ", ".join(opened)


def stac_validator(base, _):
    """stac-validator finds every item, catalog and collection valid; its schemas are those that pystac brings."""
    from stac_validator import stac_validator as validator

    all_items = fetched(f"{base}/stac-collection-all.json")
    documents = [f"{base}/stac/catalog/", f"{base}/stac-collection-all.json"]
    documents += [link["href"] for link in all_items["links"] if link["rel"] == "item"]
    with tempfile.TemporaryDirectory() as folder:
        schemas = local_schemas(pathlib.Path(folder))
        for document in documents:
            fields = fetched(document)
            checked = validator.StacValidate(core=True, schema_map=schemas)
            assert checked.validate_dict(fields), (document, checked.message)
            # It would find what is wrong.
            broken = validator.StacValidate(core=True, schema_map=schemas)
            assert not broken.validate_dict({**fields, "links": "none"}), document
    return f"{len(documents)} documents"


def local_schemas(folder):
    """Addresses of the core's schemas to files with those that pystac brings."""
    found = {}
    for number, (address, schema) in enumerate(get_local_schema_cache().items()):
        file = folder / f"{number}.json"
        file.write_text(json.dumps(schema))
        found[address] = str(file)
    return found


def datapoint_opens_assets(base, samples):
    """CEDA's DataPoint counts every asset with a cloud format, and opens each with the file's values."""
    from ceda_datapoint import DataPointClient

    logging.disable(logging.WARNING)
    client = DataPointClient(url=f"{base}/stac")
    opened = []
    for name in COMPARED:
        document = fetched(f"{base}/datasets/{name}/stac")
        clouds = [key for key, asset in document["assets"].items() if "cloud_format" in asset]
        search = client.search(collections=[document["collection"]], ids=[name])
        assert list(search.items) == [name], list(search.items)
        cluster = search.collect_cloud_assets()
        assert len(cluster.products) == len(clouds) >= 3, f"{name}: {len(cluster.products)} of {clouds}"
        for key in clouds:
            same(samples, name, cluster[f"{name}-{key}"].open_dataset())
            opened.append(f"{name}-{key}")
    return ", ".join(opened)


def datapoint_counts_every_asset(base, _):
    """Of all items of all collections, DataPoint reaches every asset with a cloud format."""
    from ceda_datapoint import DataPointClient

    logging.disable(logging.WARNING)
    client = DataPointClient(url=f"{base}/stac")
    reached, written = 0, 0
    for collection in client.list_collections():
        search = client.search(collections=[collection])
        for name, item in search.items.items():
            clouds = [asset for asset in item.get_assets_dict().values() if "cloud_format" in asset.extra_fields]
            products = item.collect_cloud_assets()
            count = len(products.products) if hasattr(products, "products") else int(products is not None)
            assert count == len(clouds), f"{name}: {count} of {len(clouds)}"
            reached, written = reached + count, written + len(clouds)
    assert reached == written > len(ids(base)), reached
    return f"{reached} assets"


def intake_stac_opens_assets(base, samples):
    """intake-stac lists every item of the collection, and opens one by the link that it found."""
    from intake_stac.catalog import StacCatalog, StacCollection

    catalog = StacCollection.from_url(f"{base}/stac-collection-all.json")
    assert sorted(catalog) == ids(base), sorted(catalog)
    folders = StacCatalog.from_url(f"{base}/stac/catalog/")
    assert set(folders) >= set(COMPARED), sorted(folders)
    for name in COMPARED:
        entry = catalog[name]
        assert {"zarr", "stored", "opendap", "file"} <= set(entry), sorted(entry)
        for key in ("zarr", "stored"):
            same(samples, name, entry[key].to_dask())


CASES = [
    pystac_walks_folders,
    pystac_validates_all,
    pystac_reads_the_collection,
    pystac_reads_cubes,
    pystac_opens_assets,
    stac_validator,
    datapoint_opens_assets,
    datapoint_counts_every_asset,
    intake_stac_opens_assets,
]
