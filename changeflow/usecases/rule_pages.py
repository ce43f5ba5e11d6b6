"""Broken rules and waivers as pages show them."""

from dataclasses import dataclass

from changeflow.reports.findings import FindingLine, WaiverLine, finding_lines, findings_headline, waiver_lines
from changeflow.rules.engine import Judged
from changeflow.usecases.own_school import permit_whole
from changeflow.usecases.visits import Visit
from changeflow.values.words import Action


@dataclass(frozen=True, slots=True)
class RulesView:
    """What the page shows."""

    headline: str
    findings: tuple[FindingLine, ...]
    waivers: tuple[WaiverLine, ...]


def rules(visit: Visit) -> RulesView:
    """Return today's findings and every waiver."""
    visit.permit(Action.READ_PROGRAMME)
    permit_whole(visit)
    return visit.view("rules", lambda: _rules(visit.stored.judged))


def _rules(judged: Judged) -> RulesView:
    lines = tuple(finding_lines(judged.programme, judged.findings))
    return RulesView(findings_headline(judged.findings), lines, tuple(waiver_lines(judged)))
