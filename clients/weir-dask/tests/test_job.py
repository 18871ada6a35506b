"""Documents that are no jobs are refused."""

import numpy as np
import pytest
from arrays import document

from weir_dask import job
from weir_dask.refused import Refused

VALUES = np.ones((4, 3), "f4")


def good():
    return document("http://x/y", VALUES, ([0, 1, 0, -1], "kept"), "mean")


def test_a_job_is_read():
    work = job.read(good())
    assert work.result_shape == (2, 3) and work.axes[0].groups.tolist() == [0, 1, 0, -1] and work.axes[1].groups is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("protocol", 2),
        ("array", None),
        ("shape", [4]),
        ("shape", [4, -3]),
        ("shape", [4, "3"]),
        ("action", "__import__('os')"),
        ("action", None),
        ("action", "quantile"),
        ("result", "object"),
        ("elements", 7),
        ("axes", []),
        ("packing", []),
        ("part", "1"),
        ("part", True),
    ],
)
def test_wrong_fields_are_refused(field, value):
    with pytest.raises(Refused):
        job.read({**good(), field: value})


@pytest.mark.parametrize(
    "change",
    [
        {"runs": [[0, 1, 5]]},
        {"runs": [[0, 0, 4]]},
        {"runs": [[-1, 1, 4]]},
        {"runs": [[0, 1]]},
        {"runs": [[0, 1, 4.0]]},
        {"groups": [0, 1, 0]},
        {"groups": [0, 1, 0, 2]},
        {"groups": [0, 1, 0, -2]},
        {"groups": [0, 1, 0, 2**70]},
        {"along": "eval"},
        {"weights": [1, 2]},
        {"weights": [1, 1, 1, -1]},
        {"weights": [1, 1, 1, "1"]},
    ],
)
def test_wrong_axes_are_refused(change):
    own = good()
    own["axes"][0] |= change
    with pytest.raises(Refused):
        job.read(own)


@pytest.mark.parametrize("change", [{"missing": ["x"]}, {"missing": [1]}, {"stored": "object"}, {"unpacked": "float64"}, {"scale": "2"}])
def test_wrong_packing_is_refused(change):
    own = good()
    own["packing"] |= change
    with pytest.raises(Refused):
        job.read(own)
    whole = document("", np.ones(3, "i2"), ("kept",), "max")
    whole["packing"]["missing"] = ["70000"]
    with pytest.raises(Refused):
        job.read(whole)


def test_ends_are_of_one_axis():
    with pytest.raises(Refused):
        job.read(document("", VALUES, ("reduced", "reduced"), "first"))


@pytest.mark.parametrize("text", [[], None, 1, "x", {}])
def test_other_documents_are_refused(text):
    with pytest.raises(Refused):
        job.read(text)
