"""pydap's file server as a WSGI application for gunicorn, with its hyperslabs made to work.

As released, `LazyVariable.__getitem__` reshapes every hyperslab to the whole variable's shape and raises after the status line
(pydap issues 130 and 184). The replacement is the same method without the reshape: no more and no less work than pydap meant to do.
Run: WEIR_BENCH_SERVED=DIR gunicorn --workers 1 --threads 1 pydap_app:application
"""

import os

import netCDF4
import numpy as np
from pydap.handlers.netcdf_handler import LazyVariable
from pydap.wsgi.app import DapServer


def read_hyperslab(self, key):
    """The hyperslab `key` of this variable, unscaled, in its own shape."""
    with netCDF4.Dataset(self.filepath, "r") as source:
        source.set_auto_scale(False)
        return np.asarray(source[self.path][key]).astype(self.dtype)


LazyVariable.__getitem__ = read_hyperslab

application = DapServer(os.environ["WEIR_BENCH_SERVED"])
