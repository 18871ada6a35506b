#!/usr/bin/env python3
"""How quickly the catalog of many datasets is searched and browsed: makes small files, serves them, and asks.

    bench/catalogs.py --weir target/release/weir --datasets 100000

Prints what each request took when it was asked again (the median and the worst of 20), and how much memory the server has before
and after it knows all datasets. Then the same of tables of ESM datastores: one for each folder, and with all files in one folder.
"""

import argparse
import json
import os
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

FOLDERS = 100


def name(text: str) -> bytes:
    """A name in a classic netCDF file."""
    data = text.encode()
    return struct.pack(">I", len(data)) + data + b"\0" * (-len(data) % 4)


def texts(pairs: dict[str, str]) -> bytes:
    """Attributes that are texts."""
    return struct.pack(">II", 12, len(pairs)) + b"".join(name(key) + struct.pack(">I", 2) + name(value) for key, value in pairs.items())


def dataset(number: int) -> bytes:
    """A classic netCDF file of a 2 x 2 grid at two times; where and when depends on the number."""
    west, south = (number * 37) % 350 - 180, (number * 13) % 170 - 90
    day = (number * 11) % 20000
    dimensions = b"".join(name(one) + struct.pack(">I", 2) for one in ("time", "lat", "lon"))
    variables = [
        ("time", [0], {"units": "days since 1970-01-01", "standard_name": "time"}, 6, struct.pack(">2d", day, day + 1)),
        ("lat", [1], {"units": "degrees_north"}, 6, struct.pack(">2d", south, south + 5)),
        ("lon", [2], {"units": "degrees_east"}, 6, struct.pack(">2d", west, west + 5)),
        ("sst", [0, 1, 2], {"units": "K", "long_name": "temperature"}, 5, struct.pack(">8f", *range(number, number + 8))),
    ]
    title = texts({"title": f"dataset {number + 1}", "Conventions": "CF-1.8"})

    def header(begins: list[int]) -> bytes:
        listed = b"".join(
            name(of) + struct.pack(f">I{len(axes)}I", len(axes), *axes) + texts(words) + struct.pack(">III", kind, len(data), begin)
            for (of, axes, words, kind, data), begin in zip(variables, begins)
        )
        return b"CDF\x01" + struct.pack(">III", 0, 10, 3) + dimensions + title + struct.pack(">II", 11, 4) + listed

    begin, begins = len(header([0] * 4)), []
    for *_, data in variables:
        begins.append(begin)
        begin += len(data)
    return header(begins) + b"".join(data for *_, data in variables)


def make(folder: Path, count: int) -> None:
    """Makes the files, in folders; those that are there are left alone."""
    for number in range(count):
        file = folder / f"c{number % FOLDERS:02d}" / f"d{number:06d}.nc"
        if number < FOLDERS:
            file.parent.mkdir(parents=True, exist_ok=True)
        if not file.exists():
            file.write_bytes(dataset(number))


def resident(pid: int) -> float:
    """MiB of memory that a process has."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def ask(url: str, body: dict | None = None) -> tuple[float, bytes]:
    """Seconds that a request took, and its answer."""
    data = None if body is None else json.dumps(body).encode()
    start = time.perf_counter()
    with urllib.request.urlopen(urllib.request.Request(url, data=data, headers={"content-type": "application/json"})) as answer:
        text = answer.read()
    return time.perf_counter() - start, text


def targets(known: dict) -> list[tuple[str, str, dict | None]]:
    """What is asked: its name, the path, and a body."""
    box = {"bbox": [-20, 30, 20, 60], "datetime": "1990-01-01T00:00:00Z/1995-01-01T00:00:00Z"}
    where = "bbox=-20,30,20,60&datetime=1990-01-01T00:00:00Z/1995-01-01T00:00:00Z"
    return [
        ("landing", "/stac", None),
        ("collections", "/stac/collections", None),
        ("collection", "/stac/collections/c42", None),
        ("items", "/stac/collections/c42/items", None),
        ("items, 100", "/stac/collections/c42/items?limit=100", None),
        ("item", f"/stac/collections/c42/items/{known['item']}", None),
        ("bbox and datetime", f"/stac/search?{where}", None),
        ("bbox and datetime, POST", "/stac/search", box),
        ("bbox and datetime, sorted", f"/stac/search?{where}&sortby=-datetime", None),
        ("all, sorted by title", "/stac/search?sortby=title", None),
        ("second page of all", f"/stac/search?token={known['token']}", None),
        ("filter", "/stac/search?filter=title%20like%20%27%2599%27%20and%20datetime%20%3E%20%271990-01-01T00:00:00Z%27", None),
        ("polygon", "/stac/search", {"intersects": {"type": "Polygon", "coordinates": [[[0, 0], [30, 0], [0, 30], [0, 0]]]}}),
        ("queryables", "/stac/queryables", None),
        ("first page", "/", None),
        ("first page of a folder", "/?folder=c42/", None),
        ("THREDDS, the root", "/thredds/catalog.xml", None),
        ("THREDDS, a folder", "/thredds/catalog/c42/catalog.xml", None),
        ("THREDDS, a folder's page", "/thredds/catalog/c42/catalog.html", None),
        ("THREDDS, a folder's latest", "/thredds/catalog/c42/latest.xml", None),
        ("Intake, the root", "/intake.yaml", None),
        ("Intake, a folder", "/intake/c42/catalog.yaml", None),
        ("gridlook, 1000", "/gridlook.json?limit=1000", None),
        ("gridlook, all", "/gridlook.json", None),
        ("sitemap, the index", "/sitemap.xml", None),
        ("sitemap, 50000", "/sitemap-datasets.xml", None),
    ]


def matched(answer: bytes) -> str:
    """How many items an answer says that there are."""
    try:
        return json.loads(answer).get("numberMatched", "")
    except ValueError:
        return ""


def timed(base: str, asked: list[tuple[str, str, dict | None]]) -> None:
    """Asks everything again, and prints what it took."""
    for what, path, body in asked:
        answer = ask(base + path, body)[1]
        took = [ask(base + path, body)[0] * 1000 for _ in range(20)]
        print(f"{what:28} {statistics.median(took):8.1f} ms, at worst {max(took):8.1f} ms {len(answer):9} bytes {matched(answer)}")


def measure(base: str, count: int) -> None:
    """Waits until all datasets are known, asks what there is of them, and prints what it took."""
    start = time.monotonic()
    while json.loads(ask(f"{base}/stac/search?limit=1")[1]).get("numberMatched") != count:
        time.sleep(1)
    print(f"{count} datasets known after {time.monotonic() - start:.0f} s")
    first = json.loads(ask(f"{base}/stac/search?limit=10")[1])
    token = next(link for link in first["links"] if link["rel"] == "next")["href"].split("token=")[1]
    item = json.loads(ask(f"{base}/stac/collections/c42/items?limit=1")[1])["features"][0]["id"].replace("/", "%2F")
    timed(base, targets({"token": token, "item": item}))


def made(url: str) -> str:
    """Asks until a file is made, as often as the server says; how long that took, and how often it was not there yet."""
    start, refused = time.monotonic(), 0
    while True:
        try:
            ask(url)
            return f"made after {time.monotonic() - start:.0f} s, {refused} times told to come again"
        except urllib.error.HTTPError as error:
            if error.code != 503 or "retry-after" not in error.headers:
                raise
            refused += 1
            time.sleep(int(error.headers["retry-after"]))


def tables(base: str, store: str) -> None:
    """Tables of ESM datastores: how long making them takes, and asking for what is made."""
    print("all datastores", made(f"{base}/esm/metacatalog.parquet"))
    timed(base, [
        ("ESM, the metacatalog", "/esm/metacatalog.parquet", None),
        ("ESM, a datastore", f"/esm/source/{store}.json", None),
        ("ESM, its table", f"/esm/source/{store}.parquet", None),
        ("ESM, its values", f"/esm/source/{store}_uniqs.parquet", None),
        ("ESM, its metadata", f"/esm/source/{store}_metadata.json", None),
        ("ESM, a page of rows", f"/esm/table/esm-datastore/{store}", None),
    ])


@contextmanager
def serving(weir: str, folder: Path, index: str):
    """A server, and its address."""
    base = "http://127.0.0.1:18399"
    arguments = [weir, "serve", str(folder), "--listen", base.removeprefix("http://"), "--index", index]
    server = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, "WEIR_LOG": "warn"})
    try:
        while True:
            try:
                ask(f"{base}/health")
                break
            except OSError:
                if server.poll() is not None:
                    sys.exit("the server does not start")
                time.sleep(0.1)
        before = resident(server.pid)
        yield base
        print(f"memory {before:.0f} MiB at the start, {resident(server.pid):.0f} MiB at the end")
    finally:
        server.send_signal(signal.SIGINT)
        server.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weir", default="target/release/weir")
    parser.add_argument("--datasets", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, help="where the files are, or are made")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.folder or Path(scratch) / "data"
        make(folder, given.datasets)
        with serving(given.weir, folder, f"{scratch}/index.redb") as base:
            measure(base, given.datasets)
        with serving(given.weir, folder, f"{scratch}/tables.redb") as base:
            tables(base, "c42")
        # The same files under other names, on the same file system.
        with tempfile.TemporaryDirectory(dir=folder.parent) as flat:
            (Path(flat) / "all").mkdir()
            for file in folder.glob("c*/*.nc"):
                os.link(file, Path(flat) / "all" / file.name)
            with serving(given.weir, Path(flat), f"{scratch}/flat.redb") as base:
                tables(base, "all")
                timed(base, [("THREDDS, one folder", "/thredds/catalog/all/catalog.xml", None)])


if __name__ == "__main__":
    main()
