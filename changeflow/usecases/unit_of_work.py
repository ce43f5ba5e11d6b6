"""One change of a stored programme: one transaction, one load, and at the end a forecast and an audit entry."""

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
from changeflow.storage.database import session_scope
from changeflow.usecases.authority import check_actor, noting_refusals, permit
from changeflow.usecases.stored import Stored, judged_as, keep, known_until, load, read
from changeflow.values.words import Action


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Who changes which programme where and when. `on` is the data date of the forecast that follows."""

    db: str = field(repr=False)
    programme: str | None
    actor: str | None
    now: datetime
    on: date


class UnitOfWork:
    """A programme that a transaction has locked and loaded, and what the transaction does to it."""

    def __init__(self, session: Session, change: Change, stored: Stored, ahead: Stored | None = None) -> None:
        self.session, self.change, self.stored = session, change, stored
        self.after = stored
        """The programme as the work has left it, once that has ended."""
        self._ahead = ahead or stored
        self._cause: str | None = None

    @property
    def programme(self) -> Programme:
        return self.stored.programme

    def looked_at(self) -> Stored:
        """Return the programme to look at: with an earlier day, as it was recorded by then."""
        until = known_until(self.session, self.name)
        return self.stored if until is None else read(self.session, self.name, on=self.change.on, until=until)

    @property
    def definition(self) -> Definition:
        return self.stored.version.definition

    @property
    def name(self) -> str:
        return self.programme.id

    def actor(self) -> str:
        """Return who acts, who must be known."""
        return check_actor(self.definition, self.change.actor)

    def permit(self, action: Action, subject: Subject = PROGRAMME, *, hint: str = "") -> str:
        """Return who acts, who may do this to this thing; a `NotAllowedError` says who may, and the hint."""
        names = self.programme.names
        return permit(self.definition, self.change.actor, action, subject, on=self.change.on, hint=hint, names=names)

    def judge(self, facts: Facts, *, on: date | None = None) -> Judged:
        """Judge the programme with other facts; where it ends with them, it is not judged again."""
        day = on or self.change.on
        judged = judged_as(self.stored.version, facts, on=day, known=(self.stored, self._ahead))
        self._ahead = replace(self.stored, judged=judged)
        return judged

    def note(self, action: str, subject: str, *, by: str) -> None:
        """Add an audit entry; that the programme has changed is not part of it."""
        audit.append(self.session, self.name, at=self.change.now, actor=by, action=action, subject=subject)

    def record(self, action: str, subject: str, *, by: str) -> None:
        """Add the audit entry of a change; a forecast follows at the end of the work."""
        self.note(action, subject, by=by)
        self._cause = action

    def end(self) -> None:
        """Forecast again what has changed."""
        if self._cause is not None:
            self.after = store_forecast(
                self.session, self.name, self.change, cause=self._cause, known=(self.stored, self._ahead)
            )


@contextmanager
def unit_of_work(
    change: Change, *, ahead: Stored | None = None, first: Callable[[Session], None] | None = None
) -> Iterator[UnitOfWork]:
    """Change a programme in one transaction: written as a whole at the end, and not at all where the block raises.

    `ahead` is what a rehearsal found that the programme will be, `first` is done before the programme is locked. Where
    personal data is refused, the audit says so.
    """
    with noting_refusals(change.db, change.now), session_scope(change.db) as session:
        if first is not None:
            first(session)
        with work_in(session, change, ahead=ahead) as work:
            yield work


@contextmanager
def work_in(session: Session, change: Change, *, ahead: Stored | None = None) -> Iterator[UnitOfWork]:
    """Change a programme within a transaction of the caller's, who writes nothing of the programme's afterwards."""
    work = UnitOfWork(session, change, load(session, change.programme, on=change.on, for_change=True), ahead)
    yield work
    work.end()


def store_forecast(
    session: Session, programme: str, change: Change, *, cause: str, known: tuple[Stored, ...] = ()
) -> Stored:
    """Forecast a programme after a change, in the transaction of the change itself; return what it is now."""
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
