"""What the scripts of the conformance run share: options, the Python environment that each runs in, and fresh samples."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

MAKE_SAMPLES = Path(__file__).resolve().parent.parent / "samples" / "make_samples.py"


def parser(description: str) -> argparse.ArgumentParser:
    """The options of every script."""
    options = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--venvs", type=Path, required=True, help="the Python environments of install.sh")
    options.add_argument("--weir", type=Path, required=True, help="the server")
    return options


def parser_over_samples(description: str) -> argparse.ArgumentParser:
    """And those of scripts that look at the samples, in both ways of having plugins."""
    options = parser(description)
    options.add_argument("--samples", type=Path, help="a folder of samples; made anew where it is left out")
    options.add_argument("--plugins-only", type=Path, help="no linked-in plugins, those in this folder instead")
    return options


def enter(venvs: Path, name: str) -> None:
    """Runs this script again under the Python that has the packages, unless it already does."""
    python = (venvs / name / "bin" / "python").absolute()
    if Path(sys.prefix).resolve() != (venvs / name).resolve():
        if not python.exists():
            print(f"no {python}: run conformance/install.sh (with WEIR_VENVS={venvs})", file=sys.stderr)
            sys.exit(2)
        os.execv(python, [str(python), *sys.argv])


def make_samples(folder: Path, python: str | Path = sys.executable) -> Path:
    """Makes the samples in a folder; a Python with netCDF4 does it."""
    subprocess.run([str(python), str(MAKE_SAMPLES), str(folder)], check=True, stdout=subprocess.DEVNULL)
    return folder


def samples_of(given: Path | None) -> Path:
    """The samples that were given, or fresh ones."""
    return given if given is not None else make_samples(Path(tempfile.mkdtemp(prefix="weir-samples-")))


def told(cases: dict[str, Callable[[], object]]) -> int:
    """Runs each case and tells what it says, or why it failed; the exit code of all."""
    failed = 0
    for name, case in cases.items():
        try:
            print(f"ok {name}: {case()}", flush=True)
        except Exception as wrong:  # noqa: BLE001 - whatever a client says is told
            failed += 1
            print(f"FAILED {name}: {type(wrong).__name__}: {wrong}", flush=True)
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0
