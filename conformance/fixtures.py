"""The fixtures of `datasets/tests`: every dataset of every format, read by the format's own library (sources.toml)."""

import functools
import json
import pathlib
import shutil
import subprocess
import tomllib
import urllib.request

from child import environment, python, run_child

HERE = pathlib.Path(__file__).resolve().parent
FIXTURES = HERE.parent / "datasets/tests/fixtures"
VENV = "sources"
SECONDS_PER_DATASET = 30
# What the comparison of stored bytes is called where a client is chosen.
STORED_CHUNKS = "stored-chunks"

# User-defined types inside of each other, which neither netCDF4 nor h5py can read; the tests of datasets know what is in them.
WITHOUT_A_LIBRARY = ("hdf5_user_types.nc", "hdf5_varying.h5")


def gather(folder, samples, venvs):
    """Fills a folder that is to be served: fixtures, NcML files beside their members, fresh reference sets of kerchunk, and the
    samples that are no single files.
    """
    shutil.copytree(FIXTURES, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*WITHOUT_A_LIBRARY))
    for path in (HERE / "sources/ncml").glob("*.ncml"):
        shutil.copy(path, folder / "aggregate")
    for name in ("daily", "waves.zarr"):
        shutil.copytree(samples / name, folder / "samples" / name)
    for name in ("daily.ncml", "daily.json"):
        shutil.copy(samples / name, folder / "samples")
    command = [python(venvs, VENV), "-B", HERE / "sources/kerchunked.py", folder]
    subprocess.run(command, check=True, capture_output=True, env=environment(str(folder)))


def described():
    """Libraries and clients."""
    return tomllib.loads((HERE / "sources.toml").read_text())


def claimed(library, folder):
    """Ids of the datasets that a library reads; each pattern must have some."""
    found = set()
    for pattern in library["datasets"]:
        paths = {str(path.relative_to(folder)) for path in folder.glob(pattern)}
        if not paths:
            raise ValueError(f"sources.toml: {library['id']} names {pattern!r}, and there is no such fixture")
        found |= paths
    return sorted(found)


def completeness(libraries, folder, base):
    """One case: every dataset that is served is read by one library, and no more."""
    with urllib.request.urlopen(f"{base}/datasets", timeout=10) as response:
        served = json.load(response)
    owners = {name: [library["id"] for library in libraries if name in claimed(library, folder)] for name in served}
    found = [f"{name} is read by {owned or 'no library'}" for name, owned in owners.items() if len(owned) != 1]
    return {"case": "sources/complete", "differences": found, "seconds": 0.0}


def read_library(library, names, context):
    """Every case of one library. One that crashes is started again behind the dataset that it crashed on."""
    interpreter, base, folder, home = context
    results, waiting = [], list(names)
    while waiting:
        command = [interpreter, HERE / "source_worker.py", json.dumps(library), base, folder, *waiting]
        got, ended = run_child(command, home, 60 + SECONDS_PER_DATASET * len(waiting))
        results += [line for line in got if "case" in line]
        waiting = waiting[sum("done" in line for line in got) :]
        if waiting:
            text = ended or "the library said nothing"
            results.append({"case": f"{library['id']}/{waiting.pop(0)}", "differences": [text], "seconds": 0.0})
    return results


def stored_chunks(names, context):
    """Every stored chunk of every dataset, byte for byte."""
    interpreter, base, folder, home = context
    command = [interpreter, HERE / "stored_chunks.py", base, folder, *names]
    got, ended = run_child(command, home, 60 + SECONDS_PER_DATASET * len(names))
    results = [line for line in got if "case" in line]
    done = [line["done"] for line in got if "done" in line]
    if ended or done != list(names):
        text = ended or f"it ended behind {len(done)} of {len(names)} datasets"
        results.append({"case": "stored-chunks/complete", "differences": [text], "seconds": 0.0})
    return results


def jobs(chosen, folder, base, home):
    """One piece of work for each library: a function without arguments that gives results."""
    described_here = described()
    yield lambda: [completeness(described_here["library"], folder, base)]
    if not chosen.client or STORED_CHUNKS in chosen.client:
        names = sorted({name for library in described_here["library"] for name in claimed(library, folder)})
        yield functools.partial(stored_chunks, names, (python(chosen.venvs, VENV), base, folder, home))
    for library in described_here["library"]:
        if not chosen.client or library["id"] in chosen.client:
            work = library | {"clients": described_here["client"]}
            context = python(chosen.venvs, VENV), base, folder, home
            yield functools.partial(read_library, work, claimed(library, folder), context)
