"""What the stored chunks of a file show through Zarr: as zarr_view, without what has no chunks that Zarr can name.

Strings of any length are stored in heaps. One variable of `layouts.nc` is shuffled behind a checksum, and so not in whole elements;
numcodecs does not undo that.
"""

import zarr_view
from local_file import Source


UNNAMED = ("/checksummed_deflate",)


def expected(source):
    """The file through its stored chunks, whatever the version of the format."""
    variables = {path: variable for path, variable in source.variables.items() if variable.kind != "string" and path not in UNNAMED}
    return zarr_view.expected(Source(variables, source.attributes, source.unlimited))
