"""Reports as files: HTML, and JSON and PDF with the same numbers."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from changeflow.errors import InputError
from changeflow.files import write_whole
from changeflow.places import template_environment
from changeflow.values.deferred import Deferred

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from changeflow.reports.levelling import LevelReport
    from changeflow.reports.risk import RiskReport

ENDINGS = (".html", ".pdf", ".json")
OLD_KEYS = {
    "cut_offs": "cliffs",
    "recovery_options": "levers",
    "announced": "told",
    "supports": "speaks_for",
    "tooltip": "said",
    "description": "said",
}
"""New keys with their names in 0.1.0, which people's scripts still read."""


def _draw_level(report: "LevelReport") -> Mapping[str, object]:
    from changeflow.reports.wave_pictures import draw_teams

    return {"loads": draw_teams(report.teams)}


def _draw_risk(report: "RiskReport") -> Mapping[str, object]:
    from changeflow.reports.risk import draw_curves, draw_tornado

    return {"curves": draw_curves(report), "tornado": draw_tornado(report.drivers)}


@dataclass(frozen=True, slots=True)
class ReportKind:
    """How to write one kind of report."""

    template: str
    """For `templates/reports/TEMPLATE.html.j2` and `templates/print/TEMPLATE.typ`; both call the report `r`."""
    command: str
    flow: str = ""
    """The flow that writes it on a schedule, if any."""
    for_one: bool = False
    """Whether the report is restricted: only the file's owner can then read it."""
    draw: Callable[[Any], Mapping[str, object]] = lambda _: {}
    """Pictures drawn from the report alone, by their names in the template."""


REPORTS: Mapping[str, ReportKind] = {
    "SroReport": ReportKind("sro", "report sro", flow="weekly-sro-report", for_one=True),
    "TrusteesBrief": ReportKind("trustees", "report trustees", for_one=True),
    "GoNoGoPage": ReportKind("go-no-go", "report go-no-go", for_one=True),
    "WavesReport": ReportKind("waves", "waves"),
    "LevelReport": ReportKind("levelling", "level", draw=_draw_level),
    "RiskReport": ReportKind("risk", "simulate", flow="portfolio-risk", draw=_draw_risk),
}
"""Every report that can be written to a file, by class name."""


def write_report(report: "DataclassInstance", out: Path, **pictures: object) -> None:
    """Write a report as HTML, PDF or JSON, by the extension of `out`; `pictures` go to the page and the PDF."""
    if out.suffix not in ENDINGS:
        raise InputError(f"'{out.name}' should end in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}.")
    kind = REPORTS[type(report).__name__]
    if out.suffix == ".json":
        made: str | bytes = json_of(report)
    else:
        made = html_of(report, **pictures) if out.suffix == ".html" else pdf_of(report, **pictures)
    write_whole(out, made, private=kind.for_one)


def html_of(report: "DataclassInstance", **pictures: object) -> str:
    """Write a report's page as one file that has no script and fetches nothing."""
    kind = REPORTS[type(report).__name__]
    page = template_environment().get_template(f"reports/{kind.template}.html.j2")
    return page.render(r=report, **kind.draw(report), **pictures)


def json_of(report: "DataclassInstance") -> str:
    """Write a report's numbers, with the proof of its dates if it has one."""
    proof, data = getattr(report, "proof", None), keyed(report)
    if proof is None:
        return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    # Imported here because a page needs no proof.
    from changeflow.reports.proof import with_proof

    return with_proof(data, proof())


def pdf_of(report: "DataclassInstance", **pictures: object) -> bytes:
    """Return a report as a PDF: the data of its JSON and the pictures of its page."""
    # Imported here because most commands print nothing.
    from changeflow.reports.pictures import PICTURES
    from changeflow.reports.printing import print_report

    kind = REPORTS[type(report).__name__]
    drawn = PICTURES[kind.template](report, **kind.draw(report), **pictures)
    return print_report(kind.template, keyed(report), drawn)


def keyed(report: "DataclassInstance") -> dict[str, Any]:
    """Return a report as nested dicts, without the proof of its dates.

    >>> from changeflow.reports.waves import MoveLine
    >>> move = keyed(MoveLine(pair="Ash, payroll", announced="4 Jan 2027", day="1 Feb 2027", weeks=4))
    >>> move["announced"], move["told"]
    ('4 Jan 2027', '4 Jan 2027')
    """
    data: dict[str, Any] = _plain(report)
    data.pop("proof", None)
    return data


def _plain(value: Any) -> Any:  # noqa: ANN401
    """Return a value of a report as plain data."""
    if is_dataclass(value):
        return _with_old_keys([(f.name, _plain(getattr(value, f.name))) for f in fields(value)])
    if isinstance(value, Deferred):
        return _plain(value.get())
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value


def _with_old_keys(values: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(values) | {OLD_KEYS[key]: value for key, value in values if key in OLD_KEYS}
