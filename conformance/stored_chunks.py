"""Every stored chunk of every fixture, byte for byte: `stored_chunks.py BASE_URL FOLDER ID...`; and every metadata document.

The body of a chunk, under its key of version 2 and of version 3, must be the very bytes that lie in the file where the reference set
says, and, of an HDF5 file, where the HDF5 library says. A chunk that is no range of a file, or is not stored, must be what
the processed route shows, or an error. Metadata is the same in consolidated documents and in single ones. Prints one JSON line for each variable, as `source_worker.py` does.
"""

import hashlib
import http.client
import itertools
import json
import math
import pathlib
import sys
import time
import traceback
import typing
import urllib.parse

import h5py

HDF5 = b"\x89HDF\r\n\x1a\n"
# HTTP statuses of a chunk that a client must not take for fill values.
ERRORS = (500, 501, 503)


class Server:
    """One kept-alive connection."""

    def __init__(self, base):
        parts = urllib.parse.urlsplit(base)
        self.base, self.connection = base, http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)

    def ask(self, method, target, headers=()):
        """A response and its body."""
        self.connection.request(method, target, headers=dict(headers))
        response = self.connection.getresponse()
        return response, response.read()

    def json(self, target):
        """A document."""
        response, body = self.ask("GET", target)
        if response.status != 200:
            raise ValueError(f"{target} was answered with {response.status}: {body[:300]!r}")
        return json.loads(body)


def digest(data):
    """What is compared of bytes."""
    return f"{len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()[:16]}"


def chunk_keys(path, array):
    """The keys of all chunks of an array: index, version 2, version 3."""
    counts = [math.ceil(length / chunk) for length, chunk in zip(array["shape"], array["chunks"])]
    for index in itertools.product(*map(range, counts)):
        numbers = [str(number) for number in index]
        yield index, f"{path}/{'.'.join(numbers) or '0'}", "/".join([path, "c", *numbers])


class Place(typing.NamedTuple):
    """Where the HDF5 library says that a chunk lies."""

    offset: int
    length: int
    # Filters that were skipped.
    mask: int
    # Whether there is more or less to it than that: its dataset ends inside it while its dimension goes on, or what sticks out of the
    # dataset is stored without filters.
    is_odd: bool


def hdf5_places(file, path, shape):
    """Where the chunks of a variable lie, by index; None where the dataset is not stored in chunks, and where HDF5 does not know.

    The names of variables are those of datasets, but for what netCDF-4 puts before some.
    """
    group, name = path.rsplit("/", 1) if "/" in path else ("", path)
    at = file[group] if group else file
    found = at.get(name)
    if not isinstance(found, h5py.Dataset):
        found = at.get(f"_nc4_non_coord_{name}")
    if not isinstance(found, h5py.Dataset) or found.chunks is None or found.is_virtual:
        return None
    stored = {}
    whole = math.prod(found.chunks) * found.dtype.itemsize
    for number in range(found.id.get_num_chunks()):
        info = found.id.get_chunk_info(number)
        ends = [offset + chunk for offset, chunk in zip(info.chunk_offset, found.chunks)]
        sticks_out = any(end > length for end, length in zip(ends, found.shape))
        unfiltered = found.id.get_create_plist().get_nfilters() and info.size == whole
        is_short = any(own < shown for own, shown in zip(found.shape, shape))
        if any(offset >= length for offset, length in zip(info.chunk_offset, found.shape)):
            # HDF5 1.14 lists the chunks of a dataset whose second axis grows with the numbers of other chunks.
            return None
        index = tuple(offset // chunk for offset, chunk in zip(info.chunk_offset, found.chunks))
        stored[index] = Place(info.byte_offset, info.size, info.filter_mask, bool(sticks_out and (unfiltered or is_short)))
    return stored


def file_behind(server, folder, url):
    """The local file that a reference of this server leads to; None for a chunk of the server's own."""
    path = urllib.parse.unquote(url.removeprefix(f"{server.base}/datasets/"))
    return folder / path.removesuffix("/file") if path.endswith("/file") else None


class Variable:
    """One array of one dataset."""

    def __init__(self, server, folder, name, path, array):
        self.server, self.folder, self.path, self.array = server, folder, path, array
        self.mount = f"/datasets/{urllib.parse.quote(name)}"

    def body(self, key, method="GET", headers=()):
        """A response for a chunk."""
        return self.server.ask(method, f"{self.mount}/kerchunk/{urllib.parse.quote(key)}", headers)

    def check(self, references, places):
        """What is wrong with its chunks."""
        found = []
        for index, *keys in chunk_keys(self.path, self.array):
            reference = references.get(keys[0])
            expected = None if places is None else places.get(index)
            for key in keys:
                try:
                    self.check_chunk(key, reference, expected)
                except AssertionError as wrong:
                    found.append(f"{key}: {wrong}")
        return found[:20]

    def check_chunk(self, key, reference, place):
        """One chunk under one of its keys."""
        response, body = self.body(key)
        head, _ = self.body(key, "HEAD")
        assert head.status == response.status, f"HEAD is answered with {head.status}, GET with {response.status}"
        if response.status in ERRORS:
            # What the others went through was not done to this one, or its dataset is shorter than its dimension.
            assert place is None or place.mask or place.is_odd, f"{response.status}: {body[:200]}"
            assert reference and "/kerchunk/" in reference[0], f"{response.status}, but there is a reference: {reference}"
            return
        if response.status == 404:
            assert place is None and (reference is None or "/kerchunk/" in reference[0]), f"404: {body[:200]}"
            return
        assert response.status == 200, f"{response.status}: {body[:200]}"
        assert int(head.headers["content-length"]) == len(body), f"HEAD announces {head.headers['content-length']} of {len(body)} bytes"
        self.check_range(key, body)
        if place and not place.is_odd:
            assert not place.mask, f"filters were skipped (mask {place.mask}), but it is served"
            with self.file().open("rb") as file:
                file.seek(place.offset)
                stored = file.read(place.length)
            assert stored == body, f"{digest(body)}, but HDF5 says {digest(stored)} at byte {place.offset}"
        self.check_reference(reference, body)

    def file(self):
        """The dataset's own file."""
        return self.folder / urllib.parse.unquote(self.mount.removeprefix("/datasets/"))

    def check_range(self, key, body):
        """The last bytes of a chunk, alone."""
        wanted = min(len(body), 7)
        if wanted:
            response, tail = self.body(key, headers={"Range": f"bytes=-{wanted}"})
            assert (response.status, tail) == (206, body[-wanted:]), f"its last bytes are {tail!r} with {response.status}"

    def check_reference(self, reference, body):
        """What the reference set says of the same chunk."""
        if reference is None:
            # Missing, and still served: version 3 has no such chunk, or version 2 needs it made.
            raise AssertionError("it is served, but the reference set has no such chunk")
        url, offset, length = reference
        path = file_behind(self.server, self.folder, url)
        if path is None:
            assert (offset, length) == (0, len(body)), f"{digest(body)}, but the reference is {reference}"
            return
        with path.open("rb") as file:
            file.seek(offset)
            stored = file.read(length)
        assert stored == body, f"{digest(body)}, but {path.name} has {digest(stored)} at byte {offset}"


def metadata_differences(server, mount):
    """Documents of single groups and arrays that are not what consolidated metadata has of them, and the other way round."""
    consolidated = server.json(f"{mount}/.zmetadata")["metadata"]
    root = server.json(f"{mount}/zarr.json")
    below = root.get("consolidated_metadata", {}).get("metadata", {})
    expected = consolidated | {f"{path}/zarr.json": document for path, document in below.items()}
    for key, document in expected.items():
        single = server.json(f"{mount}/{urllib.parse.quote(key)}")
        # A group's own document has everything below it inside, too.
        single.pop("consolidated_metadata", None)
        document = {name: value for name, value in document.items() if name != "consolidated_metadata"}
        if single != document or json.dumps(single) != json.dumps(document):
            yield f"{key} is {json.dumps(single)[:300]}, but consolidated {json.dumps(document)[:300]}"
    # Version 3 has no name for messages of GRIB.
    arrays = {key.removesuffix("/.zarray"): document for key, document in consolidated.items() if key.endswith("/.zarray")}
    in_v2 = {path for path, document in arrays.items() if not any(step["id"] == "grib" for step in document["filters"] or ())}
    in_v3 = {path for path, document in below.items() if document["node_type"] == "array"}
    if in_v2 != in_v3:
        yield f"version 2 has the arrays {sorted(in_v2)}, version 3 {sorted(in_v3)}"


def checked_metadata(server, name):
    """One result for each mount of a dataset."""
    for mount in ("zarr", "kerchunk"):
        address = f"/datasets/{urllib.parse.quote(name)}/{mount}"
        if server.ask("HEAD", f"{address}/.zmetadata")[0].status == 501:
            continue
        began = time.monotonic()
        found = list(metadata_differences(server, address))[:20]
        yield {"case": f"metadata/{name}/{mount}", "differences": found, "seconds": time.monotonic() - began}


def checked(server, folder, name):
    """One result for each variable of a dataset."""
    address = f"/datasets/{urllib.parse.quote(name)}/kerchunk"
    if server.ask("HEAD", f"{address}/.zmetadata")[0].status == 501:
        # Its format is not built in; the other clients tell.
        return
    metadata = server.json(f"{address}/.zmetadata")["metadata"]
    references = server.json(f"{address}/refs.json")["refs"]
    arrays = {key.removesuffix("/.zarray"): value for key, value in metadata.items() if key.endswith("/.zarray")}
    path = folder / name
    is_hdf5 = path.is_file() and HDF5 in path.open("rb").read(1 << 16)
    file = h5py.File(path, "r") if is_hdf5 else None
    for array_path, array in arrays.items():
        began = time.monotonic()
        places = hdf5_places(file, array_path, array["shape"]) if file else None
        found = Variable(server, folder, name, array_path, array).check(references, places)
        yield {"case": f"stored-chunks/{name}:/{array_path}", "differences": found, "seconds": time.monotonic() - began}


def main():
    base, folder, *names = sys.argv[1:]
    server, folder = Server(base), pathlib.Path(folder)
    for name in names:
        try:
            for result in itertools.chain(checked_metadata(server, name), checked(server, folder, name)):
                print(json.dumps(result), flush=True)
        except Exception:
            text = traceback.format_exc().strip()[-2000:]
            print(json.dumps({"case": f"stored-chunks/{name}", "differences": [text], "seconds": 0.0}), flush=True)
            server = Server(base)
        print(json.dumps({"done": name}), flush=True)


if __name__ == "__main__":
    main()
