"""The trustees' brief: one page on the timing and its reason, what waiting costs, and what the change is for.

It is a view of the report to the SRO: nothing is computed here, and nothing says where people are.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from changeflow.phrases import shortened
from changeflow.reports.brief import BriefConfidence, BriefDate, BriefDecision, BriefSlip
from changeflow.reports.sro import SroReport

DATES, REASONS, COSTS, BENEFITS = 5, 2, 3, 5
"""Lines of each part, so that the page stays one: our own choice."""
BENEFIT_WORDS, STATEMENT_WORDS = 14, 60
"""Words of a benefit and of the students' statement at most; `programme.yaml` and `change.yaml` have the whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Benefit:
    """What one group gains, in the files' own words."""

    group: str
    service: str
    gain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrusteesBrief:
    """Everything that the page says, in its order."""

    programme: str
    organisation: str
    on: str
    data_date: str
    version: int | None
    headline: str
    cut_off: str
    """The nearest cut-off; empty where none is near."""
    dates: tuple[BriefDate, ...]
    more_dates: int
    """Milestones that are in the report to the SRO alone."""
    since: str
    slips: tuple[BriefSlip, ...]
    """Why dates moved: the days of each one's parts add up."""
    confidence: BriefConfidence
    costs: tuple[BriefDecision, ...]
    """The decisions that are needed, and what a later day costs."""
    students: str
    """What is in it for the students; empty if it has not been written."""
    benefits: tuple[Benefit, ...]
    more_benefits: int


def trustees_of(report: SroReport) -> TrusteesBrief:
    """Choose from the report to the SRO what fits one page for trustees."""
    brief, benefits = report.brief, tuple(_benefits(report))
    return TrusteesBrief(
        programme=report.programme,
        organisation=report.organisation,
        on=report.on,
        data_date=report.data_date,
        version=report.version,
        headline=brief.headline,
        cut_off=brief.cut_off,
        dates=brief.dates[:DATES],
        more_dates=brief.left.dates + len(brief.dates[DATES:]),
        since=brief.since,
        slips=brief.slips[:REASONS],
        confidence=brief.confidence,
        costs=brief.decisions[:COSTS],
        students=shortened(report.students, STATEMENT_WORDS),
        benefits=benefits[:BENEFITS],
        more_benefits=max(0, len(benefits) - BENEFITS),
    )


def _benefits(report: SroReport) -> Iterator[Benefit]:
    """Yield each gain once, with the first group that has it."""
    seen = set[tuple[str, str]]()
    for impact in report.people.impacts:
        for gain in impact.gains:
            if (impact.service, gain) not in seen:
                seen.add((impact.service, gain))
                yield Benefit(group=impact.group, service=impact.service, gain=shortened(gain, BENEFIT_WORDS))
