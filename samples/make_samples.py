#!/usr/bin/env python3
"""Makes the sample datasets: `make_samples.py DIR`. Small, and every value tells its position."""

import argparse
import pathlib

import classic
import fields
import kinds
import layouts

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
    "layouts.nc": layouts.layouts,
    "classic_cdf1.nc": classic.cdf1,
    "classic_cdf2.nc": classic.cdf2,
    "classic_cdf5.nc": classic.cdf5,
    "classic_model.nc": classic.classic_model,
    "single_record.nc": classic.single_record,
    "single_record_bytes.nc": classic.single_record_bytes,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=pathlib.Path, help="directory to fill; made if missing")
    directory = parser.parse_args().directory
    for name, make in SAMPLES.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        # A server may hold the old file open: replace it whole, never rewrite it in place.
        unfinished = path.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        make(str(unfinished))
        unfinished.replace(path)
    total = sum((directory / name).stat().st_size for name in SAMPLES)
    print(f"{len(SAMPLES)} samples, {total / 1024:.0f} KiB, in {directory}")


if __name__ == "__main__":
    main()
