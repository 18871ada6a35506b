"""xpublish-tiles' WMS under uvicorn, one dataset per file of the served directory, with everything as its documentation has it.

Variables are opened as dask arrays on the file's own chunks, and a file is read by threads that wait (`async_load` off): its other way needs
a store that is read asynchronously, which a netCDF file is not.
Run: WEIR_BENCH_SERVED=DIR python xpublish_tiles_app.py PORT
"""

import os
import sys
from pathlib import Path

import xarray as xr
import xpublish
from xpublish_tiles.config import config
from xpublish_tiles.xpublish.wms import WMSPlugin


def main() -> None:
    served = Path(os.environ["WEIR_BENCH_SERVED"])
    datasets = {path.name: xr.open_dataset(path, engine="netcdf4", chunks={}) for path in sorted(served.glob("*.nc"))}
    config.set({"async_load": False})
    rest = xpublish.Rest(datasets, plugins={"wms": WMSPlugin()})
    rest.serve(host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
