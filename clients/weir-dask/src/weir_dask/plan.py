"""Cuts a job into blocks of whole chunks, and tiles of the result into which they go.

The plan depends on the job and the array's chunks alone, not on the cluster: sums are added in the same order whatever the workers are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

import numpy as np
import numpy.typing as npt

from weir_dask.job import NO_GROUP, Axis, Job, Run
from weir_dask.refused import Refused

# Elements that one task looks at, unless one chunk has more: 32 MiB as doubles, a few times that with all that is made on the way.
BLOCK_ELEMENTS = 4 << 20
# Cells of the result that one task makes.
TILE_CELLS = 2 << 20
# Values of groups that must be at hand at once, for medians.
GATHERED_ELEMENTS = 16 << 20
# As often may a chunk be decoded, on the average.
MOST_DECODINGS = 16
MOST_BLOCKS = 200_000


@dataclass(frozen=True)
class Piece:
    """Neighbouring selected indices along an axis: the `start`-th to the one before the `stop`-th."""

    runs: tuple[Run, ...]
    start: int
    stop: int


@dataclass(frozen=True)
class Way:
    """What happens along one axis of a block: the group of each index, or `None` where it is kept, and what each weighs."""

    groups: npt.NDArray[np.int64] | None
    weights: npt.NDArray[np.float64] | None


@dataclass(frozen=True)
class Block:
    """A part of the array that one task reads."""

    box: tuple[tuple[Run, ...], ...]
    ways: tuple[Way, ...]


@dataclass(frozen=True)
class Tile:
    """A part of the result: where it lies along kept axes (`None` along the others, of which it has all), and the blocks that go into it, in order."""

    kept: tuple[tuple[int, int] | None, ...]
    blocks: tuple[Block, ...]


def gathers(job: Job) -> bool:
    """Whether all values of a group must be at hand at once."""
    return job.action in ("median", "quantile")


def tiles(job: Job, chunks: Sequence[int]) -> list[Tile]:
    """The plan of a job over an array of such chunks."""
    lengths = _gathering_lengths(job, chunks) if gathers(job) else _lengths(job, chunks)
    along = [list(_pieces(axis, length)) for axis, length in zip(job.axes, lengths)]
    if prod(map(len, along)) > MOST_BLOCKS:
        raise Refused("too_large", f"this takes {prod(map(len, along))} tasks, and at most {MOST_BLOCKS} are made; select less")
    kept = [pieces if axis.groups is None else [None] for axis, pieces in zip(job.axes, along)]
    return [_tile(job, chosen, along) for chosen in product(*kept)]


def _tile(job: Job, chosen: Sequence[Piece | None], along: Sequence[Sequence[Piece]]) -> Tile:
    options = [[one] if one is not None else pieces for one, pieces in zip(chosen, along)]
    blocks = tuple(_block(job, pieces) for pieces in product(*options))
    return Tile(tuple(None if one is None else (one.start, one.stop) for one in chosen), blocks)


def _block(job: Job, pieces: Sequence[Piece]) -> Block:
    ways = []
    for axis, piece in zip(job.axes, pieces):
        part = slice(piece.start, piece.stop)
        groups = None if axis.groups is None else axis.groups[part].copy()
        ways.append(Way(groups, None if axis.weights is None else axis.weights[part].copy()))
    return Block(tuple(piece.runs for piece in pieces), tuple(ways))


def _pieces(axis: Axis, length: int) -> Iterator[Piece]:
    """Cuts an axis where multiples of `length` indices of the array begin; what belongs to no group is left out where all of a piece does."""
    start = stop = 0
    runs: list[Run] = []
    number = None
    for own, run in _cut(axis.runs, length):
        if runs and own != number:
            yield from _taken(axis, Piece(tuple(runs), start, stop))
            runs, start = [], stop
        number = own
        runs.append(run)
        stop += run.count
    if runs:
        yield from _taken(axis, Piece(tuple(runs), start, stop))


def _taken(axis: Axis, piece: Piece) -> Iterator[Piece]:
    if axis.groups is None or np.any(axis.groups[piece.start : piece.stop] != NO_GROUP):
        yield piece


def _cut(runs: Sequence[Run], length: int) -> Iterator[tuple[int, Run]]:
    """Runs that lie within one piece each, with its number."""
    for run in runs:
        done = 0
        while done < run.count:
            first = run.start + run.step * done
            number = first // length
            behind = min(run.count, done + ((number + 1) * length - 1 - first) // run.step + 1)
            yield number, Run(first, run.step, behind - done)
            done = behind


def _span(axis: Axis) -> int:
    """Indices of the array from the first to the last that is selected."""
    last = max(run.start + run.step * (run.count - 1) for run in axis.runs)
    return last - min(run.start for run in axis.runs) + 1


class _Lengths:
    """Lengths of pieces, and how many selected elements lie in a box of them."""

    def __init__(self, job: Job, chunks: Sequence[int]) -> None:
        self.axes = job.axes
        self.spans = [_span(axis) if axis.runs else 1 for axis in job.axes]
        self.chunks = chunks
        self.of = list(chunks)

    def selected(self, at: int) -> int:
        """Selected indices in a piece along an axis, at most."""
        axis = self.axes[at]
        step = min((run.step for run in axis.runs), default=1)
        return max(1, min(axis.count, -(-self.of[at] // step)))

    def elements(self) -> int:
        """Elements of a block."""
        return prod(self.selected(at) for at in range(len(self.of)))

    def kept(self) -> list[int]:
        """The axes that are kept, longest pieces first."""
        return sorted((at for at, axis in enumerate(self.axes) if axis.groups is None), key=lambda at: -self.selected(at))

    def grow(self, at: int, fits: int) -> None:
        """Doubles a length as long as blocks have no more than so many elements."""
        while self.of[at] < self.spans[at] + self.chunks[at]:
            self.of[at] *= 2
            if self.elements() > fits:
                self.of[at] //= 2
                return

    def halve(self, axes: Sequence[int]) -> bool:
        """Halves the longest of some; `False` where none can be."""
        longest = max(axes, key=self.selected, default=None)
        if longest is None or self.selected(longest) <= 1:
            return False
        self.of[longest] = -(-min(self.of[longest], self.spans[longest]) // 2)
        return True

    def decodings(self) -> int:
        """How often chunks are decoded."""
        return prod(-(-min(chunk, span) // length) for chunk, span, length in zip(self.chunks, self.spans, self.of))


def _lengths(job: Job, chunks: Sequence[int]) -> list[int]:
    lengths = _Lengths(job, chunks)
    groups = prod(axis.size for axis in job.axes if axis.groups is not None)

    def cells() -> int:
        return groups * prod(lengths.selected(at) for at in lengths.kept())

    while cells() > TILE_CELLS and lengths.halve(lengths.kept()):
        pass
    while lengths.elements() > 2 * BLOCK_ELEMENTS and lengths.halve(range(len(chunks))):
        pass
    # What is reduced first: it makes no tile larger.
    for at, axis in reversed(list(enumerate(job.axes))):
        if axis.groups is not None:
            lengths.grow(at, BLOCK_ELEMENTS)
    for at in reversed(lengths.kept()):
        before = lengths.of[at]
        lengths.grow(at, BLOCK_ELEMENTS)
        while lengths.of[at] > before and cells() > TILE_CELLS:
            lengths.of[at] //= 2
    return lengths.of


def _gathering_lengths(job: Job, chunks: Sequence[int]) -> list[int]:
    """Lengths of blocks of which each has all indices of the axes that are not kept."""
    lengths = _Lengths(job, chunks)
    for at, axis in enumerate(job.axes):
        if axis.groups is not None:
            lengths.of[at] = max(chunks[at], job.shape[at])
    while lengths.elements() > GATHERED_ELEMENTS:
        if not lengths.halve(lengths.kept()):
            raise Refused("too_large", f"one group has {lengths.elements()} values, and a worker holds at most {GATHERED_ELEMENTS}; select less")
    if lengths.decodings() > MOST_DECODINGS:
        raise Refused("too_large", f"data would be read {lengths.decodings()} times, because workers do not hold all groups at once; select less")
    for at in reversed(lengths.kept()):
        lengths.grow(at, BLOCK_ELEMENTS)
    return lengths.of
