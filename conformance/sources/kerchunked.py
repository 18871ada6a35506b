"""Makes reference sets of fixtures with kerchunk, beside them: `kerchunked.py DIR`.

Those of the folder `references` are kept in the repository; these are what the kerchunk of this environment makes today.
"""

import json
import os
import pathlib
import sys

from kerchunk.hdf import SingleHdf5ToZarr
from kerchunk.netCDF3 import NetCDF3ToZarr

HDF5 = ("hdf5_earliest.h5", "hdf5_latest.h5", "hdf5_netcdf4.nc", "references/day1.nc", "aggregate/even/part0.nc")
# Not those with one record variable: kerchunk takes their records for padded ones.
CLASSIC = ("cdf1_kinds.nc", "cdf2_kinds.nc", "references/classic.nc")


def main():
    folder = pathlib.Path(sys.argv[1])
    for name in (*HDF5, *CLASSIC):
        path = folder / name
        # Targets are named relative to the set.
        os.chdir(path.parent)
        if name in HDF5:
            with path.open("rb") as file:
                references = SingleHdf5ToZarr(file, path.name, inline_threshold=0, error="warn").translate()
        else:
            references = NetCDF3ToZarr(path.name, inline_threshold=0).translate()
        path.with_name(f"kerchunk_{path.stem}.json").write_text(json.dumps(references))


if __name__ == "__main__":
    main()
