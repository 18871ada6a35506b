"""pydap, an implementation of DAP2 of its own.

Its quirks, which are no fault of a server, are undone here: it leaves the escapes of
the DAS in attributes and strips quotes from them, and it gives numbers without a type.
"""

import re
import urllib.parse

import numpy as np

from observed import Dataset, Variable, plain, texts

ESCAPE = re.compile(r"\\([0-7]{3}|n|t|.)", re.DOTALL)


def unescaped(text):
    """DAS escapes undone."""
    def one(match):
        code = match.group(1)
        return {"n": "\n", "t": "\t"}.get(code) or (chr(int(code, 8)) if len(code) == 3 else code)

    return ESCAPE.sub(one, text)


def flat_attributes(attributes, prefix=""):
    """Nested containers as `container.name`."""
    flat = {}
    for name, value in attributes.items():
        if isinstance(value, dict):
            flat |= flat_attributes(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = plain(value)
    return flat


def columns_seen(name, sequence):
    """The columns of a Sequence, each a variable."""
    rows = list(sequence.iterdata())
    columns = {column: np.array([row[place] for row in rows]) for place, column in enumerate(sequence.keys())}
    return {f"{name}.{column}": Variable((name,), values, {}) for column, values in columns.items()}


def seen(address, expected):
    """Everything pydap sees."""
    from pydap.client import open_url

    dataset = open_url(address, protocol="dap2")
    variables, attributes_of_tables = {}, {}
    for name, variable in dataset.items():
        if type(variable).__name__ == "SequenceType":
            variables |= columns_seen(name, variable)
            attributes_of_tables |= flat_attributes(variable.attributes, f"{name}.")
            continue
        values = np.asarray(variable[...].data)
        values = texts(values) if values.dtype.kind in "SUO" else values.astype(values.dtype.newbyteorder("="))
        variables[name] = Variable(tuple(variable.dims), values, flat_attributes(variable.attributes))
    attributes = flat_attributes(dataset.attributes) | attributes_of_tables
    unlimited = {attributes["Unlimited_Dimension"]} if "Unlimited_Dimension" in attributes else set()
    return aligned(expected, Dataset(variables, {"/": attributes}, unlimited))


def typed(expected, seen_value):
    """A number in the type that the file gives it, if it is exactly that number; else as it was seen."""
    if not isinstance(expected, dict) or not isinstance(seen_value, dict):
        return seen_value
    kind = np.dtype(expected["type"])
    with np.errstate(over="ignore", invalid="ignore"):
        cast = np.asarray(seen_value["values"]).astype(kind)
    if kind.kind in "iu" and cast.tolist() != seen_value["values"]:
        return seen_value
    return plain(cast)


def worn(value):
    """Text without what pydap does to it: escapes undone, no quotes or backslashes at its ends."""
    if isinstance(value, str):
        return unescaped(value).strip('"\\')
    return [worn(part) for part in value] if isinstance(value, list) else value


def aligned_attributes(expected, seen_attributes):
    """Both mappings without pydap's quirks."""
    for name in expected:
        expected[name] = expected[name].strip('"\\') if isinstance(expected[name], str) else expected[name]
        if isinstance(expected[name], list):
            expected[name] = [part.strip('"\\') for part in expected[name]]
    return {name: worn(typed(expected.get(name), value)) for name, value in seen_attributes.items()}


def aligned(expected, seen_dataset):
    """Takes pydap's quirks off both: names unescaped, attributes typed."""
    for dataset in (expected, seen_dataset):
        dataset.variables = {urllib.parse.unquote(name): variable for name, variable in dataset.variables.items()}
    for name, variable in seen_dataset.variables.items():
        partner = expected.variables.get(name)
        if partner is not None:
            partner.text_dimension = None
            variable.attributes = aligned_attributes(partner.attributes, variable.attributes)
    of_expected = expected.attributes["/"]
    seen_dataset.attributes["/"] = aligned_attributes(of_expected, seen_dataset.attributes["/"])
    return seen_dataset
