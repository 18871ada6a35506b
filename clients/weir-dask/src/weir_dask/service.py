"""Answers weir: one connection is one computation.

weir sends a job as a line of JSON. Lines of JSON come back: `{"state": "running", "done": 3, "of": 40}` at least once a second, then
`{"state": "done", "dtype": "float32", "bytes": 48}` and so many bytes (little-endian, row-major), or
`{"state": "failed", "kind": "unavailable", "message": "…"}`. When weir closes the connection the computation is cancelled, and so it is when weir dies.
"""

from __future__ import annotations

import json
import logging
import os
import select
import socket
import socketserver
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from weir_dask import cluster, job
from weir_dask.refused import Refused

LOG = logging.getLogger(__name__)
# A job has a group for each index of a dimension, and a weight.
LONGEST_JOB = 256 << 20
READ_SECONDS = 30
WRITE_SECONDS = 60
BEAT_SECONDS = 0.5
# Connections that are not accepted yet.
WAITING = 64


class Service:
    """What is served: a cluster's address, and where data may be read from."""

    def __init__(self, scheduler: str, data: tuple[str, ...] | None) -> None:
        """`data` are the URLs below which workers may read; `None` where whoever asks is trusted, because it started this."""
        self.scheduler = scheduler
        self.data = None if data is None else tuple(url.rstrip("/") + "/" for url in data)

    def allow(self, url: str) -> None:
        """`Refused` for what does not lie below the URLs that this may read."""
        if not url.startswith(("http://", "https://")) or "/../" in url or "/./" in url or "?" in url or "#" in url:
            raise Refused("internal", "the address of the data is no plain http or https URL")
        if self.data is not None and not url.startswith(self.data):
            raise Refused("unavailable", "weir-dask may not read where weir says that data is; data_url there and --data here must be the same")


class Connection(socketserver.BaseRequestHandler):
    """One computation."""

    request: socket.socket
    server: Server | UnixServer

    def handle(self) -> None:
        """Reads the job, and answers."""
        self.beat = 0.0
        try:
            document = json.loads(self._line())
        except (OSError, ValueError):
            LOG.warning("a connection brought no job")
            return
        try:
            self._answer(document)
        except cluster.Gone:
            LOG.info("weir does not want the result any more; the computation was cancelled")
        except OSError:
            LOG.info("weir closed the connection")

    def _answer(self, document: Any) -> None:
        began = time.monotonic()
        try:
            work = job.read(document)
            self.server.service.allow(work.array)
            result = cluster.compute(self.server.service.scheduler, work, self._progress)
        except Refused as refused:
            LOG.warning("refused: %s", refused)
            self._say({"state": "failed", "kind": refused.kind, "message": refused.message})
            return
        except (cluster.Gone, OSError):
            raise
        except Exception as error:
            LOG.exception("a computation failed")
            self._say({"state": "failed", "kind": "internal", "message": f"weir-dask failed with {type(error).__name__}; its log says more"})
            return
        little = np.ascontiguousarray(result).astype(result.dtype.newbyteorder("<"), copy=False)
        self._say({"state": "done", "dtype": result.dtype.name, "bytes": little.nbytes})
        self.request.sendall(little.reshape(-1).view("u1").data)
        LOG.info("computed %s, %d bytes in %.1f s", work.action, little.nbytes, time.monotonic() - began)

    def _line(self) -> bytes:
        """The job, which is one line."""
        self.request.settimeout(READ_SECONDS)
        parts, length = [], 0
        while True:
            part = self.request.recv(1 << 16)
            length += len(part)
            if not part or length > LONGEST_JOB:
                raise ValueError
            parts.append(part)
            if part.endswith(b"\n"):
                self.request.settimeout(WRITE_SECONDS)
                return b"".join(parts)

    def _progress(self, done: int, of: int) -> None:
        # weir says nothing more: what can be read is the end.
        look = select.poll()
        look.register(self.request, select.POLLIN | select.POLLHUP)
        if look.poll(0):
            raise cluster.Gone
        if time.monotonic() - self.beat >= BEAT_SECONDS:
            self.beat = time.monotonic()
            self._say({"state": "running", "done": done, "of": of})

    def _say(self, line: dict[str, Any]) -> None:
        self.request.sendall(json.dumps(line).encode() + b"\n")


class Server(socketserver.ThreadingTCPServer):
    """At an address and port."""

    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = WAITING
    service: Service


class UnixServer(socketserver.ThreadingUnixStreamServer):
    """At a socket in the file system, which its owner and group may use."""

    daemon_threads = True
    request_queue_size = WAITING
    service: Service


def bind(address: str, service: Service) -> Server | UnixServer:
    """A server at `host:port` or `unix:PATH`."""
    if address.startswith("unix:"):
        path = Path(address[len("unix:") :])
        # Left by one that was killed; nothing else is removed.
        if path.is_socket():
            path.unlink()
        mask = os.umask(0o117)
        try:
            server: Server | UnixServer = UnixServer(str(path), Connection)
        finally:
            os.umask(mask)
    else:
        host, _, port = address.rpartition(":")
        server = Server((host.strip("[]"), int(port)), Connection)
    server.service = service
    return server


def serve(server: Server | UnixServer, until: threading.Event) -> None:
    """Serves until an event."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True)
    thread.start()
    until.wait()
    server.shutdown()
    server.server_close()
