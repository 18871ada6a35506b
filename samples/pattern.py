"""Position-dependent, non-zero sample values: a value out of place is always visible."""

import numpy as np


def index(shape):
    """Flat position + 1 of every element, as int64 with the given shape."""
    return np.arange(1, int(np.prod(shape, dtype=np.int64)) + 1, dtype=np.int64).reshape(shape)


def integers(shape, kind):
    """Distinct non-zero integers using the full range of `kind`, extremes included.

    A step coprime to the range walks over all byte values, so that a swapped or
    dropped byte shows in every element.
    """
    info = np.iinfo(kind)
    bits = info.bits
    step = {8: 37, 16: 24_001, 32: 1_640_531_527, 64: 7_046_029_254_386_353_131}[bits]
    walked = (index(shape).astype(np.uint64) * np.uint64(step)) & np.uint64(2**bits - 1)
    values = walked.astype(f"u{bits // 8}")
    values[values == 0] = 1
    values = values.view(kind) if info.min < 0 else values.astype(kind)
    flat = values.reshape(-1)
    if flat.size > 2:
        flat[1], flat[-1] = info.max, info.min if info.min < 0 else info.max - 1
    return values


def reals(shape, kind):
    """Distinct non-zero reals with full mantissas, both signs."""
    position = index(shape).astype("f8")
    return (np.where(position % 3 == 0, -1.0, 1.0) * (position + 1.0 / 3.0) * 1.001).astype(kind)


def numbers(shape, kind):
    """`integers` or `reals`, as `kind` asks."""
    return reals(shape, kind) if np.dtype(kind).kind == "f" else integers(shape, kind)
