"""Nudges looked at: what would go out to whom and what is held back, what people answered, and what nudges lead to."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, time, timedelta

from sqlmodel import Session

from changeflow.agenda.due import AnswerKind
from changeflow.agenda.policy import Fate, SendVerdict
from changeflow.agenda.reasons import Gone, NudgeEffect, Reason, effect_of, followed
from changeflow.storage import agenda, answers, facts, messages, versions
from changeflow.storage.database import read_scope, rolled_back
from changeflow.usecases.authority import note_look
from changeflow.usecases.dispatch import LEASE
from changeflow.usecases.outbox import Desk, OutboxView, draft_of, letter_of, look
from changeflow.usecases.ticks import tick_in
from changeflow.values.moments import LONDON, format_day, local_day
from changeflow.values.words import Action

NOON = time(12)


def preview(*, db: str, moments: Iterable[datetime], desk: Desk) -> Iterator[str]:
    """Play days through as a tick and a dispatch would, if nothing changes meanwhile; nothing of it is kept."""
    with rolled_back(db) as session:
        for n, moment in enumerate(moments):
            # Of a later day, noon is looked at: it lies within everybody's hours.
            now = moment if n == 0 else datetime.combine(local_day(moment), NOON, tzinfo=LONDON)
            for name in agenda.stale(session, day=local_day(now)):
                tick_in(session, name, now=now)
            session.flush()
            found = look(session, now)
            lines = [line for verdict in found.verdicts for line in _lines(verdict, found, desk)]
            _pretend(session, found)
            yield f"{format_day(local_day(now), weekday=True)}:"
            yield from lines or ["  nothing waits"]


def _pretend(session: Session, found: OutboxView) -> None:
    """Take what would go as gone, without sending it: for a look at the days that follow."""
    for verdict in found.verdicts:
        ids = [w.id for w in verdict.nudges]
        if verdict.fate is Fate.WITHDRAWN:
            agenda.withdraw(session, ids, at=found.now, why=verdict.why)
    drafts = [draft_of(v, found, "preview.invalid") for v in found.verdicts if v.fate is Fate.GOES]
    if drafts:
        opened = messages.open_messages(session, drafts, worker="preview", now=found.now, lease=LEASE) or []
        ids = [o.id for o in opened]
        messages.settle(session, ids, worker="preview", state=messages.SENT, at=found.now, channel="preview")


def _lines(verdict: SendVerdict, found: OutboxView, desk: Desk) -> Iterator[str]:
    nudges = [found.nudges[w.id] for w in verdict.nudges]
    first = nudges[0]
    house = found.houses[first.programme]
    role = house.definition.role_of(first.person) or first.person
    if verdict.fate is Fate.GOES:
        letter = letter_of(nudges, found.houses, desk, found.now)
        address = letter.to_address if letter else "nobody"
        yield f"  goes  {role} <{address}>: {letter.subject if letter else 'no address'}"
        return
    word = "gone" if verdict.fate is Fate.WITHDRAWN else "held"
    for nudge in nudges:
        yield f"  {word}  {role}: {nudge.content.get('title', nudge.subject)} ({verdict.why})"


def answered(*, db: str, programme: str | None, now: datetime | None = None, actor: str | None = None) -> Iterator[str]:
    """Say what people answered: by role, never that somebody did not answer. The audit notes the look (`now`: when)."""
    with read_scope(db) as session:
        names = [programme] if programme else versions.programme_ids(session)
        for name in names:
            definition = versions.required(session, name).definition
            kept = list(answers.listed(session, name))
            if kept and now is not None:
                note_look(definition, actor, Action.READ_ANSWERS, "answers", db=db, now=now)
            for answer, text, at in kept:
                role = definition.role_of(answer.person) or answer.person
                more = {
                    AnswerKind.NOT_YET: f" by {format_day(answer.until)}" if answer.until else "",
                    AnswerKind.DELEGATED: f" to {definition.role_of(answer.to)}" if answer.to else "",
                }.get(answer.kind, "")
                words = f": {text}" if text else ""
                what = answer.kind.replace("_", " ")
                yield f"{format_day(local_day(at))}  {role}  {answer.subject}  {what}{more}{words}"


def effects(*, db: str) -> tuple[NudgeEffect, ...]:
    """Return what all nudges that went out led to, over every programme."""
    found: dict[tuple[Reason, int], list[tuple[Gone, timedelta | None]]] = defaultdict(list)
    with read_scope(db) as session:
        for name in versions.programme_ids(session):
            moments = answers.moments(session, name)
            for task, at in facts.finished_at(session, name):
                moments.setdefault(task, []).append(at)
            for gone, after in followed(agenda.gone(session, name), moments):
                found[Reason(gone.reason), gone.level].append((gone, after))
    order = list(Reason)
    return tuple(effect_of(*key, found[key]) for key in sorted(found, key=lambda k: (order.index(k[0]), k[1])))
