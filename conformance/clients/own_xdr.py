"""Our own reader of `.dods`: constraints whose answers are known in advance."""

import urllib.request

import xdr
from observed import Dataset, Variable

# What to ask of ten.nc, and the slices that must come back. Each projection has its own slab.
CONSTRAINTS = {
    "lat[0:2:9]": {"lat": (slice(0, 10, 2),)},
    "lat[1:2],lon[0:0]": {"lat": (slice(1, 3),), "lon": (slice(0, 1),)},
    "t[0:2:9][9]": {"t": (slice(0, 10, 2), slice(9, 10))},
    "lon,t[3][2:3:9],lat[9:9]": {"lon": (slice(None),), "t": (slice(3, 4), slice(2, 10, 3)), "lat": (slice(9, 10),)},
    "t[0:4:9][1:9:9]": {"t": (slice(0, 10, 4), slice(1, 10, 9))},
    "": {"lat": (slice(None),), "lon": (slice(None),), "t": (slice(None), slice(None))},
}


def answer(address, constraint):
    """Variables of one answer; brackets raw, as many clients send them."""
    with urllib.request.urlopen(f"{address}.dods" + (f"?{constraint}" if constraint else ""), timeout=60) as response:
        return xdr.read(response.read())


def slabs(address, expected):
    """Asks everything; `expected` becomes what each answer must hold. The order of variables is the server's."""
    whole, seen = dict(expected.variables), {}
    expected.variables, expected.attributes, expected.unlimited = {}, {}, set()
    for constraint, parts in CONSTRAINTS.items():
        got = answer(address, constraint)
        if got.keys() != parts.keys():
            raise ValueError(f"?{constraint} holds {sorted(got)}; expected {sorted(parts)}")
        for name, part in parts.items():
            expected.variables[f"{constraint}: {name}"] = Variable((), whole[name].values[part], {})
            seen[f"{constraint}: {name}"] = Variable((), got[name], {})
    return Dataset(seen, {})
