"""netCDF-3 samples: CDF-1, CDF-2 and CDF-5, with record variables of several types."""

import netCDF4
import numpy as np

import pattern

OLD_TYPES = {"byte": "i1", "short": "i2", "int": "i4", "float": "f4", "double": "f8"}
NEW_TYPES = {"ubyte": "u1", "ushort": "u2", "uint": "u4", "int64": "i8", "uint64": "u8"}


def write_variable(file, name, kind, dimensions, shape):
    """One variable with a text and a numeric attribute of its own type."""
    variable = file.createVariable(name, kind, dimensions, fill_value=pattern.numbers((4,), kind)[0])
    variable.set_auto_maskandscale(False)
    variable.units = "1"
    variable.valid_range = pattern.numbers((2,), kind)
    variable[:] = pattern.numbers(shape, kind)


def write_text(file, records):
    """Fixed and record character variables; widths that need padding to four bytes."""
    file.createDimension("strlen", 7)
    file.createVariable("label", "S1", ("strlen",))[:] = netCDF4.stringtochar(np.array("netcdf3", "S7"))
    stamp = file.createVariable("stamp", "S1", ("time", "strlen"))
    stamp[:] = netCDF4.stringtochar(np.array([f"rec {i + 1:02d}" for i in range(records)], "S7"))
    file.createVariable("letter", "S1")[...] = b"k"


def write_classic(path, form, types):
    """A classic file of `form` with fixed, record and scalar variables of each of `types`."""
    records = 6
    with netCDF4.Dataset(path, "w", format=form) as file:
        file.setncatts({"title": f"{form} sample", "numbers": np.array([1, -2, 3], "i4"), "ratio": np.float64(1) / 3})
        file.setncattr("text", 'quotes " and \\ and\nnewline, Größe')
        file.createDimension("time", None)
        file.createDimension("y", 5)
        file.createDimension("x", 3)
        file.createVariable("time", "f8", ("time",))[:] = 1.5 * pattern.index((records,))
        for name, kind in types.items():
            write_variable(file, f"{name}_fixed", kind, ("y", "x"), (5, 3))
            write_variable(file, f"{name}_record", kind, ("time", "x"), (records, 3))
            if np.dtype(kind).itemsize > 1:
                file.createVariable(f"{name}_scalar", kind)[...] = pattern.numbers((3,), kind)[2]
        write_text(file, records)


def cdf1(path):
    """CDF-1, the classic format."""
    write_classic(path, "NETCDF3_CLASSIC", OLD_TYPES)


def cdf2(path):
    """CDF-2, 64-bit offsets."""
    write_classic(path, "NETCDF3_64BIT_OFFSET", OLD_TYPES)


def cdf5(path):
    """CDF-5, 64-bit data, with the unsigned and 64-bit types."""
    write_classic(path, "NETCDF3_64BIT_DATA", OLD_TYPES | NEW_TYPES)


def single_record(path):
    """Exactly one record variable of a short type: its records are stored without padding."""
    with netCDF4.Dataset(path, "w", format="NETCDF3_CLASSIC") as file:
        file.createDimension("time", None)
        file.createDimension("x", 3)
        file.createVariable("x", "f4", ("x",))[:] = pattern.reals((3,), "f4")
        only = file.createVariable("only", "i2", ("time", "x"))
        only.units = "counts"
        only[:] = pattern.integers((11, 3), "i2")


def single_record_bytes(path):
    """The same special case with one byte for each record."""
    with netCDF4.Dataset(path, "w", format="NETCDF3_64BIT_OFFSET") as file:
        file.createDimension("time", None)
        quality = file.createVariable("quality", "i1", ("time",))
        quality.long_name = "one byte each"
        quality[:] = pattern.integers((13,), "i1")


def classic_model(path):
    """netCDF-4 storage that keeps to the classic data model."""
    with netCDF4.Dataset(path, "w", format="NETCDF4_CLASSIC") as file:
        file.title = "classic model in HDF5"
        file.createDimension("time", None)
        file.createDimension("x", 5)
        for name, kind in OLD_TYPES.items():
            variable = file.createVariable(f"{name}_record", kind, ("time", "x"), zlib=True, chunksizes=(2, 5))
            variable.set_auto_maskandscale(False)
            variable[:] = pattern.numbers((5, 5), kind)
