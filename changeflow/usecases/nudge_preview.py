"""A preview of messages: what each person would get on each day, what is delayed, and why."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlmodel import Session

from changeflow.agenda.policy import Fate, SendVerdict
from changeflow.agenda.reasons import Reason
from changeflow.delivery.message import Message
from changeflow.storage import agenda, messages
from changeflow.storage.agenda import Nudge
from changeflow.storage.scratch import scratch_of
from changeflow.usecases.dispatch import LEASE
from changeflow.usecases.messages import Desk, letter_of
from changeflow.usecases.outbox import OutboxView, draft_of, look
from changeflow.usecases.ticks import tick_in
from changeflow.values.moments import LONDON, format_day, local_day

NOON = time(12)
WEEK = 7
"""Days that a preview of the next week covers, today included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewedItem:
    """One thing that a person is asked, as it waits."""

    programme: str
    reason: Reason
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewedMessage:
    """What waits for one person on one day, and what happens to it."""

    person: str
    who: str
    """The person's name and role."""
    fate: Fate
    why: str
    items: tuple[PreviewedItem, ...]
    letter: Message | None
    """The letter that goes, with links that do not work; None if nothing goes or there is no address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewedDay:
    """One day of a preview."""

    day: date
    messages: tuple[PreviewedMessage, ...]

    @property
    def words(self) -> str:
        return format_day(self.day, weekday=True)


def moments_from(now: datetime, days: int) -> list[datetime]:
    return [now + timedelta(days=n) for n in range(days)]


def preview_days(
    *,
    db: str,
    moments: Iterable[datetime],
    desk: Desk,
    programme: str | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[PreviewedDay]:
    """Simulate the ticks and dispatches of the given days as if nothing else changes; save nothing.

    It happens in a copy, because it takes a long time for a large programme, and no one else should wait for it. With a
    programme, each message is given as its people would get it without the items of other programmes; the limits for a
    person still count those. `say` is called with the progress.
    """
    moments = list(moments)
    with scratch_of(db) as session:
        for n, moment in enumerate(moments):
            say(f"Working out day {n + 1} of {len(moments)}.")
            # Later days use noon, which is within everyone's hours.
            now = moment if n == 0 else datetime.combine(local_day(moment), NOON, tzinfo=LONDON)
            for name in agenda.stale(session, day=local_day(now)):
                tick_in(session, name, now=now)
            session.flush()
            found = look(session, now)
            given = [m for verdict in found.verdicts if (m := _message(verdict, found, desk, programme)) is not None]
            _pretend(session, found)
            yield PreviewedDay(day=local_day(now), messages=tuple(given))


def preview(*, db: str, moments: Iterable[datetime], desk: Desk) -> Iterator[str]:
    """Yield the preview in lines, with addresses."""
    for one in preview_days(db=db, moments=moments, desk=desk):
        yield f"{one.words}:"
        yield from [line for m in one.messages for line in _lines(m)] or ["  No messages are waiting."]


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


def _message(verdict: SendVerdict, found: OutboxView, desk: Desk, programme: str | None) -> PreviewedMessage | None:
    nudges = [found.nudges[w.id] for w in verdict.nudges]
    own = [n for n in nudges if programme in (None, n.programme)]
    if not own:
        return None
    first = own[0]
    house = found.houses[first.programme]
    return PreviewedMessage(
        person=first.person,
        who=house.person(first.person),
        fate=verdict.fate,
        why=verdict.why,
        items=tuple(_item(n) for n in own),
        letter=letter_of(own, found.houses, desk, found.now) if verdict.fate is Fate.GOES else None,
    )


def _item(nudge: Nudge) -> PreviewedItem:
    title = str(nudge.content.get("title", nudge.subject))
    return PreviewedItem(programme=nudge.programme, reason=Reason(nudge.reason), title=title)


def _lines(message: PreviewedMessage) -> Iterator[str]:
    if message.fate is Fate.GOES:
        letter = message.letter
        address = letter.to_address if letter else "no address"
        yield f"  send  {message.who} <{address}>: {letter.subject if letter else 'no address'}"
        return
    word = "gone" if message.fate is Fate.WITHDRAWN else "held"
    for item in message.items:
        yield f"  {word}  {message.who}: {item.title} ({message.why})"
