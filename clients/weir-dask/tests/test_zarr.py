"""Reading chunks: exactly what is stored, or an error."""

import json

import numcodecs
import numpy as np
import pytest
from arrays import ZLIB, Source

from weir_dask import zarr
from weir_dask.job import Run
from weir_dask.refused import Refused

VALUES = np.arange(1, 11 * 7 + 1).reshape(11, 7)


@pytest.fixture
def source(monkeypatch):
    monkeypatch.setattr(zarr.time, "sleep", lambda _: None)
    with Source() as source:
        yield source


def whole(url):
    return zarr.read(zarr.open_array(url, "v"), [[Run(0, 1, 11)], [Run(0, 1, 7)]])


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<i2", ">i8", "|u1"])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("codecs", [(), (ZLIB,), (numcodecs.Delta("<i8"), ZLIB), (numcodecs.Blosc(),), (numcodecs.Shuffle(4), numcodecs.Zstd())])
def test_values_are_those_that_are_stored(source, dtype, order, codecs):
    if codecs and codecs[0].codec_id == "delta" and dtype != ">i8":
        return
    codecs = tuple(numcodecs.Delta(dtype) if one.codec_id == "delta" else one for one in codecs)
    url = source.add("v", VALUES.astype(dtype), [4, 3], codecs=codecs, dtype=dtype, order=order)
    got = whole(url)
    assert got.dtype.isnative
    np.testing.assert_array_equal(got, VALUES.astype(dtype))


def test_parts_are_read_in_their_order(source):
    url = source.add("v", VALUES.astype("f8"), [4, 3])
    box = [[Run(8, 1, 3), Run(1, 2, 3)], [Run(5, 1, 2), Run(0, 1, 1)]]
    got = zarr.read(zarr.open_array(url, "v"), box)
    np.testing.assert_array_equal(got, VALUES[np.ix_([8, 9, 10, 1, 3, 5], [5, 6, 0])])
    assert "/v/2.0" in source.server.asked
    source.server.asked.clear()
    zarr.read(zarr.open_array(url, "v"), [[Run(8, 1, 1)], [Run(6, 1, 1)]])
    assert source.server.asked == ["/v/.zarray", "/v/2.2"]


def test_chunks_that_were_never_written_are_fill_values(source):
    url = source.add("v", VALUES.astype("f8"), [4, 3], fill="NaN")
    del source.documents["/v/1.1"]
    got = whole(url)
    assert np.isnan(got[4:8, 3:6]).all() and np.isnan(got).sum() == 12
    url = source.add("n", VALUES.astype("f8"), [4, 3])
    del source.documents["/n/1.1"]
    with pytest.raises(Refused, match="nothing that stands for it"):
        whole(url)


@pytest.mark.parametrize("status", [500, 403, 302, 503, 502])
def test_what_fails_is_never_taken_for_a_fill_value(source, status):
    url = source.add("v", VALUES.astype("f8"), [4, 3], fill=0)
    source.documents["/v/1.1"] = status
    with pytest.raises(Refused, match=f"could not read chunk 1.1 from weir: the answer was {status}") as refused:
        whole(url)
    assert refused.value.kind == "unavailable" and "127" not in str(refused.value)


def test_what_is_busy_is_asked_again(source):
    url = source.add("v", VALUES.astype("f8"), [4, 3])
    source.documents["/v/1.1"] = [503, 503, source.documents["/v/1.1"]]
    np.testing.assert_array_equal(whole(url), VALUES)


@pytest.mark.parametrize("body", [b"", b"short", b"x" * 500])
def test_damaged_chunks_are_refused(source, body):
    for name, codecs in (("v", (ZLIB,)), ("raw", ())):
        url = source.add(name, VALUES.astype("f8"), [4, 3], codecs=codecs)
        source.documents[f"/{name}/1.1"] = body
        with pytest.raises(Refused, match=r"chunk 1\.1") as refused:
            whole(url)
        assert refused.value.kind == "corrupt"


@pytest.mark.parametrize(
    "change",
    [
        {"compressor": {"id": "pickle"}},
        {"compressor": {"id": "nothing"}},
        {"dtype": "|O"},
        {"dtype": "<U3"},
        {"zarr_format": 3},
        {"chunks": [0, 1]},
        {"order": "Z"},
    ],
)
def test_what_is_not_known_is_refused(source, change):
    url = source.add("v", VALUES.astype("f8"), [4, 3])
    document = {**json.loads(source.documents["/v/.zarray"]), **change}
    source.documents["/v/.zarray"] = json.dumps(document).encode()
    with pytest.raises(Refused) as refused:
        zarr.open_array(url, "v")
    assert refused.value.kind == "unsupported"
    source.documents["/v/.zarray"] = b"<html>"
    with pytest.raises(Refused):
        zarr.open_array(url, "v")
    with pytest.raises(Refused, match="no Zarr array"):
        zarr.open_array(url + "x", "v")
