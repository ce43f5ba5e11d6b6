"""`make pictures`: take the pictures of the README and of docs/web.md from what `make run` wrote."""

import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.browser.conftest import sign_in
from tests.browser.looking import CHROMIUM, DESK, NO_CHROMIUM, PHONE, launched
from tests.browser.sample import HEAD, OFFICE, PROGRAMME, SRO, Served, serving

TOP = Path(__file__).resolve().parents[2]
OUT, IMAGES = TOP / "out", TOP / "docs" / "images"
P = f"/p/{PROGRAMME}"
REPORTS = {"sro-report": (1000, 1250), "go-no-go": (1000, 1640)}
"""Reports, with the width and height of their picture."""
PAGES = {
    "web-brief": (SRO, P, DESK, 900),
    "web-plan": (OFFICE, f"{P}/plan", DESK, 1100),
    "web-school": (HEAD, f"{P}/schools/ashdown", PHONE, 844),
}
"""Pages, with who opens them, where, and the width and height of their picture."""


def main() -> None:
    if CHROMIUM is None:
        sys.exit(NO_CHROMIUM)
    if not (OUT / "changeflow.db").is_file():
        sys.exit("There is no out/changeflow.db: run `make run` first.")
    with launched() as browser, tempfile.TemporaryDirectory() as folder, serving(OUT, Path(folder) / "out") as site:
        for name, (width, height) in REPORTS.items():
            page = _window(browser, width, height)
            page.goto((OUT / f"{name}.html").as_uri())
            _take(page, name)
        for name, (person, path, width, height) in PAGES.items():
            page = _window(browser, width, height, site)
            sign_in(page, site, person)
            page.goto(path)
            _take(page, name)


def _window(browser: Any, width: int, height: int, site: Served | None = None) -> Any:
    return browser.new_page(viewport={"width": width, "height": height}, base_url=site.base if site else None)


def _take(page: Any, name: str) -> None:
    page.screenshot(path=IMAGES / f"{name}.png")
    sys.stdout.write(f"Wrote {(IMAGES / name).relative_to(TOP)}.png\n")


if __name__ == "__main__":
    main()
