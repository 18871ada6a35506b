#!/usr/bin/env python3
"""Makes colour_maps.bin, coastlines_110m.bin, coastlines_50m.bin and DejaVuSans-subset.ttf.

Needs matplotlib 3.10.7 and fonttools 4 (PyPI), and the unpacked npm package world-atlas 2.0.2:

    npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
    python3 make_assets.py package

Formats, all of them read by the crate:

- colour_maps.bin: the names, a line each; an empty line; 256 colours of 3 bytes (RGB) for each name.
- coastlines_*.bin: lines, one behind the other. A line is the number of its points, then the differences of longitude and
  latitude of each point to the one before (to 0, 0 for the first), in hundredths of a degree. All numbers are LEB128; those with
  a sign are zigzag-coded.
- DejaVuSans-subset.ttf: the font that matplotlib brings, with the characters of European languages, Greek and units alone.
"""

import json
import sys
from pathlib import Path

import matplotlib
from fontTools import subset

HERE = Path(__file__).parent

NAMES = """viridis plasma inferno magma cividis turbo twilight twilight_shifted coolwarm bwr seismic berlin managua vanimo
RdBu RdYlBu RdYlGn RdGy Spectral PiYG PRGn BrBG PuOr Blues Greens Greys Oranges Purples Reds
YlOrRd YlOrBr YlGnBu YlGn PuBuGn PuBu PuRd BuGn BuPu GnBu OrRd RdPu
gray bone copper hot afmhot cool pink cubehelix gnuplot gnuplot2 jet rainbow hsv terrain gist_earth ocean""".split()


def colour_maps():
    tables = b""
    for name in NAMES:
        colour_map = matplotlib.colormaps[name]
        rgba = colour_map([i / 255 for i in range(256)], bytes=True)
        tables += rgba[:, :3].tobytes()
    (HERE / "colour_maps.bin").write_bytes("\n".join(NAMES).encode() + b"\n\n" + tables)


def number(value):
    out = bytearray()
    while True:
        byte, value = value & 127, value >> 7
        out.append(byte | (128 if value else 0))
        if not value:
            return bytes(out)


def signed(value):
    return number((value << 1) ^ (value >> 63))


def is_edge(a, b):
    """Whether a stretch is where Natural Earth cuts its polygons open: the antimeridian and the south pole."""
    around = abs(a[0] - b[0]) > 18000 or (abs(a[0]) >= 17999 and abs(b[0]) >= 17999)
    return around or a[1] <= -8999 or b[1] <= -8999


def coastlines(package, resolution):
    topology = json.loads((package / f"land-{resolution}.json").read_text())
    scale, translate = topology["transform"]["scale"], topology["transform"]["translate"]
    lines = []
    for arc in topology["arcs"]:
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            point = (round((x * scale[0] + translate[0]) * 100), round((y * scale[1] + translate[1]) * 100))
            if not points or points[-1] != point:
                points.append(point)
        line = points[:1]
        for before, point in zip(points, points[1:]):
            if is_edge(before, point):
                lines.append(line)
                line = [point]
            else:
                line.append(point)
        lines.append(line)
    out = b""
    for line in (line for line in lines if len(line) > 1):
        out += number(len(line))
        last = (0, 0)
        for point in line:
            out += signed(point[0] - last[0]) + signed(point[1] - last[1])
            last = point
    (HERE / f"coastlines_{resolution}.bin").write_bytes(out)


def font():
    source = Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"
    options = subset.Options(layout_features=[], hinting=False, name_IDs=["*"], notdef_outline=True)
    loaded = subset.load_font(str(source), options)
    wanted = subset.Subsetter(options)
    codes = [*range(0x20, 0x7F), *range(0xA0, 0x180), *range(0x370, 0x400), *range(0x400, 0x460), *range(0x2010, 0x2027)]
    codes += [0x2030, 0x2032, 0x2033, *range(0x2070, 0x208F), 0x20AC, 0x2103, 0x2126, *range(0x2190, 0x2194), 0x2202, 0x2206]
    codes += [0x2207, 0x2211, 0x2212, 0x221A, 0x221E, 0x222B, 0x2248, 0x2260, 0x2264, 0x2265, 0x22C5, 0xFFFD]
    wanted.populate(unicodes=codes)
    wanted.subset(loaded)
    subset.save_font(loaded, str(HERE / "DejaVuSans-subset.ttf"), options)


if __name__ == "__main__":
    colour_maps()
    for resolution in ["110m", "50m"]:
        coastlines(Path(sys.argv[1]), resolution)
    font()
