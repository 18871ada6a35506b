"""Computes weir's diagnostics on a Dask cluster.

weir understands a request; what it sends here is a closed set of operations on arrays (`job`). `plan` cuts the array into blocks of whole chunks, workers read
them from weir's Zarr route (`zarr`) and reduce them (`reduction`), `cluster` sends the work out and gathers it, `service` answers weir.
"""

__version__ = "0.1.0"
