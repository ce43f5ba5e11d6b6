"""Whether a programme's messages reach people: the last use of the switch decides, or else the programme's files."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from changeflow.programme.definition import Definition
from changeflow.storage import sandbox
from changeflow.storage.rows import latest_of, values_of
from changeflow.storage.tables.message_switch import MessageSwitchRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Switched:
    """One use of the switch."""

    id: int
    is_on: bool
    at: datetime
    by: str


def last_switched(session: Session, programme: str) -> Switched | None:
    """Return the last use of the switch; None if no one has used it."""
    row = latest_of(session, MessageSwitchRow, programme, by="id")
    return None if row is None else Switched(**values_of(row, Switched))


def are_on(session: Session, definition: Definition) -> bool:
    """Return whether messages are on. A sandbox sends none even then."""
    last = last_switched(session, definition.programme.programme)
    return definition.programme.live if last is None else last.is_on


def reach_people(session: Session, definition: Definition) -> bool:
    """Return whether messages may be sent to people."""
    return are_on(session, definition) and not sandbox.is_sandbox(session)


def add_switch(session: Session, programme: str, *, is_on: bool, at: datetime, by: str) -> None:
    session.add(MessageSwitchRow(programme_id=programme, is_on=is_on, at=at, by=by))
