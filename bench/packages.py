"""Where the benchmark's Python packages are, and how a script gets to run with them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
VENV = Path(os.environ.get("WEIR_VENVS", REPOSITORY / "target" / "venvs")).absolute() / "bench"

# Exit code of every script here when something is not installed or does not start.
CANNOT_RUN = 2


def enter() -> None:
    """Starts the running script again under the venv's Python, unless it is already there. Ends with a message when there is no venv."""
    python = VENV / "bin" / "python"
    if Path(sys.prefix).resolve() == VENV.resolve():
        return
    # written last by install.sh, so a venv that was left half made is not used
    if not (VENV / "installed-requirements.txt").exists():
        print(f"the benchmark's packages are not in {VENV}: run bench/install.sh (with the same WEIR_VENVS)", file=sys.stderr)
        sys.exit(CANNOT_RUN)
    os.execv(python, [str(python), *sys.argv])
