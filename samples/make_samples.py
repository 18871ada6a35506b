#!/usr/bin/env python3
"""Makes the sample datasets: `make_samples.py DIR`. Small, and every value tells its position."""

import argparse
import pathlib
import shutil

import archives
import classic
import fields
import kinds
import layouts
import traps
import user_types

SAMPLES = {
    "temperature.nc": fields.temperature,
    "precipitation.nc": fields.packed,
    "observations/station.nc": fields.station,
    "groups.nc": fields.groups,
    "no_records.nc": fields.no_records,
    "ten.nc": fields.ten,
    "ensemble.nc": fields.ensemble,
    "creation_order.nc": fields.creation_order,
    "awkward_names.nc": fields.awkward_names,
    "numeric_types.nc": kinds.numeric_types,
    "byte_scalars.nc": kinds.byte_scalars,
    "strings.nc": kinds.strings,
    "unicode_strings.nc": kinds.unicode_strings,
    "attributes.nc": kinds.attributes,
    "user_types.nc": kinds.user_types,
    "compounds.nc": user_types.compounds,
    "table.nc": user_types.table,
    "enums.nc": user_types.enums,
    "opaques.nc": user_types.opaques,
    "vlens.nc": user_types.vlens,
    "nested_types.nc": user_types.nested_types,
    "pairs.nc": user_types.pairs,
    "packed_bytes.nc": traps.packed_bytes,
    "awkward_attributes.nc": traps.awkward_attributes,
    "hostile_names.nc": traps.hostile_names,
    "long_strings.nc": traps.long_strings,
    "empty_first.nc": traps.empty_first,
    "empty_twice.nc": traps.empty_twice,
    "many_dimensions.nc": traps.many_dimensions,
    "layouts.nc": layouts.layouts,
    "classic_cdf1.nc": classic.cdf1,
    "classic_cdf2.nc": classic.cdf2,
    "classic_cdf5.nc": classic.cdf5,
    "classic_model.nc": classic.classic_model,
    "single_record.nc": classic.single_record,
    "single_record_bytes.nc": classic.single_record_bytes,
    **{f"daily/day{number}.nc": archives.daily(number) for number in range(archives.DAYS)},
    # Behind the files that they are made of.
    "daily.ncml": archives.joined,
    "daily.json": archives.referred,
    "waves.zarr": archives.store,
}


def size(path):
    """Bytes of a file, or of all files in a folder."""
    return sum(file.stat().st_size for file in [path, *path.rglob("*")] if file.is_file())


def remove(path):
    """Takes away a file or a folder, if there is one."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=pathlib.Path, help="directory to fill; made if missing")
    directory = parser.parse_args().directory
    for name, make in SAMPLES.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # A server may hold the old file open: replace it whole, never rewrite it in place.
        unfinished = path.with_suffix(".unfinished")
        remove(unfinished)
        make(str(unfinished))
        if path.is_dir():
            remove(path)
        unfinished.replace(path)
    total = sum(size(directory / name) for name in SAMPLES)
    print(f"{len(SAMPLES)} samples, {total / 1024:.0f} KiB, in {directory}")


if __name__ == "__main__":
    main()
