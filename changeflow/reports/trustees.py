"""The trustees' brief: one page on dates and why they moved, the cost of delay, and the benefits.

It is a view of the report to the SRO. It computes nothing and says nothing about people's readiness.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from changeflow.phrases import shortened
from changeflow.reports.brief import BriefConfidence, BriefDate, BriefDecision, BriefSlip
from changeflow.reports.milestones import NOT_KNOWN
from changeflow.reports.sro import SroReport

DATES, REASONS, COSTS, BENEFITS = 5, 2, 3, 5
"""The most lines of each part, to keep to one page: our own choice."""
BENEFIT_WORDS, STATEMENT_WORDS = 14, 60
"""The most words of a benefit and of the students' statement; the programme's files have the full text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Benefit:
    """What one group gains, as written in the programme's files."""

    group: str
    service: str
    gain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrusteesBrief:
    """Everything on the page, in order."""

    programme: str
    organisation: str
    on: str
    data_date: str
    version: int | None
    headline: str
    cut_off: str
    """The nearest cut-off; empty if none is near."""
    dates: tuple[BriefDate, ...]
    more_dates: int
    """The number of milestones that only the report to the SRO shows."""
    since: str
    slips: tuple[BriefSlip, ...]
    """Why dates moved; the days of each slip's parts add up to its own."""
    confidence: BriefConfidence
    costs: tuple[BriefDecision, ...]
    """The decisions needed, and what delay costs."""
    students: str
    """What is in it for the students; empty if not written."""
    benefits: tuple[Benefit, ...]
    more_benefits: int


def trustees_of(report: SroReport) -> TrusteesBrief:
    """Choose what fits the trustees' page from the report to the SRO."""
    brief, benefits = report.brief, tuple(_benefits(report))
    has_odds = any(d.sure_on not in (NOT_KNOWN, "–") for d in brief.dates[:DATES])
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
        confidence=brief.confidence if has_odds else replace(brief.confidence, odds=""),
        costs=brief.decisions[:COSTS],
        students=shortened(report.students, STATEMENT_WORDS),
        benefits=benefits[:BENEFITS],
        more_benefits=max(0, len(benefits) - BENEFITS),
    )


def _benefits(report: SroReport) -> Iterator[Benefit]:
    """Yield each gain once, with the first group that gains it."""
    seen = set[tuple[str, str]]()
    for impact in report.people.impacts:
        for gain in impact.gains:
            if (impact.service, gain) not in seen:
                seen.add((impact.service, gain))
                yield Benefit(group=impact.group, service=impact.service, gain=shortened(gain, BENEFIT_WORDS))
