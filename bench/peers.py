"""The servers of the comparison: how each is started, where its routes are, and when it counts as ready."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import processes
from client import BadResponse, Client
from dataset import NETCDF4_ID, PROCESSED_ID, VARIABLE, Dataset

START_SECONDS = 60.0
POLL_SECONDS = 0.002
# Allocators and worker processes come to rest before idle memory is read.
REST_SECONDS = 0.5
SERVERS_DIRECTORY = Path(__file__).resolve().parent / "servers"


class NotStarted(Exception):
    """The server ended or stayed silent; carries the end of its log."""


@dataclass(frozen=True)
class Peer:
    """One way to start one server."""

    name: str
    version: str
    argv: Callable[[int], list[str]]
    # the first good answer of this path ends the start-up time
    first_path: str
    # dataset id -> path that .dds, .das and .dods are appended to; None when the server speaks no DAP2
    opendap: Callable[[str], str] | None = None
    # dataset whose Zarr (version 3) is decoded and encoded anew; None when the server does not do that
    processed: str | None = None
    environment: dict[str, str] = field(default_factory=dict)


class Server:
    """A running peer."""

    def __init__(self, peer: Peer, core: int | None, run_directory: Path) -> None:
        self.peer = peer
        self.port = free_port()
        self.log = run_directory / f"{peer.name}.log"
        began = time.perf_counter()
        self.process = processes.start(peer.argv(self.port), core, peer.environment, self.log, SERVERS_DIRECTORY)
        try:
            self._await_first_answer(began + START_SECONDS)
        except BaseException:
            self.stop()
            raise
        self.startup_seconds = time.perf_counter() - began

    @property
    def pid(self) -> int:
        return self.process.pid

    def client(self) -> Client:
        return Client(self.port)

    def idle_rss_mib(self) -> float:
        """Resident memory of the tree after a rest."""
        time.sleep(REST_SECONDS)
        return processes.memory_bytes(self.pid, "VmRSS") / processes.MIB

    def stop(self) -> None:
        processes.stop(self.process)

    def _await_first_answer(self, deadline: float) -> None:
        while time.perf_counter() < deadline:
            if self.process.poll() is not None:
                raise NotStarted(f"{self.peer.name} ended with code {self.process.returncode}: {self._log_end()}")
            client = self.client()
            try:
                if client.read(self.peer.first_path).status == 200:
                    return
            except (OSError, BadResponse):
                pass
            finally:
                client.close()
            time.sleep(POLL_SECONDS)
        raise NotStarted(f"{self.peer.name} gave no good answer in {START_SECONDS:.0f} s: {self._log_end()}")

    def _log_end(self) -> str:
        return self.log.read_text(errors="replace")[-1500:]


def free_port() -> int:
    """A loopback port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def first_line(argv: list[str]) -> str:
    """The first line that a program prints about itself; Debian's wrk and nginx use different streams and exit codes."""
    done = subprocess.run(argv, capture_output=True, text=True, timeout=20, check=False)
    return (done.stdout + done.stderr).strip().splitlines()[0]


# How the processed chunks of both servers are encoded.
BLOSC = {"cname": "lz4", "level": 5, "shuffle": "shuffle"}

# What weir serves beside the files: the first one once more, with a recipe.
RECIPE = """
[[dataset]]
id = "{id}"
path = "{path}"

[[plugins.zarr.recipe]]
datasets = ["{id}"]
codec = {{ id = "blosc", cname = "{cname}", level = {level}, shuffle = "{shuffle}" }}
"""


def processed_chunk(dataset: str, index: tuple[int, ...]) -> str:
    """URL path of one chunk of Zarr version 3."""
    return f"/datasets/{dataset}/zarr/{VARIABLE}/c/{'/'.join(map(str, index))}"


def weir(binary: Path, data: Dataset, run_directory: Path | None = None) -> Peer:
    """The server under test, with its defaults but for the response limit, which the large response would meet; with a run directory,
    also with the recipe."""
    serve = [str(binary), "serve", str(data.served), "--max-response", "2GiB", "--no-index"]
    if run_directory is not None:
        configuration = run_directory / "weir.toml"
        configuration.write_text(RECIPE.format(id=PROCESSED_ID, path=data.netcdf4.resolve(), **BLOSC))
        serve += ["--config", str(configuration)]
    return Peer(
        name="weir",
        version=first_line([str(binary), "--version"]),
        argv=lambda port: [*serve, "--listen", f"127.0.0.1:{port}"],
        first_path=f"/datasets/{NETCDF4_ID}/opendap.dds",
        opendap=lambda dataset: f"/datasets/{dataset}/opendap",
        processed=PROCESSED_ID,
    )


def pydap(data: Dataset) -> Peer:
    gunicorn = [sys.executable, "-m", "gunicorn", "--workers", "1", "--threads", "1"]
    return Peer(
        name="pydap",
        version=f"pydap {version('pydap')} (patched), gunicorn {version('gunicorn')}",
        argv=lambda port: [*gunicorn, "--bind", f"127.0.0.1:{port}", "pydap_app:application"],
        first_path=f"/{NETCDF4_ID}.dds",
        opendap=lambda dataset: f"/{dataset}",
        environment={"WEIR_BENCH_SERVED": str(data.served)},
    )


def xpublish(data: Dataset) -> Peer:
    return Peer(
        name="xpublish",
        version=", ".join(f"{name} {version(name)}" for name in ("xpublish", "xpublish-opendap", "xpublish-zarr", "zarr", "uvicorn")),
        argv=lambda port: [sys.executable, "xpublish_app.py", str(port)],
        first_path=f"/datasets/{NETCDF4_ID}/opendap.dds",
        opendap=lambda dataset: f"/datasets/{dataset}/opendap",
        processed=NETCDF4_ID,
        environment={"WEIR_BENCH_SERVED": str(data.served), "WEIR_BENCH_BLOSC": json.dumps(BLOSC)},
    )


def nginx(binary: str, data: Dataset, run_directory: Path) -> Peer:
    """Static files: one worker, sendfile, no log; stock otherwise."""

    def argv(port: int) -> list[str]:
        configuration = run_directory / "nginx.conf"
        configuration.write_text(nginx_configuration(port, data.static.resolve(), run_directory))
        return [binary, "-e", "stderr", "-c", str(configuration)]

    found = re.search(r"nginx/\S+", first_line([binary, "-v"]))
    return Peer(
        name="nginx",
        version=found[0] if found else "nginx",
        argv=argv,
        first_path=data.chunk_route((0, 0, 0)),
    )


def nginx_configuration(port: int, root: Path, run_directory: Path) -> str:
    # without this line a master started by root gives its worker to www-data, who may not read the data directory
    user = "user root;" if os.geteuid() == 0 else ""
    temporary = "\n".join(
        f"    {kind}_temp_path {run_directory}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return f"""{user}
daemon off;
worker_processes 1;
pid {run_directory}/nginx.pid;
events {{ worker_connections 256; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    # the default closes a connection after 1,000 requests, which only the fastest server here would meet
    keepalive_requests 1000000000;
    default_type application/octet-stream;
{temporary}
    server {{ listen 127.0.0.1:{port}; root "{root}"; }}
}}
"""
