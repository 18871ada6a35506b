"""xpublish with its OPeNDAP and Zarr plugins under uvicorn, one dataset per file of the served directory.

Variables are opened as dask arrays on the file's own chunks: a plain open would hold the whole decoded variable in memory after the first
request, and no other server here may keep decoded data. Zarr chunks are encoded as WEIR_BENCH_BLOSC says, as the other server's are,
and as many bytes of them may be kept as the other server keeps. Plugins are named, not discovered, so that a broken one elsewhere cannot stop it.
Run: WEIR_BENCH_SERVED=DIR python xpublish_app.py PORT
"""

import json
import os
import sys
from pathlib import Path

import xarray as xr
import xpublish
from xpublish_opendap import OpenDapPlugin
from xpublish_zarr import ZarrPlugin
from zarr.codecs import BloscCodec


# What weir keeps of responses by default.
CACHE_BYTES = 24 << 20


def main() -> None:
    served = Path(os.environ["WEIR_BENCH_SERVED"])
    datasets = {path.name: xr.open_dataset(path, engine="netcdf4", chunks={}) for path in sorted(served.glob("*.nc"))}
    blosc = json.loads(os.environ["WEIR_BENCH_BLOSC"])
    for dataset in datasets.values():
        for variable in dataset.data_vars.values():
            codec = BloscCodec(cname=blosc["cname"], clevel=blosc["level"], shuffle=blosc["shuffle"])
            variable.encoding = {"compressors": [codec], "chunks": variable.encoding.get("chunksizes")}
    rest = xpublish.Rest(datasets, plugins={"opendap": OpenDapPlugin(), "zarr": ZarrPlugin()}, cache_kws={"available_bytes": CACHE_BYTES})
    rest.serve(host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
