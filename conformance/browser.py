#!/usr/bin/env python3
"""Looks at weir in Chromium: its own pages, a catalog and an item in STAC Browser, and a map in Leaflet.

`browser.py --venvs DIR --weir FILE DATA`, after `browser/install.sh`. Weir's own pages must show what they should, also to those without scripts, say nothing on the
console, and ask no other server for anything. STAC Browser must show the datasets of the STAC API, and an item with all its assets. Leaflet's tiles and maps of WMS must have the colours of the values that weir
gives for the same tiles.
Exit code: 0 all is as it must be, 1 something is not, 2 could not run.
"""

from __future__ import annotations

import argparse
import functools
import html
import http.server
import json
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

from accessible import barriers
from server import Weir

PATIENCE = 120
# Milliseconds that a page has, of a clock that runs as fast as there is nothing to wait for.
PAGE_TIME = 60_000
# As readers may want pages: light, and dark.
LIGHTS = ("--blink-settings=preferredColorScheme=1", "--blink-settings=preferredColorScheme=0")
CONSOLE = re.compile(r'CONSOLE[:(]\d+\)?\] (.*)')


@dataclass
class Seen:
    """What Chromium saw of a page."""

    page: str
    text: str
    console: list[str] = field(default_factory=list)
    hosts: set[str] = field(default_factory=set)


def words(page: str) -> str:
    """The text of a page, without its scripts."""
    page = re.sub(r"(?is)<(script|style)\b.*?</\1>", " ", page)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def see(url: str, *more: str) -> Seen:
    """Opens a page."""
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "net.json")
        command = [
            "chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-extensions",
            "--disable-component-update", "--disable-background-networking", "--disable-sync", f"--user-data-dir={folder}/profile",
            "--enable-logging=stderr", f"--log-net-log={log}", f"--virtual-time-budget={PAGE_TIME}", *more, "--dump-dom", url,
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
        return Seen(done.stdout, words(done.stdout), CONSOLE.findall(done.stderr), hosts(log))


def hosts(log: Path) -> set[str]:
    """The servers that pages asked for something; Chromium's own requests are its own."""
    found = set()
    for line in log.read_text(errors="replace").splitlines():
        if '"url":"' not in line or '"initiator":"' not in line:
            continue
        event = json.loads(line.rstrip().rstrip(","))
        parameters = event.get("params", {})
        if parameters.get("initiator", "not an origin") != "not an origin":
            found.add(urllib.parse.urlsplit(parameters["url"]).netloc)
    return found


class Pages(http.server.SimpleHTTPRequestHandler):
    """The files of an application; all other paths are the application itself."""

    def send_head(self):
        if not Path(self.translate_path(self.path)).is_file():
            self.path = "/index.html"
        return super().send_head()

    def log_message(self, *_):
        """Says nothing."""


def serve(folder: Path) -> str:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Pages, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}"


def get(url: str):
    with urllib.request.urlopen(url, timeout=60) as response:
        return json.load(response)


def own_pages(base: str, dataset: str):
    """Weir's own pages, and what each must show."""
    name = dataset.rsplit("/", 1)[-1]
    return {
        "/": ["weir", name],
        "/docs": ["/datasets", "/stac"],
        f"/datasets/{urllib.parse.quote(dataset)}/": [name, *get(f"{base}/datasets/{urllib.parse.quote(dataset)}/keys")],
        "/thredds/catalog.html": [name],
        "/?q=" + urllib.parse.quote(name): [name, "Datasets with"],
        "/status": ["Status"],
    }


def look_at_own_pages(base: str, dataset: str, axe: Path):
    """What is wrong with weir's own pages."""
    own = urllib.parse.urlsplit(base).netloc
    for path, texts in own_pages(base, dataset).items():
        with urllib.request.urlopen(base + path, timeout=60) as response:
            page = response.read().decode()
        unscripted = words(page)
        seen = see(base + path)
        missing = [text for text in texts if text not in seen.text or text not in unscripted]
        if missing:
            yield f"{path} does not show {missing}: {seen.text[:200]}"
        if seen.console:
            yield f"{path} says on the console: {seen.console}"
        if seen.hosts - {own}:
            yield f"{path} asks {seen.hosts}"
        for mode in LIGHTS:
            with tempfile.TemporaryDirectory() as folder:
                yield from (f"{path}: {fault}" for fault in barriers(page, axe, Path(folder), lambda url, mode=mode: see(url, mode).page))
        print(f"looked at {path}")


# Clicks the first button, and writes what it says then, and what the code is that was copied or selected.
CLICK = """
<pre id="clicked"></pre>
<script>%s</script>
<script>
let copied = null;
navigator.clipboard.writeText = async (text) => { copied = text; };
document.querySelector("pre.code + button").click();
setTimeout(() => {
  const said = document.querySelector("pre.code + button").textContent;
  document.getElementById("clicked").textContent = JSON.stringify([said, copied]);
}, 100);
</script>
</body>"""


def look_at_copying(base: str, dataset: str):
    """What is wrong with the buttons that copy code."""
    with urllib.request.urlopen(f"{base}/datasets/{urllib.parse.quote(dataset)}/", timeout=60) as response:
        page = re.sub(r"<script src=.*?</script>", "", response.read().decode())
    with urllib.request.urlopen(f"{base}/pages/copy.js", timeout=60) as response:
        script = response.read().decode()
    code = html.unescape(re.search(r'(?s)<pre class="code".*?<code[^>]*>(.*?)</code>', page).group(1))
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, "page.html")
        copy.write_text(page.replace("</body>", CLICK % script))
        found = re.search(r'(?s)<pre id="clicked">(.+?)</pre>', see(copy.as_uri()).page)
    clicked = json.loads(html.unescape(found.group(1))) if found else None
    if clicked != ["Copied", code]:
        yield f"the button that copies code does not: {clicked}"
    print("clicked the button that copies code")


def look_with_stac_browser(base: str, application: str, dataset: str):
    """What STAC Browser does not show."""
    external = base.replace("http://", "external/http:/", 1)
    catalog = see(f"{application}/{external}/stac")
    collections = get(f"{base}/stac/collections")["collections"]
    yield from (f"STAC Browser does not show the collection {one['title']}" for one in collections if one["title"] not in catalog.text)
    address = f"/datasets/{urllib.parse.quote(dataset)}/stac"
    item, document = see(f"{application}/{external}{address}"), get(base + address)
    print(f"looked at STAC Browser: {len(collections)} collections, an item with {len(document['assets'])} assets")
    pictures = [asset["href"] for asset in document["assets"].values() if "thumbnail" in asset["roles"]]
    yield from (f"STAC Browser does not show the picture {href}" for href in pictures if href not in html.unescape(item.page))
    others = [asset["title"] for asset in document["assets"].values() if "thumbnail" not in asset["roles"]]
    titles = [document["properties"]["title"], *others]
    yield from (f"STAC Browser does not show {title!r} of the item: {item.text[:400]}" for title in titles if title not in item.text)


# The colours of the map are those of values from and to.
LEAST, MOST = 150, 350


def look_at_map(base: str, leaflet: Path, dataset: str, layer: str):
    """What is wrong with a map in Leaflet: tiles and WMS, whose greys must be those of the values."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(Path(__file__).with_name("browser") / "map.html", folder)
        for name in ("leaflet.js", "leaflet.css"):
            shutil.copy(leaflet / name, folder)
        asked = {"url": f"{base}/datasets/{urllib.parse.quote(dataset)}", "layer": layer, "least": LEAST, "most": MOST}
        page = see(f"{serve(Path(folder))}/map.html?{urllib.parse.urlencode(asked)}")
    found = re.search(r'(?s)<pre id="seen">(.+?)</pre>', page.page)
    if not found:
        yield f"Leaflet's map is not there: {page.console}"
        return
    seen = json.loads(html.unescape(found.group(1)))
    print(f"looked at a map in Leaflet: {len(seen['tiles'])} tiles, {len(seen['wms'])} maps of WMS")
    if seen["failed"] or page.console or len(seen["tiles"]) < 6:
        yield f"Leaflet's map lacks tiles: {seen['failed']} {page.console}"
    if seen["wms"] != seen["tiles"]:
        yield f"Leaflet's maps of WMS are not its tiles: {seen['wms']} {seen['tiles']}"
    if len(set(seen["values"].values())) < 3:
        yield f"Leaflet's values are all the same: {seen['values']}"
    for tile, value in seen["values"].items():
        grey = int((value - LEAST) / (MOST - LEAST) * 256)
        if abs(seen["tiles"][tile] - grey) > 1:
            yield f"Leaflet's tile {tile} is {seen['tiles'][tile]} where the value {value} is {grey}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--venvs", type=Path, required=True, help="where browser/install.sh built STAC Browser")
    parser.add_argument("--weir", type=Path, required=True, help="the server")
    parser.add_argument("data", type=Path, help="a folder of data")
    parser.add_argument("--layer", default="temperature", help="the variable of it that is looked at on a map")
    parser.add_argument("--dataset", default="temperature.nc", help="the dataset that is looked at")
    options = parser.parse_args()
    built = options.venvs / "browser" / "dist"
    axe = next(built.parent.glob("axe-*.min.js"), None)
    leaflet = next(built.parent.glob("leaflet-*"), None)
    if axe is None or leaflet is None or not (built / "index.html").exists():
        print(f"no axe-core, no Leaflet or no {built}: run conformance/browser/install.sh", file=sys.stderr)
        return 2
    with Weir(options.weir.absolute(), [options.data.absolute()], None) as weir:
        if not weir.healthy:
            print(f"weir does not start: {weir.last_words()}", file=sys.stderr)
            return 2
        wrong = [*look_at_own_pages(weir.base, options.dataset, axe), *look_at_copying(weir.base, options.dataset), *look_with_stac_browser(weir.base, serve(built.absolute()), options.dataset)]
        wrong += look_at_map(weir.base, leaflet, options.dataset, options.layer)
    for line in wrong:
        print(line)
    print("all is as it must be" if not wrong else f"{len(wrong)} things are wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
