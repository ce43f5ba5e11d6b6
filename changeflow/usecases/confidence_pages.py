"""The delivery confidence as a page shows it: what the evidence suggests, and the rating that the SRO gives."""

from dataclasses import dataclass

from changeflow.agenda.confidence import PACK
from changeflow.reports.confidence import ConfidenceLine, confidence_line
from changeflow.usecases.acts import mark_of_confidence
from changeflow.usecases.own_school import permit_whole
from changeflow.usecases.visits import Visit
from changeflow.values.words import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfidencePage:
    """Both ratings with their reasons, and what the form offers."""

    line: ConfidenceLine
    tiers: tuple[tuple[str, str], ...]
    """Each rating, best first, with what it means."""
    may_set: bool
    seen: str


def permit_confidence(visit: Visit) -> None:
    visit.permit(Action.SET_CONFIDENCE)


def confidence_page(visit: Visit) -> ConfidencePage:
    """Return the suggested and the given rating, for people who see every school."""
    visit.permit(Action.READ_PROGRAMME)
    permit_whole(visit)
    programme, stored = visit.programme, visit.stored
    baseline = stored.baseline.dates if stored.baseline else None
    tiers = programme.rulepacks.entry(PACK, "tiers", on=programme.on).value
    return ConfidencePage(
        line=visit.view("confidence", lambda: confidence_line(stored.judged, today=visit.today, baseline=baseline)),
        tiers=tuple((str(t["tier"]), str(t["meaning"])) for t in tiers),
        may_set=visit.may(Action.SET_CONFIDENCE),
        seen=mark_of_confidence(programme),
    )
