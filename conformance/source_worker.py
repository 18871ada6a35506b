"""Reads datasets of one format with its own library and with every client: `source_worker.py LIBRARY BASE_URL DIR ID...`, LIBRARY as JSON.

Prints one JSON line for each variable of each client, one for what belongs to a whole dataset, and one where a dataset is done.
"""

import json
import os
import pathlib
import re
import sys
import time
import traceback
import urllib.request
import warnings

import sources  # noqa: F401  first of all: see there
from dap2_view import spelled
from local_file import Source
from observed import Variable, attribute_differences, variable_differences
from sources.clients import Refused
from worker import function
from zarr_view import ABSENT_KINDS


# An axis that has got no name.
UNNAMED = re.compile(r"(^|[/_])axis_\d+$")


def named(source, served):
    """Gives axes that have no name in the file the names that are served, in the group of their variable."""
    for path, variable in source.variables.items():
        group, shown = path.rsplit("/", 1)[0], served.variables.get(path)
        names = getattr(shown, "dimensions", ())
        if len(names) != len(variable.dimensions):
            names = [f"axis_{axis}" for axis in range(len(variable.dimensions))]
        given = zip(variable.dimensions, names)
        variable.dimensions = tuple(f"{group}/{other}" if name is None else name for name, other in given)
    places = [place if isinstance(place, tuple) else None for place in source.unlimited]
    source.unlimited = [
        source.variables[place[0]].dimensions[place[1]] if place else name for place, name in zip(places, source.unlimited)
    ]
    return source


def truth(library, path, served):
    """What a file holds, and what is wrong with the dataset as a whole."""
    read = function(library["reads"])(path)
    if "arranged" in library:
        return function(library["arranged"])(read, served)
    return named(read, served), []


def compared(expected, seen, attributes):
    """Differences of one variable; either may be an error, or missing."""
    if isinstance(seen, Refused):
        return [f"cannot be read: {seen.error!r}"[:500]]
    if expected is None or seen is None:
        return ["is missing" if seen is None else "is not expected"]
    if not attributes:
        expected.attributes = seen.attributes
    # Where Zarr serves no such variable, nothing tells the names that its axes have got.
    if len(expected.dimensions) == len(seen.dimensions):
        pairs = zip(expected.dimensions, seen.dimensions)
        expected.dimensions = tuple(other if UNNAMED.search(name) else name for name, other in pairs)
    return list(variable_differences("it", expected, seen))


def unreadable(client, source, seen):
    """Variables that the library itself cannot read: nobody can say whether what the server gives is right."""
    found = {}
    for path, variable in source.variables.items():
        if isinstance(variable.values, Exception):
            name = path if client["path"] == "zarr" else spelled(path)
            other = seen.variables.pop(name, None)
            served = "is served" if isinstance(other, Variable) else f"is not served: {other}"
            found[f":{name}"] = [f"the library cannot read what {served}; {variable.values!r}"[:500]]
    return found


def stored(address):
    """Paths of the variables that are served as they are stored; the page at the address says of the others why not."""
    with urllib.request.urlopen(f"{address}/.zmetadata", timeout=60) as response:
        return {f"/{key.removesuffix('/.zarray')}" for key in json.load(response)["metadata"] if key.endswith("/.zarray")}


def results(client, library, source, seen):
    """Differences of every variable, by name, and of the dataset under the name ""."""
    found = unreadable(client, source, seen)
    readable = {path: variable for path, variable in source.variables.items() if not isinstance(variable.values, Exception)}
    if client["path"] == "kerchunk":
        readable = {path: variable for path, variable in readable.items() if path in client["stored"]}
    source = Source(readable, source.attributes, source.unlimited)
    expected = function(client["expects"])(source)
    for name in expected.variables.keys() | seen.variables.keys():
        found[f":{name}"] = compared(expected.variables.get(name), seen.variables.get(name), library.get("attributes", True))
    if client.get("complete"):
        # Whatever the file holds is looked for, also what has no form in Zarr.
        for name, variable in source.variables.items():
            if variable.kind in ABSENT_KINDS and name not in seen.variables:
                found[f":{name}"] = [f"{variable.kind} is missing"]
    whole = [] if expected.unlimited <= seen.unlimited else [f"unlimited are {seen.unlimited}; expected {expected.unlimited}"]
    if library.get("attributes", True):
        for path in sorted(expected.attributes.keys() | seen.attributes.keys()):
            sides = expected.attributes.get(path, {}), seen.attributes.get(path, {})
            whole += attribute_differences(f"group {path}", *sides)
    return found | {"": whole}


def check(client, library, dataset, base, source):
    """Prints the results of one client with one dataset."""
    started = time.monotonic()
    try:
        address = f"{base}/datasets/{dataset}/{client['path']}"
        if client["path"] == "kerchunk":
            client = client | {"stored": stored(address)}
        seen = function(client["sees"])(address, **client.get("options", {}))
        found = results(client, library, source, seen)
    except Exception:  # whatever a client throws is a result
        found = {"": [traceback.format_exc(limit=-3).strip()]}
    seconds = (time.monotonic() - started) / len(found)
    for name, differences in found.items():
        case = f"{library['id']}+{client['id']}/{dataset}{name}"
        print(json.dumps({"case": case, "differences": differences, "seconds": seconds}), flush=True)


def main():
    library, base, directory, *datasets = sys.argv[1:]
    library = json.loads(library)
    warnings.simplefilter("ignore")
    for dataset in datasets:
        try:
            served = function("sources.clients:zarr")(f"{base}/datasets/{dataset}/zarr", 3)
            source, wrong = truth(library, pathlib.Path(directory) / dataset, served)
        except Exception:
            wrong, source = [traceback.format_exc(limit=-4).strip()], None
        print(json.dumps({"case": f"{library['id']}/{dataset}", "differences": wrong, "seconds": 0.0}), flush=True)
        for client in library["clients"] if source else []:
            check(client, library, dataset, base, source)
        print(json.dumps({"done": dataset}), flush=True)
    # C libraries of several formats in one process may crash when they are unloaded; everything is said by now.
    os._exit(0)


if __name__ == "__main__":
    main()
