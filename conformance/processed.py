#!/usr/bin/env python3
"""Compares processed datasets with NumPy: rechunked ones are equal, rounded ones within their bound; and says what rounding saves.

`processed.py --venvs DIR --weir FILE [--large FILE] [--report FILE]`. Every sample dataset with numbers is served once with other chunks, and once for
each number of bits of the significand that is kept. All is read through HTTP by zarr-python, and compared with what netCDF4-python reads from
the file. Exit code: 0 all is as it must be, 1 something is not, 2 could not run.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

import environment
from server import Weir

KEEPBITS = (3, 7, 10, 16)
# Of every kind of file that has numbers; the others are of types that Zarr does not know, or of shapes for other tests.
SAMPLES = (
    "temperature.nc", "precipitation.nc", "groups.nc", "layouts.nc", "ensemble.nc", "numeric_types.nc", "observations/station.nc",
    "classic_cdf1.nc", "classic_cdf2.nc", "classic_cdf5.nc", "classic_model.nc", "creation_order.nc", "daily/day0.nc", "ten.nc",
)
CODEC = {"id": "blosc", "cname": "zstd", "level": 5, "shuffle": "shuffle"}
# Variables of fewer bytes say nothing of how well something is compressed.
LEAST_BYTES = 800


def arguments() -> argparse.Namespace:
    parser = environment.parser(__doc__)
    parser.add_argument("--large", type=Path, action="append", default=[], help="also this netCDF file, as samples/make_large.py makes it")
    parser.add_argument("--report", type=Path, help="write the table to this file, too")
    return parser.parse_args()


def toml(value) -> str:
    """A value as TOML writes it on one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {toml(one)}" for key, one in value.items()) + " }"
    return json.dumps(value)


def chunks(path: Path) -> dict[str, int]:
    """Chunk lengths that divide nothing: about two fifths of each dimension of the root."""
    import netCDF4

    with netCDF4.Dataset(path) as file:
        return {name: max(1, len(dimension) * 2 // 5) for name, dimension in file.dimensions.items()}


def configuration(files: dict[str, Path]) -> str:
    """Each file with other chunks, and rounded."""
    lines = []
    for name, path in files.items():
        recipes = {f"chunked/{name}": {"chunks": chunks(path), "codec": CODEC}}
        recipes |= {f"kept{keep}/{name}": {"keepbits": keep, "codec": CODEC} for keep in KEEPBITS}
        for identifier, recipe in {**recipes, f"whole/{name}": {"codec": CODEC}}.items():
            lines += ["[[dataset]]", f"id = {toml(identifier)}", f"path = {toml(str(path))}"]
            lines += ["[[plugins.zarr.recipe]]", f"datasets = [{toml(identifier)}]"]
            lines += [f"{field} = {toml(value)}" for field, value in recipe.items()]
    return "\n".join(lines) + "\n"


def fetch(url: str) -> bytes | None:
    """The body, or None for 404."""
    try:
        with urllib.request.urlopen(url, timeout=60) as response:
            return response.read()
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise RuntimeError(f"{url}: {error.code} {error.read()[:300]!r}") from error


def read(base: str, identifier: str) -> dict[str, tuple]:
    """Every array of a dataset by its path: its numbers, as zarr-python reads what the server sends, and the bytes of its chunks."""
    import zarr
    from zarr.core.buffer import cpu

    url = f"{base}/datasets/{urllib.request.quote(identifier)}/zarr"
    root = fetch(f"{url}/zarr.json")
    if root is None:
        raise RuntimeError(f"{url}/zarr.json: 404")
    found = {}
    for path, document in json.loads(root)["consolidated_metadata"]["metadata"].items():
        if document["node_type"] != "array" or str(document["data_type"]) not in NUMBERS:
            continue
        shape, chunk = document["shape"], document["chunk_grid"]["configuration"]["chunk_shape"]
        grid = itertools.product(*(range(-(-length // size)) for length, size in zip(shape, chunk)))
        keys = ["/".join(["c", *map(str, index)]) for index in grid]
        objects = {"zarr.json": json.dumps(document).encode()}
        for key in keys:
            body = fetch(f"{url}/{urllib.request.quote(path)}/{key}")
            if body is not None:
                objects[key] = body
        stored = sum(len(body) for key, body in objects.items() if key != "zarr.json")
        store = zarr.storage.MemoryStore({key: cpu.Buffer.from_bytes(body) for key, body in objects.items()})
        found[path] = (zarr.open_array(store, mode="r")[...], stored)
    return found


NUMBERS = {f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)} | {"float32", "float64"}


def local(path: Path) -> dict:
    """Every variable of numbers of a file, by its path: stored numbers, unscaled and unmasked; and the names of coordinates."""
    import netCDF4
    import numpy as np

    found = {}

    def walk(group) -> None:
        for name, variable in group.variables.items():
            if isinstance(variable.dtype, np.dtype) and variable.dtype.kind in "iuf":
                found[f"{group.path}/{name}".strip("/")] = np.asarray(variable[...])
        for child in group.groups.values():
            walk(child)

    with netCDF4.Dataset(path) as file:
        file.set_auto_maskandscale(False)
        walk(file)
    return found


def rounding_error(expected, got, keep: int) -> tuple[float, str | None]:
    """The greatest relative error of numbers, and what is wrong with it: the bound is half of the last bit that is kept."""
    import numpy as np

    if expected.dtype.kind != "f":
        return 0.0, None if np.array_equal(expected, got) else "whole numbers changed"
    tiny = np.finfo(expected.dtype).tiny
    # Rounding is relative where numbers are normal. All else stays, or moves by less than the smallest normal number.
    normal = np.isfinite(expected) & (np.abs(expected) >= tiny)
    with np.errstate(invalid="ignore"):
        if not np.array_equal(np.isnan(expected), np.isnan(got)):
            return 0.0, "missing numbers moved"
        exact, rounded = expected[normal].astype("f8"), got[normal].astype("f8")
    error = float(np.max(np.abs(rounded - exact) / np.abs(exact), initial=0.0))
    return error, None if error <= 2.0 ** -(keep + 1) else f"error {error:.3g} is above 2^-{keep + 1}"


def compare(base: str, name: str, path: Path) -> tuple[list[str], list[str]]:
    """Rows of the table and faults of one file."""
    import numpy as np

    expected, rows, faults = local(path), [], []
    chunked = read(base, f"chunked/{name}")
    if not chunked:
        faults.append(f"{name}: no array is shown")
    for variable, (numbers, _) in chunked.items():
        wanted = expected[variable]
        same = numbers.shape == wanted.shape and numbers.tobytes() == wanted.astype(numbers.dtype).tobytes()
        if not same:
            faults.append(f"{name} {variable}: rechunked numbers are not those of the file")
    whole = read(base, f"whole/{name}")
    for keep in KEEPBITS:
        kept = read(base, f"kept{keep}/{name}")
        if kept.keys() != whole.keys():
            faults.append(f"{name}: rounding changed which arrays there are")
        for variable, (numbers, stored) in kept.items():
            wanted = expected[variable]
            error, fault = rounding_error(wanted, numbers.reshape(wanted.shape), keep)
            faults += [f"{name} {variable}, {keep} bits: {fault}"] if fault else []
            if error > 0 and wanted.nbytes >= LEAST_BYTES:
                before = whole[variable][1]
                figures = f"{wanted.nbytes:,} | {before:,} | {stored:,} | {before / stored:.2f}x"
                rows.append(f"| {name} {variable} | {wanted.dtype.name} | {keep} | {figures} | {error:.3g} | {2.0 ** -(keep + 1):.3g} |")
    return rows, faults


def run(chosen: argparse.Namespace, scratch: Path) -> int:
    samples = environment.make_samples(scratch / "samples")
    files = {name: samples / name for name in SAMPLES} | {path.name: path.resolve() for path in chosen.large}
    config = scratch / "weir.toml"
    config.write_text(configuration(files))
    table = ["| variable | type | keepbits | plain bytes | compressed | rounded and compressed | smaller by | greatest relative error | bound |"]
    table.append("|---|---|---|---|---|---|---|---|---|")
    faults = []
    with Weir(chosen.weir.resolve(), [samples, "--config", config, "--max-response", "2GiB"], None) as weir:
        if not weir.healthy:
            print(f"the server did not start: {weir.last_words()}", file=sys.stderr)
            return 2
        for name, path in files.items():
            rows, wrong = compare(weir.base, name, path)
            table, faults = table + rows, faults + wrong
    report = "\n".join([*table, *(f"WRONG: {fault}" for fault in faults)]) + "\n"
    print(f"{report}\n{len(files)} files, {len(faults)} faults")
    if chosen.report:
        chosen.report.write_text(report)
    return 1 if faults else 0


def main() -> int:
    chosen = arguments()
    environment.enter(chosen.venvs, "main")
    with tempfile.TemporaryDirectory() as scratch:
        return run(chosen, Path(scratch))


if __name__ == "__main__":
    sys.exit(main())
