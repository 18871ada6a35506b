"""Tools that stand on netCDF-C: `ncks` of NCO, `cdo`, and `ncview`, of which a picture is taken."""

import contextlib
import os
import pathlib
import struct
import subprocess
import tempfile
import time

import numpy as np

from clients.netcdf_c import PATIENCE, run, seen, write_expected

# Colours that a picture of data has at least; windows without one have a dozen.
COLOURS = 100
SETTLED = 5


def ncks(address, expected):
    """What `ncks` copies to a file; it leaves out dimensions that no variable has."""
    expected.unlimited &= {dimension for variable in expected.variables.values() for dimension in variable.dimensions}
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "copy.nc"
        run("/usr/bin/ncks", "-O", "-h", "--no_tmp_fl", address, str(path))
        return seen(path)


def cdo(address, expected):
    """What `cdo` copies, which must be what it copies of a file with the same content; `expected` becomes that."""
    with tempfile.TemporaryDirectory() as directory:
        local, *copies = (pathlib.Path(directory) / name for name in ("local.nc", "expected.nc", "seen.nc"))
        write_expected(expected, local)
        for source, copy in zip((str(local), address), copies):
            run("/usr/bin/cdo", "-s", "-O", "-b", "F64", "copy", source, str(copy))
        of_local, of_address = map(seen, copies)
    for dataset in (of_local, of_address):
        # The command itself, with its file names.
        dataset.attributes["/"].pop("history", None)
    if not of_local.variables:
        raise ValueError("cdo finds nothing to copy; this sample tells nothing of it")
    expected.variables, expected.attributes, expected.unlimited = of_local.variables, of_local.attributes, of_local.unlimited
    return of_address


class Screen:
    """An X server without a screen, whose picture lies in a file of the format XWD."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        read, write = os.pipe()
        command = ["/usr/bin/Xvfb", "-displayfd", str(write), "-screen", "0", "800x800x24", "-nolisten", "tcp", "-fbdir", self.folder.name]
        self.process = subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL)
        os.close(write)
        with open(read) as display:
            self.display = f":{display.readline().strip()}"
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.folder.cleanup()

    def picture(self):
        """The pixels, row by row."""
        data = (pathlib.Path(self.folder.name) / "Xvfb_screen0").read_bytes()
        header = struct.unpack_from(">25I", data)
        height, line, colours = header[5], header[12], header[19]
        return np.frombuffer(data, "<u4", height * line // 4, header[0] + 12 * colours).reshape(height, line // 4) & 0xFFFFFF


@contextlib.contextmanager
def viewer(screen, address):
    """A running `ncview`; it looks at all data for the range of its colours, not at some."""
    command = ["/usr/bin/ncview", "-minmax", "all", address]
    process = subprocess.Popen(command, env=os.environ | {"DISPLAY": screen.display}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait(PATIENCE)


def picture_of(address, wanted=None):
    """The picture that `ncview` draws, once it has as many colours as data have and stays, or is the wanted one."""
    with Screen() as screen, viewer(screen, address) as process:
        end, last, same = time.monotonic() + PATIENCE / 2, None, 0
        while time.monotonic() < end and same < SETTLED:
            time.sleep(0.1)
            picture = screen.picture()
            if wanted is not None and np.array_equal(picture, wanted):
                return picture
            drawn = len(np.unique(picture)) >= COLOURS
            same = same + 1 if drawn and last is not None and np.array_equal(picture, last) else 0
            last = picture
            if process.poll() is not None:
                raise RuntimeError(f"ncview ended with {process.returncode}")
    if same < SETTLED:
        raise ValueError(f"ncview draws {len(np.unique(last))} colours only, or does not come to rest")
    return last


def ncview(address, expected):
    """Draws the address, which must give the very picture of a file with the same content."""
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory) / "local.nc"
        write_expected(expected, path)
        wanted = picture_of(str(path))
    drawn = picture_of(address, wanted)
    if not np.array_equal(drawn, wanted):
        raise ValueError(f"{np.count_nonzero(drawn != wanted)} of {drawn.size} pixels differ from those of the local file")
    return expected
