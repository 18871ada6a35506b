"""Blocks, merges and results beside plain NumPy, whatever the blocks are."""

import numpy as np
import pytest
from arrays import document, expected

from weir_dask import job, plan, reduction
from weir_dask.zarr import indices

GROUPS = [1, 0, 2, 2, 0, 4, 1, 0, 2, 4, 4]
PATTERNS = [
    (GROUPS, "kept", "kept"),
    ("reduced", "kept", "reduced"),
    ("reduced",) * 3,
    ("kept", [2, 0, 1, -1, 0], "kept"),
    (GROUPS, [0, 1, 1, 0, 0], "reduced"),
    ("kept", "reduced", "kept"),
]


def sample(dtype, seed=1):
    """Position-dependent values, some missing."""
    chance = np.random.default_rng(seed)
    values = (np.arange(11 * 5 * 7) % 101 + 1).reshape(11, 5, 7) * (1.37 if dtype[0] == "f" else 1)
    values = values.astype(dtype)
    if dtype[0] == "f":
        values[chance.random(values.shape) < 0.3] = np.nan
        values[:, 2, 3] = np.nan
    return values


def computed(values, work, chunks):
    """As a cluster computes it, without one."""
    out = np.empty(work.result_shape, work.result)
    for tile in plan.tiles(work, chunks):
        room = out[tuple(slice(None) if kept is None else slice(*kept) for kept in tile.kept)]
        if not tile.blocks:
            room[...] = reduction.nothing(work, room.shape)
            continue
        read = [reduction.unpacked(values[np.ix_(*map(indices, block.box))], work.packing) for block in tile.blocks]
        if plan.gathers(work):
            room[...] = reduction.quantiles(read[0], work, tile.blocks[0])
            continue
        made = [reduction.reduced_block(one, work, block) for one, block in zip(read, tile.blocks)]
        while len(made) > 2:
            made = [reduction.merged(made[at : at + 2], work.action) for at in range(0, len(made), 2)]
        room[...] = reduction.result(reduction.merged(made, work.action), work)
    return out


def check(got, wanted, rtol):
    assert (got.shape, got.dtype) == (wanted.shape, wanted.dtype)
    if got.dtype.kind == "f":
        np.testing.assert_allclose(got, wanted, rtol=rtol, atol=rtol)
    else:
        np.testing.assert_array_equal(got, wanted)


@pytest.mark.parametrize("action", job.ACTIONS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int16", "uint8", "uint64"])
def test_every_action_is_numpys(action, dtype, monkeypatch):
    values = sample(dtype)
    for along in PATTERNS:
        if action in ("first", "last") and sum(one != "kept" for one in along) > 1:
            continue
        part = 0.3 if action == "quantile" else None
        work = job.read(document("", values, along, action, part=part))
        wanted = expected(values, along, action, part)
        for small, chunks in ((1, [4, 2, 3]), (30, [1, 5, 2]), (1 << 20, [11, 5, 7])):
            monkeypatch.setattr(plan, "BLOCK_ELEMENTS", small)
            check(computed(values, work, chunks), wanted, 1e-6 if dtype == "float32" else 1e-12)


@pytest.mark.parametrize("action", job.WEIGHTED)
def test_values_weigh_what_is_said(action, monkeypatch):
    values = sample("float64")
    monkeypatch.setattr(plan, "BLOCK_ELEMENTS", 30)
    along = (GROUPS, "reduced", "kept")
    own = document("", values, along, action, result="float64")
    weights = [np.linspace(0.1, 2, 11), np.array([0.5, 0, 1, 2, 3.0])]
    for axis, one in zip(own["axes"], weights):
        axis["weights"] = one.tolist()
    every = np.broadcast_to((weights[0][:, None] * weights[1])[:, :, None], values.shape)
    check(computed(values, job.read(own), [4, 2, 3]), expected(values, along, action, weights=every), 1e-12)


def test_packed_values_are_unpacked_as_xarray_does():
    raw = np.array([-7, 2, 30000], "i2")
    packing = {"stored": "int16", "unpacked": "float32", "missing": ["-7"], "scale": float(np.float32(0.01)), "offset": 3.0}
    work = job.read(document("", raw, ("kept",), "first", packing=packing, result="float32"))
    got = reduction.unpacked(raw, work.packing)
    assert got.dtype == "f4" and np.isnan(got[0])
    np.testing.assert_array_equal(got[1:], raw[1:].astype("f4") * np.float32(0.01) + np.float32(3))
    signed = {**packing, "stored": "uint16", "missing": [], "scale": None, "offset": None, "unpacked": "uint16"}
    work = job.read(document("", raw.view("u2"), ("kept",), "max", packing=signed))
    assert reduction.unpacked(raw, work.packing).tolist() == [65529, 2, 30000]


def test_sums_of_integers_wrap():
    values = np.array([2**62, 2**62, 5], "i8")
    work = job.read(document("", values, ("reduced",), "sum"))
    assert computed(values, work, [1]).tolist() == [-(2**63) + 5]


def test_a_selection_keeps_its_order():
    values = np.arange(1, 21, dtype="f8")
    own = document("", values, ([0, 1, 1, 0, 0],), "first", elements=2)
    own["axes"][0] |= {"runs": [[15, 2, 3], [0, 3, 2]]}
    assert computed(values, job.read(own), [4]).tolist() == [16.0, 18.0]
    own["axes"][0] |= {"groups": [-1, -1, -1, -1, -1]}
    assert np.isnan(computed(values, job.read(own), [4])).all()


def test_infinities_and_large_means_keep_their_digits():
    values = np.array([1e9 + 1, 1e9 + 2, 1e9 + 4, np.inf, 3, 5])
    work = job.read(document("", values, ([0, 0, 0, 1, 2, 2],), "var"))
    got = computed(values, work, [2])
    assert abs(got[0] - 14 / 9) < 1e-6 and np.isnan(got[1]) and got[2] == 1
