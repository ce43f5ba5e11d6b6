"""Reports as files: HTML from the templates, JSON of the same numbers."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from changeflow.errors import InputError
from changeflow.reports.levelling import LevelReport
from changeflow.reports.risk import RiskReport
from changeflow.reports.risk_pictures import draw_curves, draw_tornado
from changeflow.reports.sro import SroReport
from changeflow.reports.wave_board import Pictures, draw_teams
from changeflow.reports.waves import WavesReport
from changeflow.resources import template_environment


def sro_html(report: SroReport) -> str:
    """Write the SRO's page: one file, no script, nothing fetched."""
    return template_environment().get_template("reports/sro.html.j2").render(r=report)


def sro_json(report: SroReport) -> str:
    return json.dumps(asdict(report), indent=2, ensure_ascii=False) + "\n"


REPORTS = {".html": sro_html, ".json": sro_json}
"""By the ending of the file that is asked for."""


def write_sro(report: SroReport, out: Path) -> None:
    """Write the report to `out`, as its ending says."""
    if out.suffix not in REPORTS:
        raise InputError(f"'{out.name}' should end in {' or '.join(REPORTS)}.")
    _write(REPORTS[out.suffix](report), out)


def write_waves(report: WavesReport, pictures: Sequence[Pictures], out: Path) -> None:
    """Write plans of waves to `out`: a page with pictures, or the numbers as JSON."""
    _write_as(report, out, "waves", lambda: {"pictures": pictures})


def write_levelling(report: LevelReport, out: Path) -> None:
    """Write levelled dates to `out`: a page with each team's load, or the numbers as JSON."""
    _write_as(report, out, "levelling", lambda: {"loads": draw_teams(report.teams)})


def write_risk(report: RiskReport, out: Path) -> None:
    """Write a simulation to `out`: a page with pictures, or the numbers as JSON."""
    _write_as(report, out, "risk", lambda: {"curves": draw_curves(report), "tornado": draw_tornado(report.drivers)})


def _write_as(
    report: WavesReport | LevelReport | RiskReport, out: Path, template: str, draw: Callable[[], Mapping[str, object]]
) -> None:
    """Write a report as the ending of `out` says; it is drawn for a page alone."""
    if out.suffix == ".json":
        _write(json.dumps(asdict(report), indent=2, ensure_ascii=False) + "\n", out)
    elif out.suffix == ".html":
        page = template_environment().get_template(f"reports/{template}.html.j2")
        _write(page.render(r=report, **draw()), out)
    else:
        raise InputError(f"'{out.name}' should end in .html or .json.")


def _write(text: str, out: Path) -> None:
    """Write a file whole or not at all."""
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(out)
