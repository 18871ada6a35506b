"""What a dataset holds, in one plain form for every client, and how two of them differ.

`Dataset` is filled from the local file, from what a protocol is documented to make of it,
or from what a client saw; only equal things are equal, whoever filled it.
"""

import dataclasses
import json
import math

import numpy as np

# Enough to see what is wrong; a broken variable would otherwise print every element.
MOST_DIFFERENCES = 12


@dataclasses.dataclass
class Variable:
    """One variable: dimension names, values (numbers, or an object array of `str`), attributes."""

    dimensions: tuple
    values: np.ndarray
    attributes: dict
    # Name and length of the dimension that a client shows for characters; None where it does not matter.
    text_dimension: tuple | None = None


@dataclasses.dataclass
class Dataset:
    """Variables by name or path, attributes by group path ("/" is the root)."""

    variables: dict
    attributes: dict
    unlimited: set = dataclasses.field(default_factory=set)


class Refused(Exception):
    """Stands for the values that a client could not read."""


def plain(value):
    """An attribute as `str`, a list of `str`, or its type and values as Python numbers.

    One element and a list of one element are the same attribute in netCDF.
    """
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple)) and value and all(isinstance(part, str) for part in value):
        return value[0] if len(value) == 1 else list(value)
    array = np.atleast_1d(np.asarray(value))
    if isinstance(value, (list, tuple)) and array.dtype.kind == "f" and all(isinstance(part, int) for part in value):
        # Beyond 63 bits, numpy would make floats of them.
        array = np.array(value, "u8" if all(0 <= part < 2**64 for part in value) else object)
    if array.dtype.kind in "US" or array.dtype == object:
        return plain([str(part) for part in array.tolist()])
    return {"type": array.dtype.name, "values": array.tolist()}


def joined(characters):
    """A character array as text: the last axis joined, padding removed."""
    characters = np.asarray(characters)
    text = np.empty(characters.shape[:-1], dtype=object)
    for place in np.ndindex(text.shape):
        text[place] = characters[place].astype("S1").tobytes().rstrip(b"\0").decode()
    return text


def texts(values):
    """Any array of strings as an object array of `str`."""
    values = np.asarray(values, dtype=object)
    plain_text = np.empty(values.shape, dtype=object)
    for place in np.ndindex(values.shape):
        one = values[place]
        plain_text[place] = one.decode() if isinstance(one, bytes) else str(one)
    return plain_text


def rendered(value):
    """One element of a made-up type as text that tells every name, every type and every number."""
    if isinstance(value, np.void) and value.dtype.names:
        return "{" + ", ".join(f"{name} = {rendered(value[name])}" for name in value.dtype.names) + "}"
    if isinstance(value, np.void):
        return "0x" + value.tobytes().hex()
    if isinstance(value, (bytes, str)):
        return json.dumps(value.decode() if isinstance(value, bytes) else value, ensure_ascii=False)
    if isinstance(value, (np.ndarray, list, tuple)):
        return "[" + ", ".join(rendered(part) for part in value) + "]"
    return f"{np.asarray(value).dtype.name} {value.item()!r}"


def elements(values):
    """An array of a made-up type as an object array of text, element by element."""
    values = np.asarray(values)
    shown = np.empty(values.shape, dtype=object)
    for place in np.ndindex(values.shape):
        shown[place] = rendered(values[place])
    return shown


def same(left, right):
    """Whether two plain values are equal, NaN and the sign of zero included."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, float) and isinstance(right, float):
        return (math.isnan(left) and math.isnan(right)) or (left == right and math.copysign(1, left) == math.copysign(1, right))
    return type(left) is type(right) and left == right


def attribute_differences(where, expected, seen):
    """Differences of two attribute mappings."""
    for name in expected.keys() - seen.keys():
        yield f"{where}: attribute {name!r} is missing; expected {expected[name]!r}"
    for name in seen.keys() - expected.keys():
        yield f"{where}: attribute {name!r} is not expected; seen {seen[name]!r}"
    for name in expected.keys() & seen.keys():
        if not same(expected[name], seen[name]):
            yield f"{where}: attribute {name!r} is {seen[name]!r}; expected {expected[name]!r}"


def value_differences(where, expected, seen):
    """Differences of two arrays: shape, type, then bits (NaN payloads apart)."""
    expected, seen = np.asarray(expected), np.asarray(seen)
    if expected.shape != seen.shape:
        yield f"{where}: shape is {seen.shape}; expected {expected.shape}"
        return
    if expected.dtype.newbyteorder("=") != seen.dtype.newbyteorder("="):
        yield f"{where}: type is {seen.dtype}; expected {expected.dtype}"
        return
    wrong = expected != seen
    if expected.dtype.kind == "f":
        wrong = (wrong | (np.signbit(expected) != np.signbit(seen))) & ~(np.isnan(expected) & np.isnan(seen))
    places = np.argwhere(np.atleast_1d(wrong))
    if len(places):
        first = tuple(int(i) for i in places[0]) if expected.ndim else ()
        yield f"{where}: {len(places)} of {expected.size} values differ; at {list(first)} {seen[first]!r}, expected {expected[first]!r}"


def variable_differences(name, expected, seen):
    """Differences of one variable."""
    if isinstance(seen.values, Refused):
        yield f"{name}: cannot be read: {seen.values}"[:500]
        return
    if tuple(expected.dimensions) != tuple(seen.dimensions):
        yield f"{name}: dimensions are {seen.dimensions}; expected {expected.dimensions}"
    if expected.text_dimension and expected.text_dimension != seen.text_dimension:
        yield f"{name}: characters lie along {seen.text_dimension}; expected {expected.text_dimension}"
    yield from value_differences(name, expected.values, seen.values)
    yield from attribute_differences(name, expected.attributes, seen.attributes)


def differences_by_variable(expected, seen):
    """Everything in which `seen` is not `expected`, by the name of the variable; under "" what is no variable's."""
    found = {}
    for name in expected.variables.keys() | seen.variables.keys():
        sides = [Dataset({name: side.variables[name]} if name in side.variables else {}, {}) for side in (expected, seen)]
        found[name] = differences(*sides)
    return found | {"": differences(Dataset({}, expected.attributes, expected.unlimited), Dataset({}, seen.attributes, seen.unlimited))}


def differences(expected, seen):
    """Everything in which `seen` is not `expected`, as readable lines."""
    found = []
    for name in sorted(expected.variables.keys() - seen.variables.keys()):
        found.append(f"{name}: variable is missing")
    for name in sorted(seen.variables.keys() - expected.variables.keys()):
        found.append(f"{name}: variable is not expected")
    for name in expected.variables.keys() & seen.variables.keys():
        found += variable_differences(name, expected.variables[name], seen.variables[name])
    for path in sorted(expected.attributes.keys() | seen.attributes.keys()):
        found += attribute_differences(f"group {path}", expected.attributes.get(path, {}), seen.attributes.get(path, {}))
    if not expected.unlimited <= seen.unlimited:
        found.append(f"unlimited dimensions are {sorted(seen.unlimited)}; expected {sorted(expected.unlimited)}")
    if len(found) > MOST_DIFFERENCES:
        found = found[:MOST_DIFFERENCES] + [f"... and {len(found) - MOST_DIFFERENCES} more"]
    return found
