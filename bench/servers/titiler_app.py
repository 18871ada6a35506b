"""titiler-xarray's tiler under uvicorn, with its reader for netCDF files (`FsReader`, which reads with h5netcdf).

Its other reader keeps a Zarr store open; measured on the same values in Zarr (zstd), it takes as long.
Run: python titiler_app.py PORT
"""

import sys

import uvicorn
from fastapi import FastAPI
from titiler.xarray.factory import TilerFactory
from titiler.xarray.io import FsReader


def main() -> None:
    app = FastAPI()
    app.include_router(TilerFactory(reader=FsReader).router)
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
