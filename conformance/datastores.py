#!/usr/bin/env python3
"""Opens ESM datastores with the clients that they are made for, and compares what they find with the files.

`datastores.py --venvs DIR --weir FILE [--plugins-only DIR]`. intake-esm opens each datastore by its URL, lists every sample, searches it, and opens
datasets by the links that it found, whose values must equal those of the file. DuckDB and Polars read the tables over HTTP ranges. Exit code: 0 all is as it
must be, 1 something is not, 2 could not run.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from pathlib import Path

import environment
from server import Weir

# Datasets of the root group, of types that xarray and Zarr share.
OPENED = ("temperature.nc", "precipitation.nc", "ten.nc", "classic_cdf1.nc", "observations/station.nc")


def document(url: str):
    with urllib.request.urlopen(url, timeout=60) as response:
        return json.load(response)


def ids(base: str) -> list[str]:
    return document(f"{base}/datasets?limit=10000")


def opened_by_intake_esm(base: str, samples: Path) -> str:
    """Every datastore opens, lists what it should, is searched, and gives data."""
    import intake
    import xarray as xr

    index, listed, compared = document(f"{base}/esm"), set(), 0
    for store in index["datastores"]:
        catalog = intake.open_esm_datastore(store["url"])
        rows = catalog.df
        assert len(rows) == document(store["url"].replace(".json", "_metadata.json"))["num_records"], store
        listed |= set(rows["dataset"])
        for name in OPENED:
            if name not in set(rows["dataset"]):
                continue
            found = catalog.search(dataset=name)
            assert len(found.df) == 1, (name, len(found.df))
            served = found.to_dask(xarray_open_kwargs={"chunks": None}, progressbar=False).load()
            with xr.open_dataset(samples / name, decode_timedelta=False) as local:
                xr.testing.assert_equal(served.drop_attrs(), local.load().drop_attrs())
            compared += 1
        some = next((value for value in rows["variable"] if len(value)), None)
        if some is not None:
            wanted = some[0]
            found = catalog.search(variable=wanted)
            expected = {row["dataset"] for _, row in rows.iterrows() if wanted in list(row["variable"])}
            assert set(found.df["dataset"]) == expected, (wanted, expected)
    missing = set(ids(base)) - listed
    assert not missing, f"not listed: {missing}"
    assert compared == len(OPENED), compared
    return f"{len(listed)} datasets listed, {compared} opened"


def duckdb_connection():
    import duckdb
    import duckdb_extension_httpfs

    extension = next(Path(duckdb_extension_httpfs.__path__[0]).rglob("httpfs.duckdb_extension"))
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    connection.load_extension(str(extension))
    return connection


def read_by_duckdb(base: str, _samples: Path) -> str:
    """Tables are read over HTTP; the footer's key and values, rows by a condition, and unique values are those of the documents."""
    connection = duckdb_connection()
    total = 0
    for store in document(f"{base}/esm")["datastores"]:
        table = store["url"].replace(".json", ".parquet")
        count = document(store["url"].replace(".json", "_metadata.json"))["num_records"]
        assert connection.execute("select count(*) from read_parquet(?)", [table]).fetchone() == (count,), table
        pairs = connection.execute("select decode(key), decode(value) from parquet_kv_metadata(?)", [table]).fetchall()
        assert ("num_records", str(count)) in pairs, pairs
        unique = connection.execute("select dataset from read_parquet(?)", [table.replace(".parquet", "_uniqs.parquet")]).fetchone()[0]
        found = connection.execute("select dataset, path from read_parquet(?) order by dataset", [table]).fetchall()
        assert sorted(unique) == [name for name, _ in found], unique
        for name, path in found:
            one = connection.execute("select path from read_parquet(?) where dataset = ?", [table, name]).fetchall()
            assert one == [(path,)] and path.startswith(base), (one, path)
        variables = connection.execute("select distinct unnest(variable) from read_parquet(?)", [table]).fetchall()
        options = document(f"{base}/esm/table/esm-datastore/{store['name']}?limit=0")["dynamic_filter_options"]["variable"]
        assert sorted(name for (name,) in variables) == options, (variables, options)
        total += count
    meta = connection.execute("select name, yaml from read_parquet(?)", [f"{base}/esm/metacatalog.parquet"]).fetchall()
    names = sorted(name for name, _ in meta)
    assert names == sorted(store["name"] for store in document(f"{base}/esm")["datastores"]), names
    assert total == len(ids(base)), total
    return f"{total} rows in {len(meta)} tables"


def read_by_polars(base: str, _samples: Path) -> str:
    """Polars reads the tables lazily, and its rows are those of the JSON answers, page by page."""
    import polars

    count = 0
    for store in document(f"{base}/esm")["datastores"]:
        table = polars.scan_parquet(store["url"].replace(".json", ".parquet")).collect()
        found, url = [], f"{base}/esm/table/esm-datastore/{store['name']}"
        while len(found) < (page := document(f"{url}?offset={len(found)}&limit=3"))["total"]:
            found += page["records"]
        assert table.to_dicts() == found, store
        count += len(found)
    return f"{count} rows"


def opened_by_entry(base: str, _samples: Path) -> str:
    """What the table of tables says of a datastore is an Intake catalog that opens it."""
    import intake
    import polars
    import yaml

    rows = polars.read_parquet(f"{base}/esm/metacatalog.parquet").to_dicts()
    for row in rows:
        source = yaml.safe_load(row["yaml"])["sources"][row["name"]]
        assert source["driver"] == "intake_esm.core.esm_datastore", source
        catalog = intake.open_esm_datastore(**source["args"])
        assert sorted({name for value in catalog.df["variable"] for name in value}) == sorted(row["variable"]), row["name"]
    return f"{len(rows)} datastores"


CASES = (opened_by_intake_esm, read_by_duckdb, read_by_polars, opened_by_entry)


def main() -> int:
    asked = environment.parser_over_samples(__doc__).parse_args()
    environment.enter(asked.venvs, "tables")
    samples = environment.samples_of(asked.samples)
    failed = 0
    with Weir(asked.weir, [samples], asked.plugins_only) as weir:
        for case in CASES:
            try:
                print(f"ok {case.__name__}: {case(weir.base, samples)}")
            except Exception as error:  # whatever a client raises is a failure of its case
                failed += 1
                print(f"FAILED {case.__name__}: {type(error).__name__}: {str(error)[:2000]}")
    print(f"{len(CASES) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
