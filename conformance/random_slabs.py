"""Random hyperslabs with strides of one large variable: `random_slabs.py BASE_URL ID FILE [COUNT]`.

Each is compared with numpy. Most go over `.dods`, read by our own XDR reader; some over netCDF4
and pydap. Prints one JSON line for each group of slabs, as `worker.py` does for a sample.
"""

import http.client
import json
import random
import sys
import time
import traceback
import urllib.parse

import netCDF4
import numpy as np

import xdr

SEED = 20_010_101
VARIABLE = "field"
# Elements between the corners of a slab: what a server may have to decode for one request.
LARGEST_REACH = 2**22


class Server:
    """One kept-alive connection."""

    def __init__(self, base, dataset):
        parts = urllib.parse.urlsplit(base)
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
        self.path = f"/datasets/{dataset}/opendap.dods"

    def variables(self, constraint):
        """The variables of a constrained data response."""
        self.connection.request("GET", f"{self.path}?{constraint}")
        response = self.connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise ValueError(f"?{constraint} was answered with {response.status}: {body[:300]!r}")
        return xdr.read(body)


def random_axis(chance, length, reach):
    """`(start, stride, stop)` of one axis; the inclusive stop may lie behind the last selected index."""
    extent = min(length, max(1, int(2 ** chance.uniform(0, np.log2(reach) if reach > 1 else 0))))
    start = chance.randint(0, length - extent)
    stride = chance.choice([1, 1, 2, 3, chance.randint(1, extent)])
    return start, stride, start + extent - 1


def random_slab(chance, shape):
    """One slab; now and then it spans a whole axis."""
    reach, slab = LARGEST_REACH, []
    for length in shape:
        axis = random_axis(chance, length, min(length, reach))
        slab.append(axis)
        reach = max(1, reach // (axis[2] - axis[0] + 1))
    return slab


def slices(slab):
    """The slab as numpy takes it."""
    return tuple(slice(start, stop + 1, stride) for start, stride, stop in slab)


def spelled(chance, slab):
    """The slab as one of the spellings that clients use."""
    text = ""
    for start, stride, stop in slab:
        forms = [f"[{start}:{stride}:{stop}]"]
        if stride == 1:
            forms.append(f"[{start}:{stop}]")
        if start == stop:
            forms.append(f"[{start}]")
        text += chance.choice(forms)
    escaped = text.replace("[", "%5B").replace("]", "%5D")
    return chance.choice([escaped, escaped.lower(), escaped.replace(":", "%3a"), text])


def compare(what, expected, seen):
    """Raises where the two are not bit for bit the same."""
    seen = np.asarray(seen)
    if expected.shape != seen.shape or expected.tobytes() != seen.astype(expected.dtype).tobytes():
        said, right = (f"{array.shape} beginning {array.reshape(-1)[:3]}" for array in (seen, expected))
        raise ValueError(f"{what}: {said}; expected {right}")


def over_dods(base, dataset, field, slabs):
    """Own reader; every spelling."""
    chance, server = random.Random(SEED + 1), Server(base, dataset)
    for slab in slabs:
        constraint = VARIABLE + spelled(chance, slab)
        compare(constraint, field[slices(slab)], server.variables(constraint)[VARIABLE])


def over_netcdf4(base, dataset, field, slabs):
    """The C library makes its own requests of it."""
    with netCDF4.Dataset(f"{base}/datasets/{dataset}/opendap") as file:
        for slab in slabs:
            compare(slab, field[slices(slab)], file.variables[VARIABLE][slices(slab)])


def over_pydap(base, dataset, field, slabs):
    """pydap always sends start, stride and stop."""
    from pydap.client import open_url

    variable = open_url(f"{base}/datasets/{dataset}/opendap", protocol="dap2")[VARIABLE]
    for slab in slabs:
        compare(slab, field[slices(slab)], variable[slices(slab)].data)


def groups(count):
    """Which slabs go which way."""
    few = max(1, count // 20)
    most = count - 2 * few
    return {
        "slabs-dods": (over_dods, 0, most),
        "slabs-netcdf4": (over_netcdf4, most, most + few),
        "slabs-pydap": (over_pydap, most + few, count),
    }


def main():
    base, dataset, path, *rest = sys.argv[1:]
    count = int(rest[0]) if rest else 1000
    with netCDF4.Dataset(path) as file:
        file.set_auto_mask(False)
        field = np.asarray(file.variables[VARIABLE][...])
    chance = random.Random(SEED)
    slabs = [random_slab(chance, field.shape) for _ in range(count)]
    for name, (way, first, last) in groups(count).items():
        started, found = time.monotonic(), []
        try:
            way(base, dataset, field, slabs[first:last])
        except Exception:  # whatever a client throws is a result
            found = [traceback.format_exc(limit=-2).strip()]
        print(json.dumps({"sample": name, "differences": found, "seconds": round(time.monotonic() - started, 3)}), flush=True)


if __name__ == "__main__":
    main()
