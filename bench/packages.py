"""Where the benchmark's Python packages are, and how a script gets to run with them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
VENVS = Path(os.environ.get("WEIR_VENVS", REPOSITORY / "target" / "venvs")).absolute()

# Exit code of every script here when something is not installed or does not start.
CANNOT_RUN = 2


def enter(name: str = "bench") -> None:
    """Starts the running script again under the Python of a venv, unless it is already there. Ends with a message when there is no such venv."""
    venv = VENVS / name
    python = venv / "bin" / "python"
    if Path(sys.prefix).resolve() == venv.resolve():
        return
    # written last by install.sh, so a venv that was left half made is not used
    if not (venv / "installed-requirements.txt").exists():
        print(f"the benchmark's packages are not in {venv}: run bench/install.sh (with the same WEIR_VENVS)", file=sys.stderr)
        sys.exit(CANNOT_RUN)
    os.execv(python, [str(python), *sys.argv])
