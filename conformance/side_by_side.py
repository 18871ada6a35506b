#!/usr/bin/env python3
"""Compares what weir says of datasets with what the real xpublish says of the same files, in the same run.

`side_by_side.py --venvs DIR --weir FILE [--plugins-only DIR]`. xpublish serves each sample as `xarray.open_datatree` opens it as it is stored (without
scaling, dates, and joined characters) from a process of its own; then every address of both is asked, and statuses, media types and bodies are
compared. A second pass opens the samples as xarray does by default, and compares what does not depend on decoding: names and dimensions.
Exit code: 0 all is as it must be, 1 something is not, 2 could not run.
"""

from __future__ import annotations

import json
import math
import multiprocessing
import socket
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import environment
from server import Weir

HERE = Path(__file__).resolve().parent
AS_STORED = {"decode_times": False, "mask_and_scale": False, "concat_characters": False, "decode_timedelta": False}
DOCUMENTS = ("keys", "dict", "info", "groups")
UNKNOWN = ("none/", "none/keys", "none/dict", "none/info", "none/groups", "none/tree", "none/groups/a/keys")
PATIENCE = 60


def opened(path: Path, how: dict):
    """A file as a tree of datasets, or why xarray cannot open it so."""
    import xarray as xr

    try:
        return xr.open_datatree(path, engine="netcdf4", **how), None
    except Exception as error:  # xarray raises whatever its parts do
        return None, f"{type(error).__name__}: {str(error).splitlines()[0][:120]}"


def publish(files: dict[str, Path], how: dict, port: int) -> None:
    """Serves files through xpublish; ends with its process."""
    import xpublish

    trees = {name: opened(path, how)[0] for name, path in files.items()}
    # With its cache, xpublish 0.5.2 answers /groups/{group}/info with what it said of the root.
    xpublish.Rest(trees, cache_kws={"available_bytes": 0}).serve(host="127.0.0.1", port=port, log_level="error")


def fetched(url: str):
    """Status, media type and body of an address."""
    try:
        with urllib.request.urlopen(url, timeout=PATIENCE) as response:
            answer = response.status, response.headers.get_content_type(), response.read()
    except urllib.error.HTTPError as error:
        answer = error.code, error.headers.get_content_type(), error.read()
    status, media, body = answer
    return status, media, json.loads(body) if media == "application/json" else body.decode()


def without_internal(document):
    """What xpublish says, without the id that it hides in the attributes of datasets."""
    for key in ("attrs", "global_attributes"):
        if isinstance(document, dict) and isinstance(document.get(key), dict):
            document[key].pop("_xpublish_id", None)
    return document


def normal(document):
    """Values that compare as numbers and texts; names are compared without their order, which xarray does not keep."""
    if isinstance(document, dict):
        return {key: normal(value) for key, value in document.items()}
    if isinstance(document, list):
        return [normal(value) for value in document]
    return float(document) if isinstance(document, (int, float)) and not isinstance(document, bool) else document


def native(kind: str) -> str:
    """A type without its byte order: netCDF-3 is big-endian in files, which is of no meaning in JSON."""
    import numpy as np

    try:
        dtype = np.dtype(kind)
    except (TypeError, ValueError):
        return kind
    return str(dtype.newbyteorder("=")) if dtype.kind in "iufc" else kind


def comparable(kind: str, document):
    document = without_internal(document)
    if kind == "keys":
        return sorted(document)
    if kind == "dict":
        for variable in [*document["coords"].values(), *document["data_vars"].values()]:
            variable["dtype"] = native(variable["dtype"])
    return normal(document)


def shape_of(kind: str, document):
    """What of a document does not depend on decoding."""
    if kind == "dict":
        names = {*document["coords"], *document["data_vars"]}
        return sorted(names), sorted(document)
    if kind == "info":
        return sorted(document["variables"]), sorted(document)
    return sorted(document)


def differences(path: str, ours, theirs) -> list[str]:
    """Where two documents differ."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        found = [f"{path}.{key}: only one of both has it" for key in sorted(ours.keys() ^ theirs.keys())]
        return found + [line for key in ours.keys() & theirs.keys() for line in differences(f"{path}.{key}", ours[key], theirs[key])]
    same = ours == theirs or is_spelled_out(ours, theirs) or is_known_otherwise(path, ours, theirs)
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [line for n, (a, b) in enumerate(zip(ours, theirs)) for line in differences(f"{path}[{n}]", a, b)]
    return [] if same else [f"{path}: {ours!r} here, {theirs!r} of xpublish"]


def is_spelled_out(ours, theirs) -> bool:
    """Whether a number that JSON has not is written as its name here; xpublish writes it bare, which strict parsers refuse."""
    if not isinstance(theirs, float) or math.isfinite(theirs):
        return False
    return ours == ("NaN" if math.isnan(theirs) else "Infinity" if theirs > 0 else "-Infinity")


def is_known_otherwise(path: str, ours, theirs) -> bool:
    """Types that xarray names by what it finds in the data, or by all their fields: texts, lists and compounds."""
    if not path.endswith((".dtype", ".type")) or not isinstance(theirs, str):
        return False
    kind = str(ours)
    if kind == "object":
        return theirs.startswith(("<U", "str")) or "ragged" in path
    return kind.startswith(("|V", "void")) and theirs.startswith(("{'names'", "[('", "void"))


class Side:
    """An xpublish that serves files for the length of a block."""

    def __init__(self, files: dict[str, Path], how: dict):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.base = f"http://127.0.0.1:{port}"
        self.process = multiprocessing.get_context("spawn").Process(target=publish, args=(files, how, port), daemon=True)

    def __enter__(self):
        self.process.start()
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and self.process.is_alive():
            try:
                fetched(f"{self.base}/datasets")
                return self
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise RuntimeError("xpublish does not answer")

    def __exit__(self, *_):
        self.process.terminate()
        self.process.join(PATIENCE)


def compared(case: str, ours: str, theirs: str, kind: str, view) -> list[str]:
    """One address of both."""
    here, there = fetched(ours), fetched(theirs)
    if here[:2] != there[:2]:
        return [f"{case}: {here[:2]} here, {there[:2]} of xpublish: {str(there[2])[:200]}"]
    if kind == "html":
        return [] if "<" in here[2] else [f"{case}: no page"]
    return [f"{case} {line}" for line in differences("", view(kind, here[2]), view(kind, there[2]))]


def pass_over(base: str, files: dict[str, Path], how: dict, view) -> tuple[int, list[str]]:
    """Every address of every file, over both servers."""
    count, found = 0, []
    with Side(files, how) as side:
        for name in files:
            groups = fetched(f"{side.base}/datasets/{name}/groups")[2]
            below = [(f"{name}/{document}", document) for document in DOCUMENTS] + [(f"{name}/", "html"), (f"{name}/tree", "html")]
            for group in groups[1:]:
                below += [(f"{name}/groups{group}/{document}", document) for document in ("keys", "dict", "info")]
                below += [(f"{name}/groups{group}", "html")]
            for path, kind in below + [(f"{name}/groups/no/such/{kind}", "error") for kind in ("keys", "dict", "info")]:
                address = urllib.request.quote(path)
                count, found = count + 1, found + compared(
                    path, f"{base}/datasets/{address}", f"{side.base}/datasets/{address}", kind, view)
        for path in UNKNOWN:
            count, found = count + 1, found + compared(path, f"{base}/datasets/{path}", f"{side.base}/datasets/{path}", "error", view)
        for path in ("/plugins", "/versions"):
            here, there = fetched(base + path), fetched(side.base + path)
            same = here[:2] == there[:2] and isinstance(here[2], dict)
            keys = [set(plugin) >= {"path", "version"} for plugin in here[2].values()] if path == "/plugins" else [True]
            count, found = count + 1, found + ([] if same and all(keys) else [f"{path}: {here} here, {there[:2]} of xpublish"])
        listed = fetched(f"{side.base}/datasets")[2]
        here = fetched(f"{base}/datasets")[2]
        found += [] if set(listed) <= set(here) else [f"/datasets: {sorted(set(listed) - set(here))} are not listed here"]
    return count + 1, found


# netCDF4-python leaves out variables of these, because it does not know their types, and so does xarray.
HALF_READ = ("nested_types.nc", "opaques.nc", "vlens.nc")


def main() -> int:
    asked = environment.parser_over_samples(__doc__).parse_args()
    environment.enter(asked.venvs, "tables")
    samples = environment.samples_of(asked.samples)
    # xpublish takes no ids with slashes.
    files = {path.name: path for path in sorted(samples.glob("*.nc")) if path.name not in HALF_READ}
    count, found = 0, []
    with Weir(asked.weir, [samples], asked.plugins_only) as weir:
        for how, view in ((AS_STORED, comparable), ({}, shape_of)):
            reasons = {name: opened(path, how)[1] for name, path in files.items()}
            served = {name: path for name, path in files.items() if reasons[name] is None}
            for name in sorted(files.keys() - served.keys()):
                print(f"xarray does not open {name} ({'as it is stored' if how else 'by default'}): {reasons[name]}")
            if len(served) * 2 < len(files):
                found.append(f"xpublish serves {len(served)} of {len(files)} samples only")
            more, faults = pass_over(weir.base, served, how, view if how else decoded_view)
            count, found = count + more, found + faults
    for line in found:
        print(line)
    print(f"{count} addresses compared, {len(found)} differences")
    return 1 if found else 0


def decoded_view(kind: str, document):
    return document if kind == "error" else shape_of(kind, document)


if __name__ == "__main__":
    sys.exit(main())
