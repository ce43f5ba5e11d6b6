"""Tick and dispatch: find what is due and write it down once; send what the outbox holds, losing nothing."""

import smtplib
import socket
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from changeflow.agenda.due import TO_MANAGER, due_days, due_things
from changeflow.agenda.gates import State, weigh
from changeflow.delivery.channels import Channel
from changeflow.delivery.message import Message
from changeflow.delivery.writing import NudgeText, write
from changeflow.programme.plan import dates_of
from changeflow.reports.decisions import SAYS
from changeflow.storage import agenda, audit, plans, versions
from changeflow.storage.agenda import Nudge
from changeflow.storage.database import session_scope
from changeflow.usecases.stored import SYSTEM, Stored, load
from changeflow.values.words import Kind

LONDON = ZoneInfo("Europe/London")
LEASE = timedelta(minutes=10)
"""A worker that dies gives its nudge back after this long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticked:
    """What one tick did for one programme."""

    programme: str
    due: int
    new: int
    """Things that no earlier tick had written; a tick run twice has none the second time."""
    readiness: bool
    """The forecast had moved since the last one, and was stored anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatched:
    """What became of the outbox."""

    sent: int = 0
    withdrawn: int = 0
    held: int = 0
    """Kept back for a later day: the person had their message today."""
    failed: int = 0
    no_address: int = 0

    def rows(self) -> list[dict[str, object]]:
        """Return the counts as a table."""
        names = ("sent", "withdrawn", "held", "failed", "no_address")
        return [{"what": name.replace("_", " "), "nudges": getattr(self, name)} for name in names]


def tick(*, db: str, now: datetime, programme: str | None = None, reason: str | None = None) -> tuple[Ticked, ...]:
    """Write what is due at `now` for one programme or all, in one transaction each; `reason` takes one kind alone."""
    with session_scope(db) as session:
        names = [programme] if programme else versions.programme_ids(session)
    return tuple(_tick_one(name, reason, db=db, now=now) for name in names)


def _tick_one(name: str, reason: str | None, *, db: str, now: datetime) -> Ticked:
    today = local_day(now)
    with session_scope(db) as session:
        stored = load(session, name, on=today, for_change=True)
        due = [d for d in due_things(stored.programme, today=today) if reason in (None, d.reason)]
        domain = stored.version.definition.programme.office.email.rpartition("@")[2]
        new = agenda.record(session, name, due, at=now, domain=domain)
        dates = dates_of(stored.programme)
        number = plans.add_forecast(session, name, dates, version=stored.version.number, on=today, at=now, cause="tick")
        before = agenda.last_tick(session, name)
        if before is None or now > before:
            agenda.save_tick(session, name, at=now)
        if new:
            subject = f"tick:{today.isoformat()}:{new}"
            audit.append(session, name, at=now, actor=SYSTEM, action="tick", subject=subject)
    return Ticked(programme=name, due=len(due), new=new, readiness=number is not None)


def dispatch(*, db: str, now: datetime, channel: Channel, worker: str | None = None) -> Dispatched:
    """Send what the outbox holds: claim, send, mark. A crash between send and mark repeats the same Message-ID."""
    me = worker or f"{socket.gethostname()}:{id(channel)}"
    counts: Counter[str] = Counter()
    round_ = _open_round(db, now)
    for nudge in round_.queue:
        counts[_send_one(nudge, round_, db=db, now=now, channel=channel, worker=me)] += 1
    return Dispatched(**{name: counts[name] for name in ("sent", "withdrawn", "held", "failed", "no_address")})


def preview(*, db: str, now: datetime) -> Iterator[Message]:
    """Write the messages that a dispatch would send now, without sending or marking any."""
    round_ = _open_round(db, now)
    for nudge in round_.queue:
        message = _message(nudge, round_.stored[nudge.programme], now)
        if message and round_.holds(nudge) and round_.may_have(nudge):
            round_.had[nudge.person] += 1
            yield message


@dataclass(slots=True)
class _Round:
    """One look at the outbox: what waits, and what decides whether it goes."""

    queue: list[Nudge]
    stored: dict[str, Stored]
    due: dict[str, dict[str, date]]
    had: Counter[str]
    """Messages that each person has had today."""
    today: date

    def holds(self, nudge: Nudge) -> bool:
        return self.due[nudge.programme].get(nudge.subject) == nudge.due_on

    def may_have(self, nudge: Nudge) -> bool:
        rulepacks = self.stored[nudge.programme].programme.rulepacks
        return self.had[nudge.person] < rulepacks.number("nudges", "per_day", on=self.today)


def _open_round(db: str, now: datetime) -> _Round:
    today = local_day(now)
    with session_scope(db) as session:
        queue = agenda.waiting(session, now=now)
        stored = {name: load(session, name, on=today) for name in sorted({n.programme for n in queue})}
        had = Counter(agenda.sent_since(session, _start_of_day(today)))
    return _Round(queue, stored, {name: due_days(s.programme) for name, s in stored.items()}, had, today)


def _send_one(nudge: Nudge, round_: _Round, *, db: str, now: datetime, channel: Channel, worker: str) -> str:
    if not round_.holds(nudge):
        with session_scope(db) as session:
            agenda.withdraw(session, nudge.id, at=now)
        return "withdrawn"
    message = _message(nudge, round_.stored[nudge.programme], now)
    if message is None:
        return "no_address"
    if not round_.may_have(nudge):
        return "held"
    with session_scope(db) as session:
        if not agenda.claim(session, nudge.id, worker=worker, now=now, lease=LEASE):
            return "taken"
    try:
        channel.send(message)
    except (OSError, smtplib.SMTPException) as error:
        with session_scope(db) as session:
            agenda.release(session, nudge.id, error=f"{type(error).__name__}: {error}"[:500])
        return "failed"
    with session_scope(db) as session:
        # Two workers that send at once would number their audit entries alike, and one would lose its mark.
        versions.lock_programme(session, nudge.programme)
        agenda.mark_sent(session, nudge.id, worker=worker, at=now, channel=channel.name)
        subject = f"nudge:{nudge.id}"
        audit.append(session, nudge.programme, at=now, actor=SYSTEM, action="nudge", subject=subject)
    round_.had[nudge.person] += 1
    return "sent"


def _message(nudge: Nudge, stored: Stored, now: datetime) -> Message | None:
    contact = stored.contacts.get(nudge.person)
    task = stored.programme.roadmap.tasks.get(nudge.subject)
    if contact is None or contact.email is None or task is None:
        return None
    definition = stored.version.definition
    for_manager = nudge.rung == TO_MANAGER
    # Evidence goes to whoever decides; what goes up the line is that a decision is late, and no more.
    case = weigh(stored.judged, task.id) if task.kind is Kind.DECISION and not for_manager else None
    text = NudgeText(
        reason=nudge.reason,
        name=contact.name,
        address=contact.email,
        task=task.name,
        task_id=task.id,
        due_on=nudge.due_on,
        today=local_day(now),
        for_manager=for_manager,
        owner_role=definition.role_of(task.owner) or "owner",
        students=definition.programme.wiifts.statement if definition.programme.wiifts else "",
        programme=stored.programme.name,
        office=definition.programme.office.name,
        office_email=definition.programme.office.email,
        message_id=nudge.message_id,
        at=now,
        says=SAYS[case.proposal] if case and case.criteria else "",
        against=case.of(State.BLOCKS, State.OPEN) if case else (),
    )
    return write(text)


def local_day(now: datetime) -> date:
    """Return the day in the United Kingdom: moments are kept in UTC, days are decided here."""
    return now.astimezone(LONDON).date()


def _start_of_day(today: date) -> datetime:
    return datetime(today.year, today.month, today.day, tzinfo=LONDON)
