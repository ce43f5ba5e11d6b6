"""The outbox: which messages may go now, which must wait and which are withdrawn. Nothing is sent here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session

from changeflow.agenda.policy import Fate, NudgePolicy, Reader, SendVerdict, Waiting, opens_at, sort_out
from changeflow.agenda.reasons import Reason
from changeflow.storage import agenda, answers, custody, message_switch, messages
from changeflow.storage.agenda import Nudge
from changeflow.storage.keys import adopt_key, message_id, recipient_of
from changeflow.storage.messages import Draft
from changeflow.usecases.messages import House, house_of
from changeflow.values.moments import local_day

ARE_OFF = "the programme’s messages are off"


@dataclass(slots=True)
class OutboxView:
    """Everything that waits, at one moment."""

    now: datetime
    houses: dict[str, House]
    nudges: dict[int, Nudge]
    verdicts: list[SendVerdict]
    numbers: Mapping[str, int]
    """The number of each recipient's last message of the day."""
    key: bytes = field(repr=False)
    """The key for hashes of recipients and Message-IDs."""
    releases: int = 0
    """The number of times the database was released after a restore."""

    def recipient(self, nudge: Nudge) -> str:
        contact = self.houses[nudge.programme].contacts.get(nudge.person)
        return recipient_of(self.key, nudge.programme, nudge.person, contact)


def look(session: Session, now: datetime, *, live_only: bool = False) -> OutboxView:
    """Decide the fate of everything that waits; `live_only` holds back programmes that are not live."""
    today, key = local_day(now), adopt_key(session)
    queue = agenda.waiting(session, now=now)
    houses = {name: house_of(session, name) for name in sorted({n.programme for n in queue})}
    policies = {name: NudgePolicy.of(house.packs, on=today) for name, house in houses.items()}
    day_counts = messages.counts_since(session, today)
    week_counts = messages.counts_since(session, today - timedelta(days=6))
    people = {name: {p.id for p in house.definition.people} for name, house in houses.items()}
    numbers, releases = messages.numbers_on(session, today), custody.read(session).releases
    found = OutboxView(now, houses, {n.id: n for n in queue}, [], numbers, key, releases)
    waiting = [
        Waiting(id=n.id, recipient=found.recipient(n), reason=Reason(n.reason), priority=n.priority, due_on=n.due_on)
        for n in queue
        if n.person in people[n.programme]
    ]
    reach = answers.reach(session, {w.recipient for w in waiting})
    parts: dict[str, set[str]] = {}
    for w in waiting:
        parts.setdefault(w.recipient, set()).add(found.nudges[w.id].programme)
    many = agenda.saturated(session, today=today)
    readers: dict[str, Reader] = {}
    for w in waiting:
        nudge = found.nudges[w.id]
        contact = houses[nudge.programme].contacts.get(nudge.person)
        known = reach.get(w.recipient)
        readers.setdefault(
            w.recipient,
            Reader(
                days=houses[nudge.programme].days.of(nudge.person),
                policy=NudgePolicy.strictest([policies[name] for name in parts[w.recipient]]),
                has_address=contact is not None and contact.email is not None,
                is_deliverable=known is None or known.is_deliverable,
                optional_off=known is not None and known.optional_off,
                today=day_counts.get(w.recipient, 0),
                week=week_counts.get(w.recipient, 0),
                is_saturated=(nudge.programme, nudge.person) in many,
            ),
        )
    off = {n for n, h in houses.items() if live_only and not message_switch.reach_people(session, h.definition)}
    kept = [w for w in waiting if found.nudges[w.id].programme not in off]
    verdicts = list(sort_out(kept, readers, now=now))
    verdicts += (SendVerdict(w.recipient, (w,), Fate.HELD, ARE_OFF) for w in waiting if w not in kept)
    found.verdicts = sorted(verdicts, key=lambda v: (v.nudges[0].priority, v.nudges[0].id))
    return found


def open_from(nudges: Sequence[Nudge], houses: Mapping[str, House], now: datetime) -> datetime | None:
    """Return when a message may be tried again; None if now."""
    first = nudges[0]
    policy = NudgePolicy.strictest([NudgePolicy.of(house.packs, on=local_day(now)) for house in houses.values()])
    return opens_at(houses[first.programme].days.of(first.person), policy, now)


def draft_of(verdict: SendVerdict, found: OutboxView, domain: str) -> Draft:
    """Return the draft message of a verdict, with the recipient's next number of the day."""
    day, number = local_day(found.now), found.numbers.get(verdict.recipient, 0) + 1
    return Draft(
        recipient=verdict.recipient,
        day=day,
        number=number,
        message_id=message_id(found.key, verdict.recipient, day, number, domain=domain, releases=found.releases),
        nudges=tuple(w.id for w in verdict.nudges),
        may_have_gone=any(found.nudges[w.id].may_have_gone for w in verdict.nudges),
    )
