"""A small HTTP/1.1 client that reads large bodies as cheaply as Python can, so that the server is what gets measured.

Bodies are received straight into one large buffer, and what nobody wants is dropped by the kernel without a copy; wrk 4.1 receives 8 KiB at a time, which on one connection costs more than the server's own work.
Knows content-length, chunked transfer coding and close-delimited bodies; a body that ends early is an error.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from dataclasses import dataclass, field

BUFFER_BYTES = 1 << 20
HEAD_LIMIT = 64 * 1024
TIMEOUT_SECONDS = 120.0

Sink = Callable[[memoryview], None]


class BadResponse(Exception):
    """The server's answer breaks HTTP, ends early or is no success."""


@dataclass
class Response:
    """Status, headers (lower-case names) and how many body bytes came."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body_bytes: int = 0


def framed(response: Response) -> bool:
    """Whether the body's end can be known without the connection closing."""
    return "content-length" in response.headers or "transfer-encoding" in response.headers


def discard(piece: memoryview) -> None:
    """The sink that keeps nothing."""


class Client:
    """One connection to one server, reopened whenever the server closes it."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.socket: socket.socket | None = None
        self.buffer = bytearray(BUFFER_BYTES)
        self.view = memoryview(self.buffer)
        self.start = 0
        self.end = 0

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()
            self.socket = None
        self.start = self.end = 0

    def read(self, path: str, sink: Sink = discard) -> Response:
        """GETs `path`, hands every body piece to `sink`. Raises BadResponse on a broken body, OSError on a broken connection."""
        if self.socket is None:
            self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=TIMEOUT_SECONDS)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nAccept: */*\r\n\r\n".encode("ascii"))
        response = self._head()
        self._body(response, sink)
        if response.headers.get("connection", "").lower() == "close" or not framed(response):
            self.close()
        return response

    def fetch(self, path: str) -> tuple[Response, bytes]:
        """GETs `path` and returns its whole body."""
        body = bytearray()
        response = self.read(path, body.extend)
        return response, bytes(body)

    def _receive(self) -> int:
        """Receives once more into the free end of the buffer; 0 when the server closed."""
        if self.start == self.end:
            self.start = self.end = 0
        elif self.end == len(self.buffer):
            self.buffer[: self.end - self.start] = self.buffer[self.start : self.end]
            self.start, self.end = 0, self.end - self.start
        received = self.socket.recv_into(self.view[self.end :])
        self.end += received
        return received

    def _until(self, mark: bytes, limit: int) -> bytes:
        """The bytes up to and including `mark`, taken off the buffer."""
        while (found := self.buffer.find(mark, self.start, self.end)) < 0:
            if self.end - self.start > limit:
                raise BadResponse(f"no line end within {limit} bytes")
            if self._receive() == 0:
                raise BadResponse("connection closed inside a response head")
        line = bytes(self.view[self.start : found + len(mark)])
        self.start = found + len(mark)
        return line

    def _head(self) -> Response:
        lines = self._until(b"\r\n\r\n", HEAD_LIMIT).decode("latin-1").split("\r\n")
        status = lines[0].split(" ", 2)
        if len(status) < 2 or not status[0].startswith("HTTP/1."):
            raise BadResponse(f"not a status line: {lines[0][:80]!r}")
        pairs = (line.split(":", 1) for line in lines[1:] if ":" in line)
        return Response(int(status[1]), {name.strip().lower(): value.strip() for name, value in pairs})

    def _body(self, response: Response, sink: Sink) -> None:
        if response.headers.get("transfer-encoding", "").lower() == "chunked":
            while (size := int(self._until(b"\r\n", HEAD_LIMIT).split(b";")[0], 16)) > 0:
                self._take(size, response, sink)
                if self._until(b"\r\n", HEAD_LIMIT) != b"\r\n":
                    raise BadResponse("a transfer chunk is longer than its size line says")
            self._until(b"\r\n", HEAD_LIMIT)
        elif "content-length" in response.headers:
            self._take(int(response.headers["content-length"]), response, sink)
        else:
            while self.end > self.start or self._receive() > 0:
                self._take(self.end - self.start, response, sink)

    def _take(self, size: int, response: Response, sink: Sink) -> None:
        """Hands exactly `size` body bytes to the sink."""
        left = size
        while left > 0:
            if sink is discard and self.start == self.end:
                dropped = self.socket.recv_into(self.view, min(left, BUFFER_BYTES), socket.MSG_TRUNC)
                if dropped == 0:
                    raise BadResponse(f"body ended {left} bytes early")
                left -= dropped
                continue
            if self.start == self.end and self._receive() == 0:
                raise BadResponse(f"body ended {left} bytes early")
            count = min(left, self.end - self.start)
            sink(self.view[self.start : self.start + count])
            self.start += count
            left -= count
        response.body_bytes += size
