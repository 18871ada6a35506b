#!/usr/bin/env python3
"""Computes diagnostics on a real Dask cluster: a scheduler and two workers, each a process of its own.

`dask_cluster.py --venvs DIR --weir FILE [--plugins-only DIR] [--requests N]`. Three servers have the same files: one computes itself, one starts `weir-dask`
(clients/weir-dask), one is told where it runs and may compute what the cluster cannot. Random requests must have the same answers from the first two, which are
xarray's. Then the cluster suffers: a chunk is damaged, a client goes, a worker is killed, the scheduler stops. Exit code: 0 all is as it must be, 1 something is
not, 2 could not run.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import diagnostics
import environment
from server import Weir

PACKAGE = Path(__file__).resolve().parent.parent / "clients" / "weir-dask" / "src"
CALENDARS = ("standard", "360_day", "noleap", "julian")
HEAVY = (256, 256, 512)
PATIENCE = 60


def arguments():
    parser = environment.parser(__doc__)
    parser.add_argument("--plugins-only", type=Path, help="no linked-in plugins, those in this folder instead")
    parser.add_argument("--requests", type=int, default=50, help="how many random requests (default 50)")
    parser.add_argument("--seed", type=int, default=20260101, help="another seed asks for other requests")
    return parser.parse_args()


class Process:
    """A process that says much; what it said is in a file."""

    def __init__(self, command: list[str], said: Path):
        with said.open("wb") as out:
            self.process = subprocess.Popen(list(map(str, command)), stdout=out, stderr=subprocess.STDOUT, cwd=said.parent)
        self.said = said

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end(signal.SIGTERM)

    def end(self, how: signal.Signals) -> None:
        """Ends it, if it runs."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def until(condition, what: str, seconds: float = PATIENCE):
    """Waits until something is true, and gives it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.02)
    raise AssertionError(f"waited {seconds} s for {what}")


def dask(scratch: Path, name: str, *rest) -> Process:
    return Process([sys.executable, "-m", "dask", *rest], scratch / f"{name}.log")


def worker(scratch: Path, name: str, scheduler: str) -> Process:
    return dask(scratch, name, "worker", scheduler, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", scratch / name)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def configured(scratch: Path, name: str, **more) -> Path:
    """A configuration that sends everything to the cluster."""
    path = scratch / f"{name}.toml"
    lines = [f"{key} = {json.dumps(value)}" for key, value in {"at_least": 0, **more}.items()]
    path.write_text('[plugins.diagnostics]\nengine = "dask"\n\n[plugins.diagnostics.dask]\n' + "\n".join(lines) + "\n")
    return path


def write_types(path: Path) -> None:
    """Numbers of all kinds over a year."""
    import netCDF4
    import numpy as np

    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("time", 360)
        file.createDimension("y", 5)
        time = file.createVariable("time", "i4", ("time",))
        time.setncatts({"units": "days since 2001-01-01", "calendar": "360_day"})
        time[:] = np.arange(360)
        values = np.arange(360 * 5).reshape(360, 5) % 211 + 1
        for name in ("f4", "f8", "i2", "u4", "u8"):
            file.createVariable(name, name, ("time", "y"), chunksizes=(50, 2))[:] = values * (1.37 if name[0] == "f" else 1)
        packed = file.createVariable("packed", "i2", ("time", "y"), chunksizes=(50, 2), fill_value=-9)
        packed.setncatts({"scale_factor": np.float32(0.01), "add_offset": np.float32(3)})
        packed[:] = np.ma.masked_where(values % 5 == 0, values / 100 + 3)


def write_heavy(path: Path) -> None:
    """A variable that takes a cluster seconds."""
    import netCDF4
    import numpy as np

    with netCDF4.Dataset(path, "w") as file:
        for name, length in zip("tyx", HEAVY):
            file.createDimension(name, length)
        heavy = file.createVariable("heavy", "f4", ("t", "y", "x"), zlib=True, complevel=1, shuffle=True, chunksizes=(16, 128, 512))
        row = np.arange(HEAVY[1] * HEAVY[2], dtype="f4").reshape(HEAVY[1:]) + 1
        for at in range(HEAVY[0]):
            heavy[at] = row + at


def write_damaged(path: Path) -> None:
    """A variable of which a chunk will be damaged."""
    import netCDF4
    import numpy as np

    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("t", 50)
        file.createDimension("y", 128)
        damaged = file.createVariable("damaged", "f8", ("t", "y"), zlib=True, chunksizes=(50, 32))
        damaged[:] = np.arange(50 * 128).reshape(50, 128) + 1


def damage(path: Path, weir: Weir) -> None:
    """Puts bytes that nothing decodes where a chunk lies."""
    references = json.loads(fetched(f"{weir.base}/datasets/{path.name}/kerchunk/refs.json")[2])
    _, offset, length = references["refs"]["damaged/0.3"]
    with path.open("r+b") as file:
        file.seek(offset + 2)
        file.write(b"\xff" * (length - 2))


def fetched(url: str) -> tuple[int, dict[str, str], bytes]:
    try:
        with urllib.request.urlopen(url, timeout=120) as response:
            return response.status, {name.lower(): value for name, value in response.headers.items()}, response.read()
    except urllib.error.HTTPError as error:
        return error.code, {}, error.read()


def said(weir: Weir, words: str) -> int:
    """How often a server said something."""
    return sum(words in line for line in weir.said)


def same(one: dict, other: dict) -> bool:
    """Whether two answers are the same, but for the last digits."""
    import numpy as np

    left, right = one.pop("data"), other.pop("data")
    if one != other:
        return False
    if not one["dtype"].startswith("float"):
        return left == right
    rtol = 1e-6 if one["dtype"] == "float32" else 1e-12
    left, right = np.array(left, "f8"), np.array(right, "f8")
    # A variance of nothing but rounding has no digits of its own.
    return np.allclose(left, right, rtol=rtol, atol=1e-11, equal_nan=True)


def random_requests(embedded: Weir, cluster: Weir, chosen, scratch: Path) -> list[str]:
    import xarray as xr

    chance, faults = random.Random(chosen.seed), []
    files = {path.name: xr.open_dataset(path, decode_timedelta=False).load() for path in sorted((scratch / "data").glob("calendar*.nc"))}
    for number in range(chosen.requests):
        name = list(files)[number % len(files)]
        target, fault = (diagnostics.query if number % 5 else diagnostics.one)(cluster.base, files[name], name, chance)
        if fault not in (None, "rounded"):
            faults.append(f"{target}: {fault}")
        _, local = diagnostics.fetch(f"{embedded.base}/datasets/{target}")
        _, remote = diagnostics.fetch(f"{cluster.base}/datasets/{target}")
        if not same(local, remote):
            faults.append(f"{target}: the cluster's answer is another one than weir's own")
    return faults


def every_action(embedded: Weir, cluster: Weir) -> list[str]:
    """Each action over each kind of numbers has the same type and values from both."""
    faults = []
    for action in diagnostics.ACTIONS:
        for variable in ("f4", "f8", "i2", "u4", "u8", "packed"):
            target = f"datasets/types.nc/groupby/{variable}/time.season/{action}?q=0.3"
            local, remote = (diagnostics.fetch(f"{server.base}/{target}")[1] for server in (embedded, cluster))
            if "data" not in local or not same(local, remote):
                faults.append(f"{target}: the cluster's answer is another one than weir's own")
    return faults


class Watched:
    """The scheduler, as the test sees it."""

    def __init__(self, address: str):
        from distributed import Client

        self.client = Client(address, set_as_default=False, name="watcher")

    def tasks(self) -> int:
        return self.client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))

    def workers(self) -> int:
        return len(self.client.nthreads())

    def done(self) -> int:
        """Tasks whose results lie on workers."""
        return self.client.run_on_scheduler(lambda dask_scheduler: sum(task.state == "memory" for task in dask_scheduler.tasks.values()))


def client_goes(cluster: Weir, watched: Watched) -> str:
    """A client that closes its connection ends its work on the cluster."""
    host, port = cluster.base.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(b"GET /datasets/heavy.nc/diagnostics?variable=heavy&action=std&over=t HTTP/1.1\r\nHost: x\r\n\r\n")
        until(lambda: watched.tasks() > 4, "tasks of a request")
    until(lambda: watched.tasks() == 0, "the end of the tasks of a client that went", 20)
    until(lambda: said(cluster, "nobody waits for the result"), "what is said of it")
    return "a client that goes ends its tasks"


def worker_dies(embedded: Weir, cluster: Weir, watched: Watched, victim: Process) -> str:
    """What a worker that is killed had made is made again by the others."""
    import numpy as np

    target = "/datasets/heavy.nc/diagnostics?variable=heavy&action=mean&over=t&format=netcdf3"
    with ThreadPoolExecutor() as threads:
        answer = threads.submit(fetched, cluster.base + target)
        until(lambda: watched.done() > 1, "the first results of tasks")
        victim.end(signal.SIGKILL)
        assert not answer.done(), "the computation was over before the worker was killed"
        status, _, body = answer.result(PATIENCE)
    assert status == 200 and watched.workers() == 1, (status, body[:200])
    import netCDF4

    status, _, wanted = fetched(embedded.base + target)
    with netCDF4.Dataset("got", memory=body) as got, netCDF4.Dataset("wanted", memory=wanted) as expected:
        np.testing.assert_allclose(got["heavy"][:], expected["heavy"][:], rtol=1e-6)
        exact = np.arange(HEAVY[1] * HEAVY[2]).reshape(HEAVY[1:]) + 1 + (HEAVY[0] - 1) / 2
        np.testing.assert_allclose(got["heavy"][:], exact, rtol=1e-6)
    assert status == 200
    return "the work of a worker that is killed is done by the other"


def errors_come_back(cluster: Weir, path: Path) -> str:
    damage(path, cluster)
    status, _, body = fetched(f"{cluster.base}/datasets/damaged.nc/diagnostics?variable=damaged&action=mean&over=t")
    detail = json.loads(body)["detail"]
    assert status == 500 and "chunk 0.3 cannot be decoded" in detail, (status, detail)
    status, _, body = fetched(f"{cluster.base}/datasets/damaged.nc/diagnostics?variable=damaged&action=mean&over=t&where=y:[0:32]")
    assert status == 200, body
    return "a damaged chunk is an error that names it"


def scheduler_stops(embedded: Weir, cluster: Weir, lenient: Weir, how: tuple[Watched, Process]) -> str:
    watched, scheduler = how
    target = "/datasets/calendar0.nc/groupby/f8/time.month/mean?format=json"
    answers = [fetched(server.base + target) for server in (embedded, cluster, lenient)]
    assert [status for status, _, _ in answers] == [200] * 3 and all("etag" in headers for _, headers, _ in answers), answers
    with ThreadPoolExecutor() as threads:
        answer = threads.submit(fetched, f"{cluster.base}/datasets/heavy.nc/diagnostics?variable=heavy&action=std&over=t,y")
        until(lambda: watched.tasks() > 4, "tasks of a request")
        scheduler.end(signal.SIGKILL)
        status, _, body = answer.result(PATIENCE)
    assert status == 503 and "Dask" in json.loads(body)["detail"], (status, body)
    target = "/datasets/calendar0.nc/groupby/f8/time.month/max?format=json"
    status, _, body = fetched(cluster.base + target)
    detail = json.loads(body)["detail"]
    assert status == 503 and "scheduler does not answer" in detail and "127.0.0.1" not in detail, (status, detail)
    status, headers, body = fetched(lenient.base + target)
    assert status == 200 and "etag" not in headers, (status, headers)
    assert json.loads(body) == json.loads(fetched(embedded.base + target)[2])
    assert said(lenient, "Dask did not compute this")
    return "without a scheduler there is 503, or weir's own result"


def children(number: int) -> list[int]:
    """The processes that a process started, from whichever thread."""
    return [int(one) for thread in Path(f"/proc/{number}/task").iterdir() for one in (thread / "children").read_text().split()]


def run(chosen, scratch: Path) -> int:
    data = scratch / "data"
    data.mkdir()
    chance = random.Random(chosen.seed)
    for number, calendar in enumerate(CALENDARS):
        diagnostics.write(data / f"calendar{number}.nc", calendar, chance)
    write_types(data / "types.nc")
    write_heavy(data / "heavy.nc")
    write_damaged(data / "damaged.nc")
    address, bridge = f"tcp://127.0.0.1:{free_port()}", f"unix:{scratch / 'bridge'}"
    command = [sys.executable, "-m", "weir_dask.command"]
    with ExitStack() as stack:
        enter = stack.enter_context
        scheduler = enter(dask(scratch, "scheduler", "scheduler", "--host", "127.0.0.1", "--port", address.rpartition(":")[2], "--no-dashboard"))
        workers = [enter(worker(scratch, f"worker{number}", address)) for number in range(2)]

        def weir(name: str | None, **more) -> Weir:
            config = ["--config", configured(scratch, name, **more)] if name else []
            return enter(Weir(chosen.weir.resolve(), [data, *config], chosen.plugins_only))

        embedded = weir(None)
        cluster = weir("child", scheduler=address, command=command, fallback=False)
        lenient = weir("service", bridge=bridge)
        if not all(one.healthy for one in (embedded, cluster, lenient)):
            print(f"a server did not start: {embedded.last_words()}{cluster.last_words()}{lenient.last_words()}", file=sys.stderr)
            return 2
        enter(Process([*command, "--scheduler", address, "--listen", bridge, "--data", lenient.base], scratch / "bridge.log"))
        until(lambda: Path(scratch / "bridge").exists(), "weir-dask")
        watched = Watched(address)
        until(lambda: watched.workers() == 2, "two workers")
        faults = every_action(embedded, cluster) + random_requests(embedded, cluster, chosen, scratch)
        computed = said(cluster, "Dask computed")
        print(f"each action over each kind of numbers and {chosen.requests} random requests: {computed} answers by the cluster, {len(faults)} faults")
        if computed < chosen.requests:
            faults.append(f"the cluster computed {computed} answers only")
        steps = (
            lambda: errors_come_back(cluster, data / "damaged.nc"),
            lambda: client_goes(cluster, watched),
            lambda: worker_dies(embedded, cluster, watched, workers[0]),
            lambda: scheduler_stops(embedded, cluster, lenient, (watched, scheduler)),
        )
        for step in steps:
            try:
                print(step())
            except (AssertionError, OSError, ValueError) as fault:
                faults.append(f"{type(fault).__name__}: {fault}")
        (child,) = children(cluster.process.pid)
        cluster.process.kill()
        try:
            until(lambda: not Path(f"/proc/{child}").exists(), "the end of weir-dask after that of weir", 20)
            print("weir-dask ends with a server that is killed")
        except AssertionError as fault:
            faults.append(str(fault))
    for fault in faults:
        print(f"WRONG: {fault}")
    if faults:
        print(cluster.last_words(), (scratch / "bridge.log").read_text()[-3000:], file=sys.stderr)
    return 1 if faults else 0


def main() -> int:
    chosen = arguments()
    environment.enter(chosen.venvs, "tables")
    warnings.simplefilter("ignore")
    # Workers, weir-dask and this test have the package from the sources.
    os.environ["PYTHONPATH"] = str(PACKAGE)
    with tempfile.TemporaryDirectory() as scratch:
        return run(chosen, Path(scratch))


if __name__ == "__main__":
    sys.exit(main())
