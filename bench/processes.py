"""A server's processes as Linux accounts for them: CPU time, resident memory, and a sure end.

Memory is the sum of VmRSS over the tree, so pages that processes share count more than once. The peak is the kernel's own high-water mark
(VmHWM, reset before each measurement), summed over the tree: exact for one process, an upper bound when several grow at different times.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
STOP_SECONDS = 10.0
PR_SET_PDEATHSIG = 1
MIB = 1024 * 1024


def end_with_parent() -> None:
    """Runs in the child: asks the kernel to end it should this process die without stopping it."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def start(argv: list[str], core: int | None, environment: dict[str, str], log: Path, directory: Path) -> subprocess.Popen:
    """Starts one server in its own process group, pinned to `core`, output to `log`."""
    pinned = argv if core is None else ["taskset", "-c", str(core), *argv]
    with log.open("wb") as out:
        return subprocess.Popen(
            pinned,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            cwd=directory,
            start_new_session=True,
            preexec_fn=end_with_parent,
        )


def stop(process: subprocess.Popen) -> None:
    """Ends the whole group that `start` made: asks first, kills what is left."""
    try:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(STOP_SECONDS)
    except (ProcessLookupError, subprocess.TimeoutExpired):
        pass
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the third on; None when the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def tree(root: int) -> list[int]:
    """The process and all its living descendants."""
    parents = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (fields := stat(int(entry))) is not None:
            parents[int(entry)] = int(fields[1])
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def cpu_seconds(root: int) -> float:
    """User and system time of the tree so far, children that ended included."""
    alive = (stat(pid) for pid in tree(root))
    return sum(sum(int(ticks) for ticks in fields[11:15]) for fields in alive if fields is not None) / TICK


def memory_bytes(root: int, field: str) -> int:
    """Sum over the tree of one size of /proc/PID/status: VmRSS now, VmHWM since the last reset."""
    total = 0
    for pid in tree(root):
        try:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(field + ":"))
    return total


def reset_peak(root: int) -> None:
    """Sets each VmHWM of the tree back to its present VmRSS."""
    for pid in tree(root):
        try:
            Path(f"/proc/{pid}/clear_refs").write_text("5")
        except (FileNotFoundError, ProcessLookupError):
            continue


def cores(text: str) -> tuple[int | None, int | None]:
    """The servers' and the clients' core from `0,1`; neither when the machine has not both."""
    server, client = (int(part) for part in text.split(","))
    if server != client and {server, client} <= os.sched_getaffinity(0):
        return server, client
    print(f"cores {text} are not both here: nothing is pinned", file=sys.stderr)
    return None, None


def pin(core: int | None) -> None:
    """Keeps this process, and the load generators it starts, on the clients' core."""
    if core is not None:
        os.sched_setaffinity(0, {core})
