"""One module for each format: each reads a file with the format's own Python library and gives a `local_file.Source`.

A source is what every client is held against. Where a format has less than netCDF (an axis without a name), or more (truth
values, times), what a source makes of it is written here, and nowhere else.
"""

# Before netCDF4, whose wheel brings a Blosc without Snappy: h5py takes the filters that are known first.
import hdf5plugin  # noqa: F401


def attempted(read, what):
    """What is read, or what is raised instead: one variable that cannot be read must not hide the others."""
    try:
        return read(what)
    except Exception as refused:  # whatever a library throws is a result
        return refused
