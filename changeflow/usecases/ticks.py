"""Tick: record what is due, once, with its nudges."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlmodel import Session

from changeflow.agenda.asks import CANCELLATION, CONVERSATION, about_calendar, asks, conversations
from changeflow.agenda.due import TO_MANAGER, Due, Readers, due_things
from changeflow.agenda.gates import weigh
from changeflow.agenda.notices import comment_notices
from changeflow.agenda.policy import NudgePolicy
from changeflow.agenda.reasons import REASONS, Reason
from changeflow.errors import NotAcceptedError
from changeflow.logs import log
from changeflow.planning.last_days import last_day
from changeflow.programme.dates import dates_of
from changeflow.programme.mandates import SYSTEM
from changeflow.storage import agenda, answers, audit, publications, versions
from changeflow.storage.database import read_scope, session_scope
from changeflow.usecases.custody import count_on, note_seen, take_stock
from changeflow.usecases.publishing import prepare, publish_closed
from changeflow.usecases.stored import Stored, load
from changeflow.values.duration import counted
from changeflow.values.moments import LONDON, local_day
from changeflow.values.sentences import as_data
from changeflow.values.words import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticked:
    """The result of one tick for one programme."""

    programme: str
    due: int
    new: int
    """Due things not recorded by an earlier tick; a second run has none."""
    withdrawn: int = 0
    """Nudges that no longer apply: their task is done, has moved, or is with another person."""
    readiness: bool
    """Whether the forecast moved since the last tick and was stored again."""

    @property
    def words(self) -> str:
        return f"{self.programme}: {counted(self.due, 'nudge')} due, {self.new} new."


def tick(*, db: str, now: datetime, programme: str | None = None) -> tuple[Ticked, ...]:
    """Record what is due at `now` for one programme or all, in one transaction each.

    What is due depends only on a programme's state and the day, so an unchanged programme is skipped. Raise
    `NotAcceptedError` for a programme with no line in the audit's anchor, after ticking all others.
    """
    today, stock = local_day(now), take_stock(db=db, now=now)
    with read_scope(db) as session:
        names = [programme] if programme else versions.programme_ids(session)
        stale = set(agenda.stale(session, day=today, names=names))
        counts = agenda.due_counts(session)
    ticked, refused = list[Ticked](), None
    for name in names:
        if name in counts and name not in stale:
            ticked.append(Ticked(programme=name, due=counts[name], new=0, readiness=False))
            continue
        try:
            # Loading refuses a name that is not stored.
            with session_scope(db) as session:
                one = tick_in(session, name, now=now)
                after = count_on(session, stock.seen)
            note_seen(after, db=db)
            ticked.append(one)
        except NotAcceptedError as error:
            refused = refused or error
    if refused is not None:
        raise refused
    return tuple(ticked)


def tick_in(session: Session, name: str, *, now: datetime) -> Ticked:
    """Tick one programme in the caller's transaction."""
    today = local_day(now)
    # Taken before the programme's lock, in the same order as an import, so that the two cannot deadlock.
    if publishes := bool(publications.unpublished(session, name)):
        prepare(session, now=now)
    versions.lock_programme(session, name)
    if publishes:
        publish_closed(session, name, on=today, now=now)
    stored = load(session, name, on=today, for_change=True)
    revision = versions.revision(session, name)
    due, contents = due_of(session, stored, today=today)
    opens = NudgePolicy.of(stored.programme.rulepacks, on=today).send_from
    new, withdrawn = agenda.record(
        session,
        name,
        due,
        at=now,
        not_before=datetime.combine(today, opens, tzinfo=LONDON),
        contents=contents,
    )
    dates = dates_of(stored.programme)
    number = versions.add_forecast(session, name, dates, version=stored.version.number, on=today, at=now, cause="tick")
    agenda.save_tick(session, name, at=now, revision=revision, day=today, due=len(due))
    subject = f"tick:{today.isoformat()}:{new}"
    audit.append(session, name, at=now, actor=SYSTEM, action="tick", subject=subject, fallback=not new)
    log("tick", programme=name, due=len(due), new=new, withdrawn=withdrawn)
    return Ticked(programme=name, due=len(due), new=new, withdrawn=withdrawn, readiness=number is not None)


def due_of(session: Session, stored: Stored, *, today: date) -> tuple[tuple[Due, ...], Mapping[str, Mapping[str, Any]]]:
    """Return what is due in a programme on a day, and the content of each message by its key."""
    name = stored.programme.id
    readers = Readers(stored.contacts, answers.answers(session, name), agenda.invited(session, name))
    due = (
        *due_things(stored.programme, today=today, readers=readers),
        *asks(stored.judged, today=today, readers=readers),
    )
    due = (
        *due,
        *conversations(stored.programme, due, today=today, readers=readers),
        *comment_notices(stored.programme, today=today, readers=readers),
    )
    return due, {d.key: content_of(d, stored, readers) for d in due if d.person is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonCount:
    """Open nudges of one reason in one programme."""

    programme: str
    reason: Reason
    waiting: int
    """Nudges not sent yet."""
    sent: int

    def row(self) -> dict[str, object]:
        return {"programme": self.programme, self.reason.value: self.waiting + self.sent, "not out yet": self.waiting}


def ask(*reasons: Reason, db: str, now: datetime) -> tuple[ReasonCount, ...]:
    """Tick, and count the open nudges of the given reasons in every programme, for flows that each ask for one kind."""
    ticked = tick(db=db, now=now)
    with read_scope(db) as session:
        counts = agenda.counts_by_reason(session)
    return tuple(
        ReasonCount(programme=t.programme, reason=reason, waiting=waiting, sent=sent)
        for t in ticked
        for reason in reasons
        for waiting, sent in [counts.get((t.programme, reason.value), (0, 0))]
    )


def content_of(due: Due, stored: Stored, readers: Readers) -> dict[str, Any]:
    """Return a message's content for a due item: names of tasks and roles, and what a gate lacks, but no scores."""
    task = stored.programme.roadmap.tasks.get(due.task)
    # A person without a manager gets the message themselves, worded as their own.
    for_manager = due.level == TO_MANAGER and due.person != due.asked
    owner = stored.version.definition.role_of(due.asked)
    content: dict[str, Any] = {
        "title": task.name if task else REASONS[due.reason].title or due.subject,
        "for_manager": for_manager,
        "owner_role": owner or "owner",
    }
    if owner:
        content["owner"] = due.asked
    if task is not None and task.note and not for_manager:
        content["note"] = task.note
    if task is not None and task.id in stored.programme.required_schedule.assumed.early:
        content["assumed"] = True
    if due.reason is Reason.CONVERSATION:
        content["owner"] = due.subject.removeprefix(CONVERSATION)
        content["owner_role"] = stored.version.definition.role_of(content["owner"])
    if about := about_calendar(due.subject):
        known = readers.invited.get((due.task, due.person or ""))
        is_new = known is None or known.is_cancelled
        content["calendar"] = "cancelled" if about == CANCELLATION else "invited" if is_new else "moved"
        content["sequence"] = known.times if known else 0
    if task is not None and task.kind is Kind.DECISION and not stored.programme.is_done(task.id):
        content |= _until_when(stored, task.id)
    # Evidence goes to the people who decide or provide it; managers learn only that it is late.
    if task is not None and task.kind is Kind.DECISION and not for_manager:
        # Content stored with a nudge names people by role.
        case = weigh(stored.judged.with_names({}), task.id)
        if case.criteria and due.reason is not Reason.EVIDENCE:
            content["says"] = case.says
        content["against"] = [as_data(text) for text in case.against(reader=due.person or "")]
    return content


def _until_when(stored: Stored, task: str) -> dict[str, Any]:
    """Return a decision's last responsible day, and the cost of the next day."""
    found = last_day(stored.programme, task)
    content: dict[str, Any] = {"last_day": found.day.isoformat()}
    if found.later:
        run = found.later[0]
        first = run.moved[0]
        content["cost"] = {
            "from": run.first.isoformat(),
            "name": first.name,
            "days": first.days,
            "before": first.before.isoformat(),
            "after": first.after.isoformat(),
            "more": len(run.moved) - 1,
        }
    return content
