"""What people ask about the data kept on them, as tests ask for it: who asks, of which database, and when."""

from datetime import date, datetime
from typing import Any

from changeflow.usecases import subject_access
from changeflow.usecases.subject_access import Erased, Exported, Theirs
from changeflow.usecases.unit_of_work import Change
from changeflow.values.moments import local_day


def look_up(person: str, *, db: str, programme: str | None, actor: str | None, now: datetime, **more: Any) -> Theirs:
    return subject_access.look_up(person, _change(db, programme, actor, now), **more)


def everything_about(
    person: str, received: date, *, db: str, programme: str | None, actor: str | None, now: datetime, **more: Any
) -> Exported:
    return subject_access.everything_about(person, received, _change(db, programme, actor, now), **more)


def erase(person: str, *, db: str, programme: str | None, actor: str | None, now: datetime, **more: Any) -> Erased:
    return subject_access.erase(person, _change(db, programme, actor, now), **more)


def deadline(received: date, *, now: datetime, **more: Any) -> date:
    return subject_access.deadline(received, today=local_day(now), **more)


def _change(db: str, programme: str | None, actor: str | None, now: datetime) -> Change:
    return Change(db=db, programme=programme, actor=actor, now=now, on=local_day(now))
