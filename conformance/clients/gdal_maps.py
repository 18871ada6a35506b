"""GDAL's WMS driver, asked by Debian's Python for pixels of maps and of tiles: `gdal_maps.py URL ID VARIABLE LEAST MOST PLACES`.

What it sees is printed as JSON: the subdatasets that it finds in the capabilities, and at each place (longitude, latitude) the grey of the map in every
form. It stands alone: no module of the other clients is there.
"""

import json
import sys

import numpy as np
from osgeo import gdal

gdal.UseExceptions()
gdal.SetConfigOption("GDAL_PAM_ENABLED", "NO")
gdal.SetConfigOption("GDAL_ENABLE_WMS_CACHE", "NO")

HALF = 20037508.342789244
WMS = """<GDAL_WMS><Service name="WMS"><Version>{version}</Version><ServerUrl>{url}</ServerUrl><{key}>{crs}</{key}><ImageFormat>image/png</ImageFormat>
<Layers>{layer}</Layers><Styles>{style}</Styles>{order}</Service>
<DataWindow><UpperLeftX>{west}</UpperLeftX><UpperLeftY>{north}</UpperLeftY><LowerRightX>{east}</LowerRightX><LowerRightY>{south}</LowerRightY>
<SizeX>{width}</SizeX><SizeY>{height}</SizeY></DataWindow><BlockSizeX>256</BlockSizeX><BlockSizeY>256</BlockSizeY><BandsCount>3</BandsCount></GDAL_WMS>"""
TMS = """<GDAL_WMS><Service name="TMS"><ServerUrl>{url}</ServerUrl></Service>
<DataWindow><UpperLeftX>-{half}</UpperLeftX><UpperLeftY>{half}</UpperLeftY><LowerRightX>{half}</LowerRightX><LowerRightY>-{half}</LowerRightY>
<TileLevel>3</TileLevel><TileCountX>1</TileCountX><TileCountY>1</TileCountY><YOrigin>top</YOrigin></DataWindow>
<Projection>EPSG:3857</Projection><BlockSizeX>256</BlockSizeX><BlockSizeY>256</BlockSizeY><BandsCount>3</BandsCount></GDAL_WMS>"""


def greys(dataset, points):
    """The first band at points of the dataset's own system."""
    inverse = gdal.InvGeoTransform(dataset.GetGeoTransform())
    band = dataset.GetRasterBand(1).ReadAsArray()
    cells = [gdal.ApplyGeoTransform(inverse, *point) for point in points]
    return [int(band[int(y), int(x)]) for x, y in cells]


def mercator(longitude, latitude):
    """Metres of EPSG:3857."""
    return HALF * longitude / 180, HALF / np.pi * np.arctanh(np.sin(np.radians(latitude)))


def main():
    base, identifier, layer, least, most, places = sys.argv[1:]
    places = json.loads(places)
    web = [mercator(*place) for place in places]
    address = f"{base}/datasets/{identifier}/wms?"
    found = [name for name, _ in gdal.Open(f"WMS:{address}").GetSubDatasets()]
    url = f"{address}colorscalerange={least},{most}&amp;"
    degrees = {"west": -180, "south": -90, "east": 180, "north": 90, "width": 720, "height": 360}
    metres = {"west": -HALF, "south": -HALF, "east": HALF, "north": HALF, "width": 720, "height": 720}
    forms = {
        "1.1.1": (WMS.format(version="1.1.1", key="SRS", crs="EPSG:4326", order="", url=url, layer=layer, style="gray", **degrees), places),
        "1.3.0": (
            WMS.format(version="1.3.0", key="CRS", crs="EPSG:4326", order="<BBoxOrder>yxYX</BBoxOrder>", url=url, layer=layer, style="gray", **degrees), places,
        ),
        "mercator": (WMS.format(version="1.3.0", key="CRS", crs="EPSG:3857", order="", url=url, layer=layer, style="gray", **metres), web),
        "tiles": (
            TMS.format(half=HALF, url=f"{base}/datasets/{identifier}/tiles/{layer}/${{z}}/${{x}}/${{y}}.png?style=gray&amp;colorscalerange={least},{most}"), web,
        ),
    }
    seen = {name: greys(gdal.Open(form), points) for name, (form, points) in forms.items()}
    # A subdataset as GDAL itself writes its address.
    subdataset = next(name for name in found if f"LAYERS={layer}&" in name)
    size = gdal.Open(subdataset).RasterXSize
    print(json.dumps({"subdatasets": found, "size": size, "seen": seen}))


main()
