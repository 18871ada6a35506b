#!/usr/bin/env python3
"""Clients of catalogs against a weir server: each lists all samples, and opens some by the links that it found.

A case is a function `case(base, samples)` in the list CASES of a file in catalogs/; it raises where something is wrong. Each runs in a
process of its own, in the environment `catalogs` of install.sh. Prints `N passed, M failed`.
"""

import argparse
import importlib
import os
import pathlib
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
SECONDS_PER_CASE = 300


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weir", type=pathlib.Path, default=ROOT / "target/release/weir", help="the binary")
    parser.add_argument("--plugins-only", type=pathlib.Path, metavar="DIR", help="no linked-in plugins: those in DIR")
    parser.add_argument("--venvs", type=pathlib.Path, default=os.environ.get("WEIR_VENVS", ROOT / "target/venvs"))
    parser.add_argument("--samples", type=pathlib.Path, help="a directory made by samples/make_samples.py (default: made anew)")
    parser.add_argument("--case", action="append", metavar="NAME", help="only cases with this in their name; may be repeated")
    parser.add_argument("--url", help="a server that runs already on the samples; starts none")
    parser.add_argument("--run", nargs=2, metavar=("FILE", "CASE"), help=argparse.SUPPRESS)
    return parser.parse_args()


def run_one(given):
    """One case, in this process."""
    sys.path.insert(0, str(HERE / "catalogs"))
    file, name = given.run
    case = next(case for case in importlib.import_module(file).CASES if case.__name__ == name)
    said = case(given.url, given.samples)
    print(said or "")


def cases(interpreter):
    """File and name of every case, as the files say."""
    listing = "import importlib, sys; sys.path.insert(0, sys.argv[1]); print(*(c.__name__ for c in importlib.import_module(sys.argv[2]).CASES))"
    for file in sorted((HERE / "catalogs").glob("*.py")):
        said = subprocess.run([interpreter, "-B", "-c", listing, file.parent, file.stem], check=True, capture_output=True, text=True)
        for name in said.stdout.split():
            yield file.stem, name


def run_all(given, interpreter, base, samples):
    passed, failed = 0, 0
    for file, name in cases(interpreter):
        if given.case and not any(part in f"{file}/{name}" for part in given.case):
            continue
        command = [interpreter, "-B", "-W", "ignore", __file__, "--run", file, name, "--url", base, "--samples", samples]
        with tempfile.TemporaryDirectory() as home:
            environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")} | {"HOME": home}
            try:
                done = subprocess.run(
                    command, capture_output=True, text=True, timeout=SECONDS_PER_CASE, cwd=home, env=environment, check=False,
                )
                wrong = done.stderr[-3000:] if done.returncode else None
                said = done.stdout.strip().splitlines()[-1:] or [""]
            except subprocess.TimeoutExpired:
                wrong, said = f"it took more than {SECONDS_PER_CASE} s", [""]
        print(f"{'FAILED' if wrong else 'ok'} {file}/{name} {said[0][:160]}", flush=True)
        if wrong:
            failed += 1
            print("  " + wrong.replace("\n", "\n  "), flush=True)
        else:
            passed += 1
    print(f"{passed} passed, {failed} failed")
    return failed == 0 and passed > 0


def main():
    given = options()
    if given.run:
        return run_one(given)
    from child import python
    from server import Weir

    interpreter = python(given.venvs, "catalogs")
    with tempfile.TemporaryDirectory() as folder:
        samples = given.samples
        if samples is None:
            samples = pathlib.Path(folder)
            subprocess.run([interpreter, "-B", ROOT / "samples/make_samples.py", samples], check=True, stdout=subprocess.DEVNULL)
        samples = samples.resolve()
        if given.url:
            good = run_all(given, interpreter, given.url, samples)
        else:
            with Weir(given.weir.resolve(), [samples], given.plugins_only) as server:
                good = server.healthy and run_all(given, interpreter, server.base, samples)
            good = good and server.exit_code == 0
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
