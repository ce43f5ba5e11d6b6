"""Reports as files: HTML from the templates, PDF of the same pages, JSON of the same numbers."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from changeflow.errors import InputError
from changeflow.files import write_whole
from changeflow.reports.pdf import pdf_of
from changeflow.resources import template_environment

# Each command writes one kind of report: what only the others need is not loaded.
if TYPE_CHECKING:
    from changeflow.reports.go_no_go import GoNoGoPage
    from changeflow.reports.levelling import LevelReport
    from changeflow.reports.risk import RiskReport
    from changeflow.reports.sro import SroReport
    from changeflow.reports.wave_board import Pictures
    from changeflow.reports.waves import WavesReport


def sro_html(report: "SroReport") -> str:
    """Write the SRO's page: one file, no script, nothing fetched."""
    return template_environment().get_template("reports/sro.html.j2").render(r=report)


def sro_json(report: "SroReport") -> str:
    return json.dumps(asdict(report), indent=2, ensure_ascii=False) + "\n"


def write_sro(report: "SroReport", out: Path) -> None:
    """Write the report to `out`, as its ending says: a page, a PDF of it, or the numbers as JSON."""
    _write_page(out, lambda: sro_html(report), lambda: sro_json(report))


def write_go_no_go(page: "GoNoGoPage", out: Path) -> None:
    """Write the page of a decision to `out`: HTML, a PDF of it, or the numbers as JSON."""
    template = template_environment().get_template("reports/go-no-go.html.j2")
    _write_page(
        out,
        lambda: template.render(p=page),
        lambda: json.dumps(asdict(page), indent=2, ensure_ascii=False) + "\n",
    )


def _write_page(out: Path, page: Callable[[], str], numbers: Callable[[], str]) -> None:
    """Write what says where groups of people are: its owner alone can read it."""
    if out.suffix == ".json":
        write_whole(out, numbers(), private=True)
    elif out.suffix == ".html":
        write_whole(out, page(), private=True)
    elif out.suffix == ".pdf":
        write_whole(out, pdf_of(page()), private=True)
    else:
        raise InputError(f"'{out.name}' should end in .html, .pdf or .json.")


def write_waves(report: "WavesReport", pictures: "Sequence[Pictures]", out: Path) -> None:
    """Write plans of waves to `out`: a page with pictures, or the numbers as JSON."""
    _write_as(report, out, "waves", lambda: {"pictures": pictures})


def write_levelling(report: "LevelReport", out: Path) -> None:
    """Write levelled dates to `out`: a page with each team's load, or the numbers as JSON."""
    from changeflow.reports.wave_board import draw_teams

    _write_as(report, out, "levelling", lambda: {"loads": draw_teams(report.teams)})


def write_risk(report: "RiskReport", out: Path) -> None:
    """Write a simulation to `out`: a page with pictures, or the numbers as JSON."""
    from changeflow.reports.risk_pictures import draw_curves, draw_tornado

    _write_as(report, out, "risk", lambda: {"curves": draw_curves(report), "tornado": draw_tornado(report.drivers)})


def _write_as(
    report: "WavesReport | LevelReport | RiskReport", out: Path, template: str, draw: Callable[[], Mapping[str, object]]
) -> None:
    """Write a report as the ending of `out` says; it is drawn for a page alone."""
    if out.suffix == ".json":
        write_whole(out, json.dumps(asdict(report), indent=2, ensure_ascii=False) + "\n")
    elif out.suffix == ".html":
        page = template_environment().get_template(f"reports/{template}.html.j2")
        write_whole(out, page.render(r=report, **draw()))
    else:
        raise InputError(f"'{out.name}' should end in .html or .json.")
