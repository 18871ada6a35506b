"""What weir asks for: an array, what is selected of it, what happens along each axis, and what is made of each group.

It is data and never code: each field is checked here, and anything that is not known is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, prod
from typing import Any

import numpy as np
import numpy.typing as npt

from weir_dask.refused import Refused

PROTOCOL = 1
ACTIONS = ("mean", "min", "max", "count", "first", "last", "sum", "std", "var", "median", "any", "quantile")
NUMBERS = ("int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64")
RESULTS = ("float32", "float64", "int64", "uint64", "bool")
WEIGHTED = ("mean", "sum", "std", "var")
NO_GROUP = -1


@dataclass(frozen=True)
class Run:
    """Indices at even distances."""

    start: int
    step: int
    count: int


@dataclass(frozen=True)
class Axis:
    """What is selected along an axis of the array, and what happens along it.

    `groups` has the group of each selected index (-1: none), or is `None` where the axis is kept; a reduced axis has one group. `size` is the length of the
    result along it.
    """

    runs: tuple[Run, ...]
    groups: npt.NDArray[np.int64] | None
    size: int
    weights: npt.NDArray[np.float64] | None

    @property
    def count(self) -> int:
        """How many indices are selected."""
        return sum(run.count for run in self.runs)


@dataclass(frozen=True)
class Packing:
    """How stored numbers become those that are meant: missing ones first, then times scale, then plus offset."""

    stored: str
    unpacked: str
    missing: tuple[int | float, ...]
    scale: float | None
    offset: float | None


@dataclass(frozen=True)
class Job:
    """One computation."""

    array: str
    shape: tuple[int, ...]
    packing: Packing
    axes: tuple[Axis, ...]
    action: str
    part: float | None
    result: str

    @property
    def result_shape(self) -> tuple[int, ...]:
        """The lengths of the result, with 1 for axes that are reduced."""
        return tuple(axis.size for axis in self.axes)

    @property
    def is_weighted(self) -> bool:
        """Whether any axis has weights."""
        return any(axis.weights is not None for axis in self.axes)


def read(document: Any) -> Job:
    """The job that a document describes; `Refused` where it is not one."""
    fields = _object(document, "the job")
    if fields.get("protocol") != PROTOCOL:
        raise Refused("unsupported", f"weir speaks protocol {fields.get('protocol')!r:.9}, and weir-dask {PROTOCOL}; install those of one release")
    shape = tuple(_count(length, "a length") for length in _list(fields.get("shape"), "shape"))
    axes = _list(fields.get("axes"), "axes")
    if not shape or len(axes) != len(shape):
        raise _wrong("axes", len(axes))
    job = Job(
        array=_text(fields.get("array"), "array"),
        shape=shape,
        packing=_packing(_object(fields.get("packing"), "packing")),
        axes=tuple(_axis(_object(axis, "an axis"), length) for axis, length in zip(axes, shape)),
        action=_one_of(fields.get("action"), ACTIONS, "action"),
        part=_real(fields.get("part"), "part"),
        result=_one_of(fields.get("result"), RESULTS, "result"),
    )
    _check(job, fields.get("elements"))
    return job


def _check(job: Job, elements: Any) -> None:
    """What fields must be of each other."""
    if job.action == "quantile" and (job.part is None or not 0 <= job.part <= 1):
        raise _wrong("part", job.part)
    if job.is_weighted and job.action not in WEIGHTED:
        raise _wrong("weights", job.action)
    if job.action in ("first", "last") and sum(axis.groups is not None for axis in job.axes) > 1:
        raise _wrong("action", job.action)
    if prod(job.result_shape) != elements:
        raise _wrong("elements", elements)


def _packing(fields: dict[str, Any]) -> Packing:
    stored = _one_of(fields.get("stored"), NUMBERS, "stored")
    # As texts, because JSON has no infinities.
    convert = float if stored.startswith("float") else int
    try:
        missing = tuple(convert(_text(value, "missing")) for value in _list(fields.get("missing"), "missing"))
    except ValueError:
        raise _wrong("missing", fields.get("missing")) from None
    if convert is int and any(not np.iinfo(stored).min <= value <= np.iinfo(stored).max for value in missing):
        raise _wrong("missing", missing)
    packing = Packing(
        stored=stored,
        unpacked=_one_of(fields.get("unpacked"), NUMBERS, "unpacked"),
        missing=missing,
        scale=_real(fields.get("scale"), "scale"),
        offset=_real(fields.get("offset"), "offset"),
    )
    changes = bool(missing) or packing.scale is not None or packing.offset is not None
    if changes and not packing.unpacked.startswith("float"):
        raise _wrong("unpacked", packing.unpacked)
    if not changes and packing.unpacked != packing.stored:
        raise _wrong("unpacked", packing.unpacked)
    return packing


def _axis(fields: dict[str, Any], length: int) -> Axis:
    runs = tuple(_run(run, length) for run in _list(fields.get("runs"), "runs"))
    count = sum(run.count for run in runs)
    groups, size = _groups(fields, count)
    weights = fields.get("weights")
    if weights is None:
        return Axis(runs, groups, size, None)
    array = np.asarray([_real(weight, "a weight") for weight in _list(weights, "weights")], dtype="f8")
    if array.shape != (count,) or not np.all(array >= 0):
        raise _wrong("weights", f"{array.size} numbers")
    return Axis(runs, groups, size, array)


def _groups(fields: dict[str, Any], count: int) -> tuple[npt.NDArray[np.int64] | None, int]:
    along = _one_of(fields.get("along"), ("kept", "reduced", "grouped"), "along")
    if along == "kept":
        return None, count
    if along == "reduced":
        return np.zeros(count, dtype="i8"), 1
    size = _count(fields.get("size"), "size")
    groups = np.asarray([_whole(group, "a group") for group in _list(fields.get("groups"), "groups")], dtype="i8")
    if groups.shape != (count,) or np.any(groups < NO_GROUP) or np.any(groups >= size):
        raise _wrong("groups", f"{groups.size} numbers")
    return groups, size


def _run(value: Any, length: int) -> Run:
    numbers = [_whole(number, "runs") for number in _list(value, "a run")]
    if len(numbers) != 3:
        raise _wrong("runs", value)
    start, step, count = numbers
    if start < 0 or step < 1 or count < 1 or start + step * (count - 1) >= length:
        raise _wrong("runs", value)
    return Run(start, step, count)


def _wrong(name: str, value: Any) -> Refused:
    return Refused("internal", f"{name} of the job is not understood: {value!r:.80}")


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(name, value)
    return value


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise _wrong(name, value)
    return value


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise _wrong(name, value)
    return value


def _whole(value: Any, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not -(2**53) <= value <= 2**53:
        raise _wrong(name, value)
    return value


def _count(value: Any, name: str) -> int:
    if _whole(value, name) < 0:
        raise _wrong(name, value)
    return int(value)


def _real(value: Any, name: str) -> float | None:
    if value is None:
        return None
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not isfinite(value):
        raise _wrong(name, value)
    return float(value)


def _one_of(value: Any, valid: tuple[str, ...], name: str) -> str:
    if value not in valid:
        raise _wrong(name, value)
    return str(value)
