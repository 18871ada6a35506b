#!/usr/bin/env python3
"""Real clients against a weir server: every sample and every fixture, every value, every attribute.

Starts the given binary on the samples, runs every case of cases.toml; then on the fixtures, for those of sources.toml. Prints a
table and `N passed, M failed`. Needs what install.sh installs.
"""

import argparse
import collections
import concurrent.futures
import fnmatch
import functools
import itertools
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import tomllib
import urllib.request

import fixtures
from child import python, run_child
from server import Weir

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
# Files of make_large.py: random slabs are taken of them, and no client reads them whole.
SLABS = ("large.nc", "large_netcdf3.nc")
SLABS_SMALL, SLABS_FULL = 200, 1000
# Random constraints of each protocol, and as many malformed ones.
CONSTRAINTS = 10_000
SECONDS_PER_SAMPLE = 60
# Debian's clients.
DEBIAN = ("netcdf-bin", "nco", "cdo", "ncview", "libdap-bin", "r-cran-ncdf4", "octave-netcdf", "python3-gdal")
# Packages whose versions say which clients a run is about.
SHOWN = (
    "cfgrib", "eccodes", "eccodeslib", "fsspec", "h5py", "hdf5plugin", "icechunk", "intake", "intake-xarray", "kerchunk", "netCDF4", "numpy", "obstore", "pydap",
    "s3fs", "siphon", "virtualizarr", "xarray", "zarr",
)


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weir", type=pathlib.Path, help="the binary (default: target/release/weir, else target/debug/weir)")
    parser.add_argument("--plugins-only", type=pathlib.Path, metavar="DIR", help="no linked-in plugins: those in DIR")
    parser.add_argument("--venvs", type=pathlib.Path, default=os.environ.get("WEIR_VENVS", ROOT / "target/venvs"))
    parser.add_argument("--samples", type=pathlib.Path, help="a directory made by samples/make_samples.py (default: made anew)")
    parser.add_argument("--large", type=pathlib.Path, metavar="FILE", help="random slabs of this file of samples/make_large.py, too")
    parser.add_argument("--client", action="append", metavar="ID", help="only this client, or library of sources.toml; may be repeated")
    parser.add_argument("--sample", action="append", metavar="ID", help="only this sample; may be repeated")
    parser.add_argument("--url", help="a server that runs already on the samples, as http://127.0.0.1:8080; starts none")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="clients at once")
    return parser.parse_args()


def binary(given):
    """The binary to test."""
    candidates = [given] if given else [ROOT / "target" / build / "weir" for build in ("release", "debug")]
    for candidate in candidates:
        if candidate.is_file():
            return candidate.resolve()
    sys.exit(f"conformance: no weir binary at {', '.join(map(str, candidates))}; build one or give --weir")


def make_samples(interpreter, directory, large):
    """All samples, and two small files of the kind that random slabs are taken from."""
    subprocess.run([interpreter, "-B", ROOT / "samples/make_samples.py", directory], check=True)
    small = ["--shape", "64,96,100", "--chunks", "16,40,40", "--format", "both"]
    subprocess.run([interpreter, "-B", ROOT / "samples/make_large.py", directory, *small], check=True)
    if large:
        # Ids are file names: the full file takes the place of the small one.
        (directory / large.name).unlink(missing_ok=True)


def run_client(client, names, context):
    """Every case of one client. One that crashes is started again behind the sample that it crashed on."""
    interpreter, base, samples, home = context
    results, waiting = [], list(names)
    while waiting:
        command = [interpreter, HERE / "worker.py", json.dumps(client), base, samples, *waiting]
        got, ended = run_child(command, home, SECONDS_PER_SAMPLE + 10 * len(waiting))
        got = got[: len(waiting)]
        results += got
        waiting = waiting[len(got) :]
        if waiting:
            results.append({"sample": waiting.pop(0), "differences": [ended or "the client said nothing"], "seconds": 0.0})
    return [case for result in results for case in cases(client, result)]


def cases(client, result):
    """The case of a result, or one for each variable and one for the rest, where it has them apart."""
    case, differences = f"{client['id']}/{result['sample']}", result["differences"]
    if isinstance(differences, list):
        return [result | {"case": case}]
    seconds = result["seconds"] / len(differences)
    return [{"case": f"{case}:{name}" if name else case, "differences": found, "seconds": seconds} for name, found in differences.items()]


def run_slabs(path, count, context):
    """Random slabs of one large file."""
    interpreter, base, home = context
    command = [interpreter, HERE / "random_slabs.py", base, path.name, path, str(count)]
    got, ended = run_child(command, home, 3600 if count == SLABS_FULL else 300)
    if ended:
        got.append({"sample": "slabs", "differences": [ended], "seconds": 0.0})
    return [result | {"case": f"{result['sample']}/{path.name}"} for result in got]


def run_constraints(protocol, samples, context):
    """Random constraints of one protocol, and malformed ones."""
    interpreter, base, home = context
    command = [interpreter, HERE / "random_constraints.py", base, samples, protocol, str(CONSTRAINTS)]
    got, ended = run_child(command, home, 600)
    if ended:
        got.append({"sample": "constraints", "differences": [ended], "seconds": 0.0})
    return [result | {"case": f"{protocol}-{result['sample']}/{CONSTRAINTS}"} for result in got]


def selected(client, samples):
    """The samples that a client opens."""
    unknown = [name for key in ("samples", "except") for name in client.get(key, []) if name not in samples.known]
    if unknown:
        sys.exit(f"conformance: client {client['id']} names {unknown}, which are no samples")
    wanted = client.get("samples", samples.known)
    return [name for name in samples.chosen if name in wanted and name not in client.get("except", [])]


class Samples:
    """The samples that there are, and those that the user chose."""

    def __init__(self, directory, chosen):
        names = sorted(str(path.relative_to(directory)) for path in directory.rglob("*.nc"))
        self.known = [name for name in names if name not in SLABS]
        self.chosen = [name for name in self.known if not chosen or name in chosen]


def described_clients():
    """The clients of all tables of cases."""
    return [client for path in sorted(HERE.glob("cases*.toml")) for client in tomllib.loads(path.read_text())["client"]]


def client_jobs(chosen, base, home):
    """One piece of work for each client: a function without arguments that gives results."""
    samples = Samples(chosen.samples, chosen.sample)
    for client in described_clients():
        names = selected(client, samples)
        if names and (not chosen.client or client["id"] in chosen.client):
            context = python(chosen.venvs, client["venv"]), base, chosen.samples, home
            yield functools.partial(run_client, client, names, context)


def slab_jobs(chosen, base, home):
    """One piece of work for each file that random slabs are taken of."""
    if chosen.sample or (chosen.client and "random-slabs" not in chosen.client):
        return
    context = python(chosen.venvs, "main"), base, home
    files = [chosen.samples / name for name in SLABS if (chosen.samples / name).exists()]
    for path in files:
        yield functools.partial(run_slabs, path, SLABS_SMALL, context)
    if chosen.large:
        yield functools.partial(run_slabs, chosen.large.resolve(), SLABS_FULL, context)


def constraint_jobs(chosen, base, home):
    """One piece of work for each protocol that has constraints."""
    if chosen.sample or (chosen.client and "random-constraints" not in chosen.client):
        return
    for protocol in ("dap2", "dap4"):
        yield functools.partial(run_constraints, protocol, chosen.samples, (python(chosen.venvs, "main"), base, home))


def done(jobs, chosen):
    """The results of jobs, side by side. Those that take longest begin first."""
    with concurrent.futures.ThreadPoolExecutor(chosen.jobs) as pool:
        return [result for results in pool.map(lambda job: job(), jobs) for result in results]


def run_samples(chosen, base):
    """Every client with every sample."""
    with tempfile.TemporaryDirectory() as home:
        jobs = slab_jobs(chosen, base, home), constraint_jobs(chosen, base, home), client_jobs(chosen, base, home)
        return done(itertools.chain(*jobs), chosen)


def run_fixtures(chosen):
    """Every library and every client with every fixture, from a server of their own."""
    known = {library["id"] for library in fixtures.described()["library"]} | {fixtures.STORED_CHUNKS}
    if chosen.sample or (chosen.client and not known & set(chosen.client)):
        return []
    with tempfile.TemporaryDirectory() as made, tempfile.TemporaryDirectory() as home:
        folder = pathlib.Path(made).resolve()
        fixtures.gather(folder, chosen.samples, chosen.venvs)
        return served("sources-server", chosen, [folder], lambda base: done(fixtures.jobs(chosen, folder, base, home), chosen))


def run_with_server(chosen):
    """Every result, and what can be said of the servers themselves."""
    if chosen.url:
        return run_samples(chosen, chosen.url.rstrip("/"))
    paths = [chosen.samples, *([chosen.large.resolve()] if chosen.large else [])]
    return served("server", chosen, paths, lambda base: run_samples(chosen, base)) + run_fixtures(chosen)


def served(name, chosen, paths, run):
    """What a run finds at a server that is started for it, and how the server bore it."""
    weir = Weir(binary(chosen.weir), paths, chosen.plugins_only and chosen.plugins_only.resolve())
    with weir as started:
        if not started.healthy:
            sys.exit(f"conformance: the server did not start: {' '.join(weir.command)}\n{weir.last_words()}")
        results = [plugins_case(name, weir.base, chosen.plugins_only), *run(weir.base)]
        alive = weir.alive()
    found = [] if alive else [f"the server died with {weir.exit_code}:\n{weir.last_words()}"]
    results.append({"case": f"{name}/alive", "differences": found, "seconds": 0.0})
    found = [] if weir.exit_code == 0 else [f"the server ended with {weir.exit_code}:\n{weir.last_words()}"]
    results.append({"case": f"{name}/graceful-stop", "differences": found, "seconds": 0.0})
    return results


def plugins_case(name, base, plugins_only):
    """Whether the server uses the plugins that this run is about."""
    with urllib.request.urlopen(f"{base}/plugins", timeout=10) as response:
        origins = {plugin: loaded["path"] for plugin, loaded in json.load(response).items()}
    wrong = [plugin for plugin, origin in origins.items() if (origin == "linked in") == bool(plugins_only)]
    found = [] if origins and not wrong else [f"plugins are {origins}"]
    return {"case": f"{name}/plugins", "differences": found, "seconds": 0.0}


def gaps():
    """Known gaps: reason by case, or by pattern of cases; and reason by what clients say of variables that they cannot read."""
    listed = tomllib.loads((HERE / "gaps.toml").read_text())
    by_case = {case: gap["reason"] for gap in listed.get("gap", []) for case in gap["cases"]}
    return by_case, {(pattern, limit["says"]): limit["reason"] for limit in listed.get("limit", []) for pattern in limit["clients"]}


def says(result, limit):
    """Whether a client says of all that it fails with in a case what a limit says."""
    (pattern, words), client = limit, result["case"].split("/", 1)[0]
    return bool(result["differences"]) and fnmatch.fnmatchcase(client, pattern) and all(words in text for text in result["differences"])


def judged(results, known, complete, limits=()):
    """Each result with its verdict: passed, failed, or gap. Of a pattern, every case must fail."""
    used = set()
    for result in results:
        patterns = [pattern for pattern in known if fnmatch.fnmatchcase(result["case"], pattern)]
        reached = [limit for limit in limits if says(result, limit)]
        used.update(patterns, reached)
        failed, gap = bool(result["differences"]), patterns and known[patterns[0]]
        if gap and not failed:
            result["differences"] = [f"a known gap passes now; remove it from gaps.toml: {gap}"]
        result["verdict"] = "gap" if failed and (gap or reached) else "failed" if gap or failed else "passed"
    if complete:
        for case in {*known, *limits} - used:
            text = "gaps.toml names it, but there is no such case"
            results.append({"case": str(case), "differences": [text], "seconds": 0.0, "verdict": "failed"})
    return results


def print_table(results):
    """One line for each client, then every failure."""
    rows = {}
    for result in results:
        row = rows.setdefault(result["case"].split("/", 1)[0], collections.Counter())
        row[result["verdict"]] += 1
        row["seconds"] += result["seconds"]
    print(f"\n{'client':28} {'passed':>7} {'failed':>7} {'gaps':>5} {'seconds':>8}")
    for name, row in rows.items():
        print(f"{name:28} {row['passed']:7} {row['failed']:7} {row['gap']:5} {row['seconds']:8.1f}")
    for result in results:
        if result["verdict"] == "failed":
            print(f"\nFAILED {result['case']}")
            for difference in result["differences"]:
                print("    " + difference.replace("\n", "\n    "))


def print_versions(venvs):
    """Which clients these are."""
    code = "from importlib.metadata import distributions as d; print(*sorted(f'{x.name} {x.version}' for x in d()), sep='\\n')"
    for venv in ("main", "zarr2", "sources", "browse", "intake1"):
        versions = subprocess.run([python(venvs, venv), "-c", code], capture_output=True, text=True, check=True).stdout
        shown = [line for line in versions.splitlines() if line.split()[0] in SHOWN]
        print(f"{venv}: {', '.join(shown)}")
    packages = json.loads((HERE / "javascript/package.json").read_text())["dependencies"]
    node = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    print(f"node {node}:", ", ".join(f"{name} {version}" for name, version in packages.items()))
    said = subprocess.run(["/usr/bin/nccopy"], capture_output=True, text=True, check=False).stderr
    print(*(line for line in said.splitlines() if "netCDF library version" in line))
    query = ["dpkg-query", "-W", "-f", "${Package} ${Version}, ", *DEBIAN]
    print("debian:", subprocess.run(query, capture_output=True, text=True, check=False).stdout.rstrip(", "))


def main():
    chosen, started = options(), time.monotonic()
    interpreter = python(chosen.venvs, "main")
    print_versions(chosen.venvs)
    subprocess.run([interpreter, "-B", HERE / "test_comparison.py", "--quiet"], check=True)
    subprocess.run([python(chosen.venvs, fixtures.VENV), "-B", HERE / "test_sources.py", "--quiet"], check=True)
    subprocess.run([interpreter, "-B", HERE / "table.py"], check=True)
    with tempfile.TemporaryDirectory() as made:
        if chosen.samples is None:
            chosen.samples = pathlib.Path(made)
            make_samples(interpreter, chosen.samples, chosen.large)
        chosen.samples = chosen.samples.resolve()
        results = run_with_server(chosen)
    complete = not (chosen.client or chosen.sample or chosen.url)
    by_case, limits = gaps()
    results = judged(results, by_case, complete, limits)
    print_table(results)
    count = collections.Counter(result["verdict"] for result in results)
    print(f"\n{count['gap']} known gaps, {time.monotonic() - started:.0f} s")
    print(f"{count['passed']} passed, {count['failed']} failed")
    return 1 if count["failed"] or not count["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
