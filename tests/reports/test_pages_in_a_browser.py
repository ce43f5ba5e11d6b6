"""Every report as a browser shows it, on a desk, a tablet and a phone, light and dark: axe finds nothing, pages do not
scroll sideways, and the text of pictures has at least 11 px.
"""

import io
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from changeflow.intake.folder import Folder
from changeflow.planning.levelling import level_programme
from changeflow.reports.documents import REPORTS, write_report
from changeflow.reports.levelling import level_report
from changeflow.reports.trustees import trustees_of
from changeflow.reports.wave_pictures import draw
from changeflow.reports.waves import waves_report
from changeflow.roadmap.levelling.search import SearchEffort
from changeflow.rules.engine import judge
from changeflow.usecases import baselines, definitions
from changeflow.usecases.assessments import import_assessments
from changeflow.usecases.go_no_go import go_no_go_of
from changeflow.usecases.progress_import import store_import
from changeflow.usecases.reports import sro_of_stored
from changeflow.usecases.risk import simulate_programme
from changeflow.usecases.stored import loaded
from changeflow.usecases.unit_of_work import Change
from changeflow.usecases.waves import plan_waves
from tests.browser.axe import Kinds, violations
from tests.browser.looking import DESK, HINTS, SMALL_TEXT, WIDTHS, launched, needs_chromium
from tests.conftest import SAMPLE, sample_copy
from tests.waiting import PATIENCE

pytestmark = [pytest.mark.slow, needs_chromium]
MAY = date(2027, 5, 4)
KINDS: Kinds = {}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, sample: Folder) -> dict[str, Path]:
    """The sample's reports on 4 May 2027, and its plans of waves and levelled dates, by the name of their template."""
    home = tmp_path_factory.mktemp("pages")
    db, planned = f"sqlite:///{home / 'pages.db'}", judge(sample.programme).programme
    first = datetime(2026, 9, 1, 8, tzinfo=UTC)
    definitions.apply(sample_copy(home), db=db, actor="programme-manager", now=first)
    approved = Change(db=db, programme=None, actor="chief-executive", now=first, on=first.date())
    baselines.take_baseline("Agreed", approved)
    may = Change(db=db, programme=None, actor="programme-manager", now=datetime(2027, 5, 4, 8, tzinfo=UTC), on=MAY)
    store_import(SAMPLE / "progress.csv", may, SAMPLE / "decisions.csv")
    for path in sorted((SAMPLE / "adkar").glob("*.csv")):
        import_assessments(path, may)
    waves = plan_waves(planned, seconds=PATIENCE, seed=1, effort=0.05)
    report = sro_of_stored(None, db=db, today=MAY)
    written: dict[str, tuple[Any, dict[str, Any]]] = {
        "sro": (report, {}),
        "trustees": (trustees_of(report), {}),
        "go-no-go": (go_no_go_of("payroll/pilot/go-no-go", db=db, programme=None, today=MAY), {}),
        "risk": (simulate_programme(loaded(None, db=db, on=MAY), iterations=100, seed=1), {}),
        "levelling": (level_report(level_programme(planned, SearchEffort(seconds=PATIENCE, effort=0.2))), {}),
        "waves": (
            waves_report(planned.name, waves.problem, waves.offers),
            {"pictures": [draw(waves.problem, offer.plan) for offer in waves.offers]},
        ),
    }
    for name, (report, pictures) in written.items():
        write_report(report, home / f"{name}.html", **pictures)
    return {name: home / f"{name}.html" for name in written}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched() as found:
        yield found


@pytest.fixture(scope="module")
def opened(pages: dict[str, Path], browser: Any) -> Callable[[str], Any]:
    """Each page, opened once with all its details: opening it takes a fifth of what is asked of it."""

    @cache
    def open_one(name: str) -> Any:
        page = browser.new_page()
        page.goto(pages[name].as_uri())
        page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        return page

    return open_one


def test_every_report_is_looked_at(pages: dict[str, Path]):
    assert pages.keys() == {kind.template for kind in REPORTS.values()}


@pytest.mark.usual(1)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", sorted(kind.template for kind in REPORTS.values()))
def test_a_page_can_be_used_by_everybody(opened: Callable[[str], Any], name: str, width: int, scheme: str):
    page = opened(name)
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=scheme)
    assert violations(page, scheme, every_text=width == DESK and scheme == "light", kinds=KINDS) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(SMALL_TEXT) == []
    assert all(is_wider == says_so for is_wider, says_so in page.evaluate(HINTS))


@pytest.mark.thorough
def test_printed_the_brief_is_two_pages_and_the_trustees_page_is_one(pages: dict[str, Path], browser: Any):
    with browser.new_context() as context:
        page, texts = context.new_page(), {}
        for name in ("sro", "trustees"):
            page.goto(pages[name].as_uri())
            printed = PdfReader(io.BytesIO(page.pdf(format="A4", prefer_css_page_size=True)))
            texts[name] = [sheet.extract_text().splitlines() for sheet in printed.pages]
    assert [n for n, lines in enumerate(texts["sro"], 1) if "Annex" in lines] in ([2], [3])
    assert len(texts["trustees"]) == 1
