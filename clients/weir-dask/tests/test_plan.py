"""Plans: every element once, whole chunks, and what is too much."""

import numpy as np
import pytest
from arrays import document

from weir_dask import job, plan
from weir_dask.refused import Refused
from weir_dask.zarr import indices


def work(shape, along, action="mean", **fields):
    return job.read(document("", np.broadcast_to(np.float32(1), shape), along, action, **fields))


@pytest.mark.parametrize("chunks", [(3, 4), (50, 60), (1, 60), (7, 7)])
@pytest.mark.parametrize("size", [1, 40, 5000])
def test_blocks_hold_each_element_once(chunks, size, monkeypatch):
    monkeypatch.setattr(plan, "BLOCK_ELEMENTS", size)
    own = document("", np.broadcast_to(np.float32(1), (50, 60)), ("reduced", "kept"), "mean", elements=19)
    own["axes"][0]["runs"] = [[30, 1, 20], [0, 3, 5]]
    own["axes"][1]["runs"] = [[2, 3, 19]]
    seen = np.zeros((50, 60), int)
    for tile in plan.tiles(job.read(own), chunks):
        for block in tile.blocks:
            seen[np.ix_(*map(indices, block.box))] += 1
    assert seen.max() == 1 and seen.sum() == 25 * 19


def test_blocks_are_whole_chunks_and_grow_along_what_is_reduced():
    tiles = plan.tiles(work((8192, 512, 512), ([day % 12 for day in range(8192)], "kept", "kept")), (16, 128, 128))
    assert len(tiles) == 16
    assert tiles[0].kept == (None, (0, 128), (0, 128))
    assert [block.box[0][0].count for block in tiles[0].blocks] == [256] * 32


def test_groups_that_no_worker_holds_are_refused():
    with pytest.raises(Refused, match=r"one group has 33554432 values"):
        plan.tiles(work((1 << 25,), ("reduced",), "median"), (1 << 20,))
    with pytest.raises(Refused, match=r"read \d+ times"):
        plan.tiles(work((1 << 20, 512), ("reduced", "kept"), "median"), (1, 512))


def test_pieces_without_groups_are_not_read():
    tiles = plan.tiles(work((100, 2), ([0] * 10 + [-1] * 90, "kept")), (10, 2))
    assert [len(tile.blocks) for tile in tiles] == [1]
