#!/usr/bin/env python3
"""Schemathesis asks a server for what its own OpenAPI document says, and for much that nobody would ask.

`contract.py --venvs DIR --weir FILE [--plugins-only DIR]`. A bounded number of requests for every route, the same ones in each run. None may be answered with
a fault of the server, with a status or a media type that the document does not name, or without an answer at all. Exit code: 0 all is as it must be, 1
something is not, 2 could not run.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import environment
from server import Weir

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance"
# Data of kinds that cannot be shown is 501, and what grows not yet is 503: statuses that the document names, and no faults.
CONFIGURATION = """
[checks.not_a_server_error]
expected-statuses = ["2xx", "3xx", "4xx", 501, 503]
"""
# What path parameters called rest lead to, below one address or another.
BELOW = (
    "", ".zmetadata", "zarr.json", "refs.json", "temperature/.zarray", "temperature/0.0.0", "temperature/c/0/0/0", "current-timestep", "forecast/keys",
    "forecast/deep", "root.json", "root.parquet", "root_uniqs.parquet", "root_metadata.json", "root", "observations", "catalog.xml", "catalog.html",
    "observations/catalog.xml", "latest.xml", "ten.nc", "weir/items", "weir",
)
EXAMPLES = 25
SEED = 20261121


def main() -> int:
    asked = environment.parser_over_samples(__doc__).parse_args()
    environment.enter(asked.venvs, "tables")
    samples = environment.samples_of(asked.samples)
    with tempfile.TemporaryDirectory() as folder, Weir(asked.weir, [samples], asked.plugins_only) as weir:
        configuration = Path(folder) / "schemathesis.toml"
        configuration.write_text(CONFIGURATION + dictionary(weir.base))
        command = [
            Path(sys.prefix) / "bin" / "schemathesis", "--config-file", configuration, "run", f"{weir.base}/openapi.json",
            "--checks", CHECKS, "--phases", "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES), "--seed", str(SEED),
            "--generation-database", "none", "--workers", "2", "--request-timeout", "60", "--mode", "all", "--no-color",
        ]
        done = subprocess.run(command, cwd=folder, check=False)
        alive = weir.process.poll() is None
    if not alive:
        print(f"the server died:\n{weir.last_words()}")
    return 1 if done.returncode or not alive else 0


def dictionary(base: str) -> str:
    """Values that lead somewhere, for most of the requests: ids of datasets, and what lies below them and below other addresses. All others are made up."""
    with urllib.request.urlopen(f"{base}/datasets?limit=40", timeout=60) as response:
        ids = json.load(response)
    lines = ["[dictionaries.ids]", f"values = {json.dumps(ids)}", "[dictionaries.below]", f"values = {json.dumps(BELOW)}", "[parameters]"]
    return "\n".join(lines + ['"path.id" = { dictionary = "ids", probability = 0.7 }', '"path.rest" = { dictionary = "below", probability = 0.6 }']) + "\n"


if __name__ == "__main__":
    sys.exit(main())
