"""xpublish with its OPeNDAP plugin under uvicorn, one dataset per file of the served directory.

Variables are opened as dask arrays on the file's own chunks: a plain open would hold the whole decoded variable in memory after the first
request, and no other server here may keep decoded data. Plugins are named, not discovered, so that a broken one elsewhere cannot stop it.
Run: WEIR_BENCH_SERVED=DIR python xpublish_app.py PORT
"""

import os
import sys
from pathlib import Path

import xarray as xr
import xpublish
from xpublish_opendap import OpenDapPlugin


def main() -> None:
    served = Path(os.environ["WEIR_BENCH_SERVED"])
    datasets = {path.name: xr.open_dataset(path, engine="netcdf4", chunks={}) for path in sorted(served.glob("*.nc"))}
    rest = xpublish.Rest(datasets, plugins={"opendap": OpenDapPlugin()}, cache_kws={"available_bytes": 1e6})
    rest.serve(host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
