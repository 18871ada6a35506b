"""What workers do: a block becomes what is kept of its groups, several such become one, and the last one a part of the result.

The rules are those of weir's own engine. NaN, and what stands for nothing in the file, is left out; sums are of doubles, rounded once at the end; sums of
integers are integers modulo 2^64; variances divide by the number of values, and are joined as Chan, Golub and LeVeque (1979) do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from weir_dask.job import NO_GROUP, Job, Packing
from weir_dask.plan import Block, Way

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Made:
    """What is kept of groups: fields over cells, and which groups these are along each axis (`None`: it is kept)."""

    places: tuple[npt.NDArray[np.int64] | None, ...]
    fields: dict[str, Array]


def unpacked(raw: Array, packing: Packing) -> Array:
    """The numbers that stored elements mean: singles, doubles or integers of 64 bits; NaN where one is missing."""
    stored = raw.view(packing.stored)
    is_missing = np.zeros(stored.shape, bool)
    for value in packing.missing:
        is_missing |= stored == stored.dtype.type(value)
    if not packing.unpacked.startswith("float"):
        return stored.astype("u8" if packing.unpacked == "uint64" else "i8")
    values = stored.astype(packing.unpacked)
    # Rounding what doubles give is what singles would give.
    if packing.scale is not None:
        values = (values.astype("f8") * packing.scale).astype(packing.unpacked)
    if packing.offset is not None:
        values = (values.astype("f8") + packing.offset).astype(packing.unpacked)
    if packing.missing:
        values[is_missing] = np.nan
    return values


class Grouping:
    """How the indices of one axis of a block go to groups."""

    def __init__(self, way: Way) -> None:
        """From the group of each index."""
        self.groups = way.groups
        self.places: npt.NDArray[np.int64] | None = None
        if self.groups is None:
            return
        taken = np.flatnonzero(self.groups != NO_GROUP)
        # Stable, so that the first of a group stays the first.
        self.order = taken[np.argsort(self.groups[taken], kind="stable")]
        self.places, self.starts = np.unique(self.groups[self.order], return_index=True)
        self.is_one = len(self.places) == 1 and len(taken) == len(self.groups)

    def reduced(self, operation: np.ufunc, values: Array, axis: int, dtype: str | None = None) -> Array:
        """The values of each group joined by an operation."""
        if self.groups is None:
            return values
        if self.is_one:
            return np.asarray(operation.reduce(values, axis=axis, keepdims=True, dtype=dtype))
        return np.asarray(operation.reduceat(values.take(self.order, axis=axis), self.starts, axis=axis, dtype=dtype))

    def spread(self, cells: Array, axis: int) -> Array:
        """For each index what its group has; anything for those of none."""
        if self.groups is None:
            return cells
        assert self.places is not None
        return cells.take(np.searchsorted(self.places, self.groups).clip(0, len(self.places) - 1), axis=axis)


def reduced_block(values: Array, job: Job, block: Block) -> Made:
    """What is kept of the groups of a block."""
    groupings = [Grouping(way) for way in block.ways]

    def joined(operation: np.ufunc, of: Array, dtype: str | None = None) -> Array:
        for axis in reversed(range(of.ndim)):
            of = groupings[axis].reduced(operation, of, axis, dtype)
        return of

    is_there = ~np.isnan(values) if values.dtype.kind == "f" else np.ones(values.shape, bool)
    fields = _fields(values, is_there, job, (block, groupings, joined))
    return Made(tuple(one.places for one in groupings), fields)


def _fields(values: Array, is_there: Array, job: Job, how: tuple[Block, list[Grouping], Any]) -> dict[str, Array]:
    block, groupings, joined = how
    weights = _weights(block) if job.is_weighted else None
    match job.action:
        case "count":
            return {"count": joined(np.add, is_there, "i8")}
        case "any":
            return {"any": joined(np.logical_or, values != 0)}
        case "min" | "max":
            operation = np.fmin if job.action == "min" else np.fmax
            return {"value": joined(operation, values)}
        case "first" | "last":
            return _ends(values, is_there, groupings, job.action)
        case "sum" if weights is None and values.dtype.kind != "f":
            return {"sum": joined(np.add, values)}
        case "sum" | "mean":
            doubles = np.where(is_there, values, 0).astype("f8")
            if weights is None:
                return {"sum": joined(np.add, doubles), "weight": joined(np.add, is_there, "i8").astype("f8")}
            return {"sum": joined(np.add, doubles * weights), "weight": joined(np.add, np.where(is_there, weights, 0.0))}
    return _moments(values, np.where(is_there, 1.0 if weights is None else weights, 0.0), groupings, joined)


def _weights(block: Block) -> Array:
    """What each element weighs."""
    rank = len(block.ways)
    product: Array = np.ones((1,) * rank)
    for axis, way in enumerate(block.ways):
        if way.weights is not None:
            product = product * way.weights.reshape([-1 if at == axis else 1 for at in range(rank)])
    return product


def _moments(values: Array, weights: Array, groupings: list[Grouping], joined: Any) -> dict[str, Array]:
    """The sum of weights, the mean, and the sum of weighted squares of differences from it."""
    doubles = np.where(weights != 0, values, 0).astype("f8")
    weight = joined(np.add, weights)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(weight == 0, 0, joined(np.add, doubles * weights) / weight)
    spread = mean
    for axis, grouping in enumerate(groupings):
        spread = grouping.spread(spread, axis)
    with np.errstate(invalid="ignore"):
        squares = np.where(weights != 0, weights * (doubles - spread) ** 2, 0)
    return {"weight": weight, "mean": mean, "squares": joined(np.add, squares)}


def _ends(values: Array, is_there: Array, groupings: list[Grouping], action: str) -> dict[str, Array]:
    """The first or last value of each group along the one axis that is not kept."""
    axis = next((at for at, grouping in enumerate(groupings) if grouping.groups is not None), None)
    if axis is None:
        return {"value": values, "there": is_there}
    length = values.shape[axis]
    places = np.arange(length, dtype="i8").reshape([-1 if at == axis else 1 for at in range(values.ndim)])
    if action == "first":
        found = groupings[axis].reduced(np.minimum, np.where(is_there, places, length), axis)
        there = found < length
    else:
        found = groupings[axis].reduced(np.maximum, np.where(is_there, places, -1), axis)
        there = found >= 0
    return {"value": np.take_along_axis(values, found.clip(0, length - 1), axis), "there": there}


def merged(parts: Sequence[Made], action: str) -> Made:
    """What is kept of all groups of several parts, of which each has values that come later than those of the one before."""
    if len(parts) == 1:
        return parts[0]
    places = tuple(None if along[0] is None else np.unique(np.concatenate(along)) for along in zip(*(part.places for part in parts)))
    one = next(iter(parts[0].fields.values()))
    shape = tuple(one.shape[at] if own is None else len(own) for at, own in enumerate(places))
    fields = {name: identity(name, field.dtype, shape, action) for name, field in parts[0].fields.items()}
    for part in parts:
        take_in(fields, part, (places, action))
    return Made(places, fields)


def identity(name: str, dtype: np.dtype[Any], shape: tuple[int, ...], action: str) -> Array:
    """A field of groups into which nothing went yet."""
    if name == "value" and dtype.kind == "f":
        return np.full(shape, np.nan, dtype)
    if name == "value" and action in ("min", "max"):
        limits = np.iinfo(dtype)
        return np.full(shape, limits.max if action == "min" else limits.min, dtype)
    return np.zeros(shape, dtype)


def take_in(fields: dict[str, Array], part: Made, how: tuple[Sequence[npt.NDArray[np.int64] | None], str]) -> None:
    """Takes a part into fields over more groups."""
    places, action = how
    shape = next(iter(part.fields.values())).shape
    along = [
        np.arange(shape[at]) if all_places is None or own is None else np.searchsorted(all_places, own)
        for at, (all_places, own) in enumerate(zip(places, part.places))
    ]
    at = np.ix_(*along)
    old = {name: field[at] for name, field in fields.items()}
    for name, field in _joined(old, part.fields, action).items():
        fields[name][at] = field


def _joined(old: dict[str, Array], new: dict[str, Array], action: str) -> dict[str, Array]:
    if "squares" in new:
        return _joined_moments(old, new)
    match action:
        case "min":
            return {"value": np.fmin(old["value"], new["value"])}
        case "max":
            return {"value": np.fmax(old["value"], new["value"])}
        case "any":
            return {"any": old["any"] | new["any"]}
        case "first":
            return {"value": np.where(old["there"], old["value"], new["value"]), "there": old["there"] | new["there"]}
        case "last":
            return {"value": np.where(new["there"], new["value"], old["value"]), "there": old["there"] | new["there"]}
    return {name: old[name] + new[name] for name in new}


def _joined_moments(old: dict[str, Array], new: dict[str, Array]) -> dict[str, Array]:
    weight = old["weight"] + new["weight"]
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(weight == 0, 0, new["weight"] / weight)
        apart = new["mean"] - old["mean"]
        squares = old["squares"] + new["squares"] + np.where(new["weight"] == 0, 0, apart**2 * old["weight"] * share)
        mean = old["mean"] + np.where(new["weight"] == 0, 0, apart * share)
    return {"weight": weight, "mean": mean, "squares": squares}


def result(made: Made, job: Job) -> Array:
    """The part of the result that was made, over all groups, in the type of the result."""
    one = next(iter(made.fields.values()))
    shape = tuple(one.shape[at] if axis.groups is None else axis.size for at, axis in enumerate(job.axes))
    fields = {name: identity(name, field.dtype, shape, job.action) for name, field in made.fields.items()}
    everything = tuple(None if axis.groups is None else np.arange(axis.size) for axis in job.axes)
    seen = np.zeros(shape, bool)
    for name, field in made.fields.items():
        fields[name][_places(made, everything, field.shape)] = field
    seen[_places(made, everything, one.shape)] = True
    return _finished(fields, seen, job).astype(job.result)


def nothing(job: Job, shape: tuple[int, ...]) -> Array:
    """A part of the result into which no value goes."""
    is_zero = job.action in ("sum", "count", "any") or not job.result.startswith("float")
    return np.full(shape, 0 if is_zero else np.nan, job.result)


def _places(made: Made, everything: Sequence[npt.NDArray[np.int64] | None], shape: tuple[int, ...]) -> Any:
    along = [np.arange(shape[at]) if own is None or everything[at] is None else own for at, own in enumerate(made.places)]
    return np.ix_(*along)


def _finished(fields: dict[str, Array], seen: Array, job: Job) -> Array:
    with np.errstate(invalid="ignore", divide="ignore"):
        match job.action:
            case "count" | "any":
                return fields[job.action]
            case "sum":
                return fields["sum"]
            case "mean":
                return np.where(fields["weight"] == 0, np.nan, fields["sum"] / fields["weight"])
            case "var" | "std":
                variance = np.where(fields["weight"] == 0, np.nan, fields["squares"] / fields["weight"])
                return variance if job.action == "var" else np.sqrt(variance)
    value = fields["value"]
    is_there = fields.get("there", seen)
    # Integers have no number for what is missing; weir knows which groups are empty.
    return np.where(is_there, value, np.nan if value.dtype.kind == "f" else 0)


def quantiles(values: Array, job: Job, block: Block) -> Array:
    """The quantile of each group of a block that has all of their values, interpolated linearly."""
    part = 0.5 if job.part is None or job.action == "median" else job.part
    kept = [at for at, way in enumerate(block.ways) if way.groups is None]
    other = [at for at, way in enumerate(block.ways) if way.groups is not None]
    cell = np.zeros((1,) * len(other), dtype="i8")
    for place, at in enumerate(other):
        groups = block.ways[at].groups
        assert groups is not None
        own = groups.reshape([-1 if axis == place else 1 for axis in range(len(other))])
        cell = np.where((cell < 0) | (own < 0), NO_GROUP, cell * job.axes[at].size + own)
    rows = values.transpose(*kept, *other).reshape([int(np.prod([values.shape[at] for at in kept], dtype="i8")), -1])
    cells = cell.reshape(-1)
    order = np.flatnonzero(cells >= 0)
    order = order[np.argsort(cells[order], kind="stable")]
    numbers, starts = np.unique(cells[order], return_index=True)
    sizes = [job.axes[at].size for at in other]
    made = np.full((rows.shape[0], int(np.prod(sizes, dtype="i8"))), np.nan)
    for number, columns in zip(numbers, np.split(order, starts[1:])):
        made[:, number] = _quantile(rows[:, columns], part)
    made = made.reshape([*(values.shape[at] for at in kept), *sizes])
    return np.moveaxis(made, range(made.ndim), [*kept, *other]).astype(job.result)


def _quantile(rows: Array, part: float) -> Array:
    """The quantile of each row, without its NaNs, as weir interpolates: from the nearer end."""
    rows = np.sort(rows, axis=1)
    count = np.count_nonzero(~np.isnan(rows), axis=1) if rows.dtype.kind == "f" else np.full(len(rows), rows.shape[1])
    last = np.maximum(count - 1, 0)
    at = part * last
    below = np.minimum(np.floor(at).astype("i8"), last)
    weight = at - below
    low = np.take_along_axis(rows, below[:, None], axis=1)[:, 0].astype("f8")
    high = np.take_along_axis(rows, np.minimum(below + 1, last)[:, None], axis=1)[:, 0].astype("f8")
    with np.errstate(invalid="ignore"):
        between = np.where(weight >= 0.5, high - (high - low) * (1 - weight), low + (high - low) * weight)
    return np.where(count == 0, np.nan, np.where(weight == 0, low, between))
