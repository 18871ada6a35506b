#!/usr/bin/env python3
"""Searches a STAC API with the clients that people have, and compares what they find with what plain Python finds.

`stac_search.py --venvs DIR --weir FILE [--samples DIR] [--plugins-only DIR]`. pystac-client searches by place, time, collection, id, filter
and query, in pages and in order; stac-api-validator checks the API; ceda-datapoint searches and opens what it found. Exit code: 0 all is
as it must be, 1 something is not, 2 could not run.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import urllib.request
from pathlib import Path
from random import Random

import environment
from server import Weir

HERE = Path(__file__).resolve().parent
# Where samples lie, so that there are collections: two of folders, and that of the datasets in no folder.
PLACES = {
    "ocean/surface/temperature.nc": "temperature.nc", "ocean/precipitation.nc": "precipitation.nc", "air/temperature.nc": "temperature.nc",
    "air/ten.nc": "ten.nc", "classic.nc": "classic_cdf1.nc", "strings.nc": "strings.nc", "a b&c.nc": "temperature.nc",
}
# A number that items have, which the validator compares.
CONFIG = """
[[plugins.stac.datasets]]
pattern = "air/**"
properties = { level = 4.5 }

[[plugins.stac.datasets]]
pattern = "ocean/**"
properties = { level = 9 }
"""
WORLD = '{"type": "Polygon", "coordinates": [[[-180, -90], [180, -90], [180, 90], [-180, 90], [-180, -90]]]}'
# All that stac-api-validator checks, and weir has.
CLASSES = [
    "core", "browseable", "collections", "features", "features#fields", "features#filter", "features#query", "features#sort",
    "item-search", "item-search#filter", "item-search#query", "item-search#sort",
]
# It wants 400 for `"fields": null`, which the extension has as one of the ways to ask for the usual fields: docs/protocols/stac-api.md.
NULL_FIELDS = 'body={"fields": null} had unexpected status code 200 instead of 400'


class Checks:
    """What was compared, and how it went."""

    def __init__(self) -> None:
        self.failed = self.passed = 0

    def same(self, what: str, got, expected) -> None:
        """Counts a comparison; says what differs."""
        if got == expected:
            self.passed += 1
        else:
            self.failed += 1
            print(f"FAILED {what}: {got!r}, but expected {expected!r}")


def make_swaths(folder: Path) -> None:
    """Grids that no box of longitudes and latitudes describes: a bent one, and one that lies slanted across the antimeridian."""
    import netCDF4
    import numpy

    folder.mkdir(parents=True, exist_ok=True)
    y, x = numpy.meshgrid(numpy.linspace(0, 1, 40), numpy.linspace(0, 1, 60), indexing="ij")
    for name, longitude, latitude in (
        ("bent.nc", -60 + 40 * x + 15 * y, 20 + 30 * y + 12 * x * (1 - x) + 6 * x),
        ("across.nc", (150 + 40 * x + 20 * y + 180) % 360 - 180, -40 + 30 * y - 20 * x),
    ):
        with netCDF4.Dataset(folder / name, "w") as file:
            file.createDimension("y", 40)
            file.createDimension("x", 60)
            values = {"lon": longitude, "lat": latitude, "sst": 280 + x + y}
            units = {"lon": "degrees_east", "lat": "degrees_north", "sst": "K"}
            for variable, numbers in values.items():
                made = file.createVariable(variable, "f8", ("y", "x"))
                made[:] = numbers
                made.units = units[variable]
            file["sst"].coordinates = "lon lat"


def met(item, geometry) -> bool:
    """Whether an item has a point in common with a geometry of shapely."""
    from shapely.geometry import shape

    return item.geometry is not None and shape(item.geometry).intersects(geometry)


def geometries(count: int) -> list[dict]:
    """Geometries all over the Earth, the same in each run: triangles, lines and points."""
    random = Random(1)
    made = []
    for number in range(count):
        west, south = random.uniform(-180, 150), random.uniform(-80, 60)
        places = [[west + random.uniform(0, 30), south + random.uniform(0, 20)] for _ in range(3)]
        made.append([
            {"type": "Polygon", "coordinates": [[*places, places[0]]]}, {"type": "LineString", "coordinates": places},
            {"type": "Point", "coordinates": places[0]},
        ][number % 3])
    return made


def times(item) -> tuple[str, str]:
    """When an item begins and ends."""
    properties = item.properties
    one = properties.get("datetime")
    return properties.get("start_datetime") or one, properties.get("end_datetime") or one


def search(checks: Checks, base: str) -> None:
    """pystac-client, beside comparisons in plain Python."""
    from pystac_client import Client
    from shapely.geometry import box, mapping, shape

    client = Client.open(f"{base}/stac")
    datasets = json.load(urllib.request.urlopen(f"{base}/datasets"))

    def found(**how):
        return [item.id for item in client.search(**how).items()]

    items = list(client.search().items())
    by_id = {item.id: item for item in items}
    checks.same("all items", [item.id for item in items], sorted(datasets))
    checks.same("matched", client.search().matched(), len(datasets))
    checks.same("pages by POST", found(limit=2), sorted(datasets))
    checks.same("pages by GET", found(limit=2, method="GET"), sorted(datasets))
    # Two of them lie in the boxes of grids that are slanted, and not on the grids.
    for place in ([-10, -10, 10, 10], [20, 88, 21, 89], [-180, -90, 180, 90], [-59, 45, -57, 47], [-172, -60, -171, -55]):
        expected = [item.id for item in items if met(item, box(*place))]
        checks.same(f"bbox {place}", found(bbox=place), expected)
        checks.same(f"polygon {place}", found(intersects=mapping(box(*place))), expected)
    checks.same("geometries are valid", [item.id for item in items if item.geometry and not shape(item.geometry).is_valid], [])
    counted = 0
    for geometry in geometries(60):
        expected = [item.id for item in items if met(item, shape(geometry))]
        counted += sum(one.startswith("swaths/") for one in expected)
        checks.same(f"intersects {geometry}", found(intersects=geometry), expected)
        literal = {"op": "s_intersects", "args": [{"property": "geometry"}, geometry]}
        checks.same(f"s_intersects {geometry}", found(filter=literal), expected)
    checks.same("some geometries meet slanted grids", counted > 3, True)
    for start, end in (("2001-01-01T00:00:00Z", "2001-01-02T00:00:00Z"), ("1950-01-01T00:00:00Z", "1990-01-01T00:00:00Z")):
        expected = [item.id for item in items if times(item)[0] <= end and start <= times(item)[1]]
        checks.same(f"datetime {start}/{end}", found(datetime=f"{start}/{end}"), expected)
        checks.same(f"datetime {start}/.., by GET", found(datetime=f"{start}/..", method="GET"), [i.id for i in items if start <= times(i)[1]])
    for name in ("ocean", "air", "datasets", "swaths"):
        expected = [item.id for item in items if item.collection_id == name]
        checks.same(f"collection {name}", found(collections=[name]), expected)
        checks.same(f"items of collection {name}", [item.id for item in client.get_collection(name).get_items()], expected)
    checks.same("collections", sorted(one.id for one in client.get_collections()), ["air", "datasets", "ocean", "swaths"])
    checks.same("ids", found(ids=["air/ten.nc", "a b&c.nc", "none"]), ["a b&c.nc", "air/ten.nc"])
    for one in ("a b&c.nc", "ocean/surface/temperature.nc"):
        checks.same(f"item {one}", client.get_collection(by_id[one].collection_id).get_item(one).id, one)
    ordered(checks, found, items)


def ordered(checks: Checks, found, items) -> None:
    """Orders, filters and parts of items."""
    checks.same("sorted by id, down", found(sortby="-id", limit=3), sorted((item.id for item in items), reverse=True))
    title = {item.id: item.properties.get("title") for item in items}
    titled = sorted((item.id for item in items if title[item.id]), key=lambda one: (title[one], one))
    checks.same("sorted by title", found(sortby="title", limit=2)[: len(titled)], titled)
    expected = [one for one in title if (title[one] or "").startswith("Sample air")]
    checks.same("something is expected of the filter", bool(expected), True)
    checks.same("filter, text", found(filter="title LIKE 'Sample air%'", filter_lang="cql2-text", method="GET"), expected)
    like = {"op": "like", "args": [{"property": "title"}, "Sample air%"]}
    both = {"op": "and", "args": [like, {"op": "=", "args": [{"property": "collection"}, "air"]}]}
    checks.same("filter, JSON", found(filter=both, filter_lang="cql2-json"), [one for one in expected if one.startswith("air/")])
    has = [item.id for item in items if "temperature" in item.properties.get("variables", [])]
    checks.same("filter by variable", found(filter={"op": "a_contains", "args": [{"property": "variables"}, ["temperature"]]}), has)
    levels = [item.id for item in items if item.properties.get("level", 0) > 4.5]
    checks.same("query by number", (found(query={"level": {"gt": 4.5}}), len(levels)), (levels, 2))
    checks.same("query, as typed", found(query=["level>4.5"]), levels)
    checks.same("query", found(query={"title": {"startsWith": "Sample air"}}), expected)


def parts(checks: Checks, base: str) -> None:
    """The extension Fields, which pystac-client passes on as it is."""
    from pystac_client import Client

    def first(fields):
        pages = Client.open(f"{base}/stac").search(ids=["air/temperature.nc"], fields=fields).pages_as_dicts()
        return next(pages)["features"][0]

    item = first(["id", "properties.title", "-links"])
    checks.same("fields", (sorted(item["properties"]), "links" in item, item["id"]), (["title"], False, "air/temperature.nc"))
    item = first(["-geometry"])
    checks.same("fields, all but", ("geometry" in item, "assets" in item), (False, True))


def validate(checks: Checks, base: str) -> None:
    """stac-api-validator."""
    from stac_api_validator.validations import QueryConfig, validate_api

    sys.path.insert(0, str(HERE / "clients"))
    import stac_schemas

    stac_schemas.use_files()
    levels = dict(eq=4.5, neq=9, lt=9, lte=4.5, gt=4, gte="4.5")
    query = {f"query_{sign}_value": level for sign, level in levels.items()}
    query |= dict(query_comparison_field="level", query_substring_field="title", query_in_field="variables")
    query |= dict(query_starts_with_value="Sample", query_ends_with_value="temperature", query_contains_value="air")
    query |= dict(query_in_values="temperature,precipitation")

    def said(classes: list[str]) -> list[str]:
        # Its command line has no name for filters, so its function is called.
        _, errors = validate_api(
            root_url=f"{base}/stac", ccs_to_validate=classes, collection="air", geometry=WORLD, auth_bearer_token=None,
            auth_query_parameter=None, fields_nested_property="properties.title", validate_pagination=True,
            query_config=QueryConfig(**query), transaction_collection=None, headers=None,
        )
        return list(errors)

    checks.same("stac-api-validator", said(CLASSES), [])
    fields = said(["item-search#fields"])
    checks.same("stac-api-validator, fields", [error for error in fields if NULL_FIELDS not in error], [])
    checks.same("stac-api-validator, what it has wrong", len(fields), 1)


def datapoint(checks: Checks, base: str) -> None:
    """ceda-datapoint finds items and opens them."""
    from ceda_datapoint import DataPointClient

    client = DataPointClient(url=f"{base}/stac")
    found = client.search(collections=["air"], max_items=10)
    cluster = found.collect_cloud_assets()
    checks.same("ceda-datapoint finds products", len(cluster.products) > 0, True)
    opened = cluster.open_dataset("air/temperature.nc-zarr")
    checks.same("ceda-datapoint opens one", opened["temperature"].shape, (18, 37, 50))


def run(chosen: argparse.Namespace, scratch: Path) -> int:
    samples = chosen.samples or environment.make_samples(scratch / "samples", chosen.venvs / "main" / "bin" / "python")
    data = scratch / "data"
    for place, sample in PLACES.items():
        (data / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(samples / sample, data / place)
    make_swaths(data / "swaths")
    config = scratch / "weir.toml"
    config.write_text(CONFIG)
    checks = Checks()
    with Weir(chosen.weir.absolute(), [data, "--config", config], chosen.plugins_only) as weir:
        if not weir.healthy:
            print("the server does not start:", *weir.said, file=sys.stderr)
            return 2
        for part in (search, parts, validate, datapoint):
            try:
                part(checks, weir.base)
            except Exception as error:  # noqa: BLE001 - whatever a client throws is a failure of its part
                checks.same(part.__name__, f"{type(error).__name__}: {error}", None)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


def main() -> int:
    chosen = environment.parser_over_samples(__doc__).parse_args()
    environment.enter(chosen.venvs, "stac-search")
    with tempfile.TemporaryDirectory() as scratch:
        return run(chosen, Path(scratch))


if __name__ == "__main__":
    sys.exit(main())
