"""Sponsorship and judgement: what the sponsor was seen to do, and the delivery confidence that a person sets."""

from datetime import date

from changeflow.agenda.confidence import Tier
from changeflow.errors import InputError
from changeflow.programme.facts import ACTS, Confidence, SponsorAct
from changeflow.reports.confidence import ConfidenceLine, confidence_line
from changeflow.storage import facts
from changeflow.usecases.authority import RECORDED_WITH_BY, permit
from changeflow.usecases.stored import stored_on
from changeflow.usecases.unit_of_work import Change, unit_of_work
from changeflow.values.known import check_known
from changeflow.values.moments import format_day
from changeflow.values.roles import Action


def note_act(
    what: str, on: date, change: Change, *, kind: str = "seen", who: str | None = None, group: str | None = None
) -> bool:
    """Note something that the sponsor did, or a change lead (`who`), perhaps with one group.

    False when the same is known of that day.
    """
    if not what.strip():
        raise InputError("Say what people saw, such as “Opened the training at Ashdown”.")
    if on > change.on:
        raise InputError(f"{format_day(on)} lies in the future. Nothing was recorded.")
    check_known("kind of act", kind, ACTS)
    with unit_of_work(change) as work:
        by, people = work.permit(Action.NOTE_SPONSOR), work.definition.people
        check_known("change lead", who, {p.id for p in people if p.audience == "lead"})
        check_known("group", group, {g for p in people for g in p.groups})
        act = SponsorAct(on=on, what=what.strip(), kind=kind, who=who, group=group)
        is_new = facts.add_act(work.session, work.name, act, at=change.now, by=by)
        if is_new:
            work.record("sponsor", f"{who or 'sponsor'}:{on.isoformat()}", by=by)
    return is_new


def set_confidence(tier: str, reason: str, by: str | None, change: Change) -> None:
    """Record the delivery confidence that the SRO has set."""
    check_known("tier", tier, list(Tier))
    with unit_of_work(change) as work:
        definition, recorder = work.definition, work.actor()
        who = permit(definition, by or recorder, Action.SET_CONFIDENCE, on=change.on, hint=RECORDED_WITH_BY)
        if who != recorder:
            permit(definition, recorder, Action.RECORD_DECISION, on=change.on)
        stated = Confidence(tier=tier, reason=reason, by=who, on=change.on)
        facts.add_confidence(work.session, work.name, stated, at=change.now)
        work.record("confidence", f"confidence:{change.on.isoformat()}", by=recorder)


def confidence_of(programme: str | None, *, db: str, today: date) -> ConfidenceLine:
    """Put what the evidence proposes beside what was set."""
    stored = stored_on(programme, db=db, on=today)
    baseline = stored.baseline.dates if stored.baseline else None
    return confidence_line(stored.judged, today=today, baseline=baseline)
