"""What is measured: each measurement's paths on each server, checked first, then loaded in round-robin rounds."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import load
from answers import FileValues, Ranges, WrongAnswer, check_bytes, check_das, check_dds, check_dods, check_processed, constraint, succeeded
from client import BadResponse, Client
from dataset import NETCDF3_ID, NETCDF4_ID, PLAIN_ID, VARIABLE, Dataset
from load import Load, Sample
from peers import Server, processed_chunk

# Random positions whose answers are compared with the file before a measurement starts.
CHECKED_POSITIONS = 8
CHECK_SEED = 20000101
# So many encoded chunks both servers can keep.
ASKED_AGAIN = 16
ZMETADATA = f"/datasets/{NETCDF4_ID}/zarr/.zmetadata"

# What a check gives: the paths to ask for, and the smallest and largest body it saw.
Checked = tuple[tuple[str, ...], tuple[int, int]]
Check = Callable[[Client], Checked]


@dataclass
class Measurement:
    """One line of the comparison: the load per server (by name), then the samples and the servers found wrong."""

    key: str
    title: str
    loads: dict[str, Load] = field(default_factory=dict)
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    connections: int = 1
    # one request per round instead of a timed loop
    single: bool = False

    @property
    def generator(self) -> str:
        return "own client" if self.single else next((one.generator for one in self.loads.values()), "-")


class Comparison:
    """The running servers, the data they share and every measurement taken on them."""

    def __init__(self, servers: list[Server], data: Dataset, values: FileValues) -> None:
        self.servers = servers
        self.data = data
        self.values = values
        self.measurements: list[Measurement] = []

    @property
    def speaking_dap2(self) -> list[Server]:
        return [server for server in self.servers if server.peer.opendap is not None]

    @property
    def speaking_zarr(self) -> list[Server]:
        return [server for server in self.servers if server.peer.name in ("weir", "nginx")]

    def check_all(self, wanted: Callable[[str], bool]) -> None:
        """Checks every answer that will be timed and records the loads of the servers that answer right; `wanted` says of which."""
        checks = {
            "dds": self._check_texts,
            "dods": lambda: self._check_hyperslabs("dods", "`.dods` of one chunk-aligned hyperslab", NETCDF4_ID, (1, 4)),
            "dods3": lambda: self._check_hyperslabs("dods3", "`.dods` of the same hyperslab, netCDF-3", NETCDF3_ID, (1,)),
            "chunk": lambda: self._check_chunks("chunk", "raw Zarr chunk, deflated", NETCDF4_ID, self.data.sizes.grid),
            "mib": lambda: self._check_chunks("mib", "raw Zarr chunk of 1 MiB", PLAIN_ID, self.data.sizes.plain_grid),
            "zmetadata": self._check_zmetadata,
            "processed": self._check_processed,
            "large": self._check_large,
        }
        for key, check in checks.items():
            if wanted(key):
                check()

    def add(self, measurements: list[Measurement], server: Server, check: Check) -> None:
        """Runs one server's check; its paths become loads of all the measurements, or its fault is recorded in all."""
        client = server.client()
        try:
            paths, body_bytes = check(client)
            for one in measurements:
                one.loads[server.peer.name] = Load(paths, one.connections, body_bytes)
        except (WrongAnswer, BadResponse, OSError, UnicodeDecodeError) as fault:
            for one in measurements:
                one.wrong[server.peer.name] = f"{type(fault).__name__}: {fault}"
        finally:
            client.close()

    def _begin(self, key: str, title: str, connections: tuple[int, ...]) -> list[Measurement]:
        made = [Measurement(f"{key} c{count}", f"{title}, c={count}", connections=count) for count in connections]
        self.measurements += made
        return made

    def _check_texts(self) -> None:
        for suffix, check in (("dds", lambda client, path: check_dds(client, path, self.data)), ("das", check_das)):
            made = self._begin(suffix, f"`.{suffix}`", (1,))
            for server in self.speaking_dap2:
                path = f"{server.peer.opendap(NETCDF4_ID)}.{suffix}"
                self.add(made, server, lambda client, path=path, check=check: ((path,), (length := check(client, path), length)))

    def _check_hyperslabs(self, key: str, title: str, dataset: str, connections: tuple[int, ...]) -> None:
        made = self._begin(key, f"{title} ({self.data.sizes.chunk_bytes / (1 << 20):g} MiB)", connections)
        positions = list(aligned(self.data))
        checked = random.Random(CHECK_SEED).sample(positions, CHECKED_POSITIONS)
        for server in self.speaking_dap2:
            base = f"{server.peer.opendap(dataset)}.dods?"

            def check(client: Client, base: str = base) -> Checked:
                lengths = [check_dods(client, base + constraint(ranges), self.values, ranges) for ranges in checked]
                return tuple(base + constraint(ranges) for ranges in positions), (min(lengths), max(lengths))

            self.add(made, server, check)

    def _check_chunks(self, key: str, title: str, dataset: str, grid: tuple[int, ...]) -> None:
        made = self._begin(key, title, (1, 16))
        paths = [self.data.chunk_route(index, dataset) for index in itertools.product(*map(range, grid))]
        stored = {path: self.data.static / path.lstrip("/") for path in paths}
        lengths = [file.stat().st_size for file in stored.values()]
        for server in self.speaking_zarr:

            def check(client: Client) -> Checked:
                # all of them: this is the one route whose every byte is known beforehand at no cost
                for path, file in stored.items():
                    check_bytes(client, path, file.read_bytes())
                return tuple(paths), (min(lengths), max(lengths))

            self.add(made, server, check)

    def _check_processed(self) -> None:
        """Chunks of Zarr version 3, decoded and encoded anew by a codec that both servers are told."""
        made = self._begin("processed", "processed Zarr chunk made new (1 MiB, Blosc)", (1, 4))
        again = self._begin("again", f"processed Zarr chunk asked for again (of {ASKED_AGAIN})", (1, 4))
        indexes = list(itertools.product(*map(range, self.data.sizes.grid)))
        checked = random.Random(CHECK_SEED).sample(indexes, CHECKED_POSITIONS)
        for server in self.servers:
            dataset = server.peer.processed
            if dataset is None:
                continue

            def check(client: Client, dataset: str = dataset) -> Checked:
                for index in checked:
                    check_processed(client, processed_chunk(dataset, index), self.values, self.data, index)
                # how long an encoded chunk is, its numbers decide
                return tuple(processed_chunk(dataset, index) for index in indexes), (1 << 16, 1 << 20)

            self.add(made, server, check)

            def few(client: Client, check: Check = check) -> Checked:
                paths, lengths = check(client)
                return paths[:ASKED_AGAIN], lengths

            self.add(again, server, few)

    def _check_zmetadata(self) -> None:
        """weir's own document, also laid beside the chunks for nginx."""
        if not any(server.peer.name == "weir" for server in self.servers):
            return
        made = self._begin("zmetadata", "`.zmetadata`", (1, 16))
        copy = self.data.static / ZMETADATA.lstrip("/")
        copy.unlink(missing_ok=True)
        for server in sorted(self.speaking_zarr, key=lambda server: server.peer.name != "weir"):

            def check(client: Client, name: str = server.peer.name) -> Checked:
                if name == "weir":
                    copy.write_bytes(self._zmetadata(client))
                length = check_bytes(client, ZMETADATA, copy.read_bytes())
                return (ZMETADATA,), (length, length)

            self.add(made, server, check)

    def _zmetadata(self, client: Client) -> bytes:
        """weir's document, once its array matches the file's."""
        response, body = client.fetch(ZMETADATA)
        succeeded(response, ZMETADATA)
        try:
            array = json.loads(body)["metadata"][f"{VARIABLE}/.zarray"]
            described = tuple(array["shape"]), tuple(array["chunks"]), array["dtype"], array["compressor"]["id"], [one["id"] for one in array["filters"]]
        except (ValueError, KeyError, TypeError) as fault:
            raise WrongAnswer(f"not a consolidated Zarr v2 document: {fault!r}") from fault
        wanted = (self.data.sizes.shape, self.data.sizes.chunk, "<f4", "zlib", ["shuffle"])
        if described != wanted:
            raise WrongAnswer(f".zmetadata describes {described}, the file is {wanted}")
        return body

    def _check_large(self) -> None:
        made = Measurement("large", f"one `.dods` of {self.data.sizes.large_bytes >> 20} MiB", single=True)
        self.measurements.append(made)
        _, lats, lons = self.data.sizes.shape
        ranges = ((0, self.data.sizes.large_steps - 1), (0, lats - 1), (0, lons - 1))
        for server in self.speaking_dap2:
            path = f"{server.peer.opendap(NETCDF4_ID)}.dods?{constraint(ranges)}"
            self.add([made], server, lambda client, path=path: ((path,), (length := check_dods(client, path, self.values, ranges), length)))

    def round(self, number: int, seconds: float) -> None:
        """Every measurement once on every server, in an order that turns with the round."""
        for measurement in self.measurements:
            for server in self._turn(number):
                name = server.peer.name
                if name not in measurement.loads or name in measurement.wrong:
                    continue
                try:
                    sample = self._sample(measurement, server, seconds, seed=number + 1)
                    measurement.samples.setdefault(name, []).append(sample)
                except (BadResponse, OSError) as fault:
                    measurement.wrong[name] = f"under load, round {number + 1}: {type(fault).__name__}: {fault}"

    def _turn(self, number: int) -> list[Server]:
        first = number % len(self.servers)
        return self.servers[first:] + self.servers[:first]

    @staticmethod
    def _sample(measurement: Measurement, server: Server, seconds: float, seed: int) -> Sample:
        wanted = measurement.loads[server.peer.name]
        if measurement.single:
            return load.large(server, wanted.paths[0], wanted.body_bytes[0])
        return load.run(server, wanted, seconds, seed)


def aligned(data: Dataset) -> Iterator[Ranges]:
    """The hyperslab of every chunk of the variable, so that each costs exactly one chunk."""
    for index in itertools.product(*map(range, data.sizes.grid)):
        yield tuple((i * c, (i + 1) * c - 1) for i, c in zip(index, data.sizes.chunk))
