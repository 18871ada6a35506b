#!/usr/bin/env python3
"""Opens the messages of GRIB files as they are stored, with kerchunk and ecCodes, through the references of weir.

`grib_messages.py --venvs DIR --weir FILE FOLDER`. Each chunk that is referred to must be a whole message of the file, byte for byte and where ecCodes finds it. What xarray
decodes of these messages by ecCodes must equal what weir decodes. Exit code: 0 all is as it must be, 1 something is not, 2 could not run.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import urllib.request
import warnings
from pathlib import Path

import environment
from server import Weir

# Of spherical harmonics weir serves the messages alone.
ONLY_STORED = ("grib_spectral.grib",)


def fetched(url: str, part: tuple[int, int] | None = None) -> bytes:
    headers = {"Range": f"bytes={part[0]}-{part[0] + part[1] - 1}"} if part else {}
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as response:
        return response.read()


def messages(file: Path) -> dict[int, bytes]:
    """The messages of a file by where they begin."""
    import eccodes

    found = {}
    with file.open("rb") as opened:
        while (handle := eccodes.codes_new_from_file(opened, eccodes.CODES_PRODUCT_GRIB)) is not None:
            found[int(eccodes.codes_get(handle, "offset"))] = eccodes.codes_get_message(handle)
            eccodes.codes_release(handle)
    return found


def stored(base: str, file: Path) -> int:
    """How many chunks are whole messages; all must be, and each as it is below its key."""
    of_file, url = messages(file), f"{base}/datasets/{file.name}/kerchunk"
    references = json.loads(fetched(f"{url}/refs.json"))["refs"]
    fields = {name.removesuffix("/.zarray") for name, text in references.items() if name.endswith("/.zarray") and '"grib"' in str(text)}
    checked = 0
    for key, reference in references.items():
        name, _, index = key.rpartition("/")
        if name not in fields or index.startswith("."):
            continue
        target, offset, length = reference
        message = of_file[offset]
        assert length == len(message), (key, offset, length, len(message))
        assert fetched(f"{url}/{key}") == message == fetched(target, (offset, length)), key
        checked += 1
    return checked


def decoded(base: str, file: Path) -> int:
    """How many variables are the same whoever decodes them."""
    import numpy
    import xarray as xr

    url = f"{base}/datasets/{file.name}"
    theirs = xr.open_dataset(f"{url}/kerchunk/refs.json", engine="kerchunk", decode_times=False)
    ours = xr.open_zarr(f"{url}/zarr", decode_times=False, chunks=None)
    for name, variable in theirs.data_vars.items():
        numpy.testing.assert_array_equal(variable.values, ours[name].values, err_msg=f"{file.name}: {name}")
    return len(theirs.data_vars)


def main() -> int:
    parser = environment.parser(__doc__)
    parser.add_argument("folder", type=Path, help="a folder with GRIB files")
    options = parser.parse_args()
    environment.enter(options.venvs, "sources")
    warnings.simplefilter("ignore")
    files = sorted(options.folder.glob("*.grib"))
    wrong = chunks = variables = 0
    with tempfile.TemporaryDirectory() as folder:
        for file in files:
            shutil.copy(file, folder)
        with Weir(options.weir.absolute(), [folder], None) as weir:
            if not weir.healthy:
                print(f"weir does not start: {weir.last_words()}", file=sys.stderr)
                return 2
            for file in files:
                try:
                    chunks += stored(weir.base, file)
                    variables += 0 if file.name in ONLY_STORED else decoded(weir.base, file)
                except Exception as fault:  # whatever a client cannot do is a fault
                    wrong += 1
                    print(f"{file.name}: {type(fault).__name__}: {fault}")
    print(f"{len(files)} files, {chunks} messages, {variables} variables that ecCodes decodes the same: {wrong} wrong")
    return 1 if wrong or not chunks or not variables else 0


if __name__ == "__main__":
    sys.exit(main())
