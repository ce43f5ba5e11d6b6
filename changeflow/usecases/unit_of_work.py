"""One change to a stored programme: one transaction, one load, and a forecast and audit entry at the end."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from sqlmodel import Session

from changeflow.programme.dates import dates_of
from changeflow.programme.definition import Definition
from changeflow.programme.facts import Facts
from changeflow.programme.mandates import PROGRAMME, Subject
from changeflow.programme.programme import Programme
from changeflow.rules.engine import Judged
from changeflow.storage import audit, versions
from changeflow.storage.database import rolled_back, session_scope
from changeflow.usecases.authority import check_actor, noting_refusals, permit
from changeflow.usecases.stored import Stored, judged_as, keep, known_until, load, read
from changeflow.values.words import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Who changes which programme, where and when. `on` is the data date of the new forecast."""

    db: str = field(repr=False)
    programme: str | None
    actor: str | None
    now: datetime
    on: date
    guard: "ChangeChecks | None" = field(default=None, repr=False, compare=False)
    """Further checks in the transaction, for a change that someone makes on a page."""


class ChangeChecks:
    """Checks of a change in its own transaction, each of which raises an error to undo it. By default, none."""

    is_trial = False
    """Whether the change is only rehearsed: it is undone at the end."""

    def admit(self, session: Session) -> None:
        """Check the actor, before the programme is locked."""

    def begin(self, work: "UnitOfWork") -> None:
        """Check the programme, before anything is changed."""

    def end(self, work: "UnitOfWork") -> None:
        """Check what the change has done, before it is saved."""


class UnitOfWork:
    """A programme locked and loaded by a transaction, and the transaction's changes."""

    def __init__(self, session: Session, change: Change, stored: Stored, ahead: Stored | None = None) -> None:
        self.session, self.change, self.stored = session, change, stored
        self.after = stored
        """The programme after the work has ended."""
        self._ahead = ahead or stored
        self._cause: str | None = None

    @property
    def programme(self) -> Programme:
        return self.stored.programme

    def looked_at(self) -> Stored:
        """Return the programme for reading; for an earlier day, with only what had been recorded by then."""
        until = known_until(self.session, self.name)
        return self.stored if until is None else read(self.session, self.name, on=self.change.on, until=until)

    @property
    def definition(self) -> Definition:
        return self.stored.version.definition

    @property
    def name(self) -> str:
        return self.programme.id

    def actor(self) -> str:
        """Return the actor, who must be known."""
        return check_actor(self.definition, self.change.actor)

    def permit(self, action: Action, subject: Subject = PROGRAMME, *, hint: str = "") -> str:
        """Return the actor if they may do this, or raise a `NotAllowedError` that says who may, with the hint."""
        names = self.programme.names
        return permit(self.definition, self.change.actor, action, subject, on=self.change.on, hint=hint, names=names)

    def judge(self, facts: Facts, *, on: date | None = None) -> Judged:
        """Judge the programme with other facts; if the work ends with them, the judgement is used again."""
        day = on or self.change.on
        judged = judged_as(self.stored.version, facts, on=day, known=(self.stored, self._ahead))
        self._ahead = replace(self.stored, judged=judged)
        return judged

    def expect(self, definition: Definition, judged: Judged) -> None:
        """Expect the work to end with another definition, judged as given; the judgement is then used again."""
        version = replace(self.stored.version, definition=definition, hash=definition.content_hash())
        self._ahead = replace(self.stored, version=version, judged=judged)

    def note(self, action: str, subject: str, *, by: str) -> None:
        """Add an audit entry that records no change to the programme."""
        audit.append(self.session, self.name, at=self.change.now, actor=by, action=action, subject=subject)

    def record(self, action: str, subject: str, *, by: str) -> None:
        """Add a change's audit entry; the end of the work then stores a forecast."""
        self.note(action, subject, by=by)
        self._cause = action

    def end(self) -> None:
        """Forecast the programme again if it changed."""
        if self._cause is not None:
            self.after = store_forecast(
                self.session, self.name, self.change, cause=self._cause, known=(self.stored, self._ahead)
            )


@contextmanager
def unit_of_work(
    change: Change, *, ahead: Stored | None = None, first: Callable[[Session], None] | None = None
) -> Iterator[UnitOfWork]:
    """Change a programme in one transaction, which is undone if the block raises.

    `ahead` is the rehearsed result, and `first` runs before the programme is locked. The audit records refused
    requests for personal data.
    """
    guard = change.guard or ChangeChecks()
    scope = rolled_back if guard.is_trial else session_scope
    with noting_refusals(change.db, change.now), scope(change.db) as session:
        if first is not None:
            first(session)
        guard.admit(session)
        with work_in(session, change, ahead=ahead) as work:
            guard.begin(work)
            yield work
        guard.end(work)


@contextmanager
def work_in(session: Session, change: Change, *, ahead: Stored | None = None) -> Iterator[UnitOfWork]:
    """Change a programme in the caller's transaction; the caller must not write to the programme afterwards."""
    work = UnitOfWork(session, change, load(session, change.programme, on=change.on, for_change=True), ahead)
    yield work
    work.end()


def store_forecast(
    session: Session, programme: str, change: Change, *, cause: str, known: tuple[Stored, ...] = ()
) -> Stored:
    """Forecast a programme after a change, in the same transaction; return its new state."""
    versions.touch(session, programme)
    session.flush()
    after = read(session, programme, on=change.on, known=known)
    versions.add_forecast(
        session,
        programme,
        dates_of(after.programme),
        version=after.version.number,
        on=change.on,
        at=change.now,
        cause=cause,
    )
    keep(session, after)
    return after
