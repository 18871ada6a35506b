"""Clients and libraries in processes of their own."""

import json
import os
import subprocess
import sys


def python(venvs, name):
    """The interpreter of an environment."""
    path = (venvs / name / "bin" / "python").absolute()
    if not path.exists():
        sys.exit(f"conformance: no Python environment {name!r}; run conformance/install.sh")
    return path


def environment(home):
    """What clients run in: no proxy, no configuration of whoever starts them."""
    kept = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    return kept | {"HOME": home, "PYTHONDONTWRITEBYTECODE": "1"}


def run_child(command, home, seconds):
    """Runs a client; its JSON lines, and how it ended (None where it ended well)."""
    try:
        done = subprocess.run(command, capture_output=True, timeout=seconds, env=environment(home), cwd=home, check=False)
        out, ended = done.stdout, None
        if done.returncode:
            ended = f"the client ended with {done.returncode}: {done.stderr.decode(errors='replace')[-2000:].strip()}"
    except subprocess.TimeoutExpired as late:
        out, ended = late.stdout or b"", f"the client took more than {seconds} s"
    lines = [line for line in out.decode(errors="replace").splitlines() if line.startswith("{")]
    return [json.loads(line) for line in lines], ended
