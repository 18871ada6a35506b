"""The schemas of STAC from files: tests ask no other machine.

`use_files()` makes stac-validator, and what is built on it, read the core schemas that pystac has with it. Those of extensions are not
judged here: whatever is not among the files fits.
"""

import json
from pathlib import Path

import pystac.validation
import stac_validator.utilities

FILES = Path(pystac.validation.__file__).parent / "jsonschemas"


def file_of(address: str) -> Path | None:
    """The file of a schema, by its address."""
    name = address.rsplit("/", 1)[-1]
    if address.startswith("https://schemas.stacspec.org/"):
        version = address.removeprefix("https://schemas.stacspec.org/").split("/")[0]
        return FILES / "stac-spec" / version / name
    if address.startswith("https://geojson.org/schema/"):
        return FILES / "geojson" / name
    return None


def schema(address: str) -> dict:
    """A schema, by its address."""
    file = file_of(address)
    return json.loads(file.read_text()) if file else {}


def use_files() -> None:
    """Reads schemas from files from now on."""
    stac_validator.utilities._schema_cache = schema
