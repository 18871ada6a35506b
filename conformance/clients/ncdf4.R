# What R's ncdf4 sees of a dataset, in the plain form that told.py reads: `Rscript ncdf4.R URL FILE`.
suppressMessages(library(ncdf4))
given <- commandArgs(trailingOnly = TRUE)
out <- file(given[2], "wb")

integer_out <- function(n) writeBin(as.integer(n), out, size = 4, endian = "little")
text_out <- function(text) {
    bytes <- charToRaw(enc2utf8(text))
    integer_out(length(bytes))
    writeBin(bytes, out)
}
values_out <- function(values, class) {
    text_out(if (is.character(values)) "text" else class)
    integer_out(length(values))
    if (is.character(values)) for (text in values) text_out(text)
    else {
        # The smallest integer is what R calls a missing one.
        missing <- if (is.integer(values)) is.na(values) else FALSE
        writeBin(replace(as.double(values), missing, -2147483648), out, size = 8, endian = "little")
    }
}
attributes_out <- function(nc, of) {
    attributes <- ncatt_get(nc, of)
    integer_out(length(attributes))
    for (name in names(attributes)) {
        text_out(name)
        values_out(attributes[[name]], "number")
    }
}
# `dims` are the dimensions, fastest first, as R has them.
variable_out <- function(nc, name, class, dims) {
    text_out(name)
    values <- ncvar_get(nc, name, raw_datavals = TRUE, collapse_degen = FALSE)
    integer_out(length(dims))
    for (dim in rev(dims)) {
        text_out(dim$name)
        integer_out(dim$len)
    }
    attributes_out(nc, name)
    values_out(values, class)
}

nc <- nc_open(given[1])
coordinates <- Filter(function(dim) dim$create_dimvar && dim$dimvarid$id >= 0, nc$dim)
integer_out(length(nc$var) + length(coordinates))
# A coordinate variable is known to R by its dimension alone, and its type by nothing.
for (dim in coordinates) variable_out(nc, dim$name, "number", list(dim))
for (var in nc$var) variable_out(nc, var$name, var$prec, var$dim)
attributes_out(nc, 0)
unlimited <- Filter(function(dim) dim$unlim, nc$dim)
integer_out(length(unlimited))
for (dim in unlimited) text_out(dim$name)
close(out)
nc_close(nc)
