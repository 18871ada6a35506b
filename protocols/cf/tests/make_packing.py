"""Writes random packed variables as xarray unpacks them, for `packing.rs` to compare.

    python make_packing.py --cases 400 > packing.txt

One line a variable, fields parted by tabs: the stored type, the attributes (`name=type:value,value`, parted by `;`), the
stored numbers, the unpacked type, the unpacked numbers (floats as `repr` writes them, which names every double).

The versions of the packages are in `requirements.txt`.
"""

import argparse
import random
import warnings

import numpy as np
import xarray as xr

TYPES = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"]


def stored_numbers(rng, kind):
    if np.dtype(kind).kind == "f":
        return np.array([rng.choice([rng.uniform(-1e3, 1e3), np.nan, 1e20, 0.1]) for _ in range(6)], kind)
    limits = np.iinfo(kind)
    # Beyond 2**53 xarray takes an integer for a fill value that is next to it: it compares them as doubles.
    low, high = max(int(limits.min), -(2**52)), min(int(limits.max), 2**52)
    return np.array([rng.choice([rng.randint(low, high), low, high, rng.randint(0, 100)]) for _ in range(6)], kind)


def random_attributes(rng, kind, numbers):
    attributes = {}
    real = rng.choice(["float32", "float64"])
    other = real if rng.random() < 0.8 else rng.choice(["float32", "float64", "int32"])
    if rng.random() < 0.6:
        attributes["scale_factor"] = np.dtype(real).type(rng.choice([0.01, 0.1, 1.5, 2.0, rng.uniform(-3, 3)]))
    if rng.random() < 0.5:
        attributes["add_offset"] = np.dtype(other).type(rng.choice([273.15, -10, 100.5, rng.uniform(-300, 300)]))
    plain = np.dtype(kind).kind == "f"
    if not plain and rng.random() < 0.2:
        attributes["_Unsigned"] = rng.choice(["true", "false"])
    # As the type is stored; a single with a scale that is a single is compared by xarray after it was rounded.
    if rng.random() < 0.6:
        attributes["_FillValue"] = numbers[0]
    if "_Unsigned" not in attributes and rng.random() < 0.3:
        attributes["missing_value"] = rng.choice([numbers[1], numbers[1:3]])
    if rng.random() < 0.1:
        # xarray takes no notice of it.
        attributes["valid_range"] = np.array([0, 50], kind)
    return attributes


def rounded_before_comparing(kind, attributes):
    """Whether xarray compares fill values with singles that hold the stored numbers only nearly, and misses them."""
    single = isinstance(attributes.get("scale_factor"), np.float32)
    return single and (kind == "float64" or (np.dtype(kind).kind in "iu" and np.dtype(kind).itemsize >= 4))


def written(value):
    return repr(value.item()) if isinstance(value, np.generic) else repr(value)


def attribute(name, value):
    if isinstance(value, str):
        return f"{name}=text:{value}"
    values = np.atleast_1d(value)
    return f"{name}={values.dtype}:{','.join(map(written, values))}"


def case(rng):
    while True:
        kind = rng.choice(TYPES)
        numbers = stored_numbers(rng, kind)
        attributes = random_attributes(rng, kind, numbers)
        if not rounded_before_comparing(kind, attributes):
            break
    variable = xr.Variable(("x",), numbers, dict(attributes))
    decoded = xr.conventions.decode_cf_variable("v", variable, decode_times=False).values
    fields = [
        kind,
        ";".join(attribute(name, value) for name, value in attributes.items()),
        " ".join(map(written, numbers)),
        str(decoded.dtype),
        " ".join(map(written, decoded)),
    ]
    return "\t".join(fields)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, required=True)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    rng = random.Random(3)
    for _ in range(arguments.cases):
        print(case(rng))


main()
