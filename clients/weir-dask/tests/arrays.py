"""Zarr arrays over HTTP, as weir serves them, and jobs over them."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import product

import numcodecs
import numpy as np

from weir_dask import job

ZLIB, SHUFFLE = numcodecs.Zlib(1), numcodecs.Shuffle(4)


class Handler(BaseHTTPRequestHandler):
    """Answers with what the server holds; an integer is a status."""

    def do_GET(self):
        server = self.server
        server.asked.append(self.path)
        found = server.documents.get(self.path, 404)
        if isinstance(found, list):
            found = found.pop(0) if len(found) > 1 else found[0]
        self.send_response(found if isinstance(found, int) else 200)
        body = b"" if isinstance(found, int) else found
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Source:
    """A web server with arrays. Use as a context."""

    def __enter__(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.documents, self.server.asked = {}, []
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    @property
    def documents(self):
        return self.server.documents

    def add(self, name, values, chunks, *, codecs=(SHUFFLE, ZLIB), fill=None, dtype=None, **meta):
        """An array in chunks, of which the last ones are padded."""
        *filters, compressor = codecs or [None]
        stored = np.dtype(dtype or values.dtype.str)
        document = {
            "zarr_format": 2,
            "shape": values.shape,
            "chunks": chunks,
            "dtype": stored.str,
            "order": "C",
            "fill_value": fill,
            "compressor": compressor and compressor.get_config(),
            "filters": [one.get_config() for one in filters] or None,
            **meta,
        }
        self.documents[f"/{name}/.zarray"] = json.dumps(document).encode()
        for index in product(*(range(-(-length // chunk)) for length, chunk in zip(values.shape, chunks))):
            part = values[tuple(slice(at * chunk, (at + 1) * chunk) for at, chunk in zip(index, chunks))]
            padded = np.zeros(chunks, stored)
            padded[tuple(slice(length) for length in part.shape)] = part
            data = padded.tobytes(document["order"])
            for codec in codecs:
                data = codec.encode(data)
            self.documents[f"/{name}/" + ".".join(map(str, index))] = bytes(data)
        return f"{self.base}/{name}"


def document(url, values, along, action, **fields):
    """A job over a whole array; `along` has "kept", "reduced" or a list of groups for each axis."""
    axes = []
    for length, one in zip(values.shape, along):
        axis = {"runs": [[0, 1, length]], "along": one if isinstance(one, str) else "grouped"}
        if not isinstance(one, str):
            axis |= {"groups": list(map(int, one)), "size": int(max(one)) + 1}
        axes.append(axis)
    sizes = [axis.get("size", 1 if axis["along"] == "reduced" else length) for axis, length in zip(axes, values.shape)]
    name = values.dtype.name
    packing = {"stored": name, "unpacked": name, "missing": [], "scale": None, "offset": None}
    return {
        "protocol": job.PROTOCOL,
        "array": url,
        "shape": list(values.shape),
        "packing": packing,
        "axes": axes,
        "action": action,
        "part": None,
        "result": result_type(name, action),
        "elements": int(np.prod(sizes)),
        **fields,
    }


def result_type(name, action):
    if action in ("count", "any"):
        return {"count": "int64", "any": "bool"}[action]
    if action == "quantile":
        return "float64"
    if name.startswith("float"):
        return name
    if action in ("mean", "var", "std", "median"):
        return "float64"
    return "uint64" if name == "uint64" or (name[0] == "u" and action == "sum") else "int64"


def expected(values, along, action, part=None, weights=None):
    """The same by plain NumPy, cell by cell."""
    choices = []
    for length, one in zip(values.shape, along):
        if isinstance(one, str):
            choices.append([[at] for at in range(length)] if one == "kept" else [list(range(length))])
        else:
            choices.append([np.flatnonzero(np.asarray(one) == group).tolist() for group in range(max(one) + 1)])
    out = np.empty([len(one) for one in choices], object)
    for at in np.ndindex(*out.shape):
        chosen = np.ix_(*(choice[index] for choice, index in zip(choices, at)))
        w = None if weights is None else weights[chosen].ravel()
        out[at] = cell(values[chosen].ravel(), action, part, w)
    return out.astype(result_type(values.dtype.name, action) if weights is None else "f8")


def cell(own, action, part, weights):
    is_float = own.dtype.kind == "f"
    if action == "any":
        return bool(np.any(own != 0))
    there = ~np.isnan(own) if is_float else np.ones(own.shape, bool)
    w = np.ones(own.size) if weights is None else weights
    own, w = own[there], w[there]
    if action == "count":
        return own.size
    if action == "sum":
        return (own.astype("f8") * w).sum() if is_float or weights is not None else own.sum(dtype="u8" if own.dtype.kind == "u" else "i8")
    if not own.size:
        return np.nan if is_float or action in ("mean", "var", "std", "median", "quantile") else 0
    if action in ("median", "quantile"):
        return np.quantile(own.astype("f8"), 0.5 if action == "median" else part)
    if action in ("min", "max"):
        return getattr(own, action)()
    if action in ("first", "last"):
        return own[0 if action == "first" else -1]
    doubles = own.astype("f8")
    mean = (doubles * w).sum() / w.sum()
    if action == "mean":
        return mean
    variance = (w * (doubles - mean) ** 2).sum() / w.sum()
    return variance if action == "var" else np.sqrt(variance)
