"""A preview of messages: what each person would get on each day, what is delayed, and why."""

from collections.abc import Iterable, Iterator
from datetime import datetime, time

from sqlmodel import Session

from changeflow.agenda.policy import Fate, SendVerdict
from changeflow.storage import agenda, messages
from changeflow.storage.database import rolled_back
from changeflow.usecases.dispatch import LEASE
from changeflow.usecases.messages import Desk, letter_of
from changeflow.usecases.outbox import OutboxView, draft_of, look
from changeflow.usecases.ticks import tick_in
from changeflow.values.moments import LONDON, format_day, local_day

NOON = time(12)


def preview(*, db: str, moments: Iterable[datetime], desk: Desk) -> Iterator[str]:
    """Simulate the ticks and dispatches of the given days as if nothing else changes; save nothing."""
    with rolled_back(db) as session:
        for n, moment in enumerate(moments):
            # Later days use noon, which is within everyone's hours.
            now = moment if n == 0 else datetime.combine(local_day(moment), NOON, tzinfo=LONDON)
            for name in agenda.stale(session, day=local_day(now)):
                tick_in(session, name, now=now)
            session.flush()
            found = look(session, now)
            lines = [line for verdict in found.verdicts for line in _lines(verdict, found, desk)]
            _pretend(session, found)
            yield f"{format_day(local_day(now), weekday=True)}:"
            yield from lines or ["  No messages are waiting."]


def _pretend(session: Session, found: OutboxView) -> None:
    """Mark what would go as sent, without sending it, so that later days follow from it."""
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
    who = house.person(first.person)
    if verdict.fate is Fate.GOES:
        letter = letter_of(nudges, found.houses, desk, found.now)
        address = letter.to_address if letter else "no address"
        yield f"  send  {who} <{address}>: {letter.subject if letter else 'no address'}"
        return
    word = "gone" if verdict.fate is Fate.WITHDRAWN else "held"
    for nudge in nudges:
        yield f"  {word}  {who}: {nudge.content.get('title', nudge.subject)} ({verdict.why})"
