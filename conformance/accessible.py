"""Looks for barriers in a page: what axe-core finds that keeps people with keyboards, screen readers or low vision out."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from pathlib import Path

# What it reports stands in an element of its own, which the dumped page has in it.
RUN = """
<pre id="axe-report"></pre>
<script>%s</script>
<script>
axe.run().then((report) => {
  const faults = report.violations.map((one) => ({ id: one.id, impact: one.impact, help: one.help, nodes: one.nodes.map((node) => node.html) }));
  document.getElementById("axe-report").textContent = JSON.stringify({ passes: report.passes.length, faults });
});
</script>
</body>"""
REPORT = re.compile(r'(?s)<pre id="axe-report">(.*?)</pre>')
SERIOUS = ("serious", "critical")


def barriers(page: str, axe: Path, folder: Path, dump: Callable[[str], str]) -> list[str]:
    """What is seriously wrong with a page, whose text is put into `folder` with axe-core inside; `dump` opens a URL and gives the page as it is then.

    The page is opened from a file, where its policy, which forbids scripts such as axe-core, is not in force.
    """
    copy = folder / "page.html"
    copy.write_text(page.replace("</body>", RUN % axe.read_text().replace("</script", "<\\/script")))
    found = REPORT.search(dump(copy.as_uri()))
    if not found or not found.group(1):
        return ["axe-core did not end"]
    report = json.loads(html.unescape(found.group(1)))
    if report["passes"] < 5:
        return [f"axe-core looked at next to nothing: {report}"]
    return [f"{fault['impact']}: {fault['help']} ({fault['id']}): {fault['nodes'][:3]}" for fault in report["faults"] if fault["impact"] in SERIOUS]
