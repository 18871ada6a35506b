"""Reads parts of an array from weir's Zarr route (version 2 of the format): exactly what is stored, or an error.

A Zarr library takes any chunk that it does not get for one that was never written, and puts fill values there. Here only 404 means that, for a chunk;
all else is asked for again, and then refused. Codecs come from a closed list, because what a metadata document names is run.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import prod
from typing import Any

import numcodecs
import numpy as np
import numpy.typing as npt
import urllib3
from numcodecs.compat import ensure_contiguous_ndarray

from weir_dask.job import NUMBERS, Run
from weir_dask.refused import Refused

CODECS = frozenset(
    "adler32 astype bitround blosc bz2 crc32 crc32c delta fixedscaleoffset fletcher32 gzip jenkins_lookup3 lz4 lzma quantize shuffle zlib zstd".split()
)
# Weir answers 503 where its memory is taken, and a proxy 502 or 504 where weir starts again.
AGAIN = (429, 502, 503, 504)
TRIES = 7
LONGEST_PAUSE = 8.0
TIMEOUT = urllib3.Timeout(connect=10, read=120)


@dataclass(frozen=True)
class Stored:
    """An array, as its metadata document says."""

    url: str
    shape: tuple[int, ...]
    chunks: tuple[int, ...]
    dtype: str
    order: str
    separator: str
    fill: str | None
    codecs: tuple[str, ...]


@lru_cache(maxsize=1)
def _pool() -> urllib3.PoolManager:
    """Connections of this process."""
    return urllib3.PoolManager(maxsize=16, retries=False, timeout=TIMEOUT)


def fetch(url: str, what: str) -> bytes | None:
    """A document, whole; `None` where there is none."""
    pause = 0.2
    for left in range(TRIES - 1, -1, -1):
        try:
            response = _pool().request("GET", url, redirect=False)
            said = response.headers.get("content-length")
            if response.status == 200 and said in (None, str(len(response.data))):
                return bytes(response.data)
            if response.status == 404:
                return None
            reason = f"the answer was {response.status}" if response.status != 200 else "the answer broke off"
            is_final = response.status not in (200, *AGAIN)
        except urllib3.exceptions.HTTPError as error:
            reason, is_final = f"{type(error).__name__}", False
        if is_final or not left:
            break
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
    raise Refused("unavailable", f"a worker could not read {what} from weir: {reason}")


def open_array(url: str, name: str) -> Stored:
    """The array at a URL; `name` stands for it in messages."""
    document = fetch(f"{url}/.zarray", f"the metadata of {name}")
    if document is None:
        raise Refused("unavailable", f"weir serves no Zarr array for {name} where workers look; data_url must lead to weir, and its plugin zarr must serve")
    try:
        return _stored(url, json.loads(document))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused("unsupported", f"the Zarr metadata of {name} is not understood: {type(error).__name__}") from None


def _stored(url: str, meta: dict[str, Any]) -> Stored:
    dtype, fill = np.dtype(meta["dtype"]), meta["fill_value"]
    if meta["zarr_format"] != 2 or dtype.name not in NUMBERS or meta["order"] not in ("C", "F"):
        raise ValueError
    codecs = [*(meta["filters"] or []), *([meta["compressor"]] if meta["compressor"] else [])]
    for codec in codecs:
        if codec["id"] not in CODECS:
            raise Refused("unsupported", f"chunks are stored with the codec {str(codec['id'])[:40]}, which workers do not decode")
    shape, chunks = tuple(map(int, meta["shape"])), tuple(map(int, meta["chunks"]))
    if len(shape) != len(chunks) or min(chunks, default=1) < 1:
        raise ValueError
    if fill is not None:
        fill = str(fill)
        np.array([float(fill) if dtype.kind == "f" else int(fill)]).astype(dtype)
    return Stored(url, shape, chunks, dtype.str, meta["order"], meta.get("dimension_separator", "."), fill, tuple(map(json.dumps, codecs)))


def chunk(array: Stored, index: Sequence[int]) -> npt.NDArray[Any]:
    """A chunk, decoded."""
    key = array.separator.join(map(str, index))
    dtype = np.dtype(array.dtype)
    data = fetch(f"{array.url}/{key}", f"chunk {key}")
    if data is None:
        if array.fill is None:
            raise Refused("corrupt", f"there is no chunk {key}, and nothing that stands for it")
        fill = float(array.fill) if dtype.kind == "f" else int(array.fill)
        return np.full(array.chunks, fill, dtype)
    try:
        decoded: Any = data
        for codec in reversed(array.codecs):
            decoded = numcodecs.get_codec(json.loads(codec)).decode(decoded)
        values: npt.NDArray[Any] = ensure_contiguous_ndarray(decoded).reshape(-1).view(dtype)
    except Exception as error:  # whatever a codec raises
        raise Refused("corrupt", f"chunk {key} cannot be decoded: {type(error).__name__}") from None
    if values.size != prod(array.chunks):
        raise Refused("corrupt", f"chunk {key} has {values.size} elements instead of {prod(array.chunks)}")
    return values.reshape(array.chunks, order="F" if array.order == "F" else "C")


def indices(runs: Sequence[Run]) -> npt.NDArray[np.int64]:
    """The indices of runs, in their order."""
    return np.concatenate([np.arange(run.count, dtype="i8") * run.step + run.start for run in runs])


def read(array: Stored, box: Sequence[Sequence[Run]]) -> npt.NDArray[Any]:
    """The stored elements at the indices of some runs along each axis, in the machine's byte order."""
    wanted = [indices(runs) for runs in box]
    out = np.empty([len(along) for along in wanted], np.dtype(array.dtype).newbyteorder("="))
    ways = [list(_along(along, length)) for along, length in zip(wanted, array.chunks)]
    for step in product(*ways):
        decoded = chunk(array, [number for number, _, _ in step])
        here, there = [at for _, at, _ in step], [at for _, _, at in step]
        out[_selection(here)] = decoded[_selection(there)]
    return out


def _along(wanted: npt.NDArray[np.int64], length: int) -> Iterator[tuple[int, npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Each chunk along an axis: its number, where its elements go, and which they are."""
    numbers = wanted // length
    for number in np.unique(numbers):
        here = np.flatnonzero(numbers == number)
        yield int(number), here, wanted[here] - number * length


def _selection(along: Sequence[npt.NDArray[np.int64]]) -> Any:
    """Slices where all indices are at even distances, which copies faster."""
    slices = []
    for indices in along:
        steps = np.unique(np.diff(indices))
        if steps.size > 1 or (steps.size and steps[0] < 1):
            return np.ix_(*along)
        slices.append(slice(int(indices[0]), int(indices[-1]) + 1, int(steps[0]) if steps.size else 1))
    return tuple(slices)
