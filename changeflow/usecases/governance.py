"""Acts of sponsorship, and the delivery confidence that a person sets."""

from datetime import date

from changeflow.agenda.confidence import Tier
from changeflow.programme.facts import Confidence, SponsorAct
from changeflow.programme.recording import check_act, check_names
from changeflow.reports.confidence import ConfidenceLine, confidence_line
from changeflow.storage import facts
from changeflow.usecases.authority import permit, recorded_with_by
from changeflow.usecases.stored import stored_on
from changeflow.usecases.unit_of_work import Change, unit_of_work
from changeflow.values.problem import check_known
from changeflow.values.words import Action


def note_act(
    what: str, on: date, change: Change, *, kind: str = "seen", who: str | None = None, group: str | None = None
) -> bool:
    """Record an act of the sponsor, or of a change lead (`who`), perhaps with one group.

    Return False if the same act is already recorded for that day.
    """
    act = SponsorAct(on=on, what=what.strip(), kind=kind, who=who, group=group)
    check_act(act, change.on)
    with unit_of_work(change) as work:
        by = work.permit(Action.NOTE_SPONSOR)
        check_names(act, work.definition)
        is_new = facts.add_act(work.session, work.name, act, at=change.now, by=by)
        if is_new:
            work.record("sponsor", f"{who or 'sponsor'}:{on.isoformat()}", by=by)
    return is_new


def set_confidence(tier: str, reason: str, by: str | None, change: Change) -> None:
    """Record the delivery confidence that the SRO has set."""
    check_known("rating", tier, list(Tier))
    with unit_of_work(change) as work:
        definition, recorder = work.definition, work.actor()
        names, asked = work.programme.names, by or recorder
        who = permit(definition, asked, Action.SET_CONFIDENCE, on=change.on, hint=recorded_with_by(), names=names)
        if who != recorder:
            permit(definition, recorder, Action.RECORD_DECISION, on=change.on, names=names)
        stated = Confidence(tier=tier, reason=reason, by=who, on=change.on)
        facts.add_confidence(work.session, work.name, stated, at=change.now)
        work.record("confidence", f"confidence:{change.on.isoformat()}", by=recorder)


def confidence_of(programme: str | None, *, db: str, today: date) -> ConfidenceLine:
    """Return the confidence that the evidence proposes, and the one set by a person."""
    stored = stored_on(programme, db=db, on=today)
    baseline = stored.baseline.dates if stored.baseline else None
    return confidence_line(stored.judged, today=today, baseline=baseline)
