"""Clients in other interpreters, one process for all datasets: Node with zarrita or zarr.js, Debian's Python with GDAL.

A line of JSON asks for a hierarchy. The answer is a line for each node of it, its values behind it as bytes or texts in it, and a
last line that says how it ended. A variable that cannot be read is told as its error.
"""

import collections
import json
import pathlib
import subprocess
import sys

import numpy as np

from observed import Dataset, Refused, Variable, texts
from zarr_view import fill_from_base64, json_form

HERE = pathlib.Path(__file__).resolve().parent
# The environments lie side by side.
ENVIRONMENTS = pathlib.Path(sys.prefix).parent
NODE = ("node", "--input-type=module", "--eval")


class Companion:
    """A process that is asked, one address after the other."""

    def __init__(self, command, folder):
        self.process = subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def line(self):
        """The next line of its answer."""
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the client ended with {self.process.wait(10)}")
        return json.loads(line)

    def ask(self, **question):
        """All nodes of a hierarchy, with their values: arrays, or errors."""
        self.process.stdin.write(json.dumps(question).encode() + b"\n")
        self.process.stdin.flush()
        nodes = []
        while "end" not in (node := self.line()):
            node["values"] = self.values(node)
            nodes.append(node)
        if node["end"]:
            raise RuntimeError(node["end"])
        return nodes

    def values(self, node):
        """The values of an array; None of a group."""
        if "error" in node:
            return Refused(node["error"])
        if node["kind"] == "group":
            return None
        if "texts" in node:
            return texts(ordered(np.array(node["texts"], dtype=object), node))
        return ordered(np.frombuffer(self.process.stdout.read(node["bytes"]), node["type"]), node)


def ordered(flat, node):
    """Elements in the shape of their array; strides, where they are told, count elements."""
    if not flat.size or not node.get("strides"):
        return flat.reshape(node["shape"])
    strides = [stride * flat.itemsize for stride in node["strides"]]
    return np.lib.stride_tricks.as_strided(flat, node["shape"], strides).copy()


COMPANIONS = {}


def companion(name):
    """The process of a client; there is one of each."""
    if name not in COMPANIONS or COMPANIONS[name].process.poll() is not None:
        if name.endswith(".mjs"):
            # Modules are looked for where code without a file runs.
            command, folder = [*NODE, (HERE / "asked.mjs").read_text() + (HERE / name).read_text()], ENVIRONMENTS / "javascript"
        else:
            command, folder = ["/usr/bin/python3", "-B", str(HERE / name)], ENVIRONMENTS
        COMPANIONS[name] = Companion(command, folder)
    return COMPANIONS[name]


def fill_attribute(node, attributes, zarr_format):
    """Puts `_FillValue` back: version 2 has it as the array's fill value, version 3 in base64 for floats."""
    values, stated, fill = node["values"], attributes.get("_FillValue"), node.get("fill")
    if zarr_format == 2:
        if stated is None and fill is not None:
            dtype = values.dtype if isinstance(values, np.ndarray) else np.dtype("f8")
            attributes["_FillValue"] = json_form(fill_in(fill, dtype))
    elif isinstance(stated, str) and isinstance(values, np.ndarray) and values.dtype.kind == "f":
        attributes["_FillValue"] = fill_from_base64(stated)
    return attributes


def fill_in(fill, dtype):
    """A fill value as JSON has it, in the type of its array."""
    if dtype.kind in "iu":
        return np.asarray(int(fill)).astype(dtype)
    return np.asarray(float(fill), dtype) if dtype.kind == "f" else fill


def in_doubles(value):
    """Numbers of attributes as doubles, for clients that know no others."""
    if isinstance(value, (list, tuple)):
        return [in_doubles(part) for part in value]
    # JSON.stringify, through which zarrita puts consolidated metadata, has no sign for zero.
    return float(value) + 0.0 if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def shown(attributes):
    """Attributes as they are compared."""
    return {name: json_form(in_doubles(value)) for name, value in attributes.items()}


def variable_seen(node, zarr_format):
    """One array as its client told it, or its error."""
    attributes = dict(node.get("attributes", {}))
    in_attributes = attributes.pop("_ARRAY_DIMENSIONS", None)
    dimensions = tuple(in_attributes if in_attributes is not None else node.get("dimensions") or ())
    return Variable(dimensions, node["values"], shown(fill_attribute(node, attributes, zarr_format)))


def told(address, client, **question):
    """Everything a client sees, its errors among the values."""
    nodes = companion(client).ask(address=address, **question)
    kinds = collections.defaultdict(dict)
    for node in nodes:
        kinds[node["kind"]][node["path"]] = node
    refused = [f"{path}: {node['error']}" for path, node in kinds["group"].items() if "error" in node]
    if refused:
        raise RuntimeError("; ".join(refused))
    groups = {path: shown(node["attributes"]) for path, node in kinds["group"].items()}
    return Dataset({path: variable_seen(node, question.get("format", 2)) for path, node in kinds["array"].items()}, groups)


def seen(address, expected, client, **question):
    """Everything a client sees of a sample."""
    paths = [path for path in [*expected.variables, *expected.attributes] if path != "/"]
    return told(address, client, paths=paths, **question)
