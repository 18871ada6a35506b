#!/usr/bin/env python3
"""Runs the code that pages of datasets show, and the notebooks that they offer, as whoever copies them would.

`pages.py --venvs DIR --weir FILE [--samples DIR] [--plugins-only DIR] [--dataset ID ...]`. Every snippet must run to its end in its language, and say something of what the
dataset holds; every picture must be one. Exit code: 0 all is as it must be, 1 something is not, 2 could not run.
"""

from __future__ import annotations

import concurrent.futures
import html.parser
import json
import os
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import environment
from server import Weir

PATIENCE = 120
# With packed numbers, in folders, with names that must be quoted, of many storage layouts.
SHOWN = ("temperature.nc", "precipitation.nc", "observations/station.nc", "awkward_names.nc", "layouts.nc")


@dataclass
class Snippet:
    """Code on a page."""

    dataset: str
    language: str
    code: str


class Snippets(html.parser.HTMLParser):
    """The code on a page."""

    def __init__(self):
        super().__init__()
        self.found, self.pictures, self.language = [], [], None

    def handle_starttag(self, tag, attributes):
        language = dict(attributes).get("data-language")
        if tag == "img":
            self.pictures.append(dict(attributes)["src"])
        if tag == "code" and language:
            self.language = language
            self.found.append((language, ""))

    def handle_endtag(self, tag):
        if tag == "code":
            self.language = None

    def handle_data(self, data):
        if self.language:
            language, text = self.found[-1]
            self.found[-1] = (language, text + data)


def fetched(url: str) -> str:
    with urllib.request.urlopen(url, timeout=60) as response:
        return response.read().decode()


def snippets(base: str, dataset: str) -> list[Snippet]:
    """The code on the page of a dataset, and that of its notebook. The pictures on the page must be some."""
    url = f"{base}/datasets/{urllib.parse.quote(dataset)}/"
    page = Snippets()
    page.feed(fetched(url))
    found = [Snippet(dataset, language, code) for language, code in page.found]
    for picture in page.pictures:
        with urllib.request.urlopen(picture, timeout=60) as response:
            assert response.headers["Content-Type"] == "image/png" and response.read(8) == b"\x89PNG\r\n\x1a\n", picture
    cells = json.loads(fetched(url + "notebook.ipynb"))["cells"]
    # As a notebook does: the last line of a cell is shown.
    code = "\n".join(cell["source"] for cell in cells if cell["cell_type"] == "code")
    return [*found, Snippet(dataset, "python", code + "\nprint(dataset)")]


def command(language: str, file: Path, scripts: Path) -> list[str]:
    """What runs a file of a language."""
    return {
        "python": [sys.executable, str(file)],
        "javascript": ["node", str(scripts / file.name)],
        "sh": ["sh", "-eu", str(file)],
        "r": ["Rscript", "--vanilla", str(file)],
        "octave": ["octave-cli", "--norc", str(file)],
    }[language]


SUFFIXES = {"python": "py", "javascript": "mjs", "sh": "sh", "r": "R", "octave": "m"}


def ran(snippet: Snippet, scripts: Path) -> str | None:
    """What is wrong with a snippet."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, f"snippet_{abs(hash((snippet.dataset, snippet.code)))}.{SUFFIXES[snippet.language]}")
        file.write_text(snippet.code)
        script = scripts / file.name
        if snippet.language == "javascript":
            # Node looks for packages from where the file lies.
            script.write_text(snippet.code)
        environment_of = {**os.environ, "MPLBACKEND": "agg"}
        done = subprocess.run(command(snippet.language, file, scripts), capture_output=True, text=True, timeout=PATIENCE, cwd=folder, env=environment_of)
        if snippet.language == "javascript":
            script.unlink()
        downloaded = [path for path in Path(folder).iterdir() if path != file and path.stat().st_size]
        if done.returncode != 0:
            return f"ends with {done.returncode}: {done.stderr[-600:]}"
        if not done.stdout.strip() and not downloaded:
            return f"says nothing: {done.stderr[-600:]}"
    return None


def main() -> int:
    parser = environment.parser_over_samples(__doc__)
    parser.add_argument("--dataset", action="append", help="a dataset whose page is looked at; some of all kinds where none is named")
    options = parser.parse_args()
    environment.enter(options.venvs, "catalogs")
    samples = environment.samples_of(options.samples)
    scripts = (options.venvs / "javascript").absolute()
    with Weir(options.weir.absolute(), [samples.absolute()], options.plugins_only) as weir, concurrent.futures.ThreadPoolExecutor(2) as pool:
        if not weir.healthy:
            print(f"weir does not start: {weir.last_words()}", file=sys.stderr)
            return 2
        found = [snippet for dataset in options.dataset or SHOWN for snippet in snippets(weir.base, dataset)]
        wrong = 0
        for snippet, fault in zip(found, pool.map(lambda snippet: ran(snippet, scripts), found), strict=True):
            if fault:
                wrong += 1
                print(f"{snippet.dataset}, {snippet.language}: {fault}\n{snippet.code}")
        languages = sorted({snippet.language for snippet in found})
        print(f"{len(found)} snippets in {', '.join(languages)}: {wrong} wrong")
        return 1 if wrong or not languages else 0


if __name__ == "__main__":
    sys.exit(main())
