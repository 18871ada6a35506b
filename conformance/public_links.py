#!/usr/bin/env python3
"""Follows the links of a weir that stands behind nginx, as clients of the public URL do.

`public_links.py --weir FILE DATA [--most N]`. nginx speaks TLS, at a path of its own, and says so in X-Forwarded-Host, -Proto and -Prefix; weir trusts it and is told
nothing else. From the first page, every catalog and every list, links are followed, of each kind of page a few. Every one must stay below the
public URL and answer, and no document may name the address behind the proxy. Exit code: 0 all do, 1 one does not, 2 could not run.
"""

from __future__ import annotations

import argparse
import html.parser
import json
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from pathlib import Path

from server import Weir

PREFIX = "/archive/weir"
STARTS = (
    "/", "/datasets", "/stac", "/stac/collections", "/stac/search?limit=3", "/stac-collection-all.json", "/stac/catalog", "/intake.yaml",
    "/thredds/catalog.xml", "/thredds/catalog.html", "/gridlook.json", "/openapi.json", "/docs", "/robots.txt", "/sitemap.xml", "/plugins", "/versions",
    "/esm/metacatalog.parquet", "/health",
)
# What links lead to documents that have links themselves; data is only looked whether it is there.
DOCUMENTS = ("text/", "application/json", "application/xml", "application/yaml", "application/geo+json", "application/schema+json", "application/vnd.oai")
ABSOLUTE = re.compile(rb"https?://[^\s\"'<>\\)\]},`|&;]+")
# What is no address itself: clients put more behind it.
BEGINNINGS = ("/opendap", "/thredds/dodsC/", "/thredds/fileServer/", "/thredds/ncss/grid/", "/thredds/wms/", "/refs.parquet", "/s3")
# What says without a query, or all of it, which one it needs (400).
ASKED = ("/thredds/ncss/grid/", "?REQUEST=GetLegendGraphic")
# As many of one kind: the same path with other names.
MOST_OF_A_KIND = 12


class Hrefs(html.parser.HTMLParser):
    """What a page leads to."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, _tag, attributes):
        self.found += [value for name, value in attributes if name in ("href", "src", "action") and value]


class Origin:
    """nginx in front of weir, with a certificate of its own making."""

    def __init__(self, folder: Path, inner: str):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder, self.inner = folder, inner
        self.public = f"https://localhost:{self.port}{PREFIX}"

    def __enter__(self):
        key, certificate = self.folder / "key.pem", self.folder / "certificate.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
             "-keyout", key, "-out", certificate], check=True, capture_output=True,
        )
        configuration = self.folder / "nginx.conf"
        configuration.write_text(f"""
            pid {self.folder}/nginx.pid; error_log {self.folder}/error.log; worker_processes 1; daemon off;
            events {{ worker_connections 64; }}
            http {{
                access_log off;
                client_body_temp_path {self.folder}/body; proxy_temp_path {self.folder}/proxy; fastcgi_temp_path {self.folder}/fastcgi;
                uwsgi_temp_path {self.folder}/uwsgi; scgi_temp_path {self.folder}/scgi;
                server {{
                    listen 127.0.0.1:{self.port} ssl;
                    ssl_certificate {certificate}; ssl_certificate_key {key};
                    location {PREFIX}/ {{
                        proxy_pass {self.inner}/;
                        proxy_set_header X-Forwarded-Host $http_host;
                        proxy_set_header X-Forwarded-Proto $scheme;
                        proxy_set_header X-Forwarded-Prefix {PREFIX};
                    }}
                }}
            }}""")
        self.process = subprocess.Popen(["nginx", "-c", configuration], stderr=subprocess.DEVNULL)
        context = ssl.create_default_context(cafile=certificate)
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
        end = time.monotonic() + 10
        while socket.socket().connect_ex(("127.0.0.1", self.port)) and time.monotonic() < end:
            time.sleep(0.02)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)

    def get(self, url: str):
        """Status, media type and body; of data only its beginning."""
        try:
            with self.opener.open(url, timeout=60) as response:
                media_type = response.headers.get("Content-Type", "")
                whole = media_type.startswith(DOCUMENTS)
                return response.status, media_type, response.read() if whole else response.read(64)
        except urllib.error.HTTPError as error:
            return error.code, error.headers.get("Content-Type", ""), error.read()


def links(url: str, media_type: str, body: bytes, public: str) -> set[str]:
    """What a document leads to on this server."""
    found = {match.decode(errors="replace").rstrip(".,") for match in ABSOLUTE.findall(body)}
    if media_type.startswith("text/html"):
        page = Hrefs()
        page.feed(body.decode())
        found |= {urllib.parse.urljoin(url, link) for link in page.found}
    if media_type.startswith(("application/json", "application/geo+json")):
        found |= {urllib.parse.urljoin(url, link) for link in hrefs(json.loads(body))}
    origin = public.removesuffix(PREFIX)
    return {link.split("#")[0] for link in found if link.startswith(origin) and "{" not in link}


def hrefs(value):
    """All members called `href`."""
    if isinstance(value, dict):
        if isinstance(value.get("href"), str):
            yield value["href"]
        for one in value.values():
            yield from hrefs(one)
    elif isinstance(value, list):
        for one in value:
            yield from hrefs(one)


def kind(url: str) -> str:
    """The shape of a URL: the last two of its names, without numbers."""
    path = urllib.parse.urlsplit(url).path
    return re.sub(r"\d+", "0", "/".join(path.rsplit("/", 2)[-2:])) if "/datasets/" not in path else re.sub(r".*/", "/datasets/", path)


def crawl(origin: Origin, most: int) -> list[str]:
    """What is wrong."""
    inner, wrong, seen, kinds, followed = origin.inner.encode(), [], set(), Counter(), Counter()
    waiting = [origin.public + start for start in STARTS]
    while waiting and len(seen) < most:
        url = waiting.pop(0)
        if url in seen or kinds[kind(url)] >= MOST_OF_A_KIND:
            continue
        seen.add(url)
        kinds[kind(url)] += 1
        if url != origin.public and not url.startswith(origin.public + "/"):
            wrong.append(f"{url} does not lie below {origin.public}")
            continue
        status, media_type, body = origin.get(url)
        followed[media_type.split(";")[0]] += 1
        if status >= 400 and not url.endswith(BEGINNINGS) and not (status == 400 and any(asked in url for asked in ASKED)):
            wrong.append(f"{url}: {status} {body[:120]!r}")
            continue
        if inner in body:
            wrong.append(f"{url} names the address behind the proxy")
        if media_type.startswith(DOCUMENTS):
            waiting += sorted(links(url, media_type, body, origin.public) - seen)
    for media_type, count in followed.most_common():
        print(f"{count:5}  {media_type}")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weir", type=Path, required=True, help="the server")
    parser.add_argument("--most", type=int, default=1500, help="URLs that are followed at most")
    parser.add_argument("data", type=Path, help="a folder of data")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        with Weir(options.weir.absolute(), [options.data.absolute(), "--trusted-proxy", "127.0.0.1"], None) as weir:
            if not weir.healthy:
                print(f"weir does not start: {weir.last_words()}", file=sys.stderr)
                return 2
            with Origin(Path(folder), weir.base) as origin:
                wrong = crawl(origin, options.most)
    for line in wrong:
        print(line)
    print("every link stays below the public URL and answers" if not wrong else f"{len(wrong)} links are wrong")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
