"""What a file is through Zarr for clients in JavaScript, whose attributes know no numbers but doubles."""

import stored_view
import zarr_view
from clients.companion import in_doubles
from observed import Dataset


def doubles(dataset):
    """The same with attributes in doubles."""
    for variable in dataset.variables.values():
        variable.attributes = {name: in_doubles(value) for name, value in variable.attributes.items()}
    groups = {path: {name: in_doubles(value) for name, value in group.items()} for path, group in dataset.attributes.items()}
    return Dataset(dataset.variables, groups, dataset.unlimited)


def zarr(source):
    """The file through Zarr."""
    return doubles(zarr_view.expected(source))


def stored(source):
    """The file through its stored chunks."""
    return doubles(stored_view.expected(source))
