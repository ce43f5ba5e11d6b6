"""Reports as files: HTML from the templates, PDF of the same pages, JSON of the same numbers."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from changeflow.errors import InputError
from changeflow.files import write_whole
from changeflow.reports.go_no_go import GoNoGoPage
from changeflow.reports.levelling import LevelReport
from changeflow.reports.pdf import pdf_of
from changeflow.reports.risk import RiskReport
from changeflow.reports.risk_pictures import draw_curves, draw_tornado
from changeflow.reports.sro import SroReport
from changeflow.reports.wave_board import draw_teams
from changeflow.reports.waves import WavesReport
from changeflow.resources import template_environment

Report = SroReport | GoNoGoPage | WavesReport | LevelReport | RiskReport


@dataclass(frozen=True, slots=True)
class ReportKind:
    """How a report becomes a file."""

    template: str
    """Its page: `templates/reports/TEMPLATE.html.j2`, which knows the report as `r`."""
    command: str
    flow: str = ""
    """The flow that writes it on a schedule, where one does."""
    for_one: bool = False
    """Whether it says where groups of people are: only the owner can read the file. It can be printed as well."""


REPORTS: Mapping[type[Report], ReportKind] = {
    SroReport: ReportKind("sro", "report sro", flow="weekly-sro-report", for_one=True),
    GoNoGoPage: ReportKind("go-no-go", "report go-no-go", for_one=True),
    WavesReport: ReportKind("waves", "waves"),
    LevelReport: ReportKind("levelling", "level"),
    RiskReport: ReportKind("risk", "simulate", flow="portfolio-risk"),
}
"""Every report that is written to a file, by what it is made of."""


def write_report(report: Report, out: Path, **pictures: object) -> None:
    """Write a report as the ending of `out` says: a page, with the pictures given, a PDF of it, or its numbers."""
    kind = REPORTS[type(report)]
    endings = (".html", ".pdf", ".json") if kind.for_one else (".html", ".json")
    if out.suffix not in endings:
        raise InputError(f"'{out.name}' should end in {', '.join(endings[:-1])} or {endings[-1]}.")
    page = json_of(report) if out.suffix == ".json" else html_of(report, **pictures)
    write_whole(out, pdf_of(page) if out.suffix == ".pdf" else page, private=kind.for_one)


def html_of(report: Report, **pictures: object) -> str:
    """Write a report's page: one file, no script, nothing fetched."""
    page = template_environment().get_template(f"reports/{REPORTS[type(report)].template}.html.j2")
    return page.render(r=report, **_drawn(report), **pictures)


def json_of(report: Report) -> str:
    return json.dumps(asdict(report), indent=2, ensure_ascii=False) + "\n"


def _drawn(report: Report) -> dict[str, object]:
    """Draw what follows from the report alone."""
    if isinstance(report, LevelReport):
        return {"loads": draw_teams(report.teams)}
    if isinstance(report, RiskReport):
        return {"curves": draw_curves(report), "tornado": draw_tornado(report.drivers)}
    return {}
