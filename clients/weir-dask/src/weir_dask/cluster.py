"""Sends a job to a Dask cluster and gathers what comes back."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import replace
from typing import Any

import numpy as np
from dask.delayed import delayed
from distributed import Client, Future, KilledWorker

import weir_dask
from weir_dask import plan, reduction, zarr
from weir_dask.job import Job
from weir_dask.plan import Block, Tile
from weir_dask.reduction import Array, Made
from weir_dask.refused import KINDS, Refused

LOG = logging.getLogger(__name__)
CONNECT_SECONDS = 5
# So long a cluster may be without workers while there is work.
WORKERS_SECONDS = 30
POLL_SECONDS = 0.25
# So long a part of a result may travel, or be made again.
GATHER_SECONDS = 60
# So many parts are merged by one task.
FAN_IN = 8

Progress = Callable[[int, int], None]


class Gone(Exception):
    """Nobody waits for the result any more."""


def compute(address: str, job: Job, progress: Progress) -> Array:
    """The result of a job, row-major.

    `progress` is told how many tasks of how many are done, several times a second; where it raises `Gone`, the work is
    cancelled on the cluster. Each job has a client of its own: the scheduler forgets all of a job when that goes, whatever happened.
    """
    client = _client(address)
    try:
        return _computed(client, job, progress)
    finally:
        client.close(timeout=CONNECT_SECONDS)


def _client(address: str) -> Client:
    protocol, _, place = address.rpartition("://")
    host, _, port = place.rpartition(":")
    try:
        if protocol in ("", "tcp", "tls") and port.isdecimal():
            # A client that finds nobody takes long to give up.
            socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False, name="weir-dask")
    except (OSError, TimeoutError, ValueError) as error:
        LOG.warning("no scheduler at %s: %s", address, error)
        raise Refused("unavailable", "the Dask scheduler does not answer; it must run, and the address that weir-dask was given must be its own") from None


def _computed(client: Client, job: Job, progress: Progress) -> Array:
    stored = zarr.open_array(job.array, "the variable")
    if stored.shape != job.shape:
        raise Refused("unavailable", "the variable changed while it was asked for; ask again")
    tiles = plan.tiles(job, stored.chunks)
    out = np.empty(job.result_shape, job.result)
    parts, results = _graph(job, stored, tiles)
    for tile in tiles:
        if not tile.blocks:
            out[_place(tile)] = reduction.nothing(job, out[_place(tile)].shape)
    if not results:
        return out
    keys = list(results)
    futures = client.compute([*parts, *results.values()], optimize_graph=False)
    work = _Work(client, futures[: len(parts)], dict(zip(keys, futures[len(parts) :])))
    try:
        for at, array in work.results(progress):
            room = out[_place(tiles[at])]
            if array.shape != room.shape or array.dtype != out.dtype:
                raise Refused("internal", f"a part of the result has shape {array.shape} and type {array.dtype}")
            room[...] = array
    finally:
        client.cancel(work.left(), force=True)
    return out


def _place(tile: Tile) -> tuple[slice, ...]:
    return tuple(slice(None) if kept is None else slice(*kept) for kept in tile.kept)


def _graph(job: Job, stored: zarr.Stored, tiles: Sequence[Tile]) -> tuple[list[Any], dict[int, Any]]:
    """Tasks that make parts, and for each tile the task that makes its result."""
    task = delayed(run, pure=False, traverse=False)
    recipe = delayed((weir_dask.__version__, _without_axes_data(job), stored), traverse=False)
    parts, results = [], {}
    for at, tile in enumerate(tiles):
        if not tile.blocks:
            continue
        made = [task("quantiles" if plan.gathers(job) else "block", recipe, block) for block in tile.blocks]
        if plan.gathers(job):
            results[at] = made[0]
            continue
        parts += made
        while len(made) > FAN_IN:
            made = [task("merge", recipe, *made[first : first + FAN_IN]) for first in range(0, len(made), FAN_IN)]
        results[at] = task("result", recipe, *made)
    return parts, results


def _without_axes_data(job: Job) -> Job:
    """The job as workers need it: what happens along axes is said of each block."""
    empty = np.zeros(0, dtype="i8")
    axes = tuple(
        replace(axis, runs=(), groups=None if axis.groups is None else empty, weights=None if axis.weights is None else np.zeros(0)) for axis in job.axes
    )
    return replace(job, axes=axes)


def run(what: str, recipe: tuple[str, Job, zarr.Stored], *inputs: Block | Made) -> Any:
    """One task, on a worker."""
    version, job, stored = recipe
    if version != weir_dask.__version__:
        raise Refused("unavailable", f"a worker has weir-dask {weir_dask.__version__}, and weir asks through {version}; install the same on both")
    if what in ("block", "quantiles"):
        (block,) = inputs
        assert isinstance(block, Block)
        values = reduction.unpacked(_read(job, stored, block), job.packing)
        return (reduction.reduced_block if what == "block" else reduction.quantiles)(values, job, block)
    parts = [made for made in inputs if isinstance(made, Made)]
    made = reduction.merged(parts, job.action)
    return made if what == "merge" else reduction.result(made, job)


def _read(job: Job, stored: zarr.Stored, block: Block) -> Array:
    raw = zarr.read(stored, block.box)
    wanted = np.dtype(job.packing.stored)
    # Integers may be taken with or without a sign, as `_Unsigned` says.
    if raw.dtype != wanted and not (raw.dtype.kind in "iu" and wanted.kind in "iu" and raw.dtype.itemsize == wanted.itemsize):
        raise Refused("unavailable", f"the variable is of type {raw.dtype} where {wanted} was expected; it changed, ask again")
    return raw


class _Work:
    """Tasks on the cluster. A part is let go as soon as it is made: the cluster keeps it for as long as another task needs it."""

    def __init__(self, client: Client, parts: list[Future], results: dict[int, Future]) -> None:
        self.client = client
        self.parts = parts
        self.pending = results
        self.total = len(parts) + len(results)
        self.done = 0
        self.lonely_since: float | None = None

    def left(self) -> list[Future]:
        """What is not gathered."""
        return [*self.parts, *self.pending.values()]

    def results(self, progress: Progress) -> Iterator[tuple[int, Array]]:
        """Each tile's number and result, as they come."""
        pause = 0.02
        while self.pending:
            progress(self.done, self.total)
            before = self.done
            self.parts = [future for future in self.parts if not self._is_done(future)]
            for at in [at for at, future in self.pending.items() if self._is_done(future)]:
                yield at, self._gathered(self.pending.pop(at))
            self._look_for_workers()
            # The client's own thread hears from the scheduler meanwhile.
            pause = 0.02 if self.done > before else min(pause * 2, POLL_SECONDS)
            time.sleep(pause)

    def _gathered(self, future: Future) -> Array:
        """A result, which is made again where its worker dies just now."""
        try:
            return np.asarray(future.result(timeout=GATHER_SECONDS))
        except CancelledError:
            raise _lost() from None
        except (TimeoutError, asyncio.TimeoutError):  # two before Python 3.11
            raise Refused("unavailable", f"a result did not come from the Dask cluster within {GATHER_SECONDS} s") from None
        except (Refused, KilledWorker):
            raise _failed(future) from None

    def _is_done(self, future: Future) -> bool:
        if future.status == "finished":
            self.done += 1
            return True
        if future.status == "error":
            raise _failed(future)
        if future.status == "cancelled":
            raise _lost()
        # One that is lost lay on a worker that died, and is made again.
        return False

    def _look_for_workers(self) -> None:
        if self.client.status not in ("running", "connecting"):
            raise _lost()
        try:
            workers = self.client.nthreads()
        except (OSError, TimeoutError):
            workers = {}
        if workers:
            self.lonely_since = None
            return
        self.lonely_since = self.lonely_since or time.monotonic()
        if time.monotonic() - self.lonely_since > WORKERS_SECONDS:
            raise Refused("unavailable", f"the Dask cluster had no workers for {WORKERS_SECONDS} s")


def _lost() -> Refused:
    return Refused("unavailable", "the Dask scheduler stopped, or dropped the computation")


def _failed(future: Future) -> Refused:
    """What to say of a task that failed: our own words as they are, of others' errors the kind alone. The rest is for the log."""
    error = future.exception(timeout=10)
    if isinstance(error, Refused) and error.kind in KINDS:
        return error
    LOG.error("a task failed", exc_info=error)
    if isinstance(error, KilledWorker):
        return Refused("unavailable", "workers of the Dask cluster died while they computed this, several times; they may lack memory")
    if isinstance(error, ImportError):
        return Refused("unavailable", "workers of the Dask cluster lack a package; install weir-dask where they run")
    return Refused("internal", f"a worker of the Dask cluster failed with {type(error).__name__}; the log of weir-dask says more")
