"""Reports as files: HTML from the templates, JSON of the same numbers, and a PDF of what the JSON has."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from changeflow.errors import InputError
from changeflow.files import write_whole
from changeflow.places import template_environment

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
"""Names that keys had in 0.1.0, by their new ones: scripts that people have written read them."""


def _draw_level(report: "LevelReport") -> Mapping[str, object]:
    from changeflow.reports.wave_pictures import draw_teams

    return {"loads": draw_teams(report.teams)}


def _draw_risk(report: "RiskReport") -> Mapping[str, object]:
    from changeflow.reports.risk import draw_curves, draw_tornado

    return {"curves": draw_curves(report), "tornado": draw_tornado(report.drivers)}


@dataclass(frozen=True, slots=True)
class ReportKind:
    """How a report becomes a file."""

    template: str
    """Its page is `templates/reports/TEMPLATE.html.j2`, its PDF `templates/print/TEMPLATE.typ`; both call it `r`."""
    command: str
    flow: str = ""
    """The flow that writes it on a schedule, where one does."""
    for_one: bool = False
    """Whether it says where groups of people are: only the owner can read the file."""
    draw: Callable[[Any], Mapping[str, object]] = lambda _: {}
    """Pictures that follow from the report alone, by their names in the template."""


REPORTS: Mapping[str, ReportKind] = {
    "SroReport": ReportKind("sro", "report sro", flow="weekly-sro-report", for_one=True),
    "TrusteesBrief": ReportKind("trustees", "report trustees", for_one=True),
    "GoNoGoPage": ReportKind("go-no-go", "report go-no-go", for_one=True),
    "WavesReport": ReportKind("waves", "waves"),
    "LevelReport": ReportKind("levelling", "level", draw=_draw_level),
    "RiskReport": ReportKind("risk", "simulate", flow="portfolio-risk", draw=_draw_risk),
}
"""Every report that is written to a file, by the name of its class."""


def write_report(report: "DataclassInstance", out: Path, **pictures: object) -> None:
    """Write a report as the ending of `out` says: a page, with the pictures given, a PDF of it, or its numbers."""
    if out.suffix not in ENDINGS:
        raise InputError(f"'{out.name}' should end in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}.")
    kind = REPORTS[type(report).__name__]
    if out.suffix == ".json":
        made: str | bytes = json_of(report)
    else:
        made = html_of(report, **pictures) if out.suffix == ".html" else pdf_of(report, **pictures)
    write_whole(out, made, private=kind.for_one)


def html_of(report: "DataclassInstance", **pictures: object) -> str:
    """Write a report's page: one file, no script, nothing fetched."""
    kind = REPORTS[type(report).__name__]
    page = template_environment().get_template(f"reports/{kind.template}.html.j2")
    return page.render(r=report, **kind.draw(report), **pictures)


def json_of(report: "DataclassInstance") -> str:
    """Write a report's numbers; where its dates can be proved from the file, with the proof."""
    proof, data = getattr(report, "proof", None), keyed(report)
    if proof is None:
        return json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    # Loaded here: a page needs none.
    from changeflow.reports.proof import with_proof

    return with_proof(data, proof())


def pdf_of(report: "DataclassInstance", **pictures: object) -> bytes:
    """Print a report: a PDF of what its JSON has, with the pictures of its page."""
    # Loaded here, as Typst is there: most commands print nothing.
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
    if not hasattr(report, "proof"):
        return asdict(report, dict_factory=_with_old_keys)
    data = asdict(replace(report, proof=None), dict_factory=_with_old_keys)
    del data["proof"]
    return data


def _with_old_keys(values: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(values) | {OLD_KEYS[key]: value for key, value in values if key in OLD_KEYS}
