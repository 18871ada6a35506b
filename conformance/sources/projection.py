"""Latitudes and longitudes to coordinates of a grid mapping, by PROJ.

In a process of its own: ecCodes brings a libproj of another version, and two of them in one process mix up their data.
"""

import json
import subprocess
import sys

import numpy as np


def projected(attributes, latitude, longitude):
    """The coordinates x and y that points have, told the attributes of a grid mapping."""
    asked = json.dumps({"attributes": attributes, "latitude": latitude.tolist(), "longitude": longitude.tolist()})
    done = subprocess.run([sys.executable, __file__], input=asked, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"PROJ refuses {attributes}: {done.stderr[-1000:]}")
    return [np.array(side) for side in json.loads(done.stdout)]


def main():
    import pyproj

    asked = json.load(sys.stdin)
    crs = pyproj.CRS.from_cf(asked["attributes"])
    transformer = pyproj.Transformer.from_crs(crs.source_crs, crs, always_xy=True)
    sides = transformer.transform(*(np.array(asked[name]) for name in ("longitude", "latitude")))
    json.dump([side.tolist() for side in sides], sys.stdout)


if __name__ == "__main__":
    main()
