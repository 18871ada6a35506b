#!/usr/bin/env python3
"""The table of features and clients in docs/protocols/dap.md: `table.py --write` writes it, `table.py` says whether it is up to date.

A cell is the case `client/sample` of cases.toml. Passed cases are `ok`; a number is a gap of gaps.toml, told below the table; a dash
is a client that does not open the sample, as its entry in cases.toml says.
"""

import fnmatch
import pathlib
import sys
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
PAGE = HERE.parent / "docs/protocols/dap.md"
BEGIN, END = "<!-- the table: conformance/table.py --write -->", "<!-- the end of the table -->"
# What each sample is about; those of DAP2 and of DAP4 alone.
FEATURES = {
    "numeric_types.nc": "integers of 8 to 64 bits, floats, doubles",
    "byte_scalars.nc": "scalars of one byte",
    "packed_bytes.nc": "arrays of bytes of every length, packed with scale, offset and fill",
    "strings.nc": "strings and arrays of characters",
    "long_strings.nc": "strings and characters longer than 64",
    "unicode_strings.nc": "text in UTF-8",
    "attributes.nc": "attributes: every type, NaN and infinities, quotes, backslashes, newlines, UTF-8",
    "awkward_names.nc": "names with spaces, plus signs, accents",
    "awkward_attributes.nc": "names with dots, `@`, Greek letters; names that end in *global*",
    "hostile_names.nc": "names with commas, brackets, percent signs, quotes",
    "groups.nc": "groups, dimensions shared between them",
    "compounds.nc": "compounds, of arrays and of compounds",
    "pairs.nc": "arrays of compounds in compounds",
    "table.nc": "compounds along an unlimited dimension: Sequences of DAP2",
    "enums.nc": "enumerations over 8, 16 and 64 bits",
    "opaques.nc": "opaque elements",
    "vlens.nc": "variable-length rows",
    "nested_types.nc": "strings and rows in compounds, rows of compounds",
    "no_records.nc": "an unlimited dimension without an index",
    "empty_first.nc": "a variable without an element before others",
    "empty_twice.nc": "two dimensions without an index",
    "ensemble.nc": "two unlimited dimensions",
    "many_dimensions.nc": "32 dimensions; 33 refused",
    "temperature.nc": "compressed chunks, an unlimited time axis",
    "precipitation.nc": "packed shorts with missing elements",
    "layouts.nc": "every layout of HDF5, big-endian numbers, missing chunks",
    "classic_cdf5.nc": "CDF-5, records",
    "observations/station.nc": "an id with a slash",
}
TABLES = {
    "DAP2": ("ncdump", "nccopy", "netcdf4", "ncks", "cdo", "ncview", "getdap", "pydap", "xarray-netcdf4", "xarray-pydap", "r-ncdf4", "octave"),
    "DAP4": ("ncdump-dap4", "nccopy-dap4", "netcdf4-dap4", "getdap4", "pydap-dap4", "xarray-netcdf4-dap4", "xarray-pydap-dap4"),
}


def listed(name, key):
    """The entries of a TOML file."""
    return tomllib.loads((HERE / name).read_text())[key]


def gap_of(case, gaps):
    """The reason why a case fails; None where it passes."""
    return next((gap["reason"] for gap in gaps if any(fnmatch.fnmatchcase(case, pattern) for pattern in gap["cases"])), None)


def cell(client, sample, gaps, notes):
    """One cell; a gap gets the number of its note."""
    if sample not in client.get("samples", [sample]) or sample in client.get("except", []):
        return "–"
    reason = gap_of(f"{client['id']}/{sample}", gaps)
    if reason is None:
        return "ok"
    if reason not in notes:
        notes.append(reason)
    return str(notes.index(reason) + 1)


def rendered():
    """Both tables and their notes."""
    clients = {client["id"]: client for client in listed("cases.toml", "client")}
    gaps, notes, lines = listed("gaps.toml", "gap"), [], []
    for protocol, names in TABLES.items():
        short = [name.removesuffix("-dap4") for name in names]
        lines += [f"### {protocol}", "", "| what (sample) | " + " | ".join(short) + " |", "|---|" + "---|" * len(names)]
        for sample, feature in FEATURES.items():
            cells = [cell(clients[name], sample, gaps, notes) for name in names]
            lines.append(f"| {feature} (`{sample}`) | " + " | ".join(cells) + " |")
        lines.append("")
    lines += [f"{number}. {reason}" for number, reason in enumerate(notes, 1)]
    return "\n".join(lines)


def faults():
    """What is wrong with the table or the page, as lines."""
    page = PAGE.read_text()
    known = {client["id"] for client in listed("cases.toml", "client")}
    found = [f"the table names {name}, which cases.toml does not" for names in TABLES.values() for name in names if name not in known]
    if page.split(BEGIN, 1)[-1].split(END, 1)[0].strip() != rendered().strip():
        found.append("docs/protocols/dap.md is not what conformance/table.py writes; run it with --write")
    return found


def main():
    if "--write" in sys.argv[1:]:
        before, rest = PAGE.read_text().split(BEGIN, 1)
        PAGE.write_text(f"{before}{BEGIN}\n\n{rendered()}\n\n{END}{rest.split(END, 1)[1]}")
    found = faults()
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
