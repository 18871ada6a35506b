"""Runs one client over samples in a process of its own: `worker.py CLIENT BASE_URL DIR ID...`, CLIENT as JSON.

Prints one JSON line for each sample; a crash of the client costs the samples that follow, no more.
"""

import importlib
import json
import pathlib
import sys
import time
import traceback
import warnings


def check(client, base, directory, sample):
    """Differences between what the client sees and what the file holds; by variable, where the client wants it.

    `client` names a function that sees, `module:function`, its options, one that expects, and
    the path below the dataset.
    """
    import local_file
    from observed import differences, differences_by_variable

    path = pathlib.Path(directory) / sample
    source = local_file.read(path)
    expected = function(client["expects"])(source)
    if client.get("decoded"):
        absent = [name.rsplit("/", 1)[-1] for name, v in source.variables.items() if v.kind in ("compound", "vlen")]
        local = function("clients.xarray_engines:decoded_local")(path, absent, expected)
    seen = function(client["sees"])(f"{base}/datasets/{sample}/{client['path']}", expected, **client.get("options", {}))
    compared = differences_by_variable if client.get("by_variable") else differences
    return compared(local if client.get("decoded") else expected, seen)


def function(name):
    """The function that `module:function` names."""
    module, attribute = name.split(":")
    return getattr(importlib.import_module(module), attribute)


def main():
    client, base, directory, *samples = sys.argv[1:]
    client = json.loads(client)
    warnings.simplefilter("ignore")
    for sample in samples:
        started = time.monotonic()
        try:
            found = check(client, base, directory, sample)
        except Exception:  # whatever a client throws is a result
            found = [traceback.format_exc(limit=-3).strip()]
        seconds = round(time.monotonic() - started, 3)
        print(json.dumps({"sample": sample, "differences": found, "seconds": seconds}), flush=True)


if __name__ == "__main__":
    main()
